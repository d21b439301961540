//! What becomes of a row: it is kept, or left out for a cause that is reported once.
//!
//! In: a notice code and a cause. Out: a [`Fate`] of four bytes that a row carries, and that the rows which
//! hang on it inherit: causes, not consequences, are reported ("org 255901200 is not exported: 12 users, 40
//! enrollments follow").

use rustc_hash::FxHashMap;

use crate::notice::{Code, Notices};

/// Whether a row is exported, and why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fate(u32);

impl Fate {
    /// The row is exported.
    pub const KEPT: Fate = Fate(0);

    /// Whether the row is exported.
    #[inline]
    pub fn kept(self) -> bool {
        self == Fate::KEPT
    }

    /// This fate, or the other's if this one is kept.
    #[inline]
    pub fn or(self, other: Fate) -> Fate {
        if self.kept() { other } else { self }
    }
}

/// All causes of a run for which rows are left out.
#[derive(Debug, Clone, Default)]
pub struct Causes {
    list: Vec<(&'static Code, String)>,
    index: FxHashMap<(&'static str, String), u32>,
}

impl Causes {
    /// The fate of rows that are left out for this cause.
    pub fn fate(&mut self, code: &'static Code, cause: impl Into<String>) -> Fate {
        let key = (code.code, cause.into());
        let next = self.list.len() as u32 + 1;
        let number = *self.index.entry(key).or_insert_with_key(|(_, cause)| {
            self.list.push((code, cause.clone()));
            next
        });
        Fate(number)
    }

    /// Code and cause of a fate; `None` when the row is kept.
    pub fn of(&self, fate: Fate) -> Option<(&'static Code, &str)> {
        let number = fate.0.checked_sub(1)? as usize;
        self.list.get(number).map(|(code, cause)| (*code, cause.as_str()))
    }

    /// Reports one left-out row of a file with a sample that says which.
    pub fn report(&self, notices: &mut Notices, fate: Fate, file: &'static str, sample: impl Into<String>) {
        if let Some((code, cause)) = self.of(fate) {
            notices.add(code, cause, sample);
            notices.leave_out(code, cause, file, 1);
        }
    }
}

/// Left-out rows counted by fate, for files with millions of rows.
#[derive(Debug, Default)]
pub struct Losses(Vec<u64>);

impl Losses {
    /// One more row of this fate.
    #[inline]
    pub fn add(&mut self, fate: Fate) {
        let number = fate.0 as usize;
        if number >= self.0.len() {
            self.0.resize(number + 1, 0);
        }
        self.0[number] += 1;
    }

    /// Reports all of them.
    pub fn report(&self, causes: &Causes, notices: &mut Notices, file: &'static str) {
        for (number, &rows) in self.0.iter().enumerate() {
            if let Some((code, cause)) = causes.of(Fate(number as u32)) {
                notices.count(code, cause, rows);
                notices.leave_out(code, cause, file, rows);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::{Authority, Severity};

    static CODE: Code = Code {
        code: "gone",
        severity: Severity::Warning,
        authority: Authority::Policy,
        file: "users",
        summary: "Gone.",
        remedy: "None.",
    };

    #[test]
    fn causes_are_reported_once_with_all_that_follows() {
        let mut causes = Causes::default();
        let fate = causes.fate(&CODE, "org 1");
        assert_eq!(causes.fate(&CODE, "org 1"), fate);
        assert!(!fate.kept() && Fate::KEPT.or(fate) == fate && fate.or(Fate::KEPT) == fate);
        let mut notices = Notices::new();
        causes.report(&mut notices, fate, "users", "student 1");
        causes.report(&mut notices, Fate::KEPT, "users", "student 2");
        let mut losses = Losses::default();
        (0..40).for_each(|_| losses.add(fate));
        losses.add(Fate::KEPT);
        losses.report(&causes, &mut notices, "enrollments");
        let all: Vec<_> = notices.iter().collect();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].2.left_out["users"], 1);
        assert_eq!(all[0].2.left_out["enrollments"], 40);
    }
}
