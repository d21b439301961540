//! School years: which ones the ODS has, and which one the configuration picks.
//!
//! In: sections and sessions of all years, one column of each. Out: one check, and the year to look at.

use std::collections::BTreeMap;

use super::{Check, Examination, Outcome, World};
use crate::edfi::catalog::{ColumnRequest, Kind, Request};
use crate::edfi::{Standard, Table, contract};
use crate::report::terminal::grouped;
use crate::source::{Part, Source, SourceError};

/// Rows by school year.
fn count(source: &dyn Source, table: &Table, standard: &Standard) -> Result<BTreeMap<i64, u64>, SourceError> {
    let (physical, names) = standard.spelling(table);
    let year =
        table.columns.iter().position(|c| Some(c.name) == table.year).and_then(|at| names.get(at).copied());
    let request = Request {
        table: physical.to_owned(),
        columns: vec![ColumnRequest { name: year.map(str::to_owned), kind: Kind::Int }],
        year: None,
    };
    // A read that a database refuses would end the session for all that follows.
    source.check(std::slice::from_ref(&request))?;
    let mut years = BTreeMap::new();
    source.read(&request, Part::WHOLE, &mut |batch| {
        for year in (0..batch.rows()).filter_map(|row| batch.int(0, row)) {
            *years.entry(year).or_default() += 1;
        }
        Ok(())
    })?;
    Ok(years)
}

/// Makes the check. Without a configured year, the latest that has sections is looked at.
pub(super) fn examine(
    source: &dyn Source,
    standard: &Standard,
    given: Option<i16>,
    exam: &mut Examination<'_>,
) -> Option<i16> {
    let counts = count(source, &contract::sections::TABLE, standard)
        .and_then(|sections| Ok((sections, count(source, &contract::sessions::TABLE, standard)?)));
    let (sections, sessions) = match counts {
        Ok(counts) => counts,
        Err(error) => {
            exam.add(Check::fail("school-years", World::Source, error.to_string()));
            return None;
        }
    };
    let mut years: Vec<i64> = sections.keys().chain(sessions.keys()).copied().collect();
    years.sort_unstable();
    years.dedup();
    let of = |counts: &BTreeMap<i64, u64>, year| counts.get(&year).copied().unwrap_or(0);
    let details: Vec<String> = years
        .iter()
        .map(|&year| {
            format!(
                "{year}: {} sections, {} sessions",
                grouped(of(&sections, year)),
                grouped(of(&sessions, year))
            )
        })
        .collect();
    let latest = sections.keys().next_back().and_then(|&year| i16::try_from(year).ok());
    let (check, year) = match (given, latest) {
        (_, None) => {
            let check = Check::fail("school-years", World::Source, "there is no section in any school year")
                .advice("Extract table edfi.section with its rows, or name the right --source.");
            (check, None)
        }
        (Some(year), Some(_)) if of(&sections, i64::from(year)) == 0 => {
            let found = format!("school year {year} is configured, and has no sections");
            let check = Check::fail("school-years", World::Configuration, found)
                .advice("Name a school year that has sections: --school-year is the year in which it ends.");
            (check, None)
        }
        (Some(year), Some(latest)) if latest > year => {
            let found = format!("school year {year} is configured; sections of {latest} are there too");
            (Check::new("school-years", Outcome::Ok, found), Some(year))
        }
        (Some(year), Some(_)) => {
            (Check::new("school-years", Outcome::Ok, format!("school year {year} is configured")), Some(year))
        }
        (None, Some(latest)) => {
            let found = format!("no school year is configured; what follows looks at {latest}");
            let check = Check::new("school-years", Outcome::Warn, found)
                .advice(format!("An export needs one: add --school-year {latest}."));
            (check, Some(latest))
        }
    };
    exam.add(check.details(details));
    year
}
