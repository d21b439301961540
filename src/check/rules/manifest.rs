//! The manifest, in itself and against the files that are there.
//!
//! In: the rows of `manifest.csv` and the entries. Out: notices, the version that is claimed, and how each file travels.

use crate::check::rule::{Hook, Rule};
use crate::notice::{Authority, Code, Severity};

/// The package has no manifest.csv that can be read.
pub static MANIFEST_MISSING: Rule = Rule {
    code: Code {
        code: "manifest-missing",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "The package has no manifest.csv that can be read.",
        remedy: "Write the manifest into every package, at the root.",
    },
    section: "OneRoster CSV 1.1 and 1.2, manifest.csv",
    why: "Without it a reader takes the package for OneRoster 1.0 or refuses it.",
    hook: Hook::Manifest,
};

/// The header of the manifest is not propertyName,value.
pub static MANIFEST_HEADER: Rule = Rule {
    code: Code {
        code: "manifest-header",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "The header of the manifest is not propertyName,value.",
        remedy: "Name the two columns propertyName and value.",
    },
    section: "OneRoster CSV 1.1 and 1.2, manifest.csv",
    why: "Readers look the value up by this name and find every property blank.",
    hook: Hook::Manifest,
};

/// The manifest lacks a property that every manifest of its version has.
pub static MANIFEST_PROPERTY_MISSING: Rule = Rule {
    code: Code {
        code: "manifest-property-missing",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "The manifest lacks a property that every manifest of its version has.",
        remedy: "Write every row of the version, those of absent files included.",
    },
    section: "OneRoster CSV 1.1 and 1.2, manifest.csv",
    why: "A reader cannot tell an absent file from a forgotten one and stops.",
    hook: Hook::Manifest,
};

/// The manifest has a property that its version does not know.
pub static MANIFEST_PROPERTY_UNKNOWN: Rule = Rule {
    code: Code {
        code: "manifest-property-unknown",
        severity: Severity::Warning,
        authority: Authority::Specification,
        file: "",
        summary: "The manifest has a property that its version does not know.",
        remedy: "Correct its spelling or leave it out.",
    },
    section: "OneRoster CSV 1.1 and 1.2, manifest.csv",
    why: "A misspelt property is a missing one; strict readers refuse both.",
    hook: Hook::Manifest,
};

/// A property stands more than once in the manifest.
pub static MANIFEST_PROPERTY_REPEATED: Rule = Rule {
    code: Code {
        code: "manifest-property-repeated",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A property stands more than once in the manifest.",
        remedy: "Write each property once.",
    },
    section: "OneRoster CSV 1.1 and 1.2, manifest.csv",
    why: "Readers take the first or the last: a file may be read as bulk or not at all.",
    hook: Hook::Manifest,
};

/// manifest.version is not 1.0.
pub static MANIFEST_VERSION: Rule = Rule {
    code: Code {
        code: "manifest-version",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "manifest.version is not 1.0.",
        remedy: "Write 1.0; a spreadsheet turns it into 1 when it saves the file.",
    },
    section: "OneRoster CSV 1.1 and 1.2, manifest.csv",
    why: "Readers know no other version, and some then report a missing manifest version.",
    hook: Hook::Manifest,
};

/// oneroster.version is neither 1.1 nor 1.2.
pub static ONEROSTER_VERSION: Rule = Rule {
    code: Code {
        code: "oneroster-version",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "oneroster.version is neither 1.1 nor 1.2.",
        remedy: "Write 1.1 or 1.2 (also for 1.2.1).",
    },
    section: "OneRoster CSV 1.1 and 1.2, manifest.csv",
    why: "A reader cannot know which columns and words to expect.",
    hook: Hook::Manifest,
};

/// A file is declared neither absent nor bulk nor delta.
pub static MANIFEST_MODE: Rule = Rule {
    code: Code {
        code: "manifest-mode",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A file is declared neither absent nor bulk nor delta.",
        remedy: "Write one of the three words in lower case.",
    },
    section: "OneRoster CSV 1.1 and 1.2, manifest.csv",
    why: "A reader does not know whether rows that are missing are to be deleted.",
    hook: Hook::Manifest,
};

/// A file is declared bulk or delta, but is not in the package.
pub static FILE_MISSING: Rule = Rule {
    code: Code {
        code: "file-missing",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A file is declared bulk or delta, but is not in the package.",
        remedy: "Declare it absent, or add it.",
    },
    section: "OneRoster CSV 1.1 and 1.2, manifest.csv",
    why: "A bulk file that is missing can be read as one without rows: everything is deleted.",
    hook: Hook::Manifest,
};

/// A file is in the package, but is declared absent.
pub static FILE_UNDECLARED: Rule = Rule {
    code: Code {
        code: "file-undeclared",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A file is in the package, but is declared absent.",
        remedy: "Declare it bulk or delta, or leave it out.",
    },
    section: "OneRoster CSV 1.1 and 1.2, manifest.csv",
    why: "A reader ignores the file or stops.",
    hook: Hook::Manifest,
};

/// A bulk package lacks a file of the rostering set.
pub static ROSTERING_FILE_MISSING: Rule = Rule {
    code: Code {
        code: "rostering-file-missing",
        severity: Severity::Info,
        authority: Authority::Specification,
        file: "",
        summary: "A bulk package lacks a file of the rostering set.",
        remedy: "Export it, unless the receiver is known to do without.",
    },
    section: "OneRoster conformance: rostering is mandatory for every certified system",
    why: "Readers that need the set refuse the package.",
    hook: Hook::Manifest,
};

/// Every rule about the manifest's rows, which cannot be judged when there is none.
pub static OF_ROWS: &[&Rule] = &[
    &MANIFEST_HEADER,
    &MANIFEST_PROPERTY_MISSING,
    &MANIFEST_PROPERTY_UNKNOWN,
    &MANIFEST_PROPERTY_REPEATED,
    &MANIFEST_VERSION,
    &ONEROSTER_VERSION,
    &MANIFEST_MODE,
    &FILE_MISSING,
    &FILE_UNDECLARED,
    &ROSTERING_FILE_MISSING,
];
