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
//! A failed attempt is no failed message, nor is a table that cannot be reached: a message that fails keeps its lane
//! waiting, and the check comes up again in the index `due` anyway. Only a message that cannot be read fails, and ends in the
//! dead-letter queue. Killed anywhere, the message comes again, or the check comes up; VIES may be asked twice, and one
//! answer is noted.

use std::time::Duration;

use domain::{
    Actor, BuyerId, Cause, CheckId, CheckVies, Instant, Jitter, MailOrder, NoAnswer, NoAnswerReason, OrganisationId,
    Source, VatNumber, ViesAnswer, ViesCheck,
};
use messaging::Message;
use storage::{Attempted, OpenViesCheck, Partner, Partners, StorageError, WorkOnViesChecks};
use tokio::time::timeout;
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

/// For all of an invocation; Lambda ends it after 45 s, and a message that was not answered for keeps its lane waiting.
const TIME_LIMIT: Duration = Duration::from_secs(42);

/// Names that are tried in one invocation: the time of the function is for that many questions.
const QUESTIONS: usize = 3;

/// Why a message fails.
#[derive(Debug, thiserror::Error)]
#[error("the message is no command to check: {0}")]
pub(crate) struct Unreadable(#[from] serde_json::Error);

impl Worker {
    /// Makes the attempt that is due, if one is.
    pub(crate) async fn check(&self, message: &Message) -> Result<(), Unreadable> {
        let CheckVies { buyer, check_id, .. } = serde_json::from_str(&message.body)?;
        let ended = timeout(TIME_LIMIT, self.work(message, buyer, check_id)).await;
        match ended.unwrap_or_else(|_| Err(StorageError::Unavailable("the time is up".to_owned()))) {
            Ok(()) => {}
            Err(cause) if cause.is_temporary() => {
                warn!(%buyer, check = %check_id, %cause, "The check comes up again when it is due");
            }
            Err(cause) => error!(%buyer, check = %check_id, %cause, alarm = "stuck", "The check cannot be made"),
        }
        Ok(())
    }

    async fn work(&self, message: &Message, buyer: BuyerId, check_id: CheckId) -> Result<(), StorageError> {
        for _ in 0..QUESTIONS {
            let Some(open) = self.checks.find(buyer, check_id).await? else {
                warn!(%buyer, check = %check_id, "There is no such check");
                return Ok(());
            };
            if !open.check.is_due(storage::now().plus_seconds(CLOCKS_DIFFER_SECONDS)) {
                info!(%buyer, check = %check_id, "The check is over, or not due yet");
                return Ok(());
            }
            let partners = self.partners.of(open.buyer.seller).await?;
            let (after, refused) = self.attempt(&open, &partners).await;
            let daily = partners.iter().any(|partner| partner.organisation.monitor_vies);
            let actor = Actor::System { function: "check-vies".to_owned() };
            let request_id = message.id.clone();
            let cause = Cause { actor, source: Source::System, request_id, at: storage::now() };
            let mail = refused.map(|(organisation, number)| {
                MailOrder::requester_refused(organisation, open.buyer.seller, number, storage::now())
            });
            let follows = (daily, mail);
            let noted = self.checks.attempted(open.buyer.seller, (&open.check, &after), follows, &cause).await?;
            let again = after.was_refused_a_requester_since(&open.check);
            if noted == Attempted::Overtaken || !again {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Asks VIES; the check as that leaves it, and whose number VIES did not accept, if it was an organisation's.
    async fn attempt(
        &self,
        OpenViesCheck { check, buyer }: &OpenViesCheck,
        partners: &[Partner],
    ) -> (ViesCheck, Option<(OrganisationId, VatNumber)>) {
        let registered = requesters(check, partners);
        let requester = check.requester(registered.iter().map(|(_, number)| *number).chain(&self.ours));
        let trader = Some((&buyer.business).into());
        let outcome = self.vies.check(&Question { number: &check.vat_number, requester, trader }).await;
        let jitter = Jitter(getrandom::u32().map_or(0, |random| random as u16));
        let after = check.clone().attempted(requester, outcome.clone(), storage::now(), jitter);
        let of = registered.iter().find(|(_, number)| Some(*number) == requester);
        let refused = of.filter(|_| after.was_refused_a_requester_since(check));
        tell(check, &after, &outcome, refused.is_some());
        (after, refused.map(|(organisation, number)| (*organisation, (*number).clone())))
    }
}

/// In whose name to ask, with who registered that number: the seller's own as the organisation registered it that the
/// check is for, and as others did.
fn requesters<'p>(check: &ViesCheck, partners: &'p [Partner]) -> Vec<(OrganisationId, &'p VatNumber)> {
    let (own, others): (Vec<_>, Vec<_>) =
        partners.iter().partition(|partner| partner.organisation.uuid == check.organisation);
    let number = |partner: &'p Partner| Some(partner.organisation.uuid).zip(partner.seller.vat_number.as_ref());
    own.into_iter().chain(others).filter_map(number).collect()
}

/// One line an attempt. `alarm` is what a metric filter of the template counts; a number that an organisation registered
/// is for that one to put right.
fn tell(before: &ViesCheck, after: &ViesCheck, outcome: &Result<ViesAnswer, NoAnswer>, is_an_organisations: bool) {
    let (buyer, check, state) = (before.buyer, before.check_id, before.vat_number.state());
    let waited_ms = waited(before, storage::now());
    match outcome {
        Ok(answer) => info!(%buyer, %check, state, result = ?answer.result, waited_ms, "VIES has spoken"),
        Err(no_answer) if is_ours_to_fix(no_answer) && !is_an_organisations => error!(
            %buyer, %check, state, reason = name(no_answer.reason), cause = %no_answer, alarm = "vies-refused",
            "VIES refuses us; somebody has to see why"
        ),
        Err(no_answer) if after.is_open() => {
            info!(%buyer, %check, state, reason = name(no_answer.reason), cause = %no_answer, "VIES did not answer; again later");
        }
        Err(no_answer) => {
            // After three days still no word, not even that the member state is away: perhaps it is us.
            let alarm = (no_answer.reason == NoAnswerReason::ServiceUnavailable).then_some("vies-refused");
            let reason = name(no_answer.reason);
            warn!(%buyer, %check, state, reason, cause = %no_answer, alarm, "The check is given up");
        }
    }
}

fn is_ours_to_fix(no_answer: &NoAnswer) -> bool {
    no_answer.reason.is_ours_to_fix() || no_answer.is_turned_away
}

/// Milliseconds since the check was requested.
fn waited(check: &ViesCheck, now: Instant) -> i64 {
    now.millis() - check.requested_at.millis()
}

fn name(reason: NoAnswerReason) -> String {
    format!("{reason:?}")
}
