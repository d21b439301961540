//! The road from a source to packages: the only module that knows every stage.
//!
//! In: an open source, crosswalks, a frozen plan and targets. Out: an [`Outcome`], or the error that ended the
//! run. The source is read, staged and mapped once, whatever the number of packages. Packages are published only when
//! no notice of any of them breaks the specification, all of them at the very end; otherwise the outcome says why not,
//! and whatever stood at the targets still does.

mod judging;
pub mod memory;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

pub use self::judging::{Compared, NotCompared};
use self::judging::{compared, refusal, refused_by, validated};
use crate::check::Judgement;
use crate::closure;
use crate::config::extensions::{self, ExtensionError};
use crate::config::plan::{IdScheme, OnIdCollision, Plan};
use crate::crosswalk::Crosswalks;
use crate::crosswalk::seed::SEEDS;
use crate::edfi::{self, Resolved};
use crate::emit::{self, Emitter, NoRule};
use crate::id_migration::{IdMigration, Side};
use crate::notice::{Code, Notices};
use crate::package::{
    self, MeasuredFile, PackageError, PendingPackage, PendingTables, Warehouse, Written, WrittenFile,
};
use crate::progress::Progress;
use crate::roster::figures::Figures;
use crate::roster::gradebook::Gradebook;
use crate::roster::{self, Roster};
use crate::source::{Source, SourceError};
use crate::spec::{File, Version};
use crate::staging::facts::Facts;
use crate::staging::years;
pub use crate::staging::years::{CurrentYear, NoSchoolYear};
use crate::staging::{self, Spooling, Staged};

/// A descriptor value in use that no crosswalk maps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmapped {
    /// Seed file.
    pub seed: String,
    /// The seed's column on the Ed-Fi side.
    pub column: String,
    /// Code value.
    pub value: String,
    /// Rows that asked for it.
    pub count: u64,
}

/// What became of one package of a run.
#[derive(Debug)]
pub struct Package {
    /// OneRoster version.
    pub version: Version,
    /// The zip; `None` when the run was refused or dry.
    pub written: Option<Written>,
    /// Rows per file that the package has, or would have.
    pub files: Vec<(File, u64)>,
    /// The same files in full; with how full their columns are when that was asked for.
    pub contents: Vec<MeasuredFile>,
    /// What every rule of the validator said of the finished package; `None` when it was not asked, or nothing was
    /// written.
    pub judgement: Option<Judgement>,
    /// How it differs from the package that was delivered last.
    pub compared: Compared,
    /// What holds for this package and not for all of the run.
    pub notices: Notices,
}

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// The packages in the plan's order.
    pub packages: Vec<Package>,
    /// What is wrong with, or worth knowing about, the data: what holds for every package of the run.
    pub notices: Notices,
    /// Crosswalk values in use that no seed knows.
    pub unmapped: Vec<Unmapped>,
    /// Data standard that was detected or named.
    pub data_standard: &'static str,
    /// Why the packages are refused, if they are: one that breaks the rules refuses all.
    pub refused: Option<Vec<String>>,
    /// Rows read from the source.
    pub read_rows: u64,
    /// Figures of the roster, when they were asked for.
    pub figures: Option<Figures>,
    /// Whom the ids of samples belong to, when that was asked for.
    pub names: BTreeMap<String, BTreeSet<String>>,
}

/// Why a run ended without an outcome.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The source cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The package cannot be written.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// Something could not get its name when others already had theirs.
    #[error("{error}. Of this run, {} in place already", list(published))]
    Partly {
        /// What is in place.
        published: Vec<PathBuf>,
        /// What ended the run.
        error: PackageError,
    },
    /// The configuration names something that does not exist.
    #[error(transparent)]
    Extension(#[from] ExtensionError),
    /// A defect of this program.
    #[error(transparent)]
    NoRule(#[from] NoRule),
    /// The table of ids cannot be written.
    #[error("the table of ids cannot be written: {0}")]
    IdTable(#[from] std::io::Error),
}

/// Every notice code that an export can raise.
pub fn codes() -> Vec<&'static Code> {
    let mut codes: Vec<&Code> =
        [staging::CODES, roster::CODES, closure::CODES, emit::CODES].into_iter().flatten().copied().collect();
    codes.sort_by_key(|code| code.code);
    codes
}

fn list(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}

/// What an export writes.
#[derive(Clone, Copy, Default)]
pub struct Outputs<'a> {
    /// Where the package of each version goes; without it nothing is written, but all else is done.
    pub package: Option<&'a dyn Fn(Version) -> PathBuf>,
    /// The warehouse's tables, which are written along with the packages.
    pub tables: Option<Warehouse<'a>>,
    /// Whether figures and fill rates are counted for a report.
    pub figures: bool,
    /// Whether the names of those whose ids are samples are looked up for a report.
    pub names: bool,
    /// The package that was delivered last, for each version.
    pub last: Option<&'a dyn Fn(Version) -> PathBuf>,
    /// How section associations are kept in files, where memory is short ([`memory::plan`]).
    pub spooling: Option<&'a Spooling>,
}

/// Reads, maps, closes and writes the package of a plan that has one. Without a target nothing is written, but all
/// else is done.
///
/// # Errors
/// [`PipelineError`]; the target is then as it was.
pub fn export(
    source: &dyn Source,
    crosswalks: &Crosswalks,
    plan: &Plan,
    target: Option<&Path>,
    progress: &dyn Progress,
) -> Result<Outcome, PipelineError> {
    let at = target.map(|target| move |_| target.to_owned());
    let package = at.as_ref().map(|at| at as &dyn Fn(Version) -> PathBuf);
    export_to(source, crosswalks, plan, Outputs { package, ..Outputs::default() }, progress)
}

/// Reads, maps, closes and writes the packages of a plan and the tables of a warehouse. All are complete on the disk
/// before the first one gets its name: packages first, then tables.
///
/// # Errors
/// [`PipelineError`]; the outputs are then as they were, but for those that [`PipelineError::Partly`] names.
pub fn export_to(
    source: &dyn Source,
    crosswalks: &Crosswalks,
    plan: &Plan,
    outputs: Outputs<'_>,
    progress: &dyn Progress,
) -> Result<Outcome, PipelineError> {
    let extensions = extensions::parse(&plan.mapping.demographic_extensions)?;
    let targets = targets(plan, outputs)?;
    let (mut staged, notices) = read(source, plan, outputs.spooling, progress)?;
    progress.stage("mapping");
    let facts = std::mem::take(&mut staged.facts);
    let (mut roster, mut notices) = roster::build(plan, &staged, facts, crosswalks, extensions, notices);
    progress.stage("checking");
    closure::close(plan, &staged, &mut roster, &mut notices);
    roster.facts.check()?;
    let roles = plan.editions.iter().any(|edition| edition.version.file(File::Roles).is_some());
    staged.forget_decided(roles);

    let several = plan.editions.len() > 1;
    let named = |what: &str, version: Version| match several {
        true => format!("{what} OneRoster {version}"),
        false => what.to_owned(),
    };
    let in_version = |version: Version| {
        move |reason: String| if several { format!("OneRoster {version}: {reason}") } else { reason }
    };
    let mut refused = refusal(&notices, plan.judging.deny);
    let mut packages = Vec::new();
    let mut drafts = Vec::new();
    for (n, &edition) in plan.editions.iter().enumerate() {
        let version = edition.version;
        // One gradebook at a time: it has a row for every score.
        let (gradebook, mut own) = Gradebook::build(plan, version, &staged, &roster, crosswalks);
        closure::close_gradebook(plan, &staged, &roster, &gradebook, &mut own);
        let emitter = Emitter::new(plan, edition, &staged, &roster, &gradebook);
        let mut tables = emitter.tables(&mut own)?;
        let form = package::CsvForm { line_feed: plan.form.is_line_feed(), quote_all: plan.form.quote_all };
        for table in &mut tables {
            (table.counted, table.form) = (outputs.figures, form);
        }
        refused.extend(refusal(&own, plan.judging.deny).into_iter().map(in_version(version)));
        let told = |file: File, rows: u64, bytes: u64| progress.written(file.name(), rows, bytes);
        let mut package = Package {
            version,
            written: None,
            files: Vec::new(),
            contents: Vec::new(),
            judgement: None,
            compared: Compared::default(),
            notices: own,
        };
        match targets.get(n).filter(|_| refused.is_empty()) {
            Some(target) => {
                progress.stage(&named("writing", version));
                let options = package::Options {
                    version,
                    compression: plan.compression,
                    stamp: plan.as_of,
                    system_name: plan.system_name.clone(),
                    system_code: plan.system_code.clone(),
                    references: true,
                    form,
                };
                let warehouse = outputs
                    .tables
                    .map(|warehouse| package::write_tables(warehouse, &tables, version, &plan.tenant))
                    .transpose()?;
                let draft = package::prepare(target, &tables, &options, &told)?;
                drafts.push((n, draft, warehouse));
            }
            None => {
                progress.stage(&named("counting", version));
                package.contents = package::measure(&tables, version, &told)?;
            }
        }
        packages.push(package);
    }
    // What could not be read back from a file of associations is missing from everything that was written.
    roster.facts.check()?;
    let figures = outputs.figures.then(|| Figures::of(plan, &roster));
    let unmapped = roster.unmapped.iter().map(unmapped).collect();
    let (data_standard, read_rows) = (staged.standard, staged.rows);
    // Only the names of samples still need what was read: without them its memory is there for reading back.
    let known = outputs.names.then_some((staged, roster));

    let mut pending = Vec::new();
    for (n, draft, warehouse) in drafts {
        let Some(package) = packages.get_mut(n) else { continue };
        let version = package.version;
        progress.stage(&named("reading back", version));
        let proven = draft.prove()?;
        if plan.judging.full {
            progress.stage(&named("validating", version));
            let judged = validated(&proven, plan)?;
            refused.extend(refused_by(&judged, plan.judging.deny).into_iter().map(in_version(version)));
            package.judgement = Some(judged);
        }
        // What was delivered last may be what this package is about to replace.
        if let Some(last) = outputs.last {
            progress.stage(&named("comparing", version));
            package.compared = compared(&last(version), &proven);
        }
        package.contents = proven.written().files.iter().map(measured).collect();
        pending.push((n, proven, warehouse));
    }
    for package in &mut packages {
        package.files = package.contents.iter().map(|file| (file.file, file.rows)).collect();
    }
    if refused.is_empty() {
        for (n, written) in publish(pending)? {
            if let Some(package) = packages.get_mut(n) {
                package.written = Some(written);
            }
        }
    }
    notices.merge(Notices::take_shared(packages.iter_mut().map(|package| &mut package.notices).collect()));
    let parts = || packages.iter().map(|package| &package.notices).chain([&notices]);
    let names = known.map(|(staged, roster)| judging::names(&staged, &roster, parts(), &packages));
    Ok(Outcome {
        names: names.unwrap_or_default(),
        figures,
        packages,
        unmapped,
        data_standard,
        refused: (!refused.is_empty()).then_some(refused),
        notices,
        read_rows,
    })
}

/// Where each package of a plan goes; nowhere when nothing is written.
fn targets(plan: &Plan, outputs: Outputs<'_>) -> Result<Vec<PathBuf>, PackageError> {
    let Some(at) = outputs.package else { return Ok(Vec::new()) };
    let targets: Vec<PathBuf> = plan.editions.iter().map(|edition| at(edition.version)).collect();
    match (1..targets.len()).find(|&n| targets[..n].contains(&targets[n])) {
        Some(n) => Err(PackageError::Setting {
            reason: format!("two packages of one run would be {}", targets[n].display()),
            remedy: "give each its own path",
        }),
        None => Ok(targets),
    }
}

/// Gives everything that a run has written its name; packages keep their numbers.
fn publish(
    pending: Vec<(usize, PendingPackage, Option<PendingTables>)>,
) -> Result<Vec<(usize, Written)>, PipelineError> {
    let mut published: Vec<PathBuf> = Vec::new();
    let failed = |error, published: &[PathBuf]| match published.is_empty() {
        true => PipelineError::Package(error),
        false => PipelineError::Partly { published: published.to_vec(), error },
    };
    let mut tables = Vec::new();
    let mut written = Vec::new();
    for (n, package, own_tables) in pending {
        let package = package.publish().map_err(|error| failed(error, &published))?;
        published.push(package.path.clone());
        written.push((n, package));
        tables.extend(own_tables);
    }
    for tables in tables {
        let outcome = tables.publish(&mut published);
        outcome.map_err(|error| failed(error, &published))?;
    }
    Ok(written)
}

/// The tables of the source that a plan reads.
fn resolved(source: &dyn Source, plan: &Plan) -> Result<Resolved, SourceError> {
    let wanted = staging::wanted(&plan.mapping);
    Ok(edfi::resolve(source.catalog(), plan.data_standard.as_deref(), &wanted)?)
}

fn read(
    source: &dyn Source,
    plan: &Plan,
    spooling: Option<&Spooling>,
    progress: &dyn Progress,
) -> Result<(Staged, Notices), PipelineError> {
    let resolved = resolved(source, plan)?;
    let requests: Vec<_> = resolved.tables.iter().map(|table| table.request(plan.school_year)).collect();
    source.check(&requests)?;
    progress.expect(&mut requests.iter().map(|request| source.catalog().expectation(&request.table)));
    progress.stage("reading");
    let (mut staged, notices) = staging::stage(source, &resolved, plan.school_year, spooling, progress)?;
    staged.forget_keys();
    Ok((staged, notices))
}

/// The school year that `active_school_year = "auto"` means on a day: the latest with sections that has begun, or begins
/// within some days.
///
/// # Errors
/// What the source refuses; the inner error when no year has begun.
pub fn current_year(
    source: &dyn Source,
    plan: &Plan,
    rollover_days: u16,
) -> Result<Result<CurrentYear, NoSchoolYear>, SourceError> {
    let standard = edfi::detect(source.catalog(), plan.data_standard.as_deref())?;
    let found = years::current(&years::count(source, standard, &plan.scope)?, plan.as_of, rollover_days);
    Ok(found.map_err(|error| match error {
        NoSchoolYear::Empty if plan.scope.chooses_organizations() => NoSchoolYear::EmptyChoice,
        error => error,
    }))
}

/// What became of a table of ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdTable {
    /// It was written.
    Written {
        /// Its rows.
        rows: u64,
        /// Courses that shared an old id with another and are not in the table.
        parted_courses: Vec<String>,
    },
    /// Nothing was written, for these reasons.
    Refused(Vec<String>),
}

/// Writes the table that leads from the ids of the plan's scheme to those of another (see [`crate::id_migration`]), for the
/// rows that the package of this version would have. Nothing is written when it is refused.
///
/// # Errors
/// [`PipelineError`].
pub fn migrate_ids(
    source: &dyn Source,
    crosswalks: &Crosswalks,
    plan: &Plan,
    version: Version,
    to: IdScheme,
    out: &mut dyn Write,
    progress: &dyn Progress,
) -> Result<IdTable, PipelineError> {
    let (mut staged, notices) = read(source, plan, None, progress)?;
    // What the source lacks is no reason to refuse, and said by the export.
    drop(notices);
    let mut new_plan = plan.clone();
    new_plan.mapping.id_scheme = to;
    // A loser of the new scheme would be a row whose old id leads nowhere.
    new_plan.mapping.on_id_collision = OnIdCollision::Refuse;
    let facts = std::mem::take(&mut staged.facts);
    let mut refused = Vec::new();
    let mut closed = |plan: &Plan, facts: Facts| -> Result<(Roster, Gradebook), PipelineError> {
        progress.stage("mapping");
        let extensions = extensions::parse(&plan.mapping.demographic_extensions)?;
        let (mut roster, mut notices) =
            roster::build(plan, &staged, facts, crosswalks, extensions, Notices::new());
        progress.stage("checking");
        closure::close(plan, &staged, &mut roster, &mut notices);
        let (gradebook, of_gradebook) = Gradebook::build(plan, version, &staged, &roster, crosswalks);
        notices.merge(of_gradebook);
        closure::close_gradebook(plan, &staged, &roster, &gradebook, &mut notices);
        let scheme = plan.mapping.id_scheme.word();
        refused.extend(
            refusal(&notices, plan.judging.deny)
                .into_iter()
                .map(|reason| format!("under id scheme {scheme}: {reason}")),
        );
        Ok((roster, gradebook))
    };
    let (new_roster, new_gradebook) = {
        let (mut roster, gradebook) = closed(&new_plan, facts.clone())?;
        // Its enrollments were checked; they are written from the other side.
        roster.facts = Facts::default();
        (roster, gradebook)
    };
    let (old_roster, old_gradebook) = closed(plan, facts)?;
    if !refused.is_empty() {
        return Ok(IdTable::Refused(refused));
    }
    progress.stage("comparing");
    let migration = IdMigration::new(
        version,
        Side::new(plan, &staged, &old_roster, &old_gradebook),
        Side::new(&new_plan, &staged, &new_roster, &new_gradebook),
    );
    let conflicts = migration.conflicts();
    if !conflicts.is_empty() {
        return Ok(IdTable::Refused(conflicts));
    }
    progress.stage("writing");
    Ok(IdTable::Written { rows: migration.write(out)?, parted_courses: migration.parted_courses() })
}

/// A file that was written, as one that was measured.
fn measured(file: &WrittenFile) -> MeasuredFile {
    let WrittenFile { file, rows, csv_bytes, crc32, ref fill, .. } = *file;
    MeasuredFile { file, rows, csv_bytes, crc32, fill: fill.clone() }
}

fn unmapped(value: &roster::answers::Unmapped) -> Unmapped {
    let seed = SEEDS.iter().find(|seed| seed.file == value.seed);
    Unmapped {
        seed: value.seed.clone(),
        column: seed.and_then(|s| s.keys.first()).copied().unwrap_or_default().to_owned(),
        value: value.value.clone(),
        count: value.count,
    }
}
