//! Buckets that do not answer.

use http_edge::Problem;
use objects::ObjectsError;
use storage::StorageError;

/// What a bucket answered, in the terms of whoever waits for it before writing.
pub(crate) fn stored<T>(answered: Result<T, ObjectsError>) -> Result<T, StorageError> {
    answered.map_err(|error| match error {
        ObjectsError::Unavailable(why) => StorageError::Unavailable(why),
        ObjectsError::Gone | ObjectsError::Refused(_) => StorageError::Refused(error.to_string()),
    })
}

/// What a bucket answered, in the terms of the client.
pub(crate) fn answered<T>(answered: Result<T, ObjectsError>) -> Result<T, Problem> {
    Ok(stored(answered)?)
}
