//! CSV records out of a byte stream: blocks, structure, strict RFC 4180.
//!
//! In: a reader. Out: [`Block`]s of valid UTF-8 with the positions of their commas, quotes and line breaks, and
//! a [`Walk`] that finds the records of a block. What breaks the grammar is a [`Flaw`] with its line and column;
//! whoever wants to go on behind it resumes on the next line ([`Blocks::skip_line`]), whoever wants all or nothing
//! stops. Knows no tables, columns or types: extracts and packages are both read with it. The csv crate is not used
//! here on purpose: it does not tell a quoted field from a bare one, it mends what it cannot parse (an open
//! quote at the end of the file, text behind a closing quote), and it skips blank lines: each of them could
//! hide lost rows.

use std::io::{ErrorKind, Read};

/// Bytes read at a time: small enough for the second-level cache, large enough for few system calls.
const BLOCK: usize = 128 * 1024;
/// The longest record. No Ed-Fi row comes near it; a quote that is never closed does, and ends here.
pub const LONGEST: usize = 16 * 1024 * 1024;

/// What keeps a stream from being read as records.
#[derive(Debug)]
pub enum Flaw {
    /// The reader failed.
    Read(std::io::Error),
    /// A byte that is not UTF-8.
    NotUtf8,
    /// A NUL byte.
    Nul,
    /// A quote inside a field that does not begin with one; the field's index.
    StrayQuote(usize),
    /// Text behind a closing quote; the field's index.
    AfterQuote(usize),
    /// The stream ends inside a quoted field; the field's index.
    OpenQuote(usize),
    /// A record beyond [`LONGEST`].
    TooLong,
}

/// A stretch of the stream that begins with a record.
pub struct Block<'b> {
    text: &'b str,
    index: &'b [u32],
    last: bool,
    /// What stands right behind `text`, if it is not text.
    flaw: Option<Flaw>,
}

/// Reads a stream block by block; what a walk did not consume comes again with more bytes behind it.
pub struct Blocks<R> {
    input: R,
    buffer: Vec<u8>,
    filled: usize,
    consumed: usize,
    bytes: u64,
    ended: bool,
    /// Filled by `head`, not yet walked.
    primed: bool,
    index: Vec<u32>,
}

impl<R: Read> Blocks<R> {
    /// Reads from this stream.
    pub fn new(input: R) -> Blocks<R> {
        Blocks {
            input,
            buffer: vec![0; BLOCK],
            filled: 0,
            consumed: 0,
            bytes: 0,
            ended: false,
            primed: false,
            index: Vec::new(),
        }
    }

    /// Bytes received so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The first bytes of the stream, for byte order marks; to be called before the first block.
    ///
    /// # Errors
    /// [`Flaw::Read`] when the reader fails.
    pub fn head(&mut self) -> Result<&[u8], Flaw> {
        self.fill()?;
        self.primed = true;
        Ok(&self.buffer[..self.filled])
    }

    /// Takes bytes off the front: they do not come again.
    pub fn consume(&mut self, bytes: usize) {
        self.consumed = (self.consumed + bytes).min(self.filled);
    }

    fn fill(&mut self) -> Result<(), Flaw> {
        self.buffer.copy_within(self.consumed..self.filled, 0);
        self.filled -= self.consumed;
        self.consumed = 0;
        if self.filled == self.buffer.len() {
            if self.filled >= LONGEST {
                return Err(Flaw::TooLong);
            }
            self.buffer.resize(self.filled * 2, 0);
        }
        while !self.ended && self.filled < self.buffer.len() {
            match self.input.read(&mut self.buffer[self.filled..]) {
                Ok(0) => self.ended = true,
                Ok(n) => {
                    self.filled += n;
                    self.bytes += n as u64;
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(Flaw::Read(e)),
            }
        }
        Ok(())
    }

    /// Goes on behind the next line feed, for those who go on behind a flaw. False when the stream ends before it.
    ///
    /// # Errors
    /// [`Flaw::Read`] when the reader fails.
    pub fn skip_line(&mut self) -> Result<bool, Flaw> {
        loop {
            let rest = self.buffer.get(self.consumed..self.filled).unwrap_or_default();
            if let Some(end) = memchr::memchr(b'\n', rest) {
                self.consume(end + 1);
                // What is buffered must be looked at again, even if nothing new arrives.
                self.primed = false;
                return Ok(true);
            }
            self.consume(rest.len());
            if self.ended {
                return Ok(false);
            }
            self.fill()?;
        }
    }

    /// The next block; the last one says so.
    ///
    /// # Errors
    /// [`Flaw::Read`] when the reader fails, [`Flaw::TooLong`] when a record does not end.
    pub fn next_block(&mut self) -> Result<Block<'_>, Flaw> {
        if !std::mem::take(&mut self.primed) || self.consumed > 0 {
            self.fill()?;
        }
        let bytes = &self.buffer[..self.filled];
        let (mut text, mut flaw) = match std::str::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(e) => {
                // A character that the block's end cuts is no flaw: its record comes again.
                let cut = e.error_len().is_none() && !self.ended;
                let valid = std::str::from_utf8(&bytes[..e.valid_up_to()]).unwrap_or_default();
                (valid, (!cut).then_some(Flaw::NotUtf8))
            }
        };
        if let Some(nul) = memchr::memchr(0, text.as_bytes()) {
            text = text.get(..nul).unwrap_or_default();
            flaw = Some(Flaw::Nul);
        }
        index_structure(text.as_bytes(), &mut self.index);
        Ok(Block { text, index: &self.index, last: self.ended && flaw.is_none(), flaw })
    }
}

/// Writes the positions of all commas, quotes and line feeds to `index`: eight bytes at a time, each
/// comparison exact (the 0x80 of a byte is set if and only if the byte matches).
fn index_structure(bytes: &[u8], index: &mut Vec<u32>) {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const LOW: u64 = ONES * 0x7f;
    /// The 0x80 of each byte that differs from `byte`; the other bits are noise.
    const fn differs(word: u64, byte: u8) -> u64 {
        let x = word ^ (ONES * byte as u64);
        ((x & LOW) + LOW) | x
    }
    index.clear();
    let (words, tail) = bytes.as_chunks::<8>();
    for (n, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let mut hits = !(differs(word, b',') & differs(word, b'\n') & differs(word, b'"')) & !LOW;
        while hits != 0 {
            index.push((n * 8) as u32 + (hits.trailing_zeros() >> 3));
            hits &= hits - 1;
        }
    }
    let base = words.len() * 8;
    let structural = |b: &u8| matches!(b, b',' | b'\n' | b'"');
    index.extend(tail.iter().enumerate().filter(|(_, b)| structural(b)).map(|(n, _)| (base + n) as u32));
}

/// A record of a block.
#[derive(Debug, Clone, Copy)]
pub struct Record<'b> {
    text: &'b str,
    start: usize,
    /// One-based line on which it starts.
    pub line: u64,
    /// Whether a line break follows.
    pub closed: bool,
}

/// One field as it stands in the file.
#[derive(Debug, Clone, Copy)]
pub struct Field<'b> {
    /// The text without the enclosing quotes; doubled quotes are still doubled.
    pub text: &'b str,
    /// Whether it was quoted.
    pub quoted: bool,
}

impl<'b> Record<'b> {
    /// Field `n` of this record, whose field ends are `ends`; an empty field when there is no such one.
    #[inline]
    pub fn field(&self, ends: &[u32], n: usize) -> Field<'b> {
        let start = if n == 0 { self.start } else { ends.get(n - 1).map_or(usize::MAX, |&e| e as usize + 1) };
        let end = ends.get(n).map_or(0, |&e| e as usize);
        // Ends and starts touch ASCII bytes, so that they are character boundaries.
        let text = self.text.get(start..end).unwrap_or_default();
        match text.strip_prefix('"') {
            Some(inner) => Field { text: inner.strip_suffix('"').unwrap_or(inner), quoted: true },
            None => Field { text, quoted: false },
        }
    }

    /// Bytes of this record, without its line break.
    #[inline]
    pub fn length(&self, ends: &[u32]) -> usize {
        ends.last().map_or(0, |&end| end as usize).saturating_sub(self.start)
    }

    /// All of it as it stands in the file, quotes included, without its line break.
    #[inline]
    pub fn raw(&self, ends: &[u32]) -> &'b str {
        let end = ends.last().map_or(0, |&end| end as usize);
        self.text.get(self.start..end).unwrap_or_default()
    }

    /// Whether the line break behind it is CRLF and not LF alone; `None` when there is none.
    pub fn ends_with_crlf(&self, ends: &[u32]) -> Option<bool> {
        let end = ends.last().map_or(0, |&end| end as usize);
        self.closed.then(|| self.text.as_bytes().get(end) == Some(&b'\r'))
    }

    /// Whether this is an empty line.
    pub fn is_blank(&self, ends: &[u32]) -> bool {
        matches!(ends, [end] if *end as usize == self.start)
    }
}

/// Goes through the records of a block.
pub struct Walk<'b> {
    block: Block<'b>,
    at: usize,
    start: usize,
    line: u64,
    /// Where in the block the last flaw stands.
    trouble: usize,
}

impl<'b> Walk<'b> {
    /// Begins at the front of a block, which is on this line.
    pub fn new(block: Block<'b>, line: u64) -> Walk<'b> {
        Walk { block, at: 0, start: 0, line, trouble: 0 }
    }

    /// Line of the next record.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Bytes that need not come again, and whether the stream is through.
    pub fn end(&self) -> (usize, bool) {
        (self.start, self.block.last)
    }

    /// Where the last flaw stands: its line, its column in characters (both from one), and the bytes of the block
    /// before it.
    pub fn spot(&self) -> (u64, u64, usize) {
        let before = self.block.text.get(self.start..self.trouble).unwrap_or_default();
        let line = self.line + before.bytes().filter(|b| *b == b'\n').count() as u64;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u64 + 1;
        (line, column, self.trouble)
    }

    /// The next complete record with the ends of its fields, or `None` when the block has no more. On a
    /// flaw, [`Walk::line`] is the line on which the flawed record starts, and [`Walk::spot`] where the flaw stands.
    ///
    /// # Errors
    /// The flaw of the record that begins here.
    #[inline]
    pub fn next(&mut self, ends: &mut Vec<u32>) -> Result<Option<Record<'b>>, Flaw> {
        let Block { text, index, last, .. } = self.block;
        let bytes = text.as_bytes();
        let mut at = self.at;
        let mut field = self.start;
        let mut lines = 1;
        ends.clear();
        loop {
            let Some(&position) = index.get(at) else {
                // No line break: the stream's last record, if there is anything left of it.
                if !last {
                    return self.cut();
                }
                if self.start == bytes.len() {
                    return Ok(None);
                }
                let end = if bytes.last() == Some(&b'\r') && field < bytes.len() { 1 } else { 0 };
                ends.push((bytes.len() - end) as u32);
                return Ok(Some(self.take(at, bytes.len(), lines, false)));
            };
            at += 1;
            let end = position as usize;
            match bytes[end] {
                b',' => {
                    ends.push(position);
                    field = end + 1;
                }
                b'\n' => {
                    let carriage = end > field && bytes[end - 1] == b'\r';
                    ends.push(position - u32::from(carriage));
                    return Ok(Some(self.take(at, end + 1, lines, true)));
                }
                _ if end != field => {
                    self.trouble = end;
                    return Err(Flaw::StrayQuote(ends.len()));
                }
                _ => {
                    let close = loop {
                        let Some(&position) = index.get(at) else {
                            if last {
                                self.trouble = end;
                                return Err(Flaw::OpenQuote(ends.len()));
                            }
                            return self.cut();
                        };
                        at += 1;
                        let here = position as usize;
                        match bytes[here] {
                            b'"' if bytes.get(here + 1) == Some(&b'"') => at += 1,
                            b'"' => break here,
                            b'\n' => lines += 1,
                            _ => {}
                        }
                    };
                    ends.push(close as u32 + 1);
                    match &bytes[close + 1..] {
                        [b',', ..] => {
                            at += 1;
                            field = close + 2;
                        }
                        [b'\n', ..] => return Ok(Some(self.take(at + 1, close + 2, lines, true))),
                        [b'\r', b'\n', ..] => return Ok(Some(self.take(at + 1, close + 3, lines, true))),
                        [] | [b'\r'] if !last => return self.cut(),
                        [] | [b'\r'] => return Ok(Some(self.take(at, bytes.len(), lines, false))),
                        _ => {
                            self.trouble = close + 1;
                            return Err(Flaw::AfterQuote(ends.len() - 1));
                        }
                    }
                }
            }
        }
    }

    /// The block ends within a record: what cut it, if that was no mere block border.
    #[cold]
    fn cut(&mut self) -> Result<Option<Record<'b>>, Flaw> {
        self.trouble = self.block.text.len();
        self.block.flaw.take().map_or(Ok(None), Err)
    }

    #[inline]
    fn take(&mut self, at: usize, next: usize, lines: u64, closed: bool) -> Record<'b> {
        let record = Record { text: self.block.text, start: self.start, line: self.line, closed };
        self.at = at;
        self.start = next;
        self.line += lines;
        record
    }
}

#[cfg(test)]
mod tests;
