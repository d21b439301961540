//! Targets in buckets of S3-compatible object stores, from flags or from a profile.
//!
//! In: flags of `deliver`, or settings of section `publish`, which say the same; an address; the environment. Out: a [`Target`], or why
//! there can be none. Nothing is connected, and no secret is read.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::config::publish::{BucketIn, Publish};
use crate::publish::attempt::Patience;
use crate::publish::delivery::Target;
use crate::publish::parcel::Form;
use crate::publish::s3::{self, Addressing, Bucket, Endpoint, Login, S3Target};
use crate::retry::Retry;
use crate::secret::SecretPlace;

/// How buckets are reached.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "S3")]
pub struct S3Args {
    /// Server of s3:// targets [default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, else Amazon's]
    #[arg(long, value_name = "https://HOST:PORT")]
    pub s3_endpoint: Option<String>,
    /// Region of the bucket [default: AWS_REGION, AWS_DEFAULT_REGION, else us-east-1]
    #[arg(long, value_name = "REGION")]
    pub s3_region: Option<String>,
    /// Where the name of the bucket stands [default: virtual at Amazon, path elsewhere]
    #[arg(long, value_enum, hide_possible_values = true, value_name = "path|virtual")]
    pub s3_addressing: Option<AddressingName>,
    /// Id of the access key [default: AWS_ACCESS_KEY_ID, else a role of this machine]
    #[arg(long, value_name = "ID")]
    pub s3_access_key: Option<String>,
    /// File whose first line is its secret key [default: ROSTERPACK_S3_SECRET_KEY]
    #[arg(long, value_name = "FILE")]
    pub s3_secret_key_file: Option<PathBuf>,
    /// Command whose first line of output is its secret key
    #[arg(long, value_name = "COMMAND")]
    pub s3_secret_key_command: Option<String>,
}

/// Places for the name of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AddressingName {
    /// In the path
    Path,
    /// In the name of the server
    Virtual,
}

/// What all targets at servers have in common.
#[derive(Debug, Clone)]
pub struct Served {
    /// An empty file that says that everything has arrived.
    pub marker: Option<String>,
    /// Whether loose files that the package does not hold stay.
    pub keep_absent: bool,
    /// How often a connection is tried.
    pub retry: Retry,
    /// How long to wait for it.
    pub patience: Patience,
}

impl Served {
    /// What flags or settings say: attempts, and seconds to wait for a connection and for any sign of life.
    pub fn new(marker: Option<String>, keep_absent: bool, attempts: u32, connect: u64, idle: u64) -> Served {
        let (first, max) = (Duration::from_secs(1), Duration::from_secs(60));
        Served {
            marker,
            keep_absent,
            retry: Retry { attempts, first, max },
            patience: Patience { connect: Duration::from_secs(connect), idle: Duration::from_secs(idle) },
        }
    }
}

impl From<&Publish> for S3Args {
    fn from(publish: &Publish) -> S3Args {
        S3Args {
            s3_endpoint: publish.s3_endpoint.clone(),
            s3_region: publish.s3_region.clone(),
            s3_addressing: publish.s3_addressing.map(|place| match place {
                BucketIn::Path => AddressingName::Path,
                BucketIn::Host => AddressingName::Virtual,
            }),
            s3_access_key: publish.s3_access_key.clone(),
            s3_secret_key_file: publish.s3_secret_key_file.clone(),
            s3_secret_key_command: publish.s3_secret_key_command.clone(),
        }
    }
}

impl S3Args {
    /// The target of an address; marker, patience and the like are those of servers.
    ///
    /// # Errors
    /// What is wrong with it, or that this build has no such targets.
    pub fn target(
        &self,
        address: &str,
        form: Form,
        like: &Served,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Target, String> {
        let bucket = Bucket::parse(address)?;
        if !s3::AVAILABLE {
            return Err(format!("{}: {}", s3::UNAVAILABLE, s3::S3Error::Unavailable.help()));
        }
        let endpoint = self.s3_endpoint.as_deref().map(Endpoint::parse).transpose();
        let target = S3Target {
            bucket,
            endpoint: endpoint
                .map_err(|why| format!("the endpoint of s3:// targets cannot be used: {why}"))?,
            region: self.s3_region.clone(),
            addressing: self.s3_addressing.map(|place| match place {
                AddressingName::Path => Addressing::Path,
                AddressingName::Virtual => Addressing::Virtual,
            }),
            login: Login {
                access_key: self.s3_access_key.clone(),
                secret_key: SecretPlace::new(
                    "ROSTERPACK_S3_SECRET_KEY",
                    &self.s3_secret_key_file,
                    &self.s3_secret_key_command,
                ),
            },
            marker: like.marker.clone(),
            keep_absent: like.keep_absent,
            retry: like.retry,
            patience: like.patience,
        };
        Target::s3(target.completed(environment)?, form)
    }
}
