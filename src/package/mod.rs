//! Package: a stub until the writer is merged.

use std::path::PathBuf;

/// A package that was written.
#[derive(Debug)]
pub struct Written {
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
}

/// Why it could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The operating system said no.
    #[error("cannot write {}: {reason}", path.display())]
    Write {
        /// What was written.
        path: PathBuf,
        /// Why it failed.
        reason: String,
    },
}

/// What the names of this process's unfinished packages start with, for whoever clears up after a signal.
pub fn unfinished_prefix() -> String {
    format!(".rosterpack-{}-", std::process::id())
}
