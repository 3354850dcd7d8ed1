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
use domain::webhook::{
    ChangeKind, Delivery, DeliveryKind, DeliveryState, Endpoint, EndpointRevision, Health, PauseReason, SealedSecret,
    Settings, Status,
};
use domain::{Cause, Command, DeliveryId, Instant, MailOrder, OrganisationId, WebhookId};
use serde::{Deserialize, Serialize};

use crate::item::{self, Item};
use crate::key::{Key, WEBHOOK, deliveries_pk, webhooks_pk};
use crate::outbox::{Place, QUEUED_SECONDS};
use crate::transaction::{self, NEW, Outcome};
use crate::webhook_health::HealthChange;
use crate::{Bearing, StorageError, Table};

/// How long a delivery is kept beyond its next attempt, if that is late: until it can be over.
const RETRIES_SECONDS: i64 = 3 * 24 * 60 * 60;
/// Nobody wrote it since it was read.
pub(crate) const AS_READ: &str = "seq = :seen";
/// The client did not change the endpoint since it was read.
const ENDPOINT_AS_READ: &str = "revision = :seen";
/// The same, and its row of failures is the one that was judged: none went well meanwhile, even if others failed after it.
const STILL_FAILING: &str = "revision = :seen AND failingSince = :since";
/// The same, and nobody warned meanwhile.
const NOT_WARNED: &str = "revision = :seen AND failingSince = :since AND attribute_not_exists(warnedAt)";
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
}

impl DeliveryItem {
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

impl Watched {
    /// What [`STILL_FAILING`] names. An endpoint that does not fail is never what it asks for.
    fn judged(&self) -> [(&'static str, AttributeValue); 2] {
        let since = self.health.failing_since.map(|since| since.to_string());
        [
            (":seen", AttributeValue::N(self.endpoint.revision.to_string())),
            (":since", AttributeValue::S(since.unwrap_or_default())),
        ]
    }
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
    /// endpoint being as it was read: who resumes it releases what is there, and nothing may be held after that.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn record(&self, delivery: &Delivery, endpoint: &Endpoint) -> Result<Recorded, StorageError> {
        let item = DeliveryItem::write(delivery, SentBy::Writer)?;
        if delivery.state == DeliveryState::Held {
            return self.hold(item, endpoint).await;
        }
        match self.0.put_if(item, NEW).await? {
            None => Ok(Recorded::New),
            Some(standing) => recorded_before(standing),
        }
    }

    async fn hold(&self, item: Item, endpoint: &Endpoint) -> Result<Recorded, StorageError> {
        let actions = vec![transaction::put(&self.0, item, Some(NEW)), self.0.endpoint_as_read(endpoint)];
        match transaction::commit(&self.0, actions).await? {
            Outcome::Committed => Ok(Recorded::New),
            Outcome::Conflict(mut standing) => {
                standing.first_mut().and_then(Option::take).map_or(Ok(Recorded::Overtaken), recorded_before)
            }
        }
    }
}

fn recorded_before(standing: Item) -> Result<Recorded, StorageError> {
    let standing: DeliveryItem = item::read(standing)?;
    Ok(if standing.delivery.is_untouched() { Recorded::Untouched } else { Recorded::Known })
}

/// Works on deliveries.
#[derive(Clone)]
pub struct WorkOnDeliveries(pub(crate) Table);

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// As asked.
    Done,
    /// Somebody else wrote meanwhile: nothing was written.
    Overtaken,
}

impl WorkOnDeliveries {
    /// A delivery and its endpoint, as far as they are there.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn find(
        &self,
        organisation: OrganisationId,
        webhook: &WebhookId,
        delivery: &DeliveryId,
    ) -> Result<(Option<Delivery>, Option<Watched>), StorageError> {
        let (delivery, endpoint) = (Key::delivery(webhook, delivery), Key::webhook(organisation, webhook));
        let found = self.0.batch_get([&delivery, &endpoint].into_iter()).await?;
        let delivery = delivery.find::<DeliveryItem>(&found)?.map(|item| item.delivery);
        Ok((delivery.filter(|delivery| delivery.organisation == organisation), endpoint.find(&found)?))
    }

    /// The endpoint as it is now.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn endpoint(
        &self,
        organisation: OrganisationId,
        webhook: &WebhookId,
    ) -> Result<Option<Watched>, StorageError> {
        self.0.get(&Key::webhook(organisation, webhook)).await?.map(item::read).transpose()
    }

    /// All endpoints of an organisation.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn endpoints(&self, organisation: OrganisationId) -> Result<Vec<Watched>, StorageError> {
        self.0.watched(organisation).await
    }

    /// What an attempt left of a delivery, what it says about the endpoint, and whom else it is told to: one transaction.
    ///
    /// An endpoint's item that others hold all the time does not keep the attempt from being recorded: then the delivery
    /// is written first, and the endpoint after it. Between the two nothing holds them together, so there a failure may be
    /// counted twice, or not at all.
    ///
    /// # Errors
    /// [`StorageError`]. The attempt may have been recorded, and not have been counted.
    pub async fn write(&self, after: &Delivery, bearing: Bearing, told: &[Delivery]) -> Result<Written, StorageError> {
        let item = DeliveryItem::write(after, SentBy::RunDue)?;
        let seen = [(":seen", AttributeValue::N((after.seq - 1).to_string()))];
        if bearing == Bearing::None && told.is_empty() {
            let standing = self.0.put_if(item, (AS_READ, &seen)).await?;
            return Ok(standing.map_or(Written::Done, |standing| overtaken_unless_ours(after, vec![Some(standing)])));
        }
        let mut actions = vec![transaction::put(&self.0, item, Some((AS_READ, &seen)))];
        self.tell(&mut actions, told)?;
        let Some(change) = HealthChange::of(after, bearing) else { return self.commit_attempt(after, actions).await };
        let together = [actions.clone(), vec![change.within_transaction(&self.0)]].concat();
        match self.commit_attempt(after, together).await {
            Err(StorageError::Contended(_)) => {}
            ended => return ended,
        }
        match transaction::commit(&self.0, actions).await? {
            Outcome::Committed => change.alone(&self.0).await.map(|()| Written::Done),
            // If it is ours, it came with its count: an answer was lost.
            Outcome::Conflict(standing) => Ok(overtaken_unless_ours(after, standing)),
        }
    }

    async fn commit_attempt(&self, after: &Delivery, actions: Vec<TransactWriteItem>) -> Result<Written, StorageError> {
        Ok(match transaction::commit(&self.0, actions).await? {
            Outcome::Committed => Written::Done,
            Outcome::Conflict(standing) => overtaken_unless_ours(after, standing),
        })
    }

    /// The delivery waits until the endpoint, which is PAUSED, is resumed.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn hold(&self, held: &Delivery, endpoint: &Endpoint) -> Result<Written, StorageError> {
        let seen = [(":seen", AttributeValue::N((held.seq - 1).to_string()))];
        let item = DeliveryItem::write(held, SentBy::RunDue)?;
        let actions = vec![transaction::put(&self.0, item, Some((AS_READ, &seen))), self.0.endpoint_as_read(endpoint)];
        self.commit(actions).await
    }

    /// Notes that the admin is warned about an endpoint, and orders the mail: once in a row of failures.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn warn(&self, watched: &Watched, mail: MailOrder, at: Instant) -> Result<Written, StorageError> {
        let Endpoint { organisation, id, .. } = &watched.endpoint;
        let set = Item::from([("warnedAt".to_owned(), AttributeValue::S(at.to_string()))]);
        let seen = watched.judged();
        let key = Key::webhook(*organisation, id);
        let actions = vec![
            transaction::patch(&self.0, &key, (set, &[]), (NOT_WARNED, &seen)),
            self.0.errand(*organisation, Command::SendMail(mail), at)?,
        ];
        self.commit(actions).await
    }

    /// Pauses an endpoint that fails, or disables one that is gone, with the mail and the events that tell it.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn stop(
        &self,
        watched: &Watched,
        (status, reason): (Status, Option<PauseReason>),
        (mail, told): (Option<MailOrder>, &[Delivery]),
        cause: &Cause,
    ) -> Result<Written, StorageError> {
        let now = &watched.endpoint;
        let settings = Settings { status, ..now.settings.clone() };
        let next = now.changed(settings, now.overlap_until, cause.at);
        let kind = if status == Status::Paused { ChangeKind::AutoPaused } else { ChangeKind::AutoDisabled };
        let log = EndpointRevision::new(kind, Some(now), &next, cause);
        let mut set: Item = serde_dynamo::to_item(&next)?;
        if let Some(reason) = reason {
            set.insert("pausedReason".to_owned(), serde_dynamo::to_attribute_value(reason)?);
        }
        let remove: &[&str] = if next.overlap_until.is_none() { &["overlapUntil"] } else { &[] };
        let seen = watched.judged();
        let (organisation, id) = (now.organisation, &now.id);
        let log_key = Key::webhook_revision(organisation, id, next.revision);
        let mut actions = vec![
            transaction::patch(&self.0, &Key::webhook(organisation, id), (set, remove), (STILL_FAILING, &seen)),
            transaction::put(&self.0, item::write(&log_key, &log)?, Some(NEW)),
        ];
        if let Some(mail) = mail {
            actions.push(self.0.errand(organisation, Command::SendMail(mail), cause.at)?);
        }
        self.tell(&mut actions, told)?;
        self.commit(actions).await
    }

    /// Deliveries that something else causes: `run-due` sends them.
    fn tell(&self, actions: &mut Vec<TransactWriteItem>, told: &[Delivery]) -> Result<(), StorageError> {
        for delivery in told {
            actions.push(transaction::put(&self.0, DeliveryItem::write(delivery, SentBy::RunDue)?, Some(NEW)));
        }
        Ok(())
    }

    async fn commit(&self, actions: Vec<TransactWriteItem>) -> Result<Written, StorageError> {
        Ok(match transaction::commit(&self.0, actions).await? {
            Outcome::Committed => Written::Done,
            Outcome::Conflict(_) => Written::Overtaken,
        })
    }
}

/// How the first action's condition failed: what stands there may be what was to be written, if an answer was lost.
fn overtaken_unless_ours(after: &Delivery, mut standing: Vec<Option<Item>>) -> Written {
    let standing = standing.first_mut().and_then(Option::take);
    let is_ours = |standing| item::read::<DeliveryItem>(standing).is_ok_and(|standing| standing.delivery == *after);
    if standing.is_some_and(is_ours) { Written::Done } else { Written::Overtaken }
}

/// Sends on what was held or failed.
#[derive(Clone)]
pub struct ReleaseHeldDeliveries(pub(crate) Table);

/// A delivery as a list of them shows it: without what it carries.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    id: DeliveryId,
    created_at: Instant,
    happened_at: Instant,
    kind: DeliveryKind,
    #[serde(flatten)]
    state: DeliveryState,
    /// Seconds since the epoch.
    expires_at: i64,
}

impl ReleaseHeldDeliveries {
    /// What is held for an endpoint, and what failed of what was recorded since then: oldest first.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn waiting(
        &self,
        webhook: &WebhookId,
        failed_since: Option<Instant>,
    ) -> Result<Vec<DeliveryId>, StorageError> {
        let mut listed: Vec<Listed> = self.0.list_deliveries(webhook, LISTED).await?;
        let now = crate::now().seconds();
        listed.retain(|listed| match listed.state {
            _ if listed.expires_at <= now => false,
            DeliveryState::Held => true,
            // A test that failed is no event that somebody missed.
            DeliveryState::Failed { .. } => {
                listed.kind == DeliveryKind::Event && failed_since.is_some_and(|since| listed.created_at >= since)
            }
            DeliveryState::Pending { .. } | DeliveryState::Delivered { .. } => false,
        });
        listed.sort_by(|one, other| (one.happened_at, &one.id).cmp(&(other.happened_at, &other.id)));
        Ok(listed.into_iter().map(|listed| listed.id).collect())
    }

    /// Begins a delivery again that is held or failed; its new state, to be sent at once. `None`: it is neither, any more.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn begin_again(
        &self,
        webhook: &WebhookId,
        delivery: &DeliveryId,
        now: Instant,
    ) -> Result<Option<Delivery>, StorageError> {
        let key = Key::delivery(webhook, delivery);
        let Some(item) = self.0.get(&key).await? else { return Ok(None) };
        let was = item::read::<DeliveryItem>(item)?.delivery;
        if !matches!(was.state, DeliveryState::Held | DeliveryState::Failed { .. }) {
            return Ok(None);
        }
        let after = was.begun_again(now);
        let seen = [(":seen", AttributeValue::N(was.seq.to_string()))];
        let item = DeliveryItem::write(&after, SentBy::Writer)?;
        let Some(standing) = self.0.put_if(item, (AS_READ, &seen)).await? else { return Ok(Some(after)) };
        // Ours already, if the answer to the first attempt was lost; else it goes its way.
        let standing = item::read::<DeliveryItem>(standing).ok().map(|standing| standing.delivery);
        Ok(standing.filter(|standing| *standing == after))
    }
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
    async fn watched(&self, organisation: OrganisationId) -> Result<Vec<Watched>, StorageError> {
        let items = self.query_prefix(&webhooks_pk(organisation), WEBHOOK).await?;
        items.into_iter().map(item::read).collect()
    }

    fn endpoint_as_read(&self, endpoint: &Endpoint) -> TransactWriteItem {
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
