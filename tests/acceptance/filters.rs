//! Filters on grades, courses, subjects, terms, sections and roles: what is left is what was chosen, closed, and every row
//! that is not there is accounted for.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use proptest::prelude::*;
use rosterpack::synth::Shape;
use rosterpack::synth::traps::{section, staff};

use crate::exporting::{Exported, USUAL, export, trap_district};
use crate::extract;
use crate::package_check::check;
use crate::package_reader::Table;

const ALL: &[(&str, &str)] = &[("include_parents", "true"), ("demographics", "true")];

fn with(settings: &[(&str, &str)]) -> Exported {
    let exported = export(trap_district(Shape::S52), &[USUAL, ALL, settings]);
    if !exported.zip.is_empty() {
        // The checker of these tests knows no gradebook; reading back has proved its references before it was written.
        let checked = !settings.contains(&("gradebook", "true"));
        assert_eq!(
            if checked { check(&exported.package) } else { Vec::new() },
            Vec::<String>::new(),
            "{settings:?}"
        );
        accounted(&exported);
    }
    exported
}

/// Every section association of the year is an enrollment or counted among those left out.
fn accounted(part: &Exported) {
    let folder = trap_district(Shape::S52);
    let of_year = |table: &str| extract::table(folder, table).find("schoolyear", "2025").len() as u64;
    let associations = of_year("studentsectionassociation") + of_year("staffsectionassociation");
    assert_eq!(part.table("enrollments").rows.len() as u64 + part.left_out("enrollments"), associations);
}

fn whole() -> &'static Exported {
    static WHOLE: OnceLock<Exported> = OnceLock::new();
    WHOLE.get_or_init(|| with(&[]))
}

type Ids = BTreeSet<String>;

fn ids_where(table: &Table, column: &str, wanted: impl Fn(&str) -> bool) -> Ids {
    table.iter().filter(|row| wanted(row.get(column))).map(|row| row.get("sourcedId").to_owned()).collect()
}

fn ids(exported: &Exported, file: &str) -> Ids {
    ids_where(&exported.table(file), "sourcedId", |_| true)
}

/// Users of a role that have an enrollment.
fn enrolled(exported: &Exported, role: &str) -> Ids {
    let of_role = ids_where(&exported.table("users"), "role", |found| found == role);
    let enrolled = exported.table("enrollments");
    let enrolled: Ids = enrolled.all("userSourcedId").into_iter().map(str::to_owned).collect();
    of_role.intersection(&enrolled).cloned().collect()
}

#[test]
fn students_of_some_grades_keep_their_classes_and_no_others() {
    let (whole, part) = (whole(), with(&[("grades", "09,1?"), ("exclude_grades", "11")]));
    let wanted = |grade: &str| ["09", "10", "12"].contains(&grade);
    let students = |e: &Exported| {
        let users = e.table("users");
        let found = users.find("role", "student").into_iter().filter(|row| wanted(row.get("grades")));
        found.map(|row| row.get("sourcedId").to_owned()).collect::<Ids>()
    };
    assert_eq!(ids_where(&part.table("users"), "role", |role| role == "student"), students(&part));
    assert_eq!(students(&part), students(whole), "nobody of these grades is missing");
    assert!(students(&part).len() < ids_where(&whole.table("users"), "role", |role| role == "student").len());
    // A class is there exactly if one of its students is, or if it never had one and is for such a grade.
    let (before, after) = (whole.table("enrollments"), part.table("enrollments"));
    let kept = ids(&part, "classes");
    for class in whole.table("classes").iter() {
        let id = class.get("sourcedId");
        let any =
            |table: &Table| table.find("classSourcedId", id).iter().any(|row| row.get("role") == "student");
        let own = class.list("grades");
        let expected = match any(&before) {
            true => any(&after),
            false => {
                own.is_empty() || own.iter().any(|grade| *grade == "09" || *grade == "10" || *grade == "12")
            }
        };
        assert_eq!(kept.contains(id), expected, "{:?}", class.cells);
    }
    assert!(kept.len() < ids(whole, "classes").len());
    assert_eq!(
        enrolled(&part, "student"),
        enrolled(whole, "student").intersection(&students(&part)).cloned().collect()
    );
}

#[test]
fn a_term_takes_its_classes_and_whoever_had_no_others() {
    let (whole, part) = (whole(), with(&[("terms", "third*")]));
    let sessions = part.table("academicSessions");
    let titles: BTreeSet<&str> = sessions
        .iter()
        .filter(|s| !["schoolYear", "gradingPeriod"].contains(&s.get("type")))
        .map(|s| s.get("title"))
        .collect();
    assert_eq!(titles, BTreeSet::from(["Third Quarter"]));
    let third = ids_where(&whole.table("academicSessions"), "title", |title| title == "Third Quarter");
    let expected = ids_where(&whole.table("classes"), "termSourcedIds", |term| third.contains(term));
    assert_eq!(ids(&part, "classes"), expected);
    // Courses of other terms alone are gone, and so are their people; administrators are not in classes.
    assert!(ids(&part, "courses").len() < ids(whole, "courses").len());
    for role in ["student", "teacher"] {
        let gone: Ids = enrolled(whole, role).difference(&enrolled(&part, role)).cloned().collect();
        assert!(!gone.is_empty(), "{role}: there is somebody to take");
        assert!(ids(&part, "users").is_disjoint(&gone), "{role}");
        let idle = |e: &Exported| {
            let of_role = ids_where(&e.table("users"), "role", |found| found == role);
            of_role.difference(&enrolled(whole, role)).cloned().collect::<Ids>()
        };
        assert_eq!(idle(&part), idle(whole), "{role}s who had no class before stay");
    }
    let administrators = |e: &Exported| ids_where(&e.table("users"), "role", |role| role == "administrator");
    assert_eq!(administrators(&part), administrators(whole));
    // Kept if wanted; and without any filter, whoever is in no class can go.
    let keep = with(&[("terms", "third*"), ("users_without_enrollments", "keep")]);
    let users = |e: &Exported| ids(e, "users");
    assert!(enrolled(whole, "student").is_subset(&users(&keep)));
    assert_eq!(ids(&keep, "classes"), expected);
    let drop = with(&[("users_without_enrollments", "drop")]);
    for role in ["student", "teacher", "administrator"] {
        let left = ids_where(&drop.table("users"), "role", |found| found == role);
        assert_eq!(left, enrolled(whole, role), "{role}");
    }
    assert_eq!(ids(&drop, "enrollments"), ids(whole, "enrollments"));
    assert_eq!(
        with(&[("users_without_enrollments", "keep")]).zip,
        whole.zip,
        "no filter, nobody lost by one"
    );
}

#[test]
fn courses_subjects_and_sections() {
    let whole = whole();
    let part = with(&[("courses", "alg*,trap-101")]);
    let codes: BTreeSet<String> =
        part.table("courses").all("courseCode").into_iter().map(str::to_owned).collect();
    assert!(
        codes.contains("TRAP-101") && codes.iter().all(|c| c.starts_with("ALG") || c == "TRAP-101"),
        "{codes:?}"
    );
    let courses = ids(&part, "courses");
    let expected = ids_where(&whole.table("classes"), "courseSourcedId", |course| courses.contains(course));
    assert_eq!(ids(&part, "classes"), expected);
    let others = with(&[("exclude_courses", "alg*,trap-101")]);
    let both: Ids = expected.union(&ids(&others, "classes")).cloned().collect();
    assert_eq!(both, ids(whole, "classes"), "what one leaves out the other has");
    assert!(ids(&others, "courses").is_disjoint(&courses));

    let values = extract::code_values(trap_district(Shape::S52));
    let mathematics: BTreeSet<String> = extract::table(trap_district(Shape::S52), "courseacademicsubject")
        .iter()
        .filter(|row| values[row.get("academicsubjectdescriptorid")] == "Mathematics")
        .map(|row| row.get("coursecode").to_owned())
        .collect();
    let part = with(&[("subjects", "mathematics")]);
    let table = part.table("courses");
    assert!(!table.rows.is_empty() && table.all("courseCode").iter().all(|code| mathematics.contains(*code)));

    let ordinary = |e: &Exported| {
        let key = format!("-{}-", section::ORDINARY);
        ids_where(&e.table("classes"), "metadata.edu.natural_key", |found| found.contains(&key))
    };
    assert!(!ordinary(whole).is_empty());
    let part = with(&[("sections", &section::ORDINARY.to_uppercase())]);
    assert_eq!(ids(&part, "classes"), ordinary(whole));
    // Of the courses that have classes at all, only those of these classes are left.
    let of = |classes: &Ids| -> Ids {
        let table = whole.table("classes");
        let rows = table.iter().filter(|row| classes.contains(row.get("sourcedId")));
        rows.map(|row| row.get("courseSourcedId").to_owned()).collect()
    };
    let with_classes = of(&ids(whole, "classes"));
    let left: Ids = ids(&part, "courses").intersection(&with_classes).cloned().collect();
    assert_eq!(left, of(&ordinary(whole)));
    let part = with(&[("exclude_sections", section::ORDINARY)]);
    assert_eq!(ids(&part, "classes"), ids(whole, "classes").difference(&ordinary(whole)).cloned().collect());
}

#[test]
fn roles_are_chosen_among_those_that_a_person_has() {
    let whole = whole();
    let roles = |e: &Exported| -> BTreeSet<String> {
        e.table("users").all("role").into_iter().map(str::to_owned).collect()
    };
    let part = with(&[("exclude_roles", "parent,administrator")]);
    let expected: BTreeSet<String> =
        roles(whole).into_iter().filter(|role| role != "parent" && role != "administrator").collect();
    assert_eq!(roles(&part), expected);
    assert!(part.table("users").all("agentSourcedIds").iter().all(|agents| agents.is_empty()));
    // One of two classifications, the other of which is an administrator's.
    let role = |e: &Exported, id: &str| {
        e.table("users").find("identifier", id).first().map(|row| row.get("role").to_owned())
    };
    assert_eq!(role(whole, staff::TWO_CLASSIFICATIONS).as_deref(), Some("administrator"));
    assert_eq!(role(&part, staff::TWO_CLASSIFICATIONS).as_deref(), Some("teacher"));
    assert_eq!(role(&part, staff::SUPERINTENDENT), None);
    // A package of staff alone is meant, and not an empty one.
    let part = with(&[("roles", "teacher,administrator")]);
    assert_eq!(roles(&part), BTreeSet::from(["administrator".to_owned(), "teacher".to_owned()]));
    assert_eq!(part.refused(), Vec::<&str>::new());
    assert_eq!(ids(&part, "classes"), ids(whole, "classes"));
    let v1p2 =
        export(trap_district(Shape::S52), &[USUAL, &[("oneroster", "1.2"), ("roles", "student,teacher")]]);
    let words: BTreeSet<String> = v1p2.table("roles").all("role").into_iter().map(str::to_owned).collect();
    assert_eq!(words, BTreeSet::from(["student".to_owned(), "teacher".to_owned()]));
}

#[test]
fn schools_and_agencies_can_be_excluded() {
    let whole = whole();
    let part = with(&[("exclude_schools", "255901001")]);
    let schools = |e: &Exported| -> BTreeSet<String> {
        let orgs = e.table("orgs");
        orgs.find("type", "school").iter().map(|row| row.get("identifier").to_owned()).collect()
    };
    let expected: BTreeSet<String> = schools(whole).into_iter().filter(|id| id != "255901001").collect();
    assert_eq!(schools(&part), expected);
    let part = with(&[("exclude_leas", "255901")]);
    assert!(schools(&part).iter().all(|id| !id.starts_with("255901")), "{:?}", schools(&part));
    assert!(part.table("orgs").find("identifier", "255901").is_empty());
}

#[test]
fn a_filter_that_matches_nothing_is_told_with_its_nearest() {
    let whole = whole();
    let exported = with(&[
        ("exclude_courses", "ALGG-1,TRAP-1O1"),
        ("exclude_subjects", "Mathematic"),
        ("exclude_terms", "Thrd Quarter"),
        ("exclude_sections", "trap-ordinry"),
        ("exclude_grades", "99"),
        ("exclude_schools", "1"),
    ]);
    for cause in [
        "exclude_courses `TRAP-1O1`; the nearest is `TRAP-101`",
        "exclude_subjects `Mathematic`; the nearest is `Mathematics`",
        "exclude_terms `Thrd Quarter`; the nearest is `Third Quarter`",
        "exclude_sections `trap-ordinry`; the nearest is `trap-ordinary`",
        "exclude_grades `99`",
        "organization 1",
    ] {
        assert_eq!(exported.count_of("filter-unmatched", cause), 1, "{cause}");
    }
    for file in ["users", "classes", "enrollments", "courses", "academicSessions", "orgs"] {
        assert_eq!(exported.package.bytes(file), whole.package.bytes(file), "{file}");
    }
}

/// Any list of a few items.
fn some(items: &'static [&'static str]) -> impl Strategy<Value = String> {
    let several = prop::sample::subsequence(items, 1..=items.len()).prop_map(|list| list.join(","));
    prop_oneof![3 => Just(String::new()), 1 => several]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is filtered: the package is closed and every association accounted for (`with` checks both), or it is
    /// refused because nothing is left. Nothing appears that was not there before.
    #[test]
    fn any_filters_leave_a_closed_package(
        grades in some(&["KG", "0?", "09", "1*", "12"]),
        exclude_grades in some(&["10", "UG"]),
        courses in some(&["A*", "TRAP*", "*-1", "nothing"]),
        exclude_courses in some(&["*2", "TRAP-101"]),
        subjects in some(&["Mathematics", "*Language*", "Science"]),
        terms in some(&["Fall*", "Spring Semester", "First*", "*Quarter"]),
        exclude_terms in some(&["Second Quarter", "*Intersession"]),
        sections in some(&["*1*", "trap-*", "*"]),
        exclude_schools in some(&["255901001", "254801"]),
        exclude_roles in some(&["teacher", "aide", "parent", "administrator"]),
        without in prop::sample::select(vec!["keep", "keep-unless-filtered", "drop"]),
        gradebook in prop::sample::select(vec!["true", "false"]),
        id_scheme in prop::sample::select(vec!["edu", "edfi-oneroster", "stable"]),
    ) {
        let part = with(&[
            ("grades", &grades), ("exclude_grades", &exclude_grades), ("courses", &courses),
            ("exclude_courses", &exclude_courses), ("subjects", &subjects), ("terms", &terms),
            ("exclude_terms", &exclude_terms), ("sections", &sections), ("exclude_schools", &exclude_schools),
            ("exclude_roles", &exclude_roles), ("users_without_enrollments", without), ("id_scheme", id_scheme),
            ("gradebook", gradebook),
        ]);
        if part.zip.is_empty() {
            prop_assert!(part.count("nothing-to-export") > 0);
            prop_assert!(part.refused().iter().all(|r| r.contains("nothing-to-export")), "{:?}", part.refused());
        } else if id_scheme == "edu" && gradebook == "false" {
            for file in ["orgs", "academicSessions", "courses", "classes", "users", "enrollments"] {
                prop_assert!(ids(&part, file).is_subset(&ids(whole(), file)), "{}", file);
            }
        }
    }
}
