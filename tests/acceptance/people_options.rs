//! Settings that concern people: usernames, addresses, exits, roles, identification codes, demographics.

use std::collections::BTreeSet;
use std::path::Path;

use rosterpack::synth::traps::{contact, home_school, staff, student};

use crate::extract::{self, alter};
use crate::options::{cell, district, plain, with, with_source};

/// Adds a row that is blank but for some cells.
fn add_row(source: &Path, table: &str, cells: &[(&str, &str)]) {
    alter(source, table, |t| {
        let mut row = vec![String::new(); t.header.len()];
        for (name, value) in cells {
            row[t.column(name).unwrap()] = (*value).to_owned();
        }
        t.rows.push(row);
    });
}

/// Alters the rows of a person in a table.
fn alter_rows(
    source: &Path,
    table: &str,
    column: &str,
    value: &str,
    change: impl Fn(&mut dyn FnMut(&str, &str)),
) {
    alter(source, table, |t| {
        let at = t.column(column).unwrap();
        let header = t.header.clone();
        let mut found = 0;
        for row in t.rows.iter_mut().filter(|row| row[at] == value) {
            change(&mut |name, new| row[header.iter().position(|h| h == name).unwrap()] = new.to_owned());
            found += 1;
        }
        assert!(found > 0, "{table}.{column} = {value}");
    });
}

/// The USI of a person.
fn usi(source: &Path, person: &str, unique_id: &str) -> String {
    let people = extract::table(source, person);
    people.one(&format!("{person}uniqueid"), unique_id).get(&format!("{person}usi")).to_owned()
}

#[test]
fn usernames_come_from_the_configured_sources() {
    let copy = extract::copy(district());
    let source = copy.path();
    for (id, login) in [(staff::LOGIN_ONLY, "Log.In"), (staff::TWICE, "Twice.Login")] {
        alter_rows(source, "staff", "staffuniqueid", id, |set| set("loginid", login));
    }
    let name =
        |settings: &[(&str, &str)], id| cell(&with_source(source, settings).table("users"), id, "username");
    assert_eq!(name(&[], staff::LOGIN_ONLY), "Log.In");
    assert_eq!(name(&[], staff::TWICE), "trap-twice@staff.example");
    assert_eq!(name(&[("username", "login_id,email")], staff::TWICE), "Twice.Login");
    assert_eq!(name(&[("username", "unique_id")], staff::TWICE), staff::TWICE);
    assert_eq!(name(&[("username", "email")], staff::LOGIN_ONLY), staff::LOGIN_ONLY, "the last resort");
    // Three share one name in other letters: none of them gets it.
    for id in [staff::TWICE, staff::UNDATED, staff::ONLY_TEACHING] {
        alter_rows(source, "staff", "staffuniqueid", id, |set| {
            set("loginid", &"Same".replace('S', if id == staff::TWICE { "s" } else { "S" }))
        });
    }
    let shared = with_source(source, &[("username", "login_id,email")]);
    assert_eq!(shared.count_of("username-shared", "login_id"), 3);
    assert_eq!(cell(&shared.table("users"), staff::TWICE, "username"), "trap-twice@staff.example");
}

#[test]
fn addresses_and_telephones_by_preferred_type() {
    let copy = extract::copy(district());
    let source = copy.path();
    let home = home_school().to_string();
    let kind = |value| extract::descriptor(source, "ElectronicMailType", value);
    let emails = "studenteducationorganizationassociationelectronicmail";
    for (address, value) in
        [("B@other.example", "Other"), ("A@other.example", "Other"), ("z@org.example", "Organization")]
    {
        let person = usi(source, "student", student::NO_RACE);
        add_row(
            source,
            emails,
            &[
                ("educationorganizationid", &home),
                ("studentusi", &person),
                ("electronicmailaddress", address),
                ("electronicmailtypedescriptorid", &kind(value)),
            ],
        );
    }
    let teacher = usi(source, "staff", staff::TWICE);
    add_row(
        source,
        "staffelectronicmail",
        &[
            ("staffusi", &teacher),
            ("electronicmailaddress", "at@home.example"),
            ("electronicmailtypedescriptorid", &kind("Home/Personal")),
        ],
    );
    let parent = usi(source, "contact", contact::OF_TWO);
    for (address, value) in [("at@work.example", "Work"), ("at@home.example", "Home/Personal")] {
        add_row(
            source,
            "contactelectronicmail",
            &[
                ("contactusi", &parent),
                ("electronicmailaddress", address),
                ("electronicmailtypedescriptorid", &kind(value)),
            ],
        );
    }
    alter_rows(source, "contacttelephone", "telephonenumber", "(555) 019-9999", |set| {
        set("donotpublishindicator", "")
    });
    let parents = ("include_parents", "true");
    let email = |settings: &[(&str, &str)], id, column| {
        let all: Vec<(&str, &str)> = settings.iter().copied().chain([parents]).collect();
        cell(&with_source(source, &all).table("users"), id, column)
    };
    assert_eq!(email(&[], student::NO_RACE, "email"), "trap-no-race@students.example");
    assert_eq!(email(&[("student_email_type", "Other")], student::NO_RACE, "email"), "a@other.example");
    assert_eq!(
        email(&[("student_email_type", " other")].map(|(n, v)| (n, v.trim())), student::NO_RACE, "email"),
        "a@other.example"
    );
    // Nothing of the preferred type: the first type by name.
    assert_eq!(
        email(&[("student_email_type", "Work")], student::NO_RACE, "email"),
        "trap-no-race@students.example"
    );
    assert_eq!(email(&[], staff::TWICE, "email"), "trap-twice@staff.example");
    assert_eq!(email(&[("staff_email_type", "Home/Personal")], staff::TWICE, "email"), "at@home.example");
    assert_eq!(email(&[], contact::OF_TWO, "email"), "at@home.example");
    assert_eq!(email(&[("parent_email_type", "Work")], contact::OF_TWO, "email"), "at@work.example");
    assert_eq!(email(&[], contact::OF_TWO, "phone"), "(555) 019-9999");
    assert_eq!(email(&[("parent_telephone_type", "Home")], contact::OF_TWO, "phone"), "(555) 018-8888");
}

#[test]
fn parents_and_demographics_only_on_request() {
    let plain = plain();
    assert!(plain.table("users").find("role", "parent").is_empty());
    assert!(plain.table("users").all("agentSourcedIds").iter().all(|agents| agents.is_empty()));
    assert!(plain.package.bytes("demographics").is_none());
    let more = with(&[("include_parents", "true"), ("demographics", "true")]);
    assert!(!more.table("users").find("role", "parent").is_empty());
    assert_eq!(more.table("demographics").rows.len(), plain.table("users").find("role", "student").len());
}

#[test]
fn exits_that_void_an_association() {
    let there = |source: &Path, settings: &[(&str, &str)], id| {
        !with_source(source, settings).table("users").find("identifier", id).is_empty()
    };
    assert!(there(district(), &[("exclude_exit_types", "")], student::NO_SHOW));
    let withdrawn = [("include", "year"), ("exclude_exit_types", "No show,withdrawn")];
    assert!(!there(district(), &withdrawn, student::WITHDRAWN), "without regard to case");
    // An exit before the first day of the year, 2024-08-12.
    let copy = extract::copy(district());
    let person = usi(copy.path(), "student", student::WITHDRAWN);
    for (exit, counts) in [("2024-08-11", false), ("2024-08-12", true)] {
        alter_rows(copy.path(), "studentschoolassociation", "studentusi", &person, |set| {
            set("entrydate", "2024-07-01");
            set("exitwithdrawdate", exit);
            set("schoolyear", "2025");
        });
        assert_eq!(there(copy.path(), &[("include", "year")], student::WITHDRAWN), counts, "{exit}");
        let lenient = [("include", "year"), ("exclude_exit_before_first_day", "false")];
        assert!(there(copy.path(), &lenient, student::WITHDRAWN), "{exit}");
    }
}

#[test]
fn roles_and_identification_systems() {
    let users = with(&[("staff_role_priority", "teacher,administrator")]).table("users");
    let two = users.one("identifier", staff::TWO_CLASSIFICATIONS);
    assert_eq!((two.get("role"), two.get("metadata.edu.staff_classification")), ("teacher", "Teacher"));

    let plain = plain();
    let hidden = with(&[("private_id_systems", "state")]);
    assert_eq!(cell(&hidden.table("users"), student::TWO_LEVELS, "userIds"), "");
    assert!(hidden.count_of("user-id-withheld", "State") > 0);
    assert_eq!(plain.count_of("user-id-withheld", "State"), 0);
    let named = with(&[("allowed_id_systems", "SSN")]);
    assert_eq!(
        cell(&named.table("users"), student::TWO_LEVELS, "userIds"),
        "{SSN:000-00-9902},{State:4899999902}"
    );
    assert!(!String::from_utf8_lossy(plain.package.bytes("users").unwrap()).contains("SSN"));
}

/// The primary school is the flagged one, then the latest entry, then the lowest id.
#[test]
fn the_primary_school_comes_first() {
    let copy = extract::copy(district());
    let person = usi(copy.path(), "student", student::TWO_SCHOOLS);
    let other = 255_902_001.to_string();
    let set = |flags: [&str; 2], entries: [&str; 2]| {
        alter(copy.path(), "studentschoolassociation", |t| {
            let at = |name: &str| t.header.iter().position(|h| h == name).unwrap();
            let columns = ["studentusi", "schoolid", "primaryschool", "entrydate"].map(at);
            let [usi, school, primary, entry] = columns;
            for row in t.rows.iter_mut().filter(|row| row[usi] == person) {
                let n = usize::from(row[school] == other);
                row[primary] = flags[n].to_owned();
                row[entry] = entries[n].to_owned();
            }
        });
        let exported = with_source(copy.path(), &[]);
        let (users, orgs) = (exported.table("users"), exported.table("orgs"));
        let user = users.one("identifier", student::TWO_SCHOOLS);
        let schools: Vec<String> = user
            .list("orgSourcedIds")
            .iter()
            .map(|id| orgs.one("sourcedId", id).get("identifier").to_owned())
            .collect();
        assert_eq!(user.get("metadata.edu.primary_school"), user.list("orgSourcedIds")[0]);
        assert_eq!(schools.len(), 2);
        schools[0].clone()
    };
    let home = home_school().to_string();
    let (early, late) = ("2024-08-12", "2024-09-02");
    assert_eq!(set(["t", ""], [early, late]), home);
    assert_eq!(set(["", "t"], [late, early]), other);
    assert_eq!(set(["", ""], [early, late]), other);
    assert_eq!(set(["f", "f"], [late, early]), home);
    assert_eq!(set(["", ""], [early, early]), home);
}

#[test]
fn extensions_of_demographics_say_what_the_source_says() {
    let settings = [
        ("demographics", "true"),
        (
            "demographic_extensions",
            "birth_city=city,characteristic:economic disadvantaged=poor,is_special_education_annual=sped,\
             indicator:At Risk=risk,limited_english_proficiency=lep,middle_name=middle",
        ),
    ];
    let rows = with(&settings).table("demographics");
    let tail = [
        "metadata.city",
        "metadata.lep",
        "metadata.middle",
        "metadata.poor",
        "metadata.risk",
        "metadata.sped",
    ];
    assert_eq!(rows.header[17..], tail.map(str::to_owned));
    let source = district();
    let values = extract::code_values(source);
    let unique = extract::unique_ids(source, "student");
    let holders = |table: &str, column: &str, value: &str| -> BTreeSet<String> {
        let rows = extract::table(source, table);
        let of = rows.iter().filter(|r| values.get(r.get(column)).is_some_and(|v| v == value));
        of.filter(|r| {
            table != "generalstudentprogramassociation"
                || r.get("enddate").is_empty()
                || r.get("enddate") >= "2024-10-01"
        })
        .map(|r| unique[r.get("studentusi")].clone())
        .collect()
    };
    let organization = "studenteducationorganizationassociation";
    let poor = holders(
        &format!("{organization}studentcharacteristic"),
        "studentcharacteristicdescriptorid",
        "Economic Disadvantaged",
    );
    let special = holders("generalstudentprogramassociation", "programtypedescriptorid", "Special Education");
    let at_risk: BTreeSet<String> = extract::table(source, &format!("{organization}studentindicator"))
        .iter()
        .map(|row| unique[row.get("studentusi")].clone())
        .collect();
    let people = extract::table(source, "student");
    let mut seen = [0, 0];
    for row in rows.iter() {
        let id = row.get("metadata.edu.natural_key").strip_prefix("demo_isd-STU-").unwrap();
        let person = people.one("studentuniqueid", id);
        assert_eq!(row.get("metadata.city"), person.get("birthcity"));
        assert_eq!(row.get("metadata.middle"), person.get("middlename"));
        assert_eq!(row.get("metadata.poor"), poor.contains(id).to_string());
        assert_eq!(row.get("metadata.sped"), special.contains(id).to_string());
        assert_eq!(row.get("metadata.risk"), if at_risk.contains(id) { "Yes" } else { "" });
        seen[0] += usize::from(poor.contains(id));
        seen[1] += usize::from(at_risk.contains(id));
    }
    assert!(seen.iter().all(|n| *n > 0), "{seen:?}");
}

/// One row per student, reduced over its organizations: the LEA before the school, the first that says something.
#[test]
fn demographics_prefer_the_lea_and_what_is_said() {
    let copy = extract::copy(district());
    let source = copy.path();
    let association = "studenteducationorganizationassociation";
    let sex = |value| extract::descriptor(source, "Sex", value);
    let set = |id: &str, lea: (&str, &str), school: (&str, &str)| {
        let person = usi(source, "student", id);
        alter(source, association, |t| {
            let at = ["studentusi", "educationorganizationid", "sexdescriptorid", "hispaniclatinoethnicity"]
                .map(|name| t.column(name).unwrap());
            for row in t.rows.iter_mut().filter(|row| row[at[0]] == person) {
                let (sex, hispanic) = if row[at[1]] == "255901" { lea } else { school };
                row[at[2]] = sex.to_owned();
                row[at[3]] = hispanic.to_owned();
            }
        });
    };
    let (male, female) = (sex("Male"), sex("Female"));
    set(student::NO_EMAIL, (&male, "f"), (&female, "t"));
    set(student::NO_RACE, ("", ""), (&female, "t"));
    set(student::MANY_RACES, (&male, ""), ("", "f"));
    set(student::ODD_CODES, ("", ""), ("", ""));
    let exported = with_source(source, &[("demographics", "true")]);
    let (users, rows) = (exported.table("users"), exported.table("demographics"));
    assert_eq!(rows.all("sourcedId").len(), users.find("role", "student").len());
    for (id, sex, hispanic) in [
        (student::NO_EMAIL, "male", "false"),
        (student::NO_RACE, "female", "true"),
        (student::MANY_RACES, "male", "false"),
        (student::ODD_CODES, "", ""),
    ] {
        let row = rows.one("sourcedId", &cell(&users, id, "sourcedId"));
        assert_eq!((row.get("sex"), row.get("hispanicOrLatinoEthnicity")), (sex, hispanic), "{id}");
    }
}

/// What a vendor need not know is left out by itself, and nothing else changes.
#[test]
fn middle_names_and_telephones_can_stay_in_the_building() {
    let on = with(&[("include_parents", "true")]).table("users");
    for (setting, column) in [("middle_names", "middleName"), ("phones", "phone")] {
        let off = with(&[("include_parents", "true"), (setting, "false")]).table("users");
        let at = on.column(column).unwrap();
        assert!(on.all(column).iter().any(|value| !value.is_empty()), "{column}: there is something to hide");
        assert!(off.all(column).iter().all(|value| value.is_empty()), "{column}");
        for (a, b) in on.iter().zip(off.iter()) {
            let differ = (0..a.cells.len()).filter(|&n| a.cells[n] != b.cells[n] && n != at).count();
            assert_eq!(differ, 0, "{:?}", b.cells);
        }
    }
    // Ed-Fi's telephones are of parents, and nothing has a password or a number for text messages.
    for column in ["sms", "password"] {
        assert!(on.all(column).iter().all(|value| value.is_empty()), "{column}");
    }
}
