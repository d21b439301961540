//! The road from a source to a package: the only module that knows every stage.
//!
//! In: an open source, crosswalks, a frozen plan and a target. Out: an [`Outcome`], or the error that ended the
//! run. A package is written only when no notice breaks the specification; otherwise the outcome says why not,
//! and whatever stood at the target still does.

use std::io::Write;
use std::path::Path;

use crate::closure;
use crate::config::extensions::{self, ExtensionError};
use crate::config::plan::{IdScheme, OnIdCollision, Plan};
use crate::crosswalk::Crosswalks;
use crate::crosswalk::seed::SEEDS;
use crate::edfi;
use crate::emit::{self, Emitter, NoRule};
use crate::id_migration::{IdMigration, Side};
use crate::notice::{Code, Notices, Severity};
use crate::package::{self, PackageError, Written};
use crate::progress::Progress;
use crate::roster::{self, Roster};
use crate::source::{Source, SourceError};
use crate::spec::File;
use crate::staging::facts::Facts;
use crate::staging::{self, Staged};

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

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// The package; `None` when refused or dry.
    pub written: Option<Written>,
    /// Rows per file that the package has, or would have.
    pub files: Vec<(File, u64)>,
    /// What is wrong with, or worth knowing about, the data.
    pub notices: Notices,
    /// Crosswalk values in use that no seed knows.
    pub unmapped: Vec<Unmapped>,
    /// Data standard that was detected or named.
    pub data_standard: &'static str,
    /// Why the package is refused, if it is.
    pub refused: Option<Vec<String>>,
    /// Rows read from the source.
    pub read_rows: u64,
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

/// What an export writes.
#[derive(Debug, Clone, Copy)]
pub struct Outputs<'a> {
    /// The package; without it nothing is written, but all else is done.
    pub package: Option<&'a Path>,
    /// The folder of the warehouse's tables, which are written along with a package.
    pub tables: Option<&'a Path>,
}

/// Reads, maps, closes and writes a package. Without a target nothing is written, but all else is done.
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
    let outputs = Outputs { package: target, tables: None };
    export_to(source, crosswalks, plan, outputs, progress)
}

/// Reads, maps, closes and writes a package and the tables of a warehouse. The tables get their names when the
/// package has its own.
///
/// # Errors
/// [`PipelineError`]; the outputs are then as they were, unless it is about naming the tables.
pub fn export_to(
    source: &dyn Source,
    crosswalks: &Crosswalks,
    plan: &Plan,
    outputs: Outputs<'_>,
    progress: &dyn Progress,
) -> Result<Outcome, PipelineError> {
    let extensions = extensions::parse(&plan.mapping.demographic_extensions)?;
    let (mut staged, notices) = read(source, plan, progress)?;
    progress.stage("mapping");
    let facts = std::mem::take(&mut staged.facts);
    let (mut roster, mut notices) = roster::build(plan, &staged, facts, crosswalks, extensions, notices);
    progress.stage("checking");
    closure::close(plan, &staged, &mut roster, &mut notices);

    let emitter = Emitter::new(plan, &staged, &roster);
    let tables = emitter.tables(&mut notices)?;
    let mut outcome = Outcome {
        written: None,
        files: Vec::new(),
        unmapped: roster.unmapped.iter().map(unmapped).collect(),
        data_standard: staged.standard,
        refused: refusal(&notices),
        notices,
        read_rows: staged.rows,
    };
    let told = |file: File, rows: u64, bytes: u64| progress.written(file.name(), rows, bytes);
    match outputs.package.filter(|_| outcome.refused.is_none()) {
        Some(target) => {
            progress.stage("writing");
            let options = package::Options {
                version: plan.version,
                compression: plan.compression,
                stamp: plan.as_of,
                system_name: plan.system_name.clone(),
                system_code: plan.system_code.clone(),
                references: true,
            };
            let pending = outputs
                .tables
                .map(|folder| package::write_tables(folder, &tables, plan.version, &plan.tenant))
                .transpose()?;
            let written = package::write(target, &tables, &options, &told)?;
            pending.map(package::PendingTables::publish).transpose()?;
            outcome.files = written.files.iter().map(|f| (f.file, f.rows)).collect();
            outcome.written = Some(written);
        }
        None => {
            progress.stage("counting");
            let measured = package::measure(&tables, plan.version, &told)?;
            outcome.files = measured.iter().map(|f| (f.file, f.rows)).collect();
        }
    }
    Ok(outcome)
}

fn read(
    source: &dyn Source,
    plan: &Plan,
    progress: &dyn Progress,
) -> Result<(Staged, Notices), PipelineError> {
    let wanted = staging::wanted(&plan.mapping);
    let resolved =
        edfi::resolve(source.catalog(), plan.data_standard.as_deref(), &wanted).map_err(SourceError::from)?;
    let requests: Vec<_> = resolved.tables.iter().map(|table| table.request(plan.school_year)).collect();
    source.check(&requests)?;
    progress.stage("reading");
    Ok(staging::stage(source, &resolved, plan.school_year, progress)?)
}

/// What became of a table of ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdTable {
    /// It was written, with so many rows.
    Written(u64),
    /// Nothing was written, for these reasons.
    Refused(Vec<String>),
}

/// Writes the table that leads from the ids of the plan's scheme to those of another (see [`crate::id_migration`]), for the
/// rows that an export with this plan would write. Nothing is written when it is refused.
///
/// # Errors
/// [`PipelineError`].
pub fn migrate_ids(
    source: &dyn Source,
    crosswalks: &Crosswalks,
    plan: &Plan,
    to: IdScheme,
    out: &mut dyn Write,
    progress: &dyn Progress,
) -> Result<IdTable, PipelineError> {
    let (mut staged, notices) = read(source, plan, progress)?;
    // What the source lacks is no reason to refuse, and said by the export.
    drop(notices);
    let mut new_plan = plan.clone();
    new_plan.mapping.id_scheme = to;
    // A loser of the new scheme would be a row whose old id leads nowhere.
    new_plan.mapping.on_id_collision = OnIdCollision::Refuse;
    let facts = std::mem::take(&mut staged.facts);
    let mut refused = Vec::new();
    let mut closed = |plan: &Plan, facts: Facts| -> Result<Roster, PipelineError> {
        progress.stage("mapping");
        let extensions = extensions::parse(&plan.mapping.demographic_extensions)?;
        let (mut roster, mut notices) =
            roster::build(plan, &staged, facts, crosswalks, extensions, Notices::new());
        progress.stage("checking");
        closure::close(plan, &staged, &mut roster, &mut notices);
        let scheme = plan.mapping.id_scheme.word();
        refused.extend(
            refusal(&notices)
                .into_iter()
                .flatten()
                .map(|reason| format!("under id scheme {scheme}: {reason}")),
        );
        Ok(roster)
    };
    let new_roster = {
        let mut roster = closed(&new_plan, facts.clone())?;
        // Its enrollments were checked; they are written from the other side.
        roster.facts = Facts::default();
        roster
    };
    let old_roster = closed(plan, facts)?;
    if !refused.is_empty() {
        return Ok(IdTable::Refused(refused));
    }
    progress.stage("comparing");
    let migration =
        IdMigration::new(Side::new(plan, &staged, &old_roster), Side::new(&new_plan, &staged, &new_roster));
    let conflicts = migration.conflicts();
    if !conflicts.is_empty() {
        return Ok(IdTable::Refused(conflicts));
    }
    progress.stage("writing");
    Ok(IdTable::Written(migration.write(out)?))
}

/// Reasons to refuse: every notice that breaks the specification or would make the package wrong.
fn refusal(notices: &Notices) -> Option<Vec<String>> {
    let reasons: Vec<String> = notices
        .iter()
        .filter(|(code, _, _)| code.severity == Severity::Error)
        .map(|(code, cause, tally)| match tally.count {
            1 => format!("{}: {cause}", code.code),
            count => format!("{}: {cause} ({count} times)", code.code),
        })
        .collect();
    (!reasons.is_empty()).then_some(reasons)
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
