//! The tables of a package as loose files for a warehouse (`--tables`): CSV or Parquet.
//!
//! In: the tables, a folder, the tenant code. Out: one file a table, `or1_1__academic_sessions.csv`, with the rows and
//! cells of the package, always with a header, and a trailing column `tenant_code` for row-level security. All
//! files are complete on the disk before the first one gets its name; a file of a table that this run does not
//! have is left alone. The formatter is the package's: only the trailing cell is added here.

#[cfg(not(feature = "polars"))]
use std::io;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::error::{PackageError, Step, What};
use super::ordered::in_order;
#[cfg(feature = "polars")]
use super::parquet;
use super::partial::Partial;
use super::table::{Table, arrange, parts};
use crate::spec::{File, Version};

/// The name of a table: the version, and the file's name in the way of databases.
pub fn table_name(version: Version, file: File) -> String {
    let mut name = format!("or{}__", version.label().replace('.', "_"));
    for letter in file.name().chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// How tables are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// `.csv`: cells as in the package.
    #[default]
    Csv,
    /// `.parquet`: cells with the types of the specification; with the feature `polars` only.
    Parquet,
}

impl Format {
    /// Whether this build can write it.
    pub const fn supported(self) -> bool {
        !matches!(self, Format::Parquet) || cfg!(feature = "polars")
    }

    const fn suffix(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Parquet => "parquet",
        }
    }
}

/// Where tables go, and how.
#[derive(Debug, Clone, Copy)]
pub struct Warehouse<'a> {
    /// An existing folder.
    pub folder: &'a Path,
    /// How they are written.
    pub format: Format,
}

/// Tables that are complete on the disk under temporary names. Dropped, they leave nothing behind.
#[must_use = "the tables have no names before they are published"]
pub struct PendingTables {
    files: Vec<Partial>,
}

/// A table in the making.
struct TableFile {
    partial: Partial,
    /// What the rows go through; CSV goes as it is.
    #[cfg(feature = "polars")]
    parquet: Option<Box<parquet::Writer>>,
}

impl TableFile {
    #[cfg(feature = "polars")]
    fn create(path: &Path, format: Format, table: &Table<'_>) -> Result<TableFile, PackageError> {
        let mut partial = Partial::create(What::Table, path)?;
        let parquet = match format {
            Format::Csv => None,
            Format::Parquet => {
                let writer = parquet::Writer::new(partial.file(), table);
                Some(Box::new(writer.map_err(|error| partial.error(Step::Write, &error))?))
            }
        };
        Ok(TableFile { partial, parquet })
    }

    #[cfg(not(feature = "polars"))]
    fn create(path: &Path, format: Format, _table: &Table<'_>) -> Result<TableFile, PackageError> {
        let partial = Partial::create(What::Table, path)?;
        match format {
            Format::Csv => Ok(TableFile { partial }),
            Format::Parquet => Err(partial.error(Step::Write, &io::ErrorKind::Unsupported.into())),
        }
    }

    /// Takes the header, then block by block the rows.
    fn put(&mut self, block: &[u8], header: bool) -> Result<(), PackageError> {
        #[cfg(feature = "polars")]
        if let Some(parquet) = &mut self.parquet {
            return if header {
                Ok(())
            } else {
                parquet.put(block).map_err(|fault| fault.told(&self.partial))
            };
        }
        let _ = header;
        let written = self.partial.file().write_all(block);
        written.map_err(|error| self.partial.error(Step::Write, &error))
    }

    fn finish(self) -> Result<Partial, PackageError> {
        let mut partial = self.partial;
        #[cfg(feature = "polars")]
        if let Some(parquet) = self.parquet {
            parquet.finish().map_err(|error| partial.error(Step::Write, &error))?;
        }
        partial.sync()?;
        Ok(partial)
    }
}

/// Writes the tables of one version into the warehouse's folder, under temporary names.
///
/// # Errors
/// [`PackageError`]; nothing is left behind.
pub fn write_tables(
    warehouse: Warehouse<'_>,
    tables: &[Table<'_>],
    version: Version,
    tenant: &str,
) -> Result<PendingTables, PackageError> {
    let tables = arrange(tables, version)?;
    let mut pending = PendingTables { files: Vec::new() };
    let mut open: Option<TableFile> = None;
    in_order(
        parts(&tables),
        |part| Ok((part, part.format_for(Some(tenant))?)),
        |formatted: Result<_, PackageError>| {
            let (part, block) = formatted?;
            if part.is_header() {
                if let Some(done) = open.take() {
                    pending.files.push(done.finish()?);
                }
                let name = format!("{}.{}", table_name(version, part.file()), warehouse.format.suffix());
                let path = warehouse.folder.join(name);
                open = Some(TableFile::create(&path, warehouse.format, part.table())?);
            }
            match &mut open {
                Some(file) => file.put(block.bytes(), part.is_header()),
                None => Ok(()),
            }
        },
    )?;
    if let Some(done) = open {
        pending.files.push(done.finish()?);
    }
    Ok(pending)
}

impl PendingTables {
    /// Gives all tables their names, and adds each to what is `published` as soon as it has it.
    ///
    /// # Errors
    /// [`PackageError`]; tables before the one that it names are then new, the others as they were.
    pub fn publish(self, published: &mut Vec<PathBuf>) -> Result<(), PackageError> {
        for file in self.files {
            let path = file.target().to_owned();
            file.publish()?;
            published.push(path);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::CsvBlock;
    use std::fs;
    use std::ops::Range;

    fn table<'a>(file: File, rows: usize, cells: usize) -> Table<'a> {
        let spec = Version::V1p1.file(file).unwrap();
        Table::new(spec, rows, move |units: Range<usize>, out: &mut CsvBlock| {
            for unit in units {
                (0..cells).for_each(|cell| out.text(&format!("{unit}, {cell}")));
                out.end_row();
            }
        })
    }

    fn at(folder: &Path) -> Warehouse<'_> {
        Warehouse { folder, format: Format::Csv }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn tables_are_named_as_a_database_would() {
        assert_eq!(table_name(Version::V1p1, File::Users), "or1_1__users");
        assert_eq!(table_name(Version::V1p2, File::AcademicSessions), "or1_2__academic_sessions");
        assert_eq!(table_name(Version::V1p2, File::LineItems), "or1_2__line_items");
    }

    #[test]
    fn rows_end_with_the_tenant_and_headers_are_always_there() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("or1_1__orgs.csv"), "before").unwrap();
        let tables = [table(File::Categories, 2, 4), table(File::Orgs, 0, 7)];
        let pending = write_tables(at(folder.path()), &tables, Version::V1p1, "a\"b").unwrap();
        assert_eq!(fs::read(folder.path().join("or1_1__orgs.csv")).unwrap(), b"before");
        let mut published = Vec::new();
        pending.publish(&mut published).unwrap();
        assert_eq!(published.len(), 2);
        assert_eq!(names(folder.path()), ["or1_1__categories.csv", "or1_1__orgs.csv"]);
        let categories = fs::read_to_string(folder.path().join("or1_1__categories.csv")).unwrap();
        assert_eq!(
            categories,
            "sourcedId,status,dateLastModified,title,tenant_code\r\n\
             \"0, 0\",\"0, 1\",\"0, 2\",\"0, 3\",\"a\"\"b\"\r\n\
             \"1, 0\",\"1, 1\",\"1, 2\",\"1, 3\",\"a\"\"b\"\r\n"
        );
        let orgs = fs::read_to_string(folder.path().join("or1_1__orgs.csv")).unwrap();
        assert_eq!(orgs.lines().count(), 1);
        assert!(orgs.ends_with(",tenant_code\r\n"));
    }

    #[test]
    fn nothing_is_left_of_tables_that_fail_or_are_dropped() {
        let folder = tempfile::tempdir().unwrap();
        drop(write_tables(at(folder.path()), &[table(File::Categories, 9, 4)], Version::V1p1, "t").unwrap());
        let tables = [table(File::Categories, 9, 4), table(File::Orgs, 1, 3)];
        assert!(write_tables(at(folder.path()), &tables, Version::V1p1, "t").is_err());
        let missing = folder.path().join("missing");
        let told = write_tables(at(&missing), &tables, Version::V1p1, "t").err().unwrap().to_string();
        assert!(
            told.starts_with("cannot create the table ") && told.contains("or1_1__categories.csv"),
            "{told}"
        );
        assert!(names(folder.path()).is_empty());
    }
}
