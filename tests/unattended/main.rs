//! What nobody watches at night, from outside: the metrics that a monitor reads, log lines for machines, a server that hangs, runs
//! that are killed at every step, and the shape of what programs are told.
#![cfg(target_os = "linux")]
// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/json_schema.rs"]
mod json_schema;
mod killed;
mod log;
mod metrics;
#[path = "../support/night.rs"]
mod night;
mod prometheus;
mod schemas;
mod silence;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;
use night::{AS_OF, extracts, told};

const EXPORT: [&str; 6] = ["export", "--profile", "reading", "--tenant", "north", "--quiet"];

const PICKUP: &str = "deliver_to = [\"file://DESK/pickup/{tenant}.zip\"]\n";

/// A folder with the sample's tables, a profile with these lines, and a folder that a vendor polls.
fn desk(lines: &str) -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    extracts(&temp.path().join("extracts"), 100);
    fs::create_dir(temp.path().join("pickup")).unwrap();
    configure(temp.path(), lines);
    temp
}

fn configure(desk: &Path, lines: &str) {
    let text = format!(
        "[defaults]\nplace = \"extracts\"\nschool_year = 2025\n[tenants.north]\n[tenants.south]\n\
         [profiles.reading]\narchive = \"archive\"\n{}\n",
        lines.replace("DESK", desk.to_str().unwrap())
    );
    fs::write(desk.join("rosterpack.toml"), text).unwrap();
}

/// The binary, about to be run in a folder.
fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("rosterpack"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).envs([AS_OF]).current_dir(folder).args(arguments);
    command
}

/// Runs the verb, demands this code, and gives what came.
fn ended(desk: &Path, arguments: &[&str], code: i32) -> Output {
    let output = command(desk, arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", told(&output));
    output
}
