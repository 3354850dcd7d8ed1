//! The waits at their edges, and over the whole life of checks.

use super::*;

const REQUESTED: Instant = Instant::from_millis(1_795_000_000_000);
const DEADLINE: Instant = REQUESTED.plus_seconds(LONGEST_CHECK_SECONDS);
const PASSING: [NoAnswerReason; 3] =
    [NoAnswerReason::Throttled, NoAnswerReason::StateUnavailable, NoAnswerReason::ServiceUnavailable];

fn no_answer(reason: NoAnswerReason) -> NoAnswer {
    NoAnswer::because(reason, "test")
}

fn least(reason: NoAnswerReason) -> i64 {
    if reason == NoAnswerReason::Throttled { THROTTLED.least } else { DOWN.least }
}

/// The wait in ms after an attempt of that age (in s); `None` when there is no other.
fn wait(reason: NoAnswerReason, age: i64, jitter: u16) -> Option<i64> {
    let now = REQUESTED.plus_seconds(age);
    match next_attempt(REQUESTED, now, &no_answer(reason), Jitter(jitter)) {
        Next::At(at) => Some(at.millis() - now.millis()),
        Next::GiveUp => None,
    }
}

#[test]
fn throttled_is_seconds_growing_to_two_minutes() {
    let waits = [0, 20, 40, 240, 480, 100_000].map(|age| wait(NoAnswerReason::Throttled, age, 0).unwrap() / 1000);
    assert_eq!(waits, [5, 5, 10, 60, 120, 120]);
}

#[test]
fn down_is_minutes_growing_to_four_hours_whoever_is_down() {
    for reason in [NoAnswerReason::StateUnavailable, NoAnswerReason::ServiceUnavailable] {
        let waits = [0, 240, 600, 7200, 28_800, 200_000].map(|age| wait(reason, age, 0).unwrap() / 1000);
        assert_eq!(waits, [120, 120, 300, 3600, 14_400, 14_400]);
    }
}

#[test]
fn chance_lengthens_a_wait_by_up_to_half() {
    assert_eq!(wait(NoAnswerReason::Throttled, 240, 0), Some(60_000));
    assert_eq!(wait(NoAnswerReason::Throttled, 240, u16::MAX), Some(90_000));
    let middle = wait(NoAnswerReason::Throttled, 240, u16::MAX / 2).unwrap();
    assert!((74_990..=75_010).contains(&middle), "{middle}");
}

#[test]
fn the_last_attempt_is_at_72_hours_and_nothing_comes_after_it() {
    for reason in PASSING {
        let least = least(reason);
        assert_eq!(wait(reason, LONGEST_CHECK_SECONDS - least, u16::MAX), Some(least * 1000), "exactly at the end");
        assert_eq!(wait(reason, LONGEST_CHECK_SECONDS - least + 1, 0), None);
        assert_eq!(wait(reason, LONGEST_CHECK_SECONDS, 0), None);
        assert_eq!(wait(reason, LONGEST_CHECK_SECONDS * 10, 0), None);
    }
}

#[test]
fn what_does_not_pass_ends_the_check_at_once() {
    for reason in NoAnswerReason::ALL {
        assert_eq!(wait(reason, 0, 0).is_some(), PASSING.contains(&reason), "{reason:?}");
        assert_eq!(reason.passes(), PASSING.contains(&reason), "{reason:?}");
    }
}

#[test]
fn vies_may_demand_a_longer_wait_up_to_an_hour() {
    let demanding = |seconds, age| {
        let no_answer = NoAnswer { retry_after: Some(seconds), ..no_answer(NoAnswerReason::Throttled) };
        next_attempt(REQUESTED, REQUESTED.plus_seconds(age), &no_answer, Jitter(0))
    };
    assert_eq!(demanding(2, 0), Next::At(REQUESTED.plus_seconds(5)));
    assert_eq!(demanding(30, 0), Next::At(REQUESTED.plus_seconds(30)));
    assert_eq!(demanding(u32::MAX, 0), Next::At(REQUESTED.plus_seconds(3600)));
    assert_eq!(demanding(30, 100_000), Next::At(REQUESTED.plus_seconds(100_120)));
    assert_eq!(demanding(60, LONGEST_CHECK_SECONDS - 59), Next::GiveUp, "not before, and not after 72 h");
}

#[test]
fn a_clock_behind_the_one_of_the_request_waits_the_least() {
    assert_eq!(wait(NoAnswerReason::StateUnavailable, -30, 0), Some(120_000));
    let ends = [i64::MIN / 2, i64::MAX / 2].map(Instant::from_millis);
    for (requested, now) in [(ends[0], ends[1]), (ends[1], ends[0])] {
        let _ = next_attempt(requested, now, &no_answer(NoAnswerReason::Throttled), Jitter(u16::MAX));
    }
}

#[test]
fn an_older_check_never_waits_less() {
    for reason in PASSING {
        for jitter in [0, 1, 12_345, u16::MAX] {
            // Up to where the end is in sight: the longest wait, lengthened by half.
            let ages = (0..LONGEST_CHECK_SECONDS - 6 * 3600).step_by(7);
            let waits: Vec<_> = ages.map(|age| wait(reason, age, jitter).unwrap()).collect();
            assert!(waits.is_sorted(), "{reason:?} with {jitter}");
        }
    }
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> u16 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 48) as u16
    }
}

/// Attempts of a check that never gets an answer, each late by up to ten seconds.
fn attempts(dice: &mut Dice, mut reason: impl FnMut(&mut Dice) -> NoAnswerReason) -> usize {
    let (mut now, mut attempts) = (REQUESTED, 0);
    loop {
        attempts += 1;
        let reason = reason(dice);
        let next = match next_attempt(REQUESTED, now, &no_answer(reason), Jitter(dice.throw())) {
            Next::At(next) => next,
            Next::GiveUp => {
                let left = (DEADLINE.millis() - now.millis()).max(0);
                assert!(left < least(reason) * 1000, "gave up with {left} ms left");
                return attempts;
            }
        };
        assert!(next <= DEADLINE, "{next} is beyond 72 h");
        assert!(next.millis() - now.millis() >= least(reason) * 1000, "{reason:?}: {now} to {next}");
        now = Instant::from_millis(next.millis() + i64::from(dice.throw() % 10_000));
    }
}

#[test]
fn a_check_lasts_72_hours_of_waits_within_bounds_and_a_bounded_number_of_attempts() {
    let mut dice = Dice(1);
    for _ in 0..200 {
        let down = attempts(&mut dice, |_| NoAnswerReason::StateUnavailable);
        assert!((20..=50).contains(&down), "{down} attempts while down");
        let mixed = attempts(&mut dice, |dice| PASSING[usize::from(dice.throw() % 3)]);
        assert!((20..=200).contains(&mixed), "{mixed} attempts of all kinds");
    }
    for _ in 0..20 {
        let throttled = attempts(&mut dice, |_| NoAnswerReason::Throttled);
        assert!((1500..=2200).contains(&throttled), "{throttled} attempts while throttled");
    }
}
