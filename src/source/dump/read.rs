//! Reading one CSV extract: its header at the start of a run, its rows into batches later.
//!
//! In: a [`TableFile`] and a [`Request`]. Out: a [`Header`], or batches in the reused [`Batch`]. Whatever is
//! not exactly an extract is an error with file, line and column: a row that is skipped here is a child
//! deleted at a vendor.

use crate::source::batch::BATCH_ROWS;
use crate::source::{Batch, Column, ReadStats, Request, Sink, SourceError};

use super::cell::{self, Dialect};
use super::folder::{Content, Form, TableFile};
use crate::rfc4180::{Blocks, Flaw, LONGEST, Record, Walk};

/// A batch is handed on early when it holds this much file text, so that long texts stay in bounded memory
/// and far below the four gigabytes that a text column can address.
const BATCH_BYTES: u64 = 16 * 1024 * 1024;

/// The first record of a file.
#[derive(Debug)]
pub(super) struct Header {
    /// Column names in lower case.
    pub(super) columns: Vec<String>,
    pub(super) dialect: Dialect,
    /// A guess from the length of the first rows.
    pub(super) rows_estimate: Option<u64>,
}

/// A CSV stream behind its byte order mark, block by block, with the line it is at.
struct Stream<'f> {
    file: &'f TableFile,
    blocks: Blocks<Box<dyn std::io::Read + 'f>>,
    line: u64,
}

/// What to do after a record.
enum Next {
    Go,
    Stop,
}

impl<'f> Stream<'f> {
    fn open(file: &'f TableFile) -> Result<Stream<'f>, SourceError> {
        file.check_unchanged()?;
        let mut stream = Stream { file, blocks: Blocks::new(file.open()?), line: 1 };
        let mark = match stream.blocks.head().map_err(|flaw| fault(file, 1, flaw))? {
            [0xef, 0xbb, 0xbf, ..] => 3,
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
                return Err(file.content_error(1, None, "the file is UTF-16. Write the extract as UTF-8"));
            }
            _ => 0,
        };
        stream.blocks.consume(mark);
        Ok(stream)
    }

    /// Hands every record with the ends of its fields to `each`, until that stops or the stream ends.
    fn records(
        &mut self,
        mut each: impl FnMut(Record<'_>, &[u32]) -> Result<Next, SourceError>,
    ) -> Result<(), SourceError> {
        let mut ends = Vec::new();
        loop {
            let block = self.blocks.next_block().map_err(|flaw| fault(self.file, self.line, flaw))?;
            let mut walk = Walk::new(block, self.line);
            while let Some(record) =
                walk.next(&mut ends).map_err(|flaw| fault(self.file, walk.line(), flaw))?
            {
                if let Next::Stop = each(record, &ends)? {
                    return Ok(());
                }
            }
            self.line = walk.line();
            let (bytes, last) = walk.end();
            self.blocks.consume(bytes);
            if last {
                return Ok(());
            }
        }
    }
}

/// The error for a flaw of the record that starts on `line`.
#[cold]
fn fault(file: &TableFile, line: u64, flaw: Flaw) -> SourceError {
    let at = |reason: String| file.content_error(line, None, reason);
    match flaw {
        Flaw::Read(e) if file.form == Form::GzippedCsv => file.unreadable(format!(
            "the gzip stream is cut off or damaged after line {line} ({e}). Write or copy the extract again"
        )),
        Flaw::Read(e) => file.unreadable(e),
        Flaw::NotUtf8 => at("the record holds bytes that are not UTF-8. Write the extract as \
             UTF-8"
            .to_owned()),
        Flaw::Nul => {
            at("the record holds a NUL byte. Write the extract as UTF-8 text (UTF-16 without a mark looks \
             like this)"
                .to_owned())
        }
        Flaw::StrayQuote(field) => at(format!(
            "a quote stands inside field {}, which does not begin with one. Quote the whole \
                 field and double the quote",
            field + 1
        )),
        Flaw::AfterQuote(field) => at(format!(
            "text stands behind the closing quote of field {}. Double the quotes inside a \
                 quoted field",
            field + 1
        )),
        Flaw::OpenQuote(field) => at(format!(
            "the file ends inside the quoted field {}: it is cut off, or a quote is missing. Write or \
             copy the extract again",
            field + 1
        )),
        Flaw::TooLong => {
            let limit = LONGEST >> 20;
            at(format!("the record is longer than {limit} MiB: a closing quote is probably missing"))
        }
    }
}

/// Reads the header and looks at the first rows.
///
/// # Errors
/// An unreadable file, no header at all, columns without a name or with the same name.
pub(super) fn header(file: &TableFile) -> Result<Header, SourceError> {
    const SAMPLED_ROWS: u64 = 200;
    let mut stream = Stream::open(file)?;
    let mut found: Option<(Vec<String>, Dialect)> = None;
    let (mut rows, mut bytes, mut header_bytes) = (0u64, 0u64, 0u64);
    let outcome = stream.records(|record, ends| {
        let length = record.length(ends) as u64 + 1;
        if found.is_some() {
            rows += 1;
            bytes += length;
            return Ok(if rows < SAMPLED_ROWS { Next::Go } else { Next::Stop });
        }
        header_bytes = length;
        let names: Vec<&str> = (0..ends.len()).map(|n| record.field(ends, n).text).collect();
        check_names(file, &names)?;
        let dialect = Dialect::of_header(names.iter().copied());
        found = Some((names.iter().map(|n| n.to_ascii_lowercase()).collect(), dialect));
        Ok(if file.form == Form::Csv { Next::Go } else { Next::Stop })
    });
    match (outcome, found) {
        // A flaw behind the header is reported when the rows are wanted.
        (_, Some((columns, dialect))) => {
            let body = file.length().saturating_sub(header_bytes);
            let guess = body.saturating_mul(rows).checked_div(bytes).unwrap_or(0);
            let rows_estimate = (file.form == Form::Csv).then_some(guess);
            Ok(Header { columns, dialect, rows_estimate })
        }
        (Err(e), None) => Err(e),
        (Ok(()), None) => Err(file.content_error(
            1,
            None,
            "the file is empty: not even the header is there. Write the extract again",
        )),
    }
}

fn check_names(file: &TableFile, names: &[&str]) -> Result<(), SourceError> {
    let wrong = |reason: String| Err(file.content_error(1, None, reason));
    if names.iter().any(|name| name.contains('\r')) {
        return wrong("lines end with a lone carriage return. End them with a line feed".to_owned());
    }
    if let [only] = names
        && let Some(separator) = only.chars().find(|c| matches!(c, ';' | '\t' | '|'))
    {
        return wrong(format!("the columns are separated by {separator:?}. Separate them by commas"));
    }
    // Positions, not names: in a file without a header these are somebody's values.
    let lower: Vec<String> = names.iter().map(|n| n.to_ascii_lowercase()).collect();
    for (n, name) in lower.iter().enumerate() {
        if name.trim().is_empty() {
            return wrong(format!("column {} of the header has no name. Extract with a header", n + 1));
        }
        if let Some(first) = lower[..n].iter().position(|other| other == name) {
            return wrong(format!("columns {} and {} of the header have the same name", first + 1, n + 1));
        }
    }
    Ok(())
}

/// Where a batch's column is in the file.
struct Wanted<'r> {
    column: usize,
    field: usize,
    name: &'r str,
}

/// Reads a whole file into batches.
///
/// # Errors
/// Everything that keeps the rows from being read completely and correctly; the sink's own error.
pub(super) fn rows(
    file: &TableFile,
    header: &Header,
    request: &Request,
    sink: &mut Sink<'_>,
) -> Result<ReadStats, SourceError> {
    let position = |name: &str| {
        header.columns.iter().position(|c| c == name).ok_or_else(|| {
            file.content_error(
                1,
                Some(name),
                "the file has no such column. Extract the table with all its columns",
            )
        })
    };
    let mut wanted = Vec::with_capacity(request.columns.len());
    let mut columns = Vec::with_capacity(request.columns.len());
    for (column, asked) in request.columns.iter().enumerate() {
        match &asked.name {
            Some(name) => {
                wanted.push(Wanted { column, field: position(name)?, name });
                columns.push(Column::new(asked.kind));
            }
            None => columns.push(Column::Missing),
        }
    }
    let year = match &request.year {
        Some((name, year)) => Some((position(name)?, name, i64::from(*year))),
        None => None,
    };

    let width = header.columns.len();
    let dialect = header.dialect;
    let mut batch = Batch::new(columns);
    let mut scratch = String::new();
    let mut stats = ReadStats::default();
    let mut batch_bytes = 0u64;
    let mut blank = None;
    let mut started = false;
    let (mut closed, mut last_line) = (true, 1);
    let mut stream = Stream::open(file)?;
    stream.records(|record, ends| {
        (closed, last_line) = (record.closed, record.line);
        if !std::mem::replace(&mut started, true) {
            return Ok(Next::Go);
        }
        if ends.len() != width {
            // Blank lines are harmless at the very end only.
            if record.is_blank(ends) {
                blank.get_or_insert(record.line);
                return Ok(Next::Go);
            }
            let (fields, s) = (ends.len(), if ends.len() == 1 { "" } else { "s" });
            return Err(file.content_error(
                record.line,
                None,
                format!(
                    "the record has {fields} field{s}, the header has {width}. The file is cut off \
                     or badly quoted: write the extract again"
                ),
            ));
        }
        if let Some(line) = blank {
            return Err(file.content_error(line, None, "blank line between records"));
        }
        if let Some((field, name, year)) = year {
            let field = record.field(ends, field);
            match cell::integer(field.text.as_bytes()) {
                Some(found) if found == year => {}
                Some(_) => return Ok(Next::Go),
                None => {
                    let reason = "expected a school year like 2022 in every row";
                    return Err(file.content_error(record.line, Some(name), reason));
                }
            }
        }
        for Wanted { column, field, name } in &wanted {
            cell::push(&mut batch.columns[*column], record.field(ends, *field), dialect, &mut scratch)
                .map_err(|reason| file.content_error(record.line, Some(name), reason))?;
        }
        batch.end_row();
        batch_bytes += record.length(ends) as u64;
        if batch.rows() == BATCH_ROWS || batch_bytes >= BATCH_BYTES {
            hand_on(&mut batch, sink, &mut stats)?;
            batch_bytes = 0;
        }
        Ok(Next::Go)
    })?;
    if !closed && dialect == Dialect::Postgres {
        return Err(file.content_error(
            last_line,
            None,
            "the last line has no line break, which PostgreSQL always writes: the file looks cut off. \
             Write or copy the extract again, or end the line if the file is complete",
        ));
    }
    stats.bytes = stream.blocks.bytes();
    // Counted, not asked for: file systems on a network may still show an old length.
    if let (Form::Csv, Content::Disk(stamp)) = (file.form, &file.content)
        && stamp.length != stats.bytes
    {
        return Err(file.unreadable(format!(
            "it had {} bytes at the start of the run and {} when it was read. Run again when the \
             extract is complete",
            stamp.length, stats.bytes
        )));
    }
    file.check_unchanged()?;
    hand_on(&mut batch, sink, &mut stats)?;
    Ok(stats)
}

fn hand_on(batch: &mut Batch, sink: &mut Sink<'_>, stats: &mut ReadStats) -> Result<(), SourceError> {
    if batch.rows() > 0 {
        stats.rows += batch.rows() as u64;
        sink(batch)?;
        batch.clear();
    }
    Ok(())
}
