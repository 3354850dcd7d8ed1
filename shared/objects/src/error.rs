//! Why a bucket did not answer.

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// What a caller of this crate can do about a failure.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// Out of reach or overloaded: a later attempt may succeed.
    #[error("the bucket could not be reached or is overloaded: {0}")]
    Unavailable(String),
    /// There is no such object, or it is another one than was read before.
    #[error("there is no such object")]
    Gone,
    /// Refused for good: a missing permission, a missing bucket, a bug.
    #[error("the bucket refused: {0}")]
    Refused(String),
}

/// Codes that say "not now" under a status that says "never".
const TEMPORARY: [&str; 5] =
    ["SlowDown", "RequestTimeout", "ThrottlingException", "RequestLimitExceeded", "KMS.ThrottlingException"];

impl ObjectsError {
    pub(crate) fn of<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Self {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let code = error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or("no code").to_owned();
        match status {
            Some(404) if code != "NoSuchBucket" => Self::Gone,
            Some(412) => Self::Gone,
            Some(status @ (400..=499)) if !matches!(status, 408 | 409 | 429) && !TEMPORARY.contains(&code.as_str()) => {
                Self::Refused(format!("{status} {code}"))
            }
            Some(status) => Self::Unavailable(format!("{status} {code}")),
            None if matches!(error, SdkError::ConstructionFailure(_)) => {
                Self::Refused("the request could not be built".to_owned())
            }
            None => Self::Unavailable("no answer".to_owned()),
        }
    }
}
