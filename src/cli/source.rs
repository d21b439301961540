//! Where an ODS is read from: the flags that every reading verb shares, and how they become an open source.
//!
//! In: [`SourceArgs`], the frozen run. Out: an [`Opened`] source, or a fault that has been told, with its exit
//! code. A faulty address or password setting is a fault of the configuration (2); whatever the place itself
//! refuses is a fault of the source (3).

pub(super) mod admin;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::log::{self, About, JsonLines};
use super::{ExitCode, Process, sample};
use crate::config::connection::Connection;
use crate::config::{Overrides, Run};
use crate::edfi::SchemaError;
use crate::edfi_admin::InstanceError;
use crate::pipeline::{self, NoSchoolYear};
use crate::report::progress::{Bars, Lines, Progress, Silent, Watch};
use crate::source::dump::DumpSource;
use crate::source::postgres::{
    ConnectionError, ConnectionSettings, Options, PasswordSources, PostgresSource, Retry, Snapshot,
};
use crate::source::{Source, SourceError};
use crate::synth::source::{SpecError, SynthSource};
use admin::Found;
pub use admin::Way;

/// Flags of every verb that reads an ODS. Values are text: the table of settings parses them.
#[derive(Debug, Clone, Default, Args)]
pub struct SourceArgs {
    /// Where the ODS is: a folder of table extracts, postgres://user@host/database, or synth:students=1000
    #[arg(long, value_name = "DIR|ADDRESS")]
    pub source: Option<String>,
    /// The embedded sample district: needs no other flag
    #[arg(long, conflicts_with = "source")]
    pub sample: bool,
    /// Ed-Fi data standard of the source, such as 5.2 [default: detected from the tables]
    #[arg(long, value_name = "VERSION", help_heading = "How a database is read")]
    pub data_standard: Option<String>,
    /// Connections at once [default: 2]
    #[arg(long, value_name = "N", help_heading = "How a database is read")]
    pub connections: Option<String>,
    /// All connections see one moment; off for poolers and replicas that refuse it [default: on]
    #[arg(long, value_name = "on|off", help_heading = "How a database is read")]
    pub snapshot: Option<String>,
    /// TLS: disable, prefer, require, verify-ca or verify-full [default: what the address says, else prefer]
    #[arg(long, value_name = "MODE", help_heading = "How a database is read")]
    pub ssl_mode: Option<String>,
    /// Certificate authorities that may vouch for the server
    #[arg(long, value_name = "FILE", help_heading = "How a database is read")]
    pub ssl_root_cert: Option<String>,
    /// Certificate by which this client proves who it is
    #[arg(long, value_name = "FILE", help_heading = "How a database is read")]
    pub ssl_cert: Option<String>,
    /// Key of that certificate
    #[arg(long, value_name = "FILE", help_heading = "How a database is read")]
    pub ssl_key: Option<String>,
}

impl SourceArgs {
    /// Puts the flags, and the facts of the sample, into the layers.
    pub fn apply(&self, overrides: &mut Overrides) {
        if self.sample {
            for (name, value) in sample::FACTS {
                overrides.sample(name, value);
            }
        }
        for (name, value) in [
            ("place", &self.source),
            ("data_standard", &self.data_standard),
            ("connections", &self.connections),
            ("shared_snapshot", &self.snapshot),
            ("ssl_mode", &self.ssl_mode),
            ("ssl_root_cert", &self.ssl_root_cert),
            ("ssl_cert", &self.ssl_cert),
            ("ssl_key", &self.ssl_key),
        ] {
            overrides.flag(name, value.as_deref());
        }
    }
}

/// A source of any kind.
pub enum Opened {
    /// A folder of extracts, or the embedded sample.
    Extracts(DumpSource),
    /// A database, and how EdFi_Admin led to it.
    Postgres(Box<PostgresSource>, Option<Way>),
    /// Nowhere: its rows are invented while they are read.
    Invented(Box<SynthSource>),
}

impl Opened {
    /// The source behind it.
    pub fn source(&self) -> &dyn Source {
        match self {
            Opened::Extracts(source) => source,
            Opened::Postgres(source, _) => source.as_ref(),
            Opened::Invented(source) => source.as_ref(),
        }
    }

    /// Says what an open source cannot promise.
    pub fn warn(&self, process: &mut Process<'_>) {
        let Opened::Postgres(source, way) = self else { return };
        if let Some(missing) = way.as_ref().and_then(Way::missing) {
            process.note(missing);
        }
        if !source.consistent() {
            process.note(
                "without a shared snapshot the tables may show different moments: what is written while they are read can be missing or dangle. One connection (--connections 1) would see one moment",
            );
        }
    }
}

/// Why a source could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address or a setting of the connection is wrong.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// EdFi_Admin leads to no ODS.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// What shall be invented cannot be.
    #[error(transparent)]
    Invented(#[from] SpecError),
    /// The place refuses.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// Opens the source that the run names. The environment is asked for a database's password.
///
/// # Errors
/// [`OpenError`]; no message repeats a password.
pub fn open(args: &SourceArgs, run: &Run, environment: &[(OsString, OsString)]) -> Result<Opened, OpenError> {
    if args.sample {
        return Ok(Opened::Extracts(sample::open()?));
    }
    if let Some(admin) = &run.admin {
        let Found { settings, remark, way } = admin::find(admin, run, environment)?;
        let source = PostgresSource::open(&settings, remark, &options(run))?;
        return Ok(Opened::Postgres(Box::new(source), Some(way)));
    }
    let place = run.place.as_deref().unwrap_or_default();
    if ConnectionSettings::looks_like(place) {
        return Ok(Opened::Postgres(Box::new(postgres(place, run, environment)?), None));
    }
    if SynthSource::looks_like(place) {
        return Ok(Opened::Invented(Box::new(SynthSource::from_spec(place)?)));
    }
    if place.contains("://") {
        // The address may hold a password: it is not repeated.
        return Err(OpenError::Source(SourceError::Place {
            place: "a database".into(),
            reason: "the address is none of PostgreSQL".into(),
            remedy: "Write postgres://user@host/database, or name a folder of table extracts".into(),
        }));
    }
    Ok(Opened::Extracts(DumpSource::open(Path::new(place))?))
}

/// Finds the school year of a run that leaves it to the source, and says which it is.
///
/// # Errors
/// The exit code of what has been told.
pub fn settle_year(opened: &Opened, run: &mut Run, process: &mut Process<'_>) -> Result<(), ExitCode> {
    let Some(rollover_days) = run.auto_year else { return Ok(()) };
    let found = pipeline::current_year(opened.source(), &run.plan, rollover_days);
    match found.map_err(|error| tell(&error, process))? {
        Ok(chosen) => {
            let how = match chosen.begun {
                true => "has begun".to_owned(),
                false => format!("begins within {rollover_days} days"),
            };
            process.note(format_args!(
                "school year {}, the latest with sections that {how}, on {}",
                chosen.year, chosen.begin
            ));
            run.plan.school_year = chosen.year;
            run.auto_year = None;
            Ok(())
        }
        Err(error) => {
            let code = if error == NoSchoolYear::Empty { ExitCode::Source } else { ExitCode::Usage };
            let help = match error {
                NoSchoolYear::EmptyChoice => "look at leas, schools and what excludes them",
                _ => "name the school year, or raise rollover_days",
            };
            process.fault(error, help);
            Err(code)
        }
    }
}

/// Whether the run names a database and no folder.
pub fn names_a_database(run: &Run) -> bool {
    run.admin.is_some() || run.place.as_deref().is_some_and(ConnectionSettings::looks_like)
}

fn postgres(
    address: &str,
    run: &Run,
    environment: &[(OsString, OsString)],
) -> Result<PostgresSource, OpenError> {
    let (settings, remark) = connection(address, run, environment)?;
    Ok(PostgresSource::open(&settings, remark, &options(run))?)
}

/// What it takes to reach a database, its password included, and what is to be said of the password if the server
/// refuses it.
pub(super) fn connection(
    address: &str,
    run: &Run,
    environment: &[(OsString, OsString)],
) -> Result<(ConnectionSettings, Option<String>), ConnectionError> {
    let mut settings = address_of(address, run.place_may_hold_password, run)?;
    let sources = PasswordSources {
        file: run.connection.password_file.clone(),
        command: run.connection.password_command.clone(),
    };
    let variable = variable(environment);
    let (password, remark) = sources.find(&settings, &variable)?;
    settings.password = password;
    Ok((settings, remark))
}

/// An address with what the settings demand of every connection.
fn address_of(
    address: &str,
    may_hold_password: bool,
    run: &Run,
) -> Result<ConnectionSettings, ConnectionError> {
    let Connection { ssl_mode, ssl_root_cert, ssl_cert, ssl_key, .. } = &run.connection;
    let path = |path: &Option<PathBuf>| path.as_ref().map(|p| p.display().to_string());
    let further = [
        ("sslmode", ssl_mode.map(str::to_owned)),
        ("sslrootcert", path(ssl_root_cert)),
        ("sslcert", path(ssl_cert)),
        ("sslkey", path(ssl_key)),
    ];
    let further: Vec<(&str, &str)> =
        further.iter().filter_map(|(key, value)| Some((*key, value.as_deref()?))).collect();
    ConnectionSettings::parse_with(address, may_hold_password, &further)
}

/// Looks a variable up.
fn variable(environment: &[(OsString, OsString)]) -> impl Fn(&str) -> Option<String> + '_ {
    |name| {
        let (_, value) = environment.iter().find(|(known, _)| known == name)?;
        value.to_str().map(str::to_owned)
    }
}

/// How a database is talked to.
pub(super) fn options(run: &Run) -> Options {
    Options {
        connections: run.connection.connections,
        snapshot: if run.connection.shared_snapshot { Snapshot::Shared } else { Snapshot::Off },
        statement_timeout: run.connection.statement_timeout,
        lock_timeout: run.connection.lock_timeout,
        retry: Retry {
            attempts: run.connection.attempts,
            first: run.connection.first_wait,
            ..Retry::default()
        },
        ..Options::default()
    }
}

/// Tells why a source could not be opened, and gives the exit code.
pub fn tell_open(error: &OpenError, process: &mut Process<'_>) -> ExitCode {
    match error {
        OpenError::Source(error) => tell(error, process),
        // The message says what to do.
        error => {
            process.fault(error, "");
            code_of(error)
        }
    }
}

/// The exit code of a source that could not be opened.
pub(super) fn code_of(error: &OpenError) -> ExitCode {
    match error {
        OpenError::Instance(error) if !error.is_configuration() => ExitCode::Source,
        OpenError::Connection(_) | OpenError::Invented(_) | OpenError::Instance(_) => ExitCode::Usage,
        OpenError::Source(error) => help_of(error).1,
    }
}

/// A place as it may be shown: a database without role and password.
pub(super) fn shown(place: &str, run: &Run) -> Result<String, ConnectionError> {
    match ConnectionSettings::looks_like(place) {
        true => Ok(address_of(place, run.place_may_hold_password, run)?.place()),
        false => Ok(place.to_owned()),
    }
}

/// Tells of a source that cannot be read. Where the message itself says what to do, no more is added.
pub fn tell(error: &SourceError, process: &mut Process<'_>) -> ExitCode {
    let (help, code) = help_of(error);
    process.fault(error, help);
    code
}

fn help_of(error: &SourceError) -> (&'static str, ExitCode) {
    match error {
        SourceError::Schema(SchemaError::UnknownStandard { .. }) => ("", ExitCode::Usage),
        SourceError::Place { .. } | SourceError::Schema(_) => ("", ExitCode::Source),
        SourceError::File { .. } => {
            ("check that the file is complete and readable, and extract it again if not", ExitCode::Source)
        }
        SourceError::Content { .. } => (
            "extract the table again; a partial roster is worse than none, so nothing was skipped",
            ExitCode::Source,
        ),
        // The message says what to do.
        SourceError::Scratch { .. } => ("", ExitCode::Output),
        SourceError::Capacity(_) => ("narrow the run with --lea or --school", ExitCode::Source),
    }
}

/// How progress is shown: nothing, bars on a terminal, else a line a stage, which says whose it is if it is JSON.
pub fn progress(quiet: bool, about: About, process: &Process<'_>) -> Box<dyn Progress> {
    let clock = process.clock;
    let watch: Watch =
        Box::new(move || Duration::from_millis(u64::try_from(clock().utc_milliseconds).unwrap_or(0)));
    match (quiet, process.terminal) {
        (true, _) => Box::new(Silent),
        (false, true) => Box::new(Bars::new()),
        (false, false) if log::is_json(&process.environment) => {
            Box::new(Lines::new(JsonLines::new(std::io::stderr(), clock, about), watch))
        }
        (false, false) => Box::new(Lines::new(std::io::stderr(), watch)),
    }
}
