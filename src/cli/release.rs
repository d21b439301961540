//! `rosterpack release`: delivers the package that the guard holds, after somebody has named what is gone.
//!
//! In: a profile and the numbers that were looked at. Out: the same as a nightly run that passes. The package is judged again
//! with these numbers as a ceiling: if more is missing than was named, it stays held (exit code 4).

use std::collections::BTreeMap;

use clap::Args;

use super::guard::{Expectation, expectation};
use super::nightly::ending::{Became, Ending};
use super::nightly::profile::moment;
use super::nightly::resend::{self, Found, Standing};
use super::nightly::steps;
use super::shaping::FileArgs;
use super::{ExitCode, Process};
use crate::publish::guard::Release;

/// Flags of `release`.
#[derive(Debug, Args)]
#[command(after_help = "\
The numbers are a ceiling, and they count once: the newest package is judged again, and if
more is missing than was named, it stays held. The run that held it printed the line that
releases exactly that.

Examples:
  rosterpack release --profile reading --tenant north --expect users=120
  rosterpack release --profile reading --tenant north --expect blackout")]
pub struct ReleaseArgs {
    /// The profile
    #[command(flatten)]
    pub file: FileArgs,
    /// Tenant of the configuration file
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
    /// So many ids of a file, or of one school in it, are expected to be gone; `blackout` delivers on a day on which nothing is; may be repeated
    #[arg(long, value_name = "FILE[@SCHOOL]=N", value_parser = expected)]
    pub expect: Vec<Expected>,
}

/// What somebody expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Ids that are gone.
    Gone(Expectation),
    /// A day on which nothing is delivered.
    Blackout,
}

fn expected(text: &str) -> Result<Expected, String> {
    match text {
        "blackout" => Ok(Expected::Blackout),
        text => expectation(text).map(Expected::Gone),
    }
}

/// Runs the verb.
pub fn run(args: &ReleaseArgs, process: &mut Process<'_>) -> ExitCode {
    if args.file.profile.is_none() {
        process.fault("no profile is named", "name the profile whose package is held: --profile NAME");
        return ExitCode::Usage;
    }
    let found = match resend::open(&args.file, args.tenant.as_deref(), None, process) {
        Ok(found) => found,
        Err(code) => return code,
    };
    if found.standing == Standing::Passed {
        process.fault(
            format_args!(
                "{}: nothing is held: the newest package, {}, may be delivered",
                found.profile.label(),
                found.id
            ),
            format_args!(
                "to send it again: rosterpack deliver --profile {} --tenant {}",
                found.profile.name, found.profile.tenant
            ),
        );
        return ExitCode::Usage;
    }
    judged(args, found, process)
}

/// Judges the held package once more, and delivers it if no more is gone than was named.
fn judged(args: &ReleaseArgs, mut found: Found, process: &mut Process<'_>) -> ExitCode {
    let mut release = Release::default();
    let mut named = BTreeMap::new();
    for expected in &args.expect {
        match expected {
            Expected::Blackout => {
                release.blackout = true;
                named.insert("blackout".to_owned(), 0);
            }
            Expected::Gone((file, school, count)) => {
                let place = school.as_ref().map_or(file.to_string(), |school| format!("{file}@{school}"));
                named.insert(place, *count);
                release.removed.insert((*file, school.clone()), *count);
            }
        }
    }
    let (profile, archive) = (&found.profile, &mut found.archive);
    let run = found.run.as_ref();
    let shape = run.map(|run| run.shape.clone()).or_else(|| {
        // One that could not say is taken for one of the kind that was delivered: that is the stricter choice.
        steps::baselines(archive, profile).ok()?.pop()?.shape
    });
    let shape = shape.unwrap_or_default();
    let judged = match archive.package(&found.id) {
        Ok(package) => steps::judge(archive, profile, &package, &shape, &release, process),
        Err(error) => Err(error.into()),
    };
    let judged = match judged {
        Ok(judged) => judged,
        Err(error) => {
            process.fault(&error, error.help());
            return ExitCode::Held;
        }
    };
    for note in &judged.notes {
        process.note(format_args!("{}: {note}", profile.label()));
    }
    for reason in &judged.released {
        process.note(format_args!("released: {reason}"));
    }
    let mut ending = Ending {
        id: Some(found.id.clone()),
        files: run.map(|run| run.files.clone()).unwrap_or_default(),
        changes: judged.changes,
        compared_with: judged.compared_with,
        ..Ending::without(Became::Held, ExitCode::Held, Vec::new())
    };
    if !judged.held.is_empty() {
        steps::tell_held(profile, &judged.held, process);
        ending.reasons = judged.held.iter().map(ToString::to_string).collect();
        drop(found.archive);
        return ending.tell(&found.profile, process);
    }
    if let Err(error) = archive.released(&moment(process), &found.id, named) {
        process.fault(&error, error.help());
        return ExitCode::Output;
    }
    resend::send(found, ending, process)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::File;

    #[test]
    fn expectations_are_those_of_the_guard_and_blackout() {
        assert_eq!(expected("blackout").unwrap(), Expected::Blackout);
        assert_eq!(expected("users=120").unwrap(), Expected::Gone((File::Users, None, 120)));
        assert!(expected("user=1").is_err());
    }
}
