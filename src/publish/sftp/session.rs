//! A session with an SFTP server: connected, its host key compared, logged in.
//!
//! In: an address, what is pinned, credentials, time-outs. Out: a [`Session`] that speaks SFTP. Nothing is sent to a
//! server whose key is not the right one, not even the user's name.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::client::{self, Handle};
use russh::keys::{Algorithm, PublicKey, PublicKeyOrCertificate};
use russh::{ChannelMsg, Disconnect, Preferred};
use russh_sftp::client::RawSftpSession;
use tokio::net::TcpStream;

use super::error::{Fault, SftpError};
use super::host_key::{self, Pinned, Trust};
use super::login::{Credentials, log_in};
use crate::publish::attempt::{Patience, within};

/// Compares the server's key with what is pinned, and keeps it for messages.
pub(super) struct Checker {
    pinned: Pinned,
    shown: Arc<Mutex<Option<PublicKey>>>,
}

impl client::Handler for Checker {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let key = shown.public_key();
        let right = self.pinned.judge(&key) == Trust::Right;
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(key);
        Ok(right)
    }
}

/// An open session.
pub(super) struct Session {
    handle: Handle<Checker>,
    pub(super) sftp: Arc<RawSftpSession>,
    pub(super) extensions: HashMap<String, String>,
    pub(super) server: String,
    pub(super) idle: Duration,
}

impl Session {
    /// Connects, compares, logs in and starts SFTP.
    pub(super) async fn open(
        host: &str,
        port: u16,
        user: &str,
        pinned: &Pinned,
        credentials: &Credentials,
        patience: Patience,
    ) -> Result<Session, Fault> {
        let server = format!("{host}:{port}");
        let mut last = None;
        for algorithms in pinned.rounds() {
            let opening = async {
                let mut handle = connect(host, port, pinned, algorithms, patience).await?;
                log_in(&mut handle, &server, user, credentials).await?;
                start(handle, &server, patience.idle).await
            };
            match within(patience.connect, "the server to let us in", opening).await {
                // Of another kind than the fingerprint, perhaps, or there is no key of this kind: the next round asks
                // for the next kind. That there is another key weighs more than that there is none.
                Err(Fault::Final(error)) if matches!(*error, SftpError::HostKeyWrong { .. }) => {
                    last = Some(*error)
                }
                Err(Fault::Final(error)) if matches!(*error, SftpError::NoCommon { .. }) => {
                    last = last.or(Some(*error));
                }
                outcome => return outcome,
            }
        }
        let none =
            || SftpError::Setting { what: "the pinned host key".into(), reason: "there is none".into() };
        Err(last.unwrap_or_else(none).into())
    }

    /// Says goodbye; a server that does not listen is left alone.
    pub(super) async fn close(self) {
        let _ = self.sftp.close_session();
        let _ = tokio::time::timeout(
            Duration::from_secs(1),
            self.handle.disconnect(Disconnect::ByApplication, "", "en"),
        )
        .await;
    }
}

async fn connect(
    host: &str,
    port: u16,
    pinned: &Pinned,
    algorithms: Vec<Algorithm>,
    patience: Patience,
) -> Result<Handle<Checker>, Fault> {
    let stream = TcpStream::connect((host, port)).await.map_err(|e| Fault::Broken(e.to_string()))?;
    // Small packets that ask and answer must not wait for each other.
    let _ = stream.set_nodelay(true);
    let config = client::Config {
        preferred: Preferred { key: Cow::Owned(algorithms), ..Preferred::default() },
        inactivity_timeout: Some(patience.idle),
        keepalive_interval: Some(patience.idle / 4),
        ..client::Config::default()
    };
    let shown = Arc::new(Mutex::new(None));
    let checker = Checker { pinned: pinned.clone(), shown: shown.clone() };
    client::connect_stream(Arc::new(config), stream, checker).await.map_err(|error| {
        let key = shown.lock().unwrap_or_else(PoisonError::into_inner).take();
        refusal(error, host, port, pinned, key.as_ref())
    })
}

/// What it means that connecting failed.
fn refusal(error: russh::Error, host: &str, port: u16, pinned: &Pinned, shown: Option<&PublicKey>) -> Fault {
    let server = super::address::known_as(host, port);
    let told = shown.map(|key| (pinned.judge(key), host_key::fingerprint(key)));
    match (told, error) {
        (Some((Trust::Unknown, shown)), _) => SftpError::HostKeyUnknown { server, shown }.into(),
        (Some((Trust::Wrong, shown)), _) => {
            SftpError::HostKeyWrong { server, shown, pinned: pinned.told() }.into()
        }
        (Some((Trust::Revoked, shown)), _) => SftpError::HostKeyRevoked { server, shown }.into(),
        (_, russh::Error::NoCommonAlgo { kind, theirs, .. }) => {
            SftpError::NoCommon { server, kind: format!("{kind:?}"), offers: theirs.join(", ") }.into()
        }
        (_, error) => Fault::Broken(error.to_string()),
    }
}

async fn start(handle: Handle<Checker>, server: &str, idle: Duration) -> Result<Session, Fault> {
    let broken = |error: russh::Error| Fault::Broken(error.to_string());
    let no_sftp = |reason: &str| SftpError::Refused {
        server: server.to_owned(),
        doing: "start",
        path: "SFTP".to_owned(),
        reason: reason.to_owned(),
        help: "ask the vendor whether this account may use SFTP",
    };
    let mut channel = handle.channel_open_session().await.map_err(|error| match error {
        russh::Error::ChannelOpenFailure(reason) => no_sftp(&format!("{reason:?}")).into(),
        error => broken(error),
    })?;
    channel.request_subsystem(true, "sftp").await.map_err(broken)?;
    loop {
        match channel.wait().await {
            Some(ChannelMsg::Success) => break,
            Some(ChannelMsg::Failure) => return Err(no_sftp("it has no such subsystem").into()),
            Some(ChannelMsg::WindowAdjusted { .. }) => {}
            Some(_) | None => return Err(Fault::Broken("it closed the channel before SFTP began".into())),
        }
    }
    let sftp = RawSftpSession::new(channel.into_stream());
    // Longer than our own limit, which tells more.
    sftp.set_timeout(idle.as_secs() + 5);
    let version = sftp.init().await.map_err(|error| Fault::Broken(error.to_string()))?;
    Ok(Session {
        handle,
        sftp: Arc::new(sftp),
        extensions: version.extensions,
        server: server.to_owned(),
        idle,
    })
}

/// The keys that a server shows, one of each kind that it has. Nobody logs in.
pub(super) async fn show_keys(host: &str, port: u16, patience: Patience) -> Result<Vec<PublicKey>, Fault> {
    let mut keys = Vec::new();
    for algorithms in host_key::kinds() {
        // The curves of ECDSA are keys of their own.
        let kinds: Vec<Vec<Algorithm>> = match algorithms.first() {
            Some(Algorithm::Ecdsa { .. }) => algorithms.into_iter().map(|a| vec![a]).collect(),
            _ => vec![algorithms],
        };
        for kind in kinds {
            let shown = Arc::new(Mutex::new(None));
            let checker = Checker { pinned: Pinned::default(), shown: shown.clone() };
            let showing = async {
                let stream =
                    TcpStream::connect((host, port)).await.map_err(|e| Fault::Broken(e.to_string()))?;
                let preferred = Preferred { key: Cow::Owned(kind), ..Preferred::default() };
                let config = client::Config { preferred, ..client::Config::default() };
                match client::connect_stream(Arc::new(config), stream, checker).await {
                    Ok(_) | Err(russh::Error::UnknownKey | russh::Error::NoCommonAlgo { .. }) => Ok(()),
                    Err(error) => Err(Fault::Broken(error.to_string())),
                }
            };
            let outcome = within(patience.connect, "the server to show its key", showing).await;
            match shown.lock().unwrap_or_else(PoisonError::into_inner).take() {
                Some(key) => keys.push(key),
                None => outcome?,
            }
        }
    }
    Ok(keys)
}
