//! The decoder of COPY streams alone, on a stream that is recorded in memory: no server, no network.
//!
//! In: a number of rows. Out: rows and bytes a second.
#![allow(clippy::unwrap_used)] // a bench

use std::hint::black_box;
use std::time::Instant;

use rosterpack::edfi::contract::student_sections;
use rosterpack::source::postgres::decode::{Decoder, Wire};
use rosterpack::source::{Batch, Column};

use super::median;

/// Bytes that come from the line at once.
const BLOCK: usize = 64 << 10;

/// One message per row, as the server sends them, in blocks as they are received.
fn recorded(rows: usize) -> Vec<Vec<u8>> {
    let mut blocks = vec![Vec::with_capacity(BLOCK)];
    let mut send = |payload: &[u8]| {
        if blocks.last().is_none_or(|block: &Vec<u8>| block.len() + payload.len() > BLOCK) {
            blocks.push(Vec::with_capacity(BLOCK));
        }
        let block = blocks.last_mut().unwrap();
        block.push(b'd');
        block.extend((payload.len() as u32 + 4).to_be_bytes());
        block.extend(payload);
    };
    send(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
    for n in 0..rows as i32 {
        let texts = [
            format!("ALG-{}", n % 997),
            "2024-2025 Fall Semester".to_owned(),
            format!("25590100102Trad220ALG{}", n % 2801),
        ];
        let mut row = 9i16.to_be_bytes().to_vec();
        let mut value = |bytes: &[u8]| {
            row.extend((bytes.len() as i32).to_be_bytes());
            row.extend(bytes);
        };
        value(&n.to_be_bytes());
        value(texts[0].as_bytes());
        value(&255_901_001_i64.to_be_bytes());
        value(&2025i16.to_be_bytes());
        value(texts[1].as_bytes());
        value(texts[2].as_bytes());
        value(&9000i32.to_be_bytes());
        row.extend((-1i32).to_be_bytes());
        row.extend((-1i32).to_be_bytes());
        send(&row);
    }
    send(&(-1i16).to_be_bytes());
    blocks
}

/// Decodes the stream again and again, and prints the median.
pub fn alone(rows: usize, rounds: usize) {
    let blocks = recorded(rows);
    let bytes: usize = blocks.iter().map(Vec::len).sum();
    let wires = [
        Wire::Int4,
        Wire::Text,
        Wire::Int8,
        Wire::Int2,
        Wire::Text,
        Wire::Text,
        Wire::Date,
        Wire::Date,
        Wire::Bool,
    ];
    let mut batch = Batch::new(student_sections::TABLE.columns.iter().map(|c| Column::new(c.kind)).collect());
    let seconds = median(
        (0..rounds)
            .map(|_| {
                let mut decoder =
                    Decoder::new(wires.into_iter().enumerate().map(|(n, wire)| (wire, n)).collect());
                let start = Instant::now();
                for block in &blocks {
                    let mut rest = &block[..];
                    while !rest.is_empty() {
                        rest = &rest[decoder.push_messages(rest, &mut batch).unwrap()..];
                        if decoder.full(&batch) {
                            decoder.complete(&mut batch).unwrap();
                            black_box(&batch);
                            decoder.clear(&mut batch);
                        }
                    }
                }
                decoder.finish().unwrap();
                assert_eq!(decoder.rows(), rows as u64);
                batch.clear();
                start.elapsed().as_secs_f64()
            })
            .collect(),
    );
    println!(
        "decoder alone: {:.1} M rows/s, {:.0} MB/s ({rows} rows of 9 columns, median of {rounds})",
        rows as f64 / seconds / 1e6,
        bytes as f64 / seconds / 1e6
    );
}
