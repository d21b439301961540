//! Why an SFTP delivery failed.
//!
//! In: the step and what the server or the system said. Out: one error for people with what to do, and whether trying
//! again could help. No secret stands in it.

use std::path::PathBuf;

use crate::publish::attempt;

/// A delivery over SFTP failed; nothing half-written stands under a final name.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SftpError {
    /// The server cannot be reached, or the connection broke, as often as it was tried.
    #[error("no working connection to {server} in {attempts} attempts: {reason}")]
    Connection {
        /// Host and port.
        server: String,
        /// Attempts in all.
        attempts: u32,
        /// What happened at the last one.
        reason: String,
    },
    /// No key of the server is pinned.
    #[error("the host key of {server} is not known; it shows {shown}")]
    HostKeyUnknown {
        /// As `known_hosts` names it.
        server: String,
        /// The fingerprint that it shows.
        shown: String,
    },
    /// Another key is pinned: the server was replaced, or somebody stands between.
    #[error("the host key of {server} is another one: it shows {shown}, pinned is {pinned}")]
    HostKeyWrong {
        /// As `known_hosts` names it.
        server: String,
        /// The fingerprint that it shows.
        shown: String,
        /// The fingerprints that are pinned.
        pinned: String,
    },
    /// The key was revoked.
    #[error("the host key of {server} is marked as revoked: {shown}")]
    HostKeyRevoked {
        /// As `known_hosts` names it.
        server: String,
        /// The fingerprint that it shows.
        shown: String,
    },
    /// It speaks nothing that we accept.
    #[error("{server} offers no {kind} that rosterpack accepts: {offers}")]
    NoCommon {
        /// As `known_hosts` names it.
        server: String,
        /// Kind of algorithm.
        kind: String,
        /// What it offers.
        offers: String,
    },
    /// The server does not let us in.
    #[error("{server} does not let {user} in; tried: {tried}; it accepts: {accepts}")]
    Login {
        /// Host and port.
        server: String,
        /// The user.
        user: String,
        /// Methods that were tried.
        tried: String,
        /// Methods that the server names.
        accepts: String,
    },
    /// A setting cannot be used.
    #[error("{what} cannot be used: {reason}")]
    Setting {
        /// Which one.
        what: String,
        /// Why not.
        reason: String,
    },
    /// The server refused a step.
    #[error("{server} refuses to {doing} {path}: {reason}")]
    Refused {
        /// Host and port.
        server: String,
        /// The step.
        doing: &'static str,
        /// On what.
        path: String,
        /// What it said.
        reason: String,
        /// What to do.
        help: &'static str,
    },
    /// What arrived has another size than what was sent.
    #[error("{server} has {found} bytes of {path} instead of {sent}")]
    Size {
        /// Host and port.
        server: String,
        /// The file.
        path: String,
        /// Bytes there.
        found: u64,
        /// Bytes here.
        sent: u64,
    },
    /// The package cannot be read here.
    #[error("cannot read {}: {reason}", package.display())]
    Package {
        /// The package.
        package: PathBuf,
        /// Why not.
        reason: String,
    },
}

impl SftpError {
    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            SftpError::Connection { .. } => {
                "check host, port and firewall (many vendors list the addresses that they let in), then deliver again".into()
            }
            SftpError::HostKeyUnknown { server, .. } => format!(
                "compare the fingerprint with the one that the vendor publishes; then `rosterpack host-key {} --store \
                 FILE` and give that file as known hosts",
                typed(server)
            ),
            SftpError::HostKeyWrong { server, .. } => format!(
                "do not deliver before the vendor has confirmed a new key; `rosterpack host-key {}` shows what is there \
                 now; then remove the old line from the known hosts and store the new key",
                typed(server)
            ),
            SftpError::HostKeyRevoked { .. } => "ask the vendor for the server's new key".into(),
            SftpError::Login { .. } => {
                "check user, key and password with the vendor; the public key must be registered there".into()
            }
            SftpError::NoCommon { .. } => {
                "ask the vendor for a server with algorithms of this decade; SHA-1 and DSA are not accepted".into()
            }
            SftpError::Setting { .. } => "correct the setting".into(),
            SftpError::Refused { help, .. } => (*help).into(),
            SftpError::Size { .. } => "look for a quota or a full disk at the vendor, then deliver again".into(),
            SftpError::Package { .. } => "check the package, or build it again".into(),
        }
    }
}

/// A server as one types it: known hosts have brackets that shells take for patterns.
fn typed(server: &str) -> String {
    let bare = server.replace(['[', ']'], "");
    if bare.matches(':').count() > 1 { format!("'{server}'") } else { bare }
}

/// How an attempt ended.
pub(super) type Fault = attempt::Fault<SftpError>;
