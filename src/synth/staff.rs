//! Staff members: who they are, what they are assigned to, and what they teach.
//!
//! In: a school and its timetable. Out: teachers with their sections, and those who run the school.

use super::chance::Chance;
use super::class_records as record;
use super::classes::Timetable;
use super::family::{FIRST_STAFF, Family, Kind, School, date};
use super::names;
use super::person_records::{self as people, Email, Name};
use super::rows::Rows;
use crate::day::Day;

/// Writes a staff member as a person: name, e-mail, codes, employment.
pub(super) fn write_person(
    family: &Family,
    domain: &str,
    org: i64,
    number: u64,
    chance: &mut Chance,
    rows: &mut Rows<'_>,
) {
    let usi = FIRST_STAFF + number as i64;
    let person = names::person(chance);
    let name = Name {
        first: person.first,
        middle: chance.permille(300).then(|| names::first(chance, person.female)),
        last: person.last,
        preferred_first: chance.permille(40).then(|| names::first(chance, person.female)),
        ..Name::default()
    };
    let count = 1 + usize::from(chance.permille(100));
    let hired = date(family.plan.school_year - 2 - chance.below(20) as i16, 7, 1 + chance.below(28) as u32);
    if !rows.wants(&["staff*"]) {
        return;
    }
    let unique = family.staff_id(number);
    let mut mailbox = String::new();
    names::mailbox(&mut mailbox, person.first, person.last, &number.to_string());
    people::staff(rows, usi, &unique, name, Some(&mailbox));
    let work = format!("{mailbox}@{domain}");
    let home = format!("{mailbox}@home.example");
    let emails = [
        Email { address: &work, kind: "Work", suppressed: None },
        Email { address: &home, kind: "Home/Personal", suppressed: Some(true) },
    ];
    people::staff_emails(rows, org, usi, &emails[..count]);
    people::staff_code(rows, org, usi, "State", &format!("48{unique}"));
    people::staff_code(rows, org, usi, "SSN", &format!("{}{:04}", super::SSN_PREFIX, number % 10_000));
    people::employment(rows, org, usi, hired, "$1,042.50");
}

/// The posts of a school that are no teachers, with how many students it takes for one.
const POSTS: [(&str, u64); 7] = [
    ("Principal", u64::MAX),
    ("Assistant Principal", 450),
    ("School Counselor", 400),
    ("Librarian/Media Specialist", 900),
    ("Instructional Aide", 150),
    ("Support Services Staff", 300),
    ("Substitute Teacher", 250),
];

/// Writes the staff of a school.
pub(super) fn write(
    family: &Family,
    school: &School,
    table: &Timetable,
    chance: &mut Chance,
    rows: &mut Rows<'_>,
) {
    let year = family.plan.school_year;
    let domain = &family.agency(school).domain;
    let begins: Vec<Day> = (0..table.teachers)
        .map(|_| date(year - 1 - chance.below(15) as i16, 8, 1 + chance.below(10) as u32))
        .collect();
    let usi = |nth: usize| FIRST_STAFF + (school.first_staff + nth as u64) as i64;
    for (nth, begin) in begins.iter().enumerate() {
        write_person(family, domain, school.id, school.first_staff + nth as u64, chance, rows);
        let post = match school.kind {
            Kind::Elementary => "Elementary Teacher",
            Kind::High if nth % 9 == 4 => "Secondary Teacher",
            _ => "Teacher",
        };
        people::assignment(rows, school.id, usi(nth), post, *begin, None);
        people::staff_school(rows, school.id, usi(nth), chance.permille(200).then_some(year));
    }
    let mut next = table.teachers;
    let (mut aides, mut substitutes) = (Vec::new(), Vec::new());
    for (post, students) in POSTS {
        let count = if students == u64::MAX { 1 } else { (school.students + students / 2) / students };
        for _ in 0..count {
            write_person(family, domain, school.id, school.first_staff + next as u64, chance, rows);
            let begin = date(year - 1 - chance.below(9) as i16, 7, 15);
            people::assignment(rows, school.id, usi(next), post, begin, None);
            people::staff_school(rows, school.id, usi(next), None);
            match post {
                "Instructional Aide" => aides.push(next),
                "Substitute Teacher" => substitutes.push(next),
                _ => {}
            }
            next += 1;
        }
    }
    if next > table.teachers {
        let office = format!("office@s{}.{domain}", school.id % 1000);
        people::staff_contact(rows, school.id, usi(table.teachers), "Work", &office);
    }
    write_teaching(school, year, table, (&aides, &substitutes), chance, rows);
}

fn write_teaching(
    school: &School,
    year: i16,
    table: &Timetable,
    (aides, substitutes): (&[usize], &[usize]),
    chance: &mut Chance,
    rows: &mut Rows<'_>,
) {
    let usi = |nth: usize| FIRST_STAFF + (school.first_staff + nth as u64) as i64;
    for (number, class) in table.classes.iter().enumerate() {
        for (nth, (term, _)) in class.sections.iter().enumerate() {
            let key = table.key(school, year, number, nth);
            let term = &school.terms[*term];
            let mut end = term.end;
            if !substitutes.is_empty() && chance.permille(10) {
                // Somebody else takes over in the middle of the term.
                end = Day::at((term.begin.number() + term.end.number()) / 2);
                let substitute = usi(chance.pick(substitutes));
                record::teach(rows, key, substitute, "Substitute Teacher", Some(end.next()), Some(term.end));
            }
            record::teach(rows, key, usi(class.teacher), "Teacher of Record", Some(term.begin), Some(end));
            if !aides.is_empty() && chance.permille(40) {
                let aide = usi(chance.pick(aides));
                record::teach(rows, key, aide, "Assistant Teacher", Some(term.begin), None);
            }
        }
    }
}
