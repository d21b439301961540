//! A package is proven as it was written, and any departure of the bytes on the disk is found.

use std::io::Write;

use proptest::prelude::*;

use super::*;
use crate::package::{CsvBlock, Options, Table, write_entries, zip};
use crate::spec::Version;
use ::zip::ZipArchive;

const ORGS: usize = 40;
const USERS: usize = 2500;

fn id(kind: u8, number: usize) -> [u8; 16] {
    let mut id = (number as u128).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835).to_be_bytes();
    id[0] = kind;
    id
}

/// A place in a row, and what writes the cell there.
type Cell<'a> = (usize, &'a dyn Fn(&mut CsvBlock));

/// Cells by place of a row with so many cells; the others are blank.
fn row(rows: &mut CsvBlock, width: usize, cells: &[Cell<'_>]) {
    for place in 0..width {
        match cells.iter().find(|(at, _)| *at == place) {
            Some((_, write)) => write(rows),
            None => rows.blank(),
        }
    }
    rows.end_row();
}

fn table<'a>(file: File, units: usize, cells: impl Fn(usize, &mut CsvBlock) + Sync + 'a) -> Table<'a> {
    let spec = Version::V1p1.file(file).unwrap();
    Table::new(spec, units, move |units, rows| units.for_each(|unit| cells(unit, rows)))
}

/// Schools under one district, and users at schools, whose agents are the next and the one before.
fn district<'a>(org_of: impl Fn(usize) -> usize + Sync + 'a) -> Vec<Table<'a>> {
    let orgs = table(File::Orgs, ORGS, |unit, rows| {
        let parent = |rows: &mut CsvBlock| if unit == 0 { rows.blank() } else { rows.id(&id(1, 0)) };
        let cells: [Cell<'_>; 4] = [
            (0, &|rows| rows.id(&id(1, unit))),
            (3, &|rows| rows.text("École \"Nord\", Paris")),
            (4, &|rows| rows.known(if unit == 0 { "district" } else { "school" })),
            (6, &parent),
        ];
        row(rows, 7, &cells);
    });
    let users = table(File::Users, USERS, move |unit, rows| {
        let agents = [unit.saturating_sub(1), (unit + 1) % USERS].map(|agent| id(2, agent));
        let cells: [Cell<'_>; 8] = [
            (0, &|rows| rows.id(&id(2, unit))),
            (3, &|rows| rows.flag(true)),
            (4, &|rows| rows.id(&id(1, org_of(unit)))),
            (5, &|rows| rows.known("student")),
            (6, &|rows| rows.text(&format!("user{unit}"))),
            (8, &|rows| rows.text("Zoë")),
            (9, &|rows| rows.text("Ng")),
            (15, &|rows| rows.ids(agents.into_iter())),
        ];
        row(rows, Version::V1p1.file(File::Users).unwrap().columns.len(), &cells);
    });
    // In published order users come last: blocks of several files follow each other.
    vec![orgs, Table { blocks: (0..USERS).step_by(700).map(|s| s..USERS.min(s + 700)).collect(), ..users }]
}

fn written(tables: &[Table<'_>]) -> (std::fs::File, Vec<Expected>) {
    let mut file = tempfile::tempfile().unwrap();
    let (options, quiet) = (Options::new(Version::V1p1), |_, _, _| ());
    let target = std::path::Path::new("package.zip");
    let written = write_entries(target, &mut file, tables, &options, &quiet, zip::LIMIT);
    (file, written.unwrap().1)
}

fn proven(file: &mut std::fs::File, expected: &[Expected]) -> Result<(), String> {
    prove(file, &Options::new(Version::V1p1), expected).map_err(|unproven| match unproven {
        Unproven::Fault(fault) => format!("{}: {}", fault.entry, fault.reason),
        Unproven::Io(error) => error.to_string(),
    })
}

#[test]
fn a_package_as_it_was_written_is_proven() {
    let (mut file, expected) = written(&district(|unit| unit % ORGS));
    proven(&mut file, &expected).unwrap();
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| proven(&mut file, &expected)).unwrap();
    }
}

#[test]
fn a_reference_that_leads_nowhere_is_named_by_row() {
    let (mut file, expected) = written(&district(|unit| if unit == 2222 { ORGS } else { unit % ORGS }));
    let told = proven(&mut file, &expected).unwrap_err();
    assert_eq!(told, "users.csv: row 2223: orgSourcedIds refers to a row that orgs.csv does not have");
    let options = Options { references: false, ..Options::new(Version::V1p1) };
    prove(&mut file, &options, &expected).unwrap();
}

#[test]
fn references_within_a_file_are_judged_when_it_is_whole() {
    let mut tables = district(|_| 1);
    tables.truncate(1);
    tables.push(table(File::Courses, 1, |_, rows| {
        let cells: [Cell<'_>; 4] = [
            (0, &|rows| rows.id(&id(3, 0))),
            (3, &|rows| rows.id(&id(9, 9))),
            (4, &|rows| rows.text("Art")),
            (7, &|rows| rows.id(&id(1, 3))),
        ];
        row(rows, Version::V1p1.file(File::Courses).unwrap().columns.len(), &cells);
    }));
    let (mut file, expected) = written(&tables);
    let told = proven(&mut file, &expected).unwrap_err();
    assert!(told.starts_with("courses.csv: schoolYearSourcedId refers to a row"), "{told}");
    assert!(told.contains("academicSessions.csv"), "{told}");
}

#[test]
fn an_id_that_stands_twice_is_found() {
    let mut tables = district(|_| 1);
    tables[0] = table(File::Orgs, 2, |unit, rows| {
        for number in [unit + 1, 3] {
            let cells: [Cell<'_>; 3] = [
                (0, &|rows| rows.id(&id(1, number))),
                (3, &|rows| rows.text("n")),
                (4, &|rows| rows.known("school")),
            ];
            row(rows, 7, &cells);
        }
    });
    let (mut file, expected) = written(&tables);
    assert_eq!(proven(&mut file, &expected).unwrap_err(), "orgs.csv: a sourcedId stands there twice");
}

#[test]
fn what_the_writer_believes_must_be_on_the_disk() {
    let tables = district(|unit| unit % ORGS);
    let (mut file, expected) = written(&tables);
    // A file that the writer knows nothing of, and one that it misses.
    assert!(proven(&mut file, &expected[..1]).unwrap_err().contains("3 entries instead of 2"));
    for change in 0..4 {
        let (mut file, mut expected) = written(&tables);
        let last = expected.last_mut().unwrap();
        match change {
            0 => last.written.rows += 1,
            1 => last.written.crc32 ^= 1,
            2 => last.header.insert(0, b'x'),
            _ => last.blocks[1].1 += 1,
        }
        let told = proven(&mut file, &expected).unwrap_err();
        assert!(told.starts_with("users.csv: "), "{change}: {told}");
    }
}

/// A package that is written once and copied for every case.
fn package() -> &'static (Vec<u8>, Vec<Expected>) {
    static PACKAGE: std::sync::OnceLock<(Vec<u8>, Vec<Expected>)> = std::sync::OnceLock::new();
    PACKAGE.get_or_init(|| {
        let (mut file, expected) = written(&district(|unit| unit % ORGS));
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(0)).unwrap();
        file.read_to_end(&mut bytes).unwrap();
        (bytes, expected)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever byte the disk loses: either the fault is found, or the byte is one of those that say nothing
    /// (time stamps, attributes, versions of zip), and a foreign reader still reads the same rows.
    #[test]
    fn a_changed_byte_is_found_or_says_nothing(place in any::<prop::sample::Index>(), flip in 1u8..=255) {
        let (bytes, expected) = package();
        let mut bytes = bytes.clone();
        let at = place.index(bytes.len());
        bytes[at] ^= flip;
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        if proven(&mut file, expected).is_ok() {
            let mut zip = ZipArchive::new(&mut file).unwrap();
            for (entry, expected) in (1..zip.len()).zip(expected) {
                let mut text = Vec::new();
                zip.by_index(entry).unwrap().read_to_end(&mut text).unwrap();
                prop_assert_eq!(crc32fast::hash(&text), expected.written.crc32);
            }
        }
    }
}

#[test]
fn a_shortened_package_is_found() {
    let (mut file, expected) = written(&district(|unit| unit % ORGS));
    let length = file.seek(SeekFrom::End(0)).unwrap();
    for cut in [1, 20, 500, length / 2, length - 1, length] {
        file.set_len(length - cut).unwrap();
        assert!(proven(&mut file, &expected).is_err(), "{cut}");
    }
}
