//! EdFi_Admin databases for the tests, with secrets planted wherever one can stand; and runs of the binary that see to it that
//! none of them is told.
//!
//! In: what an instance is called and how its connection string is written. Out: a [`Desk`]: two admin databases, three ODS, a
//! folder with a configuration. Strings are encrypted by openssl, so that another program than ours says what the form is.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use assert_cmd::cargo::cargo_bin;
use rosterpack::synth::SynthPlan;

use crate::cluster::{self, Cluster};
use crate::ods;

/// Key of the ODS API, 32 bytes in base64.
pub const KEY: &str = "qXuLlSu3zGcP3W1kF4Yj0b5hQn0XxV7y2mTtJp8sZ4A=";
/// Another one.
pub const OTHER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// Password of the role that reads EdFi_Admin.
pub const ADMIN_PASSWORD: &str = "planted-for-admin";
/// Password of the role that reads every ODS, as it stands in their connection strings.
pub const ODS_PASSWORD: &str = "planted-for-ods";

/// Whatever no output may hold.
pub const SECRETS: [&str; 6] =
    [KEY, OTHER_KEY, ADMIN_PASSWORD, ODS_PASSWORD, "planted-elsewhere", cluster::SUPERUSER_PASSWORD];

fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl is needed for these tests: apt-get install -y openssl");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    output.stdout
}

fn base64(bytes: &[u8]) -> String {
    String::from_utf8(openssl(&["base64", "-A"], bytes)).unwrap()
}

/// A text as the ODS API writes it.
pub fn encrypted(text: &str, key: &str) -> String {
    let key = hex::encode(openssl(&["base64", "-d", "-A"], key.as_bytes()));
    let vector: Vec<u8> = (0..16).map(|n: u8| (n * 7).wrapping_add(text.len() as u8)).collect();
    let ciphertext =
        openssl(&["enc", "-aes-256-cbc", "-K", &key, "-iv", &hex::encode(&vector)], text.as_bytes());
    let code = openssl(
        &["dgst", "-sha256", "-mac", "HMAC", "-macopt", &format!("hexkey:{key}"), "-binary"],
        &ciphertext,
    );
    format!("{}|{}|{}", base64(&vector), base64(&ciphertext), base64(&code))
}

/// A server with the ODS of the tests.
pub struct Server {
    pub cluster: &'static Cluster,
    /// Databases by name, each of another district.
    pub ods: BTreeMap<&'static str, String>,
}

impl Server {
    /// The one that all tests share.
    pub fn shared() -> &'static Server {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(|| {
            let cluster = cluster::shared();
            let mut ods = BTreeMap::new();
            for (name, students) in [("north", 20), ("north snapshot", 12), ("south", 16)] {
                let plan = SynthPlan { students, ..SynthPlan::default() };
                let database = ods::invented(cluster, &plan);
                let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/postgres/reader.sql");
                cluster.psql_file(&database, &script, &["reader=ods_reader"]);
                ods.insert(name, database);
            }
            cluster.psql("postgres", &format!("ALTER ROLE ods_reader PASSWORD '{ODS_PASSWORD}'"));
            Server { cluster, ods }
        })
    }

    /// The connection string of an ODS as the ODS API's administrator enters it.
    pub fn string(&self, ods: &str) -> String {
        format!(
            "Host=127.0.0.1; Port={}; Username=ods_reader; Password={ODS_PASSWORD}; Database={}; Pooling=true; Maximum Pool Size=50; Application Name=EdFi.Ods.WebApi",
            self.cluster.port(),
            self.ods[ods]
        )
    }

    /// An address of an ODS without a password, for exports that go there straight.
    pub fn url(&self, ods: &str) -> String {
        format!("postgres://ods_reader@127.0.0.1:{}/{}", self.cluster.port(), self.ods[ods])
    }

    /// An empty EdFi_Admin with the tables of ODS API 7, and the shipped role that reads it.
    pub fn admin(&self) -> Admin {
        let database = self.cluster.database("");
        self.cluster.psql(
            &database,
            "CREATE SCHEMA dbo;
             CREATE TABLE dbo.odsinstances (odsinstanceid serial PRIMARY KEY, name varchar(100) NOT NULL, instancetype varchar(100),
                connectionstring varchar(1500), UNIQUE (name, instancetype));
             CREATE TABLE dbo.odsinstancecontexts (odsinstancecontextid serial PRIMARY KEY,
                odsinstance_odsinstanceid int NOT NULL REFERENCES dbo.odsinstances, contextkey varchar(50) NOT NULL,
                contextvalue varchar(50) NOT NULL, UNIQUE (odsinstance_odsinstanceid, contextkey));
             CREATE TABLE dbo.odsinstancederivatives (odsinstancederivativeid serial PRIMARY KEY,
                odsinstance_odsinstanceid int NOT NULL REFERENCES dbo.odsinstances, derivativetype varchar(50) NOT NULL,
                connectionstring varchar(1500), UNIQUE (odsinstance_odsinstanceid, derivativetype));
             CREATE TABLE dbo.apiclients (apiclientid serial PRIMARY KEY, key varchar(50) NOT NULL, secret varchar(100) NOT NULL);
             INSERT INTO dbo.apiclients (key, secret) VALUES ('k', 'planted-elsewhere');",
        );
        // Roles belong to the server, and it refuses two who make or alter one at a time.
        static ROLE: Mutex<()> = Mutex::new(());
        let _alone = ROLE.lock().unwrap_or_else(PoisonError::into_inner);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/postgres/admin_reader.sql");
        self.cluster.psql_file(&database, &script, &["reader=admin_reader"]);
        self.cluster.psql(&database, &format!("ALTER ROLE admin_reader PASSWORD '{ADMIN_PASSWORD}'"));
        Admin { cluster: self.cluster, database }
    }
}

/// An EdFi_Admin.
pub struct Admin {
    pub cluster: &'static Cluster,
    pub database: String,
}

impl Admin {
    /// Adds an instance with contexts `key=value`; its id is the next one.
    pub fn instance(&self, name: &str, string: Option<&str>, contexts: &[&str]) -> &Admin {
        let text = string.map_or("NULL".to_owned(), |text| format!("'{}'", text.replace('\'', "''")));
        let mut script =
            format!("INSERT INTO dbo.odsinstances (name, connectionstring) VALUES ('{name}', {text});");
        for (key, value) in contexts.iter().filter_map(|context| context.split_once('=')) {
            script += &format!(
                "INSERT INTO dbo.odsinstancecontexts (odsinstance_odsinstanceid, contextkey, contextvalue)
                 SELECT max(odsinstanceid), '{key}', '{value}' FROM dbo.odsinstances;"
            );
        }
        self.cluster.psql(&self.database, &script);
        self
    }

    /// Gives the last instance a derivative.
    pub fn derivative(&self, kind: &str, string: &str) -> &Admin {
        let script = format!(
            "INSERT INTO dbo.odsinstancederivatives (odsinstance_odsinstanceid, derivativetype, connectionstring)
             SELECT max(odsinstanceid), '{kind}', '{string}' FROM dbo.odsinstances;"
        );
        self.cluster.psql(&self.database, &script);
        self
    }

    /// Its address without a password.
    pub fn url(&self) -> String {
        format!("postgres://admin_reader@127.0.0.1:{}/{}", self.cluster.port(), self.database)
    }

    /// Its address as the Alliance's variables hold it.
    pub fn string(&self) -> String {
        format!(
            "host=127.0.0.1;port={};database={};username=admin_reader;password={ADMIN_PASSWORD}",
            self.cluster.port(),
            self.database
        )
    }
}

/// A folder with a configuration.
pub struct Desk {
    pub folder: tempfile::TempDir,
}

/// Settings under which a test neither waits nor guesses.
const DEFAULTS: &str =
    "[defaults]\nschool_year = 2025\nas_of = 2024-10-01\nconnect_attempts = 1\nout = \"{tenant}.zip\"\n";

impl Desk {
    /// With these tables; `[defaults]` stand there already.
    pub fn new(tables: &str) -> Desk {
        let desk = Desk { folder: tempfile::tempdir().unwrap() };
        fs::write(desk.at("rosterpack.toml"), format!("{DEFAULTS}{tables}")).unwrap();
        fs::write(desk.at("key"), format!("{KEY}\n")).unwrap();
        desk
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn zip(&self, name: &str) -> Vec<u8> {
        fs::read(self.at(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Runs the binary here, and sees to it that no secret is told or written.
    pub fn run(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Said {
        let output: Output = Command::new(cargo_bin!("rosterpack"))
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .envs(environment.iter().copied())
            .current_dir(self.folder.path())
            .args(arguments)
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let said = Said {
            code: output.status.code().unwrap(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        };
        for secret in SECRETS {
            assert!(!said.out.contains(secret) && !said.err.contains(secret), "{secret}: {said:?}");
        }
        assert!(
            !said.out.contains("==|") && !said.err.contains("==|"),
            "an encrypted text is told: {said:?}"
        );
        for entry in fs::read_dir(self.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir()
                || path.file_name().is_some_and(|name| name == "key" || name == "rosterpack.toml")
            {
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            for secret in SECRETS {
                let held = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!held, "{secret} stands in {}", path.display());
            }
        }
        said
    }

    /// Runs the binary with the password of EdFi_Admin, and demands this code.
    pub fn ended(&self, arguments: &[&str], code: i32) -> Said {
        let said = self.run(&[("PGPASSWORD", ADMIN_PASSWORD)], arguments);
        assert_eq!(said.code, code, "{arguments:?}: {}{}", said.out, said.err);
        said
    }
}

/// What a run said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// The package of an ODS that is read straight, under a tenant code.
pub fn expected(ods: &str, tenant: &str) -> Vec<u8> {
    let desk = Desk::new("");
    let said = desk.run(
        &[("PGPASSWORD", ODS_PASSWORD)],
        &["export", "--source", &Server::shared().url(ods), "--tenant", tenant, "--quiet"],
    );
    assert_eq!(said.code, 0, "{}", said.err);
    desk.zip(&format!("{tenant}.zip"))
}
