//! Whatever goes wrong is one clear error, soon, without a password, and nothing goes on after it.

use std::time::Duration;

use rosterpack::edfi::{self, SchemaError, contract};
use rosterpack::source::postgres::{ConnectionSettings, Options, PostgresSource, Retry, Secret};
use rosterpack::source::{Part, Source, SourceError};

use crate::cluster::{self, Cluster, SUPERUSER_PASSWORD, Setup};
use crate::ods;

fn refused(settings: &ConnectionSettings, options: &Options) -> String {
    let text = PostgresSource::open(settings, None, options).err().expect("it must not open").to_string();
    let secret = settings.password.as_ref().map(|_| SUPERUSER_PASSWORD).unwrap_or("no password");
    assert!(!text.contains(secret) && !text.contains("hunter2"), "{text}");
    text
}

/// Asserts that a text has all of these words.
fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
}

#[test]
fn wrong_password_unknown_database_and_unknown_role() {
    let server = cluster::shared();
    let patient = Options::default(); // ten attempts: these faults must not be tried again
    let good = ods::settings(server, "postgres");
    let wrong = ConnectionSettings { password: Some(Secret::new("hunter2")), ..good.clone() };
    says(
        &refused(&wrong, &patient),
        &["password authentication failed", "Check the password of role postgres"],
    );
    let none = ConnectionSettings { password: None, ..good.clone() };
    let remark = Some("The password file /home/x/.pgpass was ignored".to_owned());
    let text = PostgresSource::open(&none, remark, &patient).err().unwrap().to_string();
    says(&text, &["No password was given", "PGPASSWORD", ".pgpass was ignored"]);
    let nowhere = ConnectionSettings { database: "nowhere".into(), ..good.clone() };
    says(&refused(&nowhere, &patient), &["database \"nowhere\" does not exist", "psql -l", "/nowhere"]);
    let nobody = ConnectionSettings { user: "nobody".into(), ..good };
    says(&refused(&nobody, &patient), &["connecting as nobody", "Check the password"]);
}

#[test]
fn closed_port_is_tried_again_and_then_given_up() {
    // A port that was free a moment ago; nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings =
        ConnectionSettings::parse(&format!("postgres://reader@127.0.0.1:{port}/ods"), false).unwrap();
    let retry = Retry { attempts: 3, first: Duration::from_millis(1), max: Duration::from_millis(2) };
    let options = Options { retry, ..Options::default() };
    says(
        &refused(&settings, &options),
        &["connecting as reader", "refused", "Check host and port", &port.to_string()],
    );
}

#[test]
fn a_silent_host_is_given_up() {
    // Accepts connections (the backlog does) and never answers.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let settings =
        ConnectionSettings::parse(&format!("postgres://reader@127.0.0.1:{port}/ods"), false).unwrap();
    let options = Options { connect_timeout: Duration::from_millis(20), ..ods::impatient() };
    says(&refused(&settings, &options), &["nothing came from the server", "network"]);
}

#[test]
fn a_server_that_comes_up_is_waited_for() {
    // The first connection is closed at once, as a restarting proxy does it; the second is passed on.
    let server = cluster::shared();
    let database = ods::made(server, 10);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let target = server.port();
    let proxy = std::thread::spawn(move || {
        drop(listener.accept().unwrap());
        let (client, _) = listener.accept().unwrap();
        let upstream = std::net::TcpStream::connect(("127.0.0.1", target)).unwrap();
        let (mut a, mut b) = (client.try_clone().unwrap(), upstream.try_clone().unwrap());
        let back = std::thread::spawn(move || std::io::copy(&mut b, &mut a));
        let (mut a, mut b) = (client, upstream);
        let _ = std::io::copy(&mut a, &mut b);
        let _ = b.shutdown(std::net::Shutdown::Both);
        let _ = back.join();
    });
    let settings = ConnectionSettings { port, ..ods::settings(server, &database) };
    let retry = Retry { attempts: 5, first: Duration::from_millis(1), max: Duration::from_millis(2) };
    let source =
        PostgresSource::open(&settings, None, &Options { connections: 1, retry, ..Options::default() })
            .unwrap();
    assert_eq!(source.school_years().unwrap().len(), 2);
    drop(source);
    proxy.join().unwrap();
}

#[test]
fn a_database_without_an_ods_is_told() {
    let server = cluster::shared();
    let source = ods::open(server, "postgres", &ods::impatient()).unwrap();
    let error = edfi::resolve(source.catalog(), None, &[edfi::Part::Core]).unwrap_err();
    assert!(matches!(error, SchemaError::NotAnOds { .. }));
    says(&error.to_string(), &["does not look like an Ed-Fi ODS", "/postgres"]);
    says(&source.school_years().unwrap_err().to_string(), &["no table edfi.section"]);
}

#[test]
fn missing_permissions_are_listed_with_the_grant() {
    let server = cluster::shared();
    let database = ods::made(server, 10);
    server.psql(
        &database,
        "CREATE ROLE \"half reader\" LOGIN PASSWORD 'pw';
         GRANT USAGE ON SCHEMA edfi TO \"half reader\";
         GRANT SELECT (studentusi, studentuniqueid) ON edfi.student TO \"half reader\";",
    );
    let mut settings = ods::settings(server, &database);
    settings.user = "half reader".into();
    settings.password = Some(Secret::new("pw"));
    let source = PostgresSource::open(&settings, None, &ods::impatient()).unwrap();
    let requests =
        [&contract::sections::TABLE, &contract::students::TABLE, &contract::student_sections::TABLE]
            .map(|table| ods::request(&source, table, Some(2025)));
    let text = source.check(&requests).unwrap_err().to_string();
    says(
        &text,
        &[
            "role half reader may not read edfi.section, edfi.student, edfi.studentsectionassociation",
            "GRANT SELECT ON edfi.\"section\", edfi.\"student\", edfi.\"studentsectionassociation\" TO \"half reader\";",
        ],
    );
    // Reading without the check ends the same way, at the table.
    let text = source.read(&requests[0], Part::WHOLE, &mut |_| Ok(())).unwrap_err().to_string();
    says(&text, &["reading edfi.section", "permission denied", "reader.sql"]);
    assert!(source.facts().writable_tables.is_empty());

    // The grant that the message names is enough.
    let grant = source.check(&requests).unwrap_err().to_string();
    drop(source);
    let grant = grant.split_once("run: ").unwrap().1;
    server.psql(&database, grant);
    let source = PostgresSource::open(&settings, None, &ods::impatient()).unwrap();
    source.check(&requests).unwrap();
    assert_eq!(ods::rows(&source, &requests[1]).len(), 10);
}

#[test]
fn hidden_rows_are_an_error_and_not_a_loss() {
    let server = cluster::shared();
    let database = ods::made(server, 10);
    server.psql(
        &database,
        "CREATE ROLE filtered LOGIN PASSWORD 'pw';
         GRANT USAGE ON SCHEMA edfi TO filtered; GRANT SELECT ON ALL TABLES IN SCHEMA edfi TO filtered;
         ALTER TABLE edfi.student ENABLE ROW LEVEL SECURITY;
         CREATE POLICY few ON edfi.student FOR SELECT TO filtered USING (studentusi < 3);",
    );
    let mut settings = ods::settings(server, &database);
    settings.user = "filtered".into();
    settings.password = Some(Secret::new("pw"));
    let source = PostgresSource::open(&settings, None, &ods::impatient()).unwrap();
    let request = ods::request(&source, &contract::students::TABLE, None);
    let text = source.read(&request, Part::WHOLE, &mut |_| Ok(())).unwrap_err().to_string();
    says(&text, &["reading edfi.student", "row-level security"]);
}

#[test]
fn a_column_of_another_type_is_named_before_anything_is_read() {
    let server = cluster::shared();
    for (table, column, type_name) in [
        ("student", "studentusi", "text"),
        ("student", "firstname", "bytea USING NULL"),
        ("studentsectionassociation", "begindate", "timestamptz"),
        ("studentsectionassociation", "schoolyear", "varchar(4)"),
        ("studentsectionassociation", "homeroomindicator", "text"),
    ] {
        let database = ods::made(server, 5);
        server.psql(
            &database,
            &format!(
                "ALTER TABLE edfi.student DROP CONSTRAINT IF EXISTS student_pkey; ALTER TABLE edfi.{table} ALTER {column} DROP NOT NULL, ALTER {column} TYPE {type_name};"
            ),
        );
        let source = ods::open(server, &database, &ods::impatient()).unwrap();
        let contract =
            if table == "student" { &contract::students::TABLE } else { &contract::student_sections::TABLE };
        let request = ods::request(&source, contract, Some(2025));
        let error = source.check(std::slice::from_ref(&request)).unwrap_err().to_string();
        says(&error, &[&format!("column {column} of edfi.{table} is of type"), "cannot be read as"]);
        let read = source.read(&request, Part::WHOLE, &mut |_| panic!("nothing may be delivered"));
        assert_eq!(read.unwrap_err().to_string(), error);
    }
}

#[test]
fn values_that_do_not_fit_name_row_and_column_but_not_the_value() {
    let server = cluster::shared();
    let database = ods::made(server, 5);
    server.psql(
        &database,
        "ALTER TABLE edfi.studentsectionassociation ALTER begindate TYPE timestamp;
         UPDATE edfi.studentsectionassociation SET begindate = '2024-08-20 07:31:05';",
    );
    let source = ods::open(server, &database, &ods::impatient()).unwrap();
    let request = ods::request(&source, &contract::student_sections::TABLE, None);
    let error = source.read(&request, Part::WHOLE, &mut |_| Ok(())).unwrap_err();
    assert!(matches!(&error, SourceError::Content { line: 1, column: Some(c), .. } if c == "begindate"));
    says(&error.to_string(), &["edfi.studentsectionassociation", "time of day"]);
    assert!(!error.to_string().contains("07:31"));

    // A view that fails to convert: the server's message would quote the value.
    server.psql(
        &database,
        "ALTER TABLE edfi.student RENAME TO person;
         CREATE VIEW edfi.student AS SELECT firstname::int AS studentusi, studentuniqueid, firstname, lastsurname FROM edfi.person;",
    );
    let source = ods::open(server, &database, &ods::impatient()).unwrap();
    let request = ods::request(&source, &contract::students::TABLE, None);
    let text = source.read(&request, Part::WHOLE, &mut |_| Ok(())).unwrap_err().to_string();
    says(&text, &["reading edfi.student", "22P02"]);
    assert!(!text.contains("Zo"), "{text}");
}

/// Reads the biggest table and calls `strike` when the first batch has arrived.
fn struck(source: &PostgresSource, strike: impl FnOnce()) -> String {
    let request = ods::request(source, &contract::student_sections::TABLE, None);
    let mut strike = Some(strike);
    let text = source
        .read(&request, Part::WHOLE, &mut |_| {
            if let Some(strike) = strike.take() {
                strike();
            }
            Ok(())
        })
        .unwrap_err()
        .to_string();
    says(&text, &["reading edfi.studentsectionassociation"]);
    assert!(!text.contains(SUPERUSER_PASSWORD));
    // Nothing goes on: not with this table, not with another, and the source does not vouch.
    let next = source.read(&request, Part::WHOLE, &mut |_| panic!("nothing may be delivered")).unwrap_err();
    assert_eq!(next.to_string(), text, "whichever error is told, it is the first one");
    assert!(source.finish().is_err());
    text
}

/// Enough rows that they cannot all be on their way when the first batch is handed over.
const BIG: usize = 200_000;

#[test]
fn a_terminated_backend_ends_the_run() {
    let server = cluster::shared();
    let database = ods::made(server, BIG);
    let source = ods::open(server, &database, &ods::impatient()).unwrap();
    let text = struck(&source, || {
        server.psql(
            &database,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND state = 'active' AND application_name LIKE 'rosterpack/%';",
        );
    });
    assert!(
        text.contains("closed the connection") || text.contains("57P01") || text.contains("broke"),
        "{text}"
    );
}

#[test]
fn a_server_that_shuts_down_ends_the_run() {
    let server = Cluster::start(&Setup::default());
    let database = ods::made(&server, BIG);
    let source = ods::open(&server, &database, &ods::impatient()).unwrap();
    struck(&source, || server.stop_fast());
    let closed = refused(&ods::settings(&server, &database), &ods::impatient());
    says(&closed, &["refused", "Check host and port"]);
}

#[test]
fn an_idle_connection_that_is_gone_is_noticed_at_the_end() {
    let server = cluster::shared();
    let database = ods::made(server, 10);
    let source = ods::open(server, &database, &ods::impatient()).unwrap();
    server.psql(
        &database,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE 'rosterpack/%';",
    );
    says(&source.finish().unwrap_err().to_string(), &["the snapshot held to the end"]);
    assert!(source.school_years().is_err());
}

#[test]
fn statement_time_out_and_lock_time_out() {
    let server = cluster::shared();
    let database = ods::made(server, 10);
    server.psql(
        &database,
        "ALTER TABLE edfi.student RENAME TO person;
         CREATE VIEW edfi.student AS SELECT p.* FROM edfi.person p, pg_sleep(3600) WHERE studentusi > 0;",
    );
    let options = Options { statement_timeout: Some(Duration::from_secs(1)), ..ods::impatient() };
    let source = ods::open(server, &database, &options).unwrap();
    let request = ods::request(&source, &contract::students::TABLE, None);
    let text = source.read(&request, Part::WHOLE, &mut |_| Ok(())).unwrap_err().to_string();
    says(&text, &["reading edfi.student", "statement timeout", "Raise the statement time-out"]);

    let mut blocker = server.session(&database);
    blocker.run("BEGIN; LOCK TABLE edfi.section IN ACCESS EXCLUSIVE MODE;");
    let options = Options { lock_timeout: Some(Duration::from_millis(20)), ..ods::impatient() };
    let text = ods::open(server, &database, &options).err().unwrap().to_string();
    says(&text, &["locking the tables", "lock timeout", "VACUUM FULL"]);
}

#[test]
fn silence_in_the_middle_of_a_read_ends_it() {
    let server = cluster::shared();
    let database = ods::made(server, 10);
    server.psql(
        &database,
        "ALTER TABLE edfi.student RENAME TO person;
         CREATE VIEW edfi.student AS SELECT p.* FROM edfi.person p, pg_sleep(3600);",
    );
    let options = Options { silence: Duration::from_secs(1), ..ods::impatient() };
    let source = ods::open(server, &database, &options).unwrap();
    let request = ods::request(&source, &contract::students::TABLE, None);
    let text = source.read(&request, Part::WHOLE, &mut |_| Ok(())).unwrap_err().to_string();
    says(&text, &["reading edfi.student", "nothing came from the server for 1 s"]);
    drop(source);
    // The server does not go on for an hour with what nobody waits for.
    let ours = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'rosterpack/%'";
    for _ in 0..300 {
        if server.psql(&database, ours) == "0" {
            return;
        }
        server.psql(&database, "SELECT pg_sleep(0.1)");
    }
    panic!("the server still computes");
}

#[test]
fn a_sink_that_fails_ends_the_run_and_closes_the_connection() {
    let server = cluster::shared();
    let database = ods::made(server, BIG);
    let source = ods::open(server, &database, &ods::impatient()).unwrap();
    let request = ods::request(&source, &contract::student_sections::TABLE, None);
    let mut calls = 0;
    let error = source
        .read(&request, Part::WHOLE, &mut |_| {
            calls += 1;
            Err(SourceError::Capacity("the sink is full".into()))
        })
        .unwrap_err();
    assert!(matches!(error, SourceError::Capacity(text) if text == "the sink is full"));
    assert_eq!(calls, 1);
    assert!(source.read(&request, Part::WHOLE, &mut |_| Ok(())).is_err());
    drop(source);

    // A sink that panics does not leave another reader waiting for ever.
    let source = ods::open(server, &database, &ods::impatient()).unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        source.read(&request, Part::WHOLE, &mut |_| std::panic::resume_unwind(Box::new("sink")))
    }));
    assert!(panicked.is_err());
    says(&source.finish().unwrap_err().to_string(), &["broken off"]);
}

#[test]
fn a_failed_read_stops_those_beside_it() {
    let server = cluster::shared();
    let database = ods::made(server, BIG);
    let source = ods::open(server, &database, &ods::impatient()).unwrap();
    let request = ods::request(&source, &contract::student_sections::TABLE, None);
    let started = std::sync::Barrier::new(2);
    let failed = std::sync::Barrier::new(2);
    std::thread::scope(|scope| {
        let beside = scope.spawn(|| {
            let mut first = true;
            source.read(&request, Part::WHOLE, &mut |_| {
                if std::mem::take(&mut first) {
                    started.wait();
                    failed.wait();
                }
                Ok(())
            })
        });
        started.wait();
        let error = source.read(&request, Part::WHOLE, &mut |_| Err(SourceError::Capacity("full".into())));
        assert!(error.is_err());
        failed.wait();
        // It repeats what failed first, since nobody can say which of the two errors is told.
        says(&beside.join().unwrap().unwrap_err().to_string(), &["reading edfi.", "full"]);
    });
}
