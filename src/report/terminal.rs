//! The summary of a run for people: plain text, 80 columns, no colour needed.
//!
//! In: a [`Report`]. Out: text: what was run, rows per file, what was left out or altered by cause with what
//! to do about it, and the values that no crosswalk maps. What does not fit is counted, never cut in silence.

use std::fmt::Write;

use super::difference::{Numbers, Status};
use super::{CodeNotices, Ending, PackageReport, Report};
use crate::check::show::counted as counted_noun;
pub use crate::check::show::grouped;
use crate::notice::Severity;

/// Width of the summary.
const WIDTH: usize = 80;
/// Causes shown per code and values shown per crosswalk; the report file has all of them.
const SHOWN: usize = 5;

/// The summary as text, with a line break at its end.
pub fn summary(report: &Report) -> String {
    let mut text = String::new();
    let run = &report.run;
    wrapped(
        &mut text,
        "",
        &format!(
            "rosterpack {}: {}, school year {}, as of {}, OneRoster {}",
            report.rosterpack,
            run.tenant,
            run.school_year,
            run.as_of,
            joined(report.packages.iter().map(|package| package.oneroster))
        ),
    );
    wrapped(
        &mut text,
        "",
        &format!(
            "source {} (data standard {}), {} rows read",
            run.source,
            run.data_standard,
            grouped(run.rows_read)
        ),
    );
    files(&mut text, report);
    notices(&mut text, report);
    unmapped(&mut text, report);
    judged(&mut text, report);
    text.push('\n');
    match report.outcome {
        Ending::Published => {
            for package in &report.packages {
                let bytes = package.zip.as_ref().map_or(0, |zip| zip.bytes);
                let what = match report.packages.len() {
                    1 => "The package was written".to_owned(),
                    _ => format!("The package of OneRoster {} was written", package.oneroster),
                };
                let _ = writeln!(text, "{what}: {} bytes.", grouped(bytes));
            }
        }
        Ending::DryRun => text.push_str("Dry run: no package was written.\n"),
        // The reasons are told as an error, with or without a summary.
        Ending::Refused => text.push_str("No package was written.\n"),
    }
    text
}

/// Words with `and` between the last two.
fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut words: Vec<&str> = words.collect();
    match words.pop() {
        Some(last) if !words.is_empty() => format!("{} and {last}", words.join(", ")),
        last => last.unwrap_or_default().to_owned(),
    }
}

/// A line for every file that a package has, and a column for every package.
fn files(text: &mut String, report: &Report) {
    let packages = &report.packages;
    let alone = packages.len() == 1;
    let line = |text: &mut String, name: &str, cells: &mut dyn Iterator<Item = String>| {
        let _ = write!(text, "{name:<32}");
        cells.for_each(|cell| _ = write!(text, "{cell:>16}"));
        text.push('\n');
    };
    text.push('\n');
    line(text, "file", &mut packages.iter().map(|p| if alone { "rows" } else { p.oneroster }.to_owned()));
    line(text, &"-".repeat(32), &mut packages.iter().map(|_| "-".repeat(16)));
    let rows = |package: &PackageReport, name: &str| {
        let file = package.files.iter().find(|file| file.file == name);
        file.map_or_else(|| "absent".to_owned(), |file| grouped(file.rows))
    };
    for name in all_files(packages) {
        line(text, &format!("{name}.csv"), &mut packages.iter().map(|package| rows(package, name)));
    }
    let total = |package: &PackageReport| grouped(package.files.iter().map(|file| file.rows).sum());
    line(text, "total", &mut packages.iter().map(total));
}

/// Names of all files: the first package's in its order, each further one where its package has it.
pub(super) fn all_files(packages: &[PackageReport]) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for package in packages {
        let mut next = 0;
        for file in &package.files {
            match names.iter().position(|name| *name == file.file) {
                Some(place) => next = place + 1,
                None => {
                    names.insert(next, file.file);
                    next += 1;
                }
            }
        }
    }
    names
}

fn notices(text: &mut String, report: &Report) {
    let own = || report.packages.iter().filter(|package| !package.notices.is_empty());
    if report.notices.is_empty() && own().next().is_none() {
        text.push_str("\nNothing was left out or altered.\n");
        return;
    }
    let mut section = |title: &str, codes: &[CodeNotices]| {
        let _ = writeln!(text, "\n{:>11}  {title}", "count");
        let _ = writeln!(text, "{:->11}  {:-<67}", "", "");
        codes.iter().for_each(|code| notice(text, code));
    };
    if !report.notices.is_empty() {
        section("left out, altered or worth knowing, by cause", &report.notices);
    }
    for package in own() {
        section(&format!("the same, in OneRoster {} alone", package.oneroster), &package.notices);
    }
}

fn notice(text: &mut String, code: &CodeNotices) {
    let severity = match code.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    };
    counted(text, Some(code.count), "", &format!("{severity} {}: {}", code.code, code.summary));
    // Where the causes say no more than the code does, they are not repeated.
    let telling = code.causes.iter().filter(|c| !c.cause.is_empty());
    let mut order: Vec<_> = telling.collect();
    order.sort_by_key(|c| std::cmp::Reverse(c.count));
    for cause in order.iter().take(SHOWN) {
        let mut line = cause.cause.clone();
        if !cause.samples.is_empty() {
            let samples: Vec<&str> = cause.samples.iter().take(3).map(String::as_str).collect();
            let _ = write!(line, " (such as {})", samples.join(", "));
        }
        if !cause.left_out.is_empty() {
            let left_out: Vec<String> =
                cause.left_out.iter().map(|(file, rows)| format!("{} {file}", grouped(*rows))).collect();
            let _ = write!(line, "; left out: {}", left_out.join(", "));
        }
        counted(text, Some(cause.count), "- ", &line);
    }
    if order.len() > SHOWN {
        let rest = &order[SHOWN..];
        let count = rest.iter().map(|c| c.count).sum();
        counted(text, Some(count), "- ", &format!("{} further causes: see --report", rest.len()));
    }
    counted(text, None, "> ", code.remedy);
}

fn unmapped(text: &mut String, report: &Report) {
    if report.unmapped.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{:>11}  values that no crosswalk maps", "count");
    let _ = writeln!(text, "{:->11}  {:-<67}", "", "");
    let mut seeds: Vec<&str> = report.unmapped.iter().map(|u| u.seed.as_str()).collect();
    seeds.dedup();
    for seed in seeds {
        counted(text, None, "", seed);
        let mut values: Vec<_> = report.unmapped.iter().filter(|u| u.seed == seed).collect();
        values.sort_by_key(|u| std::cmp::Reverse(u.count));
        for value in values.iter().take(SHOWN) {
            counted(text, Some(value.count), "- ", &format!("{} `{}`", value.column, value.value));
        }
        if values.len() > SHOWN {
            let rest = &values[SHOWN..];
            let count = rest.iter().map(|u| u.count).sum();
            counted(text, Some(count), "- ", &format!("{} further values: see --report", rest.len()));
        }
    }
    counted(
        text,
        None,
        "> ",
        "Answer them in your own copy of the seed, in the folder of --seeds: `rosterpack init` makes it, and `init --update-seeds` adds them.",
    );
}

/// What the validator and the comparison with the last delivery say, where they were asked.
fn judged(text: &mut String, report: &Report) {
    let several = report.packages.len() > 1;
    for package in &report.packages {
        let of = if several { format!(" of OneRoster {}", package.oneroster) } else { String::new() };
        if let Some(judgement) = &package.validation {
            let count = |severity, one, many| counted_noun(judgement.count(severity), one, many);
            text.push('\n');
            wrapped(
                text,
                "",
                &format!(
                    "Judged by every rule, the package{of} has {}, {} and {}.",
                    count(Severity::Error, "error", "errors"),
                    count(Severity::Warning, "warning", "warnings"),
                    count(Severity::Info, "note", "notes")
                ),
            );
            for notice in judgement.notices.iter().filter(|notice| notice.severity >= Severity::Warning) {
                let place = if notice.file.is_empty() { "the package" } else { &notice.file };
                let words =
                    format!("{} {}: {place}: {}", notice.severity.word(), notice.code, notice.summary);
                counted(text, Some(notice.count), "", &words);
            }
        }
        let comparison = &package.comparison;
        let against = &comparison.against;
        match comparison.status {
            Status::NotAsked => {}
            Status::Absent => {
                text.push('\n');
                wrapped(text, "", &format!("Nothing was compared: there is no {against} yet."));
            }
            Status::Unreadable => {
                text.push('\n');
                wrapped(text, "", &format!("Nothing was compared with {against}: {}.", comparison.reason));
            }
            Status::Compared => {
                let sum = |of: fn(&Numbers) -> u64| comparison.files.iter().map(|f| of(&f.numbers)).sum();
                let (gone, new) = (sum(|n| n.removed), sum(|n| n.added));
                let held = match comparison.held.len() as u64 {
                    0 => "the guard would let it pass".to_owned(),
                    reasons => {
                        format!("the guard would hold it ({})", counted_noun(reasons, "reason", "reasons"))
                    }
                };
                text.push('\n');
                wrapped(
                    text,
                    "",
                    &format!(
                        "Since {against}, {} are gone and {} are new; {held}.",
                        counted_noun(gone, "row", "rows"),
                        counted_noun(new, "row", "rows")
                    ),
                );
                for held in &comparison.held {
                    counted(text, Some(held.numbers.removed), "- ", &held.text);
                }
            }
        }
    }
}

/// A line of a table: a count, or none, and wrapped text behind a mark.
fn counted(text: &mut String, count: Option<u64>, mark: &str, words: &str) {
    let count = count.map(grouped).unwrap_or_default();
    let mut first = format!("{count:>11}  {mark}");
    for line in broken(words, WIDTH - 13 - mark.len()) {
        let _ = writeln!(text, "{first}{line}");
        first = " ".repeat(13 + mark.len());
    }
}

fn wrapped(text: &mut String, indent: &str, words: &str) {
    for line in broken(words, WIDTH - indent.len()) {
        let _ = writeln!(text, "{indent}{line}");
    }
}

/// Lines of at most `width` characters, broken at blanks; a longer word stays whole, so that a path can be
/// copied. Control characters become blanks: a value of the source must not steer the terminal.
pub(crate) fn broken(words: &str, width: usize) -> Vec<String> {
    let plain: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut lines = vec![String::new()];
    for word in plain.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (12_345, "12,345"), (1_234_567, "1,234,567")]
        {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn text_is_broken_at_blanks_and_never_cut() {
        assert_eq!(broken("one two three", 7), ["one two", "three"]);
        assert_eq!(broken("a-very-long-path b", 5), ["a-very-long-path", "b"]);
        assert_eq!(broken("a\u{1b}[31mb\n\tc", 20), ["a [31mb c"]);
        assert_eq!(broken("éé éé", 5), ["éé éé"]);
    }
}
