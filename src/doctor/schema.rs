//! Data standard, tables, columns and permissions.
//!
//! In: the catalog of a source and the plan. Out: four checks, and the resolved schema where there is one. Every
//! missing table and column is listed, not only the first; what a data standard never has is not missed.

use super::{Check, Examination, Outcome, World};
use crate::config::plan::Plan;
use crate::edfi::catalog::{ColumnRequest, Request};
use crate::edfi::{self, Need, Resolved, SchemaError, Standard, Table, contract};
use crate::source::{Source, SourceError};
use crate::staging;

/// What the steps came to.
pub(super) struct Schema {
    pub(super) resolved: Resolved,
    /// Whether an export could read everything.
    pub(super) sound: bool,
}

/// Makes the checks; `None` when nothing further can be looked at, and the skipped steps have been told.
pub(super) fn examine(source: &dyn Source, plan: &Plan, exam: &mut Examination<'_>) -> Option<Schema> {
    let catalog = source.catalog();
    let standard = match edfi::detect(catalog, plan.data_standard.as_deref()) {
        Ok(standard) => standard,
        Err(error) => {
            let world = match error {
                SchemaError::UnknownStandard { .. } => World::Configuration,
                _ => World::Source,
            };
            exam.add(
                Check::fail("data-standard", world, error.to_string()).advice("Name the right --source."),
            );
            exam.skip(
                &["tables", "columns", "permissions", "school-years"],
                "no data standard was recognized",
            );
            return None;
        }
    };
    exam.add(data_standard(standard, catalog.stated_standard.as_deref(), plan.data_standard.is_some()));

    let wanted = staging::wanted(&plan.mapping);
    let tables = || contract::TABLES.iter().copied().filter(|table| wanted.contains(&table.part));
    let mut missing = Missing::default();
    let mut requests = Vec::new();
    for table in tables() {
        requests.extend(missing.look(table, standard, source));
    }
    let resolved =
        edfi::resolve(catalog, Some(standard.labels.first().copied().unwrap_or(standard.label)), &wanted);
    // A table of another standard in the place of one of ours is told by the resolver alone.
    let half = match &resolved {
        Err(error @ SchemaError::HalfUpgraded { .. }) => Some(error.to_string()),
        _ => None,
    };
    exam.add(missing.tables(standard, requests.len(), half));
    exam.add(missing.columns(standard));
    let permitted = permissions(source, &requests, exam);
    match resolved {
        Ok(resolved) => Some(Schema { resolved, sound: permitted }),
        Err(_) => {
            exam.skip(&["school-years"], "the tables are not complete");
            None
        }
    }
}

fn data_standard(standard: &Standard, stated: Option<&str>, named: bool) -> Check {
    let read_as = format!("read as data standard {}", standard.label);
    match stated {
        _ if named => Check::new("data-standard", Outcome::Ok, format!("{read_as}, as configured")),
        None => Check::new("data-standard", Outcome::Ok, format!("{read_as}, by its tables")),
        Some(stated) if standard.labels.contains(&stated) => {
            Check::new("data-standard", Outcome::Ok, format!("{read_as}; the ODS says {stated}"))
        }
        Some(stated) => {
            Check::new("data-standard", Outcome::Warn, format!("{read_as}, but the ODS says that it is {stated}"))
                .advice("Compare a package with the ODS before it is used; name the right --data-standard if it is known.")
        }
    }
}

/// What is not there.
#[derive(Default)]
struct Missing {
    required_tables: Vec<String>,
    optional_tables: Vec<String>,
    required_columns: Vec<String>,
    optional_columns: Vec<String>,
    columns: usize,
}

/// `What it is.` as part of a sentence.
fn words(table: &Table) -> String {
    let doc = table.doc.trim().trim_end_matches('.');
    let mut chars = doc.chars();
    chars.next().map_or(String::new(), |first| first.to_lowercase().chain(chars).collect())
}

impl Missing {
    /// Looks for a table; what is there of it can be asked for.
    fn look(&mut self, table: &'static Table, standard: &Standard, source: &dyn Source) -> Option<Request> {
        let (physical, names) = standard.spelling(table);
        let Some(found) = source.catalog().tables.get(physical) else {
            let line = format!("edfi.{physical}: {}", words(table));
            match table.need {
                Need::Required => self.required_tables.push(line),
                Need::Optional if standard.lacks(table, "") => {}
                Need::Optional => self.optional_tables.push(line),
            }
            return None;
        };
        let mut columns = Vec::new();
        for (column, name) in table.columns.iter().zip(names) {
            let there = found.columns.iter().any(|c| c == name);
            let line = || format!("edfi.{physical}.{name} ({}), for {}", found.origin, words(table));
            self.columns += usize::from(there);
            match there {
                true => {}
                false if column.required => self.required_columns.push(line()),
                false if standard.lacks(table, column.name) => {}
                false => self.optional_columns.push(line()),
            }
            columns.push(ColumnRequest { name: there.then(|| name.to_owned()), kind: column.kind });
        }
        Some(Request { table: physical.to_owned(), columns, year: None })
    }

    fn tables(&mut self, standard: &Standard, found: usize, half: Option<String>) -> Check {
        let advice = "Extract or create them, or name the right --data-standard.";
        if let Some(half) = half {
            return Check::fail("tables", World::Source, half)
                .details(std::mem::take(&mut self.required_tables));
        }
        if !self.required_tables.is_empty() {
            let found = format!("{} tables that every export needs are missing", self.required_tables.len());
            return Check::fail("tables", World::Source, found)
                .details(std::mem::take(&mut self.required_tables))
                .advice(advice);
        }
        if !self.optional_tables.is_empty() {
            let found = "optional tables are missing: what they would tell stays blank";
            return Check::new("tables", Outcome::Warn, found)
                .details(std::mem::take(&mut self.optional_tables))
                .advice("Nothing if the ODS has no such rows; otherwise add them to the extract.");
        }
        let found =
            format!("every table of data standard {} that is read is there ({found})", standard.label);
        Check::new("tables", Outcome::Ok, found)
    }

    fn columns(&mut self, standard: &Standard) -> Check {
        if !self.required_columns.is_empty() {
            let found = format!("{} columns that an export needs are missing", self.required_columns.len());
            return Check::fail("columns", World::Source, found)
                .details(std::mem::take(&mut self.required_columns))
                .advice("Extract the tables with all their columns, or name the right --data-standard.");
        }
        if !self.optional_columns.is_empty() {
            let found = "optional columns are missing: they read as blank";
            return Check::new("columns", Outcome::Warn, found)
                .details(std::mem::take(&mut self.optional_columns))
                .advice(format!(
                    "Data standard {} has them: extract the tables with all their columns.",
                    standard.label
                ));
        }
        Check::new("columns", Outcome::Ok, format!("all {} columns that are read are there", self.columns))
    }
}

/// Whether everything that is there can be read.
fn permissions(source: &dyn Source, requests: &[Request], exam: &mut Examination<'_>) -> bool {
    match source.check(requests) {
        Ok(()) if source.has_permissions() => {
            exam.add(Check::new(
                "permissions",
                Outcome::Ok,
                format!("all {} tables and uses of tables may be read", requests.len()),
            ));
            true
        }
        Ok(()) => {
            exam.skip(
                &["permissions"],
                "extracts have no permissions of their own: their headers could be read",
            );
            true
        }
        Err(SourceError::Place { reason, remedy, .. }) => {
            exam.add(Check::fail("permissions", World::Source, reason).advice(remedy));
            false
        }
        Err(error) => {
            exam.add(Check::fail("permissions", World::Source, error.to_string()));
            false
        }
    }
}
