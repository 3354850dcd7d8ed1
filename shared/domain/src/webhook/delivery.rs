//! One event on its way to one endpoint.
//!
//! ```text
//!           ┌─ failed, a retry is left ─┐
//! recorded ─▶ PENDING ──────────────────┘        endpoint PAUSED ─▶ HELD ─ resumed ─▶ PENDING
//!               ├─ any 2xx ────────────────────────────▶ DELIVERED
//!               └─ the last retry failed, 410, DISABLED ─▶ FAILED ─ recovered ─▶ PENDING
//! ```
//!
//! A replay is one attempt beside all that: it can make a delivery DELIVERED, and changes nothing else.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schedule::next_retry;
use super::{Endpoint, Envelope, Status};
use crate::event_data::data;
use crate::{
    DeliverWebhook, DeliveryFailedTerminal, DeliveryId, EventId, EventType, Instant, Jitter, Lane, OrganisationId,
    WebhookId,
};

/// Published `status` of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeliveryStatus {
    /// It is yet to be tried, or tried again; or held while the endpoint is PAUSED.
    Pending,
    /// The receiver answered 2xx.
    Delivered,
    /// It is not tried again by itself.
    Failed,
}

/// Why an event goes to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeliveryKind {
    /// It happened, and the endpoint asks for it.
    Event,
    /// A client tries its endpoint: one attempt, whatever comes of it.
    Test,
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum DeliveryState {
    /// It is tried.
    Pending {
        /// Not before.
        next_attempt_at: Instant,
    },
    /// The endpoint is PAUSED.
    Held,
    /// The receiver took it.
    Delivered {
        /// When.
        delivered_at: Instant,
    },
    /// It is not tried again by itself.
    Failed {
        /// Since when.
        failed_at: Instant,
        /// Why.
        reason: FailedReason,
    },
}

impl DeliveryState {
    /// As published.
    #[must_use]
    pub const fn status(self) -> DeliveryStatus {
        match self {
            Self::Pending { .. } | Self::Held => DeliveryStatus::Pending,
            Self::Delivered { .. } => DeliveryStatus::Delivered,
            Self::Failed { .. } => DeliveryStatus::Failed,
        }
    }
}

/// The text is no [`DeliveryStatus`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be PENDING, DELIVERED or FAILED")]
pub struct NotADeliveryStatus;

impl FromStr for DeliveryStatus {
    type Err = NotADeliveryStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "PENDING" => Ok(Self::Pending),
            "DELIVERED" => Ok(Self::Delivered),
            "FAILED" => Ok(Self::Failed),
            _ => Err(NotADeliveryStatus),
        }
    }
}

/// Why a delivery is not tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schemars(rename = "DeliveryFailedReason")]
pub enum FailedReason {
    /// No retry is left.
    Exhausted,
    /// The receiver said 410.
    Gone,
    /// The endpoint is DISABLED, or deleted.
    NoEndpoint,
}

/// One attempt, as it is kept. What a receiver answers may be anything, so it is not printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// When it began.
    pub at: Instant,
    /// How long it took.
    pub duration_ms: u64,
    /// What the receiver answered, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The beginning of the answer, secrets masked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub excerpt: String,
    /// Why there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl Attempt {
    /// Whether the receiver took it: any 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Whether the receiver says that nobody listens there any more.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.status == Some(410)
    }

    /// When it ended.
    #[must_use]
    pub fn ended(&self) -> Instant {
        Instant::from_millis(self.at.millis() + i64::try_from(self.duration_ms).unwrap_or_default())
    }
}

/// One event on its way to one endpoint. It is printed without what it carries: `data` of a test is the client's.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Derived from event and endpoint.
    pub id: DeliveryId,
    /// Where it goes.
    pub webhook: WebhookId,
    /// Whose endpoint that is.
    pub organisation: OrganisationId,
    /// Of what.
    pub event_id: EventId,
    /// Its type.
    pub event_type: EventType,
    /// Why.
    pub kind: DeliveryKind,
    /// When it was recorded.
    pub created_at: Instant,
    /// When the event happened.
    pub happened_at: Instant,
    /// The bytes that are sent, by every attempt the same.
    pub payload: String,
    /// How often it was tried, replays included.
    pub attempts: u32,
    /// The latest attempts, oldest first; at most [`Delivery::MOST_KEPT`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<Attempt>,
    /// When it was first tried since it was recorded, resumed or recovered: retries count from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_attempt_at: Option<Instant>,
    /// Since when a replay is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_at: Option<Instant>,
    /// How far it is.
    #[serde(flatten)]
    pub state: DeliveryState,
    /// Counts what was ever written of it, from 0: the condition of whoever writes it next.
    pub seq: u64,
}

/// What is to be done with a delivery, now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing: it is over, held, or not due yet.
    Leave,
    /// It is tried.
    Try,
    /// It is held until the endpoint is resumed.
    Hold,
    /// It is given up: there is nowhere to send it.
    GiveUp,
}

/// What an attempt is, and to whom it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Of a replay, when it was ordered; `None`: the attempt was planned.
    pub replay: Option<Instant>,
    /// Whether the endpoint still leads to whom it was made to. Nobody else can say for it that it is gone, or when to
    /// come again.
    pub leads_there: bool,
}

impl Delivery {
    /// How many attempts are kept.
    pub const MOST_KEPT: usize = 15;
    /// Seconds for which a delivery is kept from when it was recorded, as published; and an event can become one.
    pub const KEPT_SECONDS: i64 = 30 * 24 * 3_600;

    /// An event for this endpoint; held if it is PAUSED.
    #[must_use]
    pub fn of_event(envelope: &Envelope, endpoint: &Endpoint, at: Instant) -> Self {
        let state = match endpoint.settings.status {
            Status::Active | Status::Disabled => DeliveryState::Pending { next_attempt_at: at },
            Status::Paused => DeliveryState::Held,
        };
        Self::new(envelope, endpoint, (DeliveryKind::Event, state), at)
    }

    /// A test of this endpoint, whatever its status. Like a real event it names a seller, where the endpoint names any.
    #[must_use]
    pub fn of_test(envelope: &Envelope, endpoint: &Endpoint, at: Instant) -> Self {
        let partner_uuid = match (&endpoint.settings.partner_ids, envelope.kind.is_about_webhooks()) {
            (Some(partners), false) => partners.first().copied(),
            (None, _) | (_, true) => None,
        };
        let envelope = Envelope { partner_uuid, ..envelope.clone() };
        Self::new(&envelope, endpoint, (DeliveryKind::Test, DeliveryState::Pending { next_attempt_at: at }), at)
    }

    fn new(
        envelope: &Envelope,
        endpoint: &Endpoint,
        (kind, state): (DeliveryKind, DeliveryState),
        at: Instant,
    ) -> Self {
        Self {
            id: DeliveryId::of(&envelope.id, &endpoint.id),
            webhook: endpoint.id.clone(),
            organisation: endpoint.organisation,
            event_id: envelope.id.clone(),
            event_type: envelope.kind,
            kind,
            created_at: at,
            happened_at: envelope.created_at,
            payload: envelope.payload(),
            attempts: 0,
            log: Vec::new(),
            first_attempt_at: None,
            replay_at: None,
            state,
            seq: 0,
        }
    }

    /// As published.
    #[must_use]
    pub const fn status(&self) -> DeliveryStatus {
        self.state.status()
    }

    /// When it is tried next, if that is known.
    #[must_use]
    pub fn next_attempt_at(&self) -> Option<Instant> {
        let planned = match self.state {
            DeliveryState::Pending { next_attempt_at } => Some(next_attempt_at),
            DeliveryState::Held | DeliveryState::Delivered { .. } | DeliveryState::Failed { .. } => None,
        };
        [self.replay_at, planned].into_iter().flatten().min()
    }

    /// Whether nothing was ever done about it: whoever recorded it may send it once more.
    #[must_use]
    pub const fn is_untouched(&self) -> bool {
        self.seq == 0 && matches!(self.state, DeliveryState::Pending { .. })
    }

    /// What is to be done at this moment, with the endpoint as it is; `None`: it is deleted.
    #[must_use]
    pub fn step(&self, endpoint: Option<Status>, now: Instant) -> Step {
        let is_due = self.next_attempt_at().is_some_and(|at| at <= now);
        let is_wanted = self.replay_at.is_some() || self.kind == DeliveryKind::Test;
        match endpoint {
            _ if self.next_attempt_at().is_none() => Step::Leave,
            None => Step::GiveUp,
            // What a client asks for is tried whatever the status: perhaps it wants to know before it resumes.
            Some(Status::Disabled) if !is_wanted => Step::GiveUp,
            Some(Status::Paused) if !is_wanted => Step::Hold,
            Some(_) if is_due => Step::Try,
            Some(_) => Step::Leave,
        }
    }

    /// The message that has it tried: retries wait apart from what was never tried.
    #[must_use]
    pub fn command(&self) -> DeliverWebhook {
        let lane = if self.first_attempt_at.is_some() { Lane::Slow } else { Lane::Fast };
        DeliverWebhook {
            organisation: self.organisation,
            webhook: self.webhook.clone(),
            delivery: self.id.clone(),
            lane,
        }
    }

    /// Whether the attempt that is made of it as it is says something about the endpoint's health.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.kind == DeliveryKind::Event && !self.event_type.is_about_webhooks() && self.replay_at.is_none()
    }

    /// What the attempt is that is made of it as it is.
    #[must_use]
    pub const fn turn(&self) -> Turn {
        Turn { replay: self.replay_at, leads_there: true }
    }

    /// After one more attempt, that it was found with.
    #[must_use]
    pub fn attempted(&self, attempt: Attempt, retry_after: Option<u32>, jitter: Jitter) -> Self {
        self.after(self.turn(), attempt, retry_after, jitter)
    }

    /// After one more attempt, whatever else became of it while that was on its way.
    #[must_use]
    pub fn after(&self, turn: Turn, attempt: Attempt, retry_after: Option<u32>, jitter: Jitter) -> Self {
        let mut after = self.written();
        let replayed = turn.replay.is_some();
        // One that was ordered since is yet to be made.
        after.replay_at = self.replay_at.filter(|ordered| turn.replay != Some(*ordered));
        let ended = attempt.ended();
        let first = self.first_attempt_at.unwrap_or(attempt.at);
        after.attempts = self.attempts.saturating_add(1);
        let failed = |reason| DeliveryState::Failed { failed_at: ended, reason };
        after.state = if attempt.is_success() {
            DeliveryState::Delivered { delivered_at: ended }
        } else if replayed || !matches!(self.state, DeliveryState::Pending { .. }) {
            // It was held, given up, or taken at another attempt meanwhile.
            self.state
        } else if attempt.is_gone() && turn.leads_there {
            failed(FailedReason::Gone)
        } else if self.kind == DeliveryKind::Test {
            failed(FailedReason::Exhausted)
        } else {
            let next = next_retry(first, ended, retry_after.filter(|_| turn.leads_there), jitter);
            next.map_or(failed(FailedReason::Exhausted), |next_attempt_at| DeliveryState::Pending { next_attempt_at })
        };
        if !replayed {
            after.first_attempt_at = Some(first);
        }
        after.log.push(attempt);
        let kept = after.log.len().saturating_sub(Self::MOST_KEPT);
        after.log.drain(..kept);
        after
    }

    /// Held until the endpoint is resumed.
    #[must_use]
    pub fn held(&self) -> Self {
        Self { state: DeliveryState::Held, ..self.written() }
    }

    /// To be held, but not now: it comes up again in ten to fifteen minutes, evenly spread by its id.
    #[must_use]
    pub fn put_off(&self, now: Instant) -> Self {
        let spread: i64 = self.id.to_string().bytes().map(i64::from).sum();
        let next_attempt_at = now.plus_seconds(600 + spread % 300);
        Self { state: DeliveryState::Pending { next_attempt_at }, ..self.clone() }
    }

    /// Given up: the endpoint is DISABLED or deleted.
    #[must_use]
    pub fn given_up(&self, at: Instant) -> Self {
        let state = match self.state {
            DeliveryState::Pending { .. } => DeliveryState::Failed { failed_at: at, reason: FailedReason::NoEndpoint },
            state => state,
        };
        Self { state, replay_at: None, ..self.written() }
    }

    /// Sent anew, with all its retries before it: resumed or recovered.
    #[must_use]
    pub fn begun_again(&self, at: Instant) -> Self {
        let state = DeliveryState::Pending { next_attempt_at: at };
        Self { state, first_attempt_at: None, ..self.written() }
    }

    /// Tried once more because a client wants it.
    #[must_use]
    pub fn replayed(&self, at: Instant) -> Self {
        Self { replay_at: Some(at), ..self.written() }
    }

    fn written(&self) -> Self {
        Self { seq: self.seq + 1, ..self.clone() }
    }

    /// What the organisation is told about a delivery that failed for good. Nothing of one about webhooks, or of a
    /// test; and nothing where the endpoint was given up by its owner.
    #[must_use]
    pub fn failed_for_good(&self) -> Option<Envelope> {
        let DeliveryState::Failed { failed_at, reason } = self.state else { return None };
        if reason == FailedReason::NoEndpoint || self.kind == DeliveryKind::Test || self.event_type.is_about_webhooks()
        {
            return None;
        }
        let said = DeliveryFailedTerminal {
            webhook_id: self.webhook.clone(),
            delivery_id: self.id.clone(),
            event_id: self.event_id.clone(),
            event_type: self.event_type,
            attempts: self.attempts,
            last_http_status: self.log.last().and_then(|attempt| attempt.status),
            reason,
            failed_at,
        };
        let kind = EventType::DeliveryFailedTerminal;
        // Recovered and failed again is news.
        let id = EventId::of_webhook(&self.webhook, &format!("{}/{}", self.id, self.seq), kind.name());
        Some(Envelope::of_webhooks(id, kind, self.organisation, data(&said), failed_at))
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, duration_ms, status, failure, .. } = self;
        write!(f, "Attempt at {at} for {duration_ms} ms: {status:?} {failure:?}")
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("id", &self.id)
            .field("event_type", &self.event_type)
            .field("attempts", &self.attempts)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
