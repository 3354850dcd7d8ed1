//! A batch of messages of a queue: worked one by one, and what failed is named, so that only that comes again.

use std::fmt::Display;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use domain::RequestId;
use tracing::{Instrument, error, info_span};

/// One message.
pub struct Message {
    /// Its id: the request id of whatever it causes.
    pub id: RequestId,
    /// Its text.
    pub body: String,
}

/// Works every message of a batch. One that fails is logged and comes again after its visibility timeout, up to the
/// queue's `maxReceiveCount`; it holds up none of the others.
pub async fn each<E: Display>(event: SqsEvent, work: impl AsyncFn(&Message) -> Result<(), E>) -> SqsBatchResponse {
    let mut failures = Vec::new();
    for record in event.records {
        let id = record.message_id.unwrap_or_default();
        let request = RequestId::from_client(&id).unwrap_or_else(RequestId::fresh);
        let message = Message { id: request, body: record.body.unwrap_or_default() };
        let span = info_span!("message", request_id = %message.id);
        if let Err(cause) = work(&message).instrument(span.clone()).await {
            let _entered = span.enter();
            error!(%cause, "A message failed and comes again");
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            failures.push(failure);
        }
    }
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failures;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_what_failed_is_named() {
        let records = ["good", "bad", "good"]
            .iter()
            .enumerate()
            .map(|(n, body)| serde_json::json!({ "messageId": format!("message-{n}"), "body": body }));
        let event: SqsEvent =
            serde_json::from_value(serde_json::json!({ "Records": records.collect::<Vec<_>>() })).unwrap();
        let answer = each(event, async |message| if message.body == "bad" { Err("poison") } else { Ok(()) }).await;
        let failed: Vec<_> =
            answer.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect();
        assert_eq!(failed, ["message-1"]);
    }
}
