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

fn entries(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn signals_leave_no_litter() {
    if let Some(folder) = std::env::var_os(CHILD) {
        return busy(folder.into());
    }
    for signal in ["-INT", "-TERM", "-HUP"] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("gbisd.zip"), "last night's").unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "signals_leave_no_litter", "--nocapture"])
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
        assert_eq!(entries(folder.path()).len(), 2, "the unfinished file is there");
        let killed = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal}");
        drop(input);
        assert_eq!(entries(folder.path()), ["gbisd.zip"], "{signal}");
    }
}
