//! Why a package, or a table of a warehouse, could not be written.
//!
//! In: the step that failed and what the system said. Out: one error for people, which names the target, the step,
//! the reason and what to do. It holds no cell of any row.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::spec::File;

/// A package could not be written. Whatever stood at the target before still stands there.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The machine refused a step.
    #[error("cannot {step} {what} {}: {reason}; {remedy}", target.display())]
    Output {
        /// The package, or a table of a warehouse.
        what: What,
        /// Where it was to go.
        target: PathBuf,
        /// What was being done.
        step: Step,
        /// What the system said.
        reason: String,
        /// The kind of the system's error, for programs.
        kind: io::ErrorKind,
        /// What to do.
        remedy: &'static str,
    },
    /// What was written is not what stands on the disk.
    #[error(
        "the package for {} was written and cannot be trusted: {entry}: {reason}; it was not published: run again, and \
         if this happens again check the disk and the memory of this machine, or report a defect of rosterpack",
        target.display()
    )]
    ReadBack {
        /// Where the package was to go.
        target: PathBuf,
        /// The zip entry, or the part of the zip.
        entry: String,
        /// What was found when it was read back.
        reason: String,
    },
    /// A setting is out of its range.
    #[error("cannot write a package: {reason}; {remedy}")]
    Setting {
        /// Which one, and its value.
        reason: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The rows of a file do not have the shape that the file demands; a defect of the program, not of the data.
    #[error(
        "cannot write {}: {reason}; nothing was published: this is a defect of rosterpack, please report it",
        file.csv_name()
    )]
    Content {
        /// The file.
        file: File,
        /// What is wrong with it.
        reason: String,
    },
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A package.
    Package,
    /// A table of a warehouse.
    Table,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            What::Package => "the package",
            What::Table => "the table",
        })
    }
}

/// A step on the way to a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Looking at the target before anything is written.
    Prepare,
    /// Creating the partial file beside the target.
    Create,
    /// Writing the partial file.
    Write,
    /// Reading the partial file back.
    Read,
    /// Bringing the partial file to the disk.
    Sync,
    /// Giving the partial file the name of the target.
    Rename,
    /// Bringing the new name to the disk: the package is in place, but may not survive a power failure.
    SyncFolder,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Prepare => "prepare",
            Step::Create => "create",
            Step::Write => "write",
            Step::Read => "read back",
            Step::Sync => "bring to the disk",
            Step::Rename => "put in place",
            Step::SyncFolder => "bring to the disk the name of",
        })
    }
}

impl PackageError {
    /// The error of a failed step.
    pub(super) fn output(what: What, target: &Path, step: Step, error: &io::Error) -> PackageError {
        PackageError::Output {
            what,
            target: target.to_owned(),
            step,
            reason: error.to_string(),
            kind: error.kind(),
            remedy: remedy(error.kind()).unwrap_or("check the disk and the path, then run again"),
        }
    }

    /// The error about a file's rows.
    pub(super) fn content(file: File, reason: impl Into<String>) -> PackageError {
        PackageError::Content { file, reason: reason.into() }
    }
}

/// What to do about an error of this kind; `None` for a kind whose name says too little.
pub(super) fn remedy(kind: io::ErrorKind) -> Option<&'static str> {
    use io::ErrorKind as Kind;
    Some(match kind {
        Kind::StorageFull | Kind::QuotaExceeded => "free space on that disk, or write to another one",
        Kind::FileTooLarge => {
            "the file system or a limit does not allow files of that size: write to another disk"
        }
        Kind::PermissionDenied => "make its folder writable for the account that runs rosterpack",
        Kind::ReadOnlyFilesystem => "write to a disk that is not mounted read-only",
        Kind::NotFound => "create its folder first, or correct the path",
        Kind::NotADirectory => "a part of the path is a file: correct the path",
        Kind::IsADirectory => "the path is a folder: give the name of a file",
        Kind::InvalidInput | Kind::InvalidFilename => "correct the path",
        _ => return None,
    })
}
