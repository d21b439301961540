//! Whether the disk has room for the package.
//!
//! In: a folder and how many rows the package would have. Out: one check. The estimate is generous: the new package
//! stands beside the old one until it is complete.

use std::path::Path;

use super::{Check, Outcome, Size};
use crate::report::terminal::grouped;

/// Compressed bytes that an enrollment takes at most; 60 to 70 are usual.
const ENROLLMENT: u64 = 120;
/// Compressed bytes that a user takes at most, demographics included.
const USER: u64 = 400;
/// What a package without rows needs, and a report.
const BASE: u64 = 1 << 20;

/// Compares the free space of a folder with what the package will need.
pub fn disk_space(folder: &Path, size: Option<Size>) -> Check {
    const NAME: &str = "disk-space";
    let available = match fs4::available_space(folder) {
        Ok(available) => available,
        Err(error) => {
            let found = format!("the free space of {} is unknown: {error}", folder.display());
            return Check::new(NAME, Outcome::Info, found);
        }
    };
    judge(NAME, &folder.display().to_string(), available, size)
}

fn judge(name: &'static str, folder: &str, available: u64, size: Option<Size>) -> Check {
    let mebibytes = |bytes: u64| grouped(bytes >> 20);
    let free = format!("{} MiB are free in {folder}", mebibytes(available));
    let Some(size) = size else { return Check::new(name, Outcome::Info, free) };
    let need = BASE + size.enrollments * ENROLLMENT + size.users * USER;
    let found =
        format!("{free}; the package needs at most about {} MiB", mebibytes(need.next_multiple_of(1 << 20)));
    match available < need {
        true => Check::new(name, Outcome::Warn, found).advice("Free some space, or name another folder."),
        false => Check::new(name, Outcome::Ok, found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_a_warning() {
        let size = Some(Size { users: 1_000_000, enrollments: 7_000_000 });
        assert_eq!(judge("x", "out", 2 << 30, size).outcome, Outcome::Ok);
        let full = judge("x", "out", 100 << 20, size);
        assert_eq!(full.outcome, Outcome::Warn);
        assert_eq!(full.found, "100 MiB are free in out; the package needs at most about 1,184 MiB");
        assert_eq!(judge("x", "out", 0, None).outcome, Outcome::Info);
    }
}
