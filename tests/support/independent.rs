//! Scheme `edu` once more, written from mapping.md section 1 and not from the code that is tested.
//!
//! In: components of natural keys, rows of extracts. Out: the ids that must come out.

use md5::{Digest, Md5};

use crate::package_reader::Row;

/// What stands for the missing begin date of a staff association on data standard 4.0.
pub const PLACEHOLDER: &str = "_dbt_utils_surrogate_key_null_";

/// Lower-case hex MD5.
pub fn md5(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Ids under one prefix.
pub struct Ids<'p> {
    pub prefix: &'p str,
}

impl Ids<'_> {
    /// Components joined by hyphens behind the prefix.
    pub fn of<T: AsRef<str>>(&self, components: &[T]) -> String {
        let mut key = self.prefix.to_owned();
        for component in components {
            key = key + "-" + component.as_ref();
        }
        md5(&key)
    }

    /// The id of a section association.
    pub fn enrollment(&self, unique_id: &str, row: &Row<'_>) -> String {
        let begin = match row.get("begindate") {
            "" => PLACEHOLDER,
            begin => begin,
        };
        let mut parts = vec![unique_id.to_owned()];
        parts.extend(class_parts(row));
        parts.push(begin.to_owned());
        self.of(&parts)
    }
}

/// The components of a class: course code, school, section and session, texts in lower case.
pub fn class_parts(row: &Row<'_>) -> Vec<String> {
    ["localcoursecode", "schoolid", "sectionidentifier", "sessionname"]
        .map(|column| row.get(column).to_lowercase())
        .to_vec()
}
