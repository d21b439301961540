//! What each seed file looks like, as data: names, columns, what each column accepts, and the shipped default.
//!
//! The loader, the messages and the reference pages read these declarations; nothing else knows a seed's header.

use crate::spec::vocabulary::{GRADES, ROLE_V1P2, SESSION_TYPE, SEX_V1P1, SEX_V1P2, USER_ROLE_V1P1};

// Answers are checked against the union of both versions' words (mapping.md section 9).
static SESSION_TYPES: &[&[&str]] = &[SESSION_TYPE.words];
static GRADE_CODES: &[&[&str]] = &[GRADES.words];
static ROLES: &[&[&str]] = &[USER_ROLE_V1P1.words, ROLE_V1P2.words];
static ROLES_V1P2: &[&[&str]] = &[ROLE_V1P2.words];
static SEX_WORDS: &[&[&str]] = &[SEX_V1P1.words, SEX_V1P2.words];
use super::answers::Race;

/// What a column accepts besides a blank.
#[derive(Debug)]
pub enum Accepts {
    /// A word of any of these lists, spelt exactly so.
    Words(&'static [&'static [&'static str]]),
    /// True or false, in the spellings that a dbt seed takes for them.
    Flag,
    /// Any text on one line.
    Text,
}

/// Spellings of true, compared ignoring case.
const TRUE: [&str; 5] = ["true", "t", "yes", "y", "1"];
/// Spellings of false, compared ignoring case.
const FALSE: [&str; 5] = ["false", "f", "no", "n", "0"];

/// A cell that its column accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    Blank,
    Word(&'static str),
    Flag(bool),
    Text(&'a str),
}

impl<'a> Cell<'a> {
    pub(super) fn word(self) -> Option<&'static str> {
        if let Self::Word(word) = self { Some(word) } else { None }
    }

    pub(super) fn flag(self) -> Option<bool> {
        if let Self::Flag(flag) = self { Some(flag) } else { None }
    }

    pub(super) fn text(self) -> Option<&'a str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

impl Accepts {
    /// Reads a trimmed cell; `None` when the column does not accept it.
    pub(super) fn cell<'a>(&self, text: &'a str) -> Option<Cell<'a>> {
        if text.is_empty() {
            return Some(Cell::Blank);
        }
        let is = |spelling: &&str| spelling.eq_ignore_ascii_case(text);
        match self {
            Self::Words(lists) => word(lists, text).map(Cell::Word),
            Self::Flag if TRUE.iter().any(is) => Some(Cell::Flag(true)),
            Self::Flag if FALSE.iter().any(is) => Some(Cell::Flag(false)),
            Self::Flag => None,
            Self::Text => Some(Cell::Text(text)),
        }
    }

    /// What is accepted, for people.
    pub fn listed(&self) -> String {
        match self {
            Self::Words(lists) => {
                let mut words: Vec<&str> = Vec::new();
                for word in lists.iter().copied().flatten() {
                    if !words.contains(word) {
                        words.push(word);
                    }
                }
                words.join(", ")
            }
            Self::Flag => "TRUE, FALSE".to_owned(),
            Self::Text => "any text".to_owned(),
        }
    }
}

/// The word of any list that is spelt exactly like `text`.
fn word(lists: &[&'static [&'static str]], text: &str) -> Option<&'static str> {
    lists.iter().copied().flatten().copied().find(|word| *word == text)
}

/// The column by which a row without an answer says that nobody has decided yet: whatever stands in it, the row then
/// says nothing, and its value is unknown as one without a row is. `init` writes its suggestion there.
pub const UNDECIDED: &str = "undecided";

/// The column in which `init` writes how many rows used the value. It is for people: nothing reads it.
pub const ROWS: &str = "rows";

/// A column on the OneRoster side.
#[derive(Debug)]
pub struct AnswerColumn {
    /// Name in the header.
    pub name: &'static str,
    /// What may stand in it.
    pub accepts: Accepts,
    /// Whether the header may lack it; it then reads as blank.
    pub optional: bool,
}

/// A seed file.
#[derive(Debug)]
pub struct Seed {
    /// What docs/mapping.md calls its crosswalk.
    pub name: &'static str,
    /// File name.
    pub file: &'static str,
    /// Names that the column on the Ed-Fi side may have. The header has exactly one of them.
    pub keys: &'static [&'static str],
    /// Columns on the OneRoster side.
    pub answers: &'static [AnswerColumn],
    /// What is read when the folder lacks the file; `None` for a crosswalk that is off unless it is given.
    pub default: Option<&'static str>,
    /// What follows where a value has no answer, half a sentence (docs/mapping.md, column by column).
    pub unmapped: &'static str,
    /// Whether a namespace that names only an owner (`uri://ed-fi.org/`) prefers instead of narrowing. The edu
    /// package's calendar seed is the case: it carries such a column and compares the code value alone.
    pub owner_prefers: bool,
}

const fn required(name: &'static str, accepts: Accepts) -> AnswerColumn {
    AnswerColumn { name, accepts, optional: false }
}

/// Session types by term, or by session name.
pub const TERMS: Seed = Seed {
    name: "terms",
    file: "xwalk_oneroster_academic_sessions_types.csv",
    keys: &["academic_term", SESSION_NAME],
    answers: &[required("type", Accepts::Words(SESSION_TYPES))],
    default: Some(include_str!("../../seeds/xwalk_oneroster_academic_sessions_types.csv")),
    unmapped: "the session is of type `term`",
    owner_prefers: false,
};

/// The key column that asks for matching on the session name before the term.
pub(super) const SESSION_NAME: &str = "session_name";

/// Whether a classroom position makes a primary teacher.
pub const POSITIONS: Seed = Seed {
    name: "positions",
    file: "xwalk_oneroster_classroom_positions.csv",
    keys: &["classroom_position"],
    answers: &[required("is_primary", Accepts::Flag)],
    default: Some(include_str!("../../seeds/xwalk_oneroster_classroom_positions.csv")),
    unmapped: "the teacher is not primary",
    owner_prefers: false,
};

/// Grade codes.
pub const GRADE_LEVELS: Seed = Seed {
    name: "grades",
    file: "xwalk_oneroster_grade_levels.csv",
    keys: &["edfi_grade_level"],
    answers: &[required("oneroster_grade_level", Accepts::Words(GRADE_CODES))],
    default: Some(include_str!("../../seeds/xwalk_oneroster_grade_levels.csv")),
    unmapped: "the student, course or class has no grade of it",
    owner_prefers: false,
};

/// Roles of staff classifications.
pub const CLASSIFICATIONS: Seed = Seed {
    name: "classifications",
    file: "xwalk_oneroster_staff_classifications.csv",
    keys: &["staff_classification"],
    answers: &[
        required("oneroster_role", Accepts::Words(ROLES)),
        AnswerColumn { name: "oneroster_role_v1p2", accepts: Accepts::Words(ROLES_V1P2), optional: true },
    ],
    default: Some(include_str!("../../seeds/xwalk_oneroster_staff_classifications.csv")),
    unmapped: "nobody is exported because of it; who teaches a class is a teacher",
    owner_prefers: false,
};

/// Race and ethnicity flags.
pub const RACES: Seed = Seed {
    name: "races",
    file: "xwalk_oneroster_races.csv",
    keys: &["edfi_race_code"],
    answers: &[required("oneroster_race_code", Accepts::Words(&[&Race::COLUMNS]))],
    default: Some(include_str!("../../seeds/xwalk_oneroster_races.csv")),
    unmapped: "it sets no race column",
    owner_prefers: false,
};

/// Words for the sex.
pub const SEXES: Seed = Seed {
    name: "sexes",
    file: "xwalk_oneroster_gender.csv",
    keys: &["edfi_gender_code"],
    answers: &[required("oneroster_sex_code", Accepts::Words(SEX_WORDS))],
    default: Some(include_str!("../../seeds/xwalk_oneroster_gender.csv")),
    unmapped: "the sex is blank",
    owner_prefers: false,
};

/// Whether a calendar event makes a school day.
pub const CALENDAR_EVENTS: Seed = Seed {
    name: "calendar",
    file: "xwalk_calendar_events.csv",
    keys: &["calendar_event_descriptor"],
    answers: &[required("is_school_day", Accepts::Flag)],
    default: Some(include_str!("../../seeds/xwalk_calendar_events.csv")),
    unmapped: "it makes no school day",
    owner_prefers: true,
};

/// Subjects: no default, because OneRoster asks for SCED course codes and an Ed-Fi subject is no course.
pub const SUBJECTS: Seed = Seed {
    name: "subjects",
    file: "xwalk_oneroster_subjects.csv",
    keys: &["academic_subject"],
    answers: &[required("subject_title", Accepts::Text), required("subject_code", Accepts::Text)],
    default: None,
    unmapped: "the course has no subject of it",
    owner_prefers: false,
};

/// Roles of contacts: no default, a contact is a `parent` unless the seed is given (mapping.md 6). Only roles of
/// a contact are accepted: any other would open a teacher's or administrator's rights to a family member.
pub const RELATIONS: Seed = Seed {
    name: "relations",
    file: "xwalk_oneroster_relations.csv",
    keys: &["relation"],
    answers: &[required("oneroster_role", Accepts::Words(&[&["parent", "guardian", "relative"]]))],
    default: None,
    unmapped: "the contact is of role `parent`",
    owner_prefers: false,
};

/// Every seed file.
pub const SEEDS: [&Seed; 9] = [
    &TERMS,
    &POSITIONS,
    &GRADE_LEVELS,
    &CLASSIFICATIONS,
    &RACES,
    &SEXES,
    &CALENDAR_EVENTS,
    &SUBJECTS,
    &RELATIONS,
];
