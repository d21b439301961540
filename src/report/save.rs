//! Puts a report on the disk: report.json and report.html in a folder, or the JSON alone in a file.
//!
//! In: a [`Report`] and a path. Out: files that only the owner may read, since they hold ids of children. It is written last, when
//! the packages have their names or have been refused, so that what it says of them is true. All its files are complete on the
//! disk under temporary names before the first one gets its own; a reader finds last night's file or tonight's, never a half.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::Report;
use super::html;

/// Name of the JSON in a folder.
pub const JSON: &str = "report.json";
/// Name of the page in a folder.
pub const HTML: &str = "report.html";

/// Whether a path names a file of JSON and no folder.
pub fn is_file(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case("json")) && !path.is_dir()
}

/// The files that a report at this path consists of.
pub fn files(path: &Path) -> Vec<PathBuf> {
    if is_file(path) { vec![path.to_owned()] } else { vec![path.join(JSON), path.join(HTML)] }
}

/// Writes the report. `unfinished` is what the names of its files start with until they are complete.
///
/// # Errors
/// The folder cannot be written, or the disk is full. Unless the renaming itself failed, the old files are untouched.
pub fn save(report: &Report, path: &Path, unfinished: &str) -> io::Result<()> {
    let mut ready: Vec<(NamedTempFile, PathBuf)> = Vec::new();
    for target in files(path) {
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // tempfile makes files of mode 0600, and the name at the end keeps it.
        let mut file = tempfile::Builder::new().prefix(unfinished).tempfile_in(folder)?;
        let mut buffered = BufWriter::new(&mut file);
        if target.ends_with(HTML) {
            buffered.write_all(html::page(report).as_bytes())?;
        } else {
            report.json(&mut buffered)?;
        }
        buffered.flush()?;
        drop(buffered);
        file.as_file().sync_all()?;
        ready.push((file, target));
    }
    for (file, target) in ready {
        file.persist(target).map_err(|error| error.error)?;
    }
    Ok(())
}
