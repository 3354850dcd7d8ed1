//! Buyers: created blind, read by key.

use domain::{Buyer, BuyerId, Cause, Contact, ContactId, NewBuyer, Personal, Revision, SellerId};
use serde::{Deserialize, Serialize};

use crate::contacts::ContactItem;
use crate::item::{self, RevisionItem};
use crate::key::{Key, seller_pk};
use crate::list::ListCursor;
use crate::receipt::Earlier;
use crate::transaction::{self, NEW, Outcome};
use crate::{Answer, Remember, StorageError, Table};

/// A buyer's item: the buyer, and its place in the `by-seller` index.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BuyerItem {
    #[serde(flatten)]
    pub(crate) buyer: Buyer,
    /// Partition of the index `by-seller`.
    listed_under: String,
    /// Its sort key: creation time, then id.
    created: String,
}

impl BuyerItem {
    pub(crate) fn of(buyer: &Buyer) -> Self {
        let created = ListCursor { created_at: buyer.created_at, buyer: buyer.uuid }.created();
        Self { buyer: buyer.clone(), listed_under: seller_pk(buyer.seller), created }
    }
}

/// Reads buyers, always of one seller.
#[derive(Clone)]
pub struct ReadBuyers(pub(crate) Table);

impl ReadBuyers {
    /// The buyer, when it is this seller's.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn get(&self, seller: SellerId, buyer: BuyerId) -> Result<Option<Buyer>, StorageError> {
        let found = self.0.get(&Key::buyer(buyer)).await?;
        Ok(found
            .map(item::read::<BuyerItem>)
            .transpose()?
            .map(|item| item.buyer)
            .filter(|buyer| buyer.seller == seller))
    }
}

/// Creates buyers.
#[derive(Clone)]
pub struct CreateBuyers(pub(crate) Table);

/// How an upsert ended.
pub enum Upserted {
    /// The buyer is new.
    Created(Answer),
    /// It was there and means the same.
    Unchanged(Answer),
    /// It was there and differs in these fields.
    Differs(Box<Buyer>, Vec<&'static str>),
    /// The same request was answered before.
    Replayed(Answer),
    /// The idempotency key was used for another request.
    KeyReused,
}

impl CreateBuyers {
    /// Creates the buyer, or finds out how it stands to the one that is there.
    ///
    /// Blind: one transaction asks and answers everything. Its actions are, in this order, receipt, buyer,
    /// revision, contacts; when it is refused, the receipt is judged before the buyer.
    ///
    /// `answer` makes what the client gets for a buyer that was (`true`) or was not created just now.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn upsert(
        &self,
        seller: SellerId,
        new: NewBuyer,
        cause: Cause,
        remember: &Remember,
        answer: impl Fn(&Buyer, bool) -> Answer,
    ) -> Result<Upserted, StorageError> {
        let (buyer, contacts, revision) = draft(seller, &new, cause);
        let created = answer(&buyer, true);
        let mut actions = vec![
            remember.within_transaction(&self.0, &created.clone().into())?,
            transaction::put(&self.0, item::write(&Key::buyer(buyer.uuid), &BuyerItem::of(&buyer))?, Some(NEW)),
            transaction::put(&self.0, item::write(&Key::revision(buyer.uuid, 0), &revision)?, Some(NEW)),
        ];
        for contact in contacts {
            let key = Key::contact(buyer.uuid, contact.uuid);
            let item = item::write(&key, &ContactItem { contact, seqs: vec![0] })?;
            actions.push(transaction::put(&self.0, item, Some(NEW)));
        }
        match transaction::commit(&self.0, actions).await? {
            Outcome::Committed => Ok(Upserted::Created(created)),
            Outcome::Conflict(mut standing) => {
                let mut take = |action: usize| standing.get_mut(action).and_then(Option::take);
                let receipt = take(0);
                let current = take(1).map(item::read::<BuyerItem>).transpose()?.map(|item| item.buyer);
                match (receipt, current) {
                    (Some(receipt), current) => Ok(replayed(remember.judge(receipt)?, &new, current.as_ref())),
                    (None, Some(current)) => self.compare(&new, current, remember, answer).await,
                    (None, None) => Err(StorageError::Unreadable("a revision without its buyer".to_owned())),
                }
            }
        }
    }

    async fn compare(
        &self,
        new: &NewBuyer,
        current: Buyer,
        remember: &Remember,
        answer: impl Fn(&Buyer, bool) -> Answer,
    ) -> Result<Upserted, StorageError> {
        let differences = new.differences(&current);
        if !differences.is_empty() {
            return Ok(Upserted::Differs(Box::new(current), differences));
        }
        let unchanged = answer(&current, false);
        match self.0.remember(remember, &unchanged.clone().into()).await? {
            None => Ok(Upserted::Unchanged(unchanged)),
            // The same key at the same moment: whoever came first has the answer.
            Some(receipt) => Ok(replayed(receipt, new, Some(&current))),
        }
    }
}

/// A receipt says nothing of contacts, because they are personal data. It need not: whoever got a receipt sent those
/// that the buyer was created with.
fn replayed(receipt: Earlier, new: &NewBuyer, current: Option<&Buyer>) -> Upserted {
    let same_contacts = current.is_none_or(|buyer| buyer.was_created_with(new.contacts.as_deref()));
    match receipt {
        Earlier::Ours(kept) if kept.answer.status == 201 => Upserted::Created(kept.answer),
        Earlier::Ours(kept) => Upserted::Unchanged(kept.answer),
        Earlier::Answered(kept) if same_contacts => Upserted::Replayed(kept.answer),
        Earlier::Answered(_) | Earlier::Reused => Upserted::KeyReused,
    }
}

/// The new buyer with all that is written beside it.
fn draft(seller: SellerId, new: &NewBuyer, cause: Cause) -> (Buyer, Vec<Contact>, RevisionItem) {
    let at = cause.at;
    let mut buyer = Buyer::created(seller, new, at);
    let contacts: Vec<_> = new
        .contacts
        .iter()
        .flatten()
        .map(|person| Contact { uuid: ContactId::fresh(), person: person.clone(), created_at: at })
        .collect();
    let (revision, personal): (Revision, Personal) = Revision::created(&buyer, &contacts, cause);
    let revision = RevisionItem::of(&revision, personal);
    buyer.head.clone_from(&revision.link.hash);
    (buyer, contacts, revision)
}
