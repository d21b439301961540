//! What nobody has checked: said in every report, so that silence is not taken for a verdict.
//!
//! In: a report whose other parts are there. Out: [`Unchecked`], each with its reason and what would check it.

use serde::Serialize;

use super::difference::Status;
use super::{Ending, Report};

/// Something that was not checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unchecked {
    /// What.
    pub what: String,
    /// Why not, and what would check it.
    pub why: String,
}

fn unchecked(what: impl Into<String>, why: impl Into<String>) -> Unchecked {
    Unchecked { what: what.into(), why: why.into() }
}

/// Everything that was not checked in a run.
pub fn of(report: &Report) -> Vec<Unchecked> {
    let mut all = Vec::new();
    let full = report.choices.iter().any(|c| c.setting == "package.validate" && c.value == "full");
    let several = report.packages.len() > 1;
    let named = |what: &str, version: &str| match several {
        true => format!("OneRoster {version}: {what}"),
        false => what.to_owned(),
    };
    if report.outcome == Ending::DryRun {
        all.push(unchecked(
            "the finished zip",
            "this was a dry run: none was written, so none was read back",
        ));
    }
    for package in &report.packages {
        match &package.validation {
            Some(judgement) => {
                let mut skipped: Vec<&str> = judgement.skipped.iter().map(|skip| skip.code).collect();
                skipped.dedup();
                for code in skipped {
                    let reasons = judgement.skipped.iter().filter(|skip| skip.code == code);
                    let reasons: Vec<String> =
                        reasons.map(|skip| format!("{}: {}", skip.file, skip.reason)).collect();
                    all.push(unchecked(
                        named(&format!("the rule {code}, in part"), package.oneroster),
                        reasons.join("; "),
                    ));
                }
            }
            None if full => all.push(unchecked(
                named("the package by the validator's rules", package.oneroster),
                "it was to be judged, but no package was written",
            )),
            None => all.push(unchecked(
                named("types, vocabularies and meanings of the written cells", package.oneroster),
                "only the structure was read back; `--validate full` judges by every rule",
            )),
        }
        match package.comparison.status {
            Status::Compared => {}
            Status::NotAsked if package.zip.is_none() && package.comparison.against.is_empty() => {
                all.push(unchecked(
                    named("what is gone since the last delivery", package.oneroster),
                    "there is no new package to compare, or none to compare it with was named",
                ));
            }
            Status::NotAsked => all.push(unchecked(
                named("what is gone since the last delivery", package.oneroster),
                "no older package was named; `--compare-with` names one",
            )),
            Status::Absent | Status::Unreadable => all.push(unchecked(
                named("what is gone since the last delivery", package.oneroster),
                format!("{}: {}", package.comparison.against, package.comparison.reason),
            )),
        }
    }
    all.push(unchecked(
        "what a particular vendor demands beyond OneRoster",
        "vendors differ; ask for their import report",
    ));
    all.push(unchecked(
        "whether the source says what is true",
        "rosterpack reports what it read; the schools know who is there",
    ));
    all
}
