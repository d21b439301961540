//! The rows of the school year: crosswalk coverage, fill rates, classes without people.
//!
//! In: a source whose schema is sound. Out: a check per crosswalk and per rate, from the staging and the roster
//! that an export builds: who is counted here is who would be exported.

use super::coverage::check;
use super::{Check, Examination, Outcome, ROWS, Size, World, share};
use crate::config::extensions;
use crate::config::plan::Plan;
use crate::crosswalk::Crosswalks;
use crate::crosswalk::seed::SEEDS;
use crate::edfi::Resolved;
use crate::inventory::{self, Uses};
use crate::notice::Notices;
use crate::progress::Silent;
use crate::report::terminal::grouped;
use crate::roster::answers::Known;
use crate::roster::users::{UserCells, UserRef};
use crate::roster::{self, Roster};
use crate::source::Source;
use crate::sourced_id::Person;
use crate::staging::{self, Staged};

/// Below this percentage a fill rate is a warning.
const ENOUGH: u64 = 90;

/// Reads the year and makes the checks.
pub(super) fn examine(
    source: &dyn Source,
    resolved: &Resolved,
    plan: &Plan,
    crosswalks: &Crosswalks,
    exam: &mut Examination<'_>,
) -> Option<Size> {
    let (mut staged, _) = match staging::stage(source, resolved, plan.school_year, None, &Silent) {
        Ok(staged) => staged,
        Err(error) => {
            let (first, rest) = ROWS.split_first()?;
            exam.add(Check::fail(first, World::Source, error.to_string()));
            exam.skip(rest, "the rows cannot be read");
            return None;
        }
    };
    // The settings refuse what this would refuse.
    let extensions = extensions::parse(&plan.mapping.demographic_extensions).unwrap_or_default();
    let uses = inventory::count(&staged, crosswalks);
    let facts = std::mem::take(&mut staged.facts);
    let (roster, _) = roster::build(plan, &staged, facts, crosswalks, extensions, Notices::new());

    coverage(plan, &staged, &roster, &uses, crosswalks, exam);
    let cells = UserCells::new(&staged, &plan.mapping, &roster.orgs);
    let of = |person| {
        (0u32..)
            .zip(roster.users.fates(person))
            .filter(|(_, f)| f.kept())
            .map(move |(row, _)| UserRef { person, row })
    };
    let students: Vec<UserRef> = of(Person::Student).collect();
    let staff: Vec<UserRef> = of(Person::Staff).collect();
    exam.add(people(plan, &staged, students.len(), staff.len()));
    let graded = students.iter().filter(|user| {
        matches!(
            roster.users.students.grade.get(user.row as usize).map(|g| roster.grades.peek(*g)),
            Some(Known::Mapped(_))
        )
    });
    exam.add(rate(
        "student-grades",
        "exported students have a grade",
        graded.count(),
        students.len(),
        "Record the entry grade level of the others, and see the check of grades.",
    ));
    let addressed = |users: &[UserRef]| users.iter().filter(|user| cells.email(**user).is_some()).count();
    let advice = "Readers often match people by address. Record those of the others, or let `username` name another source.";
    exam.add(rate(
        "student-emails",
        "exported students have an e-mail address",
        addressed(&students),
        students.len(),
        advice,
    ));
    exam.add(rate(
        "staff-emails",
        "exported staff members have an e-mail address",
        addressed(&staff),
        staff.len(),
        advice,
    ));
    exam.add(classes(&roster));
    Some(Size { users: roster.users.exported().count() as u64, enrollments: roster.enrollments.len() })
}

fn coverage(
    plan: &Plan,
    staged: &Staged,
    roster: &Roster,
    uses: &[Uses; SEEDS.len()],
    crosswalks: &Crosswalks,
    exam: &mut Examination<'_>,
) {
    let (d, asked) = (&staged.descriptors, &roster.unmapped[..]);
    let [terms, positions, grades, classifications, races, sexes, events, subjects, relations] = uses;
    exam.add(check("terms", &crosswalks.terms, d, terms, asked));
    exam.add(check("calendar-events", &crosswalks.calendar_events, d, events, asked));
    exam.add(check("grades", &crosswalks.grades, d, grades, asked));
    exam.add(check("positions", &crosswalks.positions, d, positions, asked));
    exam.add(check("classifications", &crosswalks.classifications, d, classifications, asked));
    if plan.mapping.demographics {
        exam.add(check("sexes", &crosswalks.sexes, d, sexes, asked));
        exam.add(check("races", &crosswalks.races, d, races, asked));
    } else {
        exam.skip(
            &["sexes", "races"],
            "demographics are not exported, so they are not read (--demographics)",
        );
    }
    match &crosswalks.subjects {
        Some(walk) => exam.add(check("subjects", walk, d, subjects, asked)),
        None => exam.skip(&["subjects"], "no seed of subjects is given, so they are not exported"),
    }
    match &crosswalks.relations {
        _ if !plan.mapping.include_parents => {
            exam.skip(&["relations"], "parents are not exported, so they are not read (--parents)");
        }
        Some(walk) => exam.add(check("relations", walk, d, relations, asked)),
        None => exam.skip(&["relations"], "no seed of relations is given: every contact is a parent"),
    }
}

fn people(plan: &Plan, staged: &Staged, students: usize, staff: usize) -> Check {
    let found = format!(
        "as of {}, {} students and {} staff members would be exported",
        plan.as_of,
        share(students as u64, staged.students.len() as u64),
        share(staff as u64, staged.staff.len() as u64),
    );
    match students {
        0 => Check::fail("students", World::Configuration, found)
            .advice("An export would be refused. Name the right --school-year and --as-of, and look at --lea and --school; `export --dry-run` says why each student is left out."),
        _ => Check::new("students", Outcome::Ok, found),
    }
}

fn rate(name: &'static str, what: &str, filled: usize, all: usize, advice: &str) -> Check {
    let (filled, all) = (filled as u64, all as u64);
    let found = format!("{} {what}", share(filled, all));
    match filled * 100 < all * ENOUGH {
        true => Check::new(name, Outcome::Warn, found).advice(advice),
        false if all == 0 => Check::new(name, Outcome::Info, found),
        false => Check::new(name, Outcome::Ok, found),
    }
}

fn classes(roster: &Roster) -> Check {
    let exported = || (0..roster.classes.len()).filter(|&class| roster.classes.fate[class].kept());
    let without =
        |counts: &[u64]| exported().filter(|&class| counts.get(class).is_none_or(|n| *n == 0)).count() as u64;
    let found = format!(
        "{} classes would be exported: {} without a teacher, {} without students",
        grouped(exported().count() as u64),
        grouped(without(&roster.enrollments.teachers_of)),
        grouped(without(&roster.enrollments.students_of)),
    );
    Check::new("classes", Outcome::Info, found)
}
