//! Judgements for the terminal: grouped by file, worst first, with what to do.
//!
//! In: one judgement. Out: text that reads well without colour, at most a handful of causes and places per notice. The
//! whole is in the JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Judged, counted, grouped};
use crate::check::{Cause, Notice, RuleOutcome, Sample};
use crate::notice::Severity;

/// Causes shown per notice.
const CAUSES: usize = 3;
/// Places shown per cause.
const SAMPLES: usize = 3;

const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

/// The whole text of one package.
pub fn render(judged: &Judged) -> String {
    let mut text = String::new();
    let _ = write_package(&mut text, judged);
    text
}

fn write_package(text: &mut String, judged: &Judged) -> std::fmt::Result {
    let judgement = &judged.judgement;
    writeln!(text, "{}: OneRoster {}", judged.package, judgement.version)?;
    for assumption in &judgement.assumptions {
        writeln!(text, "  note: {assumption}")?;
    }
    if !judgement.consumers.is_empty() {
        writeln!(text, "  judged also for {}", judgement.consumers.join(", "))?;
    }
    for file in &judgement.files {
        let mode = file.mode.unwrap_or("mode unknown");
        write!(text, "  {:<36}{:>12} rows  {mode}", file.file, grouped(file.rows))?;
        match &file.unread {
            Some(reason) => writeln!(text, "  not read completely: {reason}")?,
            None => writeln!(text)?,
        }
    }
    for change in &judgement.levels {
        writeln!(text, "  level: {} {} -> {}: {}", change.code, change.from, change.to, change.reason)?;
    }
    let mut files: Vec<&str> = Vec::new();
    for notice in &judgement.notices {
        if !files.contains(&notice.file.as_str()) {
            files.push(&notice.file);
        }
    }
    for file in files {
        writeln!(text, "\n{}", if file.is_empty() { "the package" } else { file })?;
        for notice in judgement.notices.iter().filter(|notice| notice.file == file) {
            write_notice(text, notice)?;
        }
    }
    write_skipped(text, judged)?;
    let of = |severity| judgement.count(severity);
    let passed = judgement.rules.iter().filter(|rule| rule.outcome == RuleOutcome::Passed).count();
    let verdict = if judgement.refused { "refused" } else { "accepted" };
    writeln!(
        text,
        "\n{verdict}: {}, {}, {}; {} passed, {} not judged in full",
        counted(of(Severity::Error), "error", "errors"),
        counted(of(Severity::Warning), "warning", "warnings"),
        counted(of(Severity::Info), "note", "notes"),
        counted(passed as u64, "rule", "rules"),
        judgement.skipped.iter().map(|skip| skip.code).collect::<std::collections::BTreeSet<_>>().len(),
    )
}

fn write_notice(text: &mut String, notice: &Notice) -> std::fmt::Result {
    let column = if notice.column.is_empty() { String::new() } else { format!(" {}", notice.column) };
    let severity = word(notice.severity);
    writeln!(text, "  {severity}: {}{column}: {}", notice.code, counted(notice.count, "time", "times"))?;
    writeln!(text, "    {}", notice.summary)?;
    if let Some(demand) = &notice.demand {
        writeln!(text, "    {} wants {}", demand.name, demand.wants)?;
        writeln!(text, "    it says: {} ({}, read {})", demand.says, demand.source, demand.read)?;
    }
    for cause in notice.causes.iter().take(CAUSES) {
        write_cause(text, cause, notice.causes.len() > 1)?;
    }
    if let Some(more) = notice.causes.len().checked_sub(CAUSES).filter(|more| *more > 0) {
        writeln!(text, "    and {}", counted(more as u64, "further cause", "further causes"))?;
    }
    writeln!(text, "    do: {}", notice.remedy)
}

fn write_cause(text: &mut String, cause: &Cause, counts: bool) -> std::fmt::Result {
    let places: Vec<String> = cause.samples.iter().take(SAMPLES).map(place).collect();
    let mut line = cause.cause.clone();
    if counts {
        let _ = write!(
            line,
            "{}{}",
            if line.is_empty() { "" } else { ": " },
            counted(cause.count, "time", "times")
        );
    }
    if !places.is_empty() {
        let _ = write!(line, "{}{}", if line.is_empty() { "" } else { ", " }, places.join("; "));
    }
    if line.is_empty() { Ok(()) } else { writeln!(text, "    {line}") }
}

fn place(sample: &Sample) -> String {
    let mut place = format!("line {}", sample.line);
    if sample.position > 0 {
        let _ = write!(place, " column {}", sample.position);
    }
    if !sample.sourced_id.is_empty() {
        let _ = write!(place, " ({})", sample.sourced_id);
    }
    place
}

/// What was not judged, by reason: one file that cannot be read keeps many rules from looking.
fn write_skipped(text: &mut String, judged: &Judged) -> std::fmt::Result {
    let mut reasons: BTreeMap<(&str, &str, u64), Vec<&str>> = BTreeMap::new();
    for skip in &judged.judgement.skipped {
        reasons.entry((skip.file, &skip.reason, skip.count)).or_default().push(skip.code);
    }
    if reasons.is_empty() {
        return Ok(());
    }
    writeln!(text, "\nnot judged")?;
    for ((file, reason, count), codes) in reasons {
        let count = if count == 0 { String::new() } else { format!(" ({})", grouped(count)) };
        let shown: Vec<&str> = codes.iter().take(4).copied().collect();
        let more = if codes.len() > 4 { format!(" and {} more", codes.len() - 4) } else { String::new() };
        writeln!(text, "  {file}: {reason}{count}: {}{more}", shown.join(", "))?;
    }
    Ok(())
}
