//! Nights that deliver into buckets, through the verbs: the README's section, two targets of which one fails, TLS.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use crate::desk::{EXPORT, PICKUP, command, configure, desk, ended};
use crate::district::names;
use crate::night::told;
use crate::store::{Bucket, REGION, Store};

/// Settings that reach a bucket, with the secret key in a file of the desk.
fn reached(desk: &Path, bucket: &Bucket<'_>, endpoint: &str) -> String {
    fs::write(desk.join("secret"), format!("{}\n", bucket.key.secret)).unwrap();
    format!(
        "s3_endpoint = \"{endpoint}\"\ns3_region = \"{REGION}\"\ns3_access_key = \"{}\"\ns3_secret_key_file = \"secret\"\n",
        bucket.key.id
    )
}

/// The newest package of the archive.
fn archived(desk: &Path) -> Vec<u8> {
    let packages = fs::read_dir(desk.join("archive/reading/north/packages")).unwrap();
    let mut zips: Vec<_> = packages.map(|entry| entry.unwrap().path()).collect();
    zips.retain(|path| path.extension().is_some_and(|extension| extension == "zip"));
    zips.sort();
    fs::read(zips.last().unwrap()).unwrap()
}

/// Nothing that a run said or wrote holds this.
fn nowhere(desk: &Path, outputs: &[Output], secret: &str) {
    for output in outputs {
        assert!(!told(output).contains(secret), "{}", told(output));
    }
    let found = Command::new("grep").args(["-rlF", secret]).arg(desk).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&found.stdout), format!("{}\n", desk.join("secret").display()));
}

#[test]
fn the_readme_s_profile_delivers_every_night() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let section = readme.split("\n## ").find(|s| s.starts_with("Nightly, into a vendor's bucket\n")).unwrap();
    let toml = section.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let bucket = Store::shared().bucket();
    let temp = desk("");
    let desk = temp.path();
    let reached = reached(desk, &bucket, &bucket.store.endpoint());
    // The profile's own lines, at our bucket instead of the vendor's.
    let own = toml.lines().skip_while(|line| !line.starts_with("[profiles.reading]")).skip(1);
    let own: String = own
        .filter(|line| !line.starts_with("s3_") && !line.starts_with("archive"))
        .map(|line| format!("{}\n", line.replace("vendor-inbox", &bucket.name)))
        .collect();
    assert!(own.contains("deliver_to = [\"s3://"), "{own}");
    configure(desk, &format!("{own}{reached}"));
    let output = ended(desk, &EXPORT, 0);
    let target = format!("s3://{}/north/OneRoster.zip", bucket.name);
    assert!(told(&output).contains("delivered") && told(&output).contains("1 target"), "{}", told(&output));
    assert!(bucket.read("north/OneRoster.zip").unwrap() == archived(desk));
    let history = ended(desk, &["history", "--json"], 0);
    assert!(told(&history).contains(&target), "{}", told(&history));
    let shown = ended(desk, &["show-config", "--profile", "reading", "--tenant", "north"], 0);
    nowhere(desk, &[output, history, shown], &bucket.key.secret);
}

#[test]
fn one_bucket_that_fails_does_not_stop_the_others_and_the_same_bytes_are_sent_again() {
    let bucket = Store::shared().bucket();
    let temp = desk("");
    let desk = temp.path();
    let reached = reached(desk, &bucket, &bucket.store.endpoint());
    let later = format!("{}-later", bucket.name);
    configure(
        desk,
        &format!(
            "{}\n{reached}",
            PICKUP.trim().replace(
                "[",
                &format!("[\"s3://{later}/{{tenant}}.zip\", \"s3://{}/{{tenant}}.zip\", ", bucket.name)
            )
        ),
    );
    let first = ended(desk, &EXPORT, 5);
    let said = told(&first);
    assert!(said.contains("NoSuchBucket") && said.contains(&format!("s3://{later}/north.zip")), "{said}");
    let package = archived(desk);
    assert!(bucket.read("north.zip").unwrap() == package);
    assert_eq!(names(&desk.join("pickup")), ["north.zip"]);
    assert!(fs::read(desk.join("pickup/north.zip")).unwrap() == package);
    // Now there is a bucket of that name.
    let store = bucket.store;
    store.garage(&["bucket", "create", &later]);
    store.garage(&["bucket", "website", "--allow", &later]);
    store.garage(&["bucket", "allow", "--read", "--write", "--owner", &later, "--key", &bucket.key.id]);
    let again = ended(desk, &["deliver", "--profile", "reading", "--tenant", "north"], 0);
    let there = Bucket { store, name: later, key: bucket.key.clone() };
    assert!(there.read("north.zip").unwrap() == package);
    nowhere(desk, &[first, again], &bucket.key.secret);
}

#[test]
fn flags_and_aws_s_own_variables_reach_a_bucket_too() {
    let bucket = Store::shared().bucket();
    let temp = desk("");
    let desk = temp.path();
    let package = crate::district::package(desk, "north.zip", 1, 100);
    let target = format!("s3://{}/in/{{name}}.zip", bucket.name);
    let deliver = ["deliver", "north.zip", "--to", &target];
    let (id, secret) = (bucket.key.id.as_str(), bucket.key.secret.as_str());
    let endpoint = bucket.store.endpoint();
    let own = [
        ("AWS_ENDPOINT_URL_S3", endpoint.as_str()),
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", id),
        ("AWS_SECRET_ACCESS_KEY", secret),
    ];
    let output = command(desk, &deliver).envs(own).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert!(bucket.read("in/north.zip").unwrap() == fs::read(&package).unwrap());
    let flags =
        ["--s3-endpoint", &endpoint, "--s3-region", REGION, "--s3-access-key", id, "--s3-addressing", "path"];
    let output = command(desk, &[&deliver[..], &flags[..]].concat())
        .env("ROSTERPACK_S3_SECRET_KEY", secret)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("s3://{}/in/{{name}}.zip\n", bucket.name));
    // What is missing, or cannot be meant, is told before anything is connected.
    for (more, variables, expected) in [
        (&flags[..], &[][..], "secret key is missing"),
        (&["--s3-endpoint", "http://10.0.0.1:9000"][..], &[][..], "use https://"),
        (&[][..], &[("AWS_ENDPOINT_URL", "store.example")][..], "AWS_ENDPOINT_URL: an endpoint looks like"),
    ] {
        let arguments = [&deliver[..], more].concat();
        let output = command(desk, &arguments).envs(variables.iter().copied()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", told(&output));
        assert!(told(&output).contains(expected), "{arguments:?}: {}", told(&output));
    }
    // The same of a profile, before anything is exported.
    let lines = format!("deliver_to = [\"{target}\"]\ns3_endpoint = \"http://10.0.0.1:9000\"\n");
    configure(desk, &lines);
    assert!(told(&ended(desk, &EXPORT, 2)).contains("use https://"));
    assert!(!desk.join("archive").exists());
}

/// The metadata of a machine that has a role: answers three requests as EC2 does, then is gone.
fn metadata(key: &crate::store::Key) -> (u16, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let credentials = format!(
        "{{\"Code\":\"Success\",\"AccessKeyId\":\"{}\",\"SecretAccessKey\":\"{}\",\"Token\":\"t\",\"Expiration\":\"2999-01-01T00:00:00Z\"}}",
        key.id, key.secret
    );
    let answering = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for answer in ["token", "role", &credentials] {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = String::new();
            let mut lines = BufReader::new(stream.try_clone().unwrap());
            while !head.ends_with("\r\n\r\n") {
                assert!(lines.read_line(&mut head).unwrap() > 0, "{head}");
            }
            asked.push(head.lines().next().unwrap().to_owned());
            let length = answer.len();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{answer}"
            )
            .unwrap();
        }
        asked
    });
    (port, answering)
}

#[test]
fn a_machine_with_a_role_needs_no_key_and_one_without_is_told() {
    let bucket = Store::shared().bucket();
    let temp = desk("");
    let desk = temp.path();
    let package = crate::district::package(desk, "north.zip", 1, 100);
    let target = format!("s3://{}/{{name}}.zip", bucket.name);
    let endpoint = bucket.store.endpoint();
    let deliver =
        ["deliver", "north.zip", "--to", &target, "--s3-endpoint", &endpoint, "--s3-region", REGION];
    let from = |port: u16| {
        let place = format!("http://127.0.0.1:{port}");
        command(desk, &deliver).env("AWS_EC2_METADATA_SERVICE_ENDPOINT", place).output().unwrap()
    };
    let (port, answering) = metadata(&bucket.key);
    let output = from(port);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let asked = answering.join().unwrap();
    assert!(asked[0].starts_with("PUT /latest/api/token ") && asked[2].contains("/role "), "{asked:?}");
    assert!(bucket.read("north.zip").unwrap() == fs::read(&package).unwrap());
    // Nobody answers there any more.
    let output = from(port);
    assert_eq!(output.status.code(), Some(5), "{}", told(&output));
    let said = told(&output);
    assert!(
        said.contains("there are no credentials for 127.0.0.1") && said.contains("has no role"),
        "{said}"
    );
    assert!(said.contains("s3_access_key"), "{said}");
}

/// TLS in front of a store.
struct Tls {
    port: u16,
    stunnel: Child,
}

impl Tls {
    /// With a certificate for 127.0.0.1, made in this folder.
    fn start(folder: &Path, to: u16) -> Tls {
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
            ])
            .args(["-subj", "/CN=store", "-addext", "subjectAltName=IP:127.0.0.1"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "key.pem", "-out", "cert.pem"])
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let at = |name: &str| folder.join(name).display().to_string();
        let text = format!(
            "foreground = yes\npid =\nsyslog = no\n[store]\naccept = 127.0.0.1:{port}\nconnect = 127.0.0.1:{to}\ncert = {}\nkey = {}\n",
            at("cert.pem"),
            at("key.pem")
        );
        fs::write(folder.join("stunnel.conf"), text).unwrap();
        let mut command = Command::new("stunnel");
        command
            .arg(folder.join("stunnel.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut stunnel =
            command.spawn().unwrap_or_else(|e| panic!("stunnel is needed for this test (stunnel4): {e}"));
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(stunnel.try_wait().unwrap().is_none(), "stunnel ended");
            std::thread::yield_now();
        }
        Tls { port, stunnel }
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        let _ = self.stunnel.kill();
        let _ = self.stunnel.wait();
    }
}

#[test]
fn an_encrypted_store_must_prove_who_it_is() {
    let bucket = Store::shared().bucket();
    let temp = desk("");
    let desk = temp.path();
    let tls = Tls::start(desk, bucket.store.port);
    let reached = reached(desk, &bucket, &format!("https://127.0.0.1:{}", tls.port));
    configure(desk, &format!("deliver_to = [\"s3://{}/{{tenant}}.zip\"]\n{reached}", bucket.name));
    let stranger = ended(desk, &EXPORT, 5);
    let said = told(&stranger);
    assert!(said.contains("does not prove who it is") && said.contains("SSL_CERT_FILE"), "{said}");
    assert!(bucket.read("north.zip").is_none());
    let mut trusted = command(desk, &["deliver", "--profile", "reading", "--tenant", "north"]);
    let output = trusted.env("SSL_CERT_FILE", desk.join("cert.pem")).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert!(bucket.read("north.zip").unwrap() == archived(desk));
    nowhere(desk, &[stranger, output], &bucket.key.secret);
}
