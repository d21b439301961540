//! `rosterpack history`: the last runs of each profile and tenant: outcome, rows, changes.
//!
//! In: the configuration file and the audit logs of its archives. Out: a table or JSON on stdout, newest last. It takes no
//! lock: a run that works now is shown as far as its log says.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::shaping::FileArgs;
use super::{ExitCode, Process};
use crate::config::text::Kind;
use crate::config::{ConfigFile, Overrides};
use crate::publish::archive::{self, Event, Moved, RunOutcome};
use crate::report::terminal::grouped;

/// Flags of `history`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rosterpack history
  rosterpack history --profile reading --tenant north --last 100
  rosterpack history --json")]
pub struct HistoryArgs {
    /// The profile [default: all of the file]
    #[command(flatten)]
    pub file: FileArgs,
    /// Only this tenant
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
    /// So many runs of each profile and tenant
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub last: usize,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

/// A run.
#[derive(Debug, Serialize)]
struct Night {
    when: String,
    profile: String,
    tenant: String,
    consumer: String,
    outcome: &'static str,
    id: Option<String>,
    files: BTreeMap<String, u64>,
    changes: BTreeMap<String, Moved>,
    reasons: Vec<String>,
    /// By target: whether it got the package, `null` while it is being sent or when the run died over it.
    targets: BTreeMap<String, Option<bool>>,
    released: bool,
    /// Whether the archive still has the package.
    kept: bool,
    duration_ms: u64,
}

/// Runs the verb.
pub fn run(args: &HistoryArgs, process: &mut Process<'_>) -> ExitCode {
    let nights = match archives(args, process).and_then(|archives| read(args, archives, process)) {
        Ok(nights) => nights,
        Err(code) => return code,
    };
    let told = if args.json {
        serde_json::to_string_pretty(&nights).map(|text| text + "\n").unwrap_or_default()
    } else {
        table(&nights)
    };
    match process.out.write_all(told.as_bytes()).and_then(|()| process.out.flush()) {
        Ok(()) => ExitCode::Published,
        Err(_) => {
            process.fault("cannot write to standard output", "");
            ExitCode::Output
        }
    }
}

/// The archives that are asked about: profile, tenant, folder.
fn archives(
    args: &HistoryArgs,
    process: &mut Process<'_>,
) -> Result<Vec<(String, String, PathBuf)>, ExitCode> {
    let file = args.file.load(false, &process.environment).map_err(|faults| {
        for fault in faults {
            process.fault(&fault, fault.help());
        }
        ExitCode::Usage
    })?;
    let Some(file) = file else {
        process.fault(
            "there is no configuration file that names profiles",
            "write [profiles.NAME] into rosterpack.toml, or name the file with --config",
        );
        return Err(ExitCode::Usage);
    };
    let profiles = args.file.profile.clone().map_or_else(|| file.names(Kind::Profile), |name| vec![name]);
    let mut found = Vec::new();
    for profile in profiles {
        let Some(folder) = folder(&file, &profile, process)? else { continue };
        let mut tenants: Vec<String> = std::fs::read_dir(folder.join(&profile))
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.path().is_dir())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|tenant| args.tenant.as_ref().is_none_or(|wanted| wanted == tenant))
            .collect();
        tenants.sort();
        for tenant in tenants {
            let folder = folder.join(&profile).join(&tenant);
            found.push((profile.clone(), tenant, folder));
        }
    }
    Ok(found)
}

/// Where the archives of a profile are; `None` when it has none.
fn folder(file: &ConfigFile, profile: &str, process: &mut Process<'_>) -> Result<Option<PathBuf>, ExitCode> {
    let mut overrides = Overrides::new();
    overrides.environment(process.environment.iter().cloned());
    overrides.file(file, Some(profile));
    overrides.stand_in("tenant", "tenant");
    overrides.stand_in("active_school_year", "2000");
    let run = overrides.freeze(process.today, &[]).map_err(|faults| {
        for fault in faults {
            process.fault(&fault, fault.help());
        }
        ExitCode::Usage
    })?;
    Ok(run.publish.archive)
}

fn read(
    args: &HistoryArgs,
    archives: Vec<(String, String, PathBuf)>,
    process: &mut Process<'_>,
) -> Result<Vec<Night>, ExitCode> {
    let mut all = Vec::new();
    for (profile, tenant, folder) in archives {
        let events = archive::history(&folder).map_err(|error| {
            process.fault(&error, error.help());
            ExitCode::Output
        })?;
        let nights = nights(&profile, &tenant, &events);
        let skip = nights.len().saturating_sub(args.last);
        all.extend(nights.into_iter().skip(skip));
    }
    Ok(all)
}

/// The runs of a log with what became of their packages afterwards.
fn nights(profile: &str, tenant: &str, events: &[Event]) -> Vec<Night> {
    let mut nights: Vec<Night> = Vec::new();
    for event in events {
        let (of, then): (&str, &dyn Fn(&mut Night)) = match event {
            Event::Run { id, run, .. } => {
                nights.push(Night {
                    when: run.when.to_string(),
                    profile: profile.to_owned(),
                    tenant: tenant.to_owned(),
                    consumer: run.consumer.clone(),
                    outcome: match run.outcome {
                        RunOutcome::Passed => "passed",
                        RunOutcome::Held => "held",
                        RunOutcome::Refused => "refused",
                        RunOutcome::Failed => "failed",
                    },
                    id: id.clone(),
                    files: run.files.clone(),
                    changes: run.changes.clone(),
                    reasons: run.reasons.clone(),
                    targets: BTreeMap::new(),
                    released: false,
                    kept: id.is_some(),
                    duration_ms: run.duration_ms,
                });
                continue;
            }
            Event::Recovered { when, id, .. } => {
                nights.push(Night {
                    when: when.to_string(),
                    profile: profile.to_owned(),
                    tenant: tenant.to_owned(),
                    consumer: String::new(),
                    outcome: "recovered",
                    id: Some(id.clone()),
                    files: BTreeMap::new(),
                    changes: BTreeMap::new(),
                    reasons: vec!["its run died before it could be judged".into()],
                    targets: BTreeMap::new(),
                    released: false,
                    kept: true,
                    duration_ms: 0,
                });
                continue;
            }
            Event::Released { id, .. } => (id, &|night| night.released = true),
            Event::Sending { id, target, .. } => (id, &|night| {
                night.targets.entry(target.clone()).or_insert(None);
            }),
            Event::Delivered { id, target, .. } => (id, &|night| {
                night.targets.insert(target.clone(), Some(true));
            }),
            Event::Undelivered { id, target, .. } => (id, &|night| {
                let known = night.targets.entry(target.clone()).or_insert(None);
                // What it got before, it has.
                *known = Some(*known == Some(true));
            }),
            Event::Removed { id, .. } => (id, &|night| night.kept = false),
            Event::Healed { .. } | Event::Unknown => continue,
        };
        if let Some(night) = nights.iter_mut().rev().find(|night| night.id.as_deref() == Some(of)) {
            then(night);
        }
    }
    for night in &mut nights {
        let got = night.targets.values().all(|got| *got == Some(true));
        night.outcome = match night.outcome {
            _ if !night.targets.is_empty() && got => "delivered",
            _ if !night.targets.is_empty() => "undelivered",
            outcome => outcome,
        };
    }
    nights
}

/// A line a run.
fn table(nights: &[Night]) -> String {
    let mut text = String::new();
    let mut last = None;
    for night in nights {
        let whose = (&night.profile, &night.tenant);
        if last != Some(whose) {
            let blank = if last.is_some() { "\n" } else { "" };
            let _ = writeln!(text, "{blank}{}/{}", night.profile, night.tenant);
            let _ = writeln!(
                text,
                "  {:<22}{:<13}{:>13}{:>11}{:>11}  package",
                "when", "outcome", "rows", "gone", "new"
            );
            last = Some(whose);
        }
        let sum = |of: fn(&Moved) -> u64| match night.changes.is_empty() {
            true => "-".to_owned(),
            false => grouped(night.changes.values().map(of).sum()),
        };
        let rows = if night.files.is_empty() { "-".to_owned() } else { grouped(night.files.values().sum()) };
        let released = if night.released { " (released)" } else { "" };
        let gone = if night.kept || night.id.is_none() { "" } else { " (no longer kept)" };
        let _ = writeln!(
            text,
            "  {:<22}{:<13}{rows:>13}{:>11}{:>11}  {}{released}{gone}",
            night.when,
            night.outcome,
            sum(|moved| moved.removed),
            sum(|moved| moved.added),
            night.id.as_deref().unwrap_or("-"),
        );
        if let Some(reason) = night.reasons.first().and_then(|reason| reason.lines().next()) {
            let more = night.reasons.len() - 1;
            let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
            let _ = writeln!(text, "    {reason}{more}");
        }
    }
    text
}
