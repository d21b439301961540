//! Notes what a run tells of its progress: rows of each table that was read, and how long each stage took.
//!
//! In: a [`Progress`] that shows the run, and a clock. Out: the same progress, and afterwards the notes. Rows are facts of the
//! source, the same in every run over it; durations are the one part of a report that is not.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::provenance::{StageTime, TableRows};
use crate::progress::Progress;

/// Milliseconds since some fixed moment.
pub type Milliseconds<'a> = &'a (dyn Fn() -> i64 + Sync);

/// Passes everything on and notes what a report needs.
pub struct Noted<'a> {
    shown: &'a dyn Progress,
    now: Milliseconds<'a>,
    tables: Mutex<BTreeMap<String, u64>>,
    stages: Mutex<Vec<(String, i64)>>,
}

impl<'a> Noted<'a> {
    /// Notes what passes on its way to be shown.
    pub fn new(shown: &'a dyn Progress, now: Milliseconds<'a>) -> Noted<'a> {
        let stages = vec![("opening".to_owned(), now())];
        Noted { shown, now, tables: Mutex::default(), stages: Mutex::new(stages) }
    }

    /// Rows of each table, by name, and what each stage took; the last one ends now.
    pub fn end(self) -> (Vec<TableRows>, Vec<StageTime>) {
        let tables = self.tables.into_inner().unwrap_or_else(PoisonError::into_inner);
        let begun = self.stages.into_inner().unwrap_or_else(PoisonError::into_inner);
        let ends = begun.iter().skip(1).map(|(_, at)| *at).chain([(self.now)()]);
        let took = begun.iter().zip(ends).map(|((stage, from), to)| StageTime {
            stage: stage.clone(),
            // A clock may be set back meanwhile.
            milliseconds: u64::try_from(to.saturating_sub(*from)).unwrap_or_default(),
        });
        let rows = tables.into_iter().map(|(table, rows)| TableRows { table, rows });
        (rows.collect(), took.collect())
    }
}

impl Progress for Noted<'_> {
    fn expect(&self, tables: &mut dyn Iterator<Item = (&str, Option<u64>)>) {
        self.shown.expect(tables);
    }

    fn stage(&self, name: &str) {
        let now = (self.now)();
        self.stages.lock().unwrap_or_else(PoisonError::into_inner).push((name.to_owned(), now));
        self.shown.stage(name);
    }

    fn table(&self, table: &str, estimate: Option<u64>) {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner).entry(table.to_owned()).or_default();
        self.shown.table(table, estimate);
    }

    fn rows(&self, table: &str, rows: u64) {
        *self.tables.lock().unwrap_or_else(PoisonError::into_inner).entry(table.to_owned()).or_default() +=
            rows;
        self.shown.rows(table, rows);
    }

    fn done(&self, table: &str) {
        self.shown.done(table);
    }

    fn written(&self, file: &str, rows: u64, bytes: u64) {
        self.shown.written(file, rows, bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;
    use crate::progress::Silent;

    #[test]
    fn stages_last_until_the_next_and_rows_add_up() {
        let clock = AtomicI64::new(0);
        // The third look finds a clock that was set back.
        let times = [100, 350, 300, 900];
        let now = || times[clock.fetch_add(1, Ordering::SeqCst) as usize];
        let noted = Noted::new(&Silent, &now);
        noted.stage("reading");
        noted.table("staff", None);
        noted.rows("student", 3);
        noted.rows("student", 4);
        noted.done("student");
        noted.stage("writing");
        let (tables, stages) = noted.end();
        let tables: Vec<(&str, u64)> = tables.iter().map(|t| (t.table.as_str(), t.rows)).collect();
        assert_eq!(tables, [("staff", 0), ("student", 7)]);
        let stages: Vec<(&str, u64)> = stages.iter().map(|s| (s.stage.as_str(), s.milliseconds)).collect();
        assert_eq!(stages, [("opening", 250), ("reading", 0), ("writing", 600)]);
    }
}
