//! Packages for these tests: whole zips of any size, each of its own content.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use zip::write::{SimpleFileOptions, ZipWriter};

/// Writes a package whose users are those of this night; about `kib` KiB, which nothing compresses.
pub fn package(folder: &Path, name: &str, night: u64, kib: usize) -> PathBuf {
    let path = folder.join(name);
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut out = ZipWriter::new(fs::File::create(&path).unwrap());
    for (file, share) in [("manifest.csv", 0), ("orgs.csv", 1), ("users.csv", 9)] {
        out.start_file(file, stored).unwrap();
        out.write_all(b"sourcedId,name\r\n").unwrap();
        let mut state = night * 1_000_003 + share as u64;
        for _ in 0..kib * share * 1024 / 10 / 18 {
            // A linear congruence is chance enough for a test that wants many different bytes.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            out.write_all(format!("{state:016x}").as_bytes()).unwrap();
            out.write_all(b",n\r\n").unwrap();
        }
    }
    out.finish().unwrap();
    path
}

/// Names in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
