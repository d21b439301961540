//! The same district in every form in which an extract can come gives the same package, and its rows stand in the
//! order of mapping.md 0.2.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use rosterpack::synth::{Shape, Traps, tables};

use crate::exporting::{Exported, USUAL, district, export, trap_district};
use crate::extract;
use crate::package_reader::Table;

const EVERYTHING: &[(&str, &str)] = &[
    ("demographics", "true"),
    ("include_parents", "true"),
    ("org_metadata", "true"),
    ("grading_periods", "true"),
];

fn exported(folder: &Path) -> Exported {
    let exported = export(folder, &[USUAL, EVERYTHING]);
    assert!(!exported.zip.is_empty(), "{:?}", exported.refused());
    exported
}

/// Writes the district as SQL Server tools do: names in capitals and in full, a BOM, CRLF, `NULL`, `True` or 1, dates
/// with midnight, columns backwards, in folders.
fn as_sql_server(source: &Path, shape: Shape, target: &Path) {
    for def in tables(shape) {
        let table = extract::table(source, def.name);
        let full = def.name.replace("identifica_c15030", "identificationcode").to_uppercase();
        let folder = target.join(&full[..1]).join("deep");
        fs::create_dir_all(&folder).unwrap();
        let mut file = fs::File::create(folder.join(format!("edfi.{full}.CSV"))).unwrap();
        file.write_all("\u{feff}".as_bytes()).unwrap();
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(file);
        let kinds: Vec<&str> = def.columns.iter().map(|c| c.pg_type).rev().collect();
        // The first letter in capitals is enough to tell the dialect.
        let named = |name: &String| name[..1].to_uppercase() + &name[1..];
        writer.write_record(table.header.iter().rev().map(named)).unwrap();
        for (n, row) in table.rows.iter().enumerate() {
            let cells = row.iter().rev().zip(&kinds).map(|(cell, kind)| match (cell.as_str(), *kind) {
                ("", _) => "NULL".to_owned(),
                ("t", "boolean") => if n % 2 == 0 { "True" } else { "1" }.to_owned(),
                ("f", "boolean") => if n % 2 == 0 { "False" } else { "0" }.to_owned(),
                (day, "date") => format!("{day} 00:00:00.000"),
                (text, _) => text.to_owned(),
            });
            writer.write_record(cells).unwrap();
        }
        writer.flush().unwrap();
    }
    fs::write(target.join("readme.txt"), "not a table").unwrap();
}

#[test]
fn an_extract_of_sql_server_gives_the_same_package() {
    for shape in [Shape::S40, Shape::S52, Shape::S61] {
        let source = trap_district(shape);
        let target = tempfile::tempdir().unwrap();
        as_sql_server(source, shape, target.path());
        let (expected, found) = (exported(source), exported(target.path()));
        for (name, bytes) in &expected.package.entries {
            let other = found.package.bytes(name.trim_end_matches(".csv")).unwrap_or_default();
            assert_eq!(String::from_utf8_lossy(bytes), String::from_utf8_lossy(other), "{name}");
        }
        assert_eq!(expected.report, found.report, "{}", shape.label());
    }
}

#[test]
fn compressed_tables_and_named_standards_give_the_same_package() {
    let source = trap_district(Shape::S52);
    let target = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(source).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let file = fs::File::create(target.path().join(name + ".gz")).unwrap();
        let mut writer = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        writer.write_all(&fs::read(&path).unwrap()).unwrap();
        writer.finish().unwrap();
    }
    let expected = exported(source);
    assert!(expected.zip == exported(target.path()).zip);
    let named = export(source, &[USUAL, EVERYTHING, &[("data_standard", "5.1")]]);
    assert!(expected.zip == named.zip);
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let seeded = export(source, &[USUAL, EVERYTHING, &[("seeds", seeds.to_str().unwrap())]]);
    assert!(expected.zip == seeded.zip, "the embedded seeds are those of seeds/");
}

/// SQL Server compares keys without case and trailing space: such references lead where they lead there.
#[test]
fn references_in_other_spelling_are_followed() {
    let copy = extract::copy(trap_district(Shape::S52));
    let mut changed = 0;
    for (name, column) in [
        ("studentsectionassociation", "sectionidentifier"),
        ("staffsectionassociation", "localcoursecode"),
        ("section", "sessionname"),
        ("courseoffering", "coursecode"),
    ] {
        extract::alter(copy.path(), name, |t| {
            let at = t.column(column).unwrap();
            for (n, row) in t.rows.iter_mut().enumerate().filter(|(n, _)| n % 3 == 0) {
                let other = if n % 2 == 0 { row[at].to_uppercase() } else { row[at].to_lowercase() };
                changed += usize::from(other != row[at]);
                row[at] = other;
            }
        });
    }
    assert!(changed > 50);
    let (expected, found) = (exported(trap_district(Shape::S52)), exported(copy.path()));
    for file in ["orgs", "academicSessions", "courses", "users", "enrollments", "demographics"] {
        assert_eq!(expected.table(file), found.table(file), "{file}");
    }
    assert_eq!(
        expected.table("classes").all("sourcedId").len(),
        found.table("classes").all("sourcedId").len()
    );
    assert!(found.count("key-spelling-differs") > 50);
}

/// Rows in the order of mapping.md 0.2, keys taken from the cells and the extracts.
#[test]
fn rows_stand_in_the_order_of_their_natural_keys() {
    let folder = district(150, Shape::S52, Traps::Safe);
    let e = exported(folder.path());
    let number = |text: &str| text.parse::<i64>().unwrap();
    let sorted = |file: &str, sorted: bool| assert!(sorted, "{file} is not in order");
    let orgs = e.table("orgs");
    let org = |id: &str| number(orgs.one("sourcedId", id).get("identifier"));
    let types = ["state", "district", "school", "department"];
    let rank = |row: &crate::package_reader::Row<'_>| {
        (types.iter().position(|t| *t == row.get("type")), number(row.get("identifier")))
    };
    sorted("orgs", orgs.iter().is_sorted_by_key(|row| rank(&row)));
    // Keys are `<prefix>-<LEA>-<year>` or `<prefix>-<school>-<name>`.
    let of_lea = |school: i64| {
        let parent = orgs.one("identifier", &school.to_string()).get("parentSourcedId");
        if parent.is_empty() { school } else { org(parent) }
    };
    let key = |text: &str| {
        let (id, rest) = text.strip_prefix("demo_isd-").unwrap().split_once('-').unwrap();
        (id.to_owned(), rest.to_owned())
    };
    let sessions = e.table("academicSessions");
    sorted(
        "academicSessions",
        sessions.iter().is_sorted_by_key(|row| {
            let (id, name) = key(row.get("metadata.edu.natural_key"));
            // A grading period's key has the year and the period before its name.
            let name = match row.get("type") {
                "gradingPeriod" => name.splitn(3, '-').last().unwrap().to_owned(),
                _ => name,
            };
            let year = row.get("type") == "schoolYear";
            let lea = if year { number(&id) } else { of_lea(number(&id)) };
            (lea, !year, if year { 0 } else { number(&id) }, row.get("startDate").to_owned(), name)
        }),
    );
    let courses = e.table("courses");
    sorted(
        "courses",
        courses.iter().is_sorted_by_key(|row| {
            let (lea, code) = key(row.get("metadata.edu.natural_key"));
            (number(&lea), code)
        }),
    );
    let users = e.table("users");
    let kind = |role: &str| match role {
        "student" => 0,
        "parent" | "guardian" | "relative" => 2,
        _ => 1,
    };
    let keys = |table: &Table, column: &str| -> Vec<(u8, String)> {
        let row = |id: &str| users.one("sourcedId", id);
        table
            .all(column)
            .iter()
            .map(|id| (kind(row(id).get("role")), row(id).get("identifier").to_owned()))
            .collect()
    };
    sorted(
        "users",
        users.iter().is_sorted_by_key(|row| (kind(row.get("role")), row.get("identifier").to_owned())),
    );
    sorted("demographics", keys(&e.table("demographics"), "sourcedId").is_sorted());
    let classes = e.table("classes");
    // Sessions in their own order, which is that of their first days.
    let session = |id: &str| sessions.rows.iter().position(|row| row[0] == id).unwrap();
    let in_order = classes.iter().is_sorted_by_key(|row| {
        (org(row.get("schoolSourcedId")), session(row.get("termSourcedIds")), row.get("classCode").to_owned())
    });
    sorted("classes", in_order);
    let enrollments = e.table("enrollments");
    let place = |id: &str| classes.rows.iter().position(|row| row[0] == id).unwrap();
    sorted(
        "enrollments",
        enrollments.iter().is_sorted_by_key(|row| {
            let user = users.one("sourcedId", row.get("userSourcedId")).get("identifier").to_owned();
            (
                place(row.get("classSourcedId")),
                row.get("role") == "student",
                user,
                row.get("beginDate").to_owned(),
            )
        }),
    );
}
