//! What free texts should not hold.
//!
//! In: cells with something unusual in them. Out: notices without the text.

use crate::check::header::is_invisible;
use crate::check::rule::{BAD, CellTest, ColumnView, Hook, Rule};
use crate::notice::{Authority, Code, Severity};
use crate::spec::Kind;

/// A cell has blanks at its ends.
pub static CELL_PADDED: Rule = Rule {
    code: Code {
        code: "cell-padded",
        severity: Severity::Warning,
        authority: Authority::Consumer,
        file: "",
        summary: "A cell has blanks at its ends.",
        remedy: "Trim the field in the ODS or in the export.",
    },
    section: "OneRoster readers do not trim",
    why: "The value differs from the same one without blanks: users cannot sign in, words are unknown.",
    hook: Hook::Cell(padded),
};

/// A text is longer than 255 characters.
pub static TEXT_TOO_LONG: Rule = Rule {
    code: Code {
        code: "text-too-long",
        severity: Severity::Warning,
        authority: Authority::Specification,
        file: "",
        summary: "A text is longer than 255 characters.",
        remedy: "Shorten it in the ODS.",
    },
    section: "OneRoster CSV 1.2, datatype String: 255 characters are guaranteed",
    why: "Readers may cut it.",
    hook: Hook::Cell(long),
};

/// A cell holds control characters or characters that nobody sees.
pub static INVISIBLE_CHARACTER: Rule = Rule {
    code: Code {
        code: "invisible-character",
        severity: Severity::Warning,
        authority: Authority::Consumer,
        file: "",
        summary: "A cell holds control characters or characters that nobody sees.",
        remedy: "Remove them in the ODS; they come from copying.",
    },
    section: "Common practice",
    why: "Names that look equal are not; a search does not find them.",
    hook: Hook::Cell(invisible),
};

/// A cell holds the replacement character, which stands for one that was lost.
pub static CHARACTERS_LOST: Rule = Rule {
    code: Code {
        code: "characters-lost",
        severity: Severity::Warning,
        authority: Authority::Consumer,
        file: "",
        summary: "A cell holds the replacement character, which stands for one that was lost.",
        remedy: "Find where the text was converted wrongly, and export again from the original.",
    },
    section: "Common practice",
    why: "A name arrives with a question mark in it.",
    hook: Hook::Cell(lost),
};

fn text(view: &ColumnView, test: fn(&str) -> bool) -> Option<CellTest> {
    matches!(view.column.kind, Kind::Text | Kind::TextList).then_some(())?;
    CellTest::unusual(move |cell| if test(cell) { BAD } else { None })
}

fn padded(view: &ColumnView) -> Option<CellTest> {
    if view.column.is_list() {
        return None;
    }
    text(view, |cell| {
        let trimmed = cell.trim();
        !trimmed.is_empty() && trimmed != cell
    })
}

fn long(view: &ColumnView) -> Option<CellTest> {
    if view.column.is_list() {
        return None;
    }
    text(view, |cell| cell.len() > 255 && cell.chars().count() > 255)
}

/// Tabs are ordinary characters; line breaks have a rule of their own.
fn invisible(view: &ColumnView) -> Option<CellTest> {
    text(view, |cell| {
        let plain = |c: char| matches!(c, '\t' | '\r' | '\n' | '\u{a0}' | '\u{200c}' | '\u{200d}');
        cell.chars().any(|c| is_invisible(c) && !plain(c))
    })
}

fn lost(view: &ColumnView) -> Option<CellTest> {
    text(view, |cell| cell.contains(char::REPLACEMENT_CHARACTER))
}
