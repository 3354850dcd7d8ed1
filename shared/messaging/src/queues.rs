//! The queues of our workers.

use std::collections::BTreeSet;
use std::num::NonZeroU8;
use std::pin::pin;

use aws::Aws;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{DisplayErrorContext, ProvideErrorMetadata};
use domain::{Command, DeliverWebhook, Lane, check_group};
use futures_util::{StreamExt, stream};
use tokio::time::timeout;
use tracing::warn;

use crate::{TIME_LIMIT, Unsent};

/// Most commands on their way at the same time. Each is a call of its own: it is taken or not, where a batch may be taken
/// in part.
const AT_ONCE: usize = 10;

/// Where commands go.
#[derive(Clone)]
pub struct Queues {
    client: Client,
    addresses: Addresses,
    lanes: NonZeroU8,
}

/// The URLs of the queues.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// FIFO, of `check-vies`.
    pub check_vies: String,
    /// Of `send-mail`.
    pub send_mail: String,
    /// Of `release-deliveries`.
    pub release_deliveries: String,
    /// Of `deliver-webhook`.
    pub deliveries: DeliveryAddresses,
}

/// The URLs of the two queues of `deliver-webhook`.
#[derive(Clone, Debug)]
pub struct DeliveryAddresses {
    /// For endpoints that fare well.
    pub fast: String,
    /// For retries and endpoints that fail.
    pub slow: String,
}

/// The queues of `deliver-webhook`, for whoever sends nothing else.
#[derive(Clone)]
pub struct DeliveryQueues {
    client: Client,
    addresses: DeliveryAddresses,
}

impl DeliveryQueues {
    /// Those queues.
    #[must_use]
    pub fn new(aws: &Aws, addresses: DeliveryAddresses) -> Self {
        Self { client: Client::new(aws.config()), addresses }
    }

    /// Has a delivery tried; whether it was taken.
    pub async fn send(&self, delivery: &DeliverWebhook) -> bool {
        self.addresses.message(delivery).send(&self.client, "deliver-webhook", "").await
    }
}

impl DeliveryAddresses {
    /// Standard queues share their consumers fairly between groups: an endpoint with many messages, or slow ones, comes
    /// after the others (SQS fair queues).
    fn message(&self, delivery: &DeliverWebhook) -> Message<'_> {
        let queue = match delivery.lane {
            Lane::Fast => &self.fast,
            Lane::Slow => &self.slow,
        };
        Message { queue, body: serde_json::to_string(delivery), group: Group::Fair(delivery.webhook.to_string()) }
    }
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

/// What a queue is sent.
struct Message<'q> {
    queue: &'q str,
    body: serde_json::Result<String>,
    group: Group,
}

/// Beside which others a message waits.
enum Group {
    /// None.
    None,
    /// Of a standard queue: whose turn it is, not in what order.
    Fair(String),
    /// Of a FIFO queue: one after the other.
    Ordered(String),
}

impl Message<'_> {
    /// Whether it was taken.
    async fn send(self, client: &Client, name: &str, turn: &str) -> bool {
        let Self { queue, body, group } = self;
        let body = match body {
            Ok(body) => body,
            Err(cause) => {
                warn!(command = name, %cause, "A command cannot be written as JSON");
                return false;
            }
        };
        let (group, turn) = match group {
            Group::None => (None, None),
            Group::Fair(group) => (Some(group), None),
            Group::Ordered(group) => (Some(group), Some(turn.to_owned())),
        };
        let send = client.send_message().queue_url(queue).message_body(body);
        let send = send.set_message_group_id(group).set_message_deduplication_id(turn);
        match send.send().await {
            Ok(_) => true,
            Err(error) => {
                let code = error.code().unwrap_or("no answer");
                warn!(command = name, code, cause = %DisplayErrorContext(&error), "A queue did not take a command");
                false
            }
        }
    }
}

impl Queues {
    /// Those queues. At most so many checks of a member state are worked on at the same time.
    #[must_use]
    pub fn new(aws: &Aws, addresses: Addresses, lanes: NonZeroU8) -> Self {
        Self { client: Client::new(aws.config()), addresses, lanes }
    }

    /// Sends commands. What a queue confirms is sent; whatever it refuses or does not answer for is listed and may be
    /// sent again: workers find out that they did it before.
    pub async fn send(&self, orders: &[Order<'_>]) -> Unsent {
        let sends = orders.iter().enumerate().map(|(index, order)| async move { (index, self.send_one(order).await) });
        let mut sends = pin!(stream::iter(sends).buffer_unordered(AT_ONCE));
        let mut unsent: BTreeSet<usize> = (0..orders.len()).collect();
        let all = async {
            while let Some((index, sent)) = sends.next().await {
                if sent {
                    unsent.remove(&index);
                }
            }
        };
        if timeout(TIME_LIMIT, all).await.is_err() {
            warn!(count = unsent.len(), "Queues take their time; the rest waits for its next turn");
        }
        Unsent(unsent.into_iter().collect())
    }

    /// Whether it was taken.
    async fn send_one(&self, order: &Order<'_>) -> bool {
        self.message(order.command).send(&self.client, order.command.name(), order.turn).await
    }

    fn message(&self, command: &Command) -> Message<'_> {
        match command {
            Command::CheckVies(check) => Message {
                queue: &self.addresses.check_vies,
                body: serde_json::to_string(check),
                group: Group::Ordered(check_group(&check.vat_number, check.buyer, self.lanes)),
            },
            Command::SendMail(order) => {
                Message { queue: &self.addresses.send_mail, body: serde_json::to_string(order), group: Group::None }
            }
            Command::DeliverWebhook(delivery) => self.addresses.deliveries.message(delivery),
            Command::ReleaseDeliveries(release) => Message {
                queue: &self.addresses.release_deliveries,
                body: serde_json::to_string(release),
                group: Group::None,
            },
        }
    }
}
