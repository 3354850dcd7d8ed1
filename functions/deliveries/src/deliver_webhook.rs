//! A delivery that is due → its receiver → what it said, or when to try again.
//!
//! ```text
//! read ── over, held, or not due yet ──▶ nothing to do
//!  ├──── endpoint PAUSED ──▶ held       ├── DISABLED or deleted ──▶ given up
//!  ├──── endpoint fails, and this message waited among those that do not ──▶ to the slow queue
//!  └─ send, once ─▶ one write: the delivery with its next time, the failure counted, the last failure told
//!                    └─ a failure ─▶ what follows for the endpoint (`verdict`)
//! ```
//!
//! A failed attempt is no failed message: only what cannot be read, and a table or key out of reach, is. Killed anywhere, the
//! message comes again, or the delivery comes up in the index `due`; a receiver may be sent an event twice, under one id.

use bytes::Bytes;
use delivery::{Outcome, Sender, Webhook};
use domain::webhook::{Attempt, Delivery, Plain, Secret, Step};
use domain::{DeliverWebhook, Jitter, Lane};
use messaging::{DeliveryQueues, Message};
use sealing::{SealingError, SecretKey};
use storage::{Bearing, StorageError, Watched, WorkOnDeliveries, Written, now};
use tracing::{info, warn};

/// A message may come a moment before its time, by the clock of another machine.
const CLOCKS_DIFFER_SECONDS: i64 = 2;
/// How often a write is made that others come before.
const TURNS: u32 = 5;

/// What an attempt needs.
pub(crate) struct Courier {
    pub(crate) deliveries: WorkOnDeliveries,
    pub(crate) key: SecretKey,
    pub(crate) sender: Sender,
    pub(crate) queues: DeliveryQueues,
    pub(crate) plain: Plain,
}

/// Why a message has to come again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeliverError {
    #[error("the message is no delivery: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("the secret cannot be opened: {0}")]
    Sealed(#[from] SealingError),
    #[error("the slow queue did not take the delivery")]
    Unsent,
    #[error("the delivery keeps changing")]
    Overtaken,
}

impl Courier {
    /// Makes the attempt that is due, if one is.
    pub(crate) async fn deliver(&self, message: &Message) -> Result<(), DeliverError> {
        let order: DeliverWebhook = serde_json::from_str(&message.body)?;
        let DeliverWebhook { organisation, webhook, delivery: id, lane } = &order;
        for _ in 0..TURNS {
            let (delivery, watched) = self.deliveries.find(*organisation, webhook, id).await?;
            let Some(delivery) = delivery else {
                warn!(delivery = %id, "There is no such delivery");
                return Ok(());
            };
            let status = watched.as_ref().map(|watched| watched.endpoint.settings.status);
            let written = match (delivery.step(status, now().plus_seconds(CLOCKS_DIFFER_SECONDS)), watched) {
                (Step::Try, Some(watched)) if *lane == Lane::Fast && watched.health.is_failing() => {
                    return self.to_the_slow_queue(&order).await;
                }
                (Step::Try, Some(watched)) => return self.attempt(delivery, &watched, message).await,
                (Step::Hold, Some(watched)) => self.deliveries.hold(&delivery.held(), &watched.endpoint).await?,
                (Step::GiveUp, _) | (_, None) if delivery.next_attempt_at().is_some() => {
                    info!(delivery = %id, %webhook, "Given up: the endpoint is disabled or deleted");
                    self.deliveries.write(&delivery.given_up(now()), Bearing::None, &[]).await?
                }
                (_, watched) => {
                    // Whoever noted the last failure may have died before it said what follows.
                    return match watched {
                        Some(watched) if watched.health.is_failing() => self.judge(watched, message).await,
                        _ => Ok(()),
                    };
                }
            };
            if written == Written::Done {
                return Ok(());
            }
        }
        Err(DeliverError::Overtaken)
    }

    async fn to_the_slow_queue(&self, order: &DeliverWebhook) -> Result<(), DeliverError> {
        let slow = DeliverWebhook { lane: Lane::Slow, ..order.clone() };
        if self.queues.send(&slow).await { Ok(()) } else { Err(DeliverError::Unsent) }
    }

    /// Sends it once, and notes what came of that.
    async fn attempt(&self, found: Delivery, watched: &Watched, message: &Message) -> Result<(), DeliverError> {
        let (attempt, retry_after) = self.send(&found, watched).await?;
        let jitter = Jitter(getrandom::u32().map_or(0, |random| random as u16));
        let (organisation, webhook) = (found.organisation, found.webhook.clone());
        let (mut turn, counts) = (found.turn(), found.counts());
        // As it fares now: others may have failed while this one was on its way, and it ends their row.
        let fails = if attempt.is_success() && counts {
            let fares = self.deliveries.endpoint(organisation, &webhook).await;
            // To end a row that is none does no harm, and a receiver that took it is not to be sent it again.
            fares.map_or(true, |now| now.is_some_and(|now| now.health.is_failing()))
        } else {
            false
        };
        let url = &watched.endpoint.settings.url;
        let leads_there = |now: Option<Watched>| now.is_some_and(|now| now.endpoint.settings.url == *url);
        if attempt.is_gone() && !counts {
            // Of one that counts, the condition of the count finds out.
            turn.leads_there = self.deliveries.endpoint(organisation, &webhook).await.map_or(true, leads_there);
        }
        let mut found = Some(found);
        for _ in 0..TURNS {
            let Some(before) = found else { return Ok(()) };
            let after = before.after(turn, attempt.clone(), retry_after, jitter);
            let bearing = match (counts && turn.leads_there, attempt.is_success()) {
                (true, true) if fails => Bearing::Recovered { url },
                (false, _) | (true, true) => Bearing::None,
                (true, false) => Bearing::Failed { url, at: attempt.at, gone: attempt.is_gone() },
            };
            let told = self.told(after.failed_for_good().filter(|_| before.state != after.state), &webhook).await?;
            if self.deliveries.write(&after, bearing, &told).await? == Written::Done {
                tell(&after, &attempt);
                let Bearing::Failed { .. } = bearing else { return Ok(()) };
                let watched = self.deliveries.endpoint(organisation, &webhook).await?;
                return match watched {
                    Some(watched) => self.judge(watched, message).await,
                    None => Ok(()),
                };
            }
            let (delivery, endpoint) = self.deliveries.find(organisation, &webhook, &before.id).await?;
            // Deleted meanwhile: its health is nobody's any more.
            found = delivery.filter(|_| endpoint.is_some());
            turn.leads_there = leads_there(endpoint);
        }
        Err(DeliverError::Overtaken)
    }

    async fn send(&self, delivery: &Delivery, watched: &Watched) -> Result<(Attempt, Option<u32>), DeliverError> {
        let (endpoint, at) = (&watched.endpoint, now());
        let mut secrets: Vec<Secret> = Vec::with_capacity(2);
        for sealed in watched.secrets.iter().filter(|sealed| sealed.signs(at)) {
            secrets.push(self.key.open(&sealed.sealed, (endpoint.organisation, &endpoint.id)).await?);
        }
        let empty = Attempt { at, duration_ms: 0, status: None, excerpt: String::new(), failure: None };
        let target = match endpoint.settings.url.target(self.plain) {
            Ok(target) => target,
            Err(rule) => return Ok((Attempt { failure: Some(format!("the URL {rule}")), ..empty }, None)),
        };
        let body = Bytes::from(delivery.payload.clone());
        let webhook = Webhook {
            target: &target,
            secrets: &secrets,
            event_id: delivery.event_id.as_str(),
            event_type: delivery.event_type.name(),
            delivery_id: &delivery.id.to_string(),
            attempt: delivery.attempts + 1,
            body: &body,
            at,
        };
        let made = self.sender.deliver(webhook).await;
        let duration_ms = u64::try_from(made.duration.as_millis()).unwrap_or(u64::MAX);
        let empty = Attempt { duration_ms, ..empty };
        Ok(match made.outcome {
            Outcome::Delivered(answer) => {
                (Attempt { status: Some(answer.status), excerpt: answer.excerpt, ..empty }, None)
            }
            Outcome::Refused { answer, retry_after } => {
                (Attempt { status: Some(answer.status), excerpt: answer.excerpt, ..empty }, retry_after)
            }
            Outcome::Failed(failure) => (Attempt { failure: Some(failure.to_string()), ..empty }, None),
        })
    }
}

/// One line an attempt: no URL and no word of what the receiver said.
fn tell(after: &Delivery, attempt: &Attempt) {
    let Delivery { id, webhook, event_type, attempts, .. } = after;
    let (kind, status, duration_ms) = (event_type.name(), attempt.status, attempt.duration_ms);
    let outcome = if attempt.is_success() { "Delivered" } else { "Not delivered" };
    let again_at = after.next_attempt_at().map(tracing::field::display);
    info!(delivery = %id, %webhook, kind, attempts, status, duration_ms, again_at, "{outcome}");
}
