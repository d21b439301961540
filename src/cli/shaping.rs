//! The flags that shape a package, for verbs that map as `export` does but write none.
//!
//! In: [`ShapingArgs`]. Out: the [`ExportArgs`] of the export that is meant, which knows what they are called in the
//! table of settings. Where a package goes, and how it is reported, is `export`'s alone.

use clap::Args;

use super::export::ExportArgs;
use super::source::SourceArgs;

/// Flags of an export that is not written.
#[derive(Debug, Default, Args)]
pub struct ShapingArgs {
    /// Where the ODS is
    #[command(flatten)]
    pub source: SourceArgs,
    /// Tenant code: starts every id
    #[arg(long, value_name = "CODE")]
    pub tenant: Option<String>,
    /// School year, named by the year in which it ends
    #[arg(long, value_name = "YEAR")]
    pub school_year: Option<String>,
    /// The day on which the packages are true [default: today]
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<String>,
    /// OneRoster version, which decides files and columns [default: 1.1]
    #[arg(long, value_name = "VERSION")]
    pub oneroster: Option<String>,

    /// Also the rows of demographics.csv
    #[arg(long, help_heading = "What is exported")]
    pub demographics: bool,
    /// Also the parents and contacts of exported students
    #[arg(long, help_heading = "What is exported")]
    pub parents: bool,
    /// Only these local education agencies, with their schools
    #[arg(long, value_name = "ID,...", help_heading = "What is exported")]
    pub lea: Option<String>,
    /// Only these schools
    #[arg(long, value_name = "ID,...", help_heading = "What is exported")]
    pub school: Option<String>,
    /// Only these OneRoster files
    #[arg(long, value_name = "users,orgs,...", help_heading = "What is exported")]
    pub files: Option<String>,
    /// Which associations count by date: not-ended, current or year [default: not-ended]
    #[arg(long, value_name = "WHICH", help_heading = "What is exported")]
    pub include: Option<String>,

    /// Folder of crosswalk seeds that replace the built-in ones
    #[arg(long, value_name = "DIR", help_heading = "How it is mapped")]
    pub seeds: Option<String>,
    /// What natural keys start with before they are hashed [default: the tenant code]
    #[arg(long, value_name = "PREFIX", help_heading = "How it is mapped")]
    pub id_prefix: Option<String>,
    /// End dates as OneRoster defines them or as Ed-Fi stores them: exclusive or inclusive [default: exclusive]
    #[arg(long, value_name = "WHICH", help_heading = "How it is mapped")]
    pub end_dates: Option<String>,
    /// Any setting of `export` by its name; may be repeated
    #[arg(long, value_name = "NAME=VALUE", help_heading = "How it is mapped")]
    pub set: Vec<String>,

    /// Threads [default: one per core]
    #[arg(long, value_name = "N", help_heading = "How it runs")]
    pub threads: Option<String>,
    /// No progress; errors are still told
    #[arg(short, long, help_heading = "How it runs")]
    pub quiet: bool,
}

impl ShapingArgs {
    /// The export that is meant.
    pub(super) fn export(&self) -> ExportArgs {
        ExportArgs {
            source: self.source.clone(),
            tenant: self.tenant.clone(),
            school_year: self.school_year.clone(),
            as_of: self.as_of.clone(),
            oneroster: self.oneroster.clone(),
            dry_run: true,
            demographics: self.demographics,
            parents: self.parents,
            lea: self.lea.clone(),
            school: self.school.clone(),
            files: self.files.clone(),
            include: self.include.clone(),
            seeds: self.seeds.clone(),
            id_prefix: self.id_prefix.clone(),
            end_dates: self.end_dates.clone(),
            set: self.set.clone(),
            threads: self.threads.clone(),
            quiet: self.quiet,
            ..ExportArgs::default()
        }
    }
}
