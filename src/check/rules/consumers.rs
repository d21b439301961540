//! What consumers demand beyond the specification: the codes under which a package's breach of a demand is told.
//!
//! In: nothing; `check/demands.rs` raises them, for each demand of the consumers that were asked for. Out: declarations. Their
//! severity here is that of most demands; each demand has its own.

use crate::check::rule::{Hook, Rule};
use crate::notice::{Authority, Code, Severity};

/// The package is of a version that the consumer does not read.
pub static VERSION: Rule = Rule {
    code: Code {
        code: "consumer-version",
        severity: Severity::Error,
        authority: Authority::Consumer,
        file: "",
        summary: "The package is of a version that the consumer does not read.",
        remedy: "Export the version that it reads, with `oneroster`.",
    },
    section: "profiles of consumers (`rosterpack profiles list`)",
    why: "It refuses the package, or reads columns that mean something else.",
    hook: Hook::Demand("the manifest"),
};

/// A file that the consumer needs is not in the package.
pub static FILE_MISSING: Rule = Rule {
    code: Code {
        code: "consumer-file-missing",
        severity: Severity::Error,
        authority: Authority::Consumer,
        file: "",
        summary: "A file that the consumer needs is not in the package.",
        remedy: "Export the file; `header_only_files` writes one that has no row with its header alone.",
    },
    section: "profiles of consumers (`rosterpack profiles list`)",
    why: "It refuses the package, or reads that nothing of the kind exists.",
    hook: Hook::Demand("the entries of the zip"),
};

/// A file that the consumer does not take is in the package.
pub static FILE_UNWANTED: Rule = Rule {
    code: Code {
        code: "consumer-file-unwanted",
        severity: Severity::Error,
        authority: Authority::Consumer,
        file: "",
        summary: "A file that the consumer does not take is in the package.",
        remedy: "Leave it out, with `files`.",
    },
    section: "profiles of consumers (`rosterpack profiles list`)",
    why: "It refuses the package, or is told of persons what it has no use for.",
    hook: Hook::Demand("the entries of the zip"),
};

/// A file of which the consumer needs rows has none.
pub static FILE_WITHOUT_ROWS: Rule = Rule {
    code: Code {
        code: "consumer-file-without-rows",
        severity: Severity::Error,
        authority: Authority::Consumer,
        file: "",
        summary: "A file of which the consumer needs rows has none.",
        remedy: "Look in the report for what was left out, and why.",
    },
    section: "profiles of consumers (`rosterpack profiles list`)",
    why: "It refuses the package, or deletes everything of the kind.",
    hook: Hook::Demand("all rows of the files concerned"),
};

/// A file travels as delta, and the consumer reads bulk alone.
pub static FILE_DELTA: Rule = Rule {
    code: Code {
        code: "consumer-file-delta",
        severity: Severity::Error,
        authority: Authority::Consumer,
        file: "",
        summary: "A file travels as delta, and the consumer reads bulk alone.",
        remedy: "Send the whole truth: every file as bulk.",
    },
    section: "profiles of consumers (`rosterpack profiles list`)",
    why: "It takes what has changed for all that there is, and removes the rest.",
    hook: Hook::Demand("the manifest"),
};

/// The zip is not called what the consumer looks for.
pub static PACKAGE_NAME: Rule = Rule {
    code: Code {
        code: "consumer-package-name",
        severity: Severity::Error,
        authority: Authority::Consumer,
        file: "",
        summary: "The zip is not called what the consumer looks for.",
        remedy: "Give it that name, with `package_name`.",
    },
    section: "profiles of consumers (`rosterpack profiles list`)",
    why: "It does not find the package; nothing is imported, and often nothing is told.",
    hook: Hook::Demand("the name of the zip"),
};

/// The zip is larger than the consumer takes.
pub static PACKAGE_SIZE: Rule = Rule {
    code: Code {
        code: "consumer-package-size",
        severity: Severity::Error,
        authority: Authority::Consumer,
        file: "",
        summary: "The zip is larger than the consumer takes.",
        remedy: "Leave out files that it does not need, with `files`, or raise `compression`.",
    },
    section: "profiles of consumers (`rosterpack profiles list`)",
    why: "It refuses the upload.",
    hook: Hook::Demand("the size of the zip"),
};

/// A column of the sender's own that the consumer needs is missing.
pub static COLUMN_MISSING: Rule = Rule {
    code: Code {
        code: "consumer-column-missing",
        severity: Severity::Error,
        authority: Authority::Consumer,
        file: "",
        summary: "A column of the sender's own that the consumer needs is missing.",
        remedy: "Write it; for titles of staff there is `position_title`.",
    },
    section: "profiles of consumers (`rosterpack profiles list`)",
    why: "It passes over the users that it would know by this column.",
    hook: Hook::Demand("the header of every file"),
};

/// A cell that the consumer needs is blank.
pub static CELL_BLANK: Rule = Rule {
    code: Code {
        code: "consumer-cell-blank",
        severity: Severity::Error,
        authority: Authority::Consumer,
        file: "",
        summary: "A cell that the consumer needs is blank.",
        remedy: "Record the value in the ODS, or leave the row out by a filter.",
    },
    section: "profiles of consumers (`rosterpack profiles list`)",
    why: "It passes the row over, or cannot let the person sign in.",
    hook: Hook::Demand("single cells"),
};

/// Rows share a value that the consumer needs to be unique; letter case does not count.
pub static VALUE_SHARED: Rule = Rule {
    code: Code {
        code: "consumer-value-shared",
        severity: Severity::Error,
        authority: Authority::Consumer,
        file: "",
        summary: "Rows share a value that the consumer needs to be unique; letter case does not count.",
        remedy: "Record a value of their own for each.",
    },
    section: "profiles of consumers (`rosterpack profiles list`)",
    why: "It merges the rows, or one of the persons cannot sign in.",
    hook: Hook::Demand("single rows"),
};

/// A value is longer than the consumer takes.
pub static TEXT_TOO_LONG: Rule = Rule {
    code: Code {
        code: "consumer-text-too-long",
        severity: Severity::Error,
        authority: Authority::Consumer,
        file: "",
        summary: "A value is longer than the consumer takes.",
        remedy: "Shorten it in the ODS.",
    },
    section: "profiles of consumers (`rosterpack profiles list`)",
    why: "It refuses the row, or cuts the value.",
    hook: Hook::Demand("single cells"),
};

/// An id is longer than the consumer takes, or has characters that it does not.
pub static ID_FORM: Rule = Rule {
    code: Code {
        code: "consumer-id-form",
        severity: Severity::Error,
        authority: Authority::Consumer,
        file: "",
        summary: "An id is longer than the consumer takes, or has characters that it does not.",
        remedy: "Use ids of one of the schemes of `id_scheme`, which are 32 hexadecimal digits.",
    },
    section: "profiles of consumers (`rosterpack profiles list`)",
    why: "It refuses the row and with it everything that refers to it.",
    hook: Hook::Demand("single cells"),
};

/// A cell holds a word that the consumer does not take.
pub static WORD_NOT_TAKEN: Rule = Rule {
    code: Code {
        code: "consumer-word-not-taken",
        severity: Severity::Error,
        authority: Authority::Consumer,
        file: "",
        summary: "A cell holds a word that the consumer does not take.",
        remedy: "Write the word that it knows (`grade_codes`, crosswalks), or leave such rows out (`roles`, `grades`, `state_agency`).",
    },
    section: "profiles of consumers (`rosterpack profiles list`)",
    why: "It refuses the row, or reads the cell as blank.",
    hook: Hook::Demand("single cells"),
};

/// A cell holds several items, and the consumer takes one.
pub static SEVERAL_IN_CELL: Rule = Rule {
    code: Code {
        code: "consumer-several-in-cell",
        severity: Severity::Error,
        authority: Authority::Consumer,
        file: "",
        summary: "A cell holds several items, and the consumer takes one.",
        remedy: "Write one; for the grades of classes there is `class_grades`.",
    },
    section: "profiles of consumers (`rosterpack profiles list`)",
    why: "It takes the first, or a word that nobody knows.",
    hook: Hook::Demand("single cells"),
};

/// A class has more students than the consumer takes.
pub static CLASS_TOO_LARGE: Rule = Rule {
    code: Code {
        code: "consumer-class-too-large",
        severity: Severity::Error,
        authority: Authority::Consumer,
        file: "classes",
        summary: "A class has more students than the consumer takes.",
        remedy: "Leave out what is no class (`exclude_course_titles`, `exclude_sections`), or divide it in the ODS.",
    },
    section: "profiles of consumers (`rosterpack profiles list`)",
    why: "It rejects the class, and its students have none.",
    hook: Hook::Demand("all rows of enrollments.csv, classes.csv"),
};

/// A teacher has more classes than the consumer takes.
pub static TEACHER_OVERLOADED: Rule = Rule {
    code: Code {
        code: "consumer-teacher-overloaded",
        severity: Severity::Error,
        authority: Authority::Consumer,
        file: "users",
        summary: "A teacher has more classes than the consumer takes.",
        remedy: "Leave out what is no class (`exclude_course_titles`, `exclude_sections`), or correct the assignments in the ODS.",
    },
    section: "profiles of consumers (`rosterpack profiles list`)",
    why: "It rejects classes of the teacher.",
    hook: Hook::Demand("all rows of enrollments.csv, users.csv"),
};

/// A line ends in another way than the consumer reads.
pub static LINE_END: Rule = Rule {
    code: Code {
        code: "consumer-line-end",
        severity: Severity::Error,
        authority: Authority::Consumer,
        file: "",
        summary: "A line ends in another way than the consumer reads.",
        remedy: "Write the ends that it reads, with `line_end`.",
    },
    section: "profiles of consumers (`rosterpack profiles list`)",
    why: "The last cell of each row has an invisible character in it, or the file is one line.",
    hook: Hook::Demand("the text of every file"),
};

/// A filled cell stands without quotes, and the consumer asks for quotes around all.
pub static CELL_UNQUOTED: Rule = Rule {
    code: Code {
        code: "consumer-cell-unquoted",
        severity: Severity::Error,
        authority: Authority::Consumer,
        file: "",
        summary: "A filled cell stands without quotes, and the consumer asks for quotes around all.",
        remedy: "Write them, with `quotes`.",
    },
    section: "profiles of consumers (`rosterpack profiles list`)",
    why: "Ids with leading zeros and texts with commas are read as something else.",
    hook: Hook::Demand("the text of every file"),
};

/// All terms of a class begin after the date, and the consumer leaves such classes out.
pub static CLASS_NOT_BEGUN: Rule = Rule {
    code: Code {
        code: "consumer-class-not-begun",
        severity: Severity::Error,
        authority: Authority::Consumer,
        file: "classes",
        summary: "All terms of a class begin after the date, and the consumer leaves such classes out.",
        remedy: "Nothing before the year begins; else check the dates of the sessions.",
    },
    section: "profiles of consumers (`rosterpack profiles list`)",
    why: "It leaves the class out with its enrollments, and nothing may be left.",
    hook: Hook::Demand("all rows of classes.csv, academicSessions.csv"),
};

/// All of them.
pub static ALL: [&Rule; 19] = [
    &VERSION,
    &FILE_MISSING,
    &FILE_UNWANTED,
    &FILE_WITHOUT_ROWS,
    &FILE_DELTA,
    &PACKAGE_NAME,
    &PACKAGE_SIZE,
    &COLUMN_MISSING,
    &CELL_BLANK,
    &VALUE_SHARED,
    &TEXT_TOO_LONG,
    &ID_FORM,
    &WORD_NOT_TAKEN,
    &SEVERAL_IN_CELL,
    &CLASS_TOO_LARGE,
    &TEACHER_OVERLOADED,
    &LINE_END,
    &CELL_UNQUOTED,
    &CLASS_NOT_BEGUN,
];

/// The rule under which a demand is told.
pub fn rule(code: &str) -> Option<&'static Rule> {
    ALL.into_iter().find(|rule| rule.code.code == code)
}
