//! Facts about organizations, sessions and courses as rows.
//!
//! In: a fact. Out: its rows in the shape that is written. Differences between data standards stay here.

use super::catalog::{Course, GRADES, Owner};
use super::family::{Agency, SERVICE_CENTER, STATE_AGENCY, Term};
use super::rows::Rows;
use super::schema::Shape;
use super::tables::TableId as T;
use crate::day::Day;

/// An education organization and its category.
pub(super) fn organization(rows: &mut Rows<'_>, id: i64, name: &str, category: &'static str) {
    let status = rows.code("OperationalStatus", "Active");
    rows.add(
        T::educationorganization,
        &[
            ("educationorganizationid", id.into()),
            ("nameofinstitution", name.into()),
            ("operationalstatusdescriptorid", status),
        ],
    );
    let category = rows.code("EducationOrganizationCategory", category);
    rows.add(
        T::educationorganizationcategory,
        &[("educationorganizationid", id.into()), ("educationorganizationcategorydescriptorid", category)],
    );
}

/// A code of an organization in an identification system.
pub(super) fn organization_code(rows: &mut Rows<'_>, id: i64, system: &'static str, code: &str) {
    let system = rows.code("EducationOrganizationIdentificationSystem", system);
    rows.add(
        T::educationorganizationidentificationcode,
        &[
            ("educationorganizationid", id.into()),
            ("educationorganizationidentificationsystemdescriptorid", system),
            ("identificationcode", code.into()),
        ],
    );
}

/// The physical address and the main telephone of an organization.
pub(super) fn address(rows: &mut Rows<'_>, id: i64, street: &str, city: &str) {
    let kind = rows.code("AddressType", "Physical");
    let state = rows.code("StateAbbreviation", "TX");
    rows.add(
        T::educationorganizationaddress,
        &[
            ("educationorganizationid", id.into()),
            ("addresstypedescriptorid", kind),
            ("city", city.into()),
            ("postalcode", "73334".into()),
            ("stateabbreviationdescriptorid", state),
            ("streetnumbername", street.into()),
        ],
    );
    let main = rows.code("InstitutionTelephoneNumberType", "Main");
    rows.add(
        T::educationorganizationinstitutiontelephone,
        &[
            ("educationorganizationid", id.into()),
            ("institutiontelephonenumbertypedescriptorid", main),
            ("telephonenumber", format!("(555) 01{}", id % 100).as_str().into()),
        ],
    );
}

/// The subtype row of an agency.
pub(super) fn agency(rows: &mut Rows<'_>, agency: &Agency) {
    let category = rows.code("LocalEducationAgencyCategory", "Regular public school district");
    rows.add(
        T::localeducationagency,
        &[
            ("localeducationagencyid", agency.id.into()),
            ("localeducationagencycategorydescriptorid", category),
            ("educationservicecenterid", SERVICE_CENTER.into()),
            ("stateeducationagencyid", STATE_AGENCY.into()),
        ],
    );
}

/// The subtype row of a school, with its category and grades.
pub(super) fn school(
    rows: &mut Rows<'_>,
    id: i64,
    agency: Option<i64>,
    category: &'static str,
    grades: impl Iterator<Item = usize>,
) {
    let kind = rows.code("SchoolType", "Regular");
    rows.add(
        T::school,
        &[
            ("schoolid", id.into()),
            ("localeducationagencyid", agency.into()),
            ("schooltypedescriptorid", kind),
        ],
    );
    let category = rows.code("SchoolCategory", category);
    rows.add(T::schoolcategory, &[("schoolid", id.into()), ("schoolcategorydescriptorid", category)]);
    for grade in grades {
        let grade = rows.code("GradeLevel", GRADES[grade]);
        rows.add(T::schoolgradelevel, &[("schoolid", id.into()), ("gradeleveldescriptorid", grade)]);
    }
}

/// A session of a school. Its audit columns are there to be ignored.
pub(super) fn session(rows: &mut Rows<'_>, school: i64, year: i16, term: &Term) {
    let descriptor = rows.code("Term", term.descriptor);
    let version = 10_000 + school % 10_000;
    let days = i64::from(term.end.number() - term.begin.number()) * 5 / 7;
    rows.add(
        T::session,
        &[
            ("schoolid", school.into()),
            ("schoolyear", i64::from(year).into()),
            ("sessionname", (&term.name).into()),
            ("begindate", term.begin.into()),
            ("enddate", term.end.into()),
            ("termdescriptorid", descriptor),
            ("totalinstructionaldays", days.into()),
            ("discriminator", "edfi.Session".into()),
            ("createdate", "2024-06-01 08:15:30.123456".into()),
            ("lastmodifieddate", "2024-07-15 16:45:00".into()),
            (
                "id",
                format!("00000000-{:04x}-4000-8000-{school:012}", term.begin.number() & 0xffff)
                    .as_str()
                    .into(),
            ),
            ("aggregatedata", "\\x01a2b3".into()),
            ("changeversion", version.into()),
        ],
    );
}

/// A grading period of a school, listed by a session.
pub(super) fn grading_period(
    rows: &mut Rows<'_>,
    school: i64,
    year: i16,
    session: &str,
    period: GradingPeriod<'_>,
) {
    let descriptor = rows.code("GradingPeriod", period.descriptor);
    let days = i64::from(period.end.number() - period.begin.number()) * 5 / 7;
    rows.add(
        T::gradingperiod,
        &[
            ("gradingperioddescriptorid", descriptor),
            ("periodsequence", period.sequence.into()),
            ("schoolid", school.into()),
            ("schoolyear", i64::from(year).into()),
            ("gradingperiodname", period.name.into()),
            ("begindate", period.begin.into()),
            ("enddate", period.end.into()),
            ("totalinstructionaldays", days.into()),
        ],
    );
    rows.add(
        T::sessiongradingperiod,
        &[
            ("schoolid", school.into()),
            ("schoolyear", i64::from(year).into()),
            ("sessionname", session.into()),
            ("gradingperioddescriptorid", descriptor),
            ("periodsequence", period.sequence.into()),
            ("gradingperiodname", period.name.into()),
        ],
    );
}

/// A grading period. Data standard 4.0 keys it by the sequence, later ones by the name.
#[derive(Debug, Clone, Copy)]
pub(super) struct GradingPeriod<'a> {
    pub descriptor: &'static str,
    pub sequence: i64,
    pub name: &'a str,
    pub begin: Day,
    pub end: Day,
}

/// The calendar of a school.
pub(super) fn calendar(rows: &mut Rows<'_>, school: i64, year: i16, code: &str) {
    let kind = rows.code("CalendarType", "School");
    rows.add(
        T::calendar,
        &[
            ("calendarcode", code.into()),
            ("schoolid", school.into()),
            ("schoolyear", i64::from(year).into()),
            ("calendartypedescriptorid", kind),
        ],
    );
}

/// A day of a calendar, with its events.
pub(super) fn calendar_day(
    rows: &mut Rows<'_>,
    school: i64,
    year: i16,
    code: &str,
    day: Day,
    events: &[&'static str],
) {
    let year = i64::from(year);
    let key = [
        ("calendarcode", code.into()),
        ("date", day.into()),
        ("schoolid", school.into()),
        ("schoolyear", year.into()),
    ];
    rows.add(T::calendardate, &key);
    for event in events {
        let event = rows.code("CalendarEvent", event);
        let [code, date, school, year] = key;
        rows.add(
            T::calendardatecalendarevent,
            &[code, date, school, year, ("calendareventdescriptorid", event)],
        );
    }
}

/// A course of an owner, with its subject and grades.
pub(super) fn course(rows: &mut Rows<'_>, owner: i64, course: &Course) {
    let subject = rows.code("AcademicSubject", course.subject);
    let pathway = course.pathway.map(|value| rows.code("CareerPathway", value));
    let key = [("coursecode", (&course.code).into()), ("educationorganizationid", owner.into())];
    let [code, organization] = key;
    rows.add(
        T::course,
        &[
            code,
            organization,
            ("academicsubjectdescriptorid", subject),
            ("careerpathwaydescriptorid", pathway.unwrap_or(super::rows::Cell::Null)),
            ("coursetitle", (&course.title).into()),
            ("numberofparts", 1.into()),
            ("timerequiredforcompletion", course.pathway.map(|_| 36).into()),
        ],
    );
    if rows.shape() >= Shape::S50 {
        rows.add(T::courseacademicsubject, &[code, organization, ("academicsubjectdescriptorid", subject)]);
    }
    if course.owner == Owner::State {
        let system = rows.code("CourseIdentificationSystem", "State course code");
        rows.add(
            T::courseidentificationcode,
            &[
                code,
                organization,
                ("courseidentificationsystemdescriptorid", system),
                ("identificationcode", (&course.code).into()),
            ],
        );
    }
    for grade in &GRADES[course.grades.0..=course.grades.1] {
        let grade = rows.code("GradeLevel", grade);
        rows.add(T::courseofferedgradelevel, &[code, organization, ("gradeleveldescriptorid", grade)]);
    }
}

/// A program of an agency.
pub(super) fn program(rows: &mut Rows<'_>, agency: i64, name: &'static str, kind: &'static str) {
    let kind = rows.code("ProgramType", kind);
    rows.add(
        T::program,
        &[
            ("educationorganizationid", agency.into()),
            ("programname", name.into()),
            ("programtypedescriptorid", kind),
        ],
    );
}
