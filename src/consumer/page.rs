//! The reference page of consumers, generated from the data.
//!
//! In: nothing. Out: `docs/reference/profiles.md` as text; a test compares the file with it.

use std::fmt::Write;

use super::{Axis, Statement, all};

const OPENING: &str = "\
# Profiles of consumers

Generated from `profiles/*.toml`; `BLESS=1 cargo test --test profiles` refreshes this page.

What vendors say about the packages that they read, in our words, each with its source and the day on which that was read, mostly in a stored
copy that may be older. Pages change: a profile is a start that somebody who knows the vendor should look over, not a promise of the vendor. *Unconfirmed* is what no source was
found for; nothing is guessed.

`consumer = \"NAME\"` in a profile of `rosterpack.toml`, or `--consumer NAME`, takes over the *settings*; `rosterpack validate --consumer NAME`, and an
export with `--validate full`, judge a package by the *demands*, each under the [code](rules/README.md) that stands in brackets. No profile turns on what of a
student or parent leaves the building: that stays with the district.
";

/// Text that may stand in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\\\|").replace('<', "&lt;")
}

fn statement(statement: &Statement) -> String {
    let source = match statement.source.starts_with("http") {
        true => format!("<{}>", statement.source),
        false => statement.source.clone(),
    };
    let mut text = format!("{} ({source}, read {})", cell(&statement.says), statement.date());
    for (name, value) in &statement.settings {
        let _ = write!(text, "<br>setting `{name} = \"{value}\"`");
    }
    for demand in &statement.demands {
        let code = demand.what.code();
        let what = cell(&demand.what.to_string());
        let _ = write!(text, "<br>demand, {}: {what} [`{code}`](rules/{code}.md)", demand.level.word());
    }
    text
}

/// The page, as Markdown.
pub fn page() -> String {
    let mut page = OPENING.to_owned();
    page += "\n## Axes\n\n| axis | question | unconfirmed for all |\n|---|---|---|\n";
    for axis in Axis::ALL {
        let nobody = all().iter().all(|consumer| consumer.unconfirmed.contains(&axis));
        let _ = writeln!(page, "| {} | {} | {} |", axis.word(), axis.asks(), if nobody { "yes" } else { "" });
    }
    for consumer in all() {
        let _ = write!(
            page,
            "\n## {}\n\n{}: {}\n\n| axis | what is known |\n|---|---|\n",
            consumer.id, consumer.name, consumer.about
        );
        for known in &consumer.statements {
            let _ = writeln!(page, "| {} | {} |", known.axis.word(), statement(known));
        }
        let words: Vec<&str> = consumer.unconfirmed.iter().map(|axis| axis.word()).collect();
        if !words.is_empty() {
            let _ = writeln!(page, "\nUnconfirmed: {}.", words.join(", "));
        }
    }
    page
}
