//! Opening a database: sessions, transactions, the shared snapshot, and what the server says about itself.
//!
//! In: settings and limits. Out: [`Opened`]: sessions that all stand in a read-only transaction on the same
//! snapshot, the relations and the server's facts. The order of the steps is what makes the view complete:
//! the tables are locked (ACCESS SHARE, as pg_dump does) before the snapshot is taken, because TRUNCATE and
//! rewriting ALTER TABLE do not respect snapshots and would make a table look empty without any error.

use std::time::Duration;

use super::connection::ConnectionSettings;
use super::fault::{CONNECTING, Context, Failure};
use super::relation::{RELATIONS, Relations};
use super::session::{Session, TextRow};
use super::statement::{literal, quoted};
use super::{Options, ServerFacts, Snapshot};
use crate::edfi::scripts;
use crate::source::SourceError;

/// A database that is ready to be read.
pub(super) struct Opened {
    pub(super) sessions: Vec<Session>,
    pub(super) relations: Relations,
    pub(super) facts: ServerFacts,
    pub(super) stated_standard: Option<String>,
    /// Whether all sessions see one moment.
    pub(super) consistent: bool,
}

/// A step that failed, told by what it tried.
type Step<T> = Result<T, SourceError>;

struct Opener<'a> {
    settings: &'a ConnectionSettings,
    options: &'a Options,
    context: &'a Context,
    /// Whether the server can look, while it works, if its client is still there.
    watchful: bool,
}

/// Opens a database.
pub(super) fn open(settings: &ConnectionSettings, options: &Options, context: &Context) -> Step<Opened> {
    Opener { settings, options, context, watchful: false }.open()
}

impl Opener<'_> {
    fn explain(&self, trying: &str) -> impl FnOnce(Failure) -> SourceError {
        let (trying, context) = (trying.to_owned(), self.context.clone());
        move |failure| failure.explain(&trying, &context)
    }

    fn connect(&self, give_way: bool) -> Result<Session, Failure> {
        Session::connect(self.settings, self.options, give_way)
    }

    fn open(&mut self) -> Step<Opened> {
        let mut control =
            self.connect(false).map_err(self.explain(&format!("{CONNECTING}{}", self.settings.user)))?;
        let lockable =
            control.rows(&lockable_query()).map_err(self.explain("listing the tables of schema edfi"))?;
        let trying = "asking whether the server can watch its client";
        self.watchful = !control.rows(WATCHFUL).map_err(self.explain(trying))?.is_empty();
        control.execute(&self.begin(None)).map_err(self.explain("starting a read-only transaction"))?;
        if let Some(lock) = lock_statement(lockable) {
            control
                .execute(&lock)
                .map_err(self.explain("locking the tables against being emptied or changed"))?;
        }
        let wanted = self.options.connections.max(1);
        let shared = self.options.snapshot == Snapshot::Shared && wanted > 1;
        let snapshot = if shared { Some(self.export(&mut control)?) } else { None };
        // The server can let others in while it answers.
        let (described, others) =
            rayon::join(|| self.describe(&mut control), || self.others(wanted - 1, snapshot.as_deref()));
        let (relations, facts, stated_standard) = described?;
        let mut sessions = vec![control];
        sessions.extend(others?);
        let consistent = shared || sessions.len() == 1;
        Ok(Opened { sessions, relations, facts, stated_standard, consistent })
    }

    /// Settings are local to the transaction: behind a pooler they would otherwise be another client's.
    fn begin(&self, snapshot: Option<&str>) -> String {
        let milliseconds =
            |limit: Option<Duration>| limit.map_or(0, |d| d.as_millis().clamp(1, 2_147_483_647));
        let import =
            snapshot.map_or(String::new(), |id| format!("SET TRANSACTION SNAPSHOT {};\n", literal(id)));
        // Ours may be killed, or its machine may fail, with no time left for cancelling anything.
        let watch = if self.watchful { "SET LOCAL client_connection_check_interval = '2s';" } else { "" };
        // row_security = off makes a hidden row an error instead of a silent loss.
        format!(
            "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
{import}SET LOCAL statement_timeout = {};
SET LOCAL lock_timeout = {};
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL row_security = off;
SET LOCAL client_encoding = 'UTF8';
SET LOCAL search_path = pg_catalog;
SET LOCAL tcp_keepalives_idle = 60;
SET LOCAL tcp_keepalives_interval = 15;
SET LOCAL tcp_keepalives_count = 4;
{watch}",
            milliseconds(self.options.statement_timeout),
            milliseconds(self.options.lock_timeout),
        )
    }

    fn export(&self, control: &mut Session) -> Step<String> {
        let rows = control.rows("SELECT pg_export_snapshot()").map_err(|failure| {
            let SourceError::Place { place, reason, .. } = failure.explain("sharing the snapshot", self.context)
            else {
                return failure.explain("sharing the snapshot", self.context);
            };
            let remedy = "Use one connection; or read without a shared snapshot (--snapshot off), which cannot promise that all tables show one moment".into();
            SourceError::Place { place, reason, remedy }
        })?;
        single(rows).ok_or_else(|| self.unexpected("sharing the snapshot"))
    }

    /// So many more sessions, or as many as the server grants.
    fn others(&self, wanted: usize, snapshot: Option<&str>) -> Step<Vec<Session>> {
        let mut sessions = Vec::new();
        while sessions.len() < wanted {
            match self.further(snapshot)? {
                Some(session) => sessions.push(session),
                None => break,
            }
        }
        Ok(sessions)
    }

    /// One more session, or `None` when the server grants no more.
    fn further(&self, snapshot: Option<&str>) -> Step<Option<Session>> {
        let mut session = match self.connect(true) {
            Ok(session) => session,
            Err(failure) if failure.is_crowding() => return Ok(None),
            Err(failure) => return Err(failure.explain("opening a further connection", self.context)),
        };
        match session.execute(&self.begin(snapshot)) {
            Ok(()) => Ok(Some(session)),
            // A pooler lets us in and finds no server connection for us.
            Err(failure) if failure.is_crowding() => Ok(None),
            Err(failure) => Err(failure.explain("joining the shared snapshot", self.context)),
        }
    }

    fn describe(&self, control: &mut Session) -> Step<(Relations, ServerFacts, Option<String>)> {
        let rows = control.rows(RELATIONS).map_err(self.explain("reading the catalog of schema edfi"))?;
        let relations = Relations::from_rows(rows)
            .ok_or_else(|| self.unexpected("reading the catalog of schema edfi"))?;
        let trying = "asking for the server's version and settings";
        let row = control.rows(FACTS).map_err(self.explain(trying))?.pop();
        let mut facts = row.and_then(facts).ok_or_else(|| self.unexpected(trying))?;
        facts.tls = tls(control)?;
        facts.suite = self.stated(control, "getedfiodsversion")?;
        let standard = self.stated(control, "getedfistandardversion")?;
        let known = scripts::physical_tables();
        facts.writable_tables = relations
            .0
            .iter()
            .filter(|(name, relation)| relation.writable && known.contains(name.as_str()))
            .map(|(name, _)| name.clone())
            .collect();
        Ok((relations, facts, standard))
    }

    /// What a function of schema util says, if it is there and answers us; its absence is normal.
    fn stated(&self, control: &mut Session, function: &str) -> Step<Option<String>> {
        let trying = format!("asking for util.{function}()");
        let there = control
            .rows(&format!(
                "SELECT 'yes' FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                 WHERE n.nspname = 'util' AND p.proname = {} AND p.pronargs = 0
                   AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')",
                literal(function)
            ))
            .map_err(self.explain(&trying))?;
        if there.is_empty() {
            return Ok(None);
        }
        // A function that fails would abort the transaction, and with it the snapshot.
        control.execute("SAVEPOINT stated").map_err(self.explain(&trying))?;
        let answer = control.rows(&format!("SELECT util.{}()::text", quoted(function)));
        let end = if answer.is_ok() { "RELEASE SAVEPOINT stated" } else { "ROLLBACK TO SAVEPOINT stated" };
        control.execute(end).map_err(self.explain(&trying))?;
        Ok(answer.ok().and_then(single).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
    }

    fn unexpected(&self, trying: &str) -> SourceError {
        SourceError::Place {
            place: self.context.place.clone(),
            reason: format!("{trying}: the answer has an unexpected form"),
            remedy: "Make sure that this is a PostgreSQL server of version 11 or later".into(),
        }
    }
}

fn single(rows: Vec<TextRow>) -> Option<String> {
    rows.into_iter().next()?.into_iter().next()?
}

/// Tables and views that this exporter may read, among those that can be locked and that we may select.
fn lockable_query() -> String {
    let names: Vec<String> = scripts::physical_tables().into_iter().map(literal).collect();
    format!(
        "SELECT c.relname::text FROM pg_catalog.pg_class c
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'edfi' AND c.relkind IN ('r', 'p', 'v') AND c.relname IN ({})
           AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
         ORDER BY c.relname",
        names.join(", ")
    )
}

fn lock_statement(rows: Vec<TextRow>) -> Option<String> {
    let names: Vec<String> = rows
        .into_iter()
        .filter_map(|row| row.into_iter().next()?)
        .map(|name| format!("edfi.{}", quoted(&name)))
        .collect();
    (!names.is_empty()).then(|| format!("LOCK TABLE {} IN ACCESS SHARE MODE", names.join(", ")))
}

/// A row where the server, from version 14, can look for its client while it works. Not every system can: on others the
/// setting is there and refuses any value, so only the one that could from the beginning is trusted to.
const WATCHFUL: &str = "
SELECT name::text FROM pg_catalog.pg_settings
WHERE name = 'client_connection_check_interval' AND pg_catalog.version() LIKE '%linux%'";

const FACTS: &str = "
SELECT current_setting('server_version'), current_setting('server_version_num'), current_user::text,
       current_setting('server_encoding'), current_setting('log_timezone'),
       (extract(epoch FROM clock_timestamp()) * 1000)::bigint::text, pg_is_in_recovery()::text,
       (SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user)";

fn facts(row: TextRow) -> Option<ServerFacts> {
    let [version, number, user, encoding, zone, clock, recovery, superuser] =
        <[Option<String>; 8]>::try_from(row).ok()?;
    Some(ServerFacts {
        version: version?,
        version_number: number?.parse().ok()?,
        user: user?,
        encoding: encoding?,
        time_zone: zone?,
        clock_milliseconds: clock?.parse().ok()?,
        is_replica: recovery? == "true",
        is_superuser: superuser.as_deref() == Some("true"),
        tls: None,
        suite: None,
        writable_tables: Vec::new(),
    })
}

/// Protocol and cipher of this very connection; the view is world-readable for one's own row.
fn tls(control: &mut Session) -> Step<Option<String>> {
    // A pooler's answer would be about its own connection, and a missing view is no reason to stop.
    let rows = control.rows(
        "SELECT version::text || ' ' || cipher::text FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl",
    );
    Ok(rows.ok().and_then(single))
}
