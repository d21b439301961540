//! The rosterpack binary: hands the process to the command line and its outcome to the shell.
//!
//! This is the only place that reads the clock, the environment and the arguments.

use std::io::{IsTerminal, stderr, stdout};
use std::process::ExitCode;

use chrono::Datelike;
use rosterpack::cli::{self, Clock, Process};
use rosterpack::day::Day;

fn main() -> ExitCode {
    let now = chrono::Local::now().date_naive();
    let mut process = Process {
        environment: std::env::vars_os().collect(),
        // A clock beyond the year 9999 is no calendar: the epoch makes the run say so in its as-of date.
        today: Day::from_ymd(now.year(), now.month(), now.day()).unwrap_or(Day::at(0)),
        clock: || {
            let now = chrono::Local::now();
            Clock {
                utc_milliseconds: now.timestamp_millis(),
                offset_minutes: now.offset().local_minus_utc() / 60,
            }
        },
        out: &mut stdout(),
        err: &mut stderr(),
        terminal: stderr().is_terminal(),
        signals: true,
    };
    cli::run(std::env::args_os(), &mut process).into()
}
