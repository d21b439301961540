//! Putting rows in order by what is cheap to compare.
//!
//! In: rows, a key of a few integers, and a comparison of all that a row holds. Out: the rows, sorted by the key and
//! those that have it in common by the comparison. Nearly every row of a large table differs from all others in the
//! person or in the first bytes of a text: what is dear, texts all over memory above all, is then compared for few.

use std::cmp::Ordering;

/// Sorts by `key`, and rows whose keys are equal by `then`. Rows that are equal in both must be the same: their order
/// is not kept.
pub(super) fn sort_by<T, K: Ord>(rows: &mut [T], key: impl Fn(&T) -> K, then: impl Fn(&T, &T) -> Ordering) {
    rows.sort_unstable_by_key(&key);
    for same in rows.chunk_by_mut(|x, y| key(x) == key(y)) {
        if same.len() > 1 {
            same.sort_unstable_by(&then);
        }
    }
}

/// The first bytes of a text as a number. Where these numbers of two texts differ, they are ordered like the texts.
pub(super) fn prefix(text: &str) -> u64 {
    let mut first = [0; 8];
    let length = text.len().min(first.len());
    first[..length].copy_from_slice(&text.as_bytes()[..length]);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_out_as_by_one_comparison_of_everything() {
        let texts = ["", "a", "a\0", "ab", "abcdefgh", "abcdefgha", "abcdefgi", "é", "éa", "z", "\u{10ffff}"];
        let mut rows: Vec<(u32, &str)> =
            (0..500u32).map(|n| (n * 7 % 11 / 4, texts[(n * 13 % 17) as usize % texts.len()])).collect();
        let mut expected = rows.clone();
        expected.sort_unstable();
        sort_by(&mut rows, |row| (row.0, prefix(row.1)), |x, y| x.1.cmp(y.1));
        assert_eq!(rows, expected);
    }
}
