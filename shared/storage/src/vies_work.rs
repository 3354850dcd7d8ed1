//! Work on checks of VAT numbers: an attempt is noted once, and with the last one what came of it.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::{Buyer, BuyerId, Cause, CheckId, Command, Effect, MailOrder, SellerId, ViesCheck, next_daily_check};

use crate::buyers::BuyerItem;
use crate::key::Key;
use crate::modify::{Ended, Step, Writing, not_before};
use crate::outbox::Place;
use crate::vies_checks::{CheckItem, StandingItem, check_item, put_standing, revised};
use crate::{Answer, StorageError, Table, transaction};

/// No other attempt was noted since the check was read: every attempt counts, so their number says it.
const AS_READ: &str = "attempts = :seen";

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
            let (standing, place) = StandingItem::of(was.as_ref());
            let (said, event) = (standing.result(), after.event(&standing, &next, cause.at).map(Effect::Event));
            let effect = event.or_else(|| mail.clone().map(|order| Effect::Command(Command::SendMail(order))));
            let mut beside = vec![self.put(seller, before, after)?];
            if !after.is_open() {
                // Else it stays: it may have been planned meanwhile, and ends by itself when nobody wants it.
                let place = if daily { Place::daily(buyer, next_daily_check(buyer, cause.at)) } else { place };
                let written = StandingItem { standing: standing.after(after), seller, seq: next.seq, place };
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

    /// The check as an attempt left it, on the condition that no other was noted since.
    fn put(&self, seller: SellerId, before: &ViesCheck, after: &ViesCheck) -> Result<TransactWriteItem, StorageError> {
        let seen = [(":seen", AttributeValue::N(before.attempts.to_string()))];
        Ok(transaction::put(&self.0, check_item(seller, after)?, Some((AS_READ, &seen))))
    }

    /// The same alone: nothing of the buyer changes.
    async fn put_check(
        &self,
        seller: SellerId,
        before: &ViesCheck,
        after: &ViesCheck,
    ) -> Result<Attempted, StorageError> {
        let seen = [(":seen", AttributeValue::N(before.attempts.to_string()))];
        let standing = self.0.put_if(check_item(seller, after)?, (AS_READ, &seen)).await?;
        Ok(if standing.is_none() { Attempted::Noted } else { Attempted::Overtaken })
    }
}
