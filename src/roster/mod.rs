//! The roster: staged tables become version-neutral OneRoster entities with sourcedIds.
//!
//! In: [`Staged`] tables, crosswalks and the plan. Out: a [`Roster`], in the wider shape of OneRoster 1.2 and
//! in output order, in which every row carries its [`fate::Fate`]; one roster serves packages of every version. What a
//! version demands of the gradebook decides which of its rows there are: [`gradebook`] is built for each.
//! Entities are built in the order in which they refer to each other, so that each finds the fate of what it needs;
//! `closure` then proves the result.

pub mod answers;
pub mod choice;
pub mod classes;
pub mod clean;
pub mod collisions;
pub mod context;
pub mod courses;
pub mod demographics;
pub mod enrollments;
pub mod fate;
pub mod figures;
pub mod filter;
pub mod gradebook;
pub mod grading;
pub mod line_items;
pub mod lists;
pub mod orgs;
pub mod parents;
pub mod results;
pub mod roles;
pub mod sessions;
pub mod staff;
pub mod students;
pub mod user_rows;
pub mod users;

use crate::config::extensions::Extension;
use crate::config::plan::Plan;
use crate::crosswalk::Crosswalks;
use crate::notice::{Code, Notices};
use crate::staging::Staged;
use crate::staging::facts::Facts;

use answers::{Answers, Unmapped};
use classes::Classes;
use context::Context;
use courses::Courses;
use demographics::Demographics;
use enrollments::Enrollments;
use fate::Causes;
use filter::Filters;
use orgs::Orgs;
use parents::Parents;
use sessions::Sessions;
use staff::Staff;
use students::Students;
use users::Users;

/// Codes that the roster raises.
pub static CODES: &[&Code] = &[
    &context::TEXT_CLEANED,
    &context::UNMAPPED,
    &orgs::ORG_WITHOUT_NAME,
    &orgs::ORG_PARENT_MISSING,
    &orgs::ORG_PARENT_CYCLE,
    &orgs::OUT_OF_SCOPE,
    &orgs::FILTER_UNMATCHED,
    &filter::FILTERED,
    &orgs::ORG_TWICE,
    &orgs::ORG_UNKNOWN,
    &sessions::SESSION_DATES,
    &sessions::YEAR_WIDENED,
    &sessions::YEAR_FROM_SESSIONS,
    &sessions::TERM_UNMAPPED,
    &sessions::YEAR_UNDER_YEAR,
    &sessions::YEAR_WITHOUT_LEA,
    &courses::COURSE_SHARED,
    &courses::COURSE_OF_SEVERAL_LEAS,
    &courses::COURSE_TITLE_BLANK,
    &courses::COURSE_YEAR_MISSING,
    &courses::COURSE_ORG_MISSING,
    &classes::CLASS_SESSION_MISSING,
    &classes::CLASS_OFFERING_MISSING,
    &classes::COURSE_MISSING,
    &classes::LIST_ITEM_CHANGED,
    &collisions::ID_COLLISION,
    &collisions::ID_COLLISION_LOSER,
    &students::STUDENT_UNASSOCIATED,
    &students::STUDENT_NOT_ENROLLED,
    &students::SCHOOL_DATES,
    &students::NAME_BLANK,
    &students::GRADE_UNMAPPED,
    &staff::STAFF_WITHOUT_ROLE,
    &staff::STAFF_WITHOUT_ORG,
    &staff::STAFF_ORG_SKIPPED,
    &staff::ROLE_NOT_IN_VERSION,
    &parents::PARENT_WITHOUT_STUDENT,
    &user_rows::USER_PER_SCHOOL,
    &user_rows::STAFF_ORG_WITHOUT_ROW,
    &user_rows::ENROLLMENT_USER_ELSEWHERE,
    &users::USERNAME_SHARED,
    &users::USERNAME_NOT_UNIQUE,
    &users::USERNAME_LAST_RESORT,
    &users::USER_ID_CHANGED,
    &users::USER_ID_WITHHELD,
    &enrollments::ENROLLMENT_NOT_COUNTED,
    &enrollments::ENROLLMENT_DATES,
    &enrollments::ENROLLMENT_REPEATED,
    &enrollments::ENROLLMENT_OVERLAP,
    &enrollments::ENROLLMENT_OUTSIDE_TERM,
    &enrollments::ENROLLMENT_OUTSIDE_SCHOOL,
    &enrollments::END_DATE_OPEN,
    &enrollments::POSITION_UNMAPPED,
    &enrollments::SEVERAL_PRIMARY,
    &line_items::ENTRY_WITHOUT_SECTION,
    &line_items::ENTRY_OF_OTHER_YEAR,
    &line_items::LINE_ITEM_INCOMPLETE,
    &line_items::LINE_ITEM_DEFAULTED,
    &results::RESULT_WITHOUT_SCORE,
    &results::GRADE_WITHOUT_VALUE,
    &results::GRADE_REPEATED,
    &results::RESULT_DEFAULTED,
    &results::SUBMISSION_UNMAPPED,
    &results::SCORE_OUT_OF_BOUNDS,
];

/// Everything that can be written, in output order; rows that are not exported included.
#[derive(Debug)]
pub struct Roster {
    /// Organizations.
    pub orgs: Orgs,
    /// Academic sessions.
    pub sessions: Sessions,
    /// Courses.
    pub courses: Courses,
    /// Classes, parallel to the staged sections.
    pub classes: Classes,
    /// Users.
    pub users: Users,
    /// Enrollments.
    pub enrollments: Enrollments,
    /// Student rows of the enrollments.
    pub facts: Facts,
    /// Demographics, when the plan wants them.
    pub demographics: Option<Demographics>,
    /// Grade codes by grade level.
    pub grades: Answers<&'static str>,
    /// Causes that fates refer to.
    pub causes: Causes,
    /// Crosswalk values in use that no seed knows.
    pub unmapped: Vec<Unmapped>,
}

/// Builds the roster. `facts` are the staged section associations, taken out of `staged`.
pub fn build(
    plan: &Plan,
    staged: &Staged,
    mut facts: Facts,
    crosswalks: &Crosswalks,
    extensions: Vec<Extension>,
    notices: Notices,
) -> (Roster, Notices) {
    let mut ctx = Context::new(plan, staged, crosswalks, notices);
    let mut orgs = Orgs::build(&mut ctx);
    let mut filters = Filters::new(&plan.scope);
    let mut sessions = Sessions::build(&mut ctx, &orgs);
    filters.sessions(&mut ctx, &mut sessions);
    collisions::settle_session_ids(&mut ctx, &mut sessions);
    let mut courses = Courses::build(&mut ctx, &mut filters, &mut orgs, &sessions);
    let mut classes = Classes::build(&mut ctx, &mut filters, &orgs, &sessions, &courses);
    collisions::settle_class_ids(&mut ctx, &mut classes);

    let mut students = Students::build(&mut ctx, &mut filters, &orgs, &sessions);
    filters.settle(&mut ctx, &facts, &orgs, &mut courses, &mut classes, &mut students);
    filters.tell_unused(&mut ctx);
    let teachers = enrollments::counted_teachers(&mut ctx, std::mem::take(&mut facts.staff), &classes);
    let mut teaching: Vec<(u32, u32)> =
        teachers.iter().map(|fact| (fact.staff, classes.org[fact.section as usize])).collect();
    teaching.sort_unstable();
    teaching.dedup();
    let staff = Staff::build(&mut ctx, &mut filters, &orgs, &sessions, &teaching);
    let parents = Parents::build(&mut ctx, &mut filters, &students);
    let mut users = Users::new(students, staff, parents);
    users.make_rows(&mut ctx, &orgs);
    collisions::settle_user_ids(&mut ctx, &orgs, &mut users);
    users.assign_usernames(&mut ctx, &orgs);
    users.note_user_ids(&mut ctx, &orgs);
    let enrollments = Enrollments::build(&mut ctx, &mut facts, teachers, &mut classes, &sessions, &users);
    let demographics =
        plan.mapping.demographics.then(|| Demographics::build(&mut ctx, &users.students, extensions));

    let grades = Answers::new(&crosswalks.grades, &staged.descriptors, |&word| word);
    let Context { notices, causes, mut unmapped, .. } = ctx;
    unmapped.sort();
    unmapped.dedup_by(|later, first| {
        let same = later.seed == first.seed && later.value == first.value;
        if same {
            first.count += later.count;
        }
        same
    });
    let roster = Roster {
        orgs,
        sessions,
        courses,
        classes,
        users,
        enrollments,
        facts,
        demographics,
        grades,
        causes,
        unmapped,
    };
    (roster, notices)
}

impl Roster {
    /// Removes enrollments that lost an id collision: staff by place among the teachers, students by fact row.
    pub(crate) fn leave_out_enrollments(&mut self, losers: &[(crate::sourced_id::Person, usize)]) {
        use crate::sourced_id::Person;
        if losers.is_empty() {
            return;
        }
        let mut row = 0;
        self.facts.retain_students(|_| {
            row += 1;
            !losers.contains(&(Person::Student, row - 1))
        });
        let mut place = 0;
        self.enrollments.teachers.retain(|_| {
            place += 1;
            !losers.contains(&(Person::Staff, place - 1))
        });
        self.enrollments.recount(self.classes.len(), &self.facts);
    }
}
