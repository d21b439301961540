//! `rosterpack init` as a user meets it: three commands from an ODS to a package with nothing edited, for every kind of
//! source; nothing overwritten, nothing left behind, no secret written; and what is new later is added alone.
//! The first hour of the README is run command by command.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests, which may fail loudly

#[path = "support/postgres.rs"]
mod cluster;
#[path = "init/readme.rs"]
mod readme;
#[path = "init/refusals.rs"]
mod refusals;
#[path = "init/three_commands.rs"]
mod three_commands;
#[path = "init/update.rs"]
mod update;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rosterpack::cli::{self, Clock, ExitCode, Process};
use rosterpack::day::Day;

/// An empty folder in which the binary runs.
struct Desk {
    temp: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

impl Desk {
    fn new() -> Desk {
        Desk { temp: tempfile::tempdir().unwrap(), environment: Vec::new() }
    }

    fn with(mut self, name: &str, value: &str) -> Desk {
        self.environment.push((name.into(), value.into()));
        self
    }

    fn at(&self, path: &str) -> PathBuf {
        self.temp.path().join(path)
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    /// What the binary did.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rosterpack"));
        command.args(arguments).current_dir(self.temp.path()).envs(self.environment.iter().cloned());
        let Output { status, stdout, stderr } = command.output().unwrap();
        (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }

    /// A command that ends well; its standard output and standard error.
    fn works(&self, arguments: &[&str]) -> (String, String) {
        let (code, out, err) = self.run(arguments);
        assert_eq!(code, 0, "{arguments:?}\n{out}{err}");
        (out, err)
    }

    /// A command that fails and leaves the folder as it was; its standard error, which has these words.
    fn fails(&self, code: i32, arguments: &[&str], words: &[&str]) -> String {
        let before = contents(self.temp.path());
        let (found, out, err) = self.run(arguments);
        assert_eq!((found, out.as_str()), (code, ""), "{arguments:?}\n{err}");
        for word in words {
            assert!(err.contains(word), "`{word}` is not in {err}");
        }
        assert_eq!(contents(self.temp.path()), before, "{arguments:?}");
        err
    }
}

/// Every file below a folder, and every folder, with their contents.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(contents(&entry));
            found.insert(entry, Vec::new());
        } else {
            let bytes = fs::read(&entry).unwrap();
            found.insert(entry, bytes);
        }
    }
    found
}

/// A command line inside of this process, on a day of one's choice, in no folder of its own.
fn on(day: &str, arguments: &[&str]) -> (ExitCode, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = cli::run(
        std::iter::once("rosterpack").chain(arguments.iter().copied()).map(Into::into),
        &mut Process {
            environment: Vec::new(),
            today: Day::parse(day.as_bytes()).unwrap(),
            clock: || Clock { utc_milliseconds: 0, offset_minutes: 0 },
            out: &mut out,
            err: &mut err,
            terminal: false,
            signals: false,
        },
    );
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The sample district of the repository.
fn sample() -> String {
    root().join("sample_ods").display().to_string()
}

/// A published sample district, or nothing and a loud word.
fn published(name: &str) -> Option<String> {
    let folder = root().join("../shared/ods-samples").join(name);
    if folder.is_dir() {
        return Some(folder.display().to_string());
    }
    eprintln!("SKIPPED: there is no {}", folder.display());
    None
}
