//! Packages read back: entries, manifest, header and rows, streamed.
//!
//! In: a zip, ours or anybody's. Out: the data files that it holds and, per file, its header and one row at a time.
//! Memory is one row, whatever the zip claims: entries, their unpacked size and the length of a row have limits, and
//! what exceeds them is an error. It judges nothing: whether a row is right is the validator's affair.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use csv::ByteRecord;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::spec::{File, MANIFEST, Version};

/// What a package may demand of its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Entries of the zip.
    pub entries: usize,
    /// Bytes of one entry when it is unpacked.
    pub entry_bytes: u64,
    /// Bytes of one row.
    pub row_bytes: u64,
}

impl Default for ReadLimits {
    /// 1,000 entries of 256 GiB each, rows of 16 MiB: far above what 10 million students need.
    fn default() -> ReadLimits {
        ReadLimits { entries: 1_000, entry_bytes: 1 << 38, row_bytes: 1 << 24 }
    }
}

/// A package cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}{}: {reason}", path.display(), entry.as_ref().map(|e| format!(", {e}")).unwrap_or_default())]
pub struct ReadError {
    /// The zip.
    pub path: PathBuf,
    /// The entry that was being read.
    pub entry: Option<String>,
    /// What is wrong; no cell is repeated.
    pub reason: String,
}

/// A package that is open for reading.
pub struct PackageReader<R> {
    path: PathBuf,
    zip: ZipArchive<R>,
    limits: ReadLimits,
    files: Vec<File>,
}

impl PackageReader<BufReader<fs::File>> {
    /// Opens the zip at this path with the usual limits.
    ///
    /// # Errors
    /// [`ReadError`] when it is missing, no zip, or beyond the limits.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let file = fs::File::open(path).map_err(|e| fault(path, None, e))?;
        PackageReader::new(path, BufReader::with_capacity(1 << 16, file), ReadLimits::default())
    }
}

impl<R: Read + Seek> PackageReader<R> {
    /// Reads the directory of a zip. The path is for messages alone.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn new(path: &Path, reader: R, limits: ReadLimits) -> Result<PackageReader<R>, ReadError> {
        let zip = ZipArchive::new(reader).map_err(|e| fault(path, None, e))?;
        if zip.len() > limits.entries {
            let reason = format!("it has {} entries, more than {}", zip.len(), limits.entries);
            return Err(ReadError { path: path.to_owned(), entry: None, reason });
        }
        let files = File::ALL.into_iter().filter(|f| zip.index_for_name(f.csv_name()).is_some()).collect();
        Ok(PackageReader { path: path.to_owned(), zip, limits, files })
    }

    /// The data files that the zip holds at its root, in alphabetical order.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The properties of the manifest; `None` when there is no manifest.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn manifest(&mut self) -> Result<Option<BTreeMap<String, String>>, ReadError> {
        let Some(mut rows) = self.open_entry(MANIFEST.csv_name)? else { return Ok(None) };
        let mut properties = BTreeMap::new();
        while let Some(row) = rows.next_row()? {
            let cell = |n: usize| String::from_utf8_lossy(row.get(n).unwrap_or_default()).into_owned();
            properties.insert(cell(0), cell(1));
        }
        Ok(Some(properties))
    }

    /// The OneRoster version that the manifest names, if it is one that we know.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn version(&mut self) -> Result<Option<Version>, ReadError> {
        Ok(self.manifest()?.and_then(|m| Version::from_label(m.get("oneroster.version")?)))
    }

    /// Header and rows of a file; `None` when the zip does not hold it.
    ///
    /// # Errors
    /// [`ReadError`] when the entry cannot be opened or has no header.
    pub fn rows(&mut self, file: File) -> Result<Option<Rows<'_>>, ReadError> {
        self.open_entry(file.csv_name())
    }

    /// Every entry with its unpacked size, whatever it is, in the order of the zip.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn entries(&mut self) -> Result<Vec<(String, u64)>, ReadError> {
        let mut entries = Vec::new();
        for index in 0..self.zip.len() {
            let entry = self.zip.by_index_raw(index).map_err(|e| fault(&self.path, None, e))?;
            let name = entry.name().map_err(|e| fault(&self.path, None, e))?.into_owned();
            entries.push((name, entry.size()));
        }
        Ok(entries)
    }

    /// The unpacked bytes of an entry; its sum is checked at its end.
    ///
    /// # Errors
    /// [`ReadError`] when there is no such entry, or it cannot be unpacked.
    pub fn raw(&mut self, name: &str) -> Result<Box<dyn Read + '_>, ReadError> {
        let entry = self.zip.by_name(name).map_err(|e| fault(&self.path, Some(name), e))?;
        Ok(Box::new(entry))
    }

    fn open_entry(&mut self, name: &str) -> Result<Option<Rows<'_>>, ReadError> {
        let Some(index) = self.zip.index_for_name(name) else { return Ok(None) };
        let path = self.path.clone();
        let entry = self.zip.by_index(index).map_err(|e| fault(&path, Some(name), e))?;
        let budget = Rc::new(Cell::new(0));
        let bounded = Bounded {
            inner: Box::new(entry) as Box<dyn Read + '_>,
            left: self.limits.entry_bytes,
            row: budget.clone(),
        };
        let csv = csv::ReaderBuilder::new().has_headers(true).buffer_capacity(BUFFER).from_reader(bounded);
        let mut rows = Rows {
            path,
            entry: name.to_owned(),
            csv,
            budget,
            row_bytes: self.limits.row_bytes,
            header: Vec::new(),
            row: ByteRecord::new(),
        };
        rows.allow_a_row();
        let header = rows.csv.byte_headers().map_err(|e| fault(&rows.path, Some(name), plain(e)))?;
        rows.header = header.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
        if rows.header.is_empty() {
            return Err(fault(&rows.path, Some(name), "it has no header"));
        }
        Ok(Some(rows))
    }
}

const BUFFER: usize = 1 << 16;

/// The rows of one file, in their order.
pub struct Rows<'a> {
    path: PathBuf,
    entry: String,
    csv: csv::Reader<Bounded<Box<dyn Read + 'a>>>,
    budget: Rc<Cell<u64>>,
    row_bytes: u64,
    header: Vec<String>,
    row: ByteRecord,
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
        self.column(name)
            .ok_or_else(|| fault(&self.path, Some(&self.entry), format!("it has no column {name}")))
    }

    /// The next row; `None` behind the last one.
    ///
    /// # Errors
    /// [`ReadError`] when the entry is damaged, a row is too long, or has not as many cells as the header.
    pub fn next_row(&mut self) -> Result<Option<&ByteRecord>, ReadError> {
        self.allow_a_row();
        match self.csv.read_byte_record(&mut self.row) {
            Ok(true) => Ok(Some(&self.row)),
            Ok(false) => Ok(None),
            Err(error) => Err(fault(&self.path, Some(&self.entry), plain(error))),
        }
    }

    /// A row may need this much more from the zip; a buffer read ahead is not counted against it.
    fn allow_a_row(&mut self) {
        self.budget.set(self.row_bytes + BUFFER as u64);
    }
}

/// A reader that ends with an error when an entry or a row is too long.
struct Bounded<R> {
    inner: R,
    left: u64,
    row: Rc<Cell<u64>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let used = count as u64;
        self.left =
            self.left.checked_sub(used).ok_or_else(|| io::Error::other("it is larger than allowed"))?;
        let row = self.row.get().checked_sub(used);
        self.row.set(row.ok_or_else(|| io::Error::other("a row is longer than allowed"))?);
        Ok(count)
    }
}

/// What the csv crate says, without what a row holds.
fn plain(error: csv::Error) -> String {
    // Not its line: the csv crate counts a line when it meets what stands behind CRLF.
    let row = error.position().map(|p| format!("row {}: ", p.record())).unwrap_or_default();
    match error.kind() {
        csv::ErrorKind::Io(io) => io.to_string(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{row}it has {len} cells, the header {expected_len}")
        }
        _ => format!("{row}it is no CSV"),
    }
}

fn fault(path: &Path, entry: Option<&str>, reason: impl Reason) -> ReadError {
    ReadError { path: path.to_owned(), entry: entry.map(str::to_owned), reason: reason.told() }
}

/// What can be the reason of a fault.
trait Reason {
    fn told(self) -> String;
}

impl Reason for String {
    fn told(self) -> String {
        self
    }
}

impl Reason for &str {
    fn told(self) -> String {
        self.to_owned()
    }
}

impl Reason for io::Error {
    fn told(self) -> String {
        self.to_string()
    }
}

impl Reason for ZipError {
    fn told(self) -> String {
        match self {
            ZipError::Io(error) => error.to_string(),
            ZipError::InvalidArchive(_) => "it is no zip, or a damaged one".to_owned(),
            other => other.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};
    use zip::write::{SimpleFileOptions, ZipWriter};

    fn zip(entries: &[(&str, &[u8])]) -> Cursor<Vec<u8>> {
        let mut out = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in entries {
            out.start_file(*name, SimpleFileOptions::default()).unwrap();
            out.write_all(text).unwrap();
        }
        out.finish().unwrap()
    }

    fn open(entries: &[(&str, &[u8])], limits: ReadLimits) -> PackageReader<Cursor<Vec<u8>>> {
        PackageReader::new(Path::new("p.zip"), zip(entries), limits).unwrap()
    }

    #[test]
    fn files_manifest_and_rows_are_found_and_the_rest_is_not() {
        let manifest = b"propertyName,value\r\nmanifest.version,1.0\r\noneroster.version,1.2\r\n";
        let mut package = open(
            &[
                ("manifest.csv", manifest),
                ("orgs.csv", b"sourcedId,name\r\na,\"x, y\"\r\nb,\r\n"),
                ("sub/users.csv", b"sourcedId\r\na\r\n"),
                ("Users.csv", b"x\r\n"),
            ],
            ReadLimits::default(),
        );
        assert_eq!(package.files(), [File::Orgs]);
        assert_eq!(package.version().unwrap(), Some(Version::V1p2));
        assert!(package.rows(File::Users).unwrap().is_none());
        let mut rows = package.rows(File::Orgs).unwrap().unwrap();
        assert_eq!(rows.demand("name").unwrap(), 1);
        assert!(rows.demand("type").unwrap_err().to_string().contains("orgs.csv: it has no column type"));
        assert_eq!(rows.next_row().unwrap().unwrap().get(1), Some(&b"x, y"[..]));
        assert_eq!(rows.next_row().unwrap().unwrap().get(0), Some(&b"b"[..]));
        assert!(rows.next_row().unwrap().is_none());
    }

    #[test]
    fn what_is_too_long_or_torn_is_an_error_that_repeats_no_cell() {
        let limits = ReadLimits { entries: 2, entry_bytes: 1 << 20, row_bytes: 1 << 12 };
        let told = |text: &[u8]| {
            let mut package = open(&[("orgs.csv", text)], limits);
            let mut rows = package.rows(File::Orgs).unwrap().unwrap();
            loop {
                match rows.next_row() {
                    Ok(Some(_)) => {}
                    Ok(None) => break None,
                    Err(error) => break Some(error.to_string()),
                }
            }
        };
        // A quote that never closes swallows what follows; it must not swallow the memory.
        let mut endless = b"sourcedId,name\r\na,\"".to_vec();
        endless.extend(std::iter::repeat_n(b'x', 1 << 18));
        assert!(told(&endless).unwrap().contains("a row is longer than allowed"));
        let mut long = b"sourcedId,name\r\n".to_vec();
        long.extend(b"a,b\r\n".repeat(1 << 18));
        assert!(told(&long).unwrap().contains("larger than allowed"));
        let ragged = told(b"sourcedId,name\r\nsecret\r\n").unwrap();
        assert!(ragged.contains("row 1: it has 1 cells, the header 2"), "{ragged}");
        assert_eq!(told(b"sourcedId,name\r\na,b"), None);
        let three = zip(&[("a", b""), ("b", b""), ("c", b"")]);
        assert!(PackageReader::new(Path::new("p.zip"), three, limits).is_err());
        let empty = open(&[("orgs.csv", b"")], limits).rows(File::Orgs).err().unwrap().to_string();
        assert_eq!(empty, "cannot read p.zip, orgs.csv: it has no header");
    }

    #[test]
    fn a_flipped_byte_is_found() {
        let mut bytes = zip(&[("orgs.csv", &b"sourcedId\r\nabc\r\n".repeat(50))]).into_inner();
        let at = 30 + "orgs.csv".len() + 20;
        bytes[at] ^= 0x40;
        let mut package =
            PackageReader::new(Path::new("p.zip"), Cursor::new(bytes), ReadLimits::default()).unwrap();
        let outcome = package.rows(File::Orgs).and_then(|rows| {
            let mut rows = rows.unwrap();
            while rows.next_row()?.is_some() {}
            Ok(())
        });
        assert!(outcome.is_err());
        let missing = PackageReader::open(Path::new("/nonexistent/p.zip")).err().unwrap().to_string();
        assert!(missing.starts_with("cannot read /nonexistent/p.zip: No such file"), "{missing}");
    }
}
