//! academicSessions.csv: mapping.md section 3.

use crate::day::Day;
use crate::package::{CsvBlock, Table};
use crate::roster::sessions::{Session, SessionKey};
use crate::sourced_id::SourcedId;
use crate::spec::FileSpec;

use super::{Cell, Emitter, NATURAL_KEY, NoRule, date, reference, rows, text};

struct Row<'a> {
    session: &'a Session,
    end: Option<Day>,
    parent: Option<SourcedId>,
    year: i64,
    natural_key: Option<String>,
}

fn cell<'a>(column: &str) -> Option<Cell<Row<'a>>> {
    Some(match column {
        "sourcedId" => |row, out| out.id(&row.session.sourced_id.0),
        "title" => |row, out| text(out, &row.session.title),
        "type" => |row, out| out.known(row.session.kind),
        "startDate" => |row, out| out.date(row.session.begin),
        "endDate" => |row, out| date(out, row.end),
        "parentSourcedId" => |row, out| reference(out, row.parent),
        "schoolYear" => |row, out| out.number(row.year),
        _ => return None,
    })
}

fn extension_cells(row: &Row<'_>, out: &mut CsvBlock) {
    if let Some(key) = &row.natural_key {
        out.text(key);
    }
}

pub(super) fn table<'a>(emitter: &'a Emitter<'_>, spec: &'static FileSpec) -> Result<Table<'a>, NoRule> {
    let mut cells = emitter.cells(spec, cell)?;
    cells.push(extension_cells);
    let sessions = &emitter.roster.sessions.rows;
    let kept: Vec<usize> = (0..sessions.len()).filter(|&n| sessions[n].fate.kept()).collect();
    let extensions = emitter.natural_key().then(|| NATURAL_KEY.to_owned()).into_iter().collect();
    Ok(rows(spec, kept.len(), extensions, cells, move |unit| {
        let session = &sessions[kept[unit]];
        Row {
            session,
            end: emitter.end(session.end),
            parent: session.parent.map(|n| sessions[n as usize].sourced_id),
            year: i64::from(emitter.plan.school_year),
            natural_key: emitter.natural_key().then(|| natural_key(emitter, session)),
        }
    }))
}

fn natural_key(emitter: &Emitter<'_>, session: &Session) -> String {
    let mut key = String::new();
    let keys = &emitter.keys;
    let school = session.school.unwrap_or(session.lea);
    match &session.key {
        SessionKey::Year => keys.school_year(&mut key, session.lea),
        SessionKey::Session { name } => keys.session(&mut key, school, name),
        SessionKey::GradingPeriod { period, name } => keys.grading_period(&mut key, school, period, name),
    }
    key
}
