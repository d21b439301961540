//! What a whole export costs: wall time, processor time, peak memory and the time of each stage.
//!
//! In: the number of students (default 100,000) and switches. Out: one table on stdout. An invented district is
//! written to a folder once, and each run exports it in a child process of its own, so that the peak memory is
//! that of the export alone. The files are in the page cache. Nothing is asserted: figures are for people, on a
//! quiet machine; processor time and memory are read from `/proc`, so only Linux shows them.
//!
//! ```text
//! cargo bench --bench export -- [STUDENTS] [--runs N] [--everything] [--floor] [--in DIR]
//! ```
//! `--everything` adds parents and demographics. `--floor` adds what nobody can go below with these libraries: the
//! same tables decoded and dropped, the same bytes deflated and dropped. `--in DIR` keeps the district there and
//! uses it again, for those too large to be written every time.

use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Instant;

use flate2::{Compress, Compression, FlushCompress};
use rayon::prelude::*;
use rosterpack::config::plan::{Edition, Mapping, Plan, Scope};
use rosterpack::crosswalk::Crosswalks;
use rosterpack::day::Day;
use rosterpack::progress::Progress;
use rosterpack::source::dump::DumpSource;
use rosterpack::source::{Part, Source};
use rosterpack::synth::{self, SynthPlan};
use rosterpack::{edfi, pipeline, staging};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The argument by which this program knows that it is the child.
const CHILD: &str = "--export-and-report";
const LEVEL: u32 = 3;
/// As long as a block of a package.
const BLOCK: usize = 1 << 20;
const STAGES: [&str; 4] = ["reading", "mapping", "checking", "writing"];

fn main() -> Outcome<()> {
    // cargo adds --bench.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [CHILD, source, target, everything] = &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..]
    {
        return child(Path::new(source), Path::new(target), *everything == "true");
    }
    let asked = Asked::parse(&arguments)?;
    let scratch = tempfile::tempdir()?;
    let source = asked.keep.clone().unwrap_or_else(|| scratch.path().join("district"));
    let target = scratch.path().join("package.zip");
    if !source.exists() {
        let plan = SynthPlan { students: asked.students, ..SynthPlan::default() };
        std::fs::create_dir_all(&source)?;
        synth::write(&plan, &source, &|_, _| {})?;
    }
    let bytes: u64 =
        source.read_dir()?.map(|file| Ok(file?.metadata()?.len())).sum::<std::io::Result<u64>>()?;
    println!(
        "{} students, {:.0} MB of CSV, OneRoster 1.1{}, level {LEVEL}, {} threads, load {}",
        asked.students,
        bytes as f64 / 1e6,
        if asked.everything { " with parents and demographics" } else { "" },
        rayon::current_num_threads(),
        std::fs::read_to_string("/proc/loadavg").unwrap_or_default().split(' ').next().unwrap_or_default()
    );
    println!("{}", Run::HEADER);
    let mut runs = Vec::new();
    for _ in 0..asked.runs {
        let run = Run::in_child(&source, &target, asked.everything)?;
        println!("{run}");
        runs.push(run);
    }
    runs.sort_by(|a, b| a.wall.total_cmp(&b.wall));
    if let (true, Some(best)) = (asked.floor, runs.first()) {
        floor(&source, &target, asked.everything, best)?;
    }
    Ok(())
}

/// What the command line asks for.
struct Asked {
    students: u64,
    runs: usize,
    everything: bool,
    floor: bool,
    keep: Option<PathBuf>,
}

impl Asked {
    fn parse(arguments: &[String]) -> Outcome<Asked> {
        let mut asked = Asked { students: 100_000, runs: 3, everything: false, floor: false, keep: None };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--everything" => asked.everything = true,
                "--floor" => asked.floor = true,
                "--runs" => asked.runs = rest.next().ok_or("--runs needs a number")?.parse()?,
                "--in" => asked.keep = Some(rest.next().ok_or("--in needs a folder")?.into()),
                number => {
                    asked.students = number.parse().map_err(|_| format!("unknown argument {number}"))?
                }
            }
        }
        Ok(asked)
    }
}

fn plan(everything: bool) -> Plan {
    let mapping = Mapping { include_parents: everything, demographics: everything, ..Mapping::default() };
    Plan {
        tenant: "bench".into(),
        id_prefix: "bench".into(),
        school_year: SynthPlan::default().school_year,
        as_of: Day::from_ymd(2024, 10, 1).unwrap_or(Day(0)),
        editions: vec![Edition::ALL[0].1],
        data_standard: None,
        mapping,
        scope: Scope::default(),
        compression: LEVEL,
        system_name: "rosterpack".into(),
        system_code: "bench".into(),
    }
}

/// Notes when each stage begins.
struct Stages {
    start: Instant,
    begun: Mutex<Vec<(String, f64)>>,
}

impl Progress for Stages {
    fn stage(&self, name: &str) {
        if let Ok(mut begun) = self.begun.lock() {
            begun.push((name.to_owned(), self.start.elapsed().as_secs_f64()));
        }
    }
    fn table(&self, _table: &str, _estimate: Option<u64>) {}
    fn rows(&self, _table: &str, _rows: u64) {}
    fn done(&self, _table: &str) {}
    fn written(&self, _file: &str, _rows: u64, _bytes: u64) {}
}

/// Exports, then tells on one line what it cost.
fn child(source: &Path, target: &Path, everything: bool) -> Outcome<()> {
    let start = Instant::now();
    let stages = Stages { start, begun: Mutex::default() };
    let source = DumpSource::open(source)?;
    let crosswalks = Crosswalks::embedded()?;
    let mut outcome = pipeline::export(&source, &crosswalks, &plan(everything), Some(target), &stages)?;
    let wall = start.elapsed().as_secs_f64();
    let written =
        outcome.packages.remove(0).written.ok_or_else(|| format!("refused: {:?}", outcome.refused))?;
    let rows: u64 = written.files.iter().map(|f| f.rows).sum();
    let csv: u64 = written.files.iter().map(|f| f.csv_bytes).sum();
    let begun = stages.begun.into_inner()?;
    let mut seconds = [0.0; STAGES.len()];
    for (n, (name, begin)) in begun.iter().enumerate() {
        let end = begun.get(n + 1).map_or(wall, |(_, next)| *next);
        if let Some(stage) = STAGES.iter().position(|stage| stage == name) {
            seconds[stage] = end - begin;
        }
    }
    let (user, system) = processor_seconds();
    let peak = peak_bytes();
    print!("{wall} {user} {system} {peak} {} {rows} {csv} {}", outcome.read_rows, written.bytes);
    seconds.iter().for_each(|s| print!(" {s}"));
    println!();
    Ok(())
}

/// User and system time of this process so far; zero where there is no `/proc`.
fn processor_seconds() -> (f64, f64) {
    // Linux counts in hundredths of a second here, whatever its clock.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field, the program's name, may hold spaces; 11 fields lie between it and the user time.
    let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11);
    let mut next = || fields.next().and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0) / TICKS;
    (next(), next())
}

/// The most memory that this process ever held; zero where there is no `/proc`.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// What one export cost.
struct Run {
    wall: f64,
    user: f64,
    system: f64,
    peak: f64,
    read_rows: f64,
    rows: f64,
    csv: f64,
    zip: f64,
    stages: [f64; STAGES.len()],
}

impl Run {
    const HEADER: &'static str = "  wall s   user s    sys s  peak MiB   M rows in  M rows out  M rows/s   CSV MB   zip MB | reading  mapping checking  writing";

    fn in_child(source: &Path, target: &Path, everything: bool) -> Outcome<Run> {
        let program = std::env::current_exe()?;
        let output = Command::new(program)
            .args([CHILD.as_ref(), source.as_os_str(), target.as_os_str(), everything.to_string().as_ref()])
            .stderr(std::process::Stdio::inherit())
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        let figures: Vec<f64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        match figures[..] {
            [wall, user, system, peak, read_rows, rows, csv, zip, a, b, c, d] => {
                Ok(Run { wall, user, system, peak, read_rows, rows, csv, zip, stages: [a, b, c, d] })
            }
            _ => Err(format!("the export ended with {}", output.status).into()),
        }
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:8.2} {:8.2} {:8.2} {:9.0} {:11.2} {:11.2} {:9.2} {:8.1} {:8.1} |",
            self.wall,
            self.user,
            self.system,
            self.peak / f64::from(1 << 20),
            self.read_rows / 1e6,
            self.rows / 1e6,
            (self.read_rows + self.rows) / self.wall / 1e6,
            self.csv / 1e6,
            self.zip / 1e6,
        )?;
        self.stages.iter().try_for_each(|seconds| write!(f, " {seconds:8.2}"))
    }
}

/// Time and processor time of something.
fn timed<T>(act: impl FnOnce() -> Outcome<T>) -> Outcome<(T, f64, f64)> {
    let (start, (user, system)) = (Instant::now(), processor_seconds());
    let result = act()?;
    let wall = start.elapsed().as_secs_f64();
    let (user_now, system_now) = processor_seconds();
    Ok((result, wall, user_now - user + system_now - system))
}

/// Decodes the same tables and deflates the same bytes, all cores at work, and drops the results.
fn floor(source: &Path, package: &Path, everything: bool, best: &Run) -> Outcome<()> {
    let (read, read_wall, read_cpu) = timed(|| read_alone(source, everything))?;
    let (deflated, deflate_wall, deflate_cpu) = deflate_alone(package)?;
    let line = |what: &str, bytes: u64, wall: f64, cpu: f64| {
        println!(
            "floor, {what}: {:.0} MB, {wall:.2} s of wall, {cpu:.2} s of processor, {:.0} MB/s a core",
            bytes as f64 / 1e6,
            bytes as f64 / 1e6 / cpu
        );
    };
    line("tables decoded and dropped", read, read_wall, read_cpu);
    line("bytes deflated and dropped", deflated, deflate_wall, deflate_cpu);
    println!(
        "the best run took {:.2} times the wall time of both together, and {:.2} times their processor time",
        best.wall / (read_wall + deflate_wall),
        (best.user + best.system) / (read_cpu + deflate_cpu)
    );
    Ok(())
}

/// Reads every table of an export at once, each on one thread; the number of bytes.
fn read_alone(folder: &Path, everything: bool) -> Outcome<u64> {
    let plan = plan(everything);
    let source = DumpSource::open(folder)?;
    let resolved = edfi::resolve(source.catalog(), None, &staging::wanted(&plan.mapping))?;
    let bytes: Result<Vec<u64>, rosterpack::source::SourceError> = resolved
        .tables
        .par_iter()
        .with_max_len(1)
        .map(|table| {
            let mut rows = 0;
            let stats = source.read(&table.request(plan.school_year), Part::WHOLE, &mut |batch| {
                rows += black_box(batch).rows();
                Ok(())
            })?;
            Ok(stats.bytes)
        })
        .collect();
    Ok(bytes?.into_iter().sum())
}

/// Deflates the files of a package in blocks, a few at a time; the time of reading the package is not counted.
fn deflate_alone(package: &Path) -> Outcome<(u64, f64, f64)> {
    let mut zip = zip::ZipArchive::new(File::open(package)?)?;
    let (mut total, mut wall, mut cpu) = (0, 0.0, 0.0);
    for n in 0..zip.len() {
        let mut entry = zip.by_index(n)?;
        loop {
            let mut bytes = Vec::new();
            entry.by_ref().take(64 * BLOCK as u64).read_to_end(&mut bytes)?;
            if bytes.is_empty() {
                break;
            }
            let (_, w, c) = timed(|| {
                Ok(bytes.par_chunks(BLOCK).try_for_each(|block| {
                    let mut out = Vec::with_capacity(BLOCK + BLOCK / 8);
                    let mut stream = Compress::new(Compression::new(LEVEL), false);
                    stream.compress_vec(block, &mut out, FlushCompress::Sync).map(|_| drop(black_box(out)))
                })?)
            })?;
            total += bytes.len() as u64;
            wall += w;
            cpu += c;
        }
    }
    Ok((total, wall, cpu))
}
