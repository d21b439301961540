//! What is wrong with a configuration, for people.
//!
//! In: where the user wrote something, and what is wrong with it. Out: [`ConfigError`] with what is accepted and what
//! to do. It judges nothing: `overrides` does.

use super::settings::Setting;
use super::values::nearest;
use crate::spec::{File, Version};

/// What is wrong with the configuration. No message repeats a value that may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A name that no setting has.
    #[error("{label}: there is no setting `{name}`")]
    UnknownSetting {
        /// As the user wrote it.
        label: String,
        /// The name.
        name: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// A value that the setting does not accept.
    #[error("{label}: {}{reason}", value.as_ref().map(|v| format!("`{v}` is not accepted: ")).unwrap_or_default())]
    BadValue {
        /// As the user wrote it.
        label: String,
        /// The value, unless it may hold a secret.
        value: Option<String>,
        /// Why not.
        reason: String,
        /// What is accepted.
        accepts: &'static str,
    },
    /// `--set` without a value, or an environment variable that is not UTF-8.
    #[error("{label}: {reason}")]
    Malformed {
        /// As the user wrote it.
        label: String,
        /// What is wrong.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// A chosen file refers to one that is not chosen.
    #[error(
        "the chosen files cannot be closed in OneRoster {version}: {file} needs {target} for its column {column}"
    )]
    OpenFiles {
        /// The version that has the column.
        version: Version,
        /// The chosen file.
        file: File,
        /// Its column.
        column: &'static str,
        /// The file that is not chosen.
        target: File,
    },
    /// A chosen file is turned off.
    #[error("{file} is among the chosen files, but it is turned off")]
    FileOff {
        /// The chosen file.
        file: File,
    },
    /// The same setting twice in one layer.
    #[error("{label}: the setting `{name}` is given twice")]
    Twice {
        /// As the user wrote it.
        label: String,
        /// The setting.
        name: &'static str,
    },
    /// A setting that a run cannot do without.
    #[error("{} is missing: {}.", setting.flag.unwrap_or(setting.name), first_sentence(setting.doc))]
    Missing {
        /// The setting.
        setting: &'static Setting,
    },
    /// A name of something in the file that is not there.
    #[error("{label}: there is no [{kind}.{name}]{}", if known.is_empty() { format!(": {path} has no {kind}") } else { String::new() })]
    UnknownName {
        /// As the user wrote it.
        label: String,
        /// `connections`, `tenants` or `profiles`.
        kind: &'static str,
        /// The name.
        name: String,
        /// Names there are.
        known: Vec<String>,
        /// The file.
        path: String,
    },
    /// Profiles that inherit from each other in a circle.
    #[error("{label}: a profile inherits from itself: {} -> {}", names.join(" -> "), names.first().map(String::as_str).unwrap_or_default())]
    Circle {
        /// As the user wrote it.
        label: String,
        /// Every profile of the circle, each inheriting from the next.
        names: Vec<String>,
    },
    /// A password in the file.
    #[error(
        "{label}: it holds {what}, and a file of settings is copied, shown to others and kept under version control"
    )]
    SecretInFile {
        /// As the user wrote it.
        label: String,
        /// A password or a key.
        what: &'static str,
        /// Where such a secret is kept.
        kept: &'static str,
    },
    /// A password on the command line, where every user of the machine can read it.
    #[error("{label}: it holds a password, which every user of this machine can read while the command runs")]
    SecretInFlag {
        /// As the user wrote it.
        label: String,
        /// The variable that may hold it.
        variable: String,
    },
}

/// The first sentence, without its full stop.
fn first_sentence(doc: &str) -> &str {
    doc.split(". ").next().unwrap_or(doc).trim_end_matches('.')
}

impl ConfigError {
    /// Whether it says that something of this name is not there.
    pub(super) fn names(&self, missing: &str) -> bool {
        matches!(self, ConfigError::UnknownName { name, .. } if name == missing)
    }

    /// What to do about it, one or two sentences.
    pub fn help(&self) -> String {
        match self {
            ConfigError::UnknownSetting { nearest: Some(name), .. } => format!("did you mean `{name}`?"),
            ConfigError::UnknownSetting { .. } => "`rosterpack export --help` lists all settings".into(),
            ConfigError::BadValue { accepts, .. } => format!("accepted is {accepts}"),
            ConfigError::Malformed { remedy, .. } => remedy.clone(),
            ConfigError::Twice { .. } => "give it once".into(),
            ConfigError::OpenFiles { target, .. } => format!("add {target} to --files"),
            ConfigError::FileOff { file } => {
                let setting = if *file == File::Demographics { "demographics" } else { "gradebook" };
                format!("add --set {setting}=true, or leave the file out of --files")
            }
            ConfigError::Missing { setting } => {
                let written = match setting.flag {
                    Some(flag) => format!("{flag} VALUE"),
                    None => format!("--set {}=VALUE", setting.name),
                };
                format!("add {written}, or set {}; accepted is {}", setting.variable(), setting.accepts)
            }
            ConfigError::UnknownName { name, known, .. } => {
                match nearest(name, known.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.is_empty() => "add it, or name another file with --config".into(),
                    None => format!("there are {}", known.join(", ")),
                }
            }
            ConfigError::Circle { .. } => "take one link of this chain out".into(),
            ConfigError::SecretInFile { kept, .. } => {
                format!("take it out, and name where it is kept: {kept}")
            }
            ConfigError::SecretInFlag { variable, .. } => format!(
                "leave the password out and put it into PGPASSWORD or ~/.pgpass, or the whole address into {variable}"
            ),
        }
    }
}
