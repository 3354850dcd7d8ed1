//! How an endpoint fares, and what follows from it.
//!
//! Counted are attempts to deliver events; replays, tests and events about webhooks themselves are not: a client that
//! tries something out, or a receiver of `webhook.*` that fails, pauses nothing. One success ends a row of failures.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Instant;

/// How the latest deliveries to an endpoint fared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Health {
    /// Attempts that failed since the last that did not.
    pub failures: u32,
    /// When the first of them did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Instant>,
    /// When the latest of them did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failed_at: Option<Instant>,
    /// When the admin was warned of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warned_at: Option<Instant>,
    /// When the receiver said 410.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gone_at: Option<Instant>,
}

/// Why an endpoint is paused without its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schemars(rename = "WebhookPauseReason")]
pub enum PauseReason {
    /// 20 attempts failed in a row.
    ConsecutiveFailures,
    /// All attempts of 72 hours failed.
    FailingTooLong,
}

/// What is to be done about an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Continue,
    /// Its organisation's admin is warned, once in a row of failures.
    Warn,
    /// It is paused.
    Pause(PauseReason),
    /// It is disabled: the receiver says that nobody listens there any more.
    Disable,
}

impl Health {
    /// Failures in a row after which an endpoint is paused, as published.
    pub const PAUSED_AFTER: u32 = 20;
    /// Seconds of failing after which an endpoint is paused, as published.
    pub const PAUSED_AFTER_SECONDS: i64 = 72 * 3_600;
    /// Failures in a row after which the admin is warned.
    pub const WARNED_AFTER: u32 = 10;
    /// Seconds of failing after which the admin is warned.
    pub const WARNED_AFTER_SECONDS: i64 = 36 * 3_600;

    /// Whether the latest attempt failed.
    #[must_use]
    pub const fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// After one more failure.
    #[must_use]
    pub fn failed(&self, at: Instant, gone: bool) -> Self {
        Self {
            failures: self.failures.saturating_add(1),
            failing_since: self.failing_since.or(Some(at)),
            last_failed_at: self.last_failed_at.max(Some(at)),
            warned_at: self.warned_at,
            gone_at: self.gone_at.or_else(|| gone.then_some(at)),
        }
    }

    /// What follows. It rests on nothing but what was noted, so whoever asks again is told the same.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let lasting = match (self.failing_since, self.last_failed_at) {
            (Some(since), Some(last)) => last.millis().saturating_sub(since.millis()) / 1000,
            _ => 0,
        };
        if self.gone_at.is_some() {
            Verdict::Disable
        } else if self.failures >= Self::PAUSED_AFTER {
            Verdict::Pause(PauseReason::ConsecutiveFailures)
        } else if lasting >= Self::PAUSED_AFTER_SECONDS {
            Verdict::Pause(PauseReason::FailingTooLong)
        } else if self.warned_at.is_none()
            && (self.failures >= Self::WARNED_AFTER || lasting >= Self::WARNED_AFTER_SECONDS)
        {
            Verdict::Warn
        } else {
            Verdict::Continue
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Instant = Instant::from_millis(1_795_391_999_999);

    /// After so many failures, so many seconds apart.
    fn after(failures: u32, apart: i64) -> Health {
        (0..failures).fold(Health::default(), |health, n| health.failed(AT.plus_seconds(i64::from(n) * apart), false))
    }

    #[test]
    fn the_tenth_failure_in_a_row_warns_once_and_the_twentieth_pauses() {
        assert_eq!(after(9, 1).verdict(), Verdict::Continue);
        assert_eq!(after(10, 1).verdict(), Verdict::Warn);
        let warned = Health { warned_at: Some(AT), ..after(19, 1) };
        assert_eq!(warned.verdict(), Verdict::Continue);
        assert_eq!(warned.failed(AT, false).verdict(), Verdict::Pause(PauseReason::ConsecutiveFailures));
        assert_eq!(after(20, 1).verdict(), Verdict::Pause(PauseReason::ConsecutiveFailures), "warned or not");
    }

    #[test]
    fn the_72_hours_run_in_milliseconds_and_pause_by_time_alone() {
        let hours = 3_600;
        assert_eq!(after(7, 6 * hours - 1).verdict(), Verdict::Continue);
        assert_eq!(after(7, 6 * hours).verdict(), Verdict::Warn);
        assert_eq!(after(13, 6 * hours - 1).verdict(), Verdict::Warn);
        assert_eq!(after(13, 6 * hours).verdict(), Verdict::Pause(PauseReason::FailingTooLong));
    }

    #[test]
    fn one_failure_long_ago_pauses_nothing_by_itself() {
        assert_eq!(after(1, 0).verdict(), Verdict::Continue);
        assert_eq!(after(1, 0).failed(AT.plus_seconds(3_600), false).verdict(), Verdict::Continue);
    }

    #[test]
    fn gone_is_gone_at_once_and_stays_so_until_somebody_resumes() {
        let gone = after(1, 0).failed(AT, true);
        assert_eq!(gone.verdict(), Verdict::Disable);
        assert_eq!(gone.failed(AT, false).verdict(), Verdict::Disable);
    }

    #[test]
    fn failures_noted_out_of_order_do_not_turn_time_back() {
        let health = after(2, 100).failed(AT.plus_seconds(50), false);
        assert_eq!((health.failures, health.last_failed_at), (3, Some(AT.plus_seconds(100))));
    }
}
