//! The first line of every data file.
//!
//! In: nothing; `check/header.rs` raises them. Out: declarations.

use crate::check::rule::{Hook, Rule};
use crate::notice::{Authority, Code, Severity};

/// The first line of a file holds none of its columns.
pub static HEADER_ABSENT: Rule = Rule {
    code: Code {
        code: "header-absent",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "The first line of a file holds none of its columns.",
        remedy: "Write the header as the first line.",
    },
    section: "OneRoster CSV 1.1 and 1.2, header row",
    why: "Readers take the first row for the header and find no column.",
    hook: Hook::Header,
};

/// A column is missing.
pub static HEADER_MISSING: Rule = Rule {
    code: Code {
        code: "header-missing",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A column is missing.",
        remedy: "Write every column of the version, even those that are blank on every row.",
    },
    section: "OneRoster CSV 1.1 and 1.2, header row",
    why: "Strict readers refuse the file; others read the column as blank.",
    hook: Hook::Header,
};

/// A column is none of the file, nor does its name start with metadata.
pub static HEADER_UNKNOWN: Rule = Rule {
    code: Code {
        code: "header-unknown",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A column is none of the file, nor does its name start with metadata.",
        remedy: "Correct its name, or call it metadata.<owner>.<name> and put it last.",
    },
    section: "OneRoster CSV 1.1 and 1.2, header row",
    why: "Strict readers refuse the file; readers that go by position shift every cell behind it.",
    hook: Hook::Header,
};

/// A column stands twice.
pub static HEADER_REPEATED: Rule = Rule {
    code: Code {
        code: "header-repeated",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A column stands twice.",
        remedy: "Write each column once.",
    },
    section: "OneRoster CSV 1.1 and 1.2, header row",
    why: "Readers take the first or the last of the two.",
    hook: Hook::Header,
};

/// The columns do not stand in the published order; the first that stands too early is named.
pub static HEADER_ORDER: Rule = Rule {
    code: Code {
        code: "header-order",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "The columns do not stand in the published order; the first that stands too early is named.",
        remedy: "Write the columns in the order of the specification.",
    },
    section: "OneRoster CSV 1.1 and 1.2, header row",
    why: "Readers that go by position put cells into other columns, without an error.",
    hook: Hook::Header,
};

/// The name of a column is written in another letter case.
pub static HEADER_CASE: Rule = Rule {
    code: Code {
        code: "header-case",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "The name of a column is written in another letter case.",
        remedy: "Write it exactly as the specification does.",
    },
    section: "OneRoster CSV 1.1 and 1.2, header row",
    why: "Names are case-sensitive: the column counts as missing.",
    hook: Hook::Header,
};

/// The name of a column has blanks around it or invisible characters in it.
pub static HEADER_INVISIBLE: Rule = Rule {
    code: Code {
        code: "header-invisible",
        severity: Severity::Error,
        authority: Authority::Consumer,
        file: "",
        summary: "The name of a column has blanks around it or invisible characters in it.",
        remedy: "Write the name alone; invisible characters often come from spreadsheets or web pages.",
    },
    section: "SchoolStatus; names of columns are exact",
    why: "The column counts as missing although it looks right, and its cells as blank: this has archived whole schools.",
    hook: Hook::Header,
};

/// users.csv has resourceSourcedIds, a column that OneRoster 1.2.1 withdrew.
pub static HEADER_WITHDRAWN: Rule = Rule {
    code: Code {
        code: "header-withdrawn",
        severity: Severity::Warning,
        authority: Authority::Specification,
        file: "users",
        summary: "users.csv has resourceSourcedIds, a column that OneRoster 1.2.1 withdrew.",
        remedy: "Leave it out, unless the receiver still asks for the first release of 1.2.",
    },
    section: "OneRoster CSV 1.2.1, users.csv",
    why: "Strict readers of 1.2.1 refuse the header, as those of 1.2.0 refuse the one without.",
    hook: Hook::Header,
};

/// A metadata column stands before a column of the specification.
pub static METADATA_NOT_LAST: Rule = Rule {
    code: Code {
        code: "metadata-not-last",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A metadata column stands before a column of the specification.",
        remedy: "Put extension columns behind all others.",
    },
    section: "OneRoster CSV 1.1 and 1.2, header row",
    why: "Readers that go by position put cells into other columns.",
    hook: Hook::Header,
};

/// A file has no byte in it, not even a header.
pub static FILE_EMPTY: Rule = Rule {
    code: Code {
        code: "file-empty",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A file has no byte in it, not even a header.",
        remedy: "Leave the file out and declare it absent.",
    },
    section: "OneRoster CSV 1.1 and 1.2, header row",
    why: "Readers stop at the missing header.",
    hook: Hook::Header,
};

/// A file of a 1.2 package has a header and no row.
pub static FILE_WITHOUT_ROWS: Rule = Rule {
    code: Code {
        code: "file-without-rows",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A file of a 1.2 package has a header and no row.",
        remedy: "Leave the file out and declare it absent.",
    },
    section: "OneRoster CSV 1.2, data files: a file with a header alone is not permitted",
    why: "In bulk mode it says that nothing of its kind exists: everything is deleted.",
    hook: Hook::Header,
};

/// A file of a 1.1 package has a header and no row.
pub static HEADER_ONLY: Rule = Rule {
    code: Code {
        code: "header-only",
        severity: Severity::Warning,
        authority: Authority::Specification,
        file: "",
        summary: "A file of a 1.1 package has a header and no row.",
        remedy: "Leave the file out and declare it absent, unless the receiver asks for it (HMH, Renaissance).",
    },
    section: "OneRoster CSV 1.2 forbids it; the text of 1.1 is not known to allow it",
    why: "In bulk mode it says that nothing of its kind exists: everything is deleted.",
    hook: Hook::Header,
};
