//! Classes: one per section of the year (mapping.md section 5).
//!
//! In: staged sections, exported organizations, sessions and courses. Out: [`Classes`], row for row with the
//! staged sections, so that an association's section code is its class. What a class needs and does not have
//! is its fate; titles, periods and grades are given on demand, since most are read once.

use crate::notice::{Authority, Code, Severity};
use crate::sourced_id::{ClassKey, SourcedId};
use crate::staging::Staged;
use crate::staging::sections::NOTHING;

use super::answers::Answers;
use super::clean::{clean, item};
use super::context::Context;
use super::courses::Courses;
use super::fate::Fate;
use super::filter::Filters;
use super::orgs::Orgs;
use super::sessions::Sessions;

/// A section's session does not exist.
pub static CLASS_SESSION_MISSING: Code = Code {
    code: "class-session-missing",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "classes",
    summary: "Sections name a session that their school does not have in this year: they are left out, with their enrollments.",
    remedy: "Add the session, or correct the section.",
};
/// A section's course offering does not exist.
pub static CLASS_OFFERING_MISSING: Code = Code {
    code: "class-offering-missing",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "classes",
    summary: "Sections have no course offering: they are left out, with their enrollments.",
    remedy: "Add the course offering, or correct the section.",
};
/// A course offering's course does not exist.
pub static COURSE_MISSING: Code = Code {
    code: "course-missing",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "courses",
    summary: "Course offerings name a course that does not exist: their sections are left out, with their enrollments.",
    remedy: "Add the course, or correct the course offering.",
};
/// A list item had a comma.
pub static LIST_ITEM_CHANGED: Code = Code {
    code: "list-item-changed",
    severity: Severity::Info,
    authority: Authority::Specification,
    file: "",
    summary: "An item of a list cell has a character that would end it: a space stands in its place.",
    remedy: "Nothing, or avoid the character in the ODS.",
};

/// Classes, parallel to the staged sections.
#[derive(Debug, Default)]
pub struct Classes {
    /// Row of the course.
    pub course: Vec<u32>,
    /// Row of the session.
    pub session: Vec<u32>,
    /// Row of the school.
    pub org: Vec<u32>,
    /// Whether most of the section's student associations are flagged homeroom.
    pub homeroom: Vec<bool>,
    /// Ids.
    pub sourced_id: Vec<SourcedId>,
    /// Whether the class is exported.
    pub fate: Vec<Fate>,
}

/// The natural key of a section.
pub fn class_key(staged: &Staged, section: usize) -> ClassKey<'_> {
    ClassKey {
        local_code: staged.sections.local_code.get(section),
        school: staged.sections.school[section],
        section: staged.sections.section.get(section),
        session: staged.sections.session_name.get(section),
    }
}

impl Classes {
    /// Number of sections of the year, exported or not.
    pub fn len(&self) -> usize {
        self.fate.len()
    }

    /// Whether there is no section.
    pub fn is_empty(&self) -> bool {
        self.fate.is_empty()
    }

    pub(super) fn build(
        ctx: &mut Context<'_>,
        filters: &mut Filters,
        orgs: &Orgs,
        sessions: &Sessions,
        courses: &Courses,
    ) -> Classes {
        let staged = ctx.staged;
        let count = staged.sections.len();
        let mut classes = Classes {
            course: Vec::with_capacity(count),
            session: Vec::with_capacity(count),
            org: Vec::with_capacity(count),
            homeroom: vec![false; count],
            sourced_id: Vec::with_capacity(count),
            fate: Vec::with_capacity(count),
        };
        let mut key = String::new();
        for section in 0..count {
            let school = staged.sections.school[section];
            let org = orgs.school(school, ctx);
            // The filter comes first: what is out of scope is not examined further.
            let parts = org.and_then(|org| {
                let session = session_of(ctx, sessions, section)?;
                let course = course_of(ctx, orgs, courses, section)?;
                Ok((org, session, course))
            });
            let ((org, session, course), fate) = match parts {
                Ok(found) => (found, Fate::KEPT),
                Err(fate) => ((0, 0, 0), fate),
            };
            let fate = fate.or(filters.section(ctx, staged.sections.section.get(section)));
            if fate.kept() {
                ctx.check_key("section.sectionIdentifier", staged.sections.section.get(section));
                ctx.check_key("section.localCourseCode", staged.sections.local_code.get(section));
            }
            ctx.keys.class(&mut key, class_key(staged, section));
            classes.org.push(org);
            classes.session.push(session);
            classes.course.push(course);
            classes.sourced_id.push(SourcedId::of(&key));
            classes.fate.push(fate);
        }
        classes.note_details(ctx);
        classes
    }

    /// Counts unmapped grades and changed period names once, before anything is written.
    fn note_details(&self, ctx: &mut Context<'_>) {
        let mut grades = Answers::new(&ctx.crosswalks.grades, &ctx.staged.descriptors, |&word| word);
        for &(section, grade) in &ctx.staged.sections.grades {
            if self.fate[section as usize].kept() {
                grades.ask(grade);
            }
        }
        ctx.collect(&grades);
        let sections = &ctx.staged.sections;
        for &(section, period) in &sections.periods {
            let period = sections.period_names.get(period);
            if self.fate[section as usize].kept() && period.contains(',') {
                ctx.notices.add(&LIST_ITEM_CHANGED, "class period name", period);
            }
        }
    }
}

fn session_of(ctx: &mut Context<'_>, sessions: &Sessions, section: usize) -> Result<u32, Fate> {
    let staged = ctx.staged;
    let found = match staged.sections.session[section] {
        NOTHING => None,
        session => sessions.of_staged(session),
    };
    match found {
        Some(row) if sessions.rows[row as usize].fate.kept() => Ok(row),
        Some(row) => Err(sessions.rows[row as usize].fate),
        None => {
            let cause = format!(
                "session {} {}",
                staged.sections.school[section],
                staged.sections.session_name.get(section)
            );
            Err(ctx.causes.fate(&CLASS_SESSION_MISSING, cause))
        }
    }
}

fn course_of(ctx: &mut Context<'_>, orgs: &Orgs, courses: &Courses, section: usize) -> Result<u32, Fate> {
    let staged = ctx.staged;
    let school = staged.sections.school[section];
    let offering = staged.sections.offering[section];
    let Some(offering) = staged.courses.offerings.get(offering as usize) else {
        let cause = format!(
            "course offering {school} {} {}",
            staged.sections.session_name.get(section),
            staged.sections.local_code.get(section)
        );
        return Err(ctx.causes.fate(&CLASS_OFFERING_MISSING, cause));
    };
    let course = match &offering.course {
        Ok(course) => *course,
        Err((owner, code)) => {
            return Err(ctx.causes.fate(&COURSE_MISSING, format!("course {owner} {code}")));
        }
    };
    match courses.find(orgs.lea_of(school), course) {
        Some(row) if courses.rows[row as usize].fate.kept() => Ok(row),
        Some(row) => Err(courses.rows[row as usize].fate),
        None => {
            let course = &staged.courses.courses[course as usize];
            Err(ctx.causes.fate(&COURSE_MISSING, format!("course {} {}", course.owner, course.code)))
        }
    }
}

/// Class period names of a section as list items, sorted, without duplicates.
pub fn periods(staged: &Staged, section: usize) -> Vec<std::borrow::Cow<'_, str>> {
    let all = &staged.sections.periods;
    let begin = all.partition_point(|(s, _)| (*s as usize) < section);
    let mut items: Vec<_> = all[begin..]
        .iter()
        .take_while(|(s, _)| *s as usize == section)
        .map(|&(_, name)| item(staged.sections.period_names.get(name)))
        .filter(|name| !name.is_empty())
        .collect();
    items.sort_unstable();
    items.dedup();
    items
}

/// The plain title of a class: local course title, else course title, else local course code.
pub fn base_title<'s>(
    staged: &'s Staged,
    courses: &'s Courses,
    course: u32,
    section: usize,
) -> std::borrow::Cow<'s, str> {
    let offering = staged.courses.offerings.get(staged.sections.offering[section] as usize);
    let local = offering.map(|o| clean(&o.title)).unwrap_or_default();
    if !local.is_empty() {
        return local;
    }
    match courses.rows.get(course as usize) {
        Some(course) if !course.title.is_empty() => std::borrow::Cow::Borrowed(&course.title),
        _ => clean(staged.sections.local_code.get(section)),
    }
}

/// The title of a class by the configured pattern; never blank while the base title is not.
pub fn patterned_title(pattern: &str, staged: &Staged, base: &str, section: usize, teacher: &str) -> String {
    let title = pattern
        .replace("{title}", base)
        .replace("{section}", &clean(staged.sections.section.get(section)))
        .replace("{code}", &clean(staged.sections.local_code.get(section)))
        .replace("{period}", &periods(staged, section).join(" "))
        .replace("{teacher}", teacher);
    match clean(&title) {
        blank if blank.is_empty() => base.to_owned(),
        title => title.into_owned(),
    }
}
