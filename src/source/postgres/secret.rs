//! Passwords of PostgreSQL: where they come from.
//!
//! In: `password_file`, `password_command`, the environment (`PGPASSWORD`, `PGPASSFILE`) and a pgpass file.
//! Out: a [`Secret`] for one server, database and user, or nothing. Errors name the place that was asked,
//! never what it answered. Passwords in connection strings are `connection.rs`'s affair.

use std::path::{Path, PathBuf};

use super::connection::{ConnectionError, ConnectionSettings};
use crate::secret;
pub use crate::secret::{Environment, Secret};

/// Where a password may come from, other than the connection string.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PasswordSources {
    /// A file whose first line is the password.
    pub file: Option<PathBuf>,
    /// A shell command whose first line of output is the password.
    pub command: Option<String>,
}

impl PasswordSources {
    /// The password for these settings: the one in the connection string, else `password_file` or
    /// `password_command`, else `PGPASSWORD`, else a pgpass file. The text beside it is a remark for the
    /// error that follows if the server then refuses: why a pgpass file was not used.
    ///
    /// # Errors
    /// When a file or command that was named cannot be read or run, or both are named.
    pub fn find(
        &self,
        settings: &ConnectionSettings,
        environment: &Environment<'_>,
    ) -> Result<(Option<Secret>, Option<String>), ConnectionError> {
        if settings.password.is_some() {
            return Ok((settings.password.clone(), None));
        }
        let named = secret::from_settings(self.file.as_deref(), self.command.as_deref());
        let named = named
            .map_err(|(place, reason)| ConnectionError::Password { place: place.of("password"), reason })?;
        if let Some((secret, _)) = named {
            return Ok((Some(secret), None));
        }
        if let Some(password) = environment("PGPASSWORD").filter(|p| !p.is_empty()) {
            return Ok((Some(Secret::new(password)), None));
        }
        let file = settings
            .passfile
            .clone()
            .or_else(|| environment("PGPASSFILE").filter(|f| !f.is_empty()).map(PathBuf::from))
            .or_else(|| default_passfile(environment));
        Ok(file.map_or((None, None), |file| from_passfile(&file, settings)))
    }
}

fn default_passfile(environment: &Environment<'_>) -> Option<PathBuf> {
    if cfg!(windows) {
        environment("APPDATA").map(|home| Path::new(&home).join("postgresql").join("pgpass.conf"))
    } else {
        environment("HOME").map(|home| Path::new(&home).join(".pgpass"))
    }
}

/// Others must not be able to read the file: libpq ignores it then, and so do we, but we say it.
#[cfg(unix)]
fn is_private(file: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::metadata(file)?.permissions().mode() & 0o077 == 0)
}

#[cfg(not(unix))]
fn is_private(_file: &Path) -> std::io::Result<bool> {
    Ok(true)
}

fn from_passfile(file: &Path, settings: &ConnectionSettings) -> (Option<Secret>, Option<String>) {
    let name = file.display();
    match is_private(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return (None, None),
        Err(error) => return (None, Some(format!("The password file {name} was not used: {error}"))),
        Ok(false) => {
            let remark =
                format!("The password file {name} was ignored because others may read it: chmod 600 {name}");
            return (None, Some(remark));
        }
        Ok(true) => {}
    }
    match std::fs::read_to_string(file) {
        Err(error) => (None, Some(format!("The password file {name} was not used: {error}"))),
        Ok(text) => match lookup(&text, settings) {
            Some(secret) => (Some(secret), None),
            None => (None, Some(format!("The password file {name} has no line for this server and user"))),
        },
    }
}

/// The first line of a pgpass file that matches (PostgreSQL documentation, "The Password File").
fn lookup(text: &str, settings: &ConnectionSettings) -> Option<Secret> {
    let port = settings.port.to_string();
    // A socket directory is written as localhost in these files.
    let host = if settings.host.starts_with('/') { "localhost" } else { &settings.host };
    let wanted = [host, &port, &settings.database, &settings.user];
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = fields(line);
        let (password, key) = fields.split_last()?;
        let matches = key.len() == wanted.len()
            && key.iter().zip(wanted).all(|(field, wanted)| field == "*" || field == wanted);
        (matches && !password.is_empty()).then(|| Secret::new(password))
    })
}

/// Splits at colons; a backslash takes the next character as it is. The fifth field runs to the end.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let complete = fields.len() == 5;
        let Some(field) = fields.last_mut() else { break };
        match character {
            '\\' => field.extend(characters.next()),
            ':' if !complete => fields.push(String::new()),
            _ => field.push(character),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> ConnectionSettings {
        ConnectionSettings::parse("postgres://reader@db.example:5433/EdFi_Ods", false).unwrap()
    }

    fn nothing(_: &str) -> Option<String> {
        None
    }

    #[test]
    fn a_secret_never_prints() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "***");
        let mut settings = settings();
        settings.password = Some(Secret::new("hunter2"));
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn pgpass_lines_match_in_order_with_wildcards_and_escapes() {
        let found = |text: &str| lookup(text, &settings()).map(|s| s.expose().to_owned());
        assert_eq!(found("db.example:5433:EdFi_Ods:reader:a\\:b\\\\c"), Some("a:b\\c".into()));
        assert_eq!(found("#db.example:5433:EdFi_Ods:reader:no\n*:*:*:reader:x:y"), Some("x:y".into()));
        assert_eq!(found("db.example:5432:*:*:wrong\n*:*:*:*:right"), Some("right".into()));
        for none in ["", "db.example:5433:EdFi_Ods:writer:x", "*:*:*:*", "*:*:*:*:", ":::::"] {
            assert_eq!(found(none), None, "{none}");
        }
        let mut socket = settings();
        socket.host = "/var/run/postgresql".into();
        assert!(lookup("localhost:*:*:*:x", &socket).is_some());
    }

    #[test]
    fn sources_are_asked_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "from file\nsecond line\n").unwrap();
        let environment = |name: &str| (name == "PGPASSWORD").then(|| "from environment".to_owned());
        let found = |sources: PasswordSources, environment: &Environment<'_>| {
            sources.find(&settings(), environment).map(|(secret, _)| secret.map(|s| s.expose().to_owned()))
        };
        let by_file = PasswordSources { file: Some(file.clone()), command: None };
        let by_command = PasswordSources { file: None, command: Some("echo from command; exit 0".into()) };
        assert_eq!(found(by_file.clone(), &environment).unwrap().unwrap(), "from file");
        assert_eq!(found(by_command.clone(), &environment).unwrap().unwrap(), "from command");
        let neither = PasswordSources::default();
        assert_eq!(found(neither.clone(), &environment).unwrap().unwrap(), "from environment");
        assert_eq!(found(neither, &nothing).unwrap(), None);
        assert!(found(PasswordSources { file: Some(file), ..by_command }, &nothing).is_err());
    }

    #[test]
    fn failures_name_the_place_and_not_the_answer() {
        let command = "echo hunter2; echo hunter2 >&2; exit 3 # token=hunter2";
        let sources = PasswordSources { file: None, command: Some(command.into()) };
        let text = sources.find(&settings(), &nothing).unwrap_err().to_string();
        assert!(
            text.contains("password_command") && text.contains('3') && !text.contains("hunter2"),
            "{text}"
        );
        let sources = PasswordSources { file: Some("/nonexistent/password".into()), command: None };
        assert!(
            sources.find(&settings(), &nothing).unwrap_err().to_string().contains("/nonexistent/password")
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_pgpass_file_that_others_can_read_is_ignored_and_said_so() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pgpass");
        std::fs::write(&file, "*:*:*:*:hunter2\n").unwrap();
        let environment = |name: &str| (name == "PGPASSFILE").then(|| file.to_string_lossy().into_owned());
        let with_mode = |mode: u32| {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            PasswordSources::default().find(&settings(), &environment).unwrap()
        };
        let (secret, remark) = with_mode(0o644);
        assert_eq!(secret, None);
        assert!(remark.unwrap().contains("chmod 600"));
        assert_eq!(with_mode(0o600), (Some(Secret::new("hunter2")), None));
    }

    #[test]
    fn a_missing_home_pgpass_is_normal() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_string_lossy().into_owned();
        let environment = |name: &str| (name == "HOME").then(|| home.clone());
        assert_eq!(PasswordSources::default().find(&settings(), &environment).unwrap(), (None, None));
    }
}
