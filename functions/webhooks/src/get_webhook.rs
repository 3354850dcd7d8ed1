//! `GET /v1/webhooks/{webhookId}`

use description::{Operation, Shown};
use http_edge::{Answer, Call, Problem};
use storage::ReadWebhooks;

use crate::resource::{WebhookResource, not_found};

/// One endpoint of the organisation.
pub(crate) async fn get_webhook(call: Call, webhooks: ReadWebhooks) -> Result<Answer, Problem> {
    let id = call.id("webhookId", "webhook endpoint")?;
    let endpoint = webhooks.get(call.caller.organisation.uuid, &id).await?.ok_or_else(not_found)?;
    Ok(Answer::json(200, &WebhookResource::now(&endpoint, call.at)))
}

pub(crate) fn operation() -> Operation {
    Operation::get("get-webhook", "/v1/webhooks/{webhookId}", "One webhook endpoint of the organisation.")
        .details("Its secret is not shown.")
        .answers(Shown::json::<WebhookResource<'static>>(200, "The endpoint."))
}
