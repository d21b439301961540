//! Two packages compared: what is gone, new and changed, by file, school and column.
//!
//! In: two packages of any origin, and [`Options`]. Out: a [`Diff`] of exact numbers with capped samples; ids only, unless names
//! or values are asked for. Rows are found by their sourcedId, in whatever order they stand; columns by their names, so
//! that packages of both versions can be compared as far as they have the same ones. It says what stands in the packages, not what a
//! receiver makes of it, and judges nothing: that is the guard's affair, which stands on this (ADR 0035).
//!
//! `dateLastModified` alone changes no row: many systems write the time of the export there. Such rows are counted apart.

mod key;
mod merge;
mod name;
mod schools;
pub mod show;
mod stream;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use self::schools::{Lists, Side};
use self::stream::Wanted;
use crate::check::show::counted;
use crate::package::{PackageReader, ReadError, mode_of};
use crate::spec::{File, Mode, Version};

/// What to compare, and what to show of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// These files alone.
    pub files: Option<BTreeSet<File>>,
    /// The rows of this school alone, by the sourcedId of its org.
    pub school: Option<String>,
    /// Whether the columns of changed rows are found.
    pub columns: bool,
    /// Samples per file and kind of change.
    pub samples: usize,
    /// Ids per file and school that are gone from there.
    pub school_samples: usize,
    /// Whether samples and schools get their names.
    pub names: bool,
    /// Whether changed cells of samples get what stands there.
    pub values: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            files: None,
            school: None,
            columns: true,
            samples: 5,
            school_samples: 0,
            names: false,
            values: false,
        }
    }
}

/// Numbers of distinct ids.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Change {
    /// In the older package.
    pub before: u64,
    /// In the newer package.
    pub after: u64,
    /// Only in the older one.
    pub removed: u64,
    /// Only in the newer one.
    pub added: u64,
}

/// What became of the rows of one school in one file. Who moves to another school is gone from the one and new at the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SchoolChange {
    /// Its ids.
    #[serde(flatten)]
    pub ids: Change,
    /// Ids that it has in both packages, with some cell that differs.
    pub changed: u64,
}

impl SchoolChange {
    /// Everything that happened there.
    pub fn total(&self) -> u64 {
        self.ids.removed + self.ids.added + self.changed
    }
}

/// A cell that differs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CellChange {
    /// Its column.
    pub column: String,
    /// What stood there, if values were asked for.
    pub old: Option<String>,
    /// What stands there now, if values were asked for.
    pub new: Option<String>,
}

/// A row that is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// Its sourcedId.
    #[serde(rename = "sourcedId")]
    pub id: String,
    /// What it is called, if names were asked for and it has one.
    pub name: Option<String>,
    /// The schools that it belongs to; of a removed row, belonged to.
    pub schools: Vec<String>,
    /// The cells that differ, of a changed row.
    pub cells: Vec<CellChange>,
}

/// One of two packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Which {
    /// The older one.
    Old,
    /// The newer one.
    New,
}

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileDiff {
    /// Which file.
    #[serde(serialize_with = "by_name")]
    pub file: File,
    /// The package that has it, if the other one has not.
    pub only: Option<Which>,
    /// How it travels, by the manifests: old and new.
    #[serde(serialize_with = "as_pair")]
    pub modes: [Option<&'static str>; 2],
    /// Its ids.
    pub ids: Change,
    /// Ids of both packages whose rows differ in some column that both have.
    pub changed: u64,
    /// Ids of both packages whose rows differ in `dateLastModified` alone.
    pub restamped: u64,
    /// Rows whose id stood in a row before, old and new: they were not compared.
    #[serde(serialize_with = "as_pair")]
    pub repeated: [u64; 2],
    /// Columns that only the older package has.
    pub columns_removed: Vec<String>,
    /// Columns that only the newer package has.
    pub columns_added: Vec<String>,
    /// Changed rows by column, in the order of the header; where columns were to be found.
    #[serde(serialize_with = "as_objects")]
    pub columns: Vec<(String, u64)>,
    /// By the sourcedId of the school's org.
    #[serde(skip)]
    pub schools: BTreeMap<String, SchoolChange>,
    /// The first removed rows, in the order of the older package.
    pub removed_samples: Vec<Sample>,
    /// The first new rows, in the order of the newer package.
    pub added_samples: Vec<Sample>,
    /// The first changed rows, in the order of the newer package.
    pub changed_samples: Vec<Sample>,
    /// The first ids that are gone from a school, in the order of the older package.
    #[serde(skip)]
    pub school_examples: BTreeMap<String, Vec<String>>,
}

fn by_name<S: Serializer>(file: &File, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(file.csv_name())
}

fn as_pair<T: Serialize, S: Serializer>([old, new]: &[T; 2], to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Pair<'p, T> {
        old: &'p T,
        new: &'p T,
    }
    Pair { old, new }.serialize(to)
}

fn as_objects<S: Serializer>(columns: &[(String, u64)], to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct ColumnChange<'c> {
        column: &'c str,
        changed: u64,
    }
    to.collect_seq(columns.iter().map(|(column, changed)| ColumnChange { column, changed: *changed }))
}

impl FileDiff {
    /// Nothing known yet.
    fn new(file: File) -> FileDiff {
        FileDiff {
            file,
            only: None,
            modes: [None; 2],
            ids: Change::default(),
            changed: 0,
            restamped: 0,
            repeated: [0; 2],
            columns_removed: Vec::new(),
            columns_added: Vec::new(),
            columns: Vec::new(),
            schools: BTreeMap::new(),
            removed_samples: Vec::new(),
            added_samples: Vec::new(),
            changed_samples: Vec::new(),
            school_examples: BTreeMap::new(),
        }
    }

    /// Whether both packages say the same here.
    pub fn is_equal(&self) -> bool {
        let Change { removed, added, .. } = self.ids;
        removed + added + self.changed == 0
            && self.only.is_none()
            && self.columns_removed.is_empty()
            && self.columns_added.is_empty()
            && self.modes[0] == self.modes[1]
    }
}

/// A property of the manifest that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PropertyChange {
    /// Its name.
    pub property: String,
    /// Its value in the older package.
    pub old: Option<String>,
    /// Its value in the newer package.
    pub new: Option<String>,
}

/// One of the packages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Package {
    /// Where it was read from, as it was named.
    pub package: String,
    /// The OneRoster version that its manifest names, if we know it.
    pub version: Option<&'static str>,
}

/// What became of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// The older package.
    pub old: Package,
    /// The newer package.
    pub new: Package,
    /// Whether they say the same, as far as they were compared.
    pub equal: bool,
    /// The school that was asked for.
    pub school: Option<String>,
    /// What one must know to read the rest.
    pub notes: Vec<String>,
    /// Properties of the manifests that differ, by name.
    pub manifest: Vec<PropertyChange>,
    /// Every file that one of the two holds, in alphabetical order.
    #[serde(skip)]
    pub files: Vec<FileDiff>,
    /// What schools are called, if names were asked for.
    #[serde(skip)]
    pub school_names: BTreeMap<String, String>,
}

/// Two packages cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// One of them cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is nothing to compare.
    #[error("cannot compare {}: {reason}", path.display())]
    Empty {
        /// The package.
        path: PathBuf,
        /// What it is instead.
        reason: &'static str,
    },
    /// Nobody knows the school.
    #[error("no row of either package belongs to a school with the sourcedId {0:?}")]
    NoSchool(String),
}

/// Compares two packages.
///
/// # Errors
/// [`DiffError`] when one cannot be read to its end: what was not read cannot be called equal.
pub fn compare(old: &PackageReader, new: &PackageReader, options: &Options) -> Result<Diff, DiffError> {
    let packages = [old, new];
    let mut manifests = Vec::new();
    for package in packages {
        let manifest = package.manifest()?;
        if manifest.is_none() && package.files().is_empty() {
            let in_folder = package.entries().any(|(name, _)| {
                name.rsplit_once('/').is_some_and(|(_, name)| File::from_csv_name(name).is_some())
            });
            let reason = match in_folder {
                true => "its files lie in a folder, where no receiver looks for them",
                false => "it holds no file of OneRoster",
            };
            return Err(DiffError::Empty { path: package.path().to_owned(), reason });
        }
        manifests.push(manifest);
    }
    let is_asked = |file: &File| options.files.as_ref().is_none_or(|files| files.contains(file));
    let mut files: Vec<File> = packages.iter().flat_map(|p| p.files().iter().copied()).collect();
    // Demographics belong to the schools of their users, which must be known by then.
    files.sort_by_key(|file| (*file == File::Demographics, *file));
    files.dedup();
    files.retain(is_asked);
    let is_users = |file: &File| matches!(file, File::Users | File::Demographics);
    let (roles, keep_users) = (files.iter().any(is_users), files.contains(&File::Demographics));
    let known = schools::known(packages)?;
    let mut sides =
        [Side::read(old, known.clone(), roles, keep_users)?, Side::read(new, known, roles, keep_users)?];
    if keep_users && !files.contains(&File::Users) {
        for (side, package) in sides.iter_mut().zip(packages) {
            side.read_users(package)?;
        }
    }
    let mut lists = Lists::default();
    let mut found = Vec::new();
    for file in files {
        found.push(compare_file(packages, &mut sides, file, &manifests, &mut lists, options)?);
    }
    found.sort_by_key(|file| file.file);
    if let Some(school) = &options.school
        && found.iter().all(|file| !file.schools.contains_key(school))
    {
        return Err(DiffError::NoSchool(school.clone()));
    }
    let describe = |package: &PackageReader, manifest: &Option<BTreeMap<String, String>>| Package {
        package: package.path().display().to_string(),
        version: manifest
            .as_ref()
            .and_then(|manifest| Version::from_label(manifest.get("oneroster.version")?))
            .map(Version::label),
    };
    let [old_manifest, new_manifest] = [0, 1].map(|n| manifests.get(n).cloned().flatten());
    let mut diff = Diff {
        old: describe(old, &old_manifest),
        new: describe(new, &new_manifest),
        equal: true,
        school: options.school.clone(),
        notes: Vec::new(),
        manifest: Vec::new(),
        files: found,
        school_names: BTreeMap::new(),
    };
    if options.files.is_none() && options.school.is_none() {
        diff.manifest = properties(&old_manifest.unwrap_or_default(), &new_manifest.unwrap_or_default());
    }
    diff.equal = diff.manifest.is_empty() && diff.files.iter().all(FileDiff::is_equal);
    diff.notes = notes(&diff, [manifests[0].is_some(), manifests[1].is_some()]);
    name::fill_in(packages, &mut diff, options)?;
    Ok(diff)
}

fn compare_file(
    packages: [&PackageReader; 2],
    sides: &mut [Side; 2],
    file: File,
    manifests: &[Option<BTreeMap<String, String>>],
    lists: &mut Lists,
    options: &Options,
) -> Result<FileDiff, ReadError> {
    let mut headers: [Option<Vec<String>>; 2] = [None, None];
    for (header, package) in headers.iter_mut().zip(packages) {
        *header = package.rows(file)?.map(|rows| rows.header().to_vec());
    }
    let [old, new] = &headers;
    let missing = |from: &Option<Vec<String>>, of: &Option<Vec<String>>| -> Vec<String> {
        let (Some(from), Some(of)) = (from, of) else { return Vec::new() };
        from.iter().filter(|name| !of.contains(name)).cloned().collect()
    };
    let mut columns: Vec<String> = Vec::new();
    for name in new.iter().flatten() {
        let is_own = name == "sourcedId" || name == "dateLastModified" || columns.contains(name);
        if !is_own && old.as_ref().is_some_and(|old| old.contains(name)) {
            columns.push(name.clone());
        }
    }
    let wanted = Wanted { file, columns, cells: options.columns };
    let mut found = merge::merge(packages, sides, wanted, lists, options)?;
    found.only = match (old, new) {
        (Some(_), None) => Some(Which::Old),
        (None, Some(_)) => Some(Which::New),
        _ => None,
    };
    found.columns_removed = missing(old, new);
    found.columns_added = missing(new, old);
    for (mode, manifest) in found.modes.iter_mut().zip(manifests) {
        *mode = manifest.as_ref().and_then(|manifest| mode_of(manifest, file)).map(Mode::word);
    }
    Ok(found)
}

fn properties(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<PropertyChange> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differs = names.into_iter().filter(|name| old.get(*name) != new.get(*name));
    differs
        .map(|name| PropertyChange {
            property: name.clone(),
            old: old.get(name).cloned(),
            new: new.get(name).cloned(),
        })
        .collect()
}

fn notes(diff: &Diff, manifests: [bool; 2]) -> Vec<String> {
    let mut notes = Vec::new();
    for (name, has) in ["OLD", "NEW"].into_iter().zip(manifests) {
        if !has {
            notes.push(format!("{name} has no manifest"));
        }
    }
    if let (Some(old), Some(new)) = (diff.old.version, diff.new.version)
        && old != new
    {
        notes.push(format!(
            "OLD is OneRoster {old} and NEW {new}: compared are the files and columns that both have"
        ));
    }
    for file in &diff.files {
        for (n, name) in ["OLD", "NEW"].into_iter().enumerate() {
            let csv = file.file.csv_name();
            if file.modes[n] == Some(Mode::Delta.word()) {
                notes.push(format!(
                    "{csv} travels as delta in {name}: a row that is missing there is not gone at the receiver"
                ));
            }
            if file.repeated[n] > 0 {
                let rows = counted(file.repeated[n], "row repeats", "rows repeat");
                notes.push(format!("{csv} in {name}: {rows} a sourcedId; the first row of an id counts"));
            }
        }
    }
    notes
}

/// Opens both packages and compares them.
///
/// # Errors
/// [`DiffError`].
pub fn compare_paths(
    old: &Path,
    new: &Path,
    limits: crate::package::read::Limits,
    options: &Options,
) -> Result<Diff, DiffError> {
    compare(&PackageReader::open(old, limits)?, &PackageReader::open(new, limits)?, options)
}

#[cfg(test)]
mod tests;
