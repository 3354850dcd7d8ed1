//! When to ask again.
//!
//! The wait is a share of the time for which the check is already open, between a least and a longest one. So it grows,
//! whatever mixture of failures came before, and needs no memory: a member state that goes down after an hour of
//! throttling is asked again in minutes, and one that throttles after a day of being down in seconds.
//!
//! ```text
//! throttled   5 s   5 s … a quarter of the age …   2 min ─────┐
//! down        2 min 2 min …   half of the age  …   4 h ───────┤ each lengthened by up to half, by chance
//! requested ──────────────────────────────────────────────────┴──▶ 72 h: one last attempt, then given up
//! ```

use crate::{Instant, NoAnswer, NoAnswerReason};

/// How long VIES is asked at most: 72 h from the request.
pub const LONGEST_CHECK_SECONDS: i64 = 72 * 3600;
/// Longest wait that VIES may demand of us; beyond, we ask when we think best.
const LONGEST_RETRY_AFTER_SECONDS: u32 = 3600;

/// Chance, as an argument: uniform over all values. Those who failed together do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jitter(pub u16);

/// What follows an attempt without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another attempt, not before that.
    At(Instant),
    /// None.
    GiveUp,
}

/// How waits grow, in seconds.
struct Pace {
    least: i64,
    longest: i64,
    /// The wait is the age of the check divided by this.
    share: i64,
}

const THROTTLED: Pace = Pace { least: 5, longest: 120, share: 4 };
const DOWN: Pace = Pace { least: 120, longest: 4 * 3600, share: 2 };

/// When to ask again about a check of that request, after an attempt at `now` that brought no answer.
///
/// Never later than 72 h after the request, never sooner than the least wait: where both cannot be kept there is
/// no other attempt. Nor is there where asking again is pointless.
#[must_use]
pub fn next_attempt(requested_at: Instant, now: Instant, no_answer: &NoAnswer, jitter: Jitter) -> Next {
    let pace = match no_answer.reason {
        NoAnswerReason::Throttled => THROTTLED,
        NoAnswerReason::StateUnavailable | NoAnswerReason::ServiceUnavailable => DOWN,
        NoAnswerReason::InputRefused
        | NoAnswerReason::RequesterRefused
        | NoAnswerReason::NumberBlocked
        | NoAnswerReason::AddressBlocked => return Next::GiveUp,
    };
    let demanded = no_answer.retry_after.unwrap_or(0).min(LONGEST_RETRY_AFTER_SECONDS);
    let least = pace.least.max(i64::from(demanded)) * 1000;
    let age = now.millis().saturating_sub(requested_at.millis());
    let wait = (age / pace.share).clamp(pace.least * 1000, pace.longest * 1000).max(least);
    let wait = wait + wait / 2 * i64::from(jitter.0) / i64::from(u16::MAX);
    let deadline = requested_at.plus_seconds(LONGEST_CHECK_SECONDS).millis();
    if now.millis().saturating_add(least) > deadline {
        return Next::GiveUp;
    }
    Next::At(Instant::from_millis(now.millis().saturating_add(wait).min(deadline)))
}

#[cfg(test)]
mod tests;
