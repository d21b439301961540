//! A consumer's file as text.
//!
//! In: the TOML of `profiles/NAME.toml`. Out: a [`Consumer`], or the first thing that is wrong with it. Strict: what it does not know
//! it refuses, an axis must be told of or named unconfirmed, and no setting may stand twice.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::axis::Axis;
use super::demand::{ColumnName, Demand, LineEnd, What};
use super::{Consumer, Statement, UNCONFIRMED};
use crate::day::Day;
use crate::notice::Severity;
use crate::spec::{File, Version};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsumerText {
    name: String,
    about: String,
    #[serde(default)]
    unconfirmed: Vec<String>,
    #[serde(default)]
    statement: Vec<StatementText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatementText {
    axis: String,
    says: String,
    source: String,
    read: String,
    #[serde(default)]
    settings: BTreeMap<String, String>,
    #[serde(default)]
    demand: Vec<DemandText>,
}

/// Everything that a demand can say; each code takes its own part of it.
#[derive(Deserialize, Default, PartialEq)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct DemandText {
    code: String,
    level: String,
    versions: Vec<String>,
    files: Vec<String>,
    columns: Vec<String>,
    roles: Vec<String>,
    words: Vec<String>,
    name: Option<String>,
    marks: Option<String>,
    most: Option<u64>,
    line_end: Option<String>,
    any_case: Option<bool>,
}

/// Reads the file of a consumer.
///
/// # Errors
/// What is wrong with it, for whoever wrote it.
pub(super) fn read(id: &'static str, text: &str) -> Result<Consumer, String> {
    let ConsumerText { name, about, unconfirmed, statement } =
        toml::from_str(text).map_err(|error| format!("{id}: {error}"))?;
    let axis = |word: &str| Axis::from_word(word).ok_or_else(|| format!("{id}: there is no axis `{word}`"));
    let unconfirmed: Vec<Axis> = unconfirmed.iter().map(|word| axis(word)).collect::<Result<_, _>>()?;
    let mut statements = Vec::new();
    for text in statement {
        let axis = axis(&text.axis)?;
        let fault = |why: String| format!("{id}: {}: {why}", axis.word());
        let read = match text.read.as_str() {
            UNCONFIRMED => None,
            day => match Day::parse(day.as_bytes()) {
                Some(day) => Some(day),
                None => return Err(fault(format!("`{day}` is no day"))),
            },
        };
        let demands = text.demand.into_iter().map(demand).collect::<Result<_, _>>().map_err(fault)?;
        let settings = text.settings.into_iter().collect();
        statements.push(Statement { axis, says: text.says, source: text.source, read, settings, demands });
    }
    statements.sort_by_key(|statement| statement.axis);
    let consumer = Consumer { id, name, about, statements, unconfirmed };
    check(&consumer).map_err(|why| format!("{id}: {why}"))?;
    Ok(consumer)
}

fn check(consumer: &Consumer) -> Result<(), String> {
    for axis in Axis::ALL {
        let told = consumer.statements.iter().any(|statement| statement.axis == axis);
        match (told, consumer.unconfirmed.iter().filter(|known| **known == axis).count()) {
            (true, 0) | (false, 1) => {}
            (false, 0) => return Err(format!("nothing is said of `{}`, nor is it unconfirmed", axis.word())),
            _ => return Err(format!("`{}` is unconfirmed although something is said of it", axis.word())),
        }
    }
    for statement in &consumer.statements {
        if [&statement.says, &statement.source].iter().any(|text| text.trim().is_empty()) {
            return Err(format!("a statement on `{}` says nothing or has no source", statement.axis.word()));
        }
    }
    let mut names: Vec<&str> = consumer.settings().map(|(name, ..)| name).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("the setting `{}` stands twice", pair[0])),
        None => Ok(()),
    }
}

fn demand(mut text: DemandText) -> Result<Demand, String> {
    let code = std::mem::take(&mut text.code);
    let level = match std::mem::take(&mut text.level).as_str() {
        "error" => Severity::Error,
        "warning" => Severity::Warning,
        "info" => Severity::Info,
        other => return Err(format!("{code}: `{other}` is no level")),
    };
    let what = what(&code, &mut text).map_err(|why| format!("{code}: {why}"))?;
    match text == DemandText::default() {
        true => Ok(Demand { level, what }),
        false => Err(format!("{code}: it says more than this code takes")),
    }
}

fn what(code: &str, text: &mut DemandText) -> Result<What, String> {
    Ok(match code {
        "consumer-version" => What::Version(listed(&mut text.versions, version)?),
        "consumer-file-missing" => What::FilesThere(listed(&mut text.files, file)?),
        "consumer-file-unwanted" => What::FilesTaken(listed(&mut text.files, file)?),
        "consumer-file-without-rows" => What::FilesFilled(listed(&mut text.files, file)?),
        "consumer-file-delta" => What::Bulk,
        "consumer-package-name" => What::PackageName {
            name: text.name.take().ok_or("it has no `name`")?,
            any_case: text.any_case.take().unwrap_or_default(),
        },
        "consumer-package-size" => What::PackageSize(most(text)?),
        "consumer-column-missing" => {
            let columns = listed(&mut text.columns, column)?;
            match columns.iter().all(|column| column.file == columns[0].file) {
                true => What::ColumnThere(columns),
                false => return Err("its columns are of several files".to_owned()),
            }
        }
        "consumer-cell-blank" => {
            let columns = listed(&mut text.columns, column)?;
            let roles = std::mem::take(&mut text.roles);
            match roles.is_empty() || columns.iter().all(|column| column.file == File::Users) {
                true => What::Filled { columns, roles },
                false => return Err("only users have roles".to_owned()),
            }
        }
        "consumer-value-shared" => What::Unique(listed(&mut text.columns, column)?),
        "consumer-text-too-long" => What::Longest(most(text)?),
        "consumer-id-form" => {
            What::IdForm { marks: text.marks.take().ok_or("it has no `marks`")?, most: most(text)? }
        }
        "consumer-word-not-taken" => What::Words {
            columns: listed(&mut text.columns, column)?,
            words: listed(&mut text.words, |word| Some(word.to_owned()))?,
            any_case: text.any_case.take().unwrap_or_default(),
        },
        "consumer-several-in-cell" => What::Single(listed(&mut text.columns, column)?),
        "consumer-class-too-large" => What::ClassSize(most(text)?),
        "consumer-teacher-overloaded" => What::ClassesOfTeacher(most(text)?),
        "consumer-line-end" => What::LineEnd(match text.line_end.take().as_deref() {
            Some("crlf") => LineEnd::CrLf,
            Some("lf") => LineEnd::Lf,
            _ => return Err("its `line-end` is neither crlf nor lf".to_owned()),
        }),
        "consumer-cell-unquoted" => What::Quoted,
        "consumer-class-not-begun" => What::Begun,
        _ => return Err("there is no such code".to_owned()),
    })
}

fn most(text: &mut DemandText) -> Result<u64, String> {
    text.most.take().ok_or_else(|| "it has no `most`".to_owned())
}

/// A list that is not empty, each item as what it names.
fn listed<T>(items: &mut Vec<String>, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, String> {
    let items = std::mem::take(items);
    if items.is_empty() {
        return Err("it names nothing".to_owned());
    }
    let one = |item: &String| read(item).ok_or_else(|| format!("`{item}` is not known"));
    items.iter().map(one).collect()
}

fn version(label: &str) -> Option<Version> {
    Version::ALL.into_iter().find(|version| version.label() == label)
}

fn file(name: &str) -> Option<File> {
    File::from_name(name)
}

fn column(name: &str) -> Option<ColumnName> {
    let (file, column) = name.split_once('.')?;
    let file = File::from_name(file)?;
    let there =
        Version::ALL.iter().filter_map(|version| version.file(file)).any(|s| s.column(column).is_some());
    (there || column.starts_with("metadata.")).then(|| ColumnName { file, column: column.to_owned() })
}
