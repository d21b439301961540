//! rosterpack reads an Ed-Fi ODS and publishes OneRoster packages that are closed by construction.
//!
//! The road: [`source`] gives typed batches of raw tables; [`staging`] turns them into columns in output order and
//! drops everything private to a database; [`roster`] applies the mapping and gives every row its fate; [`closure`]
//! proves that nothing dangles and reports every row that is left out at its cause; [`emit`] writes the cells of one
//! OneRoster version as [`spec`] describes it; [`package`] makes the zip. [`pipeline`] is the only module that knows
//! them all.
//!
//! Words: an *ODS* is an Ed-Fi operational data store; a *data standard* is the version of its tables; a *descriptor*
//! is an enumerated value of Ed-Fi, and a *crosswalk* says what it is called in OneRoster; a *sourcedId* is the id of a
//! OneRoster row, hashed from a *natural key*; a *bulk* file is the whole truth about its kind of row, so that a row
//! which is missing is deleted at the reader; a *fate* says whether a row is exported, and a *cause* why not.
#![deny(missing_docs)]

pub mod check;
pub mod cli;
pub mod closure;
pub mod config;
pub mod consumer;
pub mod crosswalk;
pub mod day;
pub mod diff;
pub mod doctor;
pub mod edfi;
pub mod edfi_admin;
pub mod emit;
pub mod explain;
pub mod id_migration;
pub mod init;
pub mod inventory;
pub mod notice;
pub mod package;
pub mod page;
pub mod pipeline;
pub mod progress;
pub mod publish;
pub mod report;
pub mod retry;
pub mod rfc4180;
pub mod roster;
pub mod secret;
pub mod shard;
pub mod snapshot;
pub mod source;
pub mod sourced_id;
pub mod spec;
pub mod staging;
pub mod synth;
