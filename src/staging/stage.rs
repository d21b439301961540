//! The order in which tables are read: every connection busy, and the large tables first.
//!
//! In: a source, the resolved schema and the school year. Out: [`Staged`] and notices. Each table is a job that
//! begins as soon as what its rows refer to is known; sorting happens when the table's connection already serves the
//! next. Which table came first does not show in what is staged.

use std::sync::Mutex;

use crate::edfi::contract as c;
use crate::edfi::{Resolved, Table};
use crate::notice::Notices;
use crate::progress::Progress;
use crate::source::{Part, Source, SourceError};

use super::courses::StagedCourses;
use super::descriptors::Descriptors;
use super::facts::{Facts, RareDays, StaffFact};
use super::gradebook::{self, StagedGradebook};
use super::orgs::StagedOrgs;
use super::people::{People, PersonColumns, PersonTextColumns, PersonTexts};
use super::read::Reader;
use super::schedule::{self, Job, Known, Parts, Ready};
use super::sections::StagedSections;
use super::spool::Spooling;
use super::staff::{self, Titles};
use super::students::{self, DemographicWords, StudentDemographics};
use super::time::StagedTime;
use super::words::WordList;
use super::{Staged, TABLE_ABSENT};

/// What the jobs make known, one cell each.
#[derive(Default)]
struct Cells {
    descriptors: Known<Descriptors>,
    titles: Known<Titles>,
    orgs: Known<StagedOrgs>,
    time: Known<StagedTime>,
    courses: Known<StagedCourses>,
    sections: Known<StagedSections>,
    students: Known<People>,
    staff: Known<People>,
    contacts: Known<People>,
    student_facts: Known<Facts>,
    staff_facts: Known<Vec<StaffFact>>,
    student_schools: Known<students::StudentSchools>,
    student_emails: Known<PersonTexts>,
    student_codes: Known<PersonTexts>,
    student_logins: Known<PersonTexts>,
    births: Known<(students::Births, WordList)>,
    organizations: Known<(students::SaidOfStudents, WordList)>,
    races: Known<Vec<(u32, super::Descriptor)>>,
    characteristics: Known<Vec<(u32, super::Descriptor)>>,
    indicators: Known<(Vec<students::StudentIndicator>, WordList)>,
    programs: Known<Vec<students::StudentProgram>>,
    staff_emails: Known<PersonTexts>,
    staff_codes: Known<PersonTexts>,
    staff_assignments: Known<Vec<super::StaffAssignment>>,
    staff_schools: Known<Vec<super::StaffSchool>>,
    contact_emails: Known<PersonTexts>,
    contact_telephones: Known<PersonTexts>,
    student_contacts: Known<Vec<super::StudentContact>>,
    entries: Known<StagedGradebook>,
    results: Known<Vec<gradebook::Rows<gradebook::StudentEntry>>>,
    grades: Known<Vec<gradebook::Rows<gradebook::StagedGrade>>>,
    rare: RareDays,
}

/// Reads everything a run needs. With `spooling` the section associations of students are kept in files.
///
/// # Errors
/// Whatever the source reports: staging itself never fails on data, it raises notices.
pub fn stage(
    source: &dyn Source,
    resolved: &Resolved,
    year: i16,
    spooling: Option<&Spooling>,
    progress: &dyn Progress,
) -> Result<(Staged, Notices), SourceError> {
    let reader = Reader {
        source,
        resolved,
        year,
        progress,
        tables: Mutex::new(Vec::new()),
        notices: Mutex::new(Notices::new()),
    };
    let cells = Cells::default();
    // One thread more than reads: who sorts must not keep a connection idle. Still more would cost memory.
    let threads = source.reads_at_once().map_or_else(rayon::current_num_threads, |reads| reads + 1);
    schedule::run(jobs(&reader, &cells, spooling), threads)?;
    source.finish()?;

    let descriptors = cells.descriptors.take()?;
    let (births, cities) = cells.births.take()?;
    let (organizations, genders) = cells.organizations.take()?;
    let (indicators, named) = cells.indicators.take()?;
    let mut staged = Staged {
        standard: resolved.standard.label,
        staff_begin_outside_key: resolved.standard.staff_begin_outside_key,
        orgs: cells.orgs.take()?,
        time: cells.time.take()?,
        courses: cells.courses.take()?,
        sections: cells.sections.take()?,
        students: cells.students.take()?,
        student_schools: cells.student_schools.take()?,
        student_emails: cells.student_emails.take()?,
        student_codes: cells.student_codes.take()?,
        student_logins: cells.student_logins.take()?,
        student_demographics: StudentDemographics {
            births,
            organizations,
            races: cells.races.take()?,
            characteristics: cells.characteristics.take()?,
            indicators,
            words: DemographicWords { cities, genders, indicators: named },
            programs: cells.programs.take()?,
        },
        staff: cells.staff.take()?,
        staff_emails: cells.staff_emails.take()?,
        staff_codes: cells.staff_codes.take()?,
        staff_assignments: cells.staff_assignments.take()?,
        staff_schools: cells.staff_schools.take()?,
        contacts: cells.contacts.take()?,
        contact_emails: cells.contact_emails.take()?,
        contact_telephones: cells.contact_telephones.take()?,
        student_contacts: cells.student_contacts.take()?,
        facts: cells.student_facts.take()?,
        ..Staged::default()
    };
    staged.facts.staff = cells.staff_facts.take()?;
    let (results, grades) = (cells.results.take()?, cells.grades.take()?);
    staged.gradebook =
        cells.entries.take()?.complete(&reader, &descriptors, &staged.students, results, grades);
    staged.descriptors = descriptors;

    let read = reader.tables.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    staged.rows = read.iter().map(|count| count.rows).sum();
    staged.tables = c::TABLES
        .iter()
        .filter_map(|table| read.iter().find(|count| count.name == table.name))
        .map(|count| (count.name, count.rows))
        .collect();
    let mut notices = reader.notices.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    for (table, physical) in &resolved.absent {
        notices.add(&TABLE_ABSENT, &format!("edfi.{physical}: {}", table.doc.trim()), "");
    }
    Ok((staged, notices))
}

/// Jobs in the order of their importance, each behind those that it needs.
#[derive(Default)]
struct Plan<'a>(Vec<Job<'a>>);

impl<'a> Plan<'a> {
    /// What `read` returns becomes known in `cell`.
    fn read<T: Send + Sync>(
        &mut self,
        needs: &[&'a dyn Ready],
        cell: &'a Known<T>,
        read: impl FnOnce() -> Result<T, SourceError> + Send + 'a,
    ) {
        self.0.push(Job::new(needs, move || {
            cell.set(read()?);
            Ok(())
        }));
    }

    /// The same for a table that may be read in parts; `join` makes one of them.
    fn read_parts<S: Send + 'a, T: Send + Sync>(
        &mut self,
        of: usize,
        needs: &[&'a dyn Ready],
        cell: &'a Known<T>,
        read: impl Fn(Part) -> Result<S, SourceError> + Copy + Send + 'a,
        join: impl FnOnce(Vec<S>) -> Result<T, SourceError> + Copy + Send + 'a,
    ) {
        let parts = std::sync::Arc::new(Parts::new(of));
        for index in 0..of {
            let parts = parts.clone();
            self.0.push(Job::new(needs, move || {
                if let Some(all) = parts.add(index, read(Part { index, of })?) {
                    cell.set(join(all)?);
                }
                Ok(())
            }));
        }
    }
}

fn jobs<'a>(reader: &'a Reader<'a>, k: &'a Cells, spooling: Option<&'a Spooling>) -> Vec<Job<'a>> {
    let mut plan = Plan::default();
    // Nearly everything waits for these, and the largest table for the sections above all.
    plan.read(&[], &k.descriptors, || {
        let mut descriptors = Descriptors::read(reader)?;
        k.titles.set(staff::read_titles(reader, &mut descriptors)?);
        Ok(descriptors)
    });
    let d = || k.descriptors.get();
    plan.read(&[], &k.students, || People::read(reader, &c::students::TABLE, STUDENT, "student"));
    plan.read(&[&k.descriptors], &k.time, move || StagedTime::read(reader, d()?));
    plan.read(&[&k.descriptors, &k.time], &k.courses, move || {
        StagedCourses::read(reader, d()?, k.time.get()?)
    });
    plan.read(&[&k.descriptors, &k.time, &k.courses], &k.sections, move || {
        StagedSections::read(reader, d()?, k.time.get()?, k.courses.get()?)
    });
    // Large, and read in parts.
    plan.read_parts(
        reader.parts(&c::student_sections::TABLE),
        &[&k.sections, &k.students],
        &k.student_facts,
        move |part| {
            Facts::read_students(reader, part, k.sections.get()?, k.students.get()?, &k.rare, spooling)
        },
        |parts| Facts::join_students(parts, &k.rare),
    );
    plan.read(&[&k.descriptors, &k.sections, &k.time], &k.entries, move || {
        StagedGradebook::read_entries(reader, d()?, k.sections.get()?, k.time.get()?)
    });
    plan.read_parts(
        reader.parts(&c::student_gradebook_entries::TABLE),
        &[&k.descriptors, &k.entries, &k.students],
        &k.results,
        move |part| k.entries.get()?.read_results(reader, part, d()?, k.students.get()?),
        Ok,
    );
    plan.read_parts(
        reader.parts(&c::grades::TABLE),
        &[&k.descriptors, &k.time, &k.sections, &k.students],
        &k.grades,
        move |part| {
            gradebook::read_grades(reader, part, d()?, k.time.get()?, k.sections.get()?, k.students.get()?)
        },
        Ok,
    );
    // One row a student or so.
    let of_students: &[&'a dyn Ready] = &[&k.descriptors, &k.students];
    let students = || k.students.get();
    plan.read(of_students, &k.student_schools, move || students::read_schools(reader, students()?, d()?));
    plan.read(of_students, &k.births, move || students::read_births(reader, students()?, d()?));
    plan.read(of_students, &k.organizations, move || students::read_organizations(reader, students()?, d()?));
    plan.read(of_students, &k.races, move || students::read_races(reader, students()?, d()?));
    let mut texts = |people: &'a Known<People>, cell, table: &'static Table, at| {
        plan.read(&[&k.descriptors, people], cell, move || {
            PersonTexts::read(reader, table, at, people.get()?, d()?)
        });
    };
    texts(&k.students, &k.student_emails, &c::student_emails::TABLE, STUDENT_EMAIL);
    texts(&k.students, &k.student_codes, &c::student_codes::TABLE, STUDENT_CODE);
    texts(&k.students, &k.student_logins, &c::student_logins::TABLE, STUDENT_LOGIN);
    plan.read(&[], &k.contacts, || People::read(reader, &c::contacts::TABLE, CONTACT, "contact"));
    plan.read(&[&k.descriptors, &k.contacts, &k.students], &k.student_contacts, move || {
        staff::read_student_contacts(reader, k.contacts.get()?, students()?, d()?)
    });
    let mut texts = |people: &'a Known<People>, cell, table: &'static Table, at| {
        plan.read(&[&k.descriptors, people], cell, move || {
            PersonTexts::read(reader, table, at, people.get()?, d()?)
        });
    };
    texts(&k.contacts, &k.contact_emails, &c::contact_emails::TABLE, CONTACT_EMAIL);
    texts(&k.contacts, &k.contact_telephones, &c::contact_telephones::TABLE, CONTACT_TELEPHONE);
    plan.read(of_students, &k.characteristics, move || {
        students::read_characteristics(reader, students()?, d()?)
    });
    plan.read(of_students, &k.indicators, move || students::read_indicators(reader, students()?));
    plan.read(of_students, &k.programs, move || students::read_programs(reader, students()?, d()?));
    // Small.
    plan.read(&[], &k.staff, || People::read(reader, &c::staff::TABLE, STAFF, "staff"));
    plan.read(&[&k.descriptors, &k.sections, &k.staff], &k.staff_facts, move || {
        Facts::read_staff(reader, k.sections.get()?, k.staff.get()?, d()?)
    });
    let of_staff: &[&'a dyn Ready] = &[&k.descriptors, &k.staff];
    plan.read(&[&k.descriptors, &k.titles, &k.staff], &k.staff_emails, move || {
        staff::read_emails(reader, STAFF_EMAIL, k.staff.get()?, k.titles.get()?, d()?)
    });
    plan.read(of_staff, &k.staff_codes, move || {
        PersonTexts::read(reader, &c::staff_codes::TABLE, STAFF_CODE, k.staff.get()?, d()?)
    });
    plan.read(of_staff, &k.staff_assignments, move || staff::read_assignments(reader, k.staff.get()?, d()?));
    plan.read(&[&k.staff], &k.staff_schools, || staff::read_schools(reader, k.staff.get()?));
    plan.read(&[&k.descriptors], &k.orgs, move || StagedOrgs::read(reader, d()?));
    plan.0
}

/// Where the columns of a person table stand.
macro_rules! person {
    ($table:ident, $login:expr) => {
        PersonColumns {
            usi: c::$table::USI,
            unique_id: c::$table::UNIQUE_ID,
            first: c::$table::FIRST,
            middle: c::$table::MIDDLE,
            last: c::$table::LAST,
            preferred_first: c::$table::PREFERRED_FIRST,
            preferred_last: c::$table::PREFERRED_LAST,
            login: $login,
        }
    };
}

const STUDENT: PersonColumns = person!(students, None);
const STAFF: PersonColumns = person!(staff, Some(c::staff::LOGIN));
const CONTACT: PersonColumns = person!(contacts, Some(c::contacts::LOGIN));

const NO_TEXT: PersonTextColumns =
    PersonTextColumns { usi: 0, text: 0, kind: None, organization: None, suppressed: None, priority: None };
const STUDENT_EMAIL: PersonTextColumns = PersonTextColumns {
    usi: c::student_emails::USI,
    text: c::student_emails::ADDRESS,
    kind: Some(c::student_emails::TYPE),
    organization: Some(c::student_emails::ORGANIZATION),
    suppressed: Some(c::student_emails::SUPPRESSED),
    priority: None,
};
const STUDENT_CODE: PersonTextColumns = PersonTextColumns {
    usi: c::student_codes::USI,
    text: c::student_codes::CODE,
    kind: Some(c::student_codes::SYSTEM),
    organization: Some(c::student_codes::ORGANIZATION),
    ..NO_TEXT
};
const STUDENT_LOGIN: PersonTextColumns = PersonTextColumns {
    usi: c::student_logins::USI,
    text: c::student_logins::LOGIN,
    organization: Some(c::student_logins::ORGANIZATION),
    ..NO_TEXT
};
const STAFF_EMAIL: PersonTextColumns = PersonTextColumns {
    usi: c::staff_emails::USI,
    text: c::staff_emails::ADDRESS,
    kind: Some(c::staff_emails::TYPE),
    suppressed: Some(c::staff_emails::SUPPRESSED),
    ..NO_TEXT
};
const STAFF_CODE: PersonTextColumns = PersonTextColumns {
    usi: c::staff_codes::USI,
    text: c::staff_codes::CODE,
    kind: Some(c::staff_codes::SYSTEM),
    ..NO_TEXT
};
const CONTACT_EMAIL: PersonTextColumns = PersonTextColumns {
    usi: c::contact_emails::USI,
    text: c::contact_emails::ADDRESS,
    kind: Some(c::contact_emails::TYPE),
    suppressed: Some(c::contact_emails::SUPPRESSED),
    ..NO_TEXT
};
const CONTACT_TELEPHONE: PersonTextColumns = PersonTextColumns {
    usi: c::contact_telephones::USI,
    text: c::contact_telephones::NUMBER,
    kind: Some(c::contact_telephones::TYPE),
    suppressed: Some(c::contact_telephones::SUPPRESSED),
    priority: Some(c::contact_telephones::PRIORITY),
    ..NO_TEXT
};
