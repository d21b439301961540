//! Nights that are killed at every step by `kill -9`, through the verb: whatever is found afterwards is whole, and the next night
//! works. At seeded random moments too, when asked: `./tests/run --crash`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;

use rosterpack::cli::nightly::failpoint;
use rosterpack::publish::archive::{Event, history};
use rosterpack::publish::durable::sum_of;

use crate::{EXPORT, command, ended, prometheus, told};

const KILL: i32 = 9;

/// A desk whose district is invented while it is read, for a profile with everything that a night can have.
fn desk(students: u32) -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    let desk = temp.path();
    for folder in ["pickup", "loose", "watched"] {
        fs::create_dir(desk.join(folder)).unwrap();
    }
    grown(desk, students);
    temp
}

/// So many students, and so few packages that every night removes one.
fn grown(desk: &Path, students: u32) {
    let text = format!(
        "[defaults]\nplace = \"synth:students={students},seed=3,traps=none,year=2025\"\nschool_year = 2025\n[tenants.north]\n\
         [profiles.reading]\narchive = \"archive\"\nkeep_packages = 1\nmax_removed_rows = 1000000\nmax_changed_percent = 100\n\
         deliver_to = [\"file://{0}/pickup/{{tenant}}.zip\", \"file://{0}/pickup/again-{{tenant}}.zip\"]\n\
         metrics = \"watched/{{tenant}}.prom\"\non_success = \"cat > facts.json\"\n",
        desk.display()
    );
    fs::write(desk.join("rosterpack.toml"), text).unwrap();
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Sums of the packages that nights of so many students make: what is whole is one of them.
fn wholes(counts: &[u32]) -> BTreeMap<u32, String> {
    let made = counts.iter().map(|students| {
        let temp = desk(*students);
        ended(temp.path(), &EXPORT, 0);
        (*students, sum_of(&temp.path().join("pickup/north.zip")).unwrap().sha256)
    });
    let made: BTreeMap<_, _> = made.collect();
    assert_eq!(made.values().collect::<BTreeSet<_>>().len(), counts.len(), "the nights differ");
    made
}

/// What must be true at any moment, before anybody has mended anything.
fn nothing_is_torn(desk: &Path, whole: &BTreeMap<u32, String>, at: &str) {
    let archive = desk.join("archive/reading/north");
    for folder in [desk.join("pickup"), archive.join("packages")] {
        for name in names(&folder).iter().filter(|name| !name.starts_with('.') && name.ends_with(".zip")) {
            let sum = sum_of(&folder.join(name)).unwrap().sha256;
            assert!(whole.values().any(|known| *known == sum), "{at}: {name} is no whole package");
        }
    }
    for name in names(&archive.join("packages"))
        .iter()
        .filter(|name| !name.starts_with('.') && name.ends_with(".json"))
    {
        let text = fs::read(archive.join("packages").join(name)).unwrap();
        assert!(serde_json::from_slice::<serde_json::Value>(&text).is_ok(), "{at}: {name} is half a report");
    }
    let log = fs::read_to_string(archive.join("audit.jsonl")).unwrap_or_default();
    // A line without its end is the one that was being written; the next run cuts it off.
    let lines = log.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    assert!(lines.clone().all(|line| serde_json::from_str::<Event>(line).is_ok()), "{at}: {log}");
    // What the log says was delivered, is there.
    let delivered = history(&archive).unwrap().into_iter().filter_map(|event| match event {
        Event::Delivered { target, .. } => Some(target),
        _ => None,
    });
    for target in delivered {
        let path = target.strip_prefix("file://").unwrap().replace("{tenant}", "north");
        assert!(Path::new(&path).is_file(), "{at}: {path} was delivered");
    }
    if let Ok(text) = fs::read_to_string(desk.join("watched/north.prom")) {
        prometheus::read(&text, "reading", "north");
    }
}

/// The next night works, mends what was left, and leaves nothing unfinished.
fn the_next_night_works(desk: &Path, students: u32, whole: &BTreeMap<u32, String>, at: &str) {
    grown(desk, students);
    let output = command(desk, &EXPORT).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{at}: {}", told(&output));
    nothing_is_torn(desk, whole, at);
    for name in ["north.zip", "again-north.zip"] {
        assert_eq!(sum_of(&desk.join("pickup").join(name)).unwrap().sha256, whole[&students], "{at}");
    }
    let archive = desk.join("archive/reading/north");
    let log = fs::read_to_string(archive.join("audit.jsonl")).unwrap();
    assert!(
        log.ends_with('\n') && log.lines().all(|line| serde_json::from_str::<Event>(line).is_ok()),
        "{at}: {log}"
    );
    assert_eq!(names(&archive), ["audit.jsonl", "lock", "packages"].map(str::to_owned).into(), "{at}");
    // Of two packages of one second either can be the newer one by its name: then both stay.
    let kept = names(&archive.join("packages"));
    assert!([2, 4].contains(&kept.len()), "{at}: packages and their reports: {kept:?}");
    assert!(!kept.iter().any(|name| name.starts_with('.')), "{at}: {kept:?}");
    assert_eq!(names(&desk.join("pickup")).len(), 2, "{at}");
    assert_eq!(names(&desk.join("watched")).len(), 1, "{at}");
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "only debug builds have failpoints: run it without --release")]
fn a_night_that_is_killed_at_any_step_leaves_whole_packages_and_the_next_one_works() {
    let whole = wholes(&[40, 41, 42]);
    let before = desk(40);
    ended(before.path(), &EXPORT, 0);
    let mut steps: Vec<String> = Vec::new();
    for at in 0.. {
        let temp = desk(41);
        let desk = temp.path();
        for folder in ["archive", "pickup"] {
            let _ = fs::remove_dir_all(desk.join(folder));
            let copied =
                std::process::Command::new("cp").arg("-a").arg(before.path().join(folder)).arg(desk).status();
            assert!(copied.unwrap().success());
        }
        // The addresses of the copy are its own; the log must not speak of another desk.
        let log = desk.join("archive/reading/north/audit.jsonl");
        let text = fs::read_to_string(&log).unwrap();
        fs::write(&log, text.replace(before.path().to_str().unwrap(), desk.to_str().unwrap())).unwrap();
        let mut command = command(desk, &EXPORT);
        command
            .env("ROSTERPACK_TEST_KILL_AT", at.to_string())
            .env("ROSTERPACK_TEST_STEPS", desk.join("steps"));
        let output = command.output().unwrap();
        let reached: Vec<String> =
            fs::read_to_string(desk.join("steps")).unwrap().lines().map(str::to_owned).collect();
        let label = format!("killed at step {at}, {:?}", reached.last());
        if output.status.success() {
            steps = reached;
            break;
        }
        assert_eq!(output.status.signal(), Some(KILL), "{label}: {}", told(&output));
        assert_eq!(reached.len(), at + 1, "{label}");
        nothing_is_torn(desk, &whole, &label);
        the_next_night_works(desk, 42, &whole, &label);
    }
    // The list of the night's own steps is complete, in order, and lines of the log were cut in halves between them.
    let own: Vec<&str> = steps.iter().map(String::as_str).filter(|step| step.starts_with("night-")).collect();
    assert_eq!(own, failpoint::ALL);
    for step in ["sweep", "create", "write", "rename", "append-half", "remove"] {
        assert!(steps.iter().any(|reached| reached == step), "{step} was never reached: {steps:?}");
    }
    assert!(steps.len() > 40, "only {} steps were tried", steps.len());
}

/// A generator whose numbers are the same every time (Vigna, splitmix64).
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

/// For a minute, or what `ROSTERPACK_CRASH_SECONDS` says. The seed is told, and taken from `ROSTERPACK_CRASH_SEED`.
#[test]
#[ignore = "takes a minute; ./tests/run --crash"]
fn a_night_that_is_killed_at_any_moment_leaves_whole_packages_and_the_next_one_works() {
    let number = |name: &str, usual: u64| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let seed = number("ROSTERPACK_CRASH_SEED", 1);
    let mut seeded = Seeded(seed);
    let whole = wholes(&[400, 401]);
    let temp = desk(400);
    let desk = temp.path();
    let begun = std::time::Instant::now();
    ended(desk, &EXPORT, 0);
    // Moments are spread over a whole night, and a little beyond.
    let night = u64::try_from(begun.elapsed().as_micros()).unwrap() * 5 / 4;
    let (mut killed, mut survived) = (0, 0);
    while begun.elapsed().as_secs() < number("ROSTERPACK_CRASH_SECONDS", 60) {
        grown(desk, 401);
        let mut run = command(desk, &EXPORT).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_micros(seeded.below(night)));
        // One that has ended already takes no harm.
        let _ = run.kill();
        let label = format!("seed {seed}, night {}", killed + survived);
        match run.wait().unwrap().signal() {
            Some(KILL) => killed += 1,
            other => {
                assert_eq!(other, None, "{label}");
                survived += 1;
            }
        }
        nothing_is_torn(desk, &whole, &label);
        the_next_night_works(desk, 400, &whole, &label);
    }
    println!("seed {seed}: {killed} nights were killed, {survived} ended before");
    assert!(killed > 0);
}
