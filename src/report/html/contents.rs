//! What is in the packages: schools, class sizes, files, how full the columns are, which of them are personal.
//!
//! In: the report. Out: these sections; nothing where nobody counted.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::super::contents::{FileRows, OrgCounts, PersonFill, PersonalColumn};
use super::super::terminal::grouped;
use super::super::{Ending, PackageReport, Report};
use super::plot::{self, Bar};
use super::{ROWS, percent, section};
use crate::check::show::counted;
use crate::roster::figures::Tallies;
use crate::spec::Personal;

/// Bars of their own in the plot of schools; the rest share one.
const BARS: usize = 12;

/// The name of an organization by its sourcedId, else that id.
pub fn org_name(report: &Report, sourced_id: &str) -> String {
    let orgs = report.figures.iter().flat_map(|figures| &figures.orgs);
    let found = orgs.into_iter().find(|org| org.sourced_id == sourced_id);
    found.map_or_else(|| sourced_id.to_owned(), |org| org.name.clone())
}

/// Rows of all files of the first package at each organization.
fn rows_at(report: &Report) -> BTreeMap<&str, u64> {
    let mut rows = BTreeMap::new();
    for org in report.packages.iter().take(1).flat_map(|package| &package.files).flat_map(|file| &file.orgs) {
        *rows.entry(org.sourced_id.as_str()).or_default() += org.rows;
    }
    rows
}

/// Schools and what there is at them.
pub fn schools(report: &Report) -> Markup {
    let Some(figures) = &report.figures else { return html! {} };
    let rows = rows_at(report);
    let at = |org: &OrgCounts| rows.get(org.sourced_id.as_str()).copied().unwrap_or_default();
    let mut orgs: Vec<&OrgCounts> =
        figures.orgs.iter().filter(|org| org.kind == "school" || at(org) > 0).collect();
    orgs.sort_by_key(|org| (org.kind != "school", std::cmp::Reverse(at(org))));
    let schools: Vec<&OrgCounts> = orgs.iter().copied().filter(|org| org.kind == "school").collect();
    let mut bars: Vec<Bar> = schools
        .iter()
        .take(BARS)
        .map(|org| Bar { label: org.name.clone(), number: at(org), rest: false })
        .collect();
    let rest = &schools[bars.len()..];
    if !rest.is_empty() {
        let number = rest.iter().map(|org| at(org)).sum();
        bars.push(Bar {
            label: counted(rest.len() as u64, "further school", "further schools"),
            number,
            rest: true,
        });
    }
    let hidden = orgs.len().saturating_sub(ROWS);
    section(
        "schools",
        "Schools",
        &html! {
            @if schools.is_empty() { p { "The package has no school." } } @else {
                (plot::bars("schools-plot", "Rows of the package by school", "The schools with the most rows in all files together, most first; the table below has their numbers.", &bars))
            }
            div class="wide" { table {
                caption { "What there is at each school; whoever belongs to several counts at each, and the last line counts everybody once" }
                thead { tr { th scope="col" { "School" } @for title in ["Students", "Staff", "Classes", "Enrollments", "Rows"] { th scope="col" class="number" { (title) } } } }
                tbody {
                    @for org in orgs.iter().take(ROWS) { tr {
                        th scope="row" { (org.name) " " span class="soft" { (org.id) @if org.kind != "school" { ", " (org.kind) } } }
                        (counts(&org.counts)) td class="number" { (grouped(at(org))) }
                    } }
                    tr class="sum" { th scope="row" { "All" } (counts(&figures.total)) td class="number" { (grouped(report.packages.first().map_or(0, |p| p.files.iter().map(|f| f.rows).sum()))) } }
                }
            } }
            @if hidden > 0 { p class="soft" { "And " (grouped(hidden as u64)) " further organizations in report.json." } }
            (without(report, figures.total))
        },
    )
}

fn counts(counts: &Tallies) -> Markup {
    html! {
        @for number in [counts.students, counts.staff, counts.classes, counts.student_enrollments + counts.teacher_enrollments] {
            td class="number" { (grouped(number)) }
        }
    }
}

/// Which schools have classes that nobody is in or nobody teaches.
fn without(report: &Report, total: Tallies) -> Markup {
    let list = |what: &str, count: u64, of: fn(&Tallies) -> u64| {
        let orgs = report.figures.iter().flat_map(|figures| &figures.orgs).filter(|org| of(&org.counts) > 0);
        let mut orgs: Vec<_> = orgs.collect();
        orgs.sort_by_key(|org| std::cmp::Reverse(of(&org.counts)));
        let shown: Vec<String> =
            orgs.iter().take(5).map(|org| format!("{} ({})", org.name, grouped(of(&org.counts)))).collect();
        let more = if orgs.len() > 5 { format!(" and {} more", orgs.len() - 5) } else { String::new() };
        html! { @if count > 0 { p { (counted(count, "class has", "classes have")) " " (what) ": " (shown.join(", ")) (more) "." } } }
    };
    html! {
        (list("no student", total.classes_without_students, |counts| counts.classes_without_students))
        (list("no teacher", total.classes_without_teacher, |counts| counts.classes_without_teacher))
    }
}

/// How large classes are.
pub fn class_sizes(report: &Report) -> Markup {
    let Some(figures) = &report.figures else { return html! {} };
    let sizes: Vec<(String, u64)> = figures
        .class_sizes
        .iter()
        .map(|size| {
            let label = match size.to {
                Some(to) if to == size.from => to.to_string(),
                Some(to) => format!("{}\u{2013}{to}", size.from),
                None => format!("{}+", size.from),
            };
            (label, size.classes)
        })
        .collect();
    let counted: u64 = sizes.iter().map(|(_, classes)| classes).sum();
    section(
        "class-sizes",
        "Class sizes",
        &html! {
            @if counted == 0 { p { "There is no class with enrollments to count." } } @else {
                p { "Classes by the number of students enrolled in them." }
                (plot::columns("sizes-plot", "Classes by number of students", "One bar for each range of class sizes; the table below has the same numbers.", &sizes))
                details { summary { "As a table" } div class="wide" { table {
                    caption { "Classes by number of students" }
                    thead { tr { th scope="col" { "Students" } th scope="col" class="number" { "Classes" } } }
                    tbody { @for (label, classes) in &sizes { tr { th scope="row" { (label) } td class="number" { (grouped(*classes)) } } } }
                } } }
            }
        },
    )
}

/// Rows by file, a column for each package.
pub fn files(report: &Report) -> Markup {
    let names = super::super::terminal::all_files(&report.packages);
    let alone = report.packages.len() == 1;
    let mut missing: BTreeMap<&str, u64> = BTreeMap::new();
    let codes = report.notices.iter().chain(report.packages.iter().take(1).flat_map(|p| &p.notices));
    for (file, rows) in codes.flat_map(|code| &code.causes).flat_map(|cause| &cause.left_out) {
        *missing.entry(file).or_default() += rows;
    }
    let of = |package: &PackageReport, name: &str| {
        package.files.iter().find(|file| file.file == name).map(|f| f.rows)
    };
    section(
        "files",
        "Files",
        &html! {
            div class="wide" { table {
                caption { "Rows of each file, and rows of the source that were left out of it" }
                thead { tr { th scope="col" { "File" } @for package in &report.packages { th scope="col" class="number" { @if alone { "Rows" } @else { "OneRoster " (package.oneroster) } } }
                    th scope="col" class="number" { "Left out" } } }
                tbody {
                    @for name in &names { tr {
                        th scope="row" { code { (name) ".csv" } }
                        @for package in &report.packages { td class="number" { @match of(package, name) { Some(rows) => (grouped(rows)), None => span class="soft" { "absent" } } } }
                        td class="number" { (grouped(missing.get(name).copied().unwrap_or_default())) }
                    } }
                    tr class="sum" { th scope="row" { "All" } @for package in &report.packages { td class="number" { (grouped(package.files.iter().map(|file| file.rows).sum())) } }
                        td class="number" { (grouped(missing.values().sum())) } }
                }
            } }
        },
    )
}

/// How full the columns are, by file, with the schools where they are emptiest.
pub fn fill_rates(report: &Report) -> Markup {
    if report.figures.is_none() {
        return html! {};
    }
    let several = report.packages.len() > 1;
    section(
        "fill",
        "How full the columns are",
        &html! {
            p { "The share of rows that have a value, and the school where it is lowest. Columns without any value stand below each table." }
            @for package in &report.packages { @for file in package.files.iter().filter(|file| file.rows > 0 && !file.columns.is_empty()) {
                details open[matches!(file.file, "users" | "demographics")] {
                    summary { code { (file.file) ".csv" } @if several { " of OneRoster " (package.oneroster) } ", " (counted(file.rows, "row", "rows")) }
                    (fill_of(report, file))
                }
            } }
        },
    )
}

fn fill_of(report: &Report, file: &FileRows) -> Markup {
    let (used, empty): (Vec<_>, Vec<_>) = file.columns.iter().partition(|column| column.filled > 0);
    let by_org = file.orgs.iter().any(|org| org.rows > 0);
    let at = |person: &PersonFill, column: &str| {
        person.rows - person.blank.get(column).copied().unwrap_or_default()
    };
    html! {
        div class="wide" { table {
            caption { "Share of filled cells in " (file.file) ".csv" }
            thead { tr { th scope="col" { "Column" } th scope="col" { "Filled" } th scope="col" class="number" { "Share" }
                @for person in &file.persons { th scope="col" class="number" { (kind_of_person(person.kind)) } }
                @if by_org { th scope="col" { "Lowest at" } } } }
            tbody { @for column in used { tr {
                th scope="row" { code { (column.column) } }
                td { (plot::share(column.filled, file.rows)) }
                td class="number" { (percent(column.filled, file.rows)) }
                @for person in &file.persons { td class="number" { (percent(at(person, &column.column), person.rows)) } }
                @if by_org { td { (lowest(report, file, &column.column, column.filled)) } }
            } } }
        } }
        @if !empty.is_empty() { p class="soft" { "Empty throughout: " @for (n, column) in empty.iter().enumerate() { @if n > 0 { ", " } code { (column.column) } } "." } }
    }
}

fn kind_of_person(kind: &str) -> &str {
    match kind {
        "student" => "Students",
        "staff" => "Staff",
        "parent" => "Parents",
        other => other,
    }
}

/// The schools where a column is filled least, when that is less than elsewhere.
fn lowest(report: &Report, file: &FileRows, column: &str, filled: u64) -> String {
    let schools = report.figures.iter().flat_map(|figures| &figures.orgs).filter(|org| org.kind == "school");
    let schools: BTreeSet<&str> = schools.map(|org| org.sourced_id.as_str()).collect();
    let mut orgs: Vec<(&str, u64, u64)> = file
        .orgs
        .iter()
        .filter(|org| schools.contains(org.sourced_id.as_str()))
        .filter_map(|org| Some((org.sourced_id.as_str(), org.rows - org.blank.get(column)?, org.rows)))
        // Below the share of the file as a whole.
        .filter(|(_, here, rows)| {
            u128::from(*here) * u128::from(file.rows) < u128::from(filled) * u128::from(*rows)
        })
        .collect();
    orgs.sort_by(|a, b| (u128::from(a.1) * u128::from(b.2)).cmp(&(u128::from(b.1) * u128::from(a.2))));
    let shown = orgs.iter().take(1);
    let shown: Vec<String> = shown
        .map(|(id, here, rows)| format!("{} ({})", org_name(report, id), percent(*here, *rows)))
        .collect();
    shown.join(", ")
}

/// Which personal columns have values.
pub fn personal(report: &Report) -> Markup {
    if report.figures.is_none() {
        return html! {};
    }
    let several = report.packages.len() > 1;
    section(
        "personal",
        "Personal data",
        &html! {
            p { @match report.outcome {
                Ending::Published => "These columns of the package hold what tells of a person. Whoever gets the package gets them.",
                _ => "These columns would have held what tells of a person. No package left the building in this run.",
            } }
            @for package in &report.packages {
                @if several { h3 { "OneRoster " (package.oneroster) } }
                @if package.personal.is_empty() { p { "None." } } @else { (personal_of(package)) }
            }
        },
    )
}

fn personal_of(package: &PackageReport) -> Markup {
    let kinds = Personal::ALL.into_iter().map(|kind| {
        let columns = package.personal.iter().filter(|column| column.kind == kind.word());
        (kind, columns.collect::<Vec<&PersonalColumn>>())
    });
    let (held, absent): (Vec<_>, Vec<_>) = kinds.partition(|(_, columns)| !columns.is_empty());
    html! {
        div class="wide" { table {
            caption { "Kinds of personal data in the package" }
            thead { tr { th scope="col" { "What" } th scope="col" { "Columns, with the number of rows that have a value" } } }
            tbody { @for (kind, columns) in &held { tr {
                th scope="row" { (kind_name(*kind)) }
                td { @for column in columns { span class="tag" { code { (column.file) "." (column.column) } " " (grouped(column.filled)) } } }
            } } }
        } }
        @if !absent.is_empty() {
            p { "Not in it: " @for (n, (kind, _)) in absent.iter().enumerate() { @if n > 0 { ", " } (kind_name(*kind).to_lowercase()) } "." }
        }
    }
}

fn kind_name(kind: Personal) -> &'static str {
    match kind {
        Personal::Name => "Names",
        Personal::Email => "E-mail addresses",
        Personal::Phone => "Telephone numbers",
        Personal::SignIn => "Sign-in names and passwords",
        Personal::Identifier => "Numbers by which people are known",
        Personal::BirthDate => "Birth dates",
        Personal::Demographics => "Sex, race, ethnicity, place of birth, pronouns",
        Personal::Family => "Who belongs to whom in a family",
        Personal::Performance => "Grades and scores",
        Personal::Extension => "Further columns of the district's own",
    }
}
