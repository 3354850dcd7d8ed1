//! `PATCH /v1/partners/{sellerId}/buyers/{buyerId}`

use description::Operation;
use domain::{Buyer, BuyerId, BuyerPatch, BuyerPatchBody, BuyerStatus};
use http_edge::{Answer, Call, Kind, Problem};
use storage::{Change, Decision, ModifyBuyers};
use uuid::Uuid;

use crate::answers::{answered, shown, shows_buyer};
use crate::resource::{BuyerResource, etag};

/// Changes business data of the version that the client has seen; what changes nothing leaves the version as it is.
pub(crate) async fn update_buyer(call: Call, buyers: ModifyBuyers) -> Result<Answer, Problem> {
    let seller = call.seller()?;
    let version = call.if_match()?;
    let id = call.buyer();
    let known = id.as_ref().copied().unwrap_or(BuyerId(Uuid::nil()));
    let patch = call.merge_patch(|body| BuyerPatch::parse(body, seller, known))?;
    let buyer = id?;
    let decide = |now: &Buyer| decide(now, version, &patch);
    let remember = call.remember(&patch)?;
    answered(buyers.modify((seller, buyer), &call.cause(), Some(&remember), decide, shown).await?)
}

fn decide(now: &Buyer, version: u64, patch: &BuyerPatch) -> Decision<Problem> {
    if version != now.version {
        return Decision::Refuse(Problem::version_mismatch(&BuyerResource::from(now)).with_etag(&etag(now)));
    }
    let Ok(business) = patch.apply(&now.business) else { return Decision::Refuse(Problem::kyc_mode_downgrade()) };
    if business.kyc_mode != now.business.kyc_mode && now.status == BuyerStatus::Blocked {
        return Decision::Refuse(Problem::buyer_blocked());
    }
    if business == now.business {
        Decision::Keep
    } else {
        Decision::Change(Box::new(Change::of_business(now, business)))
    }
}

pub(crate) fn operation() -> Operation {
    Operation::patch(
        "update-buyer",
        "/v1/partners/{sellerId}/buyers/{buyerId}",
        "Changes business data of the version that the client has seen.",
    )
    .details("What changes nothing leaves the version as it is. Texts are trimmed, and unknown members are ignored.")
    .if_match()
    .merge_patch::<BuyerPatchBody>()
    .answers(shows_buyer(200, "The buyer after the change."))
    .refuses_showing::<BuyerResource<'static>>(Kind::VersionMismatch)
    .refuses(Kind::KycModeDowngrade)
    .refuses(Kind::BuyerBlocked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use description::boundaries;
    use domain::SellerId;

    #[test]
    fn the_schema_of_the_body_is_what_is_taken() {
        let seller = SellerId(Uuid::nil());
        let buyer = BuyerId::of(seller, &"DE136695976".parse().unwrap());
        boundaries::hold::<BuyerPatchBody>(|body| BuyerPatch::parse(body, seller, buyer).is_ok());
    }
}
