//! Nights of the sample district: its tables in a folder, some of its students gone.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Output;

/// The day on which the sample is true.
pub const AS_OF: (&str, &str) = ("ROSTERPACK__RUN__AS_OF", "2024-10-01");

/// Writes the tables of the sample into this folder; every school association of the students beyond `keep` of 100 is
/// gone.
pub fn extracts(folder: &Path, keep: u64) {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir(folder).unwrap();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_ods")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name != "studentschoolassociation.csv.gz" {
            fs::copy(&path, folder.join(name)).unwrap();
            continue;
        }
        let mut text = String::new();
        flate2::read::GzDecoder::new(fs::File::open(&path).unwrap()).read_to_string(&mut text).unwrap();
        let lines = text.lines().enumerate();
        let kept =
            lines.filter(|(n, _)| *n == 0 || (*n as u64 % 100) < keep).map(|(_, line)| format!("{line}\n"));
        fs::write(folder.join("studentschoolassociation.csv"), kept.collect::<String>()).unwrap();
    }
}

/// All that was said.
pub fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
