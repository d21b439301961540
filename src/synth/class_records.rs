//! Facts about sections as rows: offerings, sections, and who is in them.
//!
//! In: a fact under a section's key. Out: its rows in the shape that is written.

use super::rows::{Cell, Rows};
use super::tables::TableId as T;
use crate::day::Day;

/// The five-column key of a section; without the section it is the key of an offering.
#[derive(Debug, Clone, Copy)]
pub(super) struct SectionKey<'a> {
    pub local: &'a str,
    pub school: i64,
    pub year: i16,
    pub session: &'a str,
    pub section: &'a str,
}

impl<'a> SectionKey<'a> {
    fn offering(self) -> [(&'static str, Cell<'a>); 4] {
        [
            ("localcoursecode", self.local.into()),
            ("schoolid", self.school.into()),
            ("schoolyear", i64::from(self.year).into()),
            ("sessionname", self.session.into()),
        ]
    }

    fn with<const N: usize>(self, more: [(&'static str, Cell<'a>); N]) -> Vec<(&'static str, Cell<'a>)> {
        let mut values = Vec::with_capacity(5 + N);
        values.extend(self.offering());
        values.push(("sectionidentifier", self.section.into()));
        values.extend(more);
        values
    }
}

/// An offering of a course.
pub(super) fn offering(
    rows: &mut Rows<'_>,
    key: SectionKey<'_>,
    course: &str,
    owner: i64,
    title: Option<&str>,
) {
    let [local, school, year, session] = key.offering();
    rows.add(
        T::courseoffering,
        &[
            local,
            school,
            year,
            session,
            ("coursecode", course.into()),
            ("educationorganizationid", owner.into()),
            ("localcoursetitle", title.into()),
        ],
    );
}

/// A section in a room.
pub(super) fn section(rows: &mut Rows<'_>, key: SectionKey<'_>, room: Option<&str>) {
    let school = room.map(|_| key.school);
    rows.add(
        T::section,
        &key.with([
            ("locationclassroomidentificationcode", room.into()),
            ("locationschoolid", school.into()),
        ]),
    );
}

/// A class period of a section.
pub(super) fn section_period(rows: &mut Rows<'_>, key: SectionKey<'_>, period: &str) {
    rows.add(T::sectionclassperiod, &key.with([("classperiodname", period.into())]));
}

/// A grade that a section is offered to.
pub(super) fn section_grade(rows: &mut Rows<'_>, key: SectionKey<'_>, grade: &'static str) {
    let grade = rows.code("GradeLevel", grade);
    rows.add(T::sectionofferedgradelevel, &key.with([("gradeleveldescriptorid", grade)]));
}

/// A student in a section.
pub(super) fn enroll(
    rows: &mut Rows<'_>,
    key: SectionKey<'_>,
    usi: i64,
    begin: Day,
    end: Option<Day>,
    homeroom: Option<bool>,
) {
    let [local, school, year, session] = key.offering();
    rows.add(
        T::studentsectionassociation,
        &[
            ("begindate", begin.into()),
            local,
            school,
            year,
            ("sectionidentifier", key.section.into()),
            session,
            ("studentusi", usi.into()),
            ("enddate", end.into()),
            ("homeroomindicator", homeroom.into()),
        ],
    );
}

/// A staff member in a section. Only data standard 4.0 allows the begin date to be null.
pub(super) fn teach(
    rows: &mut Rows<'_>,
    key: SectionKey<'_>,
    usi: i64,
    position: &'static str,
    begin: Option<Day>,
    end: Option<Day>,
) {
    let position = rows.code("ClassroomPosition", position);
    rows.add(
        T::staffsectionassociation,
        &key.with([
            ("staffusi", usi.into()),
            ("begindate", begin.into()),
            ("classroompositiondescriptorid", position),
            ("enddate", end.into()),
        ]),
    );
}

/// Where gradebook entries of the family come from.
const GRADEBOOK: &str = "uri://brazosriver.example/GradebookEntry";

/// A gradebook entry of a section in a grading period.
pub(super) fn gradebook_entry(
    rows: &mut Rows<'_>,
    key: SectionKey<'_>,
    entry: &str,
    assigned: Day,
    due: Option<Day>,
    period: (&'static str, i64, &str),
) {
    let kind = rows.code("GradebookEntryType", "Homework");
    let (descriptor, sequence, name) = period;
    let descriptor = rows.code("GradingPeriod", descriptor);
    rows.add(
        T::gradebookentry,
        &key.with([
            ("gradebookentryidentifier", entry.into()),
            ("namespace", GRADEBOOK.into()),
            ("dateassigned", assigned.into()),
            ("duedate", due.into()),
            ("gradebookentrytypedescriptorid", kind),
            ("gradingperioddescriptorid", descriptor),
            ("gradingperiodname", name.into()),
            ("periodsequence", sequence.into()),
            ("maxpoints", due.map(|_| "100.00").into()),
            ("sourcesectionidentifier", key.section.into()),
            ("title", "Problem set".into()),
        ]),
    );
}

/// What a student earned for a gradebook entry.
pub(super) fn gradebook_result(rows: &mut Rows<'_>, entry: &str, usi: i64, points: usize, day: Day) {
    let status = rows.code("SubmissionStatus", "Graded");
    let points = format!("{points}.00");
    rows.add(
        T::studentgradebookentry,
        &[
            ("gradebookentryidentifier", entry.into()),
            ("namespace", GRADEBOOK.into()),
            ("studentusi", usi.into()),
            ("datefulfilled", day.into()),
            ("pointsearned", (&points).into()),
            ("submissionstatusdescriptorid", status),
        ],
    );
}

/// A student's grade in a section for a grading period.
pub(super) fn grade(
    rows: &mut Rows<'_>,
    key: SectionKey<'_>,
    usi: i64,
    begin: Day,
    period: (&'static str, i64, &str),
    numeric: usize,
) {
    let kind = rows.code("GradeType", "Grading Period");
    let (descriptor, sequence, name) = period;
    let descriptor = rows.code("GradingPeriod", descriptor);
    let numeric = format!("{numeric}.00");
    rows.add(
        T::grade,
        &key.with([
            ("studentusi", usi.into()),
            ("begindate", begin.into()),
            ("gradetypedescriptorid", kind),
            ("gradingperioddescriptorid", descriptor),
            ("gradingperiodname", name.into()),
            ("gradingperiodsequence", sequence.into()),
            ("gradingperiodschoolyear", i64::from(key.year).into()),
            ("numericgradeearned", (&numeric).into()),
        ]),
    );
}
