//! The table's stream → the bus: revisions with an effect, as they are committed.

use aws_lambda_events::dynamodb::{Event as StreamEvent, EventRecord};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use lambda_runtime::{Error, LambdaEvent};
use storage::Pending;
use tracing::{Instrument, error, info_span};

use crate::sender::Sender;

/// Sends the effects of a batch of new revisions; names the records it could not send, and Lambda brings
/// them again from the first of them on. Records that were sent and come again are sent again, with the
/// same id.
pub(crate) async fn relay_outbox(
    event: LambdaEvent<StreamEvent>,
    sender: &Sender,
) -> Result<DynamoDbEventResponse, Error> {
    let span = info_span!("batch", invocation = event.context.request_id, function = "relay-outbox");
    relay(event.payload.records, sender).instrument(span).await
}

async fn relay(records: Vec<EventRecord>, sender: &Sender) -> Result<DynamoDbEventResponse, Error> {
    let mut pending = Vec::new();
    let mut sequence_numbers = Vec::new();
    let mut failed = Vec::new();
    for record in records {
        let sequence_number = record.change.sequence_number;
        match Pending::from_stream(record.change.new_image) {
            Ok(Some(effect)) => {
                pending.push(effect);
                sequence_numbers.push(sequence_number);
            }
            // The stream's filter lets none through; nothing is to be done for one.
            Ok(None) => {}
            Err(cause) => {
                error!(sequence_number, %cause, "A revision cannot be read; it goes to the bucket of failed records");
                failed.push(sequence_number);
            }
        }
    }
    let unsent = sender.send(&pending).await?;
    failed.extend(unsent.into_iter().map(|index| sequence_numbers[index].clone()));
    let mut answer = DynamoDbEventResponse::default();
    answer.batch_item_failures = failed.into_iter().map(failure).collect();
    Ok(answer)
}

fn failure(sequence_number: Option<String>) -> DynamoDbBatchItemFailure {
    let mut failure = DynamoDbBatchItemFailure::default();
    failure.item_identifier = sequence_number;
    failure
}
