//! Progress of a run, for whoever watches it.
//!
//! In: what a stage is doing, from any thread. Out: bars on a terminal, plain lines in a log, or nothing.
//! Progress is no result: nothing that is written to the package or the report depends on it.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

pub use crate::progress::{Progress, Silent};

/// One line a stage, for logs and cron.
#[derive(Debug)]
pub struct Lines<W> {
    out: Mutex<W>,
}

impl<W: Write + Send> Lines<W> {
    /// Writes to `out`, whose faults are passed over: progress is not worth a failed run.
    pub fn new(out: W) -> Lines<W> {
        Lines { out: Mutex::new(out) }
    }

    /// What has been written to.
    pub fn into_inner(self) -> W {
        self.out.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write + Send> Progress for Lines<W> {
    fn stage(&self, name: &str) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(out, "{name} ...");
    }
    fn table(&self, _table: &str, _estimate: Option<u64>) {}
    fn rows(&self, _table: &str, _rows: u64) {}
    fn done(&self, _table: &str) {}
    fn written(&self, _file: &str, _rows: u64, _bytes: u64) {}
}

/// A bar for every table that is being read, and a line for the stage.
#[derive(Debug)]
pub struct Bars {
    all: MultiProgress,
    stage: Mutex<Option<ProgressBar>>,
    tables: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Bars {
    /// Draws to stderr; indicatif draws nothing when that is no terminal.
    pub fn new() -> Bars {
        Bars::drawn_by(MultiProgress::new())
    }

    fn drawn_by(all: MultiProgress) -> Bars {
        Bars { all, stage: Mutex::new(None), tables: Mutex::new(BTreeMap::new()) }
    }

    /// A style, or indicatif's own where a template is not one.
    fn style(template: &str) -> ProgressStyle {
        ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ")
    }
}

impl Default for Bars {
    fn default() -> Bars {
        Bars::new()
    }
}

/// Bars go when the run ends, however it ends: the summary is what remains.
impl Drop for Bars {
    fn drop(&mut self) {
        let _ = self.all.clear();
    }
}

impl Progress for Bars {
    fn stage(&self, name: &str) {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = stage.take() {
            last.finish_and_clear();
        }
        let bar = self.all.insert(0, ProgressBar::no_length());
        bar.set_style(Bars::style("{elapsed:>4} {msg}"));
        bar.set_message(name.to_owned());
        bar.tick();
        *stage = Some(bar);
    }

    fn table(&self, table: &str, estimate: Option<u64>) {
        let (bar, template) = match estimate {
            Some(rows) => (ProgressBar::new(rows), "{msg:32!} [{bar:20}] {human_pos:>12} rows"),
            None => (ProgressBar::no_length(), "{msg:32!} {human_pos:>12} rows"),
        };
        let bar = self.all.add(bar);
        bar.set_style(Bars::style(template));
        bar.set_message(table.to_owned());
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = tables.insert(table.to_owned(), bar) {
            last.finish_and_clear();
        }
    }

    fn rows(&self, table: &str, rows: u64) {
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = tables.get(table) {
            bar.inc(rows);
        }
    }

    fn done(&self, table: &str) {
        let bar = self.tables.lock().unwrap_or_else(PoisonError::into_inner).remove(table);
        if let Some(bar) = bar {
            bar.finish_and_clear();
            self.all.remove(&bar);
        }
    }

    fn written(&self, file: &str, rows: u64, _bytes: u64) {
        let stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = stage.as_ref() {
            bar.set_message(format!("{file}.csv written, {rows} rows"));
        }
    }
}

#[cfg(test)]
mod tests {
    use indicatif::{InMemoryTerm, ProgressDrawTarget};

    use super::*;

    fn a_run(progress: &dyn Progress) {
        progress.stage("reading the source");
        progress.table("student", Some(10));
        progress.rows("student", 4);
        progress.rows("never announced", 4);
        progress.table("section", None);
        progress.done("student");
        progress.stage("writing the package");
        progress.written("users", 4, 400);
    }

    #[test]
    fn lines_are_one_a_stage() {
        let lines = Lines::new(Vec::new());
        a_run(&lines);
        assert_eq!(
            String::from_utf8(lines.into_inner()).unwrap(),
            "reading the source ...\nwriting the package ...\n"
        );
    }

    #[test]
    fn bars_show_tables_in_eighty_columns_and_leave_nothing_behind() {
        let term = InMemoryTerm::new(20, 80);
        let target = || ProgressDrawTarget::term_like_with_hz(Box::new(term.clone()), 255);
        let bars = Bars::drawn_by(MultiProgress::with_draw_target(target()));
        bars.stage("reading the source");
        bars.table("studentsectionassociation", Some(7_000_000));
        bars.rows("studentsectionassociation", 3_500_000);
        bars.tables.lock().unwrap()["studentsectionassociation"].force_draw();
        let shown = term.contents();
        assert!(shown.contains("studentsectionassociation"), "{shown}");
        assert!(shown.contains("3,500,000 rows"), "{shown}");
        assert!(shown.lines().count() <= 2, "no line is broken: {shown}");
        a_run(&bars);
        drop(bars);
        assert_eq!(term.contents(), "");
    }

    #[test]
    fn silence_is_silent() {
        a_run(&Silent);
    }
}
