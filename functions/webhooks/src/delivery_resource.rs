//! A delivery as the contract shows it, and how an order about one is answered.

use domain::webhook::{Attempt, Delivery, DeliveryState, DeliveryStatus, FailedReason, Status, Step};
use domain::{DeliveryId, EventId, EventType, Instant};
use http_edge::{Answer, Problem};
use schemars::JsonSchema;
use serde::Serialize;
use storage::{DeliveryPage, Ordered};

use crate::resource::not_found;

/// `Delivery` of the published contract.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Delivery", description = "An event on its way to a webhook endpoint.")]
pub(crate) struct DeliveryResource<'d> {
    /// Its id, as in `X-Novatrade-Delivery-Id`.
    id: &'d DeliveryId,
    /// The event's.
    #[schemars(with = "String")]
    event_id: &'d EventId,
    /// Its type.
    event_type: EventType,
    /// PENDING until the receiver took it or no retry is left.
    status: DeliveryStatus,
    /// What the receiver answered last; absent where it did not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    http_status: Option<u16>,
    /// How often it was tried.
    attempts: u32,
    /// When it was tried last.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_attempt_at: Option<Instant>,
    /// When it is tried next; `null` where it is not, or not before the endpoint is resumed.
    next_retry_at: Option<Instant>,
    /// When it was recorded.
    created_at: Instant,
    /// Whether it waits for the endpoint to be resumed.
    held: bool,
    /// Why it is not tried again; of one that FAILED.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_reason: Option<FailedReason>,
    /// The latest attempts, oldest first, at most 15.
    attempt_log: Vec<AttemptResource<'d>>,
}

/// One attempt.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DeliveryAttempt")]
struct AttemptResource<'d> {
    /// When it began.
    at: Instant,
    /// How long it took.
    duration_ms: u64,
    /// What the receiver answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    http_status: Option<u16>,
    /// The first 1 KiB of the answer, secrets masked.
    #[serde(skip_serializing_if = "str::is_empty")]
    excerpt: &'d str,
    /// Why there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'d str>,
}

impl<'d> DeliveryResource<'d> {
    fn of(delivery: &'d Delivery, endpoint: Status) -> Self {
        // Of a PAUSED endpoint what is PENDING is held when its turn comes, unless a client ordered it.
        let held = delivery.step(Some(endpoint), delivery.next_attempt_at().unwrap_or(delivery.created_at))
            == Step::Hold
            || delivery.state == DeliveryState::Held;
        let last = delivery.log.last();
        let failed_reason = match delivery.state {
            DeliveryState::Failed { reason, .. } => Some(reason),
            DeliveryState::Pending { .. } | DeliveryState::Held | DeliveryState::Delivered { .. } => None,
        };
        Self {
            id: &delivery.id,
            event_id: &delivery.event_id,
            event_type: delivery.event_type,
            status: delivery.status(),
            http_status: last.and_then(|attempt| attempt.status),
            attempts: delivery.attempts,
            last_attempt_at: last.map(|attempt| attempt.at),
            next_retry_at: delivery.next_attempt_at().filter(|_| !held || delivery.replay_at.is_some()),
            created_at: delivery.created_at,
            held,
            failed_reason,
            attempt_log: delivery.log.iter().map(AttemptResource::of).collect(),
        }
    }
}

impl<'d> AttemptResource<'d> {
    fn of(attempt: &'d Attempt) -> Self {
        let Attempt { at, duration_ms, status, excerpt, failure } = attempt;
        Self { at: *at, duration_ms: *duration_ms, http_status: *status, excerpt, failure: failure.as_deref() }
    }
}

/// The published envelope of a page.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DeliveryPage")]
pub(crate) struct DeliveryList<'d> {
    data: Vec<DeliveryResource<'d>>,
    pagination: Totals,
}

/// Where in the whole a page stands.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PageTotals")]
struct Totals {
    /// Which page, from 0.
    page: usize,
    /// Most items of a page.
    size: usize,
    /// How many items there are.
    total_elements: usize,
    /// How many pages.
    total_pages: usize,
    /// Whether a page follows.
    has_next: bool,
    /// Whether a page comes before.
    has_previous: bool,
}

impl<'d> DeliveryList<'d> {
    pub(crate) fn of(found: &'d DeliveryPage, (page, size): (usize, usize)) -> Self {
        let &DeliveryPage { ref deliveries, total, status } = found;
        let total_pages = total.div_ceil(size);
        let pagination = Totals {
            page,
            size,
            total_elements: total,
            total_pages,
            has_next: page + 1 < total_pages,
            has_previous: page > 0 && total > 0,
        };
        Self { data: deliveries.iter().map(|delivery| DeliveryResource::of(delivery, status)).collect(), pagination }
    }
}

/// What is sent because a client ordered it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DeliveryOrdered", description = "What is sent.")]
pub(crate) struct OrderedResource<'d> {
    /// Its id in the list of deliveries.
    delivery_id: &'d DeliveryId,
}

impl OrderedResource<'_> {
    pub(crate) fn accepted(delivery_id: &DeliveryId) -> Answer {
        Answer::json(202, &OrderedResource { delivery_id })
    }
}

pub(crate) fn answered(ordered: Ordered) -> Result<Answer, Problem> {
    match ordered {
        Ordered::Done(answer) => Ok(answer),
        Ordered::Replayed(answer) => Ok(answer.replayed()),
        Ordered::KeyReused => Err(Problem::key_reused()),
        Ordered::NoWebhook => Err(not_found()),
        Ordered::Disabled => Err(Problem::webhook_disabled()),
        Ordered::NoDelivery => Err(Problem::not_found("delivery")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use description::answers;
    use domain::webhook::{Endpoint, NewEndpoint, Plain, TestFire};
    use domain::{Jitter, OrganisationId, WebhookId};
    use serde_json::json;

    const AT: Instant = Instant::from_millis(1_795_391_999_999);

    fn recorded() -> Delivery {
        let organisation: OrganisationId = "8f6d2c4e-51b7-5d0a-9e63-4b1fa7c2d895".parse().unwrap();
        let id = WebhookId::of(organisation, "key", AT);
        let body = json!({"url": "https://hooks.example.com/x", "events": ["kyc.*"]});
        let settings = NewEndpoint::parse(&body, Plain::Refused).unwrap().settings;
        let endpoint = Endpoint::new(id.clone(), organisation, settings, AT);
        let fire = TestFire { event_type: EventType::ViesCheckFailed, data: json!({}) };
        Delivery::of_event(&fire.envelope(organisation, &id, "key", AT), &endpoint, AT)
    }

    fn attempted(delivery: &Delivery, status: Option<u16>, failure: Option<&str>) -> Delivery {
        let (excerpt, failure) = ("busy".to_owned(), failure.map(str::to_owned));
        delivery.attempted(Attempt { at: AT, duration_ms: 200, status, excerpt, failure }, None, Jitter(0))
    }

    #[test]
    fn a_delivery_is_as_the_document_says_whatever_became_of_it() {
        let tried = attempted(&recorded(), None, Some("timeout"));
        let delivered = attempted(&tried, Some(200), None);
        let gone = attempted(&tried, Some(410), None);
        let (held, given_up) = (tried.held(), tried.given_up(AT));
        let all = [recorded(), tried, delivered, held, gone, given_up];
        let page = DeliveryPage { total: all.len(), deliveries: all.to_vec(), status: Status::Active };
        answers::hold(&DeliveryList::of(&page, (0, 20)));
        let rows: Vec<_> = all.iter().map(|delivery| json!(DeliveryResource::of(delivery, Status::Active))).collect();
        let seen = rows.iter().map(|row| (row["status"].as_str().unwrap(), row["nextRetryAt"].is_null()));
        assert_eq!(
            seen.collect::<Vec<_>>(),
            [
                ("PENDING", false),
                ("PENDING", false),
                ("DELIVERED", true),
                ("PENDING", true),
                ("FAILED", true),
                ("FAILED", true)
            ]
        );
        let reasons: Vec<_> = rows.iter().filter_map(|row| row.get("failedReason")).collect();
        assert_eq!(reasons, [&json!("GONE"), &json!("NO_ENDPOINT")]);
    }

    #[test]
    fn of_a_paused_endpoint_whatever_is_pending_is_shown_as_held_but_for_what_a_client_ordered() {
        let tried = attempted(&recorded(), Some(500), None);
        let shown = |delivery: &Delivery, status: Status| {
            let row = json!(DeliveryResource::of(delivery, status));
            (row["held"] == true, row["nextRetryAt"].clone())
        };
        for waiting in [recorded(), tried.clone(), tried.held()] {
            assert_eq!(shown(&waiting, Status::Paused), (true, json!(null)));
        }
        assert_eq!(shown(&tried, Status::Active), (false, json!(tried.next_attempt_at())));
        assert_eq!(shown(&tried.replayed(AT), Status::Paused), (false, json!(AT)));
        assert_eq!(shown(&tried.held().replayed(AT), Status::Paused), (true, json!(AT)));
        assert_eq!(shown(&attempted(&tried, Some(200), None), Status::Paused), (false, json!(null)));
    }
}
