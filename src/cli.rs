//! The command line: what can be said, and which verb answers.
//!
//! In: arguments, environment, today's date and the standard streams, all handed in by `main`. Out: an
//! [`ExitCode`]. stdout holds only what was asked for; everything else goes to stderr (design.md section 4).
//! One file per verb; this one knows no stage and no setting.

pub mod bucket;
pub mod completions;
pub mod deliver;
pub mod diff;
pub mod doctor;
pub mod exit;
pub mod explain;
pub mod export;
pub mod guard;
pub mod history;
pub mod host_key;
pub mod ids;
pub mod init;
pub mod interrupt;
pub mod log;
pub mod man;
mod memory;
pub mod nightly;
pub mod profiles;
pub mod release;
pub mod report;
pub mod sample;
pub mod shaping;
mod shard;
pub mod show_config;
pub mod snapshot;
pub mod source;
pub mod synth;
pub mod target;
pub mod tenants;
mod told;
pub mod validate;

use std::ffi::OsString;
use std::io::Write;

use clap::{Parser, Subcommand};

use crate::day::Day;
pub use exit::ExitCode;

/// What a user can say.
#[derive(Debug, Parser)]
#[command(
    name = "rosterpack",
    version = crate::report::VERSION,
    max_term_width = 100,
    about = "Reads an Ed-Fi ODS and publishes OneRoster packages that are closed and deterministic",
    after_help = "Try it: `rosterpack export --sample` exports a small invented district.\n\
                  Exit codes: 0 done, 1 refused, 2 usage, 3 source, 4 held, 5 delivery,\n\
                  6 locked, 7 output; see docs/reference/exit-codes.md."
)]
pub struct Cli {
    /// Standard error as text, or as json: an object a line [default: ROSTERPACK_LOG_FORMAT, else
    /// text]
    // Read by `log::asked` before all other arguments; declared here for those who ask and for clap.
    #[arg(long, global = true, value_name = "FORMAT", value_parser = ["text", "json"], hide_possible_values = true)]
    #[arg(help_heading = "How it runs")]
    pub log_format: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Write a first configuration from what an ODS contains; later, what is new in it
    Init(Box<init::InitArgs>),
    /// Read an ODS and write a OneRoster zip
    Export(Box<export::ExportArgs>),
    /// Say what became of a person, class, course, session or organization, and why
    Explain(Box<explain::ExplainArgs>),
    /// Write the table that leads from the ids of one scheme to those of another
    Ids(Box<ids::IdsArgs>),
    /// Check step by step what an export would meet, and what to do about it
    Doctor(Box<doctor::DoctorArgs>),
    /// Show every setting with its value and where that comes from
    ShowConfig(Box<show_config::ShowConfigArgs>),
    /// Show which tenants there are and where the ODS of each is
    Tenants(tenants::list::TenantsArgs),
    /// Write the tables that an export may read as extracts, to repeat a run offline
    Snapshot(Box<snapshot::SnapshotArgs>),
    /// Say whether a package may follow the one that was delivered last
    Guard(guard::GuardArgs),
    /// Send a package to a vendor's SFTP server or into a folder
    Deliver(Box<deliver::DeliverArgs>),
    /// Deliver the package of a profile that the guard holds, after naming what is gone
    Release(Box<release::ReleaseArgs>),
    /// Show the last runs of each profile: outcome, rows, changes
    History(history::HistoryArgs),
    /// Show the host keys of an SFTP server, and store them
    HostKey(host_key::HostKeyArgs),
    /// Show what is known of vendors: settings that follow from it, and what their packages must satisfy
    Profiles(profiles::ProfilesArgs),
    /// Judge packages of any vendor by the rules of OneRoster
    Validate(validate::ValidateArgs),
    /// Compare two packages: what is gone, new and changed, by file, school and column
    Diff(diff::DiffArgs),
    /// Invent a district family and write it as table extracts
    Synth(synth::SynthArgs),
    /// Write the script by which a shell completes what is typed
    #[command(hide = true)]
    Completions(completions::CompletionsArgs),
    /// Write the manual pages
    #[command(hide = true)]
    Man(man::ManArgs),
}

/// What the machine's clock says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Milliseconds since 1970-01-01 UTC.
    pub utc_milliseconds: i64,
    /// What local time is ahead of UTC, in minutes.
    pub offset_minutes: i32,
}

/// What the process has: handed in, so that nothing below `main` reaches for it.
pub struct Process<'a> {
    /// Environment variables.
    pub environment: Vec<(OsString, OsString)>,
    /// Today, for the default of `--as-of`.
    pub today: Day,
    /// The clock, for verbs that report on it; no package depends on it.
    pub clock: fn() -> Clock,
    /// Standard output.
    pub out: &'a mut dyn Write,
    /// Standard error.
    pub err: &'a mut dyn Write,
    /// Whether stderr is a terminal, which decides how progress is shown.
    pub terminal: bool,
    /// Whether signals may be handled: only the process itself can do that, once.
    pub signals: bool,
}

impl Process<'_> {
    /// Tells of a fault: what was tried and why it failed, and what to do. A broken stderr ends no run.
    pub fn fault(&mut self, what: impl std::fmt::Display, help: impl std::fmt::Display) {
        // The end of the queries is no fault of the source.
        if interrupt::is_under_way() {
            return;
        }
        let help = help.to_string();
        if log::is_json(&self.environment) {
            let help = Some(help).filter(|help| !help.is_empty());
            return self.say(&log::Record { help, ..log::Record::new("error", what) });
        }
        let _ = writeln!(self.err, "error: {what}");
        if !help.is_empty() {
            let _ = writeln!(self.err, "help: {help}");
        }
    }

    /// Tells of something worth knowing that ends no run.
    pub fn note(&mut self, what: impl std::fmt::Display) {
        if log::is_json(&self.environment) {
            return self.say(&log::Record::new("notice", what));
        }
        let _ = writeln!(self.err, "note: {what}");
    }

    /// Says whose lines the next ones are; a matter of JSON only, where every line has to name it.
    pub fn about(&mut self, about: log::About) {
        if log::is_json(&self.environment) {
            self.say(&log::Record { about: Some(about), ..log::Record::default() });
        }
    }

    /// Writes a record; for whoever has asked for JSON.
    fn say(&mut self, record: &log::Record) {
        // A broken stderr ends no run.
        let _ = self.err.write_all(log::framed(record).as_bytes());
    }
}

/// Parses the arguments (the first is the program's name) and does what they say.
pub fn run(arguments: impl IntoIterator<Item = OsString>, process: &mut Process<'_>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let code = match log::asked(&arguments, &process.environment) {
        Ok(log::LogFormat::Text) => run_verb(arguments, process),
        Ok(log::LogFormat::Json) => log::as_json(process, |process| run_verb(arguments, process)),
        Err((what, help)) => {
            process.fault(what, help);
            ExitCode::Usage
        }
    };
    interrupt::give_way();
    code
}

fn run_verb(arguments: Vec<OsString>, process: &mut Process<'_>) -> ExitCode {
    match Cli::try_parse_from(arguments) {
        Ok(cli) => match cli.verb {
            Verb::Init(args) => init::run(&args, process),
            Verb::Export(args) => export::run(&args, process),
            Verb::Explain(args) => explain::run(&args, process),
            Verb::Ids(args) => ids::run(&args, process),
            Verb::Doctor(args) => doctor::run(&args, process),
            Verb::ShowConfig(args) => show_config::run(&args, process),
            Verb::Tenants(args) => tenants::list::run(&args, process),
            Verb::Snapshot(args) => snapshot::run(&args, process),
            Verb::Guard(args) => guard::run(&args, process),
            Verb::Deliver(args) => deliver::run(&args, process),
            Verb::Release(args) => release::run(&args, process),
            Verb::History(args) => history::run(&args, process),
            Verb::HostKey(args) => host_key::run(&args, process),
            Verb::Profiles(args) => profiles::run(&args, process),
            Verb::Validate(args) => validate::run(&args, process),
            Verb::Diff(args) => diff::run(&args, process),
            Verb::Synth(args) => synth::run(&args, process),
            Verb::Completions(args) => completions::run(&args, process),
            Verb::Man(args) => man::run(&args, process),
        },
        Err(told) if told.use_stderr() => {
            // clap's messages begin with `error:` as ours do, and name what is accepted.
            let told = told.render().to_string();
            if log::is_json(&process.environment) {
                process.fault(told.trim_end().trim_start_matches("error: "), "");
            } else {
                let _ = write!(process.err, "{told}");
            }
            ExitCode::Usage
        }
        Err(asked) => match write!(process.out, "{}", asked.render()).and_then(|()| process.out.flush()) {
            Ok(()) => ExitCode::Published,
            Err(_) => ExitCode::Output,
        },
    }
}
