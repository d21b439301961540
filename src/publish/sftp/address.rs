//! Addresses of SFTP targets.
//!
//! In: `sftp://user@host:port/path/{name}.zip`. Out: its parts. A password in it is refused: whoever may list the
//! processes or read the configuration would have it.

use std::fmt;

/// Where an SFTP target is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Who logs in.
    pub user: String,
    /// Name or number of the server, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The path: absolute, or relative to the folder of the login when it was written as `/~/...`. May hold
    /// placeholders; ends with a slash when it names a folder.
    pub path: String,
}

impl Address {
    /// Takes an address apart.
    ///
    /// # Errors
    /// What is wrong with it, and what one looks like; a password is never repeated.
    pub fn parse(text: &str) -> Result<Address, String> {
        let form = "an SFTP target looks like sftp://user@host:22/folder/{name}.zip";
        let rest = text.strip_prefix("sftp://").ok_or_else(|| form.to_owned())?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, server) = authority.rsplit_once('@').ok_or(format!("it names no user; {form}"))?;
        if user.contains(':') {
            return Err("a password does not belong into an address, where everybody can read it: remove it, and give it \
                        by environment, file or command"
                .to_owned());
        }
        let (host, port) = split_port(server).ok_or(format!("host or port cannot be read; {form}"))?;
        let user = decode(user)?;
        if user.is_empty() || host.is_empty() {
            return Err(format!("user or host is blank; {form}"));
        }
        if path.is_empty() {
            return Err(format!("it names no path; {form}"));
        }
        let path = decode(path)?;
        let path = path.strip_prefix("~/").map_or_else(|| format!("/{path}"), str::to_owned);
        Ok(Address { user, host: host.to_owned(), port, path })
    }

    /// The server as `known_hosts` names it.
    pub fn known_as(&self) -> String {
        known_as(&self.host, self.port)
    }
}

/// A server as `known_hosts` names it (OpenSSH, sshd(8)).
pub(super) fn known_as(host: &str, port: u16) -> String {
    let host = host.to_ascii_lowercase();
    if port == 22 { host } else { format!("[{host}]:{port}") }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let path = if self.path.starts_with('/') { self.path.clone() } else { format!("/~/{}", self.path) };
        write!(f, "sftp://{}@{host}:{}{path}", self.user, self.port)
    }
}

/// `host`, `host:port`, `[::1]` or `[::1]:port`; port 22 where there is none.
pub(super) fn split_port(server: &str) -> Option<(&str, u16)> {
    let (host, port) = match server.strip_prefix('[') {
        Some(bracketed) => {
            let (host, behind) = bracketed.split_once(']')?;
            (host, if behind.is_empty() { None } else { Some(behind.strip_prefix(':')?) })
        }
        None => match server.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (server, None),
        },
    };
    let port = port.map_or(Some(22), |port| port.parse().ok().filter(|port| *port > 0))?;
    (!host.is_empty()).then_some((host, port))
}

/// Undoes percent-encoding; a percent sign without two digits behind it is one.
fn decode(text: &str) -> Result<String, String> {
    let bytes = text.as_bytes();
    let (mut decoded, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        let value = digits
            .filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|d| u8::from_str_radix(d, 16).ok());
        match (byte, value) {
            (b'%', Some(value)) => {
                decoded.push(value);
                at += 3;
            }
            _ => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).map_err(|_| "the address is not UTF-8 behind its percent signs".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let parts = |text: &str| {
            let a = Address::parse(text).unwrap();
            (a.user.clone(), a.host.clone(), a.port, a.path.clone(), a.to_string())
        };
        let cases = [
            (
                "sftp://me@host/in/{name}.zip",
                ("me", "host", 22, "/in/{name}.zip", "sftp://me@host:22/in/{name}.zip"),
            ),
            ("sftp://me@host:2222/~/in/", ("me", "host", 2222, "in/", "sftp://me@host:2222/~/in/")),
            ("sftp://a%40b@[::1]:22/x%20y", ("a@b", "::1", 22, "/x y", "sftp://a@b@[::1]:22/x y")),
            ("sftp://a@b@10.0.0.1/50%", ("a@b", "10.0.0.1", 22, "/50%", "sftp://a@b@10.0.0.1:22/50%")),
        ];
        for (text, (user, host, port, path, shown)) in cases {
            assert_eq!(parts(text), (user.into(), host.into(), port, path.into(), shown.into()));
        }
        assert_eq!(known_as("Host", 22), "host");
        assert_eq!(known_as("host", 2222), "[host]:2222");
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        let told = Address::parse("sftp://me:hunter2@host/in/x.zip").unwrap_err();
        assert!(told.contains("environment, file or command") && !told.contains("hunter2"), "{told}");
        for bad in [
            "ftp://me@host/x",
            "sftp://host/x",
            "sftp://me@/x",
            "sftp://me@host",
            "sftp://me@host:0/x",
            "sftp://me@host:x/x",
            "sftp://@host/x",
            "sftp://me@[::1/x",
            "sftp://me@host/%ff",
        ] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }
}
