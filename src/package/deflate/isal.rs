//! Deflate by Intel's ISA-L (feature `isal`), several times as fast as zlib at about the size of level 3.
//!
//! In: a block. Out: raw deflate, not closed by a last block, as [`super::pack`] wants it; the library can only end a stream,
//! so its end is opened again. Only the levels of the library are used whose bytes were the same on every kind of
//! processor that was tried (docs/adr/0069): its level 3 chooses other matches where there is AVX-512.

use std::io;

use isal::{Codec, CompressionLevel};

use super::reopen::reopen;

/// The library's level for one of ours; `None` where zlib is to do it, which alone can make packages smaller.
pub(super) fn level(ours: u32) -> Option<CompressionLevel> {
    match ours {
        1 => Some(CompressionLevel::Zero),
        2 | 3 => Some(CompressionLevel::One),
        _ => None,
    }
}

/// Compresses a block.
pub(super) fn pack(block: &[u8], level: CompressionLevel) -> io::Result<Vec<u8>> {
    // The library stores what it cannot shrink: five bytes for each 65,535 of a block.
    let most = block.len() + 5 * (block.len() / 65_535 + 1) + 64;
    let mut bytes = vec![0; most];
    let length = isal::compress_into(block, &mut bytes, level, Codec::Deflate)?;
    bytes.truncate(length);
    reopen(&mut bytes, block.len() as u64)
        .ok_or_else(|| io::Error::other("ISA-L did not make a whole deflate stream of a block"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use proptest::prelude::*;
    use rayon::prelude::*;

    use super::super::{END, unpack};
    use super::*;

    const BOTH: [u32; 2] = [1, 3];

    fn packed(block: &[u8], ours: u32) -> Vec<u8> {
        super::super::pack(block, ours).unwrap().bytes
    }

    /// Rows as those of enrollments.csv: digests, which deflate can hardly shrink, and what repeats.
    fn rows(count: u64) -> Vec<u8> {
        let digest = |n: u64| n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
        let row = |n| format!("{:016x},{:016x},active,student,2024-08-19,,\r\n", digest(n), digest(n / 7));
        (0..count).map(row).collect::<String>().into_bytes()
    }

    #[test]
    fn the_lower_levels_are_the_librarys() {
        let block = rows(16_000);
        assert!(packed(&block, 1).len() > packed(&block, 2).len());
        assert_eq!(packed(&block, 2), packed(&block, 3));
        for ours in 1..=9 {
            let by_zlib = packed(&block, ours) == super::super::by_zlib(&block, ours).unwrap();
            assert_eq!(by_zlib, ours > 3, "level {ours}");
        }
    }

    #[test]
    fn the_same_block_gives_the_same_bytes_wherever_it_lies_and_whoever_packs_it() {
        let block = rows(20_000);
        for ours in BOTH {
            let expected = packed(&block, ours);
            let again: Vec<Vec<u8>> = (0..64usize)
                .into_par_iter()
                .map(|offset| {
                    let moved = [&vec![b'x'; offset], &block[..]].concat();
                    packed(&moved[offset..], ours)
                })
                .collect();
            assert!(again.iter().all(|bytes| *bytes == expected), "level {ours}");
        }
    }

    #[test]
    fn what_cannot_shrink_is_stored() {
        let digest = |n: u64| (n ^ n >> 7).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_pow(3);
        let noise: Vec<u8> = (0..200_000).map(|n| (digest(n) >> 40) as u8).collect();
        for ours in BOTH {
            for length in [0, 1, 2, 65_534, 65_535, 65_536, 200_000] {
                let bytes = packed(&noise[..length], ours);
                assert_eq!(unpack(&bytes, length as u64).as_deref(), Some(&noise[..length]));
            }
        }
    }

    proptest! {
        #[test]
        fn blocks_one_after_the_other_are_one_stream(blocks in prop::collection::vec(any::<Vec<u8>>(), 1..6), ours in 1u32..=3) {
            let mut stream = Vec::new();
            for block in &blocks {
                stream.extend(packed(block, ours));
            }
            stream.extend(END);
            let mut back = Vec::new();
            flate2::read::DeflateDecoder::new(&stream[..]).read_to_end(&mut back).unwrap();
            prop_assert_eq!(back, blocks.concat());
        }
    }
}
