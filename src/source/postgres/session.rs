//! One connection with an event loop of its own, behind blocking calls.
//!
//! In: settings, limits, statements. Out: rows of text, or a stream of COPY payloads handed to a callback.
//! sqlx and async end here: each session drives its connection on the thread that calls it, so that no
//! payload crosses a thread and a sink may block. A session that failed or was left in the middle of a
//! stream is dropped, which closes the connection; it is never drained or used again.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep_until, timeout};

use super::connection::{ConnectionSettings, SslMode};
use super::fault::Failure;
use crate::retry::{Retry, jitter};
use crate::source::SourceError;

/// How the server's statistics and logs call us.
pub(super) const APPLICATION_NAME: &str = concat!("rosterpack/", env!("CARGO_PKG_VERSION"));

/// A row of a statement whose columns are all text.
pub(super) type TextRow = Vec<Option<String>>;

/// Limits of waiting for the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// One attempt to connect, TLS and authentication included.
    pub(super) connect: Duration,
    /// Nothing at all from the server while something is expected.
    pub(super) silence: Duration,
}

/// Takes the payloads of a stream.
pub(super) trait Receiver {
    /// Takes one payload; true asks for a pause before the next.
    fn take(&mut self, payload: &[u8]) -> Result<bool, SourceError>;

    /// Runs outside of the event loop: the place to do something that may block.
    fn pause(&mut self) -> Result<(), SourceError>;
}

/// Why a stream did not reach its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The server, or the way to it.
    Server(Failure),
    /// The receiver did not want what came, or no more of it.
    Receiver(SourceError),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Stop {
        Stop::Server(failure)
    }
}

/// A live connection.
pub(super) struct Session {
    connection: PgConnection,
    silence: Duration,
    // Declared last: it is dropped last, since the connection's socket is registered with it.
    runtime: Runtime,
}

fn ssl_mode(mode: SslMode) -> PgSslMode {
    match mode {
        SslMode::Disable => PgSslMode::Disable,
        SslMode::Prefer => PgSslMode::Prefer,
        SslMode::Require => PgSslMode::Require,
        SslMode::VerifyCa => PgSslMode::VerifyCa,
        SslMode::VerifyFull => PgSslMode::VerifyFull,
    }
}

fn options(settings: &ConnectionSettings) -> PgConnectOptions {
    let mut options = PgConnectOptions::new_without_pgpass()
        .host(&settings.host)
        .port(settings.port)
        .username(&settings.user)
        .database(&settings.database)
        .ssl_mode(ssl_mode(settings.ssl_mode))
        .application_name(APPLICATION_NAME)
        // Poolers refuse start-up parameters that they do not know.
        .extra_float_digits(None)
        .statement_cache_capacity(0);
    if settings.host.starts_with('/') {
        options = options.socket(&settings.host);
    }
    if let Some(password) = &settings.password {
        options = options.password(password.expose());
    }
    if let Some(file) = &settings.ssl_root_cert {
        options = options.ssl_root_cert(file);
    }
    if let (Some(certificate), Some(key)) = (&settings.ssl_cert, &settings.ssl_key) {
        options = options.ssl_client_cert(certificate).ssl_client_key(key);
    }
    options.disable_statement_logging()
}

/// Waits for an answer, but not for ever.
async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, Failure> {
    match timeout(limit, answer).await {
        Ok(answer) => answer.map_err(Failure::Driver),
        Err(_) => Err(Failure::Silence(limit.as_secs())),
    }
}

impl Session {
    /// Connects, again and again while the fault may pass. With `give_way`, a crowded server is not asked
    /// again: the caller can do with fewer sessions.
    pub(super) fn connect(
        settings: &ConnectionSettings,
        patience: Patience,
        retry: Retry,
        give_way: bool,
    ) -> Result<Session, Failure> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(Failure::Machine)?;
        let options = options(settings);
        let mut failed = 0;
        loop {
            let attempt = runtime.block_on(within(patience.connect, options.connect()));
            let failure = match attempt {
                Ok(connection) => return Ok(Session { connection, silence: patience.silence, runtime }),
                Err(failure) => failure,
            };
            failed += 1;
            let hopeless = !failure.may_pass() || (give_way && failure.is_crowding());
            match retry.wait(failed, jitter()) {
                Some(wait) if !hopeless => std::thread::sleep(wait),
                _ => return Err(failure),
            }
        }
    }

    /// Runs statements that return nothing.
    pub(super) fn execute(&mut self, sql: &str) -> Result<(), Failure> {
        let statement = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        self.runtime.block_on(within(self.silence, self.connection.execute(statement)))?;
        Ok(())
    }

    /// Runs one statement whose columns are all of type text.
    pub(super) fn rows(&mut self, sql: &str) -> Result<Vec<TextRow>, Failure> {
        let statement = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        let rows = self.runtime.block_on(within(self.silence, self.connection.fetch_all(statement)))?;
        let text = |row: &PgRow| (0..row.len()).map(|n| row.try_get(n)).collect::<Result<TextRow, _>>();
        Ok(rows.iter().map(text).collect::<Result<_, _>>()?)
    }

    /// Runs a COPY FROM STDIN with these pieces of its input; the number of rows that the server took.
    pub(super) fn copy_in<'a>(
        &mut self,
        sql: &str,
        pieces: impl Iterator<Item = &'a [u8]>,
    ) -> Result<u64, Failure> {
        let Session { connection, silence, runtime } = self;
        let silence = *silence;
        runtime.block_on(async {
            let mut copy = within(silence, connection.copy_in_raw(sql)).await?;
            for piece in pieces {
                within(silence, copy.send(piece)).await?;
            }
            within(silence, copy.finish()).await
        })
    }

    /// Runs a COPY TO STDOUT and hands every payload to the receiver, in order.
    pub(super) fn copy_out(&mut self, sql: &str, receiver: &mut impl Receiver) -> Result<(), Stop> {
        let Session { connection, silence, runtime } = self;
        let silence = *silence;
        let mut stream = runtime.block_on(within(silence, connection.copy_out_raw(sql)))?;
        loop {
            let more = runtime.block_on(async {
                let mut deadline = pin!(sleep_until(Instant::now() + silence));
                let mut heard = false;
                poll_fn(|context| {
                    loop {
                        match stream.as_mut().poll_next(context) {
                            Poll::Ready(Some(Ok(payload))) => {
                                heard = true;
                                match receiver.take(&payload) {
                                    Ok(false) => {}
                                    Ok(true) => return Poll::Ready(Ok(true)),
                                    Err(error) => return Poll::Ready(Err(Stop::Receiver(error))),
                                }
                            }
                            Poll::Ready(Some(Err(error))) => {
                                return Poll::Ready(Err(Stop::Server(Failure::Driver(error))));
                            }
                            Poll::Ready(None) => return Poll::Ready(Ok(false)),
                            Poll::Pending => break,
                        }
                    }
                    // Only an empty socket costs a look at the clock.
                    if std::mem::take(&mut heard) {
                        deadline.as_mut().reset(Instant::now() + silence);
                    }
                    deadline.as_mut().poll(context).map(|()| Err(Failure::Silence(silence.as_secs()).into()))
                })
                .await
            })?;
            if !more {
                return Ok(());
            }
            receiver.pause().map_err(Stop::Receiver)?;
        }
    }

    /// Says good-bye, so that the server's log shows an orderly end. Best effort.
    pub(super) fn close(self) {
        let Session { connection, runtime, .. } = self;
        // Inside of the event loop, since a timer needs one to be made.
        let _ = runtime.block_on(async { timeout(Duration::from_secs(1), connection.close()).await });
    }
}
