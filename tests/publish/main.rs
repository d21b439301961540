//! Publishing against the real world: an OpenSSH server, connections that break, disks that fill up, processes that
//! are killed.
//!
//! Needs Debian's `openssh-server` (with it come ssh-keygen and ssh-agent); the full disk and the password login need
//! root. Every test cleans up after itself, also when it is killed.
#![cfg(target_os = "linux")]
// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cli;
mod crash;
mod district;
#[path = "../support/night.rs"]
mod night;
mod nightly;
mod proxy;
mod server;
mod sftp;
