//! Notices: what is wrong with, or worth knowing about, the data of a run.
//!
//! In: a declared [`Code`], a cause and a sample. Out: exact counts per code and cause, with capped samples.
//! A fault of the machine or the configuration is never a notice: it is a typed error and ends the run.
//! Everything kept here is ordered by key, so that no input order and no thread order shows.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Will hurt a consumer, or loses rows that somebody expects.
    Warning,
    /// Breaks the specification, or makes the package wrong: it is refused.
    Error,
}

impl Severity {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// Whose rule a notice stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Authority {
    /// The OneRoster specification.
    Specification,
    /// A demand of consumers.
    Consumer,
    /// A decision of this project or of the profile (mapping.md).
    Policy,
}

/// Declaration of a notice code. Declared once, next to the rule that raises it; the code is a public promise.
#[derive(Debug)]
pub struct Code {
    /// Kebab-case name of the defect.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// Whose rule it is.
    pub authority: Authority,
    /// The OneRoster file concerned, without `.csv`, or `""`.
    pub file: &'static str,
    /// What happened, one sentence.
    pub summary: &'static str,
    /// What to do in the ODS, the seeds or the configuration.
    pub remedy: &'static str,
}

/// Samples kept per cause.
pub const SAMPLES: usize = 5;
/// Causes kept by name per code; the rest is counted together under [`OTHER_CAUSES`].
pub const CAUSES: usize = 200;
/// The bucket for causes beyond the cap.
pub const OTHER_CAUSES: &str = "(further causes)";

/// Count and samples of one cause.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Exact number of occurrences.
    pub count: u64,
    /// The first few samples in text order; ids, not names.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub samples: BTreeSet<String>,
    /// Rows that are left out because of this, by file name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<&'static str, u64>,
}

impl Tally {
    fn sample(&mut self, sample: String) {
        self.samples.insert(sample);
        if self.samples.len() > SAMPLES {
            self.samples.pop_last();
        }
    }

    fn merge(&mut self, other: Tally) {
        self.count += other.count;
        for (file, rows) in other.left_out {
            *self.left_out.entry(file).or_default() += rows;
        }
        for sample in other.samples {
            self.sample(sample);
        }
    }
}

/// All causes of one code.
#[derive(Debug, Clone, Default)]
struct Causes {
    by_name: BTreeMap<String, Tally>,
    other: Tally,
}

impl Causes {
    fn is_empty(&self) -> bool {
        self.by_name.is_empty() && self.other == Tally::default()
    }

    fn entry(&mut self, cause: &str) -> &mut Tally {
        if !self.by_name.contains_key(cause) {
            // Keeping the smallest names, whatever the order of arrival, keeps the report deterministic:
            // a name that is in the final set has never been evicted.
            if self.by_name.len() >= CAUSES {
                match self.by_name.last_key_value() {
                    Some((last, _)) if cause < last.as_str() => {
                        if let Some((_, evicted)) = self.by_name.pop_last() {
                            self.other.merge(evicted);
                        }
                    }
                    _ => return &mut self.other,
                }
            }
            self.by_name.insert(cause.to_owned(), Tally::default());
        }
        match self.by_name.get_mut(cause) {
            Some(tally) => tally,
            None => &mut self.other,
        }
    }
}

/// The notices of a run, or of one part of it: parts are merged.
#[derive(Debug, Default)]
pub struct Notices {
    codes: BTreeMap<&'static str, (&'static Code, Causes)>,
}

impl Notices {
    /// An empty collection.
    pub fn new() -> Notices {
        Notices::default()
    }

    fn tally(&mut self, code: &'static Code, cause: &str) -> &mut Tally {
        self.codes.entry(code.code).or_insert_with(|| (code, Causes::default())).1.entry(cause)
    }

    /// One occurrence with its cause and a sample (blank for none).
    pub fn add(&mut self, code: &'static Code, cause: &str, sample: impl Into<String>) {
        let tally = self.tally(code, cause);
        tally.count += 1;
        let sample = sample.into();
        if !sample.is_empty() {
            tally.sample(sample);
        }
    }

    /// Many occurrences without samples.
    pub fn count(&mut self, code: &'static Code, cause: &str, count: u64) {
        if count > 0 {
            self.tally(code, cause).count += count;
        }
    }

    /// Rows of `file` that are left out because of this cause.
    pub fn leave_out(&mut self, code: &'static Code, cause: &str, file: &'static str, rows: u64) {
        if rows > 0 {
            *self.tally(code, cause).left_out.entry(file).or_default() += rows;
        }
    }

    /// Takes over everything of another collection.
    pub fn merge(&mut self, other: Notices) {
        for (_, (code, causes)) in other.codes {
            for (cause, tally) in causes.by_name {
                self.tally(code, &cause).merge(tally);
            }
            let mine = &mut self.codes.entry(code.code).or_insert_with(|| (code, Causes::default())).1;
            mine.other.merge(causes.other);
        }
    }

    /// What all parts say alike, taken out of each of them: for a single part, everything.
    pub fn take_shared(mut parts: Vec<&mut Notices>) -> Notices {
        let mut shared = Notices::new();
        let Some((first, others)) = parts.split_first_mut() else { return shared };
        for (name, (code, causes)) in &first.codes {
            let of = |part: &Notices| part.codes.get(name).map(|(_, causes)| causes).cloned();
            let others: Vec<Option<Causes>> = others.iter().map(|part| of(part)).collect();
            let mut same = Causes::default();
            for (cause, tally) in &causes.by_name {
                let alike = |other: &Option<Causes>| {
                    other.as_ref().is_some_and(|other| other.by_name.get(cause) == Some(tally))
                };
                if others.iter().all(alike) {
                    same.by_name.insert(cause.clone(), tally.clone());
                }
            }
            if others.iter().all(|other| other.as_ref().is_some_and(|other| other.other == causes.other)) {
                same.other = causes.other.clone();
            }
            if !same.is_empty() {
                shared.codes.insert(name, (code, same));
            }
        }
        for part in parts {
            for (name, (_, same)) in &shared.codes {
                let Some((_, causes)) = part.codes.get_mut(name) else { continue };
                causes.by_name.retain(|cause, _| !same.by_name.contains_key(cause));
                if same.other != Tally::default() {
                    causes.other = Tally::default();
                }
            }
            part.codes.retain(|_, (_, causes)| !causes.is_empty());
        }
        shared
    }

    /// Occurrences of a code over all causes.
    pub fn total(&self, code: &Code) -> u64 {
        self.codes
            .get(code.code)
            .map_or(0, |(_, c)| c.other.count + c.by_name.values().map(|t| t.count).sum::<u64>())
    }

    /// The highest severity present.
    pub fn worst(&self) -> Option<Severity> {
        self.codes.values().map(|(code, _)| code.severity).max()
    }

    /// Every (code, cause, tally): worst first, then by code, then by cause.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Code, &str, &Tally)> {
        let mut codes: Vec<_> = self.codes.values().collect();
        codes.sort_by_key(|(code, _)| (std::cmp::Reverse(code.severity), code.code));
        codes.into_iter().flat_map(|(code, causes)| {
            let other = (causes.other != Tally::default()).then_some((*code, OTHER_CAUSES, &causes.other));
            causes.by_name.iter().map(|(cause, tally)| (*code, cause.as_str(), tally)).chain(other)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static CODE: Code = Code {
        code: "test-code",
        severity: Severity::Warning,
        authority: Authority::Policy,
        file: "users",
        summary: "A test.",
        remedy: "None.",
    };

    fn shown(notices: &Notices) -> Vec<(String, Tally)> {
        notices.iter().map(|(_, cause, tally)| (cause.to_owned(), tally.clone())).collect()
    }

    #[test]
    fn order_of_arrival_does_not_show() {
        let names: Vec<String> = (0..CAUSES * 3).map(|n| format!("cause {n:05}")).collect();
        let mut forward = Notices::new();
        let mut backward = Notices::new();
        for (n, name) in names.iter().enumerate() {
            forward.add(&CODE, name, format!("sample {n}"));
            forward.add(&CODE, name, "again");
        }
        for (n, name) in names.iter().enumerate().rev() {
            backward.add(&CODE, name, "again");
            backward.add(&CODE, name, format!("sample {n}"));
        }
        assert_eq!(shown(&forward), shown(&backward));
        assert_eq!(forward.total(&CODE), (CAUSES * 6) as u64);
        assert_eq!(forward.iter().count(), CAUSES + 1);
    }

    #[test]
    fn merging_parts_equals_one_collection() {
        let mut whole = Notices::new();
        let mut parts = [Notices::new(), Notices::new()];
        for n in 0..1000usize {
            let cause = format!("cause {}", n * 7919 % 463);
            whole.add(&CODE, &cause, n.to_string());
            parts[n % 2].add(&CODE, &cause, n.to_string());
        }
        let [mut a, b] = parts;
        a.merge(b);
        assert_eq!(a.total(&CODE), whole.total(&CODE));
        let named = |n: &Notices| n.iter().map(|(_, c, _)| c.to_owned()).collect::<Vec<_>>();
        assert_eq!(named(&a), named(&whole));
    }

    #[test]
    fn what_all_parts_say_alike_is_taken_out_of_them() {
        let part = |causes: &[(&str, u64)]| {
            let mut notices = Notices::new();
            causes.iter().for_each(|&(cause, count)| notices.count(&CODE, cause, count));
            notices
        };
        let (mut a, mut b) =
            (part(&[("both", 2), ("differs", 1), ("a", 4)]), part(&[("both", 2), ("differs", 3)]));
        let named = |n: &Notices| n.iter().map(|(_, c, t)| (c.to_owned(), t.count)).collect::<Vec<_>>();
        let shared = Notices::take_shared(vec![&mut a, &mut b]);
        assert_eq!(named(&shared), [("both".to_owned(), 2)]);
        assert_eq!(named(&a), [("a".to_owned(), 4), ("differs".to_owned(), 1)]);
        assert_eq!(named(&b), [("differs".to_owned(), 3)]);

        let mut alone = part(&(0..CAUSES + 9).map(|_| ("one", 1)).collect::<Vec<_>>());
        (0..CAUSES as u64 + 9).for_each(|n| alone.count(&CODE, &format!("cause {n:05}"), 1));
        let before = named(&alone);
        assert_eq!(named(&Notices::take_shared(vec![&mut alone])), before);
        assert!(named(&alone).is_empty() && named(&Notices::take_shared(Vec::new())).is_empty());
    }

    #[test]
    fn samples_are_capped_and_counts_exact() {
        let mut notices = Notices::new();
        for n in 0..100 {
            notices.add(&CODE, "one", format!("{n:03}"));
        }
        let (_, _, tally) = notices.iter().next().unwrap();
        assert_eq!(tally.count, 100);
        assert_eq!(tally.samples.iter().next().unwrap(), "000");
        assert_eq!(tally.samples.len(), SAMPLES);
    }
}
