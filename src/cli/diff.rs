//! `rosterpack diff`: from two packages to what differs, and an exit code.
//!
//! In: [`DiffArgs`] and the process. Out: the comparison on stdout in the format that was asked for; as with diff(1), exit
//! code 0 when both say the same, 1 when they differ, 2 for a wrong flag or a package that cannot be compared.

use std::path::PathBuf;

use clap::Args;

use super::{ExitCode, Process};
use crate::diff::show::{html, json, terminal};
use crate::diff::{DiffError, Options, compare_paths};
use crate::package::read::Limits;
use crate::spec::File;

/// Flags of `diff`.
#[derive(Debug, Args)]
#[command(after_help = "\
Rows are found by their sourcedId, columns by their names, in whatever order they stand. A row
whose dateLastModified alone differs is not changed. Without --names and --values, samples show
sourcedIds and the names of columns, and nothing else of a row.

Examples:
  rosterpack diff delivered/north.zip packages/north-2025-oneroster-v1p1.zip
  rosterpack diff --file users.csv --school 255901001 --values old.zip new.zip
  rosterpack diff --html old.zip new.zip > changes.html

Exit code 0 when both say the same, 1 when they differ, 2 for a wrong flag or a package that
cannot be read or compared.")]
pub struct DiffArgs {
    /// The older package: a zip, or a folder of CSV files
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The newer package
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// Compare this file alone, as in users.csv; may be repeated
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub file: Vec<File>,
    /// Compare the rows of this school alone, by the sourcedId of its org
    #[arg(long, value_name = "ID")]
    pub school: Option<String>,
    /// Rows that are shown per file and kind of change
    #[arg(long, value_name = "N", default_value_t = Options::default().samples)]
    pub samples: usize,
    /// Show what the rows of samples and schools are called: personal data
    #[arg(long)]
    pub names: bool,
    /// Show what stood and stands in the changed cells of samples: personal data
    #[arg(long)]
    pub values: bool,
    /// One JSON document (docs/reference/diff.schema.json)
    #[arg(long, conflicts_with = "html")]
    pub json: bool,
    /// One HTML page, without script
    #[arg(long)]
    pub html: bool,
}

fn file(text: &str) -> Result<File, String> {
    let found = File::from_csv_name(text).or_else(|| File::from_name(text));
    found.ok_or_else(|| {
        let like = |file: &File| strsim::jaro_winkler(file.csv_name(), text);
        let nearest = File::ALL.into_iter().max_by(|a, b| like(a).total_cmp(&like(b)));
        format!("no file of OneRoster; did you mean {}?", nearest.map_or("users.csv", File::csv_name))
    })
}

/// Runs the verb.
pub fn run(args: &DiffArgs, process: &mut Process<'_>) -> ExitCode {
    let options = Options {
        files: (!args.file.is_empty()).then(|| args.file.iter().copied().collect()),
        school: args.school.clone(),
        samples: args.samples,
        names: args.names,
        values: args.values,
        ..Options::default()
    };
    let diff = match compare_paths(&args.old, &args.new, Limits::default(), &options) {
        Ok(diff) => diff,
        Err(error) => {
            let help = match &error {
                DiffError::Read(_) => {
                    "what cannot be read is not compared; `rosterpack validate` says all that is wrong with a package"
                }
                DiffError::Empty { .. } => {
                    "name a zip that holds the CSV files at its root, or a folder of them"
                }
                DiffError::NoSchool(_) => {
                    "name the sourcedId of a row of orgs.csv of type school; without --school, all are listed"
                }
            };
            process.fault(&error, help);
            return ExitCode::Usage;
        }
    };
    let text = match (args.json, args.html) {
        (true, _) => json::render(&diff),
        (_, true) => Ok(html::render(&diff)),
        _ => Ok(terminal::render(&diff)),
    };
    let written = match &text {
        Ok(text) => process.out.write_all(text.as_bytes()).and_then(|()| process.out.flush()).is_ok(),
        Err(_) => false,
    };
    if !written {
        process.fault("cannot write the comparison to standard output", "");
        return ExitCode::Output;
    }
    if diff.equal { ExitCode::Published } else { ExitCode::Refused }
}
