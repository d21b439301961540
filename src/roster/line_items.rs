//! Line items: which gradebook entries and grades become one, and what stands in their cells (mapping.md section 12).
//!
//! In: one staged entry, or the first grade of its kind in a class, with classes and sessions and their fates. Out:
//! the line item and the title of its category, or the fate that says why there is none.

use std::collections::BTreeMap;

use crate::day::Day;
use crate::notice::{Authority, Code, Severity};
use crate::sourced_id::SourcedId;
use crate::spec::Version;
use crate::staging::gradebook::{EntrySection, GRADEBOOK_SECTION_MISSING, GradebookEntry, StagedGrade};

use super::classes::Classes;
use super::clean::clean;
use super::context::Context;
use super::fate::Fate;
use super::gradebook::{ItemSource, LineItem};
use super::grading::{Said, Span, bounds, due_day, period_of_day};
use super::sessions::{SessionKey, Sessions};

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
/// Category of entries without a type.
pub const UNCATEGORIZED: &str = "Uncategorized";

/// What the rows need of the rest of the roster.
pub(super) struct Parts<'r> {
    pub version: Version,
    pub classes: &'r Classes,
    pub sessions: &'r Sessions,
    /// Exported grading periods by school.
    pub periods: BTreeMap<i64, Vec<Span>>,
}

/// Exported grading periods by school.
pub(super) fn periods(sessions: &Sessions) -> BTreeMap<i64, Vec<Span>> {
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
pub(super) fn entry_item(
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
    let required = parts.version == Version::V1p1;
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
    match parts.version {
        Version::V1p1 => Err(incomplete(ctx, "no grading period contains the due date")),
        Version::V1p2 => Ok((session, Said::ByRule("academic session is that of the class"))),
    }
}

/// The line item of the grades of a section, period and type with the title of its category, or why there is none.
pub(super) fn grade_item(
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
        bounds: bounds(None, parts.version == Version::V1p1).0,
        sourced_id: SourcedId::default(),
    };
    Ok((item, title.to_owned()))
}
