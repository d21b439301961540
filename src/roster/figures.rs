//! The figures of a closed roster, for the report: how many persons and classes, at which school, in classes of what size.
//!
//! In: the plan and a closed [`Roster`]. Out: [`Figures`], counted on the typed tables in one walk over the persons and the
//! classes: no text is made and nothing is kept per row. What the plan does not write is not counted: a package without
//! users.csv has no students. Nothing is judged here.

use serde::Serialize;

use super::Roster;
use super::orgs::OrgType;
use super::users::UserRef;
use crate::config::plan::Plan;
use crate::sourced_id::{Person, SourcedId};
use crate::spec::File;

/// Upper bounds of the steps of [`Figures::class_sizes`]; what is above the last is one step more.
pub const CLASS_SIZES: [u64; 9] = [0, 5, 10, 15, 20, 25, 30, 35, 40];

/// The group under which the users of a kind of person are counted: behind the rows of all organizations, of which there
/// are far fewer.
pub const fn person_group(person: Person) -> u32 {
    u32::MAX
        - match person {
            Person::Student => 2,
            Person::Staff => 1,
            Person::Parent => 0,
        }
}

/// What there is in all, or at one organization.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tallies {
    /// Students as persons, whatever their number of rows.
    pub students: u64,
    /// Members of staff.
    pub staff: u64,
    /// Parents and other contacts.
    pub parents: u64,
    /// Courses.
    pub courses: u64,
    /// Classes.
    pub classes: u64,
    /// Enrollments of students.
    pub student_enrollments: u64,
    /// Enrollments of teachers.
    pub teacher_enrollments: u64,
    /// Classes that no student is in.
    pub classes_without_students: u64,
    /// Classes that nobody teaches.
    pub classes_without_teacher: u64,
}

impl Tallies {
    fn person(&mut self, person: Person) {
        match person {
            Person::Student => self.students += 1,
            Person::Staff => self.staff += 1,
            Person::Parent => self.parents += 1,
        }
    }

    /// Whether there is nothing at all.
    pub fn is_empty(&self) -> bool {
        *self == Tallies::default()
    }
}

/// An exported organization and what there is at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgFigures {
    /// Its row in the roster: the group that emitted rows are counted under.
    pub row: u32,
    /// Its sourcedId.
    pub sourced_id: SourcedId,
    /// educationOrganizationId.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: OrgType,
    /// What there is at it; who belongs to several organizations counts at each.
    pub tallies: Tallies,
}

/// The figures of a roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// The whole roster; everybody counts once.
    pub total: Tallies,
    /// Every exported organization, in output order.
    pub orgs: Vec<OrgFigures>,
    /// Classes by number of students: one for each step of [`CLASS_SIZES`], and those above.
    pub class_sizes: [u64; CLASS_SIZES.len() + 1],
}

impl Figures {
    /// Counts a closed roster.
    pub fn of(plan: &Plan, roster: &Roster) -> Figures {
        let mut total = Tallies::default();
        let mut at = vec![Tallies::default(); roster.orgs.rows.len()];
        let mut class_sizes = [0; CLASS_SIZES.len() + 1];
        if plan.scope.writes(File::Users) {
            for user in roster.users.exported() {
                total.person(user.person);
                roster.users.orgs(user).iter().for_each(|&org| at[org as usize].person(user.person));
            }
        }
        if plan.scope.writes(File::Courses) {
            for course in roster.courses.rows.iter().filter(|course| course.fate.kept()) {
                total.courses += 1;
                at[course.org as usize].courses += 1;
            }
        }
        let enrollments = plan.scope.writes(File::Enrollments);
        let written = plan.scope.writes(File::Classes);
        for class in (0..roster.classes.len()).filter(|&n| written && roster.classes.fate[n].kept()) {
            let mut own = Tallies { classes: 1, ..Tallies::default() };
            if enrollments {
                own.student_enrollments = roster.enrollments.students(class).len() as u64;
                own.teacher_enrollments = roster.enrollments.teachers(class).len() as u64;
                own.classes_without_students = u64::from(own.student_enrollments == 0);
                own.classes_without_teacher = u64::from(own.teacher_enrollments == 0);
                class_sizes[CLASS_SIZES.partition_point(|&size| size < own.student_enrollments)] += 1;
            }
            for tallies in [&mut total, &mut at[roster.classes.org[class] as usize]] {
                tallies.classes += 1;
                tallies.student_enrollments += own.student_enrollments;
                tallies.teacher_enrollments += own.teacher_enrollments;
                tallies.classes_without_students += own.classes_without_students;
                tallies.classes_without_teacher += own.classes_without_teacher;
            }
        }
        let orgs = (0u32..).zip(&roster.orgs.rows).zip(at).filter(|((_, org), _)| org.fate.kept());
        let figures = |((row, org), tallies): ((u32, &super::orgs::Org), Tallies)| OrgFigures {
            row,
            sourced_id: org.sourced_id,
            id: org.id,
            name: org.name.clone(),
            kind: org.kind,
            tallies,
        };
        Figures { total, orgs: orgs.map(figures).collect(), class_sizes }
    }
}

/// Every exported user of the roster with all ids that a sample may name: the unique id, and the sourcedId of each row.
pub fn users_and_ids(roster: &Roster) -> impl Iterator<Item = (UserRef, SourcedId)> + '_ {
    roster.users.exported_rows().map(|row| (row.user, roster.users.row_id(row)))
}
