//! Checks of VAT numbers against VIES: what is kept of one, and how it goes on.
//!
//! A check is open until VIES has spoken or there is no more sense in asking. Not knowing is never a verdict:
//! [`NoAnswer`] and [`ViesAnswer`] are different types, and only the second can say that a number is invalid.
//!
//! ```text
//!            ┌─ no answer, time is left ─┐
//! requested ─▶ OPEN ─────────────────────┘
//!               ├─ VIES has spoken ───────────────────────▶ CONCLUSIVE
//!               └─ no answer, pointless or 72 h are over ─▶ GIVEN_UP
//! ```
//!
//! It is asked in the name of whoever shall have the consultation number as evidence: the seller, else us, else nobody.
//! A name that VIES does not accept is not asked in again, and the next one is tried at once.

mod answer;
mod back_off;
mod revisions;
mod spread;
mod standing;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Actor, BuyerId, CheckId, Instant, OrganisationId, VatNumber};

pub use answer::{NoAnswer, NoAnswerReason, TraderMatch, TraderMatches, ViesAnswer, ViesVerdict};
pub use back_off::{Jitter, LONGEST_CHECK_SECONDS, Next, next_attempt};
pub use spread::{check_group, next_daily_check};
pub use standing::{GivenUp, OpenCheck, Verdict, ViesStanding};

/// Why a check was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CheckOrigin {
    /// A client asked for it.
    Requested,
    /// The daily check of a monitored buyer.
    Monitored,
}

/// How far a check is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum CheckState {
    /// VIES is yet to be asked, or asked again.
    Open {
        /// Not before.
        next_attempt_at: Instant,
    },
    /// VIES has spoken.
    Conclusive {
        /// What it said.
        #[serde(flatten)]
        answer: ViesAnswer,
        /// When it said so, by our clock.
        checked_at: Instant,
    },
    /// Nobody will ask again; [`ViesCheck::last_failure`] says why.
    GivenUp {
        /// Since when.
        given_up_at: Instant,
    },
}

/// An attempt that brought no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedAttempt {
    /// What kind of failure.
    pub reason: NoAnswerReason,
    /// VIES's own code, or in a few words what happened.
    pub cause: String,
    /// When.
    pub at: Instant,
}

/// One check of a buyer's VAT number, as it is stored and shown.
///
/// Name and address in it may be those of a natural person, so it is not printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ViesCheck {
    /// Its id.
    pub check_id: CheckId,
    /// Whose number.
    pub buyer: BuyerId,
    /// The number that is asked about.
    pub vat_number: VatNumber,
    /// Why it is made.
    pub origin: CheckOrigin,
    /// By whom it was requested.
    pub requested_by: Actor,
    /// For whom it is made: the organisation of the client, or one that has its buyers monitored.
    pub organisation: OrganisationId,
    /// When it was requested.
    pub requested_at: Instant,
    /// How often VIES was asked.
    pub attempts: u32,
    /// Numbers in whose name it was asked, and VIES did not accept them for that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requesters_refused: Vec<VatNumber>,
    /// Why the last attempt without an answer had none; stays when a later one has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<FailedAttempt>,
    /// How far it is.
    #[serde(flatten)]
    pub state: CheckState,
}

impl ViesCheck {
    /// A check to be made at once.
    #[must_use]
    pub fn open(
        check_id: CheckId,
        (buyer, vat_number): (BuyerId, VatNumber),
        origin: CheckOrigin,
        (requested_by, organisation): (Actor, OrganisationId),
        at: Instant,
    ) -> Self {
        Self {
            check_id,
            buyer,
            vat_number,
            origin,
            requested_by,
            organisation,
            requested_at: at,
            attempts: 0,
            requesters_refused: Vec::new(),
            last_failure: None,
            state: CheckState::Open { next_attempt_at: at },
        }
    }

    /// Whether VIES is yet to be asked.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.state, CheckState::Open { .. })
    }

    /// The verdict, once there is one.
    #[must_use]
    pub const fn result(&self) -> Option<ViesVerdict> {
        match &self.state {
            CheckState::Conclusive { answer, .. } => Some(answer.result),
            CheckState::Open { .. } | CheckState::GivenUp { .. } => None,
        }
    }

    /// Whether it is open and its next attempt's time has come.
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        matches!(self.state, CheckState::Open { next_attempt_at } if next_attempt_at <= now)
    }

    /// In whose name to ask next: the first of these that VIES did not refuse.
    #[must_use]
    pub fn requester<'n>(&self, candidates: impl IntoIterator<Item = &'n VatNumber>) -> Option<&'n VatNumber> {
        candidates.into_iter().find(|number| !self.requesters_refused.contains(number))
    }

    /// The check after one more attempt, made in that name at that time. A check that is over stays as it is: a
    /// message that comes twice changes nothing.
    #[must_use]
    pub fn attempted(
        self,
        requester: Option<&VatNumber>,
        outcome: Result<ViesAnswer, NoAnswer>,
        at: Instant,
        jitter: Jitter,
    ) -> Self {
        if !self.is_open() {
            return self;
        }
        let attempts = self.attempts.saturating_add(1);
        if let (Some(number), Err(NoAnswer { reason: NoAnswerReason::RequesterRefused, cause, .. })) =
            (requester, &outcome)
        {
            let failure = FailedAttempt { reason: NoAnswerReason::RequesterRefused, cause: cause.clone(), at };
            let mut asked_again = Self { attempts, last_failure: Some(failure), ..self };
            asked_again.requesters_refused.push(number.clone());
            asked_again.state = CheckState::Open { next_attempt_at: at };
            return asked_again;
        }
        match outcome {
            Ok(answer) => Self { attempts, state: CheckState::Conclusive { answer, checked_at: at }, ..self },
            Err(no_answer) => {
                let state = match next_attempt(self.requested_at, at, &no_answer, jitter) {
                    Next::At(next_attempt_at) => CheckState::Open { next_attempt_at },
                    Next::GiveUp => CheckState::GivenUp { given_up_at: at },
                };
                let NoAnswer { reason, cause, .. } = no_answer;
                Self { attempts, last_failure: Some(FailedAttempt { reason, cause, at }), state, ..self }
            }
        }
    }

    /// Whether this attempt's only outcome is that VIES refused the name it was made in.
    #[must_use]
    pub fn was_refused_a_requester_since(&self, before: &Self) -> bool {
        self.requesters_refused.len() > before.requesters_refused.len()
    }
}

impl fmt::Debug for CheckState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { next_attempt_at } => write!(f, "Open until {next_attempt_at}"),
            Self::Conclusive { answer, checked_at } => write!(f, "{:?} at {checked_at}", answer.result),
            Self::GivenUp { given_up_at } => write!(f, "GivenUp at {given_up_at}"),
        }
    }
}

impl fmt::Debug for ViesCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ViesCheck")
            .field("check_id", &self.check_id)
            .field("buyer", &self.buyer)
            .field("attempts", &self.attempts)
            .field("last_failure", &self.last_failure)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
