//! The stream of one entry of a zip: bounded while it flows, verified at its end.
//!
//! In: decompressed bytes. Out: the same bytes, or an error around a [`ReadFault`] as soon as they are more than the
//! zip's directory declares, or at their end when size or sum differ. It holds no byte back and keeps none.

use std::io::{self, Read};

/// Why the bytes of an entry end too early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadFault {
    /// Sum, size or compressed bytes are not what the zip's directory says.
    #[error("{0}")]
    Damaged(String),
    /// The system cannot read it.
    #[error("{0}")]
    Unreadable(String),
}

impl ReadFault {
    /// The fault inside an error of one of our streams; any other error is one of the decompressor, hence damage.
    pub fn of(error: &io::Error) -> ReadFault {
        error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<ReadFault>())
            .cloned()
            .unwrap_or_else(|| ReadFault::Damaged(format!("its compressed bytes are damaged ({error})")))
    }

    fn error(self) -> io::Error {
        io::Error::other(self)
    }
}

/// What the directory of the zip says that a stream will be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Declared {
    pub(super) size: u64,
    pub(super) crc32: u32,
}

/// A reader that ends when it must.
pub(super) struct Guarded<R> {
    inner: R,
    /// Until it is verified.
    declared: Option<Declared>,
    read: u64,
    crc: crc32fast::Hasher,
}

impl<R: Read> Guarded<R> {
    pub(super) fn new(inner: R, declared: Declared) -> Guarded<R> {
        Guarded { inner, declared: Some(declared), read: 0, crc: crc32fast::Hasher::new() }
    }

    fn verify(&mut self) -> io::Result<usize> {
        // Verified once: whoever reads again behind the end gets the end again.
        let Some(Declared { size, crc32 }) = self.declared.take() else { return Ok(0) };
        let damaged = |what: String| Err(ReadFault::Damaged(what).error());
        if self.read != size {
            return damaged(format!("it holds {} bytes, the zip's directory declares {size}", self.read));
        }
        match std::mem::take(&mut self.crc).finalize() {
            found if found == crc32 => Ok(0),
            found => damaged(format!("its CRC-32 is {found:08x}, the zip's directory declares {crc32:08x}")),
        }
    }
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = match self.inner.read(out) {
            Ok(0) if out.is_empty() => return Ok(0),
            Ok(0) => return self.verify(),
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => return Err(e),
            Err(e) => return Err(ReadFault::of(&e).error()),
        };
        self.read += n as u64;
        if let Some(Declared { size, .. }) = self.declared.filter(|declared| self.read > declared.size) {
            let what = format!("it holds more than the {size} bytes that the zip's directory declares");
            return Err(ReadFault::Damaged(what).error());
        }
        self.crc.update(out.get(..n).unwrap_or_default());
        Ok(n)
    }
}
