//! What a check leaves in the history of its buyer, and the event it causes.

use serde_json::{Value, json};

use super::{CheckOrigin, CheckState, ViesCheck, ViesStanding, ViesVerdict};
use crate::event_data::data;
use crate::{
    Buyer, Cause, Change, CheckId, Effect, Event, EventId, EventType, Instant, Personal, Revision, RevisionKind,
    ViesCheckFailed, ViesResult,
};

/// Why a number is INVALID, as the event says it.
const NOT_REGISTERED: &str = "VIES answers that the number is not registered for cross-border trade.";

impl Revision {
    /// The revision of what became of a check: that it was opened, that VIES refused a requester, or that it is over.
    /// `before` is the last conclusive verdict before it. What VIES tells of a name and an address may be personal, so
    /// both stand beside the hashed bytes; everything else that VIES said stands in them.
    #[must_use]
    pub fn of_vies_check(
        (now, next): (&Buyer, &Buyer),
        check: &ViesCheck,
        before: Option<ViesVerdict>,
        effect: Option<Effect>,
        cause: Cause,
    ) -> (Self, Personal) {
        let mut personal = Personal::new();
        let field = field(check.check_id);
        let (kind, what) = match &check.state {
            CheckState::Open { .. } => match check.requesters_refused.last() {
                None => (RevisionKind::ViesCheckRequested, json!({ "origin": check.origin })),
                Some(refused) => {
                    (RevisionKind::ViesRequesterRefused, json!({ "requester": refused, "attempts": check.attempts }))
                }
            },
            CheckState::Conclusive { answer, checked_at } => {
                let what = json!({
                    "result": answer.result,
                    "checkedAt": checked_at,
                    "consultationNumber": answer.consultation_number,
                    "traderMatches": answer.trader_matches,
                    "requestDate": answer.request_date,
                    "attempts": check.attempts,
                });
                (RevisionKind::ViesChecked, what)
            }
            CheckState::GivenUp { .. } => {
                let what = json!({ "lastFailure": check.last_failure, "attempts": check.attempts });
                (RevisionKind::ViesCheckGivenUp, what)
            }
        };
        let mut changes = vec![Change::set(&field, what)];
        if let CheckState::Conclusive { answer, .. } = &check.state {
            for (name, text) in [("name", &answer.name), ("address", &answer.address)] {
                let text = text.clone().map(Value::from);
                changes.extend(text.map(|text| Change::seal(format!("{field}.{name}"), &text, &mut personal)));
            }
            if before != Some(answer.result) {
                let before = before.map(|before| json!(before));
                changes.push(Change { before, ..Change::set("viesResult", json!(answer.result)) });
            }
        }
        (Self { changes, ..Self::changed(now, next, kind, effect, cause) }, personal)
    }
}

impl Revision {
    /// The revision of a client that asked for a check while that of the day is open: it is told how that ends.
    #[must_use]
    pub fn of_joined_vies_check((now, next): (&Buyer, &Buyer), check: CheckId, cause: Cause) -> Self {
        let what = json!({ "origin": CheckOrigin::Requested });
        let changes = vec![Change::set(&field(check), what)];
        Self { changes, ..Self::changed(now, next, RevisionKind::ViesCheckRequested, None, cause) }
    }
}

impl ViesCheck {
    /// The event of a check that ended INVALID: every one that a client requested, and of the daily ones that on which
    /// the number became so. A check without a verdict causes none. `standing` is of before the check ended.
    ///
    /// It comes from SYSTEM, whoever asked: a client that drops the echoes of its own calls has not heard it yet.
    #[must_use]
    pub fn event(&self, standing: &ViesStanding, next: &Buyer, at: Instant) -> Option<Event> {
        let CheckState::Conclusive { answer, checked_at } = &self.state else { return None };
        let before = standing.result();
        let turned = before != Some(ViesVerdict::Invalid);
        let told = answer.result == ViesVerdict::Invalid && (standing.is_requested(self) || turned);
        let said = ViesCheckFailed {
            buyer_uuid: self.buyer,
            vat_number: self.vat_number.clone(),
            previous_result: result(before),
            current_result: result(Some(answer.result)),
            checked_at: *checked_at,
            reason: NOT_REGISTERED.to_owned(),
            seq: next.seq,
            buyer_version: next.version,
        };
        let kind = EventType::ViesCheckFailed;
        told.then(|| Event {
            id: EventId::of(next.uuid, next.seq, kind.name()),
            kind,
            schema_version: 1,
            source: crate::Source::System,
            created_at: at,
            partner_uuid: next.seller,
            data: data(&said),
        })
    }
}

/// In the words of the KYC status.
fn result(verdict: Option<ViesVerdict>) -> ViesResult {
    match verdict {
        Some(ViesVerdict::Valid) => ViesResult::Valid,
        Some(ViesVerdict::Invalid) => ViesResult::Invalid,
        None => ViesResult::Unknown,
    }
}

/// The name of a check in changes.
fn field(check: CheckId) -> String {
    format!("viesChecks[{check}]")
}
