//! A run that may not take the memory it needs: the package is the same to the byte, nothing is left beside it, and what
//! is done is said.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test

use std::path::Path;
use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;

fn export(folder: &Path, source: &str, arguments: &[&str]) -> Output {
    std::fs::create_dir_all(folder).unwrap();
    Command::new(cargo_bin!("rosterpack"))
        .args(["export", "--source", source, "--tenant", "demo_isd", "--school-year", "2025"])
        .args(["--as-of", "2024-10-01", "--demographics", "--out"])
        .arg(folder)
        .args(arguments)
        .output()
        .unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn the_package_is_the_same_whatever_the_memory() {
    let desk = tempfile::tempdir().unwrap();
    let extracts = desk.path().join("extracts");
    let synth = Command::new(cargo_bin!("rosterpack"))
        .args(["synth", "--students", "400", "--traps=safe", "--out"])
        .arg(&extracts)
        .output()
        .unwrap();
    assert!(synth.status.success(), "{}", told(&synth));
    let sources = [extracts.to_str().unwrap(), "synth:students=1000"];
    for (n, source) in sources.into_iter().enumerate() {
        for (what, settings) in [
            ("both", &["--oneroster", "1.1,1.2", "--parents"][..]),
            ("filtered", &["--set", "exclude_grades=12", "--set", "exclude_courses=HR-*"][..]),
        ] {
            let folder = |name: &str| desk.path().join(format!("{n}-{what}-{name}"));
            let plain = export(&folder("plain"), source, settings);
            assert!(plain.status.success(), "{}", told(&plain));
            assert!(!told(&plain).contains("temporary files"), "{}", told(&plain));
            for threads in ["1", "3"] {
                let place = folder(threads);
                let limit = ["--memory-limit", "1MiB", "--threads", threads];
                let spooled = export(&place, source, &[settings, &limit].concat());
                let said = told(&spooled);
                assert!(spooled.status.success(), "{said}");
                assert!(said.contains("1 MiB are allowed") && said.contains("temporary files in"), "{said}");
                assert!(said.contains(place.to_str().unwrap()), "{said}");
                assert!(said.contains("of schools, with which it still takes about"), "{said}");
                assert_eq!(files(&place), files(&folder("plain")), "{source} {what} {threads}");
            }
        }
    }
}

#[test]
fn a_limit_that_is_none_is_refused_before_anything_is_read() {
    let desk = tempfile::tempdir().unwrap();
    for (limit, reason) in
        [("3", "lacks a unit"), ("3 parsecs", "its unit is none"), ("0%", "not between 1 and 100")]
    {
        let output = export(desk.path(), "nowhere", &["--memory-limit", limit]);
        assert_eq!(output.status.code(), Some(2), "{}", told(&output));
        let said = told(&output);
        assert!(said.contains("--memory-limit") && said.contains(reason) && said.contains("`75%`"), "{said}");
    }
}
