//! Tenants of several EdFi_Admin databases: the variables of the Alliance's service as they are, and `rosterpack tenants`.

use std::path::Path;

use serde_json::{Value, json};

use crate::edfi_admin::{Desk, KEY, OTHER_KEY, Said, Server, encrypted, expected};

/// Two EdFi_Admin databases, one per tenant, as `TENANTS_CONNECTION_CONFIG` names them.
fn two() -> (String, Vec<String>) {
    let server = Server::shared();
    let (first, second) = (server.admin(), server.admin());
    first
        .instance("2024-2025", Some(&encrypted(&server.string("north"), KEY)), &["schoolYear=2025"])
        .derivative("Snapshot", &encrypted(&server.string("north snapshot"), KEY))
        .instance("2023-2024", Some(&encrypted(&server.string("south"), OTHER_KEY)), &["schoolYear=2024"]);
    second.instance("2024-2025", Some(&server.string("south")), &["schoolYear=2025"]);
    let json = json!({
        "North": { "adminConnection": first.string() },
        "south": { "adminConnection": second.string(), "OdsInstances": {
            "9": { "ConnectionString": encrypted(&server.string("north snapshot"), KEY), "ContextValueByKey": { "schoolYear": "2026" } },
        } },
    });
    (json.to_string(), vec![first.database, second.database])
}

fn run(desk: &Desk, json: &str, arguments: &[&str]) -> Said {
    desk.run(&[("TENANTS_CONNECTION_CONFIG", json), ("ODS_CONNECTION_STRING_ENCRYPTION_KEY", KEY)], arguments)
}

#[test]
fn tenants_connection_config_loads_as_it_is() {
    let (json, _) = two();
    let desk = Desk::new("ods_instance = \"schoolYear=2025\"\n");
    let said = run(&desk, &json, &["export", "--tenant", "all", "--quiet"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.err.contains("North      0  published") && said.err.contains("2 of 2 tenants done"),
        "{}",
        said.err
    );
    assert!(desk.zip("North.zip") == expected("north", "North"));
    assert!(desk.zip("south.zip") == expected("south", "south"));
    // The file knows more of a tenant, and leaves where it is to the variable; case does not tell tenants apart.
    let table =
        "[tenants.north]\ntenant = \"N\"\nods_instance = \"2024-2025\"\n[tenants.east]\nplace = \"gone\"\n";
    let more = Desk::new(table);
    let said = run(&more, &json, &["export", "--tenant", "north", "--quiet"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(more.zip("N.zip") == expected("north", "N"));
    let said = run(&more, &json, &["export", "--tenant", "noth"]);
    assert!(said.code == 2 && said.err.contains("did you mean `north`?"), "{}", said.err);
    // What the variable lists comes before what EdFi_Admin has.
    let said = run(&desk, &json, &["export", "--tenant", "south", "--quiet", "--set", "ods_instance=9"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(desk.zip("south.zip") == expected("north snapshot", "south"));
    // A place that a flag names needs no variable, and no tenant of it.
    let url = Server::shared().url("south");
    let arguments = ["export", "--tenant", "other", "--source", &url, "--quiet"];
    let password = ("PGPASSWORD", crate::edfi_admin::ODS_PASSWORD);
    let said = desk.run(&[password, ("TENANTS_CONNECTION_CONFIG", "{")], &arguments);
    assert_eq!(said.code, 0, "{}", said.err);
    let said = run(&desk, "{\"a\": {}}", &["export", "--tenant", "a"]);
    assert!(said.code == 2 && said.err.contains("TENANTS_CONNECTION_CONFIG: a: it names no adminConnection"));
}

#[test]
fn connection_config_and_ods_instances_serve_a_single_tenant() {
    let server = Server::shared();
    let admin = server.admin();
    admin.instance("one", Some(&server.string("south")), &[]);
    let config = json!({ "adminConnection": admin.string() }).to_string();
    let desk = Desk::new("");
    let export = ["export", "--tenant", "t", "--quiet"];
    let said = desk.run(&[("CONNECTION_CONFIG", &config)], &export);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(desk.zip("t.zip") == expected("south", "t"));
    let listed = json!({ "5": { "ConnectionString": server.string("north") } }).to_string();
    let said = desk.run(&[("CONNECTION_CONFIG", &config), ("ODS_INSTANCES", &listed)], &export);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(desk.zip("t.zip") == expected("north", "t"));
}

/// The text with what differs from run to run taken out.
fn steady(text: &str, databases: &[String]) -> String {
    let server = Server::shared();
    let mut text = text.replace(&format!("127.0.0.1:{}/", server.cluster.port()), "SERVER/");
    for (n, database) in databases.iter().enumerate() {
        text = text.replace(&format!("SERVER/{database}"), &format!("SERVER/EdFi_Admin_{}", n + 1));
    }
    for (name, database) in &server.ods {
        text = text.replace(&format!("SERVER/{database}"), &format!("SERVER/{name}"));
    }
    text
}

#[test]
fn the_verb_shows_what_was_found_without_secrets() {
    let (json, databases) = two();
    let desk = Desk::new(
        "ods_instance = \"schoolYear=2025\"\nods_derivatives = \"Snapshot\"\n[tenants.east]\nplace = \"extracts\"\nschool_year = \"auto\"\n[tenants.west]\n\
         admin_connection = \"host=127.0.0.1 port=1 user=x dbname=gone\"\n",
    );
    let said = run(&desk, &json, &["tenants"]);
    assert_eq!(said.code, 3, "{}", said.err);
    let told = steady(&said.out, &databases);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tenants.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&golden, &told).unwrap();
    }
    assert_eq!(
        told,
        std::fs::read_to_string(&golden).unwrap_or_default(),
        "BLESS=1 cargo test --test tenants"
    );

    let said = run(&desk, &json, &["show-config", "--tenant", "North"]);
    let line = said.out.lines().find(|line| line.starts_with("admin_connection")).unwrap();
    assert!(line.contains("***") && line.ends_with("TENANTS_CONNECTION_CONFIG"), "{line}");

    let said = run(&desk, &json, &["tenants", "--json"]);
    let document: Value = serde_json::from_str(&said.out).unwrap();
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/tenants.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    let mut faults = Vec::new();
    crate::json_schema::check(&schema, &schema, &document, "$", &mut faults);
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(document["tenants"][0]["instance"]["derivative"], "Snapshot");
    assert_eq!(document["unread"].as_array().unwrap().len(), 1, "{document}");

    let said = run(&desk, &json, &["tenants", "--tenant", "s*"]);
    assert_eq!((said.code, said.out.lines().count()), (0, 2), "{}{}", said.out, said.err);
    // Nobody is configured yet: then EdFi_Admin itself is shown.
    let admin = Server::shared().admin();
    admin.instance("only", Some(&Server::shared().string("south")), &[]);
    let empty = Desk::new(&format!("[connections.c]\nadmin_connection = \"{}\"\n", admin.url()));
    let said = empty.ended(&["tenants"], 0);
    assert!(said.out.contains("1 (`only`) in EdFi_Admin at 127.0.0.1:"), "{}", said.out);
    let said = Desk::new("").ended(&["tenants"], 2);
    assert!(said.err.contains("there is no tenant, and no admin_connection"), "{}", said.err);
}
