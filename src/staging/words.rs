//! Texts that many rows share: letter grades, remarks, cities of birth.
//!
//! In: texts as the parts of a table give them, in any order. Out: a [`WordList`], and words of four bytes that are
//! numbered in the order of the texts, so that neither parts nor threads show in what is sorted by them.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

/// A text that many rows share, as its number in a [`WordList`]. 0 is blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Word(u32);

/// Distinct texts in their order, the blank one first.
#[derive(Debug, Default)]
pub struct WordList(Vec<String>);

impl WordList {
    /// All texts of some parts.
    pub(super) fn of<'w>(parts: impl IntoIterator<Item = &'w Words>) -> WordList {
        let texts = parts.into_iter().flat_map(|part| &part.list).map(String::as_str);
        let distinct: BTreeSet<&str> = std::iter::once("").chain(texts).collect();
        WordList(distinct.into_iter().map(str::to_owned).collect())
    }

    /// The text behind a word, as stored.
    #[inline]
    pub fn get(&self, word: Word) -> &str {
        self.0.get(word.0 as usize).map_or("", String::as_str)
    }
}

/// A column of texts that many rows share.
#[derive(Debug, Default)]
pub struct WordColumn {
    words: Vec<Word>,
    list: WordList,
}

impl WordColumn {
    /// The text of a row, as stored.
    #[inline]
    pub fn get(&self, row: usize) -> &str {
        self.words.get(row).map_or("", |&word| self.list.get(word))
    }

    /// A column of words that texts were given.
    pub(super) fn new(words: Vec<Word>, of: &Words) -> WordColumn {
        let list = WordList::of([of]);
        let ranks = of.ranks(&list);
        WordColumn { words: words.into_iter().map(|word| ranks.of(word)).collect(), list }
    }
}

/// Distinct texts of one part, numbered as they come; number 0 is blank.
#[derive(Debug)]
pub(super) struct Words {
    list: Vec<String>,
    numbers: FxHashMap<String, u32>,
    /// Rows that stand together often have the same text.
    last: Word,
}

impl Default for Words {
    fn default() -> Words {
        Words { list: vec![String::new()], numbers: FxHashMap::default(), last: Word::default() }
    }
}

impl Words {
    /// The text behind a word of this part.
    pub fn get(&self, word: Word) -> &str {
        self.list.get(word.0 as usize).map_or("", String::as_str)
    }

    /// The word of a text; one of spaces alone is blank.
    pub fn intern(&mut self, text: &str) -> Word {
        if text.trim().is_empty() { Word(0) } else { self.exact(text) }
    }

    /// The same for texts that are parts of keys: one of spaces alone is not blank.
    pub fn exact(&mut self, text: &str) -> Word {
        self.among(text, usize::MAX).unwrap_or_default()
    }

    /// The same, unless it is new and there are so many already, the blank one counted.
    pub fn among(&mut self, text: &str, most: usize) -> Option<Word> {
        if text.is_empty() {
            return Some(Word(0));
        }
        if self.get(self.last) != text {
            self.last = match self.numbers.get(text) {
                Some(&number) => Word(number),
                None if self.list.len() >= most => return None,
                None => {
                    let number = self.list.len() as u32;
                    self.list.push(text.to_owned());
                    self.numbers.insert(text.to_owned(), number);
                    Word(number)
                }
            };
        }
        Some(self.last)
    }

    /// What numbers of this part become in a list that has all its texts.
    pub fn ranks(&self, list: &WordList) -> Ranks {
        let rank = |text: &String| Word(list.0.partition_point(|word| word < text) as u32);
        Ranks(self.list.iter().map(rank).collect())
    }
}

/// The words of a list by the numbers of one part.
pub(super) struct Ranks(Vec<Word>);

impl Ranks {
    /// The word of the list.
    #[inline]
    pub fn of(&self, word: Word) -> Word {
        self.0.get(word.0 as usize).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
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
        let list = WordList::of([&one, &two]);
        assert_eq!((list.get(Word(0)), list.get(Word(3)), list.get(Word(4))), ("", "C", ""));
        assert_eq!(one.ranks(&list).0, [Word(0), Word(2), Word(1)]);
        assert_eq!(two.ranks(&list).of(Word(2)), Word(3));
    }
}
