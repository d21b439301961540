//! References between rows, as far as they are judged one by one.
//!
//! In: nothing; `check/reference.rs` raises them. Out: declarations.

use crate::check::rule::{Hook, Rule};
use crate::notice::{Authority, Code, Severity};
use crate::spec::File;

/// A row refers to a row that the package does not have.
pub static DANGLING_REFERENCE: Rule = Rule {
    code: Code {
        code: "dangling-reference",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A row refers to a row that the package does not have.",
        remedy: "Export what is referred to, or leave out what refers to it.",
    },
    section: "OneRoster CSV 1.1 and 1.2, referential closure of bulk files",
    why: "The row is refused, or linked to nothing; the receiver may delete what is missing.",
    hook: Hook::Ids,
};

/// A class, an enrollment or a line item names an org that is not of type school.
pub static ORG_NOT_SCHOOL: Rule = Rule {
    code: Code {
        code: "org-not-school",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A class, an enrollment or a line item names an org that is not of type school.",
        remedy: "Name the school that holds the class.",
    },
    section: "OneRoster CSV 1.1 and 1.2, classes.csv and enrollments.csv, 1.2 also lineItems.csv: schoolSourcedId is an org of type school",
    why: "Strict readers refuse the row; others show the class at no school.",
    hook: Hook::Ids,
};

/// A course names a session that is not of type schoolYear.
pub static SESSION_NOT_SCHOOL_YEAR: Rule = Rule {
    code: Code {
        code: "session-not-school-year",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "courses",
        summary: "A course names a session that is not of type schoolYear.",
        remedy: "Name the school year, or leave the cell blank.",
    },
    section: "OneRoster CSV 1.1 and 1.2, courses.csv: schoolYearSourcedId",
    why: "Strict readers refuse the row.",
    hook: Hook::Ids,
};

/// The rule for rows of this file that have the wrong type.
pub fn wrong_kind(target: File) -> &'static Rule {
    if target == File::AcademicSessions { &SESSION_NOT_SCHOOL_YEAR } else { &ORG_NOT_SCHOOL }
}
