//! What a failed conversation with the server means to the person who reads it.
//!
//! In: a [`Failure`] and what was being done. Out: a [`SourceError`] that says what was tried, why it
//! failed and what to do next; and whether the fault may pass by itself. Server messages are passed on except
//! where they quote data. The connection string and the password never come near this file.

use std::io::{self, ErrorKind};

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::ErrorFields;

use super::connection::{ConnectionSettings, SslMode};
use crate::source::SourceError;

/// How the reason of a TLS failure begins.
const TLS_FAILED: &str = "TLS failed: ";
/// How the reason of an answer of the server begins.
const SERVER_SAID: &str = "the server said: ";
/// How the reason of a failed connection begins.
pub(super) const CONNECTING: &str = "connecting as ";

/// How far opening a database came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpeningStep {
    /// The server was not reached.
    Reach,
    /// TLS failed.
    Tls,
    /// The server did not let us in.
    LogIn,
    /// We were in, and something else failed.
    Inside,
}

impl OpeningStep {
    /// The step at which an error of `PostgresSource::open` occurred.
    pub fn of(error: &SourceError) -> OpeningStep {
        let SourceError::Place { reason, .. } = error else { return OpeningStep::Inside };
        match reason.strip_prefix(CONNECTING).and_then(|rest| rest.split_once(": ")) {
            None => OpeningStep::Inside,
            Some((_, rest)) if rest.starts_with(TLS_FAILED) => OpeningStep::Tls,
            Some((_, rest)) if rest.starts_with(SERVER_SAID) => OpeningStep::LogIn,
            Some(_) => OpeningStep::Reach,
        }
    }
}

/// What the server answered instead of doing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerError {
    /// SQLSTATE.
    pub(super) code: String,
    /// The primary message; details are not kept, since they quote rows.
    pub(super) message: String,
}

impl ServerError {
    /// From the fields of an error message; what is missing or damaged is left empty.
    pub(super) fn read(mut fields: ErrorFields<'_>) -> ServerError {
        let mut error = ServerError { code: String::new(), message: String::new() };
        while let Ok(Some(field)) = fields.next() {
            // Before a session has an encoding, the server speaks its own.
            let text = || String::from_utf8_lossy(field.value_bytes()).into_owned();
            match field.type_() {
                b'C' => error.code = text(),
                b'M' => error.message = text(),
                _ => {}
            }
        }
        error
    }
}

/// A failed step.
#[derive(Debug)]
pub(super) enum Failure {
    /// The way to the server.
    Io(io::Error),
    /// The server said no.
    Server(ServerError),
    /// TLS could not be begun.
    Tls(String),
    /// TLS was demanded of a server that has none.
    NoTls,
    /// The server wants another kind of proof than we can give, or gave a wrong one.
    Login(String),
    /// Files of the settings that cannot be used.
    Configuration(String),
    /// The server speaks another protocol than PostgreSQL's.
    Protocol(String),
    /// Nothing came from the server for this many seconds.
    Silence(u64),
}

impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Failure {
        Failure::Server(error)
    }
}

/// What a message about a failed connection can add to the server's words.
#[derive(Debug, Clone)]
pub(super) struct Context {
    /// Host, port and database.
    pub(super) place: String,
    /// Role that logs in.
    pub(super) user: String,
    /// Demanded TLS.
    pub(super) ssl_mode: SslMode,
    /// Whether a password is at hand.
    pub(super) has_password: bool,
    /// Why a pgpass file gave none.
    pub(super) remark: Option<String>,
}

impl Context {
    /// What settings have to say.
    pub(super) fn new(settings: &ConnectionSettings, remark: Option<String>) -> Context {
        Context {
            place: settings.place(),
            user: settings.user.clone(),
            ssl_mode: settings.ssl_mode,
            has_password: settings.password.is_some(),
            remark,
        }
    }
}

impl Failure {
    fn code(&self) -> Option<&str> {
        match self {
            Failure::Server(error) => Some(&error.code),
            _ => None,
        }
    }

    /// Too many connections, of the server or of the role.
    pub(super) fn is_crowding(&self) -> bool {
        self.code() == Some("53300")
    }

    /// Whether trying to connect again may help: the network and the server's life cycle, not its answers.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Failure::Silence(_) => true,
            Failure::Io(error) => match error.kind() {
                ErrorKind::ConnectionRefused
                | ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe
                | ErrorKind::TimedOut
                | ErrorKind::UnexpectedEof
                | ErrorKind::HostUnreachable
                | ErrorKind::NetworkUnreachable
                | ErrorKind::NetworkDown
                | ErrorKind::Interrupted => true,
                // A socket directory whose server has not started yet; resolvers that are busy.
                ErrorKind::NotFound => true,
                _ => error.to_string().contains("Temporary failure in name resolution"),
            },
            // Shutting down or starting up, out of memory or slots; class 08 is about connections.
            Failure::Server(error) => {
                error.code.starts_with("08")
                    || ["53300", "57P01", "57P02", "57P03", "53200"].contains(&error.code.as_str())
            }
            Failure::Tls(_)
            | Failure::NoTls
            | Failure::Login(_)
            | Failure::Configuration(_)
            | Failure::Protocol(_) => false,
        }
    }

    /// What happened, without any value of the data.
    fn reason(&self) -> String {
        match self {
            Failure::Silence(seconds) => format!("nothing came from the server for {seconds} s"),
            Failure::Io(error) => match error.kind() {
                ErrorKind::ConnectionRefused => "the connection was refused".to_owned(),
                ErrorKind::UnexpectedEof => "the server closed the connection".to_owned(),
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted => {
                    "the connection broke".to_owned()
                }
                // rustls puts its own errors behind io's.
                ErrorKind::InvalidData => format!("{TLS_FAILED}{error}"),
                _ => error.to_string(),
            },
            // Data exceptions quote the value that they could not convert: perhaps a name or a birthday.
            Failure::Server(ServerError { code, .. }) if code.starts_with("22") => {
                format!("a value could not be read (SQLSTATE {code})")
            }
            Failure::Server(ServerError { code, message }) => {
                format!("{SERVER_SAID}{message} (SQLSTATE {code})")
            }
            Failure::Tls(error) => format!("{TLS_FAILED}{error}"),
            Failure::NoTls => format!("{TLS_FAILED}the server does not support TLS"),
            Failure::Login(error) => format!("{SERVER_SAID}{error}"),
            Failure::Configuration(error) => format!("{TLS_FAILED}{error}"),
            Failure::Protocol(error) => format!("unexpected answer: {error}"),
        }
    }

    fn remedy(&self, context: &Context) -> String {
        let user = &context.user;
        match self.code() {
            Some("28P01" | "28000") => {
                let mut text = if context.has_password {
                    format!("Check the password of role {user} and the server's pg_hba.conf")
                } else {
                    format!(
                        "No password was given for role {user}: set PGPASSWORD, a pgpass file, password_file or password_command"
                    )
                };
                if let Some(remark) = &context.remark {
                    text.push_str(". ");
                    text.push_str(remark);
                }
                text
            }
            Some("3D000") => "Check the database's name; `psql -l` lists those of the server".into(),
            Some("42501") => {
                format!("Grant role {user} what it lacks; templates/postgres/reader.sql does it for every table")
            }
            Some("57014") => "Raise the statement time-out, or find out what slows the server down".into(),
            Some("55P03") => {
                "Another session holds a lock, perhaps an upgrade or a VACUUM FULL: run again when it is done, or raise the lock time-out".into()
            }
            Some("40001") => {
                "A replica cancels long reads when the primary changes the same tables: read the primary, or raise max_standby_streaming_delay".into()
            }
            Some("53300") => "Too many sessions are open: use fewer connections, or raise the server's or the role's limit".into(),
            Some("57P01" | "57P02" | "57P03") => {
                "The server stops or starts, or an administrator ended the session: run again when it is up".into()
            }
            Some("25006") => "The statement tried to write, which rosterpack never does: please report this".into(),
            Some(code) if code.starts_with("22") => {
                "A view or a column converts its values and fails: look at its definition; the value is not repeated here".into()
            }
            _ => self.remedy_without_code(context),
        }
    }

    fn remedy_without_code(&self, context: &Context) -> String {
        let tls = match context.ssl_mode {
            SslMode::VerifyFull => {
                "Check that the certificate is signed by an authority of the system or of sslrootcert, is valid today, and names this very host"
            }
            SslMode::VerifyCa => {
                "Check that the certificate is signed by an authority of sslrootcert and is valid today"
            }
            _ => "Check the server's TLS settings and the client certificate, or change sslmode",
        };
        match self {
            Failure::NoTls => {
                "Turn TLS on at the server (ssl = on); only on a trusted network use sslmode=prefer".into()
            }
            Failure::Tls(_) => tls.into(),
            Failure::Login(_) => {
                "Let the server's pg_hba.conf ask for scram-sha-256, md5, a certificate or trust".into()
            }
            Failure::Configuration(_) => {
                "Check that the files of sslrootcert, sslcert and sslkey are there and hold what they should"
                    .into()
            }
            Failure::Io(error) => match error.kind() {
                ErrorKind::ConnectionRefused => {
                    "Check host and port, and that the server runs and listens there (listen_addresses)"
                        .into()
                }
                ErrorKind::InvalidData => tls.into(),
                ErrorKind::NotFound => "Check that the file or the socket exists".into(),
                ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
                    "Look into the server's log for the reason, then run again; nothing was published".into()
                }
                _ => "Check the host's name, the network and its firewalls, then run again".into(),
            },
            Failure::Silence(_) => {
                "Check the network, its firewalls and the server's load, then run again".into()
            }
            Failure::Protocol(_) => "Check that host and port are those of a PostgreSQL server".into(),
            Failure::Server(_) => "Look into the server's log, then run again".into(),
        }
    }

    /// The error to hand out, about what was being tried.
    pub(super) fn explain(&self, trying: &str, context: &Context) -> SourceError {
        SourceError::Place {
            place: context.place.clone(),
            reason: format!("{trying}: {}", self.reason()),
            remedy: self.remedy(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(kind: ErrorKind) -> Failure {
        Failure::Io(io::Error::new(kind, "some words"))
    }

    #[test]
    fn only_faults_of_network_and_life_cycle_may_pass() {
        assert!(line(ErrorKind::ConnectionRefused).may_pass());
        assert!(line(ErrorKind::ConnectionReset).may_pass());
        assert!(Failure::Silence(3).may_pass());
        assert!(!line(ErrorKind::InvalidData).may_pass());
        assert!(!Failure::Tls("bad certificate".into()).may_pass());
        assert!(!Failure::Configuration("bad key".into()).may_pass());
    }

    #[test]
    fn messages_say_place_step_reason_and_remedy() {
        let context = Context {
            place: "db:5432/ods".into(),
            user: "reader".into(),
            ssl_mode: SslMode::VerifyFull,
            has_password: false,
            remark: None,
        };
        let text = line(ErrorKind::ConnectionRefused).explain("connecting", &context).to_string();
        assert_eq!(
            text,
            "cannot read the source db:5432/ods: connecting: the connection was refused. Check host and port, and that the server runs and listens there (listen_addresses)"
        );
        let text = line(ErrorKind::InvalidData).explain("connecting", &context).to_string();
        assert!(text.contains("TLS failed") && text.contains("names this very host"));
    }
}
