//! What is read equals what is there.

use std::collections::BTreeMap;

use rosterpack::edfi::{self, Part as ContractPart, contract};
use rosterpack::source::dump::DumpSource;
use rosterpack::source::postgres::{ConnectionSettings, Options, PostgresSource};
use rosterpack::source::{Kind, Part, Source};
use rosterpack::synth::{self, Shape, SynthPlan, Traps};

use crate::cluster;
use crate::ods;

const ALL: &[ContractPart] = &[
    ContractPart::Core,
    ContractPart::OrgDetail,
    ContractPart::GradingPeriods,
    ContractPart::Demographics,
    ContractPart::Extensions,
    ContractPart::Parents,
];

/// Reads every contract table from the server and from the sample's files, with and without a year.
fn sample_reads_the_same(name: &str, standard: &str) {
    let Some(folder) = ods::sample(name) else { return };
    let server = cluster::shared();
    let database = ods::load(server, &folder);
    let source = ods::open(server, &database, &ods::impatient()).unwrap();
    let resolved = edfi::resolve(source.catalog(), None, ALL).unwrap();
    assert_eq!(resolved.standard.label, standard);
    let requests: Vec<_> = resolved.tables.iter().map(|t| t.request(2022)).collect();
    source.check(&requests).unwrap();

    let mut total = 0;
    let mut of_the_year = BTreeMap::new();
    for (resolved, request) in resolved.tables.iter().zip(requests) {
        let mut reader =
            csv::Reader::from_path(folder.join(&resolved.physical).with_extension("csv")).unwrap();
        let headers = reader.headers().unwrap().clone();
        let positions: Vec<_> = resolved
            .columns
            .iter()
            .map(|c| c.as_ref().and_then(|c| headers.iter().position(|h| h == c)))
            .collect();
        let year = request.year.as_ref().map(|(column, _)| headers.iter().position(|h| h == column).unwrap());
        let mut expected = Vec::new();
        let mut expected_of_year = Vec::new();
        for record in reader.records() {
            let record = record.unwrap();
            let row: Vec<String> =
                positions.iter().map(|p| p.map_or("", |p| &record[p]).to_owned()).collect();
            if year.is_none_or(|y| &record[y] == "2022") {
                expected_of_year.push(row.clone());
            }
            expected.push(row);
        }
        expected.sort_unstable();
        expected_of_year.sort_unstable();
        let whole = rosterpack::source::Request { year: None, ..request.clone() };
        assert_eq!(ods::rows(&source, &whole), expected, "{}", resolved.table.name);
        assert_eq!(ods::rows(&source, &request), expected_of_year, "{} of 2022", resolved.table.name);
        total += expected.len();
        of_the_year.insert(resolved.table.name, expected_of_year.len());
    }
    source.finish().unwrap();
    assert!(total > 10_000, "{total}");
    assert!(of_the_year["student_sections"] > 100);
    let years = source.school_years().unwrap();
    let sections: u64 = years.iter().filter(|(year, _)| *year == 2022).map(|(_, count)| count).sum();
    assert_eq!(sections, of_the_year["sections"] as u64);
}

#[test]
fn the_sample_of_data_standard_5_2_reads_as_its_files() {
    sample_reads_the_same("grand-bend-ds52", "5.0-5.2");
}

#[test]
fn the_sample_of_data_standard_4_0_reads_as_its_files() {
    sample_reads_the_same("grand-bend-ds40", "4.0");
}

/// Every data standard, with all the oddities that the generator knows: the server and the folder of extracts
/// give the same rows, so that a package cannot depend on where the tables came from.
#[test]
fn an_invented_district_of_every_standard_reads_as_its_extracts() {
    let server = cluster::shared();
    for shape in Shape::ALL {
        let folder = tempfile::tempdir().unwrap();
        let plan = SynthPlan { students: 60, standard: shape, traps: Traps::All, ..SynthPlan::default() };
        synth::write(&plan, folder.path(), &|_, _| {}).unwrap();
        let database = ods::invented(server, &plan);
        let source = ods::open(server, &database, &ods::impatient()).unwrap();
        let dump = DumpSource::open(folder.path()).unwrap();
        let resolved = edfi::resolve(source.catalog(), None, ALL).unwrap();
        let by_dump = edfi::resolve(dump.catalog(), None, ALL).unwrap();
        assert_eq!(resolved.standard.label, by_dump.standard.label, "{}", shape.label());
        let names = |tables: &[edfi::ResolvedTable]| tables.iter().map(|t| t.table.name).collect::<Vec<_>>();
        assert_eq!(names(&resolved.tables), names(&by_dump.tables), "{}", shape.label());
        let mut total = 0;
        for (table, same) in resolved.tables.iter().zip(&by_dump.tables) {
            let rows = ods::rows(&source, &table.request(2025));
            let expected = ods::rows(&dump, &same.request(2025));
            assert_eq!(rows, expected, "{} {}", shape.label(), table.table.name);
            total += rows.len();
        }
        source.finish().unwrap();
        assert!(total > 1000, "{} {total}", shape.label());
    }
}

#[test]
fn parts_by_page_cover_every_row_once() {
    let server = cluster::shared();
    let database = ods::made(server, 5000);
    // Holes and moved rows, as any live table has them.
    server.psql(
        &database,
        "DELETE FROM edfi.studentsectionassociation WHERE studentusi % 7 = 0;
         UPDATE edfi.studentsectionassociation SET enddate = date '2025-02-01' WHERE studentusi % 5 = 0;",
    );
    let options = Options { connections: 3, ..ods::impatient() };
    let source = ods::open(server, &database, &options).unwrap();
    let request = ods::request(&source, &contract::student_sections::TABLE, None);
    let whole = ods::rows(&source, &request);
    assert_eq!(whole.len(), 2 * (5000 - 5000 / 7));
    assert_eq!(source.parts("studentsectionassociation"), 3);
    for of in [2, 3, 50] {
        let mut parts: Vec<_> =
            (0..of).map(|index| ods::rows_of_part(&source, &request, Part { index, of }).unwrap()).collect();
        if of == 3 {
            assert!(parts.iter().all(|part| part.len() > 500), "the parts are not even");
        }
        let mut together: Vec<_> = parts.drain(..).flatten().collect();
        together.sort_unstable();
        assert_eq!(together, whole, "{of} parts");
    }
    assert_eq!(source.parts("section"), 1, "a small table is not worth parts");
}

#[test]
fn many_threads_share_few_connections() {
    let server = cluster::shared();
    let database = ods::made(server, 3000);
    let source = ods::open(server, &database, &ods::impatient()).unwrap();
    assert_eq!(source.connections(), 2);
    let request = ods::request(&source, &contract::student_sections::TABLE, None);
    let expected = ods::rows(&source, &request);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..6).map(|_| scope.spawn(|| ods::rows(&source, &request))).collect();
        for reader in readers {
            assert_eq!(reader.join().unwrap(), expected);
        }
    });
    source.finish().unwrap();
}

#[test]
fn a_view_stands_in_for_its_table() {
    let server = cluster::shared();
    let database = ods::made(server, 300);
    let source = ods::open(server, &database, &ods::impatient()).unwrap();
    let request = ods::request(&source, &contract::students::TABLE, None);
    let expected = ods::rows(&source, &request);
    drop(source);
    server.psql(
        &database,
        "ALTER TABLE edfi.student RENAME TO person;
         CREATE VIEW edfi.student AS SELECT * FROM edfi.person;",
    );
    let source = ods::open(server, &database, &ods::impatient()).unwrap();
    assert_eq!(source.parts("student"), 1);
    assert_eq!(ods::rows(&source, &request), expected);
    source.finish().unwrap();
}

#[test]
fn a_database_of_another_encoding_is_read_as_utf_8() {
    let server = cluster::shared();
    let database = server.database("ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
    server.psql(
        &database,
        "SET client_encoding = 'UTF8';
         CREATE SCHEMA edfi;
         CREATE TABLE edfi.educationorganization (educationorganizationid bigint, nameofinstitution character(12));
         INSERT INTO edfi.educationorganization VALUES (1, 'École Zoë'), (NULL, NULL);",
    );
    let source = ods::open(server, &database, &ods::impatient()).unwrap();
    assert_eq!(source.facts().encoding, "LATIN1");
    let request = ods::request(&source, &contract::education_organizations::TABLE, None);
    assert_eq!(ods::rows(&source, &request), [["", ""], ["1", "École Zoë"]]);
}

#[test]
fn capital_names_timestamps_and_infinity_are_understood() {
    let server = cluster::shared();
    let database = server.database("");
    server.psql(
        &database,
        r#"CREATE SCHEMA edfi;
           CREATE DOMAIN edfi.day AS date;
           CREATE TABLE edfi."Session" ("SchoolId" int, "SchoolYear" smallint, "SessionName" text, "BeginDate" timestamp, "EndDate" edfi.day, "TermDescriptorId" numeric(9,0));
           INSERT INTO edfi."Session" VALUES (1, 2025, 'a "quoted" name', '2024-08-20', 'infinity', 77);"#,
    );
    let source = ods::open(server, &database, &ods::impatient()).unwrap();
    let mut request = ods::request(&source, &contract::sessions::TABLE, Some(2025));
    assert_eq!(request.columns.iter().filter(|c| c.name.is_some()).count(), 6);
    assert_eq!(
        ods::rows(&source, &request),
        [["1", "2025", "a \"quoted\" name", "2024-08-20", "9999-12-31", "77"]]
    );
    // Columns that the source lacks read as blank.
    request.columns[2].name = None;
    assert_eq!(ods::rows(&source, &request)[0][2], "");
    assert_eq!(request.columns[2].kind, Kind::Text);
}

#[test]
fn the_stated_standard_and_the_server_are_told() {
    let server = cluster::shared();
    let database = ods::made(server, 10);
    let source = ods::open(server, &database, &ods::impatient()).unwrap();
    assert_eq!(source.catalog().stated_standard, None);
    drop(source);
    server.psql(
        &database,
        "CREATE SCHEMA util;
         CREATE FUNCTION util.getedfistandardversion() RETURNS varchar LANGUAGE sql AS $$ SELECT '5.2' $$;
         CREATE FUNCTION util.getedfiodsversion() RETURNS varchar LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$;",
    );
    let source = ods::open(server, &database, &ods::impatient()).unwrap();
    assert_eq!(source.catalog().stated_standard.as_deref(), Some("5.2"));
    let facts = source.facts();
    // A function that fails is as good as none, and must not cost the snapshot.
    assert_eq!(facts.suite, None);
    assert_eq!((facts.user.as_str(), facts.is_superuser, facts.is_replica), ("postgres", true, false));
    assert!(facts.version_number >= 110_000 && facts.clock_milliseconds > 1_700_000_000_000);
    assert_eq!(facts.tls, None);
    assert_eq!(facts.writable_tables, ["section", "student", "studentsectionassociation"]);
    assert_eq!(source.catalog().tables["student"].rows_estimate, Some(10));
    assert_eq!(source.catalog().tables["student"].origin, "edfi.student");
    assert_eq!(source.school_years().unwrap(), [(2024, 50), (2025, 50)]);
    let called = server.psql(
        &database,
        "SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    assert_eq!(called, concat!("rosterpack/", env!("CARGO_PKG_VERSION")));
    source.finish().unwrap();
}

#[test]
fn rows_are_estimated_from_the_size_where_the_server_has_not_counted() {
    let server = cluster::shared();
    let database = ods::made(server, 10_000);
    // Twice as many since the last count, a table that was never counted, an empty one, and a view.
    server.psql(
        &database,
        "INSERT INTO edfi.student SELECT studentusi + 10000, studentuniqueid || 'x', firstname, middlename, lastsurname, birthdate
            FROM edfi.student;
         CREATE TABLE edfi.course AS SELECT localcoursecode AS coursecode, sessionname AS coursetitle FROM edfi.studentsectionassociation;
         CREATE TABLE edfi.staff (staffusi int);
         CREATE VIEW edfi.school AS SELECT schoolid FROM edfi.section;",
    );
    let source = ods::open(server, &database, &ods::impatient()).unwrap();
    let estimate = |table: &str| source.catalog().tables[table].rows_estimate;
    let near = |table: &str, rows: u64| {
        let told = estimate(table).unwrap();
        assert!((rows / 3..rows * 3).contains(&told), "{table}: {told} for {rows}");
    };
    near("student", 20_000);
    near("course", 20_000);
    assert_eq!((estimate("staff"), estimate("school")), (Some(0), None));
    source.finish().unwrap();
}

#[test]
fn a_unix_socket_serves_as_well() {
    let server = cluster::shared();
    let database = ods::made(server, 10);
    let text =
        format!("host={} port={} user=postgres dbname={database}", server.socket().display(), server.port());
    let settings = ConnectionSettings::parse(&text, false).unwrap();
    let source = PostgresSource::open(&settings, None, &ods::impatient()).unwrap();
    assert_eq!(source.school_years().unwrap(), [(2024, 50), (2025, 50)]);
    source.finish().unwrap();
}
