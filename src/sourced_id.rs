//! Identifiers: the only place where a sourcedId is computed (mapping.md section 1).
//!
//! In: the prefix and the components of a natural key. Out: a [`SourcedId`], the MD5 of the joined text.
//! What an object's components are is stated here per kind and scheme; nobody else joins or hashes.

use md5::{Digest, Md5};

/// A sourcedId: the 16 bytes of an MD5, written as 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SourcedId(pub [u8; 16]);

impl SourcedId {
    /// MD5 of a natural key's UTF-8 text.
    pub fn of(natural_key: &str) -> SourcedId {
        SourcedId(Md5::digest(natural_key.as_bytes()).into())
    }

    /// The 32 hex digits.
    pub fn hex(&self) -> [u8; 32] {
        let mut text = [0u8; 32];
        // Cannot fail: the buffer is exactly twice as long.
        let _ = hex::encode_to_slice(self.0, &mut text);
        text
    }
}
