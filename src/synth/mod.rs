//! Synth: a stub until it is merged.

use std::path::Path;

/// Which oddities are planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Traps {
    /// None.
    #[default]
    None,
    /// All but those that make ids collide.
    Safe,
    /// All.
    All,
}

/// A data standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// 5.2.
    S52,
}

impl Shape {
    /// All of them.
    pub const ALL: [Shape; 1] = [Shape::S52];

    /// `5.2`.
    pub const fn label(self) -> &'static str {
        "5.2"
    }

    /// The one with this label.
    pub fn from_label(label: &str) -> Option<Shape> {
        (label == "5.2").then_some(Shape::S52)
    }
}

/// What to invent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SynthPlan {
    /// Students.
    pub students: u64,
    /// Seed.
    pub seed: u64,
    /// Data standard.
    pub standard: Shape,
    /// School year.
    pub school_year: i16,
    /// Oddities.
    pub traps: Traps,
    /// Whether to compress.
    pub gzip: bool,
}

/// What was written.
#[derive(Debug)]
pub struct SynthSummary {
    /// Tables with their rows.
    pub tables: Vec<(String, u64)>,
}

/// Why not.
#[derive(Debug, thiserror::Error)]
pub enum SynthError {
    /// Too many.
    #[error("too many students: {asked}")]
    TooMany {
        /// Asked.
        asked: u64,
        /// At most.
        most: u64,
    },
    /// No such year.
    #[error("no school year {0}")]
    SchoolYear(i16),
    /// Not empty.
    #[error("{} is not empty", folder.display())]
    NotEmpty {
        /// The folder.
        folder: std::path::PathBuf,
        /// What is in it.
        file: String,
    },
    /// The disk refused.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Writes nothing yet.
///
/// # Errors
/// Always.
pub fn write(
    plan: &SynthPlan,
    _out: &Path,
    _progress: &(dyn Fn(&str, u64) + Sync),
) -> Result<SynthSummary, SynthError> {
    Err(SynthError::TooMany { asked: plan.students, most: 0 })
}
