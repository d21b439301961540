//! The manifest: its header and properties.
//!
//! In: nothing. Out: [`MANIFEST`], from which both the writer and the validator derive the rows of a version. The
//! property of a data file is made from the file's name, so that no list of files is kept twice.

use super::{File, Version};

/// The description of `manifest.csv`.
#[derive(Debug)]
pub struct Manifest {
    /// The name of the zip entry.
    pub csv_name: &'static str,
    /// The header.
    pub header: [&'static str; 2],
    /// The property that holds the version of the manifest itself.
    pub manifest_version: &'static str,
    /// The value of [`Manifest::manifest_version`] in both versions. `1`, as spreadsheets write it, is wrong.
    pub manifest_version_value: &'static str,
    /// The property that holds [`Version::label`].
    pub oneroster_version: &'static str,
    /// What the property of a data file starts with.
    pub file_prefix: &'static str,
    /// The optional property that names the sending system.
    pub system_name: &'static str,
    /// The optional property that holds the sending system's code.
    pub system_code: &'static str,
}

/// The manifest of OneRoster CSV 1.1 and 1.2.
pub const MANIFEST: Manifest = Manifest {
    csv_name: "manifest.csv",
    header: ["propertyName", "value"],
    manifest_version: "manifest.version",
    manifest_version_value: "1.0",
    oneroster_version: "oneroster.version",
    file_prefix: "file.",
    system_name: "source.systemName",
    system_code: "source.systemCode",
};

impl Manifest {
    /// The property of a data file, for example `file.orgs`.
    pub fn file_property(&self, file: File) -> String {
        format!("{}{}", self.file_prefix, file.name())
    }

    /// The data file that a property is about, if it is about one.
    pub fn property_file(&self, property: &str) -> Option<File> {
        property.strip_prefix(self.file_prefix).and_then(File::from_name)
    }

    /// Every property of a version in published order; `true` marks the required ones.
    pub fn properties(&self, version: Version) -> Vec<(String, bool)> {
        let versions = [self.manifest_version, self.oneroster_version].map(|name| (name.to_owned(), true));
        let files = version.files().iter().map(|spec| (self.file_property(spec.file), true));
        let source = [self.system_name, self.system_code].map(|name| (name.to_owned(), false));
        versions.into_iter().chain(files).chain(source).collect()
    }
}

/// How a data file travels: the value of its manifest row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Not in the package.
    Absent,
    /// The complete truth: what is missing is deleted at the receiver.
    Bulk,
    /// Only what changed.
    Delta,
}

impl Mode {
    /// The word in the manifest.
    pub const fn word(self) -> &'static str {
        match self {
            Mode::Absent => "absent",
            Mode::Bulk => "bulk",
            Mode::Delta => "delta",
        }
    }

    /// The mode of this word; case matters.
    pub fn from_word(word: &str) -> Option<Mode> {
        [Mode::Absent, Mode::Bulk, Mode::Delta].into_iter().find(|mode| mode.word() == word)
    }
}
