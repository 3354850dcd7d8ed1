//! The table `limits`: what each organisation has sent of late, one item per category.
//!
//! An item holds a counter for each second (`t1795166100`). A request is one update: it adds itself, takes away
//! counters that this instance saw to be stale, and gets back all the others, on which the domain decides. A refused
//! request takes itself back, so that it holds up no later one.
//!
//! Whatever happens here must not take the API down: every call is a single attempt of at most 300 ms.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::{Allowance, Category, Counters, Instant, Limit, OrganisationId};
use tracing::warn;

use crate::item::Item;
use crate::key::limits_key;
use crate::{StorageError, Table};

/// Most time that a call may take.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long an item is kept after its last request, in seconds: beyond what any counter in it can matter.
const KEPT_SECONDS: i64 = 600;
/// Most stale counters that one update takes away: well below DynamoDB's 4 KB and 300 operators an expression.
const MOST_REMOVED: usize = 100;
/// Longest that a refusal is repeated without asking, in seconds: it was decided on counters in which other refused
/// requests may have stood, on their way out.
const REFUSAL_SECONDS: i64 = 5;
/// Most organisations and categories that an instance remembers before it starts anew.
const MOST: usize = 1_000;

type Whose = (OrganisationId, Category);

/// Counts requests. Clones share what they remember.
#[derive(Clone)]
pub struct Limits {
    client: Client,
    table: String,
    seen: Arc<Mutex<HashMap<Whose, Seen>>>,
}

/// What this instance saw of an item when it last counted in it.
#[derive(Default)]
struct Seen {
    counters: Counters,
    refusal: Option<Refusal>,
}

/// Refused at that second, and so is everything until another.
#[derive(Clone, Copy)]
struct Refusal {
    since: i64,
    until: i64,
    allowance: Allowance,
}

impl Limits {
    /// Beside the table `onboarding`, over its connection.
    pub(crate) fn beside(table: &Table, name: &str) -> Self {
        let config = table.client.config();
        // The time to connect stays as it is: the HTTP client keeps its connections by that.
        let timeouts = config.timeout_config().map_or_else(TimeoutConfig::builder, TimeoutConfig::to_builder);
        let timeouts = timeouts.operation_attempt_timeout(PATIENCE).operation_timeout(PATIENCE).build();
        let config = config.to_builder().retry_config(RetryConfig::disabled()).timeout_config(timeouts).build();
        Self { client: Client::from_conf(config), table: name.to_owned(), seen: Arc::default() }
    }

    /// How the organisation stands as far as this instance knows, without asking anyone; lets everything through.
    #[must_use]
    pub fn known(&self, whose: (OrganisationId, Category), limit: Limit, at: Instant) -> Allowance {
        self.seen().get(&whose).map(|seen| seen.counters.clone()).unwrap_or_default().allowance(limit, at)
    }

    /// Counts a request of that time, and says whether it is within the limit.
    ///
    /// # Errors
    /// [`StorageError`]; then nobody knows whether the request was counted.
    pub async fn count(
        &self,
        whose: (OrganisationId, Category),
        limit: Limit,
        at: Instant,
    ) -> Result<Allowance, StorageError> {
        let second = at.seconds();
        let remembered = self.seen().get(&whose).and_then(|seen| seen.refusal);
        if let Some(refusal) = remembered.filter(|refusal| (refusal.since..refusal.until).contains(&second)) {
            return Ok(refusal.allowance);
        }
        let counters = self.add(whose, at).await?;
        if counters.admit(limit, at) {
            let allowance = counters.allowance(limit, at);
            self.clear_out(whose, &counters, at).await;
            self.remember(whose, Seen { counters, refusal: None });
            return Ok(allowance);
        }
        let counters = self.take_back(whose, at, &counters).await.unwrap_or_else(|cause| {
            warn!(%cause, "A refused request stays counted");
            counters
        });
        let allowance = counters.refusal(limit, at);
        let until = allowance.reset.min(second + REFUSAL_SECONDS);
        self.remember(whose, Seen { counters, refusal: Some(Refusal { since: second, until, allowance }) });
        Ok(allowance)
    }

    async fn add(&self, whose: Whose, at: Instant) -> Result<Counters, StorageError> {
        let stale = self.seen().get(&whose).map(|seen| removable(&seen.counters, at)).unwrap_or_default();
        let expression = format!("ADD {} :one SET expiresAt = :expires{}", slot(at.seconds()), removal(&stale));
        let update = self
            .update(whose, expression)
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .expression_attribute_values(":expires", AttributeValue::N((at.seconds() + KEPT_SECONDS).to_string()));
        send(update).await
    }

    /// Only from what is there, so that a late repeat on the way cannot leave less than nothing.
    async fn take_back(&self, whose: Whose, at: Instant, seen: &Counters) -> Result<Counters, StorageError> {
        let slot = slot(at.seconds());
        let update = self
            .update(whose, format!("ADD {slot} :minus_one{}", removal(&removable(seen, at))))
            .condition_expression(format!("{slot} >= :one"))
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .expression_attribute_values(":minus_one", AttributeValue::N("-1".to_owned()));
        send(update).await
    }

    /// Where every request meets a fresh instance, none has seen what is stale before it counts; so whoever finds that
    /// much takes it away at once. Otherwise the next request does it on its way.
    async fn clear_out(&self, whose: Whose, seen: &Counters, at: Instant) {
        let stale = removable(seen, at);
        if stale.len() == MOST_REMOVED {
            let update = self.update(whose, removal(&stale)).return_values(ReturnValue::None);
            if let Err(cause) = send(update).await {
                warn!(%cause, "Stale counters could not be taken away");
            }
        }
    }

    fn update(&self, (organisation, category): Whose, expression: String) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(limits_key(organisation, category)))
            .update_expression(expression)
            .return_values(ReturnValue::AllNew)
    }

    fn remember(&self, whose: Whose, what: Seen) {
        let mut seen = self.seen();
        if seen.len() >= MOST {
            seen.clear();
        }
        seen.insert(whose, what);
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<Whose, Seen>> {
        self.seen.lock().expect("no panic while locked")
    }
}

/// The counters after the update. Boxed, for the future of every request holds this one.
async fn send(update: UpdateItemFluentBuilder) -> Result<Counters, StorageError> {
    let answer = Box::pin(update.send()).await.map_err(|error| StorageError::of(&error))?;
    Ok(counters(&answer.attributes.unwrap_or_default()))
}

/// The attribute that counts a second.
fn slot(second: i64) -> String {
    format!("t{second}")
}

/// The oldest stale counters, as many as one update takes away.
fn removable(counters: &Counters, at: Instant) -> Vec<i64> {
    counters.stale(at).take(MOST_REMOVED).collect()
}

/// The clause that takes these counters away; nothing for none.
fn removal(stale: &[i64]) -> String {
    let slots: Vec<_> = stale.iter().copied().map(slot).collect();
    if slots.is_empty() { String::new() } else { format!(" REMOVE {}", slots.join(", ")) }
}

/// The counters of an item; what is none of them is passed over.
fn counters(item: &Item) -> Counters {
    let counter = |(name, value): (&String, &AttributeValue)| {
        let second = name.strip_prefix('t')?.parse().ok()?;
        Some((second, value.as_n().ok()?.parse().ok()?))
    };
    item.iter().filter_map(counter).collect()
}
