//! The event bus.

use std::collections::BTreeSet;

use aws::Aws;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use domain::Event;
use tokio::time::timeout;
use tracing::warn;

use crate::TIME_LIMIT;

/// Most entries of one `PutEvents` call.
const MOST: usize = 10;
/// The `source` of our events on the bus; rules match on it.
const SOURCE: &str = "novatrade24.onboarding";

/// The bus.
#[derive(Clone)]
pub struct Bus {
    client: Client,
    name: String,
}

/// Indices (of the events given) that the bus did not take.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Unsent(pub Vec<usize>);

/// An event that cannot be sent at all.
#[derive(Debug, thiserror::Error)]
#[error("an event cannot be written as JSON: {0}")]
pub struct BusError(#[from] serde_json::Error);

impl Bus {
    /// The bus of that name.
    #[must_use]
    pub fn new(aws: &Aws, name: &str) -> Self {
        Self { client: Client::new(aws.config()), name: name.to_owned() }
    }

    /// Publishes events, ten a call. What the bus confirms is sent; whatever it refuses or does not answer
    /// for is listed and may be sent again: receivers know repeats by their id.
    ///
    /// # Errors
    /// [`BusError`].
    pub async fn publish(&self, events: &[&Event]) -> Result<Unsent, BusError> {
        let entries = events.iter().map(|event| self.entry(event)).collect::<Result<Vec<_>, _>>()?;
        let mut unsent: BTreeSet<usize> = (0..events.len()).collect();
        let all = async {
            for (chunk, first) in entries.chunks(MOST).zip((0..).step_by(MOST)) {
                for index in self.put(chunk).await {
                    unsent.remove(&(first + index));
                }
            }
        };
        if timeout(TIME_LIMIT, all).await.is_err() {
            warn!(count = unsent.len(), "The bus takes its time; the rest waits for its next turn");
        }
        Ok(Unsent(unsent.into_iter().collect()))
    }

    /// One call; the indices of what the bus took.
    async fn put(&self, entries: &[PutEventsRequestEntry]) -> Vec<usize> {
        let all = 0..entries.len();
        match self.client.put_events().set_entries(Some(entries.to_vec())).send().await {
            Ok(answer) => {
                let results = answer.entries.unwrap_or_default();
                // An entry without an id was not taken; nor was one that the answer does not mention.
                let is_taken = |index: &usize| results.get(*index).is_some_and(|entry| entry.event_id().is_some());
                let (taken, refused): (Vec<_>, Vec<_>) = all.partition(is_taken);
                if let Some(index) = refused.first() {
                    let code = results.get(*index).and_then(|entry| entry.error_code()).unwrap_or("no answer");
                    warn!(count = refused.len(), code, "The bus did not take all events");
                }
                taken
            }
            Err(error) => {
                let code = error.code().unwrap_or("no answer");
                warn!(count = all.len(), code, cause = %DisplayErrorContext(&error), "The bus was not reached");
                Vec::new()
            }
        }
    }

    fn entry(&self, event: &Event) -> Result<PutEventsRequestEntry, BusError> {
        Ok(PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(event.kind.name())
            .time(DateTime::from_millis(event.created_at.millis()))
            .detail(serde_json::to_string(event)?)
            .build())
    }
}
