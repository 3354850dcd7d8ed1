//! An endpoint: where an organisation wants to hear of what.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Plain, Subscription, Target, TargetError};
use crate::{EventType, Instant, OrganisationId, SellerId, WebhookId};

/// Whether an endpoint is delivered to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schemars(rename = "WebhookStatus")]
pub enum Status {
    /// It is.
    Active,
    /// Events are recorded and held, and sent when it is ACTIVE again.
    Paused,
    /// Nothing is recorded.
    Disabled,
}

/// The text is no [`Status`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be ACTIVE, PAUSED or DISABLED")]
pub struct NotAStatus;

impl FromStr for Status {
    type Err = NotAStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "ACTIVE" => Ok(Self::Active),
            "PAUSED" => Ok(Self::Paused),
            "DISABLED" => Ok(Self::Disabled),
            _ => Err(NotAStatus),
        }
    }
}

/// The URL of an endpoint as it was written, when it was a [`Target`]; whoever sends there judges it again. Its path
/// often is a secret of the receiver's, so it is not printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Url(String);

impl Url {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where it leads.
    ///
    /// # Errors
    /// The rule that it breaks: rules may have become stricter since it was stored.
    pub fn target(&self, plain: Plain) -> Result<Target, TargetError> {
        Target::parse(&self.0, plain)
    }
}

impl From<&Target> for Url {
    fn from(target: &Target) -> Self {
        Self(target.as_str().to_owned())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Url(…)")
    }
}

/// What a client decides about an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Where deliveries go.
    pub url: Url,
    /// Of which events; at least one, none twice.
    pub events: Vec<Subscription>,
    /// Of which sellers; `None`: of all that the organisation acts for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_ids: Option<Vec<SellerId>>,
    /// Which versions of an event's shape the receiver understands, ascending; 1 is among them.
    pub accepted_schema_versions: Vec<u64>,
    /// Whether it is delivered to.
    pub status: Status,
}

impl Settings {
    /// Most events that an endpoint names.
    pub const MOST_EVENTS: usize = 50;
    /// Most sellers that an endpoint names: as many as one read of the table takes.
    pub const MOST_PARTNERS: usize = 100;
    /// Most versions that an endpoint names.
    pub const MOST_VERSIONS: usize = 10;
    /// The highest version that can be named.
    pub const HIGHEST_VERSION: u64 = 1000;

    /// The members that differ, by their published names.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        [
            ("url", self.url != other.url),
            ("events", self.events != other.events),
            ("partnerIds", self.partner_ids != other.partner_ids),
            ("acceptedSchemaVersions", self.accepted_schema_versions != other.accepted_schema_versions),
            ("status", self.status != other.status),
        ]
        .into_iter()
        .filter_map(|(member, differs)| differs.then_some(member))
        .collect()
    }
}

/// An endpoint of an organisation, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// Its id.
    pub id: WebhookId,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// What the client decided.
    #[serde(flatten)]
    pub settings: Settings,
    /// The number of its latest change, from 0 without gaps. How deliveries fare is no change of it.
    pub revision: u64,
    /// When it was registered.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
    /// Until when an older secret signs beside the newest, as of the latest change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap_until: Option<Instant>,
}

impl Endpoint {
    /// Most endpoints of an organisation.
    pub const MOST: usize = 50;

    /// A new one.
    #[must_use]
    pub const fn new(id: WebhookId, organisation: OrganisationId, settings: Settings, at: Instant) -> Self {
        Self { id, organisation, settings, revision: 0, created_at: at, updated_at: at, overlap_until: None }
    }

    /// The same after one more change, which is never before the one before: clocks of machines differ.
    #[must_use]
    pub fn changed(&self, settings: Settings, overlap_until: Option<Instant>, at: Instant) -> Self {
        let updated_at = at.max(self.updated_at);
        let overlap_until = overlap_until.filter(|until| *until > updated_at);
        Self { settings, revision: self.revision + 1, updated_at, overlap_until, ..self.clone() }
    }

    /// Whether an event of that type about that seller is for this endpoint: by what it asks for, whatever its status.
    /// An event that is about no seller passes every filter by sellers.
    #[must_use]
    pub fn wants(&self, kind: EventType, seller: Option<SellerId>) -> bool {
        let Settings { events, partner_ids, .. } = &self.settings;
        let of_seller = match (partner_ids, seller) {
            (Some(partners), Some(seller)) => partners.contains(&seller),
            (None, _) | (_, None) => true,
        };
        of_seller && events.iter().any(|asked| asked.includes(kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const SELLER: SellerId = SellerId(Uuid::from_u128(1));
    const OTHER: SellerId = SellerId(Uuid::from_u128(2));

    fn endpoint(events: &[&str], partner_ids: Option<Vec<SellerId>>) -> Endpoint {
        let at = Instant::from_millis(1_000);
        let organisation = OrganisationId(Uuid::from_u128(7));
        let settings = Settings {
            url: Url("https://hooks.example.com/secret-path".to_owned()),
            events: events.iter().map(|event| event.parse().unwrap()).collect(),
            partner_ids,
            accepted_schema_versions: vec![1],
            status: Status::Active,
        };
        Endpoint::new(WebhookId::of(organisation, "key", at), organisation, settings, at)
    }

    #[test]
    fn an_endpoint_wants_what_it_asked_for_of_the_sellers_it_named() {
        use EventType::{InvitationUsed, VerificationCompleted, ViesCheckFailed};
        let all = endpoint(&["kyc.*"], None);
        assert!(all.wants(ViesCheckFailed, Some(SELLER)) && all.wants(VerificationCompleted, Some(OTHER)));
        assert!(!all.wants(InvitationUsed, Some(SELLER)));
        let one = endpoint(&["self_service_invitation.used", "kyc.vies_check_failed"], Some(vec![SELLER]));
        assert!(one.wants(InvitationUsed, Some(SELLER)) && one.wants(ViesCheckFailed, Some(SELLER)));
        assert!(!one.wants(ViesCheckFailed, Some(OTHER)), "another seller's");
        assert!(!one.wants(VerificationCompleted, Some(SELLER)), "not asked for");
        let meta = endpoint(&["webhook.*"], Some(vec![SELLER]));
        assert!(meta.wants(EventType::EndpointAutoPaused, None), "about no seller");
    }

    #[test]
    fn time_never_runs_backwards_and_an_overlap_that_is_over_is_forgotten() {
        let first = endpoint(&["kyc.*"], None);
        let until = Instant::from_millis(5_000);
        let second = first.changed(first.settings.clone(), Some(until), Instant::from_millis(500));
        assert_eq!((second.revision, second.updated_at, second.overlap_until), (1, first.updated_at, Some(until)));
        let third = second.changed(second.settings.clone(), second.overlap_until, until);
        assert_eq!((third.revision, third.created_at, third.overlap_until), (2, first.created_at, None));
    }

    #[test]
    fn an_endpoint_is_printed_without_its_url() {
        assert!(!format!("{:?}", endpoint(&["kyc.*"], None)).contains("secret-path"));
    }
}
