//! Zips that want to harm their reader end quickly, with exit code 1 or 2, and cost little memory; so they do in `diff`.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

use crate::patch;
use crate::zipper::{Entry, Zip};

/// Judges a zip in a process whose address space is bounded; a reader that believes what a zip declares dies there.
fn judge(bytes: &[u8], what: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hostile.zip");
    fs::write(&path, bytes).unwrap();
    let binary = assert_cmd::cargo::cargo_bin("rosterpack");
    let run = |verb: &str| {
        let command = format!("ulimit -v 1500000; exec '{}' {verb} '{}'", binary.display(), path.display());
        let mut shell = Command::new("sh");
        shell.env("RAYON_NUM_THREADS", "2").args(["-c", &command]);
        let output = shell.timeout(std::time::Duration::from_secs(60)).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, told) = run("validate");
    assert!(matches!(code, Some(1 | 2)), "{what}: {code:?} {told}");
    // What is wrong beside the data files is no difference between these.
    let valid = patch::folder("valid/v1p1-bulk");
    let (code, told) = run(&format!("diff '{}'", valid.display()));
    assert!(matches!(code, Some(0..=2)), "diff, {what}: {code:?} {told}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{what}: something was unpacked");
    assert!(!Path::new("../evil.csv").exists());
}

fn base() -> Zip {
    Zip::of(&patch::valid("v1p1-bulk"))
}

fn replace(zip: &mut Zip, name: &str, bytes: Vec<u8>) {
    let entry = zip.entries.iter_mut().find(|entry| entry.name == name.as_bytes()).unwrap();
    (entry.bytes, entry.deflate) = (bytes, true);
}

#[test]
fn bombs() {
    let mut zip = base();
    replace(&mut zip, "users.csv", vec![b'a'; 40_000_000]);
    judge(&zip.bytes(), "one endless cell");
    let mut zip = base();
    replace(&mut zip, "manifest.csv", b"propertyName,value\n".repeat(1_000_000));
    judge(&zip.bytes(), "an endless manifest");
    let mut zip = base();
    let users = zip.entries.iter().position(|entry| entry.name == b"users.csv").unwrap();
    for n in 0..500 {
        let mut entry = zip.entries[users].clone();
        (entry.name, entry.same_as) = (format!("copy-{n}.csv").into_bytes(), Some(users));
        zip.entries.push(entry);
    }
    judge(&zip.bytes(), "many entries over the same bytes");
}

/// More than 65,535 entries need the zip64 form of the directory's end; some lie about it.
#[test]
fn a_hundred_thousand_entries() {
    let entries: Vec<Entry> =
        (0..100_000u32).map(|n| Entry::new(format!("{n}.csv").as_bytes(), Vec::new())).collect();
    let zip = Zip { entries, cut: 0 };
    let bytes = zip.bytes();
    judge(&bytes, "100,000 entries");
    judge(&bytes[..bytes.len() - 1], "100,000 entries, cut");
    // Without its zip64 record the directory declares 65,535 entries.
    let mut lies = bytes.clone();
    let at = lies.len() - 22 - 20 - 56;
    lies[at] ^= 1;
    judge(&lies, "100,000 entries and a damaged zip64 record");
    let mut huge = bytes;
    let at = huge.len() - 22 - 20 - 56 + 24;
    huge[at..at + 16].fill(0xff);
    judge(&huge, "100,000 entries that say they are 2^64");
}

#[test]
fn lies_about_sizes() {
    for size in [0, 1, 0xffff_fffe] {
        let mut zip = base();
        let entry = zip.entries.iter_mut().find(|entry| entry.name == b"users.csv").unwrap();
        entry.size = Some(size);
        entry.deflate = true;
        judge(&zip.bytes(), &format!("declared size {size}"));
    }
}

#[test]
fn names() {
    for name in
        ["../evil.csv", "/etc/evil.csv", "..\\evil.csv", "C:\\evil.csv", "a/../../evil.csv", "\u{1b}[2J"]
    {
        let mut zip = base();
        zip.entries.push(Entry::new(name.as_bytes(), b"x".to_vec()));
        judge(&zip.bytes(), name);
    }
}

#[test]
fn cut_off_anywhere() {
    let whole = base().bytes();
    for n in 1..40 {
        judge(&whole[..whole.len() * n / 40], &format!("cut at {n}/40"));
    }
}
