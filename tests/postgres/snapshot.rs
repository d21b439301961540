//! All tables show one moment, whatever others do meanwhile.

use rosterpack::edfi::contract;
use rosterpack::source::postgres::{Options, PostgresSource, Secret, Snapshot};
use rosterpack::source::{Part, Source};

use crate::cluster;
use crate::ods;

#[test]
fn a_writer_changes_nothing_for_a_run_under_way() {
    let server = cluster::shared();
    let database = ods::made(server, 2000);
    let source = ods::open(server, &database, &ods::impatient()).unwrap();
    assert!(source.consistent());
    let facts = ods::request(&source, &contract::student_sections::TABLE, None);
    let people = ods::request(&source, &contract::students::TABLE, None);

    // The writer strikes in the middle of the first table: it deletes, moves and adds rows of both.
    let mut struck = false;
    let mut rows = 0;
    source
        .read(&facts, Part::WHOLE, &mut |batch| {
            rows += batch.rows();
            if !std::mem::replace(&mut struck, true) {
                server.psql(
                    &database,
                    "DELETE FROM edfi.studentsectionassociation WHERE studentusi > 1000;
                     DELETE FROM edfi.student WHERE studentusi > 1000;
                     UPDATE edfi.studentsectionassociation SET enddate = date '2024-12-24';
                     INSERT INTO edfi.student SELECT n, 'N' || n, 'New', NULL, 'New', date '2011-01-01' FROM generate_series(5001, 6000) n;",
                );
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(rows, 4000);
    // Both connections, at once: one of them has not read anything before the writer came.
    std::thread::scope(|scope| {
        let readers = [(&people, 2000), (&facts, 4000), (&people, 2000)]
            .map(|(request, count)| (scope.spawn(|| ods::rows(&source, request)), count));
        for (reader, count) in readers {
            let rows = reader.join().unwrap();
            assert_eq!(rows.len(), count);
            assert!(!rows.iter().flatten().any(|cell| cell == "2024-12-24" || cell == "New"));
        }
    });
    source.finish().unwrap();

    let later = ods::open(server, &database, &ods::impatient()).unwrap();
    assert_eq!(ods::rows(&later, &people).len(), 2000);
    assert_eq!(ods::rows(&later, &facts).len(), 2000);
}

#[test]
fn tables_cannot_be_emptied_under_a_run() {
    // TRUNCATE ignores snapshots: without the lock the table would look empty, in silence.
    let server = cluster::shared();
    let database = ods::made(server, 500);
    let source = ods::open(server, &database, &ods::impatient()).unwrap();
    let refused =
        server.try_psql(&database, "SET lock_timeout = '50ms'; TRUNCATE edfi.studentsectionassociation;");
    assert!(refused.unwrap_err().contains("lock timeout"));
    let request = ods::request(&source, &contract::student_sections::TABLE, None);
    assert_eq!(ods::rows(&source, &request).len(), 1000);
    drop(source);
    server.psql(&database, "SET lock_timeout = '10s'; TRUNCATE edfi.studentsectionassociation;");
}

#[test]
fn without_a_shared_snapshot_consistency_is_not_promised() {
    let server = cluster::shared();
    let database = ods::made(server, 2000);
    let off = Options { snapshot: Snapshot::Off, ..ods::impatient() };
    let source = ods::open(server, &database, &off).unwrap();
    assert_eq!(source.connections(), 2);
    assert!(!source.consistent());
    // Rows move between two snapshots: parts by position would lose or double them.
    assert_eq!(source.parts("studentsectionassociation"), 1);
    let request = ods::request(&source, &contract::student_sections::TABLE, None);
    assert_eq!(ods::rows(&source, &request).len(), 4000);
    source.finish().unwrap();

    let alone = ods::open(server, &database, &Options { connections: 1, ..off }).unwrap();
    assert!(alone.consistent(), "one transaction is one moment");
}

#[test]
fn fewer_connections_are_used_when_fewer_are_granted() {
    let server = cluster::shared();
    let database = ods::made(server, 1000);
    server.psql(
        &database,
        "CREATE ROLE modest LOGIN PASSWORD 'pw' CONNECTION LIMIT 2;
         GRANT USAGE ON SCHEMA edfi TO modest; GRANT SELECT ON ALL TABLES IN SCHEMA edfi TO modest;",
    );
    let mut settings = ods::settings(server, &database);
    settings.user = "modest".into();
    settings.password = Some(Secret::new("pw"));
    let options = Options { connections: 8, ..Options::default() };
    let source = PostgresSource::open(&settings, None, &options).unwrap();
    assert_eq!(source.connections(), 2);
    let request = ods::request(&source, &contract::student_sections::TABLE, None);
    assert_eq!(ods::rows(&source, &request).len(), 2000);
    source.finish().unwrap();

    // Not even one: an error, after the attempts that are allowed.
    let refused = PostgresSource::open(&settings, None, &ods::impatient()).err().unwrap().to_string();
    assert!(refused.contains("too many connections") && refused.contains("fewer connections"), "{refused}");
    drop(source);
}
