//! Which descriptor values the rows of a school year use, by crosswalk: what `doctor` holds against the seeds, and what
//! `init` fills them from.
//!
//! In: staged rows. Out: for every seed the values in use with their rows. It counts whatever is staged, exported or not,
//! and judges nothing; rows that were not read (demographics, contacts) count as none.

use crate::crosswalk::Crosswalks;
use crate::crosswalk::filling::InUse;
use crate::crosswalk::seed::{self, SEEDS, Seed};
use crate::staging::Staged;
use crate::staging::descriptors::{Descriptor, Descriptors};

/// How many rows use each descriptor value that one crosswalk is asked about.
#[derive(Debug, Clone)]
pub struct Uses {
    /// The crosswalk's seed.
    pub seed: &'static Seed,
    /// By [`Descriptors::index`].
    rows: Vec<u64>,
}

impl Uses {
    fn count(seed: &'static Seed, staged: &Staged, used: impl Iterator<Item = Descriptor>) -> Uses {
        let mut rows = vec![0; staged.descriptors.len()];
        for descriptor in used {
            if let Some(count) = rows.get_mut(Descriptors::index(descriptor)) {
                *count += 1;
            }
        }
        Uses { seed, rows }
    }

    /// Every value in use with its rows.
    pub fn values<'a>(
        &'a self,
        descriptors: &'a Descriptors,
    ) -> impl Iterator<Item = (Descriptor, u64)> + 'a {
        descriptors.all().zip(self.rows.iter().copied()).filter(|(_, rows)| *rows > 0)
    }

    /// Every value in use as a seed knows it.
    pub fn in_use(&self, descriptors: &Descriptors) -> Vec<InUse> {
        let named = |(descriptor, rows)| InUse {
            namespace: descriptors.namespace(descriptor).to_owned(),
            value: descriptors.code_value(descriptor).to_owned(),
            rows,
        };
        self.values(descriptors).map(named).collect()
    }
}

/// Counts the values of all crosswalks, in the order of [`SEEDS`]. With a seed of session names, a session whose name is
/// mapped never asks for its term (mapping.md 3).
pub fn count(staged: &Staged, crosswalks: &Crosswalks) -> [Uses; SEEDS.len()] {
    let named =
        |name: &str| crosswalks.terms_by_session_name && crosswalks.terms.answer("", name).mapped().is_some();
    let demographics = &staged.student_demographics;
    let courses = &staged.courses.courses;
    let uses = |seed: &'static Seed| match seed.file {
        file if file == seed::TERMS.file => {
            let sessions = staged.time.sessions.iter().filter(|session| !named(&session.name));
            Uses::count(seed, staged, sessions.map(|session| session.term))
        }
        file if file == seed::POSITIONS.file => {
            Uses::count(seed, staged, staged.facts.staff.iter().map(|fact| fact.position))
        }
        file if file == seed::GRADE_LEVELS.file => {
            let of_students = staged.student_schools.iter().map(|row| row.grade);
            let of_classes = staged.sections.grades.iter().map(|row| row.1);
            let of_courses = courses.iter().flat_map(|course| course.grades.iter().copied());
            Uses::count(seed, staged, of_students.chain(of_classes).chain(of_courses))
        }
        file if file == seed::CLASSIFICATIONS.file => {
            Uses::count(seed, staged, staged.staff_assignments.iter().map(|row| row.classification))
        }
        file if file == seed::RACES.file => {
            Uses::count(seed, staged, demographics.races.iter().map(|row| row.1))
        }
        file if file == seed::SEXES.file => {
            let at_birth = demographics.births.iter().map(|birth| birth.origin.sex);
            Uses::count(
                seed,
                staged,
                demographics.organizations.iter().map(|(_, said)| said.sex).chain(at_birth),
            )
        }
        file if file == seed::CALENDAR_EVENTS.file => {
            Uses::count(seed, staged, staged.time.events.iter().map(|event| event.event))
        }
        file if file == seed::SUBJECTS.file => {
            Uses::count(seed, staged, courses.iter().flat_map(|course| course.subjects.iter().copied()))
        }
        _ => Uses::count(seed, staged, staged.student_contacts.iter().map(|link| link.relation)),
    };
    SEEDS.map(uses)
}
