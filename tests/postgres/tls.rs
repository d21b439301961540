//! Who is trusted: the whole matrix of sslmode, names, authorities and client certificates.
//!
//! Certificates are made by the openssl command line, as an administrator makes them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rosterpack::source::Source;
use rosterpack::source::postgres::{ConnectionSettings, PostgresSource, Secret, SslMode};

use crate::cluster::{self, Cluster, SUPERUSER_PASSWORD, Setup};
use crate::ods;

/// A certificate authority in a folder of its own, below the target folder: statics are never dropped.
struct Authority {
    folder: PathBuf,
}

impl Authority {
    fn new(name: &str) -> Authority {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("authority-{name}"));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let authority = Authority { folder };
        authority.openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={name} -keyout ca.key -out ca.pem"
        ));
        authority
    }

    fn openssl(&self, arguments: &str) {
        let output =
            Command::new("openssl").args(arguments.split(' ')).current_dir(&self.folder).output().unwrap();
        assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A certificate and its key, signed by this authority.
    fn issue(&self, name: &str, extensions: &str) -> (PathBuf, PathBuf) {
        std::fs::write(self.path(&format!("{name}.ext")), extensions).unwrap();
        self.openssl(&format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr"
        ));
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile {name}.ext -out {name}.pem"
        ));
        (self.path(&format!("{name}.pem")), self.path(&format!("{name}.key")))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// A server with TLS, its authority and another one.
struct World {
    server: Cluster,
    database: String,
    ours: Authority,
    foreign: Authority,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let (ours, foreign) = (Authority::new("ours"), Authority::new("foreign"));
        let (certificate, key) = ours.issue("server", "subjectAltName=DNS:localhost");
        let read = |path: &Path| std::fs::read(path).unwrap();
        let server = Cluster::start(&Setup {
            settings: "ssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'\nssl_ca_file = 'ca.crt'",
            // `certified` logs in by certificate alone, everybody else by password and over TLS only.
            hba: "hostssl all certified 127.0.0.1/32 cert\nhostnossl all all 127.0.0.1/32 reject\n",
            files: vec![("server.crt", read(&certificate)), ("server.key", read(&key)), ("ca.crt", read(&ours.path("ca.pem")))],
        });
        let database = ods::made(&server, 20);
        server.psql(
            &database,
            "CREATE ROLE certified LOGIN; GRANT USAGE ON SCHEMA edfi TO certified; GRANT SELECT ON ALL TABLES IN SCHEMA edfi TO certified;",
        );
        World { server, database, ours, foreign }
    })
}

fn settings(host: &str, mode: SslMode, root: Option<&Authority>) -> ConnectionSettings {
    let world = world();
    ConnectionSettings {
        host: host.into(),
        ssl_mode: mode,
        ssl_root_cert: root.map(|authority| authority.path("ca.pem")),
        ..ods::settings(&world.server, &world.database)
    }
}

fn opens(settings: &ConnectionSettings) -> PostgresSource {
    let source = PostgresSource::open(settings, None, &ods::impatient()).unwrap();
    assert_eq!(source.school_years().unwrap().len(), 2);
    source.finish().unwrap();
    source
}

fn fails(settings: &ConnectionSettings, words: &[&str]) {
    let text =
        PostgresSource::open(settings, None, &ods::impatient()).err().expect("it must fail").to_string();
    for word in words {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
    assert!(!text.contains(SUPERUSER_PASSWORD));
}

#[test]
fn verify_full_wants_our_authority_and_the_right_name() {
    let world = world();
    let good = settings("localhost", SslMode::VerifyFull, Some(&world.ours));
    let source = opens(&good);
    assert!(source.facts().tls.as_ref().is_some_and(|tls| tls.starts_with("TLSv1.3 ")));
    fails(
        &settings("127.0.0.1", SslMode::VerifyFull, Some(&world.ours)),
        &["TLS failed", "names this very host"],
    );
    fails(&settings("localhost", SslMode::VerifyFull, Some(&world.foreign)), &["TLS failed", "sslrootcert"]);
    // The system's authorities do not know ours.
    fails(&settings("localhost", SslMode::VerifyFull, None), &["TLS failed", "sslrootcert"]);
}

#[test]
fn verify_ca_wants_our_authority_under_any_name() {
    let world = world();
    opens(&settings("127.0.0.1", SslMode::VerifyCa, Some(&world.ours)));
    fails(&settings("localhost", SslMode::VerifyCa, Some(&world.foreign)), &["TLS failed"]);
}

#[test]
fn require_and_prefer_encrypt_and_disable_does_not() {
    for mode in [SslMode::Require, SslMode::Prefer] {
        assert!(opens(&settings("127.0.0.1", mode, None)).facts().tls.is_some());
    }
    fails(&settings("127.0.0.1", SslMode::Disable, None), &["pg_hba.conf", "no encryption"]);
}

#[test]
fn a_plain_server_serves_prefer_and_disable_only() {
    let world = world();
    let server = cluster::shared();
    let plain = |mode| ConnectionSettings {
        ssl_mode: mode,
        ssl_root_cert: Some(world.ours.path("ca.pem")),
        ..ods::settings(server, "postgres")
    };
    for mode in [SslMode::Require, SslMode::VerifyCa, SslMode::VerifyFull] {
        fails(&plain(mode), &["does not support TLS", "ssl = on"]);
    }
    for mode in [SslMode::Prefer, SslMode::Disable] {
        let source = PostgresSource::open(&plain(mode), None, &ods::impatient()).unwrap();
        assert_eq!(source.facts().tls, None);
    }
}

#[test]
fn client_certificates_log_in() {
    let world = world();
    let with = |pair: Option<(PathBuf, PathBuf)>| {
        let (certificate, key) = pair.unzip();
        ConnectionSettings {
            user: "certified".into(),
            password: None,
            ssl_cert: certificate,
            ssl_key: key,
            ..settings("localhost", SslMode::VerifyFull, Some(&world.ours))
        }
    };
    let source = opens(&with(Some(world.ours.issue("certified", "extendedKeyUsage=clientAuth"))));
    assert_eq!(source.facts().user, "certified");
    // Another person's certificate, another authority's, none at all, and a file that is not there.
    fails(
        &with(Some(world.ours.issue("somebody", "extendedKeyUsage=clientAuth"))),
        &["connecting as certified", "certificate authentication failed"],
    );
    fails(
        &with(Some(world.foreign.issue("certified", "extendedKeyUsage=clientAuth"))),
        &["connecting as certified"],
    );
    fails(&with(None), &["connecting as certified", "valid client certificate"]);
    let absent = PathBuf::from("/nonexistent/client.pem");
    fails(&with(Some((absent.clone(), absent))), &["No such file", "Check that the file"]);
}

#[test]
fn broken_certificate_files_are_named_as_such() {
    let world = world();
    let mut broken = settings("localhost", SslMode::VerifyFull, Some(&world.ours));
    broken.ssl_root_cert = Some(world.ours.path("ca.key"));
    fails(&broken, &["TLS failed"]);
    let mut wrong = settings("localhost", SslMode::VerifyFull, Some(&world.ours));
    wrong.password = Some(Secret::new("hunter2"));
    fails(&wrong, &["password authentication failed"]);
}
