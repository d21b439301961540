//! `rosterpack synth`: invents a district family and writes it as table extracts.
//!
//! In: [`SynthArgs`]. Out: a folder of extracts that `export --source` reads; its path on stdout, rows per table
//! on stderr. The same arguments give the same bytes on every machine.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ExitCode, Process};
use crate::report::terminal::grouped;
use crate::synth::{self, Shape, SynthError, SynthPlan, Traps};

/// Flags of `synth`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rosterpack synth --students 300 --out district
  rosterpack synth --students 100000 --seed 7 --out big --data-standard 4.0 --gzip
  rosterpack export --source district --tenant demo --school-year 2025 \\
      --as-of 2024-10-01 --out packages/")]
pub struct SynthArgs {
    /// How many students
    #[arg(long, value_name = "N")]
    pub students: u64,
    /// What the chances start from: the same seed gives the same district
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Folder for the extracts; it must be new, or hold no extracts
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
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
    #[arg(long)]
    pub gzip: bool,
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
    };
    let summary = match synth::write(&plan, &args.out, &|_, _| {}) {
        Ok(summary) => summary,
        Err(error) => {
            process.fault(&error, "");
            return match error {
                SynthError::TooMany { .. } | SynthError::SchoolYear(_) => ExitCode::Usage,
                SynthError::NotEmpty { .. } | SynthError::Write { .. } => ExitCode::Output,
            };
        }
    };
    if !args.quiet {
        for (table, rows) in &summary.tables {
            let _ = writeln!(process.err, "{table:<64}{:>14}", grouped(*rows));
        }
    }
    match writeln!(process.out, "{}", args.out.display()).and_then(|()| process.out.flush()) {
        Ok(()) => ExitCode::Published,
        Err(_) => {
            process.fault("cannot write the folder's path to standard output", "the extracts are complete");
            ExitCode::Output
        }
    }
}
