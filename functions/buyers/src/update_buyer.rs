//! `PATCH /v1/partners/{sellerId}/buyers/{buyerId}`

use domain::{Buyer, BuyerPatch, BuyerStatus, Inapplicable, Violations};
use http_edge::{Answer, Call, Problem};
use storage::{Change, Decision, ModifyBuyers};

use crate::change::{answered, shown};
use crate::resource::{BuyerResource, etag};

/// Changes business data of the version that the client has seen; what changes nothing leaves the version as it is.
pub(crate) async fn update_buyer(call: Call, buyers: ModifyBuyers) -> Result<Answer, Problem> {
    let seller = call.seller()?;
    let version = call.if_match()?;
    let patch = call.merge_patch(BuyerPatch::parse)?;
    let buyer = call.buyer()?;
    let decide = |now: &Buyer| decide(now, version, &patch);
    let remember = call.remember(&patch)?;
    answered(buyers.modify((seller, buyer), &call.cause(), Some(&remember), decide, shown).await?)
}

fn decide(now: &Buyer, version: u64, patch: &BuyerPatch) -> Decision<Problem> {
    let patched = patch.apply(&now.business);
    if patched == Err(Inapplicable::VatNumber) {
        let violation = Violations::one("vatNumber", "must stay as it is: it identifies the buyer", None);
        return Decision::Refuse(violation.into());
    }
    if version != now.version {
        return Decision::Refuse(Problem::version_mismatch(&BuyerResource::from(now)).with_etag(&etag(now)));
    }
    let Ok(business) = patched else { return Decision::Refuse(Problem::kyc_mode_downgrade()) };
    if business.kyc_mode != now.business.kyc_mode && now.status == BuyerStatus::Blocked {
        return Decision::Refuse(Problem::buyer_blocked());
    }
    if business == now.business {
        Decision::Keep
    } else {
        Decision::Change(Box::new(Change::of_business(now, business)))
    }
}
