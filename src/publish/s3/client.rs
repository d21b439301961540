//! The client of an object store: the library's requests over connections of our own making.
//!
//! In: a target and the environment. Out: an [`AmazonS3`] whose errors hold an [`Answer`]: what the server said, or how the
//! connection failed. The library signs (with the SHA-256 of every body, which the server compares) and knows the forms; here is who
//! is trusted, how long is waited, and what goes unencrypted to whom. Nothing is repeated here.

use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::client::{
    ClientOptions, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use object_store::{BackoffConfig, RetryConfig};
use reqwest::header::AUTHORIZATION;
use rustls::{ClientConfig, RootCertStore};

use super::error::{S3Error, help};
use super::{Addressing, Endpoint, S3Target};
use crate::publish::attempt::{self, waited, words};
use crate::secret::{Environment, Unfound};

/// How an attempt ended.
pub(super) type Fault = attempt::Fault<S3Error>;

/// AWS's own variables that lead to credentials, in the order in which the library looks.
const VARIABLES: [&str; 10] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_ENDPOINT_URL_STS",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];
/// A machine's own metadata is a hop away; where nobody answers at once, there is none.
const METADATA: Duration = Duration::from_secs(2);
/// The longest answer that is read; those of an object store to our requests are of a few hundred bytes.
const ANSWER: usize = 1 << 20;

/// How a request ended that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Answer {
    /// The server said so.
    #[error("{}", told(*status, code, message))]
    Said {
        /// HTTP status.
        status: u16,
        /// Code of the error, blank when there is none.
        code: String,
        /// Its words.
        message: String,
    },
    /// The connection.
    #[error("{0}")]
    Broken(String),
    /// The server's certificate.
    #[error("{0}")]
    Untrusted(String),
    /// Whoever was asked for credentials has none.
    #[error("{0}")]
    Nobody(String),
}

fn told(status: u16, code: &str, message: &str) -> String {
    let parts = [status.to_string(), code.to_owned(), message.to_owned()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

impl Answer {
    /// Whether the server asks to come again (Amazon S3 API Reference, "Error responses"), or what it got was not what was sent.
    fn is_passing(status: u16, code: &str) -> bool {
        let codes = [
            "BadDigest",
            "IncompleteBody",
            "InternalError",
            "OperationAborted",
            "RequestTimeout",
            "ServiceUnavailable",
            "SlowDown",
            "XAmzContentSHA256Mismatch",
        ];
        codes.contains(&code) || matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
    }

    /// The answer inside of an error of the library.
    pub(super) fn of(error: &object_store::Error) -> Option<&Answer> {
        causes(error).find_map(|cause| cause.downcast_ref())
    }

    /// What it means for a step.
    pub(super) fn fault(self, server: &str, doing: &'static str, object: &str) -> Fault {
        let server = server.to_owned();
        match self {
            Answer::Said { status, code, message } if Answer::is_passing(status, &code) => {
                Fault::Broken(told(status, &code, &message))
            }
            Answer::Said { status, code, message } => S3Error::Refused {
                server,
                doing,
                object: object.to_owned(),
                reason: told(status, &code, &message),
                help: help(status, &code),
            }
            .into(),
            Answer::Broken(reason) => Fault::Broken(reason),
            Answer::Untrusted(reason) => S3Error::Certificate { server, reason }.into(),
            Answer::Nobody(reason) => S3Error::Credentials { server, reason }.into(),
        }
    }
}

/// What an error of the library means for a step.
pub(super) fn fault(error: &object_store::Error, server: &str, doing: &'static str, object: &str) -> Fault {
    match Answer::of(error) {
        Some(answer) => answer.clone().fault(server, doing, object),
        // An answer that is none: what the library makes of it.
        None => {
            let deepest = causes(error).last().map_or_else(String::new, ToString::to_string);
            Answer::Said { status: 200, code: String::new(), message: words(&deepest) }
                .fault(server, doing, object)
        }
    }
}

/// An error and what caused it. Errors of the system hide theirs from `source`.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'e (dyn Error + 'static) = *error;
        match error.downcast_ref::<io::Error>() {
            Some(error) => error.get_ref().map(|inner| inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// What clients for the target's bucket are made of; secrets were found, authorities read.
pub(super) struct Ways {
    builder: AmazonS3Builder,
    tls: ClientConfig,
}

impl Ways {
    /// Finds what is needed.
    pub(super) fn find(target: &S3Target, environment: &Environment<'_>) -> Result<Ways, S3Error> {
        let setting =
            |what: &str, reason: &str| S3Error::Setting { what: what.into(), reason: reason.into() };
        let secret =
            target.login.secret_key.find(environment).map_err(|Unfound { place, reason }| {
                setting(&format!("the secret key from {place}"), &reason)
            })?;
        let builder = AmazonS3Builder::new()
            .with_bucket_name(&target.bucket.name)
            .with_region(target.region())
            // The base has the bucket in it, wherever it stands.
            .with_endpoint(target.base())
            .with_virtual_hosted_style_request(true)
            .with_disable_bulk_delete(true)
            .with_retry(RetryConfig {
                backoff: BackoffConfig::default(),
                max_retries: 0,
                retry_timeout: Duration::ZERO,
            });
        let builder = match (&target.login.access_key, secret) {
            (Some(id), Some(secret)) => {
                builder.with_access_key_id(id).with_secret_access_key(secret.expose())
            }
            (Some(_), None) => return Err(setting("the access key", "its secret key is missing")),
            (None, Some(_)) => {
                return Err(setting("the secret key", "the id of its access key is missing"));
            }
            (None, None) => VARIABLES.iter().fold(builder, |builder, variable| {
                match (environment(variable), variable.to_lowercase().parse()) {
                    (Some(value), Ok(key)) => builder.with_config(key, value),
                    _ => builder,
                }
            }),
        };
        let builder = match environment("AWS_EC2_METADATA_SERVICE_ENDPOINT") {
            Some(place) => builder.with_metadata_endpoint(place.trim_end_matches('/')),
            None => builder,
        };
        let mut roots = RootCertStore::empty();
        // Systems carry a few certificates that no verifier can use; the others count.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| setting("the network", &error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Ways { builder, tls })
    }

    /// A client without a connection: what a broken line has left behind, the next attempt does not meet.
    pub(super) fn store(&self, target: &S3Target) -> Result<AmazonS3, S3Error> {
        let line = Line::new(target, &self.tls)?;
        self.builder.clone().with_http_connector(line).build().map_err(|error| {
            let deepest = causes(&error).last().map_or_else(String::new, ToString::to_string);
            S3Error::Credentials { server: target.server().authority(), reason: words(&deepest) }
        })
    }
}

/// Connections to servers.
#[derive(Debug, Clone)]
struct Line {
    /// By way of the environment's proxy, if there is one.
    far: reqwest::Client,
    /// To this machine and to its metadata: without a proxy, and never encrypted.
    near: reqwest::Client,
    idle: Duration,
}

impl Line {
    fn new(target: &S3Target, tls: &ClientConfig) -> Result<Line, S3Error> {
        let plain = || {
            reqwest::Client::builder()
                .connect_timeout(target.patience.connect)
                .redirect(reqwest::redirect::Policy::none())
                .user_agent(concat!("rosterpack/", env!("CARGO_PKG_VERSION")))
                .tls_backend_preconfigured(tls.clone())
        };
        let mut near = plain().no_proxy();
        let server = target.server();
        if server.is_local_name() {
            // A name below localhost is this machine, whoever else might say so.
            let here = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), (Ipv6Addr::LOCALHOST, 0).into()];
            for addressing in [Addressing::Path, Addressing::Virtual] {
                near = near.resolve_to_addrs(&server.host_of(&target.bucket.name, addressing), &here);
            }
        }
        let built = |builder: reqwest::ClientBuilder| {
            builder.build().map_err(|error| S3Error::Setting {
                what: "the network".to_owned(),
                reason: words(&error.to_string()),
            })
        };
        Ok(Line { far: built(plain())?, near: built(near)?, idle: target.patience.idle })
    }

    /// Sends a request, and reads the answer to its end.
    async fn speak(&self, request: HttpRequest) -> Result<HttpResponse, Answer> {
        let signed = request.headers().contains_key(AUTHORIZATION);
        let uri = request.uri();
        let host = uri.host().unwrap_or_default().to_owned();
        let encrypted = uri.scheme_str() == Some("https");
        // Who is asked without a signature is asked for credentials; without encryption that is this machine, or what it runs on.
        let metadata = !signed && !encrypted;
        if !encrypted && !is_near(&host) {
            return Err(Answer::Nobody(format!("{host} would be asked without encryption")));
        }
        let client = if encrypted { &self.far } else { &self.near };
        let idle = if metadata { self.idle.min(METADATA) } else { self.idle };
        let moved = Arc::new(AtomicU64::new(0));
        let sending = client.execute(moving(request, &moved)?);
        let asked = async {
            let mut response = sending.await?;
            let mut text = Vec::new();
            while let Some(chunk) = response.chunk().await? {
                moved.fetch_add(1, Ordering::Relaxed);
                text.extend_from_slice(&chunk);
                if text.len() > ANSWER {
                    break;
                }
            }
            Ok((response, text))
        };
        let (response, text) = match while_it_moves(asked, &moved, idle).await {
            Some(outcome) => outcome.map_err(|error| transport(&error)),
            None => Err(Answer::Broken(waited(idle, "the server to take bytes or to answer"))),
        }
        .map_err(|answer| match answer {
            Answer::Broken(reason) if metadata => Answer::Nobody(format!(
                "neither settings nor environment name any, and this machine has no role ({reason})"
            )),
            answer => answer,
        })?;
        let status = response.status();
        if !status.is_success() {
            return Err(refusal(status.as_u16(), &text, signed, &host));
        }
        let mut answer = HttpResponse::new(HttpResponseBody::from(Bytes::from(text)));
        *answer.status_mut() = status;
        *answer.headers_mut() = response.headers().clone();
        Ok(answer)
    }
}

/// Whether a host is this machine, or the metadata of the machine that it runs on (link-local addresses, of Amazon's in IPv6 too).
fn is_near(host: &str) -> bool {
    let number = host.trim_start_matches('[').trim_end_matches(']').parse();
    Endpoint::parse(&format!("http://{host}")).is_ok()
        || number.is_ok_and(|number| match number {
            IpAddr::V4(number) => number.is_link_local(),
            IpAddr::V6(number) => matches!(number.segments(), [0xfd00, 0xec2, ..]),
        })
}

/// The request as it is sent; each piece of its body that the line takes is noted.
fn moving(request: HttpRequest, moved: &Arc<AtomicU64>) -> Result<reqwest::Request, Answer> {
    let (parts, body) = request.into_parts();
    let url = parts.uri.to_string().parse().map_err(|_| Answer::Broken("the address is none".to_owned()))?;
    let mut request = reqwest::Request::new(parts.method, url);
    *request.headers_mut() = parts.headers;
    *request.body_mut() = Some(match body.as_bytes() {
        Some(bytes) => bytes.clone().into(),
        None => {
            let moved = moved.clone();
            reqwest::Body::wrap(body.map_frame(move |frame| {
                moved.fetch_add(1, Ordering::Relaxed);
                frame
            }))
        }
    });
    Ok(request)
}

/// Waits as long as something moves within the limit; `None` when it has stood still for that long, or up to a quarter longer.
async fn while_it_moves<T>(future: impl Future<Output = T>, moved: &AtomicU64, limit: Duration) -> Option<T> {
    let mut future = pin!(future);
    let (mut seen, mut still) = (moved.load(Ordering::Relaxed), 0);
    while still < 4 {
        if let Ok(value) = tokio::time::timeout(limit / 4, &mut future).await {
            return Some(value);
        }
        let now = moved.load(Ordering::Relaxed);
        still = if now == seen { still + 1 } else { 0 };
        seen = now;
    }
    None
}

/// What a connection failed of.
fn transport(error: &reqwest::Error) -> Answer {
    let mut certificate = causes(error).filter_map(|cause| cause.downcast_ref::<rustls::Error>());
    if let Some(error @ (rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented)) =
        certificate.next()
    {
        return Answer::Untrusted(words(&error.to_string()));
    }
    // The outermost error repeats the address, the innermost says what happened.
    Answer::Broken(words(&causes(error).last().map_or_else(String::new, ToString::to_string)))
}

/// What a server's refusal says: of a store itself, or of somebody who was asked for credentials.
fn refusal(status: u16, text: &[u8], signed: bool, host: &str) -> Answer {
    let text = String::from_utf8_lossy(text);
    let (code, message) = (element(&text, "Code"), element(&text, "Message"));
    match signed || Answer::is_passing(status, &code) {
        true => Answer::Said { status, code, message },
        false => Answer::Nobody(format!("{host} says {}", told(status, &code, &message))),
    }
}

/// What stands in the first element of this name (Amazon S3 API Reference, "REST error responses").
fn element(text: &str, name: &str) -> String {
    let inner =
        text.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
    let mut found = words(inner.map_or("", |(inner, _)| inner));
    for (escaped, plain) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")]
    {
        found = found.replace(escaped, plain);
    }
    found
}

impl HttpConnector for Line {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

// The trait's function is an `async fn` in the form that the macro of its own crate gives it.
impl HttpService for Line {
    fn call<'s, 'f>(
        &'s self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            // Of a kind that the library does not repeat.
            self.speak(request).await.map_err(|answer| HttpError::new(HttpErrorKind::Unknown, answer))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_is_asked_without_encryption() {
        for near in
            ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "169.254.170.23", "[fd00:ec2::254]"]
        {
            assert!(is_near(near), "{near}");
        }
        for far in ["169.254.example", "10.0.0.1", "[2001:db8::1]", "sts.amazonaws.com", ""] {
            assert!(!is_near(far), "{far}");
        }
    }

    #[test]
    fn answers_are_read_and_those_that_pass_are_tried_again() {
        let text = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>no &lt;way&gt; &amp;amp;\n</Message></Error>";
        let said = refusal(403, text.as_bytes(), true, "store");
        assert_eq!(said.to_string(), "403 AccessDenied no <way> &amp;");
        let Fault::Final(error) = said.fault("store:1", "complete", "s3://north/x.zip") else { panic!() };
        assert_eq!(
            error.to_string(),
            "store:1 refuses to complete s3://north/x.zip: 403 AccessDenied no <way> &amp;"
        );
        for (status, code, passing) in [
            (503, "SlowDown", true),
            (500, "", true),
            (400, "RequestTimeout", true),
            (400, "BadDigest", true),
            (501, "", false),
            (403, "", false),
        ] {
            let text = format!("<Code>{code}</Code>");
            let fault = refusal(status, text.as_bytes(), true, "store").fault("store", "put", "x");
            assert_eq!(matches!(fault, Fault::Broken(_)), passing, "{status} {code}");
        }
        assert_eq!(refusal(404, b"\xff", true, "store").to_string(), "404");
        let nobody = refusal(403, b"", false, "sts.example");
        assert_eq!(nobody, Answer::Nobody("sts.example says 403".to_owned()));
    }
}
