//! The gradebook: categories, line items and results (mapping.md section 12).
//!
//! In: staged gradebook entries and grades, classes, sessions and users with their fates. Out: [`Gradebook`], whose
//! rows are all exported and stand in output order. What is not exported is counted here, at its cause; results
//! follow their line item. The rules on single cells are in `roster::grading`.

use std::collections::BTreeMap;

use crate::day::Day;
use crate::notice::{Authority, Code, Severity};
use crate::sourced_id::{LineItemKey, SourcedId};
use crate::spec::Version;
use crate::staging::Staged;
use crate::staging::decimal::Decimal;
use crate::staging::descriptors::Descriptor;
use crate::staging::gradebook::{
    EntrySection, GRADEBOOK_SECTION_MISSING, GradebookEntry, StagedGrade, StudentEntry, Word,
};

use super::classes::{Classes, class_key};
use super::clean::clean;
use super::context::Context;
use super::fate::{Fate, Losses};
use super::grading::{
    Bounds, Said, Span, Submission, bounds, due_day, final_status, is_missing, lateness, period_of_day,
    score_status,
};
use super::sessions::{SessionKey, Sessions};
use super::users::Users;

/// A gradebook entry names no section.
pub static ENTRY_WITHOUT_SECTION: Code = Code {
    code: "gradebook-entry-without-section",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "lineItems",
    summary: "Gradebook entries name no section, so that no class can be told: they are left out, with their results.",
    remedy: "Let the system that writes the entries name the section, and not only a section identifier of its own.",
};
/// A gradebook entry belongs to another school year.
pub static ENTRY_OF_OTHER_YEAR: Code = Code {
    code: "gradebook-entry-of-other-year",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "lineItems",
    summary: "Gradebook entries belong to a section of another school year: they are left out, with their results.",
    remedy: "Nothing.",
};
/// A line item lacks something that is required.
pub static LINE_ITEM_INCOMPLETE: Code = Code {
    code: "line-item-incomplete",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "lineItems",
    summary: "Line items lack something that OneRoster requires, and no rule gives it: they are left out, with their results.",
    remedy: "Complete the gradebook entries, or record grading periods that cover the school year.",
};
/// A cell of a line item comes from a rule and not from the source.
pub static LINE_ITEM_DEFAULTED: Code = Code {
    code: "line-item-defaulted",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "lineItems",
    summary: "Line items lack something that OneRoster requires: a rule gives it.",
    remedy: "Nothing, or complete the gradebook entries.",
};
/// A result has no score.
pub static RESULT_WITHOUT_SCORE: Code = Code {
    code: "result-without-score",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "results",
    summary: "Students have neither points nor a numeric grade, and OneRoster 1.1 requires a score: the results are left out.",
    remedy: "Nothing, or export OneRoster 1.2, which lets a score be absent.",
};
/// A grade says nothing.
pub static GRADE_WITHOUT_VALUE: Code = Code {
    code: "grade-without-value",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "results",
    summary: "Grades have neither a numeric nor a letter grade: they are left out.",
    remedy: "Nothing, or record the grades as numbers or letters.",
};
/// A student has several grades for one section, grading period and type.
pub static GRADE_REPEATED: Code = Code {
    code: "grade-repeated",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "results",
    summary: "A student who entered a section more than once has a grade for each time: the one of the latest begin is exported.",
    remedy: "Nothing.",
};
/// A cell of a result comes from a rule and not from the source.
pub static RESULT_DEFAULTED: Code = Code {
    code: "result-defaulted",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "results",
    summary: "Results lack something that OneRoster requires: a rule gives it.",
    remedy: "Nothing, or complete the student gradebook entries.",
};
/// A submission status is not known.
pub static SUBMISSION_UNMAPPED: Code = Code {
    code: "submission-status-unmapped",
    severity: Severity::Warning,
    authority: Authority::Policy,
    file: "results",
    summary: "Submission statuses are none of Exempt, Graded, Not Submitted, Returned, Submitted: scoreStatus follows from score and date alone.",
    remedy: "Map the value to a default descriptor of Ed-Fi in the system that writes it.",
};
/// A score is outside of its line item's bounds.
pub static SCORE_OUT_OF_BOUNDS: Code = Code {
    code: "score-out-of-bounds",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "results",
    summary: "Scores are outside of the bounds of their line item, as with extra credit: they are exported as they are, and strict readers may refuse them.",
    remedy: "Record the maximum points of the gradebook entry, or correct the score.",
};

/// Category of entries without a type.
pub const UNCATEGORIZED: &str = "Uncategorized";

/// A row of categories.csv.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Code value of the gradebook entry type or grade type; also what is hashed.
    pub title: String,
    /// Its id.
    pub sourced_id: SourcedId,
}

/// What a line item stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemSource {
    /// A gradebook entry, by row.
    Entry(u32),
    /// The grades of a class for a grading period.
    FinalGrade {
        /// Staged row of the grading period.
        period: u32,
        /// Grade type.
        kind: Descriptor,
    },
}

/// A row of lineItems.csv.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineItem {
    /// What it stands for.
    pub source: ItemSource,
    /// Row of the class.
    pub class: u32,
    /// Row of the category.
    pub category: u32,
    /// Row of the grading period, in 1.2 perhaps of the class's session.
    pub session: u32,
    /// Day on which it was assigned.
    pub assigned: Day,
    /// Day on which it is due.
    pub due: Day,
    /// Lowest and highest score.
    pub bounds: Option<Bounds>,
    /// Its id.
    pub sourced_id: SourcedId,
}

/// A row of results.csv.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GradeResult {
    /// Row of the line item.
    pub item: u32,
    /// Row of the student.
    pub student: u32,
    /// Word of the scoreStatus vocabulary.
    pub status: &'static str,
    /// Score.
    pub score: Option<Decimal>,
    /// Score in letters.
    pub letter: Word,
    /// Day of the score.
    pub date: Day,
    /// Remark.
    pub comment: Word,
    /// Whether it was handed in late.
    pub late: Option<bool>,
    /// Whether it is overdue.
    pub missing: Option<bool>,
}

/// Categories, line items and results in output order.
#[derive(Debug, Default)]
pub struct Gradebook {
    /// Sorted by title.
    pub categories: Vec<Category>,
    /// Sorted by class, due day, identifier.
    pub items: Vec<LineItem>,
    /// Sorted by line item, student.
    pub results: Vec<GradeResult>,
}

/// The natural key of a line item.
pub fn line_item_key<'s>(staged: &'s Staged, item: &LineItem) -> LineItemKey<'s> {
    match item.source {
        ItemSource::Entry(row) => {
            let entry = &staged.gradebook.entries[row as usize];
            LineItemKey::Entry { namespace: &entry.namespace, identifier: &entry.identifier }
        }
        ItemSource::FinalGrade { period, kind } => {
            let period = &staged.time.grading_periods[period as usize];
            LineItemKey::FinalGrade {
                class: class_key(staged, item.class as usize),
                period: staged.descriptors.code_value(period.period),
                name: &period.name,
                kind: staged.descriptors.code_value(kind),
            }
        }
    }
}

/// What the rows need of the rest of the roster.
struct Parts<'r> {
    classes: &'r Classes,
    sessions: &'r Sessions,
    /// Exported grading periods by school.
    periods: BTreeMap<i64, Vec<Span>>,
}

impl Gradebook {
    pub(super) fn build(
        ctx: &mut Context<'_>,
        classes: &Classes,
        sessions: &Sessions,
        users: &Users,
    ) -> Gradebook {
        let parts = Parts { classes, sessions, periods: periods(sessions) };
        let staged = ctx.staged;
        let mut gradebook = Gradebook::default();
        let mut titles: Vec<String> = Vec::new();

        // Fates of the entries; those that are kept become items.
        let mut fate_of_entry = Vec::with_capacity(staged.gradebook.entries.len());
        for (row, entry) in (0u32..).zip(&staged.gradebook.entries) {
            match entry_item(ctx, &parts, row, entry) {
                Ok((item, title)) => {
                    titles.push(title);
                    gradebook.items.push(item);
                    fate_of_entry.push(Fate::KEPT);
                }
                Err(fate) => {
                    let label = format!("gradebook entry {} {}", entry.namespace, entry.identifier);
                    ctx.causes.report(&mut ctx.notices, fate, "lineItems", label);
                    fate_of_entry.push(fate);
                }
            }
        }
        // Grades stand in the order of their line items: one item per run of the same section, period and type.
        let value = |grade: &StagedGrade| staged.descriptors.code_value(grade.kind);
        let same_item = |a: &StagedGrade, b: &StagedGrade| {
            (a.section, a.period) == (b.section, b.period) && value(a) == value(b)
        };
        let mut fate_of_group = Vec::new();
        for grades in staged.gradebook.grades.chunk_by(same_item) {
            match grade_item(ctx, &parts, grades[0]) {
                Ok((item, title)) => {
                    titles.push(title);
                    gradebook.items.push(item);
                    fate_of_group.push(Fate::KEPT);
                }
                Err(fate) => {
                    let label =
                        format!("grades of section {}", staged.sections.label(grades[0].section as usize));
                    ctx.causes.report(&mut ctx.notices, fate, "lineItems", label);
                    fate_of_group.push(fate);
                }
            }
        }
        let moved = gradebook.settle(ctx, titles);

        let mut losses = Losses::default();
        let mut rule = ResultRule::new(ctx);
        let mut next = 0;
        let place: Vec<Option<u32>> = fate_of_entry
            .iter()
            .map(|fate| {
                fate.kept().then(|| {
                    next += 1;
                    moved[next - 1]
                })
            })
            .collect();
        for row in &staged.gradebook.results {
            let entry = row.entry as usize;
            let fate = fate_of_entry[entry].or(users.students.fate[row.student as usize]);
            let judged = match (fate.kept(), place[entry]) {
                (true, Some(item)) => rule.entry(ctx, &gradebook.items[item as usize], item, row),
                _ => Err(fate),
            };
            match judged {
                Ok(result) => gradebook.results.push(result),
                Err(fate) => losses.add(fate),
            }
        }
        for (grades, fate) in staged.gradebook.grades.chunk_by(same_item).zip(fate_of_group) {
            let item = fate.kept().then(|| {
                next += 1;
                moved[next - 1]
            });
            let mut last = None;
            for row in grades {
                let fate = fate.or(users.students.fate[row.student as usize]);
                let judged = match (fate.kept(), item) {
                    (true, Some(_)) if last == Some(row.student) => Err(rule.repeated),
                    (true, Some(item)) => rule.grade(&gradebook.items[item as usize], item, row),
                    _ => Err(fate),
                };
                match judged {
                    Ok(result) => {
                        last = Some(row.student);
                        gradebook.results.push(result);
                    }
                    Err(fate) => losses.add(fate),
                }
            }
        }
        losses.report(&ctx.causes, &mut ctx.notices, "results");
        rule.finish(ctx);
        gradebook.results.sort_unstable_by_key(|r| (r.item, r.student));
        gradebook
    }

    /// Makes the categories and puts the items into output order; tells where each item has gone.
    fn settle(&mut self, ctx: &mut Context<'_>, titles: Vec<String>) -> Vec<u32> {
        let staged = ctx.staged;
        let mut sorted: Vec<&String> = titles.iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        let mut key = String::new();
        for (item, title) in self.items.iter_mut().zip(&titles) {
            item.category = sorted.partition_point(|other| *other < title) as u32;
            ctx.keys.line_item(&mut key, line_item_key(staged, item));
            item.sourced_id = SourcedId::of(&key);
        }
        for title in sorted {
            ctx.keys.category(&mut key, title);
            self.categories.push(Category { title: title.clone(), sourced_id: SourcedId::of(&key) });
        }
        let mut order: Vec<u32> = (0..self.items.len() as u32).collect();
        order.sort_by_cached_key(|&n| {
            let item = &self.items[n as usize];
            let (identifier, rest) = match line_item_key(staged, item) {
                LineItemKey::Entry { namespace, identifier } => (identifier, namespace.to_owned()),
                LineItemKey::FinalGrade { period, name, kind, .. } => {
                    ("", format!("{period}\u{1f}{name}\u{1f}{kind}"))
                }
            };
            // Entries before the grades of the same day; the id is last, so that the order is total.
            let of_entry = matches!(item.source, ItemSource::Entry(_));
            (item.class, item.due, !of_entry, identifier.to_owned(), rest, item.sourced_id)
        });
        let mut moved = vec![0u32; order.len()];
        for (new, &old) in order.iter().enumerate() {
            moved[old as usize] = new as u32;
        }
        self.items = order.iter().map(|&n| self.items[n as usize]).collect();
        moved
    }
}

/// Exported grading periods by school.
fn periods(sessions: &Sessions) -> BTreeMap<i64, Vec<Span>> {
    let mut periods: BTreeMap<i64, Vec<Span>> = BTreeMap::new();
    for (row, session) in (0u32..).zip(&sessions.rows) {
        if let (SessionKey::GradingPeriod { .. }, Some(school), true) =
            (&session.key, session.school, session.fate.kept())
        {
            let span = Span { row, begin: session.begin, end: session.end, parent: session.parent };
            periods.entry(school).or_default().push(span);
        }
    }
    periods
}

fn incomplete(ctx: &mut Context<'_>, why: &str) -> Fate {
    ctx.causes.fate(&LINE_ITEM_INCOMPLETE, why)
}

/// The line item of a gradebook entry with the title of its category, or why there is none.
fn entry_item(
    ctx: &mut Context<'_>,
    parts: &Parts<'_>,
    row: u32,
    entry: &GradebookEntry,
) -> Result<(LineItem, String), Fate> {
    let class = match &entry.section {
        EntrySection::Row(section) => *section,
        EntrySection::Unnamed => return Err(ctx.causes.fate(&ENTRY_WITHOUT_SECTION, "no section")),
        EntrySection::OtherYear(year) => {
            return Err(ctx.causes.fate(&ENTRY_OF_OTHER_YEAR, format!("school year {year}")));
        }
        EntrySection::Missing(section) => {
            return Err(ctx.causes.fate(&GRADEBOOK_SECTION_MISSING, section.as_str()));
        }
    };
    match parts.classes.fate[class as usize] {
        Fate::KEPT => {}
        fate => return Err(fate),
    }
    if clean(&entry.title).is_empty() {
        return Err(incomplete(ctx, "title is blank"));
    }
    let Some(assigned) = entry.assigned.filter(|&day| day <= Day::LAST) else {
        return Err(incomplete(ctx, "assignDate is missing"));
    };
    let (due, due_said) = due_day(assigned, entry.due);
    let (session, session_said) = session_of(ctx, parts, class, entry.period, due)?;
    let required = ctx.plan.version == Version::V1p1;
    let (bounds, bounds_said) = bounds(entry.max_points, required);
    let kind = clean(ctx.value(entry.kind));
    let (title, category_said) = match kind.is_empty() {
        true => (UNCATEGORIZED.to_owned(), Said::ByRule("category is Uncategorized")),
        false => (ctx.value(entry.kind).to_owned(), Said::BySource),
    };
    for said in [due_said, session_said, bounds_said, category_said] {
        if let Said::ByRule(what) = said {
            ctx.notices.add(&LINE_ITEM_DEFAULTED, what, entry.identifier.as_str());
        }
    }
    ctx.check_key("gradebookEntry.gradebookEntryIdentifier", &entry.identifier);
    let item = LineItem {
        source: ItemSource::Entry(row),
        class,
        category: 0,
        session,
        assigned,
        due,
        bounds,
        sourced_id: SourcedId::default(),
    };
    Ok((item, title))
}

/// The grading period: the entry's, else the one that contains the due day; in 1.2, else the class's session.
fn session_of(
    ctx: &mut Context<'_>,
    parts: &Parts<'_>,
    class: u32,
    named: Option<u32>,
    due: Day,
) -> Result<(u32, Said), Fate> {
    if let Some(row) = named.and_then(|period| parts.sessions.of_grading_period(period)) {
        return match parts.sessions.rows[row as usize].fate {
            Fate::KEPT => Ok((row, Said::BySource)),
            fate => Err(fate),
        };
    }
    let session = parts.classes.session[class as usize];
    let school = ctx.staged.sections.school[class as usize];
    let spans = parts.periods.get(&school).map_or(&[][..], Vec::as_slice);
    if let Some(row) = period_of_day(spans, due, session) {
        return Ok((row, Said::ByRule("grading period is the one that contains the due date")));
    }
    match ctx.plan.version {
        Version::V1p1 => Err(incomplete(ctx, "no grading period contains the due date")),
        Version::V1p2 => Ok((session, Said::ByRule("academic session is that of the class"))),
    }
}

/// The line item of the grades of a section, period and type with the title of its category, or why there is none.
fn grade_item(
    ctx: &mut Context<'_>,
    parts: &Parts<'_>,
    grade: StagedGrade,
) -> Result<(LineItem, String), Fate> {
    let class = grade.section;
    let fate = parts.classes.fate[class as usize];
    if !fate.kept() {
        return Err(fate);
    }
    let Some(session) = parts.sessions.of_grading_period(grade.period) else {
        return Err(incomplete(ctx, "the grading period is not exported"));
    };
    let period = &parts.sessions.rows[session as usize];
    if !period.fate.kept() {
        return Err(period.fate);
    }
    let title = match ctx.value(grade.kind) {
        blank if clean(blank).is_empty() => UNCATEGORIZED,
        value => value,
    };
    let item = LineItem {
        source: ItemSource::FinalGrade { period: grade.period, kind: grade.kind },
        class,
        category: 0,
        session,
        assigned: period.begin,
        due: period.end,
        // Ed-Fi does not say on which scale a grade is.
        bounds: bounds(None, ctx.plan.version == Version::V1p1).0,
        sourced_id: SourcedId::default(),
    };
    Ok((item, title.to_owned()))
}

/// The rules on results, with the fates and counts that they deal out, so that a row costs no look-up.
struct ResultRule {
    score_required: bool,
    as_of: Day,
    /// What each descriptor says, by number; one more for none.
    submissions: BTreeMap<Descriptor, Option<Submission>>,
    lateness: BTreeMap<Descriptor, Option<bool>>,
    unscored: Fate,
    repeated: Fate,
    blank: Fate,
    undated: u64,
    unstated: u64,
    out_of_bounds: u64,
    unmapped: BTreeMap<Descriptor, u64>,
}

impl ResultRule {
    fn new(ctx: &mut Context<'_>) -> ResultRule {
        ResultRule {
            score_required: ctx.plan.version == Version::V1p1,
            as_of: ctx.plan.as_of,
            submissions: BTreeMap::new(),
            lateness: BTreeMap::new(),
            unscored: ctx.causes.fate(&RESULT_WITHOUT_SCORE, "neither points nor a numeric grade"),
            repeated: ctx.causes.fate(&GRADE_REPEATED, "same student, section, grading period and type"),
            blank: ctx.causes.fate(&GRADE_WITHOUT_VALUE, "neither a numeric nor a letter grade"),
            undated: 0,
            unstated: 0,
            out_of_bounds: 0,
            unmapped: BTreeMap::new(),
        }
    }

    /// What a student earned for a gradebook entry.
    fn entry(
        &mut self,
        ctx: &Context<'_>,
        item: &LineItem,
        place: u32,
        row: &StudentEntry,
    ) -> Result<GradeResult, Fate> {
        // Points belong to the entry's maximum; a numeric grade stands in.
        let score = row.points.or(row.numeric);
        if score.is_none() && self.score_required {
            return Err(self.unscored);
        }
        let submission = *self
            .submissions
            .entry(row.submission)
            .or_insert_with(|| Submission::of(ctx.value(row.submission)));
        let late = *self.lateness.entry(row.lateness).or_insert_with(|| lateness(ctx.value(row.lateness)));
        if submission.is_none() {
            match row.submission.is_some() {
                true => *self.unmapped.entry(row.submission).or_default() += 1,
                false => self.unstated += 1,
            }
        }
        let fulfilled = row.fulfilled.filter(|&day| day <= Day::LAST);
        let graded = score.is_some() || row.letter != Word::default();
        let status = score_status(submission, graded, fulfilled.is_some());
        self.note(item, score, fulfilled.is_none());
        Ok(GradeResult {
            item: place,
            student: row.student,
            status,
            score,
            letter: row.letter,
            date: fulfilled.unwrap_or(item.due),
            comment: row.statement,
            late,
            missing: is_missing(submission, item.due, self.as_of),
        })
    }

    /// A grade of a grading period.
    fn grade(&mut self, item: &LineItem, place: u32, row: &StagedGrade) -> Result<GradeResult, Fate> {
        if row.numeric.is_none() && row.letter == Word::default() {
            return Err(self.blank);
        }
        if row.numeric.is_none() && self.score_required {
            return Err(self.unscored);
        }
        let day = row.as_of.filter(|&day| day <= Day::LAST);
        self.note(item, row.numeric, day.is_none());
        Ok(GradeResult {
            item: place,
            student: row.student,
            status: final_status(row.interim),
            score: row.numeric,
            letter: row.letter,
            date: day.unwrap_or(item.due),
            comment: row.statement,
            late: None,
            missing: None,
        })
    }

    fn note(&mut self, item: &LineItem, score: Option<Decimal>, undated: bool) {
        self.undated += u64::from(undated);
        if let (Some(bounds), Some(score)) = (item.bounds, score) {
            self.out_of_bounds += u64::from(!bounds.hold(score));
        }
    }

    fn finish(self, ctx: &mut Context<'_>) {
        ctx.notices.count(&RESULT_DEFAULTED, "scoreDate is the due date of the line item", self.undated);
        ctx.notices.count(&RESULT_DEFAULTED, "scoreStatus follows from score and date", self.unstated);
        ctx.notices.count(&SCORE_OUT_OF_BOUNDS, "score", self.out_of_bounds);
        for (descriptor, rows) in self.unmapped {
            let value = ctx.value(descriptor);
            ctx.notices.count(&SUBMISSION_UNMAPPED, value, rows);
        }
    }
}
