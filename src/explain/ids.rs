//! From an id of the package back to the row of the source that it stands for.
//!
//! In: a sourcedId and a closed roster. Out: the file, the text that was hashed, and the subject: a person, a class, and
//! so on; for an enrollment, role or result the person, for a line item the class. Rows that are left out have ids too.

use serde::Serialize;

use super::ask::{SectionKey, Subject};
use super::world::World;
use crate::day::Day;
use crate::roster::classes::class_key;
use crate::roster::gradebook::line_item_key;
use crate::roster::roles::roles_of;
use crate::roster::sessions::{Session, SessionKey};
use crate::roster::users::{UserRef, person_word};
use crate::sourced_id::{NaturalKeys, Person, SourcedId};
use crate::spec::{File, Version};

/// What an id stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdTold {
    /// The id.
    pub sourced_id: String,
    /// Name with `.csv` of the file in which it is, or would be, the id of a row.
    pub file: &'static str,
    /// The text that it is the MD5 of.
    pub natural_key: String,
    /// What it stands for, in words.
    pub stands_for: String,
    #[serde(skip)]
    own: Option<(File, SourcedId)>,
}

impl IdTold {
    /// The answer's first sentence.
    pub(super) fn sentence(&self) -> String {
        format!("{} is the id of {} in {}.", self.sourced_id, self.stands_for, self.file)
    }

    /// The id with its file, where it is no subject's.
    pub(super) fn own(&self) -> Option<(File, SourcedId)> {
        self.own
    }
}

/// An id that was found.
pub(super) struct FoundId {
    /// What it stands for.
    pub told: IdTold,
    /// The row of the source; none where there is none.
    pub subject: Option<Subject>,
}

struct Search<'w, 'a> {
    world: &'w World<'a>,
    id: SourcedId,
    key: String,
}

/// Finds what an id stands for: in the files' order, so that of colliding rows the first is told.
pub(super) fn find(world: &World<'_>, id: SourcedId) -> Option<FoundId> {
    let mut search = Search { world, id, key: String::new() };
    search
        .orgs()
        .or_else(|| search.sessions())
        .or_else(|| search.courses())
        .or_else(|| search.classes())
        .or_else(|| search.users())
        .or_else(|| search.roles())
        .or_else(|| search.enrollments())
        .or_else(|| search.gradebook())
}

impl Search<'_, '_> {
    fn told(
        &mut self,
        file: File,
        stands_for: String,
        subject: Option<Subject>,
        write: impl FnOnce(&NaturalKeys, &mut String),
    ) -> FoundId {
        write(&self.world.keys, &mut self.key);
        let own = Some((file, self.id));
        FoundId {
            told: IdTold {
                sourced_id: self.id.hex(),
                file: file.csv_name(),
                natural_key: std::mem::take(&mut self.key),
                stands_for,
                own,
            },
            subject,
        }
    }

    fn orgs(&mut self) -> Option<FoundId> {
        let org = self.world.roster.orgs.rows.iter().find(|org| org.sourced_id == self.id)?;
        let (id, department) = (org.id, org.department.clone());
        Some(match department {
            None => self.told(
                File::Orgs,
                format!("{} {id}", org.kind.word()),
                Some(Subject::Org { id }),
                |keys, key| keys.org(key, id),
            ),
            Some(name) => self.told(
                File::Orgs,
                format!("department {name} of organization {id}"),
                Some(Subject::Department { owner: id, name: name.clone() }),
                |keys, key| keys.department(key, id, &name),
            ),
        })
    }

    fn sessions(&mut self) -> Option<FoundId> {
        let world = self.world;
        let session: &Session = world.roster.sessions.rows.iter().find(|s| s.sourced_id == self.id)?;
        let school = session.school.unwrap_or(session.lea);
        let year = i64::from(world.plan.school_year);
        let subject = match &session.key {
            SessionKey::Year => Subject::Year { lea: session.lea },
            SessionKey::Session { name } => Subject::Session { school, name: name.clone(), year },
            SessionKey::GradingPeriod { period, name } => {
                Subject::GradingPeriod { school, period: period.clone(), name: name.clone() }
            }
        };
        let whose = world.roster.orgs.year_of(session.lea);
        Some(self.told(
            File::AcademicSessions,
            session.label(),
            Some(subject),
            |keys, key| match &session.key {
                SessionKey::Year => keys.school_year(key, whose),
                SessionKey::Session { name } => keys.session(key, school, name),
                SessionKey::GradingPeriod { period, name } => keys.grading_period(key, school, period, name),
            },
        ))
    }

    fn courses(&mut self) -> Option<FoundId> {
        let course = self.world.roster.courses.rows.iter().find(|course| course.sourced_id == self.id)?;
        let (owner, lea, code) = (course.owner, course.lea, course.code.clone());
        let subject = Subject::Course { owner, code: code.clone() };
        Some(self.told(
            File::Courses,
            format!("course {code} of organization {owner} in LEA {lea}"),
            Some(subject),
            |keys, key| keys.course(key, lea, owner, &code),
        ))
    }

    fn section(&self, section: usize) -> Subject {
        let key = SectionKey::of(class_key(self.world.staged, section));
        Subject::Section { key, year: i64::from(self.world.plan.school_year) }
    }

    fn classes(&mut self) -> Option<FoundId> {
        let world = self.world;
        let ids = &world.roster.classes.sourced_id;
        // Of colliding classes the exported one.
        let same = |section: &usize| ids[*section] == self.id;
        let kept = (0..ids.len()).filter(same).find(|&n| world.roster.classes.fate[n].kept());
        let section = kept.or_else(|| (0..ids.len()).find(same))?;
        let (label, subject) = (world.section_label(section as u32), self.section(section));
        Some(self.told(File::Classes, format!("section {label}"), Some(subject), |keys, key| {
            keys.class(key, class_key(world.staged, section));
        }))
    }

    fn person(&self, person: Person, row: u32) -> Subject {
        Subject::Person { person, unique_id: self.world.unique_id(person, row).to_owned() }
    }

    fn users(&mut self) -> Option<FoundId> {
        let world = self.world;
        let users = &world.roster.users;
        for person in [Person::Student, Person::Staff, Person::Parent] {
            for row in 0..world.people(person).len() as u32 {
                let user = UserRef { person, row };
                if let Some(found) = users.rows(user).find(|&found| users.row_id(found) == self.id) {
                    let label = users.row_label(found, world.staged, &world.roster.orgs);
                    let school = users.key_school(found, &world.roster.orgs);
                    let subject = self.person(person, row);
                    return Some(self.told(File::Users, label, Some(subject), |keys, key| {
                        keys.user(key, person, world.unique_id(person, row), school);
                    }));
                }
            }
        }
        None
    }

    fn roles(&mut self) -> Option<FoundId> {
        let world = self.world;
        if world.edition.version == Version::V1p1 {
            return None;
        }
        let (users, orgs) = (&world.roster.users, &world.roster.orgs);
        for user_row in users.exported_rows() {
            let (person, row) = (user_row.user.person, user_row.user.row);
            let (unique_id, school) = (world.unique_id(person, row), users.key_school(user_row, orgs));
            for role in roles_of(world.plan, world.staged, world.roster, user_row) {
                let org = orgs.rows[role.org as usize].id;
                world.keys.role(&mut self.key, person, unique_id, school, org, role.role);
                if SourcedId::of(&self.key) == self.id {
                    let stands_for =
                        format!("the role {} of {} {unique_id} at org {org}", role.role, person_word(person));
                    let subject = self.person(person, row);
                    return Some(self.told(File::Roles, stands_for, Some(subject), |keys, key| {
                        keys.role(key, person, unique_id, school, org, role.role);
                    }));
                }
            }
        }
        None
    }

    fn enrollments(&mut self) -> Option<FoundId> {
        let world = self.world;
        // Associations stand by section: the section's part of the key is made once for each.
        let mut part = (u32::MAX, String::new());
        let of_staff = world.before.staff.iter().map(|f| (Person::Staff, f.section, f.staff, f.begin));
        let of_students =
            world.before.students.iter().map(|f| (Person::Student, f.section, f.student, f.begin));
        for (person, section, row, begin) in of_staff.chain(of_students) {
            if part.0 != section {
                world.keys.class_part(&mut part.1, class_key(world.staged, section as usize));
                part.0 = section;
            }
            let unique_id = world.unique_id(person, row);
            world.keys.enrollment(&mut self.key, person, unique_id, &part.1, begin);
            if SourcedId::of(&self.key) == self.id {
                let from = begin.map_or_else(String::new, |day: Day| format!(" from {day}"));
                let stands_for = format!(
                    "the enrollment of {} {unique_id} in section {}{from}",
                    person_word(person),
                    world.section_label(section)
                );
                let subject = self.person(person, row);
                return Some(self.told(File::Enrollments, stands_for, Some(subject), |keys, key| {
                    keys.enrollment(key, person, unique_id, &part.1, begin);
                }));
            }
        }
        None
    }

    fn gradebook(&mut self) -> Option<FoundId> {
        let world = self.world;
        let gradebook = world.gradebook;
        if let Some(category) = gradebook.categories.iter().find(|category| category.sourced_id == self.id) {
            return Some(self.told(
                File::Categories,
                format!("category {}", category.title),
                None,
                |keys, key| {
                    keys.category(key, &category.title);
                },
            ));
        }
        if let Some(item) = gradebook.items.iter().find(|item| item.sourced_id == self.id) {
            let subject = self.section(item.class as usize);
            let stands_for = format!("a line item of section {}", world.section_label(item.class));
            return Some(self.told(File::LineItems, stands_for, Some(subject), |keys, key| {
                keys.line_item(key, line_item_key(world.staged, item));
            }));
        }
        for result in &gradebook.results {
            let item = &gradebook.items[result.item as usize];
            let unique_id = world.unique_id(Person::Student, result.student);
            world.keys.result(&mut self.key, line_item_key(world.staged, item), unique_id);
            if SourcedId::of(&self.key) == self.id {
                let stands_for =
                    format!("a result of student {unique_id} in section {}", world.section_label(item.class));
                let subject = self.person(Person::Student, result.student);
                return Some(self.told(File::Results, stands_for, Some(subject), |keys, key| {
                    keys.result(key, line_item_key(world.staged, item), unique_id);
                }));
            }
        }
        None
    }
}
