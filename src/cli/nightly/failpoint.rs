//! The steps of a night at which a test can kill it.
//!
//! In: the environment of a debug build. Out: what hears of every step: nothing in a release build, and in any other unless one of
//! two variables asks for it. Named here are the steps of the night itself; those of archive and delivery are theirs.

use std::ffi::OsString;

use crate::publish::durable::Failpoint;

/// The lock is taken, the log is healed.
pub const OPENED: &str = "night-opened";
/// The folder for the new package is there and empty.
pub const EMPTIED: &str = "night-emptied";
/// The export has ended; its package is whole, but nobody's yet.
pub const BUILT: &str = "night-built";
/// The guard has spoken, and nothing says so yet.
pub const JUDGED: &str = "night-judged";
/// The package is archived and logged, and not sent yet.
pub const STORED: &str = "night-stored";
/// Every target has been tried.
pub const SENT: &str = "night-sent";
/// What was kept long enough is gone.
pub const RETAINED: &str = "night-retained";
/// The lock is given back; neither monitor nor hook know of it.
pub const CLOSED: &str = "night-closed";
/// The metrics are written, the hook has not heard of it.
pub const MEASURED: &str = "night-measured";
/// The hook has heard of it, standard output has no line.
pub const TOLD: &str = "night-told";

/// All of them, in order.
pub const ALL: [&str; 10] = [OPENED, EMPTIED, BUILT, JUDGED, STORED, SENT, RETAINED, CLOSED, MEASURED, TOLD];

/// What hears of the steps of this process.
#[cfg(not(debug_assertions))]
pub fn of(_environment: &[(OsString, OsString)]) -> &'static dyn Failpoint {
    &crate::publish::durable::NoFailpoint
}

/// What hears of the steps of this process: `ROSTERPACK_TEST_KILL_AT` is the number of the step at which it dies,
/// `ROSTERPACK_TEST_STEPS` a file for their names.
#[cfg(debug_assertions)]
pub fn of(environment: &[(OsString, OsString)]) -> &'static dyn Failpoint {
    use std::sync::OnceLock;

    use super::profile::variable;
    use crate::publish::durable::NoFailpoint;
    use crate::publish::killed::Killed;

    static KILLED: OnceLock<Killed> = OnceLock::new();
    let at = variable(environment, "ROSTERPACK_TEST_KILL_AT").and_then(|at| at.parse().ok());
    let steps = variable(environment, "ROSTERPACK_TEST_STEPS").map(Into::into);
    if at.is_none() && steps.is_none() {
        return &NoFailpoint;
    }
    KILLED.get_or_init(|| Killed { at, steps, ..Killed::default() })
}
