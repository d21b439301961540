//! `docs/mapping.md` is written by hand; here it is compared with the code: columns with the specification and with
//! the headers of a package that has everything turned on, notice codes with those that an export can raise, settings
//! with those of the mapping.

// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use assert_cmd::Command;
use rosterpack::config::settings::SETTINGS;
use rosterpack::pipeline;
use rosterpack::spec::{File, FileSpec, Version, v1p2};

const PAGE: &str = include_str!("../docs/mapping.md");

/// Words with hyphens that are no notice codes: what settings accept.
const SETTING_WORDS: [&str; 3] = ["not-ended", "edfi-oneroster", "keep-winner"];

/// The first cells of the table rows under a heading, down to the next heading.
fn first_cells<'p>(page: &'p str, heading: &str) -> Vec<&'p str> {
    let section = page.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading}")).1;
    rows(section.split("\n#").next().unwrap()).into_iter().map(|row| row[0]).collect()
}

/// Table rows without header and rule, as trimmed cells.
fn rows(section: &str) -> Vec<Vec<&str>> {
    let lines: Vec<&str> = section.lines().collect();
    let is_rule = |line: &str| line.starts_with("|---");
    let mut rows = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        let is_header = lines.get(n + 1).is_some_and(|next| is_rule(next));
        if line.starts_with('|') && !is_header && !is_rule(line) {
            rows.push(line.trim_matches('|').split(" | ").map(str::trim).collect());
        }
    }
    rows
}

fn unquoted(cell: &str) -> &str {
    cell.strip_prefix('`')
        .and_then(|c| c.strip_suffix('`'))
        .unwrap_or_else(|| panic!("`{cell}` is not in backticks"))
}

/// The files that have a section, with their columns.
fn described() -> BTreeMap<File, Vec<&'static str>> {
    let headings = PAGE.lines().filter_map(|line| line.strip_prefix("### "));
    headings
        .filter(|heading| heading.ends_with(".csv"))
        .map(|heading| {
            let file = File::from_csv_name(heading).unwrap_or_else(|| panic!("{heading} is no file"));
            let cells = first_cells(PAGE, &format!("### {heading}"));
            (file, cells.into_iter().map(unquoted).collect())
        })
        .collect()
}

/// Everything in single backticks.
fn quoted() -> impl Iterator<Item = &'static str> {
    PAGE.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// The columns of a file over all versions and shapes: those of the first, then what later ones add, in order.
fn columns_of(file: File) -> Vec<&'static str> {
    let shapes = [Version::V1p1.file(file), users_of_v1p2p0(file), Version::V1p2.file(file)];
    let mut names: Vec<&str> = Vec::new();
    for column in shapes.into_iter().flatten().flat_map(|spec| spec.columns) {
        if !names.contains(&column.name) {
            names.push(column.name);
        }
    }
    names
}

fn users_of_v1p2p0(file: File) -> Option<&'static FileSpec> {
    (file == File::Users).then_some(&v1p2::USERS_V1P2P0)
}

#[test]
fn every_column_stands_once_under_its_file() {
    for (file, columns) in described() {
        assert_eq!(columns, columns_of(file), "{file}");
    }
}

#[test]
fn every_file_is_described_or_said_to_be_absent() {
    let absent: Vec<File> = first_cells(PAGE, "### Files that are always absent")
        .into_iter()
        .map(|cell| File::from_csv_name(unquoted(cell)).unwrap_or_else(|| panic!("{cell} is no file")))
        .collect();
    let mut named: Vec<File> = described().into_keys().chain(absent).collect();
    named.sort_unstable();
    assert_eq!(named, File::ALL, "each file once");
}

/// Headers of a package of the embedded sample with everything turned on.
fn headers(version: &str) -> BTreeMap<File, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("package.zip");
    Command::cargo_bin("rosterpack")
        .unwrap()
        .args(["export", "--sample", "--demographics", "--parents", "--oneroster", version, "--out"])
        .arg(&target)
        .args(["--set", "org_metadata=true", "--set", "course_duration=true"])
        .args(["--set", "use_course_departments=true", "--set", "gradebook=true"])
        .args(["--set", "demographic_extensions=birth_city=name", "--set", "position_title=name"])
        .assert()
        .success();
    let mut zip = zip::ZipArchive::new(std::fs::File::open(&target).unwrap()).unwrap();
    let mut found: BTreeMap<File, Vec<String>> = BTreeMap::new();
    for n in 0..zip.len() {
        let mut entry = zip.by_index(n).unwrap();
        let name = entry.name().unwrap().into_owned();
        let Some(file) = File::from_csv_name(&name) else { continue };
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        let header = text.lines().next().unwrap().split(',').map(str::to_owned).collect();
        found.insert(file, header);
    }
    found
}

/// A package with everything turned on has the files and the headers that the page tells of.
#[test]
fn a_package_has_the_described_headers() {
    let extensions = PAGE.split_once("\n## Extension columns\n").unwrap().1.split("\n#").next().unwrap();
    let extensions = rows(extensions);
    for (label, version) in [("1.1", Version::V1p1), ("1.2", Version::V1p2), ("1.2.0", Version::V1p2)] {
        let mut expected: BTreeMap<File, Vec<String>> = BTreeMap::new();
        for file in described().into_keys() {
            let older = users_of_v1p2p0(file).filter(|_| label == "1.2.0");
            let Some(spec) = older.or(version.file(file)) else { continue };
            let mut header: Vec<String> = spec.columns.iter().map(|c| c.name.to_owned()).collect();
            for row in &extensions {
                let setting = unquoted(row[2]);
                assert!(SETTINGS.iter().any(|s| s.name == setting), "{setting} is no setting");
                if row[0] == "all" || row[0] == file.csv_name() {
                    header.push(unquoted(row[1]).replace("<name>", "name"));
                }
            }
            expected.insert(file, header);
        }
        assert_eq!(headers(label), expected, "OneRoster {label}");
    }
}

#[test]
fn notice_codes_exist_and_all_are_told() {
    let codes: BTreeSet<&str> = pipeline::codes().into_iter().map(|code| code.code).collect();
    let is_code = |text: &&str| {
        text.contains('-')
            && text.split('-').all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase()))
    };
    let told: BTreeSet<&str> = quoted().filter(is_code).filter(|t| !SETTING_WORDS.contains(t)).collect();
    let invented: Vec<&&str> = told.difference(&codes).collect();
    assert!(invented.is_empty(), "no such notice codes: {invented:?}");
    let missing: Vec<&&str> = codes.difference(&told).collect();
    assert!(missing.is_empty(), "docs/mapping.md does not say when these are raised: {missing:?}");
}

#[test]
fn settings_of_the_mapping_are_told() {
    let told: BTreeSet<&str> = quoted().collect();
    for setting in SETTINGS.iter().filter(|s| matches!(s.section, "mapping" | "scope")) {
        let with_section = format!("{}.{}", setting.section, setting.name);
        assert!(
            told.contains(setting.name) || told.contains(with_section.as_str()),
            "docs/mapping.md does not say what `{}` does",
            setting.name
        );
    }
}

/// Links to headings of the page lead somewhere.
#[test]
fn links_within_the_page_have_targets() {
    let slug = |heading: &str| -> String {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-'));
        kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
    };
    let headings = PAGE.lines().filter(|line| line.starts_with('#'));
    let slugs: BTreeSet<String> = headings.map(|line| slug(line.trim_start_matches('#').trim())).collect();
    for link in PAGE.split("](#").skip(1) {
        let target = link.split(')').next().unwrap();
        assert!(slugs.contains(target), "#{target}");
    }
}

/// The reader of tables finds what is planted.
#[test]
fn tables_are_read() {
    let page = "x\n### a.csv\n\ntext\n\n| column | from |\n|---|---|\n| `one` | x |\n| `two` | y |\n\n### b.csv\n| c | d |\n|---|---|\n| `three` | z |\n";
    assert_eq!(first_cells(page, "### a.csv"), ["`one`", "`two`"]);
    assert_eq!(first_cells(page, "### b.csv"), ["`three`"]);
}
