//! Changes of a buyer: one read, then one transaction on the condition that nothing changed in between.
//!
//! ```text
//! BatchGetItem: receipt, buyer, … ─▶ decide ─▶ transaction [receipt, buyer if seq is what was read, revision, …]
//!      ▲                                          │ refused: somebody was quicker
//!      └───────── read and decide anew ───────────┘ (at most a few times)
//! ```
//!
//! The read is a hint, the conditions decide: it is one call, but not of one moment, so whatever beside the buyer a
//! change rests on has a condition of its own. A client's `If-Match` is about `version` and is judged in the
//! decision; background work moves `seq` only, so it never breaks it.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::{Business, Buyer, BuyerId, BuyerStatus, Cause, Effect, Personal, Revision, RevisionKind, SellerId};

use crate::buyers::BuyerItem;
use crate::item::{self, Item, RevisionItem};
use crate::key::Key;
use crate::receipt::{Earlier, Kept};
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
        buyer: (SellerId, BuyerId),
        cause: &Cause,
        remember: Option<&Remember>,
        decide: impl Fn(&Buyer) -> Decision<E>,
        answer: impl Fn(&Buyer) -> Answer,
    ) -> Result<Modified<E>, StorageError> {
        let step = |now: &Buyer, _: &[Item]| {
            Ok(match decide(now) {
                Decision::Refuse(refusal) => Step::Refuse(refusal),
                Decision::Keep => Step::Keep(answer(now).into(), ()),
                Decision::Change(change) => {
                    let (next, revision) = apply(now, *change, cause);
                    let kept = answer(&next).into();
                    Step::Write(Box::new(Writing { next, revision, kept, beside: Vec::new() }), ())
                }
            })
        };
        Ok(match self.0.modify(buyer, remember, &[], step).await? {
            Ended::Done(kept, _) => Modified::Done(kept.answer),
            Ended::Replayed(kept) => Modified::Replayed(kept.answer),
            Ended::KeyReused => Modified::KeyReused,
            Ended::Refused(refusal) => Modified::Refused(refusal),
            Ended::Absent => Modified::Absent,
        })
    }
}

/// What is to be done about a buyer and the items read beside it; `T` is what it leads to.
pub(crate) enum Step<E, T> {
    /// Nothing.
    Refuse(E),
    /// Nothing but a receipt.
    Keep(Kept, T),
    /// This.
    Write(Box<Writing>, T),
}

/// What goes into one transaction.
pub(crate) struct Writing {
    pub(crate) next: Buyer,
    pub(crate) revision: RevisionItem,
    pub(crate) kept: Kept,
    pub(crate) beside: Vec<TransactWriteItem>,
}

/// How it ended; without a `T` where a receipt is all that is known.
pub(crate) enum Ended<E, T> {
    Done(Kept, Option<T>),
    Replayed(Kept),
    KeyReused,
    Refused(E),
    Absent,
}

impl Table {
    /// The shape of every change of a buyer. `also` are keys of the buyer's partition, to read beside it.
    pub(crate) async fn modify<E, T>(
        &self,
        of: (SellerId, BuyerId),
        remember: Option<&Remember>,
        also: &[Key],
        decide: impl Fn(&Buyer, &[Item]) -> Result<Step<E, T>, StorageError>,
    ) -> Result<Ended<E, T>, StorageError> {
        self.modify_after(of, remember, also, async { Ok(()) }, decide).await
    }

    /// The same, with something that must have happened before anything is written, and need not if nothing is.
    pub(crate) async fn modify_after<E, T>(
        &self,
        (seller, buyer): (SellerId, BuyerId),
        remember: Option<&Remember>,
        also: &[Key],
        before: impl Future<Output = Result<(), StorageError>>,
        decide: impl Fn(&Buyer, &[Item]) -> Result<Step<E, T>, StorageError>,
    ) -> Result<Ended<E, T>, StorageError> {
        let mut before = Some(before);
        for attempt in 0..transaction::ATTEMPTS {
            transaction::pause(attempt).await;
            let read = self.read_to_modify(buyer, remember, also).await?;
            if let (Some(receipt), Some(remember)) = (read.receipt, remember) {
                return Ok(earlier(remember.judge(receipt)?));
            }
            let Some(current) = read.current.filter(|current| current.buyer.seller == seller) else {
                return Ok(Ended::Absent);
            };
            let (writing, outcome) = match decide(&current.buyer, &read.beside)? {
                Step::Refuse(refusal) => return self.refuse(remember, refusal).await,
                Step::Keep(kept, outcome) => return self.keep(remember, kept, outcome).await,
                Step::Write(writing, outcome) => (*writing, outcome),
            };
            if let Some(before) = before.take() {
                before.await?;
            }
            let mut actions = Vec::with_capacity(3 + writing.beside.len());
            if let Some(remember) = remember {
                actions.push(remember.within_transaction(self, &writing.kept)?);
            }
            let key = Key::revision(buyer, writing.next.seq);
            actions.push(self.put_buyer(current, &writing.next)?);
            actions.push(transaction::put(self, item::write(&key, &writing.revision)?, Some(NEW)));
            actions.extend(writing.beside);
            match transaction::commit(self, actions).await? {
                Outcome::Committed => return Ok(Ended::Done(writing.kept, Some(outcome))),
                Outcome::Conflict(mut standing) => {
                    if let (Some(remember), Some(receipt)) = (remember, standing.first_mut().and_then(Option::take)) {
                        return Ok(earlier(remember.judge(receipt)?));
                    }
                }
            }
        }
        Err(StorageError::Unavailable("the buyer keeps changing".to_owned()))
    }

    /// The live receipt, if there is one, the buyer, and what else was asked for.
    async fn read_to_modify(
        &self,
        buyer: BuyerId,
        remember: Option<&Remember>,
        also: &[Key],
    ) -> Result<Read, StorageError> {
        let buyer_key = Key::buyer(buyer);
        let receipt_key = remember.map(Remember::item_key);
        let mut read = Read { receipt: None, current: None, beside: Vec::new() };
        for raw in self.batch_get(std::iter::once(&buyer_key).chain(&receipt_key).chain(also)).await? {
            if buyer_key.is_of(&raw) {
                read.current = Some(Current { buyer: item::read::<BuyerItem>(raw.clone())?.buyer, raw });
            } else if receipt_key.as_ref().is_some_and(|key| key.is_of(&raw)) {
                read.receipt = remember.is_some_and(|remember| remember.is_live(&raw)).then_some(raw);
            } else {
                read.beside.push(raw);
            }
        }
        Ok(read)
    }

    /// A refusal is the one outcome that no condition decides, and the read before it is no snapshot: it may have
    /// seen the buyer after, and the receipt before the same request took effect. So the receipt is asked for again.
    async fn refuse<E, T>(&self, remember: Option<&Remember>, refusal: E) -> Result<Ended<E, T>, StorageError> {
        let Some(remember) = remember else { return Ok(Ended::Refused(refusal)) };
        let found = self.batch_get(std::iter::once(&remember.item_key())).await?;
        let receipt = found.into_iter().find(|standing| remember.is_live(standing));
        Ok(receipt.map(|receipt| remember.judge(receipt)).transpose()?.map_or(Ended::Refused(refusal), earlier))
    }

    async fn keep<E, T>(
        &self,
        remember: Option<&Remember>,
        kept: Kept,
        outcome: T,
    ) -> Result<Ended<E, T>, StorageError> {
        let Some(remember) = remember else { return Ok(Ended::Done(kept, Some(outcome))) };
        Ok(self.remember(remember, &kept).await?.map_or(Ended::Done(kept, Some(outcome)), earlier))
    }

    fn put_buyer(&self, current: Current, next: &Buyer) -> Result<TransactWriteItem, StorageError> {
        let mut item = current.raw;
        // The one attribute of ours that may be there and then not any more.
        item.remove("contactsDigest");
        item.extend(item::write(&Key::buyer(next.uuid), &BuyerItem::of(next))?);
        let seen = AttributeValue::N(current.buyer.seq.to_string());
        Ok(transaction::put(self, item, Some(("seq = :seen", &[(":seen", seen)]))))
    }
}

/// What a change begins with.
struct Read {
    receipt: Option<Item>,
    current: Option<Current>,
    beside: Vec<Item>,
}

fn earlier<E, T>(receipt: Earlier) -> Ended<E, T> {
    match receipt {
        Earlier::Ours(kept) => Ended::Done(kept, None),
        Earlier::Answered(kept) => Ended::Replayed(kept),
        Earlier::Reused => Ended::KeyReused,
    }
}

/// Clocks of machines differ, and who came first may be served second: time in a history never runs backwards.
pub(crate) fn not_before(current: &Buyer, cause: &Cause) -> Cause {
    Cause { at: cause.at.max(current.changed_at), ..cause.clone() }
}

/// The buyer after the change, with the revision that says so.
fn apply(current: &Buyer, change: Change, cause: &Cause) -> (Buyer, RevisionItem) {
    let cause = not_before(current, cause);
    let mut next = current.changed(change.business, change.status, cause.at);
    let revision = Revision::changed(current, &next, change.kind, change.effect, cause);
    let revision = RevisionItem::of(&revision.because(change.reason), Personal::new());
    next.head.clone_from(&revision.link.hash);
    (next, revision)
}
