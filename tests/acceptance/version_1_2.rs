//! What only OneRoster 1.2 says: roles with their words and dates, preferred names, master identifiers, words for sex.
//! The answers are computed from the extracts and the shipped seeds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rosterpack::day::Day;
use rosterpack::synth::Shape;

use crate::exporting::{Exported, USUAL, export, trap_district};
use crate::extract;
use crate::package_reader::{Row, Table};

const AS_OF: &str = "2024-10-01";

fn source() -> &'static Path {
    trap_district(Shape::S52)
}

fn with(settings: &[(&str, &str)]) -> Exported {
    let exported = export(source(), &[USUAL, &[("oneroster", "1.2"), ("include_parents", "true")], settings]);
    assert_eq!(exported.refused(), Vec::<&str>::new());
    exported
}

/// The day after, as 1.2 writes an end; days after 2089 mean that there is none.
fn after(day: &str) -> String {
    match Day::parse(day.as_bytes()) {
        Some(day) if day <= Day::LAST => day.next().to_string(),
        _ => String::new(),
    }
}

/// Roles as (unique id, organization id, word) with their rows.
fn roles<'t>(exported: &Exported, roles: &'t Table) -> BTreeMap<(String, String, &'t str), Row<'t>> {
    let number = |file: &str| -> BTreeMap<String, String> {
        let table = exported.table(file);
        table.iter().map(|row| (row.get("sourcedId").into(), row.get("identifier").into())).collect()
    };
    let (users, orgs) = (number("users"), number("orgs"));
    roles
        .iter()
        .map(|row| {
            let (user, org) = (&users[row.get("userSourcedId")], &orgs[row.get("orgSourcedId")]);
            ((user.clone(), org.clone(), row.get("role")), row)
        })
        .collect()
}

/// The shipped seed: classification to the words of 1.1 and 1.2.
fn classifications() -> BTreeMap<String, (String, String)> {
    let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/xwalk_oneroster_staff_classifications.csv");
    let table = Table::parse(&std::fs::read(seed).unwrap()).unwrap();
    let word = |row: &Row<'_>, column| row.get(column).to_owned();
    let words = |row: Row<'_>| (word(&row, "oneroster_role"), word(&row, "oneroster_role_v1p2"));
    table.iter().map(|row| (row.get("staff_classification").to_owned(), words(row))).collect()
}

/// Unique id, organization, words of 1.1 and 1.2, first and last day.
type Assignment = (String, String, (String, String), [String; 2]);

/// Assignments of mapped classifications that have not ended.
fn assignments() -> Vec<Assignment> {
    let (values, unique) = (extract::code_values(source()), extract::unique_ids(source(), "staff"));
    let seed = classifications();
    let mut found = Vec::new();
    for row in extract::table(source(), "staffeducationorganizationassignmentassociation").iter() {
        let ended = !row.get("enddate").is_empty() && row.get("enddate") < AS_OF;
        let Some(words) = seed.get(&values[row.get("staffclassificationdescriptorid")]) else { continue };
        if !ended && !words.0.is_empty() {
            let [person, org] = ["staffusi", "educationorganizationid"].map(|column| row.get(column));
            let days = ["begindate", "enddate"].map(|column| row.get(column).to_owned());
            found.push((unique[person].clone(), org.to_owned(), words.clone(), days));
        }
    }
    found
}

#[test]
fn staff_have_the_role_of_each_assignment_there_with_its_dates() {
    let exported = with(&[]);
    let table = exported.table("roles");
    let roles = roles(&exported, &table);
    let orgs: BTreeMap<String, String> = exported
        .table("orgs")
        .iter()
        .map(|org| (org.get("identifier").to_owned(), org.get("type").to_owned()))
        .collect();
    let exported_people: BTreeSet<&str> = roles.keys().map(|(user, _, _)| user.as_str()).collect();
    let mut spans: BTreeMap<(String, String, String), Vec<[String; 2]>> = BTreeMap::new();
    for (person, org, (earlier, later), days) in assignments() {
        let Some(kind) = orgs.get(&org).filter(|_| exported_people.contains(person.as_str())) else {
            continue;
        };
        let word = match (later.as_str(), earlier.as_str(), kind.as_str()) {
            ("", "administrator", "school") => "siteAdministrator",
            ("", "administrator", _) => "districtAdministrator",
            ("", word, _) => word,
            (word, ..) => word,
        };
        spans.entry((person, org, word.to_owned())).or_default().push(days);
    }
    let mut words = BTreeSet::new();
    for ((person, org, word), spans) in &spans {
        let row = roles
            .get(&(person.clone(), org.clone(), word.as_str()))
            .unwrap_or_else(|| panic!("{person} is {word} at {org}"));
        // Somebody who also teaches there as a teacher is so without dates.
        if let ([[begin, end]], true) = (&spans[..], word != "teacher") {
            let dates = (row.get("beginDate"), row.get("endDate"));
            assert_eq!(dates, (begin.as_str(), after(end).as_str()), "{person} {word} {org}");
        }
        words.insert(word.as_str());
    }
    for word in ["principal", "teacher", "districtAdministrator"] {
        assert!(words.contains(word), "{word} in {words:?}");
    }
    // Who teaches is a teacher at the section's school.
    let unique = extract::unique_ids(source(), "staff");
    let mut teaching = 0;
    let users: BTreeMap<String, String> = exported
        .table("users")
        .iter()
        .map(|user| (user.get("sourcedId").to_owned(), user.get("identifier").to_owned()))
        .collect();
    let schools: BTreeMap<String, String> = exported
        .table("orgs")
        .iter()
        .map(|org| (org.get("sourcedId").to_owned(), org.get("identifier").to_owned()))
        .collect();
    for row in exported.table("enrollments").find("role", "teacher") {
        let person = &users[row.get("userSourcedId")];
        let school = &schools[row.get("schoolSourcedId")];
        assert!(roles.contains_key(&(person.clone(), school.clone(), "teacher")), "{person} at {school}");
        assert!(unique.values().any(|id| id == person));
        teaching += 1;
    }
    assert!(teaching > 5);
    // Nothing is made up: each word of a staff member is from an assignment of theirs, or from teaching.
    let evidenced: BTreeSet<(&str, &str)> =
        spans.keys().map(|(person, _, word)| (person.as_str(), word.as_str())).collect();
    for (person, _, word) in roles.keys() {
        let of_staff = !matches!(*word, "student" | "parent" | "guardian" | "relative");
        assert!(
            !of_staff || *word == "teacher" || evidenced.contains(&(person.as_str(), *word)),
            "{person} {word}"
        );
    }
}

#[test]
fn students_are_students_at_their_schools_from_entry_to_exit() {
    let exported = with(&[]);
    let table = exported.table("roles");
    let roles = roles(&exported, &table);
    let unique = extract::unique_ids(source(), "student");
    let mut spans: BTreeMap<(String, String), Vec<[String; 2]>> = BTreeMap::new();
    for row in extract::table(source(), "studentschoolassociation").iter() {
        let key = (unique[row.get("studentusi")].clone(), row.get("schoolid").to_owned());
        spans.entry(key).or_default().push(["entrydate", "exitwithdrawdate"].map(|c| row.get(c).to_owned()));
    }
    let mut once = 0;
    for ((person, org, _), row) in roles.iter().filter(|((_, _, word), _)| *word == "student") {
        if let [[entry, exit]] = &spans[&(person.clone(), org.clone())][..] {
            let dates = (row.get("beginDate"), row.get("endDate"));
            assert_eq!(dates, (entry.as_str(), after(exit).as_str()), "{person} at {org}");
            once += 1;
        }
    }
    assert!(once > 30);
    // The primary org of a student is the first one of 1.1.
    let earlier = export(source(), &[USUAL]).table("users");
    let users = exported.table("users");
    for student in earlier.find("role", "student") {
        let later = users.one("sourcedId", student.get("sourcedId"));
        assert_eq!(later.get("primaryOrgSourcedId"), student.list("orgSourcedIds")[0]);
    }
}

/// Words at each place with the primary one first.
fn primaries(exported: &Exported) -> BTreeMap<(String, String), (String, BTreeSet<String>)> {
    let mut places: BTreeMap<(String, String), (String, BTreeSet<String>)> = BTreeMap::new();
    for role in exported.table("roles").iter() {
        let [user, org, word] = ["userSourcedId", "orgSourcedId", "role"].map(|c| role.get(c).to_owned());
        let place = places.entry((user, org)).or_default();
        if role.get("roleType") == "primary" {
            assert!(place.0.is_empty(), "two primary roles");
            place.0 = word.clone();
        }
        place.1.insert(word);
    }
    places
}

#[test]
fn the_primary_role_at_each_place_is_the_first_by_priority() {
    const DEFAULT: [&str; 7] = [
        "districtAdministrator",
        "principal",
        "siteAdministrator",
        "counselor",
        "teacher",
        "aide",
        "proctor",
    ];
    let teachers_first = ["teacher", "districtAdministrator", "principal"];
    let rank = |order: &[&str], word: &str| {
        let rest = DEFAULT.iter().filter(|word| !order.contains(word));
        order.iter().chain(rest).position(|known| *known == word).unwrap_or(usize::MAX)
    };
    let changed = with(&[("staff_role_priority_v1p2", &teachers_first.join(","))]);
    let mut several = 0;
    for (exported, order) in [(&with(&[]), &DEFAULT[..]), (&changed, &teachers_first)] {
        for (primary, words) in primaries(exported).into_values() {
            let best = words.iter().min_by_key(|word| (rank(order, word), *word)).unwrap();
            assert_eq!(primary, *best, "{words:?}");
            several += usize::from(words.len() > 1);
        }
    }
    assert!(several >= 2, "somebody with two roles at one place");
    assert_ne!(primaries(&with(&[])), primaries(&changed));
}

#[test]
fn without_the_finer_word_an_administrator_is_one_of_the_place() {
    let seeds = tempfile::tempdir().unwrap();
    let rows: String =
        classifications().iter().map(|(value, (word, _))| format!("\"{value}\",{word}\n")).collect();
    std::fs::write(
        seeds.path().join("xwalk_oneroster_staff_classifications.csv"),
        format!("staff_classification,oneroster_role\n{rows}"),
    )
    .unwrap();
    let exported = with(&[("seeds", seeds.path().to_str().unwrap())]);
    let orgs = exported.table("orgs");
    let mut seen = BTreeSet::new();
    for role in exported.table("roles").iter() {
        let kind = orgs.one("sourcedId", role.get("orgSourcedId")).get("type");
        match role.get("role") {
            "districtAdministrator" => assert!(matches!(kind, "district" | "state"), "{kind}"),
            "siteAdministrator" => assert_eq!(kind, "school"),
            word => assert!(!matches!(word, "principal" | "counselor" | "systemAdministrator"), "{word}"),
        }
        seen.insert(role.get("role").to_owned());
    }
    assert!(seen.contains("districtAdministrator") && seen.contains("siteAdministrator"), "{seen:?}");
}

#[test]
fn names_and_master_identifiers_are_those_of_the_source() {
    let exported = with(&[("user_master_identifier_system", "State")]);
    let users = exported.table("users");
    let (mut preferred, mut masters) = (0, 0);
    let students = extract::table(source(), "student");
    for row in students.iter() {
        let Some(user) = users.find("identifier", row.get("studentuniqueid")).first().copied() else {
            continue;
        };
        for (column, from) in
            [("preferredGivenName", "preferredfirstname"), ("preferredFamilyName", "preferredlastsurname")]
        {
            assert_eq!(user.get(column), row.get(from).trim());
            preferred += usize::from(!user.get(column).is_empty());
        }
    }
    for user in users.iter() {
        let state = user.list("userIds").into_iter().find_map(|item| item.strip_prefix("{State:"));
        let expected = state.and_then(|rest| rest.strip_suffix('}')).unwrap_or("");
        // In a list item what would end it is a blank; here the code stands as stored.
        let master = user.get("userMasterIdentifier").replace(['{', '}', ':', ','], " ");
        assert_eq!(master.trim(), expected);
        masters += usize::from(!expected.is_empty());
        // Ed-Fi has neither.
        assert_eq!((user.get("pronouns"), user.get("preferredMiddleName")), ("", ""));
    }
    assert!(preferred > 0 && masters > 10, "{preferred} preferred names, {masters} identifiers");
    assert!(with(&[]).table("users").iter().all(|user| user.get("userMasterIdentifier").is_empty()));
    assert!(exported.package.bytes("userProfiles").is_none());
}

#[test]
fn a_word_for_sex_that_1_1_lacks_is_blank_there_and_counted() {
    let demographics = &[("demographics", "true"), ("demographic_extensions", "birth_city=city")];
    let later = with(demographics);
    let earlier = export(source(), &[USUAL, &[("include_parents", "true")], demographics]);
    let (before, after) = (earlier.table("demographics"), later.table("demographics"));
    let mut words: BTreeMap<&str, u64> = BTreeMap::new();
    for (a, b) in before.iter().zip(after.iter()) {
        assert_eq!(
            (a.get("sourcedId"), a.get("metadata.city")),
            (b.get("sourcedId"), b.get("metadata.city"))
        );
        match b.get("sex") {
            word @ ("unspecified" | "other") => {
                assert_eq!(a.get("sex"), "");
                *words.entry(word).or_default() += 1;
            }
            word => assert_eq!(a.get("sex"), word),
        }
    }
    assert!(!words.is_empty(), "the trap of a sex that is not selected");
    assert_eq!(earlier.count("word-not-in-version"), words.values().sum::<u64>());
    assert_eq!(later.count("word-not-in-version"), 0);
    assert!(after.iter().any(|row| !row.get("metadata.city").is_empty()));
}
