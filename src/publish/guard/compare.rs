//! Two packages compared as the guard needs it: which ids are gone and new, in every file and at every school.
//!
//! In: the package that was delivered last and the one that is to follow it. Out: a [`Comparison`] of exact numbers, with
//! example ids where they are asked for. The comparing is [`crate::diff`]'s; here stands what the guard asks of it, and that a
//! delta is refused, since in a delta a missing row means nothing. It judges nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::error::GuardError;
pub use crate::diff::Change;
use crate::diff::{DiffError, FileDiff, Options};
use crate::package::read::Limits;
use crate::package::{PackageReader, mode_of};
use crate::spec::{File, Mode};

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Which file.
    pub file: File,
    /// All its ids.
    pub total: Change,
    /// Ids of both packages whose rows differ in some cell.
    pub changed_rows: u64,
    /// Per school, by the sourcedId of its org.
    pub schools: BTreeMap<String, Change>,
    /// Some ids that are gone, in the order of the older package; only where examples were asked for.
    pub examples: Vec<String>,
    /// The same per school.
    pub school_examples: BTreeMap<String, Vec<String>>,
}

impl From<FileDiff> for FileChange {
    fn from(found: FileDiff) -> FileChange {
        FileChange {
            file: found.file,
            total: found.ids,
            changed_rows: found.changed + found.restamped,
            schools: found.schools.into_iter().map(|(school, change)| (school, change.ids)).collect(),
            examples: found.removed_samples.into_iter().map(|sample| sample.id).collect(),
            school_examples: found.school_examples,
        }
    }
}

/// What became of a package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Every file that one of the two holds, in alphabetical order.
    pub files: Vec<FileChange>,
}

/// Compares two packages, with up to `examples` ids that are gone per file and school; files that are not `wanted` are
/// passed over.
///
/// # Errors
/// [`GuardError`] when one of them cannot be read, or is no bulk package.
pub(super) fn compare(
    older: &Path,
    newer: &Path,
    wanted: Option<&BTreeSet<File>>,
    examples: usize,
) -> Result<Comparison, GuardError> {
    let (old, new) = (open_bulk(older)?, open_bulk(newer)?);
    let options = Options {
        files: wanted.cloned(),
        columns: false,
        samples: examples,
        school_samples: examples,
        ..Options::default()
    };
    let found = crate::diff::compare(&old, &new, &options).map_err(|error| match error {
        DiffError::Read(error) => GuardError::Read(error),
        other => GuardError::Incomparable(other),
    })?;
    Ok(Comparison { files: found.files.into_iter().map(FileChange::from).collect() })
}

/// Opens a package whose files are the whole truth.
fn open_bulk(path: &Path) -> Result<PackageReader, GuardError> {
    let package = PackageReader::open(path, Limits::default())?;
    let manifest = package.manifest()?.unwrap_or_default();
    match package.files().iter().find(|file| mode_of(&manifest, **file) == Some(Mode::Delta)) {
        Some(file) => Err(GuardError::Delta { path: path.to_owned(), file: *file }),
        None => Ok(package),
    }
}
