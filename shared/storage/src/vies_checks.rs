//! Checks of VAT numbers against VIES.
//!
//! ```text
//! opened ─ one transaction: NOW#VIES{open}, VIES#<id>{OPEN}, revision with the command ─▶ outbox ─▶ check-vies
//!   ▲                                                                                         │
//!   │ due: the place of VIES#<id> in the index `due` ◀─ no answer: VIES#<id>{nextAttemptAt} ──┤
//!   │                                                                                         ▼
//!   └─ due: the daily check, the place of NOW#VIES ◀── over: NOW#VIES{verdict}, VIES#<id>, revision with the event
//! ```

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::{
    Buyer, BuyerId, Cause, CheckId, CheckOrigin, CheckState, CheckVies, Command, Effect, Instant, MailOrder,
    OrganisationId, Page, PageSize, Revision, SellerId, ViesCheck, ViesStanding, ViesVerdict, next_daily_check,
};
use serde::{Deserialize, Serialize};

use crate::buyers::BuyerItem;
use crate::item::{self, Item, RevisionItem};
use crate::key::{Key, VIES_CHECK, buyer_pk};
use crate::modify::{Ended, Step, Writing, not_before};
use crate::outbox::{Place, QUEUED_SECONDS};
use crate::transaction::{self, NEW};
use crate::{Answer, Remember, StorageError, Table};

/// Where a buyer stands with VIES.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StandingItem {
    #[serde(flatten)]
    pub(crate) standing: ViesStanding,
    /// Whose buyer it is.
    pub(crate) seller: SellerId,
    /// The buyer's `seq` when this was written: the condition of whoever writes it next.
    pub(crate) seq: u64,
    /// Of the next daily check, where somebody has it monitored.
    #[serde(flatten)]
    pub(crate) place: Place,
}

/// A check.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct CheckItem {
    #[serde(flatten)]
    pub(crate) check: ViesCheck,
    /// Whose buyer it is.
    pub(crate) seller: SellerId,
    /// Of the next attempt, as long as it is open.
    #[serde(flatten)]
    pub(crate) place: Place,
}

/// How a request for a check ended.
pub enum ViesRequested {
    /// It was opened, or one is open: its answer.
    Done(Answer),
    /// The same request was answered before.
    Replayed(Answer),
    /// The idempotency key was used for another request.
    KeyReused,
    /// The seller has no such buyer.
    NoBuyer,
}

/// Requests checks.
#[derive(Clone)]
pub struct RequestViesChecks(pub(crate) Table);

impl RequestViesChecks {
    /// Opens a check of that id for an organisation, unless one is open: no buyer ever has two. `queued` is the answer to
    /// the first, `in_progress` makes that to the second.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn request(
        &self,
        of: (SellerId, BuyerId),
        (check_id, organisation): (CheckId, OrganisationId),
        (queued, in_progress): (Answer, impl Fn(CheckId) -> Answer),
        cause: &Cause,
        remember: &Remember,
    ) -> Result<ViesRequested, StorageError> {
        let key = Key::vies(of.1);
        let ended = self.0.modify(of, Some(remember), std::slice::from_ref(&key), |now, beside| {
            let was = key.find::<StandingItem>(beside)?;
            if let Some(open) = was.as_ref().and_then(|item| item.standing.in_progress(cause.at)) {
                return Ok(Step::<(), _>::Keep(in_progress(open).into(), ()));
            }
            let opening = Opening { check_id, origin: CheckOrigin::Requested, organisation, next_daily: None };
            let writing = opening.writing(&self.0, now, was, cause, queued.clone())?;
            Ok(Step::Write(Box::new(writing), ()))
        });
        Ok(match ended.await? {
            Ended::Done(kept, _) => ViesRequested::Done(kept.answer),
            Ended::Replayed(kept) => ViesRequested::Replayed(kept.answer),
            Ended::KeyReused => ViesRequested::KeyReused,
            Ended::Refused(()) | Ended::Absent => ViesRequested::NoBuyer,
        })
    }
}

/// A check about to be opened.
pub(crate) struct Opening {
    pub(crate) check_id: CheckId,
    pub(crate) origin: CheckOrigin,
    pub(crate) organisation: OrganisationId,
    /// When to check again whatever comes of it; `None` leaves that as it is.
    pub(crate) next_daily: Option<Instant>,
}

impl Opening {
    /// What opens it, on the condition that the standing still is what it was.
    pub(crate) fn writing(
        &self,
        table: &Table,
        now: &Buyer,
        was: Option<StandingItem>,
        cause: &Cause,
        answer: Answer,
    ) -> Result<Writing, StorageError> {
        let cause = not_before(now, cause);
        let Self { check_id, origin, organisation, next_daily } = *self;
        let vat_number = now.business.vat_number.clone();
        let subject = (now.uuid, vat_number.clone());
        let check = ViesCheck::open(check_id, subject, origin, (cause.actor.clone(), organisation), cause.at);
        let next = now.changed(now.business.clone(), now.status, cause.at);
        let command = Command::CheckVies(CheckVies { buyer: now.uuid, check_id, vat_number });
        let (before, place) = was.as_ref().map_or((None, Place::default()), |was| {
            (was.standing.verdict.as_ref().map(|verdict| verdict.result), was.place.clone())
        });
        let place = next_daily.map_or(place, |at| Place::of(now.uuid, 0, at));
        let standing = was.as_ref().map_or_else(ViesStanding::default, |was| was.standing.clone()).opened(&check);
        let written = StandingItem { standing, seller: now.seller, seq: next.seq, place };
        let beside = vec![
            put_standing(table, now.uuid, &written, was.as_ref())?,
            transaction::put(table, check_item(now.seller, &check)?, Some(NEW)),
        ];
        let (next, revision) = revised((now, next), &check, before, Some(Effect::Command(command)), cause);
        Ok(Writing { next, revision, kept: answer.into(), beside })
    }
}

/// Puts the standing on the condition that it is as it was read.
fn put_standing(
    table: &Table,
    buyer: BuyerId,
    written: &StandingItem,
    was: Option<&StandingItem>,
) -> Result<TransactWriteItem, StorageError> {
    let seen = was.map(|was| [(":seen", AttributeValue::N(was.seq.to_string()))]);
    let as_read = seen.as_ref().map_or(NEW, |seen| ("seq = :seen", seen));
    Ok(transaction::put(table, item::write(&Key::vies(buyer), written)?, Some(as_read)))
}

/// The buyer after something became of a check, with the revision that says so.
fn revised(
    (now, mut next): (&Buyer, Buyer),
    check: &ViesCheck,
    before: Option<ViesVerdict>,
    effect: Option<Effect>,
    cause: Cause,
) -> (Buyer, RevisionItem) {
    let (revision, personal) = Revision::of_vies_check((now, &next), check, before, effect, cause);
    let revision = RevisionItem::of(&revision, personal);
    next.head.clone_from(&revision.link.hash);
    (next, revision)
}

/// Reads checks, always of one seller's buyer.
#[derive(Clone)]
pub struct ReadViesChecks(pub(crate) Table);

impl ReadViesChecks {
    /// One check. `None`: the seller has no such buyer, or the buyer no such check.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn get(
        &self,
        (seller, buyer): (SellerId, BuyerId),
        check: CheckId,
    ) -> Result<Option<ViesCheck>, StorageError> {
        let found = self.0.get(&Key::vies_check(buyer, check)).await?.map(item::read::<CheckItem>).transpose()?;
        Ok(found.filter(|item| item.seller == seller).map(|item| item.check))
    }

    /// A page of the buyer's checks, newest first, from the newest or from the one before the cursor's. `None`: the
    /// seller has no such buyer.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn page(
        &self,
        (seller, buyer): (SellerId, BuyerId),
        before: Option<CheckId>,
        size: PageSize,
    ) -> Result<Option<Page<ViesCheck, CheckId>>, StorageError> {
        let found = self.0.get(&Key::buyer(buyer)).await?.map(item::read::<BuyerItem>).transpose()?;
        if found.is_none_or(|item| item.buyer.seller != seller) {
            return Ok(None);
        }
        let query = self
            .0
            .client
            .query()
            .table_name(&self.0.name)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", AttributeValue::S(buyer_pk(buyer)))
            .expression_attribute_values(":prefix", AttributeValue::S(VIES_CHECK.to_owned()))
            .scan_index_forward(false)
            .limit(size.get().into())
            .set_exclusive_start_key(before.map(|before| Key::vies_check(buyer, before).attributes()));
        let page = query.send().await.map_err(|error| StorageError::of(&error))?;
        let more = page.last_evaluated_key.is_some();
        let items = page.items.unwrap_or_default().into_iter().map(|item| Ok(item::read::<CheckItem>(item)?.check));
        let items: Vec<ViesCheck> = items.collect::<Result<_, StorageError>>()?;
        let next = items.last().filter(|_| more).map(|check| check.check_id);
        Ok(Some(Page { items, next }))
    }
}

/// Works on open checks.
#[derive(Clone)]
pub struct WorkOnViesChecks(pub(crate) Table);

/// How an attempt was noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempted {
    /// As it went.
    Noted,
    /// Somebody else noted one meanwhile: nothing was written.
    Overtaken,
}

/// An open check with its buyer as it is now.
pub struct OpenViesCheck {
    /// The check.
    pub check: ViesCheck,
    /// The buyer.
    pub buyer: Buyer,
}

impl WorkOnViesChecks {
    /// The check and its buyer, whether the check is open or not. `None`: there is no such check.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn find(&self, buyer: BuyerId, check: CheckId) -> Result<Option<OpenViesCheck>, StorageError> {
        let (buyer_key, key) = (Key::buyer(buyer), Key::vies_check(buyer, check));
        let found = self.0.batch_get([&buyer_key, &key].into_iter()).await?;
        let (buyer, check) = (buyer_key.find::<BuyerItem>(&found)?, key.find::<CheckItem>(&found)?);
        Ok(buyer.zip(check).map(|(buyer, item)| OpenViesCheck { check: item.check, buyer: buyer.buyer }))
    }

    /// Notes an attempt: the check goes from `before` to `after`. Once it is over, the buyer's standing and history say
    /// so in the same transaction, with the event if there is one; `daily` is whether it is checked again every day from
    /// then on. That somebody gets a `mail` about an attempt is in the history, too. Idempotent: an attempt is noted once.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn attempted(
        &self,
        seller: SellerId,
        (before, after): (&ViesCheck, &ViesCheck),
        (daily, mail): (bool, Option<MailOrder>),
        cause: &Cause,
    ) -> Result<Attempted, StorageError> {
        if after.is_open() && mail.is_none() {
            return self.put_check(seller, before, after).await;
        }
        let buyer = after.buyer;
        let (key, check_key) = (Key::vies(buyer), Key::vies_check(buyer, after.check_id));
        let also = [key.clone(), check_key.clone()];
        let ended = self.0.modify((seller, buyer), None, &also, |now, beside| {
            let standing = check_key.find::<CheckItem>(beside)?;
            if standing.is_none_or(|item| !item.check.is_open() || item.check.attempts != before.attempts) {
                return Ok(Step::Refuse(()));
            }
            let was = key.find::<StandingItem>(beside)?;
            let cause = not_before(now, cause);
            let next = now.changed(now.business.clone(), now.status, cause.at);
            let said = was.as_ref().and_then(|was| was.standing.verdict.as_ref()).map(|verdict| verdict.result);
            let event = after.event(said, &next, cause.at).map(Effect::Event);
            let effect = event.or_else(|| mail.clone().map(|order| Effect::Command(Command::SendMail(order))));
            let mut beside = vec![self.put(seller, before, after)?];
            if !after.is_open() {
                let standing = was.as_ref().map_or_else(ViesStanding::default, |was| was.standing.clone()).after(after);
                let place =
                    if daily { Place::of(buyer, 0, next_daily_check(buyer, cause.at)) } else { Place::default() };
                let written = StandingItem { standing, seller, seq: next.seq, place };
                beside.push(put_standing(&self.0, buyer, &written, was.as_ref())?);
            }
            let (next, revision) = revised((now, next), after, said, effect, cause);
            Ok(Step::Write(Box::new(Writing { next, revision, kept: Answer::empty(204).into(), beside }), ()))
        });
        Ok(match ended.await? {
            Ended::Done(..) => Attempted::Noted,
            Ended::Replayed(_) | Ended::KeyReused | Ended::Refused(()) | Ended::Absent => Attempted::Overtaken,
        })
    }

    /// The check as an attempt left it, on the condition that no other was noted since. Every attempt counts, so their
    /// number says it.
    fn put(&self, seller: SellerId, before: &ViesCheck, after: &ViesCheck) -> Result<TransactWriteItem, StorageError> {
        let seen = [(":seen", AttributeValue::N(before.attempts.to_string()))];
        Ok(transaction::put(&self.0, check_item(seller, after)?, Some(("attempts = :seen", &seen))))
    }

    /// The same alone: nothing of the buyer changes.
    async fn put_check(
        &self,
        seller: SellerId,
        before: &ViesCheck,
        after: &ViesCheck,
    ) -> Result<Attempted, StorageError> {
        use aws_sdk_dynamodb::operation::put_item::PutItemError;
        let put = self
            .0
            .client
            .put_item()
            .table_name(&self.0.name)
            .set_item(Some(check_item(seller, after)?))
            .condition_expression("attempts = :seen")
            .expression_attribute_values(":seen", AttributeValue::N(before.attempts.to_string()));
        match put.send().await {
            Ok(_) => Ok(Attempted::Noted),
            Err(error) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
                Ok(Attempted::Overtaken)
            }
            Err(error) => Err(StorageError::of(&error)),
        }
    }
}

fn check_item(seller: SellerId, check: &ViesCheck) -> Result<Item, StorageError> {
    let place = match check.state {
        // At first it is the revision's command that is sent.
        CheckState::Open { next_attempt_at } if check.attempts == 0 => {
            Place::of(check.buyer, 0, next_attempt_at.plus_seconds(QUEUED_SECONDS))
        }
        CheckState::Open { next_attempt_at } => Place::of(check.buyer, 0, next_attempt_at),
        CheckState::Conclusive { .. } | CheckState::GivenUp { .. } => Place::default(),
    };
    item::write(&Key::vies_check(check.buyer, check.check_id), &CheckItem { check: check.clone(), seller, place })
}
