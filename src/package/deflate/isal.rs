//! Deflate by Intel's ISA-L (feature `isal`), several times as fast as zlib at about the size of level 3.
//!
//! In: a block. Out: raw deflate, not closed by a last block, as [`super::pack`] wants it; the library can only end a stream,
//! so its end is opened again. Only one level of the library is used: its level 0 gains nothing over it once the end is
//! opened, and level 3 chooses other matches where there is AVX-512 (docs/adr/0069).

use std::io;
use std::ops::RangeInclusive;

use isal::{Codec, CompressionLevel};

use super::reopen::reopen;

/// The levels of ours that the library does. What is to be smaller than it can make it, zlib does.
pub(super) const LEVELS: RangeInclusive<u32> = 1..=3;

/// Compresses a block.
pub(super) fn pack(block: &[u8]) -> io::Result<Vec<u8>> {
    // The library stores what it cannot shrink: five bytes for each 65,535 of a block.
    let most = block.len() + 5 * (block.len() / 65_535 + 1) + 64;
    let mut bytes = vec![0; most];
    let length = isal::compress_into(block, &mut bytes, CompressionLevel::One, Codec::Deflate)?;
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

    fn packed(block: &[u8], level: u32) -> Vec<u8> {
        super::super::pack(block, level).unwrap().bytes
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
        for level in 1..=9 {
            let by_zlib = packed(&block, level) == super::super::by_zlib(&block, level).unwrap();
            assert_eq!(by_zlib, level > 3, "level {level}");
            assert_eq!(packed(&block, level) == pack(&block).unwrap(), level <= 3, "level {level}");
        }
    }

    #[test]
    fn the_same_block_gives_the_same_bytes_wherever_it_lies_and_whoever_packs_it() {
        let block = rows(20_000);
        let expected = pack(&block).unwrap();
        let again: Vec<Vec<u8>> = (0..64usize)
            .into_par_iter()
            .map(|offset| {
                let moved = [&vec![b'x'; offset], &block[..]].concat();
                pack(&moved[offset..]).unwrap()
            })
            .collect();
        assert!(again.iter().all(|bytes| *bytes == expected));
    }

    #[test]
    fn what_cannot_shrink_is_stored() {
        let digest = |n: u64| (n ^ n >> 7).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_pow(3);
        let noise: Vec<u8> = (0..200_000).map(|n| (digest(n) >> 40) as u8).collect();
        for length in [0, 1, 2, 65_534, 65_535, 65_536, 200_000] {
            let bytes = pack(&noise[..length]).unwrap();
            assert_eq!(unpack(&bytes, length as u64).as_deref(), Some(&noise[..length]));
        }
    }

    proptest! {
        #[test]
        fn blocks_one_after_the_other_are_one_stream(blocks in prop::collection::vec(any::<Vec<u8>>(), 1..6)) {
            let mut stream: Vec<u8> = blocks.iter().flat_map(|block| pack(block).unwrap()).collect();
            stream.extend(END);
            let mut back = Vec::new();
            flate2::read::DeflateDecoder::new(&stream[..]).read_to_end(&mut back).unwrap();
            prop_assert_eq!(back, blocks.concat());
        }
    }
}
