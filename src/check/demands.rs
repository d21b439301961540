//! The demands of consumers, asked where the validator looks anyway.
//!
//! In: the consumers of [`Options`]; then whatever the run comes by: entries, headers, cells, rows, the whole. Out: findings
//! under the codes of [`consumers`], each charged to its demand, and what could not be judged. Nothing is kept for it
//! but what its own demands need; without a consumer nothing here costs anything.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Options;
use super::facts::{Facts, FileFacts, State, UNKNOWN, key};
use super::findings::{Findings, Spot, shape};
use super::rule::{CellTest, Charge, ColumnView, RowTest};
use super::rules::{consumers, dates};
use super::scan::{Layout, Row, Skip};
use crate::consumer::demand::ColumnName;
use crate::consumer::{Consumer, LineEnd, What};
use crate::rfc4180::Record;
use crate::spec::{Column, File, Kind, Mode, Version};

/// What is said about the package as a whole.
pub const PACKAGE: &str = "the package";

/// The demands of a run.
#[derive(Debug, Clone, Default)]
pub struct Demands(Vec<(Charge, &'static What)>, Vec<&'static Consumer>);

impl Demands {
    /// Those of the consumers that were asked for, but for what is turned off.
    pub fn of(options: &Options) -> Demands {
        let on = options.asked().filter_map(|asked| {
            let rule = consumers::rule(asked.demand.what.code())?;
            let charge = Charge { rule, asked: Some(asked) };
            (!options.levels.is_off(rule.code.code)).then_some((charge, &asked.demand.what))
        });
        Demands(on.collect(), options.consumers.clone())
    }

    /// Whether everybody who was asked for wants the header of this file even when it has no row.
    pub fn ask_for_header(&self, file: File) -> bool {
        let all = self.1.iter().all(|consumer| consumer.takes_header_alone(file));
        all && !self.1.is_empty()
    }

    /// Judges what stands before any file is read: version, entries, name and size of the zip.
    pub fn package(
        &self,
        options: &Options,
        version: Version,
        (present, whole): (&BTreeSet<File>, bool),
        findings: &mut Findings<'_>,
        looked: &mut BTreeSet<&'static str>,
        skips: &mut BTreeSet<Skip>,
    ) {
        for (charge, what) in &self.0 {
            let code = what.code();
            let mut skip = |reason: &str| {
                skips.insert(Skip { code, file: PACKAGE, reason: reason.to_owned(), count: 0 });
            };
            match what {
                What::Version(versions) => {
                    looked.insert(code);
                    if !versions.contains(&version) {
                        findings.raise_entry(*charge, "", &format!("it is OneRoster {version}"));
                    }
                }
                What::FilesThere(_) if !whole => skip("the zip is broken"),
                What::FilesThere(files) => {
                    looked.insert(code);
                    let missing = |file: &&File| version.file(**file).is_some() && !present.contains(*file);
                    for file in files.iter().filter(missing) {
                        findings.raise_entry(*charge, file.csv_name(), "");
                    }
                }
                What::FilesTaken(files) => {
                    looked.insert(code);
                    for file in present.iter().filter(|file| !files.contains(file)) {
                        findings.raise_entry(*charge, file.csv_name(), "");
                    }
                }
                What::PackageName { name, any_case } => match &options.name {
                    None => skip("nobody knows what it will be called"),
                    Some(found) => {
                        looked.insert(code);
                        if found != name && !(*any_case && found.eq_ignore_ascii_case(name)) {
                            findings.raise_entry(*charge, "", &format!("it is called {found}, not {name}"));
                        }
                    }
                },
                What::PackageSize(most) => match options.bytes {
                    None => skip("it is no zip"),
                    Some(bytes) => {
                        looked.insert(code);
                        if bytes > *most {
                            findings.raise_entry(*charge, "", &format!("{bytes} bytes, at most {most}"));
                        }
                    }
                },
                _ => {}
            }
        }
    }

    /// Tests of the cells of a column.
    pub fn cells(&self, view: &ColumnView) -> Vec<(Charge, CellTest)> {
        let tests = self.0.iter().filter_map(|(charge, what)| Some((*charge, cell(what, view)?)));
        tests.collect()
    }

    /// Tests of rows, and the demands that cannot be tested because a column is missing.
    pub fn rows(&self, layout: &Layout, skips: &mut Vec<Skip>) -> Vec<(Charge, Box<dyn RowTest>)> {
        let mut tests: Vec<(Charge, Box<dyn RowTest>)> = Vec::new();
        let file = layout.file();
        for (charge, what) in &self.0 {
            let (columns, roles): (&[ColumnName], &[String]) = match what {
                What::Unique(columns) => (columns, &[]),
                What::Filled { columns, roles } if !roles.is_empty() => (columns, roles),
                _ => continue,
            };
            for name in columns.iter().filter(|name| name.file == file) {
                let mut skip = |reason: String| {
                    skips.push(Skip { code: what.code(), file: file.csv_name(), reason, count: 0 });
                };
                let Some(spec) = layout.spec.column(&name.column) else { continue };
                let Some(column) = layout.column(spec.name) else {
                    skip(format!("the column {} is missing", spec.name));
                    continue;
                };
                if roles.is_empty() {
                    let seen = FxHashSet::default();
                    tests
                        .push((*charge, Box::new(Shared { charge: *charge, column, name: spec.name, seen })));
                    continue;
                }
                match layout.column("role") {
                    Some(role) => {
                        let test = BlankFor {
                            charge: *charge,
                            column,
                            name: spec.name,
                            role,
                            roles: roles.to_vec(),
                        };
                        tests.push((*charge, Box::new(test)));
                    }
                    None => skip("the roles of users stand in another file".to_owned()),
                }
            }
        }
        tests
    }

    /// Judges the names of a header.
    pub fn header(
        &self,
        layout: &Layout,
        names: &[String],
        findings: &mut Findings<'_>,
        looked: &mut BTreeSet<&'static str>,
    ) {
        for (charge, what) in &self.0 {
            let What::ColumnThere(columns) = what else { continue };
            if columns.iter().any(|column| column.file == layout.file()) {
                looked.insert(what.code());
                if !columns.iter().any(|column| names.contains(&column.column)) {
                    let wanted: Vec<&str> = columns.iter().map(|column| column.column.as_str()).collect();
                    let spot = Spot { line: 1, ..Spot::default() };
                    let file = layout.file().csv_name();
                    findings.raise(*charge, file, wanted[0].to_owned(), spot, &wanted.join(" or "));
                }
            }
        }
    }

    /// Those that look at the text of records.
    pub fn of_text(&self) -> Demands {
        let of_text = |what: &What| matches!(what, What::LineEnd(_) | What::Quoted);
        Demands(self.0.iter().filter(|(_, what)| of_text(what)).copied().collect(), Vec::new())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Codes, for those that look at all files alike.
    pub fn codes(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.iter().map(|(_, what)| what.code())
    }

    /// Judges the text of a record; quotes are for the cells of rows, not for names of columns.
    pub fn record(
        &self,
        (record, ends): (&Record<'_>, &[u32]),
        is_header: bool,
        (file, spot): (&'static str, Spot<'_>),
        findings: &mut Findings<'_>,
    ) {
        for (charge, what) in &self.0 {
            let breaks = match what {
                What::LineEnd(end) => {
                    let crlf = *end == LineEnd::CrLf;
                    record.ends_with_crlf(ends).is_some_and(|found| found != crlf)
                }
                What::Quoted => {
                    let bare = |n| {
                        let field = record.field(ends, n);
                        !field.quoted && !field.text.is_empty()
                    };
                    !is_header && (0..ends.len()).any(bare)
                }
                _ => false,
            };
            if breaks {
                findings.raise(*charge, file, "", spot, "");
            }
        }
    }

    /// Codes of demands that look at the cells or rows of a file, for the case that it cannot be read.
    pub fn concern(
        &self,
        version: Version,
        spec_columns: &'static [Column],
        file: File,
    ) -> BTreeSet<&'static str> {
        let of_columns = |columns: &[ColumnName]| columns.iter().any(|column| column.file == file);
        let looks = |what: &'static What| match what {
            What::Filled { columns, .. } | What::Unique(columns) | What::ColumnThere(columns) => {
                of_columns(columns)
            }
            What::Words { .. } | What::Single(_) | What::Longest(_) | What::IdForm { .. } => spec_columns
                .iter()
                .any(|column| cell(what, &ColumnView { version, file, mode: None, column }).is_some()),
            What::LineEnd(_) | What::Quoted => true,
            _ => false,
        };
        self.0.iter().map(|(_, what)| *what).filter(|what| looks(what)).map(What::code).collect()
    }

    /// Judges what can only be judged when all files are read.
    pub fn whole(
        &self,
        facts: &Facts,
        findings: &mut Findings<'_>,
        skips: &mut BTreeSet<Skip>,
        looked: &mut BTreeSet<&'static str>,
    ) {
        for (charge, what) in &self.0 {
            let code = what.code();
            let (files, run): (&[File], Judge) = match what {
                What::Bulk => {
                    looked.insert(code);
                    for file in facts.files.iter().filter(|file| file.mode == Some(Mode::Delta)) {
                        findings.raise_entry(*charge, file.spec.file.csv_name(), "");
                    }
                    continue;
                }
                What::FilesFilled(files) => {
                    for file in files.iter().filter_map(|file| facts.file(*file)) {
                        let name = file.spec.file.csv_name();
                        match &file.state {
                            State::Complete => {
                                looked.insert(code);
                                if file.ids.is_empty() {
                                    findings.raise_entry(*charge, name, "");
                                }
                            }
                            _ if !file.ids.is_empty() => _ = looked.insert(code),
                            _ => {
                                let reason = "it could not be read".to_owned();
                                skips.insert(Skip { code, file: name, reason, count: 0 });
                            }
                        }
                    }
                    continue;
                }
                What::ClassSize(_) => (&[File::Classes, File::Enrollments], class_size),
                What::ClassesOfTeacher(_) => (&[File::Users, File::Enrollments], classes_of_teacher),
                What::Begun => (&[File::Classes, File::AcademicSessions], begun),
                _ => continue,
            };
            if files.iter().any(|file| facts.file(*file).is_none()) {
                continue;
            }
            let partly = |file: &&FileFacts| file.state != State::Complete;
            if let Some(file) = files.iter().filter_map(|file| facts.file(*file)).find(partly) {
                let reason = "it could not be read completely".to_owned();
                skips.insert(Skip { code, file: file.spec.file.csv_name(), reason, count: 0 });
            } else if matches!(what, What::Begun) && facts.as_of.is_none() {
                let reason = "no date was given (--as-of)".to_owned();
                skips.insert(Skip { code, file: File::Classes.csv_name(), reason, count: 0 });
            } else {
                looked.insert(code);
                let most = match what {
                    What::ClassSize(most) | What::ClassesOfTeacher(most) => *most,
                    _ => 0,
                };
                run(*charge, most, facts, findings);
            }
        }
    }
}

/// Judges a package by one demand, with the number that it names.
type Judge = fn(Charge, u64, &Facts, &mut Findings<'_>);

/// The test of a column's cells that a demand needs.
fn cell(what: &'static What, view: &ColumnView) -> Option<CellTest> {
    let named = |columns: &[ColumnName]| {
        columns.iter().any(|name| name.file == view.file && name.column == view.column.name)
    };
    match what {
        What::Filled { columns, roles } if roles.is_empty() && named(columns) => CellTest::blank(),
        What::Longest(most) if !view.column.is_list() => {
            let most = usize::try_from(*most).unwrap_or(usize::MAX);
            CellTest::filled(move |cell| {
                let long = cell.len() > most && cell.chars().count() > most;
                long.then(|| format!("{} characters", cell.chars().count()).into())
            })
        }
        What::IdForm { marks, most } if matches!(view.column.kind, Kind::Id) => {
            let most = usize::try_from(*most).unwrap_or(usize::MAX);
            let allowed = |c: char| c.is_ascii_alphanumeric() || marks.contains(c);
            CellTest::filled(move |cell| match cell.chars().find(|c| !allowed(*c)) {
                Some(_) => Some("characters that are not taken".into()),
                None => (cell.len() > most).then(|| format!("{} characters", cell.len()).into()),
            })
        }
        What::Words { columns, words, any_case } if named(columns) => {
            let column = view.column;
            let taken = move |item: &str| {
                words.iter().any(|word| word == item || (*any_case && word.eq_ignore_ascii_case(item)))
            };
            CellTest::filled(move |cell| {
                let list = column.is_list() || cell.contains(',');
                let items: Vec<&str> = if list { cell.split(',').collect() } else { vec![cell] };
                let wrong = items.into_iter().find(|item| !taken(item.trim()))?;
                Some(shown(wrong.trim(), column).into())
            })
        }
        What::Single(columns) if named(columns) => CellTest::filled(|cell| {
            let items = cell.split(',').count();
            (items > 1).then(|| format!("{items} items").into())
        }),
        _ => None,
    }
}

/// A word as it may be shown: one of the column's own, else its shape.
fn shown(word: &str, column: &Column) -> String {
    let lists = [column.vocabulary(), column.advised()];
    let known = lists.into_iter().flatten().any(|list| list.words.contains(&word));
    if known { word.to_owned() } else { shape(word) }
}

/// A column whose values are to be unique.
struct Shared {
    charge: Charge,
    column: usize,
    name: &'static str,
    seen: FxHashSet<u128>,
}

impl RowTest for Shared {
    fn row(&mut self, row: &Row<'_, '_>, _: &Facts, findings: &mut Findings<'_>) {
        let cell = row.cell(self.column);
        if !cell.is_empty() && !self.seen.insert(key(&cell.to_lowercase())) {
            findings.raise(self.charge, row.file, self.name, row.spot, "");
        }
    }
}

/// A column that users of some roles need.
struct BlankFor {
    charge: Charge,
    column: usize,
    name: &'static str,
    role: usize,
    roles: Vec<String>,
}

impl RowTest for BlankFor {
    fn row(&mut self, row: &Row<'_, '_>, _: &Facts, findings: &mut Findings<'_>) {
        let role = row.cell(self.role);
        if row.cell(self.column).trim_matches(' ').is_empty()
            && self.roles.iter().any(|wanted| wanted == role)
        {
            findings.raise(self.charge, row.file, self.name, row.spot, role);
        }
    }
}

/// How many different partners each row of one column of enrollments has, in rows of this role.
fn partners(facts: &Facts, role: &str, of: &str, with: &str) -> FxHashMap<u32, u64> {
    let Some(rows) = facts.file(File::Enrollments) else { return FxHashMap::default() };
    let (own, others) = (rows.rows(of), rows.rows(with));
    let pairs: FxHashSet<(u32, u32)> = (own.iter().copied().zip(others.iter().copied()).enumerate())
        .filter(|(row, (own, other))| {
            *own < UNKNOWN && *other < UNKNOWN && rows.is_word("role", *row as u32, &[role])
        })
        .map(|(_, pair)| pair)
        .collect();
    let mut counts: FxHashMap<u32, u64> = FxHashMap::default();
    for (own, _) in pairs {
        *counts.entry(own).or_default() += 1;
    }
    counts
}

fn raise_counts(
    (charge, most, what): (Charge, u64, &str),
    counts: &FxHashMap<u32, u64>,
    file: &FileFacts,
    findings: &mut Findings<'_>,
) {
    let mut over: Vec<(u32, u64)> =
        counts.iter().map(|(row, n)| (*row, *n)).filter(|(_, n)| *n > most).collect();
    over.sort_unstable();
    for (row, count) in over {
        findings.raise_row(
            charge,
            (file.spec.file, file.line(row)),
            "",
            &format!("{count} {what}, at most {most}"),
        );
    }
}

fn class_size(charge: Charge, most: u64, facts: &Facts, findings: &mut Findings<'_>) {
    let counts = partners(facts, "student", "classSourcedId", "userSourcedId");
    if let Some(classes) = facts.file(File::Classes) {
        raise_counts((charge, most, "students"), &counts, classes, findings);
    }
}

fn classes_of_teacher(charge: Charge, most: u64, facts: &Facts, findings: &mut Findings<'_>) {
    let counts = partners(facts, "teacher", "userSourcedId", "classSourcedId");
    if let Some(users) = facts.file(File::Users) {
        raise_counts((charge, most, "classes"), &counts, users, findings);
    }
}

fn begun(charge: Charge, _: u64, facts: &Facts, findings: &mut Findings<'_>) {
    dates::begin_later(charge, facts, findings);
}
