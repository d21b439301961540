//! What a rule is: its declaration, and where in the run it looks.
//!
//! In: nothing. Out: [`Rule`] and the shapes of its test: a cell, a row, or the whole package. A rule declares its
//! notice once ([`crate::notice::Code`]: code, severity, authority, what happened, what to do in the ODS) and adds what the catalogue
//! needs. The bad example of a rule is a package: `tests/packages/faults/<code>.fault`.

use std::borrow::Cow;

use super::facts::Facts;
use super::findings::Findings;
use super::scan::{Layout, Row};
use crate::consumer::{Consumer, Demand, Statement};
use crate::notice::{Code, Severity};
use crate::spec::{Column, File, Mode, Version};

/// A rule of the validator.
#[derive(Debug)]
pub struct Rule {
    /// Code, severity, authority, what happened, how to mend it.
    pub code: Code,
    /// Where the rule is written: the part of the specification, or who demands it.
    pub section: &'static str,
    /// Why it hurts a consumer, one or two sentences.
    pub why: &'static str,
    /// Where it looks.
    pub hook: Hook,
}

/// A demand of a consumer that was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Whose it is.
    pub consumer: &'static Consumer,
    /// Its place among the demands of the consumer.
    pub number: usize,
    /// What is demanded.
    pub demand: &'static Demand,
    /// Where that is said.
    pub statement: &'static Statement,
}

/// What somebody is told of: a rule, and for demands of consumers which one.
#[derive(Debug, Clone, Copy)]
pub struct Charge {
    /// The rule.
    pub rule: &'static Rule,
    /// The demand that it stands for.
    pub asked: Option<Asked>,
}

impl Charge {
    /// What tells demands of one code apart.
    pub(super) fn key(&self) -> Option<(&'static str, usize)> {
        self.asked.map(|asked| (asked.consumer.id, asked.number))
    }

    /// How much it counts unless somebody changes that.
    pub(super) fn severity(&self) -> Severity {
        self.asked.map_or(self.rule.code.severity, |asked| asked.demand.level)
    }
}

impl From<&'static Rule> for Charge {
    fn from(rule: &'static Rule) -> Charge {
        Charge { rule, asked: None }
    }
}

/// Where a rule looks.
pub enum Hook {
    /// At the entries of the zip.
    Entries,
    /// At the manifest.
    Manifest,
    /// At the header of every file.
    Header,
    /// At the records of every file, as CSV.
    Records,
    /// At the ids and references of every row.
    Ids,
    /// At the cells of the columns that it gives a test for.
    Cell(fn(&ColumnView) -> Option<CellTest>),
    /// At the rows of the files that it gives a test for.
    Row(fn(&Layout) -> Option<Box<dyn RowTest>>),
    /// Wherever a consumer's demand needs it; what, in words.
    Demand(&'static str),
    /// At the package when all files are read; at these files.
    Whole {
        /// The files that it cannot do without, as far as the version has them. It runs when the package has them all and
        /// they were read completely. The first is the one it is about.
        files: &'static [File],
        /// Those of them in which a row that is missing must not exist: it is skipped where they are delta.
        truth: &'static [File],
        /// The test.
        run: fn(&Facts, &mut Findings<'_>),
    },
}

impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Hook::Entries => "Entries",
            Hook::Manifest => "Manifest",
            Hook::Header => "Header",
            Hook::Records => "Records",
            Hook::Ids => "Ids",
            Hook::Cell(_) => "Cell",
            Hook::Row(_) => "Row",
            Hook::Demand(_) => "Demand",
            Hook::Whole { .. } => "Whole",
        })
    }
}

/// A column that a test is wanted for.
#[derive(Debug, Clone, Copy)]
pub struct ColumnView {
    /// The version that the package claims.
    pub version: Version,
    /// The file.
    pub file: File,
    /// How the file travels; `None` when the manifest does not say.
    pub mode: Option<Mode>,
    /// The column.
    pub column: &'static Column,
}

/// Which cells a test wants to see. What it does not want costs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Blank ones.
    Blank,
    /// Those that are not blank.
    Filled,
    /// Filled ones with anything but printable ASCII, with blanks at an end, or longer than 255 bytes.
    Unusual,
}

/// Whether a cell has something that hardly any cell has.
pub(super) fn is_unusual(cell: &str) -> bool {
    let bytes = cell.as_bytes();
    bytes.len() > 255
        || bytes.first() == Some(&b' ')
        || bytes.last() == Some(&b' ')
        || bytes.iter().fold(false, |found, b| found | !matches!(b, b' '..=b'~'))
}

/// What a test says of a cell: `None` is good, else the cause, which may be blank.
pub type Verdict = Option<Cow<'static, str>>;

/// A test of one cell.
pub struct CellTest {
    /// The cells it wants.
    pub when: When,
    /// The test, which sees the text without quotes.
    pub test: Box<dyn Fn(&str) -> Verdict + Send>,
}

impl CellTest {
    /// A test of filled cells.
    pub fn filled(test: impl Fn(&str) -> Verdict + Send + 'static) -> Option<CellTest> {
        Some(CellTest { when: When::Filled, test: Box::new(test) })
    }

    /// A test of filled cells with something unusual in them.
    pub fn unusual(test: impl Fn(&str) -> Verdict + Send + 'static) -> Option<CellTest> {
        Some(CellTest { when: When::Unusual, test: Box::new(test) })
    }

    /// A test that every blank cell fails.
    pub fn blank() -> Option<CellTest> {
        Some(CellTest { when: When::Blank, test: Box::new(|_| BAD) })
    }
}

/// The verdict on a cell that is bad without further cause.
pub const BAD: Verdict = Some(Cow::Borrowed(""));

/// A test of one row; it may remember earlier rows of the file.
pub trait RowTest: Send {
    /// Looks at the next row.
    fn row(&mut self, row: &Row<'_, '_>, facts: &Facts, findings: &mut Findings<'_>);
}
