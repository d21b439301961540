//! Snapshots: what an exporter may read of an ODS, written as table extracts, so that a run can be repeated offline.
//!
//! In: an open source and a [`Destination`]. Out: a folder with one file a physical table, in the form that the
//! dump source reads, and `snapshot.json` beside them, which that source passes over. Every contract table of
//! every part is in it, with the union of the columns that any of its uses reads, in contract order. Rows stream
//! from the source to the disk, tables at the same time where the source allows it. The folder gets its name when
//! it is complete; a run that fails leaves nothing. Blank and null are one thing here, as they are in a batch.

mod csv;
mod destination;
#[cfg(feature = "polars")]
mod parquet;

pub use destination::Destination;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use flate2::Compression;
use flate2::write::GzEncoder;
use rayon::prelude::*;
use serde::Serialize;

use crate::edfi::{self, Part as ContractPart, SchemaError, Standard, contract};
use crate::progress::Progress;
use crate::source::{Batch, Catalog, CatalogTable, ColumnRequest, Kind, Part, Request, Source, SourceError};

/// What describes a snapshot, beside its tables.
pub const DESCRIPTION: &str = "snapshot.json";

const BUFFER: usize = 256 * 1024;

/// How the tables are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// `<table>.csv`, in the form of PostgreSQL's `COPY ... CSV HEADER`.
    #[default]
    Csv,
    /// `<table>.csv.gz`.
    GzippedCsv,
    /// `<table>.parquet`: with the feature `polars` only.
    Parquet,
}

impl Format {
    /// Every format by its name.
    pub const ALL: [(&'static str, Format); 3] =
        [("csv", Format::Csv), ("csv.gz", Format::GzippedCsv), ("parquet", Format::Parquet)];

    /// Whether this build can write it.
    pub const fn supported(self) -> bool {
        !matches!(self, Format::Parquet) || cfg!(feature = "polars")
    }

    fn suffix(self) -> &'static str {
        Format::ALL.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }
}

/// What to write.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// How.
    pub format: Format,
    /// Only this school year of the tables that carry a never-null one; `None` is everything.
    pub school_year: Option<i16>,
    /// Data standard that the user insists on.
    pub data_standard: Option<&'a str>,
}

/// Rows of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableRows {
    /// Physical table.
    pub table: String,
    /// Rows that were written.
    pub rows: u64,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The folder.
    pub folder: PathBuf,
    /// Tables by name.
    pub tables: Vec<TableRows>,
    /// Label of the data standard.
    pub data_standard: &'static str,
    /// A label that exports from the folder must name, because its tables alone do not tell the data standard.
    pub name_standard: Option<&'static str>,
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The source cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The folder holds something already.
    #[error(
        "cannot write a snapshot to {}: it already holds {entry}. Name a folder that does not exist yet, or an empty one, so that no table of another snapshot is read together with this one",
        folder.display()
    )]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
        /// One of the things in it.
        entry: String,
    },
    /// The disk refused.
    #[error("cannot write {}: {source}. Check the path, its permissions and the free space", path.display())]
    Write {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// This build lacks the format.
    #[error(
        "this build writes no Parquet. Build with `cargo build --release --features polars`, or choose csv or csv.gz"
    )]
    Unsupported,
}

/// A physical table with the columns that any contract table reads from it.
#[derive(Debug)]
struct Table {
    name: String,
    columns: Vec<(String, Kind)>,
    year: Option<&'static str>,
    estimate: Option<u64>,
}

impl Table {
    fn request(&self, year: Option<i16>) -> Request {
        Request {
            table: self.name.clone(),
            columns: self
                .columns
                .iter()
                .map(|(name, kind)| ColumnRequest { name: Some(name.clone()), kind: *kind })
                .collect(),
            year: self.year.zip(year).map(|(column, year)| (column.to_owned(), year)),
        }
    }
}

/// Writes the tables of a source.
///
/// # Errors
/// [`SnapshotError`]; nothing is then left of the destination's unfinished folder.
pub fn write(
    source: &dyn Source,
    destination: Destination,
    options: Options<'_>,
    progress: &dyn Progress,
) -> Result<Summary, SnapshotError> {
    if !options.format.supported() {
        return Err(SnapshotError::Unsupported);
    }
    let catalog = source.catalog();
    let (standard, tables) = plan(catalog, options.data_standard)?;
    let requests: Vec<Request> = tables.iter().map(|table| table.request(options.school_year)).collect();
    source.check(&requests)?;

    progress.expect(&mut tables.iter().map(|table| (table.name.as_str(), table.estimate)));
    progress.stage("reading");
    // The longest first, so that no large table is left for the end with all other hands idle.
    let mut order: Vec<(&Table, &Request)> = tables.iter().zip(&requests).collect();
    order.sort_by_key(|(table, _)| std::cmp::Reverse(table.estimate));
    let run = Run {
        source,
        folder: destination.folder(),
        options,
        progress,
        failed: AtomicBool::new(false),
        fault: Mutex::new(None),
    };
    // Writing a row starts no work of its own: a thread that waits for a connection never holds one.
    let rows: Vec<Option<TableRows>> =
        order.into_iter().par_bridge().map(|(table, request)| run.table(table, request)).collect();
    if let Some(fault) = run.fault.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(fault);
    }
    let mut rows: Vec<TableRows> = rows.into_iter().flatten().collect();
    rows.sort_by(|a, b| a.table.cmp(&b.table));
    source.finish()?;

    progress.stage("finishing");
    describe(destination.folder(), catalog, standard, options.school_year, &rows)?;
    let name_standard =
        (!tells_its_standard(&tables, standard)).then(|| standard.labels.last().copied()).flatten();
    Ok(Summary { folder: destination.publish()?, tables: rows, data_standard: standard.label, name_standard })
}

/// Tables and columns that any exporter may read, as far as the source has them.
fn plan(catalog: &Catalog, named: Option<&str>) -> Result<(&'static Standard, Vec<Table>), SourceError> {
    let standard = edfi::detect(catalog, named)?;
    for part in ContractPart::ALL {
        match edfi::resolve(catalog, named, &[part]) {
            // What only some runs read may be incomplete: the snapshot is then just as incomplete.
            Err(SchemaError::TableMissing { .. } | SchemaError::ColumnMissing { .. })
                if part != ContractPart::Core => {}
            Err(error) => return Err(error.into()),
            Ok(_) => {}
        }
    }
    let mut tables: BTreeMap<&str, Table> = BTreeMap::new();
    for table in contract::TABLES {
        let (physical, names) = standard.spelling(table);
        let Some(found) = catalog.tables.get(physical) else { continue };
        let entry = tables.entry(physical).or_insert_with(|| Table {
            name: physical.to_owned(),
            columns: Vec::new(),
            year: table.year,
            estimate: found.rows_estimate,
        });
        for (column, name) in table.columns.iter().zip(names) {
            let there = found.columns.iter().any(|c| c == name);
            if there && !entry.columns.iter().any(|(known, _)| known == name) {
                entry.columns.push((name.to_owned(), column.kind));
            }
        }
    }
    Ok((standard, tables.into_values().filter(|table| !table.columns.is_empty()).collect()))
}

/// Whether whoever reads these tables and no others finds the same data standard.
fn tells_its_standard(tables: &[Table], standard: &Standard) -> bool {
    let mut written = Catalog::default();
    for table in tables {
        let columns = table.columns.iter().map(|(name, _)| name.clone()).collect();
        written.tables.insert(table.name.clone(), CatalogTable { columns, ..CatalogTable::default() });
    }
    // By label: a constant may have several addresses.
    edfi::detect(&written, None).is_ok_and(|found| found.label == standard.label)
}

/// One snapshot that is being written.
struct Run<'a> {
    source: &'a dyn Source,
    folder: &'a Path,
    options: Options<'a>,
    progress: &'a dyn Progress,
    failed: AtomicBool,
    /// The first fault: those that follow from it are not told.
    fault: Mutex<Option<SnapshotError>>,
}

impl Run<'_> {
    /// Writes one table; `None` when this or another one failed.
    fn table(&self, table: &Table, request: &Request) -> Option<TableRows> {
        if self.failed.load(Ordering::Relaxed) {
            return None;
        }
        match self.read(table, request) {
            Ok(rows) => Some(TableRows { table: table.name.clone(), rows }),
            Err(error) => {
                let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
                fault.get_or_insert(error);
                self.failed.store(true, Ordering::Relaxed);
                None
            }
        }
    }

    fn read(&self, table: &Table, request: &Request) -> Result<u64, SnapshotError> {
        let path = self.folder.join(format!("{}.{}", table.name, self.options.format.suffix()));
        let refused = |source| SnapshotError::Write { path: path.clone(), source };
        let mut file = TableFile::create(&path, table, self.options.format).map_err(refused)?;
        self.progress.table(&table.name, table.estimate);
        let mut fault = None;
        let read = self.source.read(request, Part::WHOLE, &mut |batch| {
            if self.failed.load(Ordering::Relaxed) {
                return Err(SourceError::Capacity(format!("edfi.{} was given up", table.name)));
            }
            self.progress.rows(&table.name, batch.rows() as u64);
            file.put(batch).map_err(|error| {
                let told = SourceError::Capacity(format!("edfi.{} cannot be written", table.name));
                fault = Some(error);
                told
            })
        });
        if let Some(error) = fault {
            return Err(refused(error));
        }
        let rows = read?.rows;
        file.finish().map_err(refused)?;
        self.progress.done(&table.name);
        Ok(rows)
    }
}

/// A new file that only its owner can read, wherever the folder is moved to.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The file of a table.
enum TableFile {
    Csv(csv::Rows, BufWriter<File>),
    GzippedCsv(csv::Rows, Box<GzEncoder<BufWriter<File>>>),
    #[cfg(feature = "polars")]
    Parquet(Box<parquet::Writer>),
}

impl TableFile {
    fn create(path: &Path, table: &Table, format: Format) -> io::Result<TableFile> {
        let file = BufWriter::with_capacity(BUFFER, create_private(path)?);
        let rows = csv::Rows::new(&table.columns);
        match format {
            Format::Csv => Ok(TableFile::Csv(rows, file)),
            Format::GzippedCsv => {
                Ok(TableFile::GzippedCsv(rows, Box::new(GzEncoder::new(file, Compression::new(3)))))
            }
            #[cfg(feature = "polars")]
            Format::Parquet => {
                parquet::Writer::new(file, &table.columns).map(|writer| TableFile::Parquet(Box::new(writer)))
            }
            #[cfg(not(feature = "polars"))]
            Format::Parquet => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn put(&mut self, batch: &Batch) -> io::Result<()> {
        match self {
            TableFile::Csv(rows, file) => file.write_all(rows.text(batch)),
            TableFile::GzippedCsv(rows, file) => file.write_all(rows.text(batch)),
            #[cfg(feature = "polars")]
            TableFile::Parquet(writer) => writer.put(batch),
        }
    }

    /// Writes what is left, the header of an empty table included, and brings it to the disk.
    fn finish(self) -> io::Result<()> {
        let file = match self {
            TableFile::Csv(mut rows, mut file) => {
                file.write_all(rows.rest())?;
                file
            }
            TableFile::GzippedCsv(mut rows, mut file) => {
                file.write_all(rows.rest())?;
                file.finish()?
            }
            #[cfg(feature = "polars")]
            TableFile::Parquet(writer) => (*writer).finish()?,
        };
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }
}

/// What `snapshot.json` says.
#[derive(Debug, Serialize)]
struct Description<'a> {
    rosterpack: &'static str,
    source: &'a str,
    data_standard: &'static str,
    school_year: Option<i16>,
    tables: &'a [TableRows],
}

fn describe(
    folder: &Path,
    catalog: &Catalog,
    standard: &Standard,
    school_year: Option<i16>,
    tables: &[TableRows],
) -> Result<(), SnapshotError> {
    let path = folder.join(DESCRIPTION);
    let description = Description {
        rosterpack: env!("CARGO_PKG_VERSION"),
        source: &catalog.place,
        data_standard: standard.label,
        school_year,
        tables,
    };
    let write = || -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(&description)?;
        text.push('\n');
        let mut file = create_private(&path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|source| SnapshotError::Write { path: path.clone(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edfi::STANDARDS;

    /// A catalog of all that a standard calls for, but for some tables.
    fn catalog(standard: &Standard, without: &[&str]) -> Catalog {
        let mut catalog = Catalog { place: "test".into(), ..Catalog::default() };
        for table in contract::TABLES {
            let (physical, names) = standard.spelling(table);
            if !without.contains(&physical) {
                let entry = catalog.tables.entry(physical.to_owned()).or_default();
                entry.columns.extend(names.into_iter().map(str::to_owned));
            }
        }
        catalog
    }

    #[test]
    fn uses_of_one_table_share_its_columns_and_never_disagree_on_a_type() {
        for standard in STANDARDS {
            let (_, tables) = plan(&catalog(standard, &[]), None).unwrap();
            for contract in contract::TABLES {
                let (physical, names) = standard.spelling(contract);
                let table = tables.iter().find(|t| t.name == physical).unwrap();
                assert_eq!(table.year, contract.year, "{physical}");
                for (column, name) in contract.columns.iter().zip(names) {
                    let (_, kind) = table.columns.iter().find(|(known, _)| known == name).unwrap();
                    assert_eq!(*kind, column.kind, "{physical}.{name}");
                }
            }
            assert!(tells_its_standard(&tables, standard), "{}", standard.label);
        }
    }

    #[test]
    fn a_part_may_be_incomplete_but_the_core_may_not() {
        let standard = edfi::detect(&catalog(STANDARDS[2], &[]), None).unwrap();
        let mut incomplete = catalog(standard, &["contact", "gradingperiod"]);
        incomplete.tables.get_mut("student").unwrap().columns.retain(|c| c != "birthdate");
        let (_, tables) = plan(&incomplete, None).unwrap();
        assert!(tables.iter().all(|t| t.name != "contact"));
        let students = tables.iter().find(|t| t.name == "student").unwrap();
        assert!(students.columns.iter().all(|(name, _)| name != "birthdate"));
        assert!(students.columns.iter().any(|(name, _)| name == "birthcity"));
        assert!(plan(&catalog(standard, &["section"]), None).is_err());
    }

    #[test]
    fn a_standard_that_the_tables_do_not_tell_is_noticed() {
        // What marks 6.1 is optional or not read at all; without it the tables look like 5.2.
        let standard = STANDARDS[0];
        let without = ["studentdemographic", "studentidentificationcode"];
        let mut source = catalog(standard, &without);
        source.tables.insert("studentdirectory".into(), CatalogTable::default());
        let (found, tables) = plan(&source, None).unwrap();
        assert_eq!(found.label, standard.label);
        assert!(!tells_its_standard(&tables, standard));
    }
}
