//! The variables by which the Alliance's OneRoster service is configured, as they are: where EdFi_Admin is, for one tenant or
//! for many, and ODS instances that are listed beside it.
//!
//! In: the environment. Out: [`Alliance`], which serves where neither a place nor an `admin_connection` is named, or every fault. The
//! JSON holds passwords: no fault repeats a value of it. What such an address leads to is found elsewhere.

use std::collections::BTreeMap;
use std::ffi::OsString;

use serde_json::{Map, Value};

use super::connection::{Admin, Listed};
use super::error::ConfigError;
use super::values;
use crate::secret::Secret;

/// EdFi_Admin of the only tenant.
pub const SINGLE: &str = "CONNECTION_CONFIG";
/// EdFi_Admin of each tenant.
pub const TENANTS: &str = "TENANTS_CONNECTION_CONFIG";
/// ODS instances of the only tenant.
pub const INSTANCES: &str = "ODS_INSTANCES";

/// What the variables say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alliance {
    /// For a tenant that has no entry of its own; only there when no tenant has one.
    single: Option<Admin>,
    tenants: BTreeMap<String, Admin>,
}

impl Alliance {
    /// Reads the variables; blank ones are none.
    ///
    /// # Errors
    /// Every fault.
    pub fn read(environment: &[(OsString, OsString)]) -> Result<Alliance, Vec<ConfigError>> {
        let mut reader = Reader { environment, faults: Vec::new() };
        let mut found = Alliance::default();
        if let Some(tenants) = reader.object(TENANTS) {
            for (name, entry) in &tenants {
                let label = format!("{TENANTS}: {name}");
                reader.tenant(name, &found, &label);
                let admin = reader.admin(entry.as_object(), &label);
                let instances = entry.get("OdsInstances");
                let listed = instances.map(|given| reader.listed(given, &format!("{label}: OdsInstances")));
                if let Some(address) = admin {
                    let admin = entry_of(address, listed, TENANTS);
                    found.tenants.insert(name.clone(), admin);
                }
            }
        } else if let Some(single) = reader.object(SINGLE) {
            let admin = reader.admin(Some(&single), SINGLE);
            let listed =
                reader.object(INSTANCES).map(|given| reader.listed(&Value::Object(given), INSTANCES));
            found.single = admin.map(|address| entry_of(address, listed, SINGLE));
        }
        match reader.faults.is_empty() {
            true => Ok(found),
            false => Err(reader.faults),
        }
    }

    /// The tenants that have an EdFi_Admin of their own, in order.
    pub fn tenants(&self) -> impl Iterator<Item = &str> {
        self.tenants.keys().map(String::as_str)
    }

    /// The EdFi_Admin of a tenant. The service does not tell names by case, so this does not.
    pub fn of(&self, tenant: Option<&str>) -> Option<&Admin> {
        let own = tenant.and_then(|tenant| {
            self.tenants.iter().find(|(name, _)| same(name, tenant)).map(|(_, admin)| admin)
        });
        own.or(self.single.as_ref())
    }
}

/// Whether the service takes two names for one.
pub fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

fn entry_of(address: Secret, listed: Option<Vec<Listed>>, from: &str) -> Admin {
    Admin { address, may_hold_password: true, listed: listed.unwrap_or_default(), from: from.to_owned() }
}

struct Reader<'a> {
    environment: &'a [(OsString, OsString)],
    faults: Vec<ConfigError>,
}

impl Reader<'_> {
    fn fault(&mut self, label: &str, reason: &str, remedy: &str) {
        self.faults.push(ConfigError::Malformed {
            label: label.to_owned(),
            reason: reason.to_owned(),
            remedy: remedy.to_owned(),
        });
    }

    /// The JSON object of a variable.
    fn object(&mut self, variable: &str) -> Option<Map<String, Value>> {
        let (_, text) = self.environment.iter().find(|(name, text)| name == variable && !text.is_empty())?;
        let parsed = text.to_str().map(serde_json::from_str::<Value>);
        match parsed {
            Some(Ok(Value::Object(object))) => return Some(object),
            // serde_json says where it stumbled, and repeats nothing while it reads any value.
            Some(Err(error)) => {
                self.fault(variable, &format!("it is not JSON: {error}"), "correct the variable")
            }
            _ => self.fault(
                variable,
                "it is no JSON object",
                "write it as the Alliance's OneRoster service reads it",
            ),
        }
        None
    }

    /// Whether a name can be a tenant.
    fn tenant(&mut self, name: &str, found: &Alliance, label: &str) {
        if let Err(reason) = values::tenant(name) {
            self.fault(label, &format!("it cannot be the code of a tenant: {reason}"), "rename the tenant");
        }
        if same(name, "all") {
            self.fault(label, "--tenant reads this name as several tenants", "rename the tenant");
        }
        if found.tenants().any(|known| same(known, name)) {
            self.fault(label, "another tenant differs from it by case alone", "rename one of them");
        }
    }

    /// The address of an EdFi_Admin.
    fn admin(&mut self, entry: Option<&Map<String, Value>>, label: &str) -> Option<Secret> {
        let address = entry.and_then(|entry| entry.get("adminConnection")).and_then(Value::as_str);
        match address.filter(|address| !address.trim().is_empty()) {
            Some(address) => Some(Secret::new(address.trim())),
            None => {
                self.fault(
                    label,
                    "it names no adminConnection",
                    "write {\"adminConnection\": \"host=...;database=EdFi_Admin;...\"}",
                );
                None
            }
        }
    }

    /// Instances by their ids.
    fn listed(&mut self, given: &Value, label: &str) -> Vec<Listed> {
        let shape =
            "write {\"ID\": {\"ConnectionString\": \"...\", \"ContextValueByKey\": {\"KEY\": \"VALUE\"}}}";
        let Some(given) = given.as_object() else {
            self.fault(label, "it is no JSON object", shape);
            return Vec::new();
        };
        let mut listed = Vec::new();
        for (id, entry) in given {
            let text = |value: &Value| {
                value.as_str().map(str::to_owned).or_else(|| value.as_i64().map(|n| n.to_string()))
            };
            let number = id.parse::<i64>().ok();
            let string = entry.get("ConnectionString").and_then(Value::as_str);
            let contexts = match entry.get("ContextValueByKey") {
                None | Some(Value::Null) => Some(Vec::new()),
                Some(Value::Object(pairs)) => {
                    pairs.iter().map(|(key, value)| Some((key.clone(), text(value)?))).collect()
                }
                Some(_) => None,
            };
            match (number, string, contexts) {
                (Some(id), Some(string), Some(contexts)) => {
                    listed.push(Listed { id, connection_string: Secret::new(string), contexts });
                }
                _ => self.fault(&format!("{label}: {id}"), "it is no ODS instance", shape),
            }
        }
        listed.sort_by_key(|instance| instance.id);
        listed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Alliance, Vec<String>> {
        let environment: Vec<_> =
            variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect();
        let told = |faults: Vec<ConfigError>| faults.iter().map(|f| format!("{f} | {}", f.help())).collect();
        Alliance::read(&environment).map_err(told)
    }

    #[test]
    fn the_variables_of_the_service_load_as_they_are() {
        let tenants = r#"{
            "Tenant1": { "adminConnection": "host=a;port=5432;database=EdFi_Admin;username=u;password=hunter2",
                         "OdsInstances": { "2": { "ConnectionString": "host=b", "ContextValueByKey": { "schoolYear": 2025 } },
                                           "1": { "ConnectionString": "x|y|z" } } },
            "tenant2": { "adminConnection": " host=c " }
        }"#;
        let found = read(&[(TENANTS, tenants), (SINGLE, "not looked at")]).unwrap();
        assert_eq!(found.tenants().collect::<Vec<_>>(), ["Tenant1", "tenant2"]);
        let one = found.of(Some("TENANT1")).unwrap();
        let ids: Vec<i64> = one.listed.iter().map(|listed| listed.id).collect();
        assert_eq!((ids, one.from.as_str(), one.may_hold_password), (vec![1, 2], TENANTS, true));
        assert_eq!(one.listed[1].contexts, [("schoolYear".to_owned(), "2025".to_owned())]);
        assert_eq!(found.of(Some("tenant2")).unwrap().address.expose(), "host=c");
        assert!(found.of(Some("tenant3")).is_none() && found.of(None).is_none());
        assert!(!format!("{found:?}").contains("hunter2"));

        let single = read(&[
            (SINGLE, r#"{"adminConnection": "host=a"}"#),
            (INSTANCES, r#"{"7": {"ConnectionString": "host=b"}}"#),
        ]);
        let single = single.unwrap();
        assert_eq!(single.of(Some("whoever")).unwrap().listed[0].id, 7);
        assert_eq!(read(&[(TENANTS, ""), (SINGLE, "")]).unwrap(), Alliance::default());
    }

    #[test]
    fn faults_name_the_entry_and_repeat_no_value() {
        let secret = "host=a;password=hunter2";
        for (variable, value, says) in [
            (TENANTS, format!("{{\"a\": \"{secret}\"}}"), "a: it names no adminConnection"),
            (TENANTS, format!("{{\"a\": {{\"adminConnection\": \"{secret}\" \"x\"}}}}"), "it is not JSON"),
            (TENANTS, format!("[\"{secret}\"]"), "it is no JSON object"),
            (
                TENANTS,
                format!("{{\"a/b\": {{\"adminConnection\": \"{secret}\"}}}}"),
                "a/b: it cannot be the code",
            ),
            (TENANTS, format!("{{\"ALL\": {{\"adminConnection\": \"{secret}\"}}}}"), "as several tenants"),
            (
                TENANTS,
                format!(
                    "{{\"a\": {{\"adminConnection\": \"{secret}\"}}, \"A\": {{\"adminConnection\": \"{secret}\"}}}}"
                ),
                "by case alone",
            ),
            (
                TENANTS,
                format!(
                    "{{\"a\": {{\"adminConnection\": \"{secret}\", \"OdsInstances\": {{\"x\": {{\"ConnectionString\": \"{secret}\"}}}}}}}}"
                ),
                "a: OdsInstances: x: it is no ODS instance",
            ),
            (SINGLE, format!("\"{secret}\""), "it is no JSON object"),
            (SINGLE, format!("{{\"connection\": \"{secret}\"}}"), "it names no adminConnection"),
        ] {
            let told = read(&[(variable, &value)]).unwrap_err().join("\n");
            assert!(told.contains(says) && !told.contains("hunter2"), "{value}: {told}");
        }
    }
}
