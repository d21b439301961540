//! Exports for consumers: each profile exports the trap district into a package that satisfies its own demands, and every
//! setting that a profile turns on has the effect that mapping.md says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rosterpack::config::settings::{self, Draft};
use rosterpack::consumer;
use rosterpack::synth::Shape;
use serde_json::Value;

use crate::exporting::{Exported, USUAL, binary, export, told, trap_district};
use crate::extract;
use crate::options::{district as traps, plain, with};
use crate::package_check::check;
use crate::package_reader::Package;

/// Exports the trap district for a consumer, with some more arguments, into a folder; the package.
fn exported(consumer: &str, folder: &Path, more: &[&str]) -> PathBuf {
    let source = trap_district(Shape::S52).to_str().unwrap();
    let out = format!("{}/", folder.to_str().unwrap());
    let mut arguments = vec!["export", "--source", source, "--tenant", "demo_isd", "--school-year", "2025"];
    arguments.extend(["--as-of", "2024-10-01", "--consumer", consumer, "--validate", "full", "--out", &out]);
    arguments.extend(more);
    let output = binary(folder, &arguments);
    assert_eq!(output.status.code(), Some(0), "{consumer}: {}", told(&output));
    let path = String::from_utf8(output.stdout).unwrap();
    folder.join(path.trim_end())
}

fn judged(package: &Path, consumer: &str) -> Value {
    let arguments = ["validate", "--as-of", "2024-10-01", "--consumer", consumer, "--format", "json"];
    let arguments = [&arguments[..], &[package.to_str().unwrap()]].concat();
    let output = binary(package.parent().unwrap(), &arguments);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", told(&output)));
    json["packages"][0].clone()
}

#[test]
fn every_consumer_gets_a_package_that_satisfies_its_demands() {
    for consumer in consumer::all() {
        let id = consumer.id;
        let folder = tempfile::tempdir().unwrap();
        let package = exported(id, folder.path(), &[]);
        let judgement = judged(&package, id);
        assert_eq!(judgement["consumers"], serde_json::json!([id]));
        let notices = judgement["notices"].as_array().unwrap().iter();
        let broken: Vec<String> = notices
            .filter(|notice| notice["severity"] == "error" || notice.get("demand").is_some())
            // What is said as advice may be left open: whoever has no address has none.
            .filter(|notice| notice["severity"] != "info")
            .map(ToString::to_string)
            .collect();
        assert_eq!(broken, Vec::<String>::new(), "{id}");
        let states = judgement["rules"].as_array().unwrap().iter();
        let demanded = states.filter(|state| state["code"].as_str().unwrap().starts_with("consumer-"));
        for state in demanded {
            let looked = ["passed", "found"].contains(&state["outcome"].as_str().unwrap());
            assert!(looked, "{id}: {state}: a demand that nobody looked at is not satisfied");
        }
        let package = Package::from_zip(&fs::read(&package).unwrap());
        // The checker knows the usual form and the codes of CEDS; whoever asks for others is judged by their demands.
        let other = |name: &str| ["line_end", "quotes", "grade_codes"].contains(&name);
        if !consumer.settings().any(|(name, ..)| other(name)) {
            assert_eq!(check(&package), Vec::<String>::new(), "{id}");
        }
        assert!(package.table("users").iter().count() > 40, "{id}");
    }
}

/// A header without rows is a warning, but not for those who ask for it.
#[test]
fn what_a_consumer_asks_for_is_no_warning() {
    let folder = tempfile::tempdir().unwrap();
    let package = exported("renaissance", folder.path(), &[]);
    let warned = |arguments: &[&str]| {
        let arguments = [&["validate"], arguments, &[package.to_str().unwrap()]].concat();
        String::from_utf8(binary(folder.path(), &arguments).stdout).unwrap().contains("header-only")
    };
    assert!(warned(&[]));
    assert!(!warned(&["--consumer", "renaissance"]));
    assert!(!warned(&["--consumer", "hmh,renaissance"]), "demographics are the only file without rows");
    assert!(warned(&["--consumer", "renaissance,lab-aids"]), "one of two does not ask for it");
}

/// The profile of a consumer is what an export without it lacks: without its settings most demands are broken.
#[test]
fn without_its_settings_a_package_breaks_demands() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("plain.zip"), &plain().zip).unwrap();
    for (consumer, codes) in [
        ("st-math", &["consumer-cell-blank", "consumer-package-name", "consumer-word-not-taken"][..]),
        ("renaissance", &["consumer-file-missing"]),
        ("hmh", &["consumer-cell-unquoted", "consumer-column-missing", "consumer-file-missing"]),
        ("apple-school-manager", &["consumer-line-end", "consumer-word-not-taken"]),
        ("microsoft-sds", &["consumer-version"]),
        (
            "naviance",
            &[
                "consumer-column-missing",
                "consumer-file-unwanted",
                "consumer-package-name",
                "consumer-word-not-taken",
            ],
        ),
    ] {
        let judgement = judged(&folder.path().join("plain.zip"), consumer);
        let notices = judgement["notices"].as_array().unwrap().iter();
        let notices = notices.filter(|n| n.get("demand").is_some() && n["severity"] != "info");
        let found: BTreeSet<&str> = notices.map(|n| n["code"].as_str().unwrap()).collect();
        assert_eq!(found, codes.iter().copied().collect(), "{consumer}");
    }
}

/// The words of an export of the trap district but for its place.
fn usual(source: &str) -> [&str; 9] {
    ["export", "--source", source, "--tenant", "demo_isd", "--school-year", "2025", "--as-of", "2024-10-01"]
}

#[test]
fn an_export_for_a_consumer_is_refused_by_its_demands() {
    let folder = tempfile::tempdir().unwrap();
    let source = trap_district(Shape::S52).to_str().unwrap();
    let out = folder.path().join("mine.zip");
    let arguments = usual(source);
    let rest = ["--consumer", "lab-aids", "--out", out.to_str().unwrap()];
    let full = binary(folder.path(), &[&arguments[..], &rest, &["--validate", "full"]].concat());
    assert_eq!(full.status.code(), Some(1));
    let reason = "the validation says consumer-package-name: the package: it is called mine.zip, not OneRosterv1p1BaseCSV.zip";
    assert!(told(&full).contains(reason), "{}", told(&full));
    assert!(!out.exists());
    // Lean judging asks nobody's demands.
    assert_eq!(binary(folder.path(), &[&arguments[..], &rest].concat()).status.code(), Some(0));
}

#[test]
fn settings_of_consumers_are_settings() {
    // What of a student or parent leaves the building is nobody's to decide but the district's.
    let private = settings::SETTINGS.iter().filter(|s| s.private() && s.name != "position_title");
    let private: BTreeSet<&str> = private.map(|setting| setting.name).collect();
    assert!(private.contains("demographics") && private.len() >= 7);
    for consumer in consumer::all() {
        for (name, value, _) in consumer.settings() {
            let setting = settings::find(name).filter(|setting| setting.name == name);
            let setting = setting.unwrap_or_else(|| panic!("{}: there is no setting {name}", consumer.id));
            (setting.put)(&mut Draft::default(), value)
                .unwrap_or_else(|why| panic!("{}: {name}: {why}", consumer.id));
            assert!(!private.contains(name), "{}: {name} is private", consumer.id);
            let of_run = ["source", "output"].contains(&setting.section)
                || ["consumer", "tenant", "connection"].contains(&name);
            assert!(!of_run, "{}: {name} is nothing that a consumer knows", consumer.id);
        }
    }
    let accepts = settings::find("consumer").unwrap().accepts;
    let named: Vec<&str> = accepts.split('`').skip(1).step_by(2).collect();
    assert_eq!(named, consumer::all().iter().map(|consumer| consumer.id).collect::<Vec<_>>());
}

/// An export for somebody in particular keeps what is private to itself, as one with a profile does.
#[test]
fn a_consumer_makes_an_export_private() {
    let folder = tempfile::tempdir().unwrap();
    let package = exported("classlink", folder.path(), &[]);
    let users = Package::from_zip(&fs::read(package).unwrap()).table("users");
    assert!(users.iter().all(|row| row.get("middleName").is_empty()));
    assert!(!users.header.iter().any(|name| name.starts_with("metadata.")));
    let asked =
        exported("classlink", folder.path(), &["--set", "middle_names=true", "--set", "natural_key=true"]);
    let users = Package::from_zip(&fs::read(asked).unwrap()).table("users");
    assert!(users.iter().any(|row| !row.get("middleName").is_empty()));
    assert!(users.header.iter().any(|name| name == "metadata.edu.natural_key"));
}

fn text(exported: &Exported, file: &str) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&exported.zip)).unwrap();
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut archive.by_name(file).unwrap(), &mut text).unwrap();
    text
}

#[test]
fn line_ends_and_quotes_change_the_text_and_not_what_it_says() {
    let changed = export(traps(), &[USUAL, &[("line_end", "lf"), ("quotes", "all")]]);
    for file in ["manifest", "academicSessions", "classes", "courses", "enrollments", "orgs", "users"] {
        let cells = |exported: &Exported| -> Vec<Vec<String>> {
            exported.table(file).iter().map(|row| row.cells.to_vec()).collect()
        };
        assert_eq!(changed.table(file).header, plain().table(file).header);
        assert_eq!(cells(&changed), cells(plain()), "{file}");
    }
    for file in ["manifest.csv", "users.csv", "enrollments.csv", "orgs.csv"] {
        let (before, after) = (text(plain(), file), text(&changed, file));
        let breaks = |text: &[u8], end: &[u8]| text.windows(end.len()).filter(|w| *w == end).count();
        assert_eq!(breaks(&after, b"\r"), 0, "{file}");
        assert_eq!(breaks(&after, b"\n"), breaks(&before, b"\r\n"), "{file}");
        // Every filled cell in quotes, no blank one.
        let lines = std::str::from_utf8(&after).unwrap().lines();
        assert!(lines.clone().all(|line| line.starts_with('"') && !line.contains("\"\",\"\"")), "{file}");
        let bare = lines.flat_map(|line| line.split("\",\"")).any(|part| part.split(",,").count() > 40);
        assert!(!bare, "{file}");
    }
}

#[test]
fn grades_in_the_codes_of_the_reader() {
    let codes = ("grade_codes", "09=9,10=ten,11=ten,12=12");
    let changed = export(traps(), &[USUAL, &[codes]]);
    let written = |word: &str| match word {
        "09" => "9".to_owned(),
        "10" | "11" => "ten".to_owned(),
        other => other.to_owned(),
    };
    for file in ["users", "classes", "courses"] {
        let (before, after) = (plain().table(file), changed.table(file));
        let mut several = 0;
        for (a, b) in before.iter().zip(after.iter()) {
            let mut expected: Vec<String> = Vec::new();
            for word in a.get("grades").split(',').map(written) {
                if !expected.contains(&word) {
                    expected.push(word);
                }
            }
            several += usize::from(a.get("grades").contains(','));
            assert_eq!(
                b.get("grades"),
                expected.join(","),
                "{file}: two codes that are written alike are one"
            );
        }
        assert!(file != "courses" || several > 0, "a course of several grades is among them");
    }
    // Filters go by the codes of OneRoster, whatever is written.
    let ninth = export(traps(), &[USUAL, &[codes, ("grades", "09")]]);
    let grades: BTreeSet<String> =
        ninth.table("users").find("role", "student").iter().map(|row| row.get("grades").to_owned()).collect();
    assert_eq!(grades, BTreeSet::from(["9".to_owned()]));
}

#[test]
fn a_class_of_several_grades_has_one_when_that_is_asked() {
    let folder = extract::copy(traps());
    let levels: Vec<String> = ["Twelfth grade", "Kindergarten", "First grade"]
        .map(|level| extract::descriptor(folder.path(), "GradeLevel", level))
        .into();
    extract::alter(folder.path(), "sectionofferedgradelevel", |table| {
        let first = table.rows[0].clone();
        let column = table.column("gradeleveldescriptorid").unwrap();
        table.rows.extend(levels.iter().map(|level| {
            let mut row = first.clone();
            row[column].clone_from(level);
            row
        }));
    });
    let grades = |settings: &[(&str, &str)]| -> BTreeMap<String, String> {
        let classes = export(folder.path(), &[USUAL, settings]).table("classes");
        classes.iter().map(|row| (row.get("sourcedId").to_owned(), row.get("grades").to_owned())).collect()
    };
    let list = grades(&[]);
    let (several, words) = list.iter().find(|(_, grades)| grades.contains("KG")).unwrap();
    assert!(words.contains("01") && words.contains("12"), "{words}");
    // Kindergarten stands before the first grade, though not in the order of the alphabet.
    for (which, expected) in [("lowest", "KG"), ("highest", "12")] {
        let one = grades(&[("class_grades", which)]);
        assert_eq!(one[several], expected);
        let others = |all: &BTreeMap<String, String>| {
            all.iter()
                .filter(|(id, _)| *id != several)
                .map(|(id, g)| (id.clone(), g.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(others(&one), others(&list), "a class of one grade keeps it");
    }
}

#[test]
fn courses_by_title() {
    let titles = |settings: &[(&str, &str)]| -> BTreeSet<String> {
        with(settings).table("courses").iter().map(|row| row.get("title").to_owned()).collect()
    };
    let all = titles(&[]);
    let algebra: BTreeSet<String> =
        all.iter().filter(|title| title.starts_with("Algebra")).cloned().collect();
    assert!(!algebra.is_empty() && algebra.len() < all.len());
    assert_eq!(titles(&[("course_titles", "algebra*")]), algebra);
    let others = titles(&[("exclude_course_titles", "algebra*,*lunch*")]);
    assert_eq!(others, all.difference(&algebra).cloned().collect());
    let told = with(&[("exclude_course_titles", "*lunch*")]);
    assert_eq!(told.count_of("filter-unmatched", "exclude_course_titles `*lunch*`"), 1);
    // A consumer's profile was written without knowing the district: it is not told.
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    exported("hmh", folder.path(), &["--report", report.to_str().unwrap()]);
    let report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    let notices = report["notices"].as_array().unwrap();
    assert!(notices.iter().all(|notice| notice["code"] != "filter-unmatched"), "{notices:?}");
    let choice =
        report["choices"].as_array().unwrap().iter().find(|c| c["setting"] == "scope.exclude_course_titles");
    assert_eq!(choice.unwrap()["origin"], "consumer");
}

#[test]
fn the_state_agency_is_left_out_with_what_hangs_on_it_alone() {
    let without = with(&[("state_agency", "false")]);
    let (before, after) = (plain().table("orgs"), without.table("orgs"));
    assert_eq!((before.find("type", "state").len(), after.find("type", "state").len()), (1, 0));
    assert_eq!(after.iter().count() + 1, before.iter().count());
    assert!(after.find("type", "district").iter().all(|row| row.get("parentSourcedId").is_empty()));
    assert_eq!(without.count("org-parent-missing"), plain().count("org-parent-missing"));
    assert!(without.left_out("orgs") > 0);
}

#[test]
fn titles_of_staff_stand_in_a_column_of_the_name_that_is_asked() {
    let titled = with(&[("position_title", "positionTitle")]);
    let users = titled.table("users");
    for row in users.iter() {
        let staff = ["teacher", "administrator", "aide", "proctor"].contains(&row.get("role"));
        assert_eq!(!row.get("metadata.positionTitle").is_empty(), staff, "{:?}", row.cells);
        assert_eq!(row.get("metadata.positionTitle"), row.get("metadata.edu.staff_classification"));
    }
}

#[test]
fn dates_of_enrollments_are_completed_by_their_session() {
    let (recorded, complete) = (plain().table("enrollments"), with(&[("enrollment_dates", "complete")]));
    let (classes, sessions) = (complete.table("classes"), complete.table("academicSessions"));
    let mut completed = 0;
    for (a, b) in recorded.iter().zip(complete.table("enrollments").iter()) {
        assert_eq!(a.get("sourcedId"), b.get("sourcedId"), "ids stay");
        let term = classes.one("sourcedId", b.get("classSourcedId")).get("termSourcedIds").to_owned();
        let session = sessions.one("sourcedId", &term);
        for (column, of_session) in [("beginDate", "startDate"), ("endDate", "endDate")] {
            match a.get(column) {
                "" => {
                    completed += 1;
                    assert_eq!(b.get(column), session.get(of_session));
                }
                date => assert_eq!(b.get(column), date),
            }
        }
    }
    assert!(completed > 0);
}

#[test]
fn a_package_is_called_as_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let package = exported("st-math", folder.path(), &[]);
    assert_eq!(package.file_name().unwrap(), "OneRoster.zip");
    let both = [
        "--oneroster",
        "1.1,1.2",
        "--set",
        "package_name={version}-{tenant}-{year}.zip",
        "--validate",
        "lean",
    ];
    let source = traps().to_str().unwrap();
    let usual = [&usual(source)[..], &["--out", "./"]].concat();
    let output = binary(folder.path(), &[&usual[..], &both].concat());
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    for name in ["v1p1-demo_isd-2025.zip", "v1p2-demo_isd-2025.zip"] {
        assert!(folder.path().join(name).exists(), "{name}");
    }
    // So is one name for the packages of two tenants.
    let file = "[defaults]\nplace = \"nowhere\"\nschool_year = 2025\nconsumer = \"lab-aids\"\n[tenants.a]\n[tenants.b]\n";
    fs::write(folder.path().join("tenants.toml"), file).unwrap();
    let output =
        binary(folder.path(), &["export", "--config", "tenants.toml", "--tenant", "all", "--out", "./"]);
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(told(&output).contains("the packages of a and b would be the same"), "{}", told(&output));
    // One name for two packages is found before anything is read.
    let one = ["--oneroster", "1.1,1.2", "--set", "package_name=one.zip"];
    let output = binary(folder.path(), &[&usual[..], &one].concat());
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(
        told(&output).contains("package_name") && !folder.path().join("one.zip").exists(),
        "{}",
        told(&output)
    );
}
