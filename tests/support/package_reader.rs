//! A reader of OneRoster bulk packages that knows nothing of our writer.
//!
//! In: the bytes of a zip. Out: its tables, as text. What is right or wrong about them is for `package_check.rs`.

use std::io::{Cursor, Read};

/// A table of a package: header and rows as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Parses CSV with a header; every row must have as many fields.
    pub fn parse(bytes: &[u8]) -> Result<Table, String> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
        let mut records = reader
            .records()
            .map(|record| record.map(|r| r.iter().map(str::to_owned).collect::<Vec<_>>()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| e.to_string())?
            .into_iter();
        let header = records.next().ok_or("no header")?;
        Ok(Table { header, rows: records.collect() })
    }

    /// Position of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|h| h == name)
    }

    /// A cell; blank when there is no such column.
    pub fn cell<'t>(&self, row: &'t [String], name: &str) -> &'t str {
        self.column(name).and_then(|n| row.get(n)).map_or("", String::as_str)
    }

    /// Rows whose cell has this value.
    pub fn find<'t>(&'t self, name: &str, value: &str) -> Vec<Row<'t>> {
        self.iter().filter(|row| row.get(name) == value).collect()
    }

    /// The only row whose cell has this value.
    pub fn one<'t>(&'t self, name: &str, value: &str) -> Row<'t> {
        let found = self.find(name, value);
        assert_eq!(found.len(), 1, "rows with {name} = {value}");
        found[0]
    }

    /// All rows.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|cells| Row { table: self, cells })
    }

    /// All cells of a column.
    pub fn all<'t>(&'t self, name: &'t str) -> Vec<&'t str> {
        assert!(self.column(name).is_some(), "no column {name}");
        self.rows.iter().map(|row| self.cell(row, name)).collect()
    }
}

/// A row with its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'t> {
    table: &'t Table,
    pub cells: &'t [String],
}

impl<'t> Row<'t> {
    /// A cell by name; a missing column is an error of the test.
    pub fn get(&self, name: &str) -> &'t str {
        assert!(self.table.column(name).is_some(), "no column {name} in {:?}", self.table.header);
        self.table.cell(self.cells, name)
    }

    /// The items of a list cell.
    pub fn list(&self, name: &str) -> Vec<&'t str> {
        self.get(name).split(',').filter(|item| !item.is_empty()).collect()
    }
}

/// The entries of a package in the order of the zip.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Package {
    pub entries: Vec<(String, Vec<u8>)>,
}

impl Package {
    /// Unzips; every CRC is checked by the zip crate.
    pub fn from_zip(bytes: &[u8]) -> Package {
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let entries = (0..zip.len())
            .map(|n| {
                let mut entry = zip.by_index(n).unwrap();
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).unwrap();
                (entry.name().unwrap().into_owned(), bytes)
            })
            .collect();
        Package { entries }
    }

    /// The bytes of `<name>.csv`.
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        let file = format!("{name}.csv");
        self.entries.iter().find(|(entry, _)| *entry == file).map(|(_, bytes)| &bytes[..])
    }

    /// A data file; a file that is absent is an empty table.
    pub fn table(&self, name: &str) -> Table {
        self.bytes(name).map_or_else(Table::default, |bytes| Table::parse(bytes).unwrap())
    }
}
