//! Columns of text in one arena each.
//!
//! In: texts, pushed in any order. Out: `&str` by row. A row costs its bytes and four more; there is no
//! allocation per row, and a sorted copy is made once when rows are put into output order.

use crate::source::SourceError;

/// A column of texts: all bytes in one buffer, and the end of each row.
#[derive(Debug, Default, Clone)]
pub struct TextColumn {
    bytes: String,
    /// None when all rows are blank: many columns are, in most districts.
    ends: Vec<u32>,
    rows: usize,
}

impl TextColumn {
    /// Appends a text.
    ///
    /// # Errors
    /// [`SourceError::Capacity`] when a column would exceed 4 GiB.
    pub fn push(&mut self, text: &str) -> Result<(), SourceError> {
        self.bytes.push_str(text);
        let end = u32::try_from(self.bytes.len()).map_err(|_| {
            SourceError::Capacity(
                "one text column of the source exceeds 4 GiB: export in several runs with --lea".into(),
            )
        })?;
        self.ends.push(end);
        self.rows += 1;
        Ok(())
    }

    /// The text of a row.
    #[inline]
    pub fn get(&self, row: usize) -> &str {
        let Some(&end) = self.ends.get(row) else { return "" };
        let start = if row == 0 { 0 } else { self.ends[row - 1] as usize };
        &self.bytes[start..end as usize]
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The same texts in another order: row `n` of the result is row `order[n]` of this column.
    pub fn reordered(&self, order: &[u32]) -> TextColumn {
        if self.bytes.is_empty() {
            return TextColumn { rows: order.len(), ..TextColumn::default() };
        }
        let mut sorted = TextColumn {
            bytes: String::with_capacity(if order.len() == self.len() { self.bytes.len() } else { 0 }),
            ends: Vec::with_capacity(order.len()),
            rows: order.len(),
        };
        for &row in order {
            sorted.bytes.push_str(self.get(row as usize));
            // Cannot exceed the source column, which fitted.
            sorted.ends.push(sorted.bytes.len() as u32);
        }
        sorted
    }
}

/// The same values in another order: value `n` of the result is value `order[n]`.
pub fn reordered<T: Copy>(values: &[T], order: &[u32]) -> Vec<T> {
    order.iter().map(|&row| values[row as usize]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_in_any_order() {
        let mut column = TextColumn::default();
        for text in ["b", "", "ééé", "a"] {
            column.push(text).unwrap();
        }
        let sorted = column.reordered(&[3, 0, 2, 1]);
        assert_eq!((0..4).map(|n| sorted.get(n)).collect::<Vec<_>>(), ["a", "b", "ééé", ""]);
    }

    #[test]
    fn a_blank_column_keeps_its_rows() {
        let mut column = TextColumn::default();
        column.push("").unwrap();
        column.push("").unwrap();
        let sorted = column.reordered(&[1, 0]);
        assert_eq!((sorted.len(), sorted.get(0), sorted.get(1)), (2, "", ""));
    }
}
