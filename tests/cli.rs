//! The binary as a user meets it: what is wrong is found before any work, told on stderr with a way out, and
//! leaves nothing behind. The expected texts are in `tests/golden/cli`; `BLESS=1` writes them anew.

// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use assert_cmd::cargo::CommandCargoExt as _;

/// The binary in an empty environment and an empty folder.
fn rosterpack(folder: &Path) -> Command {
    let mut command = std::process::Command::cargo_bin("rosterpack").unwrap();
    command.env_clear().current_dir(folder);
    Command::from_std(command)
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    rosterpack(folder).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Compares what was told with the golden text of this case.
fn golden(name: &str, output: &Output) {
    let told = format!(
        "exit code {}\n--- stdout\n{}--- stderr\n{}",
        output.status.code().map_or("none".into(), |c| c.to_string()),
        text(&output.stdout),
        text(&output.stderr)
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/cli/{name}.txt"));
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &told).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(told, expected, "tests/golden/cli/{name}.txt: BLESS=1 cargo test --test cli");
}

fn empty() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    entries
}

#[test]
fn wrong_usage_is_told_with_a_way_out() {
    let cases: &[(&str, &[&str])] = &[
        ("nothing-given", &["export"]),
        ("unknown-setting", &["export", "--sample", "--set", "end_date=inclusive"]),
        ("bad-year", &["export", "--source", "x", "--tenant", "a", "--out", ".", "--school-year", "21"]),
        (
            "bad-values",
            &[
                "export",
                "--sample",
                "--as-of",
                "2021-02-30",
                "--oneroster",
                "1.2",
                "--include",
                "all",
                "--school",
                "12a",
                "--files",
                "user",
                "--compression",
                "0",
                "--set",
                "class_title={titel}",
                "--set",
                "demographic_extensions=ssn=ssn",
                "--set",
                "staff_role_priority=boss",
                "--set",
                "mapping.natural_key=yes",
                "--data-standard",
                "9.9",
            ],
        ),
        ("tenant-is-no-file-name", &["export", "--sample", "--tenant", "../etc"]),
        (
            "password-in-a-flag",
            &["export", "--source", "postgres://me:hunter2@localhost/ods", "--tenant", "a"],
        ),
        ("sample-and-source", &["export", "--sample", "--source", "x"]),
        ("unknown-flag", &["export", "--sample", "--demografics"]),
        ("unknown-verb", &["exprot"]),
        ("synth-without-students", &["synth", "--out", "x"]),
        ("synth-unknown-standard", &["synth", "--students", "1", "--out", "x", "--data-standard", "3.1"]),
    ];
    for (name, arguments) in cases {
        let folder = empty();
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(!text(&output.stderr).contains("hunter2"), "{name}");
        assert!(entries(folder.path()).is_empty(), "{name} leaves something behind");
        golden(name, &output);
    }
}

#[test]
fn the_environment_is_checked_and_loses_against_flags() {
    let folder = empty();
    let output = rosterpack(folder.path())
        .args(["export", "--sample"])
        .env("ROSTERPACK__RUN__TENANTT", "x")
        .env("ROSTERPACK__PACKAGE__COMPRESSION", "eleven")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    golden("environment", &output);

    // The bad flag wins over the good variable, so that its fault, not the variable's value, is told.
    let output = rosterpack(folder.path())
        .args(["export", "--sample", "--compression", "12"])
        .env("ROSTERPACK__PACKAGE__COMPRESSION", "4")
        .output()
        .unwrap();
    assert!(text(&output.stderr).contains("--compression: `12`"), "{}", text(&output.stderr));
}

#[cfg(unix)]
#[test]
fn an_environment_that_is_not_utf8_is_no_panic() {
    use std::os::unix::ffi::OsStrExt;
    let folder = empty();
    let output = rosterpack(folder.path())
        .args(["export", "--sample"])
        .env("ROSTERPACK__RUN__TENANT", std::ffi::OsStr::from_bytes(b"a\xff"))
        .env(std::ffi::OsStr::from_bytes(b"OTHER\xff"), "x")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("ROSTERPACK__RUN__TENANT: its value is not UTF-8"));
}

/// Arguments of an export from `place`.
fn export<'a>(place: &'a str, out: &'a str) -> Vec<&'a str> {
    vec![
        "export",
        "--source",
        place,
        "--tenant",
        "gbisd",
        "--school-year",
        "2022",
        "--as-of",
        "2021-10-01",
        "--out",
        out,
    ]
}

#[test]
fn a_source_that_is_missing_or_empty_is_exit_code_3_and_leaves_no_folder() {
    let folder = empty();
    fs::create_dir(folder.path().join("nothing")).unwrap();
    for (place, out) in [("gone", "out/"), ("nothing", "out/"), ("nothing", "out/of/nightly/")] {
        let output = run(folder.path(), &export(place, out));
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{told}");
        assert!(told.contains("error: ") && told.contains(place), "{told}");
        assert!(output.stdout.is_empty());
        assert_eq!(entries(folder.path()).len(), 1, "only the empty source folder is there");
    }
}

#[test]
fn an_output_that_cannot_be_written_is_found_before_the_source_is_opened() {
    let folder = empty();
    fs::write(folder.path().join("file"), "x").unwrap();
    // The source does not exist either: exit code 7 shows that nobody looked for it.
    for out in ["gone/roster.zip", "file/roster.zip", "file/deeper/"] {
        let output = run(folder.path(), &export("gone", out));
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(7), "{out}: {told}");
        assert!(
            told.starts_with("error: cannot write the package to ") && told.contains("\nhelp: "),
            "{told}"
        );
    }
    let mut arguments = export("gone", "roster.zip");
    arguments.extend(["--report", "gone/report.json"]);
    let output = run(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(7), "{}", text(&output.stderr));
    let mut arguments = export("gone", "roster.zip");
    arguments.extend(["--report", "roster.zip"]);
    assert_eq!(run(folder.path(), &arguments).status.code(), Some(2));
    assert_eq!(entries(folder.path()).len(), 1);
}

#[test]
fn a_bad_seed_is_found_before_outputs_and_source() {
    let folder = empty();
    let seeds = folder.path().join("seeds");
    fs::create_dir(&seeds).unwrap();
    fs::write(seeds.join("xwalk_oneroster_races.csv"), "edfi_race_code,oneroster_race_code\nWhite,purple\n")
        .unwrap();
    let mut arguments = export("gone", "gone/roster.zip");
    arguments.extend(["--seeds", "seeds"]);
    let output = run(folder.path(), &arguments);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("xwalk_oneroster_races.csv") && told.contains("purple"), "{told}");
}

#[test]
fn help_and_version_go_to_stdout() {
    let folder = empty();
    for (arguments, holds) in [
        (&["--help"][..], "Usage: rosterpack"),
        (&["export", "--help"], "rosterpack export --sample"),
        (&["synth", "--help"], "rosterpack synth --students"),
        (&["--version"], concat!("rosterpack ", env!("CARGO_PKG_VERSION"))),
    ] {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains(holds), "{}", text(&output.stdout));
        assert!(output.stderr.is_empty());
    }
}
