//! The zip container.
//!
//! In: entries as compressed pieces. Out: a zip for the pickiest of readers: sizes and CRC stand in the local headers
//! (the writer goes back and patches them; no data descriptors), one fixed time stamp, permissions 0644, no
//! comments, nothing between the entries. zip64 (version 4.5) appears only where a size or an offset exceeds 32 bits.
//! It compresses nothing and knows no OneRoster.
//!
//! A local header cannot grow once data stands behind it. The caller therefore says beforehand whether an entry may
//! exceed 32 bits; [`ZipWriter::end`] tells when one did that was not expected to. Layout: PKWARE APPNOTE 6.3,
//! sections 4.3 and 4.5.

use std::io::{self, Seek, SeekFrom, Write};

use super::deflate::{self, Packed};
use crate::day::Day;

/// The largest size or offset that is written in 32 bits; one more is the mark for "see the zip64 field".
pub(super) const LIMIT: u64 = 0xffff_fffe;

const MARK: u32 = 0xffff_ffff;
const PLAIN: u16 = 20;
const ZIP64: u16 = 45;
/// Made by: Unix, so that the permissions below count.
const UNIX: u16 = 3 << 8;
/// Regular file, 0644.
const ATTRIBUTES: u32 = 0o100_644 << 16;
const DEFLATE: u16 = 8;
/// Names are UTF-8.
const UTF8: u16 = 1 << 11;
const MIDNIGHT: u16 = 0;

/// A zip being written.
pub(super) struct ZipWriter<W> {
    out: W,
    at: u64,
    closed: Vec<Entry>,
    date: u16,
    limit: u64,
}

/// An entry: open while pieces are appended, then kept for the directory.
pub(super) struct Entry {
    name: String,
    offset: u64,
    wide: bool,
    length: u64,
    packed: u64,
    crc: crc32fast::Hasher,
}

/// What became of an entry.
pub(super) enum Ended {
    /// It is complete: CRC and compressed size.
    Complete {
        /// CRC-32 of the content.
        crc32: u32,
        /// Compressed bytes.
        packed: u64,
    },
    /// It outgrew its header. The zip is of no use; write it again with `wide` for this entry.
    Outgrown,
}

/// The day as DOS writes it, within 1980 to 2107, the years that it can write.
fn dos_date(day: Day) -> u16 {
    let (year, month, day) = match day.ymd() {
        (..1980, ..) => (1980, 1, 1),
        (2108.., ..) => (2107, 12, 31),
        date => date,
    };
    ((year - 1980) as u16) << 9 | (month as u16) << 5 | day as u16
}

impl<W: Write + Seek> ZipWriter<W> {
    /// A zip that starts at the beginning of `out`. All entries bear this day's midnight. `limit` is [`LIMIT`];
    /// tests lower it to see zip64 without gigabytes.
    pub(super) fn new(out: W, stamp: Day, limit: u64) -> ZipWriter<W> {
        ZipWriter { out, at: 0, closed: Vec::new(), date: dos_date(stamp), limit }
    }

    /// Begins an entry. A `wide` one has room for sizes beyond the limit and needs a reader that knows zip64.
    pub(super) fn begin(&mut self, name: &str, wide: bool) -> io::Result<Entry> {
        let entry = Entry {
            name: name.to_owned(),
            offset: self.at,
            wide,
            length: 0,
            packed: 0,
            crc: crc32fast::Hasher::new(),
        };
        let mut header = Vec::with_capacity(64);
        header.extend(b"PK\x03\x04");
        self.shared_fields(&mut header, &entry, if wide { ZIP64 } else { PLAIN });
        header.extend(name.as_bytes());
        if wide {
            // The standard wants both sizes in a local zip64 field; they are patched in `end`.
            header.extend(zip64_field(&[0, 0]));
        }
        self.put(&header)?;
        Ok(entry)
    }

    /// Adds a piece to an entry.
    pub(super) fn append(&mut self, entry: &mut Entry, piece: &Packed) -> io::Result<()> {
        self.put(&piece.bytes)?;
        entry.length += piece.length;
        entry.packed += piece.bytes.len() as u64;
        entry.crc.combine(&piece.crc);
        Ok(())
    }

    /// Ends an entry and patches its local header.
    pub(super) fn end(&mut self, mut entry: Entry) -> io::Result<Ended> {
        self.put(&deflate::END)?;
        entry.packed += deflate::END.len() as u64;
        if !entry.wide && entry.length.max(entry.packed) > self.limit {
            return Ok(Ended::Outgrown);
        }
        let crc32 = entry.crc.clone().finalize();
        let mut fields = crc32.to_le_bytes().to_vec();
        if entry.wide {
            self.patch(entry.offset + 14, &fields)?;
            // Behind the fixed 30 bytes, the name, and the field's own id and size.
            let sizes = [entry.length.to_le_bytes(), entry.packed.to_le_bytes()].concat();
            self.patch(entry.offset + 30 + entry.name.len() as u64 + 4, &sizes)?;
        } else {
            fields.extend(self.short(entry.packed).to_le_bytes());
            fields.extend(self.short(entry.length).to_le_bytes());
            self.patch(entry.offset + 14, &fields)?;
        }
        let packed = entry.packed;
        self.closed.push(entry);
        Ok(Ended::Complete { crc32, packed })
    }

    /// Writes the directory; returns the size of the zip.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        let start = self.at;
        let mut directory = Vec::new();
        for entry in &self.closed {
            self.directory_entry(&mut directory, entry);
        }
        let size = directory.len() as u64;
        let count = self.closed.len() as u64;
        if size.max(start) > self.limit {
            let record = start + size;
            directory.extend(b"PK\x06\x06");
            // The size of the rest of this record.
            directory.extend(44u64.to_le_bytes());
            directory.extend((UNIX | ZIP64).to_le_bytes());
            directory.extend(ZIP64.to_le_bytes());
            directory.extend([0; 8]);
            for value in [count, count, size, start] {
                directory.extend(value.to_le_bytes());
            }
            directory.extend(b"PK\x06\x07");
            directory.extend([0; 4]);
            directory.extend(record.to_le_bytes());
            directory.extend(1u32.to_le_bytes());
        }
        // Some two dozen entries at most: the count never needs zip64.
        let short_count = u16::try_from(count).map_err(io::Error::other)?;
        directory.extend(b"PK\x05\x06");
        directory.extend([0; 4]);
        directory.extend(short_count.to_le_bytes());
        directory.extend(short_count.to_le_bytes());
        directory.extend(self.short(size).to_le_bytes());
        directory.extend(self.short(start).to_le_bytes());
        directory.extend([0; 2]);
        self.put(&directory)?;
        self.out.flush()?;
        Ok(self.at)
    }

    fn directory_entry(&self, directory: &mut Vec<u8>, entry: &Entry) {
        let beyond: Vec<u64> = [entry.length, entry.packed, entry.offset]
            .into_iter()
            .filter(|value| *value > self.limit)
            .collect();
        let extra = if beyond.is_empty() { Vec::new() } else { zip64_field(&beyond) };
        let version = if entry.wide || !beyond.is_empty() { ZIP64 } else { PLAIN };
        directory.extend(b"PK\x01\x02");
        directory.extend((UNIX | version).to_le_bytes());
        directory.extend(version.to_le_bytes());
        self.times(directory, entry);
        directory.extend(entry.crc.clone().finalize().to_le_bytes());
        directory.extend(self.short(entry.packed).to_le_bytes());
        directory.extend(self.short(entry.length).to_le_bytes());
        directory.extend((entry.name.len() as u16).to_le_bytes());
        directory.extend((extra.len() as u16).to_le_bytes());
        // No comment, first disk, binary or text not stated.
        directory.extend([0; 6]);
        directory.extend(ATTRIBUTES.to_le_bytes());
        directory.extend(self.short(entry.offset).to_le_bytes());
        directory.extend(entry.name.as_bytes());
        directory.extend(extra);
    }

    /// The local header between its signature and the name, with sizes and CRC still open.
    fn shared_fields(&self, header: &mut Vec<u8>, entry: &Entry, version: u16) {
        header.extend(version.to_le_bytes());
        self.times(header, entry);
        header.extend([0; 4]);
        let open = if entry.wide { MARK } else { 0 };
        header.extend(open.to_le_bytes());
        header.extend(open.to_le_bytes());
        header.extend((entry.name.len() as u16).to_le_bytes());
        let extra: u16 = if entry.wide { 20 } else { 0 };
        header.extend(extra.to_le_bytes());
    }

    /// Flags, method, time and date.
    fn times(&self, header: &mut Vec<u8>, entry: &Entry) {
        // ASCII is UTF-8 without saying so, and needs no reader that knows the flag.
        let flags = if entry.name.is_ascii() { 0 } else { UTF8 };
        for field in [flags, DEFLATE, MIDNIGHT, self.date] {
            header.extend(field.to_le_bytes());
        }
    }

    /// A value in 32 bits, or the mark that it stands in the zip64 field.
    fn short(&self, value: u64) -> u32 {
        if value > self.limit { MARK } else { u32::try_from(value).unwrap_or(MARK) }
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn patch(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.out.seek(SeekFrom::Start(at))?;
        self.out.write_all(bytes)?;
        self.out.seek(SeekFrom::Start(self.at))?;
        Ok(())
    }
}

/// The zip64 extra field with these values.
fn zip64_field(values: &[u64]) -> Vec<u8> {
    let mut field = vec![0x01, 0x00];
    field.extend((values.len() as u16 * 8).to_le_bytes());
    field.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stamps_stay_within_what_dos_can_write() {
        let date = |y, m, d| dos_date(Day::from_ymd(y, m, d).unwrap());
        assert_eq!(date(1980, 1, 1), 0x0021);
        assert_eq!(date(1979, 12, 31), 0x0021);
        assert_eq!(date(2107, 12, 31), date(2108, 1, 1));
        assert_eq!(date(9999, 1, 1), 0xff9f);
        assert_eq!(date(2024, 2, 29), 44 << 9 | 2 << 5 | 29);
    }
}
