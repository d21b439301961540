//! Killed at every step, and on a full disk: archive and target hold whole packages only, and the next run works.
//!
//! The tests start themselves as the run that is killed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use rosterpack::publish::archive::{Archive, ArchiveError, Event, Moment, Retention, Run, RunOutcome};
use rosterpack::publish::delivery::{Target, send};
use rosterpack::publish::directory::FolderTarget;
use rosterpack::publish::durable::{Failpoint, NoFailpoint, sum_of};
use rosterpack::publish::guard::Shape;
use rosterpack::publish::lock::{Holder, LockError};
use rosterpack::publish::parcel::Form;

use crate::district::{names, package};
use crate::server::is_root;

const DESK: &str = "ROSTERPACK_TEST_DESK";
const STEP: &str = "ROSTERPACK_TEST_STEP";

fn moment(night: u32) -> Moment {
    Moment::parse(&format!("2024-10-{night:02}T06:30:00Z")).unwrap()
}

fn described(night: u32) -> Run {
    Run {
        when: moment(night),
        profile: "north".into(),
        consumer: "vendor".into(),
        outcome: RunOutcome::Passed,
        reasons: Vec::new(),
        package: String::new(),
        files: BTreeMap::new(),
        changes: BTreeMap::new(),
        configuration: String::new(),
        filters: BTreeMap::new(),
        personal_columns: Vec::new(),
        shape: Shape::default(),
        duration_ms: 0,
        version: String::new(),
    }
}

fn target(desk: &Path) -> Target {
    let folder =
        FolderTarget { folder: desk.join("out/{name}.zip"), mode: 0o600, marker: None, keep_absent: false };
    Target::folder(folder, Form::Zip).unwrap()
}

fn open<'f>(desk: &Path, night: u32, failpoint: &'f dyn Failpoint) -> Result<Archive<'f>, ArchiveError> {
    Archive::open(&desk.join("archive"), &Holder::this("tonight"), &moment(night), failpoint)
}

/// A whole night: archive, deliver, tidy up.
fn night(desk: &Path, night: u32, failpoint: &dyn Failpoint) -> Result<String, String> {
    let told = |error: ArchiveError| error.to_string();
    let built = package(desk, "built.zip", u64::from(night), 60);
    let mut archive = open(desk, night, failpoint).map_err(told)?;
    let id = archive.store(&built, Some(b"{}"), described(night)).map_err(told)?;
    let values = BTreeMap::from([("name".to_owned(), "north".to_owned())]);
    let targets = [target(desk)];
    let sent =
        send(&mut archive, &id, &targets, &values, &|_| None, failpoint, &|| moment(night)).map_err(told)?;
    for sent in sent {
        sent.outcome.map_err(|error| error.to_string())?;
    }
    let keep = Retention { packages: Some(2), days: None };
    archive.retain(keep, &[&targets[0].label()], &moment(night)).map_err(told)?;
    Ok(id)
}

/// What must be true at any moment: every package whole, every line whole or the torn last one, and what was
/// delivered last is there.
fn all_is_whole(desk: &Path, nights: &[u32]) {
    let whole: Vec<String> = nights
        .iter()
        .map(|night| sum_of(&package(desk, "again.zip", u64::from(*night), 60)).unwrap().sha256)
        .collect();
    let packages = desk.join("archive/packages");
    for name in names(&packages).iter().filter(|name| name.ends_with(".zip")) {
        assert!(whole.contains(&sum_of(&packages.join(name)).unwrap().sha256), "{name} is no whole package");
    }
    for name in names(&desk.join("out")).iter().filter(|name| name.ends_with(".zip")) {
        assert!(
            whole.contains(&sum_of(&desk.join("out").join(name)).unwrap().sha256),
            "half a package was published"
        );
    }
    let archive = open(desk, 28, &NoFailpoint).unwrap();
    let label = target(desk).label();
    let delivered = archive.events().iter().any(|event| matches!(event, Event::Delivered { .. }));
    assert_eq!(
        archive.baselines(&[&label]).unwrap().len(),
        usize::from(delivered),
        "the last good package is there"
    );
    drop(archive);
    let log = fs::read_to_string(desk.join("archive/audit.jsonl")).unwrap();
    assert!(log.lines().all(|line| serde_json::from_str::<Event>(line).is_ok()), "{log}");
    let mut left = names(&packages);
    left.extend(names(&desk.join("archive")));
    assert!(left.iter().all(|name| !name.ends_with(".partial")), "{left:?}");
}

fn desk() -> tempfile::TempDir {
    let desk = tempfile::tempdir().unwrap();
    fs::create_dir(desk.path().join("out")).unwrap();
    desk
}

/// This test binary, as a child that runs one of its tests.
fn child(test: &str, desk: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(DESK, desk);
    command
}

/// Dies at the step with this number, without any warning.
struct KillAt {
    step: u32,
    seen: AtomicU32,
}

impl Failpoint for KillAt {
    fn reach(&self, _step: &'static str) -> io::Result<()> {
        if self.seen.fetch_add(1, Ordering::SeqCst) == self.step {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        }
        Ok(())
    }
}

#[test]
fn the_child_of_a_killed_night() {
    let Some(desk) = std::env::var_os(DESK).map(PathBuf::from) else { return };
    let step = std::env::var(STEP).unwrap().parse().unwrap();
    night(&desk, 3, &KillAt { step, seen: AtomicU32::new(0) }).unwrap();
}

#[test]
fn a_night_that_is_killed_at_any_step_leaves_whole_packages_and_the_next_one_works() {
    let mut steps = 0;
    loop {
        let desk = desk();
        night(desk.path(), 1, &NoFailpoint).unwrap();
        night(desk.path(), 2, &NoFailpoint).unwrap();
        let mut command = child("crash::the_child_of_a_killed_night", desk.path());
        let status = command
            .env(STEP, steps.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        all_is_whole(desk.path(), &[1, 2, 3]);
        let last = night(desk.path(), 4, &NoFailpoint).unwrap_or_else(|e| panic!("after step {steps}: {e}"));
        all_is_whole(desk.path(), &[1, 2, 3, 4]);
        assert_eq!(names(&desk.path().join("out")), ["north.zip"], "{steps}");
        let archive = open(desk.path(), 5, &NoFailpoint).unwrap();
        let delivered = sum_of(&desk.path().join("out/north.zip")).unwrap();
        assert_eq!(sum_of(&archive.package(&last).unwrap()).unwrap(), delivered);
        if status.success() {
            break;
        }
        steps += 1;
    }
    assert!(steps > 30, "only {steps} steps were tried");
}

#[test]
fn the_child_that_holds_a_lock() {
    let Some(desk) = std::env::var_os(DESK).map(PathBuf::from) else { return };
    let _archive = open(&desk, 1, &NoFailpoint).unwrap();
    // The terminal's own line: the test harness writes to standard output too.
    io::stderr().write_all(b"\nready\n").unwrap();
    io::stdin().read_line(&mut String::new()).unwrap();
}

#[test]
fn a_lock_names_its_holder_and_is_taken_over_when_he_is_killed() {
    let desk = desk();
    let mut command = child("crash::the_child_that_holds_a_lock", desk.path());
    let mut holder =
        command.stdin(Stdio::piped()).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut told = BufReader::new(holder.stderr.take().unwrap()).lines();
    assert!(told.any(|line| line.unwrap() == "ready"));
    match open(desk.path(), 2, &NoFailpoint).err().unwrap() {
        ArchiveError::Lock(LockError::Held { holder: Some(found), .. }) => assert_eq!(found.pid, holder.id()),
        other => panic!("{other}"),
    }
    holder.kill().unwrap();
    holder.wait().unwrap();
    let archive = open(desk.path(), 2, &NoFailpoint).unwrap();
    assert_eq!(archive.died().unwrap().pid, holder.id());
    // Another profile has another folder, and was never in the way.
    Archive::open(&desk.path().join("south"), &Holder::this("tonight"), &moment(2), &NoFailpoint).unwrap();
}

#[test]
fn the_child_on_a_full_disk() {
    let Some(desk) = std::env::var_os(DESK).map(PathBuf::from) else { return };
    let disk = desk.join("disk");
    fs::create_dir(disk.join("out")).unwrap();
    // The package itself is built elsewhere; here it only does not fit.
    for name in ["built.zip", "again.zip"] {
        std::os::unix::fs::symlink(desk.join(name), disk.join(name)).unwrap();
    }
    night(&disk, 1, &NoFailpoint).unwrap();
    // Fill it up to where some of the next night fits, and some does not.
    let spare: u64 = std::env::var(STEP).unwrap().parse().unwrap();
    let mut ballast = fs::File::create(disk.join("ballast")).unwrap();
    while ballast.write_all(&[0; 4096]).is_ok() {}
    ballast.set_len(ballast.metadata().unwrap().len().saturating_sub(spare * 1024)).unwrap();
    let told = night(&disk, 2, &NoFailpoint).unwrap_err();
    assert!(told.contains("No space left on device"), "{told}");
    let log = fs::read_to_string(disk.join("archive/audit.jsonl")).unwrap();
    assert!(
        log.ends_with('\n') && log.lines().all(|line| serde_json::from_str::<Event>(line).is_ok()),
        "{log}"
    );
    drop(ballast);
    fs::remove_file(disk.join("ballast")).unwrap();
    all_is_whole(&disk, &[1, 2]);
    night(&disk, 3, &NoFailpoint).unwrap();
    all_is_whole(&disk, &[1, 2, 3]);
    println!("the full disk was survived");
}

#[test]
fn a_full_disk_costs_nothing_that_was_there() {
    // The disk goes with the mount namespace.
    let script = r#"mount -t tmpfs -o size=1024k tmpfs "$1/disk" && shift && exec "$@""#;
    for spare in [0, 4, 8, 64, 68, 72, 100, 128] {
        let desk = tempfile::tempdir().unwrap();
        fs::create_dir(desk.path().join("disk")).unwrap();
        let mut command = Command::new("unshare");
        command.arg("--mount");
        if !is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.args(["sh", "-c", script, "sh"]).arg(desk.path()).arg(std::env::current_exe().unwrap());
        command.args(["--exact", "crash::the_child_on_a_full_disk", "--nocapture"]);
        let output = command.env(DESK, desk.path()).env(STEP, spare.to_string()).output().unwrap();
        let told =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(told.contains("the full disk was survived"), "{spare} KiB to spare: {told}");
    }
}
