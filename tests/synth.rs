//! What the generator promises: the same bytes for the same plan, tables that are well-formed, keyed and
//! linked, the same people under every data standard, and traps where they are announced.
#![allow(clippy::unwrap_used, clippy::panic)] // clippy knows test functions, but not what they call

use rosterpack::edfi::{self, Part, contract};
use rosterpack::source::{Catalog, CatalogTable};
use rosterpack::synth::{self, Shape, SynthPlan, TableDef, Traps, traps};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

const PARTS: &[Part] = &Part::ALL;

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
        // Not keys, but unique indexes of the ODS all the same.
        let contact: (&str, &[&str]) = match shape {
            Shape::S40 => ("parent", &["parentuniqueid"]),
            _ => ("contact", &["contactuniqueid"]),
        };
        for (table, columns) in [
            ("student", &["studentuniqueid"][..]),
            ("staff", &["staffuniqueid"]),
            ("descriptor", &["namespace", "codevalue"]),
            ("session", &["id"]),
            contact,
        ] {
            let read = Read::open(folder.path(), table);
            let mut seen = HashSet::new();
            assert!(read.pick(columns).into_iter().all(|key| seen.insert(key)), "{table} {columns:?}");
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
    ("grade", SECTION, "section", SECTION),
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
    assert!((300_000..=930_000).contains(&total), "{total} bytes");
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

#[test]
fn traps_change_nothing_ordinary() {
    for shape in [Shape::S40, Shape::S52, Shape::S61] {
        let plain = bytes(write(&plan(200, shape, Traps::None)).path());
        let safe = bytes(write(&plan(200, shape, Traps::Safe)).path());
        let all = bytes(write(&plan(200, shape, Traps::All)).path());
        assert!(plain.iter().all(|(name, bytes)| safe[name].starts_with(bytes)), "{}", shape.label());
        let differing: Vec<_> = safe.keys().filter(|name| safe[*name] != all[*name]).collect();
        assert_eq!(differing, ["courseoffering.csv", "section.csv"]);
    }
}

#[test]
fn every_trap_is_where_its_name_says() {
    for shape in Shape::ALL {
        let folder = write(&plan(200, shape, Traps::All));
        let column = |table: &str, column: &str| -> HashSet<String> {
            Read::open(folder.path(), table)
                .pick(&[column])
                .into_iter()
                .map(|row| row[0].to_owned())
                .collect()
        };
        let students = column("student", "studentuniqueid");
        let odd = traps::student::ODD_NAMES.iter().map(|(id, _, _)| *id);
        for id in traps::student::ALL.into_iter().chain(odd) {
            assert!(students.contains(id), "{id}");
        }
        let staff = column("staff", "staffuniqueid");
        assert!(traps::staff::ALL.iter().all(|id| staff.contains(*id)));
        let (table, key) = match shape {
            Shape::S40 => ("parent", "parentuniqueid"),
            _ => ("contact", "contactuniqueid"),
        };
        let contacts = column(table, key);
        assert!(
            contacts.contains(traps::contact::OF_UNEXPORTED) && contacts.contains(traps::contact::OF_TWO)
        );
        let sections = column("section", "sectionidentifier");
        assert!(sections.contains(&traps::section::long_identifier()));
        assert_eq!(traps::section::long_identifier().chars().count(), 255);
        assert_eq!(traps::section::LONG_TITLE.chars().count(), 60);
        assert!(column("course", "coursetitle").contains(traps::section::LONG_TITLE));
        assert!(column("sectionclassperiod", "classperiodname").contains(traps::section::PERIOD));
        assert!(column("session", "sessionname").contains(traps::session::BACKWARD));
        assert!(column("school", "schoolid").contains(&traps::home_school().to_string()));
        assert_eq!(column("session", "schoolyear").len(), 2);
    }
}

/// Rows of a table that belong to a person, by the columns asked for.
fn of(
    folder: &Path,
    (people, unique, usi): (&str, &str, &str),
    id: &str,
    table: &str,
    columns: &[&str],
) -> Vec<Vec<String>> {
    let person = Read::open(folder, people)
        .pick(&[unique, usi])
        .into_iter()
        .find(|row| row[0] == id)
        .map(|row| row[1].to_owned())
        .unwrap();
    let read = Read::open(folder, table);
    let at = read.at(usi);
    let own = Read {
        rows: read.rows.iter().filter(|row| row[at] == person).cloned().collect(),
        columns: read.columns.clone(),
    };
    own.pick(columns).into_iter().map(|row| row.into_iter().map(str::to_owned).collect()).collect()
}

const STUDENT: (&str, &str, &str) = ("student", "studentuniqueid", "studentusi");
const STAFF: (&str, &str, &str) = ("staff", "staffuniqueid", "staffusi");

#[test]
fn trap_students_are_odd_in_the_way_announced() {
    use traps::student::*;
    let folder = write(&plan(200, Shape::S52, Traps::Safe));
    let folder = folder.path();
    let known = ids(folder);
    let schools = |id, columns: &[&str]| of(folder, STUDENT, id, "studentschoolassociation", columns);
    let sections = |id, columns: &[&str]| of(folder, STUDENT, id, "studentsectionassociation", columns);
    let codes = |rows: Vec<Vec<String>>| rows.iter().map(|row| known[&row[0]].clone()).collect::<Vec<_>>();

    let two: HashSet<_> = schools(TWO_SCHOOLS, &["schoolid"]).into_iter().collect();
    assert_eq!(two.len(), 2);
    let again = schools(RE_ENROLLED, &["schoolid", "entrydate", "exitwithdrawdate"]);
    assert_eq!(again.len(), 2);
    assert_eq!(again[0][0], again[1][0]);
    assert!(again[0][2] < again[1][1] && again[1][2].is_empty());
    assert!(schools(WITHDRAWN, &["exitwithdrawdate"])[0][0].starts_with("2024-09"));
    assert_eq!(codes(schools(NO_SHOW, &["exitwithdrawtypedescriptorid"])), ["No show"]);
    assert_eq!(codes(schools(UNMAPPED_GRADE, &["entrygradeleveldescriptorid"])), ["Newcomer Academy"]);
    assert!(schools(NO_SCHOOL, &["schoolid"]).is_empty() && !sections(NO_SCHOOL, &["schoolid"]).is_empty());
    assert_eq!(schools(OPEN_END, &["exitwithdrawdate"]), [["9999-12-31"]]);

    let organizations = "studenteducationorganizationassociation";
    let hispanic = |id| of(folder, STUDENT, id, organizations, &["hispaniclatinoethnicity"]);
    assert!(hispanic(NO_ORGANIZATION).is_empty());
    assert!(hispanic(HISPANIC_BY_RACE).iter().all(|row| row[0].is_empty()));
    let races = |id| codes(of(folder, STUDENT, id, &format!("{organizations}race"), &["racedescriptorid"]));
    assert_eq!(races(MANY_RACES).len(), 3);
    assert!(races(NO_RACE).is_empty());
    assert_eq!(races(DECLINED_RACE), ["Choose Not to Respond"]);
    assert_eq!(races(HISPANIC_BY_RACE), ["Hispanic or Latino"]);
    assert_eq!(races(UNMAPPED_RACE), ["Of Heritage Not Listed"]);
    let emails =
        |id| of(folder, STUDENT, id, &format!("{organizations}electronicmail"), &["donotpublishindicator"]);
    assert!(emails(NO_EMAIL).is_empty());
    assert_eq!(emails(SUPPRESSED_EMAIL), [["t"], ["f"]]);
    let levels = of(
        folder,
        STUDENT,
        TWO_LEVELS,
        &format!("{organizations}studentidentifica_c15030"),
        &["educationorganizationid", "studentidentificationsystemdescriptorid"],
    );
    assert_eq!(levels.into_iter().collect::<HashSet<_>>().len(), 4);

    assert!(sections(BACKWARD, &["begindate", "enddate"]).iter().any(|row| row[1] < row[0]));
    assert_eq!(sections(OVERLAPPING, &["sectionidentifier"]).len(), 2);
    let home = traps::home_school().to_string();
    assert!(sections(ELSEWHERE, &["schoolid"]).iter().any(|row| row[0] != home));
    assert!(
        sections(LOST_SECTION, &["sectionidentifier"]).contains(&vec![traps::section::MISSING.to_owned()])
    );
    assert_eq!(sections(LAST_YEAR, &["schoolyear"]), [["2024"]]);
}

#[test]
fn trap_staff_members_are_odd_in_the_way_announced() {
    use traps::staff::*;
    for shape in [Shape::S40, Shape::S52] {
        let folder = write(&plan(200, shape, Traps::Safe));
        let folder = folder.path();
        let assigned = |id| {
            of(
                folder,
                STAFF,
                id,
                "staffeducationorganizationassignmentassociation",
                &["educationorganizationid", "enddate"],
            )
        };
        let teaching = |id| of(folder, STAFF, id, "staffsectionassociation", &["begindate", "enddate"]);
        let schools = |id| of(folder, STAFF, id, "staffschoolassociation", &["schoolid"]);
        assert_eq!(assigned(TWO_CLASSIFICATIONS).len(), 2);
        assert!(assigned(ENDED)[0][1].as_str() < "2024-08");
        assert!(assigned(UNASSIGNED).is_empty() && schools(UNASSIGNED).len() == 1);
        assert!(assigned(ONLY_TEACHING).is_empty() && schools(ONLY_TEACHING).is_empty());
        assert_eq!(teaching(ONLY_TEACHING).len(), 1);
        assert_eq!(assigned(SUPERINTENDENT)[0][0], synth::FIRST_AGENCY.to_string());
        assert!(teaching(UNMAPPED).is_empty());
        assert_eq!(teaching(TWICE).len(), if shape == Shape::S40 { 1 } else { 2 });
        assert_eq!(teaching(UNDATED)[0][0].is_empty(), shape == Shape::S40);
        let (first, second) = (&teaching(FIRST_PRIMARY)[0], &teaching(SECOND_PRIMARY)[0]);
        assert!(first[0] < second[0] && second[0] < first[1]);
    }
}

#[test]
fn only_the_announced_references_dangle() {
    let folder = write(&plan(200, Shape::S52, Traps::All));
    let all = LINKS.iter().flat_map(|link| {
        dangling(folder.path(), link).into_iter().map(move |key| format!("{} -> {}: {key}", link.0, link.2))
    });
    let found: BTreeSet<String> = all.collect();
    let named = |text: &str| found.iter().any(|line| line.contains(text));
    assert!(named(&format!("school -> educationorganization: {}", traps::school::WITHOUT_NAME)));
    assert!(named(&format!("section -> courseoffering: {}", traps::section::NO_OFFERING)));
    assert!(named(&format!("courseoffering -> course: {}", traps::section::NO_COURSE)));
    assert!(named(traps::section::MISSING));
    // Attendance of a section's school: one student elsewhere, one without a school, and last year's are sound.
    let attendance = found.iter().filter(|line| line.contains("-> studentschoolassociation")).count();
    assert_eq!((found.len(), attendance), (6, 2), "{found:#?}");
}

/// Natural keys of classes as the id scheme `edu` joins them.
fn class_keys(folder: &Path) -> Vec<String> {
    Read::open(folder, "section")
        .pick(&["localcoursecode", "schoolid", "sectionidentifier", "sessionname"])
        .into_iter()
        .map(|row| row.join("-").to_lowercase())
        .collect()
}

#[test]
fn only_the_unsafe_traps_collide() {
    for shape in Shape::ALL {
        for (traps, collisions) in [(Traps::None, 0), (Traps::Safe, 0), (Traps::All, 2)] {
            let folder = write(&plan(400, shape, traps));
            let keys = class_keys(folder.path());
            let distinct: HashSet<_> = keys.iter().collect();
            assert_eq!(keys.len() - distinct.len(), collisions, "{} {traps:?}", shape.label());
        }
    }
}
