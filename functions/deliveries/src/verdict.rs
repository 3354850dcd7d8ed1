//! What follows for an endpoint from how its deliveries fare.

use domain::webhook::{Delivery, Envelope, Health, PauseReason, Status, Verdict};
use domain::{Actor, Cause, EventId, EventType, MailOrder, Source, WebhookId};
use messaging::Message;
use storage::{StorageError, Watched, Written, now};
use tracing::info;

use crate::deliver_webhook::{Courier, DeliverError};

/// How often an endpoint is judged that changes meanwhile.
const TURNS: u32 = 3;

impl Courier {
    /// Does what its health asks for, if that was not done. It is judged by what is stored, so judging twice is fine.
    pub(crate) async fn judge(&self, watched: Watched, message: &Message) -> Result<(), DeliverError> {
        let (organisation, id) = (watched.endpoint.organisation, watched.endpoint.id.clone());
        let mut found = Some(watched);
        for _ in 0..TURNS {
            let Some(watched) = found.filter(|it| it.endpoint.settings.status == Status::Active) else { return Ok(()) };
            let written = match watched.health.verdict() {
                Verdict::Continue => return Ok(()),
                Verdict::Warn => {
                    let mail = MailOrder::webhook_failing(organisation, id.clone(), row(&watched.health));
                    self.deliveries.warn(&watched, mail, now()).await?
                }
                Verdict::Pause(reason) => self.pause(&watched, reason, message).await?,
                Verdict::Disable => {
                    let (_, since) = row(&watched.health);
                    let mail = MailOrder::webhook_disabled(organisation, id.clone(), since);
                    let to = (Status::Disabled, None);
                    self.deliveries.stop(&watched, to, (Some(mail), &[]), &cause(message)).await?
                }
            };
            if written == Written::Done {
                info!(webhook = %id, verdict = ?watched.health.verdict(), "The endpoint fails, and this follows");
                return Ok(());
            }
            found = self.deliveries.endpoint(organisation, &id).await?;
        }
        // Others write to it all the time: whoever notes the next failure judges again.
        Ok(())
    }

    async fn pause(&self, watched: &Watched, reason: PauseReason, message: &Message) -> Result<Written, StorageError> {
        let (endpoint, cause) = (&watched.endpoint, cause(message));
        let (failures, since) = row(&watched.health);
        let data = serde_json::json!({
            "webhookId": endpoint.id, "reason": reason, "failures": failures, "failingSince": since, "pausedAt": cause.at,
        });
        let kind = EventType::EndpointAutoPaused;
        let event = EventId::of_webhook(&endpoint.id, &endpoint.revision.to_string(), kind.name());
        let envelope = Envelope::of_webhooks(event, kind, endpoint.organisation, data, cause.at);
        let told = self.told(Some(envelope), &endpoint.id).await?;
        let mail = MailOrder::webhook_paused(endpoint.organisation, endpoint.id.clone(), (failures, since));
        self.deliveries.stop(watched, (Status::Paused, Some(reason)), (Some(mail), &told), &cause).await
    }

    /// Deliveries of what happened to an endpoint to the others of its organisation that are ACTIVE and ask for it.
    pub(crate) async fn told(
        &self,
        envelope: Option<Envelope>,
        about: &WebhookId,
    ) -> Result<Vec<Delivery>, StorageError> {
        let Some(envelope) = envelope else { return Ok(Vec::new()) };
        let all = self.deliveries.endpoints(envelope.organization_uuid).await?;
        let others = all.iter().map(|watched| &watched.endpoint).filter(|other| {
            other.id != *about && other.settings.status == Status::Active && other.wants(envelope.kind, None)
        });
        Ok(others.map(|other| Delivery::of_event(&envelope, other, now())).collect())
    }
}

/// How often in a row, since when.
fn row(health: &Health) -> (u32, domain::Instant) {
    (health.failures, health.failing_since.unwrap_or_else(now))
}

fn cause(message: &Message) -> Cause {
    let actor = Actor::System { function: "deliver-webhook".to_owned() };
    Cause { actor, source: Source::System, request_id: message.id.clone(), at: now() }
}
