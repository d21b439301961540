//! Sessions, grading periods and calendars of the active school year.
//!
//! In: the tables of schema edfi that carry a school year. Out: [`StagedTime`], sorted. What becomes an
//! academic session is decided in `roster::sessions`.

use crate::day::Day;
use crate::edfi::contract as c;
use crate::source::SourceError;

use super::descriptors::{Descriptor, Descriptors};
use super::keys::{Found, KeyIndex, hash_key};
use super::read::Reader;

/// A session of a school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedSession {
    /// schoolId.
    pub school: i64,
    /// First day.
    pub begin: Option<Day>,
    /// sessionName as stored: part of ids.
    pub name: String,
    /// Last day.
    pub end: Option<Day>,
    /// Term.
    pub term: Descriptor,
}

/// A grading period of a school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedGradingPeriod {
    /// schoolId.
    pub school: i64,
    /// First day.
    pub begin: Option<Day>,
    /// gradingPeriodName, or the sequence on data standard 4.0.
    pub name: String,
    /// Last day.
    pub end: Option<Day>,
    /// Grading period descriptor.
    pub period: Descriptor,
    /// Sessions that list it, by row; sorted.
    pub sessions: Vec<u32>,
}

/// An event on a day of a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StagedEvent {
    /// schoolId.
    pub school: i64,
    /// The day.
    pub day: Day,
    /// Which of the school's calendars, as a number of this run.
    pub calendar: u32,
    /// Event.
    pub event: Descriptor,
}

/// Everything about time.
#[derive(Debug, Default)]
pub struct StagedTime {
    /// Sorted by (school, begin, name).
    pub sessions: Vec<StagedSession>,
    /// Sorted by (school, begin, code value, name).
    pub grading_periods: Vec<StagedGradingPeriod>,
    /// Sorted by (school, day, calendar).
    pub events: Vec<StagedEvent>,
    index: KeyIndex,
}

impl StagedTime {
    pub(super) fn read(reader: &Reader<'_>, descriptors: &Descriptors) -> Result<StagedTime, SourceError> {
        let mut time = StagedTime::default();
        use c::sessions as s;
        reader.each(&s::TABLE, |b, r| {
            if let Some(school) = b.int(s::SCHOOL, r) {
                time.sessions.push(StagedSession {
                    school,
                    begin: b.date(s::BEGIN, r),
                    name: b.text(s::NAME, r).to_owned(),
                    end: b.date(s::END, r),
                    term: reader.descriptor(descriptors, b.int(s::TERM, r), "session.termDescriptorId"),
                });
            }
            Ok(())
        })?;
        time.sessions.sort_by(|x, y| {
            (x.school, x.begin, &x.name, x.end, descriptors.code_value(x.term)).cmp(&(
                y.school,
                y.begin,
                &y.name,
                y.end,
                descriptors.code_value(y.term),
            ))
        });
        let mut index = KeyIndex::with_capacity(time.sessions.len());
        let rows = std::mem::take(&mut time.sessions);
        for session in rows {
            let same = |n: u32| {
                let there: &StagedSession = &time.sessions[n as usize];
                there.school == session.school && there.name == session.name
            };
            let row = time.sessions.len() as u32;
            match index.insert(hash_key(session.school, &[&session.name]), row, same) {
                None => time.sessions.push(session),
                Some(_) => reader.repeated("session", &format!("{} {}", session.school, session.name)),
            }
        }
        time.index = index;
        time.read_calendars(reader, descriptors)?;
        time.read_grading_periods(reader, descriptors)?;
        Ok(time)
    }

    /// The session of a school by name.
    pub fn session(&self, school: i64, name: &str) -> Found {
        self.index.find(
            school,
            &[name],
            |n| {
                let there = &self.sessions[n as usize];
                there.school == school && there.name == name
            },
            |n| (self.sessions[n as usize].school, vec![self.sessions[n as usize].name.as_str()]),
        )
    }

    /// The grading period of a school by descriptor and name (on data standard 4.0: sequence).
    pub fn grading_period(&self, school: i64, period: Descriptor, name: &str) -> Found {
        let begin = self.grading_periods.partition_point(|p| p.school < school);
        let of_school = self.grading_periods[begin..].iter().take_while(|p| p.school == school);
        let mut alike = Vec::new();
        for (row, candidate) in (begin as u32..).zip(of_school).filter(|(_, p)| p.period == period) {
            if candidate.name == name {
                return Found::Exact(row);
            }
            if candidate.name.trim_end().to_lowercase() == name.trim_end().to_lowercase() {
                alike.push(row);
            }
        }
        match alike[..] {
            [row] => Found::Folded(row),
            _ => Found::Nothing,
        }
    }

    fn read_calendars(&mut self, reader: &Reader<'_>, descriptors: &Descriptors) -> Result<(), SourceError> {
        use c::calendar_events as e;
        let mut codes: rustc_hash::FxHashMap<String, u32> = rustc_hash::FxHashMap::default();
        reader.each(&e::TABLE, |b, r| {
            if let (Some(school), Some(day)) = (b.int(e::SCHOOL, r), b.date(e::DATE, r)) {
                let new = codes.len() as u32;
                let calendar = match codes.get(b.text(e::CALENDAR, r)) {
                    Some(&known) => known,
                    None => *codes.entry(b.text(e::CALENDAR, r).to_owned()).or_insert(new),
                };
                let event = reader.descriptor(
                    descriptors,
                    b.int(e::EVENT, r),
                    "calendarDate.calendarEventDescriptorId",
                );
                self.events.push(StagedEvent { school, day, calendar, event });
            }
            Ok(())
        })?;
        // The calendar's number depends on row order, but only groups days: no output shows it.
        self.events.sort_by_key(|e| (e.school, e.day, e.calendar));
        Ok(())
    }

    fn read_grading_periods(
        &mut self,
        reader: &Reader<'_>,
        descriptors: &Descriptors,
    ) -> Result<(), SourceError> {
        use c::{grading_periods as g, session_grading_periods as l};
        let mut periods = Vec::new();
        reader.each(&g::TABLE, |b, r| {
            if let Some(school) = b.int(g::SCHOOL, r) {
                periods.push(StagedGradingPeriod {
                    school,
                    begin: b.date(g::BEGIN, r),
                    name: b.text(g::NAME, r).to_owned(),
                    end: b.date(g::END, r),
                    period: reader.descriptor(
                        descriptors,
                        b.int(g::PERIOD, r),
                        "gradingPeriod.gradingPeriodDescriptorId",
                    ),
                    sessions: Vec::new(),
                });
            }
            Ok(())
        })?;
        let key = |p: &StagedGradingPeriod| {
            (p.school, p.begin, descriptors.code_value(p.period).to_owned(), p.name.clone())
        };
        periods.sort_by_cached_key(key);
        periods.dedup_by(|b, a| key(a) == key(b));
        let mut by_key = rustc_hash::FxHashMap::default();
        for (n, p) in periods.iter().enumerate() {
            by_key.insert((p.school, p.period, p.name.clone()), n);
        }
        reader.each(&l::TABLE, |b, r| {
            let Some(school) = b.int(l::SCHOOL, r) else { return Ok(()) };
            let period = descriptors.by_id(b.int(l::PERIOD, r)).unwrap_or(Descriptor::NONE);
            let key = (school, period, b.text(l::NAME, r).to_owned());
            match (by_key.get(&key), self.session(school, b.text(l::SESSION, r))) {
                (Some(&n), Found::Exact(session) | Found::Folded(session)) => {
                    periods[n].sessions.push(session)
                }
                _ => reader.orphan(&l::TABLE, "session or grading period"),
            }
            Ok(())
        })?;
        for period in &mut periods {
            period.sessions.sort_unstable();
            period.sessions.dedup();
        }
        self.grading_periods = periods;
        Ok(())
    }
}
