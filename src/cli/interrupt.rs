//! Ctrl-C, SIGTERM and SIGHUP: an unfinished run leaves no litter.
//!
//! In: the folders that a run writes to, with what the names of its unfinished files start with. Out: on a
//! signal those files are removed and the process ends with code 130. tempfile removes its files when they
//! are dropped, but a signal ends the process without dropping anything. Unfinished names carry the process
//! id, so that another run's files are never touched; finished files have other names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use super::ExitCode;

/// Files of this process that are unfinished as long as they have such names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// Where they are.
    pub folder: PathBuf,
    /// What their names start with; holds the process id.
    pub prefix: String,
}

/// Clears up when a signal comes. To be called once; faults are passed over, because a run that cannot
/// handle signals is still a run.
pub fn clear_up_on_signal(unfinished: Vec<Unfinished>) {
    let _ = ctrlc::set_handler(move || {
        for files in &unfinished {
            remove(&files.folder, &files.prefix);
        }
        process::exit(i32::from(ExitCode::Interrupted.number()));
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
