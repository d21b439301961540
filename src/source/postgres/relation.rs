//! What the server says about the tables of schema `edfi`, and what may be read of them as what.
//!
//! In: rows of the catalog query. Out: [`Relations`] by lower-case name with the server's own spelling, types,
//! size and our privileges, and from them the public [`Catalog`](crate::source::Catalog) tables. Whether a
//! type can stand for a [`Kind`] is decided here, before a row is read: a cast that could lose something
//! (a fraction, a time of day) is refused, not tried.

use std::collections::BTreeMap;

use super::decode::Wire;
use super::session::TextRow;
use crate::source::{CatalogTable, Kind};

/// A column as the server has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RelationColumn {
    /// The server's spelling, for quoting.
    pub(super) name: String,
    /// `format_type`, with domains resolved: `character varying(60)`.
    pub(super) type_name: String,
    /// Whether our role may select it.
    pub(super) readable: bool,
}

/// A table or view as the server has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Relation {
    /// The server's spelling, for quoting.
    pub(super) name: String,
    /// `pg_class.relkind`.
    pub(super) kind: char,
    /// Pages of the heap; 0 for what has none.
    pub(super) pages: u64,
    /// Estimated rows; what a view has is not known.
    pub(super) rows_estimate: Option<u64>,
    /// Whether our role may also change it.
    pub(super) writable: bool,
    /// Columns in physical order.
    pub(super) columns: Vec<RelationColumn>,
}

/// Lists every table and view of schema edfi; all columns are text. `pg_catalog` is asked rather than
/// `information_schema`, which hides what our role may not read. Rows are estimated as the server's planner does it: so many
/// a page when it last counted, times the pages of now. Small tables are never counted; 128 bytes a row is near enough.
pub(super) const RELATIONS: &str = "
SELECT c.relname::text, c.relkind::text,
       CASE WHEN c.relkind IN ('r', 'm')
            THEN (pg_relation_size(c.oid) / current_setting('block_size')::bigint)::text ELSE '0' END,
       CASE WHEN c.reltuples >= 0 AND c.relpages > 0
            THEN CASE WHEN c.relkind IN ('r', 'm')
                      THEN (c.reltuples::numeric / c.relpages
                            * (pg_relation_size(c.oid) / current_setting('block_size')::bigint))::bigint::text
                      WHEN c.relkind = 'p' THEN c.reltuples::numeric::bigint::text END
            WHEN c.relkind IN ('r', 'm') THEN (pg_relation_size(c.oid) / 128)::text END,
       has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')::text,
       a.attname::text,
       CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod)
            ELSE format_type(a.atttypid, a.atttypmod) END,
       has_column_privilege(c.oid, a.attnum, 'SELECT')::text
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
WHERE n.nspname = 'edfi' AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
ORDER BY c.relname, a.attnum";

/// Relations by lower-case name.
#[derive(Debug, Default)]
pub(super) struct Relations(pub(super) BTreeMap<String, Relation>);

impl Relations {
    /// From the rows of [`RELATIONS`]; `None` when they do not have its form.
    pub(super) fn from_rows(rows: Vec<TextRow>) -> Option<Relations> {
        let mut relations: BTreeMap<String, Relation> = BTreeMap::new();
        for row in rows {
            let [name, kind, pages, estimate, writable, column, type_name, readable] =
                <[Option<String>; 8]>::try_from(row).ok()?;
            let name = name?;
            let lower = name.to_lowercase();
            let column = RelationColumn {
                name: column?,
                type_name: type_name?,
                readable: readable.as_deref() == Some("true"),
            };
            match relations.get_mut(&lower) {
                Some(relation) if relation.name == name => relation.columns.push(column),
                // Two names that differ in case only: the lower-case one is Ed-Fi's.
                Some(relation) if relation.name == lower => {}
                _ => {
                    let relation = Relation {
                        kind: kind?.chars().next()?,
                        pages: pages?.parse().ok()?,
                        rows_estimate: estimate.and_then(|n| n.parse().ok()),
                        writable: writable.as_deref() == Some("true"),
                        columns: vec![column],
                        name,
                    };
                    relations.insert(lower, relation);
                }
            }
        }
        Some(Relations(relations))
    }

    /// The tables as every source presents them.
    pub(super) fn catalog_tables(&self) -> BTreeMap<String, CatalogTable> {
        let table = |relation: &Relation| CatalogTable {
            origin: format!("edfi.{}", relation.name),
            columns: relation.columns.iter().map(|c| c.name.to_lowercase()).collect(),
            rows_estimate: relation.rows_estimate,
        };
        self.0.iter().map(|(name, relation)| (name.clone(), table(relation))).collect()
    }
}

impl Relation {
    /// The column of a lower-case name.
    pub(super) fn column(&self, lower: &str) -> Option<&RelationColumn> {
        let exact = self.columns.iter().find(|c| c.name == lower);
        exact.or_else(|| self.columns.iter().find(|c| c.name.to_lowercase() == lower))
    }
}

/// The cast that pins a column's type on the wire when it is to be read as a kind, and how it then comes;
/// `None` when the type cannot stand for the kind without losing something.
pub(super) fn wire(type_name: &str, kind: Kind) -> Option<(&'static str, Wire)> {
    let (base, modifier) = match type_name.split_once('(') {
        // `timestamp(3) without time zone`: the modifier may stand in the middle.
        Some((base, rest)) => {
            let (modifier, tail) = rest.split_once(')')?;
            (format!("{}{}", base.trim_end(), tail), Some(modifier))
        }
        None => (type_name.to_owned(), None),
    };
    let base = base.rsplit_once('.').map_or(base.as_str(), |(_, name)| name);
    let integer = match base {
        "smallint" => Some(("int2", Wire::Int2)),
        "integer" => Some(("int4", Wire::Int4)),
        "bigint" => Some(("int8", Wire::Int8)),
        // Only with a declared scale of zero: a cast would round a fraction in silence.
        "numeric" if modifier.is_some_and(|m| !m.contains(',') || m.ends_with(",0")) => {
            Some(("int8", Wire::Int8))
        }
        _ => None,
    };
    match kind {
        Kind::Int => integer,
        Kind::Text => {
            let text = matches!(base, "character varying" | "text" | "character" | "bpchar" | "citext");
            // Keys that are numbers in one data standard and names in the next (periodSequence), and decimals (grades):
            // as text they keep every digit.
            (text || integer.is_some() || base == "numeric").then_some(("text", Wire::Text))
        }
        Kind::Date => match base {
            "date" => Some(("date", Wire::Date)),
            // Without a time zone only: with one, the day depends on who looks.
            "timestamp without time zone" => Some(("timestamp", Wire::Timestamp)),
            _ => None,
        },
        Kind::Bool => (base == "boolean").then_some(("bool", Wire::Bool)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, column: &str) -> TextRow {
        [name, "r", "12", "345", "false", column, "integer", "true"].map(|v| Some(v.to_owned())).to_vec()
    }

    #[test]
    fn types_that_lose_nothing_are_read_and_others_are_not() {
        for (type_name, kind, expected) in [
            ("smallint", Kind::Int, Some("int2")),
            ("integer", Kind::Int, Some("int4")),
            ("bigint", Kind::Int, Some("int8")),
            ("numeric(9,0)", Kind::Int, Some("int8")),
            ("numeric(9)", Kind::Int, Some("int8")),
            ("numeric(9,2)", Kind::Int, None),
            ("numeric(9,10)", Kind::Int, None),
            ("numeric", Kind::Int, None),
            ("text", Kind::Int, None),
            ("double precision", Kind::Int, None),
            ("character varying(60)", Kind::Text, Some("text")),
            ("character(2)", Kind::Text, Some("text")),
            ("public.citext", Kind::Text, Some("text")),
            ("integer", Kind::Text, Some("text")),
            ("numeric(9,2)", Kind::Text, Some("text")),
            ("double precision", Kind::Text, None),
            ("bytea", Kind::Text, None),
            ("date", Kind::Text, None),
            ("date", Kind::Date, Some("date")),
            ("timestamp without time zone", Kind::Date, Some("timestamp")),
            ("timestamp(3) without time zone", Kind::Date, Some("timestamp")),
            ("timestamp with time zone", Kind::Date, None),
            ("character varying(10)", Kind::Date, None),
            ("boolean", Kind::Bool, Some("bool")),
            ("smallint", Kind::Bool, None),
            ("integer[]", Kind::Int, None),
        ] {
            assert_eq!(wire(type_name, kind).map(|(cast, _)| cast), expected, "{type_name} as {kind:?}");
        }
    }

    #[test]
    fn rows_become_relations_and_lower_case_wins() {
        let rows = vec![
            row("Student", "X"),
            row("school", "schoolid"),
            row("student", "studentusi"),
            row("student", "Name"),
        ];
        let relations = Relations::from_rows(rows).unwrap();
        let tables = relations.catalog_tables();
        assert_eq!(tables["student"].columns, ["studentusi", "name"]);
        assert_eq!(tables["student"].rows_estimate, Some(345));
        assert_eq!(relations.0["student"].column("name").unwrap().name, "Name");
        assert_eq!(tables["school"].origin, "edfi.school");
        assert!(Relations::from_rows(vec![vec![None; 8]]).is_none());
        assert!(Relations::from_rows(vec![vec![]]).is_none());
    }
}
