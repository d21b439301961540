//! The report as one HTML page for a district clerk: whether the package went out, what needs attention, then everything else.
//!
//! In: a [`Report`]. Out: the page: no script, no request, light and dark, for the screen, the phone and paper. It shows what the JSON
//! holds and decides nothing; long lists are cut with a count and a word on where the rest is. Values of the source come
//! escaped, names only where the report has them.

mod attention;
mod contents;
mod faults;
mod plot;
mod run;
mod style;

use maud::{Markup, html};

use super::terminal::grouped;
use super::{Ending, Report};
use crate::check::show::counted;
use crate::page;

/// Rows of a long table that are shown; the JSON has all.
const ROWS: usize = 100;

/// The page.
pub fn page(report: &Report) -> String {
    let title = format!("{}: roster export, school year {}", report.run.tenant, year(report));
    let footer = match report.names.is_empty() {
        true => "Samples hold ids, no names. The whole of it, for programs, is in report.json.",
        false => {
            "Names of persons stand in this report because they were asked for: treat it as you treat the package. The whole of it, for programs, is in report.json."
        }
    };
    let body = html! {
        (first_screen(report))
        (contents_list(report))
        (run::comparisons(report))
        (contents::schools(report))
        (contents::class_sizes(report))
        (contents::files(report))
        (faults::left_out(report))
        (faults::validations(report))
        (faults::unmapped(report))
        (contents::fill_rates(report))
        (contents::personal(report))
        (run::unchecked(report))
        (run::choices(report))
        (run::facts(report))
    };
    page::document(&title, style::STYLE, body, footer)
}

/// `2024-2025`, as schools write it.
fn year(report: &Report) -> String {
    format!("{}-{}", report.run.school_year - 1, report.run.school_year)
}

/// A section of the page that links can lead to.
fn section(id: &str, title: &str, body: &Markup) -> Markup {
    html! { section id=(id) aria-labelledby={ (id) "-title" } { h2 id={ (id) "-title" } { (title) } (body) } }
}

/// A sentence of ours, in which words between backticks are those of a machine.
fn prose(text: &str) -> Markup {
    html! {
        @for (n, part) in text.split('`').enumerate() { @if n % 2 == 1 { code { (part) } } @else { (part) } }
    }
}

/// Words with `and` between the last two.
fn joined(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A share in percent that is 0 or 100 only when it is exactly that; blank of nothing.
fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return String::new();
    }
    match u128::from(part) * 100 / u128::from(whole) {
        _ if part == whole => "100%".to_owned(),
        0 if part > 0 => "under 1%".to_owned(),
        share => format!("{share}%"),
    }
}

fn first_screen(report: &Report) -> Markup {
    let several = report.packages.len() > 1;
    let versions: Vec<&str> = report.packages.iter().map(|package| package.oneroster).collect();
    let (class, verdict) = match report.outcome {
        Ending::Published if several => ("good", "The packages were published."),
        Ending::Published => ("good", "The package was published."),
        Ending::Refused if several => ("bad", "No package was published."),
        Ending::Refused => ("bad", "The package was not published."),
        Ending::DryRun => ("plain", "This was a rehearsal: no package was written."),
    };
    html! {
        header {
            h1 { "Roster export for " (report.run.tenant) }
            p class="soft" {
                "School year " (year(report)) ", as of " time datetime=(report.run.as_of) { (report.run.as_of) }
                ", OneRoster " (joined(&versions)) "."
            }
        }
        div class={ "outcome " (class) } {
            p class="headline" { (verdict) }
            @match report.outcome {
                Ending::Published => {
                    @for zip in report.packages.iter().filter_map(|package| package.zip.as_ref()) {
                        p { "It is complete and in its place: " code { (zip.path) } " (" (size(zip.bytes)) ")." }
                    }
                }
                Ending::Refused => {
                    p { "What was there before is untouched: vendors keep the roster that they have. The figures below are what the package would have held. " (refusals(report)) }
                }
                Ending::DryRun => p { "The figures below are what a package would have held." }
            }
        }
        @if let Some(figures) = &report.figures {
            @let total = &figures.total;
            @let schools = figures.orgs.iter().filter(|org| org.kind == "school").count() as u64;
            dl class="figures" {
                (figure("Students", total.students)) (figure("Staff", total.staff)) (figure("Classes", total.classes))
                (figure("Schools", schools)) @if total.parents > 0 { (figure("Parents", total.parents)) }
            }
        }
        (section("attention", "What needs attention", &attention::list(report)))
    }
}

fn refusals(report: &Report) -> Markup {
    const SHOWN: usize = 5;
    html! {
        (counted(report.refused.len() as u64, "reason stands", "reasons stand")) " against it:"
        ul {
            @for reason in report.refused.iter().take(SHOWN) { li { (reason) } }
            @if report.refused.len() > SHOWN {
                li { "and " (grouped((report.refused.len() - SHOWN) as u64)) " more" }
            }
        }
    }
}

fn figure(label: &str, number: u64) -> Markup {
    html! { div { dt { (label) } dd { (grouped(number)) } } }
}

/// A size in the unit that people say.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..10_000_000 => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
        _ => format!("{} MB", grouped(bytes / 1_000_000)),
    }
}

fn contents_list(report: &Report) -> Markup {
    let mut entries = vec![("comparison", "Since the last delivery")];
    if report.figures.is_some() {
        entries.extend([("schools", "Schools"), ("class-sizes", "Class sizes")]);
    }
    entries.extend([("files", "Files"), ("left-out", "What was left out or changed, and why")]);
    if report.packages.iter().any(|package| package.validation.is_some()) {
        entries.push(("validation", "Validation"));
    }
    if !report.unmapped.is_empty() {
        entries.push(("unmapped", "Values without a translation"));
    }
    if report.figures.is_some() {
        entries.extend([("fill", "How full the columns are"), ("personal", "Personal data")]);
    }
    entries.extend([("unchecked", "What was not checked"), ("choices", "Choices"), ("run", "This run")]);
    html! {
        nav aria-label="Contents" { ul { @for (id, title) in entries { li { a href={ "#" (id) } { (title) } } } } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_sizes_are_never_rounded_to_all_or_nothing() {
        assert_eq!(percent(0, 0), "");
        assert_eq!(percent(0, 3), "0%");
        assert_eq!(percent(1, 1_000), "under 1%");
        assert_eq!(percent(999, 1_000), "99%");
        assert_eq!(percent(u64::MAX, u64::MAX), "100%");
        assert_eq!(size(999), "999 bytes");
        assert_eq!(size(56_376), "56 kB");
        assert_eq!(size(1_250_000), "1.2 MB");
        assert_eq!(size(12_345_678_901), "12,345 MB");
        assert_eq!(joined(&["1.1", "1.2"]), "1.1 and 1.2");
    }
}
