//! Ids of a package as integers.
//!
//! In: cells with the 32 hex digits of a sourcedId. Out: 128 bits, sets of what a package defines, and what is referred to before
//! it is known. An id is an MD5 sum, so a part of its bits is hash enough for a table.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use crate::spec::{File, FileSpec, Version};

/// Hashes a number that is a hash already.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, number: u128) {
        self.0 = number as u64 ^ (number >> 64) as u64;
    }
}

/// A set of ids.
pub(super) type Ids = HashSet<u128, BuildHasherDefault<Hashed>>;

/// The ids that each file defines, of files that others refer to.
#[derive(Debug, Default)]
pub(super) struct Defined(BTreeMap<File, Ids>);

impl Defined {
    /// The ids of a file that has been read.
    pub(super) fn of(&self, file: File) -> Option<&Ids> {
        self.0.get(&file)
    }

    /// Takes over the ids of a file.
    pub(super) fn insert(&mut self, file: File, ids: Ids) {
        self.0.insert(file, ids);
    }
}

/// Distinct references into files that were not read at the time.
#[derive(Debug, Default)]
pub(super) struct Referred(BTreeMap<(File, &'static str, File), Ids>);

impl Referred {
    /// Takes over the references of a block: column, target and id.
    pub(super) fn add(&mut self, from: File, found: Vec<(&'static str, File, u128)>) {
        for (column, to, id) in found {
            self.0.entry((from, column, to)).or_default().insert(id);
        }
    }

    /// The first file, column and target with a reference that leads nowhere.
    pub(super) fn first_dangling(&self, defined: &Defined) -> Option<(File, &'static str, File)> {
        let dangles = |to: File, ids: &Ids| match defined.of(to) {
            Some(there) => !ids.is_subset(there),
            None => !ids.is_empty(),
        };
        self.0.iter().find(|((_, _, to), ids)| dangles(*to, ids)).map(|(found, _)| *found)
    }
}

/// An empty set with room for a file's rows, if any file of any version refers to it.
pub(super) fn room(spec: &FileSpec, rows: u64) -> Option<Ids> {
    let referred_to = Version::ALL
        .iter()
        .flat_map(|version| version.files())
        .any(|other| other.references().any(|(_, to)| to == spec.file));
    let rows = usize::try_from(rows).unwrap_or(0);
    referred_to.then(|| Ids::with_capacity_and_hasher(rows, BuildHasherDefault::default()))
}

/// The id that 32 lower-case hex digits spell.
#[inline]
pub(crate) fn parse(cell: &[u8]) -> Option<u128> {
    let digits: &[u8; 32] = cell.try_into().ok()?;
    let mut wrong = 0u8;
    let mut bytes = [0u8; 16];
    // Without branches the compiler does many digits at once.
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let value = |digit: u8, wrong: &mut u8| {
            let decimal = digit.wrapping_sub(b'0');
            let letter = digit.wrapping_sub(b'a');
            *wrong |= u8::from(decimal > 9) & u8::from(letter > 5);
            if decimal <= 9 { decimal } else { letter.wrapping_add(10) }
        };
        *byte = value(pair[0], &mut wrong) << 4 | value(pair[1], &mut wrong) & 15;
    }
    (wrong == 0).then(|| u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_its_digits_and_nothing_else() {
        let id = 0x0123_4567_89ab_cdef_0000_ffff_1111_eeee_u128;
        let text = format!("{id:032x}");
        assert_eq!(parse(text.as_bytes()), Some(id));
        for place in 0..32 {
            for wrong in *b"/:`gG@\0\xff" {
                let mut digits = text.clone().into_bytes();
                digits[place] = wrong;
                assert_eq!(parse(&digits), None, "{place} {wrong}");
            }
        }
        assert_eq!(parse(b""), None);
        assert_eq!(parse(&text.as_bytes()[1..]), None);
        assert_eq!(parse(format!("{text}0").as_bytes()), None);
    }

    #[test]
    fn what_is_referred_to_must_be_defined() {
        let mut referred = Referred::default();
        referred
            .add(File::Orgs, vec![("parentSourcedId", File::Orgs, 1), ("parentSourcedId", File::Orgs, 2)]);
        let mut defined = Defined::default();
        assert!(referred.first_dangling(&defined).is_some());
        defined.insert(File::Orgs, [1].into_iter().collect());
        assert_eq!(referred.first_dangling(&defined), Some((File::Orgs, "parentSourcedId", File::Orgs)));
        defined.insert(File::Orgs, [1, 2, 3].into_iter().collect());
        assert_eq!(referred.first_dangling(&defined), None);
    }
}
