//! EdFi_Admin: which ODS instances there are, which of them is meant, and how it is reached.
//!
//! In: the rows of `dbo.odsinstances` with their contexts and derivatives, and what the configuration asks for. Out: one
//! [`OdsInstance`] and its connection string, decrypted if it is encrypted ([`cipher`]). Opens no connection and reads no
//! configuration. Errors name instances by id and name, never a connection string.

pub mod cipher;

use std::fmt;

use crate::secret::Secret;
use cipher::{EncryptionKey, NoKey, Sealed, decrypt, is_encrypted};

/// A row of `dbo.odsinstances`, with the rows that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OdsInstance {
    /// `odsinstanceid`
    pub id: i64,
    /// `name`; `None` for one that a variable lists, which has none.
    pub name: Option<String>,
    /// `connectionstring`, encrypted or not.
    pub connection_string: Option<Secret>,
    /// Keys and values of its contexts, such as `schoolYear` and `2025`.
    pub contexts: Vec<(String, String)>,
    /// Types of its derivatives and their connection strings.
    pub derivatives: Vec<(String, Option<Secret>)>,
}

/// A copy of an ODS that can be read in its place (`dbo.odsinstancederivatives.derivativetype`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Derivative {
    /// A clone that stands still.
    Snapshot,
    /// A copy that follows.
    ReadReplica,
}

impl Derivative {
    /// All of them, by the word of the table.
    pub const WORDS: [&str; 2] = ["Snapshot", "ReadReplica"];

    /// The derivative of a word of [`Derivative::WORDS`], whatever its case.
    pub fn of(word: &str) -> Option<Derivative> {
        [Derivative::Snapshot, Derivative::ReadReplica]
            .into_iter()
            .find(|derivative| derivative.word().eq_ignore_ascii_case(word))
    }

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Derivative::Snapshot => Derivative::WORDS[0],
            Derivative::ReadReplica => Derivative::WORDS[1],
        }
    }
}

/// ``3 (`north`, schoolYear=2025)``
impl fmt::Display for OdsInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.iter().map(|name| format!("`{name}`"));
        let contexts = self.contexts.iter().map(|(key, value)| format!("{key}={value}"));
        let known: Vec<String> = name.chain(contexts).collect();
        match known.is_empty() {
            true => write!(f, "{}", self.id),
            false => write!(f, "{} ({})", self.id, known.join(", ")),
        }
    }
}

/// Why no instance can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InstanceError {
    /// None is meant.
    #[error("{place} has no ODS instance {wanted}. {}", there_are(known))]
    NoSuch {
        /// EdFi_Admin, or the variable that lists instances.
        place: String,
        /// As the configuration says it.
        wanted: String,
        /// What there is.
        known: Vec<String>,
    },
    /// There is none at all.
    #[error(
        "{place} lists no ODS instance. Name another admin_connection, or register the ODS with the ODS API"
    )]
    Empty {
        /// EdFi_Admin.
        place: String,
    },
    /// Several are meant.
    #[error(
        "{place} has {} ODS instances{}: {}. Say which is meant: ods_instance = \"NAME\", its id, or contexts such as \"schoolYear=2025\"",
        known.len(), wanted.as_ref().map(|wanted| format!(" {wanted}")).unwrap_or_default(), listed(known)
    )]
    Several {
        /// EdFi_Admin, or the variable that lists instances.
        place: String,
        /// As the configuration says it, if it does.
        wanted: Option<String>,
        /// Those that are meant.
        known: Vec<String>,
    },
    /// It has no connection string.
    #[error(
        "ODS instance {instance} of {place} has no connection string. Let the ODS API's administrator enter one"
    )]
    NoConnectionString {
        /// EdFi_Admin.
        place: String,
        /// The instance.
        instance: String,
    },
    /// It is encrypted, and there is no key.
    #[error(
        "the connection string of ODS instance {instance} in {place} is encrypted, and there is no key. Give the one that the ODS API is configured with (ApiSettings:OdsConnectionStringEncryptionKey): by encryption_key_file, encryption_key_command or the variable ROSTERPACK_ENCRYPTION_KEY"
    )]
    NoKey {
        /// EdFi_Admin.
        place: String,
        /// The instance.
        instance: String,
    },
    /// The key is none.
    #[error(
        "the encryption key from {from} cannot be used: {reason}. Give the key as the ODS API is configured with it (ApiSettings:OdsConnectionStringEncryptionKey): 32 bytes in base64"
    )]
    BadKey {
        /// Where it comes from.
        from: String,
        /// Why not.
        reason: String,
    },
    /// It cannot be decrypted.
    #[error(
        "the connection string of ODS instance {instance} in {place} cannot be decrypted: {reason}. Compare the key with the one of the ODS API (ApiSettings:OdsConnectionStringEncryptionKey); if it is the same, enter the connection string anew"
    )]
    Sealed {
        /// EdFi_Admin.
        place: String,
        /// The instance.
        instance: String,
        /// Why not.
        reason: Sealed,
    },
    /// It is no connection string of PostgreSQL.
    #[error("the connection string of ODS instance {instance} in {place} cannot be used: {reason}")]
    Unusable {
        /// EdFi_Admin.
        place: String,
        /// The instance.
        instance: String,
        /// Why not, and what to do.
        reason: String,
    },
}

impl InstanceError {
    /// Whether the configuration is at fault, and not what EdFi_Admin holds.
    pub fn is_configuration(&self) -> bool {
        !matches!(
            self,
            InstanceError::Empty { .. }
                | InstanceError::NoConnectionString { .. }
                | InstanceError::Unusable { .. }
        )
    }
}

fn listed(known: &[String]) -> String {
    const SHOWN: usize = 20;
    let mut list = known.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if known.len() > SHOWN {
        list += &format!(" and {} more", known.len() - SHOWN);
    }
    list
}

fn there_are(known: &[String]) -> String {
    match known {
        [] => "It has none".to_owned(),
        [one] => format!("There is {one}"),
        _ => format!("There are {}", listed(known)),
    }
}

/// The instance that is meant: by its name, by its id, or by contexts `KEY=VALUE`, all of which hold; without any of these
/// the only one there is. Names, keys and values count as they are written.
///
/// # Errors
/// None or several are meant.
pub fn choose<'a>(
    instances: &'a [OdsInstance],
    wanted: Option<&[String]>,
    place: &str,
) -> Result<&'a OdsInstance, InstanceError> {
    let meant: Vec<&OdsInstance> = match wanted {
        Some(wanted) => instances.iter().filter(|instance| instance.is(wanted)).collect(),
        None => instances.iter().collect(),
    };
    let place = place.to_owned();
    let shown = |instances: &[&OdsInstance]| instances.iter().map(ToString::to_string).collect();
    let words = wanted.map(|wanted| format!("`{}`", wanted.join(",")));
    match (meant.as_slice(), words) {
        ([one], _) => Ok(one),
        ([], _) if instances.is_empty() => Err(InstanceError::Empty { place }),
        ([], words) => {
            let known = shown(&instances.iter().collect::<Vec<_>>());
            Err(InstanceError::NoSuch { place, wanted: words.unwrap_or_default(), known })
        }
        (several, wanted) => Err(InstanceError::Several { place, wanted, known: shown(several) }),
    }
}

impl OdsInstance {
    /// Whether it is meant by one name or id, or by contexts.
    fn is(&self, wanted: &[String]) -> bool {
        if let [one] = wanted
            && (self.name.as_ref() == Some(one) || self.id.to_string() == *one)
        {
            return true;
        }
        wanted.iter().all(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            self.contexts.iter().any(|(k, v)| k == key && v == value)
        })
    }

    /// Its connection string: that of the first of these derivatives that it has, else its own.
    pub fn address(&self, preferred: &[Derivative]) -> (Option<&Secret>, Option<Derivative>) {
        let there = |text: &Option<Secret>| text.as_ref().is_some_and(|t| !t.expose().trim().is_empty());
        for wanted in preferred {
            let found = self
                .derivatives
                .iter()
                .find(|(kind, text)| Derivative::of(kind) == Some(*wanted) && there(text));
            if let Some((_, text)) = found {
                return (text.as_ref(), Some(*wanted));
            }
        }
        (self.connection_string.as_ref().filter(|text| !text.expose().trim().is_empty()), None)
    }
}

/// A connection string as a client takes it. The key is asked for only when one is needed.
///
/// # Errors
/// There is no key, it is none, or the text does not fit it.
pub fn opened(
    text: &Secret,
    instance: &OdsInstance,
    place: &str,
    key: &dyn Fn() -> Result<Option<(Secret, String)>, InstanceError>,
) -> Result<Secret, InstanceError> {
    if !is_encrypted(text.expose()) {
        return Ok(text.clone());
    }
    let (place, instance) = (place.to_owned(), instance.to_string());
    let Some((key, from)) = key()? else { return Err(InstanceError::NoKey { place, instance }) };
    let key = EncryptionKey::parse(&key)
        .map_err(|reason: NoKey| InstanceError::BadKey { from, reason: reason.to_string() })?;
    decrypt(text.expose(), &key).map_err(|reason| InstanceError::Sealed { place, instance, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(id: i64, name: &str, contexts: &[(&str, &str)]) -> OdsInstance {
        OdsInstance {
            id,
            name: Some(name.to_owned()),
            connection_string: Some(Secret::new(format!("Host={id}"))),
            contexts: contexts.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            derivatives: Vec::new(),
        }
    }

    fn some() -> Vec<OdsInstance> {
        vec![
            instance(1, "north", &[("schoolYear", "2024"), ("district", "9")]),
            instance(2, "north", &[("schoolYear", "2025"), ("district", "9")]),
            instance(3, "1", &[("schoolYear", "2025")]),
            instance(4, "a=b", &[]),
        ]
    }

    fn id(wanted: &[&str]) -> Result<i64, InstanceError> {
        let wanted: Vec<String> = wanted.iter().map(|w| (*w).to_owned()).collect();
        choose(&some(), Some(&wanted), "admin").map(|instance| instance.id)
    }

    #[test]
    fn an_instance_is_chosen_by_name_id_or_contexts_and_never_guessed() {
        assert_eq!(id(&["2"]), Ok(2));
        assert_eq!(id(&["a=b"]), Ok(4));
        assert_eq!(id(&["schoolYear=2024"]), Ok(1));
        assert_eq!(id(&["schoolYear=2025", "district=9"]), Ok(2));
        // The id of one is the name of another.
        let told = id(&["1"]).unwrap_err().to_string();
        assert!(
            told.contains("2 ODS instances `1`: 1 (`north`, schoolYear=2024, district=9), 3 (`1`"),
            "{told}"
        );
        assert!(matches!(id(&["north"]), Err(InstanceError::Several { .. })));
        assert!(matches!(id(&["schoolYear=2025"]), Err(InstanceError::Several { .. })));
        for none in ["North", "schoolyear=2025", "5", "schoolYear", "schoolYear=2026", "="] {
            let told = id(&[none]).unwrap_err();
            assert!(matches!(told, InstanceError::NoSuch { .. }), "{none}");
            assert!(
                told.to_string().contains(&format!("no ODS instance `{none}`. There are 1 (`north`")),
                "{told}"
            );
        }
    }

    #[test]
    fn without_a_choice_the_only_one_is_meant() {
        assert_eq!(choose(&some()[..1], None, "admin").unwrap().id, 1);
        let told = choose(&some(), None, "admin").unwrap_err().to_string();
        assert!(
            told.starts_with("admin has 4 ODS instances: 1 (") && told.contains("ods_instance"),
            "{told}"
        );
        assert!(matches!(choose(&[], None, "admin"), Err(InstanceError::Empty { .. })));
        let many: Vec<OdsInstance> = (0..30).map(|n| instance(n, "x", &[])).collect();
        assert!(choose(&many, None, "admin").unwrap_err().to_string().contains("19 (`x`) and 10 more."));
    }

    #[test]
    fn a_derivative_is_preferred_when_it_is_asked_for_and_there() {
        let mut one = instance(1, "north", &[]);
        let text = |text: &str| Some(Secret::new(text));
        one.derivatives = vec![
            ("readreplica".into(), text("replica")),
            ("Snapshot".into(), text(" ")),
            ("Other".into(), text("other")),
        ];
        let address = |preferred: &[Derivative]| {
            let (text, derivative) = one.address(preferred);
            (text.unwrap().expose().to_owned(), derivative)
        };
        assert_eq!(address(&[]), ("Host=1".into(), None));
        assert_eq!(address(&[Derivative::Snapshot]), ("Host=1".into(), None), "a blank one is none");
        let both = [Derivative::Snapshot, Derivative::ReadReplica];
        assert_eq!(address(&both), ("replica".into(), Some(Derivative::ReadReplica)));
        assert_eq!(instance(1, "x", &[]).address(&both).1, None);
    }

    #[test]
    fn the_key_is_asked_for_only_when_it_is_needed_and_errors_hold_no_secret() {
        let one = instance(7, "north", &[]);
        let never = || panic!("nobody needs a key");
        let plain = Secret::new("Host=a;Password=hunter2");
        assert_eq!(opened(&plain, &one, "admin", &never), Ok(plain.clone()));
        let sealed = Secret::new("aHVudGVyMg==|aHVudGVyMg==|aHVudGVyMg==");
        let told = |key: Option<&str>| {
            let key = key.map(|key| (Secret::new(key), "a file".to_owned()));
            opened(&sealed, &one, "admin", &|| Ok(key.clone())).unwrap_err().to_string()
        };
        for (key, says) in [
            (None, "ODS instance 7 (`north`) in admin is encrypted, and there is no key"),
            (Some("aHVudGVyMg=="), "from a file cannot be used: it has 7 bytes"),
            (
                Some("t3OD+5YCKzCdGSaWBAvkQ9+d9R4ZbZnC9YG8L/ar8vA="),
                "cannot be decrypted: the key is another one",
            ),
        ] {
            let told = told(key);
            assert!(told.contains(says) && !told.contains("hunter2") && !told.contains("aHVu"), "{told}");
        }
    }
}
