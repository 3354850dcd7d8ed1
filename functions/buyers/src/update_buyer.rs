//! `PATCH /v1/partners/{sellerId}/buyers/{buyerId}`

use domain::{Buyer, BuyerId, BuyerPatch, BuyerStatus};
use http_edge::{Answer, Call, Problem};
use storage::{Change, Decision, ModifyBuyers};
use uuid::Uuid;

use crate::answers::{answered, shown};
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
