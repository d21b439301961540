//! A slow server and a slow network make an export slow and change nothing else; a signal ends it at once, whatever it
//! waits for, with no output, no leftover and no query that goes on.
#![cfg(unix)]
// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/postgres.rs"]
mod cluster;
#[path = "support/narrow_line.rs"]
mod narrow_line;
#[allow(dead_code)] // shared with the tests of the source
#[path = "postgres/ods.rs"]
mod ods;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use assert_cmd::cargo::cargo_bin;
use cluster::{Cluster, SUPERUSER_PASSWORD, Setup};
use narrow_line::NarrowLine;
use rosterpack::synth::{Shape, SynthPlan, Traps};

/// What stood at the target before.
const LAST_NIGHT: &[u8] = b"last night's package";

/// A run of the binary whose target is `roster.zip` in this folder, and which reports as far as it can.
fn command(verb: &str, source: &str, folder: &Path) -> Command {
    let mut command = Command::new(cargo_bin!("rosterpack"));
    command
        .args([
            verb,
            "--source",
            source,
            "--tenant",
            "demo",
            "--school-year",
            "2025",
            "--as-of",
            "2024-10-01",
        ])
        .args(["--demographics", "--parents", "--set", "gradebook=true", "--set", "connect_attempts=1"])
        .arg("--out")
        .arg(folder.join("roster.zip"))
        .env("PGPASSWORD", SUPERUSER_PASSWORD)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn at_port(database: &str, port: u16) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/{database}")
}

fn district(server: &Cluster, students: u64) -> String {
    let plan = SynthPlan { students, standard: Shape::S52, traps: Traps::Safe, ..SynthPlan::default() };
    ods::invented(server, &plan)
}

/// The package of an export.
fn exported(source: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let Output { status, stderr, .. } = command("export", source, folder.path()).output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    assert_eq!(entries(folder.path()), ["roster.zip"]);
    fs::read(folder.path().join("roster.zip")).unwrap()
}

fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Makes a table a view of itself whose rows pass only as `condition` lets them.
fn instead(server: &Cluster, database: &str, table: &str, condition: &str) {
    server.psql(
        database,
        &format!(
            "ALTER TABLE edfi.{table} RENAME TO {table}_itself;
             CREATE VIEW edfi.{table} AS SELECT t.* FROM edfi.{table}_itself t, {condition};"
        ),
    );
}

#[test]
fn a_slow_network_changes_no_byte() {
    let server = cluster::shared();
    let database = district(server, 60);
    let expected = exported(&server.url("postgres", &database));
    let line = NarrowLine::trickling(server.port());
    assert!(exported(&at_port(&database, line.port)) == expected);
    // It was narrow: the messages of whole tables came in pieces that are smaller than most of their rows.
    assert!(line.bytes() > 100_000, "{} bytes", line.bytes());
    assert!(line.pieces() > line.bytes() / 1000, "{} pieces of {} bytes", line.pieces(), line.bytes());
}

#[test]
fn a_slow_server_changes_no_byte() {
    let server = cluster::shared();
    let database = district(server, 40);
    let source = server.url("postgres", &database);
    let expected = exported(&source);
    // A table that the others refer to, one of people, and the largest: what refers to them waits longer for them.
    instead(server, &database, "school", "LATERAL (SELECT pg_sleep(0.02 + 0 * t.schoolid)) slow");
    instead(server, &database, "student", "LATERAL (SELECT pg_sleep(0.002 + 0 * t.studentusi)) slow");
    instead(server, &database, "studentsectionassociation", "LATERAL (SELECT pg_sleep(0.1)) slow");
    assert!(exported(&source) == expected);
}

/// What the server is doing for us in a database: queries of sessions that have not ended.
fn queries(server: &Cluster, database: &str) -> String {
    server.psql(
        "postgres",
        &format!(
            "SELECT pid, state, wait_event, left(query, 60) FROM pg_stat_activity
             WHERE datname = '{database}' AND application_name LIKE 'rosterpack/%'"
        ),
    )
}

/// Returns when what the server does for us satisfies a condition. Bounded: the server waits a tenth of a second
/// between two looks.
fn wait_until(server: &Cluster, database: &str, what: &str, condition: impl Fn(&str) -> bool) {
    let mut last = String::new();
    for _ in 0..300 {
        last = queries(server, database);
        if condition(&last) {
            return;
        }
        server.psql("postgres", "SELECT pg_sleep(0.1)");
    }
    panic!("{what} never came; the server still does:\n{last}");
}

/// Starts a run, waits until it is held up, sends a signal, and sees to it that nothing is left: neither on this
/// machine nor on the server.
fn ended_by(signal: &str, verb: &str, server: &Cluster, database: &str, source: &str, held: impl FnOnce()) {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("roster.zip");
    fs::write(&target, LAST_NIGHT).unwrap();
    let child = command(verb, source, folder.path()).spawn().unwrap();
    held();
    let killed = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&stderr);
    if signal == "-KILL" {
        assert_eq!(status.code(), None);
    } else {
        assert_eq!(status.code(), Some(130), "{signal}: {told}");
        // A partial file is litter; of a killed process it cannot be helped.
        assert_eq!(entries(folder.path()), ["roster.zip"], "{signal}");
    }
    assert_eq!(fs::read(&target).unwrap(), LAST_NIGHT, "{signal}");
    assert_eq!(stdout, b"", "{signal}");
    assert!(!told.contains("error"), "the end of its own queries is no fault: {told}");
    wait_until(server, database, &format!("the end of all sessions after {signal}"), str::is_empty);
}

const SIGNALS: [&str; 3] = ["-INT", "-TERM", "-HUP"];

#[test]
fn a_signal_ends_a_run_that_waits_for_a_lock() {
    let server = cluster::shared();
    let database = district(server, 10);
    let mut blocker = server.session(&database);
    blocker.run("BEGIN; LOCK TABLE edfi.student IN ACCESS EXCLUSIVE MODE;");
    let source = server.url("postgres", &database);
    for signal in SIGNALS {
        ended_by(signal, "export", server, &database, &source, || {
            wait_until(server, &database, "the lock", |queries| queries.contains("|relation|LOCK TABLE"));
        });
    }
}

#[test]
fn a_signal_ends_a_run_for_which_the_server_computes() {
    let server = cluster::shared();
    let database = district(server, 10);
    // Two tables, so that both connections are held up.
    instead(server, &database, "student", "pg_sleep(3600)");
    instead(server, &database, "section", "pg_sleep(3600)");
    let source = server.url("postgres", &database);
    let held = || {
        wait_until(server, &database, "the reading", |queries| queries.matches("|PgSleep|COPY").count() == 2);
    };
    for signal in SIGNALS {
        ended_by(signal, "export", server, &database, &source, held);
    }
    // With no time left for anything, the server notices by itself.
    ended_by("-KILL", "export", server, &database, &source, held);
}

#[test]
fn a_signal_ends_a_run_whose_network_stands_still() {
    let server = cluster::shared();
    let database = district(server, 60);
    // Behind the login and the catalog, in the middle of the tables.
    for signal in SIGNALS {
        let line = NarrowLine::held_behind(server.port(), 120_000);
        ended_by(signal, "export", server, &database, &at_port(&database, line.port), || {
            line.wait_until_held();
        });
    }
}

/// A server with TLS takes the end of a query by TLS as well.
#[test]
fn a_signal_ends_queries_behind_tls() {
    let (certificate, key) = certificate();
    let server = Cluster::start(&Setup {
        settings: "ssl = on",
        hba: "hostnossl all all all reject\n",
        files: vec![("server.crt", certificate), ("server.key", key)],
    });
    let database = district(&server, 10);
    instead(&server, &database, "student", "pg_sleep(3600)");
    let source = format!("{}?sslmode=require", server.url("postgres", &database));
    ended_by("-TERM", "export", &server, &database, &source, || {
        wait_until(&server, &database, "the reading", |queries| queries.contains("|PgSleep|COPY"));
    });
    // Asked for, and not only noticed by a server that can.
    assert!(server.log().contains("canceling statement due to user request"), "{}", server.log());
}

/// A self-signed certificate and its key, in PEM form.
fn certificate() -> (Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| -> PathBuf { folder.path().join(name) };
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-keyout",
        ])
        .arg(at("key.pem"))
        .arg("-out")
        .arg(at("cert.pem"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(made.expect("openssl is needed: apt-get install -y openssl").success());
    (fs::read(at("cert.pem")).unwrap(), fs::read(at("key.pem")).unwrap())
}
