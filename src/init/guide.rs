//! The README.md that `init` puts beside the seeds: which value waits for an answer, what follows until it has one, and
//! how it is given one.
//!
//! In: filled seeds. Out: Markdown. What a seed accepts and what a value without an answer leads to is read from the
//! seeds' declarations.

use std::fmt::Write as _;

use crate::crosswalk::filling::Filled;
use crate::crosswalk::seed::{ROWS, Seed, UNDECIDED};

/// The text.
pub fn text(tenant: &str, year: i16, seeds: &[(&'static Seed, Filled)]) -> String {
    let mut text = format!(
        "# Crosswalks of {tenant}\n\n\
         What the values of the ODS are called in OneRoster, one file for each kind of value. `rosterpack init` wrote them from \
         school year {year}; they are yours from here on.\n\n\
         | a row with | means |\n|---|---|\n\
         | an answer | the value is called so |\n\
         | no answer, something in `{UNDECIDED}` | nobody has decided yet: an export works, handles the value as one that it does not know, \
         and lists it with its rows at the end of every run and in `doctor` |\n\
         | no answer, nothing in `{UNDECIDED}` | it is left unmapped on purpose, and no longer told |\n\n\
         So: write the answer, or clear `{UNDECIDED}`. What stands there is a suggestion, never an answer. `{ROWS}` says how many rows used \
         the value when it was written; nothing reads it. Rows of 0 are values that Ed-Fi knows and this ODS did not use yet. \
         New values: `rosterpack init --update-seeds` adds them at the end of each file and leaves all else as it is.\n"
    );
    for (seed, filled) in seeds {
        let _ = writeln!(text, "\n## {}\n", seed.file);
        for column in seed.answers {
            let optional = if column.optional { ", may be blank beside an answer" } else { "" };
            let _ = writeln!(text, "- `{}` accepts {}{optional}", column.name, column.accepts.listed());
        }
        let off = if seed.default.is_none() {
            " Until one row has an answer, the whole file counts as not given."
        } else {
            ""
        };
        let _ = writeln!(text, "- Until a value has an answer, {}.{off}", seed.unmapped);
        let waiting = filled.undecided.len();
        let _ = match waiting {
            0 => writeln!(text, "- Nothing waits for an answer."),
            1 => writeln!(text, "- 1 value waits for an answer: it stands first."),
            _ => writeln!(
                text,
                "- {waiting} values wait for an answer: they stand first, those of most rows before others."
            ),
        };
    }
    text
}
