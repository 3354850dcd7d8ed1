//! `POST /v1/webhooks/{webhookId}/test`

use description::{Operation, Shown};
use domain::webhook::{TestBody, TestFire};
use http_edge::{Answer, Call, Problem};
use storage::{OrderDeliveries, Subject};

use crate::delivery_resource::{OrderedResource, answered};

/// Sends an event that did not happen.
pub(crate) async fn test_webhook(call: Call, deliveries: OrderDeliveries) -> Result<Answer, Problem> {
    let fire = call.body(TestFire::parse)?;
    let webhook = call.id("webhookId", "webhook endpoint")?;
    let remember = call.remember(&fire)?;
    let of = Subject { organisation: call.caller.organisation.uuid, webhook: &webhook, at: call.at };
    let key = call.idempotency_key()?;
    answered(deliveries.test(of, (&fire, key), OrderedResource::accepted, &remember).await?)
}

pub(crate) fn operation() -> Operation {
    Operation::post(
        "test-webhook",
        "/v1/webhooks/{webhookId}/test",
        "Sends an event that did not happen, signed like any other.",
    )
    .details(
        "One attempt, whether the endpoint asks for the type or not, and whatever its status. It is listed with the other \
         deliveries; the endpoint is not judged by it.",
    )
    .body::<TestBody>()
    .answers(Shown::json::<OrderedResource<'static>>(202, "It is queued."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use description::boundaries;

    #[test]
    fn the_schema_of_the_body_is_what_is_taken() {
        boundaries::hold::<TestBody>(|body| TestFire::parse(body).is_ok());
    }
}
