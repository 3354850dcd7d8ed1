//! A small GET over the HTTP stack that the SDK brings anyway, so that no second one is linked.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use crate::trust;

/// Most bytes of an answer that are read.
const MOST: usize = 256 * 1024;

/// Fetches small documents (an issuer's keys) from hosts trusted by the system's store.
pub struct Fetch {
    time_limit: Duration,
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
    #[error("the answer is larger than {MOST} bytes")]
    TooLarge,
}

impl Fetch {
    /// With a limit for each whole request.
    #[must_use]
    pub const fn within(time_limit: Duration) -> Self {
        Self { time_limit }
    }

    /// The bytes of the document at this address.
    ///
    /// # Errors
    /// When they are not to be had, see [`FetchError`].
    pub async fn get(&self, address: &str) -> Result<Vec<u8>, FetchError> {
        match tokio::time::timeout(self.time_limit, get(address)).await {
            Ok(answer) => answer,
            Err(_) => Err(FetchError::Late(self.time_limit)),
        }
    }
}

async fn get(address: &str) -> Result<Vec<u8>, FetchError> {
    let mut request = HttpRequest::new(SdkBody::empty());
    request.set_uri(address.to_owned()).map_err(|_| FetchError::Address(address.to_owned()))?;
    request.headers_mut().insert("accept", "application/json");
    let connector = trust::connector(trust::system_roots());
    let response = connector.call(request).await.map_err(|error| FetchError::Connection(format!("{error:?}")))?;
    let status = response.status().as_u16();
    if status != 200 {
        return Err(FetchError::Status(status));
    }
    let mut body = ByteStream::new(response.into_body());
    let mut bytes = Vec::new();
    while let Some(chunk) = body.next().await {
        bytes.extend_from_slice(&chunk.map_err(|error| FetchError::Connection(error.to_string()))?);
        if bytes.len() > MOST {
            return Err(FetchError::TooLarge);
        }
    }
    Ok(bytes)
}
