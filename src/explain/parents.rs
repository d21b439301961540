//! What became of a parent or contact: whose, with which role, which telephone.
//!
//! In: the unique id of a staged contact. Out: the answer and the decisions in order.

use super::mapping::USERS;
use super::model::{Answer, Decision, Outcome};
use super::people;
use super::world::World;
use crate::roster::answers::{Answers, Known};
use crate::roster::filter::is_filtered;
use crate::roster::users::UserRef;
use crate::sourced_id::Person;

/// Explains a parent.
pub fn explain(world: &World<'_>, unique_id: &str) -> Answer {
    let mut answer = Answer::default();
    let Some(row) = world.staged.contacts.find(unique_id) else { return answer };
    let (roster, staged) = (world.roster, world.staged);
    let (parents, user) = (&roster.users.parents, UserRef { person: Person::Parent, row });
    let fate = parents.fate[row as usize];
    let relations =
        world.crosswalks.relations.as_ref().map(|seed| Answers::new(seed, &staged.descriptors, |&word| word));
    let mut reasons = Vec::new();
    for link in staged.student_contacts.iter().filter(|link| link.contact == row) {
        let student = world.unique_id(Person::Student, link.student);
        let student_fate = roster.users.students.fate[link.student as usize];
        let about = format!("student {student}");
        let decision = if student_fate.kept() {
            let word = match relations.as_ref().map(|seed| seed.peek(link.relation)) {
                Some(Known::Mapped(word)) => format!("is exported; the relations crosswalk says {word}"),
                Some(_) => {
                    "is exported; the relations crosswalk has no word for the relation: parent".to_owned()
                }
                None => "is exported; without a relations crosswalk everybody is a parent".to_owned(),
            };
            Decision::new(about, Outcome::Kept, word, USERS)
        } else {
            let because = world.because(student_fate);
            reasons.push(format!("student {student} is not exported: {because}"));
            let decision =
                Decision::new(about, Outcome::LeftOut, format!("is not exported: {because}"), USERS);
            match roster.causes.of(student_fate) {
                Some((code, _)) => decision.under(code),
                None => decision,
            }
        };
        answer.decisions.push(decision.with("relation", world.value(link.relation)));
    }
    if !fate.kept() {
        answer.cause = world.cause(fate);
        let cause = answer.cause.as_ref().map_or(String::new(), |c| c.cause.clone());
        let why =
            if reasons.is_empty() || is_filtered(&roster.causes, fate) { cause } else { reasons.join("; ") };
        answer.sentences.push(format!("Parent {unique_id} is not in users.csv: {why}."));
        return answer;
    }
    answer.sentences.push(format!("Parent {unique_id} is in users.csv."));
    let role = parents.role[row as usize];
    let why = format!("{role}: of several relations parent comes before guardian, that before relative");
    answer.decisions.push(Decision::new("role", Outcome::Chosen, why, USERS));
    people::decide(world, user, &mut answer.decisions);
    let phones = &staged.contact_telephones;
    let preferred = &world.plan.mapping.parent_telephone_type;
    let chosen = world.cells.phone(user);
    answer.decisions.extend(people::choice(world, user, "phone", phones, preferred, chosen.as_ref()));
    answer
}
