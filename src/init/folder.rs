//! What `init` writes: a configuration and a folder of seeds, both or neither, and never over anything.
//!
//! In: a folder, texts. Out: files. Everything is written into an unfinished folder first and gets its name at the end;
//! dropped before that, nothing is left. Seeds that are extended are replaced one by one, each whole, when all are written.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

/// The configuration.
pub const CONFIGURATION: &str = "rosterpack.toml";
/// The folder of seeds.
pub const SEEDS: &str = "seeds";

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Something is there.
    #[error("{} is there already, and init overwrites nothing", path.display())]
    Exists {
        /// What.
        path: PathBuf,
    },
    /// It cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// What.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
}

impl FolderError {
    /// What to do.
    pub fn help(&self) -> &'static str {
        match self {
            FolderError::Exists { .. } => {
                "name another folder with --out or move it away; `rosterpack init --update-seeds` adds what is new to the seeds that are there"
            }
            FolderError::Write { .. } => {
                "check the folder, its permissions and its free space, or name another one with --out"
            }
        }
    }
}

/// A folder that is to get a configuration and seeds.
#[derive(Debug)]
pub struct Destination {
    folder: PathBuf,
    unfinished: TempDir,
}

impl Destination {
    /// Checks the place, and makes an unfinished folder, whose name begins with `prefix`, on the same disk.
    ///
    /// # Errors
    /// A file that would be written is there, or the place cannot be written.
    pub fn prepare(folder: &Path, prefix: &str) -> Result<Destination, FolderError> {
        let refused = |source| FolderError::Write { path: folder.to_owned(), source };
        let there = folder.ancestors().find(|at| at.as_os_str().is_empty() || at.exists());
        let there = there.filter(|at| !at.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !there.is_dir() {
            return Err(refused(io::Error::from(io::ErrorKind::NotADirectory)));
        }
        free(folder)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(prefix).suffix(".partial");
        // In the operating system's words; those that tempfile adds would show its temporary name.
        let unfinished = builder.tempdir_in(there).map_err(|e| refused(e.kind().into()))?;
        Ok(Destination { folder: folder.to_owned(), unfinished })
    }

    /// The unfinished folder, which a signal must remove.
    pub fn unfinished(&self) -> &Path {
        self.unfinished.path()
    }

    /// Writes the configuration and the seeds (names and texts), and gives both their names. The folder is there by now.
    ///
    /// # Errors
    /// [`FolderError`]; the folder is then as it was.
    pub fn publish(self, configuration: &str, seeds: &[(&str, &str)]) -> Result<[PathBuf; 2], FolderError> {
        let Destination { folder, unfinished } = self;
        let (to_file, to_seeds) = (folder.join(CONFIGURATION), folder.join(SEEDS));
        let refused = |path: &Path| {
            let path = path.to_owned();
            move |source| FolderError::Write { path, source }
        };
        let drafts = unfinished.path().join(SEEDS);
        fs::create_dir(&drafts).map_err(refused(&to_seeds))?;
        for (name, text) in seeds {
            let draft = File::create_new(drafts.join(name)).and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.sync_all()
            });
            draft.map_err(refused(&to_seeds.join(name)))?;
        }
        let mut builder = tempfile::Builder::new();
        // It holds no secret; the user's umask says who may read it.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(unfinished.path()).map_err(refused(&to_file))?;
        file.write_all(configuration.as_bytes())
            .and_then(|()| file.as_file().sync_all())
            .map_err(refused(&to_file))?;

        // Somebody may have been faster.
        free(&folder)?;
        let was_there = to_seeds.exists();
        fs::rename(&drafts, &to_seeds).map_err(refused(&to_seeds))?;
        if let Err(error) = file.persist_noclobber(&to_file) {
            let _ = fs::rename(&to_seeds, &drafts);
            if was_there {
                let _ = fs::create_dir(&to_seeds);
            }
            return Err(match error.error.kind() {
                io::ErrorKind::AlreadyExists => FolderError::Exists { path: to_file },
                _ => FolderError::Write { path: to_file, source: error.error },
            });
        }
        Ok([to_file, to_seeds])
    }
}

/// Whether nothing that would be written is there: an empty folder of seeds is nothing.
fn free(folder: &Path) -> Result<(), FolderError> {
    let taken = |path: PathBuf| Err(FolderError::Exists { path });
    let (file, seeds) = (folder.join(CONFIGURATION), folder.join(SEEDS));
    if fs::symlink_metadata(&file).is_ok() {
        return taken(file);
    }
    match fs::read_dir(&seeds).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(&seeds).is_err() => {
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(FolderError::Write { path: seeds, source: error })
        }
        _ => taken(seeds),
    }
}

/// Replaces files by new contents, each at once and with its permissions; all are written before the first gets its name.
/// A file that is not there yet is made. Unfinished names begin with `prefix`.
///
/// # Errors
/// [`FolderError::Write`].
pub fn replace(files: &[(PathBuf, &str)], prefix: &str) -> Result<(), FolderError> {
    let mut drafts: Vec<(NamedTempFile, PathBuf)> = Vec::new();
    for (path, text) in files {
        let refused = |source| FolderError::Write { path: path.clone(), source };
        // A link stays a link: what it leads to is replaced.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
        let folder =
            target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(prefix);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut draft = builder.tempfile_in(folder).map_err(|e| refused(e.kind().into()))?;
        draft.write_all(text.as_bytes()).and_then(|()| draft.as_file().sync_all()).map_err(refused)?;
        if let Ok(found) = fs::metadata(&target) {
            draft.as_file().set_permissions(found.permissions()).map_err(refused)?;
        }
        drafts.push((draft, target));
    }
    for (draft, target) in drafts {
        draft.persist(&target).map_err(|e| FolderError::Write { path: target, source: e.error })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: (&str, &str) = ("a.csv", "key,answer\n");

    fn prepared(folder: &Path) -> Result<Destination, FolderError> {
        Destination::prepare(folder, ".x-")
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn both_are_written_or_nothing_is() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("a/b");
        drop(prepared(&folder).unwrap());
        assert_eq!(names(temp.path()), Vec::<String>::new());
        fs::create_dir_all(&folder).unwrap();
        let written = prepared(&folder).unwrap().publish("text", &[SEED]).unwrap();
        assert_eq!(written, [folder.join(CONFIGURATION), folder.join(SEEDS)]);
        assert_eq!(names(&folder), [CONFIGURATION, SEEDS]);
        assert_eq!(fs::read_to_string(folder.join("seeds/a.csv")).unwrap(), SEED.1);
        assert_eq!(names(temp.path()), ["a"]);
        for taken in [CONFIGURATION, SEEDS] {
            let told = prepared(&folder).unwrap_err();
            assert!(matches!(&told, FolderError::Exists { path } if path.ends_with(taken)), "{told}");
            let _ = fs::remove_file(folder.join(CONFIGURATION));
        }
    }

    #[test]
    fn what_appears_meanwhile_is_kept() {
        for taken in [CONFIGURATION, "seeds/theirs.csv"] {
            let temp = tempfile::tempdir().unwrap();
            fs::create_dir(temp.path().join(SEEDS)).unwrap();
            let destination = prepared(temp.path()).unwrap();
            fs::write(temp.path().join(taken), "theirs").unwrap();
            assert!(matches!(destination.publish("text", &[SEED]), Err(FolderError::Exists { .. })));
            assert_eq!(fs::read_to_string(temp.path().join(taken)).unwrap(), "theirs");
            assert!(!names(temp.path()).iter().any(|name| name.starts_with(".x-")));
        }
    }

    #[test]
    fn what_cannot_be_written_is_told_and_leaves_nothing() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("file"), "x").unwrap();
        let told = prepared(&temp.path().join("file/below")).unwrap_err().to_string();
        assert!(told.contains("file/below") && !told.contains(".x-"), "{told}");
        let twice = [SEED, SEED];
        assert!(prepared(temp.path()).unwrap().publish("text", &twice).is_err());
        assert!(prepared(&temp.path().join("new")).unwrap().publish("text", &[SEED]).is_err());
        assert_eq!(names(temp.path()), ["file"]);
    }

    #[test]
    fn files_are_replaced_whole_and_keep_their_permissions_and_links() {
        let temp = tempfile::tempdir().unwrap();
        let (real, new) = (temp.path().join("real.csv"), temp.path().join("new.csv"));
        fs::write(&real, "old").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
            let link = temp.path().join("link.csv");
            std::os::unix::fs::symlink(&real, &link).unwrap();
            replace(&[(link.clone(), "linked")], ".x-").unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(fs::read_to_string(&real).unwrap(), "linked");
            assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
        }
        let gone = temp.path().join("missing/seed.csv");
        assert!(replace(&[(real.clone(), "first"), (gone, "second")], ".x-").is_err());
        assert_ne!(
            fs::read_to_string(&real).unwrap(),
            "first",
            "none is replaced when one cannot be written"
        );
        replace(&[(real.clone(), "first"), (new.clone(), "second")], ".x-").unwrap();
        assert_eq!(
            (fs::read_to_string(real).unwrap(), fs::read_to_string(new).unwrap()),
            ("first".into(), "second".into())
        );
    }
}
