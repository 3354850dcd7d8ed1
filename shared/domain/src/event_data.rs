//! What the published events say in `data`.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::webhook::{FailedReason, PauseReason};
use crate::{BuyerId, DeliveryId, EventId, EventType, Instant, VatNumber, ViesResult, WebhookId};

/// Of `kyc.vies_check_failed`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(description = "A VAT number is not registered: it was asked about, or it was registered before.")]
pub struct ViesCheckFailed {
    /// Whose number it is.
    pub buyer_uuid: BuyerId,
    /// The number.
    pub vat_number: VatNumber,
    /// What was known of it before: VALID, INVALID or UNKNOWN.
    pub previous_result: ViesResult,
    /// INVALID.
    pub current_result: ViesResult,
    /// When VIES was asked.
    pub checked_at: Instant,
    /// For people.
    pub reason: String,
    /// Counts every change of anything of the buyer: order the events of a buyer by it.
    pub seq: u64,
    /// The version of the buyer's `ETag`.
    pub buyer_version: u64,
}

/// Of `webhook.endpoint_auto_paused`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(description = "An endpoint was paused because its deliveries keep failing.")]
pub struct EndpointAutoPaused {
    /// The endpoint.
    pub webhook_id: WebhookId,
    /// Why.
    pub reason: PauseReason,
    /// How many attempts failed in a row.
    pub failures: u32,
    /// Since when.
    pub failing_since: Instant,
    /// When it was paused.
    pub paused_at: Instant,
}

/// Of `webhook.delivery_failed_terminal`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(description = "An event could not be delivered, and is not tried again by itself.")]
pub struct DeliveryFailedTerminal {
    /// Where it should have gone.
    pub webhook_id: WebhookId,
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// Of which event.
    #[schemars(with = "String")]
    pub event_id: EventId,
    /// Of which type that is.
    pub event_type: EventType,
    /// How often it was tried, replays included.
    pub attempts: u32,
    /// What the receiver answered last; `null` where it did not answer.
    pub last_http_status: Option<u16>,
    /// Why it is not tried again.
    pub reason: FailedReason,
    /// When it failed.
    pub failed_at: Instant,
}

/// As an event carries it.
///
/// # Panics
/// Never: what it consists of is JSON.
pub(crate) fn data(of: &impl Serialize) -> Value {
    serde_json::to_value(of).expect("the data of an event is JSON")
}
