//! The one table of settings: what can be configured, what each accepts, and where it goes.
//!
//! In: nothing. Out: [`SETTINGS`], which serves `--set`, the environment, the flags, the reference page
//! `docs/reference/configuration.md` and later the profile file. A setting that stands here works everywhere;
//! a field of [`Mapping`] that no setting reaches fails a test.

use std::path::PathBuf;

use super::connection::Connection;
use super::plan::{Edition, Form as PackageForm, Judging, Mapping, Scope};
use super::publish::Publish;
use super::values::{MemoryLimit, Parsed};
use crate::day::Day;

mod table;

pub use table::SETTINGS;

/// A plan in the making: the defaults, overwritten by one setting after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub(super) tenant: Option<String>,
    pub(super) connection_name: Option<String>,
    pub(super) school_year: Option<Year>,
    pub(super) rollover_days: u16,
    pub(super) as_of: Option<Day>,
    pub(super) editions: Vec<Edition>,
    pub(super) threads: Option<usize>,
    pub(super) parallel_tenants: usize,
    pub(super) memory_limit: MemoryLimit,
    pub(super) place: Option<String>,
    pub(super) admin_connection: Option<String>,
    pub(super) connection: Connection,
    pub(super) data_standard: Option<String>,
    pub(super) seeds: Option<PathBuf>,
    pub(super) scope: Scope,
    pub(super) mapping: Mapping,
    pub(super) id_prefix: Option<String>,
    pub(super) compression: u32,
    pub(super) system_name: String,
    pub(super) system_code: Option<String>,
    pub(super) out: Option<PathBuf>,
    pub(super) judging: Judging,
    pub(super) form: PackageForm,
    pub(super) report: Option<PathBuf>,
    pub(super) report_names: bool,
    pub(super) compare_with: Option<PathBuf>,
    pub(super) tables: Option<PathBuf>,
    pub(super) tables_format: TablesFormat,
    pub(super) publish: Publish,
}

impl Default for Draft {
    fn default() -> Draft {
        Draft {
            tenant: None,
            connection_name: None,
            school_year: None,
            rollover_days: 0,
            as_of: None,
            editions: vec![Edition::ALL[0].1],
            threads: None,
            parallel_tenants: 1,
            memory_limit: MemoryLimit::default(),
            place: None,
            admin_connection: None,
            connection: Connection::default(),
            data_standard: None,
            seeds: None,
            scope: Scope::default(),
            mapping: Mapping::default(),
            id_prefix: None,
            compression: 3,
            system_name: "rosterpack".into(),
            system_code: None,
            out: None,
            judging: Judging::default(),
            form: PackageForm::default(),
            report: None,
            report_names: false,
            compare_with: None,
            tables: None,
            tables_format: TablesFormat::Csv,
            publish: Publish::default(),
        }
    }
}

/// Which school year is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Year {
    /// This one.
    Named(i16),
    /// The current one, which the source knows.
    Auto,
}

/// How the tables of a warehouse are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TablesFormat {
    /// As in the package.
    Csv,
    /// With types; only a build with the feature `polars` can.
    Parquet,
}

/// What holds when nobody says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// This value, in the form in which a user would write it.
    Value(&'static str),
    /// Something that depends on the rest, in words.
    Computed(&'static str),
    /// Nothing: an export cannot do without it.
    Required,
}

/// One thing that can be configured.
#[derive(Debug)]
pub struct Setting {
    /// Section of the profile file and of the environment variable.
    pub section: &'static str,
    /// Name, unique over all sections.
    pub name: &'static str,
    /// Flag of `export` that sets it, if there is one.
    pub flag: Option<&'static str>,
    /// What it accepts; words that stand for themselves are in backticks.
    pub accepts: &'static str,
    /// What holds by default.
    pub default: Standing,
    /// A valid value that is not the default.
    pub example: &'static str,
    /// What it does, one or two sentences.
    pub doc: &'static str,
    /// Parses a value into the draft.
    pub put: fn(&mut Draft, &str) -> Parsed<()>,
}

impl Setting {
    /// The environment variable that sets it.
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}__{}", self.section.to_uppercase(), self.name.to_uppercase())
    }

    /// Whether its value may hold a secret and is therefore never repeated.
    pub fn secret(&self) -> bool {
        matches!(
            self.name,
            "place"
                | "admin_connection"
                | "password_command"
                | "encryption_key_command"
                | "sftp_password_command"
                | "s3_secret_key_command"
                | "passphrase_command"
                | "deliver_to"
                | "on_success"
                | "on_refused"
                | "on_held"
                | "on_failure"
        )
    }

    /// The name of its flag as a key: it answers to that too, as in `school_year`.
    pub fn short_name(&self) -> Option<String> {
        let key = self.flag?.trim_start_matches('-').replace('-', "_");
        (key != self.name).then_some(key)
    }

    /// Whether it says where the ODS is: as itself, or by way of EdFi_Admin.
    pub fn is_address(&self) -> bool {
        matches!(self.name, "place" | "admin_connection")
    }

    /// Whether its value names a file or folder. Where the ODS is may be an address instead.
    pub fn is_path(&self, value: &str) -> bool {
        match self.name {
            "place" => !value.contains("://") && !value.contains('=') && !value.starts_with("synth:"),
            "seeds"
            | "ssl_root_cert"
            | "ssl_cert"
            | "ssl_key"
            | "password_file"
            | "encryption_key_file"
            | "out"
            | "report"
            | "compare_with"
            | "tables"
            | "archive"
            | "metrics"
            | "identity"
            | "known_hosts"
            | "passphrase_file"
            | "sftp_password_file"
            | "s3_secret_key_file" => true,
            _ => false,
        }
    }

    /// Whether it decides what of a person leaves the building. In a file only a profile may say so: each delivery for
    /// itself, nothing for all.
    pub fn private(&self) -> bool {
        matches!(
            self.name,
            "include_parents"
                | "middle_names"
                | "phones"
                | "demographics"
                | "demographic_extensions"
                | "natural_key"
                | "allowed_id_systems"
                | "position_title"
        )
    }

    /// Whether it speaks of all tenants of a call at once, so that the table of one has no say in it.
    pub fn of_all_tenants(&self) -> bool {
        self.name == "parallel_tenants"
    }

    /// What holds in a run with a profile that does not speak of it, where that is not the default.
    pub fn profile_default(&self) -> Option<&'static str> {
        matches!(self.name, "middle_names" | "phones" | "natural_key").then_some("false")
    }

    /// What its values look like, as [`Setting::accepts`] says it.
    pub fn form(&self) -> Form {
        let words: Vec<&'static str> = self.accepts.split('`').skip(1).step_by(2).collect();
        let numbers = ["a whole number from ", "a year from ", "seconds from ", "milliseconds from "];
        if let Some(rest) = numbers.iter().find_map(|opening| self.accepts.strip_prefix(opening)) {
            let mut bounds = rest.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok());
            if let (Some(least), Some(most)) = (bounds.next(), bounds.next()) {
                return Form::Whole { least, most, words };
            }
        }
        match () {
            () if self.accepts.starts_with("a list of ") => Form::List,
            () if words == ["true", "false"] => Form::Switch,
            () if self.accepts.starts_with('`') => Form::Word(words),
            () => Form::Text,
        }
    }

    /// Whether it shapes the package, so that the report lists it; the rest are places and facts of the run.
    pub fn shapes_package(&self) -> bool {
        matches!(self.section, "scope" | "mapping" | "package")
    }
}

/// What the values of a setting look like: how a file may write them, and what an editor is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// `true` or `false`.
    Switch,
    /// A whole number, or one of some words.
    Whole {
        /// The least.
        least: i64,
        /// The most.
        most: i64,
        /// What is accepted besides.
        words: Vec<&'static str>,
    },
    /// One of some words.
    Word(Vec<&'static str>),
    /// Several texts or numbers.
    List,
    /// Anything else.
    Text,
}

impl PartialEq for Setting {
    fn eq(&self, other: &Setting) -> bool {
        self.name == other.name
    }
}

impl Eq for Setting {}

/// What the environment variables of all settings start with.
pub const PREFIX: &str = "ROSTERPACK__";

/// The setting of this name, or of the flag of this name; `section.name` is accepted too.
pub fn find(name: &str) -> Option<&'static Setting> {
    let (section, bare) = name.split_once('.').map_or((None, name), |(section, rest)| (Some(section), rest));
    let there = |s: &&Setting| section.is_none_or(|section| s.section == section);
    let named = SETTINGS.iter().filter(there).find(|s| s.name == bare);
    named.or_else(|| SETTINGS.iter().filter(there).find(|s| s.short_name().as_deref() == Some(bare)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Top-level fields of a struct's pretty debug form, with their text.
    fn fields(of: &impl std::fmt::Debug) -> Vec<(String, String)> {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in format!("{of:#?}").lines() {
            let own = line.strip_prefix("    ").filter(|l| l.starts_with(|c: char| c.is_ascii_lowercase()));
            match own.and_then(|l| l.split_once(": ")) {
                Some((name, value)) => fields.push((name.to_owned(), value.to_owned())),
                None => {
                    if let Some((_, value)) = fields.last_mut() {
                        value.push_str(line);
                    }
                }
            }
        }
        fields
    }

    fn changed(before: &impl std::fmt::Debug, after: &impl std::fmt::Debug) -> Vec<String> {
        let (before, after) = (fields(before), fields(after));
        assert_eq!(before.len(), after.len());
        let pairs = before.into_iter().zip(after);
        pairs.filter(|(a, b)| a != b).map(|(a, _)| a.0).collect()
    }

    #[test]
    fn every_mapping_field_has_its_own_setting() {
        let mut reached = BTreeSet::new();
        for setting in SETTINGS {
            let mut draft = Draft::default();
            (setting.put)(&mut draft, setting.example).unwrap();
            let changed = changed(&Mapping::default(), &draft.mapping);
            assert!(changed.len() <= 1, "{} changes {changed:?}", setting.name);
            if let Some(field) = changed.first() {
                assert_eq!(field, setting.name, "a setting and its field share one name");
                assert_eq!(setting.section, "mapping");
            }
            reached.extend(changed);
        }
        let all: BTreeSet<String> = fields(&Mapping::default()).into_iter().map(|f| f.0).collect();
        assert!(all.len() > 25, "the fields are really read: {all:?}");
        assert_eq!(reached, all);
    }

    #[test]
    fn examples_change_something_and_defaults_nothing() {
        for setting in SETTINGS {
            let mut draft = Draft::default();
            (setting.put)(&mut draft, setting.example).unwrap_or_else(|e| panic!("{}: {e}", setting.name));
            assert_ne!(draft, Draft::default(), "{}", setting.name);
            if let Standing::Value(value) = setting.default {
                let mut draft = Draft::default();
                (setting.put)(&mut draft, value).unwrap_or_else(|e| panic!("{}: {e}", setting.name));
                assert_eq!(draft, Draft::default(), "{}", setting.name);
            }
        }
    }

    #[test]
    fn words_that_are_shown_are_accepted_and_others_are_not() {
        for setting in SETTINGS {
            let words: Vec<&str> = setting.accepts.split('`').skip(1).step_by(2).collect();
            for word in &words {
                (setting.put)(&mut Draft::default(), word)
                    .unwrap_or_else(|e| panic!("{}: {e}", setting.name));
            }
            if !words.is_empty() {
                assert!((setting.put)(&mut Draft::default(), "nonsense").is_err(), "{}", setting.name);
            }
        }
    }

    #[test]
    fn names_are_unique_and_documented() {
        let names: BTreeSet<_> = SETTINGS.iter().map(|s| s.name).collect();
        assert_eq!(names.len(), SETTINGS.len());
        let flags: BTreeSet<_> = SETTINGS.iter().filter_map(|s| s.flag).collect();
        assert_eq!(flags.len(), SETTINGS.iter().filter(|s| s.flag.is_some()).count());
        for setting in SETTINGS {
            assert!(setting.doc.ends_with('.'), "{}", setting.name);
            assert!(std::ptr::eq(find(setting.name).unwrap(), setting));
            assert!(std::ptr::eq(find(&format!("{}.{}", setting.section, setting.name)).unwrap(), setting));
        }
        let accepts = find("demographic_extensions").unwrap().accepts;
        for attribute in super::super::extensions::plain_names().chain(super::super::extensions::FAMILIES) {
            assert!(accepts.contains(attribute), "{attribute}");
        }
    }
}
