//! What has been read, of how much, in words that hold.
//!
//! In: which tables will be read, with the source's estimates, and what has come of them. Out: rows read, the share of
//! the whole and the time left, each only while there is ground for it: estimates may be missing, and they may be wrong
//! in both directions. No clock: who asks says how long it has taken.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::report::terminal::grouped;

/// Time before a rate means anything.
const SETTLED: Duration = Duration::from_secs(2);

/// One table.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TableTally {
    /// Rows that the source expects; unknown where it says none.
    estimate: Option<u64>,
    read: u64,
    begun: bool,
    done: bool,
}

impl TableTally {
    /// Rows that it may have in all: known at its end, before that as long as the estimate holds.
    fn expected(self) -> Option<u64> {
        match self.estimate {
            _ if self.done => Some(self.read),
            Some(estimate) if estimate >= self.read => Some(estimate),
            _ => None,
        }
    }

    /// Whether more has come than was expected.
    pub(super) fn is_exceeded(self) -> bool {
        self.estimate.is_some() && self.expected().is_none()
    }

    /// The estimate, while it holds.
    pub(super) fn estimate(self) -> Option<u64> {
        self.estimate.filter(|_| !self.is_exceeded())
    }
}

/// All tables of one reading.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    tables: BTreeMap<String, TableTally>,
    /// Whether these are all tables that will be read.
    whole: bool,
}

impl Tally {
    /// These tables will be read, and no others. Forgets what was read before.
    pub(super) fn expect<'a>(tables: impl Iterator<Item = (&'a str, Option<u64>)>) -> Tally {
        let told = |estimate: Option<u64>| TableTally { estimate, ..TableTally::default() };
        Tally { tables: tables.map(|(name, rows)| (name.to_owned(), told(rows))).collect(), whole: true }
    }

    pub(super) fn begin(&mut self, table: &str, estimate: Option<u64>) {
        let begun = TableTally { estimate, begun: true, ..TableTally::default() };
        if self.tables.insert(table.to_owned(), begun).is_none() {
            self.whole = false;
        }
    }

    /// Counts rows of a table that has begun; how it stands now.
    pub(super) fn rows(&mut self, table: &str, rows: u64) -> Option<TableTally> {
        let tally = self.tables.get_mut(table).filter(|tally| tally.begun)?;
        tally.read += rows;
        Some(*tally)
    }

    pub(super) fn done(&mut self, table: &str) {
        if let Some(tally) = self.tables.get_mut(table) {
            tally.done = true;
        }
    }

    pub(super) fn tables(&self) -> usize {
        self.tables.len()
    }

    /// Rows of all tables so far.
    pub(super) fn read(&self) -> u64 {
        self.tables.values().map(|table| table.read).sum()
    }

    /// Rows of all tables in the end. Unknown while it is for one of them: a whole that leaves out what may be its
    /// largest part would make the time left too short.
    pub(super) fn expected(&self) -> Option<u64> {
        self.tables.values().map(|table| table.expected()).sum::<Option<u64>>().filter(|_| self.whole)
    }

    /// The first table that has begun and of which nothing has come.
    fn waiting(&self) -> Option<&str> {
        let waits = |table: &TableTally| table.begun && !table.done && table.read == 0;
        self.tables.iter().find(|(_, table)| waits(table)).map(|(name, _)| name.as_str())
    }

    fn is_over(&self) -> bool {
        self.whole && self.tables.values().all(|table| table.done)
    }

    /// How it stands, in at most 64 characters for less than 100 million rows.
    pub(super) fn words(&self, elapsed: Duration, per_second: f64) -> String {
        let read = self.read();
        if read == 0 {
            return self.waiting().map(|table| format!("waiting for {table}")).unwrap_or_default();
        }
        let expected = self.expected().filter(|_| !self.is_over());
        let mut words = match expected {
            Some(whole) => format!("{} of ~{} rows, {}%", grouped(read), grouped(whole), share(read, whole)),
            None => format!("{} rows", grouped(read)),
        };
        if elapsed >= SETTLED && per_second >= 1.0 {
            words += &format!(", {}/s", grouped(rounded(per_second)));
            if let Some(whole) = expected.filter(|whole| *whole > read) {
                words += &format!(", ~{} left", span((whole - read) as f64 / per_second));
            }
        }
        words
    }
}

/// The share of what is unfinished, in percent: never all of it.
pub(super) fn share(read: u64, whole: u64) -> u64 {
    let percent = u128::from(read) * 100 / u128::from(whole.max(1));
    percent.min(99) as u64
}

/// Two digits, the rest zeros: more would not hold until it is read.
pub(super) fn rounded(number: f64) -> u64 {
    let whole = number.max(0.0) as u64;
    let unit = 10_u64.pow(whole.checked_ilog10().unwrap_or(0).saturating_sub(1));
    whole / unit * unit
}

/// So many seconds, as one says them.
pub(super) fn span(seconds: f64) -> String {
    let seconds = seconds.max(0.0).ceil() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn begun() -> Tally {
        let mut tally = Tally::expect(
            [("student", Some(1000)), ("section", Some(100)), ("staff", Some(100))].into_iter(),
        );
        tally.begin("student", Some(1000));
        tally
    }

    #[test]
    fn rows_share_rate_and_time_are_told() {
        let mut tally = begun();
        assert_eq!(tally.words(LONG, 0.0), "waiting for student");
        tally.rows("student", 300);
        assert_eq!(tally.words(LONG, 12.7), "300 of ~1,200 rows, 25%, 12/s, ~1 min 11 s left");
        // Neither at the beginning nor while nothing comes is there a rate to speak of.
        assert_eq!(tally.words(Duration::from_secs(1), 12.7), "300 of ~1,200 rows, 25%");
        assert_eq!(tally.words(LONG, 0.2), "300 of ~1,200 rows, 25%");
    }

    #[test]
    fn an_estimate_that_is_exceeded_speaks_no_more() {
        let mut tally = begun();
        assert!(!tally.rows("student", 1000).unwrap().is_exceeded());
        assert_eq!(tally.words(LONG, 10.0), "1,000 of ~1,200 rows, 83%, 10/s, ~20 s left");
        let student = tally.rows("student", 4000).unwrap();
        assert!(student.is_exceeded() && student.estimate().is_none());
        assert_eq!(tally.words(LONG, 10.0), "5,000 rows, 10/s");
        // At its end it is known, and the rest is again what is left.
        tally.done("student");
        assert_eq!(tally.words(LONG, 10.0), "5,000 of ~5,200 rows, 96%, 10/s, ~20 s left");
    }

    #[test]
    fn an_estimate_that_is_too_large_is_mended_at_the_end_of_its_table() {
        let mut tally = begun();
        tally.rows("student", 50);
        tally.done("student");
        assert_eq!(tally.expected(), Some(250));
        for table in ["section", "staff"] {
            tally.begin(table, Some(100));
            tally.rows(table, 100);
            // All that was expected is there, and yet the table is not at its end.
            assert!(!tally.words(LONG, 10.0).contains("100%"), "{}", tally.words(LONG, 10.0));
            tally.done(table);
        }
        assert_eq!(tally.words(LONG, 10.0), "250 rows, 10/s");
    }

    #[test]
    fn without_all_estimates_there_is_neither_share_nor_time() {
        let mut tally =
            Tally::expect([("student", Some(1000)), ("a_view", None), ("another_view", None)].into_iter());
        tally.begin("student", Some(1000));
        tally.rows("student", 500);
        assert_eq!(tally.words(LONG, 10.0), "500 rows, 10/s");
        for table in ["a_view", "another_view"] {
            tally.begin(table, None);
            tally.done(table);
        }
        assert_eq!(tally.words(LONG, 10.0), "500 of ~1,000 rows, 50%, 10/s, ~50 s left");
        // A table that nobody announced: there may be more of them.
        tally.begin("another", Some(10));
        assert_eq!(tally.expected(), None);
        let mut nobody = Tally::default();
        nobody.begin("student", Some(1000));
        assert_eq!(nobody.rows("staff", 1).map(TableTally::estimate), None);
        nobody.rows("student", 10);
        assert_eq!(nobody.words(LONG, 10.0), "10 rows, 10/s");
    }

    #[test]
    fn numbers_are_rounded_downwards_and_times_upwards() {
        let cases = [(0.4, 0), (9.9, 9), (99.0, 99), (101.0, 100), (412_345.0, 410_000), (-3.0, 0)];
        for (number, expected) in cases {
            assert_eq!(rounded(number), expected);
        }
        for (seconds, expected) in [(0.2, "1 s"), (59.5, "1 min 0 s"), (-1.0, "0 s"), (7384.0, "2 h 3 min")] {
            assert_eq!(span(seconds), expected);
        }
        assert_eq!((share(0, 10), share(10, 10), share(u64::MAX, 1), share(1, 0)), (0, 99, 99, 99));
    }

    #[test]
    fn ten_million_students_fit_a_line() {
        let mut tally = Tally::expect([("studentsectionassociation", Some(99_999_999))].into_iter());
        tally.begin("studentsectionassociation", Some(99_999_999));
        tally.rows("studentsectionassociation", 10_000_000);
        let words = tally.words(LONG, 25_600.0);
        assert_eq!(words, "10,000,000 of ~99,999,999 rows, 10%, 25,000/s, ~58 min 36 s left");
        assert!(words.len() <= 64, "{}", words.len());
    }
}
