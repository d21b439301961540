//! Trap sessions, courses, offerings and sections.

use super::super::catalog::{Course, Owner};
use super::super::class_records as record;
use super::super::family::{SERVICE_CENTER, STATE_AGENCY, Term, terms};
use super::super::org_records as org;
use super::super::rows::Rows;
use super::super::schools::{self, CLASS_PERIODS};
use super::super::tables::TableId as T;
use super::{Ground, section, session};
use crate::day::Day;

/// A course of a trap.
pub(super) fn course(code: &str, title: &str) -> Course {
    Course {
        code: code.to_owned(),
        title: title.to_owned(),
        subject: "Other",
        pathway: None,
        owner: Owner::Agency,
        grades: (9, 12),
        homeroom: false,
        with_class: false,
    }
}

/// Writes the classes, those whose ids collide only when asked for.
pub(super) fn write(ground: &Ground<'_>, colliding: bool, rows: &mut Rows<'_>) {
    let (first, agency, home) = (ground.first(), ground.agency, ground.home.id);
    org::course(rows, agency, &course(section::COURSE, "Trap Course"));
    for (key, _) in ground.ordinary() {
        record::offering(rows, key, section::COURSE, agency, None);
        record::section(rows, key, None);
        record::section_period(rows, key, CLASS_PERIODS[0]);
    }
    for identifier in [section::TWO_PRIMARIES, section::COMMA_PERIOD] {
        record::section(rows, ground.key(section::COURSE, identifier, &first.name), None);
    }
    rows.add(T::classperiod, &[("classperiodname", section::PERIOD.into()), ("schoolid", home.into())]);
    let key = ground.key(section::COURSE, section::COMMA_PERIOD, &first.name);
    record::section_period(rows, key, section::PERIOD);
    record::section_period(rows, key, CLASS_PERIODS[2]);

    write_owners(ground, rows);
    write_broken(ground, rows);
    write_sessions(ground, rows);
    for (local, identifier) in section::LOOKALIKES {
        write_class(ground, local, identifier, rows);
    }
    if colliding {
        for identifier in section::CASE_ONLY {
            record::section(rows, ground.key(section::COURSE, identifier, &first.name), None);
        }
        write_class(ground, section::HYPHENS, &format!("{home}-c"), rows);
        write_class(ground, &format!("{}-{home}", section::HYPHENS), "c", rows);
    }
    let long = section::long_identifier();
    org::course(rows, agency, &course(section::LONG, section::LONG_TITLE));
    let key = ground.key(section::LONG, &long, &first.name);
    record::offering(rows, key, section::LONG, agency, Some(section::LONG_TITLE));
    record::section(rows, key, None);
}

/// An offering of the trap course under a local code, with a section.
fn write_class(ground: &Ground<'_>, local: &str, identifier: &str, rows: &mut Rows<'_>) {
    let key = ground.key(local, identifier, &ground.first().name);
    record::offering(rows, key, section::COURSE, ground.agency, None);
    record::section(rows, key, None);
}

/// Courses of the state, the service center, and of two owners.
fn write_owners(ground: &Ground<'_>, rows: &mut Rows<'_>) {
    let (agency, home) = (ground.agency, ground.home.id);
    org::course(rows, agency, &course(section::TWO_OWNERS, "Twin Course of the District"));
    org::course(rows, home, &course(section::TWO_OWNERS, "Twin Course of the School"));
    let (of_agency, of_school) = (format!("{}-L", section::TWO_OWNERS), format!("{}-S", section::TWO_OWNERS));
    for (local, code, owner) in [
        (section::STATE_OWNED, "S-HLTH", STATE_AGENCY),
        (section::SERVICE_CENTER_OWNED, "ESC-WELD", SERVICE_CENTER),
        (&of_agency, section::TWO_OWNERS, agency),
        (&of_school, section::TWO_OWNERS, home),
    ] {
        let key = ground.key(local, "trap-owner", &ground.first().name);
        record::offering(rows, key, code, owner, None);
        record::section(rows, key, None);
    }
}

/// A section without its offering, and an offering without its course.
fn write_broken(ground: &Ground<'_>, rows: &mut Rows<'_>) {
    let session = &ground.first().name;
    record::section(rows, ground.key(section::NO_OFFERING, "trap-1", session), None);
    let key = ground.key(section::NO_COURSE, "trap-1", session);
    record::offering(rows, key, section::NO_COURSE, ground.agency, None);
    record::section(rows, key, None);
}

/// Sessions with an unmapped term, with its end before its begin, and of last year.
fn write_sessions(ground: &Ground<'_>, rows: &mut Rows<'_>) {
    let (first, last) = (ground.first(), ground.last());
    for term in [
        Term {
            name: session::UNMAPPED_TERM.to_owned(),
            descriptor: "Winter Intersession",
            begin: Day::at(last.begin.number() - 2),
            end: Day::at(last.begin.number() - 1),
        },
        Term {
            name: session::BACKWARD.to_owned(),
            descriptor: "MiniTerm",
            begin: Day::at(first.begin.number() + 40),
            end: Day::at(first.begin.number() + 30),
        },
    ] {
        org::session(rows, ground.home.id, ground.year, &term);
        let key = ground.key(section::COURSE, section::ORDINARY, &term.name);
        record::offering(rows, key, section::COURSE, ground.agency, None);
        record::section(rows, key, None);
    }
    let year = ground.year - 1;
    for term in &terms(year, ground.home.agency, false)[..1] {
        org::session(rows, ground.home.id, year, term);
        let mut key = ground.key(section::COURSE, section::LAST_YEAR, &term.name);
        key.year = year;
        record::offering(rows, key, section::COURSE, ground.agency, None);
        record::section(rows, key, None);
    }
    // A second calendar of last year: calendars too are kept apart by their year alone.
    let day = Day::at(first.begin.number() - 300);
    schools::write_calendar(rows, ground.home.id, year, "OLD", vec![(day, &["Instructional day"])]);
}
