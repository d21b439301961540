//! A profile as its nights need it: folder, targets, guard, hooks.
//!
//! In: a frozen run. Out: a [`Profile`] in the types of `publish`, or the fault that was told (exit code 2). Whatever can be
//! wrong with a target without connecting is found here, before the source is read.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::failpoint;
use crate::cli::bucket::{S3Args, Served};
use crate::cli::{ExitCode, Process, interrupt, target};
use crate::config::publish::{Publish, Renaming};
use crate::config::{Run, values};
use crate::publish::archive::{Archive, ArchiveError, Moment, Retention};
use crate::publish::delivery::{Road, Target};
use crate::publish::directory::FolderTarget;
use crate::publish::durable::{Failpoint, NoFailpoint};
use crate::publish::guard::{Blackout, GuardSettings, Limits};
use crate::publish::lock::{Holder, LockError};
use crate::publish::parcel::{Form, expand};
use crate::publish::sftp::{Address, Login, Manners, Pin, Replace, SftpTarget};
use crate::secret::SecretPlace;

/// A profile of one tenant.
pub struct Profile {
    /// Its name.
    pub name: String,
    /// The tenant's code.
    pub tenant: String,
    /// Who the packages are for.
    pub consumer: String,
    /// Its archive.
    pub folder: PathBuf,
    /// The folder `out` when it ends with a slash: it is made if it is missing.
    pub out: Option<PathBuf>,
    /// Who gets the packages.
    pub targets: Vec<Target>,
    /// What holds them.
    pub guard: GuardSettings,
    /// How many are kept.
    pub keep: Retention,
    /// The file of metrics, if there is one.
    pub metrics: Option<PathBuf>,
    /// When its work began, in milliseconds since 1970-01-01 UTC.
    pub begun: i64,
    /// What hears of the steps of its nights.
    pub failpoint: &'static dyn Failpoint,
    /// What else its table says.
    pub publish: Publish,
}

impl Profile {
    /// The profile of a run.
    ///
    /// # Errors
    /// It cannot be what is meant; the fault has been told.
    pub fn of(run: &Run, process: &mut Process<'_>) -> Result<Profile, ExitCode> {
        let environment = process.environment.clone();
        let begun = (process.clock)().utc_milliseconds;
        let profile = build(run, begun, &|name| variable(&environment, name)).map_err(|(what, help)| {
            process.fault(what, help);
            ExitCode::Usage
        })?;
        Ok(Profile { failpoint: failpoint::of(&environment), ..profile })
    }

    /// What it is called in messages.
    pub fn label(&self) -> String {
        format!("{}/{}", self.name, self.tenant)
    }

    /// Labels of its targets.
    pub fn labels(&self) -> Vec<String> {
        self.targets.iter().map(Target::label).collect()
    }

    /// What placeholders of its addresses stand for, with the name of a package.
    pub fn values(&self, package: &str) -> BTreeMap<String, String> {
        let pairs = [("name", package), ("tenant", &self.tenant), ("profile", &self.name)];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Opens its archive, which takes its lock.
    ///
    /// # Errors
    /// The fault has been told; with it comes its text.
    pub fn open(&self, process: &mut Process<'_>) -> Result<Archive<'static>, (ExitCode, String)> {
        if process.signals {
            let folders = self.targets.iter().filter_map(|target| target.own_folder().map(PathBuf::from));
            let own = [self.folder.clone(), self.folder.join("packages")];
            interrupt::clear_up_on_signal(folders.chain(own).collect());
        }
        let now = moment(process);
        match Archive::open(&self.folder, &Holder::this(now.to_string()), &now, self.failpoint) {
            Ok(archive) => {
                if let Some(holder) = archive.died() {
                    process.note(format_args!(
                        "{}: {holder} ended without saying so; its lock was taken over",
                        self.label()
                    ));
                }
                Ok(archive)
            }
            Err(error) => {
                let (code, help) = match &error {
                    ArchiveError::Lock(LockError::Held { .. }) => {
                        (ExitCode::Locked, "wait for the other run")
                    }
                    _ => (ExitCode::Output, error.help()),
                };
                process.fault(&error, help);
                Err((code, error.to_string()))
            }
        }
    }
}

/// The second in which it is.
pub fn moment(process: &Process<'_>) -> Moment {
    Moment::of_utc_milliseconds((process.clock)().utc_milliseconds)
}

/// A variable of the environment that is not blank.
pub fn variable(environment: &[(OsString, OsString)], name: &str) -> Option<String> {
    let found = environment.iter().find(|(known, _)| known == OsStr::new(name));
    found.and_then(|(_, value)| value.to_str().map(str::to_owned)).filter(|value| !value.is_empty())
}

type Fault = (String, &'static str);

fn build(run: &Run, begun: i64, environment: &dyn Fn(&str) -> Option<String>) -> Result<Profile, Fault> {
    let publish = run.publish.clone();
    let Some(name) = run.profile.clone() else {
        return Err(("no profile is named".into(), "name one: --profile NAME"));
    };
    let Some(archive) = publish.archive.clone() else {
        return Err((
            format!("the profile {name} has no archive"),
            "write archive = \"FOLDER\" into its table, or into [defaults]",
        ));
    };
    values::tenant(&name).map_err(|why| {
        (format!("the profile {name:?} cannot name a folder of the archive: {why}"), "give it another name")
    })?;
    if run.plan.editions.len() > 1 {
        return Err((
            format!("the profile {name} has packages of {} versions", run.plan.editions.len()),
            "write a profile for each version; one can inherit from the other: what is compared, kept and delivered is one package",
        ));
    }
    let mut targets = Vec::new();
    for address in &publish.deliver_to {
        let target = target(address, &publish, environment)
            .map_err(|why| (why, "correct deliver_to in the table of the profile"))?;
        targets.push(target);
    }
    if let Some(out) = &run.out {
        targets.push(place(out)?);
    }
    if targets.is_empty() {
        return Err((
            format!("the profile {name} has an archive, but nobody gets its packages"),
            "write deliver_to = [\"sftp://...\"], or out = \"FOLDER/\", into its table",
        ));
    }
    let profile = Profile {
        consumer: publish
            .consumer
            .clone()
            .or_else(|| run.plan.judging.consumer.map(|consumer| consumer.name.clone()))
            .unwrap_or_else(|| name.clone()),
        folder: archive.join(&name).join(&run.plan.tenant),
        guard: guard(&publish),
        keep: Retention { packages: Some(publish.keep_packages), days: publish.keep_days },
        tenant: run.plan.tenant.clone(),
        out: run
            .out
            .clone()
            .filter(|out| out.as_os_str().to_string_lossy().ends_with(std::path::is_separator)),
        targets,
        metrics: None,
        begun,
        failpoint: &NoFailpoint,
        publish,
        name,
    };
    let mut values = profile.values("package");
    for target in &profile.targets {
        for template in target.templates() {
            expand(template, &values)
                .map_err(|why| (why, "correct deliver_to in the table of the profile"))?;
        }
    }
    // Of a night without a package there are metrics too.
    values.remove("name");
    let metrics = profile.publish.metrics.as_ref().map(|path| expand(&path.to_string_lossy(), &values));
    let metrics = metrics.transpose().map_err(|why| (why, "correct metrics in the table of the profile"))?;
    Ok(Profile { metrics: metrics.map(PathBuf::from), ..profile })
}

fn guard(publish: &Publish) -> GuardSettings {
    let blackouts = publish.blackouts.iter();
    GuardSettings {
        limits: Limits {
            removed_rows: publish.max_removed_rows,
            removed_percent: publish.max_removed_percent,
            changed_percent: publish.max_changed_percent,
            gone: true,
        },
        additions_only: publish.additions_only,
        blackouts: blackouts
            .map(|days| Blackout { from: days.from, to: days.to, reason: String::new() })
            .collect(),
        ..GuardSettings::default()
    }
}

/// `out` as a target like others: what is held does not get there.
fn place(out: &std::path::Path) -> Result<Target, Fault> {
    // Whoever runs it from another folder means the same place, and must find what was delivered there.
    let out = std::path::absolute(out)
        .map_err(|e| (format!("cannot use {}: {e}", out.display()), "name another place"))?;
    let slash = out.as_os_str().to_string_lossy().ends_with(std::path::is_separator);
    let (folder, zip_name) = match (slash || out.is_dir(), out.file_name()) {
        (false, Some(name)) => (target::parent(&out), name.to_string_lossy().into_owned()),
        _ => (out, "{name}.zip".to_owned()),
    };
    let folder = FolderTarget { folder, mode: 0o600, marker: None, keep_absent: true };
    Ok(Target { road: Road::Folder(folder), form: Form::Zip, zip_name: Some(zip_name) })
}

fn target(
    address: &str,
    publish: &Publish,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Target, String> {
    let form = if publish.loose { Form::Loose } else { Form::Zip };
    let (marker, keep_absent) = (publish.marker.clone(), publish.keep_absent);
    if let Some(path) = address.strip_prefix("file://") {
        let folder = FolderTarget { folder: path.into(), mode: publish.file_mode, marker, keep_absent };
        return Target::folder(folder, form);
    }
    let (connect, idle) = (publish.delivery_connect_timeout, publish.delivery_idle_timeout);
    let served = Served::new(marker, keep_absent, publish.delivery_attempts, connect, idle);
    if address.starts_with("s3://") {
        return S3Args::from(publish).target(address, form, &served, environment);
    }
    let agent = match (publish.ssh_agent, environment("SSH_AUTH_SOCK")) {
        (true, None) => return Err("ssh_agent is on, but SSH_AUTH_SOCK is not set".to_owned()),
        (asked, socket) => socket.filter(|_| asked).map(PathBuf::from),
    };
    let pin = match (&publish.known_hosts, publish.host_keys.is_empty()) {
        (_, false) => Pin::Fingerprints(publish.host_keys.clone()),
        (Some(file), true) => Pin::KnownHosts(vec![file.clone()]),
        (None, true) => usual_hosts(environment),
    };
    let sftp = SftpTarget {
        address: Address::parse(address)?,
        pin,
        login: Login {
            identities: publish.identity.iter().cloned().collect(),
            passphrase: SecretPlace::new(
                "ROSTERPACK_SFTP_PASSPHRASE",
                &publish.passphrase_file,
                &publish.passphrase_command,
            ),
            agent,
            password: SecretPlace::new(
                "ROSTERPACK_SFTP_PASSWORD",
                &publish.sftp_password_file,
                &publish.sftp_password_command,
            ),
        },
        manners: Manners {
            replace: match publish.renaming {
                Renaming::Rename => Replace::Rename,
                Renaming::RemoveFirst => Replace::RemoveFirst,
                Renaming::Direct => Replace::Direct,
            },
            marker: served.marker,
            keep_absent: served.keep_absent,
        },
        retry: served.retry,
        patience: served.patience,
    };
    Target::sftp(sftp, form)
}

/// Where OpenSSH keeps the keys of servers.
pub fn usual_hosts(environment: &dyn Fn(&str) -> Option<String>) -> Pin {
    let own = environment("HOME").map(|home| PathBuf::from(home).join(".ssh/known_hosts"));
    Pin::KnownHosts(own.into_iter().chain([PathBuf::from("/etc/ssh/ssh_known_hosts")]).collect())
}
