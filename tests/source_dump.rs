//! The dump source against bad input of every kind and against the published sample districts.
//!
//! In: folders that each test writes, and `../shared/ods-samples` where it is there. Out: verdicts. What single
//! fields and records mean is tested beside the code; here it is what a user meets: files in a folder.

// clippy.toml's leave covers test functions only, not what they share.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::borrow::Cow;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use rosterpack::edfi::{self, FULL_NAMES, Part as Contract, contract};
use rosterpack::source::dump::DumpSource;
use rosterpack::source::{Batch, ColumnRequest, Kind, Part, ReadStats, Request, Source, SourceError};

const ALL: &[Contract] = &[
    Contract::Core,
    Contract::OrgDetail,
    Contract::GradingPeriods,
    Contract::Demographics,
    Contract::Extensions,
    Contract::Parents,
];

/// A folder that holds these files.
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(3));
    gz.write_all(bytes).unwrap();
    gz.finish().unwrap()
}

fn request(table: &str, columns: &[(&str, Kind)]) -> Request {
    let columns =
        columns.iter().map(|(name, kind)| ColumnRequest { name: Some((*name).to_owned()), kind: *kind });
    Request { table: table.to_owned(), columns: columns.collect(), year: None }
}

/// The columns of `student` that these tests use.
fn students() -> Request {
    request(
        "student",
        &[
            ("studentusi", Kind::Int),
            ("lastsurname", Kind::Text),
            ("birthdate", Kind::Date),
            ("multiplebirthstatus", Kind::Bool),
        ],
    )
}

const HEADER: &str = "studentusi,birthdate,lastsurname,multiplebirthstatus\n";

/// Every cell as text, `-` for absent ones.
fn cells(batch: &Batch, request: &Request, into: &mut Vec<Vec<String>>) {
    for row in 0..batch.rows() {
        let cell = |(column, asked): (usize, &ColumnRequest)| {
            let value = match asked.kind {
                Kind::Int => batch.int(column, row).map(|v| v.to_string()),
                Kind::Date => batch.date(column, row).map(|v| v.to_string()),
                Kind::Bool => batch.flag(column, row).map(|v| v.to_string()),
                Kind::Text => Some(batch.text(column, row).to_owned()).filter(|t| !t.is_empty()),
            };
            value.unwrap_or_else(|| "-".to_owned())
        };
        into.push(request.columns.iter().enumerate().map(cell).collect());
    }
}

fn read_from(source: &DumpSource, request: &Request) -> Result<(Vec<Vec<String>>, ReadStats), SourceError> {
    let mut rows = Vec::new();
    let stats = source.read(request, Part::WHOLE, &mut |batch| {
        cells(batch, request, &mut rows);
        Ok(())
    })?;
    assert_eq!(stats.rows as usize, rows.len());
    source.finish()?;
    Ok((rows, stats))
}

fn read_bytes(name: &str, bytes: &[u8]) -> Result<Vec<Vec<String>>, SourceError> {
    let folder = folder(&[(name, bytes)]);
    let on_disk = DumpSource::open(folder.path()).and_then(|s| read_from(&s, &students()));
    let files = vec![(name.to_owned(), Cow::Owned(bytes.to_owned()))];
    let in_memory = DumpSource::embedded("sample", files).and_then(|s| read_from(&s, &students()));
    // The same verdict, but for the path.
    match (&on_disk, &in_memory) {
        (Ok(a), Ok(b)) => assert_eq!(a, b),
        (Err(a), Err(b)) => {
            let a = a.to_string().replace(&format!("{}/", folder.path().display()), "");
            assert_eq!(a, b.to_string().replace("sample/", ""));
        }
        _ => panic!("disk and memory differ: {on_disk:?} {in_memory:?}"),
    }
    in_memory.map(|(rows, _)| rows)
}

/// The error that this body gives below the header.
fn error(body: &str) -> String {
    read_bytes("student.csv", format!("{HEADER}{body}").as_bytes()).unwrap_err().to_string()
}

fn rows(body: &str) -> Vec<Vec<String>> {
    read_bytes("student.csv", format!("{HEADER}{body}").as_bytes()).unwrap()
}

#[test]
fn a_postgres_extract() {
    let rows = rows(
        "1,2014-11-13,NULL,t\n2,,\"\",f\n-3,2008-09-13,\"O\"\"Neil,\r\nJr\",\n4,2008-02-29,\"NULL\",\n5,2000-01-01,Zoë,\n",
    );
    assert_eq!(rows[0], ["1", "NULL", "2014-11-13", "true"]);
    assert_eq!(rows[1], ["2", "-", "-", "false"]);
    assert_eq!(rows[2], ["-3", "O\"Neil,\r\nJr", "2008-09-13", "-"]);
    assert_eq!(rows[3], ["4", "NULL", "2008-02-29", "-"]);
    assert_eq!(rows[4][1], "Zoë");
}

#[test]
fn a_sql_server_extract() {
    let text = "\u{feff}LastSurname,StudentUSI,MultipleBirthStatus,BirthDate\r\nNULL,1,True,2014-11-13 00:00:00.0000000\r\n\"NULL\",2,0,NULL\r\nNull,NULL,NULL,2014-11-13T00:00:00";
    let rows = read_bytes("EDFI.Student.CSV", text.as_bytes()).unwrap();
    assert_eq!(rows[0], ["1", "-", "2014-11-13", "true"]);
    assert_eq!(rows[1], ["2", "NULL", "-", "false"]);
    assert_eq!(rows[2], ["-", "Null", "2014-11-13", "-"]);
}

#[test]
fn values_that_do_not_parse() {
    for (body, expected) in [
        ("1,,a,\n255901.0,,b,\n", "line 3, column studentusi: expected a whole number, found `255901.0`"),
        ("1,,\"a\nb\",\n2,8/23/2021,c,\n", "line 4, column birthdate: expected a date like 2021-08-23"),
        ("1,2021-08-23 07:30:00,c,\n", "line 2, column birthdate: expected a date"),
        (
            "1,,c,yes\n",
            "line 2, column multiplebirthstatus: expected t, f, true, false, 1 or 0, found 3 characters",
        ),
        ("Maria,,c,\n", "found 5 characters of text"),
        ("NULL,,c,\n", "column studentusi: expected a whole number"),
    ] {
        let error = error(body);
        assert!(error.contains(expected), "{error}");
        assert!(error.contains("student.csv, line"), "{error}");
        assert!(!error.contains("Maria"), "{error}");
    }
}

#[test]
fn records_that_are_not_whole() {
    for (body, expected) in [
        ("1,,a\n", "line 2: the record has 3 fields, the header has 4"),
        ("1,,a,,\n", "line 2: the record has 5 fields, the header has 4"),
        ("1,,a,\n\n2,,b,\n", "line 3: blank line between records"),
        ("1,,a,\n2,,\"b", "line 3: the file ends inside the quoted field 3"),
        ("1,,a,\n2,,\"b,\n3,,c,\n", "line 3: the file ends inside the quoted field 3"),
        ("1,,a\"b,\n", "line 2: a quote stands inside field 3"),
        ("1,,\"a\"b,\n", "line 2: text stands behind the closing quote of field 3"),
        ("1,,a,\n2,,b,", "line 3: the last line has no line break"),
        ("1,,a,\n2,,b", "line 3: the record has 3 fields"),
        ("1,,a\0,\n", "line 2: the record holds a NUL byte"),
        ("1,,a,\n(1 rows affected)\n", "line 3: the record has 1 field, the header has 4"),
    ] {
        let error = error(body);
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(rows("1,,a,\n\n\r\n\n").len(), 1);
    assert_eq!(rows("").len(), 0);
}

#[test]
fn encodings() {
    let bad = [HEADER.as_bytes(), b"1,,a,\n2,,M\xfcller,\n"].concat();
    let error = read_bytes("student.csv", &bad).unwrap_err().to_string();
    assert!(error.contains("line 3: the record holds bytes that are not UTF-8"), "{error}");
    // A column that nobody reads is no excuse, and neither is a record of another year.
    let request = Request {
        year: Some(("studentusi".to_owned(), 1)),
        ..request("student", &[("studentusi", Kind::Int)])
    };
    let source = DumpSource::embedded("x", vec![("student.csv".into(), bad.into())]).unwrap();
    assert!(read_from(&source, &request).unwrap_err().to_string().contains("line 3"));

    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        let utf16: Vec<u8> = format!("\u{feff}{HEADER}").encode_utf16().flat_map(order).collect();
        let error = read_bytes("student.csv", &utf16).unwrap_err().to_string();
        assert!(error.contains("line 1: the file is UTF-16. Write the extract as UTF-8"), "{error}");
        let error = read_bytes("student.csv", &utf16[2..]).unwrap_err().to_string();
        assert!(error.contains("line 1: the record holds a NUL byte"), "{error}");
    }
}

#[test]
fn headers() {
    for (text, expected) in [
        ("", "line 1: the file is empty"),
        ("\u{feff}", "line 1: the file is empty"),
        ("studentusi,,lastsurname\n", "column 2 of the header has no name"),
        ("studentusi,lastsurname,StudentUSI\n", "columns 1 and 3 of the header have the same name"),
        ("studentusi;lastsurname\n1;a\n", "separated by ';'"),
        ("studentusi\tlastsurname\n", "separated by '\\t'"),
        ("studentusi,lastsurname\r1,a\r", "lone carriage return"),
        ("studentusi,\"lastsurname\n", "ends inside the quoted field 2"),
        ("lastsurname\na\n", "column studentusi: the file has no such column"),
    ] {
        let error = read_bytes("student.csv", text.as_bytes()).unwrap_err();
        assert!(matches!(error, SourceError::Content { line: 1, .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn gzip_that_is_not_whole() {
    let text: String = (0..3_000).map(|n| format!("{n},2014-11-13,Surname {},t\n", n * 7919)).collect();
    let text = format!("{HEADER}{text}");
    let whole = gzip(text.as_bytes());
    let rows = read_bytes("student.csv", text.as_bytes()).unwrap();
    assert_eq!(rows.len(), 3_000);
    assert_eq!(read_bytes("Student.CSV.GZ", &whole).unwrap(), rows);

    // Members behind one another are one file; empty ones too.
    let (a, b) = text.split_at(text.len() / 2);
    let members = [gzip(a.as_bytes()), gzip(b""), gzip(b.as_bytes())].concat();
    assert_eq!(read_bytes("student.csv.gz", &members).unwrap(), rows);

    let mut corrupt = whole.clone();
    corrupt[whole.len() / 2] ^= 0x55;
    let mut checksum = whole.clone();
    checksum[whole.len() - 6] ^= 1;
    let garbage = [&whole[..], b"garbage"].concat();
    let mut bad = vec![corrupt, checksum, garbage, text.as_bytes().to_owned(), Vec::new()];
    // Cut near both ends, and within the last of several members.
    bad.extend((1..30).map(|n| whole[..whole.len() - n].to_owned()));
    bad.extend((1..40).map(|n| whole[..n].to_owned()));
    bad.extend([1, 5, 9, 12].map(|n| members[..members.len() - n].to_owned()));
    for (n, bytes) in bad.iter().enumerate() {
        let error = read_bytes("student.csv.gz", bytes).unwrap_err();
        let gzip =
            matches!(&error, SourceError::File { reason, .. } if reason.contains("cut off or damaged"));
        // A damaged stream can also show as a record that is none before its end is reached.
        assert!(gzip || n == 0 || (n == 4 && error.to_string().contains("empty")), "{n}: {error}");
    }
    // A member that is missing altogether cannot be seen by gzip, but cuts a record.
    let error = read_bytes("student.csv.gz", &gzip(a.as_bytes())).unwrap_err().to_string();
    assert!(error.contains("student.csv.gz, line"), "{error}");
}

#[test]
fn files_that_change_while_they_are_read() {
    let files = folder(&[("student.csv", format!("{HEADER}1,,a,\n2,,b,\n").as_bytes())]);
    let path = files.path().join("student.csv");
    let source = DumpSource::open(files.path()).unwrap();
    assert_eq!(read_from(&source, &students()).unwrap().0.len(), 2);
    fs::write(&path, format!("{HEADER}1,,a,\n")).unwrap();
    let shrunk = read_from(&source, &students()).unwrap_err();
    assert!(matches!(&shrunk, SourceError::File { reason, .. } if reason.contains("changed")), "{shrunk}");
    assert!(source.finish().is_err());

    // Shrinks between two batches.
    let rows: String = (0..100_000).map(|n| format!("{n},,a,\n")).collect();
    fs::write(&path, format!("{HEADER}{rows}")).unwrap();
    let source = DumpSource::open(files.path()).unwrap();
    let shrunk = source.read(&students(), Part::WHOLE, &mut |_| {
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(400_000).unwrap();
        Ok(())
    });
    assert!(shrunk.is_err());

    fs::remove_file(&path).unwrap();
    assert!(matches!(source.read(&students(), Part::WHOLE, &mut |_| Ok(())), Err(SourceError::File { .. })));
}

#[test]
fn places() {
    let place = |path: &Path| DumpSource::open(path).map(|_| ()).unwrap_err();
    let empty = folder(&[("README.md", b""), (".student.csv", b"a\n"), ("tpdm.candidate.csv", b"a\n")]);
    assert!(
        matches!(place(empty.path()), SourceError::Place { reason, .. } if reason.contains("no table extract"))
    );
    assert!(matches!(place(&empty.path().join("missing")), SourceError::Place { .. }));
    assert!(
        matches!(place(&empty.path().join("README.md")), SourceError::Place { reason, .. } if reason.contains("not a folder"))
    );
    assert!(
        matches!(DumpSource::embedded("nothing", Vec::new()), Err(SourceError::Place { place, .. }) if place == "nothing")
    );

    let text = HEADER.as_bytes();
    for (a, b) in [("student.csv", "sub/Student.CSV"), ("edfi.student.csv", "student.csv.gz")] {
        let error = place(folder(&[(a, text), (b, text)]).path()).to_string();
        assert!(error.contains(a) && error.contains(b) && error.contains("edfi.student"), "{error}");
    }
    let (short, full) = FULL_NAMES[0];
    let error = place(folder(&[(&format!("{short}.csv"), text), (&format!("{full}.csv"), text)]).path());
    assert!(error.to_string().contains(full), "{error}");
}

#[test]
fn what_nobody_asks_for_is_ignored() {
    let files = folder(&[
        ("deep/er/edfi.Student.csv", HEADER.as_bytes()),
        ("tpdm.student.csv", b""),
        (".hidden/student.csv", b""),
        (".student.csv", b""),
        ("exportlog.csv", b"\xff\xfe\0"),
        ("notes.txt", b"\0"),
        ("someview.parquet", b"PAR1"),
    ]);
    let source = DumpSource::open(files.path()).unwrap();
    let tables: Vec<_> = source.catalog().tables.keys().collect();
    assert_eq!(tables, ["student"]);
    let table = &source.catalog().tables["student"];
    assert_eq!(table.origin, "deep/er/edfi.Student.csv");
    assert_eq!(table.columns, ["studentusi", "birthdate", "lastsurname", "multiplebirthstatus"]);
    assert!(source.read(&request("section", &[]), Part::WHOLE, &mut |_| Ok(())).is_err());
}

#[cfg(unix)]
#[test]
fn links() {
    use std::os::unix::fs::symlink;
    let files = folder(&[("real/student.csv", HEADER.as_bytes())]);
    let linked = tempfile::tempdir().unwrap();
    symlink(files.path().join("real"), linked.path().join("extract")).unwrap();
    assert_eq!(
        DumpSource::open(linked.path()).unwrap().catalog().tables["student"].origin,
        "extract/student.csv"
    );
    symlink(files.path(), files.path().join("real/loop")).unwrap();
    let error = DumpSource::open(files.path()).unwrap_err();
    assert!(matches!(&error, SourceError::File { path, .. } if path.ends_with("real/loop")), "{error}");
    assert!(error.to_string().contains("leads back to"), "{error}");
}

#[test]
fn years_missing_columns_and_the_sinks_error() {
    let text = "schoolid,schoolyear,sessionname\n1,2022,a\n2,2021,b\n3,2022,c\n";
    let open = |text: &str| {
        DumpSource::embedded("x", vec![("session.csv".into(), Cow::Owned(text.as_bytes().to_owned()))])
            .unwrap()
    };
    let mut request = request("session", &[("sessionname", Kind::Text), ("enddate", Kind::Date)]);
    request.columns[1].name = None;
    request.year = Some(("schoolyear".to_owned(), 2022));
    let (rows, stats) = read_from(&open(text), &request).unwrap();
    assert_eq!(rows, [["a", "-"], ["c", "-"]]);
    assert_eq!(stats, ReadStats { rows: 2, bytes: text.len() as u64 });
    // A row without a year is not dropped in silence.
    let error = read_from(&open(&text.replace("2021", "")), &request).unwrap_err();
    assert!(error.to_string().contains("line 3, column schoolyear: expected a school year"), "{error}");

    let stopped = open(text).read(&request, Part::WHOLE, &mut |_| Err(SourceError::Capacity("full".into())));
    assert!(matches!(stopped, Err(SourceError::Capacity(reason)) if reason == "full"));
}

#[test]
fn batches_are_bounded_and_reused() {
    let long = "x".repeat(3 << 20);
    let mut text: String = (0..20_000).map(|n| format!("{n},,a,\n")).collect();
    text.extend((0..10).map(|n| format!("{n},,\"{long}\n\",\n")));
    let source = DumpSource::embedded(
        "x",
        vec![("student.csv".into(), Cow::Owned(format!("{HEADER}{text}").into_bytes()))],
    )
    .unwrap();
    let mut sizes = Vec::new();
    let mut texts = Vec::new();
    source
        .read(&students(), Part::WHOLE, &mut |batch| {
            sizes.push(batch.rows());
            texts.push((0..batch.rows()).map(|row| batch.text(1, row).len()).sum::<usize>());
            Ok(())
        })
        .unwrap();
    assert_eq!(sizes.iter().sum::<usize>(), 20_010);
    assert_eq!(sizes[..2], [8192, 8192]);
    assert!(texts.iter().all(|&bytes| bytes < 20 << 20), "{texts:?}");
}

#[cfg(not(feature = "polars"))]
#[test]
fn parquet_says_which_feature_to_build_with() {
    let error = read_bytes("student.parquet", b"PAR1").unwrap_err().to_string();
    assert!(error.contains("student.parquet") && error.contains("--features polars"), "{error}");
}

/// A published sample district, or `None` with a loud word.
fn sample(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/ods-samples").join(name);
    if !path.is_dir() {
        eprintln!("SKIPPED: {} is not there", path.display());
        return None;
    }
    Some(path)
}

/// A contract table's name and all its cells.
type Contents = (String, Vec<Vec<String>>);

/// The data standard of a source and every contract table, each read for all years.
fn everything(source: &DumpSource) -> (String, Vec<Contents>) {
    let resolved = edfi::resolve(source.catalog(), None, ALL).unwrap();
    let mut tables = Vec::new();
    for table in &resolved.tables {
        let request = Request { year: None, ..table.request(2022) };
        tables.push((table.table.name.to_owned(), read_from(source, &request).unwrap().0));
        if let Some(column) = table.table.columns.iter().position(|c| Some(c.name) == table.table.year) {
            let kept = read_from(source, &table.request(2022)).unwrap().0;
            let all = &tables.last().unwrap().1;
            assert_eq!(kept.len(), all.iter().filter(|row| row[column] == "2022").count());
        }
    }
    (resolved.standard.label.to_owned(), tables)
}

#[test]
fn published_samples_read_completely() {
    for (name, standard) in [("grand-bend-ds52", "5.0-5.2"), ("grand-bend-ds40", "4.0")] {
        let Some(folder) = sample(name) else { continue };
        let source = DumpSource::open(&folder).unwrap();
        let (label, tables) = everything(&source);
        assert_eq!(label, standard);
        assert!(tables.len() > 35, "{}", tables.len());
        let resolved = edfi::resolve(source.catalog(), None, ALL).unwrap();
        let mut total = 0;
        for (table, (_, rows)) in resolved.tables.iter().zip(&tables) {
            // The csv crate is the judge: same count, same text in every text column.
            let origin = &source.catalog().tables[&table.physical].origin;
            let mut reader = csv::Reader::from_path(folder.join(origin)).unwrap();
            let header = reader.headers().unwrap().clone();
            let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
            assert_eq!(rows.len(), records.len(), "{origin}");
            for (n, name) in table.columns.iter().enumerate() {
                let Some(name) = name else { continue };
                let field = header.iter().position(|h| h == name).unwrap();
                for (row, record) in rows.iter().zip(&records) {
                    let expected = match (&record[field], table.table.columns[n].kind) {
                        ("", _) => "-",
                        ("t", Kind::Bool) => "true",
                        ("f", Kind::Bool) => "false",
                        (text, _) => text,
                    };
                    assert_eq!(row[n], expected, "{origin}, {name}");
                }
            }
            total += rows.len();
        }
        assert!(total > 5_000, "{total}");
        assert!(!tables[contract::TABLES.iter().position(|t| t.name == "students").unwrap()].1.is_empty());
    }
}

/// The same extract as SQL Server's tools would write it.
fn sql_server_style(folder: &Path, into: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mut reader = csv::Reader::from_path(&path).unwrap();
        let pascal = |name: &str| {
            let (first, rest) = name.split_at(1);
            format!("{}{}", first.to_uppercase(), rest.replace("usi", "USI"))
        };
        let header = reader.headers().unwrap().clone();
        let dates: Vec<bool> = header.iter().map(|h| h.ends_with("date")).collect();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let stem = FULL_NAMES.iter().find(|(short, _)| *short == stem).map_or(stem, |(_, full)| full);
        let mut out = fs::File::create(into.join(format!("edfi.{}.csv", pascal(stem)))).unwrap();
        out.write_all(b"\xef\xbb\xbf").unwrap();
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        writer.write_record(header.iter().map(pascal)).unwrap();
        for record in reader.records() {
            let record = record.unwrap();
            let fields = record.iter().zip(&dates).map(|(field, date)| match field {
                "" => "NULL".to_owned(),
                "t" => "True".to_owned(),
                "f" => "False".to_owned(),
                day if *date && day.len() == 10 => format!("{day} 00:00:00.0000000"),
                other => other.to_owned(),
            });
            writer.write_record(fields).unwrap();
        }
        writer.flush().unwrap();
    }
}

#[test]
fn sql_server_and_gzip_copies_give_the_same_batches() {
    for name in ["grand-bend-ds52", "grand-bend-ds40"] {
        let Some(folder) = sample(name) else { continue };
        let original = everything(&DumpSource::open(&folder).unwrap());

        let copy = tempfile::tempdir().unwrap();
        sql_server_style(&folder, copy.path());
        let source = DumpSource::open(copy.path()).unwrap();
        assert!(source.catalog().tables["student"].origin.starts_with("edfi.Student"));
        assert_eq!(everything(&source), original);

        let gzipped = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{}.gz", path.file_name().unwrap().to_str().unwrap());
            fs::write(gzipped.path().join(name), gzip(&fs::read(&path).unwrap())).unwrap();
        }
        assert_eq!(everything(&DumpSource::open(gzipped.path()).unwrap()), original);
    }
}
