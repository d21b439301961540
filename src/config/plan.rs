//! The frozen plan of one run: every choice a run depends on, resolved and typed.
//!
//! In: nothing; `settings.rs` and the command line fill it. Out: plain data that the stages read. One run is
//! one tenant, one school year, one as-of date and one read of the source; it gives a package for each of its
//! OneRoster versions (mapping.md 0.1). The plan reads no clock, no environment and no file.

use std::collections::BTreeMap;

use crate::consumer::{Consumer, LineEnd};
use crate::day::Day;
use crate::notice::Severity;
pub use crate::sourced_id::IdScheme;
use crate::spec::{File, Need, Version};

/// Which associations count by date (mapping.md 0.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Include {
    /// Those whose end is not before the as-of date.
    #[default]
    NotEnded,
    /// Those that also have begun by the as-of date.
    Current,
    /// All of the active school year.
    Year,
}

/// How end dates are written (mapping.md 0.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EndDates {
    /// As OneRoster defines them: the day after the last day.
    #[default]
    Exclusive,
    /// As Ed-Fi stores them: the last day.
    Inclusive,
}

/// What happens when two different objects get one sourcedId (mapping.md section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnIdCollision {
    /// The package is refused.
    #[default]
    Refuse,
    /// The first in row order stays; the loser goes with everything that hangs on it.
    KeepWinner,
}

/// Where a username comes from (mapping.md section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsernameSource {
    /// The chosen e-mail address.
    Email,
    /// Ed-Fi's log-in id.
    LoginId,
    /// The unique id.
    UniqueId,
}

/// Which course attribute names a department (mapping.md section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DepartmentColumn {
    /// The academic subject.
    #[default]
    AcademicSubject,
    /// The career pathway.
    CareerPathway,
}

/// Which grades a class of several gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClassGrades {
    /// All of them, as a list.
    #[default]
    All,
    /// The lowest alone.
    Lowest,
    /// The highest alone.
    Highest,
}

/// Which dates an enrollment has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EnrollmentDates {
    /// Those that are recorded.
    #[default]
    Recorded,
    /// In place of those that are not, the first and last day of the class's session.
    Complete,
}

/// Choices of the mapping. [`Mapping::default`] is what mapping.md calls the default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// Which associations count by date.
    pub include: Include,
    /// How end dates are written.
    pub end_dates: EndDates,
    /// Formula of sourcedIds.
    pub id_scheme: IdScheme,
    /// Whether `metadata.edu.*` columns are written; `None` is: under `edu` only (mapping.md section 1).
    pub natural_key: Option<bool>,
    /// What happens on an id collision.
    pub on_id_collision: OnIdCollision,
    /// Username sources in order; the unique id is always the last resort.
    pub username: Vec<UsernameSource>,
    /// Preferred e-mail type of students.
    pub student_email_type: String,
    /// Preferred e-mail type of staff members.
    pub staff_email_type: String,
    /// Preferred e-mail type of parents.
    pub parent_email_type: String,
    /// Preferred telephone type of parents.
    pub parent_telephone_type: String,
    /// Whether parents are exported.
    pub include_parents: bool,
    /// Whether middle names are written.
    pub middle_names: bool,
    /// Whether telephone numbers are written.
    pub phones: bool,
    /// Whether demographics.csv is written.
    pub demographics: bool,
    /// Attribute of a student to name of a `metadata.<name>` column of demographics.csv.
    pub demographic_extensions: BTreeMap<String, String>,
    /// Exit types whose school associations do not count.
    pub exclude_exit_types: Vec<String>,
    /// Whether an exit before the year's first day voids the association.
    pub exclude_exit_before_first_day: bool,
    /// Roles of OneRoster 1.1 in order of precedence.
    pub staff_role_priority: Vec<String>,
    /// Roles of OneRoster 1.2 in order of precedence: the first of each user at each organization is primary.
    pub staff_role_priority_v1p2: Vec<String>,
    /// Identification system of `users.userMasterIdentifier` in 1.2; `None` leaves it blank.
    pub user_master_identifier_system: Option<String>,
    /// Identification systems never exported, besides the built-in social security list.
    pub private_id_systems: Vec<String>,
    /// Systems of the built-in list that the configuration names explicitly and therefore exports.
    pub allowed_id_systems: Vec<String>,
    /// Whether grading periods become academic sessions.
    pub grading_periods: bool,
    /// Whether gradebook entries and what students earned for them are written (mapping.md section 12).
    pub gradebook: bool,
    /// Whether the grades of grading periods are written as line items and results (mapping.md section 12).
    pub final_grades: bool,
    /// Instructional events that make a calendar date a school day.
    pub school_day_events: u32,
    /// Pattern of class titles; `{title}`, `{section}`, `{period}`, `{teacher}`, `{code}`.
    pub class_title: String,
    /// Pattern of session titles; `{term}`, `{session}`, `{year}`, `{school}`.
    pub session_title: String,
    /// Whether a class without offered grades takes the grades of its students.
    pub class_grades_from_students: bool,
    /// Which grades a class of several gets.
    pub class_grades: ClassGrades,
    /// Grade codes that are written as something else.
    pub grade_codes: BTreeMap<String, String>,
    /// Which dates an enrollment has.
    pub enrollment_dates: EnrollmentDates,
    /// Whether the state agency is an org.
    pub state_agency: bool,
    /// Name of a `metadata.<name>` column of users.csv with the staff classification; `None` is no column.
    pub position_title: Option<String>,
    /// Whether courses hang under departments.
    pub use_course_departments: bool,
    /// Which course attribute names the department.
    pub course_dept_column: DepartmentColumn,
    /// Identification system of `orgs.identifier`; `None` is the organization id.
    pub org_identifier_system: Option<String>,
    /// Whether orgs.csv carries best-practice metadata (address, classification).
    pub org_metadata: bool,
    /// Whether courses.csv carries `metadata.duration`.
    pub course_duration: bool,
}

impl Default for Mapping {
    fn default() -> Mapping {
        let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect();
        Mapping {
            include: Include::default(),
            end_dates: EndDates::default(),
            id_scheme: IdScheme::default(),
            natural_key: None,
            on_id_collision: OnIdCollision::default(),
            username: vec![UsernameSource::Email, UsernameSource::LoginId, UsernameSource::UniqueId],
            student_email_type: "Home/Personal".into(),
            staff_email_type: "Work".into(),
            parent_email_type: "Home/Personal".into(),
            parent_telephone_type: "Mobile".into(),
            include_parents: false,
            middle_names: true,
            phones: true,
            demographics: false,
            demographic_extensions: BTreeMap::new(),
            exclude_exit_types: words(&["No show", "Invalid enrollment"]),
            exclude_exit_before_first_day: true,
            staff_role_priority: words(&["administrator", "teacher", "aide", "proctor"]),
            staff_role_priority_v1p2: words(&[
                "districtAdministrator",
                "principal",
                "siteAdministrator",
                "counselor",
                "teacher",
                "aide",
                "proctor",
            ]),
            user_master_identifier_system: None,
            private_id_systems: Vec::new(),
            allowed_id_systems: Vec::new(),
            grading_periods: false,
            gradebook: false,
            final_grades: false,
            school_day_events: 1,
            class_title: "{title}".into(),
            session_title: "{term}".into(),
            class_grades_from_students: false,
            class_grades: ClassGrades::default(),
            grade_codes: BTreeMap::new(),
            enrollment_dates: EnrollmentDates::default(),
            state_agency: true,
            position_title: None,
            use_course_departments: false,
            course_dept_column: DepartmentColumn::default(),
            org_identifier_system: None,
            org_metadata: false,
            course_duration: false,
        }
    }
}

impl Mapping {
    /// Whether `metadata.edu.*` columns are written.
    pub fn writes_natural_key(&self) -> bool {
        self.natural_key.unwrap_or(self.id_scheme == IdScheme::Edu)
    }

    /// Whether categories, line items and results are written.
    pub fn writes_gradebook(&self) -> bool {
        self.gradebook || self.final_grades
    }

    /// Whether a file is turned on; most always are.
    pub fn writes(&self, file: File) -> bool {
        match file {
            File::Demographics => self.demographics,
            File::Categories | File::LineItems | File::Results => self.writes_gradebook(),
            _ => true,
        }
    }

    /// Whether grading periods are written: the gradebook files refer to them.
    pub fn writes_grading_periods(&self) -> bool {
        self.grading_periods || self.writes_gradebook()
    }
}

/// Patterns of names: `*` stands for any text, `?` for one character; case does not count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only what matches one of these; empty is all.
    pub include: Vec<String>,
    /// Nothing that matches one of these.
    pub exclude: Vec<String>,
}

/// What becomes of users who are in no exported class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WithoutEnrollments {
    /// They are exported.
    Keep,
    /// They are exported, unless it is a filter that took their classes.
    #[default]
    KeepUnlessFiltered,
    /// They are left out.
    Drop,
}

/// Which part of the source is exported; closure narrows everything downstream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// LEA ids; empty is all.
    pub leas: Vec<i64>,
    /// School ids; empty is all.
    pub schools: Vec<i64>,
    /// LEAs that are left out with their schools.
    pub exclude_leas: Vec<i64>,
    /// Schools that are left out.
    pub exclude_schools: Vec<i64>,
    /// Students by grade code of OneRoster.
    pub grades: Filter,
    /// Courses by course code.
    pub courses: Filter,
    /// Courses by title.
    pub course_titles: Filter,
    /// Courses by academic subject.
    pub subjects: Filter,
    /// Sessions by name or term.
    pub terms: Filter,
    /// Classes by section identifier.
    pub sections: Filter,
    /// Users by role of OneRoster 1.1.
    pub roles: Filter,
    /// What becomes of users who are in no exported class.
    pub users_without_enrollments: WithoutEnrollments,
    /// Data files to write; empty is all that the version and the mapping give.
    pub files: Vec<File>,
    /// Files that are written with a header even when they have no row.
    pub header_only: Vec<File>,
    /// Filters, by the names of their settings, that the profile of a consumer has set: what they name need not be there.
    pub of_consumer: Vec<&'static str>,
}

impl Scope {
    /// Whether only some organizations are chosen.
    pub fn chooses_organizations(&self) -> bool {
        [&self.leas, &self.schools, &self.exclude_leas, &self.exclude_schools].iter().any(|l| !l.is_empty())
    }

    /// Whether an organization is chosen. `line` is itself, the agency that it belongs to, and so on.
    pub fn chooses(&self, line: &[i64]) -> bool {
        let itself = |ids: &[i64]| line.first().is_some_and(|id| ids.contains(id));
        let within = |ids: &[i64]| line.iter().any(|id| ids.contains(id));
        (self.leas.is_empty() || within(&self.leas))
            && (self.schools.is_empty() || itself(&self.schools))
            && !(itself(&self.exclude_schools) || within(&self.exclude_leas))
    }

    /// Whether a file is among those that are written.
    pub fn writes(&self, file: File) -> bool {
        self.files.is_empty() || self.files.contains(&file)
    }

    /// Required references of chosen files to files that are not chosen: such a package could not be closed.
    pub fn open_references(&self, version: Version) -> Vec<(File, &'static str, File)> {
        let mut open = Vec::new();
        for spec in version.files().iter().filter(|spec| self.writes(spec.file)) {
            for column in spec.columns.iter().filter(|c| c.need == Need::Required) {
                if let Some(target) = column.target().filter(|&target| !self.writes(target)) {
                    open.push((spec.file, column.name, target));
                }
            }
        }
        open
    }
}

/// A form of package: an OneRoster version, and for 1.2 which of its two shapes of users.csv.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edition {
    /// OneRoster version.
    pub version: Version,
    /// Whether users.csv of 1.2 has the shape of 1.2.0, which still has `resourceSourcedIds`.
    pub users_of_v1p2p0: bool,
}

impl Edition {
    /// Every edition by the word that configures it.
    pub const ALL: [(&'static str, Edition); 3] = [
        ("1.1", Edition { version: Version::V1p1, users_of_v1p2p0: false }),
        ("1.2", Edition { version: Version::V1p2, users_of_v1p2p0: false }),
        ("1.2.0", Edition { version: Version::V1p2, users_of_v1p2p0: true }),
    ];
}

/// From which severity on a notice refuses the packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Deny {
    /// Errors.
    #[default]
    Error,
    /// Errors and warnings.
    Warning,
    /// Nothing but what no reader could load: an id that stands twice, a reference that leads nowhere.
    None,
}

impl Deny {
    /// The severity from which on notices refuse, if any does.
    pub const fn threshold(self) -> Option<Severity> {
        match self {
            Deny::Error => Some(Severity::Error),
            Deny::Warning => Some(Severity::Warning),
            Deny::None => None,
        }
    }
}

/// How a package is judged before it is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Judging {
    /// Whether the whole rule engine judges what was written, and not the reading back alone.
    pub full: bool,
    /// What refuses.
    pub deny: Deny,
    /// The consumer that the packages are for, if it is a known one: its demands are rules as well.
    pub consumer: Option<&'static Consumer>,
}

/// How the text of a package is written, and what the package is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// What ends a line.
    pub line_end: LineEnd,
    /// Whether every filled cell stands in quotes.
    pub quote_all: bool,
    /// Pattern of the zip's name in a folder; `{tenant}`, `{year}`, `{version}`.
    pub package_name: String,
}

impl Form {
    /// Whether lines end with a line feed alone.
    pub fn is_line_feed(&self) -> bool {
        self.line_end == LineEnd::Lf
    }
}

/// The name of a package that nobody names otherwise.
pub const PACKAGE_NAME: &str = "{tenant}-{year}-oneroster-{version}.zip";

impl Default for Form {
    fn default() -> Form {
        Form { line_end: LineEnd::CrLf, quote_all: false, package_name: PACKAGE_NAME.to_owned() }
    }
}

/// Everything that the stages of one run read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Tenant code.
    pub tenant: String,
    /// Prefix of natural keys; the tenant code unless configured.
    pub id_prefix: String,
    /// The active school year: the year in which it ends.
    pub school_year: i16,
    /// The date on which the package is true.
    pub as_of: Day,
    /// The packages of the run in order: at least one, and none two of one OneRoster version.
    pub editions: Vec<Edition>,
    /// Data standard that the user insists on.
    pub data_standard: Option<String>,
    /// Mapping choices.
    pub mapping: Mapping,
    /// What is exported.
    pub scope: Scope,
    /// Deflate level, 1 to 9.
    pub compression: u32,
    /// `source.systemName` of the manifest.
    pub system_name: String,
    /// `source.systemCode` of the manifest; the tenant code unless configured.
    pub system_code: String,
    /// How the packages are judged before they are published.
    pub judging: Judging,
    /// How they are written and called.
    pub form: Form,
}

impl Plan {
    /// Name of the package of a version in a folder.
    pub fn package_name(&self, version: Version) -> String {
        let label = format!("v{}", version.label().replace('.', "p"));
        // One after the other: a tenant code holds no brace that another placeholder would be read from.
        let name = self.form.package_name.replace("{year}", &self.school_year.to_string());
        name.replace("{version}", &label).replace("{tenant}", &self.tenant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_files_must_close() {
        let scope = |files: &[File]| Scope { files: files.to_vec(), ..Scope::default() };
        assert_eq!(scope(&[]).open_references(Version::V1p1), []);
        assert_eq!(scope(&[File::Users, File::Orgs]).open_references(Version::V1p1), []);
        // A course's school year is optional: it is left blank.
        assert_eq!(scope(&[File::Courses, File::Orgs]).open_references(Version::V1p1), []);
        assert_eq!(
            scope(&[File::Demographics]).open_references(Version::V1p1),
            [(File::Demographics, "sourcedId", File::Users)]
        );
        let open = scope(&[File::Enrollments, File::Orgs]).open_references(Version::V1p1);
        assert_eq!(
            open.iter().map(|(_, _, target)| *target).collect::<Vec<_>>(),
            [File::Classes, File::Users]
        );
    }
}
