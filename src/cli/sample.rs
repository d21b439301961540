//! The embedded sample: a small invented district, exported by `export --sample`.
//!
//! In: nothing. Out: the sample's own facts and a source that reads it from memory. The files are those of
//! `sample_ods/`, the output of `synth`.

use rust_embed::RustEmbed;

use crate::source::SourceError;
use crate::source::dump::DumpSource;

/// The sample's tables.
#[derive(RustEmbed)]
#[folder = "sample_ods/"]
struct Tables;

/// Facts of the sample, by the setting that each of them fills.
pub const FACTS: [(&str, &str); 3] =
    [("tenant", "sample"), ("active_school_year", "2025"), ("as_of", "2024-10-01")];

/// What reports call the place.
pub const PLACE: &str = "the embedded sample";

/// The sample as a source.
///
/// # Errors
/// Those of [`DumpSource::embedded`]: none as long as the sample is sound, which a test sees to.
pub fn open() -> Result<DumpSource, SourceError> {
    let files =
        Tables::iter().filter_map(|name| Some((name.to_string(), Tables::get(&name)?.data))).collect();
    DumpSource::embedded(PLACE, files)
}
