//! What happens to a package that lies in the archive of a profile: found, sent again.
//!
//! In: which profile, tenant and package. Out: an open archive with the package and what the log says of it
//! ([`open`]); and `deliver --profile`, which sends the same bytes to the targets of the profile, as long as the guard let
//! them pass or somebody released them.

use super::ending::{Became, Ending};
use super::profile::Profile;
use super::{arrived, broken, steps};
use crate::cli::log::About;
use crate::cli::shaping::FileArgs;
use crate::cli::{ExitCode, Process};
use crate::config::{Overrides, Run};
use crate::publish::archive::{self, Archive, Event, RunOutcome};

/// What may happen to a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may be sent.
    Passed,
    /// The guard holds it.
    Held,
    /// Its run died before the guard had spoken.
    Unjudged,
}

/// A package that lies in an archive.
pub struct Found {
    /// Its profile.
    pub profile: Profile,
    /// The archive, whose lock is ours.
    pub archive: Archive<'static>,
    /// Its id.
    pub id: String,
    /// The line of its run; `None` when that died before it could write one.
    pub run: Option<archive::Run>,
    /// What may happen to it.
    pub standing: Standing,
}

/// The configuration of a verb that reads no ODS.
///
/// # Errors
/// The faults have been told.
pub fn configured(file: &FileArgs, tenant: Option<&str>, process: &mut Process<'_>) -> Result<Run, ExitCode> {
    let mut overrides = Overrides::new();
    overrides.environment(process.environment.iter().cloned());
    overrides.flag("tenant", tenant);
    file.apply(false, &process.environment, &mut overrides);
    // The package has its year in its name already.
    overrides.stand_in("active_school_year", "2000");
    overrides.freeze(process.today, &["tenant"]).map_err(|faults| {
        for fault in faults {
            process.fault(&fault, fault.help());
        }
        ExitCode::Usage
    })
}

/// Opens the archive of a profile and finds a package in it, the newest if none is named.
///
/// # Errors
/// The fault has been told.
pub fn open(
    file: &FileArgs,
    tenant: Option<&str>,
    id: Option<&str>,
    process: &mut Process<'_>,
) -> Result<Found, ExitCode> {
    let run = configured(file, tenant, process)?;
    process.about(About::of(&run));
    let profile = Profile::of(&run, process)?;
    if !profile.folder.is_dir() {
        process.fault(
            format_args!("{}: there is no archive {}", profile.label(), profile.folder.display()),
            format_args!("rosterpack export --profile {} makes it", profile.name),
        );
        return Err(ExitCode::Usage);
    }
    let archive = profile.open(process).map_err(|(code, _)| code)?;
    let Some(id) = id.map(str::to_owned).or_else(|| newest(archive.events())) else {
        process.fault(
            format_args!("{}: the archive has no package", profile.label()),
            format_args!("rosterpack export --profile {} makes one", profile.name),
        );
        return Err(ExitCode::Usage);
    };
    let (run, standing) = standing(archive.events(), &id);
    Ok(Found { profile, archive, id, run, standing })
}

/// The package that was taken in last. The log knows the order also of two that came within a second.
fn newest(events: &[Event]) -> Option<String> {
    events.iter().rev().find_map(|event| match event {
        Event::Run { id: Some(id), .. } | Event::Recovered { id, .. } => Some(id.clone()),
        _ => None,
    })
}

/// What the log says of a package.
pub fn standing(events: &[Event], id: &str) -> (Option<archive::Run>, Standing) {
    let mut found = (None, Standing::Unjudged);
    for event in events {
        match event {
            Event::Run { id: Some(of), run, .. } if of == id => {
                let passed = run.outcome == RunOutcome::Passed;
                found = (Some((**run).clone()), if passed { Standing::Passed } else { Standing::Held });
            }
            Event::Released { id: of, .. } if of == id => found.1 = Standing::Passed,
            _ => {}
        }
    }
    found
}

/// Sends the package that was found to every target of its profile, and ends the run.
pub fn send(mut found: Found, ending: Ending, process: &mut Process<'_>) -> ExitCode {
    let name = match &found.run {
        Some(run) if !run.package.is_empty() => run.package.clone(),
        _ => found.id.clone(),
    };
    let path = found.archive.package(&found.id).map(|path| path.display().to_string());
    let sent = path.and_then(|path| {
        let targets = steps::send(&mut found.archive, &found.profile, &found.id, &name, process)?;
        Ok((path, targets))
    });
    let ending = match sent {
        Ok((path, targets)) => Ending { package: Some(path), ..arrived(ending, targets) },
        Err(error) => broken(ending, &error, process),
    };
    if ending.became == Became::Undelivered {
        process.note(format_args!("the package is kept: {}", found.id));
    }
    drop(found.archive);
    ending.tell(&found.profile, process)
}

/// Runs `deliver --profile`.
pub fn run(file: &FileArgs, tenant: Option<&str>, id: Option<&str>, process: &mut Process<'_>) -> ExitCode {
    let found = match open(file, tenant, id, process) {
        Ok(found) => found,
        Err(code) => return code,
    };
    if found.standing != Standing::Passed {
        let why = match found.standing {
            Standing::Unjudged => "its run ended before the guard had judged it",
            _ => "the guard holds it",
        };
        process.fault(
            format_args!("{}: {} is not delivered: {why}", found.profile.label(), found.id),
            format_args!(
                "rosterpack release --profile {} --tenant {}",
                found.profile.name, found.profile.tenant
            ),
        );
        return ExitCode::Held;
    }
    let run = found.run.as_ref();
    let ending = Ending {
        id: Some(found.id.clone()),
        files: run.map(|run| run.files.clone()).unwrap_or_default(),
        changes: run.map(|run| run.changes.clone()).unwrap_or_default(),
        compared_with: Vec::new(),
        ..Ending::without(Became::Delivered, ExitCode::Published, Vec::new())
    };
    send(found, ending, process)
}
