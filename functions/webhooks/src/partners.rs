//! Whether an organisation may hear of a seller's events.

use domain::SellerId;
use http_edge::{Call, Problem};
use storage::Callers;

/// Refuses unless the caller's organisation acts for each of these sellers.
pub(crate) async fn authorised(call: &Call, callers: &Callers, partners: &[SellerId]) -> Result<(), Problem> {
    let found = callers.acts_for(call.caller.organisation.uuid, partners).await?;
    let foreign: Vec<_> = (0..partners.len()).filter(|index| !found.contains(&partners[*index])).collect();
    if foreign.is_empty() { Ok(()) } else { Err(Problem::foreign_sellers("partnerIds", &foreign)) }
}
