//! `export --tenant all`, `--tenant 'north-*'`: one run for each of several tenants of the configuration file.
//!
//! In: the flags of an export and a pattern. Out: what each run says, under a heading of its own, then one table of all on
//! stderr and the exit code that weighs most. Every tenant's configuration is frozen, and what two of them would write to one
//! place is refused, before the first run begins; after that no tenant stops another. Runs one tenant at a time, each with all
//! threads and connections, so that the memory is that of the largest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use wildmatch::WildMatch;

use super::export::{self, ExportArgs};
use super::{ExitCode, Process, told};
use crate::config::text::Kind;
use crate::config::values::nearest;
use crate::config::{ConfigError, ConfigFile, Run};

/// The word for all tenants of the file.
const ALL: &str = "all";

/// Whether `--tenant` names several tenants.
pub fn are_several(tenant: &str) -> bool {
    tenant == ALL || tenant.contains(['*', '?'])
}

/// How the run of one tenant ended.
struct Ended {
    tenant: String,
    code: ExitCode,
    /// The first error that was told.
    why: Option<String>,
}

/// Runs the export of every tenant that the pattern names.
pub fn run(args: &ExportArgs, pattern: &str, process: &mut Process<'_>) -> ExitCode {
    let tenants = match chosen(args, pattern, process) {
        Ok(tenants) => tenants,
        Err(code) => return code,
    };
    let runs: Vec<(String, Result<Run, Vec<ConfigError>>)> = tenants
        .into_iter()
        .map(|tenant| {
            let run = export::freeze(&of_tenant(args, &tenant), process);
            (tenant, run)
        })
        .collect();
    let clashes = clashes(&runs);
    if !clashes.is_empty() {
        for (what, path, tenants) in clashes {
            process.fault(
                format_args!("{what} of {} would be the same: {path}", tenants.join(" and ")),
                "name a folder, or write {tenant} into the path: it stands for the tenant's code",
            );
        }
        return ExitCode::Usage;
    }
    let mut ended = Vec::new();
    for (tenant, run) in runs {
        let _ = writeln!(process.err, "\n== {tenant} ==");
        let (code, errors) =
            told::errors_of(process, |process| export::frozen(&of_tenant(args, &tenant), run, process));
        let why = errors.into_iter().next();
        ended.push(Ended { tenant, code, why });
    }
    let _ = write!(process.err, "\n{}", table(&ended));
    ExitCode::weightiest(ended.iter().map(|ended| ended.code))
}

/// The same flags for one tenant.
fn of_tenant(args: &ExportArgs, tenant: &str) -> ExportArgs {
    let mut args = args.clone();
    args.shaping.tenant = Some(tenant.to_owned());
    args
}

/// Names of the tenants that the pattern means, in order.
fn chosen(args: &ExportArgs, pattern: &str, process: &mut Process<'_>) -> Result<Vec<String>, ExitCode> {
    let shaping = &args.shaping;
    let known = match shaping.file.load(shaping.source.sample, &process.environment) {
        Ok(file) => file.as_ref().map(|file: &ConfigFile| file.names(Kind::Tenant)).unwrap_or_default(),
        Err(faults) => {
            for fault in faults {
                process.fault(&fault, fault.help());
            }
            return Err(ExitCode::Usage);
        }
    };
    if known.is_empty() {
        process.fault(
            format_args!("--tenant {pattern}: there is no configuration file that names tenants"),
            "write [tenants.NAME] into rosterpack.toml, or name the file with --config",
        );
        return Err(ExitCode::Usage);
    }
    let matcher = WildMatch::new(if pattern == ALL { "*" } else { pattern });
    let found: Vec<String> = known.iter().filter(|name| matcher.matches(name)).cloned().collect();
    if found.is_empty() {
        let bare = pattern.replace(['*', '?'], "");
        let near = nearest(&bare, known.iter().map(String::as_str));
        let help = near.map_or_else(
            || format!("there are {}", known.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        process.fault(
            format_args!("--tenant {pattern}: no tenant of the configuration file is called so"),
            help,
        );
        return Err(ExitCode::Usage);
    }
    Ok(found)
}

/// Places that two runs would write: what, where, and who.
fn clashes(runs: &[(String, Result<Run, Vec<ConfigError>>)]) -> Vec<(&'static str, String, Vec<String>)> {
    let mut places: BTreeMap<(&'static str, PathBuf), Vec<String>> = BTreeMap::new();
    for (tenant, run) in runs {
        let Ok(run) = run else { continue };
        let folder =
            |out: &Path| out.is_dir() || out.as_os_str().to_string_lossy().ends_with(std::path::is_separator);
        let out = run.out.as_ref().map(|out| match folder(out) {
            // In a folder a package is called by code and school year; one that is not known yet is none.
            true => out.join(format!("{}-{}", run.plan.tenant, run.plan.school_year)),
            false => out.clone(),
        });
        for (what, path) in
            [("the packages", out), ("the reports", run.report.clone()), ("the tables", run.tables.clone())]
        {
            if let Some(path) = path {
                places.entry((what, path)).or_default().push(tenant.clone());
            }
        }
    }
    let shared = places.into_iter().filter(|(_, tenants)| tenants.len() > 1);
    shared.map(|((what, path), tenants)| (what, path.display().to_string(), tenants)).collect()
}

/// One line a tenant: how it ended, and why.
fn table(ended: &[Ended]) -> String {
    let width = ended.iter().map(|e| e.tenant.chars().count()).max().unwrap_or(0).max("tenant".len());
    let mut table = format!("{:<width$}  code  outcome\n", "tenant");
    for Ended { tenant, code, why } in ended {
        let (name, _, _) = code.meaning();
        let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        table += &format!("{tenant:<width$}  {:>4}  {name}{why}\n", code.number());
    }
    let done = ended.iter().filter(|e| e.code == ExitCode::Published).count();
    table += &format!("{done} of {} tenants done\n", ended.len());
    table
}
