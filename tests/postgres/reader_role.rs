//! The role that `templates/postgres/reader.sql` makes: enough for every read, and not a right more.

use std::path::Path;

use rosterpack::edfi::{self, Part as ContractPart, scripts};
use rosterpack::source::Source;
use rosterpack::source::postgres::{PostgresSource, Secret};

use crate::cluster;
use crate::ods;

#[test]
fn the_reader_role_reads_the_contract_and_writes_nothing() {
    let Some(folder) = ods::sample("grand-bend-ds52") else { return };
    let server = cluster::shared();
    let database = ods::load(server, &folder);
    server.psql(
        &database,
        "CREATE FUNCTION util.getedfistandardversion() RETURNS varchar LANGUAGE sql AS $$ SELECT '5.2' $$;
         REVOKE EXECUTE ON FUNCTION util.getedfistandardversion() FROM PUBLIC;",
    );
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/postgres/reader.sql");
    let role = "the \"reader\"";
    let variable = format!("reader={role}");
    server.psql_file(&database, &script, &[&variable]);
    server.psql_file(&database, &script, &[&variable]); // again: harmless
    server.psql(&database, "ALTER ROLE \"the \"\"reader\"\"\" PASSWORD 'pw'");

    let mut settings = ods::settings(server, &database);
    settings.user = role.into();
    settings.password = Some(Secret::new("pw"));
    let source = PostgresSource::open(&settings, None, &ods::impatient()).unwrap();
    assert_eq!(source.catalog().stated_standard.as_deref(), Some("5.2"));
    assert!(source.facts().writable_tables.is_empty() && !source.facts().is_superuser);
    let parts = [
        ContractPart::Core,
        ContractPart::OrgDetail,
        ContractPart::GradingPeriods,
        ContractPart::Demographics,
        ContractPart::Extensions,
        ContractPart::Parents,
    ];
    let resolved = edfi::resolve(source.catalog(), None, &parts).unwrap();
    let requests: Vec<_> = resolved.tables.iter().map(|t| t.request(2022)).collect();
    source.check(&requests).unwrap();
    let rows: usize = requests.iter().map(|request| ods::rows(&source, request).len()).sum();
    assert!(rows > 5000);
    source.school_years().unwrap();
    source.finish().unwrap();
    drop(source);

    // Exactly the tables of the contract, and no right but SELECT.
    let granted = server.psql(
        &database,
        "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
         WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND relkind IN ('r', 'v')
           AND has_table_privilege('the \"reader\"', c.oid, 'SELECT') ORDER BY relname",
    );
    let known = scripts::physical_tables();
    let granted: Vec<&str> = granted.lines().collect();
    assert!(granted.iter().all(|table| known.contains(table)), "{granted:?}");
    let there: Vec<&str> =
        known.iter().copied().filter(|table| folder.join(table).with_extension("csv").exists()).collect();
    assert_eq!(granted, there);

    for (statement, reason) in [
        ("INSERT INTO edfi.schoolcategory VALUES (1, 1)", "read-only"),
        (
            "SET default_transaction_read_only = off; INSERT INTO edfi.schoolcategory DEFAULT VALUES",
            "permission denied",
        ),
        ("SET default_transaction_read_only = off; DELETE FROM edfi.student", "permission denied"),
        (
            "SET default_transaction_read_only = off; UPDATE edfi.student SET firstname = 'x'",
            "permission denied",
        ),
        ("SET default_transaction_read_only = off; TRUNCATE edfi.student", "permission denied"),
        ("SET default_transaction_read_only = off; CREATE TABLE edfi.x (a int)", "permission denied"),
        ("SET default_transaction_read_only = off; CREATE TABLE public.x (a int)", "permission denied"),
        ("SELECT * FROM edfi.bellschedule", "permission denied"),
    ] {
        let refused = server.try_psql_as(role, &database, statement).unwrap_err();
        assert!(refused.contains(reason), "{statement}: {refused}");
    }
}
