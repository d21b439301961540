//! Crosswalk coverage: every descriptor value in use against the seeds.
//!
//! In: the descriptors that rows of the year use, a crosswalk, and what the roster found unmapped. Out: one check
//! per crosswalk. A value is a defect only where a row that is exported asks for it: then its count is that of
//! the export's report. Unknown values of other rows are named beside it.

use std::collections::BTreeMap;

use super::{Check, Outcome};
use crate::crosswalk::Crosswalk;
use crate::crosswalk::seed::UNDECIDED;
use crate::inventory::Uses;
use crate::report::terminal::grouped;
use crate::roster::answers::{Answers, Known, Unmapped};
use crate::staging::descriptors::Descriptors;

/// Checks one crosswalk. `asked` are the unmapped values of all crosswalks that exported rows asked for.
pub(super) fn check<S: PartialEq>(
    name: &'static str,
    crosswalk: &Crosswalk<S>,
    descriptors: &Descriptors,
    used: &Uses,
    asked: &[Unmapped],
) -> Check {
    let answers = Answers::new(crosswalk, descriptors, |_| ());
    let (mut values, mut mapped, mut blank) = (0, 0, 0);
    let mut unknown: BTreeMap<&str, u64> = BTreeMap::new();
    let mut all = 0;
    for (descriptor, count) in used.values(descriptors) {
        values += 1;
        all += count;
        match answers.peek(descriptor) {
            Known::Mapped(()) => mapped += 1,
            Known::Blank => blank += 1,
            Known::Unknown | Known::Absent => {
                *unknown.entry(descriptors.code_value(descriptor)).or_default() += count
            }
        }
    }
    if values == 0 {
        return Check::new(name, Outcome::Info, "no row of the school year has such a value");
    }
    let mut found = format!("{values} values in {}: {mapped} mapped", rows_of(all));
    if blank > 0 {
        found += &format!(", {blank} left blank on purpose");
    }
    if unknown.is_empty() {
        return Check::new(name, Outcome::Ok, found);
    }
    found += &format!(", {} unknown", unknown.len());
    let seed = crosswalk.file();
    let mut missed = false;
    let details = unknown
        .into_iter()
        .map(|(value, rows)| match asked.iter().find(|u| u.seed == seed && u.value == value) {
            Some(asked) => {
                missed = true;
                format!("`{value}`: {}", rows_of(asked.count))
            }
            None => format!("`{value}`: {}, none of which is exported", rows_of(rows)),
        })
        .collect();
    let outcome = if missed { Outcome::Warn } else { Outcome::Info };
    let advice = if missed {
        format!(
            "Until they have an answer, {}. Answer them in {seed} in the folder of --seeds (`rosterpack init --update-seeds` adds the rows); a blank answer with nothing in column {UNDECIDED} leaves one unmapped on purpose.",
            used.seed.unmapped
        )
    } else {
        String::new()
    };
    Check::new(name, outcome, found).details(details).advice(advice)
}

fn rows_of(count: u64) -> String {
    format!("{} {}", grouped(count), if count == 1 { "row" } else { "rows" })
}
