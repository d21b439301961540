//! What is remembered of the rows that have passed: ids, and the few columns that later rules need, as integers.
//!
//! In: ids and cells, row by row. Out: [`Facts`] with a [`FileFacts`] per file: row numbers for ids, and columns of
//! row numbers, words, days and numbers. Memory grows with the number of rows (that is, of ids), about 50 bytes an enrollment, never
//! with the length of texts.
//!
//! An id is kept as its 128-bit SipHash. Two different ids out of ten million share one with a chance of 1 in 10^24,
//! which is less than that of a fault of the memory it stands in; the reasons are in ADR 0018.

use std::hash::Hasher;

use hashbrown::HashTable;
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::day::Day;
use crate::spec::{File, FileSpec, Mode, Version};

/// The key of an id.
pub fn key(id: &str) -> u128 {
    // A fixed key: the same package gives the same report.
    let mut hasher = SipHasher13::new_with_keys(0x726f_7374, 0x6572_7061);
    hasher.write(id.as_bytes());
    hasher.finish128().as_u128()
}

/// No row: the cell is blank.
pub const BLANK: u32 = u32::MAX;
/// A row that the package does not have.
pub const UNKNOWN: u32 = u32::MAX - 1;
/// Rows per file beyond which row numbers end.
pub const ROWS: usize = u32::MAX as usize - 2;
/// A blank or unreadable date.
pub const NO_DAY: i32 = i32::MIN;
/// A word outside the vocabulary.
pub const NO_WORD: u8 = u8::MAX;

/// The ids of one file.
#[derive(Debug, Default)]
pub struct Ids {
    /// By row number; 0 for a row without an id.
    keys: Vec<u128>,
    table: HashTable<u32>,
}

impl Ids {
    /// The next row, with its id; the row that already had it, if there is one.
    pub fn push(&mut self, id: &str) -> Option<u32> {
        let row = self.keys.len() as u32;
        if id.is_empty() {
            self.keys.push(0);
            return None;
        }
        let key = key(id);
        self.keys.push(key);
        let Ids { keys, table } = self;
        let at = |row: &u32| keys.get(*row as usize).copied().unwrap_or_default();
        match table.entry(key as u64, |row| at(row) == key, |row| at(row) as u64) {
            hashbrown::hash_table::Entry::Occupied(first) => Some(*first.get()),
            hashbrown::hash_table::Entry::Vacant(free) => {
                free.insert(row);
                None
            }
        }
    }

    /// The row with this key.
    pub fn find(&self, key: u128) -> Option<u32> {
        self.table.find(key as u64, |row| self.keys.get(*row as usize) == Some(&key)).copied()
    }

    /// Rows so far.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// A column that is remembered.
#[derive(Debug)]
pub enum Kept {
    /// Row numbers of the file referred to, [`BLANK`] or [`UNKNOWN`].
    Rows(Vec<u32>),
    /// Lists of row numbers: where each row's list ends, and all items.
    Lists(Vec<u32>, Vec<u32>),
    /// Positions in the column's vocabulary, or [`NO_WORD`].
    Words(Vec<u8>),
    /// Days, or [`NO_DAY`].
    Days(Vec<i32>),
    /// Numbers, not-a-number when blank.
    Numbers(Vec<f64>),
    /// Keys of texts, 0 when blank.
    Texts(Vec<u128>),
}

/// The columns that rules over the whole package need.
pub const KEPT: &[(File, &[&str])] = &[
    (File::AcademicSessions, &["type", "startDate", "endDate", "parentSourcedId"]),
    (File::Classes, &["courseSourcedId", "schoolSourcedId", "termSourcedIds"]),
    (
        File::Enrollments,
        &["classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate"],
    ),
    (File::LineItems, &["resultValueMin", "resultValueMax"]),
    (File::Orgs, &["type", "parentSourcedId"]),
    (File::Results, &["studentSourcedId"]),
    (File::Roles, &["userSourcedId", "roleType", "role", "orgSourcedId"]),
    (File::UserProfiles, &["userSourcedId"]),
    (File::Users, &["orgSourcedIds", "role", "grades", "primaryOrgSourcedId"]),
];

/// How far a file was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// To its end, every record.
    Complete,
    /// To its end, but this many records could not be parsed.
    Partial(u64),
    /// Not to its end, or not at all; why.
    Unread(String),
}

/// What is remembered of one file.
#[derive(Debug)]
pub struct FileFacts {
    /// Its description.
    pub spec: &'static FileSpec,
    /// How it travels; `None` when the manifest does not say.
    pub mode: Option<Mode>,
    /// How far it was read.
    pub state: State,
    /// Its ids.
    pub ids: Ids,
    /// Its columns, in the order of the description; `None` for those that are not kept or not there.
    pub kept: Vec<Option<Kept>>,
    /// Line of row 0, and the rows whose line is not the one behind their predecessor's.
    pub lines: Vec<(u32, u64)>,
    /// Rows that are to be deleted.
    pub deleted: Vec<u32>,
}

impl FileFacts {
    /// Whether a row that is not here does not exist at all: the file is bulk and was read completely.
    pub fn is_whole_truth(&self) -> bool {
        self.mode == Some(Mode::Bulk) && self.state == State::Complete
    }

    /// The line of a row.
    pub fn line(&self, row: u32) -> u64 {
        let at = self.lines.partition_point(|(first, _)| *first <= row);
        let (first, line) = at.checked_sub(1).and_then(|at| self.lines.get(at)).copied().unwrap_or((0, 0));
        line + u64::from(row.saturating_sub(first))
    }

    fn kept(&self, column: &str) -> Option<&Kept> {
        let at = self.spec.columns.iter().position(|found| found.name == column)?;
        self.kept.get(at)?.as_ref()
    }

    /// A column of row numbers; empty when the file does not have it.
    pub fn rows(&self, column: &str) -> &[u32] {
        match self.kept(column) {
            Some(Kept::Rows(rows)) => rows,
            _ => &[],
        }
    }

    /// A column of words; empty when the file does not have it.
    pub fn words(&self, column: &str) -> &[u8] {
        match self.kept(column) {
            Some(Kept::Words(words)) => words,
            _ => &[],
        }
    }

    /// A column of days; empty when the file does not have it.
    pub fn days(&self, column: &str) -> &[i32] {
        match self.kept(column) {
            Some(Kept::Days(days)) => days,
            _ => &[],
        }
    }

    /// A column of numbers; empty when the file does not have it.
    pub fn numbers(&self, column: &str) -> &[f64] {
        match self.kept(column) {
            Some(Kept::Numbers(numbers)) => numbers,
            _ => &[],
        }
    }

    /// A column of keys of texts, 0 where blank; empty when the file does not have it.
    pub fn texts(&self, column: &str) -> &[u128] {
        match self.kept(column) {
            Some(Kept::Texts(texts)) => texts,
            _ => &[],
        }
    }

    /// The list of a row.
    pub fn list(&self, column: &str, row: u32) -> &[u32] {
        let Some(Kept::Lists(ends, items)) = self.kept(column) else { return &[] };
        let end = ends.get(row as usize).copied().unwrap_or(0) as usize;
        let start = (row as usize).checked_sub(1).and_then(|n| ends.get(n)).copied().unwrap_or(0) as usize;
        items.get(start..end).unwrap_or_default()
    }

    /// The position of a word in a column's vocabulary, to compare [`FileFacts::words`] with.
    pub fn word(&self, column: &str, word: &str) -> Option<u8> {
        let vocabulary = self.spec.column(column)?.vocabulary()?;
        vocabulary.words.iter().position(|known| *known == word).map(|at| at as u8)
    }

    /// Whether the row's word in this column is one of these.
    pub fn is_word(&self, column: &str, row: u32, words: &[&str]) -> bool {
        let found = self.words(column).get(row as usize).copied();
        found.is_some() && words.iter().any(|word| self.word(column, word) == found)
    }
}

/// What is remembered of the package.
#[derive(Debug)]
pub struct Facts {
    /// The version that it claims.
    pub version: Version,
    /// The date that "past" and "future" are judged by.
    pub as_of: Option<Day>,
    /// One per file that is in the package, in no order that shows.
    pub files: Vec<FileFacts>,
}

impl Facts {
    /// A file of the package.
    pub fn file(&self, file: File) -> Option<&FileFacts> {
        self.files.iter().find(|found| found.spec.file == file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_find_their_rows() {
        let mut ids = Ids::default();
        for n in 0..10_000 {
            assert_eq!(ids.push(&format!("id-{n}")), None);
        }
        assert_eq!(ids.push(""), None);
        assert_eq!(ids.push("id-77"), Some(77));
        assert_eq!(ids.find(key("id-9999")), Some(9999));
        assert_eq!(ids.find(key("")), None);
        assert_eq!(ids.len(), 10_002);
    }

    #[test]
    fn kept_columns_exist() {
        for (file, columns) in KEPT {
            for column in *columns {
                let specs = Version::ALL.into_iter().filter_map(|version| version.file(*file));
                assert!(specs.into_iter().any(|spec| spec.column(column).is_some()), "{file}.{column}");
            }
        }
    }
}
