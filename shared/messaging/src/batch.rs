//! A batch of messages of a queue: worked one by one, and what failed is named, so that only that comes again.

use std::collections::HashSet;
use std::fmt::Display;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use domain::RequestId;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use tracing::{Instrument, error, info_span};

/// One message.
pub struct Message {
    /// Its id: the request id of whatever it causes.
    pub id: RequestId,
    /// Its text.
    pub body: String,
}

/// Serves a function behind a queue: works every message of every batch, see [`each`].
///
/// # Errors
/// When it loses the Lambda runtime.
pub async fn serve<E: Display>(work: impl AsyncFn(&Message) -> Result<(), E>) -> Result<(), Error> {
    let work = &work;
    let batch = |event: LambdaEvent<SqsEvent>| async move { Ok::<_, Error>(each(event.payload, work).await) };
    lambda_runtime::run(service_fn(batch)).await
}

/// Works every message of a batch. One that fails is logged and comes again after its visibility timeout, up to the
/// queue's `maxReceiveCount`; it holds up none of the others, but those behind it in its group of a FIFO queue: they come
/// again with it, so that their order stays.
pub async fn each<E: Display>(event: SqsEvent, work: impl AsyncFn(&Message) -> Result<(), E>) -> SqsBatchResponse {
    let mut failures = Vec::new();
    let mut stopped = HashSet::new();
    for record in event.records {
        let id = record.message_id.unwrap_or_default();
        let group = record.attributes.get("MessageGroupId").cloned();
        let mut failed = group.as_ref().is_some_and(|group| stopped.contains(group));
        if !failed {
            let request = RequestId::from_client(&id).unwrap_or_else(RequestId::fresh);
            let message = Message { id: request, body: record.body.unwrap_or_default() };
            let span = info_span!("message", request_id = %message.id);
            if let Err(cause) = work(&message).instrument(span.clone()).await {
                let _entered = span.enter();
                error!(%cause, "A message failed and comes again");
                failed = true;
            }
        }
        if failed {
            stopped.extend(group);
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

    /// What is named of a batch of these messages, of which those that say `bad` fail.
    async fn named(records: &[(&str, Option<&str>)]) -> Vec<String> {
        let records = records.iter().enumerate().map(|(n, (body, group))| {
            let attributes =
                group.map_or_else(|| serde_json::json!({}), |group| serde_json::json!({ "MessageGroupId": group }));
            serde_json::json!({ "messageId": format!("message-{n}"), "body": body, "attributes": attributes })
        });
        let records: Vec<_> = records.collect();
        let event: SqsEvent = serde_json::from_value(serde_json::json!({ "Records": records })).unwrap();
        let work = async |message: &Message| if message.body == "bad" { Err("poison") } else { Ok(()) };
        let answer = each(event, work).await;
        answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
    }

    #[tokio::test]
    async fn only_what_failed_is_named() {
        assert_eq!(named(&[("good", None), ("bad", None), ("good", None)]).await, ["message-1"]);
    }

    #[tokio::test]
    async fn in_a_group_nothing_overtakes_what_failed() {
        let batch = [("good", Some("DE-0")), ("bad", Some("DE-0")), ("good", Some("FR-1")), ("good", Some("DE-0"))];
        assert_eq!(named(&batch).await, ["message-1", "message-3"]);
    }
}
