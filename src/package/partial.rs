//! All or nothing: a file that appears at its target complete, or not at all.
//!
//! In: the target. Out: a partial file in the target's folder, mode 0600, to write to; [`Partial::publish`] brings it
//! to the disk and renames it over the target (over a symbolic link, not over what the link points to). Dropped before that, it leaves nothing behind and the target as it
//! was. Only a killed process leaves a `.rosterpack-*.partial`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::error::{PackageError, Step, What, remedy};

/// A file on its way to its target.
pub(super) struct Partial {
    what: What,
    target: PathBuf,
    folder: PathBuf,
    file: NamedTempFile,
}

impl Partial {
    /// Creates the partial file beside the target.
    pub(super) fn create(what: What, target: &Path) -> Result<Partial, PackageError> {
        let refused = |kind: io::ErrorKind, reason: &str| {
            PackageError::output(what, target, Step::Prepare, &io::Error::new(kind, reason))
        };
        if target.is_dir() {
            return Err(refused(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        if target.file_name().is_none() {
            return Err(refused(io::ErrorKind::InvalidInput, "the path names no file"));
        }
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        // Mode 0600: tempfile creates files for their owner only, and the package keeps that: it names children.
        let file = tempfile::Builder::new()
            // The process id lets a signal handler clear up after this run and no other.
            .prefix(&format!(".rosterpack-{}-", std::process::id()))
            .suffix(".partial")
            .tempfile_in(&folder)
            .map_err(|error| PackageError::output(what, target, Step::Create, &bare(error)))?;
        Ok(Partial { what, target: target.to_owned(), folder, file })
    }

    /// The error of a failed step.
    pub(super) fn error(&self, step: Step, error: &io::Error) -> PackageError {
        PackageError::output(self.what, &self.target, step, error)
    }

    /// Where the file will be.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// Where the file is now.
    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    /// The file to write to.
    pub(super) fn file(&mut self) -> &mut fs::File {
        self.file.as_file_mut()
    }

    /// Brings the file to the disk; it keeps its temporary name.
    pub(super) fn sync(&mut self) -> Result<(), PackageError> {
        let synced = self.file.as_file().sync_all();
        synced.map_err(|error| self.error(Step::Sync, &error))
    }

    /// Brings the file to the disk and gives it the name of the target.
    pub(super) fn publish(mut self) -> Result<(), PackageError> {
        self.sync()?;
        let Partial { what, target, folder, file } = self;
        file.persist(&target)
            .map_err(|error| PackageError::output(what, &target, Step::Rename, &error.error))?;
        sync_folder(&folder).map_err(|error| PackageError::output(what, &target, Step::SyncFolder, &error))
    }
}

/// The error without the random name of the partial file that tempfile puts into its text.
fn bare(error: io::Error) -> io::Error {
    if remedy(error.kind()).is_some() { error.kind().into() } else { error }
}

/// Makes a rename in this folder survive a power failure.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    match fs::File::open(folder)?.sync_all() {
        // Some network and FUSE file systems know no such thing for folders.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        outcome => outcome,
    }
}

/// Folders cannot be opened as files here.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
