//! The rows of the package that are the subject's, exactly as they are written, and how many others refer to it.
//!
//! In: the tables of the emitter and the ids of the subject. Out: rows with their cells, and counts. Which column
//! refers to which file is the specification's; whose rows are shown and whose are counted is decided here: those that
//! say something of the subject itself, and those of other things.

use std::collections::BTreeMap;

use memchr::memmem;
use rayon::prelude::*;

use super::model::{Cell, FileRows, Follow};
use crate::package::{CsvBlock, PackageError, Table};
use crate::sourced_id::SourcedId;
use crate::spec::File;

/// Finds the rows of the subject and counts those that refer to it.
///
/// # Errors
/// A row that has not the shape of its file: a defect of this program.
pub fn collect(
    tables: &[Table<'_>],
    own: &[(File, SourcedId)],
) -> Result<(Vec<FileRows>, Vec<Follow>), PackageError> {
    let own: Vec<(File, String)> = own.iter().map(|(file, id)| (*file, id.hex())).collect();
    let (mut output, mut follows) = (Vec::new(), Vec::new());
    if own.is_empty() {
        return Ok((output, follows));
    }
    for table in tables {
        let found = search(table, &own)?;
        if !found.rows.is_empty() {
            output.push(FileRows { file: table.spec.file.csv_name(), rows: found.rows });
        }
        follows.extend(found.follows.into_iter().map(|(column, rows)| Follow {
            file: table.spec.file.csv_name(),
            column,
            rows,
        }));
    }
    Ok((output, follows))
}

#[derive(Default)]
struct Found {
    rows: Vec<Vec<Cell>>,
    follows: BTreeMap<String, u64>,
}

/// How a column of a table leads to the subject.
struct Link<'t> {
    column: usize,
    header: &'t str,
    ids: Vec<&'t str>,
    /// Whether the row says something of the subject itself.
    own: bool,
}

fn search(table: &Table<'_>, own: &[(File, String)]) -> Result<Found, PackageError> {
    let file = table.spec.file;
    let headers: Vec<&str> = table
        .spec
        .columns
        .iter()
        .map(|c| c.name)
        .chain(table.extensions.iter().map(String::as_str))
        .collect();
    let ids_of = |target: File| -> Vec<&str> {
        own.iter().filter(|(file, _)| *file == target).map(|(_, id)| id.as_str()).collect()
    };
    let mut links = Vec::new();
    for (n, column) in table.spec.columns.iter().enumerate() {
        if column.name == "sourcedId" {
            links.push(Link { column: n, header: column.name, ids: ids_of(file), own: true });
        }
        if let Some(target) = column.target() {
            // A row of a user, an enrollment or a result of a person is about that person.
            let own = target == File::Users && !column.is_list();
            links.push(Link { column: n, header: column.name, ids: ids_of(target), own });
        }
    }
    links.retain(|link| !link.ids.is_empty());
    let parts: Vec<Found> = table
        .blocks
        .par_iter()
        .filter(|_| !links.is_empty())
        .map(|units| {
            let mut block = CsvBlock::new(headers.len());
            (table.format)(units.clone(), &mut block);
            if let Some(reason) = block.fault() {
                return Err(PackageError::Content { file, reason });
            }
            let there = |id: &str| memmem::find(block.bytes(), id.as_bytes()).is_some();
            match links.iter().flat_map(|link| &link.ids).any(|id| there(id)) {
                true => read(file, block.bytes(), &headers, &links),
                false => Ok(Found::default()),
            }
        })
        .collect::<Result<_, _>>()?;
    let mut all = Found::default();
    for part in parts {
        all.rows.extend(part.rows);
        for (column, rows) in part.follows {
            *all.follows.entry(column).or_default() += rows;
        }
    }
    Ok(all)
}

fn read(file: File, bytes: &[u8], headers: &[&str], links: &[Link<'_>]) -> Result<Found, PackageError> {
    let mut found = Found::default();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
    for record in reader.records() {
        let record = record.map_err(|e| PackageError::Content { file, reason: e.to_string() })?;
        let leads = |link: &&Link<'_>| {
            let cell = record.get(link.column).unwrap_or_default();
            cell.split(',').any(|item| link.ids.contains(&item))
        };
        let leading: Vec<&Link<'_>> = links.iter().filter(leads).collect();
        if leading.iter().any(|link| link.own) {
            let cells = headers.iter().zip(&record);
            found.rows.push(
                cells
                    .map(|(column, value)| Cell { column: (*column).to_owned(), value: value.to_owned() })
                    .collect(),
            );
        } else {
            for link in leading {
                *found.follows.entry(link.header.to_owned()).or_default() += 1;
            }
        }
    }
    Ok(found)
}
