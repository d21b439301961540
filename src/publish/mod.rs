//! Publishing: a finished package is judged, kept and delivered, or held.
//!
//! In: a package on the disk and plain settings, which a configuration fills. Out: a verdict ([`guard`]), an archive
//! with an audit log ([`archive`]), receipts of deliveries ([`delivery`]), the outcome of a command ([`hook`]), numbers for
//! whoever watches ([`metrics`]). Each part works without the others; the caller puts them together. No part reads the clock for a result: times and days are
//! handed in. Nothing here knows Ed-Fi or the configuration.

pub mod archive;
pub mod attempt;
pub mod delivery;
pub mod directory;
pub mod durable;
pub mod guard;
pub mod hook;
#[cfg(debug_assertions)]
pub mod killed;
pub mod lock;
pub mod metrics;
pub mod parcel;
pub mod s3;
pub mod sftp;
