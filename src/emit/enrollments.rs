//! enrollments.csv: mapping.md section 7. The file that decides the run time: its key is written into one
//! buffer per block, hashed, and the class's part of it is folded once per class.

use std::ops::Range;

use crate::config::plan::EnrollmentDates;
use crate::day::Day;
use crate::package::{BLOCK_UNITS, CsvBlock, Table};
use crate::roster::classes::class_key;
use crate::roster::enrollments::written_end;
use crate::roster::users::UserRef;
use crate::sourced_id::{Person, SourcedId};
use crate::spec::FileSpec;

use super::{Cell, Columns, Emitter, NATURAL_KEY, NoRule, date, rows_of_classes};

/// One enrollment, as its cells need it.
struct Row {
    id: SourcedId,
    /// The natural key; its buffer goes from row to row.
    key: String,
    class: [u8; 16],
    org: u32,
    school: [u8; 16],
    user: [u8; 16],
    role: &'static str,
    primary: bool,
    begin: Option<Day>,
    end: Option<Day>,
}

fn cell(column: &str) -> Option<Cell<Row>> {
    Some(match column {
        "sourcedId" => |row, out| out.id(&row.id.0),
        "classSourcedId" => |row, out| out.id(&row.class),
        "schoolSourcedId" => |row, out| out.id(&row.school),
        "userSourcedId" => |row, out| out.id(&row.user),
        "role" => |row, out| out.known(row.role),
        "primary" => |row, out| out.flag(row.primary),
        "beginDate" => |row, out| date(out, row.begin),
        "endDate" => |row, out| date(out, row.end),
        _ => return None,
    })
}

pub(super) fn table<'a>(emitter: &'a Emitter<'a>, spec: &'static FileSpec) -> Result<Table<'a>, NoRule> {
    let mut columns = emitter
        .columns(spec, cell)?
        .and(emitter.natural_key(), NATURAL_KEY, |row: &Row, out| out.text(&row.key))
        .at(|row, out| out.belongs_to(row.org));
    let extensions = columns.headers();
    let enrollments = &emitter.roster.enrollments;
    let classes = emitter.roster.classes.len();
    let table = Table::new(spec, classes, move |range: Range<usize>, out: &mut CsvBlock| {
        let mut key = String::new();
        for class in range {
            write_class(emitter, class, &columns, &mut key, out);
        }
    });
    let blocks = rows_of_classes(classes, BLOCK_UNITS, |class| {
        enrollments.teachers(class).len() + enrollments.students(class).len()
    });
    Ok(Table { extensions, blocks, ..table })
}

fn write_class(
    emitter: &Emitter<'_>,
    class: usize,
    columns: &Columns<Row>,
    key: &mut String,
    out: &mut CsvBlock,
) {
    let (staged, roster) = (emitter.staged, emitter.roster);
    let enrollments = &roster.enrollments;
    let (teachers, students) = (enrollments.teachers(class), enrollments.students(class));
    if teachers.is_empty() && students.is_empty() {
        return;
    }
    let mut class_part = String::new();
    emitter.keys.class_part(&mut class_part, class_key(staged, class));
    let class_id = roster.classes.sourced_id[class].0;
    let org = roster.classes.org[class];
    let school = emitter.org_id(org);
    let ends = emitter.plan.mapping.end_dates;
    let session = &roster.sessions.rows[roster.classes.session[class] as usize];
    let complete = emitter.plan.mapping.enrollment_dates == EnrollmentDates::Complete;
    let instead = |day: Day| complete.then_some(day);
    let mut write = |person, unique_id: &str, user: SourcedId, role, primary, begin, end| {
        emitter.keys.enrollment(key, person, unique_id, &class_part, begin);
        let row = Row {
            id: SourcedId::of(key),
            key: std::mem::take(key),
            class: class_id,
            org,
            school,
            user: user.0,
            role,
            primary,
            // The id is that of the recorded date: it does not change with what is shown.
            begin: begin.or(instead(session.begin)),
            end: written_end(end, ends).or_else(|| written_end(instead(session.end), ends)),
        };
        columns.write(&row, out);
        *key = row.key;
    };
    for teacher in teachers {
        let fact = teacher.fact;
        let unique_id = staged.staff.unique_id.get(fact.staff as usize);
        let user = roster.users.id_at(UserRef { person: Person::Staff, row: fact.staff }, org);
        write(Person::Staff, unique_id, user, "teacher", teacher.primary, fact.begin, fact.end);
    }
    for fact in roster.facts.students_at(students) {
        let unique_id = staged.students.unique_id.get(fact.student as usize);
        let user = roster.users.id_at(UserRef { person: Person::Student, row: fact.student }, org);
        write(Person::Student, unique_id, user, "student", false, fact.begin, fact.end);
    }
}
