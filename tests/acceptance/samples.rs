//! The two published sample districts: who must be there is computed from the extracts by a few lines of our own.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::OnceLock;

use crate::exporting::{Exported, export, published};
use crate::extract;
use crate::independent::{Ids, class_parts, md5};
use crate::package_check::check;

const SETTINGS: &[(&str, &str)] = &[
    ("tenant", "gbisd"),
    ("active_school_year", "2022"),
    ("as_of", "2021-10-01"),
    ("demographics", "true"),
    ("include_parents", "true"),
];
const AS_OF: &str = "2021-10-01";

const SAMPLES: [&str; 2] = ["grand-bend-ds40", "grand-bend-ds52"];

/// The package of a sample, made once.
fn exported(sample: usize, folder: &Path) -> &'static Exported {
    static EXPORTED: [OnceLock<Exported>; 2] = [const { OnceLock::new() }; 2];
    EXPORTED[sample].get_or_init(|| {
        let exported = export(folder, &[SETTINGS]);
        assert_eq!(exported.refused(), Vec::<&str>::new());
        exported
    })
}

fn each(test: impl Fn(&Path, &Exported)) {
    for (n, sample) in SAMPLES.iter().enumerate() {
        if let Some(folder) = published(sample) {
            test(&folder, exported(n, &folder));
        }
    }
}

#[test]
fn both_samples_give_sound_packages() {
    each(|_, exported| {
        assert_eq!(check(&exported.package), Vec::<String>::new());
        let names: Vec<&str> = exported.package.entries.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "manifest.csv",
                "academicSessions.csv",
                "classes.csv",
                "courses.csv",
                "demographics.csv",
                "enrollments.csv",
                "orgs.csv",
                "users.csv"
            ]
        );
    });
}

/// Unique ids of students with a school association that belongs to the year and has not ended.
fn attending(folder: &Path) -> BTreeSet<String> {
    let unique = extract::unique_ids(folder, "student");
    let values = extract::code_values(folder);
    let voided =
        |id: &str| matches!(values.get(id).map(String::as_str), Some("No show" | "Invalid enrollment"));
    // The calendar of the year runs from 2021-08-23 to 2022-05-27.
    let associations = extract::table(folder, "studentschoolassociation");
    associations
        .iter()
        .filter(|row| matches!(row.get("schoolyear"), "" | "2022"))
        .filter(|row| row.get("exitwithdrawdate").is_empty() || row.get("exitwithdrawdate") >= AS_OF)
        .filter(|row| row.get("entrydate") <= "2022-05-27")
        .filter(|row| !voided(row.get("exitwithdrawtypedescriptorid")))
        .map(|row| unique[row.get("studentusi")].clone())
        .collect()
}

#[test]
fn every_attending_student_is_a_user_exactly_once() {
    each(|folder, exported| {
        let users = exported.table("users");
        let students = users.find("role", "student");
        let found: BTreeSet<String> = students.iter().map(|row| row.get("identifier").to_owned()).collect();
        assert_eq!(found.len(), students.len(), "nobody twice");
        let expected = attending(folder);
        assert!(expected.len() > 900);
        assert_eq!(found, expected);
        let demographics = exported.table("demographics");
        let described: BTreeSet<&str> = demographics.all("sourcedId").into_iter().collect();
        let ids: BTreeSet<&str> = students.iter().map(|row| row.get("sourcedId")).collect();
        assert_eq!(described, ids, "one demographics row for every student");
    });
}

#[test]
fn every_section_association_is_an_enrollment_or_accounted_for() {
    each(|folder, exported| {
        let of_year = |table: &str| extract::table(folder, table).find("schoolyear", "2022").len() as u64;
        let (students, staff) = (of_year("studentsectionassociation"), of_year("staffsectionassociation"));
        assert!(students > 800 && staff > 500);
        let rows = exported.table("enrollments");
        assert_eq!(rows.rows.len() as u64 + exported.left_out("enrollments"), students + staff);
        assert_eq!(rows.find("role", "student").len() + rows.find("role", "teacher").len(), rows.rows.len());
    });
}

#[test]
fn ids_are_those_of_scheme_edu_computed_anew() {
    each(|folder, exported| {
        let ids = Ids { prefix: "gbisd" };
        let users = exported.table("users");
        for row in users.iter() {
            let kind = match row.get("role") {
                "student" => "STU",
                "parent" => "PAR",
                _ => "STA",
            };
            assert_eq!(
                row.get("sourcedId"),
                ids.of(&[kind, row.get("identifier")]),
                "{}",
                row.get("identifier")
            );
        }
        // Classes and enrollments: exactly the ids of the sections and associations of the year, no more, no fewer.
        let sections = extract::table(folder, "section");
        let expected: BTreeSet<String> = sections.iter().map(|row| ids.of(&class_parts(&row))).collect();
        let classes = exported.table("classes");
        let found: BTreeSet<String> = classes.all("sourcedId").into_iter().map(str::to_owned).collect();
        assert_eq!(found, expected);
        let mut expected = BTreeMap::new();
        for (table, person) in
            [("studentsectionassociation", "student"), ("staffsectionassociation", "staff")]
        {
            let unique = extract::unique_ids(folder, person);
            for row in extract::table(folder, table).iter() {
                let id = &unique[row.get(&format!("{person}usi"))];
                expected.insert(ids.enrollment(id, &row), (id.clone(), row.get("begindate").to_owned()));
            }
        }
        let enrollments = exported.table("enrollments");
        assert_eq!(enrollments.rows.len(), expected.len());
        let identifiers: HashMap<&str, &str> =
            users.iter().map(|row| (row.get("sourcedId"), row.get("identifier"))).collect();
        for row in enrollments.iter() {
            let (person, begin) = &expected[row.get("sourcedId")];
            assert_eq!(row.get("beginDate"), begin);
            assert_eq!(identifiers[row.get("userSourcedId")], person);
        }
        for (file, key) in
            [("orgs", 7), ("academicSessions", 9), ("courses", 10), ("classes", 14), ("enrollments", 10)]
        {
            for row in exported.table(file).iter() {
                assert_eq!(row.get("sourcedId"), md5(&row.cells[key]), "{file}: the key is what was hashed");
            }
        }
        let orgs = exported.table("orgs");
        for row in orgs.iter() {
            assert_eq!(row.get("sourcedId"), ids.of(&[row.get("identifier")]));
        }
    });
}

/// The vectors of mapping.md section 1, as far as the samples have the entities.
#[test]
fn the_vectors_of_the_mapping_come_out() {
    let Some(folder) = published("grand-bend-ds52") else { return };
    let exported = export(&folder, &[SETTINGS, &[("id_prefix", "demo_isd")]]);
    for (file, id) in [
        ("orgs", "7151f70f9c9d58885cbca516914901cd"),
        ("orgs", "89a0a9d15be69d602faf839343f8e75c"),
        ("users", "6114abd83a770bff43795f58aa70a8d7"),
        ("users", "e3751735f6f8afd73c2705dca5f4638f"),
        ("users", "4196a167053bb929878b6994cba6d736"),
        ("academicSessions", "5b644204b0e992f37efbedef56a08607"),
        ("academicSessions", "8190ba1993c6d5e1fad4abed404f5604"),
        ("courses", "a05e1326cc7f61bfd15bb9ab9f2010ae"),
        ("classes", "9594151a023f0e39c0e27dc8f246d1a9"),
        ("enrollments", "3fa4d704f627aa4ed260d012705c5a75"),
    ] {
        assert_eq!(exported.table(file).find("sourcedId", id).len(), 1, "{file} {id}");
    }
}

/// The only difference that the inputs explain: one course has another code in the older sample.
#[test]
fn the_two_standards_differ_only_where_the_input_does() {
    let (Some(old), Some(new)) = (published(SAMPLES[0]), published(SAMPLES[1])) else { return };
    let codes = |folder: &Path| -> BTreeSet<String> {
        extract::table(folder, "course").all("coursecode").into_iter().map(str::to_owned).collect()
    };
    let renamed: Vec<(String, String)> = codes(&old)
        .difference(&codes(&new))
        .cloned()
        .zip(codes(&new).difference(&codes(&old)).cloned())
        .collect();
    assert_eq!(renamed, [("03100500".to_owned(), "ALG-1".to_owned())], "what the inputs differ in");
    let ids = Ids { prefix: "gbisd" };
    let id = |code: &str| ids.of(&["255901", code]);
    let (before, after) = (exported(0, &old), exported(1, &new));
    for (name, bytes) in &before.package.entries {
        let file = name.trim_end_matches(".csv");
        let (was, is) = (before.table(file), after.table(file));
        assert_eq!(was.header, is.header, "{name}");
        let changed: Vec<_> = was.rows.iter().zip(&is.rows).filter(|(a, b)| a != b).collect();
        assert_eq!(was.rows.len(), is.rows.len(), "{name}");
        match file {
            "courses" => {
                assert_eq!(changed.len(), 1);
                let (a, b) = changed[0];
                assert_eq!((a[0].clone(), b[0].clone()), (id("03100500"), id("ALG-1")));
                let renamed: Vec<String> = a.iter().map(|c| c.replace("03100500", "ALG-1")).collect();
                assert_eq!(renamed[1..], b[1..]);
            }
            "classes" => {
                assert_eq!(changed.len(), 6, "the sections of that course");
                let course = was.column("courseSourcedId").unwrap();
                for (a, b) in changed {
                    let mut expected = a.clone();
                    expected[course] = id("ALG-1");
                    assert_eq!((&expected, &a[course]), (b, &id("03100500")));
                }
            }
            _ => assert_eq!(Some(&bytes[..]), after.package.bytes(file), "{name}"),
        }
    }
    assert_eq!(before.report["notices"], after.report["notices"]);
    assert_eq!(before.report["unmapped"], after.report["unmapped"]);
}
