//! A private object store.
//!
//! In: nothing. Out: a [`Store`], a Garage of one node on free loopback ports with a temporary folder, and [`Bucket`]s in it with keys of
//! their own. Its website, which knows nothing of signatures, is the foreign reader of what was delivered. A shell at the end of a pipe
//! ends the server and removes the folder, also when the test process dies in any way.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rosterpack::publish::attempt::Patience;
use rosterpack::publish::s3::{Addressing, Bucket as Place, Endpoint, Login, S3Target};
use rosterpack::retry::Retry;
use rosterpack::secret::SecretPlace;

/// The region that every store of these tests has.
pub const REGION: &str = "garage";

/// A running server.
pub struct Store {
    /// Port of the S3 interface.
    pub port: u16,
    web: u16,
    rpc: u16,
    folder: PathBuf,
    watcher: Option<Child>,
}

fn garage() -> PathBuf {
    if let Some(named) = std::env::var_os("ROSTERPACK_GARAGE") {
        return named.into();
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let built = target.join("garage/bin/garage");
    assert!(built.is_file(), "there is no {}: ./tests/run --s3 builds it", built.display());
    built
}

// Reads to the end of its input, then ends the server; what the server says later goes into its log.
const SCRIPT: &str = r#"
    folder="$1" log="$2"
    shift 2
    "$@" >"$log" 2>&1 &
    pid=$!
    echo $pid
    cat >/dev/null
    kill -9 "$pid"
    [ -e "$folder/keep" ] || rm -rf "$folder"
"#;

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Store {
    /// The store that all tests share.
    pub fn shared() -> &'static Store {
        static STORE: OnceLock<Store> = OnceLock::new();
        STORE.get_or_init(Store::start)
    }

    /// Starts a store of its own.
    pub fn start() -> Store {
        let folder = tempfile::Builder::new().prefix("rosterpack-s3-").tempdir().unwrap().keep();
        let mut store = Store { port: 0, web: 0, rpc: 0, folder, watcher: None };
        // Somebody may take a port between our looking and the server's: then others are looked for.
        for _ in 0..5 {
            (store.port, store.web, store.rpc) = (free_port(), free_port(), free_port());
            store.configure();
            store.launch();
            if store.is_ready() {
                return store;
            }
            fs::write(store.folder.join("keep"), "").unwrap();
            store.end();
        }
        panic!("garage does not start: {}", fs::read_to_string(store.folder.join("log")).unwrap_or_default());
    }

    fn configure(&self) {
        let Store { port, web, rpc, folder, .. } = self;
        let at = |name: &str| folder.join(name).display().to_string();
        let text = format!(
            "metadata_dir = \"{}\"\ndata_dir = \"{}\"\ndb_engine = \"sqlite\"\nreplication_factor = 1\n\
             rpc_bind_addr = \"127.0.0.1:{rpc}\"\nrpc_public_addr = \"127.0.0.1:{rpc}\"\nrpc_secret = \"{}\"\n\
             [s3_api]\ns3_region = \"{REGION}\"\napi_bind_addr = \"127.0.0.1:{port}\"\nroot_domain = \".s3.localhost\"\n\
             [s3_web]\nbind_addr = \"127.0.0.1:{web}\"\nroot_domain = \".web.localhost\"\nindex = \"index.html\"\n",
            at("meta"),
            at("data"),
            "17".repeat(32),
        );
        fs::write(folder.join("garage.toml"), text).unwrap();
    }

    /// Starts the server; also again, after [`Store::kill`].
    pub fn launch(&mut self) {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "sh"]).arg(&self.folder).arg(self.folder.join("log")).arg(garage());
        command.args(["server", "--single-node"]).env("GARAGE_CONFIG_FILE", self.folder.join("garage.toml"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        self.watcher = Some(command.spawn().unwrap());
    }

    /// Kills the server at once and keeps what it has on its disk.
    pub fn kill(&mut self) {
        fs::write(self.folder.join("keep"), "").unwrap();
        self.end();
        fs::remove_file(self.folder.join("keep")).unwrap();
    }

    fn end(&mut self) {
        if let Some(mut watcher) = self.watcher.take() {
            drop(watcher.stdin.take());
            let _ = watcher.wait();
        }
    }

    /// Waits until it answers; `false` when it ended.
    pub fn is_ready(&mut self) -> bool {
        let mut pid = String::new();
        let watcher = self.watcher.as_mut().unwrap();
        let mut out = watcher.stdout.take().unwrap();
        let mut byte = [0];
        while out.read(&mut byte).unwrap_or(0) == 1 && byte[0] != b'\n' {
            pid.push(char::from(byte[0]));
        }
        let server = PathBuf::from(format!("/proc/{}/exe", pid.trim()));
        loop {
            // A killed child of the shell is a zombie, which has no program.
            if fs::read_link(&server).is_err() {
                return false;
            }
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok()
                && self.try_garage(&["bucket", "list"]).is_ok()
            {
                return true;
            }
            std::thread::yield_now();
        }
    }

    fn try_garage(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(garage());
        command.args(arguments).env("GARAGE_CONFIG_FILE", self.folder.join("garage.toml"));
        let output = command.stdin(Stdio::null()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        match output.status.success() {
            true => Ok(text),
            false => Err(format!("{text}{}", String::from_utf8_lossy(&output.stderr))),
        }
    }

    /// Runs a command of its administrator, which must succeed.
    pub fn garage(&self, arguments: &[&str]) -> String {
        self.try_garage(arguments).unwrap_or_else(|said| panic!("garage {arguments:?}: {said}"))
    }

    /// A new bucket, with a key that may do everything in it.
    pub fn bucket(&self) -> Bucket<'_> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("bucket-{}", NUMBER.fetch_add(1, Ordering::SeqCst));
        self.garage(&["bucket", "create", &name]);
        self.garage(&["bucket", "website", "--allow", &name]);
        let key = self.key();
        self.garage(&["bucket", "allow", "--read", "--write", "--owner", &name, "--key", &key.id]);
        Bucket { store: self, name, key }
    }

    /// A new key that may do nothing.
    pub fn key(&self) -> Key {
        let told = self.garage(&["key", "create", "tests"]);
        let field = |name: &str| {
            let line = told.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("{name}: {told}")).trim().to_owned()
        };
        Key { id: field("Key ID:"), secret: field("Secret key:") }
    }

    /// Where it is.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.end();
    }
}

/// An access key.
#[derive(Clone)]
pub struct Key {
    pub id: String,
    pub secret: String,
}

/// A bucket.
pub struct Bucket<'s> {
    pub store: &'s Store,
    pub name: String,
    pub key: Key,
}

impl Bucket<'_> {
    /// A target in it, behind a port of this machine, that is tried once.
    pub fn target(&self, port: u16, path: &str) -> S3Target {
        self.as_somebody(&self.key, port, path)
    }

    /// The same with another key.
    pub fn as_somebody(&self, key: &Key, port: u16, path: &str) -> S3Target {
        S3Target {
            bucket: Place { name: self.name.clone(), path: path.to_owned() },
            endpoint: Some(Endpoint::parse(&format!("http://127.0.0.1:{port}")).unwrap()),
            region: Some(REGION.to_owned()),
            addressing: Some(Addressing::Path),
            login: Login {
                access_key: Some(key.id.clone()),
                secret_key: SecretPlace {
                    command: Some(format!("echo {}", key.secret)),
                    ..SecretPlace::default()
                },
            },
            marker: None,
            keep_absent: false,
            retry: Retry { attempts: 1, first: Duration::ZERO, max: Duration::ZERO },
            patience: Patience::default(),
        }
    }

    /// An object, as somebody without a key reads it from the website; `None` when there is none.
    pub fn read(&self, key: &str) -> Option<Vec<u8>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.store.web)).unwrap();
        let host = format!("{}.web.localhost", self.name);
        write!(stream, "GET /{key} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase();
        let body = answer.split_off(end + 4);
        match head.split_whitespace().nth(1).unwrap() {
            "200" => {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                assert_eq!(length.parse::<usize>().unwrap(), body.len(), "the reader saw the end");
                Some(body)
            }
            "404" => None,
            _ => panic!("{head}"),
        }
    }

    /// What its owner is told of it: a number of this name.
    pub fn count(&self, name: &str) -> u64 {
        let asked = format!("{{\"globalAlias\":\"{}\"}}", self.name);
        let told = self.store.garage(&["json-api", "GetBucketInfo", &asked]);
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        told[name].as_u64().unwrap_or_else(|| panic!("{name}: {told}"))
    }

    /// Objects in it.
    pub fn objects(&self) -> u64 {
        self.count("objects")
    }

    /// Uploads that nobody has completed or aborted.
    pub fn unfinished(&self) -> u64 {
        self.count("unfinishedMultipartUploads")
    }
}
