//! What the generator promises: the same bytes for the same plan, tables that are well-formed, keyed and
//! linked, the same people under every data standard, and traps where they are announced.

use rosterpack::edfi::{self, Part, contract};
use rosterpack::source::{Catalog, CatalogTable};
use rosterpack::synth::{self, Shape, SynthPlan, TableDef, Traps};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

const PARTS: &[Part] =
    &[Part::Core, Part::OrgDetail, Part::GradingPeriods, Part::Demographics, Part::Extensions, Part::Parents];

fn plan(students: u64, standard: Shape, traps: Traps) -> SynthPlan {
    SynthPlan { students, standard, traps, ..SynthPlan::default() }
}

fn write(plan: &SynthPlan) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    synth::write(plan, folder.path(), &|_, _| {}).unwrap();
    folder
}

fn bytes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap())
        })
        .collect()
}

/// A table as it was written, fields as text; null and empty text are told apart by nobody here.
struct Read {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Read {
    fn open(folder: &Path, table: &str) -> Read {
        let mut reader = csv::Reader::from_path(folder.join(format!("{table}.csv"))).unwrap();
        let columns = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let rows = reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect();
        Read { columns, rows }
    }

    fn at(&self, column: &str) -> usize {
        self.columns.iter().position(|c| c == column).unwrap_or_else(|| panic!("no column {column}"))
    }

    fn pick<'a>(&'a self, columns: &[&str]) -> Vec<Vec<&'a str>> {
        let at: Vec<usize> = columns.iter().map(|c| self.at(c)).collect();
        self.rows.iter().map(|row| at.iter().map(|i| row[*i].as_str()).collect()).collect()
    }
}

fn ids(folder: &Path) -> HashMap<String, String> {
    let descriptors = Read::open(folder, "descriptor");
    descriptors
        .pick(&["descriptorid", "codevalue"])
        .into_iter()
        .map(|row| (row[0].to_owned(), row[1].to_owned()))
        .collect()
}

#[test]
fn the_same_plan_gives_the_same_bytes_and_another_seed_does_not() {
    let one = plan(400, Shape::S52, Traps::None);
    let first = bytes(write(&one).path());
    let in_one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(first, bytes(in_one_thread.install(|| write(&one)).path()));
    let other = bytes(write(&SynthPlan { seed: 2, ..one.clone() }).path());
    assert_ne!(first["student.csv"], other["student.csv"]);
    assert_ne!(first["studentsectionassociation.csv"], other["studentsectionassociation.csv"]);
}

#[test]
fn compressed_tables_hold_the_same_bytes() {
    let one = plan(60, Shape::S52, Traps::None);
    let plain = bytes(write(&one).path());
    let packed = bytes(write(&SynthPlan { gzip: true, ..one }).path());
    assert_eq!(plain.len(), packed.len());
    for (name, bytes) in packed {
        let mut unpacked = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut unpacked).unwrap();
        assert_eq!(plain[name.strip_suffix(".gz").unwrap()], unpacked, "{name}");
    }
}

fn check_fields(table: &TableDef, row: &[String]) {
    for (column, value) in table.columns.iter().zip(row) {
        let at = || format!("{}.{} = {value:?}", table.name, column.name);
        assert!(column.nullable || !value.is_empty(), "{} is null", at());
        if value.is_empty() {
            continue;
        }
        if let Some(length) = column.pg_type.strip_prefix("varchar(").and_then(|t| t.strip_suffix(')')) {
            assert!(value.chars().count() <= length.parse().unwrap(), "{} is too long", at());
        }
        match column.pg_type {
            "smallint" => drop(value.parse::<i16>().unwrap_or_else(|_| panic!("{}", at()))),
            "integer" => drop(value.parse::<i32>().unwrap_or_else(|_| panic!("{}", at()))),
            "bigint" => drop(value.parse::<i64>().unwrap_or_else(|_| panic!("{}", at()))),
            "boolean" => assert!(value == "t" || value == "f", "{}", at()),
            "date" => assert!(rosterpack::day::Day::parse(value.as_bytes()).is_some(), "{}", at()),
            _ => {}
        }
    }
}

#[test]
fn every_table_is_well_formed_and_its_keys_are_unique() {
    for shape in Shape::ALL {
        let folder = write(&plan(250, shape, Traps::All));
        let tables = synth::tables(shape);
        assert_eq!(bytes(folder.path()).len(), tables.len());
        for table in &tables {
            let read = Read::open(folder.path(), table.name);
            assert_eq!(read.columns, table.columns.iter().map(|c| c.name).collect::<Vec<_>>());
            let key = read.pick(&table.primary_key);
            assert!(!table.primary_key.is_empty());
            let mut seen = HashSet::new();
            for key in &key {
                assert!(seen.insert(key), "{} twice in {} of {}", key.join("|"), table.name, shape.label());
            }
            read.rows.iter().for_each(|row| check_fields(table, row));
        }
    }
}

#[test]
fn the_exporter_finds_every_table_and_column_that_it_reads() {
    for shape in Shape::ALL {
        let mut catalog = Catalog { place: "test".into(), ..Catalog::default() };
        for table in synth::tables(shape) {
            let columns = table.columns.iter().map(|c| c.name.to_owned()).collect();
            let entry = CatalogTable { origin: table.name.to_owned(), columns, rows_estimate: None };
            catalog.tables.insert(table.name.to_owned(), entry);
        }
        let resolved = edfi::resolve(&catalog, None, PARTS).unwrap();
        assert!(resolved.standard.labels.contains(&shape.label()), "{}", resolved.standard.label);
        let gone =
            if shape == Shape::S61 { vec!["staffeducationorganizationcontactassociation"] } else { vec![] };
        assert_eq!(resolved.absent.iter().map(|(_, name)| *name).collect::<Vec<_>>(), gone);
        assert_eq!(resolved.tables.len() + gone.len(), contract::TABLES.len());
    }
}

#[test]
fn every_table_that_the_exporter_reads_has_rows() {
    for shape in Shape::ALL {
        let folder = tempfile::tempdir().unwrap();
        let summary = synth::write(&plan(300, shape, Traps::Safe), folder.path(), &|_, _| {}).unwrap();
        let rows: BTreeMap<_, _> = summary.tables.into_iter().collect();
        let standard = edfi::detect(
            &Catalog {
                tables: rows.keys().map(|name| (name.clone(), CatalogTable::default())).collect(),
                ..Catalog::default()
            },
            Some(shape.label()),
        )
        .unwrap();
        for table in contract::TABLES {
            let (physical, _) = standard.spelling(table);
            if shape == Shape::S61 && physical == "staffeducationorganizationcontactassociation" {
                continue;
            }
            assert!(rows[physical] > 0, "{physical} is empty in {}", shape.label());
        }
    }
}

/// Child table, its columns, parent table, its columns, and how many rows may dangle for each trap setting.
type Link = (&'static str, &'static [&'static str], &'static str, &'static [&'static str]);

const SECTION: &[&str] = &["localcoursecode", "schoolid", "schoolyear", "sectionidentifier", "sessionname"];
const OFFERING: &[&str] = &["localcoursecode", "schoolid", "schoolyear", "sessionname"];
const SESSION: &[&str] = &["schoolid", "schoolyear", "sessionname"];
const COURSE: &[&str] = &["coursecode", "educationorganizationid"];

const LINKS: &[Link] = &[
    ("school", &["schoolid"], "educationorganization", &["educationorganizationid"]),
    ("school", &["localeducationagencyid"], "localeducationagency", &["localeducationagencyid"]),
    (
        "localeducationagency",
        &["stateeducationagencyid"],
        "stateeducationagency",
        &["stateeducationagencyid"],
    ),
    ("session", &["schoolid"], "school", &["schoolid"]),
    ("courseoffering", SESSION, "session", SESSION),
    ("courseoffering", COURSE, "course", COURSE),
    ("courseofferedgradelevel", COURSE, "course", COURSE),
    ("course", &["educationorganizationid"], "educationorganization", &["educationorganizationid"]),
    ("section", OFFERING, "courseoffering", OFFERING),
    (
        "section",
        &["locationclassroomidentificationcode", "locationschoolid"],
        "location",
        &["classroomidentificationcode", "schoolid"],
    ),
    ("sectionclassperiod", SECTION, "section", SECTION),
    ("sectionclassperiod", &["classperiodname", "schoolid"], "classperiod", &["classperiodname", "schoolid"]),
    ("sectionofferedgradelevel", SECTION, "section", SECTION),
    ("studentsectionassociation", SECTION, "section", SECTION),
    ("studentsectionassociation", &["studentusi"], "student", &["studentusi"]),
    (
        "studentsectionassociation",
        &["studentusi", "schoolid"],
        "studentschoolassociation",
        &["studentusi", "schoolid"],
    ),
    ("staffsectionassociation", SECTION, "section", SECTION),
    ("staffsectionassociation", &["staffusi"], "staff", &["staffusi"]),
    ("studentschoolassociation", &["studentusi"], "student", &["studentusi"]),
    ("studentschoolassociation", &["schoolid"], "school", &["schoolid"]),
    ("studenteducationorganizationassociation", &["studentusi"], "student", &["studentusi"]),
    (
        "studenteducationorganizationassociation",
        &["educationorganizationid"],
        "educationorganization",
        &["educationorganizationid"],
    ),
    ("staffschoolassociation", &["staffusi"], "staff", &["staffusi"]),
    ("staffeducationorganizationassignmentassociation", &["staffusi"], "staff", &["staffusi"]),
    ("staffidentificationcode", &["staffusi"], "staff", &["staffusi"]),
    (
        "calendardatecalendarevent",
        &["calendarcode", "date", "schoolid"],
        "calendardate",
        &["calendarcode", "date", "schoolid"],
    ),
    ("calendardate", &["calendarcode", "schoolid"], "calendar", &["calendarcode", "schoolid"]),
    ("sessiongradingperiod", SESSION, "session", SESSION),
    ("gradebookentry", SECTION, "section", SECTION),
    ("studentgradebookentry", &["gradebookentryidentifier"], "gradebookentry", &["gradebookentryidentifier"]),
    ("generalstudentprogramassociation", &["studentusi"], "student", &["studentusi"]),
];

/// Children whose parent is missing, by table, as text.
fn dangling(folder: &Path, (child, from, parent, to): &Link) -> Vec<String> {
    let parents = Read::open(folder, parent);
    let known: HashSet<Vec<&str>> = parents.pick(to).into_iter().collect();
    let children = Read::open(folder, child);
    let found = children.pick(from);
    found
        .into_iter()
        .filter(|key| !key.iter().any(|k| k.is_empty()) && !known.contains(key))
        .map(|key| key.join("|"))
        .collect()
}

#[test]
fn without_traps_every_reference_resolves() {
    for shape in Shape::ALL {
        let folder = write(&plan(300, shape, Traps::None));
        for link in LINKS {
            assert_eq!(dangling(folder.path(), link), Vec::<String>::new(), "{} -> {}", link.0, link.2);
        }
        let known = ids(folder.path());
        for table in synth::tables(shape).iter().filter(|t| t.name != "descriptor") {
            let read = Read::open(folder.path(), table.name);
            for column in table.columns.iter().filter(|c| c.name.ends_with("descriptorid")) {
                let at = read.at(column.name);
                for row in read.rows.iter().filter(|row| !row[at].is_empty()) {
                    assert!(known.contains_key(&row[at]), "{}.{}", table.name, column.name);
                }
            }
        }
        let (people, link, key): (_, _, &[&str]) = match shape {
            Shape::S40 => ("parent", "studentparentassociation", &["parentusi"]),
            _ => ("contact", "studentcontactassociation", &["contactusi"]),
        };
        assert_eq!(dangling(folder.path(), &(link, key, people, key)), Vec::<String>::new());
        assert_eq!(
            dangling(folder.path(), &(link, &["studentusi"], "student", &["studentusi"])),
            Vec::<String>::new()
        );
    }
}

#[test]
fn students_have_the_usual_number_of_everything() {
    let folder = write(&plan(2_000, Shape::S52, Traps::None));
    let count = |table: &str| {
        let read = Read::open(folder.path(), table);
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for row in read.pick(&["studentusi"]) {
            *counts.entry(row[0].to_owned()).or_default() += 1;
        }
        counts
    };
    let students = count("student");
    assert_eq!(students.len(), 2_000);
    for (table, low, high) in [
        ("studentschoolassociation", 1, 1),
        ("studenteducationorganizationassociation", 2, 2),
        ("studentcontactassociation", 1, 2),
        ("studentsectionassociation", 6, 16),
        ("studenteducationorganizationassociationstudentidentifica_c15030", 3, 3),
    ] {
        let counts = count(table);
        assert!(students.keys().all(|s| (low..=high).contains(counts.get(s).unwrap_or(&0))), "{table}");
    }
    let sections = count("studentsectionassociation");
    assert!(sections.values().filter(|n| **n == 12).count() > 1_500);
}

/// Everything that identifies a student's section association outside the database.
fn associations(folder: &Path) -> BTreeSet<Vec<String>> {
    let students = Read::open(folder, "student");
    let unique: HashMap<&str, &str> =
        students.pick(&["studentusi", "studentuniqueid"]).into_iter().map(|row| (row[0], row[1])).collect();
    let read = Read::open(folder, "studentsectionassociation");
    let columns = [SECTION, &["begindate", "enddate", "homeroomindicator", "studentusi"]].concat();
    read.pick(&columns)
        .into_iter()
        .map(|row| {
            let mut row: Vec<String> = row.into_iter().map(str::to_owned).collect();
            let usi = row.pop().unwrap();
            row.push(unique.get(usi.as_str()).unwrap_or(&"").to_string());
            row
        })
        .collect()
}

#[test]
fn all_shapes_hold_the_same_people_and_classes() {
    let expected = write(&plan(300, Shape::S40, Traps::None));
    let names = |folder: &Path| {
        let read = Read::open(folder, "student");
        read.pick(&["studentuniqueid", "firstname", "lastsurname", "birthdate"])
            .into_iter()
            .map(|row| row.join("|"))
            .collect::<Vec<_>>()
    };
    for shape in Shape::ALL {
        let folder = write(&plan(300, shape, Traps::None));
        assert_eq!(names(folder.path()), names(expected.path()), "{}", shape.label());
        assert_eq!(associations(folder.path()), associations(expected.path()), "{}", shape.label());
    }
}

#[test]
fn private_numbers_are_recognisable() {
    let folder = write(&plan(300, Shape::S52, Traps::Safe));
    let between =
        |value: &str, low: i64| value.parse::<i64>().is_ok_and(|n| (low..low + 100_000_000).contains(&n));
    for (name, bytes) in bytes(folder.path()) {
        let table = name.trim_end_matches(".csv").to_owned();
        let mut reader = csv::Reader::from_reader(&bytes[..]);
        let columns: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        for row in reader.records() {
            for (column, value) in columns.iter().zip(row.unwrap().iter()).filter(|(_, v)| !v.is_empty()) {
                let low = match column.as_str() {
                    "studentusi" => synth::FIRST_STUDENT,
                    "staffusi" => synth::FIRST_STAFF,
                    "contactusi" => synth::FIRST_CONTACT,
                    c if c.ends_with("descriptorid") => synth::FIRST_DESCRIPTOR,
                    _ => {
                        assert!(
                            ![
                                synth::FIRST_STUDENT,
                                synth::FIRST_STAFF,
                                synth::FIRST_CONTACT,
                                synth::FIRST_DESCRIPTOR
                            ]
                            .iter()
                            .any(|low| between(value, *low)),
                            "{table}.{column} = {value}"
                        );
                        continue;
                    }
                };
                assert!(between(value, low), "{table}.{column} = {value}");
            }
        }
    }
    let known = ids(folder.path());
    let codes = Read::open(folder.path(), "studenteducationorganizationassociationstudentidentifica_c15030");
    let secret = codes
        .pick(&["studentidentificationsystemdescriptorid", "identificationcode"])
        .into_iter()
        .filter(|row| known[row[0]] == "SSN")
        .map(|row| row[1].to_owned())
        .collect::<Vec<_>>();
    assert!(secret.len() >= 300);
    assert!(secret.iter().all(|code| code.starts_with(synth::SSN_PREFIX) && code.len() == 11));
}

#[test]
fn a_sample_of_300_students_is_small() {
    let folder = write(&plan(300, Shape::S52, Traps::Safe));
    let total: usize = bytes(folder.path()).values().map(Vec::len).sum();
    assert!((300_000..=900_000).contains(&total), "{total} bytes");
}

#[test]
fn a_folder_with_extracts_is_refused_and_so_are_impossible_plans() {
    let folder = write(&plan(10, Shape::S52, Traps::None));
    let again = synth::write(&plan(10, Shape::S40, Traps::None), folder.path(), &|_, _| {});
    assert!(matches!(again, Err(synth::SynthError::NotEmpty { .. })));
    let empty = tempfile::tempdir().unwrap();
    let many = SynthPlan { students: u64::MAX, ..SynthPlan::default() };
    assert!(matches!(synth::write(&many, empty.path(), &|_, _| {}), Err(synth::SynthError::TooMany { .. })));
    let early = SynthPlan { school_year: 0, ..SynthPlan::default() };
    assert!(matches!(synth::write(&early, empty.path(), &|_, _| {}), Err(synth::SynthError::SchoolYear(0))));
}

#[test]
fn tiny_districts_work() {
    for students in [0, 1, 2, 13] {
        let folder = write(&plan(students, Shape::S61, Traps::All));
        for link in LINKS.iter().filter(|link| link.0 == "studentschoolassociation") {
            assert_eq!(dangling(folder.path(), link), Vec::<String>::new());
        }
    }
}
