//! The rules, one file per tight family.
//!
//! Each rule is one `static`: its notice, why it matters, and where it looks. `check/register.rs` lists them all; the
//! recipe for a new one is in CONTRIBUTING.md.

pub mod consumers;
pub mod dates;
pub mod enrollments;
pub mod entries;
pub mod forms;
pub mod gradebook;
pub mod headers;
pub mod hierarchy;
pub mod ids;
pub mod lists;
pub mod manifest;
pub mod people;
pub mod presence;
pub mod records;
pub mod references;
pub mod roles;
pub mod texts;
pub mod words;
