//! The shape of an explanation: what `--json` writes and the text is made from.
//!
//! In: what the other files of this room find out. Out: [`Explanation`], described by
//! `docs/reference/explain.schema.json`. It decides nothing.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::ask::Subject;
use super::ids::IdTold;
use super::mapping;
use crate::notice::{Code, Severity};
use crate::report::RunFacts;
use crate::spec::Version;

/// The answer to a question, with everything that shows it.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// What it is about: `student`, `section` and so on.
    pub kind: &'static str,
    /// Its natural key, as it is written on the command line.
    pub key: String,
    /// The id that was asked for, if it was an id.
    pub id: Option<IdTold>,
    /// OneRoster version of the package that was explained.
    pub oneroster: &'static str,
    /// The run that was explained.
    pub run: RunFacts,
    /// Whether the package has a row of it.
    pub exported: bool,
    /// The answer in words.
    pub answer: Vec<String>,
    /// Why it is left out, at the root; none when it is exported.
    pub cause: Option<CauseTold>,
    /// Why the package as a whole is refused; empty when it is not.
    pub package_refused: Vec<String>,
    /// Every source row about it, table by table.
    pub source: Vec<TableRows>,
    /// Each rule that kept, changed, chose or dropped something, in order.
    pub decisions: Vec<Decision>,
    /// Its rows in the package.
    pub output: Vec<FileRows>,
    /// Rows of the package that refer to it, beyond those in `output`.
    pub follows: Vec<Follow>,
}

/// Why something is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CauseTold {
    /// Notice code.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The cause, as the report names it.
    pub cause: String,
    /// What happened.
    pub summary: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// Section of docs/mapping.md.
    pub section: &'static str,
    /// Everything that is left out for this cause, by file: the subject and whatever else.
    pub left_out: BTreeMap<String, u64>,
}

impl CauseTold {
    /// A cause of a fate.
    pub fn new(code: &'static Code, cause: &str) -> CauseTold {
        CauseTold {
            code: code.code,
            severity: code.severity,
            cause: cause.to_owned(),
            summary: code.summary,
            remedy: code.remedy,
            section: mapping::section_of_code(code.code),
            left_out: BTreeMap::new(),
        }
    }
}

/// What a decision came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is exported, or counts.
    Kept,
    /// It is exported otherwise than it is stored.
    Changed,
    /// One of several was chosen.
    Chosen,
    /// It is not exported, or does not count.
    LeftOut,
    /// It is exported as it is, and worth knowing.
    Noted,
}

impl Outcome {
    /// The word for people.
    pub const fn word(self) -> &'static str {
        match self {
            Outcome::Kept => "kept",
            Outcome::Changed => "changed",
            Outcome::Chosen => "chosen",
            Outcome::LeftOut => "left out",
            Outcome::Noted => "noted",
        }
    }
}

/// A value that a decision looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Input {
    /// What it is.
    pub name: String,
    /// As stored or configured; blank when there is none.
    pub value: String,
}

/// One application of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// What was decided about.
    pub about: String,
    /// What it came to.
    pub outcome: Outcome,
    /// Why, in words.
    pub why: String,
    /// Notice code under which a run counts it, if it does.
    pub code: Option<&'static str>,
    /// Section of docs/mapping.md.
    pub section: &'static str,
    /// What the rule looked at.
    pub inputs: Vec<Input>,
}

impl Decision {
    /// A decision without inputs.
    pub fn new(
        about: impl Into<String>,
        outcome: Outcome,
        why: impl Into<String>,
        section: &'static str,
    ) -> Decision {
        Decision { about: about.into(), outcome, why: why.into(), code: None, section, inputs: Vec::new() }
    }

    /// Counted under this code, whose own section it takes over.
    pub fn under(self, code: &'static Code) -> Decision {
        Decision { code: Some(code.code), ..self }
    }

    /// One more input; none when there is no value.
    pub fn with(mut self, name: impl Into<String>, value: impl ToString) -> Decision {
        self.inputs.push(Input { name: name.into(), value: value.to_string() });
        self
    }

    /// One more input, blank when there is none.
    pub fn maybe(self, name: impl Into<String>, value: Option<impl ToString>) -> Decision {
        let value = value.map_or_else(String::new, |v| v.to_string());
        self.with(name, value)
    }
}

/// What the rules say of a subject.
#[derive(Debug, Default)]
pub struct Answer {
    /// In words, the subject first.
    pub sentences: Vec<String>,
    /// Why it is left out.
    pub cause: Option<CauseTold>,
    /// Decisions in order.
    pub decisions: Vec<Decision>,
}

/// Source rows of one use of a table.
#[derive(Debug, Serialize)]
pub struct TableRows {
    /// Physical name, with the schema.
    pub table: String,
    /// What the table is.
    pub what: String,
    /// Rows about the subject.
    pub count: u64,
    /// The first of them, sorted; without those of tables that merely name the subject.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell: a column and its value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Cell {
    /// Physical column, or header.
    pub column: String,
    /// The value; blank when there is none. Ids that are private to a database stand as what they mean.
    pub value: String,
}

/// Rows of one file of the package.
#[derive(Debug, Serialize)]
pub struct FileRows {
    /// Name with `.csv`.
    pub file: &'static str,
    /// Exactly the cells of the package.
    pub rows: Vec<Vec<Cell>>,
}

/// Rows that refer to the subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Follow {
    /// Name with `.csv`.
    pub file: &'static str,
    /// Column that refers.
    pub column: String,
    /// How many rows do.
    pub rows: u64,
}

impl Explanation {
    /// Writes it as JSON, with a line break at the end.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        writeln!(out)
    }

    #[allow(clippy::too_many_arguments)] // every part is of another type, and there is one call
    pub(super) fn new(
        subject: &Subject,
        id: Option<IdTold>,
        oneroster: Version,
        run: RunFacts,
        exported: bool,
        answer: Answer,
        package_refused: Vec<String>,
        source: Vec<TableRows>,
        output: Vec<FileRows>,
        follows: Vec<Follow>,
    ) -> Explanation {
        let mut sentences: Vec<String> = id.iter().map(IdTold::sentence).collect();
        sentences.extend(answer.sentences);
        let kept: Vec<String> = output
            .iter()
            .map(|file| match file.rows.len() {
                1 => format!("1 row of {}", file.file),
                rows => format!("{rows} rows of {}", file.file),
            })
            .collect();
        if !kept.is_empty() {
            sentences.push(format!("The package has {}.", list(&kept)));
        }
        let (kind, key) = (subject.word(), subject.precise());
        Explanation {
            kind,
            key,
            id,
            oneroster: oneroster.label(),
            run,
            exported,
            answer: sentences,
            cause: answer.cause,
            package_refused,
            source,
            decisions: answer.decisions,
            output,
            follows,
        }
    }
}

/// `a, b and c`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
