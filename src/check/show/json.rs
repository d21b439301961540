//! Judgements as JSON: `docs/reference/validation.schema.json` describes it.
//!
//! In: judgements. Out: one document. Fields may be added, none changes its meaning.

use serde::Serialize;

use super::Judged;

#[derive(Serialize)]
struct Document<'a> {
    rosterpack: &'static str,
    packages: &'a [Judged],
}

/// The document.
///
/// # Errors
/// None in practice: every field can be written.
pub fn render(packages: &[Judged]) -> Result<String, serde_json::Error> {
    let document = Document { rosterpack: env!("CARGO_PKG_VERSION"), packages };
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}
