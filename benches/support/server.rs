//! A private PostgreSQL server with an invented district, and the floor under reading it.
//!
//! In: a number of students. Out: its address, and the seconds that `psql` takes for the COPY statements of an export,
//! to nowhere, over TCP, on as many connections.
#![allow(clippy::unwrap_used, clippy::panic)] // as the tests' cluster, which ends the bench when it cannot start

use std::time::Instant;

use rosterpack::source::postgres::{ConnectionSettings, Options, Secret};
use rosterpack::synth::SynthPlan;
use rosterpack::synth::database::{Keys, fill};

use super::cluster::{Cluster, SUPERUSER_PASSWORD, Setup};
use super::whole::CONNECTIONS;
use super::{Outcome, median};

/// A server with one district.
pub struct District {
    server: Cluster,
    database: String,
}

impl District {
    /// Starts a server and fills it as `rosterpack synth --to` does.
    pub fn new(students: u64) -> Outcome<District> {
        let settings =
            "shared_buffers = 1GB\nlog_statement = all\nmaintenance_work_mem = 512MB\nmax_wal_size = 8GB";
        let server = Cluster::start(&Setup { settings, ..Setup::default() });
        let database = server.database("");
        let mut to = ConnectionSettings::parse(&server.url("postgres", &database), false)?;
        to.password = Some(Secret::new(SUPERUSER_PASSWORD));
        let plan = SynthPlan { students, ..SynthPlan::default() };
        fill(&plan, &to, None, &Options::default(), Keys::Primary, &|_, _| {})?;
        Ok(District { server, database })
    }

    /// Where an export finds it.
    pub fn address(&self) -> String {
        self.server.url("postgres", &self.database)
    }

    /// Seconds that psql takes for the statements that the server logged; `export` runs one, so that it logs them.
    pub fn floor(&self, runs: usize, export: impl FnOnce() -> Outcome<()>) -> Outcome<f64> {
        let before = self.server.log().len();
        export()?;
        let scripts = dealt_out(&self.server.log()[before..]);
        let run = || {
            let start = Instant::now();
            std::thread::scope(|scope| {
                for script in &scripts {
                    scope.spawn(|| self.server.psql_over_tcp(&self.database, script));
                }
            });
            start.elapsed().as_secs_f64()
        };
        run();
        Ok(median((0..runs).map(|_| run()).collect()))
    }
}

/// The COPY statements of a log, for as many sessions as there are connections; parts of one table go to different
/// sessions.
fn dealt_out(log: &str) -> Vec<String> {
    let mut scripts = vec![String::from("\\o /dev/null\n"); CONNECTIONS];
    let mut statements: Vec<&str> = log
        .lines()
        .filter_map(|line| line.find("COPY (SELECT").map(|at| line[at..].trim_end()))
        .filter(|statement| statement.contains("TO STDOUT"))
        .collect();
    statements.sort_unstable();
    statements.dedup();
    for (n, statement) in statements.iter().enumerate() {
        scripts[n % CONNECTIONS].push_str(&format!("{statement};\n"));
    }
    scripts
}
