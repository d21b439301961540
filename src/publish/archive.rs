//! The archive of a profile: every package with its report, and the audit log.
//!
//! In: a finished package, its report and what its maker says about the run. Out: a copy under an id that never
//! changes, a line in the log, what was delivered last to whom, and the same bytes again whenever they are asked for.
//! Opening it takes the folder's lock and repairs what a killed run left. It delivers nothing and judges nothing.
//!
//! ```text
//! FOLDER/lock                     who works here
//! FOLDER/audit.jsonl              one line per event, appended, never rewritten
//! FOLDER/packages/ID.zip          a package; ID is its moment and the beginning of its SHA-256
//! FOLDER/packages/ID.json         its report
//! ```
//!
//! A package is in the archive once it has its name; its line follows. What was delivered last is derived from the
//! log alone, so there is no second truth that could differ. ADR 0025 has the order of steps and why it survives.

mod audit;
mod moment;
mod retention;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub use self::audit::{Event, Moved, Run, RunOutcome};
pub use self::moment::Moment;
pub use self::retention::Retention;
use super::durable::{self, Failpoint, Sum, Sweep};
use super::guard::Shape;
use super::lock::{Holder, Lock, LockError};

/// Why the archive could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Another run works in it, or its lock cannot be had.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The system refused something.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was being done.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no package with this id.
    #[error("the archive {} has no package {id}", folder.display())]
    Missing {
        /// The archive.
        folder: PathBuf,
        /// The id.
        id: String,
    },
    /// A package is not what the log says it was.
    #[error("the package {} has changed since it was archived: its SHA-256 is {found}, the audit log says {logged}", path.display())]
    Altered {
        /// The package.
        path: PathBuf,
        /// Its sum now.
        found: String,
        /// Its sum then.
        logged: String,
    },
}

impl ArchiveError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            ArchiveError::Lock(LockError::Held { .. }) => {
                "wait for the other run, or look why it takes so long"
            }
            ArchiveError::Io { source, .. } if source.kind() == io::ErrorKind::InvalidData => {
                "somebody has edited the log: restore it from a backup, or move it aside and keep it for auditors"
            }
            ArchiveError::Io { source, .. }
                if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) =>
            {
                "free space on that disk, or keep fewer packages; running again is safe"
            }
            ArchiveError::Lock(_) | ArchiveError::Io { .. } => {
                "check the folder and its permissions; running again is safe"
            }
            ArchiveError::Missing { .. } => {
                "the audit log says which packages there are and which were removed"
            }
            ArchiveError::Altered { .. } => "restore it from a backup, or build the package again",
        }
    }
}

/// What the log knows about a package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Known {
    sha256: String,
    shape: Option<Shape>,
}

/// A package that was delivered, as a baseline for the guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Its id.
    pub id: String,
    /// Its file.
    pub package: PathBuf,
    /// Its shape; `None` when its run died before it could say.
    pub shape: Option<Shape>,
    /// The targets that have it as the last one.
    pub targets: BTreeSet<String>,
}

/// An archive that is open: this process holds its lock.
pub struct Archive<'f> {
    folder: PathBuf,
    failpoint: &'f dyn Failpoint,
    events: Vec<Event>,
    known: BTreeMap<String, Known>,
    /// Last delivered package per target.
    last: BTreeMap<String, String>,
    lock: Lock,
}

const LOG: &str = "audit.jsonl";

impl<'f> Archive<'f> {
    /// Opens the archive in this folder, which is made if it is missing: takes its lock, sweeps what a killed run left
    /// unfinished, cuts a torn line off the log and gives lines to packages that have none.
    ///
    /// # Errors
    /// [`ArchiveError`]; [`LockError::Held`] when another run works in it.
    pub fn open(
        folder: &Path,
        holder: &Holder,
        now: &Moment,
        failpoint: &'f dyn Failpoint,
    ) -> Result<Archive<'f>, ArchiveError> {
        let packages = folder.join("packages");
        durable::private_folder(&packages).map_err(failed("make the folder", &packages))?;
        durable::private_folder(folder).map_err(failed("close to others the folder", folder))?;
        let lock = Lock::take(folder, holder)?;
        let sweep = || -> io::Result<()> {
            failpoint.reach("sweep")?;
            durable::sweep(folder, Sweep::Others)?;
            durable::sweep(&packages, Sweep::Others).map(drop)
        };
        sweep().map_err(failed("sweep", folder))?;
        let mut archive = Archive {
            folder: folder.to_owned(),
            failpoint,
            events: Vec::new(),
            known: BTreeMap::new(),
            last: BTreeMap::new(),
            lock,
        };
        archive.recover(now)?;
        Ok(archive)
    }

    fn recover(&mut self, now: &Moment) -> Result<(), ArchiveError> {
        let log = self.log();
        let reading = audit::read(&log).map_err(failed("read the audit log", &log))?;
        reading.events.into_iter().for_each(|event| self.learn(event));
        if reading.torn > 0 {
            self.failpoint.reach("heal").map_err(failed("mend the audit log", &log))?;
            audit::cut(&log, reading.whole).map_err(failed("mend the audit log", &log))?;
            self.append(Event::Healed { when: now.clone(), cut: reading.torn })?;
        }
        let (zips, reports) = self.stored()?;
        for id in &zips {
            if !self.known.contains_key(id) {
                let path = self.place(id, "zip");
                let Sum { bytes, sha256 } = durable::sum_of(&path).map_err(failed("read", &path))?;
                self.append(Event::Recovered { when: now.clone(), id: id.clone(), bytes, sha256 })?;
            }
        }
        // A report comes before its package and goes behind it: alone it is half of something that did not happen.
        for id in reports.difference(&zips) {
            let path = self.place(id, "json");
            self.failpoint
                .reach("remove-report")
                .and_then(|()| fs::remove_file(&path))
                .map_err(failed("remove", &path))?;
        }
        Ok(())
    }

    /// A holder of the lock who died, if the last one did.
    pub fn died(&self) -> Option<&Holder> {
        self.lock.died.as_ref()
    }

    /// Every event so far, oldest first.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The file that a package will be when it is taken in next: for a report that must name it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn future(&self, package: &Path, when: &Moment) -> Result<PathBuf, ArchiveError> {
        let sum = durable::sum_of(package).map_err(failed("read", package))?;
        Ok(self.place(&self.free_id(when, &sum.sha256), "zip"))
    }

    /// Takes a package in, with its report, and writes the line of its run. Returns its id.
    ///
    /// # Errors
    /// [`ArchiveError`]; the archive then holds what it held, or the whole package, which the next opening will find.
    pub fn store(&mut self, package: &Path, report: Option<&[u8]>, run: Run) -> Result<String, ArchiveError> {
        let packages = self.folder.join("packages");
        let sum = durable::sum_of(package).map_err(failed("read", package))?;
        let id = self.free_id(&run.when, &sum.sha256);
        let reported = |report: &[u8]| {
            durable::replace(&packages, &format!("{id}.json"), 0o600, self.failpoint, |file| {
                file.write_all(report)?;
                Ok(Sum { bytes: report.len() as u64, sha256: String::new() })
            })
        };
        report
            .map_or(Ok(()), |report| reported(report).map(drop))
            .map_err(failed("archive the report in", &packages))?;
        let copied = durable::replace(&packages, &format!("{id}.zip"), 0o600, self.failpoint, |file| {
            let copied = durable::copy_summed(&mut fs::File::open(package)?, file)?;
            // Whoever writes to a finished package while it is archived must not get it delivered.
            if copied == sum { Ok(copied) } else { Err(io::Error::other("it changed while it was read")) }
        })
        .map_err(failed("archive", package))?;
        self.append(Event::Run {
            id: Some(id.clone()),
            bytes: Some(copied.bytes),
            sha256: Some(copied.sha256),
            run: Box::new(run),
        })?;
        Ok(id)
    }

    /// Writes the line of a run that made no package.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn note(&mut self, run: Run) -> Result<(), ArchiveError> {
        self.append(Event::Run { id: None, bytes: None, sha256: None, run: Box::new(run) })
    }

    /// Writes that a held package was released with these counts.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn released(
        &mut self,
        when: &Moment,
        id: &str,
        expected: BTreeMap<String, u64>,
    ) -> Result<(), ArchiveError> {
        self.append(Event::Released { when: when.clone(), id: id.to_owned(), expected })
    }

    /// Writes that a package is about to be sent. To be called before the first byte leaves.
    ///
    /// # Errors
    /// [`ArchiveError`]; the package must then not be sent, because nobody would know.
    pub fn sending(&mut self, when: &Moment, id: &str, target: &str) -> Result<(), ArchiveError> {
        self.append(Event::Sending { when: when.clone(), id: id.to_owned(), target: target.to_owned() })
    }

    /// Writes that a package arrived; from now on it is what its target has.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn delivered(
        &mut self,
        when: &Moment,
        id: &str,
        target: &str,
        bytes: u64,
        attempts: u32,
    ) -> Result<(), ArchiveError> {
        let (when, id, target) = (when.clone(), id.to_owned(), target.to_owned());
        self.append(Event::Delivered { when, id, target, bytes, attempts })
    }

    /// Writes that a package did not arrive.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn undelivered(
        &mut self,
        when: &Moment,
        id: &str,
        target: &str,
        reason: &str,
    ) -> Result<(), ArchiveError> {
        let (when, id, target) = (when.clone(), id.to_owned(), target.to_owned());
        self.append(Event::Undelivered { when, id, target, reason: reason.to_owned() })
    }

    /// The package with this id, byte for byte as it was archived.
    ///
    /// # Errors
    /// [`ArchiveError::Missing`], or [`ArchiveError::Altered`] when it is not what the log says.
    pub fn package(&self, id: &str) -> Result<PathBuf, ArchiveError> {
        let missing = || ArchiveError::Missing { folder: self.folder.clone(), id: id.to_owned() };
        let known = self.known.get(id).ok_or_else(missing)?;
        let path = self.place(id, "zip");
        match durable::sum_of(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(missing()),
            Err(error) => Err(failed("read", &path)(error)),
            Ok(sum) if sum.sha256 == known.sha256 => Ok(path),
            Ok(sum) => Err(ArchiveError::Altered { path, found: sum.sha256, logged: known.sha256.clone() }),
        }
    }

    /// What was delivered last to each of these targets: the baselines that a new package must pass. Empty when none of
    /// them ever received anything.
    ///
    /// # Errors
    /// [`ArchiveError`] when one of them cannot be had any more: without it nothing can be compared, so that a release,
    /// not silence, must lead on.
    pub fn baselines(&self, targets: &[&str]) -> Result<Vec<Delivered>, ArchiveError> {
        let mut by_id: BTreeMap<&String, BTreeSet<String>> = BTreeMap::new();
        for target in targets {
            if let Some(id) = self.last.get(*target) {
                by_id.entry(id).or_default().insert((*target).to_owned());
            }
        }
        let found = by_id.into_iter().map(|(id, targets)| {
            let package = self.package(id)?;
            let shape = self.known.get(id).and_then(|known| known.shape.clone());
            Ok(Delivered { id: id.clone(), package, shape, targets })
        });
        found.collect()
    }

    /// Everybody who ever got a package.
    pub fn reached(&self) -> Vec<&str> {
        self.last.keys().map(String::as_str).collect()
    }

    /// The newest package, whether it was delivered or not.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn newest(&self) -> Result<Option<String>, ArchiveError> {
        Ok(self.stored()?.0.pop_last())
    }

    /// Removes packages that are too many or too old on this day, with their reports. What was delivered last to one
    /// of these targets, or to anybody, and the newest one stay. Returns the ids that went.
    ///
    /// # Errors
    /// [`ArchiveError`]; running again goes on where it ended.
    pub fn retain(
        &mut self,
        keep: Retention,
        targets: &[&str],
        now: &Moment,
    ) -> Result<Vec<String>, ArchiveError> {
        let (zips, _) = self.stored()?;
        let mut protected: BTreeSet<&String> = targets.iter().filter_map(|t| self.last.get(*t)).collect();
        protected.extend(self.last.values().max());
        let going: Vec<String> = retention::going(&zips, keep, now.day())
            .into_iter()
            .filter(|id| !protected.contains(id))
            .collect();
        for id in &going {
            // The line first: a package that is gone without a line would be a loss, the reverse is only repeated.
            self.append(Event::Removed { when: now.clone(), id: id.clone() })?;
            for kind in ["zip", "json"] {
                let path = self.place(id, kind);
                let removed = self.failpoint.reach("remove").and_then(|()| fs::remove_file(&path));
                match removed {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(failed("remove", &path)(error));
                    }
                    _ => {}
                }
            }
        }
        Ok(going)
    }

    /// Ids of packages and of reports on the disk.
    fn stored(&self) -> Result<(BTreeSet<String>, BTreeSet<String>), ArchiveError> {
        let packages = self.folder.join("packages");
        let (mut zips, mut reports) = (BTreeSet::new(), BTreeSet::new());
        let entries = fs::read_dir(&packages).map_err(failed("read the folder", &packages))?;
        for entry in entries {
            let name = entry.map_err(failed("read the folder", &packages))?.file_name();
            let Some((id, kind)) = name.to_str().and_then(|name| name.rsplit_once('.')) else { continue };
            match kind {
                _ if retention::day(id).is_none() => {}
                "zip" => drop(zips.insert(id.to_owned())),
                "json" => drop(reports.insert(id.to_owned())),
                _ => {}
            }
        }
        Ok((zips, reports))
    }

    /// An id that no package has or had.
    fn free_id(&self, when: &Moment, sha256: &str) -> String {
        let stem = format!("{}-{}", when.compact(), sha256.get(..8).unwrap_or(sha256));
        let taken = |id: &str| self.known.contains_key(id) || self.place(id, "zip").exists();
        let numbered = (2..).map(|n: u32| format!("{stem}-{n}"));
        std::iter::once(stem.clone()).chain(numbered).find(|id| !taken(id)).unwrap_or(stem)
    }

    fn place(&self, id: &str, kind: &str) -> PathBuf {
        self.folder.join("packages").join(format!("{id}.{kind}"))
    }

    fn log(&self) -> PathBuf {
        self.folder.join(LOG)
    }

    fn append(&mut self, event: Event) -> Result<(), ArchiveError> {
        let log = self.log();
        let write = || {
            let line = serde_json::to_string(&event).map_err(io::Error::other)?;
            durable::append_line(&log, &line, self.failpoint)
        };
        write().map_err(failed("write to the audit log", &log))?;
        self.learn(event);
        Ok(())
    }

    fn learn(&mut self, event: Event) {
        match &event {
            Event::Run { id: Some(id), sha256: Some(sha256), run, .. } => {
                let known = Known { sha256: sha256.clone(), shape: Some(run.shape.clone()) };
                self.known.insert(id.clone(), known);
            }
            Event::Recovered { id, sha256, .. } => {
                self.known.insert(id.clone(), Known { sha256: sha256.clone(), shape: None });
            }
            Event::Delivered { id, target, .. } => {
                self.last.insert(target.clone(), id.clone());
            }
            _ => {}
        }
        self.events.push(event);
    }
}

/// Reads the log of an archive without its lock, while another run may be writing: a line that is not whole yet does
/// not count.
///
/// # Errors
/// [`ArchiveError::Io`].
pub fn history(folder: &Path) -> Result<Vec<Event>, ArchiveError> {
    let log = folder.join(LOG);
    audit::read(&log).map(|reading| reading.events).map_err(failed("read the audit log", &log))
}

fn failed<'a>(what: &'static str, path: &'a Path) -> impl Fn(io::Error) -> ArchiveError + 'a {
    move |source| ArchiveError::Io { what, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
