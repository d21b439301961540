//! `rosterpack profiles`: the consumers that are known, and what is known of each.
//!
//! In: [`ProfilesArgs`] and the process. Out: a list or one profile on stdout, as text or JSON; exit code 2 for a name that
//! is not known. Statements are shown with their source and the day on which it was read; what nobody has confirmed
//! is shown as that.

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{ExitCode, Process};
use crate::consumer::{self, Axis, Consumer, Statement, UNCONFIRMED};

/// Flags of `profiles`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ProfilesArgs {
    /// What to show.
    #[command(subcommand)]
    pub what: What,
}

const EXAMPLES: &str = "\
Examples:
  rosterpack profiles list
  rosterpack profiles show st-math
  rosterpack profiles show hmh --json

A profile of rosterpack.toml takes over the settings of a consumer with `consumer = \"st-math\"`, an
export without one with `--consumer st-math`; `rosterpack validate --consumer st-math` judges any
package by what is demanded.";

/// What can be shown.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Name every consumer
    List {
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the settings and demands of one, each with source and date
    Show {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
}

/// The consumer of this name; else what is wrong, and what to do.
///
/// # Errors
/// There is none.
pub fn find(name: &str) -> Result<&'static Consumer, (String, String)> {
    consumer::find(name).ok_or_else(|| {
        let help = match consumer::nearest(name) {
            Some(near) => format!("did you mean `{near}`? `rosterpack profiles list` names all"),
            None => "`rosterpack profiles list` names all".to_owned(),
        };
        (format!("there is no consumer `{name}`"), help)
    })
}

/// Runs the verb.
pub fn run(args: &ProfilesArgs, process: &mut Process<'_>) -> ExitCode {
    let told = match &args.what {
        What::List { json: true } => json(&consumer::all().iter().map(Line::of).collect::<Vec<_>>()),
        What::List { json: false } => list(),
        What::Show { name, json: as_json } => match find(name) {
            Ok(consumer) if *as_json => json(&Shown::of(consumer)),
            Ok(consumer) => show(consumer),
            Err((what, help)) => {
                process.fault(what, help);
                return ExitCode::Usage;
            }
        },
    };
    match process.out.write_all(told.as_bytes()).and_then(|()| process.out.flush()) {
        Ok(()) => ExitCode::Published,
        Err(_) => {
            process.fault("cannot write to standard output", "");
            ExitCode::Output
        }
    }
}

fn json(shown: &impl Serialize) -> String {
    serde_json::to_string_pretty(shown).map(|text| text + "\n").unwrap_or_default()
}

/// A consumer in the list.
#[derive(Serialize)]
struct Line {
    consumer: &'static str,
    name: &'static str,
    about: &'static str,
    statements: usize,
    unconfirmed: usize,
}

impl Line {
    fn of(consumer: &'static Consumer) -> Line {
        Line {
            consumer: consumer.id,
            name: &consumer.name,
            about: &consumer.about,
            statements: consumer.statements.len(),
            unconfirmed: consumer.unconfirmed.len(),
        }
    }
}

/// A consumer in full.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    line: Line,
    axes: Vec<ShownAxis>,
}

/// What is known on an axis; nothing when it is unconfirmed.
#[derive(Serialize)]
struct ShownAxis {
    axis: &'static str,
    asks: &'static str,
    unconfirmed: bool,
    statements: Vec<ShownStatement>,
}

#[derive(Serialize)]
struct ShownStatement {
    says: &'static str,
    source: &'static str,
    read: String,
    settings: serde_json::Map<String, serde_json::Value>,
    demands: Vec<ShownDemand>,
}

#[derive(Serialize)]
struct ShownDemand {
    code: &'static str,
    level: &'static str,
    wants: String,
}

impl Shown {
    fn of(consumer: &'static Consumer) -> Shown {
        let statement = |statement: &'static Statement| ShownStatement {
            says: &statement.says,
            source: &statement.source,
            read: statement.date(),
            settings: statement
                .settings
                .iter()
                .map(|(name, value)| (name.clone(), value.as_str().into()))
                .collect(),
            demands: statement
                .demands
                .iter()
                .map(|demand| ShownDemand {
                    code: demand.what.code(),
                    level: demand.level.word(),
                    wants: demand.what.to_string(),
                })
                .collect(),
        };
        let axes = Axis::ALL.into_iter().map(|axis| ShownAxis {
            axis: axis.word(),
            asks: axis.asks(),
            unconfirmed: consumer.unconfirmed.contains(&axis),
            statements: consumer.statements.iter().filter(|s| s.axis == axis).map(statement).collect(),
        });
        Shown { line: Line::of(consumer), axes: axes.collect() }
    }
}

/// A line a consumer.
fn list() -> String {
    let widest = consumer::all().iter().map(|consumer| consumer.id.len()).max().unwrap_or_default();
    let mut told = String::new();
    for consumer in consumer::all() {
        let _ = writeln!(told, "{:<widest$}  {}: {}", consumer.id, consumer.name, consumer.about);
    }
    told
}

/// One consumer: what is known, axis by axis, with what follows from it.
fn show(consumer: &Consumer) -> String {
    let mut told = format!("{}: {}\n{}\n", consumer.id, consumer.name, consumer.about);
    let mut last = None;
    for statement in &consumer.statements {
        let Statement { axis, says, source, settings, demands, .. } = statement;
        if last.replace(axis) != Some(axis) {
            let _ = writeln!(told, "\n{}", axis.word());
        }
        let _ = writeln!(told, "  {says}\n    source: {source}, read {}", statement.date());
        for (name, value) in settings {
            let _ = writeln!(told, "    setting: {name} = \"{value}\"");
        }
        for demand in demands {
            let _ = writeln!(
                told,
                "    demand: {} ({} {})",
                demand.what,
                demand.level.word(),
                demand.what.code()
            );
        }
    }
    let words: Vec<&str> = consumer.unconfirmed.iter().map(|axis| axis.word()).collect();
    if !words.is_empty() {
        let _ = writeln!(told, "\n{UNCONFIRMED}: {}", words.join(", "));
    }
    told
}
