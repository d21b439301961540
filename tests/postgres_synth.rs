//! `rosterpack synth --to` against a real PostgreSQL server: an empty database becomes an ODS that exports to the bytes
//! of the extracts; any other is refused and left as it was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests, which may fail loudly

#[path = "support/postgres.rs"]
mod cluster;

use std::path::Path;

use cluster::SUPERUSER_PASSWORD;
use rosterpack::cli::{self, Clock, ExitCode, Process};
use rosterpack::day::Day;

/// Exit code, stdout and stderr of a command line run inside of this process.
fn run(password: &str, arguments: &[&str]) -> (ExitCode, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = cli::run(
        std::iter::once("rosterpack").chain(arguments.iter().copied()).map(Into::into),
        &mut Process {
            environment: vec![
                ("PGPASSWORD".into(), password.into()),
                ("ROSTERPACK__SOURCE__CONNECT_ATTEMPTS".into(), "1".into()),
            ],
            today: Day::from_ymd(2024, 10, 1).unwrap(),
            clock: || Clock { utc_milliseconds: 0, offset_minutes: 0 },
            out: &mut out,
            err: &mut err,
            terminal: false,
            signals: false,
        },
    );
    let (out, err) = (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap());
    for secret in [SUPERUSER_PASSWORD, "hunter2"] {
        assert!(!out.contains(secret) && !err.contains(secret), "{out}{err}");
    }
    (code, out, err)
}

fn export(source: &str, out: &Path) -> Vec<u8> {
    let out_text = out.to_str().unwrap();
    let (code, _, err) = run(
        SUPERUSER_PASSWORD,
        &[
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
            "--out",
            out_text,
        ],
    );
    assert_eq!(code, ExitCode::Published, "{err}");
    std::fs::read(out).unwrap()
}

#[test]
fn a_filled_database_exports_to_the_bytes_of_the_extracts() {
    let server = cluster::shared();
    for standard in ["4.0", "5.2"] {
        let temp = tempfile::tempdir().unwrap();
        let database = server.database("");
        let url = server.url("postgres", &database);
        let folder = temp.path().join("ods");
        let what = ["synth", "--students", "700", "--seed", "3", "--traps=safe", "--data-standard", standard];
        let (code, out, err) = run(SUPERUSER_PASSWORD, &[&what[..], &["--to", &url]].concat());
        assert_eq!(
            (code, out),
            (ExitCode::Published, format!("127.0.0.1:{}/{database}\n", server.port())),
            "{err}"
        );
        let (code, _, same) =
            run(SUPERUSER_PASSWORD, &[&what[..], &["--out", folder.to_str().unwrap()]].concat());
        assert_eq!((code, same), (ExitCode::Published, err), "rows per table");
        let from_database = export(&url, &temp.path().join("a.zip"));
        let from_extracts = export(folder.to_str().unwrap(), &temp.path().join("b.zip"));
        assert!(from_database == from_extracts && from_database.len() > 100_000, "{standard}");

        let ask = |sql: &str| server.psql(&database, sql);
        assert_eq!(ask("SELECT util.getedfistandardversion()"), standard);
        let keys = "SELECT count(*) = (SELECT count(*) FROM pg_tables WHERE schemaname = 'edfi')
                    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE n.nspname = 'edfi' AND i.indisprimary";
        assert_eq!(ask(keys), "t");
        let estimated = ask("SELECT reltuples FROM pg_class WHERE oid = 'edfi.student'::regclass");
        assert_eq!(estimated, ask("SELECT count(*) FROM edfi.student"));
    }
}

#[test]
fn keys_are_left_out_on_demand() {
    let server = cluster::shared();
    let database = server.database("");
    let url = server.url("postgres", &database);
    let (code, _, err) = run(SUPERUSER_PASSWORD, &["synth", "--students", "9", "--no-keys", "--to", &url]);
    assert_eq!(code, ExitCode::Published, "{err}");
    assert_eq!(
        server.psql(
            &database,
            "SELECT count(*) FROM pg_constraint WHERE contype = 'p' AND connamespace = 'edfi'::regnamespace"
        ),
        "0"
    );
}

#[test]
fn what_is_not_empty_is_refused_and_stays() {
    let server = cluster::shared();
    for schema in ["edfi", "util"] {
        let database = server.database("");
        server.psql(
            &database,
            &format!("CREATE SCHEMA {schema}; CREATE TABLE {schema}.student AS SELECT 7 AS dear"),
        );
        let url = server.url("postgres", &database);
        let (code, out, err) = run(SUPERUSER_PASSWORD, &["synth", "--students", "9", "--to", &url]);
        assert_eq!((code, out.as_str()), (ExitCode::Output, ""));
        assert!(err.contains(&format!("already has schema {schema}")) && err.contains(&database), "{err}");
        assert!(err.contains("createdb") && err.contains("nothing was changed"), "{err}");
        assert_eq!(server.psql(&database, &format!("SELECT dear FROM {schema}.student")), "7");
        let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname IN ('edfi', 'util')";
        assert_eq!(server.psql(&database, schemas), "1");
    }
}

#[test]
fn whatever_goes_wrong_leaves_an_empty_database() {
    let server = cluster::shared();
    let database = server.database("");
    let url = server.url("postgres", &database);
    let synth = |password: &str, to: &str| run(password, &["synth", "--students", "9", "--to", to]);
    // A role that may log in and make nothing.
    server.psql(&database, &format!("CREATE ROLE synth_guest LOGIN PASSWORD '{SUPERUSER_PASSWORD}'"));
    let (code, _, err) = synth(SUPERUSER_PASSWORD, &server.url("synth_guest", &database));
    assert_eq!(code, ExitCode::Output);
    assert!(err.contains("creating the schemas") && err.contains("permission denied"), "{err}");
    let (code, _, err) = synth("wrong", &url);
    assert_eq!(code, ExitCode::Output);
    assert!(err.contains("cannot write an invented ODS to 127.0.0.1") && err.contains("password"), "{err}");
    let (code, _, err) = synth("wrong", &url.replace("postgres@", "postgres:hunter2@"));
    assert_eq!(code, ExitCode::Usage);
    assert!(err.contains("holds a password"), "{err}");
    let (code, _, err) = synth("wrong", "mysql://hunter2@there/ods");
    assert_eq!(code, ExitCode::Usage);
    assert!(err.contains("names no PostgreSQL database"), "{err}");
    let (code, _, err) = run("wrong", &["synth", "--students", "99999999", "--to", &url]);
    assert_eq!(code, ExitCode::Usage, "{err}");
    // A server that refuses when every table is full already.
    server.psql(
        &database,
        "CREATE FUNCTION stop() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'enough'; END $$;
         CREATE EVENT TRIGGER stop ON ddl_command_start WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION stop();",
    );
    let (code, out, err) = synth(SUPERUSER_PASSWORD, &url);
    assert_eq!((code, out.as_str()), (ExitCode::Output, ""));
    assert!(err.contains("making the primary key of edfi.") && err.contains("enough"), "{err}");
    assert_eq!(
        server.psql(&database, "SELECT count(*) FROM pg_namespace WHERE nspname IN ('edfi', 'util')"),
        "0"
    );
}
