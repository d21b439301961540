//! What the OneRoster CSV bindings 1.1 and 1.2 define: files, columns, types, vocabularies, references, manifest.
//!
//! In: nothing. Out: constant data that the writer, the manifest, the validator, closure, `explain` and the
//! generated documentation read; nobody else knows a header. What both versions share is written once, by group
//! (rostering, gradebook, resources); [`v1p1`] and [`v1p2`] hold what only one of them has, and the list
//! of files. It judges no value and reads no file; it uses only the standard library.

mod column;
mod file;
mod gradebook;
mod manifest;
mod resources;
mod rostering;
pub mod v1p1;
pub mod v1p2;
pub mod vocabulary;

pub use column::{Column, Kind, Need, Personal, Rule};
pub use file::{File, FileSpec, Group};
pub use manifest::{MANIFEST, Manifest, Mode};
pub use vocabulary::Vocabulary;

/// A version of the OneRoster CSV binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// OneRoster 1.1: 13 data files.
    V1p1,
    /// OneRoster 1.2 at the level of its correction 1.2.1: 21 data files. Manifests say `1.2`.
    V1p2,
}

impl Version {
    /// Every version, oldest first.
    pub const ALL: [Version; 2] = [Version::V1p1, Version::V1p2];

    /// The value of `oneroster.version` in the manifest.
    pub const fn label(self) -> &'static str {
        match self {
            Version::V1p1 => "1.1",
            Version::V1p2 => "1.2",
        }
    }

    /// The version with this label.
    pub fn from_label(label: &str) -> Option<Version> {
        Version::ALL.into_iter().find(|version| version.label() == label)
    }

    /// The data files in the order of the published manifest.
    pub const fn files(self) -> &'static [FileSpec] {
        match self {
            Version::V1p1 => &v1p1::FILES,
            Version::V1p2 => &v1p2::FILES,
        }
    }

    /// One data file, or `None` when this version does not have it.
    pub fn file(self, file: File) -> Option<&'static FileSpec> {
        self.files().iter().find(|spec| spec.file == file)
    }

    /// Whether terms that start with `ext:` may stand where an open vocabulary is named: 1.1 forbids them
    /// (OneRoster 1.1 Best Practices), 1.2 allows them.
    pub const fn has_extension_terms(self) -> bool {
        matches!(self, Version::V1p2)
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.label())
    }
}

#[cfg(test)]
mod tests;
