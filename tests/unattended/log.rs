//! `--log-format json`: every line on standard error of every kind of ending is one JSON object with the same keys, and standard
//! output is what it is without.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::schemas::schema;
use crate::{EXPORT, PICKUP, command, configure, desk, extracts, json_schema, told};

const SECRET: &str = "hunter2";

/// Runs the verb with JSON lines, demands this code, and gives the lines.
fn lines(desk: &Path, arguments: &[&str], code: i32) -> (Vec<Value>, Output) {
    let arguments = [arguments, &["--log-format", "json"]].concat();
    let output = command(desk, &arguments).env("ROSTERPACK_SFTP_PASSWORD", SECRET).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}", told(&output));
    (parsed(&output), output)
}

fn parsed(output: &Output) -> Vec<Value> {
    assert!(!told(output).contains(SECRET));
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}")))
        .collect();
    let schema = schema("log.schema.json");
    for line in &lines {
        let mut faults = Vec::new();
        json_schema::check(&schema, &schema, line, "$", &mut faults);
        assert_eq!(faults, Vec::<String>::new(), "{line}");
        let time = line["time"].as_str().unwrap();
        assert!(time.len() == 24 && time.ends_with('Z') && &time[10..11] == "T", "{time}");
        let message = line["message"].as_str().unwrap();
        assert!(!message.trim().is_empty() && !message.contains('\u{1e}'), "{line:?}");
        assert!(!message.starts_with("error: ") && !message.starts_with("note: "), "{line:?}");
    }
    lines
}

fn of_level<'a>(lines: &'a [Value], level: &str) -> Vec<&'a str> {
    lines.iter().filter(|line| line["level"] == level).map(|line| line["message"].as_str().unwrap()).collect()
}

fn last(lines: &[Value]) -> (&str, &str) {
    let last = lines.last().unwrap();
    (last["code"].as_str().unwrap(), last["message"].as_str().unwrap())
}

#[test]
fn every_line_of_every_ending_is_an_object() {
    let temp = desk(PICKUP);
    let desk = temp.path();
    let loud = &EXPORT[..5];
    let (good, output) = lines(desk, loud, 0);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("reading/north: delivered ") && said.lines().count() == 1, "{said}");
    assert!(good.iter().all(|line| line["profile"] == "reading" && line["tenant"] == "north"), "{good:?}");
    assert!(of_level(&good, "info").iter().any(|message| message.starts_with("reading ...")), "{good:?}");
    let notice = good.iter().find(|line| line["level"] == "warning").unwrap();
    assert!(notice["code"].is_string() && notice["count"].as_u64() > Some(0), "{notice}");
    let users = good.iter().find(|line| line["message"] == "rows of users.csv of OneRoster 1.1").unwrap();
    assert!(users["count"].as_u64() > Some(100));
    assert_eq!(of_level(&good, "notice").len(), 1, "the first night has nothing to compare with: {good:?}");
    assert!(of_level(&good, "error").is_empty());

    let (quiet, output) = lines(desk, &EXPORT, 0);
    assert!(quiet.is_empty(), "{quiet:?}");
    assert!(String::from_utf8(output.stdout).unwrap().contains(", 0 gone, 0 new"));

    extracts(&desk.join("extracts"), 60);
    let (held, _) = lines(desk, &EXPORT, 4);
    assert!(of_level(&held, "error").iter().any(|message| message.contains("ids are gone")), "{held:?}");
    assert!(held.iter().any(|line| line["help"].as_str().unwrap_or_default().contains("--expect users=")));
    assert_eq!(last(&held).0, "held");
    assert!(last(&held).1.starts_with("exit code 4: "));

    configure(desk, &format!("{PICKUP}deny = \"warning\""));
    let (refused, output) = lines(desk, &EXPORT, 1);
    assert!(
        of_level(&refused, "error").iter().any(|message| message.contains("\n  - ")),
        "in one piece: {refused:?}"
    );
    assert_eq!(last(&refused).0, "refused");
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .starts_with("reading/north: refused, nothing was delivered: ")
    );

    let place = format!("place = \"postgres://reader:{SECRET}@127.0.0.1:1/none\"\nconnect_attempts = 1");
    configure(desk, &format!("{PICKUP}{place}"));
    let (failed, _) = lines(desk, &EXPORT, 2);
    assert_eq!(last(&failed).0, "usage", "a password stands in no file: {failed:?}");
    configure(desk, &format!("{PICKUP}{}", place.replace(&format!(":{SECRET}"), "")));
    let (failed, _) = lines(desk, &EXPORT, 3);
    assert_eq!((last(&failed).0, failed[0]["tenant"].as_str()), ("source", Some("north")), "{failed:?}");
    let (missed, _) = lines(desk, &["deliver", "--profile", "reading", "--tenant", "north"], 4);
    assert_eq!((last(&missed).0, missed[0]["profile"].as_str()), ("held", Some("reading")), "{missed:?}");
}

#[test]
fn what_is_wrong_before_anything_is_known_is_told_in_json_too() {
    let temp = desk(PICKUP);
    let desk = temp.path();
    let (lines_of_clap, _) = lines(desk, &["export", "--no-such-flag"], 2);
    assert!(of_level(&lines_of_clap, "error")[0].contains("--no-such-flag"), "{lines_of_clap:?}");
    let variable = |value: &str| {
        command(desk, &["export", "--no-such-flag"]).env("ROSTERPACK_LOG_FORMAT", value).output().unwrap()
    };
    assert_eq!(parsed(&variable("json")).len(), 2);
    assert!(told(&variable("text")).starts_with("error: unexpected argument"));
    let wrong = variable("yaml");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(told(&wrong).contains("ROSTERPACK_LOG_FORMAT"), "{}", told(&wrong));
    let output = command(desk, &["export", "--log-format", "yaml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    fs::write(desk.join("rosterpack.toml"), "[defaults]\nplase = 1\n").unwrap();
    let (faults, _) = lines(desk, &EXPORT, 2);
    assert!(of_level(&faults, "error").iter().any(|message| message.contains("plase")), "{faults:?}");
}

#[test]
fn of_many_tenants_every_line_says_whose_it_is() {
    for at_once in ["1", "2"] {
        let temp = desk(PICKUP);
        let all = ["export", "--profile", "reading", "--tenant", "all", "--parallel-tenants", at_once];
        let (lines, output) = lines(temp.path(), &all, 0);
        assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 2);
        let of = |tenant: &str| lines.iter().filter(|line| line["tenant"] == tenant).count();
        assert!(of("north") > 5 && of("north") + of("south") == lines.len(), "{lines:?}");
        let ends = lines.iter().filter(|line| line["code"] == "published");
        assert_eq!(ends.map(|line| line["tenant"].as_str().unwrap()).collect::<Vec<_>>(), ["north", "south"]);
    }
}
