//! Faults seeded into a valid package are caught or provably harmless.
//!
//! Each case changes one cell, row, column, header, manifest line, byte or zip entry of a valid package of 1.1. What it
//! does to the package is judged by a second reader of our tests that was written from the specification and shares
//! nothing with the validator (`tests/support/package_check.rs`): where that finds a fault, the validator must speak, and
//! where the validator finds no error, that reader must find nothing. Bytes that are changed in the zip itself must be told,
//! unless what is unpacked is the same.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rosterpack::check::Judgement;
use rosterpack::notice::Severity;
use rosterpack::package::read::Limits;

use crate::corpus::judge;
use crate::package_check::check;
use crate::package_reader::Package;
use crate::patch;
use crate::zipper::{Entry, Zip};

type Files = BTreeMap<String, Vec<u8>>;

/// The rostering part of the valid package, in the form that the second reader asks for (CRLF).
fn base() -> Files {
    let mut files = patch::valid("v1p1-bulk");
    let gone = ["categories", "classResources", "courseResources", "lineItems", "resources", "results"];
    for name in gone {
        files.remove(&format!("{name}.csv"));
    }
    let mut manifest = patch::parse(&files["manifest.csv"]);
    for row in &mut manifest {
        if gone.iter().any(|name| row[0] == format!("file.{name}").as_bytes()) {
            row[1] = b"absent".to_vec();
        }
    }
    files.insert("manifest.csv".into(), patch::format(&manifest));
    files.values_mut().for_each(|bytes| *bytes = crlf(bytes));
    files
}

fn crlf(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|b| if *b == b'\n' { vec![b'\r', b'\n'] } else { vec![*b] }).collect()
}

/// What may be written into a cell.
fn values() -> impl Strategy<Value = String> {
    let words = [
        "",
        " ",
        "true",
        "TRUE",
        "false",
        "active",
        "school",
        "district",
        "schoolYear",
        "term",
        "student",
        "teacher",
        "parent",
        "2025-08-18",
        "2025-02-30",
        "8/18/2025",
        "2026",
        "26",
        "09",
        "9",
        "KG",
        "elm",
        "oak",
        "elm,oak",
        "elm, oak",
        "elm,",
        "ann",
        "bo",
        "nobody",
        "fall",
        "fall,spring",
        "algebra",
        "algebra-1",
        "a b",
        "{A:1}",
        "{A:1},{B:2}",
        "A:1",
        "x\ny",
        "x\"y",
        "ext:own",
        "bulk",
        "absent",
        "delta",
        "1.0",
        "1.1",
        "1.2",
        "male",
        "Z\u{fc}rich",
        "\u{200b}",
        "scheduled",
        "homeroom",
    ];
    prop_oneof![4 => prop::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => "[ -~]{0,12}"]
}

#[derive(Debug, Clone)]
enum Change {
    Cell(usize, usize, usize, String),
    DropRow(usize, usize),
    RepeatRow(usize, usize),
    SwapRows(usize, usize, usize),
    DropCell(usize, usize, usize),
    DropColumn(usize, usize),
    SwapColumns(usize, usize, usize),
    DropFile(usize),
    AddFile(String),
    Byte(usize, usize, u8),
}

fn changes() -> impl Strategy<Value = Change> {
    let n = || any::<prop::sample::Index>().prop_map(|index| index.index(1 << 16));
    prop_oneof![
        8 => (n(), n(), n(), values()).prop_map(|(f, r, c, v)| Change::Cell(f, r, c, v)),
        2 => (n(), n()).prop_map(|(f, r)| Change::DropRow(f, r)),
        1 => (n(), n()).prop_map(|(f, r)| Change::RepeatRow(f, r)),
        1 => (n(), n(), n()).prop_map(|(f, a, b)| Change::SwapRows(f, a, b)),
        1 => (n(), n(), n()).prop_map(|(f, r, c)| Change::DropCell(f, r, c)),
        1 => (n(), n()).prop_map(|(f, c)| Change::DropColumn(f, c)),
        1 => (n(), n(), n()).prop_map(|(f, a, b)| Change::SwapColumns(f, a, b)),
        1 => n().prop_map(Change::DropFile),
        1 => "[a-zA-Z]{1,8}\\.csv".prop_map(Change::AddFile),
        3 => (n(), n(), any::<u8>()).prop_map(|(f, at, b)| Change::Byte(f, at, b)),
    ]
}

fn apply(files: &mut Files, change: &Change) {
    let names: Vec<String> = files.keys().cloned().collect();
    let (file, rest) = match change {
        Change::AddFile(name) => {
            files.insert(name.clone(), b"x\r\n".to_vec());
            return;
        }
        Change::DropFile(f) => {
            files.remove(&names[f % names.len()]);
            return;
        }
        Change::Byte(f, at, b) => {
            let bytes = files.get_mut(&names[f % names.len()]).unwrap();
            let at = at % bytes.len();
            bytes[at] = *b;
            return;
        }
        Change::Cell(f, ..)
        | Change::DropRow(f, _)
        | Change::RepeatRow(f, _)
        | Change::SwapRows(f, ..)
        | Change::DropCell(f, ..)
        | Change::DropColumn(f, _)
        | Change::SwapColumns(f, ..) => (names[f % names.len()].clone(), change),
    };
    let mut rows = patch::parse(&files[&file]);
    let (height, width) = (rows.len(), rows[0].len());
    match rest {
        Change::Cell(_, r, c, value) => rows[r % height][c % width] = value.clone().into_bytes(),
        Change::DropRow(_, r) => drop(rows.remove(r % height)),
        Change::RepeatRow(_, r) => rows.push(rows[r % height].clone()),
        Change::SwapRows(_, a, b) => rows.swap(a % height, b % height),
        Change::DropCell(_, r, c) => drop(rows[r % height].remove(c % width)),
        Change::DropColumn(_, c) => rows.iter_mut().for_each(|row| drop(row.remove(c % width))),
        Change::SwapColumns(_, a, b) => rows.iter_mut().for_each(|row| row.swap(a % width, b % width)),
        _ => {}
    }
    files.insert(file, crlf(&patch::format(&rows)));
}

fn judged(files: &Files) -> Judgement {
    judge(&Zip::of(files).bytes(), Limits::default(), None)
}

/// What the second reader finds, but for what it asks beyond the specification: the shape of our own bytes and rows.
fn second_opinion(files: &Files) -> Vec<String> {
    let package =
        Package { entries: files.iter().map(|(name, bytes)| (name.clone(), bytes.clone())).collect() };
    // It reads a package of ours, and may fail loudly on others: that is a fault found.
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&package)));
    found.unwrap_or_else(|_| vec!["cannot be read".to_owned()])
}

#[test]
fn the_base_is_sound_for_both() {
    let files = base();
    assert_eq!(judged(&files).notices, []);
    assert_eq!(second_opinion(&files).into_iter().filter(|fault| !is_house_rule(fault)).count(), 0);
}

/// Rules of our own exports that the standard does not know: order of rows and lists, control characters, quotes, line
/// ends, passwords, addresses in lower case, whose demographics there are, races that agree, agents who know each other.
fn is_house_rule(fault: &str) -> bool {
    let own = [
        "not the plain form",
        "does not end with CRLF",
        "order",
        "control character",
        "sorted",
        ": a password",
        ": e-mail ",
        "demographics of a ",
        "demographics: races",
        "does not know of it",
        "neither it nor its agent",
        // The sender is optional.
        "manifest: source.system",
        // The specification has no rule on the types of parents.
        "a schoolYear with a parent",
    ];
    own.iter().any(|own| fault.contains(own))
}

/// The order of the manifest's rows means nothing.
fn same_manifest(files: &Files) -> bool {
    let sorted = |files: &Files| {
        let mut rows = files.get("manifest.csv").map(|bytes| patch::parse(bytes)).unwrap_or_default();
        if let Some(rows) = rows.get_mut(1..) {
            rows.sort();
        }
        rows
    };
    sorted(files) == sorted(&base())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn seeded_faults_are_caught_or_harmless(change in changes()) {
        let mut files = base();
        apply(&mut files, &change);
        let judgement = judged(&files);
        let known = second_opinion(&base());
        let harmless = |fault: &String| {
            known.contains(fault)
                || is_house_rule(fault)
                || fault.starts_with("manifest: ") && same_manifest(&files)
        };
        let real: Vec<String> = second_opinion(&files).into_iter().filter(|fault| !harmless(fault)).collect();
        prop_assert!(
            real.is_empty() || !judgement.notices.is_empty(),
            "{change:?}: nothing was caught, although: {real:?}"
        );
    }

    /// Any byte of the zip itself: what is read is the same, or something is said.
    #[test]
    fn damaged_zips_are_told(at in any::<prop::sample::Index>(), byte: u8) {
        let files = base();
        let whole = Zip::of(&files).bytes();
        let mut bytes = whole.clone();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let judgement = judge(&bytes, Limits::default(), None);
        let before = judge(&whole, Limits::default(), None);
        let errors = judgement.notices.iter().any(|notice| notice.severity == Severity::Error);
        prop_assert!(errors || judgement == before, "byte {at} = {byte}: {:?}", judgement.notices);
    }

    /// A second file of the same name, at any place, is told.
    #[test]
    fn shadowed_entries_are_told(at in any::<prop::sample::Index>(), copy in any::<prop::sample::Index>()) {
        let files = base();
        let mut zip = Zip::of(&files);
        let entry = Entry { bytes: b"sourcedId\r\n".to_vec(), ..zip.entries[copy.index(zip.entries.len())].clone() };
        zip.entries.insert(at.index(zip.entries.len()), entry);
        let judgement = judge(&zip.bytes(), Limits::default(), None);
        prop_assert!(judgement.notices.iter().any(|notice| notice.code == "entry-repeated"));
    }
}
