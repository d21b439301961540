//! `--log-format json`: standard error as one JSON object a line, for journals and log collectors.
//!
//! In: what a run says, as text or as [`Record`]s, and the clock of the process. Out: lines with time, level, code, message,
//! profile and tenant. stdout is not touched. A record travels among lines of text as one line of its own that begins with the
//! record separator of RFC 7464, so that it passes through everything that keeps or orders lines, and is completed only where
//! it leaves the process. A line of text that nobody made a record of becomes one of level `info`.

use std::ffi::OsString;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::{Clock, ExitCode, Process};
use crate::config::Run;
use crate::notice::Severity;
use crate::publish::archive::Moment;
use crate::report::{CodeNotices, Report};

/// The variable that chooses the format where no flag does.
pub const VARIABLE: &str = "ROSTERPACK_LOG_FORMAT";
const FLAG: &str = "--log-format";

/// RFC 7464, 2.2: what a record begins with.
const SEPARATOR: char = '\u{1e}';

/// How standard error is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// A JSON object a line.
    Json,
}

/// Whose lines these are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The profile, if one is meant.
    pub profile: Option<String>,
    /// The tenant, if one is meant.
    pub tenant: Option<String>,
}

impl About {
    /// Lines of this run.
    pub fn of(run: &Run) -> About {
        About { profile: run.profile.clone(), tenant: Some(run.plan.tenant.clone()) }
    }
}

/// Something that is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// `error`, `warning`, `notice` or `info`.
    pub level: String,
    /// Code of a notice, or name of an exit code; null for words of other origin.
    pub code: Option<String>,
    /// The words.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// How often, of a notice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Whose words they are, where it is not what was said last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<About>,
}

impl Record {
    /// Words of a level.
    pub fn new(level: &str, message: impl std::fmt::Display) -> Record {
        Record { level: level.to_owned(), message: message.to_string(), ..Record::default() }
    }
}

/// A line that leaves the process. What is unknown is null, so that every line has the same keys.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    level: &'a str,
    code: Option<&'a str>,
    message: &'a str,
    profile: Option<&'a str>,
    tenant: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
}

/// The format that flag or variable ask for. It is known before the arguments are read, since what is wrong with them is told
/// in it too.
///
/// # Errors
/// The variable has another word.
pub fn asked(
    arguments: &[OsString],
    environment: &[(OsString, OsString)],
) -> Result<LogFormat, (String, &'static str)> {
    let mut words = arguments.iter().map_while(|word| word.to_str().filter(|word| *word != "--"));
    while let Some(word) = words.next() {
        let value = match word.strip_prefix(FLAG) {
            Some("") => words.next(),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        match value {
            Some("json") => return Ok(LogFormat::Json),
            // Another word is refused with all the other arguments.
            Some(_) => return Ok(LogFormat::Text),
            None => {}
        }
    }
    let variable = environment.iter().find(|(name, value)| name == VARIABLE && !value.is_empty());
    match variable.map(|(_, value)| value.to_string_lossy()).as_deref() {
        None | Some("text") => Ok(LogFormat::Text),
        Some("json") => Ok(LogFormat::Json),
        Some(_) => Err((format!("{VARIABLE} is no format of log lines"), "set it to text or json")),
    }
}

/// Whether a process writes JSON: what the flag says stands in its environment too.
pub fn is_json(environment: &[(OsString, OsString)]) -> bool {
    environment.iter().any(|(name, value)| name == VARIABLE && value == "json")
}

/// Does something with a process whose standard error is JSON.
pub fn as_json(process: &mut Process<'_>, act: impl FnOnce(&mut Process<'_>) -> ExitCode) -> ExitCode {
    let mut environment = process.environment.clone();
    environment.retain(|(name, _)| name != VARIABLE);
    environment.push((VARIABLE.into(), "json".into()));
    let mut lines = JsonLines::new(&mut *process.err, process.clock, About::default());
    let code = act(&mut Process {
        environment,
        today: process.today,
        clock: process.clock,
        out: process.out,
        err: &mut lines,
        terminal: false,
        signals: process.signals,
    });
    // A broken stderr ends no run.
    let _ = lines.end(code);
    code
}

/// A record as a line among others.
pub(super) fn framed(record: &Record) -> String {
    format!("{SEPARATOR}{}\n", serde_json::to_string(record).unwrap_or_default())
}

/// The error that a line tells of, be it text or a record; its first line.
pub(super) fn error_in(line: &str) -> Option<String> {
    match unframed(line) {
        Some(record) => {
            let message = record.message.lines().next().unwrap_or_default().to_owned();
            Some(message).filter(|_| record.level == "error")
        }
        None => line.strip_prefix("error: ").map(str::to_owned),
    }
}

fn unframed(line: &str) -> Option<Record> {
    serde_json::from_str(line.strip_prefix(SEPARATOR)?).ok()
}

/// What the summary of a run says, as records: files and notices. Causes and samples stand in the report.
pub(super) fn of_report(report: &Report) -> Vec<Record> {
    let mut records = Vec::new();
    let mut notices = |found: &[CodeNotices]| {
        records.extend(found.iter().map(|notice| {
            Record {
                level: match notice.severity {
                    Severity::Error => "error",
                    Severity::Warning => "warning",
                    Severity::Info => "info",
                }
                .to_owned(),
                code: Some(notice.code.to_owned()),
                message: notice.summary.to_owned(),
                help: Some(notice.remedy.to_owned()).filter(|remedy| !remedy.is_empty()),
                count: Some(notice.count),
                about: None,
            }
        }));
    };
    notices(&report.notices);
    report.packages.iter().for_each(|package| notices(&package.notices));
    for package in &report.packages {
        let files = package.files.iter();
        records.extend(files.map(|file| Record {
            count: Some(file.rows),
            ..Record::new(
                "info",
                format_args!("rows of {}.csv of OneRoster {}", file.file, package.oneroster),
            )
        }));
    }
    records
}

/// Turns what is written, line by line, into JSON.
pub struct JsonLines<W: Write> {
    out: W,
    clock: fn() -> Clock,
    about: About,
    /// A line that has not ended yet.
    begun: Vec<u8>,
}

impl<W: Write> JsonLines<W> {
    /// Writes to `out`.
    pub fn new(out: W, clock: fn() -> Clock, about: About) -> JsonLines<W> {
        JsonLines { out, clock, about, begun: Vec::new() }
    }

    /// Writes what has no line break yet, and how the run ended if it did not end well.
    fn end(&mut self, code: ExitCode) -> io::Result<()> {
        let rest = std::mem::take(&mut self.begun);
        self.line(&rest)?;
        if code == ExitCode::Published {
            return self.out.flush();
        }
        let (name, what, _) = code.meaning();
        let message = format!("exit code {}: {what}", code.number());
        self.say(&Record { code: Some(name.to_owned()), ..Record::new("notice", message) })?;
        self.out.flush()
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end();
        match unframed(text) {
            // Nothing but whose the next lines are.
            Some(Record { level, about: Some(about), .. }) if level.is_empty() => {
                self.about = about;
                Ok(())
            }
            Some(record) => self.say(&record),
            None if text.is_empty() => Ok(()),
            None => self.say(&Record::new("info", text)),
        }
    }

    fn say(&mut self, record: &Record) -> io::Result<()> {
        let now = (self.clock)().utc_milliseconds;
        let second = Moment::of_utc_milliseconds(now).to_string();
        let about = record.about.as_ref().unwrap_or(&self.about);
        let line = Line {
            time: format!("{}.{:03}Z", second.trim_end_matches('Z'), now.rem_euclid(1000)),
            level: &record.level,
            code: record.code.as_deref(),
            message: &record.message,
            profile: about.profile.as_deref(),
            tenant: about.tenant.as_deref(),
            help: record.help.as_deref(),
            count: record.count,
        };
        let mut text = serde_json::to_vec(&line)?;
        text.push(b'\n');
        // In one piece: progress comes by another road.
        self.out.write_all(&text)
    }
}

impl<W: Write> Write for JsonLines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.begun);
                self.line(&line)?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &[&str]) -> Vec<OsString> {
        text.iter().map(OsString::from).collect()
    }

    #[test]
    fn a_flag_wins_over_the_variable_and_a_wrong_variable_is_told() {
        let variable = |value: &str| vec![(OsString::from(VARIABLE), OsString::from(value))];
        for (arguments, value, expected) in [
            (&["rosterpack", "export"][..], "", Some(LogFormat::Text)),
            (&["rosterpack", "export"], "json", Some(LogFormat::Json)),
            (&["rosterpack", "--log-format", "json", "export"], "", Some(LogFormat::Json)),
            (&["rosterpack", "export", "--log-format=json"], "text", Some(LogFormat::Json)),
            (&["rosterpack", "export", "--log-format", "text"], "json", Some(LogFormat::Text)),
            (&["rosterpack", "export", "--", "--log-format=json"], "", Some(LogFormat::Text)),
            (&["rosterpack", "export"], "yaml", None),
        ] {
            assert_eq!(asked(&words(arguments), &variable(value)).ok(), expected, "{arguments:?} {value}");
        }
    }

    #[test]
    fn text_and_records_become_lines_that_say_whose_they_are() {
        let mut out = Vec::new();
        let clock = || Clock { utc_milliseconds: 1_727_764_200_007, offset_minutes: 60 };
        let mut lines = JsonLines::new(&mut out, clock, About::default());
        let north = About { profile: Some("reading".into()), tenant: Some("north".into()) };
        let about = framed(&Record { about: Some(north), ..Record::default() });
        let error = framed(&Record { help: Some("do".into()), ..Record::new("error", "two\nlines") });
        write!(lines, "\nplain\n{about}{error}no ").unwrap();
        write!(lines, "end").unwrap();
        lines.end(ExitCode::Held).unwrap();
        let time = "\"time\":\"2024-10-01T06:30:00.007Z\"";
        let whose = "\"profile\":\"reading\",\"tenant\":\"north\"";
        let text = String::from_utf8(out).unwrap();
        let told: Vec<&str> = text.lines().collect();
        assert_eq!(
            told[..3],
            [
                format!(
                    "{{{time},\"level\":\"info\",\"code\":null,\"message\":\"plain\",\"profile\":null,\"tenant\":null}}"
                ),
                format!(
                    "{{{time},\"level\":\"error\",\"code\":null,\"message\":\"two\\nlines\",{whose},\"help\":\"do\"}}"
                ),
                format!("{{{time},\"level\":\"info\",\"code\":null,\"message\":\"no end\",{whose}}}"),
            ]
        );
        assert!(told[3].contains("\"code\":\"held\",\"message\":\"exit code 4: "), "{}", told[3]);
        assert_eq!(error_in(error.trim_end()).as_deref(), Some("two"));
        assert_eq!(error_in("error: one"), Some("one".to_owned()));
        assert_eq!((error_in("note: one"), error_in("{}")), (None, None));
    }
}
