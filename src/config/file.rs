//! `rosterpack.toml`: connections, tenants and profiles, and which of their settings a run gets.
//!
//! In: the file, the files that it includes, and what the user asks for ([`Asked`]). Out: a [`ConfigFile`], checked as a
//! whole, and from it the settings of one run with their places. Whoever opens files hands in a function for it.
//! Weakest first: `[defaults]`, `[tenants.NAME]`, the profile of the consumer that is named, `[profiles.NAME]` behind the profiles
//! that it inherits from; a connection stands right below the table that names it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::alliance::{self, Alliance};
use super::connection::Admin;
use super::error::ConfigError;
use super::text::{self, Entry, Kind, Section};
use crate::consumer::{self, Consumer};

/// How deep files may include each other.
const DEPTH: usize = 16;

/// The configuration file with everything that it includes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigFile {
    /// The file itself, as the user named it.
    path: String,
    sections: BTreeMap<(Kind, String), Section>,
    /// What serves where no table says where the ODS is.
    alliance: Alliance,
}

/// What holds for one run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// The settings, each once.
    pub entries: Vec<Entry>,
    /// EdFi_Admin as the Alliance's variables name it, when nothing else says where the ODS is.
    pub admin: Option<Admin>,
}

/// What the user asks for besides the file. Each with how it was written, for messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// A profile.
    pub profile: Option<(String, String)>,
    /// A tenant.
    pub tenant: Option<(String, String)>,
    /// A connection.
    pub connection: Option<(String, String)>,
    /// A consumer.
    pub consumer: Option<String>,
    /// Whether a place is named, so that none of the file's connections is used.
    pub place: bool,
}

/// Opens a file and gives its text.
pub type Open<'a> = dyn Fn(&Path) -> io::Result<String> + 'a;

impl ConfigFile {
    /// Reads the file and all that it includes.
    ///
    /// # Errors
    /// Every fault of every file at once.
    pub fn load(path: &Path, open: &Open<'_>) -> Result<ConfigFile, Vec<ConfigError>> {
        let mut loading = Loading { open, seen: Vec::new(), chain: Vec::new(), faults: Vec::new() };
        let mut file = ConfigFile { path: path.display().to_string(), ..ConfigFile::default() };
        loading.file(path, None, &mut file.sections);
        file.check_references(&mut loading.faults);
        match loading.faults.is_empty() {
            true => Ok(file),
            false => Err(loading.faults),
        }
    }

    /// Adds what the Alliance's variables say: tenants that the file does not name, and where EdFi_Admin is.
    #[must_use]
    pub fn with_alliance(mut self, alliance: Alliance) -> ConfigFile {
        let known = self.names(Kind::Tenant);
        let new = alliance.tenants().filter(|name| !known.iter().any(|known| alliance::same(known, name)));
        for name in new {
            let section = Section {
                kind: Kind::Tenant,
                name: name.to_owned(),
                at: alliance::TENANTS.to_owned(),
                inherits: None,
                entries: Vec::new(),
            };
            self.sections.insert((Kind::Tenant, name.to_owned()), section);
        }
        if self.path.is_empty() {
            self.path = alliance::TENANTS.to_owned();
        }
        ConfigFile { alliance, ..self }
    }

    /// Names of one kind, in order.
    pub fn names(&self, kind: Kind) -> Vec<String> {
        self.sections.keys().filter(|(of, _)| *of == kind).map(|(_, name)| name.clone()).collect()
    }

    /// The file, as the user named it.
    pub fn path(&self) -> &str {
        &self.path
    }

    fn get(&self, kind: Kind, name: &str) -> Option<&Section> {
        self.sections.get(&(kind, name.to_owned()))
    }

    fn named(&self, kind: Kind, name: &str, label: &str) -> Result<&Section, ConfigError> {
        self.get(kind, name).ok_or_else(|| ConfigError::UnknownName {
            label: label.to_owned(),
            kind: kind.word(),
            name: name.to_owned(),
            known: self.names(kind),
            path: self.path.clone(),
        })
    }

    /// Names that lead nowhere, profiles that inherit from themselves, and tables that say two things.
    fn check_references(&self, faults: &mut Vec<ConfigError>) {
        for section in self.sections.values() {
            let has = |name: &str| section.entries.iter().find(|entry| entry.setting.name == name);
            if let Some(entry) = has("connection") {
                let label = format!("{}: connection", entry.at);
                faults.extend(self.named(Kind::Connection, &entry.value, &label).err());
                if let Some(place) = section.entries.iter().find(|entry| entry.setting.is_address()) {
                    faults.push(ConfigError::Malformed {
                        label,
                        reason: format!("{} is named at {} too", what(place), place.at),
                        remedy: "keep one of them".into(),
                    });
                }
            }
            if let (Some(place), Some(admin)) = (has("place"), has("admin_connection")) {
                faults.push(ConfigError::Malformed {
                    label: format!("{}: admin_connection", admin.at),
                    reason: format!("a place is named at {} too", place.at),
                    remedy: "keep one of them".into(),
                });
            }
            if let Some(entry) = has("tenant").filter(|_| section.kind != Kind::Tenant && self.has_tenants())
            {
                faults.extend(self.named(Kind::Tenant, &entry.value, &format!("{}: tenant", entry.at)).err());
            }
            match self.ancestors(section) {
                // A circle is told once, by its first profile.
                Err(ConfigError::Circle { label, names })
                    if names.iter().min() == names.first() && names.first() == Some(&section.name) =>
                {
                    faults.push(ConfigError::Circle { label, names });
                }
                Err(fault) if section.inherits.as_ref().is_some_and(|(parent, _)| fault.names(parent)) => {
                    faults.push(fault);
                }
                _ => {}
            }
        }
    }

    fn has_tenants(&self) -> bool {
        self.sections.keys().any(|(kind, _)| *kind == Kind::Tenant)
    }

    /// A profile and what it inherits from, weakest first.
    fn ancestors<'a>(&'a self, section: &'a Section) -> Result<Vec<&'a Section>, ConfigError> {
        let mut chain = vec![section];
        let mut last = section;
        while let Some((parent, at)) = &last.inherits {
            let label = format!("{at}: inherits");
            let next = self.named(Kind::Profile, parent, &label)?;
            if let Some(from) = chain.iter().position(|known| known.name == next.name) {
                let names = chain[from..].iter().map(|section| section.name.clone()).collect();
                return Err(ConfigError::Circle { label, names });
            }
            chain.push(next);
            last = next;
        }
        chain.reverse();
        Ok(chain)
    }

    /// The settings of one run, each once: the strongest of those that apply.
    ///
    /// # Errors
    /// A profile, tenant or connection that is not there.
    pub fn settings(&self, asked: &Asked) -> Result<Settled, Vec<ConfigError>> {
        let mut faults = Vec::new();
        let mut find = |kind, name: &Option<(String, String)>| {
            let (name, label) = name.as_ref()?;
            self.named(kind, name, label).map_err(|fault| faults.push(fault)).ok()
        };
        let profile = find(Kind::Profile, &asked.profile);
        let profiles = profile.map_or(Ok(Vec::new()), |profile| self.ancestors(profile)).unwrap_or_default();
        let defaults = self.get(Kind::Defaults, "");
        let said = |name: &str| {
            let sections = profiles.iter().rev().copied().chain(defaults);
            sections.flat_map(|section| &section.entries).find(|entry| entry.setting.name == name)
        };
        let tenant = asked
            .tenant
            .clone()
            .or_else(|| said("tenant").map(|entry| (entry.value.clone(), format!("{}: tenant", entry.at))));
        let tenant = find(Kind::Tenant, &tenant.filter(|_| self.has_tenants()));
        let connection = find(Kind::Connection, &asked.connection);
        let of_tenant = tenant.and_then(|tenant| tenant.entries.iter().find(|e| e.setting.name == CONSUMER));
        let of_profile =
            profiles.iter().rev().flat_map(|section| &section.entries).find(|e| e.setting.name == CONSUMER);
        let named = of_profile.or(of_tenant).or_else(|| said(CONSUMER)).map(|entry| &entry.value);
        let consumer = asked.consumer.as_ref().or(named).and_then(|name| consumer::find(name));
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut layers: Vec<(Kind, Vec<Entry>)> = Vec::new();
        let tables = defaults.into_iter().chain(tenant).map(Some);
        for section in tables.chain([None]).chain(profiles.into_iter().map(Some)) {
            let Some(section) = section else {
                layers.push((Kind::Profile, consumer.map(of_consumer).unwrap_or_default()));
                continue;
            };
            let named = section.entries.iter().find(|entry| entry.setting.name == "connection");
            let connection = named.and_then(|entry| self.get(Kind::Connection, &entry.value));
            layers.extend(connection.map(|connection| (connection.kind, connection.entries.clone())));
            layers.push((section.kind, own(section, tenant)));
        }
        layers.extend(connection.map(|connection| (connection.kind, connection.entries.clone())));
        let entries = merge(layers, asked.place);
        let addressed = asked.place || entries.iter().any(|entry| entry.setting.is_address());
        let name = tenant.map(|tenant| tenant.name.as_str());
        let admin = self.alliance.of(name).filter(|_| !addressed).cloned();
        Ok(Settled { entries, admin })
    }
}

/// An address, in words.
fn what(address: &Entry) -> &'static str {
    match address.setting.name {
        "place" => "a place",
        _ => "an admin_connection",
    }
}

/// The setting that names a consumer.
const CONSUMER: &str = "consumer";

/// What the profile of a consumer says, as a table would.
pub fn of_consumer(consumer: &'static Consumer) -> Vec<Entry> {
    let at = format!("consumer {}", consumer.id);
    let settings =
        consumer.settings().filter_map(|(name, value, _)| Some((super::settings::find(name)?, value)));
    let entry = |(setting, value): (_, &str)| Entry {
        setting,
        value: value.to_owned(),
        at: at.clone(),
        of_consumer: true,
    };
    settings.map(entry).collect()
}

/// The settings of a table. A tenant that names no code is called by its name; the name by which another table chose it
/// is not the code.
fn own(section: &Section, tenant: Option<&Section>) -> Vec<Entry> {
    let is_code = |entry: &Entry| entry.setting.name == "tenant";
    let mut entries = section.entries.clone();
    match section.kind {
        Kind::Tenant if !entries.iter().any(is_code) => {
            let setting = super::settings::find("tenant");
            entries.extend(setting.map(|setting| Entry {
                setting,
                value: section.name.clone(),
                at: section.at.clone(),
                of_consumer: false,
            }));
        }
        Kind::Tenant => {}
        _ if tenant.is_some() => entries.retain(|entry| !is_code(entry)),
        _ => {}
    }
    entries
}

/// The strongest entry of every setting. What a connection says holds only for its own place, and the strongest place or
/// admin_connection is the only one.
fn merge(layers: Vec<(Kind, Vec<Entry>)>, place_elsewhere: bool) -> Vec<Entry> {
    let names_place = |layer: &[Entry]| layer.iter().any(|entry| entry.setting.is_address());
    let strongest_place = layers.iter().rposition(|(_, layer)| names_place(layer));
    let place = strongest_place.filter(|_| !place_elsewhere);
    let mut strongest: BTreeMap<&str, Entry> = BTreeMap::new();
    for (n, (kind, layer)) in layers.into_iter().enumerate() {
        if kind == Kind::Connection && names_place(&layer) && place != Some(n) {
            continue;
        }
        let weaker = strongest_place.is_some_and(|strongest| n < strongest);
        let layer = layer.into_iter().filter(|entry| !(weaker && entry.setting.is_address()));
        strongest.extend(layer.map(|entry| (entry.setting.name, entry)));
    }
    strongest.into_values().collect()
}

/// Files on their way in.
struct Loading<'a> {
    open: &'a Open<'a>,
    seen: Vec<PathBuf>,
    chain: Vec<PathBuf>,
    faults: Vec<ConfigError>,
}

impl Loading<'_> {
    /// Reads a file, and whatever it includes before it.
    fn file(&mut self, path: &Path, from: Option<&str>, sections: &mut BTreeMap<(Kind, String), Section>) {
        let place = plain(path);
        let label = from.map_or_else(|| path.display().to_string(), |at| format!("{at}: include"));
        let malformed = |reason: String, remedy: &str| ConfigError::Malformed {
            label: label.clone(),
            reason,
            remedy: remedy.to_owned(),
        };
        if let Some(first) = self.chain.iter().position(|known| *known == place) {
            let names = self.chain[first..].iter().chain([&place]).map(|path| path.display().to_string());
            let reason = format!("a file includes itself: {}", names.collect::<Vec<_>>().join(" -> "));
            return self.faults.push(malformed(reason, "take one link of this chain out"));
        }
        if self.chain.len() == DEPTH {
            return self.faults.push(malformed(
                format!("files include each other more than {DEPTH} deep"),
                "include all of them from one file",
            ));
        }
        if self.seen.contains(&place) {
            return;
        }
        let text = match (self.open)(path) {
            Ok(text) => text,
            Err(error) => {
                let reason = format!("cannot read {}: {error}", path.display());
                return self
                    .faults
                    .push(malformed(reason, "check the path; it leads from the folder of the file"));
            }
        };
        self.seen.push(place.clone());
        self.chain.push(place);
        let found = text::read(path, &text);
        let folder = path.parent().unwrap_or(Path::new(""));
        for (include, at) in &found.includes {
            self.file(&folder.join(include), Some(at), sections);
        }
        self.chain.pop();
        self.faults.extend(found.faults);
        for section in found.sections {
            self.add(section, sections);
        }
    }

    fn add(&mut self, section: Section, sections: &mut BTreeMap<(Kind, String), Section>) {
        let key = (section.kind, section.name.clone());
        let Some(known) = sections.get_mut(&key) else {
            sections.insert(key, section);
            return;
        };
        // Defaults of several files are one table, as long as no two of them speak of one setting.
        if section.kind != Kind::Defaults {
            return self.faults.push(ConfigError::Malformed {
                label: format!("{}: [{}.{}]", section.at, section.kind.word(), section.name),
                reason: format!("it stands at {} too", known.at),
                remedy: "rename one, or let one profile inherit from another".into(),
            });
        }
        for entry in section.entries {
            match known.entries.iter().find(|other| other.setting == entry.setting) {
                Some(other) => self.faults.push(ConfigError::Malformed {
                    label: format!("{}: {}", entry.at, entry.setting.name),
                    reason: format!("it stands among the defaults at {} too", other.at),
                    remedy: "write it once".into(),
                }),
                None => known.entries.push(entry),
            }
        }
    }
}

/// A path without detours, to know a file again; links are not followed.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests;
