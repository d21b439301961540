//! The shape of a column: whether it must be filled, what a cell holds, and what else binds it.
//!
//! In: nothing. Out: the types that every file's table is written in, the columns that all files begin with, and
//! the means to build a header out of shared parts. No column of a particular file is stated here.

use super::{File, Vocabulary, vocabulary};

/// A column of a data file.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its header, case-sensitive.
    pub name: &'static str,
    /// When a cell must be filled.
    pub need: Need,
    /// What a cell holds.
    pub kind: Kind,
    /// What the column says, one sentence.
    pub doc: &'static str,
    /// What binds a cell beyond its kind; mostly nothing.
    pub rules: &'static [Rule],
    /// What a filled cell tells of a person, where it does.
    pub personal: Option<Personal>,
}

/// What a cell tells of a person, so that a report can say which of it left the building. Not the references: that
/// somebody is in a class is what every package is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Personal {
    /// A name, legal or preferred.
    Name,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A name to sign in with, or a password.
    SignIn,
    /// A number by which others know the person.
    Identifier,
    /// The date of birth.
    BirthDate,
    /// Sex, race, ethnicity, place of birth and the like.
    Demographics,
    /// Whom the person belongs to: parents, children.
    Family,
    /// What a student achieved.
    Performance,
    /// A column of the sender's own in a file about people: nobody but the sender knows what it tells.
    Extension,
}

impl Personal {
    /// Every kind, in the order in which it is told.
    pub const ALL: [Personal; 10] = [
        Personal::Name,
        Personal::Email,
        Personal::Phone,
        Personal::SignIn,
        Personal::Identifier,
        Personal::BirthDate,
        Personal::Demographics,
        Personal::Family,
        Personal::Performance,
        Personal::Extension,
    ];

    /// Its word in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Personal::Name => "name",
            Personal::Email => "e-mail",
            Personal::Phone => "phone",
            Personal::SignIn => "sign-in",
            Personal::Identifier => "identifier",
            Personal::BirthDate => "birth-date",
            Personal::Demographics => "demographics",
            Personal::Family => "family",
            Personal::Performance => "performance",
            Personal::Extension => "extension",
        }
    }
}

/// When a cell must be filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// On every row.
    Required,
    /// Never; a blank means absent.
    Optional,
    /// On every row of a delta file, and on no row of a bulk file.
    Delta,
}

/// What a cell holds. A list is one cell with its items joined by commas, without blanks and without empty items.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// The row's own sourcedId: 1 to 255 characters of `0-9 A-Z a-z . - _ / @`, unique within the file.
    Id,
    /// The sourcedId of a row of that file.
    Ref(File),
    /// Several sourcedIds of that file.
    RefList(File),
    /// Free text; receivers keep at least 255 characters.
    Text,
    /// Several texts without commas.
    TextList,
    /// One word of a vocabulary.
    Enum(&'static Vocabulary),
    /// Several words of a vocabulary.
    EnumList(&'static Vocabulary),
    /// `YYYY-MM-DD`.
    Date,
    /// `YYYY-MM-DDTHH:MM:SS.sssZ`, always UTC with milliseconds.
    DateTime,
    /// `YYYY`.
    Year,
    /// Decimal digits, perhaps with a minus sign.
    Integer,
    /// A decimal number with a period.
    Float,
}

/// What binds a cell beyond its kind.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// The row referred to has this word in this column.
    Target {
        /// A column of the file referred to.
        column: &'static str,
        /// The word that must stand there.
        word: &'static str,
    },
    /// The row's own sourcedId is at the same time that of a row of the other file.
    KeyOf(File),
    /// The user referred to is a student: by `users.role` in 1.1, by a row of `roles.csv` in 1.2.
    Student,
    /// The row referred to belongs to the user of this row.
    SameUser,
    /// The user of this row has a row in `roles.csv` at the org referred to.
    RoleThere,
    /// When both cells are filled, the lists have the same length and order as those of this column. Strict
    /// readers also refuse one without the other.
    Parallel(&'static str),
    /// Each item is written `{left:right}`.
    Braced,
    /// Values customarily come from this vocabulary; others are not an error.
    Advised(&'static Vocabulary),
}

impl Column {
    const fn new(name: &'static str, need: Need, kind: Kind, doc: &'static str) -> Column {
        Column { name, need, kind, doc, rules: &[], personal: None }
    }

    /// A column that must be filled on every row.
    pub(super) const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Column {
        Column::new(name, Need::Required, kind, doc)
    }

    /// A column that may be blank.
    pub(super) const fn optional(name: &'static str, kind: Kind, doc: &'static str) -> Column {
        Column::new(name, Need::Optional, kind, doc)
    }

    /// The same column, bound by these rules.
    pub(super) const fn bound(self, rules: &'static [Rule]) -> Column {
        Column { rules, ..self }
    }

    /// The same column, known to tell this of a person.
    pub(super) const fn telling(self, personal: Personal) -> Column {
        Column { personal: Some(personal), ..self }
    }

    /// The file whose rows this column refers to, if it does.
    pub fn target(&self) -> Option<File> {
        match self.kind {
            Kind::Ref(file) | Kind::RefList(file) => Some(file),
            _ => self.rules.iter().find_map(|rule| match rule {
                Rule::KeyOf(file) => Some(*file),
                _ => None,
            }),
        }
    }

    /// The vocabulary that a cell's words must come from, if there is one.
    pub const fn vocabulary(&self) -> Option<&'static Vocabulary> {
        match self.kind {
            Kind::Enum(words) | Kind::EnumList(words) => Some(words),
            _ => None,
        }
    }

    /// The vocabulary that a cell's values customarily come from, if there is one.
    pub fn advised(&self) -> Option<&'static Vocabulary> {
        self.rules.iter().find_map(|rule| match rule {
            Rule::Advised(words) => Some(*words),
            _ => None,
        })
    }

    /// Whether a cell may hold several items.
    pub const fn is_list(&self) -> bool {
        matches!(self.kind, Kind::RefList(_) | Kind::TextList | Kind::EnumList(_))
    }
}

/// The columns that stand first in every file but `demographics.csv`, whose key is bound to a user.
pub(super) const KEY: [Column; 3] = [
    Column::required("sourcedId", Kind::Id, "Identifies the row; never given to another one."),
    CHANGE[0],
    CHANGE[1],
];

/// The two columns that describe a change; blank in bulk.
pub(super) const CHANGE: [Column; 2] = [
    Column::new(
        "status",
        Need::Delta,
        Kind::Enum(&vocabulary::STATUS),
        "Whether a delta row is to be kept or deleted.",
    ),
    Column::new("dateLastModified", Need::Delta, Kind::DateTime, "When a delta row last changed."),
];

/// A header built out of parts; a compile error when it does not have exactly `N` columns.
pub(super) const fn join<const N: usize>(parts: &[&[Column]]) -> [Column; N] {
    let mut columns = [KEY[0]; N];
    let mut filled = 0;
    let mut part = 0;
    while part < parts.len() {
        let mut next = 0;
        while next < parts[part].len() {
            columns[filled] = parts[part][next];
            filled += 1;
            next += 1;
        }
        part += 1;
    }
    assert!(filled == N, "a file's column count differs from the length of its parts");
    columns
}
