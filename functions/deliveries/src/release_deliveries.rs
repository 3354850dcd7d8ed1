//! An endpoint that is resumed or recovered → what it was not sent, oldest first.

use std::time::{Duration, SystemTime};

use domain::ReleaseDeliveries;
use domain::webhook::Status;
use messaging::{DeliveryQueues, Message};
use storage::{Again, ReadWebhooks, ReleaseHeldDeliveries, StorageError, now};
use tracing::info;

/// Left over at the end of an invocation.
const RESERVE: Duration = Duration::from_secs(10);

/// What a release needs.
pub(crate) struct Release {
    pub(crate) webhooks: ReadWebhooks,
    pub(crate) deliveries: ReleaseHeldDeliveries,
    pub(crate) queues: DeliveryQueues,
}

/// Why a message has to come again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReleaseError {
    #[error("the message releases nothing: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("{0} deliveries are left for the next turn")]
    NotDone(usize),
}

impl Release {
    /// Begins what waits again, one after the other, so that the oldest is first in the queue. What was begun does not wait
    /// any more: a message that comes again goes on where this one ended.
    pub(crate) async fn release(&self, message: &Message, deadline: SystemTime) -> Result<(), ReleaseError> {
        let order: ReleaseDeliveries = serde_json::from_str(&message.body)?;
        let ReleaseDeliveries { organisation, webhook, failed_since, resumed_at } = &order;
        let endpoint = self.webhooks.get(*organisation, webhook).await?;
        let found = endpoint.map(|endpoint| (endpoint.settings.status, endpoint.updated_at));
        let again = match (found, *failed_since) {
            // A message without it is of an older version.
            (Some((Status::Active, changed_at)), None) => Again::Resumed(resumed_at.unwrap_or(changed_at)),
            (Some((Status::Active, _)), Some(since)) => Again::Recovered { since, held: true },
            // What failed waits with what is held.
            (Some((Status::Paused, _)), Some(since)) => Again::Recovered { since, held: false },
            (None | Some(_), _) => {
                info!(%webhook, "The endpoint is not active: what waits goes on waiting");
                return Ok(());
            }
        };
        let waiting = self.deliveries.waiting(webhook, again).await?;
        for (done, id) in waiting.iter().enumerate() {
            if SystemTime::now() + RESERVE > deadline {
                return Err(ReleaseError::NotDone(waiting.len() - done));
            }
            if let Some(delivery) = self.deliveries.begin_again(webhook, id, again, now()).await? {
                // One that the queue does not take comes up in the index `due`.
                self.queues.send(&delivery.command()).await;
            }
        }
        info!(%webhook, deliveries = waiting.len(), "Released");
        Ok(())
    }
}
