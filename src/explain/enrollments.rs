//! Section associations of a subject: which are enrollments, and what is worth knowing about them.
//!
//! In: the associations as they were staged. Out: a decision for each. The rule is `roster::enrollments::Judge`, shown
//! the same associations in the same order as in an export.

use super::mapping::{ENROLLMENTS, IDENTIFIERS, YEARS};
use super::model::{Decision, Outcome};
use super::world::{Delivered, World};
use crate::day::Day;
use crate::roster::answers::{Answers, Known};
use crate::roster::collisions::ID_COLLISION_LOSER;
use crate::roster::context::NotCounted;
use crate::roster::enrollments::{
    END_DATE_OPEN, ENROLLMENT_DATES, ENROLLMENT_NOT_COUNTED, ENROLLMENT_OUTSIDE_SCHOOL,
    ENROLLMENT_OUTSIDE_TERM, ENROLLMENT_OVERLAP, ENROLLMENT_REPEATED, Judge, NotEnrolled, POSITION_UNMAPPED,
    SEVERAL_PRIMARY, is_again, is_outside_school, is_outside_term,
};
use crate::roster::fate::Fate;
use crate::staging::SECTION_MISSING;
use crate::staging::facts::StudentInSection;
use crate::staging::keys::Found;
use crate::staging::read::KEY_SPELLING;

/// A day, or that there is none.
fn shown(day: Option<Day>) -> String {
    day.map_or_else(String::new, |day| day.to_string())
}

/// Why an association is no enrollment, with its code.
fn refusal(
    world: &World<'_>,
    about: String,
    why: NotEnrolled,
    who: &str,
    end: Option<Day>,
    begin: Option<Day>,
) -> Decision {
    let as_of = world.plan.as_of;
    let left_out = |why: String| Decision::new(about.clone(), Outcome::LeftOut, why, ENROLLMENTS);
    let inherited = |fate: Fate, what: &str| {
        let decision = left_out(format!("its {what} is not exported: {}", world.because(fate)));
        match world.roster.causes.of(fate) {
            Some((code, _)) => decision.under(code),
            None => decision,
        }
    };
    match why {
        NotEnrolled::Class(fate) => inherited(fate, "class"),
        NotEnrolled::User(fate) => inherited(fate, who),
        NotEnrolled::Unordered => {
            left_out(format!("it ends on {}, before it begins on {}", shown(end), shown(begin)))
                .under(&ENROLLMENT_DATES)
        }
        NotEnrolled::ByDate(NotCounted::Ended) => {
            left_out(format!("it ended on {}, before the as-of date {as_of}", shown(end)))
                .under(&ENROLLMENT_NOT_COUNTED)
        }
        NotEnrolled::ByDate(NotCounted::NotBegun) => {
            left_out(format!("it begins on {}, after the as-of date {as_of}", shown(begin)))
                .under(&ENROLLMENT_NOT_COUNTED)
        }
        NotEnrolled::Repeated => {
            left_out("the same person, section and begin date stand there before".to_owned())
                .under(&ENROLLMENT_REPEATED)
        }
    }
}

/// The associations of students among those kept aside, each with its decisions.
pub fn of_students(world: &World<'_>, label: impl Fn(&StudentInSection) -> String) -> Vec<Decision> {
    let roster = world.roster;
    let mut judge = Judge::new(world.plan);
    let mut last: Option<StudentInSection> = None;
    let mut decisions = Vec::new();
    for row in &world.before.students {
        let (class, user) =
            (roster.classes.fate[row.section as usize], roster.users.students.fate[row.student as usize]);
        let about = label(row);
        let dated = |decision: Decision| {
            decision
                .with("beginDate", shown(row.begin))
                .with("endDate", shown(row.end))
                .with("as-of date", world.plan.as_of)
        };
        if let Err(why) = judge.judge((row.section, row.student, row.begin), row.end, class, user) {
            decisions.push(dated(refusal(world, about, why, "student", row.end, row.begin)));
            continue;
        }
        let written = roster.enrollments.students(row.section as usize);
        let mut written = roster.facts.students_at(written);
        if !written.any(|other| (other.student, other.begin) == (row.student, row.begin)) {
            let why = "another enrollment has the same sourcedId and comes first";
            decisions.push(dated(
                Decision::new(about, Outcome::LeftOut, why, IDENTIFIERS).under(&ID_COLLISION_LOSER),
            ));
            continue;
        }
        let why = "its class and its student are exported and its dates count";
        decisions.push(dated(Decision::new(about.clone(), Outcome::Kept, why, ENROLLMENTS)));
        notes(world, &about, (row.section, row.begin, row.end), &mut decisions);
        let org = roster.classes.org[row.section as usize];
        if is_outside_school(&roster.users, row.student, org) {
            let why = format!(
                "{} is none of the student's schools; the enrollment is exported",
                world.org_label(org)
            );
            decisions.push(
                Decision::new(about.clone(), Outcome::Noted, why, ENROLLMENTS)
                    .under(&ENROLLMENT_OUTSIDE_SCHOOL),
            );
        }
        if last.is_some_and(|last| is_again(&last, row)) {
            let why = "the student is in the class twice at a time; both rows are exported";
            decisions.push(Decision::new(about, Outcome::Noted, why, ENROLLMENTS).under(&ENROLLMENT_OVERLAP));
        }
        last = Some(*row);
    }
    decisions
}

/// Associations of the person that name no section of the year: staging passes over them.
pub fn without_section(world: &World<'_>) -> Vec<Decision> {
    let mut decisions = Vec::new();
    for Delivered { key, year, begin, end } in &world.delivered {
        let about = format!("section association {key}");
        let decision = if *year != i64::from(world.plan.school_year) {
            let why = format!("it is of school year {year}, and {} is exported", world.plan.school_year);
            Decision::new(about, Outcome::LeftOut, why, YEARS)
        } else {
            match world.staged.sections.find(key.school, &key.local_code, &key.session, &key.section) {
                Found::Exact(_) => continue,
                Found::Folded(section) => {
                    let why = format!(
                        "it means section {}: case and trailing space are ignored where nothing is spelt so",
                        world.section_label(section)
                    );
                    Decision::new(about, Outcome::Noted, why, IDENTIFIERS).under(&KEY_SPELLING)
                }
                Found::Nothing => {
                    let why = "there is no such section in the school year";
                    Decision::new(about, Outcome::LeftOut, why, ENROLLMENTS).under(&SECTION_MISSING)
                }
            }
        };
        decisions.push(decision.with("beginDate", shown(*begin)).with("endDate", shown(*end)));
    }
    decisions
}

/// What is worth knowing of an enrollment's dates.
fn notes(
    world: &World<'_>,
    about: &str,
    (section, begin, end): (u32, Option<Day>, Option<Day>),
    decisions: &mut Vec<Decision>,
) {
    let session = &world.roster.sessions.rows[world.roster.classes.session[section as usize] as usize];
    if is_outside_term(begin, end, session) {
        let why = "it begins before its session or ends after it; it is exported as it is";
        decisions.push(
            Decision::new(about, Outcome::Noted, why, ENROLLMENTS)
                .with("session begins", session.begin)
                .with("session ends", session.end)
                .under(&ENROLLMENT_OUTSIDE_TERM),
        );
    }
    if end.is_some_and(|end| end > Day::LAST) {
        let why = "an end after 2089 means none: the cell is blank";
        decisions.push(Decision::new(about, Outcome::Changed, why, ENROLLMENTS).under(&END_DATE_OPEN));
    }
}

/// The associations of staff members among those kept aside, each with its decisions.
pub fn of_staff(
    world: &World<'_>,
    label: impl Fn(&crate::staging::facts::StaffFact) -> String,
) -> Vec<Decision> {
    let roster = world.roster;
    let mut judge = Judge::new(world.plan);
    let positions = Answers::new(&world.crosswalks.positions, &world.staged.descriptors, |&primary| primary);
    let mut decisions = Vec::new();
    for fact in &world.before.staff {
        let about = label(fact);
        let dated = |decision: Decision| {
            decision
                .with("beginDate", shown(fact.begin))
                .with("endDate", shown(fact.end))
                .with("as-of date", world.plan.as_of)
        };
        let class = roster.classes.fate[fact.section as usize];
        // Teaching is decided before the person is: it may be the reason for which the person is exported.
        let judged = judge.judge((fact.section, fact.staff, fact.begin), fact.end, class, Fate::KEPT);
        let user = roster.users.staff.fate[fact.staff as usize];
        let judged = judged.and(if user.kept() { Ok(()) } else { Err(NotEnrolled::User(user)) });
        if let Err(why) = judged {
            decisions.push(dated(refusal(world, about, why, "staff member", fact.end, fact.begin)));
            continue;
        }
        let teachers = roster.enrollments.teachers(fact.section as usize);
        let Some(teacher) = teachers.iter().find(|t| t.fact == *fact) else {
            let why = "another enrollment has the same sourcedId and comes first";
            decisions.push(dated(
                Decision::new(about, Outcome::LeftOut, why, IDENTIFIERS).under(&ID_COLLISION_LOSER),
            ));
            continue;
        };
        let why = "its class and its teacher are exported and its dates count";
        decisions.push(dated(Decision::new(about.clone(), Outcome::Kept, why, ENROLLMENTS)));
        notes(world, &about, (fact.section, fact.begin, fact.end), &mut decisions);
        let position = world.value(fact.position);
        let primary = |why: &str| {
            Decision::new(about.clone(), Outcome::Chosen, why, ENROLLMENTS)
                .with("classroom position", position)
                .with("primary", teacher.primary)
        };
        decisions.push(match (positions.peek(fact.position), teacher.primary) {
            (Known::Mapped(true), true) => primary("the positions crosswalk says so"),
            (Known::Mapped(true), false) => {
                let others = teachers.iter().filter(|t| t.primary);
                let others: Vec<String> = others
                    .map(|t| world.staged.staff.unique_id.get(t.fact.staff as usize).to_owned())
                    .collect();
                primary("an association of a primary teacher of the class at that time begins earlier, or has the lower unique id")
                    .with("primary is", others.join(", "))
                    .under(&SEVERAL_PRIMARY)
            }
            (Known::Unknown, _) => {
                primary("the positions crosswalk does not know the position").under(&POSITION_UNMAPPED)
            }
            (Known::Mapped(false) | Known::Blank | Known::Absent, _) => {
                primary("the positions crosswalk says so")
            }
        });
    }
    decisions
}
