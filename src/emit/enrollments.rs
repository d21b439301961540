//! enrollments.csv: mapping.md section 7. The file that decides the run time: its key is written into one
//! buffer per block, hashed, and the class's part of it is folded once per class.

use std::ops::Range;

use crate::day::Day;
use crate::package::{BLOCK_UNITS, CsvBlock, Table};
use crate::roster::classes::class_key;
use crate::roster::enrollments::written_end;
use crate::sourced_id::SourcedId;
use crate::spec::FileSpec;

use super::{Cell, Emitter, NATURAL_KEY, NoRule, date, rows_of_classes};

/// One enrollment, as its cells need it.
struct Row {
    id: SourcedId,
    /// The natural key; its buffer goes from row to row.
    key: String,
    write_key: bool,
    class: [u8; 16],
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

fn extension_cells(row: &Row, out: &mut CsvBlock) {
    if row.write_key {
        out.text(&row.key);
    }
}

pub(super) fn table<'a>(emitter: &'a Emitter<'a>, spec: &'static FileSpec) -> Result<Table<'a>, NoRule> {
    let mut cells = emitter.cells(spec, cell)?;
    cells.push(extension_cells);
    let extensions = emitter.natural_key().then(|| NATURAL_KEY.to_owned()).into_iter().collect();
    let enrollments = &emitter.roster.enrollments;
    let classes = emitter.roster.classes.len();
    let table = Table::new(spec, classes, move |range: Range<usize>, out: &mut CsvBlock| {
        let mut key = String::new();
        for class in range {
            write_class(emitter, class, &cells, &mut key, out);
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
    cells: &[Cell<Row>],
    key: &mut String,
    out: &mut CsvBlock,
) {
    let (staged, roster) = (emitter.staged, emitter.roster);
    let enrollments = &roster.enrollments;
    let (teachers, students) = (enrollments.teachers(class), enrollments.students(class));
    if teachers.is_empty() && students.is_empty() {
        return;
    }
    let class_part = class_key(staged, class).part();
    let class_id = roster.classes.sourced_id[class].0;
    let school = emitter.org_id(roster.classes.org[class]);
    let ends = emitter.plan.mapping.end_dates;
    let mut write = |unique_id: &str, user: SourcedId, role, primary, begin, end| {
        emitter.keys.enrollment_in(key, unique_id, &class_part, begin);
        let row = Row {
            id: SourcedId::of(key),
            key: std::mem::take(key),
            write_key: emitter.natural_key(),
            class: class_id,
            school,
            user: user.0,
            role,
            primary,
            begin,
            end: written_end(end, ends),
        };
        for cell in cells {
            cell(&row, out);
        }
        out.end_row();
        *key = row.key;
    };
    for teacher in teachers {
        let fact = teacher.fact;
        let unique_id = staged.staff.unique_id.get(fact.staff as usize);
        let user = roster.users.staff.sourced_id[fact.staff as usize];
        write(unique_id, user, "teacher", teacher.primary, fact.begin, fact.end);
    }
    for row in students {
        let fact = roster.facts.student(row);
        let unique_id = staged.students.unique_id.get(fact.student as usize);
        let user = roster.users.students.sourced_id[fact.student as usize];
        write(unique_id, user, "student", false, fact.begin, fact.end);
    }
}
