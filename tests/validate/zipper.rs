//! A writer of zips, honest or not.
//!
//! In: entries with whatever is to be wrong about them. Out: bytes. Written from the application note and not with a
//! library, since libraries refuse to lie.

use std::collections::BTreeMap;
use std::io::Write as _;

/// One entry and its lies.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    pub name: Vec<u8>,
    pub bytes: Vec<u8>,
    pub deflate: bool,
    pub flags: u16,
    pub method: Option<u16>,
    pub link: bool,
    pub crc_xor: u32,
    pub size: Option<u32>,
    pub local_name: Option<Vec<u8>>,
    /// Sizes follow the data, as streaming writers do it.
    pub descriptor: bool,
    /// Points at the data of an earlier entry.
    pub same_as: Option<usize>,
}

impl Entry {
    pub fn new(name: &[u8], bytes: Vec<u8>) -> Entry {
        Entry { name: name.to_vec(), bytes, ..Entry::default() }
    }
}

/// A zip to be.
#[derive(Debug, Clone, Default)]
pub struct Zip {
    pub entries: Vec<Entry>,
    /// Bytes that are missing at the end.
    pub cut: usize,
}

impl Zip {
    pub fn of(files: &BTreeMap<String, Vec<u8>>) -> Zip {
        let entries = files.iter().map(|(name, bytes)| Entry::new(name.as_bytes(), bytes.clone()));
        Zip { entries: entries.collect(), cut: 0 }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut out: Vec<u8> = Vec::new();
        let mut directory = Vec::new();
        let mut places: Vec<(u32, u32)> = Vec::new();
        for entry in &self.entries {
            let packed = if entry.deflate {
                let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
                encoder.write_all(&entry.bytes).unwrap();
                encoder.finish().unwrap()
            } else {
                entry.bytes.clone()
            };
            let crc = crc32fast::hash(&entry.bytes) ^ entry.crc_xor;
            let size = entry.size.unwrap_or(entry.bytes.len() as u32);
            let method = entry.method.unwrap_or(if entry.deflate { 8 } else { 0 });
            let flags = entry.flags | if entry.descriptor { 8 } else { 0 };
            let (offset, length) = match entry.same_as {
                Some(other) => places[other],
                None => {
                    let at = out.len() as u32;
                    let name = entry.local_name.as_ref().unwrap_or(&entry.name);
                    out.extend(0x0403_4b50u32.to_le_bytes());
                    for half in [20, flags, method, 0, 0x21] {
                        out.extend(half.to_le_bytes());
                    }
                    let blank = entry.descriptor;
                    for word in [crc, packed.len() as u32, size] {
                        out.extend((if blank { 0 } else { word }).to_le_bytes());
                    }
                    out.extend((name.len() as u16).to_le_bytes());
                    out.extend([0, 0]);
                    out.extend(name);
                    out.extend(&packed);
                    if blank {
                        out.extend(0x0807_4b50u32.to_le_bytes());
                        for word in [crc, packed.len() as u32, size] {
                            out.extend(word.to_le_bytes());
                        }
                    }
                    (at, packed.len() as u32)
                }
            };
            places.push((offset, length));
            directory.extend(0x0201_4b50u32.to_le_bytes());
            // Made by Unix, so that the mode in the external attributes counts.
            for half in [0x031e, 20, flags, method, 0, 0x21] {
                directory.extend(half.to_le_bytes());
            }
            for word in [crc, length, size] {
                directory.extend(word.to_le_bytes());
            }
            directory.extend((entry.name.len() as u16).to_le_bytes());
            directory.extend([0; 8]);
            let mode: u32 = if entry.link { 0o120_777 } else { 0o100_644 };
            directory.extend((mode << 16).to_le_bytes());
            directory.extend(offset.to_le_bytes());
            directory.extend(&entry.name);
        }
        let start = out.len() as u32;
        out.extend(&directory);
        if self.entries.len() > usize::from(u16::MAX) {
            // The zip64 end of the directory, and where it stands.
            let (at, count) = (out.len() as u64, self.entries.len() as u64);
            out.extend(0x0606_4b50u32.to_le_bytes());
            out.extend(44u64.to_le_bytes());
            out.extend([45, 0, 45, 0]);
            out.extend([0; 8]);
            for long in [count, count, directory.len() as u64, u64::from(start)] {
                out.extend(long.to_le_bytes());
            }
            out.extend(0x0706_4b50u32.to_le_bytes());
            out.extend([0; 4]);
            out.extend(at.to_le_bytes());
            out.extend(1u32.to_le_bytes());
        }
        out.extend(0x0605_4b50u32.to_le_bytes());
        out.extend([0; 4]);
        for _ in 0..2 {
            let count = u16::try_from(self.entries.len()).unwrap_or(u16::MAX);
            out.extend(count.to_le_bytes());
        }
        out.extend((directory.len() as u32).to_le_bytes());
        out.extend(start.to_le_bytes());
        out.extend([0; 2]);
        out.truncate(out.len().saturating_sub(self.cut));
        out
    }
}
