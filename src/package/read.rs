//! Reading packages, of any origin: a zip or a folder of files, taken as hostile.
//!
//! In: a path and [`Limits`]. Out: [`Archive`]: the entries as they are named, with what is wrong with each
//! ([`Trouble`]), and a bounded stream of each one's bytes. Nothing is ever unpacked to the disk and no entry is held in
//! memory; sums and sizes are verified at the end of each stream, and a stream that is more or less than was declared ends with a
//! [`ReadFault`]. What an entry means is not judged here: the validator, the read-back and `diff` stand on this.

mod ahead;
mod folder;
mod stream;
mod zip;

use std::io::Read;
use std::path::{Path, PathBuf};

pub use self::ahead::read_ahead;
pub use self::stream::ReadFault;
use crate::spec::File;

/// What a package may cost to read. Anything beyond is refused, not read in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Entries in the zip, or files in the folder.
    pub entries: u64,
    /// Uncompressed bytes over all entries.
    pub size: u64,
    /// Uncompressed bytes per compressed byte of one entry; judged from [`Limits::RATIO_FROM`] bytes on. Sizes are those
    /// that the zip declares: a stream that exceeds its declared size ends with a fault.
    pub ratio: u64,
}

impl Limits {
    /// Small entries may be as repetitive as they like: below this many uncompressed bytes the ratio does not count.
    pub const RATIO_FROM: u64 = 16 << 20;
}

impl Default for Limits {
    /// 1,000 entries, 64 GiB (70 million enrollments are 12 GB), 250 to 1 (rosters reach 20 to 1, deflate ends at 1,032).
    fn default() -> Limits {
        Limits { entries: 1000, size: 64 << 30, ratio: 250 }
    }
}

/// Why a package cannot be looked at: a fault of the machine or of the command, not of the package.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the package {}: {reason}", path.display())]
pub struct OpenError {
    /// What was to be read.
    pub path: PathBuf,
    /// What the system said.
    pub reason: String,
}

/// What is wrong with an entry before a byte of it is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// It is encrypted.
    Encrypted,
    /// Its compression is not deflate and not none.
    Method,
    /// It is a folder, or lies in one.
    Folder,
    /// It is a symbolic link.
    Link,
    /// Its name leads out of the folder that it would be unpacked to, or is no plain name.
    Unsafe,
    /// Another entry has the same name.
    Repeated,
    /// It unpacks to more times its size than the limit.
    Ratio,
    /// The zip's directory and the entry contradict each other, or its bytes overlap those of another.
    Damaged(&'static str),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Trouble::Encrypted => "it is encrypted",
            Trouble::Method => "its compression is neither deflate nor none",
            Trouble::Folder => "it is a folder, or lies in one",
            Trouble::Link => "it is a symbolic link",
            Trouble::Unsafe => "its name is no plain name",
            Trouble::Repeated => "another entry has the same name",
            Trouble::Ratio => "it unpacks to more times its size than allowed",
            Trouble::Damaged(what) => what,
        })
    }
}

/// One entry of a zip or one file of a folder.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The whole name, for people: what is not UTF-8 or not printable is replaced.
    pub name: String,
    /// The name without its folders.
    pub base: String,
    /// Compressed bytes; those on disk in a folder.
    pub packed: u64,
    /// Uncompressed bytes as the directory declares them.
    pub size: u64,
    /// What is wrong with it, in order of the list.
    pub troubles: Vec<Trouble>,
    at: At,
}

impl Entry {
    /// Whether its bytes can be read at all.
    pub fn is_readable(&self) -> bool {
        let bad = |trouble: &Trouble| {
            matches!(
                trouble,
                Trouble::Encrypted | Trouble::Method | Trouble::Link | Trouble::Ratio | Trouble::Damaged(_)
            )
        };
        !self.is_folder() && !self.troubles.iter().any(bad)
    }

    /// Sum of its uncompressed bytes as the zip's directory has it, and where its compressed bytes begin in the zip;
    /// `None` for what is no file in a zip.
    pub(super) fn place(&self) -> Option<(u32, u64)> {
        match self.at {
            At::Zip { crc32, start, .. } => Some((crc32, start)),
            _ => None,
        }
    }

    /// Whether it is a folder itself.
    pub fn is_folder(&self) -> bool {
        matches!(self.at, At::Folder)
    }

    /// The data file whose name it has, wherever it lies.
    pub fn file(&self) -> Option<File> {
        File::from_csv_name(&self.base)
    }
}

/// Where the bytes of an entry are.
#[derive(Debug, Clone)]
enum At {
    Folder,
    Zip {
        wayfinder: rawzip::ZipArchiveEntryWayfinder,
        deflated: bool,
        crc32: u32,
        /// Where its compressed bytes begin, as far as that can be told.
        start: u64,
    },
    Disk(PathBuf),
}

/// A package that is open for reading. Streams of several entries may be read at once.
#[derive(Debug)]
pub struct Archive {
    entries: Vec<Entry>,
    limits: Limits,
    zip: Option<rawzip::ZipArchive<rawzip::FileReader>>,
    broken: Option<String>,
    too_many: bool,
}

impl Archive {
    /// Opens a zip or a folder.
    ///
    /// # Errors
    /// [`OpenError`] when the path cannot be read. A file that is no zip, or a damaged one, is no error: see
    /// [`Archive::broken`].
    pub fn open(path: &Path, limits: Limits) -> Result<Archive, OpenError> {
        let failed = |error: std::io::Error| OpenError { path: path.to_owned(), reason: error.to_string() };
        if !std::fs::metadata(path).map_err(failed)?.is_dir() {
            return Ok(Archive::of(std::fs::File::open(path).map_err(failed)?, limits));
        }
        let mut archive = Archive::new(limits);
        archive.list_folder(path).map_err(failed)?;
        archive.mark();
        Ok(archive)
    }

    /// The zip in a file that is open already. It is read by position; where the file stands does not matter.
    pub fn of(file: std::fs::File, limits: Limits) -> Archive {
        let mut archive = Archive::new(limits);
        archive.list_zip(file);
        archive.mark();
        archive
    }

    fn new(limits: Limits) -> Archive {
        Archive { entries: Vec::new(), limits, zip: None, broken: None, too_many: false }
    }

    /// Whether it is a zip, and not a folder.
    pub fn is_zip(&self) -> bool {
        self.zip.is_some()
    }

    /// The entries in the order of the zip; those of a folder by name.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Why the directory of the zip could not be read to its end. The entries before that are listed.
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    /// Whether there are more entries than the limit; those beyond are not listed.
    pub fn has_too_many(&self) -> bool {
        self.too_many
    }

    /// Whether all entries together unpack to more than the limit, by the sizes that they declare.
    pub fn is_too_large(&self) -> bool {
        let total = self.entries.iter().fold(0u64, |sum, entry| sum.saturating_add(entry.size));
        total > self.limits.size
    }

    /// The limits it is read with.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The bytes of an entry. Faults come as [`std::io::Error`]s around a [`ReadFault`].
    ///
    /// # Errors
    /// [`ReadFault`] when the entry cannot be opened.
    pub fn read(&self, entry: &Entry) -> Result<Box<dyn Read + Send + '_>, ReadFault> {
        match &entry.at {
            At::Folder => Err(ReadFault::Unreadable("it is a folder".into())),
            At::Disk(path) => self.read_disk(path, entry.size),
            At::Zip { wayfinder, deflated, crc32, .. } => self.read_zip(*wayfinder, *deflated, *crc32),
        }
    }

    /// Notes what only all entries together, or the limits, make a trouble.
    fn mark(&mut self) {
        let mut seen = rustc_hash::FxHashSet::default();
        for entry in &mut self.entries {
            if !seen.insert(entry.name.clone()) {
                entry.troubles.push(Trouble::Repeated);
            }
            if entry.size > Limits::RATIO_FROM && entry.size / self.limits.ratio.max(1) > entry.packed {
                entry.troubles.push(Trouble::Ratio);
            }
        }
    }
}

/// A name for people: at most 200 characters, and none that a terminal would act on.
fn printable(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    text.chars().take(200).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// What is wrong with an entry's name.
fn name_troubles(raw: &[u8]) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    if raw.contains(&b'/') {
        troubles.push(Trouble::Folder);
    }
    let drive = matches!(raw, [letter, b':', ..] if letter.is_ascii_alphabetic());
    let upwards = raw.split(|b| *b == b'/').any(|part| part == b".." || part == b".");
    let odd = raw.iter().any(|b| matches!(b, b'\\' | 0..=31 | 127)) || std::str::from_utf8(raw).is_err();
    if raw.is_empty()
        || raw.starts_with(b"/")
        || raw.windows(2).any(|w| w == b"//")
        || drive
        || upwards
        || odd
    {
        troubles.push(Trouble::Unsafe);
    }
    troubles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_as_an_unpacker_would_take_them() {
        let troubles = |name: &[u8]| name_troubles(name);
        assert_eq!(troubles(b"users.csv"), []);
        assert_eq!(troubles("schüler.csv".as_bytes()), []);
        assert_eq!(troubles(b"district/users.csv"), [Trouble::Folder]);
        for name in ["../users.csv", "/users.csv", "a//b", "./users.csv", "a/../../b"] {
            assert_eq!(troubles(name.as_bytes()), [Trouble::Folder, Trouble::Unsafe], "{name}");
        }
        for name in [&b"..\\users.csv"[..], b"C:users.csv", b"", b"a\0b", b"a\nb", b"\xff.csv", b".."] {
            assert_eq!(troubles(name), [Trouble::Unsafe], "{name:?}");
        }
        assert_eq!(printable(b"a\x1b[31m\xff"), "a\u{fffd}[31m\u{fffd}");
    }
}
