//! Ctrl-C, SIGTERM and SIGHUP: an unfinished run leaves no litter and no query on a server.
//!
//! In: the folders that a run writes to. Out: on a signal this process's unfinished files in them are removed, the
//! queries of its sessions are cancelled, and the process ends with code 130. tempfile removes its files when they
//! are dropped, but a signal ends the process without dropping anything. Unfinished names carry the process
//! id, so that another run's files are never touched; finished files have other names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::ExitCode;
use crate::source::postgres;

/// How long servers have to take note that their queries are cancelled. One that hangs must not hold the end up.
const CANCEL: Duration = Duration::from_secs(2);

/// Whether a signal is ending this process.
static UNDER_WAY: AtomicBool = AtomicBool::new(false);

/// Whether a signal is ending this process: what fails now fails because of that, and is not told.
pub(super) fn is_under_way() -> bool {
    UNDER_WAY.load(Ordering::SeqCst)
}

/// Leaves the end of the process, and its code, to a signal that is being handled. Returns when there is none.
pub(super) fn give_way() {
    while is_under_way() {
        std::thread::park();
    }
}

/// What the names of this process's unfinished files start with. The package writer and the report use it.
pub fn unfinished_prefix() -> String {
    format!(".rosterpack-{}-", process::id())
}

/// Folders in which something unfinished can be.
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Clears up in these folders, and in those of earlier calls, when a signal comes; faults are passed over, because a run
/// that cannot handle signals is still a run.
pub fn clear_up_on_signal(folders: Vec<PathBuf>) {
    FOLDERS.lock().unwrap_or_else(PoisonError::into_inner).extend(folders);
    // Fails when the handler is there already, which then finds the new folders too.
    on_signal(|| {
        for folder in FOLDERS.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            remove(folder, &unfinished_prefix());
        }
    });
}

/// Ends the process when a signal comes, cleared up.
fn on_signal(clear_up: impl Fn() + Send + 'static) {
    let _ = ctrlc::set_handler(move || {
        UNDER_WAY.store(true, Ordering::SeqCst);
        // First, so that a run that is about to end has nothing left to publish.
        clear_up();
        postgres::end_queries(CANCEL);
        // The run went on in between.
        clear_up();
        process::exit(i32::from(ExitCode::Interrupted.number()));
    });
}

/// Removes this unfinished folder with all that is in it when a signal comes. To be called once, in place of
/// [`clear_up_on_signal`].
pub fn remove_on_signal(folder: PathBuf) {
    on_signal(move || {
        // Other threads may still be creating files in it.
        for _ in 0..100 {
            if fs::remove_dir_all(&folder).is_ok() || !folder.exists() {
                break;
            }
        }
    });
}

/// Removes the regular files of a folder whose names start with the prefix.
fn remove(folder: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(prefix);
        if ours && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_unfinished_files_go() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".rosterpack-7-abc", ".rosterpack-71-abc", "package.zip", ".rosterpack"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        fs::create_dir(folder.path().join(".rosterpack-7-folder")).unwrap();
        remove(folder.path(), ".rosterpack-7-");
        let mut left: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, [".rosterpack", ".rosterpack-7-folder", ".rosterpack-71-abc", "package.zip"]);
        remove(&folder.path().join("missing"), "x");
    }
}
