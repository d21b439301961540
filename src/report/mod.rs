//! The report of a run: what was exported, what was left out and why, which values no crosswalk maps.
//!
//! In: what the pipeline came to. Out: [`Report`], one model with three showings: JSON (`docs/reference/report.schema.json`
//! describes it), a page ([`html`]) and a summary for the terminal ([`terminal`]). It reads no clock: but for the
//! durations, the same input gives the same report. Samples are ids; names stand in it only where they were asked for.

pub mod contents;
pub mod difference;
pub mod html;
pub mod noted;
pub mod progress;
pub mod provenance;
pub mod save;
pub mod terminal;
pub mod unchecked;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::Serialize;

use self::contents::{FiguresReport, FileRows, PersonalColumn};
use self::difference::Difference;
use self::provenance::{Provenance, StageTime};
use self::unchecked::Unchecked;
use crate::check::Judgement;
use crate::config::plan::{Include, Plan};
use crate::config::{Choice, Run};
use crate::notice::{Authority, Notices, Severity};
use crate::pipeline::{Outcome, Package};
use crate::roster::figures::OrgFigures;
use crate::spec::{File, Version};

/// The version of this program, as reports, the audit log and `--version` tell it. A build with the feature `isal`, whose zips
/// have other bytes, says so in the form of SemVer's build metadata.
pub const VERSION: &str = if cfg!(feature = "isal") {
    concat!(env!("CARGO_PKG_VERSION"), "+isal")
} else {
    env!("CARGO_PKG_VERSION")
};

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
    /// What every rule of the validator says of it, when they were asked.
    pub validation: Option<Judgement>,
    /// How it differs from the package that was delivered last.
    pub comparison: Difference,
    /// Columns with personal values that it has, or would have.
    pub personal: Vec<PersonalColumn>,
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
            files: contents::bare_files(files),
            notices: by_code(notices),
            zip,
            validation: None,
            comparison: Difference::none(),
            personal: Vec::new(),
        }
    }

    /// What became of a package, with all that was counted of it.
    fn of(package: Package, outcome: &OfRun<'_>) -> PackageReport {
        let zip = package.written.map(|w| Zip { path: w.path.display().to_string(), bytes: w.bytes });
        PackageReport {
            files: contents::files(&package.contents, outcome.orgs),
            personal: contents::personal(package.version, &package.contents),
            comparison: Difference::from(&package.compared),
            validation: package.judgement,
            ..PackageReport::new(package.version, &package.files, &package.notices, zip)
        }
    }
}

/// What the report of a package needs of the whole run.
struct OfRun<'a> {
    orgs: &'a [OrgFigures],
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
    /// How many persons and classes, and where; null when nobody counted.
    pub figures: Option<FiguresReport>,
    /// By what configuration and from what input; null when nobody noted it.
    pub provenance: Option<Provenance>,
    /// What was not checked.
    pub unchecked: Vec<Unchecked>,
    /// Whom the ids of samples belong to; empty unless that was asked for.
    pub names: BTreeMap<String, BTreeSet<String>>,
    /// What each stage took: the one part that differs between two runs over the same input.
    pub durations: Vec<StageTime>,
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
        let mut report = Report {
            rosterpack: VERSION,
            outcome,
            refused,
            run,
            packages,
            notices: by_code(notices),
            unmapped,
            choices,
            figures: None,
            provenance: None,
            unchecked: Vec::new(),
            names: BTreeMap::new(),
            durations: Vec::new(),
        };
        report.unchecked = unchecked::of(&report);
        report
    }

    /// The report of an outcome; `place` is where the source was read from, without any secret.
    pub fn of(run: &Run, place: &str, outcome: Outcome) -> Report {
        // A refusal without a reason is still a refusal: it must never look like success.
        let refused = match outcome.refused {
            Some(reasons) if reasons.is_empty() => vec!["no reason was given".to_owned()],
            reasons => reasons.unwrap_or_default(),
        };
        let of_run = OfRun { orgs: outcome.figures.as_ref().map_or(&[], |figures| &figures.orgs) };
        let packages = outcome.packages.into_iter().map(|package| PackageReport::of(package, &of_run));
        let unmapped = outcome.unmapped.into_iter();
        let report = Report::new(
            RunFacts::new(&run.plan, place, outcome.data_standard, outcome.read_rows),
            packages.collect(),
            &outcome.notices,
            unmapped
                .map(|u| UnmappedValue { seed: u.seed, column: u.column, value: u.value, count: u.count })
                .collect(),
            run.choices.clone(),
            refused,
        );
        Report { figures: outcome.figures.as_ref().map(FiguresReport::from), names: outcome.names, ..report }
    }

    /// The report as indented JSON with a line break at its end.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn json(&self, mut out: impl Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut out, self)?;
        out.write_all(b"\n")
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
