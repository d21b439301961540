//! A database server: TLS, who we are there, what we could change, version and clock.
//!
//! In: an open PostgreSQL source, or why it did not open. Out: a check each. Reads no clock: the machine's is handed
//! in by the edge.

use super::{Check, Examination, Outcome, SERVER, World};
use crate::source::SourceError;
use crate::source::postgres::{OpeningStep, PostgresSource, SslMode};

/// Difference between two clocks, in milliseconds, that is worth a warning.
const APART: i64 = 120_000;

/// Checks of an open server.
pub fn examine(source: &PostgresSource, exam: &mut Examination<'_>) {
    let facts = source.facts();
    exam.add(tls(source));
    let login = format!("logged in as {}", facts.user);
    exam.add(Check::new("login", Outcome::Ok, login));
    let reader = "Use the role that templates/postgres/reader.sql makes: it can read exactly these tables.";
    exam.add(match (facts.is_superuser, facts.writable_tables.len()) {
        (false, 0) => Check::new("read-only", Outcome::Ok, "the role can change none of the tables that are read"),
        (true, _) => Check::new("read-only", Outcome::Warn, "the role is a superuser: nothing keeps it from writing but our own read-only transaction").advice(reader),
        (false, n) => {
            let found = format!("the role could change {n} of the tables; only our own read-only transaction keeps it from writing");
            let tables = facts.writable_tables.iter().map(|table| format!("edfi.{table}")).collect();
            Check::new("read-only", Outcome::Warn, found).details(tables).advice(reader)
        }
    });
    let mut version = format!("PostgreSQL {}, encoding {}", facts.version, facts.encoding);
    if let Some(suite) = &facts.suite {
        version += &format!(", Ed-Fi suite {suite}");
    }
    if facts.is_replica {
        version += ", a replica";
    }
    exam.add(Check::new("server-version", Outcome::Ok, version));
    let (granted, consistent) = (source.connections(), source.consistent());
    let moment =
        if consistent { "all tables show one moment" } else { "the tables may show different moments" };
    let found = format!("{granted} connections were granted; {moment}");
    exam.add(match consistent {
        true => Check::new("snapshot", Outcome::Ok, found),
        false => Check::new("snapshot", Outcome::Warn, found)
            .advice("Turn the shared snapshot on, or read by one connection (--connections 1)."),
    });
}

fn tls(source: &PostgresSource) -> Check {
    match (&source.facts().tls, source.ssl_mode(), source.is_local()) {
        (Some(tls), SslMode::VerifyFull, _) => {
            Check::new("tls", Outcome::Ok, format!("{tls}; the certificate names this host and is trusted"))
        }
        (Some(tls), mode, false) => Check::new(
            "tls",
            Outcome::Warn,
            format!("{tls}, but with sslmode {mode} any server could pass for this one"),
        )
        .advice("Use --ssl-mode verify-full, with --ssl-root-cert if the authority is the district's own."),
        (Some(tls), mode, true) => {
            Check::new("tls", Outcome::Ok, format!("{tls}, sslmode {mode}, on this machine"))
        }
        (None, _, true) => Check::new("tls", Outcome::Info, "no TLS, on this machine"),
        (None, mode, false) => Check::new(
            "tls",
            Outcome::Warn,
            format!("no TLS (sslmode {mode}): names and birthdays cross the network in the clear"),
        )
        .advice("Turn TLS on at the server and use --ssl-mode verify-full."),
    }
}

/// Checks of a server that did not open: which step failed, and which were passed.
pub fn refused(error: &SourceError, exam: &mut Examination<'_>) {
    let (found, advice) = match error {
        SourceError::Place { place, reason, remedy } => (format!("{place}: {reason}"), format!("{remedy}.")),
        other => (other.to_string(), String::new()),
    };
    let reached = || Check::new("reachable", Outcome::Ok, "the server answers");
    let fail = |name| Check::fail(name, World::Source, found.clone()).advice(advice.clone());
    let passed = match OpeningStep::of(error) {
        OpeningStep::Reach => {
            exam.add(fail("reachable"));
            0
        }
        OpeningStep::Tls => {
            exam.add(reached());
            exam.add(fail("tls"));
            1
        }
        OpeningStep::LogIn => {
            exam.add(reached());
            exam.skip(&["tls"], "the server let nobody in who could ask");
            exam.add(fail("login"));
            2
        }
        OpeningStep::Inside => {
            exam.add(reached());
            exam.skip(&["tls"], "the session ended before it could ask");
            exam.add(Check::new("login", Outcome::Ok, "the server let us in"));
            exam.add(fail("read-only"));
            3
        }
    };
    exam.skip(SERVER.get(passed..).unwrap_or_default(), "an earlier step failed");
    exam.skip(&["snapshot"], "an earlier step failed");
}

/// Compares the server's clock with the machine's, both in milliseconds since 1970-01-01 UTC.
pub fn clock(source: &PostgresSource, here: i64, machine: &str) -> Check {
    let facts = source.facts();
    let apart = facts.clock_milliseconds.saturating_sub(here);
    let seconds = apart.unsigned_abs() / 1000;
    let relation = match (seconds, apart) {
        (0, _) => "the server's clock agrees".to_owned(),
        (_, ahead) if ahead > 0 => format!("the server's clock is {seconds} s ahead"),
        _ => format!("the server's clock is {seconds} s behind"),
    };
    let found = format!("{machine}; {relation}, its time zone is {}", facts.time_zone);
    match apart.abs() > APART {
        true => Check::new("clock", Outcome::Warn, found)
            .advice("Let both machines take their time from one server (NTP)."),
        false => Check::new("clock", Outcome::Ok, found),
    }
}
