//! How often and how patiently a connection is tried again.
//!
//! In: the limits. Out: the waits between attempts: exponential with jitter, so that many exporters that were
//! started by the same clock do not come back together. Sources repeat only connecting (what a read that broke has
//! delivered is already in use), deliveries the whole upload.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

/// Limits of repetition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Attempts in all, at least one.
    pub attempts: u32,
    /// Wait after the first failed attempt; it doubles with each further one.
    pub first: Duration,
    /// The longest wait.
    pub max: Duration,
}

impl Default for Retry {
    fn default() -> Retry {
        Retry { attempts: 10, first: Duration::from_millis(100), max: Duration::from_secs(30) }
    }
}

impl Retry {
    /// The wait after this many failed attempts (one-based), with `jitter` in 0..=1 taking away up to half
    /// of it; `None` when there is no further attempt.
    pub fn wait(&self, failed: u32, jitter: f64) -> Option<Duration> {
        if failed == 0 || failed >= self.attempts {
            return None;
        }
        let doubled = self.first.saturating_mul(1u32.checked_shl(failed - 1).unwrap_or(u32::MAX));
        Some(doubled.min(self.max).mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0))
    }
}

/// A number in 0..1 that differs from process to process. It moves waits, never results.
pub(crate) fn jitter() -> f64 {
    RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit_and_then_end() {
        let retry = Retry::default();
        let waits: Vec<_> = (1..10).map(|n| retry.wait(n, 0.0).unwrap().as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600]);
        assert_eq!(retry.wait(10, 0.0), None);
        let many = Retry { attempts: u32::MAX, ..retry };
        assert_eq!(many.wait(60, 0.0), Some(Duration::from_secs(30)));
        assert_eq!(many.wait(60, 1.0), Some(Duration::from_secs(15)));
    }

    #[test]
    fn one_attempt_never_waits() {
        let once = Retry { attempts: 1, ..Retry::default() };
        assert_eq!(once.wait(1, 0.5), None);
        assert!((0.0..=1.0).contains(&jitter()));
    }
}
