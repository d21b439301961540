//! What a failed conversation with the server means to the person who reads it.
//!
//! In: an error of sqlx and what was being done. Out: a [`SourceError`] that says what was tried, why it
//! failed and what to do next; and whether the fault may pass by itself. Server messages are passed on except
//! where they quote data. The connection string and the password never come near this file.

use std::io::ErrorKind;

use super::connection::SslMode;
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

/// A failed step.
#[derive(Debug)]
pub(super) enum Failure {
    /// What sqlx reports.
    Driver(sqlx::Error),
    /// Nothing came from the server for this many seconds.
    Silence(u64),
    /// The machine cannot give us what an event loop needs.
    Machine(std::io::Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Failure {
        Failure::Driver(error)
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

impl Failure {
    fn code(&self) -> Option<String> {
        match self {
            Failure::Driver(sqlx::Error::Database(error)) => error.code().map(|code| code.into_owned()),
            _ => None,
        }
    }

    /// Too many connections, of the server or of the role.
    pub(super) fn is_crowding(&self) -> bool {
        self.code().as_deref() == Some("53300")
    }

    /// The server hung up during the first bytes; sqlx takes the absence of an answer for a zero byte.
    fn is_hang_up(&self) -> bool {
        matches!(self, Failure::Driver(sqlx::Error::Protocol(text)) if text.contains("SSLRequest: 0x00"))
    }

    /// Whether trying to connect again may help: the network and the server's life cycle, not its answers.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Failure::Silence(_) => true,
            Failure::Machine(_) => false,
            Failure::Driver(sqlx::Error::Io(error)) => match error.kind() {
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
            Failure::Driver(_) => {
                self.is_hang_up()
                    || self.code().is_some_and(|code| {
                        code.starts_with("08")
                            || ["53300", "57P01", "57P02", "57P03", "53200"].contains(&code.as_str())
                    })
            }
        }
    }

    /// What happened, without any value of the data.
    fn reason(&self) -> String {
        match self {
            Failure::Silence(seconds) => format!("nothing came from the server for {seconds} s"),
            Failure::Machine(error) => format!("this machine could not open an event loop: {error}"),
            Failure::Driver(sqlx::Error::Io(error)) => match error.kind() {
                ErrorKind::ConnectionRefused => "the connection was refused".to_owned(),
                ErrorKind::UnexpectedEof => "the server closed the connection".to_owned(),
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted => {
                    "the connection broke".to_owned()
                }
                // rustls puts its own errors behind io's.
                ErrorKind::InvalidData => format!("{TLS_FAILED}{error}"),
                _ => error.to_string(),
            },
            Failure::Driver(sqlx::Error::Database(error)) => {
                let code = error.code().unwrap_or_default();
                // Data exceptions quote the value that they could not convert: perhaps a name or a birthday.
                if code.starts_with("22") {
                    format!("a value could not be read (SQLSTATE {code})")
                } else {
                    format!("{SERVER_SAID}{} (SQLSTATE {code})", error.message())
                }
            }
            Failure::Driver(sqlx::Error::Tls(error)) => format!("{TLS_FAILED}{error}"),
            Failure::Driver(_) if self.is_hang_up() => "the server closed the connection".to_owned(),
            Failure::Driver(sqlx::Error::Protocol(error)) => format!("unexpected answer: {error}"),
            Failure::Driver(error) => error.to_string(),
        }
    }

    fn remedy(&self, context: &Context) -> String {
        let user = &context.user;
        match self.code().as_deref() {
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
            Failure::Driver(sqlx::Error::Tls(error)) if error.to_string().contains("does not support") => {
                "Turn TLS on at the server (ssl = on); only on a trusted network use sslmode=prefer".into()
            }
            Failure::Driver(sqlx::Error::Tls(_)) => tls.into(),
            Failure::Driver(sqlx::Error::Configuration(_)) => "Check sslcert and sslkey".into(),
            Failure::Driver(sqlx::Error::Io(error)) => match error.kind() {
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
            Failure::Machine(_) => "Close other programs or raise the limit of open files".into(),
            Failure::Driver(_) => "Look into the server's log, then run again".into(),
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
    use std::io;

    fn driver(kind: ErrorKind) -> Failure {
        Failure::Driver(sqlx::Error::Io(io::Error::new(kind, "some words")))
    }

    #[test]
    fn only_faults_of_network_and_life_cycle_may_pass() {
        assert!(driver(ErrorKind::ConnectionRefused).may_pass());
        assert!(driver(ErrorKind::ConnectionReset).may_pass());
        assert!(Failure::Silence(3).may_pass());
        assert!(!driver(ErrorKind::InvalidData).may_pass());
        assert!(!Failure::Driver(sqlx::Error::Tls("bad certificate".into())).may_pass());
        assert!(!Failure::Driver(sqlx::Error::Configuration("bad key".into())).may_pass());
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
        let text = driver(ErrorKind::ConnectionRefused).explain("connecting", &context).to_string();
        assert_eq!(
            text,
            "cannot read the source db:5432/ods: connecting: the connection was refused. Check host and port, and that the server runs and listens there (listen_addresses)"
        );
        let text = driver(ErrorKind::InvalidData).explain("connecting", &context).to_string();
        assert!(text.contains("TLS failed") && text.contains("names this very host"));
    }
}
