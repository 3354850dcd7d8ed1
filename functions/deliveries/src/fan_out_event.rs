//! An event of the bus → a delivery for each endpoint that asks for it.
//!
//! ```text
//! event ─▶ who acts for its seller ─▶ their endpoints ─ asks for it? ─▶ record, if it is new ─▶ queue
//! ```
//!
//! A delivery is recorded before it is sent. Seen again, an event finds its deliveries recorded: what was not touched
//! since is sent once more, because the send may be what failed.

use domain::webhook::{Delivery, Envelope, Status};
use domain::{DeliverWebhook, Event, Lane, OrganisationId};
use messaging::{DeliveryQueues, Message, Unsent};
use serde::Deserialize;
use storage::{Partners, RecordDeliveries, Recorded, StorageError, Watched, now};
use tracing::info;

/// How often an organisation's endpoints are read, should its client change one between the read and the write.
const TURNS: u32 = 3;

/// What a fan-out needs.
pub(crate) struct FanOut {
    pub(crate) partners: Partners,
    pub(crate) deliveries: RecordDeliveries,
    pub(crate) queues: DeliveryQueues,
}

/// Why a message has to come again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FanOutError {
    #[error("the message is no event: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("the queue did not take {0} deliveries")]
    Unsent(usize),
    #[error("an endpoint keeps changing")]
    Overtaken,
}

/// What a rule of the bus puts into a queue.
#[derive(Deserialize)]
struct Put {
    detail: Event,
}

impl FanOut {
    /// Records the deliveries of an event and has them sent.
    pub(crate) async fn fan_out(&self, message: &Message) -> Result<(), FanOutError> {
        let Put { detail: event } = serde_json::from_str(&message.body)?;
        let mut orders = Vec::new();
        for partner in self.partners.of(event.partner_uuid).await? {
            orders.extend(self.record(&event, partner.organisation.uuid).await?);
        }
        let Unsent(unsent) = self.queues.send(&orders).await;
        info!(event = %event.id, kind = event.kind.name(), deliveries = orders.len(), unsent = unsent.len(), "Fanned out");
        if unsent.is_empty() { Ok(()) } else { Err(FanOutError::Unsent(unsent.len())) }
    }

    /// What is to be sent to an organisation, once it is recorded.
    async fn record(&self, event: &Event, organisation: OrganisationId) -> Result<Vec<DeliverWebhook>, FanOutError> {
        let envelope = Envelope::of(event, organisation);
        let mut orders = Vec::new();
        'turns: for _ in 0..TURNS {
            orders.clear();
            let watched = self.deliveries.endpoints(organisation).await?;
            let asking = watched.iter().filter(|it| {
                it.endpoint.settings.status != Status::Disabled
                    && it.endpoint.wants(event.kind, Some(event.partner_uuid))
            });
            for Watched { endpoint, health, .. } in asking {
                let delivery = Delivery::of_event(&envelope, endpoint, now());
                match self.deliveries.record(&delivery, endpoint).await? {
                    Recorded::New | Recorded::Untouched if endpoint.settings.status == Status::Active => {
                        let lane = if health.is_failing() { Lane::Slow } else { Lane::Fast };
                        orders.push(DeliverWebhook { lane, ..delivery.command() });
                    }
                    Recorded::New | Recorded::Untouched | Recorded::Known => {}
                    Recorded::Overtaken => continue 'turns,
                }
            }
            return Ok(orders);
        }
        Err(FanOutError::Overtaken)
    }
}
