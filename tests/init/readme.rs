//! The first hour of the README, command by command, by a shell, as a new user types it.
//!
//! Every indented block of the section is run, in order, in one empty folder with the templates beside it. Names that
//! stand for something of the reader's are replaced by those of a private server, and each replacement must be found.

use std::fs;
use std::process::Command;

use crate::{Desk, cluster, root};

/// A section of the README.
fn section(readme: &str, heading: &str) -> String {
    let section = readme.split(&format!("\n## {heading}\n")).nth(1).expect("the section is there");
    section.split("\n## ").next().unwrap().to_owned()
}

/// Its indented blocks.
fn commands(section: &str) -> String {
    let lines = section.lines().filter_map(|line| line.strip_prefix("    "));
    lines.map(|line| line.to_owned() + "\n").collect()
}

#[test]
fn the_first_hour_works() {
    let server = cluster::shared();
    let desk = Desk::new();
    let database = "EdFi_Ods_2025";
    server.psql("postgres", &format!("CREATE DATABASE \"{database}\""));
    let owner = Desk::new().with("PGPASSWORD", cluster::SUPERUSER_PASSWORD);
    owner.works(&["synth", "--students", "120", "--traps=safe", "--to", &server.url("postgres", database)]);

    std::os::unix::fs::symlink(root().join("templates"), desk.at("templates")).unwrap();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let section = section(&readme, "The first hour");
    let replaced = [
        // The prompt of psql cannot be answered by a script.
        ("-c '\\password rosterpack_reader'", "-c \"ALTER ROLE rosterpack_reader PASSWORD 'pw'\"".to_owned()),
        ("export PGPASSWORD=...", "export PGPASSWORD=pw".to_owned()),
        ("@ods.example.org/", format!("@127.0.0.1:{}/", server.port())),
        ("?sslmode=verify-full", "?sslmode=prefer".to_owned()),
    ];
    for (theirs, _) in &replaced {
        assert!(section.contains(theirs), "{theirs} is not in\n{section}");
    }
    // Each subsection is a shell of its own, as a reader's who begins there.
    let mut scripts = Vec::new();
    for part in section.split("\n### ") {
        let mut script = commands(part);
        for (theirs, ours) in &replaced {
            script = script.replace(theirs, ours);
        }
        shell(&desk, server.port(), &script);
        scripts.push(script);
    }
    let all = scripts.concat();
    for verb in [
        "init --source",
        "init --update-seeds",
        "doctor",
        "doctor --config",
        "export",
        "export --source",
        "export --config",
    ] {
        assert!(all.contains(&format!("rosterpack {verb}")), "{verb} is not in\n{all}");
    }
    let packages: Vec<_> = crate::contents(desk.temp.path())
        .into_keys()
        .filter(|path| path.extension().is_some_and(|e| e == "zip"))
        .collect();
    assert_eq!(packages.len(), 3, "{packages:?}");
}

/// Runs commands in the folder of a desk, with the environment of a database's owner.
fn shell(desk: &Desk, port: u16, script: &str) {
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_rosterpack"));
    let path = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(desk.temp.path())
        .env("PATH", path)
        .env("HOME", desk.temp.path())
        .env("PGHOST", "127.0.0.1")
        .env("PGPORT", port.to_string())
        .env("PGUSER", "postgres")
        .env("PGPASSWORD", cluster::SUPERUSER_PASSWORD)
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script}\n{out}{err}");
}

#[test]
fn the_sample_is_exported_as_the_readme_says() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let script = commands(&section(&readme, "Try it"));
    // The binary of this very build stands in for the one that is installed.
    let script = script.strip_prefix("cargo install --locked --path .\n").expect("it is built first");
    let desk = Desk::new();
    shell(&desk, 0, script);
    for file in [
        "sample-2025-oneroster-v1p1.zip",
        ".cargo/share/man/man1/rosterpack-init.1",
        ".local/share/bash-completion/completions/rosterpack",
    ] {
        assert!(desk.at(file).is_file(), "{file} after\n{script}");
    }
}
