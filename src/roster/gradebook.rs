//! The gradebook: categories, line items and results (mapping.md section 12).
//!
//! In: staged gradebook entries and grades, a roster, a version of OneRoster. Out: [`Gradebook`], whose
//! rows are all exported and stand in output order. What is not exported is counted here, at its cause; results
//! follow their line item. The rules on single cells are in
//! `roster::grading`, those on rows in `roster::line_items` and `roster::results`.

use crate::config::plan::Plan;
use crate::crosswalk::Crosswalks;
use crate::day::Day;
use crate::notice::Notices;
use crate::sourced_id::{LineItemKey, SourcedId};
use crate::spec::Version;
use crate::staging::Staged;
use crate::staging::decimal::Decimal;
use crate::staging::descriptors::Descriptor;
use crate::staging::gradebook::{StagedGrade, Word};

use super::Roster;
use super::classes::class_key;
use super::context::Context;
use super::fate::{Fate, Losses};
use super::grading::Bounds;
use super::line_items::{Parts, entry_item, grade_item, periods};
use super::results::ResultRule;

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

impl Gradebook {
    /// The gradebook of a closed roster as this version demands it, and what is left out or defaulted in it. Empty
    /// unless the plan wants gradebook files.
    pub fn build(
        plan: &Plan,
        version: Version,
        staged: &Staged,
        roster: &Roster,
        crosswalks: &Crosswalks,
    ) -> (Gradebook, Notices) {
        let mut ctx = Context::new(plan, staged, crosswalks, Notices::new());
        if !plan.mapping.writes_gradebook() {
            return (Gradebook::default(), ctx.notices);
        }
        // Fates of classes and students refer to the roster's causes; further ones are this gradebook's own.
        ctx.causes = roster.causes.clone();
        let gradebook = Gradebook::of_version(&mut ctx, version, roster);
        (gradebook, ctx.notices)
    }

    fn of_version(ctx: &mut Context<'_>, version: Version, roster: &Roster) -> Gradebook {
        let Roster { classes, sessions, users, .. } = roster;
        let parts = Parts { version, classes, sessions, periods: periods(sessions) };
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
        let mut rule = ResultRule::new(ctx, version);
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
