//! The header of a data file.
//!
//! In: the names of its first line. Out: where each column of the specification is, and what is wrong. Names that only
//! differ in case, blanks or invisible characters count as the column they mean, so that its cells are judged too.

use super::findings::{Findings, Spot};
use super::rule::Rule;
pub use super::rules::headers::{FILE_EMPTY, FILE_WITHOUT_ROWS, HEADER_ONLY};
use super::rules::headers::{
    HEADER_ABSENT, HEADER_CASE, HEADER_INVISIBLE, HEADER_MISSING, HEADER_ORDER, HEADER_REPEATED,
    HEADER_UNKNOWN, HEADER_WITHDRAWN, METADATA_NOT_LAST,
};
use crate::spec::{File, FileSpec, Version, v1p2};

/// What extension columns start with.
pub const METADATA: &str = "metadata.";

/// Where the columns are.
#[derive(Debug)]
pub struct Header {
    /// The description that fits: `users.csv` of 1.2 has two.
    pub spec: &'static FileSpec,
    /// By column of the description: the field that holds it.
    pub fields: Vec<Option<usize>>,
    /// Whether it is a header at all.
    pub usable: bool,
}

/// Characters that nobody sees and programs trip over.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}')
        || c.is_control()
}

fn visible(name: &str) -> String {
    name.chars().filter(|c| !is_invisible(*c)).collect::<String>().trim().to_owned()
}

/// Judges a header.
pub fn judge(
    names: &[String],
    spec: &'static FileSpec,
    version: Version,
    findings: &mut Findings<'_>,
) -> Header {
    let file = spec.file.csv_name();
    let spot = Spot { line: 1, ..Spot::default() };
    let withdrawn = "resourceSourcedIds";
    let older = version == Version::V1p2
        && spec.file == File::Users
        && names.iter().any(|name| visible(name) == withdrawn);
    let spec = if older { &v1p2::USERS_V1P2P0 } else { spec };
    let mut fields = vec![None; spec.columns.len()];
    let mut metadata = None;
    let mut raised: Vec<(&'static Rule, String)> = Vec::new();
    let mut late = false;
    for (n, name) in names.iter().enumerate() {
        let shown = visible(name);
        if shown.starts_with(METADATA) && shown.len() > METADATA.len() {
            if names.iter().take(n).any(|other| visible(other) == shown) {
                raised.push((&HEADER_REPEATED, shown));
            } else if shown != *name {
                raised.push((&HEADER_INVISIBLE, shown));
            }
            metadata = Some(n);
            continue;
        }
        let exact = spec.columns.iter().position(|column| column.name == shown);
        let meant = exact.or_else(|| spec.columns.iter().position(|c| c.name.eq_ignore_ascii_case(&shown)));
        let Some(at) = meant else {
            raised.push((&HEADER_UNKNOWN, shown));
            continue;
        };
        let column = spec.columns[at].name;
        late |= metadata.is_some();
        if fields[at].is_some() {
            raised.push((&HEADER_REPEATED, column.to_owned()));
            continue;
        }
        fields[at] = Some(n);
        if exact.is_none() {
            raised.push((&HEADER_CASE, column.to_owned()));
        }
        if shown != *name {
            raised.push((&HEADER_INVISIBLE, column.to_owned()));
        }
    }
    if fields.iter().all(Option::is_none) {
        // A file without a header: its first row must not be shown as if its cells were names.
        findings.raise(&HEADER_ABSENT, file, "", spot, "");
        return Header { spec, fields, usable: false };
    }
    if older {
        raised.push((&HEADER_WITHDRAWN, withdrawn.to_owned()));
    }
    for (column, field) in spec.columns.iter().zip(&fields) {
        if field.is_none() {
            raised.push((&HEADER_MISSING, column.name.to_owned()));
        }
    }
    for (rule, column) in raised {
        findings.raise(rule, file, column, spot, "");
    }
    let known: Vec<usize> = fields.iter().flatten().copied().collect();
    if let Some(at) = known.windows(2).position(|pair| pair[0] > pair[1]) {
        let moved = spec.columns.iter().zip(&fields).filter(|(_, f)| f.is_some()).nth(at + 1);
        let column = moved.map_or("", |(column, _)| column.name);
        findings.raise(&HEADER_ORDER, file, column, spot, "");
    }
    if late {
        findings.raise(&METADATA_NOT_LAST, file, "", spot, "");
    }
    Header { spec, fields, usable: true }
}
