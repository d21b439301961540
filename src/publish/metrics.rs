//! What became of the nights of a profile, as a file for the textfile collector of Prometheus' node_exporter.
//!
//! In: how a run ended, and the events of the audit log. Out: the text of the file, and the file, replaced as a whole. What lasts
//! longer than a run (the last success, the newest package, whether one waits for a release) is derived from the log alone and
//! never from an older file, which may be missing or somebody else's. The form is version 0.0.4 of Prometheus' text exposition.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use super::archive::{Event, Moment, Run, RunOutcome};
use super::durable::{self, Failpoint, Sum, Sweep};

/// The collector of another account must be able to read it; it holds numbers and names of profiles only.
const MODE: u32 = 0o644;

/// What the end of a run says, and the log of its archive.
#[derive(Debug, Clone, Copy)]
pub struct Metrics<'a> {
    /// Name of the profile.
    pub profile: &'a str,
    /// Code of the tenant.
    pub tenant: &'a str,
    /// Who the packages are for.
    pub consumer: &'a str,
    /// How the run ended: one of `outcomes`.
    pub outcome: &'a str,
    /// Every way in which one can end.
    pub outcomes: &'a [&'a str],
    /// Its exit code.
    pub exit_code: u8,
    /// When it ended, in milliseconds since 1970-01-01 UTC.
    pub ended: i64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The audit log; `None` when it cannot be read.
    pub events: Option<&'a [Event]>,
}

impl Metrics<'_> {
    /// The content of the file.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut family = |name: &str, help: &str, samples: &[Sample<'_>]| {
            if samples.is_empty() {
                return;
            }
            // Writing to a string does not fail.
            let _ = writeln!(text, "# HELP rosterpack_{name} {help}\n# TYPE rosterpack_{name} gauge");
            for (labels, value) in samples {
                let own = [("profile", self.profile), ("tenant", self.tenant)];
                let labels =
                    own.iter().chain(labels).map(|(name, value)| format!("{name}=\"{}\"", escaped(value)));
                let _ =
                    writeln!(text, "rosterpack_{name}{{{}}} {value}", labels.collect::<Vec<_>>().join(","));
            }
        };
        let one = |value: String| vec![(Vec::new(), value)];
        family(
            "info",
            "Version that ran, and who the packages of the profile are for.",
            &[(vec![("consumer", self.consumer), ("version", env!("CARGO_PKG_VERSION"))], "1".to_owned())],
        );
        family("last_run_timestamp_seconds", "When the last run ended.", &one(seconds(self.ended)));
        family(
            "last_run_duration_seconds",
            "How long the last run took, with its deliveries.",
            &one(seconds(i64::try_from(self.duration_ms).unwrap_or(i64::MAX))),
        );
        family("last_run_exit_code", "Exit code of the last run.", &one(self.exit_code.to_string()));
        let outcomes = self
            .outcomes
            .iter()
            .map(|outcome| (vec![("outcome", *outcome)], u8::from(*outcome == self.outcome).to_string()));
        family("last_run_outcome", "1 for how the last run ended, else 0.", &outcomes.collect::<Vec<_>>());
        let success = self.events.and_then(last_success).map_or(0, Moment::utc_seconds);
        family(
            "last_success_timestamp_seconds",
            "When every target of a package last had it; 0 when the audit log tells of none.",
            &one(success.to_string()),
        );
        // Of what nobody can read nothing is claimed; that there is no success to tell of is what must ring.
        let Some(events) = self.events else { return text };
        family(
            "held",
            "1 while the newest package is held and waits for a release, else 0.",
            &one(u8::from(is_held(events)).to_string()),
        );
        let Some(run) = newest(events) else { return text };
        let removed = run.changes.iter().map(|(file, moved)| (file, moved.removed));
        let added = run.changes.iter().map(|(file, moved)| (file, moved.added));
        family(
            "package_rows",
            "Rows of each file of the newest package.",
            &by_file(run.files.iter().map(|(file, rows)| (file, *rows))),
        );
        family(
            "package_removed_rows",
            "Ids of each file that the last delivery had and the newest package has not.",
            &by_file(removed),
        );
        family(
            "package_added_rows",
            "Ids of each file that the newest package has and the last delivery had not.",
            &by_file(added),
        );
        text
    }

    /// Writes the file, all of it or none. Its folder must be there.
    ///
    /// # Errors
    /// Those of the system; the file then holds what it held.
    pub fn write(&self, path: &Path, failpoint: &dyn Failpoint) -> io::Result<()> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "it names no file"))?;
        // Of runs that were killed over it; others may be writing theirs here.
        durable::sweep(folder, Sweep::Dead)?;
        let text = self.text();
        let written = durable::replace(folder, name, MODE, failpoint, |file| {
            file.write_all(text.as_bytes())?;
            Ok(Sum { bytes: text.len() as u64, sha256: String::new() })
        });
        written.map(drop)
    }
}

/// Labels and value of a line.
type Sample<'a> = (Vec<(&'a str, &'a str)>, String);

/// A count for each file.
fn by_file<'a>(counts: impl Iterator<Item = (&'a String, u64)>) -> Vec<Sample<'a>> {
    counts.map(|(file, count)| (vec![("file", file.as_str())], count.to_string())).collect()
}

/// When a package last reached the last of its targets. One that did not reach all of them is no success, even if it reached some.
pub fn last_success(events: &[Event]) -> Option<&Moment> {
    #[derive(Default)]
    struct Sent<'a> {
        targets: BTreeMap<&'a str, bool>,
        arrived: Option<&'a Moment>,
    }
    let mut packages: BTreeMap<&str, Sent<'_>> = BTreeMap::new();
    for event in events {
        match event {
            Event::Sending { id, target, .. } | Event::Undelivered { id, target, .. } => {
                // What it got before, it has.
                packages.entry(id).or_default().targets.entry(target).or_insert(false);
            }
            Event::Delivered { id, target, when, .. } => {
                let sent = packages.entry(id).or_default();
                sent.targets.insert(target, true);
                sent.arrived = Some(when);
            }
            _ => {}
        }
    }
    let whole = packages.into_values().filter(|sent| sent.targets.values().all(|got| *got));
    whole.filter_map(|sent| sent.arrived).max()
}

/// The run that made the newest package.
fn newest(events: &[Event]) -> Option<&Run> {
    events.iter().rev().find_map(|event| match event {
        Event::Run { id: Some(_), run, .. } => Some(&**run),
        _ => None,
    })
}

/// Whether the newest package is held and nobody has released it.
fn is_held(events: &[Event]) -> bool {
    let mut held = None;
    for event in events {
        match event {
            Event::Run { id: Some(id), run, .. } => {
                held = Some(id).filter(|_| run.outcome == RunOutcome::Held);
            }
            Event::Released { id, .. } if held == Some(id) => held = None,
            _ => {}
        }
    }
    held.is_some()
}

/// Milliseconds as seconds.
fn seconds(milliseconds: i64) -> String {
    let sign = if milliseconds < 0 { "-" } else { "" };
    let milliseconds = milliseconds.unsigned_abs();
    format!("{sign}{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

/// The value of a label as it stands between quotes.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::archive::Moved;
    use crate::publish::durable::NoFailpoint;
    use crate::publish::guard::Shape;

    fn at(hour: u32) -> Moment {
        Moment::parse(&format!("2024-10-01T{hour:02}:00:00Z")).unwrap()
    }

    fn night(id: Option<&str>, outcome: RunOutcome) -> Event {
        let run = Run {
            when: at(1),
            profile: "reading".into(),
            consumer: String::new(),
            outcome,
            reasons: Vec::new(),
            package: String::new(),
            files: BTreeMap::from([("users".to_owned(), 7)]),
            changes: BTreeMap::from([("users".to_owned(), Moved { removed: 3, added: 1 })]),
            configuration: String::new(),
            filters: BTreeMap::new(),
            personal_columns: Vec::new(),
            shape: Shape::default(),
            duration_ms: 0,
            version: String::new(),
        };
        Event::Run { id: id.map(str::to_owned), bytes: None, sha256: None, run: Box::new(run) }
    }

    fn sending(id: &str, target: &str) -> Event {
        Event::Sending { when: at(2), id: id.into(), target: target.into() }
    }

    fn delivered(id: &str, target: &str, hour: u32) -> Event {
        Event::Delivered { when: at(hour), id: id.into(), target: target.into(), bytes: 1, attempts: 1 }
    }

    fn undelivered(id: &str, target: &str) -> Event {
        Event::Undelivered { when: at(4), id: id.into(), target: target.into(), reason: "no".into() }
    }

    #[test]
    fn a_success_is_a_package_that_every_target_has() {
        let mut log =
            vec![sending("a", "x"), delivered("a", "x", 2), sending("a", "y"), delivered("a", "y", 3)];
        assert_eq!(last_success(&log), Some(&at(3)));
        // One of two.
        log.extend([sending("b", "x"), delivered("b", "x", 5), sending("b", "y"), undelivered("b", "y")]);
        assert_eq!(last_success(&log), Some(&at(3)));
        // The run died over the next one.
        log.extend([sending("c", "x")]);
        assert_eq!(last_success(&log), Some(&at(3)));
        // The other of the two, sent again.
        log.extend([sending("b", "y"), delivered("b", "y", 8)]);
        assert_eq!(last_success(&log), Some(&at(8)));
        assert_eq!(last_success(&[]), None);
    }

    #[test]
    fn what_is_held_stays_held_until_it_is_released_or_followed() {
        let released = Event::Released { when: at(5), id: "a".into(), expected: BTreeMap::new() };
        let held = night(Some("a"), RunOutcome::Held);
        assert!(is_held(std::slice::from_ref(&held)));
        assert!(is_held(&[held.clone(), night(None, RunOutcome::Failed)]));
        assert!(!is_held(&[held.clone(), released]));
        assert!(!is_held(&[held, night(Some("b"), RunOutcome::Passed)]));
    }

    #[test]
    fn labels_are_escaped_and_the_rows_are_those_of_the_newest_package() {
        let events = [night(Some("a"), RunOutcome::Held), night(None, RunOutcome::Failed)];
        let metrics = Metrics {
            profile: "reading",
            tenant: "north",
            consumer: "A \"vendor\" \\ of\nmany",
            outcome: "failed",
            outcomes: &["delivered", "failed"],
            exit_code: 3,
            ended: 1_727_764_200_250,
            duration_ms: 1_050,
            events: Some(&events),
        };
        let text = metrics.text();
        for line in [
            "rosterpack_info{profile=\"reading\",tenant=\"north\",consumer=\"A \\\"vendor\\\" \\\\ of\\nmany\",version=",
            "rosterpack_last_run_timestamp_seconds{profile=\"reading\",tenant=\"north\"} 1727764200.250\n",
            "rosterpack_last_run_duration_seconds{profile=\"reading\",tenant=\"north\"} 1.050\n",
            "rosterpack_last_run_outcome{profile=\"reading\",tenant=\"north\",outcome=\"delivered\"} 0\n",
            "rosterpack_last_run_outcome{profile=\"reading\",tenant=\"north\",outcome=\"failed\"} 1\n",
            "rosterpack_last_success_timestamp_seconds{profile=\"reading\",tenant=\"north\"} 0\n",
            "rosterpack_held{profile=\"reading\",tenant=\"north\"} 1\n",
            "rosterpack_package_rows{profile=\"reading\",tenant=\"north\",file=\"users\"} 7\n",
            "rosterpack_package_removed_rows{profile=\"reading\",tenant=\"north\",file=\"users\"} 3\n",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        let unread = Metrics { events: None, ..metrics }.text();
        assert!(unread.contains("rosterpack_last_success_timestamp_seconds") && !unread.contains("held"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reading.prom");
        std::fs::write(folder.path().join(".rosterpack-2000000000-b.partial"), "of a run that was killed")
            .unwrap();
        metrics.write(&path, &NoFailpoint).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o644);
        assert!(metrics.write(&folder.path().join("missing/x.prom"), &NoFailpoint).is_err());
    }
}
