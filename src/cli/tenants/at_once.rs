//! Several tenants at a time.
//!
//! In: tenants in order, how many may run at once, and what to do with one. Out: how each ended. What a run says is kept until
//! all that stand before it have spoken, and then passed on in one piece: the order is that of one after the other. Nothing else is
//! kept of a tenant that is done, so that the memory is that of those that run.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::Ended;
use crate::cli::{Clock, ExitCode, Process};
use crate::day::Day;

/// Stack of a tenant's thread: that of the main thread, on which a single tenant runs.
const STACK: usize = 8 << 20;

/// A tenant that is done, and what it said.
struct Said {
    ended: Ended,
    out: Vec<u8>,
    err: Vec<u8>,
}

/// What every run has in common.
struct Machine {
    environment: Vec<(OsString, OsString)>,
    today: Day,
    clock: fn() -> Clock,
    signals: bool,
}

/// Does it with every tenant, with at most `limit` at once.
pub(super) fn run<T: Send>(
    waiting: Vec<T>,
    limit: usize,
    act: &(impl Fn(T, &mut Process<'_>) -> Ended + Sync),
    process: &mut Process<'_>,
) -> Vec<Ended> {
    let machine = Machine {
        environment: process.environment.clone(),
        today: process.today,
        clock: process.clock,
        signals: process.signals,
    };
    let queue = Mutex::new(waiting.into_iter().enumerate());
    let mut ended = Vec::new();
    thread::scope(|scope| {
        let (sender, receiver) = channel();
        for _ in 0..limit {
            let worker = sender.clone();
            let work = || work(act, &queue, &machine, worker);
            // With too few threads it takes longer, and with none all is done here, below.
            if thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        drop(sender);
        let (mut early, mut next) = (BTreeMap::new(), 0);
        for (at, said) in receiver {
            early.insert(at, said);
            while let Some(said) = early.remove(&next) {
                ended.push(pass_on(said, process));
                next += 1;
            }
        }
    });
    let left = queue.into_inner().unwrap_or_else(PoisonError::into_inner);
    ended.extend(left.map(|(_, waiting)| act(waiting, process)));
    ended
}

/// Takes tenants from the queue until it is empty.
fn work<T>(
    act: &impl Fn(T, &mut Process<'_>) -> Ended,
    queue: &Mutex<impl Iterator<Item = (usize, T)>>,
    machine: &Machine,
    done: Sender<(usize, Said)>,
) {
    loop {
        let taken = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let Some((at, waiting)) = taken else { return };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut process = Process {
            environment: machine.environment.clone(),
            today: machine.today,
            clock: machine.clock,
            out: &mut out,
            err: &mut err,
            terminal: false,
            signals: machine.signals,
        };
        let ended = act(waiting, &mut process);
        // Nobody listens any more only when the process ends.
        let _ = done.send((at, Said { ended, out, err }));
    }
}

/// Says what a tenant has said.
fn pass_on(said: Said, process: &mut Process<'_>) -> Ended {
    let Said { mut ended, out, err } = said;
    // A broken stderr ends no run.
    let _ = process.err.write_all(&err);
    if process.out.write_all(&out).and_then(|()| process.out.flush()).is_err() {
        let why = format!("cannot write what {} said to standard output", ended.tenant);
        process.fault(&why, "the packages themselves are complete");
        ended.code = ExitCode::weightiest([ended.code, ExitCode::Output]);
        ended.why.get_or_insert(why);
    }
    ended
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Runs tenants `0..count`, each saying its number, and gives what was said.
    fn said(count: usize, limit: usize, act: impl Fn(usize) + Sync) -> (String, String, Vec<String>) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut process = Process {
            environment: Vec::new(),
            today: Day::at(0),
            clock: || Clock { utc_milliseconds: 0, offset_minutes: 0 },
            out: &mut out,
            err: &mut err,
            terminal: true,
            signals: false,
        };
        let act = |n: usize, process: &mut Process<'_>| {
            act(n);
            writeln!(process.out, "out {n}").unwrap();
            process.note(n);
            Ended { tenant: n.to_string(), code: ExitCode::Published, why: None }
        };
        let ended = run((0..count).collect(), limit, &act, &mut process);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(out), text(err), ended.into_iter().map(|ended| ended.tenant).collect())
    }

    #[test]
    fn as_many_run_at_once_as_may_and_no_more() {
        for limit in [1, 2, 5] {
            let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
            // Passes only if `limit` of them are there together.
            let together = Barrier::new(limit);
            said(limit * 8, limit, |_| {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                together.wait();
                running.fetch_sub(1, Ordering::SeqCst);
            });
            assert_eq!(most.into_inner(), limit);
        }
    }

    #[test]
    fn the_order_is_that_of_one_after_the_other() {
        let numbers: Vec<String> = (0..40).map(|n| n.to_string()).collect();
        let expected = said(40, 1, |_| {});
        assert_eq!(expected.2, numbers);
        let last = Barrier::new(2);
        for _ in 0..20 {
            let told = said(40, 4, |n| {
                // The first one ends behind the last one.
                if n == 0 || n == 39 {
                    last.wait();
                }
            });
            assert_eq!(told, expected);
        }
    }
}
