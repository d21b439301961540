//! Tables for the tests: an ODS from the published samples, and a small one that is made of SQL.
//!
//! In: a data standard's sample folder or nothing. Out: a database with schema edfi. Column types are the
//! contract's kinds in the width that the data standard uses; columns that the contract does not know are
//! text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rosterpack::edfi::{STANDARDS, contract};
use rosterpack::source::postgres::{ConnectionSettings, Options, PostgresSource, Retry, Secret};
use rosterpack::source::{Batch, Kind, Part, Request, Source, SourceError};

use rosterpack::synth::SynthPlan;
use rosterpack::synth::database::{Keys, fill};

use crate::cluster::{Cluster, SUPERUSER_PASSWORD};

/// The published samples, or `None` when the shared folder is not here.
pub fn sample(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/ods-samples").join(name);
    if !folder.is_dir() {
        eprintln!("SKIPPED: ../shared/ods-samples/{name} is not here");
        return None;
    }
    Some(folder.canonicalize().unwrap())
}

/// Kinds of the contract by physical table and column, over all data standards.
fn kinds() -> BTreeMap<(String, String), Kind> {
    let mut kinds = BTreeMap::new();
    for standard in STANDARDS {
        for table in contract::TABLES {
            let (physical, names) = standard.spelling(table);
            for (column, name) in table.columns.iter().zip(names) {
                // A sequence that one data standard reads as the text of a name is a number in the database.
                let kind = if name == "periodsequence" { Kind::Int } else { column.kind };
                kinds.insert((physical.to_owned(), name.to_owned()), kind);
            }
        }
    }
    kinds
}

fn type_of(column: &str, kind: Option<Kind>) -> &'static str {
    match kind {
        Some(Kind::Int) if column == "schoolyear" => "smallint",
        Some(Kind::Int) if column.ends_with("descriptorid") || column.ends_with("usi") => "integer",
        Some(Kind::Int) => "bigint",
        Some(Kind::Text) => "varchar(255)",
        Some(Kind::Date) => "date",
        Some(Kind::Bool) => "boolean",
        None => "text",
    }
}

/// Makes a database of a sample folder and returns its name.
pub fn load(cluster: &Cluster, folder: &Path) -> String {
    let database = cluster.database("");
    let kinds = kinds();
    let mut script = String::from("CREATE SCHEMA edfi;\nCREATE SCHEMA util;\n");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "csv")) {
        let table = file.file_stem().unwrap().to_str().unwrap();
        let mut reader = csv::Reader::from_path(file).unwrap();
        let columns: Vec<String> = reader
            .headers()
            .unwrap()
            .iter()
            .map(|c| format!("\"{c}\" {}", type_of(c, kinds.get(&(table.to_owned(), c.to_owned())).copied())))
            .collect();
        writeln!(script, "CREATE TABLE edfi.\"{table}\" ({});", columns.join(", ")).unwrap();
        writeln!(script, "\\copy edfi.\"{table}\" FROM '{}' WITH (FORMAT csv, HEADER)", file.display())
            .unwrap();
    }
    cluster.psql(&database, &script);
    database
}

/// Makes a database of an invented district as `rosterpack synth --to` does: with the types and keys that the data
/// standard gives its tables.
pub fn invented(cluster: &Cluster, plan: &SynthPlan) -> String {
    let database = cluster.database("");
    let settings = settings(cluster, &database);
    fill(plan, &settings, None, &Options::default(), Keys::Primary, &|_, _| {}).unwrap();
    database
}

/// A database with two large tables and a few small ones, made without any file: `rows` students, each in
/// one section of 2025 and in one of 2024.
pub fn made(cluster: &Cluster, rows: usize) -> String {
    let database = cluster.database("");
    cluster.psql(
        &database,
        &format!(
            "CREATE SCHEMA edfi;
             CREATE TABLE edfi.student (studentusi int PRIMARY KEY, studentuniqueid varchar(32) NOT NULL,
                firstname varchar(75) NOT NULL, middlename varchar(75), lastsurname varchar(75) NOT NULL, birthdate date NOT NULL);
             INSERT INTO edfi.student SELECT n, 'S' || n, 'Zoë', NULL, 'O''Brien \"' || n || '\"', date '2010-01-01' + n % 1000
                FROM generate_series(1, {rows}) n;
             CREATE TABLE edfi.section (localcoursecode varchar(60) NOT NULL, schoolid bigint NOT NULL, schoolyear smallint NOT NULL,
                sessionname varchar(60) NOT NULL, sectionidentifier varchar(255) NOT NULL, locationclassroomidentificationcode varchar(60));
             INSERT INTO edfi.section SELECT 'ALG-' || n, 255901001, 2024 + n % 2, 'Fall', 'S' || n, NULL FROM generate_series(1, 100) n;
             CREATE TABLE edfi.studentsectionassociation (studentusi int NOT NULL, localcoursecode varchar(60) NOT NULL,
                schoolid bigint NOT NULL, schoolyear smallint NOT NULL, sessionname varchar(60) NOT NULL,
                sectionidentifier varchar(255) NOT NULL, begindate date NOT NULL, enddate date, homeroomindicator boolean);
             INSERT INTO edfi.studentsectionassociation
                SELECT n, 'ALG-' || n % 100, 255901001, y, '2024-2025 Fall Semester', 'section-' || n % 100, date '2024-08-20',
                       CASE WHEN n % 3 = 0 THEN date '2025-01-15' END, CASE n % 3 WHEN 0 THEN true WHEN 1 THEN false END
                FROM generate_series(1, {rows}) n, generate_series(2024, 2025) y;
             ANALYZE;"
        ),
    );
    database
}

/// Limits under which a test neither waits nor repeats.
pub fn impatient() -> Options {
    Options { retry: Retry { attempts: 1, ..Retry::default() }, pages_per_part: 16, ..Options::default() }
}

/// Settings of the superuser over TCP.
pub fn settings(cluster: &Cluster, database: &str) -> ConnectionSettings {
    let mut settings = ConnectionSettings::parse(&cluster.url("postgres", database), false).unwrap();
    settings.password = Some(Secret::new(SUPERUSER_PASSWORD));
    settings
}

/// Opens a database as superuser.
pub fn open(cluster: &Cluster, database: &str, options: &Options) -> Result<PostgresSource, SourceError> {
    PostgresSource::open(&settings(cluster, database), None, options)
}

/// The request for a contract table in the spelling of its own standard, without optional columns that
/// [`made`] leaves out.
pub fn request(source: &PostgresSource, table: &contract_table::Table, year: Option<i16>) -> Request {
    let found = &source.catalog().tables[table.physical];
    Request {
        table: table.physical.to_owned(),
        columns: table
            .columns
            .iter()
            .map(|c| rosterpack::source::ColumnRequest {
                name: found.columns.iter().any(|name| name == c.name).then(|| c.name.to_owned()),
                kind: c.kind,
            })
            .collect(),
        year: year.and_then(|year| table.year.map(|column| (column.to_owned(), year))),
    }
}

/// The contract's table type under a name that does not collide with the module of its tables.
pub mod contract_table {
    pub use rosterpack::edfi::Table;
}

/// One cell as a dump would write it.
pub fn cell(batch: &Batch, kind: Kind, column: usize, row: usize) -> String {
    match kind {
        Kind::Int => batch.int(column, row).map(|n| n.to_string()).unwrap_or_default(),
        Kind::Text => batch.text(column, row).to_owned(),
        Kind::Date => batch.date(column, row).map(|d| d.to_string()).unwrap_or_default(),
        Kind::Bool => {
            batch.flag(column, row).map(|f| if f { "t" } else { "f" }.to_owned()).unwrap_or_default()
        }
    }
}

/// Every row of a part as text, sorted.
pub fn rows_of_part(
    source: &dyn Source,
    request: &Request,
    part: Part,
) -> Result<Vec<Vec<String>>, SourceError> {
    let mut rows = Vec::new();
    let stats = source.read(request, part, &mut |batch| {
        for row in 0..batch.rows() {
            let cells =
                request.columns.iter().enumerate().map(|(n, column)| cell(batch, column.kind, n, row));
            rows.push(cells.collect());
        }
        Ok(())
    })?;
    assert_eq!(stats.rows, rows.len() as u64);
    rows.sort_unstable();
    Ok(rows)
}

/// Every row of a table as text, sorted.
pub fn rows(source: &dyn Source, request: &Request) -> Vec<Vec<String>> {
    rows_of_part(source, request, Part::WHOLE).unwrap()
}
