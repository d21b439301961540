//! The house rules that the compiler does not know: who may import whom, which module a library belongs to, how a
//! file begins and how long it is.
//!
//! In: the files of `src`. Out: failures that name file and line. Imports are read from the source text, comments and
//! literals taken out: `crate::`, `self::` and `super::` paths anywhere in the code, groups included. Test modules
//! (`mod tests`, `tests.rs`) may import what they like and are not looked at.

// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Longer files are to be split by meaning; files of tests alone do not count.
const LINES: usize = 550;

/// Names that say nothing.
const FORBIDDEN_NAMES: [&str; 7] = ["util", "utils", "helper", "helpers", "common", "manager", "misc"];

/// May be imported by everybody but the modules that use nothing: notices by design.md section 3; a day is a type
/// like an integer.
const FOR_ALL: [&str; 2] = ["notice", "day"];

/// What these modules need is in the standard library.
const USE_NOTHING: [&str; 4] = ["spec", "notice", "day", "progress"];

/// Who may import whom, besides [`FOR_ALL`]. The third field says why, where design.md section 3 does not.
const EDGES: &[(&str, &[&str], &str)] = &[
    ("main", &["cli"], "the binary maps the process to a call and an exit code"),
    ("cli", &["config", "pipeline"], ""),
    ("cli", &["crosswalk", "source"], "opens the seeds and the source that the pipeline is handed"),
    ("cli", &["edfi"], "tells a wrong --data-standard (usage) from a missing table (source)"),
    (
        "cli",
        &["edfi_admin", "secret"],
        "finds the ODS that EdFi_Admin leads to, and the key of its connection strings",
    ),
    ("cli", &["shard"], "`--shard`"),
    ("shard", &[], "names of tenants and numbers"),
    ("edfi_admin", &["secret"], "connection strings are secrets"),
    ("source", &["edfi_admin"], "reads the rows of EdFi_Admin"),
    ("config", &["edfi_admin"], "a setting names derivatives"),
    ("config", &["secret"], "variables of the Alliance hold connection strings"),
    ("cli", &["report"], "shows and writes what the pipeline came to"),
    ("cli", &["synth"], "`rosterpack synth`"),
    (
        "cli",
        &["package", "spec"],
        "says where the package of each version goes, and how a warehouse's tables are written",
    ),
    ("cli", &["doctor", "snapshot"], "`rosterpack doctor`, `rosterpack snapshot`"),
    (
        "doctor",
        &["config", "crosswalk", "edfi", "source", "staging", "roster"],
        "judges with the code that exports",
    ),
    ("doctor", &["report", "progress", "sourced_id"], "speaks like the summary; kinds of persons"),
    (
        "cli",
        &["explain", "sourced_id", "spec"],
        "`rosterpack explain`: reads what is asked about, an id or a column",
    ),
    (
        "explain",
        &["config", "crosswalk", "edfi", "source", "staging", "roster", "closure", "emit"],
        "runs the stages of an export over a witness of the source, and asks the same rules why",
    ),
    (
        "explain",
        &["package", "pipeline", "progress", "report", "sourced_id", "spec"],
        "reads the cells from the tables of the package; fails and describes the run as an export does",
    ),
    ("doctor", &["inventory"], "holds the values in use against the seeds"),
    ("inventory", &["crosswalk", "staging"], "counts the values that staged rows use, by seed"),
    (
        "init",
        &["crosswalk", "edfi", "source", "staging"],
        "stages a year as an export does, and fills the seeds",
    ),
    ("init", &["config", "inventory", "progress"], "the values in use; tells how far it is"),
    ("cli", &["init"], "`rosterpack init`"),
    ("snapshot", &["edfi", "source", "progress"], "copies what the contract names"),
    ("config", &["spec"], "settings name OneRoster versions and files"),
    ("config", &["sourced_id"], "a setting names the id scheme"),
    ("config", &["edfi"], "settings name data standards: labels only"),
    ("config", &["consumer"], "a run takes over the settings of the consumer that it is for"),
    ("consumer", &["spec"], "demands name files and columns"),
    ("check", &["consumer"], "judges a package by the demands of consumers"),
    ("cli", &["consumer"], "`rosterpack profiles`, `validate --consumer`"),
    ("pipeline", &["config", "crosswalk", "edfi", "source", "staging", "roster", "closure", "emit"], ""),
    ("pipeline", &["package", "progress", "spec"], ""),
    ("pipeline", &["id_migration"], "the table from one id scheme to another"),
    (
        "pipeline",
        &["check", "publish"],
        "judges the finished package by every rule, and compares it with the last one",
    ),
    ("pipeline", &["sourced_id"], "kinds of persons, whose names a report may be asked for"),
    ("id_migration", &["roster", "staging", "sourced_id", "config", "spec"], "compares two closed rosters"),
    ("source", &["edfi"], ""),
    ("source", &["secret", "retry"], "passwords, and patience with servers"),
    ("secret", &[], "passwords and where they come from, for whoever meets a server"),
    ("retry", &[], "patience, for whoever meets a server"),
    ("source", &["rfc4180"], "extracts are CSV"),
    ("rfc4180", &[], "knows records, not what they say"),
    ("edfi", &[], "the catalog and the contract are plain data"),
    ("staging", &["edfi"], ""),
    ("staging", &["source", "progress"], "reads batches and tells how far it is"),
    ("staging", &["config"], "which parts of the contract a mapping needs (`wanted`)"),
    ("crosswalk", &["spec"], "answers are checked against the vocabularies of both versions"),
    ("roster", &["staging", "crosswalk", "sourced_id"], ""),
    ("roster", &["config"], "rules read the frozen plan"),
    ("roster", &["spec"], "vocabularies only: a role that 1.1 lacks is found where it is mapped"),
    ("closure", &["roster", "staging", "sourced_id", "config"], "proves a roster over the ids that it has"),
    ("emit", &["roster", "spec"], ""),
    ("emit", &["package"], "writes cells into the blocks of a package's tables"),
    ("emit", &["staging", "sourced_id", "config"], "texts and natural keys are made on demand, not stored"),
    ("page", &[], "the frame of every HTML page; knows nothing of what stands in it"),
    ("check", &["page"], "judgements as a page"),
    ("check", &["spec"], ""),
    ("check", &["package"], "packages are read in one place, for the validator and whoever else reads them"),
    ("check", &["rfc4180"], "packages are CSV"),
    ("cli", &["check", "package"], "`rosterpack validate`: opens packages and shows what came of them"),
    ("package", &["spec"], ""),
    ("package", &["rfc4180"], "reads packages row by row"),
    ("diff", &["package", "page", "spec"], "compares packages of any origin: no Ed-Fi, no configuration"),
    ("diff", &["check"], "its page and its numbers look like those of `validate`"),
    ("cli", &["diff"], "`rosterpack diff`"),
    ("publish", &["diff"], "the guard judges what the comparison of two packages says"),
    ("publish", &["secret", "retry"], "meets servers"),
    ("publish", &["package", "spec"], "judges and delivers anybody's package: no Ed-Fi, no configuration"),
    (
        "cli",
        &["publish", "spec", "retry"],
        "`rosterpack guard`, `deliver`, `host-key`: files by name, patience",
    ),
    ("report", &["config", "spec", "progress"], "says what was asked for and what came of it"),
    (
        "report",
        &["pipeline", "package", "roster", "sourced_id", "check", "publish", "page"],
        "one model of what the pipeline came to: rows, figures, judgement, comparison; and its page",
    ),
    ("synth", &["source"], "is a source of its own, and fills an empty database; knows no OneRoster"),
    ("sourced_id", &[], ""),
];

/// Which modules may name a library. Those without a list may be used by all but [`USE_NOTHING`].
const LIBRARIES: &[(&str, &[&str])] = &[
    ("aes", &["edfi_admin"]),
    ("base64ct", &["edfi_admin"]),
    ("bytes", &["source", "publish"]),
    ("cbc", &["edfi_admin"]),
    ("chrono", &["main"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("crc32fast", &["package", "check"]),
    ("csv", &["config", "crosswalk", "check", "snapshot", "id_migration", "explain", "package"]),
    ("ctrlc", &["cli"]),
    ("fallible_iterator", &["source"]),
    ("flate2", &["package", "check", "source", "synth", "snapshot"]),
    ("fs4", &["doctor"]),
    ("hashbrown", &["staging", "check"]),
    ("hmac", &["edfi_admin", "publish"]),
    ("hex", &["sourced_id"]),
    ("http_body_util", &["publish"]),
    ("indicatif", &["report"]),
    ("isal", &["package"]),
    ("maud", &["check", "diff", "page", "report"]),
    ("md5", &["sourced_id"]),
    ("memchr", &["package", "check", "source", "explain", "rfc4180"]),
    ("object_store", &["publish"]),
    ("polars", &["source", "snapshot", "package"]),
    ("postgres_protocol", &["source"]),
    ("rand_chacha", &["synth"]),
    ("rand_core", &["synth"]),
    ("rawzip", &["package"]),
    ("rayon", &[]),
    ("reqwest", &["publish"]),
    ("russh", &["publish"]),
    ("russh_sftp", &["publish"]),
    ("rust_embed", &["cli"]),
    ("rustc_hash", &[]),
    ("rustix", &["publish", "source"]),
    ("rustls", &["source", "publish"]),
    ("rustls_native_certs", &["source", "publish"]),
    // The derive is how a severity or an origin is spelt in the report.
    (
        "serde",
        &[
            "cli", "config", "notice", "report", "roster", "check", "doctor", "snapshot", "explain",
            "publish", "diff", "consumer",
        ],
    ),
    ("serde_json", &["check", "cli", "config", "diff", "report", "doctor", "snapshot", "explain", "publish"]),
    ("sha1", &["publish"]),
    ("sha2", &["crosswalk", "diff", "edfi_admin", "publish", "report", "shard"]),
    ("siphasher", &["check"]),
    ("strsim", &["cli", "config", "consumer", "crosswalk", "explain"]),
    ("tempfile", &["cli", "init", "package", "publish", "report", "snapshot", "staging"]),
    ("thiserror", &[]),
    ("tokio", &["publish"]),
    ("toml", &["config", "consumer"]),
    ("walkdir", &["crosswalk", "source"]),
    ("wildmatch", &["cli", "roster"]),
];

/// A use of something: the module that uses it, what it uses, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Use {
    module: String,
    target: String,
    place: String,
}

/// A piece of Rust: a name, or one character that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Name(String),
    Path,
    Sign(char),
}

/// Tokens with their lines; comments and literals are left out.
fn tokens(text: &str) -> Vec<(usize, Token)> {
    let c: Vec<char> = text.chars().collect();
    let at = |n: usize| c.get(n).copied().unwrap_or('\0');
    let (mut n, mut line, mut found) = (0, 1, Vec::new());
    while n < c.len() {
        let start = n;
        match c[n] {
            '/' if at(n + 1) == '/' => {
                while n < c.len() && c[n] != '\n' {
                    n += 1
                }
            }
            '/' if at(n + 1) == '*' => {
                let mut depth = 0;
                loop {
                    match (at(n), at(n + 1)) {
                        ('/', '*') => (depth, n) = (depth + 1, n + 2),
                        ('*', '/') => (depth, n) = (depth - 1, n + 2),
                        _ => n += 1,
                    }
                    if depth == 0 || n >= c.len() {
                        break;
                    }
                }
            }
            '"' => n = end_of_string(&c, n),
            // A lifetime has no closing quote right behind its first character.
            '\'' if at(n + 1) == '\\' => {
                n += 3;
                while n < c.len() && c[n] != '\'' {
                    n += 1
                }
                n += 1;
            }
            '\'' if at(n + 2) == '\'' => n += 3,
            '\'' => n += 1,
            ':' if at(n + 1) == ':' => {
                found.push((line, Token::Path));
                n += 2;
            }
            first if first.is_alphabetic() || first == '_' => {
                while n < c.len() && (c[n].is_alphanumeric() || c[n] == '_') {
                    n += 1
                }
                let name: String = c[start..n].iter().collect();
                if matches!(name.as_str(), "r" | "br") && matches!(at(n), '"' | '#') {
                    let hashes = c[n..].iter().take_while(|&&x| x == '#').count();
                    if at(n + hashes) == '"' {
                        let close: Vec<char> = format!("\"{}", "#".repeat(hashes)).chars().collect();
                        n += hashes + 1;
                        while n < c.len() && !c[n..].starts_with(&close) {
                            n += 1
                        }
                        n = (n + close.len()).min(c.len());
                    }
                } else {
                    found.push((line, Token::Name(name)));
                }
            }
            sign => {
                if !sign.is_whitespace() {
                    found.push((line, Token::Sign(sign)));
                }
                n += 1;
            }
        }
        line += c[start..n.min(c.len())].iter().filter(|&&x| x == '\n').count();
    }
    found
}

fn end_of_string(c: &[char], open: usize) -> usize {
    let mut n = open + 1;
    while n < c.len() && c[n] != '"' {
        n += if c[n] == '\\' { 2 } else { 1 };
    }
    (n + 1).min(c.len())
}

/// `roster/classes.rs` is module `roster::classes`.
fn module_of(file: &str) -> Vec<String> {
    let mut path: Vec<String> = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if path.last().is_some_and(|last| last == "mod") || path == ["lib"] {
        path.pop();
    }
    path
}

fn is_test_file(file: &str) -> bool {
    file.split('/').any(|part| matches!(part, "tests" | "tests.rs"))
}

/// Every use of a module of the crate, and of a library, in one file.
fn uses(file: &str, text: &str, libraries: &BTreeSet<String>) -> (Vec<Use>, Vec<Use>) {
    let mut module = module_of(file);
    let top = module.first().cloned().unwrap_or_else(|| "lib".to_owned());
    let tokens = tokens(text);
    let name = |n: usize| match tokens.get(n) {
        Some((_, Token::Name(name))) => Some(name.as_str()),
        _ => None,
    };
    let is = |n: usize, token: Token| tokens.get(n).is_some_and(|(_, found)| *found == token);
    let mut inline: Vec<i32> = Vec::new();
    let (mut depth, mut in_tests, mut n) = (0, None, 0);
    let (mut modules, mut named) = (Vec::new(), Vec::new());
    while n < tokens.len() {
        let line = tokens[n].0;
        let place = || format!("src/{file}:{line}");
        match &tokens[n].1 {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') => {
                depth -= 1;
                if inline.last() == Some(&depth) {
                    inline.pop();
                    module.pop();
                    in_tests = in_tests.filter(|at| *at != depth);
                }
            }
            Token::Name(word) if word == "mod" && name(n + 1).is_some() && is(n + 2, Token::Sign('{')) => {
                let inner = name(n + 1).unwrap_or_default().to_owned();
                if inner == "tests" && in_tests.is_none() {
                    in_tests = Some(depth);
                }
                inline.push(depth);
                module.push(inner);
                (depth, n) = (depth + 1, n + 2);
            }
            Token::Name(word) if is(n + 1, Token::Path) && (n == 0 || !is(n - 1, Token::Path)) => {
                let mut base = match word.as_str() {
                    "crate" | "rosterpack" => Vec::new(),
                    "self" => module.clone(),
                    "super" => module[..module.len().saturating_sub(1)].to_vec(),
                    library => {
                        if libraries.contains(library) && in_tests.is_none() {
                            let target = library.to_owned();
                            named.push(Use { module: top.clone(), target, place: place() });
                        }
                        n += 1;
                        continue;
                    }
                };
                let mut next = n + 2;
                while name(next) == Some("super") && is(next + 1, Token::Path) {
                    base.pop();
                    next += 2;
                }
                let targets = match (base.first(), name(next)) {
                    (Some(first), _) => vec![first.clone()],
                    (None, Some(first)) => vec![first.to_owned()],
                    (None, None) => group(&tokens[next..]),
                };
                if in_tests.is_none() {
                    modules.extend(targets.into_iter().filter(|target| *target != top).map(|target| Use {
                        module: top.clone(),
                        target,
                        place: place(),
                    }));
                }
            }
            _ => {}
        }
        n += 1;
    }
    (modules, named)
}

/// The first names of `{a, b::{c, d}}`; a star that imports everything is a name nobody may import.
fn group(tokens: &[(usize, Token)]) -> Vec<String> {
    let (mut names, mut depth, mut fresh) = (Vec::new(), 0, true);
    for (_, token) in tokens {
        match token {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') => depth -= 1,
            Token::Sign(',') if depth == 1 => fresh = true,
            Token::Sign('*') if fresh => names.push("*".to_owned()),
            Token::Name(name) if fresh => {
                names.push(name.clone());
                fresh = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

/// Every forbidden import among these.
fn forbidden(uses: &[Use]) -> Vec<String> {
    let known: BTreeSet<&str> =
        EDGES.iter().map(|(module, _, _)| *module).chain(FOR_ALL).chain(USE_NOTHING).collect();
    let mut faults = Vec::new();
    for Use { module, target, place } in uses {
        if !known.contains(module.as_str()) {
            faults.push(format!("{place}: module `{module}` has no row in EDGES of tests/architecture.rs"));
        } else if !allowed(module).contains(target.as_str()) {
            faults.push(format!("{place}: `{module}` may not import `{target}`"));
        }
    }
    faults
}

fn allowed(module: &str) -> BTreeSet<&'static str> {
    if USE_NOTHING.contains(&module) {
        return BTreeSet::new();
    }
    let rows = EDGES.iter().filter(|(from, _, _)| *from == module);
    rows.flat_map(|(_, to, _)| to.iter().copied()).chain(FOR_ALL).collect()
}

/// Files of `src`: path below it with slashes, and text.
fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = BTreeMap::new();
    for entry in walkdir::WalkDir::new(&root) {
        let path = entry.unwrap().into_path();
        if path.extension().is_some_and(|end| end == "rs") {
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            files.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
    assert!(files.len() > 50, "src was not found");
    files
}

/// Names of the dependencies as code spells them.
fn dependencies() -> BTreeSet<String> {
    let manifest = include_str!("../Cargo.toml");
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
    let names = section.lines().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name.trim());
    let is_name = |name: &&str| name.chars().all(|c| c.is_alphanumeric() || "-_".contains(c));
    // `md-5` is the package, `md5` the crate.
    names.filter(is_name).map(|name| name.replace("md-5", "md5").replace('-', "_")).collect()
}

#[test]
fn nobody_imports_what_is_not_theirs() {
    let libraries = dependencies();
    let mut all = Vec::new();
    for (file, text) in sources().iter().filter(|(file, _)| !is_test_file(file)) {
        all.extend(uses(file, text, &libraries).0);
    }
    let seen: BTreeSet<(&str, &str)> = all.iter().map(|u| (u.module.as_str(), u.target.as_str())).collect();
    for edge in [("cli", "pipeline"), ("emit", "spec"), ("main", "cli"), ("package", "spec")] {
        assert!(seen.contains(&edge), "the reader of imports is blind: it does not see {edge:?}");
    }
    let faults = forbidden(&all);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_top_module_has_a_row() {
    let known: BTreeSet<&str> =
        EDGES.iter().map(|(module, _, _)| *module).chain(FOR_ALL).chain(USE_NOTHING).collect();
    for file in sources().keys() {
        let path = module_of(file);
        if let Some(top) = path.first() {
            assert!(known.contains(top.as_str()), "src/{file}: `{top}` has no row in EDGES");
        }
    }
}

/// A circle of modules is one module.
#[test]
fn allowed_imports_form_no_circle() {
    let mut settled: BTreeSet<&str> = BTreeSet::new();
    let modules: BTreeSet<&str> = EDGES.iter().map(|(module, _, _)| *module).collect();
    loop {
        let before = settled.len();
        for &module in &modules {
            if allowed(module).into_iter().all(|to| settled.contains(to) || !modules.contains(to)) {
                settled.insert(module);
            }
        }
        if settled.len() == before {
            break;
        }
    }
    assert_eq!(settled, modules, "what is missing on the left is in a circle");
}

#[test]
fn libraries_stay_in_their_rooms() {
    let libraries = dependencies();
    for library in &libraries {
        assert!(LIBRARIES.iter().any(|(name, _)| name == library), "`{library}` has no row in LIBRARIES");
    }
    for (file, text) in sources().iter().filter(|(file, _)| !is_test_file(file)) {
        for Use { module, target, place } in uses(file, text, &libraries).1 {
            let (_, rooms) = LIBRARIES.iter().find(|(name, _)| *name == target).unwrap();
            let free = rooms.is_empty() && !USE_NOTHING.contains(&module.as_str());
            assert!(free || rooms.contains(&module.as_str()), "{place}: `{module}` may not use `{target}`");
        }
    }
}

/// The core reads no clock, no environment and no unseeded chance; async has one room. A source may time and spread
/// its attempts to connect, which nothing of what it delivers depends on.
#[test]
fn the_world_stays_outside() {
    let clock = ["Instant", "SystemTime", "Local", "Utc"];
    for (file, text) in sources().iter().filter(|(file, _)| !is_test_file(file)) {
        let module = module_of(file).first().cloned().unwrap_or_default();
        let tokens = tokens(text);
        for (n, (line, token)) in tokens.iter().enumerate() {
            let Token::Name(name) = token else { continue };
            let behind = |k: usize| tokens.get(n + k).map(|(_, token)| token.clone());
            let called = behind(1) == Some(Token::Path) && behind(2) == Some(Token::Name("now".into()));
            let fault = match name.as_str() {
                clock_name if clock.contains(&clock_name) && called => {
                    (!["main", "source"].contains(&module.as_str())).then_some("reads the clock")
                }
                "vars" | "vars_os" | "args" | "args_os" if behind(1) == Some(Token::Sign('(')) && n > 1 => {
                    let from_env = tokens[n - 2].1 == Token::Name("env".into());
                    (from_env && module != "main").then_some("reads the environment")
                }
                "async" | "await" => (module != "publish").then_some("is async"),
                "thread_rng" | "OsRng" | "RandomState" => (module != "retry").then_some("is left to chance"),
                _ => None,
            };
            assert!(fault.is_none(), "src/{file}:{line}: {name} {}", fault.unwrap_or_default());
        }
    }
}

#[test]
fn files_say_what_they_are_for_and_stay_short() {
    let mut faults = Vec::new();
    for (file, text) in sources() {
        let opening: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
        if opening.first().is_none_or(|line| line.trim_start_matches("//!").trim().len() < 10) {
            faults.push(format!("src/{file}: does not begin with a //! comment that says what it is for"));
        }
        let lines = text.lines().count();
        if lines > LINES && !is_test_file(&file) {
            faults.push(format!("src/{file}: {lines} lines, at most {LINES}"));
        }
        for part in file.trim_end_matches(".rs").split(['/', '_']) {
            if FORBIDDEN_NAMES.contains(&part) {
                faults.push(format!("src/{file}: `{part}` says nothing about what is in it"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The reader of imports finds what is planted, in every form in which it can be written.
#[test]
fn planted_imports_are_found() {
    let libraries = BTreeSet::from(["polars".to_owned()]);
    let targets = |file: &str, text: &str| -> Vec<String> {
        let (modules, named) = uses(file, text, &libraries);
        modules.into_iter().chain(named).map(|u| format!("{} {}", u.target, u.place)).collect()
    };
    let planted = [
        ("spec/file.rs", "use crate::edfi::Table;", vec!["edfi src/spec/file.rs:1"]),
        ("package/csv.rs", "\nfn f() { crate::staging::stage() }", vec!["staging src/package/csv.rs:2"]),
        ("package/csv.rs", "use super::super::roster::Roster;", vec!["roster src/package/csv.rs:1"]),
        ("emit.rs", "use super::source;", vec!["source src/emit.rs:1"]),
        (
            "day.rs",
            "mod inner { use super::super::cli; }\nuse super::cli;",
            vec!["cli src/day.rs:1", "cli src/day.rs:2"],
        ),
        (
            "check/mod.rs",
            "use crate::{day::Day, roster::{orgs, users}, edfi as e};",
            vec!["day src/check/mod.rs:1", "roster src/check/mod.rs:1", "edfi src/check/mod.rs:1"],
        ),
        ("check/mod.rs", "use crate::*;", vec!["* src/check/mod.rs:1"]),
        ("edfi/mod.rs", "pub(in crate::edfi) fn f() -> polars::Frame {}", vec!["polars src/edfi/mod.rs:1"]),
        // None of these imports anything.
        (
            "spec/file.rs",
            "// crate::edfi\n/* crate::edfi /* */ crate::cli */ const A: &str = \"crate::edfi\";",
            vec![],
        ),
        ("spec/file.rs", "const B: &str = r#\"crate::\"edfi\"#; const C: char = '\"'; fn f<'a>() {}", vec![]),
        ("spec/file.rs", "use super::Column; use self::x::Y; use crate::spec::Z;", vec![]),
        ("spec/file.rs", "#[cfg(test)]\nmod tests { use crate::edfi; mod deep {} use crate::cli; }", vec![]),
    ];
    for (file, text, expected) in planted {
        assert_eq!(targets(file, text), expected, "{text}");
    }
    let plant = |module: &str, target: &str| {
        let (module, target) = (module.to_owned(), target.to_owned());
        forbidden(&[Use { module, target, place: "here".into() }]).len()
    };
    assert_eq!(plant("spec", "notice"), 1);
    assert_eq!(plant("package", "edfi"), 1);
    assert_eq!(plant("package", "notice"), 0);
    assert_eq!(plant("roster", "emit"), 1);
    assert_eq!(plant("emit", "*"), 1);
    assert_eq!(plant("newcomer", "spec"), 1);
}
