//! Acceptance: is a package right? Judged from outside, by a reader that knows nothing of the exporter, and by
//! answers that these tests compute from the extracts themselves.
//!
//! In: published sample districts, invented districts with traps, bad input, a full disk. Out: verdicts. What
//! single modules do is tested beside them.

// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../support/exporting.rs"]
mod exporting;
#[path = "../support/extract.rs"]
mod extract;
#[path = "../support/independent.rs"]
mod independent;
#[path = "../support/package_check.rs"]
mod package_check;
#[path = "../support/package_facts.rs"]
mod package_facts;
#[path = "../support/package_reader.rs"]
mod package_reader;

mod bad_input;
mod both_versions;
mod checker;
mod collisions;
mod consumers;
mod damage;
mod determinism;
mod filters;
mod forms;
mod full_disk;
mod id_schemes;
mod id_table;
mod judging;
mod options;
mod people_options;
mod sample_district;
mod samples;
mod scope;
mod secrets;
mod traps;
mod version_1_2;
