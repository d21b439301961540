//! The sessions of one run, lent to whoever reads.
//!
//! In: sessions that all see the same snapshot. Out: a [`Lease`] on one of them, after a wait if need be. A
//! lease that is not given back breaks the pool: after one failure nothing goes on, neither with new leases
//! nor in reads that are under way, because a run that lost a table must not end well.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::session::Session;

/// See the module.
pub(super) struct Pool {
    state: Mutex<State>,
    changed: Condvar,
    broken: AtomicBool,
    size: usize,
}

/// Why nothing goes on, and what to do: those of the first failure, whoever asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) reason: String,
    pub(super) remedy: String,
}

struct State {
    free: Vec<Session>,
    broken: Option<Broken>,
}

/// A session on loan.
pub(super) struct Lease<'a> {
    pool: &'a Pool,
    session: Option<Session>,
}

impl Pool {
    pub(super) fn new(sessions: Vec<Session>) -> Pool {
        Pool {
            size: sessions.len(),
            state: Mutex::new(State { free: sessions, broken: None }),
            changed: Condvar::new(),
            broken: AtomicBool::new(false),
        }
    }

    /// How many sessions there are in all.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Whether a read failed. Cheap: asked once per batch.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    // A panic of a sink leaves the state as it was: nothing here panics while it holds the lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A free session, or why there will be none.
    pub(super) fn lease(&self) -> Result<Lease<'_>, Broken> {
        let mut state = self.state();
        loop {
            if let Some(broken) = &state.broken {
                return Err(broken.clone());
            }
            if let Some(session) = state.free.pop() {
                return Ok(Lease { pool: self, session: Some(session) });
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Every session, when no read is under way any more.
    pub(super) fn lease_all(&self) -> Result<Vec<Lease<'_>>, Broken> {
        (0..self.size).map(|_| self.lease()).collect()
    }

    /// What failed first.
    pub(super) fn broken(&self) -> Option<Broken> {
        self.state().broken.clone()
    }

    /// Declares that something failed. The first failure stays: the errors that follow from it repeat it, since
    /// nobody can say which of them is told.
    pub(super) fn break_up(&self, broken: Broken) {
        self.broken.store(true, Ordering::Relaxed);
        let mut state = self.state();
        state.broken.get_or_insert(broken);
        // Closes the idle connections; those on loan follow when their readers notice.
        state.free.clear();
        drop(state);
        self.changed.notify_all();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        std::mem::take(&mut self.state().free).into_iter().for_each(Session::close);
    }
}

impl Lease<'_> {
    /// The session; `None` is never seen by a caller, since giving back takes the lease.
    pub(super) fn session(&mut self) -> Option<&mut Session> {
        self.session.as_mut()
    }

    /// Returns the session in good order.
    pub(super) fn give_back(mut self) {
        if let Some(session) = self.session.take() {
            let mut state = self.pool.state();
            if state.broken.is_none() {
                state.free.push(session);
            }
            drop(state);
            self.pool.changed.notify_one();
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        // Not given back: the stream was left in the middle, by an error or by a panic of the sink.
        if let Some(session) = self.session.take() {
            self.pool.break_up(Broken {
                reason: "an earlier read of this source was broken off".to_owned(),
                remedy: "This is a fault of rosterpack, please report it".to_owned(),
            });
            // Takes its time with a server that is busy: the others know by now.
            drop(session);
        }
    }
}
