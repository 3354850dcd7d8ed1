//! `POST /v1/webhooks/{webhookId}/deliveries/{deliveryId}/replay`

use description::{Operation, Shown};
use domain::DeliveryId;
use http_edge::{Answer, Call, Problem};
use storage::{OrderDeliveries, Subject};

use crate::delivery_resource::{OrderedResource, answered};

/// Sends a delivery once more.
pub(crate) async fn replay_delivery(call: Call, deliveries: OrderDeliveries) -> Result<Answer, Problem> {
    let webhook = call.id("webhookId", "webhook endpoint")?;
    let delivery: DeliveryId = call.id("deliveryId", "delivery")?;
    let remember = call.remember(&())?;
    let of = Subject { organisation: call.caller.organisation.uuid, webhook: &webhook, at: call.at };
    answered(deliveries.replay(of, &delivery, OrderedResource::accepted, &remember).await?)
}

pub(crate) fn operation() -> Operation {
    Operation::post(
        "replay-delivery",
        "/v1/webhooks/{webhookId}/deliveries/{deliveryId}/replay",
        "Sends a delivery once more: the same event and bytes, signed afresh.",
    )
    .details(
        "One attempt, whatever the status of delivery and endpoint. If it fails, nothing else changes: planned retries \
         stay planned, and the endpoint is not judged by it.",
    )
    .answers(Shown::json::<OrderedResource<'static>>(202, "It is queued."))
}
