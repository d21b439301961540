//! The invented family as a database: schema edfi with the types and keys of its data standard.
//!
//! In: a [`SynthPlan`] and a way into an empty PostgreSQL database. Out: every table of the family, in one
//! transaction, so that there is all of it or nothing. While some schools are being sent, the next are made; a few
//! are in memory at a time, whatever the number of students. Rows stand in the order in which they were invented,
//! which is no order of any output.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use rayon::prelude::*;

use super::family::Family;
use super::rows::{Layout, Rows};
use super::schema::{Shape, TableDef};
use super::{Part, SynthError, SynthPlan, SynthSummary};
use crate::source::postgres::{ConnectionSettings, Load, LoadError, Options};

/// Schools that are sent together, table by table: a COPY for each school alone would be slow.
const SCHOOLS_AT_ONCE: usize = 32;

/// Whether the tables get the primary keys of an ODS once they are full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keys {
    /// As in an ODS.
    #[default]
    Primary,
    /// None, which is quicker and smaller.
    None,
}

/// The longest time that the server may be silent: it is while it makes a key of a large table.
const SILENCE: Duration = Duration::from_secs(4 * 3600);

/// Why the database was not made. It is then as it was.
#[derive(Debug, thiserror::Error)]
pub enum FillError {
    /// The plan cannot be carried out.
    #[error(transparent)]
    Plan(#[from] SynthError),
    /// The server refuses.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// Invents what the plan says and writes it to a database that has neither schema edfi nor schema util. `remark` is
/// what was to be said about the password if the server refuses it.
///
/// # Errors
/// [`FillError`]; nothing was written then.
pub fn fill(
    plan: &SynthPlan,
    settings: &ConnectionSettings,
    remark: Option<String>,
    options: &Options,
    keys: Keys,
    progress: &(dyn Fn(&str, u64) + Sync),
) -> Result<SynthSummary, FillError> {
    let family = Family::new(plan)?;
    let layout = Layout::new(plan.standard);
    let tables: Vec<(usize, &TableDef)> =
        layout.tables.iter().enumerate().filter_map(|(id, def)| Some((id, def.as_ref()?))).collect();
    let options = Options { silence: SILENCE, ..options.clone() };
    let mut load = Load::begin(settings, remark, &options, &["edfi", "util"])?;
    load.execute("creating the schemas", &schemas(plan.standard))?;
    for (_, def) in &tables {
        load.execute(&format!("creating edfi.{}", def.name), &create(def))?;
    }
    let parts = Part::all(&family);
    let mut rows = vec![0; tables.len()];
    let (sender, receiver) = sync_channel::<Vec<Rows<'_>>>(1);
    std::thread::scope(|scope| {
        let (parts, family, layout) = (&parts, &family, &layout);
        scope.spawn(move || {
            for some in parts.chunks(SCHOOLS_AT_ONCE) {
                let made = some.par_iter().map(|part| part.extracts(family, layout)).collect();
                // Nobody listens any more: the error is on the other side.
                if sender.send(made).is_err() {
                    return;
                }
            }
        });
        for some in receiver {
            for (n, (id, def)) in tables.iter().enumerate() {
                let lines = || some.iter().map(|part| part.extract(*id).0).filter(|lines| !lines.is_empty());
                if lines().next().is_some() {
                    rows[n] += load.copy_in(def.name, lines())?;
                    progress(def.name, rows[n]);
                }
            }
        }
        Ok::<(), LoadError>(())
    })?;
    for (_, def) in &tables {
        let name = def.name;
        if keys == Keys::Primary {
            let sql = format!("ALTER TABLE edfi.{name} ADD PRIMARY KEY ({})", def.primary_key.join(", "));
            load.execute(&format!("making the primary key of edfi.{name}"), &sql)?;
        }
        load.execute(&format!("counting edfi.{name}"), &format!("ANALYZE edfi.{name}"))?;
    }
    load.commit()?;
    Ok(SynthSummary { tables: tables.iter().map(|(_, def)| def.name.to_owned()).zip(rows).collect() })
}

/// The schemas, and the function by which an ODS states its data standard.
fn schemas(standard: Shape) -> String {
    format!(
        "CREATE SCHEMA edfi; CREATE SCHEMA util;
         CREATE FUNCTION util.getedfistandardversion() RETURNS varchar LANGUAGE sql IMMUTABLE AS $$ SELECT '{}'::varchar $$;",
        standard.label()
    )
}

fn create(def: &TableDef) -> String {
    let columns: Vec<String> = def
        .columns
        .iter()
        .map(|c| format!("{} {}{}", c.name, c.pg_type, if c.nullable { "" } else { " NOT NULL" }))
        .collect();
    format!("CREATE TABLE edfi.{} ({})", def.name, columns.join(", "))
}
