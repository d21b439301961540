//! What `init` refuses: it says why and what to do, and the folder is as it was.

use std::fs;

use crate::{Desk, cluster, sample};

#[test]
fn nothing_is_overwritten() {
    let source = sample();
    let arguments = ["init", "--source", &source, "--tenant", "t"];
    for taken in ["rosterpack.toml", "seeds/mine.csv"] {
        let desk = Desk::new();
        fs::create_dir(desk.at("seeds")).unwrap();
        fs::write(desk.at(taken), "mine").unwrap();
        let name = taken.split('/').next().unwrap();
        desk.fails(7, &arguments, &[name, "is there already", "--out", "--update-seeds"]);
    }
    // An empty folder of seeds is nothing, and the second time everything is there.
    let desk = Desk::new();
    fs::create_dir(desk.at("seeds")).unwrap();
    desk.works(&arguments);
    desk.fails(7, &arguments, &["rosterpack.toml is there already"]);
}

#[test]
fn a_source_that_cannot_be_read_leaves_nothing() {
    let desk = Desk::new();
    desk.fails(3, &["init", "--source", "missing", "--tenant", "t", "--out", "a/b"], &["missing"]);
    let nobody = "postgres://reader@127.0.0.1:1/ods";
    let once = ["--set", "connect_attempts=1"];
    desk.fails(
        3,
        &[&["init", "--source", nobody, "--tenant", "t", "--out", "a"][..], &once].concat(),
        &["127.0.0.1"],
    );
    fs::create_dir(desk.at("empty")).unwrap();
    desk.fails(3, &["init", "--source", "empty", "--tenant", "t"], &[]);
}

#[test]
fn a_place_that_cannot_be_written_is_found_before_anything_is_read() {
    let desk = Desk::new();
    fs::write(desk.at("file"), "x").unwrap();
    for out in ["file", "file/below", "/proc/nowhere"] {
        // The source does not exist: it would be exit code 3 if it were looked at.
        let told = desk.fails(7, &["init", "--source", "missing", "--tenant", "t", "--out", out], &[out]);
        assert!(!told.contains(".rosterpack-"), "{told}");
    }
}

#[test]
fn what_is_said_wrongly_is_told_before_anything_is_read() {
    let desk = Desk::new();
    for (arguments, words) in [
        (&["--tenant", "t"][..], &["--source is missing"][..]),
        (&["--source", "x"], &["--tenant is missing"]),
        (&["--source", "x", "--tenant", "all"], &["several tenants", "choose a code"]),
        (&["--source", "x", "--tenant", "a/b"], &["--tenant"]),
        (&["--source", "x", "--tenant", "t", "--set", "demographics=true"], &["is said by a profile"]),
        (&["--source", "x", "--tenant", "t", "--set", "conections=3"], &["did you mean `connections`"]),
        (&["--source", "x", "--tenant", "t", "--config", "y.toml"], &["add --update-seeds"]),
        (&["--source", "x", "--tenant", "t", "--seeds", "y"], &["--update-seeds"]),
        (&["--source", "x", "--tenant", "t", "--update-seeds", "--out", "y"], &["cannot be used with"]),
        (&["--source", "x", "--tenant", "t", "--update-seeds"], &["no folder of seeds is named"]),
    ] {
        desk.fails(2, &[&["init"][..], arguments].concat(), words);
    }
    let source = sample();
    let year = |year| ["init", "--source", &source, "--tenant", "t", "--school-year", year];
    desk.fails(2, &year("1999"), &["school year 1999 has no sections", "2024, 2025"]);
    let nowhere = ["init", "--source", &source, "--tenant", "t", "--set", "schools=1"];
    desk.fails(2, &nowhere, &["at the chosen schools"]);
}

#[test]
fn a_password_is_refused_in_a_flag_and_never_written() {
    let server = cluster::shared();
    let database = server.database("");
    let owner = Desk::new().with("PGPASSWORD", cluster::SUPERUSER_PASSWORD);
    owner.works(&["synth", "--students", "40", "--to", &server.url("postgres", &database)]);
    let secret = cluster::SUPERUSER_PASSWORD;
    let url = format!("postgres://postgres:{secret}@127.0.0.1:{}/{database}", server.port());
    let desk = Desk::new();
    let told = desk.fails(2, &["init", "--source", &url, "--tenant", "t"], &["password"]);
    assert!(!told.contains(secret));

    // From the environment it is taken, and stays there: the next commands find it where this one did.
    let desk = Desk::new().with("ROSTERPACK__SOURCE__PLACE", &url);
    let (out, err) = desk.works(&["init", "--tenant", "t", "--ssl-mode", "prefer"]);
    let (shown, _) = desk.works(&["show-config"]);
    let of_file = |line: &str| {
        line.starts_with("ssl_mode") && line.contains(" prefer ") && line.contains("rosterpack.toml:")
    };
    assert!(shown.lines().any(of_file), "what the file says of the connection holds: {shown}");
    let (doctor, _) = desk.works(&["doctor"]);
    let (_, exported) = desk.works(&["export"]);
    for text in [out, err, doctor, exported] {
        assert!(!text.contains(secret), "{text}");
    }
    for (path, bytes) in crate::contents(desk.temp.path()) {
        assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{}", path.display());
    }
    assert!(desk.text("rosterpack.toml").contains("in the variable ROSTERPACK__SOURCE__PLACE."));
}
