//! Staging: raw tables become [`Staged`], where data-standard differences, USIs and descriptor ids are gone.
//!
//! In: a source, the resolved schema and the school year. Out: dimension tables as columns over text arenas,
//! sorted so that a row's number is its rank in output order, and section associations as integers. Staging
//! keeps every row of the year with its values as stored; what counts and what it becomes is the roster's.

pub mod courses;
pub mod decimal;
pub mod descriptors;
mod distinct;
pub mod facts;
pub mod gradebook;
pub mod keys;
mod order;
pub mod orgs;
pub mod people;
pub mod read;
mod schedule;
pub mod sections;
mod spool;
mod staff;
mod stage;
pub mod students;
pub mod text;
pub mod time;
pub mod words;
pub mod years;

use crate::edfi::Part;
use crate::notice::{Authority, Code, Severity};

use courses::StagedCourses;
use descriptors::{Descriptor, Descriptors};
use facts::Facts;
use gradebook::StagedGradebook;
use orgs::StagedOrgs;
use people::{People, PersonTexts};
use sections::StagedSections;
use students::{StudentDemographics, StudentSchools};
use time::StagedTime;

pub use spool::Spooling;
pub use stage::stage;

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
    /// School associations of students.
    pub student_schools: StudentSchools,
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

impl Staged {
    /// Frees the ways from keys of the source to rows: what is staged refers to rows by number. Whoever goes on
    /// to show source rows keeps them.
    pub fn forget_keys(&mut self) {
        self.sections.forget_keys();
        for people in [&mut self.students, &mut self.staff, &mut self.contacts] {
            people.forget_usis();
        }
    }

    /// Frees what only decides what is exported, once that is decided. Whoever goes on to say why keeps it. The school
    /// associations of students also become rows of roles, where a version has such a file.
    pub fn forget_decided(&mut self, roles: bool) {
        self.time.events = Vec::new();
        if !roles {
            self.student_schools = StudentSchools::default();
        }
    }
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
