//! `rosterpack doctor`: from the configuration to a checklist and an exit code.
//!
//! In: [`DoctorArgs`] and the process. Out: the checklist on stdout, line by line while it is made, or one JSON
//! document; exit code 0 when nothing fails, else that of the first failure: 2 configuration, 3 source, 7 output.

use std::path::{Path, PathBuf};

use clap::Args;

use super::shaping::ShapingArgs;
use super::source::{self, OpenError, Opened, Way};
use super::target::{self, NoTarget, Targets};
use super::{Clock, ExitCode, Process, export, interrupt};
use crate::config::Run;
use crate::crosswalk::Crosswalks;
use crate::doctor::{self, Check, Examination, Given, Outcome, Size, Subject, World, server, text};

/// Flags of `doctor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rosterpack doctor --sample
  rosterpack doctor --source postgres://reader@db/EdFi_Ods_2025 --school-year 2025 \\
      --seeds seeds --out packages/
  rosterpack doctor --source extracts --json

Exit code 0 when no line fails, else that of the first failure: 2 configuration, 3 source, 7 output.
With the flags and the environment of an export it looks at what that export would meet.")]
pub struct DoctorArgs {
    /// The export that is looked at; without a school year, the latest that has sections, with a warning
    #[command(flatten)]
    pub shaping: ShapingArgs,
    /// Where a package would go
    #[arg(long, value_name = "DIR|FILE")]
    pub out: Option<String>,
    /// One JSON document (docs/reference/doctor.schema.json) in place of lines
    #[arg(long)]
    pub json: bool,
}

/// Runs the verb.
pub fn run(args: &DoctorArgs, process: &mut Process<'_>) -> ExitCode {
    if process.signals {
        interrupt::clear_up_on_signal(Vec::new());
    }
    let mut overrides = args.shaping.overrides(process.environment.iter().cloned());
    overrides.flag("out", args.out.as_deref());
    let has_year = overrides.has("active_school_year");
    overrides.stand_in("tenant", "doctor");
    overrides.stand_in("active_school_year", "2000");
    // Whoever asks what is wrong does not want to wait for what may come up later.
    overrides.stand_in("connect_attempts", "1");
    let demanded: &[&str] = if args.shaping.source.sample { &[] } else { &["place"] };
    let run = match overrides.freeze(process.today, demanded) {
        Ok(run) => run,
        Err(faults) => {
            for fault in faults {
                process.fault(&fault, fault.help());
            }
            return ExitCode::Usage;
        }
    };
    if let Some(threads) = run.threads {
        // Fails only when the pool is there already, which happens in tests alone: the checks are the same.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    }
    let mut written = true;
    let (checks, place, year) = {
        let Process { environment, out, clock, .. } = process;
        let mut tell = |check: &Check| {
            // Whoever wants it quiet still wants to know what is wrong.
            if !args.json && (!args.shaping.quiet || check.outcome >= Outcome::Warn) {
                written &= out.write_all(text::lines(check).as_bytes()).and_then(|()| out.flush()).is_ok();
            }
        };
        let mut exam = Examination::new(&mut tell);
        let given = match run.auto_year {
            Some(rollover_days) => Given::Auto { as_of: run.plan.as_of, rollover_days },
            None if has_year => Given::Year(run.plan.school_year),
            None => Given::Nothing,
        };
        let patient = Patient { args, run: &run, given, environment, clock: *clock };
        let (place, year) = patient.examine(&mut exam);
        (exam.checks(), place, year)
    };
    let code = exit_code(&checks);
    let last = if args.json {
        let document = text::Document {
            rosterpack: env!("CARGO_PKG_VERSION"),
            source: place.as_deref(),
            school_year: year,
            as_of: run.plan.as_of.to_string(),
            exit_code: code.number(),
            checks: &checks,
        };
        document.json().unwrap_or_default()
    } else if args.shaping.quiet {
        String::new()
    } else {
        text::summary(&checks)
    };
    written &= process.out.write_all(last.as_bytes()).and_then(|()| process.out.flush()).is_ok();
    match written {
        true => code,
        false => {
            process.fault("cannot write the checklist to standard output", "");
            ExitCode::Output
        }
    }
}

/// The exit code of the first failure.
fn exit_code(checks: &[Check]) -> ExitCode {
    let first = checks.iter().find(|check| check.outcome == Outcome::Fail);
    match first.map(|check| check.world) {
        None => ExitCode::Published,
        Some(Some(World::Configuration)) => ExitCode::Usage,
        Some(Some(World::Output)) => ExitCode::Output,
        Some(Some(World::Source) | None) => ExitCode::Source,
    }
}

/// What is examined.
struct Patient<'a> {
    args: &'a DoctorArgs,
    run: &'a Run,
    given: Given,
    environment: &'a [(std::ffi::OsString, std::ffi::OsString)],
    clock: fn() -> Clock,
}

impl Patient<'_> {
    /// All steps in the order in which an export would meet their failures. Gives the place and the school year.
    fn examine(&self, exam: &mut Examination<'_>) -> (Option<String>, Option<i16>) {
        let crosswalks = doctor::seeds(Crosswalks::load(self.run.seeds.as_deref()), exam);
        let folder = self.output(exam);
        let subject = Subject { plan: &self.run.plan, year: self.given, crosswalks: crosswalks.as_ref() };
        let opened = source::open(&self.args.shaping.source, self.run, self.environment);
        let now = (self.clock)();
        let (place, year, size) = match &opened {
            Ok(opened) => {
                let source = opened.source();
                let place = source.catalog().place.clone();
                match opened {
                    Opened::Extracts(_) => {
                        let found = format!("{place}: {} tables", source.catalog().tables.len());
                        exam.add(Check::new("reachable", Outcome::Ok, found));
                        exam.skip(doctor::SERVER, "extracts have no server");
                        exam.skip(&["snapshot"], "whether extracts show one moment depends on who made them");
                    }
                    Opened::Postgres(database, way) => {
                        let told = |way: &Way| way.missing().unwrap_or_else(|| way.to_string());
                        let way = way.as_ref().map(|way| format!(", {}", told(way))).unwrap_or_default();
                        exam.add(Check::new("reachable", Outcome::Ok, format!("{place}{way}")));
                        server::examine(database, exam);
                    }
                    Opened::Invented(_) => {
                        exam.add(Check::new("reachable", Outcome::Ok, format!("{place}: invented rows")));
                        exam.skip(doctor::SERVER, "invented rows have no server");
                        exam.skip(&["snapshot"], "invented rows never change");
                    }
                }
                let (year, size) = doctor::examine(source, &subject, exam);
                (Some(place), year, size)
            }
            Err(error) => {
                self.refused(error, exam);
                exam.skip(doctor::CATALOG, "the source is not open");
                exam.skip(doctor::ROWS, "the source is not open");
                (None, None, None)
            }
        };
        let machine = machine(now);
        match &opened {
            Ok(Opened::Postgres(database, _)) => {
                exam.add(server::clock(database, now.utc_milliseconds, &machine))
            }
            _ => exam.add(Check::new("clock", Outcome::Ok, machine)),
        }
        let year_looked_at = year.unwrap_or(self.run.plan.school_year);
        exam.add(self.as_of(year.is_some() || matches!(self.given, Given::Year(_)), year_looked_at));
        self.space(folder.as_deref(), size, exam);
        (place, year)
    }

    /// Whether the packages can be written; gives the folder that they go to.
    fn output(&self, exam: &mut Examination<'_>) -> Option<PathBuf> {
        let Some(out) = &self.run.out else {
            exam.skip(&["output"], "no --out is given");
            return None;
        };
        match Targets::check(out, &self.run.plan) {
            Ok(targets) => {
                let found = format!("{} can be written", targets.folder.display());
                exam.add(Check::new("output", Outcome::Ok, found));
                // A folder that was made for the test is gone again; the one that it was in has the same disk.
                Some(targets.folder.clone())
            }
            Err(error) => {
                let world = match error {
                    NoTarget::Unwritable(_) => World::Output,
                    NoTarget::OneFile { .. } | NoTarget::OneName { .. } => World::Configuration,
                };
                exam.add(Check::fail("output", world, error.to_string()).advice(sentence(error.help())));
                None
            }
        }
    }

    fn refused(&self, error: &OpenError, exam: &mut Examination<'_>) {
        match error {
            OpenError::Connection(error) => {
                exam.add(Check::fail("reachable", World::Configuration, error.to_string()));
                exam.skip(doctor::SERVER, "the address or the password cannot be used");
                exam.skip(&["snapshot"], "the address or the password cannot be used");
            }
            OpenError::Instance(error) => {
                let world = if error.is_configuration() { World::Configuration } else { World::Source };
                exam.add(Check::fail("reachable", world, error.to_string()));
                exam.skip(doctor::SERVER, "EdFi_Admin leads to no ODS");
                exam.skip(&["snapshot"], "EdFi_Admin leads to no ODS");
            }
            OpenError::Invented(error) => {
                exam.add(Check::fail("reachable", World::Configuration, error.to_string()));
                exam.skip(doctor::SERVER, "what shall be invented cannot be");
                exam.skip(&["snapshot"], "what shall be invented cannot be");
            }
            OpenError::Source(error) if source::names_a_database(self.run) => server::refused(error, exam),
            OpenError::Source(error) => {
                exam.add(Check::fail("reachable", World::Source, error.to_string()));
                exam.skip(doctor::SERVER, "extracts have no server");
                exam.skip(&["snapshot"], "whether extracts show one moment depends on who made them");
            }
        }
    }

    /// Whether the as-of date lies in the school year.
    fn as_of(&self, year_known: bool, year: i16) -> Check {
        let as_of = self.run.plan.as_of;
        let today = if self.run.as_of_is_today { ", which is today" } else { "" };
        let found = format!("a package would be true on {as_of}{today}");
        match year_known && export::outside_of_year(as_of, year) {
            true => Check::new("as-of", Outcome::Warn, format!("{found}, outside of school year {year}"))
                .advice("What has ended by then is left out. Name the day with --as-of."),
            false => Check::new("as-of", Outcome::Ok, found),
        }
    }

    fn space(&self, folder: Option<&Path>, size: Option<Size>, exam: &mut Examination<'_>) {
        let there = folder.map(|folder| match folder.exists() {
            true => folder.to_owned(),
            false => target::parent(folder),
        });
        let packages = self.run.plan.editions.len() as u64;
        let size =
            size.map(|size| Size { users: size.users * packages, enrollments: size.enrollments * packages });
        match there {
            Some(folder) => exam.add(doctor::disk_space(&folder, size)),
            None if self.run.out.is_none() => exam.skip(&["disk-space"], "no --out is given"),
            None => exam.skip(&["disk-space"], "the output cannot be written"),
        }
    }
}

/// A half sentence as a sentence.
fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

/// The machine's clock in words: `2024-10-01 08:00 UTC+02:00`.
fn machine(clock: Clock) -> String {
    let offset = i64::from(clock.offset_minutes);
    let minutes = clock.utc_milliseconds.div_euclid(60_000) + offset;
    // Days are counted from 2000-01-01, which is 10,957 days after 1970-01-01.
    let day = i32::try_from(minutes.div_euclid(1440) - 10_957)
        .map(crate::day::Day::at)
        .unwrap_or(crate::day::Day::at(0));
    let of_day = minutes.rem_euclid(1440);
    let sign = if offset < 0 { '-' } else { '+' };
    format!(
        "this machine says {day} {:02}:{:02} UTC{sign}{:02}:{:02}",
        of_day / 60,
        of_day % 60,
        offset.abs() / 60,
        offset.abs() % 60
    )
}
