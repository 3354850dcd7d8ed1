//! An open check → VIES → what it said, or when to ask again.
//!
//! ```text
//! read ──over, or not due yet──▶ nothing to do
//!  │
//!  └─ask─▶ verdict, or pointless, or 72 h over ─▶ one transaction: check, standing, revision with the event
//!     ▲──▶ no answer ─▶ check with its next time: `run-due` puts it into the queue again
//!     └──── VIES does not accept the name we asked in: the next one, at once
//! ```
//!
//! A failed attempt is no failed message: only what cannot be read, and a table that cannot be reached, is. Killed
//! anywhere, the message comes again, or the check comes up in the index `due`; VIES may be asked twice, and one answer
//! is noted.

use domain::{
    Actor, Cause, CheckOrigin, CheckVies, Instant, Jitter, MailOrder, NoAnswer, NoAnswerReason, SellerId, Source,
    VatNumber, ViesAnswer, ViesCheck,
};
use messaging::Message;
use storage::{Attempted, OpenViesCheck, Partner, Partners, StorageError, WorkOnViesChecks};
use tracing::{error, info, warn};
use vies::{Question, Vies};

/// A message may come a moment before its time, by the clock of another machine.
const CLOCKS_DIFFER_SECONDS: i64 = 2;

/// What an attempt needs.
pub(crate) struct Worker {
    pub(crate) checks: WorkOnViesChecks,
    pub(crate) partners: Partners,
    pub(crate) vies: Vies,
    /// Our own VAT number.
    pub(crate) ours: Option<VatNumber>,
}

/// Why a message has to come again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckError {
    #[error("the message is no command to check: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Worker {
    /// Makes the attempt that is due, if one is.
    pub(crate) async fn check(&self, message: &Message) -> Result<(), CheckError> {
        let CheckVies { buyer, check_id, .. } = serde_json::from_str(&message.body)?;
        loop {
            let Some(open) = self.checks.find(buyer, check_id).await? else {
                warn!(%buyer, check = %check_id, "There is no such check");
                return Ok(());
            };
            if !open.check.is_due(storage::now().plus_seconds(CLOCKS_DIFFER_SECONDS)) {
                info!(%buyer, check = %check_id, "The check is over, or not due yet");
                return Ok(());
            }
            let partners = self.partners.of(open.buyer.seller).await?;
            let after = self.attempt(&open, &partners).await;
            let daily = partners.iter().any(|partner| partner.organisation.monitor_vies);
            let actor = Actor::System { function: "check-vies".to_owned() };
            let request_id = message.id.clone();
            let cause = Cause { actor, source: Source::System, request_id, at: storage::now() };
            let follows = (daily, self.mail(&open.check, &after, open.buyer.seller));
            let noted = self.checks.attempted(open.buyer.seller, (&open.check, &after), follows, &cause).await?;
            let again = after.was_refused_a_requester_since(&open.check);
            if noted == Attempted::Overtaken || !again {
                return Ok(());
            }
        }
    }

    /// Asks VIES; the check as that leaves it.
    async fn attempt(&self, OpenViesCheck { check, buyer }: &OpenViesCheck, partners: &[Partner]) -> ViesCheck {
        let requester = check.requester(self.requesters(check, partners));
        let trader = Some((&buyer.business).into());
        let outcome = self.vies.check(&Question { number: &check.vat_number, requester, trader }).await;
        let jitter = Jitter(getrandom::u32().map_or(0, |random| random as u16));
        let after = check.clone().attempted(requester, outcome.clone(), storage::now(), jitter);
        tell(check, &after, &outcome);
        after
    }

    /// Who asked for a check that VIES refused the seller's number for is told, not too often. Ours is our own business.
    fn mail(&self, before: &ViesCheck, after: &ViesCheck, seller: SellerId) -> Option<MailOrder> {
        let refused = after.requesters_refused.last().filter(|_| after.was_refused_a_requester_since(before))?;
        let sellers = self.ours.as_ref() != Some(refused) && after.origin == CheckOrigin::Requested;
        sellers.then(|| MailOrder::requester_refused(after.organisation, seller, refused.clone(), storage::now()))
    }

    /// In whose name to ask: the seller's own number as the organisation registered it that the check is for, as others
    /// did, and ours.
    fn requesters<'w>(&'w self, check: &ViesCheck, partners: &'w [Partner]) -> impl Iterator<Item = &'w VatNumber> {
        let asks = check.organisation;
        let (own, others): (Vec<_>, Vec<_>) = partners.iter().partition(|partner| partner.organisation.uuid == asks);
        own.into_iter().chain(others).filter_map(|partner| partner.seller.vat_number.as_ref()).chain(&self.ours)
    }
}

/// One line an attempt. `alarm` is what a metric filter of the template counts.
fn tell(before: &ViesCheck, after: &ViesCheck, outcome: &Result<ViesAnswer, NoAnswer>) {
    let (buyer, check, state) = (before.buyer, before.check_id, before.vat_number.state());
    let waited_ms = waited(before, storage::now());
    match outcome {
        Ok(answer) => info!(%buyer, %check, state, result = ?answer.result, waited_ms, "VIES has spoken"),
        Err(no_answer) if no_answer.reason.is_ours_to_fix() => error!(
            %buyer, %check, state, reason = name(no_answer.reason), cause = %no_answer, alarm = "vies-refused",
            "VIES refuses us; somebody has to see why"
        ),
        Err(no_answer) if after.is_open() => {
            info!(%buyer, %check, state, reason = name(no_answer.reason), cause = %no_answer, "VIES did not answer; again later");
        }
        Err(no_answer) => {
            warn!(%buyer, %check, state, reason = name(no_answer.reason), cause = %no_answer, "The check is given up");
        }
    }
}

/// Milliseconds since the check was requested.
fn waited(check: &ViesCheck, now: Instant) -> i64 {
    now.millis() - check.requested_at.millis()
}

fn name(reason: NoAnswerReason) -> String {
    format!("{reason:?}")
}
