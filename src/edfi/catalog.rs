//! What a source has, and what is asked of it: tables, columns and their types.
//!
//! In: nothing. Out: the [`Catalog`] that a source makes of itself, and the [`Request`] that reads a table. They
//! stand here, and not with the sources, because the contract is resolved against them and knows no source.

use std::collections::BTreeMap;

/// Type of a column in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 64-bit integer: USIs, descriptor ids, organization ids, years.
    Int,
    /// UTF-8 text as stored, untrimmed.
    Text,
    /// A calendar day.
    Date,
    /// true, false or absent.
    Bool,
}

/// A table as the source has it.
#[derive(Debug, Clone, Default)]
pub struct CatalogTable {
    /// Name as the source spells it, for messages and for reading (`edfi.student`, `StaffRace.csv.gz`).
    pub origin: String,
    /// Column names in lower case, in physical order.
    pub columns: Vec<String>,
    /// The server's estimate, or a guess from the file size; only ever used for progress and planning.
    pub rows_estimate: Option<u64>,
}

/// What a source holds: tables of schema `edfi` by lower-case name, without the schema.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Lower-case table name to table.
    pub tables: BTreeMap<String, CatalogTable>,
    /// Where this is, for messages: a folder, or host and database without any secret.
    pub place: String,
    /// Data standard that the source states of itself (`util.getedfistandardversion()`), if it does.
    pub stated_standard: Option<String>,
}

impl Catalog {
    /// What there is to expect of a table: its name, and the estimate of its rows.
    pub fn expectation<'a>(&self, table: &'a str) -> (&'a str, Option<u64>) {
        (table, self.tables.get(table).and_then(|table| table.rows_estimate))
    }
}

/// A column to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnRequest {
    /// Lower-case physical name; `None` when the source lacks this optional column (it reads as all blank).
    pub name: Option<String>,
    /// Type to decode to.
    pub kind: Kind,
}

/// A read of some columns of one table.
#[derive(Debug, Clone)]
pub struct Request {
    /// Lower-case physical table name, a key of [`Catalog::tables`].
    pub table: String,
    /// Columns in the order in which the batch shall hold them.
    pub columns: Vec<ColumnRequest>,
    /// Keep only rows whose never-null column of this name equals this school year.
    pub year: Option<(String, i16)>,
}
