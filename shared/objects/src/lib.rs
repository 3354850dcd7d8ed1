//! The buckets of documents: the only place that knows S3.
//!
//! Bytes arrive in `incoming`, where they are forgotten after a day, or come with a request; what was judged good lies
//! in `documents`, under keys made of ids, and is never overwritten: a document's key holds its bytes' hash by way of
//! its id. Special categories are encrypted under a key of their own.
//!
//! Calls are boxed: an operation of the SDK is a future of some 30 KB, which would lie in that of every caller.

mod disposition;
mod documents;
mod error;
mod incoming;

pub use disposition::attachment;
pub use documents::{Documents, Verdict};
pub use error::ObjectsError;
pub use incoming::{Arrived, Incoming, Target};

use aws::Aws;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Builder, RequestChecksumCalculation, ResponseChecksumValidation};
use domain::{BuyerId, DocumentId, UploadId};
use std::time::Duration;

/// The key of a document's bytes: ids only, no personal data.
#[must_use]
pub fn document_key(buyer: BuyerId, document: DocumentId) -> String {
    format!("{buyer}/{document}")
}

/// The key of an upload's bytes.
#[must_use]
pub fn upload_key(buyer: BuyerId, upload: UploadId) -> String {
    format!("{buyer}/{upload}")
}

/// The buyer and the upload that a key of `incoming` names.
#[must_use]
pub fn parse_upload_key(key: &str) -> Option<(BuyerId, UploadId)> {
    let (buyer, upload) = key.split_once('/')?;
    Some((buyer.parse().ok()?, upload.parse().ok()?))
}

/// A megabyte takes longer than an item: an attempt may take six seconds. An endpoint's own deadline comes before the third.
fn client(aws: &Aws) -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(6))
        .build();
    let config = Builder::from(aws.config())
        .timeout_config(timeouts)
        // Ours is SHA-256, and always given.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        // What is read is compared with the announced SHA-256: once is enough.
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        // An emulator has no host a bucket.
        .force_path_style(aws.config().endpoint_url().is_some())
        .build();
    Client::from_conf(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_incoming_names_its_buyer_and_upload_and_nothing_else_does() {
        let (buyer, upload) = ("fedd4451-1358-5b15-b006-cfc60576f233", "0f8e2c5a-51b7-5d0a-9e63-4b1fa7c2d895");
        let key = upload_key(buyer.parse().unwrap(), upload.parse().unwrap());
        assert_eq!(key, format!("{buyer}/{upload}"));
        assert_eq!(parse_upload_key(&key), Some((buyer.parse().unwrap(), upload.parse().unwrap())));
        for other in ["", "/", buyer, &format!("{key}/x"), &format!("{key}.pdf"), "../x"] {
            assert_eq!(parse_upload_key(other), None, "{other}");
        }
    }
}
