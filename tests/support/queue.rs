//! A queue of a deployment, worked by the test itself: the emulator works a FIFO queue one message at a time, whatever its
//! groups.

use reqwest::Client;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::behind::{self, event_file};

/// A queue, as SQS has it.
#[derive(Clone)]
pub struct Queue {
    url: String,
    endpoint: String,
    region: String,
    http: Client,
}

/// A message that was received, and is invisible to others for the queue's visibility timeout.
#[derive(Clone, Debug)]
pub struct Message {
    /// As SQS shows it, with all attributes.
    shown: Value,
}

impl Queue {
    pub(crate) fn new(url: &str, endpoint: &str, region: &str, http: &Client) -> Self {
        Self { url: url.to_owned(), endpoint: endpoint.to_owned(), region: region.to_owned(), http: http.clone() }
    }

    /// The next message, if there is one now.
    pub async fn receive(&self) -> Option<Message> {
        self.receive_most(1).await.pop()
    }

    /// The next messages, at most so many (and ten).
    ///
    /// # Panics
    /// When the queue does not answer.
    pub async fn receive_most(&self, most: usize) -> Vec<Message> {
        let receive = json!({ "MaxNumberOfMessages": most, "AttributeNames": ["All"] });
        let answer = self.call("ReceiveMessage", receive).await.expect("a queue can be read");
        let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
        messages.into_iter().map(|shown| Message { shown }).collect()
    }

    /// Deletes a message; false when it was received again since, and this receipt of it does not count any more.
    pub async fn delete(&self, message: &Message) -> bool {
        let receipt = json!({ "ReceiptHandle": message.shown["ReceiptHandle"] });
        self.call("DeleteMessage", receipt).await.is_ok()
    }

    /// Puts a message into a queue that is no FIFO queue.
    ///
    /// # Panics
    /// When the queue refuses it.
    pub async fn send(&self, body: &str) {
        self.call("SendMessage", json!({ "MessageBody": body })).await.expect("a queue takes messages");
    }

    /// Puts a message into a FIFO queue.
    ///
    /// # Panics
    /// When the queue refuses it.
    pub async fn send_to_group(&self, group: &str, deduplication: &str, body: &str) {
        let send = json!({ "MessageBody": body, "MessageGroupId": group, "MessageDeduplicationId": deduplication });
        self.call("SendMessage", send).await.expect("a queue takes messages");
    }

    /// Empties it, of messages that are being worked on, too.
    ///
    /// # Panics
    /// When the queue refuses it.
    pub async fn purge(&self) {
        self.call("PurgeQueue", json!({})).await.expect("a queue can be emptied");
    }

    /// What the template set, and what is in it.
    ///
    /// # Panics
    /// When it does not say.
    pub async fn attributes(&self) -> Value {
        let answer = self.call("GetQueueAttributes", json!({ "AttributeNames": ["All"] })).await;
        answer.expect("a queue has attributes")["Attributes"].take()
    }

    /// How often a message may be received; once more, and it is dead.
    ///
    /// # Panics
    /// When the queue has no dead-letter queue.
    pub async fn most_receives(&self) -> u64 {
        let attributes = self.attributes().await;
        let policy = attributes["RedrivePolicy"].as_str().expect("a queue with a dead-letter queue");
        let policy: Value = serde_json::from_str(policy).expect("it is JSON");
        let count = &policy["maxReceiveCount"];
        count.as_u64().or_else(|| count.as_str()?.parse().ok()).expect("a number")
    }

    /// How many messages it has, those being worked on included.
    ///
    /// # Panics
    /// When it does not say.
    pub async fn messages(&self) -> usize {
        let attributes = self.attributes().await;
        let number = |name: &str| attributes[name].as_str().and_then(|text| text.parse::<usize>().ok());
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        names.iter().map(|name| number(name).expect("a number")).sum()
    }

    /// What `aws sqs start-message-move-task` does to a dead-letter queue, which the emulator does not know: each
    /// message goes back to its source, as a new one of the same group. Those that did.
    pub async fn move_to(&self, source: &Self) -> Vec<Message> {
        let mut moved = Vec::new();
        while let Some(message) = self.receive().await {
            source.send_to_group(message.group(), &format!("moved-{}", Uuid::new_v4()), message.body()).await;
            self.delete(&message).await;
            moved.push(message);
        }
        moved
    }

    async fn call(&self, operation: &str, mut body: Value) -> Result<Value, String> {
        body["QueueUrl"] = json!(self.url);
        let target = format!("AmazonSQS.{operation}");
        behind::call(&self.http, (&self.endpoint, &self.region), ("sqs", &target), &body).await
    }
}

impl Message {
    /// Its text.
    #[must_use]
    pub fn body(&self) -> &str {
        self.shown["Body"].as_str().unwrap_or_default()
    }

    /// The group of the FIFO queue it is of.
    #[must_use]
    pub fn group(&self) -> &str {
        self.shown["Attributes"]["MessageGroupId"].as_str().unwrap_or_default()
    }

    /// How often it was received.
    #[must_use]
    pub fn receives(&self) -> u64 {
        let count = self.shown["Attributes"]["ApproximateReceiveCount"].as_str();
        count.and_then(|count| count.parse().ok()).unwrap_or_default()
    }

    /// The event that Lambda makes of it for that worker.
    #[must_use]
    pub fn event(&self, worker: &str) -> Value {
        let placeholders = ["BUYER", "CHECK", "SELLER", "ORGANISATION", "WEBHOOK"].map(|name| (name, ""));
        let mut event = event_file(worker, &placeholders);
        let record = &mut event["Records"][0];
        record["messageId"] = self.shown["MessageId"].clone();
        record["receiptHandle"] = self.shown["ReceiptHandle"].clone();
        record["body"] = self.shown["Body"].clone();
        record["attributes"] = self.shown["Attributes"].clone();
        event
    }
}
