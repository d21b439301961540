//! A comparison as text for a terminal.
//!
//! In: a [`Diff`]. Out: a table of all files, then what happened in each of those where something did: columns, schools,
//! samples. Long lists are cut and say so.

use std::fmt::Write;

use super::{kinds, plain, schools, value};
use crate::check::show::{counted, grouped};
use crate::diff::{Diff, FileDiff, Package, Sample, Which};

/// Schools that are listed per file; JSON and HTML have all.
const SCHOOLS: usize = 20;

/// The text.
pub fn render(diff: &Diff) -> String {
    let mut text = String::new();
    for (name, Package { package, version }) in [("OLD", &diff.old), ("NEW", &diff.new)] {
        let version =
            version.map_or("of no known version".to_owned(), |version| format!("OneRoster {version}"));
        let _ = writeln!(text, "{name}  {}  ({version})", plain(package));
    }
    if let Some(school) = &diff.school {
        let _ = writeln!(text, "Only rows of school {}.", named(diff, school));
    }
    for note in &diff.notes {
        let _ = writeln!(text, "note: {}", plain(note));
    }
    let width = diff.files.iter().map(|file| file.file.csv_name().len()).max().unwrap_or_default().max(4);
    let _ = writeln!(
        text,
        "\n{:<width$}{:>12}{:>12}{:>11}{:>11}{:>11}",
        "file", "before", "after", "removed", "added", "changed"
    );
    for file in &diff.files {
        let ids = &file.ids;
        let [before, after, removed, added, changed] =
            [ids.before, ids.after, ids.removed, ids.added, file.changed].map(grouped);
        let _ = writeln!(
            text,
            "{:<width$}{before:>12}{after:>12}{removed:>11}{added:>11}{changed:>11}",
            file.file.csv_name()
        );
    }
    if !diff.manifest.is_empty() {
        text += "\nmanifest.csv\n";
        for change in &diff.manifest {
            let (old, new) = (value(change.old.as_deref()), value(change.new.as_deref()));
            let _ = writeln!(text, "  {}: {old} -> {new}", plain(&change.property));
        }
    }
    for found in &diff.files {
        if !found.is_equal() || found.restamped > 0 {
            file(&mut text, diff, found);
        }
    }
    if diff.equal {
        text += "\nBoth packages say the same.\n";
    }
    text
}

/// A school by its id, with its name where that was asked for.
fn named(diff: &Diff, school: &str) -> String {
    let name = diff.school_names.get(school).map(|name| format!(" {}", plain(name))).unwrap_or_default();
    format!("{}{name}", plain(school))
}

fn file(text: &mut String, diff: &Diff, file: &FileDiff) {
    let _ = writeln!(text, "\n{}", file.file.csv_name());
    match file.only {
        Some(Which::Old) => *text += "  only in OLD\n",
        Some(Which::New) => *text += "  only in NEW\n",
        None => {}
    }
    if file.modes[0] != file.modes[1] && file.only.is_none() {
        let [old, new] = file.modes.map(|mode| mode.unwrap_or("not said"));
        let _ = writeln!(text, "  travels as {old} -> {new}");
    }
    for (what, columns) in [("gone", &file.columns_removed), ("new", &file.columns_added)] {
        if !columns.is_empty() {
            let columns: Vec<_> = columns.iter().map(|column| plain(column)).collect();
            let _ = writeln!(text, "  columns that are {what}: {}", columns.join(", "));
        }
    }
    if !file.columns.is_empty() {
        let columns = file.columns.iter().map(|(name, count)| format!("{} {}", plain(name), grouped(*count)));
        let _ = writeln!(text, "  changed by column: {}", columns.collect::<Vec<_>>().join(", "));
    }
    if file.restamped > 0 {
        let rows = counted(file.restamped, "row differs", "rows differ");
        let _ = writeln!(text, "  {rows} in dateLastModified alone");
    }
    let found = schools(file);
    if !found.is_empty() && diff.school.is_none() {
        let _ = writeln!(text, "  by school: {:>38}{:>11}{:>11}", "removed", "added", "changed");
        for (school, change) in found.iter().take(SCHOOLS) {
            let [removed, added, changed] =
                [change.ids.removed, change.ids.added, change.changed].map(grouped);
            let _ = writeln!(text, "    {:<45}{removed:>3}{added:>11}{changed:>11}", named(diff, school));
        }
        if found.len() > SCHOOLS {
            let more = counted((found.len() - SCHOOLS) as u64, "more school", "more schools");
            let _ = writeln!(text, "    and {more}; --json and --html have all");
        }
    }
    for (kind, count, samples) in kinds(file) {
        if samples.is_empty() {
            continue;
        }
        let _ = writeln!(text, "  {kind}:");
        for sample in samples {
            let _ = writeln!(text, "    {}", one(sample));
        }
        let more = count.saturating_sub(samples.len() as u64);
        if more > 0 {
            let _ = writeln!(text, "    and {} more", grouped(more));
        }
    }
}

fn one(sample: &Sample) -> String {
    let mut text = plain(&sample.id).into_owned();
    if let Some(name) = &sample.name {
        let _ = write!(text, " {}", plain(name));
    }
    let cells: Vec<String> = sample
        .cells
        .iter()
        .map(|cell| {
            let column = plain(&cell.column).into_owned();
            match (&cell.old, &cell.new) {
                (None, None) => column,
                (old, new) => {
                    format!("{column} {} -> {}", value(old.as_deref()), value(new.as_deref()))
                }
            }
        })
        .collect();
    if !cells.is_empty() {
        let _ = write!(text, ": {}", cells.join(", "));
    }
    text
}
