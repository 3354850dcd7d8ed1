//! `GET /v1/partners/{sellerId}/buyers/{buyerId}/kyc/vies-checks/{checkId}`

use description::{Operation, Shown};
use http_edge::{Answer, Call, Problem};
use storage::ReadViesChecks;

use crate::vies_check_resource::ViesCheckResource;

/// A check of the buyer's VAT number, and what came of it.
pub(crate) async fn get_vies_check(call: Call, checks: ReadViesChecks) -> Result<Answer, Problem> {
    let of = (call.seller()?, call.buyer()?);
    let check = checks.get(of, call.id("checkId", "VIES check")?).await?;
    let check = check.ok_or_else(|| Problem::not_found("VIES check"))?;
    Ok(Answer::json(200, &ViesCheckResource::of(&check)))
}

pub(crate) fn operation() -> Operation {
    Operation::get(
        "get-vies-check",
        "/v1/partners/{sellerId}/buyers/{buyerId}/kyc/vies-checks/{checkId}",
        "A check of the buyer's VAT number, and what came of it.",
    )
    .answers(Shown::json::<ViesCheckResource<'static>>(200, "The check."))
}
