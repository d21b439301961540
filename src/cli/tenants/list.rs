//! `rosterpack tenants`: which tenants there are and where the ODS of each is, and what EdFi_Admin has besides.
//!
//! In: [`TenantsArgs`] and the process. Out: a table or JSON on stdout, and the exit code that weighs most among the tenants.
//! Reads the configuration and EdFi_Admin, each database of it once; no ODS is opened. Connection strings and keys are not shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::chosen;
use crate::cli::shaping::{FileArgs, ShapingArgs};
use crate::cli::source::{self, OpenError, Way, admin};
use crate::cli::{ExitCode, Process};
use crate::config::connection::Admin;
use crate::config::text::Kind;
use crate::config::{Overrides, Run};
use crate::edfi_admin::{InstanceError, OdsInstance};

/// Flags of `tenants`.
#[derive(Debug, Default, Args)]
#[command(after_help = EXAMPLES)]
pub struct TenantsArgs {
    /// Only these tenants: a name, or a pattern such as 'north-*' [default: all]
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
    /// Only those of a share: 3/16, slurm or kubernetes/16
    #[arg(long, value_name = "SHARE")]
    pub shard: Option<String>,
    /// Write JSON (docs/reference/tenants.schema.json)
    #[arg(long)]
    pub json: bool,
    /// Where it is configured
    #[command(flatten)]
    pub file: FileArgs,
}

const EXAMPLES: &str = "\
Examples:
  rosterpack tenants
  rosterpack tenants --profile reading
  rosterpack tenants --tenant 'north-*' --shard 3/16

Says for each tenant where its ODS is. Where EdFi_Admin knows that, it is asked, and the
ODS instances that it has and no tenant reads are listed too.";

/// What is told of a tenant.
#[derive(Debug, Serialize)]
struct Told {
    name: String,
    code: Option<String>,
    school_year: Option<String>,
    /// Folder, or host, port and database.
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<ToldInstance>,
    error: Option<String>,
    #[serde(skip)]
    exit: ExitCode,
}

/// What is told of an ODS instance.
#[derive(Debug, Serialize)]
struct ToldInstance {
    /// EdFi_Admin, or the variable that lists it.
    admin: String,
    id: i64,
    label: String,
    derivative: Option<&'static str>,
}

/// An ODS instance that no tenant reads.
#[derive(Debug, Serialize)]
struct Unread {
    admin: String,
    id: i64,
    label: String,
    source: Option<String>,
    derivatives: Vec<String>,
    error: Option<String>,
}

/// The document of `--json`.
#[derive(Debug, Serialize)]
struct Document {
    tenants: Vec<Told>,
    unread: Vec<Unread>,
}

/// A fault that has words and an exit code, and may be told of several tenants.
#[derive(Debug, Clone)]
struct Fault {
    words: String,
    code: ExitCode,
}

impl From<InstanceError> for Fault {
    fn from(error: InstanceError) -> Fault {
        Fault::from(OpenError::from(error))
    }
}

impl From<OpenError> for Fault {
    fn from(error: OpenError) -> Fault {
        Fault { words: error.to_string(), code: source::code_of(&error) }
    }
}

type Instances = (String, Vec<OdsInstance>);

/// Every EdFi_Admin that was asked, and what it answered.
#[derive(Default)]
struct Asked {
    answers: BTreeMap<String, (Run, Result<Instances, Fault>)>,
    /// Instances that tenants read.
    read: BTreeSet<(String, i64)>,
}

impl Asked {
    fn instances(&mut self, admin: &Admin, run: &Run, process: &Process<'_>) -> Result<Instances, Fault> {
        // The same address with another password or certificate may show other rows.
        let key = format!("{} {:?}", admin.address.expose(), run.connection);
        let (_, answer) = self.answers.entry(key).or_insert_with(|| {
            (run.clone(), admin::read(admin, run, &process.environment).map_err(Fault::from))
        });
        answer.clone()
    }
}

/// Runs the verb.
pub fn run(args: &TenantsArgs, process: &mut Process<'_>) -> ExitCode {
    let shaping = ShapingArgs { file: args.file.clone(), ..ShapingArgs::default() };
    let known = shaping.tenants(&process.environment);
    let nobody = matches!(&known, Ok(known) if known.is_empty());
    let tenants = match &args.tenant {
        // An EdFi_Admin can be looked at before the first tenant is written down.
        None if nobody => Vec::new(),
        pattern => {
            let pattern = pattern.as_deref().unwrap_or(super::ALL);
            match chosen(known, pattern, args.shard.as_deref(), process) {
                Ok(tenants) => tenants,
                Err(code) => return code,
            }
        }
    };
    let mut asked = Asked::default();
    let told: Vec<Told> = tenants.iter().map(|tenant| tell(&shaping, tenant, &mut asked, process)).collect();
    let everybody = args.tenant.is_none() && args.shard.is_none();
    if everybody {
        connections(&shaping, &mut asked, process);
    }
    let mut codes: Vec<ExitCode> = told.iter().map(|told| told.exit).collect();
    if told.is_empty() {
        codes.extend(asked.answers.values().filter_map(|(_, answer)| Some(answer.as_ref().err()?.code)));
        if asked.answers.is_empty() && args.tenant.is_none() && args.shard.is_none() {
            process.fault(
                "there is no tenant, and no admin_connection that could know of one",
                "write [tenants.NAME], or a [connections.NAME] with admin_connection, into rosterpack.toml",
            );
            return ExitCode::Usage;
        }
        for fault in asked.answers.values().filter_map(|(_, answer)| answer.as_ref().err()) {
            process.fault(&fault.words, "");
        }
    }
    let document =
        Document { tenants: told, unread: if everybody { unread(&asked, process) } else { Vec::new() } };
    let text = match args.json {
        true => serde_json::to_string_pretty(&document).map(|text| text + "\n").unwrap_or_default(),
        false => table(&document),
    };
    if process.out.write_all(text.as_bytes()).and_then(|()| process.out.flush()).is_err() {
        process.fault("cannot write to standard output", "");
        codes.push(ExitCode::Output);
    }
    ExitCode::weightiest(codes)
}

/// The run of a tenant, or of none, as far as it says where the ODS is.
fn frozen(mut overrides: Overrides, process: &Process<'_>, demanded: &[&str]) -> Result<Run, Fault> {
    overrides.stand_in("tenant", "tenant");
    overrides.stand_in("active_school_year", "2000");
    overrides.freeze(process.today, demanded).map_err(|faults| Fault {
        words: faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        code: ExitCode::Usage,
    })
}

fn tell(shaping: &ShapingArgs, name: &str, asked: &mut Asked, process: &Process<'_>) -> Told {
    let shaping = ShapingArgs { tenant: Some(name.to_owned()), ..shaping.clone() };
    let overrides = shaping.overrides(process.environment.iter().cloned());
    let year = overrides.has("active_school_year");
    let mut told = Told {
        name: name.to_owned(),
        code: None,
        school_year: None,
        source: None,
        instance: None,
        error: None,
        exit: ExitCode::Published,
    };
    let found = frozen(overrides, process, &["place"]).and_then(|run| {
        told.code = Some(run.plan.tenant.clone());
        let auto = run.auto_year.map(|_| "auto".to_owned());
        told.school_year = auto.or_else(|| year.then(|| run.plan.school_year.to_string()));
        let Some(admin) = &run.admin else {
            let shown = source::shown(run.place.as_deref().unwrap_or_default(), &run);
            return shown.map(|place| (place, None)).map_err(|error| Fault::from(OpenError::from(error)));
        };
        let mut all = || asked.instances(admin, &run, process);
        let found = admin::find_in(admin, &run, &process.environment, &mut all)?;
        Ok((found.settings.place(), Some(found.way)))
    });
    match found {
        Ok((place, way)) => {
            told.source = Some(place);
            if let Some(way) = &way {
                asked.read.insert((way.place.clone(), way.id));
            }
            told.instance = way.map(instance);
        }
        Err(fault) => (told.error, told.exit) = (Some(fault.words), fault.code),
    }
    told
}

fn instance(way: Way) -> ToldInstance {
    ToldInstance {
        admin: way.place,
        id: way.id,
        label: way.instance,
        derivative: way.derivative.map(|derivative| derivative.word()),
    }
}

/// Asks what connections of the file, or the variables, name and no tenant has asked.
fn connections(shaping: &ShapingArgs, asked: &mut Asked, process: &Process<'_>) {
    let file = shaping.file.load(false, &process.environment).ok().flatten();
    let names = file.map(|file| file.names(Kind::Connection)).unwrap_or_default();
    for name in names.into_iter().map(Some).chain([None]) {
        let mut overrides = Overrides::new();
        overrides.environment(process.environment.iter().cloned());
        overrides.flag("connection", name.as_deref());
        shaping.file.apply(false, &process.environment, &mut overrides);
        if let Ok(run) = frozen(overrides, process, &[])
            && let Some(admin) = &run.admin
        {
            // A fault is told with a tenant, or, when there is none, by itself.
            let _ = asked.instances(admin, &run, process);
        }
    }
}

/// Instances that are there and that no tenant reads.
fn unread(asked: &Asked, process: &Process<'_>) -> Vec<Unread> {
    let mut seen = asked.read.clone();
    let mut unread = Vec::new();
    for (run, answer) in asked.answers.values() {
        let Ok((place, instances)) = answer else { continue };
        for instance in instances {
            if !seen.insert((place.clone(), instance.id)) {
                continue;
            }
            let found = admin::reach(instance, place, run, &process.environment);
            let (source, error) = match found {
                Ok(found) => (Some(found.settings.place()), None),
                Err(error) => (None, Some(error.to_string())),
            };
            let derivatives = instance.derivatives.iter().map(|(kind, _)| kind.clone()).collect();
            let (admin, label) = (place.clone(), instance.to_string());
            unread.push(Unread { admin, id: instance.id, label, source, derivatives, error });
        }
    }
    unread.sort_by(|a, b| (&a.admin, a.id).cmp(&(&b.admin, b.id)));
    unread
}

/// A line a tenant, and below a line for each instance that nobody reads.
fn table(document: &Document) -> String {
    let rows: Vec<[String; 4]> = document
        .tenants
        .iter()
        .map(|told| {
            let dash = || "-".to_owned();
            let way = told.instance.as_ref().map(|instance| {
                let derivative = instance.derivative.map(|word| format!("{word} of ")).unwrap_or_default();
                format!(", {derivative}ODS instance {} in {}", instance.label, instance.admin)
            });
            let source = match (&told.source, &told.error) {
                (Some(source), _) => format!("{source}{}", way.unwrap_or_default()),
                (None, error) => format!("error: {}", error.clone().unwrap_or_default()),
            };
            let code = told.code.clone().unwrap_or_else(dash);
            [told.name.clone(), code, told.school_year.clone().unwrap_or_else(dash), source]
        })
        .collect();
    let heads = ["tenant", "code", "year", "source"].map(str::to_owned);
    let width = |column: usize| {
        let cells = rows.iter().chain([&heads]).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let (name, code, year) = (width(0), width(1), width(2));
    let mut table = String::new();
    if !rows.is_empty() {
        for [a, b, c, d] in [&heads].into_iter().chain(&rows) {
            let _ = writeln!(table, "{a:<name$}  {b:<code$}  {c:<year$}  {d}");
        }
    }
    if !document.unread.is_empty() {
        let gap = if table.is_empty() { "" } else { "\n" };
        let _ = writeln!(table, "{gap}ODS instances that no tenant reads:");
    }
    for Unread { admin, label, source, derivatives, error, .. } in &document.unread {
        let found = match (source, error) {
            (Some(source), _) => source.clone(),
            (None, error) => format!("error: {}", error.clone().unwrap_or_default()),
        };
        let also = match derivatives.is_empty() {
            true => String::new(),
            false => format!(", also {}", derivatives.join(" and ")),
        };
        let _ = writeln!(table, "  {label} in {admin}: {found}{also}");
    }
    table
}
