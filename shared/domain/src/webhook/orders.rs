//! What a client orders about deliveries: a test, and what failed to be sent again.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Envelope;
use crate::{EventId, EventType, Instant, OrganisationId, Reader, Source, Violations, WebhookId};

/// A test of an endpoint.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestFire {
    /// The type that it claims to be of.
    pub event_type: EventType,
    /// Forwarded just as it is.
    pub data: Value,
}

/// The wire form of a [`TestFire`], for its schema.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WebhookTest", description = "An event that did not happen.")]
pub struct TestBody {
    /// Any published type, whether the endpoint asks for it or not.
    pub event_type: EventType,
    /// Forwarded just as it is.
    #[schemars(extend("examples" = [{}]))]
    pub data: Map<String, Value>,
}

impl TestFire {
    /// Parses a body. Unknown members are ignored.
    ///
    /// # Errors
    /// Every rule that the body breaks.
    pub fn parse(body: &Value) -> Result<Self, Violations> {
        let reader = Reader::default();
        let root = reader.root(body);
        let event_type = root.field("eventType").parse(1..=100);
        let data = root.field("data").confidential().object().cloned();
        let fire = event_type.zip(data).map(|(event_type, data)| Self { event_type, data: Value::Object(data) });
        reader.finish(fire)
    }

    /// The envelope, under an id that the same request has again on the same day.
    #[must_use]
    pub fn envelope(&self, organisation: OrganisationId, webhook: &WebhookId, key: &str, at: Instant) -> Envelope {
        let day = at.seconds().div_euclid(24 * 60 * 60);
        let id = EventId::of_webhook(webhook, &format!("test/{day}/{key}"), self.event_type.name());
        let envelope = Envelope::of_webhooks(id, self.event_type, organisation, self.data.clone(), at);
        Envelope { source: Source::Api, ..envelope }
    }
}

/// Since when whatever failed goes out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Recovery {
    /// When it was recorded, at the earliest.
    pub since: Instant,
}

/// The wire form of a [`Recovery`], for its schema.
#[derive(JsonSchema)]
#[schemars(rename = "WebhookRecovery", description = "From when on deliveries are sent again.")]
pub struct RecoveryBody {
    /// Deliveries that were recorded before it stay as they are.
    pub since: Instant,
}

impl Recovery {
    /// Parses a body. Unknown members are ignored.
    ///
    /// # Errors
    /// Every rule that the body breaks.
    pub fn parse(body: &Value) -> Result<Self, Violations> {
        let reader = Reader::default();
        let since = reader.root(body).field("since").parse(1..=40);
        reader.finish(since.map(|since| Self { since }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_test_takes_every_published_type_and_forwards_its_data_as_it_is() {
        for kind in EventType::ALL {
            let fire =
                TestFire::parse(&json!({"eventType": kind.name(), "data": {"a": [1, null]}, "newer": 1})).unwrap();
            assert_eq!((fire.event_type, fire.data), (kind, json!({"a": [1, null]})));
        }
        let Err(Violations(found)) = TestFire::parse(&json!({"eventType": "kyc.*", "data": "private"})) else {
            panic!("taken")
        };
        let shown: Vec<_> = found.iter().map(|it| (it.field.as_str(), it.rejected_value.is_some())).collect();
        assert_eq!(shown, [("eventType", true), ("data", false)]);
    }

    #[test]
    fn a_recovery_says_since_when() {
        assert!(Recovery::parse(&json!({"since": "2026-11-22T09:30:00Z"})).is_ok());
        for bad in [json!({}), json!({"since": "yesterday"}), json!({"since": null}), json!({"since": 1})] {
            assert!(Recovery::parse(&bad).is_err(), "{bad}");
        }
    }
}
