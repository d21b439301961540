//! School years: which ones the ODS has, and which one the configuration picks.
//!
//! In: sections and sessions of all years, at the schools that are chosen. Out: one check, and the year to look at.

use super::{Check, Examination, Outcome, World};
use crate::config::plan::Scope;
use crate::day::Day;
use crate::edfi::Standard;
use crate::report::terminal::grouped;
use crate::source::Source;
use crate::staging::years::{self, NoSchoolYear};

/// Which year is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// This one.
    Year(i16),
    /// `auto`: the current one.
    Auto {
        /// The day on which a package would be true.
        as_of: Day,
        /// Days by which a year may begin later.
        rollover_days: u16,
    },
    /// None: the latest that has sections is looked at.
    Nothing,
}

/// Makes the check, and gives the year to look at.
pub(super) fn examine(
    source: &dyn Source,
    standard: &Standard,
    scope: &Scope,
    given: Given,
    exam: &mut Examination<'_>,
) -> Option<i16> {
    // A year that is named is looked for in the whole ODS: what the filters leave of it shows in its rows.
    let everywhere = Scope::default();
    let scope = if matches!(given, Given::Auto { .. }) { scope } else { &everywhere };
    let found = match years::count(source, standard, scope) {
        Ok(found) => found,
        Err(error) => {
            exam.add(Check::fail("school-years", World::Source, error.to_string()));
            return None;
        }
    };
    let details: Vec<String> = found
        .iter()
        .map(|(year, of)| {
            format!("{year}: {} sections, {} sessions", grouped(of.sections), grouped(of.sessions))
        })
        .collect();
    let sections = |year: i16| found.get(&i64::from(year)).map_or(0, |of| of.sections);
    let latest = found.iter().rfind(|(_, of)| of.sections > 0);
    let latest = latest.and_then(|(&year, _)| i16::try_from(year).ok());
    let (check, year) = match (given, latest) {
        (_, None) if scope.chooses_organizations() => {
            let found = NoSchoolYear::EmptyChoice.to_string();
            let check = Check::fail("school-years", World::Configuration, found)
                .advice("Look at leas, schools and what excludes them.");
            (check, None)
        }
        (_, None) => {
            let check = Check::fail("school-years", World::Source, "there is no section in any school year")
                .advice("Extract table edfi.section with its rows, or name the right --source.");
            (check, None)
        }
        (Given::Auto { as_of, rollover_days }, Some(_)) => match years::current(&found, as_of, rollover_days)
        {
            Ok(chosen) => {
                let how = match chosen.begun {
                    true => "has begun".to_owned(),
                    false => format!("begins within {rollover_days} days"),
                };
                let found = format!(
                    "school year {} is chosen: the latest with sections that {how}, on {}",
                    chosen.year, chosen.begin
                );
                (Check::new("school-years", Outcome::Ok, found), Some(chosen.year))
            }
            Err(error) => {
                let check = Check::fail("school-years", World::Configuration, error.to_string())
                    .advice("Name the school year, or raise rollover_days.");
                (check, None)
            }
        },
        (Given::Year(year), Some(_)) if sections(year) == 0 => {
            let found = format!("school year {year} is configured, and has no sections");
            let check = Check::fail("school-years", World::Configuration, found)
                .advice("Name a school year that has sections: --school-year is the year in which it ends.");
            (check, None)
        }
        (Given::Year(year), Some(latest)) if latest > year => {
            let found = format!("school year {year} is configured; sections of {latest} are there too");
            (Check::new("school-years", Outcome::Ok, found), Some(year))
        }
        (Given::Year(year), Some(_)) => {
            (Check::new("school-years", Outcome::Ok, format!("school year {year} is configured")), Some(year))
        }
        (Given::Nothing, Some(latest)) => {
            let found = format!("no school year is configured; what follows looks at {latest}");
            let check = Check::new("school-years", Outcome::Warn, found)
                .advice(format!("An export needs one: add --school-year {latest}."));
            (check, Some(latest))
        }
    };
    exam.add(check.details(details));
    year
}
