//! How much memory a run needs, and what it does when it may not have that much.
//!
//! In: the source's estimates of rows, the plan, a limit and a folder. Out: an estimate in bytes, and whether the section
//! associations of students, of which there are most by far, are kept in files in that folder and put in order range by
//! range ([`Spooling`]). The packages are the same either way. An estimate is one: what a source does not know counts
//! nothing, and what it counts of other school years counts here.

use std::ops::RangeInclusive;
use std::path::Path;

use crate::config::plan::Plan;
use crate::edfi::contract as c;
use crate::edfi::{Resolved, Table};
use crate::source::Source;
use crate::staging::Spooling;

/// What a run without rows takes: the program, its threads' blocks, crosswalks.
const BASE: u64 = 48 << 20;
/// Of an association: 12 bytes, and what growing and putting in order needs beside them.
const ASSOCIATION: u64 = 14;
/// Associations that are put in order at once, at least and at most: 48 KiB and 48 MiB of them.
const ROWS_AT_ONCE: RangeInclusive<u64> = 4 << 10..=4 << 20;
/// Bytes for a row of a table, by the measurements in docs/performance.md: its own, and those of what is made of it.
static BYTES: [(&Table, u64); 18] = [
    (&c::students::TABLE, 130),
    (&c::staff::TABLE, 260),
    (&c::contacts::TABLE, 150),
    (&c::student_schools::TABLE, 16),
    (&c::student_emails::TABLE, 30),
    (&c::student_codes::TABLE, 22),
    (&c::student_logins::TABLE, 20),
    (&c::student_births::TABLE, 12),
    (&c::student_demographics::TABLE, 8),
    (&c::student_races::TABLE, 8),
    (&c::contact_emails::TABLE, 30),
    (&c::contact_telephones::TABLE, 24),
    (&c::student_contacts::TABLE, 24),
    (&c::sections::TABLE, 190),
    (&c::course_offerings::TABLE, 60),
    (&c::staff_sections::TABLE, 50),
    (&c::student_gradebook_entries::TABLE, 60),
    (&c::grades::TABLE, 60),
];

/// What a run needs and what it will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// Bytes that it takes with everything in memory.
    pub needed: u64,
    /// The limit, in bytes.
    pub limit: u64,
    /// What it does instead, and the bytes that it then takes.
    pub instead: Option<(Spooling, u64)>,
}

impl Memory {
    /// How associations are kept, where they may not stay in memory.
    pub fn spooling(&self) -> Option<&Spooling> {
        self.instead.as_ref().map(|(spooling, _)| spooling)
    }

    /// What there is to say, when there is something: a sentence.
    pub fn told(&self) -> Option<String> {
        let (spooling, needed) = self.instead.as_ref()?;
        let too_much = match *needed > self.limit {
            true => format!(", with which it still takes about {}", shown(*needed)),
            false => String::new(),
        };
        let ranges = match spooling.ranges() {
            1 => "1 range".to_owned(),
            many => format!("{many} ranges"),
        };
        Some(format!(
            "about {} of memory are needed and {} are allowed: about {} section associations go through temporary files in {}, \
             in {} of schools{too_much}; the package is the same",
            shown(self.needed),
            shown(self.limit),
            spooling.rows,
            spooling.folder.display(),
            ranges,
        ))
    }
}

/// A size for people.
fn shown(bytes: u64) -> String {
    match bytes >> 20 {
        mebibytes if mebibytes < 10_240 => format!("{mebibytes} MiB"),
        mebibytes => format!("{} GiB", mebibytes >> 10),
    }
}

/// Compares what a run needs with a limit in bytes. `None` when the source's tables do not fit the plan: the run tells.
pub fn plan(source: &dyn Source, plan: &Plan, limit: u64, folder: &Path) -> Option<Memory> {
    let resolved = super::resolved(source, plan).ok()?;
    let associations = rows(source, &resolved, &c::student_sections::TABLE);
    let others: u64 =
        BYTES.iter().map(|(table, bytes)| rows(source, &resolved, table).saturating_mul(*bytes)).sum();
    let rest = BASE.saturating_add(others);
    let needed = rest.saturating_add(associations.saturating_mul(ASSOCIATION));
    let instead = (needed > limit).then(|| {
        // A quarter of what is allowed, so that a small limit is not spent on putting in order.
        let rows_at_once = (limit / 4 / ASSOCIATION).clamp(*ROWS_AT_ONCE.start(), *ROWS_AT_ONCE.end());
        let spooling = Spooling { folder: folder.to_owned(), rows: associations, rows_at_once };
        (spooling, rest.saturating_add(rows_at_once.min(associations).saturating_mul(ASSOCIATION)))
    });
    Some(Memory { needed, limit, instead })
}

/// The source's estimate of the rows of a table that the plan reads.
fn rows(source: &dyn Source, resolved: &Resolved, table: &'static Table) -> u64 {
    let of = |table: &Table| resolved.get(table).map(|found| found.physical.as_str());
    of(table).and_then(|physical| source.catalog().expectation(physical).1).unwrap_or(0)
}
