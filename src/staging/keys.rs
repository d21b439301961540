//! Finding a row by its natural key, without a copy of the key.
//!
//! In: a hash of the wanted key and a comparison with a candidate row. Out: the row. Keys are compared as the
//! database spells them; only when that fails, and only if it is unambiguous, without regard to case and
//! trailing space, since SQL Server compares keys that way and its extracts carry such references.

use std::hash::Hasher;
use std::sync::OnceLock;

use hashbrown::HashTable;
use rustc_hash::{FxHashMap, FxHasher};

use crate::source::batch::append;

/// Hash of a key made of an organization id and some texts.
#[inline]
pub fn hash_key(id: i64, texts: &[&str]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_i64(id);
    for text in texts {
        hasher.write(text.as_bytes());
        hasher.write_usize(text.len());
    }
    // Finished twice: the table takes both ends of the hash, and Fx is weak at one of them.
    let mut mixed = FxHasher::default();
    mixed.write_u64(hasher.finish());
    mixed.finish()
}

/// The key as it compares under a case-insensitive collation that ignores trailing space.
fn fold_key(id: i64, texts: &[&str]) -> String {
    let mut folded = id.to_string();
    for text in texts {
        folded.push('\u{1f}');
        folded.push_str(&text.trim_end().to_lowercase());
    }
    folded
}

/// How a key was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Spelled exactly so.
    Exact(u32),
    /// Spelled otherwise in case or trailing space; the only such row.
    Folded(u32),
    /// Not at all.
    Nothing,
}

/// Rows by key.
#[derive(Debug, Default)]
pub struct KeyIndex {
    table: HashTable<(u64, u32)>,
    folded: OnceLock<FxHashMap<String, Option<u32>>>,
}

impl KeyIndex {
    /// An index with room for so many rows.
    pub fn with_capacity(rows: usize) -> KeyIndex {
        KeyIndex { table: HashTable::with_capacity(rows), folded: OnceLock::new() }
    }

    /// Enters a row, unless an equal one is there: then that one is returned.
    pub fn insert(&mut self, hash: u64, row: u32, equal: impl Fn(u32) -> bool) -> Option<u32> {
        if let Some(&(_, there)) = self.table.find(hash, |&(h, r)| h == hash && equal(r)) {
            return Some(there);
        }
        self.table.insert_unique(hash, (hash, row), |&(h, _)| h);
        None
    }

    /// Finds a row by its exact key.
    #[inline]
    pub fn exact(&self, hash: u64, equal: impl Fn(u32) -> bool) -> Option<u32> {
        self.table.find(hash, |&(h, r)| h == hash && equal(r)).map(|&(_, row)| row)
    }

    /// A row whose key has this hash; whether the key is equal is still to be seen. Asked for many keys in a row, none
    /// waits for memory that another asked for.
    #[inline]
    pub fn candidate(&self, hash: u64) -> Option<u32> {
        self.exact(hash, |_| true)
    }

    /// Finds a row by a key that is spelled otherwise in case or trailing space; `key_of` gives the key of any row.
    #[cold]
    pub fn folded<'k>(&self, id: i64, texts: &[&str], key_of: impl Fn(u32) -> (i64, Vec<&'k str>)) -> Found {
        let folded = self.folded.get_or_init(|| {
            let mut map: FxHashMap<String, Option<u32>> = FxHashMap::default();
            for &(_, row) in &self.table {
                let (id, texts) = key_of(row);
                map.entry(fold_key(id, &texts)).and_modify(|r| *r = None).or_insert(Some(row));
            }
            map
        });
        match folded.get(&fold_key(id, texts)) {
            Some(Some(row)) => Found::Folded(*row),
            _ => Found::Nothing,
        }
    }

    /// Finds a row by its key; `key_of` gives the key of any row, for the folded comparison.
    pub fn find<'k>(
        &self,
        id: i64,
        texts: &[&str],
        equal: impl Fn(u32) -> bool,
        key_of: impl Fn(u32) -> (i64, Vec<&'k str>),
    ) -> Found {
        if let Some(row) = self.exact(hash_key(id, texts), equal) {
            return Found::Exact(row);
        }
        self.folded(id, texts, key_of)
    }
}

/// Keys of an organization and three texts, each as one run of bytes: two keys are equal if and only if their bytes
/// are. Found among millions, a key must not cost a look at four columns.
#[derive(Debug, Default)]
pub struct PackedKeys {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl PackedKeys {
    /// Appends the key of the next row.
    #[inline]
    pub fn push(&mut self, id: i64, texts: [&[u8]; 3]) {
        self.push_streams(id, texts.map(|text| (text, text.len())));
    }

    /// The same for texts that stand in front of others, with their lengths.
    #[inline]
    pub fn push_streams(&mut self, id: i64, texts: [(&[u8], usize); 3]) {
        let bytes = &mut self.bytes;
        let mut head = [0; 16];
        // The lengths tell where one text ends and the next begins; that of the last follows from the whole.
        head[..8].copy_from_slice(&id.to_le_bytes());
        head[8..12].copy_from_slice(&(texts[0].1 as u32).to_le_bytes());
        head[12..].copy_from_slice(&(texts[1].1 as u32).to_le_bytes());
        bytes.extend_from_slice(&head);
        for (stream, length) in texts {
            append(bytes, stream, length);
        }
        self.ends.push(bytes.len());
    }

    /// Appends a row without a key; it equals no key.
    pub fn push_none(&mut self) {
        self.ends.push(self.bytes.len());
    }

    /// Takes the last row back.
    pub fn pop(&mut self) {
        self.ends.pop();
        self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
    }

    /// Forgets all rows and keeps the room.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// The bytes of the key of a row.
    #[inline]
    pub fn get(&self, row: u32) -> &[u8] {
        let row = row as usize;
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.bytes[start..self.ends[row]]
    }

    /// Hash of the key of a row, for [`KeyIndex`].
    #[inline]
    pub fn hash(&self, row: u32) -> u64 {
        let mut hasher = FxHasher::default();
        hasher.write(self.get(row));
        // Finished twice, as above.
        let mut mixed = FxHasher::default();
        mixed.write_u64(hasher.finish());
        mixed.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_is_forgiven_only_when_unambiguous() {
        let rows = [(1, "Fall"), (1, "Spring"), (1, "S1"), (1, "s1"), (2, "Fall")];
        let mut index = KeyIndex::with_capacity(0);
        for (n, (id, name)) in rows.iter().enumerate() {
            assert_eq!(
                index.insert(hash_key(*id, &[name]), n as u32, |r| rows[r as usize] == (*id, name)),
                None
            );
        }
        let find = |id: i64, name: &str| {
            index.find(
                id,
                &[name],
                |r| rows[r as usize] == (id, name),
                |r| (rows[r as usize].0, vec![rows[r as usize].1]),
            )
        };
        assert_eq!(find(1, "Fall"), Found::Exact(0));
        assert_eq!(find(1, "FALL "), Found::Folded(0));
        assert_eq!(find(1, "s1"), Found::Exact(3));
        assert_eq!(find(1, "S1 "), Found::Nothing);
        assert_eq!(find(3, "Fall"), Found::Nothing);
    }

    #[test]
    fn packed_keys_are_equal_only_if_their_parts_are() {
        let keys = [
            (1, ["a", "b", "c"]),
            (1, ["ab", "", "c"]),
            (1, ["", "ab", "c"]),
            (1, ["a", "bc", ""]),
            (1, ["", "", "abc"]),
            (2, ["a", "b", "c"]),
            (1, ["", "", ""]),
        ];
        let mut packed = PackedKeys::default();
        for (id, texts) in keys {
            packed.push(id, texts.map(str::as_bytes));
        }
        packed.push_none();
        for (n, (id, texts)) in keys.into_iter().enumerate() {
            packed.push(id, texts.map(str::as_bytes));
            for other in 0..=keys.len() {
                assert_eq!(packed.get(other as u32) == packed.get(8), n == other);
                assert!(n != other || packed.hash(other as u32) == packed.hash(8));
            }
            packed.pop();
        }
        assert_eq!(packed.get(7), b"");
    }
}
