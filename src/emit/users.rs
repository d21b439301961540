//! users.csv: mapping.md section 6.

use std::borrow::Cow;

use crate::package::{CsvBlock, Table};
use crate::roster::clean::clean;
use crate::roster::users::UserRef;
use crate::sourced_id::Person;
use crate::spec::FileSpec;

use super::{Cell, Emitter, NATURAL_KEY, NoRule, rows, text, word};

struct Row<'a> {
    emitter: &'a Emitter<'a>,
    user: UserRef,
    orgs: &'a [u32],
    role: &'static str,
    username: Cow<'a, str>,
    user_ids: Vec<String>,
    email: String,
    phone: String,
    grade: Option<&'static str>,
}

impl<'a> Row<'a> {
    fn name(
        &self,
        column: fn(&'a crate::staging::people::People) -> &'a crate::staging::text::TextColumn,
    ) -> Cow<'a, str> {
        clean(column(self.emitter.cells.people(self.user.person)).get(self.user.row as usize))
    }

    fn unique_id(&self) -> &'a str {
        self.emitter.cells.people(self.user.person).unique_id.get(self.user.row as usize)
    }
}

fn cell<'a>(column: &str) -> Option<Cell<Row<'a>>> {
    Some(match column {
        "sourcedId" => |row, out| out.id(&row.emitter.roster.users.sourced_id(row.user).0),
        "enabledUser" => |_, out| out.known("true"),
        "orgSourcedIds" => |row, out| out.ids(row.orgs.iter().map(|&n| row.emitter.org_id(n))),
        "role" => |row, out| word(out, Some(row.role)),
        "username" => |row, out| text(out, &row.username),
        "userIds" => |row, out| out.list(row.user_ids.iter().map(String::as_str)),
        "givenName" => |row, out| text(out, &row.name(|p| &p.first)),
        "familyName" => |row, out| text(out, &row.name(|p| &p.last)),
        "middleName" => |row, out| text(out, &row.name(|p| &p.middle)),
        "identifier" => |row, out| text(out, &clean(row.unique_id())),
        "email" => |row, out| text(out, &row.email),
        "phone" => |row, out| text(out, &row.phone),
        "agentSourcedIds" => |row, out| agents(row, out),
        "grades" => |row, out| word(out, row.grade),
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
            out.ids(users.parents.students.of(n).iter().map(|&s| users.students.sourced_id[s as usize].0));
        }
        Person::Staff => out.blank(),
    }
}

/// `metadata.edu.natural_key`, `staff_classification` and `primary_school` (mapping.md section 1).
fn extension_cells(row: &Row<'_>, out: &mut CsvBlock) {
    if !row.emitter.natural_key() {
        return;
    }
    let mut key = String::new();
    row.emitter.keys.person(&mut key, row.user.person, row.unique_id());
    out.text(&key);
    let n = row.user.row as usize;
    match row.user.person {
        Person::Staff => text(out, &row.emitter.roster.users.staff.classification[n]),
        _ => out.blank(),
    }
    match (row.user.person, row.orgs.first()) {
        (Person::Student, Some(&primary)) => out.id(&row.emitter.org_id(primary)),
        _ => out.blank(),
    }
}

pub(super) fn table<'a>(emitter: &'a Emitter<'a>, spec: &'static FileSpec) -> Result<Table<'a>, NoRule> {
    let mut cells = emitter.cells(spec, cell)?;
    cells.push(extension_cells);
    let users: Vec<UserRef> = emitter.roster.users.exported().collect();
    let mut extensions = Vec::new();
    if emitter.natural_key() {
        let names = ["metadata.edu.staff_classification", "metadata.edu.primary_school"];
        extensions.extend([NATURAL_KEY].into_iter().chain(names).map(str::to_owned));
    }
    Ok(rows(spec, users.len(), extensions, cells, move |unit| row(emitter, users[unit])))
}

fn row<'a>(emitter: &'a Emitter<'a>, user: UserRef) -> Row<'a> {
    let users = &emitter.roster.users;
    let n = user.row as usize;
    let (role, grade) = match user.person {
        Person::Student => ("student", emitter.roster.grades.peek(users.students.grade[n]).mapped()),
        Person::Staff => (users.staff.role[n], None),
        Person::Parent => (users.parents.role[n], None),
    };
    Row {
        emitter,
        user,
        orgs: users.orgs(user),
        role,
        username: users.username(&emitter.cells, user),
        user_ids: emitter.cells.user_ids(user, |_, _, _| {}),
        email: emitter.cells.email(user).map_or_else(String::new, |c| c.value),
        phone: emitter.cells.phone(user).map_or_else(String::new, |c| c.value),
        grade,
    }
}
