//! Receipts: what was answered under an idempotency key, for 24 hours.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::{ContactId, DocumentId, DocumentStatus, Instant, OrganisationId, Salt, UploadId, WebhookId};
use serde::{Deserialize, Serialize};

use crate::item::{self, Item};
use crate::key::Key;
use crate::{StorageError, Table, transaction};

/// The condition of a receipt: none stands there, or one whose 24 hours are over (TTL deletes days late).
const NO_LIVE_RECEIPT: &str = "attribute_not_exists(pk) OR expiresAt <= :now";

/// How long an answer is kept.
const LIFETIME_SECONDS: i64 = 24 * 60 * 60;

/// An answer in the terms it is kept and repeated in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers that belong to the answer itself: `location`, `etag`.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl Answer {
    /// An answer with a JSON body.
    ///
    /// # Panics
    /// When the value cannot be written as JSON (a map with keys that are no text): a bug.
    #[must_use]
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        let body = serde_json::to_string(body).expect("a resource can be written as JSON");
        Self { status, headers: Vec::new(), body: Some(body) }
    }

    /// An answer without a body.
    #[must_use]
    pub const fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: None }
    }

    /// The same, marked as a stored answer to an earlier request.
    #[must_use]
    pub fn replayed(self) -> Self {
        self.with("idempotent-replayed", "true")
    }

    /// The same with a header; names in lower case.
    #[must_use]
    pub fn with(mut self, header: &str, value: impl Into<String>) -> Self {
        self.headers.push((header.to_owned(), value.into()));
        self
    }
}

/// Under which key, and for which meaning of the request, an answer shall be remembered.
pub struct Remember {
    organisation: OrganisationId,
    key: String,
    meaning: String,
    at: Instant,
    /// Of every receipt this makes, so that our own one is known again after its answer was lost.
    salt: Salt,
}

/// What is kept of an answer. Personal data is not: it is shown again from the one place that erasure reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) answer: Answer,
    /// Where what the answer shows stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shows: Option<Shows>,
}

/// What an answer shows that is not kept with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Shows {
    /// A contact person.
    Person(PersonAt),
    /// A document, and what it was then.
    Document(DocumentId, DocumentStatus),
    /// An announced upload.
    Upload(UploadId),
    /// A webhook endpoint as of a revision.
    Webhook(WebhookId, u64),
}

/// A contact person as a revision left him.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PersonAt {
    pub(crate) contact: ContactId,
    pub(crate) seq: u64,
    pub(crate) created_at: Instant,
}

impl From<Answer> for Kept {
    fn from(answer: Answer) -> Self {
        Self { answer, shows: None }
    }
}

/// What the table holds under the key.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Receipt {
    salt: Salt,
    fingerprint: String,
    #[serde(flatten)]
    kept: Kept,
    /// Seconds since the epoch; the table's TTL attribute, which deletes days late.
    expires_at: i64,
}

/// What an earlier receipt says about a request.
pub(crate) enum Earlier {
    /// The very request that asks: its receipt was put, and the answer to that was lost.
    Ours(Kept),
    /// The same request: the answer again.
    Answered(Kept),
    /// Another request under the same key.
    Reused,
}

impl Remember {
    /// For this organisation (the same key of two is two keys), its `Idempotency-Key`, and method, path, precondition
    /// and *meaning* of the body as text, of which only a salted digest is stored. Personal data does not belong into
    /// the meaning: what is written about a person is compared with where it was written.
    #[must_use]
    pub fn new(organisation: OrganisationId, key: String, meaning: String, at: Instant) -> Self {
        Self { organisation, key, meaning, at, salt: Salt::fresh() }
    }

    /// The item that is the receipt of this answer.
    fn receipt(&self, kept: &Kept) -> Result<Item, StorageError> {
        let salt = self.salt.clone();
        let fingerprint = salt.digest(self.meaning.as_bytes());
        let expires_at = self.at.seconds() + LIFETIME_SECONDS;
        item::write(&self.item_key(), &Receipt { salt, fingerprint, kept: kept.clone(), expires_at })
    }

    /// Where the receipt stands.
    pub(crate) fn item_key(&self) -> Key {
        Key::receipt(self.organisation, &self.key)
    }

    fn now(&self) -> AttributeValue {
        AttributeValue::N(self.at.seconds().to_string())
    }

    /// The action that remembers this answer, unless a live receipt stands under the key.
    pub(crate) fn within_transaction(&self, table: &Table, kept: &Kept) -> Result<TransactWriteItem, StorageError> {
        Ok(transaction::put(table, self.receipt(kept)?, Some((NO_LIVE_RECEIPT, &[(":now", self.now())]))))
    }

    /// Whether the receipt's 24 hours are not over.
    pub(crate) fn is_live(&self, standing: &Item) -> bool {
        let expires_at = standing.get("expiresAt").and_then(|value| value.as_n().ok()).and_then(|at| at.parse().ok());
        expires_at.is_some_and(|at: i64| at > self.at.seconds())
    }

    /// What the live receipt among those items says, if there is one.
    pub(crate) fn earlier_among(&self, found: &[Item]) -> Result<Option<Earlier>, StorageError> {
        let key = self.item_key();
        let receipt = found.iter().find(|item| key.is_of(item) && self.is_live(item));
        receipt.map(|receipt| self.judge(receipt.clone())).transpose()
    }

    /// Judges the receipt that already stands under the key.
    pub(crate) fn judge(&self, standing: Item) -> Result<Earlier, StorageError> {
        let receipt: Receipt = item::read(standing)?;
        if receipt.salt == self.salt {
            return Ok(Earlier::Ours(receipt.kept));
        }
        let same = receipt.salt.digest(self.meaning.as_bytes()) == receipt.fingerprint;
        Ok(if same { Earlier::Answered(receipt.kept) } else { Earlier::Reused })
    }
}

impl Table {
    /// Remembers an answer that changed nothing else; `Some` is the receipt that was there before.
    pub(crate) async fn remember(&self, remember: &Remember, kept: &Kept) -> Result<Option<Earlier>, StorageError> {
        let receipt = remember.receipt(kept)?;
        let mut last = StorageError::Unavailable("never sent".to_owned());
        for attempt in 0..transaction::ATTEMPTS {
            transaction::pause(attempt).await;
            match self.put_if(receipt.clone(), (NO_LIVE_RECEIPT, &[(":now", remember.now())])).await {
                Ok(standing) => return standing.map(|standing| remember.judge(standing)).transpose(),
                // Repeated enough already.
                Err(error @ StorageError::Contended(_)) => return Err(error),
                Err(error) if error.is_temporary() => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }
}
