//! Typed column batches: the only form in which rows leave a source.
//!
//! In: a decoder pushes one value per column and row. Out: read access by column index and row. Blank and
//! null are one thing here (mapping.md 0.5: blank means absent), so no bitmaps are kept: each type has a
//! sentinel. A batch is cleared and refilled; it owns its buffers so that a steady state allocates nothing.

use crate::day::Day;
use crate::edfi::catalog::Kind;

/// Rows per batch that sources aim for.
pub const BATCH_ROWS: usize = 8192;

/// Texts of so many bytes are short: nearly all parts of keys are.
const SHORT: usize = 32;
const NO_INT: i64 = i64::MIN;
const NO_DAY: i32 = i32::MIN;

/// One column of a batch.
#[derive(Debug, Clone)]
pub enum Column {
    /// Integers, `i64::MIN` for absent.
    Int(Vec<i64>),
    /// Text: all bytes in one buffer, and the end offset of each row.
    Text {
        /// The rows' texts, one behind the other.
        bytes: String,
        /// The same, as long as nobody has looked whether they are UTF-8 ([`Batch::prove_texts`]).
        unproven: Vec<u8>,
        /// End of each row's text in `bytes`.
        ends: Vec<u32>,
    },
    /// Day numbers since 2000-01-01, `i32::MIN` for absent.
    Date(Vec<i32>),
    /// 0 false, 1 true, 2 absent.
    Bool(Vec<u8>),
    /// The source has no such column: every row is absent.
    Missing,
}

impl Column {
    /// An empty column of a kind.
    pub fn new(kind: Kind) -> Column {
        match kind {
            Kind::Int => Column::Int(Vec::with_capacity(BATCH_ROWS)),
            Kind::Text => Column::Text {
                bytes: String::with_capacity(BATCH_ROWS * 16),
                unproven: Vec::new(),
                ends: Vec::with_capacity(BATCH_ROWS),
            },
            Kind::Date => Column::Date(Vec::with_capacity(BATCH_ROWS)),
            Kind::Bool => Column::Bool(Vec::with_capacity(BATCH_ROWS)),
        }
    }

    fn clear(&mut self) {
        match self {
            Column::Int(v) => v.clear(),
            Column::Text { bytes, unproven, ends } => {
                bytes.clear();
                unproven.clear();
                ends.clear();
            }
            Column::Date(v) => v.clear(),
            Column::Bool(v) => v.clear(),
            Column::Missing => {}
        }
    }

    /// Appends an integer (or absence). Does nothing on a column of another kind.
    #[inline]
    pub fn push_int(&mut self, value: Option<i64>) {
        if let Column::Int(v) = self {
            v.push(value.unwrap_or(NO_INT));
        }
    }

    /// Appends a text; blank is absence. Does nothing on a column of another kind.
    pub fn push_text(&mut self, value: &str) {
        if let Column::Text { bytes, ends, .. } = self {
            bytes.push_str(value);
            ends.push(bytes.len() as u32);
        }
    }

    /// Appends a text that is UTF-8 only if [`Batch::prove_texts`] says so: to look at a whole column at once costs a
    /// tenth of looking at each value. A column takes either these or [`Column::push_text`]. Does nothing on a column
    /// of another kind.
    #[inline]
    pub fn push_unproven(&mut self, value: &[u8]) {
        self.extend_unproven(std::iter::once((value, value.len())));
    }

    /// Appends a day (or absence). Does nothing on a column of another kind.
    #[inline]
    pub fn push_date(&mut self, value: Option<Day>) {
        if let Column::Date(v) = self {
            v.push(value.map_or(NO_DAY, |d| d.number()));
        }
    }

    /// Appends a truth value (or absence). Does nothing on a column of another kind.
    #[inline]
    pub fn push_bool(&mut self, value: Option<bool>) {
        if let Column::Bool(v) = self {
            v.push(value.map_or(2, u8::from));
        }
    }

    /// [`Column::push_int`] for many rows.
    #[inline]
    pub fn extend_ints(&mut self, values: impl Iterator<Item = Option<i64>>) {
        if let Column::Int(v) = self {
            v.extend(values.map(|value| value.unwrap_or(NO_INT)));
        }
    }

    /// [`Column::push_unproven`] for many rows: each is the first bytes of a stream, as many as stand beside it.
    #[inline]
    pub fn extend_unproven<'s>(&mut self, values: impl Iterator<Item = (&'s [u8], usize)>) {
        if let Column::Text { unproven, ends, .. } = self {
            for (stream, length) in values {
                append(unproven, stream, length);
                ends.push(unproven.len() as u32);
            }
        }
    }

    /// [`Column::push_date`] for many rows.
    #[inline]
    pub fn extend_dates(&mut self, values: impl Iterator<Item = Option<Day>>) {
        if let Column::Date(v) = self {
            v.extend(values.map(|value| value.map_or(NO_DAY, |d| d.number())));
        }
    }

    /// [`Column::push_bool`] for many rows.
    #[inline]
    pub fn extend_bools(&mut self, values: impl Iterator<Item = Option<bool>>) {
        if let Column::Bool(v) = self {
            v.extend(values.map(|value| value.map_or(2, u8::from)));
        }
    }

    /// Appends absence, whatever the kind.
    #[inline]
    pub fn push_absent(&mut self) {
        match self {
            Column::Int(v) => v.push(NO_INT),
            Column::Text { bytes, unproven, ends } => ends.push((bytes.len() + unproven.len()) as u32),
            Column::Date(v) => v.push(NO_DAY),
            Column::Bool(v) => v.push(2),
            Column::Missing => {}
        }
    }
}

/// Appends the first `length` bytes of a stream, or all if it has no more.
#[inline]
pub fn append(bytes: &mut Vec<u8>, stream: &[u8], length: usize) {
    match stream.first_chunk::<SHORT>() {
        // A block of known size is copied without a call, which would cost more than a short text: what does not
        // belong to it is forgotten again.
        Some(block) if length <= SHORT => {
            let end = bytes.len() + length;
            bytes.extend_from_slice(block);
            bytes.truncate(end);
        }
        _ => bytes.extend_from_slice(stream.get(..length).unwrap_or(stream)),
    }
}

/// Some rows of a table, column by column.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Columns in the order of the request.
    pub columns: Vec<Column>,
    rows: usize,
}

/// The texts of one column of a batch, as UTF-8.
#[derive(Debug, Clone, Copy)]
pub struct Texts<'b> {
    bytes: &'b [u8],
    ends: &'b [u32],
}

impl<'b> Texts<'b> {
    /// The text of a row; empty when it is absent.
    #[inline]
    pub fn get(&self, row: usize) -> &'b [u8] {
        let Some(&end) = self.ends.get(row) else { return &[] };
        let start = if row == 0 { 0 } else { self.ends[row - 1] as usize };
        &self.bytes[start..end as usize]
    }

    /// The text of a row with all that stands behind it in the column, and its length: what [`append`] takes.
    #[inline]
    pub fn stream(&self, row: usize) -> (&'b [u8], usize) {
        let Some(&end) = self.ends.get(row) else { return (&[], 0) };
        let start = if row == 0 { 0 } else { self.ends[row - 1] as usize };
        (&self.bytes[start..], end as usize - start)
    }
}

impl Batch {
    /// An empty batch with these columns.
    pub fn new(columns: Vec<Column>) -> Batch {
        Batch { columns, rows: 0 }
    }

    /// Number of complete rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Declares the row complete: every column has been pushed to once.
    #[inline]
    pub fn end_row(&mut self) {
        self.end_rows(1);
    }

    /// Declares so many rows complete.
    #[inline]
    pub fn end_rows(&mut self, rows: usize) {
        self.rows += rows;
    }

    /// Makes readable what [`Column::push_unproven`] has appended; to be called once, behind the last row.
    ///
    /// # Errors
    /// The column and the row of a text that is not UTF-8 or does not fit; the batch must not be read then.
    pub fn prove_texts(&mut self) -> Result<(), (usize, usize)> {
        for (number, column) in self.columns.iter_mut().enumerate() {
            let Column::Text { bytes, unproven, ends } = column else { continue };
            if unproven.is_empty() {
                continue;
            }
            let row_of = |at: usize| ends.partition_point(|&end| end as usize <= at);
            if unproven.len() > u32::MAX as usize {
                return Err((number, ends.len().saturating_sub(1)));
            }
            // The empty buffer of the proven texts becomes that of the next batch.
            let mut text = String::from_utf8(std::mem::take(unproven))
                .map_err(|error| (number, row_of(error.utf8_error().valid_up_to())))?;
            // The whole may be UTF-8 though a value ends within a character.
            if !text.is_ascii()
                && let Some(row) = ends.iter().position(|&end| !text.is_char_boundary(end as usize))
            {
                return Err((number, row));
            }
            std::mem::swap(bytes, &mut text);
            *unproven = text.into_bytes();
            unproven.clear();
        }
        Ok(())
    }

    /// Empties the batch, keeping its buffers.
    pub fn clear(&mut self) {
        self.columns.iter_mut().for_each(Column::clear);
        self.rows = 0;
    }

    /// Integer at (column, row).
    #[inline]
    pub fn int(&self, column: usize, row: usize) -> Option<i64> {
        match &self.columns[column] {
            Column::Int(v) => (v[row] != NO_INT).then_some(v[row]),
            _ => None,
        }
    }

    /// Text at (column, row), as stored; `""` when absent.
    #[inline]
    pub fn text(&self, column: usize, row: usize) -> &str {
        match &self.columns[column] {
            Column::Text { bytes, ends, .. } => {
                let start = if row == 0 { 0 } else { ends[row - 1] as usize };
                &bytes[start..ends[row] as usize]
            }
            _ => "",
        }
    }

    /// All texts of a column, for loops that run over millions of rows.
    pub fn texts(&self, column: usize) -> Texts<'_> {
        match &self.columns[column] {
            Column::Text { bytes, ends, .. } => Texts { bytes: bytes.as_bytes(), ends },
            _ => Texts { bytes: &[], ends: &[] },
        }
    }

    /// Day at (column, row).
    #[inline]
    pub fn date(&self, column: usize, row: usize) -> Option<Day> {
        match &self.columns[column] {
            Column::Date(v) => (v[row] != NO_DAY).then_some(Day::at(v[row])),
            _ => None,
        }
    }

    /// Truth value at (column, row).
    #[inline]
    pub fn flag(&self, column: usize, row: usize) -> Option<bool> {
        match &self.columns[column] {
            Column::Bool(v) => match v[row] {
                0 => Some(false),
                1 => Some(true),
                _ => None,
            },
            _ => None,
        }
    }
}
