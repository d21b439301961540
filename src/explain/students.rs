//! What became of a student: school associations, primary school, grade, parents, enrollments, demographics.
//!
//! In: the unique id of a staged student. Out: the answer and the decisions in the order in which an export takes them.

use super::mapping::{CHOOSING, CROSSWALKS, DEMOGRAPHICS, USERS, YEARS};
use super::model::{Answer, Decision, Outcome};
use super::world::World;
use super::{enrollments, people};
use crate::config::plan::Include;
use crate::day::Day;
use crate::roster::answers::{Answers, Known};
use crate::roster::context::UNMAPPED;
use crate::roster::filter::is_filtered;
use crate::roster::orgs::{ORG_UNKNOWN, OrgLost};
use crate::roster::students::{
    GRADE_UNMAPPED, NotAttending, SCHOOL_DATES, STUDENT_NOT_ENROLLED, attendances, grade_of, judge_in,
    primary_of, window_of,
};
use crate::roster::users::UserRef;
use crate::sourced_id::Person;
use crate::staging::students::StudentSchool;

/// The word of `include`.
pub fn include_word(include: Include) -> &'static str {
    match include {
        Include::NotEnded => "not-ended",
        Include::Current => "current",
        Include::Year => "year",
    }
}

fn shown(day: Option<Day>) -> String {
    day.map_or_else(|| "no date".to_owned(), |day| day.to_string())
}

/// Why an association does not count, as the end of "the student ...".
fn sentence(world: &World<'_>, association: &StudentSchool, why: NotAttending) -> String {
    let (plan, school) = (world.plan, association.school);
    let (entry, exit) = (shown(association.entry), shown(association.exit));
    let window = window_of(plan, &world.roster.orgs, &world.roster.sessions, school);
    match why {
        NotAttending::Ended => {
            format!("left school {school} on {exit}, before the as-of date {}", plan.as_of)
        }
        NotAttending::NotBegun => {
            format!("enters school {school} on {entry}, after the as-of date {}", plan.as_of)
        }
        NotAttending::ExitType(kind) => {
            format!("has exit type `{}` at school {school}, which voids the association", world.value(kind))
        }
        NotAttending::BeforeFirstDay => {
            format!(
                "left school {school} on {exit}, before the first day of the school year, {}",
                window.first
            )
        }
        NotAttending::Unordered => format!("left school {school} on {exit}, before the entry on {entry}"),
        NotAttending::OtherYear => match association.year {
            Some(year) => {
                format!("was at school {school} in school year {year}, and {} is exported", plan.school_year)
            }
            None => format!(
                "was at school {school} from {entry} to {exit}, outside of the school year {} to {}",
                window.first, window.last
            ),
        },
    }
}

/// The decision on one school association.
fn attendance(world: &World<'_>, association: &StudentSchool) -> (Decision, Option<String>) {
    let (plan, roster, school) = (world.plan, world.roster, association.school);
    let about = format!("school association {school} from {}", shown(association.entry));
    let window = window_of(plan, &roster.orgs, &roster.sessions, school);
    let full = |decision: Decision| {
        decision
            .maybe("entryDate", association.entry)
            .maybe("exitWithdrawDate", association.exit)
            .with("exit type", world.value(association.exit_type))
            .maybe("schoolYear", association.year)
            .with("as-of date", plan.as_of)
            .with("include", include_word(plan.mapping.include))
            .with("school year", format!("{} to {}", window.first, window.last))
    };
    match judge_in(plan, world.staged, &roster.orgs, &roster.sessions, association) {
        Err(why) => {
            let told = sentence(world, association, why);
            let code = if why == NotAttending::Unordered { &SCHOOL_DATES } else { &STUDENT_NOT_ENROLLED };
            let decision =
                Decision::new(about, Outcome::LeftOut, format!("does not count: the student {told}"), YEARS);
            (full(decision.under(code)), Some(told))
        }
        Ok(()) => match roster.orgs.look_up_school(school) {
            Ok(_) => {
                (full(Decision::new(about, Outcome::Kept, "counts, and its school is exported", YEARS)), None)
            }
            Err(lost) => {
                let because = match lost {
                    OrgLost::LeftOut(fate) => world.because(fate),
                    OrgLost::Unknown => format!("{} (the source has no school {school})", ORG_UNKNOWN.code),
                    OrgLost::NotASchool => format!("{} ({school} is no school)", ORG_UNKNOWN.code),
                };
                let told = format!("attends school {school}, which is not exported: {because}");
                let decision = Decision::new(
                    about,
                    Outcome::LeftOut,
                    format!("counts, but its school is not exported: {because}"),
                    USERS,
                );
                let decision = match lost {
                    OrgLost::LeftOut(fate) => match roster.causes.of(fate) {
                        Some((code, _)) => decision.under(code),
                        None => decision,
                    },
                    OrgLost::Unknown | OrgLost::NotASchool => decision.under(&ORG_UNKNOWN),
                };
                (full(decision), Some(told))
            }
        },
    }
}

/// Explains a student.
pub fn explain(world: &World<'_>, unique_id: &str) -> Answer {
    let mut answer = Answer::default();
    let Some(row) = world.staged.students.find(unique_id) else { return answer };
    let (roster, user) = (world.roster, UserRef { person: Person::Student, row });
    let fate = roster.users.students.fate[row as usize];
    let mut reasons = Vec::new();
    for association in world.staged.student_schools.of(row) {
        let (decision, told) = attendance(world, &association);
        answer.decisions.push(decision);
        reasons.extend(told);
    }
    if fate.kept() {
        answer.sentences.push(format!("Student {unique_id} is in users.csv."));
        kept(world, user, &mut answer.decisions);
    } else {
        answer.cause = world.cause(fate);
        let cause = answer.cause.as_ref().map_or(String::new(), |c| c.cause.clone());
        let own = !is_filtered(&roster.causes, fate)
            && !reasons.is_empty()
            && reasons.len() == world.staged.student_schools.of(row).count();
        answer.sentences.push(match own {
            true => {
                format!("Student {unique_id} is not in users.csv: the student {}.", reasons.join("; and "))
            }
            false => format!("Student {unique_id} is not in users.csv: {cause}."),
        });
    }
    parents(world, row, &mut answer.decisions);
    let mut associations = enrollments::of_students(world, |fact| {
        format!("section association {}", world.section_label(fact.section))
    });
    associations.extend(enrollments::without_section(world));
    let lost = associations.iter().filter(|d| d.outcome == Outcome::LeftOut).count();
    if lost > 0 && fate.kept() {
        let all = world.delivered.len();
        answer.sentences.push(format!("{lost} of {all} section associations are left out."));
    }
    answer.decisions.extend(associations);
    answer
}

/// What is chosen for a student who is exported.
fn kept(world: &World<'_>, user: UserRef, decisions: &mut Vec<Decision>) {
    let (plan, roster, staged) = (world.plan, world.roster, world.staged);
    let counted: Vec<_> = attendances(plan, staged, &roster.orgs, &roster.sessions, user.row).collect();
    if let Some((primary, _)) = primary_of(&counted) {
        let mut schools = counted.iter().map(|(a, _)| a.school).collect::<Vec<_>>();
        schools.dedup();
        let why = match schools.len() {
            1 => format!("{}: the only school", primary.school),
            _ => format!("{}: the flag, then the latest entry, then the lowest id", primary.school),
        };
        let mut decision = Decision::new("primary school", Outcome::Chosen, why, CHOOSING);
        for (association, _) in &counted {
            let flag = association.primary.map_or("not said".to_owned(), |flag| flag.to_string());
            decision = decision.with(
                format!("school {}", association.school),
                format!("primarySchool {flag}, entry {}", shown(association.entry)),
            );
        }
        decisions.push(decision);
    }
    if let Some(chosen) = grade_of(&counted, &staged.descriptors) {
        let level = world.value(chosen.grade);
        let from = format!("of school {} from {}", chosen.school, shown(chosen.entry));
        let decision = match roster.grades.peek(chosen.grade) {
            Known::Mapped(word) => {
                Decision::new("grades", Outcome::Chosen, format!("{word}: `{level}`, {from}"), CHOOSING)
            }
            Known::Blank => Decision::new(
                "grades",
                Outcome::Changed,
                format!("blank: the grades crosswalk leaves `{level}` unmapped"),
                CROSSWALKS,
            ),
            Known::Unknown => Decision::new(
                "grades",
                Outcome::Changed,
                format!("blank: the grades crosswalk does not know `{level}`"),
                CROSSWALKS,
            )
            .under(&GRADE_UNMAPPED),
            Known::Absent => {
                Decision::new("grades", Outcome::Changed, "blank: no grade level is recorded", USERS)
            }
        };
        decisions.push(counted.iter().fold(decision, |decision, (association, _)| {
            let what =
                format!("entry grade level at {} from {}", association.school, shown(association.entry));
            decision.with(what, world.value(association.grade))
        }));
    }
    people::decide(world, user, decisions);
    demographics(world, user.row, decisions);
}

/// Contacts of the student and whether they are exported.
fn parents(world: &World<'_>, student: u32, decisions: &mut Vec<Decision>) {
    let (staged, parents) = (world.staged, &world.roster.users.parents);
    for link in staged.student_contacts.iter().filter(|link| link.student == student) {
        let about = format!("parent {}", world.unique_id(Person::Parent, link.contact));
        let fate = parents.fate[link.contact as usize];
        let linked = parents.of_student.of(student as usize).contains(&link.contact);
        let decision = if linked {
            Decision::new(about, Outcome::Kept, "is exported, and stands in agentSourcedIds", USERS)
        } else if fate.kept() {
            Decision::new(
                about,
                Outcome::LeftOut,
                "is exported for other students; this one is not exported",
                USERS,
            )
        } else {
            let decision = Decision::new(about, Outcome::LeftOut, world.because(fate), USERS);
            match world.roster.causes.of(fate) {
                Some((code, _)) => decision.under(code),
                None => decision,
            }
        };
        decisions.push(decision.with("relation", world.value(link.relation)));
    }
}

/// Races and sex by crosswalk, when demographics are written.
fn demographics(world: &World<'_>, student: u32, decisions: &mut Vec<Decision>) {
    if world.roster.demographics.is_none() {
        return;
    }
    let facts = &world.staged.student_demographics;
    let races = Answers::new(&world.crosswalks.races, &world.staged.descriptors, |&race| race);
    for &(_, race) in facts.races.iter().filter(|(of, _)| *of == student) {
        let value = world.value(race);
        let about = format!("race `{value}`");
        decisions.push(match races.peek(race) {
            Known::Mapped(race) => Decision::new(
                about,
                Outcome::Kept,
                format!("the races crosswalk calls it {}", race.column()),
                DEMOGRAPHICS,
            ),
            Known::Blank | Known::Absent => {
                Decision::new(about, Outcome::LeftOut, "the races crosswalk leaves it unmapped", DEMOGRAPHICS)
            }
            Known::Unknown => {
                Decision::new(about, Outcome::LeftOut, "the races crosswalk does not know it", DEMOGRAPHICS)
                    .under(&UNMAPPED)
            }
        });
    }
    let sexes = Answers::new(&world.crosswalks.sexes, &world.staged.descriptors, |&word| word);
    for fact in facts.organizations.of(student) {
        let about = format!("sex and ethnicity as organization {} states them", fact.organization);
        let told = match sexes.peek(fact.sex) {
            Known::Mapped(word) => format!("the sexes crosswalk says {word}"),
            Known::Blank => "the sexes crosswalk leaves it unmapped".to_owned(),
            Known::Unknown => "the sexes crosswalk does not know it".to_owned(),
            Known::Absent => "no sex is stated".to_owned(),
        };
        decisions.push(
            Decision::new(about, Outcome::Noted, told, DEMOGRAPHICS)
                .with("sex", world.value(fact.sex))
                .maybe("hispanicLatinoEthnicity", fact.hispanic),
        );
    }
}
