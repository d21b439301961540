//! Runs of the binary in a folder with a `rosterpack.toml`; what it tells is compared with `tests/golden/configuration`.

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::cargo::CommandCargoExt as _;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn run_in(folder: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = std::process::Command::cargo_bin("rosterpack").unwrap();
    command
        .env_clear()
        .envs(environment.iter().copied())
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    format!(
        "exit code {}\n--- stdout\n{}--- stderr\n{}",
        output.status.code().map_or("none".into(), |code| code.to_string()),
        text(&output.stdout),
        text(&output.stderr)
    )
}

fn golden(name: &str, output: &Output) {
    let told = told(output);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/configuration/{name}.txt"));
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &told).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(told, expected, "{}: BLESS=1 cargo test --test configuration", path.display());
}

const FILE: &str = r#"
include = "shared/connections.toml"

[defaults]
school_year = 2025
as_of = 2024-10-01
compression = 6
out = "packages/"

[tenants.north]
connection = "north"
student_email_type = "Organization"
end_dates = "inclusive"

[tenants.east]
tenant = "EAST-ISD"
place = "extracts"

[profiles.base]
schools = [255901001, 255901107]
class_title = "{title} - {teacher}"

[profiles.vendor]
inherits = "base"
tenant = "north"
end_dates = "exclusive"
oneroster = [1.1, 1.2]
demographic_extensions = { "characteristic:Homeless" = "homeless" }
exclude_exit_types = ["No show", "Moved, no address"]
"#;

const CONNECTIONS: &str = r#"
[connections.north]
place = "postgres://reader@ods.example.org/north"
ssl_mode = "verify-full"
ssl_root_cert = "ca.pem"
password_command = "pass show s3cret-name"
connections = 4
"#;

fn usual() -> tempfile::TempDir {
    folder(&[("rosterpack.toml", FILE), ("shared/connections.toml", CONNECTIONS)])
}

#[test]
fn every_value_shows_where_it_stands() {
    let folder = usual();
    let environment = [("ROSTERPACK__PACKAGE__COMPRESSION", "9"), ("ROSTERPACK__RUN__THREADS", "2")];
    let shown = run_in(
        folder.path(),
        &environment,
        &["show-config", "--profile", "vendor", "--as-of", "2024-11-01", "--set", "system_name=Warehouse"],
    );
    golden("show-config", &shown);
    assert!(!told(&shown).contains("s3cret"));
    golden("show-config-defaults", &run_in(tempfile::tempdir().unwrap().path(), &[], &["show-config"]));
    // A tenant whose name is not its code.
    golden("show-config-tenant", &run_in(folder.path(), &[], &["show-config", "--tenant", "east"]));
    let json = run_in(folder.path(), &environment, &["show-config", "--profile", "vendor", "--json"]);
    golden("show-config-json", &json);
}

#[test]
fn json_follows_its_schema() {
    let folder = usual();
    let output = run_in(folder.path(), &[], &["show-config", "--profile", "vendor", "--json"]);
    let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/show-config.schema.json");
    let schema: serde_json::Value = serde_json::from_str(&fs::read_to_string(schema).unwrap()).unwrap();
    let mut faults = Vec::new();
    crate::json_schema::check(&schema, &schema, &shown, "$", &mut faults);
    assert_eq!(faults, Vec::<String>::new());
}

/// A place that is named more strongly takes nothing from the connection that it replaces: no password goes to a host that
/// it was not meant for.
/// Settings of a consumer show that they are; what the profile says itself wins.
#[test]
fn a_consumers_settings_show_where_they_come_from() {
    let folder = folder(&[(
        "rosterpack.toml",
        "[defaults]\nquotes = \"needed\"\n[profiles.hmh]\nconsumer = \"hmh\"\nposition_title = \"title\"\n",
    )]);
    let lines = |arguments: &[&str]| -> String {
        let output = run_in(folder.path(), &[], &[&["show-config"], arguments].concat());
        let told = told(&output);
        let wanted =
            ["consumer ", "quotes ", "position_title", "header_only_files", "package_name", "middle_names"];
        let lines = told.lines().filter(|line| wanted.iter().any(|name| line.starts_with(name)));
        lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect()
    };
    assert_eq!(
        lines(&["--profile", "hmh"]),
        "consumer hmh rosterpack.toml:4\n\
         header_only_files academicSessions,courses,demographics consumer hmh\n\
         middle_names false default of profiles\n\
         position_title title rosterpack.toml:5\n\
         quotes all consumer hmh\n\
         package_name {tenant}-{year}-oneroster-{version}.zip default\n"
    );
    assert_eq!(
        lines(&["--consumer", "st-math", "--set", "package_name=mine.zip"]),
        "consumer st-math --consumer\n\
         header_only_files (blank) default\n\
         middle_names false default of profiles\n\
         position_title (blank) default\n\
         quotes needed rosterpack.toml:2\n\
         package_name mine.zip --set package_name\n"
    );
    // Without a file as well, and from the environment.
    let bare = tempfile::tempdir().unwrap();
    let output = run_in(bare.path(), &[("ROSTERPACK__RUN__CONSUMER", "lab-aids")], &["show-config"]);
    assert!(told(&output).contains("OneRosterv1p1BaseCSV.zip"), "{}", told(&output));
    golden("no-such-consumer", &run_in(bare.path(), &[], &["show-config", "--consumer", "Lab Aid"]));
}

#[test]
fn another_place_gets_nothing_of_a_connection() {
    let folder = usual();
    let shown = |more: &[&str]| {
        let arguments = [&["show-config", "--profile", "vendor", "--json"], more].concat();
        let output = run_in(folder.path(), &[], &arguments);
        let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let names = ["source.password_command", "source.ssl_mode", "source.connections"];
        names.map(|name| {
            let all = shown.as_array().unwrap();
            all.iter().find(|s| s["setting"] == name).unwrap()["origin"].as_str().unwrap().to_owned()
        })
    };
    assert_eq!(shown(&[]), ["file"; 3]);
    assert_eq!(shown(&["--source", "postgres://reader@elsewhere/ods"]), ["default"; 3]);
    assert_eq!(shown(&["--set", "place=postgres://reader@elsewhere/ods"]), ["default"; 3]);
    assert_eq!(shown(&["--set", "connection=north"]), ["file"; 3]);
}

#[test]
fn faults_of_the_file_are_told_at_once_with_their_lines() {
    let wrong = folder(&[(
        "rosterpack.toml",
        r#"
school_year = 2025

[profile.vendor]

[defaults]
shool_year = 2025
compression = 10
org_metadata = "yes"
tenant = ["a", "b"]
package = { compression = 3 }

[connections.north]
place = "extracts"
org_metadata = true

[connections.south]
plaec = "extracts"

[tenants.all]
[tenants.north]
connection = "nroth"
place = "extracts"
school_year = 2025
active_school_year = 2026

[profiles.a]
inherits = "b"
[profiles.b]
inherits = "c"
[profiles.c]
inherits = "a"
[profiles.d]
inherits = "e"
tenant = "nrth"
"#,
    )]);
    golden("faults", &run_in(wrong.path(), &[], &["export", "--profile", "a"]));
}

#[test]
fn what_is_not_there_is_named_with_its_nearest() {
    let folder = usual();
    golden("no-such-profile", &run_in(folder.path(), &[], &["export", "--profile", "vendro"]));
    golden("no-such-tenant", &run_in(folder.path(), &[], &["export", "--tenant", "nroth"]));
    golden("no-such-connection", &run_in(folder.path(), &[], &["export", "--set", "connection=nowhere"]));
    let nothing = tempfile::tempdir().unwrap();
    golden("no-file-for-a-profile", &run_in(nothing.path(), &[], &["export", "--profile", "vendor"]));
    golden("no-such-file", &run_in(nothing.path(), &[], &["export", "--config", "other.toml"]));
    let named = [("ROSTERPACK_CONFIG", "other.toml")];
    golden("no-such-file", &run_in(nothing.path(), &named, &["export"]));
}

#[test]
fn files_that_include_each_other() {
    let circle = folder(&[
        ("rosterpack.toml", "include = [\"a.toml\", \"gone.toml\"]\n"),
        ("a.toml", "include = \"sub/b.toml\"\n[profiles.x]\n[defaults]\nschool_year = 2025\n"),
        ("sub/b.toml", "include = \"../a.toml\"\n[profiles.x]\n[defaults]\nschool_year = 2026\n"),
    ]);
    golden("includes", &run_in(circle.path(), &[], &["show-config"]));
    golden(
        "not-toml",
        &run_in(folder(&[("rosterpack.toml", "[defaults\nout = x\n= 3\n")]).path(), &[], &["show-config"]),
    );
}

#[test]
fn a_secret_in_the_file_is_refused_and_never_shown() {
    let places = [
        "[defaults]\npassword = \"hunter2\"",
        "[connections.a]\nplace = \"postgres://me:hunter2@localhost/ods\"",
        "[tenants.a]\nplace = \"host=localhost password=hunter2\"",
        "[profiles.a]\nsftp_passphrase = \"hunter2\"",
        "[profiles.a]\ns3_secret_key = \"hunter2\"",
        "[profiles.a]\naws_secret_access_key = \"hunter2\"",
        // Refused for another reason, and not shown either.
        "[connections.a]\nplace = [\"postgres://me:hunter2@localhost/ods\"]",
        "[connections.a]\nplace = \"postgres://me:hunter2@localhost/ods \"",
        "[defaults]\npassword_command = \"echo hunter2 \"",
        "[defaults]\npassword = \"hunter2",
    ];
    for text in places {
        let folder = folder(&[("rosterpack.toml", text)]);
        for arguments in
            [&["show-config"][..], &["export", "--out", "."], &["doctor"], &["snapshot", "--out", "x"]]
        {
            let output = run_in(folder.path(), &[], arguments);
            assert_eq!(output.status.code(), Some(2), "{text}: {}", told(&output));
            assert!(!told(&output).contains("hunter2"), "{text}: {}", told(&output));
        }
    }
    let both = places[..2].join("\n");
    golden("secrets", &run_in(folder(&[("rosterpack.toml", &both)]).path(), &[], &["export"]));
    let environment = [("ROSTERPACK__SOURCE__PLACE", "postgres://me:hunter2@localhost/ods")];
    let shown = run_in(usual().path(), &environment, &["show-config", "--json"]);
    assert!(shown.status.success() && !told(&shown).contains("hunter2"), "{}", told(&shown));
}

/// A nightly line: one short command, everything else in the file. Paths lead from the file's folder.
#[test]
fn a_profile_is_all_that_an_export_needs() {
    let text = "[defaults]\nplace = \"synth:students=30\"\nas_of = 2024-10-01\nout = \"packages/\"\n\
                [tenants.north]\nschool_year = 2025\n\
                [profiles.vendor]\ntenant = \"north\"\n";
    let folder = folder(&[("etc/rosterpack.toml", text)]);
    fs::create_dir(folder.path().join("etc/packages")).unwrap();
    let output = run_in(
        folder.path(),
        &[],
        &["export", "--config", "etc/rosterpack.toml", "--profile", "vendor", "-q"],
    );
    let written = "etc/packages/north-2025-oneroster-v1p1.zip";
    // A day in the file is right for once and wrong for a nightly run: that is told even to who wants it quiet.
    let note = "note: the package is true on 2024-10-01, a day that etc/rosterpack.toml:3 names: what has changed since by date is not in it\n";
    assert_eq!(told(&output), format!("exit code 0\n--- stdout\n{written}\n--- stderr\n{note}"));
    assert!(folder.path().join(written).is_file());
    // The other verbs that read take it alike; the folder's own file needs no flag.
    let etc = folder.path().join("etc");
    for arguments in [
        &["doctor", "--profile", "vendor"][..],
        &["explain", "--profile", "vendor", "org", "255901"],
        &["ids", "--profile", "vendor", "--from", "edu", "--to", "stable", "--out", "ids.csv"],
        &["snapshot", "--profile", "vendor", "--out", "extracts"],
    ] {
        let output = run_in(&etc, &[], arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", told(&output));
    }
    // The sample is the sample, whatever the folder holds.
    let sample = run_in(&etc, &[], &["export", "--sample", "--dry-run"]);
    assert_eq!(sample.status.code(), Some(0), "{}", told(&sample));
    assert!(!told(&sample).contains("north"));
}

/// `school_year = "auto"`: every verb that reads takes the same year and says which, or says why there is none.
#[test]
fn the_current_school_year() {
    let text = "[defaults]\nplace = \"synth:students=30\"\nout = \"packages/\"\n\
                [tenants.north]\nschool_year = \"auto\"\n";
    let folder = folder(&[("rosterpack.toml", text)]);
    fs::create_dir(folder.path().join("packages")).unwrap();
    let run = |more: &[&str]| run_in(folder.path(), &[], more);
    let export = run(&["export", "--tenant", "north", "--as-of", "2024-10-01", "-q"]);
    golden("year-auto", &export);
    let early = run(&["export", "--tenant", "north", "--as-of", "2024-08-01", "-q", "--dry-run"]);
    golden("year-auto-not-begun", &early);
    let rollover =
        ["export", "--tenant", "north", "--as-of", "2024-08-01", "-q", "--set", "rollover_days=60"];
    golden("year-auto-rollover", &run(&rollover));
    let explain = run(&["explain", "--tenant", "north", "--as-of", "2024-10-01", "-q", "org", "255901"]);
    assert!(told(&explain).contains("school year 2025"), "{}", told(&explain));
    assert_eq!(explain.status.code(), Some(0));
    let doctor = run(&["doctor", "--tenant", "north", "--as-of", "2024-10-01"]);
    assert!(told(&doctor).contains("school year 2025 is chosen"), "{}", told(&doctor));
    let ids = [
        "ids",
        "--from",
        "edu",
        "--to",
        "stable",
        "--tenant",
        "north",
        "--as-of",
        "2024-10-01",
        "--out",
        "ids.csv",
    ];
    assert_eq!(run(&ids).status.code(), Some(0));
    let named = run(&[
        "ids",
        "--from",
        "edu",
        "--to",
        "stable",
        "--tenant",
        "north",
        "--as-of",
        "2024-10-01",
        "--school-year",
        "2025",
        "-q",
    ]);
    assert_eq!(fs::read(folder.path().join("ids.csv")).unwrap(), named.stdout);
}

/// A profile gives away nothing that it does not name: no middle name, no telephone, no column of its own; and only a
/// profile, or somebody at the keyboard, can say otherwise.
#[test]
fn profiles_are_private_by_default() {
    let text = "[defaults]\nplace = \"synth:students=30\"\nas_of = 2024-10-01\nschool_year = 2025\ntenant = \"north\"\n\
                [profiles.closed]\ninclude_parents = true\n\
                [profiles.open]\ninherits = \"closed\"\nmiddle_names = true\nphones = true\nnatural_key = true\n";
    let folder = folder(&[("rosterpack.toml", text)]);
    let users = |name: &str, more: &[&str]| {
        let zip = format!("{name}.zip");
        let arguments = [&["export", "--out", &zip, "-q"], more].concat();
        let output = run_in(folder.path(), &[], &arguments);
        assert!(output.status.success(), "{}", told(&output));
        let file = fs::File::open(folder.path().join(&zip)).unwrap();
        let mut archive = zip::ZipArchive::new(file).unwrap();
        let text = std::io::read_to_string(archive.by_name("users.csv").unwrap()).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().unwrap().clone();
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let filled = |column: &str| {
            let at = header.iter().position(|name| name == column).unwrap();
            rows.iter().any(|row| !row[at].is_empty())
        };
        let extended = header.iter().any(|name| name.starts_with("metadata."));
        (filled("middleName"), filled("phone"), extended)
    };
    assert_eq!(users("closed", &["--profile", "closed"]), (false, false, false));
    assert_eq!(users("open", &["--profile", "open"]), (true, true, true));
    assert_eq!(users("asked", &["--profile", "closed", "--set", "phones=true"]), (false, true, false));
    // Without a profile, the mapping's own defaults hold.
    assert_eq!(users("plain", &["--parents"]), (true, true, true));
    let shown = told(&run_in(folder.path(), &[], &["show-config", "--profile", "closed"]));
    assert!(shown.contains("default of profiles"), "{shown}");

    let wrong = "[defaults]\ndemographics = true\n[tenants.a]\nallowed_id_systems = [\"SSN\"]\n[profiles.b]\ndemographics = true\n";
    let folder = self::folder(&[("rosterpack.toml", wrong)]);
    golden("private-for-all", &run_in(folder.path(), &[], &["export", "--profile", "b"]));
}

/// Whatever is written holds children's names: only its owner can read it.
#[cfg(unix)]
#[test]
fn files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("tables")).unwrap();
    for arguments in [
        &["export", "--sample", "--out", "p.zip", "--report", "report.json", "--tables", "tables", "-q"][..],
        &["ids", "--sample", "--from", "edu", "--to", "stable", "--out", "ids.csv", "-q"],
        &["snapshot", "--sample", "--out", "extracts", "-q"],
    ] {
        let output = run_in(folder.path(), &[], arguments);
        assert!(output.status.success(), "{}", told(&output));
    }
    let mut files = 0;
    for part in ["", "tables", "extracts"] {
        for entry in fs::read_dir(folder.path().join(part)).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_file() {
                assert_eq!(
                    entry.metadata().unwrap().permissions().mode() & 0o777,
                    0o600,
                    "{}",
                    entry.display()
                );
                files += 1;
            }
        }
    }
    assert!(files > 40, "{files}");
}

const STATE: &str = "[defaults]\nschool_year = 2025\nas_of = 2024-10-01\nout = \"packages/\"\n\
    [tenants.north-east]\nplace = \"synth:students=30\"\n\
    [tenants.north-west]\nplace = \"synth:students=30,seed=2\"\n\
    [tenants.south]\nplace = \"gone\"\n\
    [tenants.west]\ntenant = \"WEST\"\nschool_year = \"auto\"\nplace = \"synth:students=30,seed=3\"\n";

/// Several tenants in one run: none stops another, one table at the end, and the exit code that weighs most.
#[test]
fn many_tenants_in_one_run() {
    let folder = folder(&[("rosterpack.toml", STATE)]);
    let packages = folder.path().join("packages");
    fs::create_dir(&packages).unwrap();
    let written = || {
        let mut names: Vec<String> =
            fs::read_dir(&packages).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let all = run_in(folder.path(), &[], &["export", "--tenant", "all", "-q"]);
    golden("tenants-all", &all);
    let names = ["WEST", "north-east", "north-west"].map(|code| format!("{code}-2025-oneroster-v1p1.zip"));
    assert_eq!(written(), names);
    // What several runs in one write is what each writes alone.
    let together = fs::read(packages.join(&names[1])).unwrap();
    let alone = run_in(folder.path(), &[], &["export", "--tenant", "north-east", "-q", "--out", "alone.zip"]);
    assert!(alone.status.success(), "{}", told(&alone));
    assert_eq!(together, fs::read(folder.path().join("alone.zip")).unwrap());

    for name in names {
        fs::remove_file(packages.join(name)).unwrap();
    }
    let some = run_in(folder.path(), &[], &["export", "--tenant", "north-*", "-q"]);
    assert_eq!((some.status.code(), written().len()), (Some(0), 2), "{}", told(&some));
    let dry = run_in(folder.path(), &[], &["export", "--tenant", "?orth-east", "-q", "--dry-run"]);
    assert_eq!(dry.status.code(), Some(0));
}

#[test]
fn tenants_that_cannot_be_told_apart_or_are_not_there() {
    let folder = folder(&[("rosterpack.toml", STATE)]);
    fs::create_dir(folder.path().join("packages")).unwrap();
    golden("tenants-none", &run_in(folder.path(), &[], &["export", "--tenant", "nroth-*"]));
    let one_file = ["export", "--tenant", "north-*", "--out", "roster.zip", "--report", "report.json"];
    golden("tenants-one-file", &run_in(folder.path(), &[], &one_file));
    assert!(!folder.path().join("roster.zip").exists());
    let own = ["export", "--tenant", "north-*", "--out", "{tenant}.zip", "--report", "{tenant}.json", "-q"];
    let output = run_in(folder.path(), &[], &own);
    assert!(output.status.success(), "{}", told(&output));
    for name in ["north-east.zip", "north-east.json", "north-west.zip", "north-west.json"] {
        assert!(folder.path().join(name).is_file(), "{name}");
    }
    let nothing = tempfile::tempdir().unwrap();
    golden("tenants-no-file", &run_in(nothing.path(), &[], &["export", "--tenant", "all"]));
}
