//! The gradebook files in both versions: the published samples, the invented district, and rows planted into it.
//! Packages are read here with a few lines of their own, and headers are written out: nothing is shared with the
//! writer. Also the tables for a warehouse, which must be the package's.

// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use rosterpack::config::Overrides;
use rosterpack::crosswalk::Crosswalks;
use rosterpack::day::Day;
use rosterpack::notice::Notices;
use rosterpack::package::{Format, Warehouse};
use rosterpack::pipeline::{self, Outputs};
use rosterpack::progress::Silent;
use rosterpack::source::dump::DumpSource;
use rosterpack::synth::{self, Shape, SynthPlan, Traps};

/// A CSV file: every row by column name.
type Rows = Vec<BTreeMap<String, String>>;

fn parse(bytes: &[u8]) -> (Vec<String>, Rows) {
    let mut reader = csv::Reader::from_reader(bytes);
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows = reader
        .records()
        .map(|row| header.iter().cloned().zip(row.unwrap().iter().map(str::to_owned)).collect())
        .collect();
    (header, rows)
}

/// What an export came to.
struct Exported {
    files: BTreeMap<String, Vec<u8>>,
    notices: Notices,
    refused: Option<Vec<String>>,
}

impl Exported {
    fn rows(&self, file: &str) -> Rows {
        self.files.get(&format!("{file}.csv")).map(|bytes| parse(bytes).1).unwrap_or_default()
    }

    fn header(&self, file: &str) -> Vec<String> {
        parse(&self.files[&format!("{file}.csv")]).0
    }

    fn left_out(&self, file: &str) -> usize {
        self.notices.iter().filter_map(|(_, _, tally)| tally.left_out.get(file)).sum::<u64>() as usize
    }

    /// Occurrences of a code whose cause contains a text.
    fn count(&self, code: &str, cause: &str) -> u64 {
        self.notices
            .iter()
            .filter(|(c, why, _)| c.code == code && why.contains(cause))
            .map(|(_, _, t)| t.count)
            .sum()
    }
}

fn export(source: &Path, version: &str, settings: &[&str], tables: Option<&Path>) -> Exported {
    let target = tempfile::tempdir().unwrap();
    let zip = target.path().join("package.zip");
    let sample = source.to_string_lossy().contains("grand-bend");
    let (year, as_of) = if sample { ("2022", "2021-10-01") } else { ("2025", "2024-10-01") };
    let mut overrides = Overrides::new();
    for (name, value) in
        [("tenant", "demo_isd"), ("active_school_year", year), ("as_of", as_of), ("oneroster", version)]
    {
        overrides.flag(name, Some(value));
    }
    settings.iter().for_each(|setting| overrides.set(setting));
    let run = overrides.freeze(Day::from_ymd(2024, 10, 1).unwrap(), &[]).unwrap();
    let crosswalks = Crosswalks::load(None).unwrap();
    let source = DumpSource::open(source).unwrap();
    let at = |_| zip.clone();
    let tables = tables.map(|folder| Warehouse { folder, format: Format::Csv });
    let outputs = Outputs { package: Some(&at), tables, ..Outputs::default() };
    let outcome = pipeline::export_to(&source, &crosswalks, &run.plan, outputs, &Silent).unwrap();
    let mut files = BTreeMap::new();
    if outcome.packages[0].written.is_some() {
        let mut archive = zip::ZipArchive::new(fs::File::open(&zip).unwrap()).unwrap();
        for n in 0..archive.len() {
            let mut entry = archive.by_index(n).unwrap();
            let name = entry.name().unwrap().into_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            files.insert(name, bytes);
        }
    }
    Exported { files, notices: outcome.notices, refused: outcome.refused }
}

fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/ods-samples");
    let samples: Vec<PathBuf> = ["grand-bend-ds40", "grand-bend-ds52"]
        .iter()
        .map(|name| folder.join(name))
        .filter(|f| f.is_dir())
        .collect();
    if samples.is_empty() {
        eprintln!("SKIPPED: the published samples are not in ../shared/ods-samples");
    }
    samples
}

fn district(students: u64, standard: &str, traps: Traps) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let standard = Shape::ALL.into_iter().find(|shape| shape.label() == standard).unwrap();
    synth::write(&SynthPlan { students, standard, traps, ..SynthPlan::default() }, folder.path(), &|_, _| {})
        .unwrap();
    folder
}

/// The text of an extract.
fn extract(folder: &Path, table: &str) -> String {
    fs::read_to_string(folder.join(format!("{table}.csv"))).unwrap()
}

/// Adds rows to an extract, each a copy of its row `like` with some cells changed.
fn plant(folder: &Path, table: &str, like: usize, rows: &[&[(&str, &str)]]) {
    let text = extract(folder, table);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let model = reader.records().nth(like).unwrap().unwrap();
    let mut writer = csv::Writer::from_writer(text.clone().into_bytes());
    for changes in rows {
        let mut cells: Vec<String> = model.iter().map(str::to_owned).collect();
        for (column, value) in *changes {
            let at = header
                .iter()
                .position(|name| name == *column)
                .unwrap_or_else(|| panic!("no column {column}"));
            cells[at] = (*value).to_owned();
        }
        writer.write_record(&cells).unwrap();
    }
    fs::write(folder.join(format!("{table}.csv")), writer.into_inner().unwrap()).unwrap();
}

/// The descriptor id of a value, made when there is none.
fn descriptor(folder: &Path, kind: &str, value: &str) -> String {
    let rows = parse(extract(folder, "descriptor").as_bytes()).1;
    let namespace = format!("uri://ed-fi.org/{kind}Descriptor");
    if let Some(row) = rows
        .iter()
        .find(|r| r["codevalue"] == value && r["namespace"].ends_with(&format!("{kind}Descriptor")))
    {
        return row["descriptorid"].clone();
    }
    let id = (900_000 + rows.len()).to_string();
    plant(
        folder,
        "descriptor",
        0,
        &[&[("descriptorid", &id), ("namespace", &namespace), ("codevalue", value)]],
    );
    id
}

const NEW_IN_12: [&str; 6] = ["textScore", "classSourcedId", "inProgress", "incomplete", "late", "missing"];

/// What must hold of the gradebook files of every package, whatever the source.
fn check(exported: &Exported, version: &str) {
    assert_eq!(exported.refused, None);
    let ids = |file: &str| {
        let rows = exported.rows(file);
        let ids: HashSet<String> = rows.iter().map(|row| row["sourcedId"].clone()).collect();
        assert_eq!(ids.len(), rows.len(), "{file}: ids are unique");
        ids
    };
    let session = if version == "1.1" { "gradingPeriodSourcedId" } else { "academicSessionSourcedId" };
    let mut item_header =
        "sourcedId status dateLastModified title description assignDate dueDate classSourcedId categorySourcedId"
            .split(' ')
            .chain([session, "resultValueMin", "resultValueMax"])
            .collect::<Vec<_>>();
    let mut result_header =
        "sourcedId status dateLastModified lineItemSourcedId studentSourcedId scoreStatus score scoreDate comment"
            .split(' ')
            .collect::<Vec<_>>();
    let mut category_header = vec!["sourcedId", "status", "dateLastModified", "title"];
    if version == "1.2" {
        item_header.push("schoolSourcedId");
        result_header.extend(NEW_IN_12);
        category_header.push("weight");
    }
    for (file, header) in
        [("categories", &category_header), ("lineItems", &item_header), ("results", &result_header)]
    {
        let found = exported.header(file);
        let own: Vec<&str> =
            found.iter().map(String::as_str).filter(|name| !name.starts_with("metadata.")).collect();
        assert_eq!(own, *header, "{file}");
    }

    let (categories, items, users) = (ids("categories"), ids("lineItems"), ids("users"));
    let (classes, sessions, orgs) = (ids("classes"), ids("academicSessions"), ids("orgs"));
    ids("results");
    let decimal = |text: &str| {
        let number = text.strip_prefix('-').unwrap_or(text);
        !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.') && !text.ends_with('.')
    };
    let day = |text: &str| text.len() == 10 && Day::parse(text.as_bytes()).is_some();
    let kinds: BTreeMap<String, String> = exported
        .rows("academicSessions")
        .into_iter()
        .map(|row| (row["sourcedId"].clone(), row["type"].clone()))
        .collect();
    for row in exported.rows("categories") {
        assert!(!row["title"].is_empty());
    }
    for row in exported.rows("lineItems") {
        assert!(!row["title"].is_empty() && day(&row["assignDate"]) && day(&row["dueDate"]), "{row:?}");
        assert!(
            classes.contains(&row["classSourcedId"]) && categories.contains(&row["categorySourcedId"]),
            "{row:?}"
        );
        assert!(sessions.contains(&row[session]), "{row:?}");
        if version == "1.1" {
            assert_eq!(kinds[&row[session]], "gradingPeriod");
            assert!(decimal(&row["resultValueMin"]) && decimal(&row["resultValueMax"]), "{row:?}");
        } else {
            assert!(orgs.contains(&row["schoolSourcedId"]));
        }
    }
    let students: HashSet<String> = exported
        .rows("enrollments")
        .into_iter()
        .filter(|row| row["role"] == "student")
        .map(|row| row["userSourcedId"].clone())
        .collect();
    let words = ["exempt", "fully graded", "not submitted", "partially graded", "submitted"];
    for row in exported.rows("results") {
        assert!(items.contains(&row["lineItemSourcedId"]), "{row:?}");
        assert!(
            users.contains(&row["studentSourcedId"]) && students.contains(&row["studentSourcedId"]),
            "{row:?}"
        );
        assert!(words.contains(&row["scoreStatus"].as_str()) && day(&row["scoreDate"]), "{row:?}");
        assert!(decimal(&row["score"]) || (version == "1.2" && row["score"].is_empty()), "{row:?}");
        if version == "1.2" {
            assert!(classes.contains(&row["classSourcedId"]));
            for flag in ["inProgress", "incomplete", "late", "missing"] {
                assert!(["", "true", "false"].contains(&row[flag].as_str()), "{row:?}");
            }
        }
    }
}

const ON: &str = "gradebook=true";

#[test]
fn the_published_samples_keep_every_entry_and_every_result() {
    for sample in samples() {
        for version in ["1.1", "1.2"] {
            for scheme in ["id_scheme=edu", "id_scheme=stable"] {
                let exported = export(&sample, version, &[ON, scheme], None);
                check(&exported, version);
                let count = |file: &str| exported.rows(file).len();
                assert_eq!((count("categories"), count("lineItems"), count("results")), (1, 10, 250));
                assert_eq!(exported.rows("categories")[0]["title"], "Uncategorized");
                assert!(exported.rows("results").iter().all(|row| row["scoreStatus"] == "fully graded"));
                // Quiz 1 and Unit 1 Test have no due date; all lie in the first six weeks.
                assert_eq!(exported.count("line-item-defaulted", "dueDate is the assign date"), 2);
                let periods: BTreeSet<String> = exported
                    .rows("lineItems")
                    .iter()
                    .flat_map(|row| {
                        row.iter()
                            .filter(|(name, _)| {
                                name.ends_with("PeriodSourcedId") || name.ends_with("SessionSourcedId")
                            })
                            .map(|(_, id)| id.clone())
                    })
                    .collect();
                assert_eq!(periods.len(), 1);
                let bounds: BTreeSet<String> =
                    exported.rows("lineItems").iter().map(|row| row["resultValueMax"].clone()).collect();
                let wanted = if version == "1.1" { "100" } else { "" };
                assert_eq!(bounds, BTreeSet::from([wanted.to_owned()]));
            }
        }
    }
}

#[test]
fn it_is_off_by_default() {
    let folder = district(60, "5.2", Traps::None);
    let exported = export(folder.path(), "1.1", &[], None);
    for file in ["categories.csv", "lineItems.csv", "results.csv"] {
        assert!(!exported.files.contains_key(file), "{file}");
    }
    let manifest = String::from_utf8(exported.files["manifest.csv"].clone()).unwrap();
    assert!(manifest.contains("file.results,absent"));
    assert!(!exported.rows("academicSessions").iter().any(|row| row["type"] == "gradingPeriod"));
}

#[test]
fn every_student_gradebook_entry_is_a_result_or_counted() {
    for standard in ["4.0", "5.2", "6.1"] {
        for traps in [Traps::None, Traps::All] {
            let folder = district(400, standard, traps);
            let rows = |table: &str| parse(extract(folder.path(), table).as_bytes()).1;
            let grades = rows("grade");
            let given = rows("studentgradebookentry").len() + grades.len();
            let graded: BTreeSet<Vec<&str>> = grades
                .iter()
                .map(|row| {
                    let names = ["schoolid", "sectionidentifier", "sessionname", "localcoursecode"];
                    let of_period = ["gradingperioddescriptorid", "gradetypedescriptorid"];
                    names.iter().chain(&of_period).map(|name| row[*name].as_str()).collect()
                })
                .collect();
            let entries = rows("gradebookentry").len() + graded.len();
            assert!(given > 20 && entries > 2 && grades.len() > graded.len());
            for version in ["1.1", "1.2"] {
                // The traps hold collisions under edu, which would refuse the package.
                let exported =
                    export(folder.path(), version, &[ON, "final_grades=true", "id_scheme=stable"], None);
                check(&exported, version);
                let results = exported.rows("results").len();
                assert!(results > 20, "{standard} {version}");
                assert_eq!(results + exported.left_out("results"), given, "{standard} {version}");
                let items = exported.rows("lineItems").len();
                assert_eq!(items + exported.left_out("lineItems"), entries, "{standard} {version}");
            }
        }
    }
}

/// A district with one planted entry per case, each with one result of the first entry's first student.
fn planted() -> tempfile::TempDir {
    let folder = district(200, "5.2", Traps::None);
    let path = folder.path();
    let exempt = descriptor(path, "SubmissionStatus", "Exempt");
    let returned = descriptor(path, "SubmissionStatus", "Returned");
    let draft = descriptor(path, "SubmissionStatus", "Draft");
    let late = descriptor(path, "AssignmentLateStatus", "Late");
    plant(
        path,
        "gradebookentry",
        0,
        &[
            &[
                ("gradebookentryidentifier", "unnamed"),
                ("schoolid", ""),
                ("schoolyear", ""),
                ("sectionidentifier", ""),
                ("sessionname", ""),
                ("localcoursecode", ""),
            ],
            &[("gradebookentryidentifier", "old"), ("schoolyear", "2024")],
            &[("gradebookentryidentifier", "astray"), ("sectionidentifier", "no such section")],
            &[("gradebookentryidentifier", "untitled"), ("title", " ")],
            &[
                ("gradebookentryidentifier", "summer"),
                ("gradingperioddescriptorid", ""),
                ("gradingperiodname", ""),
                ("duedate", "2030-07-01"),
            ],
            &[
                ("gradebookentryidentifier", "plain"),
                ("maxpoints", "20.50"),
                ("gradebookentrytypedescriptorid", ""),
            ],
        ],
    );
    let result = |entry: &'static str| [("gradebookentryidentifier", entry)];
    for entry in ["unnamed", "old", "astray", "untitled", "summer"] {
        plant(path, "studentgradebookentry", 0, &[&result(entry)]);
    }
    plant(
        path,
        "studentgradebookentry",
        0,
        &[
            &[("gradebookentryidentifier", "nowhere")],
            &[("gradebookentryidentifier", "plain"), ("studentusi", "999999999")],
            &[
                ("gradebookentryidentifier", "plain"),
                ("pointsearned", "18.250"),
                ("lettergradeearned", "B"),
                ("diagnosticstatement", "Well,\ndone"),
                ("assignmentlatestatusdescriptorid", &late),
            ],
        ],
    );
    // Results of other students in the same entry.
    let students: Vec<String> = {
        let rows = parse(extract(path, "studentgradebookentry").as_bytes()).1;
        let first = rows[0]["studentusi"].clone();
        let others: BTreeSet<String> = rows
            .iter()
            .map(|r| r["studentusi"].clone())
            .filter(|s| *s != first && s != "999999999")
            .collect();
        others.into_iter().take(5).collect()
    };
    let blank = [("gradebookentryidentifier", "plain"), ("pointsearned", ""), ("numericgradeearned", "")];
    for (student, status, more) in [
        (&students[0], exempt.as_str(), ("lettergradeearned", "")),
        (&students[1], returned.as_str(), ("lettergradeearned", "A-")),
        (&students[2], draft.as_str(), ("numericgradeearned", "30")),
        (&students[3], "", ("numericgradeearned", "1e1")),
    ] {
        let mut cells = blank.to_vec();
        cells.extend([("studentusi", student.as_str()), ("submissionstatusdescriptorid", status), more]);
        plant(path, "studentgradebookentry", 0, &[&cells]);
    }
    folder
}

#[test]
fn what_is_left_out_has_its_cause() {
    let folder = planted();
    for version in ["1.1", "1.2"] {
        let exported = export(folder.path(), version, &[ON], None);
        check(&exported, version);
        for (code, cause, file) in [
            ("gradebook-entry-without-section", "no section", "results"),
            ("gradebook-entry-of-other-year", "school year 2024", "results"),
            ("gradebook-section-missing", "no such section", "results"),
            ("line-item-incomplete", "title is blank", "results"),
            ("gradebook-entry-missing", "nowhere", "results"),
            ("person-missing", "studentGradebookEntry", "results"),
        ] {
            let rows: u64 = exported
                .notices
                .iter()
                .filter(|(c, why, _)| c.code == code && why.contains(cause))
                .filter_map(|(_, _, tally)| tally.left_out.get(file))
                .sum();
            assert_eq!(rows, 1, "{version} {code}");
        }
        let given = parse(extract(folder.path(), "studentgradebookentry").as_bytes()).1.len();
        assert_eq!(exported.rows("results").len() + exported.left_out("results"), given);
        assert_eq!(exported.count("decimal-unreadable", "studentGradebookEntry.numericGradeEarned"), 1);
        assert_eq!(exported.count("submission-status-unmapped", "Draft"), 1);
        assert_eq!(exported.count("score-out-of-bounds", ""), 1, "30 of 20.5 points");
        assert_eq!(exported.count("line-item-defaulted", "category is Uncategorized"), 1);
    }
}

#[test]
fn cells_follow_the_rules_of_each_version() {
    let folder = planted();
    let of_plain = |exported: &Exported| -> (BTreeMap<String, String>, Rows) {
        let key = |row: &BTreeMap<String, String>| row["metadata.edu.natural_key"].clone();
        let item = exported.rows("lineItems").into_iter().find(|row| key(row).ends_with("-plain")).unwrap();
        let of = item["sourcedId"].clone();
        (item, exported.rows("results").into_iter().filter(|row| row["lineItemSourcedId"] == of).collect())
    };
    let v1p1 = export(folder.path(), "1.1", &[ON], None);
    let (item, results) = of_plain(&v1p1);
    assert_eq!((item["resultValueMin"].as_str(), item["resultValueMax"].as_str()), ("0", "20.5"));
    let shown: Vec<(&str, &str)> =
        results.iter().map(|row| (row["scoreStatus"].as_str(), row["score"].as_str())).collect();
    assert!(shown.contains(&("fully graded", "18.25")), "{shown:?}");
    assert!(shown.contains(&("fully graded", "30")), "an unknown status with a score: {shown:?}");
    assert_eq!(shown.len(), 2);
    assert_eq!(v1p1.count("result-without-score", ""), 3);
    assert_eq!(
        v1p1.count("line-item-incomplete", "no grading period contains the due date"),
        2,
        "item and result"
    );

    let v1p2 = export(folder.path(), "1.2", &[ON], None);
    let (_, results) = of_plain(&v1p2);
    let shown: BTreeSet<[&str; 5]> = results
        .iter()
        .map(|row| ["scoreStatus", "score", "textScore", "late", "comment"].map(|name| row[name].as_str()))
        .collect();
    let wanted = [
        ["exempt", "", "", "", ""],
        ["fully graded", "", "A-", "", ""],
        ["fully graded", "18.25", "B", "true", "Well, done"],
        ["fully graded", "30", "", "", ""],
        ["submitted", "", "", "", ""],
    ];
    assert_eq!(shown, BTreeSet::from(wanted));
    // The term of the class stands in where no grading period contains the due date.
    assert_eq!(v1p2.count("line-item-defaulted", "academic session is that of the class"), 1);
}

/// Writes a grade for the first students of the first section.
fn with_grades(standard: &str) -> tempfile::TempDir {
    let folder = district(200, standard, Traps::None);
    let path = folder.path();
    let entry = parse(extract(path, "gradebookentry").as_bytes()).1[0].clone();
    let kind = descriptor(path, "GradeType", "Grading Period");
    let mut in_section: Vec<String> = parse(extract(path, "studentsectionassociation").as_bytes())
        .1
        .into_iter()
        .filter(|r| {
            ["schoolid", "sectionidentifier", "sessionname", "localcoursecode"]
                .iter()
                .all(|c| r[*c] == entry[*c])
        })
        .map(|r| r["studentusi"].clone())
        .collect();
    in_section.dedup();
    assert!(in_section.len() > 4);
    let (name, value) = match standard {
        "4.0" => ("gradingperiodsequence", &entry["periodsequence"]),
        _ => ("gradingperiodname", &entry["gradingperiodname"]),
    };
    let mut writer = csv::Writer::from_path(path.join("grade.csv")).unwrap();
    writer
        .write_record([
            "begindate",
            "gradetypedescriptorid",
            "gradingperioddescriptorid",
            name,
            "gradingperiodschoolyear",
            "localcoursecode",
            "schoolid",
            "schoolyear",
            "sectionidentifier",
            "sessionname",
            "studentusi",
            "currentgradeindicator",
            "lettergradeearned",
            "numericgradeearned",
        ])
        .unwrap();
    let mut grade =
        |student: &str, begin: &str, period_year: &str, interim: &str, letter: &str, numeric: &str| {
            writer
                .write_record([
                    begin,
                    &kind,
                    &entry["gradingperioddescriptorid"],
                    value,
                    period_year,
                    &entry["localcoursecode"],
                    &entry["schoolid"],
                    "2025",
                    &entry["sectionidentifier"],
                    &entry["sessionname"],
                    student,
                    interim,
                    letter,
                    numeric,
                ])
                .unwrap();
        };
    grade(&in_section[0], "2024-08-15", "2025", "f", "B", "85.00");
    grade(&in_section[0], "2024-09-15", "2025", "t", "", "91.50");
    grade(&in_section[1], "2024-08-15", "2025", "", "A", "");
    grade(&in_section[2], "2024-08-15", "2025", "", "", "");
    grade(&in_section[3], "2024-08-15", "2024", "", "", "70");
    grade("999999999", "2024-08-15", "2025", "", "", "70");
    writer.flush().unwrap();
    drop(writer);
    folder
}

#[test]
fn grades_of_grading_periods_become_line_items_and_results() {
    for standard in ["4.0", "5.2"] {
        let folder = with_grades(standard);
        for (version, kept) in [("1.1", 1), ("1.2", 2)] {
            for scheme in ["id_scheme=edu", "id_scheme=stable"] {
                let exported = export(folder.path(), version, &["final_grades=true", scheme], None);
                check(&exported, version);
                let (items, results) = (exported.rows("lineItems"), exported.rows("results"));
                assert_eq!((items.len(), results.len()), (1, kept));
                assert_eq!(exported.left_out("results") + kept, 6);
                assert!(items[0]["title"].ends_with(": Grading Period"), "{}", items[0]["title"]);
                let latest = results.iter().find(|row| !row["score"].is_empty()).unwrap();
                assert_eq!(
                    (latest["scoreStatus"].as_str(), latest["score"].as_str()),
                    ("partially graded", "91.5")
                );
                assert_eq!(latest["scoreDate"], items[0]["dueDate"]);
                assert_eq!(exported.count("grade-repeated", ""), 1);
                assert_eq!(exported.count("grade-without-value", ""), 1);
                assert_eq!(exported.count("grading-period-missing", "of 2024"), 1);
            }
        }
        // Both kinds together.
        let both = export(folder.path(), "1.2", &["final_grades=true", ON], None);
        check(&both, "1.2");
        let titles: Vec<String> = both.rows("categories").iter().map(|row| row["title"].clone()).collect();
        assert_eq!(titles, ["Grading Period", "Homework"]);
    }
}

#[test]
fn rows_stand_in_order_whatever_the_order_of_the_extract() {
    let folder = planted();
    let before = export(folder.path(), "1.2", &[ON], None);
    for table in ["gradebookentry", "studentgradebookentry"] {
        let text = extract(folder.path(), table);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(reader.headers().unwrap()).unwrap();
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        rows.iter().rev().for_each(|row| writer.write_record(row).unwrap());
        fs::write(folder.path().join(format!("{table}.csv")), writer.into_inner().unwrap()).unwrap();
    }
    let after = export(folder.path(), "1.2", &[ON], None);
    assert!(before.files == after.files);
    let class_rows = before.rows("classes");
    let class_of = |id: &str| class_rows.iter().position(|row| row["sourcedId"] == id).unwrap();
    let items = before.rows("lineItems");
    let order: Vec<(usize, String)> =
        items.iter().map(|row| (class_of(&row["classSourcedId"]), row["dueDate"].clone())).collect();
    assert!(order.len() > 4 && order.is_sorted());
    let item_of = |id: &str| items.iter().position(|row| row["sourcedId"] == id).unwrap();
    assert!(before.rows("results").iter().map(|row| item_of(&row["lineItemSourcedId"])).is_sorted());
}

/// A district in which two results have one id under `edu`; one of them perhaps without a score.
fn colliding_results(scored: bool) -> tempfile::TempDir {
    let folder = district(120, "5.2", Traps::None);
    let path = folder.path();
    let students = parse(extract(path, "student").as_bytes()).1;
    let taking: BTreeSet<String> = parse(extract(path, "studentgradebookentry").as_bytes())
        .1
        .iter()
        .map(|r| r["studentusi"].clone())
        .collect();
    let unique_id =
        students.iter().find(|s| taking.contains(&s["studentusi"])).unwrap()["studentuniqueid"].clone();
    // Entry `q` of student `1-U` and entry `q-1` of student `U` are the same text.
    let other = students
        .iter()
        .find(|s| taking.contains(&s["studentusi"]) && s["studentuniqueid"] != unique_id)
        .unwrap();
    let renamed = format!("1-{unique_id}");
    let text = extract(path, "student").replace(&other["studentuniqueid"], &renamed);
    fs::write(path.join("student.csv"), text).unwrap();
    plant(
        path,
        "gradebookentry",
        0,
        &[&[("gradebookentryidentifier", "q")], &[("gradebookentryidentifier", "q-1")]],
    );
    let usi = |id: &str| students.iter().find(|s| s["studentuniqueid"] == id).unwrap()["studentusi"].clone();
    // Without points and a numeric grade 1.1 leaves the row out and 1.2 keeps it.
    let unscored = [("pointsearned", ""), ("numericgradeearned", ""), ("lettergradeearned", "B")];
    plant(
        path,
        "studentgradebookentry",
        0,
        &[
            &unscored[if scored { 3.. } else { 0.. }]
                .iter()
                .copied()
                .chain([("gradebookentryidentifier", "q"), ("studentusi", other["studentusi"].as_str())])
                .collect::<Vec<_>>(),
            &[("gradebookentryidentifier", "q-1"), ("studentusi", &usi(&unique_id))],
        ],
    );
    folder
}

#[test]
fn an_id_that_two_results_share_under_edu_refuses_the_package() {
    let folder = colliding_results(true);
    let path = folder.path();
    let refused = export(path, "1.1", &[ON], None).refused.unwrap();
    assert!(refused.len() == 1 && refused[0].starts_with("id-collision: result "), "{refused:?}");
    check(&export(path, "1.1", &[ON, "id_scheme=stable"], None), "1.1");
}

#[test]
fn what_refuses_one_version_refuses_both_and_is_told_with_its_name() {
    let folder = colliding_results(false);
    assert_eq!(export(folder.path(), "1.1", &[ON], None).refused, None);
    assert!(export(folder.path(), "1.2", &[ON], None).refused.is_some());
    for versions in ["1.1,1.2", "1.2,1.1"] {
        let out = tempfile::tempdir().unwrap();
        let before = out.path().join("demo_isd-2025-oneroster-v1p1.zip");
        fs::write(&before, "before").unwrap();
        let said = assert_cmd::Command::cargo_bin("rosterpack")
            .unwrap()
            .args(["export", "--tenant", "demo_isd", "--school-year", "2025", "--as-of", "2024-10-01", "-q"])
            .args(["--set", ON, "--oneroster", versions, "--source"])
            .arg(folder.path())
            .args(["--report", "report.json", "--tables", ".", "--out", "."])
            .current_dir(out.path())
            .assert()
            .code(1)
            .stdout("");
        let told = String::from_utf8(said.get_output().stderr.clone()).unwrap();
        assert!(told.starts_with("error: the packages were refused; nothing was written"), "{told}");
        assert!(told.contains("\n  - OneRoster 1.2: id-collision: result "), "{told}");
        assert!(!told.contains("OneRoster 1.1"), "{told}");
        assert_eq!(fs::read(&before).unwrap(), b"before");
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 2, "what was there, and the report");
        let report: serde_json::Value =
            serde_json::from_slice(&fs::read(out.path().join("report.json")).unwrap()).unwrap();
        assert_eq!(report["outcome"], "refused");
        for package in report["packages"].as_array().unwrap() {
            assert!(package["zip"].is_null() && package["files"].as_array().unwrap().len() > 8);
        }
    }
}

#[test]
fn a_warehouse_gets_the_rows_of_the_package_with_a_tenant() {
    let folder = district(120, "5.2", Traps::None);
    for version in ["1.1", "1.2"] {
        let tables = tempfile::tempdir().unwrap();
        let exported = export(folder.path(), version, &[ON, "demographics=true"], Some(tables.path()));
        let prefix = format!("or{}__", version.replace('.', "_"));
        let mut seen = 0;
        for entry in fs::read_dir(tables.path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let table = name.strip_prefix(&prefix).and_then(|n| n.strip_suffix(".csv")).unwrap();
            let file = exported
                .files
                .keys()
                .find(|file| file.trim_end_matches(".csv").to_lowercase() == table.replace('_', ""))
                .unwrap_or_else(|| panic!("{name} is in the package"));
            let packed = std::str::from_utf8(&exported.files[file]).unwrap();
            assert!(!packed.contains("tenant_code"));
            let tail: String = packed
                .split_inclusive("\r\n")
                .enumerate()
                .map(|(n, row)| {
                    let last = if n == 0 { "tenant_code" } else { "demo_isd" };
                    format!("{},{last}\r\n", row.trim_end_matches("\r\n"))
                })
                .collect();
            assert!(fs::read_to_string(&path).unwrap() == tail, "{name}");
            seen += 1;
        }
        assert_eq!(seen, exported.files.len() - 1, "every file but the manifest");
        assert!(tables.path().join(format!("{prefix}line_items.csv")).is_file());
    }
}
