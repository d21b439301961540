//! What is in a package, in the report: rows and fill rates by file, column and organization, personal columns, figures.
//!
//! In: what the package writer counted, and the roster's figures. Out: the parts of the report about them. Only counts are kept,
//! and names of organizations: nothing of a person.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::package::{self, Fill, MeasuredFile};
use crate::roster::figures::{CLASS_SIZES, Figures, OrgFigures, Tallies, person_group};
use crate::roster::users::person_word;
use crate::sourced_id::Person;
use crate::spec::{File, Version};

/// Rows of one file of the package, and how full its columns are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileRows {
    /// Name without `.csv`.
    pub file: &'static str,
    /// Data rows; the header does not count.
    pub rows: u64,
    /// CRC-32 of the CSV text as eight hexadecimal digits; blank when it was not counted.
    pub crc32: String,
    /// Its columns in order; none when they were not counted.
    pub columns: Vec<ColumnFill>,
    /// By organization; none when they were not counted, or when the file's rows belong to none.
    pub orgs: Vec<OrgFill>,
    /// By kind of person, in users.csv.
    pub persons: Vec<PersonFill>,
}

/// How full a column is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnFill {
    /// Its header.
    pub column: String,
    /// Rows that have a value in it.
    pub filled: u64,
}

/// Rows of a file at one organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrgFill {
    /// The organization.
    #[serde(rename = "sourcedId")]
    pub sourced_id: String,
    /// Rows that belong to it.
    pub rows: u64,
    /// Blank cells by column, of the columns that some row of the file fills and some row here does not.
    pub blank: BTreeMap<String, u64>,
}

/// Rows of users.csv of one kind of person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonFill {
    /// `student`, `staff` or `parent`.
    pub kind: &'static str,
    /// Rows of this kind.
    pub rows: u64,
    /// Blank cells by column, as for organizations.
    pub blank: BTreeMap<String, u64>,
}

/// A column with personal values that is in the package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonalColumn {
    /// File without `.csv`.
    pub file: &'static str,
    /// Header.
    pub column: String,
    /// What it tells of a person.
    pub kind: &'static str,
    /// Rows that have a value in it.
    pub filled: u64,
}

/// The files of a package. The organizations are needed to say which is which.
pub fn files(contents: &[MeasuredFile], orgs: &[OrgFigures]) -> Vec<FileRows> {
    contents
        .iter()
        .map(|file| FileRows {
            file: file.file.name(),
            rows: file.rows,
            crc32: format!("{:08x}", file.crc32),
            columns: file.fill.as_ref().map(columns).unwrap_or_default(),
            orgs: file.fill.as_ref().map(|fill| by_org(fill, orgs)).unwrap_or_default(),
            persons: file.fill.as_ref().map(by_person).unwrap_or_default(),
        })
        .collect()
}

fn columns(fill: &Fill) -> Vec<ColumnFill> {
    let blanks = fill.columns.iter().zip(&fill.total.blanks);
    blanks
        .map(|(column, blank)| ColumnFill { column: column.clone(), filled: fill.total.rows - blank })
        .collect()
}

/// Blank cells of a group, of the columns that some row of the file fills.
fn blank(fill: &Fill, group: &package::Counts) -> BTreeMap<String, u64> {
    let columns = fill.columns.iter().zip(&fill.total.blanks).zip(&group.blanks);
    let partly = columns.filter(|((_, all), here)| **all < fill.total.rows && **here > 0);
    partly.map(|((column, _), here)| (column.clone(), *here)).collect()
}

fn by_org(fill: &Fill, orgs: &[OrgFigures]) -> Vec<OrgFill> {
    let known = orgs.iter().filter_map(|org| Some((org, fill.groups.get(&org.row)?)));
    let org = |(org, counts): (&OrgFigures, &package::Counts)| OrgFill {
        sourced_id: org.sourced_id.hex(),
        rows: counts.rows,
        blank: blank(fill, counts),
    };
    known.map(org).collect()
}

fn by_person(fill: &Fill) -> Vec<PersonFill> {
    let kinds = [Person::Student, Person::Staff, Person::Parent].into_iter();
    let known = kinds.filter_map(|person| Some((person, fill.groups.get(&person_group(person))?)));
    let person = |(person, counts): (Person, &package::Counts)| PersonFill {
        kind: person_word(person),
        rows: counts.rows,
        blank: blank(fill, counts),
    };
    known.map(person).collect()
}

/// The columns with personal values that hold at least one.
pub fn personal(version: Version, contents: &[MeasuredFile]) -> Vec<PersonalColumn> {
    let mut found = Vec::new();
    for (file, fill) in contents.iter().filter_map(|file| Some((file.file, file.fill.as_ref()?))) {
        let Some(spec) = version.file(file) else { continue };
        for ColumnFill { column, filled } in columns(fill) {
            if let Some(kind) = spec.personal(&column).filter(|_| filled > 0) {
                found.push(PersonalColumn { file: file.name(), column, kind: kind.word(), filled });
            }
        }
    }
    found
}

/// Files without anything counted.
pub fn bare_files(files: &[(File, u64)]) -> Vec<FileRows> {
    let bare = |(file, rows): &(File, u64)| FileRows {
        file: file.name(),
        rows: *rows,
        crc32: String::new(),
        columns: Vec::new(),
        orgs: Vec::new(),
        persons: Vec::new(),
    };
    files.iter().map(bare).collect()
}

/// An organization with what there is at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrgCounts {
    /// Its sourcedId.
    #[serde(rename = "sourcedId")]
    pub sourced_id: String,
    /// educationOrganizationId.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its type in OneRoster.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What there is at it; who belongs to several organizations counts at each.
    pub counts: Tallies,
}

/// Classes of some size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ClassSize {
    /// Fewest students.
    pub from: u64,
    /// Most students; none for the largest.
    pub to: Option<u64>,
    /// Classes.
    pub classes: u64,
}

/// The figures of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FiguresReport {
    /// All of it; everybody counts once.
    pub total: Tallies,
    /// Classes by number of students.
    pub class_sizes: Vec<ClassSize>,
    /// Every exported organization.
    pub orgs: Vec<OrgCounts>,
}

impl From<&Figures> for FiguresReport {
    fn from(figures: &Figures) -> FiguresReport {
        let org = |org: &OrgFigures| OrgCounts {
            sourced_id: org.sourced_id.hex(),
            id: org.id,
            name: org.name.clone(),
            kind: org.kind.word(),
            counts: org.tallies,
        };
        let size = |(step, &classes): (usize, &u64)| ClassSize {
            from: step.checked_sub(1).and_then(|below| CLASS_SIZES.get(below)).map_or(0, |size| size + 1),
            to: CLASS_SIZES.get(step).copied(),
            classes,
        };
        FiguresReport {
            total: figures.total,
            class_sizes: figures.class_sizes.iter().enumerate().map(size).collect(),
            orgs: figures.orgs.iter().map(org).collect(),
        }
    }
}
