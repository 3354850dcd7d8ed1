//! An endpoint as the contract shows it, and how a change of one is refused.

use domain::webhook::{Endpoint, Secret, Settings, Status, Subscription};
use domain::{Instant, SellerId, WebhookId};
use http_edge::{Answer, Problem};
use schemars::JsonSchema;
use serde::Serialize;
use storage::WebhookRefusal;

/// `WebhookEndpoint` of the published contract.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WebhookEndpoint", description = "A webhook endpoint of the organisation.")]
pub(crate) struct WebhookResource<'w> {
    /// Its id.
    id: &'w WebhookId,
    /// Where deliveries go.
    #[schemars(url)]
    url: &'w str,
    /// Published types, or all of a segment.
    events: &'w [Subscription],
    /// Events of these sellers only; left out: of all that the organisation acts for.
    #[serde(skip_serializing_if = "Option::is_none")]
    partner_ids: Option<&'w [SellerId]>,
    /// Which versions of the events' shapes the receiver understands.
    accepted_schema_versions: &'w [u64],
    /// Whether it is delivered to.
    status: Status,
    /// What deliveries are signed with: all of it, as it stands here. Shown only when it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'w str>,
    /// Until when deliveries are signed with the older secret, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    overlap_until: Option<Instant>,
    /// When it was registered.
    created_at: Instant,
    /// When it was last changed.
    updated_at: Instant,
}

impl<'w> WebhookResource<'w> {
    /// As a change left it, with the secret that the change brought.
    pub(crate) fn left(endpoint: &'w Endpoint, secret: Option<&'w Secret>) -> Self {
        let Endpoint { id, settings, created_at, updated_at, overlap_until, .. } = endpoint;
        let Settings { url, events, partner_ids, accepted_schema_versions, status } = settings;
        Self {
            id,
            url: url.as_str(),
            events,
            partner_ids: partner_ids.as_deref(),
            accepted_schema_versions,
            status: *status,
            secret: secret.map(Secret::reveal),
            overlap_until: *overlap_until,
            created_at: *created_at,
            updated_at: *updated_at,
        }
    }

    /// As it is now.
    pub(crate) fn now(endpoint: &'w Endpoint, at: Instant) -> Self {
        let resource = Self::left(endpoint, None);
        Self { overlap_until: resource.overlap_until.filter(|until| at < *until), ..resource }
    }

    /// As the body of an answer.
    pub(crate) fn within(&self, answer: Answer) -> Answer {
        Answer { headers: answer.headers, ..Answer::json(answer.status, self) }
    }
}

pub(crate) fn not_found() -> Problem {
    Problem::not_found("webhook endpoint")
}

pub(crate) fn refused(refusal: WebhookRefusal) -> Problem {
    match refusal {
        WebhookRefusal::KeyReused => Problem::key_reused(),
        WebhookRefusal::NoWebhook => not_found(),
    }
}
