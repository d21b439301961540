//! SQL that is generated from the staging contract.
//!
//! In: [`TABLES`](super::contract::TABLES) and the differences of the [`STANDARDS`]. Out: the shipped
//! templates. A test compares each file with what is generated here.

use std::collections::BTreeSet;

use super::{STANDARDS, contract};

/// Lower-case physical names of all tables that are read from an ODS of any data standard, as PostgreSQL
/// truncates them.
pub fn physical_tables() -> BTreeSet<&'static str> {
    let spelled = |table| STANDARDS.iter().map(move |standard| standard.spelling(table).0);
    contract::TABLES.iter().flat_map(|table| spelled(*table)).collect()
}
