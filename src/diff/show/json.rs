//! A comparison as JSON: `docs/reference/diff.schema.json` describes it.
//!
//! In: a [`Diff`]. Out: one document. Fields may be added, none changes its meaning.

use serde::Serialize;

use crate::diff::Diff;

#[derive(Serialize)]
struct Document<'a> {
    rosterpack: &'static str,
    #[serde(flatten)]
    diff: &'a Diff,
}

/// The document.
///
/// # Errors
/// None in practice: every field can be written.
pub fn render(diff: &Diff) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&Document { rosterpack: env!("CARGO_PKG_VERSION"), diff })
        .map(|text| text + "\n")
}
