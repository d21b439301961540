//! The zip as a container: names, compression, encryption, honesty, size.
//!
//! In: the entries of an archive and what reading them came to. Out: notices. It reads no cell.

use crate::check::findings::Findings;
use crate::check::rule::{Hook, Rule};
use crate::notice::{Authority, Code, Severity};
use crate::package::read::{Archive, ReadFault, Trouble};
use crate::spec::{File, MANIFEST, Version};

/// The package is no zip, or its directory is damaged or cut off.
pub static ZIP_BROKEN: Rule = Rule {
    code: Code {
        code: "zip-broken",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "The package is no zip, or its directory is damaged or cut off.",
        remedy: "Send the zip again in binary mode, and check that the transfer was complete.",
    },
    section: "OneRoster CSV 1.1 and 1.2, package: one zip file",
    why: "A reader gets nothing, or only the files before the damage: in bulk mode that deletes everybody else.",
    hook: Hook::Entries,
};

/// An entry is encrypted.
pub static ENTRY_ENCRYPTED: Rule = Rule {
    code: Code {
        code: "entry-encrypted",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "An entry is encrypted.",
        remedy: "Make the zip without a password: the transport protects it.",
    },
    section: "OneRoster CSV 1.1 and 1.2, package: the zip is not encrypted",
    why: "No reader has a password, so the file counts as missing.",
    hook: Hook::Entries,
};

/// An entry is compressed in another way than deflate.
pub static ENTRY_METHOD: Rule = Rule {
    code: Code {
        code: "entry-method",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "An entry is compressed in another way than deflate.",
        remedy: "Make the zip with the deflate method.",
    },
    section: "OneRoster CSV 1.1 and 1.2, package: RFC 1951 deflate",
    why: "Readers know deflate only, so the file counts as missing.",
    hook: Hook::Entries,
};

/// An entry is a folder or lies in one.
pub static ENTRY_IN_FOLDER: Rule = Rule {
    code: Code {
        code: "entry-in-folder",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "An entry is a folder or lies in one.",
        remedy: "Zip the files themselves, not the folder that holds them.",
    },
    section: "OneRoster CSV 1.1 and 1.2, package: files at the root",
    why: "Many readers look for the files at the root only and report a missing manifest.",
    hook: Hook::Entries,
};

/// The name of an entry leads outside of the folder it is unpacked to, or is no plain file name.
pub static ENTRY_NAME_UNSAFE: Rule = Rule {
    code: Code {
        code: "entry-name-unsafe",
        severity: Severity::Error,
        authority: Authority::Policy,
        file: "",
        summary: "The name of an entry leads outside of the folder it is unpacked to, or is no plain file name.",
        remedy: "Name entries by their file names alone.",
    },
    section: "ZIP application note 4.4.17: relative names with forward slashes",
    why: "Whoever unpacks the zip carelessly overwrites files of the machine; careful readers refuse all of it.",
    hook: Hook::Entries,
};

/// Two entries have the same name.
pub static ENTRY_REPEATED: Rule = Rule {
    code: Code {
        code: "entry-repeated",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "Two entries have the same name.",
        remedy: "Write each file once.",
    },
    section: "OneRoster CSV 1.1 and 1.2, package: at most one of each file",
    why: "Readers take the first, the last, or stop: nobody can tell which rows count.",
    hook: Hook::Entries,
};

/// An entry is a link or a device, not a file.
pub static ENTRY_LINK: Rule = Rule {
    code: Code {
        code: "entry-link",
        severity: Severity::Error,
        authority: Authority::Policy,
        file: "",
        summary: "An entry is a link or a device, not a file.",
        remedy: "Put the file itself into the package.",
    },
    section: "OneRoster CSV 1.1 and 1.2, package: files at the root",
    why: "There are no rows behind it, and following it would lead out of the package.",
    hook: Hook::Entries,
};

/// The bytes of an entry are damaged, or are not what the directory of the zip says.
pub static ENTRY_DAMAGED: Rule = Rule {
    code: Code {
        code: "entry-damaged",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "The bytes of an entry are damaged, or are not what the directory of the zip says.",
        remedy: "Make the zip again and compare its size after the transfer.",
    },
    section: "ZIP application note 4.4: sizes and CRC-32",
    why: "Some readers stop, others take the rows before the damage: in bulk mode the rest is deleted.",
    hook: Hook::Entries,
};

/// An entry has the name of a OneRoster file in another letter case.
pub static ENTRY_NAME_CASE: Rule = Rule {
    code: Code {
        code: "entry-name-case",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "An entry has the name of a OneRoster file in another letter case.",
        remedy: "Name it exactly as the specification does, such as academicSessions.csv.",
    },
    section: "OneRoster CSV 1.1 and 1.2, package: file names are exact and case-sensitive",
    why: "A reader that looks for the exact name finds no such file.",
    hook: Hook::Entries,
};

/// An entry is no file of the version that the package claims.
pub static ENTRY_UNKNOWN: Rule = Rule {
    code: Code {
        code: "entry-unknown",
        severity: Severity::Warning,
        authority: Authority::Consumer,
        file: "",
        summary: "An entry is no file of the version that the package claims.",
        remedy: "Leave it out.",
    },
    section: "Strict readers; McGraw Hill asks for no extra file or folder",
    why: "Strict readers refuse the package; others ignore the file in silence.",
    hook: Hook::Entries,
};

/// The package has more entries than the limit; those beyond were not looked at.
pub static LIMIT_ENTRIES: Rule = Rule {
    code: Code {
        code: "limit-entries",
        severity: Severity::Error,
        authority: Authority::Policy,
        file: "",
        summary: "The package has more entries than the limit; those beyond were not looked at.",
        remedy: "Leave out what is no OneRoster file, or raise --max-entries.",
    },
    section: "OneRoster CSV 1.1 and 1.2, package: at most 14 or 22 files",
    why: "Thousands of entries are an attack or an accident.",
    hook: Hook::Entries,
};

/// The package unpacks to more bytes than the limit: its data files were not read.
pub static LIMIT_SIZE: Rule = Rule {
    code: Code {
        code: "limit-size",
        severity: Severity::Error,
        authority: Authority::Policy,
        file: "",
        summary: "The package unpacks to more bytes than the limit: its data files were not read.",
        remedy: "Raise --max-size if the roster is really that large.",
    },
    section: "Limits of this validator",
    why: "A zip that unpacks to any size fills the disk of its reader.",
    hook: Hook::Entries,
};

/// An entry unpacks to many more times its size than a roster can: it was not read.
pub static LIMIT_RATIO: Rule = Rule {
    code: Code {
        code: "limit-ratio",
        severity: Severity::Error,
        authority: Authority::Policy,
        file: "",
        summary: "An entry unpacks to many more times its size than a roster can: it was not read.",
        remedy: "Look at what the entry holds; raise --max-ratio if it is honest.",
    },
    section: "Limits of this validator",
    why: "A zip bomb looks like this.",
    hook: Hook::Entries,
};

/// Judges the entries as the directory lists them.
pub fn check(archive: &Archive, version: Option<Version>, findings: &mut Findings<'_>) {
    if let Some(reason) = archive.broken() {
        findings.raise_entry(&ZIP_BROKEN, "", reason);
    }
    if archive.has_too_many() {
        findings.raise_entry(&LIMIT_ENTRIES, "", &format!("more than {}", archive.limits().entries));
    }
    if archive.is_too_large() {
        findings.raise_entry(&LIMIT_SIZE, "", &format!("more than {} bytes", archive.limits().size));
    }
    for entry in archive.entries() {
        for trouble in &entry.troubles {
            let (rule, cause) = match trouble {
                Trouble::Encrypted => (&ENTRY_ENCRYPTED, ""),
                Trouble::Method => (&ENTRY_METHOD, ""),
                Trouble::Folder => (&ENTRY_IN_FOLDER, ""),
                Trouble::Link => (&ENTRY_LINK, ""),
                Trouble::Unsafe => (&ENTRY_NAME_UNSAFE, ""),
                Trouble::Ratio => (&LIMIT_RATIO, ""),
                Trouble::Repeated => (&ENTRY_REPEATED, ""),
                Trouble::Damaged(what) => (&ENTRY_DAMAGED, *what),
            };
            findings.raise_entry(rule, &entry.name, cause);
        }
        if entry.is_folder() || entry.base == MANIFEST.csv_name {
            continue;
        }
        let lower = entry.base.to_lowercase();
        let cased = |file: &File| file.csv_name().to_lowercase() == lower;
        match entry.file() {
            Some(file) => {
                if let Some(version) = version
                    && version.file(file).is_none()
                {
                    let cause = format!("OneRoster {version} has no such file");
                    findings.raise_entry(&ENTRY_UNKNOWN, &entry.name, &cause);
                }
            }
            None if lower == MANIFEST.csv_name || File::ALL.iter().any(cased) => {
                findings.raise_entry(&ENTRY_NAME_CASE, &entry.name, "");
            }
            None => findings.raise_entry(&ENTRY_UNKNOWN, &entry.name, ""),
        }
    }
}

/// What ended the stream of an entry.
pub fn raise_read_fault(findings: &mut Findings<'_>, entry: &str, fault: &ReadFault) {
    findings.raise_entry(&ENTRY_DAMAGED, entry, &fault.to_string());
}
