//! Packages read row by row, for whoever wants all or nothing: the guard, deliveries, `diff`.
//!
//! In: a zip or a folder, ours or anybody's. Out: the data files that it holds and, per file, its header and its rows,
//! block by block. It stands on [`Archive`], whose limits it has, and reads CSV as strictly as the validator does; but
//! where the validator tells and goes on, the first fault ends it: what is compared or delivered must be whole.
//! Memory is one block. It judges nothing: whether a row is right is the validator's affair.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::read::{Archive, Entry, Limits, ReadFault, Trouble};
use crate::rfc4180::{Blocks, Flaw, LONGEST, Record, Walk};
use crate::spec::{File, MANIFEST, Mode, Version};

/// A package cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read {}{}: {reason}", path.display(), entry.as_ref().map(|e| format!(", {e}")).unwrap_or_default())]
pub struct ReadError {
    /// The package.
    pub path: PathBuf,
    /// The entry that was being read.
    pub entry: Option<String>,
    /// What is wrong; no cell is repeated.
    pub reason: String,
}

fn fault(path: &Path, entry: Option<&str>, reason: impl Display) -> ReadError {
    ReadError { path: path.to_owned(), entry: entry.map(str::to_owned), reason: reason.to_string() }
}

/// A package that is open for reading. Several of its files may be read at once.
#[derive(Debug)]
pub struct PackageReader {
    path: PathBuf,
    archive: Archive,
    files: Vec<File>,
}

impl PackageReader {
    /// Opens the zip or folder at this path.
    ///
    /// # Errors
    /// [`ReadError`] when it is missing, no zip, damaged, or beyond the limits.
    pub fn open(path: &Path, limits: Limits) -> Result<PackageReader, ReadError> {
        let archive = Archive::open(path, limits).map_err(|error| fault(path, None, error.reason))?;
        if let Some(reason) = archive.broken() {
            return Err(fault(path, None, format!("it is no zip, or a damaged one ({reason})")));
        }
        if archive.has_too_many() {
            return Err(fault(path, None, format!("it has more than {} entries", limits.entries)));
        }
        if archive.is_too_large() {
            return Err(fault(path, None, format!("it unpacks to more than {} bytes", limits.size)));
        }
        let has = |file: &File| archive.entries().iter().any(|entry| entry.name == file.csv_name());
        let files = File::ALL.into_iter().filter(has).collect();
        Ok(PackageReader { path: path.to_owned(), archive, files })
    }

    /// Where it was read from, as it was named.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is one file, and not a folder of them.
    pub fn is_zip(&self) -> bool {
        self.archive.is_zip()
    }

    /// The data files that it holds at its root, in alphabetical order.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The properties of the manifest; `None` when there is no manifest.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn manifest(&self) -> Result<Option<BTreeMap<String, String>>, ReadError> {
        let Some(rows) = self.open_entry(MANIFEST.csv_name)? else { return Ok(None) };
        let mut properties = BTreeMap::new();
        rows.each(|row| {
            properties.insert(row.cell(0).into_owned(), row.cell(1).into_owned());
        })?;
        Ok(Some(properties))
    }

    /// The OneRoster version that the manifest names, if it is one that we know.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn version(&self) -> Result<Option<Version>, ReadError> {
        Ok(self.manifest()?.and_then(|m| Version::from_label(m.get("oneroster.version")?)))
    }

    /// Header and rows of a file; `None` when the package does not hold it.
    ///
    /// # Errors
    /// [`ReadError`] when the entry cannot be opened or has no header.
    pub fn rows(&self, file: File) -> Result<Option<Rows<'_>>, ReadError> {
        self.open_entry(file.csv_name())
    }

    /// Bytes of a file when it is unpacked, as they are declared; 0 when the package does not hold it.
    pub fn size(&self, file: File) -> u64 {
        let found = self.archive.entries().iter().find(|entry| entry.name == file.csv_name());
        found.map_or(0, |entry| entry.size)
    }

    /// Every entry with its unpacked size, whatever it is, in the order of the zip.
    pub fn entries(&self) -> impl Iterator<Item = (&str, u64)> {
        self.archive.entries().iter().map(|entry| (entry.name.as_str(), entry.size))
    }

    /// The unpacked bytes of an entry; its sum is checked at its end.
    ///
    /// # Errors
    /// [`ReadError`] when there is no such entry, or it cannot be unpacked.
    pub fn raw(&self, name: &str) -> Result<Box<dyn Read + Send + '_>, ReadError> {
        let missing = || fault(&self.path, Some(name), "there is no such entry");
        self.stream(self.entry(name)?.ok_or_else(missing)?)
    }

    /// The entry of this name. Two of them would show different files to different readers.
    fn entry(&self, name: &str) -> Result<Option<&Entry>, ReadError> {
        let mut found = self.archive.entries().iter().filter(|entry| entry.name == name);
        let first = found.next();
        match found.next() {
            Some(_) => Err(fault(&self.path, Some(name), "several entries have this name")),
            None => Ok(first),
        }
    }

    fn stream(&self, entry: &Entry) -> Result<Box<dyn Read + Send + '_>, ReadError> {
        let failed = |reason: &dyn Display| fault(&self.path, Some(&entry.name), reason);
        if !entry.is_readable() {
            let hindrance = entry.troubles.iter().find(|trouble| **trouble != Trouble::Repeated);
            return Err(failed(&hindrance.map_or("it is a folder".to_owned(), ToString::to_string)));
        }
        self.archive.read(entry).map_err(|error| failed(&error))
    }

    fn open_entry(&self, name: &str) -> Result<Option<Rows<'_>>, ReadError> {
        let Some(entry) = self.entry(name)? else { return Ok(None) };
        let mut rows = Rows {
            path: &self.path,
            entry: name.to_owned(),
            blocks: Blocks::new(self.stream(entry)?),
            line: 1,
            is_over: false,
            header: Vec::new(),
            ends: Vec::new(),
        };
        rows.read_header()?;
        Ok(Some(rows))
    }
}

/// The property of a manifest that says how a file travels, as a mode; `None` when it is not there or unknown.
pub fn mode_of(manifest: &BTreeMap<String, String>, file: File) -> Option<Mode> {
    Mode::from_word(manifest.get(&format!("file.{file}"))?)
}

/// The rows of one file, in their order.
pub struct Rows<'a> {
    path: &'a Path,
    entry: String,
    blocks: Blocks<Box<dyn Read + Send + 'a>>,
    /// Of the next record.
    line: u64,
    is_over: bool,
    header: Vec<String>,
    ends: Vec<u32>,
}

impl Rows<'_> {
    /// The header's cells.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// Where a column stands.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|cell| cell == name)
    }

    /// Where a column stands that must be there.
    ///
    /// # Errors
    /// [`ReadError`] when the header lacks it.
    pub fn demand(&self, name: &str) -> Result<usize, ReadError> {
        self.column(name).ok_or_else(|| self.fault(format!("it has no column {name}")))
    }

    /// Hands over every row that is left.
    ///
    /// # Errors
    /// As [`Rows::some`].
    pub fn each(mut self, mut told: impl FnMut(&Row<'_>)) -> Result<(), ReadError> {
        while self.some(&mut told)? {}
        Ok(())
    }

    /// Hands over the rows of the next block, about 128 KiB of them; false behind the last one. Blank lines are
    /// passed over.
    ///
    /// # Errors
    /// [`ReadError`] when the entry is damaged, no CSV, a row is too long, or has not as many cells as the header.
    pub fn some(&mut self, mut told: impl FnMut(&Row<'_>)) -> Result<bool, ReadError> {
        if self.is_over {
            return Ok(false);
        }
        let width = self.header.len();
        let (outcome, line) = match self.blocks.next_block() {
            Err(flaw) => (Err(flaw), self.line),
            Ok(block) => {
                let mut walk = Walk::new(block, self.line);
                let outcome = loop {
                    match walk.next(&mut self.ends) {
                        Ok(Some(record)) if record.is_blank(&self.ends) => {}
                        Ok(Some(record)) if self.ends.len() != width => {
                            let found = self.ends.len();
                            let reason =
                                format!("line {}: it has {found} cells, the header {width}", record.line);
                            return Err(fault(self.path, Some(&self.entry), reason));
                        }
                        Ok(Some(record)) => told(&Row { record, ends: &self.ends }),
                        Ok(None) => break Ok(walk.end()),
                        Err(flaw) => break Err(flaw),
                    }
                };
                (outcome, walk.line())
            }
        };
        self.line = line;
        let (bytes, is_over) = outcome.map_err(|flaw| self.fault(plain(&flaw, line)))?;
        self.is_over = is_over;
        self.blocks.consume(bytes);
        Ok(true)
    }

    fn read_header(&mut self) -> Result<(), ReadError> {
        let outcome = self.blocks.head().map(|head| head.starts_with(b"\xef\xbb\xbf"));
        if outcome.map_err(|flaw| self.fault(plain(&flaw, 1)))? {
            self.blocks.consume(3);
        }
        while !self.is_over && self.header.is_empty() {
            let (outcome, line) = match self.blocks.next_block() {
                Err(flaw) => (Err(flaw), self.line),
                Ok(block) => {
                    let mut walk = Walk::new(block, self.line);
                    let outcome = walk.next(&mut self.ends).map(|record| {
                        if let Some(record) = record.filter(|record| !record.is_blank(&self.ends)) {
                            let row = Row { record, ends: &self.ends };
                            self.header = (0..row.len()).map(|n| row.cell(n).into_owned()).collect();
                        }
                        (record.is_some(), walk.end())
                    });
                    (outcome, walk.line())
                }
            };
            self.line = line;
            let (is_record, (bytes, is_last)) = outcome.map_err(|flaw| self.fault(plain(&flaw, line)))?;
            self.is_over = is_last && !is_record;
            self.blocks.consume(bytes);
        }
        match self.header.is_empty() {
            true => Err(self.fault("it has no header")),
            false => Ok(()),
        }
    }

    fn fault(&self, reason: impl Display) -> ReadError {
        fault(self.path, Some(&self.entry), reason)
    }
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Row<'r> {
    record: Record<'r>,
    ends: &'r [u32],
}

impl<'r> Row<'r> {
    /// The text of a cell; blank when the row is shorter.
    #[inline]
    pub fn cell(&self, n: usize) -> Cow<'r, str> {
        let field = self.record.field(self.ends, n);
        match field.quoted && memchr::memchr(b'"', field.text.as_bytes()).is_some() {
            true => Cow::Owned(field.text.replace("\"\"", "\"")),
            false => Cow::Borrowed(field.text),
        }
    }

    /// Cells of the row.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it has no cell.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The line on which it begins, from 1.
    pub fn line(&self) -> u64 {
        self.record.line
    }
}

/// A flaw in words, without what a cell holds.
fn plain(flaw: &Flaw, line: u64) -> String {
    let what = match flaw {
        Flaw::Read(error) => return ReadFault::of(error).to_string(),
        Flaw::NotUtf8 => "it is not UTF-8",
        Flaw::Nul => "it holds a NUL byte",
        Flaw::StrayQuote(_) => "a quote stands within a cell that does not begin with one",
        Flaw::AfterQuote(_) => "text stands behind a closing quote",
        Flaw::OpenQuote(_) => "a quote is never closed",
        Flaw::TooLong => return format!("line {line}: the row is longer than {LONGEST} bytes"),
    };
    format!("line {line}: {what}")
}

#[cfg(test)]
mod tests;
