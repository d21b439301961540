//! Staging: raw tables become [`Staged`], where data-standard differences, USIs and descriptor ids are gone.
//!
//! In: a source, the resolved schema and the school year. Out: dimension tables as columns over text arenas,
//! sorted so that a row's number is its rank in output order, and section associations as integers. Staging
//! keeps every row of the year with its values as stored; what counts and what it becomes is the roster's.

pub mod decimal;
pub mod descriptors;
pub mod facts;
pub mod gradebook;
pub mod keys;
pub mod orgs;
pub mod people;
pub mod read;
pub mod sections;
pub mod students;
pub mod text;
pub mod time;
pub mod words;

pub mod courses;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::edfi::contract as c;
use crate::edfi::{Part, Resolved};
use crate::notice::{Authority, Code, Notices, Severity};
use crate::progress::Progress;
use crate::source::{Source, SourceError};

use courses::StagedCourses;
use descriptors::{Descriptor, Descriptors};
use facts::Facts;
use gradebook::StagedGradebook;
use orgs::StagedOrgs;
use people::{People, PersonColumns, PersonText, PersonTextColumns, PersonTexts};
use read::Reader;
use sections::StagedSections;
use students::{StudentDemographics, StudentSchool};
use time::StagedTime;

/// A section association names a section that does not exist.
pub static SECTION_MISSING: Code = Code {
    code: "section-missing",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "enrollments",
    summary: "Section associations name a section that is not among the sections of the school year.",
    remedy: "Extract section together with its associations, or mend the association in the ODS.",
};

/// A section association names a person that does not exist.
pub static PERSON_MISSING: Code = Code {
    code: "person-missing",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "enrollments",
    summary: "Section associations name a person that the person table does not have.",
    remedy: "Extract the person tables together with the associations.",
};

/// An optional table is not there.
pub static TABLE_ABSENT: Code = Code {
    code: "table-absent",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "",
    summary: "An optional table is not in the source: what it would have told is left blank.",
    remedy: "Nothing if the ODS has no such rows; otherwise add the table to the extract or grant access to it.",
};

/// Codes that staging raises.
pub static CODES: &[&Code] = &[
    &SECTION_MISSING,
    &PERSON_MISSING,
    &TABLE_ABSENT,
    &read::DESCRIPTOR_MISSING,
    &read::KEY_SPELLING,
    &read::ROW_REPEATED,
    &read::ORPHAN_ROW,
    &gradebook::GRADEBOOK_ENTRY_MISSING,
    &gradebook::GRADEBOOK_SECTION_MISSING,
    &gradebook::GRADING_PERIOD_MISSING,
    &gradebook::DECIMAL_UNREADABLE,
];

/// A staff member's assignment to an organization.
#[derive(Debug, Clone, Copy)]
pub struct StaffAssignment {
    /// Row of the staff member.
    pub staff: u32,
    /// educationOrganizationId.
    pub organization: i64,
    /// Staff classification.
    pub classification: Descriptor,
    /// First day.
    pub begin: Option<crate::day::Day>,
    /// Last day.
    pub end: Option<crate::day::Day>,
}

/// A staff member at a school.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StaffSchool {
    /// Row of the staff member.
    pub staff: u32,
    /// schoolId.
    pub school: i64,
    /// School year, usually absent.
    pub year: Option<i16>,
}

/// A contact of a student.
#[derive(Debug, Clone, Copy)]
pub struct StudentContact {
    /// Row of the contact.
    pub contact: u32,
    /// Row of the student.
    pub student: u32,
    /// Relation.
    pub relation: Descriptor,
}

/// Everything that one run knows of an ODS.
#[derive(Debug, Default)]
pub struct Staged {
    /// Label of the data standard.
    pub standard: &'static str,
    /// Whether the begin date is outside the key of staff section associations, as on data standard 4.0.
    pub staff_begin_outside_key: bool,
    /// Descriptor values.
    pub descriptors: Descriptors,
    /// Organizations.
    pub orgs: StagedOrgs,
    /// Sessions, grading periods, calendars.
    pub time: StagedTime,
    /// Courses and offerings.
    pub courses: StagedCourses,
    /// Sections.
    pub sections: StagedSections,
    /// Students.
    pub students: People,
    /// School associations of students, sorted by student and natural key.
    pub student_schools: Vec<StudentSchool>,
    /// E-mail addresses of students.
    pub student_emails: PersonTexts,
    /// Identification codes of students.
    pub student_codes: PersonTexts,
    /// Log-in ids of students by organization.
    pub student_logins: PersonTexts,
    /// Demographic facts of students; empty unless asked for.
    pub student_demographics: StudentDemographics,
    /// Staff members.
    pub staff: People,
    /// E-mail addresses of staff members.
    pub staff_emails: PersonTexts,
    /// Identification codes of staff members.
    pub staff_codes: PersonTexts,
    /// Assignments, sorted by staff member and natural key.
    pub staff_assignments: Vec<StaffAssignment>,
    /// School associations of staff members, sorted.
    pub staff_schools: Vec<StaffSchool>,
    /// Contacts; empty unless asked for.
    pub contacts: People,
    /// E-mail addresses of contacts.
    pub contact_emails: PersonTexts,
    /// Telephones of contacts.
    pub contact_telephones: PersonTexts,
    /// Links, sorted by (contact, student).
    pub student_contacts: Vec<StudentContact>,
    /// Section associations.
    pub facts: Facts,
    /// Gradebook entries and grades; empty unless asked for.
    pub gradebook: StagedGradebook,
    /// Rows read from the source.
    pub rows: u64,
    /// Rows per contract table, in contract order.
    pub tables: Vec<(&'static str, u64)>,
}

/// Reads everything a run needs.
///
/// # Errors
/// Whatever the source reports: staging itself never fails on data, it raises notices.
pub fn stage(
    source: &dyn Source,
    resolved: &Resolved,
    year: i16,
    progress: &dyn Progress,
) -> Result<(Staged, Notices), SourceError> {
    let reader = Reader {
        source,
        resolved,
        year,
        progress,
        rows: AtomicU64::new(0),
        tables: Mutex::new(Vec::new()),
        notices: Mutex::new(Notices::new()),
    };
    let mut staged = Staged {
        standard: resolved.standard.label,
        staff_begin_outside_key: resolved.standard.staff_begin_outside_key,
        ..Staged::default()
    };
    let mut descriptors = Descriptors::read(&reader)?;
    // Contact titles play the part of an e-mail type (the edu mapping), so they must be known beforehand.
    let contact_emails = read_titles(&reader, &mut descriptors)?;
    let d = &descriptors;

    let (school_side, person_side) = rayon::join(
        || -> Result<_, SourceError> {
            let orgs = StagedOrgs::read(&reader, d)?;
            let time = StagedTime::read(&reader, d)?;
            let courses = StagedCourses::read(&reader, d, &time)?;
            let sections = StagedSections::read(&reader, d, &time, &courses)?;
            Ok((orgs, time, courses, sections))
        },
        || -> Result<_, SourceError> {
            Ok((read_students(&reader)?, read_staff(&reader)?, read_contacts(&reader)?))
        },
    );
    (staged.orgs, staged.time, staged.courses, staged.sections) = school_side?;
    (staged.students, staged.staff, staged.contacts) = person_side?;

    let (associations, details) = rayon::join(
        || Facts::read_students(&reader, &staged.sections, &staged.students),
        || read_person_rows(&reader, d, &staged, &contact_emails),
    );
    let details = details?;
    staged.facts = associations?;
    staged.facts.staff = Facts::read_staff(&reader, &staged.sections, &staged.staff, d)?;
    staged.student_schools = details.student_schools;
    staged.student_emails = details.student_emails;
    staged.student_codes = details.student_codes;
    staged.student_logins = details.student_logins;
    staged.student_demographics = details.student_demographics;
    staged.staff_emails = details.staff_emails;
    staged.staff_codes = details.staff_codes;
    staged.staff_assignments = details.staff_assignments;
    staged.staff_schools = details.staff_schools;
    staged.contact_emails = details.contact_emails;
    staged.contact_telephones = details.contact_telephones;
    staged.student_contacts = details.student_contacts;
    staged.gradebook = StagedGradebook::read(&reader, d, &staged)?;
    source.finish()?;

    staged.rows = reader.rows.load(Ordering::Relaxed);
    let mut notices = reader.notices.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let read = reader.tables.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    staged.tables = c::TABLES
        .iter()
        .filter_map(|table| read.iter().find(|(name, _)| *name == table.name).copied())
        .collect();
    for (table, physical) in &resolved.absent {
        notices.add(&TABLE_ABSENT, &format!("edfi.{physical}: {}", table.doc.trim()), "");
    }
    staged.descriptors = descriptors;
    Ok((staged, notices))
}

/// Which parts of the contract a mapping reads.
pub fn wanted(mapping: &crate::config::plan::Mapping) -> Vec<Part> {
    let mut parts = vec![Part::Core];
    let mut add = |part, wanted| {
        if wanted {
            parts.push(part);
        }
    };
    add(Part::OrgDetail, mapping.org_metadata || mapping.org_identifier_system.is_some());
    add(Part::GradingPeriods, mapping.writes_grading_periods());
    add(Part::Gradebook, mapping.gradebook);
    add(Part::FinalGrades, mapping.final_grades);
    add(Part::Demographics, mapping.demographics);
    add(Part::Extensions, mapping.demographics && !mapping.demographic_extensions.is_empty());
    add(Part::Parents, mapping.include_parents);
    parts
}

fn read_students(reader: &Reader<'_>) -> Result<People, SourceError> {
    use c::students as t;
    let at = PersonColumns {
        usi: t::USI,
        unique_id: t::UNIQUE_ID,
        first: t::FIRST,
        middle: t::MIDDLE,
        last: t::LAST,
        preferred_first: t::PREFERRED_FIRST,
        preferred_last: t::PREFERRED_LAST,
        login: None,
    };
    People::read(reader, &t::TABLE, at, "student")
}

fn read_staff(reader: &Reader<'_>) -> Result<People, SourceError> {
    use c::staff as t;
    let at = PersonColumns {
        usi: t::USI,
        unique_id: t::UNIQUE_ID,
        first: t::FIRST,
        middle: t::MIDDLE,
        last: t::LAST,
        preferred_first: t::PREFERRED_FIRST,
        preferred_last: t::PREFERRED_LAST,
        login: Some(t::LOGIN),
    };
    People::read(reader, &t::TABLE, at, "staff")
}

fn read_contacts(reader: &Reader<'_>) -> Result<People, SourceError> {
    use c::contacts as t;
    let at = PersonColumns {
        usi: t::USI,
        unique_id: t::UNIQUE_ID,
        first: t::FIRST,
        middle: t::MIDDLE,
        last: t::LAST,
        preferred_first: t::PREFERRED_FIRST,
        preferred_last: t::PREFERRED_LAST,
        login: Some(t::LOGIN),
    };
    People::read(reader, &t::TABLE, at, "contact")
}

/// Staff addresses from contact associations: (USI, title as a descriptor, address).
fn read_titles(
    reader: &Reader<'_>,
    descriptors: &mut Descriptors,
) -> Result<Vec<(i64, Descriptor, String)>, SourceError> {
    use c::staff_contact_emails as t;
    let mut rows = Vec::new();
    reader.each(&t::TABLE, |b, r| {
        if let (Some(usi), false) = (b.int(t::USI, r), b.text(t::ADDRESS, r).trim().is_empty()) {
            let title = descriptors.intern("", b.text(t::TITLE, r));
            rows.push((usi, title, b.text(t::ADDRESS, r).to_owned()));
        }
        Ok(())
    })?;
    Ok(rows)
}

/// The tables that hang on persons.
#[derive(Default)]
struct PersonRows {
    student_schools: Vec<StudentSchool>,
    student_emails: PersonTexts,
    student_codes: PersonTexts,
    student_logins: PersonTexts,
    student_demographics: StudentDemographics,
    staff_emails: PersonTexts,
    staff_codes: PersonTexts,
    staff_assignments: Vec<StaffAssignment>,
    staff_schools: Vec<StaffSchool>,
    contact_emails: PersonTexts,
    contact_telephones: PersonTexts,
    student_contacts: Vec<StudentContact>,
}

fn read_person_rows(
    reader: &Reader<'_>,
    d: &Descriptors,
    staged: &Staged,
    titles: &[(i64, Descriptor, String)],
) -> Result<PersonRows, SourceError> {
    let email = |usi, text, kind, suppressed, organization| PersonTextColumns {
        usi,
        text,
        kind: Some(kind),
        organization,
        suppressed: Some(suppressed),
        priority: None,
    };
    let mut rows =
        PersonRows { student_schools: students::read_schools(reader, staged, d)?, ..Default::default() };
    {
        use c::{student_codes as sc, student_emails as se, student_logins as sl};
        let people = &staged.students;
        let at = email(se::USI, se::ADDRESS, se::TYPE, se::SUPPRESSED, Some(se::ORGANIZATION));
        rows.student_emails = PersonTexts::read(reader, &se::TABLE, at, people, d)?;
        let at = PersonTextColumns {
            usi: sc::USI,
            text: sc::CODE,
            kind: Some(sc::SYSTEM),
            organization: Some(sc::ORGANIZATION),
            ..PersonTextColumns::default()
        };
        rows.student_codes = PersonTexts::read(reader, &sc::TABLE, at, people, d)?;
        let at = PersonTextColumns {
            usi: sl::USI,
            text: sl::LOGIN,
            organization: Some(sl::ORGANIZATION),
            ..PersonTextColumns::default()
        };
        rows.student_logins = PersonTexts::read(reader, &sl::TABLE, at, people, d)?;
        rows.student_demographics = StudentDemographics::read(reader, people, d)?;
    }
    {
        use c::{staff_assignments as a, staff_codes as tc, staff_emails as te, staff_schools as s};
        let people = &staged.staff;
        let at = email(te::USI, te::ADDRESS, te::TYPE, te::SUPPRESSED, None);
        rows.staff_emails = PersonTexts::read(reader, &te::TABLE, at, people, d)?;
        for (usi, title, address) in titles {
            let Some(person) = people.index.get(Some(*usi)) else {
                reader.orphan(&c::staff_contact_emails::TABLE, "person");
                continue;
            };
            let text = PersonText {
                kind: *title,
                organization: 0,
                suppressed: false,
                priority: i32::MAX,
                text: address,
            };
            rows.staff_emails.push(person, text)?;
        }
        rows.staff_emails.sort();
        let at = PersonTextColumns {
            usi: tc::USI,
            text: tc::CODE,
            kind: Some(tc::SYSTEM),
            ..PersonTextColumns::default()
        };
        rows.staff_codes = PersonTexts::read(reader, &tc::TABLE, at, people, d)?;
        rows.staff_assignments = people::read_rows(reader, &a::TABLE, a::USI, people, |staff, b, r| {
            Some(StaffAssignment {
                staff,
                organization: b.int(a::ORGANIZATION, r)?,
                classification: reader.descriptor(
                    d,
                    b.int(a::CLASSIFICATION, r),
                    "staffEducationOrganizationAssignmentAssociation.staffClassificationDescriptorId",
                ),
                begin: b.date(a::BEGIN, r),
                end: b.date(a::END, r),
            })
        })?;
        rows.staff_assignments.sort_by(|x, y| {
            (x.staff, x.organization, d.code_value(x.classification), x.begin, x.end).cmp(&(
                y.staff,
                y.organization,
                d.code_value(y.classification),
                y.begin,
                y.end,
            ))
        });
        rows.staff_schools = people::read_rows(reader, &s::TABLE, s::USI, people, |staff, b, r| {
            let year = b.int(s::YEAR, r).and_then(|y| i16::try_from(y).ok());
            Some(StaffSchool { staff, school: b.int(s::SCHOOL, r)?, year })
        })?;
        rows.staff_schools.sort_unstable();
        rows.staff_schools.dedup();
    }
    {
        use c::{contact_emails as ce, contact_telephones as ct, student_contacts as l};
        let people = &staged.contacts;
        let at = email(ce::USI, ce::ADDRESS, ce::TYPE, ce::SUPPRESSED, None);
        rows.contact_emails = PersonTexts::read(reader, &ce::TABLE, at, people, d)?;
        let at = PersonTextColumns {
            priority: Some(ct::PRIORITY),
            ..email(ct::USI, ct::NUMBER, ct::TYPE, ct::SUPPRESSED, None)
        };
        rows.contact_telephones = PersonTexts::read(reader, &ct::TABLE, at, people, d)?;
        rows.student_contacts = people::read_rows(reader, &l::TABLE, l::CONTACT, people, |contact, b, r| {
            let Some(student) = staged.students.index.get(b.int(l::STUDENT, r)) else {
                reader.orphan(&l::TABLE, "student");
                return None;
            };
            Some(StudentContact {
                contact,
                student,
                relation: reader.descriptor(
                    d,
                    b.int(l::RELATION, r),
                    "studentContactAssociation.relationDescriptorId",
                ),
            })
        })?;
        rows.student_contacts.sort_by_key(|l| (l.contact, l.student, d.code_value(l.relation)));
    }
    Ok(rows)
}
