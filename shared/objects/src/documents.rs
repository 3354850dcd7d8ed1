//! The bucket of documents.

use std::collections::BTreeSet;
use std::time::Duration;

use aws::Aws;
use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier, ServerSideEncryption};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::{BuyerId, Instant};

use crate::{ObjectsError, client};

/// The tag that the malware scan sets, and its good value.
const SCAN_TAG: &str = "GuardDutyMalwareScanStatus";
const SCAN_CLEAN: &str = "NO_THREATS_FOUND";

/// The bucket.
#[derive(Clone)]
pub struct Documents {
    client: Client,
    bucket: String,
    special_key: String,
}

/// What the malware scan says of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was found.
    Clean,
    /// It has not looked yet.
    NotYet,
    /// Something was found, or it could not look.
    NotClean,
}

impl Documents {
    /// The bucket of that name, and the key that special categories are encrypted under.
    #[must_use]
    pub fn new(aws: &Aws, bucket: &str, special_key: &str) -> Self {
        Self { client: client(aws), bucket: bucket.to_owned(), special_key: special_key.to_owned() }
    }

    /// Its name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    pub(crate) fn special_key(&self) -> &str {
        &self.special_key
    }

    /// Puts a document's bytes. Once more is as good as once: a key's bytes are always the same.
    ///
    /// # Errors
    /// [`ObjectsError`].
    pub async fn put(
        &self,
        key: &str,
        bytes: impl Into<Bytes>,
        (content_type, sha256): (&str, &str),
        is_special: bool,
    ) -> Result<(), ObjectsError> {
        let mut put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(content_type)
            .checksum_sha256(base64_of_hex(sha256))
            .body(ByteStream::from(bytes.into()));
        if is_special {
            put = put.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id(&self.special_key);
        }
        Box::pin(put.send()).await.map(drop).map_err(|error| ObjectsError::of(&error))
    }

    /// An address where whoever has it may fetch the bytes for so long, saved under that name.
    ///
    /// # Errors
    /// [`ObjectsError::Refused`] when there is nothing to sign with.
    pub async fn link(
        &self,
        key: &str,
        content_type: &str,
        disposition: &str,
        valid: Duration,
    ) -> Result<String, ObjectsError> {
        let presigning = presigning(valid)?;
        let get = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .response_content_type(content_type)
            .response_content_disposition(disposition)
            .response_cache_control("private, no-store");
        let signed = get.presigned(presigning).await.map_err(|error| ObjectsError::of(&error))?;
        Ok(signed.uri().to_owned())
    }

    /// All the bytes: at most 50 MiB.
    ///
    /// # Errors
    /// [`ObjectsError`]; [`ObjectsError::Gone`] when there are none.
    pub async fn read(&self, key: &str) -> Result<Vec<u8>, ObjectsError> {
        let got = Box::pin(self.client.get_object().bucket(&self.bucket).key(key).send()).await;
        let got = got.map_err(|error| ObjectsError::of(&error))?;
        let bytes = got.body.collect().await.map_err(|error| ObjectsError::Unavailable(error.to_string()))?;
        Ok(bytes.to_vec())
    }

    /// What the malware scan says of the bytes.
    ///
    /// # Errors
    /// [`ObjectsError`].
    pub async fn verdict(&self, key: &str) -> Result<Verdict, ObjectsError> {
        let tags = Box::pin(self.client.get_object_tagging().bucket(&self.bucket).key(key).send()).await;
        let tags = tags.map_err(|error| ObjectsError::of(&error))?;
        let scanned = tags.tag_set().iter().find(|tag| tag.key() == SCAN_TAG);
        Ok(match scanned.map(aws_sdk_s3::types::Tag::value) {
            Some(SCAN_CLEAN) => Verdict::Clean,
            Some(_) => Verdict::NotClean,
            None => Verdict::NotYet,
        })
    }

    /// Deletes every version of bytes of the buyer that no record names and that are older than that, left over where a
    /// request ended between its bytes and its record. How many there were.
    ///
    /// # Errors
    /// [`ObjectsError`].
    pub async fn erase_strays(
        &self,
        buyer: BuyerId,
        named: &[&str],
        older_than: Instant,
    ) -> Result<usize, ObjectsError> {
        let mut strays = BTreeSet::new();
        let mut from = None;
        loop {
            let list = self.client.list_object_versions().bucket(&self.bucket).prefix(format!("{buyer}/"));
            let listed = Box::pin(list.set_key_marker(from).send()).await.map_err(|error| ObjectsError::of(&error))?;
            for version in listed.versions() {
                let is_old = version.last_modified().is_some_and(|at| at.secs() < older_than.seconds());
                let key = version.key().filter(|key| is_old && !named.contains(key));
                strays.extend(key.map(str::to_owned));
            }
            from = listed.next_key_marker().map(str::to_owned);
            if from.is_none() {
                break;
            }
        }
        let mut erased = 0;
        for stray in strays {
            erased += self.erase(&stray).await?;
        }
        Ok(erased)
    }

    /// Deletes every version of the bytes: how many there were.
    ///
    /// # Errors
    /// [`ObjectsError`]; [`ObjectsError::Refused`] while the object is locked.
    pub async fn erase(&self, key: &str) -> Result<usize, ObjectsError> {
        let mut erased = 0;
        loop {
            let listed = Box::pin(self.client.list_object_versions().bucket(&self.bucket).prefix(key).send()).await;
            let listed = listed.map_err(|error| ObjectsError::of(&error))?;
            let versions = listed.versions().iter().map(|version| (version.key(), version.version_id()));
            let markers = listed.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
            let all: Vec<_> = versions
                .chain(markers)
                .filter(|(name, _)| *name == Some(key))
                .filter_map(|(_, version)| {
                    ObjectIdentifier::builder().key(key).set_version_id(version.map(str::to_owned)).build().ok()
                })
                .collect();
            if all.is_empty() {
                return Ok(erased);
            }
            erased += all.len();
            let delete = Delete::builder().set_objects(Some(all)).quiet(true).build();
            let delete = delete.map_err(|error| ObjectsError::Refused(error.to_string()))?;
            // Past a lock in governance mode, for who may: the duty to erase outranks it.
            let delete = self.client.delete_objects().bucket(&self.bucket).delete(delete);
            let deleted = Box::pin(delete.bypass_governance_retention(true).send()).await;
            let deleted = deleted.map_err(|error| ObjectsError::of(&error))?;
            if let Some(refused) = deleted.errors().first() {
                return Err(ObjectsError::Refused(refused.code().unwrap_or("no code").to_owned()));
            }
        }
    }
}

pub(crate) fn presigning(valid: Duration) -> Result<PresigningConfig, ObjectsError> {
    PresigningConfig::expires_in(valid).map_err(|error| ObjectsError::Refused(error.to_string()))
}

/// S3 writes checksums in base64, the contract in hex.
pub(crate) fn base64_of_hex(sha256: &str) -> String {
    STANDARD.encode(hex::decode(sha256).unwrap_or_default())
}
