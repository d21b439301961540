//! Packages: tables of rows in, one zip out.
//!
//! In: [`Table`]s of one OneRoster version, whose rows are formatted on demand, block by block, and [`Options`]. Out: a
//! zip at the target, complete or not at all, and what it holds ([`Written`]). The manifest is the first entry, the
//! data files follow in published order, declared bulk; a table without rows is left out and declared absent.
//!
//! Blocks are formatted and compressed on all threads of the current rayon pool and written in order; the bytes
//! depend on rows, options and block boundaries, never on the number of threads. Memory is bounded by two blocks a
//! thread. Before a package gets its name it is read back from the disk ([`Options::references`]); [`PackageReader`] reads
//! any package row by row, [`read`] opens packages of any origin. This module judges no cell and knows no Ed-Fi.

mod csv;
mod deflate;
mod error;
mod fill;
mod manifest;
mod ordered;
#[cfg(feature = "polars")]
mod parquet;
mod partial;
pub mod read;
mod read_back;
mod rows;
mod table;
mod warehouse;
mod zip;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

pub use self::csv::{CsvBlock, CsvForm};
use self::deflate::Packed;
pub use self::error::{PackageError, Step, What};
pub use self::fill::{Counts, Fill};
use self::ordered::in_order;
use self::partial::Partial;
pub(crate) use self::partial::sync_folder;
pub(crate) use self::read_back::digits;
use self::read_back::{Expected, Fault, Unproven};
pub use self::rows::{PackageReader, ReadError, Row, Rows, mode_of};
pub use self::table::{BLOCK_UNITS, Table, blocks};
use self::table::{Part, arrange, parts};
pub use self::warehouse::{Format, PendingTables, Warehouse, table_name, write_tables};
use self::zip::{Ended, Entry, ZipWriter};
use crate::day::Day;
use crate::spec::{File, FileSpec, MANIFEST, Version};

/// How a package is written.
#[derive(Debug, Clone)]
pub struct Options {
    /// The OneRoster version of all tables.
    pub version: Version,
    /// Deflate level, 1 to 9.
    pub compression: u32,
    /// The time stamp of all entries: this day's midnight, within 1980 to 2107.
    pub stamp: Day,
    /// `source.systemName` of the manifest; left out when blank.
    pub system_name: String,
    /// `source.systemCode` of the manifest; left out when blank.
    pub system_code: String,
    /// Whether the reading back demands that every reference leads to a row of the package. Its structure is
    /// proven in any case.
    pub references: bool,
    /// How rows are written: that of the manifest, and of the tables ([`Table::form`]).
    pub form: CsvForm,
}

impl Options {
    /// The defaults: level 3, 2000-01-01, `rosterpack` without a code.
    pub fn new(version: Version) -> Options {
        Options {
            version,
            compression: 3,
            stamp: Day::at(0),
            system_name: "rosterpack".to_owned(),
            system_code: String::new(),
            references: true,
            form: CsvForm::default(),
        }
    }
}

/// A package that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// The data files that it holds, in order.
    pub files: Vec<WrittenFile>,
}

/// A data file of a package that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// Which file.
    pub file: File,
    /// Rows without the header.
    pub rows: u64,
    /// Size of the CSV text, with the header.
    pub csv_bytes: u64,
    /// Size in the zip.
    pub packed_bytes: u64,
    /// CRC-32 of the CSV text.
    pub crc32: u32,
    /// How full its columns are, when the table was to be counted.
    pub fill: Option<Fill>,
}

/// A data file as it would be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasuredFile {
    /// Which file.
    pub file: File,
    /// Rows without the header.
    pub rows: u64,
    /// Size of the CSV text, with the header.
    pub csv_bytes: u64,
    /// CRC-32 of the CSV text.
    pub crc32: u32,
    /// How full its columns are, when the table was to be counted.
    pub fill: Option<Fill>,
}

/// Hears, on the calling thread, how many rows and CSV bytes of a file are done so far.
pub type Progress<'a> = dyn Fn(File, u64, u64) + Sync + 'a;

/// A package that was written under a temporary name and not looked at yet. Dropped, it leaves nothing behind.
#[must_use = "nobody may have the package before it is proven"]
pub struct Draft {
    partial: Partial,
    target: PathBuf,
    bytes: u64,
    options: Options,
    expected: Vec<Expected>,
}

impl Draft {
    /// Reads the package back; what it says then is what a reader will find.
    ///
    /// # Errors
    /// [`PackageError::ReadBack`] when it is not what was to be written, [`PackageError::Output`] when it cannot be
    /// read; nothing is left behind.
    pub fn prove(mut self) -> Result<PendingPackage, PackageError> {
        let proven = read_back::prove(self.partial.file(), &self.options, &self.expected);
        proven.map_err(|unproven| match unproven {
            Unproven::Io(error) => PackageError::output(What::Package, &self.target, Step::Read, &error),
            Unproven::Fault(Fault { entry, reason }) => {
                PackageError::ReadBack { target: self.target.clone(), entry, reason }
            }
        })?;
        self.partial.sync()?;
        let files = self.expected.into_iter().map(|entry| entry.written).collect();
        let written = Written { path: self.target, bytes: self.bytes, files };
        Ok(PendingPackage { partial: self.partial, written })
    }
}

/// A package that is complete and proven on the disk under a temporary name. Dropped, it leaves nothing behind.
#[must_use = "the package has no name before it is published"]
pub struct PendingPackage {
    partial: Partial,
    written: Written,
}

impl PendingPackage {
    /// Where it is until then, for whoever looks at it once more.
    pub fn path(&self) -> &Path {
        self.partial.path()
    }

    /// The error of somebody who could not read it there.
    pub fn unreadable(&self, error: io::Error) -> PackageError {
        PackageError::output(What::Package, &self.written.path, Step::Read, &error)
    }

    /// What it holds, and where it will be.
    pub fn written(&self) -> &Written {
        &self.written
    }

    /// Gives the package its name, in place of what stood there.
    ///
    /// # Errors
    /// [`PackageError`]; the target is then as it was, except after [`Step::SyncFolder`].
    pub fn publish(self) -> Result<Written, PackageError> {
        self.partial.publish()?;
        Ok(self.written)
    }
}

/// Writes a package to the target, replacing what stands there only when everything is on the disk.
///
/// # Errors
/// [`PackageError`]; the target is then as it was, except after [`Step::SyncFolder`], and nothing is left behind.
pub fn write(
    target: &Path,
    tables: &[Table<'_>],
    options: &Options,
    progress: &Progress<'_>,
) -> Result<Written, PackageError> {
    prepare(target, tables, options, progress)?.prove()?.publish()
}

/// Writes a package beside the target, under a temporary name.
///
/// # Errors
/// [`PackageError`]; nothing is left behind.
pub fn prepare(
    target: &Path,
    tables: &[Table<'_>],
    options: &Options,
    progress: &Progress<'_>,
) -> Result<Draft, PackageError> {
    prepare_limited(target, tables, options, progress, zip::LIMIT)
}

fn prepare_limited(
    target: &Path,
    tables: &[Table<'_>],
    options: &Options,
    progress: &Progress<'_>,
    limit: u64,
) -> Result<Draft, PackageError> {
    if !(1..=9).contains(&options.compression) {
        return Err(PackageError::Setting {
            reason: format!("the compression level is {}", options.compression),
            remedy: "choose a level from 1 (fast) to 9 (small)",
        });
    }
    let mut partial = Partial::create(What::Package, target)?;
    let (bytes, expected) = write_entries(target, partial.file(), tables, options, progress, limit)?;
    Ok(Draft { partial, target: target.to_owned(), bytes, options: options.clone(), expected })
}

/// Where the bytes of a package go.
trait Storage: Write + Seek {
    /// Forgets what has been written.
    fn clear(&mut self) -> io::Result<()>;
}

impl Storage for std::fs::File {
    fn clear(&mut self) -> io::Result<()> {
        self.set_len(0).and_then(|()| self.seek(SeekFrom::Start(0))).map(drop)
    }
}

/// Writes all entries; gives the size of the zip and what it must hold.
fn write_entries(
    target: &Path,
    file: &mut impl Storage,
    tables: &[Table<'_>],
    options: &Options,
    progress: &Progress<'_>,
    limit: u64,
) -> Result<(u64, Vec<Expected>), PackageError> {
    let tables = arrange(tables, options.version)?;
    let samples = sample(&tables)?;
    let present: Vec<&Table<'_>> =
        tables.into_iter().filter(|table| samples.contains_key(&table.spec.file)).collect();
    // Room for zip64 is reserved where the sample, with a quarter on top, speaks for it. Should an entry outgrow
    // its header all the same, the package is written once more: slower, never wrong.
    let mut wide: BTreeSet<File> = samples
        .iter()
        .filter(|(_, expected)| expected.saturating_add(**expected / 4) > limit)
        .map(|(file, _)| *file)
        .collect();
    loop {
        let failed = writing(target);
        file.clear().map_err(&failed)?;
        let mut package = PackageWriter {
            target,
            zip: ZipWriter::new(&mut *file, options.stamp, limit),
            wide: &wide,
            progress,
            open: None,
            expected: Vec::new(),
        };
        let outcome = package.write_all(&present, options).and_then(|()| {
            let PackageWriter { zip, expected, .. } = package;
            Ok((zip.finish().map_err(failed)?, expected))
        });
        match outcome {
            Ok(written) => return Ok(written),
            Err(Failure::Outgrown(file)) => wide.insert(file),
            Err(Failure::Error(error)) => return Err(error),
        };
    }
}

/// Formats and counts everything and writes nothing (`--dry-run`). Files without rows are left out, as in a package.
///
/// # Errors
/// [`PackageError::Content`] for what [`write()`] would refuse.
pub fn measure(
    tables: &[Table<'_>],
    version: Version,
    progress: &Progress<'_>,
) -> Result<Vec<MeasuredFile>, PackageError> {
    let tables = arrange(tables, version)?;
    let mut measured: Vec<(MeasuredFile, crc32fast::Hasher)> = Vec::new();
    in_order(
        parts(&tables),
        |part| {
            let block = part.format()?;
            let mut crc = crc32fast::Hasher::new();
            crc.update(block.bytes());
            Ok((part, block.bytes().len() as u64, block.emptied(), crc))
        },
        |formatted: Result<_, PackageError>| {
            let (part, bytes, block, crc) = formatted?;
            let file = part.file();
            if part.is_header() {
                let fill = part.table().empty_fill();
                let empty = MeasuredFile { file, rows: 0, csv_bytes: 0, crc32: 0, fill };
                measured.push((empty, crc32fast::Hasher::new()));
            }
            if let Some((sum, crc_sum)) = measured.last_mut() {
                sum.rows += part.rows(&block);
                sum.csv_bytes += bytes;
                add_fill(&mut sum.fill, &block);
                crc_sum.combine(&crc);
                progress(file, sum.rows, sum.csv_bytes);
            }
            Ok::<(), PackageError>(())
        },
    )?;
    let kept: BTreeSet<File> = tables.iter().filter(|t| t.header_only).map(|t| t.spec.file).collect();
    Ok(measured
        .into_iter()
        .filter(|(file, _)| file.rows > 0 || kept.contains(&file.file))
        .map(|(file, crc)| MeasuredFile { crc32: crc.finalize(), ..file })
        .collect())
}

/// The files that the package will hold, each with a guess of its size in bytes. The manifest stands first and must
/// know them, so every table is formatted up to its first row; that costs one block a table, uncompressed.
fn sample(tables: &[&Table<'_>]) -> Result<BTreeMap<File, u64>, PackageError> {
    let expected: Vec<_> = tables.par_iter().map(|table| table.expected_bytes()).collect();
    let mut present = BTreeMap::new();
    // In order, so that of several errors always the same one is reported.
    for (table, expected) in tables.iter().zip(expected) {
        if let Some(bytes) = expected? {
            present.insert(table.spec.file, bytes);
        }
    }
    Ok(present)
}

/// Adds what was counted of a block to its file.
fn add_fill(sum: &mut Option<Fill>, block: &CsvBlock) {
    if let (Some(sum), Some(block)) = (sum, block.fill()) {
        sum.add(block);
    }
}

/// Turns an error of the system into one about writing this target.
fn writing(target: &Path) -> impl Fn(io::Error) -> PackageError + Sync + '_ {
    move |error| PackageError::output(What::Package, target, Step::Write, &error)
}

/// Why an attempt to write a package ended.
enum Failure {
    /// An entry needs a wider header than was reserved for it.
    Outgrown(File),
    Error(PackageError),
}

impl From<PackageError> for Failure {
    fn from(error: PackageError) -> Failure {
        Failure::Error(error)
    }
}

/// The state of a package while blocks arrive in order.
struct PackageWriter<'p, W> {
    target: &'p Path,
    zip: ZipWriter<W>,
    wide: &'p BTreeSet<File>,
    progress: &'p Progress<'p>,
    open: Option<OpenFile>,
    expected: Vec<Expected>,
}

/// The data file whose blocks are arriving.
struct OpenFile {
    entry: Entry,
    header_only: bool,
    spec: &'static FileSpec,
    sum: WrittenFile,
    header: Vec<u8>,
    blocks: Vec<(u64, u64)>,
}

impl<W: Write + Seek> PackageWriter<'_, W> {
    fn write_all(&mut self, tables: &[&Table<'_>], options: &Options) -> Result<(), Failure> {
        let failed = writing(self.target);
        let present = tables.iter().map(|table| table.spec.file).collect();
        let manifest = manifest::manifest(options, &present);
        let mut entry = self.zip.begin(MANIFEST.csv_name, false).map_err(&failed)?;
        let packed = deflate::pack(manifest.bytes(), options.compression).map_err(&failed)?;
        self.zip.append(&mut entry, &packed).map_err(&failed)?;
        if let Ended::Outgrown = self.zip.end(entry).map_err(&failed)? {
            return Err(failed(io::ErrorKind::FileTooLarge.into()).into());
        }
        in_order(
            parts(tables),
            |part| {
                let block = part.format()?;
                let packed = deflate::pack(block.bytes(), options.compression).map_err(&failed)?;
                Ok((part, block.emptied(), packed))
            },
            |formatted: Result<_, PackageError>| {
                let (part, block, packed) = formatted?;
                self.take(part, &block, &packed)
            },
        )?;
        self.close()
    }

    /// Takes the next block; a header begins the next file.
    fn take(&mut self, part: Part<'_, '_>, block: &CsvBlock, packed: &Packed) -> Result<(), Failure> {
        let failed = writing(self.target);
        let file = part.file();
        if part.is_header() {
            self.close()?;
            let entry = self.zip.begin(file.csv_name(), self.wide.contains(&file)).map_err(&failed)?;
            let fill = part.table().empty_fill();
            let sum = WrittenFile { file, rows: 0, csv_bytes: 0, packed_bytes: 0, crc32: 0, fill };
            let header = part.format()?.bytes().to_vec();
            let header_only = part.table().header_only;
            let spec = part.table().spec;
            self.open = Some(OpenFile { entry, header_only, spec, sum, header, blocks: Vec::new() });
        }
        if let Some(open) = &mut self.open {
            if packed.length > 0 {
                self.zip.append(&mut open.entry, packed).map_err(failed)?;
                open.blocks.push((packed.bytes.len() as u64, packed.length));
            }
            open.sum.rows += part.rows(block);
            add_fill(&mut open.sum.fill, block);
            open.sum.csv_bytes += packed.length;
            (self.progress)(file, open.sum.rows, open.sum.csv_bytes);
        }
        Ok(())
    }

    /// Ends the file whose blocks have all arrived.
    fn close(&mut self) -> Result<(), Failure> {
        let Some(OpenFile { entry, header_only, spec, sum, header, blocks }) = self.open.take() else {
            return Ok(());
        };
        let file = sum.file;
        if sum.rows == 0 && !header_only {
            let reason = "rows that were there at the first look are gone at the second";
            return Err(PackageError::content(file, reason).into());
        }
        match self.zip.end(entry).map_err(writing(self.target))? {
            Ended::Outgrown => Err(Failure::Outgrown(file)),
            Ended::Complete { crc32, packed } => {
                let written = WrittenFile { packed_bytes: packed, crc32, ..sum };
                self.expected.push(Expected { spec, written, header, blocks });
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests;
