//! A frozen run: what `overrides` comes to, and where each of its choices comes from.
//!
//! In: nothing. Out: plain data: the [`Plan`] of the stages, the places that only the command line needs, and the
//! [`Choice`]s that a report lists.

use std::path::PathBuf;

use serde::Serialize;

use super::connection::{Admin, Connection};
use super::plan::Plan;
use super::publish::Publish;
use super::settings::TablesFormat;
use super::values::MemoryLimit;

/// Where the value of a setting comes from, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The profile of a consumer.
    Consumer,
    /// `rosterpack.toml`.
    File,
    /// An environment variable.
    Environment,
    /// The embedded sample's own facts.
    Sample,
    /// `--set NAME=VALUE`.
    Set,
    /// A flag of its own.
    Flag,
}

/// The effective value of a setting that shapes the package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// `section.name`.
    pub setting: String,
    /// Effective value, as a user would write it.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// A frozen run: the plan of the stages, and the places that only the command line needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What the stages read.
    pub plan: Plan,
    /// Folder or database; `None` when the caller brings a source of its own.
    pub place: Option<String>,
    /// Whether the place may hold a password: only one from the environment may.
    pub place_may_hold_password: bool,
    /// EdFi_Admin, which knows the place; then `place` is `None`.
    pub admin: Option<Admin>,
    /// How a database is reached.
    pub connection: Connection,
    /// Folder of crosswalks; `None` is the built-in ones.
    pub seeds: Option<PathBuf>,
    /// Zip file or folder; `None` only when none was demanded.
    pub out: Option<PathBuf>,
    /// Folder of the report, or its file when the name ends with `.json`.
    pub report: Option<PathBuf>,
    /// Whether the report says whom the ids of samples belong to.
    pub report_names: bool,
    /// The package that was delivered last, or the folder that holds it.
    pub compare_with: Option<PathBuf>,
    /// Folder of the warehouse's tables.
    pub tables: Option<PathBuf>,
    /// How they are written.
    pub tables_format: TablesFormat,
    /// The profile, if one was named.
    pub profile: Option<String>,
    /// Its nights: archive, guard, targets, hooks.
    pub publish: Publish,
    /// Threads; `None` is one per core.
    pub threads: Option<usize>,
    /// Tenants that are exported at once when several are.
    pub parallel_tenants: usize,
    /// Memory that it may take; each of the tenants that are exported at once gets its share.
    pub memory_limit: MemoryLimit,
    /// Every setting that shapes the package with its value and origin, in the order of the table.
    pub choices: Vec<Choice>,
    /// With `active_school_year = "auto"`, by how many days a year may begin after the as-of date: the plan's school year
    /// is none before the source was asked.
    pub auto_year: Option<u16>,
    /// Whether the as-of date is today's because nobody named one.
    pub as_of_is_today: bool,
    /// Where in the file the as-of date stands, when it is the file that says it.
    pub as_of_in_file: Option<String>,
}
