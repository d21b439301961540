//! A signal ends a run with code 130 and without litter. The test starts itself as the run that is interrupted.
#![cfg(unix)]
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rosterpack::cli::interrupt;

const CHILD: &str = "ROSTERPACK_TEST_INTERRUPTED_FOLDER";

/// What a run does: it has an unfinished file and is busy. Reads to the end of its input, which never comes.
fn busy(folder: PathBuf) {
    interrupt::clear_up_on_signal(vec![folder.clone()]);
    let unfinished =
        tempfile::Builder::new().prefix(&interrupt::unfinished_prefix()).tempfile_in(&folder).unwrap();
    // The terminal's own line: the test harness writes to standard output too.
    std::io::stderr().write_all(b"\nready\n").unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    drop(unfinished);
}

/// What a snapshot does: it has an unfinished folder with files and is busy.
fn busy_with_a_folder(folder: PathBuf) {
    let unfinished =
        tempfile::Builder::new().prefix(&interrupt::unfinished_prefix()).tempdir_in(&folder).unwrap();
    interrupt::remove_on_signal(unfinished.path().to_owned());
    fs::write(unfinished.path().join("student.csv"), "half").unwrap();
    std::io::stderr().write_all(b"\nready\n").unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    drop(unfinished);
}

fn entries(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn signals_leave_no_litter() {
    interrupted("signals_leave_no_litter", busy);
}

#[test]
fn signals_leave_no_unfinished_snapshot() {
    interrupted("signals_leave_no_unfinished_snapshot", busy_with_a_folder);
}

/// Runs a test of this binary again as the run that each signal ends.
fn interrupted(test: &str, run: fn(PathBuf)) {
    if let Some(folder) = std::env::var_os(CHILD) {
        return run(folder.into());
    }
    for signal in ["-INT", "-TERM", "-HUP"] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("gbisd.zip"), "last night's").unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(CHILD, folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Held until the end: `wait` would close it first, and the run would end of itself.
        let input = child.stdin.take();
        let told = BufReader::new(child.stderr.take().unwrap());
        assert!(told.lines().any(|line| line.unwrap() == "ready"), "the run never got to work");
        assert_eq!(entries(folder.path()).len(), 2, "what is unfinished is there");
        let killed = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal}");
        drop(input);
        assert_eq!(entries(folder.path()), ["gbisd.zip"], "{signal}");
    }
}
