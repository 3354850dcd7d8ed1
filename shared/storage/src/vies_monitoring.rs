//! The daily check of buyers whose organisation has them monitored.
//!
//! A buyer that was checked once has the time of its next daily check in the index `due`, for as long as an organisation
//! that acts for its seller wants it so. `run-due` opens that check as a client would.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    Actor, BuyerId, Cause, CheckId, CheckOrigin, Instant, OrganisationId, RequestId, SellerId, Source, next_daily_check,
};

use crate::item::{self, Item};
use crate::key::{Key, NOW};
use crate::modify::{Ended, Step};
use crate::outbox::{Place, lost_the_race};
use crate::vies_checks::{Opening, StandingItem};
use crate::{Answer, StorageError, Table};

/// A buyer that is to be checked today.
pub struct DailyCheck {
    /// Whose buyer it is.
    pub seller: SellerId,
    /// Which.
    pub buyer: BuyerId,
    /// The place that was claimed.
    place: Place,
}

impl DailyCheck {
    /// From the claimed item.
    pub(crate) fn read(pk: &str, item: Item) -> Result<Self, StorageError> {
        let buyer = pk.strip_prefix("BUYER#").and_then(|id| id.parse().ok());
        let buyer = buyer.filter(|buyer| Key::vies(*buyer).is_of(&item));
        let buyer = buyer.ok_or_else(|| StorageError::Unreadable(format!("neither an effect nor {NOW}VIES")))?;
        let StandingItem { seller, place, .. } = item::read(item)?;
        Ok(Self { seller, buyer, place })
    }
}

/// What became of a daily check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Monitored {
    /// It was opened.
    Opened,
    /// One is open; the next one is due tomorrow.
    InProgress,
    /// Nobody wants it any more.
    Ended,
}

/// Makes daily checks.
#[derive(Clone)]
pub struct MonitorVies(pub(crate) Table);

impl MonitorVies {
    /// Opens the check that is due for that organisation, or ends the monitoring if there is none.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn check(
        &self,
        due: &DailyCheck,
        organisation: Option<OrganisationId>,
        now: Instant,
    ) -> Result<Monitored, StorageError> {
        let Some(organisation) = organisation else {
            self.0.move_daily_check(due.buyer, &due.place, None).await?;
            return Ok(Monitored::Ended);
        };
        let tomorrow = next_daily_check(due.buyer, now);
        let key = Key::vies(due.buyer);
        let actor = Actor::System { function: "run-due".to_owned() };
        let cause = Cause { actor, source: Source::System, request_id: RequestId::fresh(), at: now };
        let check_id = CheckId::fresh();
        let of = (due.seller, due.buyer);
        let ended = self.0.modify(of, None, std::slice::from_ref(&key), |buyer, beside| {
            let was = key.find::<StandingItem>(beside)?;
            // Another turn has been here: its own next time stands there.
            if was.as_ref().is_none_or(|was| was.place != due.place || was.standing.in_progress(now).is_some()) {
                return Ok(Step::Refuse(()));
            }
            let (origin, next_daily) = (CheckOrigin::Monitored, Some(tomorrow));
            let opening = Opening { check_id, origin, organisation, next_daily };
            let writing = opening.writing(&self.0, buyer, was.as_ref(), &cause, Answer::empty(204))?;
            Ok(Step::Write(Box::new(writing), ()))
        });
        match ended.await? {
            Ended::Done(..) => Ok(Monitored::Opened),
            Ended::Replayed(_) | Ended::KeyReused | Ended::Refused(()) | Ended::Absent => {
                self.0.move_daily_check(due.buyer, &due.place, Some(tomorrow)).await?;
                Ok(Monitored::InProgress)
            }
        }
    }

    /// Plans the daily checks of a buyer that was checked before and has none planned; `false` when there is nothing to
    /// plan.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn plan(&self, buyer: BuyerId, now: Instant) -> Result<bool, StorageError> {
        let Some(item) = self.0.get(&Key::vies(buyer)).await?.map(item::read::<StandingItem>).transpose()? else {
            return Ok(false);
        };
        if item.place != Place::default() {
            return Ok(false);
        }
        self.0.move_daily_check(buyer, &Place::default(), Some(next_daily_check(buyer, now))).await
    }
}

impl Table {
    /// Moves the place of a daily check, or takes it away, if it still is what it was; whether it was.
    async fn move_daily_check(&self, buyer: BuyerId, was: &Place, to: Option<Instant>) -> Result<bool, StorageError> {
        let mut update = self.client.update_item().table_name(&self.name).set_key(Some(Key::vies(buyer).attributes()));
        update = match was.at() {
            Some(at) => update
                .condition_expression("dueAt = :was")
                .expression_attribute_values(":was", AttributeValue::N(at.to_string())),
            None => update.condition_expression("attribute_exists(pk) AND attribute_not_exists(dueAt)"),
        };
        update = match to.map(|to| Place::daily(buyer, to).attributes()) {
            Some((shard, at)) => update
                .update_expression("SET dueShard = :shard, dueAt = :at")
                .expression_attribute_values(":shard", shard)
                .expression_attribute_values(":at", at),
            None => update.update_expression("REMOVE dueShard, dueAt"),
        };
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) if lost_the_race(&error) => Ok(false),
            Err(error) => Err(StorageError::of(&error)),
        }
    }
}
