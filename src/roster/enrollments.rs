//! Enrollments: which section associations are exported, and which teacher is primary (mapping.md section 7).
//!
//! In: section associations as integers, the fates of classes and users. Out: [`Enrollments`]: the student
//! rows that stay in [`Facts`], the staff rows with their `primary`, and where each class's rows begin. Every
//! association is either one of these or counted under its cause.

use crate::config::plan::{EndDates, Include, Plan};
use crate::day::Day;
use crate::notice::{Authority, Code, Severity};
use crate::sourced_id::Person;
use crate::staging::facts::{Facts, StaffFact, StudentInSection, offsets};

use super::answers::{Answers, Known};
use super::classes::Classes;
use super::context::{Context, NotCounted};
use super::fate::{Fate, Losses};
use super::sessions::{Session, Sessions};
use super::user_rows::ENROLLMENT_USER_ELSEWHERE;
use super::users::{UserRef, Users};

/// An association does not count by its dates.
pub static ENROLLMENT_NOT_COUNTED: Code = Code {
    code: "enrollment-not-counted",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "enrollments",
    summary: "Section associations do not count on the as-of date: they are not exported.",
    remedy: "Nothing, or change `include`.",
};
/// An association ends before it begins.
pub static ENROLLMENT_DATES: Code = Code {
    code: "enrollment-dates",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "enrollments",
    summary: "A section association ends before it begins: it is left out.",
    remedy: "Correct its dates.",
};
/// The same association stands twice.
pub static ENROLLMENT_REPEATED: Code = Code {
    code: "enrollment-repeated",
    severity: Severity::Warning,
    authority: Authority::Policy,
    file: "enrollments",
    summary: "The same person, section and begin date stand twice: one row is exported.",
    remedy: "A database cannot hold such rows: make the extract again.",
};
/// The same person is in a class twice at a time.
pub static ENROLLMENT_OVERLAP: Code = Code {
    code: "enrollment-overlap",
    severity: Severity::Warning,
    authority: Authority::Consumer,
    file: "enrollments",
    summary: "A person is in the same class more than once at a time: all rows are exported.",
    remedy: "End the earlier association.",
};
/// An association reaches beyond its session.
pub static ENROLLMENT_OUTSIDE_TERM: Code = Code {
    code: "enrollment-outside-term",
    severity: Severity::Info,
    authority: Authority::Consumer,
    file: "enrollments",
    summary: "Section associations begin before their session or end after it: they are exported as they are.",
    remedy: "Correct the dates of the association or of the session.",
};
/// A student is in a class of a school that the student does not attend.
pub static ENROLLMENT_OUTSIDE_SCHOOL: Code = Code {
    code: "enrollment-outside-school",
    severity: Severity::Info,
    authority: Authority::Consumer,
    file: "enrollments",
    summary: "Students are in classes of a school that they do not attend: the enrollments are exported, the school is not among the user's organizations.",
    remedy: "Record a student school association with that school if the student attends it.",
};
/// An end date means "open".
pub static END_DATE_OPEN: Code = Code {
    code: "end-date-open",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "enrollments",
    summary: "End dates after 2089 mean no end: the cell is blank.",
    remedy: "Nothing.",
};
/// A classroom position has no crosswalk answer.
pub static POSITION_UNMAPPED: Code = Code {
    code: "position-unmapped",
    severity: Severity::Warning,
    authority: Authority::Policy,
    file: "enrollments",
    summary: "A classroom position is not in the crosswalk: `primary` is false.",
    remedy: "Add the position to xwalk_oneroster_classroom_positions.csv.",
};
/// A class has several primary teachers.
pub static SEVERAL_PRIMARY: Code = Code {
    code: "several-primary-teachers",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "enrollments",
    summary: "Several teachers of a class are primary at the same time: the earliest stays, then the lowest unique id; the others become false.",
    remedy: "Record one Teacher of Record per section.",
};

/// A teacher's enrollment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Teacher {
    /// The association.
    pub fact: StaffFact,
    /// Whether the teacher is the primary one.
    pub primary: bool,
}

/// Enrollments by class.
#[derive(Debug, Default)]
pub struct Enrollments {
    /// Teachers, sorted by (class, staff, begin).
    pub teachers: Vec<Teacher>,
    /// Where the teachers of each class begin; one more than there are classes.
    pub teachers_of: Vec<u64>,
    /// Where the students of each class begin in the facts; one more than there are classes.
    pub students_of: Vec<u64>,
}

/// The end date as written: OneRoster's is the day after Ed-Fi's; after 2089 there is none (mapping.md 0.6).
pub fn written_end(end: Option<Day>, ends: EndDates) -> Option<Day> {
    end.filter(|&day| day <= Day::LAST).map(|day| match ends {
        EndDates::Exclusive => day.next(),
        EndDates::Inclusive => day,
    })
}

/// Section associations of staff that count by class and dates: what makes somebody a teacher.
pub(super) fn counted_teachers(
    ctx: &mut Context<'_>,
    mut staff: Vec<StaffFact>,
    classes: &Classes,
) -> Vec<StaffFact> {
    let mut rule = Judged::new(ctx);
    let mut losses = Losses::default();
    staff.retain(|fact| {
        let key = (fact.section, fact.staff, fact.begin);
        // Whether the person is exported is not known yet: teaching may be the reason.
        let fate = rule.fate(key, fact.end, classes.fate[fact.section as usize], Fate::KEPT);
        if !fate.kept() {
            losses.add(fate);
        }
        fate.kept()
    });
    rule.finish(ctx);
    losses.report(&ctx.causes, &mut ctx.notices, "enrollments");
    staff
}

impl Enrollments {
    /// Keeps the student rows of `facts` that are exported, and gives every class its homeroom flag.
    pub(super) fn build(
        ctx: &mut Context<'_>,
        facts: &mut Facts,
        mut teachers: Vec<StaffFact>,
        classes: &mut Classes,
        sessions: &Sessions,
        users: &Users,
    ) -> Enrollments {
        let mut rule = Judged::new(ctx);
        let mut losses = Losses::default();
        let mut last: Option<StudentInSection> = None;
        let mut notes = ClassNotes::default();
        let mut homerooms: Vec<(u32, u32)> = vec![(0, 0); classes.len()];
        facts.retain_students(|row| {
            let class = row.section as usize;
            let key = (row.section, row.student, row.begin);
            let fate =
                rule.fate(key, row.end, classes.fate[class], users.students.fate[row.student as usize]);
            if !fate.kept() {
                losses.add(fate);
                return false;
            }
            let (count, flagged) = &mut homerooms[class];
            *count += 1;
            *flagged += u32::from(row.homeroom);
            let session = &sessions.rows[classes.session[class] as usize];
            notes.outside_term += u64::from(is_outside_term(row.begin, row.end, session));
            notes.outside_school += u64::from(is_outside_school(users, row.student, classes.org[class]));
            let user = UserRef { person: Person::Student, row: row.student };
            notes.elsewhere += u64::from(users.is_elsewhere(user, classes.org[class]));
            notes.overlaps += u64::from(last.is_some_and(|last| is_again(&last, &row)));
            last = Some(row);
            true
        });
        for (class, (count, flagged)) in homerooms.into_iter().enumerate() {
            classes.homeroom[class] = flagged * 2 > count;
        }
        rule.finish(ctx);
        notes.report(ctx, "student");
        let students_of = offsets(classes.len(), facts.all_students().map(|fact| fact.section));

        teachers.retain(|fact| {
            let fate = users.staff.fate[fact.staff as usize];
            if !fate.kept() {
                losses.add(fate);
            }
            fate.kept()
        });
        losses.report(&ctx.causes, &mut ctx.notices, "enrollments");
        let teachers_of = offsets(classes.len(), teachers.iter().map(|fact| fact.section));
        let teachers = mark_primary(ctx, &teachers, classes, sessions);
        Enrollments { teachers, teachers_of, students_of }
    }

    /// Finds anew where each class's rows begin, after rows were removed.
    pub(super) fn recount(&mut self, classes: usize, facts: &Facts) {
        self.students_of = offsets(classes, facts.all_students().map(|fact| fact.section));
        self.teachers_of = offsets(classes, self.teachers.iter().map(|t| t.fact.section));
    }

    /// Teachers of a class.
    pub fn teachers(&self, class: usize) -> &[Teacher] {
        &self.teachers[self.teachers_of[class] as usize..self.teachers_of[class + 1] as usize]
    }

    /// Rows of the students of a class in the facts.
    pub fn students(&self, class: usize) -> std::ops::Range<usize> {
        self.students_of[class] as usize..self.students_of[class + 1] as usize
    }

    /// Number of enrollments.
    pub fn len(&self) -> u64 {
        self.teachers.len() as u64 + self.students_of.last().copied().unwrap_or(0)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Why a section association is no enrollment; the first that holds, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotEnrolled {
    /// The class is not exported.
    Class(Fate),
    /// The user is not exported.
    User(Fate),
    /// The end is before the begin.
    Unordered,
    /// The dates do not count on the as-of date.
    ByDate(NotCounted),
    /// The association before it is of the same person, section and begin.
    Repeated,
}

/// Section, person and begin of an association.
pub type AssociationKey = (u32, u32, Option<Day>);

/// The rule on section associations. They are shown to it in the order of [`Facts`], all of them or all of a person
/// or a section, because the second of two equal ones does not count.
#[derive(Debug)]
pub struct Judge {
    include: Include,
    as_of: Day,
    last: Option<AssociationKey>,
}

impl Judge {
    /// The rule of a plan, before the first association.
    pub fn new(plan: &Plan) -> Judge {
        Judge { include: plan.mapping.include, as_of: plan.as_of, last: None }
    }

    /// Whether the next association is exported, given what became of its class and its person.
    #[inline]
    pub fn judge(
        &mut self,
        key: AssociationKey,
        end: Option<Day>,
        class: Fate,
        user: Fate,
    ) -> Result<(), NotEnrolled> {
        if !class.kept() {
            return Err(NotEnrolled::Class(class));
        }
        if !user.kept() {
            return Err(NotEnrolled::User(user));
        }
        if is_unordered(key.2, end) {
            return Err(NotEnrolled::Unordered);
        }
        super::context::counts(self.include, self.as_of, key.2, end).map_err(NotEnrolled::ByDate)?;
        if self.last == Some(key) {
            return Err(NotEnrolled::Repeated);
        }
        self.last = Some(key);
        Ok(())
    }
}

#[inline]
fn is_unordered(begin: Option<Day>, end: Option<Day>) -> bool {
    begin.is_some_and(|begin| end.is_some_and(|end| end < begin))
}

/// Whether an association begins before its session or ends after it.
#[inline]
pub fn is_outside_term(begin: Option<Day>, end: Option<Day>, session: &Session) -> bool {
    begin.is_some_and(|day| day < session.begin)
        || end.is_some_and(|day| day > session.end && day <= Day::LAST)
}

/// Whether a school is none of an exported student's.
#[inline]
pub fn is_outside_school(users: &Users, student: u32, school: u32) -> bool {
    !users.students.orgs.of(student as usize).contains(&school)
}

/// Whether a student is in a section again while the association before it still runs.
#[inline]
pub fn is_again(before: &StudentInSection, row: &StudentInSection) -> bool {
    (before.section, before.student) == (row.section, row.student)
        && before.end.is_none_or(|end| Some(end) >= row.begin)
}

/// The rule with the fates it deals out, so that a row costs no look-up.
struct Judged {
    judge: Judge,
    ended: Fate,
    not_begun: Fate,
    unordered: Fate,
    repeated: Fate,
    open: u64,
}

impl Judged {
    fn new(ctx: &mut Context<'_>) -> Judged {
        let as_of = ctx.plan.as_of;
        Judged {
            judge: Judge::new(ctx.plan),
            ended: ctx.causes.fate(&ENROLLMENT_NOT_COUNTED, format!("ended before {as_of}")),
            not_begun: ctx.causes.fate(&ENROLLMENT_NOT_COUNTED, format!("begins after {as_of}")),
            unordered: ctx.causes.fate(&ENROLLMENT_DATES, "ends before it begins"),
            repeated: ctx.causes.fate(&ENROLLMENT_REPEATED, "same person, section and begin date"),
            open: 0,
        }
    }

    #[inline]
    fn fate(&mut self, key: AssociationKey, end: Option<Day>, class: Fate, user: Fate) -> Fate {
        // Counted for all associations, exported or not.
        self.open += u64::from(end.is_some_and(|end| end > Day::LAST) && !is_unordered(key.2, end));
        match self.judge.judge(key, end, class, user) {
            Ok(()) => Fate::KEPT,
            Err(NotEnrolled::Class(fate) | NotEnrolled::User(fate)) => fate,
            Err(NotEnrolled::Unordered) => self.unordered,
            Err(NotEnrolled::ByDate(NotCounted::Ended)) => self.ended,
            Err(NotEnrolled::ByDate(NotCounted::NotBegun)) => self.not_begun,
            Err(NotEnrolled::Repeated) => self.repeated,
        }
    }

    fn finish(self, ctx: &mut Context<'_>) {
        ctx.notices.count(&END_DATE_OPEN, "endDate", self.open);
    }
}

#[derive(Default)]
struct ClassNotes {
    outside_term: u64,
    outside_school: u64,
    elsewhere: u64,
    overlaps: u64,
}

impl ClassNotes {
    fn report(&self, ctx: &mut Context<'_>, who: &str) {
        ctx.notices.count(&ENROLLMENT_OUTSIDE_TERM, who, self.outside_term);
        ctx.notices.count(&ENROLLMENT_OUTSIDE_SCHOOL, who, self.outside_school);
        ctx.notices.count(&ENROLLMENT_USER_ELSEWHERE, who, self.elsewhere);
        ctx.notices.count(&ENROLLMENT_OVERLAP, who, self.overlaps);
    }
}

/// Whether two spans of days have a day in common; no end is for ever.
fn overlap(a: &StaffFact, b: &StaffFact) -> bool {
    a.end.is_none_or(|end| b.begin <= Some(end)) && b.end.is_none_or(|end| a.begin <= Some(end))
}

/// At most one primary teacher per class at a time: crosswalk true, then earliest begin, then lowest unique id.
fn mark_primary(
    ctx: &mut Context<'_>,
    teachers: &[StaffFact],
    classes: &Classes,
    sessions: &Sessions,
) -> Vec<Teacher> {
    let staged = ctx.staged;
    let mut positions = Answers::new(&ctx.crosswalks.positions, &staged.descriptors, |&primary| primary);
    let mut notes = ClassNotes::default();
    let mut marked: Vec<Teacher> = Vec::with_capacity(teachers.len());
    for class in teachers.chunk_by(|a, b| a.section == b.section) {
        let from = marked.len();
        let session = &sessions.rows[classes.session[class[0].section as usize] as usize];
        for (n, fact) in class.iter().enumerate() {
            let answer = positions.ask(fact.position);
            if answer == Known::Unknown {
                let unique_id = staged.staff.unique_id.get(fact.staff as usize);
                ctx.notices.add(&POSITION_UNMAPPED, ctx.value(fact.position), unique_id);
            }
            notes.outside_term += u64::from(is_outside_term(fact.begin, fact.end, session));
            notes.overlaps +=
                u64::from(n > 0 && class[n - 1].staff == fact.staff && overlap(&class[n - 1], fact));
            marked.push(Teacher { fact: *fact, primary: answer == Known::Mapped(true) });
        }
        let mut order: Vec<usize> = (from..marked.len()).filter(|&n| marked[n].primary).collect();
        // Staff rows stand in the order of unique ids, so the row number is the last key.
        order.sort_by_key(|&n| (marked[n].fact.begin, marked[n].fact.staff, marked[n].fact.end));
        let mut accepted: Vec<usize> = Vec::new();
        for n in order {
            if accepted.iter().any(|&a| overlap(&marked[a].fact, &marked[n].fact)) {
                marked[n].primary = false;
                let unique_id = staged.staff.unique_id.get(marked[n].fact.staff as usize);
                ctx.notices.add(&SEVERAL_PRIMARY, "primary", unique_id);
            } else {
                accepted.push(n);
            }
        }
    }
    ctx.collect(&positions);
    notes.report(ctx, "staff");
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_exclusive_and_far_ones_open() {
        let day = Day::from_ymd(2022, 5, 27);
        assert_eq!(written_end(day, EndDates::Exclusive), Day::from_ymd(2022, 5, 28));
        assert_eq!(written_end(day, EndDates::Inclusive), day);
        assert_eq!(written_end(Day::from_ymd(9999, 12, 31), EndDates::Exclusive), None);
        assert_eq!(written_end(None, EndDates::Exclusive), None);
    }
}
