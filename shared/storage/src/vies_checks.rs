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
    Buyer, BuyerId, Cause, CheckId, CheckOrigin, CheckState, CheckVies, Command, Effect, Instant, OrganisationId, Page,
    PageSize, Personal, Revision, SellerId, ViesCheck, ViesStanding, ViesVerdict,
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

impl StandingItem {
    /// What it says of a buyer, and where its next daily check stands; nothing of one that was never checked.
    pub(crate) fn of(was: Option<&Self>) -> (ViesStanding, Place) {
        was.map(|was| (was.standing.clone(), was.place.clone())).unwrap_or_default()
    }
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
    /// Opens a check of that id for an organisation, unless one is open. `queued` is the answer to the first,
    /// `in_progress` makes that to the second. Whoever joins the check of the day has asked for it from then on.
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
                let answer = in_progress(open);
                let Some(joined) = was.as_ref().and_then(|item| item.standing.clone().joined()) else {
                    return Ok(Step::<(), _>::Keep(answer.into(), ()));
                };
                let writing = joining(&self.0, now, (open, joined), was.as_ref(), cause, answer)?;
                return Ok(Step::Write(Box::new(writing), ()));
            }
            let opening = Opening { check_id, origin: CheckOrigin::Requested, organisation, next_daily: None };
            let writing = opening.writing(&self.0, now, was.as_ref(), cause, queued.clone())?;
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
        was: Option<&StandingItem>,
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
        let (standing, place) = StandingItem::of(was);
        let before = standing.result();
        let place = next_daily.map_or(place, |at| Place::daily(now.uuid, at));
        let written = StandingItem { standing: standing.opened(&check), seller: now.seller, seq: next.seq, place };
        let beside = vec![
            put_standing(table, now.uuid, &written, was)?,
            transaction::put(table, check_item(now.seller, &check)?, Some(NEW)),
        ];
        let (next, revision) = revised((now, next), &check, before, Some(Effect::Command(command)), cause);
        Ok(Writing { next, revision, kept: answer.into(), beside })
    }
}

/// What adds a client to the check of the day, which is open.
fn joining(
    table: &Table,
    now: &Buyer,
    (check, standing): (CheckId, ViesStanding),
    was: Option<&StandingItem>,
    cause: &Cause,
    answer: Answer,
) -> Result<Writing, StorageError> {
    let cause = not_before(now, cause);
    let mut next = now.changed(now.business.clone(), now.status, cause.at);
    let revision = RevisionItem::of(&Revision::of_joined_vies_check((now, &next), check, cause), Personal::new());
    next.head.clone_from(&revision.link.hash);
    let (_, place) = StandingItem::of(was);
    let written = StandingItem { standing, seller: now.seller, seq: next.seq, place };
    let beside = vec![put_standing(table, now.uuid, &written, was)?];
    Ok(Writing { next, revision, kept: answer.into(), beside })
}

/// Puts the standing on the condition that it is as it was read.
pub(crate) fn put_standing(
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
pub(crate) fn revised(
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

/// A check with its place.
pub(crate) fn check_item(seller: SellerId, check: &ViesCheck) -> Result<Item, StorageError> {
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
