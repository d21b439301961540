//! How a package differs from the one that was delivered last, in the report.
//!
//! In: what the pipeline's comparison came to. Out: [`Difference`]: numbers by file and school, and whether the guard would hold
//! the package by its default limits. Without a package to compare with it says so, and why.

use serde::Serialize;

use crate::pipeline::{Compared, NotCompared};
use crate::publish::guard::{self, Change, FileChange, GuardSettings, Reason};

/// Whether packages were compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Nobody asked, or no package was written.
    NotAsked,
    /// There was no package of last time.
    Absent,
    /// One of them could not be read.
    Unreadable,
    /// They were.
    Compared,
}

/// Numbers of distinct ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Numbers {
    /// In the older package.
    pub before: u64,
    /// In the newer one.
    pub after: u64,
    /// Only in the older one.
    pub removed: u64,
    /// Only in the newer one.
    pub added: u64,
}

impl From<Change> for Numbers {
    fn from(Change { before, after, removed, added }: Change) -> Numbers {
        Numbers { before, after, removed, added }
    }
}

/// What became of the rows of one school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SchoolDifference {
    /// The school.
    #[serde(rename = "sourcedId")]
    pub sourced_id: String,
    /// Its numbers.
    pub numbers: Numbers,
}

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileDifference {
    /// Name without `.csv`.
    pub file: &'static str,
    /// All its ids.
    pub numbers: Numbers,
    /// Ids of both packages whose rows differ.
    pub changed: u64,
    /// Schools where something is gone or new.
    pub schools: Vec<SchoolDifference>,
}

/// A reason for which the guard would hold a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The rule of the guard, by its name.
    pub rule: &'static str,
    /// Name of the file without `.csv`.
    pub file: &'static str,
    /// sourcedId of the school; null for the whole file.
    pub school: Option<String>,
    /// What is gone and new there.
    pub numbers: Numbers,
    /// All of it in words.
    pub text: String,
}

/// How a package differs from the one that was delivered last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Whether they were compared.
    pub status: Status,
    /// The older package; blank when none was named.
    pub against: String,
    /// Why they could not be compared; blank otherwise.
    pub reason: String,
    /// Every file that one of the two holds.
    pub files: Vec<FileDifference>,
    /// Why the guard would hold the package by its default limits; empty when it would let it pass.
    pub held: Vec<Held>,
}

impl Difference {
    /// Nothing was compared.
    pub fn none() -> Difference {
        Difference {
            status: Status::NotAsked,
            against: String::new(),
            reason: String::new(),
            files: Vec::new(),
            held: Vec::new(),
        }
    }
}

impl From<&Compared> for Difference {
    fn from(compared: &Compared) -> Difference {
        let none = Difference::none();
        match compared {
            Compared::Not => none,
            Compared::Failed(path, why) => {
                let (status, reason) = match why {
                    NotCompared::Absent => (Status::Absent, "there is no such package"),
                    NotCompared::Unreadable(reason) => (Status::Unreadable, reason.as_str()),
                };
                Difference { status, against: path.display().to_string(), reason: reason.to_owned(), ..none }
            }
            Compared::With(path, comparison) => {
                let held = guard::weigh(comparison, &GuardSettings::default());
                Difference {
                    status: Status::Compared,
                    against: path.display().to_string(),
                    files: comparison.files.iter().map(file).collect(),
                    held: held.iter().filter_map(held_for).collect(),
                    ..none
                }
            }
        }
    }
}

fn held_for(reason: &Reason) -> Option<Held> {
    Some(Held {
        rule: reason.rule.name(),
        // A reason without a file is about the day, of which this comparison knows nothing.
        file: reason.file?.name(),
        school: reason.school.clone(),
        numbers: reason.change.into(),
        text: reason.to_string(),
    })
}

fn file(change: &FileChange) -> FileDifference {
    let moved = change.schools.iter().filter(|(_, numbers)| numbers.removed + numbers.added > 0);
    FileDifference {
        file: change.file.name(),
        numbers: change.total.into(),
        changed: change.changed_rows,
        schools: moved
            .map(|(school, numbers)| SchoolDifference {
                sourced_id: school.clone(),
                numbers: (*numbers).into(),
            })
            .collect(),
    }
}
