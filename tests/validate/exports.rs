//! What rosterpack itself exports has no error: the sample's packages in the repository, fresh ones of both versions with
//! everything turned on, and those of the published sample districts.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

/// Codes and counts of the errors of a package.
fn errors(package: &Path) -> Vec<String> {
    let mut command = Command::cargo_bin("rosterpack").unwrap();
    let output = command.args(["validate", "--format", "json"]).arg(package).output().unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let package = &json["packages"][0];
    assert!(!package["files"].as_array().unwrap().is_empty(), "{package}");
    for file in package["files"].as_array().unwrap() {
        assert_eq!(file["unread"], Value::Null, "{file}");
    }
    let notices = package["notices"].as_array().unwrap().iter();
    let found = notices.filter(|notice| notice["severity"] == "error").map(ToString::to_string).collect();
    assert_eq!(output.status.code(), Some(if package["refused"] == true { 1 } else { 0 }));
    found
}

fn export(folder: &Path, arguments: &[&str]) -> PathBuf {
    let target = folder.join("package.zip");
    let mut command = Command::cargo_bin("rosterpack").unwrap();
    command.arg("export").args(arguments).arg("--out").arg(&target).assert().success();
    target
}

#[test]
fn the_samples_in_the_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_output");
    let mut seen = 0;
    for item in std::fs::read_dir(root).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            assert_eq!(errors(&path), Vec::<String>::new());
            seen += 1;
        }
    }
    assert!(seen > 0);
}

#[test]
fn the_embedded_sample_with_everything_on() {
    for (version, scheme) in [("1.1", "edu"), ("1.2", "edfi-oneroster"), ("1.2.0", "stable")] {
        let folder = tempfile::tempdir().unwrap();
        let scheme = format!("id_scheme={scheme}");
        let mut arguments = vec!["--sample", "--oneroster", version, "--demographics", "--parents"];
        arguments.extend(["--set", "gradebook=true", "--set", "org_metadata=true", "--set", &scheme]);
        let package = export(folder.path(), &arguments);
        assert_eq!(errors(&package), Vec::<String>::new(), "{version} {scheme}");
    }
}

#[test]
fn the_published_sample_districts() {
    for sample in ["grand-bend-ds40", "grand-bend-ds52"] {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/ods-samples").join(sample);
        if !source.is_dir() {
            eprintln!("\n*** SKIPPED: {} is not there: nothing was tested with it ***\n", source.display());
            continue;
        }
        for version in ["1.1", "1.2"] {
            let folder = tempfile::tempdir().unwrap();
            let source = source.to_str().unwrap();
            let mut arguments = vec!["--source", source, "--oneroster", version, "--tenant", "gbisd"];
            arguments.extend([
                "--school-year",
                "2022",
                "--as-of",
                "2021-10-01",
                "--demographics",
                "--parents",
            ]);
            let package = export(folder.path(), &arguments);
            assert_eq!(errors(&package), Vec::<String>::new(), "{sample} {version}");
        }
    }
}
