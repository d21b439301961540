//! What was left out or changed and why, what the validator found, and values that no crosswalk translates.
//!
//! In: the report. Out: these sections. Samples are ids; names stand behind them only where the report has them.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::terminal::grouped;
use super::super::{Cause, CodeNotices, Report};
use super::{prose, section};
use crate::check::show::{counted, html as judged};
use crate::check::{Judgement, RuleOutcome};
use crate::notice::{Authority, Severity};

/// Causes of a notice that are shown.
const CAUSES: usize = 25;

/// What was left out or changed, by cause.
pub fn left_out(report: &Report) -> Markup {
    let own = || report.packages.iter().filter(|package| !package.notices.is_empty());
    section(
        "left-out",
        "What was left out or changed, and why",
        &html! {
            @if report.notices.is_empty() && own().next().is_none() { p { "Nothing." } }
            (notices(report, &report.notices))
            @for package in own() {
                h3 { "Only in OneRoster " (package.oneroster) }
                (notices(report, &package.notices))
            }
        },
    )
}

/// Errors and warnings in the open, what is merely worth knowing behind a fold.
fn notices(report: &Report, codes: &[CodeNotices]) -> Markup {
    let (grave, infos): (Vec<_>, Vec<_>) = codes.iter().partition(|code| code.severity > Severity::Info);
    html! {
        @for code in grave { (notice(report, code)) }
        @if !infos.is_empty() {
            details open[infos.len() == codes.len()] {
                summary { (counted(infos.len() as u64, "thing that is", "things that are")) " worth knowing and as they should be" }
                @for code in infos { (notice(report, code)) }
            }
        }
    }
}

fn notice(report: &Report, code: &CodeNotices) -> Markup {
    let authority = match code.authority {
        Authority::Specification => "that of the OneRoster specification",
        Authority::Consumer => "that of the vendors",
        Authority::Policy => "a decision of the mapping from Ed-Fi",
    };
    let mut causes: Vec<&Cause> = code.causes.iter().filter(|cause| told(cause)).collect();
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.count));
    let hidden = causes.len().saturating_sub(CAUSES);
    html! {
        article id={ "left-out-" (code.code) } class=(code.severity.word()) {
            h3 { span class="badge" { (code.severity.word()) } " " code { (code.code) } }
            p { (prose(code.summary)) " " strong { (counted(code.count, "time", "times")) } "." }
            @if !causes.is_empty() { ul { @for cause in causes.iter().take(CAUSES) { (cause_of(report, cause)) } } }
            @if hidden > 0 { p class="soft" { "And " (counted(hidden as u64, "further cause", "further causes")) " in report.json." } }
            p { span class="todo" { "What to do. " } (prose(code.remedy)) }
            p class="soft" { "Whose rule it is: " (authority) "." }
        }
    }
}

/// Whether a cause says more than its code.
fn told(cause: &Cause) -> bool {
    !cause.cause.is_empty() || !cause.samples.is_empty() || !cause.left_out.is_empty()
}

fn cause_of(report: &Report, cause: &Cause) -> Markup {
    let left_out: Vec<String> =
        cause.left_out.iter().map(|(file, rows)| format!("{file} {}", grouped(*rows))).collect();
    html! {
        li {
            (cause.cause) " " span class="soft" { "(" (counted(cause.count, "time", "times")) ")" }
            @if !cause.samples.is_empty() { ": such as " @for (n, sample) in cause.samples.iter().enumerate() { @if n > 0 { ", " } (id(report, sample)) } }
            @if !left_out.is_empty() { ". Rows left out: " (left_out.join(", ")) }
        }
    }
}

/// An id, and whom it belongs to where the report says so.
fn id(report: &Report, id: &str) -> Markup {
    html! {
        code { (id) }
        @if let Some(names) = report.names.get(id) { " (" (names.iter().map(String::as_str).collect::<Vec<_>>().join("; ")) ")" }
    }
}

/// What every rule of the validator said, where they were asked.
pub fn validations(report: &Report) -> Markup {
    let judged: Vec<_> =
        report.packages.iter().filter_map(|p| Some((p.oneroster, p.validation.as_ref()?))).collect();
    if judged.is_empty() {
        return html! {};
    }
    section(
        "validation",
        "Validation",
        &html! {
            @for (version, judgement) in &judged {
                @if judged.len() > 1 { h3 { "OneRoster " (version) } }
                (validation(judgement))
            }
        },
    )
}

fn validation(judgement: &Judgement) -> Markup {
    let count =
        |outcome: RuleOutcome| judgement.rules.iter().filter(|rule| rule.outcome == outcome).count() as u64;
    let (grave, infos): (Vec<_>, Vec<_>) =
        judgement.notices.iter().partition(|notice| notice.severity > Severity::Info);
    html! {
        p {
            "The finished package was read by every rule of the validator before it could be published: "
            (counted(judgement.count(Severity::Error), "error", "errors")) ", " (counted(judgement.count(Severity::Warning), "warning", "warnings")) ", "
            (counted(judgement.count(Severity::Info), "note", "notes")) ". "
            (counted(count(RuleOutcome::Passed), "rule", "rules")) " looked at everything and found nothing, "
            (grouped(count(RuleOutcome::Skipped))) " could not judge all, " (grouped(count(RuleOutcome::NotApplicable))) " had nothing to look at."
        }
        @for notice in grave { (place(&notice.file)) (judged::notice(notice)) }
        @if !infos.is_empty() { details { summary { (counted(infos.len() as u64, "note", "notes")) } @for notice in infos { (place(&notice.file)) (judged::notice(notice)) } } }
    }
}

fn place(file: &str) -> Markup {
    html! { @if !file.is_empty() { p class="soft" { "In " code { (file) } ":" } } }
}

/// Values in use that no crosswalk knows.
pub fn unmapped(report: &Report) -> Markup {
    if report.unmapped.is_empty() {
        return html! {};
    }
    let mut seeds: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for value in &report.unmapped {
        seeds.entry(&value.seed).or_default().push(value);
    }
    seeds.values_mut().for_each(|values| values.sort_by_key(|value| std::cmp::Reverse(value.count)));
    section(
        "unmapped",
        "Values without a translation",
        &html! {
            p { "Ed-Fi values in use that no crosswalk translates. Add them to your own copy of the seed file and name its folder with " code { "--seeds" } "; a blank answer says that a value stays untranslated on purpose." }
            div class="wide" { table {
                caption { "Values by seed file, with the number of rows that asked" }
                thead { tr { th scope="col" { "Seed file" } th scope="col" { "Value" } th scope="col" class="number" { "Rows" } } }
                tbody { @for (seed, values) in &seeds { @for value in values { tr {
                    th scope="row" { code { (seed) } } td { (value.value) " " span class="soft" { (value.column) } } td class="number" { (grouped(value.count)) }
                } } } }
            } }
        },
    )
}
