//! What samples are called, and what stands in their cells: shown only to those who ask.
//!
//! In: two packages and their [`Diff`]. Out: names and values in its samples, read by a second look at the files that hold
//! them. A row without a name of its own is called by what it refers to: an enrollment by its user and its class.

use std::collections::{BTreeMap, BTreeSet};

use super::{Diff, Options, Sample};
use crate::package::{PackageReader, ReadError};
use crate::spec::{File, Version};

/// Cells by sourcedId.
type Cells = BTreeMap<String, BTreeMap<String, String>>;

/// The columns that name a row.
fn naming(file: File) -> &'static [&'static str] {
    match file {
        File::Users => &["givenName", "familyName"],
        File::Orgs => &["name"],
        File::AcademicSessions
        | File::Categories
        | File::Classes
        | File::Courses
        | File::LineItems
        | File::Resources
        | File::ScoreScales => &["title"],
        _ => &[],
    }
}

/// Columns by which a row without a name is called, with the files that they refer to.
fn referring(file: File) -> Vec<(&'static str, File)> {
    let mut found: Vec<(&'static str, File)> = Vec::new();
    for target in [File::Users, File::LineItems, File::Classes] {
        let specs = Version::ALL.into_iter().filter_map(|version| version.file(file));
        let column = specs.flat_map(|spec| spec.references()).find(|(_, to)| *to == target);
        found.extend(column.map(|(column, to)| (column.name, to)));
    }
    found
}

/// Fills in what was asked for.
///
/// # Errors
/// [`ReadError`].
pub fn fill_in(packages: [&PackageReader; 2], diff: &mut Diff, options: &Options) -> Result<(), ReadError> {
    if options.values {
        values(packages, diff)?;
    }
    if !options.names {
        return Ok(());
    }
    let mut known: [Known; 2] = Default::default();
    let schools: BTreeSet<String> = diff
        .files
        .iter()
        .flat_map(|file| {
            let samples = [&file.removed_samples, &file.added_samples, &file.changed_samples];
            let of_samples = samples.into_iter().flatten().flat_map(|sample| sample.schools.iter().cloned());
            file.schools.keys().cloned().chain(of_samples)
        })
        .collect();
    for side in [0, 1] {
        // The newer name counts where both have one.
        for (id, name) in known[side].names(packages[side], File::Orgs, &schools)? {
            diff.school_names.insert(id, name);
        }
    }
    for file in &mut diff.files {
        let name = file.file;
        let (removed, added, changed) =
            (&mut file.removed_samples, &mut file.added_samples, &mut file.changed_samples);
        call(packages[0], name, removed.iter_mut().collect(), &mut known[0])?;
        call(packages[1], name, added.iter_mut().chain(changed).collect(), &mut known[1])?;
    }
    Ok(())
}

/// Names that were read before.
#[derive(Default)]
struct Known(BTreeMap<(File, String), String>);

impl Known {
    fn names(
        &mut self,
        package: &PackageReader,
        file: File,
        ids: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, String>, ReadError> {
        let missing: BTreeSet<&str> = ids
            .iter()
            .filter(|id| !self.0.contains_key(&(file, (*id).clone())))
            .map(String::as_str)
            .collect();
        for (id, cells) in fetch(package, file, &missing, naming(file))? {
            let parts = naming(file).iter().filter_map(|column| cells.get(*column));
            let name: Vec<&str> = parts.map(String::as_str).filter(|part| !part.is_empty()).collect();
            if !name.is_empty() {
                self.0.insert((file, id), name.join(" "));
            }
        }
        let found = ids.iter().filter_map(|id| Some((id.clone(), self.0.get(&(file, id.clone()))?.clone())));
        Ok(found.collect())
    }
}

/// Names the samples of a file.
fn call(
    package: &PackageReader,
    file: File,
    mut samples: Vec<&mut Sample>,
    known: &mut Known,
) -> Result<(), ReadError> {
    let ids: BTreeSet<String> = samples.iter().map(|sample| sample.id.clone()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    if !naming(file).is_empty() {
        let names = known.names(package, file, &ids)?;
        samples.iter_mut().for_each(|sample| sample.name = names.get(&sample.id).cloned());
        return Ok(());
    }
    let columns = referring(file);
    let names: Vec<&str> = columns.iter().map(|(column, _)| *column).collect();
    let cells = fetch(package, file, &ids.iter().map(String::as_str).collect(), &names)?;
    let mut parts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (column, target) in columns {
        let wanted: BTreeSet<String> = cells.values().filter_map(|row| row.get(column)).cloned().collect();
        let found = known.names(package, target, &wanted)?;
        for (id, row) in &cells {
            let name = row.get(column).and_then(|target| found.get(target));
            parts.entry(id).or_default().extend(name.cloned());
        }
    }
    for sample in samples {
        let name = parts.get(sample.id.as_str()).filter(|name| !name.is_empty());
        sample.name = name.map(|name| name.join(", "));
    }
    Ok(())
}

/// Fills in what stood and stands in the cells that differ.
fn values(packages: [&PackageReader; 2], diff: &mut Diff) -> Result<(), ReadError> {
    for file in &mut diff.files {
        let samples = &mut file.changed_samples;
        let ids: BTreeSet<&str> = samples.iter().map(|sample| sample.id.as_str()).collect();
        let columns = samples.iter().flat_map(|sample| &sample.cells).map(|cell| cell.column.as_str());
        let columns: Vec<&str> = columns.collect::<BTreeSet<_>>().into_iter().collect();
        if ids.is_empty() || columns.is_empty() {
            continue;
        }
        let old = fetch(packages[0], file.file, &ids, &columns)?;
        let new = fetch(packages[1], file.file, &ids, &columns)?;
        for sample in samples {
            for cell in &mut sample.cells {
                let of = |rows: &Cells| rows.get(&sample.id).and_then(|row| row.get(&cell.column)).cloned();
                (cell.old, cell.new) = (of(&old), of(&new));
            }
        }
    }
    Ok(())
}

/// These cells of the first rows with these ids, as far as there are any.
fn fetch(
    package: &PackageReader,
    file: File,
    ids: &BTreeSet<&str>,
    columns: &[&str],
) -> Result<Cells, ReadError> {
    let mut found = Cells::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let Some(mut rows) = package.rows(file)? else { return Ok(found) };
    let id = rows.demand("sourcedId")?;
    let places: Vec<(usize, &str)> =
        columns.iter().filter_map(|name| Some((rows.column(name)?, *name))).collect();
    while found.len() < ids.len() {
        let is_more = rows.some(|row| {
            let id = row.cell(id);
            if ids.contains(&*id) && !found.contains_key(&*id) {
                let cells = places.iter().map(|(at, name)| ((*name).to_owned(), row.cell(*at).into_owned()));
                found.insert(id.into_owned(), cells.collect());
            }
        })?;
        if !is_more {
            break;
        }
    }
    Ok(found)
}
