//! `init`: what an ODS contains, as a first configuration: which school year, from which day, and every crosswalk seed
//! filled with the values that are in use.
//!
//! In: an open source, the day, the settings that a user gave. Out: a [`Survey`], and from it the text of the seeds. The
//! rows are staged by the code that an export runs and counted by that of `doctor`; the text of `rosterpack.toml` is
//! [`crate::config::starter`]'s, and files are written by [`folder`].

pub mod folder;
pub mod guide;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::plan::Scope;
use crate::crosswalk::filling::{self, Filled, InUse};
use crate::crosswalk::seed::{self, Seed};
use crate::crosswalk::{CrosswalkError, Crosswalks};
use crate::day::Day;
use crate::edfi::{self, Part};
use crate::inventory;
use crate::progress::Progress;
use crate::source::{Source, SourceError};
use crate::staging;
use crate::staging::years;
pub use crate::staging::years::SchoolYears;

/// What a source contains of one school year.
#[derive(Debug)]
pub struct Survey {
    /// Label of the data standard.
    pub standard: &'static str,
    /// The school year that was looked at.
    pub year: i16,
    /// All school years of the source.
    pub years: SchoolYears,
    /// First and last day of its sessions, as far as they have usable dates.
    pub span: Option<(Day, Day)>,
    /// Values in use, by seed.
    pub used: Vec<(&'static Seed, Vec<InUse>)>,
    /// What could not be looked at, and why.
    pub unread: Vec<String>,
    /// Rows read.
    pub rows: u64,
}

/// School years of a source, at the schools that are chosen.
///
/// # Errors
/// What the source refuses.
pub fn years(
    source: &dyn Source,
    data_standard: Option<&str>,
    scope: &Scope,
) -> Result<SchoolYears, SourceError> {
    years::count(source, edfi::detect(source.catalog(), data_standard)?, scope)
}

/// The school year that is meant when nobody names one: the latest with sections that has begun by a day, else the first
/// that will; `None` when there is no section at all.
pub fn current(years: &SchoolYears, today: Day) -> Option<i16> {
    match years::current(years, today, 0) {
        Ok(chosen) => Some(chosen.year),
        Err(years::NoSchoolYear::NotBegun { year, .. }) => Some(year),
        Err(years::NoSchoolYear::Empty | years::NoSchoolYear::EmptyChoice) => None,
    }
}

/// Parts of the contract that hold crosswalk values and that an export may do without.
const FURTHER: [(Part, &str, [&Seed; 2]); 2] = [
    (Part::Demographics, "demographics", [&seed::RACES, &seed::SEXES]),
    (Part::Parents, "contacts", [&seed::RELATIONS, &seed::RELATIONS]),
];

/// Reads a school year and counts the values in use. A source that does not show its demographics or its contacts is
/// looked at without them.
///
/// # Errors
/// What the source refuses of what every export needs.
pub fn survey(
    source: &dyn Source,
    data_standard: Option<&str>,
    crosswalks: &Crosswalks,
    (year, years): (i16, SchoolYears),
    progress: &dyn Progress,
) -> Result<Survey, SourceError> {
    let (mut wanted, mut unread) = (vec![Part::Core], Vec::new());
    let permitted = |parts: &[Part]| {
        let resolved = edfi::resolve(source.catalog(), data_standard, parts).map_err(SourceError::from)?;
        let requests: Vec<_> = resolved.tables.iter().map(|table| table.request(year)).collect();
        source.check(&requests).map(|()| (resolved, requests))
    };
    permitted(&wanted)?;
    for (part, what, seeds) in FURTHER {
        let with: Vec<Part> = wanted.iter().copied().chain([part]).collect();
        match permitted(&with) {
            Ok(_) => wanted = with,
            Err(error) => {
                let mut files: Vec<&str> = seeds.iter().map(|seed| seed.file).collect();
                files.dedup();
                unread.push(format!(
                    "{what} cannot be read, so {} has the shipped values only: {error}",
                    files.join(" and ")
                ));
            }
        }
    }
    let (resolved, requests) = permitted(&wanted)?;
    progress.expect(&mut requests.iter().map(|request| source.catalog().expectation(&request.table)));
    progress.stage("reading");
    let (staged, _) = staging::stage(source, &resolved, year, None, progress)?;
    let sessions = || staged.time.sessions.iter();
    let dated = || sessions().filter_map(|s| s.begin.zip(s.end)).filter(|(b, e)| b <= e && *e <= Day::LAST);
    let span = dated().map(|(begin, _)| begin).min().zip(dated().map(|(_, end)| end).max());
    let used = inventory::count(&staged, crosswalks)
        .iter()
        .map(|uses| (uses.seed, uses.in_use(&staged.descriptors)))
        .collect();
    Ok(Survey { standard: staged.standard, year, years, span, used, unread, rows: staged.rows })
}

/// The day on which packages should be true where today will not do: the year is over, and whatever has ended would be
/// left out. Its first day has everybody, since what begins later is not left out.
pub fn day_of_a_past_year(span: Option<(Day, Day)>, today: Day) -> Option<Day> {
    span.filter(|(_, last)| *last < today).map(|(first, _)| first)
}

/// Seeds filled anew, in the order of the declarations.
///
/// # Errors
/// None as long as the shipped seeds are sound.
pub fn fresh(survey: &Survey) -> Result<Vec<(&'static Seed, Filled)>, CrosswalkError> {
    survey.used.iter().map(|(seed, used)| Ok((*seed, filling::fresh(seed, used)?))).collect()
}

/// The seeds of a folder with what they lack. A seed that the folder does not have is made only when a value in use is
/// unknown without it; an optional one only when it is there.
///
/// # Errors
/// A file is no sound seed.
pub fn extended(
    survey: &Survey,
    crosswalks: &Crosswalks,
    files: &BTreeMap<&'static str, (PathBuf, Vec<u8>)>,
) -> Result<Vec<(&'static Seed, Filled)>, CrosswalkError> {
    let mut seeds = Vec::new();
    for (seed, used) in &survey.used {
        let filled = match files.get(seed.file) {
            Some((path, bytes)) => {
                let knows = |namespace: &str, value: &str| crosswalks.knows(seed, namespace, value);
                filling::extend(seed, &path.display().to_string(), bytes, used, &knows)?
            }
            None => {
                let fresh = filling::fresh(seed, used)?;
                match seed.default.is_some() {
                    // What the built-in file answers is not new.
                    true if !fresh.undecided.is_empty() => Filled { answered: 0, ..fresh },
                    true => Filled { values: fresh.values, ..Filled::default() },
                    // It is off, and asked for nothing.
                    false => Filled::default(),
                }
            }
        };
        seeds.push((*seed, filled));
    }
    Ok(seeds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staging::years::SchoolYear;

    fn day(text: &str) -> Day {
        Day::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_year_that_is_over_is_taken_from_its_first_day() {
        let span = Some((day("2021-08-23"), day("2022-05-27")));
        assert_eq!(day_of_a_past_year(span, day("2022-05-27")), None);
        assert_eq!(day_of_a_past_year(span, day("2022-05-28")), Some(day("2021-08-23")));
        assert_eq!(day_of_a_past_year(span, day("2021-01-01")), None);
        assert_eq!(day_of_a_past_year(None, day("2030-01-01")), None);
    }

    #[test]
    fn without_a_year_the_current_one_is_taken_else_the_next() {
        let year = |begin: &str| SchoolYear { sections: 1, sessions: 1, begin: Some(day(begin)) };
        let years = SchoolYears::from([(2025, year("2024-08-19")), (2026, year("2025-08-18"))]);
        assert_eq!(current(&years, day("2025-08-17")), Some(2025));
        assert_eq!(current(&years, day("2025-08-18")), Some(2026));
        assert_eq!(current(&years, day("2020-01-01")), Some(2025));
        assert_eq!(current(&SchoolYears::new(), day("2020-01-01")), None);
    }
}
