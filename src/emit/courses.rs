//! courses.csv: mapping.md section 4.

use crate::package::{CsvBlock, Table};
use crate::roster::clean::clean;
use crate::roster::courses::Course;
use crate::sourced_id::SourcedId;
use crate::spec::FileSpec;

use super::{Cell, Emitter, NATURAL_KEY, NoRule, reference, rows, text};

struct Row<'a> {
    emitter: &'a Emitter<'a>,
    course: &'a Course,
    org: [u8; 16],
    year: Option<SourcedId>,
    key: String,
}

fn cell<'a>(column: &str) -> Option<Cell<Row<'a>>> {
    Some(match column {
        "sourcedId" => |row, out| out.id(&row.course.sourced_id.0),
        "schoolYearSourcedId" => |row, out| reference(out, row.year),
        "title" => |row, out| text(out, &row.course.title),
        "courseCode" => |row, out| text(out, &clean(&row.course.code)),
        "grades" => |row, out| row.emitter.grades(&row.course.grades, out),
        "orgSourcedId" => |row, out| out.id(&row.org),
        "subjects" => |row, out| out.list(row.course.subjects.iter().map(|(title, _)| title.as_str())),
        "subjectCodes" => |row, out| out.list(row.course.subjects.iter().map(|(_, code)| code.as_str())),
        _ => return None,
    })
}

fn duration_cell(row: &Row<'_>, out: &mut CsvBlock) {
    match row.course.duration {
        Some(days) => out.number(days),
        None => out.blank(),
    }
}

pub(super) fn table<'a>(emitter: &'a Emitter<'a>, spec: &'static FileSpec) -> Result<Table<'a>, NoRule> {
    let columns = emitter
        .columns(spec, cell)?
        .and(emitter.natural_key(), NATURAL_KEY, |row, out| text(out, &row.key))
        .and(emitter.plan.mapping.course_duration, "metadata.duration", duration_cell)
        .at(|row, out| out.belongs_to(row.course.org));
    let courses = &emitter.roster.courses.rows;
    let kept: Vec<usize> = (0..courses.len()).filter(|&n| courses[n].fate.kept()).collect();
    Ok(rows(spec, kept.len(), columns, move |unit| {
        let course = &courses[kept[unit]];
        Row {
            emitter,
            course,
            org: emitter.org_id(course.org),
            year: course.year.map(|n| emitter.roster.sessions.rows[n as usize].sourced_id),
            key: emitter.key(|keys, key| keys.course(key, course.lea, course.owner, &course.code)),
        }
    }))
}
