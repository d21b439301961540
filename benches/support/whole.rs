//! A whole export in a process of its own, so that its peak memory is its own.
//!
//! In: a [`Place`] and choices. Out: a [`Run`]. The process is this bench again, called with [`CHILD`]; it opens the
//! source, exports, and tells on one line of stdout what that cost.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Instant;

use rosterpack::config::plan::{Edition, Form, Judging, Mapping, Plan, Scope};
use rosterpack::crosswalk::Crosswalks;
use rosterpack::day::Day;
use rosterpack::pipeline;
use rosterpack::progress::Progress;
use rosterpack::source::Source;
use rosterpack::source::dump::DumpSource;
use rosterpack::source::postgres::{ConnectionSettings, Options, PostgresSource, Secret};
use rosterpack::spec::File;
use rosterpack::synth::SynthPlan;
use rosterpack::synth::source::SynthSource;

use super::{Outcome, cluster, process};

/// The argument by which a bench knows that it is the child.
pub const CHILD: &str = "--export-and-report";
/// Level of compression, the default of an export.
pub const LEVEL: u32 = 3;
/// Connections to a database.
pub const CONNECTIONS: usize = 2;
/// Stages in their order; without a target nothing is read back, and `counting` stands for `writing`.
pub const STAGES: [&str; 5] = ["reading", "mapping", "checking", "writing", "reading back"];

/// Opens a place: a folder, an address of PostgreSQL, or the words for an invented source.
pub fn open(place: &str) -> Outcome<Box<dyn Source>> {
    if SynthSource::looks_like(place) {
        return Ok(Box::new(SynthSource::from_spec(place)?));
    }
    if ConnectionSettings::looks_like(place) {
        let mut settings = ConnectionSettings::parse(place, false)?;
        settings.password = Some(Secret::new(cluster::SUPERUSER_PASSWORD));
        let options = Options { connections: CONNECTIONS, ..Options::default() };
        return Ok(Box::new(PostgresSource::open(&settings, None, &options)?));
    }
    Ok(Box::new(DumpSource::open(Path::new(place))?))
}

/// What an export writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Files {
    /// What a plan gives by itself, and demographics.
    Usual,
    /// Parents as well.
    Everything,
    /// Enrollments alone.
    Enrollments,
}

impl Files {
    const ALL: [(&'static str, Files); 3] =
        [("usual", Files::Usual), ("everything", Files::Everything), ("enrollments", Files::Enrollments)];

    fn word(self) -> &'static str {
        Files::ALL.iter().find(|(_, files)| *files == self).map_or("usual", |(word, _)| word)
    }
}

/// The plan of a bench's export.
pub fn plan(files: Files) -> Plan {
    let mapping = Mapping {
        include_parents: files == Files::Everything,
        demographics: files != Files::Enrollments,
        ..Mapping::default()
    };
    let only = if files == Files::Enrollments { vec![File::Enrollments] } else { Vec::new() };
    Plan {
        tenant: "bench".into(),
        id_prefix: "bench".into(),
        school_year: SynthPlan::default().school_year,
        as_of: Day::from_ymd(2024, 10, 1).unwrap_or(Day::at(0)),
        editions: vec![Edition::ALL[0].1],
        data_standard: None,
        mapping,
        scope: Scope { files: only, ..Scope::default() },
        compression: LEVEL,
        system_name: "rosterpack".into(),
        system_code: "bench".into(),
        judging: Judging::default(),
        form: Form::default(),
    }
}

/// Notes when each stage begins: wall and processor seconds.
struct Stages {
    start: Instant,
    begun: Mutex<Vec<(String, f64, f64)>>,
}

fn busy() -> f64 {
    let (user, system) = process::processor_seconds();
    user + system
}

impl Progress for Stages {
    fn stage(&self, name: &str) {
        if let Ok(mut begun) = self.begun.lock() {
            begun.push((name.to_owned(), self.start.elapsed().as_secs_f64(), busy()));
        }
    }
    fn table(&self, _table: &str, _estimate: Option<u64>) {}
    fn rows(&self, _table: &str, _rows: u64) {}
    fn done(&self, _table: &str) {}
    fn written(&self, _file: &str, _rows: u64, _bytes: u64) {}
}

/// What one export cost.
#[derive(Debug, Clone)]
pub struct Run {
    /// Seconds.
    pub wall: f64,
    /// Seconds of processor in the program.
    pub user: f64,
    /// Seconds of processor in the kernel.
    pub system: f64,
    /// Bytes.
    pub peak: f64,
    /// Rows read, rows written.
    pub read_rows: f64,
    /// Rows of all files.
    pub rows: f64,
    /// Bytes of CSV.
    pub csv: f64,
    /// Bytes of the zip.
    pub zip: f64,
    /// Seconds of wall by stage.
    pub stages: [f64; STAGES.len()],
    /// Seconds of processor by stage.
    pub busy: [f64; STAGES.len()],
}

/// If this process is such a child: exports, and tells what it cost.
pub fn child_of(arguments: &[String]) -> Option<Outcome<()>> {
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [CHILD, place, target, word] => {
            let (_, files) = Files::ALL.into_iter().find(|(known, _)| known == word)?;
            Some(child(place, Path::new(target), files))
        }
        _ => None,
    }
}

fn child(place: &str, target: &Path, files: Files) -> Outcome<()> {
    let start = Instant::now();
    let stages = Stages { start, begun: Mutex::default() };
    let source = open(place)?;
    let crosswalks = Crosswalks::embedded()?;
    let target = (target != Path::new("-")).then_some(target);
    let outcome = pipeline::export(source.as_ref(), &crosswalks, &plan(files), target, &stages)?;
    let wall = start.elapsed().as_secs_f64();
    if let Some(reasons) = outcome.refused {
        return Err(format!("refused: {reasons:?}").into());
    }
    let rows: u64 = outcome.packages.iter().flat_map(|p| &p.files).map(|(_, rows)| rows).sum();
    let written = outcome.packages.iter().filter_map(|package| package.written.as_ref());
    let csv: u64 = written.clone().flat_map(|w| &w.files).map(|f| f.csv_bytes).sum();
    let zip: u64 = written.map(|w| w.bytes).sum();
    let begun = stages.begun.into_inner()?;
    let (user, system) = process::processor_seconds();
    let (mut seconds, mut processor) = ([0.0; STAGES.len()], [0.0; STAGES.len()]);
    for (n, (name, begin, busy)) in begun.iter().enumerate() {
        let (end, busy_end) =
            begun.get(n + 1).map_or((wall, user + system), |(_, next, busy)| (*next, *busy));
        let name = if name == "counting" { "writing" } else { name };
        if let Some(stage) = STAGES.iter().position(|stage| *stage == name) {
            (seconds[stage], processor[stage]) = (end - begin, busy_end - busy);
        }
    }
    // Connecting and the catalog belong to the reading.
    if let Some((_, begin, busy)) = begun.first() {
        seconds[0] += begin;
        processor[0] += busy;
    }
    print!("{wall} {user} {system} {} {} {rows} {csv} {zip}", process::peak_bytes(), outcome.read_rows);
    seconds.iter().chain(&processor).for_each(|s| print!(" {s}"));
    println!();
    Ok(())
}

impl Run {
    /// The head of a table of runs.
    pub const HEADER: &'static str = "students source     wall s   cpu s  peak MiB  M rows in M rows out   CSV MB   zip MB | cpu s of reading mapping checking writing proving";

    /// Exports in a process of its own. The target `-` writes nothing.
    pub fn of(place: &str, target: &Path, files: Files) -> Outcome<Run> {
        let output = Command::new(std::env::current_exe()?)
            .args([CHILD, place])
            .arg(target)
            .arg(files.word())
            .stderr(Stdio::inherit())
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        let figures: Vec<f64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        match figures[..] {
            [wall, user, system, peak, read_rows, rows, csv, zip, a, b, c, d, e, f, g, h, i, j] => {
                let (stages, busy) = ([a, b, c, d, e], [f, g, h, i, j]);
                Ok(Run { wall, user, system, peak, read_rows, rows, csv, zip, stages, busy })
            }
            _ => Err(format!("the export ended with {}", output.status).into()),
        }
    }

    /// Seconds of processor.
    pub fn processor(&self) -> f64 {
        self.user + self.system
    }

    /// A line of the table.
    pub fn line(&self, students: u64, source: &str) -> String {
        let [reading, mapping, checking, writing, proving] = self.busy;
        format!(
            "{students:>8} {source:<9} {:7.2} {:7.2} {:9.0} {:10.2} {:10.2} {:8.1} {:8.1} | {reading:16.2} {mapping:7.2} {checking:8.2} {writing:7.2} {proving:7.2}",
            self.wall,
            self.processor(),
            self.peak / f64::from(1 << 20),
            self.read_rows / 1e6,
            self.rows / 1e6,
            self.csv / 1e6,
            self.zip / 1e6,
        )
    }
}
