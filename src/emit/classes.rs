//! classes.csv: mapping.md section 5.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::config::plan::ClassGrades;
use crate::package::Table;
use crate::roster::classes::{base_title, class_key, patterned_title, periods};
use crate::roster::clean::clean;
use crate::spec::{FileSpec, vocabulary};

use super::{Cell, Emitter, NATURAL_KEY, NoRule, rows, text};

struct Row<'a> {
    emitter: &'a Emitter<'a>,
    id: [u8; 16],
    title: Cow<'a, str>,
    grades: Vec<&'static str>,
    course: [u8; 16],
    code: Cow<'a, str>,
    homeroom: bool,
    room: Cow<'a, str>,
    org: u32,
    school: [u8; 16],
    term: [u8; 16],
    subjects: &'a [(String, String)],
    periods: Vec<Cow<'a, str>>,
    key: String,
}

fn cell<'a>(column: &str) -> Option<Cell<Row<'a>>> {
    Some(match column {
        "sourcedId" => |row, out| out.id(&row.id),
        "title" => |row, out| text(out, &row.title),
        "grades" => |row, out| row.emitter.grades(&row.grades, out),
        "courseSourcedId" => |row, out| out.id(&row.course),
        "classCode" => |row, out| text(out, &row.code),
        "classType" => |row, out| out.known(if row.homeroom { "homeroom" } else { "scheduled" }),
        "location" => |row, out| text(out, &row.room),
        "schoolSourcedId" => |row, out| out.id(&row.school),
        "termSourcedIds" => |row, out| out.ids(std::iter::once(row.term)),
        "subjects" => |row, out| out.list(row.subjects.iter().map(|(title, _)| title.as_str())),
        "subjectCodes" => |row, out| out.list(row.subjects.iter().map(|(_, code)| code.as_str())),
        "periods" => |row, out| out.list(row.periods.iter().map(AsRef::as_ref)),
        _ => return None,
    })
}

pub(super) fn table<'a>(emitter: &'a Emitter<'a>, spec: &'static FileSpec) -> Result<Table<'a>, NoRule> {
    let columns = emitter
        .columns(spec, cell)?
        .and(emitter.natural_key(), NATURAL_KEY, |row, out| text(out, &row.key))
        .at(|row, out| out.belongs_to(row.org));
    let classes = &emitter.roster.classes;
    let mut kept: Vec<u32> = (0u32..).zip(&classes.fate).filter(|(_, f)| f.kept()).map(|(n, _)| n).collect();
    kept.shrink_to_fit();
    Ok(rows(spec, kept.len(), columns, move |unit| row(emitter, kept[unit] as usize)))
}

fn row<'a>(emitter: &'a Emitter<'a>, class: usize) -> Row<'a> {
    let (staged, roster) = (emitter.staged, emitter.roster);
    let classes = &roster.classes;
    let course = &roster.courses.rows[classes.course[class] as usize];
    Row {
        emitter,
        id: classes.sourced_id[class].0,
        title: title(emitter, class),
        grades: grades(emitter, class),
        course: course.sourced_id.0,
        code: clean(staged.sections.local_code.get(class)),
        homeroom: classes.homeroom[class],
        room: clean(staged.sections.room.get(class)),
        org: classes.org[class],
        school: emitter.org_id(classes.org[class]),
        term: roster.sessions.rows[classes.session[class] as usize].sourced_id.0,
        subjects: &course.subjects,
        periods: periods(staged, class),
        key: emitter.key(|keys, key| keys.class(key, class_key(staged, class))),
    }
}

fn title<'a>(emitter: &'a Emitter<'_>, class: usize) -> Cow<'a, str> {
    let (staged, roster) = (emitter.staged, emitter.roster);
    let base = base_title(staged, &roster.courses, roster.classes.course[class], class);
    let pattern = &emitter.plan.mapping.class_title;
    if pattern == "{title}" {
        return base;
    }
    // The primary teacher, else the first by unique id.
    let teachers = roster.enrollments.teachers(class);
    let teacher = teachers.iter().find(|t| t.primary).or(teachers.first());
    let name = teacher.map(|t| clean(staged.staff.last.get(t.fact.staff as usize))).unwrap_or_default();
    Cow::Owned(patterned_title(pattern, staged, &base, class, &name))
}

/// Offered grade levels by crosswalk; without any, and when configured, the grades of the class's students.
fn grades(emitter: &Emitter<'_>, class: usize) -> Vec<&'static str> {
    let (staged, roster) = (emitter.staged, emitter.roster);
    let all = &staged.sections.grades;
    let begin = all.partition_point(|(section, _)| (*section as usize) < class);
    let mut words: BTreeSet<&'static str> = all[begin..]
        .iter()
        .take_while(|(section, _)| *section as usize == class)
        .filter_map(|&(_, grade)| roster.grades.peek(grade).mapped())
        .collect();
    if words.is_empty() && emitter.plan.mapping.class_grades_from_students {
        let students = roster.facts.students_at(roster.enrollments.students(class));
        words = students
            .filter_map(|fact| {
                roster.grades.peek(roster.users.students.grade[fact.student as usize]).mapped()
            })
            .collect();
    }
    // By the vocabulary's order, in which kindergarten stands before the first grade.
    let rank = |word: &&&str| vocabulary::GRADES.words.iter().position(|known| known == *word);
    match emitter.plan.mapping.class_grades {
        ClassGrades::All => words.into_iter().collect(),
        ClassGrades::Lowest => words.iter().min_by_key(rank).copied().into_iter().collect(),
        ClassGrades::Highest => words.iter().max_by_key(rank).copied().into_iter().collect(),
    }
}
