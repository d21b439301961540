//! Jobs side by side, each as soon as what it needs is known.
//!
//! In: jobs in an order in which every one stands behind those that it needs. Out: their results, in [`Known`]
//! cells that the caller owns. The order is also the priority: of the jobs that could begin, the first does. Which
//! thread ran what does not show, and neither does it in an error: the one that is told is that of the first job
//! that fails, in the order of the list.

use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::source::SourceError;

/// A value that one job makes and others use.
#[derive(Debug)]
pub(super) struct Known<T>(OnceLock<T>);

impl<T> Default for Known<T> {
    fn default() -> Known<T> {
        Known(OnceLock::new())
    }
}

impl<T> Known<T> {
    /// Makes the value known. To be called once: a second value is passed over.
    pub(super) fn set(&self, value: T) {
        let _ = self.0.set(value);
    }

    /// The value.
    ///
    /// # Errors
    /// When the job that asks did not say that it needs it: a fault of this program.
    pub(super) fn get(&self) -> Result<&T, SourceError> {
        self.0.get().ok_or_else(|| fault("a table was staged before what it refers to"))
    }

    /// The value, when all jobs are done.
    ///
    /// # Errors
    /// When no job made it: a fault of this program.
    pub(super) fn take(self) -> Result<T, SourceError> {
        self.0.into_inner().ok_or_else(|| fault("a table was not staged"))
    }
}

/// Whether a value is there.
pub(super) trait Ready: Sync {
    fn is_ready(&self) -> bool;
}

impl<T: Send + Sync> Ready for Known<T> {
    fn is_ready(&self) -> bool {
        self.0.get().is_some()
    }
}

#[cold]
fn fault(what: &str) -> SourceError {
    SourceError::Capacity(format!("{what}. This is a fault of rosterpack, please report it"))
}

/// What the parts of a table came to, until the last is there.
pub(super) struct Parts<S>(Mutex<Vec<Option<S>>>);

impl<S> Parts<S> {
    pub(super) fn new(of: usize) -> Parts<S> {
        Parts(Mutex::new((0..of).map(|_| None).collect()))
    }

    /// Adds one part; whoever adds the last one gets all of them, in their order.
    pub(super) fn add(&self, index: usize, part: S) -> Option<Vec<S>> {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = parts.get_mut(index) {
            *place = Some(part);
        }
        if parts.iter().any(Option::is_none) {
            return None;
        }
        Some(std::mem::take(&mut *parts).into_iter().flatten().collect())
    }
}

/// Something to do.
pub(super) struct Job<'a> {
    needs: Vec<&'a dyn Ready>,
    run: Box<dyn FnOnce() -> Result<(), SourceError> + Send + 'a>,
}

impl<'a> Job<'a> {
    pub(super) fn new(
        needs: &[&'a dyn Ready],
        run: impl FnOnce() -> Result<(), SourceError> + Send + 'a,
    ) -> Job<'a> {
        Job { needs: needs.to_vec(), run: Box::new(run) }
    }
}

struct State<'a> {
    waiting: Vec<Option<Job<'a>>>,
    running: usize,
    /// The first job that failed so far: those behind it do not begin any more, those before it still do, so
    /// that the same one is told whatever the threads.
    failed: Option<(usize, SourceError)>,
    panicked: bool,
}

struct Board<'a> {
    state: Mutex<State<'a>>,
    changed: Condvar,
}

/// Runs all jobs on so many threads of their own. Threads that wait for a turn at a source cost nothing, so there may
/// be more of them than processors.
///
/// # Errors
/// That of the first job in the list that fails.
pub(super) fn run(jobs: Vec<Job<'_>>, threads: usize) -> Result<(), SourceError> {
    let board = Board {
        state: Mutex::new(State {
            waiting: jobs.into_iter().map(Some).collect(),
            running: 0,
            failed: None,
            panicked: false,
        }),
        changed: Condvar::new(),
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            // Fewer threads are slower, and that is all.
            let _ = std::thread::Builder::new().spawn_scoped(scope, || board.work());
        }
        board.work();
    });
    let state = board.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    match state.failed {
        Some((_, error)) => Err(error),
        None if state.waiting.iter().any(Option::is_some) => Err(fault("tables wait for each other")),
        None => Ok(()),
    }
}

impl<'a> Board<'a> {
    fn state(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does one job after the other until there is none left.
    fn work(&self) {
        while let Some((number, job)) = self.next() {
            // Leaves the board in order even if the job panics: the others must not wait for ever.
            let turn = Turn { board: self, done: false };
            let outcome = (job.run)();
            turn.end(number, outcome);
        }
    }

    fn next(&self) -> Option<(usize, Job<'a>)> {
        let mut state = self.state();
        loop {
            if state.panicked {
                return None;
            }
            let end = state.failed.as_ref().map_or(state.waiting.len(), |(number, _)| *number);
            let ready = |job: &Option<Job<'_>>| {
                job.as_ref().is_some_and(|job| job.needs.iter().all(|need| need.is_ready()))
            };
            if let Some(number) = state.waiting[..end].iter().position(ready)
                && let Some(job) = state.waiting[number].take()
            {
                state.running += 1;
                return Some((number, job));
            }
            if state.running == 0 || state.waiting[..end].iter().all(Option::is_none) {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

struct Turn<'b, 'a> {
    board: &'b Board<'a>,
    done: bool,
}

impl Turn<'_, '_> {
    fn end(mut self, number: usize, outcome: Result<(), SourceError>) {
        self.done = true;
        if let Err(error) = outcome {
            let mut state = self.board.state();
            if state.failed.as_ref().is_none_or(|(first, _)| number < *first) {
                state.failed = Some((number, error));
            }
        }
    }
}

impl Drop for Turn<'_, '_> {
    fn drop(&mut self) {
        let mut state = self.board.state();
        state.running -= 1;
        state.panicked |= !self.done;
        drop(state);
        self.board.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn failure(text: &str) -> Result<(), SourceError> {
        Err(SourceError::Capacity(text.to_owned()))
    }

    #[test]
    fn a_job_waits_for_what_it_needs_and_the_others_go_on() {
        for threads in [1, 2, 5] {
            let (one, two, sum) = (Known::default(), Known::default(), Known::default());
            let jobs = vec![
                Job::new(&[], || {
                    one.set(1);
                    Ok(())
                }),
                Job::new(&[&one], || {
                    two.set(one.get()? + 1);
                    Ok(())
                }),
                Job::new(&[&one, &two], || {
                    sum.set(one.get()? + two.get()?);
                    Ok(())
                }),
            ];
            run(jobs, threads).unwrap();
            assert_eq!(sum.take().unwrap(), 3);
        }
    }

    #[test]
    fn jobs_run_side_by_side() {
        let meeting = Barrier::new(2);
        let meet = || {
            meeting.wait();
            Ok(())
        };
        run(vec![Job::new(&[], meet), Job::new(&[], meet)], 2).unwrap();
    }

    #[test]
    fn the_first_failure_in_the_list_is_told_and_nothing_behind_it_begins() {
        for threads in [1, 2, 4] {
            let late = Known::default();
            let meeting = Barrier::new(threads.min(2));
            let jobs = vec![
                Job::new(&[], || {
                    // With several threads the failure that is later in the list comes first.
                    meeting.wait();
                    late.set(());
                    Ok(())
                }),
                Job::new(&[&late], || failure("first")),
                Job::new(&[], || {
                    if threads > 1 {
                        meeting.wait();
                    }
                    failure("second")
                }),
            ];
            assert_eq!(run(jobs, threads).unwrap_err().to_string(), "first");
        }
        let begun = AtomicUsize::new(0);
        let count = || {
            begun.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        let jobs = vec![Job::new(&[], count), Job::new(&[], || failure("here")), Job::new(&[], count)];
        assert_eq!(run(jobs, 1).unwrap_err().to_string(), "here");
        assert_eq!(begun.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn jobs_that_can_never_begin_are_an_error_and_no_silence() {
        let never: Known<u8> = Known::default();
        let error = run(vec![Job::new(&[&never], || Ok(()))], 2).unwrap_err().to_string();
        assert!(error.contains("wait for each other"), "{error}");
        assert!(never.get().is_err());
        assert!(never.take().is_err());
    }

    #[test]
    fn a_panic_ends_all_threads() {
        let caught = std::panic::catch_unwind(|| {
            let never: Known<u8> = Known::default();
            let jobs = vec![Job::new(&[], || panic!("in a job")), Job::new(&[&never], || Ok(()))];
            run(jobs, 3)
        });
        assert!(caught.is_err());
    }

    #[test]
    fn the_last_part_brings_all_in_order() {
        let parts = Parts::new(3);
        assert_eq!(parts.add(2, 'c'), None);
        assert_eq!(parts.add(0, 'a'), None);
        assert_eq!(parts.add(1, 'b'), Some(vec!['a', 'b', 'c']));
    }
}
