//! `demographic_extensions`: attributes of a student that become `metadata.<name>` columns (mapping.md section 8).
//!
//! In: the configured map of attribute to column name. Out: typed [`Extension`]s, or an error that lists the
//! attributes there are. The list is closed: nothing private to a database can be named.

use std::collections::BTreeMap;

/// An attribute that can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    /// `birth_city`
    BirthCity,
    /// `birth_state`
    BirthState,
    /// `birth_country`
    BirthCountry,
    /// `birth_sex`: code value
    BirthSex,
    /// `gender_identity`
    GenderIdentity,
    /// `limited_english_proficiency`: code value
    LimitedEnglish,
    /// `middle_name`
    MiddleName,
    /// `preferred_first_name`
    PreferredFirstName,
    /// `preferred_last_surname`
    PreferredLastSurname,
    /// `characteristic:<code value>`: true or false
    Characteristic(String),
    /// `program:<program type>`: true or false as of the date
    Program(String),
    /// `indicator:<name>`: its value
    Indicator(String),
}

/// Attributes without an argument, by name.
const PLAIN: &[(&str, Attribute)] = &[
    ("birth_city", Attribute::BirthCity),
    ("birth_state", Attribute::BirthState),
    ("birth_country", Attribute::BirthCountry),
    ("birth_sex", Attribute::BirthSex),
    ("gender_identity", Attribute::GenderIdentity),
    ("limited_english_proficiency", Attribute::LimitedEnglish),
    ("middle_name", Attribute::MiddleName),
    ("preferred_first_name", Attribute::PreferredFirstName),
    ("preferred_last_surname", Attribute::PreferredLastSurname),
];

/// Names that the edu documentation uses, and what they stand for here.
const ALIASES: &[(&str, &str)] = &[
    ("is_special_education_annual", "program:Special Education"),
    ("is_special_education_active", "program:Special Education"),
    ("is_economic_disadvantaged", "characteristic:Economic Disadvantaged"),
    ("is_english_learner", "program:English as a Second Language (ESL)"),
    ("is_homeless", "characteristic:Homeless"),
    ("is_migrant", "characteristic:Migrant"),
];

/// An extension column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// Header: `metadata.<name>`.
    pub header: String,
    /// What it holds.
    pub attribute: Attribute,
}

/// An attribute or column name that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ExtensionError {
    /// No such attribute.
    #[error("demographic_extensions: unknown attribute `{attribute}`. Known are {known}")]
    Attribute {
        /// What was configured.
        attribute: String,
        /// What there is.
        known: String,
    },
    /// The name cannot be part of a header.
    #[error(
        "demographic_extensions: `{name}` cannot name a metadata column: use letters, digits, `_`, `-` and `.`, each name once"
    )]
    Name {
        /// What was configured.
        name: String,
    },
}

impl Attribute {
    /// Parses an attribute's name.
    ///
    /// # Errors
    /// [`ExtensionError::Attribute`], listing the known ones.
    pub fn parse(name: &str) -> Result<Attribute, ExtensionError> {
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, meaning)| meaning);
        if let Some((_, attribute)) = PLAIN.iter().find(|(plain, _)| *plain == name) {
            return Ok(attribute.clone());
        }
        let argument = |kind: &str| {
            name.strip_prefix(kind).map(str::trim).filter(|rest| !rest.is_empty()).map(str::to_owned)
        };
        argument("characteristic:")
            .map(Attribute::Characteristic)
            .or_else(|| argument("program:").map(Attribute::Program))
            .or_else(|| argument("indicator:").map(Attribute::Indicator))
            .ok_or_else(|| ExtensionError::Attribute { attribute: name.to_owned(), known: known() })
    }
}

/// Names of the attributes that take no argument, aliases included.
pub fn plain_names() -> impl Iterator<Item = &'static str> {
    PLAIN.iter().map(|(name, _)| *name).chain(ALIASES.iter().map(|(alias, _)| *alias))
}

/// What the attributes that take an argument begin with.
pub const FAMILIES: [&str; 3] = ["characteristic:", "program:", "indicator:"];

/// Every attribute, for messages and the reference.
pub fn known() -> String {
    let plain = PLAIN.iter().map(|(name, _)| (*name).to_owned());
    let kinds =
        ["characteristic:<code value>", "program:<program type>", "indicator:<name>"].map(str::to_owned);
    let aliases = ALIASES.iter().map(|(alias, meaning)| format!("{alias} ({meaning})"));
    plain.chain(kinds).chain(aliases).collect::<Vec<_>>().join(", ")
}

/// Typed extensions in the order of their column names.
///
/// # Errors
/// An unknown attribute, or a name that cannot be a column.
pub fn parse(configured: &BTreeMap<String, String>) -> Result<Vec<Extension>, ExtensionError> {
    let mut extensions = BTreeMap::new();
    for (attribute, name) in configured {
        let attribute = Attribute::parse(attribute)?;
        let usable = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
        if !usable || extensions.insert(name.clone(), attribute).is_some() {
            return Err(ExtensionError::Name { name: name.clone() });
        }
    }
    Ok(extensions
        .into_iter()
        .map(|(name, attribute)| Extension { header: format!("metadata.{name}"), attribute })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_a_closed_list() {
        let configured: BTreeMap<String, String> = [
            ("birth_city", "edu.birth_city"),
            ("program:Title I", "title1"),
            ("is_economic_disadvantaged", "econ"),
        ]
        .into_iter()
        .map(|(a, n)| (a.to_owned(), n.to_owned()))
        .collect();
        let parsed = parse(&configured).unwrap();
        let headers: Vec<_> = parsed.iter().map(|e| e.header.as_str()).collect();
        assert_eq!(headers, ["metadata.econ", "metadata.edu.birth_city", "metadata.title1"]);
        assert_eq!(parsed[0].attribute, Attribute::Characteristic("Economic Disadvantaged".into()));
        for bad in ["studentusi", "characteristic:", "ssn", ""] {
            assert!(matches!(Attribute::parse(bad), Err(ExtensionError::Attribute { .. })), "{bad}");
        }
        let twice = [("birth_city".to_owned(), "x".to_owned()), ("birth_state".to_owned(), "x".to_owned())];
        assert!(matches!(parse(&twice.into_iter().collect()), Err(ExtensionError::Name { .. })));
    }
}
