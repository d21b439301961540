//! A table of a snapshot as Parquet. The only place of the snapshot that knows polars.
//!
//! In: batches of one table. Out: a file with a row group for every [`ROWS`] rows, of integers, strings, dates and
//! booleans, which the dump source reads as it reads the same table in CSV. Absent cells are nulls.

use std::fs::File;
use std::io::{self, BufWriter};

use polars::prelude::{
    BatchedWriter, Column as Stored, DataFrame, DataType, IntoColumn, NamedFrom, ParquetWriter, PolarsError,
    Schema, Series,
};

use crate::source::{Batch, Kind};

/// Rows of a row group: what memory holds of a table at a time.
const ROWS: usize = 128 * 1024;
/// Text of a row group, in bytes, beyond which it is written early.
const TEXT: usize = 64 * 1024 * 1024;
/// Days from 1970-01-01, where Parquet counts from, to 2000-01-01.
const UNIX_TO_DAY: i32 = 10_957;

/// Values of a column that wait for their row group.
enum Waiting {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<String>>),
    Date(Vec<Option<i32>>),
    Bool(Vec<Option<bool>>),
}

impl Waiting {
    fn new(kind: Kind) -> Waiting {
        match kind {
            Kind::Int => Waiting::Int(Vec::new()),
            Kind::Text => Waiting::Text(Vec::new()),
            Kind::Date => Waiting::Date(Vec::new()),
            Kind::Bool => Waiting::Bool(Vec::new()),
        }
    }

    fn kind(&self) -> DataType {
        match self {
            Waiting::Int(_) => DataType::Int64,
            Waiting::Text(_) => DataType::String,
            Waiting::Date(_) => DataType::Date,
            Waiting::Bool(_) => DataType::Boolean,
        }
    }

    /// The column, whose place here is then empty.
    fn take(&mut self, name: &str) -> Result<Stored, PolarsError> {
        let name = name.into();
        let series = match self {
            Waiting::Int(values) => Series::new(name, std::mem::take(values)),
            Waiting::Text(values) => Series::new(name, std::mem::take(values)),
            Waiting::Date(values) => Series::new(name, std::mem::take(values)).cast(&DataType::Date)?,
            Waiting::Bool(values) => Series::new(name, std::mem::take(values)),
        };
        Ok(series.into_column())
    }
}

/// A file in the making.
pub(super) struct Writer {
    file: File,
    inner: BatchedWriter<File>,
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
    pub(super) fn new(file: BufWriter<File>, columns: &[(String, Kind)]) -> io::Result<Writer> {
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        let columns: Vec<(String, Waiting)> =
            columns.iter().map(|(name, kind)| (name.clone(), Waiting::new(*kind))).collect();
        let schema: Schema =
            columns.iter().map(|(name, waiting)| (name.as_str().into(), waiting.kind())).collect();
        let inner =
            ParquetWriter::new(file.try_clone()?).set_parallel(false).batched(&schema).map_err(told)?;
        Ok(Writer { file, inner, columns, rows: 0, text: 0 })
    }

    pub(super) fn put(&mut self, batch: &Batch) -> io::Result<()> {
        for (column, (_, waiting)) in self.columns.iter_mut().enumerate() {
            let rows = 0..batch.rows();
            match waiting {
                Waiting::Int(values) => values.extend(rows.map(|row| batch.int(column, row))),
                Waiting::Text(values) => values.extend(rows.map(|row| {
                    let text = batch.text(column, row);
                    self.text += text.len();
                    (!text.is_empty()).then(|| text.to_owned())
                })),
                Waiting::Date(values) => {
                    values.extend(rows.map(|row| batch.date(column, row).map(|day| day.0 + UNIX_TO_DAY)));
                }
                Waiting::Bool(values) => values.extend(rows.map(|row| batch.flag(column, row))),
            }
        }
        self.rows += batch.rows();
        if self.rows >= ROWS || self.text >= TEXT { self.group() } else { Ok(()) }
    }

    fn group(&mut self) -> io::Result<()> {
        let columns =
            self.columns.iter_mut().map(|(name, waiting)| waiting.take(name)).collect::<Result<Vec<_>, _>>();
        let frame = columns.and_then(|columns| DataFrame::new(self.rows, columns)).map_err(told)?;
        (self.rows, self.text) = (0, 0);
        self.inner.write_batch(&frame).map_err(told)
    }

    /// Writes the last row group and the footer.
    pub(super) fn finish(mut self) -> io::Result<BufWriter<File>> {
        if self.rows > 0 {
            self.group()?;
        }
        self.inner.finish().map_err(told)?;
        Ok(BufWriter::new(self.file))
    }
}
