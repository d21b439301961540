//! One run at a time: a lock on a folder.
//!
//! In: the folder and who asks. Out: a [`Lock`] while nobody else holds it, or who does. The kernel keeps the lock
//! and gives it back when its holder dies, however it dies; the lock file only says who holds it, and is never removed:
//! removing it would let two runs hold two files of one name.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Name of its machine.
    pub host: String,
    /// When it took the lock, as the caller's clock has it.
    pub since: String,
}

impl Holder {
    /// This process, at this time.
    pub fn this(since: impl Into<String>) -> Holder {
        Holder { pid: std::process::id(), host: host_name(), since: since.into() }
    }
}

#[cfg(unix)]
fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host_name() -> String {
    "this machine".to_owned()
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on {} since {}", self.pid, self.host, self.since)
    }
}

/// A lock could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another run holds it (exit code 6).
    #[error("another run works in {}: {}", folder.display(), holder.as_ref().map_or("it has not said which".to_owned(), Holder::to_string))]
    Held {
        /// The folder.
        folder: PathBuf,
        /// Who holds it; `None` in the moment between taking the lock and saying so.
        holder: Option<Holder>,
    },
    /// The lock file cannot be made or written.
    #[error("cannot lock {}: {source}", folder.display())]
    Io {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Name of the lock file in its folder.
pub const LOCK_FILE: &str = "lock";

/// The right to work in a folder. Dropped, it is given back.
#[derive(Debug)]
pub struct Lock {
    file: File,
    /// A holder that ended without giving the lock back: it was killed, or the machine went down.
    pub died: Option<Holder>,
}

impl Lock {
    /// Takes the lock of a folder that exists.
    ///
    /// # Errors
    /// [`LockError`]; it does not wait.
    pub fn take(folder: &Path, holder: &Holder) -> Result<Lock, LockError> {
        let failed = |source| LockError::Io { folder: folder.to_owned(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(folder.join(LOCK_FILE)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held { folder: folder.to_owned(), holder: told(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let died = told(&mut file);
        // Who holds the lock is worth knowing, but on a full disk the lock must still be had.
        let text = serde_json::to_string(holder).unwrap_or_default();
        let said = file
            .set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(text.as_bytes()));
        match said {
            Err(error)
                if !matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) =>
            {
                Err(failed(error))
            }
            _ => Ok(Lock { file, died }),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // First what it says, then the lock itself: the next holder must not believe that we died.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

fn told(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(1 << 12).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_by_one_and_says_by_whom() {
        let folder = tempfile::tempdir().unwrap();
        let first = Holder { pid: 7, host: "north".into(), since: "2024-10-01T06:30:00Z".into() };
        let lock = Lock::take(folder.path(), &first).unwrap();
        assert_eq!(lock.died, None);
        let told = Lock::take(folder.path(), &Holder::this("later")).unwrap_err();
        assert!(told.to_string().ends_with(": process 7 on north since 2024-10-01T06:30:00Z"), "{told}");
        assert!(matches!(told, LockError::Held { holder: Some(holder), .. } if holder == first));
        drop(lock);
        assert_eq!(Lock::take(folder.path(), &Holder::this("later")).unwrap().died, None);
    }

    #[test]
    fn the_lock_of_one_who_died_is_taken_over_and_litter_in_it_does_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        let dead = Holder { pid: 7, host: "north".into(), since: "then".into() };
        std::fs::write(folder.path().join(LOCK_FILE), serde_json::to_string(&dead).unwrap()).unwrap();
        assert_eq!(Lock::take(folder.path(), &Holder::this("now")).unwrap().died, Some(dead));
        std::fs::write(folder.path().join(LOCK_FILE), "{\"pid\": 1").unwrap();
        assert_eq!(Lock::take(folder.path(), &Holder::this("now")).unwrap().died, None);
        assert!(matches!(
            Lock::take(&folder.path().join("missing"), &Holder::this("now")),
            Err(LockError::Io { .. })
        ));
    }
}
