//! School years of a source: which there are, when each begins, and which one is the current one.
//!
//! In: sections and sessions of all years, three columns of each at most; with a filter on organizations also which school
//! belongs to which agency, for only the chosen schools count. Out: [`SchoolYears`], and the year that
//! `active_school_year = "auto"` means. Reads no clock: the day is handed in.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::plan::Scope;
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
    /// None at the schools that the filters choose.
    #[error("there is no section in any school year at the chosen schools")]
    EmptyChoice,
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

/// Counts the years of a source, at the schools that a scope chooses. Its other filters do not count: they choose within a year.
///
/// # Errors
/// What the source refuses.
pub fn count(source: &dyn Source, standard: &Standard, scope: &Scope) -> Result<SchoolYears, SourceError> {
    let schools = if scope.chooses_organizations() { Some(chosen(source, standard, scope)?) } else { None };
    let counts = |school: Option<i64>| match &schools {
        Some(schools) => school.is_some_and(|school| schools.contains(&school)),
        None => true,
    };
    // Who filters nothing reads no column for it.
    let school = |column: usize| schools.as_ref().map(|_| column);
    let mut years = SchoolYears::new();
    let columns = [Some(contract::sections::YEAR), school(contract::sections::SCHOOL), None];
    each(source, &contract::sections::TABLE, standard, columns, &mut |year, school, _| {
        if let Some(year) = year.filter(|_| counts(school)) {
            years.entry(year).or_default().sections += 1;
        }
    })?;
    let begin = Some(contract::sessions::BEGIN);
    let columns = [Some(contract::sessions::YEAR), school(contract::sessions::SCHOOL), begin];
    each(source, &contract::sessions::TABLE, standard, columns, &mut |year, school, begin| {
        let Some(year) = year.filter(|_| counts(school)) else { return };
        let found = years.entry(year).or_default();
        found.sessions += 1;
        found.begin = [found.begin, begin].into_iter().flatten().min();
    })?;
    Ok(years)
}

/// Schools that the scope chooses.
fn chosen(source: &dyn Source, standard: &Standard, scope: &Scope) -> Result<BTreeSet<i64>, SourceError> {
    use contract::{local_agencies, schools};
    // An agency belongs to its state agency, or to an agency above it, as its org does.
    let mut above: BTreeMap<i64, i64> = BTreeMap::new();
    for column in [local_agencies::PARENT, local_agencies::STATE] {
        let columns = [Some(local_agencies::ID), Some(column), None];
        each(source, &local_agencies::TABLE, standard, columns, &mut |agency, parent, _| {
            above.extend(agency.zip(parent));
        })?;
    }
    let agencies = above.len();
    let mut found = BTreeSet::new();
    let columns = [Some(schools::ID), Some(schools::DISTRICT), None];
    each(source, &schools::TABLE, standard, columns, &mut |school, agency, _| {
        let Some(school) = school else { return };
        // Agencies in a circle lead nowhere new.
        let agencies = std::iter::successors(agency, |agency| above.get(agency).copied()).take(agencies + 1);
        let line: Vec<i64> = std::iter::once(school).chain(agencies).collect();
        if scope.chooses(&line) {
            found.insert(school);
        }
    })?;
    Ok(found)
}

/// Shows of every row two numbers and a date, as far as they are asked for and the source has them.
fn each(
    source: &dyn Source,
    table: &Table,
    standard: &Standard,
    columns: [Option<usize>; 3],
    take: &mut dyn FnMut(Option<i64>, Option<i64>, Option<Day>),
) -> Result<(), SourceError> {
    let (physical, names) = standard.spelling(table);
    let there = source.catalog().tables.get(physical);
    let asked = |at: usize| {
        let column = table.columns.get(at)?;
        let name = *names.get(at)?;
        // What may be absent from the table is read as blank.
        let absent = !column.required && there.is_some_and(|t| !t.columns.iter().any(|known| known == name));
        Some(ColumnRequest { name: (!absent).then(|| name.to_owned()), kind: column.kind })
    };
    // Where each of them stands in the batch.
    let mut places = [None; 3];
    let mut requested = Vec::new();
    for (place, column) in places.iter_mut().zip(columns) {
        if let Some(request) = column.and_then(asked) {
            *place = Some(requested.len());
            requested.push(request);
        }
    }
    let request = Request { table: physical.to_owned(), columns: requested, year: None };
    // A read that a database refuses would end the session for all that follows.
    source.check(std::slice::from_ref(&request))?;
    let [first, second, date] = places;
    source.read(&request, Part::WHOLE, &mut |batch| {
        let int = |place: Option<usize>, row| place.and_then(|place| batch.int(place, row));
        for row in 0..batch.rows() {
            take(int(first, row), int(second, row), date.and_then(|place| batch.date(place, row)));
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

    #[test]
    fn only_chosen_organizations_count() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("localeducationagency", "localeducationagencyid,parentlocaleducationagencyid\n1,\n2,\n3,2\n"),
            ("school", "schoolid,localeducationagencyid\n10,1\n20,2\n30,3\n"),
            ("section", "schoolid,schoolyear\n10,2025\n10,2026\n20,2025\n30,2025\n"),
            (
                "session",
                "schoolid,schoolyear,begindate\n10,2025,2024-08-01\n10,2026,2025-08-01\n20,2025,2024-08-20\n30,2025,2024-08-10\n",
            ),
        ] {
            std::fs::write(folder.path().join(format!("{name}.csv")), text).unwrap();
        }
        let source = crate::source::dump::DumpSource::open(folder.path()).unwrap();
        let standard = crate::edfi::STANDARDS[0];
        let found = |scope: Scope| {
            let years = count(&source, standard, &scope).unwrap();
            let begin = years.values().last().and_then(|year| year.begin);
            (years.values().map(|year| year.sections).collect::<Vec<_>>(), begin)
        };
        let all = Scope::default();
        assert_eq!(found(all.clone()), (vec![3, 1], Some(day(2025, 8, 1))));
        // An agency stands for the agencies below it.
        let leas = Scope { leas: vec![2], ..all.clone() };
        assert_eq!(found(leas.clone()), (vec![2], Some(day(2024, 8, 10))));
        assert_eq!(found(Scope { exclude_leas: vec![1], ..all.clone() }), (vec![2], Some(day(2024, 8, 10))));
        assert_eq!(found(Scope { exclude_schools: vec![30], ..leas }), (vec![1], Some(day(2024, 8, 20))));
        assert_eq!(found(Scope { schools: vec![10], ..all.clone() }).0, [1, 1]);
        assert_eq!(found(Scope { schools: vec![11], ..all }), (vec![], None));
    }
}
