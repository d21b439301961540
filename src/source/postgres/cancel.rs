//! Ending queries that nobody waits for any more.
//!
//! In: where a session leads, and the key that the server gave it at login. Out: cancel requests, each over a line of
//! its own, as the protocol wants it. A server that computes or waits for a lock does not look at its client: when the
//! run is over, its query would go on, and hold its locks, for hours. A session that is dropped in the middle of a
//! query cancels it; [`end_queries`] does so for all sessions of the process, for whoever handles a signal.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use postgres_protocol::message::frontend;

use super::connection::ConnectionSettings;
use super::fault::Failure;
use super::wire::{Peer, Wire};

/// What a server demands of who wants to cancel. Half of it is a secret: nothing prints it.
#[derive(Clone, Copy)]
pub(super) struct Key {
    pub(super) process: i32,
    pub(super) secret: i32,
}

/// The means to cancel whatever one session is running.
struct Cancel {
    settings: ConnectionSettings,
    peer: Peer,
    key: Key,
}

impl Cancel {
    /// Asks, and waits until the server has taken note: it closes the line then.
    fn ask(&self, within: Duration) -> Result<(), Failure> {
        // The address that the session has, and not another that its host's name may lead to by now.
        let mut wire = Wire::connect_to(&self.settings, self.peer, within)?;
        wire.send(|buffer| {
            frontend::cancel_request(self.key.process, self.key.secret, buffer);
            Ok(())
        })?;
        // A line that is closed with answers of TLS unread would take the request back.
        let _ = wire.message();
        Ok(())
    }
}

/// All open sessions that can be cancelled. A signal knows no run, only the process.
static OPEN: Mutex<BTreeMap<u64, Arc<Cancel>>> = Mutex::new(BTreeMap::new());

fn open() -> MutexGuard<'static, BTreeMap<u64, Arc<Cancel>>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A session among those that [`end_queries`] ends, until this is dropped.
pub(super) struct Entry {
    number: u64,
    cancel: Arc<Cancel>,
}

impl Entry {
    pub(super) fn new(settings: &ConnectionSettings, peer: Peer, key: Key) -> Entry {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // A cancel request needs no password.
        let settings = ConnectionSettings { password: None, ..settings.clone() };
        let cancel = Arc::new(Cancel { settings, peer, key });
        open().insert(number, cancel.clone());
        Entry { number, cancel }
    }

    /// Cancels what this session runs. Best effort: a server that cannot be reached notices the end by itself.
    pub(super) fn cancel(&self, within: Duration) {
        let _ = self.cancel.ask(within);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        open().remove(&self.number);
    }
}

/// Cancels whatever the sessions of this process are running, all at once, and returns when the servers have taken
/// note, or at the latest after `within`. For the end of the process: the readers of these sessions fail.
pub fn end_queries(within: Duration) {
    let all: Vec<Arc<Cancel>> = open().values().cloned().collect();
    let end = Instant::now() + within;
    let (done, told) = mpsc::channel();
    for cancel in all {
        let done = done.clone();
        // Without a thread the query goes on until the server notices that its client is gone.
        let _ = std::thread::Builder::new().spawn(move || {
            let _ = cancel.ask(within);
            let _ = done.send(());
        });
    }
    drop(done);
    while told.recv_timeout(end.saturating_duration_since(Instant::now())).is_ok() {}
}
