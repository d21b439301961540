//! What is asked about: from what a person writes to the natural key of one row of the source.
//!
//! In: a kind and a key, which may leave out what is not needed to tell rows apart. Out: a [`Subject`], or what was
//! searched and what comes near, or the keys among which a choice is needed. Keys are compared as stored, and only if
//! nothing is called so, without case and surrounding space. Parts of a key are joined by `/`; the forms of each row are
//! compared as wholes, so that a slash within a part does no harm.

use std::collections::BTreeSet;
use std::fmt;

use super::witness::sweep;
use crate::config::plan::Plan;
use crate::edfi::contract as c;
use crate::edfi::{Resolved, Table};
use crate::source::{Source, SourceError};
use crate::sourced_id::{ClassKey, Person, SourcedId};

/// How many near keys are told.
const NEAR: usize = 5;
/// How many keys are told among which to choose.
const CHOICES: usize = 20;

/// A question about the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// What became of something in the source.
    Subject {
        /// What it is.
        kind: Kind,
        /// Its natural key, or as much of it as tells it apart.
        key: String,
    },
    /// What a sourcedId stands for.
    Id(SourcedId),
}

/// What can be asked about by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A student.
    Student,
    /// A staff member.
    Staff,
    /// A parent or contact.
    Parent,
    /// A school, district or state agency.
    Org,
    /// A course.
    Course,
    /// A section: a class.
    Section,
    /// A session or grading period.
    Session,
}

impl Kind {
    /// Every kind, with its word and how its key is written.
    pub const ALL: [(Kind, &'static str, &'static str); 7] = [
        (Kind::Student, "student", "UNIQUE_ID"),
        (Kind::Staff, "staff", "UNIQUE_ID"),
        (Kind::Parent, "parent", "UNIQUE_ID"),
        (Kind::Org, "org", "ID"),
        (Kind::Course, "course", "[OWNER/]CODE"),
        (Kind::Section, "section", "[SCHOOL/][LOCAL_COURSE_CODE/]SECTION[/SESSION]"),
        (Kind::Session, "session", "[SCHOOL/]NAME"),
    ];

    /// The kind with this word.
    pub fn from_word(word: &str) -> Option<Kind> {
        Kind::ALL.iter().find(|(_, known, _)| *known == word).map(|(kind, _, _)| *kind)
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        Kind::ALL.iter().find(|(kind, _, _)| *kind == self).map_or("", |(_, word, _)| word)
    }

    /// How its key is written.
    pub fn syntax(self) -> &'static str {
        Kind::ALL.iter().find(|(kind, _, _)| *kind == self).map_or("", |(_, _, syntax)| syntax)
    }
}

/// The natural key of a section within a year, as stored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SectionKey {
    /// schoolId.
    pub school: i64,
    /// localCourseCode.
    pub local_code: String,
    /// sectionIdentifier.
    pub section: String,
    /// sessionName.
    pub session: String,
}

impl SectionKey {
    /// The key of a class.
    pub fn of(key: ClassKey<'_>) -> SectionKey {
        SectionKey {
            school: key.school,
            local_code: key.local_code.to_owned(),
            section: key.section.to_owned(),
            session: key.session.to_owned(),
        }
    }
}

impl fmt::Display for SectionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.school, self.local_code, self.section, self.session)
    }
}

/// One row of the source, by its natural key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A person.
    Person {
        /// Kind of person.
        person: Person,
        /// Unique id as stored.
        unique_id: String,
    },
    /// An organization.
    Org {
        /// educationOrganizationId.
        id: i64,
    },
    /// A department, which only the package has.
    Department {
        /// The owner of its courses.
        owner: i64,
        /// Its name.
        name: String,
    },
    /// The school year of an LEA, which only the package has.
    Year {
        /// The LEA, or the school that stands in for one.
        lea: i64,
    },
    /// A session.
    Session {
        /// schoolId.
        school: i64,
        /// sessionName.
        name: String,
        /// schoolYear.
        year: i64,
    },
    /// A grading period.
    GradingPeriod {
        /// schoolId.
        school: i64,
        /// Code value of its descriptor.
        period: String,
        /// Its name or sequence.
        name: String,
    },
    /// A course.
    Course {
        /// Organization that owns it.
        owner: i64,
        /// courseCode.
        code: String,
    },
    /// A section.
    Section {
        /// Its key within the year.
        key: SectionKey,
        /// schoolYear.
        year: i64,
    },
    /// A row that only the package has.
    Nothing,
}

impl Subject {
    /// What it is called.
    pub fn word(&self) -> &'static str {
        match self {
            Subject::Person { person: Person::Student, .. } => "student",
            Subject::Person { person: Person::Staff, .. } => "staff",
            Subject::Person { person: Person::Parent, .. } => "parent",
            Subject::Org { .. } => "org",
            Subject::Department { .. } => "department",
            Subject::Year { .. } => "school year",
            Subject::Session { .. } => "session",
            Subject::GradingPeriod { .. } => "grading period",
            Subject::Course { .. } => "course",
            Subject::Section { .. } => "section",
            Subject::Nothing => "id",
        }
    }

    /// Its key in full, as it can be written on the command line.
    pub fn precise(&self) -> String {
        match self {
            Subject::Person { unique_id, .. } => unique_id.clone(),
            Subject::Org { id } => id.to_string(),
            Subject::Department { owner, name } => format!("{owner}/{name}"),
            Subject::Year { lea } => lea.to_string(),
            Subject::Session { school, name, .. } => format!("{school}/{name}"),
            Subject::GradingPeriod { school, period, name } => format!("{school}/{period}/{name}"),
            Subject::Course { owner, code } => format!("{owner}/{code}"),
            Subject::Section { key, .. } => key.to_string(),
            Subject::Nothing => String::new(),
        }
    }

    fn year(&self) -> Option<i64> {
        match self {
            Subject::Session { year, .. } | Subject::Section { year, .. } => Some(*year),
            _ => None,
        }
    }
}

/// Nothing is called so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// What was asked for.
    what: String,
    /// What was searched.
    searched: String,
    /// Keys that come near.
    near: Vec<String>,
    /// What to do.
    pub help: String,
}

impl Unknown {
    /// An id that no row of the run has.
    pub(super) fn id(hex: &str, plan: &Plan) -> Unknown {
        Unknown {
            what: format!("no row has the sourcedId {hex}"),
            searched: format!(
                "the rows of school year {} as of {}, exported or left out, with ids of scheme {} and prefix {}, were searched",
                plan.school_year,
                plan.as_of,
                plan.mapping.id_scheme.word(),
                plan.id_prefix
            ),
            near: Vec::new(),
            help: "give --tenant, --school-year, --set id_scheme=... and the flags of the export that wrote the id (--parents, --demographics, --set gradebook=true)".to_owned(),
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.searched)?;
        match self.near.as_slice() {
            [] => Ok(()),
            near => write!(f, "; nearest are: {}", near.join(", ")),
        }
    }
}

/// Several things are called so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ambiguous {
    kind: Kind,
    key: String,
    choices: Vec<String>,
    more: usize,
}

impl Ambiguous {
    /// How to say which is meant.
    pub fn help(&self) -> String {
        let first = self.choices.first().map_or("", String::as_str);
        format!("write one of them in full, for example: {} '{first}'", self.kind.word())
    }
}

impl fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.choices.len() + self.more;
        write!(f, "{} rows are called {} `{}`:", all, self.kind.word(), self.key)?;
        self.choices.iter().try_for_each(|choice| write!(f, "\n  - {choice}"))?;
        match self.more {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

/// Told of a row by the forms in which its key may be written, the shortest first, and its subject.
type See<'s> = dyn FnMut(&[&str], &dyn Fn() -> Subject) + 's;

/// Finds the one row that a key means.
///
/// # Errors
/// The source's, or that nothing or several things are called so.
pub(super) fn find(
    source: &dyn Source,
    resolved: &Resolved,
    plan: &Plan,
    kind: Kind,
    key: &str,
) -> Result<Subject, super::ExplainError> {
    let fold = |text: &str| text.trim().to_lowercase();
    let folded = fold(key);
    let (mut exact, mut similar) = (BTreeSet::new(), BTreeSet::new());
    each(source, resolved, kind, &mut |forms, subject| {
        if forms.contains(&key) {
            exact.insert(subject());
        } else if forms.iter().any(|form| form.len() == key.len() && fold(form) == folded) {
            similar.insert(subject());
        }
    })?;
    let found = if exact.is_empty() { similar } else { exact };
    // Rows of the active year are meant before those of others, of these the latest year.
    let year = found.iter().filter_map(Subject::year).max_by_key(|&y| (y == i64::from(plan.school_year), y));
    let mut found: Vec<Subject> =
        found.into_iter().filter(|s| s.year() == year || s.year().is_none()).collect();
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(super::ExplainError::Unknown(unknown(source, resolved, kind, key)?)),
        count => Err(super::ExplainError::Ambiguous(Ambiguous {
            kind,
            key: key.to_owned(),
            choices: found.iter().take(CHOICES).map(Subject::precise).collect(),
            more: count.saturating_sub(CHOICES),
        })),
    }
}

/// Tables and columns in which the keys of a kind stand.
fn searched(kind: Kind) -> (&'static [&'static Table], &'static str) {
    match kind {
        Kind::Student => (&[&c::students::TABLE], "studentUniqueId"),
        Kind::Staff => (&[&c::staff::TABLE], "staffUniqueId"),
        Kind::Parent => (&[&c::contacts::TABLE], "contactUniqueId"),
        Kind::Org => (
            &[
                &c::state_agencies::TABLE,
                &c::local_agencies::TABLE,
                &c::schools::TABLE,
                &c::education_organizations::TABLE,
            ],
            "id",
        ),
        Kind::Course => (&[&c::courses::TABLE], "courseCode"),
        Kind::Section => (&[&c::sections::TABLE], "sectionIdentifier"),
        Kind::Session => (&[&c::sessions::TABLE], "sessionName"),
    }
}

fn unknown(source: &dyn Source, resolved: &Resolved, kind: Kind, key: &str) -> Result<Unknown, SourceError> {
    let folded = key.trim().to_lowercase();
    let mut near: BTreeSet<(usize, String)> = BTreeSet::new();
    each(source, resolved, kind, &mut |forms, _| {
        let Some(form) = forms.first() else { return };
        let distance = strsim::osa_distance(&form.to_lowercase(), &folded);
        // Farther than a third of the key is another key, not a slip.
        if distance <= key.chars().count().div_ceil(3) {
            near.insert((distance, (*form).to_owned()));
            if near.len() > NEAR {
                near.pop_last();
            }
        }
    })?;
    let (tables, column) = searched(kind);
    let there: Vec<String> = tables
        .iter()
        .filter_map(|table| resolved.get(table))
        .map(|table| format!("edfi.{}", table.physical))
        .collect();
    let help = match (kind, there.is_empty()) {
        (Kind::Parent, true) => "parents are read and exported only with --parents".to_owned(),
        _ => format!("write: {} {}", kind.word(), kind.syntax()),
    };
    Ok(Unknown {
        what: format!("{} has no {} `{key}`", source.catalog().place, kind.word()),
        searched: match there.is_empty() {
            true => "its table is not read".to_owned(),
            false => format!("searched in {} by {column}", there.join(", ")),
        },
        near: near.into_iter().map(|(_, form)| form).collect(),
        help,
    })
}

/// Every row of a kind, of all school years.
fn each(source: &dyn Source, resolved: &Resolved, kind: Kind, see: &mut See<'_>) -> Result<(), SourceError> {
    let mut person = |table: &'static Table, column: usize, person: Person| {
        sweep(source, resolved, table, &mut |batch, row| {
            let unique_id = batch.text(column, row);
            see(&[unique_id], &|| Subject::Person { person, unique_id: unique_id.to_owned() });
        })
    };
    match kind {
        Kind::Student => person(&c::students::TABLE, c::students::UNIQUE_ID, Person::Student),
        Kind::Staff => person(&c::staff::TABLE, c::staff::UNIQUE_ID, Person::Staff),
        Kind::Parent => person(&c::contacts::TABLE, c::contacts::UNIQUE_ID, Person::Parent),
        Kind::Org => {
            for (table, column) in [
                (&c::state_agencies::TABLE, c::state_agencies::ID),
                (&c::local_agencies::TABLE, c::local_agencies::ID),
                (&c::schools::TABLE, c::schools::ID),
                (&c::education_organizations::TABLE, c::education_organizations::ID),
            ] {
                sweep(source, resolved, table, &mut |batch, row| {
                    if let Some(id) = batch.int(column, row) {
                        see(&[&id.to_string()], &|| Subject::Org { id });
                    }
                })?;
            }
            Ok(())
        }
        Kind::Course => sweep(source, resolved, &c::courses::TABLE, &mut |batch, row| {
            let Some(owner) = batch.int(c::courses::OWNER, row) else { return };
            let code = batch.text(c::courses::CODE, row);
            see(&[code, &format!("{owner}/{code}")], &|| Subject::Course { owner, code: code.to_owned() });
        }),
        Kind::Session => {
            use c::sessions as s;
            sweep(source, resolved, &s::TABLE, &mut |batch, row| {
                let (Some(school), Some(year)) = (batch.int(s::SCHOOL, row), batch.int(s::YEAR, row)) else {
                    return;
                };
                let name = batch.text(s::NAME, row);
                let subject = || Subject::Session { school, name: name.to_owned(), year };
                see(&[name, &format!("{school}/{name}")], &subject);
            })
        }
        Kind::Section => {
            use c::sections as s;
            sweep(source, resolved, &s::TABLE, &mut |batch, row| {
                let (Some(school), Some(year)) = (batch.int(s::SCHOOL, row), batch.int(s::YEAR, row)) else {
                    return;
                };
                let [local, section, session] =
                    [s::LOCAL_CODE, s::SECTION, s::SESSION].map(|column| batch.text(column, row));
                let forms = [
                    section.to_owned(),
                    format!("{section}/{session}"),
                    format!("{local}/{section}"),
                    format!("{local}/{section}/{session}"),
                    format!("{school}/{section}"),
                    format!("{school}/{section}/{session}"),
                    format!("{school}/{local}/{section}"),
                    format!("{school}/{local}/{section}/{session}"),
                ];
                see(&forms.each_ref().map(String::as_str), &|| Subject::Section {
                    key: SectionKey {
                        school,
                        local_code: local.to_owned(),
                        section: section.to_owned(),
                        session: session.to_owned(),
                    },
                    year,
                });
            })
        }
    }
}
