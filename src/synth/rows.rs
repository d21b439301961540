//! Rows of the family, either all tables in the form of `COPY ... TO ... CSV HEADER`, or one table as a batch.
//!
//! In: a table and its values by column name. Out: bytes per table, in the column order of the shape, or the
//! columns of one table that were asked for. A value for a column that this shape lacks is left out, which is how
//! one generator serves every data standard; a column that nobody fills is null. Nothing is checked against keys
//! here: the tests do that.

use super::descriptors::Codes;
use super::picked::Picked;
use super::schema::{Shape, TableDef};
use super::tables::{SPECS, TableId};
use crate::day::Day;

/// A value of a column.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cell<'a> {
    Null,
    Text(&'a str),
    Int(i64),
    Day(Day),
    Bool(bool),
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Cell<'a> {
        Cell::Text(text)
    }
}

impl<'a> From<&'a String> for Cell<'a> {
    fn from(text: &'a String) -> Cell<'a> {
        Cell::Text(text)
    }
}

impl From<i64> for Cell<'_> {
    fn from(number: i64) -> Self {
        Cell::Int(number)
    }
}

impl From<Day> for Cell<'_> {
    fn from(day: Day) -> Self {
        Cell::Day(day)
    }
}

impl From<bool> for Cell<'_> {
    fn from(flag: bool) -> Self {
        Cell::Bool(flag)
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Cell<'a> {
        value.map_or(Cell::Null, Into::into)
    }
}

/// The tables of one shape by [`TableId`], and the descriptor ids that go with them.
pub(super) struct Layout {
    /// The shape.
    pub shape: Shape,
    /// By table id; `None` for tables that this shape lacks.
    pub tables: Vec<Option<TableDef>>,
    /// Descriptor ids.
    pub codes: Codes,
}

impl Layout {
    /// The layout of a shape.
    pub(super) fn new(shape: Shape) -> Layout {
        Layout {
            shape,
            tables: SPECS.iter().map(|spec| spec.in_shape(shape)).collect(),
            codes: Codes::new(shape),
        }
    }
}

/// When a school's tables are written: a stage may draw on the chances of those before it, never of those behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Organizations, sessions, calendars, courses.
    Organizations,
    /// Sections and what hangs on them.
    Classes,
    Staff,
    Students,
}

impl Stage {
    /// The stage that writes a table.
    pub(super) fn of(table: &str) -> Stage {
        let begins = |with: &[&str]| with.iter().any(|word| table.starts_with(word));
        if begins(&["student", "generalstudent", "contact", "parent"]) || table == "grade" {
            Stage::Students
        } else if begins(&["staff"]) {
            Stage::Staff
        } else if begins(&["section", "courseoffering", "classperiod", "location", "gradebookentry"]) {
            Stage::Classes
        } else {
            Stage::Organizations
        }
    }
}

/// Where rows go.
pub(super) enum Form {
    /// Every table, as an extract holds it.
    Extracts {
        /// Bytes per table id.
        bytes: Vec<Vec<u8>>,
        /// Rows per table id.
        counts: Vec<u64>,
    },
    /// One table.
    Picked(Box<Picked>),
}

/// Rows for one part of the family.
pub(super) struct Rows<'a> {
    layout: &'a Layout,
    /// Where they go.
    pub form: Form,
}

impl<'a> Rows<'a> {
    /// No rows yet, of all tables.
    pub(super) fn new(layout: &'a Layout) -> Rows<'a> {
        let form = Form::Extracts { bytes: vec![Vec::new(); SPECS.len()], counts: vec![0; SPECS.len()] };
        Rows { layout, form }
    }

    /// No rows yet, of one table.
    pub(super) fn picked(layout: &'a Layout, picked: Picked) -> Rows<'a> {
        Rows { layout, form: Form::Picked(Box::new(picked)) }
    }

    /// Bytes and rows of a table; nothing when only one is picked.
    pub(super) fn extract(&self, table: usize) -> (&[u8], u64) {
        match &self.form {
            Form::Extracts { bytes, counts } => (&bytes[table], counts[table]),
            Form::Picked(_) => (&[], 0),
        }
    }

    /// The shape that is written.
    pub(super) fn shape(&self) -> Shape {
        self.layout.shape
    }

    /// Whether any of these tables is wanted; a star stands for any ending of a name. What is not wanted need not
    /// be put into words, but the chances must be drawn all the same.
    pub(super) fn wants(&self, tables: &[&str]) -> bool {
        let Form::Picked(picked) = &self.form else { return true };
        let name = SPECS[picked.table].name;
        tables
            .iter()
            .any(|table| table.strip_suffix('*').map_or(name == *table, |start| name.starts_with(start)))
    }

    /// Whether the tables of a stage, or of one behind it, are wanted.
    pub(super) fn goes_on_to(&self, stage: Stage) -> bool {
        match &self.form {
            Form::Extracts { .. } => true,
            Form::Picked(picked) => Stage::of(SPECS[picked.table].name) >= stage,
        }
    }

    /// The descriptor id of a default code value.
    pub(super) fn code(&self, kind: &'static str, value: &'static str) -> Cell<'static> {
        if matches!(&self.form, Form::Picked(picked) if !picked.descriptors) {
            return Cell::Null;
        }
        let id = self.layout.codes.id(kind, value);
        debug_assert!(id.is_some(), "no descriptor {kind} {value}");
        id.into()
    }

    /// Appends a row.
    pub(super) fn add(&mut self, table: TableId, values: &[(&'static str, Cell<'_>)]) {
        let index = table as usize;
        let Some(def) = &self.layout.tables[index] else {
            debug_assert!(false, "{table:?} is no table of data standard {}", self.layout.shape.label());
            return;
        };
        debug_assert!(
            values.iter().all(|(name, _)| SPECS[index].columns.iter().any(|c| c.name == *name)),
            "{table:?} lacks one of {values:?}"
        );
        let (out, count) = match &mut self.form {
            Form::Extracts { bytes, counts } => (&mut bytes[index], &mut counts[index]),
            Form::Picked(picked) => {
                if picked.table == index {
                    picked.add(values);
                }
                return;
            }
        };
        for (position, column) in def.columns.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            let value = values.iter().find(|(name, _)| *name == column.name).map(|(_, value)| *value);
            debug_assert!(
                column.nullable || !matches!(value, None | Some(Cell::Null)),
                "{table:?}.{} is null",
                column.name
            );
            match value.unwrap_or(Cell::Null) {
                Cell::Null => {}
                Cell::Text(text) => push_text(out, text),
                Cell::Int(number) => push_int(out, number),
                Cell::Day(day) => out.extend_from_slice(&day.iso()),
                Cell::Bool(flag) => out.push(if flag { b't' } else { b'f' }),
            }
        }
        out.push(b'\n');
        *count += 1;
    }
}

/// The header line of a table.
pub(super) fn header(def: &TableDef) -> String {
    let mut line = def.columns.iter().map(|c| c.name).collect::<Vec<_>>().join(",");
    line.push('\n');
    line
}

/// Text as PostgreSQL quotes it: an empty text is `""`, since an empty field is null.
fn push_text(out: &mut Vec<u8>, text: &str) {
    let bare = !text.is_empty() && !text.bytes().any(|b| matches!(b, b',' | b'"' | b'\n' | b'\r'));
    if bare {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

fn push_int(out: &mut Vec<u8>, number: i64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted_as_postgresql_does() {
        let quoted = |text: &str| {
            let mut out = Vec::new();
            push_text(&mut out, text);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(quoted("O'Brien"), "O'Brien");
        assert_eq!(quoted(""), "\"\"");
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("say \"hi\"\n"), "\"say \"\"hi\"\"\n\"");
    }

    #[test]
    fn numbers_are_decimal() {
        let mut out = Vec::new();
        for n in [0, 7, -31, 1_900_000_000, i64::MIN] {
            push_int(&mut out, n);
            out.push(b' ');
        }
        assert_eq!(out, b"0 7 -31 1900000000 -9223372036854775808 ");
    }
}
