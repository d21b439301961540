//! The form of the extracts that `templates/sqlserver/extract.sql` writes, as the dump source reads it.
//!
//! No SQL Server can run here: the fixtures are written by hand in the form that the script's comments
//! promise: CRLF, PascalCase names, null as nothing, doubled quotes, line breaks
//! inside of quotes, ISO dates (style 126), booleans 1 and 0.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests

use std::path::Path;

use rosterpack::day::Day;
use rosterpack::edfi::contract::{schools, students};
use rosterpack::edfi::{Column, Table};
use rosterpack::source::dump::DumpSource;
use rosterpack::source::{Batch, ColumnRequest, Part, Request, Source};

fn read(table: &Table, mut sink: impl FnMut(&Batch)) -> u64 {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sqlserver");
    let source = DumpSource::open(&folder).unwrap();
    let found = &source.catalog().tables[table.physical];
    let column = |column: &Column| ColumnRequest {
        name: found.columns.iter().any(|name| name == column.name).then(|| column.name.to_owned()),
        kind: column.kind,
    };
    let request = Request {
        table: table.physical.to_owned(),
        columns: table.columns.iter().map(column).collect(),
        year: None,
    };
    let mut take = |batch: &Batch| {
        sink(batch);
        Ok(())
    };
    source.read(&request, Part::WHOLE, &mut take).unwrap().rows
}

#[test]
fn schools_with_and_without_a_district() {
    let rows = read(&schools::TABLE, |batch| {
        assert_eq!(
            (batch.int(schools::ID, 0), batch.int(schools::DISTRICT, 0)),
            (Some(255_901_001), Some(255_901))
        );
        assert_eq!((batch.int(schools::ID, 1), batch.int(schools::DISTRICT, 1)), (Some(255_901_107), None));
    });
    assert_eq!(rows, 2);
}

#[test]
fn names_with_quotes_accents_commas_and_line_breaks() {
    let rows = read(&students::TABLE, |batch| {
        assert_eq!(batch.int(students::USI, 0), Some(1));
        assert_eq!(batch.text(students::FIRST, 0), "Zoë");
        assert_eq!(batch.text(students::MIDDLE, 0), "");
        assert_eq!(batch.text(students::LAST, 0), "O'Brien \"Bo\"");
        assert_eq!(batch.text(students::FIRST, 1), "Ann,\r\nMarie");
        assert_eq!(batch.text(students::PREFERRED_FIRST, 1), "Annie");
    });
    assert_eq!(rows, 2);
    use rosterpack::edfi::contract::student_births as births;
    read(&births::TABLE, |batch| {
        assert_eq!(batch.date(births::DATE, 0), Day::from_ymd(2010, 5, 1));
        assert_eq!(batch.date(births::DATE, 1), Day::from_ymd(2011, 6, 2));
    });
}

#[test]
fn booleans_and_midnights() {
    use rosterpack::edfi::contract::student_schools as associations;
    let rows = read(&associations::TABLE, |batch| {
        assert_eq!(batch.date(associations::ENTRY, 0), Day::from_ymd(2024, 8, 20));
        assert_eq!(batch.date(associations::EXIT, 0), Day::from_ymd(2025, 1, 15));
        assert_eq!(batch.date(associations::EXIT, 1), None);
        assert_eq!([0, 1].map(|row| batch.flag(associations::PRIMARY, row)), [Some(true), Some(false)]);
        assert_eq!([0, 1].map(|row| batch.int(associations::YEAR, row)), [Some(2025), None]);
    });
    assert_eq!(rows, 2);
}
