//! `init`, `doctor`, `export`: three commands, nothing edited.

use std::fs;

use crate::{Desk, cluster, on, published, root, sample};

/// The three commands in an empty folder. What they say, and the package; the same bytes as those of an export by flags
/// alone with the built-in crosswalks, since a row that waits for an answer is as good as none.
fn three_commands(desk: &Desk, source: &str, name: &str, year: &str) -> [String; 3] {
    let (out, began) = desk.works(&["init", "--source", source, "--tenant", name]);
    assert_eq!(out, "rosterpack.toml\nseeds\n");
    assert!(began.contains("\nNext:\n  rosterpack doctor\n  rosterpack export\n"), "{began}");
    let (doctor, err) = desk.works(&["doctor"]);
    assert_eq!(err, "");
    assert!(
        doctor.contains("\nok       seeds            9 of 9 crosswalks") || doctor.contains("7 of 9"),
        "{doctor}"
    );
    assert!(doctor.contains(", fail 0,"), "{doctor}");
    let (out, exported) = desk.works(&["export"]);
    assert_eq!(out, format!("packages/{name}-{year}-oneroster-v1p1.zip\n"));
    assert!(exported.contains("enrollments.csv"), "a package without enrollments is no package: {exported}");

    let configuration = desk.text("rosterpack.toml");
    let as_of =
        configuration.lines().find_map(|line| line.strip_prefix("as_of = ")).unwrap().trim_matches('"');
    let flags = ["--source", source, "--tenant", name, "--school-year", year, "--as-of", as_of];
    let none = desk.at("none.toml");
    fs::write(&none, "").unwrap();
    let plain = ["--config", none.to_str().unwrap(), "--out", "plain.zip", "--quiet"];
    desk.works(&[&["export"][..], &flags, &plain].concat());
    assert!(fs::read(desk.at(out.trim())).unwrap() == fs::read(desk.at("plain.zip")).unwrap(), "{name}");
    [began, doctor, exported]
}

#[test]
fn of_the_published_samples() {
    for name in ["grand-bend-ds40", "grand-bend-ds52"] {
        let Some(source) = published(name) else { continue };
        let desk = Desk::new();
        let [began, doctor, _] = three_commands(&desk, &source, "gbisd", "2022");
        assert!(began.contains("school year 2022 is over"), "{began}");
        assert!(!doctor.contains("unknown"), "{doctor}");
        // The package also stands up to every rule.
        desk.works(&["export", "--validate", "full", "--quiet"]);
    }
}

#[test]
fn of_the_sample_in_the_repository() {
    let desk = Desk::new();
    let [began, doctor, exported] = three_commands(&desk, &sample(), "sample", "2025");
    // What waits for an answer is told by all three, and what it means meanwhile.
    for told in [&began, &doctor, &exported] {
        assert!(told.contains("`Winter Intersession`"), "{told}");
    }
    assert!(began.contains("until then the session is of type `term`"), "{began}");
    assert!(exported.contains("note: the package is true on 2024-08-12"), "{exported}");
    // Answered, or left unmapped on purpose, it is told no more.
    let seed = "seeds/xwalk_oneroster_academic_sessions_types.csv";
    for row in ["Winter Intersession,semester,no suggestion,1", "Winter Intersession,,,1"] {
        let text = desk.text(seed);
        let line = text.lines().find(|line| line.starts_with("Winter Intersession")).unwrap();
        fs::write(desk.at(seed), text.replace(line, row)).unwrap();
        let (doctor, _) = desk.works(&["doctor"]);
        assert!(!doctor.contains("`Winter Intersession`"), "{doctor}");
        let (_, exported) = desk.works(&["export"]);
        assert!(!exported.contains("`Winter Intersession`"), "{exported}");
    }
}

#[test]
fn of_a_database() {
    let server = cluster::shared();
    let database = server.database("");
    let url = server.url("postgres", &database);
    let desk = Desk::new().with("PGPASSWORD", cluster::SUPERUSER_PASSWORD);
    desk.works(&["synth", "--students", "300", "--seed", "5", "--traps=safe", "--to", &url]);
    let [began, ..] = three_commands(&desk, &url, "north", "2025");
    assert!(began.contains("xwalk_oneroster_relations.csv"), "{began}");
    let configuration = desk.text("rosterpack.toml");
    assert!(configuration.contains(&format!("[connections.north]\nplace = \"{url}\"\n")), "{configuration}");
    assert!(!configuration.contains(cluster::SUPERUSER_PASSWORD));
    // The seeds are those of the same rows as extracts.
    let other = Desk::new();
    other.works(&["synth", "--students", "300", "--seed", "5", "--traps=safe", "--out", "extracts"]);
    other.works(&["init", "--source", "extracts", "--tenant", "north", "--quiet"]);
    assert_eq!(
        crate::contents(&desk.at("seeds")).into_values().collect::<Vec<_>>(),
        crate::contents(&other.at("seeds")).into_values().collect::<Vec<_>>()
    );
}

#[test]
fn with_a_role_that_may_read_only_the_core() {
    let server = cluster::shared();
    let database = server.database("");
    let owner = Desk::new().with("PGPASSWORD", cluster::SUPERUSER_PASSWORD);
    owner.works(&["synth", "--students", "50", "--to", &server.url("postgres", &database)]);
    let script = root().join("templates/postgres/reader.sql");
    server.psql_file(&database, &script, &["reader=core_reader"]);
    server.psql(&database, "ALTER ROLE core_reader PASSWORD 'pw'; REVOKE SELECT ON edfi.studentcontactassociation FROM core_reader");
    let desk = Desk::new().with("PGPASSWORD", "pw");
    let (_, err) =
        desk.works(&["init", "--source", &server.url("core_reader", &database), "--tenant", "north"]);
    assert!(err.contains("note: contacts cannot be read, so xwalk_oneroster_relations.csv has"), "{err}");
    assert!(err.contains("studentcontactassociation"), "{err}");
    desk.works(&["doctor"]);
    desk.works(&["export"]);
}

#[test]
fn the_same_source_gives_the_same_files_whatever_the_folder() {
    let (a, b) = (Desk::new(), Desk::new());
    for desk in [&a, &b] {
        desk.works(&["init", "--source", &sample(), "--tenant", "sample", "--quiet"]);
    }
    let texts = |desk: &Desk| crate::contents(desk.temp.path()).into_values().collect::<Vec<_>>();
    assert_eq!(texts(&a), texts(&b));
    // In a folder of its own, with paths that lead from there.
    fs::create_dir(a.at("work")).unwrap();
    a.works(&["synth", "--students", "60", "--out", "work/extracts"]);
    let (out, err) =
        a.works(&["init", "--source", "work/extracts", "--tenant", "north", "--out", "deep/north"]);
    assert_eq!(out, "deep/north/rosterpack.toml\ndeep/north/seeds\n");
    let next = "rosterpack export --config deep/north/rosterpack.toml";
    assert!(err.contains(next), "{err}");
    let (out, _) = a.works(&next.split(' ').skip(1).collect::<Vec<_>>());
    assert!(a.at(out.trim()).exists() && out.contains("deep/north/packages/"), "{out}");
}

#[test]
fn a_year_that_is_under_way_is_exported_as_of_the_day_of_the_run() {
    let temp = tempfile::tempdir().unwrap();
    let place = |name: &str| temp.path().join(name).display().to_string();
    for (day, given, year, as_of) in [
        ("2024-10-01", &[][..], "2025", None),
        // Not begun yet: nothing has ended.
        ("2020-01-01", &[], "2024", None),
        ("2024-10-01", &["--as-of", "2024-11-05"], "2025", Some("as_of = \"2024-11-05\"")),
        ("2024-10-01", &["--school-year", "auto"], "\"auto\"", None),
        ("2030-10-01", &["--school-year", "2025"], "2025", Some("as_of = \"2024-08-12\"")),
    ] {
        let out = place(&format!("{day}{}", given.len()));
        let source = sample();
        let mut arguments = vec!["init", "--source", &source, "--tenant", "t", "--out", &out, "--quiet"];
        arguments.extend(given);
        let (code, _, err) = on(day, &arguments);
        assert_eq!(code.number(), 0, "{err}");
        let text = fs::read_to_string(temp.path().join(out).join("rosterpack.toml")).unwrap();
        assert!(text.contains(&format!("\nschool_year = {year}\n")), "{text}");
        let found = text.lines().find(|line| line.starts_with("as_of = "));
        assert_eq!(found, as_of, "{day} {given:?}");
        fs::remove_dir_all(place(&format!("{day}{}", given.len()))).unwrap();
    }
}

/// The files of the sample, reviewed by people. Of the configuration the part that is written from the source.
#[test]
fn the_files_of_the_sample() {
    let temp = tempfile::tempdir().unwrap();
    let out = temp.path().join("here");
    let (code, _, err) = on("2024-10-01", &["init", "--sample", "--out", out.to_str().unwrap()]);
    assert_eq!(code.number(), 0, "{err}");
    let whole = fs::read_to_string(out.join("rosterpack.toml")).unwrap();
    let mut found =
        format!("==> rosterpack.toml\n{}", whole.split("# A profile is one delivery").next().unwrap());
    for (path, bytes) in crate::contents(&out.join("seeds")) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        found += &format!("==> {name}\n{}", String::from_utf8(bytes).unwrap());
    }
    found += &format!("==> standard error\n{}", err.replace(out.to_str().unwrap(), "here"));
    let golden = root().join("tests/golden/init/sample.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&golden, &found).unwrap();
    }
    assert_eq!(found, fs::read_to_string(&golden).unwrap_or_default(), "BLESS=1 cargo test --test init");
}
