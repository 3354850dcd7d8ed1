//! The queues of our workers.

use std::num::NonZeroU8;

use aws::Aws;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use domain::{Command, check_group};
use tracing::warn;

use crate::Unsent;

/// Most entries of one `SendMessageBatch` call.
const MOST: usize = 10;

/// Where commands go.
#[derive(Clone)]
pub struct Queues {
    client: Client,
    /// By [`Command::name`].
    addresses: Addresses,
    lanes: NonZeroU8,
}

/// The URLs of the queues.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// FIFO, of `check-vies`.
    pub check_vies: String,
}

/// A command to be sent.
#[derive(Clone, Copy)]
pub struct Order<'c> {
    /// What is to be done.
    pub command: &'c Command,
    /// Names this turn of sending it: a FIFO queue drops what it got under the same name within five minutes, so a send
    /// that is repeated for lack of an answer has the same, and one that is due again another.
    pub turn: &'c str,
}

/// What a queue is sent: the message, and for a FIFO queue the group.
struct Message<'q> {
    queue: &'q str,
    body: serde_json::Result<String>,
    group: Option<String>,
}

impl Queues {
    /// Those queues. At most so many checks of a member state are worked on at the same time.
    #[must_use]
    pub fn new(aws: &Aws, addresses: Addresses, lanes: NonZeroU8) -> Self {
        Self { client: Client::new(aws.config()), addresses, lanes }
    }

    /// Sends commands, ten a call. What a queue confirms is sent; whatever it refuses or does not answer for is listed
    /// and may be sent again: workers find out that they did it before.
    pub async fn send(&self, orders: &[Order<'_>]) -> Unsent {
        let mut unsent = Vec::new();
        let mut waiting: Vec<(usize, &str, SendMessageBatchRequestEntry)> = Vec::new();
        for (index, order) in orders.iter().enumerate() {
            match self.entry(index, order) {
                Some((queue, entry)) => waiting.push((index, queue, entry)),
                None => unsent.push(index),
            }
        }
        // Stable, so that the order within a queue stays.
        waiting.sort_by_key(|(_, queue, _)| *queue);
        for of_queue in waiting.chunk_by(|(_, one, _), (_, other, _)| one == other) {
            for chunk in of_queue.chunks(MOST) {
                unsent.extend(self.send_chunk(chunk).await);
            }
        }
        unsent.sort_unstable();
        Unsent(unsent)
    }

    fn entry(&self, index: usize, order: &Order<'_>) -> Option<(&str, SendMessageBatchRequestEntry)> {
        let Message { queue, body, group } = self.message(order.command);
        let turn = group.is_some().then(|| order.turn.to_owned());
        let entry = SendMessageBatchRequestEntry::builder()
            .id(index.to_string())
            .message_body(body.ok()?)
            .set_message_group_id(group)
            .set_message_deduplication_id(turn);
        Some((queue, entry.build().ok()?))
    }

    fn message(&self, command: &Command) -> Message<'_> {
        match command {
            Command::CheckVies(check) => Message {
                queue: &self.addresses.check_vies,
                body: serde_json::to_string(check),
                group: Some(check_group(&check.vat_number, check.buyer, self.lanes)),
            },
        }
    }

    /// The indices of those that the queue did not take.
    async fn send_chunk(&self, chunk: &[(usize, &str, SendMessageBatchRequestEntry)]) -> Vec<usize> {
        let all = || chunk.iter().map(|(index, _, _)| *index);
        let Some((_, queue, _)) = chunk.first() else { return Vec::new() };
        let entries = chunk.iter().map(|(_, _, entry)| entry.clone()).collect();
        match self.client.send_message_batch().queue_url(*queue).set_entries(Some(entries)).send().await {
            Ok(answer) => {
                let taken = |index: usize| answer.successful().iter().any(|entry| entry.id() == index.to_string());
                let refused: Vec<_> = all().filter(|index| !taken(*index)).collect();
                if !refused.is_empty() {
                    let code = answer.failed().first().map_or("no answer", |entry| entry.code());
                    warn!(count = refused.len(), code, "A queue did not take all commands");
                }
                refused
            }
            Err(error) => {
                let code = error.code().unwrap_or("no answer");
                warn!(count = chunk.len(), code, cause = %DisplayErrorContext(&error), "A queue was not reached");
                all().collect()
            }
        }
    }
}
