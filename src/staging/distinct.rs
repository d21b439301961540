//! Values that many rows have in common: what an organization says of a student, where an e-mail address comes from.
//!
//! In: values as rows bring them. Out: a number of four bytes for each, and the list of the different ones. Numbers are
//! dealt out as values come: nothing may be sorted by them, only by what they stand for.

use std::hash::Hash;

use rustc_hash::FxHashMap;

/// Different values, numbered as they come.
#[derive(Debug)]
pub(super) struct Distinct<T> {
    values: Vec<T>,
    numbers: FxHashMap<T, u32>,
    /// Rows that stand together often have the same value.
    last: Option<(T, u32)>,
}

impl<T> Default for Distinct<T> {
    fn default() -> Distinct<T> {
        Distinct { values: Vec::new(), numbers: FxHashMap::default(), last: None }
    }
}

impl<T: Copy + Eq + Hash> Distinct<T> {
    /// The number of a value.
    pub fn number(&mut self, value: T) -> u32 {
        if let Some((last, number)) = self.last
            && last == value
        {
            return number;
        }
        let number = *self.numbers.entry(value).or_insert_with(|| {
            self.values.push(value);
            // There are fewer values than rows, and rows are counted in 32 bits.
            (self.values.len() - 1) as u32
        });
        self.last = Some((value, number));
        number
    }

    /// The values by number.
    pub fn into_values(self) -> Vec<T> {
        self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_one_number() {
        let mut distinct = Distinct::default();
        let numbers = [(7, true), (7, false), (7, true)].map(|value| distinct.number(value));
        assert_eq!(numbers, [0, 1, 0]);
        assert_eq!(distinct.into_values(), [(7, true), (7, false)]);
    }
}
