//! `DELETE /v1/webhooks/{webhookId}`

use description::{Operation, Shown};
use http_edge::{Answer, Call, Problem};
use storage::{ModifyWebhooks, WebhookChanged};

use crate::resource::refused;

/// Deletes an endpoint and its secrets; nothing more is delivered to it.
pub(crate) async fn delete_webhook(call: Call, webhooks: ModifyWebhooks) -> Result<Answer, Problem> {
    let id = call.id("webhookId", "webhook endpoint")?;
    let remember = call.remember(&())?;
    match webhooks.delete((call.caller.organisation.uuid, &id), &call.cause(), &remember).await? {
        WebhookChanged::Done(answer, _) => Ok(answer),
        WebhookChanged::Replayed(answer, _) => Ok(answer.replayed()),
        WebhookChanged::Refused(refusal) => Err(refused(refusal)),
    }
}

pub(crate) fn operation() -> Operation {
    Operation::delete(
        "delete-webhook",
        "/v1/webhooks/{webhookId}",
        "Deletes a webhook endpoint and its secrets; nothing more is delivered to it.",
    )
    .details("Its deliveries are not shown any more. What ever changed of it stays in our log.")
    .answers(Shown::nothing(204, "It is deleted."))
}
