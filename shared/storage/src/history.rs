//! Histories, for auditors.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{BrokenHistory, Buyer, BuyerId, History, Page, PageSize, Revision, SellerId};

use crate::item::{self, Item, RevisionItem};
use crate::key::{Key, REVISION, buyer_pk};
use crate::{StorageError, Table};

/// Reads and verifies histories.
#[derive(Clone)]
pub struct Histories(pub(crate) Table);

impl Histories {
    /// Walks a buyer's history from its first revision to the buyer as it is now: how many revisions it
    /// has, or where it stops being trustworthy.
    ///
    /// Revisions are read before the buyer, so a change at the same moment may have moved the buyer on beyond
    /// them; then all is read once more. A buyer that stays *behind* its revisions was put back.
    ///
    /// # Errors
    /// [`StorageError`]; a broken history is not an error but the answer. `None`: no such buyer and no revision.
    pub async fn verify(&self, buyer: BuyerId) -> Result<Option<Result<u64, BrokenHistory>>, StorageError> {
        let mut verified = None;
        for _ in 0..ATTEMPTS {
            let items = self.0.query_prefix(&buyer_pk(buyer), REVISION).await?;
            let Some(current) = self.buyer(buyer).await? else {
                return Ok((!items.is_empty()).then_some(Err(BrokenHistory::Foreign(0))));
            };
            let known = items.len() as u64;
            verified = Some(walk(&current, items)?);
            if current.seq < known {
                break;
            }
        }
        Ok(verified)
    }

    /// A page of a buyer's revisions in their order, from the first or from the one after the cursor.
    ///
    /// Whose buyer it is need not be read: a revision holds the VAT number, and seller and VAT number *are* the
    /// buyer's id. So that this holds for every page, one that goes on is read from the cursor's revision, which must
    /// be there. `None`: the seller has no such buyer, or it has no such revision.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn page(
        &self,
        (seller, buyer): (SellerId, BuyerId),
        after: Option<u64>,
        size: PageSize,
    ) -> Result<Option<Page<Revision, u64>>, StorageError> {
        let query = self
            .0
            .client
            .query()
            .table_name(&self.0.name)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :last")
            .expression_attribute_values(":pk", AttributeValue::S(buyer_pk(buyer)))
            .expression_attribute_values(":from", AttributeValue::S(Key::revision(buyer, after.unwrap_or(0)).sk))
            .expression_attribute_values(":last", AttributeValue::S(format!("{REVISION}~")))
            .limit(i32::from(size.get()) + i32::from(after.is_some()));
        let page = query.send().await.map_err(|error| StorageError::of(&error))?;
        let items = page.items.unwrap_or_default().into_iter().map(|item| item::read::<RevisionItem>(item)?.revision());
        let mut items = items.collect::<Result<Vec<_>, StorageError>>()?;
        let expected = |first: &Revision| {
            first.seq == after.unwrap_or(0) && BuyerId::of(seller, &first.after.business.vat_number) == buyer
        };
        if !items.first().is_some_and(expected) {
            return Ok(None);
        }
        let next = page.last_evaluated_key.and(items.last()).map(|last| last.seq);
        if after.is_some() {
            items.remove(0);
        }
        Ok(Some(Page { items, next }))
    }

    /// The buyer as it was after the last revision that `reaches` accepts; revisions are asked in their order, and
    /// the first one that is refused ends the walk. `None`: the seller has no such buyer, or had none then.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn as_of(
        &self,
        buyer: (SellerId, BuyerId),
        reaches: impl Fn(&Revision) -> bool,
    ) -> Result<Option<Buyer>, StorageError> {
        let mut found: Option<Buyer> = None;
        let mut after = None;
        while let Some(page) = self.page(buyer, after, PageSize::MOST).await? {
            for revision in page.items {
                if !reaches(&revision) {
                    return Ok(found);
                }
                found = Some(revision.replay(found.as_ref(), buyer.0));
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(found)
    }

    async fn buyer(&self, buyer: BuyerId) -> Result<Option<Buyer>, StorageError> {
        self.0.get(&Key::buyer(buyer)).await?.map(item::read).transpose()
    }
}

/// How often a history is read that grows while it is read.
const ATTEMPTS: usize = 3;

fn walk(current: &Buyer, items: Vec<Item>) -> Result<Result<u64, BrokenHistory>, StorageError> {
    let mut history = History::of(current.uuid);
    for item in items {
        let revision: RevisionItem = item::read(item)?;
        if let Err(broken) = history.follow(&revision.link, &revision.personal) {
            return Ok(Err(broken));
        }
    }
    Ok(history.arrive(current).map(|()| current.seq + 1))
}
