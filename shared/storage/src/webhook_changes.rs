//! Changes of webhook endpoints: one read, then one transaction on the condition that nothing changed in between.
//!
//! The condition is about `revision`, which counts what clients change. How deliveries fare moves other attributes, which
//! a change leaves alone, so neither disturbs the other; only resuming, and another URL, take them away, to begin anew.
//! Resuming orders what was held to be sent, too.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::webhook::{
    ChangeKind, Endpoint, EndpointPatch, EndpointRevision, Rotation, SealedSecret, Settings, Status, rotated,
};
use domain::{Cause, Command, OrganisationId, ReleaseDeliveries, WebhookId};

use crate::item;
use crate::key::Key;
use crate::receipt::{Earlier, Kept, Shows};
use crate::transaction::{self, NEW, Outcome};
use crate::webhooks::{ShownWebhook, WebhookItem};
use crate::{Answer, Remember, StorageError, Table};

/// What says how deliveries fare: how many failed in a row, and since when. Written by the worker that delivers.
const HEALTH: [&str; 5] = ["failures", "failingSince", "lastFailedAt", "warnedAt", "goneAt"];
/// Why it was paused without its owner. Written by the same.
const PAUSED: &str = "pausedReason";
/// Attributes of an endpoint that may be there and then not any more.
const OPTIONAL: [&str; 2] = ["partnerIds", "overlapUntil"];
/// The condition of every change.
const AS_READ: &str = "revision = :seen";

/// Changes and deletes endpoints.
#[derive(Clone)]
pub struct ModifyWebhooks(pub(crate) Table);

/// How a change ended.
pub enum WebhookChanged {
    /// As asked. The endpoint as it was left, unless it was deleted.
    Done(Answer, Option<Box<ShownWebhook>>),
    /// The same request was answered so before.
    Replayed(Answer, Option<Box<ShownWebhook>>),
    /// Not at all.
    Refused(WebhookRefusal),
}

/// Why an endpoint is not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookRefusal {
    /// The idempotency key was used for another request.
    KeyReused,
    /// The organisation has no such endpoint, or has no longer.
    NoWebhook,
}

/// What is to become of an endpoint.
enum Step {
    /// It stays as it is.
    Keep,
    /// This.
    Become(ChangeKind, Box<WebhookItem>),
    /// It goes.
    Delete,
}

impl ModifyWebhooks {
    /// Changes what the client decides. What changes nothing is no change.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn update(
        &self,
        of: (OrganisationId, &WebhookId),
        patch: &EndpointPatch,
        cause: &Cause,
        remember: &Remember,
    ) -> Result<WebhookChanged, StorageError> {
        let decide = |now: &WebhookItem| {
            let settings = patch.apply(&now.endpoint.settings);
            if settings == now.endpoint.settings {
                return Step::Keep;
            }
            let endpoint = now.endpoint.changed(settings, now.endpoint.overlap_until, cause.at);
            Step::Become(ChangeKind::Updated, Box::new(WebhookItem { endpoint, secrets: now.secrets.clone() }))
        };
        self.change(of, cause, remember, Answer::empty(200), decide).await
    }

    /// Gives the endpoint another secret, sealed for it.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn rotate(
        &self,
        of: (OrganisationId, &WebhookId),
        (sealed, rotation): (&str, &Rotation),
        cause: &Cause,
        remember: &Remember,
    ) -> Result<WebhookChanged, StorageError> {
        let decide = |now: &WebhookItem| {
            let until = rotation.overlap_until(cause.at.max(now.endpoint.updated_at));
            let endpoint = now.endpoint.changed(now.endpoint.settings.clone(), until, cause.at);
            let new = SealedSecret { revision: endpoint.revision, sealed: sealed.to_owned(), until: None };
            let secrets = rotated(&now.secrets, new, until);
            Step::Become(ChangeKind::SecretRotated, Box::new(WebhookItem { endpoint, secrets }))
        };
        self.change(of, cause, remember, Answer::empty(200), decide).await
    }

    /// Deletes the endpoint, its secrets with it. What ever changed of it stays.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn delete(
        &self,
        of: (OrganisationId, &WebhookId),
        cause: &Cause,
        remember: &Remember,
    ) -> Result<WebhookChanged, StorageError> {
        self.change(of, cause, remember, Answer::empty(204), |_| Step::Delete).await
    }

    /// The shape of every change: entity, log and receipt together or nothing.
    async fn change(
        &self,
        (organisation, webhook): (OrganisationId, &WebhookId),
        cause: &Cause,
        remember: &Remember,
        answer: Answer,
        decide: impl Fn(&WebhookItem) -> Step,
    ) -> Result<WebhookChanged, StorageError> {
        let key = Key::webhook(organisation, webhook);
        let receipt_key = remember.item_key();
        for attempt in 0..transaction::ATTEMPTS {
            transaction::pause(attempt).await;
            let found = self.0.batch_get([&receipt_key, &key].into_iter()).await?;
            if let Some(before) = remember.earlier_among(&found)? {
                return self.earlier(organisation, cause, before).await;
            }
            let Some(now) = key.find::<WebhookItem>(&found)? else {
                return self.absent(organisation, cause, remember).await;
            };
            let seen = [(":seen", AttributeValue::N(now.endpoint.revision.to_string()))];
            let (next, mut actions) = match decide(&now) {
                Step::Keep => return self.keep(answer, now, cause, remember).await,
                Step::Become(kind, next) => {
                    let change = self.patch(&key, &now, &next, &seen)?;
                    let log = EndpointRevision::new(kind, Some(&now.endpoint), &next.endpoint, cause);
                    let mut actions = vec![change, self.log(&log)?];
                    if is_resumed(&now.endpoint.settings, &next.endpoint.settings) {
                        let webhook = webhook.clone();
                        let resumed_at = Some(next.endpoint.updated_at);
                        let release = ReleaseDeliveries { organisation, webhook, failed_since: None, resumed_at };
                        actions.push(self.0.errand(organisation, Command::ReleaseDeliveries(release), cause.at)?);
                    }
                    (Some(next), actions)
                }
                Step::Delete => {
                    let last = now.endpoint.changed(now.endpoint.settings.clone(), None, cause.at);
                    let log = EndpointRevision::new(ChangeKind::Deleted, Some(&now.endpoint), &last, cause);
                    let count = Key::webhook_count(organisation);
                    let fewer = transaction::count(&self.0, &count, ("endpoints", -1), ("attribute_exists(pk)", &[]));
                    let delete = transaction::delete(&self.0, &key, Some((AS_READ, &seen)));
                    (None, vec![delete, self.log(&log)?, fewer])
                }
            };
            let shows = next.as_ref().map(|next| Shows::Webhook(webhook.clone(), next.endpoint.revision));
            let kept = Kept { answer: answer.clone(), shows };
            actions.insert(0, remember.within_transaction(&self.0, &kept)?);
            match transaction::commit(&self.0, actions).await? {
                Outcome::Committed => return Ok(WebhookChanged::Done(kept.answer, next.map(|next| shown(*next)))),
                Outcome::Conflict(mut standing) => {
                    if let Some(receipt) = standing.first_mut().and_then(Option::take) {
                        return self.earlier(organisation, cause, remember.judge(receipt)?).await;
                    }
                }
            }
        }
        Err(StorageError::Unavailable("the endpoint keeps changing".to_owned()))
    }

    /// Sets what belongs to a change, and nothing else of the item.
    fn patch(
        &self,
        key: &Key,
        now: &WebhookItem,
        next: &WebhookItem,
        seen: &[(&str, AttributeValue)],
    ) -> Result<TransactWriteItem, StorageError> {
        let set: item::Item = serde_dynamo::to_item(next)?;
        let mut remove: Vec<_> = OPTIONAL.into_iter().filter(|name| !set.contains_key(*name)).collect();
        let (before, after) = (&now.endpoint.settings, &next.endpoint.settings);
        // Another receiver has not failed yet.
        if is_resumed(before, after) || before.url != after.url {
            remove.extend(HEALTH);
        }
        if is_resumed(before, after) {
            remove.push(PAUSED);
        }
        Ok(transaction::patch(&self.0, key, (set, &remove), (AS_READ, seen)))
    }

    fn log(&self, revision: &EndpointRevision) -> Result<TransactWriteItem, StorageError> {
        let Endpoint { organisation, id, revision: number, .. } = &revision.endpoint;
        let key = Key::webhook_revision(*organisation, id, *number);
        Ok(transaction::put(&self.0, item::write(&key, revision)?, Some(NEW)))
    }

    async fn keep(
        &self,
        answer: Answer,
        now: WebhookItem,
        cause: &Cause,
        remember: &Remember,
    ) -> Result<WebhookChanged, StorageError> {
        let organisation = now.endpoint.organisation;
        let shows = Some(Shows::Webhook(now.endpoint.id.clone(), now.endpoint.revision));
        let kept = Kept { answer, shows };
        match self.0.remember(remember, &kept).await? {
            None => Ok(WebhookChanged::Done(kept.answer, Some(shown(now)))),
            Some(earlier) => self.earlier(organisation, cause, earlier).await,
        }
    }

    /// The read may have seen the endpoint after, and the receipt before the same request deleted it. So the receipt is
    /// asked for again.
    async fn absent(
        &self,
        organisation: OrganisationId,
        cause: &Cause,
        remember: &Remember,
    ) -> Result<WebhookChanged, StorageError> {
        let receipt = self.0.get(&remember.item_key()).await?.filter(|standing| remember.is_live(standing));
        match receipt {
            Some(receipt) => self.earlier(organisation, cause, remember.judge(receipt)?).await,
            None => Ok(WebhookChanged::Refused(WebhookRefusal::NoWebhook)),
        }
    }

    async fn earlier(
        &self,
        organisation: OrganisationId,
        cause: &Cause,
        earlier: Earlier,
    ) -> Result<WebhookChanged, StorageError> {
        Ok(match earlier {
            Earlier::Reused => WebhookChanged::Refused(WebhookRefusal::KeyReused),
            Earlier::Ours(kept) => {
                let shown = self.0.shown_webhook(organisation, &kept, cause.at).await?;
                WebhookChanged::Done(kept.answer, shown)
            }
            Earlier::Answered(kept) => {
                let shown = self.0.shown_webhook(organisation, &kept, cause.at).await?;
                WebhookChanged::Replayed(kept.answer, shown)
            }
        })
    }
}

/// The endpoint as this change left it, with the secret if it is of this change.
fn shown(WebhookItem { endpoint, secrets }: WebhookItem) -> Box<ShownWebhook> {
    let secret = secrets.into_iter().next().filter(|secret| secret.revision == endpoint.revision);
    Box::new(ShownWebhook { endpoint, secret: secret.map(|secret| secret.sealed) })
}

fn is_resumed(before: &Settings, after: &Settings) -> bool {
    before.status != Status::Active && after.status == Status::Active
}
