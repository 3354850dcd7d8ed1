//! Changes of a buyer: one read, then one transaction on the condition that nothing changed in between.
//!
//! ```text
//! BatchGetItem: receipt, buyer ─▶ decide ─▶ transaction [receipt, buyer if seq is what was read, revision]
//!      ▲                                          │ refused: somebody was quicker
//!      └───────── read and decide anew ───────────┘ (at most a few times)
//! ```
//!
//! The read is a hint, the condition decides. A client's `If-Match` is about `version` and is judged in the
//! decision; background work moves `seq` only, so it never breaks it.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::{Business, Buyer, BuyerId, BuyerStatus, Cause, Effect, Revision, RevisionKind, SellerId};

use crate::buyers::BuyerItem;
use crate::item::{self, Item, RevisionItem};
use crate::key::Key;
use crate::outbox;
use crate::receipt::Earlier;
use crate::transaction::{self, NEW, Outcome};
use crate::{Answer, Remember, StorageError, Table};

/// Changes buyers.
#[derive(Clone)]
pub struct ModifyBuyers(pub(crate) Table);

/// What becomes of a buyer.
pub struct Change {
    /// What the revision is about.
    pub kind: RevisionKind,
    /// The business data from now on.
    pub business: Business,
    /// The status from now on.
    pub status: BuyerStatus,
    /// Why, in the words of whoever asks for it.
    pub reason: Option<String>,
    /// What it causes.
    pub effect: Option<Effect>,
}

impl Change {
    /// Business data changes; nothing else does.
    #[must_use]
    pub fn of_business(now: &Buyer, business: Business) -> Self {
        Self { kind: RevisionKind::Updated, business, status: now.status, reason: None, effect: None }
    }

    /// The status changes; nothing else does.
    #[must_use]
    pub fn of_status(now: &Buyer, status: BuyerStatus, reason: Option<String>) -> Self {
        let kind = match status {
            BuyerStatus::Active => RevisionKind::Unblocked,
            BuyerStatus::Blocked => RevisionKind::Blocked,
        };
        Self { kind, business: now.business.clone(), status, reason, effect: None }
    }

    /// Nothing of the buyer changes, but this is to be told.
    #[must_use]
    pub fn report(now: &Buyer, effect: Effect) -> Self {
        let business = now.business.clone();
        Self { kind: RevisionKind::Reported, business, status: now.status, reason: None, effect: Some(effect) }
    }
}

/// What is to be done with the buyer as it was read.
pub enum Decision<E> {
    /// Change it. When business data and status stay as they are, its version does too.
    Change(Box<Change>),
    /// Leave it, and answer as if it had been changed to what it is.
    Keep,
    /// Refuse.
    Refuse(E),
}

/// How a change ended.
pub enum Modified<E> {
    /// It was made, or there was nothing to do.
    Done(Answer),
    /// The same request was answered before.
    Replayed(Answer),
    /// The idempotency key was used for another request.
    KeyReused,
    /// The decision was to refuse.
    Refused(E),
    /// The seller has no such buyer.
    Absent,
}

/// A buyer as it was read: parsed, and raw so that attributes of a newer version of this code survive.
struct Current {
    buyer: Buyer,
    raw: Item,
}

impl ModifyBuyers {
    /// Reads the buyer, decides, and writes: entity, revision and receipt together or nothing.
    ///
    /// `decide` may be asked more than once, each time about a newer state. `answer` makes what the client gets
    /// for the buyer as it is afterwards. Workers have no receipt to `remember`.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn modify<E>(
        &self,
        (seller, buyer): (SellerId, BuyerId),
        cause: &Cause,
        remember: Option<&Remember>,
        decide: impl Fn(&Buyer) -> Decision<E>,
        answer: impl Fn(&Buyer) -> Answer,
    ) -> Result<Modified<E>, StorageError> {
        for attempt in 0..transaction::ATTEMPTS {
            transaction::pause(attempt).await;
            let (receipt, current) = self.read(buyer, remember).await?;
            if let (Some(receipt), Some(remember)) = (receipt, remember) {
                return Ok(earlier(remember.judge(receipt)?));
            }
            let Some(current) = current.filter(|current| current.buyer.seller == seller) else {
                return Ok(Modified::Absent);
            };
            let change = match decide(&current.buyer) {
                Decision::Refuse(refusal) => return self.refuse(remember, refusal).await,
                Decision::Keep => return self.keep(remember, answer(&current.buyer)).await,
                Decision::Change(change) => *change,
            };
            let (next, revision) = apply(&current.buyer, change, cause);
            let answer = answer(&next);
            let mut actions = Vec::with_capacity(3);
            if let Some(remember) = remember {
                actions.push(remember.within_transaction(&self.0, &answer)?);
            }
            actions.push(self.put_buyer(current, &next)?);
            let key = Key::revision(buyer, next.seq);
            actions.push(transaction::put(&self.0, item::write(&key, &revision)?, Some(NEW)));
            match transaction::commit(&self.0, actions).await? {
                Outcome::Committed => return Ok(Modified::Done(answer)),
                Outcome::Conflict(mut standing) => {
                    if let (Some(remember), Some(receipt)) = (remember, standing.first_mut().and_then(Option::take)) {
                        return Ok(earlier(remember.judge(receipt)?));
                    }
                }
            }
        }
        Err(StorageError::Unavailable("the buyer keeps changing".to_owned()))
    }

    /// The live receipt, if there is one, and the buyer.
    async fn read(
        &self,
        buyer: BuyerId,
        remember: Option<&Remember>,
    ) -> Result<(Option<Item>, Option<Current>), StorageError> {
        let buyer_key = Key::buyer(buyer);
        let receipt_key = remember.map(Remember::item_key);
        let found = self.0.batch_get(std::iter::once(&buyer_key).chain(&receipt_key)).await?;
        let is = |item: &Item, key: &Key| item.get("pk") == Some(&AttributeValue::S(key.pk.clone()));
        let (mut receipt, mut current) = (None, None);
        for raw in found {
            if is(&raw, &buyer_key) {
                current = Some(Current { buyer: item::read::<BuyerItem>(raw.clone())?.buyer, raw });
            } else if remember.is_some_and(|remember| remember.is_live(&raw)) {
                receipt = Some(raw);
            }
        }
        Ok((receipt, current))
    }

    /// A refusal is the one outcome that no condition decides, and the read before it is no snapshot: it may have
    /// seen the buyer after, and the receipt before the same request took effect. So the receipt is asked for again.
    async fn refuse<E>(&self, remember: Option<&Remember>, refusal: E) -> Result<Modified<E>, StorageError> {
        let Some(remember) = remember else { return Ok(Modified::Refused(refusal)) };
        let found = self.0.batch_get(std::iter::once(&remember.item_key())).await?;
        let receipt = found.into_iter().find(|standing| remember.is_live(standing));
        Ok(receipt.map(|receipt| remember.judge(receipt)).transpose()?.map_or(Modified::Refused(refusal), earlier))
    }

    async fn keep<E>(&self, remember: Option<&Remember>, answer: Answer) -> Result<Modified<E>, StorageError> {
        let Some(remember) = remember else { return Ok(Modified::Done(answer)) };
        Ok(self.0.remember(remember, &answer).await?.map_or(Modified::Done(answer), earlier))
    }

    fn put_buyer(&self, current: Current, next: &Buyer) -> Result<TransactWriteItem, StorageError> {
        let mut item = current.raw;
        // The one attribute of ours that may be there and then not any more.
        item.remove("contactsDigest");
        item.extend(item::write(&Key::buyer(next.uuid), &BuyerItem::of(next))?);
        let seen = AttributeValue::N(current.buyer.seq.to_string());
        Ok(transaction::put(&self.0, item, Some(("seq = :seen", &[(":seen", seen)]))))
    }
}

fn earlier<E>(receipt: Earlier) -> Modified<E> {
    match receipt {
        Earlier::Ours(answer) => Modified::Done(answer),
        Earlier::Answered(answer) => Modified::Replayed(answer),
        Earlier::Reused => Modified::KeyReused,
    }
}

/// The buyer after the change, with the revision that says so.
fn apply(current: &Buyer, change: Change, cause: &Cause) -> (Buyer, RevisionItem) {
    // Clocks of machines differ, and who came first may be served second: time in a history never runs backwards.
    let cause = Cause { at: cause.at.max(current.changed_at), ..cause.clone() };
    let mut next = current.changed(change.business, change.status, cause.at);
    let effect = change.effect.as_ref().map(|effect| effect.name().to_owned());
    let revision = Revision::changed(current, &next, change.kind, change.effect, cause.clone());
    let link = revision.because(change.reason).seal();
    next.head.clone_from(&link.hash);
    let due = effect.as_ref().map(|_| outbox::place(next.uuid, next.seq, cause.at));
    let (due_shard, due_at) = due.unzip();
    (next, RevisionItem { link, personal: domain::Personal::new(), effect, due_shard, due_at })
}
