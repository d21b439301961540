//! `rosterpack show-config`: every value that a run would have, and where it comes from.
//!
//! In: [`ShowConfigArgs`] and the process. Out: a table or JSON on stdout; exit code 2 and every fault when the
//! configuration is wrong. Secrets are `***`. Nothing is read but the configuration.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::shaping::ShapingArgs;
use super::{ExitCode, Process};
use crate::config::overrides::Effective;
use crate::config::settings::Standing;

/// Flags of `show-config`.
#[derive(Debug, Default, Args)]
#[command(after_help = EXAMPLES)]
pub struct ShowConfigArgs {
    /// Write JSON (docs/reference/show-config.schema.json)
    #[arg(long)]
    pub json: bool,

    /// The export whose values are shown
    #[command(flatten)]
    pub shaping: ShapingArgs,
}

const EXAMPLES: &str = "\
Examples:
  rosterpack show-config
  rosterpack show-config --profile clever --tenant north
  rosterpack show-config --profile clever --json

It takes the flags and the environment of an export, and shows what each setting comes to. A
value is followed by where it stands: FILE:LINE, the profile of a consumer, an environment
variable, a flag, or default.
Secrets are shown as ***.";

/// A setting as JSON.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    setting: String,
    value: Option<&'a str>,
    origin: crate::config::Origin,
    #[serde(rename = "where")]
    place: Option<&'a str>,
}

/// Runs the verb.
pub fn run(args: &ShowConfigArgs, process: &mut Process<'_>) -> ExitCode {
    let mut overrides = args.shaping.overrides(process.environment.iter().cloned());
    let effective = overrides.effective();
    // What an export would refuse is refused here; but for what is not said yet, which is shown.
    overrides.stand_in("tenant", "tenant");
    overrides.stand_in("active_school_year", "2000");
    if let Err(faults) = overrides.freeze(process.today, &[]) {
        for fault in faults {
            process.fault(&fault, fault.help());
        }
        return ExitCode::Usage;
    }
    let told = if args.json { json(&effective) } else { table(&effective) };
    match process.out.write_all(told.as_bytes()).and_then(|()| process.out.flush()) {
        Ok(()) => ExitCode::Published,
        Err(_) => {
            process.fault("cannot write to standard output", "");
            ExitCode::Output
        }
    }
}

fn json(effective: &[Effective]) -> String {
    let shown: Vec<Shown<'_>> = effective
        .iter()
        .map(|e| Shown {
            setting: format!("{}.{}", e.setting.section, e.setting.name),
            value: e.value.as_deref(),
            origin: e.origin,
            place: e.label.as_deref(),
        })
        .collect();
    serde_json::to_string_pretty(&shown).map(|text| text + "\n").unwrap_or_default()
}

/// A line a setting: name, value, where it stands. Columns are as wide as what stands in them, up to a limit.
fn table(effective: &[Effective]) -> String {
    let value = |e: &Effective| match (e.value.as_deref(), e.setting.default) {
        (Some(""), _) => "(blank)".to_owned(),
        (Some(value), _) => value.to_owned(),
        (None, Standing::Computed(what)) => format!("({what})"),
        (None, _) => "(not set)".to_owned(),
    };
    let widest = |texts: &mut dyn Iterator<Item = usize>| texts.filter(|&n| n <= 44).max().unwrap_or(0);
    let names = widest(&mut effective.iter().map(|e| e.setting.name.len()));
    let values = widest(&mut effective.iter().map(|e| value(e).chars().count()));
    let (mut told, mut section) = (String::new(), "");
    for e in effective {
        if e.setting.section != section {
            section = e.setting.section;
            let gap = if told.is_empty() { "" } else { "\n" };
            let _ = writeln!(told, "{gap}[{section}]");
        }
        let origin = e.label.as_deref().unwrap_or("default");
        let _ = writeln!(told, "{:<names$}  {:<values$}  {origin}", e.setting.name, value(e));
    }
    told
}
