//! The traps: for each oddity of `synth::traps`, what mapping.md says must come out, in every data standard.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use rosterpack::synth::traps::{contact, home_school, school, section, session, staff, student};
use rosterpack::synth::{FIRST_AGENCY, STATE_AGENCY, Shape};

use crate::exporting::{Exported, USUAL, export, trap_district};
use crate::extract;
use crate::independent::{Ids, PLACEHOLDER, class_parts};
use crate::package_check::check;
use crate::package_reader::{Row, Table};

const IDS: Ids<'static> = Ids { prefix: "demo_isd" };
pub(super) const EVERYTHING: &[(&str, &str)] = &[("demographics", "true"), ("include_parents", "true")];

/// The trap district of a standard, with demographics and parents.
pub(super) fn exported(shape: Shape) -> &'static Exported {
    static EXPORTED: [OnceLock<Exported>; 5] = [const { OnceLock::new() }; 5];
    EXPORTED[shape as usize].get_or_init(|| export(trap_district(shape), &[USUAL, EVERYTHING]))
}

/// Tables of one export with the questions that the tests ask.
pub(super) struct World {
    shape: Shape,
    exported: &'static Exported,
    users: Table,
    orgs: Table,
    courses: Table,
    classes: Table,
    sessions: Table,
    enrollments: Table,
    demographics: Table,
}

impl World {
    pub(super) fn new(shape: Shape) -> World {
        let exported = exported(shape);
        let table = |name| exported.table(name);
        World {
            shape,
            exported,
            users: table("users"),
            orgs: table("orgs"),
            courses: table("courses"),
            classes: table("classes"),
            sessions: table("academicSessions"),
            enrollments: table("enrollments"),
            demographics: table("demographics"),
        }
    }

    fn user(&self, unique_id: &str) -> Row<'_> {
        self.users.one("identifier", unique_id)
    }

    fn absent(&self, unique_id: &str) {
        assert!(self.users.find("identifier", unique_id).is_empty(), "{unique_id}");
    }

    /// Organizations of a user by their identifiers.
    fn orgs_of(&self, unique_id: &str) -> Vec<i64> {
        let ids = self.user(unique_id).list("orgSourcedIds");
        ids.iter().map(|id| self.orgs.one("sourcedId", id).get("identifier").parse().unwrap()).collect()
    }

    fn enrollments_of(&self, unique_id: &str) -> Vec<Row<'_>> {
        self.enrollments.find("userSourcedId", self.user(unique_id).get("sourcedId"))
    }

    /// Race flags in the order of the file, then two-or-more and Hispanic.
    fn races(&self, unique_id: &str) -> Vec<&str> {
        let row = self.demographics.one("sourcedId", self.user(unique_id).get("sourcedId"));
        row.cells[5..12].iter().map(String::as_str).collect()
    }

    fn class(&self, local: &str, identifier: &str) -> Option<Row<'_>> {
        let term = &self.first_term();
        let id = IDS.of(&[local, &home_school().to_string(), identifier, term].map(str::to_lowercase));
        self.classes.find("sourcedId", &id).first().copied()
    }

    pub(super) fn first_term(&self) -> String {
        extract::table(trap_district(self.shape), "session")
            .iter()
            .filter(|row| row.get("schoolid") == home_school().to_string() && row.get("schoolyear") == "2025")
            .filter(|row| !row.get("sessionname").starts_with("Trap"))
            .map(|row| (row.get("begindate").to_owned(), row.get("sessionname").to_owned()))
            .min()
            .unwrap()
            .1
    }
}

fn each(test: impl Fn(&World)) {
    for shape in Shape::ALL {
        eprintln!("data standard {}", shape.label());
        test(&World::new(shape));
    }
}

#[test]
fn every_standard_gives_a_sound_package() {
    each(|w| {
        assert_eq!(w.exported.refused(), Vec::<&str>::new());
        assert_eq!(check(&w.exported.package), Vec::<String>::new());
    });
}

/// Nothing is lost in silence: every row of the source is in the package or left out under a cause.
#[test]
fn every_row_is_exported_or_accounted_for() {
    each(|w| {
        let folder = trap_district(w.shape);
        let rows = |table: &str| extract::table(folder, table).rows.len() as u64;
        let of_year = |table: &str| extract::table(folder, table).find("schoolyear", "2025").len() as u64;
        let contacts = if w.shape == Shape::S40 { "parent" } else { "contact" };
        let account = |file: &str, source: u64| {
            let (there, left) = (w.exported.table(file).rows.len() as u64, w.exported.left_out(file));
            assert_eq!(there + left, source, "{file}: {there} exported, {left} left out");
            assert!(left > 0, "{file}: the traps leave something out");
        };
        account("enrollments", of_year("studentsectionassociation") + of_year("staffsectionassociation"));
        account("classes", of_year("section"));
        account("users", rows("student") + rows("staff") + rows(contacts));
        account("orgs", rows("school") + rows("localeducationagency") + rows("stateeducationagency"));
        let years = w.sessions.find("type", "schoolYear").len() as u64;
        account("academicSessions", of_year("session") + years);
    });
}

#[test]
fn ids_are_those_of_scheme_edu_computed_anew() {
    each(|w| {
        let folder = trap_district(w.shape);
        let mut possible = BTreeSet::new();
        for (table, person) in
            [("studentsectionassociation", "student"), ("staffsectionassociation", "staff")]
        {
            let unique = extract::unique_ids(folder, person);
            for row in extract::table(folder, table).iter() {
                possible.insert(IDS.enrollment(&unique[row.get(&format!("{person}usi"))], &row));
            }
        }
        assert!(w.enrollments.iter().all(|row| possible.contains(row.get("sourcedId"))));
        let sections = extract::table(folder, "section");
        let classes: BTreeSet<String> = sections.iter().map(|row| IDS.of(&class_parts(&row))).collect();
        assert!(w.classes.iter().all(|row| classes.contains(row.get("sourcedId"))));
    });
}

/// The same people, classes and enrollments under every data standard, but for what the standards cannot hold.
#[test]
fn the_standards_differ_only_in_what_they_can_hold() {
    let newest = World::new(Shape::S52);
    each(|w| {
        assert_eq!((&w.orgs, &w.sessions, &w.courses), (&newest.orgs, &newest.sessions, &newest.courses));
        assert_eq!((&w.classes, &w.users), (&newest.classes, &newest.users));
        let lines = |table: &Table| -> BTreeSet<Vec<String>> { table.rows.iter().cloned().collect() };
        let (mine, theirs) = (lines(&w.enrollments), lines(&newest.enrollments));
        let differing: Vec<&str> = mine.symmetric_difference(&theirs).map(|row| row[5].as_str()).collect();
        let of = |id| newest.user(id).get("sourcedId");
        if w.shape == Shape::S40 {
            // No begin date on one side and the term's on the other; one section association fewer.
            let expected = BTreeSet::from([of(staff::UNDATED), of(staff::TWICE)]);
            assert_eq!((differing.len(), BTreeSet::from_iter(differing)), (3, expected));
        } else {
            assert_eq!(differing, Vec::<&str>::new());
        }
        let (mine, theirs) = (lines(&w.demographics), lines(&newest.demographics));
        let differing: BTreeSet<&str> =
            mine.symmetric_difference(&theirs).map(|row| row[0].as_str()).collect();
        if w.shape < Shape::S51 {
            assert!(differing.contains(of(student::HISPANIC_BY_RACE)), "there is no such race before 5.1");
            let races = |row: &Row<'_>| row.cells[11].clone();
            for id in differing {
                let (mine, theirs) =
                    (w.demographics.one("sourcedId", id), newest.demographics.one("sourcedId", id));
                assert_eq!(mine.cells[..5], theirs.cells[..5]);
                assert_eq!(mine.cells[12..], theirs.cells[12..]);
                assert_eq!((races(&mine).as_str(), races(&theirs).as_str()), ("", "true"));
            }
        } else {
            assert_eq!(differing, BTreeSet::new());
        }
    });
}

#[test]
fn students_come_out_as_the_mapping_says() {
    each(|w| {
        let home = home_school();
        let two = w.orgs_of(student::TWO_SCHOOLS);
        assert_eq!((two.len(), two[0]), (2, home));
        let primary = w.user(student::TWO_SCHOOLS).get("metadata.edu.primary_school");
        assert_eq!(w.orgs.one("sourcedId", primary).get("identifier"), home.to_string());
        assert_eq!(w.orgs_of(student::RE_ENROLLED), [home]);
        for absent in [
            student::WITHDRAWN,
            student::NO_SHOW,
            student::NO_SCHOOL,
            student::LAST_YEAR,
            student::WITHOUT_NAME,
        ] {
            w.absent(absent);
        }
        let count = |code: &str, cause: &str| w.exported.count_of(code, cause);
        // A student and the two enrollments that hang on it.
        assert_eq!(count("student-not-enrolled", "No show"), 3);
        assert_eq!(count("student-not-enrolled", "left before 2024-10-01"), 3);
        assert_eq!(count("student-not-enrolled", "another school year"), 1);
        assert_eq!(count("student-without-school", "no student school association"), 3);
        assert_eq!(count("org-without-name", &school::WITHOUT_NAME.to_string()), 5);

        assert_eq!(w.user(student::NO_EMAIL).get("email"), "");
        assert_eq!(w.user(student::NO_EMAIL).get("username"), student::NO_EMAIL);
        let suppressed = w.user(student::SUPPRESSED_EMAIL);
        assert_eq!(suppressed.get("email"), "trap.public@mail.example");
        assert_eq!(suppressed.get("username"), "trap.public@mail.example");
        assert_eq!(w.user(student::TWO_LEVELS).get("userIds"), "{State:4899999902}");
        assert_eq!(w.user(student::ODD_CODES).get("userIds"), "{Lunch PIN:77 01},{State:48 1 2}");
        assert_eq!(w.exported.count("user-id-changed"), 2);
        assert_eq!(w.user(student::LEADING_ZERO).get("identifier"), "000900017");
        assert_eq!(w.user(student::UNMAPPED_GRADE).get("grades"), "");
        assert_eq!(count("grade-unmapped", "Newcomer Academy"), 1);
        assert_eq!(w.user(student::TWO_SCHOOLS).get("grades"), "09");
        let bare = w.demographics.one("sourcedId", w.user(student::NO_ORGANIZATION).get("sourcedId"));
        assert!(!bare.get("birthDate").is_empty() && bare.cells[4..12].iter().all(String::is_empty));
        assert_eq!(w.orgs_of(student::WITHOUT_AGENCY), [school::WITHOUT_AGENCY]);
        assert_eq!(w.orgs_of(student::WITHOUT_CALENDAR), [school::WITHOUT_CALENDAR]);

        let names = |id| (w.user(id).get("givenName"), w.user(id).get("familyName"));
        assert_eq!(names("trap-name-comma"), ("Anne, Marie", "\"Quote\" O'Brien"));
        assert_eq!(names("trap-name-emoji"), ("Zoë 🎒", "Nguyễn-Žižek"));
        assert_eq!(names("trap-name-break"), ("Two Lines", "Tab Here Too"));
        assert_eq!(names("trap-name-spaces"), ("Padded", "van der Berg"));
        assert_eq!(names("trap-name-formula"), ("=1+1", "@Sum"));
    });
}

#[test]
fn races_come_out_as_the_mapping_says() {
    each(|w| {
        assert_eq!(w.races(student::MANY_RACES), ["true", "true", "false", "false", "true", "true", "false"]);
        assert_eq!(
            w.races(student::TWO_SCHOOLS),
            ["false", "false", "false", "false", "true", "false", "false"]
        );
        for none in [student::NO_RACE, student::DECLINED_RACE, student::UNMAPPED_RACE] {
            assert_eq!(w.races(none), ["", "", "", "", "", "", "false"], "{none}");
        }
        let hispanic = if w.shape >= Shape::S51 { "true" } else { "" };
        assert_eq!(w.races(student::HISPANIC_BY_RACE), ["", "", "", "", "", "", hispanic]);
        assert_eq!(w.exported.count_of("crosswalk-unmapped", "Of Heritage Not Listed"), 1);
    });
}

#[test]
fn staff_and_contacts_come_out_as_the_mapping_says() {
    each(|w| {
        let home = home_school();
        let role = |id| (w.user(id).get("role"), w.user(id).get("metadata.edu.staff_classification"));
        assert_eq!(role(staff::TWO_CLASSIFICATIONS), ("administrator", "Principal"));
        assert_eq!(role(staff::ONLY_TEACHING), ("teacher", "Teacher"));
        assert_eq!(w.orgs_of(staff::ONLY_TEACHING), [home]);
        assert_eq!(role(staff::SUPERINTENDENT), ("administrator", "Superintendent"));
        assert_eq!(w.orgs_of(staff::SUPERINTENDENT), [FIRST_AGENCY]);
        for absent in [staff::ENDED, staff::UNASSIGNED, staff::UNMAPPED] {
            w.absent(absent);
        }
        assert_eq!(w.exported.count("staff-without-role"), 3);
        // Two users share an address: both keep it, neither has it as username.
        for id in [student::SHARED_EMAIL, staff::SHARED_EMAIL] {
            assert_eq!(
                (w.user(id).get("email"), w.user(id).get("username")),
                ("trap.shared@mail.example", id)
            );
        }
        assert_eq!(w.exported.count("username-shared"), 2);
        let names: Vec<String> = w.users.all("username").iter().map(|u| u.to_lowercase()).collect();
        assert_eq!(BTreeSet::from_iter(&names).len(), names.len(), "usernames are distinct");
        assert_eq!(w.user(staff::LOGIN_ONLY).get("email"), "");

        w.absent(contact::OF_UNEXPORTED);
        assert_eq!(w.exported.count("parent-without-student"), 1);
        let contact = w.user(contact::OF_TWO);
        let children =
            [student::WITHOUT_CALENDAR, student::TWO_SCHOOLS].map(|id| w.user(id).get("sourcedId"));
        assert_eq!(contact.list("agentSourcedIds"), children);
        assert_eq!(
            (contact.get("role"), contact.get("phone")),
            ("parent", "(555) 018-8888"),
            "the mobile is suppressed"
        );
        let mut schools = w.orgs_of(student::TWO_SCHOOLS);
        schools.push(school::WITHOUT_CALENDAR);
        schools.sort_unstable();
        assert_eq!(w.orgs_of(contact::OF_TWO), schools);
    });
}

#[test]
fn teachers_and_primaries_come_out_as_the_mapping_says() {
    each(|w| {
        let primaries =
            |id| -> Vec<&str> { w.enrollments_of(id).iter().map(|row| row.get("primary")).collect() };
        assert_eq!(
            (primaries(staff::FIRST_PRIMARY), primaries(staff::SECOND_PRIMARY)),
            (vec!["true"], vec!["false"])
        );
        let (twice, demoted) = match w.shape {
            Shape::S40 => (vec!["true"], 1),
            _ => (vec!["true", "false"], 2),
        };
        assert_eq!((primaries(staff::TWICE), w.exported.count("several-primary-teachers")), (twice, demoted));
        assert_eq!(primaries(staff::UNDATED), ["false"]);
        let undated = w.enrollments_of(staff::UNDATED)[0];
        assert_eq!(undated.get("beginDate").is_empty(), w.shape == Shape::S40);
        // The placeholder is hashed for this one id, and for no other.
        let key = undated.get("metadata.edu.natural_key");
        assert_eq!(key.ends_with(PLACEHOLDER), w.shape == Shape::S40);
        let with: usize = w.exported.package.entries.iter().map(|(_, b)| count(b, PLACEHOLDER)).sum();
        assert_eq!(with, usize::from(w.shape == Shape::S40));
    });
}

fn count(bytes: &[u8], text: &str) -> usize {
    std::str::from_utf8(bytes).unwrap().matches(text).count()
}

#[test]
fn section_associations_come_out_as_the_mapping_says() {
    each(|w| {
        let of = |id| w.enrollments_of(id);
        let folder = trap_district(w.shape);
        let term = extract::table(folder, "session");
        let home = home_school().to_string();
        let term = term
            .iter()
            .find(|r| r.get("sessionname") == w.first_term() && r.get("schoolid") == home)
            .unwrap();
        // The day after Ed-Fi's last day.
        let regular = of(student::NO_EMAIL);
        assert_eq!(regular.len(), 2);
        assert_eq!(regular[0].get("beginDate"), term.get("begindate"));
        assert_eq!((term.get("enddate"), regular[0].get("endDate")), ("2024-10-11", "2024-10-12"));
        let session =
            w.sessions.one("metadata.edu.natural_key", &format!("demo_isd-{home}-{}", w.first_term()));
        assert_eq!((session.get("startDate"), session.get("endDate")), (term.get("begindate"), "2024-10-12"));

        assert_eq!(of(student::BACKWARD).len(), 1);
        assert_eq!(w.exported.count("enrollment-dates"), 1);
        assert_eq!(of(student::OUTSIDE_TERM)[0].get("beginDate"), "2024-08-02");
        assert_eq!(w.exported.count("enrollment-outside-term"), 1);
        let twice = of(student::OVERLAPPING);
        assert_eq!((twice.len(), twice[0].get("classSourcedId")), (2, twice[1].get("classSourcedId")));
        assert_eq!(w.exported.count_of("enrollment-overlap", "student"), 1);
        assert!(
            of(student::OPEN_END).len() == 2
                && of(student::OPEN_END).iter().all(|row| row.get("endDate").is_empty())
        );
        assert_eq!(w.exported.count("end-date-open"), 2);
        assert_eq!(of(student::LOST_SECTION).len(), 2);
        assert_eq!(w.exported.count_of("section-missing", section::MISSING), 1);
        assert_eq!(of(student::ELSEWHERE).len(), 3);
        assert_eq!(w.orgs_of(student::ELSEWHERE), [home_school()]);
        assert_eq!(w.exported.count("enrollment-outside-school"), 1);
        assert_eq!(of(student::RE_ENROLLED).len(), 2);
    });
}

#[test]
fn orgs_sessions_courses_and_classes_come_out_as_the_mapping_says() {
    each(|w| {
        let org = |id: i64| w.orgs.one("identifier", &id.to_string());
        let lone = org(school::WITHOUT_AGENCY);
        assert_eq!((lone.get("type"), lone.get("parentSourcedId")), ("school", ""));
        assert_eq!(org(school::WITHOUT_CALENDAR).get("parentSourcedId"), org(FIRST_AGENCY).get("sourcedId"));
        assert!(w.orgs.find("identifier", &school::WITHOUT_NAME.to_string()).is_empty());
        assert_eq!(org(FIRST_AGENCY).get("parentSourcedId"), org(STATE_AGENCY).get("sourcedId"));
        // It stands in for its LEA: a school year and a course of its own.
        let year = w.sessions.one("sourcedId", &IDS.of(&[&school::WITHOUT_AGENCY.to_string(), "2025"]));
        assert_eq!(
            (year.get("type"), year.get("title"), year.get("schoolYear")),
            ("schoolYear", "2024-2025", "2025")
        );
        let own =
            w.courses.one("sourcedId", &IDS.of(&[&school::WITHOUT_AGENCY.to_string(), section::COURSE]));
        assert_eq!(own.get("orgSourcedId"), lone.get("sourcedId"));
        assert_eq!(own.get("schoolYearSourcedId"), year.get("sourcedId"));

        let home = home_school().to_string();
        let unmapped = w.sessions.one("sourcedId", &IDS.of(&[&home, session::UNMAPPED_TERM]));
        assert_eq!((unmapped.get("type"), unmapped.get("title")), ("term", "Winter Intersession"));
        let lea_year = IDS.of(&[&FIRST_AGENCY.to_string(), "2025"]);
        assert_eq!(unmapped.get("parentSourcedId"), lea_year);
        assert_eq!(w.exported.count("term-unmapped"), 1);
        assert!(w.sessions.find("sourcedId", &IDS.of(&[&home, session::BACKWARD])).is_empty());
        // The session and its section.
        assert_eq!(w.exported.count_of("session-dates-unusable", session::BACKWARD), 2);

        let course = |code: &str| w.courses.one("sourcedId", &IDS.of(&[&FIRST_AGENCY.to_string(), code]));
        assert_eq!(course("S-HLTH").get("orgSourcedId"), org(STATE_AGENCY).get("sourcedId"));
        assert_eq!(course("ESC-WELD").get("orgSourcedId"), org(FIRST_AGENCY).get("sourcedId"));
        assert_eq!(course(section::TWO_OWNERS).get("title"), "Twin Course of the District");
        assert_eq!(w.exported.count_of("course-id-shared", section::TWO_OWNERS), 1);
        for local in ["TRAP-TWIN-L", "TRAP-TWIN-S"] {
            let class = w.class(local, "trap-owner").unwrap();
            assert_eq!(class.get("courseSourcedId"), course(section::TWO_OWNERS).get("sourcedId"));
        }
        for (local, identifier) in section::LOOKALIKES {
            assert!(w.class(local, identifier).is_some(), "{local} {identifier}");
        }
        for missing in [section::NO_OFFERING, section::NO_COURSE] {
            assert!(w.class(missing, "trap-1").is_none());
        }
        assert_eq!(w.exported.count_of("class-offering-missing", section::NO_OFFERING), 2);
        assert_eq!(w.exported.count_of("course-missing", section::NO_COURSE), 2);
        let periods = w.class(section::COURSE, section::COMMA_PERIOD).unwrap();
        assert!(periods.list("periods").contains(&"1st  2nd & 3rd"), "{}", periods.get("periods"));
        assert_eq!(periods.list("periods").len(), 2);
        assert_eq!(w.exported.count("list-item-changed"), 1);
        assert_eq!(
            w.class(section::LONG, &section::long_identifier()).unwrap().get("title"),
            section::LONG_TITLE
        );
        let years: BTreeSet<&str> = w.sessions.all("schoolYear").into_iter().collect();
        assert_eq!(years, BTreeSet::from(["2025"]));
        assert!(
            !w.classes.all("metadata.edu.natural_key").iter().any(|key| key.contains(section::LAST_YEAR))
        );
    });
}
