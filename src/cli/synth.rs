//! `rosterpack synth`: invents a district family and writes it as table extracts.
//!
//! In: [`SynthArgs`]. Out: a folder of extracts that `export --source` reads, and its path on stdout. The same
//! arguments give the same bytes on every machine.

use std::path::PathBuf;

use clap::Args;

use super::{ExitCode, Process};

/// Flags of `synth`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rosterpack synth --students 300 --seed 1 --out district
  rosterpack synth --students 100000 --seed 7 --out big --data-standard 4.0 --gzip
  rosterpack export --source district --tenant demo --school-year 2026 --out .")]
pub struct SynthArgs {
    /// How many students
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=20_000_000))]
    pub students: u64,
    /// What the chance starts from: the same seed gives the same district
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Folder for the extracts; it must be empty or new
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Ed-Fi data standard of the tables
    #[arg(long, value_name = "VERSION", default_value = "5.2")]
    pub data_standard: String,
    /// School year, named by the year in which it ends
    #[arg(long, value_name = "YEAR", default_value_t = 2026, value_parser = clap::value_parser!(i16).range(1900..=2100))]
    pub school_year: i16,
    /// Add the known traps: people and sections that break careless exporters
    #[arg(long)]
    pub traps: bool,
    /// Write .csv.gz
    #[arg(long)]
    pub gzip: bool,
}

/// Runs the verb.
pub fn run(_args: &SynthArgs, process: &mut Process<'_>) -> ExitCode {
    process.fault("this build has no synth yet", "wait for its merge");
    ExitCode::Usage
}
