//! Bytes to the server, so that whoever polls the folder sees all of a file or none of it.
//!
//! In: an open session and a parcel. Out: every item under its final name with its size checked. Each is written under a
//! temporary name beside the final one and renamed when all of them have arrived; temporary names are the same every
//! night, so that what a broken line left is written over, never collected.

use std::cell::Cell;
use std::io::Read;

use russh_sftp::client::error::Error;
use russh_sftp::protocol::{FileAttributes, OpenFlags, Packet, Status, StatusCode};
use tokio::task::JoinSet;

use super::error::{Fault, SftpError};
use super::session::Session;
use crate::publish::attempt::{self, within};
use crate::publish::parcel::{Item, Opened, Parcel};

/// How a file gets its final name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Replace {
    /// Renamed over the old one, in one step where the server can do that.
    #[default]
    Rename,
    /// The old one is removed, then the new one renamed: for servers that do not rename over an existing file. A reader
    /// may find no file for a moment, never half of one.
    RemoveFirst,
    /// Written under the final name: for servers that do not rename. A reader may find half of it, which is what a
    /// marker is for.
    Direct,
}

/// How the server wants it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manners {
    /// How a file gets its final name.
    pub replace: Replace,
    /// An empty file that is written when everything has arrived, and removed before anything does.
    pub marker: Option<String>,
    /// Whether loose files of OneRoster that the package does not hold stay in the folder.
    pub keep_absent: bool,
}

const POSIX_RENAME: &str = "posix-rename@openssh.com";
/// What every server takes (SFTP version 3, "Reading and Writing").
const PIECE: usize = 32 * 1024;
/// Pieces that may be on their way: two MiB, which fills a line of 100 Mbit/s at 160 ms.
const UNDERWAY: usize = 64;

/// Uploads a parcel into a folder (`/in/`, or blank for the folder of the login).
pub(super) async fn upload(
    session: &Session,
    folder: &str,
    parcel: &Parcel,
    manners: &Manners,
) -> Result<(), Fault> {
    let direct = manners.replace == Replace::Direct;
    let last = |name: &str| format!("{folder}{name}");
    let first = |name: &str| if direct { last(name) } else { format!("{folder}.{name}.rosterpack-part") };
    if let Some(marker) = &manners.marker {
        remove(session, &last(marker)).await?;
    }
    // Files that were opened, and with that emptied.
    let begun = Cell::new(0);
    let written = async {
        for item in &parcel.items {
            put(session, &first(&item.name), parcel, item, &begun).await?;
        }
        if !direct {
            for item in &parcel.items {
                rename(session, &first(&item.name), &last(&item.name), manners.replace).await?;
            }
        }
        Ok(())
    }
    .await;
    if let Err(Fault::Final(error)) = written {
        // The line still works: leave nothing behind. What was written directly must not look whole either; what was
        // not touched is the package of yesterday.
        for item in parcel.items.iter().take(begun.get()) {
            let _ = remove(session, &first(&item.name)).await;
        }
        return Err(Fault::Final(error));
    }
    written?;
    if !manners.keep_absent {
        for name in parcel.absent() {
            remove(session, &last(name)).await?;
        }
    }
    for item in &parcel.items {
        check_size(session, &last(&item.name), item.bytes).await?;
    }
    if let Some(marker) = &manners.marker {
        let path = last(marker);
        let handle = open(session, &path).await?;
        close(session, &path, handle).await?;
    }
    Ok(())
}

/// Writes one file and checks that all of it is there.
async fn put(
    session: &Session,
    path: &str,
    parcel: &Parcel,
    item: &Item,
    begun: &Cell<usize>,
) -> Result<(), Fault> {
    let unreadable = |error: std::io::Error| -> Fault {
        SftpError::Package { package: item.name.clone().into(), reason: error.to_string() }.into()
    };
    let mut opened = Opened::default();
    let mut reader = parcel.open(item, &mut opened).map_err(unreadable)?;
    let handle = open(session, path).await?;
    begun.set(begun.get() + 1);
    let mut underway = JoinSet::new();
    let mut offset = 0;
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        reader.by_ref().take(PIECE as u64).read_to_end(&mut piece).map_err(unreadable)?;
        if piece.is_empty() {
            break;
        }
        let count = piece.len() as u64;
        let (sftp, handle) = (session.sftp.clone(), handle.clone());
        underway.spawn(async move { sftp.write(handle, offset, piece).await });
        offset += count;
        if underway.len() >= UNDERWAY {
            acknowledged(session, path, &mut underway).await?;
        }
    }
    while !underway.is_empty() {
        acknowledged(session, path, &mut underway).await?;
    }
    if session.extensions.contains_key("fsync@openssh.com") {
        // A server that cannot is no worse than one that does not know how.
        let sync = async { Ok(session.sftp.fsync(handle.as_str()).await) };
        if let Err(error) = within(session.idle, "the server to bring a file to its disk", sync).await? {
            ignore_refusal(error)?;
        }
    }
    close(session, path, handle).await?;
    check_size(session, path, item.bytes).await
}

async fn acknowledged(
    session: &Session,
    path: &str,
    underway: &mut JoinSet<Result<Status, Error>>,
) -> Result<(), Fault> {
    let next = async { Ok(underway.join_next().await) };
    match within(session.idle, "the server to take bytes", next).await? {
        Some(Ok(outcome)) => done(session, "write", path, outcome),
        Some(Err(error)) => Err(Fault::Broken(error.to_string())),
        None => Ok(()),
    }
}

async fn open(session: &Session, path: &str) -> Result<String, Fault> {
    let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::TRUNCATE;
    let opening = async {
        let opened = session.sftp.open(path, flags, FileAttributes::empty()).await;
        opened.map_err(|error| fault(session, "create", path, error))
    };
    within(session.idle, "the server to create a file", opening).await.map(|opened| opened.handle)
}

async fn close(session: &Session, path: &str, handle: String) -> Result<(), Fault> {
    let closing = async { done(session, "close", path, session.sftp.close(handle).await) };
    within(session.idle, "the server to close a file", closing).await
}

async fn size(session: &Session, path: &str) -> Result<Option<u64>, Fault> {
    let asking = async {
        match session.sftp.stat(path).await {
            Ok(found) => Ok(found.attrs.size),
            Err(Error::Status(status)) if status.status_code == StatusCode::NoSuchFile => Ok(None),
            Err(error) => Err(fault(session, "look at", path, error)),
        }
    };
    within(session.idle, "the server to tell a size", asking).await
}

async fn check_size(session: &Session, path: &str, sent: u64) -> Result<(), Fault> {
    let found = size(session, path).await?.unwrap_or_default();
    if found == sent {
        return Ok(());
    }
    Err(SftpError::Size { server: session.server.clone(), path: path.to_owned(), found, sent }.into())
}

/// Removes a file, if it is there.
async fn remove(session: &Session, path: &str) -> Result<(), Fault> {
    let removing = async {
        match session.sftp.remove(path).await {
            Err(Error::Status(status)) if status.status_code == StatusCode::NoSuchFile => Ok(()),
            outcome => done(session, "remove", path, outcome),
        }
    };
    within(session.idle, "the server to remove a file", removing).await
}

async fn rename(session: &Session, from: &str, to: &str, replace: Replace) -> Result<(), Fault> {
    if replace == Replace::RemoveFirst {
        remove(session, to).await?;
    } else if session.extensions.contains_key(POSIX_RENAME) {
        let data = [from, to]
            .iter()
            .flat_map(|path| [&(path.len() as u32).to_be_bytes(), path.as_bytes()].concat())
            .collect();
        let renaming = async { Ok(session.sftp.extended(POSIX_RENAME, data).await) };
        match within(session.idle, "the server to rename a file", renaming).await? {
            Ok(Packet::Status(status)) if status.status_code == StatusCode::Ok => return Ok(()),
            // It names the extension but does not grant it: the plain way is left.
            Ok(_) => {}
            Err(error) => ignore_refusal(error)?,
        }
    }
    let renaming = async { Ok(session.sftp.rename(from, to).await) };
    let refused = match within(session.idle, "the server to rename a file", renaming).await? {
        Ok(status) if status.status_code == StatusCode::Ok => return Ok(()),
        Ok(status) | Err(Error::Status(status)) => status,
        Err(error) => return Err(Fault::Broken(error.to_string())),
    };
    let help = match (replace, size(session, to).await?) {
        (Replace::Rename, Some(_)) => {
            "this server does not rename over an existing file: let the old one be removed first (replace = remove-first)"
        }
        _ => {
            "this server does not rename: write directly, with a marker that says when all is there (replace = direct)"
        }
    };
    let reason = words(&refused);
    Err(SftpError::Refused {
        server: session.server.clone(),
        doing: "rename to",
        path: to.into(),
        reason,
        help,
    }
    .into())
}

/// Passes over what a server refuses; a broken connection stays one.
fn ignore_refusal(error: Error) -> Result<(), Fault> {
    match error {
        Error::Status(_) => Ok(()),
        error => Err(Fault::Broken(error.to_string())),
    }
}

fn done(
    session: &Session,
    doing: &'static str,
    path: &str,
    outcome: Result<Status, Error>,
) -> Result<(), Fault> {
    match outcome {
        Ok(status) if status.status_code == StatusCode::Ok => Ok(()),
        Ok(status) => Err(fault(session, doing, path, Error::Status(status))),
        Err(error) => Err(fault(session, doing, path, error)),
    }
}

/// What the server says is final; that it says nothing is the connection's fault.
fn fault(session: &Session, doing: &'static str, path: &str, error: Error) -> Fault {
    let Error::Status(status) = error else { return Fault::Broken(error.to_string()) };
    let help = match status.status_code {
        StatusCode::NoConnection | StatusCode::ConnectionLost => return Fault::Broken(words(&status)),
        StatusCode::NoSuchFile => "create the folder on the server, or correct the path",
        StatusCode::PermissionDenied => "ask the vendor where this account may write, or correct the path",
        StatusCode::Failure => "look for a full disk or a quota at the vendor, then deliver again",
        _ => "ask the vendor what its server supports",
    };
    let (server, path, reason) = (session.server.clone(), path.to_owned(), words(&status));
    SftpError::Refused { server, doing, path, reason, help }.into()
}

/// The server's own words, on one line and not too many of them; without any, the name of the code.
fn words(status: &Status) -> String {
    let said = attempt::words(&status.error_message);
    if said.is_empty() { status.status_code.to_string() } else { said }
}
