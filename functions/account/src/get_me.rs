//! `GET /v1/me`

use description::{Operation, Shown};
use domain::{Capabilities, Instant, OrganisationId, RateLimitTier, SellerId};
use http_edge::{Answer, Call, Problem};
use schemars::JsonSchema;
use serde::Serialize;
use storage::Callers;

/// Who the caller is: its organisation, capabilities and sellers. Open whatever the DPA, so that a caller
/// can see why he is locked out.
pub(crate) async fn get_me(call: Call, callers: Callers) -> Result<Answer, Problem> {
    let organisation = &call.caller.organisation;
    let sellers = callers.sellers(organisation.uuid).await?;
    let authorized_partners = sellers.iter().map(|s| Partner { uuid: s.uuid, name: &s.name, country: &s.country });
    Ok(Answer::json(
        200,
        &Me {
            organization_uuid: organisation.uuid,
            name: &organisation.name,
            authorized_partners: authorized_partners.collect(),
            capabilities: Granted { rate_limit_tier: organisation.rate_limit_tier, flags: organisation.capabilities },
            dpa_version: organisation.dpa_version.as_deref(),
            dpa_accepted_at: organisation.dpa_accepted_at,
        },
    ))
}

pub(crate) fn operation() -> Operation {
    Operation::get("get-me", "/v1/me", "Shows who calls: its organisation, capabilities and sellers.")
        .details(
            "Open whatever the state of the data processing agreement, so that a caller can see why he is locked out.",
        )
        .answers(Shown::json::<Me>(200, "The caller's organisation."))
}

/// `Me` of the published contract.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Me<'o> {
    /// The organisation.
    organization_uuid: OrganisationId,
    /// Its name.
    name: &'o str,
    /// The sellers it may act for.
    authorized_partners: Vec<Partner<'o>>,
    /// What it may do beyond the common.
    capabilities: Granted,
    /// The version of the data processing agreement that it accepted; absent when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    dpa_version: Option<&'o str>,
    /// When it accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    dpa_accepted_at: Option<Instant>,
}

/// A seller that the caller may act for.
#[derive(Serialize, JsonSchema)]
struct Partner<'o> {
    /// Its id, as paths take it.
    uuid: SellerId,
    /// Its name.
    name: &'o str,
    /// ISO 3166-1 alpha-2.
    country: &'o str,
}

/// What an organisation may do.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Capabilities")]
struct Granted {
    /// How many requests it may make.
    rate_limit_tier: RateLimitTier,
    #[serde(flatten)]
    flags: Capabilities,
}
