//! How a night ended: one line for whoever reads the log of cron, facts for a hook, an exit code.
//!
//! In: what became of the package. Out: the line on stdout, the command of the outcome with the facts as JSON, the code. A
//! hook changes nothing about the night: that it failed is told.

use std::collections::BTreeMap;
use std::time::Duration;

use super::failpoint;
use super::profile::Profile;
use super::step;
use crate::cli::{ExitCode, Process};
use crate::publish::archive::{self, Moved};
use crate::publish::hook::{self, Hook, HookEnd};
use crate::publish::metrics::Metrics;
use crate::report::terminal::grouped;

/// A target, and why it has not got the package if it has not.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Reached {
    /// Its label.
    pub target: String,
    /// Why not; `None` when it has it.
    pub error: Option<String>,
}

/// What became of a night.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// Every target has the package.
    Delivered,
    /// The guard holds it.
    Held,
    /// The data breaks the rules.
    Refused,
    /// A target has not got it.
    Undelivered,
    /// Something else.
    Failed,
}

impl Became {
    /// Every name.
    const WORDS: [&'static str; 5] = ["delivered", "held", "refused", "undelivered", "failed"];

    /// Its name, for programs.
    pub fn word(self) -> &'static str {
        match self {
            Became::Delivered => "delivered",
            Became::Held => "held",
            Became::Refused => "refused",
            Became::Undelivered => "undelivered",
            Became::Failed => "failed",
        }
    }
}

/// A night that is over.
#[derive(Debug)]
pub struct Ending {
    /// What became of it.
    pub became: Became,
    /// The exit code.
    pub code: ExitCode,
    /// The package in the archive.
    pub id: Option<String>,
    /// Its file.
    pub package: Option<String>,
    /// Why it was not delivered, or what is worth knowing.
    pub reasons: Vec<String>,
    /// Rows of every file.
    pub files: BTreeMap<String, u64>,
    /// What changed since the last delivery.
    pub changes: BTreeMap<String, Moved>,
    /// The packages that it was compared with.
    pub compared_with: Vec<String>,
    /// The targets.
    pub targets: Vec<Reached>,
}

impl Ending {
    /// A night without a package.
    pub fn without(became: Became, code: ExitCode, reasons: Vec<String>) -> Ending {
        Ending {
            became,
            code,
            id: None,
            package: None,
            reasons,
            files: BTreeMap::new(),
            changes: BTreeMap::new(),
            compared_with: Vec::new(),
            targets: Vec::new(),
        }
    }

    /// The night in one line.
    fn summary(&self, profile: &Profile) -> String {
        let id = self.id.as_deref().unwrap_or("no package");
        let all = self.targets.len();
        let got = self.targets.iter().filter(|target| target.error.is_none()).count();
        let reason = self.reasons.first().and_then(|reason| reason.lines().next()).unwrap_or("see stderr");
        let targets = if all == 1 { "1 target".to_owned() } else { format!("{all} targets") };
        let told = match self.became {
            Became::Delivered => format!("delivered {id} to {targets}: {}", self.numbers()),
            Became::Undelivered => format!("{id} reached {got} of {targets} and is kept: {}", self.numbers()),
            Became::Held => {
                let count = self.reasons.len();
                format!(
                    "held {id}, nothing was delivered; {count} reason{}: {reason}",
                    if count == 1 { "" } else { "s" }
                )
            }
            Became::Refused => format!("refused, nothing was delivered: {reason}"),
            Became::Failed => format!("failed, nothing was delivered: {reason}"),
        };
        format!("{}: {told}", profile.label())
    }

    fn numbers(&self) -> String {
        let rows = grouped(self.files.values().sum());
        match self.changes.is_empty() {
            true => format!("{rows} rows, nothing to compare with"),
            false => {
                let removed = grouped(self.changes.values().map(|moved| moved.removed).sum());
                let added = grouped(self.changes.values().map(|moved| moved.added).sum());
                format!("{rows} rows, {removed} gone, {added} new")
            }
        }
    }

    /// Says how the night ended, and lets the hook of the outcome hear of it.
    pub fn tell(self, profile: &Profile, process: &mut Process<'_>) -> ExitCode {
        let summary = self.summary(profile);
        let mut code = self.code;
        step(profile, failpoint::CLOSED);
        self.measure(profile, process);
        step(profile, failpoint::MEASURED);
        let command = match self.became {
            Became::Delivered => &profile.publish.on_success,
            Became::Held => &profile.publish.on_held,
            Became::Refused => &profile.publish.on_refused,
            Became::Undelivered | Became::Failed => &profile.publish.on_failure,
        };
        if let Some(command) = command {
            let hook = Hook {
                limit: Duration::from_secs(profile.publish.hook_timeout),
                ..Hook::new(command.clone())
            };
            let outcome =
                hook::run(&hook, &self.facts(profile, &summary), &self.variables(profile, &summary));
            let end = match outcome.end {
                HookEnd::Done => None,
                HookEnd::Failed(status) => Some(format!("ended with {status}")),
                HookEnd::OutOfTime => Some("was ended when its time was up".to_owned()),
                HookEnd::NotStarted(reason) => Some(format!("could not be started: {reason}")),
            };
            if let Some(end) = end {
                process.note(format_args!(
                    "the command of on_{} {end}: {}",
                    self.hook_name(),
                    outcome.said.trim_end()
                ));
            }
        }
        step(profile, failpoint::TOLD);
        if writeln!(process.out, "{summary}").and_then(|()| process.out.flush()).is_err() {
            process.fault(
                "cannot write the summary to standard output",
                "the audit log has what became of the run",
            );
            code = ExitCode::weightiest([code, ExitCode::Output]);
        }
        code
    }

    /// Writes the file of metrics, if the profile has one. That it cannot changes nothing about the night.
    fn measure(&self, profile: &Profile, process: &mut Process<'_>) {
        // Whoever holds the lock writes what becomes of it.
        let Some(path) = profile.metrics.as_ref().filter(|_| self.code != ExitCode::Locked) else { return };
        let events = archive::history(&profile.folder).ok();
        let ended = (process.clock)().utc_milliseconds;
        let metrics = Metrics {
            profile: &profile.name,
            tenant: &profile.tenant,
            consumer: &profile.consumer,
            outcome: self.became.word(),
            outcomes: &Became::WORDS,
            exit_code: self.code.number(),
            ended,
            duration_ms: u64::try_from(ended - profile.begun).unwrap_or_default(),
            events: events.as_deref(),
        };
        if let Err(error) = metrics.write(path, profile.failpoint) {
            process.note(format_args!("the metrics {} cannot be written: {error}", path.display()));
        }
    }

    fn hook_name(&self) -> &'static str {
        match self.became {
            Became::Delivered => "success",
            Became::Held => "held",
            Became::Refused => "refused",
            Became::Undelivered | Became::Failed => "failure",
        }
    }

    /// What a hook reads.
    fn facts(&self, profile: &Profile, summary: &str) -> String {
        serde_json::json!({
            "outcome": self.became.word(),
            "exit_code": self.code.number(),
            "summary": summary,
            "profile": profile.name,
            "tenant": profile.tenant,
            "consumer": profile.consumer,
            "id": self.id,
            "package": self.package,
            "reasons": self.reasons,
            "files": self.files,
            "changes": self.changes,
            "compared_with": self.compared_with,
            "targets": self.targets,
        })
        .to_string()
    }

    fn variables(&self, profile: &Profile, summary: &str) -> BTreeMap<String, String> {
        let rows: u64 = self.files.values().sum();
        let pairs = [
            ("OUTCOME", self.became.word().to_owned()),
            ("EXIT_CODE", self.code.number().to_string()),
            ("SUMMARY", summary.to_owned()),
            ("PROFILE", profile.name.clone()),
            ("TENANT", profile.tenant.clone()),
            ("CONSUMER", profile.consumer.clone()),
            ("ARCHIVE_ID", self.id.clone().unwrap_or_default()),
            ("PACKAGE", self.package.clone().unwrap_or_default()),
            ("ROWS", rows.to_string()),
        ];
        pairs.into_iter().map(|(name, value)| (format!("ROSTERPACK_{name}"), value)).collect()
    }
}
