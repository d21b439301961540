//! Where the report of an export goes, and which packages it compares: checked before any work begins.
//!
//! In: what `--report` and `--compare-with` say. Out: a [`Place`] that can be written, or why it cannot (exit code 7; a name that
//! the package has already, or one file for several packages: 2). A folder that was made for a report that never came goes again.

use std::fs;
use std::path::{Path, PathBuf};

use super::target::{self, Targets};
use super::{ExitCode, Process, interrupt};
use crate::config::Run;
use crate::report::{Report, save};
use crate::spec::Version;

/// A place that can be written.
#[derive(Debug)]
pub struct Place {
    path: PathBuf,
    made: bool,
}

impl Place {
    /// Checks the place of a report; `None` when the run has none. A folder is made when it is missing, for its owner alone.
    ///
    /// # Errors
    /// The fault has been told.
    pub fn check(
        run: &Run,
        targets: Option<&Targets>,
        process: &mut Process<'_>,
    ) -> Result<Option<Place>, ExitCode> {
        let Some(path) = run.report.clone() else { return Ok(None) };
        let taken = |file: &Path| {
            targets.is_some_and(|targets| targets.paths.values().any(|own| target::same_file(own, file)))
        };
        if save::files(&path).iter().chain([&path]).any(|file| taken(file)) {
            process.fault("--report names the same file as --out", "give the report a name of its own");
            return Err(ExitCode::Usage);
        }
        let place = match save::is_file(&path) || path.is_dir() {
            true => Place { path, made: false },
            false => {
                if path.exists() {
                    process.fault(
                        format_args!("cannot write the report to {}: it is no folder", path.display()),
                        "name a folder, or a file that ends with .json",
                    );
                    return Err(ExitCode::Output);
                }
                made(&path).map_err(|error| {
                    process.fault(
                        format_args!("cannot write the report to {}: {error}", path.display()),
                        "create the folder that it should be in, or name another one",
                    );
                    ExitCode::Output
                })?;
                Place { path, made: true }
            }
        };
        for file in save::files(&place.path) {
            target::check_file("the report", &file).map_err(|error| {
                process.fault(&error, error.help);
                ExitCode::Output
            })?;
        }
        Ok(Some(place))
    }

    /// The place of a report that was written already and has to say more now.
    pub fn again(run: &Run) -> Option<Place> {
        run.report.clone().map(|path| Place { path, made: false })
    }

    /// The folder in which its files are made.
    pub fn folder(&self) -> PathBuf {
        if save::is_file(&self.path) { target::parent(&self.path) } else { self.path.clone() }
    }

    /// Writes the report.
    ///
    /// # Errors
    /// The fault has been told; `after` says what it changes.
    pub fn save(&self, report: &Report, after: &str, process: &mut Process<'_>) -> Result<(), ExitCode> {
        save::save(report, &self.path, &interrupt::unfinished_prefix()).map_err(|error| {
            process.fault(format_args!("cannot write the report to {}: {error}", self.path.display()), after);
            ExitCode::Output
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.made {
            // Fails when the report is in it, which is how it should be.
            let _ = fs::remove_dir(&self.path);
        }
    }
}

/// Makes a folder that only its owner may look into: the report holds ids of children.
fn made(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Where the package that was delivered last is, by version.
///
/// # Errors
/// One file is named for several packages; the fault has been told.
pub fn last(
    run: &Run,
    process: &mut Process<'_>,
) -> Result<Option<impl Fn(Version) -> PathBuf + use<>>, ExitCode> {
    let Some(path) = run.compare_with.clone() else { return Ok(None) };
    let slash = path.as_os_str().to_string_lossy().ends_with(std::path::is_separator);
    let folder = slash || path.is_dir();
    if !folder && run.plan.editions.len() > 1 {
        process.fault(
            format_args!(
                "--compare-with names one file, {}, for {} packages",
                path.display(),
                run.plan.editions.len()
            ),
            "name the folder that holds the packages of last time, under the names that --out gives them",
        );
        return Err(ExitCode::Usage);
    }
    let plan = run.plan.clone();
    Ok(Some(move |version| match folder {
        true => path.join(plan.package_name(version)),
        false => path.clone(),
    }))
}
