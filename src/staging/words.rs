//! Texts that many rows share: letter grades, remarks.
//!
//! In: texts as the parts of a table give them, in any order. Out: numbers in the order of the texts, so that
//! neither parts nor threads show in what is sorted by them.

use rustc_hash::FxHashMap;

/// A text that many rows share: letter grades, remarks. None is blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Word(pub(super) u32);

/// Distinct texts of one part, numbered as they come; number 0 is blank.
pub(super) struct Words {
    pub list: Vec<String>,
    numbers: FxHashMap<String, u32>,
}

impl Default for Words {
    fn default() -> Words {
        Words { list: vec![String::new()], numbers: FxHashMap::default() }
    }
}

impl Words {
    pub fn intern(&mut self, text: &str) -> Word {
        if text.trim().is_empty() {
            return Word(0);
        }
        if let Some(&number) = self.numbers.get(text) {
            return Word(number);
        }
        let number = self.list.len() as u32;
        self.list.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        Word(number)
    }

    /// The word of each number in a sorted list that has all texts.
    pub fn ranks(&self, sorted: &[String]) -> Vec<Word> {
        self.list.iter().map(|text| Word(sorted.partition_point(|word| word < text) as u32)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn words_are_numbered_by_text_whatever_the_part() {
        let (mut one, mut two) = (Words::default(), Words::default());
        assert_eq!(
            (one.intern("B"), one.intern(" "), one.intern("A"), one.intern("B")),
            (Word(1), Word(0), Word(2), Word(1))
        );
        two.intern("A");
        two.intern("C");
        let all: BTreeSet<String> = one.list.iter().chain(&two.list).cloned().collect();
        let sorted: Vec<String> = all.into_iter().collect();
        assert_eq!(one.ranks(&sorted), [Word(0), Word(2), Word(1)]);
        assert_eq!(two.ranks(&sorted), [Word(0), Word(1), Word(3)]);
    }
}
