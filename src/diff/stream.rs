//! One file of one package as batches of small facts about its rows.
//!
//! In: a package, a file, the columns to compare. Out: [`Batch`]es in the order of the file, made on a thread of their own
//! while those before are compared: per row its key, its schools, a digest of its cells, and on request one digest a cell.
//! No text of a row gets further than this, but for ids that are not 32 hexadecimal digits.

use std::hash::Hasher;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use rustc_hash::FxHasher;

use super::key::{Key, key, shown};
use super::schools::{Side, Way};
use crate::package::{PackageReader, ReadError};
use crate::spec::File;

/// What is known of a row.
#[derive(Debug, Clone)]
pub struct Fact {
    /// Its id.
    pub key: Key,
    /// The id's text where the key does not say it.
    pub text: Option<Box<str>>,
    /// The list of its schools, by the number that this side gave it.
    pub list: u32,
    /// Differs when a compared cell differs.
    pub digest: u64,
    /// Differs when `dateLastModified` differs.
    pub stamp: u64,
}

/// The rows of a block.
#[derive(Debug, Default)]
pub struct Batch {
    /// The rows.
    pub rows: Vec<Fact>,
    /// A digest per compared cell, row after row; empty when none were asked for.
    pub cells: Vec<u64>,
    /// The lists of schools that were made since the batch before, by the ids of their schools.
    pub lists: Vec<Vec<Arc<str>>>,
}

/// What is to be compared in one file.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The file.
    pub file: File,
    /// Names of the columns to compare, the same for both packages.
    pub columns: Vec<String>,
    /// Whether each cell is told.
    pub cells: bool,
}

/// A number that differs when a text differs, but for accidents of one in 10^19; the same in every run.
fn digest(text: &str) -> u64 {
    if text.is_empty() {
        return 0;
    }
    let mut hasher = FxHasher::default();
    hasher.write(text.as_bytes());
    hasher.write_usize(text.len());
    hasher.finish()
}

/// Sends the rows of a file until they end, the first fault, or nobody listens any more.
/// The lists of schools are told from the first on, whatever file it is.
pub fn send(
    package: &PackageReader,
    wanted: &Wanted,
    side: &mut Side,
    to: &SyncSender<Result<Batch, ReadError>>,
) {
    let mut told = 0;
    let outcome = (|| {
        let Some(mut rows) = package.rows(wanted.file)? else { return Ok(()) };
        let id = rows.demand("sourcedId")?;
        let stamp = rows.column("dateLastModified");
        let columns: Vec<usize> =
            wanted.columns.iter().map(|name| rows.demand(name)).collect::<Result<_, _>>()?;
        let way = Way::of(wanted.file, &rows);
        loop {
            let mut batch = Batch::default();
            let is_more = rows.some(|row| {
                let id = row.cell(id);
                let (key, is_spelt) = key(&id);
                let mut whole = FxHasher::default();
                for column in &columns {
                    let cell = digest(&row.cell(*column));
                    whole.write_u64(cell);
                    if wanted.cells {
                        batch.cells.push(cell);
                    }
                }
                batch.rows.push(Fact {
                    key,
                    text: (!is_spelt).then(|| shown(&id).into()),
                    list: side.schools(wanted.file, &way, key, row),
                    digest: whole.finish(),
                    stamp: stamp.map_or(0, |at| digest(&row.cell(at))),
                });
            })?;
            if !is_more {
                return Ok(());
            }
            batch.lists = (told..side.lists.count()).map(|list| side.lists.ids(list as u32)).collect();
            told = side.lists.count();
            if to.send(Ok(batch)).is_err() {
                return Ok(());
            }
        }
    })();
    if let Err(error) = outcome {
        // Nobody listens: then nobody needs to know.
        let _ = to.send(Err(error));
    }
}
