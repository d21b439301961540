//! The road from a source to a package. A stub that refuses every run, until the pipeline is merged.

use std::path::Path;

use crate::config::plan::Plan;
use crate::crosswalk::Crosswalks;
use crate::notice::Notices;
use crate::package::Written;
use crate::report::progress::Progress;
use crate::source::{Source, SourceError};
use crate::spec::File;

/// A value that no crosswalk maps.
#[derive(Debug)]
pub struct Unmapped {
    /// Seed file.
    pub seed: String,
    /// What the value means.
    pub column: String,
    /// The value.
    pub value: String,
    /// How often it occurred.
    pub count: u64,
}

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// The package, unless dry or refused.
    pub written: Option<Written>,
    /// Rows per file.
    pub files: Vec<(File, u64)>,
    /// Faults of the data.
    pub notices: Notices,
    /// Values without an answer.
    pub unmapped: Vec<Unmapped>,
    /// Detected or named.
    pub data_standard: &'static str,
    /// Reasons, if the package was refused.
    pub refused: Option<Vec<String>>,
    /// Rows read from the source.
    pub read_rows: u64,
}

/// Why a run ended without an outcome.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The source cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The package cannot be written.
    #[error(transparent)]
    Package(#[from] crate::package::PackageError),
}

/// Runs a plan.
///
/// # Errors
/// [`PipelineError`].
pub fn export(
    source: &dyn Source,
    _crosswalks: &Crosswalks,
    _plan: &Plan,
    _target: Option<&Path>,
    progress: &dyn Progress,
) -> Result<Outcome, PipelineError> {
    progress.stage("reading the source");
    source.finish()?;
    Ok(Outcome {
        written: None,
        files: Vec::new(),
        notices: Notices::new(),
        unmapped: Vec::new(),
        data_standard: "unknown",
        refused: Some(vec!["this build has no pipeline yet".into()]),
        read_rows: 0,
    })
}
