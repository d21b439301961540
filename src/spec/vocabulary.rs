//! The words that enumerated columns may hold.
//!
//! In: nothing. Out: one [`Vocabulary`] per list of the standard, and the customary code lists that it only advises.
//! Spelling and case are those of the standard; a list that grew in 1.2 stands here twice, named by version.

use super::Version;

/// A list of words.
#[derive(Debug)]
pub struct Vocabulary {
    /// What the list is of.
    pub name: &'static str,
    /// The words, case-sensitive.
    pub words: &'static [&'static str],
    /// Whether proprietary terms that start with `ext:` may stand beside them, in versions that have such terms
    /// ([`Version::has_extension_terms`]).
    pub open: bool,
}

/// What a proprietary term starts with (OneRoster CSV 1.2).
pub const EXTENSION_PREFIX: &str = "ext:";

impl Vocabulary {
    /// The vocabulary's own copy of this word, if it has it.
    pub fn word(&self, word: &str) -> Option<&'static str> {
        self.words.iter().copied().find(|known| *known == word)
    }

    /// Whether a cell of this version may hold the word: it is listed, or it is a proprietary term where those are
    /// allowed.
    pub fn accepts(&self, word: &str, version: Version) -> bool {
        self.word(word).is_some() || (self.is_open_in(version) && is_extension(word))
    }

    /// Whether proprietary terms are allowed in this version.
    pub const fn is_open_in(&self, version: Version) -> bool {
        self.open && version.has_extension_terms()
    }
}

/// Whether a word is spelt as a proprietary term: the prefix and something behind it.
fn is_extension(word: &str) -> bool {
    word.strip_prefix(EXTENSION_PREFIX).is_some_and(|term| !term.is_empty())
}

const fn closed(name: &'static str, words: &'static [&'static str]) -> Vocabulary {
    Vocabulary { name, words, open: false }
}

const fn open(name: &'static str, words: &'static [&'static str]) -> Vocabulary {
    Vocabulary { name, words, open: true }
}

/// What is to become of a delta row. `inactive` belonged to 1.0 and is no longer a word.
pub static STATUS: Vocabulary = closed("status", &["active", "tobedeleted"]);

/// True or false, in lower case only.
pub static BOOLEAN: Vocabulary = closed("boolean", &["true", "false"]);

/// Kinds of academic sessions.
pub static SESSION_TYPE: Vocabulary =
    open("academicSessionType", &["gradingPeriod", "semester", "schoolYear", "term"]);

/// Kinds of classes.
pub static CLASS_TYPE: Vocabulary = open("classType", &["homeroom", "scheduled"]);

/// Kinds of organizations.
pub static ORG_TYPE: Vocabulary =
    open("orgType", &["department", "school", "district", "local", "state", "national"]);

/// What somebody is in a class.
pub static ENROLLMENT_ROLE: Vocabulary =
    open("enrollmentRole", &["administrator", "proctor", "student", "teacher"]);

/// What somebody is, 1.1 (`users.role`).
pub static USER_ROLE_V1P1: Vocabulary = closed("userRole", PERSON_ROLES);

/// What somebody is at an org, 1.2 (`roles.role`).
pub static ROLE_V1P2: Vocabulary = open(
    "roleRole",
    &[
        "aide",
        "counselor",
        "districtAdministrator",
        "guardian",
        "parent",
        "principal",
        "proctor",
        "relative",
        "siteAdministrator",
        "student",
        "systemAdministrator",
        "teacher",
    ],
);

/// Whether a role is somebody's main one at an org, 1.2.
pub static ROLE_TYPE: Vocabulary = closed("roleType", &["primary", "secondary"]);

/// Whom a resource is for. 1.2 kept the words that 1.1 has for users.
pub static RESOURCE_ROLE: Vocabulary = open("resourceRole", PERSON_ROLES);

const PERSON_ROLES: &[&str] =
    &["administrator", "aide", "guardian", "parent", "proctor", "relative", "student", "teacher"];

/// How much a resource matters.
pub static IMPORTANCE: Vocabulary = closed("importance", &["primary", "secondary"]);

/// Sex, 1.1.
pub static SEX_V1P1: Vocabulary = closed("sex", &["male", "female"]);

/// Sex, 1.2.
pub static SEX_V1P2: Vocabulary = open("sex", &["male", "female", "unspecified", "other"]);

/// How far a result has come; the blanks belong to the words.
pub static SCORE_STATUS: Vocabulary =
    open("scoreStatus", &["exempt", "fully graded", "not submitted", "partially graded", "submitted"]);

/// Who defines a learning objective, 1.2.
pub static OBJECTIVE_SOURCE: Vocabulary = open("learningObjectiveSource", &["case", "unknown"]);

/// How a file travels, in the manifest. [`super::Mode`] is the same list for code.
pub static MANIFEST_MODE: Vocabulary = closed(
    "manifestFileMode",
    &[super::Mode::Absent.word(), super::Mode::Bulk.word(), super::Mode::Delta.word()],
);

/// Grade levels: the CEDS entry grade level codes. 1.1 names them, 1.2 leaves the choice to an agreement; never
/// more than advice.
pub static GRADES: Vocabulary = closed(
    "grades",
    &[
        "IT", "PR", "PK", "TK", "KG", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12",
        "13", "PS", "UG", "Other",
    ],
);

/// Public school residence status: CEDS codes; advice only.
pub static RESIDENCE_STATUS: Vocabulary =
    closed("publicSchoolResidenceStatus", &["01652", "01653", "01654", "01655", "01656"]);
