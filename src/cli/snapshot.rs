//! `rosterpack snapshot`: writes the tables that an exporter may read as extracts, so that a run can be repeated.
//!
//! In: [`SnapshotArgs`] and the process. Out: a folder that `export --source` reads; its path on stdout, rows per
//! table on stderr. Configuration first (exit code 2), then the place that is written (7), then the source (3).

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::shaping::FileArgs;
use super::source::{self, SourceArgs};
use super::{ExitCode, Process, interrupt};
use crate::config::{Overrides, Run};
use crate::report::terminal::grouped;
use crate::snapshot::{self, Destination, Format, Options, SnapshotError, Summary};

/// Flags of `snapshot`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rosterpack snapshot --source postgres://reader@db/EdFi_Ods_2025 --out extracts
  rosterpack snapshot --source extracts --school-year 2025 --out small --format csv.gz
  rosterpack export --source extracts --tenant gbisd --school-year 2025 --out packages/

The folder holds names, birthdays and identification codes of children, whatever an export would
leave out: on Unix only its owner can read it.")]
pub struct SnapshotArgs {
    /// Where it is configured
    #[command(flatten)]
    pub file: FileArgs,
    /// Where the ODS is
    #[command(flatten)]
    pub source: SourceArgs,
    /// Tenant of the configuration file whose ODS it is
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
    /// Folder for the extracts; it must be new, or empty
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How the tables are written; parquet needs a build with the feature polars
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "csv")]
    pub format: FormatName,
    /// Only this school year of the tables that carry one [default: every year]
    #[arg(long, value_name = "YEAR")]
    pub school_year: Option<String>,
    /// A setting of section source or run by its name; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// No progress and no rows per table; errors are still told
    #[arg(short, long)]
    pub quiet: bool,
}

/// Names of formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatName {
    /// As PostgreSQL's COPY writes it
    Csv,
    /// The same, compressed
    #[value(name = "csv.gz")]
    CsvGz,
    /// For a warehouse
    Parquet,
}

impl FormatName {
    fn format(self) -> Format {
        match self {
            FormatName::Csv => Format::Csv,
            FormatName::CsvGz => Format::GzippedCsv,
            FormatName::Parquet => Format::Parquet,
        }
    }
}

/// Runs the verb.
pub fn run(args: &SnapshotArgs, process: &mut Process<'_>) -> ExitCode {
    let mut overrides = Overrides::new();
    overrides.environment(process.environment.iter().cloned());
    for argument in &args.set {
        overrides.set(argument);
    }
    args.source.apply(&mut overrides);
    overrides.flag("active_school_year", args.school_year.as_deref());
    overrides.flag("tenant", args.tenant.as_deref());
    args.file.apply(args.source.sample, &process.environment, &mut overrides);
    // A snapshot has no tenant, and a year only if a flag or `--set` says so: a year that stands in the
    // file or the environment for the nightly export must not halve the archive in silence.
    let narrowed = overrides.chosen_here("active_school_year");
    overrides.stand_in("tenant", "snapshot");
    overrides.stand_in("active_school_year", "2000");
    let demanded: &[&str] = if args.source.sample { &[] } else { &["place"] };
    let run = match overrides.freeze(process.today, demanded) {
        Ok(run) => run,
        Err(faults) => {
            for fault in faults {
                process.fault(&fault, fault.help());
            }
            return ExitCode::Usage;
        }
    };
    match snapshot(args, &run, narrowed, process) {
        Ok(summary) => conclude(args.quiet, &summary, process),
        Err(code) => code,
    }
}

/// The snapshot itself; an error has been told when it returns.
fn snapshot(
    args: &SnapshotArgs,
    run: &Run,
    narrowed: bool,
    process: &mut Process<'_>,
) -> Result<Summary, ExitCode> {
    let format = args.format.format();
    if !format.supported() {
        return Err(tell(&SnapshotError::Unsupported, process));
    }
    let destination =
        Destination::prepare(&args.out, &interrupt::unfinished_prefix()).map_err(|e| tell(&e, process))?;
    if let Some(threads) = run.threads {
        // Fails only when the pool is there already, which happens in tests alone.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    }
    if process.signals {
        interrupt::remove_on_signal(destination.folder().to_owned());
    }
    let opened =
        source::open(&args.source, run, &process.environment).map_err(|e| source::tell_open(&e, process))?;
    opened.warn(process);
    let mut year = run.clone();
    if narrowed {
        source::settle_year(&opened, &mut year, process)?;
    }
    let options = Options {
        format,
        school_year: narrowed.then_some(year.plan.school_year),
        data_standard: run.plan.data_standard.as_deref(),
    };
    // The bars go before anything else is told.
    let result = {
        let progress = source::progress(args.quiet, Default::default(), process);
        snapshot::write(opened.source(), destination, options, progress.as_ref())
    };
    result.map_err(|e| tell(&e, process))
}

fn tell(error: &SnapshotError, process: &mut Process<'_>) -> ExitCode {
    match error {
        SnapshotError::Source(error) => source::tell(error, process),
        SnapshotError::Unsupported => {
            process.fault(error, "");
            ExitCode::Usage
        }
        SnapshotError::NotEmpty { .. } | SnapshotError::Write { .. } => {
            process.fault(error, "");
            ExitCode::Output
        }
    }
}

fn conclude(quiet: bool, summary: &Summary, process: &mut Process<'_>) -> ExitCode {
    if !quiet {
        for table in &summary.tables {
            let _ = writeln!(process.err, "{:<64}{:>14}", table.table, grouped(table.rows));
        }
    }
    if let Some(label) = summary.name_standard {
        process.note(format_args!(
            "the tables of this ODS do not show its data standard: export the folder with --data-standard {label}"
        ));
    }
    match writeln!(process.out, "{}", summary.folder.display()).and_then(|()| process.out.flush()) {
        Ok(()) => ExitCode::Published,
        Err(_) => {
            process.fault("cannot write the folder's path to standard output", "the snapshot is complete");
            ExitCode::Output
        }
    }
}
