//! A table of a warehouse as Parquet. The only place of `package` that knows polars.
//!
//! In: the blocks of a table as CSV, each row with the tenant at its end. Out: a file with a row group for about every
//! [`ROWS`] rows, whose columns have the types of the specification: dates, 64-bit integers, 64-bit floats, booleans,
//! time stamps (milliseconds, UTC), text. A blank cell is a null; a list stays one text with commas, as in the
//! package. A number that a float cannot hold exactly is an error, not rounded.

use std::fs;
use std::io;

use polars::prelude::{
    BatchedWriter, Column as Stored, DataFrame, DataType, IntoColumn, NamedFrom, ParquetWriter, PolarsError,
    Schema, Series, TimeUnit,
};

use super::error::{PackageError, Step};
use super::partial::Partial;
use super::table::{TENANT_COLUMN, Table};
use crate::day::Day;
use crate::spec::{Kind, vocabulary};

/// Rows of a row group, at least: what memory holds of a table at a time.
const ROWS: usize = 128 * 1024;
/// Text of a row group, in bytes, beyond which it is written early.
const TEXT: usize = 64 * 1024 * 1024;
/// Days from 1970-01-01, where Parquet counts from, to 2000-01-01.
const UNIX_TO_DAY: i32 = 10_957;
const DAY_MILLISECONDS: i64 = 86_400_000;

/// Values of a column that wait for their row group.
enum Waiting {
    Text(Vec<Option<String>>),
    Flag(Vec<Option<bool>>),
    Int(Vec<Option<i64>>),
    Float(Vec<Option<f64>>),
    Date(Vec<Option<i32>>),
    Time(Vec<Option<i64>>),
}

impl Waiting {
    /// Of a column of the specification.
    fn of(kind: &Kind) -> Waiting {
        match kind {
            Kind::Enum(words) if std::ptr::eq(*words, &vocabulary::BOOLEAN) => Waiting::Flag(Vec::new()),
            Kind::Date => Waiting::Date(Vec::new()),
            Kind::DateTime => Waiting::Time(Vec::new()),
            Kind::Year | Kind::Integer => Waiting::Int(Vec::new()),
            Kind::Float => Waiting::Float(Vec::new()),
            Kind::Id
            | Kind::Ref(_)
            | Kind::RefList(_)
            | Kind::Text
            | Kind::TextList
            | Kind::Enum(_)
            | Kind::EnumList(_) => Waiting::Text(Vec::new()),
        }
    }

    fn stored_as(&self) -> DataType {
        match self {
            Waiting::Text(_) => DataType::String,
            Waiting::Flag(_) => DataType::Boolean,
            Waiting::Int(_) => DataType::Int64,
            Waiting::Float(_) => DataType::Float64,
            Waiting::Date(_) => DataType::Date,
            Waiting::Time(_) => DataType::Datetime(TimeUnit::Milliseconds, None),
        }
    }

    /// Takes a cell; `None` when it is none of this kind.
    fn put(&mut self, cell: &str) -> Option<()> {
        fn parsed<T>(cell: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
            if cell.is_empty() { Some(None) } else { parse(cell).map(Some) }
        }
        match self {
            Waiting::Text(values) => values.push(parsed(cell, |cell| Some(cell.to_owned()))?),
            Waiting::Flag(values) => values.push(parsed(cell, |cell| cell.parse().ok())?),
            Waiting::Int(values) => values.push(parsed(cell, |cell| cell.parse().ok())?),
            Waiting::Float(values) => values.push(parsed(cell, exact)?),
            Waiting::Date(values) => values.push(parsed(cell, days)?),
            Waiting::Time(values) => values.push(parsed(cell, milliseconds)?),
        }
        Some(())
    }

    /// The column, whose place here is then empty.
    fn take(&mut self, name: &str) -> Result<Stored, PolarsError> {
        let (name, kind) = (name.into(), self.stored_as());
        let series = match self {
            Waiting::Text(values) => Series::new(name, std::mem::take(values)),
            Waiting::Flag(values) => Series::new(name, std::mem::take(values)),
            Waiting::Int(values) => Series::new(name, std::mem::take(values)),
            Waiting::Float(values) => Series::new(name, std::mem::take(values)),
            Waiting::Date(values) => Series::new(name, std::mem::take(values)).cast(&kind)?,
            Waiting::Time(values) => Series::new(name, std::mem::take(values)).cast(&kind)?,
        };
        Ok(series.into_column())
    }
}

/// A float that reads back as the cell.
fn exact(cell: &str) -> Option<f64> {
    cell.parse::<f64>().ok().filter(|number| number.to_string() == cell)
}

/// Days since 1970-01-01.
fn days(cell: &str) -> Option<i32> {
    Some(Day::parse(cell.as_bytes())?.0 + UNIX_TO_DAY)
}

/// Milliseconds since 1970-01-01 of `YYYY-MM-DDTHH:MM:SS.sssZ`.
fn milliseconds(cell: &str) -> Option<i64> {
    let (day, time) = cell.strip_suffix('Z')?.split_once('T')?;
    let parts: Vec<i64> = time.split([':', '.']).map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let &[hours, minutes, seconds, thousandths] = &parts[..] else { return None };
    let of_day = ((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths;
    Some(i64::from(days(day)?) * DAY_MILLISECONDS + of_day)
}

/// Why rows could not be taken.
pub(super) enum Fault {
    Disk(io::Error),
    /// A cell that its column cannot hold.
    Cell {
        column: String,
        cell: String,
    },
}

impl Fault {
    /// The fault as an error about the table.
    pub(super) fn told(self, partial: &Partial) -> PackageError {
        match self {
            Fault::Disk(error) => partial.error(Step::Write, &error),
            Fault::Cell { column, cell } => PackageError::Setting {
                reason: format!(
                    "{}: a cell of column {column}, `{cell}`, has no exact place in Parquet",
                    partial.target().display()
                ),
                remedy: "write the tables with --tables-format csv",
            },
        }
    }
}

/// A file in the making.
pub(super) struct Writer {
    inner: BatchedWriter<fs::File>,
    columns: Vec<(String, Waiting)>,
    rows: usize,
    text: usize,
}

fn told(error: PolarsError) -> io::Error {
    match error {
        PolarsError::IO { error, .. } => {
            error.raw_os_error().map_or(io::Error::other(error), io::Error::from_raw_os_error)
        }
        other => io::Error::other(other),
    }
}

impl Writer {
    /// A file for the rows of this table.
    pub(super) fn new(file: &fs::File, table: &Table<'_>) -> io::Result<Writer> {
        let own = table.spec.columns.iter().map(|column| (column.name, Waiting::of(&column.kind)));
        let more = table.extensions.iter().map(String::as_str).chain([TENANT_COLUMN]);
        let columns: Vec<(String, Waiting)> = own
            .chain(more.map(|name| (name, Waiting::Text(Vec::new()))))
            .map(|(name, waiting)| (name.to_owned(), waiting))
            .collect();
        let schema: Schema =
            columns.iter().map(|(name, waiting)| (name.as_str().into(), waiting.stored_as())).collect();
        let inner =
            ParquetWriter::new(file.try_clone()?).set_parallel(false).batched(&schema).map_err(told)?;
        Ok(Writer { inner, columns, rows: 0, text: 0 })
    }

    /// Takes rows as CSV without a header.
    pub(super) fn put(&mut self, block: &[u8]) -> Result<(), Fault> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(block);
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(|error| Fault::Disk(io::Error::other(error)))? {
            if record.len() != self.columns.len() {
                let widths = format!("{} cells instead of {}", record.len(), self.columns.len());
                return Err(Fault::Disk(io::Error::other(widths)));
            }
            for ((name, waiting), cell) in self.columns.iter_mut().zip(&record) {
                self.text += cell.len();
                waiting
                    .put(cell)
                    .ok_or_else(|| Fault::Cell { column: name.clone(), cell: cell.to_owned() })?;
            }
            self.rows += 1;
        }
        if self.rows >= ROWS || self.text >= TEXT { self.group().map_err(Fault::Disk) } else { Ok(()) }
    }

    fn group(&mut self) -> io::Result<()> {
        let columns =
            self.columns.iter_mut().map(|(name, waiting)| waiting.take(name)).collect::<Result<Vec<_>, _>>();
        let frame = columns.and_then(|columns| DataFrame::new(self.rows, columns)).map_err(told)?;
        (self.rows, self.text) = (0, 0);
        self.inner.write_batch(&frame).map_err(told)
    }

    /// Writes the last row group and the footer.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if self.rows > 0 {
            self.group()?;
        }
        self.inner.finish().map(drop).map_err(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_become_values_or_are_refused() {
        assert_eq!(
            (exact("12.5"), exact("100"), exact("0"), exact("-0.1")),
            (Some(12.5), Some(100.0), Some(0.0), Some(-0.1))
        );
        assert_eq!((exact("12345678901234567"), exact("abc"), exact("1.50")), (None, None, None));
        assert_eq!(
            (days("1970-01-01"), days("2000-01-01"), days("2000-02-30")),
            (Some(0), Some(UNIX_TO_DAY), None)
        );
        assert_eq!(milliseconds("1970-01-02T01:02:03.004Z"), Some(DAY_MILLISECONDS + 3_723_004));
        assert_eq!(milliseconds("1970-01-02"), None);
        let mut flags = Waiting::of(&Kind::Enum(&vocabulary::BOOLEAN));
        assert_eq!((flags.put("true"), flags.put(""), flags.put("yes")), (Some(()), Some(()), None));
        assert!(matches!(Waiting::of(&Kind::Enum(&vocabulary::STATUS)), Waiting::Text(_)));
    }
}
