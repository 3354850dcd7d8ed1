//! What waits for its time: effects that were not sent yet, checks to be tried again, checks of every day.
//!
//! A revision with an effect is written with a place in the sparse index `due`. Whoever sends it (the
//! relay at once, or `run-due` from two minutes later on) takes that place away *after* the send was
//! confirmed. So a lost stream record, a dead function or a refused send delays an effect, and never loses it.
//!
//! What a transaction orders that is not about a buyer stands beside it as an errand, and goes the same two ways.
//!
//! Whatever else has to happen at some time has a place there too. Claiming it moves the place to the end of a lease;
//! only the transaction that ends the work takes it away or moves it for good. So work whose message is lost, or whose
//! worker dies, comes up again.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, TransactWriteItem};
use domain::{BuyerId, CheckVies, Command, DeliveryId, Effect, Instant, OrganisationId, Revision};
use serde::{Deserialize, Serialize};
use tracing::error;
use uuid::Uuid;

use crate::deliveries::DeliveryItem;
use crate::item::{self, Item, RevisionItem};
use crate::key::{DELIVERY, ERRAND, Key, REVISION, VIES_CHECK};
use crate::transaction::{self, NEW};
use crate::vies_checks::CheckItem;
use crate::vies_monitoring::DailyCheck;
use crate::{StorageError, Table};

/// Shards of the `due` index, so that no single index partition takes every write; as many again for what can wait.
const SHARDS: u64 = 8;
/// How long the relay has before `run-due` looks after an effect.
const GRACE_SECONDS: i64 = 120;
/// How long a claimed effect is left to its claimer.
const LEASE_SECONDS: i64 = 120;
/// How long work that was put into its queue is left there at least: longer than it usually queues behind others of a
/// member state or an endpoint that hangs. What is put there twice costs a read.
pub(crate) const QUEUED_SECONDS: i64 = 15 * 60;
/// And at most. The older it is the longer: where a member state or a receiver hangs for hours and much waits for it, the
/// queue would else fill with messages about the same.
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
        Self::in_shard(Line::Work, tail.wrapping_add(number), at)
    }

    /// Of a check of the day: apart, so that many of them delay nothing else.
    pub(crate) fn daily(buyer: BuyerId, at: Instant) -> Self {
        Self::in_shard(Line::Daily, buyer.0.as_bytes()[15].into(), at)
    }

    /// Of a delivery at that time; the tail of its id is evenly spread.
    pub(crate) fn of_delivery(delivery: &DeliveryId, at: Instant) -> Self {
        let id = delivery.to_string();
        let tail = id.bytes().last().and_then(|digit| char::from(digit).to_digit(16)).unwrap_or_default();
        Self::in_shard(Line::Work, tail.into(), at)
    }

    /// Of an errand: `run-due` leaves it to the relay for a while.
    pub(crate) fn of_errand(errand: Uuid, ordered_at: Instant) -> Self {
        Self::in_shard(Line::Work, errand.as_bytes()[15].into(), ordered_at.plus_seconds(GRACE_SECONDS))
    }

    fn in_shard(line: Line, number: u64, at: Instant) -> Self {
        Self { due_shard: Some(line.shard(number % SHARDS)), due_at: Some(at.millis()) }
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
    /// Whose, if it is of a buyer.
    pub buyer: Option<BuyerId>,
    /// What is to be sent.
    pub effect: Effect,
    /// Names this turn of sending it: the same when the same stream record comes again, another one when it is due again.
    pub turn: String,
    follow_up: FollowUp,
}

/// What is noted about an effect once it was sent.
enum FollowUp {
    /// That the revision's was sent: nothing is due any more.
    Revision(BuyerId, u64),
    /// That the errand is done with.
    Errand(Key),
    /// That work which was begun is in its queue; its worker says whether it was done.
    Begun(Begun),
}

/// Work that was begun, as it was claimed.
struct Begun {
    key: Key,
    place: Place,
    /// How long it is left to its queue.
    seconds: i64,
}

impl Pending {
    /// From the item of a revision or an errand as the table's stream shows it; `None` when it has no effect.
    ///
    /// # Errors
    /// [`StorageError::Unreadable`].
    pub fn from_stream(image: serde_dynamo::Item) -> Result<Option<Self>, StorageError> {
        let key: StreamKey = serde_dynamo::from_item(image.clone())?;
        if key.pk.starts_with(ERRAND) {
            let errand = serde_dynamo::from_item(image)?;
            return Ok(Some(Self::of_errand(Key { pk: key.pk, sk: key.sk }, errand)));
        }
        Self::of_revision(&serde_dynamo::from_item(image)?)
    }

    fn of_revision(item: &RevisionItem) -> Result<Option<Self>, StorageError> {
        let revision = item.revision()?;
        let (buyer, seq) = (revision.buyer, revision.seq);
        let turn = |at: Option<i64>| format!("{buyer}-{seq}-{}", at.unwrap_or_default());
        let (turn, follow_up) = (turn(item.place.due_at), FollowUp::Revision(buyer, seq));
        Ok(revision.effect.map(|effect| Self { buyer: Some(buyer), effect, turn, follow_up }))
    }

    fn of_check(item: CheckItem, now: Instant) -> Self {
        let (buyer, check_id, vat_number) = (item.check.buyer, item.check.check_id, item.check.vat_number);
        let effect = Effect::Command(Command::CheckVies(CheckVies { buyer, check_id, vat_number }));
        let turn = format!("{check_id}-{}", item.place.due_at.unwrap_or_default());
        let seconds = left_to_its_queue(item.check.requested_at, now);
        let begun = Begun { key: Key::vies_check(buyer, check_id), place: item.place, seconds };
        Self { buyer: Some(buyer), effect, turn, follow_up: FollowUp::Begun(begun) }
    }

    fn of_errand(key: Key, errand: ErrandItem) -> Self {
        let turn = format!("{}-{}", key.sk, errand.place.due_at.unwrap_or_default());
        Self { buyer: None, effect: Effect::Command(errand.command), turn, follow_up: FollowUp::Errand(key) }
    }

    fn of_delivery(key: Key, item: DeliveryItem, now: Instant) -> Self {
        let turn = format!("{}-{}", item.delivery.id, item.place.due_at.unwrap_or_default());
        let command = Command::DeliverWebhook(item.delivery.command());
        let begun = Begun { key, place: item.place, seconds: left_to_its_queue(item.delivery.created_at, now) };
        Self { buyer: None, effect: Effect::Command(command), turn, follow_up: FollowUp::Begun(begun) }
    }

    /// The number of the revision that causes it.
    #[must_use]
    pub const fn seq(&self) -> Option<u64> {
        match &self.follow_up {
            FollowUp::Revision(_, seq) => Some(*seq),
            FollowUp::Errand(_) | FollowUp::Begun(_) => None,
        }
    }
}

/// How many seconds work that was begun then is left to its queue: half its age, within bounds.
fn left_to_its_queue(since: Instant, now: Instant) -> i64 {
    ((now.millis() - since.millis()) / 2000).clamp(QUEUED_SECONDS, LONGEST_QUEUED_SECONDS)
}

/// What was claimed at one go.
pub struct Claimed {
    /// Effects to send.
    pub effects: Vec<Pending>,
    /// Buyers that are to be checked today.
    pub daily_checks: Vec<DailyCheck>,
    /// How many entries of the index were looked at: as many as were asked for, when there may be more.
    pub listed: usize,
    /// How many of them were leased, whether they could be read or not.
    leased: usize,
}

impl Claimed {
    /// Whether there may be more: a whole batch of which nothing could be claimed would be listed again and again.
    #[must_use]
    pub const fn may_be_more(&self, asked_for: usize) -> bool {
        self.listed >= asked_for && self.leased > 0
    }
}

/// Work that is ordered in a transaction and sent to its queue afterwards.
#[derive(Serialize, Deserialize)]
struct ErrandItem {
    command: Command,
    /// Until it was sent.
    #[serde(flatten)]
    place: Place,
}

#[derive(Deserialize)]
struct StreamKey {
    pk: String,
    sk: String,
}

impl Table {
    /// Orders work of an organisation's within a transaction.
    pub(crate) fn errand(
        &self,
        organisation: OrganisationId,
        command: Command,
        at: Instant,
    ) -> Result<TransactWriteItem, StorageError> {
        let id = Uuid::new_v4();
        let errand = ErrandItem { command, place: Place::of_errand(id, at) };
        Ok(transaction::put(self, item::write(&Key::errand(organisation, id), &errand)?, Some(NEW)))
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
        let mut claimed = Claimed { effects: Vec::new(), daily_checks: Vec::new(), listed: 0, leased: 0 };
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
                                claimed.leased += 1;
                                if let Err(cause) = claimed.take(&due, item, now) {
                                    error!(pk = due.pk, sk = due.sk, %cause, alarm = "stuck", "What is due cannot be read");
                                }
                            }
                            Ok(None) => {}
                            Err(cause) => {
                                let alarm = cause.alarm();
                                error!(pk = due.pk, sk = due.sk, %cause, alarm, "What is due cannot be claimed");
                            }
                        }
                    }
                }
                Err(cause) => {
                    error!(shard, %cause, alarm = cause.alarm(), "A shard of the due index cannot be read");
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
        let (buyer, seq) = match &sent.follow_up {
            FollowUp::Revision(buyer, seq) => (*buyer, *seq),
            FollowUp::Errand(errand) => {
                let delete = self.0.client.delete_item().table_name(&self.0.name).set_key(Some(errand.attributes()));
                return delete.send().await.map(drop).map_err(|error| StorageError::of(&error));
            }
            FollowUp::Begun(begun) => return self.leave_to_its_queue(begun, now).await,
        };
        let update = self
            .0
            .client
            .update_item()
            .table_name(&self.0.name)
            .set_key(Some(Key::revision(buyer, seq).attributes()))
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
    async fn leave_to_its_queue(
        &self,
        Begun { key, place, seconds }: &Begun,
        now: Instant,
    ) -> Result<(), StorageError> {
        let later = now.plus_seconds(*seconds);
        let update = self
            .0
            .client
            .update_item()
            .table_name(&self.0.name)
            .set_key(Some(key.attributes()))
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
    fn take(&mut self, due: &Due, item: Item, now: Instant) -> Result<(), StorageError> {
        let key = || Key { pk: due.pk.clone(), sk: due.sk.clone() };
        if due.pk.starts_with(DELIVERY) {
            self.effects.push(Pending::of_delivery(key(), item::read(item)?, now));
        } else if due.pk.starts_with(ERRAND) {
            self.effects.push(Pending::of_errand(key(), item::read(item)?));
        } else if due.sk.starts_with(REVISION) {
            self.effects.extend(Pending::of_revision(&item::read(item)?)?);
        } else if due.sk.starts_with(VIES_CHECK) {
            self.effects.push(Pending::of_check(item::read(item)?, now));
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
