//! The sourcedIds of rows: unique, and of the characters that are allowed.
//!
//! In: ids. Out: notices; and what may be shown of a text that should be an id.

use crate::check::rule::{BAD, CellTest, ColumnView, Hook, Rule};
use crate::notice::{Authority, Code, Severity};
use crate::spec::Kind;

/// A sourcedId stands more than once in its file.
pub static ID_COLLISION: Rule = Rule {
    code: Code {
        code: "id-collision",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A sourcedId stands more than once in its file.",
        remedy: "Export each object once; ids made of several keys need all of them.",
    },
    section: "OneRoster CSV 1.1 and 1.2: sourcedId is unique within its file",
    why: "The later row overwrites the earlier one, or the file is refused.",
    hook: Hook::Ids,
};

/// A sourcedId has characters other than 0-9 A-Z a-z . - _ / @.
pub static ID_CHARACTERS: Rule = Rule {
    code: Code {
        code: "id-characters",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A sourcedId has characters other than 0-9 A-Z a-z . - _ / @.",
        remedy: "Hash or encode keys that hold blanks, colons or other marks.",
    },
    section: "OneRoster CSV 1.2, datatype GUID",
    why: "Strict readers refuse the row and with it everything that refers to it.",
    hook: Hook::Cell(characters),
};

/// A sourcedId is longer than 255 characters.
pub static ID_TOO_LONG: Rule = Rule {
    code: Code {
        code: "id-too-long",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A sourcedId is longer than 255 characters.",
        remedy: "Hash long keys.",
    },
    section: "OneRoster CSV 1.2, datatype GUID",
    why: "Readers cut it, and its references lead nowhere.",
    hook: Hook::Cell(length),
};

/// Whether a text has the form of a sourcedId.
pub fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 255 && has_id_characters(text)
}

fn has_id_characters(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/' | b'@');
    text.bytes().fold(true, |good, b| good & allowed(b))
}

/// A text that should be an id, as it may be shown: an id as it is, anything else by its shape.
pub fn shown(text: &str) -> String {
    if is_id(text) { text.to_owned() } else { super::super::findings::shape(text) }
}

fn characters(view: &ColumnView) -> Option<CellTest> {
    matches!(view.column.kind, Kind::Id).then_some(())?;
    CellTest::filled(|cell| if has_id_characters(cell) { None } else { BAD })
}

fn length(view: &ColumnView) -> Option<CellTest> {
    matches!(view.column.kind, Kind::Id).then_some(())?;
    CellTest::unusual(|cell| if cell.len() > 255 { BAD } else { None })
}
