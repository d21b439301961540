//! Files of an extract: which ones there are, which table each holds, and how to open them.
//!
//! In: a folder, or named bytes. Out: [`TableFile`]s. Reads no record: what is in a file is `read.rs`'s matter.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use flate2::bufread::MultiGzDecoder;

use crate::edfi;
use crate::source::SourceError;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum Form {
    Csv,
    GzippedCsv,
    Parquet,
}

/// What tells that a file on disk is still the one that was there at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) struct Stamp {
    pub(in crate::source) length: u64,
    modified: Option<SystemTime>,
}

/// Where a file's bytes are.
#[derive(Debug)]
pub(in crate::source) enum Content {
    Disk(Stamp),
    Memory(Cow<'static, [u8]>),
}

/// One file of a table of schema `edfi`.
#[derive(Debug)]
pub(in crate::source) struct TableFile {
    /// Lower-case physical name as PostgreSQL has it.
    pub(in crate::source) table: String,
    /// Path below the folder, with slashes.
    pub(in crate::source) name: String,
    /// The whole path; for embedded files, the name behind the place's.
    pub(in crate::source) path: PathBuf,
    pub(in crate::source) form: Form,
    pub(in crate::source) content: Content,
}

/// Table and form of a file name: `student.csv`, `edfi.Student.CSV.GZ`; nothing for other schemas and files.
fn table_of(name: &str) -> Option<(String, Form)> {
    let name = name.to_ascii_lowercase();
    let (stem, form) = [(".csv", Form::Csv), (".csv.gz", Form::GzippedCsv), (".parquet", Form::Parquet)]
        .into_iter()
        .find_map(|(suffix, form)| Some((name.strip_suffix(suffix)?, form)))?;
    let table = match stem.split_once('.') {
        None => stem,
        Some(("edfi", table)) => table,
        Some(_) => return None,
    };
    if table.is_empty() || table.contains('.') {
        return None;
    }
    let table = edfi::FULL_NAMES.iter().find(|(_, full)| *full == table).map_or(table, |(short, _)| short);
    Some((table.to_owned(), form))
}

fn unreadable(path: &Path, reason: impl ToString) -> SourceError {
    SourceError::File { path: path.to_owned(), reason: reason.to_string() }
}

/// All table files below a folder, by path. Links are followed; a loop of links is an error.
pub(in crate::source) fn find(folder: &Path) -> Result<Vec<TableFile>, SourceError> {
    let place = |reason: String| SourceError::Place {
        place: folder.display().to_string(),
        reason,
        remedy: "Name a folder that exists and that this user may read".to_owned(),
    };
    let root = std::fs::metadata(folder).map_err(|e| place(e.to_string()))?;
    if !root.is_dir() {
        return Err(place("it is not a folder".to_owned()));
    }
    let hidden = |e: &walkdir::DirEntry| e.depth() > 0 && e.file_name().as_encoded_bytes().starts_with(b".");
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|e| !hidden(e))
    {
        let entry = entry.map_err(|e| {
            let path = e.path().unwrap_or(folder).to_owned();
            let reason = match e.loop_ancestor() {
                Some(ancestor) => format!("this link leads back to {}: remove it", ancestor.display()),
                None => e.io_error().map_or_else(|| e.to_string(), io::Error::to_string),
            };
            SourceError::File { path, reason }
        })?;
        let Some((table, form)) = entry.file_name().to_str().and_then(table_of) else { continue };
        let path = entry.path();
        if entry.file_type().is_dir() {
            continue;
        }
        if !entry.file_type().is_file() {
            return Err(unreadable(path, "it is named like a table but is no regular file"));
        }
        let below = path.strip_prefix(folder).unwrap_or(path);
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        let content = Content::Disk(stamp(path).map_err(|e| unreadable(path, e))?);
        files.push(TableFile { table, name: parts.join("/"), path: path.to_owned(), form, content });
    }
    Ok(files)
}

/// The table files among embedded ones, by name.
pub(in crate::source) fn embedded(
    place: &str,
    mut files: Vec<(String, Cow<'static, [u8]>)>,
) -> Vec<TableFile> {
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
        .into_iter()
        .filter(|(name, _)| !name.split('/').any(|part| part.starts_with('.')))
        .filter_map(|(name, bytes)| {
            let (table, form) = table_of(name.rsplit('/').next().unwrap_or(&name))?;
            let path = Path::new(place).join(&name);
            Some(TableFile { table, name, path, form, content: Content::Memory(bytes) })
        })
        .collect()
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let metadata = std::fs::metadata(path)?;
    Ok(Stamp { length: metadata.len(), modified: metadata.modified().ok() })
}

impl TableFile {
    /// An error of the file as a whole.
    pub(in crate::source) fn unreadable(&self, reason: impl ToString) -> SourceError {
        unreadable(&self.path, reason)
    }

    /// An error at a place in the file.
    pub(in crate::source) fn content_error(
        &self,
        line: u64,
        column: Option<&str>,
        reason: impl ToString,
    ) -> SourceError {
        SourceError::Content {
            origin: self.path.display().to_string(),
            line,
            column: column.map(str::to_owned),
            reason: reason.to_string(),
        }
    }

    /// Length in bytes as stored.
    pub(in crate::source) fn length(&self) -> u64 {
        match &self.content {
            Content::Disk(stamp) => stamp.length,
            Content::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// Fails when the file on disk is no longer the one that was found at the start.
    pub(in crate::source) fn check_unchanged(&self) -> Result<(), SourceError> {
        let Content::Disk(then) = &self.content else { return Ok(()) };
        let now = stamp(&self.path).map_err(|e| self.unreadable(e))?;
        if now == *then {
            return Ok(());
        }
        Err(self.unreadable(format!(
            "it changed while it was being read ({} bytes at the start, {} now). Run again when the \
             extract is complete",
            then.length, now.length
        )))
    }

    /// The file's bytes as stored.
    #[cfg(feature = "polars")]
    pub(in crate::source) fn bytes(&self) -> Result<Cow<'_, [u8]>, SourceError> {
        match &self.content {
            Content::Disk(_) => std::fs::read(&self.path).map(Cow::Owned).map_err(|e| self.unreadable(e)),
            Content::Memory(bytes) => Ok(Cow::Borrowed(bytes)),
        }
    }

    /// The file's decompressed bytes from the start.
    pub(in crate::source) fn open(&self) -> Result<Box<dyn Read + '_>, SourceError> {
        const BUFFER: usize = 128 * 1024;
        let gzipped = self.form == Form::GzippedCsv;
        Ok(match &self.content {
            Content::Disk(_) => {
                let file = File::open(&self.path).map_err(|e| self.unreadable(e))?;
                match gzipped {
                    true => Box::new(MultiGzDecoder::new(BufReader::with_capacity(BUFFER, file))),
                    false => Box::new(file),
                }
            }
            Content::Memory(bytes) => match gzipped {
                true => Box::new(MultiGzDecoder::new(&bytes[..])),
                false => Box::new(&bytes[..]),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_tell_tables() {
        let is = |name: &str, table: &str, form| {
            assert_eq!(table_of(name), Some((table.to_owned(), form)), "{name}")
        };
        is("student.csv", "student", Form::Csv);
        is("edfi.student.csv", "student", Form::Csv);
        is("EdFi.STUDENT.CSV.GZ", "student", Form::GzippedCsv);
        is("Student.Parquet", "student", Form::Parquet);
        is("edfi_student.csv", "edfi_student", Form::Csv);
        is(
            "StudentEducationOrganizationAssociationStudentIdentificationCode.csv",
            "studenteducationorganizationassociationstudentidentifica_c15030",
            Form::Csv,
        );
        for other in [
            "tpdm.candidate.csv",
            "student.backup.csv",
            "ods.edfi.student.csv",
            "student.csv.bak",
            ".csv",
            "edfi..csv",
            "student.gz",
            "README.md",
        ] {
            assert_eq!(table_of(other), None, "{other}");
        }
    }
}
