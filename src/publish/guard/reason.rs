//! Why a package is held, in numbers and in words.
//!
//! In: the rule that was broken, where, and the counts. Out: a [`Reason`], whose text a person can decide by, and the
//! words with which exactly this can be released. Ids stand in it, never names.

use std::fmt;

use super::{Blackout, Change};
use crate::spec::File;

/// A rule of the guard that a package broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// More ids are gone than both limits allow.
    Removed {
        /// The floor.
        rows: u64,
        /// The ratio, in percent.
        percent: u32,
    },
    /// Most ids are gone: deleted, or replaced by others.
    Changed {
        /// The ratio, in percent.
        percent: u32,
    },
    /// Nothing is left.
    Gone,
    /// Something is gone where nothing may be.
    AdditionsOnly,
    /// The day is one on which nothing is delivered.
    Blackout(Blackout),
}

impl Rule {
    /// Its name, for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Rule::Removed { .. } => "removed",
            Rule::Changed { .. } => "changed",
            Rule::Gone => "gone",
            Rule::AdditionsOnly => "additions-only",
            Rule::Blackout(_) => "blackout",
        }
    }
}

/// Why a package is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The rule.
    pub rule: Rule,
    /// The file; `None` for a rule about the day.
    pub file: Option<File>,
    /// The school, by the sourcedId of its org; `None` for the whole file.
    pub school: Option<String>,
    /// The numbers.
    pub change: Change,
    /// Some ids that are gone.
    pub examples: Vec<String>,
    /// A release that did not suffice allowed this many.
    pub released_up_to: Option<u64>,
}

impl Reason {
    pub(super) fn of(rule: Rule) -> Reason {
        let change = Change::default();
        Reason { rule, file: None, school: None, change, examples: Vec::new(), released_up_to: None }
    }

    /// What to name to release exactly this: `users=120`, `users@SCHOOL=12`, or `blackout`.
    pub fn expectation(&self) -> String {
        match (self.file, &self.school) {
            (Some(file), Some(school)) => format!("{file}@{school}={}", self.change.removed),
            (Some(file), None) => format!("{file}={}", self.change.removed),
            (None, _) => self.rule.name().to_owned(),
        }
    }
}

/// A share in percent with one decimal, rounded down so that it never looks like more than it is.
fn percent(part: u64, whole: u64) -> String {
    let tenths = u128::from(part) * 1000 / u128::from(whole.max(1));
    format!("{}.{}%", tenths / 10, tenths % 10)
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Change { before, removed, added, .. } = self.change;
        if let Some(file) = self.file {
            write!(f, "{file}")?;
        }
        if let Some(school) = &self.school {
            write!(f, " at school {school}")?;
        }
        let gone = format!("{removed} of {before} ids are gone ({})", percent(removed, before));
        match &self.rule {
            Rule::Removed { rows, percent } => {
                write!(f, ": {gone}; more than {rows} and more than {percent}% hold")?;
            }
            Rule::Changed { percent } => write!(
                f,
                ": {gone} and {added} are new; more than {percent}% hold, because most ids were deleted or replaced"
            )?,
            Rule::Gone => write!(f, ": nothing is left of {before} ids")?,
            Rule::AdditionsOnly => write!(f, ": {gone}, and only additions are allowed")?,
            Rule::Blackout(days) => {
                write!(f, "nothing is delivered from {} to {}", days.from, days.to)?;
                if !days.reason.is_empty() {
                    write!(f, ": {}", days.reason)?;
                }
            }
        }
        if let Some(ceiling) = self.released_up_to {
            write!(f, "; the release allows {ceiling}")?;
        }
        if !self.examples.is_empty() {
            let rest = removed.saturating_sub(self.examples.len() as u64);
            write!(f, "; for example {}", self.examples.join(", "))?;
            if rest > 0 {
                write!(f, " and {rest} more")?;
            }
        }
        Ok(())
    }
}
