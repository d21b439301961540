//! A stream that is unpacked on a thread of its own while what came of it is looked at.
//!
//! In: a stream. Out: the same bytes and the same error in the same order, a few blocks ahead of whoever reads them. Memory is
//! those blocks.

use std::io::{self, ErrorKind, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Bytes handed over at a time.
const BLOCK: usize = 128 * 1024;
/// Blocks that may wait.
const WAITING: usize = 4;

/// Does some work with a stream that is read ahead; as it is, when the system gives no thread for that.
pub fn read_ahead<T>(stream: impl Read + Send, work: impl FnOnce(&mut dyn Read) -> T) -> T {
    let stream = std::sync::Mutex::new(Some(stream));
    std::thread::scope(|scope| {
        let (to, from) = sync_channel(WAITING);
        let take = || stream.lock().ok().and_then(|mut stream| stream.take());
        let started = std::thread::Builder::new().spawn_scoped(scope, move || {
            if let Some(stream) = take() {
                send(stream, &to);
            }
        });
        match started {
            // The receiver goes with the work, so that the thread learns when nobody listens any more.
            Ok(_) => work(&mut Ahead { from, block: Vec::new(), at: 0 }),
            Err(_) => match stream.lock().ok().and_then(|mut stream| stream.take()) {
                Some(mut stream) => work(&mut stream),
                None => work(&mut io::empty()),
            },
        }
    })
}

fn send(mut stream: impl Read, to: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut block = vec![0; BLOCK];
        let mut filled = 0;
        let failed = loop {
            match stream.read(block.get_mut(filled..).unwrap_or_default()) {
                Ok(0) => break None,
                Ok(n) => filled += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break Some(error),
            }
        };
        block.truncate(filled);
        let is_over = filled < BLOCK;
        if (filled > 0 && to.send(Ok(block)).is_err()) || is_over && failed.is_none() {
            return;
        }
        if let Some(error) = failed {
            let _ = to.send(Err(error));
            return;
        }
    }
}

/// The reading end.
struct Ahead {
    from: Receiver<io::Result<Vec<u8>>>,
    block: Vec<u8>,
    at: usize,
}

impl Read for Ahead {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.block.len() {
            match self.from.recv() {
                Ok(block) => (self.block, self.at) = (block?, 0),
                // The sender is gone: the stream is over.
                Err(_) => return Ok(0),
            }
        }
        let rest = self.block.get(self.at..).unwrap_or_default();
        let n = rest.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        self.at += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes in pieces, then perhaps an error.
    struct Pieces(Vec<u8>, usize, bool);

    impl Read for Pieces {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() && self.2 {
                return Err(io::Error::other("broken"));
            }
            let n = self.1.min(self.0.len()).min(out.len());
            out[..n].copy_from_slice(&self.0[..n]);
            self.0.drain(..n);
            Ok(n)
        }
    }

    #[test]
    fn bytes_and_error_come_as_they_are() {
        for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 7 * BLOCK] {
            for fails in [false, true] {
                let bytes: Vec<u8> = (0..length).map(|n| (n * 7 % 251) as u8).collect();
                let mut found = Vec::new();
                let outcome =
                    read_ahead(Pieces(bytes.clone(), 60_000, fails), |stream| stream.read_to_end(&mut found));
                assert_eq!(found, bytes, "{length}");
                assert_eq!(outcome.is_err(), fails, "{length}");
            }
        }
    }

    #[test]
    fn a_reader_may_stop_early() {
        let mut first = [0; 3];
        read_ahead(Pieces(vec![5; 100 * BLOCK], BLOCK, false), |stream| stream.read_exact(&mut first))
            .unwrap();
        assert_eq!(first, [5; 3]);
    }
}
