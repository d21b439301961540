//! A private OpenSSH server.
//!
//! In: what its configuration has beyond the defaults. Out: a [`Server`] on a free loopback port with host keys of its
//! own, serving SFTP from a temporary folder. When the test is root, those who log in are a user who exists as long as
//! the test process does, so that permissions count and there is a password; else it is the user who runs the test. Shells
//! at the ends of pipes end the server and remove the user, also when the test process dies in any way.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use rosterpack::publish::attempt::Patience;
use rosterpack::publish::sftp::{Address, Login, Manners, Pin, SftpTarget};
use rosterpack::retry::Retry;

/// What a server is like.
#[derive(Default, Clone, Copy)]
pub struct Setup<'a> {
    /// Requests that its SFTP refuses, as `posix-rename,rename`.
    pub refuses: &'a str,
    /// Size of the disk below `in`, in KiB; a folder of the machine when zero. Needs root.
    pub disk_kib: u32,
    /// Whether it has an RSA host key and no other.
    pub rsa_only: bool,
    /// Whether it takes the password [`PASSWORD`]. Needs root.
    pub password: bool,
}

/// The password of the user who logs in.
pub const PASSWORD: &str = "correct horse";

/// A running server.
pub struct Server {
    pub port: u16,
    pub folder: tempfile::TempDir,
    pub user: String,
    watcher: Child,
}

pub fn is_root() -> bool {
    fs::metadata("/proc/self").map(|m| std::os::unix::fs::MetadataExt::uid(&m)).unwrap() == 0
}

/// Runs a program that must succeed.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|e| panic!("{program} is needed for these tests: {e}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn keygen(file: &Path, kind: &str, passphrase: &str) {
    let bits: &[&str] = if kind == "rsa" { &["-b", "2048"] } else { &[] };
    let file = file.to_str().unwrap();
    run("ssh-keygen", &[&["-q", "-t", kind, "-N", passphrase, "-C", "", "-f", file], bits].concat());
}

// The script mounts the disk in a mount namespace of its own, which goes with it.
const SCRIPT: &str = r#"
    kib="$1" disk="$2"
    shift 2
    [ "$kib" = 0 ] || mount -t tmpfs -o size="$kib"k,mode=0777 tmpfs "$disk" || exit 99
    "$@" &
    pid=$!
    cat >/dev/null
    kill "$pid"
    wait "$pid"
"#;

impl Server {
    /// Starts a server.
    pub fn start(setup: Setup<'_>) -> Server {
        let folder = tempfile::Builder::new().prefix("rosterpack-sshd-").tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        for name in ["in", "closed", "keys"] {
            fs::create_dir(at(name)).unwrap();
        }
        fs::set_permissions(at("in"), PermissionsExt::from_mode(0o777)).unwrap();
        fs::set_permissions(at("closed"), PermissionsExt::from_mode(0o555)).unwrap();
        for kind in ["ed25519", "ecdsa", "rsa"] {
            keygen(&at(&format!("host_{kind}")), kind, "");
        }
        for (name, kind, passphrase) in [
            ("id_ed25519", "ed25519", ""),
            ("id_rsa", "rsa", ""),
            ("id_locked", "ed25519", "open sesame"),
            ("id_stranger", "ed25519", ""),
        ] {
            keygen(&at(&format!("keys/{name}")), kind, passphrase);
        }
        let public = |name: &str| fs::read_to_string(at(&format!("keys/{name}.pub"))).unwrap();
        fs::write(at("authorized_keys"), ["id_ed25519", "id_rsa", "id_locked"].map(public).concat()).unwrap();
        let user = if is_root() { temporary_user() } else { run("id", &["-un"]).trim().to_owned() };
        if is_root() {
            // Where a server that is root locks its children up.
            fs::create_dir_all("/run/sshd").unwrap();
        }
        // Somebody may take the port between our looking and the server's: then it is looked for again.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let config = configuration(&folder, port, setup);
            fs::write(at("sshd_config"), config).unwrap();
            if let Some(watcher) = launch(&folder, setup) {
                return Server { port, folder, user, watcher };
            }
        }
        panic!("sshd does not start");
    }

    /// A path below the server's folder, as this test sees it.
    pub fn path(&self, name: &str) -> PathBuf {
        let inside = self.folder.path().join(name);
        let name = inside.strip_prefix("/").unwrap();
        // The disk is mounted where the server sees it and nobody else.
        Path::new(&format!("/proc/{}/root", self.watcher.id())).join(name)
    }

    /// The key of the server's folder with this name.
    pub fn key(&self, name: &str) -> PathBuf {
        self.folder.path().join("keys").join(name)
    }

    /// Its ed25519 key as a line of known hosts for this port, or any.
    pub fn known_hosts(&self, port: Option<u16>) -> PathBuf {
        let port = port.map_or("*".to_owned(), |port| port.to_string());
        let key = fs::read_to_string(self.folder.path().join("host_ed25519.pub")).unwrap();
        let file =
            self.folder.path().join(format!("known_hosts.{}", if port == "*" { "any" } else { &port }));
        fs::write(&file, format!("[127.0.0.1]:{port} {key}")).unwrap();
        file
    }

    /// A target behind a port of this machine, in a folder of the server's, with the plainest of logins.
    pub fn target(&self, port: u16, folder: &str) -> SftpTarget {
        SftpTarget {
            address: Address {
                user: self.user.clone(),
                host: "127.0.0.1".into(),
                port,
                path: format!("{}/{folder}", self.folder.path().display()),
            },
            pin: Pin::KnownHosts(vec![self.known_hosts(None)]),
            login: Login { identities: vec![self.key("id_ed25519")], ..Login::default() },
            manners: Manners::default(),
            retry: Retry { attempts: 1, first: Duration::ZERO, max: Duration::ZERO },
            patience: Patience::default(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The watcher reads to the end of its input.
        drop(self.watcher.stdin.take());
        let _ = self.watcher.wait();
    }
}

/// The user who logs in to all servers of this process.
fn temporary_user() -> String {
    static USER: OnceLock<(String, ChildStdin)> = OnceLock::new();
    let (name, _) = USER.get_or_init(|| {
        let name = format!("rptest{}", std::process::id());
        let hash = run("openssl", &["passwd", "-6", PASSWORD]);
        let alone = ["--no-create-home", "--no-user-group", "--shell", "/bin/sh"];
        run("useradd", &[&alone[..], &["--password", hash.trim(), &name]].concat());
        let mut remover = Command::new("sh");
        remover.args(["-c", r#"cat >/dev/null; userdel --force "$1""#, "sh", &name]);
        let remover = remover.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        (name, remover.spawn().unwrap().stdin.take().unwrap())
    });
    name.clone()
}

fn configuration(folder: &tempfile::TempDir, port: u16, setup: Setup<'_>) -> String {
    let at = |name: &str| folder.path().join(name).display().to_string();
    let refuses = if setup.refuses.is_empty() { String::new() } else { format!(" -P {}", setup.refuses) };
    let kinds = if setup.rsa_only { &["rsa"][..] } else { &["ed25519", "ecdsa", "rsa"] };
    let host_keys: String =
        kinds.iter().map(|kind| format!("HostKey {}\n", at(&format!("host_{kind}")))).collect();
    let password = if setup.password { "yes" } else { "no" };
    format!(
        "ListenAddress 127.0.0.1\nPort {port}\nPidFile none\nStrictModes no\nUsePAM no\nMaxStartups 100\n\
         {host_keys}AuthorizedKeysFile {}\nPasswordAuthentication {password}\n\
         KbdInteractiveAuthentication no\nSubsystem sftp internal-sftp{refuses}\n",
        at("authorized_keys"),
    )
}

/// Starts sshd under its watcher; `None` when it ended at once.
fn launch(folder: &tempfile::TempDir, setup: Setup<'_>) -> Option<Child> {
    let mut command = if setup.disk_kib > 0 {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh"]);
        command
    } else {
        Command::new("sh")
    };
    let disk = folder.path().join("in");
    command.args(["-c", SCRIPT, "sh", &setup.disk_kib.to_string()]).arg(disk);
    command.args(["/usr/sbin/sshd", "-D", "-e", "-f"]).arg(folder.path().join("sshd_config"));
    let mut watcher =
        command.stdin(Stdio::piped()).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(watcher.stderr.take().unwrap()).lines().map_while(Result::ok);
    let started = lines.by_ref().any(|line| line.contains("Server listening"));
    // Whatever it says later must not fill the pipe.
    std::thread::spawn(move || lines.for_each(std::mem::drop));
    if !started {
        let _ = watcher.kill();
        let _ = watcher.wait();
        return None;
    }
    Some(watcher)
}
