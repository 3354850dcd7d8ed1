//! An event of the bus → a delivery for each endpoint that asks for it.
//!
//! ```text
//! event ─▶ who acts for its seller ─▶ their endpoints ─ asks for it? ─▶ record, if it is new ─▶ queue
//! ```
//!
//! A delivery is recorded before it is sent. Seen again, an event finds its deliveries recorded: what was not touched
//! since is sent once more, because the send may be what failed.

use domain::webhook::{Delivery, Endpoint, Envelope, Status};
use domain::{DeliverWebhook, Event, Lane, OrganisationId};
use futures_util::{StreamExt, stream};
use messaging::{DeliveryQueues, Message};
use serde::Deserialize;
use storage::{Partners, RecordDeliveries, Recorded, StorageError, Watched, now};
use tracing::{info, warn};

/// How often an organisation's endpoints are read, should its client change one between the read and the write.
const TURNS: u32 = 3;
/// Deliveries of an event that are recorded and sent at the same time.
const AT_ONCE: usize = 10;

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
    #[error("a queue did not take a delivery")]
    Unsent,
    #[error("an endpoint keeps changing")]
    Overtaken,
}

/// What a rule of the bus puts into a queue.
#[derive(Deserialize)]
struct Put {
    detail: Event,
}

impl FanOut {
    /// Records the deliveries of an event, and has each sent once it is recorded. What cannot be done for one endpoint or
    /// organisation is done for all others first.
    pub(crate) async fn fan_out(&self, message: &Message) -> Result<(), FanOutError> {
        let Put { detail: event } = serde_json::from_str(&message.body)?;
        if event.created_at.plus_seconds(Delivery::KEPT_SECONDS) <= now() {
            // Whether it was delivered is not known any more.
            warn!(event = %event.id, "An event is too old to be delivered: a replay of the archive goes back too far");
            return Ok(());
        }
        let (mut sent, mut failed) = (0, None);
        for partner in self.partners.of(event.partner_uuid).await? {
            let organisation = partner.organisation.uuid;
            match self.to_organisation(&event, organisation).await {
                Ok(deliveries) => sent += deliveries,
                Err(cause) => {
                    warn!(event = %event.id, %organisation, %cause, "Not all endpoints of the organisation were reached");
                    failed = Some(cause);
                }
            }
        }
        info!(event = %event.id, kind = event.kind.name(), sent, "Fanned out");
        failed.map_or(Ok(()), Err)
    }

    /// How many deliveries it sent to an organisation's endpoints: those that fare well come first.
    async fn to_organisation(&self, event: &Event, organisation: OrganisationId) -> Result<usize, FanOutError> {
        let envelope = &Envelope::of(event, organisation);
        for _ in 0..TURNS {
            let watched = self.deliveries.endpoints(organisation).await?;
            let mut asking: Vec<_> = watched.iter().filter(|it| asks(&it.endpoint, event)).collect();
            asking.sort_by_key(|it| it.health.is_failing());
            let ways = asking.into_iter().map(|watched| self.to_endpoint(envelope, watched));
            let ways: Vec<_> = stream::iter(ways).buffer_unordered(AT_ONCE).collect().await;
            let ways = ways.into_iter().collect::<Result<Vec<_>, _>>()?;
            if !ways.contains(&Way::Overtaken) {
                return Ok(ways.into_iter().filter(|way| *way == Way::Sent).count());
            }
        }
        Err(FanOutError::Overtaken)
    }

    async fn to_endpoint(&self, envelope: &Envelope, watched: &Watched) -> Result<Way, FanOutError> {
        let Watched { endpoint, health, .. } = watched;
        let delivery = Delivery::of_event(envelope, endpoint, now());
        match self.deliveries.record(&delivery, endpoint).await? {
            Recorded::Overtaken => return Ok(Way::Overtaken),
            Recorded::New | Recorded::Untouched if endpoint.settings.status == Status::Active => {}
            Recorded::New | Recorded::Untouched | Recorded::Known => return Ok(Way::Waits),
        }
        let lane = if health.is_failing() { Lane::Slow } else { Lane::Fast };
        let taken = self.queues.send(&DeliverWebhook { lane, ..delivery.command() }).await;
        if taken { Ok(Way::Sent) } else { Err(FanOutError::Unsent) }
    }
}

/// What became of a delivery.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It is in its queue.
    Sent,
    /// It is held, or was sent before.
    Waits,
    /// The endpoint was changed meanwhile.
    Overtaken,
}

/// Nobody is told what happened before he asked: the archive may be replayed.
fn asks(endpoint: &Endpoint, event: &Event) -> bool {
    let was_there = endpoint.created_at <= event.created_at;
    was_there && endpoint.settings.status != Status::Disabled && endpoint.wants(event.kind, Some(event.partner_uuid))
}
