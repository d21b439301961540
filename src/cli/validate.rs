//! `rosterpack validate`: from packages to a judgement and an exit code.
//!
//! In: [`ValidateArgs`] and the process. Out: the judgement on stdout in the format that was asked for; exit code 0 when nothing
//! reaches the denied severity, 1 when something does, 2 for a wrong flag or a package that cannot be read at all.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ExitCode, Process};
use crate::check::register::{RULES, rule};
use crate::check::show::{Judged, html, json, sarif, terminal};
use crate::check::{Level, Options, validate};
use crate::consumer::Consumer;
use crate::day::Day;
use crate::notice::Severity;
use crate::package::read::{Archive, Limits};

/// How a judgement is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people
    Terminal,
    /// One JSON document (docs/reference/validation.schema.json)
    Json,
    /// One HTML page, without script
    Html,
    /// SARIF 2.1.0, for CI
    Sarif,
}

/// From which severity on a package is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// Errors
    Error,
    /// Errors and warnings
    Warning,
    /// Never
    None,
}

/// Flags of `validate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rosterpack validate north-2025-oneroster-v1p1.zip
  rosterpack validate --format html vendor.zip > vendor.html
  rosterpack validate --deny warning --as-of 2025-10-01 packages/*.zip
  rosterpack validate --consumer st-math,great-minds OneRoster.zip
  rosterpack validate --level grade-unusual=off --reason 'grades agreed with the vendor' vendor.zip

Exit code 0 when nothing reaches the denied severity, 1 when something does, 2 for a wrong flag or a path
that cannot be read. Every code is explained in docs/reference/rules/.")]
pub struct ValidateArgs {
    /// Zips, or folders of CSV files
    #[arg(required = true, value_name = "PACKAGE")]
    pub packages: Vec<PathBuf>,
    /// How to write the judgement
    #[arg(long, value_enum, default_value = "terminal")]
    pub format: Format,
    /// From which severity on a package is refused
    #[arg(long, value_enum, default_value = "error")]
    pub deny: Deny,
    /// Count a code otherwise: off, info, warning or error; needs a --reason; may be repeated
    #[arg(long, value_name = "CODE=LEVEL")]
    pub level: Vec<String>,
    /// Why; one for all --level, or one for each in their order
    #[arg(long, value_name = "TEXT")]
    pub reason: Vec<String>,
    /// The day by which classes are over or have not begun; without it that is not judged
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<String>,
    /// Judge also by what these consumers demand: classlink, hmh and others (`rosterpack profiles list`)
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub consumer: Vec<String>,
    /// Entries that a package may have
    #[arg(long, value_name = "N", default_value_t = Limits::default().entries)]
    pub max_entries: u64,
    /// Bytes that a package may unpack to; K, M, G and T stand for powers of 1024
    #[arg(long, value_name = "BYTES", default_value = "64G")]
    pub max_size: String,
    /// Times its size that an entry may unpack to
    #[arg(long, value_name = "N", default_value_t = Limits::default().ratio)]
    pub max_ratio: u64,
}

/// What is wrong with the flags, and what to do.
type Fault = (String, String);

/// Runs the verb.
pub fn run(args: &ValidateArgs, process: &mut Process<'_>) -> ExitCode {
    let prepared = options(args).and_then(|options| Ok((options, limits(args)?)));
    let (options, limits) = match prepared {
        Ok(prepared) => prepared,
        Err((what, help)) => {
            process.fault(what, help);
            return ExitCode::Usage;
        }
    };
    let mut judged = Vec::new();
    let mut unreadable = false;
    for path in &args.packages {
        match Archive::open(path, limits) {
            Ok(archive) => {
                // A folder is not what a consumer gets: it has neither a name nor a size there.
                let zip = std::fs::metadata(path).ok().filter(|found| found.is_file());
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
                let options = Options {
                    name: name.filter(|_| zip.is_some()),
                    bytes: zip.map(|found| found.len()),
                    ..options.clone()
                };
                judged.push(Judged {
                    package: path.display().to_string(),
                    judgement: validate(&archive, &options),
                });
            }
            Err(error) => {
                unreadable = true;
                process.fault(error, "name a zip, or a folder that holds the CSV files of a package");
            }
        }
    }
    let text = match args.format {
        Format::Terminal => Ok(judged.iter().map(terminal::render).collect::<Vec<_>>().join("\n")),
        Format::Json => json::render(&judged),
        Format::Html => Ok(html::render(&judged)),
        Format::Sarif => sarif::render(&judged),
    };
    let written = match &text {
        Ok(text) => process.out.write_all(text.as_bytes()).and_then(|()| process.out.flush()).is_ok(),
        Err(_) => false,
    };
    if !written {
        process.fault("cannot write the judgement to standard output", "");
        return ExitCode::Output;
    }
    match judged.iter().any(|judged| judged.judgement.refused) {
        _ if unreadable => ExitCode::Usage,
        true => ExitCode::Refused,
        false => ExitCode::Published,
    }
}

fn options(args: &ValidateArgs) -> Result<Options, Fault> {
    let mut options = Options {
        deny: match args.deny {
            Deny::Error => Some(Severity::Error),
            Deny::Warning => Some(Severity::Warning),
            Deny::None => None,
        },
        ..Options::default()
    };
    if let Some(text) = &args.as_of {
        let day = Day::parse(text.as_bytes()).filter(|_| text.len() == 10);
        let wrong = || (format!("--as-of `{text}` is no date"), "write it as 2025-10-01".to_owned());
        options.as_of = Some(day.ok_or_else(wrong)?);
    }
    options.consumers = consumers(&args.consumer)?;
    let reasons: Vec<&str> = args.reason.iter().map(|reason| reason.trim()).collect();
    if reasons.len() != args.level.len() && (reasons.len() != 1 || args.level.is_empty()) {
        let what = match args.level.len() {
            0 => "--reason stands without --level".to_owned(),
            levels => format!("--level stands {levels} times and --reason {} times", reasons.len()),
        };
        let help =
            "a changed level needs a reason, which is shown in the judgement: one for all, or one for each";
        return Err((what, help.to_owned()));
    }
    for (n, text) in args.level.iter().enumerate() {
        let reason = reasons.get(n).or(reasons.first()).copied().unwrap_or_default();
        if reason.is_empty() {
            let what = format!("--level {text} has a blank reason");
            return Err((what, "say why; whoever reads the judgement will ask".to_owned()));
        }
        let wrong = || {
            let what = format!("--level `{text}` is not understood");
            (what, "write CODE=LEVEL with off, info, warning or error".to_owned())
        };
        let (code, level) = text.split_once('=').ok_or_else(wrong)?;
        let level = Level::from_word(level).ok_or_else(wrong)?;
        let found = rule(code).ok_or_else(|| (format!("there is no rule `{code}`"), nearest(code)))?;
        options.levels.change(found, level, reason);
    }
    Ok(options)
}

/// The consumers of these names, each once.
fn consumers(names: &[String]) -> Result<Vec<&'static Consumer>, Fault> {
    let mut found: Vec<&'static Consumer> = Vec::new();
    for name in names.iter().map(|name| name.trim()) {
        let consumer = super::profiles::find(name)?;
        if !found.iter().any(|known| known.id == consumer.id) {
            found.push(consumer);
        }
    }
    Ok(found)
}

/// The code that is spelt most alike.
fn nearest(code: &str) -> String {
    let most = RULES.iter().max_by(|a, b| {
        let like = |rule: &crate::check::rule::Rule| strsim::jaro_winkler(rule.code.code, code);
        like(a).total_cmp(&like(b))
    });
    let most = most.map_or("", |rule| rule.code.code);
    format!("did you mean `{most}`? All codes are in docs/reference/rules/README.md")
}

fn limits(args: &ValidateArgs) -> Result<Limits, Fault> {
    let wrong = || {
        let what = format!("--max-size `{}` is no number of bytes", args.max_size);
        (what, "write it as 500M or 64G".to_owned())
    };
    let (digits, shift) = match args.max_size.char_indices().last() {
        Some((at, unit)) if unit.is_ascii_alphabetic() => {
            let shift = "KMGT".find(unit.to_ascii_uppercase()).ok_or_else(wrong)?;
            (&args.max_size[..at], 10 * (shift as u32 + 1))
        }
        _ => (args.max_size.as_str(), 0),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let size = number.checked_mul(1 << shift).ok_or_else(wrong)?;
    Ok(Limits { entries: args.max_entries, size, ratio: args.max_ratio.max(1) })
}
