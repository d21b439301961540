//! `rosterpack ids`: the table joins the packages of two schemes row by row, or says why there is none.

use std::path::Path;

use rosterpack::synth::traps::{section, student};
use rosterpack::synth::{Shape, Traps};

use crate::exporting::{USUAL, binary, district, export, told, trap_district};
use crate::independent::md5;
use crate::package_reader::{Row, Table};

const DEMOGRAPHICS: &[(&str, &str)] = &[("demographics", "true"), ("include_parents", "true")];
const GRADEBOOK: &[(&str, &str)] = &[("gradebook", "true"), ("final_grades", "true")];
const FILES: [&str; 10] = [
    "academicSessions",
    "categories",
    "classes",
    "courses",
    "demographics",
    "enrollments",
    "lineItems",
    "orgs",
    "results",
    "users",
];

/// Arguments of `ids` for the district of `synth` in a folder.
fn arguments<'a>(folder: &'a Path, from: &'a str, to: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let folder = folder.to_str().unwrap();
    let usual = [
        "ids",
        "--from",
        from,
        "--to",
        to,
        "--source",
        folder,
        "--tenant",
        "demo_isd",
        "--school-year",
        "2025",
        "--as-of",
        "2024-10-01",
        "--demographics",
        "--parents",
        "-q",
    ];
    usual.iter().chain(more).copied().collect()
}

#[test]
fn the_table_joins_two_packages_row_by_row() {
    let folder = district(60, Shape::S52, Traps::None);
    for (from, to) in [("edu", "stable"), ("stable", "edu")] {
        for version in ["1.1", "1.2"] {
            let told = binary(
                folder.path(),
                &arguments(
                    folder.path(),
                    from,
                    to,
                    &["--oneroster", version, "--set", "gradebook=true", "--set", "final_grades=true"],
                ),
            );
            assert_eq!(told.status.code(), Some(0), "{}", String::from_utf8_lossy(&told.stderr));
            let table = Table::parse(&told.stdout).unwrap();
            assert_eq!(table.header, ["file", "oldSourcedId", "newSourcedId", "naturalKey"]);
            let package = |scheme| {
                let settings = [("id_scheme", scheme), ("oneroster", version)];
                export(folder.path(), &[USUAL, DEMOGRAPHICS, GRADEBOOK, &settings])
            };
            let (old, new) = (package(from), package(to));
            let mut rows = table.iter();
            let mut files: Vec<&str> = FILES.to_vec();
            if version == "1.2" {
                files.insert(9, "roles");
            }
            for file in files {
                let (old, new) = (old.table(file), new.table(file));
                assert_eq!(old.rows.len(), new.rows.len());
                assert!(!old.rows.is_empty());
                // Rows of both packages stand in the same order, but for what sorts by its id.
                let mut wanted: Vec<&str> = new.all("sourcedId");
                let mut given = Vec::new();
                for row in old.iter() {
                    let entry = rows.next().unwrap();
                    assert_eq!((entry.get("file"), entry.get("oldSourcedId")), (file, row.get("sourcedId")));
                    assert_eq!(md5(entry.get("naturalKey")), row.get("sourcedId"));
                    given.push(entry.get("newSourcedId"));
                }
                if file == "enrollments" || file == "users" || file == "classes" {
                    assert_eq!(given, wanted, "{file}");
                }
                wanted.sort_unstable();
                given.sort_unstable();
                assert_eq!(given, wanted, "{file}");
            }
            assert!(rows.next().is_none());
        }
    }
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let folder = district(40, Shape::S52, Traps::None);
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("ids.csv");
    let path = file.to_str().unwrap();
    let told = binary(folder.path(), &arguments(folder.path(), "edu", "stable", &["--out", path]));
    assert_eq!(told.status.code(), Some(0));
    assert!(told.stdout.is_empty());
    let printed = binary(folder.path(), &arguments(folder.path(), "edu", "stable", &[]));
    assert_eq!(std::fs::read(&file).unwrap(), printed.stdout);
    // What was there stays when there is no table.
    std::fs::write(&file, "before").unwrap();
    let traps = trap_district(Shape::S52);
    let refused = binary(traps, &arguments(traps, "edu", "edfi-oneroster", &["--out", path]));
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(std::fs::read(&file).unwrap(), b"before");
    assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 1);
}

#[test]
fn there_is_no_table_where_ids_split_or_fall_together() {
    let traps = trap_district(Shape::S52);
    let run = |folder: &Path, from, to, more: &[&str]| {
        let output = binary(folder, &arguments(folder, from, to, more));
        assert_eq!(output.status.code(), Some(1), "{from} to {to}");
        assert!(output.stdout.is_empty());
        told(&output)
    };
    // A person per school, and back.
    let said = run(traps, "edu", "edfi-oneroster", &[]);
    let old = format!("`demo_isd-STU-{}`", student::TWO_SCHOOLS);
    assert!(said.contains(&format!("users: one old id becomes several: {old} becomes `STU-")), "{said}");
    let said = run(traps, "edfi-oneroster", "edu", &[]);
    assert!(said.contains("users: old ids fall together: `STU-"), "{said}");
    assert!(said.contains(&format!("become {old}")), "{said}");
    // Courses of two owners are one under edu.
    let said = run(traps, "stable", "edu", &["--files", "courses,orgs"]);
    assert!(said.contains("courses: old ids fall together"), "{said}");
    assert!(said.contains(section::TWO_OWNERS), "{said}");
    assert!(!said.contains("users:"), "{said}");
    // Sections that differ only in case.
    let all = district(40, Shape::S52, Traps::All);
    let said = run(all.path(), "stable", "edu", &[]);
    assert!(said.contains("under id scheme edu: id-collision: class "), "{said}");
    assert!(section::CASE_ONLY.iter().all(|id| said.contains(id)), "{said}");
}

/// Under `edu` two records of one code are one course, and its row is that of one of them: that one keeps the id.
#[test]
fn a_course_that_stood_for_two_goes_to_the_record_that_it_showed() {
    let folder = trap_district(Shape::S52);
    let mut arguments = arguments(folder, "edu", "stable", &[]);
    arguments.retain(|argument| *argument != "-q");
    let output = binary(folder, &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let package = |scheme| export(folder, &[USUAL, DEMOGRAPHICS, &[("id_scheme", scheme)]]);
    let (old, new) = (package("edu").table("courses"), package("stable").table("courses"));
    let (shared, own) =
        (old.one("courseCode", section::TWO_OWNERS), new.find("courseCode", section::TWO_OWNERS));
    assert_eq!(own.len(), 2, "the trap");
    let table = Table::parse(&output.stdout).unwrap();
    let row = table.one("oldSourcedId", shared.get("sourcedId"));
    let (kept, parted): (Vec<Row<'_>>, Vec<Row<'_>>) =
        own.iter().partition(|course| course.get("sourcedId") == row.get("newSourcedId"));
    assert_eq!((kept.len(), parted.len()), (1, 1));
    assert_eq!((kept[0].get("title"), kept[0].get("orgSourcedId").len()), (shared.get("title"), 32));
    assert!(table.find("newSourcedId", parted[0].get("sourcedId")).is_empty());
    let told = told(&output);
    assert!(told.contains("get rows of their own under stable"), "{told}");
    assert!(told.contains(section::TWO_OWNERS), "{told}");
    // The embedded sample has such courses: the first try of the verb works.
    let sample = binary(folder, &["ids", "--from", "edu", "--to", "stable", "--sample"]);
    assert_eq!(sample.status.code(), Some(0));
}

#[test]
fn losers_of_the_old_scheme_have_no_old_id() {
    let all = district(40, Shape::S52, Traps::All);
    let more = ["--set", "on_id_collision=keep-winner"];
    let output = binary(all.path(), &arguments(all.path(), "edu", "stable", &more));
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let table = Table::parse(&output.stdout).unwrap();
    let kept = export(all.path(), &[USUAL, DEMOGRAPHICS, &[("on_id_collision", "keep-winner")]]);
    let classes = table.find("file", "classes");
    assert_eq!(classes.len(), kept.table("classes").rows.len());
    let sections: Vec<&str> = classes.iter().map(|row| row.get("naturalKey")).collect();
    assert!(sections.iter().any(|key| key.contains(&section::CASE_ONLY[0].to_lowercase())));
}

#[test]
fn two_schemes_are_needed() {
    let folder = tempfile::tempdir().unwrap();
    let output = binary(folder.path(), &["ids", "--from", "edu", "--to", "edu", "--sample"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("the same id scheme"));
    let output = binary(folder.path(), &["ids", "--from", "edu", "--to", "stabel", "--sample"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("stable"));
}
