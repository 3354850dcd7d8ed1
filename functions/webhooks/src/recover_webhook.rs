//! `POST /v1/webhooks/{webhookId}/recover`

use description::{Operation, Shown};
use domain::webhook::{Recovery, RecoveryBody};
use http_edge::{Answer, Call, Kind, Problem};
use storage::{OrderDeliveries, Subject};

use crate::delivery_resource::answered;

/// Sends again whatever failed since then, or is held.
pub(crate) async fn recover_webhook(call: Call, deliveries: OrderDeliveries) -> Result<Answer, Problem> {
    let recovery = call.body(Recovery::parse)?;
    let webhook = call.id("webhookId", "webhook endpoint")?;
    let remember = call.remember(&recovery)?;
    let of = Subject { organisation: call.caller.organisation.uuid, webhook: &webhook, at: call.at };
    answered(deliveries.recover(of, recovery, Answer::empty(202), &remember).await?)
}

pub(crate) fn operation() -> Operation {
    Operation::post(
        "recover-webhook",
        "/v1/webhooks/{webhookId}/recover",
        "Sends again whatever failed of what was recorded since then, and whatever is held, oldest first.",
    )
    .details(
        "Each with all its retries. For a PAUSED endpoint it waits with what is held until the endpoint is resumed. To a \
         DISABLED one nothing is sent: set it ACTIVE first.",
    )
    .body::<RecoveryBody>()
    .answers(Shown::nothing(202, "It is queued."))
    .refuses(Kind::WebhookDisabled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use description::boundaries;

    #[test]
    fn the_schema_of_the_body_is_what_is_taken() {
        boundaries::hold::<RecoveryBody>(|body| Recovery::parse(body).is_ok());
    }
}
