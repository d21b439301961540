//! courses.csv: mapping.md section 4.

use crate::package::{CsvBlock, Table};
use crate::roster::clean::clean;
use crate::roster::courses::Course;
use crate::sourced_id::SourcedId;
use crate::spec::FileSpec;

use super::{Cell, Emitter, NATURAL_KEY, NoRule, reference, rows, text};

struct Row<'a> {
    course: &'a Course,
    org: [u8; 16],
    year: Option<SourcedId>,
    natural_key: Option<String>,
    duration: Option<Option<i64>>,
}

fn cell<'a>(column: &str) -> Option<Cell<Row<'a>>> {
    Some(match column {
        "sourcedId" => |row, out| out.id(&row.course.sourced_id.0),
        "schoolYearSourcedId" => |row, out| reference(out, row.year),
        "title" => |row, out| text(out, &row.course.title),
        "courseCode" => |row, out| text(out, &clean(&row.course.code)),
        "grades" => |row, out| out.list(row.course.grades.iter().copied()),
        "orgSourcedId" => |row, out| out.id(&row.org),
        "subjects" => |row, out| out.list(row.course.subjects.iter().map(|(title, _)| title.as_str())),
        "subjectCodes" => |row, out| out.list(row.course.subjects.iter().map(|(_, code)| code.as_str())),
        _ => return None,
    })
}

fn extension_cells(row: &Row<'_>, out: &mut CsvBlock) {
    if let Some(key) = &row.natural_key {
        out.text(key);
    }
    match row.duration {
        Some(Some(days)) => out.number(days),
        Some(None) => out.blank(),
        None => {}
    }
}

pub(super) fn table<'a>(emitter: &'a Emitter<'_>, spec: &'static FileSpec) -> Result<Table<'a>, NoRule> {
    let mut cells = emitter.cells(spec, cell)?;
    cells.push(extension_cells);
    let courses = &emitter.roster.courses.rows;
    let kept: Vec<usize> = (0..courses.len()).filter(|&n| courses[n].fate.kept()).collect();
    let mut extensions = Vec::new();
    if emitter.natural_key() {
        extensions.push(NATURAL_KEY.to_owned());
    }
    if emitter.plan.mapping.course_duration {
        extensions.push("metadata.duration".to_owned());
    }
    Ok(rows(spec, kept.len(), extensions, cells, move |unit| {
        let course = &courses[kept[unit]];
        Row {
            course,
            org: emitter.org_id(course.org),
            year: course.year.map(|n| emitter.roster.sessions.rows[n as usize].sourced_id),
            natural_key: emitter.natural_key().then(|| {
                let mut key = String::new();
                emitter.keys.course(&mut key, course.lea, course.owner, &course.code);
                key
            }),
            duration: emitter.plan.mapping.course_duration.then_some(course.duration),
        }
    }))
}
