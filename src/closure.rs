//! Closure: proves that a roster is complete in itself, or says why it is not (mapping.md 0.3 and section 1).
//!
//! In: a [`Roster`] whose rows carry fates, then the [`Gradebook`] of each version. Out: notices for every row that is left out, once, at its cause;
//! ids that collide; references that would dangle. The roster's builders already leave out what lacks
//! something required: here that is checked again from the outside, over ids, as a reader of the package would
//! see it. A dangling reference found here is a defect of this program, and refuses the package all the same.

use std::collections::BTreeMap;
use std::hash::Hasher;

use rayon::slice::ParallelSliceMut;
use rustc_hash::FxHasher;

use crate::config::plan::{OnIdCollision, Plan};
use crate::day::Day;
use crate::notice::{Authority, Code, Notices, Severity};
use crate::roster::Roster;
use crate::roster::classes::class_key;
use crate::roster::collisions::{ID_COLLISION, ID_COLLISION_LOSER, losers};
use crate::roster::context::natural_keys;
use crate::roster::enrollments::Teacher;
use crate::roster::gradebook::{Gradebook, line_item_key};
use crate::roster::user_rows::UserRow;
use crate::roster::users::person_word;
use crate::sourced_id::{IdScheme, NaturalKeys, Person, SourcedId};
use crate::staging::Staged;
use crate::staging::people::People;

/// A reference has no target.
pub static DANGLING: Code = Code {
    code: "dangling-reference",
    severity: Severity::Error,
    authority: Authority::Specification,
    file: "",
    summary: "A row refers to a row that is not exported: the package is refused.",
    remedy: "This is a defect of rosterpack: please report it with the report file.",
};
/// There is nothing to export.
pub static NOTHING_TO_EXPORT: Code = Code {
    code: "nothing-to-export",
    severity: Severity::Error,
    authority: Authority::Policy,
    file: "",
    summary: "The package would be empty of something that every roster has, and a vendor would delete everything: it is refused.",
    remedy: "Check the school year, the as-of date and the filters against the source.",
};

/// Codes that closure raises.
pub static CODES: &[&Code] = &[&DANGLING, &NOTHING_TO_EXPORT];

/// Reports every left-out row at its cause and proves that what remains is closed.
pub fn close(plan: &Plan, staged: &Staged, roster: &mut Roster, notices: &mut Notices) {
    settle_enrollment_ids(plan, staged, roster, notices);
    account(staged, roster, notices);
    check_unique(staged, roster, notices);
    check_references(roster, notices);
    check_not_empty(plan, roster, notices);
}

/// Proves that the gradebook of one version is closed over a closed roster.
pub fn close_gradebook(
    plan: &Plan,
    staged: &Staged,
    roster: &Roster,
    gradebook: &Gradebook,
    notices: &mut Notices,
) {
    check_gradebook_unique(plan, staged, gradebook, notices);
    check_gradebook_references(roster, gradebook, notices);
}

/// Rows that are left out, by file and cause. Enrollments were counted where they were judged.
fn account(staged: &Staged, roster: &Roster, notices: &mut Notices) {
    let causes = &roster.causes;
    for org in roster.orgs.rows.iter().filter(|o| !o.fate.kept()) {
        causes.report(notices, org.fate, "orgs", org.id.to_string());
    }
    for session in roster.sessions.rows.iter().filter(|s| !s.fate.kept()) {
        let school = session.school.unwrap_or(session.lea);
        causes.report(
            notices,
            session.fate,
            "academicSessions",
            format!("session {school} {}", session.title),
        );
    }
    for course in roster.courses.rows.iter().filter(|c| !c.fate.kept()) {
        causes.report(notices, course.fate, "courses", format!("course {} {}", course.lea, course.code));
    }
    for (section, fate) in roster.classes.fate.iter().enumerate().filter(|(_, f)| !f.kept()) {
        causes.report(notices, *fate, "classes", format!("section {}", staged.sections.label(section)));
    }
    for (person, people) in [
        (Person::Student, &staged.students),
        (Person::Staff, &staged.staff),
        (Person::Parent, &staged.contacts),
    ] {
        let word = person_word(person);
        for (row, fate) in roster.users.fates(person).iter().enumerate().filter(|(_, f)| !f.kept()) {
            causes.report(notices, *fate, "users", format!("{word} {}", people.unique_id.get(row)));
        }
    }
}

/// Ids within each file but sessions, classes and enrollments, which are settled beforehand.
fn check_unique(staged: &Staged, roster: &Roster, notices: &mut Notices) {
    let (orgs, courses) = (&roster.orgs.rows, &roster.courses.rows);
    let ids = numbered(orgs.iter().map(|o| o.fate.kept().then_some(o.sourced_id)));
    let found = losers("org", ids, |n| {
        let org = &orgs[n as usize];
        format!("{} {} {}", org.kind.word(), org.id, org.department.as_deref().unwrap_or(""))
            .trim()
            .to_owned()
    });
    report(found, notices);
    let ids = numbered(courses.iter().map(|c| c.fate.kept().then_some(c.sourced_id)));
    let found = losers("course", ids, |n| {
        let course = &courses[n as usize];
        format!("course {} {} in LEA {}", course.owner, course.code, course.lea)
    });
    report(found, notices);
    // Millions of users: no label is made before two ids are equal.
    let mut ids: Vec<SourcedId> = roster.users.exported_rows().map(|row| roster.users.row_id(row)).collect();
    ids.par_sort_unstable();
    if ids.windows(2).any(|pair| pair[0] == pair[1]) {
        let rows: Vec<UserRow> = roster.users.exported_rows().collect();
        let ids = numbered(rows.iter().map(|&row| Some(roster.users.row_id(row))));
        let label = |n: u32| roster.users.row_label(rows[n as usize], staged, &roster.orgs);
        report(losers("user", ids, label), notices);
    }
}

fn numbered(ids: impl Iterator<Item = Option<SourcedId>>) -> Vec<(SourcedId, u32)> {
    ids.zip(0u32..).filter_map(|(id, n)| Some((id?, n))).collect()
}

/// Reports ids of one kind that stand more than once, with what bears them.
fn unique(kind: &str, rows: Vec<(SourcedId, String)>, notices: &mut Notices) {
    let ids = numbered(rows.iter().map(|(id, _)| Some(*id)));
    report(losers(kind, ids, |n| rows[n as usize].1.clone()), notices);
}

fn report(losers: Vec<(u32, String)>, notices: &mut Notices) {
    for (_, cause) in losers {
        notices.add(&ID_COLLISION, &cause, "");
    }
}

/// Every reference of every exported row leads to an exported row.
fn check_references(roster: &Roster, notices: &mut Notices) {
    let org = |n: u32| roster.orgs.rows.get(n as usize).is_some_and(|o| o.fate.kept());
    let session = |n: u32| roster.sessions.rows.get(n as usize).is_some_and(|s| s.fate.kept());
    let mut dangles = |ok: bool, what: &str| {
        if !ok {
            notices.add(&DANGLING, what, "");
        }
    };
    for row in roster.orgs.rows.iter().filter(|o| o.fate.kept()) {
        dangles(row.parent.is_none_or(org), "orgs.parentSourcedId");
    }
    for row in roster.sessions.rows.iter().filter(|s| s.fate.kept()) {
        dangles(row.parent.is_none_or(session), "academicSessions.parentSourcedId");
    }
    for row in roster.courses.rows.iter().filter(|c| c.fate.kept()) {
        dangles(org(row.org), "courses.orgSourcedId");
        dangles(row.year.is_none_or(session), "courses.schoolYearSourcedId");
    }
    let classes = &roster.classes;
    for class in (0..classes.len()).filter(|&c| classes.fate[c].kept()) {
        let course = roster.courses.rows.get(classes.course[class] as usize);
        dangles(course.is_some_and(|c| c.fate.kept()), "classes.courseSourcedId");
        dangles(org(classes.org[class]), "classes.schoolSourcedId");
        dangles(session(classes.session[class]), "classes.termSourcedIds");
    }
    let kept = |person: Person, row: u32| {
        roster.users.fates(person).get(row as usize).is_some_and(|fate| fate.kept())
    };
    for user in roster.users.exported() {
        for user_row in roster.users.rows(user) {
            let orgs = roster.users.row_orgs(user_row);
            dangles(!orgs.is_empty() && orgs.iter().all(|&n| org(n)), "users.orgSourcedIds");
        }
        // Enrollments without a row of their own refer to the primary one.
        let primary = roster.users.sourced_id(user);
        let mut rows = roster.users.rows(user);
        dangles(rows.any(|row| roster.users.row_id(row) == primary), "users.sourcedId");
        let row = user.row as usize;
        match user.person {
            Person::Student => dangles(
                roster.users.parents.of_student.of(row).iter().all(|&p| kept(Person::Parent, p)),
                "users.agentSourcedIds",
            ),
            Person::Parent => dangles(
                roster.users.parents.students.of(row).iter().all(|&s| kept(Person::Student, s)),
                "users.agentSourcedIds",
            ),
            Person::Staff => {}
        }
    }
    for teacher in &roster.enrollments.teachers {
        dangles(classes.fate[teacher.fact.section as usize].kept(), "enrollments.classSourcedId");
        dangles(kept(Person::Staff, teacher.fact.staff), "enrollments.userSourcedId");
    }
    for fact in roster.facts.all_students() {
        dangles(classes.fate[fact.section as usize].kept(), "enrollments.classSourcedId");
        dangles(kept(Person::Student, fact.student), "enrollments.userSourcedId");
    }
}

fn check_gradebook_references(roster: &Roster, gradebook: &Gradebook, notices: &mut Notices) {
    let mut dangles = |ok: bool, what: &str| {
        if !ok {
            notices.add(&DANGLING, what, "");
        }
    };
    for item in &gradebook.items {
        dangles(roster.classes.fate[item.class as usize].kept(), "lineItems.classSourcedId");
        dangles((item.category as usize) < gradebook.categories.len(), "lineItems.categorySourcedId");
        let session = roster.sessions.rows.get(item.session as usize);
        dangles(session.is_some_and(|s| s.fate.kept()), "lineItems.gradingPeriodSourcedId");
    }
    for result in &gradebook.results {
        dangles((result.item as usize) < gradebook.items.len(), "results.lineItemSourcedId");
        let student = roster.users.students.fate.get(result.student as usize);
        dangles(student.is_some_and(|fate| fate.kept()), "results.studentSourcedId");
    }
}

/// Ids of the gradebook files.
///
/// A result's key is its line item's and the unique id, so that under `edu` two results can only be the same text
/// when one line item's key continues another's behind a hyphen: only the results of such items are looked at.
fn check_gradebook_unique(plan: &Plan, staged: &Staged, gradebook: &Gradebook, notices: &mut Notices) {
    let keys = natural_keys(plan, staged);
    unique(
        "category",
        gradebook.categories.iter().map(|c| (c.sourced_id, c.title.clone())).collect(),
        notices,
    );
    let mut texts: Vec<(String, usize)> = Vec::with_capacity(gradebook.items.len());
    for (row, item) in gradebook.items.iter().enumerate() {
        let mut key = String::new();
        keys.line_item(&mut key, line_item_key(staged, item));
        texts.push((key, row));
    }
    texts.sort_unstable();
    let named = texts.iter().map(|(key, row)| (gradebook.items[*row].sourced_id, key.clone())).collect();
    unique("line item", named, notices);
    if keys.scheme() == IdScheme::Stable {
        return;
    }
    let mut suspects: Vec<usize> = Vec::new();
    for (key, row) in &texts {
        for (hyphen, _) in key.match_indices('-') {
            let shorter = texts.partition_point(|(other, _)| other.as_str() < &key[..hyphen]);
            if let Some((_, other)) = texts.get(shorter).filter(|(other, _)| *other == key[..hyphen]) {
                suspects.extend([*row, *other]);
            }
        }
    }
    suspects.sort_unstable();
    suspects.dedup();
    let mut ids = Vec::new();
    for item in suspects {
        let begin = gradebook.results.partition_point(|r| (r.item as usize) < item);
        for result in gradebook.results[begin..].iter().take_while(|r| r.item as usize == item) {
            let mut key = String::new();
            let unique_id = staged.students.unique_id.get(result.student as usize);
            let item_key = line_item_key(staged, &gradebook.items[item]);
            keys.result(&mut key, item_key, unique_id);
            ids.push((SourcedId::of(&key), format!("{item_key:?} of student {unique_id}")));
        }
    }
    unique("result", ids, notices);
}

fn check_not_empty(plan: &Plan, roster: &Roster, notices: &mut Notices) {
    let counts = BTreeMap::from([
        ("schools", roster.orgs.rows.iter().filter(|o| o.fate.kept()).count() as u64),
        ("classes", roster.classes.fate.iter().filter(|f| f.kept()).count() as u64),
        ("students", roster.users.students.fate.iter().filter(|f| f.kept()).count() as u64),
        ("enrollments", roster.enrollments.len()),
    ]);
    // A package without students can be meant: it then has no enrollments of theirs either.
    let roles = &plan.scope.roles;
    let included = roles.include.is_empty() || roles.include.iter().any(|role| role == "student");
    let students = included && !roles.exclude.iter().any(|role| role == "student");
    for (what, count) in counts {
        let meant = !students && matches!(what, "students" | "enrollments");
        if count == 0 && !meant {
            let cause = format!("no {what} in school year {} as of {}", plan.school_year, plan.as_of);
            notices.add(&NOTHING_TO_EXPORT, &cause, "");
        }
    }
}

/// Enrollment ids that collide although class ids do not.
///
/// The key is `unique id - class - begin date`, in some schemes folded. Within one class, a student and a staff
/// member with the same unique id and begin date collide, or two students whose unique ids differ only in case,
/// or, where staff have no begin date in their ids, one who is in the class twice. Across classes, two keys can
/// only be the same text when one unique id continues another behind a hyphen (`7` and `7-a`), or when only one of
/// them ends with a date. So only such persons are looked at.
fn settle_enrollment_ids(plan: &Plan, staged: &Staged, roster: &mut Roster, notices: &mut Notices) {
    let keys = natural_keys(plan, staged);
    if !keys.scheme().can_collide() {
        return;
    }
    let suspects = suspects(&keys, staged, roster);
    if suspects.is_empty() {
        return;
    }
    struct Suspect<'s> {
        id: SourcedId,
        person: Person,
        place: usize,
        unique_id: &'s str,
        section: u32,
        begin: Option<Day>,
    }
    let mut ids: Vec<Suspect<'_>> = Vec::new();
    let (mut key, mut part) = (String::new(), String::new());
    let mut examine = |person, place, unique_id, section: u32, begin| {
        if suspects.binary_search(&unique_id).is_ok() {
            keys.class_part(&mut part, class_key(staged, section as usize));
            keys.enrollment(&mut key, person, unique_id, &part, begin);
            ids.push(Suspect { id: SourcedId::of(&key), person, place, unique_id, section, begin });
        }
    };
    for (place, teacher) in roster.enrollments.teachers.iter().enumerate() {
        let fact = teacher.fact;
        let unique_id = staged.staff.unique_id.get(fact.staff as usize);
        examine(Person::Staff, place, unique_id, fact.section, fact.begin);
    }
    for (row, fact) in roster.facts.all_students().enumerate() {
        let unique_id = staged.students.unique_id.get(fact.student as usize);
        examine(Person::Student, row, unique_id, fact.section, fact.begin);
    }
    // Teachers come first in row order, so they win.
    ids.sort_by_key(|suspect| (suspect.id, std::cmp::Reverse(suspect.person), suspect.place));
    let label = |suspect: &Suspect<'_>| {
        let begin = suspect.begin.map_or(String::new(), |day| format!(" from {day}"));
        format!(
            "{} {} in section {}{begin}",
            person_word(suspect.person),
            suspect.unique_id,
            staged.sections.label(suspect.section as usize)
        )
    };
    let mut losers: Vec<(Person, usize)> = Vec::new();
    for group in ids.chunk_by(|a, b| a.id == b.id).filter(|group| group.len() > 1) {
        for loser in &group[1..] {
            let cause = format!("enrollment {}: {} and {}", loser.id.hex(), label(&group[0]), label(loser));
            if plan.mapping.on_id_collision == OnIdCollision::Refuse {
                notices.add(&ID_COLLISION, &cause, "");
            } else {
                notices.add(&ID_COLLISION_LOSER, &cause, "");
                notices.leave_out(&ID_COLLISION_LOSER, &cause, "enrollments", 1);
                losers.push((loser.person, loser.place));
            }
        }
    }
    roster.leave_out_enrollments(&losers);
}

/// Unique ids whose enrollments could collide, sorted: borne by several persons once folded, continuing another's
/// behind a hyphen, or twice in a class whose staff have no begin date in their ids.
fn suspects<'s>(keys: &NaturalKeys, staged: &'s Staged, roster: &Roster) -> Vec<&'s str> {
    let hash = |unique_id: &str| {
        let mut hasher = FxHasher::default();
        hasher.write(keys.enrollment_unique_id(unique_id).as_bytes());
        hasher.finish()
    };
    let kept = |person: Person, people: &'s People| {
        let fates = roster.users.fates(person);
        (0..people.len()).filter(|&row| fates[row].kept()).map(|row| people.unique_id.get(row))
    };
    let all = || kept(Person::Student, &staged.students).chain(kept(Person::Staff, &staged.staff));
    let mut hashes: Vec<u64> = all().map(hash).collect();
    hashes.par_sort_unstable();
    // Hashes of those who share one, and of those whom another continues.
    let mut marked: Vec<u64> =
        hashes.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    for unique_id in all() {
        for (hyphen, _) in unique_id.match_indices('-') {
            let shorter = hash(&unique_id[..hyphen]);
            if hashes.binary_search(&shorter).is_ok() {
                marked.extend([shorter, hash(unique_id)]);
            }
        }
    }
    if !keys.enrollment_has_begin(Person::Staff) {
        let again = |pair: &[Teacher]| {
            (pair[0].fact.section, pair[0].fact.staff) == (pair[1].fact.section, pair[1].fact.staff)
        };
        let twice = roster.enrollments.teachers.windows(2).filter(|pair| again(pair));
        marked.extend(twice.map(|pair| hash(staged.staff.unique_id.get(pair[0].fact.staff as usize))));
    }
    if marked.is_empty() {
        return Vec::new();
    }
    marked.sort_unstable();
    // A hash that is shared by chance makes a suspect who collides with nobody.
    let mut suspects: Vec<&str> = all().filter(|id| marked.binary_search(&hash(id)).is_ok()).collect();
    suspects.sort_unstable();
    suspects.dedup();
    suspects
}
