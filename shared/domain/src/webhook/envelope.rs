//! What a receiver is sent: the published envelope, filled in for one organisation.

use serde::Serialize;
use serde_json::Value;

use crate::{Event, EventId, EventType, Instant, OrganisationId, SellerId, Source};

/// The published envelope. Written once for a delivery: every attempt and replay sends the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// What receivers know repeats by.
    pub id: EventId,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// Version of the shape of `data`.
    pub schema_version: u32,
    /// Through what it happened.
    pub source: Source,
    /// When it happened.
    pub created_at: Instant,
    /// Who receives it.
    pub organization_uuid: OrganisationId,
    /// The seller it concerns, if it concerns one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_uuid: Option<SellerId>,
    /// The published fields of the type.
    pub data: Value,
}

impl Envelope {
    /// Of an event of the bus, for an organisation that acts for its seller.
    #[must_use]
    pub fn of(event: &Event, organisation: OrganisationId) -> Self {
        Self {
            id: event.id.clone(),
            kind: event.kind,
            schema_version: event.schema_version,
            source: event.source,
            created_at: event.created_at,
            organization_uuid: organisation,
            partner_uuid: Some(event.partner_uuid),
            data: event.data.clone(),
        }
    }

    /// Of what happened to the organisation's own webhooks.
    #[must_use]
    pub const fn of_webhooks(
        id: EventId,
        kind: EventType,
        organisation: OrganisationId,
        data: Value,
        at: Instant,
    ) -> Self {
        Self {
            id,
            kind,
            schema_version: 1,
            source: Source::System,
            created_at: at,
            organization_uuid: organisation,
            partner_uuid: None,
            data,
        }
    }

    /// The bytes that are sent and signed.
    ///
    /// # Panics
    /// Never: what it consists of is JSON.
    #[must_use]
    pub fn payload(&self) -> String {
        serde_json::to_string(self).expect("an envelope is JSON")
    }
}
