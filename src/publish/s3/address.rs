//! Addresses of object stores: buckets, and the servers that have them.
//!
//! In: `s3://bucket/folder/{name}.zip`, `https://store.example:9000`. Out: their parts. What is not encrypted is spoken to this
//! machine alone.

use std::fmt;
use std::net::IpAddr;

/// A bucket and a place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What keys begin with: blank, or a folder that ends with a slash; in an address as it is written the name of the zip may
    /// stand behind it. May hold placeholders.
    pub path: String,
}

impl Bucket {
    /// Takes an address apart.
    ///
    /// # Errors
    /// What is wrong with it, and what one looks like; a password is never repeated.
    pub fn parse(text: &str) -> Result<Bucket, String> {
        let form = "an S3 target looks like s3://bucket/folder/{name}.zip";
        let rest = text.strip_prefix("s3://").ok_or_else(|| form.to_owned())?;
        let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
        if name.contains('@') {
            return Err("a key does not belong into an address, where everybody can read it: remove it, and give it by setting, \
                        environment, file or command"
                .to_owned());
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if !(3..=255).contains(&name.len()) || !name.chars().all(fits) {
            return Err(format!(
                "`{name}` is no name of a bucket: 3 letters, digits, dots and hyphens, or more; {form}"
            ));
        }
        let bucket = Bucket { name: name.to_owned(), path: path.to_owned() };
        bucket.checked()
    }

    /// The same bucket, unless its path cannot begin a key.
    ///
    /// # Errors
    /// A part of the path is blank, or means another folder elsewhere.
    pub fn checked(self) -> Result<Bucket, String> {
        let folders = self.path.strip_suffix('/').unwrap_or(&self.path);
        let bad = |part: &str| matches!(part, "" | "." | "..") || part.chars().any(|c| c.is_ascii_control());
        if !self.path.is_empty() && folders.split('/').any(bad) {
            return Err(format!("`{}` has a blank or dotted part in its path", self));
        }
        Ok(self)
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.name, self.path)
    }
}

/// Where the name of the bucket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressing {
    /// In the path: `https://store.example/bucket/key`.
    Path,
    /// In the name of the server: `https://bucket.store.example/key`.
    Virtual,
}

/// A server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    encrypted: bool,
    host: String,
    port: Option<u16>,
}

impl Endpoint {
    /// Takes an address apart: `https://host` or `https://host:port`; `http://` only of this machine.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Endpoint, String> {
        let form = "an endpoint looks like https://host or https://host:port";
        let (encrypted, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(form.to_owned()),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains('@') {
            return Err(format!("a name or key does not belong into it; {form}"));
        }
        let behind = authority.rfind(']').map_or(0, |bracket| bracket + 1);
        let (host, port) = match authority[behind..].rfind(':') {
            Some(colon) => {
                let (host, port) = authority.split_at(behind + colon);
                let port: Option<u16> = port[1..].parse().ok().filter(|port| *port > 0);
                (host, Some(port.ok_or_else(|| format!("its port cannot be read; {form}"))?))
            }
            None => (authority, None),
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let named = !host.is_empty() && host.chars().all(fits);
        if !named && bare.is_none_or(|number| number.parse::<std::net::Ipv6Addr>().is_err()) {
            return Err(format!("its host cannot be read; {form}"));
        }
        let endpoint = Endpoint { encrypted, host: host.to_ascii_lowercase(), port };
        if !encrypted && !endpoint.is_here() {
            return Err(format!(
                "http:// is not encrypted, and everybody on the way would read the names of children: use https:// (http:// is for \
                 this machine alone: 127.0.0.1, localhost); {form}"
            ));
        }
        Ok(endpoint)
    }

    /// Amazon's server of a region.
    pub fn amazon(region: &str) -> Endpoint {
        // Amazon in China is another company with another domain.
        let ending = if region.starts_with("cn-") { ".cn" } else { "" };
        Endpoint { encrypted: true, host: format!("s3.{region}.amazonaws.com{ending}"), port: None }
    }

    /// Whether it is this machine. Names below `localhost` are (RFC 6761, 6.3).
    pub fn is_here(&self) -> bool {
        let number = self.host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        self.is_local_name() || number.is_ok_and(|number| number.is_loopback())
    }

    /// Whether it is called `localhost`, or something below it.
    pub(super) fn is_local_name(&self) -> bool {
        self.host == "localhost" || self.host.ends_with(".localhost")
    }

    /// Whether nobody on the way can read what is said.
    pub fn encrypted(&self) -> bool {
        self.encrypted
    }

    /// Host and port.
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// The server for requests about a bucket: its host, below which the bucket's may stand.
    pub(super) fn host_of(&self, bucket: &str, addressing: Addressing) -> String {
        match addressing {
            Addressing::Path => self.host.clone(),
            Addressing::Virtual => format!("{bucket}.{}", self.host),
        }
    }

    /// What stands before every key of a bucket.
    pub(super) fn base(&self, bucket: &str, addressing: Addressing) -> String {
        let scheme = if self.encrypted { "https" } else { "http" };
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        let host = self.host_of(bucket, addressing);
        match addressing {
            Addressing::Path => format!("{scheme}://{host}{port}/{bucket}"),
            Addressing::Virtual => format!("{scheme}://{host}{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_taken_apart() {
        for (text, name, path) in [
            ("s3://north/in/{name}.zip", "north", "in/{name}.zip"),
            ("s3://north.example/in/", "north.example", "in/"),
            ("s3://north/", "north", ""),
            ("s3://north", "north", ""),
        ] {
            let bucket = Bucket::parse(text).unwrap();
            assert_eq!((bucket.name.as_str(), bucket.path.as_str()), (name, path), "{text}");
        }
        for bad in [
            "s3://",
            "s3:///x",
            "s3://no/x",
            "s3://nörth/x",
            "s3://north//x",
            "s3://north/../x",
            "S3://north/x",
        ] {
            assert!(Bucket::parse(bad).is_err(), "{bad}");
        }
        let told = Bucket::parse("s3://key:hunter2@north/x.zip").unwrap_err();
        assert!(!told.contains("hunter2") && told.contains("environment"), "{told}");
    }

    #[test]
    fn what_is_not_encrypted_stays_on_this_machine() {
        for (text, authority, here) in [
            ("https://store.example", "store.example", false),
            ("https://Store.example:9000/", "store.example:9000", false),
            ("https://[2001:db8::1]:9000", "[2001:db8::1]:9000", false),
            ("http://127.0.0.1:3900", "127.0.0.1:3900", true),
            ("http://[::1]:3900", "[::1]:3900", true),
            ("http://localhost:3900", "localhost:3900", true),
            ("http://s3.localhost", "s3.localhost", true),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!((endpoint.authority().as_str(), endpoint.is_here()), (authority, here), "{text}");
        }
        for bad in [
            "http://store.example",
            "http://10.0.0.1:9000",
            "http://localhost.example",
            "store.example",
            "ftp://store.example",
            "https://",
            "https://store.example:x",
            "https://store.example:0",
            "https://store.example/path",
            "https://key:hunter2@store.example",
            "https://[::1",
            "https://a b",
        ] {
            assert!(!Endpoint::parse(bad).unwrap_err().contains("hunter2"), "{bad}");
        }
    }
}
