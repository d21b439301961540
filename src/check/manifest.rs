//! The manifest read: which version a package claims, and how each of its files travels.
//!
//! In: the bytes of `manifest.csv` and the files that are there. Out: [`Manifest`] and notices. Where the manifest cannot be
//! read, the version is guessed from the files, and no mode is known: what depends on modes is then not judged.

use std::collections::BTreeMap;
use std::io::Read;

use super::findings::{Findings, Spot};
use super::header::is_invisible;
use super::rules::{entries, manifest as rules, records, texts};
use crate::package::read::ReadFault;
use crate::rfc4180::{Blocks, Flaw, Walk};
use crate::spec::{File, MANIFEST, Mode, Version};

/// Rows beyond which nothing is a manifest.
const ROWS: usize = 1000;
/// The files that every certified system has (OneRoster 1.1 Best Practices); 1.2 adds roles.
const ROSTERING: [File; 7] = [
    File::AcademicSessions,
    File::Classes,
    File::Courses,
    File::Enrollments,
    File::Orgs,
    File::Roles,
    File::Users,
];

/// What the manifest says.
#[derive(Debug, Default)]
pub struct Manifest {
    /// The version, if it is one that we know.
    pub version: Option<Version>,
    /// How each file travels, as far as that is said.
    pub modes: BTreeMap<File, Mode>,
    /// Whether there is one that could be read.
    pub is_readable: bool,
}

/// Property, value and line of each row.
type Properties = Vec<(String, String, u64)>;

/// Reads and judges the manifest.
pub fn read(input: Option<impl Read>, present: &[File], findings: &mut Findings<'_>) -> Manifest {
    let name = MANIFEST.csv_name;
    let Some(properties) = input.and_then(|input| rows(input, findings)) else {
        findings.raise(&rules::MANIFEST_MISSING, name, "", Spot::default(), "");
        return Manifest::default();
    };
    let mut manifest = Manifest { is_readable: true, ..Manifest::default() };
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    for (property, value, line) in &properties {
        let spot = Spot { line: *line, ..Spot::default() };
        if property.chars().chain(value.chars()).any(is_invisible) {
            findings.raise(&texts::INVISIBLE_CHARACTER, name, printable(property), spot, "");
        }
        if (property == MANIFEST.system_name || property == MANIFEST.system_code) && value.trim() != value {
            findings.raise(&texts::CELL_PADDED, name, printable(property), spot, "");
        }
        if seen.insert(property, *line).is_some() {
            findings.raise(&rules::MANIFEST_PROPERTY_REPEATED, name, printable(property), spot, "");
            continue;
        }
        if property == MANIFEST.oneroster_version {
            manifest.version = Version::from_label(value);
            if manifest.version.is_none() {
                findings.raise(&rules::ONEROSTER_VERSION, name, printable(property), spot, &printable(value));
            }
        } else if property == MANIFEST.manifest_version {
            if value != MANIFEST.manifest_version_value {
                findings.raise(&rules::MANIFEST_VERSION, name, printable(property), spot, &printable(value));
            }
        } else if let Some(file) = MANIFEST.property_file(property) {
            match Mode::from_word(value) {
                Some(mode) => {
                    manifest.modes.insert(file, mode);
                }
                None => {
                    findings.raise(&rules::MANIFEST_MODE, name, printable(property), spot, &printable(value));
                }
            }
        }
    }
    let version = manifest.version.unwrap_or_else(|| guess(present));
    let published = MANIFEST.properties(version);
    for (property, _, line) in &properties {
        if !published.iter().any(|(known, _)| known == property) {
            let spot = Spot { line: *line, ..Spot::default() };
            findings.raise(&rules::MANIFEST_PROPERTY_UNKNOWN, name, printable(property), spot, "");
        }
    }
    for (property, required) in &published {
        if *required && !seen.contains_key(property.as_str()) {
            let rule = &rules::MANIFEST_PROPERTY_MISSING;
            findings.raise(rule, name, property.clone(), Spot::default(), "");
        }
    }
    compare(&mut manifest, version, present, findings);
    manifest
}

/// The manifest against the files that are there; the files win (OneRoster 1.1 Best Practices).
fn compare(manifest: &mut Manifest, version: Version, present: &[File], findings: &mut Findings<'_>) {
    for spec in version.files() {
        let there = present.contains(&spec.file);
        match manifest.modes.get(&spec.file) {
            Some(Mode::Absent) if there => {
                findings.raise(&rules::FILE_UNDECLARED, spec.file.csv_name(), "", Spot::default(), "");
                manifest.modes.remove(&spec.file);
            }
            Some(Mode::Bulk | Mode::Delta) if !there => {
                findings.raise(&rules::FILE_MISSING, spec.file.csv_name(), "", Spot::default(), "");
            }
            _ => {}
        }
    }
    let bulk = manifest.modes.values().any(|mode| *mode == Mode::Bulk) && !present.is_empty();
    for file in ROSTERING.into_iter().filter(|file| bulk && version.file(*file).is_some()) {
        if manifest.modes.get(&file) == Some(&Mode::Absent) {
            findings.raise(&rules::ROSTERING_FILE_MISSING, file.csv_name(), "", Spot::default(), "");
        }
    }
}

/// The version that files speak of, where no manifest does.
pub fn guess(present: &[File]) -> Version {
    let only_later = |file: &File| Version::V1p1.file(*file).is_none();
    if present.iter().any(only_later) { Version::V1p2 } else { Version::V1p1 }
}

/// A text of the manifest, which is about systems, as it may be shown.
fn printable(text: &str) -> String {
    let plain = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().take(60).map(plain).collect()
}

/// The rows of the manifest; `None` when it has no text that could be read.
fn rows(input: impl Read, findings: &mut Findings<'_>) -> Option<Properties> {
    let name = MANIFEST.csv_name;
    let mut blocks = Blocks::new(input);
    let mut properties = Properties::new();
    let (mut line, mut ends, mut header) = (1, Vec::new(), None);
    match blocks.head() {
        Ok(head) if head.starts_with(b"\xef\xbb\xbf") => {
            findings.raise(&records::BYTE_ORDER_MARK, name, "", Spot::default(), "");
            blocks.consume(3);
        }
        Ok(_) => {}
        Err(flaw) => return flawed(&flaw, (1, 0), findings),
    }
    loop {
        let block = match blocks.next_block() {
            Ok(block) => block,
            Err(flaw) => return flawed(&flaw, (line, 0), findings),
        };
        let mut walk = Walk::new(block, line);
        loop {
            let record = match walk.next(&mut ends) {
                Ok(Some(record)) => record,
                Ok(None) => break,
                Err(flaw) => {
                    let (line, column, _) = walk.spot();
                    return flawed(&flaw, (line, column), findings);
                }
            };
            let spot = Spot { line: record.line, ..Spot::default() };
            if record.is_blank(&ends) {
                findings.raise(&records::BLANK_LINE, name, "", spot, "");
                continue;
            }
            if record.raw(&ends).contains(['\r', '\n']) {
                findings.raise(&records::BARE_CARRIAGE_RETURN, name, "", spot, "");
            }
            let text = |n| record.field(&ends, n).text.replace("\"\"", "\"");
            let Some(width) = header else {
                header = Some(ends.len());
                let names: Vec<String> = (0..ends.len()).map(text).collect();
                if names != MANIFEST.header {
                    findings.raise(&rules::MANIFEST_HEADER, name, "", spot, "");
                }
                continue;
            };
            if ends.len() != width || ends.len() < 2 {
                let cause = format!("{} cells instead of {}", ends.len(), MANIFEST.header.len());
                findings.raise(&records::ROW_WIDTH, name, "", spot, &cause);
                continue;
            }
            properties.push((text(0), text(1), record.line));
            if properties.len() > ROWS {
                return Some(properties);
            }
        }
        let (bytes, ended) = walk.end();
        line = walk.line();
        if ended {
            return header.map(|_| properties);
        }
        blocks.consume(bytes);
    }
}

fn flawed(flaw: &Flaw, (line, position): (u64, u64), findings: &mut Findings<'_>) -> Option<Properties> {
    let rule = match flaw {
        Flaw::NotUtf8 => &records::NOT_UTF8,
        Flaw::Nul => &records::NULL_BYTE,
        Flaw::StrayQuote(_) => &records::QUOTE_IN_CELL,
        Flaw::AfterQuote(_) => &records::TEXT_BEHIND_QUOTE,
        Flaw::OpenQuote(_) => &records::QUOTE_UNCLOSED,
        Flaw::TooLong => &records::RECORD_TOO_LONG,
        Flaw::Read(error) => {
            entries::raise_read_fault(findings, MANIFEST.csv_name, &ReadFault::of(error));
            return None;
        }
    };
    findings.raise(rule, MANIFEST.csv_name, "", Spot { line, position, id: "" }, "");
    None
}
