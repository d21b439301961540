//! The text of every file: encoding, quotes, line ends, cells per row.
//!
//! In: nothing; `check/scan.rs` raises them where it meets them. Out: declarations, and where a record has line breaks in it.

use crate::check::findings::{Findings, Spot};
use crate::check::rule::{Hook, Rule};
use crate::check::scan::Layout;
use crate::notice::{Authority, Code, Severity};
use crate::rfc4180::Record;

/// A file begins with a byte order mark.
pub static BYTE_ORDER_MARK: Rule = Rule {
    code: Code {
        code: "byte-order-mark",
        severity: Severity::Warning,
        authority: Authority::Consumer,
        file: "",
        summary: "A file begins with a byte order mark.",
        remedy: "Save as UTF-8 without BOM.",
    },
    section: "OneRoster CSV 1.2: readers must skip it; SchoolStatus does not",
    why: "Weak readers take it for a part of the first column's name and find no sourcedId.",
    hook: Hook::Records,
};

/// A byte is not UTF-8.
pub static NOT_UTF8: Rule = Rule {
    code: Code {
        code: "not-utf8",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A byte is not UTF-8.",
        remedy: "Write the file as UTF-8; a spreadsheet's plain CSV is not.",
    },
    section: "RFC 4180; OneRoster CSV 1.1 and 1.2, CSV text",
    why: "The file is refused, or names arrive broken.",
    hook: Hook::Records,
};

/// A file holds a NUL byte.
pub static NULL_BYTE: Rule = Rule {
    code: Code {
        code: "null-byte",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A file holds a NUL byte.",
        remedy: "Write the file again; such bytes come from UTF-16 or a broken disk.",
    },
    section: "RFC 4180; OneRoster CSV 1.1 and 1.2, CSV text",
    why: "Programs end a text there or refuse the file.",
    hook: Hook::Records,
};

/// A cell without quotes around it has a quote in it.
pub static QUOTE_IN_CELL: Rule = Rule {
    code: Code {
        code: "quote-in-cell",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A cell without quotes around it has a quote in it.",
        remedy: "Put quotes around the cell and double those inside.",
    },
    section: "RFC 4180; OneRoster CSV 1.1 and 1.2, CSV text",
    why: "Readers differ in where the cell ends: cells move into other columns.",
    hook: Hook::Records,
};

/// Something stands between a closing quote and the next comma.
pub static TEXT_BEHIND_QUOTE: Rule = Rule {
    code: Code {
        code: "text-behind-quote",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "Something stands between a closing quote and the next comma.",
        remedy: "Double the quotes inside a cell.",
    },
    section: "RFC 4180; OneRoster CSV 1.1 and 1.2, CSV text",
    why: "Readers differ in where the cell ends: cells move into other columns.",
    hook: Hook::Records,
};

/// A quote is opened and never closed: what follows it could not be read.
pub static QUOTE_UNCLOSED: Rule = Rule {
    code: Code {
        code: "quote-unclosed",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A quote is opened and never closed: what follows it could not be read.",
        remedy: "Double the quotes inside a cell; check that the file was written to its end.",
    },
    section: "RFC 4180; OneRoster CSV 1.1 and 1.2, CSV text",
    why: "The rest of the file becomes one cell: in bulk mode its rows are deleted.",
    hook: Hook::Records,
};

/// A row is longer than 16 MiB: what follows it could not be read.
pub static RECORD_TOO_LONG: Rule = Rule {
    code: Code {
        code: "record-too-long",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A row is longer than 16 MiB: what follows it could not be read.",
        remedy: "Look for a quote that is not closed.",
    },
    section: "RFC 4180; OneRoster CSV 1.1 and 1.2, CSV text",
    why: "Readers stop or run out of memory.",
    hook: Hook::Records,
};

/// A row has more or fewer cells than the header.
pub static ROW_WIDTH: Rule = Rule {
    code: Code {
        code: "row-width",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A row has more or fewer cells than the header.",
        remedy: "Put quotes around cells that hold a comma; write blank cells at the end of a row too.",
    },
    section: "RFC 4180; OneRoster CSV 1.1 and 1.2, CSV text",
    why: "Cells are taken for other columns, or the row is passed over.",
    hook: Hook::Records,
};

/// A line is blank.
pub static BLANK_LINE: Rule = Rule {
    code: Code {
        code: "blank-line",
        severity: Severity::Warning,
        authority: Authority::Specification,
        file: "",
        summary: "A line is blank.",
        remedy: "Write no blank lines, also not at the end.",
    },
    section: "RFC 4180; OneRoster CSV 1.1 and 1.2, CSV text",
    why: "Strict readers count it as a row with one cell.",
    hook: Hook::Records,
};

/// A cell holds a line break.
pub static LINE_BREAK_IN_CELL: Rule = Rule {
    code: Code {
        code: "line-break-in-cell",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A cell holds a line break.",
        remedy: "Replace line breaks by blanks.",
    },
    section: "OneRoster CSV 1.1 and 1.2: no carriage return inside a field; strict readers refuse a line feed too",
    why: "Readers that go line by line see two broken rows.",
    hook: Hook::Records,
};

/// A carriage return stands without a line feed.
pub static BARE_CARRIAGE_RETURN: Rule = Rule {
    code: Code {
        code: "bare-carriage-return",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A carriage return stands without a line feed.",
        remedy: "End rows with CR LF or LF.",
    },
    section: "RFC 4180; OneRoster CSV 1.1 and 1.2, CSV text",
    why: "Readers see one long row, or a cell with a break in it.",
    hook: Hook::Records,
};

/// Line breaks inside of cells, in all columns, those of extensions included.
pub fn breaks(
    layout: &Layout,
    (record, ends): (&Record<'_>, &[u32]),
    spot: Spot<'_>,
    findings: &mut Findings<'_>,
) {
    if memchr::memchr2(b'\r', b'\n', record.raw(ends).as_bytes()).is_none() {
        return;
    }
    for n in 0..ends.len() {
        let field = record.field(ends, n);
        if !field.text.contains(['\r', '\n']) {
            continue;
        }
        let column = layout.fields.iter().position(|at| *at == Some(n));
        let column = column.and_then(|at| layout.spec.columns.get(at)).map_or("", |c| c.name);
        let rule = match field.quoted {
            true => &LINE_BREAK_IN_CELL,
            false => &BARE_CARRIAGE_RETURN,
        };
        findings.raise(rule, layout.spec.file.csv_name(), column, spot, "");
    }
}
