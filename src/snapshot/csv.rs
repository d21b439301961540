//! Rows as PostgreSQL's `COPY ... CSV HEADER` writes them: the form that the dump source reads.
//!
//! In: batches of one table. Out: their text, the header in front of the first. Absent cells are empty and never
//! quoted, truth values are t and f, days are ISO, lines end with a line feed.

use crate::source::{Batch, Kind};

/// Turns batches of one table into text, in a buffer that is used again.
pub(super) struct Rows {
    kinds: Vec<Kind>,
    text: Vec<u8>,
    /// Whether `text` holds the header, which nobody has written yet.
    fresh: bool,
}

impl Rows {
    pub(super) fn new(columns: &[(String, Kind)]) -> Rows {
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let text = format!("{}\n", names.join(",")).into_bytes();
        Rows { kinds: columns.iter().map(|(_, kind)| *kind).collect(), text, fresh: true }
    }

    /// The text of a batch, which has the columns of this table.
    pub(super) fn text(&mut self, batch: &Batch) -> &[u8] {
        if !std::mem::take(&mut self.fresh) {
            self.text.clear();
        }
        let text = &mut self.text;
        for row in 0..batch.rows() {
            for (column, kind) in self.kinds.iter().enumerate() {
                if column > 0 {
                    text.push(b',');
                }
                match kind {
                    Kind::Int => batch.int(column, row).into_iter().for_each(|n| push_integer(text, n)),
                    Kind::Text => push_text(text, batch.text(column, row)),
                    Kind::Date => batch.date(column, row).into_iter().for_each(|day| text.extend(day.iso())),
                    Kind::Bool => {
                        text.extend(batch.flag(column, row).map(|flag| if flag { b't' } else { b'f' }));
                    }
                }
            }
            text.push(b'\n');
        }
        text
    }

    /// The header, if there was no batch at all.
    pub(super) fn rest(&mut self) -> &[u8] {
        if std::mem::take(&mut self.fresh) { &self.text } else { &[] }
    }
}

fn push_integer(out: &mut Vec<u8>, number: i64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

/// Quotes as COPY does: where a separator, a quote or a line break stands, and its own end-of-data mark.
fn push_text(out: &mut Vec<u8>, text: &str) {
    let special = text.bytes().any(|b| matches!(b, b',' | b'"' | b'\n' | b'\r'));
    if !special && text != "\\." {
        return out.extend_from_slice(text.as_bytes());
    }
    out.push(b'"');
    for (n, piece) in text.split('"').enumerate() {
        if n > 0 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(piece.as_bytes());
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::day::Day;
    use crate::source::Column;
    use crate::source::dump::DumpSource;
    use crate::source::{ColumnRequest, Part, Request, Source};
    use proptest::prelude::*;

    const COLUMNS: [(&str, Kind); 4] = [
        ("schoolid", Kind::Int),
        ("nameofinstitution", Kind::Text),
        ("begindate", Kind::Date),
        ("flag", Kind::Bool),
    ];

    type Row = (Option<i64>, String, Option<i32>, Option<bool>);

    fn columns() -> Vec<(String, Kind)> {
        COLUMNS.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect()
    }

    fn batch(rows: &[Row]) -> Batch {
        let mut batch = Batch::new(COLUMNS.iter().map(|(_, kind)| Column::new(*kind)).collect());
        for (id, name, day, flag) in rows {
            batch.columns[0].push_int(*id);
            batch.columns[1].push_text(name);
            batch.columns[2].push_date(day.map(Day::at));
            batch.columns[3].push_bool(*flag);
            batch.end_row();
        }
        batch
    }

    #[test]
    fn text_is_that_of_copy() {
        let day = Day::from_ymd(2021, 8, 23).unwrap().number();
        let mut rows = Rows::new(&columns());
        let text = rows.text(&batch(&[
            (Some(-7), "O'Neil, \"Bob\"".into(), Some(day), Some(true)),
            (None, String::new(), None, None),
            (Some(i64::MAX), " NULL ".into(), None, Some(false)),
            (Some(0), "a\r\nb".into(), None, None),
        ]));
        let expected = "schoolid,nameofinstitution,begindate,flag\n\
                        -7,\"O'Neil, \"\"Bob\"\"\",2021-08-23,t\n,,,\n9223372036854775807, NULL ,,f\n0,\"a\r\nb\",,\n";
        assert_eq!(std::str::from_utf8(text).unwrap(), expected);
        assert_eq!(rows.text(&batch(&[(Some(1), "\\.".into(), None, None)])), b"1,\"\\.\",,\n");
        assert_eq!(rows.rest(), b"");
        assert_eq!(Rows::new(&columns()).rest(), b"schoolid,nameofinstitution,begindate,flag\n");
    }

    proptest! {
        /// What is written is what the dump source reads.
        #[test]
        fn the_dump_source_reads_it_back(
            rows in proptest::collection::vec(
                (
                    proptest::option::of(-i64::MAX..=i64::MAX),
                    "[a-zé,\"\r\n \\\\.]{0,12}",
                    proptest::option::of(-700_000i32..2_900_000),
                    proptest::option::of(any::<bool>()),
                ),
                0..30,
            )
        ) {
            let mut writer = Rows::new(&columns());
            let mut text = writer.text(&batch(&rows)).to_vec();
            text.extend(writer.rest());
            let source = DumpSource::embedded("test", vec![("school.csv".into(), text.into())]).unwrap();
            let request = Request {
                table: "school".into(),
                columns: COLUMNS
                    .iter()
                    .map(|(name, kind)| ColumnRequest { name: Some((*name).to_owned()), kind: *kind })
                    .collect(),
                year: None,
            };
            let mut read: Vec<Row> = Vec::new();
            source
                .read(&request, Part::WHOLE, &mut |b| {
                    read.extend((0..b.rows()).map(|r| {
                        (b.int(0, r), b.text(1, r).to_owned(), b.date(2, r).map(|d| d.number()), b.flag(3, r))
                    }));
                    Ok(())
                })
                .unwrap();
            prop_assert_eq!(read, rows);
        }
    }
}
