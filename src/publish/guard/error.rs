//! Why two packages could not be compared.
//!
//! In: what the reader of packages said. Out: one error for people. A package that cannot be compared is not passed.

use std::path::PathBuf;

use crate::diff::DiffError;
use crate::package::ReadError;
use crate::spec::File;

/// The guard cannot judge; nothing may be delivered on the strength of that.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// A package cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// One of them holds nothing to compare.
    #[error(transparent)]
    Incomparable(DiffError),
    /// A file is a delta, in which a missing row means nothing.
    #[error("cannot compare {}: its manifest says that {file}.csv is a delta; the guard judges bulk files", path.display())]
    Delta {
        /// The package.
        path: PathBuf,
        /// The file.
        file: File,
    },
}
