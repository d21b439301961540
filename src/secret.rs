//! Secrets: a type that never shows them, and the places that hold them.
//!
//! In: a file or a shell command. Out: a [`Secret`], or why there is none. Reasons say nothing of what a file or a
//! command answered. Which place is asked for which secret is decided elsewhere.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A password or passphrase. Printing it gives `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret in.
    pub fn new(secret: impl Into<String>) -> Secret {
        Secret(secret.into())
    }

    /// The secret itself, for the server alone.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Looks up an environment variable; an argument, so that tests need no environment of their own.
pub type Environment<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Where a secret is kept: at most one of a file and a command; without them the variable counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecretPlace {
    /// Name of an environment variable.
    pub variable: Option<String>,
    /// A file whose first line it is.
    pub file: Option<PathBuf>,
    /// A shell command whose first line of output it is.
    pub command: Option<String>,
}

/// A place was named, and no secret is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unfound {
    /// Which place.
    pub(crate) place: String,
    /// Why there is none.
    pub(crate) reason: String,
}

impl SecretPlace {
    /// A place whose variable is this one, with what the settings say of file and command.
    pub fn new(variable: &str, file: &Option<PathBuf>, command: &Option<String>) -> SecretPlace {
        SecretPlace { variable: Some(variable.to_owned()), file: file.clone(), command: command.clone() }
    }

    /// The secret, if a place is named.
    ///
    /// # Errors
    /// [`Unfound`].
    pub(crate) fn find(&self, environment: &Environment<'_>) -> Result<Option<Secret>, Unfound> {
        let named = from_settings(self.file.as_deref(), self.command.as_deref())
            .map_err(|(place, reason)| Unfound { place: place.to_string(), reason })?;
        Ok(named.map(|(secret, _)| secret).or_else(|| {
            let value = self.variable.as_deref().and_then(environment).filter(|value| !value.is_empty());
            value.map(Secret::new)
        }))
    }
}

/// Where settings say that a secret is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named<'a> {
    /// In a file.
    File(&'a Path),
    /// A command says it, which is not repeated: it may carry a token.
    Command,
    /// In both, which is one too many.
    Both,
}

impl Named<'_> {
    /// The place by the settings that name it: `password_file` and `password_command` of a `password`.
    pub(crate) fn of(self, secret: &str) -> String {
        match self {
            Named::File(file) => format!("{secret}_file {}", file.display()),
            Named::Command => format!("{secret}_command"),
            Named::Both => format!("{secret}_file and {secret}_command"),
        }
    }
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Named::File(file) => write!(f, "the file {}", file.display()),
            Named::Command => f.write_str("a command"),
            Named::Both => f.write_str("a file and a command"),
        }
    }
}

/// The secret of a file or of a command, whichever is set, and where it was; `None` when neither is.
///
/// # Errors
/// The place that has none, and why.
pub(crate) fn from_settings<'a>(
    file: Option<&'a Path>,
    command: Option<&str>,
) -> Result<Option<(Secret, Named<'a>)>, (Named<'a>, String)> {
    let (place, found) = match (file, command) {
        (Some(_), Some(_)) => (Named::Both, Err("both are set, use one of them".to_owned())),
        (Some(file), None) => (Named::File(file), from_file(file)),
        (None, Some(command)) => (Named::Command, from_command(command)),
        (None, None) => return Ok(None),
    };
    found.map(|secret| Some((secret, place))).map_err(|reason| (place, reason))
}

/// The first line of a file.
///
/// # Errors
/// Why there is none.
fn from_file(file: &Path) -> Result<Secret, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    first_line(&text).ok_or_else(|| "its first line is empty".to_owned())
}

/// The first line of what a shell command prints.
///
/// # Errors
/// Why there is none; the command itself is not repeated: it may carry a token.
fn from_command(command: &str) -> Result<Secret, String> {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let output = Command::new(shell)
        .args([flag, command])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(|error| format!("it cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("it failed with {}", output.status));
    }
    std::str::from_utf8(&output.stdout)
        .ok()
        .and_then(first_line)
        .ok_or_else(|| "its first line of output is empty, or not UTF-8".to_owned())
}

fn first_line(text: &str) -> Option<Secret> {
    text.lines().next().filter(|line| !line.is_empty()).map(Secret::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints_and_a_failing_command_tells_nothing() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "***");
        assert_eq!(from_command("echo hunter2; echo more").unwrap(), Secret::new("hunter2"));
        let told = from_command("echo hunter2; exit 3").unwrap_err();
        assert!(told.contains('3') && !told.contains("hunter2"), "{told}");
        assert_eq!(from_command("true").unwrap_err(), "its first line of output is empty, or not UTF-8");
        assert!(from_file(Path::new("/nonexistent")).is_err());
    }

    #[test]
    fn secrets_come_from_one_place_and_faults_do_not_tell_them() {
        let environment = |name: &str| (name == "PW").then(|| "from environment".to_owned());
        let found = |file: Option<&str>, command: Option<&str>| {
            SecretPlace::new("PW", &file.map(PathBuf::from), &command.map(str::to_owned)).find(&environment)
        };
        assert_eq!(found(None, None).unwrap(), Some(Secret::new("from environment")));
        assert_eq!(found(None, Some("echo by command")).unwrap(), Some(Secret::new("by command")));
        assert!(found(Some("x"), Some("y")).unwrap_err().reason.contains("both are set"));
        assert_eq!(found(None, Some("echo hunter2; exit 1")).unwrap_err().place, "a command");
        assert_eq!(found(Some("/nonexistent/pw"), None).unwrap_err().place, "the file /nonexistent/pw");
        assert_eq!(SecretPlace::default().find(&environment).unwrap(), None);
    }
}
