//! What a profile says about its nights: where packages are kept, what holds them, who gets them, who hears of it.
//!
//! In: settings of section `publish`. Out: plain data, which the command line hands to `publish` in that module's own types. Nothing
//! is opened here, and no address is resolved.

use std::path::PathBuf;

use super::values::{self, Parsed};
use crate::day::Day;

/// How a file gets its final name at an SFTP target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renaming {
    /// Renamed over the old one.
    Rename,
    /// The old one is removed first.
    RemoveFirst,
    /// Written under its final name.
    Direct,
}

/// Where the name of a bucket stands at an S3 target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketIn {
    /// In the path.
    Path,
    /// In the name of the server.
    Host,
}

/// Days on which nothing is delivered, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blackout {
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
}

/// The nights of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// Folder of the archives; `None` when nothing is kept and nothing delivered.
    pub archive: Option<PathBuf>,
    /// Who the packages are for; `None` is the profile's name.
    pub consumer: Option<String>,
    /// Packages that are kept.
    pub keep_packages: usize,
    /// Days for which they are kept.
    pub keep_days: Option<u32>,
    /// Ids that may be gone, whatever their share.
    pub max_removed_rows: u64,
    /// Share of ids that may be gone, in percent, whatever their number.
    pub max_removed_percent: u32,
    /// Share of ids beyond which most are gone, in percent.
    pub max_changed_percent: u32,
    /// Hold whatever removes a single row.
    pub additions_only: bool,
    /// Days on which every package is held.
    pub blackouts: Vec<Blackout>,
    /// Addresses.
    pub deliver_to: Vec<String>,
    /// Whether files go loose into a folder.
    pub loose: bool,
    /// Name of an empty file that says that everything has arrived.
    pub marker: Option<String>,
    /// Whether loose files that the package does not hold stay.
    pub keep_absent: bool,
    /// Permissions of files at `file://` targets.
    pub file_mode: u32,
    /// Private key.
    pub identity: Option<PathBuf>,
    /// File with its passphrase.
    pub passphrase_file: Option<PathBuf>,
    /// Command that says it.
    pub passphrase_command: Option<String>,
    /// Whether the agent's keys are tried.
    pub ssh_agent: bool,
    /// File with the password.
    pub sftp_password_file: Option<PathBuf>,
    /// Command that says it.
    pub sftp_password_command: Option<String>,
    /// File of pinned host keys.
    pub known_hosts: Option<PathBuf>,
    /// Fingerprints of host keys, instead of the file.
    pub host_keys: Vec<String>,
    /// How files get their names.
    pub renaming: Renaming,
    /// Server of S3 targets; `None` is Amazon's.
    pub s3_endpoint: Option<String>,
    /// Region that is signed for.
    pub s3_region: Option<String>,
    /// Where the name of the bucket stands; `None` is what fits the server.
    pub s3_addressing: Option<BucketIn>,
    /// Id of the access key.
    pub s3_access_key: Option<String>,
    /// File with its secret key.
    pub s3_secret_key_file: Option<PathBuf>,
    /// Command that says it.
    pub s3_secret_key_command: Option<String>,
    /// Attempts when a connection breaks.
    pub delivery_attempts: u32,
    /// Seconds until a connection to a target is open, over SFTP with its login.
    pub delivery_connect_timeout: u64,
    /// Seconds without any sign of life of a target.
    pub delivery_idle_timeout: u64,
    /// Command after a delivery.
    pub on_success: Option<String>,
    /// Command after a refusal.
    pub on_refused: Option<String>,
    /// Command after a hold.
    pub on_held: Option<String>,
    /// Command after any other failure.
    pub on_failure: Option<String>,
    /// Seconds that a hook may take.
    pub hook_timeout: u64,
    /// File for whoever watches the nights; `None` when there is none.
    pub metrics: Option<PathBuf>,
}

impl Default for Publish {
    fn default() -> Publish {
        Publish {
            archive: None,
            consumer: None,
            keep_packages: 90,
            keep_days: None,
            max_removed_rows: 10,
            max_removed_percent: 10,
            max_changed_percent: 75,
            additions_only: false,
            blackouts: Vec::new(),
            deliver_to: Vec::new(),
            loose: false,
            marker: None,
            keep_absent: false,
            file_mode: 0o600,
            identity: None,
            passphrase_file: None,
            passphrase_command: None,
            ssh_agent: false,
            sftp_password_file: None,
            sftp_password_command: None,
            known_hosts: None,
            host_keys: Vec::new(),
            renaming: Renaming::Rename,
            s3_endpoint: None,
            s3_region: None,
            s3_addressing: None,
            s3_access_key: None,
            s3_secret_key_file: None,
            s3_secret_key_command: None,
            delivery_attempts: 5,
            delivery_connect_timeout: 30,
            delivery_idle_timeout: 60,
            on_success: None,
            on_refused: None,
            on_held: None,
            on_failure: None,
            hook_timeout: 60,
            metrics: None,
        }
    }
}

/// Days `2025-12-24`, and spans of them `2025-07-01..2025-08-15`.
///
/// # Errors
/// Something is no day, or a span ends before it begins.
pub fn blackouts(text: &str) -> Parsed<Vec<Blackout>> {
    let day = |text: &str| match values::day(text)? {
        Some(day) => Ok(day),
        None => Err("`today` is no day of a calendar".to_owned()),
    };
    let span = |item: &String| {
        let (from, to) = item.split_once("..").unwrap_or((item, item));
        let found = day(from).and_then(|from| Ok(Blackout { from, to: day(to)? }));
        match found.map_err(|why| format!("`{item}`: {why}"))? {
            span if span.to < span.from => Err(format!("`{item}` ends before it begins")),
            span => Ok(span),
        }
    };
    values::list(text)?.iter().map(span).collect()
}

/// Addresses of targets; a password among them is refused, and never repeated.
///
/// # Errors
/// An address is none.
pub fn targets(text: &str) -> Parsed<Vec<String>> {
    let targets = values::list(text)?;
    for target in &targets {
        if holds_password(target) {
            return Err("a password does not belong into an address, where everybody can read it: give it by ROSTERPACK_SFTP_PASSWORD, `sftp_password_file` or `sftp_password_command`".into());
        }
        if target.starts_with("s3://") && !cfg!(feature = "s3") {
            return Err("this build of rosterpack cannot deliver to s3:// addresses: build it with `cargo build --release --features s3`, or deliver to sftp:// or file:///".into());
        }
        if !["sftp://", "s3://", "file:///"].iter().any(|scheme| target.starts_with(scheme)) {
            return Err("an address begins with sftp://, s3:// or file:///".into());
        }
    }
    Ok(targets)
}

/// Whether the address of an SFTP target holds a password.
pub fn holds_password(target: &str) -> bool {
    let user = target.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(user, _)| user);
    user.is_some_and(|user| user.contains(':'))
}

/// The file of metrics: the collector passes over files that are called otherwise.
///
/// # Errors
/// Its name does not end with `.prom`.
pub fn metrics(text: &str) -> Parsed<PathBuf> {
    match text.strip_suffix(".prom").is_some_and(|stem| !stem.is_empty() && !stem.ends_with('/')) {
        true => Ok(values::text(text)?.into()),
        false => Err("node_exporter reads only files whose names end with .prom".into()),
    }
}

/// Permissions in octal: whoever delivers must be able to replace the file, and nobody executes a roster.
///
/// # Errors
/// They are none, or lie outside of 600 and 666.
pub fn file_mode(text: &str) -> Parsed<u32> {
    let mode = u32::from_str_radix(text, 8).map_err(|_| "permissions are octal, as in 640")?;
    match mode & !0o666 == 0 && mode & 0o600 == 0o600 {
        true => Ok(mode),
        false => Err("permissions lie between 600 and 666".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_days_are_whole_and_in_order() {
        let found = blackouts("2025-12-24, 2025-07-01..2025-08-15").unwrap();
        assert_eq!(found[0].from, found[0].to);
        assert_eq!(found[1].to, Day::from_ymd(2025, 8, 15).unwrap());
        for bad in ["2025-02-30", "2025-08-15..2025-07-01", "today", "2025-07-01..", "summer"] {
            assert!(blackouts(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn targets_are_addresses_without_passwords() {
        assert_eq!(targets("sftp://a@h/in/x.zip, file:///srv/{name}.zip").unwrap().len(), 2);
        for bad in ["ftp://h/x", "file://srv/x", "/srv/x", "sftp://a:hunter2@h/x"] {
            assert!(!targets(bad).unwrap_err().contains("hunter2"), "{bad}");
        }
        for bad in ["", "metrics", "metrics.prom/", "folder/.prom"] {
            assert!(metrics(bad).is_err(), "{bad}");
        }
        // A build that cannot says so before anything is read.
        match targets("s3://north/in/{name}.zip") {
            Ok(found) => assert!(cfg!(feature = "s3") && found.len() == 1),
            Err(told) => assert!(!cfg!(feature = "s3") && told.contains("--features s3"), "{told}"),
        }
        assert_eq!(metrics("m/{tenant}.prom").unwrap(), PathBuf::from("m/{tenant}.prom"));
        for bad in ["", "888", "755", "400", "0x1", "1777"] {
            assert!(file_mode(bad).is_err(), "{bad}");
        }
        assert_eq!(file_mode("640").unwrap(), 0o640);
    }
}
