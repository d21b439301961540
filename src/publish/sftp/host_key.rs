//! Host keys: which server is the right one.
//!
//! In: files in the form of OpenSSH's `known_hosts` (hashed names, patterns and `@revoked` included) or fingerprints.
//! Out: whether a key that a server shows is the one that was pinned, and lines to pin one. Nothing is ever trusted
//! because it was the first. Certificates of hosts (`@cert-authority`) are not looked at.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use russh::keys::ssh_key::known_hosts::{Entry, HostPatterns, Marker};
use russh::keys::{Algorithm, HashAlg, PublicKey};
use sha1::Sha1;

use super::address::known_as;
use super::error::SftpError;
use crate::publish::durable::{self, NoFailpoint, Sum};

/// What the key of a server is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pin {
    /// Files in the form of OpenSSH's `known_hosts`; a missing one knows nobody.
    KnownHosts(Vec<PathBuf>),
    /// Fingerprints as `ssh-keygen -l` shows them: `SHA256:` and 43 characters of base64.
    Fingerprints(Vec<String>),
}

/// What a pin says about a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// It is the one.
    Right,
    /// Another one is pinned.
    Wrong,
    /// None is pinned.
    Unknown,
    /// It was declared stolen or retired.
    Revoked,
}

/// What is pinned for one server.
#[derive(Debug, Clone, Default)]
pub(super) struct Pinned {
    keys: Vec<PublicKey>,
    revoked: Vec<PublicKey>,
    fingerprints: Vec<String>,
}

impl Pinned {
    /// Gathers what is pinned for this server.
    pub(super) fn read(pin: &Pin, host: &str, port: u16) -> Result<Pinned, SftpError> {
        let mut pinned = Pinned::default();
        match pin {
            Pin::Fingerprints(fingerprints) => {
                for fingerprint in fingerprints {
                    if fingerprint
                        .strip_prefix("SHA256:")
                        .is_none_or(|rest| rest.trim_end_matches('=').len() != 43)
                    {
                        let reason = "it does not look like SHA256: and 43 characters".to_owned();
                        return Err(SftpError::Setting {
                            what: format!("the fingerprint `{fingerprint}`"),
                            reason,
                        });
                    }
                    pinned.fingerprints.push(fingerprint.trim_end_matches('=').to_owned());
                }
            }
            Pin::KnownHosts(files) => {
                for file in files {
                    match fs::read_to_string(file) {
                        Ok(text) => pinned.learn(&text, host, port),
                        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                        Err(error) => {
                            let what = format!("the file of known hosts {}", file.display());
                            return Err(SftpError::Setting { what, reason: error.to_string() });
                        }
                    }
                }
            }
        }
        Ok(pinned)
    }

    fn learn(&mut self, text: &str, host: &str, port: u16) {
        for line in text.lines() {
            // A line that cannot be read vouches for nobody; OpenSSH passes over it as well.
            let Ok(entry) = line.trim().parse::<Entry>() else { continue };
            if !names(entry.host_patterns(), &known_as(host, port)) {
                continue;
            }
            match entry.marker() {
                None => self.keys.push(entry.public_key().clone()),
                Some(Marker::Revoked) => self.revoked.push(entry.public_key().clone()),
                Some(Marker::CertAuthority) => {}
            }
        }
    }

    /// Whether this is the right server.
    pub(super) fn judge(&self, key: &PublicKey) -> Trust {
        let is = |known: &PublicKey| known.key_data() == key.key_data();
        if self.revoked.iter().any(is) {
            Trust::Revoked
        } else if self.keys.iter().any(is) || self.fingerprints.contains(&fingerprint(key)) {
            Trust::Right
        } else if self.keys.is_empty() && self.fingerprints.is_empty() {
            Trust::Unknown
        } else {
            Trust::Wrong
        }
    }

    /// The algorithms to ask the server for, so that it shows a key that can be compared: those of pinned keys first.
    /// A fingerprint does not say of which kind its key is, so that each kind is asked for by itself.
    pub(super) fn rounds(&self) -> Vec<Vec<Algorithm>> {
        if !self.fingerprints.is_empty() {
            return kinds();
        }
        let mut all: Vec<Algorithm> = kinds().concat();
        let kind = |algorithm: &Algorithm| std::mem::discriminant(algorithm);
        let pinned = |algorithm: &Algorithm| {
            self.keys.iter().any(|key| match (key.algorithm(), algorithm) {
                (Algorithm::Ecdsa { curve: known }, Algorithm::Ecdsa { curve }) => known == *curve,
                (known, asked) => kind(&known) == kind(asked),
            })
        };
        all.sort_by_key(|algorithm| !pinned(algorithm));
        vec![all]
    }
}

/// The kinds of host keys, each with the signatures that we take from it. RSA with SHA-1 is none of them.
pub(super) fn kinds() -> Vec<Vec<Algorithm>> {
    use russh::keys::EcdsaCurve::{NistP256, NistP384, NistP521};
    let curve = |curve| Algorithm::Ecdsa { curve };
    let rsa = |hash| Algorithm::Rsa { hash: Some(hash) };
    vec![
        vec![Algorithm::Ed25519],
        vec![curve(NistP256), curve(NistP384), curve(NistP521)],
        vec![rsa(HashAlg::Sha512), rsa(HashAlg::Sha256)],
    ]
}

/// A key's fingerprint as `ssh-keygen -l` shows it.
pub(super) fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

fn names(patterns: &HostPatterns, host: &str) -> bool {
    match patterns {
        HostPatterns::HashedName { salt, hash } => Hmac::<Sha1>::new_from_slice(salt)
            .is_ok_and(|hmac| hmac.chain_update(host.as_bytes()).verify_slice(hash).is_ok()),
        HostPatterns::Patterns(patterns) => {
            let matching = |pattern: &str| wildcard(pattern.to_ascii_lowercase().as_bytes(), host.as_bytes());
            let negated = patterns.iter().filter_map(|pattern| pattern.strip_prefix('!'));
            let refused = negated.clone().any(matching);
            !refused && patterns.iter().any(|pattern| !pattern.starts_with('!') && matching(pattern))
        }
    }
}

/// `*` stands for anything, `?` for one character. Goes back to the last star only, so that no pattern takes long.
fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(sign) if *sign == b'?' || *sign == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, from)) => {
                    (p, t) = (at + 1, from + 1);
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|sign| *sign == b'*')
}

/// The line that pins this key.
pub(super) fn line(host: &str, port: u16, key: &PublicKey) -> String {
    let key = PublicKey::new(key.key_data().clone(), "");
    format!("{} {}", known_as(host, port), key.to_openssh().unwrap_or_default().trim_end())
}

/// Pins keys in a file, beside what it holds already; returns how many are new.
///
/// # Errors
/// When the file holds another key of the same kind for this server, which a person must look at; or cannot be written.
pub(super) fn store(file: &Path, host: &str, port: u16, keys: &[PublicKey]) -> Result<usize, SftpError> {
    let unwritable = |error: io::Error| SftpError::Setting {
        what: format!("the file of known hosts {}", file.display()),
        reason: error.to_string(),
    };
    let pinned = Pinned::read(&Pin::KnownHosts(vec![file.to_owned()]), host, port)?;
    let mut text = match fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        other => other.map_err(unwritable)?,
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let mut added = 0;
    for key in keys {
        let of_kind = |known: &&PublicKey| known.algorithm() == key.algorithm();
        match pinned.judge(key) {
            Trust::Right => continue,
            Trust::Wrong if pinned.keys.iter().any(|known| of_kind(&known)) => {
                let known =
                    pinned.keys.iter().filter(of_kind).map(fingerprint).collect::<Vec<_>>().join(", ");
                let shown = fingerprint(key);
                return Err(SftpError::HostKeyWrong { server: known_as(host, port), shown, pinned: known });
            }
            Trust::Revoked => {
                return Err(SftpError::HostKeyRevoked {
                    server: known_as(host, port),
                    shown: fingerprint(key),
                });
            }
            Trust::Wrong | Trust::Unknown => {
                text += &line(host, port, key);
                text.push('\n');
                added += 1;
            }
        }
    }
    if added > 0 {
        let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = file.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        durable::replace(folder, name, 0o600, &NoFailpoint, |out| {
            out.write_all(text.as_bytes())?;
            Ok(Sum { bytes: text.len() as u64, sha256: String::new() })
        })
        .map_err(unwritable)?;
    }
    Ok(added)
}

impl Pinned {
    /// Fingerprints of what is pinned, for messages.
    pub(super) fn told(&self) -> String {
        let keys = self.keys.iter().map(fingerprint).chain(self.fingerprints.iter().cloned());
        keys.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Public keys of nobody, made for this test with ssh-keygen.
    const ONE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const TWO: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILIG2T/B0l0gaqj3puu510tu9N1OkQ4znY3LYuEm5zCF";

    fn key(text: &str) -> PublicKey {
        PublicKey::from_openssh(text).unwrap()
    }

    fn trust(text: &str, host: &str, port: u16) -> Trust {
        let mut pinned = Pinned::default();
        pinned.learn(text, host, port);
        pinned.judge(&key(ONE))
    }

    #[test]
    fn known_hosts_are_read_as_openssh_reads_them() {
        let cases = [
            (format!("host {ONE}"), "host", 22, Trust::Right),
            (format!("host {ONE} comment"), "HOST", 22, Trust::Right),
            (format!("host {ONE}"), "host", 2222, Trust::Unknown),
            (format!("[host]:2222 {ONE}"), "host", 2222, Trust::Right),
            (format!("other,*.example.org {ONE}"), "sftp.example.org", 22, Trust::Right),
            (format!("*.example.org,!sftp.example.org {ONE}"), "sftp.example.org", 22, Trust::Unknown),
            (format!("# host {ONE}\n\nhost {TWO}"), "host", 22, Trust::Wrong),
            (format!("host {TWO}\nhost {ONE}"), "host", 22, Trust::Right),
            (format!("@revoked * {ONE}\nhost {ONE}"), "host", 22, Trust::Revoked),
            (format!("@cert-authority * {ONE}"), "host", 22, Trust::Unknown),
            (format!("nonsense\nhost ssh-ed25519 !!!\nhost {ONE}"), "host", 22, Trust::Right),
            // `ssh-keygen -H` of the line `example.com ...`.
            (
                format!("|1|O33ESRMWPVkMYIwJ1Uw+n877jTo=|nuuC5vEqXlEZ/8BXQR7m619W6Ak= {ONE}"),
                "example.com",
                22,
                Trust::Right,
            ),
            (
                format!("|1|O33ESRMWPVkMYIwJ1Uw+n877jTo=|nuuC5vEqXlEZ/8BXQR7m619W6Ak= {ONE}"),
                "example.org",
                22,
                Trust::Unknown,
            ),
            (String::new(), "host", 22, Trust::Unknown),
        ];
        for (text, host, port, expected) in cases {
            assert_eq!(trust(&text, host, port), expected, "{text}");
        }
    }

    #[test]
    fn fingerprints_pin_too() {
        let shown = fingerprint(&key(ONE));
        let read = |pin: &str| Pinned::read(&Pin::Fingerprints(vec![pin.to_owned()]), "host", 22);
        assert_eq!(read(&shown).unwrap().judge(&key(ONE)), Trust::Right);
        assert_eq!(read(&shown).unwrap().judge(&key(TWO)), Trust::Wrong);
        for bad in ["", "MD5:aa:bb", "SHA256:short", &shown[7..]] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_is_stored_once_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("known_hosts");
        fs::write(&file, format!("other {TWO}")).unwrap();
        assert_eq!(store(&file, "host", 2222, &[key(ONE)]).unwrap(), 1);
        assert_eq!(store(&file, "host", 2222, &[key(ONE)]).unwrap(), 0);
        assert_eq!(fs::read_to_string(&file).unwrap(), format!("other {TWO}\n[host]:2222 {ONE}\n"));
        assert!(matches!(store(&file, "host", 2222, &[key(TWO)]), Err(SftpError::HostKeyWrong { .. })));
    }

    #[test]
    fn wildcards_match_and_end() {
        let is = |pattern: &str, text: &str| wildcard(pattern.as_bytes(), text.as_bytes());
        assert!(is("*", "") && is("a*c", "abbc") && is("?b*", "abc") && is("*a*b*", "xaxbx"));
        assert!(!is("a?", "a") && !is("*b", "abc") && !is("", "a"));
        assert!(!is(&"*a".repeat(200), &"a".repeat(5000).replace("aaaa", "aaab")));
    }
}
