//! A school: its organization, sessions, calendar and grading periods; then its classes and people.
//!
//! In: the family and the school's number. Out: every row that belongs to the school, from a stream of chances
//! of its own.

use super::catalog::{self, Owner};
use super::chance::Chance;
use super::classes::Timetable;
use super::family::{Family, School, date, weekday};
use super::org_records::{self as org, GradingPeriod};
use super::rows::{Rows, Stage};
use super::tables::TableId as T;
use super::{staff, students};
use crate::day::Day;

/// Streams of chances of the schools begin here.
const SCHOOL_STREAMS: u64 = 2 << 32;

const SIX_WEEKS: [&str; 6] = [
    "First Six Weeks",
    "Second Six Weeks",
    "Third Six Weeks",
    "Fourth Six Weeks",
    "Fifth Six Weeks",
    "Sixth Six Weeks",
];
const NINE_WEEKS: [&str; 4] =
    ["First Nine Weeks", "Second Nine Weeks", "Third Nine Weeks", "Fourth Nine Weeks"];

/// Writes a school.
pub(super) fn write(family: &Family, index: usize, rows: &mut Rows<'_>) {
    let school = &family.schools[index];
    let agency = family.agency(school);
    let year = family.plan.school_year;
    let mut chance = Chance::new(family.plan.seed, SCHOOL_STREAMS + index as u64);

    org::organization(rows, school.id, &school.name, "School");
    org::school(rows, school.id, Some(agency.id), school.kind.category(), school.kind.grades());
    org::organization_code(rows, school.id, "NCES", &format!("48{:05}{index:05}", 10_000 + school.agency));
    org::address(
        rows,
        school.id,
        &format!("{} School Road, Building {}", 200 + index, index % 4 + 1),
        &agency.name,
    );
    for term in &school.terms {
        org::session(rows, school.id, year, term);
    }
    for (term, period) in grading_periods(school) {
        org::grading_period(rows, school.id, year, &school.terms[term].name, period.as_period());
    }
    if rows.wants(&["calendar*"]) {
        write_calendar(rows, school.id, year, "STD", days(school, index));
    }
    for mut course in
        catalog::courses(Owner::School).into_iter().filter(|c| school.kind.grades().contains(&c.grades.0))
    {
        course.code = school_code(&course.code, school);
        org::course(rows, school.id, &course);
    }

    if !rows.goes_on_to(Stage::Classes) {
        return;
    }
    let named = rows.wants(&["section*", "studentsection*", "staffsection*", "grade*"]);
    let timetable = Timetable::new(family, school, named, &mut chance);
    timetable.write(school, year, &mut chance, rows);
    if rows.goes_on_to(Stage::Staff) {
        staff::write(family, school, &timetable, &mut chance, rows);
    }
    if rows.goes_on_to(Stage::Students) {
        students::write(family, school, &timetable, &mut chance, rows);
    }
}

/// The code of a course that each school owns for itself.
pub(super) fn school_code(code: &str, school: &School) -> String {
    format!("{code}-{:03}", school.id % 1000)
}

/// Writes a calendar.
pub(super) fn write_calendar(
    rows: &mut Rows<'_>,
    school: i64,
    year: i16,
    code: &str,
    days: Vec<(Day, &'static [&'static str])>,
) {
    org::calendar(rows, school, year, code);
    for (day, events) in days {
        org::calendar_day(rows, school, year, code, day, events);
    }
}

/// The days of a school's calendar with their events: every weekday of its sessions, and two before.
pub(super) fn days(school: &School, index: usize) -> Vec<(Day, &'static [&'static str])> {
    let (Some(first), Some(last)) = (school.terms.first(), school.terms.last()) else { return Vec::new() };
    let year = first.begin.ymd().0 as i16;
    let thanksgiving = date(year, 11, 22).number() + (3 - weekday(date(year, 11, 22))).rem_euclid(7);
    let labor = date(year, 9, 1).number() + (-weekday(date(year, 9, 1))).rem_euclid(7);
    // One school in six opens a day later than its neighbours: the district's first day is the usual one.
    let late = i32::from(index % 6 == 5);
    (first.begin.number() - 2..=last.end.number())
        .map(Day::at)
        .filter(|day| weekday(*day) < 5)
        .filter(|day| *day < first.begin || school.terms.iter().any(|t| (t.begin..=t.end).contains(day)))
        .map(|day| {
            let events: &'static [&'static str] = match day.number() {
                n if n < first.begin.number() + late => &["Teacher only day"],
                n if n == labor || (thanksgiving - 1..=thanksgiving + 1).contains(&n) => &["Holiday"],
                n if n == last.begin.number() + 14 => &["Weather day", "Non-instructional day"],
                n if n % 56 == 5 => &["Instructional day", "Student late arrival/early dismissal"],
                _ => &["Instructional day"],
            };
            (day, events)
        })
        .collect()
}

/// A grading period that owns its name.
pub(super) struct Period {
    pub descriptor: &'static str,
    pub sequence: i64,
    pub name: String,
    pub begin: Day,
    pub end: Day,
}

impl Period {
    pub(super) fn as_period(&self) -> GradingPeriod<'_> {
        GradingPeriod {
            descriptor: self.descriptor,
            sequence: self.sequence,
            name: &self.name,
            begin: self.begin,
            end: self.end,
        }
    }
}

/// The grading periods of a school, each with the position of the session that lists it.
pub(super) fn grading_periods(school: &School) -> Vec<(usize, Period)> {
    let (names, each): (&[&'static str], i32) =
        if school.terms.len() == 4 { (&NINE_WEEKS, 1) } else { (&SIX_WEEKS, 3) };
    let mut periods = Vec::new();
    for (position, term) in school.terms.iter().enumerate() {
        let length = (term.end.number() - term.begin.number() + 1) / each;
        for nth in 0..each {
            let sequence = periods.len();
            let begin = Day::at(term.begin.number() + nth * length);
            let end = if nth + 1 == each { term.end } else { Day::at(begin.number() + length - 1) };
            let descriptor = names[sequence];
            let label = term.name.get(..9).unwrap_or_default();
            periods.push((
                position,
                Period {
                    descriptor,
                    sequence: sequence as i64 + 1,
                    name: format!("{label} {descriptor}"),
                    begin,
                    end,
                },
            ));
        }
    }
    periods
}

/// Class periods that every school has.
pub(super) const CLASS_PERIODS: [&str; 6] = [
    "01 - Traditional",
    "02 - Traditional",
    "03 - Traditional",
    "04 - Traditional",
    "05 - Traditional",
    "06 - Traditional",
];

/// Class periods of a school.
pub(super) fn write_class_periods(rows: &mut Rows<'_>, school: i64) {
    for (nth, name) in CLASS_PERIODS.into_iter().enumerate() {
        rows.add(
            T::classperiod,
            &[
                ("classperiodname", name.into()),
                ("schoolid", school.into()),
                ("officialattendanceperiod", (nth == 1).into()),
            ],
        );
    }
}

/// A room of a school.
pub(super) fn write_room(rows: &mut Rows<'_>, school: i64, room: &str) {
    rows.add(T::location, &[("classroomidentificationcode", room.into()), ("schoolid", school.into())]);
}
