//! School years of a source: which there are, when each begins, and which one is the current one.
//!
//! In: sections and sessions of all years, two columns of each at most. Out: [`SchoolYears`], and the year that
//! `active_school_year = "auto"` means. Reads no clock: the day is handed in.

use std::collections::BTreeMap;

use crate::day::Day;
use crate::edfi::catalog::{ColumnRequest, Request};
use crate::edfi::{Standard, Table, contract};
use crate::source::{Part, Source, SourceError};

/// What a source has of one school year.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SchoolYear {
    /// Rows of table section.
    pub sections: u64,
    /// Rows of table session.
    pub sessions: u64,
    /// First day of the earliest session.
    pub begin: Option<Day>,
}

/// School years by the year in which they end.
pub type SchoolYears = BTreeMap<i64, SchoolYear>;

/// Why no year is the current one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSchoolYear {
    /// There is no section at all.
    #[error("there is no section in any school year")]
    Empty,
    /// No year has begun.
    #[error(
        "no school year with sections has begun by {as_of}{}: {year} begins on {begin}",
        if *rollover_days > 0 { format!(", or begins within {rollover_days} days of it") } else { String::new() }
    )]
    NotBegun {
        /// The day that was asked about.
        as_of: Day,
        /// Days by which a year may begin later.
        rollover_days: u16,
        /// The earliest year with sections.
        year: i16,
        /// Its first day.
        begin: Day,
    },
}

/// The year that was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurrentYear {
    /// The year in which it ends.
    pub year: i16,
    /// Its first day.
    pub begin: Day,
    /// Whether it has begun; otherwise it does within the days of rollover.
    pub begun: bool,
}

/// The latest year with sections that has begun by a day, or begins at most `rollover_days` after it. A year without
/// sessions begins on the first of July, as is customary.
///
/// # Errors
/// [`NoSchoolYear`].
pub fn current(years: &SchoolYears, as_of: Day, rollover_days: u16) -> Result<CurrentYear, NoSchoolYear> {
    let dated = |(&year, found): (&i64, &SchoolYear)| {
        let year = i16::try_from(year).ok().filter(|_| found.sections > 0)?;
        let customary = Day::from_ymd(i32::from(year) - 1, 7, 1)?;
        Some((year, found.begin.unwrap_or(customary)))
    };
    let with_sections: Vec<(i16, Day)> = years.iter().filter_map(dated).collect();
    let limit = Day::at(as_of.number().saturating_add(i32::from(rollover_days)));
    match with_sections.iter().rev().find(|(_, begin)| *begin <= limit) {
        Some(&(year, begin)) => Ok(CurrentYear { year, begin, begun: begin <= as_of }),
        None => Err(match with_sections.first() {
            Some(&(year, begin)) => NoSchoolYear::NotBegun { as_of, rollover_days, year, begin },
            None => NoSchoolYear::Empty,
        }),
    }
}

/// Counts the years of a source.
///
/// # Errors
/// What the source refuses.
pub fn count(source: &dyn Source, standard: &Standard) -> Result<SchoolYears, SourceError> {
    let mut years = SchoolYears::new();
    each(source, &contract::sections::TABLE, standard, None, &mut |year, _| {
        years.entry(year).or_default().sections += 1;
    })?;
    let begin = Some(contract::sessions::BEGIN);
    each(source, &contract::sessions::TABLE, standard, begin, &mut |year, begin| {
        let found = years.entry(year).or_default();
        found.sessions += 1;
        found.begin = [found.begin, begin].into_iter().flatten().min();
    })?;
    Ok(years)
}

/// Shows every row's year, and its date if one is asked for.
fn each(
    source: &dyn Source,
    table: &Table,
    standard: &Standard,
    date: Option<usize>,
    take: &mut dyn FnMut(i64, Option<Day>),
) -> Result<(), SourceError> {
    let (physical, names) = standard.spelling(table);
    let year = table.columns.iter().position(|column| Some(column.name) == table.year);
    let asked = |at: usize| {
        let column = table.columns.get(at)?;
        Some(ColumnRequest { name: Some((*names.get(at)?).to_owned()), kind: column.kind })
    };
    let columns = [year, date].into_iter().flatten().filter_map(asked).collect();
    let request = Request { table: physical.to_owned(), columns, year: None };
    // A read that a database refuses would end the session for all that follows.
    source.check(std::slice::from_ref(&request))?;
    source.read(&request, Part::WHOLE, &mut |batch| {
        for row in 0..batch.rows() {
            if let Some(year) = batch.int(0, row) {
                take(year, date.and_then(|_| batch.date(1, row)));
            }
        }
        Ok(())
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: u32, day: u32) -> Day {
        Day::from_ymd(year, month, day).unwrap()
    }

    fn year(sections: u64, begin: Option<Day>) -> SchoolYear {
        SchoolYear { sections, sessions: 1, begin }
    }

    #[test]
    fn the_latest_year_with_sections_that_has_begun_or_soon_does() {
        let years = SchoolYears::from([
            (2024, year(9, Some(day(2023, 8, 21)))),
            (2025, year(9, Some(day(2024, 8, 19)))),
            (2026, year(0, Some(day(2024, 8, 1)))),
        ]);
        let chosen = |as_of, rollover| current(&years, as_of, rollover).map(|y| (y.year, y.begun));
        assert_eq!(chosen(day(2024, 8, 18), 0), Ok((2024, true)));
        assert_eq!(chosen(day(2024, 8, 19), 0), Ok((2025, true)));
        assert_eq!(chosen(day(2024, 8, 5), 14), Ok((2025, false)));
        assert_eq!(chosen(day(2024, 8, 4), 14), Ok((2024, true)));
        assert_eq!(chosen(day(2026, 1, 1), 0), Ok((2025, true)), "2026 has no sections");
        let told = chosen(day(2023, 8, 1), 14).unwrap_err().to_string();
        assert!(told.contains("2024 begins on 2023-08-21") && told.contains("14 days"), "{told}");
    }

    #[test]
    fn without_sessions_a_year_begins_in_july_and_without_sections_never() {
        let years = SchoolYears::from([(2025, year(1, None))]);
        assert!(current(&years, day(2024, 6, 30), 0).is_err());
        assert_eq!(current(&years, day(2024, 7, 1), 0).unwrap().begin, day(2024, 7, 1));
        let none = SchoolYears::from([(2025, year(0, None)), (99_999, year(1, None))]);
        assert_eq!(current(&none, day(2024, 7, 1), 0), Err(NoSchoolYear::Empty));
    }
}
