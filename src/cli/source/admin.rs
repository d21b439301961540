//! The way to an ODS by EdFi_Admin: which instance a run means, and how it is reached.
//!
//! In: a run that names an EdFi_Admin, the environment. Out: [`Found`], what a connection takes, or why there is none. EdFi_Admin is
//! asked anew for every run: an instance that moves is found where it is. No message holds a connection string or a key.

use std::ffi::OsString;
use std::fmt;

use super::{OpenError, address_of, options, variable};
use crate::config::Run;
use crate::config::connection::{Admin, Listed};
use crate::edfi_admin::{self, Derivative, InstanceError, OdsInstance};
use crate::secret::{self, Secret};
use crate::source::SourceError;
use crate::source::postgres::{self, ConnectionError, ConnectionSettings, PasswordSources};

/// Variables that can hold the key: ours, and the one of the Alliance's OneRoster service.
const KEYS: [&str; 2] = ["ROSTERPACK_ENCRYPTION_KEY", "ODS_CONNECTION_STRING_ENCRYPTION_KEY"];

/// How an ODS is reached.
#[derive(Debug)]
pub struct Found {
    /// Server, database, role, password.
    pub settings: ConnectionSettings,
    /// What is to be said of the password if the server refuses it.
    pub remark: Option<String>,
    /// What led there.
    pub way: Way,
}

/// How EdFi_Admin led to an ODS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// EdFi_Admin, or the variable that lists the instance.
    pub place: String,
    /// Id, name and contexts of the instance.
    pub instance: String,
    /// Id of the instance.
    pub id: i64,
    /// The derivative that is read.
    pub derivative: Option<Derivative>,
    /// Derivatives that were asked for.
    pub preferred: Vec<Derivative>,
}

/// ``the Snapshot of ODS instance 3 (`north`) in db:5432/EdFi_Admin``
impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(derivative) = self.derivative {
            write!(f, "the {} of ", derivative.word())?;
        }
        write!(f, "ODS instance {} in {}", self.instance, self.place)
    }
}

impl Way {
    /// What is to be said when none of the derivatives that were asked for is there.
    pub fn missing(&self) -> Option<String> {
        let words: Vec<&str> = self.preferred.iter().map(|derivative| derivative.word()).collect();
        let none = self.derivative.is_none() && !words.is_empty();
        none.then(|| format!("{self} has no {}: the ODS itself is read", words.join(" and no ")))
    }
}

/// Finds the ODS that a run means.
///
/// # Errors
/// EdFi_Admin cannot be read, or leads to no ODS.
pub fn find(admin: &Admin, run: &Run, environment: &[(OsString, OsString)]) -> Result<Found, OpenError> {
    find_in(admin, run, environment, &mut || read(admin, run, environment))
}

/// Finds the ODS that a run means, among the instances that `all` gives if they are needed.
///
/// # Errors
/// Those of `all`, or they lead to no ODS.
pub fn find_in<E: From<InstanceError>>(
    admin: &Admin,
    run: &Run,
    environment: &[(OsString, OsString)],
    all: &mut dyn FnMut() -> Result<(String, Vec<OdsInstance>), E>,
) -> Result<Found, E> {
    let listed: Vec<OdsInstance> = admin.listed.iter().map(instance).collect();
    let wanted = run.connection.ods_instance.as_deref();
    // What the variable lists comes first; what it does not list is looked for in the database.
    if !listed.is_empty()
        && let Ok(chosen) = edfi_admin::choose(&listed, wanted, &admin.from)
    {
        return Ok(reach(chosen, &admin.from, run, environment)?);
    }
    let (place, mut instances) = all()?;
    instances.retain(|found| !listed.iter().any(|known| known.id == found.id));
    instances.extend(listed);
    instances.sort_by_key(|found| found.id);
    let chosen = edfi_admin::choose(&instances, wanted, &place)?;
    Ok(reach(chosen, &place, run, environment)?)
}

/// All instances of an EdFi_Admin, and what it is called in messages.
///
/// # Errors
/// It cannot be read.
pub fn read(
    admin: &Admin,
    run: &Run,
    environment: &[(OsString, OsString)],
) -> Result<(String, Vec<OdsInstance>), OpenError> {
    let mut settings = address_of(admin.address.expose(), admin.may_hold_password, run)?;
    let sources = PasswordSources {
        file: run.connection.password_file.clone(),
        command: run.connection.password_command.clone(),
    };
    let (password, remark) = sources.find(&settings, &variable(environment))?;
    settings.password = password;
    let instances =
        postgres::ods_instances(&settings, remark, &options(run)).map_err(|error| match error {
            SourceError::Place { place, reason, remedy } => {
                SourceError::Place { place: format!("EdFi_Admin at {place}"), reason, remedy }
            }
            other => other,
        })?;
    Ok((format!("EdFi_Admin at {}", settings.place()), instances))
}

fn instance(listed: &Listed) -> OdsInstance {
    OdsInstance {
        id: listed.id,
        name: None,
        connection_string: Some(listed.connection_string.clone()),
        contexts: listed.contexts.clone(),
        derivatives: Vec::new(),
    }
}

/// How an instance is reached.
///
/// # Errors
/// It has no connection string, or none that can be used.
pub fn reach(
    chosen: &OdsInstance,
    place: &str,
    run: &Run,
    environment: &[(OsString, OsString)],
) -> Result<Found, InstanceError> {
    let preferred = run.connection.ods_derivatives.clone();
    let (text, derivative) = chosen.address(&preferred);
    let Some(text) = text else {
        let instance = chosen.to_string();
        return Err(InstanceError::NoConnectionString { place: place.to_owned(), instance });
    };
    let address = edfi_admin::opened(text, chosen, place, &|| key(run, environment))?;
    let unusable = |reason: String| InstanceError::Unusable {
        place: place.to_owned(),
        instance: chosen.to_string(),
        reason,
    };
    let mut settings = address_of(address.expose(), true, run).map_err(|error| unusable(why(error)))?;
    // A password file is the one of EdFi_Admin: another server must not get to see it.
    let (password, remark) = PasswordSources::default()
        .find(&settings, &variable(environment))
        .map_err(|error| unusable(error.to_string()))?;
    settings.password = password;
    let way =
        Way { place: place.to_owned(), instance: chosen.to_string(), id: chosen.id, derivative, preferred };
    Ok(Found { settings, remark, way })
}

/// Keys by which a connection string of SQL Server is known.
const SQL_SERVER: [&str; 5] =
    ["datasource", "encrypt", "initialcatalog", "multipleactiveresultsets", "trustedconnection"];

/// Why a connection string of EdFi_Admin cannot be used. A key that nobody knows may be a piece of a password that holds a
/// semicolon: it is not repeated.
fn why(error: ConnectionError) -> String {
    match error {
        ConnectionError::UnknownKey { key } if SQL_SERVER.contains(&key.as_str()) => {
            "it is one of SQL Server, which is read by way of extracts: templates/sqlserver/extract.sql".to_owned()
        }
        ConnectionError::UnknownKey { .. } => {
            "it has a key that is none of PostgreSQL's. A password that holds a semicolon stands in double quotes".to_owned()
        }
        error => error.to_string(),
    }
}

/// The key of encrypted connection strings, and where it comes from; `None` when nobody gives one.
fn key(run: &Run, environment: &[(OsString, OsString)]) -> Result<Option<(Secret, String)>, InstanceError> {
    let from = |place: secret::Named<'_>| place.of("encryption_key");
    let connection = &run.connection;
    let named = secret::from_settings(
        connection.encryption_key_file.as_deref(),
        connection.encryption_key_command.as_deref(),
    );
    let named = named.map_err(|(place, reason)| InstanceError::BadKey { from: from(place), reason })?;
    Ok(named.map(|(key, place)| (key, from(place))).or_else(|| {
        let variable = variable(environment);
        let found = KEYS.iter().find_map(|name| Some((variable(name).filter(|key| !key.is_empty())?, *name)));
        found.map(|(key, name)| (Secret::new(key), format!("the variable {name}")))
    }))
}
