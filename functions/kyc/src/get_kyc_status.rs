//! `GET /v1/partners/{sellerId}/buyers/{buyerId}/kyc`

use description::{Operation, Shown};
use domain::{
    AmlStatus, Buyer, BuyerId, Instant, KycMode, KycStatus, OverallStatus, Requirements, VerificationStatus, ViesResult,
};
use http_edge::{Answer, Call, Problem};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};
use storage::ReadKyc;

/// Where the buyer's KYC stands, and what still has to happen; 304 when the client already knows.
pub(crate) async fn get_kyc_status(call: Call, kyc: ReadKyc) -> Result<Answer, Problem> {
    let of = (call.seller()?, call.buyer()?);
    let (buyer, facts) = kyc.facts(of).await?.ok_or_else(|| Problem::not_found("buyer"))?;
    let answer = Answer::json(200, &KycResource::of(&buyer, facts.status()));
    // By what it says and not by `seq`: what a query reads is not of one moment, so that a number may come with what was
    // true just before it, and nobody shall be told for good that he has the latest.
    let etag = format!("\"{}\"", hex::encode(&Sha256::digest(answer.body.as_deref().unwrap_or_default())[..16]));
    if call.already_has(&etag) {
        return Ok(Answer::empty(304).with("etag", etag));
    }
    Ok(answer.with("etag", etag))
}

/// `KycStatus` of the published contract, with `seq` and `requirements`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "KycStatus", description = "Where a buyer's KYC stands.")]
struct KycResource {
    /// Whose.
    buyer_id: BuyerId,
    /// Who leads.
    kyc_mode: KycMode,
    /// All in all.
    overall_status: OverallStatus,
    /// Of the last conclusive verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    vies_last_checked_at: Option<Instant>,
    /// What VIES says of the VAT number: the last conclusive verdict.
    vies_result: ViesResult,
    /// Whether there is an active document of every required family.
    documents_complete: bool,
    /// Mode B only.
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_status: Option<VerificationStatus>,
    /// Of the screening of the company.
    aml_status: AmlStatus,
    /// Counts every change of anything of the buyer.
    seq: u64,
    /// What still has to happen.
    requirements: Requirements,
}

impl KycResource {
    fn of(buyer: &Buyer, status: KycStatus) -> Self {
        Self {
            buyer_id: buyer.uuid,
            kyc_mode: buyer.business.kyc_mode,
            overall_status: status.overall,
            vies_last_checked_at: status.vies_checked_at,
            vies_result: status.vies,
            documents_complete: status.documents_complete,
            verification_status: status.verification,
            aml_status: status.aml,
            seq: buyer.seq,
            requirements: status.requirements,
        }
    }
}

pub(crate) fn operation() -> Operation {
    Operation::get(
        "get-kyc-status",
        "/v1/partners/{sellerId}/buyers/{buyerId}/kyc",
        "Where the buyer's KYC stands, and what still has to happen.",
    )
    .if_none_match()
    .answers(Shown::json::<KycResource>(200, "The KYC status.").etag())
}
