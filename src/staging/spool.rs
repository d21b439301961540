//! Student section associations on the disk, for a run that may not keep them in memory.
//!
//! In: associations as the parts of their table tell them. Out: the same in output order, in a file that is read block
//! by block. They are dealt out to ranges of sections, which stand in the order of their schools, and put in order one
//! range at a time: nothing here ever holds more than a range. Files have no name from the moment they are made, so that
//! nothing is left of them whatever ends the run; they hold row numbers and days, no text.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::facts::{FACT_BYTES, StudentFact};
use crate::source::SourceError;

/// Where associations are kept, and how many at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spooling {
    /// Folder for the files.
    pub folder: PathBuf,
    /// Associations that are expected: an estimate.
    pub rows: u64,
    /// Associations of a range that is put in order in memory: an aim.
    pub rows_at_once: u64,
}

impl Spooling {
    /// In how many ranges of sections they are put in order, at most.
    pub fn ranges(&self) -> u64 {
        (self.rows / self.rows_at_once.max(1)).saturating_add(1).min(RANGES)
    }
}

/// Associations that are written or read at once.
const BLOCK: usize = 4096;
/// More ranges than this would write in smaller pieces than disks like.
const RANGES: u64 = 1024;

fn trouble(folder: &Path, error: &io::Error) -> SourceError {
    SourceError::Scratch { folder: folder.to_owned(), reason: error.to_string() }
}

/// Associations of one part of the table, dealt out to ranges.
#[derive(Debug)]
pub(super) struct Spool {
    folder: PathBuf,
    file: Mutex<File>,
    written: u64,
    /// How many low bits of a section's number differ within a range.
    bits: u32,
    ranges: Vec<Heap>,
}

/// What belongs to one range: blocks in the file, and what is not there yet.
#[derive(Debug, Default)]
struct Heap {
    /// Position, number of associations.
    blocks: Vec<(u64, usize)>,
    waiting: Vec<StudentFact>,
}

impl Spool {
    /// An empty one for so many sections.
    pub(super) fn new(plan: &Spooling, sections: usize) -> Result<Spool, SourceError> {
        let sections = sections.max(1) as u64;
        let bits = sections.div_ceil(plan.ranges()).next_power_of_two().trailing_zeros();
        let ranges = ((sections - 1) >> bits) as usize + 1;
        Ok(Spool {
            file: unnamed(&plan.folder).map_err(|error| trouble(&plan.folder, &error))?,
            folder: plan.folder.clone(),
            written: 0,
            bits,
            ranges: (0..ranges).map(|_| Heap::default()).collect(),
        })
    }

    /// Takes an association.
    pub(super) fn push(&mut self, fact: StudentFact) -> Result<(), SourceError> {
        let range = (fact.section() >> self.bits) as usize;
        let Some(heap) = self.ranges.get_mut(range) else {
            return Err(SourceError::Capacity(
                "an association names a section behind the last. This is a fault of rosterpack, please report it".into(),
            ));
        };
        heap.waiting.push(fact);
        if heap.waiting.len() < BLOCK {
            return Ok(());
        }
        heap.blocks.push((self.written, heap.waiting.len()));
        let at = self.written;
        self.written += (heap.waiting.len() * FACT_BYTES) as u64;
        let done = write(&self.file, at, &heap.waiting);
        heap.waiting.clear();
        done.map_err(|error| trouble(&self.folder, &error))
    }

    /// All associations of some parts in one file, each range put in order by `sort`.
    pub(super) fn join(
        parts: Vec<Spool>,
        mut sort: impl FnMut(&mut Vec<StudentFact>),
    ) -> Result<FactFile, SourceError> {
        let Some(folder) = parts.first().map(|part| part.folder.clone()) else {
            return Err(SourceError::Capacity(
                "a table has no part. This is a fault of rosterpack, please report it".into(),
            ));
        };
        let failed = |error: io::Error| trouble(&folder, &error);
        let mut joined = FactFile::new(&folder).map_err(failed)?;
        let ranges = parts.iter().map(|part| part.ranges.len()).max().unwrap_or(0);
        for range in 0..ranges {
            let mut rows = Vec::new();
            for part in &parts {
                let Some(heap) = part.ranges.get(range) else { continue };
                for &(at, count) in &heap.blocks {
                    read(&part.file, at, count, &mut rows).map_err(failed)?;
                }
                rows.extend_from_slice(&heap.waiting);
            }
            sort(&mut rows);
            joined.push(&rows).map_err(failed)?;
        }
        Ok(joined)
    }
}

/// Associations in a file, in output order. What cannot be read is told by [`FactFile::check`]: rows that come after it
/// are missing.
#[derive(Debug)]
pub(super) struct FactFile {
    folder: PathBuf,
    file: Mutex<File>,
    rows: usize,
    /// The first failure, shared with the files that were made from this one: what was concluded from rows that were
    /// missing is no better for a later file that is whole.
    failure: Arc<Mutex<Option<String>>>,
}

impl FactFile {
    fn new(folder: &Path) -> io::Result<FactFile> {
        let file = unnamed(folder)?;
        Ok(FactFile { folder: folder.to_owned(), file, rows: 0, failure: Arc::default() })
    }

    /// Appends rows.
    fn push(&mut self, rows: &[StudentFact]) -> io::Result<()> {
        for block in rows.chunks(BLOCK) {
            write(&self.file, (self.rows * FACT_BYTES) as u64, block)?;
            self.rows += block.len();
        }
        Ok(())
    }

    /// Number of associations.
    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// Appends a block of a range of rows, which it shortens by that.
    pub(super) fn block(&self, rows: &mut Range<usize>, into: &mut Vec<StudentFact>) {
        let count = rows.len().min(BLOCK);
        match read(&self.file, (rows.start * FACT_BYTES) as u64, count, into) {
            Ok(()) => rows.start += count,
            Err(error) => {
                self.fail(&error);
                rows.start = rows.end;
            }
        }
    }

    /// Those for which `keep` says so, in a file of their own; none when that fails.
    pub(super) fn retain(&self, keep: impl FnMut(&StudentFact) -> bool) -> Option<FactFile> {
        self.retained(keep).inspect_err(|error| self.fail(error)).ok()
    }

    fn retained(&self, mut keep: impl FnMut(&StudentFact) -> bool) -> io::Result<FactFile> {
        let failure = self.failure.clone();
        let mut kept = FactFile { failure, ..FactFile::new(&self.folder)? };
        let mut done = 0;
        let mut block = Vec::with_capacity(BLOCK);
        while done < self.rows {
            let count = (self.rows - done).min(BLOCK);
            block.clear();
            read(&self.file, (done * FACT_BYTES) as u64, count, &mut block)?;
            done += count;
            block.retain(&mut keep);
            kept.push(&block)?;
        }
        Ok(kept)
    }

    /// The first failure is the one that is told.
    fn fail(&self, error: &io::Error) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.to_string());
    }

    /// Whether everything that was asked for could be read and written.
    pub(super) fn check(&self) -> Result<(), SourceError> {
        match &*self.failure.lock().unwrap_or_else(PoisonError::into_inner) {
            None => Ok(()),
            Some(reason) => Err(SourceError::Scratch { folder: self.folder.clone(), reason: reason.clone() }),
        }
    }
}

/// A file that only this process can reach.
fn unnamed(folder: &Path) -> io::Result<Mutex<File>> {
    tempfile::tempfile_in(folder).map(Mutex::new)
}

fn write(file: &Mutex<File>, at: u64, rows: &[StudentFact]) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(rows.len() * FACT_BYTES);
    rows.iter().for_each(|row| bytes.extend_from_slice(&row.to_bytes()));
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    file.seek(SeekFrom::Start(at))?;
    file.write_all(&bytes)
}

fn read(file: &Mutex<File>, at: u64, count: usize, into: &mut Vec<StudentFact>) -> io::Result<()> {
    let mut bytes = vec![0; count * FACT_BYTES];
    {
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut bytes)?;
    }
    let (rows, _) = bytes.as_chunks::<FACT_BYTES>();
    into.extend(rows.iter().map(|row| StudentFact::from_bytes(*row)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(n: u32) -> StudentFact {
        let mixed = n.wrapping_mul(2_654_435_761);
        let mut bytes = [0; FACT_BYTES];
        bytes[..4].copy_from_slice(&(mixed % 700).to_le_bytes());
        bytes[4..8].copy_from_slice(&n.to_le_bytes());
        bytes[8..].copy_from_slice(&mixed.to_le_bytes());
        StudentFact::from_bytes(bytes)
    }

    fn all(file: &FactFile) -> Vec<StudentFact> {
        let (mut rest, mut rows) = (0..file.len(), Vec::new());
        while !rest.is_empty() {
            file.block(&mut rest, &mut rows);
        }
        rows
    }

    fn sort(rows: &mut [StudentFact]) {
        rows.sort_by_key(|fact| (fact.section(), fact.to_bytes()));
    }

    #[test]
    fn nobody_is_lost_and_all_come_in_order_whatever_the_ranges() {
        let folder = tempfile::tempdir().unwrap();
        let count = 30_000;
        let mut expected: Vec<StudentFact> = (0..count).map(fact).collect();
        sort(&mut expected);
        for (rows, rows_at_once) in [(0, 1), (30_000, 40_000), (30_000, 5_000), (u64::MAX, 1), (1, 0)] {
            let plan = Spooling { folder: folder.path().to_owned(), rows, rows_at_once };
            let mut parts = [Spool::new(&plan, 700).unwrap(), Spool::new(&plan, 700).unwrap()];
            (0..count).for_each(|n| parts[usize::from(n % 3 == 0)].push(fact(n)).unwrap());
            let mut ranges = 0;
            let joined = Spool::join(parts.into(), |rows| {
                ranges += 1;
                sort(rows);
            })
            .unwrap();
            assert_eq!(ranges > 4, rows / rows_at_once.max(1) > 4, "{rows} {rows_at_once}");
            assert_eq!(all(&joined), expected);
            let even = |fact: &StudentFact| fact.section().is_multiple_of(2);
            let kept = joined.retain(even).unwrap();
            assert_eq!(all(&kept), expected.iter().copied().filter(even).collect::<Vec<_>>());
            kept.check().unwrap();
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "files have no name");
        }
    }

    fn nine_thousand() -> (tempfile::TempDir, FactFile) {
        let folder = tempfile::tempdir().unwrap();
        let plan = Spooling { folder: folder.path().to_owned(), rows: 10, rows_at_once: 1 };
        let mut spool = Spool::new(&plan, 700).unwrap();
        (0..9000).for_each(|n| spool.push(fact(n)).unwrap());
        let joined = Spool::join(vec![spool], |rows| sort(rows)).unwrap();
        (folder, joined)
    }

    #[test]
    fn what_cannot_be_read_is_told_afterwards() {
        let (_folder, mut joined) = nine_thousand();
        joined.check().unwrap();
        let size = joined.file.get_mut().unwrap().metadata().unwrap().len();
        joined.file.get_mut().unwrap().set_len(100).unwrap();
        let (mut rest, mut rows) = (0..joined.len(), Vec::new());
        joined.block(&mut rest, &mut rows);
        assert!(rest.is_empty() && rows.is_empty());
        assert!(joined.check().unwrap_err().to_string().contains("memory_limit"));
        assert!(joined.retain(|_| true).is_none());
        // Whoever came to a conclusion by then has missed rows, though all of them can be read again.
        joined.file.get_mut().unwrap().set_len(size).unwrap();
        let kept = joined.retain(|_| true).unwrap();
        assert_eq!(kept.len(), 9000);
        assert!(kept.check().is_err());
    }

    #[test]
    fn a_fault_while_some_are_kept_is_told() {
        let (_folder, mut joined) = nine_thousand();
        joined.file.get_mut().unwrap().set_len(60_000).unwrap();
        assert!(joined.retain(|_| true).is_none());
        assert!(joined.check().is_err());
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let plan = Spooling { folder: "/nowhere/at/all".into(), rows: 1, rows_at_once: 1 };
        let error = Spool::new(&plan, 1).unwrap_err().to_string();
        assert!(error.contains("/nowhere/at/all") && error.contains("Free space there"), "{error}");
    }
}
