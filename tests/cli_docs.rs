//! The reference pages and the help texts equal what the code says. `BLESS=1` writes them anew; the diff is
//! what a reviewer reads.

// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use clap::CommandFactory;
use rosterpack::cli::{Cli, ExitCode};
use rosterpack::config::reference;

fn same(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(found, text, "{path} is out of date: BLESS=1 cargo test --test cli_docs");
}

/// Help at a fixed width: the binary's depends on the terminal.
fn help(verb: Option<&str>, long: bool) -> String {
    let mut command = Cli::command().term_width(96);
    command.build();
    let mut command = match verb {
        Some(verb) => command.find_subcommand(verb).unwrap().clone(),
        None => command,
    };
    let help = if long { command.render_long_help() } else { command.render_help() };
    help.to_string()
}

#[test]
fn exit_codes() {
    same("docs/reference/exit-codes.md", &ExitCode::page());
}

#[test]
fn exit_codes_are_the_promised_numbers() {
    // design.md section 4; a change here breaks every scheduler that reads them.
    let numbers: Vec<(u8, &str)> = ExitCode::ALL.iter().map(|c| (c.number(), c.meaning().0)).collect();
    let promised = [
        (0, "published"),
        (1, "refused"),
        (2, "usage"),
        (3, "source"),
        (4, "held"),
        (5, "delivery"),
        (6, "locked"),
        (7, "output"),
        (130, "interrupted"),
    ];
    assert_eq!(numbers, promised);
}

#[test]
fn configuration() {
    same("docs/reference/configuration.md", &reference::page());
    same("docs/reference/rosterpack.schema.json", &reference::schema());
}

/// Names of variables of the environment that the code reads: literals that begin with our prefix and are no setting's.
fn variables_in(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            variables_in(&path, found);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for behind in text.split("\"ROSTERPACK_").skip(1) {
            let name: String = behind.chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect();
            if behind[name.len()..].starts_with('"') && !name.starts_with('_') {
                found.insert(format!("ROSTERPACK_{name}"));
            }
        }
    }
}

#[test]
fn every_variable_of_the_environment_is_in_the_reference() {
    let mut variables = BTreeSet::new();
    variables_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut variables);
    // Those of tests are in no release build.
    variables.retain(|name| !name.starts_with("ROSTERPACK_TEST_"));
    assert!(variables.len() >= 5, "the variables are really read: {variables:?}");
    let page = reference::page();
    for name in variables {
        assert!(page.contains(&format!("`{name}`")), "{name} is not in docs/reference/configuration.md");
    }
}

#[test]
fn help_texts() {
    same("tests/golden/cli/help.txt", &help(None, false));
    same("tests/golden/cli/export-help.txt", &help(Some("export"), false));
    same("tests/golden/cli/export-long-help.txt", &help(Some("export"), true));
    same("tests/golden/cli/init-help.txt", &help(Some("init"), false));
    same("tests/golden/cli/ids-help.txt", &help(Some("ids"), false));
    same("tests/golden/cli/explain-help.txt", &help(Some("explain"), false));
    same("tests/golden/cli/doctor-help.txt", &help(Some("doctor"), false));
    same("tests/golden/cli/snapshot-help.txt", &help(Some("snapshot"), false));
    same("tests/golden/cli/show-config-help.txt", &help(Some("show-config"), false));
    same("tests/golden/cli/guard-help.txt", &help(Some("guard"), false));
    same("tests/golden/cli/diff-help.txt", &help(Some("diff"), false));
    same("tests/golden/cli/deliver-help.txt", &help(Some("deliver"), false));
    same("tests/golden/cli/release-help.txt", &help(Some("release"), false));
    same("tests/golden/cli/tenants-help.txt", &help(Some("tenants"), false));
    same("tests/golden/cli/history-help.txt", &help(Some("history"), false));
    same("tests/golden/cli/profiles-help.txt", &help(Some("profiles"), false));
    same("tests/golden/cli/host-key-help.txt", &help(Some("host-key"), false));
    same("tests/golden/cli/validate-help.txt", &help(Some("validate"), false));
    same("tests/golden/cli/synth-help.txt", &help(Some("synth"), false));
}

#[test]
fn the_command_is_sound() {
    Cli::command().debug_assert();
}
