//! `rosterpack guard`: whether a package may follow another one.
//!
//! In: two packages and limits. Out: what changed, file by file, on stdout; why it is held on stderr, with exit code 4.
//! Unreadable packages are exit code 3: what cannot be compared is not passed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::{ExitCode, Process};
use crate::publish::guard::{
    self, Baseline, Change, GuardSettings, Judgement, Limits, Reason, Release, Shape, Verdict,
};
use crate::report::terminal::grouped;
use crate::spec::File;

/// Flags of `guard`.
#[derive(Debug, Args)]
#[command(after_help = "\
A package is held when more ids are gone than both limits allow, in a file or at a single
school; when most ids of a file are gone; or when a file or a school has nothing left. The
numbers that --expect names are a ceiling: if more is missing, the package is held all the same.

Examples:
  rosterpack guard packages/north-2025-oneroster-v1p1.zip --against delivered/north.zip
  rosterpack guard new.zip --against old.zip --expect users=120 --expect enrollments=800")]
pub struct GuardArgs {
    /// The package that is to be delivered
    #[arg(value_name = "NEW.zip")]
    pub package: PathBuf,
    /// The package that was delivered last
    #[arg(long, value_name = "OLD.zip")]
    pub against: PathBuf,
    /// So many ids may be gone, whatever their share
    #[arg(long, value_name = "N", default_value_t = Limits::default().removed_rows)]
    pub max_removed_rows: u64,
    /// Such a share of the ids may be gone, whatever their number
    #[arg(long, value_name = "PERCENT", default_value_t = Limits::default().removed_percent)]
    pub max_removed_percent: u32,
    /// More than this share gone holds even a file of few rows
    #[arg(long, value_name = "PERCENT", default_value_t = Limits::default().changed_percent)]
    pub max_changed_percent: u32,
    /// Hold whatever removes a single row
    #[arg(long)]
    pub additions_only: bool,
    /// So many ids of a file, or of one school in it, are expected to be gone; may be repeated
    #[arg(long, value_name = "FILE[@SCHOOL]=N", value_parser = expectation)]
    pub expect: Vec<Expectation>,
    /// Ids that are named as examples, per reason
    #[arg(long, value_name = "N", default_value_t = GuardSettings::default().examples)]
    pub examples: usize,
    /// The changes and reasons as JSON
    #[arg(long)]
    pub json: bool,
}

/// A number of ids that may be gone: file, school, number.
pub type Expectation = (File, Option<String>, u64);

/// Reads `users=120` or `users@SCHOOL=12`.
pub(super) fn expectation(text: &str) -> Result<Expectation, String> {
    let form = "write FILE=N or FILE@SCHOOL=N, as in users=120";
    let (place, count) = text.rsplit_once('=').ok_or(form)?;
    let count = count.parse().map_err(|_| form)?;
    let (file, school) = match place.split_once('@') {
        Some((file, school)) => (file, Some(school.to_owned())),
        None => (place, None),
    };
    let file = File::from_name(file).ok_or_else(|| format!("`{file}` is no file of OneRoster; {form}"))?;
    Ok((file, school, count))
}

/// Runs the verb.
pub fn run(args: &GuardArgs, process: &mut Process<'_>) -> ExitCode {
    let settings = GuardSettings {
        limits: Limits {
            removed_rows: args.max_removed_rows,
            removed_percent: args.max_removed_percent,
            changed_percent: args.max_changed_percent,
            gone: true,
        },
        additions_only: args.additions_only,
        examples: args.examples,
        ..GuardSettings::default()
    };
    let expected = args.expect.iter().map(|(file, school, count)| ((*file, school.clone()), *count));
    let release = Release { removed: expected.collect(), blackout: false };
    let shape = Shape::default();
    let side = |package| Baseline { package, shape: &shape };
    let judged =
        guard::judge(side(&args.package), Some(side(&args.against)), &settings, process.today, &release);
    let judgement = match judged {
        Ok(judgement) => judgement,
        Err(error) => {
            process.fault(error, "name two packages of bulk files; what cannot be compared is not passed");
            return ExitCode::Source;
        }
    };
    let told = if args.json { json(&judgement) } else { table(&judgement) };
    if process.out.write_all(told.as_bytes()).and_then(|()| process.out.flush()).is_err() {
        process.fault("cannot write to standard output", "");
        return ExitCode::Output;
    }
    for reason in &judgement.released {
        process.note(format_args!("released: {reason}"));
    }
    let Verdict::Hold(reasons) = &judgement.verdict else { return ExitCode::Published };
    for reason in reasons {
        process.fault(reason, "");
    }
    let expected: Vec<String> =
        reasons.iter().map(|reason| format!("--expect {}", reason.expectation())).collect();
    let help =
        format!("look why they are gone; if that is right, release exactly this: {}", expected.join(" "));
    process.fault("the package is held", help);
    ExitCode::Held
}

/// What changed, one line a file.
fn table(judgement: &Judgement) -> String {
    let mut text = format!(
        "{:<28}{:>14}{:>14}{:>12}{:>12}{:>14}\n",
        "file", "before", "after", "gone", "new", "rows changed"
    );
    for change in judgement.comparison.iter().flat_map(|comparison| &comparison.files) {
        let Change { before, after, removed, added } = change.total;
        let [before, after, removed, added, changed] =
            [before, after, removed, added, change.changed_rows].map(grouped);
        text += &format!(
            "{:<28}{before:>14}{after:>14}{removed:>12}{added:>12}{changed:>14}\n",
            change.file.name()
        );
    }
    text
}

/// The same for programs.
fn json(judgement: &Judgement) -> String {
    let numbers = |c: &Change| serde_json::json!({"before": c.before, "after": c.after, "removed": c.removed, "added": c.added});
    let reason = |reason: &Reason| {
        serde_json::json!({
            "rule": reason.rule.name(), "file": reason.file.map(File::name), "school": reason.school,
            "numbers": numbers(&reason.change), "examples": reason.examples, "text": reason.to_string(),
            "expect": reason.expectation(),
        })
    };
    let held: &[Reason] = match &judgement.verdict {
        Verdict::Hold(reasons) => reasons,
        _ => &[],
    };
    let files: Vec<_> = judgement.comparison.iter().flat_map(|comparison| &comparison.files).collect();
    let files = files.iter().map(|change| {
        let schools: BTreeMap<&String, _> = change.schools.iter().map(|(s, c)| (s, numbers(c))).collect();
        serde_json::json!({
            "file": change.file.name(), "numbers": numbers(&change.total), "changed_rows": change.changed_rows,
            "schools": schools,
        })
    });
    let value = serde_json::json!({
        "verdict": if held.is_empty() { "pass" } else { "hold" },
        "reasons": held.iter().map(reason).collect::<Vec<_>>(),
        "released": judgement.released.iter().map(reason).collect::<Vec<_>>(),
        "files": files.collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expectations_name_a_file_perhaps_a_school_and_a_number() {
        assert_eq!(expectation("users=120").unwrap(), (File::Users, None, 120));
        assert_eq!(expectation("enrollments@a=b=3").unwrap(), (File::Enrollments, Some("a=b".into()), 3));
        for bad in ["users", "users=", "users=-1", "user=1", "=1", ""] {
            assert!(expectation(bad).is_err(), "{bad}");
        }
    }
}
