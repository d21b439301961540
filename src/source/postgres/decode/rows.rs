//! Whole rows, many at a time.
//!
//! In: CopyData messages as they lie in the buffer of the line. Out: their values, appended column after column: one
//! pass finds where the values stand, then each column is filled by a loop that knows its type. A message that is not
//! one whole row, which PostgreSQL's protocol allows, is left to the decoder of streams.

use super::{Decoder, Fault, Stage, Wire, boolean, date, int2, int4, int8, timestamp};
use crate::source::batch::{BATCH_ROWS, Batch, Column};

/// Tag and length of a message.
const HEADER: usize = 5;
/// The number of values, in front of them.
const COUNT: usize = 2;
/// The length of a value, in front of it.
const LENGTH: usize = 4;

/// What stands for the length of null.
const NULL: i32 = -1;

/// The length of the value at a place; `None` when it is null.
#[inline]
fn length(block: &[u8], place: u32) -> Option<usize> {
    let end = place as usize;
    let bytes = block.get(end.wrapping_sub(LENGTH)..end)?.first_chunk()?;
    usize::try_from(i32::from_be_bytes(*bytes)).ok()
}

impl Decoder {
    /// Appends the values of messages that stand one behind the other, each of them whole, until the batch is full. Out:
    /// how many bytes were taken; the others are to be given again.
    ///
    /// # Errors
    /// Anything that the format or the pinned types do not allow.
    pub fn push_messages(&mut self, block: &[u8], batch: &mut Batch) -> Result<usize, Fault> {
        let mut at = 0;
        while at < block.len() && !self.full(batch) {
            at += self.push_rows(&block[at..], batch)?;
            if at == block.len() || self.full(batch) {
                break;
            }
            let message = &block[at..];
            let announced = message.get(1..HEADER).and_then(|bytes| bytes.first_chunk()).copied();
            let whole = 1 + announced.map_or(0, u32::from_be_bytes) as usize;
            let Some(payload) = message.get(HEADER..whole) else {
                return Err(self.fault("a message that is not whole"));
            };
            self.push(payload, batch)?;
            at += whole;
        }
        Ok(at)
    }

    /// Appends the rows at the front of a block of which each is one message; how many bytes they have.
    fn push_rows(&mut self, block: &[u8], batch: &mut Batch) -> Result<usize, Fault> {
        if self.stage != Stage::Tuple || !self.carry.is_empty() || u32::try_from(block.len()).is_err() {
            return Ok(0);
        }
        let (rows, bytes) = self.find_rows(block, BATCH_ROWS.saturating_sub(batch.rows()));
        let values = self.fields.len();
        // The first in the order of the stream, whatever the order of decoding.
        let mut first: Option<(usize, usize, &'static str)> = None;
        for (field, &(wire, column)) in self.fields.iter().enumerate() {
            let places = self.places.get(field..).unwrap_or_default().iter().step_by(values).copied();
            let fault = match batch.columns.get_mut(column) {
                Some(column) => fill(wire, column, block, places),
                None => (rows > 0).then_some((0, "the batch lacks the column")),
            };
            if let Some((row, reason)) = fault
                && first.is_none_or(|(earliest, ..)| row < earliest)
            {
                first = Some((row, field, reason));
            }
        }
        if let Some((row, field, reason)) = first {
            return Err(Fault { row: self.rows + row as u64 + 1, field: Some(field), reason });
        }
        batch.end_rows(rows);
        self.rows += rows as u64;
        let payload = bytes - rows * HEADER;
        self.bytes += payload as u64;
        self.held += payload;
        Ok(bytes)
    }

    /// Finds the values of at most so many rows: how many rows there are, and how many bytes they have.
    fn find_rows(&mut self, block: &[u8], most: usize) -> (usize, usize) {
        self.places.clear();
        let (mut rows, mut at) = (0, 0);
        while rows < most {
            let Some(&[_, a, b, c, d, e, f]) = block[at..].first_chunk::<{ HEADER + COUNT }>() else { break };
            let end = at + 1 + u32::from_be_bytes([a, b, c, d]) as usize;
            let mut place = at + HEADER + COUNT;
            if usize::try_from(i16::from_be_bytes([e, f])) != Ok(self.fields.len()) || end > block.len() {
                break;
            }
            let known = self.places.len();
            for _ in 0..self.fields.len() {
                let Some(bytes) = block.get(place..).and_then(|rest| rest.first_chunk::<LENGTH>()) else {
                    break;
                };
                let length = match i32::from_be_bytes(*bytes) {
                    NULL => 0,
                    // The decoder of streams tells what is wrong with a length below that of null.
                    length => usize::try_from(length).unwrap_or(usize::MAX / 2),
                };
                place += LENGTH;
                self.places.push(place as u32);
                place += length;
            }
            if place != end || self.places.len() != known + self.fields.len() {
                self.places.truncate(known);
                break;
            }
            at = end;
            rows += 1;
        }
        (rows, at)
    }
}

/// Appends one value of every row to a column. Out: the first row whose value is not of the type, and why.
fn fill(
    wire: Wire,
    column: &mut Column,
    block: &[u8],
    places: impl Iterator<Item = u32>,
) -> Option<(usize, &'static str)> {
    let mut fault = None;
    let value = |place| length(block, place).map(|length| &block[place as usize..][..length]);
    // What is wrong becomes absence, and is told.
    fn checked<T>(
        row: usize,
        value: Option<Result<T, &'static str>>,
        fault: &mut Option<(usize, &'static str)>,
    ) -> Option<T> {
        match value? {
            Ok(value) => Some(value),
            Err(reason) => {
                fault.get_or_insert((row, reason));
                None
            }
        }
    }
    macro_rules! each {
        ($decode:expr) => {
            places.enumerate().map(|(row, place)| checked(row, value(place).map($decode), &mut fault))
        };
    }
    match wire {
        Wire::Text => column.extend_unproven(
            places.map(|place| (&block[place as usize..], length(block, place).unwrap_or(0))),
        ),
        Wire::Int2 => column.extend_ints(each!(int2)),
        Wire::Int4 => column.extend_ints(each!(int4)),
        Wire::Int8 => column.extend_ints(each!(int8)),
        Wire::Date => column.extend_dates(each!(date)),
        Wire::Timestamp => column.extend_dates(each!(timestamp)),
        Wire::Bool => column.extend_bools(each!(boolean)),
    }
    fault
}
