//! References: the cells of one column looked up in the ids of the file that they name.
//!
//! In: a cell, the ids. Out: row numbers, and notices of what dangles or is of the wrong kind. Judged only where the
//! truth is known: a row that is missing in a bulk file that was read completely does not exist; one that is missing
//! in a delta file may well be at the receiver, and is counted as not judged.

use super::facts::{BLANK, Facts, Ids, State, UNKNOWN, key};
use super::findings::{Findings, Spot};
use super::rule::Rule;
use super::rules::{ids, references};
use super::scan::{Layout, Scanned, Skip};
use crate::spec::{Column, File, Kind, Mode, Rule as Bond};

/// What it means when a row is not found.
#[derive(Debug, Clone)]
enum Missing {
    /// It does not exist.
    Dangling,
    /// Nor does any other: the file is not in the package.
    NoFile,
    /// It may exist; why that cannot be told.
    Unjudged(String),
}

/// A reference to a row of the same file that has not come yet.
#[derive(Debug)]
struct Later {
    key: u128,
    row: u32,
    /// Where in a list; `u32::MAX` for a single reference.
    item: u32,
    deleted: bool,
    text: Box<str>,
    id: Box<str>,
}

/// The references of one column.
#[derive(Debug)]
pub struct Reference {
    column: &'static str,
    target: File,
    list: bool,
    own: bool,
    missing: Missing,
    /// The word that the target's column must have.
    word: Option<(&'static Rule, &'static str, &'static str)>,
    /// The last cell and its row: facts stand sorted, so that most cells repeat the one above.
    memo: (String, u32),
    later: Vec<Later>,
    unjudged: u64,
}

impl Reference {
    /// The references of a column, if it has any.
    pub fn of(column: &'static Column, layout: &Layout, before: &Facts) -> Option<Reference> {
        let target = column.target()?;
        let own = target == layout.spec.file;
        let word = column.rules.iter().find_map(|bond| match bond {
            Bond::Target { column, word } => Some((references::wrong_kind(target), *column, *word)),
            _ => None,
        });
        let unknown = |file: File| format!("the manifest does not say how {} travels", file.csv_name());
        let missing = match (before.file(target), layout.mode) {
            _ if own => match layout.mode {
                Some(Mode::Bulk) => Missing::Dangling,
                Some(_) => Missing::Unjudged("rows that a delta file does not repeat".into()),
                None => Missing::Unjudged(unknown(target)),
            },
            (None, Some(Mode::Bulk)) => Missing::NoFile,
            (None, _) => Missing::Unjudged(format!("{} is not in the package", target.csv_name())),
            (Some(file), _) => match (&file.state, file.mode) {
                (State::Complete, Some(Mode::Bulk)) => Missing::Dangling,
                (State::Complete, Some(_)) => {
                    Missing::Unjudged(format!("rows that {} does not repeat, being delta", target.csv_name()))
                }
                (State::Complete, None) => Missing::Unjudged(unknown(target)),
                _ => Missing::Unjudged(format!("{} could not be read completely", target.csv_name())),
            },
        };
        Some(Reference {
            column: column.name,
            target,
            list: matches!(column.kind, Kind::RefList(_)),
            own,
            missing,
            word,
            memo: (String::new(), BLANK),
            later: Vec::new(),
            unjudged: 0,
        })
    }

    /// The codes that it may raise.
    pub fn codes(&self) -> impl Iterator<Item = &'static str> + use<> {
        let kind = self.word.map(|(rule, _, _)| rule.code.code);
        [references::DANGLING_REFERENCE.code.code].into_iter().chain(kind)
    }

    /// The row that a filled cell refers to; of a list, the rows go into `items`.
    pub fn look_up(
        &mut self,
        cell: &str,
        context: (&Ids, &Facts, u32, bool),
        items: Option<&mut Vec<u32>>,
        out: (&mut Findings<'_>, &'static str, Spot<'_>),
    ) -> u32 {
        let (findings, name, spot) = out;
        if !self.list {
            if self.memo.0 == cell {
                return self.memo.1;
            }
            let row = self.item(cell, context, u32::MAX, (findings, name, spot));
            // A row of the wrong kind is told each time it is referred to.
            if row < UNKNOWN && self.word_fits(row, context.1) {
                self.memo.0.clear();
                self.memo.0.push_str(cell);
                self.memo.1 = row;
            }
            return row;
        }
        let mut found = items;
        for item in cell.split(',').map(|item| item.trim_matches(' ')).filter(|item| !item.is_empty()) {
            let at = found.as_ref().map_or(u32::MAX - 1, |found| found.len() as u32);
            let row = self.item(item, context, at, (findings, name, spot));
            if let Some(found) = &mut found {
                found.push(row);
            }
        }
        BLANK
    }

    fn item(
        &mut self,
        item: &str,
        (own, before, row, deleted): (&Ids, &Facts, u32, bool),
        at: u32,
        (findings, name, spot): (&mut Findings<'_>, &'static str, Spot<'_>),
    ) -> u32 {
        let key = key(item);
        if self.own {
            return own.find(key).unwrap_or_else(|| {
                let (text, id) = (item.into(), spot.id.into());
                self.later.push(Later { key, row, item: at, deleted, text, id });
                UNKNOWN
            });
        }
        let file = before.file(self.target);
        if let Some(found) = file.and_then(|file| file.ids.find(key)) {
            if let (Some((rule, column, _)), Some(file)) = (self.word, file)
                && !self.word_fits(found, before)
            {
                let is = file.words(column).get(found as usize).copied().unwrap_or_default();
                let words = file.spec.column(column).and_then(Column::vocabulary).map(|v| v.words);
                let is = words.and_then(|words| words.get(usize::from(is))).copied().unwrap_or_default();
                findings.raise(rule, name, self.column, spot, &format!("{item} is of type {is}"));
            }
            return found;
        }
        self.dangles(item, deleted, (findings, name, spot));
        UNKNOWN
    }

    /// Whether the row referred to has the word that it must have, as far as that can be read.
    fn word_fits(&self, row: u32, before: &Facts) -> bool {
        let (Some((_, column, word)), Some(file)) = (self.word, before.file(self.target)) else {
            return true;
        };
        let is = file.words(column).get(row as usize).copied();
        is.is_none_or(|is| is == super::facts::NO_WORD || Some(is) == file.word(column, word))
    }

    fn dangles(
        &mut self,
        item: &str,
        deleted: bool,
        (findings, name, spot): (&mut Findings<'_>, &'static str, Spot<'_>),
    ) {
        let target = self.target.csv_name();
        match &self.missing {
            _ if deleted => self.unjudged += 1,
            Missing::Dangling => {
                let cause = format!("{} is not in {target}", ids::shown(item));
                findings.raise(&references::DANGLING_REFERENCE, name, self.column, spot, &cause);
            }
            Missing::NoFile => {
                let cause = format!("{target} is not in the package");
                findings.raise(&references::DANGLING_REFERENCE, name, self.column, spot, &cause);
            }
            Missing::Unjudged(_) => {
                self.unjudged += 1;
                if !ids::is_id(item) {
                    findings.raise(&ids::ID_CHARACTERS, name, self.column, spot, "");
                }
            }
        }
    }

    /// Settles what waited for the end of the file.
    pub fn finish(mut self, at: usize, out: &mut Scanned<'_>, name: &'static str) {
        if !matches!(out.facts.state, State::Complete) && self.own {
            self.missing = Missing::Unjudged(format!("{name} could not be read completely"));
        }
        let later = std::mem::take(&mut self.later);
        for Later { key, row, item, deleted, text, id } in later {
            let Some(found) = out.facts.ids.find(key) else {
                let line = out.facts.line(row);
                let spot = Spot { line, position: 0, id: &id };
                self.dangles(&text, deleted, (&mut out.findings, name, spot));
                continue;
            };
            use super::facts::Kept;
            match out.facts.kept.get_mut(at).and_then(Option::as_mut) {
                Some(Kept::Rows(rows)) => {
                    if let Some(slot) = rows.get_mut(row as usize) {
                        *slot = found;
                    }
                }
                Some(Kept::Lists(_, items)) => {
                    if let Some(slot) = items.get_mut(item as usize) {
                        *slot = found;
                    }
                }
                _ => {}
            }
        }
        if self.unjudged > 0 {
            let reason = match &self.missing {
                Missing::Unjudged(reason) => format!("{}: {reason}", self.column),
                _ => format!("{}: references of rows that are to be deleted", self.column),
            };
            for code in self.codes() {
                let (file, reason, count) = (name, reason.clone(), self.unjudged);
                out.skips.push(Skip { code, file, reason, count });
            }
        }
    }
}
