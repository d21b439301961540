//! Facts about people as rows, whichever tables the data standard keeps them in.
//!
//! In: a fact. Out: its rows. Parents became contacts with 5.0; what was said about a student at an organization
//! moved to tables of its own with 6.1, and so did the addresses and codes of staff members.

use super::rows::{Cell, Rows};
use super::schema::Shape;
use super::tables::TableId as T;
use crate::day::Day;

/// What an organization says about a student.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct AtOrganization<'a> {
    pub sex: Option<&'static str>,
    pub hispanic: Option<bool>,
    pub english: Option<&'static str>,
    pub login: Option<&'a str>,
    pub gender_identity: Option<&'a str>,
}

/// A name that is written for a person; anything but the first and last may be absent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Name<'a> {
    pub first: &'a str,
    pub middle: Option<&'a str>,
    pub last: &'a str,
    pub suffix: Option<&'a str>,
    pub preferred_first: Option<&'a str>,
    pub preferred_last: Option<&'a str>,
}

impl<'a> Name<'a> {
    fn cells(self) -> [(&'static str, Cell<'a>); 6] {
        [
            ("firstname", self.first.into()),
            ("middlename", self.middle.into()),
            ("lastsurname", self.last.into()),
            ("generationcodesuffix", self.suffix.into()),
            ("preferredfirstname", self.preferred_first.into()),
            ("preferredlastsurname", self.preferred_last.into()),
        ]
    }
}

/// Where and when somebody was born.
#[derive(Debug, Clone, Copy)]
pub(super) struct Birth {
    pub date: Day,
    pub city: Option<&'static str>,
    pub state: Option<&'static str>,
    pub country: Option<&'static str>,
    pub sex: Option<&'static str>,
}

/// A student.
pub(super) fn student(rows: &mut Rows<'_>, usi: i64, unique: &str, name: Name<'_>, birth: Birth) {
    let sex = birth.sex.map_or(Cell::Null, |value| rows.code("Sex", value));
    let state = birth.state.map_or(Cell::Null, |value| rows.code("StateAbbreviation", value));
    let country = birth.country.map_or(Cell::Null, |value| rows.code("Country", value));
    let [first, middle, last, suffix, preferred_first, preferred_last] = name.cells();
    rows.add(
        T::student,
        &[
            ("studentusi", usi.into()),
            ("studentuniqueid", unique.into()),
            first,
            middle,
            last,
            suffix,
            preferred_first,
            preferred_last,
            ("birthdate", birth.date.into()),
            ("birthcity", birth.city.into()),
            ("birthstateabbreviationdescriptorid", state),
            ("birthcountrydescriptorid", country),
            ("birthsexdescriptorid", sex),
        ],
    );
}

/// The row of a student at an organization, and in 6.1 the demographics and the directory.
pub(super) fn student_organization(rows: &mut Rows<'_>, org: i64, usi: i64, facts: AtOrganization<'_>) {
    let sex = facts.sex.map_or(Cell::Null, |value| rows.code("Sex", value));
    let english = facts.english.map_or(Cell::Null, |value| rows.code("LimitedEnglishProficiency", value));
    let values = [
        ("educationorganizationid", org.into()),
        ("studentusi", usi.into()),
        ("hispaniclatinoethnicity", facts.hispanic.into()),
        ("limitedenglishproficiencydescriptorid", english),
        ("sexdescriptorid", sex),
        ("genderidentity", facts.gender_identity.into()),
        ("loginid", facts.login.into()),
    ];
    rows.add(T::studenteducationorganizationassociation, &values);
    if rows.shape() >= Shape::S61 {
        rows.add(T::studentdemographic, &values[..6]);
        rows.add(T::studentdirectory, &values[..2]);
    }
}

/// A race of a student by its name since 5.1; a race that the shape does not know is left out.
pub(super) fn student_race(rows: &mut Rows<'_>, org: i64, usi: i64, race: &'static str) {
    let race = match race {
        _ if rows.shape() >= Shape::S51 => race,
        "American Indian or Alaska Native" => "American Indian - Alaska Native",
        "Black or African American" => "Black - African American",
        "Native Hawaiian or Pacific Islander" => "Native Hawaiian - Pacific Islander",
        "Hispanic or Latino" | "Middle Eastern or North African" => return,
        _ => race,
    };
    let race = rows.code("Race", race);
    let table = if rows.shape() >= Shape::S61 {
        T::studentdemographicrace
    } else {
        T::studenteducationorganizationassociationrace
    };
    rows.add(
        table,
        &[("educationorganizationid", org.into()), ("studentusi", usi.into()), ("racedescriptorid", race)],
    );
}

/// A characteristic of a student.
pub(super) fn student_characteristic(rows: &mut Rows<'_>, org: i64, usi: i64, value: &'static str) {
    let value = rows.code("StudentCharacteristic", value);
    let table = if rows.shape() >= Shape::S61 {
        T::studentdemographicstudentcharacteristic
    } else {
        T::studenteducationorganizationassociationstudentcharacteristic
    };
    rows.add(
        table,
        &[
            ("educationorganizationid", org.into()),
            ("studentusi", usi.into()),
            ("studentcharacteristicdescriptorid", value),
        ],
    );
}

/// An indicator of a student.
pub(super) fn student_indicator(rows: &mut Rows<'_>, org: i64, usi: i64, name: &str, value: &str) {
    rows.add(
        T::studenteducationorganizationassociationstudentindicator,
        &[
            ("educationorganizationid", org.into()),
            ("studentusi", usi.into()),
            ("indicatorname", name.into()),
            ("indicator", value.into()),
        ],
    );
}

/// Participation of a student in a program of an agency.
pub(super) fn student_program(
    rows: &mut Rows<'_>,
    agency: i64,
    usi: i64,
    program: (&'static str, &'static str),
    begin: Day,
    end: Option<Day>,
) {
    let kind = rows.code("ProgramType", program.1);
    let values = [
        ("begindate", begin.into()),
        ("educationorganizationid", agency.into()),
        ("programeducationorganizationid", agency.into()),
        ("programname", program.0.into()),
        ("programtypedescriptorid", kind),
        ("studentusi", usi.into()),
        ("enddate", end.into()),
    ];
    rows.add(T::generalstudentprogramassociation, &values);
    rows.add(T::studentprogramassociation, &values[..6]);
}

/// An e-mail address with its type and whether it must not be published.
#[derive(Debug, Clone, Copy)]
pub(super) struct Email<'a> {
    pub address: &'a str,
    pub kind: &'static str,
    pub suppressed: Option<bool>,
}

impl<'a> Email<'a> {
    fn cells(self, rows: &Rows<'_>) -> [(&'static str, Cell<'a>); 3] {
        [
            ("electronicmailaddress", self.address.into()),
            ("electronicmailtypedescriptorid", rows.code("ElectronicMailType", self.kind)),
            ("donotpublishindicator", self.suppressed.into()),
        ]
    }
}

/// An e-mail address of a student. In 6.1 the directory row must be there already.
pub(super) fn student_email(rows: &mut Rows<'_>, org: i64, usi: i64, email: Email<'_>) {
    let [address, kind, suppressed] = email.cells(rows);
    let table = if rows.shape() >= Shape::S61 {
        T::studentdirectoryelectronicmail
    } else {
        T::studenteducationorganizationassociationelectronicmail
    };
    rows.add(
        table,
        &[("educationorganizationid", org.into()), ("studentusi", usi.into()), address, kind, suppressed],
    );
}

/// An identification code of a student.
pub(super) fn student_code(rows: &mut Rows<'_>, org: i64, usi: i64, system: &'static str, code: &str) {
    let id = rows.code("StudentIdentificationSystem", system);
    let table = if rows.shape() >= Shape::S61 {
        T::studentidentificationcode
    } else {
        T::studenteducationorganizationassociationstudentidentifica_c15030
    };
    rows.add(
        table,
        &[
            ("educationorganizationid", org.into()),
            ("studentusi", usi.into()),
            ("assigningorganizationidentificationcode", system.into()),
            ("studentidentificationsystemdescriptorid", id),
            ("identificationcode", code.into()),
        ],
    );
}

/// A student at a school.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attendance {
    pub school: i64,
    pub entry: Day,
    pub exit: Option<(Day, &'static str)>,
    pub grade: &'static str,
    pub primary: Option<bool>,
    pub year: Option<i16>,
}

/// A school association of a student.
pub(super) fn student_school(rows: &mut Rows<'_>, usi: i64, at: Attendance) {
    let grade = rows.code("GradeLevel", at.grade);
    let exit_type = at.exit.map_or(Cell::Null, |(_, value)| rows.code("ExitWithdrawType", value));
    rows.add(
        T::studentschoolassociation,
        &[
            ("entrydate", at.entry.into()),
            ("schoolid", at.school.into()),
            ("studentusi", usi.into()),
            ("entrygradeleveldescriptorid", grade),
            ("exitwithdrawdate", at.exit.map(|(day, _)| day).into()),
            ("exitwithdrawtypedescriptorid", exit_type),
            ("primaryschool", at.primary.into()),
            ("schoolyear", at.year.map(i64::from).into()),
        ],
    );
}

/// A staff member.
pub(super) fn staff(rows: &mut Rows<'_>, usi: i64, unique: &str, name: Name<'_>, login: Option<&str>) {
    let [first, middle, last, suffix, preferred_first, preferred_last] = name.cells();
    rows.add(
        T::staff,
        &[
            ("staffusi", usi.into()),
            ("staffuniqueid", unique.into()),
            first,
            middle,
            last,
            suffix,
            preferred_first,
            preferred_last,
            ("loginid", login.into()),
        ],
    );
}

/// E-mail addresses of a staff member, in 6.1 in the directory of an organization.
pub(super) fn staff_emails(rows: &mut Rows<'_>, org: i64, usi: i64, emails: &[Email<'_>]) {
    let directory = rows.shape() >= Shape::S61;
    let table = if directory { T::staffdirectoryelectronicmail } else { T::staffelectronicmail };
    let key = [("staffusi", usi.into()), ("educationorganizationid", org.into())];
    if directory && !emails.is_empty() {
        rows.add(T::staffdirectory, &key);
    }
    for email in emails {
        let [address, kind, suppressed] = email.cells(rows);
        if directory {
            rows.add(table, &[key[0], key[1], address, kind, suppressed]);
        } else {
            rows.add(table, &[key[0], address, kind, suppressed]);
        }
    }
}

/// An identification code of a staff member; only 6.1 says which organization gave it.
pub(super) fn staff_code(rows: &mut Rows<'_>, org: i64, usi: i64, system: &'static str, code: &str) {
    let system = rows.code("StaffIdentificationSystem", system);
    rows.add(
        T::staffidentificationcode,
        &[
            ("staffusi", usi.into()),
            ("staffidentificationsystemdescriptorid", system),
            ("educationorganizationid", org.into()),
            ("identificationcode", code.into()),
        ],
    );
}

/// An assignment of a staff member to an organization.
pub(super) fn assignment(
    rows: &mut Rows<'_>,
    org: i64,
    usi: i64,
    classification: &'static str,
    begin: Day,
    end: Option<Day>,
) {
    let classification = rows.code("StaffClassification", classification);
    rows.add(
        T::staffeducationorganizationassignmentassociation,
        &[
            ("begindate", begin.into()),
            ("educationorganizationid", org.into()),
            ("staffclassificationdescriptorid", classification),
            ("staffusi", usi.into()),
            ("enddate", end.into()),
        ],
    );
}

/// Employment of a staff member, which no roster reads; money has signs and commas in a CSV extract.
pub(super) fn employment(rows: &mut Rows<'_>, org: i64, usi: i64, hired: Day, hourly: &str) {
    let status = rows.code("EmploymentStatus", "Tenured or permanent");
    rows.add(
        T::staffeducationorganizationemploymentassociation,
        &[
            ("educationorganizationid", org.into()),
            ("employmentstatusdescriptorid", status),
            ("hiredate", hired.into()),
            ("staffusi", usi.into()),
            ("hourlywage", hourly.into()),
        ],
    );
}

/// A staff member at a school.
pub(super) fn staff_school(rows: &mut Rows<'_>, school: i64, usi: i64, year: Option<i16>) {
    let assignment = rows.code("ProgramAssignment", "Regular Education");
    rows.add(
        T::staffschoolassociation,
        &[
            ("programassignmentdescriptorid", assignment),
            ("schoolid", school.into()),
            ("staffusi", usi.into()),
            ("schoolyear", year.map(i64::from).into()),
        ],
    );
}

/// An address under which an organization can reach a staff member; gone with 6.1.
pub(super) fn staff_contact(rows: &mut Rows<'_>, org: i64, usi: i64, title: &str, address: &str) {
    if rows.shape() >= Shape::S61 {
        return;
    }
    rows.add(
        T::staffeducationorganizationcontactassociation,
        &[
            ("contacttitle", title.into()),
            ("educationorganizationid", org.into()),
            ("staffusi", usi.into()),
            ("electronicmailaddress", address.into()),
        ],
    );
}

/// How a data standard calls the people behind a student, and their key.
fn contact_tables(rows: &Rows<'_>) -> ([T; 4], &'static str, &'static str) {
    if rows.shape() >= Shape::S50 {
        let tables =
            [T::contact, T::contactelectronicmail, T::contacttelephone, T::studentcontactassociation];
        (tables, "contactusi", "contactuniqueid")
    } else {
        let tables = [T::parent, T::parentelectronicmail, T::parenttelephone, T::studentparentassociation];
        (tables, "parentusi", "parentuniqueid")
    }
}

/// A contact, in 4.0 a parent.
pub(super) fn contact(rows: &mut Rows<'_>, usi: i64, unique: &str, name: Name<'_>) {
    let ([table, ..], key, unique_key) = contact_tables(rows);
    let [first, middle, last, suffix, preferred_first, preferred_last] = name.cells();
    let values = [
        (key, usi.into()),
        (unique_key, unique.into()),
        first,
        middle,
        last,
        suffix,
        preferred_first,
        preferred_last,
    ];
    // Parents have no preferred names.
    rows.add(table, if rows.shape() >= Shape::S50 { &values } else { &values[..6] });
}

/// An e-mail address of a contact.
pub(super) fn contact_email(rows: &mut Rows<'_>, usi: i64, email: Email<'_>) {
    let ([_, table, ..], key, _) = contact_tables(rows);
    let [address, kind, suppressed] = email.cells(rows);
    rows.add(table, &[(key, usi.into()), address, kind, suppressed]);
}

/// A telephone of a contact.
pub(super) fn contact_telephone(
    rows: &mut Rows<'_>,
    usi: i64,
    number: &str,
    kind: &'static str,
    suppressed: Option<bool>,
    priority: Option<i64>,
) {
    let ([_, _, table, _], key, _) = contact_tables(rows);
    let kind = rows.code("TelephoneNumberType", kind);
    rows.add(
        table,
        &[
            (key, usi.into()),
            ("telephonenumber", number.into()),
            ("telephonenumbertypedescriptorid", kind),
            ("donotpublishindicator", suppressed.into()),
            ("orderofpriority", priority.into()),
        ],
    );
}

/// A contact of a student.
pub(super) fn student_contact(
    rows: &mut Rows<'_>,
    contact: i64,
    student: i64,
    relation: Option<&'static str>,
    primary: bool,
) {
    let ([_, _, _, table], key, _) = contact_tables(rows);
    let relation = relation.map_or(Cell::Null, |value| rows.code("Relation", value));
    rows.add(
        table,
        &[
            (key, contact.into()),
            ("studentusi", student.into()),
            ("emergencycontactstatus", true.into()),
            ("primarycontactstatus", primary.into()),
            ("relationdescriptorid", relation),
        ],
    );
}
