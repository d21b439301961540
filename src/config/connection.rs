//! How a database is reached and read: what the settings of section `source` say beyond the address.
//!
//! In: nothing; `settings.rs` fills it. Out: plain data for the command line, which opens the source. Knows no
//! database client and checks no file: whether a certificate can be read is found when it is used.

use std::path::PathBuf;
use std::time::Duration;

use super::values::{self, Parsed};
use crate::edfi_admin::Derivative;
use crate::secret::Secret;

/// The way to an ODS by EdFi_Admin, the database in which the ODS API keeps its instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// A PostgreSQL address, which may hold a password.
    pub address: Secret,
    /// Whether it may: only one from the environment may.
    pub may_hold_password: bool,
    /// Instances that a variable of the Alliance's OneRoster service lists; they come before those of the database.
    pub listed: Vec<Listed>,
    /// That variable, for messages.
    pub from: String,
}

/// An ODS instance that is listed outside of EdFi_Admin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: i64,
    /// Its connection string, encrypted or not.
    pub connection_string: Secret,
    /// Keys and values of its contexts.
    pub contexts: Vec<(String, String)>,
}

/// Choices of a connection. [`Connection::default`] is what the table of settings calls the default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Connections wished for.
    pub connections: usize,
    /// Whether all connections look at one moment.
    pub shared_snapshot: bool,
    /// Demanded TLS, if it is not left to the address.
    pub ssl_mode: Option<&'static str>,
    /// PEM file of certificate authorities.
    pub ssl_root_cert: Option<PathBuf>,
    /// PEM file of our own certificate.
    pub ssl_cert: Option<PathBuf>,
    /// PEM file of its key.
    pub ssl_key: Option<PathBuf>,
    /// File whose first line is the password.
    pub password_file: Option<PathBuf>,
    /// Shell command whose first line of output is the password.
    pub password_command: Option<String>,
    /// What names an instance of EdFi_Admin: one name or id, or contexts.
    pub ods_instance: Option<Vec<String>>,
    /// Derivatives that are read in place of the instance, the first that is there.
    pub ods_derivatives: Vec<Derivative>,
    /// File whose first line is the key of encrypted connection strings.
    pub encryption_key_file: Option<PathBuf>,
    /// Shell command whose first line of output is that key.
    pub encryption_key_command: Option<String>,
    /// The longest that one statement may take; `None` is no limit.
    pub statement_timeout: Option<Duration>,
    /// The longest wait for a lock; `None` is no limit.
    pub lock_timeout: Option<Duration>,
    /// Attempts to connect.
    pub attempts: u32,
    /// Wait after the first failed attempt; it doubles with each further one.
    pub first_wait: Duration,
}

impl Default for Connection {
    fn default() -> Connection {
        Connection {
            connections: 2,
            shared_snapshot: true,
            ssl_mode: None,
            ssl_root_cert: None,
            ssl_cert: None,
            ssl_key: None,
            password_file: None,
            password_command: None,
            ods_instance: None,
            ods_derivatives: Vec::new(),
            encryption_key_file: None,
            encryption_key_command: None,
            statement_timeout: Some(Duration::from_secs(7200)),
            lock_timeout: Some(Duration::from_secs(60)),
            attempts: 10,
            first_wait: Duration::from_millis(100),
        }
    }
}

/// Demands on TLS, as libpq spells them.
pub(super) fn ssl_mode(text: &str) -> Parsed<&'static str> {
    let words = ["disable", "prefer", "require", "verify-ca", "verify-full"].map(|word| (word, word));
    values::word(text, &words)
}

/// Seconds; 0 is no limit.
pub(super) fn limit(text: &str) -> Parsed<Option<Duration>> {
    let seconds = values::whole(text, 0..=604_800)?;
    Ok((seconds > 0).then(|| Duration::from_secs(seconds)))
}

/// What names an ODS instance: one word, or contexts.
pub(super) fn instance(text: &str) -> Parsed<Vec<String>> {
    let list = values::list(text)?;
    match list.as_slice() {
        [] => Err("it is blank".to_owned()),
        [_] => Ok(list),
        several => match several.iter().find(|item| !item.contains('=')) {
            Some(item) => Err(format!(
                "`{item}` is no context KEY=VALUE; a name that holds a comma stands in double quotes"
            )),
            None => Ok(list),
        },
    }
}

/// Derivatives by their words.
pub(super) fn derivatives(text: &str) -> Parsed<Vec<Derivative>> {
    let words = values::words(text, &Derivative::WORDS)?;
    Ok(words.iter().filter_map(|word| Derivative::of(word)).collect())
}
