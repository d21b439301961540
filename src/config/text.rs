//! One file of TOML as tables of settings: what stands where, and what is wrong with it.
//!
//! In: the text of `rosterpack.toml` or of a file that it includes. Out: [`Section`]s whose keys are settings and whose
//! values were accepted by them, each with its line, and every fault. Opens no file and follows no reference between
//! tables: `file` does. No fault repeats a value that may be a secret.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::overrides::holds_password;
use super::settings::{self, Draft, Form, SETTINGS, Setting};
use super::values::nearest;

/// What kind of table it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `[defaults]`
    Defaults,
    /// `[connections.NAME]`
    Connection,
    /// `[tenants.NAME]`
    Tenant,
    /// `[profiles.NAME]`
    Profile,
}

impl Kind {
    /// All of them, in the order of the reference.
    pub const ALL: [Kind; 4] = [Kind::Defaults, Kind::Connection, Kind::Tenant, Kind::Profile];

    /// Its key at the top of the file.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Defaults => "defaults",
            Kind::Connection => "connections",
            Kind::Tenant => "tenants",
            Kind::Profile => "profiles",
        }
    }

    /// Whether a setting may stand in it: a connection is how a database is reached, and nothing else; what leaves the
    /// building is said by a profile.
    pub fn takes(self, setting: &Setting) -> bool {
        match self {
            Kind::Defaults => !setting.private(),
            Kind::Tenant => !setting.private() && !setting.of_all_tenants(),
            Kind::Connection => setting.section == "source",
            Kind::Profile => true,
        }
    }
}

/// Keys that are no settings, with what they do.
pub const INCLUDE: &str = "include";
/// Where a password is kept instead.
const PASSWORD: &str = "password_file = \"FILE\", password_command = \"COMMAND\", or the variable PGPASSWORD";
/// Where the key of EdFi_Admin is kept instead.
const ENCRYPTION_KEY: &str = "encryption_key_file = \"FILE\", encryption_key_command = \"COMMAND\", or the variable ROSTERPACK_ENCRYPTION_KEY";
/// Where the secret key of a bucket is kept instead.
const SECRET_KEY: &str = "s3_secret_key_file = \"FILE\", s3_secret_key_command = \"COMMAND\", or the variable ROSTERPACK_S3_SECRET_KEY";

/// The profile that a profile builds on.
pub const INHERITS: &str = "inherits";

/// A setting with its value and the place where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The setting.
    pub setting: &'static Setting,
    /// Its value, as a flag would write it; paths lead from the folder of the file.
    pub value: String,
    /// `file:line`, or whose profile of a consumer it is.
    pub at: String,
    /// Whether a consumer's profile says it, and not the file.
    pub of_consumer: bool,
}

/// A table of settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its kind.
    pub kind: Kind,
    /// Its name; blank for the defaults.
    pub name: String,
    /// `file:line`
    pub at: String,
    /// The profile that it builds on, and where that is said.
    pub inherits: Option<(String, String)>,
    /// Its settings.
    pub entries: Vec<Entry>,
}

/// What one file holds.
#[derive(Debug, Default)]
pub struct Text {
    /// Its tables, in order.
    pub sections: Vec<Section>,
    /// Files that it includes, as written, and where.
    pub includes: Vec<(String, String)>,
    /// What is wrong with it.
    pub faults: Vec<ConfigError>,
}

/// Reads the text of a file that is called `path`.
pub fn read(path: &Path, text: &str) -> Text {
    let reader = Reader { path, text };
    let mut found = Text::default();
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        // Its message names what was expected; its display would repeat the line, which may hold a secret.
        let at = reader.at(error.span().map_or(0, |span| span.start));
        found.faults.push(reader.fault(
            &at,
            error.message(),
            "mend it; https://toml.io shows how TOML is written",
        ));
    }
    if !found.faults.is_empty() {
        return found;
    }
    for (key, value) in in_order(document.get_ref()) {
        reader.top(key, value, &mut found);
    }
    found
}

type Key<'i> = Spanned<std::borrow::Cow<'i, str>>;

/// Keys as they follow each other in the file.
fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<(&'a Key<'i>, &'a Spanned<DeValue<'i>>)> {
    let mut pairs: Vec<_> = table.iter().collect();
    pairs.sort_by_key(|(key, _)| key.span().start);
    pairs
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn at(&self, offset: usize) -> String {
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        format!("{}:{}", self.path.display(), 1 + before.iter().filter(|byte| **byte == b'\n').count())
    }

    fn fault(&self, label: &str, reason: &str, remedy: &str) -> ConfigError {
        ConfigError::Malformed {
            label: label.to_owned(),
            reason: reason.to_owned(),
            remedy: remedy.to_owned(),
        }
    }

    fn top(&self, key: &Key<'_>, value: &Spanned<DeValue<'_>>, found: &mut Text) {
        let (name, at) = (key.get_ref().as_ref(), self.at(key.span().start));
        if name == INCLUDE {
            return self.includes(value, &at, found);
        }
        let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.word() == name) else {
            found.faults.push(self.unknown_top(name, &at));
            return;
        };
        let Some(table) = value.get_ref().as_table() else {
            let shape = if kind == Kind::Defaults { "[defaults]".into() } else { format!("[{name}.NAME]") };
            let told = self.fault(&format!("{at}: {name}"), "it is no table", &format!("write {shape}"));
            found.faults.push(told);
            return;
        };
        if kind == Kind::Defaults {
            return self.section(kind, "", &at, table, found);
        }
        for (key, value) in in_order(table) {
            let (name, at) = (key.get_ref().as_ref(), self.at(key.span().start));
            match value.get_ref().as_table() {
                _ if kind == Kind::Tenant && (name == "all" || name.contains(['*', '?'])) => {
                    let label = format!("{at}: [tenants.{name}]");
                    let reason = "--tenant reads this name as several tenants";
                    found.faults.push(self.fault(&label, reason, "give it another name"));
                }
                Some(table) if !name.trim().is_empty() => self.section(kind, name, &at, table, found),
                _ => {
                    let label = format!("{at}: {}.{name}", kind.word());
                    let remedy = format!("write [{}.NAME] above it", kind.word());
                    found.faults.push(self.fault(&label, "it stands outside of a named table", &remedy));
                }
            }
        }
    }

    fn unknown_top(&self, name: &str, at: &str) -> ConfigError {
        let label = format!("{at}: {name}");
        if settings::find(name).is_some() {
            return self.fault(&label, "a setting stands outside of a table", "write [defaults] above it");
        }
        let known = Kind::ALL.iter().map(|kind| kind.word()).chain([INCLUDE]);
        let remedy = match nearest(name, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", known.collect::<Vec<_>>().join(", ")),
        };
        self.fault(&label, "there is no such table", &remedy)
    }

    fn includes(&self, value: &Spanned<DeValue<'_>>, at: &str, found: &mut Text) {
        let one = std::slice::from_ref(value);
        for item in value.get_ref().as_array().map_or(one, |items| items) {
            match item.get_ref().as_str() {
                Some(path) if !path.is_empty() => {
                    found.includes.push((path.to_owned(), self.at(item.span().start)));
                }
                _ => {
                    let told = self.fault(
                        &format!("{at}: {INCLUDE}"),
                        "it names no file",
                        "write include = \"FILE\", or a list of files",
                    );
                    found.faults.push(told);
                }
            }
        }
    }

    fn section(&self, kind: Kind, name: &str, at: &str, table: &DeTable<'_>, found: &mut Text) {
        let mut section =
            Section { kind, name: name.to_owned(), at: at.to_owned(), inherits: None, entries: Vec::new() };
        for (key, value) in in_order(table) {
            let (key_name, at) = (key.get_ref().as_ref(), self.at(key.span().start));
            if kind == Kind::Profile && key_name == INHERITS {
                match value.get_ref().as_str() {
                    Some(parent) => section.inherits = Some((parent.to_owned(), at)),
                    None => found.faults.push(self.fault(
                        &format!("{at}: {INHERITS}"),
                        "it names no profile",
                        "write inherits = \"PROFILE\"",
                    )),
                }
                continue;
            }
            match self.entry(kind, key_name, at, value) {
                Ok(entry) => {
                    if let Some(known) = section.entries.iter().find(|e| e.setting == entry.setting) {
                        let label = format!("{}: {key_name}", entry.at);
                        let reason =
                            format!("the setting `{}` stands at {} too", entry.setting.name, known.at);
                        found.faults.push(self.fault(&label, &reason, "write it once"));
                    } else {
                        section.entries.push(entry);
                    }
                }
                Err(fault) => found.faults.push(fault),
            }
        }
        found.sections.push(section);
    }

    fn entry(
        &self,
        kind: Kind,
        name: &str,
        at: String,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Entry, ConfigError> {
        let label = format!("{at}: {name}");
        let Some(setting) = settings::find(name) else {
            return Err(self.unknown_setting(kind, name, label));
        };
        if setting.private() && !kind.takes(setting) {
            return Err(self.fault(
                &label,
                "it decides what of a person leaves the building, which no table says for every delivery",
                "write it into [profiles.NAME]",
            ));
        }
        if setting.of_all_tenants() && !kind.takes(setting) {
            return Err(self.fault(
                &label,
                "it speaks of all tenants of a call, and this is the table of one thing",
                "write it into [defaults] or [profiles.NAME]",
            ));
        }
        if !kind.takes(setting) {
            return Err(self.fault(
                &label,
                "it says nothing about how a database is reached",
                "write it into [defaults], [tenants.NAME] or [profiles.NAME]",
            ));
        }
        let refused = |value: Option<&str>, reason: String| ConfigError::BadValue {
            label: label.clone(),
            value: value.filter(|_| !setting.secret()).map(str::to_owned),
            reason,
            accepts: setting.accepts,
        };
        let text = written(value.get_ref(), &setting.form()).map_err(|reason| refused(None, reason))?;
        if setting.is_address() && holds_password(&text) {
            return Err(ConfigError::SecretInFile { label, what: "a password", kept: PASSWORD });
        }
        (setting.put)(&mut Draft::default(), &text).map_err(|reason| refused(Some(&text), reason))?;
        let value = if setting.is_path(&text) { self.beside(&text) } else { text };
        Ok(Entry { setting, value, at, of_consumer: false })
    }

    /// A path of the file, which leads from the folder that the file is in.
    fn beside(&self, value: &str) -> String {
        match self.path.parent().and_then(Path::to_str) {
            Some(folder) if !folder.is_empty() => {
                Path::new(folder).join(value).to_string_lossy().into_owned()
            }
            _ => value.to_owned(),
        }
    }

    fn unknown_setting(&self, kind: Kind, name: &str, label: String) -> ConfigError {
        let lower = name.to_lowercase();
        if lower.replace('_', "").ends_with("encryptionkey") {
            return ConfigError::SecretInFile { label, what: "a key", kept: ENCRYPTION_KEY };
        }
        let squeezed = lower.replace('_', "");
        if squeezed.ends_with("secretkey") || squeezed.ends_with("secretaccesskey") {
            return ConfigError::SecretInFile { label, what: "a key", kept: SECRET_KEY };
        }
        let secret = ["password", "passwd", "pwd", "passphrase", "secret", "token"];
        if secret.iter().any(|word| lower == *word || lower.ends_with(&format!("_{word}"))) {
            return ConfigError::SecretInFile { label, what: "a password", kept: PASSWORD };
        }
        if SETTINGS.iter().any(|s| s.section == name) {
            let remedy = "sections are for environment variables: write its settings into the table itself";
            return self.fault(&label, "a table has no sections", remedy);
        }
        let inherits = (kind == Kind::Profile).then_some(INHERITS);
        let short: Vec<String> = SETTINGS.iter().filter_map(Setting::short_name).collect();
        let known = SETTINGS.iter().filter(|s| kind.takes(s)).map(|s| s.name);
        let known = known.chain(inherits).chain(short.iter().map(String::as_str));
        ConfigError::UnknownSetting {
            nearest: nearest(name, known).map(str::to_owned),
            name: name.to_owned(),
            label,
        }
    }
}

/// A value as a flag would write it.
fn written(value: &DeValue<'_>, form: &Form) -> Result<String, String> {
    match (value, form) {
        (DeValue::Array(items), Form::List) => {
            let items = items.iter().map(|item| Ok(item_of_list(&scalar(item.get_ref())?)));
            Ok(items.collect::<Result<Vec<String>, String>>()?.join(","))
        }
        (DeValue::Table(pairs), Form::List) => {
            let items = in_order(pairs).into_iter().map(|(key, value)| {
                Ok(item_of_list(&format!("{}={}", key.get_ref(), scalar(value.get_ref())?)))
            });
            Ok(items.collect::<Result<Vec<String>, String>>()?.join(","))
        }
        (DeValue::Array(_) | DeValue::Table(_), _) => Err("a list is written where one value belongs".into()),
        (DeValue::Boolean(_), form) if *form != Form::Switch => {
            Err("true and false mean nothing here".into())
        }
        (value, _) => scalar(value),
    }
}

fn scalar(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
        DeValue::Integer(_) => Err("the number is not decimal".into()),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        DeValue::Boolean(switch) => Ok(switch.to_string()),
        DeValue::Datetime(day) => Ok(day.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => Err("an item of the list is itself a list".into()),
    }
}

/// An item as it stands in a list that is one CSV record.
fn item_of_list(item: &str) -> String {
    match item.is_empty() || item.contains([',', '"']) || item.trim() != item {
        true => format!("\"{}\"", item.replace('"', "\"\"")),
        false => item.to_owned(),
    }
}
