//! Students: who they are, what is said about them, their contacts and their classes.
//!
//! In: a school and its timetable. Out: their rows, student by student, which is no order of any output.

use super::catalog::GRADES;
use super::chance::Chance;
use super::class_records as record;
use super::classes::{Timetable, gradebook_entry};
use super::family::{FIRST_CONTACT, FIRST_STUDENT, Family, Kind, School, date};
use super::names::{self, Person};
use super::organizations::PROGRAMS;
use super::person_records::{self as people, AtOrganization, Attendance, Birth, Email, Name};
use super::rows::Rows;
use super::schools;
use crate::day::Day;

/// When somebody is at a school.
#[derive(Debug, Clone, Copy)]
struct Stay {
    entry: Option<Day>,
    exit: Option<Day>,
}

/// Contacts of the student before, whom a sibling shares.
struct Household {
    last: &'static str,
    contacts: [(i64, &'static str); 2],
    count: usize,
}

/// A student while being written.
struct Pupil<'a> {
    family: &'a Family,
    school: &'a School,
    usi: i64,
    number: u64,
    unique: String,
    person: Person,
    wanted: Wanted,
}

/// Which texts of a student somebody will read: putting the others into words would be most of the work.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    person: bool,
    organizations: bool,
    contacts: bool,
    results: bool,
}

/// Writes the students of a school.
pub(super) fn write(
    family: &Family,
    school: &School,
    table: &Timetable,
    chance: &mut Chance,
    rows: &mut Rows<'_>,
) {
    let mut number = school.first_student;
    let mut household: Option<Household> = None;
    let organizations = rows.wants(&[
        "studenteducationorganization*",
        "studentdemographic*",
        "studentdirectory*",
        "studentidentificationcode",
    ]);
    let wanted = Wanted {
        person: organizations || rows.wants(&["student"]),
        organizations,
        contacts: rows.wants(&["contact*", "parent*"]),
        results: rows.wants(&["grade", "studentgradebookentry"]),
    };
    for (nth, grade) in school.kind.grades().enumerate() {
        for position in 0..table.sizes[nth] as usize {
            let mut person = names::person(chance);
            let siblings = household.take().filter(|_| chance.permille(200));
            if let Some(home) = &siblings {
                person.last = home.last;
            }
            let pupil = Pupil {
                family,
                school,
                usi: FIRST_STUDENT + number as i64,
                number,
                unique: if wanted.person { family.student_id(number) } else { String::new() },
                person,
                wanted,
            };
            pupil.write_person(grade, chance, rows);
            pupil.write_organizations(chance, rows);
            household = Some(pupil.write_contacts(siblings, chance, rows));
            let stay = pupil.write_school(grade, chance, rows);
            pupil.write_classes(table, nth, position, stay, chance, rows);
            number += 1;
        }
    }
}

impl Pupil<'_> {
    fn write_person(&self, grade: usize, chance: &mut Chance, rows: &mut Rows<'_>) {
        let person = self.person;
        let name = Name {
            first: person.first,
            middle: chance.permille(400).then(|| names::first(chance, person.female)),
            last: person.last,
            suffix: chance.permille(12).then_some("Jr"),
            preferred_first: chance.permille(30).then(|| names::first(chance, person.female)),
            preferred_last: chance.permille(8).then(|| names::last(chance)),
        };
        let youngest = date(self.family.plan.school_year - 6 - grade as i16, 8, 31);
        let born_here = chance.permille(150);
        let birth = Birth {
            date: Day::at(youngest.number() - chance.below(365) as i32),
            city: born_here.then(|| chance.pick(&["Waco", "El Paso", "San Ángelo", "Tyler"])),
            state: born_here.then_some("TX"),
            country: if born_here {
                Some("US")
            } else {
                chance.permille(60).then(|| chance.pick(&["MX", "VN", "IN", "HN"]))
            },
            sex: chance.permille(50).then_some(self.sex()),
        };
        people::student(rows, self.usi, &self.unique, name, birth);
    }

    fn sex(&self) -> &'static str {
        match (self.number % 149, self.person.female) {
            (7, _) => "Non-binary",
            (_, true) => "Female",
            (_, false) => "Male",
        }
    }

    /// Both rows at organizations, which say different things, and what hangs on them.
    fn write_organizations(&self, chance: &mut Chance, rows: &mut Rows<'_>) {
        let agency = self.family.agency(self.school);
        let (district, school, usi) = (agency.id, self.school.id, self.usi);
        let mut mailbox = String::new();
        if self.wanted.organizations {
            names::mailbox(&mut mailbox, self.person.first, self.person.last, &self.unique);
        }
        let learner = chance.permille(110);
        let hispanic = chance.permille(270);
        let at_district = AtOrganization {
            sex: Some(self.sex()),
            login: chance.permille(250).then_some(mailbox.as_str()),
            ..AtOrganization::default()
        };
        people::student_organization(rows, district, usi, at_district);
        let at_school = AtOrganization {
            sex: Some(self.sex()),
            hispanic: Some(hispanic),
            english: learner.then_some("Limited"),
            ..AtOrganization::default()
        };
        people::student_organization(rows, school, usi, at_school);
        self.write_races(hispanic, chance, rows);

        if !chance.permille(60) && self.wanted.organizations {
            let address = format!("{mailbox}@students.{}", agency.domain);
            let email = Email { address: &address, kind: "Home/Personal", suppressed: None };
            people::student_email(rows, school, usi, email);
        }
        if chance.permille(120) {
            let suppressed = chance.permille(500).then_some(true);
            if self.wanted.organizations {
                let address = format!("{mailbox}@mail.example");
                people::student_email(
                    rows,
                    school,
                    usi,
                    Email { address: &address, kind: "Other", suppressed },
                );
            }
        }
        if self.wanted.organizations {
            let secret = format!("{}{:04}", super::SSN_PREFIX, self.number % 10_000);
            people::student_code(rows, district, usi, "State", &format!("48{:0>8}", self.unique));
            people::student_code(rows, district, usi, "SSN", &secret);
            people::student_code(rows, school, usi, "District", &self.unique);
        }

        if chance.permille(120) {
            people::student_characteristic(rows, school, usi, "Economic Disadvantaged");
        }
        if chance.permille(15) {
            people::student_characteristic(rows, district, usi, "Homeless");
        }
        if chance.permille(70) {
            people::student_indicator(rows, school, usi, "At Risk", "Yes");
        }
        let begin = self.school.terms.first().map_or(Day::LAST, |t| t.begin);
        for (program, takes_part) in
            PROGRAMS.into_iter().zip([chance.permille(80), learner, chance.permille(30)])
        {
            if takes_part {
                let end = chance.permille(100).then_some(Day::at(begin.number() + 90));
                people::student_program(rows, district, usi, program, begin, end);
            }
        }
    }

    fn write_races(&self, hispanic: bool, chance: &mut Chance, rows: &mut Rows<'_>) {
        const RACES: [&str; 7] = [
            "White",
            "White",
            "Black or African American",
            "Asian",
            "American Indian or Alaska Native",
            "Native Hawaiian or Pacific Islander",
            "Other",
        ];
        if hispanic && chance.permille(300) {
            return;
        }
        let first = chance.below(RACES.len());
        people::student_race(rows, self.school.id, self.usi, RACES[first]);
        if chance.permille(60) && RACES[first] != RACES[6] {
            people::student_race(rows, self.school.id, self.usi, RACES[6]);
        }
        if chance.permille(20) && first != 3 {
            people::student_race(rows, self.school.id, self.usi, RACES[3]);
        }
    }

    /// One or two contacts, or those of the sibling before.
    fn write_contacts(
        &self,
        shared: Option<Household>,
        chance: &mut Chance,
        rows: &mut Rows<'_>,
    ) -> Household {
        let household = shared.unwrap_or_else(|| {
            let count = 1 + usize::from(chance.permille(450));
            let mut contacts = [(0, "Mother"); 2];
            let female = chance.permille(650);
            for (nth, contact) in contacts.iter_mut().enumerate().take(count) {
                let number = self.number * 2 + nth as u64;
                let woman = female == (nth == 0);
                *contact = (FIRST_CONTACT + number as i64, self.write_contact(number, woman, chance, rows));
            }
            Household { last: self.person.last, contacts, count }
        });
        for (nth, (contact, relation)) in household.contacts.iter().enumerate().take(household.count) {
            let relation = (!chance.permille(20)).then_some(*relation);
            people::student_contact(rows, *contact, self.usi, relation, nth == 0);
        }
        household
    }

    fn write_contact(
        &self,
        number: u64,
        woman: bool,
        chance: &mut Chance,
        rows: &mut Rows<'_>,
    ) -> &'static str {
        let usi = FIRST_CONTACT + number as i64;
        let first = names::first(chance, woman);
        let last = if chance.permille(750) { self.person.last } else { names::last(chance) };
        let suppressed = chance.permille(500).then(|| chance.permille(50).then_some(true));
        let digits = chance.below(10_000);
        let second = chance.permille(150).then(|| chance.permille(200).then_some(true));
        if self.wanted.contacts {
            let unique = self.family.contact_id(number);
            people::contact(rows, usi, &unique, Name { first, last, ..Name::default() });
            if let Some(suppressed) = suppressed {
                let mut mailbox = String::new();
                names::mailbox(&mut mailbox, first, last, &unique);
                let address = format!("{mailbox}@home.example");
                people::contact_email(
                    rows,
                    usi,
                    Email { address: &address, kind: "Home/Personal", suppressed },
                );
            }
            let telephone = |line: char| format!("(555) 0{line}{}-{digits:04}", number % 10);
            people::contact_telephone(rows, usi, &telephone('1'), "Mobile", None, Some(1));
            if let Some(suppressed) = second {
                people::contact_telephone(rows, usi, &telephone('2'), "Home", suppressed, None);
            }
        }
        match (chance.permille(60), chance.permille(40), woman) {
            (true, _, _) => "Guardian",
            (_, true, true) => "Mother, step",
            (_, true, false) => "Father, step",
            (_, _, true) => "Mother",
            (_, _, false) => "Father",
        }
    }

    /// One school association; some come late or leave early.
    fn write_school(&self, grade: usize, chance: &mut Chance, rows: &mut Rows<'_>) -> Stay {
        let first = self.school.terms.first().map_or(Day::LAST, |t| t.begin);
        let entry = chance.permille(30).then(|| Day::at(first.number() + 5 + chance.below(60) as i32));
        let exit = chance.permille(25).then(|| Day::at(first.number() + 80 + chance.below(60) as i32));
        let left = if self.number.is_multiple_of(3) { "Withdrawn" } else { "Transferred" };
        let at = Attendance {
            school: self.school.id,
            entry: entry.unwrap_or(first),
            exit: exit.map(|day| (day, left)),
            grade: GRADES[grade],
            primary: chance.permille(200).then_some(true),
            year: chance.permille(50).then_some(self.family.plan.school_year),
        };
        people::student_school(rows, self.usi, at);
        Stay { entry, exit }
    }

    /// Six classes a term of a semester, three a quarter: twelve section associations, unless the stay is shorter.
    fn write_classes(
        &self,
        table: &Timetable,
        nth: usize,
        position: usize,
        stay: Stay,
        chance: &mut Chance,
        rows: &mut Rows<'_>,
    ) {
        let year = self.family.plan.school_year;
        let mut left = self.family.plan.associations.unwrap_or(u8::MAX);
        for slot in &table.slots[nth] {
            let choice = if slot.len() == 1 { 0 } else { chance.below(slot.len()) };
            let groups = slot[choice].len();
            if groups == 0 {
                continue;
            }
            let first = slot[choice].start;
            let mut class = first + position % groups;
            if slot.len() > 1 {
                class = first + chance.below(groups);
            }
            let homeroom = table.courses[table.classes[class].course].0.homeroom.then_some(true);
            for in_class in 0..table.classes[class].sections.len() {
                let term = &self.school.terms[table.classes[class].sections[in_class].0];
                let begin = stay.entry.map_or(term.begin, |day| day.max(term.begin));
                let end = stay.exit.map_or(term.end, |day| day.min(term.end));
                if begin > end {
                    continue;
                }
                let Some(fewer) = left.checked_sub(1) else { return };
                left = fewer;
                let key = table.key(self.school, year, class, in_class);
                // A change of schedule: one section until some Friday, another of the course from Saturday.
                let middle = Day::at(begin.number() + 11);
                let mut since = begin;
                if groups > 1 && middle < end && chance.permille(12) {
                    record::enroll(rows, key, self.usi, begin, Some(middle), homeroom);
                    let other = first + (class - first + 1) % groups;
                    let key = table.key(self.school, year, other, in_class);
                    record::enroll(rows, key, self.usi, middle.next(), Some(end), homeroom);
                    class = other;
                    since = middle.next();
                } else {
                    // Elementary schools leave the dates of the last term open, others now and then.
                    let open = self.school.kind == Kind::Elementary && in_class > 0 || chance.permille(20);
                    let end = (end != term.end || !open).then_some(end);
                    record::enroll(rows, key, self.usi, begin, end, homeroom);
                }
                if class == 0 && in_class == 0 && position < 5 {
                    let key = table.key(self.school, year, class, in_class);
                    self.write_results(key, term.begin, since, chance, rows);
                }
            }
        }
    }

    /// What a student earned for two entries of the section, and the grade of its first grading period.
    fn write_results(
        &self,
        key: record::SectionKey<'_>,
        begin: Day,
        since: Day,
        chance: &mut Chance,
        rows: &mut Rows<'_>,
    ) {
        let mut points = 0;
        for nth in 0..2 {
            points = 55 + chance.below(46);
            if !self.wanted.results {
                continue;
            }
            let entry = gradebook_entry(self.school, nth);
            record::gradebook_result(rows, &entry, self.usi, points, Day::at(begin.number() + 9 + 7 * nth));
        }
        if self.wanted.results
            && let Some((_, period)) = schools::grading_periods(self.school).first()
        {
            let period = (period.descriptor, period.sequence, period.name.as_str());
            record::grade(rows, key, self.usi, since, period, points);
        }
    }
}
