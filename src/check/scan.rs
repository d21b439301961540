//! One file of a package, read once from front to back.
//!
//! In: its bytes, its description, its mode, and the facts of the files it refers to, which were read before. Out:
//! [`Scanned`]: what is wrong with it, what could not be judged, and what later files need to know of it. It allocates
//! nothing per cell or row, as long as nothing is wrong; it goes on behind a fault where the next line can be told.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Read;

use super::Levels;
use super::demands::Demands;
use super::facts::{FileFacts, Ids, KEPT, Kept, NO_DAY, NO_WORD, ROWS, State};
use super::findings::{Findings, Spot};
use super::header::{self, Header};
use super::register::RULES;
use super::rule::{CellTest, Charge, ColumnView, Hook, RowTest, Rule, When, is_unusual};
use super::rules::{forms, ids, records};
use super::{facts::Facts, reference::Reference};
use crate::day::Day;
use crate::package::read::ReadFault;
use crate::rfc4180::{Blocks, Flaw, Record, Walk};
use crate::spec::{Column, File, FileSpec, Kind, Mode, Version};

/// Faults of the text after which the rest of a file is not read: it is no CSV, and each costs a new start.
const FLAWS: u64 = 1000;

/// Which columns of the specification a file has, and where.
#[derive(Debug)]
pub struct Layout {
    /// The version that the package claims.
    pub version: Version,
    /// The description of the file.
    pub spec: &'static FileSpec,
    /// How the file travels.
    pub mode: Option<Mode>,
    /// By column of the description: the field that holds it.
    pub fields: Vec<Option<usize>>,
    /// Fields per record.
    pub width: usize,
}

impl Layout {
    /// The number of a column, if the file has it.
    pub fn column(&self, name: &str) -> Option<usize> {
        let at = self.spec.columns.iter().position(|column| column.name == name)?;
        self.fields.get(at).copied().flatten().map(|_| at)
    }

    /// The file.
    pub fn file(&self) -> File {
        self.spec.file
    }
}

/// A row as its tests see it. Columns go by their number in the description ([`Layout::column`]).
#[derive(Debug, Clone, Copy)]
pub struct Row<'r, 't> {
    cells: &'r [Cow<'t, str>],
    rows: &'r [u32],
    /// The name of the file.
    pub file: &'static str,
    /// Row number, from 0.
    pub number: u32,
    /// Where it is.
    pub spot: Spot<'r>,
}

impl Row<'_, '_> {
    /// The text of a cell; blank when the file lacks the column.
    pub fn cell(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", |cell| cell)
    }

    /// The day in a cell; `None` when it is blank or no date.
    pub fn day(&self, column: usize) -> Option<Day> {
        forms::day(self.cell(column))
    }

    /// The row that a cell refers to, if the package has it.
    pub fn target(&self, column: usize) -> Option<u32> {
        self.rows.get(column).copied().filter(|row| *row < super::facts::UNKNOWN)
    }
}

/// What keeps a rule from judging something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skip {
    /// The rule.
    pub code: &'static str,
    /// The file.
    pub file: &'static str,
    /// Why.
    pub reason: String,
    /// Cells or rows concerned; 0 when that is not known.
    pub count: u64,
}

/// What came of a file.
#[derive(Debug)]
pub struct Scanned<'l> {
    /// What later files need to know.
    pub facts: FileFacts,
    /// What is wrong.
    pub findings: Findings<'l>,
    /// What could not be judged.
    pub skips: Vec<Skip>,
    /// The rules that looked at it.
    pub looked: BTreeSet<&'static str>,
}

/// A column of the file with everything that is to be done with its cells.
struct Plan {
    column: &'static Column,
    field: usize,
    blank: Vec<(Charge, CellTest)>,
    filled: Vec<(Charge, CellTest)>,
    unusual: Vec<(Charge, CellTest)>,
    reference: Option<Reference>,
}

/// The file being read.
struct Scanner<'a, 'l> {
    before: &'a Facts,
    out: Scanned<'l>,
    layout: Layout,
    plans: Vec<Option<Plan>>,
    rows: Vec<Box<dyn RowTest>>,
    demands: &'a Demands,
    /// Those of them that look at the text of records.
    of_text: Demands,
    /// Row numbers that the cells of the current row refer to.
    targets: Vec<u32>,
    unparsed: u64,
    has_blank_line: bool,
}

/// Reads one data file. One whose bytes cannot be had comes with the reason, which has been told already.
pub fn scan<'l>(
    input: Result<impl Read, String>,
    spec: &'static FileSpec,
    mode: Option<Mode>,
    before: &Facts,
    (levels, demands): (&'l Levels, &Demands),
) -> Scanned<'l> {
    let facts = FileFacts {
        spec,
        mode,
        state: State::Complete,
        ids: Ids::default(),
        kept: Vec::new(),
        lines: Vec::new(),
        deleted: Vec::new(),
    };
    let out = Scanned { facts, findings: Findings::new(levels), skips: Vec::new(), looked: BTreeSet::new() };
    let layout = Layout { version: before.version, spec, mode, fields: Vec::new(), width: 0 };
    let mut scanner = Scanner {
        before,
        out,
        layout,
        plans: Vec::new(),
        rows: Vec::new(),
        demands,
        of_text: demands.of_text(),
        targets: vec![super::facts::BLANK; spec.columns.len()],
        unparsed: 0,
        has_blank_line: false,
    };
    match input {
        Ok(input) => scanner.read(input),
        Err(reason) => scanner.unread(reason),
    }
    scanner.finish()
}

impl<'l> Scanner<'_, 'l> {
    fn name(&self) -> &'static str {
        self.layout.spec.file.csv_name()
    }

    fn unread(&mut self, reason: impl Into<String>) {
        self.out.facts.state = State::Unread(reason.into());
    }

    fn read(&mut self, input: impl Read) {
        let name = self.name();
        let mut blocks = Blocks::new(input);
        match blocks.head() {
            Ok(head) if head.starts_with(b"\xef\xbb\xbf") => {
                self.out.findings.raise(&records::BYTE_ORDER_MARK, name, "", Spot::default(), "");
                blocks.consume(3);
            }
            Ok(_) => {}
            Err(flaw) => return self.flawed(&flaw, (1, 0)),
        }
        let (mut line, mut flaws, mut ends, mut header) = (1, 0, Vec::new(), false);
        loop {
            let block = match blocks.next_block() {
                Ok(block) => block,
                Err(flaw) => return self.flawed(&flaw, (line, 0)),
            };
            let mut walk = Walk::new(block, line);
            let mut cells: Vec<Cow<'_, str>> = Vec::with_capacity(self.layout.spec.columns.len());
            let fault = loop {
                match walk.next(&mut ends) {
                    Ok(Some(record)) if header => {
                        self.record(&record, &ends, &mut cells);
                        if self.out.facts.ids.len() >= ROWS {
                            return self.unread("it has more rows than can be numbered");
                        }
                    }
                    Ok(Some(record)) => {
                        header = true;
                        if !self.header(&record, &ends) {
                            return;
                        }
                    }
                    Ok(None) => break None,
                    Err(flaw) => break Some((flaw, walk.spot())),
                }
            };
            let (bytes, ended) = walk.end();
            line = walk.line();
            match fault {
                Some((flaw, (at, column, before))) => {
                    let stops = matches!(flaw, Flaw::OpenQuote(_) | Flaw::Read(_) | Flaw::TooLong);
                    self.flawed(&flaw, (at, column));
                    flaws += 1;
                    if !header {
                        return self.unread("its header cannot be read");
                    }
                    if flaws >= FLAWS {
                        return self.unread(format!("it was given up at line {at}, after {flaws} faults"));
                    }
                    blocks.consume(before);
                    match blocks.skip_line() {
                        Ok(true) if !stops => line = at + 1,
                        Ok(_) => break,
                        Err(flaw) => return self.flawed(&flaw, (at, 0)),
                    }
                }
                None if ended => break,
                None => blocks.consume(bytes),
            }
        }
        if !header {
            self.out.findings.raise(&header::FILE_EMPTY, name, "", Spot::default(), "");
            self.unread("it is empty");
        }
    }

    /// Says what is wrong with the text, and how much is lost by it.
    fn flawed(&mut self, flaw: &Flaw, (line, position): (u64, u64)) {
        let name = self.name();
        let spot = Spot { line, position, id: "" };
        self.unparsed += 1;
        let raise: (&'static Rule, String) = match flaw {
            Flaw::NotUtf8 => (&records::NOT_UTF8, String::new()),
            Flaw::Nul => (&records::NULL_BYTE, String::new()),
            Flaw::StrayQuote(_) => (&records::QUOTE_IN_CELL, String::new()),
            Flaw::AfterQuote(_) => (&records::TEXT_BEHIND_QUOTE, String::new()),
            Flaw::OpenQuote(_) => {
                self.unread(format!("a quote that is opened on line {line} is never closed"));
                (&records::QUOTE_UNCLOSED, String::new())
            }
            Flaw::TooLong => {
                self.unread(format!("the record on line {line} does not end"));
                (&records::RECORD_TOO_LONG, String::new())
            }
            Flaw::Read(error) => {
                let fault = ReadFault::of(error);
                self.unread(fault.to_string());
                return super::rules::entries::raise_read_fault(&mut self.out.findings, name, &fault);
            }
        };
        self.out.findings.raise(raise.0, name, "", spot, &raise.1);
    }

    /// Takes the header; false when the rest makes no sense with it.
    fn header(&mut self, record: &Record<'_>, ends: &[u32]) -> bool {
        let names: Vec<String> =
            (0..ends.len()).map(|n| record.field(ends, n).text.replace("\"\"", "\"")).collect();
        let Header { spec, fields, usable } =
            header::judge(&names, self.layout.spec, self.layout.version, &mut self.out.findings);
        self.layout.spec = spec;
        self.out.facts.spec = spec;
        self.layout.width = ends.len();
        self.layout.fields = fields;
        self.targets = vec![super::facts::BLANK; spec.columns.len()];
        if !usable {
            self.unread("its first line is no header");
            return false;
        }
        let Scanned { findings, looked, .. } = &mut self.out;
        self.demands.header(&self.layout, &names, findings, looked);
        if !self.of_text.is_empty() {
            looked.extend(self.of_text.codes());
            let at = (self.layout.spec.file.csv_name(), Spot { line: record.line, ..Spot::default() });
            self.of_text.record((record, ends), true, at, findings);
        }
        self.plan();
        true
    }

    /// Decides once what is done with every cell and row.
    fn plan(&mut self) {
        let name = self.name();
        let Layout { version, spec, mode, .. } = self.layout;
        let kept = KEPT.iter().find(|(file, _)| *file == spec.file).map_or(&[][..], |(_, columns)| columns);
        for (column, field) in spec.columns.iter().zip(self.layout.fields.clone()) {
            let view = ColumnView { version, file: spec.file, mode, column };
            let mut tests = Vec::new();
            for rule in RULES {
                if let Hook::Cell(wanted) = rule.hook
                    && !self.out.findings.is_off(rule)
                    && let Some(test) = wanted(&view)
                {
                    tests.push((Charge::from(*rule), test));
                }
            }
            tests.extend(self.demands.cells(&view));
            let reference = Reference::of(column, &self.layout, self.before);
            let Some(field) = field else {
                let reason = format!("the column {} is missing", column.name);
                let codes = tests.iter().map(|(charge, _)| charge.rule.code.code);
                let codes = codes.chain(reference.iter().flat_map(Reference::codes));
                self.out.skips.extend(codes.map(|code| Skip {
                    code,
                    file: name,
                    reason: reason.clone(),
                    count: 0,
                }));
                self.plans.push(None);
                self.out.facts.kept.push(None);
                continue;
            };
            let mut plan =
                Plan { column, field, blank: Vec::new(), filled: Vec::new(), unusual: Vec::new(), reference };
            self.out.looked.extend(plan.reference.iter().flat_map(Reference::codes));
            for (charge, test) in tests {
                self.out.looked.insert(charge.rule.code.code);
                match test.when {
                    When::Blank => plan.blank.push((charge, test)),
                    When::Filled => plan.filled.push((charge, test)),
                    When::Unusual => plan.unusual.push((charge, test)),
                }
            }
            let keep = kept.contains(&column.name).then(|| match column.kind {
                Kind::Ref(_) => Kept::Rows(Vec::new()),
                Kind::RefList(_) => Kept::Lists(Vec::new(), Vec::new()),
                Kind::Enum(_) => Kept::Words(Vec::new()),
                Kind::Date => Kept::Days(Vec::new()),
                Kind::Float | Kind::Integer => Kept::Numbers(Vec::new()),
                _ => Kept::Texts(Vec::new()),
            });
            self.out.facts.kept.push(keep);
            self.plans.push(Some(plan));
        }
        for rule in RULES {
            if let Hook::Row(wanted) = rule.hook
                && !self.out.findings.is_off(rule)
                && let Some(test) = wanted(&self.layout)
            {
                self.out.looked.insert(rule.code.code);
                self.rows.push(test);
            }
        }
        for (charge, test) in self.demands.rows(&self.layout, &mut self.out.skips) {
            self.out.looked.insert(charge.rule.code.code);
            self.rows.push(test);
        }
        self.out.looked.insert(ids::ID_COLLISION.code.code);
    }

    fn record<'t>(&mut self, record: &Record<'t>, ends: &[u32], cells: &mut Vec<Cow<'t, str>>) {
        let name = self.name();
        let line = record.line;
        if ends.len() != self.layout.width {
            let spot = Spot { line, ..Spot::default() };
            if record.is_blank(ends) {
                self.has_blank_line = true;
                self.out.findings.raise(&records::BLANK_LINE, name, "", spot, "");
            } else {
                let cause = format!("{} cells instead of {}", ends.len(), self.layout.width);
                self.unparsed += 1;
                self.out.findings.raise(&records::ROW_WIDTH, name, "", spot, &cause);
            }
            return;
        }
        cells.clear();
        for plan in &self.plans {
            let field = plan.as_ref().map(|plan| record.field(ends, plan.field));
            cells.push(match field {
                Some(field) if field.quoted && field.text.contains("\"\"") => {
                    Cow::Owned(field.text.replace("\"\"", "\""))
                }
                Some(field) => Cow::Borrowed(field.text),
                None => Cow::Borrowed(""),
            });
        }
        let id = match &cells[..] {
            [id, ..] if ids::is_id(id) => &**id,
            _ => "",
        };
        let spot = Spot { line, position: 0, id };
        let number = self.out.facts.ids.len() as u32;
        if self.out.facts.lines.last().is_none_or(|(row, at)| at + u64::from(number - row) != line) {
            self.out.facts.lines.push((number, line));
        }
        records::breaks(&self.layout, (record, ends), spot, &mut self.out.findings);
        if !self.of_text.is_empty() {
            self.of_text.record((record, ends), false, (name, spot), &mut self.out.findings);
        }
        let deleted = self.layout.mode == Some(Mode::Delta)
            && cells.get(1).is_some_and(|status| status == "tobedeleted");
        if deleted {
            self.out.facts.deleted.push(number);
        }
        if self.out.facts.ids.push(cells.first().map_or("", |id| id)).is_some() {
            self.out.findings.raise(&ids::ID_COLLISION, name, "sourcedId", spot, "");
        }
        let Scanned { facts, findings, .. } = &mut self.out;
        let own = &facts.ids;
        for (at, plan) in self.plans.iter_mut().enumerate() {
            let (Some(plan), Some(cell)) = (plan, cells.get(at)) else { continue };
            let blank = cell.is_empty() || (cell.starts_with(' ') && cell.trim_matches(' ').is_empty());
            let tests = if blank { &plan.blank } else { &plan.filled };
            for (charge, test) in tests {
                if let Some(cause) = (test.test)(cell) {
                    findings.raise(*charge, name, plan.column.name, spot, &cause);
                }
            }
            if !plan.unusual.is_empty() && !cell.is_empty() && is_unusual(cell) {
                for (charge, test) in &plan.unusual {
                    if let Some(cause) = (test.test)(cell) {
                        findings.raise(*charge, name, plan.column.name, spot, &cause);
                    }
                }
            }
            let mut target = super::facts::BLANK;
            let mut keep = facts.kept.get_mut(at).and_then(Option::as_mut);
            if let Some(reference) = &mut plan.reference {
                let context = (own, self.before, number, deleted);
                let items = match &mut keep {
                    Some(Kept::Lists(_, items)) => Some(items),
                    _ => None,
                };
                if !blank {
                    target = reference.look_up(cell, context, items, (findings, name, spot));
                }
            }
            if let Some(slot) = self.targets.get_mut(at) {
                *slot = target;
            }
            match keep {
                Some(Kept::Rows(rows)) => rows.push(target),
                Some(Kept::Lists(ends, items)) => ends.push(items.len() as u32),
                Some(Kept::Words(words)) => words.push(word_of(plan.column, cell)),
                Some(Kept::Days(days)) => days.push(forms::day(cell).map_or(NO_DAY, |day| day.number())),
                Some(Kept::Numbers(numbers)) => numbers.push(cell.parse().unwrap_or(f64::NAN)),
                Some(Kept::Texts(texts)) => {
                    texts.push(if cell.is_empty() { 0 } else { super::facts::key(cell) });
                }
                None => {}
            }
        }
        let row = Row { cells, rows: &self.targets, file: name, number, spot };
        for test in &mut self.rows {
            test.row(&row, self.before, &mut self.out.findings);
        }
    }

    /// Whether a column of the file has references that this rule judges.
    fn refers(&self, rule: &Rule) -> bool {
        let of = |column| Reference::of(column, &self.layout, self.before);
        let references = self.layout.spec.columns.iter().filter_map(of);
        references.into_iter().any(|reference| reference.codes().any(|code| code == rule.code.code))
    }

    fn finish(mut self) -> Scanned<'l> {
        let name = self.name();
        if self.out.facts.state == State::Complete {
            if self.unparsed > 0 {
                self.out.facts.state = State::Partial(self.unparsed);
            } else if self.out.facts.ids.is_empty() {
                let rule = match self.layout.version {
                    Version::V1p1 if self.demands.ask_for_header(self.layout.file()) => None,
                    Version::V1p1 => Some(&header::HEADER_ONLY),
                    Version::V1p2 => Some(&header::FILE_WITHOUT_ROWS),
                };
                if let Some(rule) = rule {
                    self.out.findings.raise(rule, name, "", Spot::default(), "");
                }
            }
        }
        let plans = std::mem::take(&mut self.plans);
        for (at, plan) in plans.into_iter().enumerate() {
            let Some(reference) = plan.and_then(|plan| plan.reference) else { continue };
            reference.finish(at, &mut self.out, name);
        }
        // What could not be read was not judged either, by any rule that looks at rows.
        let (reason, count) = match &self.out.facts.state {
            State::Complete => return self.out,
            State::Partial(rows) => ("records that could not be read".to_owned(), *rows),
            State::Unread(reason) => (reason.clone(), 0),
        };
        let whole = Layout {
            version: self.layout.version,
            spec: self.layout.spec,
            mode: self.layout.mode,
            fields: (0..self.layout.spec.columns.len()).map(Some).collect(),
            width: self.layout.spec.columns.len(),
        };
        let concerned = self.demands.concern(whole.version, whole.spec.columns, whole.spec.file);
        self.out.skips.extend(concerned.into_iter().map(|code| Skip {
            code,
            file: name,
            reason: reason.clone(),
            count,
        }));
        for rule in RULES {
            let applies = match rule.hook {
                Hook::Cell(wanted) => self.layout.spec.columns.iter().any(|column| {
                    let Layout { version, spec, mode, .. } = self.layout;
                    wanted(&ColumnView { version, file: spec.file, mode, column }).is_some()
                }),
                Hook::Row(wanted) => wanted(&whole).is_some(),
                Hook::Ids => ids::ID_COLLISION.code.code == rule.code.code || self.refers(rule),
                _ => false,
            };
            if applies && !self.out.findings.is_off(rule) {
                let reason = reason.clone();
                self.out.skips.push(Skip { code: rule.code.code, file: name, reason, count });
            }
        }
        self.out
    }
}

fn word_of(column: &Column, cell: &str) -> u8 {
    let words = column.vocabulary().map_or(&[][..], |vocabulary| vocabulary.words);
    words.iter().position(|word| *word == cell).map_or(NO_WORD, |at| at as u8)
}
