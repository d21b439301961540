//! The validator: judges any OneRoster package, whoever made it.
//!
//! In: an open package ([`crate::package::read::Archive`]) and [`Options`]. Out: a [`Judgement`]: notices with exact counts and
//! places, and for every rule whether it looked. It knows nothing of Ed-Fi, changes nothing, reads no clock, and
//! shows no personal value: ids and lines only. [`register::RULES`] is the catalogue.
//!
//! A consumer's demands (longest id, files that must be there) are data ([`crate::consumer`]) that parametrise the rules of
//! [`rules::consumers`]: they enter through [`Options::consumers`], and what breaks one is a notice of its own.

pub mod catalogue;
pub mod demands;
pub mod facts;
pub mod findings;
pub mod header;
pub mod manifest;
pub mod reference;
pub mod register;
pub mod rule;
pub mod rules;
pub mod runner;
pub mod scan;
pub mod show;

use std::collections::BTreeSet;

use serde::Serialize;

use self::findings::Findings;
use self::register::RULES;
use self::rule::{Asked, Charge, Hook, Rule};
use self::scan::Skip;
use crate::consumer::Consumer;
use crate::day::Day;
use crate::notice::{Authority, Severity};
use crate::package::read::Archive;
use crate::spec::Version;

/// How a code is to count, in place of its own severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Not at all: the rule does not look.
    Off,
    /// As this.
    At(Severity),
}

impl Level {
    /// The level of a word.
    pub fn from_word(word: &str) -> Option<Level> {
        Some(match word {
            "off" => Level::Off,
            "info" => Level::At(Severity::Info),
            "warning" => Level::At(Severity::Warning),
            "error" => Level::At(Severity::Error),
            _ => return None,
        })
    }

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Level::Off => "off",
            Level::At(Severity::Info) => "info",
            Level::At(Severity::Warning) => "warning",
            Level::At(Severity::Error) => "error",
        }
    }
}

/// A changed level and who answers for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LevelChange {
    /// The code.
    pub code: &'static str,
    /// The severity of its declaration.
    pub from: &'static str,
    /// What it counts as now.
    pub to: &'static str,
    /// Why.
    pub reason: String,
}

/// Changed levels.
#[derive(Debug, Clone, Default)]
pub struct Levels(Vec<(&'static Rule, Level, String)>);

impl Levels {
    /// Changes the level of a rule; the last change counts.
    pub fn change(&mut self, rule: &'static Rule, level: Level, reason: &str) {
        self.0.retain(|(other, _, _)| other.code.code != rule.code.code);
        self.0.push((rule, level, reason.to_owned()));
    }

    fn of(&self, code: &str) -> Option<Level> {
        self.0.iter().find(|(rule, _, _)| rule.code.code == code).map(|(_, level, _)| *level)
    }

    fn is_off(&self, code: &str) -> bool {
        !self.0.is_empty() && self.of(code) == Some(Level::Off)
    }

    fn severity(&self, charge: &Charge) -> Severity {
        match self.of(charge.rule.code.code) {
            Some(Level::At(severity)) => severity,
            _ => charge.severity(),
        }
    }

    /// Every change, by code.
    pub fn changes(&self) -> Vec<LevelChange> {
        let mut changes: Vec<LevelChange> = self
            .0
            .iter()
            .map(|(rule, level, reason)| LevelChange {
                code: rule.code.code,
                from: Level::At(rule.code.severity).word(),
                to: level.word(),
                reason: reason.clone(),
            })
            .collect();
        changes.sort_by_key(|change| change.code);
        changes
    }
}

/// How to judge.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Changed levels.
    pub levels: Levels,
    /// The date that "over" and "not begun" are judged by; without it they are not.
    pub as_of: Option<Day>,
    /// From which severity on a package is refused; `None` for never.
    pub deny: Option<Severity>,
    /// Consumers whose demands are judged besides.
    pub consumers: Vec<&'static Consumer>,
    /// What the package is called where a consumer gets it; `None` when nobody knows.
    pub name: Option<String>,
    /// How large the zip is; `None` when it is none.
    pub bytes: Option<u64>,
}

impl Options {
    /// Every demand that is judged.
    pub fn asked(&self) -> impl Iterator<Item = Asked> + '_ {
        self.consumers.iter().flat_map(|&consumer| {
            consumer.demands().enumerate().map(move |(number, (demand, statement))| Asked {
                consumer,
                number,
                demand,
                statement,
            })
        })
    }
}

/// A file of the package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileOutcome {
    /// Its name.
    pub file: &'static str,
    /// `bulk` or `delta`; null when the manifest does not say.
    pub mode: Option<&'static str>,
    /// Rows that could be read.
    pub rows: u64,
    /// Why it could not be read completely.
    pub unread: Option<String>,
}

/// A place that is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// Line, from 1; 0 for the file as a whole.
    pub line: u64,
    /// Column in characters, from 1, for faults of the text; 0 otherwise.
    pub position: u64,
    /// The sourcedId of the row; blank when there is none that can be shown.
    #[serde(rename = "sourcedId")]
    pub sourced_id: String,
}

/// A cause with its places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// What caused it; blank when the code says it all.
    pub cause: String,
    /// Exact number of occurrences.
    pub count: u64,
    /// The first few.
    pub samples: Vec<Sample>,
}

/// What a rule found at one file and column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// The code: a public promise.
    pub code: &'static str,
    /// How much it counts, changed levels included.
    pub severity: Severity,
    /// Whose rule it is.
    pub authority: Authority,
    /// The file or entry; blank for the package.
    pub file: String,
    /// The column; blank for the row or the file.
    pub column: String,
    /// Exact number of occurrences.
    pub count: u64,
    /// What happened.
    pub summary: &'static str,
    /// What to do in the ODS.
    pub remedy: &'static str,
    /// The consumer whose demand it is, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub demand: Option<Demanded>,
    /// By cause, most frequent first; those beyond the cap together.
    pub causes: Vec<Cause>,
}

/// Whose demand a notice is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Demanded {
    /// The consumer, by the name that `--consumer` takes.
    pub consumer: &'static str,
    /// What it calls itself.
    pub name: &'static str,
    /// What is demanded.
    pub wants: String,
    /// What its source says, in our words.
    pub says: &'static str,
    /// The source.
    pub source: &'static str,
    /// When the source was read, or `unconfirmed`.
    pub read: String,
}

impl From<Asked> for Demanded {
    fn from(asked: Asked) -> Demanded {
        Demanded {
            consumer: asked.consumer.id,
            name: &asked.consumer.name,
            wants: asked.demand.what.to_string(),
            says: &asked.statement.says,
            source: &asked.statement.source,
            read: asked.statement.date(),
        }
    }
}

/// What a rule could not judge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Skipped {
    /// The code.
    pub code: &'static str,
    /// The file.
    pub file: &'static str,
    /// Why.
    pub reason: String,
    /// Cells or rows concerned; 0 when that is not known.
    pub count: u64,
}

/// How a rule fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleOutcome {
    /// It looked at everything and found nothing.
    Passed,
    /// It found something.
    Found,
    /// It found nothing, but could not look at everything.
    Skipped,
    /// The package has nothing that it is about.
    NotApplicable,
    /// It was turned off.
    Off,
}

/// A rule and how it fared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleState {
    /// The code.
    pub code: &'static str,
    /// How it fared.
    pub outcome: RuleOutcome,
}

/// What came of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// Whether something was found at or above the severity that is denied.
    pub refused: bool,
    /// The OneRoster version that it was judged by.
    pub version: &'static str,
    /// The date that it was judged by, if one was given.
    pub as_of: Option<String>,
    /// The consumers whose demands it was judged by.
    pub consumers: Vec<&'static str>,
    /// What had to be assumed.
    pub assumptions: Vec<String>,
    /// Its data files.
    pub files: Vec<FileOutcome>,
    /// What was found: worst first, then by file, code and column.
    pub notices: Vec<Notice>,
    /// What could not be judged, by code.
    pub skipped: Vec<Skipped>,
    /// Changed levels.
    pub levels: Vec<LevelChange>,
    /// Every rule and how it fared.
    pub rules: Vec<RuleState>,
}

/// Judges a package.
pub fn validate(archive: &Archive, options: &Options) -> Judgement {
    runner::judge(archive, options)
}

impl Judgement {
    fn new(
        version: Version,
        files: Vec<FileOutcome>,
        findings: Findings<'_>,
        skips: BTreeSet<Skip>,
        looked: BTreeSet<&'static str>,
        assumptions: Vec<String>,
        options: &Options,
    ) -> Judgement {
        let levels = &options.levels;
        let skips: Vec<Skip> = skips.into_iter().filter(|skip| !levels.is_off(skip.code)).collect();
        let outcome = |rule: &Rule| match rule.code.code {
            code if levels.is_off(code) => RuleOutcome::Off,
            code if findings.has(code) => RuleOutcome::Found,
            code if skips.iter().any(|skip| skip.code == code) => RuleOutcome::Skipped,
            code if looked.contains(code) => RuleOutcome::Passed,
            _ => RuleOutcome::NotApplicable,
        };
        // Of demands only those are told that somebody asked for.
        let demanded: BTreeSet<&str> = options.asked().map(|asked| asked.demand.what.code()).collect();
        let told = |rule: &&&Rule| !matches!(rule.hook, Hook::Demand(_)) || demanded.contains(rule.code.code);
        let rules = RULES.iter().filter(told);
        let rules = rules.map(|rule| RuleState { code: rule.code.code, outcome: outcome(rule) }).collect();
        let mut notices: Vec<Notice> = findings
            .groups()
            .map(|((file, column), group)| {
                let code = &group.charge.rule.code;
                let mut causes: Vec<Cause> = group.causes.iter().map(shown).collect();
                // Stable: causes of the same count stay in the order of their first line.
                causes.sort_by_key(|cause| (cause.cause == findings::OTHER_CAUSES, u64::MAX - cause.count));
                Notice {
                    code: code.code,
                    severity: levels.severity(&group.charge),
                    authority: code.authority,
                    file: file.to_string(),
                    column: column.to_string(),
                    count: group.count,
                    summary: code.summary,
                    remedy: code.remedy,
                    demand: group.charge.asked.map(Demanded::from),
                    causes,
                }
            })
            .collect();
        notices.sort_by(|a, b| {
            let key = |n: &Notice| {
                (
                    std::cmp::Reverse(n.severity),
                    n.file.clone(),
                    n.code,
                    n.column.clone(),
                    n.demand.as_ref().map(|d| d.consumer),
                )
            };
            key(a).cmp(&key(b))
        });
        let refused = options.deny.is_some_and(|deny| notices.iter().any(|notice| notice.severity >= deny));
        Judgement {
            refused,
            version: version.label(),
            as_of: options.as_of.map(|day| day.to_string()),
            consumers: options.consumers.iter().map(|consumer| consumer.id).collect(),
            assumptions,
            files,
            notices,
            skipped: skips
                .into_iter()
                .map(|Skip { code, file, reason, count }| Skipped { code, file, reason, count })
                .collect(),
            levels: levels.changes(),
            rules,
        }
    }

    /// Occurrences of a severity.
    pub fn count(&self, severity: Severity) -> u64 {
        self.notices.iter().filter(|notice| notice.severity == severity).map(|notice| notice.count).sum()
    }
}

fn shown(cause: &findings::Cause) -> Cause {
    let sample =
        |s: &findings::Sample| Sample { line: s.line, position: s.position, sourced_id: s.id.clone() };
    Cause {
        cause: cause.cause.clone(),
        count: cause.count,
        samples: cause.samples.iter().filter(|s| s.line > 0).map(sample).collect(),
    }
}
