//! `GET /v1/webhooks`

use description::{Operation, Shown};
use http_edge::{Answer, Call, Problem};
use storage::ReadWebhooks;

use crate::resource::WebhookResource;

/// All endpoints of the organisation, oldest first.
pub(crate) async fn list_webhooks(call: Call, webhooks: ReadWebhooks) -> Result<Answer, Problem> {
    let found = webhooks.list(call.caller.organisation.uuid).await?;
    let shown: Vec<_> = found.iter().map(|endpoint| WebhookResource::now(endpoint, call.at)).collect();
    Ok(Answer::json(200, &shown))
}

pub(crate) fn operation() -> Operation {
    Operation::get("list-webhooks", "/v1/webhooks", "All webhook endpoints of the organisation, oldest first.")
        .details("There are at most 50. Secrets are not shown.")
        .answers(Shown::json::<Vec<WebhookResource<'static>>>(200, "The endpoints.").identifies("webhookId", "/0/id"))
}
