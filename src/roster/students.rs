//! Which students are exported, at which schools, in which grade (mapping.md section 6, Students).
//!
//! In: staged students and their school associations, exported organizations, year windows. Out:
//! [`Students`], row for row with the staged students.

use crate::config::plan::Plan;
use crate::day::Day;
use crate::notice::{Authority, Code, Severity};
use crate::sourced_id::{Person, SourcedId};
use crate::staging::Staged;
use crate::staging::descriptors::{Descriptor, Descriptors};
use crate::staging::students::StudentSchool;

use super::answers::{Answers, Known};
use super::clean::{clean, same_value};
use super::context::{Context, NotCounted};
use super::fate::Fate;
use super::filter::Filters;
use super::lists::Lists;
use super::orgs::Orgs;
use super::sessions::{Sessions, Window};

/// A student has no school association.
pub static STUDENT_UNASSOCIATED: Code = Code {
    code: "student-without-school",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "users",
    summary: "Students have no school association at all: they are not exported.",
    remedy: "Record a student school association if the student attends.",
};
/// None of a student's school associations counts.
pub static STUDENT_NOT_ENROLLED: Code = Code {
    code: "student-not-enrolled",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "users",
    summary: "None of the student's school associations counts: they are not exported.",
    remedy: "Nothing if the student has left; otherwise correct entry, exit, exit type or school year.",
};
/// A school association ends before it begins.
pub static SCHOOL_DATES: Code = Code {
    code: "student-school-dates",
    severity: Severity::Warning,
    authority: Authority::Policy,
    file: "users",
    summary: "A student school association ends before it begins: it does not count.",
    remedy: "Correct entryDate or exitWithdrawDate.",
};
/// A required name is blank.
pub static NAME_BLANK: Code = Code {
    code: "user-name-blank",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "users",
    summary: "A person has no first or last name, which OneRoster requires: the person is left out.",
    remedy: "Fill firstName and lastSurname.",
};
/// A grade level has no crosswalk answer.
pub static GRADE_UNMAPPED: Code = Code {
    code: "grade-unmapped",
    severity: Severity::Warning,
    authority: Authority::Policy,
    file: "users",
    summary: "The student's grade level is not in the crosswalk: the grade is blank.",
    remedy: "Add the grade level to xwalk_oneroster_grade_levels.csv.",
};

/// Why a school association does not count; the order decides which reason is reported first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotAttending {
    /// The exit is before the as-of date.
    Ended,
    /// The entry is after the as-of date (`include = "current"`).
    NotBegun,
    /// The exit type voids it.
    ExitType(Descriptor),
    /// The exit is before the year's first day.
    BeforeFirstDay,
    /// The exit is before the entry.
    Unordered,
    /// It belongs to another school year.
    OtherYear,
}

/// Students, parallel to the staged students.
#[derive(Debug, Default)]
pub struct Students {
    /// Ids.
    pub sourced_id: Vec<SourcedId>,
    /// Whether the student is exported.
    pub fate: Vec<Fate>,
    /// Rows of the schools, the primary one first, the rest in the order of orgs.csv.
    pub orgs: Lists,
    /// Grade level of the chosen association.
    pub grade: Vec<Descriptor>,
}

/// Whether a school association counts (mapping.md section 6 and rules 0.2, 0.11).
pub fn judge(
    association: &StudentSchool,
    window: Window,
    plan: &Plan,
    exit_type: &str,
) -> Result<(), NotAttending> {
    let mapping = &plan.mapping;
    let (entry, exit) = (association.entry, association.exit);
    let of_year = match association.year {
        Some(year) => year == plan.school_year,
        // Without a school year the dates speak: they must overlap the year's window.
        None => window.overlaps(entry, exit),
    };
    if let (Some(entry), Some(exit)) = (entry, exit)
        && exit < entry
    {
        return Err(NotAttending::Unordered);
    }
    if mapping.exclude_exit_before_first_day
        && exit.is_some_and(|exit| exit < window.first)
        && association.year == Some(plan.school_year)
    {
        return Err(NotAttending::BeforeFirstDay);
    }
    if !of_year {
        return Err(NotAttending::OtherYear);
    }
    if !exit_type.is_empty() && mapping.exclude_exit_types.iter().any(|t| same_value(t, exit_type)) {
        return Err(NotAttending::ExitType(association.exit_type));
    }
    super::context::counts(mapping.include, plan.as_of, entry, exit).map_err(|why| match why {
        NotCounted::Ended => NotAttending::Ended,
        NotCounted::NotBegun => NotAttending::NotBegun,
    })
}

/// The school year within which the associations of an organization are judged: its LEA's, else the customary one.
pub fn window_of(plan: &Plan, orgs: &Orgs, sessions: &Sessions, organization: i64) -> Window {
    sessions.window(orgs.lea_of(organization)).unwrap_or_else(|| customary_window(plan.school_year))
}

/// Judges a school association within the year of its school's LEA.
pub fn judge_in(
    plan: &Plan,
    staged: &Staged,
    orgs: &Orgs,
    sessions: &Sessions,
    association: &StudentSchool,
) -> Result<(), NotAttending> {
    let window = window_of(plan, orgs, sessions, association.school);
    judge(association, window, plan, staged.descriptors.code_value(association.exit_type))
}

/// School associations of a student that count, each with the row of its exported school.
pub fn attendances<'s>(
    plan: &'s Plan,
    staged: &'s Staged,
    orgs: &'s Orgs,
    sessions: &'s Sessions,
    student: u32,
) -> impl Iterator<Item = (StudentSchool, u32)> {
    staged
        .student_schools
        .of(student)
        .filter(move |a| judge_in(plan, staged, orgs, sessions, a).is_ok())
        .filter_map(move |a| Some((a, orgs.exported_school(a.school)?)))
}

/// The window of a school year that nothing dates: July to June.
pub fn customary_window(year: i16) -> Window {
    let year = i32::from(year);
    Window {
        first: Day::from_ymd(year - 1, 7, 1).unwrap_or(Day::at(i32::MIN)),
        last: Day::from_ymd(year, 6, 30).unwrap_or(Day::at(i32::MAX)),
    }
}

/// Which of two associations shows the student's grade: latest entry, then open before closed, then the later
/// exit, then the lower school (mapping.md section 6).
fn grade_rank(a: &StudentSchool) -> (Option<Day>, bool, Option<Day>, std::cmp::Reverse<i64>) {
    (a.entry, a.exit.is_none(), a.exit, std::cmp::Reverse(a.school))
}

/// Which association's school is primary: the flag, then the latest entry, then the lowest id.
fn primary_rank(a: &StudentSchool) -> (bool, Option<Day>, std::cmp::Reverse<i64>) {
    (a.primary == Some(true), a.entry, std::cmp::Reverse(a.school))
}

/// The association whose school is the primary one, among those that count.
pub fn primary_of(counted: &[(StudentSchool, u32)]) -> Option<&(StudentSchool, u32)> {
    counted.iter().max_by_key(|(a, _)| primary_rank(a))
}

/// The association that shows the grade, among those that count; the last key is the lower code value.
pub fn grade_of<'s>(
    counted: &'s [(StudentSchool, u32)],
    descriptors: &Descriptors,
) -> Option<&'s StudentSchool> {
    let value = |a: &StudentSchool| descriptors.code_value(a.grade);
    let best = counted
        .iter()
        .max_by(|(a, _), (b, _)| grade_rank(a).cmp(&grade_rank(b)).then_with(|| value(b).cmp(value(a))));
    best.map(|(a, _)| a)
}

impl Students {
    pub(super) fn build(
        ctx: &mut Context<'_>,
        filters: &mut Filters,
        orgs: &Orgs,
        sessions: &Sessions,
    ) -> Students {
        let staged = ctx.staged;
        let count = staged.students.len();
        let mut students = Students {
            sourced_id: Vec::with_capacity(count),
            fate: Vec::with_capacity(count),
            orgs: Lists::default(),
            grade: Vec::with_capacity(count),
        };
        let mut grades = Answers::new(&ctx.crosswalks.grades, &staged.descriptors, |&word| word);
        let mut key = String::new();
        let mut counted: Vec<(StudentSchool, u32)> = Vec::new();
        let mut associations: Vec<StudentSchool> = Vec::new();
        let mut all = staged.student_schools.iter().peekable();
        for student in 0..count {
            let unique_id = staged.students.unique_id.get(student);
            ctx.keys.user(&mut key, Person::Student, unique_id, None);
            students.sourced_id.push(SourcedId::of(&key));
            associations.clear();
            // Both are in the order of students.
            associations.extend(std::iter::from_fn(|| all.next_if(|a| a.student as usize == student)));
            let fate = attend(ctx, orgs, sessions, &associations, &mut counted);
            let named = !clean(staged.students.first.get(student)).is_empty()
                && !clean(staged.students.last.get(student)).is_empty();
            let fate = match fate {
                Fate::KEPT if !named => ctx.causes.fate(&NAME_BLANK, "student"),
                fate => fate,
            };
            let grade = match fate.kept() {
                true => grade_of(&counted, &staged.descriptors).map_or(Descriptor::NONE, |a| a.grade),
                false => Descriptor::NONE,
            };
            // Asked before the filter, so that a grade which nobody maps is told even where it hides its students.
            let known = if fate.kept() { grades.ask(grade) } else { Known::Absent };
            let fate = match fate {
                Fate::KEPT => filters.student(ctx, known.mapped()),
                fate => fate,
            };
            students.fate.push(fate);
            if !fate.kept() {
                students.orgs.push([]);
                students.grade.push(Descriptor::NONE);
                continue;
            }
            ctx.check_key("student.studentUniqueId", unique_id);
            let primary = primary_of(&counted).map_or(0, |&(_, org)| org);
            let mut rest: Vec<u32> =
                counted.iter().map(|&(_, org)| org).filter(|&org| org != primary).collect();
            rest.sort_unstable();
            rest.dedup();
            students.orgs.push(std::iter::once(primary).chain(rest));
            if known == Known::Unknown {
                ctx.notices.add(&GRADE_UNMAPPED, ctx.value(grade), unique_id);
            }
            students.grade.push(grade);
        }
        ctx.collect(&grades);
        students.orgs.shrink_to_fit();
        students
    }

    /// Number of students, exported or not.
    pub fn len(&self) -> usize {
        self.fate.len()
    }

    /// Whether there is no student.
    pub fn is_empty(&self) -> bool {
        self.fate.is_empty()
    }
}

/// Collects the associations that count, with their schools; the fate of a student without any.
fn attend(
    ctx: &mut Context<'_>,
    orgs: &Orgs,
    sessions: &Sessions,
    associations: &[StudentSchool],
    counted: &mut Vec<(StudentSchool, u32)>,
) -> Fate {
    counted.clear();
    if associations.is_empty() {
        return ctx.causes.fate(&STUDENT_UNASSOCIATED, "no student school association");
    }
    let mut reason: Option<NotAttending> = None;
    let mut lost = Fate::KEPT;
    for association in associations {
        match judge_in(ctx.plan, ctx.staged, orgs, sessions, association) {
            Ok(()) => match orgs.school(association.school, ctx) {
                Ok(org) => counted.push((*association, org)),
                Err(fate) => lost = lost.or(fate),
            },
            Err(why) => {
                if why == NotAttending::Unordered {
                    ctx.notices.add(&SCHOOL_DATES, &format!("school {}", association.school), "");
                }
                reason = Some(reason.map_or(why, |r| r.min(why)));
            }
        }
    }
    if !counted.is_empty() {
        return Fate::KEPT;
    }
    // An association that counts but whose school is not exported says more than one that does not count.
    if !lost.kept() {
        return lost;
    }
    let cause = match reason {
        Some(NotAttending::Ended) => format!("left before {}", ctx.plan.as_of),
        Some(NotAttending::NotBegun) => format!("begins after {}", ctx.plan.as_of),
        Some(NotAttending::ExitType(d)) => format!("exit type `{}` voids the association", ctx.value(d)),
        Some(NotAttending::BeforeFirstDay) => "left before the first day of the school year".to_owned(),
        Some(NotAttending::Unordered) => "exit is before entry".to_owned(),
        Some(NotAttending::OtherYear) | None => {
            format!("attends in another school year than {}", ctx.plan.school_year)
        }
    };
    ctx.causes.fate(&STUDENT_NOT_ENROLLED, cause)
}
