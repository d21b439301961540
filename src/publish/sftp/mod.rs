//! Delivery over SFTP.
//!
//! In: an [`SftpTarget`], a parcel, the environment for secrets. Out: a [`Receipt`], or an [`SftpError`] with what to do.
//! The face is blocking; async stays in this folder. Connection faults are tried again from the beginning, with growing
//! waits; whatever the server refuses is not. ADR 0026 says why this SSH client and why nothing is resumed.

mod address;
mod error;
mod host_key;
mod login;
mod session;
mod upload;

use std::path::Path;

pub use self::address::Address;
use self::error::Fault;
pub use self::error::SftpError;
pub use self::host_key::Pin;
use self::host_key::Pinned;
pub use self::login::Login;
use self::session::Session;
pub use self::upload::{Manners, Replace};
use super::attempt::{self, Patience, Receipt};
use super::parcel::Parcel;
use crate::retry::Retry;
use crate::secret::Environment;

/// Where and how to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SftpTarget {
    /// Where; its path names the folder, which must end with a slash.
    pub address: Address,
    /// Which server is the right one.
    pub pin: Pin,
    /// How to log in.
    pub login: Login,
    /// How the server wants it.
    pub manners: Manners,
    /// How often a connection is tried.
    pub retry: Retry,
    /// How long to wait for it.
    pub patience: Patience,
}

/// Delivers a parcel into the folder of the target's address.
///
/// # Errors
/// [`SftpError`]; nothing half-written then stands under a final name, unless [`Replace::Direct`] was asked for.
pub fn deliver(
    target: &SftpTarget,
    parcel: &Parcel,
    environment: &Environment<'_>,
) -> Result<Receipt, SftpError> {
    let Address { host, port, user, path } = &target.address;
    let pinned = Pinned::read(&target.pin, host, *port)?;
    let credentials = target.login.find(environment)?;
    let runtime = runtime()?;
    repeat(target.retry, &format!("{host}:{port}"), || {
        runtime.block_on(async {
            let session = Session::open(host, *port, user, &pinned, &credentials, target.patience).await?;
            let outcome = upload::upload(&session, path, parcel, &target.manners).await;
            session.close().await;
            outcome
        })
    })
    .map(|((), attempts)| Receipt { bytes: parcel.bytes(), attempts })
}

/// A key that a server shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownKey {
    /// Its kind, such as `ssh-ed25519`.
    pub algorithm: String,
    /// As `ssh-keygen -l` shows it.
    pub fingerprint: String,
    /// The line that pins it in a file of known hosts.
    pub line: String,
}

/// The keys that a server shows to anybody, and how many of them are new in the file, if they are to be stored.
///
/// # Errors
/// [`SftpError`]; a key that contradicts the file is not stored.
pub fn host_keys(
    host: &str,
    port: u16,
    store: Option<&Path>,
    retry: Retry,
    patience: Patience,
) -> Result<(Vec<ShownKey>, usize), SftpError> {
    let runtime = runtime()?;
    let show = || runtime.block_on(session::show_keys(host, port, patience));
    let (keys, _) = repeat(retry, &format!("{host}:{port}"), show)?;
    let added = store.map_or(Ok(0), |file| host_key::store(file, host, port, &keys))?;
    let shown = keys.iter().map(|key| ShownKey {
        algorithm: key.algorithm().to_string(),
        fingerprint: host_key::fingerprint(key),
        line: host_key::line(host, port, key),
    });
    Ok((shown.collect(), added))
}

/// Takes `HOST`, `HOST:PORT` or `[HOST]:PORT` apart.
pub fn server(text: &str) -> Option<(&str, u16)> {
    address::split_port(text)
}

fn runtime() -> Result<tokio::runtime::Runtime, SftpError> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|e| SftpError::Setting { what: "the network".into(), reason: e.to_string() })
}

/// Tries until it works, the fault is final, or patience is at its end.
fn repeat<T>(
    retry: Retry,
    server: &str,
    attempt: impl FnMut() -> Result<T, Fault>,
) -> Result<(T, u32), SftpError> {
    attempt::repeat(retry, attempt, |attempts, reason| SftpError::Connection {
        server: server.to_owned(),
        attempts,
        reason,
    })
}
