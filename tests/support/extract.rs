//! Extracts of an ODS as tests see them: plain CSV tables that can be read, altered and written again.
//!
//! In: a folder of `<table>.csv`. Out: tables as text. Knows nothing of the source that is tested.

use std::collections::BTreeMap;
use std::path::Path;

use crate::package_reader::Table;

/// Reads one table of a folder.
pub fn table(folder: &Path, name: &str) -> Table {
    let path = folder.join(format!("{name}.csv"));
    Table::parse(&std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))).unwrap()
}

/// Writes a table back.
pub fn save(folder: &Path, name: &str, table: &Table) {
    let mut writer = csv::Writer::from_path(folder.join(format!("{name}.csv"))).unwrap();
    writer.write_record(&table.header).unwrap();
    for row in &table.rows {
        writer.write_record(row).unwrap();
    }
    writer.flush().unwrap();
}

/// Alters one table of a folder.
pub fn alter(folder: &Path, name: &str, change: impl FnOnce(&mut Table)) {
    let mut changed = table(folder, name);
    change(&mut changed);
    save(folder, name, &changed);
}

/// Code values by descriptor id.
pub fn code_values(folder: &Path) -> BTreeMap<String, String> {
    let descriptors = table(folder, "descriptor");
    descriptors
        .iter()
        .map(|row| (row.get("descriptorid").to_owned(), row.get("codevalue").to_owned()))
        .collect()
}

/// The descriptor id of a value of a type.
pub fn descriptor(folder: &Path, kind: &str, value: &str) -> String {
    let descriptors = table(folder, "descriptor");
    descriptors
        .iter()
        .find(|row| {
            row.get("namespace").ends_with(&format!("/{kind}Descriptor")) && row.get("codevalue") == value
        })
        .map(|row| row.get("descriptorid").to_owned())
        .unwrap_or_else(|| panic!("no {kind} {value}"))
}

/// Unique ids by USI.
pub fn unique_ids(folder: &Path, person: &str) -> BTreeMap<String, String> {
    let people = table(folder, person);
    people
        .iter()
        .map(|row| {
            (row.get(&format!("{person}usi")).to_owned(), row.get(&format!("{person}uniqueid")).to_owned())
        })
        .collect()
}

/// A copy of a folder of files.
pub fn copy(from: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    folder
}
