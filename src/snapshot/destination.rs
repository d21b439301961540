//! Where a snapshot goes: an unfinished folder beside the place, renamed when it is complete.
//!
//! In: the folder that the user names. Out: a [`Destination`] that can be written, or why not, before anything is
//! read. Dropped before [`Destination::publish`], it leaves nothing behind. On Unix the folder is its owner's
//! alone: it holds the names and birthdays of children.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::SnapshotError;

/// A folder in the making.
#[derive(Debug)]
pub struct Destination {
    unfinished: TempDir,
    /// Without links and dots.
    target: PathBuf,
    /// As the user wrote it.
    named: PathBuf,
}

impl Destination {
    /// Checks the place and makes the unfinished folder, whose name begins with `prefix`.
    ///
    /// # Errors
    /// The place holds something, is no folder, or the folder that it should be in cannot be written.
    pub fn prepare(named: &Path, prefix: &str) -> Result<Destination, SnapshotError> {
        let refused = |source| SnapshotError::Write { path: named.to_owned(), source };
        // So that it has a name, and a folder that it is in.
        let target = match fs::canonicalize(named) {
            Ok(there) => there,
            Err(e) if e.kind() == io::ErrorKind::NotFound => std::path::absolute(named).map_err(refused)?,
            Err(e) => return Err(refused(e)),
        };
        if target.exists()
            && let Some(entry) = fs::read_dir(&target).map_err(refused)?.next()
        {
            let entry = entry.map_err(refused)?.file_name().to_string_lossy().into_owned();
            return Err(SnapshotError::NotEmpty { folder: named.to_owned(), entry });
        }
        let Some(parent) = target.parent() else {
            return Err(refused(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is the root of a file system",
            )));
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(prefix).suffix(".partial");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        // In the operating system's words; those that tempfile adds would show its temporary name.
        fs::metadata(parent).map_err(refused)?;
        let unfinished = builder.tempdir_in(parent).map_err(|e| refused(e.kind().into()))?;
        Ok(Destination { unfinished, target, named: named.to_owned() })
    }

    /// The unfinished folder.
    pub fn folder(&self) -> &Path {
        self.unfinished.path()
    }

    /// Gives the folder its name.
    pub(super) fn publish(self) -> Result<PathBuf, SnapshotError> {
        let Destination { unfinished, target, named } = self;
        let refused = |source| SnapshotError::Write { path: named.clone(), source };
        // An empty folder makes way; one that was filled meanwhile does not.
        match fs::remove_dir(&target) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(refused(e)),
            _ => {}
        }
        fs::rename(unfinished.path(), &target).map_err(refused)?;
        let _ = unfinished.keep();
        Ok(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_new_or_empty_folder_will_do_and_nothing_is_left() {
        let temp = tempfile::tempdir().unwrap();
        let (new, full, file) = (temp.path().join("new"), temp.path().join("full"), temp.path().join("file"));
        fs::create_dir(&full).unwrap();
        fs::write(full.join("old.csv"), "x").unwrap();
        fs::write(&file, "x").unwrap();
        let told = Destination::prepare(&full, ".x-").unwrap_err();
        assert!(matches!(&told, SnapshotError::NotEmpty { entry, .. } if entry == "old.csv"), "{told}");
        for bad in [file, temp.path().join("missing/new")] {
            let told = Destination::prepare(&bad, ".x-").unwrap_err();
            assert!(matches!(told, SnapshotError::Write { .. }), "{told}");
            assert!(!told.to_string().contains(".x-"), "{told}");
        }
        drop(Destination::prepare(&new, ".x-").unwrap());
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 2);

        for _ in 0..2 {
            // The second time it is there and empty.
            let destination = Destination::prepare(&new, ".x-").unwrap();
            fs::write(destination.folder().join("table.csv"), "x").unwrap();
            assert_eq!(destination.publish().unwrap(), new);
            assert_eq!(fs::read_dir(&new).unwrap().count(), 1);
            fs::remove_file(new.join("table.csv")).unwrap();
        }
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 3);
    }

    #[test]
    fn a_folder_that_is_filled_meanwhile_is_kept() {
        let temp = tempfile::tempdir().unwrap();
        let target = temp.path().join("snapshot");
        let destination = Destination::prepare(&target, ".x-").unwrap();
        fs::create_dir(&target).unwrap();
        fs::write(target.join("theirs"), "x").unwrap();
        assert!(destination.publish().is_err());
        assert!(target.join("theirs").exists());
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 1);
    }
}
