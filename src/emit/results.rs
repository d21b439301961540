//! results.csv: mapping.md section 12.

use std::borrow::Cow;

use crate::package::Table;
use crate::roster::clean::clean;
use crate::roster::gradebook::{GradeResult, line_item_key};
use crate::roster::users::UserRef;
use crate::sourced_id::{Person, SourcedId};
use crate::spec::FileSpec;

use super::{Cell, Emitter, NATURAL_KEY, NoRule, decimal, flag, rows, text};

struct Row<'a> {
    id: SourcedId,
    key: String,
    result: &'a GradeResult,
    item: [u8; 16],
    student: [u8; 16],
    class: [u8; 16],
    org: u32,
    letter: Cow<'a, str>,
    comment: Cow<'a, str>,
}

fn cell<'a>(column: &str) -> Option<Cell<Row<'a>>> {
    Some(match column {
        "sourcedId" => |row, out| out.id(&row.id.0),
        "lineItemSourcedId" => |row, out| out.id(&row.item),
        "studentSourcedId" => |row, out| out.id(&row.student),
        "scoreStatus" => |row, out| out.known(row.result.status),
        "score" => |row, out| decimal(out, row.result.score),
        "scoreDate" => |row, out| out.date(row.result.date),
        "comment" => |row, out| text(out, &row.comment),
        "textScore" => |row, out| text(out, &row.letter),
        "classSourcedId" => |row, out| out.id(&row.class),
        // Ed-Fi knows no work in progress, and of what was handed in not whether it is complete.
        "inProgress" | "incomplete" => |_, out| out.blank(),
        "late" => |row, out| flag(out, row.result.late),
        "missing" => |row, out| flag(out, row.result.missing),
        _ => return None,
    })
}

pub(super) fn table<'a>(emitter: &'a Emitter<'_>, spec: &'static FileSpec) -> Result<Table<'a>, NoRule> {
    let columns = emitter
        .columns(spec, cell)?
        .and(emitter.natural_key(), NATURAL_KEY, |row, out| text(out, &row.key))
        .at(|row, out| out.belongs_to(row.org));
    let results = &emitter.gradebook.results;
    Ok(rows(spec, results.len(), columns, move |unit| row(emitter, &results[unit])))
}

fn row<'a>(emitter: &'a Emitter<'_>, result: &'a GradeResult) -> Row<'a> {
    let (staged, roster) = (emitter.staged, emitter.roster);
    let item = &emitter.gradebook.items[result.item as usize];
    let student = result.student as usize;
    let mut key = String::new();
    emitter.keys.result(&mut key, line_item_key(staged, item), staged.students.unique_id.get(student));
    Row {
        id: SourcedId::of(&key),
        key,
        result,
        item: item.sourced_id.0,
        // The row that the student's enrollment in the class refers to.
        student: roster
            .users
            .id_at(
                UserRef { person: Person::Student, row: result.student },
                roster.classes.org[item.class as usize],
            )
            .0,
        class: roster.classes.sourced_id[item.class as usize].0,
        org: roster.classes.org[item.class as usize],
        letter: clean(staged.gradebook.word(result.letter)),
        comment: clean(staged.gradebook.word(result.comment)),
    }
}
