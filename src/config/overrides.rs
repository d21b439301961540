//! What the user gave, in layers, and the frozen run that comes of it.
//!
//! In: `rosterpack.toml` and the profile of a consumer, environment variables `ROSTERPACK__SECTION__KEY`, `--set NAME=VALUE`,
//! flags, and today's date. Out: a [`Run`], or every fault that was found, each naming the place where the user wrote it, what is accepted
//! and what to do. Flags win over `--set`, that over the environment, that over the file, that over the defaults; a
//! value that is overridden is checked all the same. Nothing is read here: `main` hands the environment and the day in.

use std::ffi::OsString;
use std::path::PathBuf;

use super::connection::Admin;
use super::error::ConfigError;
use super::file::{Asked, ConfigFile, Settled};
use super::plan::Plan;
use super::publish;
use super::run::{Choice, Origin, Run};
use super::settings::{self, Draft, PREFIX, SETTINGS, Setting, Standing, Year};
use super::text::{Entry, Kind};
use super::values::nearest;
use crate::day::Day;
use crate::secret::Secret;

/// A value that somebody gave for a setting.
#[derive(Debug)]
struct Given {
    setting: &'static Setting,
    value: String,
    origin: Origin,
    /// How the user wrote it, for messages.
    label: String,
}

/// Where the value of a private setting comes from when a profile does not speak of it.
const PRIVATE: &str = "default of profiles";

/// What holds for a setting, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The setting.
    pub setting: &'static Setting,
    /// Its value as a user would write it, `***` in place of a secret; `None` when nobody gave one and the default
    /// depends on the rest.
    pub value: Option<String>,
    /// The layer.
    pub origin: Origin,
    /// How and where it was written: a flag, a variable, `file:line`. `None` for a default that holds always.
    pub label: Option<String>,
}

/// Everything that the user gave, and every fault in it.
#[derive(Debug, Default)]
pub struct Overrides {
    given: Vec<Given>,
    faults: Vec<ConfigError>,
    /// Settings whose value was refused before it was parsed: they are not missing.
    refused: Vec<&'static str>,
    /// The profile of the file, if one was named.
    profile: Option<String>,
    /// EdFi_Admin as the Alliance's variables name it.
    admin: Option<Admin>,
}

impl Overrides {
    /// Nothing given yet.
    pub fn new() -> Overrides {
        Overrides::default()
    }

    fn give(&mut self, setting: &'static Setting, value: String, origin: Origin, label: String) {
        if self.given.iter().any(|g| g.origin == origin && g.setting.name == setting.name) {
            self.faults.push(ConfigError::Twice { label, name: setting.name });
        } else if setting.is_address() && origin >= Origin::Set && holds_password(&value) {
            self.faults.push(ConfigError::SecretInFlag { label, variable: setting.variable() });
            self.refused.push(setting.name);
        } else {
            self.given.push(Given { setting, value, origin, label });
        }
    }

    /// A setting by its name, or a fault.
    fn named(&mut self, name: &str, label: &str) -> Option<&'static Setting> {
        let setting = settings::find(name);
        if setting.is_none() {
            let bare = name.rsplit('.').next().unwrap_or(name);
            self.faults.push(ConfigError::UnknownSetting {
                label: label.to_owned(),
                name: name.to_owned(),
                nearest: nearest(bare, SETTINGS.iter().map(|s| s.name)).map(str::to_owned),
            });
        }
        setting
    }

    /// The value of a flag that has one; `name` is the setting behind it.
    pub fn flag(&mut self, name: &str, value: Option<&str>) {
        let Some(value) = value else { return };
        if let Some(setting) = self.named(name, name) {
            let label = setting.flag.unwrap_or(setting.name).to_owned();
            self.give(setting, value.to_owned(), Origin::Flag, label);
        }
    }

    /// A value that holds when nobody gave one: for verbs that need less than an export does.
    pub fn stand_in(&mut self, name: &str, value: &str) {
        if let Some(setting) = self.named(name, name) {
            self.give(setting, value.to_owned(), Origin::Default, name.to_owned());
        }
    }

    /// Whether somebody gave a value for this setting.
    pub fn has(&self, name: &str) -> bool {
        self.given.iter().any(|g| g.setting.name == name && g.origin > Origin::Default)
    }

    /// Whether a flag or `--set` gave a value for this setting, not merely the environment.
    pub fn chosen_here(&self, name: &str) -> bool {
        self.given.iter().any(|g| g.setting.name == name && g.origin >= Origin::Set)
    }

    /// What flags and `--set` gave, as it was written, in the order of the table.
    pub fn said_here(&self) -> Vec<(&'static Setting, String)> {
        let strongest = |setting: &Setting| {
            let here = self.given.iter().filter(|g| g.setting == setting && g.origin >= Origin::Set);
            here.max_by_key(|g| g.origin).map(|g| g.value.clone())
        };
        SETTINGS.iter().filter_map(|setting| Some((setting, strongest(setting)?))).collect()
    }

    /// A flag that stands for `true`.
    pub fn switch(&mut self, name: &str, on: bool) {
        self.flag(name, on.then_some("true"));
    }

    /// A fact of the embedded sample.
    pub fn sample(&mut self, name: &str, value: &str) {
        if let Some(setting) = self.named(name, "--sample") {
            self.give(setting, value.to_owned(), Origin::Sample, "--sample".into());
        }
    }

    /// Whether somebody says, more strongly than a file does, where the ODS is.
    pub fn names_place(&self) -> bool {
        let named = |g: &Given| g.setting.is_address() && g.origin > Origin::File;
        let refused = |name: &&str| settings::find(name).is_some_and(Setting::is_address);
        self.given.iter().any(named) || self.refused.iter().any(refused)
    }

    /// What the file says for this run: with the tenant and the connection that were named, and the profile. Comes last,
    /// because it asks what the others say.
    pub fn file(&mut self, file: &ConfigFile, profile: Option<&str>) {
        self.profile = profile.map(str::to_owned);
        let strongest = |name: &str| {
            let named = self.given.iter().filter(|g| g.setting.name == name && g.origin > Origin::File);
            named.max_by_key(|g| g.origin)
        };
        let chosen = |name: &str| strongest(name).map(|g| (g.value.clone(), g.label.clone()));
        // The sample is a tenant of its own.
        let sample = strongest("tenant").is_some_and(|g| g.origin == Origin::Sample);
        let asked = Asked {
            profile: profile.map(|name| (name.to_owned(), "--profile".to_owned())),
            tenant: if sample { None } else { chosen("tenant") },
            connection: chosen("connection"),
            consumer: strongest("consumer").map(|g| g.value.clone()),
            place: self.names_place(),
        };
        let Settled { entries, admin } = match file.settings(&asked) {
            Ok(settled) => settled,
            Err(faults) => return self.no_file(faults),
        };
        if let Some(setting) = settings::find("admin_connection")
            && let Some(admin) = &admin
        {
            let address = admin.address.expose().to_owned();
            self.give(setting, address, Origin::Environment, admin.from.clone());
        }
        self.admin = admin;
        // The name of a tenant chose a table, which says what its code is.
        if asked.tenant.is_some() && !file.names(Kind::Tenant).is_empty() {
            self.given.retain(|g| g.setting.name != "tenant");
        }
        let consumer =
            asked.consumer.is_some() || entries.iter().any(|entry| entry.setting.name == "consumer");
        for Entry { setting, value, at, of_consumer } in entries {
            self.give(setting, value, if of_consumer { Origin::Consumer } else { Origin::File }, at);
        }
        // A package for somebody in particular is a delivery, with or without a profile.
        for setting in SETTINGS.iter().filter(|_| profile.is_some() || consumer) {
            if let Some(value) = setting.profile_default() {
                self.give(setting, value.to_owned(), Origin::Default, PRIVATE.to_owned());
            }
        }
    }

    /// The file cannot be used. What it would have said is not missing besides.
    pub fn no_file(&mut self, faults: Vec<ConfigError>) {
        self.faults.extend(faults);
        self.refused.extend(SETTINGS.iter().map(|setting| setting.name));
    }

    /// Every setting with its value and where that comes from, as far as they are known before a run is frozen.
    pub fn effective(&self) -> Vec<Effective> {
        let strongest = |setting: &Setting| {
            let named = self.given.iter().filter(|g| g.setting == setting);
            named.max_by_key(|g| g.origin)
        };
        let mut all: Vec<Effective> = Vec::new();
        for setting in SETTINGS {
            let given = strongest(setting);
            let value = match (given, setting.default) {
                (Some(given), _) => Some(given.value.clone()),
                (None, Standing::Value(value)) => Some(value.to_owned()),
                (None, _) => None,
            };
            let hidden = match setting.name {
                "place" | "admin_connection" => value.as_deref().is_some_and(holds_password),
                "deliver_to" => value.as_deref().is_some_and(|value| publish::targets(value).is_err()),
                _ => setting.secret() && value.is_some(),
            };
            all.push(Effective {
                setting,
                value: if hidden { Some("***".to_owned()) } else { value },
                origin: given.map_or(Origin::Default, |g| g.origin),
                label: given
                    .filter(|g| g.origin > Origin::Default || g.label == PRIVATE)
                    .map(|g| g.label.clone()),
            });
        }
        all
    }

    /// An argument `NAME=VALUE` of `--set`.
    pub fn set(&mut self, argument: &str) {
        let Some((name, value)) = argument.split_once('=') else {
            return self.faults.push(ConfigError::Malformed {
                label: format!("--set {argument}"),
                reason: "it has no value".into(),
                remedy: "write --set NAME=VALUE".into(),
            });
        };
        let label = format!("--set {name}");
        if let Some(setting) = self.named(name, &label) {
            self.give(setting, value.to_owned(), Origin::Set, label);
        }
    }

    /// Environment variables; those of other programs are passed over.
    pub fn environment(&mut self, variables: impl IntoIterator<Item = (OsString, OsString)>) {
        let mut ours: Vec<(String, OsString)> = variables
            .into_iter()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value))
            .filter(|(name, _)| name.starts_with(PREFIX))
            .collect();
        ours.sort();
        for (variable, value) in ours {
            let Some(setting) = SETTINGS.iter().find(|s| s.variable() == variable) else {
                let known: Vec<String> = SETTINGS.iter().map(Setting::variable).collect();
                self.faults.push(ConfigError::UnknownSetting {
                    label: "environment".into(),
                    nearest: nearest(&variable, known.iter().map(String::as_str)).map(str::to_owned),
                    name: variable,
                });
                continue;
            };
            match value.into_string() {
                Ok(value) => self.give(setting, value, Origin::Environment, variable),
                Err(_) => self.faults.push(ConfigError::Malformed {
                    label: variable,
                    reason: "its value is not UTF-8".into(),
                    remedy: format!("accepted is {}", setting.accepts),
                }),
            }
        }
    }

    /// Freezes everything into a run. `demanded` names the required settings that this run cannot do without.
    ///
    /// # Errors
    /// Every fault of the configuration at once, in the order in which the layers were given.
    pub fn freeze(self, today: Day, demanded: &[&str]) -> Result<Run, Vec<ConfigError>> {
        let Overrides { mut given, mut faults, refused, profile, admin: alliance } = self;
        // Weakest first: whoever comes later overwrites. The sort is stable, and no layer has a setting twice.
        given.sort_by_key(|g| g.origin);
        let mut draft = Draft::default();
        for Given { setting, value, label, .. } in &given {
            if let Err(reason) = (setting.put)(&mut draft, value) {
                faults.push(ConfigError::BadValue {
                    label: label.clone(),
                    value: (!setting.secret()).then(|| value.clone()),
                    reason,
                    accepts: setting.accepts,
                });
            }
        }
        let strongest = |setting: &Setting| given.iter().rfind(|g| g.setting.name == setting.name);
        let given_as = |name: &str| given.iter().rfind(|g| g.setting.name == name);
        let (place, admin) = (given_as("place"), given_as("admin_connection"));
        if let (Some(place), Some(admin)) = (place, admin)
            && place.origin == admin.origin
        {
            faults.push(ConfigError::Malformed {
                label: admin.label.clone(),
                reason: format!("a place is named by {} too", place.label),
                remedy: "keep one of them".into(),
            });
        }
        // Whoever speaks more strongly says where the ODS is.
        let by_admin = admin.filter(|admin| place.is_none_or(|place| place.origin < admin.origin));
        for setting in SETTINGS.iter().filter(|s| s.default == Standing::Required) {
            let absent = strongest(setting).is_none() && !refused.contains(&setting.name);
            let absent = absent && !(setting.is_address() && by_admin.is_some());
            if absent && demanded.contains(&setting.name) {
                faults.push(ConfigError::Missing { setting });
            }
        }
        let (Some(tenant), Some(school_year), true) = (draft.tenant, draft.school_year, faults.is_empty())
        else {
            return Err(faults);
        };
        let filters = given.iter().filter(|g| g.origin == Origin::Consumer && g.setting.section == "scope");
        draft.scope.of_consumer = filters.map(|g| g.setting.name).collect();
        let plan = Plan {
            id_prefix: draft.id_prefix.unwrap_or_else(|| tenant.clone()),
            system_code: draft.system_code.unwrap_or_else(|| tenant.clone()),
            tenant,
            school_year: match school_year {
                Year::Named(year) => year,
                Year::Auto => 0,
            },
            as_of: draft.as_of.unwrap_or(today),
            editions: draft.editions,
            data_standard: draft.data_standard,
            mapping: draft.mapping,
            scope: draft.scope,
            compression: draft.compression,
            system_name: draft.system_name,
            judging: draft.judging,
            form: draft.form,
        };
        if let Some(&file) = plan.scope.files.iter().find(|file| !plan.mapping.writes(**file)) {
            return Err(vec![ConfigError::FileOff { file }]);
        }
        let open = |version| {
            let open = plan.scope.open_references(version).into_iter();
            open.map(move |(file, column, target)| ConfigError::OpenFiles { version, file, column, target })
        };
        let open: Vec<ConfigError> = plan.editions.iter().flat_map(|edition| open(edition.version)).collect();
        if !open.is_empty() {
            return Err(open);
        }
        let choice = |setting: &Setting| {
            let (value, origin) = match (strongest(setting), setting.default) {
                (Some(given), _) => (given.value.clone(), given.origin),
                (None, Standing::Value(value)) => (value.to_owned(), Origin::Default),
                // Both settings that are computed and shape the package default to the tenant code.
                (None, _) => (plan.tenant.clone(), Origin::Default),
            };
            Choice { setting: format!("{}.{}", setting.section, setting.name), value, origin }
        };
        let choices = SETTINGS.iter().filter(|s| s.shapes_package()).map(choice).collect();
        let of_tenant = |path: Option<PathBuf>| {
            path.map(|path| match path.to_str() {
                Some(text) => text.replace("{tenant}", &plan.tenant).into(),
                None => path,
            })
        };
        let as_of = given.iter().rfind(|g| g.setting.name == "as_of").filter(|g| g.origin == Origin::File);
        let from_environment = |given: &Given| given.origin == Origin::Environment;
        let mut connection = draft.connection;
        for word in connection.ods_instance.iter_mut().flatten() {
            *word = word.replace("{tenant}", &plan.tenant);
        }
        let admin = by_admin.map(|given| match alliance {
            Some(admin) => admin,
            None => Admin {
                address: Secret::new(given.value.clone()),
                may_hold_password: from_environment(given),
                listed: Vec::new(),
                from: given.label.clone(),
            },
        });
        Ok(Run {
            place: draft.place.filter(|_| admin.is_none()),
            place_may_hold_password: place.is_some_and(from_environment),
            admin,
            connection,
            seeds: draft.seeds,
            out: of_tenant(draft.out),
            report: of_tenant(draft.report),
            report_names: draft.report_names,
            compare_with: of_tenant(draft.compare_with),
            tables: of_tenant(draft.tables),
            tables_format: draft.tables_format,
            profile,
            publish: draft.publish,
            threads: draft.threads,
            parallel_tenants: draft.parallel_tenants,
            memory_limit: draft.memory_limit,
            choices,
            auto_year: (school_year == Year::Auto).then_some(draft.rollover_days),
            as_of_is_today: draft.as_of.is_none(),
            as_of_in_file: as_of.filter(|_| draft.as_of.is_some()).map(|g| g.label.clone()),
            plan,
        })
    }
}

/// Whether an address carries a password: `scheme://user:password@host`, or `password=...` anywhere, as in a
/// URL's query and in `host=... password=...` and `Server=...;Pwd=...`.
pub(super) fn holds_password(address: &str) -> bool {
    // Blanks around the sign do not part a key from its value.
    let tight = address.split('=').map(str::trim).collect::<Vec<_>>().join("=");
    let named = tight.split(['?', '&', ';', ' ', '\t']).any(|pair| {
        pair.split_once('=').is_some_and(|(key, value)| {
            let key = key.to_lowercase();
            matches!(key.as_str(), "password" | "pwd" | "psw" | "sslpassword") && !value.is_empty()
        })
    });
    // A password may itself hold a slash or an @ that nobody encoded: whatever stands before the last @ counts.
    let user = address.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(user, _)| user);
    let in_user =
        user.and_then(|user| user.split_once(':')).is_some_and(|(_, password)| !password.is_empty());
    named || in_user
}

#[cfg(test)]
mod tests;
