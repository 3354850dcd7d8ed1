//! `POST /v1/partners/{sellerId}/buyers`

use description::Operation;
use domain::{Buyer, Capability, KycMode, NewBuyer};
use http_edge::{Answer, Call, Kind, Problem};
use storage::{CreateBuyers, Upserted};

use crate::answers::{shown, shows_buyer};
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
    // Contacts are personal data: that some were sent is all that a receipt may know of them.
    let remember = call.remember(&(&new.business, new.contacts.is_some()))?;
    let answer = |buyer: &Buyer, created: bool| {
        let shown = shown(buyer);
        if !created {
            return shown;
        }
        Answer { status: 201, ..shown }.with("location", format!("/v1/partners/{seller}/buyers/{}", buyer.uuid))
    };
    match buyers.upsert(seller, new, call.cause(), &remember, answer).await? {
        Upserted::Created(answer) | Upserted::Unchanged(answer) => Ok(answer),
        Upserted::Replayed(answer) => Ok(answer.replayed()),
        Upserted::Differs(current, differences) => {
            Err(Problem::exists_with_different_body(&BuyerResource::from(&*current), differences)
                .with_etag(&etag(&current)))
        }
        Upserted::KeyReused => Err(Problem::key_reused()),
    }
}

pub(crate) fn operation() -> Operation {
    Operation::post(
        "upsert-buyer",
        "/v1/partners/{sellerId}/buyers",
        "Creates a buyer, or finds that it exists and means the same.",
    )
    .details(
        "A buyer is unique for its seller and VAT number. One that exists and differs is shown with 409: it is changed by \
         `update-buyer` only. Texts are trimmed, and unknown members are ignored. `kycMode` `MARKETPLACE_LED` needs the \
         capability `allowMarketplaceLedKyc`, `contacts` need `allowContactPersonalData`.",
    )
    .body::<NewBuyer>()
    .answers(shows_buyer(201, "The buyer was created.").location())
    .answers(shows_buyer(200, "The buyer was there and means the same."))
    .refuses(Kind::CapabilityRequired)
    .refuses_showing::<BuyerResource<'static>>(Kind::ResourceExistsDifferentBody)
}

#[cfg(test)]
mod tests {
    use super::*;
    use description::boundaries;

    #[test]
    fn the_schema_of_the_body_is_what_is_taken() {
        boundaries::hold::<NewBuyer>(|body| NewBuyer::parse(body).is_ok());
    }
}
