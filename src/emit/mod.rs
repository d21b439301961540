//! Emission: a closed roster becomes the tables of one OneRoster version.
//!
//! In: the plan, an edition, staged tables, the [`Roster`] and the version's [`Gradebook`]. Out: [`Table`]s in published order whose headers, order and
//! types are the spec's: for every column of the spec a cell function is looked up by name, so that nothing
//! here knows a header. Rows are formatted block by block, in parallel, when the package is written.

mod categories;
mod classes;
mod courses;
mod demographics;
mod enrollments;
mod line_items;
mod orgs;
mod results;
mod roles;
mod sessions;
mod users;

use std::ops::Range;

use crate::config::plan::{Edition, Plan};
use crate::day::Day;
use crate::notice::{Authority, Code, Notices, Severity};
use crate::package::{CsvBlock, Table};
use crate::roster::Roster;
use crate::roster::context::natural_keys;
use crate::roster::enrollments::written_end;
use crate::roster::gradebook::Gradebook;
use crate::roster::user_rows::{NumberedRows, UserRow};
use crate::roster::users::{UserCells, Users};
use crate::sourced_id::{NaturalKeys, SourcedId};
use crate::spec::{File, FileSpec, Version, v1p2};
use crate::staging::Staged;
use crate::staging::decimal::Decimal;

/// A word that this version does not have.
pub static WORD_NOT_IN_VERSION: Code = Code {
    code: "word-not-in-version",
    severity: Severity::Info,
    authority: Authority::Specification,
    file: "demographics",
    summary: "A crosswalk answers with a word that this OneRoster version does not have: the cell is blank.",
    remedy: "Nothing; OneRoster 1.2 has the word.",
};

/// A column refers to a file that the plan leaves out.
pub static REFERENCE_FILE_ABSENT: Code = Code {
    code: "reference-file-absent",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "",
    summary: "An optional column refers to a file that is not among the chosen ones: its cells are blank.",
    remedy: "Nothing, or choose the file too.",
};

/// Codes that emission raises.
pub static CODES: &[&Code] = &[&WORD_NOT_IN_VERSION, &REFERENCE_FILE_ABSENT];

/// The column that says what was hashed.
const NATURAL_KEY: &str = "metadata.edu.natural_key";

/// A defect of this program: the spec has a column that no cell function fills.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "rosterpack has no rule for column {column} of {file} in OneRoster {version}: this is a defect, please report it"
)]
pub struct NoRule {
    /// File.
    pub file: File,
    /// Column.
    pub column: &'static str,
    /// Version.
    pub version: Version,
}

/// Writes one cell of a row.
type Cell<R> = fn(&R, &mut CsvBlock);

/// What cells are made from.
#[derive(Debug)]
pub struct Emitter<'a> {
    plan: &'a Plan,
    edition: Edition,
    staged: &'a Staged,
    roster: &'a Roster,
    gradebook: &'a Gradebook,
    keys: NaturalKeys,
    cells: UserCells<'a>,
}

impl<'a> Emitter<'a> {
    /// An emitter of one edition for a closed roster and the gradebook of the edition's version.
    pub fn new(
        plan: &'a Plan,
        edition: Edition,
        staged: &'a Staged,
        roster: &'a Roster,
        gradebook: &'a Gradebook,
    ) -> Emitter<'a> {
        Emitter {
            plan,
            edition,
            staged,
            roster,
            gradebook,
            keys: natural_keys(plan, staged),
            cells: UserCells::new(staged, &plan.mapping, &roster.orgs),
        }
    }

    /// The tables of the edition and the plan's files, in published order.
    ///
    /// # Errors
    /// [`NoRule`], a defect of this program.
    pub fn tables(&self, notices: &mut Notices) -> Result<Vec<Table<'_>>, NoRule> {
        let gradebook = self.plan.mapping.writes_gradebook();
        let mut tables = Vec::new();
        for spec in self.edition.version.files() {
            let spec = match (spec.file, self.edition.users_of_v1p2p0) {
                (File::Users, true) => &v1p2::USERS_V1P2P0,
                _ => spec,
            };
            if !self.plan.scope.writes(spec.file) {
                continue;
            }
            for column in spec.columns {
                if let Some(target) = column.target().filter(|&target| !self.plan.scope.writes(target)) {
                    notices.add(
                        &REFERENCE_FILE_ABSENT,
                        &format!("{}.{} -> {target}", spec.file, column.name),
                        "",
                    );
                }
            }
            let header_only = self.plan.scope.header_only.contains(&spec.file);
            let table = match spec.file {
                File::Orgs => orgs::table(self, spec)?,
                File::AcademicSessions => sessions::table(self, spec)?,
                File::Courses => courses::table(self, spec)?,
                File::Classes => classes::table(self, spec)?,
                File::Users => users::table(self, spec)?,
                File::Roles => roles::table(self, spec)?,
                File::Enrollments => enrollments::table(self, spec)?,
                File::Demographics => match demographics::table(self, spec, notices)? {
                    Some(table) => table,
                    None if header_only => without_rows(spec),
                    None => continue,
                },
                File::Categories if gradebook => categories::table(self, spec)?,
                File::LineItems if gradebook => line_items::table(self, spec)?,
                File::Results if gradebook => results::table(self, spec)?,
                // Turned off, or without a source in Ed-Fi (resources, profiles, score scales): absent in the manifest.
                _ if header_only => without_rows(spec),
                _ => continue,
            };
            tables.push(Table { header_only, ..table });
        }
        Ok(tables)
    }

    /// A grade code as the plan writes it.
    fn grade<'g>(&'g self, code: &'g str) -> &'g str {
        self.plan.mapping.grade_codes.get(code).map_or(code, String::as_str)
    }

    /// Grades of a course or class as the plan writes them, each once.
    fn grades(&self, codes: &[&'static str], out: &mut CsvBlock) {
        if self.plan.mapping.grade_codes.is_empty() {
            return out.list(codes.iter().copied());
        }
        let mut written: Vec<&str> = Vec::with_capacity(codes.len());
        for code in codes.iter().map(|code| self.grade(code)) {
            if !written.contains(&code) {
                written.push(code);
            }
        }
        out.list(written.into_iter());
    }

    fn natural_key(&self) -> bool {
        self.plan.mapping.writes_natural_key()
    }

    /// The end date as written.
    fn end(&self, end: Day) -> Option<Day> {
        written_end(Some(end), self.plan.mapping.end_dates)
    }

    fn org_id(&self, row: u32) -> [u8; 16] {
        self.roster.orgs.rows[row as usize].sourced_id.0
    }

    /// The text of a natural key for its extension column; blank when the plan does not want it.
    fn key(&self, write: impl FnOnce(&NaturalKeys, &mut String)) -> String {
        let mut key = String::new();
        if self.natural_key() {
            write(&self.keys, &mut key);
        }
        key
    }

    /// The columns of a file in the spec's order, each with its cell function.
    fn columns<R>(
        &self,
        spec: &'static FileSpec,
        cell: impl Fn(&str) -> Option<Cell<R>>,
    ) -> Result<Columns<R>, NoRule> {
        let cells = spec
            .columns
            .iter()
            .map(|column| match column.name {
                // Bulk leaves both blank (mapping.md 0.4).
                "status" | "dateLastModified" => Ok((|_, out| out.blank()) as Cell<R>),
                // An optional reference to a file that is not written would dangle.
                _ if column.target().is_some_and(|target| !self.plan.scope.writes(target)) => {
                    Ok((|_, out| out.blank()) as Cell<R>)
                }
                name => cell(name).ok_or(NoRule {
                    file: spec.file,
                    column: column.name,
                    version: self.edition.version,
                }),
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Columns { cells, extensions: Vec::new(), orgs: None })
    }
}

/// Cell functions of a table, and the headers of its extension columns: a header never comes without its cell.
struct Columns<R> {
    cells: Vec<Cell<R>>,
    extensions: Vec<String>,
    /// Tells the block to which organizations a row belongs, by their rows in the roster.
    orgs: Option<Cell<R>>,
}

impl<R> Columns<R> {
    /// Appends an extension column if it is wanted.
    fn and(self, wanted: bool, header: &str, cell: Cell<R>) -> Columns<R> {
        if wanted { self.and_all([header.to_owned()], cell) } else { self }
    }

    /// Appends extension columns whose cells are all written by one function.
    fn and_all(mut self, headers: impl IntoIterator<Item = String>, cells: Cell<R>) -> Columns<R> {
        self.extensions.extend(headers);
        self.cells.push(cells);
        self
    }

    /// Says how a row tells the organizations that it belongs to; the report counts by them.
    fn at(self, orgs: Cell<R>) -> Columns<R> {
        Columns { orgs: Some(orgs), ..self }
    }

    /// Writes one row.
    fn write(&self, row: &R, out: &mut CsvBlock) {
        if let Some(orgs) = self.orgs {
            orgs(row, out);
        }
        for cell in &self.cells {
            cell(row, out);
        }
        out.end_row();
    }

    /// The headers, for the table; the cell functions stay.
    fn headers(&mut self) -> Vec<String> {
        std::mem::take(&mut self.extensions)
    }
}

/// A table that has no row to give, for readers that want its header all the same.
fn without_rows(spec: &'static FileSpec) -> Table<'static> {
    Table::new(spec, 0, |_, _| {})
}

/// A table whose units are rows, each made by `row` and written by its columns.
fn rows<'a, R: 'a>(
    spec: &'static FileSpec,
    units: usize,
    columns: Columns<R>,
    row: impl Fn(usize) -> R + Sync + 'a,
) -> Table<'a> {
    rows_in(spec, units, columns, move |range, write| range.for_each(|unit| write(&row(unit))))
}

/// A table with one row for each of the leading rows of users.csv.
fn rows_of_users<'a, R: 'a>(
    spec: &'static FileSpec,
    users: &'a Users,
    leading: impl Iterator<Item = UserRow>,
    columns: Columns<R>,
    row: impl Fn(UserRow) -> R + Sync + 'a,
) -> Table<'a> {
    let numbered = NumberedRows::new(leading);
    rows_in(spec, numbered.len(), columns, move |range, write| {
        numbered.range(users, range).for_each(|user| write(&row(user)));
    })
}

/// A table whose rows are made range by range.
fn rows_in<'a, R: 'a>(
    spec: &'static FileSpec,
    units: usize,
    mut columns: Columns<R>,
    rows: impl Fn(Range<usize>, &mut dyn FnMut(&R)) + Sync + 'a,
) -> Table<'a> {
    let extensions = columns.headers();
    let table = Table::new(spec, units, move |range: Range<usize>, out: &mut CsvBlock| {
        rows(range, &mut |row| columns.write(row, out));
    });
    Table { extensions, ..table }
}

/// An optional reference.
fn reference(out: &mut CsvBlock, id: Option<SourcedId>) {
    match id {
        Some(id) => out.id(&id.0),
        None => out.blank(),
    }
}

/// A date or nothing.
fn date(out: &mut CsvBlock, day: Option<Day>) {
    match day {
        Some(day) => out.date(day),
        None => out.blank(),
    }
}

/// A decimal number or nothing.
fn decimal(out: &mut CsvBlock, number: Option<Decimal>) {
    match number {
        Some(number) => out.known(&number.to_string()),
        None => out.blank(),
    }
}

/// True, false or nothing.
fn flag(out: &mut CsvBlock, value: Option<bool>) {
    match value {
        Some(value) => out.flag(value),
        None => out.blank(),
    }
}

/// A word of a vocabulary or nothing: never needs quotes.
fn word(out: &mut CsvBlock, word: Option<&str>) {
    match word {
        Some(word) if !word.is_empty() => out.known(word),
        _ => out.blank(),
    }
}

/// A text or nothing.
fn text(out: &mut CsvBlock, text: &str) {
    if text.is_empty() { out.blank() } else { out.text(text) }
}

/// Ranges of classes that hold about `rows` rows each: block boundaries come from the rows alone.
fn rows_of_classes(classes: usize, rows: usize, rows_of: impl Fn(usize) -> usize) -> Vec<Range<usize>> {
    let mut blocks = Vec::new();
    let (mut start, mut held) = (0, 0);
    for class in 0..classes {
        held += rows_of(class);
        if held >= rows {
            blocks.push(start..class + 1);
            (start, held) = (class + 1, 0);
        }
    }
    if start < classes {
        blocks.push(start..classes);
    }
    blocks
}
