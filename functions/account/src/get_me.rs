//! `GET /v1/me`

use domain::{Capabilities, Instant, OrganisationId, RateLimitTier, SellerId};
use http_edge::{Answer, Call, Problem};
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

/// `Me` of the published contract.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Me<'o> {
    organization_uuid: OrganisationId,
    name: &'o str,
    authorized_partners: Vec<Partner<'o>>,
    capabilities: Granted,
    #[serde(skip_serializing_if = "Option::is_none")]
    dpa_version: Option<&'o str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dpa_accepted_at: Option<Instant>,
}

#[derive(Serialize)]
struct Partner<'o> {
    uuid: SellerId,
    name: &'o str,
    country: &'o str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Granted {
    rate_limit_tier: RateLimitTier,
    #[serde(flatten)]
    flags: Capabilities,
}
