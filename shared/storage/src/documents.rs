//! Documents: their records. The bytes are in a bucket, and are there before their record is.
//!
//! Which document of a type counts is said by one pointer (`NOW#ACTIVE#<type>`), moved in the transaction that adds
//! its successor. So at no instant are there two.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::{
    Buyer, BuyerId, Cause, Document, DocumentId, DocumentSource, DocumentStatus, DocumentType, Instant, Revision,
    RevisionKind, SellerId, Statement,
};
use serde::{Deserialize, Serialize};

use crate::item::{self, Item, RevisionItem};
use crate::key::Key;
use crate::modify::{Ended, Step, Writing, not_before};
use crate::receipt::{Kept, Shows};
use crate::{Answer, Remember, StorageError, Table, transaction};

/// A document's item: its record, and where its bytes are.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DocumentItem {
    #[serde(flatten)]
    pub(crate) document: Document,
    /// The key in the bucket of documents.
    pub(crate) object: String,
}

/// Which document of a type is the active one.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ActiveItem {
    pub(crate) document: DocumentId,
    #[serde(rename = "type")]
    pub(crate) kind: DocumentType,
    pub(crate) sha256: String,
}

/// A document to be added. Its bytes have been judged.
pub struct NewDocument {
    /// Its id.
    pub uuid: DocumentId,
    /// What the client stated.
    pub statement: Statement,
    /// Media type, judged by the bytes.
    pub content_type: String,
    /// In bytes.
    pub size: u64,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// Through what it came.
    pub source: DocumentSource,
    /// The key in the bucket of documents.
    pub object: String,
}

/// A document and what it is, or was when it was answered so.
pub type ShownDocument = (Document, DocumentStatus);

/// How a change of a document ended.
pub enum DocumentModified {
    /// As asked.
    Done(Answer, ShownDocument),
    /// The same request was answered so before.
    Replayed(Answer, ShownDocument),
    /// Not at all.
    Refused(DocumentRefusal),
}

/// Why a document is not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentRefusal {
    /// The idempotency key was used for another request.
    KeyReused,
    /// The seller has no such buyer.
    NoBuyer,
    /// The buyer has no such document.
    NoDocument,
}

/// Adds and archives documents.
#[derive(Clone)]
pub struct ModifyDocuments(pub(crate) Table);

impl ModifyDocuments {
    /// Adds a document as the active one of its type: `created` is the answer. The very bytes of the active one again
    /// change nothing: `same`. `stored` puts the bytes into the bucket; it is asked only if they are needed, and
    /// nothing is written before it is done.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn add(
        &self,
        of: (SellerId, BuyerId),
        new: &NewDocument,
        (created, same): (Answer, Answer),
        cause: &Cause,
        remember: &Remember,
        stored: impl Future<Output = Result<(), StorageError>>,
    ) -> Result<DocumentModified, StorageError> {
        let active_key = Key::active(of.1, new.statement.kind);
        let also = std::slice::from_ref(&active_key);
        let ended = self.0.modify_after(of, Some(remember), also, stored, |now, beside| {
            let active = active_key.find::<ActiveItem>(beside)?;
            if let Some(active) = active.as_ref().filter(|active| active.sha256 == new.sha256) {
                let shows = Some(Shows::Document(active.document, DocumentStatus::Active));
                return Ok(Step::Keep(Kept { answer: same.clone(), shows }, None));
            }
            let (mut writing, document) = self.0.adding(now, active.as_ref(), new, cause)?;
            let shows = Some(Shows::Document(document.uuid, DocumentStatus::Active));
            writing.kept = Kept { answer: created.clone(), shows };
            Ok(Step::Write(Box::new(writing), Some((document, DocumentStatus::Active))))
        });
        self.tell(of.1, ended.await?).await
    }

    /// Puts a document away, for a reason. One that is put away already stays as it is.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn archive(
        &self,
        of: (SellerId, BuyerId),
        document: DocumentId,
        reason: &str,
        cause: &Cause,
        remember: &Remember,
    ) -> Result<DocumentModified, StorageError> {
        let key = Key::document(of.1, document);
        let ended = self.0.modify(of, Some(remember), std::slice::from_ref(&key), |now, beside| {
            let Some(mut item) = key.find::<DocumentItem>(beside)? else {
                return Ok(Step::Refuse(DocumentRefusal::NoDocument));
            };
            let kept = || Kept {
                answer: Answer::empty(200),
                shows: Some(Shows::Document(document, DocumentStatus::Archived)),
            };
            if item.document.archived_at.is_some() {
                return Ok(Step::Keep(kept(), Some((item.document, DocumentStatus::Archived))));
            }
            let cause = not_before(now, cause);
            let as_read = AsRead::of(&item.document);
            let was_active = item.document.is_current().then_some(document);
            item.document.archived_at = Some(cause.at);
            item.document.archived_reason = Some(reason.to_owned());
            let change = (RevisionKind::DocumentArchived, &item.document);
            let (next, revision) = revised(now, change, (was_active, None), cause, Some(reason.to_owned()));
            let mut beside = vec![transaction::put(&self.0, item::write(&key, &item)?, Some(as_read.condition()))];
            if was_active.is_some() {
                beside.push(transaction::delete(&self.0, &Key::active(next.uuid, item.document.kind), None));
            }
            let writing = Writing { next, revision, kept: kept(), beside };
            Ok(Step::Write(Box::new(writing), Some((item.document, DocumentStatus::Archived))))
        });
        self.tell(of.1, ended.await?).await
    }

    /// The answer with the document it shows; where only a receipt is left of it, as it was when it was answered.
    async fn tell(
        &self,
        buyer: BuyerId,
        ended: Ended<DocumentRefusal, Option<ShownDocument>>,
    ) -> Result<DocumentModified, StorageError> {
        let (kept, shown, replayed) = match ended {
            Ended::Done(kept, shown) => (kept, shown.flatten(), false),
            Ended::Replayed(kept) => (kept, None, true),
            Ended::KeyReused => return Ok(DocumentModified::Refused(DocumentRefusal::KeyReused)),
            Ended::Refused(refusal) => return Ok(DocumentModified::Refused(refusal)),
            Ended::Absent => return Ok(DocumentModified::Refused(DocumentRefusal::NoBuyer)),
        };
        let shown = match (shown, kept.shows) {
            (Some(shown), _) => Some(shown),
            (None, Some(Shows::Document(document, status))) => self.0.document_as(buyer, document, status).await?,
            (None, _) => None,
        };
        let Some(shown) = shown else { return Ok(DocumentModified::Refused(DocumentRefusal::KeyReused)) };
        Ok(if replayed {
            DocumentModified::Replayed(kept.answer, shown)
        } else {
            DocumentModified::Done(kept.answer, shown)
        })
    }
}

impl Table {
    /// What adds a document: its record, the pointer, and the end of the one before it; without an answer yet.
    pub(crate) fn adding(
        &self,
        now: &Buyer,
        active: Option<&ActiveItem>,
        new: &NewDocument,
        cause: &Cause,
    ) -> Result<(Writing, Document), StorageError> {
        let cause = not_before(now, cause);
        let document = new.document(now.seq + 1, &cause);
        let pointers = (active.map(|active| active.document), Some(document.uuid));
        let change = (RevisionKind::DocumentAdded, &document);
        let (next, revision) = revised(now, change, pointers, cause, None);
        let item = DocumentItem { document: document.clone(), object: new.object.clone() };
        let pointer = ActiveItem { document: document.uuid, kind: document.kind, sha256: document.sha256.clone() };
        let (buyer, kind) = (next.uuid, document.kind);
        // Beside the buyer's own condition: both were read in one call, but not at one moment.
        let was = active.map(|active| [(":was", AttributeValue::S(active.document.to_string()))]);
        let leads_as_read = was.as_ref().map_or(transaction::NEW, |was| ("document = :was", was));
        let mut beside = vec![
            transaction::put(self, item::write(&Key::document(buyer, document.uuid), &item)?, Some(transaction::NEW)),
            transaction::put(self, item::write(&Key::active(buyer, kind), &pointer)?, Some(leads_as_read)),
        ];
        if let Some(before) = active {
            beside.push(self.superseding(buyer, before.document, document.uploaded_at));
        }
        Ok((Writing { next, revision, kept: Answer::empty(201).into(), beside }, document))
    }

    fn superseding(&self, buyer: BuyerId, document: DocumentId, at: Instant) -> TransactWriteItem {
        let at = AttributeValue::S(at.to_string());
        transaction::set(self, &Key::document(buyer, document), "supersededAt", at)
    }

    /// A document as it was when it was of that status, as far as it was not erased.
    async fn document_as(
        &self,
        buyer: BuyerId,
        document: DocumentId,
        status: DocumentStatus,
    ) -> Result<Option<ShownDocument>, StorageError> {
        let found = self.get(&Key::document(buyer, document)).await?;
        let Some(item) = found.map(item::read::<DocumentItem>).transpose()? else { return Ok(None) };
        let mut document = item.document;
        if document.erased_at.is_some() {
            // Erased means gone: what is left is shown as it is.
            let status = document.status(None);
            return Ok(Some((document, status)));
        }
        if status == DocumentStatus::Active {
            document.superseded_at = None;
            document.archived_at = None;
            document.archived_reason = None;
        }
        Ok(Some((document, status)))
    }
}

/// What may change of a document's record, as it was read.
pub(crate) struct AsRead {
    expression: String,
    values: Vec<(&'static str, AttributeValue)>,
}

impl AsRead {
    pub(crate) fn of(document: &Document) -> Self {
        let mutable = [
            ("supersededAt", ":supersededAt", document.superseded_at),
            ("archivedAt", ":archivedAt", document.archived_at),
            ("erasedAt", ":erasedAt", document.erased_at),
        ];
        let (mut conditions, mut values) = (Vec::new(), Vec::new());
        for (name, placeholder, at) in mutable {
            match at {
                Some(at) => {
                    conditions.push(format!("{name} = {placeholder}"));
                    values.push((placeholder, AttributeValue::S(at.to_string())));
                }
                None => conditions.push(format!("attribute_not_exists({name})")),
            }
        }
        Self { expression: conditions.join(" AND "), values }
    }

    /// The condition that it still is so. That the buyer was not changed does not say it: both are read in one call, but
    /// not at one moment.
    pub(crate) fn condition(&self) -> transaction::Condition<'_> {
        (&self.expression, &self.values)
    }
}

/// The buyer after a change of its documents, not of itself, with the revision that says so.
pub(crate) fn revised(
    now: &Buyer,
    change: (RevisionKind, &Document),
    active: (Option<DocumentId>, Option<DocumentId>),
    cause: Cause,
    reason: Option<String>,
) -> (Buyer, RevisionItem) {
    let mut next = now.changed(now.business.clone(), now.status, cause.at);
    let (revision, personal) = Revision::of_document(now, &next, change, active, cause);
    let revision = RevisionItem::of(&revision.because(reason), personal);
    next.head.clone_from(&revision.link.hash);
    (next, revision)
}

impl NewDocument {
    fn document(&self, seq: u64, cause: &Cause) -> Document {
        let Statement { kind, document_date, file_name } = self.statement.clone();
        Document {
            uuid: self.uuid,
            kind,
            document_date,
            file_name: Some(file_name),
            content_type: self.content_type.clone(),
            size: self.size,
            sha256: self.sha256.clone(),
            source: self.source,
            uploaded_at: cause.at,
            uploaded_by: cause.actor.clone(),
            seq,
            superseded_at: None,
            archived_at: None,
            archived_reason: None,
            erased_at: None,
        }
    }
}

impl Key {
    /// The item under this key among those read.
    pub(crate) fn find<T: serde::de::DeserializeOwned>(&self, among: &[Item]) -> Result<Option<T>, StorageError> {
        among.iter().find(|item| self.is_of(item)).cloned().map(item::read).transpose()
    }
}
