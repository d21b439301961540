//! Attempts at a server: what is tried again, how patiently, and what came of it.
//!
//! In: one attempt as a function, the limits of repetition and of waiting. Out: its value with the attempts that it took, or the
//! error of a kind of target. Connection faults are tried again with growing waits; what a server refuses is not.

use std::future::Future;
use std::time::Duration;

use crate::retry::{Retry, jitter};

/// A delivery that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Bytes that are there now.
    pub bytes: u64,
    /// Attempts that it took.
    pub attempts: u32,
}

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For the connection; over SFTP with the exchange of keys and the login.
    pub connect: Duration,
    /// For any sign of life afterwards.
    pub idle: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { connect: Duration::from_secs(30), idle: Duration::from_secs(60) }
    }
}

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum Fault<E> {
    /// The connection: another attempt may succeed.
    Broken(String),
    /// Anything else: another attempt would end alike.
    Final(Box<E>),
}

impl<E> From<E> for Fault<E> {
    fn from(error: E) -> Fault<E> {
        Fault::Final(Box::new(error))
    }
}

/// Tries until it works, the fault is final, or patience is at its end: then `gave_up` makes the error of the attempts and what
/// happened at the last one.
pub(super) fn repeat<T, E>(
    retry: Retry,
    mut attempt: impl FnMut() -> Result<T, Fault<E>>,
    gave_up: impl FnOnce(u32, String) -> E,
) -> Result<(T, u32), E> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        match attempt() {
            Ok(value) => return Ok((value, attempts)),
            Err(Fault::Final(error)) => return Err(*error),
            Err(Fault::Broken(reason)) => match retry.wait(attempts, jitter()) {
                Some(wait) => std::thread::sleep(wait),
                None => return Err(gave_up(attempts, reason)),
            },
        }
    }
}

/// A limit for something that must come.
pub(super) async fn within<T, E>(
    limit: Duration,
    what: &str,
    future: impl Future<Output = Result<T, Fault<E>>>,
) -> Result<T, Fault<E>> {
    match tokio::time::timeout(limit, future).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Fault::Broken(waited(limit, what))),
    }
}

/// Says for what it was waited in vain.
pub(super) fn waited(limit: Duration, what: &str) -> String {
    if limit.subsec_millis() == 0 {
        format!("waited {} s for {what}", limit.as_secs())
    } else {
        format!("waited {} ms for {what}", limit.as_millis())
    }
}

/// A server's own words, on one line and not too many of them.
pub(super) fn words(said: &str) -> String {
    said.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_broken_connections_are_tried_again() {
        let retry = Retry { attempts: 3, first: Duration::ZERO, max: Duration::ZERO };
        let gave_up = |attempts: u32, reason: String| format!("{attempts} attempts: {reason}");
        let mut left = 2;
        let mut flaky = || {
            left -= 1;
            if left >= 0 { Err(Fault::Broken("reset".into())) } else { Ok(7) }
        };
        assert_eq!(repeat(retry, &mut flaky, gave_up).unwrap(), (7, 3));
        let told = repeat(retry, || Err::<(), _>(Fault::Broken("reset".into())), gave_up).unwrap_err();
        assert_eq!(told, "3 attempts: reset");
        let mut calls = 0;
        let refused = repeat(
            retry,
            || {
                calls += 1;
                Err::<(), _>("no".to_owned().into())
            },
            gave_up,
        );
        assert_eq!((refused.unwrap_err().as_str(), calls), ("no", 1));
    }

    #[test]
    fn waits_are_told_in_the_unit_that_fits() {
        assert_eq!(waited(Duration::from_secs(60), "bytes"), "waited 60 s for bytes");
        assert_eq!(waited(Duration::from_millis(1500), "bytes"), "waited 1500 ms for bytes");
        assert_eq!(words("no\r\nway"), "noway");
    }
}
