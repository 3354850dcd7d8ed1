//! What a client sends to register an endpoint.

use schemars::JsonSchema;
use serde_json::Value;

use super::sealed::read_secret;
use super::{Plain, Secret, Settings, Status, Subscription, Target, Url};
use crate::{Node, Reader, SellerId, Violations};

/// An endpoint to register.
#[derive(Debug)]
pub struct NewEndpoint {
    /// What the client decided; it begins ACTIVE.
    pub settings: Settings,
    /// The secret it supplied, if it did.
    pub secret: Option<Secret>,
}

/// The wire form of a [`NewEndpoint`], for its schema.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WebhookCreate", description = "An endpoint to register.")]
pub struct Body {
    /// https, a host in the public DNS, port 443 or 8443, no user, no fragment.
    #[schemars(example = &"https://hooks.example.com/novatrade24")]
    pub url: Target,
    /// Published types, or all of a segment (`kyc.*`); what stands there twice counts once.
    #[schemars(length(min = 1, max = 50))]
    pub events: Vec<Subscription>,
    /// Events of these sellers only, all of which the organisation acts for; `null` or left out: of all.
    #[schemars(length(min = 1, max = 100))]
    pub partner_ids: Option<Vec<SellerId>>,
    /// A secret of yours instead of ours: 24 to 128 bytes in UTF-8, without white space or control characters.
    #[schemars(length(min = 24, max = 128), regex(pattern = "^[0-9!-~]*$"))]
    pub secret: Option<String>,
    /// Which versions of the events' shapes the receiver understands; 1 must be among them.
    #[schemars(length(min = 1, max = 10), inner(range(min = 1, max = 1000)), extend("contains" = { "const": 1 }, "default" = [1], "examples" = [[1]]))]
    pub accepted_schema_versions: Option<Vec<u64>>,
}

impl NewEndpoint {
    /// Parses a body. Unknown members are ignored.
    ///
    /// # Errors
    /// Every rule that the body breaks.
    pub fn parse(body: &Value, plain: Plain) -> Result<Self, Violations> {
        let reader = Reader::default();
        let root = reader.root(body);
        let if_present = |name: &str| Some(root.field(name)).filter(Node::is_present);
        let url = read_url(&root.field("url"), plain);
        let events = read_events(&root.field("events"));
        let partner_ids = if_present("partnerIds").map(|node| read_partners(&node));
        let secret = if_present("secret").map(|node| read_secret(&node));
        let versions = if_present("acceptedSchemaVersions").map_or_else(|| Some(vec![1]), |node| read_versions(&node));
        let new = (|| {
            let settings = Settings {
                url: url?,
                events: events?,
                partner_ids: partner_ids.map_or(Some(None), |read| read.map(Some))?,
                accepted_schema_versions: versions?,
                status: Status::Active,
            };
            Some(Self { settings, secret: secret.map_or(Some(None), |read| read.map(Some))? })
        })();
        reader.finish(new)
    }
}

/// Its path often is a secret, so it is not shown again.
pub(super) fn read_url(node: &Node<'_>, plain: Plain) -> Option<Url> {
    let node = node.clone().confidential();
    match Target::parse(node.verbatim()?, plain) {
        Ok(target) => Some(Url::from(&target)),
        Err(rule) => {
            node.refuse(rule.to_string());
            None
        }
    }
}

pub(super) fn read_events(node: &Node<'_>) -> Option<Vec<Subscription>> {
    read_each(node, Settings::MOST_EVENTS, |item| item.parse(1..=100))
}

pub(super) fn read_partners(node: &Node<'_>) -> Option<Vec<SellerId>> {
    read_each(node, Settings::MOST_PARTNERS, |item| item.parse(1..=40))
}

pub(super) fn read_versions(node: &Node<'_>) -> Option<Vec<u64>> {
    let read = |item: &Node<'_>| item.integer(1..=Settings::HIGHEST_VERSION);
    let mut versions = read_each(node, Settings::MOST_VERSIONS, read)?;
    versions.sort_unstable();
    if versions.first() != Some(&1) {
        node.refuse("must contain 1, the only version there is so far");
        return None;
    }
    Some(versions)
}

/// All of a list, each once, in the order in which they were named.
fn read_each<T: PartialEq>(node: &Node<'_>, at_most: usize, read: impl Fn(&Node<'_>) -> Option<T>) -> Option<Vec<T>> {
    let items = node.some_items(at_most)?;
    let found: Vec<_> = items.iter().map(read).collect();
    let mut each = Vec::with_capacity(found.len());
    for item in found {
        let item = item?;
        if !each.contains(&item) {
            each.push(item);
        }
    }
    Some(each)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(body: &Value) -> Result<NewEndpoint, Violations> {
        NewEndpoint::parse(body, Plain::Refused)
    }

    fn broken(body: &Value) -> Vec<(String, String)> {
        let Err(Violations(found)) = parse(body) else { panic!("taken: {body}") };
        found.into_iter().map(|violation| (violation.field, violation.message)).collect()
    }

    #[test]
    fn an_endpoint_is_active_for_all_sellers_and_of_version_1_unless_said_otherwise() {
        let body = json!({"url": "https://hooks.example.com/x", "events": ["kyc.*"], "newer": 1});
        let NewEndpoint { settings, secret } = parse(&body).unwrap();
        assert_eq!((settings.status, settings.partner_ids, secret), (Status::Active, None, None));
        assert_eq!(settings.accepted_schema_versions, [1]);
        let body = json!({"url": "https://hooks.example.com/x", "events": ["kyc.*"], "partnerIds": null,
            "secret": null, "acceptedSchemaVersions": null});
        assert_eq!(parse(&body).unwrap().settings.accepted_schema_versions, [1]);
    }

    #[test]
    fn what_stands_there_twice_counts_once() {
        let seller = "8f6d2c4e-51b7-5d0a-9e63-4b1fa7c2d895";
        let body = json!({"url": "https://hooks.example.com/x", "partnerIds": [seller, seller],
            "events": ["webhook.*", "kyc.*", "webhook.*"], "acceptedSchemaVersions": [2, 1, 2]});
        let settings = parse(&body).unwrap().settings;
        assert_eq!(settings.events.iter().map(ToString::to_string).collect::<Vec<_>>(), ["webhook.*", "kyc.*"]);
        assert_eq!(settings.partner_ids.unwrap().len(), 1);
        assert_eq!(settings.accepted_schema_versions, [1, 2]);
    }

    #[test]
    fn all_broken_rules_come_together() {
        let found = broken(&json!({"url": "http://hooks.example.com/x", "events": ["*", "kyc.nothing", 7],
            "partnerIds": ["x"], "secret": "short", "acceptedSchemaVersions": [2]}));
        let fields: Vec<_> = found.iter().map(|(field, _)| field.as_str()).collect();
        let expected = ["url", "events[0]", "events[1]", "events[2]", "partnerIds[0]", "secret"];
        assert_eq!(fields, [&expected[..], &["acceptedSchemaVersions"]].concat());
        assert_eq!(broken(&json!({})), [("url", "is required"), ("events", "is required")].map(owned));
        let empty = json!({"url": "https://hooks.example.com/x", "events": [], "partnerIds": [],
            "acceptedSchemaVersions": []});
        let rule = "must have at least 1 item";
        assert_eq!(
            broken(&empty),
            [("events", rule), ("partnerIds", rule), ("acceptedSchemaVersions", rule)].map(owned)
        );
    }

    fn owned((field, message): (&str, &str)) -> (String, String) {
        (field.to_owned(), message.to_owned())
    }

    #[test]
    fn http_is_for_the_own_machine_and_only_where_that_is_allowed() {
        let body = json!({"url": "http://127.0.0.1:9000/hook", "events": ["kyc.*"]});
        assert!(NewEndpoint::parse(&body, Plain::ToLoopback).is_ok());
        assert_eq!(broken(&body)[0].0, "url");
    }
}
