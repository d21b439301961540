//! The physical form of an ODS, per data standard: which tables, columns, types and keys it has.
//!
//! In: a [`Shape`]. Out: [`TableDef`]s, the generator's own headers and, for tests of the database source, the
//! raw material of a DDL. The facts stand in `tables.rs`; this file only says how to read them.

use super::tables::SPECS;

/// A data standard whose tables can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Shape {
    /// Data standard 4.0: parents, period sequences, race spellings of old.
    S40,
    /// Data standard 5.0: contacts, several subjects a course, begin dates in the key of teachers.
    S50,
    /// Data standard 5.1: two more races, three respelled.
    S51,
    /// Data standard 5.2: dual credit columns.
    #[default]
    S52,
    /// Data standard 6.1: demographics, directory and identification codes in tables of their own.
    S61,
}

impl Shape {
    /// Every shape, oldest first.
    pub const ALL: [Shape; 5] = [Shape::S40, Shape::S50, Shape::S51, Shape::S52, Shape::S61];

    /// The label that `--data-standard` takes.
    pub const fn label(self) -> &'static str {
        match self {
            Shape::S40 => "4.0",
            Shape::S50 => "5.0",
            Shape::S51 => "5.1",
            Shape::S52 => "5.2",
            Shape::S61 => "6.1",
        }
    }

    /// The shape of a label such as `5.2`.
    pub fn from_label(label: &str) -> Option<Shape> {
        Shape::ALL.into_iter().find(|shape| shape.label() == label)
    }
}

/// A column as one shape has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnDef {
    /// Lower-case name.
    pub name: &'static str,
    /// PostgreSQL type, as DDL spells it.
    pub pg_type: &'static str,
    /// Whether it may be null.
    pub nullable: bool,
}

/// A table of schema `edfi` as one shape has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDef {
    /// Lower-case name, truncated as PostgreSQL does.
    pub name: &'static str,
    /// Columns in the order of the extract's header.
    pub columns: Vec<ColumnDef>,
    /// Columns of the primary key.
    pub primary_key: Vec<&'static str>,
}

/// The tables that the generator writes in a shape.
pub fn tables(shape: Shape) -> Vec<TableDef> {
    SPECS.iter().filter_map(|spec| spec.in_shape(shape)).collect()
}

/// From which shape until before which other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    since: Shape,
    until: Option<Shape>,
}

impl Span {
    pub(super) const ALL: Span = Span { since: Shape::S40, until: None };

    pub(super) const fn from(self, since: Shape) -> Span {
        Span { since, until: self.until }
    }

    pub(super) const fn before(self, until: Shape) -> Span {
        Span { since: self.since, until: Some(until) }
    }

    fn holds(self, shape: Shape) -> bool {
        self.since <= shape && self.until.is_none_or(|until| shape < until)
    }
}

/// What a row owes a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Key,
    Must,
    May,
}

/// A column over all shapes. One whose nature changes has an entry for each.
#[derive(Debug)]
pub(super) struct ColumnSpec {
    pub name: &'static str,
    pub need: Need,
    pub kind: Type,
    pub span: Span,
}

/// A table over all shapes.
#[derive(Debug)]
pub(super) struct TableSpec {
    pub name: &'static str,
    pub span: Span,
    pub columns: &'static [ColumnSpec],
}

impl TableSpec {
    pub(super) fn in_shape(&self, shape: Shape) -> Option<TableDef> {
        let columns = || self.columns.iter().filter(|c| c.span.holds(shape));
        self.span.holds(shape).then(|| TableDef {
            name: self.name,
            columns: columns()
                .map(|c| ColumnDef {
                    name: c.name,
                    pg_type: c.kind.in_shape(shape),
                    nullable: c.need == Need::May,
                })
                .collect(),
            primary_key: columns().filter(|c| c.need == Need::Key).map(|c| c.name).collect(),
        })
    }
}

/// A column type, which one data standard may have widened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Type {
    first: &'static str,
    later: Option<(Shape, &'static str)>,
}

impl Type {
    const fn of(first: &'static str) -> Type {
        Type { first, later: None }
    }

    const fn then(self, since: Shape, later: &'static str) -> Type {
        Type { first: self.first, later: Some((since, later)) }
    }

    fn in_shape(self, shape: Shape) -> &'static str {
        self.later.filter(|(since, _)| shape >= *since).map_or(self.first, |(_, later)| later)
    }
}

/// Ids of education organizations.
pub(super) const ORG: Type = Type::of("integer").then(Shape::S50, "bigint");
/// Names and codes that data standard 6.1 widened.
pub(super) const NAME: Type = Type::of("varchar(60)").then(Shape::S61, "varchar(120)");
pub(super) const INT: Type = Type::of("integer");
pub(super) const SMALLINT: Type = Type::of("smallint");
pub(super) const BIGINT: Type = Type::of("bigint");
pub(super) const BOOL: Type = Type::of("boolean");
pub(super) const DATE: Type = Type::of("date");
pub(super) const TIME: Type = Type::of("time");
pub(super) const TIMESTAMP: Type = Type::of("timestamp");
pub(super) const UUID: Type = Type::of("uuid");
pub(super) const BYTEA: Type = Type::of("bytea");
pub(super) const MONEY: Type = Type::of("money");
pub(super) const N5_2: Type = Type::of("numeric(5,2)");
pub(super) const N5_4: Type = Type::of("numeric(5,4)");
pub(super) const N9_2: Type = Type::of("numeric(9,2)");
pub(super) const N9_3: Type = Type::of("numeric(9,3)");
pub(super) const V5: Type = Type::of("varchar(5)");
pub(super) const V10: Type = Type::of("varchar(10)");
pub(super) const V17: Type = Type::of("varchar(17)");
pub(super) const V20: Type = Type::of("varchar(20)");
pub(super) const V24: Type = Type::of("varchar(24)");
pub(super) const V30: Type = Type::of("varchar(30)");
pub(super) const V32: Type = Type::of("varchar(32)");
pub(super) const V50: Type = Type::of("varchar(50)");
pub(super) const V64: Type = Type::of("varchar(64)");
pub(super) const V60: Type = Type::of("varchar(60)");
pub(super) const V75: Type = Type::of("varchar(75)");
pub(super) const V100: Type = Type::of("varchar(100)");
pub(super) const V120: Type = Type::of("varchar(120)");
pub(super) const V128: Type = Type::of("varchar(128)");
pub(super) const V150: Type = Type::of("varchar(150)");
pub(super) const V200: Type = Type::of("varchar(200)");
pub(super) const V250: Type = Type::of("varchar(250)");
pub(super) const V255: Type = Type::of("varchar(255)");
pub(super) const V1024: Type = Type::of("varchar(1024)");
