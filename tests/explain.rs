//! `rosterpack explain` on the district of traps: for each trap the reason that docs/mapping.md names, for who is fine
//! the cells of the package, and for whoever does not exist what was searched.
//!
//! In: a district of `synth`. Out: golden texts in `tests/golden/explain` (`BLESS=1`), JSON against its schema, and
//! output rows that are compared with the package of an export, cell by cell.

// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[allow(dead_code)] // shared with the acceptance tests
#[path = "support/exporting.rs"]
mod exporting;
#[path = "support/json_schema.rs"]
mod json_schema;
#[allow(dead_code)]
#[path = "support/package_reader.rs"]
mod package_reader;

use exporting::trap_district;
use rosterpack::cli::{self, Clock, ExitCode, Process};
use rosterpack::day::Day;
use rosterpack::synth::Shape;
use rosterpack::synth::traps::{contact, home_school, school, section, session, staff, student};
use serde_json::Value;

struct Said {
    code: ExitCode,
    out: String,
    err: String,
}

/// Runs a command line inside of this process.
fn run(arguments: &[&str]) -> Said {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = cli::run(
        std::iter::once("rosterpack").chain(arguments.iter().copied()).map(Into::into),
        &mut Process {
            environment: Vec::new(),
            today: Day::from_ymd(2024, 10, 1).unwrap(),
            clock: || Clock { utc_milliseconds: 0, offset_minutes: 0 },
            out: &mut out,
            err: &mut err,
            terminal: false,
            signals: false,
        },
    );
    Said { code, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
}

const EVERYTHING: [&str; 2] = ["--demographics", "--parents"];

/// A question to the district of traps.
fn ask(question: &[&str], more: &[&str]) -> Said {
    let place = trap_district(Shape::S52).to_str().unwrap();
    let mut arguments = vec!["explain", "--quiet", "--source", place, "--tenant", "demo_isd"];
    arguments.extend(["--school-year", "2025", "--as-of", "2024-10-01"]);
    arguments.extend(more);
    arguments.extend(question);
    run(&arguments)
}

fn told(question: &[&str], more: &[&str]) -> String {
    let said = ask(question, more);
    assert_eq!((said.code, said.err.as_str()), (ExitCode::Published, ""), "{question:?}");
    // The folder is another one in each run.
    said.out.replace(trap_district(Shape::S52).to_str().unwrap(), "DISTRICT")
}

fn json(question: &[&str], more: &[&str]) -> Value {
    let said = ask(question, &[&["--json"], more].concat());
    assert_eq!((said.code, said.err.as_str()), (ExitCode::Published, ""), "{question:?}");
    serde_json::from_str(&said.out).unwrap()
}

fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/explain/{name}.txt"));
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(text == expected, "{}: BLESS=1 cargo test --test explain\n{text}", path.display());
}

/// Every trap: the name of its golden file, the question, and a notice code or words of mapping.md that the
/// explanation must give; none for who is merely unusual.
fn traps() -> Vec<(String, Vec<String>, &'static str)> {
    let mut all = Vec::new();
    let mut add = |kind: &str, key: &str, says: &'static str| {
        let name: String =
            key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(60).collect();
        let name = name.to_lowercase();
        all.push((format!("{kind}-{}", name.trim_matches('-')), vec![kind.to_owned(), key.to_owned()], says));
    };
    for (id, says) in [
        (student::TWO_SCHOOLS, "the flag, then the latest entry"),
        (student::RE_ENROLLED, "the only school"),
        (student::WITHDRAWN, "student-not-enrolled"),
        (student::NO_SHOW, "exit type `No show`"),
        (student::NO_EMAIL, "username-is-unique-id"),
        (student::SUPPRESSED_EMAIL, "must not be published: removed"),
        (student::TWO_LEVELS, "user-id-withheld"),
        (student::MANY_RACES, "the races crosswalk calls it asian"),
        (student::NO_RACE, "is in users.csv"),
        (student::DECLINED_RACE, "the races crosswalk leaves it unmapped"),
        (student::HISPANIC_BY_RACE, "hispanicOrLatinoEthnicity"),
        (student::UNMAPPED_RACE, "crosswalk-unmapped"),
        (student::UNMAPPED_GRADE, "grade-unmapped"),
        (student::LEADING_ZERO, "is in users.csv"),
        (student::ODD_CODES, "user-id-changed"),
        (student::NO_SCHOOL, "student-without-school"),
        (student::NO_ORGANIZATION, "is in users.csv"),
        (student::ELSEWHERE, "enrollment-outside-school"),
        (student::BACKWARD, "enrollment-dates"),
        (student::OUTSIDE_TERM, "enrollment-outside-term"),
        (student::OVERLAPPING, "enrollment-overlap"),
        (student::OPEN_END, "end-date-open"),
        (student::LOST_SECTION, "section-missing"),
        (student::SHARED_EMAIL, "username-shared"),
        (student::LAST_YEAR, "student-not-enrolled"),
        (student::WITHOUT_AGENCY, "is in users.csv"),
        (student::WITHOUT_CALENDAR, "is in users.csv"),
        (student::WITHOUT_NAME, "org-without-name"),
    ] {
        add("student", id, says);
    }
    assert_eq!(all_keys(&all, "student"), BTreeSet::from(student::ALL.map(str::to_owned)));
    let mut add = |kind: &str, key: &str, says: &'static str| {
        let name: String =
            key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(60).collect();
        let name = name.to_lowercase();
        all.push((format!("{kind}-{}", name.trim_matches('-')), vec![kind.to_owned(), key.to_owned()], says));
    };
    for (id, says) in [
        (staff::TWO_CLASSIFICATIONS, "administrator, of classification Principal"),
        (staff::ENDED, "staff-without-role"),
        (staff::UNASSIGNED, "staff-without-role"),
        (staff::ONLY_TEACHING, "teacher, of classification Teacher"),
        (staff::SUPERINTENDENT, "administrator, of classification Superintendent"),
        (staff::UNMAPPED, "the classifications crosswalk gives `Other` no role"),
        (staff::SHARED_EMAIL, "username-shared"),
        (staff::LOGIN_ONLY, "login_id, because email is blank"),
        (staff::NO_LOGIN, "username-is-unique-id"),
        (staff::TWICE, "several-primary-teachers"),
        (staff::FIRST_PRIMARY, "the positions crosswalk says so"),
        (staff::SECOND_PRIMARY, "several-primary-teachers"),
        (staff::UNDATED, "is in users.csv"),
    ] {
        add("staff", id, says);
    }
    add("parent", contact::OF_UNEXPORTED, "parent-without-student");
    add("parent", contact::OF_TWO, "must not be published: removed");
    add("org", &school::WITHOUT_AGENCY.to_string(), "stands in for one");
    add("org", &school::WITHOUT_CALENDAR.to_string(), "is in orgs.csv");
    add("org", &school::WITHOUT_NAME.to_string(), "org-without-name");
    add("session", session::UNMAPPED_TERM, "term-unmapped");
    add("session", session::BACKWARD, "session-dates-unusable");
    let home = home_school();
    let first = first_term();
    let of_home =
        |local: &str, identifier: &str, session: &str| format!("{home}/{local}/{identifier}/{session}");
    add("section", &of_home(section::COURSE, section::ORDINARY, &first), "is in classes.csv");
    add("section", &of_home(section::COURSE, section::ORDINARY, session::BACKWARD), "session-dates-unusable");
    add("section", &format!("{}/trap-owner", section::STATE_OWNED), "is in classes.csv");
    add("section", &format!("{}/trap-owner", section::SERVICE_CENTER_OWNED), "is in classes.csv");
    add("section", &format!("{}-S/trap-owner", section::TWO_OWNERS), "named by the offering");
    add("course", &format!("{home}/{}", section::TWO_OWNERS), "course-id-shared");
    add("section", &format!("{}/trap-1", section::NO_OFFERING), "class-offering-missing");
    add("section", &format!("{}/trap-1", section::NO_COURSE), "course-missing");
    add("section", section::TWO_PRIMARIES, "several-primary-teachers");
    add("section", section::COMMA_PERIOD, "list-item-changed");
    add("section", section::LAST_YEAR, "it is of school year 2024, and 2025 is exported");
    all
}

fn all_keys(traps: &[(String, Vec<String>, &'static str)], kind: &str) -> BTreeSet<String> {
    traps
        .iter()
        .filter(|(_, question, _)| question[0] == kind)
        .map(|(_, question, _)| question[1].clone())
        .collect()
}

/// The name of the first term of the home school.
fn first_term() -> String {
    let path = trap_district(Shape::S52).join("session.csv");
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|h| h == name).unwrap();
    let (school, year, name, begin) = (at("schoolid"), at("schoolyear"), at("sessionname"), at("begindate"));
    reader
        .records()
        .map(Result::unwrap)
        .filter(|row| {
            row[school] == home_school().to_string() && &row[year] == "2025" && !row[name].starts_with("Trap")
        })
        .map(|row| (row[begin].to_owned(), row[name].to_owned()))
        .min()
        .unwrap()
        .1
}

#[test]
fn every_trap_is_explained_by_the_reason_that_the_mapping_names() {
    for (name, question, says) in traps() {
        let question: Vec<&str> = question.iter().map(String::as_str).collect();
        let text = told(&question, &EVERYTHING);
        assert!(text.contains(says), "{name} does not say `{says}`:\n{text}");
        assert!(!text.contains("000-00-99"), "{name} shows a social security number");
        golden(&name, &text);
    }
}

fn schema(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference").join(name);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    json_schema::check(schema, schema, value, "explanation", &mut faults);
    faults
}

/// What is told as output is what the package has, row by row and cell by cell; and every decision has its section.
#[test]
fn the_json_has_the_shape_of_the_schema_and_the_cells_of_the_package() {
    let schema = schema("explain.schema.json");
    let settings: &[&[(&str, &str)]] =
        &[exporting::USUAL, &[("demographics", "true"), ("include_parents", "true")]];
    let exported = exporting::export(trap_district(Shape::S52), settings);
    let mut rows = 0;
    for (name, question, _) in traps() {
        let question: Vec<&str> = question.iter().map(String::as_str).collect();
        let value = json(&question, &EVERYTHING);
        assert_eq!(faults(&schema, &value), Vec::<String>::new(), "{name}");
        for decision in value["decisions"].as_array().unwrap() {
            assert_ne!(decision["section"], "", "{name}: {decision}");
        }
        let output = value["output"].as_array().unwrap();
        assert_eq!(value["exported"], !output.is_empty(), "{name}");
        for file in output {
            let table = exported.table(file["file"].as_str().unwrap().trim_end_matches(".csv"));
            for row in file["rows"].as_array().unwrap() {
                let cells = |key: &str| -> Vec<String> {
                    row.as_array()
                        .unwrap()
                        .iter()
                        .map(|cell| cell[key].as_str().unwrap().to_owned())
                        .collect()
                };
                assert_eq!(cells("column"), table.header, "{name}");
                assert!(table.rows.contains(&cells("value")), "{name}: {row} is not in the package");
                rows += 1;
            }
        }
        let missing =
            question[0] == "student" && table_of(&exported, "users", "identifier", question[1]).is_empty();
        if question[0] == "student" {
            assert_eq!(value["exported"], !missing, "{name}");
            assert_eq!(value["cause"].is_null(), !missing, "{name}");
        }
    }
    assert!(rows > 100, "{rows}");
}

fn table_of(exported: &exporting::Exported, table: &str, column: &str, value: &str) -> Vec<Vec<String>> {
    let table = exported.table(table);
    table.find(column, value).into_iter().map(|row| row.cells.to_vec()).collect()
}

/// Every user, class, org, session, course and enrollment of the package is traced back, and so are ids of rows that
/// are left out.
#[test]
fn ids_lead_back_to_the_source() {
    let exported = exporting::export(trap_district(Shape::S52), &[exporting::USUAL]);
    for (file, kind) in [
        ("orgs", "org"),
        ("academicSessions", "session"),
        ("courses", "course"),
        ("classes", "section"),
        ("enrollments", "student"),
    ] {
        let table = exported.table(file);
        let id = table.rows.last().unwrap()[0].clone();
        let value = json(&[&id.to_uppercase()], &[]);
        assert_eq!(value["kind"], kind, "{value:#}");
        assert_eq!(value["id"]["file"], format!("{file}.csv"));
        assert_eq!(value["id"]["sourced_id"], id);
        let last = table.header.iter().position(|h| h == "metadata.edu.natural_key").unwrap();
        assert_eq!(value["id"]["natural_key"], table.rows.last().unwrap()[last]);
        assert_eq!(value["exported"], true);
    }
    let left_out = json(&["student", student::WITHDRAWN], &[]);
    assert_eq!(left_out["exported"], false);
    let id = rosterpack::sourced_id::SourcedId::of(&format!("demo_isd-STU-{}", student::WITHDRAWN)).hex();
    let value = json(&[&id], &[]);
    assert_eq!((&value["kind"], &value["key"]), (&left_out["kind"], &left_out["key"]));
    assert_eq!((&value["exported"], &value["cause"]), (&left_out["exported"], &left_out["cause"]));
    golden("id-of-who-is-left-out", &told(&[&id], &[]));
    let unknown = ask(&["00000000000000000000000000000000"], &[]);
    assert_eq!((unknown.code, unknown.out.as_str()), (ExitCode::Usage, ""));
    golden("id-unknown", &unknown.err);

    // Roles of 1.2, and the several users that a person is under another scheme.
    let more = ["--oneroster", "1.2"];
    let value = json(&["student", student::TWO_SCHOOLS], &more);
    let roles = value["output"].as_array().unwrap().iter().find(|f| f["file"] == "roles.csv").unwrap();
    assert_eq!(roles["rows"].as_array().unwrap().len(), 2);
    let role = roles["rows"][0][0]["value"].as_str().unwrap();
    let value = json(&[role], &more);
    assert_eq!((&value["id"]["file"], &value["key"]), (&"roles.csv".into(), &student::TWO_SCHOOLS.into()));
    let more = ["--set", "id_scheme=edfi-oneroster"];
    let value = json(&["student", student::TWO_SCHOOLS], &more);
    let users = value["output"].as_array().unwrap().iter().find(|f| f["file"] == "users.csv").unwrap();
    let users = users["rows"].as_array().unwrap();
    assert_eq!(users.len(), 2);
    for row in users {
        let value = json(&[row[0]["value"].as_str().unwrap()], &more);
        assert_eq!(
            (&value["id"]["file"], &value["key"]),
            (&"users.csv".into(), &student::TWO_SCHOOLS.into())
        );
    }
}

#[test]
fn whoever_is_not_there_is_told_with_what_was_searched() {
    let place = trap_district(Shape::S52).to_str().unwrap();
    for (name, question) in [
        ("unknown-student", &["student", "trap-withdrwn"][..]),
        ("unknown-org", &["org", "8"]),
        ("unknown-parent", &["parent", contact::OF_TWO]),
        ("ambiguous-section", &["section", "trap-1"]),
        ("ambiguous-course", &["course", section::TWO_OWNERS]),
        ("no-key", &["student"]),
        ("no-kind", &["child", "7"]),
        ("neither", &["604822"]),
    ] {
        let said = ask(question, &[]);
        assert_eq!((said.code, said.out.as_str()), (ExitCode::Usage, ""), "{name}");
        golden(name, &said.err.replace(place, "DISTRICT"));
    }
    let said =
        run(&["explain", "--source", "nowhere", "--tenant", "a", "--school-year", "2025", "student", "7"]);
    assert_eq!((said.code, said.out.as_str()), (ExitCode::Source, ""));
    // A key in other letters is understood where only one row is meant.
    let value = json(&["student", &student::TWO_SCHOOLS.to_uppercase()], &[]);
    assert_eq!(value["key"], student::TWO_SCHOOLS);
    // Every way to write a section that tells it apart leads to the same one.
    let full = json(&["section", section::COMMA_PERIOD], &[]);
    let key = full["key"].as_str().unwrap();
    assert_eq!(json(&["section", key], &[])["key"], key);
    assert_eq!(key.split('/').count(), 4);
}

/// Without `--demographics` nothing of birth, sex or race is read, so that nothing of it can be shown.
#[test]
fn what_is_private_is_not_shown() {
    for id in [student::MANY_RACES, student::TWO_LEVELS] {
        let text = told(&["student", id], &[]);
        for word in ["birth", "racedescriptor", "sexdescriptor", "hispanic", "000-00-99", "Asian"] {
            assert!(!text.to_lowercase().contains(&word.to_lowercase()), "{word} is in:\n{text}");
        }
    }
    assert!(
        told(&["student", student::TWO_LEVELS], &[]).contains("withheld: a private identification system")
    );
}

/// A filter is a reason of its own.
#[test]
fn filters_are_reasons() {
    let value =
        json(&["student", student::TWO_SCHOOLS], &["--school", &school::WITHOUT_CALENDAR.to_string()]);
    assert_eq!((&value["exported"], &value["cause"]["code"]), (&false.into(), &"out-of-scope".into()));
    let value =
        json(&["org", &home_school().to_string()], &["--school", &school::WITHOUT_CALENDAR.to_string()]);
    assert_eq!(value["cause"]["code"], "out-of-scope");
}

/// Filters of a delivery are told as such, for the row itself and for what follows.
#[test]
fn filters_of_a_delivery_are_reasons() {
    let first =
        |question: &[&str], more: &[&str]| told(question, more).lines().next().unwrap_or_default().to_owned();
    let home = home_school().to_string();
    let class = format!("{home}/{}/{}/{}", section::COURSE, section::ORDINARY, first_term());
    for (question, filter, why) in [
        (
            ["section", class.as_str()],
            "exclude_sections=trap-ord*",
            "the section identifier is among exclude_sections",
        ),
        (["section", &class], "courses=ALG*", "the course code is not among courses"),
        (["student", student::TWO_SCHOOLS], "grades=KG", "is not among grades"),
        (["student", student::TWO_SCHOOLS], "roles=teacher", "role student is not among roles"),
        (
            ["staff", staff::SUPERINTENDENT],
            "exclude_roles=administrator",
            "role administrator is among exclude_roles",
        ),
    ] {
        let said = first(&question, &["--set", filter]);
        assert!(said.contains(why), "{filter}: {said}");
    }
    let said = first(&["staff", staff::ONLY_TEACHING], &["--set", "sections=nothing*"]);
    assert!(said.contains("every class of the staff member is filtered out"), "{said}");
    let said = first(&["staff", staff::SUPERINTENDENT], &["--set", "users_without_enrollments=drop"]);
    assert!(said.contains("the staff member is in no class"), "{said}");
}

#[test]
fn columns_are_explained() {
    let schema = schema("explain-column.schema.json");
    for (name, arguments) in [
        ("column-users-role", &["users.role"][..]),
        ("column-roles-role", &["--oneroster", "1.2", "roles.role"]),
        ("column-enrollments-primary", &["enrollments.primary"]),
        ("column-demographics-white", &["demographics.white"]),
        ("column-extension", &["users.metadata.edu.primary_school"]),
        ("column-absent-file", &["resources.title"]),
    ] {
        let said = run(&[&["explain"], arguments].concat());
        assert_eq!((said.code, said.err.as_str()), (ExitCode::Published, ""), "{name}");
        golden(name, &said.out);
        let said = run(&[&["explain", "--json"], arguments].concat());
        assert_eq!(
            faults(&schema, &serde_json::from_str(&said.out).unwrap()),
            Vec::<String>::new(),
            "{name}"
        );
    }
    for (name, arguments) in [
        ("column-of-another-version", &["--oneroster", "1.2", "users.role"][..]),
        ("column-misspelt", &["users.givenname_"]),
        ("file-misspelt", &["user.role"]),
    ] {
        let said = run(&[&["explain"], arguments].concat());
        assert_eq!((said.code, said.out.as_str()), (ExitCode::Usage, ""), "{name}");
        golden(name, &said.err);
    }
}

/// Every object of the schemas closes itself and demands all that it describes.
#[test]
fn the_schemas_are_closed_and_complete() {
    fn walk(schema: &Value) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            assert_eq!(schema["additionalProperties"], false, "{schema}");
            let required: BTreeSet<&str> =
                schema["required"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
            assert_eq!(required, properties.keys().map(String::as_str).collect());
            assert!(properties.values().all(|property| property.get("description").is_some()), "{schema}");
        }
        schema.as_object().into_iter().flat_map(|o| o.values()).filter(|v| v.is_object()).for_each(walk);
    }
    walk(&schema("explain.schema.json"));
    walk(&schema("explain-column.schema.json"));
}
