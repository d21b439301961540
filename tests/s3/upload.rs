//! What arrives in a bucket, and what whoever looks sees of it, when the line is good and when it is not.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rosterpack::publish::attempt::{Patience, Receipt};
use rosterpack::publish::delivery::{DeliveryError, Target};
use rosterpack::publish::durable::NoFailpoint;
use rosterpack::publish::parcel::Form;
use rosterpack::publish::s3::{Addressing, Endpoint, S3Error, S3Target};
use rosterpack::retry::Retry;

use crate::district::package;
use crate::proxy::{Fate, Proxy};
use crate::store::Store;

pub fn send(target: S3Target, form: Form, package: &Path) -> Result<Receipt, DeliveryError> {
    let target = Target::s3(target, form).unwrap();
    target.deliver(package, &BTreeMap::new(), &|_| None, &NoFailpoint)
}

pub fn refusal(target: S3Target, package: &Path) -> S3Error {
    match send(target, Form::Zip, package) {
        Err(DeliveryError::S3(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn tries(attempts: u32) -> Retry {
    Retry { attempts, first: Duration::ZERO, max: Duration::ZERO }
}

#[test]
fn a_package_of_any_size_arrives_byte_for_byte_and_replaces_the_last_one() {
    let bucket = Store::shared().bucket();
    let temp = tempfile::tempdir().unwrap();
    // One request; one part; three parts of which the last is shorter.
    for (night, kib) in [(1, 30), (2, 300), (3, 20_000)] {
        let package = package(temp.path(), "north.zip", night, kib);
        let receipt = send(bucket.target(bucket.store.port, "in/{name}.zip"), Form::Zip, &package).unwrap();
        assert_eq!(receipt, Receipt { bytes: fs::metadata(&package).unwrap().len(), attempts: 1 });
        assert!(bucket.read("in/north.zip").unwrap() == fs::read(&package).unwrap(), "{kib} KiB");
        assert_eq!((bucket.objects(), bucket.unfinished()), (1, 0));
    }
}

#[test]
fn the_name_of_the_bucket_may_stand_in_that_of_the_server() {
    let bucket = Store::shared().bucket();
    let temp = tempfile::tempdir().unwrap();
    let package = package(temp.path(), "north.zip", 1, 100);
    let mut target = bucket.target(bucket.store.port, "x/ä b+c=%.zip");
    target.endpoint = Some(Endpoint::parse(&format!("http://s3.localhost:{}", bucket.store.port)).unwrap());
    target.addressing = Some(Addressing::Virtual);
    send(target, Form::Zip, &package).unwrap();
    // Signs that mean something in addresses are letters of the key.
    assert!(bucket.read("x/%C3%A4%20b%2Bc%3D%25.zip").unwrap() == fs::read(&package).unwrap());
}

#[test]
fn whoever_polls_the_bucket_sees_whole_packages_only() {
    let bucket = Store::shared().bucket();
    let temp = tempfile::tempdir().unwrap();
    let deliver = |package: &PathBuf| send(bucket.target(bucket.store.port, "in/x.zip"), Form::Zip, package);
    let first = package(temp.path(), "first.zip", 1, 9_000);
    deliver(&first).unwrap();
    let old = fs::read(&first).unwrap();
    let second = package(temp.path(), "second.zip", 2, 9_000);
    let new = fs::read(&second).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let poller = scope.spawn(|| {
            let mut seen = (0, 0);
            while !done.load(Ordering::SeqCst) {
                let found = bucket.read("in/x.zip").expect("there is always a package");
                assert!(found == old || found == new, "{} bytes that are neither", found.len());
                if found == old { seen.0 += 1 } else { seen.1 += 1 }
            }
            seen
        });
        let outcome = deliver(&second);
        done.store(true, Ordering::SeqCst);
        outcome.unwrap();
        assert!(poller.join().unwrap().0 > 0);
    });
    assert!(bucket.read("in/x.zip").unwrap() == new);
}

#[test]
fn a_line_that_breaks_anywhere_leaves_the_last_package_and_the_next_attempt_delivers() {
    let bucket = Store::shared().bucket();
    let temp = tempfile::tempdir().unwrap();
    let first = package(temp.path(), "first.zip", 1, 20);
    send(bucket.target(bucket.store.port, "in/x.zip"), Form::Zip, &first).unwrap();
    let mut old = fs::read(&first).unwrap();
    let kib = 640;
    // From within the first request to behind the last one.
    let cuts: Vec<u64> = [1, 100, 700].into_iter().chain((1..=kib / 64 + 1).map(|n| n * 64 * 1024)).collect();
    for (night, cut) in cuts.into_iter().enumerate() {
        let package = package(temp.path(), "x.zip", night as u64 + 10, kib as usize);
        let through = |attempts| {
            let proxy = Proxy::start(bucket.store.port, vec![Fate::CutAfter(cut)]);
            S3Target { retry: tries(attempts), ..bucket.target(proxy.port, "in/x.zip") }
        };
        match send(through(1), Form::Zip, &package) {
            // The cut was behind the end of what there was to say.
            Ok(_) => assert!(cut > kib * 1024, "cut at {cut}"),
            Err(DeliveryError::S3(S3Error::Connection { .. })) => {
                assert!(bucket.read("in/x.zip").unwrap() == old, "cut at {cut}");
            }
            Err(other) => panic!("cut at {cut}: {other}"),
        }
        assert_eq!(bucket.unfinished(), 0, "cut at {cut}: what was begun was aborted");
        let receipt = send(through(2), Form::Zip, &package).unwrap_or_else(|e| panic!("cut at {cut}: {e}"));
        assert!(receipt.attempts == 2 || cut > kib * 1024, "cut at {cut}");
        old = fs::read(&package).unwrap();
        assert!(bucket.read("in/x.zip").unwrap() == old, "cut at {cut}");
        assert_eq!((bucket.objects(), bucket.unfinished()), (1, 0), "cut at {cut}");
    }
}

#[test]
fn parts_that_arrived_before_a_line_broke_are_not_sent_again() {
    let bucket = Store::shared().bucket();
    let temp = tempfile::tempdir().unwrap();
    let package = package(temp.path(), "north.zip", 1, 40_000);
    // No line bears two parts, and the fifth part goes over the line of one of the first four: whoever sent all of them on every
    // attempt would never be done.
    let proxy = Proxy::start(bucket.store.port, vec![Fate::CutAfter(12 << 20); 100]);
    let target = S3Target { retry: tries(10), ..bucket.target(proxy.port, "in/{name}.zip") };
    let receipt = send(target, Form::Zip, &package).unwrap();
    assert!(receipt.attempts > 1, "{receipt:?}");
    assert!(bucket.read("in/north.zip").unwrap() == fs::read(&package).unwrap());
    assert_eq!((bucket.objects(), bucket.unfinished()), (1, 0));
}

#[test]
fn a_server_that_is_killed_in_the_midst_of_an_upload_gets_it_when_it_is_back() {
    let mut store = Store::start();
    let temp = tempfile::tempdir().unwrap();
    let package = package(temp.path(), "north.zip", 1, 20_000);
    let made = store.bucket();
    let (name, key) = (made.name.clone(), made.key.clone());
    // It falls silent with an upload begun; that the server dies then is what the line learns.
    let proxy = Proxy::start(store.port, vec![Fate::SilentAfter(1 << 20); 4]);
    let mut target = made.target(proxy.port, "in/{name}.zip");
    target.retry = Retry { attempts: 60, first: Duration::from_millis(200), max: Duration::from_millis(200) };
    let sending = {
        let package = package.clone();
        std::thread::spawn(move || send(target, Form::Zip, &package).map_err(|e| e.to_string()))
    };
    while made.unfinished() == 0 {
        std::thread::yield_now();
    }
    store.kill();
    store.launch();
    assert!(store.is_ready());
    let receipt = sending.join().unwrap().unwrap();
    assert!(receipt.attempts > 1, "{receipt:?}");
    let bucket = crate::store::Bucket { store: &store, name, key };
    assert!(bucket.read("in/north.zip").unwrap() == fs::read(&package).unwrap());
    assert_eq!((bucket.objects(), bucket.unfinished()), (1, 0));
}

#[test]
fn a_server_that_falls_silent_or_is_not_there_is_given_up() {
    let bucket = Store::shared().bucket();
    let temp = tempfile::tempdir().unwrap();
    let package = package(temp.path(), "north.zip", 1, 2_000);
    for after in [0, 300, 100_000, 1_000_000] {
        let proxy = Proxy::start(bucket.store.port, vec![Fate::SilentAfter(after); 3]);
        let target = S3Target {
            retry: tries(2),
            patience: Patience { connect: Duration::from_secs(5), idle: Duration::from_millis(500) },
            ..bucket.target(proxy.port, "in/{name}.zip")
        };
        let told = refusal(target, &package);
        assert!(matches!(told, S3Error::Connection { attempts: 2, .. }), "silent after {after}: {told}");
        assert!(
            told.to_string().contains("waited 500 ms for the server to take bytes or to answer"),
            "{told}"
        );
        assert!(proxy.connections() >= 2, "silence is a fault of the connection, which is tried again");
        assert_eq!(bucket.objects(), 0);
    }
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let told = refusal(bucket.target(nobody, "in/"), &package);
    assert!(told.to_string().to_lowercase().contains("refused"), "{told}");
}

#[test]
fn loose_files_come_together_and_those_of_yesterday_go() {
    let bucket = Store::shared().bucket();
    let temp = tempfile::tempdir().unwrap();
    let put = |key: &str| {
        // Any zip will do under any name.
        let package = package(temp.path(), "any.zip", 9, 1);
        send(bucket.target(bucket.store.port, key), Form::Zip, &package).unwrap();
    };
    put("in/demographics.csv");
    put("in/notes.txt");
    let package = package(temp.path(), "north.zip", 1, 400);
    let mut target = bucket.target(bucket.store.port, "in/");
    (target.keep_absent, target.marker) = (true, Some("done.txt".to_owned()));
    send(target.clone(), Form::Loose, &package).unwrap();
    assert_eq!(bucket.objects(), 6, "demographics, notes, manifest, orgs, users, done");
    assert_eq!(bucket.read("in/done.txt").unwrap(), b"");
    target.keep_absent = false;
    send(target.clone(), Form::Loose, &package).unwrap();
    assert!(bucket.read("in/demographics.csv").is_none() && bucket.read("in/notes.txt").is_some());
    let mut zip = zip::ZipArchive::new(fs::File::open(&package).unwrap()).unwrap();
    for name in ["manifest.csv", "orgs.csv", "users.csv"] {
        let mut bytes = Vec::new();
        std::io::copy(&mut zip.by_name(name).unwrap(), &mut bytes).unwrap();
        assert!(bucket.read(&format!("in/{name}")).unwrap() == bytes, "{name}");
    }
    // While the next ones are on their way, the marker is gone, and no file is of another night than the others.
    let yesterday = bucket.read("in/users.csv");
    let next = crate::district::package(temp.path(), "next.zip", 2, 400);
    let proxy = Proxy::start(bucket.store.port, vec![Fate::CutAfter(200_000)]);
    target.endpoint = Some(Endpoint::parse(&format!("http://127.0.0.1:{}", proxy.port)).unwrap());
    assert!(matches!(send(target, Form::Loose, &next), Err(DeliveryError::S3(S3Error::Connection { .. }))));
    assert!(bucket.read("in/done.txt").is_none());
    assert!(bucket.read("in/users.csv") == yesterday);
    assert_eq!((bucket.objects(), bucket.unfinished()), (4, 0));
}
