//! `POST /v1/webhooks/{webhookId}/rotate-secret`

use description::{Operation, Shown};
use domain::webhook::{Rotation, RotationBody, Secret};
use http_edge::{Answer, Call, Problem};
use sealing::SecretKey;
use storage::{ModifyWebhooks, WebhookChanged};

use crate::resource::{WebhookResource, refused};
use crate::secrets::{again, sealed};

/// Gives an endpoint another secret, and shows it this once; the old one goes on signing beside it for a while.
pub(crate) async fn rotate_webhook_secret(
    call: Call,
    (webhooks, key): (ModifyWebhooks, SecretKey),
) -> Result<Answer, Problem> {
    let rotation = call.optional_body(Rotation::parse)?.unwrap_or_default();
    let id = call.id("webhookId", "webhook endpoint")?;
    let remember = call.remember(&(rotation.overlap_hours, rotation.secret.is_some()))?;
    let of = (call.caller.organisation.uuid, &id);
    let secret = rotation.secret.clone().unwrap_or_else(Secret::fresh);
    let sealed = sealed(&key, &secret, of).await?;
    match webhooks.rotate(of, (&sealed, &rotation), &call.cause(), &remember).await? {
        WebhookChanged::Done(answer, Some(shown)) => {
            Ok(WebhookResource::left(&shown.endpoint, Some(&secret)).within(answer))
        }
        WebhookChanged::Replayed(answer, Some(shown)) => {
            Ok(again(&key, answer, &shown, rotation.secret.as_ref()).await?.replayed())
        }
        WebhookChanged::Done(_, None) | WebhookChanged::Replayed(_, None) => {
            Err(Problem::internal("a rotation whose entry in the log is missing"))
        }
        WebhookChanged::Refused(refusal) => Err(refused(refusal)),
    }
}

pub(crate) fn operation() -> Operation {
    Operation::post(
        "rotate-webhook-secret",
        "/v1/webhooks/{webhookId}/rotate-secret",
        "Gives a webhook endpoint another secret, and shows it this once.",
    )
    .details(
        "The old one goes on signing beside it for `overlapHours`, 24 unless said otherwise: deliveries then carry two \
         signatures, the new one's first. Rotating again while an overlap runs drops the oldest. A repeat with the same \
         key shows the secret of then as long as it signs.",
    )
    .optional_body::<RotationBody>()
    .answers(Shown::json::<WebhookResource<'static>>(200, "The endpoint, with its new secret."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use description::boundaries;

    #[test]
    fn the_schema_of_the_body_is_what_is_taken() {
        boundaries::hold::<RotationBody>(|body| Rotation::parse(body).is_ok());
    }
}
