//! What programs read of a night, `history --json` and the facts of hooks, against the schemas in `docs/reference`: of every ending.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::{EXPORT, command, configure, desk, ended, extracts, json_schema};

/// A schema of the reference.
pub fn schema(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference").join(name);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// What is wrong with a value.
fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    json_schema::check(schema, schema, value, "$", &mut faults);
    faults
}

/// The words of a vocabulary in a schema.
fn words(schema: &Value) -> BTreeSet<String> {
    schema["enum"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "only debug builds have failpoints: run it without --release")]
fn history_and_hooks_say_what_their_schemas_promise() {
    let pickup = "deliver_to = [\"file://DESK/pickup/{tenant}.zip\"]\n";
    let hooks: String = ["success", "refused", "held", "failure"]
        .map(|when| format!("on_{when} = \"cat >> facts.jsonl; echo >> facts.jsonl\"\n"))
        .concat();
    let temp = desk(&format!("{pickup}{hooks}"));
    let desk = temp.path();
    ended(desk, &EXPORT, 0);
    for (line, code) in [("place = \"gone\"", 3), ("deny = \"warning\"", 1)] {
        configure(desk, &format!("{pickup}{hooks}{line}"));
        ended(desk, &EXPORT, code);
    }
    let nobody = pickup.replace("pickup", "nowhere");
    configure(desk, &format!("{nobody}{hooks}"));
    ended(desk, &EXPORT, 5);
    configure(desk, &format!("{pickup}{hooks}"));
    extracts(&desk.join("extracts"), 60);
    ended(desk, &EXPORT, 4);
    // Two runs that die: before the first byte is sent, and before the package has a line.
    let steps = desk.join("steps");
    extracts(&desk.join("extracts"), 100);
    assert!(command(desk, &EXPORT).env("ROSTERPACK_TEST_STEPS", &steps).output().unwrap().status.success());
    let steps = fs::read_to_string(steps).unwrap();
    let stored = steps.lines().position(|step| step == "night-stored").unwrap();
    let append =
        steps.lines().take(stored).collect::<Vec<_>>().iter().rposition(|step| *step == "append-open");
    for step in [stored, append.unwrap()] {
        let output =
            command(desk, &EXPORT).env("ROSTERPACK_TEST_KILL_AT", step.to_string()).output().unwrap();
        assert_eq!(output.status.code(), None);
    }
    ended(desk, &["deliver", "--profile", "reading", "--tenant", "north"], 4);

    let (facts_schema, history_schema) = (schema("hook.schema.json"), schema("history.schema.json"));
    let facts = fs::read_to_string(desk.join("facts.jsonl")).unwrap();
    let facts: Vec<Value> = facts.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for facts in &facts {
        assert_eq!(faults(&facts_schema, facts), Vec::<String>::new());
    }
    let told: BTreeSet<String> =
        facts.iter().map(|facts| facts["outcome"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told, words(&facts_schema["properties"]["outcome"]), "every outcome was seen");

    let output = ended(desk, &["history", "--json", "--last", "100"], 0);
    let history: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(faults(&history_schema, &history), Vec::<String>::new());
    let nights = history.as_array().unwrap().iter();
    let told: BTreeSet<String> = nights.map(|night| night["outcome"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told, words(&history_schema["items"]["properties"]["outcome"]), "every outcome was seen");

    // A schema that forgets a key, or knows one too many, is noticed.
    let mut more = facts[0].clone();
    more["name"] = "x".into();
    let mut less = facts[0].clone();
    less.as_object_mut().unwrap().remove("summary");
    assert!(!faults(&facts_schema, &more).is_empty() && !faults(&facts_schema, &less).is_empty());
}
