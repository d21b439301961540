//! Running exports: through the library for speed, through the binary where exit code and output count.
//!
//! In: a source folder and settings by name. Out: the package, the report as JSON and the zip's bytes.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

use assert_cmd::cargo::CommandCargoExt as _;
use rosterpack::config::Overrides;
use rosterpack::crosswalk::Crosswalks;
use rosterpack::day::Day;
use rosterpack::pipeline;
use rosterpack::progress::Silent;
use rosterpack::report::{PackageReport, Report, RunFacts, UnmappedValue, Zip};
use rosterpack::source::Source as _;
use rosterpack::source::dump::DumpSource;
use rosterpack::synth::{self, Shape, SynthPlan, Traps};
use serde_json::Value;

use crate::package_reader::{Package, Table};

/// Settings of most exports: the district of `synth`.
pub const USUAL: &[(&str, &str)] =
    &[("tenant", "demo_isd"), ("active_school_year", "2025"), ("as_of", "2024-10-01")];

/// What an export came to.
pub struct Exported {
    /// The zip; empty when refused.
    pub zip: Vec<u8>,
    pub package: Package,
    pub report: Value,
}

impl Exported {
    pub fn table(&self, name: &str) -> Table {
        self.package.table(name)
    }

    /// Occurrences of a notice code.
    pub fn count(&self, code: &str) -> u64 {
        self.code(code).map_or(0, |c| c["count"].as_u64().unwrap())
    }

    /// Occurrences of a code whose cause contains a text.
    pub fn count_of(&self, code: &str, cause: &str) -> u64 {
        let causes = self.code(code).map_or(&[][..], |c| c["causes"].as_array().unwrap());
        let of_cause = causes.iter().filter(|c| c["cause"].as_str().unwrap().contains(cause));
        of_cause.map(|c| c["count"].as_u64().unwrap()).sum()
    }

    fn code(&self, code: &str) -> Option<&Value> {
        self.report["notices"].as_array().unwrap().iter().find(|c| c["code"] == code)
    }

    /// Rows of a file that are left out, over all notices.
    pub fn left_out(&self, file: &str) -> u64 {
        let codes = self.report["notices"].as_array().unwrap().iter();
        codes
            .flat_map(|code| code["causes"].as_array().unwrap())
            .filter_map(|cause| cause["left_out"].get(file)?.as_u64())
            .sum()
    }

    pub fn refused(&self) -> Vec<&str> {
        self.report["refused"].as_array().unwrap().iter().map(|r| r.as_str().unwrap()).collect()
    }
}

/// Exports through the library; later settings win over earlier ones.
pub fn export(source: &Path, settings: &[&[(&str, &str)]]) -> Exported {
    let target = tempfile::tempdir().unwrap();
    let zip = target.path().join("package.zip");
    let mut last: Vec<(&str, &str)> = Vec::new();
    for &(name, value) in settings.iter().copied().flatten() {
        last.retain(|(known, _)| *known != name);
        last.push((name, value));
    }
    let mut overrides = Overrides::new();
    for (name, value) in last {
        overrides.flag(name, Some(value));
    }
    let run = overrides.freeze(Day::from_ymd(2024, 10, 1).unwrap(), &[]).unwrap();
    let crosswalks = Crosswalks::load(run.seeds.as_deref()).unwrap();
    let source = DumpSource::open(source).unwrap();
    let outcome = pipeline::export(&source, &crosswalks, &run.plan, Some(&zip), &Silent).unwrap();
    let written = outcome.packages[0].written.is_some();
    let bytes = if written { std::fs::read(&zip).unwrap() } else { Vec::new() };
    let entries = std::fs::read_dir(target.path()).unwrap().count();
    assert_eq!(entries, usize::from(written), "an export leaves the package and nothing else");
    let packages = outcome.packages.into_iter().map(|package| {
        let zip = package.written.map(|w| Zip { path: "package.zip".into(), bytes: w.bytes });
        PackageReport::new(package.version, &package.files, &package.notices, zip)
    });
    let report = Report::new(
        RunFacts::new(&run.plan, "a folder", outcome.data_standard, outcome.read_rows),
        packages.collect(),
        &outcome.notices,
        outcome
            .unmapped
            .into_iter()
            .map(|u| UnmappedValue { seed: u.seed, column: u.column, value: u.value, count: u.count })
            .collect(),
        run.choices.clone(),
        outcome.refused.unwrap_or_default(),
    );
    assert!(source.catalog().tables.len() > 10);
    let package = if bytes.is_empty() { Package::default() } else { Package::from_zip(&bytes) };
    Exported { zip: bytes, package, report: serde_json::to_value(&report).unwrap() }
}

/// A district of `synth` in a folder of its own.
pub fn district(students: u64, standard: Shape, traps: Traps) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let plan = SynthPlan { students, standard, traps, ..SynthPlan::default() };
    synth::write(&plan, folder.path(), &|_, _| {}).unwrap();
    folder
}

/// A small district with the safe traps, written once and read by many tests.
pub fn trap_district(standard: Shape) -> &'static Path {
    static FOLDERS: [OnceLock<tempfile::TempDir>; 5] = [const { OnceLock::new() }; 5];
    FOLDERS[standard as usize].get_or_init(|| district(40, standard, Traps::Safe)).path()
}

/// The binary in an empty environment.
pub fn binary(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = std::process::Command::cargo_bin("rosterpack").unwrap();
    command.env_clear().current_dir(folder).args(arguments).output().unwrap()
}

/// What the binary said on standard error.
pub fn told(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The shared folder next to the repository, or a loud notice that a test did not run.
pub fn published(sample: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("../shared/ods-samples").join(sample);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "\n*** SKIPPED: {} is not there: nothing was tested with the published sample ***\n",
        folder.display()
    );
    None
}
