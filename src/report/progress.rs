//! Progress of a run, for whoever watches it.
//!
//! In: what a stage is doing, from any thread. Out: bars on a terminal, plain lines in a log, or nothing.
//! Progress is no result: nothing that is written to the package or the report depends on it.

mod bars;
mod tally;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tally::{Tally, rounded, span};

use super::terminal::grouped;
pub use crate::progress::{Progress, Silent};
pub use bars::Bars;

/// One line a stage, for logs and cron: what begins, and what the stage before it came to.
pub struct Lines<W> {
    watch: Watch,
    state: Mutex<State<W>>,
}

/// Says the time since some moment.
pub type Watch = Box<dyn Fn() -> Duration + Send + Sync>;

struct State<W> {
    out: W,
    tally: Tally,
    /// Rows of the files that the stage has written.
    written: BTreeMap<String, u64>,
    begun: Duration,
}

impl<W: Write + Send> Lines<W> {
    /// Writes to `out`, whose faults are passed over: progress is not worth a failed run.
    pub fn new(out: W, watch: Watch) -> Lines<W> {
        let state = State { out, tally: Tally::default(), written: BTreeMap::new(), begun: watch() };
        Lines { watch, state: Mutex::new(state) }
    }

    /// What has been written to.
    pub fn into_inner(self) -> W {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).out
    }

    fn with<T>(&self, act: impl FnOnce(&mut State<W>) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<W> State<W> {
    /// What the stage that is over came to, or, before anything was read, what is expected.
    fn remark(&self, elapsed: Duration) -> Option<String> {
        let per_second = |rows: u64| match elapsed.as_secs() {
            0 => String::new(),
            _ => format!(", {}/s", grouped(rounded(rows as f64 / elapsed.as_secs_f64()))),
        };
        let took = span(elapsed.as_secs_f64());
        let tables = match self.tally.tables() {
            1 => "1 table".to_owned(),
            tables => format!("{tables} tables"),
        };
        if !self.written.is_empty() {
            let rows: u64 = self.written.values().sum();
            let files = self.written.len();
            return Some(format!("{} rows in {files} files took {took}{}", grouped(rows), per_second(rows)));
        }
        match (self.tally.tables(), self.tally.read(), self.tally.expected()) {
            (0, ..) => None,
            (_, 0, Some(rows)) => Some(format!("~{} rows of {tables}", grouped(rows))),
            (_, 0, None) => Some(tables),
            (_, read, _) => {
                Some(format!("{} rows of {tables} took {took}{}", grouped(read), per_second(read)))
            }
        }
    }
}

impl<W: Write + Send> Progress for Lines<W> {
    fn expect(&self, tables: &mut dyn Iterator<Item = (&str, Option<u64>)>) {
        let expected = Tally::expect(tables);
        self.with(|state| state.tally = expected);
    }

    fn stage(&self, name: &str) {
        let now = (self.watch)();
        self.with(|state| {
            let remark = state.remark(now.saturating_sub(state.begun));
            let _ = match remark {
                Some(remark) => writeln!(state.out, "{name} ... ({remark})"),
                None => writeln!(state.out, "{name} ..."),
            };
            state.begun = now;
            state.written.clear();
            // Kept for the stage to which it was announced, and told once.
            if state.tally.read() > 0 {
                state.tally = Tally::default();
            }
        });
    }

    fn table(&self, table: &str, estimate: Option<u64>) {
        self.with(|state| state.tally.begin(table, estimate));
    }

    fn rows(&self, table: &str, rows: u64) {
        self.with(|state| state.tally.rows(table, rows));
    }

    fn done(&self, table: &str) {
        self.with(|state| state.tally.done(table));
    }

    fn written(&self, file: &str, rows: u64, _bytes: u64) {
        self.with(|state| {
            match state.written.get_mut(file) {
                Some(known) => *known = rows,
                None => drop(state.written.insert(file.to_owned(), rows)),
            };
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    fn a_run(progress: &dyn Progress) {
        progress.expect(&mut [("student", Some(10)), ("section", Some(4))].into_iter());
        progress.stage("reading");
        progress.table("student", Some(10));
        progress.rows("student", 400_000);
        progress.rows("never announced", 4);
        progress.done("student");
        progress.table("section", None);
        progress.rows("section", 5);
        progress.stage("mapping");
        progress.stage("writing");
        progress.written("users", 4, 400);
        progress.written("users", 2_000, 400);
        progress.written("orgs", 10, 400);
        progress.stage("reading back");
    }

    /// A watch on which every look is so many seconds later.
    fn every(seconds: u64) -> Watch {
        let looks = AtomicU64::new(0);
        Box::new(move || Duration::from_secs(looks.fetch_add(1, Ordering::Relaxed) * seconds))
    }

    fn told(seconds: u64, run: impl Fn(&dyn Progress)) -> String {
        let lines = Lines::new(Vec::new(), every(seconds));
        run(&lines);
        String::from_utf8(lines.into_inner()).unwrap()
    }

    #[test]
    fn lines_are_one_a_stage() {
        assert_eq!(
            told(100, a_run),
            "reading ... (~14 rows of 2 tables)\n\
             mapping ... (400,005 rows of 2 tables took 1 min 40 s, 4,000/s)\n\
             writing ...\n\
             reading back ... (2,010 rows in 2 files took 1 min 40 s, 20/s)\n"
        );
    }

    #[test]
    fn a_run_of_no_time_has_no_rate_and_one_without_estimates_no_sum() {
        let run = |progress: &dyn Progress| {
            progress.expect(&mut [("student", None)].into_iter());
            progress.stage("reading");
            progress.table("student", None);
            progress.rows("student", 3);
            progress.stage("mapping");
        };
        assert_eq!(told(0, run), "reading ... (1 table)\nmapping ... (3 rows of 1 table took 0 s)\n");
    }

    #[test]
    fn silence_is_silent() {
        a_run(&Silent);
    }
}
