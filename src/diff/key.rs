//! A sourcedId as a number, to find rows by.
//!
//! In: the text of an id. Out: a [`Key`] of 128 bits: what 32 lower-case hexadecimal digits say, else the beginning of a SHA-256, so
//! that no two texts share one but by an accident that nobody will see. The same in every run.

use std::collections::{HashMap, HashSet};

use rustc_hash::FxBuildHasher;
use sha2::{Digest, Sha256};

use crate::package::digits;

/// A sourcedId in 16 bytes.
pub type Key = u128;
/// Something by id.
pub type KeyMap<V> = HashMap<Key, V, FxBuildHasher>;
/// A set of ids.
pub type KeySet = HashSet<Key, FxBuildHasher>;

/// The key of an id, and whether it says how the id is spelt ([`spelt`]).
#[inline]
pub fn key(id: &str) -> (Key, bool) {
    match digits(id.as_bytes()) {
        Some(number) => (number, true),
        None => {
            let mut front = [0; 16];
            front.copy_from_slice(&Sha256::digest(id.as_bytes())[..16]);
            (u128::from_be_bytes(front), false)
        }
    }
}

/// An id as it is kept to be shown: as far as a valid one may reach, so that long ones do not fill the memory.
pub fn shown(id: &str) -> &str {
    id.get(..id.floor_char_boundary(255)).unwrap_or_default()
}

/// The 32 digits of a key that says how its id is spelt.
pub fn spelt(key: Key) -> String {
    format!("{key:032x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_never_share_a_key() {
        let hex = "00112233445566778899aabbccddeeff";
        assert_eq!(key(hex), (0x0011_2233_4455_6677_8899_aabb_ccdd_eeff, true));
        assert_eq!(spelt(key(hex).0), hex);
        let others =
            [hex.to_uppercase(), format!("{hex}0"), hex[1..].to_owned(), "staff-1".into(), String::new()];
        let mut keys: KeySet = others.iter().map(|id| key(id).0).collect();
        assert!(others.iter().all(|id| !key(id).1));
        keys.insert(key(hex).0);
        assert_eq!(keys.len(), others.len() + 1);
        assert_eq!(shown(&"é".repeat(200)), "é".repeat(127));
        assert_eq!(shown("staff-1"), "staff-1");
    }
}
