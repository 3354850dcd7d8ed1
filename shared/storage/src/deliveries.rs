//! Deliveries to webhook endpoints, kept for 30 days, and how the endpoints fare.
//!
//! ```text
//! fan-out ─ put, if it is new ─▶ DELIVERY#<endpoint> ─ its place in `due` ─▶ run-due ─▶ queue ─▶ deliver-webhook ─┐
//!                                    ▲                                                                          │
//!                                    └─ one write on the condition of `seq`, with its next place, or none ──────┘
//! ```
//!
//! A delivery that went well to an endpoint that fares well is one write. A failure is counted in the endpoint's item in the
//! same transaction, as an addition to what stands there: attempts at the same time are all counted. What follows from
//! the count (a warning, a pause) is judged afterwards, from the item, and may be judged again by anybody.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::webhook::{Delivery, DeliveryState, Endpoint, Health, SealedSecret};
use domain::{Instant, OrganisationId, WebhookId};
use serde::{Deserialize, Serialize};

use crate::item::{self, Item};
use crate::key::{Key, WEBHOOK, deliveries_pk, webhooks_pk};
use crate::outbox::{Place, QUEUED_SECONDS};
use crate::transaction::{self, NEW, Outcome};
use crate::{StorageError, Table};

/// How long a delivery is kept beyond its next attempt, if that is late: until it can be over.
const RETRIES_SECONDS: i64 = 3 * 24 * 60 * 60;
/// Nobody wrote it since it was read.
pub(crate) const AS_READ: &str = "seq = :seen";
/// The client did not change the endpoint since it was read.
const ENDPOINT_AS_READ: &str = "revision = :seen";

/// The item of a delivery.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryItem {
    #[serde(flatten)]
    pub(crate) delivery: Delivery,
    /// Of its next attempt.
    #[serde(flatten)]
    pub(crate) place: Place,
    /// Seconds since the epoch.
    expires_at: i64,
}

/// Who sends a delivery that is due into its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentBy {
    /// Whoever writes it, at once; `run-due`, if nothing comes of that.
    Writer,
    /// `run-due`, when it is due.
    RunDue,
}

impl DeliveryItem {
    fn of(delivery: &Delivery, sent_by: SentBy) -> Self {
        let wait = if sent_by == SentBy::Writer { QUEUED_SECONDS } else { 0 };
        let at = delivery.next_attempt_at().map(|at| at.plus_seconds(wait));
        let place = at.map(|at| Place::of_delivery(&delivery.id, at)).unwrap_or_default();
        let kept_until = delivery.created_at.seconds() + Delivery::KEPT_SECONDS;
        let tried_until = delivery.next_attempt_at().map(|at| at.seconds() + RETRIES_SECONDS);
        let expires_at = tried_until.map_or(kept_until, |until| until.max(kept_until));
        Self { delivery: delivery.clone(), place, expires_at }
    }

    pub(crate) fn write(delivery: &Delivery, sent_by: SentBy) -> Result<Item, StorageError> {
        item::write(&Key::delivery(&delivery.webhook, &delivery.id), &Self::of(delivery, sent_by))
    }

    /// Whether it is still there for clients: TTL deletes days late.
    pub(crate) fn is_kept(&self, now: Instant) -> bool {
        self.expires_at > now.seconds()
    }
}

/// An endpoint as whoever delivers to it sees it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Watched {
    /// The endpoint.
    #[serde(flatten)]
    pub endpoint: Endpoint,
    /// What deliveries are signed with, sealed; the newest first.
    pub secrets: Vec<SealedSecret>,
    /// How its latest deliveries fared.
    #[serde(flatten)]
    pub health: Health,
}

/// Whether a delivery is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is.
    New,
    /// It was recorded before, and nothing was done about it yet.
    Untouched,
    /// It was recorded before, and goes its way.
    Known,
    /// The endpoint was changed meanwhile: nothing was written.
    Overtaken,
}

/// Records deliveries.
#[derive(Clone)]
pub struct RecordDeliveries(pub(crate) Table);

impl RecordDeliveries {
    /// All endpoints of an organisation.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn endpoints(&self, organisation: OrganisationId) -> Result<Vec<Watched>, StorageError> {
        self.0.watched(organisation).await
    }

    /// Records a delivery that is sent at once, or held, unless it was recorded before. One that is held rests on the
    /// endpoint being as it was read: who resumes it releases what is there, and nothing may be held after that. Where
    /// others hold the endpoint's item all the time, it comes up again in some minutes to be held.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn record(&self, delivery: &Delivery, endpoint: &Endpoint) -> Result<Recorded, StorageError> {
        if delivery.state == DeliveryState::Held {
            return self.hold(delivery, endpoint).await;
        }
        let item = DeliveryItem::write(delivery, SentBy::Writer)?;
        match self.0.put_if(item, NEW).await? {
            None => Ok(Recorded::New),
            Some(standing) => recorded_before(standing),
        }
    }

    async fn hold(&self, delivery: &Delivery, endpoint: &Endpoint) -> Result<Recorded, StorageError> {
        let item = DeliveryItem::write(delivery, SentBy::Writer)?;
        let actions = vec![transaction::put(&self.0, item, Some(NEW)), self.0.endpoint_as_read(endpoint)];
        match transaction::commit(&self.0, actions).await {
            Ok(Outcome::Committed) => Ok(Recorded::New),
            Ok(Outcome::Conflict(mut standing)) => {
                standing.first_mut().and_then(Option::take).map_or(Ok(Recorded::Overtaken), recorded_before)
            }
            // Others hold the endpoint's item all the time.
            Err(StorageError::Contended(_)) => {
                let item = DeliveryItem::write(&delivery.put_off(crate::now()), SentBy::RunDue)?;
                self.0.put_if(item, NEW).await?.map_or(Ok(Recorded::New), recorded_before)
            }
            Err(cause) => Err(cause),
        }
    }
}

fn recorded_before(standing: Item) -> Result<Recorded, StorageError> {
    let standing: DeliveryItem = item::read(standing)?;
    Ok(if standing.delivery.is_untouched() { Recorded::Untouched } else { Recorded::Known })
}
/// What a list of deliveries takes of each.
pub(crate) const LISTED: &[&str] = &[
    "id",
    "kind",
    "createdAt",
    "happenedAt",
    "state",
    "nextAttemptAt",
    "deliveredAt",
    "failedAt",
    "reason",
    "expiresAt",
];

impl Table {
    pub(crate) async fn watched(&self, organisation: OrganisationId) -> Result<Vec<Watched>, StorageError> {
        let items = self.query_prefix(&webhooks_pk(organisation), WEBHOOK).await?;
        items.into_iter().map(item::read).collect()
    }

    pub(crate) fn endpoint_as_read(&self, endpoint: &Endpoint) -> TransactWriteItem {
        let key = Key::webhook(endpoint.organisation, &endpoint.id);
        let seen = [(":seen", AttributeValue::N(endpoint.revision.to_string()))];
        transaction::check(self, &key, (ENDPOINT_AS_READ, &seen))
    }

    /// Every delivery to an endpoint, with only these attributes: the one stated read that grows with what is kept.
    pub(crate) async fn list_deliveries<T: serde::de::DeserializeOwned>(
        &self,
        webhook: &WebhookId,
        attributes: &[&str],
    ) -> Result<Vec<T>, StorageError> {
        let names: Vec<_> = (0..attributes.len()).map(|index| format!("#a{index}")).collect();
        let (mut found, mut from) = (Vec::new(), None);
        loop {
            let mut query = self
                .client
                .query()
                .table_name(&self.name)
                .consistent_read(true)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", AttributeValue::S(deliveries_pk(webhook)))
                .projection_expression(names.join(", "))
                .set_exclusive_start_key(from);
            for (name, attribute) in names.iter().zip(attributes) {
                query = query.expression_attribute_names(name, *attribute);
            }
            let page = query.send().await.map_err(|error| StorageError::of(&error))?;
            for item in page.items.unwrap_or_default() {
                found.push(item::read(item)?);
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(found);
            }
        }
    }
}
