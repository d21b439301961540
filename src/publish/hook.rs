//! Hooks: a command that hears of an outcome, so that mail, chat and tickets need no code here.
//!
//! In: a shell command, its time limit and the facts of the run. Out: how it ended and what it said, up to a cap. The
//! facts come to it as JSON on its standard input and, one by one, in its environment. When its time is up, the command
//! and everything that it started are killed. A hook never changes what became of the run.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// A command for an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// For `sh -c`.
    pub command: String,
    /// How long it may take.
    pub limit: Duration,
    /// Bytes of its output that are kept, of each stream.
    pub cap: usize,
}

impl Hook {
    /// A hook with the usual limits: a minute, and 64 KiB of output.
    pub fn new(command: impl Into<String>) -> Hook {
        Hook { command: command.into(), limit: Duration::from_secs(60), cap: 1 << 16 }
    }
}

/// How a hook ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookEnd {
    /// With success.
    Done,
    /// With this status.
    Failed(String),
    /// It was killed when its time was up.
    OutOfTime,
    /// It could not be started.
    NotStarted(String),
}

/// What became of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookOutcome {
    /// How it ended.
    pub end: HookEnd,
    /// What it said, standard output before standard error, cut at the cap.
    pub said: String,
}

/// Runs a hook. `facts` is the JSON for its standard input; `variables` are added to its environment, which is
/// otherwise this process's own, and named `ROSTERPACK_...` by the caller.
pub fn run(hook: &Hook, facts: &str, variables: &BTreeMap<String, String>) -> HookOutcome {
    let mut command = Command::new("sh");
    command.args(["-c", &hook.command]).envs(variables);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own, so that what it started can be ended with it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            return HookOutcome { end: HookEnd::NotStarted(error.to_string()), said: String::new() };
        }
    };
    let group = child.id();
    let (ended, end) = mpsc::channel();
    let (spoken, streams) = mpsc::channel();
    if let Some(mut stdin) = child.stdin.take() {
        let facts = facts.to_owned();
        // One that does not read its input is no fault, and must not block us.
        std::thread::spawn(move || drop(stdin.write_all(facts.as_bytes())));
    }
    let outputs: [Option<Box<dyn Read + Send>>; 2] =
        [child.stdout.take().map(|s| Box::new(s) as _), child.stderr.take().map(|s| Box::new(s) as _)];
    let expected = outputs.iter().flatten().count();
    for (number, output) in outputs.into_iter().enumerate() {
        let Some(output) = output else { continue };
        let (spoken, cap) = (spoken.clone(), hook.cap);
        std::thread::spawn(move || spoken.send((number, listen(output, cap))));
    }
    std::thread::spawn(move || wait(child, &ended));
    let end = match end.recv_timeout(hook.limit) {
        Ok(Ok(status)) if status.success() => HookEnd::Done,
        Ok(Ok(status)) => HookEnd::Failed(status.to_string()),
        Ok(Err(error)) => HookEnd::Failed(error.to_string()),
        Err(_) => HookEnd::OutOfTime,
    };
    // Whatever it left running in its group goes too: it would hold the output open, and outlive the run.
    kill(group);
    let mut said: Vec<(usize, String)> =
        (0..expected).filter_map(|_| streams.recv_timeout(Duration::from_secs(5)).ok()).collect();
    said.sort();
    HookOutcome { end, said: said.into_iter().map(|(_, text)| text).collect() }
}

fn wait(mut child: Child, ended: &mpsc::Sender<io::Result<ExitStatus>>) {
    let status = child.wait();
    let _ = ended.send(status);
}

/// Reads to the end, so that the writer is never blocked, and keeps the beginning.
fn listen(mut output: impl Read, cap: usize) -> String {
    let mut kept = Vec::new();
    let _ = output.by_ref().take(cap as u64).read_to_end(&mut kept);
    let more = io::copy(&mut output, &mut io::sink()).unwrap_or_default();
    let mut text = String::from_utf8_lossy(&kept).into_owned();
    if more > 0 {
        text.push_str(&format!("\n[{more} bytes more]\n"));
    }
    text
}

#[cfg(unix)]
fn kill(group: u32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(group) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        // There is nobody left, most of the time.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn kill(_group: u32) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(command: &str, limit: Duration) -> HookOutcome {
        let hook = Hook { limit, cap: 20, ..Hook::new(command) };
        let variables = BTreeMap::from([("ROSTERPACK_OUTCOME".to_owned(), "held".to_owned())]);
        run(&hook, "{\"outcome\":\"held\"}", &variables)
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn it_hears_the_facts_and_what_it_says_is_kept_up_to_the_cap() {
        let heard = outcome("cat; echo; echo $ROSTERPACK_OUTCOME >&2", LONG);
        assert_eq!(heard, HookOutcome { end: HookEnd::Done, said: "{\"outcome\":\"held\"}\nheld\n".into() });
        let long = outcome("yes | head -c 100000", LONG);
        assert!(long.said.ends_with("[99980 bytes more]\n"), "{long:?}");
        assert_eq!(outcome("exec 0<&-; true", LONG).end, HookEnd::Done);
        assert_eq!(outcome("echo why; exit 3", LONG).said, "why\n");
        assert_eq!(outcome("exit 3", LONG).end, HookEnd::Failed("exit status: 3".into()));
    }

    #[test]
    fn it_is_killed_with_all_that_it_started_when_its_time_is_up() {
        let folder = tempfile::tempdir().unwrap();
        let pids = folder.path().join("pids");
        // The shell, and a child that a kill of the shell alone would leave behind.
        let script = format!("sleep 1000 & echo $$ $! > {}; echo begun; wait", pids.display());
        let outcome = outcome(&script, Duration::from_secs(3));
        assert_eq!(outcome, HookOutcome { end: HookEnd::OutOfTime, said: "begun\n".into() });
        for pid in std::fs::read_to_string(pids).unwrap().split_whitespace() {
            // Dead, or a zombie that waits for its parent to notice; a kill takes a moment to arrive.
            let lives = || {
                let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
                !status.is_empty() && !status.contains("State:\tZ") && !status.contains("State:\tX")
            };
            let tries = (0..100_000).take_while(|_| lives()).inspect(|_| std::thread::yield_now()).count();
            assert!(tries < 100_000, "{pid} lives");
        }
    }

    #[test]
    fn what_it_leaves_in_the_background_does_not_hold_the_run_up() {
        let outcome = outcome("sleep 1000 & echo done", LONG);
        assert_eq!(outcome, HookOutcome { end: HookEnd::Done, said: "done\n".into() });
    }
}
