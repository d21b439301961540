//! How fast the generator writes: rows and bytes a second for 20,000 students, median of five runs.
//!
//! `cargo bench --bench synth`; the environment variable `STUDENTS` asks for another number.

use rosterpack::synth::{self, SynthPlan};
use std::time::Instant;

fn main() {
    let students = std::env::var("STUDENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(20_000);
    let plan = SynthPlan { students, ..SynthPlan::default() };
    let mut seconds = Vec::new();
    let (mut rows, mut bytes) = (0, 0);
    for _ in 0..5 {
        let folder = match tempfile::tempdir() {
            Ok(folder) => folder,
            Err(error) => return eprintln!("cannot make a folder to write to: {error}"),
        };
        let begin = Instant::now();
        let summary = match synth::write(&plan, folder.path(), &|_, _| {}) {
            Ok(summary) => summary,
            Err(error) => return eprintln!("{error}"),
        };
        seconds.push(begin.elapsed().as_secs_f64());
        rows = summary.tables.iter().map(|(_, rows)| rows).sum::<u64>();
        bytes = walkdir::WalkDir::new(folder.path())
            .into_iter()
            .filter_map(|entry| entry.ok()?.metadata().ok())
            .filter(|file| file.is_file())
            .map(|file| file.len())
            .sum::<u64>();
    }
    seconds.sort_by(f64::total_cmp);
    let median = seconds[seconds.len() / 2];
    println!(
        "{students} students: {rows} rows, {bytes} bytes in {median:.2} s: {:.0} rows/s, {:.0} MB/s",
        rows as f64 / median,
        bytes as f64 / median / 1e6
    );
}
