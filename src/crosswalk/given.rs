//! The seeds that a run was given: the files of the folder of `--seeds`, or bytes in memory. It knows which names
//! are seeds; it does not look into them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::CrosswalkError;
use super::seed::{SEEDS, Seed};

/// How deep seeds are looked for: a dbt project keeps them one folder down, next to seeds of other packages.
const DEPTH: usize = 3;

/// Seed files with their bytes.
#[derive(Debug, Default)]
pub(super) struct Given {
    found: BTreeMap<&'static str, (PathBuf, Vec<u8>)>,
    pub(super) ignored: Vec<PathBuf>,
}

fn seed_called(name: &str) -> Option<&'static Seed> {
    SEEDS.into_iter().find(|seed| seed.file == name)
}

impl Given {
    /// Reads the seed files of a folder and its subfolders.
    pub(super) fn scan(dir: &Path) -> Result<Self, CrosswalkError> {
        let unreadable =
            |path: &Path, reason: String| CrosswalkError::Unreadable { path: path.to_owned(), reason };
        let mut given = Self::default();
        // Links are followed and names with a leading dot skipped: a mounted configuration is a folder of links
        // into `..data`, and would otherwise hold each file twice.
        let walk = walkdir::WalkDir::new(dir)
            .max_depth(DEPTH)
            .follow_links(true)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|e| e.depth() == 0 || !e.file_name().as_encoded_bytes().starts_with(b"."));
        for entry in walk {
            let entry = entry.map_err(|error| {
                let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                unreadable(error.path().unwrap_or(dir), reason)
            })?;
            if entry.depth() == 0 && !entry.file_type().is_dir() {
                return Err(unreadable(dir, "it is not a folder".to_owned()));
            }
            if !entry.file_type().is_file() {
                continue;
            }
            let name = entry.file_name().to_string_lossy();
            if let Some(seed) = seed_called(&name) {
                let path = entry.path().to_owned();
                let bytes = std::fs::read(&path).map_err(|error| unreadable(&path, error.to_string()))?;
                if let Some((first, _)) = given.found.insert(seed.file, (path.clone(), bytes)) {
                    return Err(CrosswalkError::FoundTwice { first, second: path });
                }
            } else if looks_like_a_seed(&name) {
                given.ignored.push(entry.into_path());
            }
        }
        if given.found.is_empty() {
            return Err(CrosswalkError::NoSeeds {
                folder: dir.to_owned(),
                expected: SEEDS.map(|seed| seed.file).join(", "),
            });
        }
        Ok(given)
    }

    /// Takes seeds from memory.
    pub(super) fn in_memory(files: &[(&str, &[u8])]) -> Self {
        let mut given = Self::default();
        for (name, bytes) in files {
            match seed_called(name) {
                Some(seed) => {
                    given.found.insert(seed.file, (PathBuf::from(name), bytes.to_vec()));
                }
                None => given.ignored.push(PathBuf::from(name)),
            }
        }
        given
    }

    /// Every seed that was given, by file name.
    pub(super) fn files(self) -> BTreeMap<&'static str, (PathBuf, Vec<u8>)> {
        self.found
    }

    /// Path and bytes of a seed, if it was given.
    pub(super) fn get(&self, seed: &Seed) -> Option<(&Path, &[u8])> {
        self.found.get(seed.file).map(|(path, bytes)| (path.as_path(), bytes.as_slice()))
    }
}

/// Whether somebody may have meant a file as one of ours.
fn looks_like_a_seed(name: &str) -> bool {
    let name = name.to_lowercase();
    name.ends_with(".csv") && (name.starts_with("xwalk_oneroster") || name.starts_with("xwalk_calendar"))
}
