//! `rosterpack export`: from flags to a package, a report and an exit code.
//!
//! In: [`ExportArgs`] and the process. Out: the packages' paths on stdout, the summary on stderr, the report as
//! JSON if asked for. Whatever can be wrong without reading the source is found before it is read:
//! configuration and crosswalks (exit code 2), then the places that are written (7), then the source (3).

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::interrupt;
use super::log::{self, About};
use super::memory;
use super::nightly;
use super::report::{self as place, Place};
use super::shaping::ShapingArgs;
use super::source;
use super::target::{self, NoTarget, Targets};
use super::tenants;
use super::{ExitCode, Process};
use crate::config::settings::{SETTINGS, Standing, TablesFormat};
use crate::config::{ConfigError, Overrides, Run};
use crate::crosswalk::Crosswalks;
use crate::day::Day;
use crate::package::{Format, Warehouse};
use crate::pipeline::memory::Memory;
use crate::pipeline::{self, PipelineError};
use crate::report::noted::Noted;
use crate::report::provenance::Provenance;
use crate::report::{self, Report, terminal};
use crate::spec::Version;

/// Flags of `export`. Values are text here: the table of settings parses them, as it does for `--set`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help())]
pub struct ExportArgs {
    /// What is exported, and how it is mapped
    #[command(flatten)]
    pub shaping: ShapingArgs,
    /// Folder (which exists, or ends with a slash); for one package also a zip file
    #[arg(long, value_name = "DIR|FILE")]
    pub out: Option<String>,
    /// Do everything but write the zip
    #[arg(long)]
    pub dry_run: bool,

    /// Judge the package before it is published: lean (read it back) or full (by every rule of `validate`) [default: lean]
    #[arg(long, value_name = "HOW", help_heading = "What is published")]
    pub validate: Option<String>,
    /// From which severity on a notice refuses the package: error, warning or none [default: error]
    #[arg(long, value_name = "SEVERITY", help_heading = "What is published")]
    pub deny: Option<String>,

    /// Write report.json and report.html into this folder; into a file that ends with .json, the JSON alone
    #[arg(long, value_name = "DIR", help_heading = "What is reported")]
    pub report: Option<String>,
    /// Say in the report whom the ids of its samples belong to
    #[arg(long, help_heading = "What is reported")]
    pub report_names: bool,
    /// The package that was delivered last, or its folder: say what is gone and new since
    #[arg(long, value_name = "ZIP|DIR", help_heading = "What is reported")]
    pub compare_with: Option<String>,

    /// Also write the tables into this folder, with a column tenant_code, for a warehouse
    #[arg(long, value_name = "DIR", help_heading = "How it runs")]
    pub tables: Option<String>,
    /// How these tables are written: csv, or parquet with a build that has the feature polars [default: csv]
    #[arg(long, value_name = "FORMAT", help_heading = "How it runs")]
    pub tables_format: Option<String>,
    /// Of several tenants, so many at once [default: 1]
    #[arg(long, value_name = "N", help_heading = "How it runs")]
    pub parallel_tenants: Option<String>,
    /// Memory to keep to where possible: 3GiB, or a share of the machine's; the package is the same [default: 75%]
    #[arg(long, value_name = "SIZE", help_heading = "How it runs")]
    pub memory_limit: Option<String>,
    /// Of several tenants, only this share: 3/16, slurm (a job array), or kubernetes/16 (an indexed Job)
    #[arg(long, value_name = "SHARE", help_heading = "How it runs")]
    pub shard: Option<String>,
    /// Deflate level, 1 (fast) to 9 (small) [default: 3]
    #[arg(long, value_name = "LEVEL", help_heading = "How it runs")]
    pub compression: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  rosterpack export --sample
  rosterpack export --source extracts --tenant gbisd --school-year 2022 \\
      --as-of 2021-10-01 --out packages/
  rosterpack export --source extracts --tenant gbisd --school-year 2022 \\
      --demographics --parents --out roster.zip --report report
  rosterpack export --source extracts --tenant gbisd --school-year 2022 \\
      --oneroster 1.1,1.2 --out packages/ --tables warehouse
  rosterpack export --source extracts --tenant gbisd --school-year 2022 \\
      --out packages/ --validate full --compare-with packages/ --report report
  rosterpack export --source extracts --tenant gbisd --school-year 2022 \\
      --school 255901001 --set student_email_type=Organization --dry-run
  rosterpack export --profile reading --tenant all
  rosterpack export --profile reading --tenant 'north-*' --parallel-tenants 4 --shard 3/16";

/// The examples, and every setting as the table has it.
fn long_help() -> String {
    let mut text = format!(
        "{EXAMPLES}\n\nSettings (--set NAME=VALUE, or the environment variable ROSTERPACK__SECTION__NAME; flags win\nover --set, that over the environment). Lists are comma-separated.\n"
    );
    let mut section = "";
    for setting in SETTINGS {
        if setting.section != section {
            section = setting.section;
            let _ = writeln!(text, "\n  [{section}]");
        }
        let default = match setting.default {
            Standing::Value("") | Standing::Required => String::new(),
            Standing::Value(value) => format!(" [{value}]"),
            Standing::Computed(what) => format!(" [{what}]"),
        };
        let _ = writeln!(text, "  {}{default}\n      {}", setting.name, setting.doc);
    }
    text
}

impl ExportArgs {
    /// What the user gave, in all layers.
    pub(super) fn overrides(
        &self,
        environment: impl IntoIterator<Item = (std::ffi::OsString, std::ffi::OsString)>,
    ) -> Overrides {
        let mut overrides = self.shaping.overrides(environment);
        for (name, value) in [
            ("out", &self.out),
            ("report", &self.report),
            ("tables", &self.tables),
            ("tables_format", &self.tables_format),
            ("parallel_tenants", &self.parallel_tenants),
            ("memory_limit", &self.memory_limit),
            ("compression", &self.compression),
            ("validate", &self.validate),
            ("deny", &self.deny),
            ("compare_with", &self.compare_with),
        ] {
            overrides.flag(name, value.as_deref());
        }
        overrides.switch("report_names", self.report_names);
        overrides
    }

    /// Required settings that this run needs.
    fn demanded(&self) -> Vec<&'static str> {
        let mut demanded = self.shaping.demanded();
        if !self.shaping.source.sample && !self.dry_run {
            demanded.push("out");
        }
        demanded
    }
}

/// Runs the verb.
pub fn run(args: &ExportArgs, process: &mut Process<'_>) -> ExitCode {
    match args.shaping.tenant.as_deref() {
        Some(tenant) if tenants::are_several(tenant) => tenants::run(args, tenant, process),
        _ if args.shard.is_some() => {
            process.fault(
                "--shard takes a share of several tenants, and none are named",
                "name them: --tenant all, or a pattern such as --tenant 'north-*'",
            );
            ExitCode::Usage
        }
        _ => frozen(args, freeze(args, process), process),
    }
}

/// The run of these flags.
pub(super) fn freeze(args: &ExportArgs, process: &Process<'_>) -> Result<Run, Vec<ConfigError>> {
    let overrides = args.overrides(process.environment.iter().cloned());
    let mut demanded = args.demanded();
    let nightly = overrides.has("archive") || overrides.has("deliver_to");
    if args.shaping.file.profile.is_some() && nightly {
        // What is kept and delivered needs no other place.
        demanded.retain(|name| *name != "out");
    }
    overrides.freeze(process.today, &demanded)
}

/// Exports a run, or tells why there is none.
pub(super) fn frozen(
    args: &ExportArgs,
    run: Result<Run, Vec<ConfigError>>,
    process: &mut Process<'_>,
) -> ExitCode {
    if let Ok(run) = &run {
        process.about(About::of(run));
    }
    match run {
        Ok(run) if !args.dry_run && nightly::wanted(&run) => nightly::run(args, &run, process),
        Ok(run) => match alone(args, &run, process) {
            Ok((report, code)) => say_paths(&report, code, process),
            Err(code) => code,
        },
        Err(faults) => {
            for fault in faults {
                process.fault(&fault, fault.help());
            }
            ExitCode::Usage
        }
    }
}

/// A run that is no night of a profile.
fn alone(args: &ExportArgs, run: &Run, process: &mut Process<'_>) -> Result<(Report, ExitCode), ExitCode> {
    if run.profile.is_none() && run.publish.archive.is_some() {
        process
            .note("an archive is configured, but no profile is named: nothing is guarded, kept or delivered");
    }
    export(args, run, process)
}

/// The run itself, with its report and how it ended; an error has been told when it returns.
pub(super) fn export(
    args: &ExportArgs,
    run: &Run,
    process: &mut Process<'_>,
) -> Result<(Report, ExitCode), ExitCode> {
    let crosswalks = Crosswalks::load(run.seeds.as_deref()).map_err(|e| {
        process.fault(&e, "mend the seed, or leave --seeds out to use the built-in crosswalks");
        ExitCode::Usage
    })?;
    for path in &crosswalks.ignored {
        process.note(format_args!("{} is not a crosswalk seed that is read; it is ignored", path.display()));
    }
    let (early, settled);
    let (opened, run) = if run.auto_year.is_some() {
        if process.signals {
            interrupt::clear_up_on_signal(Vec::new());
        }
        // The packages are named by the school year, which the source knows.
        early = source::open(&args.shaping.source, run, &process.environment)
            .map_err(|e| source::tell_open(&e, process))?;
        let mut year = run.clone();
        source::settle_year(&early, &mut year, process)?;
        settled = year;
        (Some(early), &settled)
    } else {
        (None, run)
    };
    let mut targets = check_outputs(args, run, process)?;
    let report_place = Place::check(run, targets.as_ref(), process)?;
    let last = place::last(run, process)?;
    hint_at_dates(run, process);
    if let Some(threads) = run.threads {
        // Fails only when the pool is there already, which happens in tests alone: the package is the same.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    }
    if process.signals {
        let package = targets.as_ref().map(|t| t.folder.clone());
        let report = report_place.as_ref().map(Place::folder);
        interrupt::clear_up_on_signal(package.into_iter().chain(report).chain(run.tables.clone()).collect());
    }
    let clock = process.clock;
    let now = move || clock().utc_milliseconds;
    let (place, result, notes) = {
        let opened = match opened {
            Some(opened) => opened,
            None => source::open(&args.shaping.source, run, &process.environment)
                .map_err(|e| source::tell_open(&e, process))?,
        };
        opened.warn(process);
        let shown = source::progress(args.shaping.quiet || args.shaping.unwatched, About::of(run), process);
        let progress = Noted::new(shown.as_ref(), &now);
        let at = targets.as_ref().map(|targets| |version| targets.of(version));
        let folder = targets.as_ref().map_or_else(std::env::temp_dir, |targets| targets.folder.clone());
        let memory = memory::limit(run)
            .and_then(|limit| pipeline::memory::plan(opened.source(), &run.plan, limit, &folder));
        if let Some(told) = memory.as_ref().and_then(Memory::told) {
            process.note(format_args!("{told}"));
        }
        let outputs = pipeline::Outputs {
            package: at.as_ref().map(|at| at as &dyn Fn(Version) -> PathBuf),
            tables: run.tables.as_deref().map(|folder| Warehouse { folder, format: format(run) }),
            figures: run.report.is_some(),
            names: run.report.is_some() && run.report_names,
            last: last.as_ref().map(|last| last as &dyn Fn(Version) -> PathBuf),
            spooling: memory.as_ref().and_then(Memory::spooling),
        };
        let result = pipeline::export_to(opened.source(), &crosswalks, &run.plan, outputs, &progress);
        (opened.source().catalog().place.clone(), result, progress.end())
    };
    let outcome = result.map_err(|e| tell(&e, process))?;
    if let Some(targets) = targets.as_mut().filter(|_| outcome.packages.iter().any(|p| p.written.is_some())) {
        targets.keep();
    }
    let (tables, durations) = notes;
    let report = Report {
        provenance: Some(Provenance::new(run, &crosswalks.sha256, tables)),
        durations,
        ..Report::of(run, &place, outcome)
    };
    let code = conclude(args.shaping.quiet, report_place.as_ref(), &report, process);
    Ok((report, code))
}

/// How the tables of the warehouse are written.
fn format(run: &Run) -> Format {
    match run.tables_format {
        TablesFormat::Csv => Format::Csv,
        TablesFormat::Parquet => Format::Parquet,
    }
}

/// Checks the places that this run writes to.
fn check_outputs(
    args: &ExportArgs,
    run: &Run,
    process: &mut Process<'_>,
) -> Result<Option<Targets>, ExitCode> {
    if run.tables.is_some() && !format(run).supported() {
        process.fault(
            "--tables-format parquet: this build writes no Parquet",
            "build with `cargo build --release --features polars`, or write the tables as csv",
        );
        return Err(ExitCode::Usage);
    }
    let mut targets = None;
    if !args.dry_run {
        let out = run.out.clone().unwrap_or_else(|| PathBuf::from("."));
        targets = Some(Targets::check(&out, &run.plan).map_err(|error| {
            process.fault(&error, error.help());
            match error {
                NoTarget::Unwritable(_) => ExitCode::Output,
                NoTarget::OneFile { .. } | NoTarget::OneName { .. } => ExitCode::Usage,
            }
        })?);
    }
    let mut checked = |result: Result<(), target::Unwritable>| {
        result.map_err(|e| {
            process.fault(&e, e.help);
            ExitCode::Output
        })
    };
    if let Some(tables) = &run.tables {
        checked(target::check_folder("the tables", tables))?;
    }
    Ok(targets)
}

/// Whether a day lies outside of the twelve months from July in which a school year is customary.
pub(super) fn outside_of_year(day: Day, school_year: i16) -> bool {
    let (year, month, _) = day.ymd();
    !(0..12).contains(&((year - i32::from(school_year) + 1) * 12 + month as i32 - 7))
}

/// A default as-of date far from the school year gives an empty package, and nobody would see why.
fn hint_at_dates(run: &Run, process: &mut Process<'_>) {
    if run.as_of_is_today && outside_of_year(run.plan.as_of, run.plan.school_year) {
        process.note(format_args!(
            "--as-of is today, {}, which is outside of school year {}: what has ended by then is left out",
            run.plan.as_of, run.plan.school_year
        ));
    }
    // Right for a year that is over, and the same roster every night for any other.
    if let Some(at) = run.as_of_in_file.as_ref().filter(|_| run.plan.as_of < process.today) {
        process.note(format_args!(
            "the package is true on {}, a day that {at} names: what has changed since by date is not in it",
            run.plan.as_of
        ));
    }
}

/// Tells of a run that ended without an outcome.
pub(super) fn tell(error: &PipelineError, process: &mut Process<'_>) -> ExitCode {
    match error {
        PipelineError::Source(error) => source::tell(error, process),
        // The message says what to do. A setting out of its range cannot get here: the table checks them all.
        PipelineError::Package(_) | PipelineError::Partly { .. } => {
            process.fault(error, "");
            ExitCode::Output
        }
        PipelineError::Extension(error) => {
            process.fault(error, "correct the setting demographic_extensions");
            ExitCode::Usage
        }
        PipelineError::IdTable(_) => {
            process.fault(error, "check the disk and the reader of the output");
            ExitCode::Output
        }
        PipelineError::NoRule(error) => {
            process.fault(error, "");
            ExitCode::Refused
        }
    }
}

/// Tells what a run came to, writes its report and gives its exit code.
fn conclude(quiet: bool, place: Option<&Place>, report: &Report, process: &mut Process<'_>) -> ExitCode {
    let several = report.packages.len() > 1;
    if !quiet && log::is_json(&process.environment) {
        log::of_report(report).iter().for_each(|record| process.say(record));
    } else if !quiet {
        let _ = write!(process.err, "\n{}", terminal::summary(report));
    }
    let mut code = ExitCode::Published;
    if report.outcome == report::Ending::Refused {
        process.fault(
            format_args!(
                "{} refused; nothing was written, and what was there is untouched:\n  - {}",
                if several { "the packages were" } else { "the package was" },
                report.refused.join("\n  - ")
            ),
            "mend the data or the configuration, and run again",
        );
        code = ExitCode::Refused;
    }
    let after = match (report.outcome, several) {
        (report::Ending::Published, false) => {
            "the package itself is complete; check the folder and its free space"
        }
        (report::Ending::Published, true) => {
            "the packages themselves are complete; check the folder and its free space"
        }
        _ => "check the folder and its free space",
    };
    if let Some(Err(failed)) = place.map(|place| place.save(report, after, process)) {
        code = failed;
    }
    code
}

/// Says where the packages are.
fn say_paths(report: &Report, mut code: ExitCode, process: &mut Process<'_>) -> ExitCode {
    let paths: Vec<&str> =
        report.packages.iter().filter_map(|p| p.zip.as_ref()).map(|zip| zip.path.as_str()).collect();
    let mut told = paths.iter().map(|path| writeln!(process.out, "{path}"));
    if told.any(|line| line.is_err()) || (!paths.is_empty() && process.out.flush().is_err()) {
        process.fault(
            "cannot write the paths of the packages to standard output",
            "the packages themselves are complete",
        );
        code = ExitCode::Output;
    }
    code
}

#[cfg(test)]
mod tests;
