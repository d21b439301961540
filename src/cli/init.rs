//! `rosterpack init`: a first configuration from what an ODS contains, and later what is new in it.
//!
//! In: [`InitArgs`] and the process. Out: `rosterpack.toml` and a folder of seeds, or with `--update-seeds` the seeds with what
//! they lacked; their paths on stdout, what waits for a person on stderr. Configuration first (exit code 2), then the place
//! that is written (7), then the source (3). Nothing is ever overwritten.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::shaping::FileArgs;
use super::source::{self, Opened, SourceArgs};
use super::{ExitCode, Process, interrupt, target, tenants};
use crate::config::settings::{self, Setting};
use crate::config::starter::{self, Starter};
use crate::config::text::Kind;
use crate::config::{ConfigFile, Overrides, Run};
use crate::crosswalk::filling::Filled;
use crate::crosswalk::seed::{Seed, UNDECIDED};
use crate::crosswalk::{self, CrosswalkError, Crosswalks};
use crate::init::folder::{self, CONFIGURATION, Destination, FolderError, SEEDS};
use crate::init::{self, SchoolYears, Survey, guide};
use crate::pipeline::NoSchoolYear;
use crate::report::terminal::grouped;

/// Flags of `init`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rosterpack init --source extracts --tenant north
  rosterpack init --source postgres://reader@db/EdFi_Ods_2025 --tenant north --out north
  rosterpack init --update-seeds

It writes rosterpack.toml and seeds/ with every term, grade level, race, sex, position, staff
classification, calendar event, subject and relation that the ODS uses, each with its rows and,
where it is known, its answer. What is unknown waits for a person, and an export works all the
same. The next commands are `rosterpack doctor` and `rosterpack export`, in that folder.")]
pub struct InitArgs {
    /// Where the ODS is
    #[command(flatten)]
    pub source: SourceArgs,
    /// Tenant code: starts every id and names the packages. Choose it once and for all
    #[arg(long, value_name = "CODE")]
    pub tenant: Option<String>,
    /// School year, named by the year in which it ends, or auto [default: the latest that has begun]
    #[arg(long, value_name = "YEAR")]
    pub school_year: Option<String>,
    /// The day on which packages are true [default: today; the first day of a year that is over]
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<String>,
    /// Folder for rosterpack.toml and seeds/; made when it is missing
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    /// Any other setting, which is written into the file; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// No progress and no summary; errors are still told
    #[arg(short, long)]
    pub quiet: bool,

    /// Add values that are new in the ODS to the seeds that are there, and change nothing else
    #[arg(long, conflicts_with = "out", help_heading = "Later")]
    pub update_seeds: bool,
    /// Where the configuration is; only with --update-seeds
    #[command(flatten)]
    pub file: FileArgs,
    /// Folder of these seeds [default: the one of the configuration]
    #[arg(long, value_name = "DIR", requires = "update_seeds", help_heading = "Later")]
    pub seeds: Option<String>,
}

/// Runs the verb.
pub fn run(args: &InitArgs, process: &mut Process<'_>) -> ExitCode {
    let told = if args.update_seeds { update(args, process) } else { begin(args, process) };
    match told {
        Ok(paths) => say(&paths, process),
        Err(code) => code,
    }
}

/// What a user said, but for the file.
fn overrides(args: &InitArgs, process: &Process<'_>) -> Overrides {
    let mut overrides = Overrides::new();
    overrides.environment(process.environment.iter().cloned());
    for argument in &args.set {
        overrides.set(argument);
    }
    args.source.apply(&mut overrides);
    for (name, value) in [
        ("tenant", &args.tenant),
        ("active_school_year", &args.school_year),
        ("as_of", &args.as_of),
        ("seeds", &args.seeds),
    ] {
        overrides.flag(name, value.as_deref());
    }
    overrides
}

fn freeze(overrides: Overrides, demanded: &[&str], process: &mut Process<'_>) -> Result<Run, ExitCode> {
    overrides.freeze(process.today, demanded).map_err(|faults| {
        for fault in faults {
            process.fault(&fault, fault.help());
        }
        ExitCode::Usage
    })
}

/// Writes a first configuration.
fn begin(args: &InitArgs, process: &mut Process<'_>) -> Result<Vec<PathBuf>, ExitCode> {
    if args.file.config.is_some() || args.file.profile.is_some() {
        process.fault(
            "--config and --profile say where a configuration is, and init writes a new one",
            "leave them out, or add --update-seeds",
        );
        return Err(ExitCode::Usage);
    }
    let mut overrides = overrides(args, process);
    let year_said = overrides.has("active_school_year");
    let further: Vec<(&'static Setting, String)> = overrides
        .said_here()
        .into_iter()
        .filter(|(setting, _)| !matches!(setting.name, "place" | "tenant" | "active_school_year" | "as_of"))
        .collect();
    if let Some((setting, _)) = further.iter().find(|(setting, _)| !Kind::Tenant.takes(setting)) {
        process.fault(
            format_args!(
                "--set {}: it decides what of a person leaves the building, and is said by a profile",
                setting.name
            ),
            format_args!("leave it out here, and write it into [profiles.NAME] of {CONFIGURATION}"),
        );
        return Err(ExitCode::Usage);
    }
    overrides.stand_in("active_school_year", "2000");
    let demanded: &[&str] = if args.source.sample { &["tenant"] } else { &["tenant", "place"] };
    let run = freeze(overrides, demanded, process)?;
    if tenants::are_several(&run.plan.tenant) {
        process.fault(
            format_args!("--tenant {}: other verbs read this as several tenants", run.plan.tenant),
            "choose a code without * and ?, other than `all`",
        );
        return Err(ExitCode::Usage);
    }
    let destination = Destination::prepare(&args.out, &interrupt::unfinished_prefix())
        .map_err(|error| tell_folder(&error, process))?;
    if process.signals {
        interrupt::remove_on_signal(destination.unfinished().to_owned());
    }
    let crosswalks = Crosswalks::embedded().map_err(|error| tell_seed(&error, process))?;
    let opened = open(args, &run, process)?;
    let survey = survey(args, &opened, &run, year_said, &crosswalks, process)?;
    let seeds = init::fresh(&survey).map_err(|error| tell_seed(&error, process))?;

    let first_day = match run.as_of_is_today {
        true => init::day_of_a_past_year(survey.span, process.today),
        false => None,
    };
    let text = configuration(args, &run, &survey, first_day, further, process);
    let checked = ConfigFile::load(Path::new(CONFIGURATION), &|_| Ok(text.clone()));
    if let Err(faults) = checked {
        for fault in faults {
            process.fault(&fault, fault.help());
        }
        return Err(ExitCode::Usage);
    }
    let guide = guide::text(&run.plan.tenant, survey.year, &seeds);
    let mut files: Vec<(&str, &str)> =
        seeds.iter().map(|(seed, filled)| (seed.file, filled.text.as_str())).collect();
    files.push(("README.md", &guide));
    let made = target::make_folders(&args.out)
        .map_err(|source| tell_folder(&FolderError::Write { path: args.out.clone(), source }, process))?;
    let written = destination.publish(&text, &files).map_err(|error| {
        target::remove_folders(&made);
        tell_folder(&error, process)
    })?;
    if !args.quiet {
        let _ = write!(process.err, "\n{}", summary(&survey, &seeds, &args.out.join(SEEDS)));
    }
    for unread in &survey.unread {
        process.note(unread);
    }
    if let Some(day) = first_day {
        process.note(format_args!(
            "school year {} is over, so packages are made as of its first day, {day}: as_of in {CONFIGURATION}. \
             For a nightly run name the current year and take as_of out",
            survey.year
        ));
    }
    if !args.quiet {
        let _ = write!(process.err, "{}", next(args));
    }
    Ok(written.into_iter().collect())
}

/// The text of the configuration.
fn configuration(
    args: &InitArgs,
    run: &Run,
    survey: &Survey,
    first_day: Option<crate::day::Day>,
    further: Vec<(&'static Setting, String)>,
    process: &Process<'_>,
) -> String {
    let here = args.out.as_path() == Path::new(".") || args.out.as_os_str().is_empty();
    // Paths lead from the folder of the file that they stand in, and the user wrote them in another.
    let beside = |setting: &Setting, value: &str| match setting.is_path(value) && !here {
        true => {
            std::path::absolute(value).map_or_else(|_| value.to_owned(), |path| path.display().to_string())
        }
        false => value.to_owned(),
    };
    let place = run.place.as_deref().map(|place| match settings::find("place") {
        Some(setting) => beside(setting, place),
        None => place.to_owned(),
    });
    let years: Vec<String> = survey
        .years
        .iter()
        .filter(|(_, year)| year.sections > 0)
        .map(|(year, of)| {
            let sections = if of.sections == 1 { "section" } else { "sections" };
            format!("{year} ({} {sections})", grouped(of.sections))
        })
        .collect();
    let mut as_of = first_day.map(|day| {
        (
            day.to_string(),
            format!(
                "School year {} is over: as of {} whatever has ended would be left out. This is its first day. For a nightly run \
                 name the current year and take as_of out, so that packages are true on the day of the run.",
                survey.year, process.today
            ),
        )
    });
    if !run.as_of_is_today {
        as_of = Some((
            run.plan.as_of.to_string(),
            "The day on which packages are true; without it, that of the run.".into(),
        ));
    }
    starter::text(&Starter {
        tenant: &run.plan.tenant,
        place: place.as_deref(),
        place_in_variable: run.place_may_hold_password,
        database: source::names_a_database(run),
        school_year: &if run.auto_year.is_some() { "auto".to_owned() } else { survey.year.to_string() },
        of_years: format!(
            "The school year, named by the year in which it ends. The ODS has {}. \"auto\" takes the latest that has begun.",
            years.join(", ")
        ),
        as_of,
        further: further.into_iter().map(|(setting, value)| (setting, beside(setting, &value))).collect(),
    })
}

/// Adds what is new to the seeds that are there.
fn update(args: &InitArgs, process: &mut Process<'_>) -> Result<Vec<PathBuf>, ExitCode> {
    let mut overrides = overrides(args, process);
    args.file.apply(args.source.sample, &process.environment, &mut overrides);
    let year_said = overrides.has("active_school_year");
    overrides.stand_in("tenant", "init");
    overrides.stand_in("active_school_year", "2000");
    let demanded: &[&str] = if args.source.sample { &[] } else { &["place"] };
    let run = freeze(overrides, demanded, process)?;
    let Some(folder) = run.seeds.clone() else {
        process.fault(
            "--update-seeds: no folder of seeds is named",
            format_args!(
                "add --seeds DIR, or seeds = \"DIR\" to {CONFIGURATION}; `rosterpack init` writes both anew"
            ),
        );
        return Err(ExitCode::Usage);
    };
    let crosswalks = Crosswalks::load(Some(&folder)).map_err(|error| tell_seed(&error, process))?;
    let files = crosswalk::files(&folder).map_err(|error| tell_seed(&error, process))?;
    if process.signals {
        let folders = files.values().filter_map(|(path, _)| path.parent()).map(Path::to_owned);
        interrupt::clear_up_on_signal(folders.chain([folder.clone()]).collect());
    }
    let opened = open(args, &run, process)?;
    let survey = survey(args, &opened, &run, year_said, &crosswalks, process)?;
    let seeds = init::extended(&survey, &crosswalks, &files).map_err(|error| tell_seed(&error, process))?;
    let changed: Vec<(PathBuf, &str)> = seeds
        .iter()
        .filter(|(_, filled)| filled.answered > 0 || !filled.undecided.is_empty())
        .map(|(seed, filled)| {
            let path = files.get(seed.file).map_or_else(|| folder.join(seed.file), |(path, _)| path.clone());
            (path, filled.text.as_str())
        })
        .collect();
    // Reading took its time, in which a person may have gone on.
    let now = crosswalk::files(&folder).map_err(|error| tell_seed(&error, process))?;
    if let Some((path, _)) = files.values().find(|file| !now.values().any(|other| other == *file)) {
        process.fault(
            format_args!("{} was changed while the ODS was read", path.display()),
            "run it again; nothing was written",
        );
        return Err(ExitCode::Output);
    }
    folder::replace(&changed, &interrupt::unfinished_prefix())
        .map_err(|error| tell_folder(&error, process))?;
    if !args.quiet {
        let _ = write!(process.err, "\n{}", summary(&survey, &seeds, &folder));
        for (seed, filled) in &seeds {
            if let Some(path) =
                changed.iter().find(|(path, _)| path.ends_with(seed.file)).map(|(path, _)| path)
            {
                process.note(format_args!(
                    "added to {}: {} with the built-in answer, {} undecided",
                    path.display(),
                    filled.answered,
                    filled.undecided.len()
                ));
            }
        }
    }
    for unread in &survey.unread {
        process.note(unread);
    }
    if changed.is_empty() && !args.quiet {
        process.note("nothing is new: the seeds stay as they are");
    }
    Ok(changed.into_iter().map(|(path, _)| path).collect())
}

fn open(args: &InitArgs, run: &Run, process: &mut Process<'_>) -> Result<Opened, ExitCode> {
    let opened = source::open(&args.source, run, &process.environment);
    let opened = opened.map_err(|error| source::tell_open(&error, process))?;
    opened.warn(process);
    Ok(opened)
}

/// Settles the school year, and reads it.
fn survey(
    args: &InitArgs,
    opened: &Opened,
    run: &Run,
    year_said: bool,
    crosswalks: &Crosswalks,
    process: &mut Process<'_>,
) -> Result<Survey, ExitCode> {
    let mut run = run.clone();
    source::settle_year(opened, &mut run, process)?;
    let (source, standard) = (opened.source(), run.plan.data_standard.as_deref());
    let scope = &run.plan.scope;
    let years = init::years(source, standard, scope).map_err(|error| source::tell(&error, process))?;
    let year = if year_said { Some(run.plan.school_year) } else { init::current(&years, run.plan.as_of) };
    let Some(year) = year.filter(|year| sections(&years, *year) > 0) else {
        let known: Vec<String> =
            years.iter().filter(|(_, of)| of.sections > 0).map(|(year, _)| year.to_string()).collect();
        if known.is_empty() && scope.chooses_organizations() {
            process.fault(NoSchoolYear::EmptyChoice, "look at leas, schools and what excludes them");
            return Err(ExitCode::Usage);
        }
        if known.is_empty() {
            process.fault(
                "there is no section in any school year",
                "extract table edfi.section with its rows, or name the right --source",
            );
            return Err(ExitCode::Source);
        }
        process.fault(
            format_args!("school year {} has no sections", run.plan.school_year),
            format_args!("the ODS has {}; --school-year is the year in which it ends", known.join(", ")),
        );
        return Err(ExitCode::Usage);
    };
    let result = {
        let progress = source::progress(args.quiet, Default::default(), process);
        init::survey(source, standard, crosswalks, (year, years), progress.as_ref())
    };
    result.map_err(|error| source::tell(&error, process))
}

fn sections(years: &SchoolYears, year: i16) -> u64 {
    years.get(&i64::from(year)).map_or(0, |found| found.sections)
}

/// What was found, and what waits for a person.
fn summary(survey: &Survey, seeds: &[(&'static Seed, Filled)], folder: &Path) -> String {
    let mut text = format!(
        "School year {}, data standard {}: {} rows were read.\n\n",
        survey.year,
        survey.standard,
        grouped(survey.rows)
    );
    let _ = writeln!(text, "{:>7}  {:>7}  {:>9}  seed", "in use", "known", "undecided");
    let _ = writeln!(text, "{:->7}  {:->7}  {:->9}  {:-<43}", "", "", "", "");
    for (seed, filled) in seeds {
        let known = filled.values - filled.waits;
        let _ = writeln!(text, "{:>7}  {known:>7}  {:>9}  {}", filled.values, filled.waits, seed.file);
    }
    let unwritable: usize = seeds.iter().map(|(_, filled)| filled.unwritable).sum();
    if unwritable > 0 {
        let _ = writeln!(text, "{unwritable:>7}  blank, or with a line break: no seed can name them");
    }
    let waiting =
        seeds.iter().filter(|(seed, filled)| seed.default.is_some() && !filled.undecided.is_empty());
    let mut any = false;
    for (seed, filled) in waiting {
        if !std::mem::replace(&mut any, true) {
            let _ = writeln!(
                text,
                "\nUndecided: write an answer, or clear the column `{UNDECIDED}` to leave a value unmapped on purpose.\n\
                 An export works without, and lists them every time. In {}:",
                folder.strip_prefix(".").unwrap_or(folder).display()
            );
        }
        let _ = writeln!(text, "\n  {}: until then {}", seed.file, seed.unmapped);
        for one in filled.undecided.iter().take(SHOWN) {
            let rows = if one.rows == 1 { "row" } else { "rows" };
            let _ = writeln!(
                text,
                "  - `{}` ({} {rows}): {}",
                plain(&one.value),
                grouped(one.rows),
                plain(&one.hint)
            );
        }
        if filled.undecided.len() > SHOWN {
            let _ = writeln!(text, "  - and {} more", filled.undecided.len() - SHOWN);
        }
    }
    let off: Vec<&str> = seeds
        .iter()
        .filter(|(seed, filled)| seed.default.is_none() && !filled.undecided.is_empty())
        .map(|(seed, _)| seed.file)
        .collect();
    if !off.is_empty() {
        let _ = writeln!(text, "\nOptional, and off until a row has an answer: {}", off.join(", "));
    }
    text
}

/// Values shown per seed.
const SHOWN: usize = 8;

/// A value of the source as a terminal may show it.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// What to do next.
fn next(args: &InitArgs) -> String {
    let mut flags = String::new();
    if args.out != Path::new(".") {
        let _ = write!(flags, " --config {}", args.out.join(CONFIGURATION).display());
    }
    if args.source.sample {
        flags += " --sample";
        if args.out == Path::new(".") {
            let _ = write!(flags, " --config {CONFIGURATION}");
        }
    }
    format!("\nNext:\n  rosterpack doctor{flags}\n  rosterpack export{flags}\n")
}

fn say(paths: &[PathBuf], process: &mut Process<'_>) -> ExitCode {
    let bare = |path: &Path| path.strip_prefix(".").map_or_else(|_| path.to_owned(), Path::to_owned);
    let mut told = paths.iter().map(|path| writeln!(process.out, "{}", bare(path).display()));
    match told.all(|line| line.is_ok()) && process.out.flush().is_ok() {
        true => ExitCode::Published,
        false => {
            process.fault("cannot write the paths to standard output", "the files themselves are complete");
            ExitCode::Output
        }
    }
}

fn tell_folder(error: &FolderError, process: &mut Process<'_>) -> ExitCode {
    process.fault(error, error.help());
    ExitCode::Output
}

fn tell_seed(error: &CrosswalkError, process: &mut Process<'_>) -> ExitCode {
    process.fault(error, "mend the seed, and run again");
    ExitCode::Usage
}
