//! The audit log: who received which children's data, when, and what became of every run.
//!
//! In: events. Out: one line of JSON each, appended and brought to the disk before anything that depends on it
//! happens; and the events of a log, read back. A last line that a dying process or a full disk left torn is
//! recognised and cut off; a torn line anywhere else is damage by another hand, and an error.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::moment::Moment;
use crate::publish::guard::Shape;

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunOutcome {
    /// A package was made and may be delivered.
    Passed,
    /// A package was made and is held by the guard.
    Held,
    /// The data breaks the rules; there is no package.
    Refused,
    /// The run ended with an error; there is no package.
    Failed,
}

/// How many ids of a file are gone and new.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Gone.
    pub removed: u64,
    /// New.
    pub added: u64,
}

/// A run, as its maker describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// When it ended.
    pub when: Moment,
    /// Name of the profile.
    pub profile: String,
    /// Who the package is for.
    pub consumer: String,
    /// What became of it.
    pub outcome: RunOutcome,
    /// Why, when it is held, refused or failed: ids and counts, no names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Name under which the package is delivered, without `.zip`; blank when there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub package: String,
    /// Rows of every file.
    pub files: BTreeMap<String, u64>,
    /// Ids that are gone and new in every file since the last delivery; nothing when nothing was compared.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub changes: BTreeMap<String, Moved>,
    /// Hash of the configuration.
    pub configuration: String,
    /// What was filtered, by name of the filter.
    pub filters: BTreeMap<String, String>,
    /// Columns with personal data that the package holds, as `users.email`.
    pub personal_columns: Vec<String>,
    /// What must be equal for two packages to be comparable.
    pub shape: Shape,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Version of rosterpack.
    pub version: String,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A run ended.
    Run {
        /// The package in the archive, if there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Its size.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<u64>,
        /// Its SHA-256.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sha256: Option<String>,
        /// The run.
        #[serde(flatten)]
        run: Box<Run>,
    },
    /// A whole package without a line was found: its run died before it could write one.
    Recovered {
        /// When it was found.
        when: Moment,
        /// The package.
        id: String,
        /// Its size.
        bytes: u64,
        /// Its SHA-256.
        sha256: String,
    },
    /// A held package was released.
    Released {
        /// When.
        when: Moment,
        /// The package.
        id: String,
        /// The counts that were named.
        expected: BTreeMap<String, u64>,
    },
    /// A package is about to be sent: from here on it may have left the building.
    Sending {
        /// When.
        when: Moment,
        /// The package.
        id: String,
        /// Where to, without any secret.
        target: String,
    },
    /// A package arrived.
    Delivered {
        /// When.
        when: Moment,
        /// The package.
        id: String,
        /// Where.
        target: String,
        /// Bytes that were sent.
        bytes: u64,
        /// Attempts that it took.
        attempts: u32,
    },
    /// A package did not arrive.
    Undelivered {
        /// When.
        when: Moment,
        /// The package.
        id: String,
        /// Where it was to go.
        target: String,
        /// Why not.
        reason: String,
    },
    /// A package was removed by retention.
    Removed {
        /// When.
        when: Moment,
        /// The package.
        id: String,
    },
    /// A torn last line was cut off.
    Healed {
        /// When.
        when: Moment,
        /// Its bytes.
        cut: u64,
    },
    /// A line of a newer version.
    #[serde(other)]
    Unknown,
}

/// What a log holds.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) events: Vec<Event>,
    /// Where the whole lines end.
    pub(super) whole: u64,
    /// Bytes of a torn last line.
    pub(super) torn: u64,
}

/// Reads a log; one that is not there is empty.
///
/// # Errors
/// Those of the system; and of kind `InvalidData`, naming the line, for damage that no crash leaves.
pub(super) fn read(path: &Path) -> io::Result<Reading> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Reading::default()),
        other => other?,
    };
    let mut reading = Reading::default();
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        let whole = line.strip_suffix(b"\n").and_then(|line| serde_json::from_slice(line).ok());
        match whole {
            Some(event) => {
                reading.events.push(event);
                reading.whole += line.len() as u64;
            }
            // Nothing behind it: the last write did not get there whole, whatever stands in its place.
            None if lines.peek().is_none() => reading.torn = line.len() as u64,
            None => {
                let text = format!("line {} is no line of an audit log", number + 1);
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
        }
    }
    Ok(reading)
}

/// Cuts a torn last line off.
pub(super) fn cut(path: &Path, whole: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(whole)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn when() -> Moment {
        Moment::parse("2024-10-01T06:30:00Z").unwrap()
    }

    #[test]
    fn a_log_torn_at_any_byte_reads_as_its_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let events = [
            Event::Removed { when: when(), id: "a".into() },
            Event::Sending { when: when(), id: "é\n".into(), target: "sftp://u@h:22/x".into() },
        ];
        let lines: Vec<String> = events.iter().map(|e| serde_json::to_string(e).unwrap() + "\n").collect();
        let text = lines.concat();
        for end in 0..=text.len() {
            fs::write(&path, &text.as_bytes()[..end]).unwrap();
            let reading = read(&path).unwrap();
            let whole = [0, lines[0].len(), text.len()].into_iter().filter(|at| *at <= end).max().unwrap();
            assert_eq!((reading.whole, reading.torn), (whole as u64, (end - whole) as u64), "{end}");
            assert_eq!(
                reading.events,
                events[..lines[..]
                    .iter()
                    .scan(0, |at, l| {
                        *at += l.len();
                        Some(*at)
                    })
                    .filter(|at| *at <= end)
                    .count()]
            );
            cut(&path, reading.whole).unwrap();
            assert_eq!(read(&path).unwrap().torn, 0);
        }
        // What a power failure leaves: space that was never filled.
        fs::write(&path, format!("{}\0\0\0\0", lines[0])).unwrap();
        assert_eq!(read(&path).unwrap().torn, 4);
        fs::write(&path, format!("{}nonsense\n{}", lines[0], lines[1])).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("line 2"));
        fs::write(&path, "{\"event\":\"of tomorrow\",\"x\":1}\n").unwrap();
        assert_eq!(read(&path).unwrap().events, [Event::Unknown]);
    }
}
