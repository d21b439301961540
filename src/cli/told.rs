//! What a part of a run says on standard error, passed on and kept: many tenants and nights sum it up at their end.
//!
//! In: a process and what is to be done with it. Out: its result, and the errors that were told meanwhile.

use std::io::{self, Write};

use super::{Process, log};

/// Does something, and keeps the errors that it tells.
pub(super) fn errors_of<T>(
    process: &mut Process<'_>,
    act: impl FnOnce(&mut Process<'_>) -> T,
) -> (T, Vec<String>) {
    let mut kept = Vec::new();
    let result = act(&mut Process {
        environment: process.environment.clone(),
        today: process.today,
        clock: process.clock,
        out: process.out,
        err: &mut Tee { out: process.err, kept: &mut kept },
        terminal: process.terminal,
        signals: process.signals,
    });
    let told = String::from_utf8_lossy(&kept);
    let errors = told.lines().filter_map(log::error_in);
    (result, errors.collect())
}

/// Passes on what is written, and keeps it.
struct Tee<'a> {
    out: &'a mut dyn Write,
    kept: &'a mut Vec<u8>,
}

impl Write for Tee<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.kept.extend_from_slice(bytes);
        // A broken stderr ends no run.
        let _ = self.out.write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
