//! What a receiver is sent: the published envelope, filled in for one organisation.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Endpoint, PauseReason};
use crate::event_data::data;
use crate::{EndpointAutoPaused, Event, EventId, EventType, Instant, OrganisationId, SellerId, Source};

/// The published envelope. Written once for a delivery: every attempt and replay sends the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Event", description = "What is sent to an endpoint. New members may come at any time.")]
pub struct Envelope {
    /// What receivers know repeats by.
    #[schemars(with = "String")]
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

    /// Of an endpoint, as it was before, that is paused at that time because so many attempts failed since then.
    #[must_use]
    pub fn of_pause(
        endpoint: &Endpoint,
        reason: PauseReason,
        (failures, failing_since): (u32, Instant),
        paused_at: Instant,
    ) -> Self {
        let kind = EventType::EndpointAutoPaused;
        let id = EventId::of_webhook(&endpoint.id, &endpoint.revision.to_string(), kind.name());
        let webhook_id = endpoint.id.clone();
        let said = EndpointAutoPaused { webhook_id, reason, failures, failing_since, paused_at };
        Self::of_webhooks(id, kind, endpoint.organisation, data(&said), paused_at)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Actor, Buyer, CheckId, CheckOrigin, Jitter, NewBuyer, TraderMatches, ViesAnswer, ViesCheck, ViesStanding,
        ViesVerdict,
    };
    use serde_json::json;
    use uuid::Uuid;

    const GUIDE: &str = include_str!("../../../../docs/webhooks/README.md");

    #[test]
    fn the_example_of_the_documentation_is_what_is_sent() {
        let (_, example) = GUIDE.split_once("```json\n").unwrap();
        let example: Value = serde_json::from_str(example.split_once("```").unwrap().0).unwrap();
        let id = |name: &str| example[name].as_str().unwrap();
        let (seller, organisation) = (id("partnerUuid").parse().unwrap(), id("organizationUuid").parse().unwrap());
        let asked = "2026-11-22T09:29:59.870Z".parse().unwrap();
        let new = NewBuyer::parse(&json!({
            "kycMode": "NT24_LED", "vatNumber": example["data"]["vatNumber"], "companyName": "Muster GmbH",
            "address": {"street": "Am Hafen 1", "postCode": "20457", "city": "Hamburg", "country": "DE"},
        }));
        let buyer = Buyer { seq: 3, ..Buyer::created(seller, &new.ok().unwrap(), asked) };
        let check = ViesCheck::open(
            CheckId(Uuid::from_u128(1)),
            (buyer.uuid, buyer.business.vat_number.clone()),
            CheckOrigin::Requested,
            (Actor::System { function: "test".to_owned() }, organisation),
            asked,
        );
        let standing = ViesStanding::default().opened(&check);
        let answer = ViesAnswer {
            result: ViesVerdict::Invalid,
            consultation_number: None,
            name: None,
            address: None,
            trader_matches: TraderMatches::default(),
            request_date: None,
        };
        let check = check.attempted(None, Ok(answer), asked, Jitter(0));
        let event = check.event(&standing, &buyer, id("createdAt").parse().unwrap()).unwrap();
        let sent: Value = serde_json::from_str(&Envelope::of(&event, organisation).payload()).unwrap();
        assert_eq!(sent, example);
    }
}
