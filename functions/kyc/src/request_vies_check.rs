//! `POST /v1/partners/{sellerId}/buyers/{buyerId}/kyc/vies-check`

use description::{Operation, Shown};
use domain::CheckId;
use http_edge::{Answer, Call, Problem};
use schemars::JsonSchema;
use serde::Serialize;
use storage::{RequestViesChecks, ViesRequested};

/// Has the buyer's VAT number checked, soon; if a check of it is open, that one is answered.
pub(crate) async fn request_vies_check(call: Call, checks: RequestViesChecks) -> Result<Answer, Problem> {
    let (seller, buyer) = (call.seller()?, call.buyer()?);
    let answer = |requested: &Requested| {
        let location = format!("/v1/partners/{seller}/buyers/{buyer}/kyc/vies-checks/{}", requested.check_id);
        Answer::json(202, requested).with("location", location)
    };
    let (check, asks) = (CheckId::fresh(), call.caller.organisation.uuid);
    let queued = Requested { status: RequestedStatus::Queued, check_id: check };
    let in_progress = |check_id| answer(&Requested { status: RequestedStatus::InProgress, check_id });
    let answers = (answer(&queued), in_progress);
    let requested =
        checks.request((seller, buyer), (check, asks), answers, &call.cause(), &call.remember(&())?).await?;
    match requested {
        ViesRequested::Done(answer) => Ok(answer),
        ViesRequested::Replayed(answer) => Ok(answer.replayed()),
        ViesRequested::KeyReused => Err(Problem::key_reused()),
        ViesRequested::NoBuyer => Err(Problem::not_found("buyer")),
    }
}

/// What became of the request.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum RequestedStatus {
    /// A check was opened.
    Queued,
    /// One was open already.
    InProgress,
}

/// The published answer, with the id of the check.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ViesCheckRequested", description = "A check of the buyer's VAT number goes on.")]
struct Requested {
    /// Whether this request opened it.
    status: RequestedStatus,
    /// Its id.
    check_id: CheckId,
}

pub(crate) fn operation() -> Operation {
    Operation::post(
        "request-vies-check",
        "/v1/partners/{sellerId}/buyers/{buyerId}/kyc/vies-check",
        "Has the buyer's VAT number checked against VIES.",
    )
    .details(
        "The result lands in the KYC status and in the list of checks; one that is INVALID is also an event, \
         `kyc.vies_check_failed`. As long as a check is open, it is answered and no other one opened.",
    )
    .answers(Shown::json::<Requested>(202, "A check goes on.").location())
}
