//! Where the packages go: checked before any work begins.
//!
//! In: what `--out` says, and the packages of a plan. Out: [`Targets`] that can be written, or why they cannot (exit
//! code 7; one file for several packages: 2). A run that reads an ODS for minutes must not find at its end that the
//! folder is read-only. Nothing is left behind by the check, and a folder that it made goes with a failed run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fs, io};

use crate::config::plan::Plan;
use crate::spec::Version;

/// Places that can be written.
#[derive(Debug)]
pub struct Targets {
    /// The packages, by version.
    pub paths: BTreeMap<Version, PathBuf>,
    /// The folder that they are in.
    pub folder: PathBuf,
    /// The folder as the runs of this process know it.
    place: PathBuf,
    /// Whether the packages are there, so that the folder stays.
    kept: bool,
}

/// Folders that runs of this process write to, once for each run that goes on, and those that were made for them. With several
/// tenants at once one that fails must not take the folder away from another that has nothing in it yet.
static FOLDERS: Mutex<Folders> = Mutex::new(Folders { used: Vec::new(), made: Vec::new() });

struct Folders {
    used: Vec<PathBuf>,
    made: Vec<PathBuf>,
}

impl Folders {
    fn locked() -> MutexGuard<'static, Folders> {
        FOLDERS.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a folder where it is missing, and notes that a run uses it.
    fn enter(folder: &Path, make: bool) -> io::Result<PathBuf> {
        let mut folders = Folders::locked();
        let made = if make { make_folders(folder)? } else { Vec::new() };
        let place = one_name(folder);
        folders.made.extend(made.iter().map(|folder| one_name(folder)));
        folders.used.push(place.clone());
        Ok(place)
    }

    /// A run is over. The last one in a folder that was made, and in which nothing is kept, takes it away.
    fn leave(place: &Path, kept: bool) {
        let mut folders = Folders::locked();
        if let Some(at) = folders.used.iter().position(|used| used == place) {
            folders.used.swap_remove(at);
        }
        let Folders { used, made } = &mut *folders;
        let mut mine: Vec<PathBuf> =
            place.ancestors().filter(|at| made.contains(&at.to_path_buf())).map(Path::to_owned).collect();
        mine.reverse();
        if !kept {
            let mut idle = mine.clone();
            idle.retain(|folder| !used.iter().any(|used| used.starts_with(folder)));
            remove_folders(&idle);
        }
        made.retain(|folder| !mine.contains(folder) || (!kept && folder.exists()));
    }
}

/// The name by which a folder is known, however it is spelled.
fn one_name(folder: &Path) -> PathBuf {
    fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned())
}

/// Why a place cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {what} to {}: {reason}", path.display())]
pub struct Unwritable {
    /// The package, or the report.
    what: &'static str,
    path: PathBuf,
    reason: String,
    /// What to do.
    pub help: &'static str,
}

/// Why there is no target.
#[derive(Debug, thiserror::Error)]
pub enum NoTarget {
    /// A place cannot be written.
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
    /// One file for several packages.
    #[error("--out names one file, {}, for {count} packages", path.display())]
    OneFile {
        /// The file.
        path: PathBuf,
        /// How many packages.
        count: usize,
    },
    /// One name for several packages.
    #[error("package_name calls {count} packages {name}")]
    OneName {
        /// The name.
        name: String,
        /// How many packages.
        count: usize,
    },
}

impl NoTarget {
    /// What to do.
    pub fn help(&self) -> &'static str {
        match self {
            NoTarget::Unwritable(error) => error.help,
            NoTarget::OneName { .. } => "write {version} into package_name, or export one version",
            NoTarget::OneFile { .. } => "name a folder: one that exists, or a path that ends with a slash",
        }
    }
}

impl Targets {
    /// Checks where the packages of a plan go. A folder either exists or ends with a slash; in the latter case it is
    /// made, with those above it that are missing. A file can only be one package.
    ///
    /// # Errors
    /// The folder is missing or cannot be written, something that is no file has a package's name, or a file is
    /// named for several packages.
    pub fn check(out: &Path, plan: &Plan) -> Result<Targets, NoTarget> {
        let what = "the package";
        let versions: Vec<Version> = plan.editions.iter().map(|edition| edition.version).collect();
        let slash = out.as_os_str().to_string_lossy().ends_with(std::path::is_separator);
        let (folder, paths): (PathBuf, BTreeMap<Version, PathBuf>) = if slash || out.is_dir() {
            let names: BTreeSet<String> =
                versions.iter().map(|version| plan.package_name(*version)).collect();
            if let Some(name) = names.first().filter(|_| names.len() < versions.len()) {
                return Err(NoTarget::OneName { name: name.clone(), count: versions.len() });
            }
            let named = versions.into_iter().map(|version| (version, out.join(plan.package_name(version))));
            (out.to_owned(), named.collect())
        } else if versions.len() > 1 {
            return Err(NoTarget::OneFile { path: out.to_owned(), count: versions.len() });
        } else {
            (parent(out), versions.into_iter().map(|version| (version, out.to_owned())).collect())
        };
        let make = slash || out.is_dir();
        let place = Folders::enter(&folder, make).map_err(|e| unwritable(what, out, &e))?;
        let targets = Targets { paths, folder, place, kept: false };
        for path in targets.paths.values() {
            writable(what, path, &targets.folder)?;
        }
        Ok(targets)
    }

    /// Where the package of a version goes.
    pub fn of(&self, version: Version) -> PathBuf {
        self.paths.get(&version).cloned().unwrap_or_default()
    }

    /// The packages are there: a folder that was made for them stays.
    pub fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for Targets {
    fn drop(&mut self) {
        Folders::leave(&self.place, self.kept);
    }
}

/// Makes a folder and those above it that are missing; which ones, from the outermost in.
///
/// # Errors
/// One of them cannot be made; those that were are gone again.
pub fn make_folders(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let missing = folder.ancestors().take_while(|at| !at.as_os_str().is_empty() && !at.exists());
    let mut missing: Vec<PathBuf> = missing.map(Path::to_owned).collect();
    missing.reverse();
    let mut made = Vec::new();
    for folder in missing {
        match fs::create_dir(&folder) {
            Ok(()) => made.push(folder),
            // Another run, of another profile, makes the same folders.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                remove_folders(&made);
                return Err(error);
            }
        }
    }
    Ok(made)
}

/// Removes folders that were made in vain.
pub fn remove_folders(made: &[PathBuf]) {
    for folder in made.iter().rev() {
        // Fails when something is in it, which is then not ours to remove.
        let _ = fs::remove_dir(folder);
    }
}

/// Checks that a file can be written.
///
/// # Errors
/// Its folder is missing or cannot be written, or something that is no file has its name.
pub fn check_file(what: &'static str, path: &Path) -> Result<(), Unwritable> {
    writable(what, path, &parent(path))
}

/// Checks that files can be written into a folder.
///
/// # Errors
/// It is missing, no folder, or cannot be written.
pub fn check_folder(what: &'static str, folder: &Path) -> Result<(), Unwritable> {
    tempfile::tempfile_in(folder).map(drop).map_err(|e| unwritable(what, folder, &e))
}

/// Whether two paths name one file in one folder, however they are spelled; neither need exist.
pub fn same_file(a: &Path, b: &Path) -> bool {
    let place = |path: &Path| Some((fs::canonicalize(parent(path)).ok()?, path.file_name()?.to_owned()));
    a == b || place(a).is_some_and(|a| place(b) == Some(a))
}

/// The folder that a file is in.
pub fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn writable(what: &'static str, path: &Path, folder: &Path) -> Result<(), Unwritable> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => {
            let reason = if found.is_dir() { "it is a folder" } else { "it is not a regular file" };
            let help = "name another file";
            return Err(Unwritable { what, path: path.to_owned(), reason: reason.into(), help });
        }
        _ => {}
    }
    // Writing is what proves that one can write: permissions, read-only mounts and quotas all speak up.
    tempfile::tempfile_in(folder).map(drop).map_err(|e| unwritable(what, path, &e))
}

fn unwritable(what: &'static str, path: &Path, error: &io::Error) -> Unwritable {
    let help = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            "create the folder that it should be in, or name another one"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space, or name another folder"
        }
        _ => "check the folder and its permissions, or name another one",
    };
    // The operating system's words, without the temporary name that tempfile adds to them.
    let reason =
        error.raw_os_error().map(io::Error::from_raw_os_error).map_or(error.to_string(), |e| e.to_string());
    Unwritable { what, path: path.to_owned(), reason, help }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Overrides;
    use crate::day::Day;

    const NAME: &str = "gbisd-2022-oneroster-v1p1.zip";

    fn plan(versions: &str) -> Plan {
        let mut overrides = Overrides::new();
        for (name, value) in [("tenant", "gbisd"), ("active_school_year", "2022"), ("oneroster", versions)] {
            overrides.flag(name, Some(value));
        }
        overrides.freeze(Day::at(0), &[]).unwrap().plan
    }

    fn check(out: &Path) -> Result<Targets, NoTarget> {
        Targets::check(out, &plan("1.1"))
    }

    fn entries(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn a_folder_gets_the_packages_name_and_a_file_its_own() {
        let temp = tempfile::tempdir().unwrap();
        assert_eq!(check(temp.path()).unwrap().of(Version::V1p1), temp.path().join(NAME));
        let file = temp.path().join("roster.zip");
        assert_eq!(check(&file).unwrap().of(Version::V1p1), file);
        fs::write(&file, "before").unwrap();
        assert_eq!(check(&file).unwrap().of(Version::V1p1), file);
        assert_eq!(fs::read(&file).unwrap(), b"before");
        assert_eq!(entries(temp.path()), 1);
    }

    #[test]
    fn several_packages_need_a_folder() {
        let temp = tempfile::tempdir().unwrap();
        let both = Targets::check(temp.path(), &plan("1.2,1.1")).unwrap();
        assert_eq!(both.of(Version::V1p1), temp.path().join(NAME));
        assert_eq!(both.of(Version::V1p2), temp.path().join("gbisd-2022-oneroster-v1p2.zip"));
        let file = temp.path().join("roster.zip");
        let told = Targets::check(&file, &plan("1.1,1.2")).unwrap_err();
        assert!(matches!(told, NoTarget::OneFile { count: 2, .. }), "{told}");
        assert_eq!(entries(temp.path()), 0);
        fs::create_dir(temp.path().join("gbisd-2022-oneroster-v1p2.zip")).unwrap();
        assert!(matches!(Targets::check(temp.path(), &plan("1.1,1.2")), Err(NoTarget::Unwritable(_))));
        assert!(Targets::check(temp.path(), &plan("1.1")).is_ok());
    }

    #[test]
    fn one_file_has_many_spellings() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir(temp.path().join("sub")).unwrap();
        let at = |path: &str| temp.path().join(path);
        for other in ["a.zip", "./a.zip", "sub/../a.zip"] {
            assert!(same_file(&at("a.zip"), &at(other)), "{other}");
        }
        for other in ["b.zip", "sub/a.zip", "gone/../a.zip"] {
            assert!(!same_file(&at("a.zip"), &at(other)), "{other}");
        }
        assert!(same_file(Path::new("a.zip"), Path::new("./a.zip")));
    }

    #[test]
    fn a_folder_that_was_made_goes_with_a_failed_run() {
        let temp = tempfile::tempdir().unwrap();
        for (path, outermost) in [("new/", "new"), ("packages/reading/north/", "packages")] {
            let (folder, outermost) = (temp.path().join(path), temp.path().join(outermost));
            drop(check(&folder).unwrap());
            assert!(!outermost.exists());
            let mut target = check(&folder).unwrap();
            target.keep();
            drop(target);
            assert!(folder.exists());
        }
        // What somebody else has put beside it stays.
        let (there, below) = (temp.path().join("packages"), temp.path().join("packages/other/"));
        drop(check(&below).unwrap());
        assert!(there.exists() && !below.exists());
    }

    #[test]
    fn a_run_that_fails_leaves_the_folder_to_those_that_still_go_on() {
        let temp = tempfile::tempdir().unwrap();
        let (outer, first, second) = (
            temp.path().join("packages"),
            temp.path().join("packages/a/"),
            temp.path().join("packages/./b/"),
        );
        let (one, two) = (check(&first).unwrap(), check(&first).unwrap());
        let mut other = check(&second).unwrap();
        drop(one);
        assert!(first.exists(), "another run writes there");
        drop(two);
        assert!(!first.exists() && second.exists());
        fs::write(other.of(Version::V1p1), "x").unwrap();
        other.keep();
        drop(other);
        assert!(second.exists());
        // The last one takes what the first one made.
        fs::remove_dir_all(&outer).unwrap();
        let (one, two) = (check(&first).unwrap(), check(&second).unwrap());
        drop(one);
        assert!(outer.exists());
        drop(two);
        assert!(!outer.exists());
    }

    #[test]
    fn what_cannot_be_written_is_found_at_once() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("file");
        fs::write(&file, "x").unwrap();
        for (out, reason) in [
            (temp.path().join("missing/roster.zip"), "No such file or directory"),
            (file.join("roster.zip"), "Not a directory"),
            (PathBuf::from("/dev/null"), "not a regular file"),
            (PathBuf::from("/proc/"), "No such file or directory"),
        ] {
            let told = check(&out).unwrap_err();
            assert!(told.to_string().contains(reason), "{told}");
            assert!(!told.to_string().contains("at path"), "{told}");
        }
        let folder = temp.path().join(NAME);
        fs::create_dir(&folder).unwrap();
        assert!(check(temp.path()).unwrap_err().to_string().contains("it is a folder"));
        assert!(check_file("the report", temp.path()).is_err());
        check_folder("the tables", temp.path()).unwrap();
        for out in [temp.path().join("missing"), file] {
            let told = check_folder("the tables", &out).unwrap_err().to_string();
            assert!(told.starts_with("cannot write the tables to "), "{told}");
        }
    }
}
