//! Rows of users.csv: a person is one row, or, under id scheme `edfi-oneroster`, one row per school.
//!
//! In: the exported persons with their organizations. Out: the rows of each person, the id of each row, and the
//! row that an enrollment at a school refers to. users.csv, demographics.csv, roles.csv, enrollments.csv, agents
//! and closure all ask here. Where a person is one row, nothing is stored and nothing is looked up.

use std::ops::Range;

use crate::notice::{Authority, Code, Severity};
use crate::sourced_id::{Person, SourcedId};
use crate::staging::Staged;

use super::context::Context;
use super::fate::Fate;
use super::lists::Lists;
use super::orgs::{OrgType, Orgs};
use super::staff::choose_role;
use super::users::{UserRef, Users, person_word};

/// A person is several users.
pub static USER_PER_SCHOOL: Code = Code {
    code: "user-per-school",
    severity: Severity::Info,
    authority: Authority::Consumer,
    file: "users",
    summary: "People belong to several schools: under id scheme `edfi-oneroster` each is one user per school, with the same identifier, username and e-mail address.",
    remedy: "Nothing, if the vendor knows the ids of the Ed-Fi service. Id schemes `edu` and `stable` have one user per person.",
};
/// An organization of a staff member has no row.
pub static STAFF_ORG_WITHOUT_ROW: Code = Code {
    code: "staff-org-without-user-row",
    severity: Severity::Warning,
    authority: Authority::Policy,
    file: "users",
    summary: "Staff members with schools also belong to a district or state: under id scheme `edfi-oneroster` a user row is for a school, so that this does not show.",
    remedy: "Nothing, or use id scheme `edu` or `stable`.",
};
/// An enrollment is at a school at which the person has no row.
pub static ENROLLMENT_USER_ELSEWHERE: Code = Code {
    code: "enrollment-user-elsewhere",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "enrollments",
    summary: "Students are in classes of a school that they do not attend, so that under id scheme `edfi-oneroster` they have no user row there: the enrollment refers to the row of their primary school. The Ed-Fi service refers to a user that does not exist.",
    remedy: "Record a student school association with that school if the student attends it.",
};

/// One row of users.csv.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserRow {
    /// The person.
    pub user: UserRef,
    /// Place among the rows of the person.
    place: u32,
}

/// Rows of a file by number, so that its blocks can be written apart; only every so many is kept.
#[derive(Debug)]
pub struct NumberedRows {
    starts: Vec<UserRow>,
    len: usize,
}

/// How many rows there are from one that is kept to the next.
const STRIDE: usize = 1024;

impl NumberedRows {
    /// Numbers the leading rows of [`Users::exported_rows`].
    pub fn new(rows: impl Iterator<Item = UserRow>) -> NumberedRows {
        let (mut starts, mut len) = (Vec::new(), 0);
        for row in rows {
            if len % STRIDE == 0 {
                starts.push(row);
            }
            len += 1;
        }
        NumberedRows { starts, len }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The rows of a range of numbers.
    pub fn range<'u>(
        &self,
        users: &'u Users,
        range: Range<usize>,
    ) -> impl Iterator<Item = UserRow> + use<'u> {
        let start = self.starts.get(range.start / STRIDE).copied();
        let rows = start.into_iter().flat_map(|start| users.exported_rows_from(start));
        rows.skip(range.start % STRIDE).take(range.end.min(self.len).saturating_sub(range.start))
    }
}

/// Rows by person, where a person can be several.
#[derive(Debug, Default)]
pub struct UserRows(Option<Box<PerSchool>>);

#[derive(Debug, Default)]
struct PerSchool {
    students: Schools,
    staff: Schools,
    /// Primary school of each parent, exported or not: it is part of the id, and of nothing else.
    parents: Vec<Option<i64>>,
}

/// Schools for which each person has a row, with the ids of these rows.
#[derive(Debug, Default)]
struct Schools {
    orgs: Lists,
    ids: Vec<SourcedId>,
}

impl UserRows {
    fn schools(&self, person: Person) -> Option<&Schools> {
        let per_school = self.0.as_deref()?;
        match person {
            Person::Student => Some(&per_school.students),
            Person::Staff => Some(&per_school.staff),
            Person::Parent => None,
        }
    }
}

impl Users {
    /// The rows of a person, in the order of the file: the primary school of a student first, then by school.
    pub fn rows(&self, user: UserRef) -> impl Iterator<Item = UserRow> + use<> {
        let schools = self.rows.schools(user.person).map_or(0, |s| s.orgs.of(user.row as usize).len());
        // Who has no school has one row without.
        (0..schools.max(1) as u32).map(move |place| UserRow { user, place })
    }

    /// All exported rows, in the order of users.csv: students, staff, parents.
    pub fn exported_rows(&self) -> impl Iterator<Item = UserRow> + '_ {
        self.exported().flat_map(|user| self.rows(user))
    }

    /// The same from one of them on.
    fn exported_rows_from(&self, start: UserRow) -> impl Iterator<Item = UserRow> + '_ {
        self.exported_from(start.user).flat_map(|user| self.rows(user)).skip(start.place as usize)
    }

    /// Id of a row.
    pub fn row_id(&self, row: UserRow) -> SourcedId {
        let own = self.rows.schools(row.user.person).and_then(|schools| {
            let rows = schools.orgs.range(row.user.row as usize);
            schools.ids.get(rows)?.get(row.place as usize).copied()
        });
        own.unwrap_or_else(|| self.sourced_id(row.user))
    }

    /// Rows of the organizations of a row: those of the person, or the one school that the row is for.
    pub fn row_orgs(&self, row: UserRow) -> &[u32] {
        let schools = self.rows.schools(row.user.person).map(|s| s.orgs.of(row.user.row as usize));
        match schools.and_then(|s| s.get(row.place as usize)) {
            Some(school) => std::slice::from_ref(school),
            None => self.orgs(row.user),
        }
    }

    /// The one school that a row is for; `None` where a person has one row for all organizations.
    pub fn row_school(&self, row: UserRow) -> Option<u32> {
        let schools = self.rows.schools(row.user.person)?;
        schools.orgs.of(row.user.row as usize).get(row.place as usize).copied()
    }

    /// The school in the natural key of a row.
    pub fn key_school(&self, row: UserRow, orgs: &Orgs) -> Option<i64> {
        match row.user.person {
            Person::Parent => self.rows.0.as_deref()?.parents.get(row.user.row as usize).copied().flatten(),
            Person::Student | Person::Staff => self.row_school(row).map(|n| orgs.rows[n as usize].id),
        }
    }

    /// The natural key of a row for people.
    pub fn row_label(&self, row: UserRow, staged: &Staged, orgs: &Orgs) -> String {
        let people = match row.user.person {
            Person::Student => &staged.students,
            Person::Staff => &staged.staff,
            Person::Parent => &staged.contacts,
        };
        let (word, unique_id) = (person_word(row.user.person), people.unique_id.get(row.user.row as usize));
        match self.key_school(row, orgs) {
            Some(school) => format!("{word} {unique_id} at school {school}"),
            None => format!("{word} {unique_id}"),
        }
    }

    /// Leaves out a person who lost an id collision, among the agents of others too.
    pub(super) fn leave_out(&mut self, user: UserRef, fate: Fate) {
        let row = user.row as usize;
        match user.person {
            Person::Student => self.students.fate[row] = fate,
            Person::Staff => self.staff.fate[row] = fate,
            Person::Parent => self.parents.fate[row] = fate,
        }
        self.parents.forget_agents(&self.students.fate);
    }

    /// Id of the row that stands for a person at a school: the row of that school, else the primary row.
    #[inline]
    pub fn id_at(&self, user: UserRef, school: u32) -> SourcedId {
        match &self.rows.0 {
            None => self.sourced_id(user),
            Some(_) => self.own_row(user, school).unwrap_or_else(|| self.sourced_id(user)),
        }
    }

    /// Whether enrollments of a person at a school have to refer to a row of another school.
    #[inline]
    pub fn is_elsewhere(&self, user: UserRef, school: u32) -> bool {
        self.rows.0.is_some() && self.own_row(user, school).is_none()
    }

    fn own_row(&self, user: UserRef, school: u32) -> Option<SourcedId> {
        let schools = self.rows.schools(user.person)?;
        let rows = schools.orgs.range(user.row as usize);
        let place = schools.orgs.of(user.row as usize).iter().position(|&org| org == school)?;
        schools.ids.get(rows.start + place).copied()
    }

    /// Gives every person the rows that the id scheme asks for. The id of a person is that of the primary row.
    pub(super) fn make_rows(&mut self, ctx: &mut Context<'_>, orgs: &Orgs) {
        if !ctx.keys.scheme().user_per_school() {
            return;
        }
        let schools_of = |list: &[u32]| -> Vec<u32> {
            list.iter().copied().filter(|&n| orgs.rows[n as usize].kind == OrgType::School).collect()
        };
        let mut rows = PerSchool::default();
        for student in 0..self.students.len() {
            let schools = schools_of(self.students.orgs.of(student));
            let user = UserRef { person: Person::Student, row: student as u32 };
            self.students.sourced_id[student] =
                rows.students.add(ctx, orgs, user, &schools, schools.first().copied());
        }
        let mut beside: std::collections::BTreeMap<u32, u64> = std::collections::BTreeMap::new();
        for staff in 0..self.staff.len() {
            let all = self.staff.orgs.of(staff);
            let schools = schools_of(all);
            if !schools.is_empty() {
                all.iter().filter(|n| !schools.contains(n)).for_each(|&n| *beside.entry(n).or_default() += 1);
            }
            // The place of the main role, where it is a school; else the first school.
            let main = choose_role(&self.staff.evidence[staff], &ctx.plan.mapping.staff_role_priority)
                .and_then(|evidence| evidence.org)
                .filter(|org| schools.contains(org))
                .or(schools.first().copied());
            let user = UserRef { person: Person::Staff, row: staff as u32 };
            self.staff.sourced_id[staff] = rows.staff.add(ctx, orgs, user, &schools, main);
        }
        for (org, people) in beside {
            let cause = format!("org {}", orgs.rows[org as usize].id);
            ctx.notices.count(&STAFF_ORG_WITHOUT_ROW, &cause, people);
        }
        let mut key = String::new();
        for parent in 0..self.parents.len() {
            let school = school_of_parent(ctx, orgs, parent as u32);
            let unique_id = ctx.staged.contacts.unique_id.get(parent);
            ctx.keys.user(&mut key, Person::Parent, unique_id, school);
            self.parents.sourced_id[parent] = SourcedId::of(&key);
            rows.parents.push(school);
        }
        self.rows = UserRows(Some(Box::new(rows)));
    }
}

impl Schools {
    /// Adds the rows of the next person; the id of the row at `main`, or without a school.
    fn add(
        &mut self,
        ctx: &mut Context<'_>,
        orgs: &Orgs,
        user: UserRef,
        schools: &[u32],
        main: Option<u32>,
    ) -> SourcedId {
        let unique_id = match user.person {
            Person::Staff => ctx.staged.staff.unique_id.get(user.row as usize),
            _ => ctx.staged.students.unique_id.get(user.row as usize),
        };
        if schools.len() > 1 {
            ctx.notices.add(&USER_PER_SCHOOL, person_word(user.person), unique_id);
        }
        let mut key = String::new();
        let mut id_of = |school: Option<u32>| {
            let school = school.map(|n| orgs.rows[n as usize].id);
            ctx.keys.user(&mut key, user.person, unique_id, school);
            SourcedId::of(&key)
        };
        self.orgs.push(schools.iter().copied());
        self.ids.extend(schools.iter().map(|&school| id_of(Some(school))));
        id_of(main)
    }
}

/// The primary school of a parent as the Ed-Fi service finds it: over all school associations of all children, of
/// whatever year, the latest entry, then the lowest id.
fn school_of_parent(ctx: &Context<'_>, orgs: &Orgs, parent: u32) -> Option<i64> {
    let (links, attended) = (&ctx.staged.student_contacts, &ctx.staged.student_schools);
    let is_school = |id: i64| orgs.find(id).is_some_and(|n| orgs.rows[n as usize].kind == OrgType::School);
    links[links.partition_point(|link| link.contact < parent)..]
        .iter()
        .take_while(|link| link.contact == parent)
        .flat_map(|link| attended.of(link.student))
        .filter(|a| is_school(a.school))
        .max_by_key(|a| (a.entry, std::cmp::Reverse(a.school)))
        .map(|a| a.school)
}
