//! The limit at its edges, and against any order of arrivals.

use super::*;

const LIMIT: Limit = Limit(12);

fn at(seconds: i64) -> Instant {
    Instant::from_millis(seconds * 1000)
}

fn counters(counts: &[(i64, u64)]) -> Counters {
    counts.iter().copied().collect()
}

#[test]
fn ten_seconds_have_a_third_of_a_minute_rounded_down_and_at_least_one() {
    let bursts = [0, 1, 2, 3, 5, 6, 12, 60, 300, u32::MAX].map(|limit| Limit(limit).in_ten_seconds());
    assert_eq!(bursts, [0, 1, 1, 1, 1, 2, 4, 20, 100, 1_431_655_765]);
}

#[test]
fn the_fifth_of_four_is_refused_until_eleven_slots_have_passed() {
    let five = |second| counters(&[(1000, 4), (second, 1)]);
    assert!(!counters(&[(1000, 5)]).admit(LIMIT, at(1000)));
    assert!(!five(1010).admit(LIMIT, at(1010)), "1000.9 and 1010.1 are not ten seconds apart");
    assert!(five(1011).admit(LIMIT, at(1011)));
    let refusal = counters(&[(1000, 4)]).refusal(LIMIT, at(1003));
    assert_eq!((refusal.admitted, refusal.remaining, refusal.reset), (false, 0, 1011));
    assert_eq!(refusal.retry_after(at(1003)), 8);
}

#[test]
fn the_thirteenth_of_twelve_is_refused_until_sixty_one_slots_have_passed() {
    let full = [(1000, 4), (1020, 4), (1040, 4)];
    let with = |second| counters(&[&full[..], &[(second, 1)]].concat());
    assert!(!with(1060).admit(LIMIT, at(1060)));
    assert!(with(1061).admit(LIMIT, at(1061)));
    assert_eq!(counters(&full).refusal(LIMIT, at(1055)).reset, 1061);
}

#[test]
fn what_remains_is_the_less_of_both_windows_and_grows_at_reset() {
    let two = counters(&[(1000, 1), (1004, 1)]);
    let allowance = two.allowance(LIMIT, at(1004));
    assert_eq!(allowance, Allowance { limit: LIMIT, admitted: true, remaining: 2, reset: 1011 });
    // In the minute three are left, in the ten seconds four: only the minute's end helps.
    let nine = counters(&[(1000, 4), (1020, 4), (1040, 1)]);
    let allowance = nine.allowance(LIMIT, at(1055));
    assert_eq!((allowance.remaining, allowance.reset), (3, 1061));
}

#[test]
fn nothing_counted_is_everything_left_and_nothing_allowed_stays_so() {
    let untouched = Counters::default().allowance(LIMIT, at(1000));
    assert_eq!((untouched.remaining, untouched.reset), (4, 1000));
    let never = Counters::default().refusal(Limit(0), at(1000));
    assert_eq!((never.remaining, never.retry_after(at(1000))), (0, 60));
    assert!(!counters(&[(1000, 1)]).admit(Limit(0), at(1000)));
}

#[test]
fn a_slower_clock_counts_what_faster_ones_did_but_not_their_mistakes() {
    assert!(!counters(&[(1000, 1), (1015, 4)]).admit(LIMIT, at(1000)));
    assert!(counters(&[(1000, 1), (1016, 4)]).admit(LIMIT, at(1000)));
    assert_eq!(counters(&[(1015, 4)]).refusal(LIMIT, at(1000)).reset, 1026);
}

#[test]
fn stale_is_what_no_clock_asks_for_any_more() {
    let counters = counters(&[(900, 1), (924, 1), (925, 1), (1000, 1), (5000, 1)]);
    assert_eq!(counters.stale(at(1000)).collect::<Vec<_>>(), [900, 924]);
}

#[test]
fn a_limit_that_was_lowered_holds_at_once() {
    let with = |second| counters(&[(1000, 100), (second, 1)]);
    assert!(!with(1060).admit(Limit(3), at(1060)));
    assert!(with(1061).admit(Limit(3), at(1061)));
}

#[test]
fn whoever_is_refused_beside_others_is_not_told_to_wait_for_them() {
    let limit = Limit(30);
    for crowd in [&[(1000, 40)][..], &[(1000, 25), (1001, 15), (1002, 3)], &[(1000, 10), (1009, 30)]] {
        let crowd = counters(crowd);
        assert!(!crowd.admit(limit, at(1009)));
        assert_eq!(crowd.refusal(limit, at(1009)).reset, 1011, "{crowd:?}");
    }
    assert_eq!(counters(&[(1000, 4), (1003, 40)]).refusal(limit, at(1003)).reset, 1011);
}

#[test]
fn counts_that_nobody_could_have_made_do_not_overflow() {
    let absurd = counters(&[(999, u64::MAX), (1000, u64::MAX)]);
    assert!(!absurd.admit(Limit(u32::MAX), at(1000)));
    assert_eq!(absurd.refusal(Limit(u32::MAX), at(1000)).remaining, 0);
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32 % most
    }

    fn millis(&mut self, most: u32) -> i64 {
        i64::from(self.below(most))
    }
}

/// The item that all instances count in, as the storage does it: refused requests are taken back a while later.
#[derive(Default)]
struct Shared {
    counts: BTreeMap<i64, u64>,
    refused: Vec<i64>,
}

impl Shared {
    /// Whether a request is admitted; the counters as this request saw them.
    fn request(&mut self, limit: Limit, at: Instant) -> (bool, Counters) {
        *self.counts.entry(at.seconds()).or_default() += 1;
        let seen = Counters(self.counts.clone());
        for stale in seen.stale(at) {
            self.counts.remove(&stale);
        }
        let admitted = seen.admit(limit, at);
        if !admitted {
            self.refused.push(at.seconds());
        }
        (admitted, seen)
    }

    fn take_back(&mut self, index: usize) {
        let second = self.refused.swap_remove(index);
        if let Some(count) = self.counts.get_mut(&second) {
            *count -= 1;
        }
    }
}

/// Most of these times (in ms) that any closed stretch of that length holds.
fn fullest(times: &[i64], length: i64) -> usize {
    let from = |start: &i64| times.iter().filter(|time| (*start..=*start + length).contains(*time)).count();
    times.iter().map(from).max().unwrap_or(0)
}

#[test]
fn no_stretch_of_sixty_or_ten_seconds_ever_holds_more_than_its_limit() {
    let (mut dice, mut refused, mut filled) = (Dice(1), 0, 0);
    for round in 0..300 {
        let limit = Limit(1 + dice.below(40));
        let pace = [40, 300, 1500, 8000][round % 4];
        let (mut shared, mut admitted, mut clock) = (Shared::default(), Vec::new(), 1_000_000);
        for _ in 0..250 {
            clock += dice.millis(pace);
            // Half of the requests are counted late: others with later times were counted before.
            let late = if dice.below(2) == 0 { 0 } else { dice.millis(15_000) };
            let at = Instant::from_millis(clock - late);
            if shared.request(limit, at).0 {
                admitted.push(at.millis());
            } else {
                refused += 1;
            }
            while !shared.refused.is_empty() && dice.below(3) > 0 {
                let index = dice.below(shared.refused.len() as u32) as usize;
                shared.take_back(index);
            }
        }
        let (minute, burst) = (fullest(&admitted, 60_000), fullest(&admitted, 10_000));
        assert!(minute <= limit.in_a_minute() as usize, "round {round}: {minute} of {limit:?} in a minute");
        assert!(burst <= limit.in_ten_seconds() as usize, "round {round}: {burst} of {limit:?} in ten seconds");
        filled += usize::from(burst == limit.in_ten_seconds() as usize);
    }
    assert!(refused > 10_000 && filled > 200, "the limit was hardly tried: {refused} refused, {filled} filled");
}

#[test]
fn remaining_and_reset_come_true() {
    let mut dice = Dice(2);
    for _ in 0..300 {
        let limit = Limit(1 + dice.below(40));
        let (mut shared, mut clock) = (Shared::default(), 1_000_000);
        for _ in 0..60 {
            clock += dice.millis(2500);
            let at = Instant::from_millis(clock);
            let (admitted, seen) = shared.request(limit, at);
            while !shared.refused.is_empty() {
                shared.take_back(0);
            }
            let now = Counters(shared.counts.clone());
            let told = if admitted { seen.allowance(limit, at) } else { now.refusal(limit, at) };
            let sends = |second: i64, many: u32| {
                let mut counts = shared.counts.clone();
                *counts.entry(second).or_default() += u64::from(many);
                Counters(counts).admit(limit, self::at(second))
            };
            let now = at.seconds();
            assert!(told.remaining == 0 || sends(now, told.remaining), "{told:?} at {now}");
            assert!(!sends(now, told.remaining + 1), "{told:?} at {now}: more than remain");
            assert!(sends(told.reset, told.remaining + 1), "{told:?} at {now}: no more at reset");
            assert!(told.reset > now && !sends(told.reset - 1, told.remaining + 1), "{told:?} at {now}: reset is late");
        }
    }
}
