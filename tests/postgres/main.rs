//! The PostgreSQL source against a real server.
//!
//! One binary, so that its tests share one private server; those that stop or reconfigure a server start
//! another.

#[path = "../support/postgres.rs"]
mod cluster;
mod faults;
mod ods;
mod reading;
mod snapshot;
