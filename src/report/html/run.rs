//! About the run: what changed since the last delivery, what was not checked, which choices were made, what it rests on.
//!
//! In: the report. Out: these sections.

use maud::{Markup, html};

use super::super::difference::{Difference, FileDifference, Held, Numbers, Status};
use super::super::terminal::grouped;
use super::super::{PackageReport, Report};
use super::{ROWS, contents, percent, section};
use crate::config::Origin;

/// Reasons of the guard that are shown.
const REASONS: usize = 12;

/// What changed since the last delivery, for each package.
pub fn comparisons(report: &Report) -> Markup {
    let several = report.packages.len() > 1;
    section(
        "comparison",
        "Since the last delivery",
        &html! {
            @for package in &report.packages {
                @if several { h3 { "OneRoster " (package.oneroster) } }
                (comparison(report, package))
            }
        },
    )
}

fn comparison(report: &Report, package: &PackageReport) -> Markup {
    let Difference { status, against, reason, files, held } = &package.comparison;
    html! {
        @match status {
            Status::NotAsked => p { "Nothing was compared" @if package.zip.is_none() { ", for no package was written" } @else { ": no older package was named (" code { "--compare-with" } ")" } "." }
            Status::Absent => p { "Nothing was compared: there is no " code { (against) } " yet. That is so on the first day." }
            Status::Unreadable => p { "Nothing could be compared with " code { (against) } ": " (reason) "." }
            Status::Compared => {
                p { "Compared with " code { (against) } ". " @if held.is_empty() { "What is gone is within the usual limits of the guard." } @else {
                    strong { "The guard would hold this package" } ", unless somebody says that it is right:"
                } }
                @if !held.is_empty() { ul { @for reason in held.iter().take(REASONS) { li { (held_for(report, reason)) } }
                    @if held.len() > REASONS { li { "and for " (grouped((held.len() - REASONS) as u64)) " more reasons; the tables below and report.json have all" } } } }
                div class="wide" { table {
                    caption { "Rows that are gone, new and changed, by file" }
                    thead { tr { th scope="col" { "File" } th scope="col" class="number" { "Before" } th scope="col" class="number" { "Now" }
                        th scope="col" class="number" { "Gone" } th scope="col" class="number" { "New" } th scope="col" class="number" { "Changed" } } }
                    tbody { @for file in files { tr { th scope="row" { code { (file.file) } } (numbers(&file.numbers)) td class="number" { (grouped(file.changed)) } } } }
                } }
                (by_school(report, files))
            }
        }
    }
}

/// A reason of the guard, with the school by its name.
fn held_for(report: &Report, held: &Held) -> Markup {
    let Numbers { before, removed, .. } = held.numbers;
    html! {
        code { (held.file) } @if let Some(school) = &held.school { " at " (contents::org_name(report, school)) } ": "
        (grouped(removed)) " of " (grouped(before)) " are gone (" (percent(removed, before)) ")"
    }
}

fn numbers(numbers: &Numbers) -> Markup {
    html! {
        td class="number" { (grouped(numbers.before)) }
        td class="number" { (grouped(numbers.after)) }
        td class={ "number" @if numbers.removed > 0 { " gone" } } { (grouped(numbers.removed)) }
        td class={ "number" @if numbers.added > 0 { " new" } } { (grouped(numbers.added)) }
    }
}

fn by_school(report: &Report, files: &[FileDifference]) -> Markup {
    let shown = files.iter().filter(|file| matches!(file.file, "users" | "classes" | "enrollments"));
    let mut rows: Vec<_> =
        shown.flat_map(|file| file.schools.iter().map(move |school| (file.file, school))).collect();
    rows.sort_by_key(|(_, school)| std::cmp::Reverse(school.numbers.removed));
    html! {
        @if !rows.is_empty() {
            details {
                summary { "Users, classes and enrollments by school" }
                div class="wide" { table {
                    caption { "Rows that are gone and new, most losses first" }
                    thead { tr { th scope="col" { "School" } th scope="col" { "File" } th scope="col" class="number" { "Before" } th scope="col" class="number" { "Now" }
                        th scope="col" class="number" { "Gone" } th scope="col" class="number" { "New" } } }
                    tbody { @for (file, school) in rows.iter().take(ROWS) { tr {
                        th scope="row" { (contents::org_name(report, &school.sourced_id)) } td { code { (file) } } (numbers(&school.numbers))
                    } } }
                } }
                @if rows.len() > ROWS { p class="soft" { "And " (grouped((rows.len() - ROWS) as u64)) " further lines in report.json." } }
            }
        }
    }
}

/// What was not checked.
pub fn unchecked(report: &Report) -> Markup {
    section(
        "unchecked",
        "What was not checked",
        &html! {
            ul { @for item in &report.unchecked { li { strong { (item.what) } ": " (item.why) "." } } }
        },
    )
}

/// Which choices were made: those that somebody made first, the defaults behind a fold.
pub fn choices(report: &Report) -> Markup {
    let (made, standing): (Vec<_>, Vec<_>) =
        report.choices.iter().partition(|choice| choice.origin != Origin::Default);
    let table = |title: &str, choices: &[&crate::config::Choice]| {
        html! {
            div class="wide" { table {
                caption { (title) }
                thead { tr { th scope="col" { "Setting" } th scope="col" { "Value" } th scope="col" { "From" } } }
                tbody { @for choice in choices { tr {
                    th scope="row" { code { (choice.setting) } }
                    td class="any" { @if choice.value.is_empty() { span class="soft" { "none" } } @else { code { (choice.value) } } }
                    td { (origin(choice.origin)) }
                } } }
            } }
        }
    };
    section(
        "choices",
        "Choices",
        &html! {
            @if made.is_empty() { p { "Every setting that shapes the packages has its default." } } @else { (table("Settings that somebody chose", &made)) }
            details { summary { (grouped(standing.len() as u64)) " settings with their defaults" } (table("Settings as they are by default", &standing)) }
        },
    )
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Default => "default",
        Origin::Consumer => "the consumer",
        Origin::File => "rosterpack.toml",
        Origin::Environment => "environment",
        Origin::Sample => "the sample",
        Origin::Set => "--set",
        Origin::Flag => "a flag",
    }
}

/// What the run was and what it rests on.
pub fn facts(report: &Report) -> Markup {
    let run = &report.run;
    let lists = [
        ("Only these districts", run.filters.leas.iter().map(ToString::to_string).collect::<Vec<_>>()),
        ("Only these schools", run.filters.schools.iter().map(ToString::to_string).collect()),
        ("Only these files", run.filters.files.iter().map(|file| (*file).to_owned()).collect()),
    ];
    section(
        "run",
        "This run",
        &html! {
            div class="wide" { table {
                caption { "What was run" }
                tbody {
                    (fact("rosterpack", report.rosterpack)) (fact("Source", &run.source)) (fact("Ed-Fi data standard", run.data_standard))
                    (fact("Rows read", &grouped(run.rows_read))) (fact("As of", &run.as_of)) (fact("Formula of ids", run.id_scheme))
                    @for (label, list) in &lists { @if !list.is_empty() { (fact(label, &list.join(", "))) } }
                    @if let Some(provenance) = &report.provenance {
                        (fact("Sum of the configuration", &provenance.configuration)) (fact("Sum of the crosswalks", &provenance.crosswalks))
                    }
                }
            } }
            @if let Some(provenance) = &report.provenance {
                details { summary { "Rows read, by table" } div class="wide" { table {
                    caption { "Tables of the source that were read" }
                    thead { tr { th scope="col" { "Table" } th scope="col" class="number" { "Rows" } } }
                    tbody { @for table in &provenance.tables { tr { th scope="row" { code { (table.table) } } td class="number" { (grouped(table.rows)) } } } }
                } } }
            }
            @if !report.durations.is_empty() {
                details id="durations" { summary { "How long it took" } div class="wide" { table {
                    caption { "Wall time of each stage" }
                    thead { tr { th scope="col" { "Stage" } th scope="col" class="number" { "Seconds" } } }
                    tbody { @for stage in &report.durations { tr { th scope="row" { (stage.stage) } td class="number" {
                        (grouped(stage.milliseconds / 1000)) "." (format!("{:03}", stage.milliseconds % 1000))
                    } } } }
                } } }
            }
        },
    )
}

fn fact(label: &str, value: &str) -> Markup {
    html! { tr { th scope="row" { (label) } td class="any" { (value) } } }
}
