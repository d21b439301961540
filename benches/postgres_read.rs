//! How fast rows leave PostgreSQL.
//!
//! First the decoder alone, on a COPY stream that is recorded in memory: no server, no network. Then, where
//! PostgreSQL is installed, the whole source against `psql` running the same COPY statements to nowhere, on as
//! many connections, in alternating pairs: the ratio is what counts (the budget is 1.2). `BENCH_ROWS` sets the
//! number of section associations, `BENCH_PAIRS` the number of pairs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a bench

mod support;

use std::hint::black_box;
use std::time::Instant;

use rosterpack::edfi::contract::student_sections;
use rosterpack::source::postgres::{ConnectionSettings, Options, PostgresSource, Secret};
use rosterpack::source::{ColumnRequest, Part, Request, Source};
use support::{cluster, median};

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

const CONNECTIONS: usize = 2;

fn against_psql(rows: usize, pairs: usize) {
    let server = cluster::Cluster::start(&cluster::Setup {
        settings: "shared_buffers = 1GB",
        ..cluster::Setup::default()
    });
    let database = server.database("");
    server.psql(
        &database,
        &format!(
            "CREATE SCHEMA edfi;
             CREATE TABLE edfi.studentsectionassociation (studentusi int NOT NULL, localcoursecode varchar(60) NOT NULL,
                schoolid bigint NOT NULL, schoolyear smallint NOT NULL, sessionname varchar(60) NOT NULL,
                sectionidentifier varchar(255) NOT NULL, begindate date NOT NULL, enddate date, homeroomindicator boolean,
                discriminator varchar(128), createdate timestamp, lastmodifieddate timestamp, id uuid, changeversion bigint);
             INSERT INTO edfi.studentsectionassociation
                SELECT n, 'ALG-' || n % 997, 255901001 + n % 50, 2025, '2024-2025 Fall Semester', '25590100102Trad220ALG' || n % 2801,
                       date '2024-08-20', NULL, NULL, NULL, now(), now(), gen_random_uuid(), n
                FROM generate_series(1, {rows}) n;
             VACUUM ANALYZE;"
        ),
    );
    let pages: u64 = server
        .psql(&database, "SELECT pg_relation_size('edfi.studentsectionassociation') / 8192")
        .parse()
        .unwrap();
    let list = "studentusi::int4, localcoursecode::text, schoolid::int8, schoolyear::int2, sessionname::text, sectionidentifier::text, begindate::date, enddate::date, homeroomindicator::bool";
    let halves: Vec<String> = (0..CONNECTIONS as u64)
        .map(|n| {
            let (from, to) = (pages * n / CONNECTIONS as u64, pages * (n + 1) / CONNECTIONS as u64);
            let to = if n + 1 == CONNECTIONS as u64 { u64::from(u32::MAX) } else { to };
            format!(
                "\\o /dev/null\nCOPY (SELECT {list} FROM edfi.studentsectionassociation WHERE schoolyear = 2025 AND ctid >= '({from},0)'::tid AND ctid < '({to},0)'::tid) TO STDOUT (FORMAT binary);"
            )
        })
        .collect();
    let floor = || {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for half in &halves {
                scope.spawn(|| server.psql_over_tcp(&database, half));
            }
        });
        start.elapsed().as_secs_f64()
    };
    let mut settings = ConnectionSettings::parse(&server.url("postgres", &database), false).unwrap();
    settings.password = Some(Secret::new(cluster::SUPERUSER_PASSWORD));
    let request = Request {
        table: "studentsectionassociation".into(),
        columns: student_sections::TABLE
            .columns
            .iter()
            .map(|c| ColumnRequest { name: Some(c.name.into()), kind: c.kind })
            .collect(),
        year: Some(("schoolyear".into(), 2025)),
    };
    let ours = || {
        let start = Instant::now();
        let source = PostgresSource::open(
            &settings,
            None,
            &Options { connections: CONNECTIONS, ..Options::default() },
        )
        .unwrap();
        let of = source.parts("studentsectionassociation");
        assert_eq!(of, CONNECTIONS);
        let read: u64 = std::thread::scope(|scope| {
            let (source, request) = (&source, &request);
            let readers: Vec<_> = (0..of)
                .map(|index| {
                    scope.spawn(move || {
                        source
                            .read(request, Part { index, of }, &mut |batch| {
                                black_box(batch);
                                Ok(())
                            })
                            .unwrap()
                            .rows
                    })
                })
                .collect();
            readers.into_iter().map(|reader| reader.join().unwrap()).sum()
        });
        source.finish().unwrap();
        assert_eq!(read, rows as u64);
        start.elapsed().as_secs_f64()
    };
    floor(); // warm
    ours();
    let runs: Vec<(f64, f64)> = (0..pairs).map(|_| (floor(), ours())).collect();
    println!(
        "{rows} section associations on {CONNECTIONS} connections: psql {:.2} s, source {:.2} s, ratio {:.2} (medians of {pairs} pairs; the source's time includes connecting and the catalog)",
        median(runs.iter().map(|r| r.0).collect()),
        median(runs.iter().map(|r| r.1).collect()),
        median(runs.iter().map(|r| r.1 / r.0).collect()),
    );
}

fn main() {
    support::decoder::alone(1_000_000, 7);
    if std::path::Path::new("/usr/lib/postgresql").exists() {
        against_psql(number("BENCH_ROWS", 1_200_000), number("BENCH_PAIRS", 7));
    } else {
        println!("PostgreSQL is not installed: the comparison with psql was left out");
    }
}
