//! academicSessions.csv: mapping.md section 3.

use crate::day::Day;
use crate::package::Table;
use crate::roster::orgs::Orgs;
use crate::roster::sessions::{Session, SessionKey};
use crate::sourced_id::{NaturalKeys, SourcedId};
use crate::spec::FileSpec;

use super::{Cell, Emitter, NATURAL_KEY, NoRule, date, reference, rows, text};

struct Row<'a> {
    session: &'a Session,
    end: Option<Day>,
    parent: Option<SourcedId>,
    year: i64,
    key: String,
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

pub(super) fn table<'a>(emitter: &'a Emitter<'_>, spec: &'static FileSpec) -> Result<Table<'a>, NoRule> {
    let columns =
        emitter.columns(spec, cell)?.and(emitter.natural_key(), NATURAL_KEY, |row, out| text(out, &row.key));
    let sessions = &emitter.roster.sessions.rows;
    let kept: Vec<usize> = (0..sessions.len()).filter(|&n| sessions[n].fate.kept()).collect();
    Ok(rows(spec, kept.len(), columns, move |unit| {
        let session = &sessions[kept[unit]];
        Row {
            session,
            end: emitter.end(session.end),
            parent: session.parent.map(|n| sessions[n as usize].sourced_id),
            year: i64::from(emitter.plan.school_year),
            key: emitter.key(|keys, key| natural_key(keys, key, session, &emitter.roster.orgs)),
        }
    }))
}

fn natural_key(keys: &NaturalKeys, key: &mut String, session: &Session, orgs: &Orgs) {
    let school = session.school.unwrap_or(session.lea);
    match &session.key {
        SessionKey::Year => keys.school_year(key, orgs.year_of(session.lea)),
        SessionKey::Session { name } => keys.session(key, school, name),
        SessionKey::GradingPeriod { period, name } => keys.grading_period(key, school, period, name),
    }
}
