//! `explain users.role`: what a column is, by which rule it is filled, and the seeds, settings and notices it depends on.
//!
//! In: a file and a column of one OneRoster version. Out: [`ColumnAnswer`], made of the specification, of the row of
//! docs/mapping.md and of the declarations that the row names; no source is read.

use std::io::{self, Write};

use serde::Serialize;

use super::mapping::{self, Rule as MappingRule};
use crate::config::plan::Edition;
use crate::config::settings::{SETTINGS, Standing};
use crate::config::values::nearest;
use crate::crosswalk::seed::SEEDS;
use crate::crosswalk::{Crosswalks, Origin};
use crate::notice::Severity;
use crate::pipeline;
use crate::spec::{Column, File, FileSpec, Kind, Need, Rule, Version, v1p2};

/// What a column is and how it is filled.
#[derive(Debug, Serialize)]
pub struct ColumnAnswer {
    /// Name with `.csv`.
    pub file: &'static str,
    /// Header.
    pub column: String,
    /// OneRoster version.
    pub oneroster: &'static str,
    /// What the specification says; none for extension columns, which it does not have.
    pub specification: Option<Specification>,
    /// What the mapping says; none for files that have no source.
    pub mapping: Option<MappingRule>,
    /// Section of docs/mapping.md.
    pub section: &'static str,
    /// Crosswalk seeds that are read for it.
    pub seeds: Vec<SeedTold>,
    /// Settings on which it depends.
    pub settings: Vec<SettingTold>,
    /// Notices that tell of it.
    pub notices: Vec<NoticeTold>,
}

impl ColumnAnswer {
    /// Writes it as JSON, with a line break at the end.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        writeln!(out)
    }
}

/// What the specification says of a column.
#[derive(Debug, Serialize)]
pub struct Specification {
    /// One sentence.
    pub doc: &'static str,
    /// `required`, `optional` or `delta`.
    pub need: &'static str,
    /// What a cell holds.
    pub holds: String,
    /// Words that it may hold, if they are listed.
    pub words: Vec<&'static str>,
    /// What else binds a cell.
    pub bound_by: Vec<String>,
}

/// A crosswalk seed.
#[derive(Debug, Serialize)]
pub struct SeedTold {
    /// File name.
    pub file: &'static str,
    /// Where it was read from.
    pub read_from: String,
    /// Columns on the Ed-Fi side, of which it has one.
    pub from: Vec<&'static str>,
    /// Columns on the OneRoster side.
    pub to: Vec<&'static str>,
}

/// A setting.
#[derive(Debug, Serialize)]
pub struct SettingTold {
    /// Its name.
    pub name: &'static str,
    /// Its default.
    pub default: String,
    /// What it does.
    pub doc: &'static str,
}

/// A notice code.
#[derive(Debug, Serialize)]
pub struct NoticeTold {
    /// Its name.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What happened.
    pub summary: &'static str,
}

/// The question names no column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct ColumnError {
    what: String,
    /// What to do.
    pub help: String,
}

/// The description of a file in an edition.
fn described(file: File, edition: Edition) -> Option<&'static FileSpec> {
    match (file, edition.users_of_v1p2p0) {
        (File::Users, true) => Some(&v1p2::USERS_V1P2P0),
        _ => edition.version.file(file),
    }
}

/// Explains `file.column` in an edition; `.csv` behind the file is understood.
///
/// # Errors
/// There is no such file or column in this version.
pub fn explain_column(
    text: &str,
    edition: Edition,
    crosswalks: &Crosswalks,
) -> Result<ColumnAnswer, ColumnError> {
    let version = edition.version;
    let text = text.replacen(".csv.", ".", 1);
    let (file, column) = text.split_once('.').unwrap_or((text.as_str(), ""));
    let name =
        version.files().iter().map(|spec| spec.file).find(|known| known.name().eq_ignore_ascii_case(file));
    let Some(spec) = name.and_then(|file| described(file, edition)) else {
        let names = || version.files().iter().map(|spec| spec.file.name());
        let near = nearest(file, names()).map_or(String::new(), |near| format!("did you mean {near}? "));
        let names: Vec<&str> = names().collect();
        return Err(ColumnError {
            what: format!("OneRoster {version} has no file {file}.csv"),
            help: format!("{near}the files are {}", names.join(", ")),
        });
    };
    let found = spec.columns.iter().find(|known| known.name.eq_ignore_ascii_case(column));
    match found {
        Some(found) => Ok(of_specification(spec, found, version, crosswalks)),
        None => of_extension(spec.file, column, version).ok_or_else(|| unknown(spec, column, version)),
    }
}

fn unknown(spec: &FileSpec, column: &str, version: Version) -> ColumnError {
    let names: Vec<&str> = spec.columns.iter().map(|column| column.name).collect();
    let near =
        nearest(column, names.iter().copied()).map_or(String::new(), |near| format!("did you mean {near}? "));
    let other = Version::ALL.into_iter().filter(|other| *other != version).find(|other| {
        let there = other.file(spec.file).and_then(|spec| spec.column(column));
        there.is_some()
    });
    let other =
        other.map_or(String::new(), |other| format!("OneRoster {other} has it: --oneroster {other}; "));
    ColumnError {
        what: format!("{} of OneRoster {version} has no column `{column}`", spec.file.csv_name()),
        help: format!("{other}{near}the columns are {}", names.join(", ")),
    }
}

fn of_specification(
    spec: &FileSpec,
    column: &'static Column,
    version: Version,
    crosswalks: &Crosswalks,
) -> ColumnAnswer {
    let rule = mapping::rule(spec.file, column.name);
    let text = rule.map_or(String::new(), |rule| format!("{} {} {}", rule.from, rule.rule, rule.without));
    ColumnAnswer {
        file: spec.file.csv_name(),
        column: column.name.to_owned(),
        oneroster: version.label(),
        specification: Some(specification(column)),
        mapping: rule,
        section: if rule.is_some() { spec.file.csv_name() } else { "Files that are always absent" },
        seeds: seeds(&text, crosswalks),
        settings: settings(&text),
        notices: notices(&text),
    }
}

fn of_extension(file: File, column: &str, version: Version) -> Option<ColumnAnswer> {
    let (setting, holds) = mapping::extension(file, column)?;
    Some(ColumnAnswer {
        file: file.csv_name(),
        column: column.to_owned(),
        oneroster: version.label(),
        specification: None,
        mapping: Some(MappingRule { from: "", rule: holds, without: "" }),
        section: "Extension columns",
        seeds: Vec::new(),
        settings: settings(&format!("`{setting}`")),
        notices: Vec::new(),
    })
}

fn specification(column: &Column) -> Specification {
    let holds = match column.kind {
        Kind::Id => "the row's own sourcedId".to_owned(),
        Kind::Ref(file) => format!("the sourcedId of a row of {}", file.csv_name()),
        Kind::RefList(file) => format!("sourcedIds of rows of {}", file.csv_name()),
        Kind::Text => "text".to_owned(),
        Kind::TextList => "several texts".to_owned(),
        Kind::Enum(words) => format!("one word of {}", words.name),
        Kind::EnumList(words) => format!("several words of {}", words.name),
        Kind::Date => "a date, YYYY-MM-DD".to_owned(),
        Kind::DateTime => "a moment, YYYY-MM-DDTHH:MM:SS.sssZ".to_owned(),
        Kind::Year => "a year, YYYY".to_owned(),
        Kind::Integer => "a whole number".to_owned(),
        Kind::Float => "a number".to_owned(),
    };
    let bound = |rule: &Rule| match rule {
        Rule::Target { column, word } => format!("the row referred to has {column} `{word}`"),
        Rule::KeyOf(file) => format!("the same id as the row of {}", file.csv_name()),
        Rule::Student => "the user referred to is a student".to_owned(),
        Rule::SameUser => "the row referred to belongs to the same user".to_owned(),
        Rule::RoleThere => "the user has a role at the organization".to_owned(),
        Rule::Parallel(other) => format!("parallel to {other}"),
        Rule::Braced => "items are written {left:right}".to_owned(),
        Rule::Advised(words) => format!("customarily a value of {}: {}", words.name, words.words.join(", ")),
    };
    Specification {
        doc: column.doc,
        need: match column.need {
            Need::Required => "required",
            Need::Optional => "optional",
            Need::Delta => "delta",
        },
        holds,
        words: column.vocabulary().map_or(Vec::new(), |words| words.words.to_vec()),
        bound_by: column.rules.iter().map(bound).collect(),
    }
}

/// Seeds whose crosswalk the mapping's text names.
fn seeds(text: &str, crosswalks: &Crosswalks) -> Vec<SeedTold> {
    let named =
        |name: &str| [" crosswalk", " seed"].iter().any(|word| text.contains(&format!("{name}{word}")));
    SEEDS
        .iter()
        .filter(|seed| named(seed.name))
        .map(|seed| SeedTold {
            file: seed.file,
            read_from: match crosswalks.origins.iter().find(|(file, _)| *file == seed.file) {
                Some((_, Origin::File(path))) => path.display().to_string(),
                Some((_, Origin::Off)) | None => "nowhere: off unless --seeds has it".to_owned(),
                Some((_, Origin::Default)) => "built in (seeds/)".to_owned(),
            },
            from: seed.keys.to_vec(),
            to: seed.answers.iter().map(|answer| answer.name).collect(),
        })
        .collect()
}

/// Settings that the mapping's text names.
fn settings(text: &str) -> Vec<SettingTold> {
    let named: Vec<&str> = mapping::quoted(text).collect();
    SETTINGS
        .iter()
        .filter(|setting| named.contains(&setting.name) && matches!(setting.section, "mapping" | "scope"))
        .map(|setting| SettingTold {
            name: setting.name,
            default: match setting.default {
                Standing::Value(value) => value.to_owned(),
                Standing::Computed(what) => what.to_owned(),
                Standing::Required => String::new(),
            },
            doc: setting.doc,
        })
        .collect()
}

/// Notices that the mapping's text names.
fn notices(text: &str) -> Vec<NoticeTold> {
    let named: Vec<&str> = mapping::quoted(text).collect();
    pipeline::codes()
        .into_iter()
        .filter(|code| named.contains(&code.code))
        .map(|code| NoticeTold { code: code.code, severity: code.severity, summary: code.summary })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edition(word: &str) -> Edition {
        Edition::ALL.iter().find(|(known, _)| *known == word).unwrap().1
    }

    #[test]
    fn every_column_of_both_versions_is_explained() {
        let crosswalks = Crosswalks::embedded().unwrap();
        let mut seeds = std::collections::BTreeSet::new();
        for version in ["1.1", "1.2", "1.2.0"] {
            let edition = edition(version);
            for spec in edition.version.files().iter().filter_map(|spec| described(spec.file, edition)) {
                for column in spec.columns {
                    let text = format!("{}.{}", spec.file, column.name);
                    let answer = explain_column(&text, edition, &crosswalks).unwrap();
                    assert_eq!((answer.file, answer.column.as_str()), (spec.file.csv_name(), column.name));
                    seeds.extend(answer.seeds.iter().map(|seed| seed.file));
                }
            }
        }
        // The page names each crosswalk at some column, by the seed's own name.
        let unread: Vec<&str> = SEEDS.iter().map(|s| s.file).filter(|file| !seeds.contains(file)).collect();
        assert_eq!(unread, Vec::<&str>::new());
    }

    #[test]
    fn a_slip_is_told_with_what_was_meant() {
        let crosswalks = Crosswalks::embedded().unwrap();
        let told = |text: &str, version| explain_column(text, edition(version), &crosswalks).unwrap_err();
        assert!(told("user.role", "1.1").help.starts_with("did you mean users?"));
        assert!(told("users.rolle", "1.1").help.contains("did you mean role?"));
        assert!(told("users.role", "1.2").help.starts_with("OneRoster 1.1 has it"));
        assert!(told("users", "1.2").to_string().contains("no column"));
        assert!(explain_column("users.csv.role", edition("1.1"), &crosswalks).is_ok());
        assert!(explain_column("orgs.metadata.city", edition("1.1"), &crosswalks).is_ok());
    }
}
