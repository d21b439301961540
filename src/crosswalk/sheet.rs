//! The text of a seed file: bytes in, rows with line numbers out.
//!
//! Takes what spreadsheets and dbt projects hold: a byte order mark, any line ending, extra columns in any order,
//! quoted values, blank rows and trailing blank cells. It knows the header of a seed but judges no answer.

use super::error::{CrosswalkError, excerpt};
use super::seed::{ROWS, Seed, UNDECIDED};

/// A row with something on the Ed-Fi side; all texts are trimmed.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) line: usize,
    pub(super) namespace: Option<String>,
    pub(super) key: String,
    /// In the order of [`Seed::answers`].
    pub(super) answers: Vec<String>,
    /// Whether it has no answer because nobody has decided yet.
    pub(super) undecided: bool,
}

/// What a seed file says.
#[derive(Debug)]
pub(super) struct Sheet {
    /// Which of [`Seed::keys`] the header has.
    pub(super) key: &'static str,
    pub(super) rows: Vec<Row>,
}

/// Where the columns of a seed stand in the header.
pub(super) struct Header {
    pub(super) width: usize,
    key_name: &'static str,
    pub(super) key: usize,
    namespace: Option<usize>,
    /// In the order of [`Seed::answers`].
    pub(super) answers: Vec<Option<usize>>,
    pub(super) undecided: Option<usize>,
    pub(super) rows: Option<usize>,
}

/// Reads a seed file; `file` is its name for messages.
pub(super) fn read(file: &str, bytes: &[u8], seed: &Seed) -> Result<Sheet, CrosswalkError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = error.valid_up_to();
        CrosswalkError::NotUtf8 {
            file: file.to_owned(),
            line: Lines::new(bytes).at(good),
            byte: bytes.get(good).copied().unwrap_or_default(),
        }
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = Lines::new(text.as_bytes());
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut header: Option<Header> = None;
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    loop {
        let more = reader
            .read_record(&mut record)
            .map_err(|error| CrosswalkError::Unreadable { path: file.into(), reason: error.to_string() })?;
        if !more {
            break;
        }
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let start = record.position().map_or(0, csv::Position::byte);
        let line = lines.of_record(usize::try_from(start).unwrap_or(usize::MAX));
        match &header {
            None => header = Some(find_columns(file, line, &record, seed)?),
            Some(header) => rows.extend(read_row(file, line, &record, header, seed)?),
        }
    }
    match header {
        Some(header) => Ok(Sheet { key: header.key_name, rows }),
        // Nothing but blank lines: the header lacks everything.
        None => find_columns(file, 1, &csv::StringRecord::new(), seed)
            .map(|header| Sheet { key: header.key_name, rows }),
    }
}

/// The header of a text, which stands in its first line that is not blank.
pub(super) fn header(file: &str, text: &str, seed: &Seed) -> Result<Header, CrosswalkError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = reader.into_records().flatten();
    let record = records.find(|record| record.iter().any(|cell| !cell.trim().is_empty()));
    find_columns(file, 1, &record.unwrap_or_default(), seed)
}

fn find_columns(
    file: &str,
    line: usize,
    record: &csv::StringRecord,
    seed: &Seed,
) -> Result<Header, CrosswalkError> {
    // Warehouses fold the case of column names, so it carries no meaning here.
    let find = |names: &[&'static str]| -> Result<Option<(usize, &'static str)>, CrosswalkError> {
        let mut found: Option<(usize, &'static str)> = None;
        for (at, cell) in record.iter().enumerate() {
            let Some(name) = names.iter().find(|name| cell.trim().eq_ignore_ascii_case(name)) else {
                continue;
            };
            if let Some((first, _)) = found {
                return Err(CrosswalkError::ColumnTwice {
                    file: file.to_owned(),
                    line,
                    first: excerpt(record.get(first).unwrap_or_default()),
                    second: excerpt(cell),
                });
            }
            found = Some((at, name));
        }
        Ok(found)
    };
    let missing = |column: &str| CrosswalkError::MissingColumn {
        file: file.to_owned(),
        line,
        column: column.to_owned(),
        expected: std::iter::once(seed.keys.join(" or "))
            .chain(seed.answers.iter().filter(|a| !a.optional).map(|a| a.name.to_owned()))
            .collect::<Vec<_>>()
            .join(", "),
        found: excerpt(&record.iter().collect::<Vec<_>>().join(",")),
    };
    let (key, key_name) = find(seed.keys)?.ok_or_else(|| missing(&seed.keys.join(" or ")))?;
    let namespace = find(&["namespace"])?.map(|(at, _)| at);
    let undecided = find(&[UNDECIDED])?.map(|(at, _)| at);
    // Nothing reads it: two columns of that name are no fault.
    let rows = record.iter().position(|cell| cell.trim().eq_ignore_ascii_case(ROWS));
    let mut answers = Vec::with_capacity(seed.answers.len());
    for column in seed.answers {
        match find(&[column.name])? {
            Some((at, _)) => answers.push(Some(at)),
            None if column.optional => answers.push(None),
            None => return Err(missing(column.name)),
        }
    }
    Ok(Header { width: record.len(), key_name, key, namespace, answers, undecided, rows })
}

/// Reads a row, `None` when its Ed-Fi side is blank as in a template.
fn read_row(
    file: &str,
    line: usize,
    record: &csv::StringRecord,
    header: &Header,
    seed: &Seed,
) -> Result<Option<Row>, CrosswalkError> {
    // A value with an unquoted comma shifts every cell after it; only blank cells may follow the last column.
    let surplus = record.iter().skip(header.width).any(|cell| !cell.trim().is_empty());
    if record.len() < header.width || surplus {
        return Err(CrosswalkError::Ragged {
            file: file.to_owned(),
            line,
            value: excerpt(record.get(0).unwrap_or_default()),
            cells: record.len(),
            columns: header.width,
        });
    }
    let cell = |at: usize, column: &'static str| {
        let text = record.get(at).unwrap_or_default().trim();
        if text.contains(['\n', '\r']) {
            return Err(CrosswalkError::LineBreak {
                file: file.to_owned(),
                line,
                column,
                value: excerpt(text),
            });
        }
        Ok(text)
    };
    let key = cell(header.key, header.key_name)?;
    if key.is_empty() {
        return Ok(None);
    }
    let namespace = match header.namespace {
        Some(at) => Some(cell(at, "namespace")?).filter(|text| !text.is_empty()),
        None => None,
    };
    let answers = seed
        .answers
        .iter()
        .zip(&header.answers)
        .map(|(column, at)| at.map_or(Ok(""), |at| cell(at, column.name)).map(str::to_owned))
        .collect::<Result<Vec<String>, _>>()?;
    let marked = header.undecided.map_or(Ok(""), |at| cell(at, UNDECIDED))?;
    let undecided = !marked.is_empty() && answers.iter().all(String::is_empty);
    Ok(Some(Row { line, namespace: namespace.map(str::to_owned), key: key.to_owned(), answers, undecided }))
}

/// Counts lines up to ascending offsets. The csv crate's own count is one behind after CR LF and blank lines.
struct Lines<'a> {
    bytes: &'a [u8],
    offset: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0, line: 1 }
    }

    /// Line of the byte at an offset that is not before an earlier one.
    fn at(&mut self, offset: usize) -> usize {
        while self.offset < offset.min(self.bytes.len()) {
            let lone_cr = self.bytes[self.offset] == b'\r' && self.bytes.get(self.offset + 1) != Some(&b'\n');
            self.line += usize::from(lone_cr || self.bytes[self.offset] == b'\n');
            self.offset += 1;
        }
        self.line
    }

    /// Line of the record that the reader began at an offset: line ends that it still had to skip do not count
    /// as part of it.
    fn of_record(&mut self, offset: usize) -> usize {
        let skipped = self
            .bytes
            .get(offset..)
            .map_or(0, |rest| rest.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count());
        self.at(offset.saturating_add(skipped))
    }
}

#[cfg(test)]
mod tests {
    use super::super::seed::{POSITIONS, SUBJECTS};
    use super::*;

    fn lines(text: &str) -> Vec<(usize, String)> {
        let sheet = read("f.csv", text.as_bytes(), &POSITIONS).unwrap();
        sheet.rows.into_iter().map(|row| (row.line, row.key)).collect()
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        let expected = vec![(3, "a".to_owned()), (6, "b".to_owned())];
        for end in ["\n", "\r\n", "\r"] {
            let text = ["", "classroom_position,is_primary", "a,1", "", " , ", "b,0"].join(end);
            assert_eq!(
                lines(&text),
                expected.iter().map(|(l, k)| (*l, k.clone())).collect::<Vec<_>>(),
                "{end:?}"
            );
            let text = format!("\u{feff}{}{end}{end}", text);
            assert_eq!(lines(&text), expected, "{end:?} with a byte order mark");
        }
    }

    #[test]
    fn header_may_be_reordered_extended_and_in_any_case() {
        let text = " Note ,IS_PRIMARY,Classroom_Position\nx,TRUE,\"Teacher, of \"\"record\"\"\"\n,,,\n";
        let sheet = read("f.csv", text.as_bytes(), &POSITIONS).unwrap();
        assert_eq!(sheet.rows.len(), 1);
        assert_eq!(sheet.rows[0].key, "Teacher, of \"record\"");
        assert_eq!(sheet.rows[0].answers, ["TRUE"]);
        assert_eq!(sheet.rows[0].namespace, None);
    }

    #[test]
    fn a_shifted_row_is_refused_and_blank_surplus_is_not() {
        let head = "academic_subject,subject_title,subject_code\n";
        let shifted = format!("{head}Physical, Health, and Safety Education,PE,08001\n");
        assert!(matches!(
            read("f.csv", shifted.as_bytes(), &SUBJECTS),
            Err(CrosswalkError::Ragged { line: 2, cells: 5, columns: 3, .. })
        ));
        let short = format!("{head}Reading,Reading\n");
        assert!(matches!(
            read("f.csv", short.as_bytes(), &SUBJECTS),
            Err(CrosswalkError::Ragged { cells: 2, .. })
        ));
        let blank = format!("{head}Reading,Reading,01068,,\n");
        assert_eq!(read("f.csv", blank.as_bytes(), &SUBJECTS).unwrap().rows.len(), 1);
    }

    #[test]
    fn an_open_quote_swallows_nothing_in_silence() {
        let text = "academic_subject,subject_title,subject_code\nReading,\"Reading,1\nWriting,x,2\n";
        assert!(matches!(
            read("f.csv", text.as_bytes(), &SUBJECTS),
            Err(CrosswalkError::Ragged { line: 2, .. })
        ));
        let text = "academic_subject,subject_title,subject_code\nReading,Reading,\"1\nWriting,x,2\n";
        assert!(matches!(
            read("f.csv", text.as_bytes(), &SUBJECTS),
            Err(CrosswalkError::LineBreak { line: 2, column: "subject_code", value, .. }) if value == "1"
        ));
    }
}
