//! The bucket where bytes arrive.

use std::time::Duration;

use aws::Aws;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{MetadataDirective, ServerSideEncryption, TaggingDirective};
use domain::Announcement;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::documents::{Documents, base64_of_hex, presigning};
use crate::{ObjectsError, client};

/// The bucket.
#[derive(Clone)]
pub struct Incoming {
    client: Client,
    bucket: String,
}

/// Where to put bytes, with which headers.
#[derive(Debug)]
pub struct Target {
    /// The address, signed.
    pub url: String,
    /// Headers that must be sent as they are.
    pub headers: Vec<(String, String)>,
}

/// Bytes that have arrived.
pub struct Arrived {
    stream: ByteStream,
    /// Their length, as the bucket says.
    pub size: u64,
    /// Which bytes exactly: copies are made of these or not at all.
    etag: String,
}

impl Arrived {
    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// [`ObjectsError::Unavailable`] when they stop coming.
    pub async fn next(&mut self) -> Result<Option<impl AsRef<[u8]> + use<>>, ObjectsError> {
        self.stream.try_next().await.map_err(|error| ObjectsError::Unavailable(error.to_string()))
    }
}

impl Incoming {
    /// The bucket of that name.
    #[must_use]
    pub fn new(aws: &Aws, bucket: &str) -> Self {
        Self { client: client(aws), bucket: bucket.to_owned() }
    }

    /// An address where exactly the announced bytes may be put for so long: length, type and SHA-256 are signed.
    ///
    /// # Errors
    /// [`ObjectsError::Refused`] when there is nothing to sign with.
    pub async fn target(
        &self,
        key: &str,
        announcement: &Announcement,
        valid: Duration,
    ) -> Result<Target, ObjectsError> {
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(&announcement.content_type)
            .content_length(i64::try_from(announcement.size).unwrap_or(i64::MAX))
            .checksum_sha256(base64_of_hex(&announcement.sha256));
        let signed = put.presigned(presigning(valid)?).await.map_err(|error| ObjectsError::of(&error))?;
        let headers = signed.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Target { url: signed.uri().to_owned(), headers })
    }

    /// The bytes that arrived under this key.
    ///
    /// # Errors
    /// [`ObjectsError`]; [`ObjectsError::Gone`] when there are none.
    pub async fn open(&self, key: &str) -> Result<Arrived, ObjectsError> {
        let got = Box::pin(self.client.get_object().bucket(&self.bucket).key(key).send()).await;
        let got = got.map_err(|error| ObjectsError::of(&error))?;
        let size = got.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or_default();
        Ok(Arrived { size, etag: got.e_tag().unwrap_or_default().to_owned(), stream: got.body })
    }

    /// Copies the bytes, if they still are the ones that were read, into the bucket of documents.
    ///
    /// # Errors
    /// [`ObjectsError`]; [`ObjectsError::Gone`] when they are others by now.
    pub async fn copy(
        &self,
        key: &str,
        read: &Arrived,
        (documents, to): (&Documents, &str),
        content_type: &str,
        is_special: bool,
    ) -> Result<(), ObjectsError> {
        let source = format!("{}/{}", self.bucket, utf8_percent_encode(key, NON_ALPHANUMERIC));
        let mut copy = self
            .client
            .copy_object()
            .bucket(documents.bucket())
            .key(to)
            .copy_source(source)
            .copy_source_if_match(&read.etag)
            .metadata_directive(MetadataDirective::Replace)
            .tagging_directive(TaggingDirective::Replace)
            .content_type(content_type);
        if is_special {
            copy = copy.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id(documents.special_key());
        }
        Box::pin(copy.send()).await.map(drop).map_err(|error| ObjectsError::of(&error))
    }

    /// Deletes the bytes under this key, if there are any.
    ///
    /// # Errors
    /// [`ObjectsError`].
    pub async fn delete(&self, key: &str) -> Result<(), ObjectsError> {
        let deleted = Box::pin(self.client.delete_object().bucket(&self.bucket).key(key).send()).await;
        deleted.map(drop).map_err(|error| ObjectsError::of(&error))
    }
}
