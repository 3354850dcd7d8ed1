//! The history of an endpoint's deliveries, with exact totals: the one list that reads all there is to show a part of it.

use domain::webhook::{Delivery, DeliveryState, DeliveryStatus, Status};
use domain::{DeliveryId, Instant, OrganisationId, WebhookId};
use serde::Deserialize;

use crate::deliveries::{DeliveryItem, LISTED};
use crate::item;
use crate::key::Key;
use crate::webhooks::WebhookItem;
use crate::{StorageError, Table};

/// Which deliveries, in what order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Of that status only.
    pub status: Option<DeliveryStatus>,
    /// Recorded after that only.
    pub since: Option<Instant>,
    /// The oldest first, instead of the newest.
    pub oldest_first: bool,
}

/// Some deliveries, and how many there are.
pub struct DeliveryPage {
    /// Those of the page.
    pub deliveries: Vec<Delivery>,
    /// All that the filter lets through.
    pub total: usize,
    /// That of the endpoint.
    pub status: Status,
}

/// Reads deliveries, always of one organisation.
#[derive(Clone)]
pub struct ReadDeliveries(pub(crate) Table);

/// What a list takes of each.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    id: DeliveryId,
    created_at: Instant,
    expires_at: i64,
    #[serde(flatten)]
    state: DeliveryState,
}

impl ReadDeliveries {
    /// A page of so many of an endpoint's deliveries; the first is page 0. `None`: the organisation has no such endpoint.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn page(
        &self,
        (organisation, webhook): (OrganisationId, &WebhookId),
        filter: DeliveryFilter,
        (page, size): (usize, usize),
        now: Instant,
    ) -> Result<Option<DeliveryPage>, StorageError> {
        let Some(endpoint) = self.0.get(&Key::webhook(organisation, webhook)).await? else { return Ok(None) };
        let status = item::read::<WebhookItem>(endpoint)?.endpoint.settings.status;
        let mut listed: Vec<Listed> = self.0.list_deliveries(webhook, LISTED).await?;
        listed.retain(|listed| {
            listed.expires_at > now.seconds()
                && filter.status.is_none_or(|status| listed.state.status() == status)
                && filter.since.is_none_or(|since| listed.created_at > since)
        });
        listed.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
        if !filter.oldest_first {
            listed.reverse();
        }
        let total = listed.len();
        let keys = listed.into_iter().skip(page.saturating_mul(size)).take(size);
        let keys: Vec<_> = keys.map(|listed| Key::delivery(webhook, &listed.id)).collect();
        if keys.is_empty() {
            return Ok(Some(DeliveryPage { deliveries: Vec::new(), total, status }));
        }
        let found = self.0.batch_get(keys.iter()).await?;
        let mut deliveries = Vec::with_capacity(keys.len());
        for key in &keys {
            deliveries.extend(key.find::<DeliveryItem>(&found)?.map(|item| item.delivery));
        }
        Ok(Some(DeliveryPage { deliveries, total, status }))
    }
}
