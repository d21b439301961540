//! How outcomes and faults become exit codes, output and reports, without a pipeline.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::super::Clock;
use super::*;
use crate::edfi::SchemaError;
use crate::notice::{Authority, Code, Notices, Severity};
use crate::package::{MeasuredFile, Written};
use crate::pipeline::{Outcome, Package};
use crate::source::SourceError;
use crate::spec::File;

static CODE: Code = Code {
    code: "test-code",
    severity: Severity::Warning,
    authority: Authority::Policy,
    file: "users",
    summary: "Something was left out.",
    remedy: "Put it back.",
};

/// What a run said and how it ended.
struct Said {
    code: ExitCode,
    out: String,
    err: String,
}

fn said(act: impl FnOnce(&mut Process<'_>) -> ExitCode) -> Said {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = act(&mut Process {
        environment: Vec::new(),
        today: Day::from_ymd(2021, 10, 1).unwrap(),
        clock: || Clock { utc_milliseconds: 0, offset_minutes: 0 },
        out: &mut out,
        err: &mut err,
        terminal: false,
        signals: false,
    });
    Said { code, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
}

fn frozen(report: Option<&Path>) -> Run {
    let mut overrides = Overrides::new();
    overrides.flag("tenant", Some("gbisd"));
    overrides.flag("active_school_year", Some("2022"));
    overrides.flag("report", report.map(|p| p.to_str().unwrap()));
    overrides.freeze(Day::from_ymd(2021, 10, 1).unwrap(), &[]).unwrap()
}

fn file(file: File, rows: u64) -> MeasuredFile {
    MeasuredFile { file, rows, csv_bytes: 0, crc32: 0, fill: None }
}

fn outcome(refused: Option<Vec<String>>, written: Option<Written>) -> Outcome {
    let mut notices = Notices::new();
    notices.add(&CODE, "the cause", "604822");
    let package = Package {
        version: Version::V1p1,
        written,
        files: vec![(File::Orgs, 3), (File::Users, 1200)],
        contents: vec![file(File::Orgs, 3), file(File::Users, 1200)],
        judgement: None,
        compared: pipeline::Compared::Not,
        notices: Notices::new(),
    };
    Outcome {
        packages: vec![package],
        notices,
        unmapped: Vec::new(),
        data_standard: "5.2",
        refused,
        read_rows: 5000,
        figures: None,
        names: BTreeMap::new(),
    }
}

fn written() -> Option<Written> {
    Some(Written { path: "out/gbisd.zip".into(), bytes: 4096, files: Vec::new() })
}

fn concluded(quiet: bool, report: Option<&Path>, outcome: Outcome) -> Said {
    concluded_after(quiet, report, outcome, || ())
}

/// The same; something happens between the check of the places and the end.
fn concluded_after(quiet: bool, report: Option<&Path>, outcome: Outcome, meanwhile: impl Fn()) -> Said {
    let run = frozen(report);
    let report = Report::of(&run, "extracts", outcome);
    said(|process| {
        let place = Place::check(&run, None, process).unwrap();
        meanwhile();
        let code = conclude(quiet, place.as_ref(), &report, process);
        say_paths(&report, code, process)
    })
}

#[test]
fn a_published_package_prints_its_path_and_nothing_else_on_stdout() {
    let told = concluded(false, None, outcome(None, written()));
    assert_eq!(told.code, ExitCode::Published);
    assert_eq!(told.out, "out/gbisd.zip\n");
    assert!(told.err.contains("users.csv") && told.err.contains("1,200"), "{}", told.err);
    assert!(told.err.contains("the cause") && told.err.contains("Put it back."), "{}", told.err);

    let told = concluded(true, None, outcome(None, written()));
    assert_eq!((told.out.as_str(), told.err.as_str()), ("out/gbisd.zip\n", ""));
}

#[test]
fn a_refused_package_tells_its_reasons_even_when_quiet() {
    for reasons in [vec!["12 ids collide".to_owned(), "no class".to_owned()], Vec::new()] {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report.json");
        let told = concluded(true, Some(&report), outcome(Some(reasons.clone()), None));
        assert_eq!(told.code, ExitCode::Refused);
        assert_eq!(told.out, "");
        assert!(told.err.starts_with("error: the package was refused"), "{}", told.err);
        assert!(reasons.iter().all(|reason| told.err.contains(reason)), "{}", told.err);
        let json: serde_json::Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
        assert_eq!(json["outcome"], "refused");
        assert!(!json["refused"].as_array().unwrap().is_empty());
        assert!(json["packages"][0]["zip"].is_null());
    }
}

#[test]
fn a_dry_run_says_so() {
    let told = concluded(false, None, outcome(None, None));
    assert_eq!((told.code, told.out.as_str()), (ExitCode::Published, ""));
    assert!(told.err.contains("Dry run"), "{}", told.err);
}

#[test]
fn a_report_that_cannot_be_written_is_told_and_the_package_still_named() {
    let folder = tempfile::tempdir().unwrap();
    let told = {
        let gone = folder.path().join("gone");
        std::fs::create_dir(&gone).unwrap();
        let remove = || std::fs::remove_dir(&gone).unwrap();
        concluded_after(true, Some(&gone.join("report.json")), outcome(None, written()), remove)
    };
    assert_eq!((told.code, told.out.as_str()), (ExitCode::Output, "out/gbisd.zip\n"));
    assert!(told.err.contains("the package itself is complete"), "{}", told.err);
}

#[test]
fn a_report_is_replaced_as_a_whole_and_leaves_no_litter() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    std::fs::write(&report, "before").unwrap();
    concluded(true, Some(&report), outcome(None, written()));
    assert!(std::fs::read_to_string(&report).unwrap().ends_with("}\n"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// A standard output whose reader has gone.
struct Closed;

impl io::Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_standard_output_is_no_panic_and_no_success() {
    let run = frozen(None);
    let mut err = Vec::new();
    let mut process = Process {
        environment: Vec::new(),
        today: Day::at(0),
        clock: || Clock { utc_milliseconds: 0, offset_minutes: 0 },
        out: &mut Closed,
        err: &mut err,
        terminal: false,
        signals: false,
    };
    let report = Report::of(&run, "extracts", outcome(None, written()));
    let code = conclude(true, None, &report, &mut process);
    let code = say_paths(&report, code, &mut process);
    assert_eq!(code, ExitCode::Output);
    let mut help = Process { out: &mut Closed, ..process };
    assert_eq!(super::super::run(["rosterpack".into(), "--help".into()], &mut help), ExitCode::Output);
}

#[test]
fn faults_of_the_source_and_of_the_package_have_their_codes() {
    let place = SourceError::Place { place: "x".into(), reason: "gone".into(), remedy: "Look.".into() };
    let file = SourceError::File { path: "x.csv".into(), reason: "short".into() };
    let unknown = SchemaError::UnknownStandard { label: "9".into(), known: "5.2".into() };
    let missing = SchemaError::NotAnOds { place: "x".into() };
    for (error, expected) in [
        (place, ExitCode::Source),
        (file, ExitCode::Source),
        (SourceError::Schema(missing), ExitCode::Source),
        (SourceError::Schema(unknown), ExitCode::Usage),
    ] {
        let told = said(|process| tell(&PipelineError::Source(error), process));
        assert_eq!(told.code, expected, "{}", told.err);
        assert!(told.err.starts_with("error: "), "{}", told.err);
    }
}

#[test]
fn a_default_date_outside_of_the_year_is_noted() {
    let noted = |today: (i32, u32, u32)| {
        let mut overrides = Overrides::new();
        overrides.flag("tenant", Some("gbisd"));
        overrides.flag("active_school_year", Some("2022"));
        let run = overrides.freeze(Day::from_ymd(today.0, today.1, today.2).unwrap(), &[]).unwrap();
        let told = said(|process| {
            hint_at_dates(&run, process);
            ExitCode::Published
        });
        !told.err.is_empty()
    };
    assert!(noted((2021, 6, 30)) && noted((2022, 7, 1)) && noted((2025, 10, 1)));
    assert!(!noted((2021, 7, 1)) && !noted((2021, 12, 31)) && !noted((2022, 6, 30)));
}

#[test]
fn every_flag_of_the_table_is_a_flag_of_the_command_and_reaches_its_setting() {
    use clap::CommandFactory;
    let command = super::super::Cli::command();
    let export = command.find_subcommand("export").unwrap();
    for setting in SETTINGS.iter().filter(|s| s.flag.is_some()) {
        let flag = setting.flag.unwrap();
        let argument =
            export.get_arguments().find(|a| Some(a.get_long().unwrap_or("")) == flag.strip_prefix("--"));
        let takes_value = argument.unwrap_or_else(|| panic!("{flag}")).get_action().takes_values();
        let mut words = vec!["rosterpack", "export", flag];
        if takes_value {
            words.push(setting.example);
        }
        let super::super::Verb::Export(args) = <super::super::Cli as clap::Parser>::parse_from(words).verb
        else {
            panic!("{flag} is a flag of another verb");
        };
        let mut overrides = args.overrides([]);
        if setting.name != "tenant" {
            overrides.flag("tenant", Some("gbisd"));
        }
        if setting.name != "active_school_year" {
            overrides.flag("active_school_year", Some("2022"));
        }
        let with = overrides.freeze(Day::at(0), &[]).unwrap();
        if !matches!(setting.name, "tenant" | "active_school_year") {
            assert_ne!(with, Run { as_of_is_today: true, ..frozen_bare() }, "{flag} reaches nothing");
        }
    }
}

fn frozen_bare() -> Run {
    let mut overrides = Overrides::new();
    overrides.flag("tenant", Some("gbisd"));
    overrides.flag("active_school_year", Some("2022"));
    overrides.freeze(Day::at(0), &[]).unwrap()
}
