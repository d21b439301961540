//! Streams as a server sends them, and as none should: cut anywhere, damaged, of random bytes.

use super::*;
use crate::source::Kind;
use proptest::prelude::*;

const ALL: [Wire; 7] =
    [Wire::Int2, Wire::Int4, Wire::Int8, Wire::Text, Wire::Date, Wire::Timestamp, Wire::Bool];

fn batch() -> Batch {
    let kinds = [Kind::Int, Kind::Int, Kind::Int, Kind::Text, Kind::Date, Kind::Date, Kind::Bool];
    Batch::new(kinds.into_iter().map(Column::new).collect())
}

fn decoder() -> Decoder {
    Decoder::new(ALL.into_iter().enumerate().map(|(index, wire)| (wire, index)).collect())
}

fn header(flags: i32, extension: &[u8]) -> Vec<u8> {
    let mut stream = SIGNATURE.to_vec();
    stream.extend(flags.to_be_bytes());
    stream.extend((extension.len() as i32).to_be_bytes());
    stream.extend(extension);
    stream
}

fn tuple(stream: &mut Vec<u8>, values: &[Option<Vec<u8>>]) {
    stream.extend((values.len() as i16).to_be_bytes());
    for value in values {
        match value {
            None => stream.extend((-1i32).to_be_bytes()),
            Some(value) => {
                stream.extend((value.len() as i32).to_be_bytes());
                stream.extend(value);
            }
        }
    }
}

fn full_row() -> Vec<Option<Vec<u8>>> {
    vec![
        Some(2025i16.to_be_bytes().to_vec()),
        Some((-7i32).to_be_bytes().to_vec()),
        Some(255_901_001_i64.to_be_bytes().to_vec()),
        Some("Zoë O'Brien".as_bytes().to_vec()),
        Some(0i32.to_be_bytes().to_vec()),
        Some((3 * MICROSECONDS_PER_DAY).to_be_bytes().to_vec()),
        Some(vec![1]),
    ]
}

fn end(stream: &mut Vec<u8>) {
    stream.extend((-1i16).to_be_bytes());
}

/// Decodes payloads one by one, and as messages that come all at once: both must come to the same.
fn decode(payloads: impl Iterator<Item = Vec<u8>>) -> Result<Batch, Fault> {
    let payloads: Vec<Vec<u8>> = payloads.collect();
    let one_by_one = decode_by(|decoder, batch| payloads.iter().try_for_each(|p| decoder.push(p, batch)));
    let mut block = Vec::new();
    for payload in &payloads {
        block.push(b'd');
        block.extend((payload.len() as u32 + 4).to_be_bytes());
        block.extend(payload);
    }
    let at_once = decode_by(|decoder, batch| {
        let taken = decoder.push_messages(&block, batch)?;
        assert_eq!(taken, block.len());
        Ok(())
    });
    assert_eq!(format!("{at_once:?}"), format!("{one_by_one:?}"));
    one_by_one
}

fn decode_by(push: impl FnOnce(&mut Decoder, &mut Batch) -> Result<(), Fault>) -> Result<Batch, Fault> {
    let (mut batch, mut decoder) = (batch(), decoder());
    push(&mut decoder, &mut batch)?;
    decoder.finish()?;
    decoder.complete(&mut batch)?;
    assert_eq!(decoder.rows(), batch.rows() as u64);
    Ok(batch)
}

fn one_row(values: &[Option<Vec<u8>>]) -> Result<Batch, Fault> {
    let mut stream = header(0, b"");
    tuple(&mut stream, values);
    end(&mut stream);
    decode(std::iter::once(stream))
}

#[test]
fn limits_are_those_of_the_calendar() {
    assert_eq!(Day::from_ymd(1, 1, 1), Some(Day::at(FIRST_DAY)));
    assert_eq!(Day::from_ymd(9999, 12, 31), Some(Day::at(LAST_DAY)));
}

#[test]
fn every_type_and_its_absence_is_decoded() {
    let batch = one_row(&full_row()).unwrap();
    assert_eq!([0, 1, 2].map(|c| batch.int(c, 0)), [Some(2025), Some(-7), Some(255_901_001)]);
    assert_eq!(batch.text(3, 0), "Zoë O'Brien");
    assert_eq!(batch.date(4, 0), Day::from_ymd(2000, 1, 1));
    assert_eq!(batch.date(5, 0), Day::from_ymd(2000, 1, 4));
    assert_eq!(batch.flag(6, 0), Some(true));

    let batch = one_row(&vec![None; 7]).unwrap();
    assert_eq!([0, 1, 2].map(|c| batch.int(c, 0)), [None; 3]);
    assert_eq!(batch.text(3, 0), "");
    assert_eq!([4, 5].map(|c| batch.date(c, 0)), [None; 2]);
    assert_eq!(batch.flag(6, 0), None);
}

#[test]
fn a_text_that_is_not_utf8_is_found_in_its_row() {
    // The last two together would be a character.
    let cases: [([&[u8]; 4], Option<u64>); 4] = [
        ([b"a", b"b", "\u{e9}".as_bytes(), b"c"], None),
        ([b"a", b"\xff", b"", b"b"], Some(2)),
        ([b"", b"a", b"\xc3", b"\xa9"], Some(3)),
        ([b"a", b"b", b"c", b"\xc3"], Some(4)),
    ];
    for (texts, row) in cases {
        let mut stream = header(0, b"");
        for text in texts {
            let mut values = full_row();
            values[3] = Some(text.to_vec());
            tuple(&mut stream, &values);
        }
        end(&mut stream);
        let decoded = decode(std::iter::once(stream));
        assert_eq!(
            decoded.as_ref().err().map(|fault| (fault.row, fault.field)),
            row.map(|row| (row, Some(3)))
        );
    }
}

#[test]
fn infinity_is_the_last_day_and_other_far_dates_are_refused() {
    let with = |field: usize, value: Vec<u8>| {
        let mut row = full_row();
        row[field] = Some(value);
        one_row(&row)
    };
    let last = Day::from_ymd(9999, 12, 31);
    assert_eq!(with(4, i32::MAX.to_be_bytes().to_vec()).unwrap().date(4, 0), last);
    assert_eq!(with(5, i64::MAX.to_be_bytes().to_vec()).unwrap().date(5, 0), last);
    for (field, value) in [
        (4, i32::MIN.to_be_bytes().to_vec()),
        (4, (LAST_DAY + 1).to_be_bytes().to_vec()),
        (4, (FIRST_DAY - 1).to_be_bytes().to_vec()),
        (5, i64::MIN.to_be_bytes().to_vec()),
        (5, 1i64.to_be_bytes().to_vec()),
        (2, i64::MIN.to_be_bytes().to_vec()),
        (1, vec![0; 8]),
        (3, vec![0xc3, 0x28]),
        (6, vec![2]),
        (6, vec![]),
    ] {
        assert_eq!(with(field, value).unwrap_err().field, Some(field));
    }
}

#[test]
fn header_extension_is_skipped_and_critical_flags_are_refused() {
    for size in [0, 1, 300] {
        let mut stream = header(0x0000_0007, &vec![b'x'; size]);
        tuple(&mut stream, &full_row());
        end(&mut stream);
        assert_eq!(decode(stream.chunks(5).map(<[u8]>::to_vec)).unwrap().rows(), 1);
    }
    let mut stream = header(1 << 16, b"");
    end(&mut stream);
    assert!(decode(std::iter::once(stream)).unwrap_err().reason.contains("not known"));
    assert!(decode(std::iter::once(b"1,2,3\n4,5,6\n7,8,9\n0,0,0\n".to_vec())).is_err());
}

#[test]
fn a_stream_cut_anywhere_is_an_error() {
    let mut stream = header(0, b"");
    tuple(&mut stream, &full_row());
    tuple(&mut stream, &full_row());
    end(&mut stream);
    for cut in 0..stream.len() {
        assert!(decode(std::iter::once(stream[..cut].to_vec())).is_err(), "cut at {cut}");
    }
    stream.push(0);
    assert!(decode(std::iter::once(stream)).unwrap_err().reason.contains("behind its trailer"));
}

#[test]
fn another_number_of_values_is_an_error() {
    assert!(one_row(&full_row()[..6]).unwrap_err().reason.contains("another number"));
}

#[test]
fn rows_without_columns_are_counted() {
    let mut stream = header(0, b"");
    (0..3).for_each(|_| tuple(&mut stream, &[]));
    end(&mut stream);
    let mut batch = Batch::new(vec![Column::Missing]);
    let mut decoder = Decoder::new(vec![]);
    decoder.push(&stream, &mut batch).unwrap();
    decoder.finish().unwrap();
    decoder.complete(&mut batch).unwrap();
    assert_eq!(batch.rows(), 3);
    assert_eq!(batch.text(0, 2), "");
}

#[test]
fn a_full_batch_is_handed_over_before_more_is_taken() {
    let mut row = Vec::new();
    tuple(&mut row, &full_row());
    let message = |payload: &[u8]| [b"d", &(payload.len() as u32 + 4).to_be_bytes()[..], payload].concat();
    let mut block = message(&header(0, b""));
    (0..BATCH_ROWS + 1).for_each(|_| block.extend(message(&row)));
    let mut last = Vec::new();
    end(&mut last);
    block.extend(message(&last));
    let (mut batch, mut decoder) = (batch(), decoder());
    let taken = decoder.push_messages(&block, &mut batch).unwrap();
    assert_eq!((batch.rows(), block.len() - taken), (BATCH_ROWS, message(&row).len() + message(&last).len()));
    decoder.complete(&mut batch).unwrap();
    decoder.clear(&mut batch);
    assert_eq!(decoder.push_messages(&block[taken..], &mut batch), Ok(block.len() - taken));
    decoder.finish().unwrap();
    assert_eq!((batch.rows(), decoder.rows()), (1, BATCH_ROWS as u64 + 1));
}

#[test]
fn the_first_fault_in_the_order_of_rows_is_told() {
    let faulty = |field: usize| {
        let mut values = full_row();
        values[field] = Some(vec![9; 3]);
        values
    };
    for (rows, expected) in
        [([full_row(), faulty(6), faulty(0)], (2, 6)), ([faulty(6), faulty(0), faulty(1)], (1, 6))]
    {
        let mut payloads = vec![header(0, b"")];
        for row in rows {
            let mut payload = Vec::new();
            tuple(&mut payload, &row);
            payloads.push(payload);
        }
        let fault = decode(payloads.into_iter()).unwrap_err();
        assert_eq!((fault.row, fault.field), (expected.0, Some(expected.1)));
    }
    let mut negative = Vec::new();
    tuple(&mut negative, &full_row());
    negative[2..6].copy_from_slice(&(-2i32).to_be_bytes());
    let fault = decode([header(0, b""), negative].into_iter()).unwrap_err();
    assert!(fault.reason.contains("negative"), "{fault}");
}

proptest! {
    #[test]
    fn the_cuts_between_messages_do_not_matter(
        rows in prop::collection::vec((any::<Option<i16>>(), any::<Option<i32>>(), any::<Option<String>>(), any::<Option<bool>>()), 0..40),
        sizes in prop::collection::vec(1usize..64, 1..50),
    ) {
        let mut payloads = vec![header(0, b"ext")];
        for (small, int, text, flag) in &rows {
            let mut row = full_row();
            row[0] = small.map(|v| v.to_be_bytes().to_vec());
            row[1] = int.map(|v| v.to_be_bytes().to_vec());
            row[3] = text.as_ref().map(|v| v.as_bytes().to_vec());
            row[6] = flag.map(|v| vec![u8::from(v)]);
            payloads.push(Vec::new());
            tuple(payloads.last_mut().unwrap(), &row);
        }
        payloads.push(Vec::new());
        end(payloads.last_mut().unwrap());
        let stream = payloads.concat();
        let by_rows = decode(payloads.into_iter()).unwrap();
        let mut rest = &stream[..];
        let mut sizes = sizes.into_iter().cycle();
        let batch = decode(std::iter::from_fn(move || {
            let size = sizes.next()?.min(rest.len());
            let (chunk, tail) = rest.split_at(size);
            rest = tail;
            (size > 0).then(|| chunk.to_vec())
        })).unwrap();
        prop_assert_eq!(format!("{by_rows:?}"), format!("{batch:?}"));
        prop_assert_eq!(batch.rows(), rows.len());
        for (n, (small, int, text, flag)) in rows.iter().enumerate() {
            prop_assert_eq!(batch.int(0, n), small.map(i64::from));
            prop_assert_eq!(batch.int(1, n), int.map(i64::from));
            prop_assert_eq!(batch.text(3, n), text.as_deref().unwrap_or(""));
            prop_assert_eq!(batch.flag(6, n), *flag);
        }
    }

    #[test]
    fn no_bytes_panic(data in prop::collection::vec(any::<u8>(), 0..400), whole in any::<bool>()) {
        let mut stream = if whole { header(0, b"") } else { Vec::new() };
        stream.extend(data);
        let _ = decode(stream.chunks(7).map(<[u8]>::to_vec));
    }
}
