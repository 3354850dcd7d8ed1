//! Webhook endpoints: registered, read, and what ever changed of them.
//!
//! An endpoint is one item of its organisation's partition `WEBHOOKS#`, its secrets in it, sealed. Beside it stand every
//! change of it (`LOG#`), which stay when it is deleted, and how many endpoints there are (`COUNT`), which every
//! registration and deletion moves in its transaction: so the limit holds however many come at once.
//!
//! How deliveries fare is written into the item by others, with updates of their own attributes. Nothing here writes a
//! whole item but the registration.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::webhook::{ChangeKind, Endpoint, EndpointRevision, SealedSecret, Settings};
use domain::{Cause, Instant, OrganisationId, WebhookId};
use serde::{Deserialize, Serialize};

use crate::item;
use crate::key::{Key, WEBHOOK, WEBHOOK_LOG, webhook_log, webhooks_pk};
use crate::receipt::{Earlier, Kept, Shows};
use crate::transaction::{self, NEW, Outcome};
use crate::{Answer, Remember, StorageError, Table};

/// The item of an endpoint.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct WebhookItem {
    #[serde(flatten)]
    pub(crate) endpoint: Endpoint,
    /// The newest first; at most two.
    pub(crate) secrets: Vec<SealedSecret>,
}

/// Room for one more.
const NOT_FULL: &str = "attribute_not_exists(endpoints) OR endpoints < :most";

/// An endpoint to register.
pub struct NewWebhook {
    /// Its id.
    pub id: WebhookId,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// What the client decided.
    pub settings: Settings,
    /// Its secret, sealed for it.
    pub sealed: String,
}

/// An endpoint as an answer shows it, now or again.
pub struct ShownWebhook {
    /// As the answered change left it.
    pub endpoint: Endpoint,
    /// The secret that this change brought, sealed, as long as it signs. What is over is gone.
    pub secret: Option<String>,
}

/// How a registration ended.
pub enum Registered {
    /// It is there.
    Done(Answer, Box<ShownWebhook>),
    /// It was before: the endpoint as it was then.
    Replayed(Answer, Box<ShownWebhook>),
    /// The idempotency key was used for another request.
    KeyReused,
    /// The organisation has as many as it may.
    Full,
}

/// Registers endpoints.
#[derive(Clone)]
pub struct RegisterWebhooks(pub(crate) Table);

impl RegisterWebhooks {
    /// Registers an endpoint: blind, one transaction with the receipt, the first entry of its log, and the count of the
    /// organisation's endpoints.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn register(
        &self,
        new: NewWebhook,
        answer: Answer,
        cause: &Cause,
        remember: &Remember,
    ) -> Result<Registered, StorageError> {
        let NewWebhook { id, organisation, settings, sealed } = new;
        let endpoint = Endpoint::new(id.clone(), organisation, settings, cause.at);
        let revision = EndpointRevision::new(ChangeKind::Registered, None, &endpoint, cause);
        let secret = SealedSecret { revision: 0, sealed, until: None };
        let item = WebhookItem { endpoint: endpoint.clone(), secrets: vec![secret.clone()] };
        let kept = Kept { answer, shows: Some(Shows::Webhook(id.clone(), 0)) };
        let most = (":most", AttributeValue::N(Endpoint::MOST.to_string()));
        let actions = vec![
            remember.within_transaction(&self.0, &kept)?,
            transaction::count(&self.0, &Key::webhook_count(organisation), ("endpoints", 1), (NOT_FULL, &[most])),
            transaction::put(&self.0, item::write(&Key::webhook(organisation, &id), &item)?, Some(NEW)),
            transaction::put(&self.0, item::write(&Key::webhook_revision(organisation, &id, 0), &revision)?, Some(NEW)),
        ];
        match transaction::commit(&self.0, actions).await? {
            Outcome::Committed => {
                let shown = ShownWebhook { endpoint, secret: Some(secret.sealed) };
                Ok(Registered::Done(kept.answer, Box::new(shown)))
            }
            Outcome::Conflict(mut standing) => {
                let mut take = |action: usize| standing.get_mut(action).and_then(Option::take);
                let Some(receipt) = take(0) else {
                    // An id stands there only with its receipt, or after the receipt's time on the same day.
                    return if take(1).is_some() { Ok(Registered::Full) } else { Err(again()) };
                };
                Ok(match remember.judge(receipt)? {
                    Earlier::Reused => Registered::KeyReused,
                    Earlier::Ours(kept) => match self.0.shown_webhook(organisation, &kept, cause.at).await? {
                        Some(shown) => Registered::Done(kept.answer, shown),
                        None => Registered::KeyReused,
                    },
                    Earlier::Answered(kept) => match self.0.shown_webhook(organisation, &kept, cause.at).await? {
                        Some(shown) => Registered::Replayed(kept.answer, shown),
                        None => Registered::KeyReused,
                    },
                })
            }
        }
    }
}

fn again() -> StorageError {
    StorageError::Unavailable("the endpoint was registered before and its receipt is gone".to_owned())
}

/// Reads endpoints, always of one organisation.
#[derive(Clone)]
pub struct ReadWebhooks(pub(crate) Table);

impl ReadWebhooks {
    /// An endpoint. `None`: the organisation has no such endpoint.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn get(
        &self,
        organisation: OrganisationId,
        webhook: &WebhookId,
    ) -> Result<Option<Endpoint>, StorageError> {
        let found = self.0.get(&Key::webhook(organisation, webhook)).await?;
        Ok(found.map(item::read::<WebhookItem>).transpose()?.map(|item| item.endpoint))
    }

    /// All endpoints of the organisation, oldest first.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn list(&self, organisation: OrganisationId) -> Result<Vec<Endpoint>, StorageError> {
        let items = self.0.query_prefix(&webhooks_pk(organisation), WEBHOOK).await?;
        let endpoints = items.into_iter().map(|item| Ok(item::read::<WebhookItem>(item)?.endpoint));
        let mut endpoints = endpoints.collect::<Result<Vec<_>, StorageError>>()?;
        endpoints.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
        Ok(endpoints)
    }
}

/// Reads what ever changed of endpoints, for auditors.
#[derive(Clone)]
pub struct WebhookHistories(pub(crate) Table);

impl WebhookHistories {
    /// Every change of an endpoint, or of all that the organisation ever had, each endpoint's in their order.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn of(
        &self,
        organisation: OrganisationId,
        webhook: Option<&WebhookId>,
    ) -> Result<Vec<EndpointRevision>, StorageError> {
        let prefix = webhook.map_or_else(|| WEBHOOK_LOG.to_owned(), webhook_log);
        let items = self.0.query_prefix(&webhooks_pk(organisation), &prefix).await?;
        items.into_iter().map(item::read).collect()
    }
}

impl Table {
    /// What a kept answer shows: the endpoint from its log, so as it was then, and the secret that the same change
    /// brought, if the endpoint still has it and it signs. `None`: it shows no endpoint.
    pub(crate) async fn shown_webhook(
        &self,
        organisation: OrganisationId,
        kept: &Kept,
        now: Instant,
    ) -> Result<Option<Box<ShownWebhook>>, StorageError> {
        let Some(Shows::Webhook(webhook, revision)) = &kept.shows else { return Ok(None) };
        let keys = [Key::webhook(organisation, webhook), Key::webhook_revision(organisation, webhook, *revision)];
        let found = self.batch_get(keys.iter()).await?;
        let Some(logged) = keys[1].find::<EndpointRevision>(&found)? else { return Ok(None) };
        let secrets = keys[0].find::<WebhookItem>(&found)?.map(|item| item.secrets).unwrap_or_default();
        let secret = secrets.into_iter().find(|secret| secret.revision == *revision && secret.signs(now));
        let secret = secret.map(|secret| secret.sealed);
        Ok(Some(Box::new(ShownWebhook { endpoint: logged.endpoint, secret })))
    }
}
