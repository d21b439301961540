//! The tables of a package as loose CSV files for a warehouse (`--tables`).
//!
//! In: the tables, a folder, the tenant code. Out: one file a table, `or1_1__academic_sessions.csv`, with the rows and
//! cells of the package, always with a header, and a trailing column `tenant_code` for row-level security. All
//! files are complete on the disk before the first one gets its name; a file of a table that this run does not
//! have is left alone. The formatter is the package's: only the trailing cell is added here.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::error::PackageError;
use super::ordered::in_order;
use super::partial::Partial;
use super::table::{Table, arrange, parts};
use super::writing;
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

/// Tables that are written under temporary names. Dropped, they leave nothing behind.
#[must_use = "the tables have no names before they are published"]
pub struct PendingTables {
    files: Vec<Partial>,
    paths: Vec<PathBuf>,
}

/// Writes the tables into an existing folder, under temporary names.
///
/// # Errors
/// [`PackageError`]; nothing is left behind.
pub fn write_tables(
    folder: &Path,
    tables: &[Table<'_>],
    version: Version,
    tenant: &str,
) -> Result<PendingTables, PackageError> {
    let tables = arrange(tables, version)?;
    let mut pending = PendingTables { files: Vec::new(), paths: Vec::new() };
    in_order(
        parts(&tables),
        |part| Ok((part, part.format_for(Some(tenant))?)),
        |formatted: Result<_, PackageError>| {
            let (part, block) = formatted?;
            if part.is_header() {
                let path = folder.join(format!("{}.csv", table_name(version, part.file())));
                pending.files.push(Partial::create(&path)?);
                pending.paths.push(path);
            }
            match (pending.files.last_mut(), pending.paths.last()) {
                (Some(file), Some(path)) => file.file().write_all(block.bytes()).map_err(writing(path)),
                _ => Ok(()),
            }
        },
    )?;
    pending.files.iter_mut().try_for_each(Partial::sync)?;
    Ok(pending)
}

impl PendingTables {
    /// Gives all tables their names.
    ///
    /// # Errors
    /// [`PackageError`]; tables before the one that it names are then new, the others as they were.
    pub fn publish(self) -> Result<Vec<PathBuf>, PackageError> {
        self.files.into_iter().try_for_each(Partial::publish)?;
        Ok(self.paths)
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
        let pending = write_tables(folder.path(), &tables, Version::V1p1, "a\"b").unwrap();
        assert_eq!(fs::read(folder.path().join("or1_1__orgs.csv")).unwrap(), b"before");
        assert_eq!(pending.publish().unwrap().len(), 2);
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
        drop(write_tables(folder.path(), &[table(File::Categories, 9, 4)], Version::V1p1, "t").unwrap());
        let tables = [table(File::Categories, 9, 4), table(File::Orgs, 1, 3)];
        assert!(write_tables(folder.path(), &tables, Version::V1p1, "t").is_err());
        assert!(write_tables(&folder.path().join("missing"), &tables, Version::V1p1, "t").is_err());
        assert!(names(folder.path()).is_empty());
    }
}
