//! `rosterpack deliver`: sends a finished package to one or more targets.
//!
//! In: a package and targets; or a profile, whose archived package goes to the profile's targets. Out: the targets that have it on
//! stdout, one a line; exit code 5 when one of them has not. The package is kept as it is. Secrets come from the environment, a
//! file or a command.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::bucket::{S3Args, Served};
use super::nightly::profile::usual_hosts;
use super::nightly::resend;
use super::shaping::FileArgs;
use super::{ExitCode, Process, interrupt};
use crate::config::publish::file_mode;
use crate::publish::delivery::Target;
use crate::publish::directory::FolderTarget;
use crate::publish::durable::NoFailpoint;
use crate::publish::parcel::Form;
use crate::publish::sftp::{Address, Login, Manners, Pin, Replace, SftpTarget};
use crate::secret::SecretPlace;

/// Flags of `deliver`.
#[derive(Debug, Args)]
#[command(after_help = "\
The password is taken from ROSTERPACK_SFTP_PASSWORD, --password-file or --password-command, the
passphrase of a key from ROSTERPACK_SFTP_PASSPHRASE, --passphrase-file or --passphrase-command.
s3:// needs a build with the feature s3.
Behind the last slash of a target may stand the name of the zip, with {name} for the package's
own. Paths are absolute; /~/ is the folder of the login.

Examples:
  rosterpack host-key sftp.vendor.example --store known_hosts
  rosterpack deliver north.zip --to sftp://north@sftp.vendor.example/in/OneRoster.zip \\
      --identity id_ed25519 --known-hosts known_hosts
  rosterpack deliver north.zip --loose --agent --to sftp://north@vendor.example/~/DailyImport/
  rosterpack deliver north.zip --to file:///srv/pickup/{name}.zip --mode 640
  rosterpack deliver north.zip --to s3://vendor-inbox/north/OneRoster.zip --s3-region us-west-2
  rosterpack deliver --profile reading --tenant north")]
pub struct DeliverArgs {
    /// The package
    #[arg(value_name = "PACKAGE.zip", required_unless_present = "profile", conflicts_with = "profile")]
    pub package: Option<PathBuf>,
    /// Where to: sftp://user@host:port/path, s3://bucket/path or file:///path; may be repeated
    #[arg(
        long,
        value_name = "TARGET",
        required_unless_present = "profile",
        conflicts_with = "profile",
        requires = "package"
    )]
    pub to: Vec<String>,
    /// Deliver the files of the package loose, into a folder
    #[arg(long)]
    pub loose: bool,
    /// An empty file that says, by its presence, that everything has arrived
    #[arg(long, value_name = "NAME")]
    pub marker: Option<String>,
    /// Leave loose OneRoster files that the package does not hold where they are
    #[arg(long)]
    pub keep_absent: bool,
    /// Permissions of files at file:// targets, in octal
    #[arg(long, value_name = "MODE", default_value = "600", value_parser = file_mode)]
    pub mode: u32,

    /// The profile whose package is sent again, byte for byte, to the targets that its table names
    #[command(flatten)]
    pub file: FileArgs,
    /// Tenant of the configuration file
    #[arg(long, value_name = "NAME", requires = "profile")]
    pub tenant: Option<String>,
    /// Which package of the archive, as `history` shows it [default: the newest]
    #[arg(long, value_name = "ID", requires = "profile")]
    pub archive: Option<String>,

    /// Private key to log in with; may be repeated
    #[arg(long, value_name = "FILE", help_heading = "SFTP: login")]
    pub identity: Vec<PathBuf>,
    /// File whose first line is the passphrase of the keys
    #[arg(long, value_name = "FILE", help_heading = "SFTP: login")]
    pub passphrase_file: Option<PathBuf>,
    /// Command whose first line of output is the passphrase
    #[arg(long, value_name = "COMMAND", help_heading = "SFTP: login")]
    pub passphrase_command: Option<String>,
    /// Also try the keys of the agent at SSH_AUTH_SOCK
    #[arg(long, help_heading = "SFTP: login")]
    pub agent: bool,
    /// File whose first line is the password
    #[arg(long, value_name = "FILE", help_heading = "SFTP: login")]
    pub password_file: Option<PathBuf>,
    /// Command whose first line of output is the password
    #[arg(long, value_name = "COMMAND", help_heading = "SFTP: login")]
    pub password_command: Option<String>,

    /// File with pinned host keys; may be repeated [default: ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts]
    #[arg(long, value_name = "FILE", help_heading = "SFTP: server")]
    pub known_hosts: Vec<PathBuf>,
    /// Fingerprint of the host key, SHA256:..., instead of a file; may be repeated
    #[arg(long, value_name = "FINGERPRINT", help_heading = "SFTP: server", conflicts_with = "known_hosts")]
    pub host_key: Vec<String>,
    /// How a file gets its final name
    #[arg(long, value_enum, default_value = "rename", help_heading = "SFTP: server")]
    pub replace: ReplaceName,

    /// How buckets are reached
    #[command(flatten)]
    pub s3: S3Args,

    /// Attempts when the connection fails
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Connections")]
    pub attempts: u32,
    /// Seconds to connect, over SFTP with the login
    #[arg(long, value_name = "S", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..), help_heading = "Connections")]
    pub connect_timeout: u64,
    /// Seconds without a sign of life from the server
    #[arg(long, value_name = "S", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..), help_heading = "Connections")]
    pub idle_timeout: u64,
}

/// Ways to a final name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReplaceName {
    /// Rename over the old file
    Rename,
    /// Remove the old file, then rename: for servers that do not rename over an existing one
    RemoveFirst,
    /// Write under the final name: for servers that do not rename; wants a marker
    Direct,
}

impl DeliverArgs {
    /// The target of an address.
    fn target(&self, address: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Target, String> {
        let form = if self.loose { Form::Loose } else { Form::Zip };
        if let Some(path) = address.strip_prefix("file://") {
            if !path.starts_with('/') {
                return Err(format!("`{address}` is no absolute path; write file:///folder/{{name}}.zip"));
            }
            let (mode, marker, keep_absent) = (self.mode, self.marker.clone(), self.keep_absent);
            return Target::folder(FolderTarget { folder: path.into(), mode, marker, keep_absent }, form);
        }
        let (marker, absent) = (self.marker.clone(), self.keep_absent);
        let served = Served::new(marker, absent, self.attempts, self.connect_timeout, self.idle_timeout);
        if address.starts_with("s3://") {
            return self.s3.target(address, form, &served, environment);
        }
        let agent = match (self.agent, environment("SSH_AUTH_SOCK")) {
            (true, None) => return Err("--agent was given, but SSH_AUTH_SOCK is not set".to_owned()),
            (asked, socket) => socket.filter(|_| asked).map(PathBuf::from),
        };
        let pin = match (self.host_key.is_empty(), self.known_hosts.is_empty()) {
            (false, _) => Pin::Fingerprints(self.host_key.clone()),
            (true, false) => Pin::KnownHosts(self.known_hosts.clone()),
            (true, true) => usual_hosts(environment),
        };
        let sftp = SftpTarget {
            address: Address::parse(address)?,
            pin,
            login: Login {
                identities: self.identity.clone(),
                passphrase: SecretPlace::new(
                    "ROSTERPACK_SFTP_PASSPHRASE",
                    &self.passphrase_file,
                    &self.passphrase_command,
                ),
                agent,
                password: SecretPlace::new(
                    "ROSTERPACK_SFTP_PASSWORD",
                    &self.password_file,
                    &self.password_command,
                ),
            },
            manners: Manners {
                replace: match self.replace {
                    ReplaceName::Rename => Replace::Rename,
                    ReplaceName::RemoveFirst => Replace::RemoveFirst,
                    ReplaceName::Direct => Replace::Direct,
                },
                marker: served.marker,
                keep_absent: served.keep_absent,
            },
            retry: served.retry,
            patience: served.patience,
        };
        Target::sftp(sftp, form)
    }
}

/// Runs the verb.
pub fn run(args: &DeliverArgs, process: &mut Process<'_>) -> ExitCode {
    match &args.package {
        Some(package) => send(args, package, process),
        None => resend::run(&args.file, args.tenant.as_deref(), args.archive.as_deref(), process),
    }
}

/// Sends a package to the targets of the flags.
fn send(args: &DeliverArgs, package: &Path, process: &mut Process<'_>) -> ExitCode {
    let variables = process.environment.clone();
    let environment = move |name: &str| {
        let found = variables.iter().find(|(known, _)| known == OsStr::new(name));
        found.and_then(|(_, value)| value.to_str().map(str::to_owned)).filter(|value| !value.is_empty())
    };
    let mut targets = Vec::new();
    for address in &args.to {
        match args.target(address, &environment) {
            Ok(target) => targets.push(target),
            Err(reason) => {
                process.fault(format_args!("--to: {reason}"), "see `rosterpack deliver --help`");
                return ExitCode::Usage;
            }
        }
    }
    if !package.is_file() {
        process.fault(
            format_args!("there is no package {}", package.display()),
            "name a zip that `export` wrote",
        );
        return ExitCode::Usage;
    }
    if process.signals {
        let folders = targets.iter().filter_map(|target| target.own_folder().map(PathBuf::from));
        interrupt::clear_up_on_signal(folders.collect());
    }
    let mut worst = ExitCode::Published;
    for target in &targets {
        let label = target.label();
        match target.deliver(package, &BTreeMap::new(), &environment, &NoFailpoint) {
            Ok(receipt) => {
                if writeln!(process.out, "{label}").and_then(|()| process.out.flush()).is_err() {
                    process.fault("cannot write to standard output", "the package was delivered");
                    return ExitCode::Output;
                }
                if receipt.attempts > 1 {
                    process.note(format_args!("{label}: it took {} attempts", receipt.attempts));
                }
            }
            Err(error) => {
                process.fault(format_args!("{label}: {error}"), error.help());
                let code = if error.is_usage() { ExitCode::Usage } else { ExitCode::Delivery };
                // A delivery that failed weighs more for a scheduler than a target that was never tried.
                worst = if worst == ExitCode::Delivery { worst } else { code };
            }
        }
    }
    if worst == ExitCode::Delivery {
        process.note(format_args!("the package is kept: {}", package.display()));
    }
    worst
}
