//! Courses and departments (mapping.md sections 2 and 4).
//!
//! In: staged courses and the offerings of the year, exported organizations, school years. Out: [`Courses`]
//! in the order of courses.csv: one row per id, that is per course code and what else the id scheme tells apart (LEA of
//! the offering schools, owner), and the departments they hang under, added to the organizations.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::plan::DepartmentColumn;
use crate::crosswalk::Subject;
use crate::notice::{Authority, Code, Severity};
use crate::sourced_id::SourcedId;
use crate::staging::courses::{StagedCourse, StagedOffering};
use crate::staging::descriptors::Descriptor;

use super::answers::Answers;
use super::classes::LIST_ITEM_CHANGED;
use super::clean::{clean, item};
use super::context::Context;
use super::fate::Fate;
use super::filter::Filters;
use super::orgs::{Org, OrgType, Orgs};
use super::sessions::Sessions;

/// Several courses of one LEA have one code, hence one id.
pub static COURSE_SHARED: Code = Code {
    code: "course-id-shared",
    severity: Severity::Warning,
    authority: Authority::Policy,
    file: "courses",
    summary: "Several owners in one LEA have a course of the same code: under id scheme `edu` they are one course; the LEA's own record wins.",
    remedy: "Give the courses different codes, or let the LEA own the course. Id scheme `stable` tells them apart.",
};
/// A course is offered in several LEAs and is one row.
pub static COURSE_OF_SEVERAL_LEAS: Code = Code {
    code: "course-of-several-leas",
    severity: Severity::Warning,
    authority: Authority::Policy,
    file: "courses",
    summary: "Schools of several LEAs offer a course: under id scheme `edfi-oneroster` it is one row, which has the school year of the lowest LEA.",
    remedy: "Nothing, if the LEAs share their school year. Id schemes `edu` and `stable` have one row per LEA.",
};
/// A course has no title.
pub static COURSE_TITLE_BLANK: Code = Code {
    code: "course-title-blank",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "courses",
    summary: "A course has no title: its code stands in.",
    remedy: "Fill courseTitle.",
};
/// A course's LEA has no exported school year.
pub static COURSE_YEAR_MISSING: Code = Code {
    code: "course-school-year-missing",
    severity: Severity::Info,
    authority: Authority::Specification,
    file: "courses",
    summary: "The LEA of a course has no school-year session: schoolYearSourcedId is blank.",
    remedy: "Record sessions or calendars for the LEA's schools.",
};
/// Neither the owner of a course nor its LEA is exported.
pub static COURSE_ORG_MISSING: Code = Code {
    code: "course-org-missing",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "courses",
    summary: "Neither the owner of a course nor the LEA of the schools that offer it is exported: the course is left out, with its classes.",
    remedy: "Extract the organization with its name.",
};

/// One row of courses.csv.
#[derive(Debug, Clone)]
pub struct Course {
    /// LEA of the offering schools.
    pub lea: i64,
    /// courseCode as stored.
    pub code: String,
    /// Organization that owns it.
    pub owner: i64,
    /// Title as written.
    pub title: String,
    /// The staged course that won.
    pub staged: u32,
    /// Row of its organization.
    pub org: u32,
    /// Row of the school year.
    pub year: Option<u32>,
    /// Grade codes, sorted.
    pub grades: Vec<&'static str>,
    /// Subject titles and codes, parallel, sorted by title.
    pub subjects: Vec<(String, String)>,
    /// Days it takes.
    pub duration: Option<i64>,
    /// Its id.
    pub sourced_id: SourcedId,
    /// Whether it is exported.
    pub fate: Fate,
}

/// Courses in output order.
#[derive(Debug, Default)]
pub struct Courses {
    /// Sorted by (LEA, code, owner); rows that are not exported included.
    pub rows: Vec<Course>,
    /// Row of each (LEA of the offering schools, staged course).
    offered: BTreeMap<(i64, u32), u32>,
}

impl Courses {
    /// The row of a staged course that schools of an LEA offer.
    pub fn find(&self, lea: i64, course: u32) -> Option<u32> {
        self.offered.get(&(lea, course)).copied()
    }

    /// What has a row: (LEA of the offering schools, staged course), with its row, in that order.
    pub fn offered(&self) -> impl Iterator<Item = ((i64, u32), u32)> + '_ {
        self.offered.iter().map(|(&offered, &row)| (offered, row))
    }

    pub(super) fn build(
        ctx: &mut Context<'_>,
        filters: &mut Filters,
        orgs: &mut Orgs,
        sessions: &Sessions,
    ) -> Courses {
        let staged = ctx.staged;
        let groups = groups(ctx, orgs);
        let mut grades = Answers::new(&ctx.crosswalks.grades, &staged.descriptors, |&word| word);
        // Only counts what has no answer: the answers themselves are texts and are looked up.
        let mut asked =
            ctx.crosswalks.subjects.as_ref().map(|seed| Answers::new(seed, &staged.descriptors, |_| ()));
        let mut courses = Courses::default();
        let mut departments: BTreeMap<(i64, String), (u32, Vec<usize>)> = BTreeMap::new();
        let mut key = String::new();
        for Group { lea, code, candidates, .. } in groups {
            let owned: BTreeSet<u32> = candidates.iter().map(|&(_, course)| course).collect();
            let winner = choose_course(lea, &owned, &staged.courses.courses, orgs);
            if owned.len() > 1 {
                let owners: Vec<String> =
                    owned.iter().map(|&n| staged.courses.courses[n as usize].owner.to_string()).collect();
                let cause = format!("LEA {lea}, course {code}: owners {}", owners.join(", "));
                ctx.notices.add(&COURSE_SHARED, &cause, "");
            }
            let leas: BTreeSet<i64> = candidates.iter().map(|&(lea, _)| lea).collect();
            if leas.len() > 1 {
                let leas: Vec<String> = leas.iter().map(i64::to_string).collect();
                let owner = staged.courses.courses[winner as usize].owner;
                let cause = format!("course {owner} {code}: LEAs {}", leas.join(", "));
                ctx.notices.add(&COURSE_OF_SEVERAL_LEAS, &cause, "");
            }
            let row = courses.rows.len() as u32;
            courses.offered.extend(candidates.iter().map(|&offered| (offered, row)));
            let course = &staged.courses.courses[winner as usize];
            let label = format!("LEA {lea}, course {code}");
            ctx.check_key("course.courseCode", code);
            let mut title = clean(&course.title).into_owned();
            if title.is_empty() {
                title = clean(code).into_owned();
                ctx.notices.add(&COURSE_TITLE_BLANK, "courseTitle", label.clone());
            }
            let year = sessions.year(lea).filter(|&n| sessions.rows[n as usize].fate.kept());
            if year.is_none() {
                ctx.notices.add(&COURSE_YEAR_MISSING, &format!("LEA {lea}"), code);
            }
            let holder = orgs.exported(course.owner).or_else(|| orgs.exported(lea));
            let (org, fate) = match holder {
                Some(org) => (org, Fate::KEPT),
                None => (0, ctx.causes.fate(&COURSE_ORG_MISSING, label)),
            };
            let taught: Vec<&str> = course.subjects.iter().map(|&subject| ctx.value(subject)).collect();
            let fate = fate.or(filters.course(ctx, (code, &title), &taught));
            if fate.kept() && ctx.plan.mapping.use_course_departments {
                let name = department(ctx, course);
                let entry = departments.entry((course.owner, name)).or_insert((org, Vec::new()));
                entry.1.push(courses.rows.len());
            }
            if let (Some(asked), true) = (&mut asked, fate.kept()) {
                course.subjects.iter().for_each(|&subject| _ = asked.ask(subject));
            }
            ctx.keys.course(&mut key, lea, course.owner, code);
            courses.rows.push(Course {
                lea,
                code: code.to_owned(),
                owner: course.owner,
                title,
                staged: winner,
                org,
                year,
                grades: grade_words(&mut grades, &course.grades),
                subjects: subjects(ctx, &course.subjects),
                duration: course.duration,
                sourced_id: SourcedId::of(&key),
                fate,
            });
        }
        ctx.collect(&grades);
        if let Some(asked) = &asked {
            ctx.collect(asked);
        }
        for ((owner, name), (parent, rows)) in departments {
            let number = orgs.rows.len() as u32;
            ctx.keys.department(&mut key, owner, &name);
            orgs.rows.push(Org {
                kind: OrgType::Department,
                id: owner,
                identifier: name.clone(),
                name: name.clone(),
                department: Some(name),
                parent: Some(parent),
                sourced_id: SourcedId::of(&key),
                chosen: true,
                fate: Fate::KEPT,
            });
            rows.into_iter().for_each(|row| courses.rows[row].org = number);
        }
        courses
    }
}

/// Offered courses that share an id, hence a row.
struct Group<'s> {
    /// The lowest LEA of the offering schools.
    lea: i64,
    code: &'s str,
    owner: Option<i64>,
    /// (LEA of the offering schools, staged course).
    candidates: BTreeSet<(i64, u32)>,
}

/// Groups of offered courses in the order of courses.csv: what the id does not tell apart is one course.
fn groups<'s>(ctx: &Context<'s>, orgs: &Orgs) -> Vec<Group<'s>> {
    let staged = ctx.staged;
    let scheme = ctx.keys.scheme();
    type Told<'s> = (Option<i64>, &'s str, Option<i64>);
    let mut offered: BTreeMap<Told<'_>, BTreeSet<(i64, u32)>> = BTreeMap::new();
    for offering in &staged.courses.offerings {
        if let Some(course) = offered_course(orgs, offering) {
            let found = &staged.courses.courses[course as usize];
            let lea = orgs.lea_of(offering.school);
            let told = (
                scheme.course_tells_lea().then_some(lea),
                found.code.as_str(),
                scheme.course_tells_owner().then_some(found.owner),
            );
            offered.entry(told).or_default().insert((lea, course));
        }
    }
    let mut groups: Vec<Group<'_>> = offered
        .into_iter()
        .filter_map(|((_, code, owner), candidates)| {
            let lea = candidates.first()?.0;
            Some(Group { lea, code, owner, candidates })
        })
        .collect();
    groups.sort_by_key(|group| (group.lea, group.code, group.owner));
    groups
}

/// The course that an offering shows: only an exported school's shows one.
pub fn offered_course(orgs: &Orgs, offering: &StagedOffering) -> Option<u32> {
    orgs.exported(offering.school)?;
    offering.course.as_ref().ok().copied()
}

/// The LEA's own record, else that of another organization above the schools, else the lowest school's.
fn choose_course(lea: i64, candidates: &BTreeSet<u32>, courses: &[StagedCourse], orgs: &Orgs) -> u32 {
    let rank = |n: u32| {
        let owner = courses[n as usize].owner;
        let is_school = orgs.find(owner).is_some_and(|row| orgs.rows[row as usize].kind == OrgType::School);
        (owner != lea, is_school, owner, n)
    };
    candidates.iter().copied().min_by_key(|&n| rank(n)).unwrap_or_default()
}

/// The department's name: the edu mapping deletes commas from it.
fn department(ctx: &Context<'_>, course: &StagedCourse) -> String {
    let value = match ctx.plan.mapping.course_dept_column {
        DepartmentColumn::AcademicSubject => course.subjects.first().map_or("", |&s| ctx.value(s)),
        DepartmentColumn::CareerPathway => ctx.value(course.pathway),
    };
    let name = clean(&value.replace(',', "")).into_owned();
    if name.is_empty() { "Unknown".to_owned() } else { name }
}

/// Mapped grade codes, sorted, without duplicates.
pub fn grade_words(answers: &mut Answers<&'static str>, grades: &[Descriptor]) -> Vec<&'static str> {
    let words: BTreeSet<&'static str> = grades.iter().filter_map(|&g| answers.ask(g).mapped()).collect();
    words.into_iter().collect()
}

/// Titles and codes from the optional subjects seed: both or neither (mapping.md section 4).
fn subjects(ctx: &mut Context<'_>, subjects: &[Descriptor]) -> Vec<(String, String)> {
    let Some(crosswalk) = &ctx.crosswalks.subjects else { return Vec::new() };
    let descriptors = &ctx.staged.descriptors;
    let mut found: BTreeSet<(String, String)> = BTreeSet::new();
    for &subject in subjects {
        let answer = crosswalk.answer(descriptors.namespace(subject), descriptors.code_value(subject));
        if let Some(Subject { title, code }) = answer.mapped() {
            if title.contains(',') || code.contains(',') {
                ctx.notices.add(&LIST_ITEM_CHANGED, "subject", title.as_str());
            }
            found.insert((item(title).into_owned(), item(code).into_owned()));
        }
    }
    found.into_iter().collect()
}
