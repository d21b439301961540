//! What a server refuses is told at once, with what to do, and leaves no trace.

use std::fs;
use std::time::Duration;

use rosterpack::publish::parcel::Form;
use rosterpack::publish::s3::{S3Error, S3Target};
use rosterpack::retry::Retry;

use crate::district::package;
use crate::store::{Key, Store};
use crate::upload::{refusal, send};

/// Whoever tried again would wait for longer than a test may take.
fn once_if_final(target: S3Target) -> S3Target {
    let wait = Duration::from_secs(3600);
    S3Target { retry: Retry { attempts: 2, first: wait, max: wait }, ..target }
}

#[test]
fn whoever_may_not_write_is_told_why_and_is_not_tried_again() {
    let store = Store::shared();
    let bucket = store.bucket();
    let temp = tempfile::tempdir().unwrap();
    let port = store.port;
    let reader = store.key();
    store.garage(&["bucket", "allow", "--read", &bucket.name, "--key", &reader.id]);
    let wrong = Key { secret: "hunter2".repeat(5), ..bucket.key.clone() };
    let unknown = Key { id: format!("GK{}", "0".repeat(24)), ..bucket.key.clone() };
    // In one request and in several.
    for kib in [30, 300] {
        let package = package(temp.path(), "north.zip", 1, kib);
        for (what, key, help) in [
            ("a wrong secret", &wrong, "check the access key"),
            ("an unknown key", &unknown, "check the access key"),
            ("a key that only reads", &reader, "whether it may write there"),
        ] {
            let told = refusal(once_if_final(bucket.as_somebody(key, port, "in/{name}.zip")), &package);
            assert!(matches!(told, S3Error::Refused { .. }), "{what}: {told}");
            assert!(told.help().contains(help), "{what}: {told}: {}", told.help());
            assert!(told.to_string().contains(" 403 AccessDenied "), "{what}: {told}");
            assert!(!format!("{told:?} {told}").contains("hunter2"), "{what}");
        }
        let mut missing = bucket.target(port, "in/{name}.zip");
        missing.bucket.name = "nobodys".to_owned();
        let told = refusal(once_if_final(missing), &package);
        assert!(told.to_string().contains("404 NoSuchBucket"), "{told}");
        assert!(told.to_string().contains("s3://nobodys/in/north.zip"), "{told}");
        assert!(told.help().contains("name of the bucket"), "{}", told.help());
        let mut elsewhere = bucket.target(port, "in/{name}.zip");
        elsewhere.region = Some("us-east-1".to_owned());
        let told = refusal(once_if_final(elsewhere), &package);
        assert!(told.help().contains("s3_region"), "{told}: {}", told.help());
        assert_eq!((bucket.objects(), bucket.unfinished()), (0, 0), "{kib} KiB");
    }
}

#[test]
fn a_guest_who_may_write_and_not_read_delivers() {
    let store = Store::shared();
    let bucket = store.bucket();
    let temp = tempfile::tempdir().unwrap();
    let guest = store.key();
    store.garage(&["bucket", "allow", "--write", &bucket.name, "--key", &guest.id]);
    for (night, kib) in [(1, 30), (2, 300)] {
        let package = package(temp.path(), "north.zip", night, kib);
        send(bucket.as_somebody(&guest, store.port, "in/{name}.zip"), Form::Zip, &package).unwrap();
        assert!(bucket.read("in/north.zip").unwrap() == fs::read(&package).unwrap());
    }
}

#[test]
fn a_full_bucket_is_told_and_leaves_the_old_package() {
    let store = Store::shared();
    let bucket = store.bucket();
    let temp = tempfile::tempdir().unwrap();
    let target = || once_if_final(bucket.target(store.port, "in/{name}.zip"));
    let first = package(temp.path(), "north.zip", 1, 300);
    send(target(), Form::Zip, &first).unwrap();
    let old = fs::read(&first).unwrap();
    store.garage(&["bucket", "set-quotas", "--max-size", "512KiB", &bucket.name]);
    let told = refusal(target(), &package(temp.path(), "north.zip", 2, 900));
    assert!(matches!(told, S3Error::Refused { .. }), "{told}");
    assert!(
        told.to_string().contains("quota") && told.help().contains("has room"),
        "{told}: {}",
        told.help()
    );
    assert!(bucket.read("in/north.zip").unwrap() == old);
    assert_eq!((bucket.objects(), bucket.unfinished()), (1, 0), "nothing is left behind");
    send(target(), Form::Zip, &package(temp.path(), "north.zip", 3, 100)).unwrap();
}
