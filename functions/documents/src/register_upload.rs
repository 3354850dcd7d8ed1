//! Bytes arrived in the bucket `incoming`: they become a document, or the upload says why not.
//!
//! ```text
//! read + hash + judge ──not what was announced, or no document──▶ REJECTED, bytes deleted
//!         │
//!         └─good─▶ copy to `documents` ─▶ one transaction: document, pointer, revision, REGISTERED ─▶ bytes deleted
//! ```
//!
//! Killed anywhere, the message comes again: the copy is made of the same bytes under the same key, the transaction
//! happens once, and an upload that is over only has its bytes deleted.

use std::collections::VecDeque;

use content::Inspector;
use domain::{BuyerId, Instant, MOST_UPLOAD, RequestId, UploadId};
use http_edge::Kind;
use messaging::Message;
use objects::{Arrived, Documents, Incoming, ObjectsError, document_key, parse_upload_key, upload_key};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use storage::{RegisterUploads, Registered, StorageError, Upload, UploadState};
use tracing::{info, warn};

use crate::judgement::{Unacceptable, judge};
use crate::unavailable::stored;

/// What a registration needs.
pub(crate) struct Registration {
    pub(crate) uploads: RegisterUploads,
    pub(crate) incoming: Incoming,
    pub(crate) documents: Documents,
}

/// A message of the bucket (S3 user guide, "Event message structure").
#[derive(Deserialize)]
struct Notification {
    /// Absent in the test event that S3 sends when a bucket is connected.
    #[serde(rename = "Records", default)]
    records: VecDeque<Record>,
}

#[derive(Deserialize)]
struct Record {
    s3: Entity,
}

#[derive(Deserialize)]
struct Entity {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    /// Encoded as in a form.
    key: String,
}

/// Registers what a message tells of.
pub(crate) async fn register_upload(message: &Message, registration: &Registration) -> Result<(), RegisterError> {
    let notification: Notification = serde_json::from_str(&message.body)?;
    for Record { s3: Entity { object } } in notification.records {
        let key = percent_decode_str(&object.key.replace('+', " ")).decode_utf8_lossy().into_owned();
        if let Some(named) = parse_upload_key(&key) {
            registration.register(named, &message.id, storage::now()).await?;
        } else {
            warn!("Bytes arrived under a key that no upload has; they stay until the bucket forgets them");
        }
    }
    Ok(())
}

/// Why a message has to come again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegisterError {
    #[error("the message is no notification of a bucket: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Objects(#[from] ObjectsError),
}

impl Registration {
    async fn register(
        &self,
        (buyer, id): (BuyerId, UploadId),
        request: &RequestId,
        now: Instant,
    ) -> Result<(), RegisterError> {
        let key = upload_key(buyer, id);
        let Some(upload) = self.uploads.waiting(buyer, id).await? else {
            info!(%buyer, upload = %id, "Nobody waits for these bytes any more");
            return Ok(self.incoming.delete(&key).await?);
        };
        let mut arrived = match self.incoming.open(&key).await {
            Ok(arrived) => arrived,
            // Another delivery of this message was quicker.
            Err(ObjectsError::Gone) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let ended = match inspect(&mut arrived, &upload).await? {
            Ok(()) => self.keep(&key, (buyer, &upload), &arrived, request, now).await?,
            Err(refusal) => {
                let (problem, detail) = (refusal.kind.id().to_owned(), refusal.detail());
                self.uploads.end(buyer, &upload, UploadState::Rejected { problem, detail }).await?
            }
        };
        info!(%buyer, upload = %id, ?ended, "The upload has ended");
        Ok(self.incoming.delete(&key).await?)
    }

    async fn keep(
        &self,
        key: &str,
        (buyer, upload): (BuyerId, &Upload),
        arrived: &Arrived,
        request: &RequestId,
        now: Instant,
    ) -> Result<Registered, StorageError> {
        let object = document_key(buyer, upload.uuid.document());
        let special = upload.announcement.statement.kind.is_special();
        let content_type = &upload.announcement.content_type;
        let to = (&self.documents, object.as_str());
        let copied = async { stored(self.incoming.copy(key, arrived, to, content_type, special).await) };
        self.uploads.register(buyer, upload, object.clone(), request, now, copied).await
    }
}

/// Reads the bytes, a piece at a time, and compares them with what was announced.
async fn inspect(arrived: &mut Arrived, upload: &Upload) -> Result<Result<(), Unacceptable>, ObjectsError> {
    let announced = &upload.announcement;
    if arrived.size != announced.size {
        return Ok(Err(other(format!("must have the announced {} bytes: it has {}", announced.size, arrived.size))));
    }
    let mut inspector = Inspector::new(MOST_UPLOAD);
    while let Some(piece) = arrived.next().await? {
        inspector.take(piece.as_ref());
    }
    let inspection = inspector.finish();
    if inspection.size != announced.size || hex::encode(inspection.sha256) != announced.sha256 {
        return Ok(Err(other("must have the announced SHA-256".to_owned())));
    }
    Ok(judge(&inspection, Some(&announced.content_type)).map(drop))
}

fn other(rule: String) -> Unacceptable {
    Unacceptable { kind: Kind::ValidationError, rule }
}
