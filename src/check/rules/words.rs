//! The words that enumerated columns hold.
//!
//! In: filled cells. Out: notices; a wrong word is shown when it is one of a list in another case or version, else by its shape.

use crate::check::findings::shape;
use crate::check::rule::{CellTest, ColumnView, Hook, Rule, Verdict};
use crate::notice::{Authority, Code, Severity};
use crate::spec::vocabulary::EXTENSION_PREFIX;
use crate::spec::{File, Kind, Version, Vocabulary};

/// A cell holds a word that its column does not know.
pub static WORD_UNKNOWN: Rule = Rule {
    code: Code {
        code: "word-unknown",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A cell holds a word that its column does not know.",
        remedy: "Map the value to a word of the list; letter case counts.",
    },
    section: "OneRoster CSV 1.1 and 1.2, enumerations",
    why: "Readers refuse the row, or treat the value as blank.",
    hook: Hook::Cell(unknown),
};

/// A cell holds an ext: term of the sender's own.
pub static WORD_EXTENDED: Rule = Rule {
    code: Code {
        code: "word-extended",
        severity: Severity::Info,
        authority: Authority::Consumer,
        file: "",
        summary: "A cell holds an ext: term of the sender's own.",
        remedy: "Nothing, if the receiver knows the term; else map it to a word of the list.",
    },
    section: "OneRoster CSV 1.2, extending vocabularies",
    why: "Many importers still refuse terms that are not on the list.",
    hook: Hook::Cell(extended),
};

/// A grade level is none of the CEDS codes.
pub static GRADE_UNUSUAL: Rule = Rule {
    code: Code {
        code: "grade-unusual",
        severity: Severity::Info,
        authority: Authority::Consumer,
        file: "",
        summary: "A grade level is none of the CEDS codes.",
        remedy: "Add the grade to the crosswalk of grade levels, with a two-digit code.",
    },
    section: "CEDS entry grade level, which OneRoster 1.1 names and 1.2 leaves to an agreement",
    why: "Readers that expect 09 do not know 9 or Ninth grade, and leave the grade blank.",
    hook: Hook::Cell(grade),
};

/// publicSchoolResidenceStatus is none of the CEDS codes.
pub static RESIDENCE_STATUS_UNUSUAL: Rule = Rule {
    code: Code {
        code: "residence-status-unusual",
        severity: Severity::Info,
        authority: Authority::Consumer,
        file: "demographics",
        summary: "publicSchoolResidenceStatus is none of the CEDS codes.",
        remedy: "Map it to a code from 01652 to 01656.",
    },
    section: "CEDS public school residence status",
    why: "Readers do not know what to do with it.",
    hook: Hook::Cell(residence),
};

/// The items of a cell: one, or those of a list.
fn items(kind: Kind, cell: &str) -> impl Iterator<Item = &str> {
    let list = matches!(kind, Kind::EnumList(_) | Kind::TextList);
    let mut rest = Some(cell);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        match text.split_once(',') {
            Some((item, behind)) if list => {
                rest = Some(behind);
                Some(item.trim_matches(' '))
            }
            _ if list => Some(text.trim_matches(' ')),
            _ => Some(text),
        }
    })
    .filter(|item| !item.is_empty())
}

/// A wrong word, as far as it may be shown.
fn shown(word: &str, words: &Vocabulary) -> String {
    if let Some(meant) = words.words.iter().find(|known| known.eq_ignore_ascii_case(word)) {
        return format!("{word}, which is written {meant}");
    }
    // Words of other lists, of 1.0 and of spreadsheets tell nothing about anybody.
    let mut lists = Version::ALL.into_iter().flat_map(|version| {
        let columns = version.files().iter().flat_map(|spec| spec.columns);
        columns.filter_map(|column| column.vocabulary())
    });
    let known = lists.any(|list| list.words.iter().any(|known| known.eq_ignore_ascii_case(word)));
    let habits = ["inactive", "yes", "no", "y", "n", "0", "1", "t", "f", "m", "x", "primary", "secondary"];
    if known || word.starts_with(EXTENSION_PREFIX) || habits.contains(&word.to_lowercase().as_str()) {
        return word.chars().take(60).collect();
    }
    format!("something like {}", shape(word))
}

fn unknown(view: &ColumnView) -> Option<CellTest> {
    let words = view.column.vocabulary()?;
    let (kind, version) = (view.column.kind, view.version);
    CellTest::filled(move |cell| {
        let wrong = items(kind, cell).find(|item| !words.accepts(item, version))?;
        Some(shown(wrong, words).into())
    })
}

fn extended(view: &ColumnView) -> Option<CellTest> {
    let words = view.column.vocabulary().filter(|words| words.is_open_in(view.version))?;
    let (kind, version) = (view.column.kind, view.version);
    CellTest::filled(move |cell| {
        let own = |item: &&str| item.starts_with(EXTENSION_PREFIX) && words.accepts(item, version);
        items(kind, cell).find(own).map(|item| item.chars().take(60).collect::<String>().into())
    })
}

fn advised(view: &ColumnView, words: &'static Vocabulary) -> Option<CellTest> {
    let kind = view.column.kind;
    let test = move |cell: &str| -> Verdict {
        let wrong = items(kind, cell).find(|item| words.word(item).is_none())?;
        Some(shape(wrong).into())
    };
    CellTest::filled(test)
}

fn grade(view: &ColumnView) -> Option<CellTest> {
    advised(view, view.column.advised().filter(|_| view.file != File::Demographics)?)
}

fn residence(view: &ColumnView) -> Option<CellTest> {
    advised(view, view.column.advised().filter(|_| view.file == File::Demographics)?)
}
