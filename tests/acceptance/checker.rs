//! The checker of packages finds what is planted: a checker that cannot fail proves nothing.

use rosterpack::synth::Shape;

use crate::exporting::{USUAL, export, trap_district};
use crate::package_check::{check, is_date};
use crate::package_reader::{Package, Table};

/// A sound package of 1.1 with everything in it.
fn sound() -> &'static Package {
    sound_of("1.1")
}

/// A sound package of a version with everything in it.
fn sound_of(version: &str) -> &'static Package {
    static PACKAGES: [std::sync::OnceLock<Package>; 3] = [const { std::sync::OnceLock::new() }; 3];
    let place = ["1.1", "1.2", "1.2.0"].iter().position(|known| *known == version).unwrap();
    PACKAGES[place].get_or_init(|| {
        let everything = [("demographics", "true"), ("include_parents", "true"), ("grading_periods", "true")];
        export(trap_district(Shape::S52), &[USUAL, &everything, &[("oneroster", version)]]).package
    })
}

fn serialized(table: &Table) -> Vec<u8> {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).flexible(true).from_writer(Vec::new());
    writer.write_record(&table.header).unwrap();
    table.rows.iter().for_each(|row| writer.write_record(row).unwrap());
    writer.into_inner().unwrap()
}

fn put(package: &mut Package, file: &str, bytes: Vec<u8>) {
    let name = format!("{file}.csv");
    package.entries.iter_mut().find(|(entry, _)| *entry == name).unwrap().1 = bytes;
}

/// The faults after a change to one table.
fn faults(file: &str, change: impl FnOnce(&mut Table)) -> Vec<String> {
    faults_of("1.1", file, change)
}

fn faults_of(version: &str, file: &str, change: impl FnOnce(&mut Table)) -> Vec<String> {
    let mut package = sound_of(version).clone();
    let mut table = package.table(file);
    change(&mut table);
    put(&mut package, file, serialized(&table));
    check(&package)
}

/// Sets one cell of the first row that `which` picks.
fn set<'a>(which: (&'a str, &'a str), column: &'a str, value: &'a str) -> impl FnOnce(&mut Table) + 'a {
    move |table| {
        let (key, at) = (table.column(which.0).unwrap(), table.column(column).unwrap());
        let row = table.rows.iter_mut().find(|row| which.1.is_empty() || row[key] == which.1).unwrap();
        row[at] = value.to_owned();
    }
}

/// File, row by column and value, column, planted value, words of the fault.
type Planted = (&'static str, (&'static str, &'static str), &'static str, &'static str, &'static str);

const FIRST: (&str, &str) = ("sourcedId", "");

#[test]
fn a_sound_package_has_no_faults_and_survives_rewriting() {
    assert_eq!(check(sound()), Vec::<String>::new());
    for (entry, bytes) in &sound().entries {
        assert_eq!(serialized(&Table::parse(bytes).unwrap()), *bytes, "{entry}");
    }
    for file in ["academicSessions", "classes", "courses", "demographics", "enrollments", "orgs", "users"] {
        assert!(!sound().table(file).rows.is_empty(), "{file} is empty: nothing would be checked");
    }
}

#[test]
fn wrong_cells_are_found() {
    let cases: &[Planted] = &[
        ("users", FIRST, "status", "active", "not blank in a bulk file"),
        ("orgs", FIRST, "dateLastModified", "2024-10-01", "not blank in a bulk file"),
        ("users", FIRST, "givenName", "", "blank and required"),
        ("users", FIRST, "username", "", "blank and required"),
        ("users", FIRST, "orgSourcedIds", "", "blank and required"),
        ("users", FIRST, "familyName", " Ann", "spaces at its ends"),
        ("users", FIRST, "enabledUser", "TRUE", "neither true nor false"),
        ("users", FIRST, "role", "pupil", "not in the vocabulary"),
        ("users", FIRST, "grades", "9", "not in the vocabulary"),
        ("users", FIRST, "orgSourcedIds", "nobody", "nobody is not defined in orgs"),
        ("users", ("role", "student"), "agentSourcedIds", "nobody", "not defined in users"),
        ("users", FIRST, "userIds", "{State:1", "userIds item"),
        ("users", FIRST, "userIds", "{State:1:2}", "userIds item"),
        ("users", FIRST, "userIds", "{B:1},{A:1}", "is not sorted"),
        ("users", FIRST, "userIds", "{A:1},{A:1}", "has an item twice"),
        ("users", FIRST, "email", "A@x.org", "e-mail"),
        ("users", FIRST, "password", "secret", "a password"),
        ("orgs", FIRST, "sourcedId", "a b", "no GUID"),
        ("orgs", FIRST, "type", "School", "not in the vocabulary"),
        ("orgs", ("type", "school"), "parentSourcedId", "nobody", "not defined in orgs"),
        ("classes", FIRST, "classType", "Homeroom", "not in the vocabulary"),
        ("classes", FIRST, "courseSourcedId", "nobody", "not defined in courses"),
        ("classes", FIRST, "termSourcedIds", "nobody", "not defined in academicSessions"),
        ("classes", FIRST, "title", "", "blank and required"),
        ("classes", FIRST, "grades", "10,09", "is not sorted"),
        ("classes", FIRST, "periods", "2,2", "has an item twice"),
        ("classes", FIRST, "periods", "2,,3", "item ``"),
        ("classes", FIRST, "subjects", "Algebra", "1 subjects, 0 subjectCodes"),
        ("courses", FIRST, "subjectCodes", "1,2", "0 subjects, 2 subjectCodes"),
        ("courses", FIRST, "orgSourcedId", "nobody", "not defined in orgs"),
        ("courses", FIRST, "orgSourcedId", "", "blank and required"),
        ("enrollments", FIRST, "userSourcedId", "nobody", "not defined in users"),
        ("enrollments", FIRST, "classSourcedId", "nobody", "not defined in classes"),
        ("enrollments", ("role", "student"), "primary", "true", "a primary student"),
        ("enrollments", ("role", "student"), "role", "teacher", "a student as the other kind"),
        ("enrollments", ("role", "teacher"), "role", "student", "as the other kind"),
        ("enrollments", FIRST, "beginDate", "2024-02-30", "is no date"),
        ("enrollments", FIRST, "endDate", "1999-01-01", "to 1999-01-01"),
        ("academicSessions", FIRST, "endDate", "1999-01-01", "to 1999-01-01"),
        ("academicSessions", FIRST, "endDate", "", "blank and required"),
        ("academicSessions", FIRST, "schoolYear", "2024-2025", "schoolYear 2024-2025"),
        ("academicSessions", FIRST, "type", "year", "not in the vocabulary"),
        ("academicSessions", ("type", "term"), "type", "schoolYear", "a schoolYear with a parent"),
        ("demographics", FIRST, "sourcedId", "nobody", "not defined in users"),
        ("demographics", FIRST, "sex", "other", "not in the vocabulary"),
        ("demographics", FIRST, "asian", "", "races"),
        ("demographics", FIRST, "demographicRaceTwoOrMoreRaces", "", "two or more"),
        ("demographics", FIRST, "hispanicOrLatinoEthnicity", "yes", "neither true nor false"),
        ("manifest", ("propertyName", "file.users"), "value", "absent", "manifest:"),
        ("manifest", ("propertyName", "file.results"), "value", "bulk", "manifest:"),
        ("manifest", ("propertyName", "oneroster.version"), "value", "1.2", "manifest:"),
    ];
    for (file, which, column, value, wanted) in cases {
        let which = if *file == "manifest" && which.0 == "sourcedId" { ("propertyName", "") } else { *which };
        let found = faults(file, set(which, column, value));
        assert!(found.iter().any(|f| f.contains(wanted)), "{file}.{column} = {value}: {found:#?}");
    }
}

#[test]
fn what_is_wrong_in_1_1_is_wrong_in_1_2_and_more() {
    for version in ["1.2", "1.2.0"] {
        assert_eq!(check(sound_of(version)), Vec::<String>::new(), "{version}");
    }
    let cases: &[Planted] = &[
        ("users", FIRST, "status", "active", "not blank in a bulk file"),
        ("users", FIRST, "givenName", "", "blank and required"),
        ("users", FIRST, "username", "", "blank and required"),
        ("users", FIRST, "enabledUser", "TRUE", "neither true nor false"),
        ("users", FIRST, "grades", "9", "not in the vocabulary"),
        ("users", FIRST, "agentSourcedIds", "nobody", "not defined in users"),
        ("users", FIRST, "userIds", "{State:1", "userIds item"),
        ("users", FIRST, "password", "secret", "a password"),
        ("users", FIRST, "primaryOrgSourcedId", "", "blank and required"),
        ("users", FIRST, "primaryOrgSourcedId", "nobody", "not defined in orgs"),
        ("roles", FIRST, "status", "active", "not blank in a bulk file"),
        ("roles", FIRST, "userSourcedId", "nobody", "not defined in users"),
        ("roles", FIRST, "userSourcedId", "", "blank and required"),
        ("roles", FIRST, "orgSourcedId", "nobody", "not defined in orgs"),
        ("roles", FIRST, "orgSourcedId", "", "blank and required"),
        ("roles", FIRST, "roleType", "main", "not in the vocabulary"),
        ("roles", FIRST, "roleType", "secondary", "0 primary roles"),
        ("roles", ("roleType", "secondary"), "roleType", "primary", "2 primary roles"),
        ("roles", FIRST, "role", "administrator", "not in the vocabulary"),
        ("roles", FIRST, "role", "", "blank and required"),
        ("roles", FIRST, "beginDate", "2024-02-30", "is no date"),
        ("roles", FIRST, "userProfileSourcedId", "p", "not blank"),
        ("roles", ("role", "teacher"), "role", "student", "a student as the other kind"),
        ("classes", FIRST, "classType", "Homeroom", "not in the vocabulary"),
        ("classes", FIRST, "courseSourcedId", "nobody", "not defined in courses"),
        ("classes", FIRST, "subjects", "Algebra", "1 subjects, 0 subjectCodes"),
        ("courses", FIRST, "subjectCodes", "1,2", "0 subjects, 2 subjectCodes"),
        ("enrollments", FIRST, "userSourcedId", "nobody", "not defined in users"),
        ("enrollments", FIRST, "role", "aide", "not in the vocabulary"),
        ("enrollments", ("role", "student"), "role", "teacher", "a student as the other kind"),
        ("academicSessions", FIRST, "endDate", "", "blank and required"),
        ("demographics", FIRST, "sourcedId", "nobody", "not defined in users"),
        ("demographics", FIRST, "sex", "unknown", "not in the vocabulary"),
        ("manifest", ("propertyName", "file.roles"), "value", "absent", "manifest:"),
        ("manifest", ("propertyName", "file.userProfiles"), "value", "bulk", "manifest:"),
        ("manifest", ("propertyName", "oneroster.version"), "value", "1.1", "manifest:"),
    ];
    for (file, which, column, value, wanted) in cases {
        let found = faults_of("1.2", file, set(*which, column, value));
        assert!(found.iter().any(|f| f.contains(wanted)), "{file}.{column} = {value}: {found:#?}");
    }
    let finds = |file: &str, wanted: &str, change: &dyn Fn(&mut Table)| {
        let found = faults_of("1.2", file, change);
        assert!(found.iter().any(|f| f.contains(wanted)), "{file}, {wanted}: {found:#?}");
    };
    // The words for sex that 1.1 lacks.
    for word in ["unspecified", "other"] {
        assert_eq!(faults_of("1.2", "demographics", set(FIRST, "sex", word)), Vec::<String>::new());
    }
    finds("users", "header", &|t| t.header.swap(16, 17));
    finds("users", "header", &|t| t.header[21] = "resourceSourcedIds".into());
    finds("roles", "stands twice", &|t| t.rows.push(t.rows[0].clone()));
    finds("roles", "not in the order of users", &|t| t.rows.swap(0, 1));
    finds("roles", "none for user", &|t| _ = t.rows.remove(0));
    finds("roles", "to 1999-01-01", &|t| {
        set(FIRST, "beginDate", "2024-08-01")(t);
        set(FIRST, "endDate", "1999-01-01")(t);
    });
    finds("roles", "the same role of a user at an org twice", &|t| {
        let (id, kind) = (t.column("sourcedId").unwrap(), t.column("roleType").unwrap());
        let mut again = t.rows[0].clone();
        (again[id], again[kind]) = ("again".into(), "secondary".into());
        t.rows.insert(1, again);
    });
    let orgs = sound_of("1.2").table("orgs");
    let state = orgs.find("type", "state")[0].get("sourcedId").to_owned();
    finds("users", "no role at its primary org", &|t| set(FIRST, "primaryOrgSourcedId", &state)(t));
    finds("classes", "schoolSourcedId is a state", &|t| set(FIRST, "schoolSourcedId", &state)(t));
    finds("enrollments", "schoolSourcedId is a state", &|t| set(FIRST, "schoolSourcedId", &state)(t));
    let mut package = sound_of("1.2").clone();
    package.entries.retain(|(name, _)| name != "roles.csv");
    assert!(check(&package).contains(&"roles: users without roles.csv".to_owned()));
    let mut package = sound_of("1.2.0").clone();
    let mut users = package.table("users");
    set(FIRST, "resourceSourcedIds", "r")(&mut users);
    put(&mut package, "users", serialized(&users));
    assert!(check(&package).iter().any(|fault| fault.contains("not blank in a bulk file")));
}

#[test]
fn wrong_rows_and_relations_are_found() {
    let finds = |file: &str, wanted: &str, change: &dyn Fn(&mut Table)| {
        let found = faults(file, change);
        assert!(found.iter().any(|f| f.contains(wanted)), "{file}, {wanted}: {found:#?}");
    };
    finds("users", "stands twice", &|t| t.rows.push(t.rows[0].clone()));
    finds("orgs", "is not defined in orgs", &|t| _ = t.rows.pop());
    finds("orgs", "its own ancestor", &|t| {
        let (id, parent) = (t.column("sourcedId").unwrap(), t.column("parentSourcedId").unwrap());
        let own = t.rows[1][id].clone();
        t.rows[1][parent] = own;
    });
    finds("users", "header", &|t| t.header.swap(4, 5));
    finds("users", "header", &|t| t.header[0] = "sourcedID".into());
    finds("users", "extension columns", &|t| t.header[18] = "edu.natural_key".into());
    finds("users", "extension columns", &|t| t.header[18] = t.header[19].clone());
    finds("users", "but the previous record has", &|t| _ = t.rows[0].pop());
    let sessions = sound().table("academicSessions");
    let term = sessions.find("type", "term")[0].get("sourcedId").to_owned();
    finds("courses", "schoolYear", &|t| set(FIRST, "schoolYearSourcedId", &term)(t));
    let orgs = sound().table("orgs");
    let district = orgs.find("type", "district")[0].get("sourcedId").to_owned();
    finds("classes", "schoolSourcedId is a district", &|t| set(FIRST, "schoolSourcedId", &district)(t));
    finds("enrollments", "not the class's school", &|t| set(FIRST, "schoolSourcedId", &district)(t));
    // A parent who no longer names the child.
    finds("users", "does not know of it", &|t| set(("role", "parent"), "agentSourcedIds", "")(t));
    // A second primary teacher of the same class.
    finds("enrollments", "several primary teachers", &|t| {
        let at = |name| t.column(name).unwrap();
        let primary = t.rows.iter().position(|row| row[at("primary")] == "true").unwrap();
        let mut second = t.rows[primary].clone();
        second[at("sourcedId")] = "second".into();
        t.rows.push(second);
    });
    // The secondary school before the primary one is nobody's to see, but three out of order are.
    let ids: Vec<String> =
        orgs.find("type", "school").iter().map(|r| r.get("sourcedId").to_owned()).collect();
    let backwards: Vec<String> = ids[..3].iter().rev().cloned().collect();
    finds("users", "not in the order of orgs", &|t| {
        set(("role", "student"), "orgSourcedIds", &backwards.join(","))(t);
    });
}

#[test]
fn wrong_bytes_and_entries_are_found() {
    let altered = |change: &dyn Fn(&mut Package)| {
        let mut package = sound().clone();
        change(&mut package);
        check(&package)
    };
    let bytes = |change: &dyn Fn(&str) -> String| {
        altered(&|package| {
            let text = std::str::from_utf8(package.bytes("orgs").unwrap()).unwrap();
            let changed = change(text).into_bytes();
            put(package, "orgs", changed);
        })
    };
    let finds = |found: Vec<String>, wanted: &str| {
        assert!(found.iter().any(|f| f.contains(wanted)), "{wanted}: {found:#?}");
    };
    finds(bytes(&|text| format!("\u{feff}{text}")), "BOM");
    finds(bytes(&|text| text.replace("\r\n", "\n")), "CRLF");
    finds(bytes(&|text| text.trim_end().to_owned()), "does not end with CRLF");
    finds(bytes(&|text| text.replacen("School", "Sch\tool", 1)), "control character");
    finds(bytes(&|text| text.replacen("School", "Sch\u{85}ool", 1)), "control character");
    finds(bytes(&|text| text.replacen(",school,", ",\"school\",", 1)), "plain form");
    finds(bytes(&|text| text.replacen("\r\n", "\r\n\r\n", 1)), "plain form");
    finds(
        altered(&|p| {
            let mut bytes = p.bytes("orgs").unwrap().to_vec();
            bytes.insert(300, 0xff);
            put(p, "orgs", bytes);
        }),
        "not UTF-8",
    );
    finds(altered(&|p| p.entries.retain(|(name, _)| name != "manifest.csv")), "no manifest.csv");
    finds(altered(&|p| p.entries.retain(|(name, _)| name != "demographics.csv")), "manifest:");
    finds(altered(&|p| p.entries.retain(|(name, _)| name != "orgs.csv")), "not defined in orgs");
    finds(altered(&|p| p.entries.push(("folder/orgs.csv".into(), Vec::new()))), "unknown entry");
    finds(altered(&|p| p.entries.push(p.entries[1].clone())), "two entries");
}

#[test]
fn dates_are_those_of_the_calendar() {
    for good in ["2024-02-29", "2000-02-29", "1999-12-31", "9999-12-31"] {
        assert!(is_date(good), "{good}");
    }
    for bad in [
        "2023-02-29",
        "1900-02-29",
        "2024-13-01",
        "2024-00-10",
        "2024-1-01",
        "2024-04-31",
        "+024-01-01",
        "20240101",
    ] {
        assert!(!is_date(bad), "{bad}");
    }
}
