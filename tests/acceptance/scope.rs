//! Filters: what is left stays closed, and nothing of what was chosen is missing.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use proptest::prelude::*;
use rosterpack::synth::traps::school;
use rosterpack::synth::{FIRST_AGENCY, Shape};

use crate::exporting::{Exported, USUAL, export, trap_district};
use crate::extract;
use crate::package_check::check;
use crate::package_reader::Table;

fn with(settings: &[(&str, &str)]) -> Exported {
    export(
        trap_district(Shape::S52),
        &[USUAL, &[("include_parents", "true"), ("demographics", "true")], settings],
    )
}

/// The whole district, exported once.
fn whole() -> &'static Exported {
    static WHOLE: OnceLock<Exported> = OnceLock::new();
    WHOLE.get_or_init(|| with(&[]))
}

fn ids(table: &Table, column: &str) -> BTreeSet<String> {
    table.all(column).into_iter().map(str::to_owned).collect()
}

/// What a filter on schools must leave, computed from the whole export.
fn expect_schools(whole: &Exported, part: &Exported, schools: &BTreeSet<String>) {
    assert_eq!(check(&part.package), Vec::<String>::new());
    let orgs = whole.table("orgs");
    let chosen: BTreeSet<String> = orgs
        .find("type", "school")
        .iter()
        .filter(|row| schools.contains(row.get("identifier")))
        .map(|row| row.get("sourcedId").to_owned())
        .collect();
    let found = part.table("orgs");
    let left: BTreeSet<String> =
        found.find("type", "school").iter().map(|r| r.get("sourcedId").to_owned()).collect();
    assert_eq!(left, chosen, "the chosen schools and no others");
    for row in found.find("type", "school") {
        assert_eq!(row.cells, orgs.one("sourcedId", row.get("sourcedId")).cells, "with their ancestors");
    }
    let attends = |row: &crate::package_reader::Row<'_>| {
        row.list("orgSourcedIds").iter().any(|org| chosen.contains(*org))
    };
    let of = |table: &Table, role: &str| -> BTreeSet<String> {
        table
            .find("role", role)
            .iter()
            .filter(|row| attends(row))
            .map(|r| r.get("sourcedId").to_owned())
            .collect()
    };
    let (before, after) = (whole.table("users"), part.table("users"));
    for role in ["student", "parent"] {
        assert_eq!(of(&after, role), of(&before, role), "{role}s of the chosen schools");
        assert_eq!(after.find("role", role).len(), of(&after, role).len(), "and nobody else");
    }
    for row in after.iter() {
        assert!(row.list("orgSourcedIds").iter().all(|org| chosen.contains(*org)), "{:?}", row.cells);
    }
    let classes: BTreeSet<String> = whole
        .table("classes")
        .iter()
        .filter(|row| chosen.contains(row.get("schoolSourcedId")))
        .map(|row| row.get("sourcedId").to_owned())
        .collect();
    assert_eq!(ids(&part.table("classes"), "sourcedId"), classes);
    let users = ids(&after, "sourcedId");
    let enrollments: BTreeSet<String> = whole
        .table("enrollments")
        .iter()
        .filter(|row| classes.contains(row.get("classSourcedId")) && users.contains(row.get("userSourcedId")))
        .map(|row| row.get("sourcedId").to_owned())
        .collect();
    assert_eq!(ids(&part.table("enrollments"), "sourcedId"), enrollments);
    // All that is not there is accounted for.
    let folder = trap_district(Shape::S52);
    let of_year = |table: &str| extract::table(folder, table).find("schoolyear", "2025").len() as u64;
    let associations = of_year("studentsectionassociation") + of_year("staffsectionassociation");
    assert_eq!(part.table("enrollments").rows.len() as u64 + part.left_out("enrollments"), associations);
}

const SCHOOLS: [i64; 5] =
    [255_901_001, 255_902_001, school::WITHOUT_AGENCY, school::WITHOUT_CALENDAR, school::WITHOUT_NAME];

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_choice_of_schools_stays_closed(chosen in prop::sample::subsequence(SCHOOLS.to_vec(), 1..=5)) {
        let names: BTreeSet<String> = chosen.iter().map(i64::to_string).collect();
        let list = names.iter().cloned().collect::<Vec<_>>().join(",");
        let part = with(&[("schools", &list)]);
        if chosen == [school::WITHOUT_NAME] {
            prop_assert!(part.zip.is_empty() && part.count("nothing-to-export") > 0);
        } else {
            prop_assert_eq!(part.refused(), Vec::<&str>::new());
            expect_schools(whole(), &part, &names);
        }
    }
}

#[test]
fn an_lea_takes_its_schools_along() {
    let whole = whole();
    let part = with(&[("leas", "255901")]);
    assert_eq!(check(&part.package), Vec::<String>::new());
    let orgs = part.table("orgs");
    let schools: Vec<&str> = orgs.find("type", "school").iter().map(|row| row.get("identifier")).collect();
    assert_eq!(schools, ["255901001", "255901990"]);
    let types: Vec<&str> = orgs.all("type");
    assert_eq!(types, ["state", "district", "school", "school"]);
    // The agency's own people are chosen too, unlike with a filter on its schools.
    let superintendent = |e: &Exported| e.table("users").find("identifier", "trap-superintendent").len();
    assert_eq!((superintendent(whole), superintendent(&part)), (1, 1));
    assert_eq!(superintendent(&with(&[("schools", "255901001")])), 0);
    let both = with(&[("leas", &FIRST_AGENCY.to_string()), ("schools", "255901001,255902001")]);
    let orgs = both.table("orgs");
    let schools: Vec<&str> = orgs.find("type", "school").iter().map(|row| row.get("identifier")).collect();
    assert_eq!(schools, ["255901001"], "both filters together: schools of the chosen LEAs");
    let unknown = with(&[("leas", "255901,999999")]);
    assert_eq!(unknown.count_of("filter-unmatched", "999999"), 1);
    assert_eq!(unknown.zip, part.zip, "an LEA that is not there changes nothing but the report");
}

#[test]
fn only_the_chosen_files_are_written() {
    let part = with(&[("files", "users,orgs")]);
    let names: Vec<&str> = part.package.entries.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["manifest.csv", "orgs.csv", "users.csv"]);
    assert_eq!(check(&part.package), Vec::<String>::new());
    let whole = whole();
    for file in ["orgs", "users"] {
        assert_eq!(
            part.package.bytes(file),
            whole.package.bytes(file),
            "{file}: a filter on files changes no row"
        );
    }
}

#[test]
fn files_without_rows_are_absent_unless_their_header_is_asked_for() {
    let headers = ["demographics", "categories", "lineItems", "results", "resources"];
    let exported = export(trap_district(Shape::S52), &[USUAL, &[("header_only_files", &headers.join(","))]]);
    let manifest = exported.table("manifest");
    for file in headers {
        let table = exported.table(file);
        assert!(table.rows.is_empty() && table.header.len() >= 4, "{file}: {:?}", table.header);
        assert_eq!(table.header[0], "sourcedId");
        assert_eq!(manifest.one("propertyName", &format!("file.{file}")).get("value"), "bulk", "{file}");
    }
    // A header alone is not rows: other files are as they were, and absent ones absent.
    let plain = export(trap_district(Shape::S52), &[USUAL]);
    assert_eq!(exported.package.bytes("users"), plain.package.bytes("users"));
    assert_eq!(manifest.one("propertyName", "file.courseResources").get("value"), "absent");
    assert!(plain.package.bytes("demographics").is_none());
}
