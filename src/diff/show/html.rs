//! A comparison as one HTML page: no script, no request, light and dark, for the screen and for paper.
//!
//! In: a [`Diff`]. Out: the page, in the style of a judgement's. Everything that comes from a package is escaped by maud;
//! nothing else writes text.

use maud::{Markup, html};

use super::{kinds, schools, value};
use crate::check::show::{counted, grouped};
use crate::diff::{Diff, FileDiff, Sample, Which};
use crate::page;

/// Names in the first column of a table stay whole; a narrow screen scrolls the table.
const NAMES: &str = ".wide th[scope=row] code { white-space: nowrap; }";

/// The page.
pub fn render(diff: &Diff) -> String {
    let footer = match diff.school_names.is_empty() {
        true => "Samples hold sourcedIds; names and values only if they were asked for.",
        false => "",
    };
    page::document(&format!("Changes: {}", diff.new.package), NAMES, body(diff), footer)
}

fn body(diff: &Diff) -> Markup {
    let verdict =
        if diff.equal { ("accepted", "Both packages say the same.") } else { ("", "The packages differ.") };
    html! {
        h1 { "What changed" }
        p { span class={ "verdict " (verdict.0) } { (verdict.1) }
            @if let Some(school) = &diff.school { " Only rows of school " (named(diff, school)) "." } }
        div class="wide" { table {
            thead { tr { th scope="col" { "" } th scope="col" { "package" } th scope="col" { "OneRoster" } } }
            tbody { @for (name, package) in [("old", &diff.old), ("new", &diff.new)] { tr {
                th scope="row" { (name) } td { code { (package.package) } } td { (package.version.unwrap_or("not said")) }
            } } }
        } }
        @for note in &diff.notes { p { "Note: " (note) "." } }
        h2 { "Files" }
        div class="wide" { table {
            thead { tr { th scope="col" { "file" } @for name in ["before", "after", "removed", "added", "changed"] {
                th scope="col" class="number" { (name) } } } }
            tbody { @for file in &diff.files { tr {
                th scope="row" { code { (file.file.csv_name()) } }
                @for count in [file.ids.before, file.ids.after, file.ids.removed, file.ids.added, file.changed] {
                    td class="number" { (grouped(count)) } }
            } } }
        } }
        @if !diff.manifest.is_empty() {
            h2 { code { "manifest.csv" } }
            ul { @for change in &diff.manifest { li {
                code { (change.property) } ": " (value(change.old.as_deref())) " → " (value(change.new.as_deref())) } } }
        }
        @for found in diff.files.iter().filter(|file| !file.is_equal() || file.restamped > 0) { (file(diff, found)) }
    }
}

/// A school by its id, with its name where that was asked for.
fn named(diff: &Diff, school: &str) -> Markup {
    html! { code { (school) } @if let Some(name) = diff.school_names.get(school) { " " (name) } }
}

fn file(diff: &Diff, file: &FileDiff) -> Markup {
    let happened = schools(file);
    let [old, new] = file.modes.map(|mode| mode.unwrap_or("not said"));
    html! {
        h2 { code { (file.file.csv_name()) } }
        @match file.only {
            Some(Which::Old) => { p { "Only the old package has it." } }
            Some(Which::New) => { p { "Only the new package has it." } }
            None => { @if old != new { p { "It travelled as " (old) " and travels as " (new) "." } } }
        }
        @for (what, columns) in [("gone", &file.columns_removed), ("new", &file.columns_added)] {
            @if !columns.is_empty() { p { "Columns that are " (what) ": "
                @for (n, column) in columns.iter().enumerate() { @if n > 0 { ", " } code { (column) } } "." } }
        }
        @if file.restamped > 0 {
            p { (counted(file.restamped, "row differs", "rows differ")) " in " code { "dateLastModified" } " alone." }
        }
        @if !file.columns.is_empty() {
            h3 { "Changed rows by column" }
            div class="wide" { table {
                thead { tr { th scope="col" { "column" } th scope="col" class="number" { "rows" } } }
                tbody { @for (column, count) in &file.columns { tr {
                    th scope="row" { code { (column) } } td class="number" { (grouped(*count)) } } } }
            } }
        }
        @if !happened.is_empty() && diff.school.is_none() {
            details open[happened.len() <= 20] {
                summary { "By school: " (counted(happened.len() as u64, "school", "schools")) }
                div class="wide" { table {
                    thead { tr { th scope="col" { "school" } @for name in ["before", "after", "removed", "added", "changed"] {
                        th scope="col" class="number" { (name) } } } }
                    tbody { @for (school, change) in happened { tr {
                        th scope="row" { (named(diff, school)) }
                        @for count in [change.ids.before, change.ids.after, change.ids.removed, change.ids.added, change.changed] {
                            td class="number" { (grouped(count)) } }
                    } } }
                } }
            }
        }
        @for (kind, count, samples) in kinds(file) { @if !samples.is_empty() {
            article class="info" {
                h3 { span class="badge" { (kind) } " " (counted(count, "row", "rows")) }
                ul { @for found in samples { li { (sample(found)) } } }
                @if count > samples.len() as u64 { p class="soft" { "and " (grouped(count - samples.len() as u64)) " more" } }
            }
        } }
    }
}

fn sample(sample: &Sample) -> Markup {
    html! {
        code { (sample.id) }
        @if let Some(name) = &sample.name { " " (name) }
        @if !sample.cells.is_empty() { ": " }
        @for (n, cell) in sample.cells.iter().enumerate() {
            @if n > 0 { ", " }
            code { (cell.column) }
            @if cell.old.is_some() || cell.new.is_some() { " " (value(cell.old.as_deref())) " → " (value(cell.new.as_deref())) }
        }
    }
}
