//! What an export costs against its size: one command, one table.
//!
//! In: sizes, sources and switches. Out: on stdout, a line for each export (a process of its own each time: wall,
//! processor time, peak memory, size of the zip, processor time of each stage), the floors that nobody can go below with
//! these libraries, and the parts that can be measured alone. Nothing is asserted: figures are for people, on a quiet
//! machine.
//!
//! ```text
//! cargo bench --bench table -- 10k 100k 1m
//! cargo bench --bench table -- 10m --sources generator
//! cargo bench --bench table -- 100k --sources dump,postgres --runs 5 --everything
//! cargo bench --bench table -- --parts
//! ```
//! Sources are `dump` (a folder of extracts, in the page cache), `postgres` (a private server) and `generator` (rows
//! invented while they are read). All exports write demographics; `--everything` adds parents. `--runs N` repeats and
//! shows the quickest. `--floor` adds the floors, `--parts` the parts. `--in DIR` keeps districts and packages there
//! and uses them again.

mod support;

use std::hint::black_box;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rosterpack::source::{Part, SourceError};
use rosterpack::synth::{self, SynthPlan};
use rosterpack::{edfi, staging};

use support::whole::{self, Files, LEVEL, Run};
use support::{Outcome, decoder, deflate, number, process, server::District};

const SOURCES: [&str; 3] = ["dump", "postgres", "generator"];

/// What the command line asks for.
struct Asked {
    sizes: Vec<u64>,
    sources: Vec<String>,
    runs: usize,
    files: Files,
    floor: bool,
    parts: bool,
    keep: Option<PathBuf>,
}

impl Asked {
    fn parse(arguments: &[String]) -> Outcome<Asked> {
        let mut asked = Asked {
            sizes: Vec::new(),
            sources: SOURCES.map(str::to_owned).to_vec(),
            runs: 1,
            files: Files::Usual,
            floor: false,
            parts: false,
            keep: None,
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--everything" => asked.files = Files::Everything,
                "--floor" => asked.floor = true,
                "--parts" => asked.parts = true,
                "--runs" => asked.runs = rest.next().ok_or("--runs needs a number")?.parse()?,
                "--in" => asked.keep = Some(rest.next().ok_or("--in needs a folder")?.into()),
                "--sources" => {
                    let named = rest.next().ok_or("--sources needs names")?;
                    asked.sources = named.split(',').map(str::to_owned).collect();
                    if let Some(unknown) = asked.sources.iter().find(|s| !SOURCES.contains(&s.as_str())) {
                        return Err(
                            format!("unknown source {unknown}: known are {}", SOURCES.join(", ")).into()
                        );
                    }
                }
                size => asked.sizes.push(number(size).ok_or_else(|| format!("unknown argument {size}"))?),
            }
        }
        if asked.sizes.is_empty() && !asked.parts {
            asked.sizes = vec![10_000, 100_000];
        }
        Ok(asked)
    }
}

fn main() -> Outcome<()> {
    // cargo adds --bench.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let Some(done) = whole::child_of(&arguments) {
        return done;
    }
    let asked = Asked::parse(&arguments)?;
    let scratch = tempfile::tempdir()?;
    let folder = asked.keep.clone().unwrap_or_else(|| scratch.path().to_owned());
    std::fs::create_dir_all(&folder)?;
    println!(
        "OneRoster 1.1 with demographics{}, level {LEVEL}, {} threads, load {}, quickest of {}",
        if asked.files == Files::Everything { " and parents" } else { "" },
        rayon::current_num_threads(),
        process::load(),
        asked.runs
    );
    if !asked.sizes.is_empty() {
        println!("{}", Run::HEADER);
    }
    for &students in &asked.sizes {
        for source in &asked.sources {
            measure(&asked, students, source, &folder)?;
        }
    }
    if asked.parts {
        parts(&folder)?;
    }
    Ok(())
}

/// One size from one source: the quickest run, and its floors.
fn measure(asked: &Asked, students: u64, source: &str, folder: &Path) -> Outcome<()> {
    let target = folder.join(format!("{students}-{source}.zip"));
    let mut district = None;
    let place = match source {
        "dump" => {
            let extracts = folder.join(format!("district-{students}"));
            if !extracts.exists() {
                synth::write(&SynthPlan { students, ..SynthPlan::default() }, &extracts, &|_, _| {})?;
            }
            extracts.display().to_string()
        }
        "postgres" => district.insert(District::new(students)?).address(),
        _ => format!("synth:students={students}"),
    };
    let mut best: Option<Run> = None;
    for _ in 0..asked.runs.max(1) {
        let run = Run::of(&place, &target, asked.files)?;
        if best.as_ref().is_none_or(|best| run.wall < best.wall) {
            best = Some(run);
        }
    }
    let Some(best) = best else { return Ok(()) };
    println!("{}", best.line(students, source));
    if !asked.floor {
        return Ok(());
    }
    let reading = match &district {
        Some(district) => {
            let again = || Run::of(&place, Path::new("-"), asked.files).map(drop);
            let wall = district.floor(asked.runs, again)?;
            println!("{:>8} psql, the same COPY statements to nowhere: {wall:.2} s of wall", "");
            wall
        }
        None => {
            let (rows, wall, processor) = process::timed(|| read_alone(&place, asked.files))?;
            println!(
                "{:>8} {:.1} M rows read and dropped: {wall:.2} s of wall, {processor:.2} s of processor",
                "",
                rows as f64 / 1e6
            );
            wall
        }
    };
    let floor = deflate::again(&target, LEVEL, u64::MAX)?;
    println!(
        "{:>8} the same bytes deflated and dropped: {:.2} s of wall, {:.2} s of processor; {:.0} % of the processor time",
        "",
        floor.wall,
        floor.processor,
        100.0 * floor.processor / best.processor()
    );
    println!("{:>8} the export took {:.2} times both walls together", "", best.wall / (reading + floor.wall));
    Ok(())
}

/// Reads every table of an export, side by side; the number of rows.
fn read_alone(place: &str, files: Files) -> Outcome<u64> {
    let plan = whole::plan(files);
    let source = whole::open(place)?;
    let resolved = edfi::resolve(source.catalog(), None, &staging::wanted(&plan.mapping))?;
    let rows: Result<Vec<u64>, SourceError> = resolved
        .tables
        .par_iter()
        .with_max_len(1)
        .flat_map(|table| {
            let of = source.parts(&table.physical).max(1);
            (0..of).into_par_iter().map(move |index| (table, Part { index, of }))
        })
        .map(|(table, part)| {
            let stats = source.read(&table.request(plan.school_year), part, &mut |batch| {
                black_box(batch);
                Ok(())
            })?;
            Ok(stats.rows)
        })
        .collect();
    Ok(rows?.into_iter().sum())
}

/// What can be measured alone, on 50,000 students: the decoder, the rules, format plus hash, and levels of deflate.
fn parts(folder: &Path) -> Outcome<()> {
    const STUDENTS: u64 = 50_000;
    decoder::alone(1_000_000, 5);
    let place = format!("synth:students={STUDENTS}");
    let [dry, enrollments] =
        [Files::Usual, Files::Enrollments].map(|files| Run::of(&place, Path::new("-"), files));
    let (dry, enrollments) = (dry?, enrollments?);
    let nanoseconds = |seconds: f64, rows: f64| seconds * 1e9 / rows;
    println!("rules and sorting: {:.0} ns of processor a row read", nanoseconds(dry.busy[1], dry.read_rows));
    println!("closure: {:.0} ns of processor a row written", nanoseconds(dry.busy[2], dry.rows));
    // Counting formats and hashes every row, without deflate and without a disk.
    println!(
        "format and hash: {:.0} ns of processor an enrollment ({:.2} M of them)",
        nanoseconds(enrollments.busy[3], enrollments.rows),
        enrollments.rows / 1e6
    );
    let target = folder.join("parts.zip");
    Run::of(&place, &target, Files::Usual)?;
    for level in [1, 2, 3, 6, 9] {
        let done = deflate::again(&target, level, 64 << 20)?;
        println!(
            "deflate level {level}: {:.0} MB/s a core, ratio {:.3}",
            done.bytes.0 as f64 / 1e6 / done.processor,
            done.bytes.1 as f64 / done.bytes.0 as f64
        );
    }
    Ok(())
}
