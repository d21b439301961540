//! What is written as CSV reads back as it was, whatever the text; read by the csv crate, which is not the writer.
// Clippy knows tests by their attribute and does not see that these functions serve them alone.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use rosterpack::package::CsvBlock;

/// Any Unicode text, with the characters that CSV cares about far more often than chance would have them.
fn text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        3 => any::<char>(),
        2 => prop::sample::select(vec![',', '"', '\r', '\n', ' ', '\t', '\'', '\u{feff}', 'é', '😀']),
        2 => prop::char::range('a', 'z'),
    ];
    prop::collection::vec(character, 0..12).prop_map(String::from_iter)
}

/// Texts that may stand in a list: not blank and without commas.
fn item() -> impl Strategy<Value = String> {
    text().prop_map(|text| text.replace(',', ";")).prop_filter("blank", |text| !text.is_empty())
}

fn rows_of(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
    reader.deserialize().collect::<Result<_, _>>().unwrap()
}

proptest! {
    #[test]
    fn rows_read_back_as_they_were(rows in prop::collection::vec(prop::collection::vec(text(), 4), 1..20)) {
        let mut block = CsvBlock::new(5);
        // The first cell keeps a reader from taking the file's first character for a byte order mark; real files
        // begin with their header.
        for row in &rows {
            block.known("row");
            row.iter().for_each(|cell| block.text(cell));
            block.end_row();
        }
        prop_assert_eq!(block.fault(), None);
        prop_assert_eq!(block.rows(), rows.len() as u64);
        let back: Vec<Vec<String>> = rows_of(block.bytes()).into_iter().map(|row| row[1..].to_vec()).collect();
        prop_assert_eq!(back, rows);
    }

    #[test]
    fn lists_read_back_as_they_were(items in prop::collection::vec(item(), 0..6), ids in prop::collection::vec(any::<[u8; 16]>(), 0..4)) {
        let mut block = CsvBlock::new(3);
        block.known("row");
        block.list(items.iter().map(String::as_str));
        block.ids(ids.iter().copied());
        block.end_row();
        prop_assert_eq!(block.fault(), None);
        let rows = rows_of(block.bytes());
        let split = |cell: &str| cell.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        prop_assert_eq!(split(&rows[0][1]), items);
        prop_assert_eq!(split(&rows[0][2]), ids.iter().map(hex::encode).collect::<Vec<_>>());
    }

    #[test]
    fn quotes_stand_only_where_they_must(cell in text()) {
        let mut block = CsvBlock::new(1);
        block.text(&cell);
        block.end_row();
        let quoted = block.bytes().starts_with(b"\"");
        prop_assert_eq!(quoted, cell.contains([',', '"', '\r', '\n']));
        prop_assert!(block.bytes().ends_with(b"\r\n"));
    }
}
