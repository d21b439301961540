//! The archive in the course of some nights, and after each of them ended at each of its steps.

use super::*;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::publish::durable::NoFailpoint;

fn moment(day: u32) -> Moment {
    Moment::parse(&format!("2024-10-{day:02}T06:30:00Z")).unwrap()
}

fn run(day: u32) -> Run {
    Run {
        when: moment(day),
        profile: "north".into(),
        consumer: "vendor".into(),
        outcome: RunOutcome::Passed,
        reasons: Vec::new(),
        package: String::new(),
        files: BTreeMap::from([("users".into(), 10)]),
        changes: BTreeMap::new(),
        configuration: "c0ffee".into(),
        filters: BTreeMap::new(),
        personal_columns: vec!["users.email".into()],
        shape: Shape(BTreeMap::from([("version".into(), "1.1".into())])),
        duration_ms: 1234,
        version: "0.1.0".into(),
    }
}

const TARGET: &str = "sftp://u@h:22/in/north.zip";

struct Desk {
    temp: tempfile::TempDir,
}

impl Desk {
    fn new() -> Desk {
        Desk { temp: tempfile::tempdir().unwrap() }
    }

    fn folder(&self) -> PathBuf {
        self.temp.path().join("archive")
    }

    fn package(&self, day: u32) -> PathBuf {
        let path = self.temp.path().join("package.zip");
        fs::write(&path, content(day)).unwrap();
        path
    }

    fn open<'f>(&self, day: u32, failpoint: &'f dyn Failpoint) -> Result<Archive<'f>, ArchiveError> {
        Archive::open(&self.folder(), &Holder::this("now"), &moment(day), failpoint)
    }

    /// A whole night: archive, deliver, tidy up. Delivery itself is somebody else's.
    fn night(&self, day: u32, failpoint: &dyn Failpoint) -> Result<String, ArchiveError> {
        let mut archive = self.open(day, failpoint)?;
        let id = archive.store(&self.package(day), Some(b"{}"), run(day))?;
        archive.sending(&moment(day), &id, TARGET)?;
        archive.delivered(&moment(day), &id, TARGET, 1, 1)?;
        archive.retain(Retention { packages: Some(2), days: None }, &[TARGET], &moment(day))?;
        Ok(id)
    }

    fn names(&self) -> Vec<String> {
        let read = fs::read_dir(self.folder().join("packages")).unwrap();
        let mut names: Vec<String> = read.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// A package of that day: some hundred KiB that say which day it is.
fn content(day: u32) -> Vec<u8> {
    format!("package of day {day:02}\n").repeat(10_000).into_bytes()
}

#[test]
fn a_package_is_kept_with_its_report_and_its_line_and_comes_back_byte_for_byte() {
    let desk = Desk::new();
    let id = desk.night(1, &NoFailpoint).unwrap();
    assert!(id.starts_with("20241001T063000Z-"), "{id}");
    let archive = desk.open(2, &NoFailpoint).unwrap();
    assert_eq!(fs::read(archive.package(&id).unwrap()).unwrap(), content(1));
    let Event::Run { sha256: Some(sha256), bytes: Some(bytes), run: logged, .. } = &archive.events()[0]
    else {
        panic!("{:?}", archive.events())
    };
    assert_eq!((**logged).clone(), run(1));
    assert_eq!(*bytes, content(1).len() as u64);
    assert!(id.ends_with(&sha256[..8]));
    assert_eq!(desk.names(), [format!("{id}.json"), format!("{id}.zip")]);
    let baselines = archive.baselines(&[TARGET, "file:///never"]).unwrap();
    assert_eq!(baselines.len(), 1);
    assert_eq!((&baselines[0].id, baselines[0].shape.as_ref()), (&id, Some(&run(1).shape)));
    assert!(archive.baselines(&["file:///never"]).unwrap().is_empty());
    for path in
        ["", "audit.jsonl", "packages", &format!("packages/{id}.zip"), &format!("packages/{id}.json"), "lock"]
    {
        let found = fs::metadata(desk.folder().join(path)).unwrap();
        assert_eq!(found.permissions().mode() & 0o077, 0, "{path}");
    }
    assert_eq!(history(&desk.folder()).unwrap().len(), 3);
}

#[test]
fn the_same_package_twice_is_two_packages() {
    let desk = Desk::new();
    let mut archive = desk.open(1, &NoFailpoint).unwrap();
    let package = desk.package(1);
    let first = archive.store(&package, None, run(1)).unwrap();
    let second = archive.store(&package, None, run(1)).unwrap();
    assert_eq!(second, format!("{first}-2"));
}

#[test]
fn what_was_delivered_last_outlives_every_limit() {
    let desk = Desk::new();
    let first = desk.night(1, &NoFailpoint).unwrap();
    let keep = Retention { packages: Some(1), days: Some(1) };
    for day in 2..6 {
        // The vendor is down.
        let mut archive = desk.open(day, &NoFailpoint).unwrap();
        let id = archive.store(&desk.package(day), None, run(day)).unwrap();
        archive.sending(&moment(day), &id, TARGET).unwrap();
        archive.undelivered(&moment(day), &id, TARGET, "refused").unwrap();
        archive.retain(keep, &[TARGET], &moment(day)).unwrap();
        assert_eq!(archive.baselines(&[TARGET]).unwrap()[0].id, first);
    }
    assert_eq!(desk.names().len(), 3, "the first with its report, and the newest: {:?}", desk.names());
    let last = desk.night(7, &NoFailpoint).unwrap();
    let mut archive = desk.open(8, &NoFailpoint).unwrap();
    assert!(archive.retain(keep, &[TARGET], &moment(30)).unwrap().iter().all(|id| *id != last));
    assert_eq!(archive.baselines(&[TARGET]).unwrap()[0].id, last);
    assert!(matches!(archive.package(&first), Err(ArchiveError::Missing { .. })));
}

#[test]
fn a_package_that_was_altered_is_not_sent_again() {
    let desk = Desk::new();
    let id = desk.night(1, &NoFailpoint).unwrap();
    fs::write(desk.folder().join(format!("packages/{id}.zip")), "other").unwrap();
    let archive = desk.open(2, &NoFailpoint).unwrap();
    assert!(matches!(archive.package(&id), Err(ArchiveError::Altered { .. })));
    assert!(matches!(archive.baselines(&[TARGET]), Err(ArchiveError::Altered { .. })));
    for no_id in ["../../etc/passwd", "", "20241001T063000Z-ffffffff"] {
        assert!(matches!(archive.package(no_id), Err(ArchiveError::Missing { .. })), "{no_id}");
    }
}

#[test]
fn only_one_run_works_in_an_archive() {
    let desk = Desk::new();
    let archive = desk.open(1, &NoFailpoint).unwrap();
    let told = desk.open(1, &NoFailpoint).err().unwrap();
    assert!(matches!(told, ArchiveError::Lock(LockError::Held { holder: Some(_), .. })));
    // Reading needs no lock.
    assert!(history(&desk.folder()).unwrap().is_empty());
    drop(archive);
    desk.open(1, &NoFailpoint).unwrap();
}

/// Fails the step with this number, as a full disk does.
struct FullAt {
    step: u32,
    seen: AtomicU32,
}

impl Failpoint for FullAt {
    fn reach(&self, step: &'static str) -> io::Result<()> {
        // What only says that something is done cannot fail by itself.
        let done = matches!(step, "replaced" | "appended");
        let at = self.seen.fetch_add(1, Ordering::Relaxed);
        if at == self.step && !done { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

#[test]
fn a_disk_that_fills_up_at_any_step_costs_nothing_that_was_there() {
    let mut step = 0;
    loop {
        let desk = Desk::new();
        let first = desk.night(1, &NoFailpoint).unwrap();
        desk.night(2, &NoFailpoint).unwrap();
        let failpoint = FullAt { step, seen: AtomicU32::new(0) };
        let outcome = desk.night(3, &failpoint);
        let reached = failpoint.seen.load(Ordering::Relaxed);
        if let Err(error) = &outcome {
            assert!(error.to_string().contains("no storage space"), "{error}");
            assert!(error.help().contains("free space"), "{error}");
        }
        // Nobody has been told that something is there that is not.
        let text = fs::read_to_string(desk.folder().join(LOG)).unwrap();
        assert!(
            text.ends_with('\n') && text.lines().all(|l| serde_json::from_str::<Event>(l).is_ok()),
            "{step}: {text}"
        );
        assert!(desk.names().iter().all(|name| !name.ends_with(".partial")), "{step}");
        let last = desk.night(4, &NoFailpoint).unwrap_or_else(|e| panic!("after step {step}: {e}"));
        let archive = desk.open(5, &NoFailpoint).unwrap();
        assert_eq!(fs::read(archive.package(&last).unwrap()).unwrap(), content(4), "{step}");
        assert!(archive.package(&first).is_err(), "the third night or the fourth has tidied up");
        if reached <= step {
            assert!(outcome.is_ok());
            break;
        }
        step += 1;
    }
    assert!(step > 25, "only {step} steps were tried");
}

#[test]
fn a_package_whose_run_died_gets_a_line_and_a_report_without_package_goes() {
    let desk = Desk::new();
    desk.night(1, &NoFailpoint).unwrap();
    let packages = desk.folder().join("packages");
    fs::write(packages.join("20241002T000000Z-aaaaaaaa.zip"), "whole").unwrap();
    fs::write(packages.join("20241002T000000Z-bbbbbbbb.json"), "{}").unwrap();
    fs::write(packages.join(".rosterpack-1-x.partial"), "half").unwrap();
    fs::write(packages.join("notes.txt"), "somebody's").unwrap();
    let log = desk.folder().join(LOG);
    let text = fs::read_to_string(&log).unwrap() + "{\"event\":\"runn";
    fs::write(&log, text).unwrap();
    let archive = desk.open(2, &NoFailpoint).unwrap();
    let found = &archive.events()[archive.events().len() - 2..];
    assert_eq!(found[0], Event::Healed { when: moment(2), cut: 14 });
    assert!(matches!(&found[1], Event::Recovered { id, bytes: 5, .. } if id == "20241002T000000Z-aaaaaaaa"));
    assert!(archive.package("20241002T000000Z-aaaaaaaa").is_ok());
    assert_eq!(desk.names().len(), 4, "{:?}", desk.names());
}
