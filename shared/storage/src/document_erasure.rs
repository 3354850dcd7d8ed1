//! Erasing a document, for operators: its bytes and its name go; its dates, hash and the reason stay.

use domain::{BuyerId, Cause, DocumentId, RevisionKind, SellerId, document_name_field};

use crate::documents::{AsRead, DocumentItem, revised};
use crate::item;
use crate::key::Key;
use crate::modify::{Ended, Step, Writing, not_before};
use crate::{Answer, StorageError, Table, transaction};

/// Erases documents.
#[derive(Clone)]
pub struct EraseDocuments(pub(crate) Table);

impl EraseDocuments {
    /// Erases what a document says: its name, from its record and from the revision that added it; it is no longer
    /// active. The bytes are the caller's. `None`: there is no such document.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn erase(
        &self,
        of: (SellerId, BuyerId),
        document: DocumentId,
        reason: &str,
        cause: &Cause,
    ) -> Result<Option<String>, StorageError> {
        let key = Key::document(of.1, document);
        let ended = self.0.modify(of, None, std::slice::from_ref(&key), |now, beside| {
            let Some(mut item) = key.find::<DocumentItem>(beside)? else { return Ok(Step::Refuse(())) };
            let object = item.object.clone();
            if item.document.erased_at.is_some() {
                return Ok(Step::Keep(Answer::empty(200).into(), object));
            }
            let cause = not_before(now, cause);
            let as_read = AsRead::of(&item.document);
            let is_active = item.document.is_current();
            item.document.erased_at = Some(cause.at);
            item.document.file_name = None;
            if item.document.archived_at.is_none() {
                item.document.archived_at = Some(cause.at);
                item.document.archived_reason = Some(reason.to_owned());
            }
            let change = (RevisionKind::DocumentErased, &item.document);
            let was_active = is_active.then_some(document);
            let (next, revision) = revised(now, change, (was_active, None), cause, Some(reason.to_owned()));
            let added = Key::revision(next.uuid, item.document.seq);
            let mut beside = vec![
                transaction::put(&self.0, item::write(&key, &item)?, Some(as_read.condition())),
                transaction::forget(&self.0, &added, "personal", &document_name_field(document)),
            ];
            if is_active {
                beside.push(transaction::delete(&self.0, &Key::active(next.uuid, item.document.kind), None));
            }
            let writing = Writing { next, revision, kept: Answer::empty(200).into(), beside };
            Ok(Step::Write(Box::new(writing), object))
        });
        Ok(match ended.await? {
            Ended::Done(_, object) => object,
            _ => None,
        })
    }
}
