//! Shares of the tenants for several machines: which tenant falls to which share.
//!
//! In: a share (`3/16`) and names of tenants. Out: whether a tenant falls to it. Every tenant falls to exactly one share, whatever
//! other tenants there are: a new one moves nobody (rendezvous hashing, ADR 0058). The assignment is a promise: machines of
//! different releases agree on it. Reads no environment: who runs as part of an array says so.

use std::fmt;

use sha2::{Digest, Sha256};

/// The most shares that there can be.
pub const MOST: u32 = 65_536;

/// One of several shares. It is shown as `3/16`: the third of sixteen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Zero-based.
    index: u32,
    count: u32,
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index + 1, self.count)
    }
}

impl Shard {
    /// The share of a zero-based index, when there is one.
    pub fn of(index: u32, count: u32) -> Option<Shard> {
        (index < count && count <= MOST).then_some(Shard { index, count })
    }

    /// Whether a tenant falls to this share: to the one for which its name gives the greatest hash.
    pub fn takes(&self, tenant: &str) -> bool {
        let mine = weight(tenant, self.index);
        (0..self.count).all(|other| {
            let theirs = if other == self.index { return true } else { weight(tenant, other) };
            (mine, other) > (theirs, self.index)
        })
    }
}

/// The first 16 bytes of SHA-256 over the index (four bytes, most significant first) and the name.
fn weight(tenant: &str, index: u32) -> u128 {
    let digest = Sha256::new().chain_update(index.to_be_bytes()).chain_update(tenant).finalize();
    digest.iter().take(16).fold(0, |weight, byte| weight << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(tenant: &str, count: u32) -> Vec<u32> {
        (0..count).filter(|index| Shard::of(*index, count).unwrap().takes(tenant)).collect()
    }

    fn names() -> Vec<String> {
        (0..200).map(|n| format!("district-{n}")).collect()
    }

    #[test]
    fn every_tenant_falls_to_exactly_one_share() {
        for count in [1, 2, 3, 16, 100] {
            for name in names() {
                assert_eq!(shares(&name, count).len(), 1, "{name} of {count}");
            }
        }
    }

    #[test]
    fn one_share_more_moves_tenants_only_to_itself() {
        let mut moved = 0;
        for name in names() {
            let (before, after) = (shares(&name, 16)[0], shares(&name, 17)[0]);
            moved += u32::from(before != after);
            assert!(before == after || after == 16, "{name}: {before} to {after}");
        }
        assert!((3..30).contains(&moved), "about one of 17 moves: {moved} of 200");
    }

    #[test]
    fn shares_are_about_alike() {
        for index in 0..4 {
            let share = names().iter().filter(|name| Shard::of(index, 4).unwrap().takes(name)).count();
            assert!((30..70).contains(&share), "{share} of 200 in share {index}");
        }
    }

    #[test]
    fn the_assignment_is_a_promise() {
        let found = ["north", "south", "east", "west", "Zürich"].map(|name| shares(name, 16)[0]);
        assert_eq!(found, [6, 14, 4, 10, 3]);
    }

    #[test]
    fn shares_that_cannot_be() {
        assert_eq!(Shard::of(2, 16).unwrap().to_string(), "3/16");
        for (index, count) in [(16, 16), (0, 0), (0, MOST + 1)] {
            assert_eq!(Shard::of(index, count), None);
        }
    }
}
