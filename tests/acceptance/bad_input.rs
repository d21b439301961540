//! Bad input, through the binary: the right exit code, a message that names the culprit, and nothing left behind.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rosterpack::synth::Shape;

use crate::exporting::{binary, told, trap_district};
use crate::extract;

/// A working folder: a copy of the small district, and a package of last night that must survive.
struct Desk {
    folder: tempfile::TempDir,
}

const LAST_NIGHT: &[u8] = b"last night's package";

impl Desk {
    fn new() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("out")).unwrap();
        fs::write(folder.path().join("out/roster.zip"), LAST_NIGHT).unwrap();
        let desk = Desk { folder };
        fs::create_dir(desk.source()).unwrap();
        for entry in fs::read_dir(trap_district(Shape::S52)).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, desk.source().join(path.file_name().unwrap())).unwrap();
        }
        desk
    }

    fn source(&self) -> PathBuf {
        self.folder.path().join("ods")
    }

    /// Runs an export that must fail with `code` and say all of `wanted`, and checks that nothing has changed.
    fn fails(&self, code: i32, arguments: &[&str], wanted: &[&str]) -> String {
        let usual = ["export", "--tenant", "demo_isd", "--as-of", "2024-10-01"];
        let mut all: Vec<&str> = usual.to_vec();
        for (flag, value) in [("--source", "ods"), ("--school-year", "2025"), ("--out", "out/roster.zip")] {
            if !arguments.contains(&flag) {
                all.extend([flag, value]);
            }
        }
        all.extend(arguments);
        let before = listing(self.folder.path());
        let output = binary(self.folder.path(), &all);
        let told = told(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
        for text in wanted {
            assert!(told.contains(text), "{arguments:?}: no `{text}` in {told}");
        }
        assert!(told.contains("error: "), "{told}");
        assert!(!told.contains("panicked"), "{told}");
        assert!(output.stdout.is_empty(), "no path is printed");
        assert_eq!(listing(self.folder.path()), before, "{arguments:?}: no litter, nothing missing");
        assert_eq!(fs::read(self.folder.path().join("out/roster.zip")).unwrap(), LAST_NIGHT);
        told
    }

    fn file(&self, table: &str) -> PathBuf {
        self.source().join(format!("{table}.csv"))
    }
}

/// Every path below a folder.
fn listing(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        walkdir::WalkDir::new(folder).into_iter().map(|e| e.unwrap().into_path()).collect();
    found.sort();
    found
}

#[test]
fn folders_that_are_missing_or_hold_no_tables() {
    let desk = Desk::new();
    fs::create_dir(desk.folder.path().join("nothing")).unwrap();
    fs::write(desk.folder.path().join("file.txt"), "x").unwrap();
    desk.fails(3, &["--source", "gone"], &["gone"]);
    desk.fails(3, &["--source", "nothing"], &["nothing", "no table extract"]);
    desk.fails(3, &["--source", "file.txt"], &["file.txt"]);
}

/// What every data standard must have.
const REQUIRED: &[&str] = &[
    "descriptor",
    "educationorganization",
    "localeducationagency",
    "school",
    "session",
    "course",
    "courseoffering",
    "section",
    "student",
    "studentschoolassociation",
    "staff",
    "staffeducationorganizationassignmentassociation",
    "staffsectionassociation",
    "studentsectionassociation",
];

#[test]
fn a_missing_table_is_named_with_its_place_and_standard() {
    let desk = Desk::new();
    let aside = desk.folder.path().join("aside");
    for table in REQUIRED {
        fs::rename(desk.file(table), &aside).unwrap();
        desk.fails(3, &["--data-standard", "5.2"], &[table, "5.2", "ods"]);
        desk.fails(3, &[], &[table]);
        fs::rename(&aside, desk.file(table)).unwrap();
    }
}

#[test]
fn a_missing_column_is_named_with_its_table() {
    let desk = Desk::new();
    for (table, column) in [
        ("descriptor", "codevalue"),
        ("educationorganization", "nameofinstitution"),
        ("session", "termdescriptorid"),
        ("section", "sectionidentifier"),
        ("student", "studentuniqueid"),
        ("studentschoolassociation", "entrydate"),
        ("staff", "lastsurname"),
        ("studentsectionassociation", "begindate"),
        ("studentsectionassociation", "schoolyear"),
        // Of an optional table that is there, the columns that it must have are still demanded.
        ("staffelectronicmail", "electronicmailaddress"),
    ] {
        let whole = fs::read(desk.file(table)).unwrap();
        extract::alter(&desk.source(), table, |t| {
            let at = t.column(column).unwrap();
            t.header[at] = "renamed".into();
        });
        desk.fails(3, &[], &[table, column]);
        fs::write(desk.file(table), whole).unwrap();
    }
}

#[test]
fn a_missing_optional_table_is_a_notice() {
    let desk = Desk::new();
    for table in
        ["staffelectronicmail", "sectionclassperiod", "calendardatecalendarevent", "stateeducationagency"]
    {
        fs::remove_file(desk.file(table)).unwrap();
    }
    let source = desk.source();
    let exported = crate::exporting::export(&source, &[crate::exporting::USUAL]);
    assert_eq!(crate::package_check::check(&exported.package), Vec::<String>::new());
    for table in
        ["staffelectronicmail", "sectionclassperiod", "calendardatecalendarevent", "stateeducationagency"]
    {
        assert_eq!(exported.count_of("table-absent", table), 1, "{table}");
    }
    // Without calendars the sessions date the year, which is said.
    assert!(exported.count("school-year-from-sessions") > 0);
}

#[test]
fn seeds_that_cannot_be_right() {
    let desk = Desk::new();
    let seeds = desk.folder.path().join("seeds");
    fs::create_dir(&seeds).unwrap();
    for (file, text, wanted) in [
        (
            "xwalk_oneroster_races.csv",
            "edfi_race_code,oneroster_race_code\nWhite,purple\n",
            &["line 2", "purple"][..],
        ),
        (
            "xwalk_oneroster_grade_levels.csv",
            "edfi_grade_level,oneroster_grade_level\nNinth grade,09\nTenth grade,10\nNinth grade,10\n",
            &["line 4", "Ninth grade"],
        ),
        ("xwalk_oneroster_gender.csv", "edfi_gender_code\nFemale\n", &["oneroster_sex_code"]),
        (
            "xwalk_oneroster_staff_classifications.csv",
            "staff_classification,oneroster_role\nTeacher,boss\n",
            &["boss"],
        ),
        (
            "xwalk_calendar_events.csv",
            "calendar_event_descriptor,is_school_day\nHoliday,perhaps\n",
            &["perhaps"],
        ),
    ] {
        fs::write(seeds.join(file), text).unwrap();
        let told = desk.fails(2, &["--seeds", "seeds"], wanted);
        assert!(told.contains(file), "{told}");
        fs::remove_file(seeds.join(file)).unwrap();
    }
    fs::write(
        seeds.join("xwalk_oneroster_races.csv"),
        b"edfi_race_code,oneroster_race_code\nWei\xdf,white\n",
    )
    .unwrap();
    desk.fails(2, &["--seeds", "seeds"], &["xwalk_oneroster_races.csv", "line 2", "UTF-8"]);
    desk.fails(2, &["--seeds", "gone"], &["gone"]);
}

#[test]
fn bytes_that_are_no_text_are_found_with_file_and_line() {
    let desk = Desk::new();
    let whole = fs::read_to_string(desk.file("staff")).unwrap();
    let mut lines: Vec<Vec<u8>> = whole.lines().map(|line| line.as_bytes().to_vec()).collect();
    lines[6].extend_from_slice(b"\xe9");
    fs::write(desk.file("staff"), lines.join(&b'\n')).unwrap();
    desk.fails(3, &[], &["staff.csv", "line 7", "UTF-8"]);
    fs::write(desk.file("staff"), &whole).unwrap();

    // A value that its column cannot hold: named by file, line and column, not repeated.
    extract::alter(&desk.source(), "student", |t| {
        let at = t.column("studentusi").unwrap();
        t.rows[2][at] = "secret-usi".into();
    });
    let told = desk.fails(3, &[], &["student.csv", "line 4", "studentusi"]);
    assert!(!told.contains("secret-usi"), "{told}");
}

#[test]
fn a_truncated_gz_is_no_shorter_table() {
    let desk = Desk::new();
    let table = "studentsectionassociation";
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(&fs::read(desk.file(table)).unwrap()).unwrap();
    let packed = packed.finish().unwrap();
    fs::remove_file(desk.file(table)).unwrap();
    let file = desk.source().join(format!("{table}.csv.gz"));
    // Cut in the middle, cut before the trailer, and a changed byte that only the checksum tells.
    for length in [packed.len() / 2, packed.len() - 8, packed.len() - 1, 5, 0] {
        fs::write(&file, &packed[..length]).unwrap();
        desk.fails(3, &[], &["studentsectionassociation.csv.gz"]);
    }
    let mut changed = packed.clone();
    let crc = packed.len() - 8;
    changed[crc] ^= 1;
    fs::write(&file, &changed).unwrap();
    desk.fails(3, &[], &["studentsectionassociation.csv.gz"]);
    fs::write(&file, &packed).unwrap();
    let target = tempfile::tempdir().unwrap();
    let whole = binary(
        desk.folder.path(),
        &[
            "export",
            "--source",
            "ods",
            "--tenant",
            "demo_isd",
            "--school-year",
            "2025",
            "--as-of",
            "2024-10-01",
            "--out",
            target.path().join("p.zip").to_str().unwrap(),
        ],
    );
    assert_eq!(whole.status.code(), Some(0), "the whole file is read: {}", told(&whole));
}

#[test]
fn targets_that_cannot_be_written() {
    let desk = Desk::new();
    fs::create_dir(desk.folder.path().join("out/folder.zip")).unwrap();
    fs::create_dir_all(desk.folder.path().join("out/taken/demo_isd-2025-oneroster-v1p1.zip")).unwrap();
    desk.fails(7, &["--out", "gone/roster.zip"], &["gone/roster.zip"]);
    desk.fails(7, &["--out", "ods/student.csv/roster.zip"], &["ods/student.csv/roster.zip"]);
    desk.fails(7, &["--out", "out/taken"], &["demo_isd-2025-oneroster-v1p1.zip", "it is a folder"]);
    desk.fails(7, &["--out", "/dev/full"], &["/dev/full", "not a regular file"]);
    desk.fails(7, &["--out", "/proc/roster.zip"], &["/proc/roster.zip"]);
    desk.fails(7, &["--report", "gone/report.json"], &["gone/report.json"]);
    desk.fails(7, &["--report", "gone/report/"], &["gone/report"]);
    desk.fails(7, &["--report", "ods/student.csv"], &["it is no folder", "ends with .json"]);
    desk.fails(2, &["--report", "out/roster.zip"], &["--report"]);
    desk.fails(2, &["--report", "out/../out/roster.zip"], &["--report"]);
}

#[test]
fn a_year_or_filter_that_leaves_nothing_refuses_the_package() {
    let desk = Desk::new();
    desk.fails(1, &["--school-year", "2031"], &["nothing-to-export", "2031"]);
    desk.fails(1, &["--lea", "999999"], &["nothing-to-export", "filter-unmatched"]);
    desk.fails(1, &["--school", "1"], &["nothing-to-export"]);
    // Header only: tables that are there and empty.
    for table in ["studentsectionassociation", "staffsectionassociation"] {
        extract::alter(&desk.source(), table, |t| t.rows.clear());
    }
    desk.fails(1, &[], &["nothing-to-export", "no enrollments"]);
}

#[test]
fn ids_that_collide_refuse_the_package() {
    let desk = Desk::new();
    fs::remove_dir_all(desk.source()).unwrap();
    let all = binary(desk.folder.path(), &["synth", "--students", "40", "--traps", "--out", "ods"]);
    assert_eq!(all.status.code(), Some(0), "{}", told(&all));
    desk.fails(1, &[], &["id-collision", "trap-Case", "trap-cASE", "trap-x-255901001", "255901001-c"]);
    let kept = ["--set", "on_id_collision=keep-winner", "--dry-run"];
    let usual =
        ["export", "--source", "ods", "--tenant", "a", "--school-year", "2025", "--as-of", "2024-10-01"];
    let before = listing(desk.folder.path());
    let output = binary(desk.folder.path(), &[&usual[..], &kept].concat());
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert!(output.stdout.is_empty() && listing(desk.folder.path()) == before, "a dry run writes nothing");
}

/// The report of a refused run is written all the same: that is what it is for.
#[test]
fn a_refused_run_still_reports() {
    let desk = Desk::new();
    let arguments = [
        "export",
        "--source",
        "ods",
        "--tenant",
        "demo_isd",
        "--school-year",
        "2031",
        "--as-of",
        "2024-10-01",
        "--out",
        "out/roster.zip",
        "--report",
        "report.json",
    ];
    let output = binary(desk.folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(desk.folder.path().join("report.json")).unwrap()).unwrap();
    assert_eq!(report["outcome"], "refused");
    assert!(report["packages"][0]["zip"].is_null() && !report["refused"].as_array().unwrap().is_empty());
    assert_eq!(fs::read(desk.folder.path().join("out/roster.zip")).unwrap(), LAST_NIGHT);
}

/// Descriptor ids and USIs that lead nowhere are counted, never shown.
#[test]
fn broken_references_do_not_show_private_numbers() {
    let desk = Desk::new();
    let (usi, descriptor) = ("1999999999", "1699999999");
    extract::alter(&desk.source(), "studentsectionassociation", |t| {
        let at = t.column("studentusi").unwrap();
        t.rows[0][at] = usi.into();
    });
    for (table, column) in [
        ("studentschoolassociation", "entrygradeleveldescriptorid"),
        ("staffeducationorganizationassignmentassociation", "staffclassificationdescriptorid"),
        ("session", "termdescriptorid"),
        ("staffsectionassociation", "classroompositiondescriptorid"),
    ] {
        extract::alter(&desk.source(), table, |t| {
            let at = t.column(column).unwrap();
            t.rows[0][at] = descriptor.into();
        });
    }
    for table in [
        "studentcontactassociation",
        "staffschoolassociation",
        "studentschoolassociation",
        "staffeducationorganizationcontactassociation",
    ] {
        extract::alter(&desk.source(), table, |t| {
            let at = t.header.iter().position(|h| h == "studentusi" || h == "staffusi").unwrap();
            t.rows[1][at] = usi.into();
        });
    }
    let arguments = [
        "export",
        "--source",
        "ods",
        "--tenant",
        "demo_isd",
        "--school-year",
        "2025",
        "--as-of",
        "2024-10-01",
        "--out",
        "p.zip",
        "--report",
        "report.json",
        "--parents",
        "--demographics",
    ];
    let output = binary(desk.folder.path(), &arguments);
    let told = told(&output);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let report = fs::read_to_string(desk.folder.path().join("report.json")).unwrap();
    for text in [&told, &report] {
        assert!(!text.contains(usi) && !text.contains(descriptor), "{text}");
        assert!(text.contains("descriptor-missing") && text.contains("person-missing"), "{text}");
    }
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let notices = report["notices"].as_array().unwrap();
    let count =
        |code: &str| notices.iter().find(|n| n["code"] == code).map_or(0, |n| n["count"].as_u64().unwrap());
    assert_eq!(count("descriptor-missing"), 4, "{notices:#?}");
    assert_eq!(count("person-missing"), 1);
    assert_eq!(count("orphan-row"), 4, "a row of nobody is passed over aloud");
}
