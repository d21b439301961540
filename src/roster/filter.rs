//! Filters of a delivery: which grades, courses, subjects, terms, sections and roles are wanted, and who stays without them.
//!
//! In: the scope of the plan, and what the builders ask of their rows. Out: fates under one code, [`FILTERED`], so that what
//! hangs on a filtered row follows by closure like anything else, and `explain` tells it. Organizations are filtered by
//! `orgs`. Without a filter nothing here looks at a row.

use std::collections::BTreeSet;

use wildmatch::WildMatch;

use crate::config::plan::{Filter, Scope, WithoutEnrollments};
use crate::config::values::nearest;
use crate::notice::{Authority, Code, Severity};
use crate::staging::facts::Facts;

use super::answers::Answers;
use super::classes::Classes;
use super::context::Context;
use super::courses::{Courses, grade_words};
use super::enrollments::Judge;
use super::fate::{Causes, Fate};
use super::orgs::{FILTER_UNMATCHED, Orgs};
use super::sessions::Sessions;
use super::students::Students;

/// A row is outside of the filters.
pub static FILTERED: Code = Code {
    code: "filtered-out",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "",
    summary: "Rows are outside of the chosen grades, courses, subjects, terms, sections or roles, are the state agency where that is not wanted, or have lost everything to these filters.",
    remedy: "Nothing, if the filter is meant.",
};

/// A pattern, and whether it has matched anything yet.
#[derive(Debug)]
struct Wanted {
    text: String,
    pattern: WildMatch,
    used: bool,
}

/// One filter of the scope.
#[derive(Debug)]
struct Sieve {
    name: &'static str,
    include: Vec<Wanted>,
    exclude: Vec<Wanted>,
}

impl Sieve {
    fn new(name: &'static str, filter: &Filter) -> Sieve {
        let wanted = |list: &[String]| {
            let one = |text: &String| Wanted {
                text: text.clone(),
                pattern: WildMatch::new_case_insensitive(text),
                used: false,
            };
            list.iter().map(one).collect()
        };
        Sieve { name, include: wanted(&filter.include), exclude: wanted(&filter.exclude) }
    }

    fn is_active(&self) -> bool {
        !self.include.is_empty() || !self.exclude.is_empty()
    }

    /// Whether something with these names passes; the setting that holds it back if not. Every pattern is tried, so that
    /// the unused ones are known.
    fn holds_back(&mut self, names: &[&str]) -> Option<String> {
        let matched = |list: &mut [Wanted]| {
            let mut any = false;
            for wanted in list {
                if names.iter().any(|name| wanted.pattern.matches(name)) {
                    wanted.used = true;
                    any = true;
                }
            }
            any
        };
        let included = matched(&mut self.include) || self.include.is_empty();
        let excluded = matched(&mut self.exclude);
        match (included, excluded) {
            (_, true) => Some(format!("is among exclude_{}", self.name)),
            (false, _) => Some(format!("is not among {}", self.name)),
            _ => None,
        }
    }

    /// Warns of patterns that matched nothing, with the name that was probably meant.
    fn tell_unused<'n>(&self, ctx: &mut Context<'_>, names: impl Iterator<Item = &'n str>) {
        let both = [("", &self.include), ("exclude_", &self.exclude)];
        let unused: Vec<(&str, &str)> = both
            .into_iter()
            .flat_map(|(prefix, list)| {
                list.iter().filter(|w| !w.used).map(move |w| (prefix, w.text.as_str()))
            })
            .collect();
        if unused.is_empty() {
            return;
        }
        let names: BTreeSet<&str> = names.collect();
        for (prefix, text) in unused {
            // A consumer's profile was written without knowing this district.
            let of_consumer = |name: &&str| name.strip_prefix(prefix) == Some(self.name);
            if ctx.plan.scope.of_consumer.iter().any(of_consumer) {
                continue;
            }
            let near = nearest(text, names.iter().copied());
            let near = near.map(|near| format!("; the nearest is `{near}`")).unwrap_or_default();
            ctx.notices.add(&FILTER_UNMATCHED, &format!("{prefix}{} `{text}`{near}", self.name), "");
        }
    }
}

/// The filters of a run.
#[derive(Debug)]
pub(super) struct Filters {
    grades: Sieve,
    courses: Sieve,
    course_titles: Sieve,
    subjects: Sieve,
    terms: Sieve,
    sections: Sieve,
    roles: Sieve,
    without: WithoutEnrollments,
    /// Whether a staff member taught a class that a filter took; empty without such filters.
    taught: Vec<bool>,
}

impl Filters {
    pub(super) fn new(scope: &Scope) -> Filters {
        Filters {
            grades: Sieve::new("grades", &scope.grades),
            courses: Sieve::new("courses", &scope.courses),
            course_titles: Sieve::new("course_titles", &scope.course_titles),
            subjects: Sieve::new("subjects", &scope.subjects),
            terms: Sieve::new("terms", &scope.terms),
            sections: Sieve::new("sections", &scope.sections),
            roles: Sieve::new("roles", &scope.roles),
            without: scope.users_without_enrollments,
            taught: Vec::new(),
        }
    }

    /// Whether a filter can take classes.
    fn takes_classes(&self) -> bool {
        let courses = [&self.courses, &self.course_titles, &self.subjects];
        [&self.grades, &self.terms, &self.sections].into_iter().chain(courses).any(Sieve::is_active)
    }

    /// Leaves out sessions of terms that are not wanted, with their grading periods.
    pub(super) fn sessions(&mut self, ctx: &mut Context<'_>, sessions: &mut Sessions) {
        if !self.terms.is_active() {
            return;
        }
        let staged = ctx.staged;
        for (n, session) in staged.time.sessions.iter().enumerate() {
            let term = ctx.value(session.term);
            let Some(why) = self.terms.holds_back(&[&session.name, term]) else { continue };
            if let Some(row) = sessions.of_staged(n as u32) {
                let fate = ctx.causes.fate(&FILTERED, format!("term `{term}` {why}"));
                let row = &mut sessions.rows[row as usize];
                row.fate = row.fate.or(fate);
            }
        }
        for n in 0..sessions.rows.len() {
            let parent = sessions.rows[n].parent.map(|parent| sessions.rows[parent as usize].fate);
            if let Some(fate) = parent.filter(|fate| is_filtered(&ctx.causes, *fate)) {
                sessions.rows[n].fate = sessions.rows[n].fate.or(fate);
            }
        }
        let names = staged
            .time
            .sessions
            .iter()
            .flat_map(|s| [s.name.as_str(), ctx.staged.descriptors.code_value(s.term)]);
        self.terms.tell_unused(ctx, names);
    }

    /// The fate of a course by its code, its title and its academic subjects.
    pub(super) fn course(
        &mut self,
        ctx: &mut Context<'_>,
        (code, title): (&str, &str),
        subjects: &[&str],
    ) -> Fate {
        if self.courses.is_active()
            && let Some(why) = self.courses.holds_back(&[code])
        {
            return ctx.causes.fate(&FILTERED, format!("the course code {why}"));
        }
        if self.course_titles.is_active()
            && let Some(why) = self.course_titles.holds_back(&[title])
        {
            return ctx.causes.fate(&FILTERED, format!("the course title {why}"));
        }
        if self.subjects.is_active()
            && let Some(why) = self.subjects.holds_back(subjects)
        {
            return ctx.causes.fate(&FILTERED, format!("subject `{}` {why}", subjects.join(", ")));
        }
        Fate::KEPT
    }

    /// The fate of a class by its section identifier.
    pub(super) fn section(&mut self, ctx: &mut Context<'_>, identifier: &str) -> Fate {
        match self.sections.is_active().then(|| self.sections.holds_back(&[identifier])).flatten() {
            Some(why) => ctx.causes.fate(&FILTERED, format!("the section identifier {why}")),
            None => Fate::KEPT,
        }
    }

    /// The fate of a student by role and grade; a blank grade is none of the wanted ones.
    pub(super) fn student(&mut self, ctx: &mut Context<'_>, grade: Option<&str>) -> Fate {
        let fate = self.role(ctx, "student");
        match self.grades.is_active().then(|| self.grades.holds_back(grade.as_slice())).flatten() {
            Some(why) => {
                let cause = grade.map_or("no grade".to_owned(), |grade| format!("grade {grade}"));
                fate.or(ctx.causes.fate(&FILTERED, format!("{cause} {why}")))
            }
            None => fate,
        }
    }

    /// The fate of a role.
    pub(super) fn role(&mut self, ctx: &mut Context<'_>, role: &str) -> Fate {
        match self.roles.is_active().then(|| self.roles.holds_back(&[role])).flatten() {
            Some(why) => ctx.causes.fate(&FILTERED, format!("role {role} {why}")),
            None => Fate::KEPT,
        }
    }

    /// Warns of filters on courses, subjects and sections that matched nothing.
    pub(super) fn tell_unused(&self, ctx: &mut Context<'_>) {
        let staged = ctx.staged;
        let courses = &staged.courses.courses;
        self.courses.tell_unused(ctx, courses.iter().map(|course| course.code.as_str()));
        self.course_titles.tell_unused(ctx, courses.iter().map(|course| course.title.as_str()));
        let subjects = courses.iter().flat_map(|course| &course.subjects);
        self.subjects.tell_unused(ctx, subjects.map(|&subject| staged.descriptors.code_value(subject)));
        self.sections.tell_unused(ctx, (0..staged.sections.len()).map(|n| staged.sections.section.get(n)));
        let levels = staged.descriptors.all();
        let grades = Answers::new(&ctx.crosswalks.grades, &staged.descriptors, |&word| word);
        self.grades.tell_unused(ctx, levels.filter_map(|level| grades.peek(level).mapped()));
    }

    /// What follows from filtered students and classes, before anybody looks at teachers: a class whose students are all
    /// of other grades goes, then a course that has no class left, then a student who has no class left.
    pub(super) fn settle(
        &mut self,
        ctx: &mut Context<'_>,
        facts: &Facts,
        orgs: &Orgs,
        courses: &mut Courses,
        classes: &mut Classes,
        students: &mut Students,
    ) {
        if self.grades.is_active() {
            self.empty_classes(ctx, facts, classes, students);
        }
        if self.takes_classes() {
            empty_courses(ctx, orgs, courses, classes);
            self.taught = self.taught_before(ctx, facts, classes);
        }
        if self.without == WithoutEnrollments::Drop || self.takes_classes() {
            let lost = self.without_classes(ctx, facts, classes, students);
            for (student, had) in lost {
                if let Some(fate) = self.without(ctx, "student", had) {
                    students.fate[student] = fate;
                }
            }
        }
    }

    /// The fate of a user without a class, who had one before the filters or did not; `None` when the user stays.
    fn without(&self, ctx: &mut Context<'_>, who: &str, had: bool) -> Option<Fate> {
        match (self.without, had) {
            (WithoutEnrollments::Keep, _) | (WithoutEnrollments::KeepUnlessFiltered, false) => None,
            (_, true) => Some(self.bereft(ctx, who)),
            (WithoutEnrollments::Drop, false) => {
                Some(ctx.causes.fate(&FILTERED, format!("the {who} is in no class")))
            }
        }
    }

    /// Whether a staff member taught a class that counts but for a filter.
    pub(super) fn took_classes_of(&self, staff: usize) -> bool {
        self.taught.get(staff).copied().unwrap_or_default()
    }

    /// The fate of somebody all of whose classes are filtered out.
    pub(super) fn bereft(&self, ctx: &mut Context<'_>, who: &str) -> Fate {
        ctx.causes.fate(&FILTERED, format!("every class of the {who} is filtered out"))
    }

    /// Like [`Filters::without`], for a staff member who teaches no exported class. An administrator's place is not in
    /// the classes: a filter on these does not take one along.
    pub(super) fn idle_staff(&self, ctx: &mut Context<'_>, staff: usize, role: &str) -> Option<Fate> {
        let had = self.took_classes_of(staff);
        self.without(ctx, "staff member", had && role != "administrator")
    }

    /// Classes of which all students are filtered out; of those without students, the ones that are for other grades.
    fn empty_classes(
        &mut self,
        ctx: &mut Context<'_>,
        facts: &Facts,
        classes: &mut Classes,
        students: &Students,
    ) {
        let mut has: Vec<(bool, bool)> = vec![(false, false); classes.len()];
        let mut judge = Judge::new(ctx.plan);
        for row in facts.all_students() {
            let (class, user) = (classes.fate[row.section as usize], students.fate[row.student as usize]);
            let before = unfiltered(&ctx.causes, user);
            if judge.judge((row.section, row.student, row.begin), row.end, class, before).is_ok() {
                let (had, kept) = &mut has[row.section as usize];
                *had = true;
                *kept |= user.kept();
            }
        }
        let mut grades = Answers::new(&ctx.crosswalks.grades, &ctx.staged.descriptors, |&word| word);
        for (class, (had, kept)) in has.into_iter().enumerate() {
            if !classes.fate[class].kept() || kept {
                continue;
            }
            if had {
                classes.fate[class] =
                    ctx.causes.fate(&FILTERED, "all students of the class are filtered out");
                continue;
            }
            let offered = &ctx.staged.sections.grades;
            let begin = offered.partition_point(|(section, _)| (*section as usize) < class);
            let levels = offered[begin..].iter().take_while(|(section, _)| *section as usize == class);
            let words = grade_words(&mut grades, &levels.map(|&(_, grade)| grade).collect::<Vec<_>>());
            if words.is_empty() {
                continue;
            }
            if let Some(why) = self.grades.holds_back(&words) {
                classes.fate[class] =
                    ctx.causes.fate(&FILTERED, format!("grades {} {why}", words.join(", ")));
            }
        }
    }

    /// Who taught a class that counts but for a filter.
    fn taught_before(&self, ctx: &Context<'_>, facts: &Facts, classes: &Classes) -> Vec<bool> {
        let mut taught = vec![false; ctx.staged.staff.len()];
        let mut judge = Judge::new(ctx.plan);
        for fact in &facts.staff {
            let class = unfiltered(&ctx.causes, classes.fate[fact.section as usize]);
            let key = (fact.section, fact.staff, fact.begin);
            taught[fact.staff as usize] |= judge.judge(key, fact.end, class, Fate::KEPT).is_ok();
        }
        taught
    }

    /// Exported students without an exported class, each with whether there was one before the filters.
    fn without_classes(
        &self,
        ctx: &Context<'_>,
        facts: &Facts,
        classes: &Classes,
        students: &Students,
    ) -> Vec<(usize, bool)> {
        let mut has: Vec<(bool, bool)> = vec![(false, false); students.len()];
        let mut judge = Judge::new(ctx.plan);
        for row in facts.all_students() {
            let fate = classes.fate[row.section as usize];
            let (class, user) = (unfiltered(&ctx.causes, fate), students.fate[row.student as usize]);
            if judge.judge((row.section, row.student, row.begin), row.end, class, user).is_ok() {
                let (had, kept) = &mut has[row.student as usize];
                *had = true;
                *kept |= fate.kept();
            }
        }
        let lost = |&(student, (_, kept)): &(usize, (bool, bool))| !kept && students.fate[student].kept();
        has.into_iter().enumerate().filter(lost).map(|(student, (had, _))| (student, had)).collect()
    }
}

/// Whether a row is left out by a filter of this module.
pub fn is_filtered(causes: &Causes, fate: Fate) -> bool {
    causes.of(fate).is_some_and(|(code, _)| code.code == FILTERED.code)
}

/// A fate as it would be without the filters.
fn unfiltered(causes: &Causes, fate: Fate) -> Fate {
    if is_filtered(causes, fate) { Fate::KEPT } else { fate }
}

/// Courses all classes of which a filter took; a course that never had one stays.
fn empty_courses(ctx: &mut Context<'_>, orgs: &Orgs, courses: &mut Courses, classes: &Classes) {
    let staged = ctx.staged;
    let mut has: Vec<(bool, bool)> = vec![(false, false); courses.rows.len()];
    for class in 0..classes.len() {
        // A class that is left out does not know its course any more.
        let offering = staged.courses.offerings.get(staged.sections.offering[class] as usize);
        let course = offering.and_then(|offering| offering.course.as_ref().ok());
        let (fate, Some(&course)) = (classes.fate[class], course) else { continue };
        if let Some(row) = courses.find(orgs.lea_of(staged.sections.school[class]), course) {
            let (filtered, kept) = &mut has[row as usize];
            *filtered |= is_filtered(&ctx.causes, fate);
            *kept |= fate.kept();
        }
    }
    for (row, (filtered, kept)) in has.into_iter().enumerate() {
        if filtered && !kept && courses.rows[row].fate.kept() {
            courses.rows[row].fate = ctx.causes.fate(&FILTERED, "every class of the course is filtered out");
        }
    }
}
