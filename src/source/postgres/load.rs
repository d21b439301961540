//! Filling an empty database: the only place that writes to a server, for invented data alone.
//!
//! In: settings, DDL and extracts by table. Out: schema edfi, complete or not at all, since everything happens in
//! one transaction. A database that already has one of our schemas is refused and left as it is; nothing is ever
//! dropped. Exporting never comes here.

use super::connection::ConnectionSettings;
use super::fault::{CONNECTING, Context, Failure};
use super::session::Session;
use super::statement::{literal, quoted};
use super::{Options, SourceError};

/// Why a database was not filled. Nothing was written then.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It holds something of the kind already.
    #[error(
        "cannot write an invented ODS to {place}: the database already has schema {schema}. Create an empty database (createdb) and name that; nothing was changed"
    )]
    NotEmpty {
        /// Host, port and database.
        place: String,
        /// The schema that was found.
        schema: String,
    },
    /// The server, or the way to it.
    #[error("cannot write an invented ODS to {place}: {reason}. {remedy}")]
    Server {
        /// Host, port and database.
        place: String,
        /// What went wrong at which step.
        reason: String,
        /// What to do next.
        remedy: String,
    },
}

/// A database that is being filled.
pub struct Load {
    session: Session,
    context: Context,
}

impl Load {
    /// Connects, starts the transaction, and makes sure that none of the schemas is there. `remark` is what
    /// [`super::PasswordSources::find`] had to say about the password.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn begin(
        settings: &ConnectionSettings,
        remark: Option<String>,
        options: &Options,
        schemas: &[&str],
    ) -> Result<Load, LoadError> {
        let context = Context::new(settings, remark);
        let session = Session::connect(settings, options, false)
            .map_err(|failure| explain(&failure, &format!("{CONNECTING}{}", settings.user), &context))?;
        let mut load = Load { session, context };
        load.execute(
            "starting a transaction",
            "BEGIN; SET LOCAL client_encoding = 'UTF8'; SET LOCAL search_path = pg_catalog; SET LOCAL datestyle = 'ISO';",
        )?;
        let names: Vec<String> = schemas.iter().map(|schema| literal(schema)).collect();
        let found = load
            .session
            .rows(&format!(
                "SELECT nspname::text FROM pg_catalog.pg_namespace WHERE nspname IN ({}) ORDER BY nspname",
                names.join(", ")
            ))
            .map_err(|failure| explain(&failure, "looking for schemas", &load.context))?;
        if let Some(Some(schema)) = found.into_iter().next().and_then(|row| row.into_iter().next()) {
            return Err(LoadError::NotEmpty { place: load.context.place, schema });
        }
        Ok(load)
    }

    /// Runs statements. `trying` says what for.
    ///
    /// # Errors
    /// [`LoadError::Server`].
    pub fn execute(&mut self, trying: &str, sql: &str) -> Result<(), LoadError> {
        self.session.execute(sql).map_err(|failure| explain(&failure, trying, &self.context))
    }

    /// Appends lines of CSV, without a header, to a table of schema edfi that this transaction made; the number of
    /// rows that the server took.
    ///
    /// # Errors
    /// [`LoadError::Server`].
    pub fn copy_in<'a>(
        &mut self,
        table: &str,
        lines: impl Iterator<Item = &'a [u8]>,
    ) -> Result<u64, LoadError> {
        // Frozen rows need no second writing by VACUUM; that the table is new makes it allowed.
        let sql = format!("COPY edfi.{} FROM STDIN WITH (FORMAT csv, FREEZE)", quoted(table));
        self.session
            .copy_in(&sql, lines)
            .map_err(|failure| explain(&failure, &format!("filling edfi.{table}"), &self.context))
    }

    /// Makes everything visible.
    ///
    /// # Errors
    /// [`LoadError::Server`].
    pub fn commit(mut self) -> Result<(), LoadError> {
        self.execute("committing", "COMMIT")?;
        self.session.close();
        Ok(())
    }
}

fn explain(failure: &Failure, trying: &str, context: &Context) -> LoadError {
    match failure.explain(trying, context) {
        SourceError::Place { place, reason, remedy } => LoadError::Server { place, reason, remedy },
        other => LoadError::Server {
            place: context.place.clone(),
            reason: other.to_string(),
            remedy: "Look into the server's log, then run again".into(),
        },
    }
}
