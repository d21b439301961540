//! Every id scheme in both versions: closed, unique, complete; and what `edfi-oneroster` promises beyond that.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use rosterpack::synth::traps::{school, section, student};
use rosterpack::synth::{Shape, Traps};

use crate::exporting::{Exported, USUAL, district, export, published, trap_district};
use crate::extract;
use crate::independent::{class_parts, md5};
use crate::package_check::check;
use crate::package_reader::{Row, Table};

const SCHEMES: [&str; 3] = ["edu", "edfi-oneroster", "stable"];
const VERSIONS: [&str; 2] = ["1.1", "1.2"];
const EVERYTHING: &[(&str, &str)] = &[
    ("demographics", "true"),
    ("include_parents", "true"),
    ("grading_periods", "true"),
    ("natural_key", "true"),
];
const GRAND_BEND: &[(&str, &str)] =
    &[("tenant", "gbisd"), ("active_school_year", "2022"), ("as_of", "2021-10-01")];

type Columns = &'static [&'static str];
type Required = (&'static str, Columns, Columns, Columns);

/// Columns that must be filled in both versions, those of 1.2 alone and those of 1.1 alone behind them.
const REQUIRED: &[Required] = &[
    ("academicSessions", &["title", "type", "startDate", "endDate", "schoolYear"], &[], &[]),
    ("classes", &["title", "courseSourcedId", "classType", "schoolSourcedId", "termSourcedIds"], &[], &[]),
    ("courses", &["title", "orgSourcedId"], &[], &[]),
    ("demographics", &[], &[], &[]),
    ("enrollments", &["classSourcedId", "schoolSourcedId", "userSourcedId", "role"], &[], &[]),
    ("orgs", &["name", "type"], &[], &[]),
    ("roles", &[], &["userSourcedId", "roleType", "role", "orgSourcedId"], &[]),
    ("users", &["enabledUser", "username", "givenName", "familyName"], &[], &["orgSourcedIds", "role"]),
];
/// Columns that refer to another file.
const REFERENCES: &[(&str, &str, &str)] = &[
    ("academicSessions", "parentSourcedId", "academicSessions"),
    ("classes", "courseSourcedId", "courses"),
    ("classes", "schoolSourcedId", "orgs"),
    ("classes", "termSourcedIds", "academicSessions"),
    ("courses", "schoolYearSourcedId", "academicSessions"),
    ("courses", "orgSourcedId", "orgs"),
    ("demographics", "sourcedId", "users"),
    ("enrollments", "classSourcedId", "classes"),
    ("enrollments", "schoolSourcedId", "orgs"),
    ("enrollments", "userSourcedId", "users"),
    ("orgs", "parentSourcedId", "orgs"),
    ("roles", "userSourcedId", "users"),
    ("roles", "orgSourcedId", "orgs"),
    ("users", "agentSourcedIds", "users"),
    ("users", "orgSourcedIds", "orgs"),
    ("users", "primaryOrgSourcedId", "orgs"),
];

/// The published samples and the trap districts of the oldest and the newest standard with contacts of their kind.
fn districts() -> Vec<(PathBuf, &'static [(&'static str, &'static str)])> {
    let traps = [Shape::S40, Shape::S52].map(|shape| (trap_district(shape).to_owned(), USUAL));
    let samples = ["grand-bend-ds40", "grand-bend-ds52"];
    let samples = samples.into_iter().filter_map(|name| Some((published(name)?, GRAND_BEND)));
    traps.into_iter().chain(samples).collect()
}

fn exported(folder: &Path, facts: &[(&str, &str)], scheme: &str, version: &str) -> Exported {
    let exported = export(folder, &[facts, EVERYTHING, &[("id_scheme", scheme), ("oneroster", version)]]);
    assert_eq!(exported.refused(), Vec::<&str>::new(), "{scheme} {version}");
    exported
}

/// Faults of a package of either version.
fn faults(exported: &Exported, version: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let tables: BTreeMap<&str, Table> =
        REQUIRED.iter().map(|(file, ..)| (*file, exported.table(file))).collect();
    let ids: BTreeMap<&str, BTreeSet<&str>> =
        tables.iter().map(|(file, t)| (*file, t.iter().map(|row| row.get("sourcedId")).collect())).collect();
    for (file, both, later, earlier) in REQUIRED {
        let (table, own) = (&tables[file], if version == "1.1" { earlier } else { later });
        if table.rows.is_empty() && (*file != "roles" || version != "1.1") {
            faults.push(format!("{file} is empty: nothing would be checked"));
        }
        if ids[file].len() != table.rows.len() {
            faults.push(format!("{file}: {} ids of {} rows", ids[file].len(), table.rows.len()));
        }
        for row in table.iter() {
            for column in both.iter().chain(*own).chain(&["sourcedId"]) {
                if row.get(column).is_empty() {
                    faults.push(format!("{file} {}: {column} is blank", row.get("sourcedId")));
                }
            }
        }
    }
    for (file, column, target) in REFERENCES {
        let table = &tables[file];
        if table.column(column).is_none() {
            continue;
        }
        for row in table.iter() {
            for id in row.list(column).into_iter().filter(|id| !ids[target].contains(id)) {
                faults.push(format!("{file} {}: {column} {id} dangles", row.get("sourcedId")));
            }
        }
    }
    let kinds: HashMap<&str, &str> =
        tables["orgs"].iter().map(|row| (row.get("sourcedId"), row.get("type"))).collect();
    for file in ["classes", "enrollments"] {
        for row in tables[file].iter().filter(|row| kinds.get(row.get("schoolSourcedId")) != Some(&"school"))
        {
            faults.push(format!("{file} {}: not at a school", row.get("sourcedId")));
        }
    }
    let mut primaries: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for role in tables["roles"].iter() {
        let place = (role.get("userSourcedId"), role.get("orgSourcedId"));
        *primaries.entry(place).or_default() += u32::from(role.get("roleType") == "primary");
    }
    faults.extend(
        primaries.iter().filter(|(_, n)| **n != 1).map(|(place, n)| format!("{place:?}: {n} primary roles")),
    );
    if version == "1.2" {
        let with_role: BTreeSet<&str> = primaries.keys().map(|(user, _)| *user).collect();
        if with_role != ids["users"] {
            faults.push("a user without a role".into());
        }
    }
    faults
}

/// Natural keys of a file's rows.
fn keys(exported: &Exported, file: &str) -> Vec<String> {
    exported.table(file).iter().map(|row| row.get("metadata.edu.natural_key").to_owned()).collect()
}

#[test]
fn every_scheme_gives_sound_packages_and_both_versions_the_same_rows() {
    for (folder, facts) in districts() {
        for scheme in SCHEMES {
            let packages = VERSIONS.map(|version| exported(&folder, facts, scheme, version));
            for (package, version) in packages.iter().zip(VERSIONS) {
                assert_eq!(faults(package, version), Vec::<String>::new(), "{scheme} {version}");
                assert_eq!(check(&package.package), Vec::<String>::new(), "{scheme} {version}");
            }
            let [earlier, later] = &packages;
            for (file, ..) in REQUIRED.iter().filter(|(file, ..)| *file != "roles") {
                assert!(!keys(earlier, file).is_empty());
                assert_eq!(keys(earlier, file), keys(later, file), "{scheme} {file}");
            }
        }
    }
}

/// Pairs of sections whose keys are one text once folded and joined, computed from the extract.
fn colliding_sections(folder: &Path, shape: Shape) -> Vec<BTreeSet<String>> {
    let mut by_text: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    assert!(matches!(shape, Shape::S40 | Shape::S52));
    for row in extract::table(folder, "section").find("schoolyear", "2025") {
        let label = ["schoolid", "sessionname", "localcoursecode", "sectionidentifier"].map(|c| row.get(c));
        by_text.entry(class_parts(&row).join("-")).or_default().insert(label.join(" "));
    }
    by_text.into_values().filter(|sections| sections.len() > 1).collect()
}

#[test]
fn every_collision_is_one_error_with_both_keys_and_stable_has_none() {
    for shape in [Shape::S40, Shape::S52] {
        let folder = district(40, shape, Traps::All);
        let run = |scheme, more: &[(&str, &str)]| {
            export(folder.path(), &[USUAL, EVERYTHING, &[("id_scheme", scheme)], more])
        };
        let stable = run("stable", &[]);
        assert_eq!(stable.refused(), Vec::<&str>::new());
        assert_eq!(faults(&stable, "1.1"), Vec::<String>::new());
        let expected = colliding_sections(folder.path(), shape);
        assert!(expected.len() >= 2, "{expected:?}");
        for scheme in ["edu", "edfi-oneroster"] {
            let refused = run(scheme, &[]);
            let reasons = refused.refused();
            assert_eq!(reasons.len() as u64, refused.count("id-collision"), "{reasons:?}");
            let expected: Vec<_> = expected
                .iter()
                .filter(|pair| {
                    scheme == "edu" || pair.iter().any(|label| label.contains(section::CASE_ONLY[0]))
                })
                .collect();
            assert_eq!(reasons.len(), expected.len(), "{scheme}: {reasons:?}");
            for pair in expected {
                let told =
                    reasons.iter().filter(|reason| pair.iter().all(|label| reason.contains(label.as_str())));
                assert_eq!(told.count(), 1, "{scheme}: {pair:?} in {reasons:?}");
            }
            let kept = run(scheme, &[("on_id_collision", "keep-winner")]);
            assert_eq!(faults(&kept, "1.1"), Vec::<String>::new(), "{scheme}");
            assert_eq!(kept.count("id-collision"), 0);
        }
    }
}

fn of_person<'t>(users: &'t Table, unique_id: &str) -> Vec<Row<'t>> {
    users.find("identifier", unique_id)
}

#[test]
fn edfi_oneroster_has_one_user_per_person_and_school() {
    for version in VERSIONS {
        let exported = exported(trap_district(Shape::S52), USUAL, "edfi-oneroster", version);
        let (users, enrollments) = (exported.table("users"), exported.table("enrollments"));
        let orgs = exported.table("orgs");
        let number = |org: &str| orgs.one("sourcedId", org).get("identifier").to_owned();
        let org_of = |row: &Row<'_>| match version {
            "1.1" => row.list("orgSourcedIds").join(","),
            _ => row.get("primaryOrgSourcedId").to_owned(),
        };
        // Two rows, each at its school, with the ids of the service.
        let rows = of_person(&users, student::TWO_SCHOOLS);
        assert_eq!(rows.len(), 2);
        for row in &rows {
            let school = number(&org_of(row));
            assert_eq!(row.get("sourcedId"), md5(&format!("STU-{}-{school}", student::TWO_SCHOOLS)));
        }
        // An enrollment refers to the row of the section's school, or the notice counts it.
        let school_of: HashMap<&str, String> =
            users.iter().map(|row| (row.get("sourcedId"), org_of(&row))).collect();
        let elsewhere: Vec<Row<'_>> = enrollments
            .iter()
            .filter(|row| school_of[row.get("userSourcedId")] != row.get("schoolSourcedId"))
            .collect();
        assert!(elsewhere.iter().all(|row| row.get("role") == "student"));
        assert_eq!(elsewhere.len() as u64, exported.count("enrollment-user-elsewhere"));
        assert!(!elsewhere.is_empty(), "the trap of a student in a class of another school");
        if version == "1.2" {
            // Roles of a row for a school are at that school.
            let roles = exported.table("roles");
            let at: HashMap<&str, BTreeSet<&str>> = roles.iter().fold(HashMap::new(), |mut at, role| {
                at.entry(role.get("userSourcedId")).or_default().insert(role.get("orgSourcedId"));
                at
            });
            for row in &rows {
                assert_eq!(at[row.get("sourcedId")], BTreeSet::from([org_of(row).as_str()]));
            }
        }
        // A contact is one row and knows both rows of the child.
        let demographics = exported.table("demographics");
        for row in &rows {
            assert_eq!(demographics.find("sourcedId", row.get("sourcedId")).len(), 1);
            for agent in row.list("agentSourcedIds") {
                let back = users.one("sourcedId", agent).list("agentSourcedIds");
                assert!(rows.iter().all(|row| back.contains(&row.get("sourcedId"))));
            }
        }
        let years = exported.table("academicSessions");
        let own = years.one("sourcedId", &md5("-2025"));
        assert_eq!((own.get("type"), own.get("title")), ("schoolYear", "2024-2025"));
    }
}

#[test]
fn edfi_oneroster_staff_ids_have_no_begin_date_on_4_0_only() {
    for (shape, begin_counts) in [(Shape::S40, false), (Shape::S52, true)] {
        let folder = trap_district(shape);
        let exported = exported(folder, USUAL, "edfi-oneroster", "1.1");
        let ids: BTreeSet<String> =
            exported.table("enrollments").all("sourcedId").into_iter().map(str::to_owned).collect();
        let unique = extract::unique_ids(folder, "staff");
        let mut found = 0;
        for row in extract::table(folder, "staffsectionassociation").find("schoolyear", "2025") {
            let [code, school, section, session] =
                class_parts(&row).try_into().unwrap_or_else(|_| panic!("four parts"));
            let Some(person) = unique.get(row.get("staffusi")) else { continue };
            let mut text = format!("{}-{code}-{school}-2025-{section}-{session}", person.to_lowercase());
            if begin_counts {
                text = text + "-" + row.get("begindate");
            }
            found += usize::from(ids.contains(&md5(&text)));
        }
        let teachers = exported.table("enrollments").find("role", "teacher").len();
        assert_eq!(found, teachers);
        assert!(teachers > 5);
    }
}

#[test]
fn edfi_oneroster_parents_have_the_school_that_a_child_entered_last() {
    let folder = trap_district(Shape::S52);
    let exported = exported(folder, USUAL, "edfi-oneroster", "1.1");
    let mut entered: HashMap<String, Vec<(String, std::cmp::Reverse<i64>)>> = HashMap::new();
    for row in extract::table(folder, "studentschoolassociation").iter() {
        let school = std::cmp::Reverse(row.get("schoolid").parse().unwrap());
        entered.entry(row.get("studentusi").into()).or_default().push((row.get("entrydate").into(), school));
    }
    let mut schools: HashMap<String, Vec<(String, std::cmp::Reverse<i64>)>> = HashMap::new();
    for link in extract::table(folder, "studentcontactassociation").iter() {
        let of_child = entered.get(link.get("studentusi")).cloned().unwrap_or_default();
        schools.entry(link.get("contactusi").into()).or_default().extend(of_child);
    }
    let unique: HashMap<String, String> =
        extract::unique_ids(folder, "contact").into_iter().map(|(usi, id)| (id, usi)).collect();
    let users = exported.table("users");
    let parents = users.find("role", "parent");
    assert!(parents.len() > 20);
    for parent in parents {
        let id = parent.get("identifier");
        let (_, school) = schools[&unique[id]].iter().max().unwrap();
        assert_eq!(parent.get("sourcedId"), md5(&format!("PAR-{id}-{}", school.0)));
    }
}

#[test]
fn a_teacher_who_is_twice_in_a_class_collides_where_ids_have_no_begin_date() {
    let folder = extract::copy(trap_district(Shape::S40));
    extract::alter(folder.path(), "staffsectionassociation", |table| {
        let [year, begin] = ["schoolyear", "begindate"].map(|column| table.column(column).unwrap());
        let first = table.rows.iter().position(|row| row[year] == "2025" && !row[begin].is_empty()).unwrap();
        let mut again = table.rows[first].clone();
        again[begin] = "2024-09-02".to_owned();
        table.rows.push(again);
    });
    let run = |scheme, on| {
        let settings = [("id_scheme", scheme), ("on_id_collision", on)];
        export(folder.path(), &[USUAL, EVERYTHING, &settings])
    };
    assert_eq!(run("edu", "refuse").refused(), Vec::<&str>::new());
    let refused = run("edfi-oneroster", "refuse");
    assert_eq!(refused.refused().len(), 1, "{:?}", refused.refused());
    assert!(refused.refused()[0].contains("from 2024-09-02"), "{:?}", refused.refused());
    let kept = run("edfi-oneroster", "keep-winner");
    assert_eq!(faults(&kept, "1.1"), Vec::<String>::new());
}

#[test]
fn schools_without_an_lea_share_a_school_year_under_edfi_oneroster() {
    let folder = extract::copy(trap_district(Shape::S52));
    extract::alter(folder.path(), "school", |schools| {
        let (id, lea) =
            (schools.column("schoolid").unwrap(), schools.column("localeducationagencyid").unwrap());
        let row =
            schools.rows.iter_mut().find(|row| row[id] == school::WITHOUT_CALENDAR.to_string()).unwrap();
        row[lea].clear();
    });
    let exported = exported(folder.path(), USUAL, "edfi-oneroster", "1.1");
    assert_eq!(faults(&exported, "1.1"), Vec::<String>::new());
    assert_eq!(exported.count("school-year-shared"), 1);
    let sessions = exported.table("academicSessions");
    let shared = sessions.one("sourcedId", &md5("-2025"));
    let under = sessions.find("parentSourcedId", shared.get("sourcedId"));
    assert!(under.len() >= 2);
    for session in under {
        assert!(session.get("startDate") >= shared.get("startDate"));
        assert!(session.get("endDate") <= shared.get("endDate"));
    }
}

#[test]
fn a_staff_id_that_continues_another_is_found_and_can_be_settled() {
    let folder = extract::copy(trap_district(Shape::S52));
    let before = exported(folder.path(), USUAL, "edfi-oneroster", "1.1");
    let users = before.table("users");
    let is = |row: &Row<'_>, role| row.get("role") == role;
    let orgs = before.table("orgs");
    let kind = |row: &Row<'_>| {
        let org = row.list("orgSourcedIds")[0];
        let org = orgs.one("sourcedId", org);
        (org.get("type").to_owned(), org.get("identifier").to_owned())
    };
    let teacher = users.iter().find(|row| is(row, "teacher") && kind(row).0 == "school").unwrap();
    let leader = users.iter().find(|row| is(row, "administrator") && kind(row).0 == "district").unwrap();
    let colliding = format!("{}-{}", teacher.get("identifier"), kind(&teacher).1);
    extract::alter(folder.path(), "staff", |staff| {
        let id = staff.column("staffuniqueid").unwrap();
        let row = staff.rows.iter_mut().find(|row| row[id] == leader.get("identifier")).unwrap();
        row[id] = colliding.clone();
    });
    let run = |scheme, on| {
        let settings = [("id_scheme", scheme), ("on_id_collision", on)];
        export(folder.path(), &[USUAL, EVERYTHING, &settings])
    };
    for scheme in ["edu", "stable"] {
        assert_eq!(run(scheme, "refuse").refused(), Vec::<&str>::new());
    }
    let refused = run("edfi-oneroster", "refuse");
    let told = refused.refused();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(&format!("staff {} at school", teacher.get("identifier"))), "{told:?}");
    assert!(told[0].contains(&format!("staff {colliding}")), "{told:?}");
    let kept = run("edfi-oneroster", "keep-winner");
    assert_eq!(kept.refused(), Vec::<&str>::new());
    assert_eq!(faults(&kept, "1.1"), Vec::<String>::new());
    assert!(of_person(&kept.table("users"), &colliding).is_empty());
    assert_eq!(kept.count("id-collision-loser"), 1);
}

#[test]
fn students_whose_ids_differ_in_case_collide_only_in_enrollments_of_edfi_oneroster() {
    let folder = extract::copy(trap_district(Shape::S52));
    // A class-mate is renamed to the unique id of another in other letters.
    let associations = extract::table(folder.path(), "studentsectionassociation");
    let of_year = associations.find("schoolyear", "2025");
    let mates: Vec<&str> = of_year
        .iter()
        .filter(|row| {
            class_parts(row) == class_parts(&of_year[0])
                && row.get("begindate") == of_year[0].get("begindate")
        })
        .map(|row| row.get("studentusi"))
        .collect();
    assert!(mates.len() >= 2);
    extract::alter(folder.path(), "student", |students| {
        let (usi, id) = (students.column("studentusi").unwrap(), students.column("studentuniqueid").unwrap());
        for (mate, unique_id) in mates.iter().zip(["case-Twin", "case-tWIN"]) {
            students.rows.iter_mut().find(|row| row[usi] == *mate).unwrap()[id] = unique_id.to_owned();
        }
    });
    let run = |scheme| export(folder.path(), &[USUAL, EVERYTHING, &[("id_scheme", scheme)]]);
    assert_eq!(run("edu").refused(), Vec::<&str>::new());
    let refused = run("edfi-oneroster");
    assert!(!refused.refused().is_empty());
    for reason in refused.refused() {
        assert!(reason.contains("student case-Twin in section"), "{reason}");
        assert!(reason.contains("student case-tWIN in section"), "{reason}");
    }
}
