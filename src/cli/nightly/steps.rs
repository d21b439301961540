//! The steps that a night and a release share: judging a package by what was delivered, sending it, telling of both.
//!
//! In: an open archive and a profile. Out: what was found, in the words of the log. Nothing is decided here.

use std::collections::BTreeMap;
use std::path::Path;

use super::ending::Reached;
use super::profile::{Profile, moment, variable};
use crate::cli::{Process, target};
use crate::config::Run;
use crate::config::settings::{SETTINGS, Standing};
use crate::publish::archive::{Archive, ArchiveError, Delivered, Moment, Moved};
use crate::publish::delivery;
use crate::publish::guard::{self, Baseline, GuardError, Reason, Release, Shape, Verdict};

/// A package as the guard sees it.
#[derive(Debug, Default)]
pub struct Judged {
    /// Why it must not be delivered; nothing when it may.
    pub held: Vec<Reason>,
    /// What would have held it but for the release.
    pub released: Vec<Reason>,
    /// What else is worth knowing: that there was nothing to compare with, and why.
    pub notes: Vec<String>,
    /// What changed since the last delivery; nothing when nothing was compared.
    pub changes: BTreeMap<String, Moved>,
    /// The packages that it was compared with.
    pub compared_with: Vec<String>,
}

/// The guard could not judge.
#[derive(Debug, thiserror::Error)]
pub enum Unjudged {
    /// What was delivered cannot be had.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// It cannot be compared.
    #[error(transparent)]
    Guard(#[from] GuardError),
}

impl Unjudged {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Unjudged::Archive(error) => error.help(),
            Unjudged::Guard(_) => "look at both packages: what cannot be compared is not delivered",
        }
    }
}

/// What the packages of a run must have in common with the last one to be compared with it: version, id scheme, filters.
pub fn shape(run: &Run) -> Shape {
    let mut shape = Shape::default();
    let versions = run.plan.editions.iter().map(|edition| edition.version.label());
    shape.0.insert("version".into(), versions.collect::<Vec<_>>().join(","));
    shape.0.insert("id_scheme".into(), run.plan.mapping.id_scheme.word().into());
    shape.0.extend(filters(run));
    shape
}

/// What narrows the packages of a run, by setting; what is at its default does not.
pub fn filters(run: &Run) -> BTreeMap<String, String> {
    let usual = |name: &str| {
        SETTINGS.iter().any(|setting| {
            let standing = run.choices.iter().find(|choice| choice.setting == name);
            name.strip_prefix(setting.section).and_then(|rest| rest.strip_prefix('.')) == Some(setting.name)
                && matches!(setting.default, Standing::Value(value) if standing.is_some_and(|s| s.value == value))
        })
    };
    let chosen = run.choices.iter().filter(|choice| choice.setting.starts_with("scope."));
    let chosen = chosen.filter(|choice| !usual(&choice.setting));
    chosen.map(|choice| (choice.setting.clone(), choice.value.clone())).collect()
}

/// What was delivered last to the targets of a profile; when none of them ever got anything, what anybody got last.
///
/// # Errors
/// [`ArchiveError`].
pub fn baselines(archive: &Archive<'_>, profile: &Profile) -> Result<Vec<Delivered>, ArchiveError> {
    let labels = profile.labels();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let found = archive.baselines(&labels)?;
    if !found.is_empty() {
        return Ok(found);
    }
    // An address that was written anew must not make a first run of it.
    let mut anybody = archive.baselines(&archive.reached())?;
    anybody.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(anybody.pop().into_iter().collect())
}

/// Judges a package by everything that was delivered last.
///
/// # Errors
/// [`Unjudged`]; nothing may then be delivered.
pub fn judge(
    archive: &Archive<'_>,
    profile: &Profile,
    package: &Path,
    shape: &Shape,
    release: &Release,
    process: &Process<'_>,
) -> Result<Judged, Unjudged> {
    let mut judged = Judged::default();
    let newer = Baseline { package, shape };
    let mut take = |last: Option<&Delivered>| -> Result<(), Unjudged> {
        let baseline = last.map(|last| Baseline {
            package: &last.package,
            // A run that died before it could say is taken for one of the same kind: that is the stricter choice.
            shape: last.shape.as_ref().unwrap_or(shape),
        });
        let found = guard::judge(newer, baseline, &profile.guard, process.today, release)?;
        match found.verdict {
            Verdict::Hold(reasons) => {
                judged
                    .held
                    .extend(reasons.into_iter().filter(|r| !judged.held.contains(r)).collect::<Vec<_>>());
            }
            Verdict::NoBaseline => {
                judged.notes.push("nothing was delivered before: nothing was compared".into())
            }
            Verdict::Reset(differences) => judged.notes.push(format!(
                "what was delivered last is of another kind ({}): nothing was compared",
                differences.join("; ")
            )),
            Verdict::Pass => {}
        }
        judged.released.extend(found.released);
        if let (Some(comparison), Some(last)) = (found.comparison, last) {
            judged.compared_with.push(last.id.clone());
            let files = comparison.files.iter();
            judged.changes = files
                .map(|file| {
                    let moved = Moved { removed: file.total.removed, added: file.total.added };
                    (file.file.name().to_owned(), moved)
                })
                .collect();
        }
        Ok(())
    };
    let delivered = baselines(archive, profile)?;
    for last in &delivered {
        take(Some(last))?;
    }
    if delivered.is_empty() {
        take(None)?;
    }
    Ok(judged)
}

/// Sends a package to all targets and tells of those that did not get it.
///
/// # Errors
/// The archive could not keep its log; told by the caller.
pub fn send(
    archive: &mut Archive<'_>,
    profile: &Profile,
    id: &str,
    package: &str,
    process: &mut Process<'_>,
) -> Result<Vec<Reached>, ArchiveError> {
    if let Some(out) = &profile.out {
        // That it cannot be made is told by the delivery, which does not find it.
        let _ = target::make_folders(out);
    }
    let variables = process.environment.clone();
    let clock = process.clock;
    let now = move || Moment::of_utc_milliseconds(clock().utc_milliseconds);
    let sent = delivery::send(
        archive,
        id,
        &profile.targets,
        &profile.values(package),
        &|name| variable(&variables, name),
        profile.failpoint,
        &now,
    )?;
    let reached = sent.into_iter().map(|sent| {
        let error = sent.outcome.err().map(|error| {
            process.fault(format_args!("{}: {error}", sent.target), error.help());
            error.to_string()
        });
        Reached { target: sent.target, error }
    });
    Ok(reached.collect())
}

/// Removes what has been kept long enough. That it cannot changes nothing about the night.
pub fn retain(archive: &mut Archive<'_>, profile: &Profile, process: &mut Process<'_>) {
    let labels = profile.labels();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    if let Err(error) = archive.retain(profile.keep, &labels, &moment(process)) {
        process.fault(&error, error.help());
    }
}

/// The words that release exactly what is held.
pub fn expectations(held: &[Reason]) -> String {
    let mut words: Vec<String> = Vec::new();
    for reason in held {
        let word = format!("--expect {}", reason.expectation());
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(" ")
}

/// Tells why a package is held, and what releases it.
pub fn tell_held(profile: &Profile, held: &[Reason], process: &mut Process<'_>) {
    for reason in held {
        process.fault(reason, "");
    }
    process.fault(
        format_args!("{}: the package is held; nothing was delivered", profile.label()),
        format_args!(
            "look why they are gone; if that is right: rosterpack release --profile {} --tenant {} {}",
            profile.name,
            profile.tenant,
            expectations(held)
        ),
    );
}
