//! Progress on a terminal: a line for the stage, and a bar for every table of which rows are coming.
//!
//! In: what a stage is doing, from any thread. Out: lines on stderr that are gone when the run ends. Tables that wait
//! for their turn have no bar, so there are about as many bars as reads at once.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use super::tally::{Tally, share};
use crate::progress::Progress;
use crate::report::terminal::grouped;

/// How often the stage's line is drawn while nothing comes, so that its clock goes on.
const TICK: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub struct Bars {
    all: MultiProgress,
    tick: bool,
    stage: Mutex<Option<ProgressBar>>,
    tables: Mutex<BTreeMap<String, ProgressBar>>,
    /// Never locked while something is drawn by this thread: drawing looks at it.
    tally: Arc<Mutex<Tally>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A style, or indicatif's own where a template is not one.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

/// The looks of a table's bar: with a share while there is one.
fn table_style(estimated: bool, exceeded: bool) -> ProgressStyle {
    match (estimated, exceeded) {
        (true, _) => style("  {msg:36} [{bar:12}] {human_pos:>11} rows {share:>3}").with_key(
            "share",
            |state: &ProgressState, out: &mut dyn Write| {
                let _ = write!(out, "{}%", share(state.pos(), state.len().unwrap_or(0)));
            },
        ),
        (false, true) => style("  {msg:36} {human_pos:>11} rows, more than estimated"),
        (false, false) => style("  {msg:36} {human_pos:>11} rows"),
    }
}

/// A name of at most 36 characters. Long names of Ed-Fi begin alike and differ at their ends.
fn shortened(table: &str) -> String {
    let letters: Vec<char> = table.chars().collect();
    match letters.len() {
        ..=36 => table.to_owned(),
        length => letters[..12].iter().chain(&['.', '.']).chain(&letters[length - 22..]).collect(),
    }
}

impl Bars {
    /// Draws to stderr; indicatif draws nothing when that is no terminal.
    pub fn new() -> Bars {
        Bars::drawn_by(MultiProgress::new(), true)
    }

    fn drawn_by(all: MultiProgress, tick: bool) -> Bars {
        Bars {
            all,
            tick,
            stage: Mutex::new(None),
            tables: Mutex::new(BTreeMap::new()),
            tally: Arc::default(),
        }
    }

    /// The line of a stage that reads, or of one that does not.
    fn stage_style(&self) -> ProgressStyle {
        let tally = self.tally.clone();
        style("{msg} {elapsed} {words}").with_key(
            "words",
            move |state: &ProgressState, out: &mut dyn Write| {
                let words = lock(&tally).words(state.elapsed(), state.per_sec());
                let _ = out.write_str(&words);
            },
        )
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
        if let Some(stage) = lock(&self.stage).take() {
            stage.finish_and_clear();
        }
        let _ = self.all.clear();
    }
}

impl Progress for Bars {
    fn expect(&self, tables: &mut dyn Iterator<Item = (&str, Option<u64>)>) {
        let expected = Tally::expect(tables);
        *lock(&self.tally) = expected;
    }

    fn stage(&self, name: &str) {
        let mut stage = lock(&self.stage);
        if let Some(last) = stage.take() {
            last.finish_and_clear();
        }
        {
            // What was read is no progress of this stage; what is announced and not begun is.
            let mut tally = lock(&self.tally);
            if tally.read() > 0 {
                *tally = Tally::default();
            }
        }
        let bar = self.all.insert(0, ProgressBar::no_length());
        bar.set_style(self.stage_style());
        bar.set_message(name.to_owned());
        bar.tick();
        if self.tick {
            bar.enable_steady_tick(TICK);
        }
        *stage = Some(bar);
    }

    fn table(&self, table: &str, estimate: Option<u64>) {
        lock(&self.tally).begin(table, estimate);
        if let Some(stage) = &*lock(&self.stage) {
            stage.tick();
        }
    }

    fn rows(&self, table: &str, rows: u64) {
        if rows == 0 {
            return;
        }
        let counted = lock(&self.tally).rows(table, rows);
        let Some(tally) = counted else { return };
        {
            let mut tables = lock(&self.tables);
            let bar = tables.entry(table.to_owned()).or_insert_with(|| {
                let bar = match tally.estimate() {
                    Some(estimate) => ProgressBar::new(estimate),
                    None => ProgressBar::no_length(),
                };
                let bar = self.all.add(bar);
                bar.set_style(table_style(tally.estimate().is_some(), tally.is_exceeded()));
                bar.set_message(shortened(table));
                bar
            });
            if tally.is_exceeded() && bar.length().is_some() {
                bar.unset_length();
                bar.set_style(table_style(false, true));
            }
            bar.inc(rows);
        }
        if let Some(stage) = &*lock(&self.stage) {
            stage.inc(rows);
        }
    }

    fn done(&self, table: &str) {
        lock(&self.tally).done(table);
        let bar = lock(&self.tables).remove(table);
        if let Some(bar) = bar {
            bar.finish_and_clear();
            self.all.remove(&bar);
        }
    }

    fn written(&self, file: &str, rows: u64, _bytes: u64) {
        if let Some(stage) = &*lock(&self.stage) {
            stage.set_message(format!("writing {file}.csv, {} rows", grouped(rows)));
        }
    }
}

#[cfg(test)]
mod tests {
    use indicatif::{InMemoryTerm, ProgressDrawTarget};

    use super::*;

    const LARGE: &str = "studentsectionassociation";

    fn on_a_terminal() -> (InMemoryTerm, Bars) {
        let term = InMemoryTerm::new(20, 80);
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(term.clone()), 255);
        (term, Bars::drawn_by(MultiProgress::with_draw_target(target), false))
    }

    /// What is on the terminal when everything is drawn.
    fn shown(term: &InMemoryTerm, bars: &Bars) -> String {
        lock(&bars.tables).values().chain(&*lock(&bars.stage)).for_each(ProgressBar::force_draw);
        term.contents()
    }

    fn reading(bars: &Bars, tables: &[(&str, Option<u64>)]) {
        bars.expect(&mut tables.iter().copied());
        bars.stage("reading");
        tables.iter().for_each(|(table, estimate)| bars.table(table, *estimate));
    }

    #[test]
    fn tables_that_come_have_a_bar_and_those_that_wait_have_none() {
        let (term, bars) = on_a_terminal();
        reading(&bars, &[(LARGE, Some(7_000_000)), ("section", Some(90_000)), ("staff", Some(10_000))]);
        let text = shown(&term, &bars);
        assert!(text.lines().count() == 1 && text.contains("waiting for section"), "{text}");
        bars.rows(LARGE, 3_550_000);
        bars.rows("never announced", 4);
        let text = shown(&term, &bars);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines[0].contains("3,550,000 of ~7,100,000 rows, 50%"), "{text}");
        assert!(lines[1].contains(LARGE) && lines[1].contains("3,550,000 rows 50%"), "{text}");
        bars.rows("section", 90_000);
        let text = shown(&term, &bars);
        assert!(text.lines().count() == 3 && text.contains("90,000 rows 99%"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        bars.done("section");
        bars.done(LARGE);
        assert_eq!(shown(&term, &bars).lines().count(), 1);
        drop(bars);
        assert_eq!(term.contents(), "");
    }

    #[test]
    fn estimates_that_are_wrong_or_missing_are_not_believed() {
        let (term, bars) = on_a_terminal();
        reading(&bars, &[(LARGE, Some(1_000)), ("a_view", None)]);
        bars.rows(LARGE, 1_000);
        bars.rows(LARGE, 500_000);
        bars.rows("a_view", 7);
        let text = shown(&term, &bars);
        assert!(text.contains("501,000 rows, more than estimated") && text.contains("7 rows"), "{text}");
        assert!(!text.contains('%') && !text.contains("left") && !text.contains('['), "{text}");
        // The first batch may be more than the whole was to be.
        let (term, bars) = on_a_terminal();
        reading(&bars, &[(LARGE, Some(10))]);
        bars.rows(LARGE, 11);
        let text = shown(&term, &bars);
        assert!(text.contains("11 rows, more than estimated") && !text.contains('%'), "{text}");
    }

    #[test]
    fn long_names_keep_what_tells_them_apart() {
        let names = ["race", "language"].map(|end| format!("studenteducationorganizationassociation{end}"));
        let short = names.each_ref().map(|name| shortened(name));
        assert_eq!(short, ["studenteduca..izationassociationrace", "studenteduca..ionassociationlanguage"]);
        assert_eq!(shortened(LARGE), LARGE);
    }

    #[test]
    fn the_next_stage_begins_anew() {
        let (term, bars) = on_a_terminal();
        reading(&bars, &[("student", Some(10))]);
        bars.rows("student", 10);
        bars.done("student");
        bars.stage("mapping");
        let text = shown(&term, &bars);
        assert!(text.contains("mapping") && !text.contains("rows"), "{text}");
        bars.stage("writing");
        bars.written("users", 4_000, 400);
        let text = shown(&term, &bars);
        assert!(text.contains("writing users.csv, 4,000 rows"), "{text}");
        // A second reading, as of the next package of a witness.
        reading(&bars, &[("student", Some(20))]);
        bars.rows("student", 10);
        assert!(shown(&term, &bars).contains("10 of ~20 rows, 50%"), "{}", term.contents());
    }
}
