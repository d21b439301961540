//! roles.csv of OneRoster 1.2: mapping.md section 6.

use std::ops::Range;

use crate::day::Day;
use crate::package::{CsvBlock, Table};
use crate::roster::enrollments::written_end;
use crate::roster::roles::{Role, roles_of};
use crate::roster::user_rows::{NumberedRows, UserRow};
use crate::sourced_id::SourcedId;
use crate::spec::FileSpec;

use super::{Cell, Emitter, NATURAL_KEY, NoRule, date};

struct Row {
    id: SourcedId,
    key: String,
    user: SourcedId,
    role: Role,
    org: [u8; 16],
    end: Option<Day>,
}

fn cell(column: &str) -> Option<Cell<Row>> {
    Some(match column {
        "sourcedId" => |row, out| out.id(&row.id.0),
        "userSourcedId" => |row, out| out.id(&row.user.0),
        "roleType" => |row, out| out.known(if row.role.primary { "primary" } else { "secondary" }),
        "role" => |row, out| out.known(row.role.role),
        "beginDate" => |row, out| date(out, row.role.begin),
        "endDate" => |row, out| date(out, row.end),
        "orgSourcedId" => |row, out| out.id(&row.org),
        // Profiles would carry credentials: they are never written.
        "userProfileSourcedId" => |_, out| out.blank(),
        _ => return None,
    })
}

pub(super) fn table<'a>(emitter: &'a Emitter<'a>, spec: &'static FileSpec) -> Result<Table<'a>, NoRule> {
    let mut columns = emitter
        .columns(spec, cell)?
        .and(emitter.natural_key(), NATURAL_KEY, |row: &Row, out| out.text(&row.key))
        .at(|row, out| out.belongs_to(row.role.org));
    let extensions = columns.headers();
    let users = &emitter.roster.users;
    let numbered = NumberedRows::new(users.exported_rows());
    let table = Table::new(spec, numbered.len(), move |range: Range<usize>, out: &mut CsvBlock| {
        for user in numbered.range(users, range) {
            for role in roles_of(emitter.plan, emitter.staged, emitter.roster, user) {
                columns.write(&row(emitter, user, role), out);
            }
        }
    });
    Ok(Table { extensions, ..table })
}

fn row(emitter: &Emitter<'_>, user_row: UserRow, role: Role) -> Row {
    let (users, user) = (&emitter.roster.users, user_row.user);
    let unique_id = emitter.cells.people(user.person).unique_id.get(user.row as usize);
    let mut key = String::new();
    let org = &emitter.roster.orgs.rows[role.org as usize];
    let school = users.key_school(user_row, &emitter.roster.orgs);
    emitter.keys.role(&mut key, user.person, unique_id, school, org.id, role.role);
    Row {
        id: SourcedId::of(&key),
        key,
        user: users.row_id(user_row),
        role,
        org: org.sourced_id.0,
        end: written_end(role.end, emitter.plan.mapping.end_dates),
    }
}
