//! `rosterpack host-key`: which keys a server shows, and storing them.
//!
//! In: a server, perhaps a file. Out: one line per key on stdout, its fingerprint first; with `--store` the keys are
//! pinned in the file. Nobody logs in. A key that contradicts the file is never stored.

use std::path::PathBuf;

use clap::Args;

use super::{ExitCode, Process};
use crate::publish::attempt::Patience;
use crate::publish::sftp::{self, SftpError};
use crate::retry::Retry;

/// Flags of `host-key`.
#[derive(Debug, Args)]
#[command(after_help = "\
A fingerprint that came over the network proves nothing by itself: compare it with the one that
the vendor publishes, or that somebody there reads to you.

Examples:
  rosterpack host-key sftp.vendor.example
  rosterpack host-key sftp.vendor.example:2222 --store known_hosts")]
pub struct HostKeyArgs {
    /// The server; port 22 unless it says otherwise
    #[arg(value_name = "HOST[:PORT]")]
    pub server: String,
    /// Pin its keys in this file, in the form of OpenSSH's known_hosts
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,
}

/// Runs the verb.
pub fn run(args: &HostKeyArgs, process: &mut Process<'_>) -> ExitCode {
    let Some((host, port)) = sftp::server(&args.server) else {
        process.fault(format_args!("`{}` names no server", args.server), "write HOST or HOST:PORT");
        return ExitCode::Usage;
    };
    // Somebody waits for it: once is enough.
    let once = Retry { attempts: 1, ..Retry::default() };
    let (keys, added) = match sftp::host_keys(host, port, args.store.as_deref(), once, Patience::default()) {
        Ok(found) => found,
        Err(error) => {
            process.fault(&error, error.help());
            return match error {
                SftpError::Setting { .. } => ExitCode::Output,
                _ => ExitCode::Delivery,
            };
        }
    };
    let told: String = keys.iter().map(|key| format!("{} {}\n", key.fingerprint, key.algorithm)).collect();
    if process.out.write_all(told.as_bytes()).and_then(|()| process.out.flush()).is_err() {
        process.fault("cannot write to standard output", "");
        return ExitCode::Output;
    }
    if let Some(file) = &args.store {
        process.note(format_args!("{added} new of {} keys are stored in {}", keys.len(), file.display()));
    }
    ExitCode::Published
}
