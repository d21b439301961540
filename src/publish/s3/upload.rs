//! Bytes into a bucket, so that whoever looks finds the whole of an object or the one before.
//!
//! In: a client and a parcel. Out: every item under its key with its size checked. An object appears with the request that
//! completes it, never before; loose files are all uploaded first and completed together, the manifest last. What a broken line had
//! already brought over stays, and the next attempt goes on from there.

use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use object_store::aws::AmazonS3;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, MultipartId, ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions,
    PutPayload,
};
use tokio::task::JoinSet;

use super::S3Target;
use super::client::{Answer, Fault, fault};
use super::error::S3Error;
use crate::publish::parcel::{Item, Opened, Parcel};

/// Up to so many bytes are one request. Larger ones begin with a request without a body: a server that refuses it need not hang up
/// on us in the midst of our bytes, so that its reason is heard.
const ALONE: u64 = 64 * 1024;
/// Bytes of a part, at least: servers take parts from 5 MiB on, and some want all of one size.
const PART: u64 = 8 << 20;
/// Parts of an object, at most (Amazon S3 User Guide, "Multipart upload limits").
const PARTS: u64 = 10_000;
/// Parts on their way at once; so much memory they take as well.
const UNDERWAY: usize = 4;
/// In such pieces the line takes a part, and between them it may be given up.
const PIECE: usize = 64 * 1024;

/// How far an item is.
#[derive(Debug)]
enum Progress {
    /// Nothing of it is there.
    Nothing,
    /// The server keeps parts of it that nobody else sees.
    Parts(MultipartId, Vec<Option<PartId>>),
    /// It stands under its key.
    There,
}

/// A delivery, over all of its attempts.
pub(super) struct Upload<'u> {
    target: &'u S3Target,
    parcel: &'u Parcel,
    items: Vec<Progress>,
}

impl<'u> Upload<'u> {
    /// A delivery of which nothing is done.
    pub(super) fn new(target: &'u S3Target, parcel: &'u Parcel) -> Upload<'u> {
        let items = parcel.items.iter().map(|_| Progress::Nothing).collect();
        Upload { target, parcel, items }
    }

    /// Does what is left to do.
    pub(super) async fn attempt(&mut self, store: AmazonS3) -> Result<(), Fault> {
        let (target, parcel, store) = (self.target, self.parcel, Arc::new(store));
        Attempt { target, parcel, store, items: &mut self.items }.run().await
    }

    /// Lets the server forget parts of objects that will not appear, as far as it can be reached.
    pub(super) async fn abandon(&self, store: AmazonS3) {
        let abandoning = async {
            for (item, progress) in self.parcel.items.iter().zip(&self.items) {
                if let (Progress::Parts(id, _), Ok(key)) = (progress, key(self.target, &item.name)) {
                    let _ = store.abort_multipart(&key, id).await;
                }
            }
        };
        let _ = tokio::time::timeout(self.target.patience.idle, abandoning).await;
    }
}

/// The key of an item.
fn key(target: &S3Target, name: &str) -> Result<Path, S3Error> {
    let key = format!("{}{name}", target.bucket.path);
    Path::parse(&key)
        .map_err(|error| S3Error::Setting { what: format!("the key {key}"), reason: error.to_string() })
}

/// One attempt.
struct Attempt<'a> {
    target: &'a S3Target,
    parcel: &'a Parcel,
    store: Arc<AmazonS3>,
    items: &'a mut Vec<Progress>,
}

impl Attempt<'_> {
    async fn run(&mut self) -> Result<(), Fault> {
        if let Some(marker) = &self.target.marker {
            self.remove(marker).await?;
        }
        let parcel = self.parcel;
        for (number, item) in parcel.items.iter().enumerate() {
            if item.bytes > ALONE || parcel.items.len() > 1 && item.bytes > 0 {
                self.bring(number, item).await?;
            }
        }
        for (number, item) in parcel.items.iter().enumerate() {
            self.appear(number, item).await?;
        }
        if !self.target.keep_absent {
            for name in parcel.absent() {
                self.remove(name).await?;
            }
        }
        for item in &parcel.items {
            self.check_size(item).await?;
        }
        match &self.target.marker {
            Some(marker) => self.put(marker, PutPayload::new()).await,
            None => Ok(()),
        }
    }

    fn key(&self, name: &str) -> Result<Path, Fault> {
        Ok(key(self.target, name)?)
    }

    fn server(&self) -> String {
        self.target.server().authority()
    }

    fn object(&self, name: &str) -> String {
        format!("{}{name}", self.target.bucket)
    }

    /// Brings what is missing of an item to the server, in parts.
    async fn bring(&mut self, number: usize, item: &Item) -> Result<(), Fault> {
        let key = self.key(&item.name)?;
        let size = size_of_parts(item.bytes);
        let Some(progress) = self.items.get_mut(number) else { return Ok(()) };
        let begun = match std::mem::replace(progress, Progress::Nothing) {
            Progress::There => {
                *progress = Progress::There;
                return Ok(());
            }
            Progress::Parts(id, parts) => (id, parts),
            Progress::Nothing => {
                let options = PutMultipartOptions { attributes: kind(&item.name), ..Default::default() };
                let begun = self.store.create_multipart_opts(&key, options).await;
                let id = begun.map_err(|e| self.fault(&e, "begin", &item.name))?;
                let count = usize::try_from(item.bytes.div_ceil(size)).unwrap_or(usize::MAX);
                (id, vec![None; count])
            }
        };
        let (id, mut parts) = begun;
        let outcome = self.send(item, &key, &id, &mut parts, size).await;
        if let Some(progress) = self.items.get_mut(number) {
            *progress = match forgotten(&outcome) {
                true => Progress::Nothing,
                false => Progress::Parts(id, parts),
            };
        }
        outcome.map_err(|failure| failure.fault(self, "write", &item.name))
    }

    /// Sends the parts that are missing.
    async fn send(
        &self,
        item: &Item,
        key: &Path,
        id: &MultipartId,
        parts: &mut [Option<PartId>],
        size: u64,
    ) -> Result<(), Failure> {
        let mut opened = Opened::default();
        let mut reader = self.parcel.open(item, &mut opened).map_err(Failure::Unread)?;
        let mut underway = JoinSet::new();
        let (mut left, mut failure) = (item.bytes, None);
        for number in 0..parts.len() {
            let payload = read(&mut reader, size.min(left)).map_err(Failure::Unread)?;
            left -= payload.content_length() as u64;
            if parts.get(number).is_some_and(Option::is_some) {
                continue;
            }
            let (store, key, id) = (self.store.clone(), key.clone(), id.clone());
            underway.spawn(async move { (number, store.put_part(&key, &id, number, payload).await) });
            if underway.len() >= UNDERWAY {
                arrived(underway.join_next().await, parts, &mut failure);
            }
            if failure.is_some() {
                break;
            }
        }
        // What is on its way may still arrive, and need not be sent again.
        while !underway.is_empty() {
            arrived(underway.join_next().await, parts, &mut failure);
        }
        match failure {
            Some(failure) => Err(failure),
            None => ended(&mut reader).map_err(Failure::Unread),
        }
    }

    /// Lets an item appear under its key.
    async fn appear(&mut self, number: usize, item: &Item) -> Result<(), Fault> {
        let Some(progress) = self.items.get_mut(number) else { return Ok(()) };
        match std::mem::replace(progress, Progress::Nothing) {
            Progress::There => {}
            Progress::Nothing => {
                let mut opened = Opened::default();
                let payload = self.parcel.open(item, &mut opened).and_then(|mut reader| {
                    let payload = read(&mut reader, item.bytes)?;
                    ended(&mut reader).map(|()| payload)
                });
                let payload = payload.map_err(|e| Failure::Unread(e).fault(self, "read", &item.name))?;
                self.put(&item.name, payload).await?;
            }
            Progress::Parts(id, parts) => {
                let key = self.key(&item.name)?;
                let whole = parts.iter().flatten().cloned().collect();
                let outcome = self.store.complete_multipart(&key, &id, whole).await;
                let outcome = outcome.map(|_| ()).map_err(Failure::Refused);
                // A completion whose answer was lost may have been one; then the server knows no such upload any more, and
                // the item is brought once more: the same bytes.
                if outcome.is_err()
                    && !forgotten(&outcome)
                    && let Some(progress) = self.items.get_mut(number)
                {
                    *progress = Progress::Parts(id, parts);
                }
                outcome.map_err(|failure| failure.fault(self, "complete", &item.name))?;
            }
        }
        if let Some(progress) = self.items.get_mut(number) {
            *progress = Progress::There;
        }
        Ok(())
    }

    /// Writes an object with one request.
    async fn put(&self, name: &str, payload: PutPayload) -> Result<(), Fault> {
        let options = PutOptions { attributes: kind(name), ..Default::default() };
        let putting = self.store.put_opts(&self.key(name)?, payload, options).await;
        putting.map(|_| ()).map_err(|error| self.fault(&error, "write", name))
    }

    /// Removes an object, if it is there.
    async fn remove(&self, name: &str) -> Result<(), Fault> {
        match self.store.delete(&self.key(name)?).await {
            Err(error) if missing(&error) => Ok(()),
            outcome => outcome.map_err(|error| self.fault(&error, "remove", name)),
        }
    }

    async fn check_size(&self, item: &Item) -> Result<(), Fault> {
        let found = match self.store.head(&self.key(&item.name)?).await {
            Ok(found) => found.size,
            Err(error) if missing(&error) => 0,
            // Whoever may write and not read is a usual guest in a vendor's bucket; the server has compared the bytes.
            Err(error) if status(&error) == Some(403) => return Ok(()),
            Err(error) => return Err(self.fault(&error, "look at", &item.name)),
        };
        if found == item.bytes {
            return Ok(());
        }
        let (server, object) = (self.server(), self.object(&item.name));
        Err(S3Error::Size { server, object, found, sent: item.bytes }.into())
    }

    fn fault(&self, error: &object_store::Error, doing: &'static str, name: &str) -> Fault {
        fault(error, &self.server(), doing, &self.object(name))
    }
}

/// Why an item did not get on.
enum Failure {
    /// The server, or the way to it.
    Refused(object_store::Error),
    /// The package cannot be read.
    Unread(std::io::Error),
}

impl Failure {
    fn fault(self, attempt: &Attempt<'_>, doing: &'static str, name: &str) -> Fault {
        match self {
            Failure::Refused(error) if unknown(&error) => {
                Fault::Broken("the server has forgotten the upload".to_owned())
            }
            Failure::Refused(error) => attempt.fault(&error, doing, name),
            Failure::Unread(error) => {
                S3Error::Package { package: name.into(), reason: error.to_string() }.into()
            }
        }
    }
}

/// Notes that a part arrived, or the first failure.
fn arrived(
    outcome: Option<Result<(usize, object_store::Result<PartId>), tokio::task::JoinError>>,
    parts: &mut [Option<PartId>],
    failure: &mut Option<Failure>,
) {
    let refused = match outcome {
        Some(Ok((number, Ok(part)))) => {
            if let Some(place) = parts.get_mut(number) {
                *place = Some(part);
            }
            return;
        }
        None => return,
        Some(Ok((_, Err(error)))) => Failure::Refused(error),
        Some(Err(error)) => Failure::Unread(std::io::Error::other(error)),
    };
    failure.get_or_insert(refused);
}

/// Bytes of an item's parts, all but the last.
fn size_of_parts(bytes: u64) -> u64 {
    PART.max(bytes.div_ceil(PARTS).next_multiple_of(1 << 20))
}

/// So many bytes of a reader, and not one less.
fn read(reader: &mut impl Read, bytes: u64) -> std::io::Result<PutPayload> {
    let mut pieces = Vec::new();
    let mut left = usize::try_from(bytes).map_err(std::io::Error::other)?;
    while left > 0 {
        let mut piece = vec![0; PIECE.min(left)];
        reader.read_exact(&mut piece).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => changed(),
            _ => error,
        })?;
        left -= piece.len();
        pieces.push(Bytes::from(piece));
    }
    Ok(pieces.into_iter().collect())
}

/// Whether a reader has no more.
fn ended(reader: &mut impl Read) -> std::io::Result<()> {
    match reader.read(&mut [0])? {
        0 => Ok(()),
        _ => Err(changed()),
    }
}

fn changed() -> std::io::Error {
    std::io::Error::other("the package changed while it was read")
}

/// What an object is called in the answer to whoever fetches it.
fn kind(name: &str) -> Attributes {
    let kind = match name.rsplit_once('.') {
        Some((_, "zip")) => "application/zip",
        Some((_, "csv")) => "text/csv; charset=utf-8",
        _ => "application/octet-stream",
    };
    Attributes::from_iter([(Attribute::ContentType, kind)])
}

fn status(error: &object_store::Error) -> Option<u16> {
    match Answer::of(error) {
        Some(Answer::Said { status, .. }) => Some(*status),
        _ => None,
    }
}

/// Whether there is no such object, in a bucket that there is.
fn missing(error: &object_store::Error) -> bool {
    matches!(Answer::of(error), Some(Answer::Said { status: 404, code, .. }) if code != "NoSuchBucket")
}

/// Whether the server knows nothing of an upload.
fn unknown(error: &object_store::Error) -> bool {
    matches!(Answer::of(error), Some(Answer::Said { code, .. }) if code == "NoSuchUpload")
}

fn forgotten<T>(outcome: &Result<T, Failure>) -> bool {
    matches!(outcome, Err(Failure::Refused(error)) if unknown(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_of_one_size_and_never_too_many() {
        assert_eq!(size_of_parts(1), PART);
        assert_eq!(size_of_parts(PART * PARTS), PART);
        let much = PART * PARTS + 1;
        assert_eq!(size_of_parts(much), PART + (1 << 20));
        assert!(much.div_ceil(size_of_parts(much)) <= PARTS);
    }

    #[test]
    fn a_package_that_shrinks_or_grows_is_noticed() {
        let payload = read(&mut &b"abc"[..], 3).unwrap();
        assert_eq!(payload.content_length(), 3);
        assert!(read(&mut &b"abc"[..], 4).unwrap_err().to_string().contains("changed"));
        assert!(ended(&mut &b"a"[..]).is_err() && ended(&mut &b""[..]).is_ok());
    }
}
