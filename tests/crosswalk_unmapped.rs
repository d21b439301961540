//! Every value that a crosswalk is asked for and does not know is counted, whatever column it was for.

// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::borrow::Cow;
use std::io::Read as _;
use std::path::Path;

use rosterpack::config::plan::{Edition, Form, Judging, Mapping, Plan, Scope};
use rosterpack::crosswalk::Crosswalks;
use rosterpack::day::Day;
use rosterpack::pipeline::{self, Unmapped};
use rosterpack::progress::Silent;
use rosterpack::source::dump::DumpSource;

/// The tables of the sample district, as `change` leaves them: a changed text, or none for a table that is away.
fn sample(change: impl Fn(&str, String) -> Option<String>) -> DumpSource {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_ods");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(table) = name.strip_suffix(".csv.gz") else { continue };
        let mut text = String::new();
        let file = std::fs::File::open(&path).unwrap();
        flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
        if let Some(text) = change(table, text) {
            files.push((format!("{table}.csv"), Cow::Owned(text.into_bytes())));
        }
    }
    DumpSource::embedded("a test", files).unwrap()
}

fn unmapped(source: &DumpSource, seed: (&str, &str)) -> Vec<Unmapped> {
    let plan = Plan {
        tenant: "t".into(),
        id_prefix: "t".into(),
        school_year: 2025,
        as_of: Day::parse(b"2024-10-01").unwrap(),
        editions: vec![Edition::ALL[0].1],
        data_standard: None,
        mapping: Mapping { demographics: true, ..Mapping::default() },
        scope: Scope::default(),
        compression: 3,
        system_name: String::new(),
        system_code: String::new(),
        judging: Judging::default(),
        form: Form::default(),
    };
    let crosswalks = Crosswalks::replacing(&[(seed.0, seed.1.as_bytes())]).unwrap();
    let outcome = pipeline::export(source, &crosswalks, &plan, None, &Silent).unwrap();
    assert_eq!(outcome.refused, None);
    outcome.unmapped.into_iter().filter(|value| value.seed == seed.0).collect()
}

#[test]
fn subjects_without_an_answer_are_counted() {
    let source = sample(|_, text| Some(text));
    let seed = "xwalk_oneroster_subjects.csv";
    let found =
        unmapped(&source, (seed, "academic_subject,subject_title,subject_code\nNo such subject,A,1\n"));
    let all: u64 = found.iter().map(|value| value.count).sum();
    assert!(found.len() > 3 && all >= found.len() as u64, "{found:?}");

    // What has an answer, and what is blank on purpose, is no longer listed.
    let (mapped, blank) = (&found[0].value, &found[1].value);
    let csv = format!("academic_subject,subject_title,subject_code\n\"{mapped}\",A,1\n\"{blank}\",,\n");
    assert_eq!(unmapped(&source, (seed, &csv)), found[2..]);
}

#[test]
fn the_sex_at_birth_is_counted_where_it_stands_in() {
    let seed = ("xwalk_oneroster_gender.csv", "edfi_gender_code,oneroster_sex_code\nNo such sex,male\n");
    // Every student gets the first descriptor of the sexes as the sex at birth.
    let id = sex_descriptor();
    let with_birth_sex = |text: String| {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().unwrap().clone();
        let at = header.iter().position(|column| column == "birthsexdescriptorid").unwrap();
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&header).unwrap();
        for record in reader.records() {
            let record = record.unwrap();
            let cells = record.iter().enumerate().map(|(n, cell)| if n == at { id.as_str() } else { cell });
            writer.write_record(cells).unwrap();
        }
        String::from_utf8(writer.into_inner().unwrap()).unwrap()
    };
    let stated = "studenteducationorganizationassociation";
    let source = |keep_stated: bool| {
        sample(|table, text| match table {
            "student" => Some(with_birth_sex(text)),
            table if table == stated && !keep_stated => None,
            _ => Some(text),
        })
    };
    let stands_in: u64 = unmapped(&source(false), seed).iter().map(|value| value.count).sum();
    assert!(stands_in > 10, "{stands_in}");
    let with: Vec<Unmapped> = unmapped(&source(true), seed);
    let without: Vec<Unmapped> = unmapped(&sample(|_, text| Some(text)), seed);
    let more = |list: &[Unmapped]| list.iter().map(|value| value.count).sum::<u64>();
    assert!(more(&with) - more(&without) < stands_in, "asked for although an organization states a sex");
}

/// The id of a sex descriptor of the sample, as text.
fn sex_descriptor() -> String {
    let found = std::cell::RefCell::new(String::new());
    sample(|table, text| {
        if table == "descriptor" {
            let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
            let at = header.iter().position(|column| *column == "descriptorid").unwrap();
            let line = text.lines().find(|line| line.contains("/SexDescriptor")).unwrap();
            *found.borrow_mut() = line.split(',').nth(at).unwrap().to_owned();
        }
        Some(text)
    });
    found.into_inner()
}
