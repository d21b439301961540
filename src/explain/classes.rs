//! What became of a section: its school, session, offering and course, and its section associations.
//!
//! In: its key. Out: the answer, following a cause that it inherits to the root, and the decisions.

use super::ask::SectionKey;
use super::enrollments;
use super::mapping::CLASSES;
use super::model::{Answer, Decision, Outcome};
use super::sessions::of_other_year;
use super::world::World;
use crate::roster::classes::{
    CLASS_OFFERING_MISSING, CLASS_SESSION_MISSING, COURSE_MISSING, LIST_ITEM_CHANGED,
};
use crate::roster::fate::Fate;
use crate::roster::orgs::OrgLost;
use crate::sourced_id::Person;
use crate::staging::sections::NOTHING;

/// Explains a section.
pub fn explain(world: &World<'_>, key: &SectionKey, year: i64) -> Answer {
    let what = format!("Section {key}");
    let Some(row) = world.section_of_year(key, year) else {
        return of_other_year(world, &what, "classes.csv", year);
    };
    let mut answer = Answer::default();
    let (roster, staged) = (world.roster, world.staged);
    let fate = roster.classes.fate[row as usize];
    needs(world, row, key, fate, &mut answer);
    match fate.kept() {
        true => answer.sentences.push(format!("{what} is in classes.csv.")),
        false => {
            answer.cause = world.cause(fate);
            // The first thing that is missing is the cause; a collision has none.
            let first = answer.decisions.iter().find(|decision| decision.outcome == Outcome::LeftOut);
            let why = first.map_or_else(|| world.because(fate), |decision| decision.why.clone());
            answer.sentences.push(format!("{what} is not in classes.csv: {why}."));
        }
    }
    if fate.kept() {
        for &(_, period) in staged.sections.periods.iter().filter(|(section, _)| *section == row) {
            let period = staged.sections.period_names.get(period);
            if period.contains(',') {
                let why = "a comma would end the item: a space stands in its place";
                answer.decisions.push(
                    Decision::new("periods", Outcome::Changed, why, CLASSES)
                        .with("classPeriodName", period)
                        .under(&LIST_ITEM_CHANGED),
                );
            }
        }
        let homeroom = roster.classes.homeroom[row as usize];
        let flagged = world.before.students.iter().filter(|fact| fact.homeroom).count();
        let word = if homeroom { "homeroom" } else { "scheduled" };
        answer.decisions.push(
            Decision::new("classType", Outcome::Chosen, word, CLASSES)
                .with("student associations with the homeroom flag", flagged)
                .with("student associations", world.before.students.len()),
        );
    }
    let staff = enrollments::of_staff(world, |fact| {
        format!("staff member {}", world.unique_id(Person::Staff, fact.staff))
    });
    let students = enrollments::of_students(world, |fact| {
        format!("student {}", world.unique_id(Person::Student, fact.student))
    });
    let count = |decisions: &[Decision], outcome| decisions.iter().filter(|d| d.outcome == outcome).count();
    for (who, decisions, all) in
        [("staff", &staff, world.before.staff.len()), ("students", &students, world.before.students.len())]
    {
        let lost = count(decisions, Outcome::LeftOut);
        if lost > 0 {
            answer.sentences.push(format!("{lost} of {all} section associations of {who} are left out."));
        }
    }
    answer.decisions.extend(staff.into_iter().chain(students));
    answer
}

/// What a class needs, in the order in which it is looked for: the first that fails is the cause.
fn needs(world: &World<'_>, row: u32, key: &SectionKey, fate: Fate, answer: &mut Answer) {
    let (roster, staged, n) = (world.roster, world.staged, row as usize);
    let lost = |about: &str, fate: Fate| {
        let why = format!("its {about} is not exported: {}", world.because(fate));
        let decision = Decision::new(about, Outcome::LeftOut, why, CLASSES);
        match roster.causes.of(fate) {
            Some((code, _)) => decision.under(code),
            None => decision,
        }
    };
    answer.decisions.push(match roster.orgs.look_up_school(key.school) {
        Ok(_) => {
            Decision::new("school", Outcome::Kept, format!("school {} is exported", key.school), CLASSES)
        }
        Err(OrgLost::LeftOut(fate)) => lost("school", fate),
        Err(OrgLost::Unknown | OrgLost::NotASchool) => lost("school", fate),
    });
    let session = staged.sections.session[n];
    let found = (session != NOTHING).then(|| roster.sessions.of_staged(session)).flatten();
    answer.decisions.push(match found.map(|row| &roster.sessions.rows[row as usize]) {
        None => {
            let why = format!("school {} has no session `{}` in the year", key.school, key.session);
            Decision::new("session", Outcome::LeftOut, why, CLASSES).under(&CLASS_SESSION_MISSING)
        }
        Some(session) if !session.fate.kept() => lost("session", session.fate),
        Some(session) => Decision::new("session", Outcome::Kept, session.label(), CLASSES),
    });
    let Some(offering) = staged.courses.offerings.get(staged.sections.offering[n] as usize) else {
        let why = format!(
            "there is no course offering {} of school {} in session `{}`",
            key.local_code, key.school, key.session
        );
        answer.decisions.push(
            Decision::new("course offering", Outcome::LeftOut, why, CLASSES).under(&CLASS_OFFERING_MISSING),
        );
        return;
    };
    answer.decisions.push(
        Decision::new("course offering", Outcome::Kept, format!("{} is there", offering.local_code), CLASSES)
            .with("localCourseTitle", &offering.title),
    );
    answer.decisions.push(match &offering.course {
        Err((owner, code)) => {
            let why =
                format!("the offering names course {code} of organization {owner}, which does not exist");
            Decision::new("course", Outcome::LeftOut, why, CLASSES).under(&COURSE_MISSING)
        }
        Ok(course) => {
            let named = &staged.courses.courses[*course as usize];
            match roster.courses.find(roster.orgs.lea_of(key.school), *course) {
                Some(row) if !roster.courses.rows[row as usize].fate.kept() => {
                    lost("course", roster.courses.rows[row as usize].fate)
                }
                Some(row) => {
                    let course = &roster.courses.rows[row as usize];
                    let why = format!("course {} of organization {}", course.code, course.owner);
                    Decision::new("course", Outcome::Kept, why, CLASSES)
                        .with("named by the offering", format!("{}/{}", named.owner, named.code))
                }
                None => {
                    let why =
                        format!("course {} of organization {} is not exported", named.code, named.owner);
                    Decision::new("course", Outcome::LeftOut, why, CLASSES)
                }
            }
        }
    });
}
