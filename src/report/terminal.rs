//! The summary of a run for people: plain text, 80 columns, no colour needed.
//!
//! In: a [`Report`]. Out: text: what was run, rows per file, what was left out or altered by cause with what
//! to do about it, and the values that no crosswalk maps. What does not fit is counted, never cut in silence.

use std::fmt::Write;

use super::{CodeNotices, Ending, Report};
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
            report.rosterpack, run.tenant, run.school_year, run.as_of, run.oneroster
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
    text.push('\n');
    let _ = match (report.outcome, &report.zip) {
        (Ending::Published, Some(zip)) => {
            writeln!(text, "The package was written: {} bytes.", grouped(zip.bytes))
        }
        (Ending::Published, None) => writeln!(text, "The package was written."),
        (Ending::DryRun, _) => writeln!(text, "Dry run: no package was written."),
        // The reasons are told as an error, with or without a summary.
        (Ending::Refused, _) => writeln!(text, "No package was written."),
    };
    text
}

fn files(text: &mut String, report: &Report) {
    let total: u64 = report.files.iter().map(|f| f.rows).sum();
    let _ = writeln!(text, "\n{:<32}{:>16}", "file", "rows");
    let _ = writeln!(text, "{:-<32}{:->16}", "", "");
    for file in &report.files {
        let _ = writeln!(text, "{:<32}{:>16}", format!("{}.csv", file.file), grouped(file.rows));
    }
    let _ = writeln!(text, "{:<32}{:>16}", "total", grouped(total));
}

fn notices(text: &mut String, report: &Report) {
    if report.notices.is_empty() {
        text.push_str("\nNothing was left out or altered.\n");
        return;
    }
    let _ = writeln!(text, "\n{:>11}  left out, altered or worth knowing, by cause", "count");
    let _ = writeln!(text, "{:->11}  {:-<67}", "", "");
    for code in &report.notices {
        notice(text, code);
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
    counted(text, None, "> ", "Add them to your own copy of the seed and name its folder with --seeds.");
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

/// A number with commas between groups of three digits.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
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
