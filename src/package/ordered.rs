//! Work on all cores, results in order.
//!
//! In: a sequence of jobs, what to do with one (any thread), what to do with its result (the calling thread). Out:
//! the results are taken strictly in the order of the jobs, while later jobs are already being worked on. At most
//! two jobs per thread are in flight, which bounds the memory; the order bounds what the number of threads can
//! change: nothing.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use rayon::Yield;

/// Works on every job and takes every result in order; the first error of `take` ends it.
pub(super) fn in_order<J: Send, T: Send, E>(
    jobs: impl Iterator<Item = J>,
    work: impl Fn(J) -> T + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let window = 2 * rayon::current_num_threads();
    let work = &work;
    let mut jobs = jobs.fuse();
    rayon::in_place_scope_fifo(|scope| {
        let mut in_flight: VecDeque<Receiver<T>> = VecDeque::with_capacity(window);
        loop {
            while in_flight.len() < window {
                let Some(job) = jobs.next() else { break };
                let (done, result) = sync_channel(1);
                scope.spawn_fifo(move |_| {
                    // Nobody listens any more after an error; the result is then of no use.
                    let _ = done.send(work(job));
                });
                in_flight.push_back(result);
            }
            let Some(oldest) = in_flight.pop_front() else { return Ok(()) };
            match wait(&oldest) {
                Some(result) => take(result)?,
                // The worker panicked: the scope passes the panic on as soon as this closure returns.
                None => return Ok(()),
            }
        }
    })
}

/// Waits for a result. A caller that is itself a worker of the pool must help with the work meanwhile, or a pool
/// of one thread would wait for itself; once its own queue is empty, another worker has the job.
fn wait<T>(result: &Receiver<T>) -> Option<T> {
    loop {
        match result.try_recv() {
            Ok(value) => return Some(value),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => {
                if rayon::yield_local() != Some(Yield::Executed) {
                    return result.recv().ok();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn pool(threads: usize) -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
    }

    #[test]
    fn results_come_in_order_and_few_are_in_flight() {
        for threads in [1, 2, 4] {
            pool(threads).install(|| {
                let (started, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
                let mut seen = Vec::new();
                let done: Result<(), ()> = in_order(
                    0..500usize,
                    |n| {
                        let ahead = started.fetch_add(1, Ordering::SeqCst) - taken.load(Ordering::SeqCst);
                        assert!(ahead <= 2 * threads, "{ahead} in flight");
                        // Uneven work, so that results finish out of order.
                        (n, (0..(n * 7919 % 997) * 50).fold(0u64, |a, b| a.wrapping_mul(31) ^ b as u64))
                    },
                    |(n, _)| {
                        seen.push(n);
                        taken.fetch_add(1, Ordering::SeqCst);
                        Ok(())
                    },
                );
                assert_eq!(done, Ok(()));
                assert_eq!(seen, (0..500).collect::<Vec<_>>());
            });
        }
    }

    #[test]
    fn it_works_outside_a_pool_and_with_nothing_to_do() {
        let mut sum = 0;
        let done: Result<(), ()> = in_order(
            0..100,
            |n| n,
            |n| {
                sum += n;
                Ok(())
            },
        );
        assert_eq!((done, sum), (Ok(()), 4950));
        assert_eq!(in_order(std::iter::empty::<u8>(), |n| n, |_| Err("never")), Ok(()));
    }

    #[test]
    fn the_first_error_ends_it() {
        let mut taken = 0;
        let done = in_order(
            0..1_000_000,
            |n| n,
            |n| {
                taken += 1;
                if n == 10 { Err("full") } else { Ok(()) }
            },
        );
        assert_eq!((done, taken), (Err("full"), 11));
    }

    #[test]
    fn a_panic_of_a_worker_is_passed_on() {
        let outcome = std::panic::catch_unwind(|| {
            in_order(0..100, |n| assert!(n != 50, "boom"), |()| Ok::<(), ()>(()))
        });
        assert!(outcome.is_err());
    }
}
