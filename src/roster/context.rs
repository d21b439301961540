//! What every rule of the roster reads, and where it reports.
//!
//! In: plan, staged tables, crosswalk answers. Out: notices and causes. Holds no rule itself but the one on
//! dates (mapping.md 0.11), which governs all associations alike.

use crate::config::plan::{Include, Plan};
use crate::crosswalk::Crosswalks;
use crate::day::Day;
use crate::notice::{Authority, Code, Notices, Severity};
use crate::sourced_id::NaturalKeys;
use crate::staging::Staged;

use super::answers::{Answers, Unmapped};
use super::fate::Causes;

/// A sourcedId hashes text that is written differently.
pub static TEXT_CLEANED: Code = Code {
    code: "key-text-cleaned",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "",
    summary: "A natural key has control characters or spaces at its ends: its id hashes the text as stored, the cell shows it cleaned.",
    remedy: "Mend the key in the ODS; note that the id then changes.",
};

/// A crosswalk has no answer.
pub static UNMAPPED: Code = Code {
    code: "crosswalk-unmapped",
    severity: Severity::Warning,
    authority: Authority::Policy,
    file: "",
    summary: "Descriptor values in use have no row in their crosswalk seed.",
    remedy: "Add the value to the seed file; a blank answer says that it stays unmapped on purpose.",
};

/// What rules read and where they report.
#[derive(Debug)]
pub struct Context<'a> {
    /// The plan of the run.
    pub plan: &'a Plan,
    /// Staged tables.
    pub staged: &'a Staged,
    /// Crosswalks, for values that are not descriptors and for optional ones.
    pub crosswalks: &'a Crosswalks,
    /// Formulas of ids.
    pub keys: NaturalKeys,
    /// Notices so far.
    pub notices: Notices,
    /// Causes for which rows are left out.
    pub causes: Causes,
    /// Crosswalk values that were asked for and not known.
    pub unmapped: Vec<Unmapped>,
}

/// Why an association does not count by its dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotCounted {
    /// It has ended before the as-of date.
    Ended,
    /// It has not begun by the as-of date.
    NotBegun,
}

/// Whether an association counts by its dates (mapping.md 0.11). Undated is never ended and always begun.
#[inline]
pub fn counts(include: Include, as_of: Day, begin: Option<Day>, end: Option<Day>) -> Result<(), NotCounted> {
    let ended = end.is_some_and(|end| end < as_of);
    let not_begun = begin.is_some_and(|begin| begin > as_of);
    match include {
        Include::Year => Ok(()),
        _ if ended => Err(NotCounted::Ended),
        Include::Current if not_begun => Err(NotCounted::NotBegun),
        _ => Ok(()),
    }
}

/// The formulas of ids of a run.
pub fn natural_keys(plan: &Plan, staged: &Staged) -> NaturalKeys {
    NaturalKeys::new(plan.mapping.id_scheme, &plan.id_prefix, plan.school_year)
        .with_staff_begin_outside_key(staged.staff_begin_outside_key)
}

impl<'a> Context<'a> {
    /// A context for one run.
    pub fn new(
        plan: &'a Plan,
        staged: &'a Staged,
        crosswalks: &'a Crosswalks,
        notices: Notices,
    ) -> Context<'a> {
        Context {
            plan,
            staged,
            crosswalks,
            keys: natural_keys(plan, staged),
            notices,
            causes: Causes::default(),
            unmapped: Vec::new(),
        }
    }

    /// Whether an association counts by its dates.
    pub fn counts(&self, begin: Option<Day>, end: Option<Day>) -> Result<(), NotCounted> {
        counts(self.plan.mapping.include, self.plan.as_of, begin, end)
    }

    /// Reports a key text whose written form differs from the hashed one.
    pub fn check_key(&mut self, field: &str, text: &str) {
        if super::clean::clean(text) != text {
            self.notices.add(&TEXT_CLEANED, field, text.escape_default().to_string());
        }
    }

    /// Takes the unmapped values of a crosswalk into the report.
    pub fn collect<T: Copy>(&mut self, answers: &Answers<T>) {
        for unmapped in answers.unmapped(&self.staged.descriptors) {
            self.notices.count(&UNMAPPED, &format!("{}: {}", unmapped.seed, unmapped.value), unmapped.count);
            self.unmapped.push(unmapped);
        }
    }

    /// Code value of a descriptor.
    pub fn value(&self, descriptor: crate::staging::descriptors::Descriptor) -> &'a str {
        self.staged.descriptors.code_value(descriptor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_decide_as_mapping_says() {
        let day = |d| Some(Day::at(d));
        let as_of = Day::at(100);
        use Include::{Current, NotEnded, Year};
        assert_eq!(counts(NotEnded, as_of, day(50), day(99)), Err(NotCounted::Ended));
        assert_eq!(counts(NotEnded, as_of, day(50), day(100)), Ok(()));
        assert_eq!(counts(NotEnded, as_of, day(150), None), Ok(()));
        assert_eq!(counts(Current, as_of, day(101), None), Err(NotCounted::NotBegun));
        assert_eq!(counts(Current, as_of, day(100), None), Ok(()));
        assert_eq!(counts(Current, as_of, None, None), Ok(()));
        assert_eq!(counts(Year, as_of, day(0), day(1)), Ok(()));
    }
}
