//! `rosterpack profiles` from outside, and its reference page: what is known of consumers, with sources.

// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use rosterpack::consumer::{self, Axis};
use serde_json::Value;

#[path = "support/json_schema.rs"]
mod json_schema;

fn profiles(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("rosterpack").unwrap().arg("profiles").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn same(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, text).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(found == text, "{path} is out of date: BLESS=1 cargo test --test profiles");
}

#[test]
fn the_list_names_every_consumer() {
    let (code, out, _) = profiles(&["list"]);
    assert_eq!(code, 0);
    let names: Vec<&str> = out.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(names, consumer::all().iter().map(|consumer| consumer.id).collect::<Vec<_>>());
    for name in
        ["classlink", "clever", "microsoft-sds", "canvas", "renaissance", "hmh", "great-minds", "st-math"]
    {
        assert!(names.contains(&name), "{name}");
    }
    let (_, json, _) = profiles(&["list", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json.as_array().unwrap().len(), names.len());
    assert_eq!(json[0]["consumer"], names[0]);
}

#[test]
fn one_is_shown_with_its_sources_and_what_nobody_confirmed() {
    let (code, out, _) = profiles(&["show", "st-math"]);
    assert_eq!(code, 0);
    same("tests/golden/cli/profiles-show.txt", &out);
    for consumer in consumer::all() {
        let (_, out, _) = profiles(&["show", consumer.id]);
        for statement in &consumer.statements {
            assert!(out.contains(&format!(
                "{}\n    source: {}, read {}",
                statement.says,
                statement.source,
                statement.date()
            )));
        }
        let unconfirmed = out.lines().last().unwrap().strip_prefix("unconfirmed: ").unwrap_or_default();
        assert_eq!(
            unconfirmed.split(", ").filter(|word| !word.is_empty()).count(),
            consumer.unconfirmed.len()
        );
    }
}

#[test]
fn json_has_every_axis_and_keeps_to_its_schema() {
    let text = include_str!("../docs/reference/profiles.schema.json");
    let schema: Value = serde_json::from_str(text).unwrap();
    for consumer in consumer::all() {
        let (code, out, _) = profiles(&["show", consumer.id, "--json"]);
        assert_eq!(code, 0);
        let json: Value = serde_json::from_str(&out).unwrap();
        let mut faults = Vec::new();
        json_schema::check(&schema, &schema, &json, "$", &mut faults);
        assert_eq!(faults, Vec::<String>::new(), "{}", consumer.id);
        let axes = json["axes"].as_array().unwrap();
        let words: Vec<&str> = axes.iter().map(|axis| axis["axis"].as_str().unwrap()).collect();
        assert_eq!(words, Axis::ALL.map(Axis::word));
        for axis in axes {
            assert_eq!(
                axis["unconfirmed"] == true,
                axis["statements"].as_array().unwrap().is_empty(),
                "{axis}"
            );
        }
    }
}

#[test]
fn a_wrong_name_is_told_with_the_nearest() {
    for (name, near) in
        [("st_math", "st-math"), ("Classlink", "classlink"), ("SDS Microsoft", ""), ("strict", "strict-1.1")]
    {
        let (code, out, err) = profiles(&["show", name]);
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(err.starts_with(&format!("error: there is no consumer `{name}`\nhelp: ")), "{err}");
        assert_eq!(err.contains("did you mean"), !near.is_empty(), "{err}");
        assert!(err.contains(near) && err.contains("`rosterpack profiles list`"), "{err}");
    }
}

/// The page of all consumers equals the data.
#[test]
fn the_reference_page() {
    same("docs/reference/profiles.md", &consumer::page::page());
}
