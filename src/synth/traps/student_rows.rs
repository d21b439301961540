//! Trap students and their contacts.

use super::super::catalog::GRADES;
use super::super::class_records::{self as class, SectionKey};
use super::super::family::{FIRST_CONTACT, FIRST_STUDENT, School, date, terms};
use super::super::person_records::{self as people, AtOrganization, Attendance, Birth, Email, Name};
use super::super::rows::Rows;
use super::{FIRST, Ground, contact, school, section, student};
use crate::day::Day;

/// What an ordinary trap student has.
struct Planter<'a, 'g> {
    ground: &'g Ground<'a>,
    /// Unique ids so far; the position gives the USI.
    planted: Vec<String>,
}

/// What of a trap student is ordinary.
#[derive(Clone, Copy)]
struct Usual {
    name: (&'static str, &'static str),
    organizations: bool,
    school: bool,
    email: bool,
    race: bool,
    sections: bool,
}

const USUAL: Usual = Usual {
    name: ("Trap", "Student"),
    organizations: true,
    school: true,
    email: true,
    race: true,
    sections: true,
};

impl Planter<'_, '_> {
    /// A student who is ordinary as far as said.
    fn plant(&mut self, unique: &str, usual: Usual, rows: &mut Rows<'_>) -> i64 {
        let ground = self.ground;
        let usi = FIRST_STUDENT + FIRST + self.planted.len() as i64;
        self.planted.push(unique.to_owned());
        let born = Day::at(date(ground.year - 16, 1, 1).number() + self.planted.len() as i32);
        let birth = Birth { date: born, city: None, state: None, country: None, sex: None };
        let (first, last) = usual.name;
        people::student(rows, usi, unique, Name { first, last, ..Name::default() }, birth);
        if usual.organizations {
            let facts = AtOrganization { sex: Some("Female"), ..AtOrganization::default() };
            people::student_organization(rows, ground.agency, usi, facts);
            let facts =
                AtOrganization { sex: Some("Female"), hispanic: Some(false), ..AtOrganization::default() };
            let facts = if unique == student::HISPANIC_BY_RACE {
                AtOrganization { hispanic: None, ..facts }
            } else {
                facts
            };
            people::student_organization(rows, ground.home.id, usi, facts);
        }
        if usual.race {
            people::student_race(rows, ground.home.id, usi, "White");
        }
        if usual.email {
            let address = format!("{unique}@students.example");
            self.email(usi, &address, "Home/Personal", None, rows);
        }
        if usual.school {
            people::student_school(rows, usi, self.stay());
        }
        if usual.sections {
            for (key, term) in ground.ordinary() {
                class::enroll(rows, key, usi, term.begin, Some(term.end), None);
            }
        }
        usi
    }

    /// The USI of a student who was planted before.
    fn usi(&self, unique: &str) -> i64 {
        let position = self.planted.iter().position(|known| known == unique);
        debug_assert!(position.is_some(), "{unique} was not planted");
        FIRST_STUDENT + FIRST + position.unwrap_or_default() as i64
    }

    fn stay(&self) -> Attendance {
        Attendance {
            school: self.ground.home.id,
            entry: self.ground.first().begin,
            exit: None,
            grade: GRADES[9],
            primary: None,
            year: None,
        }
    }

    fn email(
        &self,
        usi: i64,
        address: &str,
        kind: &'static str,
        suppressed: Option<bool>,
        rows: &mut Rows<'_>,
    ) {
        people::student_email(rows, self.ground.home.id, usi, Email { address, kind, suppressed });
    }
}

/// Writes the students.
pub(super) fn write(ground: &Ground<'_>, rows: &mut Rows<'_>) {
    let mut planter = Planter { ground, planted: Vec::new() };
    write_stays(&mut planter, rows);
    write_facts(&mut planter, rows);
    write_sections(&mut planter, rows);
    write_elsewhere(&mut planter, rows);
    write_contacts(&planter, rows);
}

/// Oddities of school associations.
fn write_stays(planter: &mut Planter<'_, '_>, rows: &mut Rows<'_>) {
    let (home, agency) = (planter.ground.home, planter.ground.agency);
    let (first, last) = (planter.ground.first().begin, planter.ground.last().end);
    let away = Usual { school: false, ..USUAL };
    let stay = planter.stay();

    let usi = planter.plant(student::TWO_SCHOOLS, away, rows);
    people::student_school(rows, usi, Attendance { primary: Some(true), ..stay });
    people::student_school(rows, usi, Attendance { school: other_school(planter).id, ..stay });

    let usi = planter.plant(student::RE_ENROLLED, away, rows);
    people::student_school(
        rows,
        usi,
        Attendance { exit: Some((Day::at(first.number() + 30), "Transferred")), ..stay },
    );
    people::student_school(rows, usi, Attendance { entry: Day::at(first.number() + 70), ..stay });

    let usi = planter.plant(student::WITHDRAWN, away, rows);
    people::student_school(
        rows,
        usi,
        Attendance { exit: Some((Day::at(first.number() + 21), "Withdrawn")), ..stay },
    );

    let usi = planter.plant(student::NO_SHOW, away, rows);
    people::student_school(rows, usi, Attendance { exit: Some((last, "No show")), ..stay });

    let usi = planter.plant(student::UNMAPPED_GRADE, away, rows);
    people::student_school(rows, usi, Attendance { grade: "Newcomer Academy", ..stay });

    planter.plant(student::NO_SCHOOL, away, rows);
    let bare = Usual { organizations: false, race: false, email: false, ..USUAL };
    planter.plant(student::NO_ORGANIZATION, bare, rows);

    let usi = planter.plant(student::OPEN_END, Usual { school: false, sections: false, ..USUAL }, rows);
    let never = date(9999, 12, 31);
    people::student_school(rows, usi, Attendance { exit: Some((never, "Other")), ..stay });
    for (key, term) in planter.ground.ordinary() {
        class::enroll(rows, key, usi, term.begin, Some(never), None);
    }

    let usi = planter.plant(student::LAST_YEAR, Usual { school: false, sections: false, ..USUAL }, rows);
    let year = planter.ground.year - 1;
    for term in &terms(year, home.agency, false)[..1] {
        let exit = Some((Day::at(first.number() - 60), "End of school year"));
        people::student_school(rows, usi, Attendance { entry: term.begin, exit, year: Some(year), ..stay });
        let mut key = planter.ground.key(section::COURSE, section::LAST_YEAR, &term.name);
        key.year = year;
        class::enroll(rows, key, usi, term.begin, Some(term.end), None);
    }
    people::student_code(rows, agency, usi, "State", "4899999901");
}

fn other_school<'a>(planter: &Planter<'a, '_>) -> &'a School {
    let home = planter.ground.home;
    planter.ground.family.schools.iter().find(|s| s.id != home.id).unwrap_or(home)
}

/// Oddities of names, races, addresses and codes.
fn write_facts(planter: &mut Planter<'_, '_>, rows: &mut Rows<'_>) {
    let (home, agency) = (planter.ground.home.id, planter.ground.agency);
    for (unique, first, last) in student::ODD_NAMES {
        planter.plant(unique, Usual { name: (first, last), ..USUAL }, rows);
    }
    planter.plant(student::LEADING_ZERO, USUAL, rows);

    let raceless = Usual { race: false, ..USUAL };
    for (unique, races) in [
        (student::MANY_RACES, &["White", "Asian", "American Indian or Alaska Native"][..]),
        (student::NO_RACE, &[]),
        (student::DECLINED_RACE, &["Choose Not to Respond"]),
        (student::HISPANIC_BY_RACE, &["Hispanic or Latino"]),
        (student::UNMAPPED_RACE, &["Of Heritage Not Listed"]),
    ] {
        let usi = planter.plant(unique, raceless, rows);
        for race in races {
            people::student_race(rows, home, usi, race);
        }
    }

    let silent = Usual { email: false, ..USUAL };
    planter.plant(student::NO_EMAIL, silent, rows);
    let usi = planter.plant(student::SUPPRESSED_EMAIL, silent, rows);
    planter.email(usi, "trap.secret@home.example", "Home/Personal", Some(true), rows);
    planter.email(usi, "Trap.Public@Mail.example", "Other", Some(false), rows);
    let usi = planter.plant(student::SHARED_EMAIL, silent, rows);
    planter.email(usi, "trap.shared@mail.example", "Home/Personal", None, rows);

    let usi = planter.plant(student::TWO_LEVELS, USUAL, rows);
    for organization in [agency, home] {
        people::student_code(rows, organization, usi, "State", "4899999902");
        people::student_code(rows, organization, usi, "SSN", "000-00-9902");
    }
    let usi = planter.plant(student::ODD_CODES, USUAL, rows);
    people::student_code(rows, agency, usi, "State", "{48:1,2}");
    people::student_code(rows, agency, usi, "Lunch PIN", "77:01");
    people::student_code(rows, agency, usi, "SSN", "000-00-9903");
}

/// Oddities of section associations.
fn write_sections(planter: &mut Planter<'_, '_>, rows: &mut Rows<'_>) {
    let [(fall, term), (spring, last)] = planter.ground.ordinary();
    let without = Usual { sections: false, ..USUAL };

    let usi = planter.plant(student::BACKWARD, without, rows);
    class::enroll(
        rows,
        fall,
        usi,
        Day::at(term.begin.number() + 20),
        Some(Day::at(term.begin.number() + 10)),
        None,
    );
    class::enroll(rows, spring, usi, last.begin, Some(last.end), None);

    let usi = planter.plant(student::OUTSIDE_TERM, without, rows);
    class::enroll(
        rows,
        fall,
        usi,
        Day::at(term.begin.number() - 10),
        Some(Day::at(last.end.number() + 10)),
        None,
    );

    let usi = planter.plant(student::OVERLAPPING, without, rows);
    class::enroll(rows, fall, usi, term.begin, Some(term.end), None);
    class::enroll(rows, fall, usi, Day::at(term.begin.number() + 14), Some(term.end), None);

    let usi = planter.plant(student::LOST_SECTION, USUAL, rows);
    let missing = SectionKey { section: section::MISSING, ..fall };
    class::enroll(rows, missing, usi, term.begin, Some(term.end), None);
    // Sections that lack something above them have a student each as well.
    for local in [section::NO_OFFERING, section::NO_COURSE] {
        class::enroll(
            rows,
            SectionKey { local, section: "trap-1", ..fall },
            usi,
            term.begin,
            Some(term.end),
            None,
        );
    }
}

/// Students at schools that lack something, and one in a section of a school that is not attended.
fn write_elsewhere(planter: &mut Planter<'_, '_>, rows: &mut Rows<'_>) {
    let [(fall, term), _] = planter.ground.ordinary();
    let stay = planter.stay();
    let usi = planter.plant(student::ELSEWHERE, USUAL, rows);
    let away = SectionKey { school: school::WITHOUT_CALENDAR, ..fall };
    class::enroll(rows, away, usi, term.begin, Some(term.end), None);
    for (unique, school) in [
        (student::WITHOUT_AGENCY, school::WITHOUT_AGENCY),
        (student::WITHOUT_CALENDAR, school::WITHOUT_CALENDAR),
        (student::WITHOUT_NAME, school::WITHOUT_NAME),
    ] {
        let usi = planter.plant(unique, Usual { school: false, sections: false, ..USUAL }, rows);
        people::student_school(rows, usi, Attendance { school, ..stay });
        class::enroll(rows, SectionKey { school, ..fall }, usi, term.begin, Some(term.end), None);
    }
}

/// Contacts of a student who is not exported, and of two students.
fn write_contacts(planter: &Planter<'_, '_>, rows: &mut Rows<'_>) {
    let first = FIRST_CONTACT + FIRST;
    let name = Name { first: "Trap", last: "Contact", ..Name::default() };
    people::contact(rows, first, contact::OF_UNEXPORTED, name);
    people::student_contact(rows, first, planter.usi(student::NO_SCHOOL), Some("Guardian"), true);
    people::contact(rows, first + 1, contact::OF_TWO, name);
    people::contact_telephone(rows, first + 1, "(555) 019-9999", "Mobile", Some(true), None);
    people::contact_telephone(rows, first + 1, "(555) 018-8888", "Home", None, None);
    for student in [student::TWO_SCHOOLS, student::WITHOUT_CALENDAR] {
        people::student_contact(rows, first + 1, planter.usi(student), Some("Grandmother"), false);
    }
}
