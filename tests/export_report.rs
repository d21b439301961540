//! `export --report DIR`: the report says what is in the zip, keeps to its schema, names nobody unless asked, is written for a
//! refused run too, and its page stands on its own.

// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

#[path = "support/exporting.rs"]
#[allow(dead_code)]
mod exporting;
#[path = "support/json_schema.rs"]
mod json_schema;
#[path = "support/package_reader.rs"]
#[allow(dead_code)]
mod package_reader;

use exporting::{binary, told};
use package_reader::Package;

/// An export of the sample with everything on, in a folder of its own.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Desk {
        Desk(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, code: i32, more: &[&str]) -> String {
        let usual = ["export", "--sample", "--demographics", "--parents", "--report", "report"];
        let out: &[&str] = if more.contains(&"--out") { &[] } else { &["--out", "p.zip"] };
        let output = binary(self.path(), &[&usual[..], out, more].concat());
        let said = told(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        said
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path().join("report").join(name)).unwrap()
    }

    fn json(&self) -> Value {
        let value = serde_json::from_str(&self.text("report.json")).unwrap();
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/report.schema.json");
        let schema: Value = serde_json::from_slice(&fs::read(schema).unwrap()).unwrap();
        let mut faults = Vec::new();
        json_schema::check(&schema, &schema, &value, "report", &mut faults);
        assert_eq!(faults, Vec::<String>::new());
        value
    }

    fn package(&self) -> Package {
        Package::from_zip(&fs::read(self.path().join("p.zip")).unwrap())
    }
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))).unwrap()
}

#[test]
fn rows_and_filled_cells_are_those_of_the_zip() {
    let desk = Desk::new();
    desk.run(0, &[]);
    let (report, package) = (desk.json(), desk.package());
    let orgs_of_users: BTreeMap<String, Vec<String>> = package
        .table("users")
        .iter()
        .map(|row| {
            let orgs = row.list("orgSourcedIds").into_iter().map(str::to_owned).collect();
            (row.get("sourcedId").to_owned(), orgs)
        })
        .collect();
    let files = report["packages"][0]["files"].as_array().unwrap();
    assert_eq!(files.len(), package.entries.len() - 1, "every file but the manifest");
    for file in files {
        let name = file["file"].as_str().unwrap();
        let table = package.table(name);
        assert_eq!(number(&file["rows"]), table.rows.len(), "{name}");
        assert_eq!(
            file["crc32"].as_str().unwrap(),
            format!("{:08x}", crc32fast::hash(package.bytes(name).unwrap()))
        );
        let columns = file["columns"].as_array().unwrap();
        assert_eq!(columns.len(), table.header.len());
        let filled_in = |column: &str, of: &dyn Fn(&package_reader::Row<'_>) -> bool| {
            table.iter().filter(|row| of(row) && !row.get(column).is_empty()).count()
        };
        for (column, header) in columns.iter().zip(&table.header) {
            assert_eq!(column["column"].as_str().unwrap(), header);
            assert_eq!(number(&column["filled"]), filled_in(header, &|_| true), "{name}.{header}");
        }
        let orgs = |row: &package_reader::Row<'_>| -> Vec<String> {
            match name {
                "users" | "demographics" => orgs_of_users[row.get("sourcedId")].clone(),
                "courses" => vec![row.get("orgSourcedId").to_owned()],
                "classes" | "enrollments" => vec![row.get("schoolSourcedId").to_owned()],
                _ => Vec::new(),
            }
        };
        let all: BTreeSet<String> = table.iter().flat_map(|row| orgs(&row)).collect();
        let told = file["orgs"].as_array().unwrap();
        assert_eq!(told.len(), all.len(), "{name}");
        for org in told {
            let id = org["sourcedId"].as_str().unwrap().to_owned();
            let here = |row: &package_reader::Row<'_>| orgs(row).contains(&id);
            assert_eq!(number(&org["rows"]), table.iter().filter(|row| here(row)).count(), "{name} {id}");
            for header in &table.header {
                let blank = number(&org["rows"]) - filled_in(header, &here);
                // A column that is blank throughout is not repeated for each school.
                let expected = if filled_in(header, &|_| true) == 0 { 0 } else { blank };
                let told = org["blank"].get(header).map_or(0, number);
                assert_eq!(told, expected, "{name}.{header} at {id}");
            }
        }
    }
}

#[test]
fn figures_are_those_of_the_zip() {
    let desk = Desk::new();
    desk.run(0, &[]);
    let (report, package) = (desk.json(), desk.package());
    let total = &report["figures"]["total"];
    let users = package.table("users");
    let of_role = |roles: &[&str]| users.iter().filter(|user| roles.contains(&user.get("role"))).count();
    let enrollments = package.table("enrollments");
    assert_eq!(number(&total["students"]), of_role(&["student"]));
    assert_eq!(number(&total["staff"]), of_role(&["teacher", "administrator", "aide", "proctor"]));
    assert_eq!(number(&total["parents"]), of_role(&["parent", "guardian", "relative"]));
    assert_eq!(number(&total["classes"]), package.table("classes").rows.len());
    assert_eq!(number(&total["courses"]), package.table("courses").rows.len());
    assert_eq!(number(&total["student_enrollments"]), enrollments.find("role", "student").len());
    assert_eq!(number(&total["teacher_enrollments"]), enrollments.find("role", "teacher").len());
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    let students = enrollments.find("role", "student");
    for row in &students {
        *sizes.entry(row.get("classSourcedId")).or_default() += 1;
    }
    let classes = package.table("classes");
    let size = |class: &str| sizes.get(class).copied().unwrap_or_default();
    for step in report["figures"]["class_sizes"].as_array().unwrap() {
        let (from, to) = (number(&step["from"]), step["to"].as_u64().map_or(usize::MAX, |to| to as usize));
        let within = classes.iter().filter(|class| (from..=to).contains(&size(class.get("sourcedId"))));
        assert_eq!(number(&step["classes"]), within.count(), "{step}");
    }
    let empty = classes.iter().filter(|class| size(class.get("sourcedId")) == 0).count();
    assert_eq!(number(&total["classes_without_students"]), empty);
    let orgs: Vec<&str> = report["figures"]["orgs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| o["sourcedId"].as_str().unwrap())
        .collect();
    assert_eq!(orgs, package.table("orgs").all("sourcedId"));
    let read: usize =
        report["provenance"]["tables"].as_array().unwrap().iter().map(|table| number(&table["rows"])).sum();
    assert_eq!(read, number(&report["run"]["rows_read"]), "every row was counted under a table");
}

#[test]
fn personal_columns_are_told_and_their_values_are_not() {
    let desk = Desk::new();
    desk.run(0, &[]);
    let package = desk.package();
    let told: BTreeSet<(String, String)> = desk.json()["packages"][0]["personal"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["column"].as_str().unwrap().to_owned(), c["kind"].as_str().unwrap().to_owned()))
        .collect();
    for (column, kind) in [
        ("givenName", "name"),
        ("email", "e-mail"),
        ("phone", "phone"),
        ("birthDate", "birth-date"),
        ("asian", "demographics"),
        ("identifier", "identifier"),
        ("metadata.edu.natural_key", "extension"),
    ] {
        assert!(told.contains(&(column.to_owned(), kind.to_owned())), "{column}: {told:?}");
    }
    assert!(told.iter().all(|(column, _)| column != "password" && column != "sourcedId"));
    let users = package.table("users");
    let mut secrets: BTreeSet<String> =
        package.table("demographics").all("birthDate").into_iter().map(str::to_owned).collect();
    for user in users.iter() {
        secrets.insert(format!("{} {}", user.get("givenName"), user.get("familyName")));
        secrets.insert(user.get("email").to_owned());
        secrets.insert(user.get("phone").to_owned());
    }
    secrets.retain(|secret| secret.len() > 3);
    assert!(secrets.len() > 100);
    for file in ["report.json", "report.html"] {
        let text = desk.text(file);
        let found: Vec<&String> = secrets.iter().filter(|secret| text.contains(secret.as_str())).collect();
        assert_eq!(found, Vec::<&String>::new(), "{file}");
    }
    desk.run(0, &["--report-names"]);
    let names = desk.json()["names"].clone();
    let of = |id: &str| names[id].as_array().unwrap_or_else(|| panic!("{id}: {names}")).len();
    assert_eq!(of("trap-unmapped-grade"), 1);
    assert!(desk.text("report.html").contains("treat it as you treat the package"));
}

#[test]
fn a_refused_and_a_dry_run_report_too() {
    let desk = Desk::new();
    desk.run(1, &["--deny", "warning", "--oneroster", "1.1"]);
    let report = desk.json();
    assert_eq!(report["outcome"], "refused");
    assert!(report["packages"][0]["zip"].is_null() && number(&report["figures"]["total"]["students"]) > 0);
    let page = desk.text("report.html");
    assert!(page.contains("The package was not published.") && page.contains("No package left the building"));
    desk.run(0, &["--dry-run"]);
    assert_eq!(desk.json()["outcome"], "dry-run");
    assert!(desk.text("report.html").contains("This was a rehearsal: no package was written."));
    assert!(!desk.path().join("p.zip").exists());
}

#[test]
fn the_last_package_is_compared_even_when_it_is_the_one_that_is_replaced() {
    let desk = Desk::new();
    let compared = |desk: &Desk| desk.json()["packages"][0]["comparison"].clone();
    desk.run(0, &[]);
    assert_eq!(compared(&desk)["status"], "not-asked");
    assert!(desk.text("report.html").contains("no older package was named"));
    desk.run(0, &["--compare-with", "p.zip"]);
    let same = compared(&desk);
    assert_eq!(same["status"], "compared");
    assert!(
        same["files"].as_array().unwrap().iter().all(|f| f["numbers"]["removed"] == 0 && f["changed"] == 0)
    );
    assert_eq!(same["held"].as_array().unwrap().len(), 0);
    let before = desk.package().table("enrollments").rows.len();
    let said = desk.run(0, &["--compare-with", "p.zip", "--school", "255901001"]);
    let less = compared(&desk);
    let files = less["files"].as_array().unwrap();
    let enrollments = files.iter().find(|file| file["file"] == "enrollments").unwrap();
    assert_eq!(number(&enrollments["numbers"]["before"]), before);
    assert_eq!(number(&enrollments["numbers"]["after"]), desk.package().table("enrollments").rows.len());
    assert!(less["held"].as_array().unwrap().len() > 1, "{less}");
    assert!(said.contains("the guard would hold"), "{said}");
    assert!(desk.text("report.html").contains("The guard would hold this package"));
    desk.run(0, &["--compare-with", "gone.zip"]);
    assert_eq!(compared(&desk)["status"], "absent");
    fs::write(desk.path().join("no.zip"), "no zip at all").unwrap();
    desk.run(0, &["--compare-with", "no.zip"]);
    assert_eq!(compared(&desk)["status"], "unreadable");
    desk.run(2, &["--compare-with", "p.zip", "--oneroster", "1.1,1.2", "--out", "."]);
}

#[test]
fn both_versions_have_their_parts_and_a_validation() {
    let desk = Desk::new();
    desk.run(0, &["--oneroster", "1.1,1.2", "--out", ".", "--validate", "full"]);
    let report = desk.json();
    for package in report["packages"].as_array().unwrap() {
        let judgement = &package["validation"];
        assert_eq!(judgement["version"], package["oneroster"]);
        assert_eq!(judgement["refused"], false);
        assert!(
            judgement["rules"].as_array().unwrap().iter().filter(|r| r["outcome"] == "passed").count() > 50
        );
    }
    let page = desk.text("report.html");
    assert!(page.contains("OneRoster 1.1 and 1.2") && page.contains("roles.csv"));
    let unchecked = report["unchecked"].to_string();
    assert!(!unchecked.contains("--validate full"), "{unchecked}");
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_it_and_nothing_half_is_left() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    desk.run(0, &[]);
    let mode = |path: &str| fs::metadata(desk.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("report"), 0o700);
    assert_eq!((mode("report/report.json"), mode("report/report.html")), (0o600, 0o600));
    assert_eq!(fs::read_dir(desk.path().join("report")).unwrap().count(), 2);
    // A run that comes to no outcome leaves no folder behind, and an older report as it was.
    let old = desk.text("report.json");
    let arguments = ["export", "--source", "gone", "--tenant", "t", "--school-year", "2025", "--dry-run"];
    for report in ["report", "other"] {
        let output = binary(desk.path(), &[&arguments[..], &["--report", report]].concat());
        assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    }
    assert_eq!(desk.text("report.json"), old);
    assert!(!desk.path().join("other").exists());
}

#[test]
fn a_file_that_ends_with_json_gets_the_json_alone() {
    let desk = Desk::new();
    desk.run(0, &[]);
    let output = binary(
        desk.path(),
        &["export", "--sample", "--demographics", "--parents", "--out", "p.zip", "--report", "r.json"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let mut alone: Value = serde_json::from_slice(&fs::read(desk.path().join("r.json")).unwrap()).unwrap();
    let mut whole = desk.json();
    assert_ne!(alone["durations"].take(), Value::Null);
    whole["durations"].take();
    assert_eq!(alone, whole);
}

/// The page as a reader of text sees it: no script, nothing to fetch, headings in order, tables with captions and scopes,
/// drawings with titles, every link of the page leading somewhere.
#[test]
fn the_page_stands_on_its_own_and_reads_in_order() {
    let desk = Desk::new();
    desk.run(0, &["--validate", "full", "--oneroster", "1.1,1.2", "--out", "."]);
    let page = desk.text("report.html");
    for word in ["<script", "http:", "https:", "src=", "@import", "url(", "javascript:"] {
        assert!(!page.contains(word), "{word}");
    }
    let mut level = 0;
    for heading in page.match_indices("<h").filter_map(|(at, _)| page[at + 2..].chars().next()?.to_digit(10))
    {
        assert!(heading <= level + 1, "h{heading} follows on h{level}");
        level = heading;
    }
    assert_eq!(page.matches("<h1").count(), 1);
    let ids: Vec<&str> = attributes(&page, " id=\"");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "ids are unique");
    for target in attributes(&page, "href=\"") {
        assert!(ids.contains(&target.strip_prefix('#').unwrap()), "{target} leads nowhere");
    }
    for referred in attributes(&page, "aria-labelledby=\"").iter().flat_map(|ids| ids.split(' ')) {
        assert!(ids.contains(&referred), "{referred}");
    }
    assert_eq!(page.matches("<table").count(), page.matches("<caption").count());
    assert_eq!(page.matches("<th ").count(), page.matches("scope=").count(), "no header without a scope");
    assert!(!page.contains("<th>"));
    let drawings = page.matches("<svg").count();
    assert!(drawings > 10);
    assert_eq!(drawings, page.matches("<svg class=\"fill\"").count() + page.matches("role=\"img\"").count());
    assert_eq!(page.matches("<desc").count(), page.matches("role=\"img\"").count());
    assert_eq!(page.matches("<svg class=\"fill\"").count(), page.matches("aria-hidden=\"true\"").count());
}

fn attributes<'p>(page: &'p str, start: &str) -> Vec<&'p str> {
    page.match_indices(start).map(|(at, _)| page[at + start.len()..].split('"').next().unwrap()).collect()
}

/// Two runs over the same input give the same page but for how long they took.
#[test]
fn the_same_input_gives_the_same_page() {
    let pages: Vec<String> = ["1", "3"]
        .into_iter()
        .map(|threads| {
            let desk = Desk::new();
            desk.run(0, &["--threads", threads]);
            let page = desk.text("report.html");
            let (before, rest) = page.split_once("<details id=\"durations\">").unwrap();
            format!("{before}{}", rest.split_once("</details>").unwrap().1)
        })
        .collect();
    assert!(pages[0] == pages[1]);
}

/// The part of the schema that is the validator's is kept equal to the validator's own.
#[test]
fn the_judgement_in_the_report_is_that_of_the_validator() {
    let read = |name: &str| -> Value {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference").join(name);
        serde_json::from_str(&fs::read_to_string(path).unwrap().replace("#/$defs/judged_", "#/$defs/"))
            .unwrap()
    };
    let (report, own) = (read("report.schema.json"), read("validation.schema.json"));
    for (name, definition) in own["$defs"].as_object().unwrap() {
        if name == "package" {
            let mut expected = definition["properties"].clone();
            expected.as_object_mut().unwrap().remove("package");
            assert_eq!(report["$defs"]["judgement"]["properties"], expected);
        } else {
            assert_eq!(&report["$defs"][format!("judged_{name}")], definition, "{name}");
        }
    }
}
