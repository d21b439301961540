//! A deflate stream that was ended, made one that goes on.
//!
//! In: raw deflate with a last block (RFC 1951), from a library that can end a stream and not flush it. Out: the same
//! blocks, none of them the last, closed by an empty stored block as a sync flush closes them: on a byte, with nothing
//! behind it. Where the last block begins and where its codes end stands nowhere in a stream, so every code is walked;
//! nothing is inflated. The bytes that the codes stand for are counted, and a stream that does not stand for as many as
//! were compressed is refused.

/// So many bits are looked up at once, and with them as many literals as fit; longer codes are rare.
const FAST: u32 = 11;

/// The longest code (RFC 1951, 3.2.7).
const LONGEST: usize = 15;

/// End of a block among the codes of literals and lengths.
const END_OF_BLOCK: usize = 256;

/// What the codes 257 to 285 stand for: the shortest length, and extra bits (RFC 1951, 3.2.5).
const LENGTHS: [(u16, u8); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];

/// Distance codes that mean something, and the order in which a block tells the lengths of its length codes.
const DISTANCES: usize = 30;
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// An empty stored block that is not the last, from its length on.
const SYNC: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// Opens the stream's end; `None`, with the stream as it was, unless it is one whole stream that stands for so many
/// bytes.
pub(super) fn reopen(stream: &mut Vec<u8>, length: u64) -> Option<()> {
    let walked = Walk { stream, at: 0, length: 0 }.walked()?;
    let whole = walked.end.div_ceil(8) == stream.len();
    if !whole || walked.length != length {
        return None;
    }
    if let Some(byte) = stream.get_mut(walked.last / 8) {
        *byte &= !(1 << (walked.last % 8));
    }
    // What stands behind the last code is filling.
    if let Some(byte) = stream.get_mut(walked.end / 8) {
        *byte &= !(u8::MAX << (walked.end % 8));
    }
    // Three bits say: not the last, stored.
    stream.resize((walked.end + 3).div_ceil(8), 0);
    stream.extend(SYNC);
    Some(())
}

/// Where the last block of a stream begins and its codes end, in bits, and how many bytes the stream stands for.
struct Walked {
    last: usize,
    end: usize,
    length: u64,
}

/// A way through a stream, by bits.
struct Walk<'s> {
    stream: &'s [u8],
    at: usize,
    length: u64,
}

impl Walk<'_> {
    fn walked(mut self) -> Option<Walked> {
        loop {
            let start = self.at;
            let last = self.take(1)? == 1;
            match self.take(2)? {
                0 => self.stored()?,
                1 => {
                    let (literals, distances) = fixed()?;
                    self.codes(&literals, &distances)?;
                }
                2 => {
                    let (literals, distances) = self.dynamic()?;
                    self.codes(&literals, &distances)?;
                }
                _ => return None,
            }
            if last {
                return Some(Walked { last: start, end: self.at, length: self.length });
            }
        }
    }

    /// At least 57 of the bits that follow, zeros behind the end. `None` when the end has been passed.
    fn look(&self) -> Option<u64> {
        let byte = self.at / 8;
        let word = match self.stream.get(byte..byte + 8) {
            Some(bytes) => u64::from_le_bytes(bytes.try_into().ok()?),
            None if self.at <= self.stream.len() * 8 => {
                let rest = self.stream.get(byte..)?;
                rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
            }
            None => return None,
        };
        Some(word >> (self.at % 8))
    }

    /// The next few bits.
    fn take(&mut self, bits: usize) -> Option<usize> {
        let value = self.look()? & ((1 << bits) - 1);
        self.at += bits;
        (self.at <= self.stream.len() * 8).then_some(value as usize)
    }

    fn stored(&mut self) -> Option<()> {
        self.at = self.at.next_multiple_of(8);
        let length = self.take(16)?;
        if self.take(16)? != length ^ 0xffff {
            return None;
        }
        self.at += length * 8;
        self.length += length as u64;
        (self.at <= self.stream.len() * 8).then_some(())
    }

    /// The codes that a block brings along.
    fn dynamic(&mut self) -> Option<(Codes, Codes)> {
        let literals = self.take(5)? + 257;
        let distances = self.take(5)? + 1;
        let told = self.take(4)? + 4;
        let mut lengths = [0; ORDER.len()];
        for &n in ORDER.iter().take(told) {
            *lengths.get_mut(n)? = self.take(3)? as u8;
        }
        let meta = Codes::new(&lengths)?;
        let mut lengths = Vec::with_capacity(literals + distances);
        while lengths.len() < literals + distances {
            let found = meta.find(self.look()?)?;
            self.at += found.bits();
            let (again, times) = match found.symbol() {
                16 => (*lengths.last()?, 3 + self.take(2)?),
                17 => (0, 3 + self.take(3)?),
                18 => (0, 11 + self.take(7)?),
                length => (length as u8, 1),
            };
            lengths.resize(lengths.len() + times, again);
        }
        if lengths.len() > literals + distances {
            return None;
        }
        let (literals, distances) = lengths.split_at(literals);
        Some((Codes::with_literals(literals)?, Codes::new(distances)?))
    }

    /// Walks codes up to the end of their block.
    fn codes(&mut self, literals: &Codes, distances: &Codes) -> Option<()> {
        let mut word = self.look()?;
        let (mut spent, mut length) = (0, 0);
        loop {
            if spent > 57 - LONGEST {
                self.at += spent;
                spent = 0;
                word = self.look()?;
            }
            let found = literals.at(word >> spent);
            if found.is_run() {
                spent += found.bits();
                length += found.literals();
                continue;
            }
            let found = literals.sure(found, word >> spent)?;
            spent += found.bits();
            let symbol = found.symbol();
            if symbol < END_OF_BLOCK {
                length += 1;
                continue;
            }
            if symbol == END_OF_BLOCK {
                self.at += spent;
                self.length += length;
                return (self.at <= self.stream.len() * 8).then_some(());
            }
            // A length's extra bits, a distance's code and its extra bits are 33 at most.
            if spent > 57 - 33 {
                self.at += spent;
                spent = 0;
                word = self.look()?;
            }
            let (least, extra) = *LENGTHS.get(symbol - END_OF_BLOCK - 1)?;
            length += u64::from(least) + (word >> spent & ((1 << extra) - 1));
            spent += usize::from(extra);
            let found = distances.find(word >> spent)?;
            let distance = found.symbol();
            if distance >= DISTANCES {
                return None;
            }
            spent += found.bits() + (distance / 2).saturating_sub(1);
        }
    }
}

/// What the next bits are: a symbol, or as many literals as are sure; and how many bits that takes, none when the code
/// is longer than [`FAST`].
#[derive(Clone, Copy)]
struct Found(u16);

impl Found {
    const LONG: Found = Found(0);

    fn one(symbol: usize, bits: usize) -> Found {
        Found((symbol as u16) << 4 | bits as u16)
    }

    fn run(literals: u16, bits: usize) -> Found {
        Found(1 << 15 | literals << 4 | bits as u16)
    }

    fn bits(self) -> usize {
        usize::from(self.0 & 15)
    }

    fn is_run(self) -> bool {
        self.0 >> 15 == 1
    }

    fn literals(self) -> u64 {
        u64::from(self.0 >> 4 & 15)
    }

    fn symbol(self) -> usize {
        usize::from(self.0 >> 4)
    }
}

/// A prefix code: which symbol the next bits are.
struct Codes {
    fast: Box<[Found; 1 << FAST]>,
    /// How many codes are of each length.
    counts: [u16; LONGEST + 1],
    /// Symbols in the order of their codes.
    symbols: Vec<u16>,
}

impl Codes {
    /// Codes of these lengths (RFC 1951, 3.2.2); `None` when there are more than fit.
    fn new(lengths: &[u8]) -> Option<Codes> {
        let mut counts = [0u16; LONGEST + 1];
        for &length in lengths {
            *counts.get_mut(usize::from(length))? += 1;
        }
        counts[0] = 0;
        let (mut first, mut place) = ([0u32; LONGEST + 2], [0usize; LONGEST + 2]);
        for (length, &count) in counts.iter().enumerate().skip(1) {
            if first[length] + u32::from(count) > 1 << length {
                return None;
            }
            first[length + 1] = (first[length] + u32::from(count)) << 1;
            place[length + 1] = place[length] + usize::from(count);
        }
        let mut symbols = vec![0; place[LONGEST + 1]];
        let mut fast = Box::new([Found::LONG; 1 << FAST]);
        for (symbol, &bits) in lengths.iter().enumerate().filter(|(_, bits)| **bits > 0) {
            let length = usize::from(bits);
            *symbols.get_mut(place[length])? = symbol as u16;
            place[length] += 1;
            // Codes begin with their highest bit, everything else with its lowest.
            let code = first[length].reverse_bits() >> (32 - u32::from(bits));
            first[length] += 1;
            if u32::from(bits) <= FAST {
                let found = Found::one(symbol, length);
                fast.iter_mut().skip(code as usize).step_by(1 << bits).for_each(|place| *place = found);
            }
        }
        Some(Codes { fast, counts, symbols })
    }

    /// The same codes, where what is below the end of a block is a literal and found with those behind it.
    fn with_literals(lengths: &[u8]) -> Option<Codes> {
        let mut codes = Codes::new(lengths)?;
        let single = codes.fast.clone();
        for (bits, found) in codes.fast.iter_mut().enumerate() {
            let (mut literals, mut spent) = (0, 0);
            loop {
                let next = single[bits >> spent];
                let known = next.bits() > 0 && spent + next.bits() <= FAST as usize;
                if !known || next.symbol() >= END_OF_BLOCK {
                    break;
                }
                literals += 1;
                spent += next.bits();
            }
            if literals > 0 {
                *found = Found::run(literals, spent);
            }
        }
        Some(codes)
    }

    fn at(&self, bits: u64) -> Found {
        self.fast[(bits & ((1 << FAST) - 1)) as usize]
    }

    fn sure(&self, found: Found, bits: u64) -> Option<Found> {
        if found.bits() > 0 { Some(found) } else { self.find_long(bits) }
    }

    fn find(&self, bits: u64) -> Option<Found> {
        self.sure(self.at(bits), bits)
    }

    #[cold]
    fn find_long(&self, bits: u64) -> Option<Found> {
        let (mut code, mut first, mut place) = (0u32, 0u32, 0usize);
        for (length, &count) in self.counts.iter().enumerate().skip(1) {
            code |= (bits >> (length - 1)) as u32 & 1;
            let ahead = code.checked_sub(first)?;
            if ahead < u32::from(count) {
                return Some(Found::one(usize::from(*self.symbols.get(place + ahead as usize)?), length));
            }
            place += usize::from(count);
            first = (first + u32::from(count)) << 1;
            code <<= 1;
        }
        None
    }
}

/// The codes of blocks that bring none (RFC 1951, 3.2.6).
fn fixed() -> Option<(Codes, Codes)> {
    let mut lengths = [8; 288];
    lengths[144..256].fill(9);
    lengths[256..280].fill(7);
    Some((Codes::with_literals(&lengths)?, Codes::new(&[5; 32])?))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use flate2::Compression;
    use flate2::read::DeflateDecoder;
    use flate2::write::DeflateEncoder;
    use proptest::prelude::*;

    use super::super::{END, unpack};
    use super::*;

    /// A stream with an end, at a level of 0 (stored) to 9.
    fn ended(bytes: &[u8], level: u32) -> Vec<u8> {
        let mut stream = DeflateEncoder::new(Vec::new(), Compression::new(level));
        stream.write_all(bytes).unwrap();
        stream.finish().unwrap()
    }

    /// Rows with long matches, and digests, of which nothing repeats.
    fn rows(count: u64) -> Vec<u8> {
        let mut state = 7u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 16
        };
        let row = |n| format!("{:012x}{:012x},active,student,{n},2024-08-19,,,\r\n", next(), next());
        (0..count).map(row).collect::<String>().into_bytes()
    }

    /// What a reader makes of streams one after the other.
    fn inflated(streams: &[Vec<u8>]) -> Vec<u8> {
        let (mut stream, mut bytes) = (streams.concat(), Vec::new());
        stream.extend(END);
        let mut reader = DeflateDecoder::new(&stream[..]);
        reader.read_to_end(&mut bytes).unwrap();
        assert_eq!(reader.total_in(), stream.len() as u64);
        bytes
    }

    #[test]
    fn streams_one_after_the_other_are_one() {
        for level in 0..=9 {
            let parts = [rows(20_000), Vec::new(), b"a".to_vec(), vec![b'0'; 300_000], rows(30)];
            let streams: Vec<Vec<u8>> = parts
                .iter()
                .map(|part| {
                    let mut stream = ended(part, level);
                    reopen(&mut stream, part.len() as u64).unwrap();
                    assert_eq!(unpack(&stream, part.len() as u64).as_deref(), Some(&part[..]));
                    stream
                })
                .collect();
            assert!(inflated(&streams) == parts.concat(), "level {level}");
        }
    }

    #[test]
    fn what_is_no_whole_stream_stays_as_it_was() {
        let bytes = rows(3_000);
        let whole = ended(&bytes, 6);
        let length = bytes.len() as u64;
        let longer = [&whole[..], b"\0"].concat();
        for (stream, length) in [
            (&whole[..whole.len() - 1], length),
            (&whole[..100], length),
            (&longer, length),
            (&whole, length - 1),
            (&whole, length + 1),
            (&[], 0),
            // A block of the fourth kind; a length that is not confirmed; more codes than fit.
            (&[0x07], 0),
            (&[0x01, 0x05, 0x00, 0xff, 0xff], 0),
            (&[0x05, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 0),
        ] {
            let mut changed = stream.to_vec();
            assert_eq!(reopen(&mut changed, length), None);
            assert_eq!(changed, stream);
        }
    }

    #[test]
    fn a_code_of_fifteen_bits_is_found() {
        let mut lengths: Vec<u8> = (1..=15).collect();
        lengths.push(15);
        let codes = Codes::new(&lengths).unwrap();
        let find = |bits| codes.find(bits).map(|found| (found.symbol(), found.bits()));
        assert_eq!(find(0b0), Some((0, 1)));
        assert_eq!(find(0b01_1111_1111_1111), Some((13, 14)));
        assert_eq!(find(0b011_1111_1111_1111), Some((14, 15)));
        assert_eq!(find(0b111_1111_1111_1111), Some((15, 15)));
        assert!(Codes::new(&[1, 1, 1]).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_survive(parts in prop::collection::vec((any::<Vec<u8>>(), 0u32..=9), 1..5)) {
            let mut streams = Vec::new();
            for (part, level) in &parts {
                let mut stream = ended(part, *level);
                prop_assert_eq!(reopen(&mut stream, part.len() as u64), Some(()));
                streams.push(stream);
            }
            let whole: Vec<u8> = parts.into_iter().flat_map(|(part, _)| part).collect();
            prop_assert_eq!(inflated(&streams), whole);
        }

        #[test]
        fn whatever_is_taken_is_a_stream_of_that_length(bytes: Vec<u8>, flips in prop::collection::vec((0usize..4_000, 0u8..8), 1..4)) {
            let text = rows(40);
            let mut damaged = ended(&text, 6);
            for (place, bit) in flips {
                let place = place % damaged.len();
                damaged[place] ^= 1 << bit;
            }
            for mut stream in [bytes, damaged] {
                for length in [0, 1, text.len() as u64] {
                    let before = stream.clone();
                    if reopen(&mut stream, length).is_none() {
                        prop_assert_eq!(&stream, &before);
                    }
                }
            }
        }
    }
}
