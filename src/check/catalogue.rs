//! The catalogue: one page a rule, made from its declaration and its example package.
//!
//! In: a [`Rule`], and the rows that its example shows. Out: Markdown for `docs/reference/rules/`. A test compares the pages
//! with the repository; it reads no file itself.

use std::fmt::Write;

use super::register::RULES;
use super::rule::{Hook, Rule};
use crate::notice::{Authority, Severity};

/// An example as a page shows it: what stands in the file, good and bad.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Example {
    /// What the example is about, one line.
    pub title: String,
    /// The lines of the good package that it changes, with the file's name.
    pub good: String,
    /// The same in the bad package.
    pub bad: String,
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

const fn authority(authority: Authority) -> &'static str {
    match authority {
        Authority::Specification => "specification",
        Authority::Consumer => "consumer",
        Authority::Policy => "policy",
    }
}

/// What a rule looks at, in words.
fn looks_at(rule: &Rule) -> String {
    match rule.hook {
        Hook::Entries => "the entries of the zip".to_owned(),
        Hook::Manifest => "the manifest".to_owned(),
        Hook::Header => "the header of every file".to_owned(),
        Hook::Records => "the text of every file".to_owned(),
        Hook::Ids => "ids and references of every row".to_owned(),
        Hook::Cell(_) => "single cells".to_owned(),
        Hook::Row(_) => "single rows".to_owned(),
        Hook::Demand(what) => what.to_owned(),
        Hook::Whole { files, .. } => {
            let names: Vec<&str> = files.iter().map(|file| file.csv_name()).collect();
            format!("all rows of {}", names.join(", "))
        }
    }
}

/// The page of a rule.
pub fn page(rule: &Rule, examples: &[Example]) -> String {
    let code = &rule.code;
    let mut page = format!(
        "# {}\n\nGenerated from its declaration; `BLESS=1 cargo test --test validate` refreshes this page.\n\n\
         {}\n\n| | |\n|---|---|\n| severity | {} |\n| authority | {} |\n| looks at | {} |\n| written in | {} |\n\n\
         **Why it matters.** {}\n\n**What to do.** {}\n",
        code.code,
        code.summary,
        severity(code.severity),
        authority(code.authority),
        looks_at(rule),
        rule.section,
        rule.why,
        code.remedy,
    );
    for Example { title, good, bad } in examples {
        let _ = write!(
            page,
            "\n## Example: {title}\n\nBad:\n\n```text\n{bad}\n```\n\nGood:\n\n```text\n{good}\n```\n"
        );
    }
    let _ = write!(
        page,
        "\nTo count it otherwise: `rosterpack validate --level {}=info --reason \"...\" PACKAGE`.\n",
        code.code
    );
    page
}

/// The list of all rules.
pub fn index() -> String {
    let mut page = String::from(
        "# Rules of `rosterpack validate`\n\n\
         Generated from the declarations in `src/check/rules`; `BLESS=1 cargo test --test validate` refreshes it.\n\n\
         *Error*: the package breaks the specification or cannot be trusted. *Warning*: it will hurt a consumer. *Info*: worth\n\
         knowing. *Authority* says whose rule it is. Codes are a public promise.\n",
    );
    for (level, title) in
        [(Severity::Error, "Errors"), (Severity::Warning, "Warnings"), (Severity::Info, "Information")]
    {
        let _ = write!(page, "\n## {title}\n\n| code | authority | what it says |\n|---|---|---|\n");
        for rule in RULES.iter().filter(|rule| rule.code.severity == level) {
            let code = &rule.code;
            let _ = writeln!(
                page,
                "| [`{0}`]({0}.md) | {1} | {2} |",
                code.code,
                authority(code.authority),
                code.summary
            );
        }
    }
    page
}
