//! The verbs against a real PostgreSQL server: the same bytes as from extracts, one moment whatever others write, the
//! reader role suffices, and whatever goes wrong has its exit code, leaves nothing and shows no password.

// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/postgres.rs"]
mod cluster;
#[allow(dead_code)] // shared with the tests of the source
#[path = "postgres/ods.rs"]
mod ods;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use cluster::{Cluster, SUPERUSER_PASSWORD, Setup};
use rosterpack::cli::{self, Clock, ExitCode, Process};
use rosterpack::day::Day;
use rosterpack::synth::{self, Shape, SynthPlan, Traps};
use serde_json::Value;

/// Password of the roles that the tests make.
const READER_PASSWORD: &str = "staple-giraffe";

struct Said {
    code: ExitCode,
    out: String,
    err: String,
}

/// Runs a command line inside of this process with a password in the environment, and sees to it that none is told.
fn run(password: &str, arguments: &[&str]) -> Said {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = cli::run(
        std::iter::once("rosterpack").chain(arguments.iter().copied()).map(Into::into),
        &mut Process {
            environment: vec![("PGPASSWORD".into(), password.into())],
            today: Day::from_ymd(2024, 10, 1).unwrap(),
            clock: || Clock { utc_milliseconds: 0, offset_minutes: 0 },
            out: &mut out,
            err: &mut err,
            terminal: false,
            signals: false,
        },
    );
    let said = Said { code, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() };
    for secret in [password, SUPERUSER_PASSWORD, READER_PASSWORD, "hunter2"] {
        assert!(!said.out.contains(secret) && !said.err.contains(secret), "{}{}", said.out, said.err);
    }
    said
}

/// Arguments of an export that reads every part.
fn export_arguments<'a>(source: &'a str, out: &'a str) -> Vec<&'a str> {
    vec![
        "export",
        "--source",
        source,
        "--tenant",
        "demo",
        "--school-year",
        "2025",
        "--out",
        out,
        "--quiet",
        "--demographics",
        "--parents",
        "--set",
        "connect_attempts=1",
        "--set",
        "gradebook=true",
        "--set",
        "final_grades=true",
        "--set",
        "org_metadata=true",
        "--set",
        "org_identifier_system=NCES",
        "--set",
        "demographic_extensions=characteristic:Homeless=homeless,program:Special Education=sped,indicator:Gifted=gifted",
    ]
}

fn export(source: &str, out: &Path, more: &[&str]) -> Vec<u8> {
    let mut arguments = export_arguments(source, out.to_str().unwrap());
    arguments.extend(more);
    let said = run(SUPERUSER_PASSWORD, &arguments);
    assert_eq!(said.code, ExitCode::Published, "{}", said.err);
    fs::read(out).unwrap()
}

/// An export that fails: nothing is written, and the text says these words.
fn refused(password: &str, source: &str, expected: ExitCode, words: &[&str], more: &[&str]) {
    let temp = tempfile::tempdir().unwrap();
    let out = temp.path().join("roster.zip");
    let mut arguments = export_arguments(source, out.to_str().unwrap());
    arguments.extend(more);
    let said = run(password, &arguments);
    assert_eq!(said.code, expected, "{}", said.err);
    for word in words {
        assert!(said.err.contains(word), "`{word}` is not in: {}", said.err);
    }
    assert_eq!(said.out, "");
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0, "neither a zip nor a leftover");
}

struct Invented {
    temp: tempfile::TempDir,
    database: String,
}

impl Invented {
    fn new(server: &Cluster, standard: Shape) -> Invented {
        let temp = tempfile::tempdir().unwrap();
        let plan = SynthPlan { students: 40, standard, traps: Traps::Safe, ..SynthPlan::default() };
        synth::write(&plan, &temp.path().join("ods"), &|_, _| {}).unwrap();
        let database = ods::invented(server, &plan);
        Invented { temp, database }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    fn folder(&self) -> String {
        self.at("ods").to_str().unwrap().to_owned()
    }

    /// Makes the role of `templates/postgres/reader.sql`.
    fn reader(&self, server: &Cluster, role: &str) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/postgres/reader.sql");
        server.psql_file(&self.database, &script, &[&format!("reader={role}")]);
        server.psql(&self.database, &format!("ALTER ROLE {role} PASSWORD '{READER_PASSWORD}'"));
    }
}

/// The extracts of a folder with their lines sorted: a database promises no order.
fn sorted(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let files = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|e| e == "csv"))
        .map(|path| {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(&path).unwrap();
            let mut rows: Vec<String> = reader.records().map(|row| format!("{:?}", row.unwrap())).collect();
            rows.sort();
            (path.file_name().unwrap().to_str().unwrap().to_owned(), rows)
        })
        .collect()
}

#[test]
fn every_data_standard_gives_the_bytes_of_its_extracts() {
    let server = cluster::shared();
    for shape in Shape::ALL {
        let district = Invented::new(server, shape);
        let url = server.url("postgres", &district.database);
        let expected = export(&district.folder(), &district.at("extracts.zip"), &[]);
        assert!(expected.len() > 10_000);
        for connections in ["1", "3"] {
            let package = export(&url, &district.at("database.zip"), &["--connections", connections]);
            assert!(package == expected, "{} by {connections} connections", shape.label());
        }

        let [from_database, from_extracts] =
            [("a", url.as_str()), ("b", district.folder().as_str())].map(|(name, source)| {
                let out = district.at(name);
                let said = run(
                    SUPERUSER_PASSWORD,
                    &["snapshot", "--source", source, "--out", out.to_str().unwrap(), "--quiet"],
                );
                assert_eq!((said.code, said.err.as_str()), (ExitCode::Published, ""));
                out
            });
        assert!(sorted(&from_database) == sorted(&from_extracts), "{}", shape.label());
        let package = export(from_database.to_str().unwrap(), &district.at("snapshot.zip"), &[]);
        assert!(package == expected, "{} from a snapshot of the database", shape.label());
    }
}

#[test]
fn all_three_spellings_of_an_address_are_understood() {
    let server = cluster::shared();
    let district = Invented::new(server, Shape::S52);
    let expected = export(&district.folder(), &district.at("extracts.zip"), &[]);
    let (port, database) = (server.port(), &district.database);
    for address in [
        format!("host=127.0.0.1 port={port} user=postgres dbname={database} sslmode=disable"),
        format!(
            "Host=127.0.0.1;Port={port};Username=postgres;Database={database};SSL Mode=Disable;Pooling=true"
        ),
    ] {
        assert!(export(&address, &district.at("database.zip"), &[]) == expected, "{address}");
    }
    // A password may stand in the address only where no other user can read it.
    let url = format!("postgres://postgres:{SUPERUSER_PASSWORD}@127.0.0.1:{port}/{database}");
    refused("nothing", &url, ExitCode::Usage, &["password", "ROSTERPACK__SOURCE__PLACE"], &[]);
    let psw = format!("Host=127.0.0.1;Username=postgres;Database={database};Psw=hunter2");
    refused("nothing", &psw, ExitCode::Usage, &["holds a password"], &[]);
    let file = district.at("password");
    fs::write(&file, format!("{SUPERUSER_PASSWORD}\nnot this line\n")).unwrap();
    let out = district.at("file.zip");
    let plain = server.url("postgres", database);
    let setting = format!("password_file={}", file.display());
    let mut arguments = export_arguments(&plain, out.to_str().unwrap());
    arguments.extend(["--set", &setting]);
    assert_eq!(run("wrong", &arguments).code, ExitCode::Published);
    assert!(fs::read(&out).unwrap() == expected);
}

#[test]
fn a_writer_cannot_make_a_package_of_two_moments() {
    let server = cluster::shared();
    let district = Invented::new(server, Shape::S52);
    let url = server.url("postgres", &district.database);
    // One transaction changes people and enrollments together, there and back again.
    let there = "BEGIN; UPDATE edfi.student SET lastsurname = 'X' || lastsurname;
        UPDATE edfi.studentsectionassociation SET begindate = begindate + 1;
        UPDATE edfi.section SET locationclassroomidentificationcode = NULL; COMMIT;";
    let back = "BEGIN; UPDATE edfi.student SET lastsurname = substr(lastsurname, 2);
        UPDATE edfi.studentsectionassociation SET begindate = begindate - 1; COMMIT;";
    server.psql(&district.database, &format!("{there}{back}"));
    let before = export(&url, &district.at("before.zip"), &[]);
    server.psql(&district.database, there);
    let after = export(&url, &district.at("after.zip"), &[]);
    assert!(before != after);
    server.psql(&district.database, back);

    let (done, turns) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut session = server.session(&district.database);
            while !done.load(Ordering::Relaxed) {
                session.run(there);
                session.run(back);
                turns.fetch_add(1, Ordering::Relaxed);
            }
        });
        let from = turns.load(Ordering::Relaxed);
        let mut exports = 0;
        // At least some whole turns of the writer happen while exports run.
        while exports < 4 || turns.load(Ordering::Relaxed) < from + 4 {
            let out = district.at("during.zip");
            let outcome = std::panic::catch_unwind(|| export(&url, &out, &["--connections", "3"]));
            let sound = outcome.as_ref().is_ok_and(|package| *package == before || *package == after);
            if !sound {
                done.store(true, Ordering::Relaxed);
            }
            assert!(sound, "export {exports} is of two moments, or failed");
            exports += 1;
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn without_a_shared_snapshot_the_run_says_what_it_cannot_promise() {
    let server = cluster::shared();
    let district = Invented::new(server, Shape::S52);
    let url = server.url("postgres", &district.database);
    let out = district.at("off.zip");
    let mut arguments = export_arguments(&url, out.to_str().unwrap());
    arguments.extend(["--snapshot", "off"]);
    let said = run(SUPERUSER_PASSWORD, &arguments);
    assert_eq!(said.code, ExitCode::Published, "{}", said.err);
    assert!(said.err.contains("may show different moments"), "{}", said.err);
    arguments.extend(["--connections", "1"]);
    let alone = run(SUPERUSER_PASSWORD, &arguments);
    assert!(!alone.err.contains("different moments"), "{}", alone.err);
    assert!(fs::read(&out).unwrap() == export(&district.folder(), &district.at("extracts.zip"), &[]));
}

#[test]
fn the_explanation_is_that_of_the_extracts() {
    let server = cluster::shared();
    for shape in [Shape::S40, Shape::S52, Shape::S61] {
        let district = Invented::new(server, shape);
        let (url, folder) = (server.url("postgres", &district.database), district.folder());
        for question in [
            &["student", "trap-withdrawn"][..],
            &["student", "trap-two-schools"],
            &["staff", "trap-two-classifications"],
            &["parent", "trap-contact-of-two"],
            &["section", "TRAP-NO-OFFERING/trap-1"],
            &["org", "255901991"],
        ] {
            let [from_database, from_extracts] = [&url, &folder].map(|source| {
                let mut arguments =
                    vec!["explain", "--json", "--quiet", "--source", source, "--tenant", "demo"];
                arguments.extend(["--school-year", "2025", "--demographics", "--parents"]);
                arguments.extend(question);
                let said = run(SUPERUSER_PASSWORD, &arguments);
                assert_eq!((said.code, said.err.as_str()), (ExitCode::Published, ""), "{question:?}");
                let mut value: Value = serde_json::from_str(&said.out).unwrap();
                value["run"]["source"] = Value::Null;
                value
            });
            assert_eq!(from_database, from_extracts, "{} {question:?}", shape.label());
            assert_ne!(from_database["source"], Value::Array(Vec::new()));
        }
    }
}

fn doctor(password: &str, source: &str, more: &[&str]) -> (ExitCode, Value) {
    let mut arguments = vec!["doctor", "--json", "--source", source];
    arguments.extend(more);
    let said = run(password, &arguments);
    assert_eq!(said.err, "");
    (said.code, serde_json::from_str(&said.out).unwrap())
}

fn ended(value: &Value, name: &str, outcome: &str, words: &[&str]) {
    let checks = value["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == name).unwrap();
    assert_eq!(check["outcome"], outcome, "{check:#}");
    for word in words {
        assert!(check.to_string().contains(word), "`{word}` is not in {check:#}");
    }
}

#[test]
fn the_reader_role_suffices_for_every_verb() {
    let server = cluster::shared();
    for (shape, role) in [(Shape::S40, "reader_40"), (Shape::S52, "reader_52"), (Shape::S61, "reader_61")] {
        let district = Invented::new(server, shape);
        district.reader(server, role);
        let url = server.url(role, &district.database);
        let out = district.at("reader.zip");
        let said = run(READER_PASSWORD, &export_arguments(&url, out.to_str().unwrap()));
        assert_eq!(said.code, ExitCode::Published, "{}", said.err);
        assert!(fs::read(&out).unwrap() == export(&district.folder(), &district.at("extracts.zip"), &[]));
        let said = run(
            READER_PASSWORD,
            &["snapshot", "--source", &url, "--out", district.at("snapshot").to_str().unwrap(), "--quiet"],
        );
        assert_eq!(said.code, ExitCode::Published, "{}", said.err);

        let (code, value) =
            doctor(READER_PASSWORD, &url, &["--school-year", "2025", "--demographics", "--parents"]);
        assert_eq!(code, ExitCode::Published, "{value:#}");
        for (name, word) in [
            ("reachable", "127.0.0.1"),
            ("login", role),
            ("read-only", "can change none"),
            ("server-version", "PostgreSQL 1"),
            ("snapshot", "one moment"),
            ("data-standard", "read as data standard"),
            ("permissions", "may be read"),
            ("school-years", "2025"),
            ("students", "would be exported"),
        ] {
            ended(&value, name, "ok", &[word]);
        }
        ended(&value, "tls", "info", &["on this machine"]);
        // The clock of the test stands at 1970.
        ended(&value, "clock", "warn", &["ahead", "NTP"]);
        assert!(value["source"].as_str().unwrap().ends_with(&district.database));
    }
}

#[test]
fn the_doctor_warns_of_rights_that_nobody_needs() {
    let server = cluster::shared();
    let district = Invented::new(server, Shape::S52);
    let (code, value) =
        doctor(SUPERUSER_PASSWORD, &server.url("postgres", &district.database), &["--school-year", "2025"]);
    assert_eq!(code, ExitCode::Published);
    ended(&value, "read-only", "warn", &["superuser", "reader.sql"]);
    district.reader(server, "scribe");
    server.psql(&district.database, "GRANT UPDATE ON edfi.student TO scribe");
    let (_, value) =
        doctor(READER_PASSWORD, &server.url("scribe", &district.database), &["--snapshot", "off"]);
    ended(&value, "read-only", "warn", &["edfi.student", "1 of the tables"]);
    ended(&value, "snapshot", "warn", &["different moments"]);
    ended(&value, "school-years", "warn", &["--school-year 2025"]);
}

#[test]
fn missing_permissions_are_told_all_at_once_with_the_grant() {
    let server = cluster::shared();
    let district = Invented::new(server, Shape::S52);
    district.reader(server, "half_reader");
    server.psql(&district.database, "REVOKE SELECT ON edfi.section, edfi.staff FROM half_reader");
    let url = server.url("half_reader", &district.database);
    let words =
        ["edfi.section", "edfi.staff", "GRANT SELECT ON edfi.\"section\", edfi.\"staff\" TO \"half_reader\""];
    refused(READER_PASSWORD, &url, ExitCode::Source, &words, &[]);
    let out = district.at("snapshot");
    let said = run(READER_PASSWORD, &["snapshot", "--source", &url, "--out", out.to_str().unwrap()]);
    assert_eq!(said.code, ExitCode::Source);
    assert!(words.iter().all(|word| said.err.contains(word)), "{}", said.err);
    assert_eq!(fs::read_dir(district.temp.path()).unwrap().count(), 1, "only the extracts are there");
    let (code, value) = doctor(READER_PASSWORD, &url, &["--school-year", "2025"]);
    assert_eq!(code, ExitCode::Source);
    ended(&value, "permissions", "fail", &["edfi.section, edfi.staff", "GRANT SELECT"]);
    ended(&value, "school-years", "fail", &["edfi.section"]);
    ended(&value, "students", "skipped", &[]);
    ended(&value, "tables", "ok", &[]);
}

#[test]
fn whatever_is_wrong_with_the_server_has_its_exit_code() {
    let server = Cluster::start(&Setup::default());
    let district = Invented::new(&server, Shape::S52);
    let url = server.url("postgres", &district.database);
    let down = ExitCode::Source;

    refused(
        "hunter2",
        &url,
        down,
        &["password authentication failed", "Check the password of role postgres"],
        &[],
    );
    let (code, value) = doctor("hunter2", &url, &[]);
    assert_eq!(code, down);
    ended(&value, "reachable", "ok", &[]);
    ended(&value, "login", "fail", &["password authentication failed", "pg_hba.conf"]);
    ended(&value, "read-only", "skipped", &[]);
    ended(&value, "tables", "skipped", &["not open"]);

    refused(
        SUPERUSER_PASSWORD,
        &server.url("postgres", "nowhere"),
        down,
        &["\"nowhere\" does not exist"],
        &[],
    );
    refused(
        SUPERUSER_PASSWORD,
        &server.url("postgres", "postgres"),
        down,
        &["does not look like an Ed-Fi ODS"],
        &[],
    );
    let tls = ["--ssl-mode", "require"];
    refused(SUPERUSER_PASSWORD, &url, down, &["TLS", "ssl = on"], &tls);
    let (code, value) = doctor(SUPERUSER_PASSWORD, &url, &tls);
    assert_eq!(code, down);
    ended(&value, "reachable", "ok", &[]);
    ended(&value, "tls", "fail", &["ssl = on"]);
    refused(SUPERUSER_PASSWORD, &url, ExitCode::Usage, &["sslrootcert"], &["--ssl-mode", "verify-ca"]);
    let unknown = format!("{url}?sslmod=require");
    refused(SUPERUSER_PASSWORD, &unknown, ExitCode::Usage, &["unknown key `sslmod`"], &[]);
    let (code, value) = doctor(SUPERUSER_PASSWORD, &unknown, &[]);
    assert_eq!(code, ExitCode::Usage);
    ended(&value, "reachable", "fail", &["unknown key `sslmod`", "configuration"]);
    refused(SUPERUSER_PASSWORD, "mysql://reader@db/ods", down, &["none of PostgreSQL"], &[]);
    // The year is given a second time by `--set`, which loses to the flag: name another one by the environment.
    let out = district.at("year.zip");
    let arguments = export_arguments(&url, out.to_str().unwrap());
    let other: Vec<&str> = arguments.iter().map(|a| if *a == "2025" { "2019" } else { a }).collect();
    let said = run(SUPERUSER_PASSWORD, &other);
    assert_eq!(said.code, ExitCode::Refused, "{}", said.err);
    assert!(said.err.contains("no classes in school year 2019") && !out.exists(), "{}", said.err);

    server.psql(&district.database, "ALTER TABLE edfi.section RENAME TO section_before");
    refused(SUPERUSER_PASSWORD, &url, down, &["table edfi.section is missing"], &[]);
    // A view does as well as a table.
    server.psql(&district.database, "CREATE VIEW edfi.section AS SELECT * FROM edfi.section_before");
    let expected = export(&district.folder(), &district.at("extracts.zip"), &[]);
    assert!(export(&url, &district.at("view.zip"), &[]) == expected);
    server.psql(
        &district.database,
        "DROP VIEW edfi.section; ALTER TABLE edfi.section_before RENAME TO section;
         ALTER TABLE edfi.session ALTER enddate TYPE timestamptz;",
    );
    refused(
        SUPERUSER_PASSWORD,
        &url,
        down,
        &["column enddate of edfi.session", "timestamp with time zone"],
        &[],
    );

    server.stop_fast();
    refused(SUPERUSER_PASSWORD, &url, down, &["refused", "Check host and port"], &[]);
    let (code, value) = doctor(SUPERUSER_PASSWORD, &url, &[]);
    assert_eq!(code, down);
    ended(&value, "reachable", "fail", &["refused", "Check host and port"]);
    let out = district.at("snapshot");
    let said = run(
        SUPERUSER_PASSWORD,
        &["snapshot", "--source", &url, "--out", out.to_str().unwrap(), "--set", "connect_attempts=1"],
    );
    assert_eq!((said.code, out.exists()), (down, false), "{}", said.err);
}
