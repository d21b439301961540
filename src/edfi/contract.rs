//! The staging contract: every Ed-Fi table and column that rosterpack reads, in the spelling of data standard 5.2.
//!
//! In: nothing. Out: one [`Table`] per module, with a constant per column that is its index in a batch.
//! What other data standards call these things is in `ds4_0.rs` and `ds6_1.rs`, differences only. Extract
//! scripts, reader roles and snapshots are generated from [`TABLES`], so that they cannot drift.

use super::catalog::Kind::{Bool, Date, Int, Text};
use super::{Column, Need, Part, Table};

/// Declares contract tables. A `must` column exists wherever its table does; a `may` column can be absent.
macro_rules! contract {
    ($(
        $(#[doc = $doc:literal])+
        $module:ident = $physical:literal, $need:expr, $part:ident, year $year:expr => {
            $( $column:ident $name:literal $kind:ident $need_column:ident ),+ $(,)?
        }
    )+) => {
        $(
            $(#[doc = $doc])+
            pub mod $module {
                use super::*;
                #[allow(non_camel_case_types, clippy::upper_case_acronyms)] // index generator: one variant per column, in order
                enum Index { $($column),+ }
                $(
                    #[doc = concat!("Index of `", $name, "`.")]
                    pub const $column: usize = Index::$column as usize;
                )+
                /// The table.
                pub const TABLE: Table = Table {
                    name: stringify!($module),
                    physical: $physical,
                    doc: concat!($($doc),+),
                    need: $need,
                    part: Part::$part,
                    year: $year,
                    columns: &[$(Column { name: $name, kind: $kind, required: contract!(@$need_column) }),+],
                };
            }
        )+
        /// Every table of the contract, in the order in which they are read.
        pub const TABLES: &[&Table] = &[$(&$module::TABLE),+];
    };
    (@must) => { true };
    (@may) => { false };
}

const OPTIONAL: Need = Need::Optional;
const REQUIRED: Need = Need::Required;

contract! {
    /// Descriptor values: the only place where a descriptor id means something.
    descriptors = "descriptor", REQUIRED, Core, year None => {
        ID "descriptorid" Int must, NAMESPACE "namespace" Text must, CODE_VALUE "codevalue" Text must,
    }
    /// Names of all education organizations.
    education_organizations = "educationorganization", REQUIRED, Core, year None => {
        ID "educationorganizationid" Int must, NAME "nameofinstitution" Text must,
    }
    /// State education agencies.
    state_agencies = "stateeducationagency", OPTIONAL, Core, year None => {
        ID "stateeducationagencyid" Int must,
    }
    /// Local education agencies: the districts.
    local_agencies = "localeducationagency", REQUIRED, Core, year None => {
        ID "localeducationagencyid" Int must, PARENT "parentlocaleducationagencyid" Int may, STATE "stateeducationagencyid" Int may,
    }
    /// Schools.
    schools = "school", REQUIRED, Core, year None => {
        ID "schoolid" Int must, DISTRICT "localeducationagencyid" Int must,
    }
    /// Identification codes of organizations, for `org_identifier_system`.
    organization_codes = "educationorganizationidentificationcode", OPTIONAL, OrgDetail, year None => {
        ORGANIZATION "educationorganizationid" Int must, SYSTEM "educationorganizationidentificationsystemdescriptorid" Int must,
        CODE "identificationcode" Text must,
    }
    /// Addresses of organizations, for `org_metadata`.
    organization_addresses = "educationorganizationaddress", OPTIONAL, OrgDetail, year None => {
        ORGANIZATION "educationorganizationid" Int must, TYPE "addresstypedescriptorid" Int must, STREET "streetnumbername" Text must,
        ROOM "apartmentroomsuitenumber" Text may, CITY "city" Text must, STATE "stateabbreviationdescriptorid" Int must,
        POSTAL_CODE "postalcode" Text must, SUPPRESSED "donotpublishindicator" Bool may,
    }
    /// Categories of schools, for `org_metadata`.
    school_categories = "schoolcategory", OPTIONAL, OrgDetail, year None => {
        SCHOOL "schoolid" Int must, CATEGORY "schoolcategorydescriptorid" Int must,
    }
    /// Sessions of schools.
    sessions = "session", REQUIRED, Core, year Some("schoolyear") => {
        SCHOOL "schoolid" Int must, YEAR "schoolyear" Int must, NAME "sessionname" Text must, BEGIN "begindate" Date must,
        END "enddate" Date must, TERM "termdescriptorid" Int must,
    }
    /// Grading periods of schools, for `grading_periods`.
    grading_periods = "gradingperiod", OPTIONAL, GradingPeriods, year Some("schoolyear") => {
        SCHOOL "schoolid" Int must, YEAR "schoolyear" Int must, PERIOD "gradingperioddescriptorid" Int must,
        NAME "gradingperiodname" Text must, BEGIN "begindate" Date must, END "enddate" Date must,
    }
    /// Which session lists which grading period.
    session_grading_periods = "sessiongradingperiod", OPTIONAL, GradingPeriods, year Some("schoolyear") => {
        SCHOOL "schoolid" Int must, YEAR "schoolyear" Int must, SESSION "sessionname" Text must,
        PERIOD "gradingperioddescriptorid" Int must, NAME "gradingperiodname" Text must,
    }
    /// Events of calendar days: they tell instructional days from holidays.
    calendar_events = "calendardatecalendarevent", OPTIONAL, Core, year Some("schoolyear") => {
        SCHOOL "schoolid" Int must, YEAR "schoolyear" Int must, CALENDAR "calendarcode" Text must, DATE "date" Date must,
        EVENT "calendareventdescriptorid" Int must,
    }
    /// Courses, owned by a school, a district, a service center or a state.
    courses = "course", REQUIRED, Core, year None => {
        OWNER "educationorganizationid" Int must, CODE "coursecode" Text must, TITLE "coursetitle" Text must,
        PATHWAY "careerpathwaydescriptorid" Int may, DURATION "timerequiredforcompletion" Int may,
    }
    /// Academic subjects of courses.
    course_subjects = "courseacademicsubject", OPTIONAL, Core, year None => {
        OWNER "educationorganizationid" Int must, CODE "coursecode" Text must, SUBJECT "academicsubjectdescriptorid" Int must,
    }
    /// Grade levels for which courses are offered.
    course_grades = "courseofferedgradelevel", OPTIONAL, Core, year None => {
        OWNER "educationorganizationid" Int must, CODE "coursecode" Text must, GRADE "gradeleveldescriptorid" Int must,
    }
    /// Offerings of courses in sessions.
    course_offerings = "courseoffering", REQUIRED, Core, year Some("schoolyear") => {
        LOCAL_CODE "localcoursecode" Text must, SCHOOL "schoolid" Int must, YEAR "schoolyear" Int must, SESSION "sessionname" Text must,
        COURSE "coursecode" Text must, OWNER "educationorganizationid" Int must, TITLE "localcoursetitle" Text may,
    }
    /// Sections: the classes.
    sections = "section", REQUIRED, Core, year Some("schoolyear") => {
        LOCAL_CODE "localcoursecode" Text must, SCHOOL "schoolid" Int must, YEAR "schoolyear" Int must, SESSION "sessionname" Text must,
        SECTION "sectionidentifier" Text must, ROOM "locationclassroomidentificationcode" Text may,
    }
    /// Grade levels for which sections are offered.
    section_grades = "sectionofferedgradelevel", OPTIONAL, Core, year Some("schoolyear") => {
        LOCAL_CODE "localcoursecode" Text must, SCHOOL "schoolid" Int must, YEAR "schoolyear" Int must, SESSION "sessionname" Text must,
        SECTION "sectionidentifier" Text must, GRADE "gradeleveldescriptorid" Int must,
    }
    /// Class periods of sections.
    section_periods = "sectionclassperiod", OPTIONAL, Core, year Some("schoolyear") => {
        LOCAL_CODE "localcoursecode" Text must, SCHOOL "schoolid" Int must, YEAR "schoolyear" Int must, SESSION "sessionname" Text must,
        SECTION "sectionidentifier" Text must, PERIOD "classperiodname" Text must,
    }
    /// Students.
    students = "student", REQUIRED, Core, year None => {
        USI "studentusi" Int must, UNIQUE_ID "studentuniqueid" Text must, FIRST "firstname" Text must, MIDDLE "middlename" Text may,
        LAST "lastsurname" Text must, PREFERRED_FIRST "preferredfirstname" Text may, PREFERRED_LAST "preferredlastsurname" Text may,
    }
    /// Birth facts of students, for demographics.
    student_births = "student", REQUIRED, Demographics, year None => {
        USI "studentusi" Int must, DATE "birthdate" Date must, CITY "birthcity" Text may, STATE "birthstateabbreviationdescriptorid" Int may,
        COUNTRY "birthcountrydescriptorid" Int may, SEX "birthsexdescriptorid" Int may,
    }
    /// Students at schools.
    student_schools = "studentschoolassociation", REQUIRED, Core, year None => {
        USI "studentusi" Int must, SCHOOL "schoolid" Int must, ENTRY "entrydate" Date must, EXIT "exitwithdrawdate" Date may,
        EXIT_TYPE "exitwithdrawtypedescriptorid" Int may, PRIMARY "primaryschool" Bool may, YEAR "schoolyear" Int may,
        GRADE "entrygradeleveldescriptorid" Int must,
    }
    /// Log-in names of students, one row per student and organization.
    student_logins = "studenteducationorganizationassociation", OPTIONAL, Core, year None => {
        ORGANIZATION "educationorganizationid" Int must, USI "studentusi" Int must, LOGIN "loginid" Text may,
    }
    /// Demographic facts of students, one row per student and organization.
    student_demographics = "studenteducationorganizationassociation", OPTIONAL, Demographics, year None => {
        ORGANIZATION "educationorganizationid" Int must, USI "studentusi" Int must, SEX "sexdescriptorid" Int must,
        HISPANIC "hispaniclatinoethnicity" Bool must, GENDER_IDENTITY "genderidentity" Text may,
        LIMITED_ENGLISH "limitedenglishproficiencydescriptorid" Int may,
    }
    /// Races of students.
    student_races = "studenteducationorganizationassociationrace", OPTIONAL, Demographics, year None => {
        ORGANIZATION "educationorganizationid" Int must, USI "studentusi" Int must, RACE "racedescriptorid" Int must,
    }
    /// Characteristics of students, for `demographic_extensions`.
    student_characteristics = "studenteducationorganizationassociationstudentcharacteristic", OPTIONAL, Extensions, year None => {
        ORGANIZATION "educationorganizationid" Int must, USI "studentusi" Int must, CHARACTERISTIC "studentcharacteristicdescriptorid" Int must,
    }
    /// Indicators of students, for `demographic_extensions`.
    student_indicators = "studenteducationorganizationassociationstudentindicator", OPTIONAL, Extensions, year None => {
        ORGANIZATION "educationorganizationid" Int must, USI "studentusi" Int must, NAME "indicatorname" Text must, VALUE "indicator" Text must,
    }
    /// Program participation of students, for `demographic_extensions`.
    student_programs = "generalstudentprogramassociation", OPTIONAL, Extensions, year None => {
        USI "studentusi" Int must, PROGRAM_TYPE "programtypedescriptorid" Int must, BEGIN "begindate" Date must, END "enddate" Date may,
    }
    /// E-mail addresses of students.
    student_emails = "studenteducationorganizationassociationelectronicmail", OPTIONAL, Core, year None => {
        ORGANIZATION "educationorganizationid" Int must, USI "studentusi" Int must, ADDRESS "electronicmailaddress" Text must,
        TYPE "electronicmailtypedescriptorid" Int must, SUPPRESSED "donotpublishindicator" Bool may,
    }
    /// Identification codes of students.
    student_codes = "studenteducationorganizationassociationstudentidentifica_c15030", OPTIONAL, Core, year None => {
        ORGANIZATION "educationorganizationid" Int must, USI "studentusi" Int must,
        SYSTEM "studentidentificationsystemdescriptorid" Int must, CODE "identificationcode" Text must,
    }
    /// Staff members.
    staff = "staff", REQUIRED, Core, year None => {
        USI "staffusi" Int must, UNIQUE_ID "staffuniqueid" Text must, FIRST "firstname" Text must, MIDDLE "middlename" Text may,
        LAST "lastsurname" Text must, PREFERRED_FIRST "preferredfirstname" Text may, PREFERRED_LAST "preferredlastsurname" Text may,
        LOGIN "loginid" Text may,
    }
    /// E-mail addresses of staff members.
    staff_emails = "staffelectronicmail", OPTIONAL, Core, year None => {
        USI "staffusi" Int must, ADDRESS "electronicmailaddress" Text must, TYPE "electronicmailtypedescriptorid" Int must,
        SUPPRESSED "donotpublishindicator" Bool may,
    }
    /// E-mail addresses of staff members as contacts of an organization; the title plays the type.
    staff_contact_emails = "staffeducationorganizationcontactassociation", OPTIONAL, Core, year None => {
        USI "staffusi" Int must, TITLE "contacttitle" Text must, ADDRESS "electronicmailaddress" Text must,
    }
    /// Identification codes of staff members.
    staff_codes = "staffidentificationcode", OPTIONAL, Core, year None => {
        USI "staffusi" Int must, SYSTEM "staffidentificationsystemdescriptorid" Int must, CODE "identificationcode" Text must,
    }
    /// Assignments of staff members to organizations.
    staff_assignments = "staffeducationorganizationassignmentassociation", REQUIRED, Core, year None => {
        USI "staffusi" Int must, ORGANIZATION "educationorganizationid" Int must, CLASSIFICATION "staffclassificationdescriptorid" Int must,
        BEGIN "begindate" Date must, END "enddate" Date may,
    }
    /// Staff members at schools.
    staff_schools = "staffschoolassociation", OPTIONAL, Core, year None => {
        USI "staffusi" Int must, SCHOOL "schoolid" Int must, YEAR "schoolyear" Int may,
    }
    /// Parents and contacts.
    contacts = "contact", OPTIONAL, Parents, year None => {
        USI "contactusi" Int must, UNIQUE_ID "contactuniqueid" Text must, FIRST "firstname" Text must, MIDDLE "middlename" Text may,
        LAST "lastsurname" Text must, PREFERRED_FIRST "preferredfirstname" Text may, PREFERRED_LAST "preferredlastsurname" Text may,
        LOGIN "loginid" Text may,
    }
    /// E-mail addresses of contacts.
    contact_emails = "contactelectronicmail", OPTIONAL, Parents, year None => {
        USI "contactusi" Int must, ADDRESS "electronicmailaddress" Text must, TYPE "electronicmailtypedescriptorid" Int must,
        SUPPRESSED "donotpublishindicator" Bool may,
    }
    /// Telephones of contacts.
    contact_telephones = "contacttelephone", OPTIONAL, Parents, year None => {
        USI "contactusi" Int must, NUMBER "telephonenumber" Text must, TYPE "telephonenumbertypedescriptorid" Int must,
        SUPPRESSED "donotpublishindicator" Bool may, PRIORITY "orderofpriority" Int may,
    }
    /// Contacts of students.
    student_contacts = "studentcontactassociation", OPTIONAL, Parents, year None => {
        STUDENT "studentusi" Int must, CONTACT "contactusi" Int must, RELATION "relationdescriptorid" Int may,
    }
    /// Staff members in sections: the teachers.
    staff_sections = "staffsectionassociation", REQUIRED, Core, year Some("schoolyear") => {
        USI "staffusi" Int must, LOCAL_CODE "localcoursecode" Text must, SCHOOL "schoolid" Int must, YEAR "schoolyear" Int must,
        SESSION "sessionname" Text must, SECTION "sectionidentifier" Text must, BEGIN "begindate" Date must, END "enddate" Date may,
        POSITION "classroompositiondescriptorid" Int must,
    }
    /// Students in sections: by far the largest table.
    student_sections = "studentsectionassociation", REQUIRED, Core, year Some("schoolyear") => {
        USI "studentusi" Int must, LOCAL_CODE "localcoursecode" Text must, SCHOOL "schoolid" Int must, YEAR "schoolyear" Int must,
        SESSION "sessionname" Text must, SECTION "sectionidentifier" Text must, BEGIN "begindate" Date must, END "enddate" Date may,
        HOMEROOM "homeroomindicator" Bool may,
    }
    /// Gradebook entries: what is graded in a class, for `gradebook`. The school year is part of an optional reference.
    gradebook_entries = "gradebookentry", OPTIONAL, Gradebook, year None => {
        NAMESPACE "namespace" Text must, IDENTIFIER "gradebookentryidentifier" Text must, TITLE "title" Text must,
        DESCRIPTION "description" Text may, ASSIGNED "dateassigned" Date must, DUE "duedate" Date may,
        TYPE "gradebookentrytypedescriptorid" Int may, MAX_POINTS "maxpoints" Text may,
        PERIOD "gradingperioddescriptorid" Int may, PERIOD_NAME "gradingperiodname" Text may,
        LOCAL_CODE "localcoursecode" Text must, SCHOOL "schoolid" Int must, YEAR "schoolyear" Int must, SESSION "sessionname" Text must,
        SECTION "sectionidentifier" Text must,
    }
    /// What students earned for gradebook entries.
    student_gradebook_entries = "studentgradebookentry", OPTIONAL, Gradebook, year None => {
        NAMESPACE "namespace" Text must, IDENTIFIER "gradebookentryidentifier" Text must, USI "studentusi" Int must,
        POINTS "pointsearned" Text may, NUMERIC "numericgradeearned" Text may, LETTER "lettergradeearned" Text may,
        STATUS "submissionstatusdescriptorid" Int may, LATENESS "assignmentlatestatusdescriptorid" Int may,
        FULFILLED "datefulfilled" Date may, COMPLETED "datecompleted" Date may, STATEMENT "diagnosticstatement" Text may,
    }
    /// Grades of students in sections by grading period, for `final_grades`.
    grades = "grade", OPTIONAL, FinalGrades, year Some("schoolyear") => {
        TYPE "gradetypedescriptorid" Int must, PERIOD "gradingperioddescriptorid" Int must,
        PERIOD_NAME "gradingperiodname" Text must, PERIOD_YEAR "gradingperiodschoolyear" Int must, USI "studentusi" Int must,
        LOCAL_CODE "localcoursecode" Text must, SCHOOL "schoolid" Int must, YEAR "schoolyear" Int must, SESSION "sessionname" Text must,
        SECTION "sectionidentifier" Text must, BEGIN "begindate" Date must, NUMERIC "numericgradeearned" Text may,
        LETTER "lettergradeearned" Text may, AS_OF "currentgradeasofdate" Date may, INTERIM "currentgradeindicator" Bool may,
        STATEMENT "diagnosticstatement" Text may,
    }
}
