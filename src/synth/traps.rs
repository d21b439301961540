//! The deliberate oddities: what real districts have and hand-made fixtures lack, each under a name of its own.
//!
//! In: the family. Out: rows beside the ordinary ones, at the first high school ([`home_school`]) and at three
//! schools of their own. Nothing ordinary is changed, so that the family with traps holds the family without.
//! The constants are the ids by which tests and documentation refer to a trap; unless the comment says
//! otherwise a person is ordinary in every other respect, with an address, a school and two sections.

mod class_rows;
mod staff_rows;
mod student_rows;

use super::Traps;
use super::class_records::{self as class, SectionKey};
use super::family::{Family, Kind, School, Term};
use super::org_records as org;
use super::rows::Rows;
use super::schools;

/// Unique ids of students.
pub mod student {
    /// At two schools at once, the primary one flagged.
    pub const TWO_SCHOOLS: &str = "trap-two-schools";
    /// Left a school and came back to it: two associations with a gap.
    pub const RE_ENROLLED: &str = "trap-re-enrolled";
    /// Withdrawn three weeks after the first day, before any later as-of date; the section associations stay open.
    pub const WITHDRAWN: &str = "trap-withdrawn";
    /// Exit type `No show`, on the last day of the year, so that only the type tells.
    pub const NO_SHOW: &str = "trap-no-show";
    /// No e-mail address at all.
    pub const NO_EMAIL: &str = "trap-no-email";
    /// Only a do-not-publish address of type Home/Personal, and a publishable one of type Other.
    pub const SUPPRESSED_EMAIL: &str = "trap-suppressed-email";
    /// SSN and state id at the district and at the school, the state ids equal.
    pub const TWO_LEVELS: &str = "trap-two-levels";
    /// Three races.
    pub const MANY_RACES: &str = "trap-many-races";
    /// No race.
    pub const NO_RACE: &str = "trap-no-race";
    /// Only `Choose Not to Respond`.
    pub const DECLINED_RACE: &str = "trap-declined-race";
    /// Hispanic by race alone, the flag null (data standard 5.1 and later; before, there is no such race).
    pub const HISPANIC_BY_RACE: &str = "trap-hispanic-by-race";
    /// A race of the district's own namespace.
    pub const UNMAPPED_RACE: &str = "trap-unmapped-race";
    /// A grade level of the district's own namespace.
    pub const UNMAPPED_GRADE: &str = "trap-unmapped-grade";
    /// A unique id with leading zeros that a number would lose.
    pub const LEADING_ZERO: &str = "000900017";
    /// Identification codes with braces, colons and commas.
    pub const ODD_CODES: &str = "trap-odd-codes";
    /// No school association, but an organization association, sections and a contact.
    pub const NO_SCHOOL: &str = "trap-no-school";
    /// No organization association: nothing but a name, a school and sections.
    pub const NO_ORGANIZATION: &str = "trap-no-organization";
    /// In a section of a school that is not attended.
    pub const ELSEWHERE: &str = "trap-elsewhere";
    /// One section association ends before it begins, the other is sound.
    pub const BACKWARD: &str = "trap-backward";
    /// One section association begins before the term and ends after it.
    pub const OUTSIDE_TERM: &str = "trap-outside-term";
    /// Twice in one section, with different begin dates and overlapping.
    pub const OVERLAPPING: &str = "trap-overlapping";
    /// An end date of 9999-12-31, on the section and on the school.
    pub const OPEN_END: &str = "trap-open-end";
    /// In a section that does not exist.
    pub const LOST_SECTION: &str = "trap-lost-section";
    /// The same e-mail address as [`super::staff::SHARED_EMAIL`], in other letters.
    pub const SHARED_EMAIL: &str = "trap-shared-email";
    /// Was here last year only: the school association ended, the sections are last year's.
    pub const LAST_YEAR: &str = "trap-last-year";
    /// At the school without an agency.
    pub const WITHOUT_AGENCY: &str = "trap-at-no-agency";
    /// At the school without a calendar.
    pub const WITHOUT_CALENDAR: &str = "trap-at-no-calendar";
    /// At the school without an education organization row.
    pub const WITHOUT_NAME: &str = "trap-at-nameless";

    /// Names that break writers: unique id, first name, last name.
    pub const ODD_NAMES: [(&str, &str, &str); 5] = [
        ("trap-name-comma", "Anne, Marie", "\"Quote\" O'Brien"),
        ("trap-name-emoji", "Zoë 🎒", "Nguyễn-Žižek"),
        ("trap-name-break", "Two\nLines", "Tab\tHere\r\nToo"),
        ("trap-name-spaces", "  Padded ", " van der Berg  "),
        ("trap-name-formula", "=1+1", "@Sum"),
    ];

    /// Every trap student but those of [`ODD_NAMES`].
    pub const ALL: [&str; 28] = [
        TWO_SCHOOLS,
        RE_ENROLLED,
        WITHDRAWN,
        NO_SHOW,
        NO_EMAIL,
        SUPPRESSED_EMAIL,
        TWO_LEVELS,
        MANY_RACES,
        NO_RACE,
        DECLINED_RACE,
        HISPANIC_BY_RACE,
        UNMAPPED_RACE,
        UNMAPPED_GRADE,
        LEADING_ZERO,
        ODD_CODES,
        NO_SCHOOL,
        NO_ORGANIZATION,
        ELSEWHERE,
        BACKWARD,
        OUTSIDE_TERM,
        OVERLAPPING,
        OPEN_END,
        LOST_SECTION,
        SHARED_EMAIL,
        LAST_YEAR,
        WITHOUT_AGENCY,
        WITHOUT_CALENDAR,
        WITHOUT_NAME,
    ];
}

/// Unique ids of staff members.
pub mod staff {
    /// Teacher and Principal at one school.
    pub const TWO_CLASSIFICATIONS: &str = "trap-two-classifications";
    /// Only an assignment that ended before the school year, and no section.
    pub const ENDED: &str = "trap-ended-assignment";
    /// No assignment and no section, only a school association.
    pub const UNASSIGNED: &str = "trap-unassigned";
    /// No assignment and no school association, but teaching.
    pub const ONLY_TEACHING: &str = "trap-only-teaching";
    /// Superintendent, assigned to the agency alone.
    pub const SUPERINTENDENT: &str = "trap-superintendent";
    /// Classification `Other`, which no default crosswalk maps to a role, and no section.
    pub const UNMAPPED: &str = "trap-unmapped-staff";
    /// The same e-mail address as [`super::student::SHARED_EMAIL`], in other letters.
    pub const SHARED_EMAIL: &str = "trap-shared-staff";
    /// No e-mail address, but a log-in name.
    pub const LOGIN_ONLY: &str = "trap-login-only";
    /// Neither e-mail address nor log-in name.
    pub const NO_LOGIN: &str = "trap-no-login";
    /// Twice in one section with different begin dates (data standard 5.0 and later; 4.0 cannot hold it).
    pub const TWICE: &str = "trap-twice";
    /// Two Teachers of Record of one section with overlapping dates: the first of them.
    pub const FIRST_PRIMARY: &str = "trap-primary-1";
    /// The second of them, who begins later.
    pub const SECOND_PRIMARY: &str = "trap-primary-2";
    /// In a section without a begin date (data standard 4.0 alone; later ones get the term's).
    pub const UNDATED: &str = "trap-undated";

    /// Every trap staff member, in the order of the rows.
    pub const ALL: [&str; 13] = [
        TWO_CLASSIFICATIONS,
        ENDED,
        UNASSIGNED,
        ONLY_TEACHING,
        SUPERINTENDENT,
        UNMAPPED,
        SHARED_EMAIL,
        LOGIN_ONLY,
        NO_LOGIN,
        TWICE,
        FIRST_PRIMARY,
        SECOND_PRIMARY,
        UNDATED,
    ];
}

/// Unique ids of contacts.
pub mod contact {
    /// Contact of a student who is not exported ([`super::student::NO_SCHOOL`]).
    pub const OF_UNEXPORTED: &str = "trap-contact-of-unexported";
    /// Contact of two students at two schools.
    pub const OF_TWO: &str = "trap-contact-of-two";
}

/// School ids.
pub mod school {
    /// A school without a local education agency.
    pub const WITHOUT_AGENCY: i64 = 254_801;
    /// A school without a calendar.
    pub const WITHOUT_CALENDAR: i64 = 255_901_990;
    /// A school without its education organization row.
    pub const WITHOUT_NAME: i64 = 255_901_991;
}

/// Session names at the home school.
pub mod session {
    /// A session with a term of the district's own namespace.
    pub const UNMAPPED_TERM: &str = "Trap Winter Intersession";
    /// A session that ends before it begins, with an offering and a section.
    pub const BACKWARD: &str = "Trap Backward Session";
}

/// Course codes, local course codes and section identifiers.
pub mod section {
    /// The course and local course code of the ordinary trap sections, owned by the first agency.
    pub const COURSE: &str = "TRAP-101";
    /// The identifier of the ordinary section of [`COURSE`].
    pub const ORDINARY: &str = "trap-ordinary";
    /// Local course code of an offering of a course that the state owns.
    pub const STATE_OWNED: &str = "TRAP-STATE";
    /// Local course code of an offering of a course that the service center owns.
    pub const SERVICE_CENTER_OWNED: &str = "TRAP-ESC";
    /// One course code, owned by the agency and by the school. Local course codes end in `-L` and `-S`.
    pub const TWO_OWNERS: &str = "TRAP-TWIN";
    /// Two sections of [`COURSE`] whose identifiers differ only in case (not among the safe traps).
    pub const CASE_ONLY: [&str; 2] = ["trap-Case", "trap-cASE"];
    /// Local course code and section of two sections that look alike once joined by hyphens, but do not collide:
    /// the school id stands between.
    pub const LOOKALIKES: [(&str, &str); 2] = [("trap-a-b", "c"), ("trap-a", "b-c")];
    /// Local course code whose section `<school id>-c` collides with section `c` of the local course code
    /// `trap-x-<school id>` when components are joined by hyphens (not among the safe traps).
    pub const HYPHENS: &str = "trap-x";
    /// Local course code of a section whose offering is missing.
    pub const NO_OFFERING: &str = "TRAP-NO-OFFERING";
    /// Local course code of an offering, with a section, whose course is missing.
    pub const NO_COURSE: &str = "TRAP-NO-COURSE";
    /// Section of [`COURSE`] that associations name and nobody has.
    pub const MISSING: &str = "trap-missing-section";
    /// Section of [`COURSE`] with two primary teachers.
    pub const TWO_PRIMARIES: &str = "trap-two-primaries";
    /// Section of [`COURSE`] with a comma in its class period.
    pub const COMMA_PERIOD: &str = "trap-comma-period";
    /// The class period of that section.
    pub const PERIOD: &str = "1st, 2nd & 3rd";
    /// Local course code of a section with an identifier of 255 characters ([`long_identifier`]).
    pub const LONG: &str = "TRAP-LONG";
    /// A course title of 60 characters, the limit up to data standard 5.2, with a comma, quotes and an accent.
    pub const LONG_TITLE: &str = "Introducción to \"Long Titles\", which fill sixty characters..";
    /// Section of last year, in the same tables.
    pub const LAST_YEAR: &str = "trap-last-year-section";

    /// An identifier of 255 characters, the limit of the column.
    pub fn long_identifier() -> String {
        "trap-long-".chars().chain("0123456789-abcdefghijklm".chars().cycle()).take(255).collect()
    }
}

/// The school that the traps surround: the first high school.
pub fn home_school() -> i64 {
    super::FIRST_AGENCY * 1000 + 1
}

/// Person numbers of traps begin here, far above those of ordinary people.
const FIRST: i64 = 90_000_000;

/// Where traps are planted.
struct Ground<'a> {
    family: &'a Family,
    home: &'a School,
    agency: i64,
    year: i16,
}

impl<'a> Ground<'a> {
    fn first(&self) -> &'a Term {
        &self.home.terms[0]
    }

    fn last(&self) -> &'a Term {
        &self.home.terms[self.home.terms.len() - 1]
    }

    fn key<'k>(&self, local: &'k str, section: &'k str, session: &'k str) -> SectionKey<'k> {
        SectionKey { local, school: self.home.id, year: self.year, session, section }
    }

    /// The ordinary trap section in the first and in the last term.
    fn ordinary(&self) -> [(SectionKey<'a>, &'a Term); 2] {
        [self.first(), self.last()]
            .map(|term| (self.key(section::COURSE, section::ORDINARY, &term.name), term))
    }
}

/// Writes the traps of a family.
pub(super) fn write(family: &Family, rows: &mut Rows<'_>) {
    // Every family has a high school; it is the only school of a small agency.
    let Some(home) = family.schools.iter().find(|s| s.kind == Kind::High) else { return };
    let ground = Ground { family, home, agency: family.agency(home).id, year: family.plan.school_year };
    class_rows::write(&ground, family.plan.traps == Traps::All, rows);
    write_schools(&ground, rows);
    student_rows::write(&ground, rows);
    staff_rows::write(&ground, rows);
}

/// Three schools that lack something, each with one session and one section.
fn write_schools(ground: &Ground<'_>, rows: &mut Rows<'_>) {
    use school::{WITHOUT_AGENCY, WITHOUT_CALENDAR, WITHOUT_NAME};
    for (id, name, agency) in [
        (WITHOUT_AGENCY, Some("Trap School without an Agency"), None),
        (WITHOUT_CALENDAR, Some("Trap School without a Calendar"), Some(ground.agency)),
        (WITHOUT_NAME, None, Some(ground.agency)),
    ] {
        if let Some(name) = name {
            org::organization(rows, id, name, "School");
        }
        org::school(rows, id, agency, "High School", 9..13);
        org::session(rows, id, ground.year, ground.first());
        if id != WITHOUT_CALENDAR {
            // Hardly a calendar, as real ones are: the first days of the year and its last weeks.
            let mut days = schools::days(ground.home, 0);
            let middle = 10..days.len().saturating_sub(10);
            if middle.start < middle.end {
                days.drain(middle);
            }
            schools::write_calendar(rows, id, ground.year, "STD", days);
        }
        let owner = if id == WITHOUT_AGENCY { id } else { ground.agency };
        if id == WITHOUT_AGENCY {
            org::course(rows, id, &class_rows::course(section::COURSE, "Self-owned Course"));
        }
        let key = SectionKey { school: id, ..ground.ordinary()[0].0 };
        class::offering(rows, key, section::COURSE, owner, None);
        class::section(rows, key, None);
    }
}
