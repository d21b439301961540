//! The SQL that is sent: only what is in this folder is ever run on the server.
//!
//! In: a request that the catalog can answer, and a part. Out: a COPY statement and how its fields are
//! decoded. COPY takes no parameters: identifiers come from the server's own catalog and are quoted, numbers
//! are formatted from integers, and nothing else is put in.

use super::decode::Wire;
use super::relation::{Relation, wire};
use crate::source::{Kind, Part, Request};

/// A COPY statement and its fields: wire type and batch column of each.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Copy {
    pub(super) sql: String,
    pub(super) fields: Vec<(Wire, usize)>,
    /// Contract columns in field order, for messages.
    pub(super) names: Vec<String>,
}

/// Why a request cannot be answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// The relation has no such column.
    NoColumn(String),
    /// The column's type cannot stand for what is asked.
    Type { column: String, type_name: String, kind: Kind },
    /// Only tables with pages of their own can be read in parts.
    NoParts,
}

/// An identifier in quotes.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A literal in quotes; backslashes are ordinary (standard_conforming_strings is on since PostgreSQL 9.1).
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Builds the COPY of one part.
pub(super) fn copy(relation: &Relation, request: &Request, part: Part) -> Result<Copy, Unreadable> {
    let mut list = Vec::new();
    let mut fields = Vec::new();
    let mut names = Vec::new();
    for (index, column) in request.columns.iter().enumerate() {
        let Some(name) = &column.name else { continue };
        let found = relation.column(name).ok_or_else(|| Unreadable::NoColumn(name.clone()))?;
        let (cast, wire) = wire(&found.type_name, column.kind).ok_or_else(|| Unreadable::Type {
            column: name.clone(),
            type_name: found.type_name.clone(),
            kind: column.kind,
        })?;
        list.push(format!("{}::pg_catalog.{cast}", quoted(&found.name)));
        fields.push((wire, index));
        names.push(name.clone());
    }
    let mut conditions = Vec::new();
    if let Some((column, year)) = &request.year {
        let found = relation.column(column).ok_or_else(|| Unreadable::NoColumn(column.clone()))?;
        if wire(&found.type_name, Kind::Int).is_none() {
            return Err(Unreadable::Type {
                column: column.clone(),
                type_name: found.type_name.clone(),
                kind: Kind::Int,
            });
        }
        conditions.push(format!("{} = {year}", quoted(&found.name)));
    }
    conditions.extend(page_range(relation, part)?);
    let filter =
        if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    let sql = format!(
        "COPY (SELECT {} FROM edfi.{}{filter}) TO STDOUT (FORMAT binary)",
        list.join(", "),
        quoted(&relation.name)
    );
    Ok(Copy { sql, fields, names })
}

/// Conditions on ctid that cut a table by its pages. The first part has no lower and the last no upper bound,
/// so that the parts are complete whatever the table's real size is.
fn page_range(relation: &Relation, part: Part) -> Result<Vec<String>, Unreadable> {
    if part.of <= 1 {
        return Ok(Vec::new());
    }
    if relation.kind != 'r' {
        return Err(Unreadable::NoParts);
    }
    // Below 2^32 pages and few parts: no overflow. Page numbers are 32 bits wide.
    let page = |index: usize| (relation.pages * index as u64 / part.of as u64).min(u64::from(u32::MAX));
    let mut conditions = Vec::new();
    if part.index > 0 {
        conditions.push(format!("ctid >= '({},0)'::pg_catalog.tid", page(part.index)));
    }
    if part.index + 1 < part.of {
        conditions.push(format!("ctid < '({},0)'::pg_catalog.tid", page(part.index + 1)));
    }
    Ok(conditions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::ColumnRequest;
    use crate::source::postgres::relation::RelationColumn;

    fn relation() -> Relation {
        let column = |name: &str, type_name: &str| RelationColumn {
            name: name.into(),
            type_name: type_name.into(),
            readable: true,
        };
        Relation {
            name: "odd\"name".into(),
            kind: 'r',
            pages: 100,
            rows_estimate: None,
            writable: false,
            columns: vec![column("USI", "integer"), column("schoolyear", "smallint"), column("note", "text")],
        }
    }

    fn request(columns: &[(Option<&str>, Kind)], year: Option<i16>) -> Request {
        Request {
            table: "odd".into(),
            columns: columns
                .iter()
                .map(|(name, kind)| ColumnRequest { name: name.map(str::to_owned), kind: *kind })
                .collect(),
            year: year.map(|year| ("schoolyear".to_owned(), year)),
        }
    }

    #[test]
    fn statements_quote_cast_and_filter() {
        let wanted =
            request(&[(Some("note"), Kind::Text), (None, Kind::Date), (Some("usi"), Kind::Int)], Some(2025));
        let copy = copy(&relation(), &wanted, Part { index: 1, of: 3 }).unwrap();
        assert_eq!(
            copy.sql,
            "COPY (SELECT \"note\"::pg_catalog.text, \"USI\"::pg_catalog.int4 FROM edfi.\"odd\"\"name\" WHERE \"schoolyear\" = 2025 \
             AND ctid >= '(33,0)'::pg_catalog.tid AND ctid < '(66,0)'::pg_catalog.tid) TO STDOUT (FORMAT binary)"
        );
        assert_eq!(copy.fields, [(Wire::Text, 0), (Wire::Int4, 2)]);
    }

    #[test]
    fn parts_meet_without_gap_or_overlap_and_are_open_at_the_ends() {
        for (pages, of) in [(0, 2), (1, 3), (100, 7), (u64::from(u32::MAX), 4)] {
            let relation = Relation { pages, ..relation() };
            let parts: Vec<_> =
                (0..of).map(|index| page_range(&relation, Part { index, of }).unwrap()).collect();
            assert!(parts[0].iter().all(|c| c.contains('<')));
            assert!(parts[of - 1].iter().all(|c| c.contains(">=")));
            for pair in parts.windows(2) {
                let upper = pair[0].last().unwrap().replace("ctid <", "");
                let lower = pair[1].first().unwrap().replace("ctid >=", "");
                assert_eq!(upper, lower);
            }
        }
        let view = Relation { kind: 'v', ..relation() };
        assert_eq!(page_range(&view, Part { index: 0, of: 2 }), Err(Unreadable::NoParts));
        assert_eq!(page_range(&view, Part::WHOLE), Ok(vec![]));
    }

    #[test]
    fn what_cannot_be_read_is_refused_before_it_is_tried() {
        let wrong = request(&[(Some("note"), Kind::Int)], None);
        assert!(
            matches!(copy(&relation(), &wrong, Part::WHOLE), Err(Unreadable::Type { column, .. }) if column == "note")
        );
        let absent = request(&[(Some("gone"), Kind::Int)], None);
        assert_eq!(copy(&relation(), &absent, Part::WHOLE), Err(Unreadable::NoColumn("gone".into())));
        let mut year = request(&[(Some("usi"), Kind::Int)], None);
        year.year = Some(("note".into(), 2025));
        assert!(matches!(copy(&relation(), &year, Part::WHOLE), Err(Unreadable::Type { .. })));
    }

    #[test]
    fn literals_cannot_be_left() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
