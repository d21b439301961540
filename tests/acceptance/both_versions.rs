//! `--oneroster 1.1,1.2`: two packages from one read, each the same to the byte as alone, published together or not
//! at all; and the same people, classes and enrollments in both.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rosterpack::config::Overrides;
use rosterpack::crosswalk::Crosswalks;
use rosterpack::day::Day;
use rosterpack::package::PackageError;
use rosterpack::pipeline::{self, Outputs, PipelineError};
use rosterpack::progress::Silent;
use rosterpack::source::dump::DumpSource;
use rosterpack::source::{Catalog, Part, ReadStats, Request, Sink, Source, SourceError};
use rosterpack::spec::Version;
use rosterpack::synth::Shape;
use serde_json::Value;

use crate::exporting::{Exported, USUAL, binary, export, told, trap_district};
use crate::extract;
use crate::package_check::check;
use crate::package_reader::Package;

const NAMES: [&str; 2] = ["demo_isd-2025-oneroster-v1p1.zip", "demo_isd-2025-oneroster-v1p2.zip"];

/// Runs the binary on the district of `synth`.
fn run(out: &Path, more: &[&str]) -> std::process::Output {
    run_on(trap_district(Shape::S52), out, more)
}

fn run_on(source: &Path, out: &Path, more: &[&str]) -> std::process::Output {
    let source = source.to_str().unwrap();
    let usual = ["export", "--source", source, "--tenant", "demo_isd", "--school-year", "2025"];
    let dates = ["--as-of", "2024-10-01", "--demographics", "--parents"];
    let arguments: Vec<&str> = usual.iter().chain(&dates).chain(more).copied().collect();
    binary(out, &arguments)
}

/// Every file of a folder by name.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect()
}

fn report(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("report.json")).unwrap()).unwrap()
}

#[test]
fn one_read_gives_what_two_runs_give() {
    // A result without a score: 1.1 leaves it out, 1.2 keeps it.
    let source = extract::copy(trap_district(Shape::S52));
    extract::alter(source.path(), "studentgradebookentry", |table| {
        for (column, value) in [("pointsearned", ""), ("numericgradeearned", ""), ("lettergradeearned", "B")]
        {
            let at = table.column(column).unwrap();
            table.rows[0][at] = value.to_owned();
        }
    });
    let (both, alone) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for folder in [&both, &alone] {
        fs::create_dir(folder.path().join("tables")).unwrap();
    }
    let more = ["--tables", "tables", "--report", "report.json", "--out", "out/"];
    let gradebook = ["--set", "gradebook=true", "--set", "id_scheme=stable"];
    let with = |versions| [&["--oneroster", versions][..], &more, &gradebook].concat();
    let output = run_on(source.path(), both.path(), &with("1.1,1.2"));
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let paths: String = NAMES.iter().map(|name| format!("out/{name}\n")).collect();
    assert_eq!(String::from_utf8(output.stdout.clone()).unwrap(), paths, "one path a line");

    let mut reports = Vec::new();
    for (version, name) in ["1.1", "1.2"].into_iter().zip(NAMES) {
        let output = run_on(source.path(), alone.path(), &with(version));
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
        assert_eq!(output.stdout, format!("out/{name}\n").into_bytes());
        reports.push(report(alone.path()));
    }
    for folder in ["out", "tables"] {
        let (both, alone) = (files(&both.path().join(folder)), files(&alone.path().join(folder)));
        assert_eq!(both.keys().collect::<Vec<_>>(), alone.keys().collect::<Vec<_>>());
        for (name, bytes) in &both {
            assert!(*bytes == alone[name], "{folder}/{name}");
        }
        assert!(both.len() == 2 || both.contains_key("or1_2__roles.csv") && both.len() > 15);
    }

    // The report: what each alone says, shared where both say it, and no notice in both places.
    let report = report(both.path());
    assert_eq!(report["outcome"], "published");
    let packages = report["packages"].as_array().unwrap();
    for (package, single) in packages.iter().zip(&reports) {
        let only = &single["packages"][0];
        assert_eq!((&package["oneroster"], &package["files"]), (&only["oneroster"], &only["files"]));
        assert_eq!(package["zip"], only["zip"]);
        assert!(only["notices"].as_array().unwrap().is_empty(), "one package: everything is everybody's");
        let mut counts = causes(&report["notices"]);
        for (cause, count) in causes(&package["notices"]) {
            *counts.entry(cause).or_default() += count;
        }
        assert_eq!(counts, causes(&single["notices"]));
    }
    let own = |n: usize| causes(&packages[n]["notices"]).into_iter().map(|((code, _), _)| code);
    assert_eq!(
        own(0).collect::<Vec<_>>(),
        ["line-item-defaulted", "result-without-score", "word-not-in-version"]
    );
    assert_eq!(own(1).count(), 0);
    let summary = told(&output);
    let unbroken = summary.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(unbroken.contains("OneRoster 1.1 and 1.2 source"), "{summary}");
    assert!(summary.contains("in OneRoster 1.1 alone"), "{summary}");
    let roles = summary.lines().find(|line| line.starts_with("roles.csv")).unwrap();
    assert!(roles.contains("absent"), "{roles}");
}

/// Counts by code and cause.
fn causes(notices: &Value) -> BTreeMap<(String, String), u64> {
    let mut counts = BTreeMap::new();
    for code in notices.as_array().unwrap() {
        for cause in code["causes"].as_array().unwrap() {
            let key =
                (code["code"].as_str().unwrap().to_owned(), cause["cause"].as_str().unwrap().to_owned());
            *counts.entry(key).or_default() += cause["count"].as_u64().unwrap();
        }
    }
    counts
}

#[test]
fn one_file_cannot_be_two_packages() {
    let folder = tempfile::tempdir().unwrap();
    for (out, versions) in [("roster.zip", "1.1,1.2"), ("missing/roster.zip", "1.2,1.1")] {
        let output = run(folder.path(), &["--oneroster", versions, "--out", out]);
        assert_eq!(output.status.code(), Some(2), "{}", told(&output));
        let told = told(&output);
        assert!(told.contains("--out names one file") && told.contains("name a folder"), "{told}");
        assert!(!told.contains("reading"), "found before anything is read: {told}");
    }
    let output = run(folder.path(), &["--oneroster", "1.2,1.2.0", "--out", "out/"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("names OneRoster 1.2 twice"), "{}", told(&output));
    assert!(files(folder.path()).is_empty());
    let ids = ["ids", "--from", "edu", "--to", "stable", "--sample", "--oneroster", "1.1,1.2"];
    let output = binary(folder.path(), &ids);
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("a table of ids is of one"), "{}", told(&output));
}

#[test]
fn a_dry_run_counts_both_and_writes_none() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["--oneroster", "1.2,1.1", "--dry-run", "--report", "report.json"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    let report = report(folder.path());
    assert_eq!(report["outcome"], "dry-run");
    let rows = |n: usize| report["packages"][n]["files"].as_array().unwrap().len();
    assert_eq!((rows(0), rows(1)), (8, 7));
    assert_eq!(files(folder.path()).len(), 1);
}

/// A source that counts how often each table is read.
struct Counting {
    inner: DumpSource,
    reads: AtomicUsize,
}

impl Source for Counting {
    fn catalog(&self) -> &Catalog {
        self.inner.catalog()
    }
    fn check(&self, requests: &[Request]) -> Result<(), SourceError> {
        self.inner.check(requests)
    }
    fn parts(&self, table: &str) -> usize {
        self.inner.parts(table)
    }
    fn read(&self, request: &Request, part: Part, sink: &mut Sink<'_>) -> Result<ReadStats, SourceError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.inner.read(request, part, sink)
    }
}

fn through_the_library(
    versions: &str,
    at: Option<&dyn Fn(Version) -> PathBuf>,
) -> (usize, Result<pipeline::Outcome, PipelineError>) {
    let mut overrides = Overrides::new();
    for (name, value) in USUAL.iter().chain(&[("oneroster", versions)]) {
        overrides.flag(name, Some(value));
    }
    let run = overrides.freeze(Day::at(0), &[]).unwrap();
    let inner = DumpSource::open(trap_district(Shape::S52)).unwrap();
    let source = Counting { inner, reads: AtomicUsize::new(0) };
    let outputs = Outputs { package: at, ..Outputs::default() };
    let crosswalks = Crosswalks::load(None).unwrap();
    let result = pipeline::export_to(&source, &crosswalks, &run.plan, outputs, &Silent);
    (source.reads.into_inner(), result)
}

#[test]
fn the_source_is_read_once() {
    let (alone, _) = through_the_library("1.1", None);
    let (both, _) = through_the_library("1.1,1.2", None);
    assert!(alone > 10);
    assert_eq!(alone, both);
}

#[test]
fn a_target_that_fails_leaves_both_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("first.zip");
    fs::write(&first, "before").unwrap();
    let second = folder.path().join("gone/second.zip");
    let at = |version| if version == Version::V1p1 { first.clone() } else { second.clone() };
    let (_, result) = through_the_library("1.1,1.2", Some(&at));
    assert!(matches!(result, Err(PipelineError::Package(PackageError::Output { .. }))), "{result:?}");
    assert_eq!(files(folder.path()), BTreeMap::from([("first.zip".to_owned(), b"before".to_vec())]));

    let (reads, result) = through_the_library("1.1,1.2", Some(&|_| first.clone()));
    let error = result.unwrap_err().to_string();
    assert!(error.contains("two packages of one run"), "{error}");
    assert_eq!((reads, fs::read(&first).unwrap()), (0, b"before".to_vec()));
}

/// A package whose name is taken while it is written is told together with those that are in place.
#[test]
fn a_name_that_is_taken_at_the_end_is_told_with_what_is_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first.zip"), folder.path().join("second.zip"));
    let out = folder.path().to_owned();
    let at = |version| if version == Version::V1p1 { first.clone() } else { second.clone() };
    struct Thief(PathBuf);
    impl rosterpack::progress::Progress for Thief {
        fn stage(&self, _: &str) {}
        fn table(&self, _: &str, _: Option<u64>) {}
        fn rows(&self, _: &str, _: u64) {}
        fn done(&self, _: &str) {}
        fn written(&self, file: &str, _: u64, _: u64) {
            // Roles are written when both partial files are there.
            if file == "roles" {
                let _ = fs::create_dir(self.0.join("second.zip"));
            }
        }
    }
    let mut overrides = Overrides::new();
    for (name, value) in USUAL.iter().chain(&[("oneroster", "1.1,1.2")]) {
        overrides.flag(name, Some(value));
    }
    let run = overrides.freeze(Day::at(0), &[]).unwrap();
    let source = DumpSource::open(trap_district(Shape::S52)).unwrap();
    let outputs = Outputs { package: Some(&at), ..Outputs::default() };
    let crosswalks = Crosswalks::load(None).unwrap();
    let result = pipeline::export_to(&source, &crosswalks, &run.plan, outputs, &Thief(out));
    let Err(error @ PipelineError::Partly { .. }) = result else { panic!("{result:?}") };
    let told = error.to_string();
    assert!(told.contains("second.zip") && told.contains("first.zip is in place already"), "{told}");
    assert_eq!(check(&Package::from_zip(&fs::read(&first).unwrap())), Vec::<String>::new());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no partial file is left");
}

const EVERYTHING: &[(&str, &str)] = &[("demographics", "true"), ("include_parents", "true")];

#[test]
fn persons_classes_and_enrollments_are_those_of_the_other_version() {
    for scheme in ["edu", "stable"] {
        let package = |version| {
            let settings = [("id_scheme", scheme), ("oneroster", version)];
            export(trap_district(Shape::S52), &[USUAL, EVERYTHING, &settings])
        };
        let (earlier, later) = (package("1.1"), package("1.2"));
        let ids = |exported: &Exported, file: &str| -> Vec<String> {
            exported.table(file).all("sourcedId").into_iter().map(str::to_owned).collect()
        };
        assert!(ids(&earlier, "users").len() > 80);
        assert_eq!(ids(&earlier, "users"), ids(&later, "users"), "{scheme}");
        for file in ["classes", "enrollments", "orgs", "courses", "academicSessions"] {
            assert!(earlier.package.bytes(file) == later.package.bytes(file), "{scheme} {file}");
        }
        // What both versions say of a person is the same, and 1.1's orgs are those of the roles.
        let (users, roles) = (earlier.table("users"), later.table("roles"));
        for (before, after) in users.iter().zip(later.table("users").iter()) {
            for column in ["username", "userIds", "givenName", "familyName", "email", "phone", "grades"] {
                assert_eq!(before.get(column), after.get(column), "{scheme} {column}");
            }
            let mut orgs = before.list("orgSourcedIds");
            let of_roles = roles.find("userSourcedId", before.get("sourcedId"));
            let mut at: Vec<&str> = of_roles.iter().map(|role| role.get("orgSourcedId")).collect();
            orgs.sort_unstable();
            at.sort_unstable();
            at.dedup();
            assert_eq!(orgs, at, "{scheme} {}", before.get("identifier"));
        }
    }
}
