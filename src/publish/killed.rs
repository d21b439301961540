//! A process that dies at a step with a number: for tests that kill a run at each of its steps. No release build has it.
//!
//! In: a number, and a file for the names of steps. Out: a [`Failpoint`] that ends the process by `SIGKILL`, which nothing can catch
//! and after which nothing is dropped, flushed or removed.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::durable::Failpoint;

/// Counts steps, and dies at one of them.
#[derive(Debug, Default)]
pub struct Killed {
    /// The step at which the process dies, counted from 0; `None` lets it live.
    pub at: Option<u32>,
    /// A file to which the name of every step is added.
    pub steps: Option<PathBuf>,
    /// Steps so far.
    pub seen: AtomicU32,
}

impl Failpoint for Killed {
    fn reach(&self, step: &'static str) -> io::Result<()> {
        if let Some(steps) = &self.steps {
            writeln!(OpenOptions::new().append(true).create(true).open(steps)?, "{step}")?;
        }
        if Some(self.seen.fetch_add(1, Ordering::SeqCst)) == self.at {
            #[cfg(unix)]
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)?;
        }
        Ok(())
    }
}
