//! A folder of files read as a package.
//!
//! In: a folder. Out: its files as entries, by name; folders in it are entries too, since a package has none, but
//! nothing below them is looked at.

use std::io::{self, Read};
use std::path::Path;

use super::stream::ReadFault;
use super::{Archive, At, Entry, Trouble, printable};

impl Archive {
    pub(super) fn list_folder(&mut self, folder: &Path) -> io::Result<()> {
        for item in std::fs::read_dir(folder)? {
            if self.entries.len() as u64 >= self.limits.entries {
                self.too_many = true;
                break;
            }
            let item = item?;
            let path = item.path();
            let facts = std::fs::metadata(&path)?;
            let raw = item.file_name();
            let mut entry = Entry {
                name: printable(raw.as_encoded_bytes()),
                base: String::new(),
                packed: facts.len(),
                size: facts.len(),
                troubles: Vec::new(),
                at: At::Disk(path),
            };
            if facts.is_dir() {
                entry.name.push('/');
                entry.troubles.push(Trouble::Folder);
                entry.at = At::Folder;
            } else if !facts.is_file() {
                // A pipe or a device would block or never end.
                entry.troubles.push(Trouble::Link);
            }
            entry.base = entry.name.clone();
            self.entries.push(entry);
        }
        self.entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(())
    }

    pub(super) fn read_disk(&self, path: &Path, size: u64) -> Result<Box<dyn Read + Send + '_>, ReadFault> {
        let file = std::fs::File::open(path).map_err(|e| ReadFault::Unreadable(e.to_string()))?;
        // A file that grows while it is read is read as it was when it was listed.
        Ok(Box::new(file.take(size)))
    }
}
