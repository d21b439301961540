//! The desk of a night: a folder with the sample's tables, a profile, and a folder that a vendor polls; and the binary, run there.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;

use crate::night::{AS_OF, extracts, told};

/// The night of tenant north.
pub const EXPORT: [&str; 6] = ["export", "--profile", "reading", "--tenant", "north", "--quiet"];

/// The setting that delivers into the vendor's folder.
pub const PICKUP: &str = "deliver_to = [\"file://DESK/pickup/{tenant}.zip\"]\n";

/// A desk whose profile has these lines; DESK in them is its folder.
pub fn desk(lines: &str) -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    extracts(&temp.path().join("extracts"), 100);
    fs::create_dir(temp.path().join("pickup")).unwrap();
    configure(temp.path(), lines);
    temp
}

/// Writes the configuration of a desk anew.
pub fn configure(desk: &Path, lines: &str) {
    let text = format!(
        "[defaults]\nplace = \"extracts\"\nschool_year = 2025\n[tenants.north]\n[tenants.south]\n\
         [profiles.reading]\narchive = \"archive\"\n{}\n",
        lines.replace("DESK", desk.to_str().unwrap())
    );
    fs::write(desk.join("rosterpack.toml"), text).unwrap();
}

/// The binary, about to be run in a folder.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("rosterpack"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).envs([AS_OF]).current_dir(folder).args(arguments);
    command
}

/// Runs the verb, demands this code, and gives what came.
pub fn ended(desk: &Path, arguments: &[&str], code: i32) -> Output {
    let output = command(desk, arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", told(&output));
    output
}
