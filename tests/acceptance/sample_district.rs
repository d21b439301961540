//! The embedded sample: `sample_ods/` is what `synth` writes, `sample_output/` what a user gets from it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use rosterpack::synth::{self, SynthPlan, Traps};

use crate::exporting::{binary, told};
use crate::package_check::check;
use crate::package_reader::Package;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a folder; compressed ones are unpacked, because a deflate library may change.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let mut bytes = fs::read(&path).unwrap();
            if name.ends_with(".gz") {
                let packed = std::mem::take(&mut bytes);
                flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
            }
            (name, bytes)
        })
        .collect()
}

#[test]
fn sample_ods_is_what_synth_writes() {
    let folder = tempfile::tempdir().unwrap();
    let plan = SynthPlan { students: 300, seed: 1, traps: Traps::Safe, gzip: true, ..SynthPlan::default() };
    synth::write(&plan, folder.path(), &|_, _| {}).unwrap();
    let (written, kept) = (contents(folder.path()), contents(&repository().join("sample_ods")));
    assert_eq!(written.keys().collect::<Vec<_>>(), kept.keys().collect::<Vec<_>>());
    for (name, bytes) in written {
        assert!(bytes == kept[&name], "sample_ods/{name} is not what synth writes: make it again");
    }
    let size: u64 = fs::read_dir(repository().join("sample_ods"))
        .unwrap()
        .map(|e| e.unwrap().metadata().unwrap().len())
        .sum();
    assert!(size < 500_000, "a few hundred kilobytes, not {size}");
}

/// `rosterpack export --sample`, as a user runs it, gives the packages that stand unpacked in `sample_output/`.
#[test]
fn sample_output_is_what_a_user_gets() {
    let target = tempfile::tempdir().unwrap();
    let output = binary(target.path(), &["export", "--sample"]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert_eq!(output.stdout, b"./sample-2025-oneroster-v1p1.zip\n");
    let v1p1 = kept_as(&target.path().join("sample-2025-oneroster-v1p1.zip"), "v1p1");
    assert_eq!(
        v1p1.table("users").find("role", "student").len(),
        328,
        "300 and those of the traps that count"
    );

    let output = binary(target.path(), &["export", "--sample", "--oneroster", "1.2"]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert_eq!(output.stdout, b"./sample-2025-oneroster-v1p2.zip\n");
    let v1p2 = kept_as(&target.path().join("sample-2025-oneroster-v1p2.zip"), "v1p2");
    assert_eq!(v1p2.table("users").all("sourcedId"), v1p1.table("users").all("sourcedId"));
}

/// A package, which is sound and the same, entry by entry, as the folder of its version.
fn kept_as(zip: &Path, version: &str) -> Package {
    let package = Package::from_zip(&fs::read(zip).unwrap());
    assert_eq!(check(&package), Vec::<String>::new());
    let folder = repository().join("sample_output").join(version);
    if std::env::var_os("BLESS").is_some() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in &package.entries {
            fs::write(folder.join(name), bytes).unwrap();
        }
    }
    let kept = contents(&folder);
    let names: Vec<&String> = kept.keys().collect();
    let mut written: Vec<&String> = package.entries.iter().map(|(name, _)| name).collect();
    written.sort();
    assert_eq!(names, written, "BLESS=1 cargo test --test acceptance sample_output");
    for (name, bytes) in &package.entries {
        assert!(
            *bytes == kept[name],
            "sample_output/{version}/{name}: BLESS=1 cargo test --test acceptance sample_output"
        );
    }
    package
}
