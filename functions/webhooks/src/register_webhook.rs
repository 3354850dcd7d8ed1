//! `POST /v1/webhooks`

use description::{Operation, Shown};
use domain::WebhookId;
use domain::webhook::{Body, Endpoint, NewEndpoint, Plain, Secret};
use http_edge::{Answer, Call, Kind, Problem};
use sealing::SecretKey;
use storage::{Callers, NewWebhook, RegisterWebhooks, WebhookRegistered};

use crate::partners::authorised;
use crate::resource::WebhookResource;
use crate::secrets::{again, sealed};

/// What it takes to register an endpoint.
#[derive(Clone)]
pub(crate) struct Registration {
    pub(crate) webhooks: RegisterWebhooks,
    pub(crate) callers: Callers,
    pub(crate) key: SecretKey,
    pub(crate) plain: Plain,
}

/// Registers an endpoint, and shows its secret this once.
pub(crate) async fn register_webhook(call: Call, door: Registration) -> Result<Answer, Problem> {
    let NewEndpoint { settings, secret: supplied } = call.body(|body| NewEndpoint::parse(body, door.plain))?;
    authorised(&call, &door.callers, settings.partner_ids.as_deref().unwrap_or_default()).await?;
    let remember = call.remember(&(&settings, supplied.is_some()))?;
    let organisation = call.caller.organisation.uuid;
    let id = WebhookId::of(organisation, call.idempotency_key()?, call.at);
    let secret = supplied.clone().unwrap_or_else(Secret::fresh);
    let sealed = sealed(&door.key, &secret, (organisation, &id)).await?;
    let answer = Answer::empty(201).with("location", format!("/v1/webhooks/{id}"));
    let new = NewWebhook { id, organisation, settings, sealed };
    match door.webhooks.register(new, answer, &call.cause(), &remember).await? {
        WebhookRegistered::Done(answer, shown) => {
            Ok(WebhookResource::left(&shown.endpoint, Some(&secret)).within(answer))
        }
        WebhookRegistered::Replayed(answer, shown) => {
            Ok(again(&door.key, answer, &shown, supplied.as_ref()).await?.replayed())
        }
        WebhookRegistered::KeyReused => Err(Problem::key_reused()),
        WebhookRegistered::Full => Err(Problem::limit_reached("webhook endpoints of an organisation", Endpoint::MOST)),
    }
}

pub(crate) fn operation() -> Operation {
    Operation::post("register-webhook", "/v1/webhooks", "Registers a webhook endpoint, and shows its secret this once.")
        .details(
            "An organisation has at most 50. A repeat with the same key shows the same endpoint as it was then, with the \
             secret of then; once that no longer signs (rotated, or the endpoint deleted), without one.",
        )
        .body::<Body>()
        .refuses(Kind::Forbidden)
        .refuses(Kind::LimitReached)
        .answers(
            Shown::json::<WebhookResource<'static>>(201, "The endpoint, with its secret.")
                .location()
                .identifies("webhookId", "/id"),
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use description::boundaries;

    #[test]
    fn the_schema_of_the_body_is_what_is_taken() {
        boundaries::hold::<Body>(|body| NewEndpoint::parse(body, Plain::Refused).is_ok());
    }
}
