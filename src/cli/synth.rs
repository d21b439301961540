//! `rosterpack synth`: invents a district family and writes it as table extracts or into an empty database.
//!
//! In: [`SynthArgs`]. Out: a folder of extracts, or a database, that `export --source` reads; where it is on stdout,
//! rows per table on stderr. The same arguments give the same rows on every machine, by any number of threads.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};

use super::{ExitCode, Process, source};
use crate::config::Overrides;
use crate::report::terminal::grouped;
use crate::source::postgres::ConnectionSettings;
use crate::synth::database::{self, FillError, Keys};
use crate::synth::{self, Shape, SynthError, SynthPlan, SynthSummary, Traps};

/// Flags of `synth`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("where").args(["out", "to"]).required(true), after_help = "\
Examples:
  rosterpack synth --students 300 --out district
  rosterpack synth --students 100000 --seed 7 --out big --data-standard 4.0 --gzip
  rosterpack synth --students 1000000 --to postgres://owner@localhost/invented
  rosterpack export --source district --tenant demo --school-year 2025 \\
      --as-of 2024-10-01 --out packages/

A database is filled by COPY in one transaction: all of it is there afterwards, or
nothing. It must have neither schema edfi nor schema util; nothing is ever dropped.
The password comes from PGPASSWORD, a pgpass file, or --set password_file=... or
password_command=..., as for --source of export.

`export --source synth:students=1000000,seed=7,standard=5.2` exports the same
district without writing it anywhere first.")]
pub struct SynthArgs {
    /// How many students
    #[arg(long, value_name = "N")]
    pub students: u64,
    /// What the chances start from: the same seed gives the same district
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Folder for the extracts; it must be new, or hold no extracts
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Empty PostgreSQL database for the tables: postgres://user@host/database
    #[arg(long, value_name = "ADDRESS")]
    pub to: Option<String>,
    /// Ed-Fi data standard of the tables
    #[arg(long, value_name = "VERSION", default_value = "5.2", value_parser = shape)]
    pub data_standard: Shape,
    /// School year, named by the year in which it ends
    #[arg(long, value_name = "YEAR", default_value_t = 2025)]
    pub school_year: i16,
    /// Add the known traps: people and sections that break careless exporters
    #[arg(long, value_name = "WHICH", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "all")]
    pub traps: Option<WhichTraps>,
    /// Write .csv.gz
    #[arg(long, conflicts_with = "to")]
    pub gzip: bool,
    /// Leave the database's tables without primary keys, which is quicker
    #[arg(long, conflicts_with = "out")]
    pub no_keys: bool,
    /// Threads that invent [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,
    /// A setting of section source by its name, such as password_file; may be repeated
    #[arg(long, value_name = "NAME=VALUE", conflicts_with = "out")]
    pub set: Vec<String>,
    /// Print no rows per table
    #[arg(short, long)]
    pub quiet: bool,
}

/// Which traps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WhichTraps {
    /// All of them: the package is refused, because ids collide
    All,
    /// All but those that make ids collide
    Safe,
}

fn shape(label: &str) -> Result<Shape, String> {
    Shape::from_label(label).ok_or_else(|| {
        let known: Vec<&str> = Shape::ALL.iter().map(|shape| shape.label()).collect();
        format!("known are {}", known.join(", "))
    })
}

/// Runs the verb.
pub fn run(args: &SynthArgs, process: &mut Process<'_>) -> ExitCode {
    let plan = SynthPlan {
        students: args.students,
        seed: args.seed,
        standard: args.data_standard,
        school_year: args.school_year,
        traps: match args.traps {
            None => Traps::None,
            Some(WhichTraps::Safe) => Traps::Safe,
            Some(WhichTraps::All) => Traps::All,
        },
        gzip: args.gzip,
        ..SynthPlan::default()
    };
    if let Some(threads) = args.threads {
        // Fails only when the pool is there already, which happens in tests alone.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global();
    }
    let written = match (&args.out, &args.to) {
        (Some(out), _) => synth::write(&plan, out, &|_, _| {})
            .map(|summary| (summary, out.display().to_string()))
            .map_err(|error| tell(&error, process)),
        (None, Some(to)) => fill(&plan, to, args, process),
        // clap demands one of them.
        (None, None) => Err(ExitCode::Usage),
    };
    let (summary, place) = match written {
        Ok(written) => written,
        Err(code) => return code,
    };
    if !args.quiet {
        for (table, rows) in &summary.tables {
            let _ = writeln!(process.err, "{table:<64}{:>14}", grouped(*rows));
        }
    }
    match writeln!(process.out, "{place}").and_then(|()| process.out.flush()) {
        Ok(()) => ExitCode::Published,
        Err(_) => {
            process.fault("cannot write to standard output where the tables are", "the tables are complete");
            ExitCode::Output
        }
    }
}

fn tell(error: &SynthError, process: &mut Process<'_>) -> ExitCode {
    process.fault(error, "");
    match error {
        SynthError::TooMany { .. } | SynthError::SchoolYear(_) => ExitCode::Usage,
        SynthError::NotEmpty { .. } | SynthError::Write { .. } => ExitCode::Output,
    }
}

/// Fills a database; what goes wrong has been told.
fn fill(
    plan: &SynthPlan,
    to: &str,
    args: &SynthArgs,
    process: &mut Process<'_>,
) -> Result<(SynthSummary, String), ExitCode> {
    if !ConnectionSettings::looks_like(to) {
        // It may hold a password all the same: it is not repeated.
        process.fault(
            "--to names no PostgreSQL database",
            "write postgres://user@host/database; a folder is named with --out",
        );
        return Err(ExitCode::Usage);
    }
    let mut overrides = Overrides::new();
    overrides.environment(process.environment.iter().cloned());
    args.set.iter().for_each(|argument| overrides.set(argument));
    overrides.flag("place", Some(to));
    // Neither a tenant nor a year is needed to reach a database.
    overrides.stand_in("tenant", "synth");
    overrides.stand_in("active_school_year", "2000");
    let run = overrides.freeze(process.today, &["place"]).map_err(|faults| {
        for fault in faults {
            process.fault(&fault, fault.help());
        }
        ExitCode::Usage
    })?;
    let (settings, remark) = source::connection(to, &run, &process.environment).map_err(|error| {
        process.fault(error, "");
        ExitCode::Usage
    })?;
    let keys = if args.no_keys { Keys::None } else { Keys::Primary };
    let place = settings.place();
    match database::fill(plan, &settings, remark, &source::options(&run), keys, &|_, _| {}) {
        Ok(summary) => Ok((summary, place)),
        Err(FillError::Plan(error)) => Err(tell(&error, process)),
        Err(FillError::Load(error)) => {
            process.fault(error, "");
            Err(ExitCode::Output)
        }
    }
}
