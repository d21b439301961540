//! What is delivered: a package as one zip, or as loose files.
//!
//! In: a package in its file, and the names that a target wants. Out: a [`Parcel`]: names, sizes, and the bytes of each
//! item as often as they are asked for, so that an attempt that broke can be made again. It changes no byte.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::package::PackageReader;
use crate::package::read::Limits;
use crate::spec::{File, MANIFEST};

/// In which form a package is delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// One zip.
    #[default]
    Zip,
    /// Its files, loose in a folder; `manifest.csv` appears last.
    Loose,
}

/// A package cannot be made into a parcel.
#[derive(Debug, thiserror::Error)]
#[error("cannot deliver {}: {reason}", package.display())]
pub struct ParcelError {
    /// The package.
    pub package: PathBuf,
    /// Why not.
    pub reason: String,
}

/// Something to deliver under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The final name, without a folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// The entry of the package that it is; `None` for the package itself.
    entry: Option<String>,
}

/// A package in the form in which it is delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    package: PathBuf,
    /// What is delivered, in the order in which it appears.
    pub items: Vec<Item>,
}

impl Parcel {
    /// The package at this path as a parcel; a zip gets this name.
    ///
    /// # Errors
    /// [`ParcelError`] when it is no readable zip, or holds what no loose file may be.
    pub fn new(package: &Path, form: Form, zip_name: &str) -> Result<Parcel, ParcelError> {
        let fault = |reason: String| ParcelError { package: package.to_owned(), reason };
        let reader = PackageReader::open(package, Limits::default()).map_err(|e| fault(e.reason))?;
        if !reader.is_zip() {
            return Err(fault("it is a folder, not a zip".to_owned()));
        }
        let items = match form {
            Form::Zip => {
                let bytes = fs::metadata(package).map_err(|e| fault(e.to_string()))?.len();
                vec![Item { name: zip_name.to_owned(), bytes, entry: None }]
            }
            Form::Loose => {
                let mut items = Vec::new();
                for (name, bytes) in reader.entries() {
                    // Names decide where bytes go on somebody's server: only those that we know.
                    if name != MANIFEST.csv_name && File::from_csv_name(name).is_none() {
                        return Err(fault(format!(
                            "its entry {name:?} is no file of OneRoster; deliver it as a zip"
                        )));
                    }
                    let name = name.to_owned();
                    items.push(Item { name: name.clone(), bytes, entry: Some(name) });
                }
                items.sort_by(|a, b| {
                    let last = |item: &Item| item.name == MANIFEST.csv_name;
                    (last(a), &a.name).cmp(&(last(b), &b.name))
                });
                items
            }
        };
        Ok(Parcel { package: package.to_owned(), items })
    }

    /// Bytes of all items.
    pub fn bytes(&self) -> u64 {
        self.items.iter().map(|item| item.bytes).sum()
    }

    /// Hands the bytes of an item to somebody who reads them.
    ///
    /// # Errors
    /// Those of the package, and those of the reader's own.
    pub(super) fn open<'r>(&self, item: &Item, opened: &'r mut Opened) -> io::Result<Box<dyn Read + 'r>> {
        match &item.entry {
            None => Ok(Box::new(fs::File::open(&self.package)?)),
            Some(entry) => {
                let reader =
                    PackageReader::open(&self.package, Limits::default()).map_err(io::Error::other)?;
                let bytes = opened.0.insert(reader).raw(entry).map_err(io::Error::other)?;
                Ok(bytes)
            }
        }
    }

    /// Files of OneRoster that this parcel, being loose, does not hold: what lies under these names is of another day.
    pub fn absent(&self) -> Vec<&'static str> {
        let loose = self.items.iter().all(|item| item.entry.is_some());
        let held = |name: &str| self.items.iter().any(|item| item.name == name);
        let names = File::ALL.into_iter().map(File::csv_name);
        names.filter(|name| loose && !held(name)).collect()
    }
}

/// Keeps a package open while one of its entries is read.
#[derive(Default)]
pub(super) struct Opened(Option<PackageReader>);

/// Fills placeholders of a path or name: `{name}` and whatever else there is a value for.
///
/// # Errors
/// Names the placeholder that is unknown, and those that are known.
pub fn expand(template: &str, values: &BTreeMap<String, String>) -> Result<String, String> {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, after) =
            behind.split_once('}').ok_or_else(|| format!("`{template}` has a {{ without }}"))?;
        let value = values.get(name).ok_or_else(|| {
            let known: Vec<String> = values.keys().map(|name| format!("{{{name}}}")).collect();
            format!("`{template}` has {{{name}}}; {} are known", known.join(", "))
        })?;
        text.push_str(before);
        text.push_str(value);
        rest = after;
    }
    Ok(text + rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn package(folder: &Path, entries: &[&str]) -> PathBuf {
        let path = folder.join("p.zip");
        let mut out = zip::ZipWriter::new(fs::File::create(&path).unwrap());
        for name in entries {
            out.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            out.write_all(format!("content of {name}").as_bytes()).unwrap();
        }
        out.finish().unwrap();
        path
    }

    #[test]
    fn loose_files_end_with_the_manifest_and_are_read_as_often_as_asked() {
        let folder = tempfile::tempdir().unwrap();
        let path = package(folder.path(), &["manifest.csv", "users.csv", "orgs.csv"]);
        let parcel = Parcel::new(&path, Form::Loose, "ignored").unwrap();
        let names: Vec<&str> = parcel.items.iter().map(|item| item.name.as_str()).collect();
        assert_eq!(names, ["orgs.csv", "users.csv", "manifest.csv"]);
        for _ in 0..2 {
            let (mut opened, mut text) = (Opened::default(), String::new());
            parcel.open(&parcel.items[1], &mut opened).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "content of users.csv");
            assert_eq!(parcel.items[1].bytes, text.len() as u64);
        }
        assert!(parcel.absent().contains(&"demographics.csv") && !parcel.absent().contains(&"users.csv"));
        let zip = Parcel::new(&path, Form::Zip, "OneRoster.zip").unwrap();
        assert_eq!((zip.items[0].name.as_str(), zip.absent().len()), ("OneRoster.zip", 0));
        assert_eq!(zip.bytes(), fs::metadata(&path).unwrap().len());
    }

    #[test]
    fn strange_names_and_damaged_zips_are_no_parcels() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["../users.csv", "sub/users.csv", "readme.txt", "Users.csv"] {
            let path = package(folder.path(), &[name]);
            assert!(Parcel::new(&path, Form::Loose, "").is_err(), "{name}");
            assert!(Parcel::new(&path, Form::Zip, "x.zip").is_ok(), "{name}");
        }
        let path = folder.path().join("no.zip");
        fs::write(&path, "half of a zi").unwrap();
        assert!(Parcel::new(&path, Form::Zip, "x.zip").unwrap_err().to_string().contains("no zip"));
    }

    #[test]
    fn placeholders_are_filled_or_named() {
        let values = BTreeMap::from([
            ("name".to_owned(), "north".to_owned()),
            ("date".to_owned(), "20241001".to_owned()),
        ]);
        assert_eq!(expand("/in/{name}-{date}.zip", &values).unwrap(), "/in/north-20241001.zip");
        assert_eq!(expand("plain}", &values).unwrap(), "plain}");
        assert_eq!(
            expand("{nam}.zip", &values).unwrap_err(),
            "`{nam}.zip` has {nam}; {date}, {name} are known"
        );
        assert!(expand("{name", &values).is_err());
    }
}
