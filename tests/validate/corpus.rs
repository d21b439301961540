//! Valid packages give no notice; packages with one fault give exactly that one, as their files say.
//!
//! `BLESS=1 cargo test --test validate` writes the notices behind `---` anew; the diff is what a reviewer reads.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use rosterpack::check::register::RULES;
use rosterpack::check::{Judgement, Options, RuleOutcome, validate};
use rosterpack::day::Day;
use rosterpack::notice::Severity;
use rosterpack::package::read::{Archive, Limits};

use crate::patch::{self, Fault};

/// A day on which the packages of the corpus are current.
fn today() -> Option<Day> {
    Day::parse(b"2025-10-01")
}

fn judge_path(path: &Path, limits: Limits, as_of: Option<Day>) -> Judgement {
    let options = Options { as_of, deny: Some(Severity::Error), ..Options::default() };
    validate(&Archive::open(path, limits).unwrap(), &options)
}

/// The judgement on a zip.
pub fn judge(zip: &[u8], limits: Limits, as_of: Option<Day>) -> Judgement {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), zip).unwrap();
    judge_path(file.path(), limits, as_of)
}

/// The judgement on a package with a fault.
pub fn judge_fault(fault: &Fault) -> Judgement {
    let zip = fault.zip.bytes();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), &zip).unwrap();
    let options = Options {
        as_of: fault.as_of.or(today()),
        deny: Some(Severity::Error),
        consumers: fault.consumers.clone(),
        name: fault.called.clone(),
        bytes: Some(fault.weighs.unwrap_or(zip.len() as u64)),
        ..Options::default()
    };
    validate(&Archive::open(file.path(), fault.limits).unwrap(), &options)
}

/// Every package with a fault and the judgement on it, made once.
pub fn judged() -> &'static [(Fault, Judgement)] {
    static JUDGED: OnceLock<Vec<(Fault, Judgement)>> = OnceLock::new();
    JUDGED.get_or_init(|| {
        let all = patch::faults().into_iter();
        all.map(|fault| {
            let judgement = judge_fault(&fault);
            (fault, judgement)
        })
        .collect()
    })
}

/// Notices as lines that people can compare.
pub fn lines(judgement: &Judgement) -> String {
    let mut text = String::new();
    for notice in &judgement.notices {
        let severity = format!("{:?}", notice.severity).to_lowercase();
        let place = [&notice.file, &notice.column].map(|p| if p.is_empty() { "-" } else { p }).join(" ");
        let whose =
            notice.demand.as_ref().map(|demand| format!(" ({})", demand.consumer)).unwrap_or_default();
        let _ = writeln!(text, "{severity} {} {place} {}x{whose}", notice.code, notice.count);
        for cause in &notice.causes {
            let samples = cause.samples.iter().map(|s| {
                let position = if s.position > 0 { format!(":{}", s.position) } else { String::new() };
                let id = if s.sourced_id.is_empty() { String::new() } else { format!(" {}", s.sourced_id) };
                format!("line {}{position}{id}", s.line)
            });
            let samples: Vec<String> = samples.collect();
            let _ = writeln!(text, "  {}x [{}] {}", cause.count, cause.cause, samples.join("; "));
        }
    }
    let mut skipped: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for skip in &judgement.skipped {
        let reason = format!("skipped {}: {} ({})", skip.file, skip.reason, skip.count);
        skipped.entry(reason).or_default().push(skip.code);
    }
    for (reason, codes) in skipped {
        let _ = match codes.len() {
            ..8 => writeln!(text, "{reason}: {}", codes.join(", ")),
            many => writeln!(text, "{reason}: {many} rules"),
        };
    }
    text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[test]
fn valid_packages_give_no_notice_as_folder_and_as_zip() {
    for name in patch::valid_names() {
        let folder = judge_path(&patch::folder("valid").join(&name), Limits::default(), today());
        assert_eq!(folder.notices, [], "{name}");
        assert!(!folder.refused);
        let mut zip = crate::zipper::Zip::of(&patch::valid(&name));
        assert_eq!(judge(&zip.bytes(), Limits::default(), today()), folder, "{name} as zip");
        // Order in the zip is free, and so are compression and data descriptors.
        zip.entries.reverse();
        for entry in &mut zip.entries {
            (entry.deflate, entry.descriptor) = (true, true);
        }
        assert_eq!(judge(&zip.bytes(), Limits::default(), today()), folder, "{name} backwards");
        if name.ends_with("bulk") {
            assert_eq!(folder.skipped, [], "{name}");
        }
    }
}

#[test]
fn line_ends_quotes_and_the_last_line_break_are_free() {
    let all_quoted = |bytes: &[u8]| {
        let rows = patch::parse(bytes);
        let row = |row: &Vec<Vec<u8>>| {
            let cells = row.iter().map(|cell| {
                let text = String::from_utf8(cell.clone()).unwrap();
                format!("\"{}\"", text.replace('"', "\"\""))
            });
            cells.collect::<Vec<_>>().join(",") + "\r\n"
        };
        rows.iter().map(row).collect::<String>().into_bytes()
    };
    for name in ["v1p1-bulk", "v1p2-bulk"] {
        for form in 0..3 {
            let mut files = patch::valid(name);
            for bytes in files.values_mut() {
                match form {
                    0 => {
                        *bytes = String::from_utf8(bytes.clone()).unwrap().replace('\n', "\r\n").into_bytes()
                    }
                    1 => *bytes = all_quoted(bytes),
                    _ => assert_eq!(bytes.pop(), Some(b'\n')),
                }
            }
            let judgement = judge(&crate::zipper::Zip::of(&files).bytes(), Limits::default(), today());
            assert_eq!(judgement.notices, [], "{name} {form}");
        }
    }
}

#[test]
fn every_fault_gives_exactly_what_its_file_says() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for (fault, judgement) in judged() {
        let found = lines(judgement);
        if bless {
            let text = fs::read_to_string(&fault.path).unwrap();
            let head = text.split_once("---\n").map_or(text.as_str(), |(head, _)| head);
            fs::write(&fault.path, format!("{}\n---\n{found}", head.trim_end())).unwrap();
        } else if found != fault.expected {
            wrong.push(format!("{}\nexpected\n{}\nfound\n{found}", fault.name, fault.expected));
        }
        let codes: BTreeSet<&str> = judgement.notices.iter().map(|notice| notice.code).collect();
        let mut wanted: BTreeSet<&str> = fault.also.iter().map(String::as_str).collect();
        wanted.insert(fault.code());
        if codes != wanted {
            wrong.push(format!("{}: gives {codes:?} and not {wanted:?} alone", fault.name));
        }
        let by_rule = |rule: &&rosterpack::check::RuleState| rule.code == fault.code();
        let state = judgement.rules.iter().find(by_rule);
        assert!(state.is_some_and(|state| state.outcome == RuleOutcome::Found), "{}: {state:?}", fault.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_fault_and_every_fault_a_rule() {
    let rules: BTreeSet<&str> = RULES.iter().map(|rule| rule.code.code).collect();
    let shown: BTreeSet<&str> = judged().iter().map(|(fault, _)| fault.code()).collect();
    assert_eq!(rules.difference(&shown).collect::<Vec<_>>(), Vec::<&&str>::new(), "rules without a fault");
    assert_eq!(shown.difference(&rules).collect::<Vec<_>>(), Vec::<&&str>::new(), "faults of no rule");
    assert!(RULES.is_sorted_by_key(|rule| rule.code.code));
    assert_eq!(rules.len(), RULES.len());
}

/// What was skipped is not passed, and what passed looked.
#[test]
fn a_rule_that_could_not_look_never_passes() {
    for (fault, judgement) in judged() {
        for skip in &judgement.skipped {
            let state = judgement.rules.iter().find(|rule| rule.code == skip.code).unwrap();
            let honest = matches!(state.outcome, RuleOutcome::Skipped | RuleOutcome::Found);
            assert!(honest, "{}: {} is {:?}", fault.name, skip.code, state.outcome);
        }
        for file in judgement.files.iter().filter(|file| file.unread.is_some()) {
            let told = judgement.skipped.iter().any(|skip| skip.file == file.file);
            assert!(told, "{}: {} was not read, and no rule says so", fault.name, file.file);
        }
    }
}
