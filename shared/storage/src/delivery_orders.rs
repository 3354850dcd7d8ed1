//! What clients order about deliveries: each order is one transaction of its receipt, what it changes, and the errand that
//! has it done.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::webhook::{Delivery, Endpoint, Recovery, Status, TestFire};
use domain::{Command, DeliveryId, Instant, OrganisationId, ReleaseDeliveries, WebhookId};

use crate::deliveries::{AS_READ, DeliveryItem, SentBy};
use crate::key::Key;
use crate::receipt::{Earlier, Kept};
use crate::transaction::{self, NEW, Outcome};
use crate::webhooks::WebhookItem;
use crate::{Answer, Remember, StorageError, Table};

/// Orders deliveries.
#[derive(Clone)]
pub struct OrderDeliveries(pub(crate) Table);

/// How an order ended.
pub enum Ordered {
    /// It is taken.
    Done(Answer),
    /// The same order was taken before.
    Replayed(Answer),
    /// The idempotency key was used for another request.
    KeyReused,
    /// The organisation has no such endpoint.
    NoWebhook,
    /// The endpoint has no such delivery, or has it no longer.
    NoDelivery,
    /// The endpoint is DISABLED.
    Disabled,
}

/// What an order is about: whose endpoint, and when it was made.
#[derive(Clone, Copy)]
pub struct Subject<'s> {
    /// Whose.
    pub organisation: OrganisationId,
    /// Which.
    pub webhook: &'s WebhookId,
    /// When.
    pub at: Instant,
}

/// What comes of an order: the answer, and what is written.
type Step = Result<(Answer, Vec<TransactWriteItem>), Ordered>;

impl OrderDeliveries {
    /// Sends an event that did not happen, once.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn test(
        &self,
        of: Subject<'_>,
        (fire, key): (&TestFire, &str),
        answer: impl Fn(&DeliveryId) -> Answer,
        remember: &Remember,
    ) -> Result<Ordered, StorageError> {
        self.order(of, remember, None, |endpoint, _| {
            let envelope = fire.envelope(of.organisation, of.webhook, key, of.at);
            let delivery = Delivery::of_test(&envelope, endpoint, of.at);
            let put = transaction::put(&self.0, DeliveryItem::write(&delivery, SentBy::Writer)?, Some(NEW));
            Ok(Ok((answer(&delivery.id), vec![put, self.errand(&delivery, of.at)?])))
        })
        .await
    }

    /// Sends a delivery once more, whatever became of it.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn replay(
        &self,
        of: Subject<'_>,
        delivery: &DeliveryId,
        answer: impl Fn(&DeliveryId) -> Answer,
        remember: &Remember,
    ) -> Result<Ordered, StorageError> {
        self.order(of, remember, Some(delivery), |_, now| {
            let Some(now) = now else { return Ok(Err(Ordered::NoDelivery)) };
            let after = now.replayed(of.at);
            let seen = [(":seen", AttributeValue::N(now.seq.to_string()))];
            let put = transaction::put(&self.0, DeliveryItem::write(&after, SentBy::Writer)?, Some((AS_READ, &seen)));
            Ok(Ok((answer(&after.id), vec![put, self.errand(&after, of.at)?])))
        })
        .await
    }

    /// Sends again what failed of what was recorded since then, and what is held; nothing of an endpoint that is
    /// DISABLED.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn recover(
        &self,
        of: Subject<'_>,
        recovery: Recovery,
        answer: Answer,
        remember: &Remember,
    ) -> Result<Ordered, StorageError> {
        let Subject { organisation, webhook, at } = of;
        self.order(of, remember, None, |endpoint, _| {
            if endpoint.settings.status == Status::Disabled {
                return Ok(Err(Ordered::Disabled));
            }
            let webhook = webhook.clone();
            let failed_since = Some(recovery.since);
            let release = ReleaseDeliveries { organisation, webhook, failed_since, resumed_at: None };
            Ok(Ok((answer.clone(), vec![self.0.errand(organisation, Command::ReleaseDeliveries(release), at)?])))
        })
        .await
    }

    fn errand(&self, delivery: &Delivery, at: Instant) -> Result<TransactWriteItem, StorageError> {
        self.0.errand(delivery.organisation, Command::DeliverWebhook(delivery.command()), at)
    }

    async fn order(
        &self,
        of: Subject<'_>,
        remember: &Remember,
        delivery: Option<&DeliveryId>,
        decide: impl Fn(&Endpoint, Option<&Delivery>) -> Result<Step, StorageError>,
    ) -> Result<Ordered, StorageError> {
        let (receipt_key, key) = (remember.item_key(), Key::webhook(of.organisation, of.webhook));
        let delivery_key = delivery.map(|delivery| Key::delivery(of.webhook, delivery));
        for attempt in 0..transaction::ATTEMPTS {
            transaction::pause(attempt).await;
            let keys = [&receipt_key, &key].into_iter().chain(&delivery_key);
            let found = self.0.batch_get(keys).await?;
            if let Some(before) = remember.earlier_among(&found)? {
                return Ok(earlier(before));
            }
            let Some(endpoint) = key.find::<WebhookItem>(&found)?.map(|item| item.endpoint) else {
                return Ok(Ordered::NoWebhook);
            };
            let now = match &delivery_key {
                Some(key) => key.find::<DeliveryItem>(&found)?.filter(|item| item.is_kept(of.at)),
                None => None,
            };
            let now = now.map(|item| item.delivery).filter(|delivery| delivery.organisation == of.organisation);
            let (answer, mut actions) = match decide(&endpoint, now.as_ref())? {
                Ok(step) => step,
                Err(refused) => return Ok(refused),
            };
            let kept = Kept::from(answer);
            actions.insert(0, remember.within_transaction(&self.0, &kept)?);
            actions.push(transaction::check(&self.0, &key, ("attribute_exists(pk)", &[])));
            match transaction::commit(&self.0, actions).await? {
                Outcome::Committed => return Ok(Ordered::Done(kept.answer)),
                Outcome::Conflict(mut standing) => {
                    if let Some(receipt) = standing.first_mut().and_then(Option::take) {
                        return Ok(earlier(remember.judge(receipt)?));
                    }
                }
            }
        }
        Err(StorageError::Unavailable("the delivery keeps changing".to_owned()))
    }
}

fn earlier(earlier: Earlier) -> Ordered {
    match earlier {
        Earlier::Reused => Ordered::KeyReused,
        Earlier::Ours(kept) => Ordered::Done(kept.answer),
        Earlier::Answered(kept) => Ordered::Replayed(kept.answer),
    }
}
