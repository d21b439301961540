//! Reading EdFi_Admin: the ODS instances with their contexts and derivatives, in one look.
//!
//! In: how the database is reached. Out: [`OdsInstance`]s in the order of their ids. Nothing else of EdFi_Admin is read: it
//! holds the keys and secrets of API clients. Which instance is meant, and what its connection string says, is decided elsewhere.

use super::connection::ConnectionSettings;
use super::fault::{CONNECTING, Context, Failure};
use super::session::{Session, TextRow};
use super::statement::{literal, quoted};
use super::{Options, SourceError};
use crate::edfi_admin::OdsInstance;
use crate::secret::Secret;

/// Tables that can be there; earlier releases called two of them in the singular.
const TABLES: [&str; 5] = [
    "odsinstances",
    "odsinstancecontexts",
    "odsinstancecontext",
    "odsinstancederivatives",
    "odsinstancederivative",
];

/// The instances that an EdFi_Admin lists. `remark` is what [`super::PasswordSources::find`] had to say about the password.
///
/// # Errors
/// [`SourceError::Place`]: the server refuses, the role lacks a right, or this is no EdFi_Admin.
pub fn ods_instances(
    settings: &ConnectionSettings,
    remark: Option<String>,
    options: &Options,
) -> Result<Vec<OdsInstance>, SourceError> {
    let context = Context::new(settings, remark);
    let session = Session::connect(settings, options, false)
        .map_err(|failure| failure.explain(&format!("{CONNECTING}{}", settings.user), &context))?;
    let mut reader = Reader { session, context };
    let found = reader.instances()?;
    reader.session.close();
    Ok(found)
}

struct Reader {
    session: Session,
    context: Context,
}

/// A table that is there, with the columns that we may read.
struct Readable {
    name: &'static str,
    columns: Vec<String>,
}

impl Readable {
    fn column(&self, name: &str) -> Option<String> {
        self.columns.iter().any(|known| known == name).then(|| quoted(name))
    }
}

impl Reader {
    fn explain(&self, trying: &str, failure: &Failure) -> SourceError {
        failure.explain(trying, &self.context)
    }

    fn place(&self, reason: String, remedy: &str) -> SourceError {
        SourceError::Place { place: self.context.place.clone(), reason, remedy: remedy.to_owned() }
    }

    fn rows(&mut self, trying: &str, sql: &str) -> Result<Vec<TextRow>, SourceError> {
        self.session.rows(sql).map_err(|failure| self.explain(trying, &failure))
    }

    fn instances(&mut self) -> Result<Vec<OdsInstance>, SourceError> {
        let begin = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL statement_timeout = 60000; SET LOCAL lock_timeout = 60000; SET LOCAL row_security = off;
SET LOCAL client_encoding = 'UTF8'; SET LOCAL search_path = pg_catalog";
        self.session
            .execute(begin)
            .map_err(|failure| self.explain("starting a read-only transaction", &failure))?;
        let tables = self.tables()?;
        let table = |names: [&str; 2]| tables.iter().find(|table| names.contains(&table.name));
        let Some(instances) = table(["odsinstances", "odsinstances"]) else {
            return Err(self.place(
                "there is no table dbo.odsinstances".into(),
                "Name the database of the ODS API that is called EdFi_Admin, of release 7 or later",
            ));
        };
        let (Some(id), Some(name), Some(text)) = (
            instances.column("odsinstanceid"),
            instances.column("name"),
            instances.column("connectionstring"),
        ) else {
            return Err(self.place(
                "dbo.odsinstances has no column odsinstanceid, name or connectionstring".into(),
                "Name an EdFi_Admin of the ODS API of release 7 or later, or name the ODS itself: place = \"postgres://...\"",
            ));
        };
        let sql =
            format!("SELECT {id}::text, {name}::text, {text}::text FROM dbo.odsinstances ORDER BY {id}");
        let mut found = Vec::new();
        for row in self.rows("reading dbo.odsinstances", &sql)? {
            let [id, name, text] = self.row(row)?;
            found.push(OdsInstance {
                id: self.id(id)?,
                name,
                connection_string: text.map(Secret::new),
                contexts: Vec::new(),
                derivatives: Vec::new(),
            });
        }
        for row in self.of_instances(
            table(["odsinstancecontexts", "odsinstancecontext"]),
            "contextkey",
            "contextvalue",
        )? {
            let [id, key, value] = self.row(row)?;
            let id = self.id(id)?;
            if let (Some(owner), Some(key), Some(value)) = (of(&mut found, id), key, value) {
                owner.contexts.push((key, value));
            }
        }
        let derivatives = table(["odsinstancederivatives", "odsinstancederivative"]);
        for row in self.of_instances(derivatives, "derivativetype", "connectionstring")? {
            let [id, kind, text] = self.row(row)?;
            let id = self.id(id)?;
            if let (Some(owner), Some(kind)) = (of(&mut found, id), kind) {
                owner.derivatives.push((kind, text.map(Secret::new)));
            }
        }
        Ok(found)
    }

    /// Which of the tables are there.
    fn tables(&mut self) -> Result<Vec<Readable>, SourceError> {
        let sql = format!(
            "SELECT c.relname::text, a.attname::text,
       (pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT'))::text
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname = 'dbo' AND c.relkind IN ('r', 'p', 'v') AND c.relname IN ({})
ORDER BY c.relname, a.attnum",
            TABLES.map(literal).join(", ")
        );
        let mut tables: Vec<Readable> = Vec::new();
        let mut denied: Vec<&str> = Vec::new();
        for row in self.rows("looking for the tables of EdFi_Admin", &sql)? {
            let [table, column, readable] = self.row(row)?;
            let Some(name) = TABLES.into_iter().find(|name| Some(*name) == table.as_deref()) else {
                continue;
            };
            let needed = [
                "odsinstanceid",
                "odsinstance_odsinstanceid",
                "name",
                "connectionstring",
                "contextkey",
                "contextvalue",
                "derivativetype",
            ];
            let Some(column) = column.filter(|column| needed.contains(&column.as_str())) else { continue };
            if readable.as_deref() != Some("true") && !denied.contains(&name) {
                denied.push(name);
            }
            match tables.iter_mut().find(|table| table.name == name) {
                Some(table) => table.columns.push(column),
                None => tables.push(Readable { name, columns: vec![column] }),
            }
        }
        if denied.is_empty() {
            return Ok(tables);
        }
        let names: Vec<String> = denied.iter().map(|name| format!("dbo.{name}")).collect();
        let user = quoted(&self.context.user);
        Err(self.place(
            format!("role {} may not read {}", self.context.user, names.join(", ")),
            &format!(
                "Let the owner run templates/postgres/admin_reader.sql, or: GRANT USAGE ON SCHEMA dbo TO {user}; GRANT SELECT ON {} TO {user};",
                names.join(", ")
            ),
        ))
    }

    /// Rows of a table that belongs to the instances, if it is there: id of the instance and two columns.
    fn of_instances(
        &mut self,
        table: Option<&Readable>,
        first: &str,
        second: &str,
    ) -> Result<Vec<TextRow>, SourceError> {
        let Some(table) = table else { return Ok(Vec::new()) };
        let owner = table.column("odsinstance_odsinstanceid").or_else(|| table.column("odsinstanceid"));
        let (Some(owner), Some(first), Some(second)) = (owner, table.column(first), table.column(second))
        else {
            return Err(self.place(
                format!("dbo.{} has other columns than any release of the ODS API", table.name),
                "Finish the upgrade of EdFi_Admin",
            ));
        };
        let sql = format!(
            "SELECT {owner}::text, {first}::text, {second}::text FROM dbo.{} ORDER BY {owner}, {first}",
            table.name
        );
        self.rows(&format!("reading dbo.{}", table.name), &sql)
    }

    fn row(&self, row: TextRow) -> Result<[Option<String>; 3], SourceError> {
        row.try_into().map_err(|_| self.unexpected())
    }

    fn id(&self, text: Option<String>) -> Result<i64, SourceError> {
        text.and_then(|text| text.parse().ok()).ok_or_else(|| self.unexpected())
    }

    fn unexpected(&self) -> SourceError {
        self.place(
            "reading EdFi_Admin: the answer has an unexpected form".into(),
            "Make sure that this is a PostgreSQL server of version 11 or later",
        )
    }
}

fn of(found: &mut [OdsInstance], id: i64) -> Option<&mut OdsInstance> {
    found.iter_mut().find(|instance| instance.id == id)
}
