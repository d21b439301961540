//! Deflating alone: what nobody can go below with this library, and what a level costs.
//!
//! In: a package. Out: bytes, seconds of wall and of processor. The bytes are those of its files, cut into blocks as
//! long as a package's own.

use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::{Compress, Compression, FlushCompress};
use rayon::prelude::*;

use super::{Outcome, process};

/// As long as a block of a package.
const BLOCK: usize = 1 << 20;

/// What deflating the files of a package again came to.
pub struct Deflated {
    /// Bytes in and out.
    pub bytes: (u64, u64),
    /// Seconds.
    pub wall: f64,
    /// Seconds of processor.
    pub processor: f64,
}

/// Deflates the files of a package, a few blocks at a time on all cores; inflating them is not counted. Only so many
/// bytes of each file are taken.
pub fn again(package: &Path, level: u32, most_of_a_file: u64) -> Outcome<Deflated> {
    let mut zip = zip::ZipArchive::new(File::open(package)?)?;
    let mut sum = Deflated { bytes: (0, 0), wall: 0.0, processor: 0.0 };
    for n in 0..zip.len() {
        let mut entry = zip.by_index(n)?.take(most_of_a_file);
        loop {
            let mut bytes = Vec::new();
            entry.by_ref().take(64 * BLOCK as u64).read_to_end(&mut bytes)?;
            if bytes.is_empty() {
                break;
            }
            let packed = AtomicU64::new(0);
            let ((), wall, processor) = process::timed(|| {
                Ok(bytes.par_chunks(BLOCK).try_for_each(|block| {
                    let mut out = Vec::with_capacity(BLOCK + BLOCK / 8);
                    let mut stream = Compress::new(Compression::new(level), false);
                    let done = stream.compress_vec(block, &mut out, FlushCompress::Sync);
                    packed.fetch_add(black_box(&out).len() as u64, Ordering::Relaxed);
                    done.map(drop)
                })?)
            })?;
            sum.bytes.0 += bytes.len() as u64;
            sum.bytes.1 += packed.into_inner();
            sum.wall += wall;
            sum.processor += processor;
        }
    }
    Ok(sum)
}
