//! When a delivery that failed is tried again.
//!
//! The published offsets count from the first attempt, so a slow receiver or a late `run-due` does not stretch the
//! whole. What has passed meanwhile is not made up for: the next attempt is at the first offset that is still to come.
//!
//! ```text
//! first attempt ─ 1m ─ 5m ─ 15m ─ 1h ─ 4h ─ 8h ─ 16h ─ 24h ─ 36h ─ 48h ─▶ given up
//!                 └ each up to 10 % later by chance, and not before `Retry-After` (at most a day)
//! ```

use crate::{Instant, Jitter};

/// The published offsets, in seconds from the first attempt.
pub const RETRIES_SECONDS: [i64; 10] =
    [60, 300, 900, 3_600, 4 * 3_600, 8 * 3_600, 16 * 3_600, 24 * 3_600, 36 * 3_600, 48 * 3_600];
/// Longest wait that a receiver may ask for by `Retry-After`.
const LONGEST_RETRY_AFTER_SECONDS: u32 = 24 * 3_600;
/// An attempt may begin so much before its offset by the clock of another machine; it is that offset's all the same.
const CLOCKS_DIFFER_SECONDS: i64 = 5;

/// When to try again after an attempt that failed and ended at `now`; `None`: it was the last.
#[must_use]
pub fn next_retry(first: Instant, now: Instant, retry_after: Option<u32>, jitter: Jitter) -> Option<Instant> {
    let elapsed = now.millis() - first.millis() + CLOCKS_DIFFER_SECONDS * 1000;
    let offset = RETRIES_SECONDS.into_iter().map(|seconds| seconds * 1000).find(|offset| *offset > elapsed)?;
    let later = offset / 10 * i64::from(jitter.0) / i64::from(u16::MAX);
    let demanded = retry_after.unwrap_or(0).min(LONGEST_RETRY_AFTER_SECONDS);
    Some(Instant::from_millis(first.millis() + offset + later).max(now.plus_seconds(demanded.into())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIRST: Instant = Instant::from_millis(1_795_391_999_999);
    const NONE: Jitter = Jitter(0);

    fn minutes(at: Instant) -> i64 {
        (at.millis() - FIRST.millis()) / 60_000
    }

    #[test]
    fn the_72_hours_run_in_milliseconds_and_retries_are_at_the_published_offsets() {
        let (mut now, mut found) = (FIRST.plus_seconds(10), Vec::new());
        while let Some(next) = next_retry(FIRST, now, None, NONE) {
            found.push(minutes(next));
            now = next.plus_seconds(10);
        }
        assert_eq!(found, [1, 5, 15, 60, 240, 480, 960, 1440, 2160, 2880]);
    }

    #[test]
    fn what_passed_is_not_made_up_for() {
        assert_eq!(next_retry(FIRST, FIRST.plus_seconds(2 * 3_600), None, NONE).map(minutes), Some(240));
        assert_eq!(next_retry(FIRST, FIRST.plus_seconds(48 * 3_600), None, NONE), None);
        // A little before its time by another clock: not the same offset once more.
        assert_eq!(next_retry(FIRST, FIRST.plus_seconds(58), None, NONE).map(minutes), Some(5));
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_but_not_for_more_than_a_day() {
        let now = FIRST.plus_seconds(10);
        assert_eq!(next_retry(FIRST, now, Some(600), NONE), Some(now.plus_seconds(600)));
        assert_eq!(next_retry(FIRST, now, Some(5), NONE), Some(FIRST.plus_seconds(60)), "never sooner than published");
        assert_eq!(next_retry(FIRST, now, Some(u32::MAX), NONE), Some(now.plus_seconds(24 * 3_600)));
    }

    proptest! {
        #[test]
        fn every_retry_is_later_than_its_offset_by_at_most_a_tenth_and_there_are_at_most_ten(
            jitters in prop::collection::vec(any::<u16>(), 20), lasting in 0_i64..10_000,
        ) {
            let mut now = Instant::from_millis(FIRST.millis() + lasting);
            let mut made = 0;
            while let Some(next) = next_retry(FIRST, now, None, Jitter(jitters[made])) {
                let (offset, at) = (RETRIES_SECONDS[made] * 1000, next.millis() - FIRST.millis());
                prop_assert!((offset..=offset + offset / 10).contains(&at), "{} at {at}", RETRIES_SECONDS[made]);
                prop_assert!(next > now);
                now = Instant::from_millis(next.millis() + lasting);
                made += 1;
            }
            prop_assert_eq!(made, RETRIES_SECONDS.len());
        }
    }
}
