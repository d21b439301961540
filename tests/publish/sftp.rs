//! Delivery over SFTP to a real OpenSSH server, when all is well and when it is not.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rosterpack::publish::attempt::{Patience, Receipt};
use rosterpack::publish::delivery::{DeliveryError, Target};
use rosterpack::publish::durable::NoFailpoint;
use rosterpack::publish::parcel::Form;
use rosterpack::publish::sftp::{Login, Pin, Replace, SftpError, SftpTarget, host_keys};
use rosterpack::retry::Retry;
use rosterpack::secret::SecretPlace;

use crate::district::{names, package};
use crate::proxy::{Fate, Proxy};
use crate::server::{PASSWORD, Server, Setup, is_root, run};

fn send(target: SftpTarget, form: Form, package: &Path) -> Result<Receipt, DeliveryError> {
    let target = Target::sftp(target, form).unwrap();
    target.deliver(package, &BTreeMap::new(), &|_| None, &NoFailpoint)
}

fn refusal(target: SftpTarget, package: &Path) -> SftpError {
    match send(target, Form::Zip, package) {
        Err(DeliveryError::Sftp(error)) => error,
        other => panic!("{other:?}"),
    }
}

struct Desk {
    server: Server,
    temp: tempfile::TempDir,
}

impl Desk {
    fn new(setup: Setup<'_>) -> Desk {
        Desk { server: Server::start(setup), temp: tempfile::tempdir().unwrap() }
    }

    fn package(&self, night: u64, kib: usize) -> PathBuf {
        package(self.temp.path(), "north.zip", night, kib)
    }

    fn target(&self) -> SftpTarget {
        self.server.target(self.server.port, "in/{name}.zip")
    }

    /// What is in the folder that is delivered to.
    fn there(&self) -> Vec<String> {
        names(&self.server.path("in"))
    }
}

#[test]
fn a_package_arrives_byte_for_byte_and_replaces_the_last_one() {
    let desk = Desk::new(Setup::default());
    for night in 1..3 {
        let package = desk.package(night, 300);
        let receipt = send(desk.target(), Form::Zip, &package).unwrap();
        assert_eq!(receipt, Receipt { bytes: fs::metadata(&package).unwrap().len(), attempts: 1 });
        assert_eq!(fs::read(desk.server.path("in/north.zip")).unwrap(), fs::read(&package).unwrap());
        assert_eq!(desk.there(), ["north.zip"]);
    }
}

#[test]
fn every_kind_of_key_logs_in_and_a_strange_one_does_not() {
    let desk = Desk::new(Setup::default());
    let package = desk.package(1, 10);
    let with = |login: Login| SftpTarget { login, ..desk.target() };
    let identity = |name: &str| Login { identities: vec![desk.server.key(name)], ..Login::default() };
    for name in ["id_ed25519", "id_rsa"] {
        send(with(identity(name)), Form::Zip, &package).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    let file = desk.temp.path().join("passphrase");
    fs::write(&file, "open sesame\n").unwrap();
    let locked = |file: Option<PathBuf>| Login {
        passphrase: SecretPlace { file, ..SecretPlace::default() },
        ..identity("id_locked")
    };
    send(with(locked(Some(file.clone()))), Form::Zip, &package).unwrap();
    assert!(
        refusal(with(locked(None)), &package).to_string().contains("it has a passphrase, and none was given")
    );
    fs::write(&file, "wrong\n").unwrap();
    let told = refusal(with(locked(Some(file))), &package).to_string();
    assert!(told.contains("with this passphrase") && !told.contains("wrong"), "{told}");

    // A key that was refused does not keep the next one from being tried.
    let both = Login {
        identities: vec![desk.server.key("id_stranger"), desk.server.key("id_ed25519")],
        ..Login::default()
    };
    send(with(both), Form::Zip, &package).unwrap();
    let proxy = Proxy::start(desk.server.port, vec![]);
    let patient = Retry { attempts: 5, first: Duration::ZERO, max: Duration::ZERO };
    let stranger = SftpTarget {
        login: identity("id_stranger"),
        retry: patient,
        ..desk.server.target(proxy.port, "in/{name}.zip")
    };
    let told = refusal(stranger, &package);
    assert!(matches!(&told, SftpError::Login { accepts, .. } if accepts == "publickey"), "{told}");
    assert!(told.to_string().contains("id_stranger"), "{told}");
    assert_eq!(proxy.connections(), 1, "a refused login is not tried again");

    let open = desk.temp.path().join("open_key");
    fs::copy(desk.server.key("id_ed25519"), &open).unwrap();
    fs::set_permissions(&open, PermissionsExt::from_mode(0o644)).unwrap();
    let told = refusal(with(Login { identities: vec![open], ..Login::default() }), &package).to_string();
    assert!(told.contains("chmod 600"), "{told}");
    let told = refusal(with(identity("id_ed25519.pub")), &package).to_string();
    assert!(told.contains("chmod 600") || told.contains("public half"), "{told}");
}

#[test]
fn an_agent_logs_in() {
    let desk = Desk::new(Setup::default());
    let package = desk.package(1, 10);
    let socket = desk.temp.path().join("agent");
    // With -D it stays in the foreground and goes with its watcher's input.
    let script = r#"ssh-agent -D -a "$1" & pid=$!; cat >/dev/null; kill $pid"#;
    let mut agent = Command::new("sh");
    agent.args(["-c", script, "sh"]).arg(&socket).stdin(std::process::Stdio::piped());
    let mut agent = agent.stdout(std::process::Stdio::null()).spawn().unwrap();
    while std::os::unix::net::UnixStream::connect(&socket).is_err() {
        assert!(agent.try_wait().unwrap().is_none(), "ssh-agent ended");
        std::thread::yield_now();
    }
    for (key, lets_in) in [("id_stranger", false), ("id_rsa", true)] {
        let added = Command::new("ssh-add")
            .arg("-q")
            .arg(desk.server.key(key))
            .env("SSH_AUTH_SOCK", &socket)
            .status();
        assert!(added.unwrap().success());
        let login = Login { agent: Some(socket.clone()), ..Login::default() };
        let outcome = send(SftpTarget { login, ..desk.target() }, Form::Zip, &package);
        assert_eq!(outcome.is_ok(), lets_in, "{key}: {outcome:?}");
    }
    drop(agent.stdin.take());
    agent.wait().unwrap();
}

#[test]
fn a_password_logs_in_and_a_wrong_one_does_not() {
    if !is_root() {
        eprintln!("SKIPPED: a password login needs a user of its own, which only root can make");
        return;
    }
    let desk = Desk::new(Setup { password: true, ..Setup::default() });
    let package = desk.package(1, 10);
    let login = |command: &str| Login {
        password: SecretPlace { command: Some(command.to_owned()), ..SecretPlace::default() },
        ..Login::default()
    };
    send(SftpTarget { login: login(&format!("echo '{PASSWORD}'")), ..desk.target() }, Form::Zip, &package)
        .unwrap();
    assert_eq!(fs::read(desk.server.path("in/north.zip")).unwrap(), fs::read(&package).unwrap());
    let told = refusal(SftpTarget { login: login("echo 'battery staple'"), ..desk.target() }, &package);
    assert!(matches!(&told, SftpError::Login { tried, .. } if tried == "password"), "{told}");
    assert!(!format!("{told:?}").contains("staple"));
    // From the environment, and behind a key that was refused.
    let login = Login {
        identities: vec![desk.server.key("id_stranger")],
        password: SecretPlace { variable: Some("PW".into()), ..SecretPlace::default() },
        ..Login::default()
    };
    let target = Target::sftp(SftpTarget { login, ..desk.target() }, Form::Zip).unwrap();
    let environment = |name: &str| (name == "PW").then(|| PASSWORD.to_owned());
    target.deliver(&package, &BTreeMap::new(), &environment, &NoFailpoint).unwrap();
}

#[test]
fn only_the_right_server_gets_anything() {
    let desk = Desk::new(Setup::default());
    let package = desk.package(1, 10);
    let other = Server::start(Setup::default());
    let known = desk.temp.path().join("known_hosts");
    let with = |pin: Pin| SftpTarget { pin, ..desk.target() };
    let file = || Pin::KnownHosts(vec![known.clone()]);

    let told = refusal(with(file()), &package);
    assert!(matches!(told, SftpError::HostKeyUnknown { .. }), "{told}");
    let command = format!("`rosterpack host-key 127.0.0.1:{} --store FILE`", desk.server.port);
    assert!(told.help().contains(&command), "{}", told.help());

    let once = Retry { attempts: 1, first: Duration::ZERO, max: Duration::ZERO };
    let (keys, added) =
        host_keys("127.0.0.1", desk.server.port, Some(&known), once, Patience::default()).unwrap();
    assert_eq!((keys.len(), added), (3, 3), "{keys:?}");
    send(with(file()), Form::Zip, &package).unwrap();
    // Hashed as OpenSSH does it.
    run("ssh-keygen", &["-q", "-H", "-f", known.to_str().unwrap()]);
    assert!(fs::read_to_string(&known).unwrap().starts_with("|1|"));
    fs::set_permissions(&known, PermissionsExt::from_mode(0o600)).unwrap();
    send(with(file()), Form::Zip, &package).unwrap();
    // Each of its keys is enough, whichever it shows first, and so is each fingerprint.
    for key in &keys {
        fs::write(&known, &key.line).unwrap();
        send(with(file()), Form::Zip, &package).unwrap_or_else(|e| panic!("{}: {e}", key.algorithm));
        let pin = Pin::Fingerprints(vec![key.fingerprint.clone()]);
        send(with(pin), Form::Zip, &package).unwrap_or_else(|e| panic!("{}: {e}", key.algorithm));
        let public = desk.server.folder.path().join("host_ed25519.pub");
        let listed = run("ssh-keygen", &["-l", "-f", public.to_str().unwrap()]);
        assert!(key.algorithm != "ssh-ed25519" || listed.contains(&key.fingerprint), "{listed}");
    }
    // Another server on the same name and port.
    fs::write(&known, fs::read_to_string(other.known_hosts(Some(desk.server.port))).unwrap()).unwrap();
    let told = refusal(with(file()), &package);
    assert!(matches!(told, SftpError::HostKeyWrong { .. }), "{told}");
    assert!(told.help().contains("vendor has confirmed"), "{}", told.help());
    let (other_keys, _) = host_keys("127.0.0.1", other.port, None, once, Patience::default()).unwrap();
    let told = refusal(with(Pin::Fingerprints(vec![other_keys[0].fingerprint.clone()])), &package);
    assert!(matches!(told, SftpError::HostKeyWrong { .. }), "{told}");
    let stored = host_keys("127.0.0.1", desk.server.port, Some(&known), once, Patience::default());
    assert!(matches!(stored, Err(SftpError::HostKeyWrong { .. })), "a key is never stored over another");
}

#[test]
fn a_server_with_an_rsa_key_alone_is_pinned_as_well() {
    let desk = Desk::new(Setup { rsa_only: true, ..Setup::default() });
    let package = desk.package(1, 10);
    let once = Retry { attempts: 1, first: Duration::ZERO, max: Duration::ZERO };
    let (keys, _) = host_keys("127.0.0.1", desk.server.port, None, once, Patience::default()).unwrap();
    assert_eq!(keys.len(), 1, "{keys:?}");
    let fingerprint = |text: &str| Pin::Fingerprints(vec![text.to_owned()]);
    let right = SftpTarget { pin: fingerprint(&keys[0].fingerprint), ..desk.target() };
    send(right, Form::Zip, &package).unwrap();
    let other = format!("SHA256:{}", "A".repeat(43));
    let told = refusal(SftpTarget { pin: fingerprint(&other), ..desk.target() }, &package);
    assert!(matches!(told, SftpError::HostKeyWrong { .. }), "{told}");
    // The file knows another kind of key than the server has.
    assert!(matches!(refusal(desk.target(), &package), SftpError::HostKeyWrong { .. }));
}

#[test]
fn whoever_polls_the_folder_sees_whole_packages_only() {
    let desk = Desk::new(Setup::default());
    let first = desk.package(1, 2000);
    send(desk.target(), Form::Zip, &first).unwrap();
    let old = fs::read(&first).unwrap();
    let second = desk.package(2, 2000);
    let new = fs::read(&second).unwrap();
    let done = AtomicBool::new(false);
    let path = desk.server.path("in/north.zip");
    std::thread::scope(|scope| {
        let poller = scope.spawn(|| {
            let mut seen = (0, 0);
            while !done.load(Ordering::SeqCst) {
                let found = fs::read(&path).expect("there is always a package");
                assert!(found == old || found == new, "{} bytes that are neither", found.len());
                if found == old { seen.0 += 1 } else { seen.1 += 1 }
            }
            seen
        });
        let outcome = send(desk.target(), Form::Zip, &second);
        done.store(true, Ordering::SeqCst);
        outcome.unwrap();
        assert!(poller.join().unwrap().0 > 0);
    });
    assert_eq!(fs::read(&path).unwrap(), new);
}

#[test]
fn a_line_that_breaks_anywhere_leaves_the_last_package_and_the_next_attempt_delivers() {
    let desk = Desk::new(Setup::default());
    let first = desk.package(1, 20);
    send(desk.target(), Form::Zip, &first).unwrap();
    let mut old = fs::read(&first).unwrap();
    let kib = 640;
    // From within the greeting to behind the last byte of the package.
    let cuts: Vec<u64> =
        [1, 100, 1500, 3000].into_iter().chain((1..=kib / 64 + 1).map(|n| n * 64 * 1024)).collect();
    for (night, cut) in cuts.into_iter().enumerate() {
        let package = desk.package(night as u64 + 10, kib as usize);
        let proxy = Proxy::start(desk.server.port, vec![Fate::CutAfter(cut), Fate::CutAfter(cut)]);
        let through = |attempts| SftpTarget {
            retry: Retry { attempts, first: Duration::ZERO, max: Duration::ZERO },
            ..desk.server.target(proxy.port, "in/{name}.zip")
        };
        match send(through(1), Form::Zip, &package) {
            // The cut was behind the end of what there was to say.
            Ok(_) => assert!(cut > kib * 1024, "cut at {cut}"),
            Err(DeliveryError::Sftp(SftpError::Connection { .. })) => {
                assert_eq!(fs::read(desk.server.path("in/north.zip")).unwrap(), old, "cut at {cut}");
            }
            Err(other) => panic!("cut at {cut}: {other}"),
        }
        let receipt = send(through(2), Form::Zip, &package).unwrap_or_else(|e| panic!("cut at {cut}: {e}"));
        assert!(receipt.attempts == 2 || cut > kib * 1024, "cut at {cut}");
        old = fs::read(&package).unwrap();
        assert_eq!(fs::read(desk.server.path("in/north.zip")).unwrap(), old, "cut at {cut}");
        assert_eq!(desk.there(), ["north.zip"], "what the broken line left was written over");
    }
}

#[test]
fn a_server_that_falls_silent_or_is_not_there_is_given_up() {
    let desk = Desk::new(Setup::default());
    let package = desk.package(1, 400);
    for after in [0, 1000, 100_000] {
        let silent = Fate::SilentAfter(after);
        let proxy = Proxy::start(desk.server.port, vec![silent, silent]);
        let target = SftpTarget {
            retry: Retry { attempts: 2, first: Duration::ZERO, max: Duration::ZERO },
            patience: Patience { connect: Duration::from_millis(1500), idle: Duration::from_millis(500) },
            ..desk.server.target(proxy.port, "in/{name}.zip")
        };
        let told = refusal(target, &package);
        assert!(matches!(told, SftpError::Connection { attempts: 2, .. }), "silent after {after}: {told}");
        assert!(!desk.there().contains(&"north.zip".to_owned()));
    }
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let told = refusal(desk.server.target(nobody, "in/"), &package);
    assert!(told.to_string().contains("refused"), "{told}");
}

#[test]
fn servers_that_do_not_rename_get_it_another_way() {
    let desk = Desk::new(Setup { refuses: "posix-rename", ..Setup::default() });
    let with = |replace, marker: Option<&str>| {
        let mut target = desk.target();
        target.manners.replace = replace;
        target.manners.marker = marker.map(str::to_owned);
        target
    };
    // The first package meets no other one.
    send(with(Replace::Rename, None), Form::Zip, &desk.package(1, 50)).unwrap();
    let old = fs::read(desk.server.path("in/north.zip")).unwrap();
    let second = desk.package(2, 50);
    let told = refusal(with(Replace::Rename, None), &second);
    assert!(told.help().contains("remove-first"), "{told}: {}", told.help());
    assert_eq!(fs::read(desk.server.path("in/north.zip")).unwrap(), old);
    assert_eq!(desk.there(), ["north.zip"], "nothing is left behind");
    send(with(Replace::RemoveFirst, None), Form::Zip, &second).unwrap();
    assert_eq!(fs::read(desk.server.path("in/north.zip")).unwrap(), fs::read(&second).unwrap());

    let desk = Desk::new(Setup { refuses: "posix-rename,rename", ..Setup::default() });
    let first = desk.package(3, 50);
    let mut target = desk.target();
    let told = refusal(target.clone(), &first);
    assert!(told.help().contains("replace = direct"), "{told}: {}", told.help());
    assert!(desk.there().is_empty());
    target.manners.replace = Replace::Direct;
    target.manners.marker = Some("north.ready".into());
    send(target.clone(), Form::Zip, &first).unwrap();
    assert_eq!(fs::read(desk.server.path("in/north.zip")).unwrap(), fs::read(&first).unwrap());
    assert_eq!(desk.there(), ["north.ready", "north.zip"]);
    // What cannot even be opened is left as it is.
    let there = desk.server.path("in/north.zip");
    fs::set_permissions(&there, PermissionsExt::from_mode(0o444)).unwrap();
    let told = refusal(target.clone(), &desk.package(4, 50));
    assert!(told.to_string().contains("Permission denied"), "{told}");
    assert!(there.exists());
    fs::set_permissions(&there, PermissionsExt::from_mode(0o644)).unwrap();
    send(target.clone(), Form::Zip, &desk.package(3, 50)).unwrap();
    // While the next one is on its way, the marker is gone.
    let proxy = Proxy::start(desk.server.port, vec![Fate::CutAfter(100_000)]);
    target.address.port = proxy.port;
    assert!(matches!(refusal(target, &desk.package(4, 400)), SftpError::Connection { .. }));
    assert_eq!(desk.there(), ["north.zip"]);
}

#[test]
fn a_full_disk_at_the_vendor_is_told_and_leaves_the_old_package() {
    if !is_root() {
        eprintln!("SKIPPED: a full disk needs root");
        return;
    }
    let desk = Desk::new(Setup { disk_kib: 512, ..Setup::default() });
    let first = desk.package(1, 300);
    send(desk.target(), Form::Zip, &first).unwrap();
    let old = fs::read(desk.server.path("in/north.zip")).unwrap();
    assert_eq!(old, fs::read(&first).unwrap());
    let told = refusal(desk.target(), &desk.package(2, 400));
    assert!(matches!(told, SftpError::Refused { .. }) && told.help().contains("full disk"), "{told}");
    assert_eq!(fs::read(desk.server.path("in/north.zip")).unwrap(), old);
    assert_eq!(desk.there(), ["north.zip"], "nothing is left behind");
    send(desk.target(), Form::Zip, &desk.package(3, 100)).unwrap();
}

#[test]
fn closed_and_missing_folders_are_told() {
    let desk = Desk::new(Setup::default());
    let package = desk.package(1, 10);
    let told = |folder: &str| {
        let error = refusal(desk.server.target(desk.server.port, folder), &package);
        (error.to_string(), error.help())
    };
    let (text, help) = told("closed/north.zip");
    assert!(text.contains("refuses to create") && text.contains("Permission denied"), "{text}");
    assert!(help.contains("may write"), "{help}");
    let (text, help) = told("missing/north.zip");
    assert!(text.contains("No such file"), "{text}");
    assert!(help.contains("create the folder"), "{help}");
}

#[test]
fn loose_files_come_together_and_those_of_yesterday_go() {
    let desk = Desk::new(Setup::default());
    let package = desk.package(1, 40);
    fs::write(desk.server.path("in/demographics.csv"), "of yesterday").unwrap();
    fs::write(desk.server.path("in/notes.txt"), "somebody's").unwrap();
    let owned = |name: &str| {
        let file = desk.server.path(name);
        fs::set_permissions(file, PermissionsExt::from_mode(0o666)).unwrap();
    };
    owned("in/demographics.csv");
    let mut target = desk.server.target(desk.server.port, "in/");
    target.manners.keep_absent = true;
    send(target.clone(), Form::Loose, &package).unwrap();
    assert_eq!(desk.there(), ["demographics.csv", "manifest.csv", "notes.txt", "orgs.csv", "users.csv"]);
    target.manners.keep_absent = false;
    let receipt = send(target.clone(), Form::Loose, &package).unwrap();
    assert_eq!(desk.there(), ["manifest.csv", "notes.txt", "orgs.csv", "users.csv"]);
    let sizes = ["manifest.csv", "orgs.csv", "users.csv"]
        .map(|n| fs::metadata(desk.server.path("in").join(n)).unwrap().len());
    assert_eq!(receipt.bytes, sizes.iter().sum::<u64>());
    assert!(fs::read(desk.server.path("in/users.csv")).unwrap().starts_with(b"sourcedId,name\r\n"));
}
