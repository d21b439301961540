//! Manual pages and completions say what the command line says: every verb, every flag; pages without a warning of the
//! formatter, scripts without one of the shell. Formatters and shells that are not installed are skipped loudly.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests, which may fail loudly

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use clap::CommandFactory;
use rosterpack::cli::Cli;

fn rosterpack(folder: &Path, arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_rosterpack")).args(arguments).current_dir(folder).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success() && err.is_empty(), "{arguments:?}: {err}");
    out
}

/// Visible verbs with their long flags.
fn verbs() -> BTreeMap<String, Vec<String>> {
    let root = Cli::command();
    let visible = root.get_subcommands().filter(|verb| !verb.is_hide_set());
    let flags =
        |verb: &clap::Command| verb.get_arguments().filter_map(|a| a.get_long().map(str::to_owned)).collect();
    visible.map(|verb| (verb.get_name().to_owned(), flags(verb))).collect()
}

fn pages() -> (tempfile::TempDir, BTreeMap<String, String>) {
    let temp = tempfile::tempdir().unwrap();
    let out = rosterpack(temp.path(), &["man", "--out", "share/man1"]);
    let page = |path: &str| {
        let name = path.strip_prefix("share/man1/").unwrap().to_owned();
        (name, fs::read_to_string(temp.path().join(path)).unwrap())
    };
    let pages = out.lines().map(page).collect();
    (temp, pages)
}

#[test]
fn every_verb_has_a_page_with_every_flag() {
    let (_temp, pages) = pages();
    let verbs = verbs();
    assert!(verbs.len() > 10 && verbs.contains_key("init"));
    assert_eq!(pages.len(), 1 + verbs.len(), "hidden verbs have none");
    for (verb, flags) in &verbs {
        let page = &pages[&format!("rosterpack-{verb}.1")];
        for flag in flags {
            let written = format!("\\-\\-{}\\fR", flag.replace('-', "\\-"));
            assert!(page.contains(&written), "{verb}: {written}");
        }
        assert!(
            pages["rosterpack.1"].contains(&format!("rosterpack\\-{}(1)", verb.replace('-', "\\-"))),
            "{verb}"
        );
        // A day or a folder of this machine in a page would make two builds differ.
        assert!(!page.contains(env!("CARGO_MANIFEST_DIR")));
    }
    assert_eq!(pages, self::pages().1, "the same every time");
}

#[test]
fn the_formatter_has_nothing_to_say() {
    if Command::new("groff").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("SKIPPED: groff is not installed");
        return;
    }
    let (temp, pages) = pages();
    for name in pages.keys() {
        let page = temp.path().join("share/man1").join(name);
        let shown =
            Command::new("groff").args(["-man", "-Tutf8", "-ww", "-P-cbou"]).arg(&page).output().unwrap();
        let told = String::from_utf8_lossy(&shown.stderr).into_owned();
        assert!(shown.status.success() && told.is_empty(), "{name}: {told}");
        let text = String::from_utf8(shown.stdout).unwrap();
        assert!(text.contains("SYNOPSIS"), "{name}: {text}");
        if name == "rosterpack-init.1" {
            // Examples stay in lines.
            assert!(text.lines().any(|line| line.trim() == "rosterpack init --update-seeds"), "{text}");
        }
    }
}

#[test]
fn every_shell_gets_every_verb() {
    let temp = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = rosterpack(temp.path(), &["completions", shell]);
        for (verb, flags) in verbs() {
            assert!(script.contains(&verb), "{shell}: {verb}");
            for flag in flags {
                assert!(script.contains(&flag), "{shell}: {verb} --{flag}");
            }
        }
        let file = temp.path().join(shell);
        fs::write(&file, script).unwrap();
        if !matches!(shell, "bash" | "zsh" | "fish") {
            continue;
        }
        match Command::new(shell).arg("-n").arg(&file).output() {
            Ok(checked) => {
                assert!(checked.status.success() && checked.stderr.is_empty(), "{shell}: {checked:?}")
            }
            Err(_) => eprintln!("SKIPPED: {shell} is not installed"),
        }
    }
}

#[test]
fn bash_completes_verbs_flags_and_words() {
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join("script"), rosterpack(temp.path(), &["completions", "bash"])).unwrap();
    let complete = |typed: &[&str]| -> Vec<String> {
        let words = typed.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
        let (last, before) = typed.split_last().unwrap();
        let ask = format!(
            "source ./script; COMP_WORDS=({words}); COMP_CWORD={}; COMPREPLY=()\n\
             _rosterpack rosterpack '{last}' '{}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
            typed.len() - 1,
            before.last().unwrap()
        );
        let output = Command::new("bash").args(["-c", &ask]).current_dir(temp.path()).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    };
    assert_eq!(complete(&["rosterpack", "ex"]), ["export", "explain"]);
    assert_eq!(complete(&["rosterpack", "export", "--sch"]), ["--school-year", "--school"]);
    assert_eq!(complete(&["rosterpack", "init", "--update"]), ["--update-seeds"]);
    assert_eq!(complete(&["rosterpack", "snapshot", "--format", "par"]), ["parquet"]);
}
