//! The pages of the catalogue equal the declarations and the corpus, and every declaration is registered.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rosterpack::check::catalogue::{self, Example};
use rosterpack::check::register::RULES;
use rosterpack::pipeline;
use rosterpack::spec::File;

use crate::corpus;
use crate::patch::Fault;

/// Lines shown of a file at most.
const LINES: usize = 8;

fn same(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(found == text, "{path} is out of date: BLESS=1 cargo test --test validate");
}

/// Text of a file as a page shows it: bytes that are no text by their number.
fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let escape = |c: char| match c {
        '\t' => "\\t".to_owned(),
        c if c.is_control() || !(' '..='~').contains(&c) && rosterpack::check::header::is_invisible(c) => {
            c.escape_default().to_string()
        }
        c => c.to_string(),
    };
    let text: String = text.chars().take(240).map(escape).collect();
    if line.len() > 240 { text + "…" } else { text }
}

/// The header and the lines that differ, good and bad.
fn difference(before: Option<&Vec<u8>>, after: Option<&Vec<u8>>, name: &str) -> (String, String) {
    let lines = |bytes: Option<&Vec<u8>>| -> Option<Vec<Vec<u8>>> {
        let mut lines: Vec<Vec<u8>> = bytes?.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
        if lines.last().is_some_and(Vec::is_empty) {
            lines.pop();
        }
        Some(lines)
    };
    let (good, bad) = (lines(before), lines(after));
    let side = |own: &Option<Vec<Vec<u8>>>, other: &Option<Vec<Vec<u8>>>| match own {
        None => format!("(no {name})"),
        Some(own) => {
            let other = other.clone().unwrap_or_default();
            let mut text = vec![format!("{name}:")];
            // Of a line that stands twice, the second differs from a file in which it stands once.
            let times = |lines: &[Vec<u8>], line| lines.iter().filter(|other| *other == line).count();
            let differs = |n: usize| n == 0 || times(&own[..=n], &own[n]) > times(&other, &own[n]);
            let picked: Vec<usize> = (0..own.len().min(500)).filter(|n| differs(*n)).collect();
            text.extend(picked.iter().take(LINES).map(|n| shown(&own[*n])));
            if picked.len() > LINES {
                text.push(format!("... {} more lines", picked.len() - LINES));
            }
            text.join("\n")
        }
    };
    (side(&good, &bad), side(&bad, &good))
}

fn example(fault: &Fault) -> Example {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    let after = fault.after();
    let names: BTreeSet<&String> = fault.before.keys().chain(after.keys()).collect();
    for name in names {
        let (a, b) = (fault.before.get(name), after.get(name));
        if a != b {
            let (a, b) = difference(a, b, &shown(name.as_bytes()));
            good.push(a);
            bad.push(b);
        }
    }
    // What cannot be seen in the bytes of a file is told by the operation.
    let kinds = ["zip ", "limit ", "as-of ", "consumer ", "called ", "weighs ", "crlf "];
    for operation in fault.operations.iter().filter(|op| kinds.iter().any(|kind| op.starts_with(kind))) {
        // A demand is one in both cases; what breaks it differs.
        let asked = operation.starts_with("consumer ");
        bad.push(format!("({operation})"));
        good.push(if asked { format!("({operation})") } else { format!("(without `{operation}`)") });
    }
    Example { title: fault.title.clone(), good: good.join("\n\n"), bad: bad.join("\n\n") }
}

#[test]
fn pages() {
    let faults: Vec<&Fault> = corpus::judged().iter().map(|(fault, _)| fault).collect();
    let mut names: BTreeSet<String> = BTreeSet::from(["README.md".to_owned()]);
    same("docs/reference/rules/README.md", &catalogue::index());
    for rule in RULES {
        let code = rule.code.code;
        let of_rule: Vec<Example> =
            faults.iter().filter(|fault| fault.code() == code).map(|fault| example(fault)).collect();
        assert!(!of_rule.is_empty(), "{code} has no example in tests/packages/faults");
        for Example { title, good, bad } in &of_rule {
            assert!(!good.is_empty() && !bad.is_empty() && good != bad, "{code}: {title}");
        }
        names.insert(format!("{code}.md"));
        same(&format!("docs/reference/rules/{code}.md"), &catalogue::page(rule, &of_rule));
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/rules");
    for item in fs::read_dir(folder).unwrap() {
        let name = item.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name), "docs/reference/rules/{name} is of no rule");
    }
}

#[test]
fn every_declaration_is_registered() {
    let registered: BTreeSet<&str> = RULES.iter().map(|rule| rule.code.code).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/check/rules");
    let mut found = BTreeSet::new();
    for item in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(item.unwrap().path()).unwrap();
        for declaration in text.split(": Rule = Rule {").skip(1) {
            let code =
                declaration.split_once("code: \"").and_then(|(_, rest)| rest.split_once('"')).unwrap().0;
            found.insert(code.to_owned());
        }
    }
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(found, registered);
}

#[test]
fn declarations_are_sentences_for_people() {
    for rule in RULES {
        let code = &rule.code;
        assert!(code.code.split('-').all(|part| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        }));
        for text in [code.summary, code.remedy, rule.why] {
            assert!(text.ends_with('.') && text.len() > 10, "{}: `{text}`", code.code);
            let mut start = text.chars();
            assert!(
                start.next().is_some_and(|c| c.is_uppercase() || code.summary == text),
                "{}: `{text}`",
                code.code
            );
        }
        assert!(!rule.section.is_empty() && !rule.section.ends_with('.'), "{}", code.code);
        assert!(code.file.is_empty() || File::from_name(code.file).is_some(), "{}", code.code);
    }
}

/// A code that the exporter raises too names the same defect: it counts as much and is of the same authority.
#[test]
fn codes_shared_with_the_exporter_agree() {
    let mut shared = 0;
    for own in RULES {
        if let Some(other) = pipeline::codes().into_iter().find(|other| other.code == own.code.code) {
            assert_eq!(own.code.severity, other.severity, "{}", other.code);
            assert_eq!(own.code.authority, other.authority, "{}", other.code);
            shared += 1;
        }
    }
    assert!(shared >= 7, "{shared} shared codes");
}
