//! A check as clients see it.

use domain::{
    CheckId, CheckOrigin, CheckState, FailedAttempt, Instant, NoAnswerReason, TraderMatches, VatNumber, ViesAnswer,
    ViesCheck, ViesVerdict,
};
use schemars::JsonSchema;
use serde::Serialize;

/// How far a check is.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum CheckStatus {
    /// VIES is yet to be asked, or asked again.
    InProgress,
    /// VIES has spoken.
    Completed,
    /// It was ended without a verdict; `lastFailure` says why.
    GivenUp,
}

/// A check of the buyer's VAT number.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ViesCheck", description = "A check of a buyer's VAT number against VIES.")]
pub(crate) struct ViesCheckResource<'c> {
    /// Its id.
    check_id: CheckId,
    /// The number.
    vat_number: &'c VatNumber,
    /// How far it is.
    status: CheckStatus,
    /// Why it was made.
    origin: CheckOrigin,
    /// When it was requested.
    requested_at: Instant,
    /// How often VIES was asked.
    attempts: u32,
    /// Not before that VIES is asked again; of an open check.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<Instant>,
    /// The verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<ViesVerdict>,
    /// When VIES gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    checked_at: Option<Instant>,
    /// Evidence of the question, where VIES was asked in somebody's name: the seller's, or else ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    consultation_number: Option<&'c str>,
    /// The registered name, where the member state discloses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'c str>,
    /// The registered address, in lines, where the member state discloses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'c str>,
    /// How the buyer's details compare with the registered ones, where the member state compares them.
    #[serde(skip_serializing_if = "Option::is_none")]
    trader_matches: Option<TraderMatches>,
    /// When VIES was asked, by its own clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_date: Option<Instant>,
    /// Why the last attempt without an answer had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_failure: Option<Failure<'c>>,
    /// When it was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    given_up_at: Option<Instant>,
}

/// An attempt that brought no answer.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ViesFailure")]
struct Failure<'c> {
    /// What kind of failure.
    reason: NoAnswerReason,
    /// VIES's own code, or in a few words what happened.
    cause: &'c str,
    /// When.
    at: Instant,
}

impl<'c> ViesCheckResource<'c> {
    pub(crate) fn of(check: &'c ViesCheck) -> Self {
        let (status, answer, checked_at) = match &check.state {
            CheckState::Open { .. } => (CheckStatus::InProgress, None, None),
            CheckState::Conclusive { answer, checked_at } => (CheckStatus::Completed, Some(answer), Some(*checked_at)),
            CheckState::GivenUp { .. } => (CheckStatus::GivenUp, None, None),
        };
        let text = |of: fn(&ViesAnswer) -> &Option<String>| answer.and_then(|answer| of(answer).as_deref());
        Self {
            check_id: check.check_id,
            vat_number: &check.vat_number,
            status,
            origin: check.origin,
            requested_at: check.requested_at,
            attempts: check.attempts,
            next_attempt_at: match check.state {
                CheckState::Open { next_attempt_at } => Some(next_attempt_at),
                CheckState::Conclusive { .. } | CheckState::GivenUp { .. } => None,
            },
            result: check.result(),
            checked_at,
            consultation_number: text(|answer| &answer.consultation_number),
            name: text(|answer| &answer.name),
            address: text(|answer| &answer.address),
            trader_matches: answer.map(|answer| answer.trader_matches),
            request_date: answer.and_then(|answer| answer.request_date),
            last_failure: check.last_failure.as_ref().map(Failure::of),
            given_up_at: match check.state {
                CheckState::GivenUp { given_up_at } => Some(given_up_at),
                CheckState::Open { .. } | CheckState::Conclusive { .. } => None,
            },
        }
    }
}

impl<'c> Failure<'c> {
    fn of(FailedAttempt { reason, cause, at }: &'c FailedAttempt) -> Self {
        Self { reason: *reason, cause, at: *at }
    }
}
