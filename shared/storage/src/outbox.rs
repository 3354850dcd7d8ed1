//! Effects that wait to be sent.
//!
//! A revision with an effect is written with a place in the sparse index `due`. Whoever sends it (the
//! relay at once, or `run-due` from two minutes later on) takes that place away *after* the send was
//! confirmed. So a lost stream record, a dead function or a refused send delays an effect, and never loses it.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::{BuyerId, Effect, Instant};
use serde::Deserialize;
use tracing::error;

use crate::item::{self, RevisionItem};
use crate::key::Key;
use crate::{StorageError, Table};

/// Shards of the `due` index, so that no single index partition takes every write.
const SHARDS: u64 = 8;
/// How long the relay has before `run-due` looks after an effect.
const GRACE_SECONDS: i64 = 120;
/// How long a claimed effect is left to its claimer.
const LEASE_SECONDS: i64 = 120;

/// The place of a revision in the index: its shard (by its number and the tail of its buyer's id, both evenly
/// spread) and the time from which `run-due` may send its effect.
pub(crate) fn place(buyer: BuyerId, seq: u64, at: Instant) -> (String, i64) {
    let tail = u64::from(buyer.0.as_bytes()[15]);
    (format!("DUE#{}", (tail + seq) % SHARDS), at.plus_seconds(GRACE_SECONDS).millis())
}

/// An effect that may have to be sent.
pub struct Pending {
    /// Whose.
    pub buyer: BuyerId,
    /// Which revision's.
    pub seq: u64,
    /// What is to be sent.
    pub effect: Effect,
}

impl Pending {
    /// From a revision's item as the table's stream shows it; `None` when it has no effect.
    ///
    /// # Errors
    /// [`StorageError::Unreadable`].
    pub fn from_stream(image: serde_dynamo::Item) -> Result<Option<Self>, StorageError> {
        Self::of(&serde_dynamo::from_item(image)?)
    }

    fn of(item: &RevisionItem) -> Result<Option<Self>, StorageError> {
        let revision = item.revision()?;
        Ok(revision.effect.map(|effect| Self { buyer: revision.buyer, seq: revision.seq, effect }))
    }
}

/// What was claimed at one go.
pub struct Claimed {
    /// Effects to send.
    pub effects: Vec<Pending>,
    /// How many entries of the index were looked at: as many as were asked for, when there may be more.
    pub listed: usize,
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
    /// Claims effects that are due now, at most so many: each is left to the claimer for two minutes.
    ///
    /// One that cannot be claimed or read now is logged and left to its next turn; it holds up no other.
    ///
    /// # Errors
    /// [`StorageError`] when a part of the index cannot be read and nothing is due in the others.
    pub async fn claim_due(&self, now: Instant, at_most: usize) -> Result<Claimed, StorageError> {
        let mut claimed = Claimed { effects: Vec::new(), listed: 0 };
        let mut failure = None;
        for shard in 0..SHARDS {
            match self.due(shard, now, at_most - claimed.listed).await {
                Ok(listed) => {
                    claimed.listed += listed.len();
                    for due in listed {
                        match self.claim(&due, now).await {
                            Ok(effect) => claimed.effects.extend(effect),
                            Err(cause) => {
                                error!(pk = due.pk, sk = due.sk, %cause, "A due effect cannot be claimed");
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

    async fn due(&self, shard: u64, now: Instant, at_most: usize) -> Result<Vec<Due>, StorageError> {
        let query = self
            .0
            .client
            .query()
            .table_name(&self.0.name)
            .index_name("due")
            .key_condition_expression("dueShard = :shard AND dueAt <= :now")
            .expression_attribute_values(":shard", AttributeValue::S(format!("DUE#{shard}")))
            .expression_attribute_values(":now", AttributeValue::N(now.millis().to_string()))
            .limit(i32::try_from(at_most).unwrap_or(i32::MAX).min(100));
        let page = query.send().await.map_err(|error| StorageError::of(&error))?;
        page.items.unwrap_or_default().into_iter().map(item::read).collect()
    }

    /// `dueAt` moves to the end of the lease if nobody moved or removed it since it was listed.
    async fn claim(&self, due: &Due, now: Instant) -> Result<Option<Pending>, StorageError> {
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
            Ok(answer) => Pending::of(&item::read(answer.attributes.unwrap_or_default())?),
            Err(error) if lost_the_race(&error) => Ok(None),
            Err(error) => Err(StorageError::of(&error)),
        }
    }

    /// Notes that an effect was sent: nobody needs to look after it any more. Noting it twice is fine.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn settle(&self, sent: &Pending) -> Result<(), StorageError> {
        let update = self
            .0
            .client
            .update_item()
            .table_name(&self.0.name)
            .set_key(Some(Key::revision(sent.buyer, sent.seq).attributes()))
            .update_expression("REMOVE dueShard, dueAt")
            .condition_expression("attribute_exists(dueAt)");
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) if lost_the_race(&error) => Ok(()),
            Err(error) => Err(StorageError::of(&error)),
        }
    }
}

/// Whether an update found its condition untrue.
pub(crate) fn lost_the_race<R>(error: &SdkError<UpdateItemError, R>) -> bool {
    matches!(error.as_service_error(), Some(UpdateItemError::ConditionalCheckFailedException(_)))
}
