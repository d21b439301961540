//! Reads a package back before it gets its name.
//!
//! In: the finished zip on the disk, and what the writer believes to have put there. Out: nothing, or the first thing that
//! differs. A reader of a package trusts its directory, its CRCs and its references, so these are what is checked, from the
//! bytes on the disk: entries and sizes against the directory, the manifest, every block inflated and added to the
//! CRC, UTF-8, RFC 4180, the header, the number of cells and rows, blank cells that must be filled, and every
//! reference by looking its 128 bits up among the ids that the package defines.
//!
//! It is lean on purpose, so that no export goes without it: blocks are inflated and judged on all threads, an id is an
//! integer, and files that others refer to are read first. It judges no vocabulary, no type and no meaning: that is the validator's.

mod ids;
mod rows;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom};

pub(crate) use self::ids::parse as digits;
use self::ids::{Defined, Referred};
use self::rows::{Judge, RowFault};
use super::deflate;
use super::ordered::in_order;
use super::read::{Archive, Limits};
use super::{WrittenFile, manifest};
use crate::spec::{File, FileSpec, MANIFEST};

/// What the writer knows of an entry that its bytes must prove.
#[derive(Debug)]
pub(super) struct Expected {
    /// File, rows, sizes and CRC.
    pub(super) written: WrittenFile,
    /// The file as it was to be written: 1.2 has two shapes of users.csv.
    pub(super) spec: &'static FileSpec,
    /// Its header line.
    pub(super) header: Vec<u8>,
    /// Compressed and uncompressed size of each block, the header's first.
    pub(super) blocks: Vec<(u64, u64)>,
}

/// What is wrong with a package that was just written: the entry, and what was found.
#[derive(Debug)]
pub(super) struct Fault {
    /// Name of the zip entry, or of the zip's part.
    pub(super) entry: String,
    /// What was found there.
    pub(super) reason: String,
}

impl Fault {
    fn new(entry: impl Into<String>, reason: impl Into<String>) -> Fault {
        Fault { entry: entry.into(), reason: reason.into() }
    }
}

/// Why a package was not read back to its end.
#[derive(Debug)]
pub(super) enum Unproven {
    /// The machine could not read it.
    Io(io::Error),
    /// It is not what was to be written.
    Fault(Fault),
}

impl From<io::Error> for Unproven {
    fn from(error: io::Error) -> Unproven {
        Unproven::Io(error)
    }
}

impl From<Fault> for Unproven {
    fn from(fault: Fault) -> Unproven {
        Unproven::Fault(fault)
    }
}

/// Reads the whole package back. With `references`, every reference must lead to a row of the package.
///
/// # Errors
/// The first fault in the order in which the files are read, which is always the same.
pub(super) fn prove(
    file: &mut fs::File,
    options: &super::Options,
    expected: &[Expected],
) -> Result<(), Unproven> {
    let starts = directory(file, options, expected)?;
    let mut defined = Defined::default();
    let mut referred = Referred::default();
    for expected in reading_order(expected) {
        let start = starts.get(&expected.spec.file).copied().unwrap_or_default();
        entry(file, (expected, start), options, &mut defined, &mut referred)?;
    }
    match referred.first_dangling(&defined) {
        Some((from, column, to)) => {
            let reason = format!("{column} refers to a row that {} does not have", to.csv_name());
            Err(Fault::new(from.csv_name(), reason).into())
        }
        None => Ok(()),
    }
}

/// Compares the directory and the manifest with what was to be written; gives where each file's data begins.
fn directory(
    file: &mut fs::File,
    options: &super::Options,
    expected: &[Expected],
) -> Result<BTreeMap<File, u64>, Unproven> {
    // We wrote it: what a foreign package may cost does not matter.
    let archive = Archive::of(file.try_clone()?, Limits { entries: 1000, size: u64::MAX, ratio: u64::MAX });
    let broken = |reason: String| Unproven::from(Fault::new("the zip's directory", reason));
    if let Some(reason) = archive.broken() {
        return Err(broken(reason.to_owned()));
    }
    let entries = archive.entries();
    if entries.len() != expected.len() + 1 {
        return Err(broken(format!("{} entries instead of {}", entries.len(), expected.len() + 1)));
    }
    if let Some((entry, trouble)) = entries.iter().find_map(|entry| Some((entry, entry.troubles.first()?))) {
        return Err(Fault::new(&entry.name, trouble.to_string()).into());
    }
    let present = expected.iter().map(|e| e.written.file).collect();
    let manifest = manifest::manifest(options, &present);
    let first = entries.first().filter(|entry| entry.name == MANIFEST.csv_name);
    let first = first.ok_or_else(|| Fault::new(MANIFEST.csv_name, "it is not the first entry"))?;
    let mut told = Vec::new();
    let read = archive.read(first).map_err(io::Error::other).and_then(|mut s| s.read_to_end(&mut told));
    if read.is_err() || told != manifest.bytes() {
        return Err(Fault::new(MANIFEST.csv_name, "it does not say what the package holds").into());
    }
    let mut starts = BTreeMap::new();
    for (entry, Expected { written, .. }) in entries.iter().skip(1).zip(expected) {
        let name = written.file.csv_name();
        let unplaced = || Fault::new(name, "its local header is unreadable");
        let (crc32, start) = entry.place().ok_or_else(unplaced)?;
        let is = (entry.name.as_str(), entry.size, entry.packed, crc32);
        if is != (name, written.csv_bytes, written.packed_bytes, written.crc32) {
            let reason = format!("the directory says {is:?} (name, size, compressed size, CRC-32)");
            return Err(Fault::new(name, reason).into());
        }
        starts.insert(written.file, start);
    }
    Ok(starts)
}

/// The files in an order in which all targets of a file's references stand before it where that is possible.
fn reading_order(expected: &[Expected]) -> Vec<&Expected> {
    let mut waiting: Vec<&Expected> = expected.iter().collect();
    let mut ordered = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let ready = |spec: &FileSpec| {
            spec.references()
                .all(|(_, to)| to == spec.file || waiting.iter().all(|other| other.spec.file != to))
        };
        // Files that refer to each other in a circle: their references are kept until both are read.
        let next = waiting.iter().position(|expected| ready(expected.spec)).unwrap_or(0);
        ordered.push(waiting.remove(next));
    }
    ordered
}

/// Reads one entry: block by block from the disk, judged on all threads, added up in order.
fn entry(
    file: &mut fs::File,
    (expected, start): (&Expected, u64),
    options: &super::Options,
    defined: &mut Defined,
    referred: &mut Referred,
) -> Result<(), Unproven> {
    let spec = expected.spec;
    let name = spec.file.csv_name();
    let written = &expected.written;
    file.seek(SeekFrom::Start(start))?;
    let extensions = rows::cells_of(&expected.header).saturating_sub(spec.columns.len());
    let mut ids = ids::room(spec, written.rows);
    let (mut rows, mut length, mut crc) = (0u64, 0u64, crc32fast::Hasher::new());
    {
        let known = options.references.then_some(&*defined);
        let judge = Judge::new(spec, extensions, known, ids.is_some(), options.form);
        let blocks = expected.blocks.iter().enumerate().map(|(place, &(packed, length))| {
            let mut bytes = vec![0; usize::try_from(packed).map_err(io::Error::other)?];
            file.read_exact(&mut bytes)?;
            Ok((place == 0, bytes, length))
        });
        in_order(
            blocks,
            |block: io::Result<(bool, Vec<u8>, u64)>| {
                let (is_header, packed, length) = block?;
                let Some(text) = deflate::unpack(&packed, length) else {
                    return Ok(Err(RowFault::whole("a block does not inflate to what was compressed")));
                };
                let mut crc = crc32fast::Hasher::new();
                crc.update(&text);
                let judged = match is_header {
                    true if text == expected.header => Ok(rows::Judged::default()),
                    true => Err(RowFault::whole("its header is not the one that was to be written")),
                    false => judge.block(&text),
                };
                Ok(judged.map(|judged| (judged, text.len() as u64, crc)))
            },
            |judged: io::Result<_>| -> Result<(), Unproven> {
                let (judged, block_length, block_crc) =
                    judged?.map_err(|fault: RowFault| Fault::new(name, fault.told(rows)))?;
                rows += judged.rows;
                length += block_length;
                crc.combine(&block_crc);
                if let Some(ids) = &mut ids {
                    let before = ids.len();
                    ids.extend(judged.ids.iter().copied());
                    if ids.len() != before + judged.ids.len() {
                        return Err(Fault::new(name, "a sourcedId stands there twice").into());
                    }
                }
                referred.add(spec.file, judged.referred);
                Ok(())
            },
        )?;
    }
    let mut end = [0; deflate::END.len()];
    file.read_exact(&mut end)?;
    let packed: u64 = expected.blocks.iter().map(|(packed, _)| packed).sum::<u64>() + end.len() as u64;
    let is = (rows, length, packed, crc.finalize(), end);
    let should = (written.rows, written.csv_bytes, written.packed_bytes, written.crc32, deflate::END);
    if is != should {
        let reason = format!("rows, size, compressed size, CRC-32 and end are {is:?} instead of {should:?}");
        return Err(Fault::new(name, reason).into());
    }
    if let Some(ids) = ids {
        defined.insert(spec.file, ids);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
