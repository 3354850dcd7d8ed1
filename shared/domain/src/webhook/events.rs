//! What an endpoint asks for: published event types, one by one or a whole segment of them.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::EventType;

/// A published event type (`kyc.vies_check_failed`), or all of a segment (`kyc.*`), those to come included.
///
/// Kept as text: what a newer version of this code stored can still be read, and matches what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Subscription(String);

/// Why a text is no [`Subscription`]. The texts are the rule shown to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotASubscription {
    /// `*`.
    #[error("must name a segment, as in `kyc.*`: `*` alone is not supported")]
    Root,
    /// Neither a type nor a segment that is published.
    #[error("must be a published event type, or a segment of them as in `kyc.*`")]
    Unknown,
}

impl Subscription {
    /// Whether events of this type are asked for.
    #[must_use]
    pub fn includes(&self, kind: EventType) -> bool {
        match self.0.strip_suffix(".*") {
            Some(segment) => segment == kind.segment(),
            None => self.0 == kind.name(),
        }
    }

    /// Every text that is one: the types, then the segments.
    fn all() -> Vec<String> {
        let mut all: Vec<_> = EventType::ALL.iter().map(|kind| kind.name().to_owned()).collect();
        let mut segments: Vec<_> = EventType::ALL.iter().map(|kind| format!("{}.*", kind.segment())).collect();
        segments.dedup();
        all.append(&mut segments);
        all
    }
}

impl FromStr for Subscription {
    type Err = NotASubscription;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let subscription = Self(text.to_owned());
        match text {
            "*" => Err(NotASubscription::Root),
            _ if EventType::ALL.iter().any(|kind| subscription.includes(*kind)) => Ok(subscription),
            _ => Err(NotASubscription::Unknown),
        }
    }
}

impl fmt::Display for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for Subscription {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Subscription".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A published event type, or all of a segment. There may be more of them in the future.",
            "enum": Self::all()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that `text` asks for.
    fn of(text: &str) -> Vec<&'static str> {
        let subscription: Subscription = text.parse().unwrap();
        EventType::ALL.iter().filter(|kind| subscription.includes(**kind)).map(|kind| kind.name()).collect()
    }

    #[test]
    fn a_segment_is_all_of_its_types_and_a_type_is_itself() {
        assert_eq!(of("kyc.*"), ["kyc.vies_check_failed", "kyc.verification_completed"]);
        assert_eq!(of("compliance.*"), ["compliance.status_changed", "compliance.decision_made"]);
        assert_eq!(
            of("self_service_invitation.*"),
            ["self_service_invitation.used", "self_service_invitation.expired"]
        );
        assert_eq!(of("webhook.*"), ["webhook.endpoint_auto_paused", "webhook.delivery_failed_terminal"]);
        assert_eq!(of("export_file.*"), ["export_file.generated"]);
        assert_eq!(of("prospect.*"), ["prospect.submitted"]);
        for kind in EventType::ALL {
            assert_eq!(of(kind.name()), [kind.name()]);
        }
    }

    #[test]
    fn there_is_no_other_wildcard() {
        assert_eq!("*".parse::<Subscription>(), Err(NotASubscription::Root));
        for bad in [
            "",
            "**",
            "*.*",
            ".*",
            "kyc",
            "kyc.",
            "kyc*",
            "ky.*",
            "k*",
            "kyc.**",
            "kyc.*.*",
            "kyc.vies*",
            "KYC.*",
            "kyc.vies_check_failed.*",
            "*.vies_check_failed",
            "kyc.no_such_event",
            "order.*",
        ] {
            assert_eq!(bad.parse::<Subscription>(), Err(NotASubscription::Unknown), "{bad}");
        }
    }

    #[test]
    fn the_schema_lists_what_is_taken() {
        let all = Subscription::all();
        assert_eq!(all.len(), 16);
        assert!(all.iter().all(|text| text.parse::<Subscription>().is_ok()));
    }
}
