//! The invented source gives, row by row, what its extracts hold: every table of every data standard, whatever is asked
//! of it and in however many parts; and an export of it has the bytes of an export of the extracts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests, which may fail loudly

use std::path::Path;

use rosterpack::cli::{self, Clock, ExitCode, Process};
use rosterpack::day::Day;
use rosterpack::edfi;
use rosterpack::source::dump::DumpSource;
use rosterpack::source::{ColumnRequest, Kind, Part, Request, Source};
use rosterpack::synth::source::SynthSource;
use rosterpack::synth::{self, Shape, SynthPlan, Traps};

fn plan(students: u64, standard: Shape, traps: Traps) -> SynthPlan {
    SynthPlan { students, standard, traps, ..SynthPlan::default() }
}

/// Rows of a part as text, in the order in which they come.
fn rows(source: &dyn Source, request: &Request, part: Part) -> Vec<String> {
    let mut rows = Vec::new();
    let stats = source
        .read(request, part, &mut |batch| {
            for row in 0..batch.rows() {
                let cells = request.columns.iter().enumerate().map(|(n, column)| match column.kind {
                    Kind::Int => format!("{:?}", batch.int(n, row)),
                    Kind::Text => format!("{:?}", batch.text(n, row)),
                    Kind::Date => format!("{:?}", batch.date(n, row)),
                    Kind::Bool => format!("{:?}", batch.flag(n, row)),
                });
                rows.push(cells.collect::<Vec<_>>().join("|"));
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(stats.rows, rows.len() as u64);
    rows
}

/// A request for every column of a table, in the type that the database gives it.
fn everything(table: &synth::TableDef) -> Request {
    let kind = |pg_type: &str| match pg_type {
        "integer" | "bigint" | "smallint" => Kind::Int,
        "date" => Kind::Date,
        "boolean" => Kind::Bool,
        _ => Kind::Text,
    };
    Request {
        table: table.name.to_owned(),
        columns: table
            .columns
            .iter()
            .map(|c| ColumnRequest { name: Some(c.name.to_owned()), kind: kind(c.pg_type) })
            .collect(),
        year: None,
    }
}

#[test]
fn every_table_of_every_standard_holds_the_rows_of_its_extract() {
    for shape in Shape::ALL {
        let plan = plan(150, shape, Traps::All);
        let folder = tempfile::tempdir().unwrap();
        synth::write(&plan, folder.path(), &|_, _| {}).unwrap();
        let extracts = DumpSource::open(folder.path()).unwrap();
        let invented = SynthSource::new(&plan, "invented").unwrap();
        let names = |source: &dyn Source| source.catalog().tables.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&invented), names(&extracts));
        let mut total = 0;
        for table in synth::tables(shape) {
            let request = everything(&table);
            let expected = rows(&extracts, &request, Part::WHOLE);
            assert_eq!(rows(&invented, &request, Part::WHOLE), expected, "{} {}", shape.label(), table.name);
            total += expected.len();
        }
        assert!(total > 5_000, "{total}");
    }
}

#[test]
fn parts_are_disjoint_and_together_complete() {
    let invented = SynthSource::new(&plan(2_000, Shape::S52, Traps::Safe), "invented").unwrap();
    for table in synth::tables(Shape::S52).iter().filter(|t| {
        ["studentsectionassociation", "section", "descriptor", "staff", "calendardate"].contains(&t.name)
    }) {
        let request = everything(table);
        let mut whole = rows(&invented, &request, Part::WHOLE);
        whole.sort_unstable();
        for of in [2, 7, 1_000] {
            let mut parts: Vec<String> =
                (0..of).flat_map(|index| rows(&invented, &request, Part { index, of })).collect();
            parts.sort_unstable();
            assert!(parts == whole, "{} in {of} parts", table.name);
        }
    }
}

/// Requests of the contract: some columns, some missing, some filtered by year (the traps have two).
#[test]
fn requests_of_the_contract_are_answered_as_by_extracts() {
    for shape in [Shape::S40, Shape::S52] {
        let plan = plan(60, shape, Traps::Safe);
        let folder = tempfile::tempdir().unwrap();
        synth::write(&plan, folder.path(), &|_, _| {}).unwrap();
        let extracts = DumpSource::open(folder.path()).unwrap();
        let invented = SynthSource::new(&plan, "invented").unwrap();
        let resolved = edfi::resolve(invented.catalog(), None, &edfi::Part::ALL).unwrap();
        let mut filtered = 0;
        for table in &resolved.tables {
            for year in [2024, 2025] {
                let request = table.request(year);
                let expected = rows(&extracts, &request, Part::WHOLE);
                assert_eq!(rows(&invented, &request, Part::WHOLE), expected, "{} {year}", table.physical);
                filtered += usize::from(request.year.is_some() && !expected.is_empty());
            }
        }
        assert!(filtered > 8, "{filtered}");
    }
    let invented = SynthSource::new(&plan(1, Shape::S52, Traps::None), "invented").unwrap();
    let ask = |table: &str, column: &str| {
        let columns = vec![ColumnRequest { name: Some(column.to_owned()), kind: Kind::Int }];
        let request = Request { table: table.to_owned(), columns, year: None };
        invented.read(&request, Part::WHOLE, &mut |_| Ok(())).unwrap_err().to_string()
    };
    assert!(ask("pupil", "x").contains("there is no such table"));
    assert!(ask("student", "shoesize").contains("there is no column shoesize"));
    assert!(ask("student", "firstname").contains("firstname is not of the kind"));
}

fn run(arguments: &[&str]) -> (ExitCode, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = cli::run(
        std::iter::once("rosterpack").chain(arguments.iter().copied()).map(Into::into),
        &mut Process {
            environment: Vec::new(),
            today: Day::from_ymd(2024, 10, 1).unwrap(),
            clock: || Clock { utc_milliseconds: 0, offset_minutes: 0 },
            out: &mut out,
            err: &mut err,
            terminal: false,
            signals: false,
        },
    );
    (code, String::from_utf8(err).unwrap())
}

fn export(source: &str, out: &Path) -> Vec<u8> {
    let (code, err) = run(&[
        "export",
        "--source",
        source,
        "--tenant",
        "demo",
        "--school-year",
        "2025",
        "--quiet",
        "--demographics",
        "--parents",
        "--set",
        "gradebook=true",
        "--set",
        "final_grades=true",
        "--set",
        "org_metadata=true",
        "--out",
        out.to_str().unwrap(),
    ]);
    assert_eq!(code, ExitCode::Published, "{err}");
    std::fs::read(out).unwrap()
}

#[test]
fn an_export_of_it_has_the_bytes_of_an_export_of_its_extracts() {
    let temp = tempfile::tempdir().unwrap();
    for (shape, traps) in [(Shape::S40, Traps::Safe), (Shape::S52, Traps::Safe), (Shape::S61, Traps::None)] {
        let folder = temp.path().join(shape.label());
        synth::write(&SynthPlan { seed: 5, ..plan(400, shape, traps) }, &folder, &|_, _| {}).unwrap();
        let word = if traps == Traps::Safe { "safe" } else { "none" };
        let spec = format!("synth:students=400,seed=5,standard={},traps={word}", shape.label());
        let invented = export(&spec, &temp.path().join("invented.zip"));
        let extracts = export(folder.to_str().unwrap(), &temp.path().join("extracts.zip"));
        assert!(invented == extracts && invented.len() > 50_000, "{}", shape.label());
    }
}

#[test]
fn words_that_are_no_plan_are_a_fault_of_usage() {
    let export = |spec| {
        run(&["export", "--source", spec, "--tenant", "t", "--school-year", "2025", "--dry-run", "--quiet"])
    };
    let (code, err) = export("synth:students=lots");
    assert_eq!(code, ExitCode::Usage);
    assert!(
        err.contains("students is a whole number, not `lots`") && err.contains("synth:students="),
        "{err}"
    );
    assert_eq!(export("synth:students=99999999").0, ExitCode::Usage);
}

#[test]
fn a_student_has_no_more_associations_than_were_asked_for() {
    let most = |associations| {
        let plan = SynthPlan { associations, ..plan(400, Shape::S52, Traps::None) };
        let source = SynthSource::new(&plan, "invented").unwrap();
        let table = synth::tables(Shape::S52).into_iter().find(|t| t.name == "studentsectionassociation");
        let mut request = everything(&table.unwrap());
        request.columns.retain(|column| column.name.as_deref() == Some("studentusi"));
        let mut counts = std::collections::BTreeMap::<String, u8>::new();
        rows(&source, &request, Part::WHOLE).into_iter().for_each(|usi| *counts.entry(usi).or_default() += 1);
        counts.into_values().max()
    };
    // A change of schedule is one association more.
    assert!(matches!(most(Some(7)), Some(7..=9)), "{:?}", most(Some(7)));
    assert!(most(None) > Some(11));
}
