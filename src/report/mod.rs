//! The report of a run: what was exported, what was left out and why, which values no crosswalk maps.
//!
//! In: the facts of the run, its packages with rows per file, notices, unmapped values. Out: [`Report`], which is written as
//! JSON (`docs/reference/report.schema.json` describes it) or shown on a terminal ([`terminal`]). It reads no
//! clock, so that the same input gives the same report; it holds ids in samples, never names.

pub mod progress;
pub mod terminal;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::config::Choice;
use crate::config::plan::{Include, Plan};
use crate::notice::{Authority, Notices, Severity};
use crate::spec::{File, Version};

/// How the run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// Every package was written.
    Published,
    /// The data breaks the rules: no package was written, and what was there is untouched.
    Refused,
    /// Everything was done but writing the packages.
    DryRun,
}

/// What the run was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunFacts {
    /// Tenant code.
    pub tenant: String,
    /// The active school year: the year in which it ends.
    pub school_year: i16,
    /// The date on which the package is true, `YYYY-MM-DD`.
    pub as_of: String,
    /// Where the ODS was read from, without any secret.
    pub source: String,
    /// Ed-Fi data standard as it was named or detected.
    pub data_standard: &'static str,
    /// Formula of sourcedIds.
    pub id_scheme: &'static str,
    /// What narrowed the export.
    pub filters: Filters,
    /// Rows read from the source.
    pub rows_read: u64,
}

/// What narrowed the export; an empty list is no filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Filters {
    /// Which associations count by date.
    pub include: &'static str,
    /// Local education agencies.
    pub leas: Vec<i64>,
    /// Schools.
    pub schools: Vec<i64>,
    /// OneRoster files.
    pub files: Vec<&'static str>,
}

impl RunFacts {
    /// The facts of a plan that was run against a source.
    pub fn new(plan: &Plan, source: &str, data_standard: &'static str, rows_read: u64) -> RunFacts {
        RunFacts {
            tenant: plan.tenant.clone(),
            school_year: plan.school_year,
            as_of: plan.as_of.to_string(),
            source: source.to_owned(),
            data_standard,
            id_scheme: plan.mapping.id_scheme.word(),
            filters: Filters {
                include: match plan.mapping.include {
                    Include::NotEnded => "not-ended",
                    Include::Current => "current",
                    Include::Year => "year",
                },
                leas: plan.scope.leas.clone(),
                schools: plan.scope.schools.clone(),
                files: plan.scope.files.iter().map(|file| file.name()).collect(),
            },
            rows_read,
        }
    }
}

/// Rows of one file of the package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileRows {
    /// Name without `.csv`.
    pub file: &'static str,
    /// Data rows; the header does not count.
    pub rows: u64,
}

/// All notices of one code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodeNotices {
    /// Kebab-case name of the defect: a public promise.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// Whose rule it is.
    pub authority: Authority,
    /// File concerned, without `.csv`, or blank.
    pub file: &'static str,
    /// What happened.
    pub summary: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// Occurrences over all causes.
    pub count: u64,
    /// By cause, in text order; the causes beyond the cap come last, together.
    pub causes: Vec<Cause>,
}

/// One cause of a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// What caused it.
    pub cause: String,
    /// Exact number of occurrences.
    pub count: u64,
    /// The first few samples: ids.
    pub samples: BTreeSet<String>,
    /// Rows of other files that are left out because of this, by file.
    pub left_out: BTreeMap<&'static str, u64>,
}

/// A value of the source that no crosswalk maps.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct UnmappedValue {
    /// Seed file in which it is missing.
    pub seed: String,
    /// What the value means, such as the seed's key column.
    pub column: String,
    /// The value.
    pub value: String,
    /// How often it occurred.
    pub count: u64,
}

/// A zip that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Zip {
    /// Its path.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// One package of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PackageReport {
    /// OneRoster version, `1.1`.
    pub oneroster: &'static str,
    /// Rows of every file, or of what it would have been.
    pub files: Vec<FileRows>,
    /// What was left out or altered in this package alone, worst first, then by code.
    pub notices: Vec<CodeNotices>,
    /// The zip, if one was written.
    pub zip: Option<Zip>,
}

impl PackageReport {
    /// What became of a package.
    pub fn new(
        version: Version,
        files: &[(File, u64)],
        notices: &Notices,
        zip: Option<Zip>,
    ) -> PackageReport {
        PackageReport {
            oneroster: version.label(),
            files: files.iter().map(|(file, rows)| FileRows { file: file.name(), rows: *rows }).collect(),
            notices: by_code(notices),
            zip,
        }
    }
}

/// The report of one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Version of rosterpack.
    pub rosterpack: &'static str,
    /// How the run ended.
    pub outcome: Ending,
    /// Why the packages were refused.
    pub refused: Vec<String>,
    /// What the run was about.
    pub run: RunFacts,
    /// The packages, in the order in which their versions were named.
    pub packages: Vec<PackageReport>,
    /// What was left out or altered in every package, worst first, then by code.
    pub notices: Vec<CodeNotices>,
    /// Values that no crosswalk maps, by seed and value.
    pub unmapped: Vec<UnmappedValue>,
    /// Every setting that shapes the package.
    pub choices: Vec<Choice>,
}

impl Report {
    /// Puts the parts of a run together.
    pub fn new(
        run: RunFacts,
        packages: Vec<PackageReport>,
        notices: &Notices,
        mut unmapped: Vec<UnmappedValue>,
        choices: Vec<Choice>,
        refused: Vec<String>,
    ) -> Report {
        let outcome = match (packages.iter().any(|package| package.zip.is_some()), refused.is_empty()) {
            (_, false) => Ending::Refused,
            (true, true) => Ending::Published,
            (false, true) => Ending::DryRun,
        };
        unmapped.sort();
        Report {
            rosterpack: env!("CARGO_PKG_VERSION"),
            outcome,
            refused,
            run,
            packages,
            notices: by_code(notices),
            unmapped,
            choices,
        }
    }

    /// The report as indented JSON with a line break at its end.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn json(&self, mut out: impl Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut out, self)?;
        out.write_all(b"\n")
    }

    /// Writes the report as JSON in one step: a reader finds the old file or the whole new one. `unfinished` is
    /// what the name of the file starts with until then. Only the owner may read it: it holds ids of children.
    ///
    /// # Errors
    /// The folder cannot be written, or the disk is full; the old file is untouched then.
    pub fn save(&self, path: &Path, unfinished: &str) -> io::Result<()> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut file = tempfile::Builder::new().prefix(unfinished).tempfile_in(folder)?;
        let mut buffered = io::BufWriter::new(&mut file);
        self.json(&mut buffered)?;
        buffered.flush()?;
        drop(buffered);
        file.as_file().sync_all()?;
        file.persist(path).map(drop).map_err(|e| e.error)
    }
}

fn by_code(notices: &Notices) -> Vec<CodeNotices> {
    let mut codes: Vec<CodeNotices> = Vec::new();
    for (code, cause, tally) in notices.iter() {
        if codes.last().is_none_or(|last| last.code != code.code) {
            codes.push(CodeNotices {
                code: code.code,
                severity: code.severity,
                authority: code.authority,
                file: code.file,
                summary: code.summary,
                remedy: code.remedy,
                count: 0,
                causes: Vec::new(),
            });
        }
        if let Some(last) = codes.last_mut() {
            last.count += tally.count;
            last.causes.push(Cause {
                cause: cause.to_owned(),
                count: tally.count,
                samples: tally.samples.clone(),
                left_out: tally.left_out.clone(),
            });
        }
    }
    codes
}
