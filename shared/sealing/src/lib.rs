//! Secrets at rest: sealed and opened with a KMS key of their own. The only place that knows KMS.
//!
//! What is sealed is bound to its owner (KMS's encryption context): moved to another endpoint or organisation it does
//! not open. A secret has at most 128 bytes, so KMS encrypts it itself, and there is no data key to take care of.
//!
//! Calls are boxed: an operation of the SDK is a future of some 30 KB, which would lie in that of every caller.

mod error;

pub use error::SealingError;

use aws::Aws;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::webhook::Secret;
use domain::{OrganisationId, WebhookId};

/// Whose secret it is.
pub type Owner<'o> = (OrganisationId, &'o WebhookId);

/// Seals and opens secrets. What a function may do with the key is in its role.
#[derive(Clone)]
pub struct SecretKey {
    client: Client,
    key: String,
}

impl SecretKey {
    /// The key of that ARN, without touching it.
    #[must_use]
    pub fn new(aws: &Aws, key: &str) -> Self {
        Self { client: Client::new(aws.config()), key: key.to_owned() }
    }

    /// Encrypts a secret, to base64.
    ///
    /// # Errors
    /// [`SealingError`].
    pub async fn seal(&self, secret: &Secret, (organisation, webhook): Owner<'_>) -> Result<String, SealingError> {
        let encrypt = self
            .client
            .encrypt()
            .key_id(&self.key)
            .plaintext(Blob::new(secret.reveal().as_bytes()))
            .encryption_context("organisation", organisation.to_string())
            .encryption_context("webhook", webhook.to_string());
        let sealed = Box::pin(encrypt.send()).await.map_err(|error| SealingError::of(&error))?;
        let sealed = sealed.ciphertext_blob.ok_or(SealingError::Unreadable)?;
        Ok(STANDARD.encode(sealed))
    }

    /// Decrypts what was sealed for this owner.
    ///
    /// # Errors
    /// [`SealingError`], also when it was sealed for somebody else.
    pub async fn open(&self, sealed: &str, (organisation, webhook): Owner<'_>) -> Result<Secret, SealingError> {
        let sealed = STANDARD.decode(sealed).map_err(|_| SealingError::Unreadable)?;
        let decrypt = self
            .client
            .decrypt()
            .key_id(&self.key)
            .ciphertext_blob(Blob::new(sealed))
            .encryption_context("organisation", organisation.to_string())
            .encryption_context("webhook", webhook.to_string());
        let opened = Box::pin(decrypt.send()).await.map_err(|error| SealingError::of(&error))?;
        let opened = opened.plaintext.ok_or(SealingError::Unreadable)?;
        let text = String::from_utf8(opened.into_inner()).map_err(|_| SealingError::Unreadable)?;
        Secret::parse(&text).map_err(|_| SealingError::Unreadable)
    }
}
