//! The README section "Nightly, to a vendor's SFTP", command by command, against a real OpenSSH server.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;

use crate::night::{AS_OF, extracts, told};
use crate::proxy::{Fate, Proxy};
use crate::server::{Server, Setup, is_root, run};

/// A section of the README: its TOML, and its commands in order.
fn section() -> (String, Vec<String>) {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let section = readme.split("\n## ").find(|s| s.starts_with("Nightly, to a vendor's SFTP\n")).unwrap();
    let toml = section.split("```toml\n").nth(1).unwrap().split("```").next().unwrap().to_owned();
    let indented = section.lines().filter(|line| line.starts_with("    "));
    (toml, indented.map(|line| line.trim().to_owned()).collect())
}

#[test]
fn the_commands_of_the_readme_lead_from_nothing_to_a_vendor_every_night() {
    let server = Server::start(Setup::default());
    let temp = tempfile::tempdir().unwrap();
    let desk = temp.path();
    let there = |text: &str| {
        text.replace(
            "north@sftp.vendor.example/in",
            &format!("{}@127.0.0.1:{}{}/in", server.user, server.port, server.folder.path().display()),
        )
        .replace("sftp.vendor.example", &format!("127.0.0.1:{}", server.port))
        .replace("/srv/rosterpack", desk.to_str().unwrap())
    };
    fs::create_dir(desk.join("bin")).unwrap();
    symlink(cargo_bin!("rosterpack"), desk.join("bin/rosterpack")).unwrap();
    let shell = |line: &str| -> Output {
        let path = format!("{}:{}", desk.join("bin").display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("sh");
        // The extracts are true on a day of their own; nobody's mail is touched.
        command
            .env_clear()
            .env("PATH", path)
            .envs([AS_OF])
            .current_dir(desk)
            .args(["-c", line])
            .output()
            .unwrap()
    };
    let (toml, commands) = section();
    fs::write(desk.join("rosterpack.toml"), there(&toml).replace("mail -s", "echo")).unwrap();
    extracts(&desk.join("extracts"), 100);
    let delivered = || fs::read(server.path("in/OneRoster.zip"));

    let mut ran = Vec::new();
    for line in &commands {
        let mut line = there(line);
        let verb = match line.strip_prefix("15 2 * * * ") {
            Some(behind) => {
                // What has happened by then: a third of the students is gone.
                extracts(&desk.join("extracts"), 60);
                line = behind.to_owned();
                "cron".to_owned()
            }
            None => line.split_whitespace().nth(1).unwrap().to_owned(),
        };
        let before = delivered().unwrap_or_default();
        let output = shell(&line);
        let said = told(&output);
        let code = output.status.code();
        match verb.as_str() {
            "-q" => {
                assert_eq!(code, Some(0), "{said}");
                // The vendor lets the key in.
                let keys = server.folder.path().join("authorized_keys");
                let public = fs::read_to_string(desk.join("id_ed25519.pub")).unwrap();
                fs::write(&keys, fs::read_to_string(&keys).unwrap() + &public).unwrap();
                if is_root() {
                    run("chown", &[&server.user, keys.to_str().unwrap()]);
                }
            }
            "host-key" => assert_eq!(code, Some(0), "{said}"),
            "export" => {
                assert_eq!(code, Some(0), "{said}");
                assert!(
                    said.contains("reading/north: delivered ") && said.contains("to 1 target: "),
                    "{said}"
                );
            }
            "cron" => {
                assert_eq!((code, said.as_str()), (Some(4), ""), "cron sends mail of whatever is said");
                let log = fs::read_to_string(desk.join("nightly.log")).unwrap();
                assert!(log.contains("reading/north: held "), "{log}");
                assert_eq!(delivered().unwrap(), before);
            }
            "release" => {
                assert_eq!(code, Some(0), "{said}");
                assert_ne!(delivered().unwrap(), before);
            }
            "deliver" => {
                assert_eq!(code, Some(0), "{said}");
                assert_eq!(delivered().unwrap(), before, "the same bytes");
            }
            "history" => assert!(code == Some(0) && said.contains("(released)"), "{said}"),
            other => panic!("the README has a command that this test does not know: {other}"),
        }
        ran.push(verb);
    }
    assert_eq!(ran, ["-q", "host-key", "export", "cron", "release", "deliver", "history"]);
    // What the vendor has is what the archive has, byte for byte.
    let packages = desk.join("archive/reading/north/packages");
    let archived = fs::read_dir(packages).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    assert!(archived.collect::<Vec<_>>().contains(&delivered().unwrap()));
}

#[test]
fn a_server_that_falls_silent_is_given_up_after_the_time_that_the_profile_allows() {
    let server = Server::start(Setup::default());
    // Far behind the login, and before the end of the package.
    let proxy = Proxy::start(server.port, vec![Fate::SilentAfter(20_000), Fate::SilentAfter(20_000)]);
    let temp = tempfile::tempdir().unwrap();
    let desk = temp.path();
    extracts(&desk.join("extracts"), 100);
    let text = format!(
        "[defaults]\nplace = \"extracts\"\nschool_year = 2025\n[tenants.north]\n[profiles.reading]\narchive = \"archive\"\n\
         deliver_to = [\"sftp://{}@127.0.0.1:{}{}/in/x.zip\"]\nidentity = \"{}\"\nknown_hosts = \"{}\"\n\
         delivery_attempts = 2\ndelivery_idle_timeout = 1\n",
        server.user,
        proxy.port,
        server.folder.path().display(),
        server.key("id_ed25519").display(),
        server.known_hosts(None).display()
    );
    fs::write(desk.join("rosterpack.toml"), text).unwrap();
    let night = ["export", "--profile", "reading", "--tenant", "north", "--quiet"];
    let mut command = Command::new(cargo_bin!("rosterpack"));
    let output = command.env_clear().envs([AS_OF]).current_dir(desk).args(night).output().unwrap();
    let said = told(&output);
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains("waited 1 s for the server to take bytes") || said.contains("nactivity"), "{said}");
    assert_eq!(proxy.connections(), 2, "silence is a fault of the connection, which is tried again");
    assert!(!server.path("in/x.zip").exists());
}
