//! `export --tenant all`, `--tenant 'north-*'`: one run for each of several tenants of the configuration.
//!
//! In: the flags of an export and a pattern. Out: what each run says, under a heading of its own, then one table of all on
//! stderr and the exit code that weighs most. Every tenant's configuration is frozen, and what two of them would write to one
//! place is refused, before the first run begins; after that no tenant stops another. `at_once` runs several of them together;
//! what is said stands in the order of the tenants all the same.

mod at_once;
mod clash;
pub mod list;

use wildmatch::WildMatch;

use super::export::{self, ExportArgs};
use super::log::{About, Record};
use super::{ExitCode, Process, log, shard, told};
use crate::config::values::nearest;
use crate::config::{ConfigError, Run};

/// The word for all tenants of the file.
const ALL: &str = "all";

/// Whether `--tenant` names several tenants.
pub fn are_several(tenant: &str) -> bool {
    tenant == ALL || tenant.contains(['*', '?'])
}

/// A tenant whose run is about to begin, or whose configuration is faulty.
struct Waiting {
    tenant: String,
    run: Result<Run, Vec<ConfigError>>,
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
    let known = args.shaping.tenants(&process.environment);
    let tenants = match chosen(known, pattern, args.shard.as_deref(), process) {
        Ok(tenants) => tenants,
        Err(code) => return code,
    };
    let waiting: Vec<Waiting> = tenants
        .into_iter()
        .map(|tenant| Waiting { run: export::freeze(&of_tenant(args, &tenant), process), tenant })
        .collect();
    let clashes = clash::clashes(&waiting);
    if !clashes.is_empty() {
        for clash in clashes {
            process.fault(
                clash,
                "name a folder, or write {tenant} into the path: it stands for the tenant's code",
            );
        }
        return ExitCode::Usage;
    }
    let ended = match at_most(args, process).min(waiting.len()) {
        // With the streams of the process, so that it can be watched.
        0 | 1 => waiting.into_iter().map(|waiting| one(args, waiting, process)).collect(),
        several => {
            let mut args = args.clone();
            args.shaping.unwatched = true;
            at_once::run(
                waiting,
                several,
                &|waiting, process: &mut Process<'_>| one(&args, waiting, process),
                process,
            )
        }
    };
    tell(&ended, process);
    ExitCode::weightiest(ended.iter().map(|ended| ended.code))
}

/// How many tenants run at once. It holds for all of them, so that no tenant is asked.
fn at_most(args: &ExportArgs, process: &Process<'_>) -> usize {
    let mut args = args.clone();
    args.shaping.tenant = None;
    let mut overrides = args.overrides(process.environment.iter().cloned());
    overrides.stand_in("tenant", "tenant");
    overrides.stand_in("active_school_year", "2000");
    // What is wrong with it is wrong with every tenant, and told there.
    overrides.freeze(process.today, &[]).map_or(1, |run| run.parallel_tenants)
}

/// The run of one tenant.
fn one(args: &ExportArgs, waiting: Waiting, process: &mut Process<'_>) -> Ended {
    let Waiting { tenant, run } = waiting;
    if log::is_json(&process.environment) {
        process.about(About { profile: args.shaping.file.profile.clone(), tenant: Some(tenant.clone()) });
    } else {
        let _ = writeln!(process.err, "\n== {tenant} ==");
    }
    let args = of_tenant(args, &tenant);
    let (code, errors) = told::errors_of(process, |process| export::frozen(&args, run, process));
    Ended { tenant, code, why: errors.into_iter().next() }
}

/// The same flags for one tenant.
fn of_tenant(args: &ExportArgs, tenant: &str) -> ExportArgs {
    let mut args = args.clone();
    args.shaping.tenant = Some(tenant.to_owned());
    args
}

/// Names of the tenants that the pattern means and that fall to the share, in order.
fn chosen(
    known: Result<Vec<String>, Vec<ConfigError>>,
    pattern: &str,
    share: Option<&str>,
    process: &mut Process<'_>,
) -> Result<Vec<String>, ExitCode> {
    let known = known.map_err(|faults| {
        for fault in faults {
            process.fault(&fault, fault.help());
        }
        ExitCode::Usage
    })?;
    let share = share.map(|share| shard::parse(share, &process.environment)).transpose();
    let share = share.map_err(|(why, help)| {
        process.fault(why, help);
        ExitCode::Usage
    })?;
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
    let Some(share) = share else { return Ok(found) };
    let all = found.len();
    let mine: Vec<String> = found.into_iter().filter(|name| share.takes(name)).collect();
    process.note(format_args!(
        "share {share} has {} of {all} tenants{}{}",
        mine.len(),
        if mine.is_empty() { "" } else { ": " },
        mine.join(", ")
    ));
    Ok(mine)
}

/// Says how all of them ended.
fn tell(ended: &[Ended], process: &mut Process<'_>) {
    if !log::is_json(&process.environment) {
        let _ = write!(process.err, "\n{}", table(ended));
        return;
    }
    for Ended { tenant, code, why } in ended {
        let (name, what, _) = code.meaning();
        let about = About { profile: None, tenant: Some(tenant.clone()) };
        let level = if *code == ExitCode::Published { "info" } else { "notice" };
        let message = format!("exit code {}: {}", code.number(), why.as_deref().unwrap_or(what));
        process.about(about);
        process.say(&Record { code: Some(name.to_owned()), ..Record::new(level, message) });
    }
    process.about(About::default());
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
