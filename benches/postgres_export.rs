//! What a whole export from PostgreSQL costs, beside the floor: `psql` running the same COPY statements to nowhere.
//!
//! In: the number of students (default 100,000). Out: one table on stdout. An invented district is written with
//! `synth`, loaded into a private server, and exported by this program as a child of itself, so that processor time
//! and peak memory are the export's alone. The statements of the floor are those that the server logged during the
//! export; they run over TCP on as many connections, dealt out by the size of their tables. Runs alternate; medians
//! are shown. Nothing is asserted: figures are for people.
//!
//! ```text
//! cargo bench --bench postgres_export -- [STUDENTS] [PAIRS]
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a bench

#[path = "../tests/support/postgres.rs"]
mod cluster;
#[path = "../tests/postgres/ods.rs"]
#[allow(dead_code)]
mod ods;

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::Instant;

use rosterpack::config::plan::{Mapping, Plan, Scope};
use rosterpack::crosswalk::Crosswalks;
use rosterpack::day::Day;
use rosterpack::pipeline;
use rosterpack::progress::Progress;
use rosterpack::source::postgres::{ConnectionSettings, Options, PostgresSource, Secret};
use rosterpack::spec::Version;
use rosterpack::synth::SynthPlan;

const CHILD: &str = "--export-and-report";
const CONNECTIONS: usize = 2;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [mark, url, target] = &arguments[..]
        && mark == CHILD
    {
        return child(url, Path::new(target));
    }
    let number = |n: usize, default| arguments.get(n).and_then(|a| a.parse().ok()).unwrap_or(default);
    compare(number(0, 100_000) as u64, number(1, 3));
}

/// Exports and prints seconds of wall, of reading, of processor, and the peak in bytes.
fn child(url: &str, target: &Path) {
    let start = Instant::now();
    let mut settings = ConnectionSettings::parse(url, false).unwrap();
    settings.password = Some(Secret::new(cluster::SUPERUSER_PASSWORD));
    let options = Options { connections: CONNECTIONS, ..Options::default() };
    let source = PostgresSource::open(&settings, None, &options).unwrap();
    let stages = Stages { start, begun: Mutex::default() };
    let plan = Plan {
        tenant: "bench".into(),
        id_prefix: "bench".into(),
        school_year: SynthPlan::default().school_year,
        as_of: Day::from_ymd(2024, 10, 1).unwrap(),
        version: Version::V1p1,
        users_of_v1p2p0: false,
        data_standard: None,
        mapping: Mapping::default(),
        scope: Scope::default(),
        compression: 3,
        system_name: "rosterpack".into(),
        system_code: "bench".into(),
    };
    let crosswalks = Crosswalks::embedded().unwrap();
    let outcome = pipeline::export(&source, &crosswalks, &plan, Some(target), &stages).unwrap();
    let written = outcome.written.expect("not refused");
    let wall = start.elapsed().as_secs_f64();
    let begun = stages.begun.into_inner().unwrap();
    // Connecting and the catalog belong to the reading, as they do for psql.
    let read = begun.iter().find(|(name, _)| name == "mapping").map_or(wall, |(_, at)| *at);
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks: f64 = stat
        .rsplit(") ")
        .next()
        .unwrap_or_default()
        .split(' ')
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok())
        .unwrap_or(0);
    println!("{wall} {read} {} {peak} {} {}", ticks / 100.0, outcome.read_rows, written.bytes);
}

struct Stages {
    start: Instant,
    begun: Mutex<Vec<(String, f64)>>,
}

impl Progress for Stages {
    fn stage(&self, name: &str) {
        self.begun.lock().unwrap().push((name.to_owned(), self.start.elapsed().as_secs_f64()));
    }
    fn table(&self, _: &str, _: Option<u64>) {}
    fn rows(&self, _: &str, _: u64) {}
    fn done(&self, _: &str) {}
    fn written(&self, _: &str, _: u64, _: u64) {}
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn compare(students: u64, pairs: usize) {
    let temp = tempfile::tempdir().unwrap();
    let server = cluster::Cluster::start(&cluster::Setup {
        settings: "shared_buffers = 1GB\nlog_statement = all\nfsync = off",
        ..cluster::Setup::default()
    });
    let database = ods::invented(&server, &SynthPlan { students, ..SynthPlan::default() });
    server.psql(&database, "VACUUM ANALYZE");
    let url = server.url("postgres", &database);
    let target = temp.path().join("roster.zip");
    let export = || -> Vec<f64> {
        let output = Command::new(std::env::current_exe().unwrap())
            .args([CHILD, &url, target.to_str().unwrap()])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).split_whitespace().map(|f| f.parse().unwrap()).collect()
    };
    let before = server.log().len();
    export(); // warms the server, and is logged
    let halves = dealt_out(&server.log()[before..]);
    let floor = || {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for half in &halves {
                scope.spawn(|| server.psql_over_tcp(&database, half));
            }
        });
        start.elapsed().as_secs_f64()
    };
    floor();
    let runs: Vec<(f64, Vec<f64>)> = (0..pairs).map(|_| (floor(), export())).collect();
    let of = |n: usize| median(runs.iter().map(|(_, run)| run[n]).collect());
    let floor = median(runs.iter().map(|(floor, _)| *floor).collect());
    println!(
        "export of {students} students from PostgreSQL, {CONNECTIONS} connections, medians of {pairs} alternating pairs"
    );
    println!("  rows read        {:>12.0}", of(4));
    println!("  wall             {:>12.2} s", of(0));
    println!("  of it reading    {:>12.2} s (connecting and catalog included)", of(1));
    println!("  psql, same COPY  {floor:>12.2} s");
    println!("  ratio            {:>12.2}", median(runs.iter().map(|(floor, run)| run[1] / floor).collect()));
    println!("  client processor {:>12.2} s", of(2));
    println!("  peak memory      {:>12.0} MiB", of(3) / 1024.0);
    println!("  zip              {:>12.1} MB", of(5) / 1e6);
}

/// The COPY statements of a log, for as many sessions as there are connections; parts of one table go to different
/// sessions.
fn dealt_out(log: &str) -> Vec<String> {
    let mut halves = vec![String::from("\\o /dev/null\n"); CONNECTIONS];
    let mut statements: Vec<&str> = log
        .lines()
        .filter_map(|line| line.find("COPY (SELECT").map(|at| line[at..].trim_end()))
        .filter(|statement| statement.contains("TO STDOUT"))
        .collect();
    statements.sort_unstable();
    statements.dedup();
    assert!(statements.len() > 20, "the log holds the statements: {}", statements.len());
    for (n, statement) in statements.iter().enumerate() {
        halves[n % CONNECTIONS].push_str(&format!("{statement};\n"));
    }
    halves
}
