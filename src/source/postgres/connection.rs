//! What it takes to reach a PostgreSQL server, read from a connection string.
//!
//! In: a URL, libpq's `key=value` list, or a .NET (Npgsql) string as EdFi_Admin and the Alliance's
//! `CONNECTION_CONFIG` hold it. Out: [`ConnectionSettings`]. Every key is known or refused: a misspelled
//! `SSL Mode` must not pass for its default. No error repeats the string, since it may hold a password.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::dialect::{self, Pair};
use super::secret::Secret;

/// How much TLS is demanded, as libpq defines it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum SslMode {
    /// Never TLS.
    Disable,
    /// TLS when the server offers it; nothing is verified.
    #[default]
    Prefer,
    /// TLS or nothing; the certificate is verified only when a root certificate is named.
    Require,
    /// TLS with a certificate that a trusted authority signed.
    VerifyCa,
    /// TLS with a certificate that a trusted authority signed for this very host.
    VerifyFull,
}

impl SslMode {
    fn parse(text: &str) -> Option<SslMode> {
        let folded: String =
            text.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
        Some(match folded.as_str() {
            "disable" => SslMode::Disable,
            // libpq's `allow` prefers plain text; the stronger neighbour serves everybody whom it serves.
            "allow" | "prefer" => SslMode::Prefer,
            "require" => SslMode::Require,
            "verifyca" => SslMode::VerifyCa,
            "verifyfull" => SslMode::VerifyFull,
            _ => return None,
        })
    }
}

impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SslMode::Disable => "disable",
            SslMode::Prefer => "prefer",
            SslMode::Require => "require",
            SslMode::VerifyCa => "verify-ca",
            SslMode::VerifyFull => "verify-full",
        })
    }
}

/// How to reach one database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionSettings {
    /// Host name or address; the directory of a Unix socket when it starts with `/`.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Role to log in as.
    pub user: String,
    /// Database.
    pub database: String,
    /// Password, when the string held one (and might) or one was found.
    pub password: Option<Secret>,
    /// Demanded TLS.
    pub ssl_mode: SslMode,
    /// PEM file of the certificate authorities to trust, in place of those of the system.
    pub ssl_root_cert: Option<PathBuf>,
    /// PEM file of our own certificate.
    pub ssl_cert: Option<PathBuf>,
    /// PEM file of its key.
    pub ssl_key: Option<PathBuf>,
    /// A pgpass file to use in place of the usual one.
    pub passfile: Option<PathBuf>,
    /// How long one attempt to connect may take, when the string says it.
    pub connect_timeout: Option<Duration>,
}

/// Why a connection string or its password cannot be used. A fault of the configuration (exit code 2).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// The string cannot be taken apart.
    #[error(
        "cannot read the connection string: {reason}. Write postgres://user@host:5432/database?sslmode=verify-full, or host=... user=... dbname=..., or Host=...;Username=...;Database=..."
    )]
    Syntax {
        /// What is wrong.
        reason: String,
    },
    /// A key that is not known.
    #[error(
        "the connection string has an unknown key `{key}`. Known are host, port, user, dbname, sslmode, sslrootcert, sslcert, sslkey, passfile and connect_timeout, and their Npgsql spellings"
    )]
    UnknownKey {
        /// The key, folded.
        key: String,
    },
    /// A key whose value is not acceptable.
    #[error("the connection string's `{key}` cannot be used: {reason}")]
    Value {
        /// The key, folded.
        key: String,
        /// What is wrong.
        reason: String,
    },
    /// Something that every connection needs is not there.
    #[error("the connection string names no {what}. Add it, as in postgres://user@host:5432/database")]
    Missing {
        /// What is missing.
        what: &'static str,
    },
    /// A password where everybody can read it.
    #[error(
        "the connection string holds a password. On a command line it shows in the process list and in the shell's history: take it out, and give it by PGPASSWORD, a pgpass file (~/.pgpass, mode 0600), password_file or password_command"
    )]
    PasswordInText,
    /// A password's source that does not answer.
    #[error("no password from {place}: {reason}")]
    Password {
        /// Which source was asked.
        place: String,
        /// Why it did not answer.
        reason: String,
    },
}

/// Keys that Npgsql and libpq know and that change nothing for one read-only run.
const IGNORED: &[&str] = &[
    "applicationname",
    "autoprepareminusages",
    "cancellationtimeout",
    "clientencoding",
    "commandtimeout",
    "connectionidlelifetime",
    "connectionlifetime",
    "connectionpruninginterval",
    "encoding",
    "enlist",
    "fallbackapplicationname",
    "includeerrordetail",
    "includefailedbatchedcommand",
    "internalcommandtimeout",
    "keepalive",
    "keepalives",
    "keepalivescount",
    "keepalivesidle",
    "keepalivesinterval",
    "logparameters",
    "maxautoprepare",
    "maximumpoolsize",
    "maxpoolsize",
    "minimumpoolsize",
    "minpoolsize",
    "multiplexing",
    "noresetonclose",
    "persistsecurityinfo",
    "pooling",
    "readbuffersize",
    "socketreceivebuffersize",
    "socketsendbuffersize",
    "tcpkeepalive",
    "tcpkeepaliveinterval",
    "tcpkeepalivetime",
    "tcpusertimeout",
    "timezone",
    "writebuffersize",
];

/// Keys that would change who is trusted or what is read, and that cannot be honoured.
const REFUSED: &[(&str, &str)] = &[
    ("hostaddr", "name the server by host"),
    ("options", "server settings are rosterpack's own; set others with ALTER ROLE ... SET"),
    ("service", "write the service's values out"),
    ("sslpassword", "the key of a client certificate must not be encrypted; protect its file instead"),
    ("sslcrl", "revocation lists are not supported"),
    ("sslcrldir", "revocation lists are not supported"),
    ("sslnegotiation", "only the negotiation of the PostgreSQL protocol is supported"),
    ("requireauth", "methods of authentication cannot be demanded"),
    ("gssencmode", "GSSAPI is not supported"),
    ("krbsrvname", "Kerberos is not supported"),
    ("targetsessionattrs", "name one server"),
    ("targetsessionattributes", "name one server"),
    ("loadbalancehosts", "name one server"),
    ("searchpath", "the schema is always edfi"),
];

impl ConnectionSettings {
    /// Whether a text can only be meant as a connection string: a URL of PostgreSQL, or a list that starts
    /// with a key such as `host=` or `Server=`.
    pub fn looks_like(text: &str) -> bool {
        let text = text.trim_start();
        dialect::url_rest(text).is_some()
            || text.split_once('=').is_some_and(|(key, _)| {
                let key = key.trim().to_ascii_lowercase();
                ["host", "server", "port", "user", "username", "user id", "dbname", "database"]
                    .contains(&key.as_str())
            })
    }

    /// Reads a connection string of any of the three spellings. With `allow_password` false, one that holds
    /// a password is refused with the reason; with true, the password is in the result.
    ///
    /// # Errors
    /// [`ConnectionError`], never repeating a value that may be secret.
    pub fn parse(text: &str, allow_password: bool) -> Result<ConnectionSettings, ConnectionError> {
        ConnectionSettings::parse_with(text, allow_password, &[])
    }

    /// Like [`ConnectionSettings::parse`], with further keys and values, in libpq's spelling, that win over
    /// those of the string. What the keys say together is checked as if all stood in the string.
    ///
    /// # Errors
    /// Those of [`ConnectionSettings::parse`].
    pub fn parse_with(
        text: &str,
        allow_password: bool,
        further: &[(&str, &str)],
    ) -> Result<ConnectionSettings, ConnectionError> {
        let mut draft = Draft::default();
        for pair in dialect::pairs(text)? {
            draft.apply(pair)?;
        }
        for (key, value) in further {
            draft.apply(Pair { key: (*key).to_owned(), value: (*value).to_owned() })?;
        }
        if draft.password.is_some() && !allow_password {
            return Err(ConnectionError::PasswordInText);
        }
        draft.finish()
    }

    /// Whether the host is this machine: a socket, `localhost` or a loopback address.
    pub fn is_local(&self) -> bool {
        self.host.starts_with('/')
            || self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Host, port and database, for messages.
    pub fn place(&self) -> String {
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        format!("{open}{}{close}:{}/{}", self.host, self.port, self.database)
    }
}

#[derive(Default)]
struct Draft {
    host: Option<String>,
    port: Option<u16>,
    user: Option<String>,
    database: Option<String>,
    password: Option<Secret>,
    ssl_mode: Option<SslMode>,
    ssl_root_cert: Option<PathBuf>,
    ssl_cert: Option<PathBuf>,
    ssl_key: Option<PathBuf>,
    passfile: Option<PathBuf>,
    connect_timeout: Option<Duration>,
    trust_server: bool,
}

fn truth(text: &str) -> bool {
    ["true", "yes", "on", "1"].iter().any(|yes| text.trim().eq_ignore_ascii_case(yes))
}

impl Draft {
    fn apply(&mut self, Pair { key, value }: Pair) -> Result<(), ConnectionError> {
        let refuse =
            |reason: &str| Err(ConnectionError::Value { key: key.clone(), reason: reason.to_owned() });
        // In all three spellings an empty value means the default.
        if value.is_empty() {
            return Ok(());
        }
        match key.as_str() {
            "host" | "server" => {
                if value.contains(',') {
                    return refuse("lists of hosts are not supported, name one server");
                }
                // Npgsql takes a port behind the host; an IPv6 address has more than one colon.
                match value.split_once(':') {
                    Some((host, port)) if !port.contains(':') => {
                        let Ok(port) = port.parse() else { return refuse("the port is not a number") };
                        self.host = Some(host.to_owned());
                        self.port = Some(port);
                    }
                    _ => self.host = Some(value),
                }
            }
            "port" => match value.trim().parse() {
                Ok(port) if port > 0 => self.port = Some(port),
                _ => return refuse("it is not a port number between 1 and 65535"),
            },
            "user" | "username" | "userid" | "uid" => self.user = Some(value),
            "database" | "dbname" | "db" => self.database = Some(value),
            "password" | "pwd" | "psw" => self.password = Some(Secret::new(value)),
            "sslmode" => match SslMode::parse(&value) {
                Some(mode) => self.ssl_mode = Some(mode),
                None => return refuse("use disable, prefer, require, verify-ca or verify-full"),
            },
            "sslrootcert" | "rootcertificate" => {
                // libpq's word for the system's authorities, which are trusted anyway.
                if value != "system" {
                    self.ssl_root_cert = Some(value.into());
                }
            }
            "sslcert" | "sslcertificate" => self.ssl_cert = Some(value.into()),
            "sslkey" => self.ssl_key = Some(value.into()),
            "passfile" => self.passfile = Some(value.into()),
            "trustservercertificate" => self.trust_server = truth(&value),
            "connecttimeout" | "timeout" => match value.trim().parse() {
                Ok(0) => {} // both dialects: wait without limit, which a nightly run must not
                Ok(seconds) => self.connect_timeout = Some(Duration::from_secs(seconds)),
                Err(_) => return refuse("it is not a whole number of seconds"),
            },
            "channelbinding" if !value.eq_ignore_ascii_case("require") => {}
            "channelbinding" => return refuse("channel binding cannot be demanded"),
            "checkcertificaterevocation" | "integratedsecurity" if !truth(&value) => {}
            "checkcertificaterevocation" => return refuse("revocation lists are not supported"),
            "integratedsecurity" => {
                return refuse("Kerberos is not supported, use a password or a certificate");
            }
            other => {
                if let Some((_, reason)) = REFUSED.iter().find(|(name, _)| *name == other) {
                    return refuse(reason);
                }
                if !IGNORED.contains(&other) {
                    return Err(ConnectionError::UnknownKey { key });
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<ConnectionSettings, ConnectionError> {
        let value = |key: &str, reason: &str| {
            Err(ConnectionError::Value { key: key.to_owned(), reason: reason.to_owned() })
        };
        let mut ssl_mode = self.ssl_mode.unwrap_or_default();
        if self.ssl_cert.is_some() != self.ssl_key.is_some() {
            return value("sslcert", "a client certificate needs both sslcert and sslkey");
        }
        match ssl_mode {
            SslMode::VerifyCa | SslMode::VerifyFull if self.trust_server => {
                return value("trustservercertificate", "it contradicts an SSL mode that verifies");
            }
            // Without a named authority, every certificate of the public web would do, for any host.
            SslMode::VerifyCa if self.ssl_root_cert.is_none() => {
                return value(
                    "sslmode",
                    "verify-ca needs sslrootcert; with the system's authorities use verify-full",
                );
            }
            // As in libpq: who names an authority wants it to be checked.
            SslMode::Require if self.ssl_root_cert.is_some() && !self.trust_server => {
                ssl_mode = SslMode::VerifyCa;
            }
            _ => {}
        }
        let host = self.host.unwrap_or_else(|| "localhost".to_owned());
        // A Unix socket has no TLS and needs none; libpq ignores sslmode there, too.
        if host.starts_with('/') {
            ssl_mode = SslMode::Disable;
        }
        Ok(ConnectionSettings {
            host,
            port: self.port.unwrap_or(5432),
            user: self.user.ok_or(ConnectionError::Missing { what: "user" })?,
            database: self.database.ok_or(ConnectionError::Missing { what: "database" })?,
            password: self.password,
            ssl_mode,
            ssl_root_cert: self.ssl_root_cert,
            ssl_cert: self.ssl_cert,
            ssl_key: self.ssl_key,
            passfile: self.passfile,
            connect_timeout: self.connect_timeout,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_keys_win_and_are_checked_with_the_rest() {
        let address = "postgres://reader@db/ods?sslmode=prefer";
        let further = [("sslmode", "verify-ca"), ("sslrootcert", "/ca.pem")];
        let settings = ConnectionSettings::parse_with(address, false, &further).unwrap();
        assert_eq!(settings.ssl_mode, SslMode::VerifyCa);
        assert_eq!(settings.ssl_root_cert, Some("/ca.pem".into()));
        assert!(ConnectionSettings::parse_with(address, false, &further[..1]).is_err());
        assert!(ConnectionSettings::parse_with(address, false, &[("sslcert", "/c.pem")]).is_err());
    }

    #[test]
    fn three_spellings_of_one_connection_are_equal() {
        let url = "postgres://reader@db.example:5433/EdFi_Ods_2025?sslmode=verify-full&sslrootcert=/ca.pem&sslcert=/c.pem&sslkey=/k.pem&connect_timeout=7";
        let libpq = "host=db.example port=5433 user=reader dbname=EdFi_Ods_2025 sslmode=verify-full sslrootcert=/ca.pem sslcert=/c.pem sslkey=/k.pem connect_timeout=7";
        let npgsql = "Host=db.example;Port=5433;Username=reader;Database=EdFi_Ods_2025;SSL Mode=VerifyFull;Root Certificate=/ca.pem;SSL Certificate=/c.pem;SSL Key=/k.pem;Timeout=7;Pooling=true;Minimum Pool Size=1;Maximum Pool Size=50;Application Name=EdFi.Ods.WebApi";
        let expected = ConnectionSettings {
            host: "db.example".into(),
            port: 5433,
            user: "reader".into(),
            database: "EdFi_Ods_2025".into(),
            password: None,
            ssl_mode: SslMode::VerifyFull,
            ssl_root_cert: Some("/ca.pem".into()),
            ssl_cert: Some("/c.pem".into()),
            ssl_key: Some("/k.pem".into()),
            passfile: None,
            connect_timeout: Some(Duration::from_secs(7)),
        };
        for text in [url, libpq, npgsql] {
            assert!(ConnectionSettings::looks_like(text), "{text}");
            assert_eq!(ConnectionSettings::parse(text, false).as_ref(), Ok(&expected), "{text}");
        }
    }

    #[test]
    fn defaults_and_addresses() {
        let parse = |text: &str| ConnectionSettings::parse(text, false).unwrap();
        let plain = parse("postgres://reader@/ods");
        assert_eq!((plain.host.as_str(), plain.port, plain.ssl_mode), ("localhost", 5432, SslMode::Prefer));
        assert_eq!(plain.place(), "localhost:5432/ods");
        assert_eq!(parse("postgres://reader@[::1]/ods").place(), "[::1]:5432/ods");
        assert_eq!(parse("server=db:5499 user=a dbname=b").port, 5499);
        let socket = parse("host=/var/run user=a dbname=b sslmode=verify-full");
        assert_eq!((socket.host.as_str(), socket.ssl_mode), ("/var/run", SslMode::Disable));
    }

    #[test]
    fn a_password_is_refused_or_taken_and_never_shown() {
        for text in [
            "postgres://reader:hunter2@db/ods",
            "postgres://reader@db/ods?password=hunter2",
            "host=db user=reader dbname=ods password=hunter2",
            "Host=db;Username=reader;Database=ods;Password=hunter2",
            "Host=db;User Id=reader;Database=ods;Pwd=hunter2",
        ] {
            let refused = ConnectionSettings::parse(text, false).unwrap_err();
            assert_eq!(refused, ConnectionError::PasswordInText);
            assert!(refused.to_string().contains("process list") && !refused.to_string().contains("hunter2"));
            let taken = ConnectionSettings::parse(text, true).unwrap();
            assert_eq!(taken.password, Some(Secret::new("hunter2")));
            assert!(!format!("{taken:?} {}", taken.place()).contains("hunter2"));
        }
    }

    #[test]
    fn whatever_is_wrong_is_named_without_a_value() {
        for (text, named) in [
            ("postgres://reader:hunter2@a,b/ods", "host"),
            ("postgres://reader@db:hunter2/ods", "port"),
            ("Host=db;Username=r;Database=o;SSL Moed=hunter2", "sslmoed"),
            ("host=db user=r dbname=o sslmode=hunter2", "verify-full"),
            ("host=db user=r dbname=o sslmode=verify-ca", "sslrootcert"),
            ("host=db user=r dbname=o sslcert=hunter2", "sslkey"),
            ("host=db user=r dbname=o options=hunter2", "options"),
            (
                "Host=db;Username=r;Database=o;SSL Mode=VerifyFull;Trust Server Certificate=true",
                "contradicts",
            ),
            ("Host=db;Username=r;Database=o;Timeout=hunter2", "timeout"),
            ("Host=db;Database=o;", "user"),
            ("host=db user=hunter2", "database"),
            ("hunter2", "connection string"),
        ] {
            let error = ConnectionSettings::parse(text, true).unwrap_err().to_string();
            assert!(error.contains(named) && !error.contains("hunter2"), "{text}: {error}");
        }
    }

    #[test]
    fn a_named_authority_is_always_checked() {
        let mode = |text: &str| ConnectionSettings::parse(text, false).unwrap().ssl_mode;
        assert_eq!(mode("host=a user=b dbname=c sslmode=require"), SslMode::Require);
        assert_eq!(mode("host=a user=b dbname=c sslmode=require sslrootcert=/ca"), SslMode::VerifyCa);
        assert_eq!(
            mode("host=a user=b dbname=c sslmode=verify-full sslrootcert=system"),
            SslMode::VerifyFull
        );
    }

    #[test]
    fn folders_are_no_connections() {
        for text in ["./extracts", "/data/ods", "sample", "C:\\ods", "a=b", "postgres"] {
            assert!(!ConnectionSettings::looks_like(text), "{text}");
        }
    }
}
