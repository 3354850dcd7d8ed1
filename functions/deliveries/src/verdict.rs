//! What follows for an endpoint from how its deliveries fare.

use domain::webhook::{Delivery, Envelope, Health, PauseReason, Status, Verdict};
use domain::{Actor, Cause, MailOrder, Source, WebhookId};
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
                    let mail = gone(&watched);
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
        let envelope = Envelope::of_pause(endpoint, reason, (failures, since), cause.at);
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

/// The mail about an endpoint that said 410, perhaps long after its first failure.
fn gone(Watched { endpoint, health, .. }: &Watched) -> MailOrder {
    MailOrder::webhook_disabled(endpoint.organisation, endpoint.id.clone(), health.gone_at.unwrap_or_else(now))
}

fn cause(message: &Message) -> Cause {
    let actor = Actor::System { function: "deliver-webhook".to_owned() };
    Cause { actor, source: Source::System, request_id: message.id.clone(), at: now() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Notice;
    use domain::webhook::{Endpoint, NewEndpoint, Plain};
    use domain::{Instant, OrganisationId};
    use serde_json::json;

    #[test]
    fn the_mail_about_a_disabled_endpoint_names_when_it_answered_410_and_not_when_it_began_to_fail() {
        let began = Instant::from_millis(1_795_391_999_999);
        let said_gone = began.plus_seconds(3_600);
        let organisation: OrganisationId = "8f6d2c4e-51b7-5d0a-9e63-4b1fa7c2d895".parse().unwrap();
        let body = json!({"url": "https://hooks.example.com/x", "events": ["kyc.*"]});
        let settings = NewEndpoint::parse(&body, Plain::Refused).unwrap().settings;
        let endpoint = Endpoint::new(WebhookId::of(organisation, "key", began), organisation, settings, began);
        let health = Health::default().failed(began, false).failed(said_gone, true);
        let health = health.failed(said_gone.plus_seconds(60), true);
        assert_eq!((health.verdict(), row(&health)), (Verdict::Disable, (3, began)));
        let webhook = endpoint.id.clone();
        let mail = gone(&Watched { endpoint, secrets: Vec::new(), health });
        assert_eq!(
            (mail.organisation, mail.notice),
            (organisation, Notice::WebhookDisabled { webhook, since: said_gone })
        );
    }
}
