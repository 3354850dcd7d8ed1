//! Small requests to hosts that are not AWS's, over the HTTP stack that the SDK brings anyway, so that no second one is
//! linked.
//!
//! Such hosts are trusted by the system's certificate store, which is read when the first request is made. Redirects
//! are not followed, and no connection is kept: between two requests a function may be frozen for minutes, and a
//! connection that died meanwhile looks alive.

use std::sync::OnceLock;
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use crate::trust;

/// Most bytes of an answer that are read, unless said.
const MOST: usize = 256 * 1024;
/// Some hosts refuse whoever does not say who he is.
const USER_AGENT: &str = concat!("buyer-onboarding/", env!("CARGO_PKG_VERSION"));

/// Fetches small documents (an issuer's keys) and asks small questions (about a VAT number).
pub struct Fetch {
    time_limit: Duration,
    most: usize,
    connector: OnceLock<Connector>,
}

/// What a host answered, whatever its status.
pub struct Fetched {
    /// The HTTP status.
    pub status: u16,
    /// Seconds to wait, where `Retry-After` says so as a number.
    pub retry_after: Option<u32>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address cannot be requested.
    #[error("{0} is no address to fetch from")]
    Address(String),
    /// No whole answer in time.
    #[error("no answer within {} ms", .0.as_millis())]
    Late(Duration),
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// Another status than 200.
    #[error("answered with status {0}")]
    Status(u16),
    /// More bytes than any such document has.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
}

impl Fetch {
    /// With a limit for each whole request; of that, 3 s for the connection. Answers have at most 256 KiB.
    #[must_use]
    pub const fn within(time_limit: Duration) -> Self {
        Self { time_limit, most: MOST, connector: OnceLock::new() }
    }

    /// The same, for answers of at most so many bytes.
    #[must_use]
    pub fn at_most(self, bytes: usize) -> Self {
        Self { most: bytes, ..self }
    }

    /// The bytes of the document at this address.
    ///
    /// # Errors
    /// When they are not to be had, see [`FetchError`].
    pub async fn get(&self, address: &str) -> Result<Vec<u8>, FetchError> {
        let fetched = self.in_time(request(address, SdkBody::empty())?).await?;
        if fetched.status == 200 { Ok(fetched.body) } else { Err(FetchError::Status(fetched.status)) }
    }

    /// What this address answers to a JSON document.
    ///
    /// # Errors
    /// When there is no whole answer; another status than 200 is one.
    pub async fn post_json(&self, address: &str, document: Vec<u8>) -> Result<Fetched, FetchError> {
        let mut request = request(address, SdkBody::from(document))?;
        request.set_method("POST").map_err(|_| FetchError::Address(address.to_owned()))?;
        request.headers_mut().insert("content-type", "application/json");
        self.in_time(request).await
    }

    async fn in_time(&self, request: HttpRequest) -> Result<Fetched, FetchError> {
        match tokio::time::timeout(self.time_limit, self.call(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(FetchError::Late(self.time_limit)),
        }
    }

    async fn call(&self, request: HttpRequest) -> Result<Fetched, FetchError> {
        let connector = self.connector.get_or_init(|| trust::connector(trust::system_roots()));
        let response = connector.call(request).await.map_err(|error| FetchError::Connection(format!("{error:?}")))?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after").and_then(|seconds| seconds.trim().parse().ok());
        let mut body = ByteStream::new(response.into_body());
        let mut bytes = Vec::new();
        while let Some(chunk) = body.next().await {
            bytes.extend_from_slice(&chunk.map_err(|error| FetchError::Connection(error.to_string()))?);
            if bytes.len() > self.most {
                return Err(FetchError::TooLarge(self.most));
            }
        }
        Ok(Fetched { status, retry_after, body: bytes })
    }
}

fn request(address: &str, body: SdkBody) -> Result<HttpRequest, FetchError> {
    let mut request = HttpRequest::new(body);
    request.set_uri(address.to_owned()).map_err(|_| FetchError::Address(address.to_owned()))?;
    request.headers_mut().insert("accept", "application/json");
    request.headers_mut().insert("user-agent", USER_AGENT);
    Ok(request)
}
