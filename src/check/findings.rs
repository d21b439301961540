//! What the rules found: exact counts by rule, file, column and cause, with the first few places.
//!
//! In: a rule, a place and a cause, one call an occurrence. Out: [`Group`]s in order of code, file and column. Memory
//! is bounded by [`CAUSES`] and [`SAMPLES`], counts are exact beyond them. Places are lines and sourcedIds; no other cell
//! of a row gets in here, except as a shape ([`shape`]).

use std::borrow::Cow;
use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::Levels;
use super::rule::{Charge, Rule};
use crate::spec::File;

/// Causes kept by name per rule, file and column: the first that occur.
pub const CAUSES: usize = 200;
/// Samples kept per cause.
pub const SAMPLES: usize = 5;
/// The name for the causes beyond [`CAUSES`].
pub const OTHER_CAUSES: &str = "(further causes)";

/// Where something was found. Lines count from 1; 0 means the file as a whole.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spot<'a> {
    /// Line on which the record begins, or on which a fault of its text stands.
    pub line: u64,
    /// Column in characters, from 1, for faults of the text; 0 otherwise.
    pub position: u64,
    /// The sourcedId of the row, if it is known.
    pub id: &'a str,
}

/// One occurrence that is shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sample {
    /// See [`Spot::line`].
    pub line: u64,
    /// See [`Spot::position`].
    pub position: u64,
    /// The sourcedId, blank when it is unknown.
    pub id: String,
    /// The file, when the sourcedId is still to be read from it.
    pub pending: Option<File>,
}

/// One cause.
#[derive(Debug, Clone, Default)]
pub struct Cause {
    /// What caused it; blank when the rule says it all.
    pub cause: String,
    /// Exact number of occurrences.
    pub count: u64,
    /// The first few of them.
    pub samples: Vec<Sample>,
}

/// All occurrences of a rule at one file and column.
#[derive(Debug)]
pub struct Group {
    /// The rule, and whose demand it was judged by.
    pub charge: Charge,
    /// Exact number of occurrences over all causes.
    pub count: u64,
    /// In order of first occurrence; those beyond [`CAUSES`] together at the end.
    pub causes: Vec<Cause>,
    known: FxHashMap<String, usize>,
}

/// File or entry, and column; blank for the package or the whole file.
pub type Place = (Cow<'static, str>, Cow<'static, str>);

/// Code, consumer with the number of its demand, and place.
type Key = (&'static str, Option<(&'static str, usize)>, Place);

/// What was found so far, in the package or in one file.
#[derive(Debug)]
pub struct Findings<'l> {
    levels: &'l Levels,
    groups: BTreeMap<Key, Group>,
}

impl<'l> Findings<'l> {
    /// Nothing found yet; what these levels turn off never will be.
    pub fn new(levels: &'l Levels) -> Findings<'l> {
        Findings { levels, groups: BTreeMap::new() }
    }

    /// Whether the rule is turned off.
    pub fn is_off(&self, rule: &Rule) -> bool {
        self.levels.is_off(rule.code.code)
    }

    fn add(&mut self, charge: Charge, place: Place, cause: &str, sample: impl FnOnce() -> Sample) {
        if self.is_off(charge.rule) {
            return;
        }
        let group = self
            .groups
            .entry((charge.rule.code.code, charge.key(), place))
            .or_insert_with(|| Group { charge, count: 0, causes: Vec::new(), known: FxHashMap::default() });
        group.count += 1;
        let at = match group.known.get(cause) {
            Some(at) => *at,
            None => {
                let (name, at) = match group.known.len() {
                    full if full >= CAUSES => (OTHER_CAUSES, CAUSES),
                    next => (cause, next),
                };
                if at == group.causes.len() {
                    group.causes.push(Cause { cause: name.to_owned(), ..Cause::default() });
                }
                if at < CAUSES {
                    group.known.insert(cause.to_owned(), at);
                }
                at
            }
        };
        if let Some(found) = group.causes.get_mut(at) {
            found.count += 1;
            if found.samples.len() < SAMPLES {
                found.samples.push(sample());
            }
        }
    }

    /// One occurrence in a data file or the manifest.
    pub fn raise(
        &mut self,
        charge: impl Into<Charge>,
        file: &'static str,
        column: impl Into<Cow<'static, str>>,
        spot: Spot<'_>,
        cause: &str,
    ) {
        self.add(charge.into(), (file.into(), column.into()), cause, || Sample {
            line: spot.line,
            position: spot.position,
            id: spot.id.to_owned(),
            pending: None,
        });
    }

    /// One occurrence at a row that has passed: its sourcedId is looked up at the end.
    pub fn raise_row(
        &mut self,
        charge: impl Into<Charge>,
        (file, line): (File, u64),
        column: &'static str,
        cause: &str,
    ) {
        let sample = || Sample { line, position: 0, id: String::new(), pending: Some(file) };
        self.add(charge.into(), (file.csv_name().into(), column.into()), cause, sample);
    }

    /// One occurrence at the package, or at an entry of it.
    pub fn raise_entry(&mut self, charge: impl Into<Charge>, entry: &str, cause: &str) {
        let sample = || Sample { line: 0, position: 0, id: String::new(), pending: None };
        self.add(charge.into(), (entry.to_owned().into(), "".into()), cause, sample);
    }

    /// Takes over what was found in another part of the package.
    pub fn merge(&mut self, other: Findings<'l>) {
        for (key, group) in other.groups {
            match self.groups.entry(key) {
                std::collections::btree_map::Entry::Vacant(free) => {
                    free.insert(group);
                }
                std::collections::btree_map::Entry::Occupied(mut mine) => {
                    let mine = mine.get_mut();
                    mine.count += group.count;
                    mine.causes.extend(group.causes);
                }
            }
        }
    }

    /// Whether this rule has found something.
    pub fn has(&self, code: &str) -> bool {
        self.groups.keys().any(|(found, ..)| *found == code)
    }

    /// Every group: code, then consumer, then file, then column.
    pub fn groups(&self) -> impl Iterator<Item = (&Place, &Group)> {
        self.groups.iter().map(|((.., place), group)| (place, group))
    }

    /// Every sample whose sourcedId is still to be read.
    pub fn pending(&mut self) -> impl Iterator<Item = &mut Sample> {
        let causes = self.groups.values_mut().flat_map(|group| &mut group.causes);
        causes.flat_map(|cause| &mut cause.samples).filter(|sample| sample.pending.is_some())
    }
}

/// A value as its shape: letters as `a` and `A`, digits as `9`, the rest as it is. Says what a date or a number looks
/// like without saying what it is.
pub fn shape(text: &str) -> String {
    let letter = |c: char| match c {
        c if c.is_numeric() => '9',
        c if c.is_uppercase() => 'A',
        c if c.is_alphabetic() => 'a',
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    let mut shape: String = text.chars().take(40).map(letter).collect();
    if text.chars().nth(40).is_some() {
        shape.push('…');
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::register::RULES;

    #[test]
    fn counts_are_exact_beyond_the_caps() {
        let levels = Levels::default();
        let mut findings = Findings::new(&levels);
        let rule = RULES[0];
        for n in 0..1000u64 {
            let spot = Spot { line: n + 2, ..Spot::default() };
            findings.raise(rule, "users.csv", "role", spot, &format!("cause {}", n % 300));
        }
        let (_, group) = findings.groups().next().unwrap();
        assert_eq!((group.count, group.causes.len()), (1000, CAUSES + 1));
        assert_eq!(group.causes[0].cause, "cause 0");
        assert_eq!(group.causes[0].samples.len(), 4);
        assert_eq!(group.causes.iter().map(|cause| cause.count).sum::<u64>(), 1000);
        assert_eq!(group.causes[CAUSES].cause, OTHER_CAUSES);
        assert_eq!(group.causes[CAUSES].samples.len(), SAMPLES);
    }

    #[test]
    fn a_shape_tells_nothing() {
        assert_eq!(shape("09/01/2025"), "99/99/9999");
        assert_eq!(shape("Zoé O'Hara\u{7}"), "Aaa A'Aaaa\u{fffd}");
        assert_eq!(shape(&"x".repeat(50)).chars().count(), 41);
    }
}
