//! How often an organisation may call: so many requests a minute, and at most a third of that in any ten seconds
//! (twice its average for ten seconds, as published).
//!
//! Requests are counted by the second in which they arrived. A stretch of n seconds can touch n + 1 of these slots, so
//! n + 1 are summed: what is accepted in *any* stretch of sixty or ten seconds, wherever it begins, stays within its
//! limit. The price is that a window may seem up to a second longer than it is.
//!
//! ```text
//! second    …  S-60   …   S-10   …   S     S+1 … S+15
//! a minute      └──────────────────── + ────────────┘     L
//! ten seconds               └──────── + ────────────┘     L/3
//! ```
//!
//! Whoever is counted later may carry an earlier time: it waited for something before, or its clock is behind. Hence the
//! slots after S: of all accepted requests of a window, the one that was counted last has seen all the others.

use std::collections::BTreeMap;
use std::fmt;

use crate::Instant;

/// What a request is counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Category {
    /// GET.
    Read,
    /// POST, PATCH, PUT, DELETE.
    Write,
    /// Everything under `/v1/webhooks`, whatever the method.
    Webhook,
}

impl Category {
    /// The name in `X-RateLimit-Category`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Webhook => "webhook",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The limit of one category, requests a minute. None at all is a limit as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub u32);

impl Limit {
    /// Requests in any minute.
    #[must_use]
    pub const fn in_a_minute(self) -> u32 {
        self.0
    }

    /// Requests in any ten seconds: 2·L/6, rounded down; at least one where a minute has one.
    #[must_use]
    pub const fn in_ten_seconds(self) -> u32 {
        match self.0 / 3 {
            0 if self.0 > 0 => 1,
            third => third,
        }
    }
}

const MINUTE: i64 = 60;
const TEN_SECONDS: i64 = 10;
/// How far the times of two requests may be apart in the wrong order: a function gives up after 10 s at the latest, and
/// clocks are allowed 5 s. Slots further ahead are some clock's mistake and do not count.
const DISORDER: i64 = 15;

/// How an organisation stands with one of its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The limit.
    pub limit: Limit,
    /// Whether the request may go on.
    pub admitted: bool,
    /// How many more may be sent right now.
    pub remaining: u32,
    /// From which second since the epoch on `remaining` is larger, if nothing is sent meanwhile.
    pub reset: i64,
}

impl Allowance {
    /// Whole seconds until `reset`; at least one.
    #[must_use]
    pub fn retry_after(&self, at: Instant) -> i64 {
        (self.reset - at.seconds()).max(1)
    }
}

/// Requests by the second since the epoch in which they arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters(BTreeMap<i64, u64>);

impl FromIterator<(i64, u64)> for Counters {
    fn from_iter<I: IntoIterator<Item = (i64, u64)>>(counts: I) -> Self {
        Self(counts.into_iter().collect())
    }
}

impl Counters {
    /// Whether a request of that time, which is among the counted, is within the limit.
    #[must_use]
    pub fn admit(&self, limit: Limit, at: Instant) -> bool {
        self.windows(limit, at.seconds(), at.seconds() + DISORDER).into_iter().all(|(most, counted)| counted <= most)
    }

    /// How it stands when everything counted was admitted.
    #[must_use]
    pub fn allowance(&self, limit: Limit, at: Instant) -> Allowance {
        let (remaining, reset) = (self.remaining(limit, at.seconds(), at), self.growth(limit, at));
        Allowance { limit, admitted: true, remaining, reset }
    }

    /// How it stands for a request that was not admitted and is not counted any more.
    #[must_use]
    pub fn refusal(&self, limit: Limit, at: Instant) -> Allowance {
        let admitted = self.admitted(limit);
        // Room now means that what was in the way is gone since, being refused itself.
        let room = admitted.remaining(limit, at.seconds(), at) > 0;
        let reset = if room { at.seconds() + 1 } else { admitted.growth(limit, at) };
        Allowance { limit, admitted: false, remaining: 0, reset }
    }

    /// What of it was admitted, if it came in the order of time. The rest are requests that were refused at the same
    /// time and have yet to take themselves back: of forty at once they would fill the minute as well, which they do not.
    fn admitted(&self, limit: Limit) -> Self {
        let mut admitted = Self::default();
        for (second, count) in &self.0 {
            let room = admitted.windows(limit, *second, *second).map(|(most, counted)| most.saturating_sub(counted));
            admitted.0.insert(*second, *count.min(&room[0].min(room[1])));
        }
        admitted
    }

    /// Seconds whose counts will never matter again, oldest first.
    pub fn stale(&self, at: Instant) -> impl Iterator<Item = i64> {
        let kept_from = at.seconds() - MINUTE - DISORDER;
        self.0.range(..kept_from).map(|(second, _)| *second)
    }

    /// The limits of both windows, and what counts in each at that second, of what is known up to another.
    fn windows(&self, limit: Limit, second: i64, known: i64) -> [(u64, u64); 2] {
        let counted = |length: i64| {
            let window = self.0.range(second - length..).take_while(|(slot, _)| **slot <= known);
            window.fold(0, |sum: u64, (_, count)| sum.saturating_add(*count))
        };
        [(MINUTE, limit.in_a_minute()), (TEN_SECONDS, limit.in_ten_seconds())]
            .map(|(length, most)| (u64::from(most), counted(length)))
    }

    fn remaining(&self, limit: Limit, second: i64, at: Instant) -> u32 {
        let left =
            self.windows(limit, second, at.seconds() + DISORDER).map(|(most, counted)| most.saturating_sub(counted));
        left[0].min(left[1]) as u32
    }

    /// The first second in which more remains than now. Now, where nothing is missing; where nothing is ever allowed,
    /// a minute from now.
    fn growth(&self, limit: Limit, at: Instant) -> i64 {
        let now = at.seconds();
        let remaining = self.remaining(limit, now, at);
        let ends = |length: i64| self.0.keys().map(move |second| second + length + 1).filter(move |end| *end > now);
        let mut ends: Vec<_> = ends(TEN_SECONDS).chain(ends(MINUTE)).collect();
        ends.sort_unstable();
        let growth = ends.into_iter().find(|end| self.remaining(limit, *end, at) > remaining);
        growth.unwrap_or(if remaining == 0 { now + MINUTE } else { now })
    }
}

#[cfg(test)]
mod tests;
