//! The verbs as a user types them: guard, deliver, host-key.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;

use crate::district::{names, package};
use crate::server::{Server, Setup};

fn rosterpack(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(cargo_bin!("rosterpack"));
    command.env_clear().envs(variables.iter().copied()).current_dir(folder).args(arguments).output().unwrap()
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_package_goes_to_a_vendor_by_the_commands_of_the_readme() {
    let server = Server::start(Setup::default());
    let temp = tempfile::tempdir().unwrap();
    let package = package(temp.path(), "north.zip", 1, 30);
    let host = format!("127.0.0.1:{}", server.port);
    let address = format!("sftp://{}@{host}{}/in/OneRoster.zip", server.user, server.folder.path().display());
    let identity = server.key("id_ed25519").display().to_string();
    let deliver =
        ["deliver", "north.zip", "--to", &address, "--identity", &identity, "--known-hosts", "known_hosts"];

    let output = rosterpack(temp.path(), &deliver, &[]);
    assert_eq!(output.status.code(), Some(5), "{}", told(&output));
    assert!(told(&output).contains(&format!("rosterpack host-key {host} --store")), "{}", told(&output));
    assert!(told(&output).contains("note: the package is kept: north.zip"), "{}", told(&output));

    let output = rosterpack(temp.path(), &["host-key", &host, "--store", "known_hosts"], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).lines().filter(|l| l.starts_with("SHA256:")).count(),
        3
    );

    let output = rosterpack(temp.path(), &deliver, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{address}\n"));
    assert_eq!(fs::read(server.path("in/OneRoster.zip")).unwrap(), fs::read(package).unwrap());
}

#[test]
fn one_target_that_fails_does_not_stop_the_others() {
    let temp = tempfile::tempdir().unwrap();
    let package = package(temp.path(), "north.zip", 1, 30);
    fs::create_dir(temp.path().join("pickup")).unwrap();
    let at = |name: &str| format!("file://{}/{name}", temp.path().display());
    let (gone, there) = (at("gone/"), at("pickup/{name}-latest.zip"));
    let output = rosterpack(
        temp.path(),
        &["deliver", "north.zip", "--to", &gone, "--to", &there, "--mode", "640"],
        &[],
    );
    assert_eq!(output.status.code(), Some(5), "{}", told(&output));
    assert!(told(&output).contains("the folder must exist"), "{}", told(&output));
    assert_eq!(names(&temp.path().join("pickup")), ["north-latest.zip"]);
    let delivered = temp.path().join("pickup/north-latest.zip");
    assert_eq!(fs::read(&delivered).unwrap(), fs::read(&package).unwrap());
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(delivered).unwrap().permissions()) & 0o777,
        0o640
    );
    let output = rosterpack(temp.path(), &["deliver", "north.zip", "--loose", "--to", &at("pickup/")], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert_eq!(
        names(&temp.path().join("pickup")),
        ["manifest.csv", "north-latest.zip", "orgs.csv", "users.csv"]
    );
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_connected() {
    let temp = tempfile::tempdir().unwrap();
    package(temp.path(), "north.zip", 1, 1);
    let cases: &[(&[&str], &str)] = &[
        (
            &["deliver", "north.zip", "--to", "sftp://me:hunter2@host/in/x.zip"],
            "environment, file or command",
        ),
        (&["deliver", "north.zip", "--to", "ftp://host/x"], "sftp://user@host:22/"),
        (&["deliver", "north.zip", "--to", "file://relative/x.zip"], "no absolute path"),
        (&["deliver", "gone.zip", "--to", "file:///tmp/"], "no package gone.zip"),
        (
            &["deliver", "north.zip", "--to", "sftp://me@127.0.0.1:1/in/x.zip"],
            "no key, no agent and no password",
        ),
        (&["deliver", "north.zip", "--to", "sftp://me@127.0.0.1:1/{nam}.zip", "--agent"], "SSH_AUTH_SOCK"),
        (
            &["deliver", "north.zip", "--to", "sftp://me@127.0.0.1:1/x.zip", "--loose"],
            "loose files go into a folder",
        ),
        (&["deliver", "north.zip", "--to", "file:///tmp/{nam}.zip"], "{name} are known"),
        (&["host-key", ""], "names no server"),
    ];
    for (arguments, expected) in cases {
        let output = rosterpack(temp.path(), arguments, &[]);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", told(&output));
        let text = told(&output);
        assert!(text.contains(expected) && !text.contains("hunter2"), "{text}");
    }
    // A secret in the environment reaches no message.
    let target = ["deliver", "north.zip", "--to", "sftp://me@127.0.0.1:1/in/x.zip", "--attempts", "1"];
    let output = rosterpack(temp.path(), &target, &[("ROSTERPACK_SFTP_PASSWORD", "hunter2")]);
    assert_eq!(output.status.code(), Some(5), "{}", told(&output));
    assert!(!told(&output).contains("hunter2"));
}

#[test]
#[cfg(not(feature = "s3"))]
fn a_build_without_object_stores_says_so_before_anything_is_exported() {
    let temp = tempfile::tempdir().unwrap();
    package(temp.path(), "north.zip", 1, 1);
    let text = "[defaults]\nplace = \"gone\"\nschool_year = 2025\n[tenants.north]\n[profiles.reading]\narchive = \"archive\"\n\
                deliver_to = [\"s3://vendor-inbox/x.zip\"]\n";
    fs::write(temp.path().join("rosterpack.toml"), text).unwrap();
    for (arguments, place) in [
        (&["deliver", "north.zip", "--to", "s3://vendor-inbox/x.zip"][..], "--to"),
        (&["export", "--profile", "reading", "--tenant", "north"][..], "rosterpack.toml:7"),
        (&["show-config", "--profile", "reading", "--tenant", "north"][..], "rosterpack.toml:7"),
    ] {
        let output = rosterpack(temp.path(), arguments, &[]);
        let said = told(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains("--features s3") && said.contains(place), "{arguments:?}: {said}");
    }
    assert!(!temp.path().join("archive").exists());
}

#[test]
fn the_guard_holds_with_numbers_and_the_words_to_release_it() {
    let temp = tempfile::tempdir().unwrap();
    let out = |name: &str| temp.path().join(name).display().to_string();
    for (name, more) in [("old.zip", &[][..]), ("new.zip", &["--set", "id_prefix=other"][..])] {
        let arguments = [&["export", "--sample", "--out", name, "--quiet"], more].concat();
        let output = rosterpack(temp.path(), &arguments, &[]);
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    }
    let output = rosterpack(temp.path(), &["guard", "old.zip", "--against", "old.zip"], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let guard = ["guard", "new.zip", "--against", "old.zip"];
    let output = rosterpack(temp.path(), &guard, &[]);
    assert_eq!(output.status.code(), Some(4), "{}", told(&output));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("most ids were deleted or replaced"), "{stderr}");
    // The words of the help line release exactly this.
    let words = stderr.lines().find_map(|line| line.split_once("release exactly this: ")).unwrap().1;
    let arguments: Vec<&str> = guard.iter().copied().chain(words.split_whitespace()).collect();
    let output = rosterpack(temp.path(), &arguments, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert!(told(&output).contains("note: released: "), "{}", told(&output));
    let output = rosterpack(temp.path(), &["guard", "new.zip", "--against", "old.zip", "--json"], &[]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((json["verdict"].as_str(), output.status.code()), (Some("hold"), Some(4)));
    let output = rosterpack(temp.path(), &["guard", &out("gone.zip"), "--against", "old.zip"], &[]);
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
}
