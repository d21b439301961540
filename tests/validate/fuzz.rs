//! Mutation fuzzing of everything that reads foreign bytes: the zip, a data file, the manifest; and of two packages compared.
//!
//! In: the corpus as seeds, `ROSTERPACK_FUZZ_SECONDS` (default 60) per target. Out: a panic with the number of the case, which
//! repeats it. Runs on stable Rust; `./tests/run --fuzz` starts it, a plain `cargo test` does not. What is looked for is a
//! panic, an endless loop or a judgement that contradicts itself.

use std::fs;
use std::time::{Duration, Instant};

use rosterpack::check::RuleOutcome;
use rosterpack::diff::show::{html, json, terminal};
use rosterpack::diff::{Options, compare_paths};
use rosterpack::package::read::Limits;

use crate::corpus::judge;
use crate::patch;
use crate::zipper::Zip;

/// A small generator; the case number is its seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

const TOKENS: &[&[u8]] = &[
    b"\"",
    b"\"\"",
    b",",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xe2\x80\x8b",
    b"metadata.x",
    b"sourcedId",
    b"delta",
    b"tobedeleted",
    b"absent",
    b"1.2",
    b"{a:b}",
    b",,,,",
    b"PK\x03\x04",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"\xff\xff\xff\xff",
    b"\x08\x00",
    b"../",
    b"2025-02-30",
];

fn mutate(bytes: &mut Vec<u8>, chance: &mut Chance) {
    for _ in 0..=chance.below(6) {
        let at = chance.below(bytes.len() + 1);
        match chance.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << chance.below(8),
            1 if at < bytes.len() => bytes[at] = chance.next() as u8,
            2 => drop(bytes.splice(at..at, TOKENS[chance.below(TOKENS.len())].iter().copied())),
            3 => {
                let end = (at + chance.below(40)).min(bytes.len());
                bytes.drain(at..end);
            }
            4 => {
                let end = (at + chance.below(200)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                let to = chance.below(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
            5 => bytes.truncate(at),
            _ => {
                let last = bytes.len() - 1;
                bytes.swap(at.min(last), 0);
            }
        }
        if bytes.is_empty() {
            bytes.push(b'x');
        }
    }
}

/// Runs one target over the judge until its time is over.
fn fuzz(mut case: impl FnMut(&mut Chance) -> Vec<u8>) {
    run(|number| {
        let zip = case(&mut Chance(number));
        let judged = std::panic::catch_unwind(|| judge(&zip, Limits::default(), None));
        let judgement = judged.unwrap_or_else(|_| panic!("case {number} panics"));
        for skip in &judgement.skipped {
            let state = judgement.rules.iter().find(|rule| rule.code == skip.code).map(|rule| rule.outcome);
            let honest = matches!(state, Some(RuleOutcome::Skipped | RuleOutcome::Found));
            assert!(honest, "case {number}: {} is {state:?}", skip.code);
        }
    });
}

/// Runs cases until the time is over.
fn run(mut case: impl FnMut(u64)) {
    let seconds =
        std::env::var("ROSTERPACK_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut number = 0u64;
    while Instant::now() < end {
        let began = Instant::now();
        case(number);
        assert!(began.elapsed() < Duration::from_secs(20), "case {number} takes {:?}", began.elapsed());
        number += 1;
    }
    println!("{number} cases");
}

#[test]
#[ignore = "./tests/run --fuzz"]
fn zip() {
    let seeds: Vec<Vec<u8>> = patch::valid_names()
        .iter()
        .map(|name| {
            let mut zip = Zip::of(&patch::valid(name));
            zip.entries.iter_mut().step_by(2).for_each(|entry| entry.deflate = true);
            zip.bytes()
        })
        .collect();
    fuzz(|chance| {
        let mut bytes = seeds[chance.below(seeds.len())].clone();
        mutate(&mut bytes, chance);
        bytes
    });
}

fn file(of: impl Fn(&mut Chance, &[String]) -> String) {
    let bases: Vec<_> = patch::valid_names().iter().map(|name| patch::valid(name)).collect();
    fuzz(|chance| {
        let mut files = bases[chance.below(bases.len())].clone();
        let names: Vec<String> = files.keys().cloned().collect();
        let name = of(chance, &names);
        mutate(files.get_mut(&name).unwrap(), chance);
        Zip::of(&files).bytes()
    });
}

#[test]
#[ignore = "./tests/run --fuzz"]
fn csv() {
    file(|chance, names| names[chance.below(names.len())].clone());
}

#[test]
#[ignore = "./tests/run --fuzz"]
fn manifest() {
    file(|_, _| "manifest.csv".to_owned());
}

/// Two mutations of one package: comparing them ends, and the other way round it finds the mirror image.
#[test]
#[ignore = "./tests/run --fuzz"]
fn diff() {
    let bases: Vec<_> = patch::valid_names().iter().map(|name| patch::valid(name)).collect();
    let folder = tempfile::tempdir().unwrap();
    let paths = ["old.zip", "new.zip"].map(|name| folder.path().join(name));
    run(|number| {
        let mut chance = Chance(number);
        let base = &bases[chance.below(bases.len())];
        for path in &paths {
            let mut files = base.clone();
            let names: Vec<String> = files.keys().cloned().collect();
            for _ in 0..chance.below(3) {
                mutate(files.get_mut(&names[chance.below(names.len())]).unwrap(), &mut chance);
            }
            fs::write(path, Zip::of(&files).bytes()).unwrap();
        }
        let [old, new] = &paths;
        let options = Options { names: true, values: true, ..Options::default() };
        let compare = |old, new| compare_paths(old, new, Limits::default(), &options);
        match (compare(old, new), compare(new, old)) {
            (Ok(there), Ok(back)) => {
                assert_eq!(there.equal, back.equal, "case {number}");
                for (there, back) in there.files.iter().zip(&back.files) {
                    assert_eq!(
                        (there.ids.added, there.changed),
                        (back.ids.removed, back.changed),
                        "case {number}"
                    );
                }
                for text in [terminal::render(&there), html::render(&there), json::render(&there).unwrap()] {
                    assert!(!text.is_empty());
                }
            }
            (Err(_), Err(_)) => {}
            (there, back) => panic!("case {number}: {} and {}", there.is_ok(), back.is_ok()),
        }
    });
}
