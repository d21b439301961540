//! What became of a session, a grading period or a school year.
//!
//! In: its key. Out: the answer and the decisions: year, school, dates, type, parent.

use super::mapping::{SESSIONS, YEARS};
use super::model::{Answer, Decision, Outcome};
use super::world::World;
use crate::roster::answers::{Answers, Known};
use crate::roster::orgs::OrgLost;
use crate::roster::sessions::{SESSION_DATES, Session, TERM_UNMAPPED, YEAR_UNDER_YEAR};

/// Something of another school year than the one that is exported.
pub fn of_other_year(world: &World<'_>, what: &str, file: &str, year: i64) -> Answer {
    let exported = world.plan.school_year;
    let why = format!("it is of school year {year}, and {exported} is exported");
    Answer {
        sentences: vec![format!("{what} is not in {file}: {why}.")],
        cause: None,
        decisions: vec![
            Decision::new("school year", Outcome::LeftOut, why, YEARS)
                .with("schoolYear", year)
                .with("active school year", exported),
        ],
    }
}

fn conclude(world: &World<'_>, what: &str, session: &Session, answer: &mut Answer) {
    answer.sentences.push(match session.fate.kept() {
        true => format!("{what} is in academicSessions.csv as a {}.", session.kind),
        false => {
            answer.cause = world.cause(session.fate);
            format!("{what} is not in academicSessions.csv: {}.", world.because(session.fate))
        }
    });
}

/// Decisions that sessions and grading periods have in common.
fn place(world: &World<'_>, school: i64, session: &Session, answer: &mut Answer) {
    let orgs = &world.roster.orgs;
    answer.decisions.push(match orgs.look_up_school(school) {
        Ok(_) => Decision::new("school", Outcome::Kept, format!("school {school} is exported"), SESSIONS),
        Err(OrgLost::LeftOut(fate)) => {
            let why = format!("school {school} is not exported: {}", world.because(fate));
            Decision::new("school", Outcome::LeftOut, why, SESSIONS)
        }
        Err(OrgLost::Unknown | OrgLost::NotASchool) => {
            let why = format!("{school} is no school of the source");
            Decision::new("school", Outcome::LeftOut, why, SESSIONS).under(&crate::roster::orgs::ORG_UNKNOWN)
        }
    });
    if session.fate.kept()
        && let Some(parent) = session.parent
    {
        let parent = &world.roster.sessions.rows[parent as usize];
        let why =
            if parent.fate.kept() { parent.label() } else { format!("{} is not exported", parent.label()) };
        answer.decisions.push(Decision::new("parent", Outcome::Kept, why, SESSIONS));
    }
}

/// Whether the dates of a row can be written: its fate says so.
fn dates(world: &World<'_>, session: &Session) -> Decision {
    match world.roster.causes.of(session.fate) {
        Some((code, cause)) if code.code == SESSION_DATES.code => {
            Decision::new("dates", Outcome::LeftOut, cause, SESSIONS).under(code)
        }
        Some(_) => Decision::new("dates", Outcome::Noted, "not looked at further", SESSIONS),
        None => Decision::new("dates", Outcome::Kept, "first and last day are in order", SESSIONS)
            .with("first day", session.begin)
            .with("last day", session.end),
    }
}

/// Explains a session.
pub fn explain(world: &World<'_>, school: i64, name: &str, year: i64) -> Answer {
    let what = format!("Session {name} of school {school}");
    let Some((staged, row)) = world.session_of_year(school, name, year) else {
        return of_other_year(world, &what, "academicSessions.csv", year);
    };
    let (staged, session) =
        (&world.staged.time.sessions[staged as usize], &world.roster.sessions.rows[row as usize]);
    let mut answer = Answer::default();
    answer
        .decisions
        .push(dates(world, session).maybe("beginDate", staged.begin).maybe("endDate", staged.end));
    let terms = Answers::new(&world.crosswalks.terms, &world.staged.descriptors, |&word| word);
    let term = world.value(staged.term);
    let kind =
        |why: &str| Decision::new("type", Outcome::Chosen, format!("{}: {why}", session.kind), SESSIONS);
    answer.decisions.push(
        match terms.peek(staged.term) {
            Known::Unknown => kind("the terms crosswalk does not know the term").under(&TERM_UNMAPPED),
            Known::Mapped(_) if session.kind == "schoolYear" => {
                kind("the terms crosswalk says so; it hangs under no other year").under(&YEAR_UNDER_YEAR)
            }
            Known::Mapped(_) => kind("the terms crosswalk says so"),
            Known::Blank | Known::Absent => kind("the terms crosswalk leaves the term unmapped"),
        }
        .with("term", term),
    );
    place(world, school, session, &mut answer);
    conclude(world, &what, session, &mut answer);
    answer
}

/// Explains a grading period.
pub fn explain_grading_period(world: &World<'_>, school: i64, period: &str, name: &str) -> Answer {
    let what = format!("Grading period {period} {name} of school {school}");
    let mut answer = Answer::default();
    if let Some(row) = world.grading_period(school, period, name) {
        let session = &world.roster.sessions.rows[row as usize];
        answer.decisions.push(dates(world, session));
        place(world, school, session, &mut answer);
        conclude(world, &what, session, &mut answer);
    }
    answer
}

/// Explains the school year of an LEA.
pub fn explain_year(world: &World<'_>, lea: i64) -> Answer {
    let sessions = &world.roster.sessions;
    let mut answer = Answer::default();
    let Some(row) = sessions.year(lea) else { return answer };
    let session = &sessions.rows[row as usize];
    let why = "from the most frequent first and last instructional days of its schools, widened to cover its sessions";
    answer.decisions.push(
        Decision::new("dates", Outcome::Chosen, why, YEARS)
            .with("first day", session.begin)
            .with("last day", session.end),
    );
    conclude(world, &format!("The school year of {lea}"), session, &mut answer);
    answer
}
