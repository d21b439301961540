//! Checks for people and for programs: lines of a terminal, and JSON.
//!
//! In: checks. Out: text of 80 columns, and the document that `docs/reference/doctor.schema.json` describes. Both
//! say the same, word for word.

use std::fmt::Write;

use serde::Serialize;

use super::{Check, Outcome};
use crate::report::terminal::broken;

const WIDTH: usize = 80;
/// Width of the columns of outcome and name.
const MARGIN: usize = 9 + 17;
/// Items shown on a terminal; JSON has all of them.
const SHOWN: usize = 12;

/// One check as lines.
pub fn lines(check: &Check) -> String {
    let mut text = String::new();
    let mut margin = format!("{:<9}{:<17}", check.outcome.word(), check.name);
    let mut add = |mark: &str, words: &str| {
        let mut mark = mark.to_owned();
        for line in broken(words, WIDTH - MARGIN - mark.len()) {
            let _ = writeln!(text, "{}{mark}{line}", std::mem::replace(&mut margin, " ".repeat(MARGIN)));
            mark = " ".repeat(mark.len());
        }
    };
    add("", &check.found);
    for detail in check.details.iter().take(SHOWN) {
        add("- ", detail);
    }
    if check.details.len() > SHOWN {
        add("- ", &format!("and {} more (--json has all)", check.details.len() - SHOWN));
    }
    if !check.advice.is_empty() {
        add("> ", &check.advice);
    }
    text
}

/// The last line: how many checks ended how.
pub fn summary(checks: &[Check]) -> String {
    let count = |outcome| checks.iter().filter(|check| check.outcome == outcome).count();
    format!(
        "\nok {}, info {}, warn {}, fail {}, skipped {}\n",
        count(Outcome::Ok),
        count(Outcome::Info),
        count(Outcome::Warn),
        count(Outcome::Fail),
        count(Outcome::Skipped)
    )
}

/// The document of `--json`.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    /// Version of rosterpack.
    pub rosterpack: &'static str,
    /// Where the ODS was looked for, without any secret; `None` when it was not reached.
    pub source: Option<&'a str>,
    /// The school year that was looked at.
    pub school_year: Option<i16>,
    /// The day on which a package would be true.
    pub as_of: String,
    /// Exit code of the run.
    pub exit_code: u8,
    /// All checks in their order.
    pub checks: &'a [Check],
}

impl Document<'_> {
    /// As text with a line break at its end.
    ///
    /// # Errors
    /// None in practice: everything in it can be written as JSON.
    pub fn json(&self) -> serde_json::Result<String> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }
}
