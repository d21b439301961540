//! The guard against the mass drop: judges a new package by what was delivered last.
//!
//! In: the new package, the one that was delivered last with the [`Shape`] that it had, [`GuardSettings`], the as-of
//! day and perhaps a [`Release`]. Out: a [`Judgement`]: pass, hold with every reason in exact numbers, nothing to
//! compare with, or a baseline that no longer fits. It knows no archive, writes nothing and reads no clock.
//!
//! A drop is held when it exceeds a floor **and** a ratio, in a file or at one school; when most ids of a file are
//! gone, however few they are; and when a file or a school has nothing left. ADR 0024 says why.

mod compare;
mod error;
mod reason;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub use self::compare::{Change, Comparison, FileChange};
pub use self::error::GuardError;
pub use self::reason::{Reason, Rule};
use crate::day::Day;
use crate::spec::File;

/// What may be missing before a package is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Up to this many ids may be gone, in a file and at a school, whatever their share.
    pub removed_rows: u64,
    /// Up to this share of the ids may be gone, in percent, whatever their number.
    pub removed_percent: u32,
    /// More than this share of a file's ids gone, in percent, holds without a floor: most ids were deleted or
    /// replaced. At a school it counts only above [`Limits::removed_rows`].
    pub changed_percent: u32,
    /// Whether a file or school without any row is held.
    pub gone: bool,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { removed_rows: 10, removed_percent: 10, changed_percent: 75, gone: true }
    }
}

/// Days on which nothing is delivered, such as the turn of the school year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blackout {
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
    /// Why, for the message; may be blank.
    pub reason: String,
}

/// How a package is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardSettings {
    /// For files without limits of their own.
    pub limits: Limits,
    /// Limits of single files.
    pub files: BTreeMap<File, Limits>,
    /// Hold whatever removes a single row.
    pub additions_only: bool,
    /// Days on which every package is held.
    pub blackouts: Vec<Blackout>,
    /// Ids per reason that are named as examples.
    pub examples: usize,
}

impl Default for GuardSettings {
    fn default() -> GuardSettings {
        GuardSettings {
            limits: Limits::default(),
            files: BTreeMap::new(),
            additions_only: false,
            blackouts: Vec::new(),
            examples: 10,
        }
    }
}

/// What must be equal for two packages to be comparable: OneRoster version, id scheme, filters and whatever else the
/// caller deems so, by name. The school year is better left out: its turn is when a guard is needed most.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Shape(pub BTreeMap<String, String>);

impl Shape {
    /// What differs, in words.
    fn differences(&self, newer: &Shape) -> Vec<String> {
        let names: BTreeSet<&String> = self.0.keys().chain(newer.0.keys()).collect();
        let differs = names.into_iter().filter(|name| self.0.get(*name) != newer.0.get(*name));
        let word = |shape: &Shape, name: &String| match shape.0.get(name).map(String::as_str) {
            None | Some("") => "nothing".to_owned(),
            Some(value) => value.to_owned(),
        };
        differs.map(|name| format!("{name} was {}, is {}", word(self, name), word(newer, name))).collect()
    }
}

/// The package that was delivered last.
#[derive(Debug, Clone, Copy)]
pub struct Baseline<'a> {
    /// Where it is kept.
    pub package: &'a Path,
    /// The shape that it had.
    pub shape: &'a Shape,
}

/// What somebody has looked at and allowed, once: so many ids may be missing. It is a ceiling, not a free pass: a
/// package in which more is missing is held again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    /// Ids that may be gone: of a whole file, which speaks for its schools too, or of one school in it (by the
    /// sourcedId of its org).
    pub removed: BTreeMap<(File, Option<String>), u64>,
    /// Whether it counts during a blackout.
    pub blackout: bool,
}

impl Release {
    /// The ceiling for this file and school, if there is one.
    fn ceiling(&self, file: File, school: Option<&str>) -> Option<u64> {
        let narrow = school.and_then(|school| self.removed.get(&(file, Some(school.to_owned()))));
        narrow.or_else(|| self.removed.get(&(file, None))).copied()
    }
}

/// What the guard says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may be delivered.
    Pass,
    /// It must not be delivered, for these reasons.
    Hold(Vec<Reason>),
    /// It may be delivered: nothing was delivered before, so nothing was compared.
    NoBaseline,
    /// It may be delivered: what was delivered before was of another kind, so nothing was compared. What differs.
    Reset(Vec<String>),
}

/// A verdict and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What is to happen.
    pub verdict: Verdict,
    /// The numbers; `None` when nothing was compared.
    pub comparison: Option<Comparison>,
    /// Reasons that would have held the package but for the release.
    pub released: Vec<Reason>,
}

/// Judges a new package.
///
/// # Errors
/// [`GuardError`] when the packages cannot be compared; nothing may then be delivered.
pub fn judge(
    newer: Baseline<'_>,
    last: Option<Baseline<'_>>,
    settings: &GuardSettings,
    as_of: Day,
    release: &Release,
) -> Result<Judgement, GuardError> {
    let mut verdict = Verdict::Pass;
    let mut comparison = None;
    let mut reasons = Vec::new();
    match last {
        None => verdict = Verdict::NoBaseline,
        Some(last) => match last.shape.differences(newer.shape) {
            differences if differences.is_empty() => {
                let compared = compare::compare(last.package, newer.package, None, 0)?;
                reasons = weigh(&compared, settings);
                comparison = Some(compared);
            }
            differences => verdict = Verdict::Reset(differences),
        },
    }
    reasons.splice(0..0, blackouts(settings, as_of));
    let (released, mut held) = settle(reasons, release);
    if let Some(last) = last {
        add_examples(&mut held, last.package, newer.package, settings.examples)?;
    }
    if !held.is_empty() {
        verdict = Verdict::Hold(held);
    }
    Ok(Judgement { verdict, comparison, released })
}

/// Compares two packages without judging them.
///
/// # Errors
/// [`GuardError`].
pub fn compare(older: &Path, newer: &Path) -> Result<Comparison, GuardError> {
    compare::compare(older, newer, None, 0)
}

fn blackouts(settings: &GuardSettings, as_of: Day) -> Vec<Reason> {
    let today = settings.blackouts.iter().filter(|days| days.from <= as_of && as_of <= days.to);
    today.map(|days| Reason::of(Rule::Blackout(days.clone()))).collect()
}

/// Every reason for which these numbers hold a package, files in order, the whole file before its schools.
pub fn weigh(comparison: &Comparison, settings: &GuardSettings) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for change in &comparison.files {
        let limits = *settings.files.get(&change.file).unwrap_or(&settings.limits);
        let places = std::iter::once((None, change.total))
            .chain(change.schools.iter().map(|(school, numbers)| (Some(school), *numbers)));
        for (school, numbers) in places {
            if let Some(rule) = broken(numbers, school.is_some(), limits, settings.additions_only) {
                reasons.push(Reason {
                    file: Some(change.file),
                    school: school.cloned(),
                    change: numbers,
                    ..Reason::of(rule)
                });
            }
        }
    }
    reasons
}

/// The gravest rule that these numbers break.
fn broken(numbers: Change, at_school: bool, limits: Limits, additions_only: bool) -> Option<Rule> {
    let Change { before, after, removed, .. } = numbers;
    // In 128 bits, so that no count is too large to be compared.
    let beyond = |percent: u32| u128::from(removed) * 100 > u128::from(before) * u128::from(percent);
    let above_floor = removed > limits.removed_rows;
    if before > 0 && after == 0 && limits.gone {
        Some(Rule::Gone)
    } else if beyond(limits.changed_percent) && (above_floor || !at_school) {
        Some(Rule::Changed { percent: limits.changed_percent })
    } else if above_floor && beyond(limits.removed_percent) {
        Some(Rule::Removed { rows: limits.removed_rows, percent: limits.removed_percent })
    } else if additions_only && removed > 0 {
        Some(Rule::AdditionsOnly)
    } else {
        None
    }
}

/// Parts what a release allows from what stays held.
fn settle(reasons: Vec<Reason>, release: &Release) -> (Vec<Reason>, Vec<Reason>) {
    let (mut released, mut held) = (Vec::new(), Vec::new());
    for mut reason in reasons {
        let ceiling = reason.file.and_then(|file| release.ceiling(file, reason.school.as_deref()));
        let allowed = match (&reason.rule, ceiling) {
            (Rule::Blackout(_), _) => release.blackout,
            (_, Some(ceiling)) => reason.change.removed <= ceiling,
            (_, None) => false,
        };
        if allowed {
            released.push(reason);
        } else {
            reason.released_up_to = ceiling;
            held.push(reason);
        }
    }
    (released, held)
}

/// Names some of the ids that are gone. Costs a second reading, which only a held package pays.
fn add_examples(
    reasons: &mut [Reason],
    older: &Path,
    newer: &Path,
    examples: usize,
) -> Result<(), GuardError> {
    let files: BTreeSet<File> = reasons.iter().filter_map(|reason| reason.file).collect();
    if files.is_empty() || examples == 0 {
        return Ok(());
    }
    let mut found = compare::compare(older, newer, Some(&files), examples)?;
    for reason in reasons {
        let Some(change) = found.files.iter_mut().find(|change| Some(change.file) == reason.file) else {
            continue;
        };
        reason.examples = match &reason.school {
            None => std::mem::take(&mut change.examples),
            Some(school) => change.school_examples.remove(school).unwrap_or_default(),
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests;
