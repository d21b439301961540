//! Independent deflate blocks.
//!
//! In: some bytes. Out: raw deflate that ends on a byte boundary and refers to nothing before it, with length and
//! CRC. Blocks one after the other, closed by [`END`], are one valid stream (RFC 1951), so that all cores can work on
//! one entry; the cost is under one percent at a block of 1 MiB. The bytes depend on the block, the level and the library
//! alone: zlib-rs, or ISA-L for the lower levels when the feature `isal` is compiled.

#[cfg(feature = "isal")]
mod isal;
#[cfg(any(feature = "isal", test))]
mod reopen;

use std::io;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// An empty last block: ends a stream of blocks.
pub(super) const END: [u8; 2] = [0x03, 0x00];

/// A compressed piece of an entry.
pub(super) struct Packed {
    /// Raw deflate.
    pub(super) bytes: Vec<u8>,
    /// Bytes before compression.
    pub(super) length: u64,
    /// CRC-32 of the bytes before compression; combined over the pieces of an entry.
    pub(super) crc: crc32fast::Hasher,
}

/// Compresses a block at a level of 1 to 9.
pub(super) fn pack(block: &[u8], level: u32) -> io::Result<Packed> {
    let mut crc = crc32fast::Hasher::new();
    crc.update(block);
    #[cfg(feature = "isal")]
    if isal::LEVELS.contains(&level) {
        return Ok(Packed { bytes: isal::pack(block)?, length: block.len() as u64, crc });
    }
    Ok(Packed { bytes: by_zlib(block, level)?, length: block.len() as u64, crc })
}

fn by_zlib(block: &[u8], level: u32) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(block.len() / 4 + 64);
    let mut stream = Compress::new(Compression::new(level), false);
    loop {
        let read = usize::try_from(stream.total_in()).map_err(io::Error::other)?;
        stream.compress_vec(&block[read..], &mut bytes, FlushCompress::Sync).map_err(io::Error::other)?;
        // zlib has flushed everything when it leaves room in the output.
        if stream.total_in() == block.len() as u64 && bytes.len() < bytes.capacity() {
            return Ok(bytes);
        }
        bytes.reserve(block.len() / 8 + 64);
    }
}

/// Inflates one block that [`pack`] made; `None` unless it holds exactly so many bytes.
pub(super) fn unpack(packed: &[u8], length: u64) -> Option<Vec<u8>> {
    let length = usize::try_from(length).ok()?;
    // One byte more than is expected, so that a longer block shows.
    let mut bytes = Vec::with_capacity(length + 1);
    let mut stream = Decompress::new(false);
    let status = stream.decompress_vec(packed, &mut bytes, FlushDecompress::Sync).ok()?;
    let whole = stream.total_in() == packed.len() as u64 && bytes.len() == length;
    // The end of the stream is in no block.
    (whole && status != Status::StreamEnd).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// Bytes that deflate cannot shrink, so that the output outgrows its first room.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn blocks_one_after_the_other_are_one_stream() {
        let text = "1234,student,2021-08-23\r\n".repeat(40_000).into_bytes();
        for level in 1..=9 {
            for block in [1, 1 << 10, 1 << 16, 1 << 22] {
                let whole = if block == 1 { &text[..300] } else { &text[..] };
                let (mut stream, mut crc) = (Vec::new(), crc32fast::Hasher::new());
                for part in whole.chunks(block) {
                    let packed = pack(part, level).unwrap();
                    assert_eq!(packed.length, part.len() as u64);
                    assert_eq!(unpack(&packed.bytes, packed.length).as_deref(), Some(part));
                    stream.extend(packed.bytes);
                    crc.combine(&packed.crc);
                }
                stream.extend(END);
                let mut back = Vec::new();
                flate2::read::DeflateDecoder::new(&stream[..]).read_to_end(&mut back).unwrap();
                assert!(back == whole, "level {level}, block {block}");
                assert_eq!(crc.finalize(), crc32fast::hash(whole));
            }
        }
    }

    #[test]
    fn incompressible_and_empty_blocks_survive() {
        for length in [0, 1, 63, 64, 65, 5_000, 1_000_000] {
            let whole = noise(length);
            let mut stream = pack(&whole, 3).unwrap().bytes;
            stream.extend(END);
            let mut back = Vec::new();
            flate2::read::DeflateDecoder::new(&stream[..]).read_to_end(&mut back).unwrap();
            assert!(back == whole, "{length}");
        }
    }

    #[test]
    fn a_block_that_is_not_whole_does_not_unpack() {
        let packed = pack(&noise(5_000), 3).unwrap().bytes;
        assert!(unpack(&packed, 5_000).is_some());
        assert!(unpack(&packed, 4_999).is_none() && unpack(&packed, 5_001).is_none());
        assert!(unpack(&packed[..packed.len() - 9], 5_000).is_none());
        assert!(unpack(&[&packed[..], &END].concat(), 5_000).is_none());
        assert!(unpack(b"\x07", 1).is_none());
    }
}
