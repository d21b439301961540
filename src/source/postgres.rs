//! A live Ed-Fi ODS on PostgreSQL as a source.
//!
//! In: [`ConnectionSettings`] and [`Options`]. Out: the [`Source`] trait over one read-only snapshot that all
//! connections share, so that every table shows the same moment. Each table is read by a binary COPY that is
//! decoded column by column; nothing is joined, ordered or written on the server. Connecting is repeated
//! while the fault may pass; a read never is: whatever breaks in the middle ends the run, because a partial
//! roster is worse than none. The messages of PostgreSQL's protocol do not leave this module.

mod admin;
mod cancel;
mod connection;
pub mod decode;
mod dialect;
mod fault;
mod load;
mod login;
mod opening;
mod pool;
mod relation;
mod secret;
mod session;
mod statement;
mod tls;
mod wire;

pub use crate::retry::Retry;
pub use admin::ods_instances;
pub use cancel::end_queries;
pub use connection::{ConnectionError, ConnectionSettings, SslMode};
pub use fault::OpeningStep;
pub use load::{Load, LoadError};
pub use secret::{Environment, PasswordSources, Secret};

use std::time::Duration;

use decode::Decoder;
use fault::Context;
use pool::{Broken, Lease, Pool};
use relation::{Relation, Relations};
use session::Stop;
use statement::{Copy, Unreadable, quoted};

use super::{Batch, Catalog, Column, Part, ReadStats, Request, Sink, Source, SourceError};

/// Whether all connections look at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Snapshot {
    /// Every connection imports the snapshot of the first.
    #[default]
    Shared,
    /// Each connection has its own: for poolers and replicas that refuse to share. Tables may then show
    /// different moments unless there is only one connection.
    Off,
}

/// How to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Connections wished for; fewer are used when the server grants fewer.
    pub connections: usize,
    /// Whether they share a snapshot.
    pub snapshot: Snapshot,
    /// The longest that one statement may take on the server; `None` for no limit.
    pub statement_timeout: Option<Duration>,
    /// The longest wait for another session's lock; `None` for no limit.
    pub lock_timeout: Option<Duration>,
    /// The longest that one attempt to connect may take; the connection string may say another.
    pub connect_timeout: Duration,
    /// The longest time without a byte from the server while one is expected.
    pub silence: Duration,
    /// Repeated connecting.
    pub retry: Retry,
    /// Pages (8 KiB as a rule) that a part must have for a table to be read in parts.
    pub pages_per_part: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            connections: 2,
            snapshot: Snapshot::Shared,
            statement_timeout: Some(Duration::from_secs(2 * 3600)),
            lock_timeout: Some(Duration::from_secs(60)),
            connect_timeout: Duration::from_secs(10),
            silence: Duration::from_secs(600),
            retry: Retry::default(),
            pages_per_part: 1024,
        }
    }
}

/// What the server says about itself and about us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFacts {
    /// `server_version`: `15.8 (Debian 15.8-1)`.
    pub version: String,
    /// `server_version_num`: 150008.
    pub version_number: u32,
    /// The role that the session runs as.
    pub user: String,
    /// Encoding of the database.
    pub encoding: String,
    /// Time zone of the server's log: the best guess at its own, since the session's is set to UTC.
    pub time_zone: String,
    /// The server's clock when it was asked, in milliseconds since 1970-01-01 UTC.
    pub clock_milliseconds: i64,
    /// Whether this is a replica.
    pub is_replica: bool,
    /// Whether the role is a superuser, which no exporter needs to be.
    pub is_superuser: bool,
    /// TLS protocol and cipher of the connection, if it has any.
    pub tls: Option<String>,
    /// The Ed-Fi suite (`util.getedfiodsversion()`), if it is stated.
    pub suite: Option<String>,
    /// Tables of the contract that the role could also change: it needs none of these rights.
    pub writable_tables: Vec<String>,
}

/// An open ODS. See the module.
pub struct PostgresSource {
    catalog: Catalog,
    relations: Relations,
    facts: ServerFacts,
    context: Context,
    pool: Pool,
    consistent: bool,
    local: bool,
    pages_per_part: u64,
}

/// Since this version a range of ctids reads only its own pages.
const TID_RANGE_SCAN: u32 = 140_000;

impl PostgresSource {
    /// Connects, takes the snapshot and reads the catalog. `remark` is what
    /// [`PasswordSources::find`] had to say about the password, for the error if the server refuses it.
    ///
    /// # Errors
    /// [`SourceError::Place`] when the server cannot be reached or refuses, after the attempts that
    /// [`Options::retry`] allows.
    pub fn open(
        settings: &ConnectionSettings,
        remark: Option<String>,
        options: &Options,
    ) -> Result<PostgresSource, SourceError> {
        let context = Context::new(settings, remark);
        let opened = opening::open(settings, options, &context)?;
        let catalog = Catalog {
            tables: opened.relations.catalog_tables(),
            place: context.place.clone(),
            stated_standard: opened.stated_standard,
        };
        Ok(PostgresSource {
            catalog,
            relations: opened.relations,
            facts: opened.facts,
            context,
            pool: Pool::new(opened.sessions),
            consistent: opened.consistent,
            local: settings.is_local(),
            pages_per_part: options.pages_per_part.max(1),
        })
    }

    /// Whether all tables are promised to show one moment. False with [`Snapshot::Off`] and more than one
    /// connection: the run should say so.
    pub fn consistent(&self) -> bool {
        self.consistent
    }

    /// Connections that the server granted.
    pub fn connections(&self) -> usize {
        self.pool.size()
    }

    /// The TLS that was demanded.
    pub fn ssl_mode(&self) -> SslMode {
        self.context.ssl_mode
    }

    /// Whether the server is on this machine, so that nothing crosses a network.
    pub fn is_local(&self) -> bool {
        self.local
    }

    /// What the server says about itself.
    pub fn facts(&self) -> &ServerFacts {
        &self.facts
    }

    /// School years in table section with their number of sections, in ascending order.
    ///
    /// # Errors
    /// [`SourceError::Place`] when the table is missing, or the server fails.
    pub fn school_years(&self) -> Result<Vec<(i16, u64)>, SourceError> {
        let trying = "counting sections by school year";
        self.relation("section")?;
        let sql = "SELECT schoolyear::text, count(*)::text FROM edfi.section
                   WHERE schoolyear IS NOT NULL GROUP BY schoolyear ORDER BY schoolyear";
        let mut lease = self.lease()?;
        let Some(session) = lease.session() else { return Ok(Vec::new()) };
        let rows = session.rows(sql).map_err(|failure| failure.explain(trying, &self.context))?;
        lease.give_back();
        let pair = |row: Vec<Option<String>>| {
            let [year, count] = <[Option<String>; 2]>::try_from(row).ok()?;
            Some((year?.parse().ok()?, count?.parse().ok()?))
        };
        rows.into_iter().map(pair).collect::<Option<_>>().ok_or_else(|| {
            self.place(
                format!("{trying}: a year is not a number of four digits"),
                "Look at edfi.section.schoolyear",
            )
        })
    }

    fn place(&self, reason: String, remedy: &str) -> SourceError {
        SourceError::Place { place: self.context.place.clone(), reason, remedy: remedy.to_owned() }
    }

    /// The first failure again, for whoever comes after it.
    fn broken(&self, Broken { reason, remedy }: Broken) -> SourceError {
        SourceError::Place { place: self.context.place.clone(), reason, remedy }
    }

    fn denied(&self, tables: &[&str]) -> SourceError {
        let user = quoted(&self.facts.user);
        let list: Vec<String> = tables.iter().map(|t| format!("edfi.{}", quoted(t))).collect();
        let names: Vec<String> = tables.iter().map(|t| format!("edfi.{t}")).collect();
        self.place(
            format!("role {} may not read {}", self.facts.user, names.join(", ")),
            &format!(
                "Let the owner run: GRANT USAGE ON SCHEMA edfi TO {user}; GRANT SELECT ON {} TO {user};",
                list.join(", ")
            ),
        )
    }

    fn relation(&self, table: &str) -> Result<&Relation, SourceError> {
        self.relations.0.get(table).ok_or_else(|| {
            self.place(format!("there is no table edfi.{table}"), "Check that this database is an Ed-Fi ODS")
        })
    }

    fn copy(&self, request: &Request, part: Part) -> Result<Copy, SourceError> {
        let relation = self.relation(&request.table)?;
        statement::copy(relation, request, part).map_err(|unreadable| match unreadable {
            Unreadable::NoColumn(column) => self.place(
                format!("table edfi.{} has no column {column}", request.table),
                "Finish the upgrade of the ODS, or name the right --data-standard",
            ),
            Unreadable::Type { column, type_name, kind } => self.place(
                format!(
                    "column {column} of edfi.{} is of type {type_name}, which cannot be read as {kind:?} without losing something",
                    request.table
                ),
                "Give the column its Ed-Fi type; if it belongs to a view, cast it there",
            ),
            Unreadable::NoParts => self.place(
                format!("edfi.{} cannot be read in parts", request.table),
                "This is a fault of rosterpack, please report it",
            ),
        })
    }

    fn lease(&self) -> Result<Lease<'_>, SourceError> {
        self.pool.lease().map_err(|broken| self.broken(broken))
    }

    fn read_part(
        &self,
        request: &Request,
        part: Part,
        sink: &mut Sink<'_>,
        lease: &mut Lease<'_>,
    ) -> Result<ReadStats, SourceError> {
        let Copy { sql, fields, names } = self.copy(request, part)?;
        let columns = request
            .columns
            .iter()
            .map(|c| if c.name.is_some() { Column::new(c.kind) } else { Column::Missing })
            .collect();
        let mut reader = TableReader {
            table: &request.table,
            names,
            decoder: Decoder::new(fields),
            batch: Batch::new(columns),
            sink,
            pool: &self.pool,
            source: self,
        };
        let Some(session) = lease.session() else { return Ok(ReadStats::default()) };
        let sent = session.copy_out(&sql, |messages| reader.take(messages)).map_err(|stop| match stop {
            Stop::Receiver(error) => error,
            Stop::Server(failure) => {
                failure.explain(&format!("reading edfi.{}", request.table), &self.context)
            }
        })?;
        reader.decoder.finish().map_err(|fault| reader.content(fault))?;
        if reader.batch.rows() > 0 {
            reader.hand_over()?;
        }
        let rows = reader.decoder.rows();
        if let Some(sent) = sent.filter(|&sent| sent != rows) {
            return Err(self.place(
                format!("reading edfi.{}: the server sent {sent} rows, and {rows} arrived", request.table),
                "Look for a pooler or a proxy that changes what passes through it",
            ));
        }
        Ok(ReadStats { rows, bytes: reader.decoder.bytes() })
    }
}

/// Decodes what comes and hands full batches on.
struct TableReader<'a, 'sink> {
    table: &'a str,
    names: Vec<String>,
    decoder: Decoder,
    batch: Batch,
    sink: &'a mut Sink<'sink>,
    pool: &'a Pool,
    source: &'a PostgresSource,
}

impl TableReader<'_, '_> {
    fn content(&self, fault: decode::Fault) -> SourceError {
        SourceError::Content {
            origin: format!("edfi.{} in {}", self.table, self.source.context.place),
            line: fault.row,
            column: fault.field.and_then(|field| self.names.get(field).cloned()),
            reason: fault.reason.to_owned(),
        }
    }

    fn take(&mut self, messages: &[u8]) -> Result<(), SourceError> {
        let mut rest = messages;
        while !rest.is_empty() {
            let taken = self.decoder.push_messages(rest, &mut self.batch);
            rest = &rest[taken.map_err(|fault| self.content(fault))?..];
            if self.decoder.full(&self.batch) {
                self.hand_over()?;
            }
        }
        Ok(())
    }

    fn hand_over(&mut self) -> Result<(), SourceError> {
        if self.pool.is_broken()
            && let Some(broken) = self.pool.broken()
        {
            return Err(self.source.broken(broken));
        }
        self.decoder.complete(&mut self.batch).map_err(|fault| self.content(fault))?;
        (self.sink)(&self.batch)?;
        self.decoder.clear(&mut self.batch);
        Ok(())
    }
}

impl Source for PostgresSource {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// One error lists every table that the role may not read, with the GRANT that mends it; another names the
    /// column whose type does not fit.
    fn check(&self, requests: &[Request]) -> Result<(), SourceError> {
        let mut denied: Vec<&str> = Vec::new();
        for request in requests {
            let relation = self.relation(&request.table)?;
            let named = request.columns.iter().filter_map(|c| c.name.as_ref());
            let filter = request.year.iter().map(|(column, _)| column);
            let readable = |name: &String| relation.column(name).is_none_or(|c| c.readable);
            if !named.chain(filter).all(readable) && !denied.contains(&relation.name.as_str()) {
                denied.push(&relation.name);
            }
        }
        if !denied.is_empty() {
            denied.sort_unstable();
            return Err(self.denied(&denied));
        }
        for request in requests {
            self.copy(request, Part::WHOLE)?;
        }
        Ok(())
    }

    fn has_permissions(&self) -> bool {
        true
    }

    fn parts(&self, table: &str) -> usize {
        // Rows move between snapshots: cut by position, they would be read twice or not at all.
        if !self.consistent || self.facts.version_number < TID_RANGE_SCAN {
            return 1;
        }
        match self.relations.0.get(table) {
            Some(relation) if relation.kind == 'r' => {
                let worthwhile = relation.pages / self.pages_per_part;
                usize::try_from(worthwhile).unwrap_or(usize::MAX).clamp(1, self.pool.size())
            }
            _ => 1,
        }
    }

    fn reads_at_once(&self) -> Option<usize> {
        Some(self.pool.size())
    }

    fn read(&self, request: &Request, part: Part, sink: &mut Sink<'_>) -> Result<ReadStats, SourceError> {
        let mut lease = self.lease()?;
        match self.read_part(request, part, sink, &mut lease) {
            Ok(stats) => {
                lease.give_back();
                Ok(stats)
            }
            Err(error) => {
                // Closes the connection in the middle of the stream: nothing is drained, nothing goes on.
                self.pool.break_up(match &error {
                    SourceError::Place { reason, remedy, .. } => {
                        Broken { reason: reason.clone(), remedy: remedy.clone() }
                    }
                    other => Broken {
                        reason: format!("reading edfi.{}: {other}", request.table),
                        remedy: "Nothing was published".to_owned(),
                    },
                });
                drop(lease);
                Err(error)
            }
        }
    }

    fn finish(&self) -> Result<(), SourceError> {
        let mut leases = self.pool.lease_all().map_err(|broken| self.broken(broken))?;
        for lease in &mut leases {
            let Some(session) = lease.session() else { continue };
            // An answer proves that the connection lives and that its transaction was not aborted.
            session.rows("SELECT 'alive'").map_err(|failure| {
                failure.explain("checking that the snapshot held to the end", &self.context)
            })?;
        }
        leases.into_iter().for_each(Lease::give_back);
        Ok(())
    }
}
