//! Lists of row numbers per row, all in one buffer.
//!
//! In: the rows in order, each with its list. Out: the list of any row. Four bytes a row and four an item.

/// Lists of row numbers, one per row.
#[derive(Debug, Default, Clone)]
pub struct Lists {
    ends: Vec<u32>,
    items: Vec<u32>,
}

impl Lists {
    /// Appends the list of the next row.
    pub fn push(&mut self, list: impl IntoIterator<Item = u32>) {
        self.items.extend(list);
        self.ends.push(self.items.len() as u32);
    }

    /// Gives back the room of rows that did not come.
    pub fn shrink_to_fit(&mut self) {
        self.ends.shrink_to_fit();
        self.items.shrink_to_fit();
    }

    /// The list of a row; rows beyond the last have none.
    #[inline]
    pub fn of(&self, row: usize) -> &[u32] {
        &self.items[self.range(row)]
    }

    /// Where the list of a row stands among the items of all lists.
    #[inline]
    pub fn range(&self, row: usize) -> std::ops::Range<usize> {
        let Some(&end) = self.ends.get(row) else { return 0..0 };
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        start as usize..end as usize
    }

    /// Builds lists from (row, item) pairs sorted by row.
    pub fn from_sorted(rows: usize, pairs: &[(u32, u32)]) -> Lists {
        if pairs.is_empty() {
            return Lists::default();
        }
        let mut lists = Lists { ends: Vec::with_capacity(rows), items: Vec::with_capacity(pairs.len()) };
        let mut pairs = pairs.iter().peekable();
        for row in 0..rows as u32 {
            while let Some(&&(_, item)) = pairs.peek().filter(|pair| pair.0 == row) {
                lists.items.push(item);
                pairs.next();
            }
            lists.ends.push(lists.items.len() as u32);
        }
        lists
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_keep_their_rows() {
        let mut lists = Lists::default();
        lists.push([3, 1]);
        lists.push([]);
        lists.push([7]);
        assert_eq!(
            (lists.of(0), lists.of(1), lists.of(2), lists.of(3)),
            (&[3, 1][..], &[][..], &[7][..], &[][..])
        );
        let same = Lists::from_sorted(3, &[(0, 3), (0, 1), (2, 7)]);
        assert_eq!((same.of(0), same.of(1), same.of(2)), (lists.of(0), lists.of(1), lists.of(2)));
    }
}
