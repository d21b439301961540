//! What nobody watches at night, from outside: the metrics that a monitor reads, log lines for machines, a server that hangs, runs
//! that are killed at every step, and the shape of what programs are told.
#![cfg(target_os = "linux")]
// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/desk.rs"]
mod desk;
#[path = "../support/json_schema.rs"]
mod json_schema;
mod killed;
mod log;
mod metrics;
#[path = "../support/night.rs"]
mod night;
mod prometheus;
mod schemas;
mod silence;

use desk::{EXPORT, PICKUP, command, configure, desk, ended};
use night::{extracts, told};
