//! A comparison as JSON: `docs/reference/diff.schema.json` describes it.
//!
//! In: a [`Diff`]. Out: one document. Fields may be added, none changes its meaning.

use serde::Serialize;

use super::schools;
use crate::diff::{Diff, FileDiff, SchoolChange};

#[derive(Serialize)]
struct Document<'d> {
    rosterpack: &'static str,
    #[serde(flatten)]
    diff: &'d Diff,
    files: Vec<OneFile<'d>>,
}

#[derive(Serialize)]
struct OneFile<'d> {
    #[serde(flatten)]
    file: &'d FileDiff,
    schools: Vec<School<'d>>,
}

#[derive(Serialize)]
struct School<'d> {
    #[serde(rename = "sourcedId")]
    id: &'d str,
    name: Option<&'d String>,
    #[serde(flatten)]
    change: &'d SchoolChange,
}

/// The document.
///
/// # Errors
/// None in practice: every field can be written.
pub fn render(diff: &Diff) -> Result<String, serde_json::Error> {
    let files = diff.files.iter().map(|file| OneFile {
        file,
        schools: schools(file)
            .into_iter()
            .map(|(id, change)| School { id, name: diff.school_names.get(id), change })
            .collect(),
    });
    let document = Document { rosterpack: env!("CARGO_PKG_VERSION"), diff, files: files.collect() };
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}
