//! A comparison for people and programs.
//!
//! In: a [`Diff`](super::Diff). Out: text for a terminal, JSON, one HTML page. All show the same facts in the same order; none
//! shows more of a row than was asked for.

pub mod html;
pub mod json;
pub mod terminal;

use std::borrow::Cow;

use super::{FileDiff, Sample, SchoolChange};

/// Schools of a file in which something happened, most of it first.
fn schools(file: &FileDiff) -> Vec<(&str, &SchoolChange)> {
    let mut found: Vec<(&str, &SchoolChange)> = file
        .schools
        .iter()
        .filter(|(_, change)| change.total() > 0)
        .map(|(id, change)| (id.as_str(), change))
        .collect();
    found.sort_by(|a, b| b.1.total().cmp(&a.1.total()).then(a.0.cmp(b.0)));
    found
}

/// Samples of a file by kind of change, with how many rows there are of each.
fn kinds(file: &FileDiff) -> [(&'static str, u64, &[Sample]); 3] {
    [
        ("removed", file.ids.removed, &file.removed_samples),
        ("added", file.ids.added, &file.added_samples),
        ("changed", file.changed, &file.changed_samples),
    ]
}

/// A foreign text on one line, without what a terminal would act on.
fn plain(text: &str) -> Cow<'_, str> {
    match text.chars().any(char::is_control) {
        true => text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect(),
        false => Cow::Borrowed(text),
    }
}

/// A value as it is shown: quoted, and `nothing` for a blank one.
fn value(text: Option<&str>) -> String {
    match text {
        None | Some("") => "nothing".to_owned(),
        Some(text) => format!("\"{}\"", plain(text)),
    }
}
