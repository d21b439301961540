//! Packages as a vendor meets them: read by foreign zip readers, equal for any number of threads, all or nothing.
// Clippy knows tests by their attribute and does not see that these functions serve them alone.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use rosterpack::day::Day;
use rosterpack::package::{BLOCK_UNITS, CsvBlock, Options, PackageError, Step, Table, Written, write};
use rosterpack::spec::{File, Version};

const ROWS: usize = 100_000;

fn options() -> Options {
    Options {
        stamp: Day::from_ymd(2026, 8, 24).unwrap(),
        system_code: "demo_isd".to_owned(),
        // These rows refer to nothing that is there: the subject is the container.
        references: false,
        ..Options::new(Version::V1p1)
    }
}

fn id(kind: u8, number: usize) -> [u8; 16] {
    let mut id = (number as u128).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835).to_be_bytes();
    id[0] = kind;
    id
}

fn enrollments<'a>() -> Table<'a> {
    let spec = Version::V1p1.file(File::Enrollments).unwrap();
    let mut table = Table::new(spec, ROWS, |units, rows: &mut CsvBlock| {
        for unit in units {
            rows.id(&id(1, unit));
            rows.blank();
            rows.blank();
            rows.id(&id(2, unit / 25));
            rows.id(&id(3, unit / 2500));
            rows.id(&id(4, unit % 9000));
            rows.known("student");
            rows.flag(false);
            rows.date(Day::at(9000 + (unit % 3) as i32));
            rows.blank();
            rows.text(&format!("demo-{unit}"));
            rows.end_row();
        }
    });
    table.extensions = vec!["metadata.edu.natural_key".to_owned()];
    table
}

/// Two rows a unit for even units, none for odd ones.
fn orgs<'a>() -> Table<'a> {
    Table::new(Version::V1p1.file(File::Orgs).unwrap(), 20, |units, rows: &mut CsvBlock| {
        for unit in units.filter(|unit| unit % 2 == 0).flat_map(|unit| [unit, unit + 1]) {
            rows.id(&id(3, unit));
            rows.blank();
            rows.blank();
            rows.text("École \"Nord\", Paris");
            rows.known("school");
            rows.blank();
            rows.blank();
            rows.end_row();
        }
    })
}

fn empty<'a>(file: File) -> Table<'a> {
    Table::new(Version::V1p1.file(file).unwrap(), 3 * BLOCK_UNITS, |_, _| ())
}

fn tables<'a>() -> Vec<Table<'a>> {
    let mut courses = empty(File::Courses);
    courses.header_only = true;
    vec![orgs(), enrollments(), courses, empty(File::Users)]
}

fn quiet(_: File, _: u64, _: u64) {}

fn written_with(threads: usize, folder: &Path) -> Written {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let target = folder.join(format!("{threads}.zip"));
    pool.install(|| write(&target, &tables(), &options(), &quiet)).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn bytes_do_not_depend_on_threads() {
    let folder = tempfile::tempdir().unwrap();
    let packages: Vec<Vec<u8>> =
        [1, 2, 4].map(|threads| fs::read(written_with(threads, folder.path()).path).unwrap()).into();
    let target = folder.path().join("outside.zip");
    write(&target, &tables(), &options(), &quiet).unwrap();
    assert!(packages[0].len() > 1_000_000);
    assert!(packages[0] == packages[1] && packages[0] == packages[2], "1, 2 and 4 threads differ");
    assert!(packages[0] == fs::read(target).unwrap(), "inside and outside a pool differ");
}

#[test]
fn foreign_readers_find_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let written = written_with(2, folder.path());
    assert_eq!(names(folder.path()), ["2.zip"]);
    assert_eq!(written.bytes, fs::metadata(&written.path).unwrap().len());

    let mut zip = zip::ZipArchive::new(fs::File::open(&written.path).unwrap()).unwrap();
    let entries: Vec<String> =
        (0..zip.len()).map(|n| zip.by_index(n).unwrap().name().unwrap().into_owned()).collect();
    assert_eq!(entries, ["manifest.csv", "courses.csv", "enrollments.csv", "orgs.csv"]);
    for name in &entries {
        let entry = zip.by_name(name).unwrap();
        assert_eq!(entry.unix_mode(), Some(0o100_644), "{name}");
        let stamp = entry.last_modified().unwrap();
        assert_eq!((stamp.year(), stamp.month(), stamp.day(), stamp.hour()), (2026, 8, 24, 0), "{name}");
        assert_eq!(entry.extra_data().unwrap_or_default(), b"", "{name}");
    }
    let mut contents = entries.iter().map(|name| {
        let mut text = String::new();
        zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    });
    let (manifest, courses) = (contents.next().unwrap(), contents.next().unwrap());
    let (enrollments, orgs) = (contents.next().unwrap(), contents.next().unwrap());

    let expected = "propertyName,value\r\nmanifest.version,1.0\r\noneroster.version,1.1\r\n\
        file.academicSessions,absent\r\nfile.categories,absent\r\nfile.classes,absent\r\n\
        file.classResources,absent\r\nfile.courses,bulk\r\nfile.courseResources,absent\r\n\
        file.demographics,absent\r\nfile.enrollments,bulk\r\nfile.lineItems,absent\r\nfile.orgs,bulk\r\n\
        file.resources,absent\r\nfile.results,absent\r\nfile.users,absent\r\n\
        source.systemName,rosterpack\r\nsource.systemCode,demo_isd\r\n";
    assert_eq!(manifest, expected);
    assert_eq!(
        courses,
        "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,\
         subjectCodes\r\n"
    );
    assert_eq!(orgs.lines().count(), 21);
    assert!(orgs.contains("\"École \"\"Nord\"\", Paris\",school,,\r\n"));

    let mut reader = csv::Reader::from_reader(enrollments.as_bytes());
    assert_eq!(reader.headers().unwrap().iter().next_back(), Some("metadata.edu.natural_key"));
    let mut count = 0;
    for (unit, row) in reader.records().enumerate() {
        let row = row.unwrap();
        assert_eq!(&row[0], hex::encode(id(1, unit)));
        assert_eq!(&row[10], format!("demo-{unit}"));
        count += 1;
    }
    assert_eq!(count, ROWS);
    let sums: Vec<(File, u64, u64)> = written.files.iter().map(|f| (f.file, f.rows, f.csv_bytes)).collect();
    let sizes = [courses.len(), enrollments.len(), orgs.len()].map(|size| size as u64);
    assert_eq!(
        sums,
        [
            (File::Courses, 0, sizes[0]),
            (File::Enrollments, ROWS as u64, sizes[1]),
            (File::Orgs, 20, sizes[2])
        ]
    );
    assert_eq!(written.files[1].crc32, crc32fast::hash(enrollments.as_bytes()));

    let python = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; \
                  assert all(i.flag_bits == 0 and i.extract_version == 20 for i in z.infolist())";
    for (program, arguments) in [("unzip", &["-tqq"][..]), ("python3", &["-c", python])] {
        match Command::new(program).args(arguments).arg(&written.path).output() {
            Ok(output) => assert!(output.status.success(), "{program}: {output:?}"),
            Err(error) => eprintln!("SKIPPED: {program}: {error}"),
        }
    }
}

#[test]
fn progress_counts_up_to_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let heard = Mutex::new(Vec::new());
    let progress = |file: File, rows: u64, bytes: u64| heard.lock().unwrap().push((file, rows, bytes));
    let written = write(&folder.path().join("p.zip"), &tables(), &options(), &progress).unwrap();
    let heard = heard.into_inner().unwrap();
    assert!(heard.is_sorted());
    for file in &written.files {
        let last = heard.iter().rfind(|(heard, ..)| *heard == file.file).unwrap();
        assert_eq!(*last, (file.file, file.rows, file.csv_bytes));
    }
}

#[test]
fn a_package_of_nothing_is_a_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let written = write(&folder.path().join("p.zip"), &[empty(File::Orgs)], &options(), &quiet).unwrap();
    assert_eq!(written.files, []);
    let zip = zip::ZipArchive::new(fs::File::open(&written.path).unwrap()).unwrap();
    assert_eq!(zip.file_names().map(Result::unwrap).collect::<Vec<_>>(), ["manifest.csv"]);
}

#[test]
#[cfg(unix)]
fn a_new_package_replaces_the_old_one_and_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("p.zip");
    fs::write(&target, "yesterday").unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o644)).unwrap();
    write(&target, &[orgs()], &options(), &quiet).unwrap();
    assert!(fs::read(&target).unwrap().starts_with(b"PK\x03\x04"));
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(names(folder.path()), ["p.zip"]);
}

#[test]
fn an_impossible_target_is_named_with_step_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let cases = [
        (folder.path().to_owned(), Step::Prepare, "give the name of a file"),
        (folder.path().join("missing/p.zip"), Step::Create, "create its folder first"),
        (file.join("p.zip"), Step::Create, "a part of the path is a file"),
    ];
    for (target, expected, remedy) in cases {
        let error = write(&target, &[orgs()], &options(), &quiet).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(&target.display().to_string()) && message.contains(remedy), "{message}");
        assert!(!message.contains(".partial"), "{message}");
        assert!(matches!(error, PackageError::Output { step, .. } if step == expected), "{error:?}");
    }
    assert_eq!(names(folder.path()), ["file"]);
}
