//! The state, the service center and the agencies: what stands above the schools.
//!
//! In: the family. Out: their rows, their courses and programs, and the staff of the agencies.

use super::catalog::{self, Owner};
use super::chance::Chance;
use super::family::{DEPARTMENT, FIRST_STAFF, Family, SERVICE_CENTER, STATE_AGENCY, UNIVERSITY, date};
use super::org_records as org;
use super::rows::{Layout, Rows};
use super::staff;
use super::tables::TableId as T;

/// Programs of every agency: name and type.
pub(super) const PROGRAMS: [(&str, &str); 3] = [
    ("Special Education", "Special Education"),
    ("English Learner Services", "English as a Second Language (ESL)"),
    ("Gifted, Talented & Creative", "Gifted and Talented"),
];

/// Streams of chances of the agencies begin here; schools follow in `schools.rs`.
const AGENCY_STREAMS: u64 = 1 << 32;

/// Descriptors, school years, the state agency, the service center, and organizations that no roster has.
pub(super) fn write_state(family: &Family, layout: &Layout, rows: &mut Rows<'_>) {
    layout.codes.write(rows);
    let current = family.plan.school_year;
    for year in current - 3..=current + 1 {
        rows.add(
            T::schoolyeartype,
            &[
                ("schoolyear", i64::from(year).into()),
                ("currentschoolyear", (year == current + 1).into()),
                ("schoolyeardescription", format!("{}-{year}", year - 1).as_str().into()),
            ],
        );
    }
    org::organization(rows, STATE_AGENCY, "Lone Prairie Education Agency", "State Education Agency");
    rows.add(T::stateeducationagency, &[("stateeducationagencyid", STATE_AGENCY.into())]);
    org::organization(rows, SERVICE_CENTER, "Region 99 Education Service Center", "Education Service Center");
    rows.add(
        T::educationservicecenter,
        &[
            ("educationservicecenterid", SERVICE_CENTER.into()),
            ("stateeducationagencyid", STATE_AGENCY.into()),
        ],
    );
    org::organization(rows, UNIVERSITY, "Prairie State University", "Post Secondary Institution");
    rows.add(T::postsecondaryinstitution, &[("postsecondaryinstitutionid", UNIVERSITY.into())]);
    org::organization(rows, DEPARTMENT, "Department of Curriculum", "Organization Department");
    rows.add(
        T::organizationdepartment,
        &[
            ("organizationdepartmentid", DEPARTMENT.into()),
            ("parenteducationorganizationid", super::FIRST_AGENCY.into()),
        ],
    );
    for (owner, id) in [(Owner::State, STATE_AGENCY), (Owner::ServiceCenter, SERVICE_CENTER)] {
        for course in catalog::courses(owner) {
            org::course(rows, id, &course);
        }
    }
}

/// An agency with its courses, programs and own staff.
pub(super) fn write_agency(family: &Family, index: usize, rows: &mut Rows<'_>) {
    let agency = &family.agencies[index];
    let mut chance = Chance::new(family.plan.seed, AGENCY_STREAMS + index as u64);
    let ending = if index % 3 == 1 { "Charter Schools" } else { "Independent School District" };
    org::organization(rows, agency.id, &format!("{} {ending}", agency.name), "Local Education Agency");
    org::agency(rows, agency);
    org::organization_code(rows, agency.id, "NCES", &format!("48{:05}", 10_000 + index));
    org::address(rows, agency.id, &format!("{} Central Avenue", 100 + index), &agency.name);
    for course in catalog::courses(Owner::Agency) {
        org::course(rows, agency.id, &course);
    }
    for (name, kind) in PROGRAMS {
        org::program(rows, agency.id, name, kind);
    }
    let hired = date(family.plan.school_year - 4, 7, 1);
    let posts =
        ["Superintendent", "Assistant Superintendent", "LEA Administrator", "Instructional Coordinator"];
    for (nth, post) in posts.into_iter().enumerate() {
        let number = agency.first_staff + nth as u64;
        let usi = FIRST_STAFF + number as i64;
        staff::write_person(family, &agency.domain, agency.id, number, &mut chance, rows);
        super::person_records::assignment(rows, agency.id, usi, post, hired, None);
    }
}
