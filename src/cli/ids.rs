//! `rosterpack ids`: the table from the ids of one scheme to those of another, for vendors who must migrate.
//!
//! In: [`IdsArgs`] and the process. Out: the table as CSV on stdout or in a file, in the order of the package; or exit
//! code 1 and every row for which there is none. Reads and maps exactly as `export` does with the same flags.

use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::Args;

use super::export;
use super::shaping::ShapingArgs;
use super::source;
use super::{ExitCode, Process, interrupt, target};
use crate::config::Run;
use crate::config::plan::{Edition, IdScheme};
use crate::config::values;
use crate::crosswalk::Crosswalks;
use crate::pipeline::{self, IdTable};

/// Flags of `ids`.
#[derive(Debug, Default, Args)]
#[command(after_help = EXAMPLES)]
pub struct IdsArgs {
    /// Id scheme of the packages so far: edu, edfi-oneroster or stable
    #[arg(long, value_name = "SCHEME", value_parser = scheme)]
    pub from: IdScheme,
    /// Id scheme of the packages to come
    #[arg(long, value_name = "SCHEME", value_parser = scheme)]
    pub to: IdScheme,
    /// CSV file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// The exports whose ids these are
    #[command(flatten)]
    pub shaping: ShapingArgs,
}

const EXAMPLES: &str = "\
The table has the columns file, oldSourcedId, newSourcedId and naturalKey (the text that the old id is
the MD5 of), and every row that `export` with these flags would write, in its order. There is no table
(exit code 1) where two old ids would become one, or one several: a person who is one user under one
scheme is one user per school under edfi-oneroster.

Examples:
  rosterpack ids --from edu --to stable --sample
  rosterpack ids --from edu --to stable --source extracts --tenant gbisd --school-year 2022 \\
      --as-of 2021-10-01 --parents --out edu-to-stable.csv";

fn scheme(text: &str) -> Result<IdScheme, String> {
    values::word(text, &IdScheme::ALL)
        .map_err(|why| format!("edu, edfi-oneroster and stable are known; {why}"))
}

/// Runs the verb.
pub fn run(args: &IdsArgs, process: &mut Process<'_>) -> ExitCode {
    if args.from == args.to {
        process.fault("--from and --to name the same id scheme", "name two: the ids would not change");
        return ExitCode::Usage;
    }
    let environment = process.environment.iter().cloned();
    let mut run = match args.shaping.overrides(environment).freeze(process.today, &args.shaping.demanded()) {
        Ok(run) => run,
        Err(faults) => {
            for fault in faults {
                process.fault(&fault, fault.help());
            }
            return ExitCode::Usage;
        }
    };
    run.plan.mapping.id_scheme = args.from;
    match write(args, &mut run, process) {
        Ok(code) | Err(code) => code,
    }
}

/// The run itself; an error has been told when it returns.
fn write(args: &IdsArgs, run: &mut Run, process: &mut Process<'_>) -> Result<ExitCode, ExitCode> {
    let &[Edition { version, .. }] = run.plan.editions.as_slice() else {
        process.fault("--oneroster names several versions, and a table of ids is of one", "name one of them");
        return Err(ExitCode::Usage);
    };
    let crosswalks = Crosswalks::load(run.seeds.as_deref()).map_err(|e| {
        process.fault(&e, "mend the seed, or leave --seeds out to use the built-in crosswalks");
        ExitCode::Usage
    })?;
    if let Some(out) = &args.out {
        target::check_file("the table of ids", out).map_err(|e| {
            process.fault(&e, e.help);
            ExitCode::Output
        })?;
    }
    if process.signals {
        interrupt::clear_up_on_signal(args.out.iter().map(|out| target::parent(out)).collect());
    }
    if let Some(threads) = run.threads {
        // Fails only when the pool is there already, which happens in tests alone: the table is the same.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    }
    let opened = source::open(&args.shaping.source, run, &process.environment)
        .map_err(|e| source::tell_open(&e, process))?;
    source::settle_year(&opened, run, process)?;
    opened.warn(process);
    let progress = source::progress(args.shaping.quiet, Default::default(), process);
    let migrate = |out: &mut dyn Write| {
        pipeline::migrate_ids(
            opened.source(),
            &crosswalks,
            &run.plan,
            version,
            args.to,
            out,
            progress.as_ref(),
        )
    };
    let result = match &args.out {
        None => {
            let mut buffered = BufWriter::new(&mut *process.out);
            migrate(&mut buffered).and_then(|table| Ok(buffered.flush().map(|()| table)?))
        }
        Some(out) => save(out, migrate),
    };
    drop(progress);
    match result.map_err(|e| export::tell(&e, process))? {
        IdTable::Written { rows, parted_courses } => {
            if !args.shaping.quiet {
                let (from, to) = (args.from.word(), args.to.word());
                process.note(format_args!("{rows} ids from {from} to {to}"));
                tell_parted(&parted_courses, to, process);
            }
            Ok(ExitCode::Published)
        }
        IdTable::Refused(reasons) => {
            process.fault(
                format_args!(
                    "there is no table of ids; nothing was written:\n  - {}",
                    reasons.join("\n  - ")
                ),
                "give each of these rows a key of its own in the ODS, or have the vendor load the district anew under the new ids",
            );
            Ok(ExitCode::Refused)
        }
    }
}

/// How many courses are named.
const TOLD: usize = 20;

/// Names courses that were one row so far.
fn tell_parted(parted: &[String], to: &str, process: &mut Process<'_>) {
    if parted.is_empty() {
        return;
    }
    let mut lines = String::new();
    for course in parted.iter().take(TOLD) {
        let _ = write!(lines, "\n  - {course}");
    }
    if parted.len() > TOLD {
        let _ = write!(lines, "\n  - and {} more", parted.len() - TOLD);
    }
    process.note(format_args!(
        "courses that shared a row with one of the same code get rows of their own under {to}; they are new to the vendor and not in the table:{lines}"
    ));
}

/// Writes a file in one step: a reader finds the old one or the whole new one. It holds ids of children, so that only
/// the owner may read it.
fn save(
    path: &std::path::Path,
    write: impl FnOnce(&mut dyn Write) -> Result<IdTable, pipeline::PipelineError>,
) -> Result<IdTable, pipeline::PipelineError> {
    let unfinished = interrupt::unfinished_prefix();
    let mut file = tempfile::Builder::new().prefix(&unfinished).tempfile_in(target::parent(path))?;
    let mut buffered = BufWriter::new(&mut file);
    let table = write(&mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    if let IdTable::Written { .. } = table {
        file.as_file().sync_all()?;
        file.persist(path).map_err(|e| e.error)?;
    }
    Ok(table)
}
