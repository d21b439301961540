//! Every setting that shapes a package has an effect, and the one that mapping.md says.
//!
//! Filters on organizations and files are in `scope.rs`, what concerns people in
//! `people_options.rs`, collisions in `collisions.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use rosterpack::config::settings::SETTINGS;
use rosterpack::synth::traps::{contact, home_school, section, staff, student};
use rosterpack::synth::{STATE_AGENCY, Shape, Traps};

use crate::exporting::{Exported, USUAL, export, trap_district};
use crate::extract;
use crate::independent::{Ids, md5};
use crate::package_check::check;
use crate::package_reader::Table;

const IDS: Ids<'static> = Ids { prefix: "demo_isd" };

/// Settings that a test here, or in one of the files named above, shows at work.
const SHOWN: &[&str] = &[
    "leas",
    "schools",
    "files",
    "header_only_files",
    "include",
    "end_dates",
    "id_scheme",
    "id_prefix",
    "natural_key",
    "on_id_collision",
    "username",
    "student_email_type",
    "staff_email_type",
    "parent_email_type",
    "parent_telephone_type",
    "include_parents",
    "middle_names",
    "phones",
    "demographics",
    "demographic_extensions",
    "exclude_exit_types",
    "exclude_exit_before_first_day",
    "staff_role_priority",
    "private_id_systems",
    "allowed_id_systems",
    "grading_periods",
    "school_day_events",
    "class_title",
    "session_title",
    "class_grades_from_students",
    "use_course_departments",
    "course_dept_column",
    "org_identifier_system",
    "org_metadata",
    "course_duration",
    "compression",
    "system_name",
    "system_code",
];

/// Filters, which `filters.rs` shows.
const OF_FILTERS: &[&str] = &[
    "exclude_leas",
    "exclude_schools",
    "grades",
    "exclude_grades",
    "courses",
    "exclude_courses",
    "subjects",
    "exclude_subjects",
    "terms",
    "exclude_terms",
    "sections",
    "exclude_sections",
    "roles",
    "exclude_roles",
    "users_without_enrollments",
];

/// Settings that decide whether a package is published and change none, which `judging.rs` shows.
const OF_JUDGING: &[&str] = &["validate", "deny"];

/// Settings for what consumers ask, which `consumers.rs` shows.
const OF_CONSUMERS: &[&str] = &[
    "course_titles",
    "exclude_course_titles",
    "class_grades",
    "grade_codes",
    "enrollment_dates",
    "state_agency",
    "position_title",
    "line_end",
    "quotes",
    "package_name",
];

/// Settings that only OneRoster 1.2 has a use for, which `version_1_2.rs` shows.
const OF_1P2: &[&str] = &["staff_role_priority_v1p2", "user_master_identifier_system"];

/// Settings of the gradebook files, which `tests/gradebook.rs` shows.
const OF_GRADEBOOK: &[&str] = &["gradebook", "final_grades"];

#[test]
fn no_setting_is_forgotten() {
    let shaping: BTreeSet<&str> = SETTINGS.iter().filter(|s| s.shapes_package()).map(|s| s.name).collect();
    let elsewhere = OF_FILTERS.iter().chain(OF_JUDGING).chain(OF_CONSUMERS).chain(OF_1P2).chain(OF_GRADEBOOK);
    assert_eq!(shaping, SHOWN.iter().chain(elsewhere).copied().collect());
}

pub(super) fn district() -> &'static Path {
    trap_district(Shape::S52)
}

/// The export without further settings, made once.
pub(super) fn plain() -> &'static Exported {
    static PLAIN: OnceLock<Exported> = OnceLock::new();
    PLAIN.get_or_init(|| with_source(district(), &[]))
}

/// An export with some settings, which must be sound.
pub(super) fn with(settings: &[(&str, &str)]) -> Exported {
    with_source(district(), settings)
}

pub(super) fn with_source(source: &Path, settings: &[(&str, &str)]) -> Exported {
    let exported = export(source, &[USUAL, settings]);
    assert_eq!(exported.refused(), Vec::<&str>::new(), "{settings:?}");
    assert_eq!(check(&exported.package), Vec::<String>::new(), "{settings:?}");
    exported
}

pub(super) fn cell(table: &Table, unique_id: &str, column: &str) -> String {
    table.one("identifier", unique_id).get(column).to_owned()
}

#[test]
fn include_decides_by_date() {
    let year = with(&[("include", "year")]);
    let not_ended = plain();
    let current = with(&[("include", "current")]);
    let ids = |e: &Exported, file: &str| -> BTreeSet<String> {
        e.table(file).all("sourcedId").into_iter().map(str::to_owned).collect()
    };
    let [users, enrollments] =
        ["users", "enrollments"].map(|file| [ids(not_ended, file), ids(&current, file)]);
    assert!(users[1].is_subset(&users[0]) && users[0].is_subset(&ids(&year, "users")));
    assert!(
        enrollments[1].is_subset(&enrollments[0]) && enrollments[0].is_subset(&ids(&year, "enrollments"))
    );
    for row in year.table("enrollments").iter() {
        let (id, begin, end) = (row.get("sourcedId"), row.get("beginDate"), row.get("endDate"));
        // The end is the first day without, so one that ended yesterday has today's date.
        let ended = !end.is_empty() && end <= "2024-10-01";
        let begun = begin.is_empty() || begin <= "2024-10-01";
        // The rule governs school associations and assignments too: the user may be gone.
        let there = |users: &BTreeSet<String>| users.contains(row.get("userSourcedId"));
        assert_eq!(enrollments[0].contains(id), !ended && there(&users[0]), "{:?}", row.cells);
        assert_eq!(enrollments[1].contains(id), !ended && begun && there(&users[1]), "{:?}", row.cells);
    }
    assert!(enrollments[1].len() < enrollments[0].len());
    assert!(enrollments[0].len() < ids(&year, "enrollments").len());
    let there = |e: &Exported, id: &str| !e.table("users").find("identifier", id).is_empty();
    assert!(there(&year, student::WITHDRAWN) && !there(not_ended, student::WITHDRAWN));
    assert!(!there(&year, student::LAST_YEAR) && !there(&year, student::NO_SHOW));
    // A day later the same association has ended; on its last day it has not.
    for (as_of, counts) in [("2024-09-02", true), ("2024-09-03", false)] {
        let exported = export(district(), &[USUAL, &[("as_of", as_of)]]);
        assert_eq!(there(&exported, student::WITHDRAWN), counts, "{as_of}");
    }
}

#[test]
fn end_dates_are_exclusive_or_inclusive() {
    let (exclusive, inclusive) = (plain(), with(&[("end_dates", "inclusive")]));
    let ends: BTreeSet<String> = ["studentsectionassociation", "staffsectionassociation"]
        .iter()
        .flat_map(|name| extract::table(district(), name).rows)
        .flatten()
        .collect();
    for (file, column) in [("enrollments", "endDate"), ("academicSessions", "endDate")] {
        let (out, within) = (exclusive.table(file), inclusive.table(file));
        for (a, b) in out.iter().zip(within.iter()) {
            assert_eq!(a.get("sourcedId"), b.get("sourcedId"), "ids do not change");
            assert_eq!(a.get(column), day_after(b.get(column)));
            assert!(file != "enrollments" || b.get(column).is_empty() || ends.contains(b.get(column)));
        }
    }
}

/// The next day of the calendar; written without any of the code that is tested.
fn day_after(date: &str) -> String {
    if date.is_empty() {
        return String::new();
    }
    let part = |range: std::ops::Range<usize>| date[range].parse::<u32>().unwrap();
    let (year, month, day) = (part(0..4), part(5..7), part(8..10));
    let next = [(year, month, day + 1), (year, month + 1, 1), (year + 1, 1, 1)];
    let mut texts = next.iter().map(|(y, m, d)| format!("{y:04}-{m:02}-{d:02}"));
    texts.find(|text| crate::package_check::is_date(text)).unwrap()
}

#[test]
fn ids_and_metadata_columns() {
    let bare = with(&[("natural_key", "false"), ("demographics", "true")]);
    for (file, columns) in [
        ("academicSessions", 9),
        ("classes", 14),
        ("courses", 10),
        ("demographics", 16),
        ("enrollments", 10),
        ("orgs", 7),
        ("users", 18),
    ] {
        assert_eq!(bare.table(file).header.len(), columns, "{file}");
    }
    let other = with(&[("id_prefix", "other"), ("system_name", "Warehouse 7"), ("system_code", "code")]);
    let student = other.table("users");
    assert_eq!(cell(&student, student::NO_EMAIL, "sourcedId"), md5("other-STU-trap-no-email"));
    let manifest = other.table("manifest");
    assert_eq!(manifest.one("propertyName", "source.systemName").get("value"), "Warehouse 7");
    assert_eq!(manifest.one("propertyName", "source.systemCode").get("value"), "code");
    let plain = plain().table("manifest");
    assert_eq!(plain.one("propertyName", "source.systemName").get("value"), "rosterpack");
    assert_eq!(plain.one("propertyName", "source.systemCode").get("value"), "demo_isd");
}

#[test]
fn compression_changes_the_zip_and_not_its_content() {
    let [fast, small] = ["1", "9"].map(|level| with(&[("compression", level)]));
    assert!(fast.zip.len() > small.zip.len());
    assert_eq!(fast.package, small.package);
}

#[test]
fn grading_periods_hang_under_the_session_that_lists_them() {
    let sessions = with(&[("grading_periods", "true")]).table("academicSessions");
    let periods = extract::table(district(), "gradingperiod").find("schoolyear", "2025").len();
    let found = sessions.find("type", "gradingPeriod");
    assert!(periods > 4);
    assert_eq!(found.len(), periods);
    let home = home_school().to_string();
    for (period, session) in [("First", "First"), ("Fourth", "Fourth")] {
        let key = format!("-{home}-2025-{period} Nine Weeks-2024-2025 {period} Nine Weeks");
        let row = found.iter().find(|r| r.get("metadata.edu.natural_key").ends_with(&key)).unwrap();
        assert_eq!(row.get("title"), format!("{period} Nine Weeks"));
        assert_eq!(row.get("parentSourcedId"), IDS.of(&[&home, &format!("2024-2025 {session} Quarter")]));
    }
    assert!(plain().table("academicSessions").find("type", "gradingPeriod").is_empty());
}

/// First and last day of each LEA's school year, computed anew: modal first and modal last instructional day of its
/// schools, ties to the earliest and the latest, the widest when that is no span, widened to cover the sessions.
fn school_years(source: &Path, events: usize) -> BTreeMap<String, (String, String)> {
    let values = extract::code_values(source);
    let instructional = ["Instructional day", "Make-up day", "Student late arrival/early dismissal"];
    let agencies: BTreeMap<String, String> = extract::table(source, "school")
        .iter()
        .map(|row| (row.get("schoolid").to_owned(), row.get("localeducationagencyid").to_owned()))
        .map(|(school, agency)| (school.clone(), if agency.is_empty() { school } else { agency }))
        .collect();
    let mut days: BTreeMap<(String, String), usize> = BTreeMap::new();
    for row in extract::table(source, "calendardatecalendarevent").find("schoolyear", "2025") {
        if instructional.contains(&values[row.get("calendareventdescriptorid")].as_str()) {
            *days.entry((row.get("schoolid").to_owned(), row.get("date").to_owned())).or_default() += 1;
        }
    }
    let mut bounds: BTreeMap<String, (String, String)> = BTreeMap::new();
    for (school, day) in days.into_iter().filter(|(_, n)| *n >= events).map(|(key, _)| key) {
        bounds.entry(school).or_insert_with(|| (day.clone(), String::new())).1.clone_from(&day);
    }
    let mut years: BTreeMap<String, (String, String)> = BTreeMap::new();
    for agency in agencies.values() {
        let own: Vec<&(String, String)> = bounds
            .iter()
            .filter(|(school, _)| agencies[*school] == *agency)
            .map(|(_, bounds)| bounds)
            .collect();
        let count = |day: &String, pick: fn(&(String, String)) -> &String| {
            own.iter().filter(|b| pick(b) == day).count()
        };
        let first = own.iter().map(|b| &b.0).min_by_key(|d| (usize::MAX - count(d, |b| &b.0), (*d).clone()));
        let last = own.iter().map(|b| &b.1).max_by_key(|d| (count(d, |b| &b.1), (*d).clone()));
        if let (Some(first), Some(last)) = (first, last) {
            assert!(first <= last, "no case of ours");
            years.insert(agency.clone(), (first.clone(), last.clone()));
        }
    }
    for row in extract::table(source, "session").find("schoolyear", "2025") {
        let (begin, end) = (row.get("begindate").to_owned(), row.get("enddate").to_owned());
        if begin <= end {
            let year = years
                .entry(agencies[row.get("schoolid")].clone())
                .or_insert_with(|| (begin.clone(), end.clone()));
            *year = (year.0.clone().min(begin), year.1.clone().max(end));
        }
    }
    years
}

#[test]
fn school_years_have_the_modal_days_of_their_calendars() {
    // A district with many schools, so that first and last days differ.
    let large = crate::exporting::district(700, Shape::S52, Traps::Safe);
    for (source, settings, events) in [
        (large.path(), &[][..], 1),
        (large.path(), &[("school_day_events", "2")], 2),
        (district(), &[], 1),
        (district(), &[("school_day_events", "99")], 99),
    ] {
        let exported = export(source, &[USUAL, &[("end_dates", "inclusive")], settings]);
        let sessions = exported.table("academicSessions");
        let found: BTreeMap<String, (String, String)> = sessions
            .find("type", "schoolYear")
            .iter()
            .map(|row| {
                let key = row.get("metadata.edu.natural_key").split('-').nth(1).unwrap().to_owned();
                (key, (row.get("startDate").to_owned(), row.get("endDate").to_owned()))
            })
            .collect();
        assert_eq!(found, school_years(source, events));
        let undated = exported.count("school-year-from-sessions");
        assert_eq!(
            undated,
            if events == 99 { found.len() as u64 } else { u64::from(events > 1) },
            "{events} events"
        );
    }
}

#[test]
fn titles_by_pattern() {
    let title = |settings: &[(&str, &str)], identifier: &str| {
        let classes = with(settings).table("classes");
        let key = format!("demo_isd-trap-101-{}-{identifier}-2024-2025 first quarter", home_school());
        classes.one("metadata.edu.natural_key", &key).get("title").to_owned()
    };
    assert_eq!(title(&[], section::ORDINARY), "Trap Course");
    let pattern = ("class_title", "{title} | {section} | {period} | {teacher} | {code}");
    let written = title(&[pattern], section::COMMA_PERIOD);
    let parts: Vec<&str> = written.split(" | ").collect();
    assert_eq!(
        [parts[0], parts[1], parts[3], parts[4]],
        ["Trap Course", "trap-comma-period", "Teacher", "TRAP-101"]
    );
    assert_eq!(parts[2], "03 - Traditional 1st  2nd & 3rd", "sorted by bytes");
    assert_eq!(title(&[("class_title", "{teacher}")], "trap-ordinary"), "Teacher");

    let sessions = with(&[("session_title", "{session} / {year} / {school}")]).table("academicSessions");
    let first = sessions.one("sourcedId", &IDS.of(&[&home_school().to_string(), "2024-2025 First Quarter"]));
    assert_eq!(first.get("title"), "2024-2025 First Quarter / 2024-2025 / Cedar Creek High School");
}

#[test]
fn classes_without_grades_may_take_those_of_their_students() {
    let grades = |settings: &[(&str, &str)], local: &str, identifier: &str| {
        let key = format!("demo_isd-{local}-{}-{identifier}-2024-2025 first quarter", home_school());
        with(settings).table("classes").one("metadata.edu.natural_key", &key).get("grades").to_owned()
    };
    let on = [("class_grades_from_students", "true")];
    assert_eq!(grades(&[], "trap-101", section::ORDINARY), "");
    assert_eq!(grades(&on, "trap-101", section::ORDINARY), "09");
    assert_eq!(grades(&on, "trap-a", "b-c"), "", "a class without students has none to take");
    // Classes with grades of their own keep them.
    let (plain, filled) = (plain().table("classes"), with(&on).table("classes"));
    assert!(plain.iter().zip(filled.iter()).all(|(a, b)| a.get("grades").is_empty() || a.cells == b.cells));
    assert!(plain.all("grades").iter().any(|g| !g.is_empty()));
}

#[test]
fn departments_stand_between_courses_and_their_owners() {
    let subjects = with(&[("use_course_departments", "true")]);
    let (orgs, courses) = (subjects.table("orgs"), subjects.table("courses"));
    let departments = orgs.find("type", "department");
    assert!(departments.len() > 3);
    for course in courses.iter() {
        assert_eq!(orgs.one("sourcedId", course.get("orgSourcedId")).get("type"), "department");
    }
    let of = |code: &str| {
        let course = courses.one("sourcedId", &IDS.of(&["255901", code]));
        orgs.one("sourcedId", course.get("orgSourcedId"))
    };
    // A state-owned course: the department hangs under the state; edu deletes commas from its name.
    let health = of("S-HLTH");
    assert_eq!(health.get("name"), "Physical Health and Safety Education");
    assert_eq!(health.get("parentSourcedId"), orgs.one("type", "state").get("sourcedId"));
    assert_eq!(
        health.get("sourcedId"),
        IDS.of(&[&STATE_AGENCY.to_string(), "Physical Health and Safety Education"])
    );
    // The service center is not exported: its department hangs under the LEA, its id under the owner.
    let welding = of("ESC-WELD");
    assert_eq!(welding.get("parentSourcedId"), IDS.of(&["255901"]));
    assert_eq!(welding.get("metadata.edu.natural_key"), "demo_isd-254950-Career and Technical Education");
    // Classes still belong to schools, users to what they belonged to.
    assert_eq!(subjects.package.bytes("classes"), plain().package.bytes("classes"));
    assert_eq!(subjects.package.bytes("users"), plain().package.bytes("users"));

    let pathways = with(&[("use_course_departments", "true"), ("course_dept_column", "career_pathway")]);
    let (orgs, courses) = (pathways.table("orgs"), pathways.table("courses"));
    let name = |code: &str| {
        let course = courses.one("sourcedId", &IDS.of(&["255901", code]));
        orgs.one("sourcedId", course.get("orgSourcedId")).get("name").to_owned()
    };
    assert_eq!(name("S-HLTH"), "Unknown");
    let values = extract::code_values(district());
    let welding = extract::table(district(), "course");
    let pathway = &values[welding.one("coursecode", "ESC-WELD").get("careerpathwaydescriptorid")];
    assert_eq!(name("ESC-WELD"), pathway.replace(',', ""));
}

#[test]
fn organization_details() {
    let orgs = with(&[("org_identifier_system", "nces"), ("org_metadata", "true")]).table("orgs");
    let agency = orgs.one("metadata.edu.natural_key", "demo_isd-255901");
    assert_eq!(agency.get("identifier"), "4810000");
    let state = orgs.one("type", "state");
    assert_eq!(state.get("identifier"), STATE_AGENCY.to_string(), "no such code: the id");
    assert_eq!(agency.get("metadata.address1"), "100 Central Avenue");
    let address = ["city", "state", "postCode"].map(|c| agency.get(&format!("metadata.{c}")).to_owned());
    assert_eq!(address, ["Brazos River", "TX", "73334"]);
    let home = orgs.one("metadata.edu.natural_key", &format!("demo_isd-{}", home_school()));
    assert_eq!(home.get("metadata.classification"), "High School");
    assert_eq!(home.get("metadata.address1"), "200 School Road, Building 1");
    let plain = plain().table("orgs");
    assert_eq!(plain.one("metadata.edu.natural_key", "demo_isd-255901").get("identifier"), "255901");
    assert_eq!(plain.header.len(), 8);
}

#[test]
fn course_durations() {
    let courses = with(&[("course_duration", "true")]).table("courses");
    let source = extract::table(district(), "course");
    for course in courses.iter() {
        let known = source.find("coursecode", course.get("courseCode"));
        assert!(
            known.iter().any(|row| row.get("timerequiredforcompletion") == course.get("metadata.duration"))
        );
    }
    let welding = courses.find("courseCode", "ESC-WELD");
    assert!(!welding.is_empty() && welding.iter().all(|row| row.get("metadata.duration") == "36"));
    assert!(plain().table("courses").column("metadata.duration").is_none());
}

/// Seeds of one's own replace the built-in ones file by file.
#[test]
fn seeds_replace_the_built_in_crosswalks() {
    let seeds = tempfile::tempdir().unwrap();
    for (file, text) in [
        ("xwalk_oneroster_relations.csv", "relation,oneroster_role\nGrandmother,relative\nMother,\n"),
        (
            "xwalk_oneroster_subjects.csv",
            "academic_subject,subject_title,subject_code\nMathematics,\"Math, all of it\",02\n",
        ),
        ("xwalk_oneroster_classroom_positions.csv", "classroom_position,is_primary\nSupport Teacher,TRUE\n"),
        (
            "xwalk_oneroster_academic_sessions_types.csv",
            "session_name,type\n2024-2025 First Quarter,gradingPeriod\n",
        ),
        ("xwalk_oneroster_races.csv", "edfi_race_code,oneroster_race_code\nOf Heritage Not Listed,asian\n"),
    ] {
        std::fs::write(seeds.path().join(file), text).unwrap();
    }
    let settings =
        [("include_parents", "true"), ("demographics", "true"), ("seeds", seeds.path().to_str().unwrap())];
    let exported = with_source(district(), &settings);
    let users = exported.table("users");
    assert_eq!(cell(&users, contact::OF_TWO, "role"), "relative");
    assert!(!users.find("role", "parent").is_empty(), "a relation without an answer is a parent");
    let courses = exported.table("courses");
    let subjects: BTreeSet<(&str, &str)> =
        courses.iter().map(|row| (row.get("subjects"), row.get("subjectCodes"))).collect();
    assert_eq!(subjects, BTreeSet::from([("", ""), ("Math  all of it", "02")]));
    let enrollments = exported.table("enrollments");
    let primary =
        |id| enrollments.one("userSourcedId", &cell(&users, id, "sourcedId")).get("primary").to_owned();
    assert_eq!(
        (primary(staff::UNDATED), primary(staff::FIRST_PRIMARY)),
        ("true".to_owned(), "false".to_owned())
    );
    assert!(exported.count_of("position-unmapped", "Teacher of Record") > 0);
    let sessions = exported.table("academicSessions");
    let first = sessions.one("sourcedId", &IDS.of(&[&home_school().to_string(), "2024-2025 First Quarter"]));
    assert_eq!(first.get("type"), "gradingPeriod");
    let demographics = exported.table("demographics");
    let race = |id| demographics.one("sourcedId", &cell(&users, id, "sourcedId")).get("asian").to_owned();
    assert_eq!(
        (race(student::UNMAPPED_RACE), race(student::TWO_SCHOOLS)),
        ("true".to_owned(), String::new())
    );
    let unmapped: Vec<&str> = exported.report["unmapped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|u| u["value"].as_str().unwrap())
        .collect();
    assert!(unmapped.contains(&"White") && unmapped.contains(&"Teacher of Record"), "{unmapped:?}");
}
