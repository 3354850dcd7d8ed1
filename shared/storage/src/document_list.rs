//! Documents, to read.

use domain::{BuyerId, Document, DocumentId, DocumentStatus, DocumentType, Page, PageSize, SellerId};

use crate::buyers::BuyerItem;
use crate::documents::{ActiveItem, DocumentItem, ShownDocument};
use crate::item::{self, Item};
use crate::key::{DOCUMENT, Key, NOW, buyer_pk};
use crate::{StorageError, Table};

/// Reads documents, always of one seller's buyer.
#[derive(Clone)]
pub struct ReadDocuments(pub(crate) Table);

/// Which documents to list; `None` for any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DocumentFilter {
    /// Of this type.
    pub kind: Option<DocumentType>,
    /// Of this status.
    pub status: Option<DocumentStatus>,
}

/// A document with where its bytes are.
pub struct StoredDocument {
    /// Its record.
    pub document: Document,
    /// What it is.
    pub status: DocumentStatus,
    /// The key in the bucket of documents.
    pub object: String,
}

impl ReadDocuments {
    /// One document. `None`: the seller has no such buyer, or the buyer no such document.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn get(
        &self,
        (seller, buyer): (SellerId, BuyerId),
        document: DocumentId,
    ) -> Result<Option<StoredDocument>, StorageError> {
        let (buyer_key, key) = (Key::buyer(buyer), Key::document(buyer, document));
        let found = self.0.batch_get([&buyer_key, &key].into_iter()).await?;
        let is_sellers = buyer_key.find::<BuyerItem>(&found)?.is_some_and(|item| item.buyer.seller == seller);
        let Some(DocumentItem { document, object }) = key.find(&found)?.filter(|_| is_sellers) else { return Ok(None) };
        // One item is of one moment: where it was neither superseded nor put away, the pointer leads to it.
        let status = document.status(document.is_current().then_some(document.uuid));
        Ok(Some(StoredDocument { document, status, object }))
    }

    /// A page of the buyer's documents, newest first, from the newest or from the one before the cursor's number.
    /// `None`: the seller has no such buyer.
    ///
    /// All records of the buyer are read and then the pointers, so no two of a type are listed as active.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn page(
        &self,
        (seller, buyer): (SellerId, BuyerId),
        filter: DocumentFilter,
        before: Option<u64>,
        size: PageSize,
    ) -> Result<Option<Page<ShownDocument, u64>>, StorageError> {
        let Some(mut documents) = self.all((seller, buyer)).await? else { return Ok(None) };
        // Something changed between the two reads: its record is of before, its pointer of after.
        for _ in 0..3 {
            let torn = |(document, status): &ShownDocument| *status != DocumentStatus::Active && document.is_current();
            if !documents.iter().any(torn) {
                break;
            }
            documents = self.all((seller, buyer)).await?.unwrap_or_default();
        }
        documents.retain(|(document, status)| {
            filter.kind.is_none_or(|kind| kind == document.kind)
                && filter.status.is_none_or(|wanted| wanted == *status)
                && before.is_none_or(|before| document.seq < before)
        });
        documents.sort_by_key(|(document, _)| std::cmp::Reverse(document.seq));
        let more = documents.len() > size.get().into();
        documents.truncate(size.get().into());
        let next = documents.last().filter(|_| more).map(|(document, _)| document.seq);
        Ok(Some(Page { items: documents, next }))
    }

    /// All records of the buyer, and what they are by the pointers read after them.
    async fn all(&self, (seller, buyer): (SellerId, BuyerId)) -> Result<Option<Vec<ShownDocument>>, StorageError> {
        let partition = buyer_pk(buyer);
        let records = self.0.query_prefix(&partition, DOCUMENT).await?;
        let now = self.0.query_prefix(&partition, NOW).await?;
        if Key::buyer(buyer).find::<BuyerItem>(&now)?.is_none_or(|item| item.buyer.seller != seller) {
            return Ok(None);
        }
        let active = active(&now)?;
        let shown = records.into_iter().map(|record| {
            let document = item::read::<DocumentItem>(record)?.document;
            let pointer = active.iter().find(|active| active.kind == document.kind);
            let status = document.status(pointer.map(|active| active.document));
            Ok((document, status))
        });
        shown.collect::<Result<_, StorageError>>().map(Some)
    }
}

/// The pointers among what is now.
pub(crate) fn active(now: &[Item]) -> Result<Vec<ActiveItem>, StorageError> {
    let is_pointer = |item: &&Item| {
        item.get("sk").and_then(|sk| sk.as_s().ok()).is_some_and(|sk| sk.starts_with(crate::key::ACTIVE))
    };
    now.iter().filter(is_pointer).cloned().map(item::read).collect()
}
