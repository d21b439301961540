//! Snapshots: an export from one gives the same bytes as an export from its source, whatever the data standard, the
//! format and the generation; and a snapshot that fails leaves nothing behind.

// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use rosterpack::cli::{self, Clock, ExitCode, Process};
use rosterpack::day::Day;
use rosterpack::synth::{self, Shape, SynthPlan, Traps};
use serde_json::Value;

struct Said {
    code: ExitCode,
    out: String,
    err: String,
}

/// Runs a command line inside of this process.
fn run(arguments: &[&str]) -> Said {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = cli::run(
        std::iter::once("rosterpack").chain(arguments.iter().copied()).map(Into::into),
        &mut Process {
            environment: Vec::new(),
            today: Day::from_ymd(2024, 10, 1).unwrap(),
            clock: || Clock { utc_milliseconds: 0, offset_minutes: 0 },
            out: &mut out,
            err: &mut err,
            terminal: false,
            signals: false,
        },
    );
    Said { code, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
}

fn invent(folder: &Path, standard: Shape, traps: Traps) {
    let plan = SynthPlan { students: 40, standard, traps, ..SynthPlan::default() };
    synth::write(&plan, folder, &|_, _| {}).unwrap();
}

/// An export with everything that reads a part of its own.
fn export(source: &Path, out: &Path) -> Vec<u8> {
    let said = run(&[
        "export",
        "--source",
        source.to_str().unwrap(),
        "--tenant",
        "demo",
        "--school-year",
        "2025",
        "--as-of",
        "2024-10-01",
        "--out",
        out.to_str().unwrap(),
        "--demographics",
        "--parents",
        "--quiet",
        "--set",
        "grading_periods=true",
        "--set",
        "org_metadata=true",
        "--set",
        "org_identifier_system=NCES",
        "--set",
        "use_course_departments=true",
        "--set",
        "demographic_extensions=birth_city=city,characteristic:Homeless=homeless,program:Special Education=sped,indicator:Gifted=gifted",
    ]);
    assert_eq!(said.code, ExitCode::Published, "{}", said.err);
    fs::read(out).unwrap()
}

fn snapshot(source: &Path, out: &Path, more: &[&str]) -> Said {
    let mut arguments =
        vec!["snapshot", "--source", source.to_str().unwrap(), "--out", out.to_str().unwrap()];
    arguments.extend(more);
    run(&arguments)
}

/// Files of a folder with their decompressed bytes, by table; the description is left out.
fn tables(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut tables = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let mut bytes = fs::read(&path).unwrap();
        if name.ends_with(".gz") {
            let packed = std::mem::take(&mut bytes);
            flate2::read::MultiGzDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
        }
        if name != "snapshot.json" {
            tables.insert(name.split('.').next().unwrap().to_owned(), bytes);
        }
    }
    tables
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    entries
}

#[test]
fn two_generations_of_snapshots_export_like_their_source() {
    for shape in Shape::ALL {
        let temp = tempfile::tempdir().unwrap();
        let at = |name: &str| temp.path().join(name);
        invent(&at("ods"), shape, Traps::Safe);
        let first = snapshot(&at("ods"), &at("first"), &[]);
        assert_eq!(first.code, ExitCode::Published, "{}", first.err);
        assert_eq!(first.out, format!("{}\n", at("first").display()));
        let second = snapshot(&at("first"), &at("second"), &["--format", "csv.gz"]);
        assert_eq!(second.code, ExitCode::Published, "{}", second.err);

        let packages = ["ods", "first", "second"].map(|name| export(&at(name), &at(&format!("{name}.zip"))));
        assert!(packages[0].len() > 10_000);
        assert!(packages.iter().all(|package| *package == packages[0]), "{}", shape.label());
        assert!(tables(&at("first")) == tables(&at("second")), "{}", shape.label());

        let description: Value =
            serde_json::from_slice(&fs::read(at("first").join("snapshot.json")).unwrap()).unwrap();
        assert_eq!(description["rosterpack"], env!("CARGO_PKG_VERSION"));
        assert_eq!(description["source"], at("ods").display().to_string());
        assert!(description["school_year"].is_null());
        let described = description["tables"].as_array().unwrap();
        assert_eq!(described.len(), tables(&at("first")).len());
        for table in described {
            let text =
                String::from_utf8(tables(&at("first"))[table["table"].as_str().unwrap()].clone()).unwrap();
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            assert_eq!(table["rows"], reader.records().map(Result::unwrap).count(), "{table}");
            assert!(text.ends_with('\n'), "{table}");
            let columns = reader.headers().unwrap().iter().map(str::to_owned).collect::<Vec<_>>();
            assert!(columns.iter().all(|c| *c == c.to_lowercase()), "{columns:?}");
        }
    }
}

#[test]
fn a_table_holds_what_any_exporter_reads_and_no_more() {
    let temp = tempfile::tempdir().unwrap();
    let at = |name: &str| temp.path().join(name);
    invent(&at("ods"), Shape::S52, Traps::None);
    snapshot(&at("ods"), &at("snapshot"), &["--quiet"]);
    let (from, to) = (tables(&at("ods")), tables(&at("snapshot")));
    // Tables and columns that no exporter reads stay behind.
    assert!(from.contains_key("organizationdepartment") && !to.contains_key("organizationdepartment"));
    let header =
        |table: &[u8]| String::from_utf8(table.split(|b| *b == b'\n').next().unwrap().to_vec()).unwrap();
    assert_eq!(
        header(&to["student"]),
        "studentusi,studentuniqueid,firstname,middlename,lastsurname,preferredfirstname,preferredlastsurname,\
         birthdate,birthcity,birthstateabbreviationdescriptorid,birthcountrydescriptorid,birthsexdescriptorid"
    );
    assert_eq!(header(&to["stateeducationagency"]), "stateeducationagencyid");
    let rows = |table: &[u8]| table.iter().filter(|b| **b == b'\n').count();
    for (name, table) in &to {
        assert_eq!(rows(table), rows(&from[name]), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn a_snapshot_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let temp = tempfile::tempdir().unwrap();
    let said = run(&["snapshot", "--sample", "--quiet", "--out", temp.path().join("s").to_str().unwrap()]);
    assert_eq!((said.code, said.err.as_str()), (ExitCode::Published, ""));
    let mode = fs::metadata(temp.path().join("s")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_school_year_narrows_the_tables_that_carry_one() {
    let temp = tempfile::tempdir().unwrap();
    let at = |name: &str| temp.path().join(name);
    invent(&at("ods"), Shape::S52, Traps::Safe);
    // Another year's section in the same file.
    let sections = at("ods").join("section.csv");
    let mut text = fs::read_to_string(&sections).unwrap();
    let other = text.lines().nth(1).unwrap().replace("2025", "2024");
    text.push_str(&other);
    text.push('\n');
    fs::write(&sections, &text).unwrap();
    let all = snapshot(&at("ods"), &at("all"), &["--quiet"]);
    let one = snapshot(&at("ods"), &at("one"), &["--quiet", "--school-year", "2025"]);
    assert_eq!((all.code, one.code), (ExitCode::Published, ExitCode::Published), "{}{}", all.err, one.err);
    let (all, one) = (tables(&at("all")), tables(&at("one")));
    assert!(all["section"].len() > one["section"].len());
    assert_eq!(all["student"], one["student"]);
    assert_eq!(export(&at("ods"), &at("a.zip")), export(&at("one"), &at("b.zip")));

    let bad = snapshot(&at("ods"), &at("bad"), &["--school-year", "25"]);
    assert_eq!(bad.code, ExitCode::Usage, "{}", bad.err);
}

#[test]
fn what_fails_leaves_nothing_and_says_why() {
    let temp = tempfile::tempdir().unwrap();
    let at = |name: &str| temp.path().join(name);
    invent(&at("ods"), Shape::S52, Traps::None);
    fs::create_dir(at("full")).unwrap();
    fs::write(at("full/notes.txt"), "x").unwrap();
    let before = entries(temp.path());

    let full = snapshot(&at("ods"), &at("full"), &[]);
    assert_eq!(full.code, ExitCode::Output);
    assert!(full.err.contains("already holds notes.txt"), "{}", full.err);
    let nowhere = snapshot(&at("ods"), &at("gone/deeper"), &[]);
    assert_eq!(nowhere.code, ExitCode::Output);
    assert!(nowhere.err.contains("gone/deeper"), "{}", nowhere.err);
    let no_source = snapshot(&at("gone"), &at("new"), &[]);
    assert_eq!(no_source.code, ExitCode::Source, "{}", no_source.err);
    let nothing = run(&["snapshot", "--out", at("new").to_str().unwrap()]);
    assert_eq!(nothing.code, ExitCode::Usage);
    assert!(nothing.err.contains("--source is missing"), "{}", nothing.err);

    // A bad cell in the last row of the largest table, which nobody but a complete read can find.
    let path = at("ods/studentsectionassociation.csv");
    let text = fs::read_to_string(&path).unwrap();
    let cut = text.trim_end().rfind('\n').unwrap();
    fs::write(&path, format!("{}\nx{}", &text[..cut], &text[cut + 2..])).unwrap();
    for format in ["csv", "csv.gz"] {
        let broken = snapshot(&at("ods"), &at("new"), &["--format", format, "--quiet"]);
        assert_eq!(broken.code, ExitCode::Source, "{}", broken.err);
        assert!(broken.err.contains("studentsectionassociation.csv, line "), "{}", broken.err);
        assert!(!broken.err.contains("given up"), "the cause, not what followed: {}", broken.err);
        assert_eq!(broken.out, "");
    }
    fs::remove_file(at("ods/section.csv")).unwrap();
    let incomplete = snapshot(&at("ods"), &at("new"), &[]);
    assert_eq!(incomplete.code, ExitCode::Source);
    assert!(incomplete.err.contains("edfi.section is missing"), "{}", incomplete.err);
    assert_eq!(entries(temp.path()), before);
}

#[cfg(not(feature = "polars"))]
#[test]
fn parquet_names_the_feature_that_it_needs() {
    let temp = tempfile::tempdir().unwrap();
    let said = run(&[
        "snapshot",
        "--sample",
        "--format",
        "parquet",
        "--out",
        temp.path().join("s").to_str().unwrap(),
    ]);
    assert_eq!(said.code, ExitCode::Usage);
    assert!(said.err.contains("--features polars"), "{}", said.err);
    assert!(entries(temp.path()).is_empty());
}

#[cfg(feature = "polars")]
#[test]
fn parquet_exports_like_its_source() {
    for shape in Shape::ALL {
        let temp = tempfile::tempdir().unwrap();
        let at = |name: &str| temp.path().join(name);
        invent(&at("ods"), shape, Traps::Safe);
        let said = snapshot(&at("ods"), &at("parquet"), &["--format", "parquet", "--quiet"]);
        assert_eq!(said.code, ExitCode::Published, "{}", said.err);
        let said = snapshot(&at("parquet"), &at("csv"), &["--quiet"]);
        assert_eq!(said.code, ExitCode::Published, "{}", said.err);
        let packages = ["ods", "parquet", "csv"].map(|name| export(&at(name), &at(&format!("{name}.zip"))));
        assert!(packages.iter().all(|package| *package == packages[0]), "{}", shape.label());
    }
}

#[test]
fn published_samples_export_alike() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/ods-samples");
    let Ok(samples) = fs::read_dir(&shared) else {
        return eprintln!("SKIPPED: ../shared/ods-samples is not here");
    };
    let mut compared = 0;
    for sample in samples.map(|e| e.unwrap().path()).filter(|path| path.join("student.csv").exists()) {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("snapshot");
        let said = snapshot(&sample, &folder, &["--quiet"]);
        assert_eq!(said.code, ExitCode::Published, "{}: {}", sample.display(), said.err);
        let packages = [&sample, &folder].map(|source| {
            let zip = temp.path().join("roster.zip");
            let said = run(&[
                "export",
                "--source",
                source.to_str().unwrap(),
                "--tenant",
                "gbisd",
                "--school-year",
                "2022",
                "--as-of",
                "2021-10-01",
                "--demographics",
                "--parents",
                "--set",
                "on_id_collision=keep-winner",
                "--quiet",
                "--out",
                zip.to_str().unwrap(),
            ]);
            (said.code, fs::read(zip).ok())
        });
        assert!(packages[0] == packages[1], "{}", sample.display());
        compared += usize::from(packages[0].1.is_some());
    }
    assert!(compared > 0, "no sample gives a package");
}
