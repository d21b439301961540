//! Crosswalks: a stub until they are merged.

use std::path::{Path, PathBuf};

/// All crosswalks.
#[derive(Debug)]
pub struct Crosswalks {
    /// Files that are no seeds.
    pub ignored: Vec<PathBuf>,
}

/// Why a seed cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CrosswalkError {
    /// The folder cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
}

impl Crosswalks {
    /// The built-in ones, replaced by those of a folder.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn load(dir: Option<&Path>) -> Result<Crosswalks, CrosswalkError> {
        if let Some(dir) = dir {
            std::fs::read_dir(dir)
                .map_err(|e| CrosswalkError::Unreadable { path: dir.into(), reason: e.to_string() })?;
        }
        Ok(Crosswalks { ignored: Vec::new() })
    }
}
