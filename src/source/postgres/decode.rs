//! Decoder of PostgreSQL's binary COPY format into a [`Batch`].
//!
//! In: CopyData messages in order, their payloads cut anywhere, and the wire type of each selected column. Out: values
//! appended to a reused batch, field by field, without an intermediate row. Messages that are whole rows, as every
//! server sends them, are decoded many at a time. The format carries no types, so the statement pins them with casts and
//! every length is checked here. A stream without header or trailer is an error: the trailer is the only proof that the
//! last row was the last. Knows no network.

mod rows;

use std::fmt;

use crate::day::Day;
use crate::source::batch::{BATCH_ROWS, Batch, Column};

/// How a value comes over the wire, as pinned by a cast in the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// `int2`.
    Int2,
    /// `int4`.
    Int4,
    /// `int8`.
    Int8,
    /// `text` in UTF-8.
    Text,
    /// `date`.
    Date,
    /// `timestamp`: accepted as a day at midnight only.
    Timestamp,
    /// `bool`.
    Bool,
}

/// What is wrong with a stream, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// One-based row, 0 before the first.
    pub row: u64,
    /// Zero-based position among the decoded fields, when one is at fault.
    pub field: Option<usize>,
    /// What is wrong; never a value.
    pub reason: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason)
    }
}

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";
const HEADER: usize = SIGNATURE.len() + 8;
const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;
/// Text bytes after which a batch is handed over though it has few rows: views may hold very long texts.
const BATCH_BYTES: usize = 32 << 20;
/// First and last day of the calendar that [`Day`] and ISO text share: 0001-01-01 and 9999-12-31.
const FIRST_DAY: i32 = -730_119;
const LAST_DAY: i32 = 2_921_939;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Header,
    Extension(usize),
    Tuple,
    Field(usize),
    Ended,
}

/// The state of one stream.
#[derive(Debug)]
pub struct Decoder {
    /// Wire type and column of the batch, in the order of the SELECT list.
    fields: Vec<(Wire, usize)>,
    stage: Stage,
    /// Bytes of a value that the last message did not complete.
    carry: Vec<u8>,
    rows: u64,
    bytes: u64,
    held: usize,
    /// Where the values of whole rows stand; kept for its room.
    places: Vec<u32>,
}

impl Decoder {
    /// A decoder for a SELECT list: each entry is a wire type and the batch column that it fills.
    pub fn new(fields: Vec<(Wire, usize)>) -> Decoder {
        Decoder {
            fields,
            stage: Stage::Header,
            carry: Vec::new(),
            rows: 0,
            bytes: 0,
            held: 0,
            places: Vec::new(),
        }
    }

    /// Rows completed so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Bytes received so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether the batch should be handed over now: it is full, and ends with a complete row.
    #[inline]
    pub fn full(&self, batch: &Batch) -> bool {
        (batch.rows() >= BATCH_ROWS || self.held >= BATCH_BYTES)
            && matches!(self.stage, Stage::Tuple | Stage::Ended)
    }

    /// Makes the batch readable: to be called when it is full, and behind the last row.
    ///
    /// # Errors
    /// A text that is not UTF-8.
    pub fn complete(&self, batch: &mut Batch) -> Result<(), Fault> {
        batch.prove_texts().map_err(|(column, row)| Fault {
            row: self.rows - batch.rows() as u64 + row as u64 + 1,
            field: self.fields.iter().position(|&(_, filled)| filled == column),
            reason: "a text that is not UTF-8",
        })
    }

    /// Empties a batch that has been handed over.
    pub fn clear(&mut self, batch: &mut Batch) {
        batch.clear();
        self.held = 0;
    }

    /// Appends the values of the payload of one message. The batch holds a partial row until the next one completes it.
    ///
    /// # Errors
    /// Anything that the format or the pinned types do not allow.
    pub fn push(&mut self, chunk: &[u8], batch: &mut Batch) -> Result<(), Fault> {
        self.bytes += chunk.len() as u64;
        self.held += chunk.len();
        if self.carry.is_empty() {
            let used = self.parse(chunk, batch)?;
            if used < chunk.len() {
                self.carry.extend_from_slice(&chunk[used..]);
            }
            return Ok(());
        }
        let mut carry = std::mem::take(&mut self.carry);
        carry.extend_from_slice(chunk);
        let used = self.parse(&carry, batch)?;
        carry.drain(..used);
        self.carry = carry;
        Ok(())
    }

    /// Declares the stream at its end.
    ///
    /// # Errors
    /// When the trailer has not been seen: rows are missing.
    pub fn finish(&self) -> Result<(), Fault> {
        match self.stage {
            Stage::Ended => Ok(()),
            _ => Err(self.fault("the stream ended without its trailer, rows are missing")),
        }
    }

    fn fault(&self, reason: &'static str) -> Fault {
        let (row, field) = match self.stage {
            Stage::Field(index) => (self.rows + 1, Some(index)),
            Stage::Tuple => (self.rows + 1, None),
            _ => (self.rows, None),
        };
        Fault { row, field, reason }
    }

    /// Decodes the fields of a row from `first` on: how many bytes they took, and whether the row is whole. On an error,
    /// which field has it.
    #[inline]
    fn row(
        &mut self,
        first: usize,
        data: &[u8],
        batch: &mut Batch,
    ) -> Result<(usize, bool), (usize, &'static str)> {
        let mut rest = data;
        for (index, &(wire, column)) in self.fields.iter().enumerate().skip(first) {
            let incomplete = |rest: &[u8]| (data.len() - rest.len(), false);
            let Some((length, behind)) = rest.split_first_chunk::<4>() else {
                self.stage = Stage::Field(index);
                return Ok(incomplete(rest));
            };
            let Some(column) = batch.columns.get_mut(column) else {
                return Err((index, "the batch lacks the column"));
            };
            let length = i32::from_be_bytes(*length);
            if length == -1 {
                column.push_absent();
                rest = behind;
                continue;
            }
            let length = usize::try_from(length).map_err(|_| (index, "a value of negative length"))?;
            let Some((value, behind)) = behind.split_at_checked(length) else {
                self.stage = Stage::Field(index);
                return Ok(incomplete(rest));
            };
            append(wire, value, column).map_err(|reason| (index, reason))?;
            rest = behind;
        }
        batch.end_row();
        self.rows += 1;
        self.stage = Stage::Tuple;
        Ok((data.len() - rest.len(), true))
    }

    /// Decodes as many whole values as there are and returns how many bytes they took.
    fn parse(&mut self, data: &[u8], batch: &mut Batch) -> Result<usize, Fault> {
        let mut at = 0;
        loop {
            match self.stage {
                Stage::Field(first) => match self.row(first, &data[at..], batch) {
                    Ok((used, whole)) => {
                        at += used;
                        if !whole {
                            return Ok(at);
                        }
                    }
                    Err((field, reason)) => {
                        return Err(Fault { row: self.rows + 1, field: Some(field), reason });
                    }
                },
                Stage::Tuple => {
                    let Some(count) = data.get(at..at + 2) else { return Ok(at) };
                    let count = i16::from_be_bytes([count[0], count[1]]);
                    at += 2;
                    if count == -1 {
                        self.stage = Stage::Ended;
                    } else if usize::try_from(count) != Ok(self.fields.len()) {
                        return Err(self.fault("a row with another number of values than were asked for"));
                    } else {
                        self.stage = Stage::Field(0);
                    }
                }
                Stage::Header => {
                    let Some(header) = data.get(..HEADER) else { return Ok(at) };
                    if !header.starts_with(SIGNATURE) {
                        return Err(self.fault("this is not a binary COPY stream"));
                    }
                    let number =
                        |at: usize| header[at..].first_chunk().map(|bytes| i32::from_be_bytes(*bytes));
                    let flags = number(SIGNATURE.len()).unwrap_or(-1);
                    if flags as u32 & 0xffff_0000 != 0 {
                        return Err(self.fault("the stream uses a feature of the format that is not known"));
                    }
                    let Some(extension) = number(SIGNATURE.len() + 4).and_then(|n| usize::try_from(n).ok())
                    else {
                        return Err(self.fault("the header of the stream is damaged"));
                    };
                    at = HEADER;
                    self.stage = Stage::Extension(extension);
                }
                Stage::Extension(left) => {
                    let skipped = left.min(data.len() - at);
                    at += skipped;
                    if skipped < left {
                        self.stage = Stage::Extension(left - skipped);
                        return Ok(at);
                    }
                    self.stage = Stage::Tuple;
                }
                Stage::Ended => {
                    return if at == data.len() {
                        Ok(at)
                    } else {
                        Err(self.fault("the stream goes on behind its trailer"))
                    };
                }
            }
        }
    }
}

const WIDTH: &str = "a value of another width than its type";

#[inline]
fn append(wire: Wire, value: &[u8], column: &mut Column) -> Result<(), &'static str> {
    match wire {
        Wire::Text => column.push_unproven(value),
        Wire::Int4 => column.push_int(Some(int4(value)?)),
        Wire::Int8 => column.push_int(Some(int8(value)?)),
        Wire::Int2 => column.push_int(Some(int2(value)?)),
        Wire::Date => column.push_date(Some(date(value)?)),
        Wire::Timestamp => column.push_date(Some(timestamp(value)?)),
        Wire::Bool => column.push_bool(Some(boolean(value)?)),
    }
    Ok(())
}

#[inline]
fn int2(value: &[u8]) -> Result<i64, &'static str> {
    Ok(i64::from(i16::from_be_bytes(value.try_into().map_err(|_| WIDTH)?)))
}

#[inline]
fn int4(value: &[u8]) -> Result<i64, &'static str> {
    Ok(i64::from(i32::from_be_bytes(value.try_into().map_err(|_| WIDTH)?)))
}

#[inline]
fn int8(value: &[u8]) -> Result<i64, &'static str> {
    let number = i64::from_be_bytes(value.try_into().map_err(|_| WIDTH)?);
    // The batch's mark of absence.
    if number == i64::MIN { Err("an integer out of range") } else { Ok(number) }
}

#[inline]
fn date(value: &[u8]) -> Result<Day, &'static str> {
    day(i32::from_be_bytes(value.try_into().map_err(|_| WIDTH)?))
}

fn timestamp(value: &[u8]) -> Result<Day, &'static str> {
    day(match i64::from_be_bytes(value.try_into().map_err(|_| WIDTH)?) {
        i64::MAX => i32::MAX,
        i64::MIN => i32::MIN,
        moment if moment % MICROSECONDS_PER_DAY != 0 => {
            return Err("a time of day where only a date can stand");
        }
        // Fits: the server's range of timestamps is about 108 million days.
        moment => (moment / MICROSECONDS_PER_DAY) as i32,
    })
}

#[inline]
fn boolean(value: &[u8]) -> Result<bool, &'static str> {
    match value {
        [0] => Ok(false),
        [1] => Ok(true),
        _ => Err(WIDTH),
    }
}

/// A day of the wire. `infinity` is what PostgreSQL users write for "open"; it becomes the last day of the
/// calendar, which mapping.md 0.6 treats as open and reports.
#[inline]
fn day(number: i32) -> Result<Day, &'static str> {
    match number {
        FIRST_DAY..=LAST_DAY => Ok(Day::at(number)),
        i32::MAX => Ok(Day::at(LAST_DAY)),
        _ => Err("a date outside of the years 1 to 9999"),
    }
}

#[cfg(test)]
mod tests;
