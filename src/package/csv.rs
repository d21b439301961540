//! Rows as CSV bytes.
//!
//! In: cells, one call each, and the end of each row. Out: RFC 4180 text: UTF-8 without a byte order mark, commas,
//! CRLF and quotes only where a cell holds a comma, a quote, CR or LF, unless [`CsvForm`] says otherwise. A block knows how many cells a row must have and
//! remembers the first row that differs as a fault; it cleans no text and knows no column by name.

use super::fill::BlockFill;
use crate::day::Day;

/// What RFC 4180 leaves to the writer, and readers quarrel about. The default is what most take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CsvForm {
    /// Whether rows end with LF alone and not with CRLF.
    pub line_feed: bool,
    /// Whether every filled cell stands in quotes, and not only those that need them.
    pub quote_all: bool,
}

impl CsvForm {
    /// What ends a row.
    pub(super) const fn line_end(self) -> &'static [u8] {
        if self.line_feed { b"\n" } else { b"\r\n" }
    }
}

/// Some rows of one file, formatted.
#[derive(Debug)]
pub struct CsvBlock {
    bytes: Vec<u8>,
    form: CsvForm,
    columns: usize,
    cells: usize,
    rows: u64,
    list: Vec<u8>,
    /// What ends every row behind the cells of the file; written as it stands.
    tail: Vec<u8>,
    fault: Option<String>,
    /// Counts blank cells, where somebody wants to know.
    fill: Option<Box<BlockFill>>,
}

/// Whether RFC 4180 demands quotes. Looks at every byte: without an early end the compiler compares many at once,
/// and hardly any cell has what would end it.
fn needs_quotes(cell: &[u8]) -> bool {
    cell.iter().fold(false, |found, byte| found | matches!(byte, b',' | b'"' | b'\r' | b'\n'))
}

impl CsvBlock {
    /// An empty block of rows with this many cells.
    pub fn new(columns: usize) -> CsvBlock {
        CsvBlock {
            bytes: Vec::new(),
            form: CsvForm::default(),
            columns,
            cells: 0,
            rows: 0,
            list: Vec::new(),
            tail: Vec::new(),
            fault: None,
            fill: None,
        }
    }

    /// An empty block of rows with this many cells, in another form.
    pub fn in_form(columns: usize, form: CsvForm) -> CsvBlock {
        CsvBlock { form, ..CsvBlock::new(columns) }
    }

    /// An empty block of rows with this many cells, and one more that is the same on every row.
    pub(super) fn with_last(columns: usize, last: &str) -> CsvBlock {
        let mut cell = CsvBlock::new(1);
        cell.text(last);
        CsvBlock { tail: [b",", cell.bytes()].concat(), ..CsvBlock::new(columns) }
    }

    /// Room for this many bytes, so that a block of usual size is not copied while it grows.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.bytes.reserve(bytes);
    }

    /// Counts the blank cells of the rows that follow.
    pub(super) fn count_fill(&mut self) {
        self.fill = Some(Box::new(BlockFill::new(self.columns)));
    }

    /// What was counted, if anything was.
    pub(super) fn fill(&self) -> Option<&BlockFill> {
        self.fill.as_deref()
    }

    /// The row that is being written belongs to this group, for whoever counts by group: a school. May be said several
    /// times, of several groups, at any place in the row.
    pub fn belongs_to(&mut self, group: u32) {
        if let Some(fill) = &mut self.fill {
            fill.belongs_to(group);
        }
    }

    /// The cell that was begun last stays blank.
    fn stays_blank(&mut self) {
        if let Some(fill) = &mut self.fill {
            fill.blank(self.cells.saturating_sub(1));
        }
    }

    fn begin_cell(&mut self) {
        if self.cells > 0 {
            self.bytes.push(b',');
        }
        self.cells += 1;
    }

    fn cell(&mut self, cell: &[u8]) {
        self.begin_cell();
        if cell.is_empty() {
            self.stays_blank();
            return;
        }
        if !needs_quotes(cell) {
            return self.plain(|bytes| bytes.extend_from_slice(cell));
        }
        self.bytes.push(b'"');
        for part in cell.split_inclusive(|byte| *byte == b'"') {
            self.bytes.extend_from_slice(part);
            if part.ends_with(b"\"") {
                self.bytes.push(b'"');
            }
        }
        self.bytes.push(b'"');
    }

    /// Text that needs no quotes, filled: in quotes all the same where every cell is.
    fn plain(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.form.quote_all {
            self.bytes.push(b'"');
            write(&mut self.bytes);
            self.bytes.push(b'"');
        } else {
            write(&mut self.bytes);
        }
    }

    /// Free text.
    pub fn text(&mut self, text: &str) {
        self.cell(text.as_bytes());
    }

    /// A word that the caller knows to hold no comma, quote or line break: an enumeration, a number.
    pub fn known(&mut self, word: &str) {
        if cfg!(debug_assertions) && needs_quotes(word.as_bytes()) {
            self.fail("a cell that was vouched for needs quotes");
        }
        self.begin_cell();
        match word.is_empty() {
            true => self.stays_blank(),
            false => self.plain(|bytes| bytes.extend_from_slice(word.as_bytes())),
        }
    }

    /// A sourcedId as 32 lower-case hex digits.
    pub fn id(&mut self, id: &[u8; 16]) {
        self.begin_cell();
        self.plain(|bytes| push_hex(bytes, id));
    }

    /// Several sourcedIds in one cell, in the given order; none leaves the cell blank.
    pub fn ids(&mut self, ids: impl Iterator<Item = [u8; 16]>) {
        self.begin_cell();
        let start = self.bytes.len();
        let mut count = 0usize;
        for id in ids {
            if count == 1 {
                self.bytes.insert(start, b'"');
            }
            if count > 0 {
                self.bytes.push(b',');
            }
            push_hex(&mut self.bytes, &id);
            count += 1;
        }
        if count == 1 && self.form.quote_all {
            self.bytes.insert(start, b'"');
        }
        if count > 1 || (count == 1 && self.form.quote_all) {
            self.bytes.push(b'"');
        }
        if count == 0 {
            self.stays_blank();
        }
    }

    /// A date, `YYYY-MM-DD`.
    pub fn date(&mut self, day: Day) {
        self.begin_cell();
        self.plain(|bytes| bytes.extend_from_slice(&day.iso()));
    }

    /// A whole number.
    pub fn number(&mut self, number: i64) {
        self.known(&number.to_string());
    }

    /// `true` or `false`.
    pub fn flag(&mut self, flag: bool) {
        self.known(if flag { "true" } else { "false" });
    }

    /// A blank cell.
    pub fn blank(&mut self) {
        self.begin_cell();
        self.stays_blank();
    }

    /// Several texts in one cell, joined by commas; none leaves the cell blank. An item that is blank or holds a
    /// comma would read back as another list (OneRoster CSV, "List of"): it is a fault of the row.
    pub fn list<'a>(&mut self, items: impl Iterator<Item = &'a str>) {
        let mut list = std::mem::take(&mut self.list);
        list.clear();
        for (n, item) in items.enumerate() {
            if item.is_empty() || item.contains(',') {
                self.fail("a list item is blank or holds a comma");
            }
            if n > 0 {
                list.push(b',');
            }
            list.extend_from_slice(item.as_bytes());
        }
        self.cell(&list);
        self.list = list;
    }

    /// Ends the row. A row with too few or too many cells is a fault of the block.
    pub fn end_row(&mut self) {
        if self.cells != self.columns {
            self.fail(&format!("{} cells instead of {}", self.cells, self.columns));
        }
        self.bytes.extend_from_slice(&self.tail);
        self.bytes.extend_from_slice(self.form.line_end());
        self.cells = 0;
        self.rows += 1;
        if let Some(fill) = &mut self.fill {
            fill.end_row();
        }
    }

    /// Rows ended so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The block without its text, once that is compressed: what was counted stays.
    pub(super) fn emptied(self) -> CsvBlock {
        CsvBlock { bytes: Vec::new(), ..self }
    }

    /// The formatted rows.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What is wrong with the first row that is wrong. Such a block is never written.
    pub fn fault(&self) -> Option<String> {
        let unended = || format!("row {} of the block was not ended", self.rows + 1);
        self.fault.clone().or_else(|| (self.cells > 0).then(unended))
    }

    fn fail(&mut self, reason: &str) {
        if self.fault.is_none() {
            self.fault = Some(format!("row {} of the block: {reason}", self.rows + 1));
        }
    }
}

/// Appends the 32 lower-case hex digits of an id.
fn push_hex(bytes: &mut Vec<u8>, id: &[u8; 16]) {
    // Arithmetic instead of a table: the compiler does all digits of an id at once.
    let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
    let pairs = id.map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    bytes.extend_from_slice(pairs.as_flattened());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(columns: usize, cells: impl FnOnce(&mut CsvBlock)) -> String {
        let mut block = CsvBlock::new(columns);
        cells(&mut block);
        block.end_row();
        assert_eq!(block.fault(), None);
        String::from_utf8(block.bytes().to_vec()).unwrap()
    }

    #[test]
    fn quotes_stand_only_where_they_must() {
        let text = row(7, |b| {
            for cell in ["O'Brien", "a,b", "say \"hi\"", "\"", " lead ", "two\r\nlines", ""] {
                b.text(cell);
            }
        });
        assert_eq!(text, "O'Brien,\"a,b\",\"say \"\"hi\"\"\",\"\"\"\", lead ,\"two\r\nlines\",\r\n");
    }

    #[test]
    fn every_kind_of_cell_has_its_spelling() {
        let a = [0x00, 0xff, 0x1a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0f];
        let hex = "00ff1a0000000000000000000000000f";
        let text = row(11, |b| {
            b.id(&a);
            b.ids([].into_iter());
            b.ids([a].into_iter());
            b.ids([a, a, a].into_iter());
            b.date(Day::at(0));
            b.number(i64::MIN);
            b.flag(true);
            b.blank();
            b.list([].into_iter());
            b.list(["1st \"A\""].into_iter());
            b.list(["KG", "01"].into_iter());
        });
        let expected = format!(
            "{hex},,{hex},\"{hex},{hex},{hex}\",2000-01-01,-9223372036854775808,true,,,\"1st \"\"A\"\"\",\"KG,01\"\r\n"
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn another_form_changes_quotes_and_ends_and_nothing_else() {
        let a = [0x11; 16];
        let hex = "1".repeat(32);
        let mut block = CsvBlock::in_form(12, CsvForm { line_feed: true, quote_all: true });
        block.id(&a);
        block.ids([].into_iter());
        block.ids([a].into_iter());
        block.ids([a, a].into_iter());
        block.date(Day::at(0));
        block.number(7);
        block.flag(false);
        block.blank();
        block.known("");
        block.text("");
        block.text("a \"b\"");
        block.list(["KG", "01"].into_iter());
        block.end_row();
        assert_eq!(block.fault(), None);
        let expected = format!(
            "\"{hex}\",,\"{hex}\",\"{hex},{hex}\",\"2000-01-01\",\"7\",\"false\",,,,\"a \"\"b\"\"\",\"KG,01\"\n"
        );
        assert_eq!(String::from_utf8(block.bytes().to_vec()).unwrap(), expected);
    }

    #[test]
    fn a_last_cell_is_quoted_like_all_others_and_not_counted() {
        let mut block = CsvBlock::with_last(2, "a,b");
        for cell in ["1", "2"] {
            block.text(cell);
            block.blank();
            block.end_row();
        }
        assert_eq!(block.bytes(), b"1,,\"a,b\"\r\n2,,\"a,b\"\r\n");
        assert_eq!((block.rows(), block.fault()), (2, None));
        block.end_row();
        assert!(block.fault().is_some());
    }

    #[test]
    fn a_row_of_another_width_is_a_fault() {
        let mut block = CsvBlock::new(2);
        block.blank();
        block.blank();
        block.end_row();
        assert_eq!((block.rows(), block.fault()), (1, None));
        block.blank();
        assert_eq!(block.fault().unwrap(), "row 2 of the block was not ended");
        block.end_row();
        block.end_row();
        assert_eq!(block.fault().unwrap(), "row 2 of the block: 1 cells instead of 2");
    }

    #[test]
    fn list_items_that_would_read_back_differently_are_a_fault() {
        for items in [&["a,b"][..], &["a", ""], &[""]] {
            let mut block = CsvBlock::new(1);
            block.list(items.iter().copied());
            assert!(block.fault().unwrap().contains("list item"), "{items:?}");
        }
    }

    #[test]
    #[cfg(debug_assertions)]
    fn vouching_falsely_is_a_fault() {
        let mut block = CsvBlock::new(1);
        block.known("a,b");
        assert!(block.fault().unwrap().contains("vouched"));
    }
}
