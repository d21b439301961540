//! Files that survive: written whole under a temporary name, brought to the disk, renamed; appended to line by line.
//!
//! In: bytes and a final name. Out: the name holds what it held or all that is new, at any moment, whatever dies. A
//! [`Failpoint`] hears of every step before it is taken, so that tests can let the disk fill up or the process die at
//! each of them. Files are made for their owner only.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::package::sync_folder;

/// Hears what is about to be done to the disk, and may refuse it.
pub trait Failpoint: Sync {
    /// The step with this name is next.
    ///
    /// # Errors
    /// Whatever the step itself could have failed with.
    fn reach(&self, step: &'static str) -> io::Result<()>;
}

/// Refuses nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFailpoint;

impl Failpoint for NoFailpoint {
    fn reach(&self, _step: &'static str) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes and SHA-256 of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in lower-case hexadecimal.
    pub sha256: String,
}

/// Copies from here to there and says what went by.
pub(super) fn copy_summed(from: &mut dyn Read, to: &mut dyn Write) -> io::Result<Sum> {
    let mut hasher = Sha256::new();
    let mut bytes = 0;
    let mut buffer = vec![0; 1 << 17];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let Some(piece) = buffer.get(..count) else { break };
        hasher.update(piece);
        to.write_all(piece)?;
        bytes += count as u64;
    }
    Ok(Sum { bytes, sha256: format!("{:x}", Hexadecimal(&hasher.finalize())) })
}

/// Size and SHA-256 of a file as it stands on the disk.
///
/// # Errors
/// When it cannot be read.
pub fn sum_of(path: &Path) -> io::Result<Sum> {
    copy_summed(&mut File::open(path)?, &mut io::sink())
}

struct Hexadecimal<'a>(&'a [u8]);

impl std::fmt::LowerHex for Hexadecimal<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Makes a folder that only its owner may enter, and its parents as they come; an existing one is closed to others.
pub(super) fn private_folder(folder: &Path) -> io::Result<()> {
    if let Some(parent) = folder.parent().filter(|p| !p.as_os_str().is_empty() && !p.exists()) {
        private_folder(parent)?;
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Ok(()) => folder.parent().filter(|p| !p.as_os_str().is_empty()).map_or(Ok(()), sync_folder),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {
            #[cfg(unix)]
            fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Gives `folder/name` new content, all of it or none.
///
/// # Errors
/// Those of the system; the name then holds what it held, except that a failing last step leaves the new content.
pub(super) fn replace(
    folder: &Path,
    name: &str,
    mode: u32,
    failpoint: &dyn Failpoint,
    fill: impl FnOnce(&mut File) -> io::Result<Sum>,
) -> io::Result<Sum> {
    failpoint.reach("create")?;
    let mut file = tempfile::Builder::new()
        .prefix(&format!("{PREFIX}{}-", std::process::id()))
        .suffix(SUFFIX)
        .tempfile_in(folder)
        .map_err(bare)?;
    #[cfg(unix)]
    if mode != 0o600 {
        file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    }
    failpoint.reach("write")?;
    let sum = fill(file.as_file_mut())?;
    failpoint.reach("sync")?;
    file.as_file().sync_all()?;
    let found = file.as_file().metadata()?.len();
    if found != sum.bytes {
        return Err(io::Error::other(format!("{found} of {} bytes arrived", sum.bytes)));
    }
    failpoint.reach("rename")?;
    file.persist(folder.join(name)).map_err(|error| error.error)?;
    failpoint.reach("sync-folder")?;
    sync_folder(folder)?;
    failpoint.reach("replaced")?;
    Ok(sum)
}

/// The system's words without the random name that tempfile adds.
fn bare(error: io::Error) -> io::Error {
    error.raw_os_error().map_or(error, io::Error::from_raw_os_error)
}

/// Adds a line to a file and brings it to the disk. A line that does not get there whole is taken back.
pub(super) fn append_line(path: &Path, line: &str, failpoint: &dyn Failpoint) -> io::Result<()> {
    failpoint.reach("append-open")?;
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let before = file.metadata()?.len();
    let mut write = || {
        // In halves, so that a test can be killed in the middle of a line.
        let (first, second) = line.as_bytes().split_at(line.len() / 2);
        file.write_all(first)?;
        failpoint.reach("append-half")?;
        file.write_all(second)?;
        file.write_all(b"\n")?;
        failpoint.reach("append-sync")?;
        file.sync_all()
    };
    if let Err(error) = write() {
        // Cutting needs no space. Should it fail all the same, the next opening heals the file.
        let _ = file.set_len(before).and_then(|()| file.sync_all());
        return Err(error);
    }
    if before == 0 {
        path.parent().map_or(Ok(()), sync_folder)?;
    }
    failpoint.reach("appended")
}

const PREFIX: &str = ".rosterpack-";
const SUFFIX: &str = ".partial";

/// Whose unfinished files are swept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// Those of every other process: for the holder of the folder's lock, since nobody else may be writing there.
    Others,
    /// Those of processes of this machine that are gone.
    Dead,
}

/// Removes unfinished files that a killed run left behind; returns how many.
///
/// # Errors
/// When the folder cannot be read, or a file not be removed.
pub fn sweep(folder: &Path, whose: Sweep) -> io::Result<usize> {
    let mut removed = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(writer) else { continue };
        let stale = pid != std::process::id() && (whose == Sweep::Others || !is_alive(pid));
        if stale && entry.file_type()?.is_file() {
            match fs::remove_file(entry.path()) {
                Ok(()) => removed += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(removed)
}

/// The process that was writing a file with this name.
fn writer(name: &str) -> Option<u32> {
    name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.split('-').next()?.parse().ok()
}

/// Whether there is such a process; one of another account counts.
#[cfg(unix)]
fn is_alive(pid: u32) -> bool {
    use rustix::process::{Pid, test_kill_process};
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// Cannot be told here: nothing is swept that might be somebody's.
#[cfg(not(unix))]
fn is_alive(_pid: u32) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_unfinished_files_of_others_are_swept() {
        let folder = tempfile::tempdir().unwrap();
        // The first process lives as long as the machine; a number above the kernel's limit is no process.
        let (own, dead, alive) = (
            format!(".rosterpack-{}-a.partial", std::process::id()),
            ".rosterpack-2000000000-b.partial",
            ".rosterpack-1-c.partial",
        );
        let kept = ["package.zip", ".rosterpack-x-y.partial", ".rosterpack-1-c.zip"];
        for name in kept.into_iter().chain([own.as_str(), dead, alive]) {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        fs::create_dir(folder.path().join(".rosterpack-2000000000-folder.partial")).unwrap();
        assert_eq!(sweep(folder.path(), Sweep::Dead).unwrap(), 1);
        assert!(!folder.path().join(dead).exists() && folder.path().join(alive).exists());
        assert_eq!(sweep(folder.path(), Sweep::Others).unwrap(), 1);
        assert!(folder.path().join(&own).exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5);
    }

    #[test]
    fn folders_and_files_are_their_owners_alone() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("a/b");
        private_folder(&folder).unwrap();
        fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
        private_folder(&folder).unwrap();
        let sum = replace(&folder, "x", 0o600, &NoFailpoint, |f| copy_summed(&mut &b"abc"[..], f)).unwrap();
        assert_eq!(sum.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(sum_of(&folder.join("x")).unwrap(), sum);
        append_line(&folder.join("log"), "line", &NoFailpoint).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        for (path, expected) in [("a", 0o700), ("a/b", 0o700), ("a/b/x", 0o600), ("a/b/log", 0o600)] {
            assert_eq!(mode(&temp.path().join(path)), expected, "{path}");
        }
        fs::write(temp.path().join("file"), "").unwrap();
        assert!(private_folder(&temp.path().join("file")).is_err());
    }
}
