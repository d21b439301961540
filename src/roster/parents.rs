//! Which parents and contacts are exported, and whose (mapping.md section 6, Parents).
//!
//! In: staged contacts and their links, exported students. Out: [`Parents`], row for row with the staged
//! contacts, and the agents both ways. Without `include_parents` nothing was staged and nothing comes out.

use std::collections::BTreeSet;

use crate::notice::{Authority, Code, Severity};
use crate::sourced_id::{Person, SourcedId};

use super::answers::Answers;
use super::clean::clean;
use super::context::Context;
use super::fate::Fate;
use super::filter::Filters;
use super::lists::Lists;
use super::students::{NAME_BLANK, Students};

/// A contact has no exported student.
pub static PARENT_WITHOUT_STUDENT: Code = Code {
    code: "parent-without-student",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "users",
    summary: "Contacts have no exported student: they are not exported.",
    remedy: "Nothing, unless the students should be exported.",
};

/// Parents, parallel to the staged contacts.
#[derive(Debug, Default)]
pub struct Parents {
    /// Ids.
    pub sourced_id: Vec<SourcedId>,
    /// Whether the parent is exported.
    pub fate: Vec<Fate>,
    /// Rows of the students' schools, in the order of orgs.csv.
    pub orgs: Lists,
    /// Role.
    pub role: Vec<&'static str>,
    /// Rows of the exported students of each parent, sorted.
    pub students: Lists,
    /// Rows of the exported parents of each student, sorted.
    pub of_student: Lists,
}

/// The order in which a role is chosen when a contact has several relations.
const ROLES: [&str; 3] = ["parent", "guardian", "relative"];

impl Parents {
    /// Number of contacts, exported or not.
    pub fn len(&self) -> usize {
        self.fate.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.fate.is_empty()
    }

    /// Takes those who are no longer exported out of the agents, both ways.
    pub(super) fn forget_agents(&mut self, students: &[Fate]) {
        let kept = |fates: &[Fate], row: u32| fates[row as usize].kept();
        let (parents, mut of_parent, mut of_student) = (&self.fate, Lists::default(), Lists::default());
        for parent in 0..parents.len() {
            of_parent.push(self.students.of(parent).iter().copied().filter(|&s| kept(students, s)));
        }
        for student in 0..students.len() {
            of_student.push(self.of_student.of(student).iter().copied().filter(|&p| kept(parents, p)));
        }
        (self.students, self.of_student) = (of_parent, of_student);
    }

    pub(super) fn build(ctx: &mut Context<'_>, filters: &mut Filters, students: &Students) -> Parents {
        let staged = ctx.staged;
        let mut parents = Parents::default();
        let mut relations =
            ctx.crosswalks.relations.as_ref().map(|r| Answers::new(r, &staged.descriptors, |&word| word));
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        let mut key = String::new();
        let mut links = &staged.student_contacts[..];
        for person in 0..staged.contacts.len() as u32 {
            let unique_id = staged.contacts.unique_id.get(person as usize);
            ctx.keys.user(&mut key, Person::Parent, unique_id, None);
            parents.sourced_id.push(SourcedId::of(&key));
            let (mine, rest) = links.split_at(links.iter().take_while(|link| link.contact == person).count());
            links = rest;
            let mut children = BTreeSet::new();
            let mut role = None;
            for link in mine.iter().filter(|link| students.fate[link.student as usize].kept()) {
                children.insert(link.student);
                let word = relations.as_mut().and_then(|r| r.ask(link.relation).mapped()).unwrap_or("parent");
                let rank = |word: &str| ROLES.iter().position(|r| *r == word).unwrap_or(ROLES.len());
                role = role.into_iter().chain([word]).min_by_key(|word| (rank(word), *word));
            }
            let named = !clean(staged.contacts.first.get(person as usize)).is_empty()
                && !clean(staged.contacts.last.get(person as usize)).is_empty();
            let fate = if children.is_empty() {
                ctx.causes.fate(&PARENT_WITHOUT_STUDENT, "no exported student")
            } else if !named {
                ctx.causes.fate(&NAME_BLANK, "contact")
            } else {
                filters.role(ctx, role.unwrap_or("parent"))
            };
            if !fate.kept() {
                children.clear();
            }
            let orgs: BTreeSet<u32> =
                children.iter().flat_map(|&c| students.orgs.of(c as usize)).copied().collect();
            pairs.extend(children.iter().map(|&student| (student, person)));
            parents.fate.push(fate);
            parents.role.push(role.filter(|_| fate.kept()).unwrap_or(""));
            parents.orgs.push(orgs);
            parents.students.push(children);
        }
        pairs.sort_unstable();
        parents.of_student = Lists::from_sorted(students.len(), &pairs);
        if let Some(relations) = &relations {
            ctx.collect(relations);
        }
        parents
    }
}
