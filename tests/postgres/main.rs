//! The PostgreSQL source against a real server.
//!
//! One binary, so that its tests share one private server; those that stop or reconfigure a server start
//! another.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests

#[path = "../support/postgres.rs"]
mod cluster;
mod faults;
mod ods;
mod reader_role;
mod reading;
mod snapshot;
mod tls;
