//! Delivery into a folder of this machine, a share or a mount.
//!
//! In: a folder and a parcel. Out: every item under its final name, written beside it, brought to the disk, its size
//! checked, renamed. The folder must exist: one that is not there is a mount that is not there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::durable::{self, Failpoint, Sum, Sweep};
use super::parcel::{Opened, Parcel};

/// A folder to deliver to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderTarget {
    /// The folder.
    pub folder: PathBuf,
    /// Permissions of what is written, `0o600` unless others are to fetch it.
    pub mode: u32,
    /// An empty file that is written when everything has arrived, and removed before anything does.
    pub marker: Option<String>,
    /// Whether loose files of OneRoster that the package does not hold stay in the folder.
    pub keep_absent: bool,
}

/// A delivery into a folder failed; nothing half-written stands under a final name.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}", path.display())]
pub struct FolderError {
    /// What could not be written.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl FolderError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self.source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                "the folder must exist: create it, or look whether its disk is mounted"
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "free space on that disk, then deliver again"
            }
            _ => "check the folder and its permissions, then deliver again",
        }
    }
}

/// Delivers a parcel; returns the bytes that are there now.
///
/// # Errors
/// [`FolderError`].
pub fn deliver(
    target: &FolderTarget,
    parcel: &Parcel,
    failpoint: &dyn Failpoint,
) -> Result<u64, FolderError> {
    let at = |name: &str| target.folder.join(name);
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| FolderError { path, source }
    };
    // A folder that one may write to and not read is a usual place to drop things.
    let _ = durable::sweep(&target.folder, Sweep::Dead);
    if let Some(marker) = &target.marker {
        remove(&at(marker)).map_err(failed(&at(marker)))?;
    }
    for item in &parcel.items {
        durable::replace(&target.folder, &item.name, target.mode, failpoint, |file| {
            let mut opened = Opened::default();
            let sum = durable::copy_summed(&mut *parcel.open(item, &mut opened)?, file)?;
            if sum.bytes == item.bytes {
                Ok(sum)
            } else {
                Err(io::Error::other("the package changed while it was read"))
            }
        })
        .map_err(failed(&at(&item.name)))?;
    }
    if !target.keep_absent {
        for name in parcel.absent() {
            remove(&at(name)).map_err(failed(&at(name)))?;
        }
    }
    if let Some(marker) = &target.marker {
        let empty = |_: &mut fs::File| Ok(Sum { bytes: 0, sha256: String::new() });
        durable::replace(&target.folder, marker, target.mode, failpoint, empty)
            .map_err(failed(&at(marker)))?;
    }
    Ok(parcel.bytes())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
