//! Cells that must be filled, and cells that must be blank.
//!
//! In: cells. Out: notices. What a filled cell holds is judged elsewhere.

use crate::check::rule::{BAD, CellTest, ColumnView, Hook, Rule};
use crate::notice::{Authority, Code, Severity};
use crate::spec::{Mode, Need};

/// A required cell is blank.
pub static REQUIRED_CELL_BLANK: Rule = Rule {
    code: Code {
        code: "required-cell-blank",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A required cell is blank.",
        remedy: "Fill the field in the ODS, or leave the row out with everything that hangs on it.",
    },
    section: "OneRoster CSV 1.1 and 1.2, tables of columns",
    why: "Readers refuse the row, and with it what refers to it.",
    hook: Hook::Cell(required),
};

/// status or dateLastModified is filled in a bulk file.
pub static FILLED_IN_BULK: Rule = Rule {
    code: Code {
        code: "filled-in-bulk",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "status or dateLastModified is filled in a bulk file.",
        remedy: "Leave both blank on every row, or declare the file delta.",
    },
    section: "OneRoster CSV 1.1 and 1.2, bulk and delta",
    why: "Strict readers refuse the file; others may delete by it.",
    hook: Hook::Cell(bulk),
};

/// status or dateLastModified is blank in a delta file.
pub static BLANK_IN_DELTA: Rule = Rule {
    code: Code {
        code: "blank-in-delta",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "status or dateLastModified is blank in a delta file.",
        remedy: "Fill both on every row, or declare the file bulk.",
    },
    section: "OneRoster CSV 1.1 and 1.2, bulk and delta",
    why: "Readers cannot tell what to do with the row.",
    hook: Hook::Cell(delta),
};

/// A cell holds nothing but blanks.
pub static CELL_ONLY_BLANKS: Rule = Rule {
    code: Code {
        code: "cell-only-blanks",
        severity: Severity::Warning,
        authority: Authority::Consumer,
        file: "",
        summary: "A cell holds nothing but blanks.",
        remedy: "Write nothing at all into a blank cell.",
    },
    section: "HMH: blank cells are truly empty; blanks count in OneRoster",
    why: "Readers take it for a value: a blank id, a user name made of blanks.",
    hook: Hook::Cell(only_blanks),
};

fn required(view: &ColumnView) -> Option<CellTest> {
    if view.column.need == Need::Required { CellTest::blank() } else { None }
}

fn bulk(view: &ColumnView) -> Option<CellTest> {
    let bound = view.column.need == Need::Delta && view.mode == Some(Mode::Bulk);
    if bound { CellTest::filled(|_| BAD) } else { None }
}

fn delta(view: &ColumnView) -> Option<CellTest> {
    let bound = view.column.need == Need::Delta && view.mode == Some(Mode::Delta);
    if bound { CellTest::blank() } else { None }
}

fn only_blanks(_: &ColumnView) -> Option<CellTest> {
    CellTest::unusual(|cell| if cell.trim_matches(' ').is_empty() { BAD } else { None })
}
