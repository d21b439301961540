//! Where raw Ed-Fi tables come from, behind one blocking trait.
//!
//! In: a place (a folder of extracts, the embedded sample, later a database). Out: a [`Catalog`] of what is
//! there and [`Batch`]es of typed columns, in no particular order. A source reads flat tables; it joins
//! nothing, drops nothing and knows no rule of the mapping. Anything wrong with the place itself is a
//! [`SourceError`] and ends the run (exit code 3): a partial roster is worse than none.

pub mod batch;
pub mod dump;
#[cfg(feature = "polars")]
mod parquet;
pub mod postgres;

pub use crate::edfi::catalog::{Catalog, CatalogTable, ColumnRequest, Kind, Request};
pub use batch::{Batch, Column};

use std::path::PathBuf;

/// One part of a table: parts of one table are disjoint and together complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Zero-based index, below `of`.
    pub index: usize,
    /// How many parts there are.
    pub of: usize,
}

impl Part {
    /// The whole table in one part.
    pub const WHOLE: Part = Part { index: 0, of: 1 };
}

/// What a read came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadStats {
    /// Rows handed to the sink.
    pub rows: u64,
    /// Bytes received: file bytes after decompression, or wire bytes.
    pub bytes: u64,
}

/// Receives batches. The batch is reused for the next rows: take what you need.
pub type Sink<'a> = dyn FnMut(&Batch) -> Result<(), SourceError> + 'a;

/// One consistent, read-only view of an ODS.
pub trait Source: Sync {
    /// Tables and columns that exist.
    fn catalog(&self) -> &Catalog;

    /// Checks before the first row that everything asked for can be read, as far as the place can tell.
    ///
    /// # Errors
    /// One error that names every table that cannot, and what to do about it.
    fn check(&self, _requests: &[Request]) -> Result<(), SourceError> {
        Ok(())
    }

    /// Whether [`Source::check`] looks at permissions at all: extracts have none.
    fn has_permissions(&self) -> bool {
        false
    }

    /// In how many parts this table is best read at once. One part is always right.
    fn parts(&self, _table: &str) -> usize {
        1
    }

    /// How many reads go on at once, if that is for the source to say. More may be asked for: they wait.
    fn reads_at_once(&self) -> Option<usize> {
        None
    }

    /// Reads one part of a table. May be called from several threads at once.
    ///
    /// # Errors
    /// Whatever keeps the rows from being read completely and correctly; the sink's own error is passed on.
    fn read(&self, request: &Request, part: Part, sink: &mut Sink<'_>) -> Result<ReadStats, SourceError>;

    /// Called once when every table has been read: the last chance to notice that the view broke.
    ///
    /// # Errors
    /// When the source can no longer vouch for what it delivered.
    fn finish(&self) -> Result<(), SourceError> {
        Ok(())
    }
}

/// Why a source could not be read. Every message names what was tried, on what, and what to do next.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The place itself is missing, empty or unreadable.
    #[error("cannot read the source {place}: {reason}. {remedy}")]
    Place {
        /// Folder or database.
        place: String,
        /// What went wrong.
        reason: String,
        /// What to do next, a full sentence.
        remedy: String,
    },
    /// A file could not be opened or read to its end.
    #[error("cannot read {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// Bytes that are not what the format or the column type demands.
    #[error("{origin}, line {line}{}: {reason}", column.as_ref().map(|c| format!(", column {c}")).unwrap_or_default())]
    Content {
        /// File or table.
        origin: String,
        /// One-based line on which the record starts, or row number for a database.
        line: u64,
        /// Column, when one is at fault.
        column: Option<String>,
        /// What is wrong with which value; values of personal columns are not repeated.
        reason: String,
    },
    /// Tables or columns that the run needs are not there.
    #[error("{0}")]
    Schema(#[from] crate::edfi::SchemaError),
    /// What a run keeps on the disk while it lasts cannot be kept there.
    #[error(
        "cannot keep section associations in a temporary file in {}: {reason}. Free space there, or let the run have \
         more memory (memory_limit)",
        folder.display()
    )]
    Scratch {
        /// The folder of the file, which has no name.
        folder: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// More of something than the coded form can hold.
    #[error("{0}")]
    Capacity(String),
}
