//! A full disk, for real: a small tmpfs in a mount namespace of its own, which goes with the process.
//!
//! Needs `unshare` and the right to mount (root, or user namespaces). Where that is not to be had, the test fails
//! and says why: a full disk that was never tried proves nothing.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;
use rosterpack::synth::Shape;

use crate::exporting::{told, trap_district};

/// Runs an export in `desk`, whose folder `disk` is a tmpfs of so many KiB that holds two files already. Afterwards
/// `desk/after` holds what is on the disk.
fn on_small_disk(desk: &Path, kib: u32, arguments: &[&str]) -> Output {
    const SCRIPT: &str = r#"
        mount -t tmpfs -o size="$1"k tmpfs disk || { echo "cannot mount a tmpfs" >&2; exit 99; }
        shift
        printf "last night's package" > disk/roster.zip
        printf "last night's report" > disk/report.json
        "$@"
        code=$?
        cp -a disk after
        exit $code
    "#;
    fs::create_dir(desk.join("disk")).unwrap();
    let root = fs::metadata("/proc/self").map(|m| std::os::unix::fs::MetadataExt::uid(&m)).unwrap() == 0;
    let mut command = Command::new("unshare");
    command.arg("--mount");
    if !root {
        command.args(["--user", "--map-root-user"]);
    }
    command.current_dir(desk).args(["sh", "-c", SCRIPT, "sh", &kib.to_string()]);
    command.arg(cargo_bin!("rosterpack")).args(["export", "--source"]).arg(trap_district(Shape::S52));
    command.args(["--tenant", "demo_isd", "--school-year", "2025", "--as-of", "2024-10-01"]).args(arguments);
    let output = command.output().unwrap_or_else(|e| panic!("a full disk cannot be tried: unshare: {e}"));
    assert!(
        desk.join("after").is_dir(),
        "a full disk cannot be tried here: mounting a tmpfs needs root or user namespaces: {}",
        told(&output)
    );
    output
}

/// The files of the disk as they were before.
fn untouched(desk: &Path) {
    let after = desk.join("after");
    let mut names: Vec<String> =
        fs::read_dir(&after).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["report.json", "roster.zip"], "no litter");
    assert_eq!(fs::read(after.join("roster.zip")).unwrap(), b"last night's package");
    assert_eq!(fs::read(after.join("report.json")).unwrap(), b"last night's report");
}

#[test]
fn a_package_that_does_not_fit_leaves_the_old_one() {
    // Two files take a page each; then nothing fits, or a part of the package only.
    for kib in [8, 12, 32] {
        let desk = tempfile::tempdir().unwrap();
        let output = on_small_disk(desk.path(), kib, &["--out", "disk/roster.zip"]);
        let told = told(&output);
        assert_eq!(output.status.code(), Some(7), "{told}");
        assert!(told.contains("disk/roster.zip") && told.contains("No space left on device"), "{told}");
        assert!(told.contains("free"), "what to do: {told}");
        assert!(output.stdout.is_empty());
        untouched(desk.path());
    }
}

#[test]
fn associations_that_do_not_fit_beside_the_package_end_the_run() {
    // Two files take a page each; then no association fits, or not all of them.
    for kib in [8, 12] {
        let desk = tempfile::tempdir().unwrap();
        let output = on_small_disk(desk.path(), kib, &["--out", "disk/roster.zip", "--memory-limit", "1MiB"]);
        let told = told(&output);
        assert_eq!(output.status.code(), Some(7), "{told}");
        assert!(
            told.contains("temporary file in disk") && told.contains("No space left on device"),
            "{told}"
        );
        assert!(told.contains("Free space there") && told.contains("memory_limit"), "what to do: {told}");
        untouched(desk.path());
    }
}

#[test]
fn a_report_that_does_not_fit_is_told_and_leaves_the_old_one() {
    let desk = tempfile::tempdir().unwrap();
    let output = on_small_disk(desk.path(), 12, &["--out", "roster.zip", "--report", "disk/report.json"]);
    let told = told(&output);
    assert_eq!(output.status.code(), Some(7), "{told}");
    assert!(told.contains("disk/report.json") && told.contains("No space left on device"), "{told}");
    assert!(told.contains("the package itself is complete"), "{told}");
    // The package is there and whole, and its path is told to whoever delivers it.
    assert_eq!(output.stdout, b"roster.zip\n");
    let package =
        crate::package_reader::Package::from_zip(&fs::read(desk.path().join("roster.zip")).unwrap());
    assert_eq!(crate::package_check::check(&package), Vec::<String>::new());
    untouched(desk.path());
}

#[test]
fn a_disk_that_is_large_enough_takes_the_package() {
    let desk = tempfile::tempdir().unwrap();
    let output = on_small_disk(desk.path(), 4096, &["--out", "disk/roster.zip"]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert!(fs::read(desk.path().join("after/roster.zip")).unwrap().len() > 10_000);
}
