//! Parquet extracts as tables of a dump folder. The only place of the source that knows polars.
//!
//! In: a [`TableFile`] and a [`Request`]. Out: the same batches as from the same table in CSV. One row group is
//! decoded at a time; the file's own, compressed bytes are held in memory rather than mapped, because a mapped
//! file that somebody truncates kills the process. Does not write Parquet.

use std::fs::File;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use polars::io::mmap::MmapBytesReader;
use polars::prelude::{DataType, ParallelStrategy, ParquetReader, PolarsResult, SerReader, Series, TimeUnit};

use crate::day::Day;
use crate::rfc4180::Field;
use crate::source::batch::BATCH_ROWS;
use crate::source::dump::cell::{self, Dialect};
use crate::source::dump::folder::{Content, TableFile};
use crate::source::{Batch, Column, ReadStats, Request, Sink, SourceError};

/// Days from 1970-01-01, where Parquet counts from, to 2000-01-01.
const UNIX_TO_DAY: i64 = 10_957;
/// Text of one batch column beyond which its offsets could overflow.
const TEXT_LIMIT: usize = 1 << 30;

/// What a file says of itself.
#[derive(Debug)]
pub(super) struct Header {
    /// Column names as stored.
    names: Vec<String>,
    /// Rows of each row group.
    groups: Vec<usize>,
}

impl Header {
    /// Column names in lower case.
    pub(super) fn columns(&self) -> Vec<String> {
        self.names.iter().map(|n| n.to_ascii_lowercase()).collect()
    }

    /// Rows of the file.
    pub(super) fn rows(&self) -> u64 {
        self.groups.iter().map(|&n| n as u64).sum()
    }

    fn stored(&self, file: &TableFile, name: &str) -> Result<&str, SourceError> {
        self.names.iter().find(|n| n.eq_ignore_ascii_case(name)).map(String::as_str).ok_or_else(|| {
            file.content_error(
                1,
                Some(name),
                "the file has no such column. Extract the table with all its columns",
            )
        })
    }
}

/// Runs polars, which answers some damaged files with a panic: to us both are an unreadable file.
fn guarded<T>(file: &TableFile, work: impl FnOnce() -> PolarsResult<T>) -> Result<T, SourceError> {
    let again = "Write or copy the extract again";
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(e)) => Err(file.unreadable(format!("it is no readable Parquet file ({e}). {again}"))),
        Err(_) => Err(file.unreadable(format!("its Parquet data is damaged. {again}"))),
    }
}

/// Reads the names of the columns and the sizes of the row groups.
///
/// # Errors
/// A file that is not Parquet, and column names that differ in letter case only.
pub(super) fn header(file: &TableFile) -> Result<Header, SourceError> {
    // The footer alone is read.
    let input: Box<dyn MmapBytesReader + '_> = match &file.content {
        Content::Disk(_) => Box::new(File::open(&file.path).map_err(|e| file.unreadable(e))?),
        Content::Memory(bytes) => Box::new(Cursor::new(&bytes[..])),
    };
    let header = guarded(file, || {
        let mut reader = ParquetReader::new(input);
        let names = reader.schema()?.iter_names().map(|name| name.to_string()).collect();
        let groups = reader.get_metadata()?.row_groups.iter().map(|group| group.num_rows()).collect();
        Ok(Header { names, groups })
    })?;
    let mut columns = header.columns();
    columns.sort_unstable();
    if columns.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(file.unreadable("two of its columns have the same name"));
    }
    Ok(header)
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
    let mut names: Vec<String> = Vec::new();
    let mut add = |stored: &str| {
        if !names.iter().any(|n| n == stored) {
            names.push(stored.to_owned());
        }
    };
    let mut wanted = Vec::new();
    let mut columns = Vec::new();
    for (index, asked) in request.columns.iter().enumerate() {
        match &asked.name {
            Some(name) => {
                let stored = header.stored(file, name)?;
                add(stored);
                wanted.push((index, name.as_str(), stored));
                columns.push(Column::new(asked.kind));
            }
            None => columns.push(Column::Missing),
        }
    }
    let year = match &request.year {
        Some((name, year)) => {
            let stored = header.stored(file, name)?;
            add(stored);
            Some((name.as_str(), stored, i64::from(*year)))
        }
        None => None,
    };
    if let (true, Some(first)) = (names.is_empty(), header.names.first()) {
        names.push(first.clone());
    }

    file.check_unchanged()?;
    let bytes = file.bytes()?;
    let mut batch = Batch::new(columns);
    let mut stats = ReadStats { rows: 0, bytes: bytes.len() as u64 };
    let mut before = 0;
    for &height in &header.groups {
        let frame = guarded(file, || {
            ParquetReader::new(Cursor::new(&bytes[..]))
                .with_columns(Some(names.clone()))
                .with_slice(Some((before, height)))
                .read_parallel(ParallelStrategy::None)
                .finish()
        })?;
        if frame.height() != height {
            return Err(file
                .unreadable("a row group is shorter than the file's footer says. Write the extract again"));
        }
        let mut start = 0;
        while start < height {
            let rows = (height - start).min(BATCH_ROWS - batch.rows());
            let slice = |stored: &str| {
                guarded(file, || Ok(frame.column(stored)?.as_materialized_series().slice(start as i64, rows)))
            };
            let stretch = Stretch { file, first_row: (before + start) as u64 + 1 };
            let keep = match year {
                Some((name, stored, year)) => stretch.of_year(name, &slice(stored)?, year)?,
                None => vec![true; rows],
            };
            for (index, name, stored) in &wanted {
                stretch.decode(name, &slice(stored)?, &keep, &mut batch.columns[*index])?;
            }
            keep.iter().filter(|kept| **kept).for_each(|_| batch.end_row());
            start += rows;
            if batch.rows() == BATCH_ROWS {
                hand_on(&mut batch, sink, &mut stats)?;
            }
        }
        before += height;
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

/// Some rows of a file, for decoding and for messages.
struct Stretch<'f> {
    file: &'f TableFile,
    first_row: u64,
}

impl Stretch<'_> {
    fn error(&self, row: usize, column: &str, reason: impl ToString) -> SourceError {
        self.file.content_error(self.first_row + row as u64, Some(column), reason)
    }

    /// Which rows are of a school year.
    fn of_year(&self, name: &str, series: &Series, year: i64) -> Result<Vec<bool>, SourceError> {
        let mut found = Column::Int(Vec::new());
        self.decode(name, series, &vec![true; series.len()], &mut found)?;
        let mut keep = Vec::with_capacity(series.len());
        let batch = Batch::new(vec![found]);
        for row in 0..series.len() {
            let found = batch.int(0, row);
            keep.push(
                found
                    .ok_or_else(|| self.error(row, name, "expected a school year like 2022 in every row"))?
                    == year,
            );
        }
        Ok(keep)
    }

    /// Pushes the kept rows of a series to a column.
    fn decode(
        &self,
        name: &str,
        series: &Series,
        keep: &[bool],
        column: &mut Column,
    ) -> Result<(), SourceError> {
        let file = self.file;
        let foreign = || {
            self.error(0, name, format!("this column is stored as {}, which does not fit it", series.dtype()))
        };
        /// Each kept row's value, absent or pushed by the expression.
        macro_rules! each {
            ($values:expr, |$row:ident, $value:ident| $push:expr) => {
                for ($row, value) in $values.iter().enumerate() {
                    match value {
                        _ if !keep[$row] => {}
                        None => column.push_absent(),
                        Some($value) => $push,
                    }
                }
            };
        }
        match series.dtype() {
            DataType::Null => keep.iter().filter(|kept| **kept).for_each(|_| column.push_absent()),
            DataType::String => {
                let values = guarded(file, || series.str())?;
                let mut size = 0;
                each!(values, |row, text| {
                    if text.contains('\0') {
                        return Err(self.error(row, name, "the text holds a NUL byte"));
                    }
                    size += text.len();
                    if size > TEXT_LIMIT {
                        return Err(SourceError::Capacity(format!(
                            "{}, column {name}: more than 1 GiB of text in {BATCH_ROWS} rows",
                            file.path.display()
                        )));
                    }
                    // Not quoted: nothing is to be undone. Parquet has nulls of its own, so NULL is a name.
                    cell::push(column, Field { text, quoted: false }, Dialect::Postgres, &mut String::new())
                        .map_err(|reason| self.error(row, name, reason))?;
                });
            }
            DataType::Boolean if matches!(column, Column::Bool(_)) => {
                let values = guarded(file, || series.bool())?;
                each!(values, |_row, value| column.push_bool(Some(value)));
            }
            DataType::Date if matches!(column, Column::Date(_)) => {
                let days = guarded(file, || series.date())?.physical().clone();
                each!(days, |row, day| column.push_date(Some(self.day(row, name, i64::from(day))?)));
            }
            DataType::Datetime(unit, _) if matches!(column, Column::Date(_)) => {
                let per_day = 86_400
                    * match unit {
                        TimeUnit::Nanoseconds => 1_000_000_000,
                        TimeUnit::Microseconds => 1_000_000,
                        TimeUnit::Milliseconds => 1_000i64,
                    };
                let times = guarded(file, || series.datetime())?.physical().clone();
                each!(times, |row, time| {
                    if time.rem_euclid(per_day) != 0 {
                        return Err(self.error(
                            row,
                            name,
                            "expected a date, found a time of day other than midnight",
                        ));
                    }
                    column.push_date(Some(self.day(row, name, time.div_euclid(per_day))?));
                });
            }
            kind if kind.is_integer() => {
                let wide = guarded(file, || series.strict_cast(&DataType::Int64))?;
                let values = guarded(file, || wide.i64())?;
                let mut text = String::new();
                match column {
                    Column::Int(_) => each!(values, |row, value| {
                        if value == i64::MIN {
                            return Err(self.error(row, name, "this number is too small for a key"));
                        }
                        column.push_int(Some(value));
                    }),
                    // As CSV has it: digits are text, and 0 and 1 are truth values.
                    _ => each!(values, |row, value| {
                        text.clear();
                        text.push_str(&value.to_string());
                        cell::push(
                            column,
                            Field { text: &text, quoted: false },
                            Dialect::Postgres,
                            &mut String::new(),
                        )
                        .map_err(|reason| self.error(row, name, reason))?;
                    }),
                }
            }
            _ => return Err(foreign()),
        }
        Ok(())
    }

    fn day(&self, row: usize, name: &str, unix: i64) -> Result<Day, SourceError> {
        let first = Day::from_ymd(1, 1, 1).map_or(0, |d| i64::from(d.0));
        let last = Day::from_ymd(9999, 12, 31).map_or(0, |d| i64::from(d.0));
        match unix.saturating_sub(UNIX_TO_DAY) {
            day if (first..=last).contains(&day) => Ok(Day::at(day as i32)),
            _ => Err(self.error(row, name, "expected a date of the years 1 to 9999")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use polars::prelude::{
        AnyValue, Column as Stored, DataFrame, DataType, IntoColumn, ParquetWriter, Series, TimeUnit,
    };

    use super::*;
    use crate::source::dump::DumpSource;
    use crate::source::{ColumnRequest, Kind, Part, Source};

    /// 20,000 rows of a table as CSV, and the same as Parquet in small row groups.
    fn twins() -> (Vec<u8>, Vec<u8>) {
        let mut csv = String::from("schoolid,schoolyear,sessionname,begindate,enddate,flag,code\n");
        let days = |n: i64| (n % 40_000) as i32;
        for n in 0..20_000i64 {
            let optional = |text: String| if n % 3 == 0 { String::new() } else { text };
            let begin = Day::at(days(n) - UNIX_TO_DAY as i32);
            let name = optional(format!("\"Fall, \"\"{n}\"\" é\nNULL\""));
            let end = optional(begin.to_string());
            let flag = optional(if n % 2 == 0 { "t" } else { "f" }.to_owned());
            csv += &format!("{},{},{name},{begin},{end},{flag},{}\n", n - 7, 2020 + n % 3, n % 5);
        }
        let column = |name: &str, kind: DataType, value: &dyn Fn(i64) -> AnyValue<'static>| -> Stored {
            let values: Vec<AnyValue> = (0..20_000).map(value).collect();
            Series::from_any_values_and_dtype(name.into(), &values, &kind, true).unwrap().into_column()
        };
        fn optional(n: i64, value: AnyValue<'static>) -> AnyValue<'static> {
            if n % 3 == 0 { AnyValue::Null } else { value }
        }
        let micros = DataType::Datetime(TimeUnit::Microseconds, None);
        let columns = vec![
            column("SchoolId", DataType::Int64, &|n| AnyValue::Int64(n - 7)),
            column("SchoolYear", DataType::Int16, &|n| AnyValue::Int16(2020 + (n % 3) as i16)),
            column("SessionName", DataType::String, &|n| {
                optional(n, AnyValue::StringOwned(format!("Fall, \"{n}\" é\nNULL").into()))
            }),
            column("BeginDate", DataType::Date, &|n| AnyValue::Date(days(n))),
            column("EndDate", micros, &|n| {
                optional(
                    n,
                    AnyValue::Datetime(i64::from(days(n)) * 86_400_000_000, TimeUnit::Microseconds, None),
                )
            }),
            column("Flag", DataType::Boolean, &|n| optional(n, AnyValue::Boolean(n % 2 == 0))),
            column("Code", DataType::Int32, &|n| AnyValue::Int32((n % 5) as i32)),
        ];
        let mut frame = DataFrame::new(20_000, columns).unwrap();
        let mut parquet = Vec::new();
        ParquetWriter::new(&mut parquet).with_row_group_size(Some(7_000)).finish(&mut frame).unwrap();
        (csv.into_bytes(), parquet)
    }

    fn request() -> Request {
        let columns = [
            ("flag", Kind::Bool),
            ("schoolid", Kind::Int),
            ("sessionname", Kind::Text),
            ("begindate", Kind::Date),
            ("enddate", Kind::Date),
            ("code", Kind::Text),
            ("code", Kind::Int),
        ];
        let columns = columns.map(|(name, kind)| ColumnRequest { name: Some(name.to_owned()), kind });
        Request { table: "session".to_owned(), columns: columns.into(), year: None }
    }

    fn open(name: &str, bytes: Vec<u8>) -> Result<DumpSource, SourceError> {
        DumpSource::embedded("test", vec![(name.to_owned(), Cow::Owned(bytes))])
    }

    /// The batches of a read, as text: every value of every column.
    fn batches(source: &DumpSource, request: &Request) -> Result<Vec<String>, SourceError> {
        let mut batches = Vec::new();
        source.read(request, Part::WHOLE, &mut |batch| {
            batches.push(format!("{batch:?}"));
            Ok(())
        })?;
        Ok(batches)
    }

    #[test]
    fn a_table_is_the_same_in_parquet_and_csv() {
        let (csv, parquet) = twins();
        let (csv, parquet) = (open("session.csv", csv).unwrap(), open("Session.parquet", parquet).unwrap());
        let columns = |s: &DumpSource| s.catalog().tables["session"].columns.clone();
        assert_eq!(columns(&csv), columns(&parquet));
        assert_eq!(parquet.catalog().tables["session"].rows_estimate, Some(20_000));
        for year in [None, Some(("schoolyear".to_owned(), 2021)), Some(("schoolyear".to_owned(), 1999))] {
            let mut request = Request { year, ..request() };
            assert_eq!(batches(&parquet, &request).unwrap(), batches(&csv, &request).unwrap());
            request.columns[3].name = None;
            assert_eq!(batches(&parquet, &request).unwrap(), batches(&csv, &request).unwrap());
        }
    }

    #[test]
    fn kinds_that_do_not_fit_are_errors_with_row_and_column() {
        let (_, parquet) = twins();
        let source = open("session.parquet", parquet).unwrap();
        for (name, kind, expected) in [
            ("sessionname", Kind::Int, "line 2, column sessionname: expected a whole number"),
            ("begindate", Kind::Int, "column begindate: this column is stored as date"),
            ("code", Kind::Bool, "line 3, column code: expected t, f"),
            ("nothing", Kind::Text, "column nothing: the file has no such column"),
        ] {
            let mut request = request();
            request.columns = vec![ColumnRequest { name: Some(name.to_owned()), kind }];
            let error = batches(&source, &request).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn damaged_files_are_errors() {
        let (_, parquet) = twins();
        for length in [0, 3, 4, 8, 100, parquet.len() / 2, parquet.len() - 9, parquet.len() - 1] {
            let error = open("session.parquet", parquet[..length].to_vec()).unwrap_err();
            assert!(matches!(error, SourceError::File { .. }), "{error}");
        }
        // Whatever a flipped byte does, it does not bring the process down.
        for at in (0..parquet.len()).step_by(parquet.len() / 60) {
            let mut damaged = parquet.clone();
            damaged[at] ^= 0xff;
            if let Ok(source) = open("session.parquet", damaged) {
                let _ = batches(&source, &request());
            }
        }
    }
}
