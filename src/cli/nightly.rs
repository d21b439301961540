//! A nightly run: `export --profile P` of a profile that has an archive.
//!
//! In: the flags of an export and its frozen run. Out: a package that was judged by the guard, kept in the archive and delivered
//! to every target, or held; one line on stdout, the hook of the outcome, an exit code. The package is built aside: what is
//! held or refused reaches no place that anybody reads. ADR 0048 says in which order, and what stands behind it.

pub mod ending;
pub mod failpoint;
pub mod profile;
pub mod resend;
pub mod steps;

use std::fs;
use std::path::PathBuf;

use self::ending::{Became, Ending};
use self::profile::{Profile, moment};
use super::export::{self, ExportArgs};
use super::report::Place;
use super::told;
use super::{ExitCode, Process, interrupt};
use crate::config::Run;
use crate::publish::archive::{self, Archive, ArchiveError, RunOutcome};
use crate::publish::guard::Release;
use crate::report::{self, Report};

/// Whether a run is one of a profile that is kept and delivered. One that says where to deliver and not where to keep is one
/// too: it is told so.
pub fn wanted(run: &Run) -> bool {
    run.profile.is_some() && (run.publish.archive.is_some() || !run.publish.deliver_to.is_empty())
}

/// Runs the night.
pub fn run(args: &ExportArgs, run: &Run, process: &mut Process<'_>) -> ExitCode {
    let profile = match Profile::of(run, process) {
        Ok(profile) => profile,
        Err(code) => return code,
    };
    let mut archive = match profile.open(process) {
        Ok(archive) => archive,
        Err((code, why)) => {
            return Ending::without(Became::Failed, code, vec![why]).tell(&profile, process);
        }
    };
    let ending = night(args, run, &profile, &mut archive, process);
    // A hook may take its time: the lock is not needed for it.
    drop(archive);
    ending.tell(&profile, process)
}

/// Everything that happens under the lock.
fn night(
    args: &ExportArgs,
    run: &Run,
    profile: &Profile,
    archive: &mut Archive<'_>,
    process: &mut Process<'_>,
) -> Ending {
    step(profile, failpoint::OPENED);
    let begun = (process.clock)().utc_milliseconds;
    let built = profile.folder.join("built");
    if let Err(error) = emptied(&built) {
        process.fault(
            format_args!("cannot make the folder {}: {error}", built.display()),
            "check the folder and its permissions",
        );
        return Ending::without(Became::Failed, ExitCode::Output, vec![error.to_string()]);
    }
    step(profile, failpoint::EMPTIED);
    if process.signals {
        interrupt::clear_up_on_signal(vec![built.clone()]);
    }
    let (result, told) = export(args, &aside(run, profile, archive, &built), process);
    step(profile, failpoint::BUILT);
    let mut described = archive::Run {
        when: moment(process),
        profile: profile.name.clone(),
        consumer: profile.consumer.clone(),
        outcome: RunOutcome::Failed,
        reasons: Vec::new(),
        package: String::new(),
        files: Default::default(),
        changes: Default::default(),
        configuration: String::new(),
        filters: steps::filters(run),
        personal_columns: Vec::new(),
        shape: steps::shape(run),
        duration_ms: u64::try_from((process.clock)().utc_milliseconds - begun).unwrap_or_default(),
        version: report::VERSION.to_owned(),
    };
    let finished = match result {
        Ok((report, code)) => {
            describe(&mut described, &report);
            let zip = report.packages.first().and_then(|package| package.zip.as_ref());
            match zip.map(|zip| PathBuf::from(&zip.path)) {
                Some(package) if code == ExitCode::Published => Ok((report, package)),
                _ => Err(code),
            }
        }
        Err(code) => Err(code),
    };
    let (report, package) = match finished {
        Ok(finished) => finished,
        Err(code) => return without(code, described, told, archive, process),
    };
    let ending = publish(run, report, &package, described, profile, archive, process);
    // The archive has it; nobody looks for it here.
    let _ = fs::remove_dir_all(&built);
    ending
}

/// A finished package on its way: judged, kept, sent.
fn publish(
    run: &Run,
    mut report: Report,
    package: &std::path::Path,
    mut described: archive::Run,
    profile: &Profile,
    archive: &mut Archive<'_>,
    process: &mut Process<'_>,
) -> Ending {
    let release = Release::default();
    let judged = match steps::judge(archive, profile, package, &described.shape, &release, process) {
        Ok(judged) => judged,
        Err(error) => {
            process.fault(&error, error.help());
            described.reasons = vec![error.to_string()];
            Default::default()
        }
    };
    step(profile, failpoint::JUDGED);
    for note in &judged.notes {
        process.note(format_args!("{}: {note}", profile.label()));
    }
    described.reasons.extend(judged.held.iter().map(ToString::to_string));
    let held = !described.reasons.is_empty();
    described.outcome = if held { RunOutcome::Held } else { RunOutcome::Passed };
    described.changes.clone_from(&judged.changes);
    let mut ending = Ending {
        files: described.files.clone(),
        changes: judged.changes,
        compared_with: judged.compared_with,
        reasons: described.reasons.clone(),
        ..Ending::without(Became::Held, ExitCode::Held, Vec::new())
    };
    let name = described.package.clone();
    // Where it was built nobody will find it.
    match archive.future(package, &described.when) {
        Ok(kept) => {
            let zips = report.packages.iter_mut().filter_map(|package| package.zip.as_mut());
            zips.for_each(|zip| zip.path = kept.display().to_string());
        }
        Err(error) => return broken(ending, &error, process),
    }
    let mut json = Vec::new();
    // A vector takes all that is written.
    let _ = report.json(&mut json);
    let id = match archive.store(package, Some(&json), described) {
        Ok(id) => id,
        Err(error) => return broken(ending, &error, process),
    };
    ending.package = Some(profile.folder.join(format!("packages/{id}.zip")).display().to_string());
    ending.id = Some(id.clone());
    step(profile, failpoint::STORED);
    if let Some(place) = Place::again(run) {
        // Told, and no reason to keep the package from anybody.
        let _ = place.save(&report, "the package itself is complete, and archived with its report", process);
    }
    if held {
        if !judged.held.is_empty() {
            steps::tell_held(profile, &judged.held, process);
        }
    } else {
        match steps::send(archive, profile, &id, &name, process) {
            Ok(targets) => ending = arrived(ending, targets),
            Err(error) => return broken(ending, &error, process),
        }
    }
    step(profile, failpoint::SENT);
    steps::retain(archive, profile, process);
    step(profile, failpoint::RETAINED);
    ending
}

/// Tells a test that a step of the night is reached; nothing depends on what it says.
fn step(profile: &Profile, name: &'static str) {
    let _ = profile.failpoint.reach(name);
}

/// The ending of a package that was sent.
pub fn arrived(ending: Ending, targets: Vec<ending::Reached>) -> Ending {
    let missed: Vec<String> = targets
        .iter()
        .filter_map(|reached| reached.error.as_ref().map(|error| format!("{}: {error}", reached.target)))
        .collect();
    let (became, code) = match missed.is_empty() {
        true => (Became::Delivered, ExitCode::Published),
        false => (Became::Undelivered, ExitCode::Delivery),
    };
    Ending { became, code, reasons: missed, targets, ..ending }
}

/// The ending of a night in which the archive could not do its work.
pub fn broken(ending: Ending, error: &ArchiveError, process: &mut Process<'_>) -> Ending {
    process.fault(error, error.help());
    Ending { became: Became::Failed, code: ExitCode::Output, reasons: vec![error.to_string()], ..ending }
}

/// A night without a package that could go anywhere.
fn without(
    code: ExitCode,
    mut described: archive::Run,
    told: Vec<String>,
    archive: &mut Archive<'_>,
    process: &mut Process<'_>,
) -> Ending {
    let refused = code == ExitCode::Refused;
    described.outcome = if refused { RunOutcome::Refused } else { RunOutcome::Failed };
    if described.reasons.is_empty() {
        described.reasons = told;
    }
    let reasons = described.reasons.clone();
    if let Err(error) = archive.note(described) {
        process.fault(&error, error.help());
    }
    Ending::without(if refused { Became::Refused } else { Became::Failed }, code, reasons)
}

/// The run as it is built: aside, and for the report compared with what was delivered last.
fn aside(run: &Run, profile: &Profile, archive: &Archive<'_>, built: &std::path::Path) -> Run {
    let mut run = Run { out: Some(built.to_owned()), ..run.clone() };
    if run.report.is_some() && run.compare_with.is_none() {
        let shape = steps::shape(&run);
        // What cannot be had is told by the guard.
        let last = steps::baselines(archive, profile).ok().and_then(|mut found| found.pop());
        run.compare_with = last.filter(|last| last.shape.as_ref() == Some(&shape)).map(|last| last.package);
    }
    run
}

type Exported = Result<(Report, ExitCode), ExitCode>;

/// Exports, and keeps the errors that were told.
fn export(args: &ExportArgs, run: &Run, process: &mut Process<'_>) -> (Exported, Vec<String>) {
    told::errors_of(process, |process| export::export(args, run, process))
}

/// What the log says of a run.
fn describe(described: &mut archive::Run, report: &Report) {
    described.reasons.clone_from(&report.refused);
    if let Some(provenance) = &report.provenance {
        described.configuration.clone_from(&provenance.configuration);
    }
    if let Some(package) = report.packages.first() {
        let files = package.files.iter();
        described.files = files.map(|file| (file.file.to_owned(), file.rows)).collect();
        let personal = package.personal.iter();
        described.personal_columns =
            personal.map(|column| format!("{}.{}", column.file, column.column)).collect();
        let stem =
            package.zip.as_ref().and_then(|zip| PathBuf::from(&zip.path).file_stem().map(ToOwned::to_owned));
        described.package = stem.map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    }
}

/// Makes a folder that is empty, in one that only its owner may enter.
fn emptied(folder: &std::path::Path) -> std::io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => fs::create_dir(folder),
    }
}
