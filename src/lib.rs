//! rosterpack reads an Ed-Fi ODS and publishes OneRoster packages that are closed by construction.
#![deny(missing_docs)]

pub mod cli;
pub mod closure;
pub mod config;
pub mod crosswalk;
pub mod day;
pub mod edfi;
pub mod emit;
pub mod notice;
pub mod package;
pub mod pipeline;
pub mod progress;
pub mod report;
pub mod roster;
pub mod source;
pub mod sourced_id;
pub mod spec;
pub mod staging;
pub mod synth;
