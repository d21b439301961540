//! Judgements as SARIF 2.1.0, which CI systems show beside the files.
//!
//! In: judgements. Out: one log with one run; a result per cause, with its first places. `error` and `warning` are SARIF's
//! own levels, info is its `note`.

use serde_json::{Value, json};

use super::Judged;
use crate::check::register::RULES;
use crate::check::{Cause, Demanded, Level, Notice};
use crate::notice::Severity;

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// The log.
///
/// # Errors
/// None in practice: every field can be written.
pub fn render(packages: &[Judged]) -> Result<String, serde_json::Error> {
    let rules: Vec<Value> = RULES
        .iter()
        .map(|rule| {
            json!({
                "id": rule.code.code,
                "shortDescription": { "text": rule.code.summary },
                "fullDescription": { "text": rule.why },
                "help": { "text": rule.code.remedy },
                "defaultConfiguration": { "level": level(rule.code.severity) },
                "properties": { "section": rule.section },
            })
        })
        .collect();
    let mut results = Vec::new();
    let mut skipped = Vec::new();
    for judged in packages {
        for notice in &judged.judgement.notices {
            results.extend(notice.causes.iter().map(|cause| result(judged, notice, cause)));
        }
        for skip in &judged.judgement.skipped {
            skipped.push(json!({
                "level": "note",
                "message": { "text": format!("{}: not judged: {}", skip.file, skip.reason) },
                "associatedRule": { "id": skip.code },
                "locations": [location(&judged.package, skip.file, 0, 0)],
            }));
        }
    }
    let overrides: Vec<Value> = packages
        .first()
        .map(|judged| &judged.judgement.levels)
        .into_iter()
        .flatten()
        .map(|change| {
            let set = match Level::from_word(change.to) {
                Some(Level::At(severity)) => json!({ "enabled": true, "level": level(severity) }),
                _ => json!({ "enabled": false }),
            };
            let reason = json!({ "reason": change.reason });
            json!({ "configuration": set, "descriptor": { "id": change.code }, "properties": reason })
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "rosterpack",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": true,
                "toolConfigurationNotifications": skipped,
                "ruleConfigurationOverrides": overrides,
            }],
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&log).map(|text| text + "\n")
}

fn result(judged: &Judged, notice: &Notice, cause: &Cause) -> Value {
    let index = RULES.iter().position(|rule| rule.code.code == notice.code);
    let mut text = notice.summary.to_owned();
    if !notice.column.is_empty() {
        text = format!("{}: {text}", notice.column);
    }
    if !cause.cause.is_empty() {
        text = format!("{text} {}.", cause.cause);
    }
    if let Some(demand) = &notice.demand {
        text = format!("{text} {} wants {}.", demand.name, demand.wants);
    }
    text = format!("{text} {} times. {}", cause.count, notice.remedy);
    let mut locations: Vec<Value> = cause
        .samples
        .iter()
        .map(|sample| location(&judged.package, &notice.file, sample.line, sample.position))
        .collect();
    if locations.is_empty() {
        locations.push(location(&judged.package, &notice.file, 0, 0));
    }
    let mut result = json!({
        "ruleId": notice.code,
        "ruleIndex": index,
        "level": level(notice.severity),
        "message": { "text": text },
        "occurrenceCount": cause.count,
        "locations": locations,
    });
    if let Some(Demanded { consumer, source, read, .. }) = &notice.demand {
        result["properties"] = json!({ "consumer": consumer, "source": source, "read": read });
    }
    result
}

fn location(package: &str, file: &str, line: u64, position: u64) -> Value {
    // A name may hold anything; a URI may not.
    let mut uri = String::new();
    for byte in format!("{package}/{file}").trim_end_matches('/').bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(byte.into())
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    let mut physical = json!({ "artifactLocation": { "uri": uri } });
    if line > 0 {
        physical["region"] = match position {
            0 => json!({ "startLine": line }),
            column => json!({ "startLine": line, "startColumn": column }),
        };
    }
    json!({ "physicalLocation": physical })
}
