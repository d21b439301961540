//! Judgements as one HTML page: no script, no request, light and dark, for the screen and for paper.
//!
//! In: judgements. Out: the page. Everything that comes from a package is escaped by maud; nothing else writes text.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{Judged, counted, grouped};
use crate::check::{Cause, Notice, RuleOutcome, Sample};
use crate::notice::{Authority, Severity};
use crate::page;

/// The page.
pub fn render(packages: &[Judged]) -> String {
    let title = match packages {
        [one] => one.package.clone(),
        several => counted(several.len() as u64, "package", "packages"),
    };
    let body = html! { @for judged in packages { (package(judged)) } };
    page::document(
        &format!("Validation: {title}"),
        "",
        body,
        "Samples hold line numbers and sourcedIds, no names.",
    )
}

fn package(judged: &Judged) -> Markup {
    let judgement = &judged.judgement;
    let count = |severity, one, many| counted(judgement.count(severity), one, many);
    let verdict = if judgement.refused { "refused" } else { "accepted" };
    let mut files: Vec<&str> = Vec::new();
    for notice in &judgement.notices {
        if !files.contains(&notice.file.as_str()) {
            files.push(&notice.file);
        }
    }
    html! {
        h1 { (judged.package) }
        p {
            span class={ "verdict " (verdict) } { (verdict) } ": "
            (count(Severity::Error, "error", "errors")) ", " (count(Severity::Warning, "warning", "warnings")) ", "
            (count(Severity::Info, "note", "notes")) ". Judged as OneRoster " (judgement.version)
            @if let Some(day) = &judgement.as_of { ", as of " (day) } "."
        }
        @if !judgement.consumers.is_empty() { p { "Judged also by what is demanded by " (judgement.consumers.join(", ")) "." } }
        @for assumption in &judgement.assumptions { p { "Note: " (assumption) "." } }
        h2 { "Files" }
        div class="wide" { table {
            caption { "Files of the package and how much of them could be read" }
            thead { tr { th scope="col" { "file" } th scope="col" class="number" { "rows" } th scope="col" { "travels as" } th scope="col" { "read" } } }
            tbody { @for file in &judgement.files { tr {
                td { code { (file.file) } }
                td class="number" { (grouped(file.rows)) }
                td { (file.mode.unwrap_or("not said")) }
                td { @match &file.unread { Some(reason) => { "not completely: " (reason) } None => { "completely" } } }
            } } }
        } }
        @for file in files {
            h2 { @if file.is_empty() { "The package" } @else { code { (file) } } }
            @for found in judgement.notices.iter().filter(|found| found.file == file) { (notice(found)) }
        }
        @if judgement.notices.is_empty() { p { "Nothing was found." } }
        (skipped(judged))
        @if !judgement.levels.is_empty() {
            h2 { "Changed levels" }
            ul { @for change in &judgement.levels { li { code { (change.code) } ": " (change.from) " counts as " (change.to) ": " (change.reason) } } }
        }
        (rules(judged))
    }
}

/// A notice as an article.
pub fn notice(notice: &Notice) -> Markup {
    let authority = match notice.authority {
        Authority::Specification => "specification",
        Authority::Consumer => "consumers",
        Authority::Policy => "good sense",
    };
    html! {
        article class=(notice.severity.word()) {
            h3 { span class="badge" { (notice.severity.word()) } " " code { (notice.code) }
                @if !notice.column.is_empty() { " in " code { (notice.column) } } }
            p { (notice.summary) " " strong { (counted(notice.count, "time", "times")) } "." }
            @if notice.causes.len() > 1 {
                details open[notice.causes.len() <= 5] {
                    summary { (counted(notice.causes.len() as u64, "cause", "causes")) }
                    ul { @for found in &notice.causes { li { (cause(found)) " " span class="soft" { "(" (grouped(found.count)) ")" } } } }
                }
            } @else {
                @for found in &notice.causes { @if !found.cause.is_empty() || !found.samples.is_empty() { p { (cause(found)) } } }
            }
            p { strong { "What to do. " } (notice.remedy) }
            @match &notice.demand {
                Some(demand) => {
                    p { (demand.name) " wants " (demand.wants) ". " (demand.says) }
                    p class="soft" { "Source: " (demand.source) ", read " (demand.read) "." }
                }
                None => p class="soft" { "Rule of the " (authority) "." },
            }
        }
    }
}

fn cause(cause: &Cause) -> Markup {
    html! {
        (cause.cause) @if !cause.cause.is_empty() && !cause.samples.is_empty() { ": " }
        span class="soft" { @for (n, found) in cause.samples.iter().enumerate() { @if n > 0 { "; " } (sample(found)) } }
    }
}

fn sample(sample: &Sample) -> Markup {
    html! {
        "line " (grouped(sample.line)) @if sample.position > 0 { " column " (sample.position) }
        @if !sample.sourced_id.is_empty() { " " code { (sample.sourced_id) } }
    }
}

fn skipped(judged: &Judged) -> Markup {
    let mut reasons: BTreeMap<(&str, &str, u64), Vec<&str>> = BTreeMap::new();
    for skip in &judged.judgement.skipped {
        reasons.entry((skip.file, &skip.reason, skip.count)).or_default().push(skip.code);
    }
    html! {
        @if !reasons.is_empty() {
            h2 { "Not judged" }
            ul { @for ((file, reason, count), codes) in reasons { li {
                code { (file) } ": " (reason) @if count > 0 { " (" (grouped(count)) ")" } ": "
                span class="soft" { (codes.join(", ")) }
            } } }
        }
    }
}

fn rules(judged: &Judged) -> Markup {
    let of = |outcome: RuleOutcome| -> Vec<&str> {
        judged.judgement.rules.iter().filter(|rule| rule.outcome == outcome).map(|rule| rule.code).collect()
    };
    let lists = [
        ("Looked at everything and found nothing", of(RuleOutcome::Passed)),
        ("Nothing in the package that they are about", of(RuleOutcome::NotApplicable)),
        ("Turned off", of(RuleOutcome::Off)),
    ];
    html! {
        h2 { "Rules" }
        @for (title, codes) in lists { @if !codes.is_empty() {
            details { summary { (title) ": " (codes.len()) } p class="soft" { (codes.join(", ")) } }
        } }
    }
}
