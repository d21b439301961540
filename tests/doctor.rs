//! The doctor: its checklist of the sample, each failure and warning provoked once, and the JSON as the schema has it.

// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use rosterpack::cli::{self, Clock, ExitCode, Process};
use rosterpack::day::Day;
use rosterpack::synth::{self, Shape, SynthPlan};
use serde_json::Value;

#[path = "support/json_schema.rs"]
mod json_schema;

/// Runs a command line inside of this process; the clock stands still.
fn run(arguments: &[&str]) -> (ExitCode, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = cli::run(
        std::iter::once("rosterpack").chain(arguments.iter().copied()).map(Into::into),
        &mut Process {
            environment: Vec::new(),
            today: Day::from_ymd(2024, 10, 1).unwrap(),
            clock: || Clock { utc_milliseconds: 1_727_784_000_000, offset_minutes: -300 },
            out: &mut out,
            err: &mut err,
            terminal: false,
            signals: false,
        },
    );
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/doctor.schema.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The JSON document, which keeps to the schema whatever it says.
fn document(arguments: &[&str]) -> (ExitCode, Value) {
    let mut all = vec!["doctor", "--json"];
    all.extend(arguments);
    let (code, out, err) = run(&all);
    assert_eq!(err, "");
    let value: Value = serde_json::from_str(&out).unwrap();
    let (schema, mut faults) = (schema(), Vec::new());
    json_schema::check(&schema, &schema, &value, "doctor", &mut faults);
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(value["exit_code"], u64::from(code.number()));
    let names: Vec<&Value> = value["checks"].as_array().unwrap().iter().map(|check| &check["name"]).collect();
    let promised: Vec<&Value> =
        schema["$defs"]["check"]["properties"]["name"]["enum"].as_array().unwrap().iter().collect();
    assert_eq!(names, promised, "every step is told once, in the same order, whatever happens");
    (code, value)
}

fn find<'v>(value: &'v Value, name: &str) -> &'v Value {
    value["checks"].as_array().unwrap().iter().find(|check| check["name"] == name).unwrap()
}

/// Asserts how a step ended and that all its text together has these words.
fn ended(value: &Value, name: &str, outcome: &str, words: &[&str]) {
    let check = find(value, name);
    assert_eq!(check["outcome"], outcome, "{check:#}");
    for word in words {
        assert!(check.to_string().contains(word), "`{word}` is not in {check:#}");
    }
    if matches!(outcome, "fail") {
        assert!(!check["world"].is_null());
    }
}

struct District {
    temp: tempfile::TempDir,
}

impl District {
    fn invent(standard: Shape) -> District {
        let district = District { temp: tempfile::tempdir().unwrap() };
        let plan = SynthPlan { students: 40, standard, ..SynthPlan::default() };
        synth::write(&plan, &district.at("ods"), &|_, _| {}).unwrap();
        district
    }

    fn at(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    fn table(&self, name: &str, change: impl Fn(String) -> String) {
        let path = self.at("ods").join(name).with_extension("csv");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, change(text)).unwrap();
    }

    fn examined(&self, more: &[&str]) -> (ExitCode, Value) {
        let place = self.at("ods");
        let mut arguments = vec!["--source", place.to_str().unwrap()];
        arguments.extend(more);
        document(&arguments)
    }
}

#[test]
fn the_checklist_of_the_sample() {
    let (code, out, err) = run(&["doctor", "--sample", "--demographics", "--parents"]);
    assert_eq!((code, err.as_str()), (ExitCode::Published, ""));
    for line in out.lines() {
        assert!(line.chars().count() <= 80 && line.trim_end() == line, "{line:?}");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/cli/doctor-sample.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &out).unwrap();
    }
    assert_eq!(out, fs::read_to_string(&path).unwrap_or_default(), "BLESS=1 cargo test --test doctor");
}

#[test]
fn every_data_standard_is_sound() {
    for shape in Shape::ALL {
        let district = District::invent(shape);
        let (code, value) = district.examined(&["--school-year", "2025", "--demographics", "--parents"]);
        assert_eq!(code, ExitCode::Published);
        for name in
            ["data-standard", "tables", "columns", "school-years", "students", "grades", "races", "as-of"]
        {
            ended(&value, name, "ok", &[]);
        }
        for name in ["tls", "login", "read-only", "server-version", "permissions", "subjects", "output"] {
            ended(&value, name, "skipped", &[]);
        }
        assert_eq!(value["school_year"], 2025);
    }
}

#[test]
fn a_source_that_is_not_there_or_empty() {
    let temp = tempfile::tempdir().unwrap();
    fs::create_dir(temp.path().join("empty")).unwrap();
    for (name, word) in [("gone", "No such file"), ("empty", "no table extract")] {
        let place = temp.path().join(name);
        let (code, value) = document(&["--source", place.to_str().unwrap()]);
        assert_eq!(code, ExitCode::Source);
        ended(&value, "reachable", "fail", &[word, "source"]);
        ended(&value, "tables", "skipped", &[]);
        ended(&value, "grades", "skipped", &[]);
        assert!(value["source"].is_null() && value["school_year"].is_null());
    }
    fs::write(temp.path().join("empty/calendar.csv"), "schoolid\n1\n").unwrap();
    let (code, value) = document(&["--source", temp.path().join("empty").to_str().unwrap()]);
    assert_eq!(code, ExitCode::Source);
    ended(&value, "data-standard", "fail", &["does not look like an Ed-Fi ODS"]);
    let (code, out, err) = run(&["doctor"]);
    assert_eq!((code, out.as_str()), (ExitCode::Usage, ""));
    assert!(err.contains("--source is missing"), "{err}");
}

#[test]
fn every_missing_table_is_told() {
    let district = District::invent(Shape::S52);
    for table in ["section", "course", "staffelectronicmail"] {
        fs::remove_file(district.at("ods").join(table).with_extension("csv")).unwrap();
    }
    let (code, value) = district.examined(&["--school-year", "2025"]);
    assert_eq!(code, ExitCode::Source);
    ended(&value, "tables", "fail", &["edfi.section:", "edfi.course:", "2 tables"]);
    ended(&value, "school-years", "skipped", &[]);
    ended(&value, "students", "skipped", &["cannot be read"]);

    let district = District::invent(Shape::S52);
    fs::remove_file(district.at("ods/staffelectronicmail.csv")).unwrap();
    let (code, value) = district.examined(&["--school-year", "2025"]);
    assert_eq!(code, ExitCode::Published);
    ended(
        &value,
        "tables",
        "warn",
        &["edfi.staffelectronicmail: e-mail addresses of staff members", "stays blank"],
    );
    ended(&value, "staff-emails", "warn", &["(6 %)"]);
}

#[test]
fn every_missing_column_is_told() {
    let district = District::invent(Shape::S52);
    district.table("student", |text| {
        text.replacen("lastsurname", "surname", 1).replacen("middlename", "middle", 1)
    });
    district.table("section", |text| text.replacen("sectionidentifier", "identifier", 1));
    let (code, value) = district.examined(&["--school-year", "2025"]);
    assert_eq!(code, ExitCode::Source);
    ended(
        &value,
        "columns",
        "fail",
        &["edfi.student.lastsurname", "edfi.section.sectionidentifier", "2 columns"],
    );
    ended(&value, "tables", "ok", &[]);

    let district = District::invent(Shape::S52);
    district.table("student", |text| text.replacen("middlename", "middle", 1));
    let (code, value) = district.examined(&["--school-year", "2025"]);
    assert_eq!(code, ExitCode::Published);
    ended(&value, "columns", "warn", &["edfi.student.middlename", "read as blank"]);
}

#[test]
fn a_table_of_another_standard_is_told() {
    let district = District::invent(Shape::S61);
    let old = "studenteducationorganizationassociationelectronicmail";
    fs::rename(
        district.at("ods/studentdirectoryelectronicmail.csv"),
        district.at("ods").join(old).with_extension("csv"),
    )
    .unwrap();
    let (code, value) = district.examined(&["--school-year", "2025"]);
    assert_eq!(code, ExitCode::Source);
    ended(&value, "tables", "fail", &["half-upgraded", old]);
}

#[test]
fn unmapped_values_have_the_counts_of_the_export() {
    let district = District::invent(Shape::S52);
    let (_, sound) = district.examined(&["--school-year", "2025"]);
    ended(&sound, "grades", "ok", &["mapped"]);
    district.table("descriptor", |text| {
        text.replace("Ninth grade", "Grade of Wizards").replace("Principal", "Wizard")
    });
    let (code, value) = district.examined(&["--school-year", "2025"]);
    assert_eq!(code, ExitCode::Published);
    ended(&value, "grades", "warn", &["`Grade of Wizards`: ", "xwalk_oneroster_grade_levels.csv"]);
    ended(&value, "classifications", "warn", &["Wizard", "xwalk_oneroster_staff_classifications.csv"]);

    let report = district.at("report.json");
    let place = district.at("ods");
    let (code, _, err) = run(&[
        "export",
        "--source",
        place.to_str().unwrap(),
        "--tenant",
        "demo",
        "--school-year",
        "2025",
        "--dry-run",
        "--quiet",
        "--report",
        report.to_str().unwrap(),
    ]);
    assert_eq!(code, ExitCode::Published, "{err}");
    let report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    let unmapped = report["unmapped"].as_array().unwrap();
    assert!(unmapped.len() >= 2);
    for value_of in unmapped {
        let line = format!("`{}`: {} row", value_of["value"].as_str().unwrap(), value_of["count"]);
        assert!(value.to_string().contains(&line), "{line}");
    }
}

#[test]
fn seeds_of_ones_own_are_looked_at() {
    let district = District::invent(Shape::S52);
    let seeds = district.at("seeds");
    fs::create_dir(&seeds).unwrap();
    let seed = seeds.join("xwalk_oneroster_races.csv");
    let arguments = ["--school-year", "2025", "--demographics", "--seeds", seeds.to_str().unwrap()];
    fs::write(&seed, "edfi_race_code,oneroster_race_code\nWhite,purple\n").unwrap();
    let (code, value) = district.examined(&arguments);
    assert_eq!(code, ExitCode::Usage);
    ended(&value, "seeds", "fail", &["configuration", "purple", "xwalk_oneroster_races.csv"]);
    ended(&value, "tables", "ok", &[]);
    ended(&value, "school-years", "ok", &[]);
    ended(&value, "races", "skipped", &["crosswalks"]);

    fs::write(&seed, "edfi_race_code,oneroster_race_code\nWhite,white\nAsian,\n").unwrap();
    fs::write(seeds.join("xwalk_oneroster_race.csv"), "x\n").unwrap();
    let (code, value) = district.examined(&arguments);
    assert_eq!(code, ExitCode::Published);
    ended(&value, "seeds", "warn", &["1 of 9", "xwalk_oneroster_race.csv"]);
    ended(&value, "races", "warn", &["left blank on purpose", "unknown"]);
}

#[test]
fn the_school_year_is_picked_or_refused() {
    let district = District::invent(Shape::S52);
    let (code, value) = district.examined(&["--school-year", "2023"]);
    assert_eq!(code, ExitCode::Usage);
    ended(&value, "school-years", "fail", &["2023", "2025: 152 sections"]);
    ended(&value, "students", "skipped", &[]);
    let (code, value) = district.examined(&[]);
    assert_eq!(code, ExitCode::Published);
    ended(&value, "school-years", "warn", &["--school-year 2025"]);
    assert_eq!(value["school_year"], 2025);
    let (code, value) = district.examined(&["--school-year", "2025", "--as-of", "2027-10-01"]);
    ended(&value, "as-of", "warn", &["outside of school year 2025"]);
    assert_eq!(code, ExitCode::Published);
    let (code, value) = district.examined(&["--school-year", "2025", "--set", "schools=1"]);
    ended(&value, "students", "fail", &["0 of ", "would be refused"]);
    assert_eq!(code, ExitCode::Usage);
    district.table("section", |text| text.lines().next().unwrap().to_owned() + "\n");
    let (code, value) = district.examined(&[]);
    assert_eq!(code, ExitCode::Source);
    ended(&value, "school-years", "fail", &["no section in any school year"]);
}

#[test]
fn an_output_that_cannot_be_written() {
    let district = District::invent(Shape::S52);
    let gone = district.at("gone/roster.zip");
    let (code, value) = district.examined(&["--school-year", "2025", "--out", gone.to_str().unwrap()]);
    assert_eq!(code, ExitCode::Output);
    ended(&value, "output", "fail", &["gone/roster.zip", "Create the folder"]);
    ended(&value, "disk-space", "skipped", &[]);
    let new = format!("{}/", district.at("new").display());
    let (code, value) = district.examined(&["--school-year", "2025", "--out", &new]);
    assert_eq!(code, ExitCode::Published);
    ended(&value, "output", "ok", &["new"]);
    let space = find(&value, "disk-space");
    assert!(space["found"].as_str().unwrap().contains("the package needs at most about"), "{space}");
    assert!(!district.at("new").exists(), "the doctor leaves nothing behind");
}

#[test]
fn rows_that_cannot_be_read_are_a_failure() {
    let district = District::invent(Shape::S52);
    district.table("studentschoolassociation", |text| {
        let cut = text.trim_end().rfind('\n').unwrap();
        format!("{}\nx{}", &text[..cut], &text[cut + 2..])
    });
    let (code, value) = district.examined(&["--school-year", "2025"]);
    assert_eq!(code, ExitCode::Source);
    ended(&value, "terms", "fail", &["studentschoolassociation.csv, line "]);
    ended(&value, "classes", "skipped", &["the rows cannot be read"]);
}

#[test]
fn the_schema_is_closed_and_complete() {
    let schema = schema();
    for object in [&schema, &schema["$defs"]["check"]] {
        assert_eq!(object["additionalProperties"], false);
        let mut required: Vec<&str> =
            object["required"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
        required.sort_unstable();
        let properties = object["properties"].as_object().unwrap();
        assert_eq!(required, properties.keys().map(String::as_str).collect::<Vec<_>>());
        assert!(properties.values().all(|property| property.get("description").is_some()));
    }
}
