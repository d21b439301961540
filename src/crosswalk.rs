//! Crosswalks: what a descriptor value of Ed-Fi is called in OneRoster, read from seed CSV files.
//!
//! In: the default seeds of this binary and, if the user names one, a folder of seeds that replace them. Out:
//! [`Crosswalks`], each of which says for a namespace and a code value whether it is mapped, known but left
//! unmapped, or unknown. It does not decide what an unmapped value leads to; mapping.md fixes that per column.
//!
//! # Which file is used
//! A file found in the folder or its subfolders replaces the default of the same name. A file that is not there
//! keeps its default, so that an edu deployment's six files work as they are; the two optional crosswalks
//! ([`Crosswalks::subjects`], [`Crosswalks::relations`]) have no default and are off unless their file is there
//! and has a row. Entries whose name begins with a dot are not looked at.
//!
//! # Matching (mapping.md 0.7)
//! Surrounding space never counts. A row with the descriptor's namespace beats a row without one; among these, a
//! code value spelt exactly so beats one that differs in case. A namespace that ends in `/` stands for everything
//! below it; in the calendar seed such a namespace only prefers, as the edu package never compares it. Rows that
//! differ in case alone and disagree leave every third spelling [`Answer::Unknown`]: nothing is guessed. A row without an
//! answer whose column `undecided` is filled says nothing: its value is unknown, as one without a row is.

mod answers;
mod error;
pub mod filling;
mod given;
pub mod seed;
mod sheet;
mod suggestion;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

pub use self::answers::{Race, StaffRole, Subject};
pub use self::error::CrosswalkError;
use self::error::excerpt;
use self::given::Given;
use self::seed::{Cell, Seed};
use self::sheet::Sheet;

/// What a crosswalk says about a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a, T> {
    /// It is called so in OneRoster.
    Mapped(&'a T),
    /// The seed knows it and leaves it unmapped on purpose: no notice per row.
    Blank,
    /// The seed does not know it.
    Unknown,
}

impl<'a, T> Answer<'a, T> {
    /// The answer, where there is one.
    pub fn mapped(self) -> Option<&'a T> {
        if let Self::Mapped(answer) = self { Some(answer) } else { None }
    }
}

/// Where a crosswalk was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The default in this binary.
    Default,
    /// A file of the folder.
    File(PathBuf),
    /// Nowhere: optional, and not given or without a row.
    Off,
}

/// One row.
#[derive(Debug)]
struct Entry<T> {
    namespace: Option<String>,
    /// For comparing: trimmed and lower case.
    folded_namespace: Option<String>,
    key: String,
    answer: Option<T>,
}

/// A seed file, ready to answer.
#[derive(Debug)]
pub struct Crosswalk<T> {
    seed: &'static Seed,
    entries: Vec<Entry<T>>,
    /// Folded key to the rows that have it, in file order.
    by_key: FxHashMap<String, Vec<usize>>,
}

/// The seed files of a folder with their bytes, by file name, as [`Crosswalks::load`] finds them.
///
/// # Errors
/// [`CrosswalkError`]: the folder or a file cannot be read, or there is no seed.
pub fn files(dir: &Path) -> Result<BTreeMap<&'static str, (PathBuf, Vec<u8>)>, CrosswalkError> {
    Ok(Given::scan(dir)?.files())
}

fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

impl<T: PartialEq> Crosswalk<T> {
    /// What this crosswalk says about a code value of a namespace. It folds case, so ask once per descriptor and
    /// not once per row. A value that is no descriptor, such as a session name, has the namespace `""`.
    pub fn answer(&self, namespace: &str, code_value: &str) -> Answer<'_, T> {
        let Some(rows) = self.by_key.get(&fold(code_value)) else { return Answer::Unknown };
        let namespace = fold(namespace);
        let mut best: Option<((u8, bool), &Entry<T>)> = None;
        let mut disputed = false;
        for entry in rows.iter().filter_map(|row| self.entries.get(*row)) {
            let Some(nearness) = self.nearness(entry, &namespace) else { continue };
            let rank = (nearness, entry.key == code_value.trim());
            match best {
                Some((so_far, _)) if rank < so_far => {}
                Some((so_far, other)) if rank == so_far => disputed |= other.answer != entry.answer,
                _ => (best, disputed) = (Some((rank, entry)), false),
            }
        }
        match best {
            None => Answer::Unknown,
            Some(_) if disputed => Answer::Unknown,
            Some((_, entry)) => entry.answer.as_ref().map_or(Answer::Blank, Answer::Mapped),
        }
    }

    /// How closely the namespace of a row fits a folded namespace; `None` when the row does not speak for it.
    fn nearness(&self, entry: &Entry<T>, namespace: &str) -> Option<u8> {
        let Some(of_row) = &entry.folded_namespace else { return Some(1) };
        if of_row == namespace {
            return Some(3);
        }
        if !of_row.ends_with('/') {
            return None;
        }
        if namespace.starts_with(of_row.as_str()) { Some(2) } else { self.seed.owner_prefers.then_some(0) }
    }
}

impl<T> Crosswalk<T> {
    /// Name of the seed file, for messages.
    pub fn file(&self) -> &'static str {
        self.seed.file
    }

    /// Namespace if the row has one, Ed-Fi value and answer of every row, in file order; a row that repeats an
    /// earlier one is left out.
    pub fn entries(&self) -> impl Iterator<Item = (Option<&str>, &str, Option<&T>)> {
        self.entries.iter().map(|e| (e.namespace.as_deref(), e.key.as_str(), e.answer.as_ref()))
    }
}

/// An answer of two columns, as their positions: one is filled, the other blank.
struct Half {
    filled: usize,
    blank: usize,
}

/// Checks the answers of a sheet and indexes its rows.
fn build<T: PartialEq>(
    file: &str,
    seed: &'static Seed,
    sheet: Sheet,
    make: impl Fn(&[Cell<'_>]) -> Result<Option<T>, Half>,
) -> Result<Crosswalk<T>, CrosswalkError> {
    let mut crosswalk = Crosswalk { seed, entries: Vec::new(), by_key: FxHashMap::default() };
    // Line and answer of each entry as written, for messages.
    let mut written: Vec<(usize, String)> = Vec::new();
    for row in sheet.rows.into_iter().filter(|row| !row.undecided) {
        let line = row.line;
        let mut cells = Vec::with_capacity(row.answers.len());
        for (column, text) in seed.answers.iter().zip(&row.answers) {
            cells.push(column.accepts.cell(text).ok_or_else(|| CrosswalkError::UnknownWord {
                file: file.to_owned(),
                line,
                column: column.name,
                value: excerpt(text),
                accepted: column.accepts.listed(),
            })?);
        }
        let name = |at: usize| seed.answers.get(at).map_or("", |column| column.name);
        let answer = make(&cells).map_err(|half| CrosswalkError::HalfAnswer {
            file: file.to_owned(),
            line,
            key: excerpt(&row.key),
            filled: name(half.filled),
            value: row.answers.get(half.filled).map(|text| excerpt(text)).unwrap_or_default(),
            blank: name(half.blank),
        })?;
        let folded_namespace = row.namespace.as_deref().map(fold);
        let same_key = crosswalk.by_key.entry(fold(&row.key)).or_default();
        let earlier = same_key.iter().copied().find(|at| {
            crosswalk
                .entries
                .get(*at)
                .is_some_and(|e: &Entry<T>| e.key == row.key && e.folded_namespace == folded_namespace)
        });
        let text = row.answers.join(",");
        match earlier.and_then(|at| crosswalk.entries.get(at).zip(written.get(at))) {
            None => {
                same_key.push(crosswalk.entries.len());
                crosswalk.entries.push(Entry {
                    namespace: row.namespace,
                    folded_namespace,
                    key: row.key,
                    answer,
                });
                written.push((line, text));
            }
            Some((entry, _)) if entry.answer == answer => {}
            Some((_, (first_line, first))) => {
                return Err(CrosswalkError::TwoAnswers {
                    file: file.to_owned(),
                    line,
                    key: excerpt(&row.key),
                    answer: excerpt(&text),
                    first_line: *first_line,
                    first: excerpt(first),
                });
            }
        }
    }
    Ok(crosswalk)
}

/// Every crosswalk of a run.
#[derive(Debug)]
pub struct Crosswalks {
    /// Term descriptor (or session name) to session type.
    pub terms: Crosswalk<&'static str>,
    /// Whether [`Crosswalks::terms`] is asked for the session name first and then for the term: its header says
    /// `session_name` (mapping.md 3).
    pub terms_by_session_name: bool,
    /// Classroom position to whether it makes a primary teacher.
    pub positions: Crosswalk<bool>,
    /// Grade level to grade code.
    pub grades: Crosswalk<&'static str>,
    /// Staff classification to roles.
    pub classifications: Crosswalk<StaffRole>,
    /// Race to the flag of demographics.csv.
    pub races: Crosswalk<Race>,
    /// Sex to its word.
    pub sexes: Crosswalk<&'static str>,
    /// Calendar event to whether it makes a school day.
    pub calendar_events: Crosswalk<bool>,
    /// Academic subject to subject title and code, if given.
    pub subjects: Option<Crosswalk<Subject>>,
    /// Relation of a contact to its role, if given.
    pub relations: Option<Crosswalk<&'static str>>,
    /// Where each seed file was read from, in the order of [`seed::SEEDS`].
    pub origins: Vec<(&'static str, Origin)>,
    /// SHA-256 of all seeds as they were read, in hexadecimal: two runs with one sum map alike.
    pub sha256: String,
    /// Files of the folder that look like OneRoster seeds and are not: misspelt names, or seeds that edu has retired.
    pub ignored: Vec<PathBuf>,
}

impl Crosswalks {
    /// The defaults of this binary.
    ///
    /// # Errors
    /// None as long as the shipped seeds are sound, which a test sees to.
    pub fn embedded() -> Result<Self, CrosswalkError> {
        Self::read(Given::default())
    }

    /// The defaults, replaced by the seeds that a folder has.
    ///
    /// # Errors
    /// [`CrosswalkError`]: the folder or a file cannot be read, or a file is not a sound seed.
    pub fn load(dir: Option<&Path>) -> Result<Self, CrosswalkError> {
        dir.map_or_else(Self::embedded, |dir| Self::read(Given::scan(dir)?))
    }

    /// The defaults, replaced by seeds in memory, each a file name and its bytes. Of two with one name the later
    /// counts; a name that is no seed's is listed in [`Crosswalks::ignored`].
    ///
    /// # Errors
    /// [`CrosswalkError`] when one is not a sound seed.
    pub fn replacing(files: &[(&str, &[u8])]) -> Result<Self, CrosswalkError> {
        Self::read(Given::in_memory(files))
    }

    /// Whether a crosswalk knows a value, mapped or left unmapped on purpose. An optional one that is off knows none.
    pub fn knows(&self, seed: &Seed, namespace: &str, code_value: &str) -> bool {
        fn known<T: PartialEq>(crosswalk: &Crosswalk<T>, namespace: &str, value: &str) -> bool {
            crosswalk.answer(namespace, value) != Answer::Unknown
        }
        match seed.file {
            file if file == seed::TERMS.file => known(&self.terms, namespace, code_value),
            file if file == seed::POSITIONS.file => known(&self.positions, namespace, code_value),
            file if file == seed::GRADE_LEVELS.file => known(&self.grades, namespace, code_value),
            file if file == seed::CLASSIFICATIONS.file => known(&self.classifications, namespace, code_value),
            file if file == seed::RACES.file => known(&self.races, namespace, code_value),
            file if file == seed::SEXES.file => known(&self.sexes, namespace, code_value),
            file if file == seed::CALENDAR_EVENTS.file => known(&self.calendar_events, namespace, code_value),
            file if file == seed::SUBJECTS.file => {
                self.subjects.as_ref().is_some_and(|walk| known(walk, namespace, code_value))
            }
            _ => self.relations.as_ref().is_some_and(|walk| known(walk, namespace, code_value)),
        }
    }

    fn read(given: Given) -> Result<Self, CrosswalkError> {
        let mut reading = Reading { given, origins: Vec::new(), sum: Sha256::new() };
        // The order of the calls is the order of `seed::SEEDS`.
        let (terms, key) = reading.always(&seed::TERMS, |c| Ok(cell(c, 0).word()))?;
        let terms_by_session_name = key == seed::SESSION_NAME;
        let (positions, _) = reading.always(&seed::POSITIONS, |c| Ok(cell(c, 0).flag()))?;
        let (grades, _) = reading.always(&seed::GRADE_LEVELS, |c| Ok(cell(c, 0).word()))?;
        let (classifications, _) = reading.always(&seed::CLASSIFICATIONS, staff_role)?;
        let (races, _) = reading.always(&seed::RACES, |c| Ok(cell(c, 0).word().and_then(Race::of_column)))?;
        let (sexes, _) = reading.always(&seed::SEXES, |c| Ok(cell(c, 0).word()))?;
        let (calendar_events, _) = reading.always(&seed::CALENDAR_EVENTS, |c| Ok(cell(c, 0).flag()))?;
        let subjects = reading.if_given(&seed::SUBJECTS, subject)?;
        let relations = reading.if_given(&seed::RELATIONS, |c| Ok(cell(c, 0).word()))?;
        Ok(Self {
            terms,
            terms_by_session_name,
            positions,
            grades,
            classifications,
            races,
            sexes,
            calendar_events,
            subjects,
            relations,
            origins: reading.origins,
            sha256: reading.sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
            ignored: reading.given.ignored,
        })
    }
}

/// Seeds on their way to crosswalks.
struct Reading {
    given: Given,
    origins: Vec<(&'static str, Origin)>,
    sum: Sha256,
}

impl Reading {
    /// Reads the seed that was given, else its default. Also says which key column it has.
    fn always<T: PartialEq>(
        &mut self,
        seed: &'static Seed,
        make: impl Fn(&[Cell<'_>]) -> Result<Option<T>, Half>,
    ) -> Result<(Crosswalk<T>, &'static str), CrosswalkError> {
        let shipped = format!("seeds/{} (shipped)", seed.file);
        let (file, bytes, origin) = match self.given.get(seed) {
            Some((path, bytes)) => (path.display().to_string(), bytes, Origin::File(path.to_owned())),
            None => (shipped, seed.default.unwrap_or_default().as_bytes(), Origin::Default),
        };
        let sheet = sheet::read(&file, bytes, seed)?;
        let key = sheet.key;
        let crosswalk = build(&file, seed, sheet, make)?;
        self.origins.push((seed.file, origin));
        // The length keeps two files from passing as one.
        self.sum.update(seed.file);
        self.sum.update((bytes.len() as u64).to_le_bytes());
        self.sum.update(bytes);
        Ok((crosswalk, key))
    }

    /// Reads an optional seed if it was given. Without a row it counts as not given: a blank template in the
    /// folder must not change the package.
    fn if_given<T: PartialEq>(
        &mut self,
        seed: &'static Seed,
        make: impl Fn(&[Cell<'_>]) -> Result<Option<T>, Half>,
    ) -> Result<Option<Crosswalk<T>>, CrosswalkError> {
        if self.given.get(seed).is_some() {
            let (crosswalk, _) = self.always(seed, make)?;
            if !crosswalk.entries.is_empty() {
                return Ok(Some(crosswalk));
            }
            self.origins.pop();
        }
        self.origins.push((seed.file, Origin::Off));
        Ok(None)
    }
}

fn cell<'a>(cells: &[Cell<'a>], at: usize) -> Cell<'a> {
    cells.get(at).copied().unwrap_or(Cell::Blank)
}

fn staff_role(cells: &[Cell<'_>]) -> Result<Option<StaffRole>, Half> {
    match (cell(cells, 0).word(), cell(cells, 1).word()) {
        (Some(role), role_v1p2) => Ok(Some(StaffRole { role, role_v1p2 })),
        (None, None) => Ok(None),
        // Nobody would be exported for it, which is hardly what the person meant who filled the other column.
        (None, Some(_)) => Err(Half { filled: 1, blank: 0 }),
    }
}

fn subject(cells: &[Cell<'_>]) -> Result<Option<Subject>, Half> {
    match (cell(cells, 0).text(), cell(cells, 1).text()) {
        (Some(title), Some(code)) => Ok(Some(Subject { title: title.to_owned(), code: code.to_owned() })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(Half { filled: 0, blank: 1 }),
        (None, Some(_)) => Err(Half { filled: 1, blank: 0 }),
    }
}

#[cfg(test)]
mod tests;
