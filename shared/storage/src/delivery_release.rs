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

/// A delivery as a list of them shows it: without what it carries.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    id: DeliveryId,
    created_at: Instant,
    happened_at: Instant,
    kind: DeliveryKind,
    #[serde(flatten)]
    state: DeliveryState,
    /// Seconds since the epoch.
    expires_at: i64,
}

impl ReleaseHeldDeliveries {
    /// What is held for an endpoint, and what failed of what was recorded since then: oldest first.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn waiting(
        &self,
        webhook: &WebhookId,
        failed_since: Option<Instant>,
    ) -> Result<Vec<DeliveryId>, StorageError> {
        let mut listed: Vec<Listed> = self.0.list_deliveries(webhook, LISTED).await?;
        let now = crate::now().seconds();
        listed.retain(|listed| match listed.state {
            _ if listed.expires_at <= now => false,
            DeliveryState::Held => true,
            // A test that failed is no event that somebody missed.
            DeliveryState::Failed { .. } => {
                listed.kind == DeliveryKind::Event && failed_since.is_some_and(|since| listed.created_at >= since)
            }
            DeliveryState::Pending { .. } | DeliveryState::Delivered { .. } => false,
        });
        listed.sort_by(|one, other| (one.happened_at, &one.id).cmp(&(other.happened_at, &other.id)));
        Ok(listed.into_iter().map(|listed| listed.id).collect())
    }

    /// Begins a delivery again that is held or failed; its new state, to be sent at once. `None`: it is neither, any more.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn begin_again(
        &self,
        webhook: &WebhookId,
        delivery: &DeliveryId,
        now: Instant,
    ) -> Result<Option<Delivery>, StorageError> {
        let key = Key::delivery(webhook, delivery);
        let Some(item) = self.0.get(&key).await? else { return Ok(None) };
        let was = item::read::<DeliveryItem>(item)?.delivery;
        if !matches!(was.state, DeliveryState::Held | DeliveryState::Failed { .. }) {
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
