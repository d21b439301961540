//! A source that remembers what it delivered about one subject.
//!
//! In: the source of an export and an [`Interest`]. Out: the same batches, unchanged, and afterwards every row that
//! concerns the subject, so that rows which staging passes over are shown too. Ids that are private to a database are
//! shown as what they stand for, and codes of private identification systems not at all.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::ask::SectionKey;
use super::model::{Cell, TableRows};
use super::world::Delivered;
use crate::config::plan::Mapping;
use crate::day::Day;
use crate::edfi::contract as c;
use crate::edfi::{Resolved, ResolvedTable, Table};
use crate::roster::users::is_private_system;
use crate::source::{Batch, Catalog, Kind, Part, ReadStats, Request, Sink, Source, SourceError};
use crate::sourced_id::Person;
use crate::staging::Staged;

/// Rows of a table that are shown; all are counted.
const SHOWN: usize = 50;

/// A value as it was delivered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Int(Option<i64>),
    Text(String),
    Day(Option<Day>),
    Flag(Option<bool>),
}

/// What is worth remembering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interest {
    /// Nothing.
    Nothing,
    /// A person, by the USIs that the person table has for the unique id.
    Person {
        /// Column that names the person in every table.
        column: &'static str,
        /// USIs: one, unless an extract is broken.
        usis: Vec<i64>,
    },
    /// An organization.
    Org(i64),
    /// A session.
    Session {
        /// schoolId.
        school: i64,
        /// sessionName.
        name: String,
        /// schoolYear.
        year: i64,
    },
    /// A grading period.
    GradingPeriod {
        /// schoolId.
        school: i64,
        /// gradingPeriodName or sequence.
        name: String,
    },
    /// A course.
    Course {
        /// Organization that owns it.
        owner: i64,
        /// courseCode.
        code: String,
    },
    /// A section.
    Section {
        /// Its key within the year.
        key: SectionKey,
        /// schoolYear.
        year: i64,
    },
}

/// What a row has to do with the subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    /// It merely names the subject: it is counted.
    Names,
    /// It is about the subject.
    About,
}

/// Says what a row has to do with the subject.
type Look<'i> = Box<dyn Fn(&Batch, usize) -> Seen + 'i>;

/// Reads a table for one look at each row, of all school years; a table that is not read has no rows.
pub(super) fn sweep(
    source: &dyn Source,
    resolved: &Resolved,
    table: &'static Table,
    see: &mut dyn FnMut(&Batch, usize),
) -> Result<(), SourceError> {
    let Some(resolved) = resolved.get(table) else { return Ok(()) };
    let request = Request { year: None, ..resolved.request(0) };
    source.read(&request, Part::WHOLE, &mut |batch| {
        (0..batch.rows()).for_each(|row| see(batch, row));
        Ok(())
    })?;
    Ok(())
}

impl Interest {
    /// A person: the person table is read once beforehand, since all others name people by USI.
    pub(super) fn person(
        source: &dyn Source,
        resolved: &Resolved,
        person: Person,
        unique_id: &str,
    ) -> Result<Interest, SourceError> {
        let (table, usi, id, column) = match person {
            Person::Student => (&c::students::TABLE, c::students::USI, c::students::UNIQUE_ID, "studentusi"),
            Person::Staff => (&c::staff::TABLE, c::staff::USI, c::staff::UNIQUE_ID, "staffusi"),
            Person::Parent => (&c::contacts::TABLE, c::contacts::USI, c::contacts::UNIQUE_ID, "contactusi"),
        };
        let mut usis = Vec::new();
        sweep(source, resolved, table, &mut |batch, row| {
            if batch.text(id, row) == unique_id {
                usis.extend(batch.int(usi, row));
            }
        })?;
        Ok(Interest::Person { column, usis })
    }

    /// What the rows of a table can have to do with the subject: found once per table.
    fn of_table(&self, table: &'static Table) -> Look<'_> {
        let at = |name: &str| table.columns.iter().position(|column| column.name == name);
        let is = |name: &str| table.name == name;
        let about = |yes: bool| if yes { Seen::About } else { Seen::Nothing };
        let names = |yes: bool| if yes { Seen::Names } else { Seen::Nothing };
        let same = |a: &str, b: &str| a == b || a.trim_end().eq_ignore_ascii_case(b.trim_end());
        match self {
            Interest::Nothing => Box::new(|_, _| Seen::Nothing),
            Interest::Person { column, usis } => match at(column) {
                Some(usi) => {
                    Box::new(move |b, r| about(b.int(usi, r).is_some_and(|usi| usis.contains(&usi))))
                }
                None => Box::new(|_, _| Seen::Nothing),
            },
            Interest::Org(id) => {
                let own = [
                    "stateeducationagencyid",
                    "localeducationagencyid",
                    "schoolid",
                    "educationorganizationid",
                ];
                let of_org = [
                    "education_organizations",
                    "state_agencies",
                    "local_agencies",
                    "schools",
                    "organization_codes",
                    "organization_addresses",
                    "school_categories",
                ];
                if of_org.contains(&table.name) {
                    return Box::new(move |b, r| match b.int(0, r) == Some(*id) {
                        true => Seen::About,
                        // A school names its LEA, an LEA its state.
                        false => names((1..table.columns.len()).any(|column| b.int(column, r) == Some(*id))),
                    });
                }
                let columns: Vec<usize> = own.iter().filter_map(|name| at(name)).collect();
                Box::new(move |b, r| names(columns.iter().any(|&column| b.int(column, r) == Some(*id))))
            }
            Interest::Session { school, name, year } => match (at("schoolid"), at("sessionname")) {
                (Some(s), Some(n)) => {
                    let (own, y) = (is("sessions"), at("schoolyear"));
                    Box::new(move |b, r| {
                        let found = b.int(s, r) == Some(*school)
                            && y.is_none_or(|y| b.int(y, r) == Some(*year))
                            && same(b.text(n, r), name);
                        if own { about(found) } else { names(found) }
                    })
                }
                _ => Box::new(|_, _| Seen::Nothing),
            },
            Interest::GradingPeriod { school, name } => match (at("schoolid"), at("gradingperiodname")) {
                (Some(s), Some(n)) => {
                    let own = is("grading_periods") || is("session_grading_periods");
                    Box::new(move |b, r| {
                        let found = b.int(s, r) == Some(*school) && same(b.text(n, r), name);
                        if own { about(found) } else { names(found) }
                    })
                }
                _ => Box::new(|_, _| Seen::Nothing),
            },
            Interest::Course { owner, code } => match (at("educationorganizationid"), at("coursecode")) {
                (Some(o), Some(k)) => {
                    Box::new(move |b, r| about(b.int(o, r) == Some(*owner) && same(b.text(k, r), code)))
                }
                _ => Box::new(|_, _| Seen::Nothing),
            },
            Interest::Section { key, year } => {
                let school = at("schoolid");
                let session = at("sessionname");
                let (local, section, y) = (at("localcoursecode"), at("sectionidentifier"), at("schoolyear"));
                // The section's own rows, its offering, its session.
                let wanted = section.is_some() || is("course_offerings") || is("sessions");
                let (Some(school), Some(session), true) = (school, session, wanted) else {
                    return Box::new(|_, _| Seen::Nothing);
                };
                Box::new(move |b, r| {
                    about(
                        b.int(school, r) == Some(key.school)
                            && y.is_none_or(|y| b.int(y, r) == Some(*year))
                            && section.is_none_or(|at| same(b.text(at, r), &key.section))
                            && local.is_none_or(|at| same(b.text(at, r), &key.local_code))
                            && same(b.text(session, r), &key.session),
                    )
                })
            }
        }
    }

    fn year(&self) -> Option<i64> {
        match self {
            Interest::Session { year, .. } | Interest::Section { year, .. } => Some(*year),
            _ => None,
        }
    }
}

#[derive(Debug, Default)]
struct Found {
    rows: Vec<Vec<Value>>,
    names: u64,
}

/// A source, and what it delivered about a subject.
pub struct Witness<'a> {
    source: &'a dyn Source,
    resolved: &'a Resolved,
    school_year: i16,
    interest: Interest,
    found: Mutex<BTreeMap<&'static str, Found>>,
}

impl<'a> Witness<'a> {
    /// A witness of what a source delivers.
    pub fn new(
        source: &'a dyn Source,
        resolved: &'a Resolved,
        school_year: i16,
        interest: Interest,
    ) -> Witness<'a> {
        Witness { source, resolved, school_year, interest, found: Mutex::new(BTreeMap::new()) }
    }

    /// The contract table that a request reads, and the request for all of its columns: staging does not ask for
    /// the year to which a table is kept, and a row that is shown has it.
    fn whole(&self, request: &Request) -> Option<(&'static Table, Request)> {
        let year = request.year.as_ref().map(|(column, _)| column);
        let asked = |resolved: &ResolvedTable| {
            resolved.columns.len() == request.columns.len()
                && resolved
                    .columns
                    .iter()
                    .zip(&request.columns)
                    .all(|(has, asks)| *has == asks.name || (asks.name.is_none() && has.as_ref() == year))
        };
        let found = self.resolved.tables.iter().find(|t| t.physical == request.table && asked(t))?;
        let columns = found.request(self.school_year).columns;
        Some((found.table, Request { columns, ..request.clone() }))
    }

    fn remember(&self, table: &'static Table, seen: &dyn Fn(&Batch, usize) -> Seen, batch: &Batch) {
        let (mut rows, mut names) = (Vec::new(), 0);
        for row in 0..batch.rows() {
            match seen(batch, row) {
                Seen::Nothing => {}
                Seen::Names => names += 1,
                Seen::About => rows.push(values(table, batch, row)),
            }
        }
        if names > 0 || !rows.is_empty() {
            let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            let found = found.entry(table.name).or_default();
            found.rows.extend(rows);
            found.names += names;
        }
    }

    /// Reads on where the active year shows nothing: the section associations of a person who has none in it, and the
    /// rows of a section or session of another year.
    fn look_at_other_years(&self) -> Result<(), SourceError> {
        let tables: &[&'static Table] = match &self.interest {
            Interest::Person { column: "studentusi", .. } => &[&c::student_sections::TABLE],
            Interest::Person { column: "staffusi", .. } => &[&c::staff_sections::TABLE],
            interest if interest.year().is_some_and(|year| year != i64::from(self.school_year)) => {
                &[&c::sections::TABLE, &c::course_offerings::TABLE, &c::sessions::TABLE]
            }
            _ => &[],
        };
        for table in tables {
            let known = |found: &BTreeMap<_, Found>| found.contains_key(table.name);
            if known(&self.found.lock().unwrap_or_else(PoisonError::into_inner)) {
                continue;
            }
            let seen = self.interest.of_table(table);
            let mut rows = Vec::new();
            sweep(self.source, self.resolved, table, &mut |batch, row| {
                if seen(batch, row) == Seen::About {
                    rows.push(values(table, batch, row));
                }
            })?;
            if !rows.is_empty() {
                let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
                found.entry(table.name).or_default().rows = rows;
            }
        }
        Ok(())
    }

    /// The section associations that were delivered about a person, sorted.
    pub(super) fn associations(&self) -> Vec<Delivered> {
        use c::{staff_sections as t, student_sections as s};
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = Vec::new();
        for (table, [school, local, session, section, year, begin, end]) in [
            (&s::TABLE, [s::SCHOOL, s::LOCAL_CODE, s::SESSION, s::SECTION, s::YEAR, s::BEGIN, s::END]),
            (&t::TABLE, [t::SCHOOL, t::LOCAL_CODE, t::SESSION, t::SECTION, t::YEAR, t::BEGIN, t::END]),
        ] {
            for row in found.get(table.name).into_iter().flat_map(|found| &found.rows) {
                let text = |at: usize| match &row[at] {
                    Value::Text(text) => text.clone(),
                    _ => String::new(),
                };
                let (Value::Int(Some(school)), Value::Int(Some(year))) = (&row[school], &row[year]) else {
                    continue;
                };
                let day = |at: usize| if let Value::Day(day) = row[at] { day } else { None };
                let (local_code, section, session) = (text(local), text(section), text(session));
                let key = SectionKey { school: *school, local_code, section, session };
                all.push(Delivered { key, year: *year, begin: day(begin), end: day(end) });
            }
        }
        all.sort();
        all
    }

    /// What was delivered about the subject, table by table in the order of the contract.
    pub(super) fn tables(self, staged: &Staged, mapping: &Mapping) -> Vec<TableRows> {
        let mut found = self.found.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut tables = Vec::new();
        for resolved in &self.resolved.tables {
            let table = resolved.table;
            let Some(Found { mut rows, names }) = found.remove(table.name) else { continue };
            let count = rows.len() as u64 + names;
            // Sorted by what is shown: ids of a database are not the same in an extract of another day.
            let shown = |row: Vec<Value>| -> Vec<Cell> {
                let cells = resolved.columns.iter().zip(table.columns).zip(&row);
                cells
                    .filter_map(|((physical, column), value)| {
                        let value = show(staged, mapping, table, column.name, value, &row);
                        Some(Cell { column: physical.clone()?, value })
                    })
                    .collect()
            };
            let mut rows: Vec<Vec<Cell>> = rows.drain(..).map(shown).collect();
            rows.sort();
            rows.truncate(SHOWN);
            let what = table.doc.trim().trim_end_matches('.').to_owned();
            tables.push(TableRows { table: format!("edfi.{}", resolved.physical), what, count, rows });
        }
        tables
    }
}

fn values(table: &Table, batch: &Batch, row: usize) -> Vec<Value> {
    let value = |(at, column): (usize, &crate::edfi::Column)| match column.kind {
        Kind::Int => Value::Int(batch.int(at, row)),
        Kind::Text => Value::Text(batch.text(at, row).to_owned()),
        Kind::Date => Value::Day(batch.date(at, row)),
        Kind::Bool => Value::Flag(batch.flag(at, row)),
    };
    table.columns.iter().enumerate().map(value).collect()
}

/// A value for people: descriptors by code value, people by unique id.
fn show(
    staged: &Staged,
    mapping: &Mapping,
    table: &Table,
    column: &str,
    value: &Value,
    row: &[Value],
) -> String {
    let descriptor = |id: i64| match staged.descriptors.by_id(Some(id)) {
        Ok(found) => staged.descriptors.code_value(found).to_owned(),
        Err(_) => "(not in table descriptor)".to_owned(),
    };
    match value {
        Value::Int(None) | Value::Day(None) | Value::Flag(None) => String::new(),
        Value::Int(Some(id)) if column.ends_with("descriptorid") && table.name != "descriptors" => {
            descriptor(*id)
        }
        Value::Int(Some(usi)) if column.ends_with("usi") => {
            let (word, people) = match column {
                "studentusi" => ("student", &staged.students),
                "staffusi" => ("staff", &staged.staff),
                _ => ("contact", &staged.contacts),
            };
            match people.with_usi(*usi) {
                Some(person) => format!("({word} {})", people.unique_id.get(person as usize)),
                None => format!("(no such {word})"),
            }
        }
        Value::Int(Some(number)) => number.to_string(),
        Value::Day(Some(day)) => day.to_string(),
        Value::Flag(Some(flag)) => flag.to_string(),
        Value::Text(_) if column == "identificationcode" && is_withheld(staged, mapping, table, row) => {
            "(withheld: a private identification system)".to_owned()
        }
        Value::Text(text) => text.clone(),
    }
}

/// Whether the code of a row is of a system that stays private.
fn is_withheld(staged: &Staged, mapping: &Mapping, table: &Table, row: &[Value]) -> bool {
    table.columns.iter().zip(row).any(|(column, value)| match value {
        Value::Int(Some(id)) if column.name.ends_with("systemdescriptorid") => staged
            .descriptors
            .by_id(Some(*id))
            .is_ok_and(|system| is_private_system(mapping, staged.descriptors.code_value(system))),
        _ => false,
    })
}

impl Source for Witness<'_> {
    fn catalog(&self) -> &Catalog {
        self.source.catalog()
    }

    fn check(&self, requests: &[Request]) -> Result<(), SourceError> {
        self.source.check(requests)
    }

    fn has_permissions(&self) -> bool {
        self.source.has_permissions()
    }

    fn parts(&self, table: &str) -> usize {
        self.source.parts(table)
    }

    fn read(&self, request: &Request, part: Part, sink: &mut Sink<'_>) -> Result<ReadStats, SourceError> {
        let Some((table, whole)) = self.whole(request).filter(|_| self.interest != Interest::Nothing) else {
            return self.source.read(request, part, sink);
        };
        let seen = self.interest.of_table(table);
        self.source.read(&whole, part, &mut |batch| {
            self.remember(table, &seen, batch);
            sink(batch)
        })
    }

    fn finish(&self) -> Result<(), SourceError> {
        self.look_at_other_years()?;
        self.source.finish()
    }
}
