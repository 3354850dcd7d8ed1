//! What VIES says about a number, and the ways in which it says nothing.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Instant;

/// The verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ViesVerdict {
    /// Registered for cross-border trade.
    Valid,
    /// Not registered.
    Invalid,
}

/// Whether a detail that was sent along is the registered one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TraderMatch {
    /// It is, roughly.
    Valid,
    /// It is not.
    Invalid,
    /// The member state does not compare, or nothing was sent.
    #[default]
    NotProcessed,
}

/// The comparison of the buyer's details with the registered ones. Most member states make none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TraderMatches {
    /// The company's name.
    pub name: TraderMatch,
    /// Street and number.
    pub street: TraderMatch,
    /// Postal code.
    pub post_code: TraderMatch,
    /// Town.
    pub city: TraderMatch,
}

/// What VIES said about a number.
///
/// Name and address may be those of a natural person, so they are not printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ViesAnswer {
    /// The verdict.
    pub result: ViesVerdict,
    /// Evidence that whoever the number was asked for did ask; none for a question in nobody's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consultation_number: Option<String>,
    /// The registered name, where the member state discloses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The registered address, in lines, where the member state discloses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// How our details compare.
    pub trader_matches: TraderMatches,
    /// When VIES was asked, by its own clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_date: Option<Instant>,
}

impl fmt::Debug for ViesAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ViesAnswer")
            .field("result", &self.result)
            .field("consultation_number", &self.consultation_number)
            .field("trader_matches", &self.trader_matches)
            .field("request_date", &self.request_date)
            .finish_non_exhaustive()
    }
}

/// Why there is no verdict, by what is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NoAnswerReason {
    /// Too many ask at the moment: again in seconds.
    Throttled,
    /// The member state's registry is down: again in minutes to hours.
    StateUnavailable,
    /// VIES is down, late, or not to be understood: again in minutes to hours.
    ServiceUnavailable,
    /// VIES does not take the number for one. That is no verdict, and asking again does not help.
    InputRefused,
    /// VIES does not accept the number in whose name it was asked: to be corrected by us or the seller.
    RequesterRefused,
    /// VIES refuses to be asked about this number, or by this requester: to be sorted out by people.
    NumberBlocked,
    /// VIES refuses our network address: to be sorted out by people.
    AddressBlocked,
}

impl NoAnswerReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Throttled,
        Self::StateUnavailable,
        Self::ServiceUnavailable,
        Self::InputRefused,
        Self::RequesterRefused,
        Self::NumberBlocked,
        Self::AddressBlocked,
    ];

    /// Whether asking the same again may bring an answer.
    #[must_use]
    pub const fn passes(self) -> bool {
        matches!(self, Self::Throttled | Self::StateUnavailable | Self::ServiceUnavailable)
    }

    /// Whether an operator has to do something.
    #[must_use]
    pub const fn is_ours_to_fix(self) -> bool {
        matches!(self, Self::RequesterRefused | Self::NumberBlocked | Self::AddressBlocked)
    }
}

/// VIES was asked and there is no verdict. Holds no personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("VIES gave no verdict: {cause}{}", .detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default())]
pub struct NoAnswer {
    /// What to do about it.
    pub reason: NoAnswerReason,
    /// VIES's own code, or in a few words what happened; may be shown to clients.
    pub cause: String,
    /// What only an operator should see of it.
    pub detail: Option<String>,
    /// Seconds that VIES wants us to wait.
    pub retry_after: Option<u32>,
    /// We were not let in, or asked at a wrong place: asking again may bring an answer, but somebody has to look.
    pub is_turned_away: bool,
}

impl NoAnswer {
    /// Without a wish of VIES how long to wait, and without a detail.
    #[must_use]
    pub fn because(reason: NoAnswerReason, cause: impl Into<String>) -> Self {
        Self { reason, cause: cause.into(), detail: None, retry_after: None, is_turned_away: false }
    }
}
