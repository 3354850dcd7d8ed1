//! `POST /v1/partners/{sellerId}/buyers`

use domain::{Buyer, Capability, KycMode, NewBuyer};
use http_edge::{Answer, Call, Problem};
use storage::{CreateBuyers, Upserted};

use crate::resource::{BuyerResource, etag};

/// Creates the buyer (201), finds that it exists and means the same (200), or shows the one that differs (409).
pub(crate) async fn upsert_buyer(call: Call, buyers: CreateBuyers) -> Result<Answer, Problem> {
    let seller = call.seller()?;
    let new = call.body(NewBuyer::parse)?;
    if new.business.kyc_mode == KycMode::MarketplaceLed {
        call.caller.needs(Capability::MarketplaceLedKyc)?;
    }
    if new.contacts.is_some() {
        call.caller.needs(Capability::ContactPersonalData)?;
    }
    let remember = call.remember(&new)?;
    let answer = |buyer: &Buyer, created| {
        let resource = BuyerResource::from(buyer);
        let location = format!("/v1/partners/{seller}/buyers/{}", buyer.uuid);
        let answer = if created {
            Answer::json(201, &resource).with("location", location)
        } else {
            Answer::json(200, &resource)
        };
        answer.with("etag", etag(buyer))
    };
    match buyers.upsert(seller, new, call.cause(), &remember, answer).await? {
        Upserted::Created(answer) | Upserted::Unchanged(answer) => Ok(answer),
        Upserted::Replayed(answer) => Ok(answer.with("idempotent-replayed", "true")),
        Upserted::Differs(current, differences) => {
            Err(Problem::exists_with_different_body(&BuyerResource::from(&*current), differences)
                .with_etag(&etag(&current)))
        }
        Upserted::KeyReused => Err(Problem::key_reused()),
    }
}
