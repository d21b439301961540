//! Records against a reader that is simple, and the streams that careless readers mend.

use super::*;
use proptest::prelude::*;

type Row = (u64, Vec<(String, bool)>);
type Rows = Vec<Row>;

/// All records of a stream that arrives in pieces of `piece` bytes.
fn rows(input: &[u8], piece: usize) -> Result<Rows, (u64, Flaw)> {
    struct Pieces<'a>(&'a [u8], usize);
    impl Read for Pieces<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let n = self.1.min(self.0.len()).min(out.len());
            out[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }
    let mut blocks = Blocks::new(Pieces(input, piece));
    let (mut line, mut ends, mut rows) = (1, Vec::new(), Vec::new());
    loop {
        let mut walk = Walk::new(blocks.next_block().map_err(|f| (line, f))?, line);
        loop {
            match walk.next(&mut ends) {
                Ok(Some(record)) => {
                    let fields = (0..ends.len()).map(|n| record.field(&ends, n));
                    rows.push((
                        record.line,
                        fields.map(|f| (f.text.replace("\"\"", "\""), f.quoted)).collect(),
                    ));
                }
                Ok(None) => break,
                Err(flaw) => return Err((walk.line(), flaw)),
            }
        }
        line = walk.line();
        let (bytes, ended) = walk.end();
        blocks.consume(bytes);
        if ended {
            return Ok(rows);
        }
    }
}

fn plain(rows: Rows) -> Vec<Vec<String>> {
    rows.into_iter().map(|(_, r)| r.into_iter().map(|(f, _)| f).collect()).collect()
}

#[test]
fn quotes_breaks_and_lines() {
    let rows = rows(b"a,\"b\"\"\n\nc\",\r\n\"\",d,\"e\"\r\n\nlast,\"x\"", 3).unwrap();
    let lines: Vec<u64> = rows.iter().map(|r| r.0).collect();
    assert_eq!(lines, [1, 4, 5, 6]);
    assert_eq!(rows[0].1[1], ("b\"\n\nc".to_owned(), true));
    assert_eq!(rows[0].1[2], (String::new(), false));
    assert_eq!(rows[1].1[0], (String::new(), true));
    assert_eq!(rows[2].1, [(String::new(), false)]);
    assert_eq!(rows[3].1[1], ("x".to_owned(), true));
}

#[test]
fn flaws_are_found_on_their_line() {
    let flaw = |text: &[u8]| rows(text, 5).unwrap_err();
    assert!(matches!(flaw(b"a\nb\n\"open,\n"), (3, Flaw::OpenQuote(0))));
    assert!(matches!(flaw(b"a\nb,\"x\"\"\n"), (2, Flaw::OpenQuote(1))));
    assert!(matches!(flaw(b"a\nb,c\"d\n"), (2, Flaw::StrayQuote(1))));
    assert!(matches!(flaw(b"a\n\"b\"c\n"), (2, Flaw::AfterQuote(0))));
    assert!(matches!(flaw(b"a\n\"b\"\rc\n"), (2, Flaw::AfterQuote(0))));
    assert!(matches!(flaw(b"a\nb\xff\nc\n"), (2, Flaw::NotUtf8)));
    assert!(matches!(flaw(b"a\nb\xc3"), (2, Flaw::NotUtf8)));
    assert!(matches!(flaw(b"a\nb\0\nc\xff\n"), (2, Flaw::Nul)));
}

#[test]
fn a_reader_may_go_on_behind_a_flaw() {
    let text = b"a,b\n1,\"x\"y\n2,\xff\n3,\"\xc3\xa9\n\"z\n4,d\n\"open";
    let mut blocks = Blocks::new(&text[..]);
    let (mut line, mut ends, mut rows, mut spots) = (1, Vec::new(), Vec::new(), Vec::new());
    loop {
        let mut walk = Walk::new(blocks.next_block().unwrap(), line);
        let flawed = loop {
            match walk.next(&mut ends) {
                Ok(Some(record)) => rows.push((record.line, record.field(&ends, 0).text.to_owned())),
                Ok(None) => break None,
                Err(_) => break Some(walk.spot()),
            }
        };
        let (bytes, ended) = walk.end();
        line = walk.line();
        match flawed {
            Some((at, column, before)) => {
                spots.push((at, column));
                blocks.consume(before);
                if !blocks.skip_line().unwrap() {
                    break;
                }
                line = at + 1;
            }
            None if ended => break,
            None => blocks.consume(bytes),
        }
    }
    assert_eq!(rows, [(1, "a".to_owned()), (6, "4".to_owned())]);
    assert_eq!(spots, [(2, 6), (3, 3), (5, 2), (7, 1)]);
}

#[test]
fn a_record_may_outgrow_a_block_but_not_the_limit() {
    let mut text = b"a\n\"".to_vec();
    text.resize(3 * BLOCK, b'x');
    text.extend(b"\n\"\nz\n");
    let read = rows(&text, 70_000).unwrap();
    assert_eq!(read.len(), 3);
    assert_eq!(read[2], (4, vec![("z".to_owned(), false)]));
    text.truncate(3);
    text.resize(LONGEST + BLOCK, b'x');
    assert!(matches!(rows(&text, usize::MAX).unwrap_err(), (2, Flaw::TooLong)));
}

#[test]
fn a_block_may_end_anywhere() {
    // 17 bytes a record, so that the border between blocks visits every place in one.
    let record = "\"é\"\"\n\",€,\"x\"\r\n";
    assert_eq!(record.len(), 17);
    for shift in 0..17 {
        let text = format!("{}\n{}", "x".repeat(shift), record.repeat(2 * BLOCK / 17));
        let read = rows(text.as_bytes(), usize::MAX).unwrap();
        assert_eq!(read.len(), 1 + 2 * BLOCK / 17);
        let expected = [("é\"\n", true), ("€", false), ("x", true)].map(|(t, q)| (t.to_owned(), q));
        let whole = |(n, row): (usize, &Row)| row.0 == 2 + 2 * n as u64 && row.1 == expected;
        assert!(read[1..].iter().enumerate().all(whole), "{shift}");
    }
}

proptest! {
    /// Whatever the csv crate writes is read back, wherever the pieces of the stream end.
    #[test]
    fn reads_what_the_csv_crate_writes(
        table in proptest::collection::vec(proptest::collection::vec("[a-zé,\"\r\n ]{0,20}", 3), 1..40),
        crlf: bool,
        piece in 1usize..100,
    ) {
        let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer = csv::WriterBuilder::new().terminator(terminator).from_writer(Vec::new());
        for row in &table {
            writer.write_record(row).unwrap();
        }
        prop_assert_eq!(plain(rows(&writer.into_inner().unwrap(), piece).unwrap()), table);
    }

    /// No bytes make it panic or loop.
    #[test]
    fn survives_any_bytes(
        bytes in proptest::collection::vec(
            prop_oneof![Just(b','), Just(b'"'), Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200),
        piece in 1usize..20,
    ) {
        let _ = rows(&bytes, piece);
    }

    /// The index is exact for every byte.
    #[test]
    fn structure_is_exact(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let mut index = Vec::new();
        index_structure(&bytes, &mut index);
        let naive: Vec<u32> = (0..bytes.len()).filter(|&n| b",\n\"".contains(&bytes[n])).map(|n| n as u32).collect();
        prop_assert_eq!(index, naive);
    }
}

#[test]
fn a_record_knows_how_its_line_ends() {
    let mut blocks = Blocks::new(&b"a,b\r\n\"c\r\",d\n\"e\"\r\nf\r\n\ng"[..]);
    let (mut walk, mut ends) = (Walk::new(blocks.next_block().unwrap(), 1), Vec::new());
    let mut found = Vec::new();
    while let Some(record) = walk.next(&mut ends).unwrap() {
        found.push(record.ends_with_crlf(&ends));
    }
    assert_eq!(found, [Some(true), Some(false), Some(true), Some(true), Some(false), None]);
}
