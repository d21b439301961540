//! Deliveries into buckets of a real object store: Garage, as it is published, which `./tests/run --s3` builds.
//!
//! Needs a build with the feature `s3`; `stunnel` for TLS in front of it. ROSTERPACK_GARAGE names another binary than the one in the target
//! folder.
#![cfg(target_os = "linux")]
// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/desk.rs"]
mod desk;
#[path = "../publish/district.rs"]
mod district;
#[path = "../support/night.rs"]
mod night;
mod nightly;
#[path = "../publish/proxy.rs"]
mod proxy;
mod refusals;
mod store;
mod upload;
