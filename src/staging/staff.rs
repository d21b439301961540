//! What hangs on staff members and contacts: addresses by title, assignments, schools, children.
//!
//! In: staffContactAddress, the assignment and school associations of staff, studentContactAssociation. Out: rows by
//! person, sorted. Who is exported by virtue of them is the roster's.

use crate::edfi::contract as c;
use crate::source::SourceError;

use super::descriptors::{Descriptor, Descriptors};
use super::order;
use super::people::{People, PersonText, PersonTextColumns, PersonTexts, TextCollection, read_rows};
use super::read::Reader;
use super::{StaffAssignment, StaffSchool, StudentContact};

/// Addresses of staff as contacts of an organization: USI, title as a descriptor, address.
pub(super) type Titles = Vec<(i64, Descriptor, String)>;

/// Reads the addresses of staff as contacts of an organization. Titles play the part of an e-mail type (the edu
/// mapping), so they become descriptors.
pub(super) fn read_titles(reader: &Reader<'_>, descriptors: &mut Descriptors) -> Result<Titles, SourceError> {
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

/// Reads the e-mail addresses of staff and adds those by title.
pub(super) fn read_emails(
    reader: &Reader<'_>,
    at: PersonTextColumns,
    people: &People,
    titles: &Titles,
    d: &Descriptors,
) -> Result<PersonTexts, SourceError> {
    let mut emails = TextCollection::default();
    emails.read(reader, &c::staff_emails::TABLE, at, people, d)?;
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
            text: address.into(),
        };
        emails.push(person, text)?;
    }
    Ok(emails.sorted())
}

/// Reads the assignments of staff to organizations.
pub(super) fn read_assignments(
    reader: &Reader<'_>,
    people: &People,
    d: &Descriptors,
) -> Result<Vec<StaffAssignment>, SourceError> {
    use c::staff_assignments as t;
    let mut assignments = read_rows(reader, &t::TABLE, t::USI, people, |staff, b, r| {
        Some(StaffAssignment {
            staff,
            organization: b.int(t::ORGANIZATION, r)?,
            classification: reader.descriptor(
                d,
                b.int(t::CLASSIFICATION, r),
                "staffEducationOrganizationAssignmentAssociation.staffClassificationDescriptorId",
            ),
            begin: b.date(t::BEGIN, r),
            end: b.date(t::END, r),
        })
    })?;
    let key = |row: &StaffAssignment| (row.organization, d.place(row.classification), row.begin, row.end);
    order::sort_by(&mut assignments, |row| row.staff, |x, y| key(x).cmp(&key(y)));
    Ok(assignments)
}

/// Reads the school associations of staff.
pub(super) fn read_schools(reader: &Reader<'_>, people: &People) -> Result<Vec<StaffSchool>, SourceError> {
    use c::staff_schools as t;
    let mut schools = read_rows(reader, &t::TABLE, t::USI, people, |staff, b, r| {
        let year = b.int(t::YEAR, r).and_then(|y| i16::try_from(y).ok());
        Some(StaffSchool { staff, school: b.int(t::SCHOOL, r)?, year })
    })?;
    schools.sort_unstable();
    schools.dedup();
    Ok(schools)
}

/// Reads whose contact is who.
pub(super) fn read_student_contacts(
    reader: &Reader<'_>,
    contacts: &People,
    students: &People,
    d: &Descriptors,
) -> Result<Vec<StudentContact>, SourceError> {
    use c::student_contacts as t;
    let mut links = read_rows(reader, &t::TABLE, t::CONTACT, contacts, |contact, b, r| {
        let Some(student) = students.index.get(b.int(t::STUDENT, r)) else {
            reader.orphan(&t::TABLE, "student");
            return None;
        };
        Some(StudentContact {
            contact,
            student,
            relation: reader.descriptor(
                d,
                b.int(t::RELATION, r),
                "studentContactAssociation.relationDescriptorId",
            ),
        })
    })?;
    let place = |link: &StudentContact| d.place(link.relation);
    order::sort_by(&mut links, |link| (link.contact, link.student), |x, y| place(x).cmp(&place(y)));
    Ok(links)
}
