//! The description checked in itself, and against the published tables as `../shared/facts` records them.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::*;

fn all_specs() -> impl Iterator<Item = (Version, &'static FileSpec)> {
    let variant = (Version::V1p2, &v1p2::USERS_V1P2P0);
    Version::ALL.into_iter().flat_map(|v| v.files().iter().map(move |f| (v, f))).chain([variant])
}

#[test]
fn files_and_headers_are_well_formed() {
    assert_eq!(Version::V1p1.files().len(), 13);
    assert_eq!(Version::V1p2.files().len(), 21);
    for version in Version::ALL {
        let files: Vec<File> = version.files().iter().map(|spec| spec.file).collect();
        assert!(files.is_sorted(), "{version}: manifest order is the order of File");
        assert_eq!(files.iter().collect::<BTreeSet<_>>().len(), files.len());
        assert_eq!(Version::from_label(version.label()), Some(version));
    }
    for (version, spec) in all_specs() {
        let names: Vec<&str> = spec.columns.iter().map(|c| c.name).collect();
        assert_eq!(names[..3], ["sourcedId", "status", "dateLastModified"], "{version} {}", spec.file);
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{version} {}", spec.file);
        assert!(matches!(spec.columns[0].kind, Kind::Id));
        assert!(spec.doc.ends_with('.'), "{version} {}", spec.file);
        for column in spec.columns {
            let place = format!("{version} {}.{}", spec.file, column.name);
            assert!(column.doc.len() > 3 && column.doc.ends_with('.'), "{place}: not documented");
            assert_eq!(column.doc.matches(". ").count(), 0, "{place}: more than one sentence");
            assert_eq!(spec.column(column.name).map(|c| c.name), Some(column.name));
            assert_eq!(
                column.need == Need::Delta,
                ["status", "dateLastModified"].contains(&column.name),
                "{place}"
            );
        }
    }
}

#[test]
fn references_and_rules_point_to_something() {
    for (version, spec) in all_specs() {
        for column in spec.columns {
            let place = format!("{version} {}.{}", spec.file, column.name);
            if let Some(target) = column.target() {
                assert!(version.file(target).is_some(), "{place}: {target} is not a file of this version");
            }
            for vocabulary in column.vocabulary().into_iter().chain(column.advised()) {
                assert!(!vocabulary.words.is_empty(), "{place}");
                let distinct: BTreeSet<_> = vocabulary.words.iter().collect();
                assert_eq!(distinct.len(), vocabulary.words.len(), "{place}");
            }
            for rule in column.rules {
                match rule {
                    Rule::Target { column: name, word } => {
                        let target = version.file(column.target().expect(&place)).expect(&place);
                        let words = target.column(name).and_then(Column::vocabulary).expect(&place);
                        assert!(words.word(word).is_some(), "{place}: {word}");
                    }
                    Rule::Parallel(name) => {
                        let other = spec.column(name).expect(&place);
                        assert!(column.is_list() && other.is_list(), "{place}");
                    }
                    Rule::Student => assert_eq!(column.target(), Some(File::Users), "{place}"),
                    Rule::SameUser => assert!(spec.column("userSourcedId").is_some(), "{place}"),
                    Rule::RoleThere => assert_eq!(column.target(), Some(File::Orgs), "{place}"),
                    Rule::Braced => assert!(column.is_list(), "{place}"),
                    Rule::KeyOf(_) => assert!(matches!(column.kind, Kind::Id), "{place}"),
                    Rule::Advised(_) => assert!(column.vocabulary().is_none(), "{place}"),
                }
            }
        }
    }
}

#[test]
fn names_resolve_both_ways() {
    for file in File::ALL {
        assert_eq!(File::from_name(file.name()), Some(file));
        assert_eq!(File::from_csv_name(file.csv_name()), Some(file));
        assert_eq!(MANIFEST.property_file(&MANIFEST.file_property(file)), Some(file));
    }
    assert_eq!(File::Orgs.csv_name(), "orgs.csv");
    assert_eq!(File::from_name("Orgs"), None);
    assert_eq!(File::from_csv_name("manifest.csv"), None);
    for word in vocabulary::MANIFEST_MODE.words {
        assert_eq!(Mode::from_word(word).map(Mode::word), Some(*word));
    }
}

#[test]
fn extension_terms_need_an_open_vocabulary_and_version_1_2() {
    assert!(vocabulary::ROLE_V1P2.accepts("ext:coach", Version::V1p2));
    assert!(!vocabulary::ROLE_V1P2.accepts("ext:", Version::V1p2));
    assert!(!vocabulary::IMPORTANCE.accepts("ext:coach", Version::V1p2));
    assert!(!vocabulary::ORG_TYPE.accepts("ext:camp", Version::V1p1));
    assert!(vocabulary::ORG_TYPE.accepts("school", Version::V1p1));
    assert!(!vocabulary::BOOLEAN.accepts("TRUE", Version::V1p1));
}

#[test]
fn the_first_release_of_1_2_had_one_more_users_column() {
    let corrected = Version::V1p2.file(File::Users).unwrap();
    let names = |spec: &FileSpec| spec.columns.iter().map(|c| c.name).collect::<Vec<_>>();
    let mut first = names(&v1p2::USERS_V1P2P0);
    assert_eq!(first.len(), 23);
    let place = first.iter().position(|name| *name == "resourceSourcedIds").unwrap();
    assert_eq!(first[place - 1..][..3], ["userMasterIdentifier", "resourceSourcedIds", "preferredGivenName"]);
    first.remove(place);
    assert_eq!(first, names(corrected));
}

/// The recorded tables of a version, or `None`, said aloud, when the shared folder is not there.
fn recorded(version: Version) -> Option<Value> {
    let name = format!("oneroster_v{}_csv.json", version.label().replace('.', "p"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/facts").join(&name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(error) => {
            eprintln!("SKIPPED: ../shared/facts/{name}: {error}");
            None
        }
    }
}

fn texts(values: &Value) -> Vec<&str> {
    values.as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect()
}

#[test]
fn columns_equal_the_recorded_tables() {
    for version in Version::ALL {
        let Some(recorded) = recorded(version) else { return };
        let files = recorded["files"].as_array().unwrap();
        let names: Vec<&str> = files.iter().map(|f| f["file"].as_str().unwrap()).collect();
        assert_eq!(names, version.files().iter().map(|f| f.file.csv_name()).collect::<Vec<_>>());
        for (file, spec) in files.iter().zip(version.files()) {
            let place = format!("{version} {}", spec.file);
            assert_eq!(file["group"], spec.group.label(), "{place}");
            assert_eq!(file["manifest_property"], MANIFEST.file_property(spec.file), "{place}");
            assert_eq!(file["column_count"], spec.columns.len(), "{place}");
            assert_eq!(
                texts(&file["header"]),
                spec.columns.iter().map(|c| c.name).collect::<Vec<_>>(),
                "{place}"
            );
            let columns = file["columns"].as_array().unwrap();
            assert_eq!(columns.len(), spec.columns.len(), "{place}");
            for (recorded_column, column) in columns.iter().zip(spec.columns) {
                let place = format!("{place}.{}", column.name);
                compare(recorded_column, column, &recorded["vocabularies"], version, &place);
            }
        }
    }
}

fn compare(recorded: &Value, column: &Column, vocabularies: &Value, version: Version, place: &str) {
    assert_eq!(recorded["name"], column.name, "{place}");
    let need = match column.need {
        Need::Required => ["yes", "required", "required"],
        Need::Optional => ["no", "optional", "optional"],
        Need::Delta => ["conditional", "must_be_blank", "required"],
    };
    assert_eq!(["required", "bulk", "delta"].map(|key| recorded[key].as_str().unwrap()), need, "{place}");
    let formats: &[&str] = match column.kind {
        Kind::Id => &["guid"],
        Kind::Ref(_) => &["guid_ref"],
        Kind::RefList(_) => &["list_guid_ref"],
        Kind::Text => &["string", "external_id"],
        Kind::TextList => &["list_string"],
        Kind::Enum(_) => &["enumeration"],
        Kind::EnumList(_) => &["list_enumeration"],
        Kind::Date => &["date"],
        Kind::DateTime => &["datetime"],
        Kind::Year => &["year"],
        Kind::Integer => &["integer"],
        Kind::Float => &["float"],
    };
    assert!(formats.contains(&recorded["format"].as_str().unwrap()), "{place}: {}", recorded["format"]);
    assert_eq!(column.is_list(), recorded["multiplicity"].as_str().unwrap().ends_with('*'), "{place}");

    assert_eq!(recorded["reference"]["file"].as_str(), column.target().map(File::csv_name), "{place}");
    let constraint = recorded["reference"]["constraint"].as_str().unwrap_or_default();
    let expected = match constraint {
        "target org type is school" => Some("school"),
        "target session type is schoolYear" => Some("schoolYear"),
        _ => None,
    };
    let target = column.rules.iter().find_map(|rule| match rule {
        Rule::Target { word, .. } => Some(*word),
        _ => None,
    });
    assert_eq!(target, expected, "{place}");

    // A code list without words is only a name: the standard points elsewhere.
    let name =
        recorded["vocabulary"].as_str().filter(|name| !texts(&vocabularies[*name]["values"]).is_empty());
    let vocabulary = column.vocabulary().or(column.advised());
    assert_eq!(name, vocabulary.map(|v| v.name), "{place}");
    if let (Some(name), Some(vocabulary)) = (name, vocabulary) {
        let list = &vocabularies[name];
        assert_eq!(texts(&list["values"]), vocabulary.words, "{place}");
        assert_eq!(list["advisory"] == true, column.advised().is_some(), "{place}");
        if column.advised().is_none() {
            assert_eq!(list["open"], vocabulary.is_open_in(version), "{place}");
        }
    }
}

#[test]
fn manifest_rows_equal_the_recorded_ones() {
    for version in Version::ALL {
        let Some(recorded) = recorded(version) else { return };
        let manifest = &recorded["manifest"];
        assert_eq!(manifest["file"], MANIFEST.csv_name);
        assert_eq!(texts(&manifest["header"]), MANIFEST.header);
        let rows: Vec<(String, bool)> = manifest["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (row["propertyName"].as_str().unwrap().to_owned(), row["required"] == "yes"))
            .collect();
        assert_eq!(MANIFEST.properties(version), rows);
        assert_eq!(manifest["rows"][0]["value"], MANIFEST.manifest_version_value);
        assert_eq!(manifest["rows"][1]["value"], version.label());
        assert_eq!(
            texts(&recorded["vocabularies"]["manifestFileMode"]["values"]),
            vocabulary::MANIFEST_MODE.words
        );
    }
}

/// What a person can be known by is marked; the rest of a person's row is references and what the system makes of it.
#[test]
fn every_column_of_a_person_is_marked_or_known_to_be_impersonal() {
    const IMPERSONAL: &[&str] = &[
        "sourcedId",
        "status",
        "dateLastModified",
        "enabledUser",
        "orgSourcedIds",
        "role",
        "grades",
        "primaryOrgSourcedId",
        "resourceSourcedIds",
    ];
    let specs = Version::ALL.into_iter().flat_map(|version| version.files()).chain([&v1p2::USERS_V1P2P0]);
    for spec in specs.filter(|spec| matches!(spec.file, File::Users | File::Demographics)) {
        for column in spec.columns {
            let place = format!("{}.{}", spec.file, column.name);
            assert_ne!(column.personal.is_some(), IMPERSONAL.contains(&column.name), "{place}");
        }
        assert_eq!(spec.personal("metadata.anything"), Some(Personal::Extension));
    }
    let users = Version::V1p1.file(File::Users).unwrap();
    assert_eq!((users.personal("givenName"), users.personal("grades")), (Some(Personal::Name), None));
    assert_eq!(Version::V1p1.file(File::Orgs).unwrap().personal("metadata.anything"), None);
    assert_eq!(Version::V1p1.file(File::Results).unwrap().personal("score"), Some(Personal::Performance));
}
