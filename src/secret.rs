//! Secrets: a type that never shows them, and the places that hold them.
//!
//! In: a file or a shell command. Out: a [`Secret`], or why there is none. Reasons say nothing of what a file or a
//! command answered. Which place is asked for which secret is decided elsewhere.

use std::fmt;
use std::path::Path;
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

/// The first line of a file.
///
/// # Errors
/// Why there is none.
pub(crate) fn from_file(file: &Path) -> Result<Secret, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    first_line(&text).ok_or_else(|| "its first line is empty".to_owned())
}

/// The first line of what a shell command prints.
///
/// # Errors
/// Why there is none; the command itself is not repeated: it may carry a token.
pub(crate) fn from_command(command: &str) -> Result<Secret, String> {
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
}
