//! The tables of a warehouse as Parquet: cell for cell those of the package, with the types of the specification; and
//! what a build without the feature `polars` says.

// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use assert_cmd::Command;

/// `export --sample` with the gradebook, into a folder.
fn export(folder: &Path, more: &[&str]) -> std::process::Output {
    std::fs::create_dir_all(folder.join("tables")).unwrap();
    Command::cargo_bin("rosterpack")
        .unwrap()
        .args(["export", "--sample", "--demographics", "--oneroster", "1.1,1.2", "--set", "gradebook=true"])
        .args(["--tables", "tables", "-q", "--out", "."])
        .args(more)
        .current_dir(folder)
        .output()
        .unwrap()
}

#[cfg(not(feature = "polars"))]
#[test]
fn without_the_feature_parquet_is_refused_with_the_way_to_build_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = export(folder.path(), &["--tables-format", "parquet"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("--tables-format parquet: this build writes no Parquet"), "{told}");
    assert!(told.contains("cargo build --release --features polars"), "{told}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing but the folder that was there");
    assert_eq!(std::fs::read_dir(folder.path().join("tables")).unwrap().count(), 0);
}

#[cfg(feature = "polars")]
mod parquet {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;

    use polars::prelude::{AnyValue, DataFrame, DataType, ParquetReader, SerReader, TimeUnit};

    use super::*;

    /// A cell as the package writes it.
    fn text(value: &AnyValue<'_>) -> String {
        match value {
            AnyValue::Null => String::new(),
            AnyValue::String(text) => (*text).to_owned(),
            AnyValue::StringOwned(text) => text.to_string(),
            AnyValue::Boolean(flag) => flag.to_string(),
            AnyValue::Int64(number) => number.to_string(),
            AnyValue::Float64(number) => number.to_string(),
            // Parquet counts from 1970-01-01, a day of the product from 2000-01-01.
            AnyValue::Date(days) => rosterpack::day::Day::at(days - 10_957).to_string(),
            other => panic!("{other:?}"),
        }
    }

    fn read(path: &Path) -> DataFrame {
        ParquetReader::new(fs::File::open(path).unwrap()).finish().unwrap()
    }

    #[test]
    fn parquet_tables_are_the_csv_tables_with_types() {
        let (typed, plain) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for (folder, format) in [(&typed, "parquet"), (&plain, "csv")] {
            let output = export(folder.path(), &["--tables-format", format]);
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        }
        let mut kinds: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut tables = 0;
        for entry in fs::read_dir(plain.path().join("tables")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let frame = read(&typed.path().join("tables").join(format!("{name}.parquet")));
            let mut csv = csv::Reader::from_path(&path).unwrap();
            let header: Vec<String> = csv.headers().unwrap().iter().map(str::to_owned).collect();
            let columns: Vec<String> = frame.get_column_names().iter().map(|c| c.to_string()).collect();
            assert_eq!(columns, header, "{name}");
            assert_eq!(header.last().unwrap(), "tenant_code");
            let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
            assert_eq!(frame.height(), rows.len(), "{name}");
            for (at, column) in frame.columns().iter().enumerate() {
                kinds.entry(header[at].clone()).or_default().insert(format!("{:?}", column.dtype()));
                for (n, row) in rows.iter().enumerate() {
                    let value = column.get(n).unwrap();
                    assert_eq!(text(&value), row[at], "{name}.{} row {n}", header[at]);
                    assert!(!matches!(&value, AnyValue::String("")), "a blank cell is a null");
                }
            }
            tables += 1;
        }
        let parquet = fs::read_dir(typed.path().join("tables")).unwrap().count();
        assert_eq!(parquet, tables, "one table each");
        assert!(tables > 15);
        let is = |column: &str, kind: DataType| {
            assert_eq!(kinds[column], BTreeSet::from([format!("{kind:?}")]), "{column}");
        };
        is("sourcedId", DataType::String);
        is("dateLastModified", DataType::Datetime(TimeUnit::Milliseconds, None));
        is("status", DataType::String);
        is("schoolYear", DataType::Int64);
        is("startDate", DataType::Date);
        is("beginDate", DataType::Date);
        is("birthDate", DataType::Date);
        is("enabledUser", DataType::Boolean);
        is("primary", DataType::Boolean);
        is("score", DataType::Float64);
        is("weight", DataType::Int64);
        is("agentSourcedIds", DataType::String);
        is("tenant_code", DataType::String);
    }
}
