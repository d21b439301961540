//! What became of an organization or department.
//!
//! In: an id. Out: the answer and the decisions: table, name, filters, parent.

use super::mapping::{ORGS, SCOPE};
use super::model::{Answer, CauseTold, Decision, Outcome};
use super::world::World;
use crate::roster::orgs::{ORG_TWICE, ORG_UNKNOWN, OrgType};
use crate::staging::orgs::OrgKind;

/// The tables in which an id stands.
fn kinds(world: &World<'_>, id: i64) -> Vec<&'static str> {
    let rows = world.staged.orgs.rows.iter().filter(|org| org.id == id);
    rows.map(|org| match org.kind {
        OrgKind::State => "stateEducationAgency",
        OrgKind::District => "localEducationAgency",
        OrgKind::School => "school",
    })
    .collect()
}

/// Explains a state agency, LEA or school, or an organization that OneRoster does not have.
pub fn explain(world: &World<'_>, id: i64) -> Answer {
    let mut answer = Answer::default();
    let (plan, orgs) = (world.plan, &world.roster.orgs);
    let Some(row) = orgs.find(id) else {
        let why = "it has no row among the state agencies, LEAs and schools; other kinds of organizations have no row in OneRoster";
        answer.cause = Some(CauseTold::new(&ORG_UNKNOWN, &format!("org {id}")));
        answer
            .decisions
            .push(Decision::new(format!("org {id}"), Outcome::LeftOut, why, ORGS).under(&ORG_UNKNOWN));
        answer.sentences.push(format!("Organization {id} is not in orgs.csv: {why}."));
        return answer;
    };
    let org = &orgs.rows[row as usize];
    let tables = kinds(world, id);
    let kind =
        Decision::new("type", Outcome::Chosen, format!("{}: the table it stands in", org.kind.word()), ORGS)
            .with("tables", tables.join(", "));
    answer.decisions.push(if tables.len() > 1 { kind.under(&ORG_TWICE) } else { kind });
    let staged = world.staged.orgs.rows.iter().find(|found| found.id == id);
    answer.decisions.push(match org.name.is_empty() {
        true => Decision::new("name", Outcome::LeftOut, "there is no name in educationOrganization", ORGS),
        false => Decision::new("name", Outcome::Kept, "cleaned", ORGS)
            .with("nameOfInstitution", staged.and_then(|s| s.name.clone()).unwrap_or_default()),
    });
    if !(plan.scope.leas.is_empty() && plan.scope.schools.is_empty()) {
        let ids = |list: &[i64]| list.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
        let (outcome, why) = match (org.chosen, org.fate.kept()) {
            (true, _) => (Outcome::Kept, "the filters choose it"),
            (false, true) => (Outcome::Kept, "it is above something that the filters choose"),
            (false, false) => (Outcome::LeftOut, "it is outside of the filters"),
        };
        answer.decisions.push(
            Decision::new("filters", outcome, why, SCOPE)
                .with("leas", ids(&plan.scope.leas))
                .with("schools", ids(&plan.scope.schools)),
        );
    }
    let stored = staged.and_then(|s| s.parent.or(s.parent_district));
    let parent = match (org.parent, stored) {
        (Some(parent), _) => Decision::new("parent", Outcome::Kept, world.org_label(parent), ORGS),
        (None, None) => Decision::new("parent", Outcome::Kept, "blank: none is named", ORGS),
        (None, Some(named)) => {
            let why = format!("blank: {named} is not exported, or the parents form a circle");
            Decision::new("parent", Outcome::Changed, why, ORGS)
                .under(&crate::roster::orgs::ORG_PARENT_MISSING)
        }
    };
    answer.decisions.push(parent.maybe("named", stored));
    if org.kind == OrgType::School && orgs.lea_of(id) == id {
        let why = "the school has no LEA that is exported: it stands in for one in school years and courses";
        answer.decisions.push(Decision::new("LEA", Outcome::Noted, why, ORGS));
    }
    match org.fate.kept() {
        true => answer.sentences.push(format!("Organization {id} is in orgs.csv as a {}.", org.kind.word())),
        false => {
            answer.cause = world.cause(org.fate);
            let why = match org.name.is_empty() {
                true => "educationOrganization has no name for it".to_owned(),
                false => "it is outside of --lea and --school".to_owned(),
            };
            answer.sentences.push(format!("Organization {id} is not in orgs.csv: {why}."));
        }
    }
    answer
}

/// Explains a department.
pub fn explain_department(world: &World<'_>, owner: i64, name: &str) -> Answer {
    let courses = (world.roster.courses.rows.iter())
        .filter(|course| course.fate.kept() && course.owner == owner)
        .filter(|course| {
            let org = &world.roster.orgs.rows[course.org as usize];
            org.department.as_deref() == Some(name)
        })
        .count();
    let why = format!("{courses} exported courses of organization {owner} have this subject or pathway");
    Answer {
        sentences: vec![format!("Department {name} of organization {owner} is in orgs.csv: {why}.")],
        cause: None,
        decisions: vec![Decision::new(format!("department {name}"), Outcome::Kept, why, ORGS)],
    }
}
