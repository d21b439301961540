//! Reading contract tables from a source, row by row over batches.
//!
//! In: a source and the resolved schema. Out: calls per row, on the thread that asks. Counts rows for the report
//! and tells the progress display; knows nothing of what the rows mean, nor when they are best read.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::edfi::{Resolved, Table};
use crate::notice::{Authority, Code, Notices, Severity};
use crate::progress::Progress;
use crate::source::{Batch, ColumnRequest, Part, Request, Source, SourceError};

use super::descriptors::{Descriptor, Descriptors};
use super::keys::Found;
use super::sections::SectionLookup;

/// A row names a descriptor that the descriptor table does not have.
pub static DESCRIPTOR_MISSING: Code = Code {
    code: "descriptor-missing",
    severity: Severity::Warning,
    authority: Authority::Policy,
    file: "",
    summary: "A row names a descriptor id that the descriptor table does not have; its value is treated as absent.",
    remedy: "Extract the descriptor table together with the others, or mend the row in the ODS.",
};

/// A reference matches its target only without regard to case or trailing space.
pub static KEY_SPELLING: Code = Code {
    code: "key-spelling-differs",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "",
    summary: "A reference matches its target only when case and trailing space are ignored, as SQL Server does; it was followed.",
    remedy: "Nothing, unless other software compares these keys exactly.",
};

/// One natural key stands twice in an extract.
pub static ROW_REPEATED: Code = Code {
    code: "row-repeated",
    severity: Severity::Warning,
    authority: Authority::Policy,
    file: "",
    summary: "A natural key stands more than once in one table; the first in natural order was kept.",
    remedy: "A database cannot hold such rows: make the extract again.",
};

/// A child row of something that does not exist.
pub static ORPHAN_ROW: Code = Code {
    code: "orphan-row",
    severity: Severity::Warning,
    authority: Authority::Policy,
    file: "",
    summary: "A row belongs to a person, section, course or session that the extract does not have; it was passed over.",
    remedy: "Extract all tables at one moment.",
};

/// How far the reading of a contract table is.
pub(super) struct TableCount {
    pub(super) name: &'static str,
    pub(super) rows: u64,
    parts_left: usize,
}

/// Reads tables of one resolved source.
pub struct Reader<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) resolved: &'a Resolved,
    pub(super) year: i16,
    pub(super) progress: &'a dyn Progress,
    pub(super) tables: Mutex<Vec<TableCount>>,
    pub(super) notices: Mutex<Notices>,
}

impl Reader<'_> {
    fn with_notices(&self, act: impl FnOnce(&mut Notices)) {
        act(&mut self.notices.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Takes over notices that were collected apart.
    pub(super) fn merge(&self, notices: Notices) {
        self.with_notices(|mine| mine.merge(notices));
    }

    /// The descriptor behind an id; an unknown id is a notice that names the column.
    #[inline]
    pub(super) fn descriptor(&self, descriptors: &Descriptors, id: Option<i64>, column: &str) -> Descriptor {
        descriptors.by_id(id).unwrap_or_else(|_| {
            self.with_notices(|n| n.add(&DESCRIPTOR_MISSING, column, ""));
            Descriptor::NONE
        })
    }

    /// The row that was found; another spelling is a notice that names the column.
    #[inline]
    pub(super) fn found(&self, found: Found, column: &str) -> Option<u32> {
        match found {
            Found::Exact(row) => Some(row),
            Found::Folded(row) => {
                self.with_notices(|n| n.add(&KEY_SPELLING, column, ""));
                Some(row)
            }
            Found::Nothing => None,
        }
    }

    /// A natural key that stands twice.
    pub(super) fn repeated(&self, table: &str, key: &str) {
        self.with_notices(|n| n.add(&ROW_REPEATED, table, key));
    }

    /// A row of nobody and nothing.
    pub(super) fn orphan(&self, table: &'static Table, of: &str) {
        self.with_notices(|n| n.add(&ORPHAN_ROW, &format!("{} without its {of}", table.physical), ""));
    }

    /// Calls `take` for every row of a table, in no particular order, on this thread. An absent table has no rows.
    pub fn each(
        &self,
        table: &'static Table,
        take: impl FnMut(&Batch, usize) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        self.each_of(table, Part::WHOLE, take)
    }

    /// The request for a table. The year to which it is kept is not asked for: it is the same in every row.
    fn request(&self, table: &'static Table) -> Option<Request> {
        let mut request = self.resolved.get(table)?.request(self.year);
        if let Some((year, _)) = &request.year {
            let same = |column: &&mut ColumnRequest| column.name.as_ref() == Some(year);
            request.columns.iter_mut().filter(same).for_each(|column| column.name = None);
        }
        Some(request)
    }

    /// In how many parts a table is best read. An absent table is one part without rows.
    pub(super) fn parts(&self, table: &'static Table) -> usize {
        self.resolved.get(table).map_or(1, |resolved| self.source.parts(&resolved.physical).max(1))
    }

    /// Like [`Reader::each`], for one part of a table.
    pub(super) fn each_of(
        &self,
        table: &'static Table,
        part: Part,
        mut take: impl FnMut(&Batch, usize) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        self.batches_of(table, part, |batch| (0..batch.rows()).try_for_each(|row| take(batch, row)))
    }

    /// Like [`Reader::each_of`], for rows that name a section: it is found for a whole batch at once.
    pub(super) fn each_in_section(
        &self,
        table: &'static Table,
        part: Part,
        mut sections: SectionLookup<'_>,
        mut take: impl FnMut(&Batch, usize, Found) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        self.batches_of(table, part, |batch| {
            let found = sections.of_batch(batch);
            found.iter().enumerate().try_for_each(|(row, &found)| take(batch, row, found))
        })
    }

    fn batches_of(
        &self,
        table: &'static Table,
        part: Part,
        mut take: impl FnMut(&Batch) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        let Some(request) = self.request(table) else { return Ok(()) };
        self.begin(table, &request.table, part.of);
        let stats = self.source.read(&request, part, &mut |batch| {
            self.progress.rows(&request.table, batch.rows() as u64);
            take(batch)
        })?;
        self.end(table, &request.table, stats.rows);
        Ok(())
    }

    fn counts(&self) -> MutexGuard<'_, Vec<TableCount>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, table: &'static Table, physical: &str, parts: usize) {
        let mut counts = self.counts();
        if counts.iter().all(|count| count.name != table.name) {
            counts.push(TableCount { name: table.name, rows: 0, parts_left: parts });
            let estimate = self.source.catalog().tables.get(physical).and_then(|t| t.rows_estimate);
            // Told under the lock: no part may tell of rows before.
            self.progress.table(physical, estimate);
        }
    }

    fn end(&self, table: &'static Table, physical: &str, rows: u64) {
        let mut counts = self.counts();
        let Some(count) = counts.iter_mut().find(|count| count.name == table.name) else { return };
        count.rows += rows;
        count.parts_left -= 1;
        let done = count.parts_left == 0;
        drop(counts);
        if done {
            self.progress.done(physical);
        }
    }
}
