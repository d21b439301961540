//! Crosswalks as a user of the crate sees them: the shipped seeds against the default descriptors of every data
//! standard, files of an existing edu deployment, the templates, and every error.

// A function that prepares a test is a test, which clippy.toml's exception does not see.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use rosterpack::crosswalk::seed::{self, Accepts, SEEDS, Seed};
use rosterpack::crosswalk::{
    Answer, Crosswalk, CrosswalkError, Crosswalks, Origin, Race, StaffRole, Subject,
};

const TERMS: &str = "Semester; Fall Semester; Spring Semester; Summer Semester; Quarter; First Quarter; \
    Second Quarter; Third Quarter; Fourth Quarter; Trimester; First Trimester; Second Trimester; \
    Third Trimester; MiniTerm; Year Round; Other";
const POSITIONS: &str = "Assistant Teacher; Substitute Teacher; Support Teacher; Teacher of Record";
const GRADES: &str = "Infant/toddler; Preschool; Prekindergarten; Transitional Kindergarten; Kindergarten; First grade; \
    Second grade; Third grade; Fourth grade; Fifth grade; Sixth grade; Seventh grade; Eighth grade; \
    Ninth grade; Tenth grade; Eleventh grade; Twelfth grade; Grade 13; Postsecondary; Ungraded; \
    Other; Out of School; Adult Education; Early Education; No grade level; Preschool/Prekindergarten";
const CLASSIFICATIONS: &str = "Pre-Kindergarten Teacher; Kindergarten Teacher; Elementary Teacher; Secondary Teacher; \
    Ungraded Teacher; Paraprofessional/Instructional Aide; Elementary School Counselor; \
    Secondary School Counselor; School Counselor; Librarian/Media Specialist; \
    Library/Media Support Staff; LEA Administrator; LEA Administrative Support Staff; \
    School Administrator; School Administrative Support Staff; School Psychologist; \
    Student Support Services Staff (w/o Psychology); All Other Support Staff; \
    Instr Coordinator and Supervisor to the Staff; Missing; Assistant Principal; \
    Assistant Superintendent; Counselor; Instructional Aide; Instructional Coordinator; \
    LEA Specialist; LEA System Administrator; Operational Support; Other; Principal; School Leader; \
    School Specialist; State Administrator; Substitute Teacher; Superintendent; \
    Support Services Staff; Teacher";
const SEXES: &str = "Female; Male; Non-binary; Not Selected";
const CALENDAR_EVENTS: &str = "Emergency day; Holiday; Instructional day; Make-up day; Other; Strike; \
    Student late arrival/early dismissal; Teacher only day; Weather day; Non-instructional day";
const RACES_TO_5_0: &str = "American Indian - Alaska Native; Asian; Black - African American; Choose Not to Respond; \
    Native Hawaiian - Pacific Islander; Other; White";
const RACES_FROM_5_1: &str = "American Indian or Alaska Native; Asian; Black or African American; Choose Not to Respond; \
    Native Hawaiian or Pacific Islander; Other; White; Hispanic or Latino; \
    Middle Eastern or North African";
/// Races are the only descriptor of these whose default values differ between the standards.
const STANDARDS: &[(&str, &str)] = &[
    ("4.0", RACES_TO_5_0),
    ("5.0", RACES_TO_5_0),
    ("5.1", RACES_FROM_5_1),
    ("5.2", RACES_FROM_5_1),
    ("6.1", RACES_FROM_5_1),
];

fn all_known<T: PartialEq>(walk: &Crosswalk<T>, descriptor: &str, values: &str, standard: &str) {
    let namespace = format!("uri://ed-fi.org/{descriptor}");
    for value in values.split("; ") {
        assert!(
            !matches!(walk.answer(&namespace, value), Answer::Unknown),
            "{standard}: {} does not know `{value}`",
            walk.file()
        );
    }
}

#[test]
fn every_default_descriptor_of_every_standard_is_known() {
    let walks = Crosswalks::embedded().unwrap();
    assert_eq!(CLASSIFICATIONS.split("; ").count(), 37);
    for (standard, races) in STANDARDS {
        all_known(&walks.terms, "TermDescriptor", TERMS, standard);
        all_known(&walks.positions, "ClassroomPositionDescriptor", POSITIONS, standard);
        all_known(&walks.grades, "GradeLevelDescriptor", GRADES, standard);
        all_known(&walks.classifications, "StaffClassificationDescriptor", CLASSIFICATIONS, standard);
        all_known(&walks.races, "RaceDescriptor", races, standard);
        all_known(&walks.sexes, "SexDescriptor", SEXES, standard);
        all_known(&walks.calendar_events, "CalendarEventDescriptor", CALENDAR_EVENTS, standard);
    }
}

fn mapped<'a, T: PartialEq>(walk: &'a Crosswalk<T>, value: &str) -> Option<&'a T> {
    walk.answer("uri://ed-fi.org/AnyDescriptor", value).mapped()
}

#[test]
fn shipped_answers_are_those_of_the_mapping() {
    let walks = Crosswalks::embedded().unwrap();
    assert!(!walks.terms_by_session_name);
    for (term, kind) in walks.terms.entries().map(|(_, term, kind)| (term, *kind.unwrap())) {
        assert_eq!(kind, if term.contains("Semester") { "semester" } else { "term" }, "{term}");
    }
    for (position, primary) in walks.positions.entries().map(|(_, key, answer)| (key, *answer.unwrap())) {
        assert_eq!(primary, position == "Teacher of Record", "{position}");
    }
    assert_eq!(mapped(&walks.grades, "Kindergarten"), Some(&"KG"));
    assert_eq!(mapped(&walks.grades, "Ninth grade"), Some(&"09"));
    assert_eq!(walks.grades.answer("", "Out of School"), Answer::Blank);
    for spelling in ["Black - African American", "Black or African American"] {
        assert_eq!(mapped(&walks.races, spelling), Some(&Race::BlackOrAfricanAmerican));
    }
    assert_eq!(mapped(&walks.races, "Hispanic or Latino"), Some(&Race::HispanicOrLatino));
    assert_eq!(walks.races.answer("", "Choose Not to Respond"), Answer::Blank);
    assert_eq!(mapped(&walks.sexes, "Non-binary"), Some(&"other"));
    assert_eq!(mapped(&walks.sexes, "Not Selected"), Some(&"unspecified"));
    assert_eq!(mapped(&walks.calendar_events, "Student late arrival/early dismissal"), Some(&true));
    assert_eq!(mapped(&walks.calendar_events, "Weather day"), Some(&false));
    let role = |role, role_v1p2| Some(StaffRole { role, role_v1p2 });
    assert_eq!(mapped(&walks.classifications, "Teacher").copied(), role("teacher", None));
    assert_eq!(mapped(&walks.classifications, "Counselor").copied(), role("aide", Some("counselor")));
    assert_eq!(
        mapped(&walks.classifications, "Superintendent").copied(),
        role("administrator", Some("districtAdministrator"))
    );
    assert_eq!(walks.classifications.answer("", "School Administrative Support Staff"), Answer::Blank);
    // In 1.1 every shipped role must be a word of 1.1, or people would lose their role there.
    for (_, classification, answer) in walks.classifications.entries() {
        if let Some(answer) = answer {
            assert!(
                ["administrator", "teacher", "aide", "proctor"].contains(&answer.role),
                "{classification}"
            );
        }
    }
    assert!(walks.subjects.is_none() && walks.relations.is_none());
}

#[test]
fn descriptors_of_the_sample_districts_are_known() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/ods-samples");
    for district in ["grand-bend-ds40", "grand-bend-ds52"] {
        let path = samples.join(district).join("descriptor.csv");
        let Ok(mut reader) = csv::Reader::from_path(&path) else {
            eprintln!("SKIPPED: {} is not there", path.display());
            continue;
        };
        let walks = Crosswalks::embedded().unwrap();
        let mut seen = 0;
        for record in reader.records().map(Result::unwrap) {
            let (namespace, value) = (&record[1], &record[2]);
            let known = match namespace.strip_prefix("uri://ed-fi.org/").unwrap_or_default() {
                "TermDescriptor" => walks.terms.answer(namespace, value) != Answer::Unknown,
                "ClassroomPositionDescriptor" => walks.positions.answer(namespace, value) != Answer::Unknown,
                "GradeLevelDescriptor" => walks.grades.answer(namespace, value) != Answer::Unknown,
                "StaffClassificationDescriptor" => {
                    walks.classifications.answer(namespace, value) != Answer::Unknown
                }
                "RaceDescriptor" => walks.races.answer(namespace, value) != Answer::Unknown,
                "SexDescriptor" => walks.sexes.answer(namespace, value) != Answer::Unknown,
                "CalendarEventDescriptor" => {
                    walks.calendar_events.answer(namespace, value) != Answer::Unknown
                }
                _ => continue,
            };
            assert!(known, "{district}: {namespace}#{value}");
            seen += 1;
        }
        assert!(seen >= 104, "{district}: {seen} descriptors looked at");
    }
}

fn put(dir: &Path, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

/// A folder as a dbt project has it: state codes, a byte order mark, CR LF, quotes, extra columns, a calendar seed
/// with its namespace column one level up, and seeds of other packages.
#[test]
fn seeds_of_an_edu_deployment_load_unchanged() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str, text: &str| put(dir.path(), name, text);
    at(
        "xwalk_calendar_events.csv",
        "namespace,calendar_event_descriptor,is_school_day\nuri://ed-fi.org/,Holiday,FALSE\nuri://ed-fi.org/,SD,TRUE",
    );
    at("xwalk_grade_levels.csv", "grade_level,sort_index\nK,0\n");
    let terms = at(
        "oneroster/xwalk_oneroster_academic_sessions_types.csv",
        "\u{feff}academic_term,type\r\nFirst Quarter,gradingPeriod\r\nYear Round,schoolYear",
    );
    at(
        "oneroster/xwalk_oneroster_classroom_positions.csv",
        "classroom_position,is_primary\nLead,true\nSupport,false\nFloating,1\n",
    );
    at("oneroster/xwalk_oneroster_gender.csv", "edfi_gender_code,oneroster_sex_code\nF,female\nNB,\n");
    at(
        "oneroster/xwalk_oneroster_grade_levels.csv",
        "edfi_grade_level,oneroster_grade_level,note\nP3,PK,three\n\"Twelfth, repeated\",12,\n",
    );
    at("oneroster/xwalk_oneroster_races.csv", "edfi_race_code,oneroster_race_code\nA,asian\n,white\n");
    at(
        "oneroster/xwalk_oneroster_staff_classifications.csv",
        "staff_classification,oneroster_role\n6A,teacher\nPR,administrator\n6A,teacher\n",
    );
    let retired = at("oneroster/xwalk_oneroster_class_type.csv", "local_course_code,type\n");
    at("oneroster/.xwalk_oneroster_races.csv", "not looked at");

    let walks = Crosswalks::load(Some(dir.path())).unwrap();
    assert_eq!(mapped(&walks.terms, "First Quarter"), Some(&"gradingPeriod"));
    assert_eq!(
        walks.terms.answer("", "Fall Semester"),
        Answer::Unknown,
        "the default is replaced, not amended"
    );
    assert_eq!(mapped(&walks.positions, "Floating"), Some(&true));
    assert_eq!(walks.sexes.answer("", "NB"), Answer::Blank);
    assert_eq!(mapped(&walks.grades, "Twelfth, repeated"), Some(&"12"));
    assert_eq!(mapped(&walks.races, "A"), Some(&Race::Asian));
    assert_eq!(walks.races.entries().count(), 1);
    assert_eq!(mapped(&walks.classifications, "PR").unwrap().role, "administrator");
    // The edu package never compares that namespace, so a state's own descriptor is found too.
    let state = "uri://state.example/CalendarEventDescriptor";
    assert_eq!(walks.calendar_events.answer(state, "SD"), Answer::Mapped(&true));
    assert_eq!(walks.origins[0], (seed::TERMS.file, Origin::File(terms)));
    assert_eq!(walks.ignored, [retired]);
}

#[test]
fn absent_files_keep_their_default_and_optional_ones_are_off() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), seed::SEXES.file, "edfi_gender_code,oneroster_sex_code\nF,female\n");
    let walks = Crosswalks::load(Some(dir.path())).unwrap();
    assert_eq!(walks.sexes.answer("", "Female"), Answer::Unknown);
    assert_eq!(mapped(&walks.terms, "Semester"), Some(&"semester"));
    assert_eq!(walks.origins[0].1, Origin::Default);
    assert!(walks.subjects.is_none() && walks.relations.is_none());

    put(
        dir.path(),
        seed::SUBJECTS.file,
        "academic_subject,subject_title,subject_code\n\"Physical, Health, and Safety Education\",Physical Education,08001\nOther,,\n",
    );
    put(dir.path(), seed::RELATIONS.file, "relation,oneroster_role\n\"Father, step\",guardian\n");
    let walks = Crosswalks::load(Some(dir.path())).unwrap();
    let subjects = walks.subjects.unwrap();
    let expected = Subject { title: "Physical Education".into(), code: "08001".into() };
    assert_eq!(subjects.answer("", "physical, health, and safety education"), Answer::Mapped(&expected));
    assert_eq!(subjects.answer("", "Other"), Answer::Blank);
    assert_eq!(walks.relations.unwrap().answer("", "Father, step"), Answer::Mapped(&"guardian"));
}

#[test]
fn a_session_name_header_is_remembered() {
    let text = b"session_name,type\n2023-24 Fall,semester\nFall Semester,term\n";
    let walks = Crosswalks::replacing(&[(seed::TERMS.file, text)]).unwrap();
    assert!(walks.terms_by_session_name);
    assert_eq!(walks.terms.answer("", "2023-24 Fall"), Answer::Mapped(&"semester"));
    assert_eq!(
        walks.terms.answer("uri://ed-fi.org/TermDescriptor", "Fall Semester"),
        Answer::Mapped(&"term")
    );
}

#[test]
fn templates_are_blank_crosswalks_that_list_the_accepted_words() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/seeds");
    let walks = Crosswalks::load(Some(&folder)).unwrap();
    assert_eq!(walks.terms.entries().count(), 0);
    assert_eq!(walks.positions.entries().count(), 0);
    assert_eq!(walks.grades.entries().count(), 0);
    assert_eq!(walks.classifications.entries().count(), 0);
    assert_eq!(walks.races.entries().count(), 0);
    assert_eq!(walks.sexes.entries().count(), 0);
    assert_eq!(walks.calendar_events.entries().count(), 0);
    // Blank optional seeds count as not given.
    assert!(walks.subjects.is_none() && walks.relations.is_none());
    let default = |(_, origin): &&(&str, Origin)| *origin == Origin::Default;
    assert_eq!(walks.origins.iter().filter(default).count(), 0);

    for seed in SEEDS {
        let text = fs::read_to_string(folder.join(seed.file)).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let columns: Vec<&str> =
            [seed.keys[0]].into_iter().chain(seed.answers.iter().map(|a| a.name)).collect();
        assert_eq!(header, columns, "{}", seed.file);
        if let Some(shipped) = seed.default {
            assert_eq!(shipped.lines().next(), text.lines().next(), "{}", seed.file);
        }
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        for record in &records {
            assert_eq!(&record[0], "", "{}", seed.file);
            // The template's answers hold once somebody fills in the other side.
            let filled =
                format!("{}\nx,{}\n", header.join(","), record.iter().skip(1).collect::<Vec<_>>().join(","));
            Crosswalks::replacing(&[(seed.file, filled.as_bytes())]).unwrap();
        }
        // Whoever opens a template sees every word; staff roles are those that a member of staff can have.
        if !matches!(seed.answers[0].accepts, Accepts::Text) && seed.file != seed::CLASSIFICATIONS.file {
            let mut listed: Vec<&str> = records.iter().map(|record| &record[1]).collect();
            let accepted = seed.answers[0].accepts.listed();
            let mut accepted: Vec<&str> = accepted.split(", ").collect();
            listed.sort_unstable();
            accepted.sort_unstable();
            assert_eq!(listed, accepted, "{}", seed.file);
        }
    }
}

/// The error that one seed's text leads to.
fn refused(seed: &Seed, text: impl AsRef<[u8]>) -> (CrosswalkError, String) {
    let error = Crosswalks::replacing(&[(seed.file, text.as_ref())]).unwrap_err();
    let message = error.to_string();
    (error, message)
}

#[test]
fn an_unknown_answer_names_file_line_value_and_what_is_accepted() {
    let (error, message) =
        refused(&seed::SEXES, "edfi_gender_code,oneroster_sex_code\r\nF,female\r\n\r\nM,Male\r\n");
    assert!(
        matches!(error, CrosswalkError::UnknownWord { line: 4, ref value, .. } if value == "Male"),
        "{error:?}"
    );
    assert_eq!(
        message,
        "xwalk_oneroster_gender.csv, line 4: `Male` is not an answer for column oneroster_sex_code. Accepted are male, female, unspecified, other (spelt so), or blank for known and left unmapped"
    );
    for (seed, text) in [
        (&seed::TERMS, "academic_term,type\nFall,quarter\n"),
        (&seed::POSITIONS, "classroom_position,is_primary\nLead,maybe\n"),
        (&seed::GRADE_LEVELS, "edfi_grade_level,oneroster_grade_level\nFirst grade,1\n"),
        (&seed::CLASSIFICATIONS, "staff_classification,oneroster_role\nTeacher,?\n"),
        (
            &seed::CLASSIFICATIONS,
            "staff_classification,oneroster_role,oneroster_role_v1p2\nBoss,teacher,administrator\n",
        ),
        (&seed::RACES, "edfi_race_code,oneroster_race_code\nTwo,demographicRaceTwoOrMoreRaces\n"),
        (&seed::CALENDAR_EVENTS, "calendar_event_descriptor,is_school_day\nHoliday,2\n"),
        (&seed::RELATIONS, "relation,oneroster_role\nMother,teacher\n"),
    ] {
        let (error, message) = refused(seed, text);
        assert!(matches!(error, CrosswalkError::UnknownWord { line: 2, .. }), "{message}");
        assert!(message.starts_with(seed.file), "{message}");
    }
    // A word of 1.2 is an answer even where a 1.1 word usually stands.
    let text = "staff_classification,oneroster_role\nBoss,principal\n";
    let walks = Crosswalks::replacing(&[(seed::CLASSIFICATIONS.file, text.as_bytes())]).unwrap();
    assert_eq!(mapped(&walks.classifications, "Boss").unwrap().role, "principal");
}

#[test]
fn two_answers_for_one_value_are_refused_and_one_answer_twice_is_not() {
    let head = "namespace,edfi_race_code,oneroster_race_code\n";
    let (error, message) = refused(&seed::RACES, format!("{head},A,asian\n,W,white\n, A ,white\n"));
    assert!(matches!(error, CrosswalkError::TwoAnswers { line: 4, first_line: 2, .. }), "{error:?}");
    assert_eq!(
        message,
        "xwalk_oneroster_races.csv, line 4: `A` is answered `white`, but line 2 answers `asian`. Keep one answer for each value"
    );
    // Mapped and deliberately unmapped are two answers as well.
    assert!(matches!(
        refused(&seed::RACES, format!("{head},A,asian\n,A,\n")).0,
        CrosswalkError::TwoAnswers { .. }
    ));
    // Namespaces tell values apart, whatever their case.
    let text = format!("{head}uri://a/R,A,asian\nuri://b/R,A,white\n,A,\nURI://A/R,A,asian\n");
    let walks = Crosswalks::replacing(&[(seed::RACES.file, text.as_bytes())]).unwrap();
    assert_eq!(walks.races.answer("uri://b/R", "A"), Answer::Mapped(&Race::White));
    assert_eq!(walks.races.answer("uri://c/R", "A"), Answer::Blank);
    assert_eq!(walks.races.entries().count(), 3);
    let text = format!("{head}uri://a/R,A,asian\nURI://A/R,A,white\n");
    assert!(matches!(refused(&seed::RACES, text).0, CrosswalkError::TwoAnswers { .. }));
}

#[test]
fn half_an_answer_is_refused() {
    let text = "staff_classification,oneroster_role,oneroster_role_v1p2\nCounselor,,counselor\n";
    let (error, message) = refused(&seed::CLASSIFICATIONS, text);
    assert!(
        matches!(error, CrosswalkError::HalfAnswer { line: 2, blank: "oneroster_role", .. }),
        "{message}"
    );
    for row in ["Reading,Reading,", "Reading,,01068"] {
        let text = format!("academic_subject,subject_title,subject_code\n{row}\n");
        assert!(matches!(refused(&seed::SUBJECTS, text).0, CrosswalkError::HalfAnswer { line: 2, .. }));
    }
}

#[test]
fn a_header_that_lacks_or_repeats_a_column_is_refused() {
    let (error, message) = refused(&seed::TERMS, "term,type\nFall,semester\n");
    assert!(matches!(error, CrosswalkError::MissingColumn { line: 1, .. }), "{error:?}");
    assert_eq!(
        message,
        "xwalk_oneroster_academic_sessions_types.csv, line 1: column academic_term or session_name is missing. The header must have academic_term or session_name, type; it has `term,type`"
    );
    assert!(matches!(
        refused(&seed::TERMS, "academic_term;type\nFall;term\n").0,
        CrosswalkError::MissingColumn { .. }
    ));
    for empty in ["", "\u{feff}", "\r\n\r\n"] {
        assert!(
            matches!(refused(&seed::RELATIONS, empty).0, CrosswalkError::MissingColumn { .. }),
            "{empty:?}"
        );
    }
    let (error, _) = refused(&seed::TERMS, "academic_term,session_name,type\n");
    assert!(matches!(error, CrosswalkError::ColumnTwice { .. }), "{error:?}");
    let (error, _) = refused(&seed::TERMS, "academic_term,type,Type\n");
    assert!(matches!(error, CrosswalkError::ColumnTwice { .. }), "{error:?}");
}

#[test]
fn bytes_that_are_not_utf8_are_named_with_their_line() {
    let (error, message) = refused(&seed::RELATIONS, b"relation,oneroster_role\nM\xe8re,parent\n");
    assert_eq!(error, CrosswalkError::NotUtf8 { file: seed::RELATIONS.file.into(), line: 2, byte: 0xe8 });
    assert!(message.contains("0xE8") && message.contains("line 2"), "{message}");
    let utf16: Vec<u8> =
        "\u{feff}relation,oneroster_role\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(matches!(
        refused(&seed::RELATIONS, utf16).0,
        CrosswalkError::NotUtf8 { line: 1, byte: 0xff, .. }
    ));
}

#[test]
fn shifted_rows_and_open_quotes_are_refused() {
    let (error, message) = refused(&seed::RELATIONS, "relation,oneroster_role\nFather, step,parent\n");
    assert!(matches!(error, CrosswalkError::Ragged { line: 2, cells: 3, columns: 2, .. }), "{message}");
    let (error, message) =
        refused(&seed::RELATIONS, "relation,oneroster_role\nMother,\"parent\nFather,parent\n");
    assert!(matches!(error, CrosswalkError::LineBreak { line: 2, .. }), "{message}");
    // A message shows the beginning of a value and no control characters.
    let (_, message) =
        refused(&seed::RELATIONS, format!("relation,oneroster_role\nMother,\u{1b}{}\n", "x".repeat(5000)));
    assert!(message.len() < 400 && !message.contains('\u{1b}'), "{message}");
}

#[test]
fn folders_that_cannot_be_used_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let absent = dir.path().join("absent");
    let error = Crosswalks::load(Some(&absent)).unwrap_err();
    assert!(matches!(&error, CrosswalkError::Unreadable { path, .. } if *path == absent), "{error:?}");

    let error = Crosswalks::load(Some(dir.path())).unwrap_err();
    assert!(matches!(error, CrosswalkError::NoSeeds { .. }), "{error:?}");
    assert!(error.to_string().contains("xwalk_calendar_events.csv"), "{error}");

    let file = put(dir.path(), "a/xwalk_oneroster_races.csv", "edfi_race_code,oneroster_race_code\n");
    let error = Crosswalks::load(Some(&file)).unwrap_err();
    assert!(matches!(&error, CrosswalkError::Unreadable { reason, .. } if reason.contains("not a folder")));

    let twin = put(dir.path(), "b/xwalk_oneroster_races.csv", "edfi_race_code,oneroster_race_code\n");
    let error = Crosswalks::load(Some(dir.path())).unwrap_err();
    assert_eq!(error, CrosswalkError::FoundTwice { first: file, second: twin });
}

/// A configuration that a cluster mounts is a folder of links into a hidden folder.
#[cfg(unix)]
#[test]
fn mounted_folders_of_links_are_read_once() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "..2024/xwalk_oneroster_races.csv", "edfi_race_code,oneroster_race_code\nA,asian\n");
    std::os::unix::fs::symlink("..2024", dir.path().join("..data")).unwrap();
    let link = dir.path().join("xwalk_oneroster_races.csv");
    std::os::unix::fs::symlink("..data/xwalk_oneroster_races.csv", &link).unwrap();
    let walks = Crosswalks::load(Some(dir.path())).unwrap();
    assert_eq!(mapped(&walks.races, "A"), Some(&Race::Asian));

    // A link to nowhere is an error, not a silent default.
    std::os::unix::fs::symlink("gone", dir.path().join("xwalk_oneroster_gender.csv")).unwrap();
    assert!(matches!(Crosswalks::load(Some(dir.path())), Err(CrosswalkError::Unreadable { .. })));
}
