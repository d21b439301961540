//! One table of the family as typed batches, without a detour over text.
//!
//! In: a request and the rows of its table, by column name. Out: a [`Batch`] of the wanted columns, filtered by
//! school year, with the very values that a reader of the extract would find. A value that has no such form is a
//! fault, which is kept until somebody asks.

use super::rows::Cell;
use super::schema::TableDef;
use crate::source::{Batch, Column, Kind, Request};

/// A column that is wanted.
struct Wanted {
    /// In the batch.
    column: usize,
    name: &'static str,
    kind: Kind,
    /// Where its value stood in the row before: callers give theirs in a fixed order.
    seen: usize,
}

/// The rows of one table that were asked for.
pub(super) struct Picked {
    /// Table id.
    pub table: usize,
    /// Rows so far; whoever takes them clears it.
    pub batch: Batch,
    /// Whether a descriptor id is among what is wanted.
    pub descriptors: bool,
    /// What a value was that is not of the wanted kind.
    pub fault: Option<String>,
    wanted: Vec<Wanted>,
    year: Option<(&'static str, i64)>,
}

impl Picked {
    /// Nothing yet of what a request asks of a table.
    ///
    /// # Errors
    /// The name of a column that the table does not have.
    pub(super) fn new(table: usize, def: &TableDef, request: &Request) -> Result<Picked, String> {
        let column = |name: &String| {
            def.columns.iter().find(|c| c.name == name).map(|c| c.name).ok_or_else(|| name.clone())
        };
        let mut wanted = Vec::new();
        let mut columns = Vec::new();
        for (position, asked) in request.columns.iter().enumerate() {
            match &asked.name {
                Some(name) => {
                    wanted.push(Wanted { column: position, name: column(name)?, kind: asked.kind, seen: 0 });
                    columns.push(Column::new(asked.kind));
                }
                None => columns.push(Column::Missing),
            }
        }
        let year = match &request.year {
            Some((name, year)) => Some((column(name)?, i64::from(*year))),
            None => None,
        };
        let descriptors = wanted.iter().any(|column| column.name.ends_with("descriptorid"));
        Ok(Picked { table, batch: Batch::new(columns), descriptors, fault: None, wanted, year })
    }

    /// Takes a row, unless it is of another year.
    pub(super) fn add(&mut self, values: &[(&'static str, Cell<'_>)]) {
        if let Some((name, year)) = self.year {
            match values.iter().find(|(n, _)| *n == name) {
                Some((_, Cell::Int(found))) if *found == year => {}
                Some((_, Cell::Int(_))) => return,
                _ => return self.fault(name, "a school year"),
            }
        }
        for n in 0..self.wanted.len() {
            let Wanted { column, name, kind, seen } = self.wanted[n];
            let at = match values.get(seen) {
                Some((found, _)) if *found == name => Some(seen),
                _ => values.iter().position(|(found, _)| *found == name),
            };
            let value = at.map_or(Cell::Null, |at| values[at].1);
            self.wanted[n].seen = at.unwrap_or(0);
            let target = &mut self.batch.columns[column];
            match (kind, value) {
                (_, Cell::Null) => target.push_absent(),
                (Kind::Int, Cell::Int(number)) => target.push_int(Some(number)),
                (Kind::Text, Cell::Text(text)) => target.push_text(text),
                // A sequence that one data standard has in place of a name.
                (Kind::Text, Cell::Int(number)) => target.push_text(&number.to_string()),
                (Kind::Date, Cell::Day(day)) => target.push_date(Some(day)),
                (Kind::Bool, Cell::Bool(flag)) => target.push_bool(Some(flag)),
                _ => {
                    target.push_absent();
                    self.fault(name, "of the kind that is asked for");
                }
            }
        }
        self.batch.end_row();
    }

    fn fault(&mut self, column: &str, expected: &str) {
        self.fault.get_or_insert_with(|| format!("column {column} is not {expected}"));
    }
}
