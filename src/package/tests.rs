//! Packages beyond 32 bits, with the limit lowered so that kilobytes will do, and what must be refused.

use std::io::Read;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::spec::FileSpec;

fn spec(file: File) -> &'static FileSpec {
    Version::V1p1.file(file).unwrap()
}

/// Orgs whose names have the length that `name` gives for a unit.
fn orgs<'a>(units: usize, block: usize, name: impl Fn(usize) -> usize + Sync + 'a) -> Table<'a> {
    let format = move |units: std::ops::Range<usize>, rows: &mut CsvBlock| {
        for unit in units {
            rows.id(&(unit as u128).to_be_bytes());
            rows.blank();
            rows.blank();
            rows.text(&"n".repeat(name(unit)));
            rows.known("school");
            rows.blank();
            rows.blank();
            rows.end_row();
        }
    };
    let blocks = (0..units).step_by(block).map(|start| start..units.min(start + block)).collect();
    Table { blocks, ..Table::new(spec(File::Orgs), units, format) }
}

/// Orgs alone are no closed package.
fn options() -> Options {
    Options { references: false, ..Options::new(Version::V1p1) }
}

fn quiet(_: File, _: u64, _: u64) {}

fn write_here(tables: &[Table<'_>], limit: u64) -> (tempfile::TempDir, Written) {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("package.zip");
    let written = prepare_limited(&target, tables, &options(), &quiet, limit)
        .unwrap()
        .prove()
        .unwrap()
        .publish()
        .unwrap();
    (folder, written)
}

/// Reads a package with three foreign readers (two where the machine lacks the programs) and checks the sizes.
fn read_back(written: &Written) -> usize {
    let mut zip = ::zip::ZipArchive::new(std::fs::File::open(&written.path).unwrap()).unwrap();
    assert_eq!(zip.len(), written.files.len() + 1);
    let mut length = 0;
    for file in &written.files {
        let mut entry = zip.by_name(file.file.csv_name()).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes.len() as u64, file.csv_bytes);
        assert_eq!(entry.compressed_size(), file.packed_bytes);
        assert_eq!(crc32fast::hash(&bytes), file.crc32);
        length += bytes.len();
    }
    let python = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; \
                  assert z.namelist()[0] == 'manifest.csv'";
    for (program, arguments) in [("unzip", &["-tqq"][..]), ("python3", &["-c", python])] {
        match Command::new(program).args(arguments).arg(&written.path).output() {
            Ok(output) => assert!(output.status.success(), "{program}: {output:?}"),
            Err(error) => eprintln!("SKIPPED: {program}: {error}"),
        }
    }
    length
}

/// The versions that local headers and directory ask of a reader, and whether there is a zip64 end record.
fn versions(written: &Written) -> (BTreeSet<u16>, bool) {
    let bytes = std::fs::read(&written.path).unwrap();
    let mut versions = BTreeSet::new();
    for (signature, place) in [(b"PK\x03\x04", 4), (b"PK\x01\x02", 6)] {
        for (at, _) in bytes.windows(4).enumerate().filter(|(_, window)| window == signature) {
            versions.insert(u16::from_le_bytes([bytes[at + place], bytes[at + place + 1]]));
        }
    }
    (versions, bytes.windows(4).any(|window| window == b"PK\x06\x06"))
}

#[test]
fn zip64_appears_only_beyond_the_limit() {
    let (_folder, plain) = write_here(&[orgs(2000, 100, |_| 10)], zip::LIMIT);
    assert_eq!(versions(&plain), (BTreeSet::from([20]), false));
    let content = read_back(&plain);

    // The entry's size is beyond the limit, its compressed size and all offsets are not.
    let (_folder, wide) = write_here(&[orgs(2000, 100, |_| 10)], 50_000);
    assert_eq!(versions(&wide), (BTreeSet::from([20, 45]), false));
    assert_eq!(read_back(&wide), content);
    assert_eq!(wide.files, plain.files);

    // Nearly everything is: sizes, compressed sizes, offsets, the directory.
    let (_folder, all) = write_here(&[orgs(2000, 100, |_| 10), categories(5)], 700);
    assert_eq!(versions(&all), (BTreeSet::from([20, 45]), true));
    read_back(&all);
}

fn categories<'a>(units: usize) -> Table<'a> {
    Table::new(spec(File::Categories), units, |units, rows| {
        for unit in units {
            rows.id(&(unit as u128).to_be_bytes());
            rows.blank();
            rows.blank();
            rows.text("Homework");
            rows.end_row();
        }
    })
}

#[test]
fn an_entry_that_outgrows_its_header_is_written_again() {
    // The first block promises little; a later one holds a hundred times as much.
    let table = || [orgs(40, 10, |unit| if unit < 30 { 1 } else { 2000 })];
    let (_folder, wide) = write_here(&table(), 15_000);
    assert_eq!(versions(&wide).0, BTreeSet::from([20, 45]));
    let (_folder, plain) = write_here(&table(), zip::LIMIT);
    assert_eq!(read_back(&wide), read_back(&plain));
    assert_eq!(wide.files, plain.files);
}

#[test]
fn measuring_equals_writing() {
    let mut header_only = categories(0);
    header_only.header_only = true;
    let tables = [orgs(25_000, 512, |unit| 1 + unit % 7), header_only];
    let (_folder, written) = write_here(&tables, zip::LIMIT);
    let measured = measure(&tables, Version::V1p1, &quiet).unwrap();
    let seen = |file: &WrittenFile| MeasuredFile {
        file: file.file,
        rows: file.rows,
        csv_bytes: file.csv_bytes,
        crc32: file.crc32,
        fill: file.fill.clone(),
    };
    assert_eq!(measured, written.files.iter().map(seen).collect::<Vec<_>>());
    assert_eq!(measured.iter().map(|f| f.rows).collect::<Vec<_>>(), [0, 25_000]);
    let none = measure(&[categories(0)], Version::V1p1, &quiet).unwrap();
    assert_eq!(none, []);
}

fn refused(tables: &[Table<'_>], options: &Options) -> String {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("package.zip");
    std::fs::write(&target, "yesterday").unwrap();
    let error = write(&target, tables, options, &quiet).unwrap_err();
    assert_eq!(std::fs::read(&target).unwrap(), b"yesterday");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "something was left behind");
    error.to_string()
}

#[test]
fn what_would_be_wrong_or_incomplete_is_refused() {
    let options = options();
    let table = || orgs(100, 10, |_| 3);

    let narrow = Table::new(spec(File::Orgs), 30_000, |units, rows| {
        for unit in units {
            (0..if unit == 20_000 { 6 } else { 7 }).for_each(|_| rows.blank());
            rows.end_row();
        }
    });
    let message = refused(&[narrow], &options);
    assert!(message.contains("orgs.csv") && message.contains("6 cells instead of 7"), "{message}");
    assert!(message.contains("units 16384 to 24576: row 3617"), "{message}");

    let gap = Table { blocks: vec![0..10, 11..20], ..table() };
    assert!(refused(&[gap], &options).contains("does not follow on 10"));
    assert!(refused(&[table(), table()], &options).contains("two tables"));
    for extensions in [vec!["x"], vec!["metadata."], vec!["metadata.a", "metadata.a"]] {
        let extensions = extensions.into_iter().map(str::to_owned).collect();
        assert!(refused(&[Table { extensions, ..table() }], &options).contains("extension column"));
    }
    let roles = Table::new(Version::V1p2.file(File::Roles).unwrap(), 0, |_, _| ());
    assert!(refused(&[roles], &options).contains("OneRoster 1.1 has no such file"));
    for compression in [0, 10] {
        let options = Options { compression, ..options.clone() };
        assert!(refused(&[table()], &options).contains("choose a level"));
    }
}

#[test]
fn rows_that_vanish_between_two_looks_are_refused() {
    let first = AtomicBool::new(true);
    let fickle = Table::new(spec(File::Categories), 1, |_, rows| {
        if first.swap(false, Ordering::SeqCst) {
            (0..4).for_each(|_| rows.blank());
            rows.end_row();
        }
    });
    assert!(refused(&[fickle], &options()).contains("gone at the second"));
}

/// A disk that takes a few bytes at a time, is interrupted again and again, and lets others work in between.
struct SlowDisk {
    bytes: std::io::Cursor<Vec<u8>>,
    calls: usize,
}

impl SlowDisk {
    const TAKES: [usize; 4] = [1, 7, 0, 4096];
}

impl Write for SlowDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        std::thread::yield_now();
        let takes = SlowDisk::TAKES[self.calls % SlowDisk::TAKES.len()];
        self.calls += 1;
        match takes {
            0 => Err(io::ErrorKind::Interrupted.into()),
            takes => self.bytes.write(&bytes[..bytes.len().min(takes)]),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.bytes.flush()
    }
}

impl Seek for SlowDisk {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

impl Storage for SlowDisk {
    fn clear(&mut self) -> io::Result<()> {
        self.bytes = std::io::Cursor::default();
        Ok(())
    }
}

/// Blocks wait for the disk, and nothing else happens to them: not even when the package must be written twice.
#[test]
fn a_slow_disk_changes_no_byte() {
    // The sample does not see the long names: with the low limit the entry outgrows its header.
    let table = || orgs(3_000, 100, |unit| if unit < 100 { 1 } else { 100 + unit * 7919 % 613 });
    for limit in [super::zip::LIMIT, 500_000] {
        let (_folder, written) = write_here(&[table()], limit);
        let expected = std::fs::read(&written.path).unwrap();
        let mut disk = SlowDisk { bytes: std::io::Cursor::default(), calls: 0 };
        let tables = [table()];
        let outcome = write_entries(Path::new("slow.zip"), &mut disk, &tables, &options(), &quiet, limit);
        assert_eq!(outcome.unwrap().0, expected.len() as u64);
        assert!(disk.bytes.into_inner() == expected);
        assert!(disk.calls > 40, "{} calls", disk.calls);
    }
}
