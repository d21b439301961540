//! From EdFi_Admin to an ODS: encrypted, plain, forged and wrong-key strings, contexts and derivatives, on a private server.

use crate::edfi_admin::{ADMIN_PASSWORD, Admin, Desk, KEY, OTHER_KEY, Server, encrypted, expected};

/// An EdFi_Admin in which everything can go right and wrong.
fn admin() -> Admin {
    let server = Server::shared();
    let admin = server.admin();
    let (north, south) = (server.string("north"), server.string("south"));
    let sealed = encrypted(&north, KEY);
    // The last sign before the padding carries bits of the code.
    let forged = match sealed.strip_suffix('=') {
        Some(rest) => {
            format!("{}{}=", &rest[..rest.len() - 4], if rest.ends_with("AAAA") { "BBBB" } else { "AAAA" })
        }
        None => panic!("a code of 32 bytes is padded"),
    };
    admin
        .instance("north", Some(&sealed), &["schoolYear=2025", "district=9"])
        .derivative("Snapshot", &encrypted(&server.string("north snapshot"), KEY))
        .instance("south", Some(&south), &["schoolYear=2025"])
        .instance("forged", Some(&forged), &["schoolYear=2024"])
        .instance("wrong key", Some(&encrypted(&south, OTHER_KEY)), &[])
        .instance("blank", None, &[])
        .instance(
            "another server",
            Some("Data Source=sql;Initial Catalog=EdFi_Ods;Password=planted-elsewhere"),
            &[],
        )
        .instance("unquoted", Some("Host=a;Username=x;Password=x;planted-elsewhere=1;Database=y"), &[])
        .instance(
            "nowhere",
            Some("Host=127.0.0.1;Port=1;Username=x;Password=planted-elsewhere;Database=gone"),
            &[],
        );
    admin
}

fn desk(admin: &Admin, tables: &str) -> Desk {
    Desk::new(&format!(
        "[connections.state]\nadmin_connection = \"{}\"\nencryption_key_file = \"key\"\n{tables}",
        admin.url()
    ))
}

#[test]
fn encrypted_and_plain_strings_lead_to_the_same_bytes_as_the_addresses_themselves() {
    let admin = admin();
    let tables = "[tenants.north]\nconnection = \"state\"\node_instance = \"x\"\n";
    let fault = desk(&admin, tables).ended(&["export", "--tenant", "north"], 2);
    assert!(fault.err.contains("did you mean `ods_instance`?"), "{}", fault.err);

    let desk = desk(
        &admin,
        "ods_instance = \"{tenant}\"\n[tenants.north]\nconnection = \"state\"\n[tenants.south]\nconnection = \"state\"\n",
    );
    for tenant in ["north", "south"] {
        let said = desk.ended(&["export", "--tenant", tenant, "--report", "report.json"], 0);
        assert!(said.err.contains(&Server::shared().ods[tenant]), "the database is named: {}", said.err);
        assert!(desk.zip(&format!("{tenant}.zip")) == expected(tenant, tenant), "{tenant}");
    }
}

#[test]
fn an_instance_is_named_by_name_id_or_contexts() {
    let admin = admin();
    let desk = desk(&admin, "[tenants.t]\nconnection = \"state\"\n");
    let expected = expected("north", "t");
    for instance in ["north", "1", "schoolYear=2025,district=9", "district=9"] {
        desk.ended(&["export", "--tenant", "t", "--quiet", "--set", &format!("ods_instance={instance}")], 0);
        assert!(desk.zip("t.zip") == expected, "{instance}");
        std::fs::remove_file(desk.at("t.zip")).unwrap();
    }
    let place = format!("EdFi_Admin at 127.0.0.1:{}/{}", admin.cluster.port(), admin.database);
    for (instance, says) in [
        (
            "nrth",
            "has no ODS instance `nrth`. There are 1 (`north`, district=9, schoolYear=2025), 2 (`south`, schoolYear=2025)",
        ),
        ("schoolYear=2026", "has no ODS instance `schoolYear=2026`"),
        (
            "schoolYear=2025",
            "has 2 ODS instances `schoolYear=2025`: 1 (`north`, district=9, schoolYear=2025), 2 (",
        ),
    ] {
        let said = desk.ended(&["export", "--tenant", "t", "--set", &format!("ods_instance={instance}")], 2);
        assert!(said.err.contains(&format!("{place} {says}")), "{}", said.err);
    }
    let said = desk.ended(&["export", "--tenant", "t"], 2);
    assert!(said.err.contains(&format!("{place} has 8 ODS instances: 1 (")), "{}", said.err);
    assert!(!desk.at("t.zip").exists());
}

#[test]
fn a_derivative_is_read_when_it_is_asked_for_and_its_absence_is_told() {
    let admin = admin();
    let desk = desk(
        &admin,
        "ods_derivatives = [\"Snapshot\", \"ReadReplica\"]\n[tenants.t]\nconnection = \"state\"\n",
    );
    let said = desk.ended(&["export", "--tenant", "t", "--quiet", "--set", "ods_instance=north"], 0);
    assert!(!said.err.contains("the ODS itself is read"), "{}", said.err);
    let snapshot = expected("north snapshot", "t");
    assert!(desk.zip("t.zip") == snapshot && snapshot != expected("north", "t"));
    let said = desk.ended(&["export", "--tenant", "t", "--quiet", "--set", "ods_instance=south"], 0);
    assert!(said.err.contains("has no Snapshot and no ReadReplica: the ODS itself is read"), "{}", said.err);
    assert!(desk.zip("t.zip") == expected("south", "t"));
    let said = desk.ended(&["doctor", "--tenant", "t", "--set", "ods_instance=1"], 0);
    let told = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("the Snapshot of ODS instance 1 (`north`, district=9"), "{told}");
}

#[test]
fn what_cannot_be_used_says_which_instance_and_what_to_do() {
    let admin = admin();
    let desk = desk(&admin, "[tenants.t]\nconnection = \"state\"\n");
    let key = "ApiSettings:OdsConnectionStringEncryptionKey";
    let cases: &[(&str, &[&str], i32, &[&str])] = &[
        (
            "forged",
            &[],
            2,
            &["ODS instance 3 (`forged`, schoolYear=2024)", "cannot be decrypted", "altered", key],
        ),
        ("wrong key", &[], 2, &["ODS instance 4 (`wrong key`)", "the key is another one", key]),
        ("blank", &[], 3, &["ODS instance 5 (`blank`)", "has no connection string"]),
        (
            "another server",
            &[],
            3,
            &[
                "ODS instance 6 (`another server`)",
                "cannot be used",
                "it is one of SQL Server",
                "extract.sql",
            ],
        ),
        ("nowhere", &[], 3, &["127.0.0.1:1/gone", "refused"]),
        ("unquoted", &[], 3, &["a key that is none of PostgreSQL's", "double quotes"]),
        (
            "north",
            &["encryption_key_file=gone"],
            2,
            &["encryption_key_file gone cannot be used: No such file"],
        ),
        (
            "north",
            &["encryption_key_file=rosterpack.toml"],
            2,
            &["rosterpack.toml cannot be used: it is not base64"],
        ),
        ("north", &["encryption_key_command=echo aHVudGVyMg=="], 2, &["both are set"]),
    ];
    for (instance, settings, code, says) in cases {
        let instance = format!("ods_instance={instance}");
        let mut arguments = vec!["export", "--tenant", "t", "--set", &instance];
        arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
        let said = desk.ended(&arguments, *code);
        for words in *says {
            assert!(said.err.contains(words), "{instance}: `{words}` is not in {}", said.err);
        }
        assert_eq!(said.out, "");
        assert!(!desk.at("t.zip").exists());
    }
}

#[test]
fn the_key_comes_from_a_variable_a_file_or_a_command_and_plain_strings_need_none() {
    let admin = admin();
    let desk = Desk::new(&format!(
        "[tenants.t]\nadmin_connection = \"{}\"\nods_instance = \"north\"\n",
        admin.url()
    ));
    let export = ["export", "--tenant", "t", "--quiet"];
    let password = ("PGPASSWORD", ADMIN_PASSWORD);
    let said = desk.run(&[password], &export);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(
        said.err.contains("is encrypted, and there is no key")
            && said.err.contains("ROSTERPACK_ENCRYPTION_KEY")
    );
    for variable in ["ROSTERPACK_ENCRYPTION_KEY", "ODS_CONNECTION_STRING_ENCRYPTION_KEY"] {
        assert_eq!(desk.run(&[password, (variable, KEY)], &export).code, 0, "{variable}");
    }
    // Ours wins over the Alliance's, and what the configuration names over both.
    let both =
        [password, ("ROSTERPACK_ENCRYPTION_KEY", OTHER_KEY), ("ODS_CONNECTION_STRING_ENCRYPTION_KEY", KEY)];
    assert_eq!(desk.run(&both, &export).code, 2);
    let by_command = [&export[..], &["--set", "encryption_key_command=cat key"]].concat();
    assert_eq!(desk.run(&both, &by_command).code, 0);
    let plain = [&export[..], &["--set", "ods_instance=south"]].concat();
    assert_eq!(desk.run(&[password], &plain).code, 0);
}

#[test]
fn secrets_are_refused_where_others_can_read_them() {
    let admin = admin();
    let secret = format!("postgres://admin_reader:planted-elsewhere@127.0.0.1:{}/x", admin.cluster.port());
    for (line, says) in [
        (format!("admin_connection = \"{secret}\""), "admin_connection: it holds a password"),
        (format!("encryption_key = \"{KEY}\""), "encryption_key_file = \"FILE\", encryption_key_command"),
        ("place = \"x\"\nadmin_connection = \"host=a\"".to_owned(), "a place is named at"),
    ] {
        let said = Desk::new(&format!("[tenants.t]\n{line}\n")).ended(&["export", "--tenant", "t"], 2);
        assert!(said.err.contains(says), "{}", said.err);
    }
    let desk = Desk::new("[tenants.t]\n");
    let said = desk.ended(&["export", "--tenant", "t", "--set", &format!("admin_connection={secret}")], 2);
    assert!(said.err.contains("ROSTERPACK__SOURCE__ADMIN_CONNECTION"), "{}", said.err);
    // In the environment a password is allowed, and never shown.
    let variables = [
        ("ROSTERPACK__SOURCE__ADMIN_CONNECTION", admin.string()),
        ("ROSTERPACK_ENCRYPTION_KEY", KEY.to_owned()),
    ];
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let said = desk.run(&variables, &["export", "--tenant", "t", "--quiet", "--set", "ods_instance=1"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let said = desk.run(&variables, &["show-config", "--tenant", "t"]);
    let line = said.out.lines().find(|line| line.starts_with("admin_connection")).unwrap();
    assert!(line.contains("***") && line.ends_with("ROSTERPACK__SOURCE__ADMIN_CONNECTION"), "{line}");
    // A place that is named more strongly than an admin_connection is read, and the other way round.
    let said = desk.run(&variables, &["export", "--tenant", "t", "--source", "gone"]);
    assert!(said.code == 3 && said.err.contains("gone"), "{}", said.err);
}

#[test]
fn the_shipped_role_reads_the_instances_and_nothing_else() {
    let admin = admin();
    let denied = admin.cluster.try_psql_as("admin_reader", &admin.database, "SELECT * FROM dbo.apiclients");
    assert!(denied.unwrap_err().contains("permission denied"));
    let desk = desk(&admin, "ods_instance = \"north\"\n[tenants.t]\nconnection = \"state\"\n");
    desk.ended(&["export", "--tenant", "t", "--quiet"], 0);
    admin.cluster.psql(&admin.database, "REVOKE SELECT ON dbo.odsinstancecontexts FROM admin_reader");
    let said = desk.ended(&["export", "--tenant", "t", "--quiet"], 3);
    let words = "role admin_reader may not read dbo.odsinstancecontexts. Let the owner run templates/postgres/admin_reader.sql";
    assert!(said.err.contains(words), "{}", said.err);
    // A database that is something else.
    let south = Server::shared().url("south").replace("ods_reader", "admin_reader");
    let wrong = ["export", "--tenant", "t", "--set", &format!("admin_connection={south}")];
    let said = desk.ended(&wrong, 3);
    assert!(said.err.contains("there is no table dbo.odsinstances"), "{}", said.err);
}

#[test]
fn tables_of_earlier_releases_are_read_too() {
    let server = Server::shared();
    let admin = server.admin();
    admin.instance("north", Some(&server.string("north")), &["schoolYear=2025"]).derivative("Snapshot", "x");
    admin.cluster.psql(
        &admin.database,
        "ALTER TABLE dbo.odsinstancecontexts RENAME TO odsinstancecontext;
         ALTER TABLE dbo.odsinstancecontext RENAME odsinstance_odsinstanceid TO odsinstanceid;
         DROP TABLE dbo.odsinstancederivatives;",
    );
    let desk = desk(
        &admin,
        "ods_instance = \"schoolYear=2025\"\nods_derivatives = \"Snapshot\"\n[tenants.t]\nconnection = \"state\"\n",
    );
    let said = desk.ended(&["export", "--tenant", "t", "--quiet"], 0);
    assert!(said.err.contains("has no Snapshot"), "{}", said.err);
    admin.cluster.psql(&admin.database, "ALTER TABLE dbo.odsinstances DROP COLUMN connectionstring");
    let said = desk.ended(&["export", "--tenant", "t", "--quiet"], 3);
    assert!(said.err.contains("of release 7 or later"), "{}", said.err);
}

#[test]
fn init_begins_with_what_edfi_admin_says() {
    let admin = admin();
    let desk = Desk::new("");
    std::fs::remove_file(desk.at("rosterpack.toml")).unwrap();
    let address = format!("admin_connection={}", admin.url());
    let settings = [address.as_str(), "ods_instance=north", "encryption_key_file=key", "connect_attempts=1"];
    let mut arguments = vec!["init", "--tenant", "t"];
    arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
    desk.ended(&arguments, 0);
    desk.ended(&["export", "--quiet"], 0);
    let shown = desk.ended(&["tenants"], 0);
    assert!(shown.out.contains("ODS instance 1 (`north`"), "{}", shown.out);
}
