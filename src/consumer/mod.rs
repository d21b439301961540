//! Consumer profiles: what vendors say about the packages that they read, as data with source and date.
//!
//! In: `profiles/*.toml`, embedded. Out: [`Consumer`]s, each a list of [`Statement`]s along the 22 [`Axis`] on which consumers
//! differ: what is said, by whom, read when; the settings that follow from it for an export, and the [`Demand`]s that a
//! package is judged by. It applies no setting (`config` does) and judges nothing (`check` does). Nothing in here is
//! known but by a source: an axis without one is *unconfirmed*.

pub mod axis;
pub mod demand;
pub mod page;
mod text;

use std::sync::LazyLock;

use crate::day::Day;
use crate::spec::File;

pub use self::axis::Axis;
pub use self::demand::{Demand, LineEnd, What};

/// What is known of a consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer {
    /// The name by which it is chosen: that of its file.
    pub id: &'static str,
    /// What it calls itself.
    pub name: String,
    /// What it reads, one sentence.
    pub about: String,
    /// What is known, in the order of the axes.
    pub statements: Vec<Statement>,
    /// Axes of which nothing is known.
    pub unconfirmed: Vec<Axis>,
}

/// Something that somebody says about a consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What it is about.
    pub axis: Axis,
    /// What is said, in our words.
    pub says: String,
    /// Where: a page, or whoever observed it.
    pub source: String,
    /// The day on which the source was read; `None` when that is unconfirmed. The page may have changed since.
    pub read: Option<Day>,
    /// Settings of an export that follow from it, by name, each as a flag would write it.
    pub settings: Vec<(String, String)>,
    /// What a package must satisfy.
    pub demands: Vec<Demand>,
}

/// The word for what nobody has confirmed.
pub const UNCONFIRMED: &str = "unconfirmed";

impl Statement {
    /// The day on which the source was read, as it is shown.
    pub fn date(&self) -> String {
        self.read.map_or_else(|| UNCONFIRMED.to_owned(), |day| day.to_string())
    }
}

impl Consumer {
    /// Every setting of its statements, with the statement; no setting stands twice.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &str, &Statement)> {
        let of = |statement: &'_ Statement| statement.settings.len();
        self.statements.iter().filter(move |s| of(s) > 0).flat_map(|statement| {
            statement.settings.iter().map(move |(name, value)| (name.as_str(), value.as_str(), statement))
        })
    }

    /// Whether it takes this file with its header alone: the setting that writes such files follows from one of its
    /// statements.
    pub fn takes_header_alone(&self, file: File) -> bool {
        let files = self.settings().filter(|(name, ..)| *name == "header_only_files");
        files.flat_map(|(_, files, _)| files.split(',')).any(|name| name == file.name())
    }

    /// Every demand of its statements, with the statement.
    pub fn demands(&self) -> impl Iterator<Item = (&Demand, &Statement)> {
        self.statements.iter().flat_map(|statement| statement.demands.iter().map(move |d| (d, statement)))
    }
}

/// The file of a consumer: its name and what it holds.
macro_rules! files {
    ($($id:literal)*) => {
        /// Names and texts of the files, by name.
        pub(crate) const FILES: &[(&str, &str)] =
            &[$(($id, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/profiles/", $id, ".toml")))),*];
    };
}

files! {
    "amplify"
    "apple-school-manager"
    "canvas"
    "classlink"
    "clever"
    "great-minds"
    "hmh"
    "imagine-learning"
    "lab-aids"
    "microsoft-sds"
    "naviance"
    "renaissance"
    "st-math"
    "strict-1.1"
    "strict-1.2"
}

/// All that can be read; a test reads them all.
static ALL: LazyLock<Vec<Consumer>> =
    LazyLock::new(|| FILES.iter().filter_map(|(id, text)| text::read(id, text).ok()).collect());

/// Every consumer, by name.
pub fn all() -> &'static [Consumer] {
    &ALL
}

/// The consumer of this name.
pub fn find(id: &str) -> Option<&'static Consumer> {
    all().iter().find(|consumer| consumer.id == id)
}

/// The name that is spelt most alike, if one is near enough to be meant.
pub fn nearest(name: &str) -> Option<&'static str> {
    let like = |id: &str| strsim::jaro_winkler(&name.to_lowercase().replace([' ', '_'], "-"), id);
    let best = all().iter().map(|consumer| (like(consumer.id), consumer.id));
    let best = best.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)));
    best.filter(|(score, _)| *score >= 0.75).map(|(_, id)| id)
}

#[cfg(test)]
mod tests;
