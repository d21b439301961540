//! What a report rests on: by what configuration and from what input its packages were made, and how long that took.
//!
//! In: a frozen run, the crosswalks' sum, notes of the progress. Out: [`Provenance`] and its parts.
//!
//! The input is known by its place, its data standard and the rows of every table that was read. A sum over its content is not
//! taken: rows come from several connections in any order and only in the columns that are read, so that it would cost a pass of its
//! own; who needs one takes a `rosterpack snapshot` and sums its files (ADR 0032).

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::config::Run;

/// Rows of one table of the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableRows {
    /// Its name.
    pub table: String,
    /// Rows that were read.
    pub rows: u64,
}

/// What a stage took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StageTime {
    /// Its name.
    pub stage: String,
    /// Wall time in milliseconds.
    pub milliseconds: u64,
}

/// What a report rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// SHA-256 over everything that shapes the packages but the source and the as-of date: two nights with one sum were
    /// configured alike.
    pub configuration: String,
    /// SHA-256 over the crosswalks as they were read; part of the former.
    pub crosswalks: String,
    /// Rows of every table that was read, by name.
    pub tables: Vec<TableRows>,
}

impl Provenance {
    /// The provenance of a run.
    pub fn new(run: &Run, crosswalks: &str, tables: Vec<TableRows>) -> Provenance {
        let mut sum = Sha256::new();
        let mut take = |name: &str, value: &str| {
            // Lengths keep one value from passing as two.
            for text in [name, value] {
                sum.update((text.len() as u64).to_le_bytes());
                sum.update(text);
            }
        };
        let plan = &run.plan;
        take("tenant", &plan.tenant);
        take("school_year", &plan.school_year.to_string());
        take("data_standard", plan.data_standard.as_deref().unwrap_or_default());
        for edition in &plan.editions {
            let shape = if edition.users_of_v1p2p0 { "with users of 1.2.0" } else { "" };
            take(edition.version.label(), shape);
        }
        for choice in &run.choices {
            take(&choice.setting, &choice.value);
        }
        take("crosswalks", crosswalks);
        Provenance {
            configuration: sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
            crosswalks: crosswalks.to_owned(),
            tables,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Overrides;
    use crate::day::Day;

    fn configuration(more: &[(&str, &str)]) -> String {
        let mut overrides = Overrides::new();
        for (name, value) in [("tenant", "t"), ("active_school_year", "2025")].iter().chain(more) {
            overrides.flag(name, Some(value));
        }
        let run = overrides.freeze(Day::at(9000), &[]).unwrap();
        Provenance::new(&run, "seeds", Vec::new()).configuration
    }

    #[test]
    fn the_sum_changes_with_what_shapes_the_packages_and_with_nothing_else() {
        let usual = configuration(&[]);
        assert_eq!(usual.len(), 64);
        // A default that is said aloud, another day, another place.
        for same in [("end_dates", "exclusive"), ("as_of", "2024-12-01"), ("place", "b"), ("out", "c")] {
            assert_eq!(configuration(&[same]), usual, "{same:?}");
        }
        for other in [("end_dates", "inclusive"), ("oneroster", "1.2"), ("deny", "warning"), ("schools", "1")]
        {
            assert_ne!(configuration(&[other]), usual, "{other:?}");
        }
        assert_ne!(configuration(&[("oneroster", "1.2.0")]), configuration(&[("oneroster", "1.2")]));
    }
}
