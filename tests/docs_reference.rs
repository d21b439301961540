//! The reference pages on notices and files equal what the code says. `BLESS=1 cargo test --test docs_reference`
//! writes them anew; the diff is what a reviewer reads.

// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use rosterpack::notice::{Authority, Code, Severity};
use rosterpack::pipeline;
use rosterpack::spec::{Column, File, FileSpec, Kind, Need, Rule, Version};

fn same(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    let first = text.lines().zip(found.lines().chain(std::iter::repeat(""))).find(|(new, old)| new != old);
    assert!(
        found == text,
        "{path} is out of date: BLESS=1 cargo test --test docs_reference\nfirst difference: {first:?}"
    );
}

/// Text as a table's cell shows it.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

fn authority(code: &Code) -> &'static str {
    match code.authority {
        Authority::Specification => "specification",
        Authority::Consumer => "consumer",
        Authority::Policy => "policy",
    }
}

fn notices_page() -> String {
    let mut page = String::from(
        "# Notices\n\n\
         Generated from the declarations in `src`; `BLESS=1 cargo test --test docs_reference` refreshes this page.\n\n\
         A notice says what is wrong with, or worth knowing about, the data of a run. The report counts every \
         occurrence\nexactly, by cause, with a few samples (ids, never names) and the rows that are left out because of \
         it. Codes are a\npublic promise: they may be matched by scripts.\n\n\
         *Authority* says whose rule a notice stands for: the OneRoster *specification*, *consumer*s of packages, or a \
         *policy* of\nthis project or of the configuration. *File* is the OneRoster file that the notice is about; rows of \
         other files may\nbe left out because of it.\n",
    );
    let groups = [
        (
            Severity::Error,
            "Errors",
            "The package would break the specification or be wrong: it is refused, exit code 1.",
        ),
        (Severity::Warning, "Warnings", "Hurts a consumer, or loses rows that somebody expects."),
        (Severity::Info, "Information", "Worth knowing; nothing to do in most cases."),
    ];
    for (severity, title, meaning) in groups {
        let _ = write!(page, "\n## {title}\n\n{meaning}\n\n");
        page.push_str("| code | authority | file | what happened | what to do |\n|---|---|---|---|---|\n");
        for code in pipeline::codes().into_iter().filter(|code| code.severity == severity) {
            let file = if code.file.is_empty() { String::new() } else { format!("`{}`", code.file) };
            let _ = writeln!(
                page,
                "| <a id=\"{0}\"></a>`{0}` | {1} | {2} | {3} | {4} |",
                code.code,
                authority(code),
                file,
                cell(code.summary),
                cell(code.remedy),
            );
        }
    }
    page
}

#[test]
fn notices() {
    same("docs/reference/notices.md", &notices_page());
}

fn kind(column: &Column) -> String {
    match column.kind {
        Kind::Id => "id".to_owned(),
        Kind::Ref(_) => "reference".to_owned(),
        Kind::RefList(_) => "list of references".to_owned(),
        Kind::Text => "text".to_owned(),
        Kind::TextList => "list of texts".to_owned(),
        Kind::Enum(words) => format!("word of {}", words.name),
        Kind::EnumList(words) => format!("list of words of {}", words.name),
        Kind::Date => "date".to_owned(),
        Kind::DateTime => "date and time".to_owned(),
        Kind::Year => "year".to_owned(),
        Kind::Integer => "whole number".to_owned(),
        Kind::Float => "number".to_owned(),
    }
}

/// Where a column refers to, and what else binds it.
fn bonds(column: &Column) -> String {
    let mut bonds: Vec<String> = match column.kind {
        Kind::Ref(file) | Kind::RefList(file) => vec![format!("`{file}`")],
        _ => Vec::new(),
    };
    for rule in column.rules {
        bonds.push(match rule {
            Rule::Target { column, word } => format!("{column} `{word}`"),
            Rule::KeyOf(file) => format!("the same id as in `{file}`"),
            Rule::Student => "a student".to_owned(),
            Rule::SameUser => "of the same user".to_owned(),
            Rule::RoleThere => "the user has a role there".to_owned(),
            Rule::Parallel(other) => format!("parallel to {other}"),
            Rule::Braced => "items `{left:right}`".to_owned(),
            Rule::Advised(words) => format!("customarily {}", words.name),
        });
    }
    bonds.join(", ")
}

fn file_section(page: &mut String, spec: &FileSpec) {
    let _ = write!(page, "\n### {}\n\n{} Group: {}.\n\n", spec.file.csv_name(), spec.doc, spec.group.label());
    page.push_str(
        "| column | filled | holds | refers to, bound by | what it says |\n|---|---|---|---|---|\n",
    );
    for column in spec.columns {
        let need = match column.need {
            Need::Required => "required",
            Need::Optional => "",
            Need::Delta => "delta only",
        };
        let _ = writeln!(
            page,
            "| `{}` | {need} | {} | {} | {} |",
            column.name,
            kind(column),
            cell(&bonds(column)),
            cell(column.doc)
        );
    }
}

fn files_page() -> String {
    let mut page = String::from(
        "# Files\n\n\
         Generated from `src/spec/`; `BLESS=1 cargo test --test docs_reference` refreshes this page.\n\n\
         What the CSV bindings of OneRoster 1.1 and 1.2 (at the level of its correction 1.2.1) define, as this program \
         knows them.\nWhat a column is filled with is in [mapping.md](../mapping.md). Columns stand in this order; \
         extension columns\n(`metadata.*`) may only follow them.\n",
    );
    let mut words: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    for version in Version::ALL {
        let _ = write!(page, "\n## OneRoster {version}\n\n{} data files", version.files().len());
        page.push_str(", in the order of the manifest.\n");
        for spec in version.files() {
            file_section(&mut page, spec);
            for list in spec.columns.iter().flat_map(|c| c.vocabulary().into_iter().chain(c.advised())) {
                let ext = if list.is_open_in(version) { ", or a term that starts with `ext:`" } else { "" };
                let shown: Vec<String> = list.words.iter().map(|word| format!("`{word}`")).collect();
                let text = format!("| {} | {}{ext} |", list.name, shown.join(", "));
                words.entry(text).or_default().insert(version.label());
            }
        }
    }
    page.push_str("\n## Vocabularies\n\n| list | words | version |\n|---|---|---|\n");
    for (text, versions) in words {
        let versions: Vec<&str> = versions.into_iter().collect();
        let _ = writeln!(page, "{text} {} |", versions.join(", "));
    }
    page
}

#[test]
fn files() {
    same("docs/reference/files.md", &files_page());
}

/// Files of `src`, with test modules at their ends cut off.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(&root).sort_by_file_name() {
        let path = entry.unwrap().into_path();
        let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        if name.ends_with(".rs") && !name.split('/').any(|part| part.starts_with("tests")) {
            let text = fs::read_to_string(&path).unwrap();
            files.push((name, text.split("\n#[cfg(test)]\nmod tests").next().unwrap().to_owned()));
        }
    }
    files
}

/// The `code: "..."` of every `static ...: Code` in a text.
fn declared(text: &str) -> Vec<String> {
    let mut codes = Vec::new();
    for declaration in text.split("static ").skip(1) {
        let Some((head, body)) = declaration.split_once('=') else { continue };
        if head.split_once(':').is_some_and(|(_, kind)| kind.trim() == "Code") {
            let value = body.split_once("code: \"").and_then(|(_, rest)| rest.split_once('"'));
            codes.push(value.expect("a Code begins with its code").0.to_owned());
        }
    }
    codes
}

#[test]
fn every_declared_code_is_registered() {
    let registered: BTreeSet<&str> = pipeline::codes().into_iter().map(|code| code.code).collect();
    let mut found = BTreeSet::new();
    for (file, text) in sources() {
        for code in declared(&text) {
            assert!(
                registered.contains(code.as_str()),
                "src/{file}: `{code}` is not in the CODES of its stage, so that no reference page has it"
            );
            assert!(found.insert(code.clone()), "src/{file}: `{code}` is declared twice");
        }
    }
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(found, registered, "the search for declarations is blind, or a code is registered twice");
}

#[test]
fn planted_declarations_are_found() {
    let text = "/// X.\npub static A_B: Code = Code {\n    code: \"a-b\",\n};\nstatic LIST: &[&Code] = &[&A_B];\n\
                pub(super) static C: Code = Code { code: \"c\" };";
    assert_eq!(declared(text), ["a-b", "c"]);
}

#[test]
fn codes_are_kebab_case_and_their_texts_are_sentences() {
    let codes = pipeline::codes();
    let names: BTreeSet<&str> = codes.iter().map(|code| code.code).collect();
    assert_eq!(names.len(), codes.len(), "a code is registered twice");
    for code in codes {
        let parts: Vec<&str> = code.code.split('-').collect();
        assert!(
            parts.iter().all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase())),
            "{} is not kebab-case",
            code.code
        );
        for text in [code.summary, code.remedy] {
            assert!(text.ends_with('.') && text.len() > 5, "{}: `{text}` is no sentence", code.code);
            assert!(text.starts_with(|c: char| c.is_uppercase() || c == '`'), "{}: `{text}`", code.code);
        }
        assert!(
            code.file.is_empty() || File::from_name(code.file).is_some(),
            "{}: `{}` is no file",
            code.code,
            code.file
        );
    }
}
