//! One connection behind blocking calls.
//!
//! In: settings, limits, statements. Out: rows of text, or the messages of a COPY handed to a callback, as slices
//! of the block in which they came. Only simple queries are sent: poolers can serve them, and they need no names on the
//! server. A session that failed or was left in the middle of a stream is dropped, which cancels its query and closes the
//! connection; it is never drained or used again.

use std::time::Duration;

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::{DataRowBody, Message};
use postgres_protocol::message::frontend;

use super::Options;
use super::cancel;
use super::connection::ConnectionSettings;
use super::fault::{Failure, ServerError};
use super::login::{log_in, parse, unexpected};
use super::wire::Wire;
use crate::retry::jitter;
use crate::source::SourceError;

/// A row of a statement whose columns are all text.
pub(super) type TextRow = Vec<Option<String>>;

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
    wire: Wire,
    /// How its queries are cancelled; `None` where the server does not say.
    cancel: Option<cancel::Entry>,
    /// Whether the server may be working on a query.
    busy: bool,
}

/// How long it may take to cancel the query of a session that is dropped.
const CANCEL: Duration = Duration::from_secs(2);

/// Tag of a message with data of a COPY.
const DATA: u8 = b'd';

/// What an answer goes on with.
enum Answer {
    /// A row of a query.
    Row(DataRowBody),
    /// A statement is done; how many rows it was about.
    Complete(Option<u64>),
    /// The server wants the input of a COPY.
    CopyIn,
    /// Nothing more.
    Ready,
}

impl Session {
    /// Connects, again and again while the fault may pass. With `give_way`, a crowded server is not asked
    /// again: the caller can do with fewer sessions. A time-out that the address names goes before that of the options.
    pub(super) fn connect(
        settings: &ConnectionSettings,
        options: &Options,
        give_way: bool,
    ) -> Result<Session, Failure> {
        let mut failed = 0;
        loop {
            let failure = match Session::attempt(settings, options) {
                Ok(session) => return Ok(session),
                Err(failure) => failure,
            };
            failed += 1;
            let hopeless = !failure.may_pass() || (give_way && failure.is_crowding());
            match options.retry.wait(failed, jitter()) {
                Some(wait) if !hopeless => std::thread::sleep(wait),
                _ => return Err(failure),
            }
        }
    }

    fn attempt(settings: &ConnectionSettings, options: &Options) -> Result<Session, Failure> {
        let connect = settings.connect_timeout.unwrap_or(options.connect_timeout);
        let mut wire = Wire::connect(settings, connect)?;
        let key = log_in(&mut wire, settings)?;
        wire.be_patient(options.silence)?;
        let peer = wire.peer().ok();
        let cancel = key.zip(peer).map(|(key, peer)| cancel::Entry::new(settings, peer, key));
        Ok(Session { wire, cancel, busy: false })
    }

    fn query(&mut self, sql: &str) -> Result<(), Failure> {
        self.busy = true;
        self.wire.send(|buffer| frontend::query(sql, buffer))
    }

    /// Runs statements that return nothing.
    pub(super) fn execute(&mut self, sql: &str) -> Result<(), Failure> {
        self.query(sql)?;
        while !matches!(self.answer()?, Answer::Ready) {}
        Ok(())
    }

    /// Runs one statement whose columns are all of type text.
    pub(super) fn rows(&mut self, sql: &str) -> Result<Vec<TextRow>, Failure> {
        self.query(sql)?;
        let mut rows = Vec::new();
        loop {
            match self.answer()? {
                Answer::Row(row) => rows.push(texts(&row)?),
                Answer::Complete(_) => {}
                Answer::CopyIn => return Err(unexpected()),
                Answer::Ready => return Ok(rows),
            }
        }
    }

    /// Runs a COPY FROM STDIN with these pieces of its input; the number of rows that the server took.
    pub(super) fn copy_in<'a>(
        &mut self,
        sql: &str,
        pieces: impl Iterator<Item = &'a [u8]>,
    ) -> Result<u64, Failure> {
        self.query(sql)?;
        let Answer::CopyIn = self.answer()? else { return Err(unexpected()) };
        for piece in pieces {
            self.wire.collect(|buffer| {
                frontend::CopyData::new(piece)?.write(buffer);
                Ok(())
            })?;
        }
        self.wire.send(|buffer| {
            frontend::copy_done(buffer);
            Ok(())
        })?;
        let mut taken = 0;
        loop {
            match self.answer()? {
                Answer::Complete(rows) => taken = rows.unwrap_or(0),
                Answer::Ready => return Ok(taken),
                _ => return Err(unexpected()),
            }
        }
    }

    /// Runs a COPY TO STDOUT and hands its messages of data to the receiver, in order and as many as have come. Returns how many rows the server
    /// says that it sent, if it says so.
    pub(super) fn copy_out(
        &mut self,
        sql: &str,
        mut receive: impl FnMut(&[u8]) -> Result<(), SourceError>,
    ) -> Result<Option<u64>, Stop> {
        self.query(sql)?;
        let mut sent = None;
        loop {
            let frame = self.wire.messages(DATA)?;
            match frame.tag {
                DATA => receive(frame.whole).map_err(Stop::Receiver)?,
                // That the stream begins, and that it ends.
                b'H' | b'c' => {}
                _ => match interpret(frame.whole)? {
                    None => {}
                    Some(Ok(Answer::Complete(rows))) => sent = rows,
                    Some(Ok(Answer::Ready)) => {
                        self.busy = false;
                        return Ok(sent);
                    }
                    Some(Ok(_)) => return Err(unexpected().into()),
                    Some(Err(error)) => return Err(self.after(error).into()),
                },
            }
        }
    }

    /// The next message that answers a query.
    fn answer(&mut self) -> Result<Answer, Failure> {
        loop {
            match interpret(self.wire.message()?.whole)? {
                None => {}
                Some(Ok(answer)) => {
                    self.busy &= !matches!(answer, Answer::Ready);
                    return Ok(answer);
                }
                Some(Err(error)) => return Err(self.after(error)),
            }
        }
    }

    /// Waits until the server is ready again after an error, so that the session could go on.
    fn after(&mut self, error: ServerError) -> Failure {
        // A fatal error ends the connection: then the error itself is what counts.
        while let Ok(frame) = self.wire.message() {
            if frame.tag == b'Z' {
                self.busy = false;
                break;
            }
        }
        error.into()
    }

    /// Says good-bye, so that the server's log shows an orderly end. Best effort.
    pub(super) fn close(mut self) {
        let hurry = self.wire.be_patient(Duration::from_secs(1));
        let _ = hurry.and_then(|()| {
            self.wire.send(|buffer| {
                frontend::terminate(buffer);
                Ok(())
            })
        });
    }
}

/// A query that nobody waits for any more must not go on: it may compute or wait for a lock, and not look at us, for
/// hours.
impl Drop for Session {
    fn drop(&mut self) {
        if let Some(cancel) = self.cancel.as_ref().filter(|_| self.busy) {
            cancel.cancel(CANCEL);
        }
    }
}

/// What a message says; `None` for those that may stand anywhere and that change nothing for us.
fn interpret(whole: &[u8]) -> Result<Option<Result<Answer, ServerError>>, Failure> {
    Ok(Some(Ok(match parse(whole)? {
        Message::DataRow(row) => Answer::Row(row),
        Message::CommandComplete(body) => {
            let tag = body.tag().map_err(|_| unexpected())?;
            Answer::Complete(tag.rsplit(' ').next().and_then(|rows| rows.parse().ok()))
        }
        Message::CopyInResponse(_) => Answer::CopyIn,
        Message::ReadyForQuery(_) => Answer::Ready,
        Message::ErrorResponse(body) => return Ok(Some(Err(ServerError::read(body.fields())))),
        Message::RowDescription(_)
        | Message::EmptyQueryResponse
        | Message::NoticeResponse(_)
        | Message::NotificationResponse(_)
        | Message::ParameterStatus(_) => return Ok(None),
        _ => return Err(unexpected()),
    })))
}

fn texts(row: &DataRowBody) -> Result<TextRow, Failure> {
    let mut texts = TextRow::new();
    let mut ranges = row.ranges();
    while let Some(range) = ranges.next().map_err(|_| unexpected())? {
        let text = |range| row.buffer().get(range).and_then(|bytes| std::str::from_utf8(bytes).ok());
        texts.push(match range {
            Some(range) => Some(text(range).ok_or_else(unexpected)?.to_owned()),
            None => None,
        });
    }
    Ok(texts)
}
