//! Why a secret was not sealed or opened.

use aws_sdk_kms::config::http::HttpResponse;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};

/// What a caller of this crate can do about a failure. None says what the secret is.
#[derive(Debug, thiserror::Error)]
pub enum SealingError {
    /// Out of reach or overloaded: a later attempt may succeed.
    #[error("the key could not be reached or is overloaded: {0}")]
    Unavailable(String),
    /// Refused for good: a missing permission, a key that is disabled or gone, a secret of another owner.
    #[error("the key refused: {0}")]
    Refused(String),
    /// What was stored is no sealed secret.
    #[error("this is no sealed secret")]
    Unreadable,
}

/// Codes that say "not now" under a status that says "never".
const TEMPORARY: [&str; 6] = [
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "LimitExceededException",
    "DependencyTimeoutException",
    "KeyUnavailableException",
];

impl SealingError {
    pub(crate) fn of<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Self {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let code = error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or("no code").to_owned();
        match status {
            Some(status @ (400..=499)) if !matches!(status, 408 | 429) && !TEMPORARY.contains(&code.as_str()) => {
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
