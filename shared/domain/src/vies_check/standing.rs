//! Where a buyer stands with VIES: the check that is open, and what the last ones brought.

use serde::{Deserialize, Serialize};

use super::{CheckOrigin, CheckState, LONGEST_CHECK_SECONDS, NoAnswerReason, ViesCheck, ViesVerdict};
use crate::{CheckId, Instant, ViesFacts};

/// How much longer than it can last a check keeps a second one from being opened: a day. A check whose work was lost
/// for good (a queue deleted by hand) then no longer stands in the way.
const GRACE_SECONDS: i64 = 24 * 3600;

/// What is now of a buyer's VAT number. At most one check is open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ViesStanding {
    /// The check that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenCheck>,
    /// The last conclusive verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// How the last check ended, if it was given up; not once another one was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up: Option<GivenUp>,
}

/// An open check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenCheck {
    /// Which.
    pub check_id: CheckId,
    /// Since when.
    pub since: Instant,
    /// Whether a client wants to know: it asked for the check, or for one while this was open.
    pub requested: bool,
    /// How long it keeps another one from being opened.
    pub until: Instant,
}

/// A conclusive verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Of which check.
    pub check_id: CheckId,
    /// What VIES said.
    pub result: ViesVerdict,
    /// When it said so.
    pub checked_at: Instant,
}

/// A check that was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GivenUp {
    /// Which.
    pub check_id: CheckId,
    /// Why.
    pub reason: NoAnswerReason,
    /// VIES's own code, or in a few words what happened.
    pub cause: String,
    /// When.
    pub at: Instant,
}

impl ViesStanding {
    /// The check that keeps another one from being opened now.
    #[must_use]
    pub fn in_progress(&self, now: Instant) -> Option<CheckId> {
        self.open.as_ref().filter(|open| now < open.until).map(|open| open.check_id)
    }

    /// With this check open.
    #[must_use]
    pub fn opened(self, check: &ViesCheck) -> Self {
        let since = check.requested_at;
        let until = since.plus_seconds(LONGEST_CHECK_SECONDS + GRACE_SECONDS);
        let requested = check.origin == CheckOrigin::Requested;
        Self { open: Some(OpenCheck { check_id: check.check_id, since, requested, until }), given_up: None, ..self }
    }

    /// With a client that asked for a check while that of the day is open; `None` when no client has to be added.
    #[must_use]
    pub fn joined(mut self) -> Option<Self> {
        let open = self.open.as_mut().filter(|open| !open.requested)?;
        open.requested = true;
        Some(self)
    }

    /// Whether a client wants to know how this check ends.
    #[must_use]
    pub fn is_requested(&self, check: &ViesCheck) -> bool {
        let joined = |open: &OpenCheck| open.check_id == check.check_id && open.requested;
        check.origin == CheckOrigin::Requested || self.open.as_ref().is_some_and(joined)
    }

    /// After this check. One that is still open changes nothing; an older verdict does not replace a newer one, and to
    /// give up a check that has a successor says nothing about the buyer.
    #[must_use]
    pub fn after(mut self, check: &ViesCheck) -> Self {
        let check_id = check.check_id;
        match &check.state {
            CheckState::Open { .. } => return self,
            CheckState::Conclusive { answer, checked_at } => {
                let newer = self.verdict.as_ref().is_some_and(|verdict| verdict.checked_at > *checked_at);
                if !newer {
                    self.verdict = Some(Verdict { check_id, result: answer.result, checked_at: *checked_at });
                    self.given_up = None;
                }
            }
            CheckState::GivenUp { given_up_at } => {
                let open = self.open.as_ref().is_some_and(|open| open.check_id == check_id);
                if let Some(last) = check.last_failure.as_ref().filter(|_| open) {
                    let (reason, cause) = (last.reason, last.cause.clone());
                    self.given_up = Some(GivenUp { check_id, reason, cause, at: *given_up_at });
                }
            }
        }
        self.open = self.open.filter(|open| open.check_id != check_id);
        self
    }

    /// The last verdict.
    #[must_use]
    pub fn result(&self) -> Option<ViesVerdict> {
        self.verdict.as_ref().map(|verdict| verdict.result)
    }

    /// What it says about the KYC status.
    #[must_use]
    pub fn facts(&self) -> ViesFacts {
        ViesFacts {
            verdict: self.verdict.as_ref().map(|verdict| (verdict.result == ViesVerdict::Valid, verdict.checked_at)),
            open_since: self.open.as_ref().map(|open| open.since),
            given_up: self.given_up.as_ref().map(GivenUp::message),
        }
    }
}

impl GivenUp {
    /// For people: what happened, and what to do.
    fn message(&self) -> String {
        let cause = &self.cause;
        match self.reason {
            NoAnswerReason::Throttled | NoAnswerReason::StateUnavailable | NoAnswerReason::ServiceUnavailable => {
                format!("VIES gave no verdict within 72 hours, lastly: {cause}. Request another check.")
            }
            NoAnswerReason::InputRefused => {
                format!("VIES does not take the VAT number for one ({cause}), which is no verdict.")
            }
            NoAnswerReason::RequesterRefused | NoAnswerReason::AddressBlocked => {
                format!("VIES refuses to be asked by us ({cause}); our operators look into it.")
            }
            NoAnswerReason::NumberBlocked => {
                format!("VIES refuses to be asked about this VAT number ({cause}); our operators look into it.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Actor, BuyerId, Jitter, NoAnswer, OrganisationId, TraderMatches, VatNumber, ViesAnswer};
    use uuid::Uuid;

    const AT: Instant = Instant::from_millis(1_795_000_000_000);

    fn check(id: u128, at: Instant) -> ViesCheck {
        ViesCheck::open(
            CheckId(Uuid::from_u128(id)),
            (BuyerId(Uuid::from_u128(2)), VatNumber::parse("ATU13585627").unwrap()),
            CheckOrigin::Requested,
            (Actor::System { function: "test".to_owned() }, OrganisationId(Uuid::from_u128(3))),
            at,
        )
    }

    fn said(check: ViesCheck, result: ViesVerdict, at: Instant) -> ViesCheck {
        let (consultation_number, name, address, request_date) = (None, None, None, None);
        let trader_matches = TraderMatches::default();
        let answer = ViesAnswer { result, consultation_number, name, address, trader_matches, request_date };
        check.attempted(None, Ok(answer), at, Jitter(0))
    }

    fn failed(check: ViesCheck, reason: NoAnswerReason, at: Instant) -> ViesCheck {
        check.attempted(None, Err(NoAnswer::because(reason, "MS_UNAVAILABLE")), at, Jitter(0))
    }

    #[test]
    fn an_open_check_keeps_another_from_being_opened_until_it_ended_or_is_lost_for_good() {
        let first = check(1, AT);
        let standing = ViesStanding::default().opened(&first);
        assert_eq!(standing.in_progress(AT), Some(first.check_id));
        let longest = AT.plus_seconds(LONGEST_CHECK_SECONDS);
        assert_eq!(standing.in_progress(longest), Some(first.check_id), "as long as it may last, and a day");
        assert_eq!(standing.in_progress(longest.plus_seconds(GRACE_SECONDS)), None);
        let ended = standing.clone().after(&said(first, ViesVerdict::Valid, AT));
        assert_eq!(ended.in_progress(AT), None);
        let tried = failed(check(1, AT), NoAnswerReason::StateUnavailable, AT);
        assert_eq!(standing.clone().after(&tried), standing, "an attempt without an answer ends nothing");
    }

    #[test]
    fn a_client_that_asks_while_the_check_of_the_day_is_open_joins_it_once() {
        let daily = ViesCheck { origin: CheckOrigin::Monitored, ..check(1, AT) };
        let standing = ViesStanding::default().opened(&daily);
        assert!(!standing.is_requested(&daily));
        let joined = standing.joined().expect("nobody asked before");
        assert!(joined.is_requested(&daily));
        assert_eq!(joined.joined(), None, "it is known that a client asked");
        assert_eq!(ViesStanding::default().opened(&check(1, AT)).joined(), None, "a client asked for it");
        assert_eq!(ViesStanding::default().joined(), None);
    }

    #[test]
    fn the_last_verdict_stays_whatever_becomes_of_later_checks() {
        let standing = ViesStanding::default().opened(&check(1, AT));
        let standing = standing.after(&said(check(1, AT), ViesVerdict::Invalid, AT));
        let standing = standing.opened(&check(2, AT)).after(&failed(check(2, AT), NoAnswerReason::NumberBlocked, AT));
        let facts = standing.facts();
        assert_eq!((facts.verdict, facts.open_since), (Some((false, AT)), None));
        assert!(facts.given_up.unwrap().contains("MS_UNAVAILABLE"));
        assert_eq!(standing.clone().opened(&check(3, AT)).given_up, None, "another one was begun");
        assert_eq!(standing.after(&said(check(3, AT), ViesVerdict::Valid, AT)).given_up, None);
    }

    #[test]
    fn a_check_that_ends_late_neither_closes_its_successor_nor_replaces_its_verdict() {
        let late = said(check(1, AT), ViesVerdict::Invalid, AT);
        let open = ViesStanding::default().opened(&check(2, AT)).after(&late);
        assert_eq!(open.in_progress(AT), Some(CheckId(Uuid::from_u128(2))));
        let lost = failed(check(1, AT), NoAnswerReason::NumberBlocked, AT);
        assert_eq!(ViesStanding::default().opened(&check(2, AT)).after(&lost).given_up, None);
        let newer = said(check(2, AT), ViesVerdict::Valid, AT.plus_seconds(1));
        let standing = ViesStanding::default().opened(&check(2, AT)).after(&newer).after(&late);
        assert_eq!(standing.verdict.map(|verdict| verdict.result), Some(ViesVerdict::Valid));
    }
}
