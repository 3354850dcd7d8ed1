//! A change of an endpoint, as JSON Merge Patch (RFC 7396).

use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::Value;

use super::body::{read_events, read_partners, read_url, read_versions};
use super::{Plain, Settings, Status, Subscription, Target, Url};
use crate::{Reader, SellerId, Violations, never_null};

/// The members that were sent; what was not sent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointPatch {
    url: Option<Url>,
    events: Option<Vec<Subscription>>,
    partner_ids: Partners,
    accepted_schema_versions: Option<Vec<u64>>,
    status: Option<Status>,
}

/// The only member that may be taken away with `null`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Partners {
    #[default]
    NotSent,
    All,
    These(Vec<SellerId>),
}

/// The wire form of an [`EndpointPatch`], for its schema.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(
    rename = "WebhookPatch",
    description = "A JSON Merge Patch (RFC 7396): what is left out stays as it is, and only `partnerIds` may be `null`. The secret is changed by `rotate-webhook-secret`.",
    transform = only_partners_are_null
)]
pub struct PatchBody {
    /// https, a host in the public DNS, port 443 or 8443, no user, no fragment.
    #[schemars(example = &"https://hooks.example.com/novatrade24")]
    pub url: Option<Target>,
    /// In place of all that were asked for.
    #[schemars(length(min = 1, max = 50))]
    pub events: Option<Vec<Subscription>>,
    /// Events of these sellers only, all of which the organisation acts for; `null`: of all.
    #[schemars(length(min = 1, max = 100))]
    pub partner_ids: Option<Vec<SellerId>>,
    /// Which versions of the events' shapes the receiver understands; 1 must be among them.
    #[schemars(length(min = 1, max = 10), inner(range(min = 1, max = 1000)), extend("contains" = { "const": 1 }, "examples" = [[1]]))]
    pub accepted_schema_versions: Option<Vec<u64>>,
    /// ACTIVE resumes, PAUSED holds events back. DISABLED records none, and gives up what is to be tried again when its turn
    /// comes; what was held before stays so until it is ACTIVE.
    pub status: Option<Status>,
}

fn only_partners_are_null(schema: &mut Schema) {
    never_null(schema);
    if let Some(partners) = schema.get_mut("properties").and_then(|members| members.get_mut("partnerIds")) {
        partners["type"] = serde_json::json!(["array", "null"]);
    }
}

impl EndpointPatch {
    /// Parses a patch. Unknown members are ignored, but for `secret`: who sends one believes that it is changed.
    ///
    /// # Errors
    /// Every rule that the body breaks.
    pub fn parse(body: &Value, plain: Plain) -> Result<Self, Violations> {
        let reader = Reader::default();
        let root = reader.root(body);
        let partners = root.field("partnerIds");
        let patch = Self {
            url: root.field("url").if_sent(|node| read_url(node, plain)),
            events: root.field("events").if_sent(read_events),
            partner_ids: match partners.is_present().then(|| read_partners(&partners)) {
                Some(read) => read.map_or(Partners::NotSent, Partners::These),
                None if partners.is_sent() => Partners::All,
                None => Partners::NotSent,
            },
            accepted_schema_versions: root.field("acceptedSchemaVersions").if_sent(read_versions),
            status: root.field("status").if_sent(|node| node.parse(1..=40)),
        };
        let secret = root.field("secret").confidential();
        if secret.is_sent() {
            secret.refuse("is changed by POST /v1/webhooks/{webhookId}/rotate-secret");
        }
        reader.finish(Some(patch))
    }

    /// The sellers that it names.
    #[must_use]
    pub fn partners(&self) -> &[SellerId] {
        match &self.partner_ids {
            Partners::These(partners) => partners,
            Partners::NotSent | Partners::All => &[],
        }
    }

    /// The settings after the patch; equal to what was given when it changes nothing.
    #[must_use]
    pub fn apply(&self, current: &Settings) -> Settings {
        let Self { url, events, partner_ids, accepted_schema_versions, status } = self.clone();
        Settings {
            url: url.unwrap_or_else(|| current.url.clone()),
            events: events.unwrap_or_else(|| current.events.clone()),
            partner_ids: match partner_ids {
                Partners::NotSent => current.partner_ids.clone(),
                Partners::All => None,
                Partners::These(partners) => Some(partners),
            },
            accepted_schema_versions: accepted_schema_versions
                .unwrap_or_else(|| current.accepted_schema_versions.clone()),
            status: status.unwrap_or(current.status),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::NewEndpoint;
    use super::*;
    use serde_json::json;

    const SELLER: &str = "8f6d2c4e-51b7-5d0a-9e63-4b1fa7c2d895";

    fn settings() -> Settings {
        let body = json!({"url": "https://hooks.example.com/x", "events": ["kyc.*"], "partnerIds": [SELLER]});
        NewEndpoint::parse(&body, Plain::Refused).unwrap().settings
    }

    fn parse(body: &Value) -> Result<EndpointPatch, Violations> {
        EndpointPatch::parse(body, Plain::Refused)
    }

    #[test]
    fn what_was_not_sent_stays_and_only_the_sellers_can_go() {
        let patch = parse(&json!({"events": ["webhook.*"], "status": "PAUSED", "newer": 1})).unwrap();
        let after = patch.apply(&settings());
        assert_eq!(settings().differences(&after), ["events", "status"]);
        assert_eq!(after.partner_ids, settings().partner_ids);
        let all = parse(&json!({"partnerIds": null})).unwrap().apply(&settings());
        assert_eq!((all.partner_ids.clone(), settings().differences(&all)), (None, vec!["partnerIds"]));
        assert_eq!(parse(&json!({})).unwrap().apply(&settings()), settings());
        for member in ["url", "events", "acceptedSchemaVersions", "status"] {
            let Err(Violations(found)) = parse(&json!({ member: null })) else { panic!("{member}") };
            assert_eq!((found[0].field.as_str(), found[0].message.as_str()), (member, "is required"));
        }
    }

    #[test]
    fn a_secret_is_not_changed_in_passing() {
        let Err(Violations(found)) = parse(&json!({"secret": "x".repeat(40), "status": "STOPPED", "url": "x"})) else {
            panic!("taken")
        };
        let fields: Vec<_> = found.iter().map(|violation| violation.field.as_str()).collect();
        assert_eq!(fields, ["url", "status", "secret"], "all together");
        assert!(found[2].rejected_value.is_none() && found[2].message.contains("rotate-secret"));
    }
}
