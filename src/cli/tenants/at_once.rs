//! Several tenants at a time.
//!
//! In: the flags of an export, tenants in order, how many may run at once. Out: how each ended. What a run says is kept until
//! all that stand before it have spoken, and then passed on in one piece: the order is that of one after the other. Nothing else is
//! kept of a tenant that is done, so that the memory is that of those that run.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::{Ended, Waiting, one, one_by_one};
use crate::cli::export::ExportArgs;
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

/// Runs the tenants, at most `limit` at once.
pub(super) fn run(
    args: &ExportArgs,
    waiting: Vec<Waiting>,
    limit: usize,
    process: &mut Process<'_>,
) -> Vec<Ended> {
    let mut args = args.clone();
    args.shaping.unwatched = true;
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
            let work = || work(&args, &queue, &machine, worker);
            // With too few threads it takes longer, and with none they run here, below.
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
    ended.extend(one_by_one(&args, left.map(|(_, waiting)| waiting).collect(), process));
    ended
}

/// Takes tenants from the queue until it is empty.
fn work(
    args: &ExportArgs,
    queue: &Mutex<impl Iterator<Item = (usize, Waiting)>>,
    machine: &Machine,
    done: Sender<(usize, Said)>,
) {
    loop {
        let taken = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let Some((at, waiting)) = taken else { return };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let ended = one(
            args,
            waiting,
            &mut Process {
                environment: machine.environment.clone(),
                today: machine.today,
                clock: machine.clock,
                out: &mut out,
                err: &mut err,
                terminal: false,
                signals: machine.signals,
            },
        );
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
