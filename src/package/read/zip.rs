//! A zip read as a package.
//!
//! In: a file. Out: entries from its central directory, compared with their local headers, and their streams. The
//! container is parsed by rawzip, which hands out every record of the directory as it stands, duplicates included;
//! inflating is flate2's. What decides about a zip's honesty is here: overlapping entries, other names in local headers.

use std::io::Read;

use flate2::read::DeflateDecoder;
use rawzip::{CompressionMethod, FileReader, ZipArchive, ZipArchiveEntryWayfinder};

use super::stream::{Declared, Guarded, ReadFault};
use super::{Archive, At, Entry, Trouble, name_troubles, printable};

/// Compressed bytes read at a time.
const CHUNK: usize = 128 * 1024;

impl Archive {
    pub(super) fn list_zip(&mut self, file: std::fs::File) {
        // The longest record of a directory: name, extra fields and comment of 64 KiB each.
        let mut buffer = vec![0; rawzip::MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
        let archive = match ZipArchive::from_file(file, &mut buffer) {
            Ok(archive) => archive,
            Err(error) => {
                self.broken = Some(error.to_string());
                return;
            }
        };
        if archive.entries_hint() > self.limits.entries {
            self.too_many = true;
        }
        let mut records = archive.entries(&mut buffer);
        loop {
            let record = match records.next_entry() {
                Ok(Some(record)) => record,
                Ok(None) => break,
                Err(error) => {
                    self.broken = Some(error.to_string());
                    break;
                }
            };
            if self.entries.len() as u64 >= self.limits.entries {
                self.too_many = true;
                break;
            }
            let path = record.file_path();
            let raw = path.as_bytes();
            let mut troubles = name_troubles(raw);
            let method = record.compression_method();
            if record.flags().is_encrypted() || record.flags().has_strong_encryption() {
                troubles.push(Trouble::Encrypted);
            } else if method != CompressionMethod::STORE && method != CompressionMethod::DEFLATE {
                troubles.push(Trouble::Method);
            }
            if record.mode().is_symlink() {
                troubles.push(Trouble::Link);
            }
            let at = match record.is_dir() {
                true => At::Folder,
                false => At::Zip {
                    wayfinder: record.wayfinder(),
                    deflated: method == CompressionMethod::DEFLATE,
                    crc32: record.crc32(),
                    start: 0,
                },
            };
            troubles.sort();
            self.entries.push(Entry {
                name: printable(raw),
                base: printable(raw.rsplit(|b| *b == b'/').next().unwrap_or_default()),
                packed: record.compressed_size_hint(),
                size: record.uncompressed_size_hint(),
                troubles,
                at,
            });
        }
        if self.broken.is_none() && !self.too_many && archive.entries_hint() != self.entries.len() as u64 {
            self.broken = Some(format!(
                "its directory holds {} entries and declares {}",
                self.entries.len(),
                archive.entries_hint()
            ));
        }
        self.compare_local_headers(&archive, &mut buffer);
        self.zip = Some(archive);
    }

    /// A directory that points several entries at the same bytes makes a small zip unpack to any size; one that
    /// disagrees with the local headers shows different files to different readers.
    fn compare_local_headers(&mut self, archive: &ZipArchive<FileReader>, buffer: &mut [u8]) {
        let mut ranges = Vec::new();
        for (n, entry) in self.entries.iter_mut().enumerate() {
            let At::Zip { wayfinder, ref mut start, .. } = entry.at else { continue };
            let Ok(found) = archive.get_entry(wayfinder) else {
                entry.troubles.push(Trouble::Damaged("the zip's directory points to no entry"));
                continue;
            };
            let (from, to) = found.compressed_data_range();
            *start = from;
            ranges.push((from, to, n));
            match found.local_header(buffer) {
                Ok(local) if printable(local.file_path().as_bytes()) != entry.name => {
                    entry.troubles.push(Trouble::Damaged("its local header has another name"));
                }
                Ok(_) => {}
                Err(_) => entry.troubles.push(Trouble::Damaged("its local header cannot be read")),
            }
        }
        ranges.sort_unstable();
        let mut end = 0;
        for (from, to, n) in ranges {
            if from < end && from < to {
                self.entries[n].troubles.push(Trouble::Damaged("its bytes overlap those of another entry"));
            }
            end = end.max(to);
        }
    }

    pub(super) fn read_zip(
        &self,
        wayfinder: ZipArchiveEntryWayfinder,
        deflated: bool,
        crc32: u32,
    ) -> Result<Box<dyn Read + Send + '_>, ReadFault> {
        let missing = || ReadFault::Damaged("the zip's directory points to no entry".into());
        let zip = self.zip.as_ref().ok_or_else(missing)?;
        let entry = zip.get_entry(wayfinder).map_err(|error| ReadFault::Damaged(error.to_string()))?;
        let declared = Declared { size: wayfinder.uncompressed_size_hint(), crc32 };
        let bytes = std::io::BufReader::with_capacity(CHUNK, entry.reader());
        Ok(match deflated {
            true => Box::new(Guarded::new(DeflateDecoder::new(bytes), declared)),
            false => Box::new(Guarded::new(bytes, declared)),
        })
    }
}
