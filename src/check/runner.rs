//! The run over one package: entries, manifest, files in the order of their references, the whole.
//!
//! In: an open archive and [`Options`]. Out: a [`Judgement`]. Files that do not refer to each other are read side by
//! side; nothing of the outcome depends on which is done first. A rule that could not look is skipped and says so.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::demands::Demands;
use super::facts::{Facts, FileFacts, State};
use super::findings::Findings;
use super::register::RULES;
use super::rule::Hook;
use super::rules::{dates, entries, manifest as manifest_rules, presence};
use super::scan::{Scanned, Skip, scan};
use super::{FileOutcome, Judgement, Options, manifest};
use crate::package::read::{Archive, Entry, read_ahead};
use crate::rfc4180::{Blocks, Walk};
use crate::spec::{File, MANIFEST, Mode};

/// Files in steps: whatever a file refers to stands in an earlier step than itself.
pub const STEPS: [&[File]; 6] = [
    &[File::Orgs, File::AcademicSessions, File::Resources, File::Categories],
    &[File::Courses, File::Users],
    &[File::Classes, File::Demographics, File::UserProfiles, File::CourseResources],
    &[
        File::Roles,
        File::Enrollments,
        File::ClassResources,
        File::LineItems,
        File::ScoreScales,
        File::UserResources,
    ],
    &[File::Results, File::LineItemScoreScales, File::LineItemLearningObjectiveIds],
    &[File::ResultScoreScales, File::ResultLearningObjectiveIds],
];

/// Bytes of a file from which on it is unpacked on a thread of its own while its rows are judged: enrollments are most of
/// a package, and one file is judged by one thread, row after row.
const AHEAD: u64 = 1 << 20;

/// Judges a package.
pub fn judge(archive: &Archive, options: &Options) -> Judgement {
    let mut findings = Findings::new(&options.levels);
    let mut skips: BTreeSet<Skip> = BTreeSet::new();
    let mut looked: BTreeSet<&'static str> = BTreeSet::new();
    // Of entries with one name, the first is read: the others were told.
    let mut found: BTreeMap<File, &Entry> = BTreeMap::new();
    let mut manifest_entry = None;
    for entry in archive.entries() {
        if entry.base == MANIFEST.csv_name && !entry.is_folder() {
            manifest_entry.get_or_insert(entry);
        } else if let Some(file) = entry.file().filter(|_| !entry.is_folder()) {
            found.entry(file).or_insert(entry);
        }
    }
    let present: Vec<File> = found.keys().copied().collect();
    let opened = manifest_entry.filter(|entry| entry.is_readable()).and_then(|entry| {
        archive
            .read(entry)
            .map_err(|fault| entries::raise_read_fault(&mut findings, &entry.name, &fault))
            .ok()
    });
    // In what is left of a broken zip nobody can say that it is missing.
    let manifest = match (archive.broken(), manifest_entry) {
        (Some(_), None) => manifest::Manifest::default(),
        _ => manifest::read(opened, &present, &mut findings),
    };
    let version = manifest.version.unwrap_or_else(|| manifest::guess(&present));
    entries::check(archive, manifest.version, &mut findings);
    let demands = Demands::of(options);
    let there = present.iter().copied().collect();
    let whole_zip = archive.broken().is_none();
    demands.package(options, version, (&there, whole_zip), &mut findings, &mut looked, &mut skips);
    for rule in RULES {
        let code = rule.code.code;
        let of_rows = manifest_rules::OF_ROWS.iter().any(|of| of.code.code == code);
        match rule.hook {
            Hook::Manifest if of_rows && !manifest.is_readable => {
                let reason = "there is no manifest that can be read".to_owned();
                skips.insert(Skip { code, file: MANIFEST.csv_name, reason, count: 0 });
            }
            Hook::Entries | Hook::Manifest => _ = looked.insert(code),
            Hook::Records if manifest.is_readable => _ = looked.insert(code),
            _ => {}
        }
    }
    let mut assumptions = Vec::new();
    if manifest.version.is_none() {
        assumptions.push(format!("the manifest names no known version; judged as OneRoster {version}"));
    }
    let mut facts = Facts { version, as_of: options.as_of, files: Vec::new() };
    for step in STEPS {
        let files: Vec<(File, &Entry)> = step
            .iter()
            .filter(|file| version.file(**file).is_some())
            .filter_map(|file| found.get(file).map(|entry| (*file, *entry)))
            .collect();
        let mode = |file: File| manifest.modes.get(&file).copied().filter(|mode| *mode != Mode::Absent);
        let read: Vec<Scanned<'_>> = files
            .into_par_iter()
            .filter_map(|(file, entry)| {
                let spec = version.file(file)?;
                let (opened, fault) = match (archive.is_too_large(), entry.is_readable()) {
                    // Why, was told with the entries.
                    (true, _) => (Err("the package is larger than the limit".to_owned()), None),
                    (_, false) => (Err("its entry cannot be read".to_owned()), None),
                    _ => match archive.read(entry) {
                        Ok(opened) => (Ok(opened), None),
                        Err(fault) => (Err(fault.to_string()), Some(fault)),
                    },
                };
                let asked = (&options.levels, &demands);
                let mut scanned = match opened {
                    Ok(stream) if entry.size >= AHEAD => {
                        read_ahead(stream, |stream| scan(Ok(stream), spec, mode(file), &facts, asked))
                    }
                    opened => scan(opened, spec, mode(file), &facts, asked),
                };
                if let Some(fault) = fault {
                    entries::raise_read_fault(&mut scanned.findings, &entry.name, &fault);
                }
                Some(scanned)
            })
            .collect();
        for scanned in read {
            let name = scanned.facts.spec.file.csv_name();
            if scanned.facts.mode.is_none() {
                let reason = "the manifest does not say how the file travels".to_owned();
                for code in [&presence::FILLED_IN_BULK, &presence::BLANK_IN_DELTA] {
                    let (code, reason) = (code.code.code, reason.clone());
                    skips.insert(Skip { code, file: name, reason, count: 0 });
                }
            }
            findings.merge(scanned.findings);
            skips.extend(scanned.skips);
            looked.extend(scanned.looked);
            if !matches!(scanned.facts.state, State::Unread(_)) || !scanned.facts.ids.is_empty() {
                looked.extend(
                    RULES
                        .iter()
                        .filter(|r| matches!(r.hook, Hook::Header | Hook::Records))
                        .map(|r| r.code.code),
                );
            } else {
                let reason = state_reason(&scanned.facts);
                for rule in RULES.iter().filter(|r| matches!(r.hook, Hook::Header | Hook::Records)) {
                    let (code, reason) = (rule.code.code, reason.clone());
                    skips.insert(Skip { code, file: name, reason, count: 0 });
                }
            }
            facts.files.push(scanned.facts);
        }
    }
    whole(&facts, &mut findings, &mut skips, &mut looked);
    demands.whole(&facts, &mut findings, &mut skips, &mut looked);
    name_samples(archive, &found, &mut findings);
    // The rules of the report's levels and the reader's limits apply to every file alike.
    let files = facts.files.iter().map(|file| FileOutcome {
        file: file.spec.file.csv_name(),
        mode: file.mode.map(Mode::word),
        rows: file.ids.len() as u64,
        unread: (file.state != State::Complete).then(|| state_reason(file)),
    });
    let mut files: Vec<FileOutcome> = files.collect();
    files.sort_by_key(|file| file.file);
    Judgement::new(version, files, findings, skips, looked, assumptions, options)
}

fn state_reason(file: &FileFacts) -> String {
    match &file.state {
        State::Complete => String::new(),
        State::Partial(1) => "one record could not be read".to_owned(),
        State::Partial(rows) => format!("{rows} records could not be read"),
        State::Unread(reason) => reason.clone(),
    }
}

/// Runs the rules over the whole package, where they can.
fn whole<'l>(
    facts: &Facts,
    findings: &mut Findings<'l>,
    skips: &mut BTreeSet<Skip>,
    looked: &mut BTreeSet<&'static str>,
) {
    for rule in RULES {
        let Hook::Whole { files, truth, run } = rule.hook else { continue };
        let code = rule.code.code;
        let Some(first) = files.first() else { continue };
        let needed: Vec<File> =
            files.iter().copied().filter(|file| facts.version.file(*file).is_some()).collect();
        if findings.is_off(rule)
            || !needed.contains(first)
            || needed.iter().any(|file| facts.file(*file).is_none())
        {
            continue;
        }
        let name = first.csv_name();
        let mut reasons: Vec<String> = Vec::new();
        for file in needed.iter().filter_map(|file| facts.file(*file)) {
            let other = file.spec.file.csv_name();
            if file.state != State::Complete {
                reasons.push(format!("{other}: {}", state_reason(file)));
            } else if truth.contains(&file.spec.file) && !file.is_whole_truth() {
                reasons.push(match file.mode {
                    None => format!("the manifest does not say how {other} travels"),
                    Some(_) => format!("{other} is delta: what it does not repeat may be at the receiver"),
                });
            }
        }
        let by_date = dates::BY_DATE.iter().any(|other| other.code.code == code);
        if by_date && facts.as_of.is_none() {
            reasons.push("no date was given (--as-of)".to_owned());
        }
        if reasons.is_empty() {
            looked.insert(code);
            run(facts, findings);
        } else {
            skips.extend(reasons.into_iter().map(|reason| Skip { code, file: name, reason, count: 0 }));
        }
    }
}

/// Reads the sourcedIds of samples that are known by their lines only: ids of rows that have passed are not kept as
/// text. Costs a second look at the files concerned, up to the last such line.
fn name_samples(archive: &Archive, found: &BTreeMap<File, &Entry>, findings: &mut Findings<'_>) {
    let mut wanted: BTreeMap<File, BTreeMap<u64, String>> = BTreeMap::new();
    for sample in findings.pending() {
        if let Some(file) = sample.pending {
            wanted.entry(file).or_default().insert(sample.line, String::new());
        }
    }
    wanted.par_iter_mut().for_each(|(file, lines)| {
        if let Some(stream) = found.get(file).and_then(|entry| archive.read(entry).ok()) {
            read_ids(stream, lines);
        }
    });
    for sample in findings.pending() {
        let Some(lines) = sample.pending.take().and_then(|file| wanted.get(&file)) else { continue };
        sample.id = lines.get(&sample.line).cloned().unwrap_or_default();
    }
}

/// Fills in the sourcedIds of these lines.
fn read_ids(stream: impl std::io::Read, lines: &mut BTreeMap<u64, String>) {
    let last = lines.keys().next_back().copied().unwrap_or_default();
    let mut blocks = Blocks::new(stream);
    if blocks.head().is_ok_and(|head| head.starts_with(b"\xef\xbb\xbf")) {
        blocks.consume(3);
    }
    let (mut line, mut ends, mut column) = (1, Vec::new(), None);
    while line <= last {
        let Ok(block) = blocks.next_block() else { return };
        let mut walk = Walk::new(block, line);
        while let Ok(Some(record)) = walk.next(&mut ends) {
            let Some(at) = column else {
                let is_id = |n: &usize| record.field(&ends, *n).text.eq_ignore_ascii_case("sourcedId");
                column = Some((0..ends.len()).find(is_id).unwrap_or_default());
                continue;
            };
            if let Some(slot) = lines.get_mut(&record.line) {
                let id = record.field(&ends, at).text;
                *slot = if super::rules::ids::is_id(id) { id.to_owned() } else { String::new() };
            }
        }
        let (bytes, ended) = walk.end();
        line = walk.line();
        if ended || bytes == 0 {
            return;
        }
        blocks.consume(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Version;

    #[test]
    fn every_file_is_read_after_those_it_refers_to() {
        let step = |file: File| STEPS.iter().position(|step| step.contains(&file)).unwrap();
        assert_eq!(STEPS.iter().map(|step| step.len()).sum::<usize>(), File::ALL.len());
        for spec in Version::ALL.iter().flat_map(|version| version.files()) {
            for (column, target) in spec.references().filter(|(_, target)| *target != spec.file) {
                assert!(step(target) < step(spec.file), "{}.{}", spec.file, column.name);
            }
        }
    }
}
