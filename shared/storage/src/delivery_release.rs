//! What was held or failed, begun again.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::webhook::{Delivery, DeliveryKind, DeliveryState};
use domain::{DeliveryId, Instant, WebhookId};
use serde::Deserialize;

use crate::deliveries::{AS_READ, DeliveryItem, LISTED, SentBy};
use crate::item;
use crate::key::Key;
use crate::{StorageError, Table};

/// Sends on what was held or failed.
#[derive(Clone)]
pub struct ReleaseHeldDeliveries(pub(crate) Table);

/// Which of an endpoint's deliveries are begun again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It was resumed, at that time: what is held, and what would have its turn only later, unless it was tried since.
    Resumed(Instant),
    /// A client wants what failed of what was recorded since then.
    Recovered {
        /// Since when.
        since: Instant,
        /// What is held, too: the endpoint is not PAUSED.
        held: bool,
    },
}

/// A delivery as a list of them shows it: without what it carries.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    id: DeliveryId,
    happened_at: Instant,
    #[serde(flatten)]
    waits: Waits,
    /// Seconds since the epoch.
    expires_at: i64,
}

/// What says whether a delivery is begun again.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Waits {
    created_at: Instant,
    kind: DeliveryKind,
    #[serde(default)]
    first_attempt_at: Option<Instant>,
    #[serde(flatten)]
    state: DeliveryState,
}

impl Again {
    fn takes(self, waits: Waits, now: Instant) -> bool {
        // A test that failed is no event that somebody missed.
        let is_event = waits.kind == DeliveryKind::Event;
        match (waits.state, self) {
            (DeliveryState::Held, Self::Resumed(_)) => true,
            (DeliveryState::Held, Self::Recovered { held, .. }) => held,
            (DeliveryState::Failed { .. }, Self::Recovered { since, .. }) => is_event && waits.created_at >= since,
            (DeliveryState::Pending { next_attempt_at }, Self::Resumed(at)) => {
                is_event && next_attempt_at > now && waits.first_attempt_at.is_none_or(|first| first <= at)
            }
            (DeliveryState::Failed { .. }, Self::Resumed(_))
            | (DeliveryState::Pending { .. }, Self::Recovered { .. })
            | (DeliveryState::Delivered { .. }, _) => false,
        }
    }
}

impl ReleaseHeldDeliveries {
    /// What is to be begun again for an endpoint: oldest first.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn waiting(&self, webhook: &WebhookId, again: Again) -> Result<Vec<DeliveryId>, StorageError> {
        let attributes = [LISTED, &["firstAttemptAt"]].concat();
        let mut listed: Vec<Listed> = self.0.list_deliveries(webhook, &attributes).await?;
        let now = crate::now();
        listed.retain(|listed| listed.expires_at > now.seconds() && again.takes(listed.waits, now));
        listed.sort_by(|one, other| (one.happened_at, &one.id).cmp(&(other.happened_at, &other.id)));
        Ok(listed.into_iter().map(|listed| listed.id).collect())
    }

    /// Begins a delivery again; its new state, to be sent at once. `None`: it does not wait for that any more.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn begin_again(
        &self,
        webhook: &WebhookId,
        delivery: &DeliveryId,
        again: Again,
        now: Instant,
    ) -> Result<Option<Delivery>, StorageError> {
        let key = Key::delivery(webhook, delivery);
        let Some(item) = self.0.get(&key).await? else { return Ok(None) };
        let was = item::read::<DeliveryItem>(item)?.delivery;
        let Delivery { created_at, kind, first_attempt_at, state, .. } = was;
        if !again.takes(Waits { created_at, kind, first_attempt_at, state }, now) {
            return Ok(None);
        }
        let after = was.begun_again(now);
        let seen = [(":seen", AttributeValue::N(was.seq.to_string()))];
        let item = DeliveryItem::write(&after, SentBy::Writer)?;
        let Some(standing) = self.0.put_if(item, (AS_READ, &seen)).await? else { return Ok(Some(after)) };
        // Ours already, if the answer to the first attempt was lost; else it goes its way.
        let standing = item::read::<DeliveryItem>(standing).ok().map(|standing| standing.delivery);
        Ok(standing.filter(|standing| *standing == after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::webhook::FailedReason;

    const RESUMED: Instant = Instant::from_millis(1_795_391_999_999);

    #[test]
    fn a_resume_takes_what_is_held_or_waits_for_a_turn_that_comes_later_and_nothing_twice() {
        let now = RESUMED.plus_seconds(5);
        let later = DeliveryState::Pending { next_attempt_at: now.plus_seconds(600) };
        let begun = DeliveryState::Pending { next_attempt_at: now.plus_seconds(-1) };
        let failed = DeliveryState::Failed { failed_at: RESUMED, reason: FailedReason::Exhausted };
        let (before, after) = (Some(RESUMED.plus_seconds(-60)), Some(RESUMED.plus_seconds(2)));
        let (event, test) = (DeliveryKind::Event, DeliveryKind::Test);
        for (kind, first_attempt_at, state, expected) in [
            (event, None, DeliveryState::Held, true),
            (event, before, DeliveryState::Held, true),
            (event, before, later, true),
            // To be held, but put off.
            (event, None, later, true),
            // Begun again by a message that came before this one; and tried again since.
            (event, None, begun, false),
            (event, after, later, false),
            // In its queue.
            (event, before, begun, false),
            (test, before, later, false),
            (event, before, failed, false),
            (event, before, DeliveryState::Delivered { delivered_at: RESUMED }, false),
        ] {
            let waits = Waits { created_at: RESUMED.plus_seconds(-90), kind, first_attempt_at, state };
            assert_eq!(Again::Resumed(RESUMED).takes(waits, now), expected, "{waits:?}");
        }
    }

    #[test]
    fn a_recovery_takes_events_that_failed_and_what_is_held_unless_the_endpoint_is_paused() {
        let now = RESUMED;
        let failed = DeliveryState::Failed { failed_at: now, reason: FailedReason::Gone };
        let later = DeliveryState::Pending { next_attempt_at: now.plus_seconds(600) };
        let (event, test) = (DeliveryKind::Event, DeliveryKind::Test);
        for (kind, recorded, state, active, paused) in [
            (event, 0, failed, true, true),
            (event, -1, failed, false, false),
            (test, 0, failed, false, false),
            (event, -1, DeliveryState::Held, true, false),
            (event, 0, later, false, false),
            (event, 0, DeliveryState::Delivered { delivered_at: now }, false, false),
        ] {
            let since = now.plus_seconds(-60);
            let created_at = since.plus_seconds(recorded);
            let waits = Waits { created_at, kind, first_attempt_at: Some(since), state };
            let taken = [true, false].map(|held| Again::Recovered { since, held }.takes(waits, now));
            assert_eq!(taken, [active, paused], "{waits:?}");
        }
    }
}
