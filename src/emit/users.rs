//! users.csv: mapping.md section 6.

use std::borrow::Cow;

use crate::package::{CsvBlock, Table};
use crate::roster::clean::clean;
use crate::roster::figures::person_group;
use crate::roster::staff::choose_role;
use crate::roster::user_rows::UserRow;
use crate::roster::users::UserRef;
use crate::sourced_id::Person;
use crate::spec::FileSpec;

use super::{Cell, Emitter, NATURAL_KEY, NoRule, rows_of_users, text, word};

struct Row<'a> {
    emitter: &'a Emitter<'a>,
    user: UserRef,
    row: UserRow,
    orgs: &'a [u32],
    role: &'static str,
    username: Cow<'a, str>,
    user_ids: Vec<String>,
    email: String,
    phone: String,
    grade: Option<&'static str>,
    key: String,
}

impl<'a> Row<'a> {
    fn name(
        &self,
        column: fn(&'a crate::staging::people::People) -> &'a crate::staging::text::TextColumn,
    ) -> Cow<'a, str> {
        clean(column(self.emitter.cells.people(self.user.person)).get(self.user.row as usize))
    }

    /// The school of a row that is for one; else a student's primary school, the place of a staff member's main role, the first of a parent's schools.
    fn primary_org(&self) -> Option<u32> {
        let users = &self.emitter.roster.users;
        if let Some(school) = users.row_school(self.row) {
            return Some(school);
        }
        let evidenced = match self.user.person {
            Person::Staff => {
                let evidence = &users.staff.evidence[self.user.row as usize];
                choose_role(evidence, &self.emitter.plan.mapping.staff_role_priority).and_then(|e| e.org)
            }
            _ => None,
        };
        evidenced.or_else(|| self.orgs.first().copied())
    }

    fn unique_id(&self) -> &'a str {
        self.emitter.cells.people(self.user.person).unique_id.get(self.user.row as usize)
    }
}

fn cell<'a>(column: &str) -> Option<Cell<Row<'a>>> {
    Some(match column {
        "sourcedId" => |row, out| out.id(&row.emitter.roster.users.row_id(row.row).0),
        "enabledUser" => |_, out| out.known("true"),
        "orgSourcedIds" => |row, out| out.ids(row.orgs.iter().map(|&n| row.emitter.org_id(n))),
        "role" => |row, out| word(out, Some(row.role)),
        "username" => |row, out| text(out, &row.username),
        "userIds" => |row, out| out.list(row.user_ids.iter().map(String::as_str)),
        "givenName" => |row, out| text(out, &row.name(|p| &p.first)),
        "familyName" => |row, out| text(out, &row.name(|p| &p.last)),
        "middleName" => |row, out| match row.emitter.plan.mapping.middle_names {
            true => text(out, &row.name(|p| &p.middle)),
            false => out.blank(),
        },
        "identifier" => |row, out| text(out, &clean(row.unique_id())),
        "email" => |row, out| text(out, &row.email),
        "phone" => |row, out| text(out, &row.phone),
        "agentSourcedIds" => |row, out| agents(row, out),
        "grades" => |row, out| text(out, row.grade.map_or("", |code| row.emitter.grade(code))),
        "userMasterIdentifier" => |row, out| text(out, &row.emitter.cells.master_identifier(row.user)),
        "preferredGivenName" => |row, out| text(out, &row.name(|p| &p.preferred_first)),
        "preferredFamilyName" => |row, out| text(out, &row.name(|p| &p.preferred_last)),
        "primaryOrgSourcedId" => |row, out| match row.primary_org() {
            Some(org) => out.id(&row.emitter.org_id(org)),
            None => out.blank(),
        },
        // No data standard has a preferred middle name or pronouns among the tables that are read, and resource files
        // have no source.
        "preferredMiddleName" | "pronouns" | "resourceSourcedIds" => |_, out| out.blank(),
        // Ed-Fi has no number that is known to take text messages; a password is never written.
        "sms" | "password" => |_, out| out.blank(),
        _ => return None,
    })
}

/// A student's parents, a parent's students, in the order of the file.
fn agents(row: &Row<'_>, out: &mut CsvBlock) {
    let users = &row.emitter.roster.users;
    let n = row.user.row as usize;
    match row.user.person {
        Person::Student => {
            out.ids(users.parents.of_student.of(n).iter().map(|&p| users.parents.sourced_id[p as usize].0));
        }
        Person::Parent => {
            let students = users.parents.students.of(n).iter();
            let users_of = |&row: &u32| users.rows(UserRef { person: Person::Student, row });
            out.ids(students.flat_map(users_of).map(|row| users.row_id(row).0));
        }
        Person::Staff => out.blank(),
    }
}

fn classification_cell(row: &Row<'_>, out: &mut CsvBlock) {
    match row.user.person {
        Person::Staff => text(out, &row.emitter.roster.users.staff.classification[row.user.row as usize]),
        _ => out.blank(),
    }
}

fn primary_school_cell(row: &Row<'_>, out: &mut CsvBlock) {
    match (row.user.person, row.emitter.roster.users.orgs(row.user).first()) {
        (Person::Student, Some(&primary)) => out.id(&row.emitter.org_id(primary)),
        _ => out.blank(),
    }
}

pub(super) fn table<'a>(emitter: &'a Emitter<'a>, spec: &'static FileSpec) -> Result<Table<'a>, NoRule> {
    // The three columns of the edu package (mapping.md section 1).
    let edu = emitter.natural_key();
    let title = emitter.plan.mapping.position_title.as_ref().map(|name| format!("metadata.{name}"));
    let columns = emitter
        .columns(spec, cell)?
        .and(edu, NATURAL_KEY, |row, out| text(out, &row.key))
        .and(edu, "metadata.edu.staff_classification", classification_cell)
        .and(edu, "metadata.edu.primary_school", primary_school_cell)
        .and(title.is_some(), title.as_deref().unwrap_or_default(), classification_cell)
        .at(|row, out| {
            out.belongs_to(person_group(row.user.person));
            row.orgs.iter().for_each(|&org| out.belongs_to(org));
        });
    let users = &emitter.roster.users;
    Ok(rows_of_users(spec, users, users.exported_rows(), columns, move |user| row(emitter, user)))
}

fn row<'a>(emitter: &'a Emitter<'a>, user_row: UserRow) -> Row<'a> {
    let users = &emitter.roster.users;
    let user = user_row.user;
    let n = user.row as usize;
    let (role, grade) = match user.person {
        Person::Student => ("student", emitter.roster.grades.peek(users.students.grade[n]).mapped()),
        Person::Staff => (users.staff.role[n], None),
        Person::Parent => (users.parents.role[n], None),
    };
    Row {
        emitter,
        user,
        row: user_row,
        orgs: users.row_orgs(user_row),
        role,
        username: users.username(&emitter.cells, user),
        user_ids: emitter.cells.user_ids(user, |_, _, _| {}),
        email: emitter.cells.email(user).map_or_else(String::new, |c| c.value),
        phone: emitter
            .cells
            .phone(user)
            .filter(|_| emitter.plan.mapping.phones)
            .map_or_else(String::new, |c| c.value),
        grade,
        key: emitter.key(|keys, key| {
            let unique_id = emitter.cells.people(user.person).unique_id.get(n);
            keys.user(key, user.person, unique_id, users.key_school(user_row, &emitter.roster.orgs));
        }),
    }
}
