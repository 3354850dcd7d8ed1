//! Why the table did not answer.

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// What a caller of this crate can do about a failure: nothing but try later, or nothing at all.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The table is out of reach, throttled or contended beyond the retries made here. A later attempt may
    /// succeed; a write may or may not have happened, and a repeat with the same idempotency key finds out.
    #[error("the table could not be reached or is overloaded: {0}")]
    Unavailable(String),
    /// Items of a transaction were held by others, or throttled, beyond the retries made here. Otherwise like
    /// [`StorageError::Unavailable`].
    #[error("the items are held by others or overloaded: {0}")]
    Contended(String),
    /// No connection: name resolution, network or trust. Otherwise like [`StorageError::Unavailable`].
    #[error("there is no connection to the table")]
    Unreachable,
    /// The request was refused for good: a missing permission, a missing table, a bug.
    #[error("the table refused: {0}")]
    Refused(String),
    /// An item is not what this version of the code writes.
    #[error("an item of the table cannot be read: {0}")]
    Unreadable(String),
}

impl StorageError {
    /// Whether a later attempt may succeed.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Contended(_) | Self::Unreachable)
    }

    /// What a line that reports it says in its field `alarm`, which a metric filter counts: nothing of what passes.
    #[must_use]
    pub fn alarm(&self) -> Option<&'static str> {
        (!self.is_temporary()).then_some("stuck")
    }
}

/// Error codes that say "not now". Everything else that the service answers is final.
const TEMPORARY: [&str; 10] = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "ThrottlingError",
    "InternalServerError",
    "InternalFailure",
    "ServiceUnavailable",
    "TransactionInProgressException",
    "TransactionConflictException",
    "LimitExceededException",
];

impl StorageError {
    /// Sorts an SDK error: whatever was not answered, or answered with "not now", is temporary.
    pub(crate) fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata,
    {
        let Some(answer) = error.as_service_error() else {
            return match error {
                SdkError::ConstructionFailure(_) => Self::Refused("the request could not be built".to_owned()),
                SdkError::TimeoutError(_) => Self::Unavailable("no answer in time".to_owned()),
                SdkError::DispatchFailure(_) => Self::Unreachable,
                _ => Self::Unavailable("the answer could not be read".to_owned()),
            };
        };
        // Something on the way may answer for the service, with a page instead of a code.
        let server_error = error.raw_response().is_some_and(|response| response.status().as_u16() >= 500);
        let code = answer.code().unwrap_or("unknown");
        // The message of a service error names tables and roles, never items.
        let text = format!("{code}: {}", answer.message().unwrap_or_default());
        if server_error || TEMPORARY.contains(&code) { Self::Unavailable(text) } else { Self::Refused(text) }
    }
}

impl From<serde_dynamo::Error> for StorageError {
    fn from(error: serde_dynamo::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}
