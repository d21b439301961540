//! What became of a staff member: assignments, school associations, teaching, the role, enrollments.
//!
//! In: the unique id of a staged staff member. Out: the answer and the decisions in order.

use super::mapping::{CHOOSING, USERS, YEARS};
use super::model::{Answer, Decision, Outcome};
use super::students::include_word;
use super::world::World;
use super::{enrollments, people};
use crate::roster::answers::Answers;
use crate::roster::context::NotCounted;
use crate::roster::filter::is_filtered;
use crate::roster::orgs::{ORG_UNKNOWN, OUT_OF_SCOPE, OrgLost};
use crate::roster::staff::{
    NoPlace, NoRole, NotAssigned, ROLE_NOT_IN_VERSION, STAFF_ORG_SKIPPED, STAFF_WITHOUT_ROLE, choose_role,
    is_of_year, judge_assignment, place_of, role_of,
};
use crate::roster::users::UserRef;
use crate::sourced_id::Person;
use crate::staging::StaffAssignment;

/// Why a staff member does not count at an organization, in words.
fn no_place(world: &World<'_>, id: i64, why: NoPlace) -> String {
    match why {
        NoPlace::NotChosen => {
            format!("{} (org {id} is only above what the filters choose)", OUT_OF_SCOPE.code)
        }
        NoPlace::Lost(OrgLost::LeftOut(fate)) => world.because(fate),
        NoPlace::Lost(OrgLost::Unknown | OrgLost::NotASchool) => {
            format!("{} (org {id} is no state agency, LEA or school of the source)", ORG_UNKNOWN.code)
        }
    }
}

/// The decision on one assignment; why it gives no role at an exported organization, if it gives none.
fn assignment(
    world: &World<'_>,
    roles: &Answers<crate::crosswalk::StaffRole>,
    row: &StaffAssignment,
) -> (Decision, Option<String>) {
    let (plan, roster) = (world.plan, world.roster);
    let classification = world.value(row.classification);
    let about = format!("assignment `{classification}` at org {}", row.organization);
    let full = |decision: Decision| {
        decision
            .maybe("beginDate", row.begin)
            .maybe("endDate", row.end)
            .with("as-of date", plan.as_of)
            .with("include", include_word(plan.mapping.include))
    };
    if let Err(why) = judge_assignment(plan, &roster.orgs, &roster.sessions, row) {
        let told = match why {
            NotAssigned::ByDate(NotCounted::Ended) => {
                format!(
                    "ended on {}, before the as-of date {}",
                    row.end.map_or(String::new(), |d| d.to_string()),
                    plan.as_of
                )
            }
            NotAssigned::ByDate(NotCounted::NotBegun) => {
                format!(
                    "begins on {}, after the as-of date {}",
                    row.begin.map_or(String::new(), |d| d.to_string()),
                    plan.as_of
                )
            }
            NotAssigned::OtherYear(window) => {
                format!("has no day in common with the school year {} to {}", window.first, window.last)
            }
        };
        let decision = Decision::new(about, Outcome::LeftOut, format!("does not count: it {told}"), YEARS);
        return (
            full(decision.under(&STAFF_WITHOUT_ROLE)),
            Some(format!("the assignment `{classification}` at org {} {told}", row.organization)),
        );
    }
    let place = place_of(&roster.orgs, row.organization);
    match role_of(roles.peek(row.classification)) {
        Err(why) => {
            let (told, code) = match why {
                NoRole::Unmapped => (
                    format!("the classifications crosswalk gives `{classification}` no role"),
                    &STAFF_WITHOUT_ROLE,
                ),
                NoRole::NotInVersion(role) => (
                    format!(
                        "the classifications crosswalk gives `{classification}` the role {role}, which OneRoster 1.1 lacks"
                    ),
                    &ROLE_NOT_IN_VERSION,
                ),
            };
            let decision = Decision::new(about, Outcome::LeftOut, format!("counts, but {told}"), USERS);
            (full(decision.under(code)), Some(told))
        }
        Ok(role) => match place {
            Ok(_) => {
                let decision = Decision::new(
                    about,
                    Outcome::Kept,
                    format!("counts, and gives the role {}", role.role),
                    USERS,
                );
                (full(decision), None)
            }
            Err(why) => {
                let told = no_place(world, row.organization, why);
                let decision = Decision::new(
                    about,
                    Outcome::LeftOut,
                    format!("gives the role {}, but its organization is not exported: {told}", role.role),
                    USERS,
                );
                (
                    full(decision.under(&STAFF_ORG_SKIPPED)),
                    Some(format!("org {} is not exported: {told}", row.organization)),
                )
            }
        },
    }
}

/// Explains a staff member.
pub fn explain(world: &World<'_>, unique_id: &str) -> Answer {
    let mut answer = Answer::default();
    let Some(row) = world.staged.staff.find(unique_id) else { return answer };
    let (plan, roster, staged) = (world.plan, world.roster, world.staged);
    let (staff, user) = (&roster.users.staff, UserRef { person: Person::Staff, row });
    let fate = staff.fate[row as usize];
    let roles = Answers::new(&world.crosswalks.classifications, &staged.descriptors, |role| *role);
    let mut reasons = Vec::new();
    for found in staged.staff_assignments.iter().filter(|a| a.staff == row) {
        let (decision, told) = assignment(world, &roles, found);
        answer.decisions.push(decision);
        reasons.extend(told);
    }
    for found in staged.staff_schools.iter().filter(|s| s.staff == row) {
        let about = format!("school association {}", found.school);
        let decision = if is_of_year(found, plan.school_year) {
            match place_of(&roster.orgs, found.school) {
                Ok(_) => Decision::new(about, Outcome::Kept, "shows an organization, but no role", USERS),
                Err(why) => Decision::new(about, Outcome::LeftOut, no_place(world, found.school, why), USERS)
                    .under(&STAFF_ORG_SKIPPED),
            }
        } else {
            Decision::new(about, Outcome::LeftOut, "is of another school year", YEARS)
        };
        answer.decisions.push(decision.maybe("schoolYear", found.year));
    }
    if fate.kept() {
        answer.sentences.push(format!("Staff member {unique_id} is in users.csv."));
        let evidence = &staff.evidence[row as usize];
        if let Some(chosen) = choose_role(evidence, &plan.mapping.staff_role_priority) {
            let mut decision = Decision::new(
                "role",
                Outcome::Chosen,
                format!("{}, of classification {}", chosen.role, chosen.classification),
                CHOOSING,
            );
            for evidence in evidence {
                let place =
                    evidence.org.map_or("no exported organization".to_owned(), |org| world.org_label(org));
                decision = decision.with(format!("{} ({})", evidence.role, evidence.classification), place);
            }
            let priority = plan.mapping.staff_role_priority.join(", ");
            answer.decisions.push(decision.with("staff_role_priority", priority));
        }
        people::decide(world, user, &mut answer.decisions);
    } else {
        answer.cause = world.cause(fate);
        let cause = answer.cause.as_ref().map_or(String::new(), |c| c.cause.clone());
        let teaches = match world.delivered.is_empty() {
            true => "no section association names the staff member".to_owned(),
            false => "no exported class counts as taught".to_owned(),
        };
        let why = match reasons.is_empty() {
            _ if is_filtered(&roster.causes, fate) => vec![cause],
            true => vec![cause, teaches],
            false => reasons.into_iter().chain([teaches]).collect(),
        };
        answer.sentences.push(format!("Staff member {unique_id} is not in users.csv: {}.", why.join("; ")));
    }
    answer.decisions.extend(enrollments::of_staff(world, |fact| {
        format!("section association {}", world.section_label(fact.section))
    }));
    answer.decisions.extend(enrollments::without_section(world));
    answer
}
