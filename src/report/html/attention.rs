//! What needs attention, in the order in which somebody should look at it.
//!
//! In: the report. Out: a short list, each with a word for how bad it is, what it is in plain words, and a link to the whole.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::super::difference::Status;
use super::super::terminal::grouped;
use super::super::{CodeNotices, Report};
use super::prose;
use crate::check::show::counted;
use crate::notice::Severity;

/// Entries that are shown.
const SHOWN: usize = 9;

struct Entry {
    severity: Severity,
    word: &'static str,
    /// Rows that are missing because of it: of two equally bad ones the greater loss comes first.
    rows: u64,
    text: String,
    target: String,
}

fn entry(severity: Severity, text: impl Into<String>, target: impl Into<String>) -> Entry {
    let word = match severity {
        Severity::Error => "Error",
        Severity::Warning => "Warning",
        Severity::Info => "Note",
    };
    Entry { severity, word, rows: 0, text: text.into(), target: target.into() }
}

/// Rows that are left out because of a notice, over all files.
fn left_out(code: &CodeNotices) -> u64 {
    code.causes.iter().flat_map(|cause| cause.left_out.values()).sum()
}

fn of_notices(notices: &[CodeNotices], entries: &mut Vec<Entry>) {
    for code in notices.iter().filter(|code| code.severity >= Severity::Warning) {
        let rows = left_out(code);
        let mut scale = counted(code.count, "time", "times");
        if rows > 0 {
            scale = format!("{scale}; {} left out", counted(rows, "row is", "rows are"));
        }
        let text = format!("{} ({scale})", code.summary);
        entries.push(Entry { rows, ..entry(code.severity, text, format!("left-out-{}", code.code)) });
    }
}

/// The list.
pub fn list(report: &Report) -> Markup {
    let mut entries = Vec::new();
    of_notices(&report.notices, &mut entries);
    for package in &report.packages {
        of_notices(&package.notices, &mut entries);
        let held = &package.comparison.held;
        if !held.is_empty() {
            let whole = held.iter().filter(|held| held.school.is_none());
            let mut parts: Vec<String> = whole
                .map(|held| {
                    let numbers = &held.numbers;
                    format!("{} of {} {}", grouped(numbers.removed), grouped(numbers.before), held.file)
                })
                .collect();
            let schools: BTreeSet<&str> = held.iter().filter_map(|held| held.school.as_deref()).collect();
            if !schools.is_empty() {
                let many = counted(schools.len() as u64, "school alone", "schools alone");
                parts.push(format!("unusually much at {many}"));
            }
            let text = format!(
                "Gone since the last delivery: {}. The guard would hold this package.",
                parts.join(", ")
            );
            entries.push(Entry { word: "Hold", ..entry(Severity::Error, text, "comparison") });
        }
        if package.comparison.status == Status::Unreadable {
            let text = "The last delivery could not be read, so nothing was compared.";
            entries.push(entry(Severity::Warning, text, "comparison"));
        }
        let judged = package.validation.iter().flat_map(|judgement| &judgement.notices);
        for notice in judged.filter(|notice| notice.severity >= Severity::Warning) {
            let text = format!(
                "{}: {} ({})",
                if notice.file.is_empty() { "The package" } else { &notice.file },
                notice.summary,
                counted(notice.count, "time", "times")
            );
            entries.push(entry(notice.severity, text, "validation"));
        }
    }
    if let Some(figures) = &report.figures {
        let total = &figures.total;
        for (count, what) in
            [(total.classes_without_students, "no student"), (total.classes_without_teacher, "no teacher")]
        {
            if count > 0 {
                let text = format!("{} with {what} in the package.", counted(count, "class", "classes"));
                entries.push(entry(Severity::Info, text, "schools"));
            }
        }
    }
    // Stable: what is equally bad keeps its order.
    entries.sort_by_key(|entry| std::cmp::Reverse((entry.severity, entry.rows)));
    let more = entries.len().saturating_sub(SHOWN);
    html! {
        ul class="attention" {
            @for entry in entries.iter().take(SHOWN) {
                li class=(entry.severity.word()) {
                    span class="badge" { (entry.word) }
                    span { (prose(&entry.text)) " " a href={ "#" (entry.target) } { "More" } }
                }
            }
            @if entries.is_empty() {
                li { span class="badge ok" { "All well" } span { "Nothing that should be in the package was left out, and nothing was found wrong with it." } }
            }
        }
        @if more > 0 { p { "And " (grouped(more as u64)) " more, " a href="#left-out" { "further down" } "." } }
    }
}
