//! `rosterpack diff` from outside, over the packages of the corpus: exit codes, formats, privacy, threads.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

use crate::json_schema;
use crate::patch::{self, folder};
use crate::zipper::Zip;

fn diff(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("rosterpack").unwrap().arg("diff").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A valid package of the corpus.
fn valid(name: &str) -> String {
    folder("valid").join(name).to_str().unwrap().to_owned()
}

/// A package that differs from `v1p1-bulk` as a night makes it: one left, one came, some changed.
fn night() -> (tempfile::TempDir, String) {
    let mut files = patch::valid("v1p1-bulk");
    let users = files.get_mut("users.csv").unwrap();
    let text = String::from_utf8(users.clone()).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let came = lines[1].replacen(lines[1].split(',').next().unwrap(), "user-new", 1);
    lines.push(came);
    lines.remove(3);
    lines[1] = lines[1].replace("Ash", "Alder").replace("maple.example", "oak.example");
    *users = (lines.join("\r\n") + "\r\n").into_bytes();
    files.remove("demographics.csv");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.zip");
    fs::write(&path, Zip::of(&files).bytes()).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn exit_codes_are_those_of_diff() {
    let (_folder, new) = night();
    let old = valid("v1p1-bulk");
    let zipped = tempfile::tempdir().unwrap();
    let zip = zipped.path().join("same.zip");
    fs::write(&zip, Zip::of(&patch::valid("v1p1-bulk")).bytes()).unwrap();
    let (code, out, _) = diff(&[&old, zip.to_str().unwrap()]);
    assert!(code == 0 && out.ends_with("Both packages say the same.\n"), "{out}");
    assert_eq!(diff(&[&old, &new]).0, 1);
    assert_eq!(diff(&["--file", "orgs.csv", &old, &new]).0, 0);
    let (code, _, err) = diff(&[&old, "no/such.zip"]);
    assert!(code == 2 && err.contains("no/such.zip") && err.contains("help: "), "{err}");
    let (code, _, err) = diff(&["--file", "user.csv", &old, &new]);
    assert!(code == 2 && err.contains("did you mean users.csv"), "{err}");
    let (code, _, err) = diff(&["--school", "nowhere", &old, &new]);
    assert!(code == 2 && err.contains("\"nowhere\""), "{err}");
    assert_eq!(diff(&["--json", "--html", &old, &new]).0, 2);
    assert_eq!(diff(&[&old]).0, 2);
    let empty = tempfile::tempdir().unwrap();
    let (code, _, err) = diff(&[&old, empty.path().to_str().unwrap()]);
    assert!(code == 2 && err.contains("holds no file of OneRoster"), "{err}");
    let (code, out, _) = diff(&[&old, &valid("v1p2-bulk")]);
    assert!(code == 1 && out.contains("note: OLD is OneRoster 1.1 and NEW 1.2"), "{out}");
}

#[test]
fn json_fits_its_schema_for_every_package() {
    let schema: Value = serde_json::from_str(include_str!("../../docs/reference/diff.schema.json")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut compared = 0;
    for fault in patch::faults() {
        let path = folder.path().join("package.zip");
        fs::write(&path, fault.zip.bytes()).unwrap();
        let (code, out, err) =
            diff(&["--json", "--names", "--values", &valid(&fault.base), path.to_str().unwrap()]);
        if code == 2 {
            assert!(out.is_empty() && err.starts_with("error: "), "{}: {err}", fault.name);
            continue;
        }
        let json: Value = serde_json::from_str(&out).unwrap();
        let mut faults = Vec::new();
        json_schema::check(&schema, &schema, &json, &fault.name, &mut faults);
        assert_eq!(faults, Vec::<String>::new());
        assert_eq!(json["equal"] == Value::Bool(true), code == 0, "{}", fault.name);
        compared += 1;
    }
    assert!(compared > 50, "{compared}");
}

#[test]
fn the_schema_is_closed_and_complete() {
    let schema: Value = serde_json::from_str(include_str!("../../docs/reference/diff.schema.json")).unwrap();
    let objects = schema["$defs"].as_object().unwrap().values().chain([&schema]);
    for object in objects.filter(|object| object["type"] == "object") {
        assert_eq!(object["additionalProperties"], false, "{object}");
        let mut required: Vec<&str> =
            object["required"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
        required.sort_unstable();
        let properties = object["properties"].as_object().unwrap();
        assert_eq!(required, properties.keys().map(String::as_str).collect::<Vec<_>>());
    }
}

#[test]
fn html_stands_alone_and_escapes_what_it_shows() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = patch::valid("v1p1-bulk");
    let orgs = files.get_mut("orgs.csv").unwrap();
    let text = String::from_utf8(orgs.clone()).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.push(lines[1].replacen(lines[1].split(',').next().unwrap(), "<iframe onload=x>", 1));
    *orgs = lines.join("\r\n").into_bytes();
    let path = folder.path().join("a&b.zip");
    fs::write(&path, Zip::of(&files).bytes()).unwrap();
    let (code, page, _) = diff(&["--html", &valid("v1p1-bulk"), path.to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("<html lang=\"en\">"), "{page}");
    for forbidden in ["<script", "<iframe", "http://", "https://", "src=", "<link", "@import", "url("] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("&lt;iframe onload=x&gt;") && page.contains("a&amp;b.zip"));
    assert!(page.contains("prefers-color-scheme: dark") && page.contains("<main>"));
}

/// Neither the old nor the new value of a cell is shown, unless values or names were asked for.
#[test]
fn no_personal_value_is_shown_unasked() {
    let (_folder, new) = night();
    let old = valid("v1p1-bulk");
    let words =
        ["Birch", "Alder", "Ash", "Cedar", "Dogwood", "Elder", "maple.example", "oak.example", "2011-"];
    for form in [&[][..], &["--json"], &["--html"]] {
        let (code, out, err) = diff(&[form, &["--samples", "1000", &old, &new]].concat());
        assert_eq!(code, 1);
        for word in words {
            assert!(!out.contains(word) && !err.contains(word), "{form:?}: {word}");
        }
        assert!(out.contains("email") && out.contains("familyName"), "the columns are named: {out}");
        let (_, out, _) = diff(&[form, &["--values", &old, &new]].concat());
        assert!(out.contains("Alder") && out.contains("Ash"), "{form:?}: {out}");
        let (_, out, _) = diff(&[form, &["--names", &old, &new]].concat());
        assert!(out.contains("Alder") && !out.contains("oak.example"), "{form:?}: {out}");
    }
}

#[test]
fn the_terminal_reads_as_reviewed() {
    let (_folder, new) = night();
    let old = valid("v1p1-bulk");
    let (_, out, _) = diff(&["--names", &old, &new]);
    let out = out.replace(&new, "new.zip").replace(&old, "old");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/cli/diff.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&golden, &out).unwrap();
    }
    assert_eq!(out, fs::read_to_string(golden).unwrap_or_default());
}

#[test]
fn output_does_not_depend_on_threads() {
    let (_folder, new) = night();
    let runs = ["1", "2", "7"].map(|threads| {
        let mut command = Command::cargo_bin("rosterpack").unwrap();
        command.env("RAYON_NUM_THREADS", threads).args(["diff", "--json", &valid("v1p1-bulk"), &new]);
        command.output().unwrap().stdout
    });
    assert!(!runs[0].is_empty() && runs.windows(2).all(|pair| pair[0] == pair[1]));
}
