//! Small packages, whole and damaged, as zips and folders.

use std::fs;
use std::io::{Cursor, Write};

use zip::write::{SimpleFileOptions, ZipWriter};

use super::*;

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in entries {
        out.start_file(*name, SimpleFileOptions::default()).unwrap();
        out.write_all(text).unwrap();
    }
    out.finish().unwrap().into_inner()
}

/// Opens these bytes; errors are told without the folder.
fn open(bytes: &[u8], limits: Limits) -> Result<PackageReader, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.zip");
    fs::write(&path, bytes).unwrap();
    // The file stays open, so that its folder may go.
    PackageReader::open(&path, limits).map_err(|error| error.reason)
}

/// Every row of orgs.csv, cells joined by `|`.
fn orgs(package: &PackageReader) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    let rows = package.rows(File::Orgs).map_err(|error| error.reason)?.unwrap();
    rows.each(|row| {
        let cells: Vec<String> = (0..row.len()).map(|n| row.cell(n).into_owned()).collect();
        all.push(cells.join("|"));
    })
    .map_err(|error| error.reason)?;
    Ok(all)
}

fn of(text: &[u8]) -> Result<Vec<String>, String> {
    orgs(&open(&zip(&[("orgs.csv", text)]), Limits::default()).unwrap())
}

#[test]
fn files_manifest_and_rows_are_found_and_the_rest_is_not() {
    let manifest =
        b"propertyName,value\r\nmanifest.version,1.0\r\noneroster.version,1.2\r\nfile.orgs,bulk\r\n";
    let entries: [(&str, &[u8]); 4] = [
        ("manifest.csv", manifest),
        ("orgs.csv", b"\xef\xbb\xbfsourcedId,name\r\na,\"x, \"\"y\"\"\"\r\n\r\nb,"),
        ("sub/users.csv", b"sourcedId\r\na\r\n"),
        ("Users.csv", b"x\r\n"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in &entries {
        if let Some((sub, _)) = name.split_once('/') {
            fs::create_dir(folder.path().join(sub)).unwrap();
        }
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let zipped = open(&zip(&entries), Limits::default()).unwrap();
    let loose = PackageReader::open(folder.path(), Limits::default()).unwrap();
    assert!(zipped.is_zip() && !loose.is_zip());
    for package in [zipped, loose] {
        assert_eq!(package.files(), [File::Orgs]);
        assert_eq!(package.version().unwrap(), Some(Version::V1p2));
        let manifest = package.manifest().unwrap().unwrap();
        assert_eq!(mode_of(&manifest, File::Orgs), Some(Mode::Bulk));
        assert!(package.rows(File::Users).unwrap().is_none());
        let rows = package.rows(File::Orgs).unwrap().unwrap();
        assert_eq!(rows.demand("name").unwrap(), 1);
        assert_eq!(rows.demand("type").unwrap_err().reason, "it has no column type");
        assert_eq!(orgs(&package).unwrap(), ["a|x, \"y\"", "b|"]);
        let mut text = String::new();
        package.raw("orgs.csv").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text.len() as u64, package.size(File::Orgs));
        assert!(package.raw("no.csv").is_err());
    }
}

#[test]
fn what_is_no_csv_is_an_error_that_names_the_line_and_repeats_no_cell() {
    let table: [(&[u8], &str); 7] = [
        (b"sourcedId,name\r\na,b\r\nsecret\r\n", "line 3: it has 1 cells, the header 2"),
        (b"sourcedId,name\r\na,\"secret", "line 2: a quote is never closed"),
        (b"sourcedId,name\r\na,\"b\"secret\r\n", "line 2: text stands behind a closing quote"),
        (
            b"sourcedId,name\r\na,b\"c\r\n",
            "line 2: a quote stands within a cell that does not begin with one",
        ),
        (b"sourcedId,name\r\na,\xff\r\n", "line 2: it is not UTF-8"),
        (b"sourcedId,name\r\na,\0\r\n", "line 2: it holds a NUL byte"),
        (b"", "it has no header"),
    ];
    for (text, expected) in table {
        assert_eq!(of(text).unwrap_err(), expected);
    }
    assert_eq!(of(b"sourcedId,name\r\na,b").unwrap(), ["a|b"]);
    assert_eq!(of(b"sourcedId,name").unwrap(), [""; 0]);
    assert_eq!(of(b"\r\n\r\nsourcedId,name\r\na,b").unwrap(), ["a|b"]);
    // A quote that never closes swallows what follows; it must not swallow the memory.
    let mut endless = b"sourcedId,name\r\na,\"".to_vec();
    endless.resize(LONGEST + (1 << 20), b'x');
    let limits = Limits { ratio: 2000, ..Limits::default() };
    let told = orgs(&open(&zip(&[("orgs.csv", &endless)]), limits).unwrap()).unwrap_err();
    assert!(told.starts_with("line 2: the row is longer than"), "{told}");
}

#[test]
fn limits_are_those_of_every_reader() {
    let bytes = zip(&[("a", b""), ("orgs.csv", b"sourcedId\r\na\r\n"), ("c", b"")]);
    let limits = Limits::default();
    assert!(open(&bytes, limits).is_ok());
    assert_eq!(open(&bytes, Limits { entries: 2, ..limits }).unwrap_err(), "it has more than 2 entries");
    assert_eq!(open(&bytes, Limits { size: 5, ..limits }).unwrap_err(), "it unpacks to more than 5 bytes");
    let bomb = b"sourcedId\r\n".repeat(4 << 20);
    let package = open(&zip(&[("orgs.csv", &bomb)]), Limits { ratio: 100, ..limits }).unwrap();
    assert_eq!(
        orgs(&package).map(|rows| rows.len()).unwrap_err(),
        "it unpacks to more times its size than allowed"
    );
}

#[test]
fn a_flipped_byte_a_cut_and_a_missing_package_are_found() {
    let whole = zip(&[("orgs.csv", &b"sourcedId\r\nabc\r\n".repeat(50))]);
    let mut bytes = whole.clone();
    bytes[30 + "orgs.csv".len() + 20] ^= 0x40;
    assert!(orgs(&open(&bytes, Limits::default()).unwrap()).is_err());
    assert!(open(&whole[..whole.len() / 2], Limits::default()).unwrap_err().contains("no zip"));
    let missing = PackageReader::open(Path::new("/nonexistent/p.zip"), Limits::default()).err().unwrap();
    assert!(missing.to_string().starts_with("cannot read /nonexistent/p.zip: No such file"), "{missing}");
}

#[test]
fn of_two_files_with_one_name_none_is_read() {
    let mut bytes = zip(&[("orgs.csv", b"sourcedId\r\na\r\n"), ("orgs.cs_", b"sourcedId\r\nb\r\n")]);
    let places: Vec<usize> = (0..bytes.len() - 8).filter(|at| &bytes[*at..at + 8] == b"orgs.cs_").collect();
    for at in places {
        bytes[at + 7] = b'v';
    }
    assert_eq!(
        orgs(&open(&bytes, Limits::default()).unwrap()).unwrap_err(),
        "several entries have this name"
    );
}
