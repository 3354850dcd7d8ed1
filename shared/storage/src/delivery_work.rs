//! What an attempt leaves: of the delivery, of how its endpoint fares, and of what follows from that.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::webhook::{ChangeKind, Delivery, Endpoint, EndpointRevision, PauseReason, Settings, Status};
use domain::{Cause, Command, DeliveryId, Instant, MailOrder, OrganisationId, WebhookId};

use crate::deliveries::{AS_READ, DeliveryItem, SentBy, Watched};
use crate::item::{self, Item};
use crate::key::Key;
use crate::transaction::{self, NEW, Outcome};
use crate::webhook_health::HealthChange;
use crate::{Bearing, StorageError, Table};

/// The client did not change the endpoint since it was read, and its row of failures is the one that was judged: none
/// went well meanwhile, even if others failed after it.
const STILL_FAILING: &str = "revision = :seen AND failingSince = :since";
/// The same, and nobody warned meanwhile.
const NOT_WARNED: &str = "revision = :seen AND failingSince = :since AND attribute_not_exists(warnedAt)";

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
    pub async fn write(
        &self,
        after: &Delivery,
        bearing: Bearing<'_>,
        told: &[Delivery],
    ) -> Result<Written, StorageError> {
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

    /// The delivery waits until the endpoint, which is PAUSED, is resumed; or it comes up again for that in some
    /// minutes.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn hold(&self, held: &Delivery, endpoint: &Endpoint) -> Result<Written, StorageError> {
        let seen = [(":seen", AttributeValue::N((held.seq - 1).to_string()))];
        let item = DeliveryItem::write(held, SentBy::RunDue)?;
        let put = transaction::put(&self.0, item, Some((AS_READ, &seen)));
        match self.commit(vec![put, self.0.endpoint_as_read(endpoint)]).await {
            Err(StorageError::Contended(_)) => {}
            ended => return ended,
        }
        // Others hold the endpoint's item all the time. What is HELD without regard to it might be released by nobody.
        let item = DeliveryItem::write(&held.put_off(crate::now()), SentBy::RunDue)?;
        let standing = self.0.put_if(item, (AS_READ, &seen)).await?;
        Ok(if standing.is_some() { Written::Overtaken } else { Written::Done })
    }

    /// Notes that the admin is warned about an endpoint, and orders the mail: once in a row of failures.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn warn(&self, watched: &Watched, mail: MailOrder, at: Instant) -> Result<Written, StorageError> {
        let Endpoint { organisation, id, .. } = &watched.endpoint;
        let set = Item::from([("warnedAt".to_owned(), AttributeValue::S(at.to_string()))]);
        let seen = judged(watched);
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
        let seen = judged(watched);
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

/// What [`STILL_FAILING`] names. An endpoint that does not fail is never what it asks for.
fn judged(watched: &Watched) -> [(&'static str, AttributeValue); 2] {
    let since = watched.health.failing_since.map(|since| since.to_string());
    [
        (":seen", AttributeValue::N(watched.endpoint.revision.to_string())),
        (":since", AttributeValue::S(since.unwrap_or_default())),
    ]
}

/// How the first action's condition failed: what stands there may be what was to be written, if an answer was lost.
fn overtaken_unless_ours(after: &Delivery, mut standing: Vec<Option<Item>>) -> Written {
    let standing = standing.first_mut().and_then(Option::take);
    let is_ours = |standing| item::read::<DeliveryItem>(standing).is_ok_and(|standing| standing.delivery == *after);
    if standing.is_some_and(is_ours) { Written::Done } else { Written::Overtaken }
}
