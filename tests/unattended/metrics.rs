//! The metrics of nights that end well, are held, refused, fail and find the lock taken, as a strict scraper reads them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::{EXPORT, PICKUP, command, configure, desk, ended, extracts, prometheus, told};

const FILE: &str = "metrics = \"watched/{profile}-{tenant}.prom\"\n";

struct Found(BTreeMap<prometheus::Key, f64>);

impl Found {
    fn at(desk: &Path, tenant: &str) -> Found {
        let path = desk.join(format!("watched/reading-{tenant}.prom"));
        Found(prometheus::read(&fs::read_to_string(path).unwrap(), "reading", tenant))
    }

    fn get(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.0.get(&(format!("rosterpack_{name}"), labels.collect())).copied()
    }

    fn one(&self, name: &str) -> f64 {
        self.get(name, &[]).unwrap_or_else(|| panic!("{name}: {:?}", self.0))
    }

    /// How the run ended: exactly one outcome is.
    fn outcome(&self) -> String {
        let are: Vec<_> =
            self.0.iter().filter(|((name, _), _)| name == "rosterpack_last_run_outcome").collect();
        assert_eq!(are.len(), 5);
        let mut is =
            are.iter().filter(|(_, value)| **value == 1.0).map(|((_, labels), _)| labels["outcome"].clone());
        let found = is.next().unwrap();
        assert_eq!(is.next(), None);
        found
    }

    fn by_file(&self, name: &str) -> BTreeMap<String, u64> {
        let name = format!("rosterpack_{name}");
        let own = self.0.iter().filter(|((found, _), _)| *found == name);
        own.map(|((_, labels), value)| (labels["file"].clone(), *value as u64)).collect()
    }
}

fn last_night(desk: &Path) -> Value {
    let output = ended(desk, &["history", "--json", "--tenant", "north"], 0);
    let nights: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    nights.last().unwrap().clone()
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

#[test]
fn every_ending_is_measured_and_the_last_success_outlasts_all_that_fail() {
    let consumer = "consumer_name = 'Reading \"R\" \\ vendor'\n";
    let lines = format!("{PICKUP}{FILE}{consumer}");
    let temp = desk(&lines);
    let desk = temp.path();
    fs::create_dir(desk.join("watched")).unwrap();
    let begun = now();
    ended(desk, &EXPORT, 0);
    let first = Found::at(desk, "north");
    assert_eq!(
        (first.outcome().as_str(), first.one("last_run_exit_code"), first.one("held")),
        ("delivered", 0.0, 0.0)
    );
    let success = first.one("last_success_timestamp_seconds");
    let end = first.one("last_run_timestamp_seconds");
    assert!(begun.floor() <= success && success <= end && end <= now(), "{begun} {success} {end}");
    assert!((0.0..=end - begun + 0.01).contains(&first.one("last_run_duration_seconds")));
    let files: BTreeMap<String, u64> = serde_json::from_value(last_night(desk)["files"].clone()).unwrap();
    assert_eq!(first.by_file("package_rows"), files);
    assert!(files["users"] > 100 && first.by_file("package_removed_rows").is_empty());
    let labels = [("consumer", "Reading \"R\" \\ vendor"), ("version", env!("CARGO_PKG_VERSION"))];
    assert_eq!(first.get("info", &labels), Some(1.0));

    // Held: the success stays, whatever became of the file.
    extracts(&desk.join("extracts"), 60);
    fs::remove_file(desk.join("watched/reading-north.prom")).unwrap();
    ended(desk, &EXPORT, 4);
    let held = Found::at(desk, "north");
    assert_eq!(
        (held.outcome().as_str(), held.one("last_run_exit_code"), held.one("held")),
        ("held", 4.0, 1.0)
    );
    assert_eq!(held.one("last_success_timestamp_seconds"), success);
    let night = last_night(desk);
    let removed = night["changes"].as_object().unwrap().iter();
    let removed: BTreeMap<String, u64> =
        removed.map(|(file, moved)| (file.clone(), moved["removed"].as_u64().unwrap())).collect();
    assert!(removed["users"] > 10);
    assert_eq!(held.by_file("package_removed_rows"), removed);

    // Failed and refused: what is held is still held, and its rows are still the newest.
    for (line, code, word) in [("place = \"gone\"", 3, "failed"), ("deny = \"warning\"", 1, "refused")] {
        configure(desk, &format!("{lines}{line}"));
        ended(desk, &EXPORT, code);
        let found = Found::at(desk, "north");
        assert_eq!((found.outcome().as_str(), found.one("last_run_exit_code")), (word, f64::from(code)));
        assert_eq!((found.one("held"), found.one("last_success_timestamp_seconds")), (1.0, success));
        assert_eq!(found.by_file("package_removed_rows"), removed);
    }

    // Undelivered: one target has it, and that is no success.
    let gone = lines.replace("[\"file:", "[\"file://DESK/nowhere/x.zip\", \"file:");
    configure(desk, &format!("{gone}max_removed_rows = 100000\nmax_changed_percent = 100"));
    ended(desk, &EXPORT, 5);
    let found = Found::at(desk, "north");
    assert_eq!((found.outcome().as_str(), found.one("held")), ("undelivered", 0.0));
    assert_eq!(found.one("last_success_timestamp_seconds"), success);
    configure(desk, &lines);
    ended(desk, &["deliver", "--profile", "reading", "--tenant", "north"], 0);
    assert_eq!(Found::at(desk, "north").outcome(), "delivered");
    assert_eq!(fs::read_dir(desk.join("watched")).unwrap().count(), 1, "nothing unfinished is left");

    // Whoever finds the lock taken writes nothing: the other one will.
    let lock = fs::File::open(desk.join("archive/reading/north/lock")).unwrap();
    lock.lock().unwrap();
    let before = fs::read(desk.join("watched/reading-north.prom")).unwrap();
    ended(desk, &EXPORT, 6);
    assert_eq!(fs::read(desk.join("watched/reading-north.prom")).unwrap(), before);
}

#[test]
fn a_file_that_cannot_be_written_is_told_and_one_for_two_tenants_is_refused() {
    let temp = desk(&format!("{PICKUP}{FILE}"));
    let desk = temp.path();
    let output = ended(desk, &EXPORT, 0);
    assert!(
        told(&output).contains("note: the metrics watched/reading-north.prom cannot be written: "),
        "{}",
        told(&output)
    );
    let all = ["export", "--profile", "reading", "--tenant", "all", "--quiet"];
    configure(desk, &format!("{PICKUP}metrics = \"{{profile}}.prom\""));
    let output = ended(desk, &all, 2);
    assert!(told(&output).contains("the metrics of north and south would be the same"), "{}", told(&output));
    fs::create_dir(desk.join("watched")).unwrap();
    configure(desk, &format!("{PICKUP}{FILE}"));
    ended(desk, &all, 0);
    for tenant in ["north", "south"] {
        assert_eq!(Found::at(desk, tenant).outcome(), "delivered");
    }
    for (line, says) in [
        ("metrics = \"watched/x.txt\"", "end with .prom"),
        ("metrics = \"{name}.prom\"", "{profile}, {tenant} are known"),
    ] {
        configure(desk, &format!("{PICKUP}{line}"));
        let output = command(desk, &EXPORT).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(told(&output).contains(says), "{}", told(&output));
    }
}
