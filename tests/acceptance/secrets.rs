//! What must never leave: USIs, descriptor ids, social security numbers, and hashes of placeholders.
//!
//! Every such value of the source is unmistakable, because `synth` takes them from ranges that nothing else uses;
//! all of them are collected from the extracts and looked for in every byte that an export gives.

use std::collections::BTreeSet;
use std::path::Path;

use rosterpack::synth::{SSN_PREFIX, Shape};

use crate::exporting::{binary, published, trap_district};
use crate::extract;
use crate::independent::{PLACEHOLDER, md5};
use crate::package_reader::{Package, Table};

/// Columns of numbers that belong to one database.
fn is_private(column: &str) -> bool {
    column.ends_with("usi") || column.ends_with("descriptorid")
}

/// Every private number and every social security number of a folder.
fn secrets(folder: &Path) -> BTreeSet<String> {
    let mut secrets = BTreeSet::new();
    let mut columns = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let table = extract::table(folder, name.strip_suffix(".csv").unwrap());
        for (at, column) in table.header.iter().enumerate() {
            for row in table.rows.iter().filter(|row| is_private(column) && !row[at].is_empty()) {
                columns.insert(column.clone());
                secrets.insert(row[at].clone());
            }
            let codes = table.rows.iter().map(|row| &row[at]).filter(|value| value.starts_with(SSN_PREFIX));
            secrets.extend(codes.cloned());
        }
    }
    assert!(columns.len() > 30, "{columns:?}");
    assert!(secrets.iter().all(|secret| secret.len() >= 10), "every secret is unmistakable");
    secrets
}

/// Whether a text stands anywhere in the bytes.
fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Secrets that stand in the bytes, with their hyphens or without.
fn leaks(bytes: &[u8], secrets: &BTreeSet<String>) -> Vec<String> {
    // Runs of digits are few, which makes the search for thousands of secrets cheap.
    let runs: BTreeSet<&[u8]> = bytes.split(|b| !b.is_ascii_digit()).filter(|run| run.len() >= 9).collect();
    // Without its hyphens a social security number is short, and must stand alone to be one.
    let leaked = |secret: &&String| {
        let bare = secret.replace('-', "");
        let whole = bare.len() < secret.len();
        runs.iter().any(|run| if whole { *run == bare.as_bytes() } else { holds(run, &bare) })
    };
    let mut found: Vec<String> = secrets.iter().filter(leaked).cloned().collect();
    if holds(bytes, SSN_PREFIX) {
        found.push(SSN_PREFIX.to_owned());
    }
    found
}

/// Everything that an export can write, switched on.
const EVERYTHING: &[&str] = &[
    "--demographics",
    "--parents",
    "--set",
    "grading_periods=true",
    "--set",
    "use_course_departments=true",
    "--set",
    "org_metadata=true",
    "--set",
    "org_identifier_system=NCES",
    "--set",
    "course_duration=true",
    "--set",
    "class_title={title} {section} {period} {teacher} {code}",
    "--set",
    "session_title={term} {session} {year} {school}",
    "--set",
    "class_grades_from_students=true",
    "--set",
    "demographic_extensions=birth_city=city,birth_sex=sex,gender_identity=gender,limited_english_proficiency=lep,\
     characteristic:Homeless=homeless,program:Special Education=sped,indicator:At Risk=risk,middle_name=middle,\
     preferred_first_name=nick,is_economic_disadvantaged=econ",
];

#[test]
fn the_search_finds_what_is_planted() {
    let secrets = BTreeSet::from(["1900000001".to_owned(), "000-00-1234".to_owned()]);
    assert_eq!(leaks(b"id,1900000001\r\n", &secrets), ["1900000001"]);
    assert_eq!(leaks(b"x71900000001y", &secrets), ["1900000001"]);
    assert_eq!(leaks(b"{SSN:000-00-1234}", &secrets), [SSN_PREFIX]);
    assert_eq!(leaks(b"{SSN:000001234}", &secrets), ["000-00-1234"]);
    assert_eq!(leaks(b"1900000002,0000-0001", &secrets), Vec::<String>::new());
}

#[test]
fn no_private_number_reaches_any_output() {
    for shape in Shape::ALL {
        let source = trap_district(shape);
        let secrets = secrets(source);
        let ssns = secrets.iter().filter(|secret| secret.starts_with(SSN_PREFIX)).count();
        assert!(ssns > 40 && secrets.len() > 500, "{ssns} of {}", secrets.len());
        let target = tempfile::tempdir().unwrap();
        let mut arguments = vec!["export", "--source", source.to_str().unwrap(), "--tenant", "demo_isd"];
        arguments.extend([
            "--school-year",
            "2025",
            "--as-of",
            "2024-10-01",
            "--out",
            "p.zip",
            "--report",
            "r.json",
        ]);
        arguments.extend(EVERYTHING);
        let output = binary(target.path(), &arguments);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let zip = std::fs::read(target.path().join("p.zip")).unwrap();
        let report = std::fs::read(target.path().join("r.json")).unwrap();
        let mut written = Package::from_zip(&zip).entries;
        for (name, bytes) in
            [("report", report), ("stdout", output.stdout), ("stderr", output.stderr), ("zip", zip)]
        {
            assert!(!bytes.is_empty(), "{name}");
            written.push((name.to_owned(), bytes));
        }
        assert_eq!(written.len(), 12, "the manifest, seven files and four outputs");
        for (name, bytes) in &written {
            assert_eq!(leaks(bytes, &secrets), Vec::<String>::new(), "{}: {name}", shape.label());
        }
        let demographics =
            Table::parse(&written.iter().find(|(n, _)| n == "demographics.csv").unwrap().1).unwrap();
        assert!(demographics.header.len() > 25, "{:?}", demographics.header);
        no_hash_of_a_placeholder(&written);
    }
}

/// Every cell that is the MD5 of a key is checked against the keys that would hold a placeholder or a private
/// number in place of something that is missing.
fn no_hash_of_a_placeholder(written: &[(String, Vec<u8>)]) {
    let mut keys = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (_, bytes) in written.iter().filter(|(name, _)| name.ends_with(".csv") && name != "manifest.csv") {
        let table = Table::parse(bytes).unwrap();
        for row in table.iter() {
            keys.insert(row.get("metadata.edu.natural_key").to_owned());
        }
        for cell in table.rows.iter().flatten().flat_map(|cell| cell.split(',')) {
            if cell.len() == 32 && cell.bytes().all(|b| b.is_ascii_hexdigit()) {
                ids.insert(cell.to_owned());
            }
        }
    }
    // Every id and every reference is the hash of a key that the package shows, and no key shows a placeholder,
    // except the documented one of a staff association without a begin date.
    let hashed: BTreeSet<String> = keys.iter().map(|key| md5(key)).collect();
    assert!(ids.len() > 200);
    assert!(ids.is_subset(&hashed), "{:?}", ids.difference(&hashed).next());
    for key in keys.iter().filter(|key| key.contains(PLACEHOLDER)) {
        assert!(key.starts_with("demo_isd-trap-undated-") && key.matches(PLACEHOLDER).count() == 1, "{key}");
    }
    for (kind, missing) in ["", "-STU", "-STA", "-PAR"].iter().flat_map(|k| ["", PLACEHOLDER].map(|m| (k, m)))
    {
        assert!(!ids.contains(&md5(&format!("demo_isd{kind}-{missing}"))), "{kind} {missing}");
    }
    assert!(!ids.contains(&md5("")) && !ids.contains(&md5(PLACEHOLDER)));
}

/// The published samples hold social security numbers too; their texts must not stand in any cell.
#[test]
fn no_social_security_number_of_the_samples_is_exported() {
    for sample in ["grand-bend-ds40", "grand-bend-ds52"] {
        let Some(folder) = published(sample) else { return };
        let values = extract::code_values(&folder);
        let table = "studenteducationorganizationassociationstudentidentifica_c15030";
        let codes = extract::table(&folder, table);
        let secrets: BTreeSet<&str> = codes
            .iter()
            .filter(|row| values[row.get("studentidentificationsystemdescriptorid")] == "SSN")
            .map(|row| row.get("identificationcode"))
            .collect();
        assert!(secrets.len() > 900);
        let settings = [("tenant", "gbisd"), ("active_school_year", "2022"), ("as_of", "2021-10-01")];
        let exported = crate::exporting::export(&folder, &[&settings, &[("demographics", "true")]]);
        for row in exported.table("users").iter() {
            for item in row.list("userIds") {
                let code = item.trim_end_matches('}').rsplit(':').next().unwrap();
                assert!(!item.contains("SSN") && !secrets.contains(code), "{item}");
            }
        }
    }
}
