//! The report: its JSON has exactly the shape of `docs/reference/report.schema.json`, the same facts give the
//! same bytes, and the summary for people fits 80 columns (`tests/golden/cli/summary.txt`, `BLESS=1`).

// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

use rosterpack::config::Overrides;
use rosterpack::day::Day;
use rosterpack::notice::{Authority, Code, Notices, Severity};
use rosterpack::report::contents::{FiguresReport, OrgCounts};
use rosterpack::report::{PackageReport, Report, RunFacts, UnmappedValue, Zip, html, terminal};
use rosterpack::roster::figures::Tallies;
use rosterpack::spec::{File, Version};
use serde_json::Value;

#[path = "support/json_schema.rs"]
mod json_schema;
use json_schema::check;

static DANGLING: Code = Code {
    code: "enrollment-student-unknown",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "enrollments",
    summary: "A section association names a student who is not exported.",
    remedy: "Give the student a school association that has not ended, or end the section association.",
};
static COLLISION: Code = Code {
    code: "id-collision",
    severity: Severity::Error,
    authority: Authority::Specification,
    file: "classes",
    summary: "Two classes have one sourcedId.",
    remedy: "Rename one of the sections in the ODS, or set on_id_collision = \"keep-winner\".",
};
static ROUNDED: Code = Code {
    code: "text-cleaned",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "",
    summary: "Control characters in text became blanks.",
    remedy: "Nothing needs to be done.",
};

fn full(refused: bool) -> Report {
    of_versions(refused, &[Version::V1p1])
}

/// A report of these packages, of which each has something to say of its own when there are several.
fn of_versions(refused: bool, versions: &[Version]) -> Report {
    let mut overrides = Overrides::new();
    overrides.flag("tenant", Some("gbisd"));
    overrides.flag("active_school_year", Some("2022"));
    overrides.flag("leas", Some("255901"));
    overrides.flag("schools", Some("255901107,255901001"));
    overrides.flag("files", Some("users,orgs"));
    overrides.set("class_title={title} - {teacher}");
    let run = overrides.freeze(Day::from_ymd(2021, 10, 1).unwrap(), &[]).unwrap();
    let mut notices = Notices::new();
    for n in 0..7u64 {
        for m in 0..=n {
            notices.add(
                &DANGLING,
                &format!("school {} is not exported", 255_901_000 + n),
                (604_800 + m).to_string(),
            );
        }
    }
    notices.leave_out(&DANGLING, "school 255901006 is not exported", "users", 1200);
    notices.leave_out(&DANGLING, "school 255901006 is not exported", "classes", 3);
    notices.count(&ROUNDED, "", 1_234_567);
    if refused {
        notices.add(&COLLISION, "sections A and a", "9594151a023f0e39c0e27dc8f246d1a9");
    }
    let unmapped = [("Quarter \u{1b}[31m9", 3), ("Summer", 12)].map(|(value, count)| UnmappedValue {
        seed: "xwalk_oneroster_academic_sessions_types.csv".into(),
        column: "academic_term".into(),
        value: value.into(),
        count,
    });
    Report::new(
        RunFacts::new(&run.plan, "a folder of extracts", "5.0 to 5.2", 7_654_321),
        versions.iter().map(|&version| package(version, refused, versions.len() > 1)).collect(),
        &notices,
        unmapped.to_vec(),
        run.choices,
        if refused { vec!["1 id collision".into()] } else { Vec::new() },
    )
}

fn package(version: Version, refused: bool, own: bool) -> PackageReport {
    let mut files = vec![(File::Orgs, 8), (File::AcademicSessions, 16)];
    if version == Version::V1p2 {
        files.push((File::Roles, 1_000_123));
    }
    files.extend([(File::Users, 1_000_000), (File::Enrollments, 7_000_000)]);
    let mut notices = Notices::new();
    if own {
        notices.count(&ROUNDED, &format!("only {version}"), 3);
    }
    let zip = Zip { path: "packages/gbisd-2022-oneroster-v1p1.zip".into(), bytes: 123_456_789 };
    PackageReport::new(version, &files, &notices, (!refused).then_some(zip))
}

fn json(report: &Report) -> String {
    let mut bytes = Vec::new();
    report.json(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/report.schema.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn faults(value: &Value) -> Vec<String> {
    let schema = schema();
    let mut faults = Vec::new();
    check(&schema, &schema, value, "report", &mut faults);
    faults
}

#[test]
fn the_json_has_the_shape_of_the_schema() {
    for refused in [false, true] {
        for report in [full(refused), of_versions(refused, &Version::ALL)] {
            let value: Value = serde_json::from_str(&json(&report)).unwrap();
            assert_eq!(faults(&value), Vec::<String>::new());
        }
    }
}

#[test]
fn the_schema_catches_what_is_wrong() {
    let sound: Value = serde_json::from_str(&json(&full(false))).unwrap();
    let broken = |change: &dyn Fn(&mut Value)| {
        let mut value = sound.clone();
        change(&mut value);
        assert!(!faults(&value).is_empty(), "{value}");
    };
    broken(&|v| v["more"] = 1.into());
    broken(&|v| v["run"]["school_year"] = "2022".into());
    broken(&|v| v["notices"][0]["severity"] = "fatal".into());
    broken(&|v| v["notices"][0]["causes"][0]["count"] = (-1).into());
    broken(&|v| v["choices"][0]["origin"] = "guess".into());
    broken(&|v| v["packages"][0]["zip"]["bytes"] = Value::Null);
    broken(&|v| v["packages"][0]["oneroster"] = "1.3".into());
    for name in sound.as_object().unwrap().keys() {
        broken(&|v| {
            v.as_object_mut().unwrap().remove(name);
        });
    }
}

/// Every object of the schema closes itself and demands all that it describes: then a new field of the report
/// cannot be forgotten in the schema, and none of the schema in the report.
#[test]
fn the_schema_is_closed_and_complete() {
    fn walk(schema: &Value, seen: &mut usize) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            *seen += 1;
            assert_eq!(schema["additionalProperties"], false, "{schema}");
            let mut required: Vec<&str> =
                schema["required"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
            required.sort_unstable();
            assert_eq!(required, properties.keys().map(String::as_str).collect::<Vec<_>>());
            for (name, property) in properties {
                assert!(property.get("description").is_some(), "{name} has no description");
            }
        }
        // What is the validator's is held against its own schema (tests/export_report.rs).
        let own = schema.as_object().into_iter().flatten().filter(|(name, _)| !name.starts_with("judged_"));
        for (_, inner) in own.filter(|(_, value)| value.is_object()) {
            walk(inner, seen);
        }
    }
    let mut seen = 0;
    walk(&schema(), &mut seen);
    assert_eq!(seen, 28, "the objects of the report, and those of a judgement");
}

#[test]
fn the_same_facts_give_the_same_bytes() {
    assert_eq!(json(&full(true)), json(&full(true)));
    assert!(json(&full(true)).ends_with("}\n"));
}

#[test]
fn the_summary_fits_eighty_columns_and_counts_everything() {
    let reports = [full(false), full(true), of_versions(false, &Version::ALL)];
    let told = reports.map(|report| terminal::summary(&report)).join("\n=====\n\n");
    for line in told.lines() {
        assert!(line.chars().count() <= 80, "{line}");
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert_eq!(line.trim_end(), line, "no blanks at the end: {line:?}");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/cli/summary.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &told).unwrap();
    }
    assert_eq!(told, fs::read_to_string(&path).unwrap_or_default(), "BLESS=1 cargo test --test cli_report");
}

/// A page of a state with more schools than fit, whose names and values try to be markup.
#[test]
fn the_page_escapes_everything_and_cuts_what_is_long_with_a_count() {
    let hostile = "<script>alert(1)</script>\" onload=\"x & y";
    let mut report = full(true);
    let org = |n: i64| OrgCounts {
        sourced_id: format!("{n:032x}"),
        id: n,
        name: format!("{hostile} {n}"),
        kind: "school",
        counts: Tallies { students: 1, ..Tallies::default() },
    };
    report.figures = Some(FiguresReport {
        total: Tallies { students: 250, ..Tallies::default() },
        class_sizes: Vec::new(),
        orgs: (0..250).map(org).collect(),
    });
    report.run.tenant = hostile.to_owned();
    report.refused = (0..9).map(|n| format!("{hostile} {n}")).collect();
    report.unmapped[0].value = hostile.to_owned();
    report.choices[0].value = hostile.to_owned();
    report.names.insert("604800".to_owned(), [hostile.to_owned()].into());
    let page = html::page(&report);
    assert!(!page.contains("<script") && !page.contains("\" onload=\""), "something was not escaped");
    assert!(page.matches("&lt;script&gt;").count() > 100);
    for words in ["and 4 more", "238 further schools", "And 150 further organizations in report.json."] {
        assert!(page.contains(words), "{words}");
    }
}
