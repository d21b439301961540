//! Cells that hold several items.
//!
//! In: filled cells of list columns, and the parallel lists of a row. Out: notices.

use crate::check::facts::Facts;
use crate::check::findings::Findings;
use crate::check::rule::{BAD, CellTest, ColumnView, Hook, RowTest, Rule};
use crate::check::scan::{Layout, Row};
use crate::notice::{Authority, Code, Severity};
use crate::spec::Rule as Bond;

/// A list has a blank item.
pub static LIST_ITEM_BLANK: Rule = Rule {
    code: Code {
        code: "list-item-blank",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A list has a blank item.",
        remedy: "Join the items with single commas, none at the ends.",
    },
    section: "OneRoster CSV 1.1 and 1.2, lists",
    why: "Readers take the blank for an item: a grade or an org without a name.",
    hook: Hook::Cell(blank_item),
};

/// An item of a list has blanks around it.
pub static LIST_ITEM_PADDED: Rule = Rule {
    code: Code {
        code: "list-item-padded",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "An item of a list has blanks around it.",
        remedy: "Join the items with a comma and nothing else.",
    },
    section: "OneRoster CSV 1.1 and 1.2, lists",
    why: "Readers do not trim: the item is not found.",
    hook: Hook::Cell(padded_item),
};

/// A list holds an item twice.
pub static LIST_ITEM_REPEATED: Rule = Rule {
    code: Code {
        code: "list-item-repeated",
        severity: Severity::Warning,
        authority: Authority::Specification,
        file: "",
        summary: "A list holds an item twice.",
        remedy: "Write each item once.",
    },
    section: "OneRoster CSV 1.1 and 1.2, lists",
    why: "Readers create the link twice or refuse the row.",
    hook: Hook::Cell(repeated_item),
};

/// subjects and subjectCodes have different lengths.
pub static LISTS_UNEQUAL: Rule = Rule {
    code: Code {
        code: "lists-unequal",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "subjects and subjectCodes have different lengths.",
        remedy: "Write both lists in the same order, one code for each subject.",
    },
    section: "OneRoster CSV 1.1 and 1.2, subjects and subjectCodes",
    why: "Readers pair subjects with the wrong codes, or refuse the row.",
    hook: Hook::Row(unequal),
};

/// One of subjects and subjectCodes is filled, the other blank.
pub static LIST_WITHOUT_PARALLEL: Rule = Rule {
    code: Code {
        code: "list-without-parallel",
        severity: Severity::Warning,
        authority: Authority::Consumer,
        file: "",
        summary: "One of subjects and subjectCodes is filled, the other blank.",
        remedy: "Fill both or neither.",
    },
    section: "Strict readers, aligned with the official test set",
    why: "Strict readers refuse the row.",
    hook: Hook::Row(alone),
};

/// An item is not written {left:right}.
pub static BRACED_FORM: Rule = Rule {
    code: Code {
        code: "braced-form",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "An item is not written {left:right}.",
        remedy: "Write {Type:Id}, several joined with commas.",
    },
    section: "OneRoster CSV 1.1 and 1.2, userIds; 1.2, scoreScaleValue",
    why: "Readers cannot tell the system from the identifier.",
    hook: Hook::Cell(braced),
};

/// An item {left:right} has more than one colon.
pub static BRACED_COLON: Rule = Rule {
    code: Code {
        code: "braced-colon",
        severity: Severity::Warning,
        authority: Authority::Consumer,
        file: "",
        summary: "An item {left:right} has more than one colon.",
        remedy: "Leave colons out of identifiers and of the names of their systems.",
    },
    section: "Strict readers, aligned with the official test set; the text does not forbid it",
    why: "Strict readers refuse the row, others cut the identifier at the wrong colon.",
    hook: Hook::Cell(colon),
};

fn list(view: &ColumnView, test: fn(&str) -> bool) -> Option<CellTest> {
    if !view.column.is_list() {
        return None;
    }
    CellTest::filled(move |cell| if test(cell) { BAD } else { None })
}

fn blank_item(view: &ColumnView) -> Option<CellTest> {
    list(view, |cell| cell.split(',').any(|item| item.trim_matches(' ').is_empty()))
}

fn padded_item(view: &ColumnView) -> Option<CellTest> {
    list(view, |cell| {
        let padded = |item: &str| !item.trim_matches(' ').is_empty() && item.trim_matches(' ') != item;
        cell.contains(' ') && cell.split(',').any(padded)
    })
}

fn repeated_item(view: &ColumnView) -> Option<CellTest> {
    list(view, |cell| {
        let again = |(n, item): (usize, &str)| {
            !item.is_empty() && cell.split(',').take(n).any(|before| before == item)
        };
        // Longer lists than any roster has are not worth the square of their length.
        cell.contains(',') && cell.split(',').take(200).enumerate().any(again)
    })
}

fn braced(view: &ColumnView) -> Option<CellTest> {
    view.column.rules.iter().any(|bond| matches!(bond, Bond::Braced)).then_some(())?;
    CellTest::filled(|cell| {
        let good = |item: &str| {
            let inner = item.strip_prefix('{').and_then(|item| item.strip_suffix('}'));
            let parts = inner.and_then(|inner| inner.split_once(':'));
            parts.is_some_and(|(left, right)| {
                !left.is_empty() && !right.is_empty() && !inner_mark(left, right)
            })
        };
        let items = cell.split(',').map(|item| item.trim_matches(' ')).filter(|item| !item.is_empty());
        if items.into_iter().all(good) { None } else { BAD }
    })
}

fn colon(view: &ColumnView) -> Option<CellTest> {
    view.column.rules.iter().any(|bond| matches!(bond, Bond::Braced)).then_some(())?;
    CellTest::filled(|cell| {
        let several = |item: &str| item.bytes().filter(|b| *b == b':').count() > 1;
        if cell.split(',').any(several) { BAD } else { None }
    })
}

fn inner_mark(left: &str, right: &str) -> bool {
    left.contains(['{', '}']) || right.contains(['{', '}'])
}

/// The columns of a file that are parallel to each other: numbers and the name of the first.
fn pairs(layout: &Layout) -> Vec<(usize, usize, &'static str)> {
    let mut pairs = Vec::new();
    for column in layout.spec.columns {
        for bond in column.rules {
            if let Bond::Parallel(other) = bond
                && let (Some(a), Some(b)) = (layout.column(column.name), layout.column(other))
                && a < b
            {
                pairs.push((a, b, column.name));
            }
        }
    }
    pairs
}

struct Pairs(Vec<(usize, usize, &'static str)>, bool);

fn unequal(layout: &Layout) -> Option<Box<dyn RowTest>> {
    let pairs = pairs(layout);
    if pairs.is_empty() { None } else { Some(Box::new(Pairs(pairs, false))) }
}

fn alone(layout: &Layout) -> Option<Box<dyn RowTest>> {
    let pairs = pairs(layout);
    if pairs.is_empty() { None } else { Some(Box::new(Pairs(pairs, true))) }
}

impl RowTest for Pairs {
    fn row(&mut self, row: &Row<'_, '_>, _: &Facts, findings: &mut Findings<'_>) {
        for &(a, b, column) in &self.0 {
            let (left, right) = (row.cell(a), row.cell(b));
            let rule = match (left.is_empty(), right.is_empty(), self.1) {
                (false, false, false) if left.split(',').count() != right.split(',').count() => {
                    &LISTS_UNEQUAL
                }
                (true, false, true) | (false, true, true) => &LIST_WITHOUT_PARALLEL,
                _ => continue,
            };
            findings.raise(rule, row.file, column, row.spot, "");
        }
    }
}
