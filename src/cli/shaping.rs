//! The flags that shape a package, for `export` and for verbs that map as it does but write none.
//!
//! In: [`ShapingArgs`], the environment, and `rosterpack.toml`. Out: [`Overrides`], under the names of the table of
//! settings. Where a package goes, and how it is reported, is `export`'s alone.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;

use super::source::SourceArgs;
use crate::config::alliance::Alliance;
use crate::config::text::Kind;
use crate::config::{ConfigError, ConfigFile, Overrides};

/// The file that is read when it is there and none is named.
pub const FILE: &str = "rosterpack.toml";

/// The variable that names another one.
pub const VARIABLE: &str = "ROSTERPACK_CONFIG";

/// The configuration file, and what of it is asked for.
#[derive(Debug, Clone, Default, Args)]
pub struct FileArgs {
    /// Configuration file [default: ROSTERPACK_CONFIG, else rosterpack.toml in this folder]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Profile of the configuration file: what one delivery is
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
}

impl FileArgs {
    /// The file that holds for this call, with everything that it includes; `None` when there is none. The sample needs
    /// none: it takes one only when a flag says so.
    ///
    /// # Errors
    /// Every fault of the file.
    pub fn load(
        &self,
        sample: bool,
        environment: &[(OsString, OsString)],
    ) -> Result<Option<ConfigFile>, Vec<ConfigError>> {
        let variable = environment.iter().find(|(name, value)| name == VARIABLE && !value.is_empty());
        let named = self.config.clone().or_else(|| variable.map(|(_, value)| PathBuf::from(value)));
        let path = match (named, &self.profile) {
            _ if sample && self.config.is_none() && self.profile.is_none() => return Ok(None),
            (Some(path), _) => path,
            (None, _) if Path::new(FILE).exists() => PathBuf::from(FILE),
            (None, None) => return Ok(None),
            (None, Some(_)) => {
                return Err(vec![ConfigError::Malformed {
                    label: "--profile".into(),
                    reason: format!("there is no {FILE} in this folder"),
                    remedy: "name the file that has the profile: --config FILE".into(),
                }]);
            }
        };
        ConfigFile::load(&path, &|path| std::fs::read_to_string(path)).map(Some)
    }

    /// The file, or what stands in for it, with the tenants of the Alliance's variables. These serve only where no flag and no
    /// variable of ours says where the ODS is.
    ///
    /// # Errors
    /// Every fault of the file, or of these variables.
    pub(super) fn with_tenants(
        &self,
        sample: bool,
        environment: &[(OsString, OsString)],
        overrides: &Overrides,
    ) -> Result<Option<ConfigFile>, Vec<ConfigError>> {
        let file = self.load(sample, environment)?;
        if sample || overrides.names_place() {
            return Ok(file);
        }
        let alliance = Alliance::read(environment)?;
        match file {
            None if alliance == Alliance::default() => Ok(None),
            file => Ok(Some(file.unwrap_or_default().with_alliance(alliance))),
        }
    }

    /// Puts what the file says into the layers; last, because it asks what the others say.
    pub fn apply(&self, sample: bool, environment: &[(OsString, OsString)], overrides: &mut Overrides) {
        match self.with_tenants(sample, environment, overrides) {
            Ok(Some(file)) => overrides.file(&file, self.profile.as_deref()),
            // A consumer's profile needs no file.
            Ok(None) if overrides.has("consumer") => overrides.file(&ConfigFile::default(), None),
            Ok(None) => {}
            Err(faults) => overrides.no_file(faults),
        }
    }
}

/// What is exported and how it is mapped. Values are text here: the table of settings parses them, as it does for `--set`.
#[derive(Debug, Clone, Default, Args)]
pub struct ShapingArgs {
    /// Where it is configured
    #[command(flatten)]
    pub file: FileArgs,
    /// Where the ODS is
    #[command(flatten)]
    pub source: SourceArgs,
    /// Tenant code: starts every id and names the package; or a tenant of the configuration file; for `export` also
    /// several of them: all, or a pattern such as 'north-*'
    #[arg(long, value_name = "CODE")]
    pub tenant: Option<String>,
    /// School year, named by the year in which it ends
    #[arg(long, value_name = "YEAR")]
    pub school_year: Option<String>,
    /// The day on which the package is true [default: today]
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<String>,
    /// OneRoster version: 1.1, 1.2 or 1.2.0; `export` takes several and writes a package each [default: 1.1]
    #[arg(long, value_name = "VERSION,...")]
    pub oneroster: Option<String>,

    /// Who reads the package: take over the settings that follow from what is known of them (`rosterpack profiles list`)
    #[arg(long, value_name = "NAME", help_heading = "What is exported")]
    pub consumer: Option<String>,
    /// Write demographics.csv: birth date, sex, race
    #[arg(long, help_heading = "What is exported")]
    pub demographics: bool,
    /// Export the parents and contacts of exported students
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
    /// Any setting by its name; may be repeated (`export --help` lists all settings)
    #[arg(long, value_name = "NAME=VALUE", help_heading = "How it is mapped")]
    pub set: Vec<String>,

    /// Threads; the package is the same whatever the number [default: one per core]
    #[arg(long, value_name = "N", help_heading = "How it runs")]
    pub threads: Option<String>,
    /// Set by those who run several exports at once: their progress would be one heap.
    #[arg(skip)]
    pub unwatched: bool,
    /// No progress and no summary; errors are still told
    #[arg(short, long, help_heading = "How it runs")]
    pub quiet: bool,
}

impl ShapingArgs {
    /// What the user gave, in all layers.
    pub(super) fn overrides(&self, environment: impl IntoIterator<Item = (OsString, OsString)>) -> Overrides {
        let environment: Vec<(OsString, OsString)> = environment.into_iter().collect();
        let mut overrides = self.spoken(&environment);
        self.file.apply(self.source.sample, &environment, &mut overrides);
        overrides
    }

    /// What the user gave but for the file.
    fn spoken(&self, environment: &[(OsString, OsString)]) -> Overrides {
        let mut overrides = Overrides::new();
        overrides.environment(environment.iter().cloned());
        self.source.apply(&mut overrides);
        for argument in &self.set {
            overrides.set(argument);
        }
        for (name, value) in [
            ("tenant", &self.tenant),
            ("active_school_year", &self.school_year),
            ("as_of", &self.as_of),
            ("oneroster", &self.oneroster),
            ("consumer", &self.consumer),
            ("leas", &self.lea),
            ("schools", &self.school),
            ("files", &self.files),
            ("include", &self.include),
            ("seeds", &self.seeds),
            ("id_prefix", &self.id_prefix),
            ("end_dates", &self.end_dates),
            ("threads", &self.threads),
        ] {
            overrides.flag(name, value.as_deref());
        }
        overrides.switch("demographics", self.demographics);
        overrides.switch("include_parents", self.parents);
        overrides
    }

    /// Names of the tenants that are configured, in order.
    ///
    /// # Errors
    /// Every fault of the file, or of the Alliance's variables.
    pub(super) fn tenants(
        &self,
        environment: &[(OsString, OsString)],
    ) -> Result<Vec<String>, Vec<ConfigError>> {
        let file = self.file.with_tenants(self.source.sample, environment, &self.spoken(environment))?;
        Ok(file.map(|file| file.names(Kind::Tenant)).unwrap_or_default())
    }

    /// Required settings that a run needs, wherever its package goes.
    pub(super) fn demanded(&self) -> Vec<&'static str> {
        let mut demanded = vec!["tenant", "active_school_year"];
        if !self.source.sample {
            demanded.push("place");
        }
        demanded
    }
}
