//! Direct uploads: announced, then registered or rejected once their bytes have arrived.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    Actor, Announcement, BuyerId, Cause, DocumentId, DocumentSource, Instant, RequestId, SellerId, Source, UploadId,
};
use serde::{Deserialize, Serialize};

use crate::documents::{ActiveItem, NewDocument};
use crate::item;
use crate::key::Key;
use crate::modify::{Ended, Step};
use crate::receipt::{Earlier, Kept, Shows};
use crate::transaction::{self, NEW, Outcome};
use crate::{Answer, Remember, StorageError, Table};

/// How long bytes are waited for: as long as the request may be repeated, and the last address works. What has arrived by
/// then is registered whenever it is seen.
const WAITED_SECONDS: i64 = 24 * 60 * 60 + 15 * 60;
/// How long an upload can be looked at: a week.
const LIFETIME_SECONDS: i64 = 7 * 24 * 60 * 60;

/// The condition of whoever ends an upload: nobody did.
const STILL_PENDING: &str = "uploadState = :pending";

fn pending() -> (&'static str, AttributeValue) {
    (":pending", AttributeValue::S("PENDING".to_owned()))
}

/// What became of an upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "uploadState", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UploadState {
    /// Its bytes have not arrived, or are being judged.
    Pending,
    /// It is a document.
    Registered {
        /// Which.
        document: DocumentId,
    },
    /// Its bytes are not what was announced, or no document.
    Rejected {
        /// Of the published problem types: the last part of its `type`.
        problem: String,
        /// For people.
        detail: String,
    },
    /// Its bytes did not arrive in time.
    Expired,
}

/// An announced upload.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Upload {
    /// Its id.
    pub uuid: UploadId,
    /// Whose buyer's.
    pub seller: SellerId,
    /// What was announced.
    #[serde(flatten)]
    pub announcement: Announcement,
    /// What became of it.
    #[serde(flatten)]
    pub state: UploadState,
    /// Who announced it.
    pub actor: Actor,
    /// In which request.
    pub request_id: RequestId,
    /// When.
    pub announced_at: Instant,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UploadItem {
    #[serde(flatten)]
    upload: Upload,
    /// Seconds since the epoch.
    expires_at: i64,
}

/// How an announcement ended.
pub enum Announced {
    /// It is noted.
    Done(Answer, Box<Upload>),
    /// It was before.
    Replayed(Answer, Box<Upload>),
    /// The idempotency key was used for another request.
    KeyReused,
    /// The seller has no such buyer.
    NoBuyer,
}

/// Announces uploads.
#[derive(Clone)]
pub struct StartUploads(pub(crate) Table);

impl StartUploads {
    /// Notes what is about to be uploaded: blind, one transaction with the receipt on the condition that the buyer is
    /// the seller's. Nothing of the buyer changes.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn announce(
        &self,
        (seller, buyer): (SellerId, BuyerId),
        uuid: UploadId,
        announcement: Announcement,
        cause: &Cause,
        remember: &Remember,
    ) -> Result<Announced, StorageError> {
        let Cause { actor, request_id, at, .. } = cause.clone();
        let state = UploadState::Pending;
        let upload = Upload { uuid, seller, announcement, state, actor, request_id, announced_at: at };
        let kept = Kept { answer: Answer::empty(201), shows: Some(Shows::Upload(uuid)) };
        let key = Key::upload(buyer, uuid);
        let sellers = AttributeValue::S(seller.to_string());
        let actions = vec![
            remember.within_transaction(&self.0, &kept)?,
            transaction::check(&self.0, &Key::buyer(buyer), ("seller = :seller", &[(":seller", sellers)])),
            transaction::put(&self.0, item::write(&key, &UploadItem::of(&upload))?, Some(NEW)),
        ];
        match transaction::commit(&self.0, actions).await? {
            Outcome::Committed => Ok(Announced::Done(kept.answer, Box::new(upload))),
            Outcome::Conflict(mut standing) => {
                let mut take = |action: usize| standing.get_mut(action).and_then(Option::take);
                let Some(receipt) = take(0) else {
                    // An upload stands there only with its receipt, or after the receipt's time on the same day.
                    return if take(1).is_some() { Ok(Announced::NoBuyer) } else { Err(again()) };
                };
                let standing = take(2).map(item::read::<UploadItem>).transpose()?.map(|item| Box::new(item.upload));
                let earlier = remember.judge(receipt)?;
                if let Earlier::Answered(Kept { shows: Some(Shows::Upload(announced)), .. }) = earlier
                    && announced != uuid
                {
                    // On the day before, whose id it is. What stands there is shown in the same way.
                    return Box::pin(self.announce((seller, buyer), announced, upload.announcement, cause, remember))
                        .await;
                }
                Ok(match (earlier, standing) {
                    (Earlier::Ours(kept), Some(upload)) => Announced::Done(kept.answer, upload),
                    (Earlier::Answered(kept), Some(upload)) => Announced::Replayed(kept.answer, upload),
                    (Earlier::Ours(_) | Earlier::Answered(_) | Earlier::Reused, _) => Announced::KeyReused,
                })
            }
        }
    }
}

fn again() -> StorageError {
    StorageError::Unavailable("the upload was announced before and its receipt is gone".to_owned())
}

/// Reads uploads, always of one seller's buyer.
#[derive(Clone)]
pub struct ReadUploads(pub(crate) Table);

impl ReadUploads {
    /// An upload and what became of it. `None`: the seller has no such buyer, or the buyer no such upload.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn get(
        &self,
        (seller, buyer): (SellerId, BuyerId),
        upload: UploadId,
        now: Instant,
    ) -> Result<Option<Upload>, StorageError> {
        let found = self.0.get(&Key::upload(buyer, upload)).await?.map(item::read::<UploadItem>).transpose()?;
        Ok(found.map(|item| item.upload.at(now)).filter(|upload| upload.seller == seller))
    }
}

/// Registers uploads whose bytes have arrived.
#[derive(Clone)]
pub struct RegisterUploads(pub(crate) Table);

/// How a registration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// The document was added, or was the active one already.
    Done,
    /// Somebody did it before, or the upload is over.
    Over,
}

impl RegisterUploads {
    /// The upload, if nobody ended it yet.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn waiting(&self, buyer: BuyerId, upload: UploadId) -> Result<Option<Upload>, StorageError> {
        let found = self.0.get(&Key::upload(buyer, upload)).await?.map(item::read::<UploadItem>).transpose()?;
        Ok(found.map(|item| item.upload).filter(|upload| upload.state == UploadState::Pending))
    }

    /// Adds the document whose bytes `stored` has put into the bucket. Idempotent: the upload is registered once.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn register(
        &self,
        buyer: BuyerId,
        upload: &Upload,
        object: String,
        request: &RequestId,
        at: Instant,
        stored: impl Future<Output = Result<(), StorageError>>,
    ) -> Result<Registered, StorageError> {
        let Announcement { statement, content_type, size, sha256 } = upload.announcement.clone();
        let (uuid, source) = (upload.uuid.document(), DocumentSource::Api);
        let new = NewDocument { uuid, statement, content_type, size, sha256, source, object };
        let actor = upload.actor.clone();
        let cause = Cause { actor, source: Source::Api, request_id: request.clone(), at };
        let active_key = Key::active(buyer, new.statement.kind);
        let key = Key::upload(buyer, upload.uuid);
        let also = [active_key.clone(), key.clone()];
        let ended = self.0.modify_after((upload.seller, buyer), None, &also, stored, |now, beside| {
            let Some(mut item) =
                key.find::<UploadItem>(beside)?.filter(|item| item.upload.state == UploadState::Pending)
            else {
                return Ok(Step::Refuse(()));
            };
            let active = active_key.find::<ActiveItem>(beside)?;
            let same = active.as_ref().filter(|active| active.sha256 == new.sha256).map(|active| active.document);
            if let Some(document) = same {
                return Ok(Step::Keep(Answer::empty(200).into(), Some(document)));
            }
            let (mut writing, document) = self.0.adding(now, active.as_ref(), &new, &cause)?;
            item.upload = item.upload.ended(UploadState::Registered { document: document.uuid });
            writing.beside.push(transaction::put(
                &self.0,
                item::write(&key, &item)?,
                Some((STILL_PENDING, &[pending()])),
            ));
            Ok(Step::Write(Box::new(writing), None))
        });
        match ended.await? {
            Ended::Done(_, Some(Some(document))) => self.end(buyer, upload, UploadState::Registered { document }).await,
            Ended::Done(..) => Ok(Registered::Done),
            Ended::Replayed(_) | Ended::KeyReused | Ended::Refused(()) | Ended::Absent => Ok(Registered::Over),
        }
    }

    /// Ends an upload that adds no document, unless somebody ended it before.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn end(&self, buyer: BuyerId, upload: &Upload, state: UploadState) -> Result<Registered, StorageError> {
        let ended = upload.clone().ended(state);
        let item = item::write(&Key::upload(buyer, upload.uuid), &UploadItem::of(&ended))?;
        let over = self.0.put_if(item, (STILL_PENDING, &[pending()])).await?;
        Ok(if over.is_none() { Registered::Done } else { Registered::Over })
    }
}

impl Upload {
    /// Over, and without the file's name: that is personal data, and stands in the document if there is one.
    fn ended(mut self, state: UploadState) -> Self {
        self.announcement.statement.file_name.clear();
        Self { state, ..self }
    }

    /// Whether its bytes are still waited for shows the clock.
    fn at(self, now: Instant) -> Self {
        let late = self.state == UploadState::Pending && now >= self.announced_at.plus_seconds(WAITED_SECONDS);
        if late { Self { state: UploadState::Expired, ..self } } else { self }
    }
}

impl UploadItem {
    fn of(upload: &Upload) -> Self {
        Self { upload: upload.clone(), expires_at: upload.announced_at.seconds() + LIFETIME_SECONDS }
    }
}
