//! The verb from outside: formats, exit codes, levels, limits, and that nothing personal is shown.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

use crate::json_schema;
use crate::patch::{self, folder};
use crate::zipper::Zip;

fn validate(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("rosterpack").unwrap().arg("validate").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A package with a fault as a file, and the folder that holds it.
fn faulty(name: &str) -> (tempfile::TempDir, PathBuf) {
    let fault = patch::faults().into_iter().find(|fault| fault.name == name).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("package.zip");
    fs::write(&path, fault.zip.bytes()).unwrap();
    (folder, path)
}

fn valid() -> String {
    folder("valid/v1p1-bulk").to_str().unwrap().to_owned()
}

#[test]
fn exit_codes_follow_what_is_denied() {
    let good = valid();
    let (_error, bad) = faulty("word-unknown");
    let (_warning, poor) = faulty("no-primary-teacher");
    let (bad, poor) = (bad.to_str().unwrap(), poor.to_str().unwrap());
    assert_eq!(validate(&[&good]).0, 0);
    assert_eq!(validate(&[bad]).0, 1);
    assert_eq!(validate(&[&good, bad]).0, 1);
    assert_eq!(validate(&["--deny", "none", bad]).0, 0);
    assert_eq!(validate(&[poor]).0, 0);
    assert_eq!(validate(&["--deny", "warning", poor]).0, 1);
    let (code, out, err) = validate(&[&good, "no/such.zip"]);
    assert_eq!(code, 2);
    assert!(err.contains("no/such.zip") && err.contains("help: "), "{err}");
    assert!(out.contains("accepted: 0 errors"), "{out}");
    let (code, _, err) = validate(&["--max-size", "12Q", &good]);
    assert_eq!((code, err.contains("--max-size `12Q`")), (2, true), "{err}");
    assert_eq!(validate(&["--max-size", "1K", &good]).0, 1);
    assert_eq!(validate(&["--as-of", "tomorrow", &good]).0, 2);
}

#[test]
fn levels_need_a_reason_and_are_shown() {
    let (_folder, path) = faulty("word-unknown");
    let path = path.to_str().unwrap();
    let (code, _, err) = validate(&["--level", "word-unknown=info", path]);
    assert_eq!(code, 2);
    assert!(err.contains("a changed level needs a reason"), "{err}");
    assert_eq!(validate(&["--level", "word-unknown=info", "--reason", " ", path]).0, 2);
    let (code, _, err) = validate(&["--level", "word-unknwon=off", "--reason", "x", path]);
    assert_eq!((code, err.contains("did you mean `word-unknown`")), (2, true), "{err}");
    assert_eq!(validate(&["--reason", "x", path]).0, 2);
    let (code, out, _) = validate(&["--level", "word-unknown=info", "--reason", "agreed with them", path]);
    assert_eq!(code, 0);
    assert!(out.contains("level: word-unknown error -> info: agreed with them"), "{out}");
    assert!(out.contains("info: word-unknown enabledUser: 1 time"), "{out}");
    let (code, out, _) =
        validate(&["--level", "word-unknown=off", "--reason", "no", "--format", "json", path]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &json["packages"][0]["notices"]), (0, &serde_json::json!([])));
    let rules = json["packages"][0]["rules"].as_array().unwrap();
    let state = rules.iter().find(|rule| rule["code"] == "word-unknown").unwrap();
    assert_eq!(state["outcome"], "off");
}

#[test]
fn json_fits_its_schema_for_every_package() {
    let text = include_str!("../../docs/reference/validation.schema.json");
    let schema: Value = serde_json::from_str(text).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for fault in patch::faults() {
        let path = folder.path().join(format!("{}.zip", fault.name));
        fs::write(&path, fault.zip.bytes()).unwrap();
        paths.push(path.to_str().unwrap().to_owned());
    }
    let mut arguments = vec!["--format", "json", "--level", "grade-unusual=error", "--reason", "test"];
    arguments.extend(["--consumer", "hmh,strict-1.2", "--consumer", "naviance"]);
    arguments.extend(paths.iter().map(String::as_str));
    let (code, out, _) = validate(&arguments);
    assert_eq!(code, 1);
    let json: Value = serde_json::from_str(&out).unwrap();
    let mut faults = Vec::new();
    json_schema::check(&schema, &schema, &json, "$", &mut faults);
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(json["packages"].as_array().unwrap().len(), paths.len());
}

#[test]
fn demands_of_consumers_are_notices_of_their_own() {
    let (_folder, path) = faulty("consumer-id-form");
    let package = path.to_str().unwrap();
    // Without the consumer nothing of it is judged or told.
    let (code, out, _) = validate(&["--format", "json", package]);
    assert!(code == 0 && !out.contains("consumer-"), "{out}");
    let (code, out, _) = validate(&["--consumer", "great-minds", "--format", "json", package]);
    let json: Value = serde_json::from_str(&out).unwrap();
    let judged = &json["packages"][0];
    assert_eq!((code, &judged["consumers"]), (1, &serde_json::json!(["great-minds"])));
    let notice = &judged["notices"][0];
    assert_eq!(notice["code"], "consumer-id-form");
    assert_eq!(notice["demand"]["consumer"], "great-minds");
    assert!(notice["demand"]["source"].as_str().unwrap().starts_with("https://"), "{notice}");
    let (_, out, _) = validate(&["--consumer", "great-minds", "--format", "sarif", package]);
    let log: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(log["runs"][0]["results"][0]["properties"]["consumer"], "great-minds");
    let (_, out, _) = validate(&["--consumer", "great-minds", "--format", "html", package]);
    assert!(out.contains("Great Minds wants ids of at most 100 letters"), "{out}");
    let (code, out, _) = validate(&["--consumer", "great-minds", package]);
    assert_eq!(code, 1);
    golden("validate-consumer.txt", &out.replace(package, "package.zip"));
    // A level of its own, for all consumers that demand it.
    let level = ["--level", "consumer-id-form=warning", "--reason", "they said so on the phone"];
    let (code, out, _) = validate(&[&level[..], &["--consumer", "great-minds", package]].concat());
    assert!(code == 0 && out.contains("warning: consumer-id-form"), "{out}");
}

#[test]
fn consumers_go_by_name_each_with_its_own_demands() {
    let (_folder, path) = faulty("consumer-several-in-cell");
    let package = path.to_str().unwrap();
    let (_, out, _) = validate(&["--consumer", "lab-aids,st-math,lab-aids", "--format", "json", package]);
    let json: Value = serde_json::from_str(&out).unwrap();
    let names = json["packages"][0]["notices"].as_array().unwrap().iter();
    let names = names.filter(|notice| notice["code"] == "consumer-package-name");
    let names: Vec<&str> = names.map(|notice| notice["demand"]["consumer"].as_str().unwrap()).collect();
    assert_eq!(names, ["lab-aids", "st-math"], "one code, two demands");
    let (code, _, err) = validate(&["--consumer", "stmath", package]);
    assert_eq!(code, 2);
    assert_eq!(
        err,
        "error: there is no consumer `stmath`\nhelp: did you mean `st-math`? `rosterpack profiles list` names all\n"
    );
}

fn golden(name: &str, out: &str) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/cli").join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&golden, out).unwrap();
    }
    assert_eq!(out, fs::read_to_string(golden).unwrap_or_default());
}

/// What SARIF 2.1.0 demands of the parts that we write (OASIS, sections 3.13 to 3.52).
#[test]
fn sarif_has_the_structure_of_the_standard() {
    let (_folder, path) = faulty("quote-in-cell");
    let (code, out, _) = validate(&["--format", "sarif", path.to_str().unwrap()]);
    assert_eq!(code, 1);
    let log: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "rosterpack");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let levels = ["none", "note", "warning", "error"];
    for rule in rules {
        assert!(rule["id"].is_string() && rule["shortDescription"]["text"].is_string(), "{rule}");
        assert!(levels.contains(&rule["defaultConfiguration"]["level"].as_str().unwrap()), "{rule}");
    }
    let results = run["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for result in results {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(levels.contains(&result["level"].as_str().unwrap()));
        assert!(result["message"]["text"].is_string() && result["occurrenceCount"].as_u64().unwrap() > 0);
        for location in result["locations"].as_array().unwrap() {
            let place = &location["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            assert!(uri.bytes().all(|b| b.is_ascii_graphic()), "{uri}");
            if let Some(region) = place.get("region") {
                assert!(region["startLine"].as_u64().unwrap() > 0);
            }
        }
    }
    assert_eq!(results[0]["locations"][0]["physicalLocation"]["region"]["startLine"], 3);
    for notice in run["invocations"][0]["toolConfigurationNotifications"].as_array().unwrap() {
        assert!(notice["associatedRule"]["id"].is_string() && notice["message"]["text"].is_string());
    }
}

#[test]
fn html_stands_alone_and_escapes_what_it_shows() {
    let mut zip = Zip::of(&patch::valid("v1p1-bulk"));
    zip.entries.push(crate::zipper::Entry::new(b"<iframe onload=x>.csv", b"x".to_vec()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a&b.zip");
    fs::write(&path, zip.bytes()).unwrap();
    let (code, page, _) = validate(&["--format", "html", path.to_str().unwrap()]);
    assert_eq!(code, 0);
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("<html lang=\"en\">"), "{page}");
    for forbidden in ["<script", "<iframe", "http://", "https://", "src=", "<link", "@import", "url("] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("&lt;iframe onload=x&gt;") && page.contains("a&amp;b.zip"));
    assert!(page.contains("prefers-color-scheme: dark") && page.contains("<main>"));
}

/// Texts of people stand in every package of the corpus; none may come out, in any format.
#[test]
fn no_personal_value_is_shown() {
    let personal =
        ["Birch", "Ash", "Cedar", "Dogwood", "Elder", "maple.example", "555", "2011-", "Mary", "Bobby"];
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for fault in patch::faults() {
        let path = folder.path().join(format!("{}.zip", fault.name));
        fs::write(&path, fault.zip.bytes()).unwrap();
        paths.push(path.to_str().unwrap().to_owned());
    }
    for format in ["terminal", "json", "html", "sarif"] {
        let mut arguments = vec!["--format", format];
        arguments.extend(paths.iter().map(String::as_str));
        let (_, out, err) = validate(&arguments);
        for word in personal {
            let at =
                out.find(word).map(|at| out[at.saturating_sub(80)..].chars().take(160).collect::<String>());
            assert!(at.is_none() && !err.contains(word), "{format}: {word}: {at:?}");
        }
    }
}

#[test]
fn the_terminal_reads_as_reviewed() {
    let (_folder, path) = faulty("dangling-reference.cause");
    let (_, out, _) = validate(&["--as-of", "2025-10-01", path.to_str().unwrap()]);
    golden("validate.txt", &out.replace(path.to_str().unwrap(), "package.zip"));
}

/// The same package gives the same bytes, however many threads read it.
#[test]
fn output_does_not_depend_on_threads() {
    let (_folder, path) = faulty("limit-size");
    let runs: Vec<Vec<u8>> = ["1", "2", "7"]
        .iter()
        .map(|threads| {
            let mut command = Command::cargo_bin("rosterpack").unwrap();
            command.env("RAYON_NUM_THREADS", threads).args(["validate", "--format", "json"]).arg(&path);
            command.output().unwrap().stdout
        })
        .collect();
    assert!(runs.windows(2).all(|pair| pair[0] == pair[1]));
}
