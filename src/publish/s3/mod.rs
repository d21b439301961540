//! Delivery into a bucket of an S3-compatible object store.
//!
//! In: an [`S3Target`], a parcel, the environment for credentials. Out: a [`Receipt`], or an [`S3Error`] with what to do. The face is
//! blocking; async stays in this folder, behind the cargo feature `s3`. Without it addresses and settings are read just the same,
//! and every delivery ends with [`UNAVAILABLE`]. ADR 0066 says why this library, ADR 0067 how a delivery behaves.

mod address;
#[cfg(feature = "s3")]
mod client;
mod error;
#[cfg(feature = "s3")]
mod upload;

pub use self::address::{Addressing, Bucket, Endpoint};
pub use self::error::S3Error;
use super::attempt::{Patience, Receipt};
use super::parcel::Parcel;
use crate::retry::Retry;
use crate::secret::{Environment, SecretPlace};

/// Whether this build can deliver to object stores.
pub const AVAILABLE: bool = cfg!(feature = "s3");

/// What a build says that cannot.
pub const UNAVAILABLE: &str = "this build of rosterpack cannot deliver to s3:// addresses";

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Login {
    /// Id of an access key; without one, AWS's own variables and roles count.
    pub access_key: Option<String>,
    /// The secret key that belongs to it.
    pub secret_key: SecretPlace,
}

/// Where and how to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Target {
    /// The bucket and the folder in it.
    pub bucket: Bucket,
    /// The server; `None` is Amazon's of the region.
    pub endpoint: Option<Endpoint>,
    /// The region that signatures name; `None` is that of AWS's own variables, else `us-east-1`.
    pub region: Option<String>,
    /// Where the name of the bucket stands; `None` is what fits the server.
    pub addressing: Option<Addressing>,
    /// Who asks.
    pub login: Login,
    /// An empty object that is written when everything has arrived, and removed before anything does.
    pub marker: Option<String>,
    /// Whether loose files of OneRoster that the package does not hold stay in the bucket.
    pub keep_absent: bool,
    /// How often a connection is tried.
    pub retry: Retry,
    /// How long to wait for it.
    pub patience: Patience,
}

impl S3Target {
    /// Fills what the settings leave open from AWS's own variables.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn completed(mut self, environment: &Environment<'_>) -> Result<S3Target, String> {
        let first = |names: [&'static str; 2]| {
            names.into_iter().find_map(|name| environment(name).map(|value| (name, value)))
        };
        if self.endpoint.is_none()
            && let Some((name, value)) = first(["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])
        {
            self.endpoint = Some(Endpoint::parse(&value).map_err(|why| format!("{name}: {why}"))?);
        }
        if self.region.is_none() {
            self.region = first(["AWS_REGION", "AWS_DEFAULT_REGION"]).map(|(_, value)| value);
        }
        Ok(self)
    }

    /// The region that signatures name.
    pub fn region(&self) -> &str {
        self.region.as_deref().unwrap_or("us-east-1")
    }

    /// The server that is asked.
    pub fn server(&self) -> Endpoint {
        self.endpoint.clone().unwrap_or_else(|| Endpoint::amazon(self.region()))
    }

    /// What stands before every key: server and bucket as one address, without a slash at its end.
    pub fn base(&self) -> String {
        let addressing = self.addressing.unwrap_or(match self.endpoint {
            Some(_) => Addressing::Path,
            // No certificate of Amazon's covers a name with further dots.
            None if self.bucket.name.contains('.') => Addressing::Path,
            None => Addressing::Virtual,
        });
        self.server().base(&self.bucket.name, addressing)
    }
}

/// Delivers a parcel into the folder of the target's bucket.
///
/// # Errors
/// [`S3Error`]; every object is then the one that was there before, or a whole new one.
#[cfg(feature = "s3")]
pub fn deliver(
    target: &S3Target,
    parcel: &Parcel,
    environment: &Environment<'_>,
) -> Result<Receipt, S3Error> {
    let ways = client::Ways::find(target, environment)?;
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        built.map_err(|e| S3Error::Setting { what: "the network".into(), reason: e.to_string() })?;
    let mut upload = upload::Upload::new(target, parcel);
    let outcome = super::attempt::repeat(
        target.retry,
        || runtime.block_on(upload.attempt(ways.store(target)?)),
        |attempts, reason| S3Error::Connection { server: target.server().authority(), attempts, reason },
    );
    if outcome.is_err()
        && let Ok(store) = ways.store(target)
    {
        runtime.block_on(upload.abandon(store));
    }
    outcome.map(|((), attempts)| Receipt { bytes: parcel.bytes(), attempts })
}

/// Says that this build cannot.
///
/// # Errors
/// Always.
#[cfg(not(feature = "s3"))]
pub fn deliver(_: &S3Target, _: &Parcel, _: &Environment<'_>) -> Result<Receipt, S3Error> {
    Err(S3Error::Unavailable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(address: &str) -> S3Target {
        S3Target {
            bucket: Bucket::parse(address).unwrap(),
            endpoint: None,
            region: None,
            addressing: None,
            login: Login::default(),
            marker: None,
            keep_absent: false,
            retry: Retry::default(),
            patience: Patience::default(),
        }
    }

    #[test]
    fn amazon_and_other_servers_are_asked_in_the_way_that_fits_them() {
        let none = |_: &str| None;
        let plain = target("s3://north/x.zip").completed(&none).unwrap();
        assert_eq!(plain.base(), "https://north.s3.us-east-1.amazonaws.com");
        let dotted = target("s3://north.example/x.zip").completed(&none).unwrap();
        assert_eq!(dotted.base(), "https://s3.us-east-1.amazonaws.com/north.example");
        let china = |name: &str| (name == "AWS_DEFAULT_REGION").then(|| "cn-north-1".to_owned());
        let china = target("s3://north/x.zip").completed(&china).unwrap();
        assert_eq!(china.base(), "https://north.s3.cn-north-1.amazonaws.com.cn");
        let own = |name: &str| match name {
            "AWS_ENDPOINT_URL" => Some("https://store.example:9000/".to_owned()),
            "AWS_REGION" => Some("garage".to_owned()),
            _ => None,
        };
        let own = target("s3://north/x.zip").completed(&own).unwrap();
        assert_eq!((own.base().as_str(), own.region()), ("https://store.example:9000/north", "garage"));
        let hosted = S3Target { addressing: Some(Addressing::Virtual), ..own };
        assert_eq!(hosted.base(), "https://north.store.example:9000");
        let plain = |name: &str| (name == "AWS_ENDPOINT_URL_S3").then(|| "http://store.example".to_owned());
        let told = target("s3://north/x.zip").completed(&plain).unwrap_err();
        assert!(told.starts_with("AWS_ENDPOINT_URL_S3: ") && told.contains("https"), "{told}");
    }
}
