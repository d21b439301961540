//! Whether what a run made may be published: by the export's own notices, by the rules of the validator, and next to what
//! was delivered last.
//!
//! In: notices, a pending package, the plan. Out: reasons to refuse, the validator's judgement, the guard's comparison, and
//! the names behind the ids of samples. It decides about no package: the pipeline does, by the reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;

use super::{Package, PipelineError};
use crate::check::{self, Judgement};
use crate::closure;
use crate::config::plan::{Deny, Plan};
use crate::notice::{Code, Notices, Severity};
use crate::package::PendingPackage;
use crate::package::read::{Archive, Limits, OpenError};
use crate::publish::guard::{self, Comparison};
use crate::roster::Roster;
use crate::roster::clean::clean;
use crate::roster::collisions::ID_COLLISION;
use crate::roster::users::person_word;
use crate::sourced_id::Person;
use crate::staging::Staged;

/// Codes whose packages no reader could load: they refuse even where nothing else does.
const UNSOUND: [&Code; 2] = [&ID_COLLISION, &closure::DANGLING];

/// Reasons to refuse: every notice that is denied. Errors by cause, since each is to be mended; what is only
/// denied because somebody wishes so by code, since there may be hundreds of causes.
pub(super) fn refusal(notices: &Notices, deny: Deny) -> Vec<String> {
    let mut reasons = Vec::new();
    let mut lesser: BTreeMap<&str, (u64, usize, String)> = BTreeMap::new();
    for (code, cause, tally) in notices.iter() {
        let denied = deny.threshold().is_some_and(|threshold| code.severity >= threshold);
        if !denied && !UNSOUND.iter().any(|unsound| unsound.code == code.code) {
            continue;
        }
        if code.severity == Severity::Error {
            reasons.push(match tally.count {
                1 => format!("{}: {cause}", code.code),
                count => format!("{}: {cause} ({count} times)", code.code),
            });
            continue;
        }
        let sum = lesser.entry(code.code).or_insert_with(|| (0, 0, cause.to_owned()));
        sum.0 += tally.count;
        sum.1 += 1;
    }
    reasons.extend(lesser.into_iter().map(|(code, (count, causes, first))| {
        let more = if causes > 1 { format!(" and {} further causes", causes - 1) } else { String::new() };
        let first = if first.is_empty() { String::new() } else { format!(": {first}{more}") };
        format!("{code} (denied as a warning){first} ({})", times(count))
    }));
    reasons
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// Judges a pending package by every rule of the validator, as of the plan's day. It was just written here: it may be as
/// large as it is.
pub(super) fn validated(package: &PendingPackage, plan: &Plan) -> Result<Judgement, PipelineError> {
    let limits = Limits { entries: u64::MAX, size: u64::MAX, ratio: u64::MAX };
    let unreadable = |error: OpenError| package.unreadable(std::io::Error::other(error.reason));
    let archive = Archive::open(package.path(), limits).map_err(unreadable)?;
    let options = check::Options {
        as_of: Some(plan.as_of),
        deny: plan.judging.deny.threshold(),
        consumers: plan.judging.consumer.into_iter().collect(),
        name: package.written().path.file_name().map(|name| name.to_string_lossy().into_owned()),
        bytes: Some(package.written().bytes),
        ..check::Options::default()
    };
    Ok(check::validate(&archive, &options))
}

/// Reasons to refuse that the validator found.
pub(super) fn refused_by(judgement: &Judgement, deny: Deny) -> Vec<String> {
    let Some(threshold) = deny.threshold() else { return Vec::new() };
    let denied = judgement.notices.iter().filter(|notice| notice.severity >= threshold);
    denied
        .map(|notice| {
            let place = match (notice.file.as_str(), notice.column.as_str()) {
                ("", _) => "the package".to_owned(),
                (file, "") => file.to_owned(),
                (file, column) => format!("{file} {column}"),
            };
            let cause = notice.causes.first().map(|cause| cause.cause.as_str()).filter(|c| !c.is_empty());
            let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
            format!("the validation says {}: {place}{cause} ({})", notice.code, times(notice.count))
        })
        .collect()
}

/// How a package differs from the one that was delivered last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Compared {
    /// Nobody asked, or there was no package to compare.
    #[default]
    Not,
    /// It was not possible.
    Failed(PathBuf, NotCompared),
    /// These are the differences.
    With(PathBuf, Comparison),
}

/// Why packages could not be compared. It is no reason to refuse one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotCompared {
    /// There is no package of last time; so it is on the first day.
    Absent,
    /// One of the two cannot be read as a bulk package.
    Unreadable(String),
}

/// Compares a pending package with the one that was delivered last.
pub(super) fn compared(last: &Path, package: &PendingPackage) -> Compared {
    if !last.exists() {
        return Compared::Failed(last.to_owned(), NotCompared::Absent);
    }
    match guard::compare(last, package.path()) {
        Ok(comparison) => Compared::With(last.to_owned(), comparison),
        Err(error) => {
            // The new one has a name that nobody will ever see.
            let (now, then) = (package.path().display().to_string(), package.written().path.display());
            let reason = error.to_string().replace(&now, &then.to_string());
            Compared::Failed(last.to_owned(), NotCompared::Unreadable(reason))
        }
    }
}

/// Whom the ids of samples belong to: unique ids of persons and sourcedIds of exported users. An id may be that of a student
/// and of a staff member.
pub(super) fn names<'n>(
    staged: &Staged,
    roster: &Roster,
    notices: impl Iterator<Item = &'n Notices>,
    packages: &[Package],
) -> BTreeMap<String, BTreeSet<String>> {
    let mut wanted: FxHashSet<String> = FxHashSet::default();
    for notices in notices {
        wanted.extend(notices.iter().flat_map(|(_, _, tally)| tally.samples.iter().cloned()));
    }
    let judged = packages.iter().filter_map(|package| package.judgement.as_ref());
    let samples = judged.flat_map(|j| &j.notices).flat_map(|n| &n.causes).flat_map(|c| &c.samples);
    let sourced_ids: FxHashSet<String> = samples.map(|sample| sample.sourced_id.clone()).collect();
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let kinds = [
        (Person::Student, &staged.students),
        (Person::Staff, &staged.staff),
        (Person::Parent, &staged.contacts),
    ];
    let told = |person: Person, row: usize| {
        let people = kinds.iter().find(|(kind, _)| *kind == person).map(|(_, people)| *people)?;
        let name = format!("{} {}", clean(people.first.get(row)), clean(people.last.get(row)));
        Some(format!("{} {}", person_word(person), name.trim()))
    };
    for (person, people) in kinds {
        for row in 0..people.unique_id.len() {
            let id = people.unique_id.get(row);
            // Some samples say of what kind the person is.
            for spelt in [id.to_owned(), format!("{} {id}", person_word(person))] {
                if wanted.contains(&spelt) {
                    names.entry(spelt).or_default().extend(told(person, row));
                }
            }
        }
    }
    if !sourced_ids.is_empty() {
        for (user, id) in crate::roster::figures::users_and_ids(roster) {
            let id = id.hex();
            if sourced_ids.contains(&id) {
                names.entry(id).or_default().extend(told(user.person, user.row as usize));
            }
        }
    }
    names
}
