//! Why a delivery into a bucket failed.
//!
//! In: the step and what the server or the system said. Out: one error for people with what to do. No secret stands in it.

use std::path::PathBuf;

/// A delivery into a bucket failed; every object is the one that was there before, or a whole new one.
#[derive(Debug, Clone, thiserror::Error)]
pub enum S3Error {
    /// The build lacks the feature.
    #[error("{}", super::UNAVAILABLE)]
    Unavailable,
    /// The server cannot be reached, the connection broke, or the server asked to come again, as often as it was tried.
    #[error("no working connection to {server} in {attempts} attempts: {reason}")]
    Connection {
        /// Host and port.
        server: String,
        /// Attempts in all.
        attempts: u32,
        /// What happened at the last one.
        reason: String,
    },
    /// The server's certificate is not to be trusted.
    #[error("{server} does not prove who it is: {reason}")]
    Certificate {
        /// Host and port.
        server: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is nobody as whom to ask.
    #[error("there are no credentials for {server}: {reason}")]
    Credentials {
        /// Host and port.
        server: String,
        /// Where they were looked for.
        reason: String,
    },
    /// A setting cannot be used.
    #[error("{what} cannot be used: {reason}")]
    Setting {
        /// Which one.
        what: String,
        /// Why not.
        reason: String,
    },
    /// The server refused a step.
    #[error("{server} refuses to {doing} {object}: {reason}")]
    Refused {
        /// Host and port.
        server: String,
        /// The step.
        doing: &'static str,
        /// On what, as `s3://bucket/key`.
        object: String,
        /// What it said.
        reason: String,
        /// What to do.
        help: &'static str,
    },
    /// What stands there has another size than what was sent.
    #[error("{server} has {found} bytes of {object} instead of {sent}")]
    Size {
        /// Host and port.
        server: String,
        /// Which one, as `s3://bucket/key`.
        object: String,
        /// Bytes there.
        found: u64,
        /// Bytes here.
        sent: u64,
    },
    /// The package cannot be read here.
    #[error("cannot read {}: {reason}", package.display())]
    Package {
        /// The package.
        package: PathBuf,
        /// Why not.
        reason: String,
    },
}

impl S3Error {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            S3Error::Unavailable => {
                "build with `cargo build --release --features s3`, or deliver to sftp:// or file:///"
            }
            S3Error::Connection { .. } => "check endpoint, region, proxy and firewall, then deliver again",
            S3Error::Certificate { .. } => {
                "check the endpoint; a server of your own authority needs SSL_CERT_FILE, which names its certificate in PEM form"
            }
            S3Error::Credentials { .. } => {
                "give s3_access_key and its secret key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role to this machine"
            }
            S3Error::Setting { .. } => "correct the setting",
            S3Error::Refused { help, .. } => help,
            S3Error::Size { .. } => "see who else writes there, then deliver again",
            S3Error::Package { .. } => "check the package, or build it again",
        }
    }
}

/// What to do about what a server says: its code (Amazon S3 API Reference, "Error responses"), else the status.
#[cfg(feature = "s3")]
pub(super) fn help(status: u16, code: &str) -> &'static str {
    match (code, status) {
        ("NoSuchBucket", _) => "correct the name of the bucket, the endpoint or the region",
        ("InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidClientTokenId" | "ExpiredToken", _) => {
            "check the id of the access key and its secret key"
        }
        ("RequestTimeTooSkewed", _) => "set the clock of this machine",
        ("AuthorizationHeaderMalformed" | "PermanentRedirect", _) | (_, 301 | 307 | 308) => {
            "correct s3_region or s3_endpoint: the bucket is elsewhere"
        }
        (_, 401 | 403) => {
            "check the access key, and ask who owns the bucket whether it may write there and has room; deleting (marker, files \
             that are absent) and aborting uploads are permissions of their own"
        }
        (_, 404) => "correct the name of the bucket, the endpoint or the region",
        (_, 413 | 507) => "ask who owns the bucket for more room",
        _ => "ask who runs the server what it supports",
    }
}

#[cfg(all(test, feature = "s3"))]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_leads_to_what_to_do() {
        assert!(help(403, "RequestTimeTooSkewed").contains("clock"));
        assert!(help(403, "SignatureDoesNotMatch").contains("secret key"));
        assert!(help(403, "AccessDenied").contains("may write there"));
        assert!(help(301, "").contains("s3_region"));
        assert!(help(400, "AuthorizationHeaderMalformed").contains("s3_region"));
        assert!(help(404, "NoSuchBucket").contains("bucket"));
        assert!(help(501, "NotImplemented").contains("supports"));
    }
}
