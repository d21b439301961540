//! Chance that never changes: one stream of numbers for each part of the district family.
//!
//! In: the plan's seed and the part's number. Out: numbers below a bound, picks and percentages. Everything is
//! integer arithmetic on ChaCha8 words that is written out here, so that no release of a library can change
//! the bytes; the parts are independent of each other and may be drawn in any order or in parallel.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of chances.
pub(super) struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream of one part.
    pub(super) fn new(seed: u64, part: u64) -> Chance {
        let mut bytes = [0u8; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut words = ChaCha8Rng::from_seed(bytes);
        words.set_stream(part);
        Chance(words)
    }

    /// A number below `bound`, or 0 when that is 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        ((u64::from(self.0.next_u32()) * bound as u64) >> 32) as usize
    }

    /// True in so many of a thousand cases.
    pub(super) fn permille(&mut self, of_thousand: usize) -> bool {
        self.below(1000) < of_thousand
    }

    /// One of the items. The slice must not be empty.
    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}
