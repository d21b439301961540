//! The same input gives the same bytes: whatever the order of rows, the number of threads, the run.

use std::path::Path;

use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng as _;
use rosterpack::package::BLOCK_UNITS;
use rosterpack::synth::{Shape, Traps};

use crate::exporting::{Exported, USUAL, binary, district, export, trap_district};
use crate::extract;

const EVERYTHING: &[(&str, &str)] = &[
    ("demographics", "true"),
    ("include_parents", "true"),
    ("grading_periods", "true"),
    ("use_course_departments", "true"),
    ("org_metadata", "true"),
    ("course_duration", "true"),
    ("class_title", "{title} {period} {teacher}"),
    (
        "demographic_extensions",
        "limited_english_proficiency=lep,program:Special Education=sped,indicator:At Risk=risk,gender_identity=gender",
    ),
];

fn exported(folder: &Path) -> Exported {
    export(folder, &[USUAL, EVERYTHING])
}

/// A copy of a folder in which the rows of every table stand in an order that the seed decides.
fn shuffled(folder: &Path, seed: u64) -> tempfile::TempDir {
    let copy = extract::copy(folder);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    for name in names {
        extract::alter(copy.path(), name.strip_suffix(".csv").unwrap(), |table| {
            for last in (1..table.rows.len()).rev() {
                table.rows.swap(last, (random.next_u64() % (last as u64 + 1)) as usize);
            }
        });
    }
    copy
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_rows_shows_nowhere(seed: u64, shape in prop::sample::select(Shape::ALL.to_vec())) {
        let folder = trap_district(shape);
        let expected = exported(folder);
        let copy = shuffled(folder, seed);
        prop_assert_ne!(
            std::fs::read(copy.path().join("student.csv")).unwrap(),
            std::fs::read(folder.join("student.csv")).unwrap()
        );
        let found = exported(copy.path());
        for ((name, bytes), (_, other)) in expected.package.entries.iter().zip(&found.package.entries) {
            prop_assert_eq!(String::from_utf8_lossy(bytes), String::from_utf8_lossy(other), "{}", name);
        }
        prop_assert_eq!(&expected.zip, &found.zip);
        prop_assert_eq!(expected.report, found.report);
    }
}

#[test]
fn the_number_of_threads_shows_nowhere() {
    // Large enough that the files have several blocks, which threads share.
    let folder = district(800, Shape::S52, Traps::Safe);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| exported(folder.path()))
    };
    let one = with(1);
    assert!(one.table("enrollments").rows.len() > BLOCK_UNITS);
    for threads in [2, 5] {
        let other = with(threads);
        assert!(one.zip == other.zip && one.report == other.report, "{threads} threads");
    }
}

#[test]
fn two_runs_give_the_same_bytes_to_the_last() {
    let target = tempfile::tempdir().unwrap();
    let source = trap_district(Shape::S61).to_str().unwrap();
    let run = |threads: &str, arguments: &[&str]| {
        let mut all = vec!["export", "--out", "p.zip", "--report", "r.json", "--threads", threads];
        all.extend(arguments);
        let output = binary(target.path(), &all);
        assert_eq!(output.status.code(), Some(0), "{}", crate::exporting::told(&output));
        let read = |name: &str| std::fs::read(target.path().join(name)).unwrap();
        let mut report: serde_json::Value = serde_json::from_slice(&read("r.json")).unwrap();
        // What each stage took is the one part that may differ.
        let durations = report["durations"].take();
        assert!(durations.as_array().unwrap().len() > 4, "{durations}");
        // So do the lines of progress: on a busy machine they say how many seconds a stage took.
        let told = String::from_utf8(output.stderr).unwrap();
        let told: Vec<String> =
            told.lines().filter(|line| !line.contains(" ... ")).map(str::to_owned).collect();
        assert!(told.len() > 10, "{told:?}");
        (read("p.zip"), report, output.stdout, told)
    };
    let district =
        ["--source", source, "--tenant", "demo_isd", "--school-year", "2025", "--as-of", "2024-10-01"];
    assert_eq!(run("1", &district), run("3", &district));
    assert_eq!(run("2", &["--sample"]), run("1", &["--sample"]));
}
