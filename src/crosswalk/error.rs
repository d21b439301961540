//! Why a crosswalk seed cannot be used.
//!
//! Every message names the file, the line, the offending value and what is accepted instead. A seed holds
//! descriptor values only, never anything personal, so that values may be shown.

use std::path::PathBuf;

/// A seed that cannot be used: a fault of the configuration, found before the source is read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CrosswalkError {
    /// The folder or a file in it cannot be read.
    #[error("cannot read {}: {reason}. --seeds takes a readable folder with crosswalk CSV files", path.display())]
    Unreadable {
        /// Folder or file.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
    /// The folder holds no seed file at all.
    #[error("no crosswalk seed in {} or its subfolders. --seeds takes a folder with any of: {expected}", folder.display())]
    NoSeeds {
        /// The folder.
        folder: PathBuf,
        /// Names of all seed files.
        expected: String,
    },
    /// One seed file name occurs in two subfolders.
    #[error("{} and {} are the same seed. Keep one, or point --seeds at the folder that holds the one to use", first.display(), second.display())]
    FoundTwice {
        /// The path that sorts first.
        first: PathBuf,
        /// The other path.
        second: PathBuf,
    },
    /// A byte that is not UTF-8.
    #[error("{file}, line {line}: byte 0x{byte:02X} is not UTF-8. Save the file as CSV in UTF-8")]
    NotUtf8 {
        /// The seed file.
        file: String,
        /// 1-based line.
        line: usize,
        /// The first byte that does not belong.
        byte: u8,
    },
    /// A column is missing from the header.
    #[error(
        "{file}, line {line}: column {column} is missing. The header must have {expected}; it has `{found}`"
    )]
    MissingColumn {
        /// The seed file.
        file: String,
        /// 1-based line of the header.
        line: usize,
        /// The missing column, with its other name where it has one.
        column: String,
        /// All columns that are needed.
        expected: String,
        /// The header as it is.
        found: String,
    },
    /// Two columns of the header claim the same meaning.
    #[error("{file}, line {line}: columns `{first}` and `{second}` mean the same. Keep one of them")]
    ColumnTwice {
        /// The seed file.
        file: String,
        /// 1-based line of the header.
        line: usize,
        /// One column.
        first: String,
        /// The other.
        second: String,
    },
    /// A row with fewer or more cells than the header.
    #[error(
        "{file}, line {line}: the row of `{value}` has {cells} cells, the header has {columns}. Quote a value that holds a comma"
    )]
    Ragged {
        /// The seed file.
        file: String,
        /// 1-based line.
        line: usize,
        /// First cell of the row.
        value: String,
        /// Cells of the row.
        cells: usize,
        /// Cells of the header.
        columns: usize,
    },
    /// A line break inside a cell, mostly a quote that is never closed.
    #[error(
        "{file}, line {line}: the value of column {column} that begins with `{value}` goes on over several lines. Close its quote; accepted is a value on one line"
    )]
    LineBreak {
        /// The seed file.
        file: String,
        /// 1-based line.
        line: usize,
        /// The column.
        column: &'static str,
        /// First line of the value.
        value: String,
    },
    /// An answer that no version of OneRoster knows.
    #[error(
        "{file}, line {line}: `{value}` is not an answer for column {column}. Accepted are {accepted} (spelt so), or blank for known and left unmapped"
    )]
    UnknownWord {
        /// The seed file.
        file: String,
        /// 1-based line.
        line: usize,
        /// The column.
        column: &'static str,
        /// What stands there.
        value: String,
        /// What may stand there.
        accepted: String,
    },
    /// An answer of two columns of which one is blank.
    #[error(
        "{file}, line {line}: `{key}` has {filled} `{value}` but no {blank}. Accepted are both, or {filled} blank"
    )]
    HalfAnswer {
        /// The seed file.
        file: String,
        /// 1-based line.
        line: usize,
        /// The Ed-Fi value.
        key: String,
        /// The column that is filled.
        filled: &'static str,
        /// What stands there.
        value: String,
        /// The column that is blank.
        blank: &'static str,
    },
    /// One Ed-Fi value with two different answers.
    #[error(
        "{file}, line {line}: `{key}` is answered `{answer}`, but line {first_line} answers `{first}`. Keep one answer for each value"
    )]
    TwoAnswers {
        /// The seed file.
        file: String,
        /// 1-based line of the later row.
        line: usize,
        /// The Ed-Fi value.
        key: String,
        /// Answer of the later row.
        answer: String,
        /// 1-based line of the earlier row.
        first_line: usize,
        /// Answer of the earlier row.
        first: String,
    },
}

/// Characters of a value that a message shows.
const SHOWN: usize = 80;

/// The first line of a text as a message may show it: short, and without control characters.
pub(super) fn excerpt(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let mut shown: String =
        line.chars().take(SHOWN).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if line.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}
