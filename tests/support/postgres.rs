//! A private PostgreSQL server for tests.
//!
//! In: extra server settings and lines of pg_hba.conf. Out: a [`Cluster`] in a temporary folder on a free
//! loopback port, with what tests need to fill and to disturb it (psql, pg_ctl). The server runs as a user
//! that is not root. A watching shell at the end of a pipe stops the server and removes the folder when the
//! cluster is dropped, and also when the test process dies in any way. Needs Debian's package `postgresql`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests
#![allow(dead_code)] // each test binary uses its own part

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Password of the superuser `postgres` over TCP.
pub const SUPERUSER_PASSWORD: &str = "correct-horse-battery";

/// A running server.
pub struct Cluster {
    folder: PathBuf,
    port: u16,
    /// Holds the pipe that keeps the watcher waiting.
    watcher: Option<Child>,
}

/// What a private cluster has beyond the defaults.
#[derive(Default)]
pub struct Setup<'a> {
    /// Lines for postgresql.conf.
    pub settings: &'a str,
    /// Lines in front of those of pg_hba.conf.
    pub hba: &'a str,
    /// Files to put into the data folder, private to the server: name and content.
    pub files: Vec<(&'a str, Vec<u8>)>,
}

/// The server that the tests of one binary share; each test makes databases of its own.
pub fn shared() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(&Setup::default()))
}

fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found =
        versions.map(|e| e.path().join("bin")).filter(|b| b.join("initdb").exists()).max_by_key(|b| {
            b.parent().and_then(Path::file_name).and_then(|v| v.to_string_lossy().parse::<u32>().ok())
        });
    found.expect("PostgreSQL is needed for these tests: apt-get install -y postgresql")
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id");
    output.stdout.trim_ascii() == b"0"
}

/// A command that runs as a user whom the server accepts.
fn as_server(program: &Path) -> Command {
    if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

impl Cluster {
    /// Makes and starts a server.
    pub fn start(setup: &Setup<'_>) -> Cluster {
        let folder = tempfile::Builder::new().prefix("rosterpack-pg-").tempdir().unwrap().keep();
        std::fs::write(folder.join("password"), SUPERUSER_PASSWORD).unwrap();
        if is_root() {
            run(Command::new("chown").args(["-R", "postgres"]).arg(&folder));
        }
        let data = folder.join("data");
        run(as_server(&binaries().join("initdb"))
            .current_dir(&folder)
            .args(["--no-sync", "--username=postgres", "--encoding=UTF8", "--locale=C"])
            .args(["--auth-local=trust", "--auth-host=scram-sha-256", "--pwfile=password", "-D"])
            .arg(&data));
        let mut hba = setup.hba.to_owned();
        hba.push_str(&std::fs::read_to_string(data.join("pg_hba.conf")).unwrap());
        std::fs::write(data.join("pg_hba.conf"), hba).unwrap();
        for (name, content) in &setup.files {
            use std::os::unix::fs::PermissionsExt;
            let file = data.join(name);
            std::fs::write(&file, content).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        if is_root() {
            run(Command::new("chown").args(["-R", "postgres"]).arg(&folder));
        }
        let original = std::fs::read_to_string(data.join("postgresql.conf")).unwrap();
        // Another process may take the port between our look and the server's start: then look again.
        for _ in 0..20 {
            let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut settings = original.clone();
            write!(
                settings,
                "\nlisten_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{}'\nfsync = off\n\
                 max_connections = 60\nshared_buffers = 64MB\nautovacuum = off\n{}\n",
                folder.display(),
                setup.settings
            )
            .unwrap();
            std::fs::write(data.join("postgresql.conf"), settings).unwrap();
            let mut cluster = Cluster { folder: folder.clone(), port, watcher: Some(watch(&folder)) };
            let started = cluster.pg_ctl(&["-w", "-t", "60", "start"]).status().unwrap().success();
            if started {
                return cluster;
            }
            let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            assert!(log.contains("Address already in use"), "the server does not start:\n{log}");
            // Its watcher must not remove the folder that is tried again.
            let mut watcher = cluster.watcher.take().unwrap();
            watcher.kill().unwrap();
            watcher.wait().unwrap();
        }
        panic!("no free port in 20 attempts");
    }

    fn pg_ctl(&self, arguments: &[&str]) -> Command {
        let mut command = as_server(&binaries().join("pg_ctl"));
        command.current_dir(&self.folder).arg("-D").arg(self.folder.join("data"));
        command.arg("-l").arg(self.folder.join("log")).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Stops the server as an administrator would.
    pub fn stop_fast(&self) {
        assert!(self.pg_ctl(&["-m", "fast", "-w", "stop"]).status().unwrap().success());
    }

    /// The server's port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The number of its first process.
    pub fn process(&self) -> String {
        let file =
            std::fs::read_to_string(self.folder.join("data").join("postmaster.pid")).unwrap_or_default();
        file.lines().next().unwrap_or_default().to_owned()
    }

    /// The folder of its Unix socket.
    pub fn socket(&self) -> &Path {
        &self.folder
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn psql_command(&self, user: &str, database: &str) -> Command {
        let mut command = Command::new(binaries().join("psql"));
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", user, "-h"]);
        command.arg(&self.folder).args(["-p", &self.port.to_string(), "-d", database]);
        command
    }

    /// Runs a script as superuser and returns what it prints.
    pub fn psql(&self, database: &str, script: &str) -> String {
        self.try_psql(database, script).unwrap_or_else(|error| panic!("{script}\n{error}"))
    }

    /// Runs a script as superuser; the error is what psql prints.
    pub fn try_psql(&self, database: &str, script: &str) -> Result<String, String> {
        self.try_psql_as("postgres", database, script)
    }

    /// Runs a script as any role, by way of the socket, which asks for no password.
    pub fn try_psql_as(&self, user: &str, database: &str, script: &str) -> Result<String, String> {
        let mut command = self.psql_command(user, database);
        let mut child = command
            .args(["-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let script = script.to_owned();
        let writer = std::thread::spawn(move || stdin.write_all(script.as_bytes()));
        let output = child.wait_with_output().unwrap();
        let _ = writer.join();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// Runs a script as superuser over TCP, as the program under test connects.
    pub fn psql_over_tcp(&self, database: &str, script: &str) {
        let mut child = Command::new(binaries().join("psql"))
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h", "127.0.0.1"])
            .args(["-p", &self.port.to_string(), "-d", database, "-f", "-"])
            .env("PGPASSWORD", SUPERUSER_PASSWORD)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    }

    /// Runs a shipped script file with psql variables.
    pub fn psql_file(&self, database: &str, file: &Path, variables: &[&str]) -> String {
        let mut command = self.psql_command("postgres", database);
        for variable in variables {
            command.args(["-v", variable]);
        }
        run(command.arg("-f").arg(file))
    }

    /// Makes an empty database with a name of its own and returns the name.
    pub fn database(&self, options: &str) -> String {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("ods_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        self.psql("postgres", &format!("CREATE DATABASE {name} {options};"));
        name
    }

    /// A superuser session that stays open.
    pub fn session(&self, database: &str) -> OpenSession {
        let mut command = self.psql_command("postgres", database);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        OpenSession { child, input: Some(input), output }
    }

    /// A URL without a password.
    pub fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }
}

/// The shell that outlives this process by a moment.
fn watch(folder: &Path) -> Child {
    // `read` returns when the pipe's only writer, this process, is gone.
    let script = r#"read -r _
        "$@" -m immediate stop >/dev/null 2>&1
        rm -rf "$FOLDER""#;
    let mut stop = as_server(&binaries().join("pg_ctl"));
    stop.arg("-D").arg(folder.join("data"));
    Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(stop.get_program())
        .args(stop.get_args())
        .env("FOLDER", folder)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut watcher) = self.watcher.take() {
            drop(watcher.stdin.take());
            let _ = watcher.wait();
        }
    }
}

/// See [`Cluster::session`].
pub struct OpenSession {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl OpenSession {
    /// Runs statements and returns when they are done.
    pub fn run(&mut self, script: &str) {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{script}\n\\echo done").unwrap();
        input.flush().unwrap();
        let mut line = String::new();
        while line.trim() != "done" {
            line.clear();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "psql ended at: {script}");
        }
    }
}

impl Drop for OpenSession {
    fn drop(&mut self) {
        self.input.take();
        let _ = self.child.wait();
    }
}
