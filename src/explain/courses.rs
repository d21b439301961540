//! What became of a course: who offers it, which record of its code wins, where it hangs.
//!
//! In: owner and code. Out: the answer and the decisions, for each LEA whose schools offer it.

use std::collections::BTreeMap;

use super::mapping::COURSES;
use super::model::{Answer, Decision, Outcome};
use super::world::World;
use crate::roster::clean::clean;
use crate::roster::courses::{COURSE_SHARED, COURSE_TITLE_BLANK, COURSE_YEAR_MISSING, offered_course};
use crate::staging::courses::StagedOffering;

/// Explains a course.
pub fn explain(world: &World<'_>, owner: i64, code: &str) -> Answer {
    let mut answer = Answer::default();
    let Some(course) = world.course(owner, code) else { return answer };
    let (staged, orgs, courses) = (&world.staged.courses, &world.roster.orgs, &world.roster.courses);
    let what = format!("Course {code} of organization {owner}");
    let mut by_school: BTreeMap<i64, Vec<&StagedOffering>> = BTreeMap::new();
    for offering in staged.offerings.iter().filter(|offering| offering.course == Ok(course)) {
        by_school.entry(offering.school).or_default().push(offering);
    }
    for (school, offerings) in &by_school {
        let about = format!("offerings at school {school}");
        let counts = offerings.iter().any(|offering| offered_course(orgs, offering).is_some());
        let decision = match (counts, orgs.find(*school)) {
            (true, _) => Decision::new(about, Outcome::Kept, "the school is exported", COURSES),
            (false, Some(row)) => {
                let why =
                    format!("the school is not exported: {}", world.because(orgs.rows[row as usize].fate));
                Decision::new(about, Outcome::LeftOut, why, COURSES)
            }
            (false, None) => Decision::new(about, Outcome::LeftOut, "the source has no such school", COURSES),
        };
        answer.decisions.push(decision.with("offerings of the year", offerings.len()));
    }
    let mut rows: Vec<(i64, u32)> = courses
        .offered()
        .filter(|((_, offered), _)| *offered == course)
        .map(|((lea, _), row)| (lea, row))
        .collect();
    rows.sort_unstable();
    if rows.is_empty() {
        let why = match by_school.is_empty() {
            true => format!("no school offers it in school year {}", world.plan.school_year),
            false => "none of the schools that offer it is exported".to_owned(),
        };
        answer.decisions.push(Decision::new("course", Outcome::LeftOut, why.clone(), COURSES));
        answer.sentences.push(format!("{what} is not in courses.csv: {why}."));
        return answer;
    }
    for (lea, row) in rows {
        let found = &courses.rows[row as usize];
        let about = format!("course in LEA {lea}");
        if found.staged != course {
            let why = format!("its code is also organization {}'s, whose record is the row", found.owner);
            answer
                .decisions
                .push(Decision::new(about, Outcome::LeftOut, why.clone(), COURSES).under(&COURSE_SHARED));
            answer
                .sentences
                .push(format!("{what} is merged into another row of courses.csv in LEA {lea}: {why}."));
            continue;
        }
        if let Some(cause) = world.cause(found.fate) {
            let why = world.because(found.fate);
            answer.decisions.push(Decision::new(about, Outcome::LeftOut, why.clone(), COURSES));
            answer.sentences.push(format!("{what} is not in courses.csv for LEA {lea}: {why}."));
            answer.cause = Some(cause);
            continue;
        }
        answer.sentences.push(format!("{what} is in courses.csv for LEA {lea}."));
        let why = format!("hangs on {}", world.org_label(found.org));
        answer.decisions.push(Decision::new(about.clone(), Outcome::Kept, why, COURSES));
        let stored = &staged.courses[course as usize].title;
        if clean(stored).is_empty() {
            let why = "the title is blank: the code stands in";
            answer.decisions.push(
                Decision::new(about.clone(), Outcome::Changed, why, COURSES).under(&COURSE_TITLE_BLANK),
            );
        }
        if found.year.is_none() {
            let why = "the LEA has no school year: the cell is blank";
            answer
                .decisions
                .push(Decision::new(about, Outcome::Changed, why, COURSES).under(&COURSE_YEAR_MISSING));
        }
    }
    answer
}
