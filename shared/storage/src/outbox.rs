//! What waits for its time: effects that were not sent yet, checks to be tried again, checks of every day.
//!
//! A revision with an effect is written with a place in the sparse index `due`. Whoever sends it (the
//! relay at once, or `run-due` from two minutes later on) takes that place away *after* the send was
//! confirmed. So a lost stream record, a dead function or a refused send delays an effect, and never loses it.
//!
//! Whatever else has to happen at some time has a place there too. Claiming it moves the place to the end of a lease;
//! only the transaction that ends the work takes it away or moves it for good. So work whose message is lost, or whose
//! worker dies, comes up again.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::{BuyerId, CheckId, CheckVies, Command, Effect, Instant, Revision};
use serde::{Deserialize, Serialize};
use tracing::error;

use crate::item::{self, Item, RevisionItem};
use crate::key::{Key, REVISION, VIES_CHECK};
use crate::vies_checks::CheckItem;
use crate::vies_monitoring::DailyCheck;
use crate::{StorageError, Table};

/// Shards of the `due` index, so that no single index partition takes every write; as many again for what can wait.
const SHARDS: u64 = 8;
/// How long the relay has before `run-due` looks after an effect.
const GRACE_SECONDS: i64 = 120;
/// How long a claimed effect is left to its claimer.
const LEASE_SECONDS: i64 = 120;
/// How long a check that was put into its queue is left there at least: longer than it usually queues behind others.
pub(crate) const QUEUED_SECONDS: i64 = 15 * 60;
/// And at most. The older a check is the longer: where a member state hangs for hours and many wait for it, the queue
/// would else fill with messages about the same ones.
const LONGEST_QUEUED_SECONDS: i64 = 4 * 3600;

/// What waits in the index, by how urgent it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Effects that were not sent, and work to be tried again.
    Work,
    /// Checks of the day.
    Daily,
}

impl Line {
    fn shard(self, number: u64) -> String {
        match self {
            Self::Work => format!("DUE#{number}"),
            Self::Daily => format!("DUE#DAILY#{number}"),
        }
    }
}

/// The place of an item in the index.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Place {
    /// Its shard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_shard: Option<String>,
    /// Milliseconds since the epoch from which something is to be done about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_at: Option<i64>,
}

impl Place {
    /// Of a buyer's item with that number, at that time: the tail of the buyer's id and the number are evenly spread.
    pub(crate) fn of(buyer: BuyerId, number: u64, at: Instant) -> Self {
        let tail = u64::from(buyer.0.as_bytes()[15]);
        Self { due_shard: Some(Line::Work.shard(tail.wrapping_add(number) % SHARDS)), due_at: Some(at.millis()) }
    }

    /// Of a check of the day: apart, so that many of them delay nothing else.
    pub(crate) fn daily(buyer: BuyerId, at: Instant) -> Self {
        let shard = u64::from(buyer.0.as_bytes()[15]) % SHARDS;
        Self { due_shard: Some(Line::Daily.shard(shard)), due_at: Some(at.millis()) }
    }

    /// Of a revision: none if it has no effect, else `run-due` leaves it to the relay for a while.
    pub(crate) fn of_revision(revision: &Revision) -> Self {
        let at = revision.cause.at.plus_seconds(GRACE_SECONDS);
        revision.effect.as_ref().map(|_| Self::of(revision.buyer, revision.seq, at)).unwrap_or_default()
    }

    /// When it is due.
    pub(crate) const fn at(&self) -> Option<i64> {
        self.due_at
    }

    /// Shard and time as attributes.
    pub(crate) fn attributes(self) -> (AttributeValue, AttributeValue) {
        let at = self.due_at.unwrap_or_default();
        (AttributeValue::S(self.due_shard.unwrap_or_default()), AttributeValue::N(at.to_string()))
    }
}

/// An effect that may have to be sent.
pub struct Pending {
    /// Whose.
    pub buyer: BuyerId,
    /// What is to be sent.
    pub effect: Effect,
    /// Names this turn of sending it: the same when the same stream record comes again, another one when it is due again.
    pub turn: String,
    /// The revision that causes it, which says whether it was sent. Else it is work that was begun and comes up again,
    /// and its worker says whether it was done.
    pub seq: Option<u64>,
    /// Of work that was begun: where it waits.
    begun: Option<Begun>,
}

/// Work that was begun, as it was claimed.
struct Begun {
    check: CheckId,
    requested_at: Instant,
    place: Place,
}

impl Pending {
    /// From a revision's item as the table's stream shows it; `None` when it has no effect.
    ///
    /// # Errors
    /// [`StorageError::Unreadable`].
    pub fn from_stream(image: serde_dynamo::Item) -> Result<Option<Self>, StorageError> {
        Self::of_revision(&serde_dynamo::from_item(image)?)
    }

    fn of_revision(item: &RevisionItem) -> Result<Option<Self>, StorageError> {
        let revision = item.revision()?;
        let (buyer, seq) = (revision.buyer, revision.seq);
        let turn = |at: Option<i64>| format!("{buyer}-{seq}-{}", at.unwrap_or_default());
        Ok(revision.effect.map(|effect| Self {
            buyer,
            effect,
            turn: turn(item.place.due_at),
            seq: Some(seq),
            begun: None,
        }))
    }

    fn of_check(item: CheckItem) -> Self {
        let (buyer, check_id, vat_number) = (item.check.buyer, item.check.check_id, item.check.vat_number);
        let effect = Effect::Command(Command::CheckVies(CheckVies { buyer, check_id, vat_number }));
        let turn = format!("{check_id}-{}", item.place.due_at.unwrap_or_default());
        let begun = Begun { check: check_id, requested_at: item.check.requested_at, place: item.place };
        Self { buyer, effect, turn, seq: None, begun: Some(begun) }
    }
}

/// What was claimed at one go.
pub struct Claimed {
    /// Effects to send.
    pub effects: Vec<Pending>,
    /// Buyers that are to be checked today.
    pub daily_checks: Vec<DailyCheck>,
    /// How many entries of the index were looked at: as many as were asked for, when there may be more.
    pub listed: usize,
}

impl Claimed {
    /// Whether there may be more: a whole batch of which nothing could be claimed would be listed again and again.
    #[must_use]
    pub const fn may_be_more(&self, asked_for: usize) -> bool {
        self.listed >= asked_for && !(self.effects.is_empty() && self.daily_checks.is_empty())
    }
}

/// A due entry as the index lists it.
#[derive(Deserialize)]
struct Due {
    pk: String,
    sk: String,
    #[serde(rename = "dueAt")]
    at: i64,
}

/// The outbox.
#[derive(Clone)]
pub struct Outbox(pub(crate) Table);

impl Outbox {
    /// Claims what is due now in that line, at most so many: each is left to the claimer for a while. It begins with any shard, so that
    /// in a flood no shard waits for the others for good.
    ///
    /// One that cannot be claimed or read now is logged and left to its next turn; it holds up no other.
    ///
    /// # Errors
    /// [`StorageError`] when a part of the index cannot be read and nothing is due in the others.
    pub async fn claim_due(&self, line: Line, now: Instant, at_most: usize) -> Result<Claimed, StorageError> {
        let mut claimed = Claimed { effects: Vec::new(), daily_checks: Vec::new(), listed: 0 };
        let mut failure = None;
        let first = getrandom::u64().unwrap_or(0) % SHARDS;
        for shard in (0..SHARDS).map(|shard| (first + shard) % SHARDS) {
            let shard = line.shard(shard);
            match self.due(&shard, now, at_most - claimed.listed).await {
                Ok(listed) => {
                    claimed.listed += listed.len();
                    for due in listed {
                        match self.claim(&due, now).await {
                            Ok(Some(item)) => {
                                if let Err(cause) = claimed.take(&due, item) {
                                    error!(pk = due.pk, sk = due.sk, %cause, alarm = "stuck", "What is due cannot be read");
                                }
                            }
                            Ok(None) => {}
                            Err(cause) => {
                                error!(pk = due.pk, sk = due.sk, %cause, "What is due cannot be claimed");
                            }
                        }
                    }
                }
                Err(cause) => {
                    error!(shard, %cause, "A shard of the due index cannot be read");
                    failure = Some(cause);
                }
            }
            if claimed.listed >= at_most {
                break;
            }
        }
        match failure {
            Some(cause) if claimed.listed == 0 => Err(cause),
            _ => Ok(claimed),
        }
    }

    async fn due(&self, shard: &str, now: Instant, at_most: usize) -> Result<Vec<Due>, StorageError> {
        let query = self
            .0
            .client
            .query()
            .table_name(&self.0.name)
            .index_name("due")
            .key_condition_expression("dueShard = :shard AND dueAt <= :now")
            .expression_attribute_values(":shard", AttributeValue::S(shard.to_owned()))
            .expression_attribute_values(":now", AttributeValue::N(now.millis().to_string()))
            .limit(i32::try_from(at_most).unwrap_or(i32::MAX).min(100));
        let page = query.send().await.map_err(|error| StorageError::of(&error))?;
        page.items.unwrap_or_default().into_iter().map(item::read).collect()
    }

    /// `dueAt` moves to the end of the lease if nobody moved or removed it since it was listed.
    async fn claim(&self, due: &Due, now: Instant) -> Result<Option<Item>, StorageError> {
        let key = Key { pk: due.pk.clone(), sk: due.sk.clone() };
        let lease = now.plus_seconds(LEASE_SECONDS).millis();
        let update = self
            .0
            .client
            .update_item()
            .table_name(&self.0.name)
            .set_key(Some(key.attributes()))
            .update_expression("SET dueAt = :lease")
            .condition_expression("dueAt = :seen")
            .expression_attribute_values(":lease", AttributeValue::N(lease.to_string()))
            .expression_attribute_values(":seen", AttributeValue::N(due.at.to_string()))
            .return_values(ReturnValue::AllNew);
        match update.send().await {
            Ok(answer) => Ok(answer.attributes),
            Err(error) if lost_the_race(&error) => Ok(None),
            Err(error) => Err(StorageError::of(&error)),
        }
    }

    /// Notes that an effect was sent: nobody needs to look after it any more. Noting it twice is fine. Work that was
    /// begun stays due until it is done, but is left to its queue for a while.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn settle(&self, sent: &Pending, now: Instant) -> Result<(), StorageError> {
        let Some(seq) = sent.seq else { return self.leave_to_its_queue(sent, now).await };
        let update = self
            .0
            .client
            .update_item()
            .table_name(&self.0.name)
            .set_key(Some(Key::revision(sent.buyer, seq).attributes()))
            .update_expression("REMOVE dueShard, dueAt")
            .condition_expression("attribute_exists(dueAt)");
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) if lost_the_race(&error) => Ok(()),
            Err(error) => Err(StorageError::of(&error)),
        }
    }
}

impl Outbox {
    /// Moves the place of begun work on, if its worker did not do so already.
    async fn leave_to_its_queue(&self, sent: &Pending, now: Instant) -> Result<(), StorageError> {
        let Some(Begun { check, requested_at, place }) = &sent.begun else { return Ok(()) };
        let age = (now.millis() - requested_at.millis()) / 1000;
        let later = now.plus_seconds((age / 2).clamp(QUEUED_SECONDS, LONGEST_QUEUED_SECONDS));
        let update = self
            .0
            .client
            .update_item()
            .table_name(&self.0.name)
            .set_key(Some(Key::vies_check(sent.buyer, *check).attributes()))
            .update_expression("SET dueAt = :later")
            .condition_expression("dueAt = :claimed")
            .expression_attribute_values(":later", AttributeValue::N(later.millis().to_string()))
            .expression_attribute_values(":claimed", AttributeValue::N(place.due_at.unwrap_or_default().to_string()));
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) if lost_the_race(&error) => Ok(()),
            Err(error) => Err(StorageError::of(&error)),
        }
    }
}

impl Claimed {
    fn take(&mut self, due: &Due, item: Item) -> Result<(), StorageError> {
        if due.sk.starts_with(REVISION) {
            self.effects.extend(Pending::of_revision(&item::read(item)?)?);
        } else if due.sk.starts_with(VIES_CHECK) {
            self.effects.push(Pending::of_check(item::read(item)?));
        } else {
            self.daily_checks.push(DailyCheck::read(&due.pk, item)?);
        }
        Ok(())
    }
}

/// Whether an update found its condition untrue.
pub(crate) fn lost_the_race<R>(error: &SdkError<UpdateItemError, R>) -> bool {
    matches!(error.as_service_error(), Some(UpdateItemError::ConditionalCheckFailedException(_)))
}
