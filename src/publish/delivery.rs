//! Deliveries: one package to several targets, each for itself.
//!
//! In: a package, targets as `sftp://`, `s3://` or `file://` addresses with their settings, the environment. Out: per target a
//! [`Receipt`] or a [`DeliveryError`]; one that fails does not stop the others. [`send`] also writes each step into the
//! archive's log.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::archive::{Archive, ArchiveError, Moment};
use super::attempt::Receipt;
use super::directory::{self, FolderError, FolderTarget};
use super::durable::Failpoint;
use super::parcel::{Form, Parcel, ParcelError, expand};
use super::s3::{self, Bucket, S3Error, S3Target};
use super::sftp::{self, Address, SftpError, SftpTarget};
use crate::secret::Environment;

/// How to get there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Road {
    /// Over SFTP.
    Sftp(Box<SftpTarget>),
    /// Into a bucket of an object store.
    S3(Box<S3Target>),
    /// Into a folder.
    Folder(FolderTarget),
}

/// A place that gets the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// How to get there.
    pub road: Road,
    /// In which form.
    pub form: Form,
    /// Name of the zip; placeholders are filled. `None`: its own.
    pub zip_name: Option<String>,
}

/// A delivery failed.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// Over SFTP.
    #[error(transparent)]
    Sftp(#[from] SftpError),
    /// Into a bucket.
    #[error(transparent)]
    S3(#[from] S3Error),
    /// Into a folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The package itself.
    #[error(transparent)]
    Parcel(#[from] ParcelError),
    /// A name with placeholders.
    #[error("{0}")]
    Name(String),
}

impl DeliveryError {
    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            DeliveryError::Sftp(error) => error.help(),
            DeliveryError::S3(error) => error.help().to_owned(),
            DeliveryError::Folder(error) => error.help().to_owned(),
            DeliveryError::Parcel(_) => "check the package, or build it again".to_owned(),
            DeliveryError::Name(_) => "correct the name".to_owned(),
        }
    }

    /// Whether it is a matter of the configuration, so that nothing was connected or written.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            DeliveryError::Name(_)
                | DeliveryError::Sftp(SftpError::Setting { .. })
                | DeliveryError::S3(S3Error::Setting { .. } | S3Error::Unavailable)
        )
    }
}

/// Parts an address into its folder and the name of the zip in it: behind the last slash stands the name, if any.
pub fn split_path(path: &str) -> (String, Option<String>) {
    match path.rsplit_once('/') {
        Some((folder, "")) => (format!("{folder}/"), None),
        Some((folder, name)) => (format!("{folder}/"), Some(name.to_owned())),
        None if path.is_empty() => (String::new(), None),
        None => (String::new(), Some(path.to_owned())),
    }
}

impl Target {
    /// A target over SFTP. Its address may name a zip behind the last slash.
    ///
    /// # Errors
    /// When loose files are wanted and the address names a zip.
    pub fn sftp(mut sftp: SftpTarget, form: Form) -> Result<Target, String> {
        let (folder, zip_name) = split_path(&sftp.address.path);
        sftp.address.path = folder;
        Target { road: Road::Sftp(Box::new(sftp)), form, zip_name }.checked()
    }

    /// A target in a bucket. Its address may name a zip behind the last slash.
    ///
    /// # Errors
    /// When loose files are wanted and the address names a zip.
    pub fn s3(mut s3: S3Target, form: Form) -> Result<Target, String> {
        let (folder, zip_name) = split_path(&s3.bucket.path);
        s3.bucket.path = folder;
        Target { road: Road::S3(Box::new(s3)), form, zip_name }.checked()
    }

    /// A target in a folder, of the path behind `file://`.
    ///
    /// # Errors
    /// When loose files are wanted and the path names a zip.
    pub fn folder(mut folder: FolderTarget, form: Form) -> Result<Target, String> {
        let path = folder.folder.to_string_lossy().into_owned();
        let (parent, zip_name) = split_path(&path);
        folder.folder = PathBuf::from(parent);
        Target { road: Road::Folder(folder), form, zip_name }.checked()
    }

    fn checked(self) -> Result<Target, String> {
        match (&self.zip_name, self.form) {
            (Some(name), Form::Loose) => Err(format!(
                "loose files go into a folder: end the address with a slash behind `{name}`, or remove it"
            )),
            _ => Ok(self),
        }
    }

    /// Its names that may hold placeholders: of the folder, and of the zip.
    pub fn templates(&self) -> [&str; 2] {
        let folder = match &self.road {
            Road::Sftp(sftp) => sftp.address.path.as_str(),
            Road::S3(s3) => s3.bucket.path.as_str(),
            Road::Folder(_) => "",
        };
        [folder, self.zip_name.as_deref().unwrap_or_default()]
    }

    /// The folder of this machine to which it delivers, if it is one.
    pub fn own_folder(&self) -> Option<&Path> {
        match &self.road {
            Road::Folder(folder) => Some(&folder.folder),
            Road::Sftp(_) | Road::S3(_) => None,
        }
    }

    /// What it is called in messages and in the log; no secret stands in it.
    pub fn label(&self) -> String {
        let name = self.zip_name.as_deref().unwrap_or_default();
        match &self.road {
            Road::Sftp(sftp) => {
                let Address { path, .. } = &sftp.address;
                Address { path: format!("{path}{name}"), ..sftp.address.clone() }.to_string()
            }
            Road::S3(s3) => {
                let Bucket { path, .. } = &s3.bucket;
                Bucket { path: format!("{path}{name}"), ..s3.bucket.clone() }.to_string()
            }
            Road::Folder(folder) => format!("file://{}", folder.folder.join(name).display()),
        }
    }

    /// Delivers a package. `values` fill the placeholders; `name` is the package's own, unless it is among them.
    ///
    /// # Errors
    /// [`DeliveryError`].
    pub fn deliver(
        &self,
        package: &Path,
        values: &BTreeMap<String, String>,
        environment: &Environment<'_>,
        failpoint: &dyn Failpoint,
    ) -> Result<Receipt, DeliveryError> {
        let own = package.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut values = values.clone();
        let name = values.entry("name".to_owned()).or_insert(own).clone();
        let zip_name = match &self.zip_name {
            Some(template) => expand(template, &values).map_err(DeliveryError::Name)?,
            None => format!("{name}.zip"),
        };
        let parcel = Parcel::new(package, self.form, &zip_name)?;
        match &self.road {
            Road::Folder(folder) => {
                Ok(Receipt { bytes: directory::deliver(folder, &parcel, failpoint)?, attempts: 1 })
            }
            Road::Sftp(target) => {
                let mut target = (**target).clone();
                target.address.path = expand(&target.address.path, &values).map_err(DeliveryError::Name)?;
                Ok(sftp::deliver(&target, &parcel, environment)?)
            }
            Road::S3(target) => {
                let mut target = (**target).clone();
                target.bucket.path = expand(&target.bucket.path, &values).map_err(DeliveryError::Name)?;
                // What a placeholder stands for may not lead elsewhere.
                target.bucket = target.bucket.checked().map_err(DeliveryError::Name)?;
                Ok(s3::deliver(&target, &parcel, environment)?)
            }
        }
    }
}

/// What became of one target.
#[derive(Debug)]
pub struct Sent {
    /// The target's label.
    pub target: String,
    /// Whether it arrived.
    pub outcome: Result<Receipt, DeliveryError>,
}

/// Delivers a package of the archive to every target and writes each step into the log: before the first byte leaves
/// that it may leave, afterwards what came of it.
///
/// # Errors
/// [`ArchiveError`] when the package is not what it was, or the log cannot be written; targets behind that one then get
/// nothing, because nobody would know.
pub fn send(
    archive: &mut Archive<'_>,
    id: &str,
    targets: &[Target],
    values: &BTreeMap<String, String>,
    environment: &Environment<'_>,
    failpoint: &dyn Failpoint,
    now: &dyn Fn() -> Moment,
) -> Result<Vec<Sent>, ArchiveError> {
    let package = archive.package(id)?;
    let mut sent = Vec::new();
    for target in targets {
        let label = target.label();
        archive.sending(&now(), id, &label)?;
        let outcome = target.deliver(&package, values, environment, failpoint);
        match &outcome {
            Ok(receipt) => archive.delivered(&now(), id, &label, receipt.bytes, receipt.attempts)?,
            Err(error) => archive.undelivered(&now(), id, &label, &error.to_string())?,
        }
        sent.push(Sent { target: label, outcome });
    }
    Ok(sent)
}
