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
#[allow(dead_code)] // of the DDL of all data standards a bench needs one
mod ods;

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rosterpack::config::plan::{Edition, Form, Judging, Mapping, Plan, Scope};
use rosterpack::crosswalk::Crosswalks;
use rosterpack::day::Day;
use rosterpack::pipeline;
use rosterpack::progress::Progress;
use rosterpack::source::postgres::{ConnectionSettings, Options, PostgresSource, Secret};
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

/// Exports and prints its figures in the order of the constants above, then seconds of wall time and of processor by
/// stage.
fn child(url: &str, target: &Path) {
    let start = Instant::now();
    let mut settings = ConnectionSettings::parse(url, false).unwrap();
    settings.password = Some(Secret::new(cluster::SUPERUSER_PASSWORD));
    let options = Options { connections: CONNECTIONS, ..Options::default() };
    let source = PostgresSource::open(&settings, None, &options).unwrap();
    let stages = Stages { start, begun: Mutex::default(), received: AtomicU64::new(0) };
    let plan = Plan {
        tenant: "bench".into(),
        id_prefix: "bench".into(),
        school_year: SynthPlan::default().school_year,
        as_of: Day::from_ymd(2024, 10, 1).unwrap(),
        editions: vec![Edition::ALL[0].1],
        data_standard: None,
        mapping: Mapping::default(),
        scope: Scope::default(),
        compression: 3,
        system_name: "rosterpack".into(),
        system_code: "bench".into(),
        judging: Judging::default(),
        form: Form::default(),
    };
    let crosswalks = Crosswalks::embedded().unwrap();
    let mut outcome = pipeline::export(&source, &crosswalks, &plan, Some(target), &stages).unwrap();
    let written = outcome.packages.remove(0).written.expect("not refused");
    let (wall, processor) = (start.elapsed().as_secs_f64(), processor_of("self", 0));
    let begun = stages.begun.into_inner().unwrap();
    // Connecting, the catalog, and what is sorted behind the last row belong to the reading.
    let read = begun.iter().find(|stage| stage.name == "mapping").expect("the stage behind the reading");
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok())
        .unwrap_or(0);
    println!(
        "{wall} {} {} {processor} {} {peak} {} {}",
        stages.received.load(Ordering::Relaxed) as f64 / 1e6,
        read.wall,
        read.processor,
        outcome.read_rows,
        written.bytes
    );
    let ends = begun.iter().skip(1).map(|next| (next.wall, next.processor)).chain([(wall, processor)]);
    for (stage, (end, spent)) in begun.iter().zip(ends) {
        println!("{} {} {}", stage.name, end - stage.wall, spent - stage.processor);
    }
}

// Fields of the first line of a child.
const WALL: usize = 0;
const RECEIVED: usize = 1;
const READ: usize = 2;
const PROCESSOR: usize = 3;
const READ_PROCESSOR: usize = 4;
const PEAK: usize = 5;
const ROWS: usize = 6;
const ZIP: usize = 7;

/// Seconds of processor time that a process has used (`of` 0), or its children that have ended (`of` 2).
fn processor_of(process: &str, of: usize) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11 + of).take(2);
    fields.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

struct Begun {
    name: String,
    wall: f64,
    processor: f64,
}

struct Stages {
    start: Instant,
    begun: Mutex<Vec<Begun>>,
    /// When the last table was at its end, in microseconds.
    received: AtomicU64,
}

impl Progress for Stages {
    fn stage(&self, name: &str) {
        let (wall, processor) = (self.start.elapsed().as_secs_f64(), processor_of("self", 0));
        self.begun.lock().unwrap().push(Begun { name: name.to_owned(), wall, processor });
    }
    fn table(&self, _: &str, _: Option<u64>) {}
    fn rows(&self, _: &str, _: u64) {}
    fn done(&self, _: &str) {
        self.received.fetch_max(self.start.elapsed().as_micros() as u64, Ordering::Relaxed);
    }
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
    let postmaster = server.process();
    // Of the server's processes: a session counts when it has ended, and both kinds of run end theirs.
    let on_server = || {
        for _ in 0..100 {
            let query = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'";
            if server.psql("postgres", query) == "1" {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        // A session leaves the list of activity before its process ends.
        std::thread::sleep(Duration::from_millis(500));
        processor_of(&postmaster, 2)
    };
    let export = || -> (Vec<f64>, f64, String) {
        let before = on_server();
        let output = Command::new(std::env::current_exe().unwrap())
            .args([CHILD, &url, target.to_str().unwrap()])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (first, stages) = text.split_once('\n').unwrap();
        let figures = first.split_whitespace().map(|f| f.parse().unwrap()).collect();
        (figures, on_server() - before, stages.to_owned())
    };
    let before = server.log().len();
    export(); // warms the server, and is logged
    let sizes = server.psql(
        &database,
        "SELECT relname || ' ' || pg_relation_size(oid) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'edfi'::regnamespace",
    );
    let shares = dealt_out(&server.log()[before..], &sizes);
    let floor = || -> (f64, f64, f64) {
        let (on_server_before, client_before) = (on_server(), processor_of("self", 2));
        let start = Instant::now();
        std::thread::scope(|scope| {
            for share in &shares {
                scope.spawn(|| server.psql_over_tcp(&database, share));
            }
        });
        let wall = start.elapsed().as_secs_f64();
        (wall, processor_of("self", 2) - client_before, on_server() - on_server_before)
    };
    floor();
    let runs: Vec<_> = (0..pairs).map(|_| (floor(), export())).collect();
    let of = |n: usize| median(runs.iter().map(|(_, (figures, ..))| figures[n]).collect());
    let ratio =
        |n: usize| median(runs.iter().map(|((floor, ..), (figures, ..))| figures[n] / floor).collect());
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!(
        "export of {students} students from PostgreSQL, {CONNECTIONS} connections, medians of {pairs} alternating pairs"
    );
    println!("  load of the machine     {}", load.split(' ').next().unwrap_or_default());
    println!("  rows read               {:>10.0}", of(ROWS));
    println!("  wall                    {:>10.2} s", of(WALL));
    println!(
        "  psql, same COPY         {:>10.2} s",
        median(runs.iter().map(|((wall, ..), _)| *wall).collect())
    );
    println!(
        "  until the last row      {:>10.2} s, {:.2} times psql (connecting and catalog included)",
        of(RECEIVED),
        ratio(RECEIVED)
    );
    println!("  reading and sorting     {:>10.2} s, {:.2} times psql", of(READ), ratio(READ));
    let client = of(READ_PROCESSOR);
    let server_side = median(runs.iter().map(|(_, (_, spent, _))| *spent).collect());
    let psql = median(runs.iter().map(|((_, client, _), _)| *client).collect());
    let psql_server = median(runs.iter().map(|((_, _, spent), _)| *spent).collect());
    println!("  processor while reading {client:>10.2} s, and on the server {server_side:.2} s");
    println!("  the same of psql        {psql:>10.2} s, and on the server {psql_server:.2} s");
    println!(
        "  ratio of processor time {:>10.2} (client and server together)",
        (client + server_side) / (psql + psql_server)
    );
    println!("  processor in all        {:>10.2} s", of(PROCESSOR));
    println!("  peak memory             {:>10.0} MiB", of(PEAK) / 1024.0);
    println!("  zip                     {:>10.1} MB", of(ZIP) / 1e6);
    println!("stages of the last run: seconds of wall time, of processor");
    if let Some((_, (_, _, stages))) = runs.last() {
        for line in stages.lines() {
            let fields: Vec<&str> = line.split(' ').collect();
            if let [name, wall, spent] = fields[..] {
                println!(
                    "  {name:<22}  {:>10.2} {:>10.2}",
                    wall.parse::<f64>().unwrap(),
                    spent.parse::<f64>().unwrap()
                );
            }
        }
    }
}

/// The COPY statements of a log, for as many sessions as there are connections: the largest first, each to the session
/// that has least to do, so that none is ever idle before the end.
fn dealt_out(log: &str, sizes: &str) -> Vec<String> {
    let mut statements: Vec<&str> = log
        .lines()
        .filter_map(|line| line.find("COPY (SELECT").map(|at| line[at..].trim_end()))
        .filter(|statement| statement.contains("TO STDOUT"))
        .collect();
    statements.sort_unstable();
    statements.dedup();
    assert!(statements.len() > 20, "the log holds the statements: {}", statements.len());
    let table =
        |statement: &str| statement.split("FROM edfi.\"").nth(1)?.split('"').next().map(str::to_owned);
    let size = |statement: &str| -> f64 {
        let name = table(statement);
        let parts = statements.iter().filter(|other| table(other) == name).count();
        let bytes =
            sizes.lines().filter_map(|line| line.split_once(' ')).find(|(n, _)| Some(*n) == name.as_deref());
        bytes.and_then(|(_, bytes)| bytes.parse::<f64>().ok()).unwrap_or(0.0) / parts as f64
    };
    let mut by_size: Vec<(f64, &str)> =
        statements.iter().map(|statement| (size(statement), *statement)).collect();
    by_size.sort_by(|x, y| y.0.total_cmp(&x.0));
    let mut shares = vec![(0.0_f64, String::from("\\o /dev/null\n")); CONNECTIONS];
    for (size, statement) in by_size {
        let least = shares.iter_mut().min_by(|x, y| x.0.total_cmp(&y.0)).expect("a connection");
        least.0 += size;
        least.1.push_str(&format!("{statement};\n"));
    }
    shares.into_iter().map(|(_, script)| script).collect()
}
