//! A folder of table extracts as a source: CSV, gzipped CSV and (feature `polars`) Parquet, one file a table.
//!
//! In: a folder, or the files that are embedded in the binary. Out: a [`Catalog`] and typed batches.
//! Files are found at any depth by their names: `<table>.csv`, `edfi.<table>.csv.gz`, in any letter case; files
//! of other schemas, hidden files and whatever else lies there are ignored, two files of one table are an error.
//! At the start only the headers are read. A file is then streamed in bounded memory, and nothing about it is
//! mended or skipped: see `read.rs` and `rfc4180` for what is refused, `cell.rs` for the two dialects.

pub(in crate::source) mod cell;
pub(in crate::source) mod folder;
mod read;
pub(in crate::source) use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use crate::edfi::{STANDARDS, contract};
use crate::source::{Catalog, CatalogTable, Part, ReadStats, Request, Sink, Source, SourceError};

use folder::{Form, TableFile};

/// What is known of a file after the start.
#[derive(Debug)]
enum Head {
    Csv(read::Header),
    #[cfg(feature = "polars")]
    Parquet(super::parquet::Header),
}

/// A folder of extracts of one ODS, or the same from memory.
#[derive(Debug)]
pub struct DumpSource {
    catalog: Catalog,
    files: BTreeMap<String, (TableFile, Head)>,
}

/// Whether a data standard reads a table of this name: only then does a file matter that cannot be understood.
fn in_contract(table: &str) -> bool {
    STANDARDS.iter().any(|s| contract::TABLES.iter().any(|t| s.spelling(t).0 == table))
}

fn head(file: &TableFile) -> Result<Head, SourceError> {
    match file.form {
        Form::Csv | Form::GzippedCsv => read::header(file).map(Head::Csv),
        #[cfg(feature = "polars")]
        Form::Parquet => super::parquet::header(file).map(Head::Parquet),
        #[cfg(not(feature = "polars"))]
        Form::Parquet => Err(file.unreadable(
            "this build reads no Parquet. Build with `cargo build --release --features polars`, or \
             extract this table as CSV",
        )),
    }
}

impl DumpSource {
    /// Opens a folder: finds the files and reads their headers.
    ///
    /// # Errors
    /// A folder that is missing, unreadable or without any table file; two files of one table; a header that
    /// cannot be read, if the table is one of the contract.
    pub fn open(folder: &Path) -> Result<DumpSource, SourceError> {
        DumpSource::of(folder.display().to_string(), folder::find(folder)?)
    }

    /// Opens files from memory, named as they would be in a folder; `place` is for messages.
    ///
    /// # Errors
    /// Those of [`DumpSource::open`].
    pub fn embedded(
        place: &str,
        files: Vec<(String, Cow<'static, [u8]>)>,
    ) -> Result<DumpSource, SourceError> {
        DumpSource::of(place.to_owned(), folder::embedded(place, files))
    }

    fn of(place: String, found: Vec<TableFile>) -> Result<DumpSource, SourceError> {
        if found.is_empty() {
            return Err(SourceError::Place {
                place,
                reason: "there is no table extract in it".to_owned(),
                remedy:
                    "Put one file a table there, named like student.csv, edfi.student.csv.gz or Student.csv"
                        .to_owned(),
            });
        }
        let mut files: BTreeMap<String, (TableFile, Head)> = BTreeMap::new();
        let mut catalog = Catalog { place, ..Catalog::default() };
        let mut names: BTreeMap<&str, &str> = BTreeMap::new();
        for file in &found {
            if let Some(first) = names.insert(&file.table, &file.name) {
                return Err(SourceError::Place {
                    place: catalog.place,
                    reason: format!("both {first} and {} hold table edfi.{}", file.name, file.table),
                    remedy: "Keep the one that belongs to this extract".to_owned(),
                });
            }
        }
        for file in found {
            let head = match head(&file) {
                Ok(head) => head,
                Err(e) if in_contract(&file.table) => return Err(e),
                Err(_) => continue,
            };
            let (columns, rows_estimate) = match &head {
                Head::Csv(header) => (header.columns.clone(), header.rows_estimate),
                #[cfg(feature = "polars")]
                Head::Parquet(header) => (header.columns(), Some(header.rows())),
            };
            let entry = CatalogTable { origin: file.name.clone(), columns, rows_estimate };
            catalog.tables.insert(file.table.clone(), entry);
            files.insert(file.table.clone(), (file, head));
        }
        Ok(DumpSource { catalog, files })
    }
}

impl Source for DumpSource {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn read(&self, request: &Request, part: Part, sink: &mut Sink<'_>) -> Result<ReadStats, SourceError> {
        let Some((file, head)) = self.files.get(&request.table) else {
            return Err(SourceError::Place {
                place: self.catalog.place.clone(),
                reason: format!("no file holds table edfi.{}", request.table),
                remedy: "Add it to the extract".to_owned(),
            });
        };
        // A table is one part; a caller that insists on more finds the others empty.
        if part.index > 0 {
            return Ok(ReadStats::default());
        }
        match head {
            Head::Csv(header) => read::rows(file, header, request, sink),
            #[cfg(feature = "polars")]
            Head::Parquet(header) => super::parquet::rows(file, header, request, sink),
        }
    }

    /// Checks that no file has changed since the start: only then were all tables of one extract.
    fn finish(&self) -> Result<(), SourceError> {
        self.files.values().try_for_each(|(file, _)| file.check_unchanged())
    }
}
