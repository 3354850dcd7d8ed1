//! What every function's process shares: its start, and how it reaches AWS without the provider chain of
//! `aws-config`.
//!
//! On Lambda everything is in the environment: region, credentials, and (for local work) an endpoint.
//! Trust is the five roots that AWS services chain to, which saves reading ~145 certificates of the
//! system store at every cold start; [`Aws::with_system_roots`] is the way out should AWS add a root.

mod fetch;
mod process;
mod trust;

use std::env;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
pub use aws_types::SdkConfig;
use aws_types::region::Region;

pub use fetch::{Fetch, FetchError, Fetched};
pub use process::main;

/// Where AWS is and who we are there; every client is made from [`Aws::config`].
#[derive(Clone, Debug)]
pub struct Aws {
    config: SdkConfig,
}

/// A variable that Lambda always sets is missing.
#[derive(Debug, thiserror::Error)]
#[error("the environment variable {0} is not set")]
pub struct NotSet(pub &'static str);

/// The value of a required environment variable.
///
/// # Errors
/// When it is unset or empty.
pub fn required(name: &'static str) -> Result<String, NotSet> {
    env::var(name).ok().filter(|value| !value.is_empty()).ok_or(NotSet(name))
}

impl Aws {
    /// From the environment, as Lambda sets it. `AWS_ENDPOINT_URL` redirects all services, and
    /// `AWS_CA_BUNDLE` names a PEM file to trust instead of the Amazon roots.
    ///
    /// # Errors
    /// When region or credentials are missing.
    pub fn from_env() -> Result<Self, NotSet> {
        let credentials = Credentials::new(
            required("AWS_ACCESS_KEY_ID")?,
            required("AWS_SECRET_ACCESS_KEY")?,
            env::var("AWS_SESSION_TOKEN").ok(),
            None,
            "environment",
        );
        let region = required("AWS_REGION").or_else(|_| required("AWS_DEFAULT_REGION"))?;
        Ok(Self::with(credentials, region, env::var("AWS_ENDPOINT_URL").ok().filter(|url| !url.is_empty())))
    }

    /// An emulator at this address; for tools and tests.
    #[must_use]
    pub fn local(endpoint: &str, region: &str) -> Self {
        let credentials = Credentials::new("test", "test", None, None, "local");
        Self::with(credentials, region.to_owned(), Some(endpoint.to_owned()))
    }

    /// The same, waiting half a minute for an answer; for tools and tests, to which nothing is worse than an answer that
    /// comes after they gave it up.
    #[must_use]
    pub fn patient(self) -> Self {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(Duration::from_secs(30))
            .operation_timeout(Duration::from_mins(1))
            .build();
        Self { config: self.config.into_builder().timeout_config(timeouts).build() }
    }

    fn with(credentials: Credentials, region: String, endpoint: Option<String>) -> Self {
        // A DynamoDB call takes single-digit milliseconds: one that takes two seconds is lost.
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            .operation_attempt_timeout(Duration::from_secs(2))
            .operation_timeout(Duration::from_secs(6))
            .build();
        let retries = RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(50));
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .region(Region::new(region))
            .http_client(trust::client(trust::aws_roots()))
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .timeout_config(timeouts)
            .retry_config(retries);
        config.set_endpoint_url(endpoint);
        Self { config: config.build() }
    }

    /// The same, trusting the system's certificate store.
    #[must_use]
    pub fn with_system_roots(&self) -> Self {
        let config = self.config.to_builder().http_client(trust::client(trust::system_roots())).build();
        Self { config }
    }

    /// What service clients are made from.
    #[must_use]
    pub const fn config(&self) -> &SdkConfig {
        &self.config
    }
}
