//! Dump: a stub until it is merged.

use std::borrow::Cow;
use std::path::Path;

use super::{Catalog, Part, ReadStats, Request, Sink, Source, SourceError};

/// A folder of extracts.
#[derive(Debug)]
pub struct DumpSource(Catalog);

impl DumpSource {
    /// Opens a folder.
    ///
    /// # Errors
    /// It is missing or empty.
    pub fn open(folder: &Path) -> Result<DumpSource, SourceError> {
        let place = folder.display().to_string();
        let fault = |reason: String| SourceError::Place {
            place: place.clone(),
            reason,
            remedy: "Check --source".into(),
        };
        let mut entries = std::fs::read_dir(folder).map_err(|e| fault(e.to_string()))?;
        match entries.next() {
            Some(_) => Ok(DumpSource(Catalog { place, ..Catalog::default() })),
            None => Err(fault("there is no table extract in it".into())),
        }
    }

    /// Opens files from memory.
    ///
    /// # Errors
    /// There are none.
    pub fn embedded(
        place: &str,
        _files: Vec<(String, Cow<'static, [u8]>)>,
    ) -> Result<DumpSource, SourceError> {
        Ok(DumpSource(Catalog { place: place.to_owned(), ..Catalog::default() }))
    }
}

impl Source for DumpSource {
    fn catalog(&self) -> &Catalog {
        &self.0
    }
    fn read(&self, _request: &Request, _part: Part, _sink: &mut Sink<'_>) -> Result<ReadStats, SourceError> {
        Ok(ReadStats::default())
    }
}
